"""
The endpoints of the admin interface. Each path is a Python name, with slashes instead of dots.

``POST /_ghdeploy/clock/tick`` calls ``ghdeploy.clock.tick``, and the keys of its
body are that method's parameters. Parameters that only Python can pass, such as
functions, are left out. In JSON, a time is a string in ISO 8601, and a hook or a
delivery is its id. ``interface/binding.py`` binds a body to the parameters, as
it does for the items of a seed file.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from pytest_ghdeploy import errors
from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.model import Team, Token, User
from pytest_ghdeploy.interface import event_values
from pytest_ghdeploy.interface.apps import App
from pytest_ghdeploy.interface.binding import Binder, Mismatch, Thing, is_required, signature_of
from pytest_ghdeploy.interface.deployer import Deployer
from pytest_ghdeploy.interface.event_fields import matching
from pytest_ghdeploy.interface.fault_plan import Fault
from pytest_ghdeploy.interface.labels import Label
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
    """The members of a fake used here, apart from the methods that endpoints call by name."""

    @property
    def clock(self) -> Clock: ...  # noqa: D102 - see FakeGitHub
    @property
    def conversation(self) -> Conversation: ...  # noqa: D102
    @property
    def events(self) -> Events: ...  # noqa: D102
    @property
    def faults(self) -> Iterable[Fault]: ...  # noqa: D102
    @property
    def repositories(self) -> Sequence[Repository]: ...  # noqa: D102
    @property
    def requests(self) -> Sequence[Exchange]: ...  # noqa: D102
    @property
    def tokens(self) -> Sequence[Token]: ...  # noqa: D102
    @property
    def webhooks(self) -> Webhooks: ...  # noqa: D102
    def repository(self, full_name: str) -> Repository: ...  # noqa: D102


class Endpoint(NamedTuple):
    """
    An endpoint of the admin interface.

    Attributes:
        path: The path below ``/_ghdeploy``. A segment in braces is a parameter.

        does: A summary; if empty, the first line of the method's docstring.

        without: Parameters of the method that only Python can pass.

        calls: The name of the method, if it differs from the path.
    """

    method: str
    path: str
    does: str = ""
    without: frozenset[str] = frozenset()
    calls: str = ""


_REPOSITORY = "repositories/{owner}/{name}"

ENDPOINTS = (
    Endpoint("GET", "", "Return the URL of the API, and list these endpoints."),
    Endpoint("POST", "reset", calls="_restart"),
    Endpoint("POST", "seed", "Load the body as a seed, with the keys of a seed file."),
    Endpoint(
        "GET",
        "problems",
        "List problems that would fail a test in pytest: requests without an endpoint, unused faults, …",
    ),
    Endpoint("GET", "clock", "Return the fake's current time."),
    Endpoint("POST", "clock/tick"),
    Endpoint("POST", "clock/move_to"),
    Endpoint("GET", "requests", "List the recorded requests, oldest first. A query filters by their fields."),
    Endpoint("GET", "conversation", "Return the conversation as text, as a diagram and as Mermaid."),
    Endpoint("GET", "events", "List the dispatched events, oldest first."),
    Endpoint("GET", "events/{event}", "List the events with this name. A query filters by fields, as in assert_event."),
    Endpoint("POST", "events/clear"),
    Endpoint("POST", "assert_event"),
    Endpoint("POST", "assert_no_event"),
    Endpoint("POST", "assert_events"),
    Endpoint("POST", "assert_delivery"),
    Endpoint("POST", "assert_request"),
    Endpoint("POST", "assert_no_request"),
    Endpoint("GET", "faults", "List the added faults, oldest first."),
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
    Endpoint("GET", "webhooks/deliveries", "List all deliveries, newest first. A query filters by their fields."),
    Endpoint("GET", "webhooks/held", "List the held deliveries, oldest first."),
    Endpoint("POST", "webhooks/hold"),
    Endpoint("POST", "webhooks/release"),
    Endpoint("POST", "webhooks/drop"),
    Endpoint("POST", "webhooks/redeliver"),
    Endpoint("POST", "add_user"),
    Endpoint("GET", "tokens", "List the tokens that were added and not revoked: their rights, not their text."),
    Endpoint("POST", "add_token"),
    Endpoint("POST", "revoke_token"),
    Endpoint("POST", "add_team"),
    Endpoint("POST", "add_app"),
    Endpoint("GET", "repositories", "List the repositories, newest first."),
    Endpoint("POST", "add_repository"),
    Endpoint("POST", f"{_REPOSITORY}/rename"),
    Endpoint("POST", f"{_REPOSITORY}/add_branch"),
    Endpoint("POST", f"{_REPOSITORY}/add_commit"),
    Endpoint("POST", f"{_REPOSITORY}/add_tag"),
    Endpoint("POST", f"{_REPOSITORY}/add_ref"),
    Endpoint("POST", f"{_REPOSITORY}/protect_branch"),
    Endpoint("POST", f"{_REPOSITORY}/add_merge_conflict"),
    Endpoint("POST", f"{_REPOSITORY}/add_collaborator"),
    Endpoint("POST", f"{_REPOSITORY}/add_commit_status"),
    Endpoint("POST", f"{_REPOSITORY}/add_check_run"),
    Endpoint("POST", f"{_REPOSITORY}/add_commit_comment"),
    Endpoint("POST", f"{_REPOSITORY}/add_label"),
    Endpoint("POST", f"{_REPOSITORY}/add_pull_request"),
    Endpoint("POST", f"{_REPOSITORY}/add_deployment"),
    Endpoint("POST", f"{_REPOSITORY}/add_deploy_key"),
    Endpoint("POST", f"{_REPOSITORY}/add_environment"),
    Endpoint("POST", f"{_REPOSITORY}/add_release"),
    Endpoint("POST", f"{_REPOSITORY}/add_topic"),
    Endpoint("POST", f"{_REPOSITORY}/add_branch_rule"),
)
"""All endpoints, in the order of the documentation."""


def index(fake: Fake, prefix: str) -> list[JSON]:
    """List all endpoints with their method, path, body keys and summary."""
    return [
        {
            "method": endpoint.method,
            "path": f"{prefix}/{endpoint.path}".rstrip("/"),
            "keys": keys(fake, endpoint),
            "does": endpoint.does or _first_line(_method(fake, endpoint)),
        }
        for endpoint in ENDPOINTS
    ]


def _first_line(method: object) -> str:
    return (inspect.getdoc(method) or "").partition("\n")[0].replace("``", "`").replace("*", "`")


def keys(fake: Fake, endpoint: Endpoint) -> list[str]:
    """List the keys of a body; optional ones with their default, as ``name=value``."""
    return [
        name if is_required(parameter) else f"{name}={json.dumps(_MANY.get(parameter.kind, parameter.default))}"
        for name, parameter in _parameters(fake, endpoint).items()
    ]


_MANY: dict[Any, JSON] = {inspect.Parameter.VAR_POSITIONAL: None, inspect.Parameter.VAR_KEYWORD: {}}


def _parameters(fake: Fake, endpoint: Endpoint) -> Mapping[str, inspect.Parameter]:
    if endpoint.method == "GET" or endpoint.path == "seed":
        return {}
    return signature_of(_function(_method(fake, endpoint)), endpoint.without).parameters


def _method(fake: Fake, endpoint: Endpoint) -> Callable[..., object]:
    *place, name = (endpoint.calls or endpoint.path).split("/")
    method: Callable[..., object] = getattr(
        Repository if endpoint.path.startswith(_REPOSITORY) else reduce(getattr, place, fake), name
    )
    return method


def _function(method: Callable[..., object]) -> Callable[..., object]:
    # Signatures are cached, and a bound method in the cache would keep its fake alive.
    function: Callable[..., object] = getattr(method, "__func__", method)
    return function


# Calls


def call(fake: Fake, endpoint: Endpoint, names: Mapping[str, str], body: Mapping[str, Any]) -> JSON:
    """
    Call an endpoint's method with the members of *body* as arguments.

    Returns:
        The method's result as JSON: GitHub's fields of an added resource, ``{"sha": …}`` for a commit, ``{}`` for
        ``None``.

    Raises:
        FakeError: A key is unknown or missing, or a value is invalid. Nothing has changed.
        AssertionError: The assertion failed.
    """
    method = _method(fake, endpoint)
    if endpoint.path == "seed":
        return _result(method(body))
    bound = _binder(fake).bind(_function(method), body, without=endpoint.without)
    if names:
        method = partial(method, fake.repository(f"{names['owner']}/{names['name']}"))
    return _result(method(*bound.args, **bound.kwargs))


def _binder(fake: Fake) -> Binder:
    def delivery(number: int) -> Delivery:
        return _by_id("delivery", number, fake.webhooks.deliveries)

    def hook(number: int) -> Hook:
        return _by_id("hook", number, fake.webhooks.hooks)

    things = {Delivery: Thing("the id of a delivery", delivery), Hook: Thing("the id of a hook", hook)}
    return Binder("the body", things=things)


def _by_id(kind: str, number: int, items: Sequence[T]) -> T:
    for item in items:
        if item.id == number or _rounded(item.id) == _rounded(number):
            return item
    raise errors.unknown(kind, number, (item.id for item in items))


def _rounded(number: int) -> float | None:
    # JavaScript and jq round the ids of deliveries, which have 19 digits.
    return float(number) if abs(number) < 1 << 64 else None


def _result(result: object) -> JSON:
    if result is None:
        return {}
    return {"sha": result} if isinstance(result, str) else shown(result)


def refusal(fake: Fake, endpoint: Endpoint, problem: FakeError) -> JSON:
    """Return the body of a refusal: the message, the wrong key or ``None``, and the existing keys."""
    parameters = _parameters(fake, endpoint)
    argument = problem.argument
    # A method's errors name its parameters. One that is not a key of the body is a field, or part of the path.
    if argument not in parameters and endpoint.path != "seed" and not isinstance(problem, Mismatch):
        variadic = inspect.Parameter.VAR_KEYWORD
        fields = next((name for name, parameter in parameters.items() if parameter.kind is variadic), None)
        argument = f"{fields}.{argument}" if argument and fields else None
    return {"message": str(problem), "argument": argument, "keys": list(parameters)}


# Reading


def read(fake: Fake, endpoint: Endpoint, names: Mapping[str, str], query: Mapping[str, str]) -> JSON:
    """
    Return the state that an endpoint reads, filtered by a *query*.

    Raises:
        FakeError: The query has an unknown field.
    """
    if endpoint.path == "events/{event}":
        return shown(_events(fake, names["event"], query))
    return shown(_selected(_READS[endpoint.path](fake), endpoint.path, query))


_READS: dict[str, Callable[[Fake], object]] = {
    "clock": lambda fake: {"now": fake.clock.now},
    "requests": lambda fake: list(fake.requests),
    "conversation": lambda fake: {name: getattr(fake.conversation, name)() for name in ("text", "diagram", "mermaid")},
    "events": lambda fake: list(fake.events),
    "faults": lambda fake: list(fake.faults),
    "webhooks/hooks": lambda fake: fake.webhooks.hooks,
    "webhooks/deliveries": lambda fake: fake.webhooks.deliveries,
    "webhooks/held": lambda fake: fake.webhooks.held,
    "tokens": lambda fake: fake.tokens,
    "repositories": lambda fake: fake.repositories,
}
_SELECTABLE = {
    "requests": ("method", "path", "status", "login", "failure"),
    "webhooks/deliveries": ("id", "event", *event_values.DELIVERY_FIELDS),
}


def _selected(items: Any, path: str, query: Mapping[str, str]) -> object:  # noqa: ANN401 - any state
    known = _SELECTABLE.get(path, ())
    for name in query:
        if name not in known:
            raise errors.unknown("field", name, known, more=f" for filtering {path}")
    if not query:
        return items
    return [item for item in items if all(text in _texts(getattr(item, name)) for name, text in query.items())]


def _texts(value: object) -> tuple[str, ...]:
    return ("",) if value is None else (str(value), json.dumps(value))


def _events(fake: Fake, name: str, query: Mapping[str, str]) -> list[Event]:
    event_values.check_names(name, query)
    events = fake.events.named(name)
    for field, text in query.items():
        # Query values are strings: "5" may mean a number, or a branch with that name.
        matches = {event for value in _values(text) for event in matching(events, name, {field: value})}
        events = [event for event in events if event in matches]
    return events


def _values(text: str) -> list[Any]:
    try:
        return [text, json.loads(text)]
    except (ValueError, RecursionError):
        return [text]


# Objects as JSON

_ATTRIBUTES: dict[type, tuple[str, ...]] = {
    **dict.fromkeys((App, model.App), ("id", "client_id", "slug", "name", "owner", "permissions", "events")),
    Deployer: ("login", "environment", "deployments", "posted"),
    Delivery: (
        *("id", "delivery_id", "hook_id", "event", "action", "state", "status", "status_code", "reason"),
        *("redelivery", "delivered_at", "duration", "headers", "body", "payload"),
        *("response_headers", "response_payload"),
    ),
    Event: ("name", "action", "repository", "delivery_id", "payload"),
    Exchange: Exchange._fields,
    Hook: ("id", "url", "config", "events", "active", "last_response", "created_at", "updated_at"),
    Label: ("id", "name", "color", "description", "default"),
    Repository: ("id", "full_name", "name", "owner", "private", "default_branch"),
    Team: ("id", "slug", "name", "organization"),
    Token: ("user", "kind", "scopes", "permissions", "app", "expires_at"),
    User: ("id", "login", "type"),
}


def shown(value: Any) -> JSON:  # noqa: ANN401 - any result
    """Convert a value to JSON: a GitHub resource to its fields, other objects to their attributes."""
    if names := _ATTRIBUTES.get(type(value)):
        return {name: shown(getattr(value, name)) for name in names}
    for kind, show in _SHOWN_AS:
        if isinstance(value, kind):
            return show(value)
    return value


def _item(item: _Item) -> JSON:
    row: JSON = item._as_json(item._row)  # noqa: SLF001 - all attributes at once
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
    (Mapping, lambda value: {str(name): shown(member) for name, member in value.items()}),
    ((list, tuple), lambda value: [shown(item) for item in value]),
)
