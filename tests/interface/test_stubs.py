"""Stubs: which requests they answer, with what, and the messages about stubs that no request has used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy import FakeError, FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.http.stubs import contains, is_similar

if TYPE_CHECKING:
    from pytest_ghdeploy import StubbedRequest

API = "https://api.github.com"
MILESTONES = "/repos/octocat/example/milestones"
DEPLOYMENTS = "/repos/octocat/example/deployments"


@pytest.fixture(autouse=True)
def _repository(ghdeploy: FakeGitHub) -> None:
    ghdeploy.add_repository("octocat/example")


def send(method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 - arguments of requests
    """Send a request with a token."""
    return requests.request(method, f"{API}{path}", headers={"Authorization": "token x"}, timeout=5, **more)


def get(path: str) -> Any:  # noqa: ANN401 - any JSON
    """GET a path and return the JSON."""
    return send("GET", path).json()


# Selecting requests


def test_a_stub_selects_by_query(ghdeploy: FakeGitHub) -> None:
    """Each listed parameter must have the value, compared as a string; other parameters do not matter."""
    ghdeploy.stub("GET", MILESTONES, json="second", query={"page": 2})
    ghdeploy.stub("GET", MILESTONES, json="drafts", query={"draft": True})
    ghdeploy.stub("GET", MILESTONES, json="any")
    assert get(f"{MILESTONES}?page=2&state=open") == "second"
    assert get(f"{MILESTONES}?draft=true") == "drafts"
    assert get(f"{MILESTONES}?page=1") == "any"
    assert get(MILESTONES) == "any"


def test_an_empty_value_in_the_query_can_be_selected(ghdeploy: FakeGitHub) -> None:
    """`?head=` has the parameter, with an empty value. A parameter sent twice has both values."""
    ghdeploy.stub("GET", MILESTONES, json="empty", query={"head": ""})
    ghdeploy.stub("GET", MILESTONES, json="twice", query={"label": "a"})
    ghdeploy.stub("GET", MILESTONES, json="any")
    assert get(f"{MILESTONES}?head=") == "empty"
    assert get(f"{MILESTONES}?label=a&label=b") == "twice"
    assert get(f"{MILESTONES}?head=main") == "any"


def test_a_stub_selects_by_members_of_the_body(ghdeploy: FakeGitHub) -> None:
    """The body must contain the mapping, at any depth. A body that is not JSON matches no such stub."""
    ghdeploy.stub("POST", MILESTONES, status=201, json="nested", body={"base": {"ref": "main"}})
    ghdeploy.stub("POST", MILESTONES, status=201, json="any")
    assert send("POST", MILESTONES, json={"base": {"ref": "main", "sha": "x"}, "title": "T"}).json() == "nested"
    assert send("POST", MILESTONES, json={"base": {"ref": "other"}}).json() == "any"
    assert send("POST", MILESTONES, data=b"base=main").json() == "any"


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": ["x", {"y": 1, "z": 2}]}, {"a": ["x", {"y": 1}]}, True),
        ({"a": ["x", "y"]}, {"a": ["x"]}, False),
        ({"a": "x"}, {"a": ["x"]}, False),
        (None, {}, False),
        ([], {}, False),
    ],
)
def test_what_a_body_contains(value: object, wanted: object, *, expected: bool) -> None:
    """Objects may have more members than wanted; arrays must have the same number of items."""
    assert contains(value, wanted) is expected


# Precedence and sequences


def test_several_stubs_with_times_are_a_sequence(ghdeploy: FakeGitHub) -> None:
    """Each answers its number of requests, in the order in which they were added; then the next stub follows."""
    ghdeploy.stub("GET", MILESTONES, json="then")
    ghdeploy.stub("GET", MILESTONES, status=503, times=2)
    ghdeploy.stub("GET", MILESTONES, json="third", times=1)
    answers = [send("GET", MILESTONES) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [503, 503, 200, 200, 200]
    assert [answer.json() for answer in answers[2:]] == ["third", "then", "then"]


def test_a_stub_that_selects_comes_first(ghdeploy: FakeGitHub) -> None:
    """It comes before stubs with `times`, which come before the newest of the others."""
    ghdeploy.stub("GET", MILESTONES, json="selects", query={"page": 1})
    ghdeploy.stub("GET", MILESTONES, json="once", times=1)
    ghdeploy.stub("GET", MILESTONES, json="older")
    ghdeploy.stub("GET", MILESTONES, json="newer")
    assert [get(f"{MILESTONES}?page=1"), get(MILESTONES), get(MILESTONES)] == ["selects", "once", "newer"]


def test_of_two_stubs_that_select_the_one_with_times_comes_first(ghdeploy: FakeGitHub) -> None:
    """The order among stubs that select is the same as among others."""
    ghdeploy.stub("GET", MILESTONES, json="once", query={"page": 1}, times=1)
    ghdeploy.stub("GET", MILESTONES, json="older", query={"page": 1})
    ghdeploy.stub("GET", MILESTONES, json="newer", query={"page": 1})
    assert [get(f"{MILESTONES}?page=1") for _ in range(2)] == ["once", "newer"]


def test_a_used_up_stub_lets_requests_through_to_the_endpoint(ghdeploy: FakeGitHub) -> None:
    """After that, the response comes from state again. A HEAD uses a stub for GET up too."""
    path = "/repos/octocat/example/branches"
    ghdeploy.stub("GET", path, json=[], times=2)
    assert get(path) == []
    assert send("HEAD", path).headers["Content-Length"] == "2"
    assert [branch["name"] for branch in get(path)] == ["main"]


def test_reset_removes_stubs(ghdeploy: FakeGitHub) -> None:
    """A required stub that was reset fails no test."""
    ghdeploy.stub("GET", "/user", json="stub", required=True)
    ghdeploy.reset()
    assert get("/user")["login"] == "octocat"
    ghdeploy._engine.check_unused()


# Functions


def test_a_function_makes_the_response_from_the_request(ghdeploy: FakeGitHub) -> None:
    """It gets the method, path, query and JSON, and returns JSON or a status with JSON."""
    seen: list[StubbedRequest] = []

    def respond(request: StubbedRequest) -> object:
        seen.append(request)
        if request.json is None:
            return [request.query]
        return 422, {"message": f"no {request.json['title']}"}

    ghdeploy.stub("POST", MILESTONES, status=201, json=respond)
    ghdeploy.stub("GET", MILESTONES, json=respond)
    created = send("POST", f"{MILESTONES}?x=1", json={"title": "T"})
    assert (created.status_code, created.json()) == (422, {"message": "no T"})
    assert get(f"{MILESTONES}?page=2&page=3&head=") == [{"page": "3", "head": ""}]
    assert [(request.method, request.path, request.query, request.json) for request in seen] == [
        ("POST", MILESTONES, {"x": "1"}, {"title": "T"}),
        ("GET", MILESTONES, {"page": "3", "head": ""}, None),
    ]


def test_a_function_may_read_and_change_the_fake(ghdeploy: FakeGitHub) -> None:
    """It runs while the request is answered."""

    def respond(request: StubbedRequest) -> object:
        repository = ghdeploy.repository("octocat/example")
        return 201, {"sha": repository.add_branch(request.json["head"])}

    ghdeploy.stub("POST", MILESTONES, json=respond)
    answer = send("POST", MILESTONES, json={"head": "topic"})
    assert answer.json() == {"sha": ghdeploy.repository("octocat/example").sha("topic")}


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ((99, []), "the stub for GET /user: status must be an HTTP status from 200 to 599, got 99"),
        ((200, 1, 2), "the stub for GET /user: a function returns JSON or (status, JSON), got a tuple of 3"),
        ((204, []), "the stub for GET /user: a 204 response has no body: leave json out"),
        ({1}, "the stub for GET /user: json cannot be written as JSON: Object of type set is not JSON serializable"),
    ],
)
def test_a_function_that_returns_no_response_fails_the_test(ghdeploy: FakeGitHub, result: object, text: str) -> None:
    """The error names the stub, and fails the test even if the tool swallows it."""
    ghdeploy.stub("GET", "/user", json=lambda _: result)
    with pytest.raises(FakeError) as caught:
        send("GET", "/user")
    assert str(caught.value) == text
    with pytest.raises(FakeError):
        ghdeploy._engine.raise_problem()


def test_an_exception_in_a_function_fails_the_test(ghdeploy: FakeGitHub) -> None:
    """It is raised to the tool, and again after the test."""

    def respond(request: StubbedRequest) -> object:
        return request.json["title"]

    ghdeploy.stub("GET", "/user", json=respond)
    with pytest.raises(TypeError):
        send("GET", "/user")
    with pytest.raises(TypeError):
        ghdeploy._engine.raise_problem()


def test_pytest_fail_in_a_function_fails_the_test(ghdeploy: FakeGitHub) -> None:
    """Even if a thread of the tool swallows it, as threads do with exceptions."""
    ghdeploy.stub("GET", "/user", json=lambda _: pytest.fail("not twice"))
    with pytest.raises(pytest.fail.Exception):
        send("GET", "/user")
    with pytest.raises(pytest.fail.Exception, match="not twice"):
        ghdeploy._engine.raise_problem()


# Arguments


@pytest.mark.parametrize(
    ("more", "argument", "text"),
    [
        ({"times": 0}, "times", "times must be a whole number, 1 or more; got 0"),
        ({"times": True}, "times", "times must be a whole number, 1 or more; got True"),
        ({"required": 1}, "required", "required must be True or False, got 1"),
        ({"query": "page=1"}, "query", "query must be a mapping of parameters to values, got 'page=1'"),
        ({"query": {1: 2}}, "query", "the name of a parameter in query must be a string, got 1"),
        ({"query": {"page": None}}, "query", "the parameter page in query must be a string or number, got nothing"),
        ({"body": "x"}, "body", "body must be a mapping that the JSON of a request must contain, got 'x'"),
        ({"body": {"a": {1}}}, "body", "body cannot be written as JSON: Object of type set is not JSON serializable"),
    ],
)
def test_invalid_arguments_are_refused(ghdeploy: FakeGitHub, more: dict[str, Any], argument: str, text: str) -> None:
    """The message says what the argument must be, and nothing is added."""
    with pytest.raises(FakeError) as caught:
        ghdeploy.stub("GET", "/user", **more)
    assert (str(caught.value), caught.value.argument) == (text, argument)
    assert get("/user")["login"] == "octocat"


# Stubs that no request has used


def test_an_unused_required_stub_fails_the_test(ghdeploy: FakeGitHub) -> None:
    """The message counts the uses, and lists the most similar requests."""
    ghdeploy.stub("GET", MILESTONES, json=[], required=True)
    send("GET", "/repos/octocat/example/milestone")
    send("GET", "/repos/octocat/example/milestone")
    with pytest.raises(AssertionError) as caught:
        ghdeploy._engine.check_unused()
    assert str(caught.value) == (
        f"the required stub for GET {MILESTONES} was used 0 of 1 time\n"
        "  GET /repos/octocat/example/milestone was sent 2 times"
    )
    get(MILESTONES)
    ghdeploy._engine.check_unused()


def test_a_required_stub_with_times_must_be_used_up(ghdeploy: FakeGitHub) -> None:
    """One use of two is not enough."""
    ghdeploy.stub("GET", MILESTONES, json=[], times=2, required=True)
    get(MILESTONES)
    with pytest.raises(AssertionError, match=r"was used 1 of 2 times$|was used 1 of 2 times\n"):
        ghdeploy._engine.check_unused()
    get(MILESTONES)
    ghdeploy._engine.check_unused()


def test_unused_faults_and_stubs_are_reported_together(ghdeploy: FakeGitHub) -> None:
    """Both are in one message, and so in the list of problems of a served fake."""
    ghdeploy.stub("GET", MILESTONES, json=[], required=True)
    ghdeploy.faults.add(path="/user", status=500)
    (problem,) = ghdeploy._engine.list_problems()
    assert "the fault status=500 for any method /user was used 0 of 1 times" in problem
    assert f"the required stub for GET {MILESTONES} was used 0 of 1 time" in problem
    ghdeploy.reset()


def test_leaving_the_context_manager_checks_required_stubs() -> None:
    """A block that ends well must have used them up."""
    fake = FakeGitHub(base_url="https://ghe.example.com/api/v3")
    with pytest.raises(AssertionError, match="the required stub for GET /user was used 0 of 1 time"), fake:
        fake.stub("GET", "/user", json={}, required=True)


def test_a_test_with_an_unused_required_stub_fails(pytester: pytest.Pytester) -> None:
    """The fixture checks it after the test."""
    pytester.makepyfile(
        """
        def test_it(ghdeploy):
            ghdeploy.stub("GET", "/user", json={}, required=True)
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: the required stub for GET /user was used 0 of 1 time"])


# Near misses


@pytest.mark.parametrize(
    ("stub", "near"),
    [
        (("GET", MILESTONES[:-1]), f"the closest stub, for GET {MILESTONES[:-1]}, is for another path"),
        (("GET", f"{MILESTONES}/"), f"the closest stub, for GET {MILESTONES}/, is for another path"),
        (("POST", MILESTONES), f"the closest stub, for POST {MILESTONES}, is for another method than GET"),
        (
            ("GET", MILESTONES, {"query": {"page": 2}}),
            f"the closest stub, for GET {MILESTONES}, needs page=2 in the query",
        ),
        (
            ("GET", MILESTONES, {"query": {"state": "closed"}}),
            f"the closest stub, for GET {MILESTONES}, needs state=closed in the query, not state=open",
        ),
        (
            ("GET", MILESTONES, {"body": {"client_secret": "a-secret"}}),
            f'the closest stub, for GET {MILESTONES}, needs {{"client_secret": "[redacted]"}} in the body',
        ),
        (
            ("GET", MILESTONES, {"query": {"access_token": "a-secret"}}),
            f"the closest stub, for GET {MILESTONES}, needs access_token=[redacted] in the query",
        ),
        (
            ("GET", MILESTONES, {"body": {"a": "ä"}}),
            f'the closest stub, for GET {MILESTONES}, needs {{"a": "ä"}} in the body',
        ),
    ],
)
def test_an_unsupported_request_names_the_closest_stub(ghdeploy: FakeGitHub, stub: Any, near: str) -> None:  # noqa: ANN401
    """It is the one with the same method and path, else the same path, else a similar path."""
    method, path, more = (*stub, {})[:3]
    ghdeploy.stub("GET", "/orgs/octo-org/repos", json=[])
    ghdeploy.stub(method, path, json=[], **more)
    with pytest.raises(UnsupportedRequest) as caught:
        get(f"{MILESTONES}?state=open")
    end = with_page(
        f'ghdeploy.stub("GET", "{MILESTONES}", status=200, json=…); {near}', "an-endpoint-that-the-fake-lacks"
    )
    assert str(caught.value).endswith(end)
    ghdeploy._engine.take_problem()


def test_a_refused_request_names_the_closest_stub_in_its_hint(ghdeploy: FakeGitHub) -> None:
    """The hint is in the header and in the report."""
    ghdeploy.stub("GET", "/repos/octocat/example/deployments/1", json={})
    answer = send("GET", "/repos/octocat/example/deployments/2")
    near = "the closest stub, for GET /repos/octocat/example/deployments/1, is for another path"
    assert answer.headers["X-GHDeploy-Hint"].endswith(f"has no deployment 2; known: none; {near}")
    assert near in ghdeploy.conversation_text()


def test_the_header_with_the_hint_contains_no_secret_of_a_stub(ghdeploy: FakeGitHub) -> None:
    """A tool may log the headers of a response."""
    ghdeploy.stub("GET", f"{DEPLOYMENTS}/2", json={}, body={"client_secret": "a-secret"})
    hint = send("GET", f"{DEPLOYMENTS}/2").headers["X-GHDeploy-Hint"]
    assert hint.endswith('needs {"client_secret": "[redacted]"} in the body')


def test_a_used_up_stub_is_named_with_its_count(ghdeploy: FakeGitHub) -> None:
    """A tool that asks once more than expected learns why."""
    ghdeploy.stub("GET", MILESTONES, json=[], times=1)
    get(MILESTONES)
    with pytest.raises(UnsupportedRequest, match=rf"for GET {MILESTONES}, was used up after 1 request\. See"):
        get(MILESTONES)
    ghdeploy._engine.take_problem()


def test_a_refusal_without_a_near_stub_has_no_note(ghdeploy: FakeGitHub) -> None:
    """A stub for something else is not mentioned."""
    ghdeploy.stub("GET", MILESTONES, json=[])
    assert "stub" not in send("GET", "/repos/octocat/example/deployments/2").headers["X-GHDeploy-Hint"]


def test_the_report_names_a_stub_that_the_endpoint_answered_instead(ghdeploy: FakeGitHub) -> None:
    """The fake's own endpoint answered a similar request, so nothing was refused."""
    ghdeploy.stub("GET", DEPLOYMENTS[:-1], json=[])
    ghdeploy.stub("GET", "/repos/octocat/example/branches", json=[], query={"page": 2})
    ghdeploy.stub("GET", MILESTONES, json=[])
    get(DEPLOYMENTS)
    get("/repos/octocat/example/branches")
    branches = "/repos/octocat/example/branches"
    assert ghdeploy._engine.report_text().splitlines()[4:] == [
        f"  !  the stub for GET {path} was never used; the closest request was GET {asked}"
        for path, asked in ((DEPLOYMENTS[:-1], DEPLOYMENTS), (branches, branches))
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/repos/o/r/milestones", "/repos/o/r/milestone", True),
        ("/repos/o/r/milestones", "/repos/O/r/milestones", True),
        ("/repos/o/r/milestones/1", "/repos/o/r/milestones/22", True),
        ("/repos/*/r/milestones", "/repos/x/r/milestone", True),
        ("/repos/o/r/milestones", "/repos/o/r/issues", False),
        ("/repos/o/r/milestones", "/repos/o/x/milestone", False),
        ("/repos/o/r/milestones", "/repos/o/r/milestones/1", False),
        ("/repos/o/r/milestones/", "/repos/o/r/milestones", True),
    ],
)
def test_which_paths_are_similar(pattern: str, path: str, *, expected: bool) -> None:
    """One segment may be spelled differently, or be another id."""
    segments = tuple(None if part == "*" else part for part in pattern.split("/"))
    assert is_similar(segments, tuple(path.split("/"))) is expected
