"""References over HTTP: get, list, create, update and delete, with their events."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import pytest
from client import API

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

    Snapshot = Callable[[], object]

PATH = "/repos/octocat/example"
REFS = f"{PATH}/git/refs"
DOCS = "https://docs.github.com/rest/git/refs"
NOTHING = "0" * 40
UNKNOWN_SHA = "0123456789abcdef0123456789abcdef01234567"


# Reading


@pytest.mark.parametrize("where", ["ref", "refs"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("heads/main", "heads/main"),
        ("heads/feature/a", "heads/feature/a"),
        ("heads/feature/a", "heads%2Ffeature%2Fa"),
        ("heads/ä#1", "heads/%C3%A4%231"),
        ("tags/v1", "tags/v1"),
        ("notes/commits", "notes/commits"),
    ],
)
def test_a_ref_is_shown(http: requests.Session, repo: Repository, name: str, path: str, where: str) -> None:
    """`GET /repos/octocat/example/git/ref/{ref}` finds any ref by its full name, and so does its own URL."""
    sha = repo.sha("main")
    if name != "heads/main":
        http.post(REFS, json={"ref": f"refs/{name}", "sha": sha}).raise_for_status()
    reply = http.get(f"{PATH}/git/{where}/{path}")
    assert reply.status_code == 200
    body = reply.json()
    assert list(body) == ["ref", "node_id", "url", "object"]
    assert body["ref"] == f"refs/{name}"
    assert body["object"] == {"sha": sha, "type": "commit", "url": f"{API}{PATH}/git/commits/{sha}"}
    assert http.get(body["url"]).json() == body


@pytest.mark.parametrize("ref", ["heads/mian", "heads/feat", "main", "refs/heads/main", "tags/main", "heads/Main"])
def test_an_unknown_ref_is_not_found(http: requests.Session, repo: Repository, ref: str) -> None:
    """Names must be complete and match exactly. The hint lists the existing refs."""
    repo.add_branch("feature/a")
    reply = http.get(f"{PATH}/git/ref/{ref}")
    assert reply.status_code == 404
    assert reply.json() == {"message": "Not Found", "documentation_url": f"{DOCS}#get-a-reference", "status": "404"}
    assert reply.headers["X-GHDeploy-Hint"].startswith(f"octocat/example has no ref {ref!r}; known: heads/")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("matching-refs/heads/feature", ["heads/feature", "heads/feature-b", "heads/feature2/a"]),
        ("matching-refs/heads/feature2/", ["heads/feature2/a"]),
        ("matching-refs/heads%2Ffeature-", ["heads/feature-b"]),
        ("matching-refs/tags", ["tags/v1"]),
        ("matching-refs/tags/", ["tags/v1"]),
        ("matching-refs/nope", []),
        ("refs/tags", ["tags/v1"]),
    ],
)
def test_refs_are_listed_by_prefix(http: requests.Session, repo: Repository, path: str, expected: list[str]) -> None:
    """`GET /repos/octocat/example/git/matching-refs/{ref}` lists the matching refs in alphabetical order."""
    for name in ("feature2/a", "feature", "feature-b"):
        repo.add_branch(name)
    repo.add_tag("v1", "main")
    reply = http.get(f"{PATH}/git/{path}")
    assert reply.status_code == 200
    assert [ref["ref"] for ref in reply.json()] == [f"refs/{name}" for name in expected]


@pytest.mark.parametrize("path", ["matching-refs", "matching-refs/", "refs"])
def test_all_refs_are_listed_without_a_prefix(http: requests.Session, repo: Repository, path: str) -> None:
    """The list has pages."""
    repo.add_tag("v1", "main")
    assert [ref["ref"] for ref in http.get(f"{PATH}/git/{path}").json()] == ["refs/heads/main", "refs/tags/v1"]
    reply = http.get(f"{PATH}/git/{path}", params={"per_page": 1})
    assert 'rel="next"' in reply.headers["Link"]
    assert [ref["ref"] for ref in http.get(reply.links["next"]["url"]).json()] == ["refs/tags/v1"]


@pytest.mark.parametrize("path", ["branches/", "branches/main/", "git/ref/heads/main/", "git/refs/", "compare/a...b/"])
def test_a_trailing_slash_is_allowed_for_folders_and_prefixes_only(
    http: requests.Session, repo: Repository, path: str
) -> None:
    """Any other path with one is a 404."""
    assert repo.sha("main")
    assert http.get(f"{PATH}/{path}").status_code == 404


# Creating


@pytest.mark.parametrize(("ref", "kind"), [("refs/heads/feature/a", "branch"), ("refs/tags/v1", "tag")])
def test_a_branch_or_tag_is_created(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, ref: str, kind: str
) -> None:
    """`POST /repos/octocat/example/git/refs` dispatches `create` and `push`."""
    sha, name = repo.sha("main"), ref.split("/", 2)[2]
    ghdeploy.clock.tick(60)
    reply = http.post(REFS, json={"ref": ref, "sha": sha})
    assert reply.status_code == 201
    assert reply.headers["Location"] == reply.json()["url"] == f"{API}{PATH}/git/{ref}"
    assert repo.sha(ref) == sha
    created, pushed = ghdeploy.events
    assert (created.name, created.action, pushed.name, pushed.action) == ("create", None, "push", None)
    fields: tuple[str, ...] = ("ref", "ref_type", "master_branch", "description", "pusher_type")
    assert [created.payload[field] for field in fields] == [name, kind, "main", None, "user"]
    fields = ("ref", "before", "after", "created", "deleted", "forced", "base_ref", "commits", "compare")
    assert {field: pushed.payload[field] for field in fields} == {
        "ref": ref,
        "before": NOTHING,
        "after": sha,
        "created": True,
        "deleted": False,
        "forced": False,
        "base_ref": "refs/heads/main",
        "commits": [],
        "compare": f"https://github.com/octocat/example/compare/{name}",
    }
    assert (pushed.payload["head_commit"]["id"], pushed.payload["head_commit"]["distinct"]) == (sha, False)
    assert http.get(PATH).json()["pushed_at"] == ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_other_refs_dispatch_no_events(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """A ref that is neither a branch nor a tag can be created, moved and deleted."""
    first, second = repo.sha("main"), repo.add_commit("main")
    assert http.post(REFS, json={"ref": "refs/notes/x", "sha": first}).status_code == 201
    assert http.patch(f"{REFS}/notes/x", json={"sha": second}).json()["object"]["sha"] == second
    assert http.delete(f"{REFS}/notes/x").status_code == 204
    assert http.get(f"{PATH}/git/ref/notes/x").status_code == 404
    assert list(ghdeploy.events) == []


def test_a_new_branch_at_an_unreachable_commit_pushes_its_commits(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """The push lists all commits that no other branch has."""
    root = repo.sha("main")
    repo.add_branch("topic")
    lost = [repo.add_commit("topic"), repo.add_commit("topic")]
    http.delete(f"{REFS}/heads/topic").raise_for_status()
    http.post(REFS, json={"ref": "refs/heads/again", "sha": lost[1]}).raise_for_status()
    payload = ghdeploy.assert_event("push", created=True).payload
    assert [(commit["id"], commit["distinct"]) for commit in payload["commits"]] == [(sha, True) for sha in lost]
    assert payload["base_ref"] is None
    assert root not in str(payload["commits"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ref": "refs/heads/main"}, "Reference already exists"),
        ({"ref": "refs/heads/new", "sha": UNKNOWN_SHA}, "Object does not exist"),
        (
            {"ref": "refs/heads/new", "sha": "main"},
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        ),
        ({"ref": "heads/new"}, "Reference name must start with 'refs/' and contain at least two slashes."),
        ({"ref": "new"}, "Reference name must start with 'refs/' and contain at least two slashes."),
        ({"ref": "refs/heads/a..b"}, "refs/heads/a..b is not a valid ref name."),
        ({"ref": "refs/heads/-a"}, "refs/heads/-a is not a valid ref name."),
        ({"ref": "refs/heads/"}, "refs/heads/ is not a valid ref name."),
        ({"ref": "refs/heads/main/a"}, "Reference update failed"),
        ({"ref": 7}, "Invalid request.\n\nFor 'properties/ref', 7 is not a string."),
        ({}, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
    ],
)
def test_a_refused_creation_is_a_422(
    http: requests.Session, repo: Repository, snapshot: Snapshot, body: dict[str, Any], message: str
) -> None:
    """Each refusal has GitHub's text and a hint, and changes nothing."""
    before = snapshot()
    reply = http.post(REFS, json={"sha": repo.sha("main")} | body)
    assert reply.status_code == 422
    assert reply.json() == {"message": message, "documentation_url": f"{DOCS}#create-a-reference", "status": "422"}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


# Moving


def test_a_ref_moves_forward(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """`PATCH /repos/octocat/example/git/refs/{ref}` dispatches a push that lists the commits, new or not."""
    before = repo.sha("main")
    repo.add_branch("topic")
    shas = [repo.add_commit("main", files={"a.txt": "1"}), repo.add_commit("main", files={"a.txt": "2"})]
    reply = http.patch(f"{REFS}/heads/topic", json={"sha": shas[1]})
    assert (reply.status_code, reply.json()["object"]["sha"]) == (200, shas[1])
    assert repo.sha("topic") == shas[1]
    (event,) = ghdeploy.events
    payload = event.payload
    assert (payload["before"], payload["after"], payload["forced"]) == (before, shas[1], False)
    assert payload["compare"].endswith(f"/compare/{before[:12]}...{shas[1][:12]}")
    assert [(commit["id"], commit["distinct"]) for commit in payload["commits"]] == [(sha, False) for sha in shas]
    assert [(commit["added"], commit["modified"]) for commit in payload["commits"]] == [
        (["a.txt"], []),
        ([], ["a.txt"]),
    ]


@pytest.mark.parametrize("where", ["heads/topic", "tags/v1"])
def test_a_ref_moves_back_or_aside_only_with_force(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Snapshot, where: str
) -> None:
    """Without force it is a 422. With force, the push is marked as forced."""
    repo.add_branch("topic")
    old = repo.add_commit("topic")
    repo.add_tag("v1", "topic")
    aside = repo.add_commit("main")
    before = snapshot()
    for body in ({"sha": aside}, {"sha": aside, "force": False}):
        reply = http.patch(f"{REFS}/{where}", json=body)
        assert (reply.status_code, reply.json()["message"]) == (422, "Update is not a fast forward")
        assert reply.headers["X-GHDeploy-Hint"] == (
            f"refs/{where} would lose 1 commit(s), {old[:7]}; force=true moves it anyway"
        )
        assert snapshot() == before
    assert http.patch(f"{REFS}/{where}", json={"sha": aside, "force": True}).status_code == 200
    payload = ghdeploy.assert_event("push", ref=f"refs/{where}").payload
    assert (payload["before"], payload["after"], payload["forced"], payload["created"]) == (old, aside, True, False)
    assert [commit["id"] for commit in payload["commits"]] == ([aside] if where == "heads/topic" else [])


def test_an_update_to_the_same_commit_dispatches_no_event(
    http: requests.Session, repo: Repository, snapshot: Snapshot
) -> None:
    """The response is a 200."""
    before = snapshot()
    assert http.patch(f"{REFS}/heads/main", json={"sha": repo.sha("main")}).status_code == 200
    assert snapshot() == before


@pytest.mark.parametrize(
    ("ref", "body", "message"),
    [
        ("heads/nope", {}, "Reference does not exist"),
        ("main", {}, "Reference does not exist"),
        ("heads/main", {"sha": UNKNOWN_SHA}, "Object does not exist"),
        (
            "heads/main",
            {"sha": "abc"},
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        ),
        (
            "heads/main",
            {"force": "true"},
            "Invalid request.\n\nFor 'properties/force', \"true\" is not a boolean.",
        ),
    ],
)
def test_a_refused_update_is_a_422(
    http: requests.Session, repo: Repository, snapshot: Snapshot, ref: str, body: dict[str, Any], message: str
) -> None:
    """Each refusal has GitHub's text and a hint, and changes nothing."""
    before = snapshot()
    reply = http.patch(f"{REFS}/{ref}", json={"sha": repo.sha("main")} | body)
    assert reply.status_code == 422
    assert reply.json() == {"message": message, "documentation_url": f"{DOCS}#update-a-reference", "status": "422"}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


# Deleting


@pytest.mark.parametrize(("name", "kind"), [("heads/a/b", "branch"), ("tags/v1", "tag")])
def test_a_ref_is_deleted_and_its_commits_stay(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, name: str, kind: str
) -> None:
    """`DELETE /repos/octocat/example/git/refs/{ref}` dispatches `delete` and `push`. The SHA can still be deployed."""
    repo.add_branch("a/b")
    sha = repo.add_commit("a/b")
    repo.add_tag("v1", "a/b")
    reply = http.delete(f"{REFS}/{name}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert http.get(f"{PATH}/git/ref/{name}").status_code == 404
    deleted, pushed = ghdeploy.events
    short = name.partition("/")[2]
    assert (deleted.name, deleted.payload["ref"], deleted.payload["ref_type"]) == ("delete", short, kind)
    fields = ("ref", "before", "after", "created", "deleted", "forced", "base_ref", "commits", "head_commit", "compare")
    assert [pushed.payload[field] for field in fields] == [
        f"refs/{name}",
        sha,
        NOTHING,
        False,
        True,
        False,
        None,
        [],
        None,
        f"https://github.com/octocat/example/compare/{sha[:12]}...000000000000",
    ]
    assert http.post(f"{PATH}/deployments", json={"ref": sha}).status_code == 201
    ghdeploy.assert_event("delete", ref=short, ref_type=kind)


@pytest.mark.parametrize(
    ("ref", "message", "hint"),
    [
        ("heads/nope", "Reference does not exist", "octocat/example has no ref 'heads/nope'; known: heads/main"),
        (
            "heads/main",
            "Cannot delete the default branch",
            "main is the default branch, which cannot be deleted",
        ),
    ],
)
def test_a_refused_deletion_is_a_422(
    http: requests.Session, repo: Repository, snapshot: Snapshot, ref: str, message: str, hint: str
) -> None:
    """The ref does not exist or is the default branch."""
    assert repo.default_branch == "main"
    before = snapshot()
    reply = http.delete(f"{REFS}/{ref}")
    assert reply.status_code == 422
    assert reply.json() == {"message": message, "documentation_url": f"{DOCS}#delete-a-reference", "status": "422"}
    assert reply.headers["X-GHDeploy-Hint"] == hint
    assert snapshot() == before


def test_a_deleted_ref_cannot_be_deployed(http: requests.Session, repo: Repository) -> None:
    """The deployment is a 422."""
    repo.add_branch("topic")
    http.delete(f"{REFS}/heads/topic").raise_for_status()
    reply = http.post(f"{PATH}/deployments", json={"ref": "topic"})
    assert (reply.status_code, reply.json()["message"]) == (422, "No ref found for: topic")


# All operations


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "ref/heads/main", None),
        ("GET", "matching-refs/heads", None),
        ("POST", "refs", {"ref": "refs/heads/a", "sha": UNKNOWN_SHA}),
        ("PATCH", "refs/heads/main", {"sha": UNKNOWN_SHA}),
        ("DELETE", "refs/heads/main", None),
    ],
)
def test_a_repository_without_commits_has_no_refs(http: requests.Session, method: str, path: str, body: object) -> None:
    """All operations on refs are a 409."""
    http.post("/user/repos", json={"name": "example"})
    reply = http.request(method, f"{PATH}/git/{path}", json=body)
    assert (reply.status_code, reply.json()["message"]) == (409, "Git Repository is empty.")
    assert reply.headers["X-GHDeploy-Hint"].startswith("the repository has no commits; ")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_changing_refs_needs_push(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Snapshot, method: str
) -> None:
    """Without a token it is a 401, with a reader's token a 404."""
    ghdeploy.add_token("reader", user="mona")
    body = {"ref": "refs/heads/new", "sha": repo.sha("main")}
    path = REFS if method == "POST" else f"{REFS}/heads/main"
    before = snapshot()
    http.headers["Authorization"] = "Bearer reader"
    assert http.request(method, path, json=body).status_code == 404
    del http.headers["Authorization"]
    assert http.request(method, path, json=body).status_code == 401
    assert http.get(f"{PATH}/git/ref/heads/main").status_code == 200
    assert snapshot() == before


def test_refs_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} show and create the same refs."""
    by_id = f"/repositories/{repo.id}/git"
    assert http.post(f"{by_id}/refs", json={"ref": "refs/heads/a/b", "sha": repo.sha("main")}).status_code == 201
    assert http.get(f"{by_id}/ref/heads/a/b").json() == http.get(f"{PATH}/git/ref/heads/a/b").json()
    assert len(http.get(f"{by_id}/matching-refs/heads/").json()) == 2
    assert http.delete(f"{by_id}/refs/heads/a/b").status_code == 204


def test_node_ids_hold_the_full_name_and_the_sha(http: requests.Session, repo: Repository) -> None:
    """A branch's node id ends with its name as a fixstr, and a commit's with its SHA as a str16, like GitHub's."""
    sha = repo.sha("main")
    ref, commit = http.get(f"{PATH}/git/ref/heads/main").json(), http.get(f"{PATH}/commits/{sha}").json()
    start = b"\x93\0\xce" + repo.id.to_bytes(4, "big")
    assert _unpacked(ref["node_id"]) == ("REF", start + b"\xafrefs/heads/main")
    assert _unpacked(commit["node_id"]) == ("C", start + b"\xda\0\x28" + sha.encode())


def _unpacked(node_id: str) -> tuple[str, bytes]:
    prefix, _, packed = node_id.partition("_")
    return prefix, urlsafe_b64decode(packed + "=" * (-len(packed) % 4))


def test_a_long_non_ascii_name_has_a_node_id(http: requests.Session, repo: Repository) -> None:
    """The name has 300 bytes."""
    name = "ä" * 150
    reply = http.post(REFS, json={"ref": f"refs/heads/{name}", "sha": repo.sha("main")})
    assert (reply.status_code, reply.json()["ref"]) == (201, f"refs/heads/{name}")
    assert http.get(reply.json()["url"]).json() == reply.json()
