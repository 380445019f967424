"""The histories of commits: their sizes, what each of two has that the other lacks, and where they part."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.git import Commit

_LEFT, _RIGHT, _BOTH = 1, 2, 3


class Divergence(NamedTuple):
    """
    The difference between the histories of two commits.

    Attributes:
        left: The commits that only the first one contains, newest first.

        right: The commits that only the second one contains, newest first.

        merge_base: The newest commit that both contain; ``None`` for unrelated histories.
    """

    left: list[Commit]
    right: list[Commit]
    merge_base: Commit | None


def compare(commits: Mapping[str, Commit], left: str, right: str) -> Divergence:
    """
    Compare the histories of two commits.

    The walk visits commits from new to old, and ends where only commits of both
    histories are left. It therefore costs the same in a long history as in a short one.

    Args:
        commits: All commits by SHA.
    """
    seen = {left: _LEFT}
    seen[right] = seen.get(right, 0) | _RIGHT
    waiting = [(-commits[sha].number, sha) for sha in seen]
    waiting.sort()
    sides: dict[int, list[Commit]] = {_LEFT: [], _RIGHT: []}
    newest_of_both: Commit | None = None
    one_sided = sum(side != _BOTH for side in seen.values())
    while one_sided:
        commit = commits[heappop(waiting)[1]]
        side = seen[commit.sha]
        if side == _BOTH:
            newest_of_both = newest_of_both or commit
        else:
            one_sided -= 1
            sides[side].append(commit)
        for parent in commit.parents:
            before = seen.get(parent, 0)
            after = seen[parent] = before | side
            if not before:
                heappush(waiting, (-commits[parent].number, parent))
            # A commit counts while it waits as one of one side.
            one_sided += (after != _BOTH) - (before in (_LEFT, _RIGHT))
    if newest_of_both is None and waiting:
        newest_of_both = commits[waiting[0][1]]
    return Divergence(sides[_LEFT], sides[_RIGHT], newest_of_both)


def sizes(history: Sequence[Commit]) -> dict[str, int]:
    """Count the commits that each commit of a *history*, newest first, contains."""
    # Each history is a number with one bit per commit, so joining two histories is one operation.
    contained: dict[str, int] = {}
    for place, commit in enumerate(reversed(history)):
        bits = 1 << place
        for parent in commit.parents:
            bits |= contained[parent]
        contained[commit.sha] = bits
    return {sha: bits.bit_count() for sha, bits in contained.items()}
