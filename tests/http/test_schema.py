"""The validation of request bodies: a quick check, then jsonschema if necessary."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.http import glance, router, schema

WITH_BODY = [name for name in router.endpoints() if schema.takes_body(name)]
FORMATS = {"date-time": schema.is_date_time, "uri": schema.is_uri}
SHA = "c5b97d5ae6c19d5c5df71a34c7fbeeda2479ccbc"
OUTPUT = {
    "title": "Lint",
    "summary": "Two warnings",
    "annotations": [
        {"path": "a.py", "start_line": 1, "end_line": 2, "annotation_level": "warning", "message": "Too long"}
    ],
}

# Bodies from GitHub's documentation, and as clients send them.
ORDINARY: list[tuple[str, dict[str, Any]]] = [
    ("actions/create-environment-variable", {"name": "REGION", "value": "eu"}),
    ("actions/create-or-update-environment-secret", {"encrypted_value": "c2VhbGVk", "key_id": "568250167242549743"}),
    ("actions/update-environment-variable", {"value": "us"}),
    ("apps/create-installation-access-token", {}),
    ("apps/create-installation-access-token", {"repositories": ["example"], "permissions": {"deployments": "write"}}),
    ("apps/create-installation-access-token", {"repository_ids": [5], "permissions": {}}),
    ("checks/create", {"name": "lint", "head_sha": SHA, "status": "in_progress", "started_at": "2026-01-02T03:04:05Z"}),
    ("checks/create", {"name": "lint", "head_sha": SHA, "conclusion": "success", "output": OUTPUT}),
    ("checks/update", {"status": "completed", "conclusion": "failure", "completed_at": "2026-01-02T03:04:05+01:00"}),
    ("git/create-blob", {"content": "aGVsbG8=", "encoding": "base64"}),
    (
        "git/create-commit",
        {
            "message": "Change",
            "tree": SHA,
            "parents": [SHA],
            "author": {"name": "Mona", "email": "mona@example.com", "date": "2026-01-02T03:04:05Z"},
        },
    ),
    ("git/create-tag", {"tag": "v1", "message": "First", "object": SHA, "type": "commit"}),
    (
        "git/create-tree",
        {
            "base_tree": SHA,
            "tree": [
                {"path": "a.txt", "mode": "100644", "type": "blob", "content": "a"},
                {"path": "b.txt", "mode": "100644", "type": "blob", "sha": None},
            ],
        },
    ),
    ("git/create-ref", {"ref": "refs/heads/topic", "sha": SHA}),
    ("git/update-ref", {"sha": SHA, "force": True}),
    ("issues/add-labels", {"labels": ["preview"]}),
    ("issues/create-comment", {"body": "Deployed."}),
    ("issues/set-labels", {}),
    ("issues/update", {"title": "Add a page", "body": None, "state": "closed", "labels": ["preview"]}),
    ("issues/update-comment", {"body": "Deployed."}),
    ("issues/create-label", {"name": "preview", "color": "0e8a16", "description": "Deploy it"}),
    ("issues/update-label", {"new_name": "Preview"}),
    ("reactions/create-for-commit-comment", {"content": "+1"}),
    ("reactions/create-for-release", {"content": "hooray"}),
    ("reactions/create-for-issue", {"content": "-1"}),
    ("reactions/create-for-issue-comment", {"content": "eyes"}),
    ("pulls/create", {"head": "topic", "base": "main", "title": "Add a page", "body": "", "draft": True}),
    ("pulls/create-review", {"event": "APPROVE", "comments": []}),
    ("pulls/create-review", {}),
    ("pulls/dismiss-review", {"message": "Stale", "event": "DISMISS"}),
    ("pulls/remove-requested-reviewers", {"reviewers": ["mona"]}),
    ("pulls/request-reviewers", {"reviewers": ["mona"], "team_reviewers": ["ops"]}),
    ("pulls/submit-review", {"event": "COMMENT", "body": "Nice"}),
    ("pulls/merge", {"commit_title": "Ship it", "sha": SHA, "merge_method": "squash"}),
    ("pulls/update-branch", {"expected_head_sha": SHA}),
    ("pulls/update", {"state": "closed", "body": None}),
    ("pulls/update-review", {"body": "Nice"}),
    ("repos/add-collaborator", {"permission": "push"}),
    ("repos/create-commit-comment", {"body": "Looks good.", "path": "app.py", "position": 1}),
    ("repos/create-commit-status", {"state": "success", "target_url": "https://ci.example/1", "context": "ci"}),
    ("repos/create-commit-status", {"state": "error", "target_url": None, "description": None}),
    ("repos/create-deploy-key", {"title": "server", "key": "ssh-ed25519 AAAA", "read_only": True}),
    ("repos/create-deployment", {"ref": "main"}),
    ("repos/create-deployment", {"ref": "main", "auto_merge": False, "required_contexts": [], "payload": {"a": [1.5]}}),
    ("repos/create-deployment", {"ref": "main", "payload": '{"deploy": "migrate"}', "required_contexts": ["ci", "x"]}),
    ("repos/create-deployment-branch-policy", {"name": "release/*", "type": "branch"}),
    ("repos/create-deployment-protection-rule", {"integration_id": 5}),
    ("repos/create-deployment-status", {"state": "success", "log_url": "https://ci.example/1", "auto_inactive": False}),
    ("repos/create-deployment-status", {"state": "in_progress", "environment": "qa", "description": "started"}),
    ("repos/create-for-authenticated-user", {"name": "new", "description": "", "private": True, "auto_init": True}),
    ("repos/create-or-update-environment", {}),
    ("repos/create-or-update-environment", {"wait_timer": 30, "reviewers": None, "deployment_branch_policy": None}),
    (
        "repos/create-or-update-environment",
        {
            "wait_timer": 0,
            "prevent_self_review": True,
            "reviewers": [{"type": "User", "id": 1}, {"type": "Team", "id": 2}],
            "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        },
    ),
    (
        "repos/create-or-update-file-contents",
        {"message": "add", "content": "YQ==", "committer": {"name": "Mona", "email": "mona@example.com"}},
    ),
    (
        "repos/create-webhook",
        {"name": "web", "events": ["push"], "config": {"url": "https://a.example/", "insecure_ssl": "0"}},
    ),
    ("repos/create-dispatch-event", {"event_type": "deploy", "client_payload": {"environment": "staging"}}),
    (
        "repos/create-release",
        {"tag_name": "v1.0", "name": "v1.0", "body": "First", "draft": False, "make_latest": "true"},
    ),
    ("repos/generate-release-notes", {"tag_name": "v1.0", "previous_tag_name": "v0.9"}),
    ("repos/replace-all-topics", {"names": ["deploy"]}),
    ("repos/update-release", {"draft": False, "prerelease": True}),
    ("repos/delete-file", {"message": "remove", "sha": SHA, "branch": "main"}),
    ("repos/merge", {"base": "main", "head": "topic", "commit_message": "Merge it"}),
    ("repos/update", {"name": "new", "description": "", "homepage": "https://a.example", "default_branch": "trunk"}),
    ("repos/update-commit-comment", {"body": "Ship it."}),
    ("repos/update-deployment-branch-policy", {"name": "main"}),
    ("repos/update-webhook", {"active": False, "add_events": ["deployment"]}),
    ("repos/update-webhook-config-for-repo", {"url": "https://a.example/", "insecure_ssl": 0, "secret": "s"}),
]


def by_jsonschema(operation_id: str) -> Draft202012Validator:
    """Make jsonschema's own validator for the body of an operation, independent of the one under test."""
    formats = FormatChecker(())
    formats.checks("date-time")(schema.is_date_time)
    formats.checks("uri")(schema.is_uri_or_empty)
    return Draft202012Validator(schema.request_schema(operation_id), format_checker=formats)


NUMBERS = st.sampled_from([0, 1, -1, 30, 43201])
FLOATS = st.sampled_from([0.0, 1.0, 1.5])
TEXTS = st.sampled_from(["a", "", "main", "success", "2026-13-02T03:04:05Z", "https://a.example/{id}"])
FORMATTED = {"date-time": "2026-01-02T03:04:05Z", "uri": "https://a.example/"}
JUNK = st.one_of(
    st.none(), st.booleans(), NUMBERS, FLOATS, TEXTS, st.lists(TEXTS, max_size=2), st.dictionaries(TEXTS, NUMBERS)
)
SELDOM = st.integers(0, 15).map(lambda number: number == 7)


SIMPLE = {"boolean": st.booleans(), "integer": NUMBERS, "null": st.none(), "number": NUMBERS | FLOATS}


@st.composite
def values(draw: st.DrawFn, of: Any) -> Any:  # noqa: ANN401 - a part of a schema
    """Generate values at the limits of a schema, and a few beyond."""
    if "enum" in of:
        return draw(st.sampled_from([*of["enum"], draw(JUNK)]))
    generated: st.SearchStrategy[Any]
    beyond = draw(SELDOM)
    match draw(st.sampled_from(of["type"] if isinstance(of["type"], list) else [of["type"]])):
        case "array":
            length = draw(st.sampled_from([1, 0, of.get("maxItems", 3)])) + beyond
            generated = st.just([draw(values(of["items"]) if "items" in of else JUNK)] * length if length else [])
        case "object":
            generated = members(of)
        case "string" if "format" in of:
            generated = st.sampled_from([FORMATTED[of["format"]], draw(TEXTS)])
        case "string":
            generated = TEXTS | st.just("x" * (of.get("maxLength", 255) + beyond))
        case simple:
            generated = SIMPLE[simple]
    return draw(JUNK if draw(SELDOM) else generated)


@st.composite
def members(draw: st.DrawFn, of: Any) -> dict[str, Any]:  # noqa: ANN401
    """Generate an object with the required members and some others, and a few invalid ones."""
    wanted = {name for name in of.get("properties", {}) if draw(st.booleans())} | set(of.get("required", ()))
    known = {name: draw(values(of["properties"][name])) for name in sorted(wanted) if not draw(SELDOM)}
    return known | {"unknown": draw(JUNK)} if draw(SELDOM) else known


def has_float(value: object) -> bool:
    """Return whether *value* contains a float, which the quick check leaves to jsonschema."""
    if isinstance(value, dict | list):
        return any(map(has_float, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_what_is_valid_at_a_glance_is_valid(operation_id: str) -> None:
    """The quick check never accepts a body that jsonschema refuses, and leaves only floats to jsonschema."""
    validator = by_jsonschema(operation_id)

    @settings(max_examples=150, deadline=None, database=None)
    @given(members(schema.load(operation_id)["$defs"]["request"]))
    def compare(body: dict[str, Any]) -> None:
        at_a_glance, valid = schema.is_valid_at_a_glance(operation_id, body), validator.is_valid(body)
        assert valid or not at_a_glance
        assert at_a_glance or not valid or has_float(body)

    compare()


@pytest.mark.parametrize(("operation_id", "body"), ORDINARY)
def test_an_ordinary_body_is_valid_at_a_glance(operation_id: str, body: dict[str, Any]) -> None:
    """A body from the documentation does not need jsonschema."""
    assert schema.is_valid_at_a_glance(operation_id, body)
    assert by_jsonschema(operation_id).is_valid(body)


def test_what_is_checked_later_is_not_checked_with_the_shape() -> None:
    """Of a commit status the shape is refused at once, and its state by the endpoint."""
    schema.check_request("repos/create-commit-status", {})
    schema.check_request("repos/create-commit-status", {"state": "bogus"})
    with pytest.raises(Unprocessable, match="1 is not a string"):
        schema.check_request("repos/create-commit-status", {"state": 1})
    described = schema.load("repos/create-commit-status")["$defs"]["request"]
    assert described["required"] == ["state"]
    assert "success" in described["properties"]["state"]["enum"]
    for operation_id in set(WITH_BODY) - {"repos/create-commit-status", "pulls/update"}:
        assert schema.request_schema(operation_id) == schema.load(operation_id)["$defs"]["request"]


def test_each_body_has_an_ordinary_one() -> None:
    """The list above has a body for every operation."""
    assert {name for name, _ in ORDINARY} == set(WITH_BODY)


@pytest.mark.parametrize(
    "rule", [{"oneOf": [{}]}, {"format": "email"}, {"anyOf": [{"$ref": "#"}]}, {"minItems": 0}, {"$ref": "#"}, False]
)
def test_a_glance_leaves_to_jsonschema_what_it_does_not_know(rule: Any) -> None:  # noqa: ANN401 - a schema
    """A schema with any other keyword or format, at any depth, is left to jsonschema."""
    every: list[Any] = [None, True, 1, "a", [], {}]
    for value in every:
        if value == "a" or rule != {"format": "email"}:
            assert not glance.of(rule, FORMATS)(value)
            assert not glance.of({"properties": {"member": rule}}, FORMATS)({"member": value})
            assert not glance.of({"items": rule}, FORMATS)([value])


@pytest.mark.parametrize(
    ("rule", "valid", "invalid"),
    [
        ({"type": "array", "maxItems": 1}, [1], [1, 2]),
        ({"type": "string", "maxLength": 1}, "é", "ab"),
        ({"type": ["integer", "null"]}, None, True),
        ({"type": "number"}, 1.5, "1.5"),
        ({"enum": ["a"]}, "a", "b"),
        ({"enum": ["a", None]}, None, "None"),
        ({"const": ""}, "", "b"),
        ({"type": "string", "pattern": "^refs/"}, "refs/heads/main", "main"),
        ({"type": "integer", "minimum": 1}, 1, 0),
        ({"minimum": 1}, True, 0.5),
        ({"anyOf": [{"const": ""}, {"type": "string", "format": "uri"}]}, "https://ci.example.com/1", "ci"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}], "maxLength": 1}, None, "ab"),
    ],
)
def test_a_glance_sees_limits(rule: dict[str, Any], valid: object, invalid: object) -> None:
    """The quick check accepts a value at a limit and not one beyond it."""
    assert glance.of(rule, FORMATS)(valid)
    assert not glance.of(rule, FORMATS)(invalid)


@pytest.mark.slow
def test_a_first_request_loads_no_jsonschema() -> None:
    """The first GET and the first valid POST of a process import neither jsonschema nor its dependencies."""
    code = """
import json, sys
from pytest_ghdeploy import FakeGitHub
import requests
with FakeGitHub() as gh:
    gh.add_repository("octocat/example")
    url = "https://api.github.com/repos/octocat/example/deployments"
    headers = {"Authorization": "token x"}
    assert requests.get(url, headers=headers).json() == []
    assert requests.post(url, json={"ref": "main"}, headers=headers).status_code == 201
    valid = [name for name in ("jsonschema", "referencing", "werkzeug") if name in sys.modules]
    assert requests.post(url, json={"ref": 1}, headers=headers).status_code == 422
    print(json.dumps([valid, "jsonschema" in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert json.loads(done.stdout) == [[], True]
