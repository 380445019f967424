"""
What every endpoint has in common: who asks, whether the body can be read, what a refusal looks like.

Whatever a client sends gets GitHub's refusal and never a 500, and a refusal leaves all as it was.
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
from pytest_ghdeploy.http.authentication import token_of
from pytest_ghdeploy.http.json_body import read_object
from pytest_ghdeploy.http.messages import header_text
from pytest_ghdeploy.http.schema import ruby

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import Deployment, FakeGitHub, Repository

CREATE_DOCS = "https://docs.github.com/rest/deployments/deployments#create-a-deployment"


@dataclass
class Scene:
    """A fake with something in it, and a client."""

    fake: FakeGitHub
    http: requests.Session
    repo: Repository
    deployment: Deployment
    other: Deployment
    secret: Repository

    def ask(self, method: str, path: str, data: bytes | None = None, **headers: str | None) -> requests.Response:
        """Send a request; *path* may name the ids of the scene, a header ``None`` is not sent."""
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
        """Copy all that a refused request must leave alone."""
        return stored(self.fake)


@pytest.fixture
def scene(ghdeploy: FakeGitHub, http: requests.Session) -> Scene:
    """
    Give two repositories with a deployment each, a private one, and a client that speaks for octocat.

    What is refused changes nothing, so that all rows of a table may share it.
    """
    repo = ghdeploy.add_repository("octocat/example")
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    deployment = repo.add_deployment(ref="main", environment="staging")
    for each in (deployment, other):
        each.add_status("success")
    return Scene(ghdeploy, http, repo, deployment, other, ghdeploy.add_repository("mona/secret", private=True))


def _check_refusal(reply: requests.Response, status: int, message: str) -> dict[str, Any]:
    """See to it that a refusal has GitHub's form, and a hint that fits a header."""
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


# Bodies that cannot be read


def _nested(levels: int) -> bytes:
    """Make a deployment whose body is so many levels deep: itself, the payload, and arrays in that."""
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
    """What cannot be read as JSON in UTF-8 is 400 on every endpoint that takes a body."""
    before = scene.stored()
    with Rows() as rows:
        for path, (name, body) in product(TAKE_BODIES, UNREADABLE.items()):
            with rows.row(path, name):
                _check_refusal(scene.ask("POST", path, body), 400, "Problems parsing JSON")
                assert scene.stored() == before


def test_json_that_is_no_object_is_refused(scene: Scene) -> None:
    """Arrays and scalars are 400 with words of their own."""
    bodies = [b"[]", b'[{"ref": "main"}]', b"null", b"true", b"0", b"-1.5e3", b'"main"', b'""', b" [ ] "]
    before = scene.stored()
    with Rows() as rows:
        for path, body in product(TAKE_BODIES, bodies):
            with rows.row(path, body):
                _check_refusal(scene.ask("POST", path, body), 400, "Body should be a JSON object")
                assert scene.stored() == before


@pytest.mark.parametrize("levels", [99, 100])
def test_a_body_of_100_levels_is_read(scene: Scene, levels: int) -> None:
    """Nesting up to the limit is no mistake, and comes back as it was sent."""
    reply = scene.ask("POST", DEPLOYMENTS, _nested(levels))
    assert reply.status_code == 201
    assert reply.json()["payload"] == json.loads(_nested(levels))["payload"]


def test_many_brackets_are_not_deep(scene: Scene) -> None:
    """A body with a thousand arrays beside each other, or brackets in a text, is not deep."""
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
def test_an_object_is_read(text: str, value: dict[str, Any]) -> None:
    """Objects in UTF-8 are read, surrogate pairs too; nothing at all is an empty object."""
    assert read_object(text.encode()) == value


def test_a_number_of_4000_digits_is_echoed(scene: Scene) -> None:
    """A payload may hold integers of any size that JSON libraries take."""
    payload = {"n": 10**4000}
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps({"ref": "main", "payload": payload}).encode())
    assert (reply.status_code, reply.json()["payload"]) == (201, payload)


def test_a_huge_number_is_refused_where_none_belongs(scene: Scene) -> None:
    """An integer of any length in the place of a text is a refusal, and not a crash."""
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
    """A long text where a short one belongs is refused, and the hint still fits a header."""
    reply = scene.ask("POST", DEPLOYMENTS, json.dumps({"ref": "x" * 1_000_000}).encode())
    _check_refusal(reply, 422, "No ref found for: " + "x" * 1_000_000)
    assert len(reply.headers["X-GHDeploy-Hint"]) <= 1000


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"null"])
def test_a_body_is_not_looked_at_where_none_belongs(scene: Scene, body: bytes) -> None:
    """GET and DELETE take no body, so a bad one does no harm."""
    assert scene.ask("GET", DEPLOYMENTS, body).status_code == 200
    assert scene.ask("DELETE", f"{DEPLOYMENTS}/{{id}}", body).status_code == 204


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "", None])
def test_json_is_read_whatever_it_calls_itself(scene: Scene, content_type: str | None) -> None:
    """The header Content-Type does not matter."""
    assert scene.ask("POST", DEPLOYMENTS, b'{"ref": "main"}', Content_Type=content_type).status_code == 201


# Bodies of the wrong shape: GitHub's words


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
    ({"ref": "main", "auto_merge": None}, "For 'properties/auto_merge', nil is not a boolean."),
    ({"ref": "main", "auto_merge": 0}, "For 'properties/auto_merge', 0 is not a boolean."),
    ({"ref": "main", "task": None}, "For 'properties/task', nil is not a string."),
    ({"ref": "main", "environment": None}, "For 'properties/environment', nil is not a string."),
    ({"ref": "main", "description": 42}, "For 'properties/description', 42 is not a string or null."),
    ({"ref": "main", "description": False}, "For 'properties/description', false is not a string or null."),
    ({"ref": "main", "required_contexts": None}, "For 'properties/required_contexts', nil is not an array."),
    ({"ref": "main", "required_contexts": "ci"}, "For 'properties/required_contexts', \"ci\" is not an array."),
    ({"ref": "main", "required_contexts": {}}, "For 'properties/required_contexts', {} is not an array."),
    ({"ref": "main", "required_contexts": [1]}, "For 'items', 1 is not a string."),
    ({"ref": "main", "payload": None}, "For 'properties/payload', nil is not an object or string."),
    ({"ref": "main", "payload": []}, "For 'properties/payload', [] is not an object or string."),
    ({"ref": "main", "payload": 1}, "For 'properties/payload', 1 is not an object or string."),
    ({"ref": "main", "transient_environment": 1}, "For 'properties/transient_environment', 1 is not a boolean."),
    ({"ref": "main", "production_environment": {}}, "For 'properties/production_environment', {} is not a boolean."),
    ({"ref": "main", "auto_merge": 'a"b\\c'}, "For 'properties/auto_merge', \"a\\\"b\\\\c\" is not a boolean."),
]  # fmt: skip


def test_a_body_of_the_wrong_shape_is_refused_in_githubs_words(scene: Scene) -> None:
    """The message names the place, prints the value as Ruby does, and says what it is not; there are no errors."""
    before = scene.stored()
    with Rows() as rows:
        for body, problem in SHAPES:
            with rows.row(body):
                reply = scene.ask("POST", DEPLOYMENTS, json.dumps(body).encode())
                refusal = _check_refusal(reply, 422, f"Invalid request.\n\n{problem}")
                assert "errors" not in refusal
                assert refusal["documentation_url"] == CREATE_DOCS
                assert scene.stored() == before


def test_an_empty_body_lacks_what_is_required(scene: Scene) -> None:
    """No body at all is an empty object."""
    for body in (None, b"", b"  \n"):
        _check_refusal(scene.ask("POST", DEPLOYMENTS, body), 422, 'Invalid request.\n\n"ref" wasn\'t supplied.')


def test_several_problems_are_told_at_once(scene: Scene) -> None:
    """What is missing comes first, then each wrong value in a line of its own."""
    body = {"auto_merge": None, "task": 1, "required_contexts": ["ci", 2, None]}
    message = scene.ask("POST", DEPLOYMENTS, json.dumps(body).encode()).json()["message"]
    head, _, rest = message.partition("\n\n")
    first, *lines = rest.split("\n")
    assert (head, first) == ("Invalid request.", '"ref" wasn\'t supplied.')
    assert sorted(lines) == [
        "For 'items', 2 is not a string.",
        "For 'items', nil is not a string.",
        "For 'properties/auto_merge', nil is not a boolean.",
        "For 'properties/task', 1 is not a string.",
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
    """GitHub prints a value in its message the way Ruby inspects it."""
    assert ruby(value) == text


@pytest.mark.parametrize(
    "body",
    [
        {"state": "success", "description": None},
        {"state": "success", "target_url": None},
        {"state": "success", "environment": None},
        {"state": "success", "auto_inactive": "false"},
        {"state": 1},
        {"state": ["success"]},
        {},
    ],
)
def test_the_shape_of_a_deployment_status_is_checked(scene: Scene, body: dict[str, Any]) -> None:
    """Nulls and wrong types are refused, and nothing has changed."""
    before = scene.stored()
    reply = scene.ask("POST", f"{DEPLOYMENTS}/{{id}}/statuses", json.dumps(body).encode())
    _check_refusal(reply, 422, reply.json()["message"])
    assert reply.json()["message"].startswith("Invalid request.\n\n")
    assert scene.stored() == before


# Paths that lead nowhere


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


def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    """Unknown repositories and ids, ids of something else and ids that are no numbers are 404 of the operation."""
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


def test_what_github_has_no_endpoint_for_is_not_found(scene: Scene) -> None:
    """A trailing slash, an unknown path or another method is 404 too (never 405), and names no operation."""
    before = scene.stored()
    with Rows() as rows:
        for method, path in NO_ROUTE:
            with rows.row(method, path):
                refusal = _check_refusal(scene.ask(method, path, b"{}"), 404, "Not Found")
                assert refusal == {"message": "Not Found", "documentation_url": REST_DOCS, "status": "404"}
                assert scene.stored() == before


def test_names_with_other_letters_are_not_found(scene: Scene) -> None:
    """A hint that speaks of other letters than a header takes is still one line of ASCII."""
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
def test_a_hint_is_made_fit_for_a_header(text: str, header: str) -> None:
    """Whatever it says, it is one line of ASCII of 1000 characters at most."""
    assert header_text(text) == header


@pytest.mark.parametrize("control", ["\0", "\x01", "\x1b", "\x7f"])
def test_a_hint_has_no_control_characters(control: str) -> None:
    """What a terminal or an HTTP library would trip over is not in a header."""
    assert header_text(f"a{control}b").isprintable()


# Who asks


@pytest.mark.parametrize("path", [DEPLOYMENTS, "/nothing/like/that", "/repos/octocat/nope"])
def test_a_client_must_name_itself(scene: Scene, path: str) -> None:
    """Without a User-Agent everything is 403, before anything else is looked at."""
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


def test_a_token_is_understood_in_every_form(scene: Scene) -> None:
    """Token, Bearer and Basic, in any case, the token as password or as name."""
    scene.fake.add_token("the-token", user="mona")
    with Rows() as rows:
        for authorization in GOOD:
            with rows.row(authorization):
                reply = scene.ask("GET", "/user", Authorization=authorization)
                assert (reply.status_code, reply.json()["login"]) == (200, "mona")
                assert token_of(authorization) == "the-token"


def test_any_token_will_do_until_one_is_added(scene: Scene) -> None:
    """Without add_token every form of every token speaks for octocat."""
    with Rows() as rows:
        for authorization in GOOD:
            with rows.row(authorization):
                assert scene.ask("GET", "/user", Authorization=authorization).json()["login"] == "octocat"


ANYWHERE = [("GET", DEPLOYMENTS), ("POST", DEPLOYMENTS), ("GET", "/users/octocat"), ("GET", "/nope")]


@pytest.mark.parametrize("known", [False, True])
def test_bad_credentials_beat_everything(scene: Scene, *, known: bool) -> None:
    """An Authorization header without a token is 401, for public reads and unknown paths too."""
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
    """Once a token was added only known ones are accepted; the hint says so and does not repeat what was sent."""
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
def test_what_is_public_is_read_without_a_token(scene: Scene, *, known: bool) -> None:
    """Every GET of a public repository works anonymously."""
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
def test_what_is_public_is_not_written_without_a_token(scene: Scene, method: str, path: str, *, known: bool) -> None:
    """An anonymous write is 401, also while any token is accepted."""
    if known:
        scene.fake.add_token("the-token")
    before = scene.stored()
    reply = scene.ask(method, path, SOUND, Authorization=None)
    _check_refusal(reply, 401, "Requires authentication")
    assert scene.stored() == before


@pytest.mark.parametrize(("method", "path"), [*WRITES, *[("GET", path) for path in PUBLIC_READS[1:4]]])
def test_a_private_repository_is_hidden_from_others(scene: Scene, method: str, path: str) -> None:
    """Who has no right on a private repository is told that there is none, to read as to write."""
    repo = scene.fake.add_repository("mona/hidden", private=True)
    deployment = repo.add_deployment(ref="main")
    scene.fake.add_token("token-of-octocat")
    path = path.replace(REPO, "/repos/mona/hidden").format(id=deployment.id, sha=repo.sha("main"))
    before = scene.stored()
    _check_refusal(scene.ask(method, path, SOUND, Authorization="token token-of-octocat"), 404, "Not Found")
    assert scene.stored() == before


def test_a_private_repository_is_hidden_from_anonymous_callers(scene: Scene) -> None:
    """Anonymous reads of a private repository are 404, also while any token is accepted, and by its id."""
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
def test_writing_takes_push(
    scene: Scene,
    granted: Any,  # noqa: ANN401 - a permission
    *,
    reads: bool,
    writes: bool,
    private: bool,
) -> None:
    """A collaborator writes with push or more, and reads with anything; without the right it is 404 and not 403."""
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


def test_who_asks_is_the_creator(scene: Scene) -> None:
    """Deployments, statuses and commit statuses are those of the token's user, and so is the sender of events."""
    scene.fake.add_token("token-of-hubot", user="hubot")
    scene.repo.add_collaborator("hubot")
    mine = "Bearer token-of-hubot"
    for path in (DEPLOYMENTS, f"{DEPLOYMENTS}/{{id}}/statuses", f"{REPO}/statuses/{{sha}}"):
        reply = scene.ask("POST", path, SOUND, Authorization=mine)
        assert reply.json()["creator"]["login"] == "hubot"
        assert scene.fake.events[-1].payload["sender"]["login"] == "hubot"


# Every answer


@pytest.mark.parametrize(("method", "path"), [("GET", DEPLOYMENTS), ("GET", "/nope"), ("POST", DEPLOYMENTS)])
def test_every_answer_has_githubs_headers(scene: Scene, method: str, path: str) -> None:
    """Media type, version and a request id of five hexadecimal groups are on refusals too, the id on each anew."""
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


def test_an_answer_is_compact_json_in_utf_8(scene: Scene) -> None:
    """Letters are written as they are, without white space between members."""
    body = json.dumps({"ref": "main", "description": "ä \N{ROCKET}"}).encode()
    content = scene.ask("POST", DEPLOYMENTS, body).content
    assert '"description":"ä \N{ROCKET}"'.encode() in content
    assert b'", "' not in content


def test_an_answer_without_refusal_has_no_hint(scene: Scene) -> None:
    """Only what was refused is explained."""
    for method, path in (("GET", DEPLOYMENTS), ("POST", DEPLOYMENTS), ("DELETE", f"{DEPLOYMENTS}/{{id}}")):
        reply = scene.ask(method, path, SOUND)
        assert reply.ok
        assert "X-GHDeploy-Hint" not in reply.headers


@pytest.mark.parametrize("query", ["page=1&page=2", "per_page", "&&&", "=", "%", "%ff=%ff", "page=%31", "a;b=c", "?"])
def test_an_odd_query_does_no_harm(scene: Scene, query: str) -> None:
    """Whatever stands after the question mark, the list is answered."""
    assert scene.ask("GET", f"{DEPLOYMENTS}?{query}").status_code == 200


def test_reading_an_unreadable_body_says_why() -> None:
    """The hint says what is the matter with the body."""
    for body, reason in ((b"{", "not JSON"), (b"[" * 101 + b"]" * 101, "100 levels"), (b"\xff", "not JSON")):
        with pytest.raises(BadRequest) as caught:
            read_object(body)
        assert reason in caught.value.hint
