"""
The files of a commit, in a form that makes large histories cheap.

A tree shares most of its entries with the tree that it was made from, and knows
what was changed. A commit therefore costs little in a repository with many
files, and a list of changes does not compare all files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from pytest_ghdeploy.github.git_objects import folders_of, sha_of

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView

V = TypeVar("V")

Change = tuple[str, Literal["added", "modified", "removed"]]
"""A path and the kind of change."""


class Entry(NamedTuple):
    """One entry of a directory: a file with its blob's SHA, or a directory with its tree's SHA."""

    name: str
    path: str
    sha: str
    is_directory: bool


_FEW = 16
"""Layers with as many own entries are always kept apart."""


class Layers(Mapping[str, V], Generic[V]):
    """
    A mapping that never changes. ``changed`` returns another one, which shares most entries with it.

    It consists of a large dictionary that many of them share, and a small one of
    its own. Once the small one has more entries than the square root of the
    large one, both become a new large one.
    """

    __slots__ = ("_length", "_own", "_shared")

    def __init__(self, shared: dict[str, V] | None = None) -> None:
        """Start with the entries of *shared*, which must not change from now on."""
        self._shared: dict[str, V] = shared or {}
        self._own: dict[str, V | None] = {}
        self._length = len(self._shared)

    def changed(self, changes: Mapping[str, V | None]) -> Layers[V]:
        """Return a mapping with these *changes*. ``None`` removes an entry."""
        after: Layers[V] = Layers(self._shared)
        after._own = {**self._own, **changes}
        if len(after._own) > _FEW and len(after._own) ** 2 > len(after._shared):
            return Layers(after._merged())
        after._length = self._length + sum(
            (value is not None) - (self.find(key) is not None) for key, value in changes.items()
        )
        return after

    def keys_to_compare(self, other: Layers[V]) -> set[str]:
        """Return keys that include all those whose values differ in *other*."""
        if self._shared is other._shared:
            return {*self._own, *other._own}
        return {*self._merged(), *other._merged()}

    def _merged(self) -> dict[str, V]:
        if not self._own:
            return self._shared
        return {key: value for key, value in {**self._shared, **self._own}.items() if value is not None}

    def find(self, key: str) -> V | None:
        """Return the value of a key, ``None`` without one. ``get`` of a ``Mapping`` is slow if there is none."""
        return self._own[key] if key in self._own else self._shared.get(key)

    def __getitem__(self, key: str) -> V:
        value = self.find(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._merged())

    def __len__(self) -> int:
        return self._length

    # Faster than those of Mapping

    def keys(self) -> KeysView[str]:
        """Return a view of the keys."""
        return self._merged().keys()

    def values(self) -> ValuesView[V]:
        """Return a view of the values."""
        return self._merged().values()

    def items(self) -> ItemsView[str, V]:
        """Return a view of the entries."""
        return self._merged().items()


class Tree(Mapping[str, str]):
    """
    The files of a commit: blob SHAs by path. It never changes.

    Attributes:
        files: The blob SHAs by path.

        before: The tree that it was made from; ``None`` if it was made from nothing.

        changes: The differences to ``before``, in alphabetical order.
    """

    __slots__ = ("_sums", "before", "changes", "files")

    def __init__(self, files: dict[str, str] | None = None) -> None:
        """Start with *files*, which must not change from now on. All of them are added."""
        self.files = Layers(files)
        self.before: Tree | None = None
        self.changes: tuple[Change, ...] = tuple((path, "added") for path in sorted(files or ()))
        self._sums: Layers[int] | None = None

    def committed(self, files: Mapping[str, str | None]) -> Tree:
        """Return a tree in which *files* have other blobs. ``None`` removes a file."""
        changes = {path: blob for path, blob in files.items() if blob != self.find(path)}
        if not changes:
            return self
        after = Tree()
        after.files, after.before = self.files.changed(changes), self
        after.changes = tuple(_change(path, self.find(path), changes[path]) for path in sorted(changes))
        return after

    def changes_since(self, before: Tree) -> list[Change]:
        """Compare with another tree, path by path, in alphabetical order."""
        if self is before:
            return []
        if self.before is before:
            return list(self.changes)
        old, new = before.files.find, self.files.find
        differing = [path for path in self.files.keys_to_compare(before.files) if old(path) != new(path)]
        return [_change(path, old(path), new(path)) for path in sorted(differing)]

    def find(self, path: str) -> str | None:
        """Return the blob of a file, ``None`` if it does not exist."""
        return self.files.find(path)

    def __getitem__(self, path: str) -> str:
        return self.files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def items(self) -> ItemsView[str, str]:
        """Return a view of the files."""
        return self.files.items()

    def directory(self, folder: str) -> list[Entry]:
        """List the entries of *folder* (``""`` for the root), in git's order; none if it does not exist."""
        prefix = f"{folder}/" if folder else ""
        entries: list[Entry] = []
        folders: set[str] = set()
        for path, blob in self.items():
            if path.startswith(prefix):
                name, slash, _ = path[len(prefix) :].partition("/")
                if not slash:
                    entries.append(Entry(name, path, blob, is_directory=False))
                elif name not in folders:
                    folders.add(name)
                    entries.append(Entry(name, prefix + name, self.folder_sha(prefix + name), is_directory=True))
        # Git sorts a directory as if its name ended in a slash.
        return sorted(entries, key=lambda entry: f"{entry.name}/" if entry.is_directory else entry.name)

    # SHAs

    @property
    def sha(self) -> str:
        """The SHA of the tree, 40 hex digits."""
        return self.folder_sha("")

    def folder_sha(self, folder: str) -> str:
        """Return the SHA of the tree of *folder*, ``""`` for the root. Equal folders have equal SHAs."""
        return _sha_of_sum(self.folder_sums().get(folder, 0))

    def changed_folder_shas(self) -> Iterator[str]:
        """Yield the SHAs of all folders that ``before`` has not, or has with other files."""
        sums = self.folder_sums()
        for folder in {"", *(folder for path, _ in self.changes for folder in folders_of(path))}:
            if folder in sums or not folder:
                yield _sha_of_sum(sums.get(folder, 0))

    def folder_sums(self) -> Layers[int]:
        """
        Map each folder to the sum of the hashes of its files.

        With a sum, a changed file costs the same however many other files there
        are. The sums are computed when they are first needed.
        """
        pending: list[Tree] = []
        tree: Tree | None = self
        while tree is not None and tree._sums is None:  # noqa: SLF001 - of the same class
            pending.append(tree)
            tree = tree.before
        sums = None if tree is None else tree._sums  # noqa: SLF001
        for later in reversed(pending):
            sums = later._sums = later._changed_sums(sums or Layers())  # noqa: SLF001
        assert sums is not None  # noqa: S101 - this tree is pending, or has sums
        return sums

    def _changed_sums(self, sums: Layers[int]) -> Layers[int]:
        """Return the sums, from the *sums* of the tree before."""
        changed: dict[str, int] = {}
        for path, _ in self.changes:
            was, blob = self.before.find(path) if self.before is not None else None, self.find(path)
            for folder, name in _places_in(path):
                total = changed.get(folder, sums.get(folder, 0))
                changed[folder] = total - _hash(name, was) + _hash(name, blob)
        # A folder without files does not exist.
        return sums.changed({folder: total or None for folder, total in changed.items()})


def _change(path: str, old: str | None, new: str | None) -> Change:
    return path, "added" if old is None else "removed" if new is None else "modified"


def _places_in(path: str) -> Iterator[tuple[str, str]]:
    """Yield each folder of a file, ``""`` for the root, with the file's path below it."""
    yield "", path
    for folder in folders_of(path):
        yield folder, path[len(folder) + 1 :]


def _hash(name: str, blob: str | None) -> int:
    if blob is None:
        return 0
    return int.from_bytes(
        hashlib.sha1(f"{name} {blob}".encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    )


def _sha_of_sum(total: int) -> str:
    return sha_of("tree", str(total))
