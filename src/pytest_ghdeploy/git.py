"""
A small commit graph, enough to answer what a deployment asks of git.

Commits know their parents and their tree (path to blob id); branches and tags
name commits. "Behind", merge commits and conflicts come out of these alone.
Nothing here knows of HTTP, and shas do not depend on the time of day, so the
same test sees the same shas in every run.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from pytest_ghdeploy.model import User

_FULL_SHA = re.compile(r"[0-9a-fA-F]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{7,40}")
# What `git check-ref-format` refuses anywhere in a name.
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[./-]|[./]$|^@$|^$")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. *number* is greater than that of every parent."""

    sha: str
    parents: tuple[str, ...]
    tree: Mapping[str, str]
    message: str
    author: User
    committed_at: datetime
    number: int

    @property
    def tree_sha(self) -> str:
        """The sha of the commit's tree, 40 hex digits."""
        return _sha("tree", *(f"{path} {blob}" for path, blob in sorted(self.tree.items())))


@dataclass(frozen=True, slots=True)
class Target:
    """What a ref resolved to. *name* is the branch's or tag's, without ``refs/``."""

    kind: Literal["branch", "tag", "commit"]
    name: str
    sha: str


class MergeConflict(Exception):
    """Two sides changed the same paths differently."""

    def __init__(self, paths: list[str]) -> None:
        """Name the *paths* that clash, sorted."""
        super().__init__(", ".join(paths))
        self.paths = paths


class Graph:
    """The commits, branches and tags of one repository."""

    def __init__(self, name: str, author: User, now: datetime, default_branch: str) -> None:
        """Start with one commit on *default_branch*; *name* makes the shas differ between repositories."""
        self._name = name
        self._newest = 0
        self._oldest = 0
        self.blobs: dict[str, str] = {}
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        files = {"README.md": f"# {name}\n", ".gitignore": "*.pyc\n"}
        self.branches[default_branch] = self._add(
            (), {path: self._blob(text) for path, text in files.items()}, "Initial commit", author, now
        ).sha

    def _blob(self, text: str) -> str:
        blob = _sha("blob", text)
        self.blobs[blob] = text
        return blob

    def _add(
        self, parents: tuple[str, ...], tree: Mapping[str, str], message: str, author: User, now: datetime
    ) -> Commit:
        self._newest += 1
        sha = _sha("commit", self._name, str(self._newest), message, *parents)
        commit = self.commits[sha] = Commit(sha, parents, tree, message, author, now, self._newest)
        return commit

    # Refs

    def resolve(self, ref: str, *, short_shas: bool = False) -> Target | None:
        """
        Find what *ref* names: a branch, else a tag, else a commit by its full sha.

        ``refs/heads/x``, ``heads/x``, ``refs/tags/x`` and ``tags/x`` are understood.
        With *short_shas* an unambiguous prefix of 7 digits or more is too.
        """
        kinds: tuple[tuple[Literal["branch", "tag"], str, dict[str, str]], ...] = (
            ("branch", "heads/", self.branches),
            ("tag", "tags/", self.tags),
        )
        for kind, space, known in kinds:
            for prefix in ("", space, f"refs/{space}"):
                name = ref.removeprefix(prefix)
                if name in known and ref == prefix + name:
                    return Target(kind, name, known[name])
        sha = ref.lower()
        if sha in self.commits:
            return Target("commit", sha, sha)
        found = [full for full in self.commits if full.startswith(sha)] if short_shas else []
        if len(found) == 1 and _SHORT_SHA.fullmatch(sha):
            return Target("commit", found[0], found[0])
        return None

    def branches_with(self, sha: str) -> Iterator[tuple[str, str]]:
        """Yield the name and head of each branch that contains *sha*, in alphabetical order."""
        for name, head in sorted(self.branches.items()):
            if self.contains(head, sha):
                yield name, head

    # History

    def ancestors(self, sha: str) -> set[str]:
        """Collect *sha* and all that it builds on."""
        seen: set[str] = set()
        todo = [sha]
        while todo:
            found = todo.pop()
            if found not in seen:
                seen.add(found)
                todo.extend(self.commits[found].parents)
        return seen

    def contains(self, head: str, sha: str) -> bool:
        """Tell whether *sha* is *head* or one of its ancestors."""
        floor = self.commits[sha].number
        todo, seen = [head], {head}
        while todo:
            found = todo.pop()
            if found == sha:
                return True
            for parent in self.commits[found].parents:
                if parent not in seen and self.commits[parent].number >= floor:
                    seen.add(parent)
                    todo.append(parent)
        return False

    def log(self, sha: str) -> list[Commit]:
        """List *sha* and its ancestors, newest first."""
        return sorted((self.commits[found] for found in self.ancestors(sha)), key=_number, reverse=True)

    def missing(self, head: str, base: str) -> list[Commit]:
        """List the commits of *base* that *head* does not contain, newest first."""
        known = self.ancestors(head)
        return [commit for commit in self.log(base) if commit.sha not in known]

    def merge_base(self, ours: str, theirs: str) -> Commit | None:
        """Find the newest commit that both contain; ``None`` for unrelated histories."""
        common = self.ancestors(ours) & self.ancestors(theirs)
        return max((self.commits[sha] for sha in common), key=_number, default=None)

    def changed_paths(self, sha: str) -> list[tuple[str, Literal["added", "modified", "removed"]]]:
        """Compare a commit with its first parent, path by path, in alphabetical order."""
        commit = self.commits[sha]
        before = self.commits[commit.parents[0]].tree if commit.parents else {}
        changes: list[tuple[str, Literal["added", "modified", "removed"]]] = []
        for path in sorted({*before, *commit.tree}):
            if path not in before:
                changes.append((path, "added"))
            elif path not in commit.tree:
                changes.append((path, "removed"))
            elif before[path] != commit.tree[path]:
                changes.append((path, "modified"))
        return changes

    # Changes

    def commit(
        self, branch: str, *, message: str, files: Mapping[str, str] | None, author: User, now: datetime
    ) -> Commit:
        """Add a commit to *branch*; without *files* it adds one file that no other commit touches."""
        head = self.branches[branch]
        if files is None:
            files = {f"changes/{self._newest + 1:04}.txt": f"{message}\n"}
        tree = {**self.commits[head].tree, **{path: self._blob(text) for path, text in files.items()}}
        commit = self._add((head,), tree, message, author, now)
        self.branches[branch] = commit.sha
        return commit

    def merged_tree(self, ours: str, theirs: str) -> dict[str, str]:
        """
        Merge two commits path by path, without recording anything.

        Raises:
            MergeConflict: Both sides changed a path since their merge base, each in its own way.
        """
        base_commit = self.merge_base(ours, theirs)
        base: Mapping[str, str] = base_commit.tree if base_commit else {}
        left, right = self.commits[ours].tree, self.commits[theirs].tree
        merged: dict[str, str] = {}
        clashes: list[str] = []
        for path in sorted({*base, *left, *right}):
            was, mine, other = base.get(path), left.get(path), right.get(path)
            if mine not in (was, other) and other != was:
                clashes.append(path)
            blob = mine if other == was else other
            if blob is not None:
                merged[path] = blob
        if clashes:
            raise MergeConflict(clashes)
        return merged

    def merge(self, branch: str, theirs: str, *, message: str, author: User, now: datetime) -> Commit:
        """
        Put a merge commit of *theirs* on *branch*.

        Raises:
            MergeConflict: As in ``merged_tree``. The branch is left where it was.
        """
        ours = self.branches[branch]
        commit = self._add((ours, theirs), self.merged_tree(ours, theirs), message, author, now)
        self.branches[branch] = commit.sha
        return commit

    def back(self, branch: str, steps: int) -> str | None:
        """
        Find an ancestor of *branch* that lacks exactly *steps* of its commits, the newest if there are several.

        Where the history is too short, it is deepened below the first commit, as
        fetching more of a shallow clone does: no sha of a known commit changes.
        ``None`` where merges leave no such ancestor.
        """
        history = self.log(self.branches[branch])
        root = history[-1]
        for _ in range(len(history), steps + 1):
            root = self._deepen(root)
        total = max(len(history), steps + 1)
        history = self.log(self.branches[branch])
        return next((found.sha for found in history if total - len(self.ancestors(found.sha)) == steps), None)

    def _deepen(self, root: Commit) -> Commit:
        self._oldest -= 1
        message = f"Earlier work {-self._oldest}"
        sha = _sha("commit", self._name, str(self._oldest), message)
        # The root's own contribution is its .gitignore, so that a merge has something to bring.
        tree = {path: blob for path, blob in root.tree.items() if path != ".gitignore"}
        commit = Commit(sha, (), tree, message, root.author, root.committed_at, self._oldest)
        self.commits[sha] = commit
        self.commits[root.sha] = replace(root, parents=(sha,))
        return commit

    def clash(self, head: str, base: str, *, author: User, now: datetime) -> None:
        """
        Make merging branch *base* into branch *head* conflict, by committing clashing changes.

        *head* gets a commit in any case; *base* gets one only if it has brought
        nothing yet that *head* could clash with.
        """
        common = self.merge_base(self.branches[head], self.branches[base])
        known = common.tree if common else {}
        news = self.commits[self.branches[base]].tree
        path = next((path for path, blob in sorted(news.items()) if known.get(path) != blob), None)
        if path is None:
            path = f"conflicts/{self._newest + 1:04}.txt"
            self.commit(base, message=f"Change {path}", files={path: f"as {base} has it\n"}, author=author, now=now)
        text = f"as {head} has it\n"
        if self._blob(text) == self.commits[self.branches[base]].tree[path]:
            text += "and not otherwise\n"
        self.commit(head, message=f"Change {path}", files={path: text}, author=author, now=now)


def is_valid_ref_name(name: str) -> bool:
    """Tell whether git would take *name* for a branch or tag."""
    return name != "HEAD" and not _NOT_IN_A_REF.search(name) and not _FULL_SHA.fullmatch(name)


def _number(commit: Commit) -> int:
    return commit.number


def _sha(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
