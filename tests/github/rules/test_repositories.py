"""GitHub's decisions about repositories and their deploy keys, as tables."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import repositories as rules

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"

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
        ("example.git.git", "example"),
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
        ("x" * 101, "name is too long (maximum is 100 characters)"),
    ],
)
def test_an_invalid_name_is_refused(requested: str, message: str) -> None:
    """A name must have from 1 to 100 characters after the cleaning, and must not be a dot or two."""
    with pytest.raises(Unprocessable) as refused:
        rules.repository_name(requested)
    assert refused.value.errors[0]["message"] == message
    assert refused.value.hint


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
