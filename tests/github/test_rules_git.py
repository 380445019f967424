"""GitHub's decisions about refs, files and comparisons, as tables."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.github.refusals import Conflict, GitHubError, Unprocessable
from pytest_ghdeploy.github.rules import git as rules

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
KNOWN = ["heads/main", "heads/feature/fast", "tags/v1"]


@pytest.mark.parametrize("sha", ["", "0" * 39, "0" * 41, SHA.upper(), "g" * 40, f"{SHA}\n", "main"])
def test_only_a_full_sha_is_one(sha: str) -> None:
    """A ref is set to 40 digits in lower case, nothing else."""
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
        ("topic", True, "Reference name must start with"),
        ("heads/topic", True, "Reference name must start with"),
        ("refs/topic", True, "Reference name must start with"),
        ("", True, "Reference name must start with"),
        ("refs/heads/a b", False, "refs/heads/a b is not a valid ref name."),
        ("refs/heads/main", True, "Reference already exists"),
        ("refs/tags/v1", True, "Reference already exists"),
        ("refs/heads/main/sub", True, "Reference update failed"),
        ("refs/heads/feature", True, "Reference update failed"),
        ("refs/heads/feature/fast/er", True, "Reference update failed"),
    ],
)
def test_a_new_ref_needs_a_name_and_a_place(ref: str, *, is_valid: bool, message: str | None) -> None:
    """It is written out, git takes it, nobody has it, and no other is a folder of it."""
    if message is None:
        rules.check_new_ref(ref, is_valid=is_valid, known=KNOWN)
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_new_ref(ref, is_valid=is_valid, known=KNOWN)
    assert refused.value.message.startswith(message)
    assert refused.value.hint


@pytest.mark.parametrize("fast_forward", [False, True])
@pytest.mark.parametrize("force", [False, True])
def test_a_ref_loses_commits_only_by_force(*, fast_forward: bool, force: bool) -> None:
    """Of the four cases one is refused."""
    if fast_forward or force:
        rules.check_ref_update(fast_forward=fast_forward, force=force, hint="")
        return
    with pytest.raises(Unprocessable, match=r"^Update is not a fast forward$"):
        rules.check_ref_update(fast_forward=fast_forward, force=force, hint="")


@pytest.mark.parametrize(("name", "deletable"), [("heads/main", False), ("tags/main", True), ("heads/main2", True)])
def test_the_default_branch_is_not_deletable(name: str, *, deletable: bool) -> None:
    """A tag of its name is."""
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
    """What both sides lack says how they stand to each other."""
    assert rules.comparison_status(ahead_by=ahead_by, behind_by=behind_by) == expected


@pytest.mark.parametrize("path", ["a", "a/b.txt", ".github/workflows/ci.yml", "a b/ü", "..a", "a..b", ".gitignore"])
def test_git_takes_these_paths(path: str) -> None:
    """Dots, spaces and letters of any kind are fine."""
    rules.check_path(path)


@pytest.mark.parametrize(
    "path", ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", ".git", ".git/config", "a/.GIT/b", "a\0b"]
)
def test_git_refuses_these_paths(path: str) -> None:
    """A path neither leaves the repository nor enters git's own folder."""
    with pytest.raises(Unprocessable, match=r"^path contains a malformed path component$"):
        rules.check_path(path)


@pytest.mark.parametrize(
    ("path", "free"), [("a/c", True), ("ab", True), ("a", False), ("a/b", True), ("a/b/c", False), ("a/bc", True)]
)
def test_a_file_is_neither_above_nor_below_another(path: str, *, free: bool) -> None:
    """Where there is a/b, a is a directory and a/b is none."""
    if free:
        rules.check_place(path, ["a/b"])
        return
    with pytest.raises(Unprocessable, match=r"^path conflicts with"):
        rules.check_place(path, ["a/b"])


@pytest.mark.parametrize(
    ("there", "given", "refusal"),
    [
        (None, None, None),
        (SHA, SHA, None),
        (SHA, None, (Unprocessable, 'Invalid request.\n\n"sha" wasn\'t supplied.')),
        (SHA, OTHER, (Conflict, f"a.txt does not match {OTHER}")),
        (None, OTHER, (Conflict, f"a.txt does not match {OTHER}")),
    ],
)
def test_who_changes_a_file_says_which(
    there: str | None, given: str | None, refusal: tuple[type[GitHubError], str] | None
) -> None:
    """The blob's sha is needed to replace a file, and has to be the present one."""
    if refusal is None:
        rules.check_file_sha("a.txt", there, given)
        return
    with pytest.raises(refusal[0]) as refused:
        rules.check_file_sha("a.txt", there, given)
    assert refused.value.message == refusal[1]
    assert "a.txt" in refused.value.hint


@pytest.mark.parametrize(("size", "expected"), [(0, True), (1_000_000, True), (1_000_001, False)])
def test_a_long_file_comes_without_its_content(size: int, *, expected: bool) -> None:
    """A megabyte is the limit."""
    assert rules.shows_content(size) is expected
