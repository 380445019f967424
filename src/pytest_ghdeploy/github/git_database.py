"""The objects of a repository by SHA: blobs, trees, commits and annotated tags, whether or not a ref leads to them."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.changes import Changes
from pytest_ghdeploy.github.git_objects import blob_sha, sha_of
from pytest_ghdeploy.github.trees import EMPTY, SUBMODULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from pytest_ghdeploy.github.git import Commit, Signature
    from pytest_ghdeploy.github.git_objects import ObjectKind
    from pytest_ghdeploy.github.trees import File, Tree


_FIRST_TREES = {EMPTY.sha: EMPTY}


class AnnotatedTag(NamedTuple):
    """
    A tag object. A ref such as ``refs/tags/v1`` may point to it.

    Attributes:
        name: The name that the object gives itself. The ref may have another one.

        target: The SHA of the tagged object.
    """

    sha: str
    name: str
    message: str
    target: str
    target_kind: ObjectKind
    tagger: Signature


class GitDatabase:
    """The objects of one repository."""

    def __init__(self) -> None:
        """Start without objects."""
        self.pending = Changes()
        self.blobs: dict[str, bytes] = {}
        self.commits: dict[str, Commit] = {}
        self.annotated_tags: dict[str, AnnotatedTag] = {}
        # Without those of the newest commits, until a tree is looked up.
        self._trees: dict[str, Tree] = dict(_FIRST_TREES)
        self._commits_with_trees = 0

    def _copy_objects(self) -> None:
        self.blobs, self.commits = dict(self.blobs), dict(self.commits)
        self.annotated_tags, self._trees = dict(self.annotated_tags), dict(self._trees)

    def kind_of(self, sha: str) -> ObjectKind | None:
        """Return the kind of the object with this full SHA, ``None`` if there is no such object."""
        if sha in self.commits:
            return "commit"
        if sha in self.blobs:
            return "blob"
        if sha in self.annotated_tags:
            return "tag"
        return None if self.tree(sha) is None else "tree"

    def peel(self, sha: str) -> str:
        """Return the SHA of the object that the annotated tag *sha* leads to. Any other SHA stays."""
        return self.annotated_tags[sha].target if sha in self.annotated_tags else sha

    def content(self, file: File) -> bytes:
        """Return the content of a file. That of a submodule is the line that git shows in comparisons."""
        if file.mode == SUBMODULE:
            return f"Subproject commit {file.sha}\n".encode()
        return self.blobs[file.sha]

    def tree(self, sha: str) -> Tree | None:
        """Return the tree of a commit or of a directory in it by its full SHA, ``None`` if it does not exist."""
        # A commit that is made later is looked at later. `Graph._deepen` replaces one, but its tree stays.
        for commit in islice(self.commits.values(), self._commits_with_trees, None):
            self.keep_tree(commit.tree)
        self.pending.set(self, _commits_with_trees=len(self.commits))
        return self._trees.get(sha)

    def add_blob(self, content: str | bytes) -> str:
        """Keep a file's content, and return its SHA."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        blob = blob_sha(data)
        self.pending.put(self.blobs, blob, data)
        return blob

    def keep_tree(self, tree: Tree) -> None:
        """Keep a tree, with all directories in it."""
        todo = [tree]
        while todo:
            tree = todo.pop()
            if tree.sha not in self._trees:
                self.pending.put(self._trees, tree.sha, tree)
                todo.extend(tree.folders_to_index())

    def add_annotated_tag(
        self, name: str, message: str, target: str, target_kind: ObjectKind, tagger: Signature, now: datetime
    ) -> AnnotatedTag:
        """Add a tag object that leads to the object *target*. The same tag has the same SHA."""
        parts = ("tag", name, message, target, target_kind, *parts_of([tagger], now))

        def fits(sha: str) -> bool:
            return sha not in self.annotated_tags or self.annotated_tags[sha].tagger == tagger

        tag = AnnotatedTag(first_sha(parts, fits), name, message, target, target_kind, tagger)
        self.pending.put(self.annotated_tags, tag.sha, tag)
        return tag


def parts_of(people: Iterable[Signature], now: datetime) -> Iterator[str]:
    """Yield what a SHA depends on. That is not the present time, so that a test gets the same SHAs in every run."""
    for person in people:
        yield from (person.name, person.email, "" if person.date == now else person.date.isoformat())


def first_sha(parts: Iterable[str], fits: Callable[[str], bool]) -> str:
    """Return the first SHA that *fits*, for objects with the same *parts* that were made at different times."""
    parts = tuple(parts)
    return next(sha for number in count() if fits(sha := sha_of(*parts, str(number))))
