"""Merging files: three-way merges and rebases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_ghdeploy.github.git import Graph
from pytest_ghdeploy.github.merges import MergeConflict, merged, rebased
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.trees import File, Tree

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
AUTHOR = User(1, "octocat", "User", NOW)


def tree(**files: str) -> Tree:
    """Make a tree; the texts stand for blobs."""
    return Tree({path: File(blob) for path, blob in files.items()})


def files(of: Tree) -> dict[str, str]:
    """List the blobs of a tree by path."""
    return {path: file.sha for path, file in of.items()}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({"a": "1"}, {"a": "1"}, {"a": "2"}, {"a": "2"}),
        ({"a": "1"}, {"a": "2"}, {"a": "1"}, {"a": "2"}),
        ({"a": "1"}, {"a": "2"}, {"a": "2"}, {"a": "2"}),
        ({"a": "1"}, {"a": "1", "b": "1"}, {"a": "1", "c": "1"}, {"a": "1", "b": "1", "c": "1"}),
        ({"a": "1", "b": "1"}, {"a": "1"}, {"b": "1"}, {}),
        ({}, {"a": "1"}, {"a": "1"}, {"a": "1"}),
    ],
)
def test_changes_of_both_sides_are_kept(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], expected: dict[str, str]
) -> None:
    """A file that both sides change alike does not conflict."""
    assert files(merged(tree(**base), tree(**ours), tree(**theirs))) == expected
    assert files(merged(tree(**base), tree(**theirs), tree(**ours))) == expected


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "paths"),
    [
        ({"a": "1"}, {"a": "2"}, {"a": "3"}, ["a"]),
        ({"a": "1"}, {}, {"a": "3"}, ["a"]),
        ({"a": "1"}, {"a": "2"}, {}, ["a"]),
        ({}, {"a": "1", "b": "1"}, {"b": "2", "a": "2"}, ["a", "b"]),
    ],
)
def test_different_changes_conflict(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], paths: list[str]
) -> None:
    """The error names all paths, in alphabetical order."""
    with pytest.raises(MergeConflict) as conflict:
        merged(tree(**base), tree(**ours), tree(**theirs))
    assert conflict.value.paths == paths


def test_commits_are_rebased_one_after_the_other() -> None:
    """Each brings its own changes. A merge commit is left out."""
    graph = Graph("octocat/example", AUTHOR, NOW, "main")
    graph.branches["topic"] = graph.branches["main"]
    for number in (1, 2):
        graph.commit("topic", message=f"{number}", files={"a": f"{number}"}, author=AUTHOR, now=NOW)
    base = graph.commit("main", message="m", files={"b": "1"}, author=AUTHOR, now=NOW)
    graph.merge("topic", base.sha, message="Merge", author=AUTHOR, now=NOW)
    moved = graph.missing(base.sha, graph.branches["topic"])[::-1]

    result = rebased(base.tree, moved, graph.commits)

    assert [commit.message for commit, _ in result] == ["1", "2"]
    first, second = (after for _, after in result)
    assert first.find("a") != second.find("a") == graph.commits[graph.branches["topic"]].tree.find("a")
    assert first.find("b") == second.find("b") == base.tree.find("b")


def test_a_rebase_stops_at_the_first_conflict() -> None:
    """Though the last commit would not conflict."""
    graph = Graph("octocat/example", AUTHOR, NOW, "main")
    graph.branches["topic"] = graph.branches["main"]
    for text in ("mine", "same"):
        graph.commit("topic", message=text, files={"a": text}, author=AUTHOR, now=NOW)
    base = graph.commit("main", message="m", files={"a": "same"}, author=AUTHOR, now=NOW)
    moved = graph.missing(base.sha, graph.branches["topic"])[::-1]
    assert graph.merged_tree(base.sha, graph.branches["topic"])
    with pytest.raises(MergeConflict, match=r"^a$"):
        rebased(base.tree, moved, graph.commits)
