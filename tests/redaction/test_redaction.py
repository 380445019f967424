"""Secrets are never shown: not in reports, records, diagrams or failing assertions."""

from __future__ import annotations

import json
import re
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_ghdeploy import FakeError, UnsupportedRequest
from pytest_ghdeploy.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.webhooks.hooks import Delivery

API = "https://api.github.com/repos/octocat/example"
HEADERS = {"Authorization": "token a-token-for-tests"}
SECRET = "a-secret-of-hooks"  # noqa: S105 - of nobody


def _everything(ghdeploy: FakeGitHub) -> str:
    transcript = ghdeploy._engine.transcript
    return "\n".join(
        [transcript.text(), transcript.diagram(), transcript.mermaid(), transcript.report(0), repr(ghdeploy.requests)]
    )


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(("method", "path"), [("POST", "/hook"), ("PATCH", "/Hooks/1"), ("POST", "/hooks")])
def test_a_secret_sent_to_a_wrong_path_is_not_shown(ghdeploy: FakeGitHub, method: str, path: str) -> None:
    """Nor is a token in the URL of a hook."""
    config = {"url": "http://localhost:1/?token=in-the-url", "secret": "zq7"}
    requests.request(method, API + path, json={"config": config}, headers=HEADERS, timeout=5)
    shown = _everything(ghdeploy)
    assert '"secret": "[redacted]"' in shown
    assert "zq7" not in shown
    assert "in-the-url" not in shown


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("secret", [SECRET, "hunter2", 'pässwörd-"secret"-1'])
def test_no_failure_of_an_assertion_quotes_a_secret(ghdeploy: FakeGitHub, secret: str) -> None:
    """Even if the error of a receiver quotes it, and the delivery's reason quotes that error."""

    def wrong(_: Delivery) -> None:
        msg = f"signature does not match with {secret}"
        raise ValueError(msg)

    ghdeploy.webhooks.subscribe(wrong, secret=secret)
    with pytest.raises(AssertionError) as caught:
        ghdeploy.assert_delivery("ping", state="delivered")
    assert "signature does not match with [redacted]" in str(caught.value)
    assert secret not in str(caught.value)
    assert secret not in _everything(ghdeploy)


def test_no_failure_about_events_quotes_a_token(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Neither a long nor a short one, for every assertion."""
    for token in ("tok_1", SECRET):
        ghdeploy.add_token(token)
        repo.add_deployment(ref="main", environment=token)
        for failing in (
            lambda: ghdeploy.assert_event("deployment", ref="other"),
            lambda: ghdeploy.assert_no_event("deployment"),
            lambda: ghdeploy.assert_events(["push"]),
            lambda: ghdeploy.wait_for_event("deployment", timeout=0, ref="other"),
        ):
            with pytest.raises(AssertionError) as caught:
                failing()
            assert "environment '[redacted]'" in str(caught.value)
            assert token not in str(caught.value)
        assert token not in _everything(ghdeploy)


# Every place that shows something

PAYLOAD = {"api_key": "zq7", "nested": {"db_password": "zq8", "author": "mona"}, "tokens": ["zq9"]}
URL = "https://user:zq6@localhost/"


def _displays(ghdeploy: FakeGitHub) -> dict[str, str]:
    """Write down everything that a person could see."""
    displays = {name: getattr(ghdeploy.conversation, name)() for name in ("text", "diagram", "mermaid")}
    displays |= {"report": ghdeploy._engine.report_text(), "requests": repr(ghdeploy.requests)}
    for name in ("commit_statuses", "check_runs", "commits"):
        displays[name] = repr(getattr(ghdeploy.repository("octocat/example"), name)())
    for items in (ghdeploy.events, ghdeploy.requests, ghdeploy.webhooks.deliveries, ghdeploy.webhooks.hooks):
        displays |= {f"repr {number} of {type(items)}": repr(item) for number, item in enumerate(items)}
    failing: dict[str, Callable[[], object]] = {
        "assert_event": lambda: ghdeploy.assert_event("deployment", payload={"token": "zq5"}, ref="other"),
        "assert_no_event": lambda: ghdeploy.assert_no_event("deployment", payload=PAYLOAD),
        "assert_events": lambda: ghdeploy.assert_events([("deployment", {"payload": PAYLOAD}), "push"]),
        "statuses": lambda: ghdeploy.assert_event(
            "deployment_status", state="error", log_url=URL, target_url="", environment_url=""
        ),
        "wait_for_event": lambda: ghdeploy.wait_for_event("status", timeout=0, target_url=URL + "x"),
        "assert_request": lambda: ghdeploy.assert_request(
            "POST", "/repos/octocat/example/deployments", payload={"token": "zq5"}
        ),
        "assert_no_request": lambda: ghdeploy.assert_no_request("POST", "/repos/octocat/example/deployments"),
        "assert_delivery": lambda: ghdeploy.assert_delivery("deployment", status_code=500),
    }
    for name, call in failing.items():
        with pytest.raises(AssertionError) as caught:
            call()
        displays[name] = str(caught.value)
    with pytest.raises(FakeError) as refused:
        ghdeploy.assert_event("deployment", creator={"token": "zq5"}, refs=URL)
    displays["FakeError"] = str(refused.value)
    server = ghdeploy.serve(admin=True)
    for path in ("requests", "events", "conversation", "events/deployment", "webhooks/deliveries", "problems"):
        displays[path] = requests.get(f"{server.url}/_ghdeploy/{path}", timeout=20).text
    return displays


def test_no_display_shows_a_secret_member_or_the_credentials_of_a_url(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Whether it came from Python or over HTTP. What is stored and delivered stays whole."""
    received: list[Delivery] = []
    ghdeploy.webhooks.subscribe(received.append)
    repo.add_deployment(ref="main", payload=PAYLOAD, description=f"see {URL}").add_status(
        state="success", log_url=URL, environment_url=URL, description=URL
    )
    repo.add_commit_status("main", state="success", target_url=URL)
    answer = requests.post(
        f"{API}/deployments", json={"ref": "main", "payload": PAYLOAD, "description": URL}, headers=HEADERS, timeout=5
    )
    urls = {"log_url": URL, "environment_url": URL, "target_url": URL}
    body = {"state": "success", **urls}
    requests.post(answer.json()["statuses_url"], json=body, headers=HEADERS, timeout=5).raise_for_status()

    assert answer.json()["payload"] == PAYLOAD
    assert [event.payload["deployment"]["payload"] for event in ghdeploy.events.named("deployment")] == [PAYLOAD] * 2
    assert all(URL in str(event.payload) for event in ghdeploy.events)
    assert b"zq6" in received[-1].body
    for name, text in _displays(ghdeploy).items():
        assert not re.findall(r"zq\d", text), (name, text)
    assert b'"author": "mona"' in ghdeploy.requests[0].request_body


def test_no_display_shows_the_credentials_of_a_url_in_a_path_or_query(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Decoded or not. The request can still be looked up by its path."""
    for path in ("commits/https://me:zq7@localhost", "environments/https%3A%2F%2Fme%3Azq8%40localhost"):
        requests.get(f"{API}/{path}", headers=HEADERS, timeout=5)
    requests.get(f"{API}/deployments", params={"ref": "https://me:zq9@localhost"}, headers=HEADERS, timeout=5)

    for _ in range(2):
        assert not re.findall(r"zq\d", _everything(ghdeploy))
        assert ghdeploy.requests[1].params["environment_name"] == "https://[redacted]@localhost"
        ghdeploy.assert_request("GET", f"/repos/{repo.full_name}/environments/https%3A%2F%2Fme%3Azq8%40localhost")


def test_a_value_sent_as_a_secret_is_hidden_everywhere(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Under any of the names, in a body, a query or a header, and in a payload from Python."""
    repo.add_deployment(ref="main", payload={"private_key": "first-value"})
    requests.get(f"{API}?client_secret=second-value", headers=HEADERS, timeout=5)
    body = {"ref": "main", "payload": {"x": '{"apiKey": "third-value"}'}}
    requests.post(f"{API}/deployments", json=body, headers=HEADERS, timeout=5)
    requests.get(API, headers=HEADERS | {"X-Api-Key": "fourth-value"}, timeout=5)
    for value in ("first-value", "second-value", "third-value", "fourth-value"):
        repo.add_deployment(ref="main", environment=value)
        with pytest.raises(AssertionError) as caught:
            ghdeploy.assert_event("deployment", environment="other")
        assert "environment '[redacted]'" in str(caught.value)
        assert value not in str(caught.value)
        assert value not in _everything(ghdeploy)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda gh: gh.add_token("hunter", scopes=["hunter"]), "unknown scope '[redacted]'; known: "),
        (lambda gh: gh.add_token("hunter", scopes=["ghp_abcdefgh"]), "unknown scope '…'; known: "),
        (lambda gh: gh.add_token("hunter", scopes=["repo_statuses"]), "unknown scope 'repo_statuses'; known: "),
        (lambda gh: gh.add_token("hunter", permissions={"hunter": "read"}), "unknown permission '[redacted]'; known: "),
        (lambda gh: gh.add_token("hunter", permissions={"hunter2": "read"}), "unknown permission '…'; known: "),
        (lambda gh: gh.add_token("hunter", permissions={"deployments": "a-token"}), "unknown level '…' of the "),
        (lambda gh: gh.seed({"ghp_12345678": []}), "unknown key '…'; known: "),
        (
            lambda gh: gh.seed({"repositories": [{"full_name": "a/b", "tok-1": 1}]}),
            "unknown key '…' in repositories[0]",
        ),
        (lambda gh: gh.seed({"repositories": [{"full_name": "a/b", "branchs": 1}]}), "unknown key 'branchs' in "),
        (lambda gh: gh.seed({"users": [{"login": "a", "type": "tok-1"}]}), "unknown value '…' of users[0].type"),
        (lambda gh: gh.add_repository({"token": "abc"}), "got {'token': '[redacted]'}"),
        (lambda gh: gh.add_user(URL), "invalid login 'https://[redacted]@localhost/'"),
    ],
)
def test_a_refusal_quotes_no_secret(
    ghdeploy: FakeGitHub, refused: Callable[[FakeGitHub], object], message: str
) -> None:
    """An unknown word is quoted if it looks like a name. Neither does the name of the argument contain a secret."""
    with pytest.raises(FakeError) as caught:
        refused(ghdeploy)
    assert message in str(caught.value)
    assert not re.search("tok-1|ghp_|hunter", f"{caught.value.argument}")


def test_no_error_after_a_test_quotes_a_token(ghdeploy: FakeGitHub) -> None:
    """Neither one about an unused stub, nor one about a missing endpoint."""
    ghdeploy.add_token("tok-12345678")
    ghdeploy.stub("GET", "/repos/tok-12345678/milestones", required=True)
    with pytest.raises(AssertionError, match=r"stub for GET /repos/\[redacted\]/milestones was used 0 of 1 time"):
        ghdeploy._engine.check_unused()
    ghdeploy.reset()
    ghdeploy.add_token("tok-12345678")
    ghdeploy.add_token("a-token-for-tests")
    with pytest.raises(UnsupportedRequest, match=r"^GET /repos/octocat/\[redacted\]/milestones is GitHub's"):
        requests.get("https://api.github.com/repos/octocat/tok-12345678/milestones", headers=HEADERS, timeout=5)
    with pytest.raises(UnsupportedRequest, match=r"^GET /repos/octocat/\[redacted\]/milestones is GitHub's"):
        ghdeploy._engine.raise_problem()


# While other threads send requests


def test_the_record_is_read_while_new_tokens_arrive(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Over the admin interface, in failing assertions and in reports. No connection is dropped."""
    repo.add_deployment(ref="main")
    server = ghdeploy.serve(admin=True)
    stop = Event()
    problems: list[object] = []

    def watched(call: Callable[[int], object]) -> Callable[[], None]:
        def run() -> None:
            number = 0
            try:
                while not stop.is_set():
                    number += 1
                    call(number)
            except BaseException as problem:  # noqa: BLE001 - shown below
                problems.append(problem)

        return run

    def send(number: int) -> None:
        name = current_thread().name
        headers = {"authorization": f"token {name}-{number:08d}", "user-agent": name}
        body = json.dumps({"ref": "main", "payload": {"api_key": f"of-{name}-{number:08d}"}}).encode()
        assert ghdeploy._engine.answer("POST", f"{API}/deployments", headers, body).status == 201

    threads = [Thread(target=watched(send), name=f"sender-{number}") for number in range(3)]
    with requests.Session() as session:

        def read(_: int) -> None:
            answer = session.get(f"{server.url}/_ghdeploy/events", timeout=20)
            assert answer.status_code == 200
            assert "api_key" in answer.text
            assert "of-sender" not in answer.text

        def ask(_: int) -> None:
            with pytest.raises(AssertionError, match="recorded, closest first"):
                ghdeploy.assert_event("deployment", ref="other")
            assert "sender-0-0" not in ghdeploy._engine.report_text()

        threads += [Thread(target=watched(read)), Thread(target=watched(ask))]
        for thread in threads:
            thread.start()
        stop.wait(2)
        stop.set()
        for thread in threads:
            thread.join(30)
    assert problems == []
    assert len(ghdeploy.requests) > 10
    assert "sender-0-0" not in repr(ghdeploy.requests[:10])


def test_a_look_at_the_record_holds_no_lock(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redacting a long record takes time. Requests go on meanwhile."""
    requests.get(API, headers=HEADERS, timeout=5)
    owned: list[bool] = []
    redact = Secrets.redact_known

    def noting(self: Secrets, text: str) -> str:
        owned.append(ghdeploy._engine.lock._is_owned())  # type: ignore[attr-defined]
        return redact(self, text)

    monkeypatch.setattr(Secrets, "redact_known", noting)
    assert ghdeploy.requests[0].request_headers["authorization"] == "[redacted]"
    ghdeploy._engine.report_text()
    ghdeploy.conversation.text()
    ghdeploy.conversation.diagram()
    assert len(owned) > 3
    assert not any(owned)


def test_an_exchange_is_redacted_once(ghdeploy: FakeGitHub) -> None:
    """And again after a new secret became known."""
    for _ in range(2):
        requests.get(API, headers=HEADERS | {"X-Note": "not-yet-known"}, timeout=5)
    first = ghdeploy.requests[0]
    assert ghdeploy.requests[0] is first
    assert first.request_headers["x-note"] == "not-yet-known"
    ghdeploy.add_token("not-yet-known")
    assert ghdeploy.requests[0].request_headers["x-note"] == "[redacted]"
    assert ghdeploy.requests[0] is ghdeploy.requests[0]
