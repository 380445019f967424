"""
Endpoints: functions from ``Call`` to ``Reply``, without HTTP.

``@route`` names the operation and its path as in GitHub's documentation. The
application finds the repository, checks the caller and the body before it calls
the handler, and splits lists into pages afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from inspect import getfullargspec
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.model import API_VERSIONS

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import App, Permission, Repository, Token, User
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.store.tables import Table


@cache
def _keywords(operation: Callable[..., Any]) -> frozenset[str]:
    return frozenset(getfullargspec(operation).kwonlyargs)


class Terms(NamedTuple):
    """
    The API version and media type negotiated for a request.

    Attributes:
        form: The form that the client prefers to JSON, such as ``raw``; ``""`` for JSON.

        accepted: The media type with this form, as in ``Accept``.

        media_type: The value of ``X-GitHub-Media-Type``.
    """

    version: str = API_VERSIONS[0]
    form: str = ""
    accepted: str = ""
    media_type: str = "github.v3; format=json"


USUAL_TERMS = Terms()


@dataclass(slots=True)
class Call:
    """
    A checked request, as passed to a handler.

    Attributes:
        urls: The roots of the URLs in the response.

        viewer: The caller's account; ``None`` for an anonymous caller.

        params: The path parameters, unquoted. Those whose names end in ``_id`` are integers.

        query: The query parameters that are not empty. The last one of each name counts.

        query_text: The query as it was sent.

        body: The valid body; ``{}`` if the operation has none. It is an object, or an array where GitHub takes one.

        found: The resource in the path, as returned by the endpoint's ``finds``.

        terms: The negotiated API version and form of the response.

        token: The caller's token; ``None`` for an anonymous caller.

        headers: The headers of the request. Their names are in lower case.
    """

    endpoint: Endpoint
    store: Store
    urls: Urls
    viewer: User | None
    params: dict[str, Any]
    query: dict[str, str]
    body: Any
    repository_or_none: Repository | None = None
    found: Any = None
    terms: Terms = USUAL_TERMS
    token: Token | None = None
    query_text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def app(self) -> App | None:
        """The app that the token belongs to, if any."""
        return self.token.app if self.token else None

    @property
    def repository(self) -> Repository:
        """The repository in the path."""
        assert self.repository_or_none is not None  # noqa: S101 - the application has looked it up
        return self.repository_or_none

    @property
    def actor(self) -> User:
        """The caller's account, for operations that refuse anonymous callers and apps that have no token yet."""
        assert self.viewer is not None  # noqa: S101 - the application has checked it
        return self.viewer

    def arguments_for(self, operation: Callable[..., Any], **fixed: object) -> dict[str, Any]:
        """Return the members of the body that *operation* accepts, and *fixed*. GitHub ignores all others."""
        names = _keywords(operation)
        return {name: value for name, value in self.body.items() if name in names} | fixed


@dataclass(slots=True)
class Listing:
    """
    A list, of which the application sends one page.

    Attributes:
        rows: All items, in GitHub's order.

        render: Makes the JSON of an item. Rows of the store need none.

        key: The field that contains the page, if the response is an object.

        around: All fields of that object, in order. The value under *key* is replaced.

        path: The path in the links to other pages, if it differs from that of the request.
    """

    rows: Sequence[Any]
    render: Callable[[Any], Any] | None = None
    key: str = ""
    around: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


@dataclass(slots=True)
class Reply:
    """
    A handler's response.

    Attributes:
        body: A row of the store, a ``Listing``, a JSON object or array, bytes, or ``None``.

        location: The URL of the new resource, for the header of a 201.

        modified_at: The time for ``Last-Modified``. For a GET that returns a row, the default is its ``updated_at``.

        next_url: The URL of the next page, for ``Link``, if the handler makes the pages itself.

        hint: An explanation for the author of the test, if the response is not what most callers expect.

        headers: More headers.
    """

    status: int
    body: Any = None
    location: str = ""
    modified_at: datetime | None = None
    next_url: str = ""
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Reply]


class Endpoint(NamedTuple):
    """
    An operation of GitHub's API that the fake implements.

    Attributes:
        operation_id: GitHub's id, such as ``repos/get-deployment``. The schema has the same name.

        paths: The documented path, then its aliases.

        needs: The right that the caller needs on the repository in the path.

        permission: The permission that a fine-grained token or an app needs; ``""`` for none.

        anonymous: Whether anonymous callers are allowed, on public repositories.

        caller: The kind of caller that is allowed.

        finds: Looks up the resource in the path, before the body is read.
    """

    operation_id: str
    method: str
    paths: tuple[str, ...]
    handler: Handler
    needs: Permission
    anonymous: bool
    finds: Callable[[Call], Any] | None
    permission: str
    caller: authorization.Caller = "token"

    @property
    def needed(self) -> authorization.Needed:
        """The requirements on the caller."""
        reads = self.method == "GET"
        return authorization.Needed(self.operation_id, self.needs, self.permission, reads, self.caller)


registered: dict[str, Endpoint] = {}


def route(
    operation_id: str,
    *method_and_paths: str,
    needs: Permission | None = None,
    anonymous: bool | None = None,
    permission: str | None = None,
    finds: Callable[[Call], Any] | None = None,
    caller: authorization.Caller = "token",
) -> Callable[[Handler], Handler]:
    """
    Make the decorated function the handler of an operation.

    Args:
        method_and_paths: ``GET /repos/{owner}/{repo}/…`` as in GitHub's documentation, then any aliases.

        needs: The right on the repository. The default is ``pull`` for GET and ``push`` for other methods.

        anonymous: Whether anonymous callers are allowed. The default is True for GET and False for other methods.

        permission:
            The permission of a fine-grained token or app: its level is ``read``
            for GET and ``write`` for other methods. The default is
            ``administration`` if the right ``admin`` is needed, else the
            module's ``PERMISSION``, else none.

        finds: Looks up the resource in the path, for ``call.found``. Its 404 comes before any refusal of the body.

        caller: The kind of caller that is allowed: see ``authorization.Caller``.
    """
    methods, paths = zip(*(spec.split(" ") for spec in method_and_paths), strict=True)
    reads = methods[0] == "GET"
    right: Permission = needs or ("pull" if reads else "push")

    def register(handler: Handler) -> Handler:
        default: str = handler.__globals__.get("PERMISSION", "")
        needed_permission = authorization.permission_for(right, declared=permission, default=default)
        registered[operation_id] = Endpoint(
            operation_id,
            methods[0],
            paths,
            handler,
            right,
            reads if anonymous is None else anonymous,
            finds,
            needed_permission,
            caller,
        )
        return handler

    return register


def find_in_repository(
    call: Call, table: Table[Any], parameter: str, kind: str, *, label: Callable[[Any], object] = attrgetter("id")
) -> Any:  # noqa: ANN401 - a row of the table
    """
    Look up the row in *table* whose id is a parameter of the path.

    Args:
        parameter: The name of the path parameter.

        kind: The kind of object, for the hint.

        label: Makes the label of an existing row in the hint, which lists the newest 10.

    Raises:
        NotFound: The row does not exist, or belongs to another repository.
    """
    row_id = call.params[parameter]
    row = table.get(row_id)
    if row is None or row.repository_id != call.repository.id:
        known = table.where(repository_id=call.repository.id)
        elsewhere = f"; it belongs to {call.store.repository_of(row).full_name}" if row else ""
        existing = errors.known_values(row_id, (label(other) for other in known[:_SHOWN]))
        newest = f" (the newest of {len(known)})" if len(known) > _SHOWN else ""
        raise refusals.not_found(f"{call.repository.full_name} has no {kind} {row_id}{elsewhere}; {existing}{newest}")
    return row


_SHOWN = 10


def refuse_forms(call: Call, *forms: str) -> None:
    """
    Refuse *forms* that GitHub can send but the fake cannot.

    Raises:
        UnsupportedRequest: ``Accept`` requests one of them.
    """
    if call.terms.form in forms:
        msg = f"the fake does not implement the form {call.terms.form!r} of {call.endpoint.operation_id}: change Accept"
        raise UnsupportedRequest(msg, see="a-member-or-media-type-that-the-fake-lacks")


def to_id(text: str, kind: str) -> int:
    """
    Read an id from a path.

    Args:
        kind: The kind of object, for the hint.

    Raises:
        NotFound: The id is not a number, or has more than 19 digits. GitHub returns 404 as well.
    """
    number = id_or_none(text)
    if number is None:
        raise refusals.not_found(f"{kind} must be a number; got {text!r}")
    return number


def time_or_none(text: str | None) -> datetime | None:
    """Read a time from a query; ``None`` if it is invalid, which is ignored as with other parameters."""
    try:
        when = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return when.replace(tzinfo=when.tzinfo or UTC) if when else None


def id_or_none(text: str) -> int | None:
    """Read an id from a path; ``None`` if it is not a number, or has more digits than any 64-bit number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004
