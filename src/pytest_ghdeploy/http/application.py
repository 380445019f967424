"""
Turning requests into GitHub's responses.

The steps that all endpoints share are here, in this order: token, rate limit,
API version, endpoint, repository and permission, body, handler, rendering,
caching. Rules without a source of their own are from
https://docs.github.com/rest/using-the-rest-api
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import USUAL_TERMS, Call, Listing, id_or_none, to_id
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.refusals import GitHubError
from pytest_ghdeploy.http import negotiation, router, schema
from pytest_ghdeploy.http.authentication import (
    authenticate,
    check_access,
    check_account,
    check_not_archived,
    find_token,
    redirect_renamed,
)
from pytest_ghdeploy.http.json_body import read_body
from pytest_ghdeploy.http.messages import Answer, Request, header_text
from pytest_ghdeploy.http.rendering import READING, Renderer, refusal_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_ghdeploy.api.routing import Endpoint, Terms
    from pytest_ghdeploy.github.model import RateLimit, Repository, Token
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.http.stubs import Stub, Stubs
    from pytest_ghdeploy.store.store import Store

_FREE = "/rate_limit"
"""The path whose requests do not count towards the rate limit."""
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_MOST_TOKEN_HEADERS = 1_000
"""How many pairs of a token and an operation have their headers cached."""


class Application:
    """Answers requests from the state in a store, one at a time."""

    def __init__(self, store: Store, urls: Urls, *, validate_all: bool = False) -> None:
        """Answer from *store*, with URLs below *urls*. With *validate_all*, check all responses and events too."""
        self.store = store
        self.urls = urls
        self._own_urls = urls
        self.stubs: Stubs | None = None
        """The stubs, if the test has added any."""
        self.intercept: Callable[[Request], Answer] | None = None
        """Answers requests while there are faults. It may call ``proceed`` to get the answer without faults."""
        self._renderer = Renderer()
        self._requests = 0
        self._token_headers: dict[tuple[Token, str], dict[str, str]] = {}
        self._validate_all = validate_all
        if validate_all:
            store.events.listeners.append(lambda event: schema.check_event(event.name, event.payload))

    def add_stub(self, stub: Stub) -> None:
        """Add a stub. The caller holds the store's lock."""
        if self.stubs is None:
            from pytest_ghdeploy.http.stubs import Stubs  # few tests need them

            self.stubs = Stubs(self.store.changes)
        self.stubs.added.append(stub)

    def handle(self, request: Request, urls: Urls | None = None) -> Answer:
        """
        Answer a request, with URLs below *urls* if given. The caller holds the store's lock.

        Raises:
            UnsupportedRequest: GitHub has an endpoint for the request, but the fake does not.
        """
        previous, self.urls = self.urls, urls or self._own_urls
        try:
            self._look_up(request)
            return (self.intercept or self._answer)(request)
        finally:
            self.urls = previous

    def _look_up(self, request: Request) -> None:
        """Set the token, endpoint, parameters and repository of a request; faults and the recorder read them too."""
        request.token = find_token(self.store, request.token_text)
        request.endpoint, request.params = router.find(request.method, request.path)
        request.repository = self._find_repository(request.params)

    def _find_repository(self, params: Mapping[str, str]) -> Repository | None:
        if "owner" in params:
            return self.store.repository(f"{params['owner']}/{params['repo']}")
        if "repository_id" in params:
            repository_id = id_or_none(params["repository_id"])
            return None if repository_id is None else self.store.repositories.get(repository_id)
        return None

    def _answer(self, request: Request) -> Answer:
        self._requests += 1
        if answer := self._answer_without_endpoint(request):
            return answer
        # A refusal includes the headers that are known when it is raised.
        token: Token | None = None
        terms = USUAL_TERMS
        endpoint: Endpoint | None = None
        more: dict[str, str] = {}
        hint, total = "", None
        try:
            token = request.token = authenticate(self.store, request)
            self._count(more, token, request)
            terms = self._terms(request)
            endpoint = self._endpoint(request)
            call = self._call(request, endpoint, token, terms)
            reply = endpoint.handler(call)
            status, body, hint = reply.status, self._renderer.body(call, reply, request, more), reply.hint
            if isinstance(reply.body, Listing):
                total = len(reply.body.rows)
            if self._renderer.is_unchanged(call, reply, body, request, more):
                status, body = int(HTTPStatus.NOT_MODIFIED), b""
                self._give_back(more, token, request)
        except GitHubError as refusal:
            status, hint = refusal.status, refusal.hint
            if near := self._near_stub(request):
                hint = f"{hint}; {near}" if hint else near
            with suppress(GitHubError):  # the token was refused before the terms were negotiated
                terms = self._terms(request)
            body = refusal_body(refusal, endpoint, self.urls, more)
        if hint:
            more["X-GHDeploy-Hint"] = header_text(hint)
        headers = self._headers(terms, token, endpoint) | more
        is_json = headers["Content-Type"] == negotiation.JSON_TYPE
        if self._validate_all and endpoint and is_json and status != HTTPStatus.NOT_MODIFIED:
            schema.check_answer(
                endpoint.operation_id, status, json.loads(body) if body else None, version=terms.version
            )
        if status in _WITHOUT_BODY:
            del headers["Content-Type"]
        else:
            headers["Content-Length"] = str(len(body))
        return Answer(status, headers, b"" if request.method == "HEAD" else body, hint, total=total)

    def _answer_without_endpoint(self, request: Request) -> Answer | None:
        if self.stubs and (stubbed := self.stubs.answer(request, self._headers_of_stubs)):
            return stubbed
        if request.download:
            from pytest_ghdeploy.http import downloads  # few tests need it

            return downloads.answer(self.store, self.urls, request, request.download, self._identify())
        if request.method == "OPTIONS":
            return Answer(int(HTTPStatus.NO_CONTENT), negotiation.PREFLIGHT | self._identify(), b"")
        return None

    def _headers_of_stubs(self) -> dict[str, str]:
        return self._headers(USUAL_TERMS, None, None)

    def _near_stub(self, request: Request) -> str:
        return self.stubs.nearest(request) if self.stubs else ""

    def _terms(self, request: Request) -> Terms:
        return negotiation.terms(
            request.headers.get("accept", ""),
            request.headers.get("x-github-api-version"),
            reads=request.method in READING,
            in_errors=self.store.assume.version_text_in_errors,
        )

    def _endpoint(self, request: Request) -> Endpoint:
        if request.endpoint is None:
            raise router.no_endpoint(request.method, request.path, self._near_stub(request))
        return request.endpoint

    def _call(self, request: Request, endpoint: Endpoint, token: Token | None, terms: Terms) -> Call:
        repository = self._repository(request, endpoint, token)
        params = {
            name: to_id(value, name) if name.endswith("_id") else value
            for name, value in request.params.items()
            if name not in ("owner", "repo", "repository_id")
        }
        # Empty values are dropped, so an empty filter matches all (strumwolf/delete-deployment-environment sends ref=).
        query = dict(parse_qsl(request.query)) if request.query else {}
        viewer = token.user if token and token.kind != "jwt" else None
        call = Call(endpoint, self.store, self.urls, viewer, params, query, {}, repository)
        call.terms, call.token, call.query_text, call.headers = terms, token, request.query, request.headers
        if endpoint.finds:
            call.found = endpoint.finds(call)
        if schema.takes_body(endpoint.operation_id):
            # A DELETE may leave out its body, which is then {} [guess].
            if not request.body.strip() and request.method != "DELETE" and schema.needs_body(endpoint.operation_id):
                raise refusals.no_body()
            kinds = schema.kinds_of_body(endpoint.operation_id)
            call.body = read_body(request.body, or_null="null" in kinds, or_array="array" in kinds)
            if self.store.assume.null_is_absent and b"null" in request.body:
                call.body = schema.without_nulls(endpoint.operation_id, call.body)
            schema.check_request(endpoint.operation_id, call.body)
        return call

    def _repository(self, request: Request, endpoint: Endpoint, token: Token | None) -> Repository | None:
        """
        Return the repository in the path; ``None`` if the endpoint's path has none.

        Raises:
            GitHubError: The repository does not exist, or the caller may not use the endpoint there.
        """
        if token is None and not endpoint.anonymous:
            hint = f"no token was sent, and {request.method} {request.path} needs one: send the header Authorization"
            raise refusals.requires_authentication(hint)
        if request.repository and endpoint.caller == "jwt":
            return request.repository  # the handler refuses an app that is not installed there
        if request.repository:
            check_access(self.store, endpoint, token, request.repository)
            check_not_archived(endpoint, request.repository)
            return request.repository
        store, params = self.store, request.params
        if "repository_id" in params:
            to_id(params["repository_id"], "repository_id")
            known = errors.known_values("", (row.id for row in store.repositories))
            raise refusals.not_found(f"no repository has the id in {request.path}; {known}")
        if "owner" in params:
            full_name = f"{params['owner']}/{params['repo']}"
            redirect_renamed(store, request, full_name, self.urls)
            known = errors.known_values(full_name, (row.full_name for row in store.repositories))
            reason = "was renamed or deleted" if store.had_repository(full_name) else "was never added"
            raise refusals.not_found(f"repository {full_name} {reason}; {known}")
        if token:
            check_account(endpoint, token)
        return None

    # Headers

    def _headers(self, terms: Terms, token: Token | None, endpoint: Endpoint | None) -> dict[str, str]:
        headers = negotiation.general_headers(terms) | self._identify()
        return headers | self._headers_about(token, endpoint) if token else headers

    def _identify(self) -> dict[str, str]:
        now = int(self.store.clock.now.timestamp())
        headers = {"Date": negotiation.http_date(now), "X-GitHub-Request-Id": self._request_id(now)}
        if self.urls.enterprise_version:
            headers["X-GitHub-Enterprise-Version"] = self.urls.enterprise_version
        return headers

    def request_id(self) -> str:
        """Return the id of the current request."""
        return self._request_id(int(self.store.clock.now.timestamp()))

    def _request_id(self, now: int) -> str:
        mixed = self._requests * 0x9E3779B97F4A7C15 & 0xFFFF_FFFF_FFFF_FFFF
        return f"{mixed >> 48:04X}:{mixed >> 32 & 0xFFFF:04X}:{mixed >> 8 & 0xFFFFFF:06X}:{self._requests:06X}:{now:X}"

    def _headers_about(self, token: Token, endpoint: Endpoint | None) -> dict[str, str]:
        key = token, endpoint.operation_id if endpoint else ""
        headers = self._token_headers.get(key)
        if headers is None:
            if len(self._token_headers) >= _MOST_TOKEN_HEADERS:
                self._token_headers.clear()
            headers = self._token_headers[key] = authorization.headers(token, endpoint.needed if endpoint else None)
        return headers

    # Rate limits

    def _count(self, headers: dict[str, str], token: Token | None, request: Request, *, free: bool = False) -> None:
        if token and token.kind == "jwt":  # no limit counts what apps do before they have a token
            return
        free = free or request.path == _FREE
        store, viewer = self.store, token.user if token else None
        if self.urls.enterprise_version and not store.limits:  # no limits by default
            return
        over = None
        if store.limits and not free:
            budget = store.rate_limit(viewer)
            over = store.limits.refusal(
                viewer,
                request.method,
                budget,
                now=store.clock.now,
                request_id=self.request_id(),
                installation_id=token.installation_id if token else None,
            )
        self._show_limit(headers, store.rate_limit(viewer) if free or over else store.count_request(viewer))
        if over:
            if over.retry_after is not None:
                headers["Retry-After"] = str(over.retry_after)
            raise over.error

    def _give_back(self, headers: dict[str, str], token: Token | None, request: Request) -> None:
        """Undo the count of a request whose response is a 304. Anonymous requests stay counted."""
        if token and "X-RateLimit-Used" in headers and request.path != _FREE:
            self._show_limit(headers, self.store.count_request(token.user, -1))

    def _show_limit(self, headers: dict[str, str], limit: RateLimit) -> None:
        headers["X-RateLimit-Limit"] = str(limit.limit)
        headers["X-RateLimit-Remaining"] = str(limit.remaining)
        headers["X-RateLimit-Reset"] = str(int(limit.reset_at.timestamp()))
        headers["X-RateLimit-Used"] = str(limit.used)
        headers["X-RateLimit-Resource"] = "core"

    # For faults. The caller holds the lock.

    def proceed(self, request: Request, store: Store | None = None) -> Answer:
        """Answer without faults, from another *store* if given."""
        if store is None:
            return self._answer(request)
        current, self.store = self.store, store
        repository, request.repository = request.repository, self._find_repository(request.params)
        try:
            return self._answer(request)
        finally:
            self.store, request.repository = current, repository

    def front_answer(self, status: int, body: str, headers: Mapping[str, str]) -> Answer:
        """Create a response without calling an endpoint, as a proxy in front of GitHub's servers does."""
        self._requests += 1
        data = body.encode()
        return Answer(status, {**self._identify(), "Content-Length": str(len(data)), **headers}, data)

    def refuse(self, request: Request, refusal_for: Callable[[str], GitHubError], *, in_turn: bool = False) -> Answer:
        """
        Refuse a request instead of calling its endpoint. The request does not count towards the rate limit.

        Args:
            refusal_for: Creates the refusal from the id of the request.

            in_turn: Whether to refuse at the point where the endpoint would look up its resource: after checking the
                token, the API version and the permissions. The request counts then.

        Raises:
            GitHubError: With *in_turn*: the request is refused earlier for another reason. It does not count.
            UnsupportedRequest: With *in_turn*: the fake has no such endpoint. The request does not count.
        """
        self._requests += 1
        refusal = refusal_for(self.request_id())
        more: dict[str, str] = {}
        terms, token, endpoint = USUAL_TERMS, None, None
        with suppress(*(() if in_turn else (GitHubError, UnsupportedRequest))):
            token = authenticate(self.store, request)
            terms = self._terms(request)
            if not in_turn and refusal.status != HTTPStatus.UNAUTHORIZED:
                self._count(more, token, request, free=True)
            endpoint = self._endpoint(request)
            if in_turn:
                self._repository(request, endpoint, token)
                self._count(more, token, request, free=False)
        # A 401 has no headers about the token.
        known = None if refusal.status == HTTPStatus.UNAUTHORIZED else token
        data = refusal_body(refusal, endpoint, self.urls, more)
        headers = self._headers(terms, known, endpoint) | more | {"Content-Length": str(len(data))}
        return Answer(refusal.status, headers, data)
