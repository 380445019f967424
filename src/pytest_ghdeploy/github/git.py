"""
A small commit graph: the part of git that deployments need.

A commit has parents and a tree, which maps paths to files. A branch or tag
points to a commit. "Behind", merges and conflicts are computed from these. SHAs
do not depend on the time, so a test gets the same SHAs in every run.
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_ghdeploy.github.git_database import GitDatabase, first_sha, parts_of
from pytest_ghdeploy.github.git_objects import blob_sha, sha_of
from pytest_ghdeploy.github.git_refs import Refs
from pytest_ghdeploy.github.history import compare, sizes
from pytest_ghdeploy.github.merges import merged
from pytest_ghdeploy.github.trees import REGULAR, SUBMODULE, File, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from pytest_ghdeploy.github.history import Divergence
    from pytest_ghdeploy.github.model import User
    from pytest_ghdeploy.github.trees import Change

_SHORT_SHA = re.compile(r"[0-9a-f]{7,40}")


class Signature(NamedTuple):
    """
    The name, email address and time in a commit. They need not belong to an account.

    *date* has the offset from UTC that the client chose.
    """

    name: str
    email: str
    date: datetime


class Commit(NamedTuple):
    """
    A commit.

    Attributes:
        number: Greater than the number of every parent.

        written_by: The author chosen by the client, ``None`` for *author* at *committed_at*.

        committed_by: The committer chosen by the client, ``None`` for the same.

        pgp_signature: The text of the signature that the client sent, ``""`` without one.
    """

    sha: str
    parents: tuple[str, ...]
    tree: Tree
    message: str
    author: User
    committed_at: datetime
    number: int
    written_by: Signature | None = None
    committed_by: Signature | None = None
    pgp_signature: str = ""

    @property
    def tree_sha(self) -> str:
        """The SHA of the commit's tree, 40 hex digits."""
        return self.tree.sha


class Target(NamedTuple):
    """
    The branch, tag, other ref or commit that a ref resolves to.

    *name* is short: ``main`` for ``refs/heads/main``, ``pull/7/merge`` for ``refs/pull/7/merge``.
    """

    kind: Literal["branch", "tag", "ref", "commit"]
    name: str
    sha: str


class Graph(GitDatabase):
    """The commits, branches and tags of one repository."""

    def __init__(self, name: str, author: User, now: datetime, default_branch: str, *, empty: bool = False) -> None:
        """Start with one commit on *default_branch*, or *empty*. SHAs depend on *name*, so repositories differ."""
        super().__init__()
        self._name = name
        self._newest = 0
        self._oldest = 0
        self._counted = 0  # commits whose SHA is made from this number
        self.branches = Refs()
        self.tags = Refs()
        self.other_refs = Refs()
        """Refs that are neither branches nor tags, without ``refs/``."""
        self._authors: tuple[str, int, frozenset[int]] = "", 0, frozenset()
        if empty:
            return
        blobs, tree = _first_files(name)
        self.blobs.update(blobs)
        self.branches[default_branch] = self.add((), tree, "Initial commit", author, now).sha

    def copy(self) -> Graph:
        """Return an independent graph with the same commits and refs."""
        graph = copy(self)
        graph._copy_objects()  # noqa: SLF001 - of the same class
        graph.branches, graph.tags, graph.other_refs = Refs(self.branches), Refs(self.tags), Refs(self.other_refs)
        return graph

    def add(
        self,
        parents: tuple[str, ...],
        tree: Tree,
        message: str,
        author: User,
        now: datetime,
        signatures: tuple[Signature | None, Signature | None] = (None, None),
        sha: str = "",
        pgp_signature: str = "",
    ) -> Commit:
        """Add a commit that is on no branch. Without *sha*, it differs from all others."""
        self.pending.set(self, _newest=self._newest + 1)
        if not sha:
            self.pending.set(self, _counted=self._counted + 1)
            sha = sha_of("commit", self._name, str(self._counted), message, *parents)
        commit = Commit(sha, parents, tree, message, author, now, self._newest, *signatures, pgp_signature)
        self.pending.put(self.commits, sha, commit)
        return commit

    # Refs

    def resolve(self, ref: str, *, default_branch: str | None = None, short_shas: bool = False) -> Target | None:
        """
        Resolve *ref* to a branch, else a tag, else any other ref, else a commit with this full SHA.

        The forms ``refs/heads/x``, ``heads/x``, ``refs/tags/x`` and ``tags/x``
        work too. Other refs are found by their full names only [guess], such as
        ``refs/pull/7/merge``. An annotated tag stands for its commit.

        Args:
            default_branch: The branch that ``HEAD`` stands for. Without it, ``HEAD`` is unknown.

            short_shas: Whether an unambiguous prefix of 7 to 40 digits is also a SHA.

        Returns:
            ``None`` if nothing matches.

        Source:
            Users report that a deployment accepts ``refs/pull/N/merge`` (npm/action-deploy#41).
        """
        if ref == "HEAD" and default_branch is not None and default_branch in self.branches:
            return Target("branch", default_branch, self.branches[default_branch])
        kinds: tuple[tuple[Literal["branch", "tag"], str, Refs], ...] = (
            ("branch", "heads/", self.branches),
            ("tag", "tags/", self.tags),
        )
        for kind, space, known in kinds:
            for prefix in ("", space, f"refs/{space}"):
                name = ref.removeprefix(prefix)
                if name in known and ref == prefix + name:
                    return Target(kind, name, self.peel(known[name]))
        name = ref.removeprefix("refs/")
        if name != ref and name in self.other_refs:
            return Target("ref", name, self.peel(self.other_refs[name]))
        sha = self.peel(ref.lower())
        if sha in self.commits:
            return Target("commit", sha, sha)
        matches = [full for full in self.commits if full.startswith(sha)] if short_shas else []
        if len(matches) == 1 and _SHORT_SHA.fullmatch(sha):
            return Target("commit", matches[0], matches[0])
        return None

    def branches_with(self, sha: str) -> Iterator[tuple[str, str]]:
        """Yield the name and head of each branch that contains *sha*, in alphabetical order."""
        known = {sha: True}
        for name, head in sorted(self.branches.items()):
            if self._contains(head, sha, known):
                yield name, head

    def refs(self) -> dict[str, str]:
        """Map all refs, such as ``heads/main``, to SHAs of commits and annotated tags, in alphabetical order."""
        refs = {f"heads/{name}": sha for name, sha in self.branches.items()}
        refs |= {f"tags/{name}": sha for name, sha in self.tags.items()}
        refs |= self.other_refs
        return dict(sorted(refs.items()))

    def names(self) -> list[str]:
        """List all branches and tags by their short names, and other refs by their full names."""
        return [*self.branches, *self.tags, *(f"refs/{name}" for name in self.other_refs)]

    def ref(self, name: str) -> str | None:
        """Return the SHA that a ref such as ``heads/main`` points to, ``None`` if it does not exist."""
        known, short = self._space(name)
        return known.get(short)

    def set_ref(self, name: str, sha: str) -> None:
        """Point the ref *name*, such as ``heads/main``, to the commit or annotated tag *sha*."""
        known, short = self._space(name)
        self.pending.put(known, short, sha)

    def remove_ref(self, name: str) -> None:
        """Delete the ref *name*. Its commits stay."""
        known, short = self._space(name)
        self.pending.drop(known, short)

    def blocking_ref(self, name: str) -> str | None:
        """Find an existing ref that git cannot store beside *name*, since one would be a folder; ``None`` if none."""
        known, short = self._space(name)
        other = known.blocking(short)
        return None if other is None else f"{name.removesuffix(short)}{other}"

    def _space(self, name: str) -> tuple[Refs, str]:
        space, _, short = name.partition("/")
        known = {"heads": self.branches, "tags": self.tags}.get(space)
        return (self.other_refs, name) if known is None else (known, short)

    # History

    def ancestors(self, *shas: str) -> set[str]:
        """Collect *shas* and all their ancestors."""
        seen: set[str] = set()
        todo = list(shas)
        while todo:
            sha = todo.pop()
            if sha not in seen:
                seen.add(sha)
                todo.extend(self.commits[sha].parents)
        return seen

    def authors(self, head: str) -> frozenset[int]:
        """Collect the ids of the authors of *head* and its ancestors. The latest result is kept."""
        *known, ids = self._authors
        if known != [head, len(self.commits)]:  # the history of a commit may be extended at its end
            ids = frozenset(self.commits[sha].author.id for sha in self.ancestors(head))
            self._authors = head, len(self.commits), ids
        return ids

    def contains(self, head: str, sha: str) -> bool:
        """Return whether *sha* is *head* or one of its ancestors."""
        return self._contains(head, sha, {sha: True})

    def with_commit(self, heads: Iterable[str], sha: str) -> set[str]:
        """Select those *heads* that are *sha* or have it as an ancestor."""
        known = {sha: True}
        return {head for head in heads if self._contains(head, sha, known)}

    def _contains(self, head: str, sha: str, known: dict[str, bool]) -> bool:
        """Answer as ``contains`` does. The answers for other commits are read from *known*, and added to it."""
        floor, todo = self.commits[sha].number, [head]
        while todo:
            current = todo[-1]
            parents = [] if current in known else self.commits[current].parents
            older = [parent for parent in parents if self.commits[parent].number >= floor]
            if unknown := [parent for parent in older if parent not in known]:
                todo.append(unknown[-1])
                continue
            known.setdefault(current, any(known[parent] for parent in older))
            todo.pop()
        return known[head]

    def log(self, sha: str) -> list[Commit]:
        """List *sha* and its ancestors, newest first."""
        return sorted((self.commits[ancestor] for ancestor in self.ancestors(sha)), key=_number, reverse=True)

    def missing(self, head: str, base: str) -> list[Commit]:
        """List the commits of *base* that *head* does not contain, newest first."""
        return self.compare(head, base).right

    def compare(self, left: str, right: str) -> Divergence:
        """Compare the histories of two commits."""
        return compare(self.commits, left, right)

    def merge_base(self, ours: str, theirs: str) -> Commit | None:
        """Find the newest common ancestor; ``None`` for unrelated histories."""
        return self.compare(ours, theirs).merge_base

    def changed_paths(self, sha: str) -> list[Change]:
        """Compare a commit with its first parent, path by path, in alphabetical order."""
        commit = self.commits[sha]
        return self.changes(commit.parents[0] if commit.parents else None, sha)

    def changes(self, before: str | None, after: str) -> list[Change]:
        """Compare the trees of two commits path by path, in alphabetical order. *before* is ``None`` for no tree."""
        return self.commits[after].tree.changes_since(self.commits[before].tree if before else Tree())

    # Changes

    def commit(
        self,
        branch: str,
        *,
        message: str,
        files: Mapping[str, str | bytes | None] | None,
        author: User,
        now: datetime,
        signatures: tuple[Signature | None, Signature | None] = (None, None),
        pgp_signature: str = "",
    ) -> Commit:
        """
        Add a commit to *branch*, which is created if it does not exist.

        Args:
            files:
                Contents by path, ``None`` to remove a file. A changed file keeps
                its mode. By default the commit adds a file that no other commit
                touches.

            signatures: The author and the committer, ``None`` for *author* at *now*.
        """
        head = self.branches.get(branch)
        if files is None:
            files = {f"changes/{self._counted + 1:04}.txt": f"{message}\n"}
        tree = self.commits[head].tree if head else Tree()
        changes: dict[str, File | None] = {}
        for path, content in files.items():
            old = tree.find(path)
            mode = old.mode if old and old.mode != SUBMODULE else REGULAR
            changes[path] = None if content is None else File(self.add_blob(content), mode)
        parents, new_tree = (head,) if head else (), tree.committed(changes)
        commit = self.add(parents, new_tree, message, author, now, signatures, pgp_signature=pgp_signature)
        self.pending.put(self.branches, branch, commit.sha)
        return commit

    def add_commit(
        self,
        tree: Tree,
        parents: tuple[str, ...],
        *,
        message: str,
        author: User,
        now: datetime,
        signatures: tuple[Signature, Signature],
        pgp_signature: str = "",
    ) -> Commit:
        """Add a commit that is on no branch. The same commit has the same SHA, and is added once."""
        parts = ("commit", tree.sha, message, pgp_signature, *parents, *parts_of(signatures, now))

        def fits(sha: str) -> bool:
            known = self.commits.get(sha)
            return known is None or (known.written_by, known.committed_by) == signatures

        sha = first_sha(parts, fits)
        known = self.commits.get(sha)
        return known or self.add(parents, tree, message, author, now, signatures, sha, pgp_signature)

    def merged_tree(self, ours: str, theirs: str) -> Tree:
        """
        Merge two commits path by path, without recording anything.

        Raises:
            MergeConflict: Both sides changed a path since their merge base, in different ways.
        """
        common = self.merge_base(ours, theirs)
        return merged(common.tree if common else Tree(), self.commits[ours].tree, self.commits[theirs].tree)

    def merge(self, branch: str, theirs: str, *, message: str, author: User, now: datetime) -> Commit:
        """
        Merge the commit *theirs* into *branch* with a merge commit.

        Raises:
            MergeConflict: As in ``merged_tree``. The branch does not move.
        """
        ours = self.branches[branch]
        commit = self.add((ours, theirs), self.merged_tree(ours, theirs), message, author, now)
        self.pending.put(self.branches, branch, commit.sha)
        return commit

    def back(self, branch: str, steps: int) -> str | None:
        """
        Find the newest ancestor of *branch* that is exactly *steps* commits behind it.

        A history that is too short is extended below the first commit, as when
        a shallow clone is deepened: existing SHAs do not change.

        Returns:
            The ancestor's SHA, ``None`` if merges leave no such ancestor.
        """
        head = self.commits[self.branches[branch]]
        for _ in range(steps):
            if not head.parents:
                head = self._deepen(head)
            elif len(head.parents) > 1:
                return self._back_over_merges(branch, steps)
            else:
                head = self.commits[head.parents[0]]
        return head.sha

    def _back_over_merges(self, branch: str, steps: int) -> str | None:
        history = self.log(self.branches[branch])
        root = history[-1]
        for _ in range(len(history), steps + 1):
            root = self._deepen(root)
        history = self.log(self.branches[branch])
        kept = sizes(history)
        return next((commit.sha for commit in history if len(history) - kept[commit.sha] == steps), None)

    def _deepen(self, root: Commit) -> Commit:
        self.pending.set(self, _oldest=self._oldest - 1)
        message = f"Earlier work {-self._oldest}"
        sha = sha_of("commit", self._name, str(self._oldest), message)
        # The old root now adds .gitignore, so that merging it changes something.
        tree = root.tree.committed({".gitignore": None})
        commit = Commit(sha, (), tree, message, root.author, root.committed_at, self._oldest)
        self.pending.put(self.commits, sha, commit)
        self.pending.put(self.commits, root.sha, root._replace(parents=(sha,)))
        return commit

    def clash(self, head: str, base: str, *, author: User, now: datetime) -> None:
        """
        Commit changes that make merging branch *base* into branch *head* conflict.

        *head* always gets a commit. *base* gets one only if it has no changes of
        its own.
        """
        common = self.merge_base(self.branches[head], self.branches[base])
        known = common.tree if common else Tree()
        news = self.commits[self.branches[base]].tree
        path = next((path for path, blob in sorted(news.items()) if known.get(path) != blob), None)
        if path is None:
            path = f"conflicts/{self._counted + 1:04}.txt"
            self.commit(base, message=f"Change {path}", files={path: f"as {base} has it\n"}, author=author, now=now)
        text = f"as {head} has it\n"
        if self.add_blob(text) == self.commits[self.branches[base]].tree[path].sha:
            text += "and not otherwise\n"
        self.commit(head, message=f"Change {path}", files={path: text}, author=author, now=now)


def _number(commit: Commit) -> int:
    return commit.number


@lru_cache(64)
def _first_files(name: str) -> tuple[dict[str, bytes], Tree]:
    """Return the blobs and the tree of the first commit of the repository *name*. Most tests use the same few names."""
    contents = {"README.md": f"# {name}\n".encode("utf-8", "surrogatepass"), ".gitignore": b"*.pyc\n"}
    blobs = {blob_sha(content): content for content in contents.values()}
    return blobs, Tree({path: File(blob_sha(content)) for path, content in contents.items()})
