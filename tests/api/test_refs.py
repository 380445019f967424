"""References over HTTP: get, list, create, update and delete, with their events."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import pytest
from client import API

from pytest_ghdeploy import FakeError

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
        ({"ref": "heads/new"}, "Reference name must start with 'refs/'."),
        ({"ref": "new"}, "Reference name must start with 'refs/'."),
        ({"ref": "refs"}, "Reference name must start with 'refs/'."),
        ({"ref": "refs/new"}, "Reference name must contain at least three slash-separated components."),
        ({"ref": "refs/heads/new", "sha": "a blob"}, "Reference update failed"),
        ({"ref": "refs/heads/new", "sha": "a tree"}, "Reference update failed"),
        ({"ref": "refs/tags/new", "sha": "a blob"}, "Object does not exist"),
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
    body = {"sha": repo.sha("main")} | body
    reply = http.post(REFS, json=body | {"sha": _objects(http).get(body["sha"], body["sha"])})
    assert reply.status_code == 422
    assert reply.json() == {"message": message, "documentation_url": f"{DOCS}#create-a-reference", "status": "422"}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def _objects(http: requests.Session) -> dict[str, str]:
    """Map the words of a table to SHAs of objects that are not commits."""
    tree = http.get(f"{PATH}/commits/main").json()["commit"]["tree"]["sha"]
    return {"a tree": tree, "a blob": http.get(f"{PATH}/contents/README.md").json()["sha"]}


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
        ("heads/main", {"sha": "a tree"}, "Object is not a commit"),
        ("heads/main", {"sha": "a blob"}, "Object is not a commit"),
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
    body = {"sha": repo.sha("main")} | body
    reply = http.patch(f"{REFS}/{ref}", json=body | {"sha": _objects(http).get(body["sha"], body["sha"])})
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


# Refs that other endpoints take


READS = [
    "/commits/{ref}",
    "/commits/{ref}/status",
    "/commits/{ref}/statuses",
    "/commits/{ref}/check-runs",
    "/commits?sha={ref}",
    "/contents/README.md?ref={ref}",
    "/compare/{ref}...topic",
    "/compare/topic...{ref}",
]


@pytest.fixture
def refs(repo: Repository) -> dict[str, str]:
    """Map refs of every form to their commits, which differ from the default branch's head except for `HEAD`."""
    repo.add_branch("topic")
    shas = {"topic": repo.add_commit("topic"), "refs/heads/topic": repo.sha("topic")}
    shas["v1"] = shas["refs/tags/v1"] = repo.add_tag("v1", "topic")
    repo.add_branch("merge", from_ref="topic")
    merge = repo.add_commit("merge")
    shas |= {name: repo.add_ref(name, merge) for name in ("refs/pull/7/merge", "refs/notes/x", "refs/a/b/c")}
    return shas | {"HEAD": repo.sha("main")}


@pytest.mark.parametrize("ref", ["refs/pull/7/merge", "refs/notes/x", "refs/a/b/c", "HEAD", "topic", "refs/tags/v1"])
def test_every_ref_is_read_as_its_commit(http: requests.Session, refs: dict[str, str], ref: str) -> None:
    """All endpoints that take a ref take every ref that exists, by its full name, and `HEAD`."""
    for read in READS:
        by_ref = http.get(PATH + read.format(ref=ref))
        assert by_ref.status_code == 200, read
        by_sha = http.get(PATH + read.format(ref=refs[ref]))
        if "/commits" in read:
            assert by_ref.json() == by_sha.json(), read
    assert http.get(f"{PATH}/commits/{ref}").json()["sha"] == refs[ref]


@pytest.mark.parametrize(
    "ref", ["refs/pull/7/merge", "refs/notes/x", "refs/a/b/c", "HEAD", "topic", "refs/heads/topic", "v1"]
)
def test_every_ref_can_be_deployed(http: requests.Session, refs: dict[str, str], ref: str) -> None:
    """The deployment has the commit's SHA, and the ref as it was sent."""
    reply = http.post(f"{PATH}/deployments", json={"ref": ref})
    assert (reply.status_code, reply.json()["ref"], reply.json()["sha"]) == (201, ref, refs[ref])
    assert [row["ref"] for row in http.get(f"{PATH}/deployments?ref={ref}").json()] == [ref]


@pytest.mark.parametrize("ref", ["refs/pull/1/merge", "refs/notes/y", "pull/7/merge", "notes/x", "refs/HEAD", "head"])
def test_an_unknown_ref_is_read_nowhere(http: requests.Session, refs: dict[str, str], ref: str) -> None:
    """A ref outside heads and tags needs its full name."""
    assert ref not in refs
    assert [http.get(PATH + read.format(ref=ref)).status_code for read in READS] == [422, 404, 404, 422, *[404] * 4]
    reply = http.post(f"{PATH}/deployments", json={"ref": ref})
    assert (reply.status_code, reply.json()["message"]) == (422, f"No ref found for: {ref}")
    assert "errors" not in reply.json()


def test_a_deleted_branch_is_an_unknown_ref(http: requests.Session, repo: Repository) -> None:
    """Its commits can still be deployed by SHA."""
    repo.add_branch("topic")
    http.delete(f"{REFS}/heads/topic").raise_for_status()
    reply = http.post(f"{PATH}/deployments", json={"ref": "topic"})
    assert (reply.status_code, reply.json()["message"]) == (422, "No ref found for: topic")


def test_another_ref_that_is_behind_is_a_conflict(http: requests.Session, repo: Repository) -> None:
    """There is no branch to push a merge commit to, as for a tag."""
    repo.add_ref("refs/pull/7/merge", "main")
    repo.add_commit("main")
    reply = http.post(f"{PATH}/deployments", json={"ref": "refs/pull/7/merge"})
    assert (reply.status_code, reply.json()["message"]) == (409, "Conflict merging main into refs/pull/7/merge.")
    assert http.post(f"{PATH}/deployments", json={"ref": "HEAD"}).status_code == 201


def test_head_of_an_empty_repository_is_an_unknown_ref(http: requests.Session) -> None:
    """It has no commits."""
    http.post("/user/repos", json={"name": "empty"}).raise_for_status()
    reply = http.post("/repos/octocat/empty/deployments", json={"ref": "HEAD"})
    assert (reply.status_code, reply.json()["message"]) == (422, "No ref found for: HEAD")


def test_head_follows_the_default_branch(http: requests.Session, repo: Repository) -> None:
    """Changing the default branch changes what `HEAD` names."""
    repo.add_branch("topic")
    sha = repo.add_commit("topic")
    http.patch(PATH, json={"default_branch": "topic"}).raise_for_status()
    assert http.get(f"{PATH}/commits/HEAD").json()["sha"] == repo.sha("HEAD") == sha


def test_head_can_be_merged_but_is_no_branch(http: requests.Session, repo: Repository) -> None:
    """As the base of a merge it does not exist."""
    repo.add_branch("topic")
    repo.add_commit("main")
    reply = http.post(f"{PATH}/merges", json={"base": "HEAD", "head": "topic"})
    assert (reply.status_code, reply.json()["message"]) == (404, "Base does not exist")
    assert http.post(f"{PATH}/merges", json={"base": "topic", "head": "HEAD"}).status_code == 201


def test_a_ref_is_added_from_python_without_an_event(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """`add_ref` takes any full name, also of a branch or tag."""
    sha = repo.sha("main")
    for name in ("refs/notes/x", "refs/heads/topic", "refs/tags/v1", "refs/pull/7/head"):
        assert repo.add_ref(name, "main") == repo.sha(name) == sha
    assert (repo.sha("topic"), repo.sha("v1"), repo.add_ref("refs/x/y", "refs/notes/x")) == (sha, sha, sha)
    assert len(http.get(f"{PATH}/git/matching-refs").json()) == 6
    assert not ghdeploy.events


@pytest.mark.parametrize(
    ("name", "ref", "argument", "message"),
    [
        ("notes/x", "main", "name", "'notes/x' is not a full ref; write it in full, such as refs/heads/notes/x"),
        ("refs/x", "main", "name", "'refs/x' is not a full ref"),
        ("refs/heads/main", "topic", "ref", "unknown branch, tag or SHA 'topic' in octocat/example"),
        ("refs/heads/main", "main", "name", "the ref 'refs/heads/main' exists"),
        ("refs/heads/main/x", "main", "name", "git cannot store 'refs/heads/main/x' beside 'refs/heads/main'"),
        ("refs/notes/a..b", "main", "name", "git does not accept the ref 'refs/notes/a..b'"),
    ],
)
def test_an_invalid_ref_is_refused_in_python(
    repo: Repository, snapshot: Snapshot, name: str, ref: str, argument: str, message: str
) -> None:
    """The error names the argument, and nothing has changed."""
    before = snapshot()
    with pytest.raises(FakeError, match=re.escape(message)) as refused:
        repo.add_ref(name, ref)
    assert (refused.value.argument, snapshot()) == (argument, before)


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
