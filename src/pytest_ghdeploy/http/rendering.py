"""The bodies of responses and refusals, with their links and the headers for caching."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api.routing import Listing
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import CheckRun, CommitStatus, DeployKey, Deployment, DeploymentStatus
from pytest_ghdeploy.github.pagination import Page, sizes_of
from pytest_ghdeploy.http import negotiation, schema
from pytest_ghdeploy.http.json_body import to_json
from pytest_ghdeploy.serializers import (
    accounts as account_json,
    checks as check_json,
    commit_statuses as commit_status_json,
    deployments as deployment_json,
    repositories as repository_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_ghdeploy.api.routing import Call, Endpoint, Reply
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.refusals import GitHubError
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.http.messages import Request
    from pytest_ghdeploy.store.tables import Table

READING = ("GET", "HEAD")
"""The methods that only read."""
_HOLE = "\0"
_WRITTEN_HOLE = f'"creator":{to_json(_HOLE)}'

# By the type of a row: its table, and the function that makes its JSON.
_RENDER: dict[type, tuple[str, Callable[..., Any]]] = {
    Deployment: ("deployments", deployment_json.deployment),
    DeploymentStatus: ("deployment_statuses", deployment_json.deployment_status),
    CommitStatus: ("commit_statuses", commit_status_json.commit_status),
    CheckRun: ("check_runs", check_json.rest_check_run),
    DeployKey: ("deploy_keys", repository_json.deploy_key),
}

# Limits of the caches. Longer texts are not cached.
_LONGEST_TEXT = 64 * 1024
_MOST_USERS = 1_000
_MOST_TAGS = 10_000


class Renderer:
    """
    Writes the bodies of responses.

    The JSON of a row is cached in the row's table, and goes with the row. The
    JSON of accounts and the latest ETags are cached here.
    """

    def __init__(self) -> None:
        """Start with empty caches."""
        self._users: dict[tuple[int, str], str] = {}
        # By a digest of path, query, viewer and Last-Modified: that time, and the ETag, "" if there were several.
        self._tags: dict[bytes, tuple[int, str]] = {}
        self._forgotten_until = -math.inf

    def body(self, call: Call, reply: Reply, request: Request, headers: dict[str, str]) -> bytes:
        """Write the body of a handler's reply, and add its *headers*."""
        headers |= reply.headers
        if reply.location:
            headers["Location"] = reply.location
        if reply.next_url:
            headers["Link"] = f'<{reply.next_url}>; rel="next"'
        if isinstance(reply.body, bytes):
            headers["Content-Type"] = f"{call.terms.accepted}; charset=utf-8"
            return reply.body
        return self._text(call, reply.body, request, headers).encode()

    def is_unchanged(self, call: Call, reply: Reply, body: bytes, request: Request, headers: dict[str, str]) -> bool:
        """
        Add the *headers* for caching, and return whether the client already has this response. If so, it gets a 304.

        Source:
            https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
        """
        if not 200 <= reply.status < 300 or not body:  # noqa: PLR2004 - success
            return False
        sent, reads = request.headers, request.method in READING
        headers |= negotiation.PRIVATE if call.viewer else negotiation.PUBLIC
        headers |= reply.headers  # the handler's own choice wins
        tag = headers["ETag"] = negotiation.entity_tag(
            body, call.terms.version, reads=reads, accept_encoding=sent.get("accept-encoding", "")
        )
        modified_at = reply.modified_at or (getattr(reply.body, "updated_at", None) if reads else None)
        if modified_at:
            time = int(modified_at.timestamp())
            headers["Last-Modified"] = negotiation.http_date(time)
            if not self._only_version_at(request, call, time, tag):
                modified_at = None
        return reads and negotiation.is_unchanged(
            sent.get("if-none-match"), sent.get("if-modified-since"), tag=tag, modified_at=modified_at
        )

    def _only_version_at(self, request: Request, call: Call, time: int, tag: str) -> bool:
        """
        Return whether all earlier responses with this ``Last-Modified`` had this ETag, and there was at least one.

        The clock may stand still while the state changes, so a time does not identify the version that a client has.
        Once earlier responses are forgotten, the result is ``False`` for the times of those.
        """
        # A digest, because a path can be long.
        viewer = call.viewer.id if call.viewer else ""
        key = sha256(f"{request.path}?{request.query} {viewer} {time}".encode(errors="surrogatepass")).digest()
        tag = tag.removeprefix("W/")
        _, earlier = self._tags.pop(key, (time, None if time > self._forgotten_until else ""))
        self._tags[key] = time, tag if earlier in (None, tag) else ""
        if len(self._tags) > _MOST_TAGS:
            forgotten, _ = self._tags.pop(next(iter(self._tags)))
            self._forgotten_until = max(forgotten, self._forgotten_until)
        return earlier == tag

    def _text(self, call: Call, body: Any, request: Request, headers: dict[str, str]) -> str:  # noqa: ANN401 - any kind
        if body is None:
            return ""
        if isinstance(body, (dict, list)):
            return to_json(negotiation.as_of(call.terms.version, call.endpoint.operation_id, body))
        if isinstance(body, Listing):
            page = Page.of(call.query, len(body.rows), sizes_of(call.endpoint.operation_id))
            rows = page.cut(body.rows)
            if links := page.links(call.urls.api + (body.path or _path_with_id(request.path, call)), request.query):
                headers["Link"] = links
            text = f"[{','.join(self._texts_of(call, body, rows))}]"
            if body.key:
                around = negotiation.as_of(call.terms.version, "", dict(body.around))
                members = (f"{to_json(name)}:{text if name == body.key else to_json(value)}"
                           for name, value in around.items())  # fmt: skip
                text = f"{{{','.join(members)}}}"
            return text
        return self._text_of(call, body)

    def _texts_of(self, call: Call, listing: Listing, rows: Sequence[Any]) -> list[str]:
        if listing.render is None:
            return [self._text_of(call, row) for row in rows]
        version, name = call.terms.version, call.endpoint.operation_id
        return [to_json(negotiation.as_of(version, name, listing.render(row))) for row in rows]

    def _text_of(self, call: Call, row: Any) -> str:  # noqa: ANN401 - a row of the store with its own URL
        # Rows never change, so their JSON is cached. Writing it is most of the work of a GET.
        repository, urls = call.store.repository_of(row), call.urls
        table: Table[Any] = getattr(call.store, _RENDER[type(row)][0])
        cached: tuple[Any, str, Urls, str] | None = table.texts.get(row.id)
        if cached and cached[0] is row and cached[1] == repository.full_name and cached[2] is urls:
            return cached[3]
        text = self._rendered(row, repository, urls)
        is_current = table.get(row.id) is row
        if is_current and len(text) <= _LONGEST_TEXT:
            table.texts[row.id] = row, repository.full_name, urls, text
        return text

    def _rendered(self, row: Any, repository: Repository, urls: Urls) -> str:  # noqa: ANN401
        _, render = _RENDER[type(row)]
        creator = getattr(row, "creator", None)
        if creator is None:
            return to_json(render(row, repository, urls))
        # The creator is half of the text, and often the same, so its JSON is cached separately. The placeholder for it
        # cannot be mistaken: quotes in strings are escaped, and no field from a client comes after the creator.
        head, _, tail = to_json(render(row, repository, urls, creator=_HOLE)).rpartition(_WRITTEN_HOLE)
        user = self._users.get((creator.id, urls.api))
        if user is None:
            if len(self._users) >= _MOST_USERS:
                self._users.clear()
            user = self._users[creator.id, urls.api] = f'"creator":{to_json(account_json.user(creator, urls))}'
        return f"{head}{user}{tail}"


def _path_with_id(path: str, call: Call) -> str:
    # GitHub's links contain the repository's id, because its name may change.
    if call.repository_or_none is None or path.startswith("/repositories/"):
        return path
    return f"/repositories/{call.repository.id}/{path.split('/', 4)[4]}"


def refusal_body(refusal: GitHubError, endpoint: Endpoint | None, urls: Urls, headers: dict[str, str]) -> bytes:
    """Write the body of a refusal by *endpoint*, if known, and add its *headers*."""
    if isinstance(refusal, refusals.PlainForbidden):
        headers["Content-Type"] = "text/html; charset=utf-8"
        return refusal.message.encode()
    body: dict[str, Any] = {"message": refusal.message}
    if isinstance(refusal, refusals.Redirect):
        headers["Location"] = refusal.url
        page = urls.documentation(refusal.documentation_url or "")
        return to_json(body | {"url": refusal.url, "documentation_url": page}).encode()
    if refusal.errors:
        body["errors"] = refusal.errors
    page = schema.documentation_url(endpoint.operation_id) if endpoint else refusals.REST_DOCS
    if refusal.metadata is not None:
        body["metadata"] = refusal.metadata
    body["documentation_url"] = urls.documentation(refusal.documentation_url or page)
    if refusal.shows_status:
        body["status"] = str(refusal.status)
    return to_json(body).encode()
