"""Deployments over HTTP: list, create, get and delete."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest
from client import API, REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example/deployments"
DOCS = "https://docs.github.com/rest/deployments/deployments"
CREATE_DOCS = f"{DOCS}#create-a-deployment"

pytestmark = pytest.mark.usefixtures("repo")


def _create(http: requests.Session, **body: object) -> Any:  # noqa: ANN401 - JSON
    """Create a deployment of main without required contexts."""
    reply = http.post(PATH, json={"ref": "main", "required_contexts": [], "auto_merge": False} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _ids(reply: requests.Response) -> list[int]:
    assert reply.status_code == 200, reply.text
    return [deployment["id"] for deployment in reply.json()]


def _post_status(http: requests.Session, deployment: dict[str, Any], state: str, **body: object) -> None:
    reply = http.post(deployment["statuses_url"], json={"state": state} | body)
    assert reply.status_code == 201, reply.text


# The object


def test_a_deployment_has_githubs_fields_in_githubs_order(http: requests.Session, repo: Repository) -> None:
    """Optional fields have GitHub's defaults. The order is that of recorded responses."""
    repo._store.clock.tick(90)
    reply = http.post(PATH, json={"ref": "main"})
    assert reply.status_code == 201
    body = reply.json()
    now = repo._store.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    url = f"{API}{PATH}/{body['id']}"
    node_id, creator = body.pop("node_id"), body.pop("creator")
    assert list(body.items()) == [
        ("url", url),
        ("id", body["id"]),
        ("sha", repo.sha("main")),
        ("ref", "main"),
        ("task", "deploy"),
        ("payload", {}),
        ("original_environment", "production"),
        ("environment", "production"),
        ("description", None),
        ("created_at", now),
        ("updated_at", now),
        ("statuses_url", f"{url}/statuses"),
        ("repository_url", f"{API}/repos/octocat/example"),
        ("transient_environment", False),
        ("production_environment", True),
        ("performed_via_github_app", None),
    ]
    assert list(reply.json())[:4] == ["url", "id", "node_id", "sha"]
    assert list(reply.json())[9:12] == ["description", "creator", "created_at"]
    assert creator["login"] == "octocat"
    assert body["id"] > 2**32
    prefix, _, packed = node_id.partition("_")
    assert prefix == "DE"
    unpacked = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    assert unpacked == struct.pack(">BBBIBQ", 0x93, 0, 0xCE, repo.id, 0xCF, body["id"])


def test_the_creator_is_a_simple_user_in_githubs_order(http: requests.Session) -> None:
    """The creator has the fields of GitHub's simple user."""
    creator = _create(http)["creator"]
    assert [name for name in creator if name != "user_view_type"] == [
        "login",
        "id",
        "node_id",
        "avatar_url",
        "gravatar_id",
        "url",
        "html_url",
        "followers_url",
        "following_url",
        "gists_url",
        "starred_url",
        "subscriptions_url",
        "organizations_url",
        "repos_url",
        "events_url",
        "received_events_url",
        "type",
        "site_admin",
    ]
    assert (creator["gravatar_id"], creator["type"], creator["user_view_type"]) == ("", "User", "public")
    assert creator["html_url"] == "https://github.com/octocat"


def test_creating_returns_the_location_of_the_deployment(http: requests.Session) -> None:
    """The URL in the header Location of the 201 returns the same object."""
    reply = http.post(PATH, json={"ref": "main"})
    assert reply.headers["Location"] == reply.json()["url"]
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    again = http.get(reply.headers["Location"])
    assert (again.status_code, again.json()) == (200, reply.json())
    assert list(again.json()) == list(reply.json())
    assert "Location" not in again.headers


def test_creating_dispatches_an_event_with_the_deployment(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """There is one event, and it shows the deployment as the response does."""
    deployment = _create(http, environment="staging", payload={"a": 1})
    (event,) = ghdeploy.events
    assert (event.name, event.action, event.repository) == ("deployment", "created", "octocat/example")
    assert event.payload["deployment"] == deployment


def test_creating_stores_the_deployment(http: requests.Session, repo: Repository) -> None:
    """The Python interface shows the created deployment."""
    deployment = _create(http, environment="staging")
    (stored,) = repo.deployments
    assert (stored.id, stored.environment, stored.state) == (deployment["id"], "staging", None)


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ({}, {}),
        ({"payload": ""}, ""),
        ({"payload": {}}, {}),
        ({"payload": {"b": [1, None, {"ä": True}], "a": 1.5}}, {"b": [1, None, {"ä": True}], "a": 1.5}),
        ({"payload": '{"test": true}'}, '{"test": true}'),
        ({"payload": "null"}, "null"),
        ({"payload": "text \N{ROCKET}\n"}, "text \N{ROCKET}\n"),
    ],
    ids=["omitted", "empty text", "empty object", "object", "JSON in a text", "null in a text", "text"],
)
def test_a_payload_is_returned_unchanged(
    http: requests.Session, ghdeploy: FakeGitHub, sent: dict[str, Any], echoed: object
) -> None:
    """A payload is neither parsed nor turned into a string, in responses and in the event."""
    deployment = _create(http, **sent)
    assert deployment["payload"] == echoed
    assert http.get(deployment["url"]).json()["payload"] == echoed
    assert http.get(PATH).json()[0]["payload"] == echoed
    assert ghdeploy.events[0].payload["deployment"]["payload"] == echoed


def test_the_members_of_a_payload_keep_their_order(http: requests.Session) -> None:
    """An object is returned in the order in which it was sent."""
    payload = {"z": 1, "a": {"y": 1, "b": 2}}
    assert json.dumps(_create(http, payload=payload)["payload"]) == json.dumps(payload)


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [({}, None), ({"description": None}, None), ({"description": ""}, ""), ({"description": "Ship it"}, "Ship it")],
    ids=["omitted", "null", "empty", "text"],
)
def test_a_description_is_returned_unchanged(http: requests.Session, sent: dict[str, Any], echoed: str | None) -> None:
    """An omitted description is null, an empty one is empty."""
    deployment = _create(http, **sent)
    assert deployment["description"] == echoed
    assert http.get(deployment["url"]).json()["description"] == echoed


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, ("production", False, True)),
        ({"environment": "production"}, ("production", False, True)),
        ({"environment": "staging"}, ("staging", False, False)),
        ({"environment": "Production"}, ("Production", False, False)),
        ({"environment": "qa/eu 1"}, ("qa/eu 1", False, False)),
        ({"environment": "staging", "production_environment": True}, ("staging", False, True)),
        ({"environment": "production", "production_environment": False}, ("production", False, False)),
        ({"environment": "pr-1", "transient_environment": True}, ("pr-1", True, False)),
    ],
)
def test_production_environment_defaults_to_the_name_production(
    http: requests.Session, sent: dict[str, Any], expected: tuple[str, bool, bool]
) -> None:
    """Environment and flags have GitHub's defaults unless they are sent."""
    deployment = _create(http, **sent)
    assert deployment["original_environment"] == deployment["environment"]
    fields = ("environment", "transient_environment", "production_environment")
    assert tuple(deployment[field] for field in fields) == expected


def test_a_task_is_any_string(http: requests.Session) -> None:
    """The task is returned unchanged."""
    assert _create(http, task="deploy:migrations")["task"] == "deploy:migrations"


def test_unknown_members_are_ignored(http: requests.Session) -> None:
    """An unknown member of the body is neither refused nor returned."""
    assert "unknown" not in _create(http, unknown=1, sha="f" * 40, id=5, creator="mona")


def test_ids_rise_and_are_global(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Deployments of two repositories share one sequence of ids."""
    ghdeploy.add_repository("octocat/other")
    ids = [
        http.post(f"/repos/octocat/{name}/deployments", json={"ref": "main"}).json()["id"]
        for name in ("example", "other", "example", "other")
    ]
    assert ids == sorted(set(ids))


# Refs


@pytest.mark.parametrize("ref", ["topic", "heads/topic", "refs/heads/topic", "v1", "tags/v1", "refs/tags/v1", "a/b"])
def test_a_ref_is_returned_unchanged(http: requests.Session, repo: Repository, ref: str) -> None:
    """The SHA is that of the commit that the ref points to."""
    repo.add_branch("topic")
    repo.add_branch("a/b")
    sha = repo.add_commit("topic")
    repo.add_tag("v1", "topic")
    deployment = _create(http, ref=ref)
    assert deployment["ref"] == ref
    assert deployment["sha"] == (repo.sha("a/b") if ref == "a/b" else sha)


def test_a_sha_can_be_deployed(http: requests.Session, repo: Repository) -> None:
    """A full SHA works in upper case too. The field sha is in lower case."""
    sha = repo.sha("main")
    assert _create(http, ref=sha)["sha"] == sha
    upper = _create(http, ref=sha.upper())
    assert (upper["ref"], upper["sha"]) == (sha.upper(), sha)


def test_the_sha_is_that_at_the_time_of_creation(http: requests.Session, repo: Repository) -> None:
    """A later commit does not change the deployment."""
    deployment = _create(http)
    repo.add_commit("main")
    assert http.get(deployment["url"]).json()["sha"] == deployment["sha"] != repo.sha("main")


@pytest.mark.parametrize("ref", ["", "nope", "Main", "refs/heads/nope", "0" * 40, "refs/pull/1/merge", "ümlaut"])
def test_an_unknown_ref_is_refused(http: requests.Session, snapshot: Callable[[], object], ref: str) -> None:
    """GitHub's 422 quotes the ref and has no errors."""
    before = snapshot()
    reply = http.post(PATH, json={"ref": ref})
    assert reply.status_code == 422
    assert list(reply.json().items()) == [
        ("message", f"No ref found for: {ref}"),
        ("documentation_url", CREATE_DOCS),
        ("status", "422"),
    ]
    assert snapshot() == before


def test_a_short_sha_is_refused(http: requests.Session, repo: Repository) -> None:
    """An abbreviated SHA is not resolved."""
    assert http.post(PATH, json={"ref": repo.sha("main")[:10]}).json()["message"].startswith("No ref found for: ")


@pytest.mark.ghdeploy(short_shas=True)
def test_a_short_sha_is_accepted_with_short_shas(http: requests.Session, repo: Repository) -> None:
    """The abbreviation is resolved."""
    sha = repo.sha("main")
    deployment = _create(http, ref=sha[:7])
    assert (deployment["ref"], deployment["sha"]) == (sha[:7], sha)


# auto_merge


@pytest.mark.parametrize("ref", ["topic", "heads/topic", "refs/heads/topic"])
def test_a_branch_that_is_behind_is_merged_and_then_deployed(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, ref: str
) -> None:
    """The first request is a 202 with a merge commit, and the same request again a 201."""
    repo.add_branch("topic", behind=2)
    topic, main = repo.sha("topic"), repo.sha("main")
    ghdeploy.clock.tick(30)
    reply = http.post(PATH, json={"ref": ref})
    assert reply.status_code == 202
    assert reply.json() == {"message": f"Auto-merged main into {ref} on deployment."}
    assert "Location" not in reply.headers
    assert (
        reply.headers["X-GHDeploy-Hint"]
        == ghdeploy.requests[0].hint
        == (
            f"no deployment was created, so the response has no id: main was merged into {ref}; "
            "send the request again to deploy it"
        )
    )
    assert repo.deployments == []
    merge = http.get("/repos/octocat/example/commits/topic").json()
    assert [parent["sha"] for parent in merge["parents"]] == [topic, main]
    assert repo.sha("main") == main
    again = http.post(PATH, json={"ref": ref})
    assert again.status_code == 201
    assert (again.json()["ref"], again.json()["sha"]) == (ref, merge["sha"])
    assert [event.name for event in ghdeploy.events] == ["push", "deployment"]


def test_the_merge_commit_is_pushed(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The push has the full ref, the commits before and after, and the added commits, oldest first."""
    repo.add_branch("topic", behind=2)
    before = repo.sha("topic")
    news = [repo.sha("main")]
    http.post(PATH, json={"ref": "topic"})
    event = ghdeploy.assert_event("push", ref="refs/heads/topic")
    payload = event.payload
    assert event.action is None
    assert (payload["before"], payload["after"]) == (before, repo.sha("topic"))
    shas = [commit["id"] for commit in payload["commits"]]
    assert len(shas) == 3
    assert shas[-2:] == [*news, repo.sha("topic")]
    assert payload["head_commit"]["id"] == repo.sha("topic")
    assert payload["head_commit"]["message"] == "Auto-merged main into topic on deployment."
    assert payload["pusher"]["name"] == "octocat"


def test_statuses_of_the_old_head_do_not_count_for_the_merge_commit(http: requests.Session, repo: Repository) -> None:
    """After an auto-merge, the merge commit needs commit statuses of its own."""
    repo.add_branch("topic", behind=1)
    repo.add_commit_status("topic", state="failure", context="ci")
    assert http.post(PATH, json={"ref": "topic"}).status_code == 202
    repo.add_commit_status("topic", state="pending", context="ci")
    reply = http.post(PATH, json={"ref": "topic"})
    assert (reply.status_code, reply.json()["message"]) == (409, "Conflict: Commit status checks failed for topic.")


@pytest.mark.parametrize("ref", ["topic", "refs/heads/topic"])
def test_a_branch_that_conflicts_is_refused(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], ref: str
) -> None:
    """GitHub's 409 quotes the default branch and the ref and has no errors."""
    repo.add_branch("topic")
    repo.add_merge_conflict("topic")
    before = snapshot()
    reply = http.post(PATH, json={"ref": ref})
    assert reply.status_code == 409
    assert list(reply.json().items()) == [
        ("message", f"Conflict merging main into {ref}."),
        ("documentation_url", CREATE_DOCS),
        ("status", "409"),
    ]
    assert snapshot() == before
    assert "auto_merge=false" in reply.headers["X-GHDeploy-Hint"]


@pytest.mark.parametrize("kind", ["sha", "tag", "refs/tags"])
def test_a_tag_or_sha_that_is_behind_is_a_conflict(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], kind: str
) -> None:
    """A merge commit needs a branch, so the response is a 409 even if the merge would be clean."""
    sha = repo.sha("main")
    repo.add_tag("v1", "main")
    repo.add_commit("main")
    ref = {"sha": sha, "tag": "v1", "refs/tags": "refs/tags/v1"}[kind]
    before = snapshot()
    reply = http.post(PATH, json={"ref": ref})
    assert (reply.status_code, reply.json()["message"]) == (409, f"Conflict merging main into {ref}.")
    assert snapshot() == before
    assert _create(http, ref=ref)["sha"] == sha


def test_a_tag_or_sha_ahead_of_the_default_branch_is_deployed(http: requests.Session, repo: Repository) -> None:
    """A ref that contains the default branch needs no merge."""
    repo.add_branch("topic")
    sha = repo.add_commit("topic")
    repo.add_tag("v1", "topic")
    for ref in ("v1", sha):
        assert http.post(PATH, json={"ref": ref}).json()["sha"] == sha


def test_auto_merge_false_deploys_a_ref_that_is_behind(http: requests.Session, repo: Repository) -> None:
    """Nothing is merged, and conflicts do not matter."""
    repo.add_branch("topic")
    repo.add_merge_conflict("topic")
    sha = repo.sha("topic")
    assert _create(http, ref="topic")["sha"] == sha
    assert repo.sha("topic") == sha


def test_the_default_branch_is_merged_into_production_branches_too(
    http: requests.Session, ghdeploy: FakeGitHub
) -> None:
    """Deploying a long-lived branch master while develop is the default merges develop into master."""
    repo = ghdeploy.add_repository("octocat/flow", default_branch="develop")
    repo.add_branch("master", behind=1)
    reply = http.post("/repos/octocat/flow/deployments", json={"ref": "master"})
    assert reply.status_code == 202
    assert reply.json() == {"message": "Auto-merged develop into master on deployment."}


# required_contexts


def _failed_contexts(ref: str, *contexts: tuple[str, str]) -> list[tuple[str, object]]:
    listed = [{"context": context, "state": state} for context, state in contexts]
    error = {"contexts": listed, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}
    return [
        ("message", f"Conflict: Commit status checks failed for {ref}."),
        ("errors", [error]),
        ("documentation_url", CREATE_DOCS),
        ("status", "409"),
    ]


def test_every_context_must_be_successful_by_default(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """The 409 lists all contexts, including successful ones and repeated names, commit statuses before check runs."""
    repo.add_branch("feature/abc")
    repo.add_commit_status("feature/abc", state="success", context="lint")
    repo.add_commit_status("feature/abc", state="pending", context="CodeRabbit")
    repo.add_check_run("feature/abc", name="main", check_suite="one")
    repo.add_check_run("feature/abc", name="main", check_suite="two")
    before = snapshot()
    reply = http.post(PATH, json={"ref": "feature/abc"})
    assert reply.status_code == 409
    assert list(reply.json().items()) == _failed_contexts(
        "feature/abc", ("lint", "success"), ("CodeRabbit", "pending"), ("main", "success"), ("main", "success")
    )
    assert list(reply.json()["errors"][0]) == ["contexts", "resource", "field", "code"]
    assert list(reply.json()["errors"][0]["contexts"][0]) == ["context", "state"]
    assert snapshot() == before
    assert "CodeRabbit is pending" in reply.headers["X-GHDeploy-Hint"]


@pytest.mark.parametrize("ref", ["main", "refs/heads/main", "sha"])
def test_the_message_has_the_ref_as_sent(http: requests.Session, repo: Repository, ref: str) -> None:
    """A branch, a full ref or a SHA is quoted unchanged."""
    ref = repo.sha("main") if ref == "sha" else ref
    repo.add_commit_status("main", state="error", context="ci")
    reply = http.post(PATH, json={"ref": ref})
    assert list(reply.json().items()) == _failed_contexts(ref, ("ci", "error"))


@pytest.mark.parametrize("state", ["pending", "failure", "error"])
def test_a_commit_status_that_is_not_success_blocks(http: requests.Session, repo: Repository, state: Any) -> None:  # noqa: ANN401 - a state
    """Only the latest state of a context counts."""
    repo.add_commit_status("main", state="success", context="ci")
    repo.add_commit_status("main", state=state, context="CI")
    assert http.post(PATH, json={"ref": "main"}).status_code == 409
    repo.add_commit_status("main", state="success", context="ci")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


@pytest.mark.parametrize(
    ("status", "conclusion", "shown"),
    [
        ("completed", "failure", "failure"),
        ("completed", "skipped", "skipped"),
        ("completed", "cancelled", "cancelled"),
        ("completed", "neutral", "neutral"),
        ("completed", "stale", "stale"),
        ("completed", "timed_out", "timed_out"),
        ("completed", "action_required", "action_required"),
        ("in_progress", None, "pending"),
        ("queued", None, "pending"),
    ],
)
def test_a_check_run_blocks_unless_its_conclusion_is_success(
    http: requests.Session,
    repo: Repository,
    status: Any,  # noqa: ANN401 - a status
    conclusion: Any,  # noqa: ANN401 - a conclusion
    shown: str,
) -> None:
    """Skipped and cancelled runs block too. An unfinished one is pending."""
    repo.add_check_run("main", name="test (20)", status=status, conclusion=conclusion)
    reply = http.post(PATH, json={"ref": "main"})
    assert list(reply.json().items()) == _failed_contexts("main", ("test (20)", shown))
    repo.add_check_run("main", name="test (20)")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


@pytest.mark.ghdeploy(neutral_passes=True)
def test_neutral_does_not_block_with_neutral_passes(http: requests.Session, repo: Repository) -> None:
    """A skipped check run still blocks."""
    repo.add_check_run("main", name="a", conclusion="neutral")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201
    repo.add_check_run("main", name="b", conclusion="skipped")
    assert http.post(PATH, json={"ref": "main"}).status_code == 409


def test_a_commit_without_reports_is_deployed(http: requests.Session) -> None:
    """It has neither commit statuses nor check runs, and no context is required."""
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


def test_reports_on_another_commit_do_not_count(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Reports on its parent or in another repository do not matter."""
    repo.add_commit_status("main", state="failure", context="ci")
    repo.add_commit("main")
    other = ghdeploy.add_repository("octocat/other")
    other.add_commit_status("main", state="failure", context="ci")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


def test_an_empty_list_of_required_contexts_requires_none(http: requests.Session, repo: Repository) -> None:
    """With [], failed contexts do not block."""
    repo.add_commit_status("main", state="failure", context="ci")
    repo.add_check_run("main", name="build", conclusion="failure")
    assert http.post(PATH, json={"ref": "main", "required_contexts": []}).status_code == 201


def test_only_the_listed_contexts_are_required(http: requests.Session, repo: Repository) -> None:
    """Other contexts neither block nor appear in the 409."""
    repo.add_commit_status("main", state="failure", context="flaky")
    repo.add_commit_status("main", state="success", context="ci")
    repo.add_check_run("main", name="build")
    assert http.post(PATH, json={"ref": "main", "required_contexts": ["ci", "build"]}).status_code == 201
    reply = http.post(PATH, json={"ref": "main", "required_contexts": ["ci", "flaky"]})
    assert list(reply.json().items()) == _failed_contexts("main", ("ci", "success"), ("flaky", "failure"))


def test_a_context_that_was_never_reported_is_pending(http: requests.Session, repo: Repository) -> None:
    """A required context without a report blocks."""
    repo.add_commit_status("main", state="success", context="ci")
    reply = http.post(PATH, json={"ref": "main", "required_contexts": ["ci", "security/scan"]})
    assert list(reply.json().items()) == _failed_contexts("main", ("ci", "success"), ("security/scan", "pending"))


def test_required_contexts_are_compared_without_case(http: requests.Session, repo: Repository) -> None:
    """A context in another case is the same."""
    repo.add_commit_status("main", state="success", context="CI/Tests")
    assert http.post(PATH, json={"ref": "main", "required_contexts": ["ci/tests"]}).status_code == 201


@pytest.mark.ghdeploy(list_all_contexts=True)
def test_all_contexts_are_listed_with_list_all_contexts(http: requests.Session, repo: Repository) -> None:
    """The 409 also lists contexts that were not required."""
    repo.add_commit_status("main", state="success", context="other")
    repo.add_commit_status("main", state="failure", context="ci")
    reply = http.post(PATH, json={"ref": "main", "required_contexts": ["ci"]})
    contexts = reply.json()["errors"][0]["contexts"]
    assert {"context": "other", "state": "success"} in contexts
    assert {"context": "ci", "state": "failure"} in contexts


@pytest.mark.ghdeploy(list_all_contexts=True)
def test_a_context_that_was_never_reported_is_listed_with_all_others(http: requests.Session, repo: Repository) -> None:
    """With list_all_contexts, a blocking context is listed even if nobody has reported it."""
    repo.add_commit_status("main", state="success", context="other")
    reply = http.post(PATH, json={"ref": "main", "required_contexts": ["scan"]})
    assert {"context": "scan", "state": "pending"} in reply.json()["errors"][0]["contexts"]


# The order of the checks


def _scene(repo: Repository) -> None:
    repo.add_branch("behind", behind=1)
    repo.add_branch("clash")
    repo.add_branch("red")
    for name in ("behind", "clash", "red"):
        repo.add_commit_status(name, state="failure", context="ci")
    repo.add_merge_conflict("clash")
    repo.add_commit_status("clash", state="failure", context="ci")
    graph = repo._graph
    graph.branches["red"] = graph.branches["main"]
    repo.add_commit("red")
    repo.add_commit_status("red", state="failure", context="ci")


LONG = "x" * 256


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/repos/octocat/nope/deployments", b"{", 404, "Not Found"),
        ("/repos/octocat/nope/deployments", b"{}", 404, "Not Found"),
        (PATH, b'{"ref": 1', 400, "Problems parsing JSON"),
        (PATH, b'[{"ref": 1}]', 400, "Body should be a JSON object"),
        (PATH, {"ref": "nope", "task": 1}, 422, "Invalid request.\n\nFor 'properties/task', 1 is not a string."),
        (PATH, {"ref": "behind", "task": 1}, 422, "Invalid request.\n\nFor 'properties/task', 1 is not a string."),
        (PATH, {"ref": "red", "task": []}, 422, "Invalid request.\n\nFor 'properties/task', [] is not a string."),
        (PATH, {"ref": "nope", "environment": LONG}, 422, "No ref found for: nope"),
        (PATH, {"ref": "nope", "required_contexts": ["ci"]}, 422, "No ref found for: nope"),
        (PATH, {"ref": "behind"}, 202, "Auto-merged main into behind on deployment."),
        (PATH, {"ref": "behind", "environment": LONG}, 202, "Auto-merged main into behind on deployment."),
        (PATH, {"ref": "behind", "required_contexts": ["x"]}, 202, "Auto-merged main into behind on deployment."),
        (PATH, {"ref": "clash"}, 409, "Conflict merging main into clash."),
        (PATH, {"ref": "clash", "environment": LONG}, 409, "Conflict merging main into clash."),
        (PATH, {"ref": "clash", "auto_merge": False}, 409, "Conflict: Commit status checks failed for clash."),
        (PATH, {"ref": "red", "environment": LONG}, 409, "Conflict: Commit status checks failed for red."),
        (PATH, {"ref": "red", "environment": LONG, "required_contexts": []}, 422, "Validation Failed"),
    ],
)
def test_the_first_problem_in_githubs_order_is_reported(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    path: str,
    body: dict[str, Any] | bytes,
    status: int,
    message: str,
) -> None:
    """The order is repository, JSON, shape, ref, auto-merge, contexts, limits."""
    _scene(repo)
    before = snapshot()
    reply = http.post(path, data=body if isinstance(body, bytes) else json.dumps(body))
    assert (reply.status_code, reply.json()["message"]) == (status, message)
    assert (snapshot() == before) is (status != 202)


@pytest.mark.ghdeploy(contexts_before_merge=True)
def test_contexts_are_checked_first_with_contexts_before_merge(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """A branch that is behind is refused if its contexts fail, and merged otherwise."""
    _scene(repo)
    before = snapshot()
    for ref in ("behind", "clash"):
        reply = http.post(PATH, json={"ref": ref})
        assert reply.json()["message"] == f"Conflict: Commit status checks failed for {ref}."
    assert snapshot() == before
    assert http.post(PATH, json={"ref": "behind", "required_contexts": []}).status_code == 202
    reply = http.post(PATH, json={"ref": "clash", "required_contexts": []})
    assert reply.json()["message"] == "Conflict merging main into clash."


def test_a_too_long_environment_is_a_validation_error(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """The limit is 255 characters."""
    assert _create(http, environment="x" * 255)["environment"] == "x" * 255
    before = snapshot()
    reply = http.post(PATH, json={"ref": "main", "environment": LONG})
    assert reply.status_code == 422
    assert list(reply.json().items()) == [
        ("message", "Validation Failed"),
        (
            "errors",
            [
                {
                    "resource": "Deployment",
                    "code": "custom",
                    "field": "environment",
                    "message": "environment is too long (maximum is 255 characters)",
                }
            ],
        ),
        ("documentation_url", CREATE_DOCS),
        ("status", "422"),
    ]
    assert snapshot() == before


@pytest.mark.parametrize("limited", [True, False])
def test_a_payload_has_a_limit(ghdeploy_factory: Callable[..., FakeGitHub], *, limited: bool) -> None:
    """A payload of a megabyte is refused by default and accepted with payload_limit=0."""
    import requests

    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3", **({} if limited else {"payload_limit": 0}))
    fake.add_repository("octocat/example")
    with requests.Session() as session:
        session.headers["Authorization"] = "token any"
        reply = session.post(f"{fake.base_url}{PATH}", json={"ref": "main", "payload": "x" * 1_000_000})
    if limited:
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "payload")
    else:
        assert (reply.status_code, reply.json()["payload"]) == (201, "x" * 1_000_000)


# List


def test_deployments_are_listed_newest_first(http: requests.Session) -> None:
    """The list shows every deployment of the repository in its current state."""
    created = [_create(http, environment=name) for name in ("a", "b", "c")]
    reply = http.get(PATH)
    assert reply.json() == created[::-1]
    assert "Link" not in reply.headers


def test_an_empty_list_is_an_empty_array(http: requests.Session) -> None:
    """The body is two characters long."""
    reply = http.get(PATH)
    assert (reply.status_code, reply.content, reply.headers["Content-Length"]) == (200, b"[]", "2")


def test_deployments_of_another_repository_are_not_listed(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Each repository has its own list."""
    ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    assert http.get(PATH).json() == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("environment=staging", [3, 1]),
        ("environment=Staging", [3, 1]),
        ("environment=stag", []),
        ("environment=none", [2]),
        ("environment=", [4, 3, 2, 1, 0]),
        ("environment=staging&ref=&page=0&per_page=100", [3, 1]),  # strumwolf/delete-deployment-environment
        ("ref=main", [3, 2, 0]),
        ("ref=refs/heads/main", [1]),
        ("ref=refs%2Fheads%2Fmain", [1]),
        ("ref=topic", [4]),
        ("task=migrate", [3]),
        ("task=deploy", [4, 2, 1, 0]),
        ("sha={main}", [3, 2, 1, 0]),
        ("sha={topic}", [4]),
        ("sha=main", []),
        ("environment=staging&task=deploy", [1]),
        ("environment=staging&task=deploy&ref=main", []),
        ("environment=staging&task=migrate&ref=main&sha={main}", [3]),
        ("environment=staging&sha={topic}", []),
        ("unknown=1", [4, 3, 2, 1, 0]),
        ("id=1", [4, 3, 2, 1, 0]),
        ("state=success", [4, 3, 2, 1, 0]),
    ],
)
def test_filters_are_exact_and_must_all_match(
    http: requests.Session, repo: Repository, query: str, expected: list[int]
) -> None:
    """
    Ref as sent, task and SHA are compared exactly, the environment without case. ``none`` is an ordinary name.

    Source:
        For the environment, https://docs.github.com/actions/deployment/targeting-different-environments.
    """
    repo.add_branch("topic")
    topic = repo.add_commit("topic")
    ids = [
        _create(http)["id"],
        _create(http, ref="refs/heads/main", environment="staging")["id"],
        _create(http, environment="none")["id"],
        _create(http, environment="staging", task="migrate")["id"],
        _create(http, ref="topic", environment="qa")["id"],
    ]
    query = query.format(main=repo.sha("main"), topic=topic)
    assert _ids(http.get(f"{PATH}?{query}")) == [ids[place] for place in expected]


def test_the_environment_filter_uses_the_current_environment(http: requests.Session) -> None:
    """A deployment moved by a status is found in its new environment only."""
    deployment = _create(http, environment="staging")
    assert _ids(http.get(f"{PATH}?environment=staging")) == [deployment["id"]]
    _post_status(http, deployment, "in_progress", environment="qa")
    assert _ids(http.get(f"{PATH}?environment=staging")) == []
    assert _ids(http.get(f"{PATH}?environment=qa")) == [deployment["id"]]


# Pages


def _links(reply: requests.Response) -> list[tuple[str, str]]:
    """Parse the Link header without the help of requests, into pairs of relation and URL."""
    parts = [part.split("; ") for part in reply.headers["Link"].split(", ")]
    return [(relation.removeprefix('rel="').removesuffix('"'), url.strip("<>")) for url, relation in parts]


@pytest.mark.parametrize(
    ("page", "items", "links"),
    [
        (1, 2, [("next", 2), ("last", 5)]),
        (2, 2, [("prev", 1), ("next", 3), ("last", 5), ("first", 1)]),
        (4, 2, [("prev", 3), ("next", 5), ("last", 5), ("first", 1)]),
        (5, 1, [("prev", 4), ("first", 1)]),
        (6, 0, [("prev", 5), ("first", 1)]),
        (100, 0, [("prev", 5), ("first", 1)]),
        (99_999_999_999_999, 0, [("prev", 5), ("first", 1)]),
    ],
)
def test_links_lead_from_page_to_page(
    http: requests.Session, repo: Repository, page: int, items: int, links: list[tuple[str, int]]
) -> None:
    """The relations are prev, next, last and first, if they lead elsewhere. A page beyond the end is empty."""
    for _ in range(9):
        repo.add_deployment(ref="main")
    reply = http.get(f"{PATH}?per_page=2&page={page}")
    assert len(_ids(reply)) == items
    base = f"{API}/repositories/{repo.id}/deployments?per_page=2&page="
    assert _links(reply) == [(relation, f"{base}{number}") for relation, number in links]


def test_following_the_links_gives_every_deployment_once(http: requests.Session, repo: Repository) -> None:
    """Following next from the first page lists every deployment once, newest first."""
    created = [repo.add_deployment(ref="main").id for _ in range(7)]
    url, listed_ids = f"{PATH}?per_page=3", []
    while url:
        reply = http.get(url)
        listed_ids += _ids(reply)
        url = dict(_links(reply)).get("next", "")
    assert listed_ids == created[::-1]


def test_links_keep_the_query_in_its_order(http: requests.Session, repo: Repository) -> None:
    """Parameters stay unchanged and in place. page is replaced in place or added at the end."""
    for _ in range(5):
        repo.add_deployment(ref="main", environment="a b")
    base = f"{API}/repositories/{repo.id}/deployments"
    reply = http.get(f"{PATH}?page=2&environment=a%20b&x=&per_page=2&ref=main")
    assert _links(reply) == [
        (relation, f"{base}?page={number}&environment=a%20b&x=&per_page=2&ref=main")
        for relation, number in (("prev", 1), ("next", 3), ("last", 3), ("first", 1))
    ]
    reply = http.get(f"{PATH}?per_page=2&environment=a+b")
    assert _links(reply)[0] == ("next", f"{base}?per_page=2&environment=a+b&page=2")


@pytest.mark.parametrize(
    ("query", "items"),
    [
        ("", 30),
        ("?per_page=1", 1),
        ("?per_page=30", 30),
        ("?per_page=100", 100),
        ("?per_page=101", 100),
        ("?per_page=1000", 100),
        ("?per_page=99999999999999", 100),
        ("?per_page=0", 30),
        ("?per_page=-1", 30),
        ("?per_page=abc", 30),
        ("?per_page=", 30),
        ("?per_page=1.5", 30),
        ("?page=0", 30),
        ("?page=-1", 30),
        ("?page=abc", 30),
    ],
)
def test_a_page_has_30_items_by_default_and_at_most_100(
    http: requests.Session, repo: Repository, query: str, items: int
) -> None:
    """Zero, negative and invalid values give the default of 30, and page 1."""
    created = [repo.add_deployment(ref="main").id for _ in range(items + 2)]
    assert _ids(http.get(PATH + query)) == created[::-1][:items]


def test_pages_are_made_from_the_filtered_list(http: requests.Session, repo: Repository) -> None:
    """Filters apply before pages."""
    wanted = [repo.add_deployment(ref="main", environment=("a", "b")[number % 2]) for number in range(6)][::2]
    reply = http.get(f"{PATH}?environment=a&per_page=2&page=2")
    assert _ids(reply) == [wanted[0].id]
    assert [relation for relation, _ in _links(reply)] == ["prev", "first"]


# Get


@pytest.mark.parametrize("wanted", ["1", "0", "-1", "abc", "1e3", "9" * 30, "%20", "１"])  # noqa: RUF001 - a full-width digit
def test_an_unknown_deployment_is_not_found(http: requests.Session, wanted: str) -> None:
    """So is an id that is not a number. The 404 links to the documentation of the operation."""
    reply = http.get(f"{PATH}/{wanted}")
    assert reply.status_code == 404
    assert list(reply.json().items()) == [
        ("message", "Not Found"),
        ("documentation_url", f"{DOCS}#get-a-deployment"),
        ("status", "404"),
    ]


def test_a_deployment_of_another_repository_is_not_found(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Reading, reporting and deleting are a 404. The hint names its repository."""
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    for reply in (
        http.get(f"{PATH}/{other.id}"),
        http.delete(f"{PATH}/{other.id}"),
        http.get(f"{PATH}/{other.id}/statuses"),
        http.post(f"{PATH}/{other.id}/statuses", json={"state": "success"}),
    ):
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert "octocat/other" in reply.headers["X-GHDeploy-Hint"]
    assert other.state is None


# Delete


def test_a_deleted_deployment_is_gone(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The response is a 204 without a body. No event is dispatched, and the statuses are deleted too."""
    kept, deleted = _create(http), _create(http)
    _post_status(http, deleted, "failure")
    events = len(ghdeploy.events)
    reply = http.delete(deleted["url"])
    assert (reply.status_code, reply.content) == (204, b"")
    assert "Content-Type" not in reply.headers
    assert len(ghdeploy.events) == events
    assert http.get(deleted["url"]).status_code == 404
    assert http.get(deleted["statuses_url"]).status_code == 404
    assert http.delete(deleted["url"]).status_code == 404
    assert _ids(http.get(PATH)) == [kept["id"]]
    assert list(repo._store.deployment_statuses) == []
    assert _create(http)["id"] > deleted["id"]


REFUSAL = "We cannot delete an active deployment unless it is the only deployment in a given environment."


def test_an_active_deployment_cannot_be_deleted_if_others_exist(
    http: requests.Session, snapshot: Callable[[], object]
) -> None:
    """The 422 has no errors, and nothing changes. After an inactive status it can be deleted."""
    deployment, _ = _create(http), _create(http)
    _post_status(http, deployment, "success")
    before = snapshot()
    reply = http.delete(deployment["url"])
    assert reply.status_code == 422
    assert list(reply.json().items()) == [
        ("message", REFUSAL),
        ("documentation_url", f"{DOCS}#delete-a-deployment"),
        ("status", "422"),
    ]
    assert snapshot() == before
    _post_status(http, deployment, "inactive")
    assert http.delete(deployment["url"]).status_code == 204


@pytest.mark.parametrize("state", [None, "error", "failure", "inactive", "in_progress", "queued", "pending"])
def test_an_inactive_deployment_can_be_deleted(http: requests.Session, state: str | None) -> None:
    """Every state but success allows it, and so does having no status."""
    _create(http)
    deployment = _create(http)
    if state:
        _post_status(http, deployment, state)
    assert http.delete(deployment["url"]).status_code == 204


def test_an_active_deployment_can_be_deleted_if_it_is_the_only_one_in_its_environment(http: requests.Session) -> None:
    """Deployments to other environments do not count."""
    _create(http, environment="staging")
    deployment = _create(http)
    _post_status(http, deployment, "success")
    assert http.delete(deployment["url"]).status_code == 204


def test_deleting_considers_the_current_environment(http: requests.Session) -> None:
    """After a status has moved a deployment, its former environment does not count."""
    _create(http, environment="staging")
    deployment = _create(http, environment="staging")
    _post_status(http, deployment, "success", environment="qa")
    assert http.delete(deployment["url"]).status_code == 204
    deployment = _create(http, environment="qa")
    _post_status(http, deployment, "success", environment="staging")
    assert http.delete(deployment["url"]).json()["message"] == REFUSAL


def test_environments_are_compared_without_case(http: requests.Session) -> None:
    """
    `qa` and `QA` are one environment in lists, for auto_inactive and for a deletion. Each keeps its spelling.

    Source:
        GitHub's documentation says that the names of environments are not case sensitive.
    """
    older, newer = _create(http, environment="qa"), _create(http, environment="QA")
    for name in ("qa", "QA", "Qa"):
        listed = http.get(PATH, params={"environment": name}).json()
        assert [(row["id"], row["environment"]) for row in listed] == [(newer["id"], "QA"), (older["id"], "qa")]
    environments = http.get(f"{REPO}/environments").json()["environments"]
    assert [row["name"] for row in environments] == ["qa"]

    _post_status(http, older, "success")
    _post_status(http, newer, "success")
    assert [row["state"] for row in http.get(older["statuses_url"]).json()] == ["inactive", "success"]
    assert http.delete(newer["url"]).json()["message"] == REFUSAL
    assert http.delete(older["url"]).status_code == 204
    assert http.delete(newer["url"]).status_code == 204


def test_a_status_moves_a_deployment_to_an_environment_in_any_case(http: requests.Session) -> None:
    """Moved to `Staging`, it is a deployment to staging, where a later success retires it."""
    moved = _create(http, environment="qa")
    _post_status(http, moved, "success", environment="Staging")
    assert _ids(http.get(f"{PATH}?environment=STAGING")) == [moved["id"]]
    assert http.get(f"{PATH}?environment=qa").json() == []
    _post_status(http, _create(http, environment="staging"), "success")
    assert http.get(moved["statuses_url"]).json()[0]["state"] == "inactive"


def test_only_the_exact_name_is_production(http: requests.Session) -> None:
    """The default of production_environment is the one thing that the case of an environment decides."""
    names = ("production", "Production", "PRODUCTION")
    found = [_create(http, environment=name)["production_environment"] for name in names]
    assert found == [True, False, False]


@pytest.mark.ghdeploy(delete_per_repository=True)
def test_an_active_deployment_must_be_the_only_one_with_delete_per_repository(
    http: requests.Session, ghdeploy: FakeGitHub
) -> None:
    """Other environments of the repository count then, other repositories do not."""
    ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    other, deployment = _create(http, environment="staging"), _create(http)
    _post_status(http, deployment, "success")
    assert http.delete(deployment["url"]).status_code == 422
    assert http.delete(other["url"]).status_code == 204
    assert http.delete(deployment["url"]).status_code == 204


def test_a_superseded_deployment_can_be_deleted(http: requests.Session) -> None:
    """A newer success has made it inactive."""
    old, new = _create(http, environment="staging"), _create(http, environment="staging")
    for deployment in (old, new):
        _post_status(http, deployment, "success")
    assert http.delete(new["url"]).status_code == 422
    assert http.delete(old["url"]).status_code == 204


# Other paths


def test_every_route_is_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} give the same objects with the same URLs."""
    by_id = f"/repositories/{repo.id}/deployments"
    reply = http.post(by_id, json={"ref": "main"})
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"{API}{PATH}/{reply.json()['id']}"
    assert http.get(by_id).json() == http.get(PATH).json() == [reply.json()]
    path_of_deployment = f"{by_id}/{reply.json()['id']}"
    assert http.get(path_of_deployment).json() == reply.json()
    assert http.delete(path_of_deployment).status_code == 204


@pytest.mark.parametrize("other", ["1", "abc", "-1", "9" * 30])
def test_an_unknown_repository_id_is_not_found(http: requests.Session, other: str) -> None:
    """The response is a 404."""
    reply = http.get(f"/repositories/{other}/deployments")
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")


@pytest.mark.parametrize("name", ["OctoCat/Example", "OCTOCAT/EXAMPLE", "octocat/EXAMPLE"])
def test_owner_and_name_are_found_in_any_case(http: requests.Session, name: str) -> None:
    """URLs in the response have the spelling of the repository."""
    reply = http.post(f"/repos/{name}/deployments", json={"ref": "main"})
    assert reply.status_code == 201
    assert reply.json()["url"].startswith(f"{API}{PATH}/")
    assert http.get(f"/repos/{name}/deployments").json() == [reply.json()]


def test_head_is_get_without_a_body(http: requests.Session) -> None:
    """HEAD returns the headers of GET."""
    _create(http)
    get, head = http.get(PATH), http.head(PATH)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.content))


def test_the_hint_distinguishes_a_context_that_was_never_reported(http: requests.Session, repo: Repository) -> None:
    """GitHub's body calls it pending, like one that was reported as pending."""
    body = {"ref": "main", "required_contexts": ["ci/tests", "ci/lint", "CI/build"]}
    reply = http.post(PATH, json=body)
    end = "required_contexts=[] deploys it regardless"
    assert reply.headers["X-GHDeploy-Hint"].endswith(
        ": ci/tests was never reported, ci/lint was never reported, CI/build was never reported; "
        f"reported contexts: none; {end}"
    )
    repo.add_commit_status("main", state="pending", context="ci/build")
    repo.add_commit_status("main", state="success", context="ci/test")
    reply = http.post(PATH, json=body)
    assert [context["state"] for context in reply.json()["errors"][0]["contexts"]] == ["pending"] * 3
    assert reply.headers["X-GHDeploy-Hint"].endswith(
        ": ci/tests was never reported, ci/lint was never reported, ci/build is pending; "
        f"reported contexts: ci/build, ci/test; {end}"
    )
    reply = http.post(PATH, json={"ref": "main"})
    assert reply.headers["X-GHDeploy-Hint"].endswith(f"the commit of main: ci/build is pending; {end}")
