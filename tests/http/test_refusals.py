"""Invalid bodies: schemas of every kind that a future endpoint may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.http.violations import ruby

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "wait_timer": {"type": "integer", "minimum": 0, "maximum": 10},
        "reviewers": {
            "type": ["array", "null"],
            "items": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        },
        "environment": {"$ref": "../components/deployment.json#/properties/environment"},
        "when": {"type": "string", "format": "date-time"},
        "where": {"type": "string", "format": "uri"},
    },
    "additionalProperties": False,
    "minProperties": 1,
}


@pytest.fixture
def operation(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make up an operation with a body of many types."""
    made_up = {"documentation_url": "https://docs.github.com/rest", "$defs": {"request": SHAPES}}
    real = schema.load
    monkeypatch.setattr(schema, "load", lambda name: made_up if name == "repos/made-up" else real(name))
    yield "repos/made-up"
    schema._request_validator.cache_clear()


@pytest.mark.parametrize(
    ("body", "problems", "places"),
    [
        ({"wait_timer": -1}, ["-1 must be greater than or equal to 0."], "wait_timer"),
        ({"wait_timer": 11}, ["11 must be less than or equal to 10."], "wait_timer"),
        ({"reviewers": 1}, ["For 'properties/reviewers', 1 is not an array or null."], "reviewers"),
        ({"reviewers": [1]}, ["For 'items', 1 is not an object."], "reviewers/0"),
        ({"reviewers": [{}]}, ['"id" wasn\'t supplied.'], "id"),
        ({"environment": None}, ["For 'properties/environment', nil is not a string."], "environment"),
        ({"when": "soon"}, ["soon is not a valid date-time."], "when"),
        ({"where": "not here"}, ["not here is not a valid uri."], "where"),
        ({"a": 1}, ['"a" is not a permitted key.'], "a"),
        ({"b": 1, "a": 2}, ['"a", "b" are not permitted keys.'], "a, b"),
        ({"a": 1, "when": 2}, ['"a" is not a permitted key.', "For 'properties/when', 2 is not a string."], "a, when"),
    ],
)
def test_each_problem_is_described(operation: str, body: dict[str, Any], problems: list[str], places: str) -> None:
    """The refusal lists all problems with GitHub's texts, and the hint says where they are."""
    with pytest.raises(Unprocessable) as caught:
        schema.check_request(operation, body)
    assert caught.value.message == "Invalid request.\n\n" + "\n".join(problems)
    assert caught.value.hint == f"invalid in the body: {places}"


ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "x"}


STATES = '["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]'


def _annotated(*annotations: object, **output: object) -> dict[str, Any]:
    return {"name": "ci", "head_sha": "0" * 40, "output": {**output, "annotations": list(annotations)}}


@pytest.mark.parametrize(
    ("operation_id", "body", "lines"),
    [
        # Names are sorted, in one line for each object that lacks some (linter-bot#71).
        (
            "checks/create",
            {"head_sha": "0" * 40, "output": {"annotations": [{"message": "x", "start_line": 1, "end_line": 1}]}},
            [
                '"annotation_level", "path" weren\'t supplied.',
                '"summary", "title" weren\'t supplied.',
                '"name" wasn\'t supplied.',
            ],
        ),
        (
            "checks/create",
            _annotated({"message": "x"}, {"path": "p"}, title="t", summary="s"),
            [
                '"annotation_level", "end_line", "path", "start_line" weren\'t supplied.',
                '"annotation_level", "end_line", "message", "start_line" weren\'t supplied.',
            ],
        ),
        ("repos/merge", {}, ['"base", "head" weren\'t supplied.']),  # github_cli#28
        # An object's own problems frame those of its members (the public Ruby gem json_schema).
        (
            "repos/create-or-update-environment",
            {
                "zzz": 1,
                "wait_timer": "5",
                "enabled": True,
                "reviewers": [{"type": "Bot", "id": 1}, 7],
                "deployment_branch_policy": {"protected_branches": 1},
            },
            [
                '"enabled", "zzz" are not permitted keys.',
                "For 'properties/wait_timer', \"5\" is not an integer.",
                'Bot is not a member of ["User", "Team"].',
                "For 'items', 7 is not an object.",
                "For 'properties/protected_branches', 1 is not a boolean.",
                '"custom_branch_policies" wasn\'t supplied.',
            ],
        ),
        # Values are written as Ruby does in types, and as they are elsewhere (recorded by hub4j, 2020).
        (
            "repos/create-deployment-status",
            {"state": "bogus", "auto_inactive": "true", "environment": None},
            [
                f"bogus is not a member of {STATES}.",
                "For 'properties/environment', nil is not a string.",
                "For 'properties/auto_inactive', \"true\" is not a boolean.",
            ],
        ),
        (
            "checks/update",
            {"status": 7, "started_at": "yesterday", "output": {"summary": "x" * 65_536, "title": 1}},
            [
                "yesterday is not a valid date-time.",
                "For 'properties/status', 7 is not a string.",
                "For 'properties/title', 1 is not a string.",
                "Only 65535 characters are allowed; 65536 were supplied.",
            ],
        ),
        (
            "checks/create",
            _annotated(*[ANNOTATION] * 142, ANNOTATION | {"start_line": "1"}, title="", summary=""),
            [
                "For 'properties/start_line', \"1\" is not an integer.",
                "No more than 50 items are allowed; 143 were supplied.",
            ],
        ),
    ],
)  # fmt: skip
def test_the_problems_of_a_body_are_in_githubs_words_and_order(
    operation_id: str, body: dict[str, Any], lines: list[str]
) -> None:
    """Those of the real operations, with where the words and the order are from."""
    with pytest.raises(Unprocessable) as caught:
        schema.check_request(operation_id, body)
    assert caught.value.message.split("\n") == ["Invalid request.", "", *lines]


def test_a_problem_of_the_whole_body_is_a_refusal_too(operation: str) -> None:
    """A problem that belongs to no member is refused and does not crash."""
    with pytest.raises(Unprocessable, match="Invalid request"):
        schema.check_request(operation, {})


def test_a_valid_body_is_accepted(operation: str) -> None:
    """A body that matches the schema passes."""
    body = {"reviewers": [{"id": 1}], "environment": "qa", "when": "2026-03-10T12:00:00Z", "where": "https://x.test/"}
    schema.check_request(operation, body)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nil"),
        (True, "true"),
        (1e20, "1.0e+20"),
        (1.5e-7, "1.5e-07"),
        (2.5, "2.5"),
        ({"a": [None, "b"]}, '{"a"=>[nil, "b"]}'),
        ("a#{b}", '"a\\#{b}"'),
    ],
)
def test_values_are_written_as_ruby_does(value: object, text: str) -> None:
    """GitHub's refusals show values in Ruby's format."""
    assert ruby(value) == text
