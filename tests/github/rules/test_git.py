"""GitHub's decisions about refs, files and comparisons, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.git_refs import Refs
from pytest_ghdeploy.github.refusals import Conflict, GitHubError, Unprocessable
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.github.trees import File, Tree

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git_objects import ObjectKind

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
KNOWN = Refs(dict.fromkeys(["heads/main", "heads/feature/fast", "tags/v1"], SHA))


@pytest.mark.parametrize("sha", ["", "0" * 39, "0" * 41, SHA.upper(), "g" * 40, f"{SHA}\n", "main"])
def test_a_ref_needs_a_full_sha(sha: str) -> None:
    """A full SHA has 40 hex digits in lower case."""
    rules.check_sha(SHA)
    with pytest.raises(Unprocessable, match=r"^The sha parameter must be exactly 40 characters"):
        rules.check_sha(sha)


@pytest.mark.parametrize(
    ("ref", "is_valid", "message"),
    [
        ("refs/heads/topic", True, None),
        ("refs/heads/feature/slow", True, None),
        ("refs/heads/main2", True, None),
        ("refs/tags/main", True, None),
        ("refs/notes/commits", True, None),
        ("topic", True, "Reference name must start with 'refs/'."),
        ("heads/topic", True, "Reference name must start with 'refs/'."),
        ("refs", True, "Reference name must start with 'refs/'."),
        ("", True, "Reference name must start with 'refs/'."),
        ("refs/topic", True, "Reference name must contain at least three slash-separated components."),
        ("refs/", True, "Reference name must contain at least three slash-separated components."),
        ("refs/heads/a b", False, "refs/heads/a b is not a valid ref name."),
        ("refs/heads/main", True, "Reference already exists"),
        ("refs/tags/v1", True, "Reference already exists"),
        ("refs/heads/main/sub", True, "Reference update failed"),
        ("refs/heads/feature", True, "Reference update failed"),
        ("refs/heads/feature/fast/er", True, "Reference update failed"),
    ],
)
def test_a_new_ref_needs_a_valid_and_free_name(ref: str, *, is_valid: bool, message: str | None) -> None:
    """The name starts with refs/, git accepts it, and no existing ref has it or is a folder of it."""
    name = ref.removeprefix("refs/")
    blocking = KNOWN.blocking(name)
    if message is None:
        rules.check_new_ref(ref, is_valid=is_valid, is_taken=name in KNOWN, blocking=blocking)
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_new_ref(ref, is_valid=is_valid, is_taken=name in KNOWN, blocking=blocking)
    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "kind", "is_new", "message"),
    [
        ("heads/main", "commit", True, None),
        ("heads/main", "commit", False, None),
        ("notes/x", "commit", True, None),
        ("tags/v1", "tag", True, None),
        ("notes/x", "tag", False, None),
        ("heads/main", "tag", True, "Reference update failed"),
        ("heads/main", "tag", False, "Object is not a commit"),
        ("heads/main", None, True, "Object does not exist"),
        ("heads/main", None, False, "Object does not exist"),
        ("heads/main", "blob", True, "Reference update failed"),
        ("heads/main", "tree", True, "Reference update failed"),
        ("heads/main", "blob", False, "Object is not a commit"),
        ("heads/main", "tree", False, "Object is not a commit"),
        ("tags/v1", "blob", True, "Object does not exist"),
        ("tags/v1", "tree", False, "Object does not exist"),
        ("notes/x", "blob", True, "Object does not exist"),
    ],
)
def test_a_ref_points_to_a_commit(name: str, kind: ObjectKind | None, *, is_new: bool, message: str | None) -> None:
    """Or to an annotated tag, unless it is a branch. A branch has texts of its own, as recorded."""
    if message is None:
        rules.check_ref_object(name, kind, is_new=is_new, hint="why")
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_ref_object(name, kind, is_new=is_new, hint="why")
    assert (refused.value.message, refused.value.hint) == (message, "why")


@pytest.mark.parametrize("fast_forward", [False, True])
@pytest.mark.parametrize("force", [False, True])
def test_a_ref_loses_commits_only_with_force(*, fast_forward: bool, force: bool) -> None:
    """An update is refused if it is neither a fast-forward nor forced."""
    if fast_forward or force:
        rules.check_ref_update(fast_forward=fast_forward, force=force, hint="")
        return
    with pytest.raises(Unprocessable, match=r"^Update is not a fast forward$"):
        rules.check_ref_update(fast_forward=fast_forward, force=force, hint="")


@pytest.mark.parametrize(("name", "deletable"), [("heads/main", False), ("tags/main", True), ("heads/main2", True)])
def test_the_default_branch_cannot_be_deleted(name: str, *, deletable: bool) -> None:
    """A tag with the same name can be deleted."""
    if deletable:
        rules.check_ref_deletable(name, "main")
        return
    with pytest.raises(Unprocessable, match=r"^Cannot delete the default branch$"):
        rules.check_ref_deletable(name, "main")


@pytest.mark.parametrize(
    ("ahead_by", "behind_by", "expected"),
    [(0, 0, "identical"), (1, 0, "ahead"), (0, 2, "behind"), (3, 1, "diverged")],
)
def test_a_comparison_has_four_outcomes(ahead_by: int, behind_by: int, expected: str) -> None:
    """The outcome follows from the number of commits on each side."""
    assert rules.comparison_status(ahead_by=ahead_by, behind_by=behind_by) == expected


@pytest.mark.parametrize("path", ["a", "a/b.txt", ".github/workflows/ci.yml", "a b/ü", "..a", "a..b", ".gitignore"])
def test_git_accepts_these_paths(path: str) -> None:
    """Dots, spaces and non-ASCII letters are allowed."""
    rules.check_path(path)


@pytest.mark.parametrize(
    "path", ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", ".git", ".git/config", "a/.GIT/b", "a\0b"]
)
def test_git_refuses_these_paths(path: str) -> None:
    """A path must not leave the repository or lead into a .git folder."""
    with pytest.raises(Unprocessable, match=r"^path contains a malformed path component$"):
        rules.check_path(path)


@pytest.mark.parametrize(
    ("path", "free"), [("a/c", True), ("ab", True), ("a", False), ("a/b", True), ("a/b/c", False), ("a/bc", True)]
)
def test_a_file_cannot_be_above_or_below_another_file(path: str, *, free: bool) -> None:
    """If the file a/b exists, a is a directory, and nothing can be below a/b."""
    blocking = Tree({"a/b": File("1")}).blocking(path)
    if free:
        rules.check_place(path, blocking)
        return
    with pytest.raises(Unprocessable, match=r"^path conflicts with"):
        rules.check_place(path, blocking)


@pytest.mark.parametrize(
    ("current", "expected", "refusal"),
    [
        (None, None, None),
        (SHA, SHA, None),
        (SHA, None, (Unprocessable, 'Invalid request.\n\n"sha" wasn\'t supplied.')),
        (SHA, OTHER, (Conflict, f"a.txt does not match {OTHER}")),
        (None, OTHER, (Conflict, f"a.txt does not match {OTHER}")),
    ],
)
def test_changing_a_file_needs_its_current_sha(
    current: str | None, expected: str | None, refusal: tuple[type[GitHubError], str] | None
) -> None:
    """The SHA of the blob must be sent, and must be the current one."""
    if refusal is None:
        rules.check_file_sha("a.txt", current, expected)
        return
    with pytest.raises(refusal[0]) as refused:
        rules.check_file_sha("a.txt", current, expected)
    assert refused.value.message == refusal[1]
    assert "a.txt" in refused.value.hint


@pytest.mark.parametrize(("size", "expected"), [(0, True), (1_000_000, True), (1_000_001, False)])
def test_a_large_file_is_shown_without_its_content(size: int, *, expected: bool) -> None:
    """The limit is 1,000,000 bytes."""
    assert rules.shows_content(size) is expected
