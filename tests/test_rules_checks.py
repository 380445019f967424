"""GitHub's decisions about deploy keys as tables."""

from __future__ import annotations

import pytest

from pytest_ghdeploy import rules
from pytest_ghdeploy.errors import Unprocessable

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"

# Deploy keys


def test_a_public_key_is_read() -> None:
    """A line of OpenSSH's is a key."""
    assert rules.public_key(f"{ED25519} hubot\n") == (*ED25519.split(), "hubot")


@pytest.mark.parametrize("text", ["", "nonsense", ED25519[:-4], ED25519.split()[1]])
def test_what_is_no_public_key_is_refused_in_githubs_words(text: str) -> None:
    """The client learns that it is invalid, the author of the test why."""
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
    assert caught.value.hint.startswith("the key is no public key of OpenSSH's: ")
