"""Trees: they equal plain dictionaries, and share their entries."""

from __future__ import annotations

from hypothesis import given, strategies as st

from pytest_ghdeploy.github.trees import Layers, Tree

PATHS = st.sampled_from(
    ["a", "b", "src/a", "src/b", "src/lib/a", "docs/a", *(f"many/{number}" for number in range(40))]
)
BLOBS = st.sampled_from(["1", "2", "3"])
COMMITS = st.lists(st.dictionaries(PATHS, BLOBS | st.none(), max_size=12), max_size=12)


def _model(files: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    return {path: blob for path, blob in {**files, **changes}.items() if blob is not None}


def _trees(start: dict[str, str], commits: list[dict[str, str | None]]) -> list[tuple[Tree, dict[str, str]]]:
    """Make a tree and its model for the start and each commit."""
    trees = [(Tree(dict(start)), dict(start))]
    for changes in commits:
        tree, files = trees[-1]
        trees.append((tree.committed(changes), _model(files, changes)))
    return trees


@given(st.dictionaries(PATHS, BLOBS), COMMITS)
def test_a_tree_has_the_files_of_all_commits(start: dict[str, str], commits: list[dict[str, str | None]]) -> None:
    """It equals a dictionary that got the same changes. The trees before it stay as they were."""
    for tree, files in _trees(start, commits):
        assert dict(tree) == dict(tree.items()) == files
        assert len(tree) == len(files)
        assert all(tree[path] == blob for path, blob in files.items())
        assert [path in tree for path in ("a", "src/a", "nope")] == [path in files for path in ("a", "src/a", "nope")]


@given(st.dictionaries(PATHS, BLOBS), COMMITS, st.data())
def test_trees_are_compared_path_by_path(
    start: dict[str, str], commits: list[dict[str, str | None]], data: st.DataObject
) -> None:
    """Any two trees can be compared, in alphabetical order."""
    trees = _trees(start, commits)
    (old, was), (new, now) = data.draw(st.sampled_from(trees)), data.draw(st.sampled_from(trees))
    kinds = {(False, True): "added", (True, False): "removed", (True, True): "modified"}
    paths = sorted(path for path in {*was, *now} if was.get(path) != now.get(path))
    assert new.changes_since(old) == [(path, kinds[path in was, path in now]) for path in paths]


@given(st.dictionaries(PATHS, BLOBS), COMMITS)
def test_a_sha_depends_on_the_files_alone(start: dict[str, str], commits: list[dict[str, str | None]]) -> None:
    """A tree has the SHA of a new tree with the same files, and so has each of its folders."""
    shas: dict[str, frozenset[tuple[str, str]]] = {}
    for tree, files in _trees(start, commits):
        again = Tree(files)
        for folder in ("", "src", "src/lib", "many", "nope"):
            assert tree.folder_sha(folder) == again.folder_sha(folder)
            prefix = f"{folder}/" if folder else ""
            below = frozenset((path[len(prefix) :], blob) for path, blob in files.items() if path.startswith(prefix))
            assert shas.setdefault(tree.folder_sha(folder), below) == below
        assert {tree.sha} | {*tree.changed_folder_shas()} <= {*again.changed_folder_shas(), Tree().sha}


def test_equal_folders_have_equal_shas() -> None:
    """As in git, the place of a folder does not count."""
    tree = Tree({"a/x": "1", "a/lib/y": "2", "b/x": "1", "b/lib/y": "2", "c/x": "2"})
    assert tree.folder_sha("a") == tree.folder_sha("b") != tree.folder_sha("c")
    assert tree.folder_sha("a/lib") == tree.folder_sha("b/lib")


def test_a_commit_copies_a_small_part_of_the_files() -> None:
    """Each of 1,000 trees has few entries of its own, so together they have much fewer than all files of all trees."""
    files: Layers[str] = Layers({f"{number}": "x" for number in range(1_000)})
    own = 0
    shared = set()
    for number in range(1_000):
        files = files.changed({f"new-{number}": "x"})
        own += len(files._own)
        shared.add(id(files._shared))
    assert len(files) == 2_000
    assert own + len(shared) * 2_000 < 150_000
