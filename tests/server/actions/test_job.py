"""What an event means for a job: its ref, its commit and its variables."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Any

import pytest
from rows import Rows

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.github.urls import Urls
from pytest_ghdeploy.server.actions import job as jobs

if TYPE_CHECKING:
    from pytest_ghdeploy import Repository

SHA = "9" * 40


def job_of(fake: FakeGitHub, event: Any = None, event_name: Any = None, full_name: str = "") -> jobs.Job:  # noqa: ANN401
    """Find out what a job is about."""
    return jobs.job_of(fake._engine.store, event, event_name, full_name)


def refusal(fake: FakeGitHub, *args: Any) -> tuple[str | None, str]:  # noqa: ANN401 - any wrong type too
    """Return the argument and the message of the error for an event."""
    with pytest.raises(FakeError) as caught:
        job_of(fake, *args)
    return caught.value.argument, str(caught.value)


def pull_request(**more: object) -> dict[str, Any]:
    """Make the part of a payload that the ref depends on."""
    return {"pull_request": {"number": 7, "head": {"ref": "topic", "sha": SHA}, "base": {"ref": "main"}, **more}}


def test_the_ref_and_the_commit_of_every_event(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """As GitHub documents them for each event that triggers workflows."""
    topic = repo.add_branch("topic")
    topic = repo.add_commit("topic")
    main, tag = repo.sha("main"), repo.sha(repo.add_tag("v1", "topic") and "v1")
    other = "8" * 40
    with Rows() as rows:
        for name, payload, ref, sha in [
            ("push", {"ref": "refs/heads/topic", "after": other, "deleted": False}, "refs/heads/topic", other),
            ("push", {"ref": "refs/tags/v1", "after": tag}, "refs/tags/v1", tag),
            ("push", {"ref": "refs/heads/gone", "after": "0" * 40, "deleted": True}, "refs/heads/main", main),
            ("pull_request", pull_request(merge_commit_sha=other), "refs/pull/7/merge", other),
            ("pull_request", pull_request(merge_commit_sha=None), "refs/pull/7/merge", SHA),
            ("pull_request_review", pull_request(), "refs/pull/7/merge", SHA),
            ("pull_request_review_comment", pull_request(), "refs/pull/7/merge", SHA),
            ("pull_request_target", pull_request(), "refs/heads/main", main),
            ("deployment", {"deployment": {"ref": "topic", "sha": other}}, "refs/heads/topic", other),
            ("deployment", {"deployment": {"ref": "v1", "sha": tag}}, "refs/tags/v1", tag),
            ("deployment", {"deployment": {"ref": topic, "sha": topic}}, "", topic),
            ("deployment", {"deployment": {"ref": other, "sha": other}}, "", other),
            ("deployment", {"deployment": {"ref": "gone", "sha": other}}, "refs/heads/gone", other),
            ("deployment", {"deployment": {"ref": "refs/pull/7/merge", "sha": other}}, "refs/pull/7/merge", other),
            ("deployment_status", {"deployment": {"ref": "topic", "sha": topic}}, "refs/heads/topic", topic),
            ("release", {"release": {"tag_name": "v1"}}, "refs/tags/v1", tag),
            ("release", {"release": {"tag_name": "v2"}}, "refs/tags/v2", ""),
            ("create", {"ref": "topic", "ref_type": "branch"}, "refs/heads/topic", topic),
            ("create", {"ref": "v1", "ref_type": "tag"}, "refs/tags/v1", tag),
            ("delete", {"ref": "topic", "ref_type": "branch"}, "refs/heads/main", main),
            ("workflow_dispatch", {"ref": "refs/heads/topic"}, "refs/heads/topic", topic),
            ("workflow_dispatch", {}, "refs/heads/main", main),
            ("issue_comment", {"issue": {"number": 7, "pull_request": {}}}, "refs/heads/main", main),
            ("status", {"sha": topic}, "refs/heads/main", main),
            ("schedule", {}, "refs/heads/main", main),
        ]:
            with rows.row(name, payload):
                job = job_of(ghdeploy, payload, name)
                assert (job.event_name, job.payload, job.ref, job.sha) == (name, payload, ref, sha)
                assert job.repository
                assert job.repository.full_name == "octocat/example"


def test_the_ref_of_a_merged_pull_request_is_known_to_the_fake(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """If the fake has the ref, its commit wins over the payload."""
    sha = repo.add_commit("main")
    store = ghdeploy._engine.store
    store.git(next(iter(store.repositories))).set_ref("pull/7/merge", sha)
    assert job_of(ghdeploy, pull_request(), "pull_request").sha == sha
    deployed = {"deployment": {"ref": "refs/pull/7/merge", "sha": sha}}
    assert job_of(ghdeploy, deployed, "deployment").ref == "refs/pull/7/merge"


def test_an_event_brings_its_name_payload_and_repository(ghdeploy: FakeGitHub) -> None:
    """Even among several repositories, and under a new name. Another name can be given."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    repo.add_deployment(ref="main")
    event = ghdeploy.events[-1]
    repo.rename("octocat/new")
    job = job_of(ghdeploy, event)
    assert (job.event_name, job.payload) == ("deployment", event.payload)
    assert job.repository
    assert job.repository.full_name == "octocat/new"
    assert job_of(ghdeploy, event, "deployment_status").event_name == "deployment_status"
    job = job_of(ghdeploy, ghdeploy.events[0])
    assert job.repository
    assert job.repository.full_name == "octocat/other"


def test_without_an_event_the_only_repository_is_dispatched(ghdeploy: FakeGitHub) -> None:
    """The payload has what GitHub's has. An empty fake has a job without a repository."""
    job = job_of(ghdeploy)
    assert job == jobs.Job("workflow_dispatch", {}, None, "", "")
    assert "GITHUB_REPOSITORY" not in jobs.variables(job, "octocat")

    repo = ghdeploy.add_repository("octocat/example", default_branch="trunk")
    job = job_of(ghdeploy)
    assert (job.ref, job.sha) == ("refs/heads/trunk", repo.sha("trunk"))
    assert list(job.payload) == ["inputs", "ref", "workflow", "repository", "sender"]
    assert (job.payload["ref"], job.payload["repository"]["full_name"]) == ("refs/heads/trunk", "octocat/example")
    assert list(job_of(ghdeploy, None, "schedule").payload) == ["repository", "sender"]


def test_unclear_events_are_refused(ghdeploy: FakeGitHub) -> None:
    """Each message says what to pass."""
    ghdeploy.add_repository("octocat/example")
    with Rows() as rows:
        for args, argument, message in [
            (
                ({},),
                "event_name",
                'a payload needs the name of its event: pass event_name="pull_request", for example',
            ),
            (
                ({}, "Push!"),
                "event_name",
                "event_name must be the name of an event, such as \"pull_request\"; got 'Push!'",
            ),
            (({}, 7), "event_name", 'event_name must be the name of an event, such as "pull_request"; got 7'),
            (("push", "push"), "event", "event must be one of ghdeploy.events or a payload, got a string"),
            (
                ({"a": object}, "push"),
                "event",
                "event cannot be written as JSON: Object of type type is not JSON serializable",
            ),
            (
                ({"repository": {"full_name": "octocat/exmaple"}}, "push"),
                "event",
                "unknown repository 'octocat/exmaple'; known: octocat/example",
            ),
            ((None, None, "octocat/x"), "event", "unknown repository 'octocat/x'; known: octocat/example"),
        ]:
            with rows.row(repr(args)):
                assert refusal(ghdeploy, *args) == (argument, message)
    ghdeploy.add_repository("octocat/other")
    instead = 'pass an event, or env={"GITHUB_REPOSITORY": "…"}'
    assert refusal(ghdeploy) == (
        "event",
        f"the fake has several repositories, octocat/example, octocat/other: {instead}",
    )
    assert job_of(ghdeploy, None, None, "octocat/other").repository


def test_variables_of_a_pull_request(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Its branches, its ref in both forms, and who has caused it."""
    payload = pull_request() | {"sender": {"login": "mona", "id": 5}}
    made = jobs.variables(job_of(ghdeploy, payload, "pull_request"), "octocat")
    row = ghdeploy._engine.store.repository(repo.full_name)
    assert row
    expected = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "mona",
        "GITHUB_ACTOR_ID": "5",
        "GITHUB_BASE_REF": "main",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_HEAD_REF": "topic",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_REF_NAME": "7/merge",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REPOSITORY": "octocat/example",
        "GITHUB_REPOSITORY_ID": str(row.id),
        "GITHUB_REPOSITORY_OWNER": "octocat",
        "GITHUB_REPOSITORY_OWNER_ID": str(row.owner.id),
        "GITHUB_SHA": SHA,
        "GITHUB_TRIGGERING_ACTOR": "mona",
        "GITHUB_WORKFLOW_REF": "octocat/example/.github/workflows/test.yml@refs/pull/7/merge",
        "GITHUB_WORKFLOW_SHA": SHA,
    }
    assert {name: made[name] for name in expected} == expected


def test_variables_of_other_events(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A tag, the deployment of a commit, and a payload without a sender."""
    repo.add_tag("v1", "main")
    tagged = jobs.variables(job_of(ghdeploy, {"ref": "refs/tags/v1"}, "push"), "octocat")
    assert (tagged["GITHUB_REF_NAME"], tagged["GITHUB_REF_TYPE"], tagged["GITHUB_ACTOR"]) == ("v1", "tag", "octocat")
    assert (tagged["GITHUB_HEAD_REF"], tagged["GITHUB_BASE_REF"]) == ("", "")
    assert "GITHUB_ACTOR_ID" not in tagged
    commit = jobs.variables(job_of(ghdeploy, {"deployment": {"ref": SHA, "sha": SHA}}, "deployment"), "octocat")
    names = ("GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_REF_TYPE", "GITHUB_SHA")
    assert [commit[name] for name in names] == ["", "", "", SHA]


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", ("Linux", "X64")),
        ("darwin", "arm64", ("macOS", "ARM64")),
        ("win32", "AMD64", ("Windows", "X64")),
        ("linux", "i686", ("Linux", "X86")),
    ],
)
def test_the_runner_is_this_machine(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: tuple[str, str]
) -> None:
    """Its system and architecture have GitHub's names."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    made = jobs.variables(job_of(ghdeploy), "octocat")
    assert (made["RUNNER_OS"], made["RUNNER_ARCH"]) == expected


def test_urls_in_a_payload_lead_to_the_server() -> None:
    """Those of the API and of the site; other hosts and texts stay, and so does the original."""
    server = "http://127.0.0.1:40001"
    with Rows() as rows:
        for base, value, moved in [
            ("https://api.github.com", "https://api.github.com/repos/a/b", f"{server}/api/v3/repos/a/b"),
            ("https://api.github.com", "https://api.github.com/users{/u}", f"{server}/api/v3/users{{/u}}"),
            ("https://api.github.com", "https://github.com/a/b", f"{server}/a/b"),
            ("https://api.github.com", "https://github.com", server),
            ("https://api.github.com", "https://github.company.example/a", "https://github.company.example/a"),
            ("https://api.github.com", "see https://github.com/a/b", "see https://github.com/a/b"),
            ("https://api.github.com", "https://avatars.githubusercontent.com/u/1", None),
            ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/user", f"{server}/api/v3/user"),
            ("https://ghe.example.com/api/v3", "https://ghe.example.com/a/b", f"{server}/a/b"),
            ("https://api.github.com", 7, None),
        ]:
            with rows.row(base, value):
                payload = {"x": [{"url": value}]}
                at_server = jobs.at_server(payload, Urls.of(base), f"{server}/api/v3")
                assert at_server == {"x": [{"url": value if moved is None else moved}]}
                assert payload == {"x": [{"url": value}]}
