"""The commit graph: refs, ancestors, merges and conflicts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from pytest_ghdeploy.github.git import Commit, Graph, Target
from pytest_ghdeploy.github.git_objects import blob_sha, is_valid_ref_name
from pytest_ghdeploy.github.merges import MergeConflict
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.trees import File, Tree

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
AUTHOR = User(1, "octocat", "User", NOW)


def _graph(name: str = "octocat/example", default_branch: str = "main") -> Graph:
    return Graph(name, AUTHOR, NOW, default_branch)


def _commit(graph: Graph, branch: str, files: dict[str, str] | None = None, message: str = "Update") -> str:
    return graph.commit(branch, message=message, files=files, author=AUTHOR, now=NOW).sha


def _merge(graph: Graph, branch: str, theirs: str) -> Commit:
    return graph.merge(branch, theirs, message="Merge", author=AUTHOR, now=NOW)


def _blobs(commit: Commit) -> set[str]:
    return {file.sha for file in commit.tree.values()}


def _branch(graph: Graph, name: str, start: str = "main") -> str:
    graph.branches[name] = graph.branches[start]
    return graph.branches[name]


class Diamond(NamedTuple):
    """Main and topic part at root and come together in a merge commit on main."""

    graph: Graph
    root: str
    left: str
    right: str
    merge: str


def _diamond() -> Diamond:
    graph = _graph()
    root = _branch(graph, "topic")
    left, right = _commit(graph, "main"), _commit(graph, "topic")
    return Diamond(graph, root, left, right, _merge(graph, "main", right).sha)


class CrissCross(NamedTuple):
    """Two branches that have each merged the other's first commit, and then got another one."""

    graph: Graph
    root: str
    ours: str
    theirs: str
    ours_merge: str
    theirs_merge: str


def _criss_cross() -> CrissCross:
    graph = _graph()
    root = _branch(graph, "topic")
    ours, theirs = _commit(graph, "main"), _commit(graph, "topic")
    return CrissCross(graph, root, ours, theirs, _merge(graph, "main", theirs).sha, _merge(graph, "topic", ours).sha)


# A new repository


@pytest.mark.parametrize("default_branch", ["main", "develop", "release/1.x"])
def test_a_graph_starts_with_one_commit_on_its_default_branch(default_branch: str) -> None:
    """A new repository has one commit without parents, one branch and no tags."""
    graph = _graph(default_branch=default_branch)
    ((sha, commit),) = graph.commits.items()
    assert graph.branches == {default_branch: sha}
    assert graph.tags == {}
    assert (commit.sha, commit.parents, commit.author, commit.committed_at) == (sha, (), AUTHOR, NOW)
    assert commit.tree


def test_shas_have_40_hex_digits() -> None:
    """The SHAs of commits, trees and blobs have 40 lower-case hex digits."""
    graph = _graph()
    _commit(graph, "main")
    shas = [sha for commit in graph.commits.values() for sha in (commit.sha, commit.tree_sha, *_blobs(commit))]
    assert all(re.fullmatch(r"[0-9a-f]{40}", sha) for sha in shas)


# Refs


def _refs() -> Graph:
    graph = _graph()
    for name in ("topic", "feature/login", "both"):
        _branch(graph, name)
        _commit(graph, name)
    graph.tags.update(
        {"v1.0": graph.branches["main"], "both": graph.branches["main"], "rel/2": graph.branches["topic"]}
    )
    graph.other_refs.update({"pull/7/merge": graph.branches["topic"], "notes/commits": graph.branches["main"]})
    return graph


@pytest.mark.parametrize(
    ("ref", "kind", "name"),
    [
        ("topic", "branch", "topic"),
        ("heads/topic", "branch", "topic"),
        ("refs/heads/topic", "branch", "topic"),
        ("feature/login", "branch", "feature/login"),
        ("heads/feature/login", "branch", "feature/login"),
        ("refs/heads/feature/login", "branch", "feature/login"),
        ("v1.0", "tag", "v1.0"),
        ("tags/v1.0", "tag", "v1.0"),
        ("refs/tags/v1.0", "tag", "v1.0"),
        ("rel/2", "tag", "rel/2"),
        ("refs/tags/rel/2", "tag", "rel/2"),
        ("both", "branch", "both"),
        ("heads/both", "branch", "both"),
        ("tags/both", "tag", "both"),
        ("refs/heads/both", "branch", "both"),
        ("refs/tags/both", "tag", "both"),
    ],
)
def test_a_branch_wins_over_a_tag_of_the_same_name(ref: str, kind: str, name: str) -> None:
    """The prefixes heads/, tags/ and refs/ select one of the two."""
    graph = _refs()
    found = graph.resolve(ref)
    assert found == Target(
        "branch" if kind == "branch" else "tag", name, {"branch": graph.branches, "tag": graph.tags}[kind][name]
    )


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "nope",
        "Topic",
        "topic ",
        "refs/topic",
        "refs/heads/",
        "refs/heads/v1.0",
        "refs/tags/topic",
        "heads/v1.0",
        "tags/topic",
        "refs/heads/heads/topic",
        "refs/refs/heads/topic",
        "feature",
        "login",
        "HEAD",
        "0" * 40,
        "refs/pull/1/merge",
        "refs/pull/7",
        "refs/pull/7/merge/",
        "refs/refs/pull/7/merge",
        "pull/7/merge",
        "notes/commits",
        "heads/pull/7/merge",
        "refs/",
    ],
)
@pytest.mark.parametrize("short_shas", [False, True])
def test_an_unknown_ref_is_not_resolved(*, ref: str, short_shas: bool) -> None:
    """Names must match exactly, including case."""
    assert _refs().resolve(ref, short_shas=short_shas) is None


@pytest.mark.parametrize(
    ("ref", "target"),
    [("refs/pull/7/merge", "pull/7/merge"), ("refs/notes/commits", "notes/commits")],
)
def test_any_other_ref_resolves_by_its_full_name(ref: str, target: str) -> None:
    """A full ref that exists under /git/refs can be deployed and read."""
    graph = _refs()
    assert graph.resolve(ref) == Target("ref", target, graph.other_refs[target])


def test_head_is_the_default_branch() -> None:
    """`HEAD` needs a default branch that exists, and no other spelling stands for it."""
    graph = _refs()
    assert graph.resolve("HEAD", default_branch="topic") == Target("branch", "topic", graph.branches["topic"])
    assert graph.resolve("HEAD", default_branch="gone") is None
    for other in ("head", "refs/HEAD", "heads/HEAD", "HEAD~1", "HEAD^"):
        assert graph.resolve(other, default_branch="topic") is None


def test_objects_have_kinds() -> None:
    """Commits, files, trees and directories are told apart by their SHAs."""
    graph = _graph()
    author, when = graph.commits[graph.branches["main"]].author, graph.commits[graph.branches["main"]].committed_at
    commit = graph.commit("main", message="Add", files={"a/b/c.txt": "x\n", "d.txt": "y\n"}, author=author, now=when)
    folders = [entry.sha for entry in commit.tree.walk() if entry.is_directory]
    assert len(folders) == 2
    assert graph.kind_of(commit.sha) == "commit"
    assert [graph.kind_of(sha) for sha in (commit.tree_sha, *folders)] == ["tree"] * 3
    assert {graph.kind_of(sha) for sha in _blobs(commit)} == {"blob"}
    assert graph.kind_of("0" * 40) is None


def test_a_branch_that_looks_like_a_path_wins_over_the_path() -> None:
    """A branch that is really called heads/topic is found first."""
    graph = _refs()
    _branch(graph, "heads/topic", "main")
    assert graph.resolve("heads/topic") == Target("branch", "heads/topic", graph.branches["main"])
    assert graph.resolve("refs/heads/topic") == Target("branch", "topic", graph.branches["topic"])


@pytest.mark.parametrize("short_shas", [False, True])
def test_a_full_sha_resolves_in_any_case(*, short_shas: bool) -> None:
    """The result is in lower case."""
    graph = _refs()
    for sha in graph.commits:
        target = Target("commit", sha, sha)
        assert graph.resolve(sha, short_shas=short_shas) == target
        assert graph.resolve(sha.upper(), short_shas=short_shas) == target


def test_a_branch_whose_name_is_a_sha_wins_over_the_commit() -> None:
    """A branch can be called like a commit's SHA."""
    graph = _graph()
    root = graph.branches["main"]
    head = _commit(graph, "main")
    graph.branches[root] = head
    assert graph.resolve(root) == Target("branch", root, head)


@pytest.mark.parametrize("digits", [7, 8, 20, 39])
def test_a_short_sha_resolves_only_with_short_shas(digits: int) -> None:
    """It needs 7 digits or more, in any case."""
    graph = _refs()
    sha = graph.branches["topic"]
    assert graph.resolve(sha[:digits]) is None
    assert graph.resolve(sha[:digits], short_shas=True) == Target("commit", sha, sha)
    assert graph.resolve(sha[:digits].upper(), short_shas=True) == Target("commit", sha, sha)


@pytest.mark.parametrize("digits", [1, 4, 6])
def test_an_abbreviation_of_less_than_7_digits_is_not_resolved(digits: int) -> None:
    """Six digits are too few, even if only one commit matches."""
    graph = _graph()
    assert graph.resolve(graph.branches["main"][:digits], short_shas=True) is None


def test_an_ambiguous_abbreviation_is_not_resolved() -> None:
    """Two commits begin with the same digits."""
    graph = _graph()
    sha = graph.branches["main"]
    twin = sha[:-1] + ("0" if sha[-1] != "0" else "1")
    graph.commits[twin] = Commit(twin, (), Tree(), "Twin", AUTHOR, NOW, 2)
    assert graph.resolve(sha[:10], short_shas=True) is None
    assert graph.resolve(sha, short_shas=True) == Target("commit", sha, sha)


@pytest.mark.parametrize(
    "name",
    ["main", "feature/login", "a", "1", "v1.0", "a-b", "a_b", "ümlaut", "a@b", "@a", "a{b", "a.b", "lock", "a.lockb",
     "x/@", "a#b", "a'b", "refs/heads/x", "\N{ROCKET}"],
)  # fmt: skip
def test_git_accepts_these_names(name: str) -> None:
    """These names pass git check-ref-format."""
    assert is_valid_ref_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "@", "a b", "a\tb", "a\n", "a\0b", "\x7f", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a..b", "..",
     "a@{b", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a/b.", "a.lock", "a.lock/b", "-a", "."],
)  # fmt: skip
def test_git_refuses_these_names(name: str) -> None:
    """These names fail git check-ref-format."""
    assert not is_valid_ref_name(name)


# History


def test_a_diamond_contains_both_sides() -> None:
    """A merge commit contains both parents and their ancestors. The parents do not contain it, or each other."""
    graph, *shas = _diamond()
    named = dict(zip(("root", "left", "right", "merge"), shas, strict=True))
    assert {pair for pair in product(named, repeat=2) if graph.contains(named[pair[0]], named[pair[1]])} == {
        ("root", "root"),
        ("left", "left"),
        ("left", "root"),
        ("right", "right"),
        ("right", "root"),
        ("merge", "merge"),
        ("merge", "left"),
        ("merge", "right"),
        ("merge", "root"),
    }


def test_missing_commits_are_listed_newest_first() -> None:
    """Each commit of the base that the head lacks is listed once."""
    graph, root, left, right, merge = _diamond()
    assert [commit.sha for commit in graph.missing(root, merge)] == [merge, right, left]
    assert [commit.sha for commit in graph.missing(right, merge)] == [merge, left]
    assert [commit.sha for commit in graph.missing(right, left)] == [left]
    assert graph.missing(merge, right) == []
    assert graph.missing(merge, merge) == []


def test_the_log_of_a_diamond_has_each_commit_once() -> None:
    """The history is listed newest first, without repetition."""
    graph, root, left, right, merge = _diamond()
    assert [commit.sha for commit in graph.log(merge)] == [merge, right, left, root]
    assert graph.ancestors(right) == {right, root}


def test_the_merge_base_of_two_branches_is_where_they_parted() -> None:
    """It is the newest common commit, whatever the order of the arguments."""
    graph, root, left, right, merge = _diamond()
    for ours, theirs, base in [(left, right, root), (merge, right, right), (merge, left, left), (root, root, root)]:
        for pair in ((ours, theirs), (theirs, ours)):
            found = graph.merge_base(*pair)
            assert found is not None
            assert found.sha == base


def test_the_merge_base_of_a_criss_cross_is_the_newest_common_commit() -> None:
    """Of two best common ancestors, the newer one is the merge base."""
    graph, _root, ours, theirs, ours_merge, theirs_merge = _criss_cross()
    assert graph.ancestors(ours_merge) & graph.ancestors(theirs_merge) >= {ours, theirs}
    found = graph.merge_base(ours_merge, theirs_merge)
    assert found is not None
    assert found.sha == theirs
    assert [commit.sha for commit in graph.missing(ours_merge, theirs_merge)] == [theirs_merge]
    assert not graph.contains(ours_merge, theirs_merge)


def test_a_criss_cross_without_conflicts_merges_cleanly() -> None:
    """Both branches have the same files afterwards."""
    graph, _root, _ours, _theirs, ours_merge, theirs_merge = _criss_cross()
    assert graph.commits[ours_merge].tree == graph.commits[theirs_merge].tree
    assert graph.merged_tree(ours_merge, theirs_merge) == graph.commits[ours_merge].tree


def test_unrelated_histories_have_no_merge_base() -> None:
    """They still merge if their files are the same."""
    graph = _graph()
    alien = Commit("f" * 40, (), graph.commits[graph.branches["main"]].tree, "Alien", AUTHOR, NOW, 99)
    graph.commits[alien.sha] = alien
    assert graph.merge_base(graph.branches["main"], alien.sha) is None
    assert graph.merged_tree(graph.branches["main"], alien.sha) == alien.tree


def test_branches_with_a_commit_come_in_alphabetical_order() -> None:
    """Exactly the branches that contain the commit are listed, each with its head."""
    graph = _graph()
    root = _branch(graph, "zeta")
    head = _commit(graph, "main")
    _branch(graph, "alpha")
    assert list(graph.branches_with(root)) == [("alpha", head), ("main", head), ("zeta", root)]
    assert list(graph.branches_with(head)) == [("alpha", head), ("main", head)]


# Commits


def test_a_commit_moves_only_its_branch() -> None:
    """Other branches and tags stay."""
    graph = _graph()
    root = _branch(graph, "topic")
    graph.tags["v1"] = root
    sha = _commit(graph, "topic", {"a.txt": "one\n"}, "Say one")
    assert graph.branches == {"main": root, "topic": sha}
    assert graph.tags == {"v1": root}
    commit = graph.commits[sha]
    assert (commit.parents, commit.message) == ((root,), "Say one")
    assert graph.blobs[commit.tree["a.txt"].sha] == b"one\n"
    assert graph.commits[root].tree.items() <= commit.tree.items()


def test_a_commit_without_files_touches_a_file_of_its_own() -> None:
    """Such commits never conflict, on any branch."""
    graph = _graph()
    for name in ("a", "b"):
        _branch(graph, name)
    shas = [_commit(graph, branch) for branch in ("main", "a", "b", "a", "main")]
    paths = [graph.changed_paths(sha) for sha in shas]
    assert all([change for _, change in changed] == ["added"] for changed in paths)
    assert len({path for changed in paths for path, _ in changed}) == 5


def test_changed_paths_compare_with_the_first_parent() -> None:
    """Paths are added, modified or removed, in alphabetical order. Unchanged paths are not listed."""
    graph = _graph()
    first = _commit(graph, "main", {"b": "1", "a": "1", "same": "1"})
    second = _commit(graph, "main", {"c": "1", "a": "2", "same": "1"})
    assert graph.changed_paths(first) == [("a", "added"), ("b", "added"), ("same", "added")]
    assert graph.changed_paths(second) == [("a", "modified"), ("c", "added")]
    tree = Tree({path: blob for path, blob in graph.commits[second].tree.items() if path != "b"})
    graph.commits["e" * 40] = Commit("e" * 40, (second,), tree, "Remove b", AUTHOR, NOW, 4)
    assert graph.changed_paths("e" * 40) == [("b", "removed")]


def test_the_first_commit_adds_all_its_files() -> None:
    """Without a parent, every file is added."""
    graph = _graph()
    root = graph.branches["main"]
    assert graph.changed_paths(root) == [(path, "added") for path in sorted(graph.commits[root].tree)]


def test_a_merge_commit_changes_the_files_of_the_other_side() -> None:
    """It is compared with its first parent."""
    graph, _root, _left, right, merge = _diamond()
    assert graph.changed_paths(merge) == graph.changed_paths(right)


# Merging

VERSIONS = [None, "one", "two", "three"]


def _expected(base: str | None, ours: str | None, theirs: str | None) -> tuple[bool, str | None]:
    """Merge one path by the definition: a change on one side wins, and both sides may make the same change."""
    if ours == theirs:
        return True, ours
    if ours == base:
        return True, theirs
    if theirs == base:
        return True, ours
    return False, None


@pytest.mark.parametrize(("base", "ours", "theirs"), list(product(VERSIONS, repeat=3)))
def test_each_path_merges_by_itself(base: str | None, ours: str | None, theirs: str | None) -> None:
    """A path changed on one side takes the change. A path changed in two ways is a conflict."""
    graph = _graph()
    root = graph.branches["main"]
    others = {"README.md": "untouched"}

    def tree(blob: str | None, **more: str) -> Tree:
        files = others | ({} if blob is None else {"path": blob}) | {f"only/{name}": x for name, x in more.items()}
        return Tree({path: File(sha) for path, sha in files.items()})

    start = Commit("1" * 40, (root,), tree(base), "Base", AUTHOR, NOW, 2)
    left = Commit("2" * 40, (start.sha,), tree(ours, ours="x"), "Ours", AUTHOR, NOW, 3)
    right = Commit("3" * 40, (start.sha,), tree(theirs, theirs="y"), "Theirs", AUTHOR, NOW, 4)
    graph.commits |= {commit.sha: commit for commit in (start, left, right)}
    clean, blob = _expected(base, ours, theirs)
    if clean:
        merged = graph.merged_tree(left.sha, right.sha)
        assert merged == tree(blob, ours="x", theirs="y")
        return
    with pytest.raises(MergeConflict) as caught:
        graph.merged_tree(left.sha, right.sha)
    assert caught.value.paths == ["path"]


def test_a_conflict_names_all_conflicting_paths() -> None:
    """The paths are sorted, and no others are named."""
    graph = _graph()
    _branch(graph, "topic")
    _commit(graph, "main", {"z": "main", "b": "main", "a": "same", "main-only": "x"})
    _commit(graph, "topic", {"z": "topic", "b": "topic", "a": "same", "topic-only": "x"})
    with pytest.raises(MergeConflict) as caught:
        graph.merged_tree(graph.branches["topic"], graph.branches["main"])
    assert caught.value.paths == ["b", "z"]
    assert str(caught.value) == "b, z"


def test_a_merge_commit_has_both_parents_ours_first() -> None:
    """The merge commit is the new head of the branch. Its second parent is the other side."""
    graph = _graph()
    _branch(graph, "topic")
    ours, theirs = _commit(graph, "topic", {"a": "1"}), _commit(graph, "main", {"b": "1"})
    merge = graph.merge("topic", theirs, message="Merge main", author=AUTHOR, now=LATER)
    assert merge.parents == (ours, theirs)
    assert (merge.message, merge.committed_at) == ("Merge main", LATER)
    assert graph.branches == {"main": theirs, "topic": merge.sha}
    assert graph.commits[merge.sha] == merge
    assert {"a", "b"} <= merge.tree.keys()
    assert graph.missing(merge.sha, theirs) == []


def test_a_merge_that_conflicts_changes_nothing() -> None:
    """A failed merge adds no commit and moves no branch, and does not affect later SHAs."""
    graph, twin = _graph(), _graph()
    for each in (graph, twin):
        _branch(each, "topic")
        _commit(each, "main", {"a": "main"})
        _commit(each, "topic", {"a": "topic"})
    before = dict(graph.branches), dict(graph.commits)
    with pytest.raises(MergeConflict):
        _merge(graph, "topic", graph.branches["main"])
    assert (dict(graph.branches), graph.commits) == before
    assert _commit(graph, "topic") == _commit(twin, "topic")


# Properties

PATHS, TEXTS = st.sampled_from("abc"), st.sampled_from(["1", "2", "3"])
FILES = st.dictionaries(PATHS, TEXTS, max_size=3)


@given(base=FILES, ours=FILES, theirs=FILES)
def test_a_merge_is_clean_unless_a_path_was_changed_in_two_ways(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]
) -> None:
    """A merge conflicts if and only if some path differs from the base on both sides and between them."""
    graph = _graph()
    _commit(graph, "main", base)
    _branch(graph, "topic")
    _commit(graph, "main", theirs)
    _commit(graph, "topic", ours)
    left, right = base | ours, base | theirs
    clashes = sorted(path for path in "abc" if len({base.get(path), left.get(path), right.get(path)}) == 3)
    if clashes:
        with pytest.raises(MergeConflict) as caught:
            _merge(graph, "topic", graph.branches["main"])
        assert caught.value.paths == clashes
        return
    merge = _merge(graph, "topic", graph.branches["main"])
    contents = {path: graph.blobs[file.sha].decode() for path, file in merge.tree.items() if path in "abc"}
    changed_by_ours = {path: text for path, text in left.items() if base.get(path) != text}
    assert contents == right | changed_by_ours
    assert graph.contains(merge.sha, graph.branches["main"])
    assert not graph.contains(graph.branches["main"], merge.sha)


STEP = st.tuples(st.sampled_from(["commit", "branch", "merge"]), st.integers(0, 4), st.integers(0, 4))


def _build(steps: list[tuple[str, int, int]], name: str = "octocat/example") -> Graph:
    graph = _graph(name)
    for action, first, second in steps:
        names = sorted(graph.branches)
        head, base = names[first % len(names)], names[second % len(names)]
        if action == "commit":
            _commit(graph, head)
        elif action == "branch":
            _branch(graph, f"branch-{len(names)}", head)
        else:
            _merge(graph, head, graph.branches[base])
    return graph


def _ancestors(graph: Graph, sha: str) -> set[str]:
    """Collect the ancestors by the definition: the commit itself, and the ancestors of each parent."""
    return {sha}.union(*(_ancestors(graph, parent) for parent in graph.commits[sha].parents))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_questions_about_history_agree_with_the_definition(steps: list[tuple[str, int, int]]) -> None:
    """In any history, contains, missing and the merge base agree with the sets of ancestors."""
    graph = _build(steps)
    known = {sha: _ancestors(graph, sha) for sha in graph.commits}
    for head, base in product(graph.branches.values(), repeat=2):
        assert graph.ancestors(head) == known[head]
        assert graph.contains(head, base) == (base in known[head])
        missing = graph.missing(head, base)
        assert {commit.sha for commit in missing} == known[base] - known[head]
        assert [commit.number for commit in missing] == sorted((commit.number for commit in missing), reverse=True)
        merge_base = graph.merge_base(head, base)
        assert merge_base is not None
        common = known[head] & known[base]
        assert merge_base.sha in common
        assert not any(merge_base.sha in known[sha] - {sha} for sha in common)
    for sha in graph.commits:
        assert all(graph.contains(sha, found) for found in known[sha])


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=12), st.integers(0, 6))
def test_going_back_finds_a_commit_exactly_so_many_behind(steps: list[tuple[str, int, int]], behind: int) -> None:
    """In any history, a result lacks exactly that many commits, and existing commits do not change."""
    graph = _build(steps)
    heads, known = dict(graph.branches), set(graph.commits)
    contained = {sha: graph.ancestors(sha) for sha in known}
    found = graph.back("main", behind)
    assert graph.branches == heads
    assert known <= graph.commits.keys()
    assert all(commit.sha == sha for sha, commit in graph.commits.items())
    assert all(graph.ancestors(sha) & known == contained[sha] for sha in known)
    if found is None:
        possible = {len(graph.missing(sha, heads["main"])) for sha in graph.ancestors(heads["main"])}
        assert behind not in possible
        return
    assert graph.contains(heads["main"], found)
    assert len(graph.missing(found, heads["main"])) == behind


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_graphs_that_are_built_alike_have_the_same_shas(steps: list[tuple[str, int, int]]) -> None:
    """SHAs depend on the operations and the repository's name, and on nothing else."""
    built, other = _build(steps), _build(steps)
    assert (built.branches, built.commits) == (other.branches, other.commits)
    assert not built.commits.keys() & _build(steps, "octocat/other").commits.keys()


def test_shas_do_not_depend_on_the_time_of_day() -> None:
    """The same test gets the same SHAs tomorrow."""
    today, tomorrow = Graph("o/r", AUTHOR, NOW, "main"), Graph("o/r", AUTHOR, LATER, "main")
    for graph, now in ((today, NOW), (tomorrow, LATER)):
        graph.commit("main", message="Update", files=None, author=AUTHOR, now=now)
    assert today.branches == tomorrow.branches


def test_two_commits_of_the_same_change_differ() -> None:
    """The same files and message committed again make another SHA."""
    graph = _graph()
    shas = [_commit(graph, "main", {"a": "1"}, "Say one") for _ in range(3)]
    assert len(set(shas)) == 3


# Behind


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_going_back_a_straight_history_counts_commits(steps: int) -> None:
    """Within the existing history, going back adds no commits."""
    graph = _graph()
    history = [graph.branches["main"], *(_commit(graph, "main") for _ in range(3))]
    before = dict(graph.commits)
    assert graph.back("main", steps) == history[-1 - steps]
    assert graph.commits == before


@pytest.mark.parametrize("steps", [1, 2, 5, 30])
def test_a_short_history_is_deepened_below_its_first_commit(steps: int) -> None:
    """Going back further than the history extends it. Existing SHAs do not change."""
    graph = _graph()
    root = graph.branches["main"]
    tree = dict(graph.commits[root].tree)
    start = graph.back("main", steps)
    assert start is not None
    assert graph.branches == {"main": root}
    assert graph.commits[root].tree == tree
    assert len(graph.missing(start, root)) == steps
    assert graph.missing(root, start) == []
    assert len(graph.commits) == steps + 1


def test_going_back_far_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is read a few times, not once per commit."""
    graph = _graph()
    looked_at: list[int] = []
    ancestors = graph.ancestors

    def counted(*shas: str) -> set[str]:
        found = ancestors(*shas)
        looked_at.append(len(found))
        return found

    monkeypatch.setattr(graph, "ancestors", counted)
    start = graph.back("main", 3000)
    assert start is not None
    assert sum(looked_at) < 10_000
    assert len(graph.missing(start, graph.branches["main"])) == 3000


def test_merging_from_below_the_first_commit_changes_files() -> None:
    """A branch from before the first commit is behind it."""
    graph = _graph()
    start = graph.back("main", 3)
    assert start is not None
    graph.branches["topic"] = start
    merge = _merge(graph, "topic", graph.branches["main"])
    assert graph.changed_paths(merge.sha)
    assert merge.tree == graph.commits[graph.branches["main"]].tree


def test_deepening_twice_adds_below_the_first_time() -> None:
    """Earlier results stay valid."""
    graph = _graph()
    one_back = graph.back("main", 1)
    three = graph.back("main", 3)
    assert one_back is not None
    assert three is not None
    head = graph.branches["main"]
    assert [len(graph.missing(sha, head)) for sha in (one_back, three)] == [1, 3]
    assert graph.back("main", 1) == one_back
    assert len(graph.commits) == 4


def test_deepening_is_the_same_in_every_run() -> None:
    """The commits below the first one have the same SHAs in two graphs that are built alike."""
    assert _graph().back("main", 4) == _graph().back("main", 4)


def test_there_may_be_no_commit_exactly_so_many_behind() -> None:
    """If a merge brought two commits at once, none is behind by exactly one."""
    graph, _root, left, right, _merge_sha = _diamond()
    assert graph.back("main", 1) is None
    assert graph.back("main", 2) in (left, right)


# Conflicts


def _conflicts(graph: Graph, head: str, base: str) -> bool:
    try:
        graph.merged_tree(graph.branches[head], graph.branches[base])
    except MergeConflict:
        return True
    return False


def test_a_clash_of_equal_branches_commits_to_both() -> None:
    """Each branch gets one commit, and the two conflict from then on."""
    graph = _graph()
    root = _branch(graph, "topic")
    graph.clash("topic", "main", author=AUTHOR, now=NOW)
    assert [graph.commits[graph.branches[name]].parents for name in ("topic", "main")] == [(root,), (root,)]
    assert _conflicts(graph, "topic", "main")
    assert len(graph.missing(graph.branches["topic"], graph.branches["main"])) == 1


@pytest.mark.parametrize("news", [{"README.md": "changed"}, {"new.txt": "new"}])
def test_a_clash_uses_the_changes_of_base(news: dict[str, str]) -> None:
    """A base that is ahead stays as it is, and head changes the same path."""
    graph = _graph()
    _branch(graph, "topic")
    base = _commit(graph, "main", news)
    graph.clash("topic", "main", author=AUTHOR, now=NOW)
    assert graph.branches["main"] == base
    assert graph.changed_paths(graph.branches["topic"])[0][0] in news
    assert _conflicts(graph, "topic", "main")


def test_a_clash_makes_a_branch_that_is_ahead_fall_behind() -> None:
    """If head contains base, base gets a new commit."""
    graph = _graph()
    _branch(graph, "topic")
    _commit(graph, "topic")
    graph.clash("topic", "main", author=AUTHOR, now=NOW)
    assert graph.missing(graph.branches["topic"], graph.branches["main"])
    assert _conflicts(graph, "topic", "main")


def test_a_clash_works_below_the_first_commit() -> None:
    """A branch from before the first commit can conflict too."""
    graph = _graph()
    start = graph.back("main", 1)
    assert start is not None
    graph.branches["topic"] = start
    graph.clash("topic", "main", author=AUTHOR, now=NOW)
    assert _conflicts(graph, "topic", "main")


def test_a_clash_differs_from_the_content_of_base() -> None:
    """The branches conflict even if base already has the content that the clash would write to head."""
    graph = _graph()
    _branch(graph, "topic")
    _commit(graph, "main", {"a.txt": "as topic has it\n"})
    graph.clash("topic", "main", author=AUTHOR, now=NOW)
    assert _conflicts(graph, "topic", "main")


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=10), st.integers(1, 2))
def test_after_a_clash_the_branches_conflict_in_any_history(steps: list[tuple[str, int, int]], times: int) -> None:
    """In any history, after one clash or two, merging base into head conflicts, and head is behind."""
    graph = _build([("branch", 0, 0), *steps])
    for _ in range(times):
        graph.clash("branch-1", "main", author=AUTHOR, now=NOW)
    assert _conflicts(graph, "branch-1", "main")
    assert graph.missing(graph.branches["branch-1"], graph.branches["main"])


# Full names of refs, directories, contents


def test_refs_are_found_by_their_full_names_in_alphabetical_order() -> None:
    """The prefix of a name tells branches, tags and other refs apart."""
    graph = _graph()
    root = graph.branches["main"]
    for name in ("tags/v1", "notes/commits", "heads/a/b"):
        graph.set_ref(name, root)
    assert list(graph.refs()) == ["heads/a/b", "heads/main", "notes/commits", "tags/v1"]
    assert graph.branches["a/b"] == root
    assert dict(graph.tags) == {"v1": root}
    assert dict(graph.other_refs) == {"notes/commits": root}
    assert graph.ref("notes/commits") == root
    assert graph.ref("heads/v1") is None
    for name in ("tags/v1", "notes/commits", "heads/a/b"):
        graph.remove_ref(name)
    assert list(graph.refs()) == ["heads/main"]


def test_the_sha_of_a_blob_is_the_same_as_gits() -> None:
    """The values were printed by `git hash-object`, for an empty file and for one with the text hello."""
    assert blob_sha(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_sha(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_binary_contents_are_kept() -> None:
    """Bytes that are not text are stored unchanged and survive a merge."""
    graph = _graph()
    _branch(graph, "topic")
    data = bytes(range(256))
    graph.commit("main", message="Draw", files={"logo.png": data}, author=AUTHOR, now=NOW)
    _commit(graph, "topic")
    merge = _merge(graph, "topic", graph.branches["main"])
    assert graph.blobs[merge.tree["logo.png"].sha] == data


def test_a_file_can_be_removed() -> None:
    """The file is gone, and the change is listed."""
    graph = _graph()
    commit = graph.commit("main", message="Tidy", files={".gitignore": None}, author=AUTHOR, now=NOW)
    assert list(commit.tree) == ["README.md"]
    assert graph.changed_paths(commit.sha) == [(".gitignore", "removed")]


def test_a_directory_lists_files_and_directories_in_gits_order() -> None:
    """A directory is sorted as if its name ended in a slash. Its SHA depends only on its contents."""
    graph = _graph()
    first = _commit(graph, "main", {"a/x": "1", "a.txt": "1", "a/b/y": "1", "a0": "1"})
    second = _commit(graph, "main", {"a/b/y": "2"})

    trees = [graph.commits[sha].tree for sha in (first, second)]
    folder = trees[0].folder("a")
    assert folder is not None
    assert [entry.name for entry in trees[0].directory()] == [".gitignore", "README.md", "a.txt", "a", "a0"]
    assert [(entry.path, entry.is_directory) for entry in folder.directory()] == [("b", True), ("x", False)]
    assert trees[0].folder("nope") is trees[0].folder("a/x") is None
    shas = [{entry.name: entry.sha for entry in tree.directory()} for tree in trees]
    assert {name for name in shas[0] if shas[0][name] != shas[1][name]} == {"a"}
    assert folder.directory()[1].sha == blob_sha(b"1")
