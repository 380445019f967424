"""
Calling a Python method with plain data.

Seed files and the admin interface describe calls in YAML, TOML or JSON. The
keys are the method's parameters, and the values are checked against their
annotations, so the signature is the only description of a method.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from inspect import BoundArguments, Parameter, Signature
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError, kind_of
from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.releases import BranchRuleType
from pytest_ghdeploy.interface.steps import Step
from pytest_ghdeploy.redaction.names import quotable

if TYPE_CHECKING:
    from pytest_ghdeploy.data_files import Path

# Names in annotations that modules import only for type checkers.
_NAMES: dict[str, Any] = {
    **vars(model),
    "BranchRuleType": BranchRuleType,
    **dict.fromkeys(("Kind", "Wanted"), object),
    "Any": Any,
    "Mapping": Mapping,
    "Sequence": Sequence,
    "Step": Step,
    "datetime": datetime,
}

# Parameters with another type in data: a receiver can only be a URL.
_IN_DATA = {"target": str}

# Messages never quote the values of these keys.
SECRETS = frozenset({"token", "secret"})
# Keys that are likely mistakes in data with secrets, and are certainly not secrets themselves.
_COMMON_WORDS = SECRETS | {
    *("config", "events", "id", "kind", "login", "name", "password", "scope", "secrets", "target", "text", "tokens"),
    *("type", "url", "user", "value"),
}


class Mismatch(FakeError):
    """
    An error in data that does not match a method's signature.

    Attributes:
        path: The path to the error.

        is_key: Whether the last key of *path* is wrong, instead of its value.
    """

    def __init__(self, message: str, path: Path, *, is_key: bool = False, shown: str | None = None) -> None:
        """Create an error about the value at *path*, whose last key is *shown* instead if it could be a secret."""
        super().__init__(message, argument=spelled(path if shown is None else (*path[:-1], shown)) or None)
        self.path = path
        self.is_key = is_key


class Thing(NamedTuple):
    """
    A kind of object to which data refers by id, such as a delivery.

    Attributes:
        called: The reference in messages: ``the id of a delivery``.

        find: Returns the object with an id, or raises ``FakeError``.
    """

    called: str
    find: Callable[[int], object]


def spelled(path: Path) -> str:
    """Write a path such as ``repositories[0].branches[1].name``. The empty path gives ``""``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


@lru_cache(128)
def signature_of(function: Callable[..., object], without: frozenset[str] = frozenset()) -> Signature:
    """Return the signature of a function or class with evaluated annotations, without ``self`` and *without*."""
    names = {**_NAMES, **vars(sys.modules[function.__module__])}
    full = inspect.signature(function)
    kept = []
    for name, parameter in full.parameters.items():
        if name != "self" and name not in without:
            # Not with inspect's eval_str, which would also need the names in return annotations.
            hint = _IN_DATA[name] if name in _IN_DATA else eval(parameter.annotation, names)  # noqa: S307 - our own code
            kept.append(parameter.replace(annotation=hint))
    return full.replace(parameters=kept)


_MANY = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def is_required(parameter: Parameter) -> bool:
    """Return whether the key of a parameter is required in data."""
    return parameter.default is parameter.empty and parameter.kind not in _MANY


class Binder:
    """Binds data to the parameters of methods."""

    def __init__(
        self,
        whole: str,
        *,
        things: Mapping[type, Thing] | None = None,
        redact: Callable[[str], str] = str,
        needs_quotes: bool = False,
    ) -> None:
        """
        Create a binder.

        Args:
            whole: The name of the whole data in messages.

            things: How data refers to objects, by type.

            redact: Removes secrets from quotations in messages.

            needs_quotes: Whether a string without quotes may have been parsed as another type, as in YAML.
        """
        self._whole = whole
        self._things = things or {}
        self._redact = redact
        self._needs_quotes = needs_quotes

    def bind(
        self,
        function: Callable[..., object],
        data: object,
        path: Path = (),
        *,
        without: frozenset[str] = frozenset(),
        renamed: Mapping[str, str] | None = None,
        more_keys: Sequence[str] = (),
    ) -> BoundArguments:
        """
        Convert *data* into the arguments of a call, without calling *function*.

        Args:
            data: A mapping, or only the value of the required parameter if exactly one is required.

            path: The path to *data* in the document.

            without: Parameters that data cannot set.

            renamed: Parameter names by key, where the two differ.

            more_keys: Further keys that are allowed. The caller handles them.

        Returns:
            The arguments. Values of *more_keys* are not included.

        Raises:
            Mismatch: A key is unknown or missing, or a value has the wrong type.
        """
        signature = signature_of(function, without)
        keys = {name: key for key, name in (renamed or {}).items()}
        parameters = {keys.get(name, name): parameter for name, parameter in signature.parameters.items()}
        required = [key for key, parameter in parameters.items() if is_required(parameter)]
        if not isinstance(data, Mapping):
            if len(required) != 1:
                self._refuse(path, Mapping, data)
            only = parameters[required[0]]
            if not any(self._fits(arm, data) for arm in _arms(only.annotation)):
                self._refuse(path, only.annotation | Mapping, data)
            return BoundArguments(signature, OrderedDict({only.name: self.value(only.annotation, data, path)}))
        known = [*parameters, *more_keys]
        has_secrets = not SECRETS.isdisjoint(parameters)
        arguments = OrderedDict[str, Any]()
        for key, value in data.items():
            self.check_key(key, known, path, beside_secrets=has_secrets, value=value)
            if key in parameters:
                arguments[parameters[key].name] = self._argument(parameters[key], value, (*path, key))
        for key in required:
            if key not in data:
                verb = "is" if len(required) == 1 else "are"
                msg = f"{self._spelled(path)} has no {key}: {' and '.join(required)} {verb} required"
                raise Mismatch(msg, path)
        return BoundArguments(signature, arguments)

    def check_key(
        self, key: object, known: Sequence[str], path: Path, *, beside_secrets: bool = False, value: object = None
    ) -> None:
        """
        Check that a *key* of the mapping at *path* is *known*.

        An unknown key may itself be a secret. The message quotes it only if it is an ordinary name or resembles a known
        one. In a mapping with secrets, it must resemble one, and its *value* must not be a mapping.

        Raises:
            Mismatch: The key is unknown. The message lists the known keys, closest first.
        """
        where = f" in {spelled(path)}" if path else ""
        if not isinstance(key, str):
            msg = f"a key{where} must be a string, got {kind_of(key)}"
            raise Mismatch(msg, path)
        if key not in known:
            if not beside_secrets:
                shown = str(quotable(key, known))
            else:
                close = not isinstance(value, Mapping) and get_close_matches(key, known, cutoff=0.8)
                shown = key if close or key in _COMMON_WORDS else "…"
            shown = self._redact(shown)
            problem = errors.unknown("key", shown, known, more=where)
            raise Mismatch(str(problem), (*path, key), is_key=True, shown=shown)

    def value(self, hint: Any, value: Any, path: Path) -> Any:  # noqa: ANN401 - of any type
        """
        Check a *value* against an annotation and convert it to Python.

        Raises:
            Mismatch: The value has the wrong type.
        """
        arm = next((arm for arm in _arms(hint) if self._fits(arm, value)), None)
        if arm is None:
            self._refuse(path, hint, value)
        origin = typing.get_origin(arm) or arm
        if origin in self._things:
            return self._look_up(self._things[origin], value, path)
        if origin is typing.Literal and value not in typing.get_args(arm):
            known = typing.get_args(arm)
            shown = self._redact(str(quotable(value, known)))
            problem = errors.unknown("value", shown, known, more=f" of {spelled(path)}")
            raise Mismatch(str(problem), path)
        if origin is datetime:
            return _to_datetime(value)
        if is_dataclass(origin) and isinstance(value, Mapping):
            bound = self.bind(origin, value, path)  # type: ignore[arg-type] # a class is called like a function
            return origin(*bound.args, **bound.kwargs)  # type: ignore[operator]
        if origin is Sequence:
            (of,) = typing.get_args(arm)
            return [self.value(of, inner, (*path, place)) for place, inner in enumerate(value)]
        if origin is Mapping:
            _, of = typing.get_args(arm)
            return self._mapping(of, value, path)
        return value

    def _argument(self, parameter: Parameter, value: Any, path: Path) -> Any:  # noqa: ANN401 - of any type
        if parameter.kind is Parameter.VAR_POSITIONAL:
            # An empty list would mean the same as a missing key: everything.
            if value is None:
                return ()
            if not isinstance(value, (list, tuple)) or not value:
                got = "an empty list" if isinstance(value, (list, tuple)) else kind_of(value)
                msg = f"{spelled(path)} must be a list of at least one item, or null; got {got}"
                raise Mismatch(msg, path)
            return self.value(types.GenericAlias(Sequence, (parameter.annotation,)), value, path)
        if parameter.kind is Parameter.VAR_KEYWORD:
            return self.value(types.GenericAlias(Mapping, (str, parameter.annotation)), value, path)
        return self.value(parameter.annotation, value, path)

    def _mapping(self, of: Any, value: Mapping[Any, Any], path: Path) -> dict[str, Any]:  # noqa: ANN401 - a type
        for key in value:
            if not isinstance(key, str):
                msg = f"a key in {spelled(path)} must be a string, got {kind_of(key)}"
                raise Mismatch(msg, path)
        return {key: self.value(of, inner, (*path, key)) for key, inner in value.items()}

    def _look_up(self, thing: Thing, value: int, path: Path) -> object:
        try:
            return thing.find(value)
        except FakeError as problem:
            raise Mismatch(str(problem), path) from None

    def _fits(self, arm: Any, value: object) -> bool:  # noqa: ANN401, PLR0911 - a type
        """Return whether *value* is of a type, without checking its members."""
        origin = typing.get_origin(arm) or arm
        if origin in (Any, object):
            return True
        if origin is typing.Literal:
            return isinstance(value, str)
        if origin is datetime:
            return isinstance(value, date) or (isinstance(value, str) and _is_date(value))
        if is_dataclass(origin) and isinstance(value, Mapping):
            return True
        if origin is Sequence:
            return isinstance(value, (list, tuple))
        if origin in (None, type(None)):
            return value is None
        if origin in (int, float) or origin in self._things:
            return isinstance(value, (int, float) if origin is float else int) and not isinstance(value, bool)
        return isinstance(value, origin)

    # Messages do not quote values, which may be or contain secrets.

    def _spelled(self, path: Path) -> str:
        return spelled(path) or self._whole

    def _refuse(self, path: Path, hint: Any, value: object) -> NoReturn:  # noqa: ANN401 - a type
        wanted = self._described(hint)
        unquoted = self._needs_quotes and value is not None and not isinstance(value, (str, Mapping, list))
        quotes = "; put strings in quotes" if unquoted and "a string" in wanted.split(" or ") else ""
        msg = f"{self._spelled(path)} must be {wanted}, got {kind_of(value)}{quotes}"
        raise Mismatch(msg, path)

    def _described(self, hint: Any) -> str:  # noqa: ANN401 - a type
        words = []
        for arm in _arms(hint):
            origin = typing.get_origin(arm) or arm
            if origin in self._things:
                words.append(self._things[origin].called)
            elif is_dataclass(origin):
                words.append("a mapping")
            elif origin in _DESCRIBED:
                words.append(_DESCRIBED[origin])
        return " or ".join(dict.fromkeys(words))


def _arms(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _to_datetime(value: date | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# Types that only Python can pass are missing, so that messages do not offer them.
_DESCRIBED: dict[Any, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime: "a date",
    Mapping: "a mapping",
    Sequence: "a list",
    typing.Literal: "a string",
}
