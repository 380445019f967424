"""The keys with which clients encrypt secrets."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.github import environment_secrets

# RFC 7748, section 5.2
KEY = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"
POINT = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"
PRODUCT = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"


def test_points_are_multiplied_as_in_the_rfc() -> None:
    """The result is that of the RFC's first vector."""
    point = int.from_bytes(bytes.fromhex(POINT), "little")
    assert environment_secrets._multiply(bytes.fromhex(KEY), point).hex() == PRODUCT


def test_each_environment_has_its_own_keys() -> None:
    """They are the same in every run."""
    assert environment_secrets.public_key(464_814_513).hex() == environment_secrets.public_key(464_814_513).hex()
    assert len({environment_secrets.public_key(number) for number in range(5)}) == 5
    public = pytest.importorskip("nacl.public")
    for number in range(5):
        pair = public.PrivateKey(environment_secrets.private_key(number))
        assert bytes(pair.public_key) == environment_secrets.public_key(number)
