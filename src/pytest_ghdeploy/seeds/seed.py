"""
Seed files: calls of the Python interface, written as data.

``SECTIONS`` maps each list of items to the method that is called for each item.
The keys of an item are that method's parameters, so a file accepts what Python
accepts. An error names the file, the path in it and, for YAML, the line.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pytest_ghdeploy import data_files, errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface.apps import App
from pytest_ghdeploy.interface.binding import Binder, Mismatch, spelled
from pytest_ghdeploy.interface.environment import Environment
from pytest_ghdeploy.interface.faults import Faults
from pytest_ghdeploy.interface.pull_requests import PullRequest
from pytest_ghdeploy.interface.rate_limits import RateLimits
from pytest_ghdeploy.interface.repository import Repository
from pytest_ghdeploy.interface.resources import Deployment
from pytest_ghdeploy.redaction.names import kind_of
from pytest_ghdeploy.redaction.secrets import Secrets
from pytest_ghdeploy.webhooks.webhooks import Webhooks

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from inspect import BoundArguments

    from pytest_ghdeploy.data_files import Path

Source = str | os.PathLike[str] | Mapping[str, Any]
"""The path of a seed file, or the content of one as a mapping."""


class Engine(Protocol):
    """The members of a fake's engine that seeds use."""

    @property
    def outbox(self) -> AbstractContextManager[object]: ...  # noqa: D102 - see engine.Engine
    @property
    def lock(self) -> AbstractContextManager[object]: ...  # noqa: D102
    def reset(self) -> None: ...  # noqa: D102


class Section(NamedTuple):
    """
    A list of items. Each item is one call.

    Attributes:
        name: The key of the list.

        method: The method to call, of the fake or of the object created by the enclosing item.

        home: The class that defines the method, if it is not the fake's.

        renamed: Parameter names by key, where the two differ.

        without: Parameters that a file cannot set.

        inside: The lists inside an item. They call methods of the object it creates.
    """

    name: str
    method: str
    home: type | None = None
    renamed: Mapping[str, str] = {}
    without: frozenset[str] = frozenset()
    inside: tuple[Section, ...] = ()

    def key_of(self, argument: str | None) -> str | None:
        """Return the key for an *argument*."""
        return next((key for key, name in self.renamed.items() if name == argument), argument)


# In the order of the calls, whatever the order in the file.
_OF_ENVIRONMENTS = (
    Section("deployment_branch_policies", "add_deployment_branch_policy", Environment),
    Section("protection_rules", "enable_protection_rule", Environment),
    Section("secrets", "add_secret", Environment),
    Section("variables", "add_variable", Environment),
)
_OF_DEPLOYMENTS = (Section("statuses", "add_status", Deployment),)
_OF_PULL_REQUESTS = (
    Section("comments", "add_comment", PullRequest),
    Section("reviews", "add_review", PullRequest),
)
_OF_REPOSITORIES = (
    Section("branches", "add_branch", Repository),
    Section("commits", "add_commit", Repository),
    Section("merge_conflicts", "add_merge_conflict", Repository),
    Section("tags", "add_tag", Repository),
    Section("refs", "add_ref", Repository),
    Section("protected_branches", "protect_branch", Repository),
    Section("collaborators", "add_collaborator", Repository),
    Section("deploy_keys", "add_deploy_key", Repository),
    Section("commit_statuses", "add_commit_status", Repository),
    Section("check_runs", "add_check_run", Repository),
    Section("commit_comments", "add_commit_comment", Repository),
    Section("labels", "add_label", Repository),
    Section("pull_requests", "add_pull_request", Repository, inside=_OF_PULL_REQUESTS),
    Section("environments", "add_environment", Repository, inside=_OF_ENVIRONMENTS),
    Section("releases", "add_release", Repository),
    Section("topics", "add_topic", Repository),
    Section("branch_rules", "add_branch_rule", Repository),
    Section("deployments", "add_deployment", Repository, inside=_OF_DEPLOYMENTS),
)
SECTIONS = (
    Section("users", "add_user"),
    Section("apps", "add_app", inside=(Section("installations", "install", App),)),
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


@dataclass(repr=False)  # values may be secrets
class Item:
    """A call to make, and further calls to make on the object it returns."""

    section: Section
    path: Path
    call: BoundArguments
    keys: frozenset[str]
    """The item's keys in the document; empty if the item is just the value of its only required argument."""
    inside: dict[str, list[Item]] = field(default_factory=dict)


class Seed:
    """A seed, read and checked against the Python interface."""

    def __init__(self, source: Source, home: type) -> None:
        """
        Read and check *source*, without calling anything.

        Args:
            home: The class of the fake that the seed is for.

        Raises:
            FakeError: The file cannot be read, a key is unknown or missing, or a value has the wrong type.
        """
        self._file = ""
        self._secrets = Secrets()
        self._home = home
        if isinstance(source, Mapping):
            self._document = data_files.Document(source)
        elif isinstance(source, (str, os.PathLike)):
            self._file = os.fsdecode(source)
            self._document = self._read()
        else:
            msg = f"a seed must be a file path or a mapping, got {errors.kind_of(source)}"
            raise FakeError(msg)
        self._binder = Binder("a seed", redact=self._secrets.redact, needs_quotes=bool(self._file))
        try:
            self._items = self._checked(self._document.value)
        except Mismatch as problem:
            line = self._document.line(problem.path, of_key=problem.is_key)
            raise self._error(problem.argument, str(problem), line) from None

    def _read(self) -> data_files.Document:
        path = pathlib.Path(self._file)
        form = data_files.FORMATS.get(path.suffix.lower())
        if form is None:
            msg = f"{self._file}: the name of a seed file must end in {', '.join(data_files.FORMATS)}"
            raise FakeError(msg)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            line = problem.object.count(b"\n", 0, problem.start) + 1
            msg = f"{self._file}:{line}: a seed file must be UTF-8"
            raise FakeError(msg) from None
        except (OSError, ValueError) as problem:  # ValueError: a null byte in the path
            place = "" if path.is_absolute() else f" in {pathlib.Path.cwd()}"
            reason = getattr(problem, "strerror", None) or problem
            msg = f"{self._file}: cannot read this seed file{place}: {reason}"
            raise FakeError(msg) from None
        try:
            return data_files.read(text, form)
        except data_files.MissingPyYAML as problem:
            raise self._error(None, f"{problem}, or use TOML or JSON", None) from None
        except data_files.Malformed as problem:
            raise self._error(None, str(problem), problem.line) from None

    def _error(self, argument: str | None, message: str, line: int | None) -> FakeError:
        where = f"{self._file}:{line}: " if line else f"{self._file}: " if self._file else ""
        return FakeError(f"{where}{message}", argument=argument)

    # Checking

    def _checked(self, value: object) -> dict[str, list[Item]]:
        if not isinstance(value, Mapping):
            msg = f"a seed must be a mapping, got {errors.kind_of(value)}"
            raise Mismatch(msg, ())
        self._collect_secrets(value)
        sections = {section.name: section for section in SECTIONS}
        return self._lists(sections, value, ())

    def _collect_secrets(self, value: object) -> None:
        seen: set[int] = set()  # aliases share objects
        remaining = [value]
        while remaining:
            current = remaining.pop()
            if id(current) in seen:
                continue
            if isinstance(current, Mapping):
                seen.add(id(current))
                for key, inside in current.items():
                    if isinstance(key, str) and isinstance(inside, str) and kind_of(key):
                        self._secrets.add(inside)
                    if key == "tokens" and isinstance(inside, (list, tuple)):
                        for item in inside:
                            if isinstance(item, str):
                                self._secrets.add(item)
                    remaining.append(inside)
            elif isinstance(current, (list, tuple)):
                seen.add(id(current))
                remaining.extend(current)

    def _lists(self, sections: Mapping[str, Section], value: Mapping[Any, Any], path: Path) -> dict[str, list[Item]]:
        lists = {}
        for key, inner in value.items():
            self._binder.check_key(key, list(sections), path)
            lists[key] = self._list(sections[key], inner, (*path, key))
        return lists

    def _list(self, section: Section, value: object, path: Path) -> list[Item]:
        items: list[Any] = self._binder.value(Sequence[Any], value, path)
        return [self._item(section, item, (*path, place)) for place, item in enumerate(items)]

    def _item(self, section: Section, value: object, path: Path) -> Item:
        inside = {inner.name: inner for inner in section.inside}
        function = getattr(section.home or self._home, section.method.rpartition(".")[2])
        call = self._binder.bind(
            function, value, path, without=section.without, renamed=section.renamed, more_keys=list(inside)
        )
        if not isinstance(value, Mapping):
            return Item(section, path, call, frozenset())
        lists = {key: inner for key, inner in value.items() if key in inside}
        return Item(section, path, call, frozenset(value), self._lists(inside, lists, path))

    # Calling

    def carry_out(self, fake: object) -> None:
        """
        Make the calls.

        Raises:
            FakeError: A call is refused. Earlier calls stay in effect.
        """
        outer: list[tuple[Item, object]] = []
        for section in SECTIONS:
            for item in self._items.get(section.name, ()):
                result = self._call(item, fake)
                if item.inside:
                    outer.append((item, result))
            if section.name == "tokens":
                # Tokens need repositories, and calls inside repositories may need users that tokens create.
                for item, result in outer:
                    self._call_inside(item, result)

    def fill(self, fake: object, engine: Engine) -> None:
        """
        Make the calls on an empty *fake*. Events are delivered after the last call.

        Raises:
            FakeError: A call is refused. The fake is empty again, and nothing is delivered.
        """
        with engine.outbox, engine.lock:
            try:
                self.carry_out(fake)
            except FakeError:
                engine.reset()
                raise

    def _call_inside(self, item: Item, result: object) -> None:
        for section in item.section.inside:
            for inner in item.inside.get(section.name, ()):
                self._call_inside(inner, self._call(inner, result))

    def _call(self, item: Item, owner: object) -> object:
        function: Any = reduce(getattr, item.section.method.split("."), owner)
        try:
            return function(*item.call.args, **item.call.kwargs)
        except FakeError as problem:
            key = item.section.key_of(problem.argument)
            path = (*item.path, key) if key in item.keys else item.path
            line = self._document.line(path, of_key=False)
            message = f"{spelled(path)}: {self._secrets.redact(str(problem))}"
            raise self._error(spelled(path) or None, message, line) from None


def rehearse(seeds: Iterable[Seed], scratch: Any) -> None:  # noqa: ANN401 - a FakeGitHub, which imports this module
    """
    Make the calls of *seeds* on *scratch*, a fake that is not needed afterwards: a failing seed must change nothing.

    Raises:
        FakeError: A call is refused.
    """
    scratch.webhooks.hold()  # nothing may be delivered twice
    for seed in seeds:
        seed.carry_out(scratch)
