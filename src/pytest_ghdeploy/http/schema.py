"""The bundled JSON schemas: finding and compiling them, and checking bodies, responses and events."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.github.model import API_VERSIONS
from pytest_ghdeploy.http import glance
from pytest_ghdeploy.public import public
from pytest_ghdeploy.store.events import OWN_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource


# urllib.parse resolves relative references only for schemes that it knows. Nothing is fetched.
_BASE = "https://ghdeploy.invalid/"
_ANY_OPERATION = "components/any-operation"


def directory() -> Path:
    """Find ``schemas/``: inside the installed package, else at the top of the source tree."""
    installed = Path(__file__).parents[1] / "schemas"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "schemas"


@cache
def load(name: str) -> dict[str, Any]:
    """Read a schema by its path below ``schemas/`` without the suffix, such as ``repos/get-deployment``."""
    contents: dict[str, Any] = json.loads((directory() / f"{name}.json").read_text("utf-8"))
    return contents


def documentation_url(operation_id: str) -> str:
    """Look up GitHub's page for an operation."""
    url: str = load(operation_id)["documentation_url"]
    return url


@public
class SchemaViolation(AssertionError):
    """A response or event of the fake does not match its schema. This is a bug in the fake."""


# Formats. Without these functions, jsonschema does not check them.

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//[^\s/?#<>\"{}|\\^`]*)?[^\s<>\"{}|\\^`]*", re.ASCII)


def is_date_time(value: object) -> bool:
    """Return whether *value* is a ``date-time`` of RFC 3339. Values other than strings are valid too."""
    if not isinstance(value, str):
        return True
    try:
        return bool(_DATE_TIME.fullmatch(value) and datetime.fromisoformat(value))
    except ValueError:
        return False


def is_uri(value: object) -> bool:
    """Return whether *value* is an absolute, escaped URI of RFC 3986. Values other than strings are valid too."""
    return not isinstance(value, str) or bool(_URI.fullmatch(value))


def is_uri_or_empty(value: object) -> bool:
    """Return whether *value* is valid in a request. GitHub refuses an empty URI later: ``url cannot be blank``."""
    return value == "" or is_uri(value)


_FORMATS = {"date-time": is_date_time, "uri": is_uri}
_REQUEST_FORMATS = {**_FORMATS, "uri": is_uri_or_empty}


@cache
def _registry(version: str) -> Registry[Any]:
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    def retrieve(uri: str) -> Resource[Any]:
        return DRAFT202012.create_resource(_as_of(version, load(uri.removeprefix(_BASE).removesuffix(".json"))))

    return Registry(retrieve=retrieve)  # type: ignore[call-arg] # attrs' alias, which mypy does not see


def _as_of(version: str, schema: Any) -> Any:  # noqa: ANN401 - a part of a schema
    # A member marked "x-gone-in" exists only in earlier versions.
    if isinstance(schema, list):
        return [_as_of(version, member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    gone = {
        name
        for name, member in schema.get("properties", {}).items()
        if isinstance(member, dict) and version >= member.get("x-gone-in", "~")
    }
    kept = {name: _as_of(version, value) for name, value in schema.items()}
    if gone:
        kept["properties"] = {name: member for name, member in kept["properties"].items() if name not in gone}
        kept["required"] = [name for name in kept.get("required", ()) if name not in gone]
    return kept


def _compile(
    schema: dict[str, Any], formats: Mapping[str, Callable[[object], bool]], version: str = API_VERSIONS[0]
) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(())
    for name, is_valid in formats.items():
        checker.checks(name)(is_valid)
    return Draft202012Validator(schema, registry=_registry(version), format_checker=checker)


@cache
def _request_validator(operation_id: str) -> Draft202012Validator:
    # The id is for relative references.
    schema = {"$id": f"{_BASE}{operation_id}.json", **request_schema(operation_id)}
    return _compile(schema, _REQUEST_FORMATS)


@cache
def _validator(name: str, pointer: str, version: str) -> Draft202012Validator:
    return _compile({"$ref": f"{_BASE}{name}.json#{pointer}"}, _FORMATS, version)


# Requests


@cache
def request_schema(operation_id: str) -> dict[str, Any]:
    """
    Read the schema that GitHub checks a body against before it applies any other rule.

    GitHub checks the members listed in "x-checked-later" later, and refuses them with other texts. In this schema
    they are optional, with any value of their type.
    """
    described: dict[str, Any] = load(operation_id)["$defs"]["request"]
    later = described.get("x-checked-later", ())
    if not later:
        return described
    members = dict(described["properties"])
    for name in later:
        members[name] = {keyword: value for keyword, value in members[name].items() if keyword != "enum"}
    required = [name for name in described.get("required", ()) if name not in later]
    return {**described, "properties": members, "required": required}


def without_nulls(operation_id: str, body: Any) -> Any:  # noqa: ANN401 - any JSON
    """
    Remove the optional members that are ``null`` from a body, at any depth, unless the schema allows ``null`` there.

    Source:
        Widely used programs send ``null`` for members that they have no value for (github/branch-deploy,
        atmos/hubot-deploy, argoproj/notifications-engine, Shopify/shipit-engine).
    """
    # Where a schema has "x-null-is-refused", they stay.
    return _without_nulls(load(operation_id)["$defs"]["request"], body)


def _without_nulls(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        item = schema.get("items", {})
        return [_without_nulls(item, each) for each in value]
    if not isinstance(value, dict) or "x-null-is-refused" in schema:
        return value
    members, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: _without_nulls(members.get(name, {}), member)
        for name, member in value.items()
        if member is not None or name in required or "null" in members.get(name, {}).get("type", "null")
    }


def check_request(operation_id: str, body: object) -> None:
    """
    Refuse a body that does not match the operation's schema.

    Raises:
        Unprocessable: The body does not match. The message lists all problems in GitHub's words.
    """
    if not takes_body(operation_id) or is_valid_at_a_glance(operation_id, body):
        return
    problems: list[Any] = list(_request_validator(operation_id).iter_errors(body))
    if problems:
        from pytest_ghdeploy.http.violations import refusal_of  # most bodies are valid

        raise refusal_of(problems)


def is_valid_at_a_glance(operation_id: str, body: object) -> bool:
    """
    Return whether *body* is certainly valid, without using jsonschema. ``False`` means that jsonschema has to decide.

    Most bodies are valid. Importing jsonschema takes longer than the rest of the first request of a process, and
    validating with it takes longer than the rest of any later request.
    """
    return _request_glance(operation_id)(body)


@cache
def _request_glance(operation_id: str) -> Callable[[object], bool]:
    return glance.of(request_schema(operation_id), _REQUEST_FORMATS)


def takes_body(operation_id: str) -> bool:
    """Return whether the operation has a body."""
    return "request" in load(operation_id)["$defs"]


@cache
def kinds_of_body(operation_id: str) -> frozenset[str]:
    """
    Return the JSON types that the body of an operation may have: ``object``, and sometimes ``array`` or ``null``.

    ``null`` is the same as an empty body.
    """
    kinds = load(operation_id)["$defs"]["request"].get("type", "object")
    return frozenset([kinds] if isinstance(kinds, str) else kinds)


@cache
def needs_body(operation_id: str) -> bool:
    """Return whether the operation requires any members, so that GitHub refuses a request without a body."""
    return bool(load(operation_id)["$defs"]["request"].get("required"))


# Responses and events


def check_answer(operation_id: str, status: int, body: object, *, version: str = API_VERSIONS[0]) -> None:
    """
    Compare a response with the schema of its operation in a *version* of the API.

    Raises:
        SchemaViolation: It differs, or the operation has no schema for this HTTP status.
    """
    if status == HTTPStatus.NO_CONTENT and body is None:
        return
    for name in (operation_id, _ANY_OPERATION):
        if str(status) in load(name)["$defs"]["response"]["$defs"]:
            pointer = f"/$defs/response/$defs/{status}"
            _check(f"the response {status} of {operation_id}", name, pointer, body, version)
            return
    msg = f"{operation_id} has no schema for a response {status}: {body}"
    raise SchemaViolation(msg)


def check_event(name: str, payload: object) -> None:
    """
    Compare an event's payload with its schema.

    Raises:
        SchemaViolation: It differs.
    """
    _check(f"the event {name}", f"events/{name}", "", payload, API_VERSIONS[0])


def _check(what: str, name: str, pointer: str, body: object, version: str) -> None:
    violations = [
        f"{'/'.join(map(str, error.absolute_path)) or '(all)'}: {error.message}"
        for error in _validator(name, pointer, version).iter_errors(body)
    ]
    if violations:
        msg = "\n  ".join([f"{what} does not match its schema:", *violations]) + "\nThis is a bug in the fake"
        raise SchemaViolation(with_page(msg, "a-bug-in-the-fake"))


@cache
def event_names() -> tuple[str, ...]:
    """List the events that are recorded: all with a schema except ``ping``, which is for one hook only."""
    return tuple(sorted(file.stem for file in (directory() / "events").glob("*.json") if file.stem != "ping"))


class Field(NamedTuple):
    """
    A field that an event can be asserted by.

    Attributes:
        rule: Its schema.

        name: The name of the schema file, which relative references in *rule* start from.

        is_optional: Whether some events lack it.
    """

    rule: Any
    name: str
    is_optional: bool = False

    @property
    def is_account(self) -> bool:
        """Whether the value is an account, which has a login."""
        references = [part.get("$ref") for part in self.rule.get("anyOf", [self.rule])]
        return any("login" in _component(file).get("properties", ()) for file in references if file)

    def violation(self, value: object) -> Any:  # noqa: ANN401 - a ValidationError, whose types are loose
        """Return why the field cannot have this *value*, as a ``ValidationError``; ``None`` if it can."""
        if glance.of(self.rule, _FORMATS)(value) or (value is None and self.is_optional):
            return None
        from jsonschema.exceptions import best_match

        # The id is for relative references.
        return best_match(_compile({"$id": f"{_BASE}{self.name}.json", **self.rule}, _FORMATS).iter_errors(value))


# By format: how payloads spell it, unless the schema says otherwise.
_TIMES = {"date-time": {"pattern": "T[0-9:]{8}Z$"}}


@cache
def event_fields(name: str) -> dict[str, Field]:
    """
    List the fields of an event's own object: the deployment, the deployment status, …, or the payload itself.

    ``action``, ``repository`` (the full name) and the ``creator`` of a commit status are fields too.
    """
    file = f"events/{name}"
    payload = load(file)
    own = payload["properties"].get(OWN_OBJECTS.get(name, name), {}).get("$ref")
    if own:
        file = f"components/{Path(own).stem}"
    described = load(file) if own else payload
    required = described.get("required", ())
    fields = {
        field: Field({**_TIMES.get(rule.get("format"), {}), **_inlined(rule)}, file, field not in required)
        for field, rule in described["properties"].items()
    }
    if name == "status":
        # The payload contains the creator only as the sender of the event.
        fields["creator"] = fields["sender"]
    fields["action"] = Field(payload["properties"].get("action", {"type": "null"}), file)
    fields["repository"] = Field({"type": "string"}, file)
    return fields


def _component(reference: str) -> dict[str, Any]:
    return load(f"components/{Path(reference).stem}")


def _inlined(rule: dict[str, Any]) -> dict[str, Any]:
    """Replace a reference to a component that is not an object, such as the enumeration ``author-association``."""
    component = _component(rule["$ref"]) if "$ref" in rule else {}
    return {"type": component["type"], "enum": component["enum"]} if "enum" in component else rule


def delivery_field(name: str) -> Field:
    """Return a field of a delivery of a hook, by GitHub's name for it."""
    file = "components/hook-delivery"
    return Field(load(file)["properties"][name], file)
