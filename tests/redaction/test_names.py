"""Which names mark secrets: a table for both directions, and the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import githubs_description
import pytest
from rows import Rows

from pytest_ghdeploy.github import authorization
from pytest_ghdeploy.github.token_permissions import TOKEN_PERMISSIONS
from pytest_ghdeploy.redaction import names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

SECRET = [
    *("secret", "token", "password", "passwd", "passphrase", "otp", "Token", "PASSWORD", "db_password"),
    *("dbpassword", "PGPASSWORD", "password_confirmation", "password2", "TOKEN_1", "token_prod"),
    *("GITHUB_TOKEN_PROD", "access_token", "accessToken", "AccessToken", "OAuthToken", "oauth_token"),
    *("id_token", "client_secret", "Client_Secret", "clientSecret", "webhook-secret", "SECRET_VALUE"),
    *("secret_text", "config[secret]", "config.token", "api_key", "apikey", "APIKEY", "apiKey", "X-Api-Key"),
    *("x-api-key", "API_KEY_2", "private_key", "privateKey", "PRIVATE-KEY", "access_key"),
    *("AWS_SECRET_ACCESS_KEY", "aws_access_key", "ssh_key", "sshKey", "deploy_key", "signing_key"),
    *("encryption_key", "master_key", "secret_key", "X-GitHub-OTP", "Private-Token", "X-Auth-Token"),
    *("x-amz-security-token", "token_data"),
]
VAGUE = [
    *("auth", "authorization", "Authorization", "Proxy-Authorization", "basic_auth", "oauth", "cookie"),
    *("Cookie", "Set-Cookie", "session_cookie", "credential", "credentials", "aws-credentials"),
    *("GOOGLE_APPLICATION_CREDENTIALS", "signature", "X-Hub-Signature", "X-Hub-Signature-256"),
    *("commitSignature",),
]
SEVERAL = ["tokens", "secrets", "api_keys", "apiKeys", "passwords", "environment-secrets", "cookies", "signatures"]
NO_SECRET = [
    *("author", "authored", "authors", "author_association", "authenticated", "authenticity", "authority"),
    *("two_factor_authentication", "key", "keys", "key_id", "keyId", "keys_url", "key_prefix", "public_key"),
    *("publicKey", "ssh_public_key", "openssh_public_key", "raw_key", "gpg_keys", "key_fingerprint"),
    *("ssh_key_fingerprints", "ssh_keys", "deploy_key_fingerprint", "keyword", "keyboard", "monkey"),
    *("hockey_team", "token_type", "token_id", "token_name", "token_count", "tokenizer", "token_expires_at"),
    *("token_last_eight", "token_last_used_at", "access_tokens_url", "authorizations_url"),
    *("github-authentication-token-expiration", "X-OAuth-Scopes", "X-Accepted-OAuth-Scopes"),
    *("X-OAuth-Client-Id", "secret_type", "secret_name", "secret_ref", "secret_version", "secretary"),
    *("secret_scanning", "secret_scanning_push_protection", "secret_scanning_alerts", "secret_protection"),
    *("password_policy", "signature_algorithm", "cookie_domain", "auth_type", "auth_url", "auth_provider"),
    *("credential_id", "credential_type", "credential_authorized_at", "encrypted_access_key_id", "signatory"),
    *("signed", "passing", "pass", "path", "description", "payload", "environment", "ref", "sha", "id"),
    *("state", "log_url", "target_url", "environment_url", "description", "context", "login", "sender"),
    *("task", "passenger", "compass", "bypass"),
]


def test_a_name_marks_a_secret_by_its_words() -> None:
    """In any spelling. GitHub's own names, and names of attributes of a secret, mark none."""
    with Rows() as rows:
        for kind, table in {"known": SECRET, "hidden": VAGUE, "": [*NO_SECRET, *SEVERAL]}.items():
            for name in table:
                with rows.row(name):
                    assert names.kind_of(name) == kind
        for name in (*SEVERAL, "credentials"):
            with rows.row(name):
                assert names.is_plural(name)
        for name in (*NO_SECRET, *SECRET):
            with rows.row(name):
                assert not names.is_plural(name)


def _property_names(schema: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for member in schema.values():
            yield from _property_names(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from _property_names(member)


def _marked(found: Iterator[str]) -> set[str]:
    return {name for name in found if names.kind_of(name) or names.is_plural(name)}


def test_few_fields_of_the_fakes_responses_are_marked() -> None:
    """Among them are the secret of a hook, and names that have other values than strings."""
    schemas = [json.loads(file.read_text("utf-8")) for file in (ROOT / "schemas").rglob("*.json")]
    assert _marked(_property_names(schemas)) == {
        *("encrypted_value", "secret", "signature", "temp_clone_token", "token"),
        # objects and lists of objects, and a boolean
        *("commit_signing_keys", "required_signatures", "secrets", "verifiable_password_authentication"),
    }


@githubs_description.needs_description
def test_few_fields_of_githubs_description_are_marked() -> None:
    """All fields of its REST API and webhooks whose values could be hidden are secrets."""
    described = [
        githubs_description.load(package) for package in (githubs_description.REST, githubs_description.WEBHOOKS)
    ]
    assert _marked(_property_names(described)) == {
        *("access_token", "client_secret", "credentials", "encrypted_value", "hashed_token", "oidc_token"),
        *("password", "secret"),
        *("signature", "temp_clone_token", "temp_download_token", "token", "vcs_password", "webhook_secret"),
        # permissions, whose values are "read" and "write"
        *("dependabot_secrets", "organization_personal_access_tokens", "organization_secrets", "secrets"),
        # booleans, objects, and lists of objects
        *("commit_signing_keys", "required_signatures", "secret_scanning_generic_secrets", "token_expired"),
        "verifiable_password_authentication",
    }


def test_permissions_and_scopes_are_no_secrets() -> None:
    """They can be names of members, and values of messages."""
    known = [*TOKEN_PERMISSIONS, *authorization.SCOPES]
    assert [name for name in known if names.kind_of(name)] == []


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Words for secrets", names.WORDS),
        ("More words", names.VAGUE_WORDS),
        ("Words before `key`", names.KEYS),
        ("Last words of names that are not secret", names.ATTRIBUTES),
        ("GitHub's names for other things", names.NOT_SECRET),
    ],
)
def test_the_documentation_lists_the_words(heading: str, words: tuple[str, ...]) -> None:
    """The page names exactly what is matched."""
    section = (ROOT / "docs" / "reference.md").read_text("utf-8").partition("\n## What is redacted\n")[2]
    (line,) = re.findall(rf"^- {re.escape(heading)}: (.*)$", section, re.MULTILINE)
    assert re.findall(r"`([^`]+)`", line.partition(". ")[0]) == list(words)
    assert list(words) == list(dict.fromkeys(words))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("behnd", "behnd"),
        ("required_context", "required_context"),
        ("Branches", "Branches"),
        ("repo:statuses", "repo:statuses"),
        (5, 5),
        (None, None),
        ("ghp_abcdefghij", "…"),
        ("github_pat_abc", "…"),
        ("my-token-1", "…"),
        ("hunter2", "…"),
        (["hunter2"], "…"),
    ],
)
def test_an_unknown_value_is_quoted_if_it_looks_like_a_name(value: object, shown: object) -> None:
    """Otherwise it could be a token in the wrong place."""
    assert names.quotable(value, ["branches", "behind"]) == shown
