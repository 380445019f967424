"""Merging the files of commits: with a merge base, or commit by commit as a rebase does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_ghdeploy.github.git import Commit
    from pytest_ghdeploy.github.trees import File


WEB_FLOW = User(19_864_447, "web-flow", "User", datetime(2016, 6, 10, 16, 43, 37, tzinfo=UTC))
"""The account that commits what GitHub merges. It exists for every GitHub, without a row."""
WEB_FLOW_NAME: Final = "GitHub"
WEB_FLOW_EMAIL: Final = "noreply@github.com"
WEB_FLOW_PGP_SIGNATURE: Final = (
    "-----BEGIN PGP SIGNATURE-----\n\nmade up by pytest-ghdeploy\n-----END PGP SIGNATURE-----\n"
)
"""The signature of commits of ``WEB_FLOW``, the only one that the fake can verify."""


class MergeConflict(Exception):
    """Both sides of a merge changed the same paths in different ways."""

    def __init__(self, paths: list[str]) -> None:
        """Keep the conflicting *paths*, which are sorted."""
        super().__init__(", ".join(paths))
        self.paths = paths


def merged(base: Tree, ours: Tree, theirs: Tree) -> Tree:
    """
    Apply to *ours* the changes from *base* to *theirs*, path by path.

    Raises:
        MergeConflict: Both sides changed a path since *base*, in different ways.
    """
    changed = {path: theirs.find(path) for path, _ in theirs.changes_since(base)}
    conflicts = [
        path
        for path, other in changed.items()
        if ours.find(path) not in (base.find(path), other) or (other and _is_in_the_way(ours, path, changed))
    ]
    if conflicts:
        raise MergeConflict(conflicts)
    return ours.committed(changed)


def _is_in_the_way(ours: Tree, path: str, changed: Mapping[str, File | None]) -> bool:
    """Return whether a file of ours cannot stay beside a new file *path*, and is not removed by *changed* either."""
    other = ours.blocking(path)
    return other is not None and changed.get(other, ours.find(other)) is not None


def rebased(onto: Tree, moved: Iterable[Commit], commits: Mapping[str, Commit]) -> list[tuple[Commit, Tree]]:
    """
    Apply the changes of each commit on top of *onto*, one after the other.

    Args:
        moved: The commits, oldest first. Merge commits are left out.

        commits: All commits by SHA.

    Returns:
        The commits with their new trees.

    Raises:
        MergeConflict: The changes of a commit conflict with those on *onto*.
    """
    result = []
    for commit in moved:
        if len(commit.parents) < 2:  # noqa: PLR2004 - a merge commit
            before = commits[commit.parents[0]].tree if commit.parents else Tree()
            onto = merged(before, onto, commit.tree)
            result.append((commit, onto))
    return result
