"""
The files of a commit, in a form that makes large histories cheap.

As in git, a tree is one directory, and shares with other trees the directories
that are equal. A large directory also shares most of its entries with the one
that it was made from, and knows what was changed. A commit therefore costs
little in a repository with many files, and a list of changes does not compare
all files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pytest_ghdeploy.github.git_objects import sha_of
from pytest_ghdeploy.github.layers import Layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_ghdeploy.github.git_objects import ObjectKind

Change = tuple[str, Literal["added", "modified", "removed"]]
"""A path and the kind of change."""

REGULAR: Final = "100644"
EXECUTABLE: Final = "100755"
SYMLINK: Final = "120000"
SUBMODULE: Final = "160000"
DIRECTORY: Final = "040000"


class File(NamedTuple):
    """
    A file, symbolic link or submodule.

    Attributes:
        sha: The SHA of the blob. For a submodule, the SHA of a commit in another repository.

        mode: Git's mode, six digits.
    """

    sha: str
    mode: str = REGULAR


class Entry(NamedTuple):
    """One entry of a directory: a file, or a directory with its tree's SHA."""

    name: str
    path: str
    sha: str
    mode: str

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.mode == DIRECTORY

    @property
    def kind(self) -> ObjectKind:
        """The kind of the object that it leads to."""
        return "tree" if self.mode == DIRECTORY else "commit" if self.mode == SUBMODULE else "blob"


class Tree(Mapping[str, File]):
    """
    A directory with everything in it. As a mapping: its files by path. It never changes.

    A directory without files does not exist, except as the root.

    Attributes:
        before: The tree that it was made from; ``None`` if it was made from nothing.

        changed: The names of the entries that differ from those of ``before``.
    """

    __slots__ = ("_entries", "_total", "before", "changed")

    def __init__(self, files: Mapping[str, File | Tree] | None = None) -> None:
        """Start with *files*."""
        self._entries: Layers[File | Tree] = Layers()
        self._total: int | None = None
        self.before: Tree | None = None
        self.changed: tuple[str, ...] = ()
        if files:
            self._entries = self.committed(files)._entries  # noqa: SLF001 - of the same class
            self.changed = tuple(self._entries)

    def committed(self, files: Mapping[str, File | Tree | None]) -> Tree:
        """
        Return a tree with other *files* by path.

        A ``Tree`` replaces a whole directory, and ``None`` removes a file or
        directory. A file whose path is a directory replaces it, and a file below
        the path of another file replaces that file.
        """
        entries: dict[str, File | Tree | None] = {}
        below: dict[str, dict[str, File | Tree | None]] = {}
        for path, file in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = file
            elif not _are_equal(file, self._entries.find(name)):
                entries[name] = None if isinstance(file, Tree) and file.is_empty else file
        for name, inside in below.items():
            old = entries.get(name, self._entries.find(name))
            folder = old if isinstance(old, Tree) else EMPTY
            changed = folder.committed(inside)
            if changed is not folder:
                entries[name] = None if changed.is_empty else changed
        if not entries:
            return self
        after = Tree()
        after._entries, after.before, after.changed = self._entries.changed(entries), self, tuple(entries)
        return after

    def changes_since(self, before: Tree) -> list[Change]:
        """Compare with another tree, path by path, in alphabetical order."""
        return sorted(_changes("", before, self))

    @property
    def is_empty(self) -> bool:
        """Whether there are no files."""
        return not len(self._entries)

    def find(self, path: str) -> File | None:
        """Return the file with a path, ``None`` if it does not exist."""
        found = self._at(path)
        return None if isinstance(found, Tree) else found

    def folder(self, path: str) -> Tree | None:
        """Return the directory with a path, ``""`` for this one, ``None`` if it does not exist."""
        found = self._at(path) if path else self
        return found if isinstance(found, Tree) else None

    def _at(self, path: str) -> File | Tree | None:
        found: File | Tree | None = self
        for name in path.split("/"):
            if not isinstance(found, Tree):
                return None
            found = found._entries.find(name)  # noqa: SLF001
        return found

    def blocking(self, path: str) -> str | None:
        """Find a file that blocks *path*: one above it or below it; ``None`` if there is none."""
        steps = path.split("/")
        found: File | Tree | None = self
        for count, name in enumerate(steps, 1):
            if isinstance(found, Tree):
                found = found._entries.find(name)  # noqa: SLF001
            if isinstance(found, File) and count < len(steps):
                return "/".join(steps[:count])
        return f"{path}/{next(iter(found))}" if isinstance(found, Tree) else None

    def directory(self) -> list[Entry]:
        """List the entries of this directory itself, in git's order."""
        return list(self._listed("", deep=False))

    def walk(self) -> Iterator[Entry]:
        """Yield all entries at any depth in git's order, each directory before its content."""
        return self._listed("", deep=True)

    def _listed(self, prefix: str, *, deep: bool) -> Iterator[Entry]:
        # Git sorts a directory as if its name ended in a slash.
        named = [(f"{name}/" if isinstance(at, Tree) else name, name, at) for name, at in self._entries.items()]
        for _, name, at in sorted(named, key=_by_git):
            path = prefix + name
            if isinstance(at, File):
                yield Entry(name, path, at.sha, at.mode)
            else:
                yield Entry(name, path, at.sha, DIRECTORY)
                if deep:
                    yield from at._listed(f"{path}/", deep=True)  # noqa: SLF001

    def folders_to_index(self) -> Iterator[Tree]:
        """Yield ``before``, and the directories in this one that ``before`` does not have in the same place."""
        if self.before is not None:
            yield self.before
        for name in self.changed:
            at = self._entries.find(name)
            if isinstance(at, Tree):
                yield at

    # The SHA

    @property
    def sha(self) -> str:
        """The SHA of the tree, 40 hex digits. Equal trees have equal SHAs."""
        return _sha_of_sum(self._sum())

    def _sum(self) -> int:
        """
        Sum up the hashes of the entries.

        With a sum, a changed entry costs the same however many other entries
        there are. The sums are computed when they are first needed.
        """
        pending: list[Tree] = []
        tree: Tree | None = self
        while tree is not None and tree._total is None:  # noqa: SLF001
            pending.append(tree)
            tree = tree.before
        total = 0 if tree is None or tree._total is None else tree._total  # noqa: SLF001
        for later in reversed(pending):
            was = later.before._entries if later.before is not None else Layers()  # noqa: SLF001
            for name in later.changed:
                total += _hash(name, later._entries.find(name)) - _hash(name, was.find(name))  # noqa: SLF001
            later._total = total  # noqa: SLF001
        return total

    # As a mapping

    def __getitem__(self, path: str) -> File:
        found = self.find(path)
        if found is None:
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[str]:
        for name, at in self._entries.items():
            if isinstance(at, File):
                yield name
            else:
                yield from (f"{name}/{path}" for path in at)

    def __len__(self) -> int:
        return sum(1 for _ in self)


EMPTY = Tree()
"""The tree without files."""
_EMPTY_SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""Git's SHA of the empty tree, which some clients hard-code."""


def _by_git(named: tuple[str, str, object]) -> str:
    return named[0]


def _are_equal(one: File | Tree | None, other: File | Tree | None) -> bool:
    if isinstance(one, Tree) and isinstance(other, Tree):
        return one is other or one.sha == other.sha
    return one == other


def _changes(prefix: str, before: Tree, after: Tree) -> Iterator[Change]:
    names: Iterable[str]
    if after.before is before:
        names = after.changed
    elif after is before or after.sha == before.sha:
        return
    else:
        names = after._entries.keys_to_compare(before._entries)  # noqa: SLF001 - a function of the class
    for name in names:
        was, now = before._entries.find(name), after._entries.find(name)  # noqa: SLF001
        path = prefix + name
        if isinstance(was, Tree) and isinstance(now, Tree):
            yield from _changes(f"{path}/", was, now)
        elif isinstance(was, File) and isinstance(now, File):
            if was != now:
                yield path, "modified"
        else:
            yield from ((removed, "removed") for removed in _files_at(path, was))
            yield from ((added, "added") for added in _files_at(path, now))


def _files_at(path: str, at: File | Tree | None) -> Iterator[str]:
    if isinstance(at, File):
        yield path
    elif at is not None:
        yield from (f"{path}/{below}" for below in at)


def _hash(name: str, at: File | Tree | None) -> int:
    if at is None:
        return 0
    mode, sha = (at.mode, at.sha) if isinstance(at, File) else (DIRECTORY, at.sha)
    text = f"{mode} {name} {sha}"
    return int.from_bytes(hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest())


def _sha_of_sum(total: int) -> str:
    return sha_of("tree", str(total)) if total else _EMPTY_SHA


def linked_file(tree: Tree, path: str, blobs: Mapping[str, bytes]) -> File | None:
    """Find the file in *tree* that the symbolic link at *path* leads to, ``None`` if it leads to anything else."""
    target = blobs[tree[path].sha].decode("utf-8", "replace")
    if target.startswith("/"):
        return None
    found = tree.find(normpath(join(dirname(path), target)))
    return found if found and found.mode in (REGULAR, EXECUTABLE) else None
