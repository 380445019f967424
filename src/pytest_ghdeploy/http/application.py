"""
From a request to GitHub's answer, whichever way the request came.

Everything that endpoints have in common is done here, once: who asks, which
endpoint, which repository, may they, is the body valid, which page, how it is
written as JSON, what is recorded. Source of the rules that bear no other:
https://docs.github.com/rest/using-the-rest-api
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl, unquote

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import routing
from pytest_ghdeploy.api.routing import USUAL_TERMS, Call, Listing, Reply
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import authorization as access, refusals
from pytest_ghdeploy.github.model import CheckRun, CommitStatus, DeployKey, Deployment, DeploymentStatus
from pytest_ghdeploy.github.pagination import Page
from pytest_ghdeploy.github.refusals import GitHubError
from pytest_ghdeploy.github.rules.permissions import allows
from pytest_ghdeploy.github.rules.repositories import moves_for_good
from pytest_ghdeploy.http import negotiation, schema
from pytest_ghdeploy.http.json_body import read_object, to_json
from pytest_ghdeploy.serializers import (
    accounts as account_json,
    checks as check_json,
    commit_statuses as commit_status_json,
    deployments as deployment_json,
    repositories as repository_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_ghdeploy.api.routing import Endpoint, Terms
    from pytest_ghdeploy.github.model import RateLimit, Repository, Token
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.store.store import Store
from pytest_ghdeploy.http.authentication import token_of
from pytest_ghdeploy.http.messages import Answer, Request, Stub, header_text
from pytest_ghdeploy.http.router import _match_once

_FREE = "/rate_limit"
"""The path of which a request costs nothing."""
_HOLE = "\0"
_WRITTEN_HOLE = f'"creator":{to_json(_HOLE)}'
_READING = ("GET", "HEAD")
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

_RENDER: dict[type, Callable[..., Any]] = {
    Deployment: deployment_json.deployment,
    DeploymentStatus: deployment_json.deployment_status,
    CommitStatus: commit_status_json.commit_status,
    CheckRun: check_json.rest_check_run,
    DeployKey: repository_json.deploy_key,
}


class Application:
    """Answers requests from a store, one at a time."""

    def __init__(self, store: Store, urls: Urls, *, validate_all: bool = False) -> None:
        """Answer from *store*, with URLs below *urls*; with *validate_all* check every answer and event too."""
        self.store = store
        self.urls = urls
        self._own_urls = urls
        self.stubs: list[Stub] = []
        self.intercept: Callable[[Request], Answer] | None = None
        """Answers in place of ``proceed``, which it may call, while a test has asked for faults."""
        self._texts: dict[int, tuple[Any, str, Urls, str]] = {}
        self._users: dict[tuple[int, str], str] = {}
        self._tags: dict[tuple[str, str, int | None, str], set[str]] = {}
        self._requests = 0
        self._token_headers: dict[tuple[Token, str], dict[str, str]] = {}
        self._validate_all = validate_all
        if validate_all:
            store.events.listeners.append(lambda event: schema.check_event(event.name, event.payload))

    def handle(self, request: Request, urls: Urls | None = None) -> Answer:
        """
        Answer a request, with URLs below *urls* if given. Hold the store's lock.

        Raises:
            UnsupportedRequest: It is for an endpoint that GitHub has and the fake has not.
        """
        usual, self.urls = self.urls, urls or self._own_urls
        try:
            return (self.intercept or self._answer)(request)
        finally:
            self.urls = usual

    # For what intercepts. The lock is held.

    def proceed(self, request: Request, store: Store | None = None) -> Answer:
        """Answer as if nothing intercepted, from another *store* if one is given."""
        usual, self.store = self.store, store or self.store
        try:
            return self._answer(request)
        finally:
            self.store = usual

    def front_answer(self, status: int, body: str, headers: Mapping[str, str]) -> Answer:
        """Make an answer that no endpoint is asked for, as from the machines in front of GitHub's."""
        self._requests += 1
        data = body.encode()
        return Answer(status, {**self._identify(), "Content-Length": str(len(data)), **headers}, data)

    def refuse(self, request: Request, refusal_for: Callable[[str], GitHubError], *, in_turn: bool = False) -> Answer:
        """
        Refuse a request in place of its endpoint, by its id; whoever asks pays nothing for it.

        Args:
            in_turn: Refuse it where the endpoint would look for what it is about: after who asks, in which
                version, and whether they may. Whoever asks pays for it then.

        Raises:
            GitHubError: With *in_turn*, the request is refused before it comes to that. Nobody has paid.
            UnsupportedRequest: Likewise.
        """
        self._requests += 1
        refusal = refusal_for(self.request_id())
        more: dict[str, str] = {}
        agreed, token, endpoint = USUAL_TERMS, None, None
        with suppress(*(() if in_turn else (GitHubError, UnsupportedRequest))):
            token = self._authenticate(request.headers)
            agreed = self._agree(request)
            if not in_turn and refusal.status != HTTPStatus.UNAUTHORIZED:
                self._count(more, token, request, free=True)
            endpoint, params = _match_once(request.method, request.path)
            if in_turn:
                self._repository(request, endpoint, dict(params), token)
                self._count(more, token, request, free=False)
        # Of a token that is called bad nothing is told.
        known = None if refusal.status == HTTPStatus.UNAUTHORIZED else token
        data = _refusal(refusal, endpoint, self.urls, more).encode()
        headers = self._headers(agreed, known, endpoint) | more | {"Content-Length": str(len(data))}
        return Answer(refusal.status, headers, data)

    def _answer(self, request: Request) -> Answer:
        self._requests += 1
        if self.stubs and (stubbed := self._stubbed(request)):
            usual = self._headers(USUAL_TERMS, None, None) | {"Content-Length": str(len(stubbed.body))}
            return stubbed.answer(usual, to_head=request.method == "HEAD")
        if request.method == "OPTIONS":
            return Answer(int(HTTPStatus.NO_CONTENT), negotiation.PREFLIGHT | self._identify(), b"")
        endpoint: Endpoint | None = None
        agreed = USUAL_TERMS
        token: Token | None = None
        more: dict[str, str] = {}
        hint = ""
        try:
            token = self._authenticate(request.headers)
            self._count(more, token, request)
            agreed = self._agree(request)
            endpoint, params = _match_once(request.method, request.path)
            call = self._call(request, endpoint, dict(params), token, agreed)
            reply = endpoint.handler(call)
            body = self._write(call, reply, request, more)
            status, body = self._fresh(call, reply, body, request, more)
        except GitHubError as refusal:
            status, hint = refusal.status, refusal.hint
            with suppress(GitHubError):  # where the token was refused before they were looked at
                agreed = self._agree(request)
            body = _refusal(refusal, endpoint, self.urls, more).encode()
            if hint:
                more["X-GHDeploy-Hint"] = header_text(hint)
        headers = self._headers(agreed, token, endpoint) | more
        is_json = headers["Content-Type"] == negotiation.JSON_TYPE
        if self._validate_all and endpoint and is_json and status != HTTPStatus.NOT_MODIFIED:
            schema.check_answer(
                endpoint.operation_id, status, json.loads(body) if body else None, version=agreed.version
            )
        if status in _WITHOUT_BODY:
            del headers["Content-Type"]
        else:
            headers["Content-Length"] = str(len(body))
        return Answer(status, headers, b"" if request.method == "HEAD" else body, hint)

    def _headers(self, agreed: Terms, token: Token | None, endpoint: Endpoint | None) -> dict[str, str]:
        headers = negotiation.general_headers(agreed) | self._identify()
        return headers | self._headers_about(token, endpoint) if token else headers

    def _identify(self) -> dict[str, str]:
        now = int(self.store.clock.now.timestamp())
        headers = {"Date": negotiation.http_date(now), "X-GitHub-Request-Id": self._request_id(now)}
        if self.urls.enterprise_version:
            headers["X-GitHub-Enterprise-Version"] = self.urls.enterprise_version
        return headers

    def request_id(self) -> str:
        """Give the id of the request that is answered now."""
        return self._request_id(int(self.store.clock.now.timestamp()))

    def _request_id(self, now: int) -> str:
        mixed = self._requests * 0x9E3779B97F4A7C15 & 0xFFFF_FFFF_FFFF_FFFF
        return f"{mixed >> 48:04X}:{mixed >> 32 & 0xFFFF:04X}:{mixed >> 8 & 0xFFFFFF:06X}:{self._requests:06X}:{now:X}"

    # Before the handler

    def _authenticate(self, headers: Mapping[str, str]) -> Token | None:
        if not headers.get("user-agent"):
            raise refusals.user_agent_required()
        given = headers.get("authorization")
        if given is None:
            return None
        text = token_of(given)
        if not text:
            raise refusals.bad_credentials("the Authorization header holds no token")
        if not self.store.tokens:
            return self.store.any_token
        token = self.store.tokens.get(text)
        if token is None:
            raise refusals.bad_credentials(
                f"the token is none of the {len(self.store.tokens)} that add_token made known; "
                "without add_token any token would do"
            )
        if token.revoked:
            raise refusals.bad_credentials(f"the token of {token.user.login} has been revoked: see revoke_token")
        if token.expires_at and self.store.clock.now >= token.expires_at:
            raise refusals.bad_credentials(
                f"the token of {token.user.login} has expired: it is {self.store.clock.now:%Y-%m-%d %H:%M:%S} UTC by "
                f"ghdeploy.clock, and expires_at is {token.expires_at:%Y-%m-%d %H:%M:%S} UTC"
            )
        return token

    def _agree(self, request: Request) -> Terms:
        return negotiation.terms(
            request.headers.get("accept", ""),
            request.headers.get("x-github-api-version"),
            reads=request.method in _READING,
            in_errors=self.store.assume.version_text_in_errors,
        )

    def _call(
        self, request: Request, endpoint: Endpoint, params: dict[str, Any], token: Token | None, terms: Terms
    ) -> Call:
        repository = self._repository(request, endpoint, params, token)
        for name, value in params.items():
            if name.endswith("_id"):
                params[name] = routing.to_id(value, name)
        query = dict(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}
        viewer = token.user if token else None
        call = Call(endpoint, self.store, self.urls, viewer, params, query, {}, repository, terms=terms, token=token)
        if endpoint.finds:
            call.found = endpoint.finds(call)
        if schema.takes_body(endpoint.operation_id):
            call.body = read_object(request.body, or_null=schema.takes_null(endpoint.operation_id))
            schema.check_request(endpoint.operation_id, call.body)
        return call

    def _repository(
        self, request: Request, endpoint: Endpoint, params: dict[str, Any], token: Token | None
    ) -> Repository | None:
        if token is None and not endpoint.anonymous:
            raise refusals.requires_authentication(f"{request.method} {request.path} needs a token and had none")
        store = self.store
        if "repository_id" in params:
            repository = store.repositories.get(routing.to_id(params.pop("repository_id"), "repository_id"))
            if repository is None:
                there = errors.there_is("", (row.id for row in store.repositories))
                raise refusals.not_found(f"no repository has the id in {request.path}; {there}")
        elif "owner" in params:
            full_name = f"{params.pop('owner')}/{params.pop('repo')}"
            repository = store.repository(full_name)
            if repository is None:
                self._redirect(request, full_name, token)
                there = errors.there_is(full_name, (row.full_name for row in store.repositories))
                gone = "has been renamed or deleted" if store.had_repository(full_name) else "was never added"
                raise refusals.not_found(f"repository {full_name} {gone}; {there}")
        else:
            if token and not token.is_unlimited:
                self._check_account(endpoint, token)
            return None
        self._check_access(endpoint, token, repository)
        return repository

    def _check_access(self, endpoint: Endpoint, token: Token | None, repository: Repository) -> None:
        right = self.store.permission(repository, token.user if token else None)
        if (token is None or token.is_unlimited) and allows(right, endpoint.needs):
            return
        selected = token.repository_ids if token else None
        verdict = access.decide(
            endpoint.needed, token, right=right, private=repository.private, selected=_is_for(token, repository)
        )
        if verdict == "allowed":
            return
        names = None if selected is None else [row.full_name for row in self.store.repositories if row.id in selected]
        _refuse(
            verdict, token, access.explain(verdict, endpoint.needed, token, repository, right=right, selected=names)
        )

    def _check_account(self, endpoint: Endpoint, token: Token) -> None:
        verdict = access.decide_for_account(endpoint.needed, token)
        if verdict != "allowed":
            _refuse(verdict, token, access.explain_for_account(endpoint.needed, token))

    def _redirect(self, request: Request, full_name: str, token: Token | None) -> None:
        moved = self.store.renamed(full_name)
        if moved is None:
            return
        right = self.store.permission(moved, token.user if token else None)
        if not access.sees(token, right=right, private=moved.private, selected=_is_for(token, moved)):
            return
        rest = "".join(f"/{part}" for part in request.path.split("/", 4)[4:])
        query = f"?{request.query}" if request.query else ""
        redirect = refusals.MovedPermanently if moves_for_good(request.method) else refusals.TemporaryRedirect
        raise redirect(
            f"{self.urls.api}/repositories/{moved.id}{rest}{query}",
            hint=f"{full_name} has been renamed: it is {moved.full_name} now",
        )

    # After the handler

    def _write(self, call: Call, reply: Reply, request: Request, headers: dict[str, str]) -> bytes:
        if reply.location:
            headers["Location"] = reply.location
        if reply.next_url:
            headers["Link"] = f'<{reply.next_url}>; rel="next"'
        if isinstance(reply.body, bytes):
            headers["Content-Type"] = f"{call.terms.asked}; charset=utf-8"
            return reply.body
        return self._text(call, reply.body, request, headers).encode()

    def _text(self, call: Call, body: Any, request: Request, headers: dict[str, str]) -> str:  # noqa: ANN401 - any kind
        if body is None:
            return ""
        if isinstance(body, (dict, list)):
            return to_json(negotiation.as_of(call.terms.version, call.endpoint.operation_id, body))
        if isinstance(body, Listing):
            page = Page.of(call.query, len(body.rows))
            rows = page.cut(body.rows)
            if links := page.links(self.urls.api + _lasting_path(request.path, call), request.query):
                headers["Link"] = links
            text = f"[{','.join(self._texts_of(body, rows, call.terms.version))}]"
            if body.key:
                around = negotiation.as_of(call.terms.version, "", dict(body.around))
                members = (f"{to_json(name)}:{text if name == body.key else to_json(value)}"
                           for name, value in around.items())  # fmt: skip
                text = f"{{{','.join(members)}}}"
            return text
        return self._text_of(body)

    def _texts_of(self, listing: Listing, rows: Sequence[Any], version: str) -> list[str]:
        if listing.render is None:
            return [self._text_of(row) for row in rows]
        return [to_json(negotiation.as_of(version, "", listing.render(row))) for row in rows]

    def _text_of(self, row: Any) -> str:  # noqa: ANN401 - any row of the store with a URL of its own
        # Rows never change, so their JSON is written once: it is most of the work of a GET.
        repository = self.store.repository_of(row)
        known = self._texts.get(row.id)
        if known and known[0] is row and known[1] == repository.full_name and known[2] is self.urls:
            return known[3]
        text = self._rendered(row, repository)
        self._texts[row.id] = row, repository.full_name, self.urls, text
        return text

    def _rendered(self, row: Any, repository: Repository) -> str:  # noqa: ANN401
        render, creator = _RENDER[type(row)], getattr(row, "creator", None)
        if creator is None:
            return to_json(render(row, repository, self.urls))
        # A creator is half of the text, and the same each time. Quotes within a text are escaped, and
        # nothing that a client has sent comes after it.
        head, _, tail = to_json(render(row, repository, self.urls, creator=_HOLE)).rpartition(_WRITTEN_HOLE)
        known = self._users.get((creator.id, self.urls.api))
        if known is None:
            known = self._users[creator.id, self.urls.api] = (
                f'"creator":{to_json(account_json.user(creator, self.urls))}'
            )
        return f"{head}{known}{tail}"

    def _count(self, headers: dict[str, str], token: Token | None, request: Request, *, free: bool = False) -> None:
        free = free or request.path == _FREE
        store, viewer = self.store, token.user if token else None
        if self.urls.enterprise_version and not store.limits:  # where limits are off by default
            return
        over = None
        if store.limits and not free:
            budget = store.rate_limit(viewer)
            over = store.limits.refusal(
                viewer, request.method, budget, now=store.clock.now, request_id=self.request_id()
            )
        self._show_limit(headers, store.rate_limit(viewer) if free or over else store.count_request(viewer))
        if over:
            if over.retry_after is not None:
                headers["Retry-After"] = str(over.retry_after)
            raise over.error

    def _show_limit(self, headers: dict[str, str], limit: RateLimit) -> None:
        headers["X-RateLimit-Limit"] = str(limit.limit)
        headers["X-RateLimit-Remaining"] = str(limit.remaining)
        headers["X-RateLimit-Reset"] = str(int(limit.reset_at.timestamp()))
        headers["X-RateLimit-Used"] = str(limit.used)
        headers["X-RateLimit-Resource"] = "core"

    def _headers_about(self, token: Token, endpoint: Endpoint | None) -> dict[str, str]:
        key = token, endpoint.operation_id if endpoint else ""
        found = self._token_headers.get(key)
        if found is None:
            found = self._token_headers[key] = access.headers(token, endpoint.needed if endpoint else None)
        return found

    def _fresh(
        self, call: Call, reply: Reply, body: bytes, request: Request, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Say how the answer may be kept; answer 304 to a client that has kept it."""
        if not 200 <= reply.status < 300 or not body:  # noqa: PLR2004 - success
            return reply.status, body
        sent, reads = request.headers, request.method in _READING
        headers |= negotiation.PRIVATE if call.viewer else negotiation.PUBLIC
        tag = headers["ETag"] = negotiation.entity_tag(
            body, call.terms.version, reads=reads, accept_encoding=sent.get("accept-encoding", "")
        )
        modified_at = reply.modified_at or (getattr(reply.body, "updated_at", None) if reads else None)
        if modified_at:
            headers["Last-Modified"] = negotiation.http_date(int(modified_at.timestamp()))
            if not self._shown_as(request, call, headers["Last-Modified"], tag):
                modified_at = None
        if reads and negotiation.is_unchanged(
            sent.get("if-none-match"), sent.get("if-modified-since"), tag=tag, modified_at=modified_at
        ):
            # Who asks without a name pays all the same.
            if call.viewer and "X-RateLimit-Used" in headers and request.path != _FREE:
                self._show_limit(headers, self.store.count_request(call.viewer, -1))
            return int(HTTPStatus.NOT_MODIFIED), b""
        return reply.status, body

    def _shown_as(self, request: Request, call: Call, time: str, tag: str) -> bool:
        """
        Tell whether this, and nothing else, was shown here before with this ``Last-Modified``.

        The clock may stand still while things change, so a time alone does not say which of them a client has.
        """
        key = request.path, request.query, call.viewer.id if call.viewer else None, time
        tags, tag = self._tags.setdefault(key, set()), tag.removeprefix("W/")
        is_so = tags == {tag}
        tags.add(tag)
        return is_so

    # Stubs

    def _stubbed(self, request: Request) -> Stub | None:
        segments = request.path.split("/")
        wanted = ("GET", "HEAD") if request.method == "HEAD" else (request.method,)
        for stub in reversed(self.stubs):
            if stub.method in wanted and len(stub.segments) == len(segments):
                pairs = zip(stub.segments, segments, strict=True)
                if all(wanted is None or wanted == unquote(given) for wanted, given in pairs):
                    return stub
        return None


def _is_for(token: Token | None, repository: Repository) -> bool:
    return token is None or token.repository_ids is None or repository.id in token.repository_ids


def _refuse(verdict: access.Verdict, token: Token | None, hint: str) -> NoReturn:
    match verdict:
        case "not_accessible":
            raise refusals.not_accessible(token.kind if token else "", hint)
        case "not_admin":
            raise refusals.admin_only(hint)
        case "apps_only":
            raise refusals.apps_only(hint)
        case _:
            raise refusals.not_found(hint)


def _lasting_path(path: str, call: Call) -> str:
    # GitHub's links do not depend on a name that may change.
    if call.repository_or_none is None or path.startswith("/repositories/"):
        return path
    return f"/repositories/{call.repository.id}/{path.split('/', 4)[4]}"


def _refusal(refusal: GitHubError, endpoint: Endpoint | None, urls: Urls, headers: dict[str, str]) -> str:
    if isinstance(refusal, refusals.PlainForbidden):
        headers["Content-Type"] = "text/html; charset=utf-8"
        return refusal.message
    body: dict[str, Any] = {"message": refusal.message}
    if isinstance(refusal, refusals.Redirect):
        headers["Location"] = refusal.url
        page = urls.documentation(refusal.documentation_url or "")
        return to_json(body | {"url": refusal.url, "documentation_url": page})
    if refusal.errors:
        body["errors"] = refusal.errors
    page = schema.documentation_url(endpoint.operation_id) if endpoint else refusals.REST_DOCS
    body["documentation_url"] = urls.documentation(refusal.documentation_url or page)
    body["status"] = str(refusal.status)
    return to_json(body)
