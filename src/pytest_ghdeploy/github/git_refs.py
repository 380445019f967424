"""Branches, tags or other refs: SHAs by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from pytest_ghdeploy.github.git_objects import folders_of

if TYPE_CHECKING:
    from collections.abc import ItemsView, KeysView, ValuesView


class Refs(MutableMapping[str, str]):
    """
    Refs of one kind: SHAs by name, in the order in which they were added.

    Like git, which stores a ref as a file, it tells which names would be both a
    file and a folder. It counts the folders, so that it need not look at all refs.
    """

    def __init__(self, refs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        """Start with a copy of *refs*."""
        self._shas: dict[str, str] = {}
        self._folders: Counter[str] = Counter()
        self.update(refs)

    def blocking(self, name: str) -> str | None:
        """Find an existing ref that is a folder of *name*, or has *name* as a folder; ``None`` if there is none."""
        above = next((folder for folder in folders_of(name) if folder in self._shas), None)
        if above is None and name in self._folders:
            # An interruption between a ref and its count may leave a count too high.
            return next((other for other in self._shas if other.startswith(f"{name}/")), None)
        return above

    def __getitem__(self, name: str) -> str:
        return self._shas[name]

    def __setitem__(self, name: str, sha: str) -> None:
        if name not in self._shas:
            self._folders.update(folders_of(name))
        self._shas[name] = sha

    def __delitem__(self, name: str) -> None:
        del self._shas[name]
        for folder in folders_of(name):
            self._folders[folder] -= 1
            if not self._folders[folder]:
                del self._folders[folder]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shas)

    def __len__(self) -> int:
        return len(self._shas)

    def __repr__(self) -> str:
        return repr(self._shas)

    # Faster than those of MutableMapping

    def keys(self) -> KeysView[str]:
        """Return a view of the names."""
        return self._shas.keys()

    def values(self) -> ValuesView[str]:
        """Return a view of the SHAs."""
        return self._shas.values()

    def items(self) -> ItemsView[str, str]:
        """Return a view of the refs."""
        return self._shas.items()
