"""
List what has changed in GitHub's own description since the versions that ``make clients`` fetches.

Usage: ``make drift``, after ``make clients``. The newest versions of
``@octokit/openapi`` and ``@octokit/openapi-webhooks`` are fetched from npm into a
temporary folder. Only what the fake answers is compared: its operations, its
events, and what these refer to. Each line names the operation, event or
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
"""Whatever JSON can hold."""

_PLAIN = re.compile(r"[A-Za-z_]\w*")
_SHOWN = 100
"""Characters of a value that are shown."""


class Change(NamedTuple):
    """One difference between two descriptions."""

    kind: str
    """``added``, ``removed`` or ``changed``."""
    path: str
    """The JSON path below an operation, event or component. A member of a list is named by what it holds."""
    text: str
    """The value, or the two values."""


class Parts(NamedTuple):
    """What the fake answers of a description."""

    own: Mapping[str, Json]
    """Each operation by its operation id, or each event by its name and action."""
    components: Mapping[str, Json]
    """Each component that these refer to, also by way of others."""
    used_by: Mapping[str, list[str]]
    """For each component the operations or events that refer to it."""


def operations(rest: Json, operation_ids: Iterable[str]) -> Parts:
    """Take the operations with these ids, and what they refer to."""
    wanted = set(operation_ids)
    listed = githubs_description.operations_of(rest)
    own = {
        name: {"method": each.method, "path": each.path, **each.described}
        for name, each in listed.items()
        if name in wanted
    }
    return _with_components(rest, own)


def events(webhooks: Json, names: Iterable[str]) -> Parts:
    """Take all actions of the events with these names, and what they refer to."""
    wanted = set(names)
    own = {}
    for methods in webhooks["webhooks"].values():
        for described in methods.values():
            event, _, action = described["operationId"].replace("-", "_").partition("/")
            if event in wanted:
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
    List how *after* differs from *before*, two values of JSON.

    The order of members does not count. A member that is new or gone is listed
    once, and not again for each of its own members.
    """
    if isinstance(before, list) and isinstance(after, list):
        names, others = _names(before), _names(after)
        if names is None or others is None:  # then only their place tells them apart
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
    """Name each member of a list by what it holds, if that tells them apart."""
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
    List what changed, one line for each difference: operations or events first, then what they refer to.

    A component that only one of the two has is not listed: the references that come or go with it are.
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
    """Fetch, compare, print."""
    if not githubs_description.is_there():
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
