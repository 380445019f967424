"""
What the admin interface can do. A path is the name that Python has for it, with slashes for dots.

``POST /_ghdeploy/clock/tick`` calls ``ghdeploy.clock.tick``, and the keys of its
body are that method's arguments. What only Python can give, such as a function,
is left out; what JSON has no form for is given by what names it: a time in ISO
8601, a hook or a delivery by its id. ``interface/binding.py`` reads a body, as
it reads the items of a seed file.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from pytest_ghdeploy import errors
from pytest_ghdeploy.github.model import App, Team, Token, User
from pytest_ghdeploy.interface import assertions
from pytest_ghdeploy.interface.binding import Binder, Mismatch, Thing, is_required, signature_of
from pytest_ghdeploy.interface.deployer import Deployer
from pytest_ghdeploy.interface.fault_plan import Fault
from pytest_ghdeploy.interface.repository import Repository
from pytest_ghdeploy.interface.resources import Deployment, _Item
from pytest_ghdeploy.report.exchange import Exchange
from pytest_ghdeploy.serializers import accounts as as_json
from pytest_ghdeploy.store.events import Event
from pytest_ghdeploy.webhooks.hooks import Delivery, Hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_ghdeploy.errors import FakeError
    from pytest_ghdeploy.report.conversation import Conversation
    from pytest_ghdeploy.store.clock import Clock
    from pytest_ghdeploy.store.events import Events
    from pytest_ghdeploy.webhooks.webhooks import Webhooks

PREFIX = "/_ghdeploy"

JSON = Any
T = TypeVar("T", Delivery, Hook)


class Fake(Protocol):
    """What is needed of a fake here, beside the methods that are called by their names."""

    @property
    def clock(self) -> Clock: ...  # noqa: D102 - said by FakeGitHub
    @property
    def conversation(self) -> Conversation: ...  # noqa: D102
    @property
    def events(self) -> Events: ...  # noqa: D102
    @property
    def faults(self) -> Iterable[Fault]: ...  # noqa: D102
    @property
    def requests(self) -> Sequence[Exchange]: ...  # noqa: D102
    @property
    def tokens(self) -> Sequence[Token]: ...  # noqa: D102
    @property
    def webhooks(self) -> Webhooks: ...  # noqa: D102
    def repository(self, full_name: str) -> Repository: ...  # noqa: D102


class Endpoint(NamedTuple):
    """
    One thing to ask for.

    Attributes:
        path: Below ``/_ghdeploy``; a segment in braces stands for any.

        without: Arguments of the method that only Python can give.

        calls: The method by another name than the path.
    """

    method: str
    path: str
    does: str = ""
    without: frozenset[str] = frozenset()
    calls: str = ""


_REPOSITORY = "repositories/{owner}/{name}"

ENDPOINTS = (
    Endpoint("GET", "", "Tell where the API is, and list these endpoints."),
    Endpoint("POST", "reset", calls="_start_anew"),
    Endpoint("POST", "seed", "Load what the body says, an object as a seed file has it."),
    Endpoint(
        "GET",
        "problems",
        "Tell what would fail a test in pytest: requests without an endpoint, faults that were not used up, …",
    ),
    Endpoint("GET", "clock", "Tell the time it is in the fake."),
    Endpoint("POST", "clock/tick"),
    Endpoint("POST", "clock/move_to"),
    Endpoint("GET", "requests", "List what was answered, oldest first. A query selects by its fields."),
    Endpoint("GET", "conversation", "Tell what was said: as text, drawn, and as Mermaid."),
    Endpoint("GET", "events", "List what was dispatched, oldest first."),
    Endpoint("GET", "events/{event}", "List the events of a name. A query selects by fields, as assert_event does."),
    Endpoint("POST", "events/clear"),
    Endpoint("POST", "assert_event"),
    Endpoint("POST", "assert_no_event"),
    Endpoint("POST", "assert_events"),
    Endpoint("POST", "assert_delivery"),
    Endpoint("GET", "faults", "List the faults that were added, oldest first."),
    Endpoint("POST", "faults/add"),
    Endpoint("POST", "faults/clear"),
    Endpoint("POST", "rate_limits/set"),
    Endpoint("POST", "rate_limits/set_secondary"),
    Endpoint("POST", "rate_limits/clear"),
    Endpoint("POST", "stub"),
    Endpoint("POST", "deployer", without=frozenset({"fails_on", "by_webhook"})),
    Endpoint("GET", "webhooks/hooks", "List all hooks, oldest first."),
    Endpoint("POST", "webhooks/subscribe", without=frozenset({"path", "kind", "in_thread"})),
    Endpoint("POST", "webhooks/unsubscribe"),
    Endpoint("GET", "webhooks/deliveries", "List all deliveries, newest first. A query selects by their fields."),
    Endpoint("GET", "webhooks/held", "List the deliveries that are kept back, oldest first."),
    Endpoint("POST", "webhooks/hold"),
    Endpoint("POST", "webhooks/release"),
    Endpoint("POST", "webhooks/drop"),
    Endpoint("POST", "webhooks/redeliver"),
    Endpoint("POST", "add_user"),
    Endpoint("GET", "tokens", "List the tokens that were added and not revoked: what they may do, not what they are."),
    Endpoint("POST", "add_token"),
    Endpoint("POST", "revoke_token"),
    Endpoint("POST", "add_team"),
    Endpoint("POST", "add_app"),
    Endpoint("POST", "add_repository"),
    Endpoint("POST", f"{_REPOSITORY}/rename"),
    Endpoint("POST", f"{_REPOSITORY}/add_branch"),
    Endpoint("POST", f"{_REPOSITORY}/add_commit"),
    Endpoint("POST", f"{_REPOSITORY}/add_tag"),
    Endpoint("POST", f"{_REPOSITORY}/add_ref"),
    Endpoint("POST", f"{_REPOSITORY}/add_merge_conflict"),
    Endpoint("POST", f"{_REPOSITORY}/add_collaborator"),
    Endpoint("POST", f"{_REPOSITORY}/add_commit_status"),
    Endpoint("POST", f"{_REPOSITORY}/add_check_run"),
    Endpoint("POST", f"{_REPOSITORY}/add_deployment"),
    Endpoint("POST", f"{_REPOSITORY}/add_deploy_key"),
    Endpoint("POST", f"{_REPOSITORY}/add_environment"),
)
"""All that there is, in the order of the documentation."""


def index(fake: Fake, prefix: str) -> list[JSON]:
    """Tell of all endpoints: method, path, keys of the body, and what each does."""
    return [
        {
            "method": one.method,
            "path": f"{prefix}/{one.path}".rstrip("/"),
            "keys": keys(fake, one),
            "does": one.does or _first_line(_method(fake, one)),
        }
        for one in ENDPOINTS
    ]


def _first_line(method: object) -> str:
    return (inspect.getdoc(method) or "").partition("\n")[0].replace("``", "`").replace("*", "`")


def keys(fake: Fake, endpoint: Endpoint) -> list[str]:
    """List the keys of a body, each that may be left out with what it is then."""
    return [
        name if is_required(one) else f"{name}={json.dumps(_MANY.get(one.kind, one.default))}"
        for name, one in _parameters(fake, endpoint).items()
    ]


_MANY: dict[Any, JSON] = {inspect.Parameter.VAR_POSITIONAL: None, inspect.Parameter.VAR_KEYWORD: {}}


def _parameters(fake: Fake, endpoint: Endpoint) -> Mapping[str, inspect.Parameter]:
    if endpoint.method == "GET" or endpoint.path == "seed":
        return {}
    return signature_of(_function(_method(fake, endpoint)), endpoint.without).parameters


def _method(fake: Fake, endpoint: Endpoint) -> Callable[..., object]:
    *place, name = (endpoint.calls or endpoint.path).split("/")
    found: Callable[..., object] = getattr(
        Repository if endpoint.path.startswith(_REPOSITORY) else reduce(getattr, place, fake), name
    )
    return found


def _function(method: Callable[..., object]) -> Callable[..., object]:
    # Signatures are kept, and a bound method would keep its fake.
    function: Callable[..., object] = getattr(method, "__func__", method)
    return function


# Calls


def call(fake: Fake, endpoint: Endpoint, names: Mapping[str, str], given: Mapping[str, Any]) -> JSON:
    """
    Call a method with what a body has *given*.

    Returns:
        What it returns: GitHub's fields of what was added, ``{"sha": …}`` for a commit, ``{}`` for nothing.

    Raises:
        FakeError: A key is unknown, missing, or makes no sense. Nothing has changed.
        AssertionError: What was asserted is not so.
    """
    method = _method(fake, endpoint)
    if endpoint.path == "seed":
        return _answered(method(given))
    bound = _binder(fake).bind(_function(method), given, without=endpoint.without)
    if names:
        method = partial(method, fake.repository(f"{names['owner']}/{names['name']}"))
    return _answered(method(*bound.args, **bound.kwargs))


def _binder(fake: Fake) -> Binder:
    def delivery(number: int) -> Delivery:
        return _by_id("delivery", number, fake.webhooks.deliveries)

    def hook(number: int) -> Hook:
        return _by_id("hook", number, fake.webhooks.hooks)

    things = {Delivery: Thing("the id of a delivery", delivery), Hook: Thing("the id of a hook", hook)}
    return Binder("the body", things=things)


def _by_id(kind: str, number: int, there: Sequence[T]) -> T:
    for one in there:
        if one.id == number:
            return one
    raise errors.unknown(kind, number, (one.id for one in there))


def _answered(result: object) -> JSON:
    if result is None:
        return {}
    return {"sha": result} if isinstance(result, str) else shown(result)


def refusal(fake: Fake, endpoint: Endpoint, problem: FakeError) -> JSON:
    """Describe a *problem* with a request: the message, the key to change if it is one, and the keys that exist."""
    parameters = _parameters(fake, endpoint)
    argument = problem.argument
    # A method's own errors speak of its arguments: one that is no key here is a field, or named in the path.
    if argument not in parameters and endpoint.path != "seed" and not isinstance(problem, Mismatch):
        fields = next((name for name, one in parameters.items() if one.kind is one.VAR_KEYWORD), None)
        argument = f"{fields}.{argument}" if argument and fields else None
    return {"message": str(problem), "argument": argument, "keys": list(parameters)}


# Reading


def read(fake: Fake, endpoint: Endpoint, names: Mapping[str, str], query: Mapping[str, str]) -> JSON:
    """
    Read something, or what of it a *query* selects.

    Raises:
        FakeError: The query asks for a field that there is not.
    """
    if endpoint.path == "events/{event}":
        return shown(_events(fake, names["event"], query))
    return shown(_selected(_READS[endpoint.path](fake), endpoint.path, query))


_READS: dict[str, Callable[[Fake], object]] = {
    "clock": lambda fake: {"now": fake.clock.now},
    "requests": lambda fake: fake.requests,
    "conversation": lambda fake: {name: getattr(fake.conversation, name)() for name in ("text", "diagram", "mermaid")},
    "events": lambda fake: list(fake.events),
    "faults": lambda fake: list(fake.faults),
    "webhooks/hooks": lambda fake: fake.webhooks.hooks,
    "webhooks/deliveries": lambda fake: fake.webhooks.deliveries,
    "webhooks/held": lambda fake: fake.webhooks.held,
    "tokens": lambda fake: fake.tokens,
}
_SELECTABLE = {
    "requests": ("method", "path", "status", "login", "failure"),
    "webhooks/deliveries": ("id", "event", *assertions.DELIVERY_FIELDS),
}


def _selected(found: Any, path: str, query: Mapping[str, str]) -> object:  # noqa: ANN401 - what a reading gives
    known = _SELECTABLE.get(path, ())
    for name in query:
        if name not in known:
            raise errors.unknown("field", name, known, more=f" to select {path} by")
    if not query:
        return found
    return [one for one in found if all(text in _texts(getattr(one, name)) for name, text in query.items())]


def _texts(value: object) -> tuple[str, ...]:
    return ("",) if value is None else (str(value), json.dumps(value))


def _events(fake: Fake, name: str, query: Mapping[str, str]) -> list[Event]:
    found = assertions.matching(list(fake.events), name, {})
    for field, text in query.items():
        # A query has texts only: 5 may be a number, and a branch of this name.
        wanted = [assertions.matching(found, name, {field: value}) for value in _values(text)]
        found = [event for event in found if any(event is one for some in wanted for one in some)]
    return found


def _values(text: str) -> list[Any]:
    try:
        return [text, json.loads(text)]
    except (ValueError, RecursionError):
        return [text]


# What JSON shows of things

_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    App: ("id", "slug", "name", "owner", "permissions", "events"),
    Deployer: ("login", "environment", "deployments", "posted"),
    Delivery: (
        *("id", "delivery_id", "hook_id", "event", "action", "state", "status", "status_code", "reason"),
        *("redelivery", "delivered_at", "duration", "headers", "body", "payload"),
        *("response_headers", "response_payload"),
    ),
    Event: ("name", "action", "repository", "delivery_id", "payload"),
    Exchange: Exchange._fields,
    Hook: ("id", "url", "config", "events", "active", "last_response", "created_at", "updated_at"),
    Repository: ("id", "full_name", "name", "owner", "private", "default_branch"),
    Team: ("id", "slug", "name", "organization"),
    Token: ("user", "kind", "scopes", "permissions", "app", "expires_at"),
    User: ("id", "login", "type"),
}


def shown(value: Any) -> JSON:  # noqa: ANN401 - whatever Python gives
    """Make JSON of what Python gives: of an item of GitHub's its fields there, of others their attributes."""
    if names := _ATTRIBUTES.get(type(value)):
        return {name: shown(getattr(value, name)) for name in names}
    for kind, show in _SHOWN_AS:
        if isinstance(value, kind):
            return show(value)
    return value


def _item(item: _Item) -> JSON:
    row: JSON = item._as_json(item._row)  # noqa: SLF001 - what its attributes show, all at once
    return row | {"state": item.state} if isinstance(item, Deployment) else row


def _fault(fault: Fault) -> JSON:
    return {"fault": str(fault)} | {
        name: getattr(fault, name) for name in ("method", "path", "times", "used", "required")
    }


_SHOWN_AS: tuple[tuple[Any, Callable[[Any], JSON]], ...] = (
    (Fault, _fault),
    (_Item, _item),
    (datetime, as_json.time),
    (bytes, lambda value: value.decode(errors="replace")),
    (Mapping, lambda value: {str(name): shown(one) for name, one in value.items()}),
    ((list, tuple), lambda value: [shown(one) for one in value]),
)
