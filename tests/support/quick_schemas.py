"""
Schemas compiled by a validator in Rust, which takes a thousandth of jsonschema's time.

Every response and event of every test is checked against two schemas, so
jsonschema alone would dominate the run. A value that is invalid here is checked
again by jsonschema, which decides and explains. ``tests/project/test_suite.py``
checks that nothing is valid here that jsonschema refuses.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, Registry

from pytest_ghdeploy.http import schema

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS: dict[str, Callable[[str], bool]] = {"uri": schema.is_uri, "date-time": schema.is_date_time}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def ours(name: str, pointer: str, version: str) -> Draft202012Validator:
    """Compile a part of one of our schemas."""

    def retrieve(uri: str) -> Any:  # noqa: ANN401 - a schema
        return schema._as_of(version, schema.load(uri.removeprefix(schema._BASE).removesuffix(".json")))

    whole = {"$ref": f"{schema._BASE}{name}.json#{pointer}"}
    return Draft202012Validator(whole, retriever=retrieve, formats=FORMATS, validate_formats=True)


def registry(uri: str, components: dict[str, Any]) -> Registry:
    """Register the components of a description under *uri*."""
    return Registry([(uri, {"$schema": _DIALECT, "components": components})])


def described(part: dict[str, Any], components: Registry) -> Draft202012Validator:
    """Compile a part of a description. Its references must be absolute."""
    return Draft202012Validator(part, registry=components, formats=FORMATS, validate_formats=True)
