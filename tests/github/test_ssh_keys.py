"""OpenSSH public keys: valid lines, and the reasons for refusing others."""

from __future__ import annotations

import base64
import re
import struct

import pytest
from hypothesis import given, strategies as st

from pytest_ghdeploy.github import ssh_keys

# Written by ssh-keygen.
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
NISTP256 = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKOYi13CSkJyiMuETuYgHJR1S96GKRVcVbuh/SUn"
    "U38zYkFi2/aikOkCy6E5U4MKYgTZ5HEq83ruOCuvySD7tyM="
)
NISTP384 = (
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBAdLsmr7eCJq08NZ5gr6fZjRFTX7RViDkqGOHMPZ"
    "aVIZA5U7aNXQ8xQ3NyuaBo9/q5FLh0UfbTOufD9IdVQ43btmi975GgFFn81Y8y6RGPYTeolx5IvxAgltBDt4EPPzWA=="
)
NISTP521 = (
    "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAF+wERkfxhtqM2rpH5ncQvbmC53lmPAOxECGIbX"
    "hEATrAFnKzc0jxmtkRNQ0McnBLYI4ReUzI5/lUXxQOG1t0KtlwETEhWiRNuight6SYScJDDE4IbBoKCqGnyIp4y/PRKnQ6XBYLpcjJkoFrrbiLS/"
    "FNQgTNrfcd6riUx0TWYrIffrDA=="
)
RSA = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCmHo2qTMRj9T3MhaQ6fGBneIrMSI9HW0HKDxjBgRk6LrY5NiFq+uBuALpLL6vEb1pK3butZBYp"
    "gQ8099j5M29mc0312C4df4PM7xRieE+0lDS/N1ZwXqEvJAJNlqQYvODSMD+8K+Xx+v0Ply+hGjvo1fNgY8e9kbIqYlOWnTPnGkYku86OIaCGdsT3"
    "cEqghLY647rbCGv1PfffoEXVy5QN4KGmlAkqeNiFfpYrMCLv58+gXWJcunYh8KIGs/Ol+D7/oHKBQyuJUTMsTMHDJ7QVDAu60M/dExgr7K3m1Z6N"
    "qVFcOlSFuWLwfFRMp4CgIJ2g3Rh4zrm/4M+LYGY1I11z"
)


def line(kind: str, *members: bytes, inner: str | None = None) -> str:
    """Write a key line with these members, valid or not."""
    strings = [(inner or kind).encode(), *members]
    blob = b"".join(struct.pack(">I", len(member)) + member for member in strings)
    return f"{kind} {base64.b64encode(blob).decode()}"


NUMBER, POINT = b"\0\xc1" + bytes(20), b"\x04" + bytes(64)
DSS = line("ssh-dss", NUMBER, b"\x7f", NUMBER, b"\1")
SK_ED25519 = line("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:")
SK_ECDSA = line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", POINT, b"ssh:")
VALID = (ED25519, NISTP256, NISTP384, NISTP521, RSA, DSS, SK_ED25519, SK_ECDSA)


@pytest.mark.parametrize("text", VALID, ids=lambda text: text.split()[0])
def test_each_type_of_key_is_parsed(text: str) -> None:
    """Every type that OpenSSH writes is accepted and shown unchanged."""
    key = ssh_keys.parse(text)
    assert (key.type, key.text, key.comment) == (text.partition(" ")[0], text, "")


def test_every_type_is_tested() -> None:
    """The list above has a key of each type."""
    assert {text.split()[0] for text in VALID} == set(ssh_keys.TYPES)


@pytest.mark.parametrize(
    ("before", "after", "comment"),
    [
        ("", "\n", ""),
        ("", "\r\n", ""),
        (" \t", " ", ""),
        ("", " hubot@example.com", "hubot@example.com"),
        ("", "  my key, of today \n", "my key, of today"),
        ("\n", " ünï\n", "ünï"),
    ],
)
def test_comment_and_white_space_are_not_part_of_the_key(before: str, after: str, comment: str) -> None:
    """White space around the line is removed. The comment, which may contain spaces, is kept apart."""
    assert ssh_keys.parse(before + ED25519 + after) == (*ED25519.split(), comment)


def test_type_and_base64_may_be_separated_by_any_white_space() -> None:
    """Several spaces or a tab count as one space."""
    assert ssh_keys.parse(ED25519.replace(" ", " \t ")).text == ED25519


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not a key type; the types are ssh-rsa, ssh-dss, ssh-ed25519, ecdsa-sha2-nistp256, "),
        (" \n", "'' is not a key type"),
        ("nonsense", "'nonsense' is not a key type"),
        (ED25519.split()[1], "is not a key type"),
        ("SSH-RSA " + RSA.split()[1], "'SSH-RSA' is not a key type"),
        (f'command="ls" {ED25519}', "is not a key type"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END", "it is in PEM format"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "'----' is not a key type"),
        (f"{ED25519}\n{RSA}", "it has more than one line"),
        ("ssh-ed25519", "nothing follows the key type"),
        ("ssh-ed25519 ", "nothing follows the key type"),
        ("ssh-rsa AAAA*", "the text after the key type is not base64"),
        (ED25519[:-1], "the text after the key type is not base64"),
        ("ssh-rsa ünï", "the text after the key type is not base64"),
        ("ssh-rsa ====", "the text after the key type is not base64"),
        ("ssh-rsa AAAA", "the base64 data is cut off"),
        (ED25519[:-4], "the base64 data is cut off"),
        (RSA[:-4], "the base64 data is cut off"),
        ("ssh-rsa " + ED25519.split()[1], "its type is ssh-rsa, but its base64 data says 'ssh-ed25519'"),
        (line("ssh-rsa", NUMBER, NUMBER, inner="ssh-dss"), "its type is ssh-rsa, but its base64 data says 'ssh-dss'"),
        ("ssh-rsa AAAAAA==", "its type is ssh-rsa, but its base64 data says ''"),
        (line("ssh-rsa"), "a key of type ssh-rsa has 2 member(s), but this one has 0"),
        (line("ssh-rsa", NUMBER, NUMBER, NUMBER), "a key of type ssh-rsa has 2 member(s), but this one has 3"),
        (line("ssh-rsa", NUMBER, b""), "are positive numbers"),
        (line("ssh-rsa", NUMBER, b"\0\0"), "are positive numbers"),
        (line("ssh-rsa", b"\x80", NUMBER), "are positive numbers"),
        (line("ssh-ed25519", bytes(31)), "a key of type ssh-ed25519 has 32 bytes, but this one has 31"),
        (line("ssh-ed25519", bytes(33)), "a key of type ssh-ed25519 has 32 bytes, but this one has 33"),
        (line("ecdsa-sha2-nistp256", b"nistp384", POINT), "a key of type ecdsa-sha2-nistp256 is on the curve nistp256"),
        (line("ecdsa-sha2-nistp256", b"nistp256", POINT[1:]), "has 65 bytes, but this one has 64"),
        (
            line("ecdsa-sha2-nistp256", b"nistp256", b"\x02" + POINT[1:]),
            "a key of type ecdsa-sha2-nistp256 begins with the byte 4",
        ),
        (line("sk-ssh-ed25519@openssh.com", bytes(32)), "has 2 member(s), but this one has 1"),
        (line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", bytes(65), b"ssh:"), "begins with the byte 4"),
    ],
)
def test_an_invalid_key_is_refused_with_the_reason(text: str, why: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(ssh_keys.InvalidKey, match=re.escape(why)):
        ssh_keys.parse(text)


def test_the_spare_bits_of_base64_do_not_matter() -> None:
    """Two encodings of the same bytes are the same key."""
    text = DSS
    assert text.endswith("Q==")  # this digit has four bits to spare
    assert ssh_keys.parse(text[:-3] + "R==").text == text


@given(st.text() | st.sampled_from(VALID).flatmap(lambda text: st.integers(0, len(text)).map(lambda cut: text[:cut])))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Parsing the text of a parsed key gives the same key."""
    try:
        key = ssh_keys.parse(text)
    except ssh_keys.InvalidKey:
        return
    assert ssh_keys.parse(key.text).text == key.text
