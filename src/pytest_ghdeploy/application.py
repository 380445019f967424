"""
From a request to GitHub's answer, whichever way the request came.

Everything that endpoints have in common is done here, once: who asks, which
endpoint, which repository, may they, is the body valid, which page, how it is
written as JSON, what is recorded. Source of the rules that bear no other:
https://docs.github.com/rest/using-the-rest-api
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

from pytest_ghdeploy import errors, github, routing, schema
from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.bodies import read_object, to_json
from pytest_ghdeploy.errors import GitHubError, UnsupportedRequest
from pytest_ghdeploy.model import CheckRun, CommitStatus, DeployKey, Deployment, DeploymentStatus
from pytest_ghdeploy.pages import Page
from pytest_ghdeploy.routing import Call, Listing, Reply
from pytest_ghdeploy.rules import allows, moves_for_good

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_ghdeploy.model import RateLimit, Repository, User
    from pytest_ghdeploy.representations import Urls
    from pytest_ghdeploy.routing import Endpoint
    from pytest_ghdeploy.store import Store

_API_VERSION = "2022-11-28"
_JSON_TYPE = "application/json; charset=utf-8"
_HINT_LIMIT = 1000

_RENDER: dict[type, Callable[[Any, Any, Urls], Any]] = {
    Deployment: as_json.deployment,
    DeploymentStatus: as_json.deployment_status,
    CommitStatus: as_json.commit_status,
    CheckRun: as_json.rest_check_run,
    DeployKey: as_json.deploy_key,
}


@dataclass(slots=True)
class Request:
    """
    A request as a door lets it in.

    *path* is below the API's root; it and *query* are still percent-encoded.
    The names of *headers* are in lower case.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Failure = Literal["", "refused", "reset", "timeout", "truncated"]
"""
What goes wrong on the way, which a door shows as its client library does on the network.

``refused``: the connection cannot be made. ``reset``: it breaks after the request was sent, before any byte of
the answer. ``timeout``: no byte of the answer comes in time. ``truncated``: the connection ends before the body
has the length that ``Content-Length`` says; the body of the ``Answer`` is cut already.
"""


@dataclass(slots=True)
class Answer:
    """
    What goes back through the door. *hint* says why, for whoever wrote the test.

    With a *failure* other than ``truncated`` nothing goes back, and *status* is 0.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    hint: str = ""
    failure: Failure = ""


@dataclass(frozen=True, slots=True)
class Stub:
    """A canned answer: ``segments`` is the path cut at its slashes, ``None`` where anything goes."""

    method: str
    segments: tuple[str | None, ...]
    status: int
    body: bytes
    headers: Mapping[str, str]

    def answer(self, usual: Mapping[str, str]) -> Answer:
        """Give the canned answer, with the headers that are *usual* where it has none of its own."""
        hint = ""
        headers = {**usual, **self.headers}
        if self.status >= HTTPStatus.BAD_REQUEST:
            segments = ("*" if segment is None else segment for segment in self.segments)
            hint = f"this is the stub for {self.method} {'/'.join(segments)}"
            headers["X-GHDeploy-Hint"] = header_text(hint)
        if not self.body:
            del headers["Content-Type"]
        return Answer(self.status, headers, self.body, hint)


class Application:
    """Answers requests from a store. Call it from any thread."""

    def __init__(self, store: Store, urls: Urls, *, validate_all: bool = False) -> None:
        """Answer from *store*, with URLs below *urls*; with *validate_all* check every answer and event too."""
        self.store = store
        self.urls = urls
        self.stubs: list[Stub] = []
        self.intercept: Callable[[Request], Answer] | None = None
        """Answers in place of ``proceed``, which it may call, while a test has asked for faults."""
        self._texts: dict[int, tuple[Any, str, Urls, str]] = {}
        self._requests = 0
        self._validate_all = validate_all
        if validate_all:
            store.events.listeners.append(lambda event: schema.check_event(event.name, event.payload))

    def handle(self, request: Request) -> Answer:
        """
        Answer a request.

        Raises:
            UnsupportedRequest: It is for an endpoint that GitHub has and the fake has not.
        """
        with self.store.lock:
            return (self.intercept or self._answer)(request)

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
        length = str(len(data))
        return Answer(status, {"X-GitHub-Request-Id": self.request_id(), "Content-Length": length, **headers}, data)

    def refuse(self, request: Request, refusal_for: Callable[[str], GitHubError]) -> Answer:
        """Refuse a request in place of its endpoint, by its id; whoever asks pays nothing for it."""
        self._requests += 1
        refusal = refusal_for(self.request_id())
        headers = {"Content-Type": _JSON_TYPE}
        endpoint = None
        with suppress(GitHubError, UnsupportedRequest):
            self._count(headers, self._authenticate(request.headers), request, free=True)
            endpoint, _ = _match_once(request.method, request.path)
        data = _refusal(refusal, endpoint).encode()
        self._general_headers(headers)
        headers["Content-Length"] = str(len(data))
        return Answer(refusal.status, headers, data)

    def _answer(self, request: Request) -> Answer:
        self._requests += 1
        headers = {"Content-Type": _JSON_TYPE}
        if self.stubs and (stubbed := self._stubbed(request)):
            return stubbed.answer(headers)
        endpoint: Endpoint | None = None
        hint = ""
        try:
            viewer = self._authenticate(request.headers)
            endpoint, params = _match_once(request.method, request.path)
            self._count(headers, viewer, request, free=endpoint.operation_id == "rate-limit/get")
            call = self._call(request, endpoint, dict(params), viewer)
            reply = endpoint.handler(call)
            status = reply.status
            body = self._write(call, reply, request, headers)
        except GitHubError as refusal:
            status, hint = refusal.status, refusal.hint
            body = _refusal(refusal, endpoint)
            if isinstance(refusal, errors.Redirect):
                headers["Location"] = refusal.url
            if hint:
                headers["X-GHDeploy-Hint"] = header_text(hint)
        if self._validate_all and endpoint:
            schema.check_answer(endpoint.operation_id, status, json.loads(body) if body else None)
        self._general_headers(headers)
        data = body.encode()
        if status == HTTPStatus.NO_CONTENT:
            del headers["Content-Type"]
        else:
            headers["Content-Length"] = str(len(data))
        return Answer(status, headers, b"" if request.method == "HEAD" else data, hint)

    # Before the handler

    def _authenticate(self, headers: Mapping[str, str]) -> User | None:
        if not headers.get("user-agent"):
            raise errors.user_agent_required()
        given = headers.get("authorization")
        if given is None:
            return None
        token = token_of(given)
        if not token:
            raise errors.bad_credentials("the Authorization header holds no token")
        if not self.store.tokens:
            return self.store.default_user
        user = self.store.tokens.get(token)
        if user is None:
            raise errors.bad_credentials(
                f"the token is none of the {len(self.store.tokens)} that add_token made known; "
                "without add_token any token would do"
            )
        return user

    def _call(self, request: Request, endpoint: Endpoint, params: dict[str, Any], viewer: User | None) -> Call:
        if viewer is None and not endpoint.anonymous:
            raise errors.requires_authentication(f"{request.method} {request.path} needs a token and had none")
        repository = self._repository(request, endpoint, params, viewer)
        for name, value in params.items():
            if name.endswith("_id"):
                params[name] = routing.to_id(value, name)
        query = dict(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}
        call = Call(self.store, self.urls, viewer, params, query, {}, repository)
        if endpoint.finds:
            call.found = endpoint.finds(call)
        if schema.takes_body(endpoint.operation_id):
            call.body = read_object(request.body, or_null=schema.takes_null(endpoint.operation_id))
            schema.check_request(endpoint.operation_id, call.body)
        return call

    def _repository(
        self, request: Request, endpoint: Endpoint, params: dict[str, Any], viewer: User | None
    ) -> Repository | None:
        store = self.store
        if "repository_id" in params:
            repository = store.repositories.get(routing.to_id(params.pop("repository_id"), "repository_id"))
            if repository is None:
                there = errors.there_is("", (row.id for row in store.repositories))
                raise errors.not_found(f"no repository has the id in {request.path}; {there}")
        elif "owner" in params:
            full_name = f"{params.pop('owner')}/{params.pop('repo')}"
            repository = store.repository(full_name)
            if repository is None:
                self._redirect(request, full_name, viewer)
                there = errors.there_is(full_name, (row.full_name for row in store.repositories))
                gone = "has been renamed or deleted" if store.had_repository(full_name) else "was never added"
                raise errors.not_found(f"repository {full_name} {gone}; {there}")
        else:
            return None
        has = store.permission(repository, viewer)
        if not allows(has, endpoint.needs):
            who = viewer.login if viewer else "an anonymous caller"
            kind = "private" if repository.private else "public"
            raise errors.not_found(
                f"{who} has {f'only the right {has!r}' if has else 'no right'} on {kind} repository "
                f"{repository.full_name}; {endpoint.operation_id} needs {endpoint.needs!r}: see add_collaborator"
            )
        return repository

    def _redirect(self, request: Request, full_name: str, viewer: User | None) -> None:
        moved = self.store.renamed(full_name)
        if moved is None or not allows(self.store.permission(moved, viewer), "pull"):
            return
        rest = "".join(f"/{part}" for part in request.path.split("/", 4)[4:])
        query = f"?{request.query}" if request.query else ""
        redirect = errors.MovedPermanently if moves_for_good(request.method) else errors.TemporaryRedirect
        raise redirect(
            f"{self.urls.api}/repositories/{moved.id}{rest}{query}",
            hint=f"{full_name} has been renamed: it is {moved.full_name} now",
        )

    # After the handler

    def _write(self, call: Call, reply: Reply, request: Request, headers: dict[str, str]) -> str:
        body = reply.body
        if reply.location:
            headers["Location"] = reply.location
        if body is None:
            return ""
        if isinstance(body, (dict, list)):
            return to_json(body)
        if isinstance(body, Listing):
            page = Page.of(call.query, len(body.rows))
            rows = page.cut(body.rows)
            if links := page.links(self.urls.api + _lasting_path(request.path, call), request.query):
                headers["Link"] = links
            text = f"[{','.join(self._texts_of(body, rows))}]"
            if body.key:
                members = (f"{to_json(name)}:{text if name == body.key else to_json(value)}"
                           for name, value in body.around.items())  # fmt: skip
                text = f"{{{','.join(members)}}}"
            return text
        return self._text_of(body)

    def _texts_of(self, listing: Listing, rows: Sequence[Any]) -> list[str]:
        if listing.render is None:
            return [self._text_of(row) for row in rows]
        return [to_json(listing.render(row)) for row in rows]

    def _text_of(self, row: Any) -> str:  # noqa: ANN401 - any row of the store with a URL of its own
        # Rows never change, so their JSON is written once: it is most of the work of a GET.
        repository = self.store.repository_of(row)
        known = self._texts.get(row.id)
        if known and known[0] is row and known[1] == repository.full_name and known[2] is self.urls:
            return known[3]
        text = to_json(_RENDER[type(row)](row, repository, self.urls))
        self._texts[row.id] = row, repository.full_name, self.urls, text
        return text

    def _count(self, headers: dict[str, str], viewer: User | None, request: Request, *, free: bool) -> None:
        store = self.store
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

    def request_id(self) -> str:
        """Give the id of the request that is answered now."""
        now = int(self.store.clock.now.timestamp())
        mixed = self._requests * 0x9E3779B97F4A7C15 & 0xFFFF_FFFF_FFFF_FFFF
        return f"{mixed >> 48:04X}:{mixed >> 32 & 0xFFFF:04X}:{mixed >> 8 & 0xFFFFFF:06X}:{self._requests:06X}:{now:X}"

    def _general_headers(self, headers: dict[str, str]) -> None:
        headers["X-GitHub-Request-Id"] = self.request_id()
        headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        headers["x-github-api-version-selected"] = _API_VERSION

    # Stubs

    def _stubbed(self, request: Request) -> Stub | None:
        segments = request.path.split("/")
        for stub in reversed(self.stubs):
            if stub.method == request.method and len(stub.segments) == len(segments):
                pairs = zip(stub.segments, segments, strict=True)
                if all(wanted is None or wanted == unquote(given) for wanted, given in pairs):
                    return stub
        return None


def _lasting_path(path: str, call: Call) -> str:
    # GitHub's links do not depend on a name that may change.
    if call.repository_or_none is None or path.startswith("/repositories/"):
        return path
    return f"/repositories/{call.repository.id}/{path.split('/', 4)[4]}"


def _refusal(refusal: GitHubError, endpoint: Endpoint | None) -> str:
    body: dict[str, Any] = {"message": refusal.message}
    if isinstance(refusal, errors.Redirect):
        return to_json(body | {"url": refusal.url, "documentation_url": refusal.documentation_url})
    if refusal.errors:
        body["errors"] = refusal.errors
    page = schema.documentation_url(endpoint.operation_id) if endpoint else errors.REST_DOCS
    body["documentation_url"] = refusal.documentation_url or page
    body["status"] = str(refusal.status)
    return to_json(body)


# Paths


@cache
def _own_endpoints() -> tuple[github.Finder, dict[str, Endpoint]]:
    endpoints = routing.endpoints()
    rules = [(path, endpoint.method, name) for name, endpoint in endpoints.items() for path in endpoint.paths]
    return github.url_map(rules), endpoints


def _match(method: str, path: str) -> tuple[Endpoint, dict[str, Any]]:
    """
    Find the endpoint for a path.

    Raises:
        NotFound: GitHub has no such path, or not with this method.
        UnsupportedRequest: GitHub has, and the fake has not.
    """
    find, endpoints = _own_endpoints()
    found = find(method, path)
    # A ref may contain slashes, so it may have swallowed the rest of a longer path that GitHub has.
    if found is None or any("/" in value for value in found[1].values()):
        theirs = github.operation(method, path)
        if theirs and theirs not in endpoints:
            where = f"{method} {path}"
            msg = (
                f"{where} is GitHub's {theirs}, which is not an endpoint of this fake "
                f"({len(endpoints)} are: `ghdeploy routes`). "
                f'A canned answer helps: ghdeploy.stub("{method}", "{path}", status=200, json=…)'
            )
            raise UnsupportedRequest(msg)
    if found is None:
        hint = f"GitHub has no {method} {path}"
        if "/" in path.partition("/environments/")[2]:
            hint += "; a slash in the name of an environment is %2F in a path"
        raise errors.not_found(hint, documentation_url=errors.REST_DOCS)
    name, params = found
    return endpoints[name], {key: unquote(value) for key, value in params.items()}


# The same few paths are asked for again and again.
_match_once = lru_cache(1024)(_match)


def token_of(authorization: str) -> str:
    """Read the token from an ``Authorization`` header: ``token X``, ``Bearer X`` or Basic; ``""`` if there is none."""
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "token" | "bearer":
            return value
        case "basic":
            try:
                name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            except ValueError:
                return ""
            # Git and curl send a token as the password, old clients as the name.
            return name if password in ("", "x-oauth-basic") else password
        case _:
            return ""


def header_text(text: str) -> str:
    """Make *text* fit for a header: one line of ASCII, not too long."""
    escaped = (letter if " " <= letter <= "~" else ascii(letter)[1:-1] for letter in " ".join(text.split()))
    line = "".join(escaped)
    return line if len(line) <= _HINT_LIMIT else f"{line[: _HINT_LIMIT - 3]}..."
