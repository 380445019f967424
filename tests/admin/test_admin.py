"""
The admin interface over HTTP, for test suites in other languages.

`CALLS` and `READS` have a case for each endpoint.
"""

from __future__ import annotations

import http.client
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests
import signing

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.admin import endpoints
from pytest_ghdeploy.admin.endpoints import ENDPOINTS, PREFIX, index, keys
from pytest_ghdeploy.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import LiveServer, Repository

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
HOOK = "http://127.0.0.1:9/hook"
REPOSITORY = "repositories/octocat/example"
TOKEN = "a-token-of-this-test"  # noqa: S105 - not a real token


class Ask:
    """A client of a server's admin interface."""

    def __init__(self, server: LiveServer) -> None:
        """Send requests to *server*."""
        self.server = server

    def raw(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send exactly this request; return status, headers with names in lower case, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Send JSON to *path* below the prefix; return status and JSON."""
        data = None if body is None else json.dumps(body).encode()
        content_type = {"Content-Type": "application/json"} if data is not None else {}
        status, _, answer = self.raw(method, f"{PREFIX}/{path}", data, content_type | headers)
        return status, json.loads(answer)

    def get(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """GET JSON, with status 200."""
        status, answer = self("GET", path)
        assert status == 200, answer
        return answer

    def post(self, path: str, **body: object) -> Any:  # noqa: ANN401
        """POST a body, with status 200, and return the JSON."""
        status, answer = self("POST", path, body)
        assert status == 200, answer
        return answer

    def refused(self, path: str, status: int = 422, **body: object) -> str:
        """POST a body that is refused with *status*, and return the message."""
        got, answer = self("POST", path, body)
        assert got == status
        assert list(answer) == (["message", "argument", "keys"] if status == 422 else ["message"])
        return str(answer["message"])


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    """Return a fake with a repository. It is not active in this process."""
    gh = FakeGitHub()
    gh.add_repository("octocat/example").add_branch("topic")
    yield gh
    gh.close()


@pytest.fixture
def repo(fake: FakeGitHub) -> Repository:
    """Return its repository."""
    return fake.repository("octocat/example")


@pytest.fixture
def ask(fake: FakeGitHub) -> Ask:
    """Return a client of the fake's admin interface."""
    return Ask(fake.serve(admin=True))


def deploy(ask: Ask, status: int = 201, **body: object) -> Any:  # noqa: ANN401 - any JSON
    """Create a deployment over the REST API."""
    answer = requests.post(
        f"{ask.server.api_url}/repos/octocat/example/deployments",
        json={"ref": "main", **body},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=20,
    )
    assert answer.status_code == status, answer.text
    return answer.json()


# Each endpoint


class Call(NamedTuple):
    """A body, the expected part of the response, and checks of the fake after and before the call."""

    body: dict[str, Any] | Callable[[FakeGitHub], dict[str, Any]]
    has: Any = None
    then: Callable[[FakeGitHub], object] = lambda _: True
    before: Callable[[FakeGitHub], object] = lambda _: None


def held_hook(gh: FakeGitHub) -> None:
    """Subscribe a URL, whose ping is held."""
    gh.webhooks.hold()
    gh.webhooks.subscribe(HOOK)


def an_event(gh: FakeGitHub) -> None:
    """Record an event."""
    gh.repository("octocat/example").add_commit_status("main", state="pending", context="ci")


def a_request(gh: FakeGitHub) -> None:
    """Answer a request."""
    gh._engine.answer("GET", f"{gh.base_url}/repos/octocat/example", {"user-agent": "test"}, b"")


def two_events(gh: FakeGitHub) -> None:
    """Record two events."""
    an_event(gh)
    an_event(gh)


def has_held(gh: FakeGitHub) -> bool:
    """Return whether new deliveries are held."""
    held_hook(gh)
    return len(gh.webhooks.held) == 1


def delivery(gh: FakeGitHub) -> int:
    """Return the id of the newest delivery."""
    return gh.webhooks.deliveries[0].id


def of_repository(gh: FakeGitHub) -> Repository:
    """Return the repository."""
    return gh.repository("octocat/example")


NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CALLS: dict[str, Call] = {
    "reset": Call({}, {}, lambda gh: not gh.events and not gh.faults, an_event),
    "seed": Call(
        {"repositories": [{"full_name": "octocat/seeded", "branches": ["next"]}]},
        {},
        lambda gh: gh.repository("octocat/seeded").sha("next"),
    ),
    "clock/tick": Call({"seconds": 60}, {}, lambda gh: gh.clock.now > datetime.now(UTC)),
    "clock/move_to": Call({"when": "2030-01-02T03:04:05Z"}, {}, lambda gh: gh.clock.now == NOW),
    "events/clear": Call({}, {}, lambda gh: not gh.events, an_event),
    "assert_event": Call(
        {"name": "status", "fields": {"state": "pending"}},
        {"name": "status", "action": None, "repository": "octocat/example", "payload": {"context": "ci"}},
        before=an_event,
    ),
    "assert_no_event": Call({"name": "status", "fields": {"state": "success"}}, before=an_event),
    "assert_events": Call(
        {"wanted": ["status", ["status", {"context": "ci"}]], "exactly": True},
        [{"name": "status"}, {"name": "status"}],
        before=two_events,
    ),
    "assert_delivery": Call(
        {"event": "ping", "fields": {"state": "waiting"}},
        {"event": "ping", "state": "waiting", "status_code": 0, "delivered_at": None},
        before=held_hook,
    ),
    "assert_request": Call(
        {"method": "GET", "path": "/repos/octocat/*", "status": 200},
        {"method": "GET", "path": "/repos/octocat/example", "status": 200},
        before=a_request,
    ),
    "assert_no_request": Call(
        {"method": "POST", "path": "/repos/octocat/example/deployments", "fields": {"ref": "main"}}, before=a_request
    ),
    "faults/add": Call(
        {"method": "POST", "path": "/repos/octocat/example/deployments", "status": 503, "times": 2},
        {
            "fault": "status=503 for POST /repos/octocat/example/deployments",
            "method": "POST",
            "path": "/repos/octocat/example/deployments",
            "times": 2,
            "used": 0,
            "required": True,
        },
        lambda gh: len(gh.faults) == 1,
    ),
    "faults/clear": Call({}, {}, lambda gh: len(gh.faults) == 0, lambda gh: gh.faults.add(status=500)),
    "rate_limits/set": Call({"remaining": 0, "user": None}, {}, lambda gh: anonymous_status(gh) == 403),
    "rate_limits/set_secondary": Call(
        {"points_per_minute": 0, "status": 429}, {}, lambda gh: anonymous_status(gh) == 429
    ),
    "rate_limits/clear": Call(
        {}, {}, lambda gh: anonymous_status(gh) == 200, lambda gh: gh.rate_limits.set(0, user=None)
    ),
    "stub": Call(
        {
            "method": "GET",
            "path": "/repos/octocat/example/milestones",
            "json": [1],
            "headers": {"X-More": "1"},
            "query": {"page": 1},
            "times": 2,
        },
        {},
        lambda gh: (
            gh._engine.answer("GET", f"{gh.base_url}/repos/octocat/example/milestones?page=1", {}, b"").body == b"[1]"
        ),
    ),
    "deployer": Call(
        {"environment": "qa", "steps": ["queued", {"state": "success", "after_seconds": 5}]},
        {"login": "deployer[bot]", "environment": "qa", "deployments": [], "posted": []},
        lambda gh: states_by_deployer(gh) == ["queued", "success"],
    ),
    "webhooks/subscribe": Call(
        {"target": HOOK, "events": ["deployment"], "secret": "a-secret-of-a-hook"},
        {"events": ["deployment"], "active": True, "config": {"url": HOOK, "secret": "********"}},
        lambda gh: gh.webhooks.hooks[0].events == ["deployment"],
        lambda gh: gh.webhooks.hold(),
    ),
    "webhooks/unsubscribe": Call(
        lambda gh: {"hook": gh.webhooks.hooks[0].id}, {}, lambda gh: not gh.webhooks.hooks, held_hook
    ),
    "webhooks/hold": Call({}, {}, has_held),
    "webhooks/release": Call({}, {}, lambda gh: gh.webhooks.deliveries[0].state == "failed", held_hook),
    "webhooks/drop": Call(
        lambda gh: {"delivery": delivery(gh)}, {}, lambda gh: gh.webhooks.deliveries[0].state == "dropped", held_hook
    ),
    "webhooks/redeliver": Call(
        lambda gh: {"delivery": delivery(gh)},
        {"event": "ping", "redelivery": True, "state": "waiting"},
        lambda gh: len(gh.webhooks.held) == 2,
        held_hook,
    ),
    "add_user": Call(
        {"login": "acme", "type": "Organization"},
        {"login": "acme", "type": "Organization"},
        lambda gh: gh.add_team("acme", "ops"),
    ),
    "add_token": Call(
        {"token": TOKEN, "user": "mona", "scopes": ["repo"], "expires_at": "2099-01-01T00:00:00Z"},
        {"user": {"login": "mona"}, "kind": "classic", "scopes": ["repo"], "expires_at": "2099-01-01T00:00:00Z"},
        lambda gh: gh.tokens[0].user.login == "mona",
    ),
    "revoke_token": Call({"token": TOKEN}, {}, lambda gh: not gh.tokens, lambda gh: gh.add_token(TOKEN)),
    "add_team": Call(
        {"organization": "acme", "name": "Ops", "members": ["mona"]},
        {"slug": "ops", "organization": {"login": "acme"}},
    ),
    "add_app": Call(
        {"slug": "gate", "owner": "mona", "id": 7, "permissions": {"checks": "write"}, "events": ["push"]},
        {"id": 7, "slug": "gate", "owner": {"login": "mona"}, "permissions": {"metadata": "read", "checks": "write"}},
    ),
    "add_repository": Call(
        {"full_name": "acme/app", "default_branch": "trunk", "private": True, "deploy_keys_enabled": False},
        {"full_name": "acme/app", "name": "app", "default_branch": "trunk", "private": True},
        lambda gh: gh.repository("acme/app").sha("trunk"),
    ),
    "repositories/{owner}/{name}/rename": Call(
        {"full_name": "octocat/other"}, {}, lambda gh: gh.repository("octocat/other")
    ),
    "repositories/{owner}/{name}/add_branch": Call(
        {"name": "old", "behind": 2}, {"sha": re.compile(r"[0-9a-f]{40}")}, lambda gh: of_repository(gh).sha("old")
    ),
    "repositories/{owner}/{name}/add_commit": Call(
        {"branch": "topic", "message": "Change", "files": {"a.txt": "text"}},
        {"sha": re.compile(r"[0-9a-f]{40}")},
        lambda gh: of_repository(gh).sha("topic") != of_repository(gh).sha("main"),
    ),
    "repositories/{owner}/{name}/add_tag": Call(
        {"name": "v1", "ref": "main"}, {"sha": re.compile(r"[0-9a-f]{40}")}, lambda gh: of_repository(gh).sha("v1")
    ),
    "repositories/{owner}/{name}/add_ref": Call(
        {"name": "refs/notes/x", "ref": "main"},
        {"sha": re.compile(r"[0-9a-f]{40}")},
        lambda gh: of_repository(gh).sha("refs/notes/x"),
    ),
    "repositories/{owner}/{name}/protect_branch": Call(
        {"pattern": "mai?", "required_contexts": ["ci"], "required_approvals": 1},
        {},
        lambda gh: of_repository(gh).branches[0].protected,
    ),
    "repositories/{owner}/{name}/add_merge_conflict": Call(
        {"head": "topic"}, {}, lambda gh: of_repository(gh).sha("topic") != of_repository(gh).sha("main")
    ),
    "repositories/{owner}/{name}/add_collaborator": Call({"login": "mona", "permission": "admin"}),
    "repositories/{owner}/{name}/add_commit_status": Call(
        {"ref": "main", "state": "failure", "context": "ci"},
        {"state": "failure", "context": "ci", "creator": {"login": "octocat"}},
        lambda gh: gh.assert_event("status", state="failure"),
    ),
    "repositories/{owner}/{name}/add_commit_comment": Call(
        {"ref": "main", "body": "Why?", "path": "app.py", "line": 1},
        {"body": "Why?", "path": "app.py", "line": 1, "position": None, "author_association": "OWNER"},
        lambda gh: gh.assert_event("commit_comment", body="Why?"),
    ),
    "repositories/{owner}/{name}/add_label": Call(
        {"name": "preview", "color": "0e8a16", "description": "Deploy it"},
        {"name": "preview", "color": "0e8a16", "description": "Deploy it", "default": False},
        lambda gh: "preview" in [label.name for label in of_repository(gh).labels],
    ),
    "repositories/{owner}/{name}/add_check_run": Call(
        {"ref": "main", "name": "build", "status": "queued", "conclusion": None},
        {"name": "build", "status": "queued", "conclusion": None},
        lambda gh: gh.assert_event("check_run", name="build"),
    ),
    "repositories/{owner}/{name}/add_pull_request": Call(
        {"head": "topic", "title": "Add it", "labels": ["preview"]},
        {"number": 1, "state": "open", "title": "Add it", "head": {"ref": "topic"}},
        lambda gh: gh.assert_event("pull_request", action="opened"),
        before=lambda gh: of_repository(gh).add_commit("topic"),
    ),
    "repositories/{owner}/{name}/add_deployment": Call(
        {"ref": "topic", "environment": "qa", "payload": {"a": [1]}},
        {"ref": "topic", "environment": "qa", "payload": {"a": [1]}, "state": None},
        lambda gh: of_repository(gh).deployments[0].environment == "qa",
    ),
    "repositories/{owner}/{name}/add_deploy_key": Call(
        {"title": "server", "key": KEY, "read_only": True},
        {"title": "server", "read_only": True},
        lambda gh: of_repository(gh).deploy_keys[0].title == "server",
    ),
    "repositories/{owner}/{name}/add_environment": Call(
        {"name": "qa", "wait_timer": 5, "reviewers": ["octocat"]},
        {"name": "qa", "can_admins_bypass": True},
        lambda gh: of_repository(gh).environments[0].name == "qa",
    ),
    "repositories/{owner}/{name}/add_release": Call(
        {"tag_name": "v2", "name": "Two"},
        {"tag_name": "v2", "draft": False},
        lambda gh: of_repository(gh).releases[0].name == "Two",
    ),
    "repositories/{owner}/{name}/add_topic": Call(
        {"name": "deploy"}, {}, lambda gh: of_repository(gh).topics == ["deploy"]
    ),
    "repositories/{owner}/{name}/add_branch_rule": Call(
        {"pattern": "main", "type": "update"},
        {},
        lambda gh: [rule.type for rule in gh._engine.store.branch_rules] == ["update"],
    ),
}


def anonymous_status(gh: FakeGitHub) -> int:
    """Send an anonymous request and return its status."""
    return gh._engine.answer("GET", f"{gh.base_url}/repos/octocat/example", {"user-agent": "test"}, b"").status


def states_by_deployer(gh: FakeGitHub) -> list[str]:
    """Create a deployment, let time pass, and return the states that the deployer reported."""
    deployment = of_repository(gh).add_deployment(ref="main", environment="qa")
    gh.clock.tick(5)
    return [str(status.state) for status in reversed(deployment.statuses)]


def has(whole: Any, part: Any) -> bool:  # noqa: ANN401 - any JSON
    """Return whether *whole* matches *part*: objects may have more members, strings may match a pattern."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and has(whole[name], value) for name, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(has, whole, part))
    if isinstance(part, re.Pattern):
        return isinstance(whole, str) and bool(part.fullmatch(whole))
    return bool(whole == part)


@pytest.mark.parametrize("path", CALLS)
def test_a_post_has_the_effect_of_the_method(path: str, fake: FakeGitHub, ask: Ask) -> None:
    """Each POST changes the fake and returns the method's result."""
    case = CALLS[path]
    case.before(fake)
    body = case.body(fake) if callable(case.body) else case.body

    status, answer = ask("POST", path.replace("{owner}", "octocat").replace("{name}", "Example"), body)

    assert status == 200, answer
    assert has(answer, case.has) if case.has else answer == {}, answer
    assert case.then(fake)


READS: dict[str, tuple[Callable[[FakeGitHub], object], Any]] = {
    "": (lambda _: None, {"url": re.compile(r"http://127\.0\.0\.1:\d+"), "api_url": re.compile(r"http.+/api/v3")}),
    "problems": (lambda gh: gh._engine.fail(FakeError("what went wrong")), ["FakeError: what went wrong"]),
    "clock": (lambda gh: gh.clock.move_to(NOW), {"now": "2030-01-02T03:04:05Z"}),
    "requests": (anonymous_status, [{"method": "GET", "path": "/repos/octocat/example", "status": 200, "hint": ""}]),
    "conversation": (
        anonymous_status,
        {"text": re.compile(r"  1\. GET /repos/octocat/example\n     200 OK .+"),
         "diagram": re.compile(r"(?s)  anonymous +GitHub.+"),
         "mermaid": re.compile(r"(?s)sequenceDiagram\n.+")},
    ),
    "events": (an_event, [{"name": "status", "payload": {"state": "pending"}}]),
    "events/{event}": (an_event, [{"name": "status", "payload": {"context": "ci"}}]),
    "faults": (lambda gh: gh.faults.add(error="reset"), [{"fault": 'error="reset" for any method on any path'}]),
    "webhooks/hooks": (held_hook, [{"events": ["*"], "active": True, "config": {"url": HOOK}}]),
    "webhooks/deliveries": (held_hook, [{"event": "ping", "state": "waiting", "body": ""}]),
    "webhooks/held": (held_hook, [{"event": "ping", "state": "waiting"}]),
    "repositories": (lambda _: None, [{"full_name": "octocat/example", "default_branch": "main"}]),
    "tokens": (lambda gh: gh.add_token(TOKEN), [{"user": {"login": "octocat"}, "kind": "classic", "scopes": None}]),
}  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_a_get_returns_the_state(path: str, fake: FakeGitHub, ask: Ask) -> None:
    """Each GET returns state as JSON, and HEAD the same headers."""
    prepare, part = READS[path]
    prepare(fake)

    answer = ask.get(path.replace("{event}", "status"))

    assert has(answer, part), answer
    status, headers, body = ask.raw("HEAD", f"{PREFIX}/{path.replace('{event}', 'status')}")
    assert (status, body, headers["content-type"]) == (200, b"", "application/json; charset=utf-8")


def test_every_endpoint_is_tested() -> None:
    """`CALLS` and `READS` have exactly one case for each endpoint."""
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.method == "POST"} == set(CALLS)
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.method == "GET"} == set(READS)
    assert len(ENDPOINTS) == len(CALLS) + len(READS)


def test_the_index_lists_every_endpoint(fake: FakeGitHub, ask: Ask) -> None:
    """GET /_ghdeploy lists methods, paths, keys with defaults, and a summary of each."""
    listed = {(entry["method"], entry["path"]): entry for entry in ask.get("")["endpoints"]}

    assert list(listed) == [(it.method, f"{PREFIX}/{it.path}".rstrip("/")) for it in ENDPOINTS]
    assert listed["POST", f"{PREFIX}/clock/tick"] == {
        "method": "POST",
        "path": "/_ghdeploy/clock/tick",
        "keys": ["seconds=1"],
        "does": "Move the time forwards.",
    }
    assert listed["POST", f"{PREFIX}/webhooks/release"]["keys"] == ["chosen=null"]
    assert listed["POST", f"{PREFIX}/assert_event"]["keys"] == ["name", "fields={}"]
    assert listed["POST", f"{PREFIX}/repositories/{{owner}}/{{name}}/add_branch"]["keys"] == [
        "name",
        "from_ref=null",
        "behind=0",
    ]
    assert all(it["does"].endswith((".", "…")) and "*" not in it["does"] for it in index(fake, PREFIX))


# Filters


def test_events_are_filtered_by_name_and_fields(repo: Repository, ask: Ask) -> None:
    """A query filters by fields as assert_event does: numbers, booleans, null, and strings that look like them."""
    repo.add_branch("5")
    first = repo.add_deployment(ref="main")
    repo.add_deployment(ref="5", environment="staging", transient_environment=True)

    def ids(query: str) -> list[int]:
        return [event["payload"]["deployment"]["id"] for event in ask.get(f"events/deployment{query}")]

    assert len(ids("")) == 2
    assert ids("?environment=production") == [first.id]
    assert ids(f"?id={first.id}") == [first.id]
    assert ids("?ref=5&transient_environment=true") == ids("?ref=5") == ids("")[1:]
    assert ids("?description=null&creator=octocat&transient_environment=false") == [first.id]
    assert ids("?environment=qa") == []
    assert ask("GET", "events/deploymnt")[1]["message"].startswith("unknown event 'deploymnt'; known: deployment,")
    status, answer = ask("GET", "events/deployment?envronment=qa")
    assert (status, answer["message"].partition(",")[0]) == (
        422,
        "unknown field 'envronment' of the event deployment; known: environment",
    )


def test_requests_and_deliveries_are_filtered_by_their_fields(fake: FakeGitHub, ask: Ask) -> None:
    """A query compares fields as JSON shows them. An unknown field is refused."""
    held_hook(fake)
    deploy(ask)
    deploy(ask, 422, ref="nope")

    assert [exchange["status"] for exchange in ask.get("requests")] == [201, 422]
    assert [it["request_body"] for it in ask.get("requests?status=422&method=POST")] == ['{"ref": "nope"}']
    assert [it["event"] for it in ask.get("webhooks/deliveries")] == ["deployment", "ping"]
    assert [it["event"] for it in ask.get("webhooks/deliveries?event=ping&redelivery=false&action=")] == ["ping"]
    assert ask("GET", "requests?state=1") == (
        422,
        {
            "message": ("unknown field 'state' for filtering requests; known: status, method, path, login, failure"),
            "argument": None,
            "keys": [],
        },
    )
    assert ask("GET", "clock?now=1") == (
        422,
        {"message": "unknown field 'now' for filtering clock; known: none", "argument": None, "keys": []},
    )


def test_hints_are_shown_and_credentials_are_not(repo: Repository, ask: Ask) -> None:
    """A refused request has its hint. The token is redacted wherever it appears."""
    repo.add_commit_status("main", state="pending", context="ci")
    deploy(ask, 409)
    deploy(ask, required_contexts=[], payload={"note": f"with {TOKEN}"})

    refused, created = ask.get("requests")
    assert refused["hint"] == "734ea46, the commit of main: ci is pending; required_contexts=[] deploys it regardless"
    assert refused["request_headers"]["authorization"] == "[redacted]"
    assert TOKEN not in json.dumps([refused, created])
    [event] = ask.get("events/deployment")
    assert event["payload"]["deployment"]["payload"] == {"note": "with [redacted]"}
    assert TOKEN not in json.dumps(ask.get("conversation"))


def test_secrets_are_not_shown(fake: FakeGitHub, ask: Ask) -> None:
    """Tokens and secrets of hooks appear in no response and no refusal."""
    ask.post("webhooks/hold")
    ask.post("add_token", token=TOKEN)
    ask.post("webhooks/subscribe", target=HOOK, secret="the-secret-of-a-hook")  # noqa: S106
    added = ask.post("add_app", slug="deployer", private_key=signing.private_key())
    responses = [json.dumps(added), ask.refused("add_app", slug="deployer", private_key=signing.private_key())]
    responses.append(ask.refused("add_app", slug="other", private_key=TOKEN))
    responses += [json.dumps(ask.get(path.replace("{event}", "push"))) for path in READS]
    responses.append(ask.refused("add_token", token="spaces in it"))  # noqa: S106
    responses.append(ask.refused("revoke_token", token="another-token-here"))  # noqa: S106
    responses.append(ask.refused("add_user", login=TOKEN + "!"))

    assert not [text for text in responses for line in signing.private_key().splitlines()[1:-1] if line in text]
    assert not [text for text in responses if TOKEN in text or "the-secret-of-a-hook" in text or "spaces in" in text]
    assert len(fake.tokens) == 1
    assert responses[-1].startswith("invalid login '[redacted]!'")


# The limits of the calendar

YEARS = "a time in the years 1 to 999"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            "clock/move_to",
            {"when": "9999-12-31T23:59:59-14:00"},
            f"clock.move_to needs {YEARS}8, in UTC; got 9999-12-31T23:59:59-14:00",
        ),
        (
            "clock/move_to",
            {"when": "0001-01-01T00:00:00+14:00"},
            f"clock.move_to needs {YEARS}8, in UTC; got 0001-01-01T00:00:00+14:00",
        ),
        (
            "clock/move_to",
            {"when": "9999-12-31T23:30:00Z"},
            f"clock.move_to needs {YEARS}8, in UTC; got 9999-12-31T23:30:00+00:00",
        ),
        (
            "clock/tick",
            {"seconds": 1e12},
            "clock.tick cannot go beyond the year 9998; got 1000000000000.0 seconds at 2",
        ),
        ("clock/tick", {"seconds": 1e300}, "clock.tick needs 0 seconds or more, got 1e+300; to go back in time"),
        ("clock/tick", {"seconds": 10**400}, "clock.tick needs 0 seconds or more, got 1000"),
        (
            "add_token",
            {"token": TOKEN, "expires_at": "9999-12-31T23:59:59-14:00"},
            f"expires_at must be {YEARS}9, in UTC; got 9999-12-31T23:59:59-14:00",
        ),
        (
            "add_token",
            {"token": TOKEN, "expires_at": "0001-01-01T00:00:00+14:00"},
            f"expires_at must be {YEARS}9, in UTC; got 0001-01-01T00:00:00+14:00",
        ),
    ],
)
def test_a_time_out_of_range_is_a_422(
    path: str, body: dict[str, Any], message: str, fake: FakeGitHub, ask: Ask
) -> None:
    """The clock and the tokens are unchanged."""
    before = fake.clock.now

    assert ask.refused(path, **body).startswith(message)

    assert (fake.clock.now, len(fake.tokens), fake._engine.list_problems()) == (before, 0, [])


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9998-12-31T23:59:59Z"])
def test_everything_works_at_the_limits_of_the_calendar(when: str, fake: FakeGitHub, ask: Ask) -> None:
    """The API and each GET of the admin interface answer. A token may expire in the last second of year 9999."""
    ask.post("add_token", token=TOKEN, expires_at="9999-12-31T23:59:59Z")
    ask.post("clock/move_to", when=when)

    assert ask.get("clock") == {"now": when}
    deploy(ask)
    assert [ask("GET", path.replace("{event}", "deployment"))[0] for path in READS] == [200] * len(READS)
    assert ask.get("tokens")[0]["expires_at"] == "9999-12-31T23:59:59Z"
    assert fake._engine.list_problems() == []


# Refusals


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("clock/tick", {"second": 5}, "unknown key 'second'; known: seconds"),
        (
            "clock/move_to",
            {},
            "the body has no when: when is required",
        ),
        ("clock/move_to", {"when": "soon"}, "when must be a date, got a string"),
        ("clock/move_to", {"when": 5}, "when must be a date, got a number"),
        ("clock/move_to", {"when": None}, "when must be a date, got nothing"),
        ("clock/tick", {"seconds": True}, "seconds must be a number, got true"),
        ("clock/tick", {"seconds": None}, "seconds must be a number, got nothing"),
        ("clock/tick", {"seconds": "5"}, "seconds must be a number, got a string"),
        (
            "clock/tick",
            {"seconds": -1},
            "clock.tick needs 0 seconds or more, got -1; to go back in time, call clock.move_to",
        ),
        (
            "stub",
            {"method": "GET"},
            "the body has no path: method and path are required",
        ),
        (
            "deployer",
            {"fails_on": "x"},
            (
                "unknown key 'fails_on'; known: fails_with, environment, repository, steps, after_polls, "
                "after_seconds, log_url, environment_url, description, login"
            ),
        ),
        ("deployer", {"steps": "queued"}, "steps must be a list, got a string"),
        ("deployer", {"steps": [{"after_polls": 1}]}, "steps[0] has no state: state is required"),
        (
            "deployer",
            {"steps": [{"state": "queued", "after": 1}]},
            (
                "unknown key 'after' in steps[0]; known: after_polls, state, after_seconds, log_url, "
                "environment_url, description, auto_inactive"
            ),
        ),
        ("webhooks/subscribe", {"target": 5}, "target must be a string, got a number"),
        (
            "webhooks/release",
            {},
            "no deliveries are held: call hold() before release()",
        ),
        (
            "webhooks/release",
            {"chosen": []},
            "chosen must be a list of at least one item, or null; got an empty list",
        ),
        ("webhooks/release", {"chosen": [1]}, "unknown delivery 1; known: none"),
        ("webhooks/drop", {"delivery": "x"}, "delivery must be the id of a delivery, got a string"),
        ("webhooks/unsubscribe", {"hook": True}, "hook must be the id of a hook, got true"),
        ("assert_event", {"name": "push", "fields": []}, "fields must be a mapping, got a list"),
        (
            "assert_event",
            {"name": "pusch"},
            "unknown event 'pusch'; known: push, check_run,",
        ),
        (
            "repositories/octocat/nope/add_branch",
            {"name": "x"},
            ("unknown repository 'octocat/nope'; known: octocat/example"),
        ),
        ("repositories/octocat/example/add_branch", {"name": "main"}, "octocat/example already has a branch 'main'"),
        (
            "add_repository",
            {"full_name": "octocat/example"},
            "repository octocat/example already exists: call repository('octocat/example') to get it",
        ),
        ("seed", {"repositoris": []}, "unknown key 'repositoris'; known: repositories,"),
        (
            "seed",
            {"repositories": [{"full_name": "a/b", "branchs": []}]},
            ("unknown key 'branchs' in repositories[0]; known: branches,"),
        ),
        ("reset", {"sed": True}, "unknown key 'sed'; known: none"),
    ],
)
def test_an_invalid_call_is_a_422_and_changes_nothing(
    path: str, body: dict[str, Any], message: str, fake: FakeGitHub, ask: Ask
) -> None:
    """The message lists the closest existing keys or names first."""
    before = fake.clock.now

    refusal = ask.refused(path, **body)

    assert refusal == message or (message.endswith(",") and refusal.startswith(message))
    assert (fake.clock.now, len(fake.events), fake._engine.list_problems()) == (before, 0, [])
    assert [row.full_name for row in fake._engine.store.repositories] == ["octocat/example"]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            "assert_event",
            {"name": "status", "fields": {"state": "success"}},
            (
                "no event status with state 'success'\n  recorded, closest first:\n"
                "    status 14054440: state 'pending'  <--, context 'ci'"
            ),
        ),
        (
            "assert_no_event",
            {"name": "status"},
            "expected no event status, but found 1:\n    status 14054440: state 'pending', context 'ci'",
        ),
        (
            "assert_events",
            {"wanted": ["deployment"]},
            (
                "expected exactly these events in this order (- missing, + unexpected):\n"
                "  + status 14054440: state 'pending', context 'ci'\n  - deployment"
            ),
        ),
        (
            "assert_delivery",
            {"event": "status"},
            "no delivery of status\n  nothing was delivered: subscribe a receiver with webhooks.subscribe",
        ),
    ],
)
def test_a_failed_assertion_is_a_409_with_the_closest_matches(
    path: str, body: dict[str, Any], message: str, fake: FakeGitHub, ask: Ask
) -> None:
    """The message is the same as in pytest."""
    an_event(fake)

    assert ask.refused(path, 409, **body) == message
    assert fake._engine.list_problems() == []


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "the body is not valid JSON: Expecting property name enclosed in double quotes"),
        (b"\xff", 400, "the body is not valid JSON: "),
        (b'{"seconds": NaN}', 400, "the body is not valid JSON: Out of range float values are not JSON compliant"),
        (b'{"seconds": 1e999}', 400, "the body is not valid JSON: Out of range float values are not JSON compliant"),
        (b'{"seconds": "\\ud800"}', 400, "the body is not valid JSON: 'utf-8' codec can't encode character '\\ud800'"),
        (b"[" * 100_000, 400, "the body is not valid JSON: "),
        (b'{"seconds": 1, "seconds": 2}', 422, "duplicate key 'seconds' in an object of the body"),
        (b'{"x": [{"a": 1, "b": 2, "a": 1}]}', 422, "duplicate key 'a' in an object of the body"),
        (b"[]", 422, "the body must be a JSON object, got a list"),
        (b'"text"', 422, "the body must be a JSON object, got a string"),
    ],
)
def test_a_body_must_be_a_json_object(body: bytes, status: int, message: str, fake: FakeGitHub, ask: Ask) -> None:
    """Invalid JSON is a 400, other JSON values are a 422, and nothing changes."""
    before = fake.clock.now

    got, _, answer = ask.raw("POST", f"{PREFIX}/clock/tick", body, {"Content-Type": "application/json"})

    assert got == status
    assert json.loads(answer)["message"].startswith(message)
    assert fake.clock.now == before


def test_a_refusal_names_the_argument_and_the_keys(fake: FakeGitHub, ask: Ask) -> None:
    """Programs need not parse the message: `argument` is the wrong key, `keys` lists the existing ones."""

    def refused(path: str, **body: object) -> tuple[object, list[str]]:
        status, answer = ask("POST", path, body)
        assert status == 422
        return answer["argument"], answer["keys"]

    held_hook(fake)
    status = ["ref", "state", "context", "description", "target_url", "creator"]
    assert refused(f"{REPOSITORY}/add_commit_status", ref="nope", state="success") == ("ref", status)
    assert refused(f"{REPOSITORY}/add_commit_status", ref="main", stat="success") == ("stat", status)
    assert refused(f"{REPOSITORY}/add_commit_status", ref="main") == (None, status)
    assert refused(f"{REPOSITORY}/add_commit_status", ref="main", state="success", target_url="ftp://x") == (
        "target_url",
        status,
    )
    assert refused("add_team", organization="no name", name="x") == (
        "organization",
        ["organization", "name", "members"],
    )
    assert refused("webhooks/drop", delivery=5) == ("delivery", ["delivery"])
    assert refused("webhooks/release", chosen=[5]) == ("chosen[0]", ["chosen"])
    assert refused("assert_event", name="status", fields={"stat": 1}) == ("fields.stat", ["name", "fields"])
    assert refused("deployer", steps=[{"state": "queued", "after": 1}])[0] == "steps[0].after"
    assert refused("repositories/octocat/nope/add_tag", name="v1", ref="main") == (None, ["name", "ref", "message"])
    assert refused("seed", repositories=[{"full_name": "a/b", "branches": ["main"]}]) == (
        "repositories[0].branches[0]",
        [],
    )
    assert ask("GET", "requests?state=1")[1]["argument"] is None


def test_messages_are_the_same_as_from_python(fake: FakeGitHub, ask: Ask) -> None:
    """A message names methods, whose endpoints have slashes instead of dots."""
    held_hook(fake)
    number = delivery(fake)
    ask.post("webhooks/drop", delivery=number)

    assert ask.refused("webhooks/drop", delivery=number) == (
        f"<Delivery {number} ping dropped> is not held: see hold() and held"
    )
    assert ask.refused("add_branch", 404).startswith("unknown endpoint '/_ghdeploy/add_branch'; known: ")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_a_body_must_be_application_json(content_type: str, fake: FakeGitHub, ask: Ask) -> None:
    """Content types that an HTML form can send are a 415."""
    before = fake.clock.now
    headers = {"Content-Type": content_type} if content_type else {}

    status, _, answer = ask.raw("POST", f"{PREFIX}/clock/tick", b'{"seconds": 5}', headers)

    message = f"the body must be application/json; Content-Type is {content_type or 'missing'}"
    assert (status, json.loads(answer)) == (415, {"message": message})
    assert fake.clock.now == before


def test_a_json_body_may_have_a_charset_or_be_missing(fake: FakeGitHub, ask: Ask) -> None:
    """`application/json; charset=utf-8` is accepted. A missing body is an empty object."""
    before = fake.clock.now
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}

    assert ask.raw("POST", f"{PREFIX}/clock/tick", b'{"seconds": 5}', kind)[0] == 200
    assert ask.raw("POST", f"{PREFIX}/clock/tick")[0] == 200
    assert (fake.clock.now - before).total_seconds() == 6


def test_an_unknown_path_is_a_404_that_lists_the_endpoints(ask: Ask) -> None:
    """The closest come first."""
    for path in ("clock/tik", "nope/x/y/z/1", "repositories/octocat/example", "events/a/b"):
        status, answer = ask("POST", path, {})
        assert status == 404
        assert answer["message"].startswith(f"unknown endpoint '{PREFIX}/{path}'; known: {PREFIX}/")
        assert answer["message"].endswith("GET /_ghdeploy lists all")
    assert "known: /_ghdeploy/clock/tick, " in ask("GET", "clock/tik")[1]["message"]


def test_a_wrong_method_is_a_405_that_names_the_right_one(ask: Ask) -> None:
    """The header Allow has it too. A POST with keys in the query is refused."""
    status, headers, body = ask.raw("PUT", f"{PREFIX}/clock/tick")
    assert (status, headers["allow"]) == (405, "POST")
    assert json.loads(body) == {"message": "/_ghdeploy/clock/tick accepts POST, not PUT"}
    assert ask("DELETE", "events")[1] == {"message": "/_ghdeploy/events accepts GET, not DELETE"}
    assert ask("POST", "clock/tick?seconds=5", {}) == (
        422,
        {"message": "POST /_ghdeploy/clock/tick takes its keys in the body, not in the query"},
    )


# Allowed senders


@pytest.mark.parametrize("host", ["evil.example:80", "127.0.0.1.evil.example", "api.github.com", "[::2]", "0.0.0.0"])  # noqa: S104
def test_another_hosts_name_is_refused(host: str, fake: FakeGitHub, ask: Ask) -> None:
    """A page that rebinds its DNS name to this machine is refused."""
    before = fake.clock.now

    status, _, body = ask.raw("POST", f"{PREFIX}/clock/tick", None, {"Host": host})

    message = "/_ghdeploy is only for this machine: use the host 127.0.0.1 or localhost"
    assert (status, json.loads(body)) == (403, {"message": message})
    assert fake.clock.now == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:{port}", "[::1]:{port}", "127.0.0.1:{port}"])
def test_loopback_names_are_accepted(host: str, ask: Ask) -> None:
    """Each loopback name works, with and without a port."""
    assert ask.raw("GET", f"{PREFIX}/clock", None, {"Host": host.format(port=ask.server.port)})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_a_page_of_another_site_is_refused(method: str, headers: dict[str, str], fake: FakeGitHub, ask: Ask) -> None:
    """Its preflight is refused too, and no header lets it read the response."""
    before = fake.clock.now
    path = "clock/tick" if method != "GET" else "clock"

    status, answered, body = ask.raw(method, f"{PREFIX}/{path}", None, headers)

    assert status == 403
    assert json.loads(body)["message"].startswith("/_ghdeploy refuses pages of other sites (Origin: ")
    assert not [name for name in answered if name.startswith("access-control")]
    assert answered["x-content-type-options"] == "nosniff"
    assert fake.clock.now == before


def test_a_page_of_the_same_site_is_accepted(fake: FakeGitHub, ask: Ask) -> None:
    """A URL typed into a browser works, over HTTP and HTTPS."""
    url = ask.server.url
    assert ask("GET", "clock", None, Origin=url, **{"Sec-Fetch-Site": "same-origin"})[0] == 200
    assert ask("GET", "clock", None, **{"Sec-Fetch-Site": "none"})[0] == 200
    server = fake.serve(tls=True, admin=True)
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{server.url}{PREFIX}", headers={"Origin": server.url}, verify=server.ca_file, timeout=20)
    assert answer.json()["api_url"] == f"{server.url}/api/v3"


def test_a_proxied_request_for_github_is_answered_by_github(ask: Ask) -> None:
    """A request for http://api.github.com/_ghdeploy gets GitHub's 404."""
    status, _, body = ask.raw("GET", f"http://api.github.com{PREFIX}/clock", None, {"User-Agent": "test"})
    assert (status, json.loads(body)["message"]) == (404, "Not Found")
    assert ask.raw("GET", f"http://127.0.0.1:{ask.server.port}{PREFIX}/clock")[0] == 200


# Separation from the API


def test_it_is_off_by_default(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> None:
    """Code under test gets GitHub's 404. `admin=True` starts another server of the same fake, which has it."""
    assert requests.get(f"{ghdeploy_server.url}{PREFIX}/clock", timeout=20).status_code == 404
    assert len(ghdeploy.requests) == 1

    server = ghdeploy_server(admin=True)

    assert requests.get(f"{server.url}{PREFIX}/requests", timeout=20).json()[0]["status"] == 404
    assert requests.get(f"{server.api_url}{PREFIX}/clock", timeout=20).status_code == 404
    assert requests.get(f"{server.url}{PREFIX}x", timeout=20).status_code == 404
    with pytest.raises(FakeError, match=r"^admin must be True or False, got 'yes'$"):
        ghdeploy.serve(admin="yes")  # type: ignore[arg-type]


def test_it_is_not_recorded_and_not_subject_to_limits_and_faults(fake: FakeGitHub, ask: Ask) -> None:
    """It answers while all other requests time out or exceed a limit, and uses up no fault."""
    fake.faults.add(error="timeout", times=5, required=False)
    fake.rate_limits.set(0)
    fake.rate_limits.set(0, user=None)

    for path in READS:
        ask.get(path.replace("{event}", "push"))
    ask.post("clock/tick")

    assert ask.get("faults")[0]["used"] == 0
    assert ask.get("requests") == fake._engine.transcript.entries == []


def test_held_deliveries_can_be_released_out_of_order_and_twice(fake: FakeGitHub, ask: Ask) -> None:
    """It answers while deliveries are held. `chosen` lists the deliveries to release, in order."""
    got: list[str] = []
    fake.webhooks.subscribe(lambda delivery: got.append(delivery.event), events=["deployment", "status"])
    got.clear()
    ask.post("webhooks/hold")
    an_event(fake)
    deploy(ask, required_contexts=[])
    first, second = (held["id"] for held in ask.get("webhooks/held"))

    ask.post("webhooks/release", chosen=[second, first, second])

    assert got == ["deployment", "status", "deployment"]
    assert ask.get("webhooks/held") == []
    assert [it["state"] for it in ask.get("webhooks/deliveries?event=deployment")] == ["delivered", "delivered"]


def test_a_client_that_rounds_ids_names_the_right_delivery(fake: FakeGitHub, ask: Ask) -> None:
    """JavaScript reads numbers as floats and writes their shortest digits. The ids of deliveries have 19."""
    fake.webhooks.subscribe(lambda _: None)
    ask.post("webhooks/hold")
    for _ in range(9):
        an_event(fake)
    rounded = [int(Decimal(repr(float(one["id"])))) for one in ask.get("webhooks/held")]

    ask.post("webhooks/drop", delivery=rounded[4])
    ask.post("webhooks/release", chosen=[rounded[7]])

    states = [one["state"] for one in ask.get("webhooks/deliveries?event=status")]
    assert states == ["waiting", "delivered", "waiting", "waiting", "dropped", *["waiting"] * 4]
    assert ask("POST", "webhooks/drop", {"delivery": 10**400})[0] == 422


def test_a_receiver_may_use_it_during_a_delivery(fake: FakeGitHub, ask: Ask) -> None:
    """The admin interface does not wait for the delivery to finish."""
    seen: list[Any] = []
    fake.webhooks.subscribe(lambda _: seen.append(ask.get("webhooks/deliveries")[0]["state"]), events=["deployment"])

    deploy(ask)

    assert seen == ["waiting", "waiting"]  # the first is from the ping


# Problems and reset


def test_problems_are_listed_until_a_reset(fake: FakeGitHub, ask: Ask) -> None:
    """A request without an endpoint and an unused fault are listed, as they would fail a test in pytest."""
    response = requests.get(f"{ask.server.url}/repos/octocat/example/milestones", timeout=20)
    assert response.status_code == 501
    ask.post("faults/add", status=500)

    missing, unused = ask.get("problems")
    assert missing.startswith(
        "UnsupportedRequest: GET /repos/octocat/example/milestones is GitHub's issues/list-milestones, which this"
    )
    assert unused.startswith("the fault status=500 for any method on any path was used 0 of 1 times\n")
    assert len(ask.get("problems")) == 2

    ask.post("reset")
    assert ask.get("problems") == []
    fake._engine.raise_problem()


def test_a_reset_restores_a_new_fake(fake: FakeGitHub, ask: Ask) -> None:
    """Ids, SHAs and GUIDs restart, the clock is at the current time, and nothing is held."""

    def play() -> list[Any]:
        ask.post("add_repository", full_name="octocat/example")
        deployment = deploy(ask)
        ask.post("clock/tick", seconds=3600)
        [event] = ask.get("events")
        return [deployment["id"], deployment["sha"], event["delivery_id"], ask.get("requests")[0]["status"]]

    ask.post("reset")
    first = play()
    ask.post("webhooks/hold")
    ask.post("reset")
    now = datetime.fromisoformat(ask.get("clock")["now"])

    assert abs((now - datetime.now(UTC)).total_seconds()) < 60
    assert play() == first
    assert fake._engine.outbox.held is None


def test_a_bug_in_the_fake_is_a_500_and_a_problem(fake: FakeGitHub, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug must not go unnoticed."""

    def broken() -> None:
        msg = "broken"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(fake, "_restart", broken)

    assert ask.refused("reset", 500) == "bug in the fake: ZeroDivisionError('broken')"
    assert ask.get("problems") == ["ZeroDivisionError: broken"]


@pytest.mark.parametrize("part", ["shown", "index", "read"])
def test_a_crash_anywhere_is_a_500_in_json_on_the_same_connection(
    fake: FakeGitHub, ask: Ask, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Reading and writing the response can crash too. The message contains no secret."""
    fake.add_token("a-secret-token")

    def broken(*_: object) -> None:
        msg = "broken by a-secret-token"
        raise RuntimeError(msg)

    path = {"index": PREFIX}.get(part, f"{PREFIX}/events/deployment")
    connection = http.client.HTTPConnection("127.0.0.1", ask.server.port, timeout=20)
    with monkeypatch.context() as patched:
        patched.setattr(endpoints, part, broken)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (500, "application/json; charset=utf-8")
        assert json.loads(answer.read()) == {"message": "bug in the fake: RuntimeError('broken by [redacted]')"}
    connected = connection.sock
    connection.request("GET", path)
    answer = connection.getresponse()
    assert (answer.status, answer.read() != b"", connection.sock) == (200, True, connected)
    connection.close()
    assert ask.get("problems") == ["RuntimeError: broken by [redacted]"]


def test_a_response_that_cannot_be_written_is_a_500_in_json(
    fake: FakeGitHub, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redaction runs after the handler."""
    redact = Secrets.redact_value

    def broken(self: Secrets, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if value == []:
            msg = "dictionary changed size during iteration"
            raise RuntimeError(msg)
        return redact(self, value)

    monkeypatch.setattr(Secrets, "redact_value", broken)
    status, value = ask("GET", "events")
    assert (status, value) == (
        500,
        {"message": "bug in the fake: RuntimeError('dictionary changed size during iteration')"},
    )
    assert len(fake._engine.list_problems()) == 1


# Random bodies

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.5, 10**30, 1e300, "", "x", "a/b", "é\n", "\x00", "9" * 400),
    *([], [1], ["x"], [None], [[]], [{}], {}, {"x": 1}, {"a": "b"}, {"": None}, "2026-01-01T00:00:00"),
)
NEEDED = {
    "full_name": "octocat/new", "login": "mona", "token": TOKEN, "organization": "org", "name": "push",
    "slug": "gate", "method": "GET", "path": "/x", "remaining": 5, "target": HOOK, "ref": "main", "state": "success",
    "branch": "main", "head": "topic", "title": "t", "key": KEY, "when": "2026-01-01T00:00:00Z", "wanted": [],
    "event": "push",
}  # fmt: skip


def snapshot(gh: FakeGitHub) -> object:
    """Count all state."""
    rows = {name: len(list(table)) for name, table in gh._engine.store.tables().items()}
    stubs = gh._engine.application.stubs
    return rows, len(gh.events), gh.clock.now, len(gh.faults), len(stubs.added if stubs else ()), len(gh.tokens)


@pytest.mark.parametrize("path", CALLS)
def test_any_value_is_accepted_or_refused_without_a_trace(path: str) -> None:
    """Each key of each call with all kinds of JSON gets 200, or 409 or 422 without any change."""
    endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.path == path)
    with_all = FakeGitHub()
    wanted = keys(with_all, endpoint) or ["repositories"]
    needed = {name: NEEDED.get(name) for name in wanted if "=" not in name and path != "seed"}
    from pytest_ghdeploy.admin.admin import Admin
    from pytest_ghdeploy.doors.http1 import Incoming

    target = f"{PREFIX}/{path.replace('{owner}', 'octocat').replace('{name}', 'example')}"
    statuses = set()
    for key in (name.partition("=")[0] for name in wanted):
        for value in ODD:
            gh = FakeGitHub()
            repository = gh.add_repository("octocat/example")
            repository.add_branch("topic")
            repository.add_commit("topic")
            held_hook(gh)
            known = {"delivery": delivery(gh), "hook": gh.webhooks.hooks[0].id}
            body = {name: known.get(name, value) for name, value in needed.items()} | {key: value}
            before = snapshot(gh)
            data = json.dumps(body).encode()
            sent = Incoming("POST", "", "127.0.0.1", target, {"content-type": "application/json"}, data, True)  # noqa: FBT003

            answer = Admin(gh, gh._engine).answer(sent, "http", True)  # noqa: FBT003 - is_here

            assert answer
            statuses.add(answer.status)
            assert answer.status in (200, 409, 422), (key, value, answer.body)
            assert answer.status == 200 or snapshot(gh) == before, (key, value, answer.body)
            assert anonymous_status(gh) in (200, 403, 404, 429, 0, *range(400, 600))
            gh._engine.list_problems()
            gh.clock.tick(5)
            gh.close()
    assert statuses & {409, 422} or not keys(with_all, endpoint)
