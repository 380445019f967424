"""Node ids, as tables."""

from __future__ import annotations

import base64

import pytest

from pytest_ghdeploy.serializers.accounts import legacy_node_id, node_id

SHA = "734ea4d54213a4ab9a1c1f7f9c2ae2b86f21b1c3"


def _unpacked(text: str) -> tuple[str, str]:
    prefix, _, packed = text.partition("_")
    return prefix, base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).hex()


@pytest.mark.parametrize(
    ("prefix", "parts", "packed"),
    [
        ("R", (1_296_269,), "9200ce0013c78d"),
        ("EN", (480_791_541, 464_814_513), "9300ce1ca84bf5ce1bb481b1"),
        ("DE", (1, (1 << 32) - 1), "9300ce00000001ceffffffff"),
        ("DE", (1, 1 << 32), "9300ce00000001cf0000000100000000"),
        ("REF", (1, "refs/heads/main"), "9300ce00000001af" + b"refs/heads/main".hex()),
        ("REF", (1, "x" * 31), "9300ce00000001bf" + "78" * 31),
        ("REF", (1, "x" * 32), "9300ce00000001da0020" + "78" * 32),
        ("C", (1, SHA), "9300ce00000001da0028" + SHA.encode().hex()),
        ("REF", (1, "é" * 15 + "x"), "9300ce00000001bf" + "c3a9" * 15 + "78"),
        ("REF", (1, "é" * 16), "9300ce00000001da0020" + "c3a9" * 16),
        ("REF", (1, "x" * 256), "9300ce00000001da0100" + "78" * 256),
    ],
    ids=[
        "repository",
        "environment",
        "largest uint32",
        "smallest uint64",
        "branch",
        "31 bytes",
        "32 bytes",
        "commit",
        "31 bytes of UTF-8",
        "32 bytes of UTF-8",
        "256 bytes",
    ],
)
def test_a_node_id_is_msgpack(prefix: str, parts: tuple[int | str, ...], packed: str) -> None:
    """Numbers are uint32 or uint64; strings are fixstr up to 31 bytes and str16 above, as decoded from GitHub's ids."""
    assert _unpacked(node_id(prefix, *parts)) == (prefix, packed)


def test_a_recorded_node_id_is_made_again() -> None:
    """The id of an environment was recorded together with its number."""
    assert node_id("EN", 480_791_541, 464_814_513) == "EN_kwDOHKhL9c4btIGx"


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        ("GateBranchPolicy", 20_029_356, "MDE2OkdhdGVCcmFuY2hQb2xpY3kyMDAyOTM1Ng=="),
        ("App", 15_368, "MDM6QXBwMTUzNjg="),
        ("Deployment", 1, "MDEwOkRlcGxveW1lbnQx"),
        ("DeploymentStatus", 1, "MDE2OkRlcGxveW1lbnRTdGF0dXMx"),
    ],
)
def test_a_legacy_node_id_is_base64(kind: str, number: int, text: str) -> None:
    """The four ids were recorded."""
    assert legacy_node_id(kind, number) == text
