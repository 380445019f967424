"""
What an endpoint is, without HTTP machinery: a function from ``Call`` to ``Reply``.

``@route`` names the operation and its path as GitHub's documentation spells
them. The application finds the repository, checks who asks, validates the body
and cuts pages, before and after; a handler does only what is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from inspect import getfullargspec
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.model import API_VERSIONS

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.model import App, Permission, Repository, Token, User
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.store.tables import Table


@cache
def _keywords(operation: Callable[..., Any]) -> frozenset[str]:
    return frozenset(getfullargspec(operation).kwonlyargs)


class Terms(NamedTuple):
    """
    What a request and its answer have agreed on.

    Attributes:
        form: Another form of the answer than JSON that the client would rather have, such as ``raw``, else ``""``.

        asked: The type that asks for this form.

        media_type: What ``X-GitHub-Media-Type`` says.
    """

    version: str = API_VERSIONS[0]
    form: str = ""
    asked: str = ""
    media_type: str = "github.v3; format=json"


USUAL_TERMS = Terms()


@dataclass(slots=True)
class Call:
    """
    A request that has got as far as its handler.

    Attributes:
        urls: The roots for URLs in the answer.

        viewer: Who asks; ``None`` for an anonymous caller.

        params: The path's parameters, unquoted; those that end in ``_id`` as integers.

        query: The query's parameters, the last of each name.

        body: The valid body, ``{}`` where the operation takes none.

        found: What the endpoint's ``finds`` has found.

        terms: The version of the API and the form of the answer that the client asks for.

        token: What the caller has shown; ``None`` for an anonymous one.
    """

    endpoint: Endpoint
    store: Store
    urls: Urls
    viewer: User | None
    params: dict[str, Any]
    query: dict[str, str]
    body: dict[str, Any]
    repository_or_none: Repository | None = None
    found: Any = None
    terms: Terms = USUAL_TERMS
    token: Token | None = None

    @property
    def app(self) -> App | None:
        """The app in whose name the caller acts, if it does so in one's."""
        return self.token.app if self.token else None

    @property
    def repository(self) -> Repository:
        """The repository in the path, which the caller may see."""
        assert self.repository_or_none is not None  # noqa: S101 - the application has found it
        return self.repository_or_none

    @property
    def actor(self) -> User:
        """Who asks, where the application lets nobody in without a name."""
        assert self.viewer is not None  # noqa: S101 - the application has checked it
        return self.viewer

    def arguments_for(self, operation: Callable[..., Any], **fixed: object) -> dict[str, Any]:
        """Pick the members of the body that *operation* takes, and *fixed*; GitHub ignores others."""
        names = _keywords(operation)
        return {name: value for name, value in self.body.items() if name in names} | fixed


@dataclass(slots=True)
class Listing:
    """
    Many of something, of which the application answers one page.

    Attributes:
        rows: All of them, in GitHub's order.

        render: Makes the JSON of one; rows of the store need none.

        around: For an object with the page under *key*: makes its other fields.
    """

    rows: Sequence[Any]
    render: Callable[[Any], Any] | None = None
    key: str = ""
    around: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Reply:
    """
    An answer. *body* is a row of the store, a ``Listing``, a JSON object or array, bytes, or nothing.

    Attributes:
        location: The URL of what was created, for the header of a 201.

        modified_at: When what is shown last changed, for ``Last-Modified``; for a row that GET shows,
            its ``updated_at`` if not given.

        next_url: Where the list goes on, for ``Link``, where the handler cuts pages itself.
    """

    status: int
    body: Any = None
    location: str = ""
    modified_at: datetime | None = None
    next_url: str = ""


Handler = Callable[[Call], Reply]


class Endpoint(NamedTuple):
    """
    An operation of GitHub's API that the fake answers.

    Attributes:
        operation_id: GitHub's, such as ``repos/get-deployment``; also the name of its schema.

        paths: The first is GitHub's documented one.

        needs: The right a caller must have on the repository in the path.

        permission: What a fine-grained token or an app must have, ``""`` for nothing.

        anonymous: Whether a caller needs no token (if what is asked for is public).

        finds: Looks up what the path is about, before the body is read.
    """

    operation_id: str
    method: str
    paths: tuple[str, ...]
    handler: Handler
    needs: Permission
    anonymous: bool
    finds: Callable[[Call], Any] | None
    permission: str

    @property
    def needed(self) -> authorization.Needed:
        """What the caller must have."""
        return authorization.Needed(self.operation_id, self.needs, self.permission, self.method == "GET")


registered: dict[str, Endpoint] = {}


def route(
    operation_id: str,
    *method_and_paths: str,
    needs: Permission | None = None,
    anonymous: bool | None = None,
    permission: str | None = None,
    finds: Callable[[Call], Any] | None = None,
) -> Callable[[Handler], Handler]:
    """
    Make the decorated function the handler of an operation.

    Args:
        method_and_paths: As in GitHub's documentation, ``GET /repos/{owner}/{repo}/…``; more than one for aliases.

        needs: ``pull`` for GET and ``push`` for all else, if not given.

        anonymous: True for GET and False for all else, if not given.

        permission: GitHub's name of what a fine-grained token or an app needs, to read for GET and to write for
            all else. If not given, ``administration`` where the right ``admin`` is needed, else the module's
            ``PERMISSION``; without one, none is needed.

        finds: Looks up what the path is about, for ``call.found``; its 404 comes before any refusal of the body.
    """
    methods, paths = zip(*(spec.split(" ") for spec in method_and_paths), strict=True)
    reads = methods[0] == "GET"
    right: Permission = needs or ("pull" if reads else "push")

    def register(handler: Handler) -> Handler:
        usual: str = handler.__globals__.get("PERMISSION", "")
        named = authorization.permission_for(needs=right, given=permission, usual=usual)
        registered[operation_id] = Endpoint(
            operation_id,
            methods[0],
            paths,
            handler,
            right,
            reads if anonymous is None else anonymous,
            finds,
            named,
        )
        return handler

    return register


def find_in_repository(
    call: Call, table: Table[Any], parameter: str, what: str, *, label: Callable[[Any], object] = attrgetter("id")
) -> Any:  # noqa: ANN401 - a row of the table
    """
    Look up what a parameter of the path names by its id, in *table*.

    Args:
        what: What it is, for the hint.

        label: What the hint shows of those that there are.

    Raises:
        NotFound: It is not there, or belongs to another repository.
    """
    wanted = call.params[parameter]
    row = table.get(wanted)
    if row is None or row.repository_id != call.repository.id:
        known = table.where(repository_id=call.repository.id)
        elsewhere = f"; it belongs to {call.store.repository_of(row).full_name}" if row else ""
        there = errors.there_is(wanted, (label(one) for one in known[:_SHOWN]))
        newest = f" (the newest of {len(known)})" if len(known) > _SHOWN else ""
        raise refusals.not_found(
            f"there is no {what} {wanted} in {call.repository.full_name}{elsewhere}; {there}{newest}"
        )
    return row


_SHOWN = 10


def refuse_forms(call: Call, *forms: str) -> None:
    """
    Refuse *forms* of an answer, as ``Accept`` asks for them, that GitHub has and the fake has not.

    Raises:
        UnsupportedRequest: The client asks for one of them.
    """
    if call.terms.form in forms:
        msg = (
            f"{call.endpoint.operation_id} has the form {call.terms.form!r} on GitHub, and not in this fake: see Accept"
        )
        raise UnsupportedRequest(msg)


def to_id(text: str, what: str) -> int:
    """
    Read an id from a path.

    Raises:
        NotFound: It is not a number, as GitHub answers then.
    """
    number = id_or_none(text)
    if number is None:
        raise refusals.not_found(f"{what} is a number; the request has {text!r}")
    return number


def id_or_none(text: str) -> int | None:
    """Read an id from a path; ``None`` if it is not a number, or has more digits than any 64-bit number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004
