"""
The bundled JSON schemas: found, compiled once, and their errors put into GitHub's words.

Source of the words: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
and refusals quoted by users; [guess] marks what no source confirms.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from referencing import Registry, Resource

    from pytest_ghdeploy.errors import Unprocessable

# Relative references need a scheme that urllib.parse joins; nothing is fetched.
_BASE = "https://ghdeploy.invalid/"
_ANY_OPERATION = "components/any-operation"


def directory() -> Path:
    """Find ``schemas/``: inside the installed package, else at the top of the source tree."""
    installed = Path(__file__).parent / "schemas"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "schemas"


@cache
def load(name: str) -> dict[str, Any]:
    """Read a schema by its path below ``schemas/`` without the suffix, such as ``repos/get-deployment``."""
    contents: dict[str, Any] = json.loads((directory() / f"{name}.json").read_text("utf-8"))
    return contents


def documentation_url(operation_id: str) -> str:
    """Look up GitHub's page for an operation."""
    url: str = load(operation_id)["documentation_url"]
    return url


class SchemaViolation(AssertionError):
    """An answer or event of the fake is not what its schema says: a bug in the fake."""


# Formats, which jsonschema checks only if told how

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//[^\s/?#<>\"{}|\\^`]*)?[^\s<>\"{}|\\^`]*", re.ASCII)


def is_date_time(value: object) -> bool:
    """Check RFC 3339's ``date-time``; what is no string passes."""
    if not isinstance(value, str):
        return True
    try:
        return bool(_DATE_TIME.fullmatch(value) and datetime.fromisoformat(value))
    except ValueError:
        return False


def is_uri(value: object) -> bool:
    """Check RFC 3986's ``URI``: absolute, escaped; what is no string passes."""
    return not isinstance(value, str) or bool(_URI.fullmatch(value))


@cache
def _registry() -> Registry[Any]:
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    def retrieve(uri: str) -> Resource[Any]:
        return DRAFT202012.create_resource(load(uri.removeprefix(_BASE).removesuffix(".json")))

    return Registry(retrieve=retrieve)  # type: ignore[call-arg] # attrs' alias, which mypy does not see


_PYTHON_TYPES = {"array": list, "boolean": bool, "integer": int, "null": type(None), "object": dict, "string": str}
_ANNOTATIONS = {"default", "description", "title"}


@cache
def _kind() -> type[Draft202012Validator]:
    """
    Make a validator that prepares those of an object's members once.

    jsonschema's own ``properties`` makes them anew for every object, which is
    most of what a small body costs. A member that only its type restricts, and
    that has it, needs no validator at all.
    """
    from jsonschema import Draft202012Validator, validators

    prepared: dict[int, dict[str, tuple[frozenset[type], Any]]] = {}

    def properties(
        validator: Draft202012Validator, members: dict[str, Any], instance: object, _schema: object
    ) -> Iterator[ValidationError]:
        if not isinstance(instance, dict):
            return
        checks = prepared.get(id(members))
        if checks is None:
            checks = {
                name: (_types_enough(member), validator.evolve(schema=member)) for name, member in members.items()
            }
            prepared[id(members)] = checks
        for name, (types, check) in checks.items():
            if name in instance and type(instance[name]) not in types:
                for error in check.iter_errors(instance[name]):
                    error.path.appendleft(name)
                    error.schema_path.appendleft(name)
                    yield error

    kind: type[Draft202012Validator] = validators.extend(  # type: ignore[no-untyped-call] # the stubs leave it open
        Draft202012Validator, {"properties": properties}
    )
    return kind


def _types_enough(member: Any) -> frozenset[type]:  # noqa: ANN401 - a schema
    """List the Python types whose values are valid for what they are, as JSON is read."""
    if not isinstance(member, dict) or "type" not in member or member.keys() - _ANNOTATIONS != {"type"}:
        return frozenset()
    named = member["type"] if isinstance(member["type"], list) else [member["type"]]
    return frozenset(_PYTHON_TYPES[name] for name in named if name in _PYTHON_TYPES)


def _compile(schema: dict[str, Any]) -> Draft202012Validator:
    from jsonschema import FormatChecker

    formats = FormatChecker(())
    formats.checks("date-time")(is_date_time)
    formats.checks("uri")(is_uri)
    return _kind()(schema, registry=_registry(), format_checker=formats)


@cache
def _request_validator(operation_id: str) -> Draft202012Validator | None:
    schema = load(operation_id)["$defs"].get("request")
    # The id is for relative references.
    return schema and _compile({"$id": f"{_BASE}{operation_id}.json", **schema})


@cache
def _validator(name: str, pointer: str) -> Draft202012Validator:
    return _compile({"$ref": f"{_BASE}{name}.json#{pointer}"})


# Requests


def check_request(operation_id: str, body: dict[str, Any]) -> None:
    """
    Refuse a body that has not the shape of the operation's.

    Raises:
        Unprocessable: In GitHub's words, all problems at once.
    """
    validator = _request_validator(operation_id)
    if validator is None:
        return
    found: list[Any] = list(validator.iter_errors(body))
    if found:
        raise _refusal(found)


def takes_body(operation_id: str) -> bool:
    """Tell whether the operation has a body."""
    return "request" in load(operation_id)["$defs"]


@cache
def takes_null(operation_id: str) -> bool:
    """Tell whether the body of an operation may be ``null``, for nothing."""
    return "null" in load(operation_id)["$defs"]["request"].get("type", ())


def _refusal(found: Sequence[Any]) -> Unprocessable:
    mistyped = {tuple(error.absolute_path) for error in found if error.validator == "type"}
    missing: dict[str, None] = {}
    extra: dict[str, None] = {}
    others: dict[str, str] = {}
    for error in found:
        if error.validator == "required":
            missing |= dict.fromkeys(name for name in error.validator_value if name not in error.instance)
        elif error.validator == "additionalProperties":
            extra |= dict.fromkeys(name for name in error.instance if name not in error.schema.get("properties", {}))
        elif error.validator != "enum" or tuple(error.absolute_path) not in mistyped:
            where = "/".join(map(str, error.absolute_path))
            others[where] = _too_much(error) or f"For '{_place(error)}', {ruby(error.instance)} {_complaint(error)}."
    problems = [
        *([f"{_quoted(missing)} {'wasn' if len(missing) == 1 else 'weren'}'t supplied."] if missing else []),
        *([f"{_quoted(extra)} {'is not a permitted key' if len(extra) == 1 else 'are not permitted keys'}."]
          if extra else []),
        *others.values(),
    ]  # fmt: skip
    return errors.invalid_request(problems, [*missing, *extra, *others])


def _quoted(names: dict[str, None]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _place(error: Any) -> str:  # noqa: ANN401 - a ValidationError, whose types are loose
    # GitHub names the schema's own place, not the way to it: 'properties/ref', 'items'.
    last = error.absolute_path[-1] if error.absolute_path else ""
    return f"properties/{last}" if isinstance(last, str) else "items"


def _too_much(error: Any) -> str:  # noqa: ANN401
    things = {"maxItems": "items", "maxLength": "characters"}.get(error.validator)
    if things is None:
        return ""
    start = "No more than" if things == "items" else "Only"
    supplied = f"{len(error.instance)} {'was' if len(error.instance) == 1 else 'were'} supplied"
    return f"{start} {error.validator_value} {things} are allowed; {supplied}."  # [guess]


def _complaint(error: Any) -> str:  # noqa: ANN401
    value = error.validator_value
    match error.validator:
        case "type":
            kinds = [value] if isinstance(value, str) else value
            article = "an" if kinds[0][0] in "aeiou" else "a"
            return f"is not {article} {' or '.join(kinds)}"
        case "enum":
            return f"is not a member of {ruby(value)}"
        case "format":
            return f"is not a valid {value}"  # [guess]
        case "minimum":
            return f"must be greater than or equal to {value}"  # [guess]
        case "maximum":
            return f"must be less than or equal to {value}"  # [guess]
        case _:
            return f"does not satisfy {error.validator} {ruby(value)}"  # [guess]


def ruby(value: object) -> str:
    """Write a JSON value as Ruby prints it, which GitHub's refusals do: ``nil``, ``{"a"=>1}``."""
    if value is None:
        return "nil"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{ruby(key)}=>{ruby(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(ruby, value)) + "]"
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        return repr(value).replace("e", ".0e")
    return json.dumps(value, ensure_ascii=False).replace("#{", "\\#{")


# Answers and events


def check_answer(operation_id: str, status: int, body: object) -> None:
    """
    Compare an answer with the schema of its operation.

    Raises:
        SchemaViolation: It differs, or the operation has no schema for this HTTP status.
    """
    if status == HTTPStatus.NO_CONTENT and body is None:
        return
    for name in (operation_id, _ANY_OPERATION):
        if str(status) in load(name)["$defs"]["response"]["$defs"]:
            pointer = f"/$defs/response/$defs/{status}"
            _check(f"the answer {status} of {operation_id}", name, pointer, body)
            return
    msg = f"{operation_id} has no schema for an answer {status}: {body}"
    raise SchemaViolation(msg)


def check_event(name: str, payload: object) -> None:
    """
    Compare an event's payload with its schema.

    Raises:
        SchemaViolation: It differs.
    """
    _check(f"the event {name}", f"events/{name}", "", payload)


def _check(what: str, name: str, pointer: str, body: object) -> None:
    found = [
        f"{'/'.join(map(str, error.absolute_path)) or '(all)'}: {error.message}"
        for error in _validator(name, pointer).iter_errors(body)
    ]
    if found:
        raise SchemaViolation(f"{what} does not match its schema:\n  " + "\n  ".join(found))


@cache
def event_names() -> tuple[str, ...]:
    """List the events that have a schema, which are those that the fake dispatches."""
    return tuple(sorted(found.stem for found in (directory() / "events").glob("*.json")))


@cache
def event_fields(name: str) -> frozenset[str]:
    """List the fields of an event's own object: the deployment, the deployment status, …, or the payload itself."""
    fields: dict[str, Any] = load(f"events/{name}")["properties"]
    own = fields.get(name)
    if own and "$ref" in own:
        fields = load("components/" + Path(own["$ref"]).stem)["properties"]
    return frozenset(fields)
