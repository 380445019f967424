"""
Reporting the violations of a request's schema in GitHub's words.

Source of GitHub's words: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
and refusals quoted by users. Texts that no source confirms are marked [guess].
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.redaction.content import REDACTED

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from pytest_ghdeploy.github.refusals import Unprocessable


def refusal_of(violations: Sequence[Any]) -> Unprocessable:
    """Make the refusal of a body from the *violations* of its schema, which are jsonschema's ``ValidationError``."""
    mistyped = {tuple(error.absolute_path) for error in violations if error.validator == "type"}
    problems: dict[tuple[object, ...], str] = {}
    places: dict[str, None] = {}
    for error in _in_githubs_order(violations):
        where = tuple(error.absolute_path)
        if error.validator == "enum" and where in mistyped:
            continue
        names = _names(error)
        problems[error.validator, where] = _problem(error, names)
        places |= dict.fromkeys(names or ["/".join(map(str, where))])
    return refusals.invalid_request(problems.values(), [*places])


def _in_githubs_order(violations: Sequence[Any]) -> list[Any]:
    # For each object: its extra members, then its other members in the schema's order, then its missing members.
    # This is the order of json_schema, a public Ruby gem with the same texts as GitHub [guess: that GitHub uses it].
    # jsonschema reports members in the schema's order too.
    turns: dict[tuple[object, ...], int] = {}
    for error in violations:
        path = tuple(error.absolute_path)
        for length in range(1, len(path) + 1):
            turns.setdefault(path[:length], len(turns))

    def turn(error: Any) -> list[tuple[int, int]]:  # noqa: ANN401 - a ValidationError, whose types are loose
        path = tuple(error.absolute_path)
        before = [(1, turns[path[:length]]) for length in range(1, len(path) + 1)]
        return [*before, (0 if error.validator == "additionalProperties" else 2, 0)]

    return sorted(violations, key=turn)


def _names(error: Any) -> list[str]:  # noqa: ANN401
    """List the members that are missing from an object or not allowed in it."""
    match error.validator:
        case "required":
            return sorted(name for name in error.validator_value if name not in error.instance)
        case "additionalProperties":
            return sorted(name for name in error.instance if name not in error.schema.get("properties", {}))
        case _:
            return []


# By the keyword that is violated.
_TEXTS = {
    "enum": "{value} is not a member of {listed}.",
    "format": "{value} is not a valid {limit}.",
    "minimum": "{value} must be greater than or equal to {limit}.",
    "maximum": "{value} must be less than or equal to {limit}.",
    "pattern": "{value} does not match {pattern}.",  # [guess]
    "minLength": "At least {limit} character is required; only 0 were supplied.",  # [guess]
    "maxLength": "Only {limit} characters are allowed; {supplied}.",
    "maxItems": "No more than {limit} items are allowed; {supplied}.",
    "maxProperties": "No more than {limit} properties are allowed; {supplied}.",
}
_ANY_OTHER = "{value} does not satisfy {keyword} {listed}."  # [guess]


def _problem(error: Any, names: Sequence[str]) -> str:  # noqa: ANN401
    keyword, limit, value = error.validator, error.validator_value, error.instance
    if error.schema.get("x-secret") and value is not None:
        value = REDACTED  # a client that forgets to encrypt sends the secret itself
    if keyword in ("additionalProperties", "required"):
        quoted, is_one = ", ".join(f'"{name}"' for name in names), len(names) == 1
        if keyword == "required":
            return f"{quoted} {'wasn' if is_one else 'weren'}'t supplied."
        return f"{quoted} {'is not a permitted key' if is_one else 'are not permitted keys'}."
    if keyword == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        article = "an" if kinds[0][0] in "aeiou" else "a"
        return f"For '{_place(error)}', {ruby(value)} is not {article} {' or '.join(kinds)}."
    return _TEXTS.get(keyword, _ANY_OTHER).format(
        keyword=keyword,
        limit=limit,
        listed=ruby(limit),
        pattern=_ruby_pattern(limit) if keyword == "pattern" else "",
        supplied=_supplied(value) if isinstance(value, (str, list, dict)) else "",
        value=_raw(value),
    )


def _place(error: Any) -> str:  # noqa: ANN401
    # GitHub names the last step of the path in the schema only: 'properties/ref', 'items'.
    last = error.absolute_path[-1] if error.absolute_path else ""
    return f"properties/{last}" if isinstance(last, str) else "items"


def _supplied(value: Sized) -> str:
    return f"{len(value)} {'was' if len(value) == 1 else 'were'} supplied"  # [guess: the singular]


def _raw(value: object) -> str:
    """Write a value as Ruby interpolates it: a string without quotes [guess: other values]."""
    return value if isinstance(value, str) else ruby(value)


def ruby(value: object) -> str:
    """Write a JSON value as Ruby prints it, as GitHub's refusals do: ``nil``, ``{"a"=>1}``."""
    if value is None:
        return "nil"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{ruby(key)}=>{ruby(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(ruby, value)) + "]"
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        return repr(value).replace("e", ".0e")
    return json.dumps(value, ensure_ascii=False).replace("#{", "\\#{")


def _ruby_pattern(pattern: str) -> str:
    escaped = pattern.replace("/", r"\/")
    return f"/{escaped}/"
