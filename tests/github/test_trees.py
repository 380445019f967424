"""Trees: they equal plain dictionaries, and share their directories."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from pytest_ghdeploy.github.git_database import GitDatabase
from pytest_ghdeploy.github.trees import EMPTY, EXECUTABLE, SUBMODULE, SYMLINK, File, Tree, linked_file

PATHS = st.sampled_from(
    ["a", "b", "src/a", "src/b", "src/lib/a", "docs/a", *(f"many/{number}" for number in range(40))]
)
FILES = st.sampled_from([File("1"), File("2"), File("1", EXECUTABLE), File("2", SYMLINK)])
COMMITS = st.lists(st.dictionaries(PATHS, FILES | st.none(), max_size=12), max_size=12)


def _model(files: dict[str, File], changes: dict[str, File | None]) -> dict[str, File]:
    return {path: file for path, file in {**files, **changes}.items() if file is not None}


def _trees(start: dict[str, File], commits: list[dict[str, File | None]]) -> list[tuple[Tree, dict[str, File]]]:
    """Make a tree and its model for the start and each commit."""
    trees = [(Tree(dict(start)), dict(start))]
    for changes in commits:
        tree, files = trees[-1]
        trees.append((tree.committed(changes), _model(files, changes)))
    return trees


def _files_below(files: dict[str, File], folder: str) -> dict[str, File]:
    prefix = f"{folder}/" if folder else ""
    return {path[len(prefix) :]: file for path, file in files.items() if path.startswith(prefix)}


@given(st.dictionaries(PATHS, FILES), COMMITS)
def test_a_tree_has_the_files_of_all_commits(start: dict[str, File], commits: list[dict[str, File | None]]) -> None:
    """It equals a dictionary that got the same changes. The trees before it stay as they were."""
    for tree, files in _trees(start, commits):
        assert dict(tree) == dict(tree.items()) == files
        assert len(tree) == len(files)
        assert tree.is_empty == (not files)
        assert all(tree[path] == tree.find(path) == file for path, file in files.items())
        assert [path in tree for path in ("a", "src/a", "nope")] == [path in files for path in ("a", "src/a", "nope")]


@given(st.dictionaries(PATHS, FILES), COMMITS)
def test_a_tree_lists_its_directories(start: dict[str, File], commits: list[dict[str, File | None]]) -> None:
    """A directory exists while it has files. All entries are listed as by ``git ls-tree -r -t``."""
    for tree, files in _trees(start, commits):
        folders = {"src", "src/lib", "docs", "many"}
        existing = {folder for folder in folders if _files_below(files, folder)}
        assert {folder for folder in folders if tree.folder(folder) is not None} == existing
        entries = list(tree.walk())
        assert {entry.path for entry in entries} == {*files, *existing}
        # A directory comes before its files, at the place of its name with a slash.
        places = [f"{entry.path}/" if entry.is_directory else entry.path for entry in entries]
        assert places == sorted(places)
        assert [(entry.path, entry.sha) for entry in entries if not entry.is_directory] == [
            (path, files[path].sha) for path in sorted(files)
        ]
        assert tree.directory() == [entry for entry in entries if "/" not in entry.path]


@given(st.dictionaries(PATHS, FILES), COMMITS, st.data())
def test_trees_are_compared_path_by_path(
    start: dict[str, File], commits: list[dict[str, File | None]], data: st.DataObject
) -> None:
    """Any two trees can be compared, in alphabetical order."""
    trees = _trees(start, commits)
    (old, was), (new, now) = data.draw(st.sampled_from(trees)), data.draw(st.sampled_from(trees))
    kinds = {(False, True): "added", (True, False): "removed", (True, True): "modified"}
    paths = sorted(path for path in {*was, *now} if was.get(path) != now.get(path))
    assert new.changes_since(old) == [(path, kinds[path in was, path in now]) for path in paths]
    assert Tree(now).changes_since(old) == new.changes_since(old)


@given(st.dictionaries(PATHS, FILES), COMMITS)
def test_a_sha_depends_on_the_files_alone(start: dict[str, File], commits: list[dict[str, File | None]]) -> None:
    """A tree has the SHA of a new tree with the same files, and so has each of its folders."""
    shas: dict[str, dict[str, File]] = {}
    for tree, files in _trees(start, commits):
        for folder in ("", "src", "src/lib", "many", "nope"):
            old, new = tree.folder(folder), Tree(files).folder(folder)
            assert (old is None) == (new is None)
            if old is not None and new is not None:
                assert old.sha == new.sha
                below = _files_below(files, folder)
                assert shas.setdefault(old.sha, below) == below


@given(st.dictionaries(PATHS, FILES), COMMITS)
def test_a_kept_tree_is_found_with_all_its_directories(
    start: dict[str, File], commits: list[dict[str, File | None]]
) -> None:
    """Each tree and each directory in it is found by its SHA, whichever trees were kept before."""
    database = GitDatabase()
    for tree, _ in _trees(start, commits):
        database.keep_tree(tree)
        folders = [entry.sha for entry in tree.walk() if entry.is_directory]
        for sha in (tree.sha, *folders):
            found = database.tree(sha)
            assert found is not None
            assert found.sha == sha


def test_equal_folders_have_equal_shas() -> None:
    """As in git, the place of a folder does not count."""
    tree = Tree(
        {path: File(sha) for path, sha in {"a/x": "1", "a/l/y": "2", "b/x": "1", "b/l/y": "2", "c/x": "2"}.items()}
    )
    shas = {entry.path: entry.sha for entry in tree.walk()}
    assert shas["a"] == shas["b"] != shas["c"]
    assert shas["a/l"] == shas["b/l"]


def test_the_empty_tree_has_gits_sha() -> None:
    """Some clients hard-code it. A tree whose last file is removed is empty too."""
    assert EMPTY.sha == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    assert Tree({"a/b": File("1")}).committed({"a/b": None}).sha == EMPTY.sha


def test_a_directory_is_put_in_and_taken_out_as_a_whole() -> None:
    """It keeps its SHA in another place. An empty one does not exist."""
    tree = Tree({"a/x": File("1"), "a/l/y": File("2"), "b": File("3")})
    folder = tree.folder("a")
    moved = tree.committed({"deep/er": folder, "a": None, "none": EMPTY})
    assert sorted(moved) == ["b", "deep/er/l/y", "deep/er/x"]
    found = moved.folder("deep/er")
    assert found is not None
    assert found.sha == tree.directory()[0].sha
    assert tree.committed({"a": folder, "gone": None}) is tree


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"a": File("9")}, {"a": "9", "b": "3"}),
        ({"b/x": File("9")}, {"a/x": "1", "a/y": "2", "b/x": "9"}),
        ({"b": None, "b/x": File("9")}, {"a/x": "1", "a/y": "2", "b/x": "9"}),
        ({"a": None, "a/x": File("9")}, {"a/x": "9", "b": "3"}),
        ({"a/x": None, "a/y": None, "a": File("9")}, {"a": "9", "b": "3"}),
        ({"a": File("9"), "a/x": File("8")}, {"a/x": "8", "b": "3"}),
        ({"b/x": None}, {"a/x": "1", "a/y": "2", "b": "3"}),
    ],
)
def test_a_path_is_a_file_or_a_directory(changes: dict[str, File | None], expected: dict[str, str]) -> None:
    """The new one replaces the other; of two new ones, the file inside the directory stays."""
    tree = Tree({"a/x": File("1"), "a/y": File("2"), "b": File("3")})
    assert {path: file.sha for path, file in tree.committed(changes).items()} == expected


@pytest.mark.parametrize(
    ("path", "blocking"),
    [
        ("a", "a/l/x"),
        ("a/l", "a/l/x"),
        ("a/l/x", None),
        ("a/l/x/y", "a/l/x"),
        ("a/new", None),
        ("b/c/d", "b"),
        ("b", None),
    ],
)
def test_a_file_blocks_paths_above_and_below_it(path: str, blocking: str | None) -> None:
    """A path of an existing file is free, since the file can be replaced."""
    assert Tree({"a/l/x": File("1"), "b": File("2")}).blocking(path) == blocking


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (b"app.py", "3"),
        (b"../top", "4"),
        (b"./lib/../app.py", "3"),
        (b"lib", None),
        (b"nope", None),
        (b"/src/app.py", None),
        (b"../../top", None),
        (b"link", None),
        (b"module", None),
        (b"\xff", None),
    ],
)
def test_a_symbolic_link_leads_to_a_file_of_the_same_tree(target: bytes, found: str | None) -> None:
    """A link to a directory, a submodule, another link or a place outside leads to no file."""
    files = {
        "src/app.py": File("3", EXECUTABLE),
        "src/lib/x": File("1"),
        "src/link": File("7", SYMLINK),
        "src/module": File("8", SUBMODULE),
        "top": File("4"),
    }
    file = linked_file(Tree(files), "src/link", {"7": target})
    assert (file.sha if file else None) == found
