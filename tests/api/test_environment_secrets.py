"""Secrets of environments over HTTP: list, public key, get, create or update, delete."""

from __future__ import annotations

import base64
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy import FakeError
from pytest_ghdeploy.github.environment_secrets import KEY_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import Environment, FakeGitHub, Repository

PATH = "/repos/octocat/example/environments/production/secrets"
DOCS = "https://docs.github.com/rest/actions/secrets"
OLD_PAGE = "https://docs.github.com/rest/reference/actions#create-or-update-an-environment-secret"
CHARACTERS = (
    "can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. "
    "Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)
SEALED = base64.b64encode(bytes(range(64))).decode()
BODY = {"encrypted_value": SEALED, "key_id": KEY_ID}


@pytest.fixture(autouse=True)
def production(repo: Repository) -> Environment:
    """Add the environment production."""
    return repo.add_environment("production")


def test_a_secret_is_created_with_201_and_replaced_with_204(
    http: requests.Session, ghdeploy: FakeGitHub, production: Environment
) -> None:
    """The body of the first is an empty object; the second has none."""
    created = http.put(f"{PATH}/deploy_key", json=BODY)
    assert (created.status_code, created.json()) == (201, {})
    assert "Location" not in created.headers
    shown = http.get(f"{PATH}/DEPLOY_KEY").json()
    assert list(shown) == ["name", "created_at", "updated_at"]
    assert shown["name"] == "DEPLOY_KEY"

    ghdeploy.clock.tick(5)
    other = base64.b64encode(b"x" * 60).decode()
    replaced = http.put(f"{PATH}/Deploy_Key", json={"encrypted_value": other, "key_id": "1"})
    assert (replaced.status_code, replaced.content) == (204, b"")
    (secret,) = production.secrets
    assert (secret.name, secret.encrypted_value, secret.key_id) == ("DEPLOY_KEY", other, "1")
    assert secret.updated_at - secret.created_at == timedelta(seconds=5)
    assert ghdeploy.events == []


def test_secrets_are_listed_by_name_in_pages(http: requests.Session, production: Environment) -> None:
    """The count comes first, and the values are left out."""
    for name in ("C", "a", "B"):
        production.add_secret(name)
    reply = http.get(PATH, params={"per_page": "2"})
    assert list(reply.json()) == ["total_count", "secrets"]
    assert reply.json()["total_count"] == 3
    assert [secret["name"] for secret in reply.json()["secrets"]] == ["A", "B"]
    assert [secret["name"] for secret in http.get(reply.links["next"]["url"]).json()["secrets"]] == ["C"]


def test_the_public_key_is_the_environments_own(http: requests.Session, repo: Repository) -> None:
    """`key_id` is the same for all. The key has 32 bytes, and is the same at the next request."""
    staging = repo.add_environment("eu/staging")
    replies = [
        http.get(f"/repos/octocat/example/environments/{name}/secrets/public-key").json()
        for name in ("production", "eu%2Fstaging", "production")
    ]
    assert [list(reply) for reply in replies] == [["key_id", "key"]] * 3
    assert {reply["key_id"] for reply in replies} == {"568250167242549743"}
    assert replies[0] == replies[2] != replies[1]
    assert {len(base64.b64decode(reply["key"])) for reply in replies} == {32}
    assert http.get(f"/repositories/{repo.id}/environments/{staging.name.replace('/', '%2F')}/secrets").ok


def test_a_deleted_secret_is_not_found(http: requests.Session, production: Environment) -> None:
    """The name matches in any case, and the hint lists the other secrets."""
    secret = production.add_secret("DEPLOY_KEY")
    production.add_secret("OTHER")
    assert http.delete(f"{PATH}/deploy_key").status_code == 204
    for method, page in (("GET", "get-an-environment-secret"), ("DELETE", "delete-an-environment-secret")):
        reply = http.request(method, f"{PATH}/DEPLOY_KEY")
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.json()["documentation_url"] == f"{DOCS}#{page}"
        hint = "environment 'production' has no secret 'DEPLOY_KEY'; known: OTHER"
        assert reply.headers["X-GHDeploy-Hint"] == hint
    with pytest.raises(FakeError, match="no longer exists"):
        _ = secret.name


@pytest.mark.parametrize("operation", ["GET ", "GET /public-key", "GET /A", "PUT /A", "DELETE /A"])
def test_an_unknown_environment_is_not_found(http: requests.Session, operation: str) -> None:
    """For every operation, before the body is read."""
    method, path = operation.split(" ")
    reply = http.request(method, f"/repos/octocat/example/environments/nope/secrets{path}")
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("1ST", CHARACTERS),
        ("github_token", "must not start with GITHUB_."),
    ],
)
def test_a_name_that_is_not_allowed_is_refused(
    http: requests.Session, snapshot: Callable[[], object], name: str, problem: str
) -> None:
    """The refusal links to the page of earlier years, as users quote it."""
    before = snapshot()
    reply = http.put(f"{PATH}/{name}", json=BODY)
    assert reply.status_code == 422
    assert reply.json() == {"message": f"Secret names {problem}", "documentation_url": OLD_PAGE, "status": "422"}
    assert snapshot() == before


def test_a_value_that_is_not_encrypted_is_refused_and_shown_nowhere(
    http: requests.Session, ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """A client that forgets to encrypt sends the secret itself."""
    before = snapshot()
    reply = http.put(f"{PATH}/A", json={"encrypted_value": "hunter-2!", "key_id": KEY_ID})
    assert reply.status_code == 422
    assert reply.json()["message"].startswith("Invalid request.\n\n[redacted] does not match /^(?:[A-Za-z0-9+\\/]{4})*")
    assert "hunter" not in reply.text
    assert snapshot() == before
    number = http.put(f"{PATH}/A", json={"encrypted_value": 20_261_129, "key_id": KEY_ID})
    assert "20261129" not in number.text
    shown = ghdeploy.conversation_text() + repr(ghdeploy.requests) + str(ghdeploy.requests[0].request_body)
    assert "hunter" not in shown


def test_a_secret_is_shown_in_no_record(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The sealed box is redacted in requests and reports."""
    http.put(f"{PATH}/A", json=BODY)
    assert ghdeploy.requests[0].json() == {"encrypted_value": "[redacted]", "key_id": KEY_ID}
    assert SEALED not in repr(list(ghdeploy._engine.store.environment_secrets))
    assert SEALED not in ghdeploy.conversation_text()


def test_limits(http: requests.Session, production: Environment, snapshot: Callable[[], object]) -> None:
    """A value has at most 48 KB, and an environment 100 secrets. An existing one can still be replaced."""
    largest = base64.b64encode(bytes(48 * 1024 + 48)).decode()
    assert http.put(f"{PATH}/LARGE", json={"encrypted_value": largest, "key_id": KEY_ID}).status_code == 201
    for number in range(99):
        production.add_secret(f"S{number}")
    before = snapshot()
    larger = base64.b64encode(bytes(48 * 1024 + 49)).decode()
    refused = http.put(f"{PATH}/LARGE", json={"encrypted_value": larger, "key_id": KEY_ID})
    assert (refused.status_code, refused.json()["message"]) == (422, "Secret value is too large (maximum is 48 KB)")
    assert refused.headers["X-GHDeploy-Hint"] == "the value has 49,153 bytes; the limit is 49,152"
    refused = http.put(f"{PATH}/ONE_MORE", json=BODY)
    assert (refused.status_code, refused.json()["message"]) == (422, "Secrets cannot exceed 100 for an environment")
    assert snapshot() == before
    assert http.put(f"{PATH}/s0", json=BODY).status_code == 204


def test_secrets_go_with_their_environment(
    http: requests.Session, ghdeploy: FakeGitHub, production: Environment
) -> None:
    """An environment that is deleted and created again has none."""
    production.add_secret("A")
    production.add_variable("B", "b")
    http.delete("/repos/octocat/example/environments/production")
    http.put("/repos/octocat/example/environments/production", json={})
    assert http.get(PATH).json()["secrets"] == []
    store = ghdeploy._engine.store
    assert [*store.environment_secrets, *store.environment_variables] == []


def test_only_who_may_push_sees_the_names(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Anyone who can read the repository can read the public key."""
    ghdeploy.add_token("of-mona", user="mona")
    headers = {"Authorization": "token of-mona"}
    assert http.get(PATH, headers=headers).status_code == 404
    assert http.get(f"{PATH}/public-key", headers=headers).status_code == 200
    assert http.put(f"{PATH}/A", json=BODY, headers=headers).status_code == 404
    ghdeploy.add_token("fine", permissions={"actions": "write"})
    refused = http.put(f"{PATH}/A", json=BODY, headers={"Authorization": "token fine"})
    assert refused.status_code == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "environments=write"


def test_a_test_can_decrypt_what_was_sent(http: requests.Session, production: Environment) -> None:
    """With PyNaCl, which PyGithub needs for the same purpose."""
    public = pytest.importorskip("nacl.public")
    shown = http.get(f"{PATH}/public-key").json()
    box = public.SealedBox(public.PublicKey(base64.b64decode(shown["key"])))
    sealed = base64.b64encode(box.encrypt(b"hunter-2")).decode()
    http.put(f"{PATH}/A", json={"encrypted_value": sealed, "key_id": shown["key_id"]})
    assert production.secrets[0].decrypted() == "hunter-2"

    http.put(f"{PATH}/A", json=BODY)
    with pytest.raises(FakeError, match="the secret A is not text that was encrypted with the public key"):
        production.secrets[0].decrypted()


def test_decrypting_without_pynacl_names_it(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is optional."""
    secret = production.add_secret("A", encrypted_value=SEALED)
    monkeypatch.setitem(sys.modules, "nacl.public", None)
    with pytest.raises(FakeError, match="decrypted needs PyNaCl: pip install pynacl"):
        secret.decrypted()


def test_a_secret_is_added_once(production: Environment) -> None:
    """From Python, a second one with the name is a mistake."""
    assert repr(production.add_secret("a")).startswith("<EnvironmentSecret ")
    with pytest.raises(FakeError, match="environment 'production' already has a secret 'A'") as caught:
        production.add_secret("A")
    assert caught.value.argument == "name"
    with pytest.raises(FakeError, match="Secret names can only contain") as caught:
        production.add_secret("a b")
    assert caught.value.argument == "name"
    assert len(production.secrets) == 1
