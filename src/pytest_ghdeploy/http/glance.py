"""
Checking a value against a schema without jsonschema, which takes long to import and to run.

A glance covers the common keywords of JSON Schema. What it does not understand,
and what seems invalid, is left to jsonschema.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# An integer may also be 1.0, which is left to jsonschema.
_PYTHON_TYPES: dict[str, set[type]] = {
    "array": {list},
    "boolean": {bool},
    "integer": {int},
    "null": {type(None)},
    "number": {int, float},
    "object": {dict},
    "string": {str},
}
_ANNOTATIONS = {"$comment", "default", "description", "title", "x-checked-later", "x-null-is-refused", "x-secret"}
_GLANCED_AT = {
    *("type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum"),
    *("items", "maxItems", "properties", "maxProperties", "required", "additionalProperties", "anyOf"),
    *_ANNOTATIONS,
}


def _anything(_: object) -> bool:
    return True


def _unsure(_: object) -> bool:
    return False


def of(schema: Any, formats: Mapping[str, Callable[[object], bool]]) -> Callable[[object], bool]:  # noqa: ANN401 - a part of a schema
    """
    Make a function that returns whether a value is certainly valid. ``False`` means that jsonschema has to decide.

    Args:
        formats: The formats by name. A schema with another format is never certain.
    """
    if not isinstance(schema, dict) or not schema.keys() <= _GLANCED_AT:
        return _unsure
    named = schema.get("type", list(_PYTHON_TYPES))
    types = {kind for name in ([named] if isinstance(named, str) else named) for kind in _PYTHON_TYPES[name]}
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    least, widest = schema.get("minimum", -math.inf), schema.get("maxProperties", math.inf)
    has_format = formats.get(schema["format"], _unsure) if "format" in schema else _anything
    fits = re.compile(schema.get("pattern", "")).search
    item, most = of(schema["items"], formats) if "items" in schema else _anything, schema.get("maxItems", math.inf)
    members = {name: of(member, formats) for name, member in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    other = of(schema["additionalProperties"], formats) if "additionalProperties" in schema else _anything
    alternatives = [of(part, formats) for part in schema["anyOf"]] if "anyOf" in schema else [_anything]

    def is_valid(value: Any) -> bool:  # noqa: ANN401 - any JSON
        # Not isinstance, because True is not an integer in JSON.
        kind = type(value)
        if kind not in types or not any(fitting(value) for fitting in alternatives):
            return False
        if kind is str:
            is_listed = values is None or value in values
            return is_listed and shortest <= len(value) <= longest and has_format(value) and fits(value) is not None
        if kind is list:
            return values is None and len(value) <= most and all(map(item, value))
        if kind is dict:
            return (
                values is None
                and len(value) <= widest
                and required <= value.keys()
                and all(members.get(name, other)(member) for name, member in value.items())
            )
        if value is None:
            return values is None or None in values
        # 1 is listed if True is, and the other way round, so listed numbers are left to jsonschema.
        return values is None and (kind is bool or value >= least)

    return is_valid
