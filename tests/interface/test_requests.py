"""What a test asks about the requests of a tool, and about what the tool has left in a repository."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy import Exchange, FakeError, FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import Repository

API = "https://api.github.com"
ROOT = "/repos/octocat/example"
DEPLOYMENTS = f"{ROOT}/deployments"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Add a repository with a branch."""
    repository = ghdeploy.add_repository("octocat/example")
    repository.add_branch("topic")
    return repository


def send(method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 - arguments of requests
    """Send a request with a token."""
    return requests.request(method, f"{API}{path}", headers={"Authorization": "token x"}, timeout=5, **more)


def deploy(**body: object) -> None:
    """Create a deployment of `main`, unless *body* says otherwise."""
    send("POST", DEPLOYMENTS, json={"ref": "main", "required_contexts": [], **body})


def asked(found: Sequence[Exchange]) -> list[str]:
    """Write exchanges as text."""
    return [str(exchange) for exchange in found]


# Filtering


@pytest.mark.usefixtures("repo")
def test_requests_are_filtered_by_method_path_and_status(ghdeploy: FakeGitHub) -> None:
    """All arguments must match; each may be left out; `*` and `{name}` stand for one segment."""
    deploy()
    deploy(ref="nope")
    send("GET", DEPLOYMENTS)
    send("GET", f"{DEPLOYMENTS}/1")
    everything = ghdeploy.requests
    assert asked(everything.filter()) == asked(everything)
    assert asked(everything.filter("post")) == [f"POST {DEPLOYMENTS} -> 201", f"POST {DEPLOYMENTS} -> 422"]
    assert asked(everything.filter("POST", DEPLOYMENTS, 422)) == [f"POST {DEPLOYMENTS} -> 422"]
    assert asked(everything.filter(path="/repos/*/{repo}/deployments/*")) == [f"GET {DEPLOYMENTS}/1 -> 404"]
    assert asked(everything.filter(path="/user")) == []
    assert asked(everything.filter(status=200)) == [f"GET {DEPLOYMENTS} -> 200"]
    assert asked(everything.filter("GET").filter(status=404)) == [f"GET {DEPLOYMENTS}/1 -> 404"]
    assert asked(everything[2:].filter("GET", DEPLOYMENTS)) == [f"GET {DEPLOYMENTS} -> 200"]
    assert everything[-1] is everything.filter(status=404)[0]


def test_a_path_matches_requests_by_id_and_in_other_letter_case(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """GitHub's links contain the repository's id, and names ignore case."""
    send("GET", f"/repositories/{repo.id}/deployments")
    send("GET", "/repos/OctoCat/Example/deployments")
    assert len(ghdeploy.requests.filter("GET", DEPLOYMENTS)) == 2
    assert len(ghdeploy.requests.filter("GET", f"/repositories/{repo.id}/deployments")) == 1
    repo.rename("octocat/Example-2")
    assert len(ghdeploy.requests.filter("GET", "/repos/octocat/Example-2/deployments")) == 1


@pytest.mark.usefixtures("repo")
def test_a_request_without_a_response_has_the_status_0(ghdeploy: FakeGitHub) -> None:
    """A fault may lose the response."""
    ghdeploy.faults.add(error="reset")
    with pytest.raises(requests.ConnectionError):
        send("GET", ROOT)
    assert asked(ghdeploy.requests.filter(status=0)) == [f"GET {ROOT} -> no response"]


def test_requests_so_far_are_a_snapshot(ghdeploy: FakeGitHub) -> None:
    """Later requests are not added. It behaves like a tuple."""
    before = ghdeploy.requests
    assert before == ()
    send("GET", "/user")
    assert (len(before), len(ghdeploy.requests)) == (0, 1)
    send("GET", "/meta")
    after = ghdeploy.requests
    first, second = after
    assert isinstance(after, Sequence)
    assert after == (first, second) == after
    assert after == [first, second]
    assert after != (second, first)
    assert after != "ab"
    assert (after[-1], list(reversed(after)), first in after, after.index(second)) == (second, [second, first], True, 1)
    assert after[1:] == (second,)
    assert isinstance(after[1:], type(after))
    assert repr(after) == repr((first, second))
    assert not before


def test_a_path_may_start_with_the_path_of_the_root() -> None:
    """As for stubs and faults."""
    with FakeGitHub("https://ghe.example.com/api/v3") as gh:
        gh.add_repository("octocat/example")
        requests.get(f"{gh.base_url}{ROOT}", timeout=5)
        assert len(gh.requests.filter("GET", f"/api/v3{ROOT}")) == len(gh.requests.filter("GET", ROOT)) == 1


@pytest.mark.parametrize(
    ("more", "argument", "text"),
    [
        ({"method": "FETCH"}, "method", "unknown method 'FETCH'; known: "),
        ({"path": "repos"}, "path", 'path must start with "/" and must not have a query'),
        ({"path": "/user?page=1"}, "path", 'path must start with "/" and must not have a query'),
        (
            {"status": "200"},
            "status",
            "status must be an HTTP status from 100 to 599, or 0 if no response arrived; got '200'",
        ),
        (
            {"status": 42},
            "status",
            "status must be an HTTP status from 100 to 599, or 0 if no response arrived; got 42",
        ),
    ],
)
def test_invalid_filters_are_refused(ghdeploy: FakeGitHub, more: dict[str, Any], argument: str, text: str) -> None:
    """The message says what the argument must be."""
    with pytest.raises(FakeError) as caught:
        ghdeploy.requests.filter(**more)
    assert str(caught.value).startswith(text)
    assert caught.value.argument == argument


# Bodies


@pytest.mark.usefixtures("repo")
def test_an_exchange_gives_its_json(ghdeploy: FakeGitHub) -> None:
    """Both bodies can be read as JSON; an empty one is `None`. Secrets stay redacted."""
    deploy(environment="qa", payload={"token": "a-secret-token"})
    send("DELETE", f"{DEPLOYMENTS}/{ghdeploy.requests[0].response_json()['id']}")
    created, deleted = ghdeploy.requests
    assert created.json()["environment"] == created.response_json()["environment"] == "qa"
    assert created.json()["payload"] == {"token": "[redacted]"}
    assert (deleted.json(), deleted.response_json(), deleted.status) == (None, None, 204)


@pytest.mark.usefixtures("repo")
def test_a_body_that_is_not_json_is_an_error(ghdeploy: FakeGitHub) -> None:
    """The message names the request."""
    send("POST", DEPLOYMENTS, data=b"ref=main")
    with pytest.raises(FakeError, match=rf"^the body of the request POST {DEPLOYMENTS} -> 400 is not JSON: Expecting"):
        ghdeploy.requests[0].json()
    ghdeploy.faults.add(error="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send("GET", ROOT)
    with pytest.raises(FakeError, match=rf"^the body of the response GET {ROOT} -> 200 is not JSON: "):
        ghdeploy.requests[1].response_json()


# Assertions


@pytest.mark.usefixtures("repo")
def test_assert_request_returns_the_newest_match(ghdeploy: FakeGitHub) -> None:
    """The status of the response and members of the body select too."""
    deploy(environment="qa", payload={"a": [1]})
    deploy(environment="qa", description="newest")
    deploy(environment="production")
    found = ghdeploy.assert_request("POST", DEPLOYMENTS, status=201, environment="qa")
    assert found.json()["description"] == "newest"
    assert ghdeploy.assert_request("post", "/repos/*/*/deployments", payload={"a": (1,)}) is not found
    ghdeploy.assert_no_request("POST", DEPLOYMENTS, environment="staging")
    ghdeploy.assert_no_request("POST", DEPLOYMENTS, payload={})
    ghdeploy.assert_no_request("POST", DEPLOYMENTS, auto_merge=False)
    ghdeploy.assert_no_request("DELETE", f"{DEPLOYMENTS}/*")


def message(call: Callable[[], object]) -> str:
    """Return the message of a failing assertion."""
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


@pytest.mark.usefixtures("repo")
def test_a_secret_in_a_body_is_compared_as_it_was_sent(ghdeploy: FakeGitHub) -> None:
    """So a test can check that a tool sends the right secret, and that it does not give its token away."""
    config = {"url": "http://localhost:1/", "secret": "secret-of-hook"}
    send("POST", f"{ROOT}/hooks", json={"config": config})
    send("POST", DEPLOYMENTS, json={"ref": "main", "description": "by secret-of-hook", "payload": {"token": "abc"}})
    for _ in range(2):
        ghdeploy.assert_request("POST", f"{ROOT}/hooks", config=config)
        ghdeploy.assert_no_request("POST", f"{ROOT}/hooks", config=config | {"secret": "[redacted]"})
        for fields in ({"description": "by secret-of-hook"}, {"payload": {"token": "abc"}}):
            with pytest.raises(AssertionError, match=r"expected no request POST .* but found 1") as caught:
                ghdeploy.assert_no_request("POST", DEPLOYMENTS, **fields)
            assert "[redacted]" in str(caught.value)
            assert not re.search("secret-of-hook|abc", str(caught.value))
        assert ghdeploy.requests[-1].json()["payload"] == {"token": "[redacted]"}
    ghdeploy.stub("POST", "/login", json={})
    send("POST", "/login", json={"password": "abc"})
    with pytest.raises(
        AssertionError, match=r"with password '\[redacted\]'\n.*\n.* password '\[redacted\]'  <--"
    ) as caught:
        ghdeploy.assert_request("POST", "/login", password="xyz")  # noqa: S106 - of nobody
    assert not re.search("abc|xyz", str(caught.value))


@pytest.mark.usefixtures("repo")
def test_a_failing_assert_request_lists_the_closest_requests(ghdeploy: FakeGitHub) -> None:
    """Those with the fewest differences come first, and each difference is marked."""
    deploy(environment="qa")
    deploy(ref="nope", environment="qa")
    deploy(ref="topic", environment="production", task="migrate")
    assert message(
        lambda: ghdeploy.assert_request("POST", DEPLOYMENTS, status=201, environment="qa", task="migrate")
    ) == (
        f"no request POST {DEPLOYMENTS} with status 201, environment 'qa', task 'migrate'\n"
        "  sent, closest first:\n"
        f"    POST {DEPLOYMENTS} -> 201: environment 'qa', no task  <--\n"
        f"    POST {DEPLOYMENTS} -> 201: environment 'production'  <--, task 'migrate'\n"
        f"    POST {DEPLOYMENTS} -> 422  <--: environment 'qa', no task  <--"
    )


@pytest.mark.usefixtures("repo")
def test_a_failing_assert_request_lists_at_most_five(ghdeploy: FakeGitHub) -> None:
    """The rest is counted."""
    for _ in range(7):
        deploy()
    lines = message(lambda: ghdeploy.assert_request("POST", DEPLOYMENTS, ref="topic")).splitlines()
    assert len(lines) == 8
    assert lines[-1] == "    and 2 more"


@pytest.mark.usefixtures("repo")
def test_a_failing_assert_request_lists_other_requests(ghdeploy: FakeGitHub) -> None:
    """Where no request has the method and path, the most similar ones are listed with their number."""
    assert message(lambda: ghdeploy.assert_request("POST", DEPLOYMENTS)) == (
        f"no request POST {DEPLOYMENTS}\n  no requests were sent"
    )
    send("GET", "/user")
    send("GET", DEPLOYMENTS)
    send("GET", DEPLOYMENTS)
    assert message(lambda: ghdeploy.assert_request("POST", DEPLOYMENTS)) == (
        f"no request POST {DEPLOYMENTS}\n  GET {DEPLOYMENTS} was sent 2 times\n  GET /user was sent 1 time"
    )


@pytest.mark.usefixtures("repo")
def test_a_failing_assert_no_request_shows_the_matches(ghdeploy: FakeGitHub) -> None:
    """Up to five, with the fields that were asked about."""
    deploy(environment="qa")
    deploy(environment="production")
    assert message(lambda: ghdeploy.assert_no_request("POST", DEPLOYMENTS, environment="qa")) == (
        f"expected no request POST {DEPLOYMENTS} with environment 'qa', but found 1:\n"
        f"    POST {DEPLOYMENTS} -> 201: environment 'qa'"
    )
    assert message(lambda: ghdeploy.assert_no_request("POST", "/repos/*/*/deployments")) == (
        "expected no request POST /repos/*/*/deployments, but found 2:\n"
        f"    POST {DEPLOYMENTS} -> 201\n    POST {DEPLOYMENTS} -> 201"
    )


def test_secrets_are_redacted_in_messages(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Also those that the test itself passes."""
    ghdeploy.add_token("a-secret-token")
    assert "a-secret-token" not in message(lambda: ghdeploy.assert_request("POST", DEPLOYMENTS, ref="a-secret-token"))
    assert repo.full_name == "octocat/example"


@pytest.mark.parametrize(
    ("method", "path", "more", "argument", "text"),
    [
        (
            "POST",
            f"{ROOT}/deployment",
            {},
            "path",
            f"GitHub has no POST {ROOT}/deployment; the nearest is {DEPLOYMENTS}",
        ),
        ("PUT", DEPLOYMENTS, {}, "path", f"GitHub has no PUT {DEPLOYMENTS}; this path has GET and POST"),
        ("GET", "/repos/*/*/nope", {}, "path", "GitHub has no GET /repos/*/*/nope"),
        ("FETCH", "/user", {}, "method", "unknown method 'FETCH'; known: "),
        (
            "POST",
            "/repos/*/*/deployments",
            {"enviroment": "qa"},
            "enviroment",
            "unknown field 'enviroment' in the body of POST /repos/*/*/deployments; known: environment, ",
        ),
        (
            "GET",
            DEPLOYMENTS,
            {"ref": "main"},
            "ref",
            f"unknown field 'ref' in the body of GET {DEPLOYMENTS}, whose query is in the url of each request; known: ",
        ),
        (
            "GET",
            f"{ROOT}/issues",
            {"labels": "freeze"},
            "labels",
            f"unknown field 'labels' in the body of GET {ROOT}/issues, whose query is in the url of each request",
        ),
        (
            "POST",
            DEPLOYMENTS,
            {"status": "201"},
            "status",
            "status must be an HTTP status from 100 to 599, or 0 if no response arrived; got '201'",
        ),
        (
            "POST",
            DEPLOYMENTS,
            {"status": 600},
            "status",
            "status must be an HTTP status from 100 to 599, or 0 if no response arrived; got 600",
        ),
    ],
)
def test_a_question_that_no_request_could_answer_is_refused(
    ghdeploy: FakeGitHub, method: str, path: str, more: dict[str, Any], argument: str, text: str
) -> None:
    """Otherwise a spelling mistake would make `assert_no_request` pass for ever."""
    for question in (ghdeploy.assert_request, ghdeploy.assert_no_request):
        with pytest.raises(FakeError) as caught:
            question(method, path, **more)
        assert str(caught.value).startswith(text)
        assert caught.value.argument == argument


@pytest.mark.usefixtures("repo")
def test_a_path_or_field_that_was_sent_may_be_asked_about(ghdeploy: FakeGitHub) -> None:
    """Even if GitHub does not know it, as with a wrong path of the tool, or a member that GitHub ignores."""
    send("POST", f"{ROOT}/deployment", json={})
    deploy(note="x")
    ghdeploy.assert_request("POST", f"{ROOT}/deployment", status=404)
    ghdeploy.assert_request("POST", DEPLOYMENTS, note="x")


def test_the_members_of_a_stubbed_endpoint_are_not_checked(ghdeploy: FakeGitHub) -> None:
    """The fake has no schema of an endpoint that it does not implement."""
    ghdeploy.stub("POST", f"{ROOT}/pulls", status=201, json={"number": 1})
    ghdeploy.assert_no_request("POST", f"{ROOT}/pulls", head="topic")
    send("POST", f"{ROOT}/pulls", json={"head": "topic", "base": "main"})
    ghdeploy.assert_request("POST", f"{ROOT}/pulls", head="topic", status=201)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{ROOT}/git/ref/heads/feature/x"),
        ("GET", f"{ROOT}/contents/a/b/c.txt"),
        ("GET", f"{ROOT}/compare/main...topic"),
        ("GET", "/repositories/*/deployments"),
        ("HEAD", ROOT),
        ("POST", "/graphql"),
        ("PUT", f"{ROOT}/environments/*"),
    ],
)
def test_every_path_of_githubs_may_be_asked_about(ghdeploy: FakeGitHub, method: str, path: str) -> None:
    """Refs and paths may contain slashes."""
    ghdeploy.assert_no_request(method, path)


# What is there


def test_branches_and_tags_are_listed_as_on_github(repo: Repository) -> None:
    """Branches are in alphabetical order, tags in reverse, each with its SHA."""
    sha = repo.add_commit("topic")
    repo.add_tag("v1", "main")
    repo.add_tag("v2", "topic")
    assert [(branch.name, branch.sha, branch.protected) for branch in repo.branches] == [
        ("main", repo.sha("main"), False),
        ("topic", sha, False),
    ]
    assert [(tag.name, tag.sha, tag.protected) for tag in repo.tags] == [
        ("v2", sha, False),
        ("v1", repo.sha("main"), False),
    ]


def test_commits_are_listed_newest_first(repo: Repository) -> None:
    """Those of a ref, by default of the default branch."""
    sha = repo.add_commit("topic", message="Fix")
    assert [commit.message for commit in repo.commits()] == ["Initial commit"]
    newest, first = repo.commits("topic")
    assert (newest.sha, newest.message, newest.parents) == (sha, "Fix", (first.sha,))
    assert (first.sha, first.parents) == (repo.sha("main"), ())
    assert repo.commits(sha) == [newest, first]
    with pytest.raises(FakeError, match=r"^unknown branch, tag or SHA 'nope' in octocat/example; known: main, topic"):
        repo.commits("nope")


def test_a_merge_has_two_parents(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A tool's merge can be recognised."""
    ours, theirs = repo.add_commit("main"), repo.add_commit("topic")
    send("POST", f"{ROOT}/merges", json={"base": "main", "head": "topic"})
    assert repo.commits()[0].parents == (ours, theirs)
    assert ghdeploy.assert_request("POST", f"{ROOT}/merges", status=201, base="main")


def test_an_empty_repository_has_no_commits(ghdeploy: FakeGitHub) -> None:
    """It has no branches either."""
    send("POST", "/user/repos", json={"name": "empty"})
    repository = ghdeploy.repository("octocat/empty")
    assert (repository.branches, repository.tags, repository.commits()) == ([], [], [])


def test_commit_statuses_and_check_runs_are_listed(repo: Repository) -> None:
    """Those of one commit, or all of the repository, newest first."""
    repo.add_commit("topic")
    send("POST", f"{ROOT}/statuses/{repo.sha('main')}", json={"state": "pending", "context": "ci"})
    repo.add_commit_status("topic", state="success", context="ci")
    repo.add_check_run("main", name="lint")
    repo.add_check_run("main", name="lint", conclusion="failure")
    assert [(status.context, status.state) for status in repo.commit_statuses("main")] == [("ci", "pending")]
    assert [status.state for status in repo.commit_statuses()] == ["success", "pending"]
    assert [run.conclusion for run in repo.check_runs("main")] == ["failure", "success"]
    assert repo.check_runs("topic") == []
    assert len(repo.check_runs()) == 2
    for question in (repo.commit_statuses, repo.check_runs):
        with pytest.raises(FakeError, match=r"^unknown branch, tag or SHA 'nope'"):
            question("nope")


def test_repositories_are_listed_newest_first(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Including those that a tool has created; not those of another repository."""
    other = ghdeploy.add_repository("acme/app")
    other.add_commit_status("main", state="success")
    send("POST", "/user/repos", json={"name": "made"})
    assert [one.full_name for one in ghdeploy.repositories] == ["octocat/made", "acme/app", "octocat/example"]
    assert repo.commit_statuses() == []


# Authors and dates of commits


def test_a_commit_has_the_author_and_the_date_that_a_test_gives(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """An author is a login, or a name and an email address without an account."""
    ghdeploy.add_user("mona")
    then = datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    repo.add_commit("main", author="mona")
    repo.add_commit("main", author={"name": "M", "email": "m@x.invalid"}, date=then)
    repo.add_commit("main", date=then)
    dated, named, by_login, first = repo.commits()
    now, in_utc = ghdeploy.clock.now, datetime(2020, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert (first.author.name, first.author.login, first.author.date) == ("octocat", "octocat", now)
    assert (by_login.author.name, by_login.author.login, by_login.author.date) == ("mona", "mona", now)
    assert named.author == ("M", "m@x.invalid", in_utc, None)
    assert (dated.author.login, dated.author.date) == ("octocat", in_utc)
    over_http = send("GET", f"{ROOT}/commits").json()
    assert [(one["author"] or {}).get("login") for one in over_http] == ["octocat", None, "mona", "octocat"]
    assert over_http[1]["commit"]["author"] == {"name": "M", "email": "m@x.invalid", "date": "2020-01-02T01:04:05Z"}
    assert over_http[1]["committer"]["login"] == "octocat"
    assert {one["commit"]["committer"]["date"] for one in over_http[:2]} == {"2020-01-02T01:04:05Z"}
    assert len(send("GET", f"{ROOT}/commits?until=2020-02-01T00:00:00Z").json()) == 2


@pytest.mark.parametrize(
    ("more", "argument", "text"),
    [
        ({"author": "nope"}, "author", "unknown user 'nope': add it with add_user; known: "),
        (
            {"author": {"name": "M"}},
            "author",
            "author must be a login, or a mapping with name and email; got {'name': 'M'}",
        ),
        ({"author": {"name": "", "email": "m"}}, "author", "the name of author must be a non-empty string, got None"),
        (
            {"date": datetime(2020, 1, 1)},  # noqa: DTZ001 - the mistake
            "date",
            "date must be a datetime with a time zone, got datetime.datetime(2020, 1, 1, ",
        ),
        ({"date": "2020-01-01"}, "date", "date must be a datetime with a time zone, got '2020-01-01'"),
        (
            {"date": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))},
            "date",
            "date must be a time in the years 1 to 9999, in UTC; got 0001-01-01T00:00:00+02:00",
        ),
    ],
)
def test_an_invalid_author_or_date_commits_nothing(
    repo: Repository, more: dict[str, Any], argument: str, text: str
) -> None:
    """The message says what the argument must be."""
    with pytest.raises(FakeError) as caught:
        repo.add_commit("main", **more)
    assert str(caught.value).startswith(text)
    assert caught.value.argument == argument
    assert len(repo.commits()) == 1


def test_the_ref_of_a_deployment_may_be_positional(repo: Repository) -> None:
    """As for commit statuses and check runs."""
    assert repo.add_deployment("topic", environment="qa").ref == "topic"
    assert repo.add_deployment(ref="main").ref == "main"
