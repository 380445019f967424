"""Secrets are never shown: not in reports, records, diagrams or failing assertions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from pytest_ghdeploy.redaction import Secrets, without_credentials, without_likely_credentials, without_secret_members

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.webhooks.hooks import Delivery

API = "https://api.github.com/repos/octocat/example"
HEADERS = {"Authorization": "token a-token-for-tests"}
SECRET = "a-secret-of-hooks"  # noqa: S105 - of nobody


def _everything(ghdeploy: FakeGitHub) -> str:
    told = ghdeploy._engine.transcript
    return "\n".join([told.text(), told.diagram(), told.mermaid(), told.report(), repr(ghdeploy.requests)])


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"secret": "abc", "ref": "main"}', b'{"secret": "[redacted]", "ref": "main"}'),
        (b'{"secret":"a\\"b\\\\","x":1}', b'{"secret":"[redacted]","x":1}'),
        (b'{"secret": ""}', b'{"secret": ""}'),
        (b'{"secret": null}', b'{"secret": null}'),
        (b'{"secret": 12345}', b'{"secret": "[redacted]"}'),
        (b'{"Client_Secret": "x", "password": "y", "token" : "z"}',
         b'{"Client_Secret": "[redacted]", "password": "[redacted]", "token" : "[redacted]"}'),
        (b'{"secret": "no \\q JSON"}', b'{"secret": "[redacted]"}'),
        (b'{"secret": "never ends', b'{"secret": "[redacted]'),
        (b'{"payload": "{\\"token\\": \\"abc\\", \\"a\\": 1}"}',
         b'{"payload": "{\\"token\\": \\"[redacted]\\", \\"a\\": 1}"}'),
        (b"secret=abc+d&url=x", b"secret=[redacted]&url=x"),
        (b"url=x&config[secret]=abc&config%5Bsecret%5D=abc",
         b"url=x&config[secret]=[redacted]&config%5Bsecret%5D=[redacted]"),
        (b'{"url": "http://localhost/?a=1&token=abc#x"}', b'{"url": "http://localhost/?a=1&token=[redacted]#x"}'),
        (b'{"url": "http://me:abc@localhost/"}', b'{"url": "http://[redacted]@localhost/"}'),
        (b'{"url": "http://me:ab@c@localhost/@x"}', b'{"url": "http://[redacted]@localhost/@x"}'),
        (b'{"description": "the secret is out: token"}', b'{"description": "the secret is out: token"}'),
        (b'{"secrets": "none", "tokens": 5, "mail": "a@b"}', b'{"secrets": "none", "tokens": 5, "mail": "a@b"}'),
        (b"\xff\x00 secret", b"\xff\x00 secret"),
        (b'{"secret": "\\ud800abcdefgh"}', b'{"secret": "[redacted]"}'),
    ],
)  # fmt: skip
def test_a_secret_member_is_redacted_in_a_body(body: bytes, kept: bytes) -> None:
    """In JSON, in JSON within a string, in a form and in a URL. Only values are redacted."""
    assert without_secret_members(body, Secrets()) == kept


@pytest.mark.parametrize(
    ("url", "told", "refused"),
    [
        ("http://localhost/@x?a=b", "http://localhost/@x?a=b", "http://[redacted]@x?a=b"),
        ("http://me:ab@localhost/?Token=x&y=z", "http://[redacted]@localhost/?Token=[redacted]&y=z", None),
        ("http://me:ab@c@localhost/", "http://[redacted]@localhost/", None),
        ("http://me:a/b@localhost/", "http://me:a/b@localhost/", "http://[redacted]@localhost/"),
        ("http://me:a?b#c\n@[local/", "http://me:a?b#c\n@[local/", "http://[redacted]@[local/"),
        ("me:ab@localhost", "me:ab@localhost", "[redacted]@localhost"),
    ],
)
def test_credentials_are_redacted_in_a_url(url: str, told: str, refused: str | None) -> None:
    """In an invalid URL, everything that could be a password is redacted."""
    assert without_credentials(url) == told
    assert without_likely_credentials(url) == (told if refused is None else refused)


@pytest.mark.parametrize(
    ("secret", "text", "redacted"),
    [
        ("hunter2", "wrong: 'hunter2', hunter2!", "wrong: '[redacted]', [redacted]!"),
        ("main", "main, domain, mainly", "[redacted], domain, mainly"),
        ("abc", "abc", "abc"),
        ("12345678", "x12345678y", "x[redacted]y"),
        ('a"b-änd-c', 'a\\"b-\\u00e4nd-c a\\"b-änd-c a%22b-%C3%A4nd-c', "[redacted] [redacted] [redacted]"),
        ("$ec!", "$ec! ($ec!)", "[redacted] ([redacted])"),
    ],
)
def test_a_declared_secret_is_redacted_from_four_characters_on(secret: str, text: str, redacted: str) -> None:
    """In any encoding. A shorter one could be a common word."""
    secrets = Secrets()
    secrets.add(secret)
    assert secrets.redact(text) == redacted
    assert secrets.redact_bytes(text.encode()) == redacted.encode()


def test_a_clients_token_is_redacted_from_eight_characters_on() -> None:
    """It may be any word, such as a name, and redacting a short one would make the report unreadable."""
    secrets = Secrets()
    secrets.add_token("octocat")
    secrets.add_token("octocats")
    assert secrets.redact("octocat, octocats") == "octocat, [redacted]"


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(("method", "path"), [("POST", "/hook"), ("PATCH", "/Hooks/1"), ("POST", "/hooks")])
def test_a_secret_sent_to_a_wrong_path_is_not_shown(ghdeploy: FakeGitHub, method: str, path: str) -> None:
    """Nor is a token in the URL of a hook."""
    config = {"url": "http://localhost:1/?token=in-the-url", "secret": "zq7"}
    requests.request(method, API + path, json={"config": config}, headers=HEADERS, timeout=5)
    told = _everything(ghdeploy)
    assert '"secret": "[redacted]"' in told
    assert "zq7" not in told
    assert "in-the-url" not in told


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("secret", [SECRET, "hunter2", 'pässwörd-"secret"-1'])
def test_no_failure_of_an_assertion_quotes_a_secret(ghdeploy: FakeGitHub, secret: str) -> None:
    """Even if the error of a receiver quotes it, and the delivery's reason quotes that error."""

    def wrong(_: Delivery) -> None:
        msg = f"signature does not match with {secret}"
        raise ValueError(msg)

    ghdeploy.webhooks.subscribe(wrong, secret=secret)
    with pytest.raises(AssertionError) as caught:
        ghdeploy.assert_delivery("ping", state="delivered")
    assert "signature does not match with [redacted]" in str(caught.value)
    assert secret not in str(caught.value)
    assert secret not in _everything(ghdeploy)


def test_no_failure_about_events_quotes_a_token(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Neither a long nor a short one, for every assertion."""
    for token in ("tok_1", SECRET):
        ghdeploy.add_token(token)
        repo.add_deployment(ref="main", environment=token)
        for failing in (
            lambda: ghdeploy.assert_event("deployment", ref="other"),
            lambda: ghdeploy.assert_no_event("deployment"),
            lambda: ghdeploy.assert_events(["push"]),
            lambda: ghdeploy.wait_for_event("deployment", timeout=0, ref="other"),
        ):
            with pytest.raises(AssertionError) as caught:
                failing()
            assert "environment '[redacted]'" in str(caught.value)
            assert token not in str(caught.value)
        assert token not in _everything(ghdeploy)
