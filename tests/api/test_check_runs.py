"""Check runs: over REST and from Python, in events and as required contexts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from client import API, REPO, stored

from pytest_ghdeploy import FakeError, FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import Repository

PATH = f"{REPO}/deployments"
DOCS = "https://docs.github.com/rest"


def _contexts(http: requests.Session, ref: str = "main") -> list[tuple[str, str]]:
    """Create a deployment that is refused, and return the contexts from the refusal."""
    reply = http.post(PATH, json={"ref": ref, "auto_merge": False})
    assert reply.status_code == 409, reply.text
    (error,) = reply.json()["errors"]
    return [(context["context"], context["state"]) for context in error["contexts"]]


def test_a_newer_run_replaces_an_older_one_of_its_name(http: requests.Session, repo: Repository) -> None:
    """Only the latest run of a name in a suite counts."""
    repo.add_check_run("main", name="build", conclusion="success")
    repo.add_check_run("main", name="build", status="in_progress")
    assert _contexts(http) == [("build", "pending")]


def test_runs_of_a_name_in_two_suites_both_count(http: requests.Session, repo: Repository) -> None:
    """Two workflows may have a job of the same name. Both are listed, and either blocks."""
    repo.add_check_run("main", name="main", check_suite="a", conclusion="success")
    repo.add_check_run("main", name="main", check_suite="b", conclusion="failure")
    assert sorted(_contexts(http)) == [("main", "failure"), ("main", "success")]
    repo.add_check_run("main", name="main", check_suite="b", conclusion="success")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


def test_a_check_run_and_a_commit_status_of_one_name_both_count(http: requests.Session, repo: Repository) -> None:
    """Neither replaces the other."""
    repo.add_check_run("main", name="ci", conclusion="success")
    repo.add_commit_status("main", state="failure", context="ci")
    assert _contexts(http) == [("ci", "failure"), ("ci", "success")]


def test_check_runs_come_after_commit_statuses_and_oldest_first(http: requests.Session, repo: Repository) -> None:
    """The contexts are in the order of their first reports, commit statuses before check runs."""
    repo.add_check_run("main", name="b", conclusion="failure")
    repo.add_check_run("main", name="a")
    repo.add_commit_status("main", state="success", context="z")
    assert _contexts(http) == [("z", "success"), ("b", "failure"), ("a", "success")]


def test_a_check_run_belongs_to_its_commit(http: requests.Session, repo: Repository) -> None:
    """A run on one commit does not count for the next commit."""
    repo.add_check_run("main", name="build", conclusion="failure")
    repo.add_commit("main")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


@pytest.mark.parametrize(
    ("status", "conclusion", "actions"),
    [
        ("queued", None, ["created"]),
        ("in_progress", None, ["created"]),
        ("completed", "success", ["created", "completed"]),
        ("completed", "failure", ["created", "completed"]),
    ],
)
def test_a_check_run_dispatches_its_events(
    repo: Repository,
    ghdeploy: FakeGitHub,
    status: Any,  # noqa: ANN401 - a status
    conclusion: Any,  # noqa: ANN401 - a conclusion
    actions: list[str],
) -> None:
    """Each run dispatches created, and a completed one also completed, with its suite and app."""
    run = repo.add_check_run("main", name="build", status=status, conclusion=conclusion)
    assert [(event.name, event.action) for event in ghdeploy.events] == [("check_run", action) for action in actions]
    event_payload = ghdeploy.events[-1].payload["check_run"]
    assert (event_payload["id"], event_payload["name"], event_payload["status"], event_payload["conclusion"]) == (
        run.id,
        "build",
        status,
        conclusion,
    )
    assert (event_payload["head_sha"], event_payload["check_suite"]["head_sha"]) == (repo.sha("main"), repo.sha("main"))
    assert event_payload["app"]["slug"] == "github-actions"
    assert (event_payload["completed_at"] is None) is (status != "completed")


@pytest.mark.parametrize("status", ["waiting", "requested", "pending"])
def test_states_that_only_github_sets_can_be_set_from_python(
    http: requests.Session,
    repo: Repository,
    ghdeploy: FakeGitHub,
    status: Any,  # noqa: ANN401 - a status
) -> None:
    """A run that GitHub Actions holds back is shown as such and counts as pending."""
    run = repo.add_check_run("main", name="build", status=status)
    assert ghdeploy.events[-1].payload["check_run"]["status"] == status
    assert http.get(f"{REPO}/check-runs/{run.id}").json()["status"] == status
    assert _contexts(http) == [("build", "pending")]


def test_an_unfinished_check_run_has_no_conclusion(repo: Repository) -> None:
    """The default conclusion applies to completed runs only."""
    assert repo.add_check_run("main", name="build", status="in_progress").conclusion is None
    assert repo.add_check_run("main", name="build").conclusion == "success"


def test_runs_of_a_commit_share_a_suite(repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Runs of another workflow or on another commit belong to another suite."""
    suites = [
        repo.add_check_run("main", name="a").check_suite.id,
        repo.add_check_run("main", name="b").check_suite.id,
        repo.add_check_run("main", name="a", check_suite="other").check_suite.id,
    ]
    repo.add_commit("main")
    suites.append(repo.add_check_run("main", name="a").check_suite.id)
    assert suites[0] == suites[1]
    assert len(set(suites)) == 3
    assert len({event.payload["check_run"]["check_suite"]["id"] for event in ghdeploy.events}) == 3


# Over REST


def _create(http: requests.Session, sha: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(f"{REPO}/check-runs", json={"name": "build", "head_sha": sha} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _update(http: requests.Session, run: dict[str, Any], **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.patch(f"{REPO}/check-runs/{run['id']}", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _told(ghdeploy: FakeGitHub) -> list[tuple[str | None, str]]:
    return [(event.action, event.payload["check_run"]["status"]) for event in ghdeploy.events.named("check_run")]


def test_a_check_run_has_githubs_fields_in_githubs_order(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """By default, a run is queued, started now and reported by GitHub Actions. Only the id of its suite is shown."""
    sha, now = repo.sha("main"), ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    reply = http.post(f"{REPO}/check-runs", json={"name": "build", "head_sha": sha})
    assert reply.status_code == 201
    body = reply.json()
    url = f"{API}{REPO}/check-runs/{body['id']}"
    app, suite, node_id = body.pop("app"), body.pop("check_suite"), body.pop("node_id")
    assert list(body.items()) == [
        ("id", body["id"]),
        ("name", "build"),
        ("head_sha", sha),
        ("external_id", ""),
        ("url", url),
        ("html_url", f"https://github.com/octocat/example/runs/{body['id']}"),
        ("details_url", f"https://github.com/octocat/example/runs/{body['id']}"),
        ("status", "queued"),
        ("conclusion", None),
        ("started_at", now),
        ("completed_at", None),
        (
            "output",
            {
                "title": None,
                "summary": None,
                "text": None,
                "annotations_count": 0,
                "annotations_url": f"{url}/annotations",
            },
        ),
        ("pull_requests", []),
    ]
    assert (app["slug"], list(suite), node_id[:3]) == ("github-actions", ["id"], "CR_")
    assert reply.headers["Location"] == url
    assert http.get(f"{REPO}/check-runs/{body['id']}").json() == reply.json()
    assert _told(ghdeploy) == [("created", "queued")]


ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 2, "annotation_level": "warning", "message": "m"}


def test_the_reported_fields_are_shown(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Details, external id, times and output are returned, and annotations counted. Actions and images are not."""
    output = {
        "title": "t",
        "summary": "s",
        "text": "x",
        "annotations": [
            ANNOTATION,
            ANNOTATION | {"title": "t", "start_column": 1, "end_column": 2, "raw_details": "r"},
        ],
        "images": [{"alt": "a", "image_url": "https://ci/i.png", "caption": "c"}],
    }
    created = _create(
        http,
        repo.sha("main"),
        details_url="https://ci/1",
        external_id="42",
        status="completed",
        conclusion="neutral",
        started_at="2020-10-20T14:24:31+02:00",
        completed_at="2020-10-20T14:30:00.750Z",
        output=output,
        actions=[{"label": "Fix", "description": "d", "identifier": "fix"}],
        unheard_of=1,
    )
    assert (created["details_url"], created["external_id"], created["conclusion"]) == ("https://ci/1", "42", "neutral")
    assert (created["started_at"], created["completed_at"]) == ("2020-10-20T12:24:31Z", "2020-10-20T14:30:00Z")
    assert created["output"] == {
        "title": "t",
        "summary": "s",
        "text": "x",
        "annotations_count": 2,
        "annotations_url": f"{created['url']}/annotations",
    }
    assert not {"actions", "unheard_of"} & created.keys()
    event_payload = ghdeploy.events[-1].payload["check_run"]
    assert event_payload == created | {"check_suite": event_payload["check_suite"]}
    assert event_payload["check_suite"]["id"] == created["check_suite"]["id"]


@pytest.mark.parametrize("field", ["started_at", "completed_at"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_outside_the_years_1_to_9999_is_refused(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], field: str, text: str
) -> None:
    """The years 0 and 10000 do not exist."""
    created = _create(http, repo.sha("main"))
    before = snapshot()
    body = {"name": "build", "head_sha": repo.sha("main"), "conclusion": "success", field: text}
    for reply in (
        http.post(f"{REPO}/check-runs", json=body),
        http.patch(f"{REPO}/check-runs/{created['id']}", json=body),
    ):
        message = f"Invalid request.\n\n{text} is not a valid date-time."
        assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert snapshot() == before


@pytest.mark.parametrize(
    "conclusion", ["action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out"]
)
@pytest.mark.parametrize("status", [None, "queued", "in_progress", "completed"])
def test_a_conclusion_completes_a_check_run(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, conclusion: str, status: str | None
) -> None:
    """The run is completed now, whatever its status. Created and completed are dispatched."""
    body = {"conclusion": conclusion} | ({"status": status} if status else {})
    created = _create(http, repo.sha("main"), **body)
    assert (created["status"], created["conclusion"]) == ("completed", conclusion)
    assert created["completed_at"] == created["started_at"] == ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert _told(ghdeploy) == [("created", "completed"), ("completed", "completed")]


@pytest.mark.parametrize("sha", ["0" * 40, "main", "v1", "nope", ""])
def test_a_check_run_needs_a_full_sha(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Callable[[], object], sha: str
) -> None:
    """An unknown SHA, a branch and a tag are GitHub's 422 without errors."""
    repo.add_tag("v1", "main")
    before = snapshot()
    reply = http.post(f"{REPO}/check-runs", json={"name": "build", "head_sha": sha})
    assert (reply.status_code, reply.json()) == (
        422,
        {
            "message": f"No commit found for SHA: {sha}",
            "documentation_url": f"{DOCS}/reference/checks#create-a-check-run",
            "status": "422",
        },
    )
    assert ghdeploy.requests[-1].hint == f"octocat/example has no commit {sha!r}; head_sha must be a full SHA"
    assert snapshot() == before


def test_the_sha_of_a_check_run_may_be_in_upper_case(http: requests.Session, repo: Repository) -> None:
    """The response has it in lower case."""
    sha = repo.sha("main")
    assert _create(http, sha.upper())["head_sha"] == sha


STATUSES = '["queued", "in_progress", "completed"]'
CONCLUSIONS = '["action_required", "cancelled", "failure", "neutral", "skipped", "success", "timed_out"]'
LONG_LABEL = {"label": "x" * 21, "description": "", "identifier": ""}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": 1}, "For 'properties/name', 1 is not a string."),
        ({"status": "waiting"}, f"waiting is not a member of {STATUSES}."),
        ({"conclusion": "stale"}, f"stale is not a member of {CONCLUSIONS}."),
        ({"conclusion": 1}, "For 'properties/conclusion', 1 is not a string."),
        ({"started_at": "yesterday"}, "yesterday is not a valid date-time."),
        ({"output": {"title": "t"}}, '"summary" wasn\'t supplied.'),
        ({"output": {"title": "", "summary": "x" * 65_536}}, "Only 65535 characters are allowed; 65536 were supplied."),
        (
            {"output": {"title": "", "summary": "", "annotations": [ANNOTATION] * 51}},
            "No more than 50 items are allowed; 51 were supplied.",
        ),
        (
            {"output": {"title": "", "summary": "", "annotations": [{}]}},
            '"annotation_level", "end_line", "message", "path", "start_line" weren\'t supplied.',
        ),
        ({"actions": [LONG_LABEL]}, "Only 20 characters are allowed; 21 were supplied."),
        ({"actions": [LONG_LABEL | {"label": ""}] * 4}, "No more than 3 items are allowed; 4 were supplied."),
    ],
)
def test_the_shape_of_a_check_run_is_checked(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], body: dict[str, Any], message: str
) -> None:
    """Invalid bodies are refused with the text of the schema check, in a creation and in an update."""
    created = _create(http, repo.sha("main"))
    before = snapshot()
    new = {"name": "build", "head_sha": repo.sha("main")} | body
    create, update = (
        http.post(f"{REPO}/check-runs", json=new),
        http.patch(f"{REPO}/check-runs/{created['id']}", json=body),
    )
    for reply, page in ((create, "reference/checks#create"), (update, "checks/runs#update")):
        assert (reply.status_code, reply.json()) == (
            422,
            {
                "message": f"Invalid request.\n\n{message}",
                "documentation_url": f"{DOCS}/{page}-a-check-run",
                "status": "422",
            },
        )
        assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"status": "completed"}, {"resource": "CheckRun", "field": "conclusion", "code": "missing_field"}),
        (
            {"status": "in_progress", "completed_at": "2020-10-20T14:24:31Z"},
            {"resource": "CheckRun", "field": "conclusion", "code": "missing_field"},
        ),
        (
            {"output": {"title": "t", "summary": "é" * 40_000}},
            {
                "resource": "CheckRun",
                "code": "custom",
                "field": "summary",
                "message": "summary exceeds a maximum bytesize of 65535",
            },
        ),
    ],
)
def test_a_report_that_breaks_a_rule_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, Any],
    error: dict[str, str],
) -> None:
    """A run cannot be completed without a conclusion, and a summary has a limit in bytes."""
    created = _create(http, repo.sha("main"))
    before = snapshot()
    new = {"name": "build", "head_sha": repo.sha("main")} | body
    replies = (
        http.post(f"{REPO}/check-runs", json=new),
        http.patch(f"{REPO}/check-runs/{created['id']}", json=body),
    )
    for reply, page in zip(replies, ("reference/checks#create", "checks/runs#update"), strict=True):
        assert (reply.status_code, reply.json()) == (
            422,
            {
                "message": "Validation Failed",
                "errors": [error],
                "documentation_url": f"{DOCS}/{page}-a-check-run",
                "status": "422",
            },
        )
        assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_a_long_text_is_cut(http: requests.Session, repo: Repository) -> None:
    """The limit is 65,535 bytes, and no character is cut in two."""
    created = _create(http, repo.sha("main"), output={"title": "t", "summary": "s", "text": "é" * 40_000})
    assert created["output"]["text"] == "é" * 32_767
    output = {"title": "t", "summary": "s", "text": "x" + "é" * 40_000}
    assert _update(http, created, output=output)["output"]["text"] == "x" + "é" * 32_767


def test_an_annotation_may_have_the_level_error(http: requests.Session, repo: Repository) -> None:
    """GitHub's documentation does not list it, but users report that it is accepted."""
    output = {"title": "t", "summary": "s", "annotations": [ANNOTATION | {"annotation_level": "error"}]}
    created = _create(http, repo.sha("main"), output=output)
    _update(http, created, output=output)
    levels = [row["annotation_level"] for row in http.get(created["output"]["annotations_url"]).json()]
    assert levels == ["error", "error"]
    output = {"title": "t", "summary": "s", "annotations": [ANNOTATION | {"annotation_level": "bogus"}]}
    reply = http.patch(f"{REPO}/check-runs/{created['id']}", json={"output": output})
    assert reply.status_code == 422
    assert "bogus is not a member of" in reply.json()["message"]


def test_only_name_and_sha_are_required(http: requests.Session, repo: Repository) -> None:
    """An update requires nothing, and without fields changes nothing."""
    reply = http.post(f"{REPO}/check-runs", json={})
    assert reply.json()["message"] == 'Invalid request.\n\n"head_sha", "name" weren\'t supplied.'
    created = _create(http, repo.sha("main"))
    assert _update(http, created) == created


# Update


def test_a_check_run_goes_through_its_states(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Queued and completed are dispatched, in progress is not."""
    created = _create(http, repo.sha("main"))
    ghdeploy.clock.tick(seconds=5)
    started = _update(http, created, status="in_progress", started_at="2020-10-20T14:24:31Z")
    assert started == created | {"status": "in_progress", "started_at": "2020-10-20T14:24:31Z"}
    ghdeploy.clock.tick(seconds=5)
    done = _update(http, created, conclusion="failure")
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert done == started | {"status": "completed", "conclusion": "failure", "completed_at": now}
    assert http.get(f"{REPO}/check-runs/{created['id']}").json() == done
    assert _told(ghdeploy) == [("created", "queued"), ("completed", "completed")]
    assert ghdeploy.events[-1].payload["check_run"]["check_suite"]["conclusion"] == "failure"
    ghdeploy.assert_event("check_run", action="completed", name="build", conclusion="failure", completed_at=now)


def test_a_completed_check_run_is_completed_once(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """Another conclusion later is stored, keeps the time and dispatches nothing."""
    created = _create(http, repo.sha("main"), conclusion="failure")
    ghdeploy.clock.tick(seconds=5)
    assert _update(http, created, conclusion="success") == created | {"conclusion": "success"}
    assert len(ghdeploy.events) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"completed_at": "2020-10-20T14:24:31Z"},
        {"status": "completed", "completed_at": "2020-10-20T14:24:31Z"},
        {"status": "completed"},
    ],
)
def test_a_completed_check_run_keeps_its_conclusion(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, body: dict[str, str]
) -> None:
    """It can get another time without a new conclusion, and nothing is dispatched."""
    created = _create(http, repo.sha("main"), conclusion="failure")
    assert _update(http, created, **body) == created | body
    assert len(ghdeploy.events) == 2


def test_a_workflow_cannot_set_a_details_url(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """GitHub shows the page of the run instead. Other apps and unrestricted tokens can set it."""
    for user, permissions in (("github-actions[bot]", {"checks": "write"}), ("ci[bot]", {"checks": "write"})):
        ghdeploy.add_token(user, user=user, permissions=permissions)
    ghdeploy.add_token("octocats")
    shown = []
    for token in ("github-actions[bot]", "ci[bot]", "octocats"):
        http.headers["Authorization"] = f"Bearer {token}"
        created = _create(http, repo.sha("main"), details_url="https://ci/1")
        updated = _update(http, created, details_url="https://ci/2")
        page = f"https://github.com/octocat/example/runs/{created['id']}"
        assert created["html_url"] == page
        shown.append([url.replace(page, "its page") for url in (created["details_url"], updated["details_url"])])
    assert shown == [["its page"] * 2, ["https://ci/1", "https://ci/2"], ["https://ci/1", "https://ci/2"]]
    http.headers["Authorization"] = "Bearer github-actions[bot]"
    assert _update(http, created, details_url="https://ci/3")["details_url"] == page


def test_a_check_run_leads_to_its_apps_page(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """An app that gives no details_url, or an empty one, is linked itself."""
    ghdeploy.add_token("cis", user="ci[bot]", permissions={"checks": "write"})
    http.headers["Authorization"] = "Bearer cis"
    created = _create(http, repo.sha("main"))
    assert created["details_url"] == "https://github.com/apps/ci"
    assert _update(http, created, details_url="https://ci/1")["details_url"] == "https://ci/1"
    assert _update(http, created, details_url="")["details_url"] == "https://github.com/apps/ci"


def test_a_completed_check_run_may_run_again(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Another status removes the conclusion and the time. The next conclusion is dispatched again."""
    created = _create(http, repo.sha("main"), conclusion="failure")
    again = _update(http, created, status="in_progress")
    assert (again["status"], again["conclusion"], again["completed_at"]) == ("in_progress", None, None)
    _update(http, created, status="completed", conclusion="success")
    assert [event.action for event in ghdeploy.events] == ["created", "completed", "completed"]


def test_an_update_keeps_fields_that_it_does_not_name(http: requests.Session, repo: Repository) -> None:
    """Name, details and external id are replaced one by one. The output is replaced whole; annotations are added."""
    output = {"title": "t", "summary": "s", "text": "x", "annotations": [ANNOTATION]}
    created = _create(
        http, repo.sha("main"), details_url="https://ci/1", external_id="1", output=output, conclusion="success"
    )
    assert _update(http, created, external_id="2") == created | {"external_id": "2"}
    assert _update(http, created, details_url="https://ci/2", name="lint")["name"] == "lint"
    after = _update(http, created, output={"title": "T2", "summary": "S2"})
    assert after["output"] == created["output"] | {"title": "T2", "summary": "S2", "text": None}
    after = _update(http, created, output={"summary": "new", "annotations": [ANNOTATION] * 2})
    new = {"title": None, "summary": "new", "text": None, "annotations_count": 3}
    assert after["output"] == created["output"] | new
    assert _update(http, created, external_id="2")["output"] == after["output"]
    assert (after["name"], after["details_url"], after["external_id"]) == ("lint", "https://ci/2", "2")
    assert (after["status"], after["conclusion"]) == ("completed", "success")


def test_annotations_are_listed_in_the_order_of_their_reports(http: requests.Session, repo: Repository) -> None:
    """Optional fields that were left out are null. The list has pages."""
    created = _create(http, repo.sha("main"))
    url = created["output"]["annotations_url"]
    assert http.get(url).json() == []
    full = {"path": "ä b.py", "title": "t", "start_column": 1, "end_column": 2, "raw_details": "r"}
    for annotation in (ANNOTATION, ANNOTATION | full):
        _update(http, created, output={"summary": "s", "annotations": [annotation]})
    blob = f"https://github.com/octocat/example/blob/{created['head_sha']}"
    first = {
        "path": "a.py",
        "blob_href": f"{blob}/a.py",
        "start_line": 1,
        "end_line": 2,
        "start_column": None,
        "end_column": None,
        "annotation_level": "warning",
        "title": None,
        "message": "m",
        "raw_details": None,
    }
    second = first | full | {"blob_href": f"{blob}/%C3%A4%20b.py"}
    assert http.get(f"{REPO}/check-runs/{created['id']}/annotations").json() == [first, second]
    assert list(http.get(url).json()[0]) == list(first)
    assert http.get(f"{url}?per_page=1&page=2").json() == [second]
    assert http.get(f"{REPO}/check-runs/7/annotations").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_unknown_check_run_is_not_found(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Callable[[], object], method: str
) -> None:
    """So is one of another repository, and an id that is not a number."""
    mine = repo.add_check_run("main", name="mine")
    theirs = ghdeploy.add_repository("octocat/other").add_check_run("main", name="theirs")
    before = snapshot()
    start = "octocat/example has no "
    for wrong, hint in [
        (7, f"{start}check run 7; known: {mine.id} (mine)"),
        (
            theirs.id,
            f"{start}check run {theirs.id}; it belongs to octocat/other; known: {mine.id} (mine)",
        ),
        ("mine", "check_run_id must be a number; got 'mine'"),
    ]:
        reply = http.request(method, f"{REPO}/check-runs/{wrong}", json={"conclusion": "success"})
        page = f"{DOCS}/checks/runs#{'get' if method == 'GET' else 'update'}-a-check-run"
        assert (reply.status_code, reply.json()) == (
            404,
            {"message": "Not Found", "documentation_url": page, "status": "404"},
        )
        assert ghdeploy.requests[-1].hint == hint
    assert snapshot() == before


# Required contexts


def test_check_runs_block_a_deployment_until_they_succeed(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """An unfinished run is pending, a skipped one skipped."""
    created = _create(http, repo.sha("main"))
    assert _contexts(http) == [("build", "pending")]
    _update(http, created, status="in_progress")
    assert _contexts(http) == [("build", "pending")]
    _update(http, created, conclusion="skipped")
    assert _contexts(http) == [("build", "skipped")]
    _update(http, created, conclusion="success")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201
    _update(http, created, status="queued")
    assert _contexts(http) == [("build", "pending")]
    assert len(ghdeploy.events.named("deployment")) == 1


def test_a_renamed_check_run_counts_under_its_new_name(http: requests.Session, repo: Repository) -> None:
    """required_contexts uses the current name of a run."""
    created = _create(http, repo.sha("main"), conclusion="success")
    _update(http, created, name="lint")
    assert http.post(PATH, json={"ref": "main", "required_contexts": ["lint"]}).status_code == 201
    assert http.post(PATH, json={"ref": "main", "required_contexts": ["build"]}).status_code == 409


# List


def _names(http: requests.Session, query: str = "", ref: str = "main") -> list[tuple[str, str]]:
    reply = http.get(f"{REPO}/commits/{ref}/check-runs{query}")
    assert reply.status_code == 200, reply.text
    runs = reply.json()["check_runs"]
    assert list(reply.json()) == ["total_count", "check_runs"]
    return [(run["name"], run["conclusion"] or run["status"]) for run in runs]


def test_the_latest_check_runs_of_a_commit_are_listed(http: requests.Session, repo: Repository) -> None:
    """The list has the latest of each name in each suite, newest first; with filter=all, it has all runs."""
    assert http.get(f"{REPO}/commits/main/check-runs").json() == {"total_count": 0, "check_runs": []}
    repo.add_check_run("main", name="build", conclusion="failure")
    repo.add_check_run("main", name="lint")
    repo.add_check_run("main", name="build", check_suite="other", status="queued")
    repo.add_check_run("main", name="build")
    latest = [("build", "success"), ("build", "queued"), ("lint", "success")]
    assert _names(http) == _names(http, "?filter=latest") == latest
    assert _names(http, "?filter=all") == [*latest, ("build", "failure")]
    old = repo.sha("main")
    repo.add_commit("main")
    assert _names(http) == []
    assert _names(http, ref=old) == latest


def test_check_runs_are_filtered_by_name_status_and_app(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """All filters must match. They select among the latest runs unless filter is all."""
    repo.add_check_run("main", name="build")
    repo.add_check_run("main", name="lint", status="in_progress")
    repo.add_check_run("main", name="build", status="queued")
    app_id = ghdeploy.events[0].payload["check_run"]["app"]["id"]
    assert _names(http, "?check_name=build") == [("build", "queued")]
    assert _names(http, "?check_name=Build") == []
    assert _names(http, "?status=completed") == []
    assert _names(http, "?status=completed&filter=all") == [("build", "success")]
    assert _names(http, "?status=in_progress&check_name=lint") == [("lint", "in_progress")]
    assert _names(http, "?status=nonsense") == []
    assert _names(http, f"?app_id={app_id}") == _names(http) == [("build", "queued"), ("lint", "in_progress")]
    assert _names(http, f"?app_id={app_id + 1}") == []
    assert _names(http, "?app_id=none") == _names(http, "?app_id=") == _names(http)


def test_check_runs_come_in_pages(http: requests.Session, repo: Repository) -> None:
    """total_count counts all runs that match the filters."""
    for number in range(5):
        repo.add_check_run("main", name=f"job {number}")
    repo.add_check_run("main", name="other", status="queued")
    reply = http.get(f"{REPO}/commits/main/check-runs?status=completed&per_page=2&page=2")
    assert [run["name"] for run in reply.json()["check_runs"]] == ["job 2", "job 1"]
    assert reply.json()["total_count"] == 5
    base = f"{API}/repositories/{repo.id}/commits/main/check-runs?status=completed&per_page=2&page="
    assert reply.headers["Link"] == (
        f'<{base}1>; rel="prev", <{base}3>; rel="next", <{base}3>; rel="last", <{base}1>; rel="first"'
    )
    assert [run["name"] for run in http.get(reply.links["last"]["url"]).json()["check_runs"]] == ["job 0"]


@pytest.mark.parametrize("ref", ["a/b", "heads/a/b", "refs/heads/a/b", "tags/rel/1", "rel/1"])
def test_check_runs_of_a_ref_with_slashes(http: requests.Session, repo: Repository, ref: str) -> None:
    """The ref may be a branch, a tag, a full ref or a SHA, also abbreviated."""
    repo.add_branch("a/b")
    sha = repo.add_commit("a/b")
    repo.add_tag("rel/1", sha)
    repo.add_check_run(sha, name="build")
    assert _names(http, ref=ref) == _names(http, ref=sha) == _names(http, ref=sha[:7]) == [("build", "success")]


@pytest.mark.usefixtures("repo")
def test_check_runs_of_an_unknown_ref_are_a_422(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The hint lists the existing refs."""
    reply = http.get(f"{REPO}/commits/mian/check-runs")
    assert (reply.status_code, reply.json()) == (
        422,
        {
            "message": "No commit found for SHA: mian",
            "documentation_url": f"{DOCS}/checks/runs#list-check-runs-for-a-git-reference",
            "status": "422",
        },
    )
    assert ghdeploy.requests[-1].hint == "octocat/example has no 'mian'; known: main"


# Authorization


@pytest.mark.parametrize(
    ("permission", "reads", "writes"),
    [("pull", 200, 404), ("triage", 200, 404), ("push", 200, 201), ("maintain", 200, 201), ("admin", 200, 201)],
)
def test_writing_check_runs_needs_push(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    repo: Repository,
    snapshot: Callable[[], object],
    permission: Any,  # noqa: ANN401 - a permission
    reads: int,
    writes: int,
) -> None:
    """A user with push may report, as GitHub Actions. Others may only read."""
    created = repo.add_check_run("main", name="build", status="queued")
    repo.add_collaborator("hubot", permission)
    ghdeploy.add_token("hubots", user="hubot")
    http.headers["Authorization"] = "Bearer hubots"
    before, run = snapshot(), f"{REPO}/check-runs/{created.id}"
    assert http.get(run).status_code == http.get(f"{REPO}/commits/main/check-runs").status_code == reads
    body = {"name": "lint", "head_sha": repo.sha("main"), "conclusion": "success"}
    assert http.post(f"{REPO}/check-runs", json=body).status_code == writes
    assert http.patch(run, json={"status": "in_progress"}).status_code == (404 if writes == 404 else 200)
    assert (snapshot() == before) is (writes == 404)
    if writes == 201:
        assert ghdeploy.assert_event("check_run", name="lint", action="created").payload["sender"]["login"] == "hubot"


def test_an_anonymous_caller_may_only_read_check_runs(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """Writing without a token is a 401."""
    created = repo.add_check_run("main", name="build")
    before = snapshot()
    del http.headers["Authorization"]
    assert http.get(f"{REPO}/check-runs/{created.id}").status_code == 200
    body = {"name": "lint", "head_sha": repo.sha("main")}
    assert http.post(f"{REPO}/check-runs", json=body).status_code == 401
    assert http.patch(f"{REPO}/check-runs/{created.id}", json={}).status_code == 401
    assert snapshot() == before


# REST and Python


def test_a_check_run_from_python_is_visible_over_rest(http: requests.Session, repo: Repository) -> None:
    """It can be updated over REST, and the Python object shows the update. The conclusion stale is shown too."""
    run = repo.add_check_run("main", name="build", status="queued")
    assert http.get(f"{REPO}/check-runs/{run.id}").json()["status"] == "queued"
    _update(http, {"id": run.id}, conclusion="timed_out", details_url="https://ci/1", external_id="7")
    assert (run.status, run.conclusion, run.details_url) == ("completed", "timed_out", "https://ci/1")
    stale = repo.add_check_run("main", name="old", conclusion="stale")
    assert http.get(f"{REPO}/check-runs/{stale.id}").json()["conclusion"] == "stale"


JOB = "https://github.com/octocat/example/actions/runs/30/job/41"


@pytest.mark.parametrize("user", ["github-actions[bot]", "octocat"])
def test_the_check_run_of_a_job_is_finished_by_github_only(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, user: str
) -> None:
    """Its status and conclusion cannot be updated; its output can. Its pages are always those of the job."""
    run = repo.add_check_run("main", name="build", status="in_progress", details_url=JOB)
    permissions = None if user == "octocat" else {"checks": "write"}
    ghdeploy.add_token("a-token", user=user, permissions=permissions)
    http.headers["Authorization"] = "Bearer a-token"
    path = f"{REPO}/check-runs/{run.id}"
    before = http.get(path).json()
    assert (before["html_url"], before["details_url"]) == (JOB, JOB)

    for body in ({"status": "completed", "conclusion": "success"}, {"conclusion": "success"}, {"status": "queued"}):
        refused = http.patch(path, json=body | {"name": "other"})
        assert (refused.status_code, refused.json()) == (
            403,
            {
                "message": "Check run status and conclusions can only be updated internally by GitHub Actions",
                "documentation_url": f"{DOCS}/checks/runs#update-a-check-run",
                "status": "403",
            },
        )
        assert "the check run 'build' belongs to a job of a workflow" in ghdeploy.requests[-1].hint
        assert http.get(path).json() == before

    report = {"title": "Tests", "summary": "2 failed"}
    updated = http.patch(path, json={"output": report, "details_url": "https://ci/1"})
    assert updated.status_code == 200
    assert updated.json() == before | {"output": before["output"] | report}
    assert _told(ghdeploy) == [("created", "in_progress")]
    assert ghdeploy.events[0].payload["check_run"]["html_url"] == JOB


def test_a_job_keeps_its_check_run_when_its_repository_is_renamed(http: requests.Session, repo: Repository) -> None:
    """What the run is was decided when it was added."""
    run = repo.add_check_run("main", name="build", status="in_progress", details_url=JOB)
    repo.rename("octocat/renamed")
    assert http.patch(f"/repos/octocat/renamed/check-runs/{run.id}", json={"status": "queued"}).status_code == 403


def test_a_check_run_over_rest_never_belongs_to_a_job(http: requests.Session, repo: Repository) -> None:
    """A reporter may link to the job in which it runs, and goes on reporting."""
    created = _create(http, repo.sha("main"), details_url=JOB, of_job=True)
    assert (created["details_url"], created["html_url"].rpartition("/")[0]) == (
        JOB,
        "https://github.com/octocat/example/runs",
    )
    assert _update(http, created, conclusion="success")["conclusion"] == "success"


def test_every_field_of_a_check_run_can_be_set_from_python(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """REST shows them as if the app had reported them, and the app's bot is the sender."""
    app = ghdeploy.add_app("ci")
    started = datetime(2026, 3, 10, 14, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))
    run = repo.add_check_run(
        "main",
        name="build",
        conclusion="failure",
        output={"title": "Tests", "summary": "2 failed", "text": "x" * 10, "annotations": [ANNOTATION]},
        details_url="https://ci.example/7",
        external_id="7",
        started_at=started,
        completed_at=started + timedelta(minutes=5),
        app=app,
    )
    shown = http.get(f"{REPO}/check-runs/{run.id}").json()
    expected = {
        "details_url": "https://ci.example/7",
        "external_id": "7",
        "started_at": "2026-03-10T12:00:00Z",
        "completed_at": "2026-03-10T12:05:00Z",
    }
    assert {name: shown[name] for name in expected} == expected
    assert (shown["app"]["id"], shown["output"]["title"], shown["output"]["text"]) == (app.id, "Tests", "x" * 10)
    assert shown["output"]["annotations_count"] == 1
    assert ghdeploy.assert_event("check_run").payload["sender"]["login"] == "ci[bot]"
    assert ghdeploy.add_token("cis", user="ci[bot]", permissions={"checks": "write"}).user.app_id == app.id
    http.headers["Authorization"] = "Bearer cis"
    assert _update(http, shown, external_id="8")["external_id"] == "8"
    for other in ("ci", "github-actions"):
        assert repo.add_check_run("main", name="lint", app=other).check_suite.app.slug == other


@pytest.mark.parametrize(
    ("arguments", "problem", "argument"),
    [
        ({"app": "cii"}, "^unknown app 'cii'; known: ci$", "app"),
        ({"app": FakeGitHub().add_app("other", id=7)}, "^unknown app 7; known: ci$", "app"),
        ({"app": 7}, "^app must be the slug of an app, or an app, got 7$", "app"),
        ({"output": {"title": "a"}}, "^GitHub would respond 422 .*: invalid in the body: summary$", "summary"),
        ({"output": "text"}, "^GitHub would respond 422 .*is not an object", "output"),
        (
            {"output": {"title": "a", "summary": "\u00e9" * 40_000}},
            "^GitHub would respond 422 'Validation Failed': summary has 80,000 bytes",
            "summary",
        ),
        ({"output": {"title": "a", "summary": object()}}, "^output cannot be written as JSON: ", "output"),
        ({"details_url": 7}, "^GitHub would respond 422 .*7 is not a string", "details_url"),
        ({"external_id": 7}, "^GitHub would respond 422 .*7 is not a string", "external_id"),
        (
            {"started_at": "2026-01-01"},
            "^started_at must be a datetime with a time zone, got '2026-01-01'$",
            "started_at",
        ),
        (
            {"completed_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
            "^completed_at must be a time in the years 1 to 9999, in UTC; got 0001-01-01T",
            "completed_at",
        ),
        (
            {"status": "queued", "completed_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "^GitHub would respond 422 'Validation Failed': a check run with the status completed, or with completed",
            "conclusion",
        ),
    ],
)
def test_a_mistake_in_a_check_run_is_refused_and_changes_nothing(
    ghdeploy: FakeGitHub,
    repo: Repository,
    arguments: Any,  # noqa: ANN401
    problem: str,
    argument: str | None,
) -> None:
    """The message names the argument."""
    ghdeploy.add_app("ci")
    before = stored(ghdeploy)
    with pytest.raises(FakeError, match=problem) as caught:
        repo.add_check_run("main", name="build", **arguments)
    assert caught.value.argument == argument
    assert stored(ghdeploy) == before


def test_runs_over_rest_and_from_python_share_a_suite(http: requests.Session, repo: Repository) -> None:
    """Both belong to one app, so the newer run replaces the older one of the same name."""
    seeded = repo.add_check_run("main", name="build", conclusion="failure")
    created = _create(http, repo.sha("main"), conclusion="success")
    assert created["check_suite"]["id"] == seeded.check_suite.id
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


def test_check_runs_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} give the same runs with the same URLs."""
    by_id = f"/repositories/{repo.id}"
    reply = http.post(f"{by_id}/check-runs", json={"name": "build", "head_sha": repo.sha("main")})
    created = reply.json()
    assert (reply.status_code, reply.headers["Location"]) == (201, f"{API}{REPO}/check-runs/{created['id']}")
    assert http.get(f"{by_id}/check-runs/{created['id']}").json() == created
    assert http.patch(f"{by_id}/check-runs/{created['id']}", json={"external_id": "1"}).json()["external_id"] == "1"
    assert http.get(f"{by_id}/commits/main/check-runs").json()["total_count"] == 1


def test_an_event_shows_the_outcome_of_the_latest_runs_of_its_suite(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """An update of a run that was replaced does not count, until the newer one gets another name."""

    def outcome() -> tuple[str, str | None]:
        suite = ghdeploy.events[-1].payload["check_run"]["check_suite"]
        return suite["status"], suite["conclusion"]

    api = f"https://api.github.com/repos/{repo.full_name}/check-runs"
    old = repo.add_check_run("main", name="build", status="queued")
    assert outcome() == ("queued", None)
    new = repo.add_check_run("main", name="build", conclusion="success")
    assert outcome() == ("completed", "success")
    http.patch(f"{api}/{old.id}", json={"conclusion": "failure"}).raise_for_status()
    assert outcome() == ("completed", "success")
    http.patch(f"{api}/{new.id}", json={"name": "lint"}).raise_for_status()
    repo.add_check_run("main", name="test", conclusion="skipped")
    assert outcome() == ("completed", "failure")
