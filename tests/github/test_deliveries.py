"""Deliveries, byte for byte: signatures, headers and bodies, and the outcomes of responses."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.github.model import Hook, HookDelivery, HookResponse
from pytest_ghdeploy.github.urls import PUBLIC_API, Urls

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HOOK = Hook(301, 7, None, ("*",), True, "http://localhost/", "json", "0", NOW, NOW)  # noqa: FBT003 - a row
DELIVERY = HookDelivery(118, 7, 301, "a-guid", "status", None, 7, redelivery=False, payload=b"{}")
URLS = Urls.of(PUBLIC_API)
ENTERPRISE = Urls.of("https://ghe.example.com/api/v3")


def test_the_signature_of_the_documented_example() -> None:
    """GitHub's documentation signs `Hello, World!`."""
    assert deliveries.sign("It's a Secret to Everybody", b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


@pytest.mark.parametrize("secret", ["s", "s3cret", "schlüssel", "🔑" * 40])
def test_both_signatures_are_of_the_bytes(secret: str) -> None:
    """They are SHA-1 and SHA-256 HMACs of the body, keyed with the secret in UTF-8."""
    body = '{"a":"é"}'.encode()
    fields = deliveries.signature_headers(secret, body)
    assert list(fields) == ["X-Hub-Signature", "X-Hub-Signature-256"]
    for name, value in fields.items():
        algorithm, _, digest = value.partition("=")
        assert digest == hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest(), name


def test_nothing_is_signed_without_a_secret() -> None:
    """Neither signature header is sent."""
    assert deliveries.signature_headers("", b"{}") == {}


def test_the_headers_are_in_githubs_order() -> None:
    """
    The headers for a repository's hook name the repository.

    Source: deliveries that GitHub recorded in September 2026, for the spelling of the names.
    """
    assert list(deliveries.headers(HOOK, DELIVERY, b"{}", URLS).items()) == [
        ("Accept", "*/*"),
        ("Content-Type", "application/json"),
        ("User-Agent", deliveries.USER_AGENT),
        ("X-Github-Delivery", "a-guid"),
        ("X-Github-Event", "status"),
        ("X-Github-Hook-Id", "301"),
        ("X-Github-Hook-Installation-Target-Id", "7"),
        ("X-Github-Hook-Installation-Target-Type", "repository"),
    ]


def test_legacy_header_names() -> None:
    """They are spelled as users quoted them in 2023 (discord/discord-api-docs#6203)."""
    hook = HOOK._replace(secret="s")  # noqa: S106 - a secret of a test
    assert list(deliveries.headers(hook, DELIVERY, b"{}", ENTERPRISE, legacy_names=True)) == [
        "Accept",
        "Content-Type",
        "User-Agent",
        "X-GitHub-Delivery",
        "X-GitHub-Event",
        "X-GitHub-Hook-ID",
        "X-GitHub-Hook-Installation-Target-ID",
        "X-GitHub-Hook-Installation-Target-Type",
        "X-GitHub-Enterprise-Version",
        "X-GitHub-Enterprise-Host",
        "X-Hub-Signature",
        "X-Hub-Signature-256",
    ]


def test_legacy_names_change_no_value() -> None:
    """Only the case of the names differs."""
    today = deliveries.headers(HOOK, DELIVERY, b"{}", ENTERPRISE)
    legacy = deliveries.headers(HOOK, DELIVERY, b"{}", ENTERPRISE, legacy_names=True)
    assert {name.lower(): value for name, value in today.items()} == {
        name.lower(): value for name, value in legacy.items()
    }


def test_a_hook_of_all_repositories_names_an_app() -> None:
    """GitHub calls an app an integration."""
    fields = deliveries.headers(HOOK._replace(repository_id=None, app_id=9), DELIVERY, b"{}", URLS)
    assert fields["X-Github-Hook-Installation-Target-Id"] == "9"
    assert fields["X-Github-Hook-Installation-Target-Type"] == "integration"


def test_an_enterprise_server_sends_its_version_and_host() -> None:
    """Both are in headers of their own."""
    fields = deliveries.headers(HOOK, DELIVERY, b"{}", ENTERPRISE)
    assert fields["X-Github-Enterprise-Host"] == "ghe.example.com"
    assert fields["X-Github-Enterprise-Version"].startswith("3.")


@pytest.mark.parametrize(("urls", "seconds"), [(URLS, 10), (ENTERPRISE, 30)])
def test_the_time_limit_of_a_receiver(urls: Urls, seconds: float) -> None:
    """GitHub waits 10 seconds, GitHub Enterprise Server 30."""
    assert deliveries.limit_seconds(urls) == seconds


def test_the_body_of_a_form_is_signed_as_a_whole() -> None:
    """The body is `payload=…`, and the signature covers all of it."""
    payload = deliveries.payload_text({"text": "a b&c=é+%"})
    body = deliveries.body("form", payload)
    assert parse_qs(body.decode()) == {"payload": [payload.decode()]}
    assert deliveries.body("json", payload) == payload == '{"text":"a b&c=é+%"}'.encode()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000/", True),
        ("http://LOCALHOST/", True),
        ("https://127.0.0.1/hook", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:80/", True),
        ("http://localhost./", True),
        ("http://0.0.0.0/", False),
        ("http://192.0.2.1/", False),
        ("http://localhost.example.com/", False),
        ("http://localhost@example.com/", False),
        ("http://example.com/localhost", False),
        ("http://[::1/", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_loopback_urls(url: str, *, expected: bool) -> None:
    """The host is `localhost` or a loopback address."""
    assert deliveries.is_loopback(url) is expected


@pytest.mark.parametrize(
    ("outcome", "code", "status", "last"),
    [
        (deliveries.answered(200, {}, ""), 200, "OK", ("active", "OK")),
        (deliveries.answered(204, {}, ""), 204, "OK", ("active", "OK")),
        (deliveries.answered(302, {}, ""), 302, "Invalid HTTP Response: 302", None),
        (deliveries.answered(500, {}, ""), 500, "Invalid HTTP Response: 500", None),
        (deliveries.crashed(KeyError("x")), 500, "Invalid HTTP Response: 500", None),
        (deliveries.timed_out("late"), 504, "timed out", ("timeout", "timed out")),
        (
            deliveries.unreachable("nobody"),
            502,
            "failed to connect to host",
            ("connection_error", "failed to connect to host"),
        ),
    ],
)
def test_the_outcome_of_a_response(
    outcome: deliveries.Outcome, code: int, status: str, last: tuple[str, str] | None
) -> None:
    """A 2xx is a success, a redirect is a failure. Without a response there are no headers and an empty payload."""
    assert (outcome.status_code, outcome.status) == (code, status)
    assert outcome.last_response == HookResponse(code, *(last or ("misconfigured", status)))
    assert (outcome.reason == "") is (status == "OK")
    assert outcome.payload == ""
    assert (outcome.headers is None) is (code in {502, 504})
