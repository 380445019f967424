"""
Checks of what a test expects of events and deliveries, so that a value that cannot occur does not pass a test.

What can occur follows from the schemas of the events, and from the accounts,
repositories and hooks of the fake. A value that has merely not occurred is fine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.model import HOOK_DELIVERY_STATES, User
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.http.schema import Field
from pytest_ghdeploy.serializers import accounts as as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ghdeploy.store.events import Event
    from pytest_ghdeploy.store.store import Store

DELIVERY_FIELDS = ("action", "delivery_id", "hook_id", "reason", "redelivery", "state", "status", "status_code")
_PING = "ping"


def check_event(
    store: Store, events: Sequence[Event], name: str, fields: Mapping[str, object], *, argument: str = "name"
) -> None:
    """
    Check that an event with this *name* and these *fields* can occur. The caller holds the store's lock.

    Args:
        events: The recorded events.

        argument: The name of the argument with *name*.

    Raises:
        FakeError: The event or a field is unknown, or a value cannot occur. The message lists the possible values,
            closest first, or describes them.
    """
    __tracebackhide__ = True
    check_names(name, fields, argument=argument)
    known = schema.event_fields(name)
    for field, value in fields.items():
        of = f"of the event {name}"
        if field == "repository" or (name, field) == ("status", "name"):
            _check_repository(store, events, field, value, of)
        elif known[field].is_account and isinstance(value, (str, User)):
            _check_login(store, field, value if isinstance(value, str) else value.login, of)
        else:
            _check_value(store, field, value, known[field], of)


def check_names(name: str, fields: Iterable[str], *, argument: str = "name") -> None:
    """
    Check that events with this *name* and these *fields* exist.

    Raises:
        FakeError: The event or a field is unknown. The message lists the known ones, closest first.
    """
    names = schema.event_names()
    if name not in names:
        raise errors.unknown("event", name, names, argument=argument)
    known = schema.event_fields(name)
    for field in fields:
        if field not in known:
            raise errors.unknown("field", field, sorted(known), more=f" of the event {name}", argument=field)


def check_delivery(store: Store, event: str, fields: Mapping[str, object]) -> None:
    """
    Check that a delivery of an *event* with these *fields* can occur. The caller holds the store's lock.

    Raises:
        FakeError: The event or a field is unknown, or a value cannot occur. The message lists the possible values,
            closest first, or describes them.
    """
    __tracebackhide__ = True
    names = (*schema.event_names(), _PING)
    if event not in names:
        raise errors.unknown("event", event, names, argument="event")
    for field, value in fields.items():
        if field not in DELIVERY_FIELDS:
            raise errors.unknown("field", field, DELIVERY_FIELDS, more=" of a delivery", argument=field)
        if field == "hook_id":
            _check_hook(store, value)
        else:
            _check_value(store, field, value, _delivery_field(event, field), f"of a delivery of {event}")


def _delivery_field(event: str, field: str) -> Field:
    match field:
        case "action":
            return schema.event_fields(event)["action"]
        case "state":
            return Field({"type": "string", "enum": list(HOOK_DELIVERY_STATES)}, "")
        case "reason":
            return Field({"type": "string"}, "")
        case _:
            return schema.delivery_field("guid" if field == "delivery_id" else field)


def _check_repository(store: Store, events: Sequence[Event], field: str, value: object, of: str) -> None:
    if _is_matcher(value):
        return
    if not isinstance(value, str):
        msg = f"{field} {of} must be the full name of a repository, got {value!r}"
        raise FakeError(msg, argument=field)
    known = [row.full_name for row in store.repositories]
    # Events before a renaming have the former name.
    if value not in known and not store.had_repository(value) and all(value != event.repository for event in events):
        raise errors.unknown("repository", value, known, more=": add it with add_repository", argument=field)


def _check_login(store: Store, field: str, login: str, of: str) -> None:
    known = [user.login for user in store.users]
    if login not in known:
        raise errors.unknown(field, login, known, more=f" {of}: add the account with add_user", argument=field)


def _check_hook(store: Store, value: object) -> None:
    known = [hook.id for hook in store.hooks]  # a deleted hook has no deliveries left
    if not _is_matcher(value) and (isinstance(value, bool) or value not in known):
        raise errors.unknown("hook id", value, known, argument="hook_id")


def _check_value(store: Store, field: str, value: object, described: Field, of: str) -> None:
    rule = described.rule
    try:
        plain = _as_json(store, value)
    except _MatcherError:
        return
    except _NotJsonError as problem:
        plain, reason = value, f"it contains {problem.args[0]!r}, which is not JSON"
    else:
        violation = described.violation(plain)
        # An assertion compares a datetime with the time in the payload, however that is written.
        if violation is None or (isinstance(value, datetime) and rule.get("format") == "date-time"):
            return
        place = "".join(f"[{step!r}]" for step in violation.path)
        reason = f"{place}: {violation.message}" if place else violation.message
        if violation.validator not in _OF_CONTAINERS and not place:
            reason = ""
    if "enum" in rule and isinstance(plain, str):
        known = [choice for choice in rule["enum"] if choice is not None]
        raise errors.unknown(field, plain, known, more=f" {of}", argument=field)
    if reason and isinstance(value, (Mapping, list, tuple)):
        msg = f"{field} {of} is compared as a whole, and cannot be this {errors.kind_of(value)[2:]}: {reason}"
    else:
        msg = f"{field} {of} must be {' or '.join(_described(described))}, got {value!r}"
    raise FakeError(msg, argument=field)


_OF_CONTAINERS = ("required", "additionalProperties")


class _MatcherError(Exception):
    """A value contains a matcher."""


class _NotJsonError(Exception):
    """A value contains an object that no JSON equals."""


def _as_json(store: Store, value: object) -> Any:  # noqa: ANN401 - any JSON
    """Convert an expected value to the JSON that an assertion would find equal to it."""
    match value:
        case str():
            return str.__str__(value)  # of a member of an enumeration too
        case None | int() | float():
            return value
        case datetime():
            return as_json.time(value)
        case User():
            return as_json.user(value, store.urls)
        case Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise _NotJsonError(key)
            return {name: _as_json(store, member) for name, member in value.items()}
        case list() | tuple():
            return [_as_json(store, member) for member in value]
    if _is_matcher(value):
        raise _MatcherError
    raise _NotJsonError(value)


_SAMPLES: tuple[object, ...] = ("", 0, None, [], {})


def _is_matcher(value: object) -> bool:
    """Return whether *value* compares itself with JSON of any kind, such as ``unittest.mock.ANY``."""
    kind = type(value)
    if isinstance(value, (*_JSON_TYPES, datetime)) or kind.__module__.partition(".")[0] == "pytest_ghdeploy":
        return False
    try:
        return any(kind.__eq__(value, sample) is not NotImplemented for sample in _SAMPLES)
    except Exception:  # noqa: BLE001 - a comparison of the test's own, which expects another type
        return True


_JSON_TYPES = (str, int, float, list, tuple, Mapping, type(None))


def _described(field: Field) -> list[str]:
    """Describe the values of a field: ``["a string", "None"]``."""
    rule = field.rule
    if "anyOf" in rule:
        return list(dict.fromkeys(text for part in rule["anyOf"] for text in _described(field._replace(rule=part))))
    if field.is_account:
        return ["a login, a User or the whole object"]
    if "const" in rule:
        return [repr(rule["const"])]
    kinds = rule.get("type", "object")
    return [_described_as(kind, rule) for kind in ([kinds] if isinstance(kinds, str) else kinds)]


def _described_as(kind: str, rule: Mapping[str, Any]) -> str:
    if kind != "string":
        return _KINDS[kind] + (f", {rule['minimum']} or more" if "minimum" in rule else "")
    for keyword in ("pattern", "format"):
        if text := _STRINGS.get(rule.get(keyword, "")):
            return text
    limit = f" of at most {rule['maxLength']} characters" if "maxLength" in rule else ""
    return f"one of {', '.join(map(repr, rule['enum']))}" if "enum" in rule else f"a string{limit}"


_KINDS = {
    "array": "a list",
    "boolean": "True or False",
    "integer": "a whole number",
    "null": "None",
    "number": "a number",
    "object": "the whole object",
}
_STRINGS = {
    "^[0-9a-f]{40}$": "a SHA of 40 hexadecimal digits",
    "^refs/": "a full ref, such as 'refs/heads/main'",
    "\\+00:00$": "a datetime, or a string such as '2026-03-10T12:00:00+00:00'",
    "date-time": "a datetime, or a string such as '2026-03-10T12:00:00Z'",
    "uri": "a URL",
}
