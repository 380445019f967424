"""
Hooks of repositories over HTTP.

`repos/list-webhooks`, `repos/create-webhook`, `repos/get-webhook`, `repos/update-webhook`, `repos/delete-webhook`,
`repos/get-webhook-config-for-repo`, `repos/update-webhook-config-for-repo`, `repos/ping-webhook`,
`repos/test-push-webhook`, `repos/list-webhook-deliveries`, `repos/get-webhook-delivery`,
`repos/redeliver-webhook-delivery`.
"""

# ruff: noqa: S105, S106 - secrets of hooks in tests
from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from client import API

from pytest_ghdeploy import FakeError
from pytest_ghdeploy.github import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example/hooks"
DOCS = "https://docs.github.com/rest/repos/webhooks"
# A privileged port on which no server listens.
NOWHERE = "http://127.0.0.1:1/hook"


def create(http: requests.Session, url: str = NOWHERE, *, events: list[str] | None = None, **config: object) -> Any:  # noqa: ANN401 - JSON
    """Create a hook."""
    more = {} if events is None else {"events": events}
    reply = http.post(PATH, json={"config": {"url": url} | config} | more)
    assert reply.status_code == 201, reply.text
    return reply.json()


def refusal(reply: requests.Response) -> tuple[int, str]:
    """Return the status, message and errors of a refusal."""
    body = reply.json()
    return reply.status_code, body["errors"][0].get("message") if "errors" in body else body["message"]


# Create


@pytest.mark.usefixtures("repo")
def test_a_hook_has_githubs_fields_and_defaults(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """By default, a hook is active and receives pushes as forms."""
    reply = http.post(PATH, json={"config": {"url": NOWHERE}})
    assert reply.status_code == 201
    body = reply.json()
    url = f"{API}{PATH}/{body['id']}"
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert list(body.items()) == [
        ("type", "Repository"),
        ("id", body["id"]),
        ("name", "web"),
        ("active", True),
        ("events", ["push"]),
        ("config", {"content_type": "form", "insecure_ssl": "0", "url": NOWHERE}),
        ("updated_at", now),
        ("created_at", now),
        ("url", url),
        ("test_url", f"{url}/test"),
        ("ping_url", f"{url}/pings"),
        ("deliveries_url", f"{url}/deliveries"),
        ("last_response", {"code": None, "status": "unused", "message": None}),
    ]
    assert reply.headers["Location"] == url
    assert list(ghdeploy.events) == []


@pytest.mark.usefixtures("repo")
def test_a_secret_is_masked_everywhere(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """It is in no response, record or conversation, however short it is, and after an update."""
    created = create(http, secret="pw1", content_type="json", insecure_ssl=1)
    assert created["config"] == {"content_type": "json", "insecure_ssl": "1", "secret": "********", "url": NOWHERE}
    http.patch(f"{PATH}/{created['id']}", json={"config": {"url": NOWHERE, "secret": 'pw2\\"x'}})
    http.patch(f"{PATH}/{created['id']}/config", json={"secret": "pw3-and-longer"})
    http.get(f"{PATH}/{created['id']}/deliveries")

    visible = ghdeploy.conversation_text() + repr(ghdeploy.requests) + repr(ghdeploy.webhooks.hooks)
    visible += repr(ghdeploy.webhooks.deliveries) + repr(list(ghdeploy._engine.store.hooks))
    for secret in ("pw1", "pw2", "pw3"):
        assert secret not in visible
    assert b'"secret": "[redacted]"' in ghdeploy.requests[0].request_body
    assert ghdeploy._engine.store.hooks.get(created["id"]).secret == "pw3-and-longer"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Config must contain URL for webhooks"),
        ({"config": {}}, "Config must contain URL for webhooks"),
        (None, "Config must contain URL for webhooks"),
        ({"config": {"url": "ftp://localhost/"}}, "url must use http(s) scheme"),
        ({"config": {"url": NOWHERE, "content_type": "xml"}}, "content_type must be json or form"),
        ({"config": {"url": ""}}, "url cannot be blank"),
        ({"config": {"url": NOWHERE}, "events": ["pushes"]}, "pushes is not a valid event name"),
        ({"config": {"url": NOWHERE}, "enabled": True}, 'Invalid request.\n\n"enabled" is not a permitted key.'),
        ({"config": {"url": NOWHERE}, "active": "yes"},
         "Invalid request.\n\nFor 'properties/active', \"yes\" is not a boolean."),
        ({"config": {"url": "no url"}}, "Invalid request.\n\nno url is not a valid uri."),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("repo")
def test_an_invalid_hook_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: object, message: str, ghdeploy: FakeGitHub
) -> None:
    """Nothing is stored or sent, and the response has a hint."""
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert refusal(reply) == (422, message)
    assert reply.json()["documentation_url"] == f"{DOCS}#create-a-repository-webhook"
    assert snapshot() == before
    assert ghdeploy.requests[-1].hint


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"config": {"url": ""}},
            {"resource": "Hook", "code": "custom", "field": "url", "message": "url cannot be blank"},
        ),
        ({"name": "foo"}, {"value": "foo", "resource": "Hook", "field": "name", "code": "invalid"}),
        ({"events": ["xxx"]}, {"resource": "Hook", "code": "custom", "message": "xxx is not a valid event name"}),
    ],
)
@pytest.mark.usefixtures("repo")
def test_an_invalid_hook_is_refused_as_measured(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, object], error: dict[str, str]
) -> None:
    """A test suite that runs against GitHub expects these errors."""
    before = snapshot()
    reply = http.post(PATH, json={"config": {"url": NOWHERE}} | body)
    assert (reply.status_code, reply.json()["message"]) == (422, "Validation Failed")
    assert reply.json()["errors"] == [error]
    assert snapshot() == before


@pytest.mark.usefixtures("repo")
def test_an_update_cannot_empty_the_url(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """Both endpoints refuse an empty URL in the same words."""
    path = f"{PATH}/{create(http)['id']}"
    before = snapshot()
    assert refusal(http.patch(path, json={"config": {"url": ""}})) == (422, "url cannot be blank")
    assert refusal(http.patch(f"{path}/config", json={"url": ""})) == (422, "url cannot be blank")
    assert snapshot() == before


@pytest.mark.usefixtures("repo")
def test_the_events_of_a_hook_are_sorted(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """They are shown in alphabetical order everywhere. Without any, a hook receives pushes."""
    path = f"{PATH}/{create(http, events=['push', 'deployment', 'create'])['id']}"
    assert http.get(path).json()["events"] == ["create", "deployment", "push"]
    assert ghdeploy.webhooks.hooks[0].events == ["create", "deployment", "push"]
    assert ghdeploy.webhooks.deliveries[0].payload["hook"]["events"] == ["create", "deployment", "push"]
    assert http.patch(path, json={"events": ["status", "create"]}).json()["events"] == ["create", "status"]
    assert http.patch(path, json={"events": []}).json()["events"] == ["push"]
    assert create(http, f"{NOWHERE}/2", events=[])["events"] == ["push"]


@pytest.mark.parametrize(("sent", "shown"), [(True, "1"), (False, "0"), (1, "1"), (0, "0"), ("1", "1"), ("0", "0")])
@pytest.mark.usefixtures("repo")
def test_insecure_ssl_reads_back_as_a_string(http: requests.Session, sent: object, shown: str) -> None:
    """It may be sent as a boolean, a number or a string, on creation and in both updates."""
    created = create(http, insecure_ssl=sent)
    path = f"{PATH}/{created['id']}"
    assert created["config"]["insecure_ssl"] == shown
    changed = http.patch(path, json={"config": {"url": NOWHERE, "insecure_ssl": sent}}).json()
    assert changed["config"]["insecure_ssl"] == shown
    assert http.patch(f"{path}/config", json={"insecure_ssl": sent}).json()["insecure_ssl"] == shown


@pytest.mark.parametrize("body", [{}, {"events": ["status"]}, {"active": False}])
@pytest.mark.usefixtures("repo")
def test_the_same_url_twice_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, object]
) -> None:
    """Another URL or repository makes another hook. Other events, another secret or content type do not."""
    create(http)
    before = snapshot()
    reply = http.post(PATH, json={"config": {"url": NOWHERE, "secret": "s", "content_type": "json"}} | body)
    assert (reply.status_code, reply.json()["message"]) == (422, "Validation Failed")
    assert reply.json()["errors"] == [
        {"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}
    ]
    assert snapshot() == before
    create(http, f"{NOWHERE}/2")


@pytest.mark.usefixtures("repo")
def test_a_hook_cannot_take_the_url_of_another(
    http: requests.Session, ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """Both endpoints refuse it. The hook itself keeps its URL, and another repository may have the same."""
    create(http)
    path = f"{PATH}/{create(http, f'{NOWHERE}/2')['id']}"
    before = snapshot()
    exists = (422, "Hook already exists on this repository")
    assert refusal(http.patch(path, json={"config": {"url": NOWHERE}})) == exists
    assert refusal(http.patch(f"{path}/config", json={"url": NOWHERE})) == exists
    assert snapshot() == before
    assert http.patch(f"{path}/config", json={"url": f"{NOWHERE}/2", "content_type": "json"}).status_code == 200
    ghdeploy.add_repository("octocat/other")
    assert http.post("/repos/octocat/other/hooks", json={"config": {"url": NOWHERE}}).status_code == 201


def test_a_receiver_subscribes_once_to_a_repository(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A second hook of the repository with the same URL is refused in Python too, but not one of all repositories."""
    ghdeploy.webhooks.subscribe(NOWHERE, events=["push"], repository=repo.full_name)
    with pytest.raises(FakeError, match="already sends to"):
        ghdeploy.webhooks.subscribe(NOWHERE, events=["status"], repository=repo.full_name)
    ghdeploy.webhooks.subscribe(NOWHERE, events=["push"])
    ghdeploy.webhooks.subscribe(NOWHERE, events=["status"])
    assert len(ghdeploy.webhooks.hooks) == 3


@pytest.mark.usefixtures("repo")
def test_an_event_has_at_most_twenty_hooks(http: requests.Session) -> None:
    """The 21st hook for an event is refused."""
    for number in range(20):
        create(http, f"{NOWHERE}/{number}", events=["deployment", "status"][: 1 + number % 2])
    reply = http.post(PATH, json={"config": {"url": NOWHERE}, "events": ["status", "deployment"]})
    assert refusal(reply) == (422, 'The "deployment" event cannot have more than 20 hooks')
    create(http, f"{NOWHERE}/status", events=["status"])


@pytest.mark.parametrize("code", [403, 405, 502])
def test_a_receiver_that_refuses_the_ping_is_misconfigured(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, code: int
) -> None:
    """The hook exists, and its `last_response` has the status code."""
    hook = ghdeploy.webhooks.subscribe(lambda _: code, repository=repo.full_name)
    assert http.get(f"{PATH}/{hook.id}").json()["last_response"] == {
        "code": code, "status": "misconfigured", "message": f"Invalid HTTP Response: {code}",
    }  # fmt: skip


# Read, change, delete


@pytest.mark.usefixtures("repo")
def test_hooks_are_listed_oldest_first_with_pages(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Hooks of other repositories and of apps are not listed."""
    ghdeploy.add_repository("octocat/other")
    ghdeploy.webhooks.subscribe(print)
    ghdeploy.webhooks.subscribe(print, repository="octocat/other")
    created = [create(http, f"{NOWHERE}/{number}")["id"] for number in range(3)]
    assert [hook["id"] for hook in http.get(PATH).json()] == created
    page = http.get(f"{PATH}?per_page=2&page=2")
    assert [hook["id"] for hook in page.json()] == created[2:]
    assert 'rel="prev"' in page.headers["Link"]


@pytest.mark.usefixtures("repo")
def test_a_hook_shows_its_latest_delivery(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """It also shows the time of its latest change."""
    created = create(http)
    shown = http.get(f"{PATH}/{created['id']}")
    assert shown.json() == created | {
        "last_response": {"code": 502, "status": "connection_error", "message": "failed to connect to host"}
    }
    ghdeploy.clock.tick(5)
    reply = http.patch(f"{PATH}/{created['id']}", json={"active": False})
    later = reply.json()
    assert (later["active"], later["created_at"]) == (False, created["created_at"])
    assert later["updated_at"] > created["updated_at"]


def test_a_hook_is_dated(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """`Last-Modified` is `updated_at`. A client is told of a new `last_response` that leaves this time as it was."""
    ghdeploy.clock.move_to(datetime(2030, 1, 2, tzinfo=UTC))
    answers = iter([200, 500])
    hook = ghdeploy.webhooks.subscribe(lambda _: next(answers), repository=repo.full_name)
    ghdeploy.clock.tick(60)
    path = f"{PATH}/{hook.id}"
    first = http.get(path)
    assert first.headers["Last-Modified"] == "Wed, 02 Jan 2030 00:00:00 GMT"
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert http.get(path, headers=since).status_code == 304
    hook.ping()
    again = http.get(path, headers=since)
    assert again.status_code == 200
    assert again.headers["Last-Modified"] == first.headers["Last-Modified"]
    assert again.json()["last_response"]["code"] == 500
    assert "Last-Modified" not in http.get(f"{path}/config").headers


@pytest.mark.parametrize("path", ["", "/config", "/deliveries", "/deliveries/1"])
def test_an_unknown_hook_is_a_404(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, path: str) -> None:
    """So is a hook of another repository or of an app. The hint lists the existing hooks."""
    ghdeploy.add_repository("octocat/other")
    elsewhere = ghdeploy.webhooks.subscribe(print, repository="octocat/other")
    everywhere = ghdeploy.webhooks.subscribe(print)
    created = create(http)
    for number in (1, elsewhere.id, everywhere.id):
        assert http.get(f"{PATH}/{number}{path}").status_code == 404
        assert f"known: {created['id']}" in ghdeploy.requests[-1].hint
    assert repo.full_name in ghdeploy.requests[-1].hint


@pytest.mark.usefixtures("repo")
def test_an_update_replaces_the_configuration(http: requests.Session) -> None:
    """Without a secret the hook has none any more. Other missing fields get their defaults."""
    created = create(http, secret="secret", content_type="json", insecure_ssl="1")
    body = http.patch(f"{PATH}/{created['id']}", json={"config": {"url": f"{NOWHERE}2"}}).json()
    assert body["config"] == {"content_type": "form", "insecure_ssl": "0", "url": f"{NOWHERE}2"}
    assert refusal(http.patch(f"{PATH}/{created['id']}", json={"config": {"secret": "s"}}))[0] == 422


@pytest.mark.usefixtures("repo")
def test_an_update_changes_events(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """It replaces all events, or adds and removes some. An unknown event changes nothing."""
    path = f"{PATH}/{create(http)['id']}"
    assert http.patch(path, json={"events": ["create", "status"]}).json()["events"] == ["create", "status"]
    changed = http.patch(path, json={"add_events": ["push"], "remove_events": ["create"]}).json()
    assert changed["events"] == ["push", "status"]
    before = snapshot()
    assert refusal(http.patch(path, json={"active": False, "add_events": ["nope"]})) == (
        422,
        "nope is not a valid event name",
    )
    assert snapshot() == before


@pytest.mark.usefixtures("repo")
def test_the_configuration_has_an_endpoint_of_its_own(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """An update changes only the given fields, so a secret stays."""
    path = f"{PATH}/{create(http, secret='secret')['id']}"
    assert http.get(f"{path}/config").json() == {
        "content_type": "form", "insecure_ssl": "0", "secret": "********", "url": NOWHERE,
    }  # fmt: skip
    changed = http.patch(f"{path}/config", json={"content_type": "json"}).json()
    assert changed == {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": NOWHERE}
    assert "secret" not in http.patch(f"{path}/config", json={"secret": ""}).json()
    before = snapshot()
    assert refusal(http.patch(f"{path}/config", json={"content_type": "xml"}))[0] == 422
    assert refusal(http.patch(f"{path}/config", json={"uri": "x"}))[0] == 422
    assert snapshot() == before


@pytest.mark.usefixtures("repo")
def test_a_hook_is_deleted_once(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Its deliveries are deleted too, and it receives nothing more."""
    created = create(http)
    assert len(ghdeploy.webhooks.deliveries) == 1
    assert http.delete(f"{PATH}/{created['id']}").status_code == 204
    assert http.delete(f"{PATH}/{created['id']}").status_code == 404
    assert http.get(PATH).json() == []
    assert (ghdeploy.webhooks.deliveries, ghdeploy.webhooks.hooks) == ([], [])


def test_deleting_a_repository_deletes_its_hooks(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """An app's hook stays, with its deliveries."""
    stays = ghdeploy.webhooks.subscribe(lambda _: None)
    create(http, events=["*"])
    repo.add_commit_status("main", state="success")
    assert http.delete("/repos/octocat/example").status_code == 204
    assert ghdeploy.webhooks.hooks == [stays]
    assert [delivery.event for delivery in stays.deliveries] == ["status", "ping"]


# Events


@pytest.mark.usefixtures("repo")
def test_a_new_hook_is_pinged(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The ping shows a masked secret and is not an event of the repository. An inactive hook is not pinged."""
    created = create(http, secret="secret")
    delivery = ghdeploy.webhooks.deliveries[0]
    assert (delivery.event, delivery.action, delivery.payload["hook_id"]) == ("ping", None, created["id"])
    assert delivery.payload["hook"] == created
    assert delivery.payload["repository"]["full_name"] == "octocat/example"
    assert delivery.payload["sender"]["login"] == "octocat"
    http.post(PATH, json={"config": {"url": f"{NOWHERE}2"}, "active": False})
    assert ghdeploy.webhooks.deliveries == [delivery]
    assert list(ghdeploy.events) == []


@pytest.mark.usefixtures("repo")
def test_a_hook_can_be_pinged(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Each ping is an event with a GUID of its own."""
    created = create(http)
    reply = http.post(f"{PATH}/{created['id']}/pings")
    assert (reply.status_code, reply.content) == (204, b"")
    second, first = ghdeploy.webhooks.deliveries
    assert second.event == "ping"
    assert second.delivery_id != first.delivery_id


@pytest.mark.parametrize("alias", ["tests", "test"])
def test_a_hook_can_be_tested(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, alias: str) -> None:
    """If it receives pushes, it gets one of the latest commit, which is not an event of the repository."""
    created, other = create(http), create(http, f"{NOWHERE}/status", events=["status"])
    sha = repo.add_commit("main", message="The latest")
    assert http.post(f"{PATH}/{created['id']}/{alias}").status_code == 204
    assert http.post(f"{PATH}/{other['id']}/{alias}").status_code == 204
    newest = ghdeploy.webhooks.deliveries[0]
    assert (newest.event, newest.hook_id) == ("push", created["id"])
    assert (newest.payload["ref"], newest.payload["after"]) == ("refs/heads/main", sha)
    assert newest.payload["head_commit"]["message"] == "The latest"
    assert len(ghdeploy.webhooks.deliveries) == 3
    assert list(ghdeploy.events) == []


# Deliveries


def deliver(repo: Repository, count: int) -> None:
    """Send events so that deliveries exist."""
    for number in range(count):
        repo.add_commit_status("main", state="success", context=f"ci/{number}")


def test_deliveries_are_listed_newest_first(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The list shows GitHub's fields without request and response."""
    created = create(http, events=["*"])
    repo.add_deployment(ref="main")
    newest, ping = http.get(f"{PATH}/{created['id']}/deliveries").json()
    assert list(newest.items()) == [
        ("id", ghdeploy.webhooks.deliveries[0].id),
        ("guid", ghdeploy.events[0].delivery_id),
        ("delivered_at", ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")),
        ("redelivery", False),
        ("duration", 0),
        ("status", "failed to connect to host"),
        ("status_code", 502),
        ("event", "deployment"),
        ("action", "created"),
        ("installation_id", None),
        ("repository_id", repo.id),
        ("throttled_at", None),
        ("url", ""),
    ]
    assert ping["event"] == "ping"
    one = http.get(f"{PATH}/{created['id']}/deliveries/{newest['id']}").json()
    assert one | {"url": ""} == newest | {"request": one["request"], "response": one["response"]}


@pytest.mark.usefixtures("repo")
def test_ids_of_deliveries_have_19_digits(http: requests.Session) -> None:
    """As on GitHub, a client that reads them as floats, such as JavaScript, rounds them."""
    created = create(http)
    path = f"{PATH}/{created['id']}/deliveries"
    number = http.get(path).json()[0]["id"]
    assert len(str(number)) == 19
    assert 2**53 < number < 2**63
    assert int(float(number)) != number
    assert http.get(f"{path}/{number}").json()["id"] == number


def test_deliveries_have_pages_by_cursor(http: requests.Session, repo: Repository) -> None:
    """The links keep the filter. New deliveries do not shift the pages."""
    created = create(http, events=["status"])
    deliver(repo, 6)
    path: str = f"{PATH}/{created['id']}/deliveries"
    everything = [row["id"] for row in http.get(path).json()]
    reply = http.get(f"{path}?per_page=3&status=failure")
    seen = [row["id"] for row in reply.json()]
    deliver(repo, 1)
    while "next" in reply.links:
        assert list(reply.links) == ["next"]
        assert "cursor=v1_" in reply.links["next"]["url"]
        assert f"/repositories/{repo.id}/hooks/" in reply.links["next"]["url"]
        reply = http.get(reply.links["next"]["url"])
        seen += [row["id"] for row in reply.json()]
    assert seen == everything
    assert len(everything) == 7


def test_deliveries_can_be_filtered(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The filter is success or failure. Anything else is refused."""
    answers = iter([200, 500, 204])
    hook = ghdeploy.webhooks.subscribe(lambda _: next(answers), repository="octocat/example")
    deliver(repo, 2)
    path = f"{PATH}/{hook.id}/deliveries"
    assert [row["status_code"] for row in http.get(path).json()] == [204, 500, 200]
    assert [row["status_code"] for row in http.get(f"{path}?status=success").json()] == [204, 200]
    assert [row["status_code"] for row in http.get(f"{path}?status=failure").json()] == [500]
    assert http.get(f"{path}?status=late").status_code == 422
    assert http.get(f"{path}?cursor=7").status_code == 422
    assert ghdeploy.requests[-1].hint


def test_a_delivery_is_shown_with_request_and_response(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """It has the headers sent, the payload as JSON, and the receiver's response."""

    def application(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401 - WSGI
        assert environ["REQUEST_METHOD"] == "POST"
        start_response("418 I'm a teapot", [("Content-Type", "text/plain")])
        return [b"short and ", b"stout"]

    hook = ghdeploy.webhooks.subscribe(application, repository="octocat/example", content_type="form", secret="s")
    repo.add_commit_status("main", state="success")
    delivery = ghdeploy.webhooks.deliveries[0]
    body = http.get(f"{PATH}/{hook.id}/deliveries/{delivery.id}").json()
    assert body["url"] == hook.config["url"]
    assert body["request"] == {"headers": dict(delivery.headers), "payload": delivery.payload}
    assert body["request"]["payload"] == ghdeploy.events[-1].payload
    assert body["response"] == {"headers": {"Content-Type": "text/plain"}, "payload": "short and stout"}
    assert (body["status_code"], body["status"]) == (418, "Invalid HTTP Response: 418")
    assert http.get(f"{PATH}/{hook.id}/deliveries/1").status_code == 404


def test_a_delivery_without_a_response_has_none(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Its response has no headers and an empty payload, whether the receiver was unreachable or timed out."""
    created = create(http)
    body = http.get(f"{PATH}/{created['id']}/deliveries/{ghdeploy.webhooks.deliveries[0].id}").json()
    assert body["response"] == {"headers": None, "payload": ""}
    assert (body["repository_id"], body["url"]) == (repo.id, NOWHERE)
    hook = ghdeploy.webhooks.subscribe(lambda _: ghdeploy.clock.tick(11), repository=repo.full_name)
    body = http.get(f"{PATH}/{hook.id}/deliveries/{hook.deliveries[0].id}").json()
    assert (body["status"], body["response"]) == ("timed out", {"headers": None, "payload": ""})
    assert hook.last_response == {"code": 504, "status": "timeout", "message": "timed out"}


def test_a_delivery_can_be_sent_again(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The redelivery has the same GUID and payload and an id of its own."""
    answers = iter([200, 500, 200])
    hook = ghdeploy.webhooks.subscribe(lambda _: next(answers), repository="octocat/example")
    deliver(repo, 1)
    failed = ghdeploy.webhooks.deliveries[0]
    reply = http.post(f"{PATH}/{hook.id}/deliveries/{failed.id}/attempts")
    assert (reply.status_code, reply.json()) == (202, {})
    again = ghdeploy.webhooks.deliveries[0]
    assert again.id != failed.id
    assert (again.delivery_id, again.body) == (failed.delivery_id, failed.body)
    assert [delivery_row.redelivery for delivery_row in (again, failed)] == [True, False]
    assert [delivery_row.state for delivery_row in (again, failed)] == ["delivered", "failed"]
    assert http.post(f"{PATH}/{hook.id}/deliveries/1/attempts").status_code == 404


@pytest.mark.usefixtures("repo")
def test_a_hook_outside_loopback_is_never_sent(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """It can be created, but its deliveries fail with the reason."""
    create(http, "https://hooks.example.com/github")
    delivery = ghdeploy.webhooks.deliveries[0]
    assert (delivery.state, delivery.status_code) == ("failed", 502)
    assert delivery.reason.startswith(
        "hooks.example.com is not this machine, and the fake sends nothing to other machines"
    )
    assert f"failed: {delivery.reason}" in ghdeploy.conversation_text()


def test_more_than_25_megabytes_are_not_delivered(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No delivery is made, and the conversation says why."""
    created = create(http, events=["*"])
    monkeypatch.setattr(deliveries, "MOST_BYTES", 9_000)
    repo.add_deployment(ref="main", payload={"large": "x" * 9_000})
    assert [row["event"] for row in http.get(f"{PATH}/{created['id']}/deliveries").json()] == ["ping"]
    assert ghdeploy.webhooks.deliveries[0].state == "dropped"
    assert "more than 25 MB" in ghdeploy.conversation_text()


# Authorization


WRITES = ("POST", "", {"config": {"url": NOWHERE}})


@pytest.mark.parametrize(
    ("scope", "list_", "create_", "ping_", "delete_"),
    [
        ("read:repo_hook", 200, 404, 204, 404),
        ("write:repo_hook", 200, 201, 204, 404),
        ("admin:repo_hook", 200, 201, 204, 204),
        ("repo", 200, 201, 204, 204),
        ("repo_deployment", 404, 404, 404, 404),
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_scopes_for_hooks(
    http: requests.Session, ghdeploy: FakeGitHub, scope: str, list_: int, create_: int, ping_: int, delete_: int,
    *, private: bool,
) -> None:  # fmt: skip
    """Each scope includes the weaker ones, on private repositories too."""
    ghdeploy.add_repository("octocat/example", private=private)
    number = ghdeploy.webhooks.subscribe(lambda _: None, repository="octocat/example").id
    ghdeploy.add_token("a-token", scopes=[scope])
    http.headers["Authorization"] = "token a-token"
    assert http.get(PATH).status_code == list_
    if list_ == 200 and scope != "repo":
        assert http.get(PATH).headers["X-Accepted-OAuth-Scopes"] == (
            "admin:repo_hook, public_repo, read:repo_hook, repo, write:repo_hook"
        )
    assert http.post(PATH, json={"config": {"url": NOWHERE}}).status_code == create_
    assert http.post(f"{PATH}/{number}/pings").status_code == ping_
    assert http.delete(f"{PATH}/{number}").status_code == delete_


def test_hooks_need_admin(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A collaborator with push and an anonymous caller get a 404 on reading."""
    repo.add_collaborator("hubot", "maintain")
    ghdeploy.add_token("a-token", user="hubot")
    http.headers["Authorization"] = "token a-token"
    assert http.get(PATH).status_code == 404
    del http.headers["Authorization"]
    assert http.get(PATH).status_code == 404
    assert http.post(PATH, json={"config": {"url": NOWHERE}}).status_code == 401


@pytest.mark.parametrize(("level", "read", "write"), [("read", 200, 403), ("write", 200, 201)])
@pytest.mark.usefixtures("repo")
def test_the_permission_for_hooks(
    http: requests.Session, ghdeploy: FakeGitHub, level: str, read: int, write: int
) -> None:
    """A fine-grained token needs `repository_hooks`. To ping a hook, the level read is enough."""
    number = ghdeploy.webhooks.subscribe(lambda _: None, repository="octocat/example").id
    ghdeploy.add_token("a-token", permissions={"repository_hooks": level})
    http.headers["Authorization"] = "token a-token"
    assert http.get(PATH).status_code == read
    assert http.post(f"{PATH}/{number}/pings").status_code == 204
    reply = http.post(PATH, json={"config": {"url": NOWHERE}})
    assert reply.status_code == write
    assert reply.headers["X-Accepted-GitHub-Permissions"] == "repository_hooks=write"
