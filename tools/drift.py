"""
List the changes in GitHub's own description since the versions that ``make clients`` fetches.

Usage: ``make drift``, after ``make clients``. The newest versions of
``@octokit/openapi`` and ``@octokit/openapi-webhooks`` are fetched from npm into a
temporary folder. Only the operations and events of the fake and the components
that these refer to are compared. Each line names the operation, event or
component and the place in it.

The exit status is 0 if nothing changed, 1 if something did, and 2 if a
description is missing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.http import router

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import githubs_description
from githubs_description import REST, WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
Json = Any
"""Any JSON value."""

_PLAIN = re.compile(r"[A-Za-z_]\w*")
_SHOWN = 100
"""Characters of a value that are printed, at most."""


class Change(NamedTuple):
    """One difference between two descriptions."""

    kind: str
    """``added``, ``removed`` or ``changed``."""
    path: str
    """The JSON path below an operation, event or component. A list item is named by its content."""
    text: str
    """The added or removed value, or both values of a change."""


class Parts(NamedTuple):
    """The parts of a description that the fake implements."""

    own: Mapping[str, Json]
    """Each operation by its operation id, or each event by its name and action."""
    components: Mapping[str, Json]
    """Each component that these refer to, directly or indirectly."""
    used_by: Mapping[str, list[str]]
    """The operations or events that refer to each component."""


def operations(rest: Json, operation_ids: Iterable[str]) -> Parts:
    """Select the operations with these ids, and the components that they refer to."""
    selected = set(operation_ids)
    own = {
        name: {"method": operation.method, "path": operation.path, **operation.described}
        for name, operation in githubs_description.operations_of(rest).items()
        if name in selected
    }
    return _with_components(rest, own)


def events(webhooks: Json, names: Iterable[str]) -> Parts:
    """Select all actions of the events with these names, and the components that they refer to."""
    selected = set(names)
    own = {}
    for methods in webhooks["webhooks"].values():
        for described in methods.values():
            event, _, action = described["operationId"].replace("-", "_").partition("/")
            if event in selected:
                own[f"{event}.{action}" if action else event] = described
    return _with_components(webhooks, own)


def _with_components(document: Json, own: Mapping[str, Json]) -> Parts:
    components: dict[str, Json] = {}
    used_by: dict[str, list[str]] = {}
    for name, described in own.items():
        waiting, reached = list(_references(described)), set()
        while waiting:
            reference = waiting.pop()
            if reference not in reached:
                reached.add(reference)
                group, component = reference.removeprefix("#/components/").split("/", 1)
                components[f"{group}/{component}"] = document["components"][group][component]
                waiting += _references(document["components"][group][component])
        for reference in reached:
            used_by.setdefault(reference.removeprefix("#/components/"), []).append(name)
    return Parts(own, components, used_by)


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        yield value["$ref"]
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _references(member)


def compare(before: Json, after: Json, path: str = "$") -> Iterator[Change]:
    """
    List the differences between two JSON values.

    The order of members does not count. An added or removed member is listed
    once, without its own members.
    """
    if isinstance(before, list) and isinstance(after, list):
        names, others = _names(before), _names(after)
        if names is None or others is None:  # compare the items by position
            names, others = list(range(len(before))), list(range(len(after)))
        before, after = dict(zip(names, before, strict=True)), dict(zip(others, after, strict=True))
        steps = {name: f"[{name}]" for name in before | after}
    elif isinstance(before, dict) and isinstance(after, dict):
        steps = {name: f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name)}]" for name in before | after}
    else:
        if before != after or type(before) is not type(after):
            yield Change("changed", path, f"{_short(before)} -> {_short(after)}")
        return
    for name, step in steps.items():
        if name not in before:
            yield Change("added", path + step, _short(after[name]))
        elif name not in after:
            yield Change("removed", path + step, _short(before[name]))
        else:
            yield from compare(before[name], after[name], path + step)


def _names(members: list[Json]) -> list[Json] | None:
    """Name each item of a list by its content; ``None`` if the names are not unique."""
    names = []
    for member in members:
        if isinstance(member, dict):
            member = member.get("$ref") or member.get("name")  # noqa: PLW2901
            if not isinstance(member, str):
                return None
        names.append(json.dumps(member))
    return names if len(set(names)) == len(names) else None


def _short(value: Json) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def drift(before: Parts, after: Parts) -> list[str]:
    """
    Format the changes, one line for each: operations or events first, then components.

    A component that only one of the descriptions has is not listed, since the references to it are.
    """
    lines = []
    for name in sorted(before.own.keys() | after.own.keys()):
        if name not in after.own:
            lines.append(f"removed  {name}")
        elif name not in before.own:
            lines.append(f"added    {name}")
        else:
            lines += [_line(name, change) for change in compare(before.own[name], after.own[name])]
    for name in sorted(before.components.keys() & after.components.keys()):
        first, *others = sorted(after.used_by[name])
        users = f"{first} and {len(others)} more" if others else first
        lines += [
            f"{_line(name, change)} (in {users})" for change in compare(before.components[name], after.components[name])
        ]
    return lines


def _line(subject: str, change: Change) -> str:
    return f"{change.kind:<8} {subject} {change.path}: {change.text}"


def fetch_newest(folder: Path) -> None:
    """Fetch the newest descriptions into *folder*, with npm."""
    (folder / "package.json").write_text('{"private": true}\n', "utf-8")
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    packages = [f"{package}@latest" for package in (REST, WEBHOOKS)]
    subprocess.run(["npm", "install", *options, *packages], cwd=folder, check=True, timeout=600)  # noqa: S607


def main() -> int:
    """Fetch the newest descriptions, compare them, and print the changes."""
    if not githubs_description.is_fetched():
        print("GitHub's description was not fetched: run `make clients` first")
        return 2
    answered = router.endpoints(), [path.stem for path in (ROOT / "schemas" / "events").glob("*.json")]
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetch_newest(Path(folder))
        except (OSError, subprocess.SubprocessError) as problem:
            print(f"the newest description could not be fetched: {problem}")
            return 2
        for package, part, names in zip((REST, WEBHOOKS), (operations, events), answered, strict=True):
            before, after = (part(githubs_description.load(package, node), names) for node in (None, Path(folder)))
            versions = " -> ".join(githubs_description.version(package, node) for node in (None, Path(folder)))
            changed = drift(before, after)
            print(f"{package} {versions}: {len(changed) or 'nothing'} changed in what the fake answers")
            lines += changed
    print(*lines, sep="\n", end="\n" if lines else "")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
