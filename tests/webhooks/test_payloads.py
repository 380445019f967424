"""
Payloads and signatures, checked by tools that know GitHub's webhooks.

The tools are GitHub's own description, recorded examples, gidgethub, and
Octokit's verifier. ``make clients`` fetches those that are not Python, into a
folder that the variable ``GHDEPLOY_NODE`` may name. Without them their tests are
skipped.
"""

# ruff: noqa: S105, S106 - secrets of hooks in these tests
from __future__ import annotations

import base64
import json
import subprocess
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import fetched
import githubs_description
import pytest
import requests
from gidgethub import BadRequest, ValidationFailure, sansio
from githubs_description import needs_description

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy import FakeGitHub
    from pytest_ghdeploy.webhooks.hooks import Delivery


SECRET = "It's a Secret to Everybody"
KINDS = (
    "check_run.completed",
    "check_run.created",
    "create",
    "delete",
    "deployment.created",
    "deployment_status.created",
    "ping",
    "push",
    "status",
)
DATED = {"name": "Mona", "email": "mona@example.com"}
each_kind = pytest.mark.parametrize("kind", KINDS)


def all_deliveries(ghdeploy: FakeGitHub, owner: str, **subscription: Any) -> list[Delivery]:  # noqa: ANN401 - subscribe's
    """Cause every kind of event, and return the deliveries, oldest first."""
    if owner == "octo-org":
        ghdeploy.add_user(owner, type="Organization")
    repo = ghdeploy.add_repository(f"{owner}/example")
    got: list[Delivery] = []
    ghdeploy.webhooks.subscribe(got.append, repository=repo.full_name, secret=SECRET, **subscription)
    with requests.Session() as http:
        http.headers["Authorization"] = "token any-token"
        url = f"https://api.github.com/repos/{repo.full_name}"
        content = base64.b64encode(b"text").decode()
        http.post(f"{url}/git/refs", json={"ref": "refs/heads/topic", "sha": repo.sha("main")})
        http.put(f"{url}/contents/a.txt", json={"message": "Add", "content": content, "branch": "topic"})
        http.delete(f"{url}/git/refs/heads/topic")
    repo.add_commit_status("main", state="success", description="all is well, naïvely", target_url="https://ci.example")
    repo.add_check_run("main", name="build")
    deployment = repo.add_deployment(ref="main", payload={"ticket": 7}, description="text & more")
    deployment.add_status("success", log_url="https://ci.example.com/1", environment_url="https://example.com/")
    return got


def by_kind(got: list[Delivery]) -> dict[str, list[Any]]:
    """Group payloads by event and action."""
    kinds: dict[str, list[Any]] = {}
    for delivery in got:
        kinds.setdefault(f"{delivery.event}.{delivery.action}".removesuffix(".None"), []).append(delivery.payload)
    return kinds


@pytest.fixture(params=["octocat", "octo-org"])
def owner(request: pytest.FixtureRequest) -> str:
    """Return the login of a person or of an organization."""
    name: str = request.param
    return name


@pytest.fixture
def got(ghdeploy: FakeGitHub, owner: str) -> list[Delivery]:
    """Return deliveries of all kinds of events."""
    return all_deliveries(ghdeploy, owner)


def test_every_kind_of_event_is_delivered(got: list[Delivery]) -> None:
    """The tests below check exactly these kinds."""
    assert set(by_kind(got)) == set(KINDS)
    assert all(delivery.state == "delivered" for delivery in got)


@each_kind
def test_every_event_of_an_organizations_repository_names_it(got: list[Delivery], owner: str, kind: str) -> None:
    """`organization` and `custom_properties` are missing for the repository of a person."""
    for payload in by_kind(got)[kind]:
        organization = payload.get("organization")
        assert (organization and organization["login"]) == (owner if owner == "octo-org" else None)
        assert payload["repository"].get("custom_properties") == ({} if owner == "octo-org" else None)


@each_kind
def test_every_event_says_who_may_open_pull_requests(got: list[Delivery], kind: str) -> None:
    """Payloads that users published in 2026 have these two members."""
    for payload in by_kind(got)[kind]:
        assert payload["repository"]["has_pull_requests"] is True
        assert payload["repository"]["pull_request_creation_policy"] == "all"


def test_a_bot_pushes_without_an_email_address(ghdeploy: FakeGitHub) -> None:
    """Its login is the pusher's name."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token("a-token", user="vercel[bot]", permissions={"contents": "write"})
    content = base64.b64encode(b"text").decode()
    requests.put(
        "https://api.github.com/repos/octocat/example/contents/a.txt",
        json={"message": "Add", "content": content, "author": DATED | {"date": "2026-01-02T03:04:05+02:00"}},
        headers={"Authorization": "token a-token"},
        timeout=5,
    ).raise_for_status()
    payload = ghdeploy.events[-1].payload
    assert payload["pusher"] == {"name": "vercel[bot]", "email": None}
    owner = payload["repository"]["owner"]
    assert owner["email"] == f"{owner['id']}+octocat@users.noreply.github.com"
    assert payload["head_commit"]["timestamp"] == "2026-01-02T03:04:05+02:00"
    assert payload["head_commit"]["author"] == DATED | {"date": "2026-01-02T03:04:05+02:00"}


# GitHub's description

# Described fields that are never sent, each with the reason.
NEVER = {
    "$.installation": "deliveries to apps only",
    "$.enterprise": "an enterprise's repositories only",
    "$.hook.app_id": "hooks of apps only",
    "*.check_run.deployment": "runs of GitHub Actions that deploy",
    "*.check_suite.deployment": "suites of GitHub Actions",
    "*.check_suite.*": "a check run shows part of its suite; only events of suites show the rest",
    "$.check_run.check_suite.repository.*": "a minimal repository",
}


def described_fields(schema: Any, payload: Any, path: str = "$") -> Iterator[str]:  # noqa: ANN401 - JSON
    """List the described fields that *payload* lacks."""
    if "$ref" in schema:
        schema = described_schema(schema["$ref"].rpartition("/")[2])
    for keyword in ("allOf", "anyOf", "oneOf"):
        for member in schema.get(keyword, ()):
            yield from described_fields(member, payload, path) if keyword == "allOf" else ()
    if isinstance(payload, list):
        for member in payload[:1]:
            yield from described_fields(schema.get("items", {}), member, f"{path}[]")
    if isinstance(payload, dict):
        for name, member in schema.get("properties", {}).items():
            if name not in payload:
                yield f"{path}.{name}"
            else:
                yield from described_fields(member, payload[name], f"{path}.{name}")


def described_schema(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a schema of GitHub's description."""
    return githubs_description.load(githubs_description.WEBHOOKS)["components"]["schemas"][name]


@needs_description
@each_kind
def test_every_described_field_is_sent(got: list[Delivery], owner: str, kind: str) -> None:
    """The check covers the top level and the event's own object. Schemas check repositories and users."""
    schema = described_schema("webhook-" + kind.replace("_", "-").replace(".", "-"))
    own = {"$", f"$.{kind.partition('.')[0]}", "$.commit", "$.hook", "$.head_commit", "$.commits[]", "$.branches[]"}
    for payload in by_kind(got)[kind]:
        missing = {
            path
            for path in described_fields(schema, payload)
            if path.rpartition(".")[0] in own and not any(fnmatchcase(path, known) for known in NEVER)
        }
        assert missing <= (set() if owner == "octo-org" else {"$.organization"})


# Recorded examples

# Differences from the recordings, each with the reason.
KNOWN = {
    "*.app.permissions.*": "each app has its own",
    "*.installation": "deliveries to apps only",
    "*.app_id": "hooks of apps only",
    "*.check_run.deployment": "runs of GitHub Actions that deploy",
    "*.check_suite.deployment": "suites of GitHub Actions",
}


def differences(theirs: Any, ours: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """List the fields of a recording that we lack or send with another type. Null matches any type."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            if name in ours:
                yield from differences(value, ours[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            yield from differences(theirs[0], ours[0], f"{path}[]")
    elif None not in (theirs, ours) and type(theirs) is not type(ours):
        yield f"{path}: {type(theirs).__name__}, ours {type(ours).__name__}"


@each_kind
def test_recorded_examples_have_the_same_shape(ghdeploy: FakeGitHub, kind: str) -> None:
    """Each recorded field is sent with the same type. Schemas check that we send no other fields."""
    examples = fetched.from_npm("@octokit/webhooks-examples") / "api.github.com" / "index.json"
    ours = by_kind(all_deliveries(ghdeploy, "octo-org"))[kind][-1 if kind != "push" else 1]
    name, _, action = kind.partition(".")
    recorded = [
        example
        for event in json.loads(examples.read_text("utf-8"))
        if event["name"] == name
        for example in event["examples"]
        if example.get("action", "") == action
    ]
    assert recorded
    for example in recorded:
        unexpected = {
            path for path in differences(example, ours, name) if not any(fnmatchcase(path, known) for known in KNOWN)
        }
        assert not unexpected


# Verifiers


@pytest.mark.parametrize("content_type", ["json", "form"])
def test_gidgethub_accepts_deliveries(ghdeploy: FakeGitHub, content_type: Any) -> None:  # noqa: ANN401
    """It checks signature, content type, event and delivery id, and refuses a changed body."""
    for delivery in all_deliveries(ghdeploy, "octocat", content_type=content_type):
        event = sansio.Event.from_http(delivery.headers, delivery.body, secret=SECRET)
        assert (event.event, event.delivery_id, event.data) == (
            delivery.event,
            delivery.delivery_id,
            delivery.payload,
        )
        with pytest.raises(ValidationFailure):
            sansio.Event.from_http(delivery.headers, delivery.body + b" ", secret=SECRET)
        with pytest.raises(ValidationFailure):
            sansio.Event.from_http(delivery.headers, delivery.body, secret="another")


def test_gidgethub_refuses_another_content_type(ghdeploy: FakeGitHub) -> None:
    """The test above therefore checks the content type."""
    delivery = all_deliveries(ghdeploy, "octocat")[0]
    headers = {name.lower(): value for name, value in delivery.headers.items()} | {"content-type": "text/plain"}
    with pytest.raises(BadRequest):
        sansio.Event.from_http(headers, delivery.body, secret=SECRET)


VERIFY = """
import { Webhooks } from "@octokit/webhooks";
import { readFileSync } from "node:fs";

const { secret, deliveries } = JSON.parse(readFileSync(0, "utf8"));
const webhooks = new Webhooks({ secret });
const received = [];
webhooks.onAny(({ id, name, payload }) => received.push([id, name, payload.action ?? null]));
const refused = [];
for (const { id, name, signature, body } of deliveries) {
  await webhooks.verifyAndReceive({ id, name, signature, payload: body });
  refused.push(!(await webhooks.verify(body + " ", signature)));
}
console.log(JSON.stringify({ received, refused }));
"""


@pytest.mark.slow
def test_octokit_accepts_deliveries(ghdeploy: FakeGitHub) -> None:
    """Its verifier accepts each signature, refuses it for another body, and dispatches the events."""
    fetched.from_npm("@octokit/webhooks")
    got = all_deliveries(ghdeploy, "octo-org")
    messages = {
        "secret": SECRET,
        "deliveries": [
            {
                "id": delivery.headers["X-GitHub-Delivery"],
                "name": delivery.headers["X-GitHub-Event"],
                "signature": delivery.headers["X-Hub-Signature-256"],
                "body": delivery.body.decode(),
            }
            for delivery in got
        ],
    }
    done = subprocess.run(  # noqa: S603 - our own program
        ["node", "--input-type=module", "-e", VERIFY],  # noqa: S607 - the machine's own
        cwd=fetched.NODE,
        input=json.dumps(messages),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)
    # Octokit verifies a ping's signature too, but has no handler for it.
    expected = [[delivery.delivery_id, delivery.event, delivery.action] for delivery in got]
    assert output["received"] in (expected, [row for row in expected if row[1] != "ping"])
    assert output["refused"] == [True] * len(got)
