"""
Members of a request body that are ``null``.

Source:
    Programs that send ``null`` for what they have no value for: github/branch-deploy (``environment_url``),
    atmos/hubot-deploy, argoproj/notifications-engine and moneymeets/ghd (``required_contexts``), and
    Shopify/shipit-engine (``environment_url``). That other operations do the same is a guess.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from client import DEPLOYMENTS, REPO, Client
from scene import Scene

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.http import router, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from pytest_ghdeploy import Repository

ENDPOINTS = router.endpoints()
# The schemas of requests whose optional members are refused if they are null.
REFUSING = {name for name in ENDPOINTS if "x-null-is-refused" in schema.load(name)["$defs"].get("request", ())}
DESCRIBED = {name: schema.load(name)["$defs"]["request"] for name in ENDPOINTS if schema.takes_body(name)}
# Optional in GitHub's description, and missed by the operation all the same.
MISSED = {
    ("repos/create-deployment-protection-rule", "integration_id"),
    ("repos/create-webhook", "config"),
    ("pulls/create", "title"),
}


def described_members(described: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path of each member of a body, at any depth, and what happens to its ``null``."""
    for name, member in described.get("properties", {}).items():
        if "null" in member["type"]:
            yield (*path, name), "a value"
        else:
            yield (*path, name), "refused" if name in described.get("required", ()) else "absent"
        yield from described_members(member, (*path, name))
        yield from described_members(member.get("items", {}), (*path, name, "[]"))


MEMBERS = [
    pytest.param(operation_id, path, what, id=f"{operation_id} {'.'.join(path)}")
    for operation_id, described in DESCRIBED.items()
    for path, what in described_members(described)
    if operation_id not in REFUSING
]


def around(path: tuple[str, ...], value: object) -> Any:  # noqa: ANN401 - any JSON
    """Make a body with *value* at *path*."""
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


@pytest.mark.parametrize(("operation_id", "path", "what"), MEMBERS)
def test_what_is_optional_and_null_is_left_out_at_any_depth(
    operation_id: str, path: tuple[str, ...], what: str
) -> None:
    """What is required stays, to be refused, and so does what may be ``null``."""
    body = around(path, None)
    assert schema.without_nulls(operation_id, body) == (around(path[:-1], {}) if what == "absent" else body)


@pytest.mark.parametrize("name", ["author", "committer", "message", "parents", "signature", "tree"])
def test_null_is_refused_in_a_commit(name: str) -> None:
    """A commit of `git/create-commit` is the exception: with the switch on and off, it is like any wrong type."""
    assert [*REFUSING] == ["git/create-commit"]
    on, off = send("git/create-commit", name), send("git/create-commit", name, null_is_absent=False)
    assert on.json()["message"].startswith(f"Invalid request.\n\nFor 'properties/{name}', nil is not a")
    assert (on.status_code, off.content) == (422, on.content)


def test_what_no_description_names_is_left_alone() -> None:
    """The payload of a deployment is the client's, and a member that is not permitted is refused."""
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("repos/create-deployment", {"ref": "main", "payload": {"a": None, "b": [None, {"c": None}]}, "unknown": None}),
        ("repos/create-or-update-environment", {"unknown": None}),
        ("repos/create-deployment", {"ref": "main", "required_contexts": [None]}),
    ]
    for operation_id, body in bodies:
        assert schema.without_nulls(operation_id, body) == body


def send(operation_id: str, name: str, *, left_out: bool = False, null_is_absent: bool = True) -> requests.Response:
    """Send an operation's usual body to a new fake, with the member *name* null or left out."""
    with FakeGitHub(validate="all", null_is_absent=null_is_absent) as fake:
        fake.clock.move_to(datetime(2026, 1, 2, tzinfo=UTC))
        scene = Scene(fake)
        body, places = scene.usual(operation_id)
        body = (body or {}) | {name: None}
        if left_out:
            del body[name]
        url = ENDPOINTS[operation_id].paths[0].format(**scene.places | places)
        return Client(authorization=f"Bearer {scene.token(operation_id)}").request(
            ENDPOINTS[operation_id].method, url, json=body
        )


@pytest.mark.parametrize(
    ("operation_id", "path", "what"),
    [member for member in MEMBERS if len(member.values[1]) == 1],  # type: ignore[arg-type]
)
def test_null_counts_as_left_out_over_http(operation_id: str, path: tuple[str], what: str) -> None:
    """The answer is the same as without an optional member. With the switch off, it is that to any wrong type."""
    [name] = path
    on, off = send(operation_id, name), send(operation_id, name, null_is_absent=False)
    wrong = f"Invalid request.\n\nFor 'properties/{name}', nil is not a"
    if what == "absent":
        assert off.json()["message"].startswith(wrong)
        if (operation_id, name) in MISSED:
            assert on.status_code == 422
            assert "nil" not in on.text
        else:
            left_out = send(operation_id, name, left_out=True)
            assert on.ok
            assert (on.status_code, on.content) == (left_out.status_code, left_out.content)
    elif what == "refused":
        assert on.json()["message"].startswith(wrong)
        assert off.content == on.content
    else:
        assert on.ok
        assert off.content == on.content


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (
            f"{DEPLOYMENTS}/{{id}}/statuses",  # as github/branch-deploy sends it
            {"state": "in_progress", "environment_url": None, "log_url": None},
            {"state": "in_progress", "environment_url": "", "log_url": ""},
        ),
        (DEPLOYMENTS, {"ref": "main", "required_contexts": None, "payload": None}, {"payload": {}}),
        (f"{REPO}/statuses/{{sha}}", {"state": "success", "context": None}, {"context": "default"}),
        (
            f"{REPO}/hooks",
            {"config": {"url": "http://127.0.0.1:1/", "secret": None}, "events": None, "active": None},
            {"events": ["push"], "active": True},
        ),
        (
            f"{REPO}/check-runs",
            {"name": "ci", "head_sha": "{sha}", "output": {"title": "t", "summary": "s", "text": None}},
            {"status": "queued"},
        ),
    ],
)
def test_what_tools_send_is_accepted(
    http: requests.Session, repo: Repository, path: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A member that is null gets its default."""
    sha, deployment = repo.sha("main"), repo.add_deployment(ref="main")
    if "head_sha" in body:
        body = body | {"head_sha": sha}
    reply = http.post(path.format(id=deployment.id, sha=sha), json=body)
    assert reply.status_code == 201
    assert {name: reply.json()[name] for name in expected} == expected
    assert "secret" not in reply.json().get("config", {})


def test_all_contexts_count_without_required_contexts(http: requests.Session, repo: Repository) -> None:
    """With `null` as with nothing: a commit status that failed refuses the deployment."""
    repo.add_commit_status("main", state="failure")
    assert http.post(DEPLOYMENTS, json={"ref": "main", "required_contexts": None}).status_code == 409


def test_a_check_run_goes_on_with_a_conclusion_of_null(http: requests.Session, repo: Repository) -> None:
    """An update without a conclusion completes nothing."""
    run = repo.add_check_run("main", name="ci", status="queued")
    reply = http.patch(f"{REPO}/check-runs/{run.id}", json={"conclusion": None, "status": "in_progress"})
    assert (reply.status_code, reply.json()["status"]) == (200, "in_progress")


def test_a_required_member_that_is_null_is_refused(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """In an object inside the body too."""
    deployment = repo.add_deployment(ref="main")
    before = snapshot()
    author = {"name": None, "email": "mona@example.com"}
    for method, path, body, name in [
        ("POST", DEPLOYMENTS, {"ref": None}, "ref"),
        ("POST", f"{DEPLOYMENTS}/{deployment.id}/statuses", {"state": None}, "state"),
        ("PUT", f"{REPO}/contents/a.txt", {"message": "m", "content": "YQ==", "author": author}, "name"),
    ]:
        reply = http.request(method, path, json=body)
        wrong = f"Invalid request.\n\nFor 'properties/{name}', nil is not a string."
        assert (reply.status_code, reply.json()["message"]) == (422, wrong)
    assert snapshot() == before
