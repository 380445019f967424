"""JSON web tokens: which texts are one, and by which key they were signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
import signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_ghdeploy.github import apps, json_web_tokens
from pytest_ghdeploy.github.json_web_tokens import encoded

NUMBERED = encoded(b'{"alg":5}')
HEADER, CLAIMS = encoded(b'{"alg":"RS256","typ":"JWT"}'), encoded(b'{"iss":"5","iat":1,"exp":2}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ghs_0123456789",
        "github_pat_0123.4567.89",
        f"{HEADER}.{CLAIMS}",
        f"{HEADER}.{CLAIMS}.aa.aa",
        f"{HEADER}=.{CLAIMS}.aaaa",
        f"{HEADER}.{CLAIMS}.a",
        f"{HEADER}.{CLAIMS}.a*aa",
        f"{HEADER}.{CLAIMS}.é",
        f"{HEADER}.{encoded(b'[1]')}.aaaa",
        f"{HEADER}.{encoded(b'{')}.aaaa",
        f"{HEADER}..aaaa",
        f"{encoded(b'{}')}.{CLAIMS}.aaaa",
        f"{NUMBERED}.{CLAIMS}.aaaa",
        f"{encoded(b'[' * 100_000)}.{CLAIMS}.aaaa",
        f"ghs_5_{HEADER}.{CLAIMS}.aaaa",
        "1.2.3",
    ],
)
def test_other_texts_are_no_json_web_token(text: str) -> None:
    """Nor is a token of an installation that contains one."""
    assert json_web_tokens.read(text) is None


def test_a_json_web_token_is_read() -> None:
    """Its header and claims, and without a signature too."""
    expected = ({"alg": "RS256", "typ": "JWT"}, {"iss": "5", "iat": 1, "exp": 2})
    assert json_web_tokens.read(f"{HEADER}.{CLAIMS}.aaaa") == expected
    assert json_web_tokens.read(f"{HEADER}.{CLAIMS}.") == expected


def test_a_signature_fits_one_key_only() -> None:
    """With RS256 and no other algorithm."""
    key = signing.private_key()
    token = jwt.encode({"iss": "5"}, key, "RS256")
    assert json_web_tokens.is_signed_by(token, key)
    assert not json_web_tokens.is_signed_by(token, json_web_tokens.new_private_key())
    assert not json_web_tokens.is_signed_by(token[:-8] + "AAAAAAAA", key)
    assert not json_web_tokens.is_signed_by(f"{HEADER}.{CLAIMS}.", key)
    assert not json_web_tokens.is_signed_by(jwt.encode({"iss": "5"}, key, "RS512"), key)
    assert not json_web_tokens.is_signed_by(jwt.encode({"iss": "5"}, "a" * 64, "HS256"), key)
    assert not json_web_tokens.is_signed_by(token, "no key")


def test_a_private_key_is_rsa_in_pem_without_a_password() -> None:
    """Both forms of PEM are accepted. One that is made has the form of GitHub's."""
    key = json_web_tokens.new_private_key()
    assert key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert json_web_tokens.is_private_key(key)
    loaded = serialization.load_pem_private_key(key.encode(), None)
    form = serialization.PrivateFormat.PKCS8
    newer = loaded.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    assert json_web_tokens.is_private_key(newer.decode())
    locked = loaded.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"secret"))
    curve = ec.generate_private_key(ec.SECP256R1())
    other = curve.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    for wrong in ("", "secret", locked.decode(), other.decode()):
        assert not json_web_tokens.is_private_key(wrong)


def test_tokens_of_both_formats_are_made_up() -> None:
    """The same number makes the same token in each run, and another number another one."""
    now = datetime(2026, 4, 27, tzinfo=UTC)
    texts = [apps.stateless_token_text(15_375, number, now, now + timedelta(hours=1)) for number in (1, 2, 1)]
    assert texts[0] == texts[2] != texts[1]
    assert texts[0].startswith("ghs_15375_")
    assert 450 < len(texts[0]) < 550
    assert texts[0].count(".") == 2
    contained = json_web_tokens.read(texts[0].removeprefix("ghs_15375_"))
    assert contained is not None
    assert contained.claims["exp"] - contained.claims["iat"] == 3600
