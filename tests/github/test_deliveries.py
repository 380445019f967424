"""What is sent, to the byte: signatures, headers, bodies, and how answers are judged. Pure functions."""

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


def test_the_published_vector() -> None:
    """GitHub's documentation signs `Hello, World!`."""
    assert deliveries.sign("It's a Secret to Everybody", b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


@pytest.mark.parametrize("secret", ["s", "s3cret", "schlüssel", "🔑" * 40])
def test_both_signatures_are_of_the_bytes(secret: str) -> None:
    """SHA-1 and SHA-256, keyed with the secret in UTF-8."""
    body = '{"a":"é"}'.encode()
    made = deliveries.signature_headers(secret, body)
    assert list(made) == ["X-Hub-Signature", "X-Hub-Signature-256"]
    for name, value in made.items():
        algorithm, _, digest = value.partition("=")
        assert digest == hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest(), name


def test_nothing_is_signed_without_a_secret() -> None:
    """Neither header is there."""
    assert deliveries.signature_headers("", b"{}") == {}


def test_the_headers_are_githubs_in_its_order() -> None:
    """Those of a repository's hook name the repository."""
    assert list(deliveries.headers(HOOK, DELIVERY, b"{}", URLS).items()) == [
        ("Accept", "*/*"),
        ("Content-Type", "application/json"),
        ("User-Agent", deliveries.USER_AGENT),
        ("X-GitHub-Delivery", "a-guid"),
        ("X-GitHub-Event", "status"),
        ("X-GitHub-Hook-ID", "301"),
        ("X-GitHub-Hook-Installation-Target-ID", "7"),
        ("X-GitHub-Hook-Installation-Target-Type", "repository"),
    ]


def test_a_hook_of_all_repositories_names_an_app() -> None:
    """GitHub calls an app an integration."""
    made = deliveries.headers(HOOK._replace(repository_id=None, app_id=9), DELIVERY, b"{}", URLS)
    assert made["X-GitHub-Hook-Installation-Target-ID"] == "9"
    assert made["X-GitHub-Hook-Installation-Target-Type"] == "integration"


def test_an_enterprise_server_says_so() -> None:
    """Its version and host are in the headers."""
    made = deliveries.headers(HOOK, DELIVERY, b"{}", ENTERPRISE)
    assert made["X-GitHub-Enterprise-Host"] == "ghe.example.com"
    assert made["X-GitHub-Enterprise-Version"].startswith("3.")


@pytest.mark.parametrize(("urls", "seconds"), [(URLS, 10), (ENTERPRISE, 30)])
def test_a_receiver_has_this_long(urls: Urls, seconds: float) -> None:
    """GitHub waits 10 seconds, GitHub Enterprise Server 30."""
    assert deliveries.limit_seconds(urls) == seconds


def test_a_form_holds_the_payload() -> None:
    """The whole of `payload=…` is the body, and is what is signed."""
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
        ("http://10.0.0.1/", False),
        ("http://localhost.example.com/", False),
        ("http://localhost@example.com/", False),
        ("http://example.com/localhost", False),
        ("http://[::1/", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_what_this_machine_is(url: str, *, expected: bool) -> None:
    """`localhost` and loopback addresses, as the host of the URL, and nothing else."""
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
        (deliveries.unreachable("nobody"), 502, "failed to connect to host", ("failed", "failed to connect to host")),
    ],
)
def test_how_an_outcome_is_told(
    outcome: deliveries.Outcome, code: int, status: str, last: tuple[str, str] | None
) -> None:
    """A 2xx is a success; a redirect is none."""
    assert (outcome.status_code, outcome.status) == (code, status)
    assert outcome.last_response == HookResponse(code, *(last or ("misconfigured", status)))
    assert (outcome.reason == "") is (status == "OK")
