"""GitHub's decisions about repositories and their deploy keys, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_ghdeploy.github.refusals import Forbidden, Unprocessable
from pytest_ghdeploy.github.repository_settings import RepositorySettings
from pytest_ghdeploy.github.rules import repositories as rules

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"

NEW = RepositorySettings()

# Names and redirects


@pytest.mark.parametrize(
    ("method", "expected"),
    [("GET", True), ("HEAD", True), ("POST", False), ("PUT", False), ("PATCH", False), ("DELETE", False)],
)
def test_only_reading_requests_get_a_301(method: str, *, expected: bool) -> None:
    """Other requests get a 307, so that the client keeps method and body."""
    assert rules.moves_for_good(method) is expected


@pytest.mark.parametrize(
    ("requested", "name"),
    [
        ("example", "example"),
        ("new name", "new-name"),
        ("a/b  c", "a-b-c"),
        (" edge ", "edge"),
        ("example.git", "example"),
        ("example.git.git", "example.git"),
        ("example.GIT", "example.GIT"),
        (".gitignore", ".gitignore"),
        ("\u00e9t\u00e9", "-t-"),
        ("x" * 100, "x" * 100),
        ("_.-", "_.-"),
    ],
)
def test_invalid_characters_in_a_name_become_hyphens(requested: str, name: str) -> None:
    """White space around the name and a final .git are dropped."""
    assert rules.repository_name(requested) == name


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ("", "name is invalid"),
        (" ", "name is invalid"),
        (".", "name is invalid"),
        ("..", "name is invalid"),
        (".git", "name is invalid"),
        ("x" * 101, "name cannot be more than 100 characters"),
        ("x" * 101 + ".git", "name cannot be more than 100 characters"),
    ],
)
def test_an_invalid_name_is_refused(requested: str, message: str) -> None:
    """A name must have from 1 to 100 characters after the cleaning, and must not be a dot or two."""
    with pytest.raises(Unprocessable) as refused:
        rules.repository_name(requested)
    assert refused.value.errors[0]["message"] == message
    assert refused.value.hint


def test_a_name_that_is_too_long_fails_the_creation() -> None:
    """The message of a refused creation differs from that of a rename."""
    for message in (rules.CREATION_FAILED, "Validation Failed"):
        with pytest.raises(Unprocessable, match=f"^{message}$"):
            rules.repository_name("x" * 101, message=message)


# Settings


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({}, {}),
        ({"name": "x", "private": True, "unknown": 1}, {}),
        ({"description": "d", "homepage": "https://x.example"}, {"description": "d", "homepage": "https://x.example"}),
        ({"description": "", "homepage": ""}, {}),
        ({"has_issues": False, "is_template": True}, {"has_issues": False, "is_template": True}),
        (
            {"allow_squash_merge": False, "allow_rebase_merge": False},
            {"allow_squash_merge": False, "allow_rebase_merge": False},
        ),
        ({"merge_commit_title": "PR_TITLE"}, {"merge_commit_title": "PR_TITLE"}),
    ],
)
@pytest.mark.parametrize("is_new", [False, True])
def test_settings_in_a_body_are_kept(body: dict[str, Any], changed: dict[str, Any], *, is_new: bool) -> None:
    """Members that are not settings, and those that are missing, change nothing."""
    assert rules.settings_after(NEW, body, is_new=is_new) == NEW._replace(**changed)


@pytest.mark.parametrize("empty", ["", None])
def test_a_text_can_be_emptied(empty: str | None) -> None:
    """An empty description or homepage is null."""
    before = NEW._replace(description="d", homepage="h", has_wiki=False)
    assert rules.settings_after(before, {"description": empty, "homepage": empty}) == NEW._replace(has_wiki=False)


def test_an_archived_repository_is_not_created() -> None:
    """A repository can be archived later."""
    assert rules.settings_after(NEW, {"archived": True}, is_new=True) == NEW
    assert rules.settings_after(NEW, {"archived": True}).archived is True


@pytest.mark.parametrize(
    ("before", "body", "is_refused"),
    [
        ((), (), False),
        (("allow_squash_merge", "allow_merge_commit"), (), False),
        (("allow_squash_merge", "allow_merge_commit"), ("allow_rebase_merge",), True),
        ((), ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge"), True),
        ((), ("allow_squash_merge", "allow_merge_commit", "allow_auto_merge"), False),
    ],
)
def test_one_merge_method_stays(before: tuple[str, ...], body: tuple[str, ...], *, is_refused: bool) -> None:
    """The methods count that are allowed after the update."""
    settings = rules.settings_after(NEW, dict.fromkeys(before, False))
    if is_refused:
        with pytest.raises(Unprocessable, match=r"^Validation Failed$") as refused:
            rules.settings_after(settings, dict.fromkeys(body, False))
        assert "no_merge_method" in refused.value.errors[0]["message"]
    else:
        assert rules.settings_after(settings, dict.fromkeys(body, False))


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, []),
        ({"security_and_analysis": None, "gitignore_template": ""}, []),
        ({"security_and_analysis": {}}, ["security_and_analysis"]),
        ({"license_template": "mit", "team_id": 1, "has_wiki": True}, ["team_id", "license_template"]),
    ],
)
def test_settings_that_cannot_be_acted_out_are_listed(body: dict[str, Any], names: list[str]) -> None:
    """An empty value asks for nothing."""
    assert rules.unsupported_settings(body) == names


@pytest.mark.parametrize(
    ("operation_id", "reads", "archived", "is_refused"),
    [
        ("repos/create-deployment", False, True, True),
        ("repos/create-deployment", False, False, False),
        ("repos/list-deployments", True, True, False),
        ("repos/ping-webhook", False, True, True),
        ("repos/update", False, True, False),
        ("repos/delete", False, True, False),
    ],
)
def test_an_archived_repository_is_read_only(
    operation_id: str, *, reads: bool, archived: bool, is_refused: bool
) -> None:
    """Every write is refused, except to the repository itself."""
    if not is_refused:
        rules.check_not_archived("octocat/example", operation_id, reads=reads, archived=archived)
        return
    with pytest.raises(Forbidden, match=r"^Repository was archived so is read-only\.$"):
        rules.check_not_archived("octocat/example", operation_id, reads=reads, archived=archived)


@pytest.mark.parametrize(
    ("body", "archived", "is_refused"),
    [
        ({}, False, False),
        ({"archived": True}, False, False),
        ({"archived": False}, True, False),
        ({"archived": False, "name": "new"}, True, False),
        ({"archived": True}, True, True),
        ({"description": "d"}, True, True),
        ({}, True, True),
    ],
)
def test_an_update_may_end_the_archiving(body: dict[str, Any], *, archived: bool, is_refused: bool) -> None:
    """An archived repository takes no other update."""
    if not is_refused:
        rules.check_update_of_archived("octocat/example", body, archived=archived)
        return
    with pytest.raises(Forbidden, match=r"^Repository was archived so is read-only\.$"):
        rules.check_update_of_archived("octocat/example", body, archived=archived)


# Deploy keys


def test_a_public_key_is_parsed() -> None:
    """A line in OpenSSH's format has type, key and comment."""
    assert rules.public_key(f"{ED25519} hubot\n") == (*ED25519.split(), "hubot")


@pytest.mark.parametrize("text", ["", "nonsense", ED25519[:-4], ED25519.split()[1]])
def test_an_invalid_public_key_is_refused_with_githubs_text(text: str) -> None:
    """The response says that the key is invalid, and the hint says why."""
    with pytest.raises(Unprocessable, match="Validation Failed") as caught:
        rules.public_key(text)
    assert caught.value.errors == [
        {
            "resource": "PublicKey",
            "code": "custom",
            "field": "key",
            "message": "key is invalid. You must supply a key in OpenSSH public key format",
        }
    ]
    assert caught.value.hint.startswith("the key is not an OpenSSH public key: ")


def test_deploy_keys_can_be_added_where_they_are_enabled() -> None:
    """They are enabled unless the owner disables them."""
    rules.check_deploy_keys_enabled(deploy_keys_enabled=True)


def test_a_deploy_key_is_refused_where_they_are_disabled() -> None:
    """A user quotes the text. The error names no field (vito#949)."""
    with pytest.raises(Unprocessable) as refused:
        rules.check_deploy_keys_enabled(deploy_keys_enabled=False)
    assert refused.value.message == "Validation Failed"
    assert refused.value.errors == [
        {"resource": "PublicKey", "code": "custom", "message": "Deploy keys are disabled for this repository"}
    ]
    assert refused.value.hint == "the repository was added with deploy_keys_enabled=False"
