"""Commit statuses over HTTP: create, list and combine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import API

from pytest_ghdeploy.github.rules.commits import COMMIT_STATUS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example"
DOCS = "https://docs.github.com/rest/commits/statuses"


def _report(http: requests.Session, sha: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(f"{PATH}/statuses/{sha}", json={"state": "success"} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


# Create


def test_a_commit_status_has_githubs_fields_in_githubs_order(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """By default the context is default, and optional fields are null."""
    sha = repo.sha("main")
    reply = http.post(f"{PATH}/statuses/{sha}", json={"state": "pending"})
    assert reply.status_code == 201
    body = reply.json()
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    creator, node_id = body.pop("creator"), body.pop("node_id")
    assert list(body.items()) == [
        ("url", f"{API}{PATH}/statuses/{sha}"),
        ("avatar_url", creator["avatar_url"]),
        ("id", body["id"]),
        ("state", "pending"),
        ("description", None),
        ("target_url", None),
        ("context", "default"),
        ("created_at", now),
        ("updated_at", now),
    ]
    assert creator["login"] == "octocat"
    assert node_id.startswith("SC_")
    assert reply.headers["Location"] == f"{API}{PATH}/statuses/{sha}"
    assert list(reply.json())[-1] == "creator"


@pytest.mark.parametrize("state", ["error", "failure", "pending", "success"])
def test_creating_dispatches_a_status_event(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, state: str
) -> None:
    """The event has the fields of the commit status and no action."""
    created = _report(http, repo.sha("main"), state=state, context="ci", description="d", target_url="https://ci/1")
    (event,) = ghdeploy.events
    assert (event.name, event.action, event.repository) == ("status", None, "octocat/example")
    for field in ("id", "state", "context", "description", "target_url"):
        assert event.payload[field] == created[field]
    assert event.payload["sha"] == repo.sha("main")


@pytest.mark.parametrize("nothing", [None, ""])
def test_description_and_target_url_may_be_null_or_empty(
    http: requests.Session, repo: Repository, nothing: str | None
) -> None:
    """A description is returned unchanged. An empty target_url becomes null."""
    created = _report(http, repo.sha("main"), description=nothing, target_url=nothing)
    assert (created["description"], created["target_url"]) == (nothing, None)


def test_a_sha_in_upper_case_is_the_same_commit(http: requests.Session, repo: Repository) -> None:
    """Responses have it in lower case."""
    sha = repo.sha("main")
    assert _report(http, sha.upper())["url"].endswith(f"/statuses/{sha}")


@pytest.mark.parametrize("body", [{"state": "success"}, {"state": "bogus"}, {"context": 7}, {}])
@pytest.mark.parametrize("sha", ["0" * 40, "A" * 40, "main", "nope", "v1", "{blob}"])
def test_an_unknown_sha_is_refused(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], sha: str, body: dict[str, Any]
) -> None:
    """
    A branch, a tag, a file and an unknown SHA are GitHub's 422 without errors, whatever the body is.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub, for a blob's SHA and for text too.
    """
    repo.add_commit("main", files={"app.py": ""})
    sha = sha.format(blob="e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    repo.add_tag("v1", "main")
    before = snapshot()
    reply = http.post(f"{PATH}/statuses/{sha}", json=body)
    assert reply.status_code == 422
    assert list(reply.json().items()) == [
        ("message", f"No commit found for SHA: {sha}"),
        ("documentation_url", f"{DOCS}#create-a-commit-status"),
        ("status", "422"),
    ]
    assert snapshot() == before


def test_a_short_sha_is_refused(http: requests.Session, repo: Repository) -> None:
    """An abbreviated SHA is not resolved here."""
    reply = http.post(f"{PATH}/statuses/{repo.sha('main')[:10]}", json={"state": "success"})
    assert reply.status_code == 422


def test_a_sha_of_another_repository_is_refused(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Two repositories have no commits in common."""
    other = ghdeploy.add_repository("octocat/other")
    assert other.sha("main") != repo.sha("main")
    assert http.post(f"{PATH}/statuses/{other.sha('main')}", json={"state": "success"}).status_code == 422


@pytest.mark.usefixtures("repo")
def test_an_empty_sha_is_not_found(http: requests.Session) -> None:
    """No operation has this path."""
    assert http.post(f"{PATH}/statuses/", json={"state": "success"}).status_code == 404
    assert http.post(f"{PATH}/statuses", json={"state": "success"}).status_code == 404


def test_the_commit_is_looked_for_before_the_body_is_read(http: requests.Session, repo: Repository) -> None:
    """For a body that is not JSON, or none at all."""
    for sha, message in [
        ("0" * 40, f"No commit found for SHA: {'0' * 40}"),
        (repo.sha("main"), "Problems parsing JSON"),
    ]:
        assert http.post(f"{PATH}/statuses/{sha}", data=b"{").json()["message"] == message
    missing = http.post(f"{PATH}/statuses/{repo.sha('main')}")
    assert missing.json()["message"] == "Invalid request.\n\nFor 'links/0/schema', nil is not an object."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"state": 1}, "For 'properties/state', 1 is not a string."),
        ({"state": None}, "For 'properties/state', nil is not a string."),
        ({"state": "success", "context": 1}, "For 'properties/context', 1 is not a string."),
        ({"state": "success", "target_url": 1}, "For 'properties/target_url', 1 is not a string or null."),
        ({"state": "success", "description": []}, "For 'properties/description', [] is not a string or null."),
    ],
    ids=["state", "null", "context", "target_url", "description"],
)
def test_the_shape_of_a_commit_status_is_checked(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], body: dict[str, Any], message: str
) -> None:
    """An invalid body is refused with the text of the schema check."""
    before = snapshot()
    reply = http.post(f"{PATH}/statuses/{repo.sha('main')}", json=body)
    assert reply.status_code == 422
    assert reply.json() == {
        "message": f"Invalid request.\n\n{message}",
        "documentation_url": f"{DOCS}#create-a-commit-status",
        "status": "422",
    }
    assert snapshot() == before


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "State is not included in the list"),
        ({"state": "queued"}, "State is not included in the list"),
        ({"state": "success", "context": ""}, "Context can't be blank"),
    ],
)
def test_a_state_and_a_context_are_checked_after_the_shape(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], body: dict[str, Any], problem: str
) -> None:
    """
    The errors are one string.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    before = snapshot()
    reply = http.post(f"{PATH}/statuses/{repo.sha('main')}", json=body)
    assert reply.status_code == 422
    assert list(reply.json().items()) == [
        ("message", "Validation Failed"),
        ("errors", f"Validation failed: {problem}"),
        ("documentation_url", f"{DOCS}#create-a-commit-status"),
        ("status", "422"),
    ]
    assert snapshot() == before


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"context": "x" * 256}, "context", "context is too long (maximum is 255 characters)"),
        ({"description": "x" * 141}, "description", "description is too long (maximum is 140 characters)"),
        ({"target_url": "ftp://ci"}, "target_url", "target_url must use http(s) scheme"),
    ],
)
def test_the_limits_of_a_commit_status_are_checked(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, Any],
    field: str,
    message: str,
) -> None:
    """The validation error names the field."""
    before = snapshot()
    reply = http.post(f"{PATH}/statuses/{repo.sha('main')}", json={"state": "success"} | body)
    assert reply.status_code == 422
    error = {"resource": "Status", "code": "custom", "field": field, "message": message}
    assert (reply.json()["message"], reply.json()["errors"]) == ("Validation Failed", [error])
    assert snapshot() == before


def test_a_sha_and_context_have_at_most_1000_statuses(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """Case is ignored. Another context or SHA has a limit of its own."""
    sha, table = repo.sha("main"), ghdeploy._engine.store.commit_statuses
    first = table.get(repo.add_commit_status("main", state="pending", context="ci").id)
    assert first
    for _ in range(COMMIT_STATUS_LIMIT - 2):
        table.add(first._replace(id=table.next_id))
    assert _report(http, sha, context="CI")["context"] == "CI"
    before = snapshot()
    for context in ("ci", "Ci"):
        reply = http.post(f"{PATH}/statuses/{sha}", json={"state": "success", "context": context})
        assert reply.status_code == 422
        assert reply.json()["message"] == "Validation Failed"
        assert reply.json()["errors"] == [
            {
                "resource": "Status",
                "code": "custom",
                "message": "This SHA and context has reached the maximum number of statuses.",
            }
        ]
    assert snapshot() == before
    _report(http, sha, context="other")
    _report(http, repo.add_commit("main"), context="ci")


# List


@pytest.mark.parametrize("path", ["commits/{}/statuses", "statuses/{}"])
def test_commit_statuses_are_listed_newest_first(http: requests.Session, repo: Repository, path: str) -> None:
    """The list includes superseded statuses. An older path returns it too."""
    sha = repo.sha("main")
    created = [_report(http, sha, state=state, context="ci") for state in ("pending", "failure", "success")]
    repo.add_commit("main")
    repo.add_commit_status("main", state="error")
    reply = http.get(f"{PATH}/{path.format(sha)}")
    assert (reply.status_code, reply.json()) == (200, created[::-1])


REFS = ["a/b", "heads/a/b", "refs/heads/a/b", "rel/1", "tags/rel/1", "refs/tags/rel/1", "a%2Fb", "sha", "short"]


@pytest.mark.parametrize("ref", REFS)
@pytest.mark.parametrize("path", ["commits/{}/statuses", "statuses/{}"])
def test_a_ref_may_be_a_branch_a_tag_or_a_sha(http: requests.Session, repo: Repository, path: str, ref: str) -> None:
    """Slashes, the prefixes heads/ and tags/, and short SHAs work too."""
    repo.add_branch("a/b")
    sha = repo.add_commit("a/b")
    repo.add_tag("rel/1", "a/b")
    created = _report(http, sha)
    ref = {"sha": sha, "short": sha[:8]}.get(ref, ref)
    reply = http.get(f"{PATH}/{path.format(ref)}")
    assert (reply.status_code, reply.json()) == (200, [created])


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("path", ["commits/nope/statuses", "statuses/nope", "commits/nope/status"])
def test_statuses_of_an_unknown_ref_are_not_found(http: requests.Session, path: str) -> None:
    """The response is a 404."""
    reply = http.get(f"{PATH}/{path}")
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")


def test_commit_statuses_come_in_pages(http: requests.Session, repo: Repository) -> None:
    """The links have the id of the repository and the ref as requested."""
    repo.add_branch("a/b")
    for _ in range(3):
        repo.add_commit_status("a/b", state="success")
    reply = http.get(f"{PATH}/commits/a/b/statuses?per_page=1&page=2")
    base = f"{API}/repositories/{repo.id}/commits/a/b/statuses?per_page=1&page="
    assert reply.headers["Link"] == (
        f'<{base}1>; rel="prev", <{base}3>; rel="next", <{base}3>; rel="last", <{base}1>; rel="first"'
    )
    assert http.get(reply.links["next"]["url"]).status_code == 200


# Combined


def test_the_combined_status_of_a_commit_without_any_is_pending(http: requests.Session, repo: Repository) -> None:
    """It has GitHub's fields in GitHub's order."""
    sha = repo.sha("main")
    body = http.get(f"{PATH}/commits/main/status").json()
    repository = body.pop("repository")
    assert list(body.items()) == [
        ("state", "pending"),
        ("statuses", []),
        ("sha", sha),
        ("total_count", 0),
        ("commit_url", f"{API}{PATH}/commits/{sha}"),
        ("url", f"{API}{PATH}/commits/{sha}/status"),
    ]
    assert (repository["full_name"], repository["id"]) == ("octocat/example", repo.id)


def test_the_combined_status_has_the_latest_of_each_context(http: requests.Session, repo: Repository) -> None:
    """Contexts are compared without case and listed oldest first, without creators."""
    sha = repo.sha("main")
    _report(http, sha, state="failure", context="ci")
    lint = _report(http, sha, state="success", context="lint")
    tests = _report(http, sha, state="pending", context="CI")
    body = http.get(f"{PATH}/commits/{sha}/status").json()
    assert (body["state"], body["total_count"]) == ("pending", 2)
    for status in (lint, tests):
        del status["creator"]
    assert body["statuses"] == [lint, tests]


@pytest.mark.parametrize(
    ("states", "combined"),
    [
        (["success"], "success"),
        (["success", "pending"], "pending"),
        (["success", "pending", "failure"], "failure"),
        (["error", "success"], "failure"),
    ],
)
def test_the_combined_state_is_the_worst_state(
    http: requests.Session, repo: Repository, states: list[Any], combined: str
) -> None:
    """Failure and error come before pending, and pending before success."""
    for number, state in enumerate(states):
        repo.add_commit_status("main", state=state, context=f"ci/{number}")
    assert http.get(f"{PATH}/commits/main/status").json()["state"] == combined


def test_check_runs_are_not_part_of_the_combined_status(http: requests.Session, repo: Repository) -> None:
    """A failed check run blocks a deployment, but is not shown here."""
    repo.add_check_run("main", name="build", conclusion="failure")
    repo.add_commit_status("main", state="success")
    body = http.get(f"{PATH}/commits/main/status").json()
    assert (body["state"], body["total_count"]) == ("success", 1)


def test_the_combined_status_comes_in_pages(http: requests.Session, repo: Repository) -> None:
    """State and total_count include all pages."""
    for number in range(3):
        repo.add_commit_status("main", state="failure" if number == 0 else "success", context=f"ci/{number}")
    reply = http.get(f"{PATH}/commits/main/status?per_page=2&page=2")
    body = reply.json()
    assert [status["context"] for status in body["statuses"]] == ["ci/2"]
    assert (body["state"], body["total_count"]) == ("failure", 3)
    assert list(reply.links) == ["prev", "first"]


@pytest.mark.parametrize("ref", ["a/b", "heads/a/b", "tags/rel/1", "refs/heads/a/b"])
def test_the_combined_status_of_a_ref_with_slashes(http: requests.Session, repo: Repository, ref: str) -> None:
    """The path may contain refs with slashes."""
    repo.add_branch("a/b")
    sha = repo.add_commit("a/b")
    repo.add_tag("rel/1", sha)
    assert http.get(f"{PATH}/commits/{ref}/status").json()["sha"] == sha


def test_commit_statuses_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} give the same statuses with the same URLs."""
    sha, by_id = repo.sha("main"), f"/repositories/{repo.id}"
    reply = http.post(f"{by_id}/statuses/{sha}", json={"state": "success"})
    assert (reply.status_code, reply.headers["Location"]) == (201, f"{API}{PATH}/statuses/{sha}")
    assert http.get(f"{by_id}/statuses/main").json() == [reply.json()]
    assert http.get(f"{by_id}/commits/main/statuses").json() == [reply.json()]
    assert http.get(f"{by_id}/commits/main/status").json() == http.get(f"{PATH}/commits/main/status").json()


def test_an_empty_target_url_is_null(http: requests.Session, repo: Repository) -> None:
    """GitHub describes the field as a URL or null, also in the combined status."""
    sha = repo.sha("main")
    assert _report(http, sha, target_url="")["target_url"] is None
    combined = http.get(f"{PATH}/commits/{sha}/status").json()
    assert [status["target_url"] for status in combined["statuses"]] == [None]
