"""
Deploy keys over HTTP.

`repos/list-deploy-keys`, `repos/create-deploy-key`, `repos/get-deploy-key`, `repos/delete-deploy-key`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example/keys"
DOCS = "https://docs.github.com/rest/deploy-keys/deploy-keys"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
NISTP256 = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKOYi13CSkJyiMuETuYgHJR1S96GKRVcVbuh/SUn"
    "U38zYkFi2/aikOkCy6E5U4MKYgTZ5HEq83ruOCuvySD7tyM="
)
INVALID = "key is invalid. You must supply a key in OpenSSH public key format"


def _numbered(number: int) -> str:
    """Make one of many keys."""
    import base64

    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + number.to_bytes(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def _create(http: requests.Session, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(PATH, json={"key": ED25519} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _refusal(message: str) -> dict[str, Any]:
    return {
        "message": "Validation Failed",
        "errors": [{"resource": "PublicKey", "code": "custom", "field": "key", "message": message}],
        "documentation_url": f"{DOCS}#create-a-deploy-key",
        "status": "422",
    }


# Create


@pytest.mark.usefixtures("repo")
def test_a_deploy_key_has_githubs_fields_in_githubs_order(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """By default, a key may write, is verified and enabled, and has not been used."""
    reply = http.post(PATH, json={"key": ED25519})
    assert reply.status_code == 201
    body = reply.json()
    url = f"{API}{PATH}/{body['id']}"
    assert list(body.items()) == [
        ("id", body["id"]),
        ("key", ED25519),
        ("url", url),
        ("title", ""),
        ("verified", True),
        ("created_at", ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("read_only", False),
        ("added_by", "octocat"),
        ("last_used", None),
        ("enabled", True),
    ]
    assert reply.headers["Location"] == url
    assert http.get(url).json() == body
    assert list(ghdeploy.events) == []


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("around", ["{}", "{}\n", "{} hubot@example.com\n", "  {}\r\n"])
def test_comment_and_newline_are_removed_from_the_key(http: requests.Session, around: str) -> None:
    """The response has only the type and the base64 of the key."""
    assert _create(http, key=around.format(ED25519))["key"] == ED25519


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({}, "hubot@example.com"),
        ({"title": ""}, "hubot@example.com"),
        ({"title": "production server"}, "production server"),
    ],
)
def test_without_a_title_the_comment_is_the_title(http: requests.Session, body: dict[str, str], title: str) -> None:
    """The title is optional."""
    assert _create(http, key=f"{ED25519} hubot@example.com", **body)["title"] == title


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(
    ("body", "read_only"), [({}, False), ({"read_only": False}, False), ({"read_only": True}, True)]
)
def test_a_key_may_write_unless_it_is_read_only(
    http: requests.Session, body: dict[str, bool], *, read_only: bool
) -> None:
    """read_only defaults to false."""
    assert _create(http, **body)["read_only"] is read_only


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "'' is not a key type; the types are ssh-rsa"),
        ("nonsense", "'nonsense' is not a key type"),
        (ED25519.split()[1], "is not a key type"),
        ("-----BEGIN RSA PRIVATE KEY-----", "it is in PEM format, not in OpenSSH's one-line format"),
        (ED25519[:-4], "the base64 data is cut off"),
        (f"{ED25519}\n{NISTP256}", "it has more than one line"),
        (f"ssh-rsa {ED25519.split()[1]}", "its type is ssh-rsa, but its base64 data says 'ssh-ed25519'"),
    ],
)
def test_an_invalid_public_key_is_refused(
    http: requests.Session, snapshot: Callable[[], object], ghdeploy: FakeGitHub, key: str, why: str
) -> None:
    """GitHub's message says that the key is invalid, and the hint says why. Nothing is stored."""
    before = snapshot()
    reply = http.post(PATH, json={"title": "t", "key": key})
    assert (reply.status_code, reply.json()) == (422, _refusal(INVALID))
    assert ghdeploy.requests[-1].hint.startswith("the key is not an OpenSSH public key: ")
    assert why in ghdeploy.requests[-1].hint
    assert snapshot() == before


@pytest.mark.parametrize("where", ["octocat/example", "octocat/other", "hubot/private"])
@pytest.mark.parametrize("again", [ED25519, f" {ED25519} another comment\n"])
def test_a_key_can_be_used_in_one_repository_only(
    http: requests.Session,
    repo: Repository,
    ghdeploy: FakeGitHub,
    snapshot: Callable[[], object],
    where: str,
    again: str,
) -> None:
    """Even a key of a hidden repository is in use. The comment makes no difference."""
    assert repo.deploy_keys == []
    if where != "octocat/example":
        ghdeploy.add_repository(where, private=where == "hubot/private")
    holder = ghdeploy.repository(where).add_deploy_key("the first", ED25519)
    before = snapshot()
    reply = http.post(PATH, json={"title": "the second", "key": again})
    assert (reply.status_code, reply.json()) == (422, _refusal("key is already in use"))
    assert ghdeploy.requests[-1].hint == (
        f"it is deploy key {holder.id} 'the first' of {where}; a key can be used only once"
    )
    assert snapshot() == before
    _create(http, key=NISTP256)


@pytest.mark.usefixtures("repo")
def test_a_key_may_be_used_again_once_it_is_deleted(http: requests.Session) -> None:
    """Deleting a deploy key frees the key, but not its id."""
    first = _create(http)
    assert http.delete(first["url"]).status_code == 204
    assert _create(http)["id"] > first["id"]


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"title": "t"}, '"key" wasn\'t supplied.'),
        ({"key": None}, "For 'properties/key', nil is not a string."),
        ({"key": ED25519, "title": 1}, "For 'properties/title', 1 is not a string."),
        ({"key": ED25519, "read_only": "false"}, "For 'properties/read_only', \"false\" is not a boolean."),
    ],
    ids=["missing", "key", "title", "read_only"],
)
def test_the_shape_of_a_deploy_key_is_checked(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, Any], message: str
) -> None:
    """An invalid body is refused with the text of the schema check."""
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, f"Invalid request.\n\n{message}")
    assert reply.json()["documentation_url"] == f"{DOCS}#create-a-deploy-key"
    assert snapshot() == before


@pytest.mark.parametrize("key", [ED25519, "nonsense"])
def test_deploy_keys_may_be_disabled(
    http: requests.Session, ghdeploy: FakeGitHub, snapshot: Callable[[], object], key: str
) -> None:
    """The error has no field. Existing keys can still be read and deleted, and other repositories take keys."""
    ghdeploy.add_repository("octocat/example", deploy_keys_enabled=False)
    assert http.get(PATH).json() == []
    before = snapshot()
    reply = http.post(PATH, json={"title": "t", "key": key})
    assert reply.status_code == 422
    assert reply.json() == {
        "message": "Validation Failed",
        "errors": [
            {"resource": "PublicKey", "code": "custom", "message": "Deploy keys are disabled for this repository"}
        ],
        "documentation_url": f"{DOCS}#create-a-deploy-key",
        "status": "422",
    }
    assert ghdeploy.requests[-1].hint == "the repository was added with deploy_keys_enabled=False"
    assert snapshot() == before
    assert http.delete(f"{PATH}/7").status_code == 404
    ghdeploy.add_repository("octocat/other")
    assert http.post("/repos/octocat/other/keys", json={"key": ED25519}).status_code == 201


# List and get


@pytest.mark.usefixtures("repo")
def test_deploy_keys_are_listed_oldest_first_and_by_repository(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The list has only the keys of its repository."""
    assert http.get(PATH).json() == []
    other = ghdeploy.add_repository("octocat/other").add_deploy_key("elsewhere", _numbered(99))
    created = [_create(http, key=_numbered(number), title=f"number {number}") for number in range(3)]
    assert http.get(PATH).json() == created
    assert [key["id"] for key in http.get("/repos/octocat/other/keys").json()] == [other.id]


@pytest.mark.usefixtures("repo")
def test_deploy_keys_come_in_pages(http: requests.Session) -> None:
    """The list supports per_page, page and Link."""
    created = [_create(http, key=_numbered(number))["id"] for number in range(5)]
    reply = http.get(f"{PATH}?per_page=2&page=2")
    assert [key["id"] for key in reply.json()] == [created[2], created[3]]
    assert list(reply.links) == ["prev", "next", "last", "first"]
    assert [key["id"] for key in http.get(reply.links["last"]["url"]).json()] == [created[4]]


def test_a_deploy_key_was_last_modified_when_it_was_created(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """One key has `Last-Modified`, which makes a GET conditional. The creation and the list have none."""
    ghdeploy.clock.move_to(datetime(2030, 1, 1, tzinfo=UTC))
    created = http.post(PATH, json={"key": ED25519})
    url = created.json()["url"]
    ghdeploy.clock.tick(100)
    repo.add_branch("topic")
    assert "Last-Modified" not in created.headers
    assert "Last-Modified" not in http.get(PATH).headers
    for method in ("GET", "HEAD"):
        assert http.request(method, url).headers["Last-Modified"] == "Tue, 01 Jan 2030 00:00:00 GMT"
    again = http.get(url, headers={"If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT"})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_deploy_key_is_not_found(
    http: requests.Session,
    repo: Repository,
    ghdeploy: FakeGitHub,
    snapshot: Callable[[], object],
    method: str,
) -> None:
    """So is a key of another repository, and an id that is not a number."""
    mine = repo.add_deploy_key("mine", ED25519)
    theirs = ghdeploy.add_repository("octocat/other").add_deploy_key("theirs", NISTP256)
    before = snapshot()
    page = f"{DOCS}#{'get' if method == 'GET' else 'delete'}-a-deploy-key"
    start = "octocat/example has no "
    for wrong, hint in [
        (7, f"{start}deploy key 7; known: {mine.id} (mine)"),
        (
            theirs.id,
            f"{start}deploy key {theirs.id}; it belongs to octocat/other; known: {mine.id} (mine)",
        ),
        ("mine", "key_id must be a number; got 'mine'"),
    ]:
        reply = http.request(method, f"{PATH}/{wrong}")
        assert (reply.status_code, reply.json()) == (
            404,
            {"message": "Not Found", "documentation_url": page, "status": "404"},
        )
        assert ghdeploy.requests[-1].hint == hint
    assert snapshot() == before


# Delete


def test_a_deleted_deploy_key_is_gone(http: requests.Session, repo: Repository) -> None:
    """The response is a 204 without a body, then a 404."""
    kept, gone = _create(http, key=NISTP256), _create(http)
    reply = http.delete(f"{PATH}/{gone['id']}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert http.get(f"{PATH}/{gone['id']}").status_code == 404
    assert http.delete(f"{PATH}/{gone['id']}").status_code == 404
    assert http.get(PATH).json() == [kept]
    assert [key.id for key in repo.deploy_keys] == [kept["id"]]


@pytest.mark.usefixtures("repo")
def test_a_deploy_key_cannot_be_changed(http: requests.Session) -> None:
    """GitHub has neither PATCH nor PUT for deploy keys."""
    url = _create(http)["url"]
    for method in ("PATCH", "PUT"):
        reply = http.request(method, url, json={"title": "new"})
        assert (reply.status_code, reply.json()["documentation_url"]) == (404, "https://docs.github.com/rest")


# Authorization


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("permission", ["pull", "triage", "push", "maintain"])
def test_deploy_keys_need_the_right_admin(
    ghdeploy: FakeGitHub,
    repo: Repository,
    snapshot: Callable[[], object],
    permission: Any,  # noqa: ANN401 - a permission
    *,
    private: bool,
) -> None:
    """A user with push gets a 404 even on reading."""
    repo = ghdeploy.add_repository("octocat/private", private=True) if private else repo
    key = repo.add_deploy_key("mine", ED25519)
    repo.add_collaborator("hubot", permission)
    ghdeploy.add_token("hubots", user="hubot")
    before = snapshot()
    url = f"{API}/repos/{repo.full_name}/keys"
    for method, target in [("GET", url), ("POST", url), ("GET", f"{url}/{key.id}"), ("DELETE", f"{url}/{key.id}")]:
        reply = requests.request(
            method, target, json={"key": NISTP256}, headers={"Authorization": "Bearer hubots"}, timeout=10
        )
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert f"hubot has only the right '{permission}'" in ghdeploy.requests[-1].hint
        assert "needs 'admin'" in ghdeploy.requests[-1].hint
    assert snapshot() == before


def test_added_by_is_the_caller(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It is the login of the admin who added the key."""
    repo.add_collaborator("hubot", "admin")
    ghdeploy.add_token("hubots", user="hubot")
    reply = requests.post(f"{API}{PATH}", json={"key": ED25519}, headers={"Authorization": "Bearer hubots"}, timeout=10)
    assert (reply.status_code, reply.json()["added_by"]) == (201, "hubot")


def test_an_anonymous_caller_sees_no_deploy_keys(
    ghdeploy: FakeGitHub, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """Without a token, reading is a 404 and writing a 401. With an unknown token, both are a 401."""
    key = repo.add_deploy_key("mine", ED25519)
    before = snapshot()
    url = f"{API}{PATH}"
    assert requests.get(url, timeout=10).status_code == 404
    assert requests.get(f"{url}/{key.id}", timeout=10).status_code == 404
    assert requests.post(url, json={"key": NISTP256}, timeout=10).status_code == 401
    assert requests.delete(f"{url}/{key.id}", timeout=10).status_code == 401
    assert snapshot() == before
    ghdeploy.add_token("known")
    before = snapshot()
    unknown = {"Authorization": "Bearer unknown"}
    assert requests.get(url, headers=unknown, timeout=10).json()["message"] == "Bad credentials"
    assert snapshot() == before


def test_deploy_keys_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} give the same keys with the same URLs."""
    by_id = f"/repositories/{repo.id}/keys"
    reply = http.post(by_id, json={"key": ED25519})
    assert (reply.status_code, reply.headers["Location"]) == (201, f"{API}{PATH}/{reply.json()['id']}")
    assert http.get(by_id).json() == [reply.json()]
    assert http.get(f"{by_id}/{reply.json()['id']}").json() == reply.json()
    assert http.delete(f"{by_id}/{reply.json()['id']}").status_code == 204


def test_the_urls_of_an_enterprise_server(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """They begin with the server's own root."""
    enterprise = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    key = enterprise.add_repository("octocat/example").add_deploy_key("mine", ED25519)
    assert key.url == f"https://ghe.example.com/api/v3{PATH}/{key.id}"
    answer = requests.get(key.url, headers={"Authorization": "Bearer any"}, timeout=10)
    assert answer.json()["url"] == key.url


# The Python interface


def test_the_python_object_has_githubs_fields(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """`add_deploy_key` dispatches no event."""
    key = repo.add_deploy_key("mine", f"{ED25519} hubot\n", read_only=True)
    shown = http.get(f"{PATH}/{key.id}").json()
    assert {name: getattr(key, name) for name in shown if name != "created_at"} | {
        "created_at": shown["created_at"]
    } == shown
    assert key.created_at == ghdeploy.clock.now
    assert (key.title, key.key, key.read_only, key.added_by) == ("mine", ED25519, True, "octocat")
    assert key.node_id is None
    assert repo.deploy_keys == [key]
    assert list(ghdeploy.events) == []


def test_python_lists_deploy_keys_newest_first(repo: Repository) -> None:
    """`deploy_keys` shows the current state."""
    keys = [repo.add_deploy_key(str(number), _numbered(number)) for number in range(3)]
    assert repo.deploy_keys == keys[::-1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("t", "nonsense"), "GitHub would respond 422 'Validation Failed': the key is not an OpenSSH public key"),
        (("t", ED25519), "'the first' of octocat/example; a key can be used only once"),
        ((None, NISTP256), "title"),
        (("t", 7), "key"),
    ],
)
def test_an_invalid_deploy_key_from_python_raises(
    repo: Repository, snapshot: Callable[[], object], arguments: tuple[Any, Any], expected: str
) -> None:
    """GitHub's refusal is raised at once, and nothing is stored."""
    repo.add_deploy_key("the first", ED25519)
    before = snapshot()
    with pytest.raises(FakeError, match=expected):
        repo.add_deploy_key(*arguments)
    assert snapshot() == before


def test_python_may_not_add_a_deploy_key_where_they_are_disabled(
    ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """GitHub's refusal is raised, and nothing is stored."""
    repo = ghdeploy.add_repository("octocat/example", deploy_keys_enabled=False)
    assert repo.deploy_keys == []
    before = snapshot()
    with pytest.raises(FakeError) as caught:
        repo.add_deploy_key("t", ED25519)
    assert str(caught.value) == (
        "GitHub would respond 422 'Validation Failed': the repository was added with deploy_keys_enabled=False"
    )
    assert snapshot() == before


def test_the_python_object_of_a_deleted_key_says_so(http: requests.Session, repo: Repository) -> None:
    """Using it raises an error."""
    key = repo.add_deploy_key("mine", ED25519)
    http.delete(f"{PATH}/{key.id}")
    with pytest.raises(FakeError, match=f"deploy key {key.id} no longer exists"):
        assert key.title
