"""
Seed files: the Python interface, spelled as data.

``SECTIONS`` says which method each list of items is for. The keys of an item
are the arguments of that method, by its signature, so what Python takes a file
takes too. What is wrong is told with file, line and path.
"""

from __future__ import annotations

import os
import re
import types
import typing
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache, reduce
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError, kind_of
from pytest_ghdeploy.github import model
from pytest_ghdeploy.interface.deployer import Step
from pytest_ghdeploy.interface.environment import Environment
from pytest_ghdeploy.interface.faults import FaultKind, Faults
from pytest_ghdeploy.interface.rate_limits import RateLimits
from pytest_ghdeploy.interface.repository import Repository
from pytest_ghdeploy.interface.resources import Deployment
from pytest_ghdeploy.redaction import Secrets
from pytest_ghdeploy.seeds import reader
from pytest_ghdeploy.webhooks.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy.seeds.reader import Document
    from pytest_ghdeploy.store.store import Store


Source = str | os.PathLike[str] | Mapping[str, Any]
"""A path, or what such a file holds."""


class Section(NamedTuple):
    """
    A list of items, each of which is a call.

    Attributes:
        name: The key of the list.

        method: What is called: of the fake, or of what the item around this one has made.

        home: The class that has the method, where that is not the fake itself.

        renamed: The keys that are not called as the arguments are.

        without: The arguments that no file can spell.

        inside: The lists in an item, which are about what it makes.
    """

    name: str
    method: str
    home: type | None = None
    renamed: Mapping[str, str] = {}
    without: frozenset[str] = frozenset()
    inside: tuple[Section, ...] = ()


# In the order in which they are set up, whatever the order in the file.
_OF_ENVIRONMENTS = (
    Section("deployment_branch_policies", "add_deployment_branch_policy", Environment),
    Section("protection_rules", "enable_protection_rule", Environment),
)
_OF_DEPLOYMENTS = (Section("statuses", "add_status", Deployment),)
_OF_REPOSITORIES = (
    Section("branches", "add_branch", Repository),
    Section("commits", "add_commit", Repository),
    Section("merge_conflicts", "add_merge_conflict", Repository),
    Section("tags", "add_tag", Repository),
    Section("collaborators", "add_collaborator", Repository),
    Section("deploy_keys", "add_deploy_key", Repository),
    Section("commit_statuses", "add_commit_status", Repository),
    Section("check_runs", "add_check_run", Repository),
    Section("environments", "add_environment", Repository, inside=_OF_ENVIRONMENTS),
    Section("deployments", "add_deployment", Repository, inside=_OF_DEPLOYMENTS),
)
SECTIONS = (
    Section("users", "add_user"),
    Section("apps", "add_app"),
    Section("teams", "add_team"),
    Section("repositories", "add_repository", inside=_OF_REPOSITORIES),
    Section("tokens", "add_token"),
    Section("rate_limits", "rate_limits.set", RateLimits),
    Section("stubs", "stub"),
    Section("faults", "faults.add", Faults),
    Section("deployers", "deployer", without=frozenset({"fails_on", "by_webhook"})),
    Section(
        "webhooks",
        "webhooks.subscribe",
        Webhooks,
        renamed={"url": "target"},
        without=frozenset({"path", "kind", "in_thread"}),
    ),
)

# What these arguments hold is never told.
_SECRET = frozenset({"token", "secret"})
_NO_SECRETS = object()
"""That the item of a key has none."""
# What may be written by mistake for a key, beside all that are keys elsewhere, and is no secret.
_OTHER_KEYS = frozenset({"config", "id", "kind", "login", "name", "password", "target", "text", "type", "value"})

# What stands in signatures, as a file spells it: an account by its login, an app by its slug.
_NAMES: dict[str, Any] = {
    **{name: value for name, value in vars(model).items() if not isinstance(value, type)},
    "Any": Any,
    "App": str,
    "Callable": object,
    "FaultKind": FaultKind,
    "Kind": object,
    "Mapping": Mapping,
    "Sequence": Sequence,
    "Step": Step,
    "Team": str,
    "User": str,
    "datetime": datetime,
}


class _Argument(NamedTuple):
    name: str
    hint: Any
    required: bool


@dataclass(repr=False)  # it may hold secrets
class Item:
    """A call to make, with what is to be done with what it makes."""

    section: Section
    path: reader.Path
    arguments: dict[str, Any]
    keys: dict[str, str]
    """The key in the file of each argument; an empty one if the item is the argument."""
    inside: dict[str, list[Item]] = field(default_factory=dict)


class Seed:
    """A scene that has been read."""

    def __init__(self, source: Source) -> None:
        """
        Read *source*.

        Raises:
            FakeError: It cannot be read, or holds no mapping.
        """
        self._file = ""
        self._secrets = Secrets()
        self._usual_keys: frozenset[str] = frozenset()
        if isinstance(source, Mapping):
            self._document: Document | None = None
            self._value: Any = source
        elif isinstance(source, (str, os.PathLike)):
            self._file = os.fsdecode(source)
            self._document = self._read()
            self._value = self._document.value
        else:
            msg = f"a seed is the path of a file or a mapping, got {kind_of(source)}"
            raise FakeError(msg)

    def _read(self) -> Document:
        path = Path(self._file)
        form = reader.FORMATS.get(path.suffix.lower())
        if form is None:
            msg = f"{self._file}: a seed file ends in {', '.join(reader.FORMATS)}"
            raise FakeError(msg)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            line = problem.object.count(b"\n", 0, problem.start) + 1
            msg = f"{self._file}:{line}: a seed file is UTF-8"
            raise FakeError(msg) from None
        except (OSError, ValueError) as problem:  # the latter for a path that no system has
            where = "" if path.is_absolute() else f" in {Path.cwd()}"
            why = getattr(problem, "strerror", None) or problem
            msg = f"{self._file}: this seed file cannot be read{where}: {why}"
            raise FakeError(msg) from None
        try:
            return reader.read(text, form)
        except reader.Malformed as problem:
            line_number = f":{problem.line}" if problem.line else ""
            msg = f"{self._file}{line_number}: {problem}"
            raise FakeError(msg) from None

    # What is wrong

    def _error(self, path: reader.Path, message: str, *, of_key: bool = False) -> FakeError:
        """Say where something is wrong."""
        where = ""
        if self._document:
            lines = self._document.lines
            line = lines.key(path) if of_key else lines.value(path)
            where = f"{self._file}:{line}: " if line else f"{self._file}: "
        return FakeError(f"{where}{message}")

    def _wrong(self, path: reader.Path, hint: Any, value: object) -> NoReturn:  # noqa: ANN401 - a type
        # Values are not told: they may be secrets, or hold some.
        wanted, got = _described(hint), kind_of(value)
        quotes = ""
        unquoted = value is not None and not isinstance(value, (str, Mapping, list))
        if self._document and unquoted and "a text" in wanted.split(" or "):
            quotes = "; a text is put in quotes"
        raise self._error(path, f"{spelled(path)} is {wanted}, got {got}{quotes}")

    # What it is made of

    def items(self, fake: object) -> dict[str, list[Item]]:
        """
        Check the scene against the methods of *fake*, without calling any.

        Raises:
            FakeError: A key is unknown, missing, or holds what is of another type.
        """
        if not isinstance(self._value, Mapping):
            self._wrong((), Mapping, self._value)
        self._collect_secrets(self._value)
        home: Any = type(fake)
        self._usual_keys = _usual_keys(home)
        found: dict[str, list[Item]] = {}
        sections = {section.name: section for section in SECTIONS}
        for key, value in self._value.items():
            path = (key,)
            self._known(path, key, sections)
            found[key] = self._section(sections[key], path, value, fake)
        return found

    def _collect_secrets(self, value: object) -> None:
        seen: set[int] = set()  # what aliases lead to is there once
        todo = [value]
        while todo:
            one = todo.pop()
            if id(one) in seen:
                continue
            if isinstance(one, Mapping):
                seen.add(id(one))
                for key, inside in one.items():
                    if key in _SECRET and isinstance(inside, str):
                        self._secrets.add(inside)
                    if key == "tokens" and isinstance(inside, (list, tuple)):
                        for item in inside:
                            if isinstance(item, str):
                                self._secrets.add(item)
                    todo.append(inside)
            elif isinstance(one, (list, tuple)):
                seen.add(id(one))
                todo.extend(one)

    def _known(
        self, path: reader.Path, key: object, known: Mapping[str, object], *, beside_secrets: object = _NO_SECRETS
    ) -> None:
        *outer, _ = path
        where = f" in {spelled(outer)}" if outer else ""
        if not isinstance(key, str):
            msg = f"a key{where} is a text, got {kind_of(key)}"
            raise self._error(tuple(outer), msg)
        if key not in known:
            # What stands where a key should may be the token itself.
            near = not isinstance(beside_secrets, Mapping) and get_close_matches(key, known, cutoff=0.8)
            shown = key if beside_secrets is _NO_SECRETS or near or key in self._usual_keys else "…"
            problem = errors.unknown("key", self._secrets.blot(shown), known, more=where)
            raise self._error(path, str(problem), of_key=True)

    def _section(self, section: Section, path: reader.Path, value: object, fake: object) -> list[Item]:
        if not isinstance(value, (list, tuple)):
            self._wrong(path, list, value)
        if section.home:
            function = getattr(section.home, section.method.rpartition(".")[2])
        else:
            function = getattr(type(fake), section.method)
        arguments = {one.name: one for one in _arguments(function, section.without)}
        keys = {name: key for key, name in section.renamed.items()}
        named = {keys.get(name, name): one for name, one in arguments.items()}
        return [self._item(section, (*path, place), item, named, fake) for place, item in enumerate(value)]

    def _item(
        self, section: Section, path: reader.Path, value: object, named: Mapping[str, _Argument], fake: object
    ) -> Item:
        inside = {one.name: one for one in section.inside}
        required = [key for key, one in named.items() if one.required]
        if not isinstance(value, Mapping):
            if len(required) != 1:
                self._wrong(path, Mapping, value)
            only = named[required[0]]
            if not any(_fits(arm, value) for arm in _arms(only.hint)):
                self._wrong(path, only.hint | Mapping, value)
            return Item(section, path, {only.name: self._checked(path, only.hint, value)}, {only.name: ""})
        item = Item(section, path, {}, {})
        has_secrets = not _SECRET.isdisjoint(named)
        for key, inner in value.items():
            value_beside = inner if has_secrets else _NO_SECRETS
            self._known((*path, key), key, {**named, **inside}, beside_secrets=value_beside)
            if key in named:
                item.arguments[named[key].name] = self._checked((*path, key), named[key].hint, inner)
                item.keys[named[key].name] = key
            else:
                item.inside[key] = self._section(inside[key], (*path, key), inner, fake)
        self._complete(path, value, required)
        return item

    def _complete(self, path: reader.Path, value: Mapping[Any, Any], required: list[str]) -> None:
        missing = [key for key in required if key not in value]
        if missing:
            verb = "is" if len(required) == 1 else "are"
            msg = f"{spelled(path)} has no {missing[0]}: {' and '.join(required)} {verb} required"
            raise self._error(path, msg)

    def _checked(self, path: reader.Path, hint: Any, value: Any) -> Any:  # noqa: ANN401 - any types
        """Check *value* against what a signature says, and give what Python takes."""
        arm = next((arm for arm in _arms(hint) if _fits(arm, value)), None)
        if arm is None:
            self._wrong(path, hint, value)
        origin = typing.get_origin(arm) or arm
        if origin is typing.Literal and value not in typing.get_args(arm):
            allowed, told = typing.get_args(arm), self._secrets.blot(value)
            problem = errors.unknown("value", told, allowed, more=f" of {spelled(path)}")
            raise self._error(path, str(problem))
        if origin is datetime:
            return _to_datetime(value)
        if origin is Step:
            return self._step(path, value)
        if origin is Sequence:
            (of,) = typing.get_args(arm)
            return [self._checked((*path, place), of, inner) for place, inner in enumerate(value)]
        return self._mapping(path, arm, value) if origin is Mapping else value

    def _step(self, path: reader.Path, value: Mapping[Any, Any]) -> Step:
        arguments = {one.name: one for one in _arguments(Step)}
        given = {}
        for key, inner in value.items():
            self._known((*path, key), key, arguments)
            given[key] = self._checked((*path, key), arguments[key].hint, inner)
        self._complete(path, value, [one.name for one in arguments.values() if one.required])
        return Step(**given)

    def _mapping(self, path: reader.Path, arm: Any, value: Mapping[Any, Any]) -> dict[str, Any]:  # noqa: ANN401
        _, of = typing.get_args(arm)
        for key in value:
            if not isinstance(key, str):
                msg = f"a key in {spelled(path)} is a text, got {kind_of(key)}"
                raise self._error(path, msg)
        return {key: self._checked((*path, key), of, inner) for key, inner in value.items()}

    # Setting the scene

    def carry_out(self, found: Mapping[str, list[Item]], fake: Any) -> None:  # noqa: ANN401 - a FakeGitHub
        """
        Set the scene.

        Raises:
            FakeError: The fake refuses something; what came before it has been done.
        """
        made: list[tuple[Item, object]] = []
        for section in SECTIONS:
            for item in found.get(section.name, ()):
                thing = self._call(item, fake, fake)
                if item.inside:
                    made.append((item, thing))
            if section.name == "tokens":
                # A token may be for repositories, and its user may act in one.
                for item, thing in made:
                    self._inside(item, thing, fake)

    def _inside(self, item: Item, thing: object, fake: object) -> None:
        for section in item.section.inside:
            for inner in item.inside.get(section.name, ()):
                self._inside(inner, self._call(inner, thing, fake), fake)

    def _call(self, item: Item, owner: object, fake: Any) -> object:  # noqa: ANN401 - a FakeGitHub
        function: Any = reduce(getattr, item.section.method.split("."), owner)
        with self._located(item):
            arguments = {name: _looked_up(fake, item, name, value) for name, value in item.arguments.items()}
            return function(**arguments)

    @contextmanager
    def _located(self, item: Item) -> Iterator[None]:
        try:
            yield
        except FakeError as problem:
            path = (*item.path, *_blamed(item, str(problem)))
            raise self._error(path, f"{spelled(path)}: {self._secrets.blot(str(problem))}") from None


def spelled(path: Sequence[object]) -> str:
    """Write a path as in ``repositories[0].branches[1].name``."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".") or "a seed"


@lru_cache(1)
def _usual_keys(home: type) -> frozenset[str]:
    """Collect all keys that items have, and a few that they might have; *home* is the fake's class."""
    found = set(_OTHER_KEYS)
    todo = [*SECTIONS]
    for section in todo:
        function = getattr(section.home or home, section.method.rpartition(".")[2])
        found |= {section.name, *section.renamed, *signature(function).parameters}
        todo += section.inside
    return frozenset(found)


@lru_cache(64)
def _arguments(function: Callable[..., Any], without: frozenset[str] = frozenset()) -> tuple[_Argument, ...]:
    """List what a method takes and a file can spell."""
    found = []
    for name, parameter in signature(function).parameters.items():
        if name != "self" and name not in without:
            # A receiver in a file is a URL.
            hint = str if name == "target" else eval(parameter.annotation, dict(_NAMES))  # noqa: S307 - our own code
            found.append(_Argument(name, hint, parameter.default is Parameter.empty))
    return tuple(found)


def _arms(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _fits(arm: Any, value: object) -> bool:  # noqa: ANN401, PLR0911 - a type
    """Tell whether *value* is of that type, whatever is in it."""
    origin = typing.get_origin(arm) or arm
    if origin in (Any, object):
        return True
    if origin is typing.Literal:
        return isinstance(value, str)
    if origin is datetime:
        return isinstance(value, date) or (isinstance(value, str) and _is_date(value))
    if origin is Step or origin is Mapping:
        return isinstance(value, Mapping)
    if origin is Sequence:
        return isinstance(value, (list, tuple))
    if origin in (None, type(None)):
        return value is None
    if origin in (int, float):
        return isinstance(value, (int, origin)) and not isinstance(value, bool)
    return isinstance(value, origin)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _to_datetime(value: date | str) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, datetime):
        found = datetime.combine(found, time())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_DESCRIBED: dict[Any, str] = {
    str: "a text",
    bytes: "bytes",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime: "a date",
    Mapping: "a mapping",
    Sequence: "a list",
    list: "a list",
    Step: "a mapping",
    typing.Literal: "a text",
}


def _described(hint: Any) -> str:  # noqa: ANN401 - a type
    told = []
    for arm in _arms(hint):
        origin = typing.get_origin(arm) or arm
        if origin not in (None, type(None), bytes):
            told.append(_DESCRIBED[origin])
    return " or ".join(dict.fromkeys(told))


def _looked_up(fake: Any, item: Item, name: str, value: Any) -> Any:  # noqa: ANN401 - a FakeGitHub, any argument
    """Put a team or an app in the place of its name, where Python takes the thing itself."""
    store: Store = fake._engine.store  # noqa: SLF001 - no public way leads from a slug to these
    if item.section.method == "enable_protection_rule":
        apps = {app.slug: app for app in store.apps}
        if value not in apps:
            raise errors.unknown("app", value, apps)
        return apps[value]
    if name == "reviewers":
        return [_team(store, one) if "/" in one else one for one in value]
    return value


def _team(store: Store, called: str) -> model.Team:
    teams = {f"{team.organization.login}/{team.slug}": team for team in store.teams}
    found = next((team for name, team in teams.items() if name.lower() == called.lower()), None)
    if found is None:
        raise errors.unknown("team", called, teams)
    return found


def _blamed(item: Item, message: str) -> tuple[str | int, ...]:
    """Find out which argument a refusal is about: the one that begins it, or whose value it quotes."""
    for name, beginning in (
        ("target", "config.url is "),
        ("headers", "the header "),
        ("headers", "the name of a header"),
    ):
        if name in item.keys and re.search(rf"(?:^|: ){beginning}", message):
            return (item.keys[name],) if item.keys[name] else ()
    for name, key in item.keys.items():
        if re.search(rf"(?:^|: )(?:an? |the )?{re.escape(name)}\b", message):
            return (key,) if key else ()
    quoting: list[tuple[str | int, ...]] = []
    for name, key in item.keys.items():
        value = item.arguments[name]
        if isinstance(value, list):
            quoting += [(key, place) for place, one in enumerate(value) if repr(one) in message]
        elif isinstance(value, str) and value and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", message):
            quoting.append((key,) if key else ())
    return quoting[0] if len(quoting) == 1 else ()
