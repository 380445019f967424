"""
The behaviour that all endpoints share: authentication, bodies, refusals and headers.

Any request gets GitHub's refusal and never a 500, and a refusal changes nothing.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from client import DEPLOYMENTS, REPO, stored
from rows import Rows

from pytest_ghdeploy.github.refusals import BadRequest
from pytest_ghdeploy.http import router, schema
from pytest_ghdeploy.http.authentication import token_of
from pytest_ghdeploy.http.json_body import read_body
from pytest_ghdeploy.http.messages import header_text
from pytest_ghdeploy.http.violations import ruby

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import Deployment, FakeGitHub, Repository

CREATE_DOCS = "https://docs.github.com/rest/deployments/deployments#create-a-deployment"


@dataclass
class Scene:
    """A fake with some rows, and a client."""

    fake: FakeGitHub
    http: requests.Session
    repo: Repository
    deployment: Deployment
    other: Deployment
    secret: Repository

    def ask(self, method: str, path: str, data: bytes | None = None, **headers: str | None) -> requests.Response:
        """Send a request. *path* may contain ids of the scene, and a header that is ``None`` is not sent."""
        path = path.format(
            id=self.deployment.id,
            status=self.deployment.statuses[0].id,
            other=self.other.id,
            other_status=self.other.statuses[0].id,
            sha=self.repo.sha("main"),
            repository=self.repo.id,
        )
        named: Any = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, path, data=data, headers=named, allow_redirects=False)

    def stored(self) -> object:
        """Copy everything that a refused request must not change."""
        return stored(self.fake)


@pytest.fixture
def scene(ghdeploy: FakeGitHub, http: requests.Session) -> Scene:
    """
    Make two repositories with a deployment each, a private one, and a client that acts as octocat.

    Refused requests change nothing, so all rows of a table share it.
    """
    repo = ghdeploy.add_repository("octocat/example")
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    deployment = repo.add_deployment(ref="main", environment="staging")
    for each in (deployment, other):
        each.add_status("success")
    return Scene(ghdeploy, http, repo, deployment, other, ghdeploy.add_repository("mona/secret", private=True))


def _check_refusal(reply: requests.Response, status: int, message: str) -> dict[str, Any]:
    """Check that a refusal has GitHub's form, and a hint that fits into a header."""
    assert reply.status_code == status, reply.text
    body: dict[str, Any] = reply.json()
    assert body["message"] == message
    assert list(body) == [key for key in ("message", "errors", "documentation_url", "status") if key in body]
    assert body["status"] == str(status)
    assert body["documentation_url"].startswith("https://docs.github.com/rest")
    hint = reply.headers["X-GHDeploy-Hint"]
    assert hint
    assert hint.isascii()
    assert hint.isprintable()
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "Location" not in reply.headers
    return body


# Invalid JSON


def _nested(levels: int) -> bytes:
    """Make a deployment whose body has this many levels: the object, the payload, and arrays in it."""
    arrays = levels - 2
    return b'{"ref":"main","payload":{"a":' + b"[" * arrays + b"]" * arrays + b"}}"


UNREADABLE = {
    "a word": b"hello",
    "half an object": b'{"ref": "main"',
    "half a string": b'{"ref": "main',
    "a form": b"ref=main",
    "single quotes": b"{'ref': 'main'}",
    "a trailing comma": b'{"ref": "main",}',
    "two objects": b'{"ref": "main"} {"ref": "main"}',
    "a comment": b'{"ref": "main"} // deploy',
    "a control character": b'{"ref": "ma\nin"}',
    "a zero byte": b'{"ref": "main"}\0',
    "NaN": b'{"ref": "main", "payload": {"a": NaN}}',
    "Infinity": b'{"ref": "main", "payload": {"a": Infinity}}',
    "minus Infinity": b'{"ref": "main", "payload": {"a": -Infinity}}',
    "1e999": b'{"ref": "main", "payload": {"a": 1e999}}',
    "minus 1e999": b'{"ref": "main", "payload": {"a": -1e999}}',
    "half a surrogate pair": b'{"ref": "\\ud800"}',
    "the other half": b'{"ref": "main", "payload": {"a": ["\\udc00"]}}',
    "half a pair as a name": b'{"ref": "main", "payload": {"\\ud800": 1}}',
    "two halves in the wrong order": b'{"ref": "\\udc00\\ud800"}',
    "Latin-1": '{"ref": "ümlaut"}'.encode("latin-1"),
    "a stray byte": b'{"ref": "main\xff"}',
    "a surrogate in UTF-8": b'{"ref": "\xed\xa0\x80"}',
    "an overlong slash": b'{"ref": "a\xc0\xafb"}',
    "UTF-16": '{"ref": "main"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"ref": "main"}'.encode("utf-16-le"),
    "UTF-32": '{"ref": "main"}'.encode("utf-32"),
    "101 levels": _nested(101),
    "5,000 levels": _nested(5_000),
    "100,000 levels": _nested(100_000),
    "100,000 arrays": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "garbage": bytes(range(256)),
}


TAKE_BODIES = [DEPLOYMENTS, f"{DEPLOYMENTS}/{{id}}/statuses", f"{REPO}/statuses/{{sha}}"]


def test_a_body_that_is_not_json_is_refused(scene: Scene) -> None:
    """A body that is not JSON in UTF-8 is a 400 on every endpoint with a body."""
    before = scene.stored()
    with Rows() as rows:
        for path, (name, body) in product(TAKE_BODIES, UNREADABLE.items()):
            with rows.row(path, name):
                _check_refusal(scene.ask("POST", path, body), 400, "Problems parsing JSON")
                assert scene.stored() == before


def test_json_that_is_not_an_object_is_refused(scene: Scene) -> None:
    """Arrays and scalars are a 400 with another message."""
    bodies = [b"[]", b'[{"ref": "main"}]', b"null", b"true", b"0", b"-1.5e3", b'"main"', b'""', b" [ ] "]
    before = scene.stored()
    with Rows() as rows:
        for path, body in product(TAKE_BODIES, bodies):
            with rows.row(path, body):
                _check_refusal(scene.ask("POST", path, body), 400, "Body should be a JSON object")
                assert scene.stored() == before


@pytest.mark.parametrize("levels", [99, 100])
def test_a_body_of_100_levels_is_accepted(scene: Scene, levels: int) -> None:
    """It is returned unchanged."""
    reply = scene.ask("POST", DEPLOYMENTS, _nested(levels))
    assert reply.status_code == 201
    assert reply.json()["payload"] == json.loads(_nested(levels))["payload"]


def test_many_brackets_are_not_deep(scene: Scene) -> None:
    """A thousand arrays beside each other, or brackets in a string, are not nested deeply."""
    payload = {"a": [[]] * 1000, "b": "[" * 1000}
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps({"ref": "main", "payload": payload}).encode())
    assert (reply.status_code, reply.json()["payload"]) == (201, payload)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (' \n{"a":1}\t', {"a": 1}),
        ('{"a":"\\ud83d\\ude80"}', {"a": "\N{ROCKET}"}),
        ('{"a":"\N{ROCKET} ä"}', {"a": "\N{ROCKET} ä"}),
        ('{"a":1,"a":2}', {"a": 2}),
        ('{"a":1e308}', {"a": 1e308}),
        ("", {}),
        (" \n", {}),
    ],
)
def test_an_object_is_accepted(text: str, value: dict[str, Any]) -> None:
    """Objects in UTF-8 may contain surrogate pairs. An empty body is an empty object."""
    assert read_body(text.encode()) == value


def test_a_number_of_4000_digits_is_returned_unchanged(scene: Scene) -> None:
    """A payload may contain integers of any size that JSON libraries accept."""
    payload = {"n": 10**4000}
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps({"ref": "main", "payload": payload}).encode())
    assert (reply.status_code, reply.json()["payload"]) == (201, payload)


def test_a_huge_number_in_place_of_a_string_is_refused(scene: Scene) -> None:
    """It does not cause a crash."""
    before = scene.stored()
    with Rows() as rows:
        for field, digits in product(["ref", "auto_merge", "payload"], [30, 4_000, 5_000, 100_000]):
            with rows.row(field, digits):
                body = b'{"ref": "main", "%s": %s}' % (field.encode(), b"9" * digits)
                reply = scene.ask("POST", DEPLOYMENTS, body)
                assert reply.status_code in (400, 422)
                _check_refusal(reply, reply.status_code, reply.json()["message"])
                assert scene.stored() == before


@pytest.mark.parametrize(
    "payload", ["x" * 1_000_000, {"a": "x" * 1_000_000}, {"list": list(range(200_000))}], ids=["text", "object", "list"]
)
def test_a_payload_of_a_megabyte_is_refused(scene: Scene, payload: object) -> None:
    """A payload over its limit is a validation error."""
    before = scene.stored()
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps({"ref": "main", "payload": payload}).encode())
    body = _check_refusal(reply, 422, "Validation Failed")
    assert [(error["resource"], error["field"]) for error in body["errors"]] == [("Deployment", "payload")]
    assert scene.stored() == before


def test_a_ref_of_a_megabyte_is_refused(scene: Scene) -> None:
    """The hint about a long string still fits into a header."""
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps({"ref": "x" * 1_000_000}).encode())
    _check_refusal(reply, 422, "No ref found for: " + "x" * 1_000_000)
    assert len(reply.headers["X-GHDeploy-Hint"]) <= 1000


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"null"])
def test_the_body_of_get_and_delete_is_ignored(scene: Scene, body: bytes) -> None:
    """An invalid one does not matter."""
    assert scene.ask("GET", DEPLOYMENTS, body).status_code == 200
    assert scene.ask("DELETE", f"{DEPLOYMENTS}/{{id}}", body).status_code == 204


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "", None])
def test_json_is_accepted_with_any_content_type(scene: Scene, content_type: str | None) -> None:
    """The header Content-Type does not matter."""
    assert scene.ask("POST", DEPLOYMENTS, b'{"ref": "main"}', Content_Type=content_type).status_code == 201


# Invalid bodies: GitHub's texts


SHAPES: list[tuple[dict[str, Any], str]] = [
    ({}, '"ref" wasn\'t supplied.'),
    ({"Ref": "main"}, '"ref" wasn\'t supplied.'),
    ({"ref": None}, "For 'properties/ref', nil is not a string."),
    ({"ref": 1}, "For 'properties/ref', 1 is not a string."),
    ({"ref": -1.5}, "For 'properties/ref', -1.5 is not a string."),
    ({"ref": True}, "For 'properties/ref', true is not a string."),
    ({"ref": []}, "For 'properties/ref', [] is not a string."),
    ({"ref": {}}, "For 'properties/ref', {} is not a string."),
    ({"ref": ["a", None, {"b": 1}]}, "For 'properties/ref', [\"a\", nil, {\"b\"=>1}] is not a string."),
    ({"ref": "main", "auto_merge": "true"}, "For 'properties/auto_merge', \"true\" is not a boolean."),
    ({"ref": "main", "auto_merge": "false"}, "For 'properties/auto_merge', \"false\" is not a boolean."),
    ({"ref": "main", "auto_merge": 0}, "For 'properties/auto_merge', 0 is not a boolean."),
    ({"ref": "main", "task": []}, "For 'properties/task', [] is not a string."),
    ({"ref": "main", "environment": 1}, "For 'properties/environment', 1 is not a string."),
    ({"ref": "main", "description": 42}, "For 'properties/description', 42 is not a string or null."),
    ({"ref": "main", "description": False}, "For 'properties/description', false is not a string or null."),
    ({"ref": "main", "required_contexts": "ci"}, "For 'properties/required_contexts', \"ci\" is not an array."),
    ({"ref": "main", "required_contexts": {}}, "For 'properties/required_contexts', {} is not an array."),
    ({"ref": "main", "required_contexts": [1]}, "For 'items', 1 is not a string."),
    ({"ref": "main", "payload": []}, "For 'properties/payload', [] is not an object or string."),
    ({"ref": "main", "payload": 1}, "For 'properties/payload', 1 is not an object or string."),
    ({"ref": "main", "transient_environment": 1}, "For 'properties/transient_environment', 1 is not a boolean."),
    ({"ref": "main", "production_environment": {}}, "For 'properties/production_environment', {} is not a boolean."),
    ({"ref": "main", "auto_merge": 'a"b\\c'}, "For 'properties/auto_merge', \"a\\\"b\\\\c\" is not a boolean."),
]  # fmt: skip


def test_an_invalid_body_is_refused_with_githubs_text(scene: Scene) -> None:
    """The message names the place and the value, in Ruby's format, and the problem. There are no errors."""
    before = scene.stored()
    with Rows() as rows:
        for body, problem in SHAPES:
            with rows.row(body):
                reply = scene.ask("POST", DEPLOYMENTS, json.dumps(body).encode())
                refusal = _check_refusal(reply, 422, f"Invalid request.\n\n{problem}")
                assert "errors" not in refusal
                assert refusal["documentation_url"] == CREATE_DOCS
                assert scene.stored() == before


@pytest.mark.parametrize("body", [None, b"", b"  \n"])
def test_no_body_at_all_is_refused_where_members_are_required(scene: Scene, body: bytes | None) -> None:
    """
    It is not the same as an empty object.

    Source:
        Recorded for three other endpoints.
    """
    before = scene.stored()
    reply = scene.ask("POST", DEPLOYMENTS, body)
    _check_refusal(reply, 422, "Invalid request.\n\nFor 'links/0/schema', nil is not an object.")
    assert scene.stored() == before


NO_BODY = "Invalid request.\n\nFor 'links/0/schema', nil is not an object."


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", f"{DEPLOYMENTS}/{{id}}/statuses", 422, NO_BODY),
        ("POST", f"{REPO}/keys", 422, NO_BODY),
        ("POST", f"{REPO}/merges", 422, NO_BODY),
        ("PUT", f"{REPO}/contents/new.txt", 422, NO_BODY),
        ("PATCH", f"{REPO}/git/refs/heads/main", 422, NO_BODY),
        ("DELETE", f"{REPO}/contents/new.txt", 422, 'Invalid request.\n\n"message", "sha" weren\'t supplied.'),
        ("POST", f"{REPO}/hooks", 422, "Validation Failed"),
        ("PUT", f"{REPO}/environments/qa", 200, None),
        ("PATCH", REPO, 200, None),
    ],
)
def test_each_method_without_a_body(scene: Scene, method: str, path: str, status: int, message: str | None) -> None:
    """A DELETE is like an empty object, and so is what requires no member."""
    reply = scene.ask(method, path, b"")
    assert (reply.status_code, reply.json().get("message")) == (status, message)


def test_which_operations_need_a_body() -> None:
    """Those whose body has required members. For the others an empty body is an empty object."""
    with_body = {name for name in router.endpoints() if schema.takes_body(name)}
    assert with_body - {name for name in with_body if schema.needs_body(name)} == {
        "actions/update-environment-variable",
        "apps/create-installation-access-token",
        "checks/update",
        "issues/add-labels",
        "issues/set-labels",
        "issues/update",
        "issues/update-label",
        "pulls/create-review",
        "pulls/request-reviewers",
        "pulls/merge",
        "pulls/update",
        "pulls/update-branch",
        "repos/add-collaborator",
        "repos/create-deployment-protection-rule",
        "repos/create-or-update-environment",
        "repos/create-webhook",
        "repos/update",
        "repos/update-release",
        "repos/update-webhook",
        "repos/update-webhook-config-for-repo",
    }


def test_several_problems_are_reported_at_once(scene: Scene) -> None:
    """Members come in the schema's order, and missing ones last."""
    body = {"payload": 3, "required_contexts": ["ci", 2, []], "auto_merge": 0, "task": 1}
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps(body).encode())
    assert reply.json()["message"].split("\n") == [
        "Invalid request.",
        "",
        "For 'properties/task', 1 is not a string.",
        "For 'properties/auto_merge', 0 is not a boolean.",
        "For 'items', 2 is not a string.",
        "For 'items', [] is not a string.",
        "For 'properties/payload', 3 is not an object or string.",
        '"ref" wasn\'t supplied.',
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nil"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-1.5, "-1.5"),
        ("", '""'),
        ("text", '"text"'),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ("ä", '"ä"'),
        ("#{x}", '"\\#{x}"'),
        ([], "[]"),
        ([1, [None]], "[1, [nil]]"),
        ({}, "{}"),
        ({"a": 1, "b": {"c": None}}, '{"a"=>1, "b"=>{"c"=>nil}}'),
    ],
)
def test_values_are_printed_as_ruby_does(value: object, text: str) -> None:
    """GitHub's message shows a value as Ruby's inspect does."""
    assert ruby(value) == text


@pytest.mark.parametrize(
    "body",
    [
        {"state": "success", "description": 1},
        {"state": "success", "target_url": []},
        {"state": "success", "environment": {}},
        {"state": None},
        {"state": "success", "auto_inactive": "false"},
        {"state": 1},
        {"state": ["success"]},
        {},
    ],
)
def test_the_shape_of_a_deployment_status_is_checked(scene: Scene, body: dict[str, Any]) -> None:
    """Nulls and wrong types are refused, and nothing changes."""
    before = scene.stored()
    reply = scene.ask("POST", f"{DEPLOYMENTS}/{{id}}/statuses", json.dumps(body).encode())
    _check_refusal(reply, 422, reply.json()["message"])
    assert reply.json()["message"].startswith("Invalid request.\n\n")
    assert scene.stored() == before


# Unknown paths


REST_DOCS = "https://docs.github.com/rest"

NOWHERE = [
    ("GET", "/repos/octocat/nope/deployments"),
    ("GET", "/repos/nobody/example/deployments"),
    ("POST", "/repos/octocat/nope/deployments"),
    ("GET", "/repositories/1/deployments"),
    ("GET", "/repositories/{id}/deployments"),
    ("GET", f"{DEPLOYMENTS}/1"),
    ("GET", f"{DEPLOYMENTS}/abc"),
    ("GET", f"{DEPLOYMENTS}/-1"),
    ("GET", f"{DEPLOYMENTS}/{'9' * 30}"),
    ("GET", f"{DEPLOYMENTS}/{{id}}x"),
    ("GET", f"{DEPLOYMENTS}/{{id}}.0"),
    ("GET", f"{DEPLOYMENTS}/%2B{{id}}"),
    ("GET", f"{DEPLOYMENTS}/%20{{id}}"),
    ("GET", f"{DEPLOYMENTS}/%EF%BC%91"),
    ("GET", f"{DEPLOYMENTS}/%FF"),
    ("GET", f"{DEPLOYMENTS}/%00"),
    ("GET", f"{DEPLOYMENTS}/{{status}}"),
    ("GET", f"{DEPLOYMENTS}/{{repository}}"),
    ("GET", f"{DEPLOYMENTS}/{{other}}"),
    ("DELETE", f"{DEPLOYMENTS}/{{other}}"),
    ("DELETE", f"{DEPLOYMENTS}/1"),
    ("GET", f"{DEPLOYMENTS}/{{other}}/statuses"),
    ("POST", f"{DEPLOYMENTS}/{{other}}/statuses"),
    ("POST", f"{DEPLOYMENTS}/abc/statuses"),
    ("GET", f"{DEPLOYMENTS}/{{id}}/statuses/{{other_status}}"),
    ("GET", f"{DEPLOYMENTS}/{{id}}/statuses/{{id}}"),
    ("GET", f"{DEPLOYMENTS}/{{id}}/statuses/abc"),
    ("GET", f"{DEPLOYMENTS}/{{other}}/statuses/{{status}}"),
]


def test_unknown_resources_are_not_found(scene: Scene) -> None:
    """Unknown repositories and ids, ids of another kind and ids that are not numbers are a 404 of the operation."""
    before = scene.stored()
    with Rows() as rows:
        for method, path in NOWHERE:
            with rows.row(method, path):
                body = b'{"ref": "main", "state": "success"}' if method == "POST" else None
                refusal = _check_refusal(scene.ask(method, path, body), 404, "Not Found")
                assert refusal["documentation_url"].startswith(f"{REST_DOCS}/deployments/")
                assert scene.stored() == before


NO_ROUTE = [
    ("GET", f"{DEPLOYMENTS}/"),
    ("POST", f"{DEPLOYMENTS}/"),
    ("GET", f"{DEPLOYMENTS}/{{id}}/"),
    ("GET", f"{REPO}/"),
    ("GET", "/user/"),
    ("GET", f"/{REPO}"),
    ("GET", f"{REPO}//deployments"),
    ("GET", f"{REPO}/deployment"),
    ("GET", f"{REPO}/Deployments"),
    ("GET", "/nothing/like/that"),
    ("GET", "/repos/octocat"),
    ("PATCH", f"{DEPLOYMENTS}/{{id}}"),
    ("PUT", f"{DEPLOYMENTS}/{{id}}"),
    ("POST", f"{DEPLOYMENTS}/{{id}}"),
    ("PUT", DEPLOYMENTS),
    ("DELETE", DEPLOYMENTS),
    ("PATCH", DEPLOYMENTS),
    ("DELETE", f"{DEPLOYMENTS}/{{id}}/statuses"),
    ("DELETE", f"{DEPLOYMENTS}/{{id}}/statuses/{{status}}"),
    ("PATCH", f"{DEPLOYMENTS}/{{id}}/statuses/{{status}}"),
    ("DELETE", f"{REPO}/statuses/{{sha}}"),
    ("POST", "/rate_limit"),
    ("DELETE", "/users/octocat"),
]


def test_unknown_paths_and_methods_are_not_found(scene: Scene) -> None:
    """A trailing slash, an unknown path or another method is a 404, never a 405, and names no operation."""
    before = scene.stored()
    with Rows() as rows:
        for method, path in NO_ROUTE:
            with rows.row(method, path):
                refusal = _check_refusal(scene.ask(method, path, b"{}"), 404, "Not Found")
                assert refusal == {"message": "Not Found", "documentation_url": REST_DOCS, "status": "404"}
                assert scene.stored() == before


def test_a_hint_about_a_non_ascii_name_is_ascii(scene: Scene) -> None:
    """The hint is one line of ASCII, as a header must be."""
    for name in ("ümlaut/\N{ROCKET}", "a%0Ab/c%0D%0Ax", "a/%22%27", "a%00b/c", "a%1B/b", "a/%7F"):
        _check_refusal(scene.ask("GET", f"/repos/{name}/deployments"), 404, "Not Found")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("plain", "plain"),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("ä \N{ROCKET}", "\\xe4 \\U0001f680"),
        ("x" * 1000, "x" * 1000),
        ("x" * 1001, "x" * 997 + "..."),
    ],
)
def test_a_hint_is_converted_for_a_header(text: str, header: str) -> None:
    """Any hint becomes one line of ASCII with at most 1000 characters."""
    assert header_text(text) == header


@pytest.mark.parametrize("control", ["\0", "\x01", "\x1b", "\x7f"])
def test_a_hint_has_no_control_characters(control: str) -> None:
    """They would confuse a terminal or an HTTP library."""
    assert header_text(f"a{control}b").isprintable()


# Authentication


@pytest.mark.parametrize("path", [DEPLOYMENTS, "/nothing/like/that", "/repos/octocat/nope"])
def test_a_request_needs_a_user_agent(scene: Scene, path: str) -> None:
    """Without one, everything is a 403, before any other check."""
    before = scene.stored()
    for authorization in ("token any", "nonsense", None):
        reply = scene.ask("GET", path, User_Agent="", Authorization=authorization)
        assert reply.status_code == 403
        assert reply.text.startswith("Request forbidden by administrative rules.")
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "User-Agent" in reply.headers["X-GHDeploy-Hint"]
    assert scene.stored() == before


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


GOOD = [
    "token the-token",
    "Token the-token",
    "TOKEN the-token",
    "Bearer the-token",
    "bearer the-token",
    "Bearer   the-token  ",
    _basic("octocat:the-token"),
    _basic("x-access-token:the-token"),
    _basic(":the-token"),
    _basic("the-token:"),
    _basic("the-token:x-oauth-basic"),
    _basic("the-token"),
    _basic("x:the-token").replace("Basic", "basic"),
]
BAD = [
    "",
    "token",
    "token ",
    "Bearer",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic dGhl=LXRva2Vu",
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    _basic(""),
    _basic(":"),
    "the-token",
    "Digest the-token",
    "Token:the-token",
    "nonsense in several words",
]
UNKNOWN = [
    "token another",
    "Bearer The-Token",
    "Bearer the-token2",
    _basic("octocat:another"),
    _basic("the-token:another"),
    "token the token",
]


def test_a_token_is_accepted_in_every_form(scene: Scene) -> None:
    """The forms are token, Bearer and Basic, in any case, with the token as password or as user name."""
    scene.fake.add_token("the-token", user="mona")
    with Rows() as rows:
        for authorization in GOOD:
            with rows.row(authorization):
                reply = scene.ask("GET", "/user", Authorization=authorization)
                assert (reply.status_code, reply.json()["login"]) == (200, "mona")
                assert token_of(authorization) == "the-token"


def test_any_token_is_accepted_until_one_is_added(scene: Scene) -> None:
    """Without add_token, every token in every form acts as octocat."""
    with Rows() as rows:
        for authorization in GOOD:
            with rows.row(authorization):
                assert scene.ask("GET", "/user", Authorization=authorization).json()["login"] == "octocat"


ANYWHERE = [("GET", DEPLOYMENTS), ("POST", DEPLOYMENTS), ("GET", "/users/octocat"), ("GET", "/nope")]


@pytest.mark.parametrize("known", [False, True])
def test_bad_credentials_are_refused_first(scene: Scene, *, known: bool) -> None:
    """An Authorization header without a token is a 401 for public reads and unknown paths too."""
    if known:
        scene.fake.add_token("the-token")
    before = scene.stored()
    with Rows() as rows:
        for (method, path), authorization in product(ANYWHERE, BAD):
            with rows.row(method, path, authorization):
                reply = scene.ask(method, path, b"{", Authorization=authorization)
                assert _check_refusal(reply, 401, "Bad credentials")["documentation_url"] == REST_DOCS
                assert scene.stored() == before


def test_an_unknown_token_is_bad_credentials(scene: Scene) -> None:
    """After the first add_token, only added tokens are accepted. The hint says so and does not quote the token."""
    scene.fake.add_token("the-token")
    before = scene.stored()
    with Rows() as rows:
        for authorization, (method, path) in product(UNKNOWN, [*ANYWHERE[:2], ("GET", "/rate_limit")]):
            with rows.row(authorization, method, path):
                reply = scene.ask(method, path, b'{"ref": "main"}', Authorization=authorization)
                _check_refusal(reply, 401, "Bad credentials")
                assert "add_token" in reply.headers["X-GHDeploy-Hint"]
                assert "the-token" not in reply.headers["X-GHDeploy-Hint"]
                assert scene.stored() == before


PUBLIC_READS = [
    REPO,
    DEPLOYMENTS,
    f"{DEPLOYMENTS}/{{id}}",
    f"{DEPLOYMENTS}/{{id}}/statuses",
    f"{DEPLOYMENTS}/{{id}}/statuses/{{status}}",
    f"{REPO}/branches",
    f"{REPO}/branches/main",
    f"{REPO}/commits",
    f"{REPO}/commits/main",
    f"{REPO}/commits/main/status",
    f"{REPO}/commits/main/statuses",
    f"{REPO}/statuses/main",
    "/repositories/{repository}",
    "/users/octocat",
    "/rate_limit",
]


@pytest.mark.parametrize("known", [False, True])
def test_a_public_repository_can_be_read_without_a_token(scene: Scene, *, known: bool) -> None:
    """Every GET works anonymously."""
    if known:
        scene.fake.add_token("the-token")
    with Rows() as rows:
        for path in PUBLIC_READS:
            with rows.row(path):
                assert scene.ask("GET", path, Authorization=None).status_code == 200


WRITES = [
    ("POST", DEPLOYMENTS),
    ("DELETE", f"{DEPLOYMENTS}/{{id}}"),
    ("POST", f"{DEPLOYMENTS}/{{id}}/statuses"),
    ("POST", f"{REPO}/statuses/{{sha}}"),
]
SOUND = b'{"ref": "main", "state": "success"}'


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_public_repository_cannot_be_changed_without_a_token(
    scene: Scene, method: str, path: str, *, known: bool
) -> None:
    """An anonymous write is a 401, even while any token is accepted."""
    if known:
        scene.fake.add_token("the-token")
    before = scene.stored()
    reply = scene.ask(method, path, SOUND, Authorization=None)
    _check_refusal(reply, 401, "Requires authentication")
    assert scene.stored() == before


@pytest.mark.parametrize(("method", "path"), [*WRITES, *[("GET", path) for path in PUBLIC_READS[1:4]]])
def test_a_private_repository_is_hidden_from_others(scene: Scene, method: str, path: str) -> None:
    """A user without a right on it gets a 404, on reading and on writing."""
    repo = scene.fake.add_repository("mona/hidden", private=True)
    deployment = repo.add_deployment(ref="main")
    scene.fake.add_token("token-of-octocat")
    path = path.replace(REPO, "/repos/mona/hidden").format(id=deployment.id, sha=repo.sha("main"))
    before = scene.stored()
    _check_refusal(scene.ask(method, path, SOUND, Authorization="token token-of-octocat"), 404, "Not Found")
    assert scene.stored() == before


def test_a_private_repository_is_hidden_from_anonymous_callers(scene: Scene) -> None:
    """Anonymous reads are a 404, even while any token is accepted, and by id too."""
    for path in ("/repos/mona/secret", "/repos/mona/secret/deployments", f"/repositories/{scene.secret.id}"):
        _check_refusal(scene.ask("GET", path, Authorization=None), 404, "Not Found")
        assert scene.ask("GET", path).status_code == 200


def test_a_private_repository_is_open_to_its_owner(scene: Scene) -> None:
    """The owner reads and writes."""
    scene.fake.add_token("token-of-mona", user="mona")
    path = "/repos/mona/secret/deployments"
    assert scene.ask("POST", path, SOUND, Authorization="token token-of-mona").status_code == 201
    assert len(scene.ask("GET", path, Authorization="token token-of-mona").json()) == 1


@pytest.mark.parametrize(
    ("granted", "reads", "writes"),
    [
        (None, False, False),
        ("pull", True, False),
        ("triage", True, False),
        ("push", True, True),
        ("maintain", True, True),
        ("admin", True, True),
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_writing_needs_push(
    scene: Scene,
    granted: Any,  # noqa: ANN401 - a permission
    *,
    reads: bool,
    writes: bool,
    private: bool,
) -> None:
    """A collaborator writes with push or more, and reads with any right. Without push it is a 404, not a 403."""
    repo = scene.fake.add_repository("acme/app", private=private)
    deployment = repo.add_deployment(ref="main")
    scene.fake.add_token("token-of-mona", user="mona")
    if granted:
        repo.add_collaborator("mona", granted)
    path, mine = "/repos/acme/app/deployments", "token token-of-mona"
    before = scene.stored()
    read = scene.ask("GET", path, Authorization=mine)
    assert read.status_code == (200 if reads or not private else 404)
    replies = [
        scene.ask("POST", path, SOUND, Authorization=mine),
        scene.ask("POST", f"{path}/{deployment.id}/statuses", SOUND, Authorization=mine),
        scene.ask("POST", f"/repos/acme/app/statuses/{repo.sha('main')}", SOUND, Authorization=mine),
    ]
    assert [reply.status_code for reply in replies] == [201 if writes else 404] * 3
    if writes:
        assert replies[0].json()["creator"]["login"] == "mona"
    else:
        assert scene.stored() == before
        for reply in replies:
            _check_refusal(reply, 404, "Not Found")
            assert "add_collaborator" in reply.headers["X-GHDeploy-Hint"]


def test_the_caller_is_the_creator(scene: Scene) -> None:
    """Deployments, statuses, commit statuses and events name the token's user."""
    scene.fake.add_token("token-of-hubot", user="hubot")
    scene.repo.add_collaborator("hubot")
    mine = "Bearer token-of-hubot"
    for path in (DEPLOYMENTS, f"{DEPLOYMENTS}/{{id}}/statuses", f"{REPO}/statuses/{{sha}}"):
        reply = scene.ask("POST", path, SOUND, Authorization=mine)
        assert reply.json()["creator"]["login"] == "hubot"
        assert scene.fake.events[-1].payload["sender"]["login"] == "hubot"


# All responses


@pytest.mark.parametrize(("method", "path"), [("GET", DEPLOYMENTS), ("GET", "/nope"), ("POST", DEPLOYMENTS)])
def test_every_response_has_githubs_headers(scene: Scene, method: str, path: str) -> None:
    """Refusals have media type, version and request id too. The id has five hexadecimal groups and is always new."""
    ids = set()
    for _ in range(3):
        headers = scene.ask(method, path, b"{").headers
        assert headers["X-GitHub-Media-Type"] == "github.v3; format=json"
        assert headers["X-GitHub-Api-Version-Selected"] == "2022-11-28"
        groups = headers["X-GitHub-Request-Id"].split(":")
        assert len(groups) == 5
        assert int(groups[4], 16) == int(scene.fake.clock.now.timestamp())
        assert all(int(group, 16) >= 0 for group in groups)
        ids.add(headers["X-GitHub-Request-Id"])
    assert len(ids) == 3


def test_a_response_is_compact_json_in_utf_8(scene: Scene) -> None:
    """Non-ASCII characters are not escaped, and there is no white space between members."""
    body = json.dumps({"ref": "main", "description": "ä \N{ROCKET}"}).encode()
    content = scene.ask("POST", DEPLOYMENTS, body).content
    assert '"description":"ä \N{ROCKET}"'.encode() in content
    assert b'", "' not in content


def test_a_success_has_no_hint(scene: Scene) -> None:
    """Only refusals are explained."""
    for method, path in (("GET", DEPLOYMENTS), ("POST", DEPLOYMENTS), ("DELETE", f"{DEPLOYMENTS}/{{id}}")):
        reply = scene.ask(method, path, SOUND)
        assert reply.ok
        assert "X-GHDeploy-Hint" not in reply.headers


@pytest.mark.parametrize("query", ["page=1&page=2", "per_page", "&&&", "=", "%", "%ff=%ff", "page=%31", "a;b=c", "?"])
def test_an_invalid_query_is_ignored(scene: Scene, query: str) -> None:
    """The list is returned whatever follows the question mark."""
    assert scene.ask("GET", f"{DEPLOYMENTS}?{query}").status_code == 200


def test_the_hint_says_why_a_body_is_invalid() -> None:
    """The reason comes from the JSON decoder."""
    for body, reason in ((b"{", "not JSON"), (b"[" * 101 + b"]" * 101, "100 levels"), (b"\xff", "not JSON")):
        with pytest.raises(BadRequest) as caught:
            read_body(body)
        assert reason in caught.value.hint
