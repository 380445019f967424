"""Inputs of an action as variables, and expressions in their defaults."""

from __future__ import annotations

from typing import Any

import pytest
from rows import Rows

from pytest_ghdeploy import FakeError
from pytest_ghdeploy.server.actions import inputs
from pytest_ghdeploy.server.actions.inputs import Contexts
from pytest_ghdeploy.server.actions.metadata import Input, Metadata

CONTEXTS = Contexts(
    {"GITHUB_TOKEN": "a-token", "GITHUB_REPOSITORY": "octocat/example", "GITHUB_HEAD_REF": "", "RUNNER_OS": "Linux"},
    {
        "pull_request": {"number": 7, "draft": False, "body": None, "head": {"sha": "abc"}, "labels": []},
        "ratio": 0.25,
    },
)


def action(*known: Input) -> Metadata:
    """Make an action with these inputs."""
    return Metadata("action.yml", known, {}, {})


def refusal(known: Input, values: Any) -> str:  # noqa: ANN401 - any wrong type too
    """Return the message of the error for *values*."""
    with pytest.raises(FakeError) as caught:
        inputs.variables(action(known), values, CONTEXTS)
    assert caught.value.argument == "inputs"
    return str(caught.value)


def test_each_declared_input_is_a_variable() -> None:
    """A passed value wins over the default, an input without either is empty, and only spaces are replaced."""
    known = [
        Input("dry-run", required=False, default="false"),
        Input("GitHub Token", required=True, default="${{ github.token }}"),
        Input("ref", required=True, default=""),
        Input("labels", required=False, default=""),
    ]
    assert inputs.variables(action(*known), {"REF": "main"}, CONTEXTS) == {
        "INPUT_DRY-RUN": "false",
        "INPUT_GITHUB_TOKEN": "a-token",
        "INPUT_REF": "main",
        "INPUT_LABELS": "",
    }
    assert inputs.variables(action(), None, CONTEXTS) == {}


def test_values_are_spelled_as_in_yaml() -> None:
    """As a workflow would pass them. An expression in a passed value is text."""
    known = Input("x", required=True, default="default")
    with Rows() as rows:
        for value, text in [
            ("text", "text"),
            (" two\nlines ", " two\nlines "),
            ("", ""),
            (True, "true"),
            (False, "false"),
            (7, "7"),
            (1_180_000_000_000_000_023, "1180000000000000023"),
            (1.50, "1.5"),
            ("${{ github.token }}", "${{ github.token }}"),
        ]:
            with rows.row(repr(value)):
                assert inputs.variables(action(known), {"x": value}, CONTEXTS) == {"INPUT_X": text}


def test_wrong_inputs_are_refused() -> None:
    """An unknown input, a missing one, and values that no workflow could pass."""
    known = Input("token", required=True, default="")
    with Rows() as rows:
        for values, message in [
            ({"tokn": "x"}, "unknown input 'tokn'; known: token"),
            ({1: "x"}, "unknown input 1; known: token"),
            (
                {},
                "the action requires the input 'token': pass a value in inputs, or \"\" to see what it does without",
            ),
            ({"token": None}, "the input 'token' must be a string, a number, True or False; got nothing"),
            ({"token": ["x"]}, "the input 'token' must be a string, a number, True or False; got a list"),
            (
                {"token": "x\0"},
                "the input 'token' cannot be passed to a program: it has a null character or a lone surrogate",
            ),
            (
                {"token": "\udcff"},
                "the input 'token' cannot be passed to a program: it has a null character or a lone surrogate",
            ),
            ([], "inputs must be a mapping of names to values, got a list"),
        ]:
            with rows.row(repr(values)):
                assert refusal(known, values) == message


def test_all_missing_inputs_are_named() -> None:
    """In the order of the metadata."""
    known = [Input(name, required=True, default="") for name in ("a", "b", "c")]
    with pytest.raises(FakeError, match=r"^the action requires the inputs 'a', 'c': pass "):
        inputs.variables(action(*known), {"b": ""}, CONTEXTS)


def test_plain_properties_are_evaluated() -> None:
    """Those of a job's variables, of the token and of the event. A missing member of the event is empty."""
    with Rows() as rows:
        for text, value in [
            ("plain", "plain"),
            ("${{ github.token }}", "a-token"),
            ("${{github.repository}}", "octocat/example"),
            ("${{ GitHub.Repository }}", "octocat/example"),
            ("${{ github.head_ref }}", ""),
            ("${{ runner.os }}", "Linux"),
            ("${{ job.status }}", "success"),
            ("${{ github.event.pull_request.number }}", "7"),
            ("${{ github.event.pull_request.draft }}", "false"),
            ("${{ github.event.pull_request.body }}", ""),
            ("${{ github.event.Pull_Request.head.sha }}", "abc"),
            ("${{ github.event.ratio }}", "0.25"),
            ("${{ github.event.issue.number }}", ""),
            ("${{ github.event.ratio.x }}", ""),
            ("repos/${{ github.repository }}/pulls/${{ github.event.pull_request.number }}", None),
        ]:
            with rows.row(text):
                expected = "repos/octocat/example/pulls/7" if value is None else value
                assert CONTEXTS.evaluate(text, "x") == expected


def test_other_expressions_are_refused() -> None:
    """The message says that passing the input helps. A passed input is not evaluated."""
    with Rows() as rows:
        for expression in [
            "${{ github.head_ref || github.ref_name }}",
            "${{ format('{0}', github.sha) }}",
            "${{ secrets.TOKEN }}",
            "${{ github.unknown }}",
            "${{ github.repository.name }}",
            "${{ github.event }}",
            "${{ github.event.pull_request }}",
            "${{ github.event.pull_request.labels }}",
            "${{ runner }}",
            "${{ }}",
        ]:
            known = Input("x", required=False, default=f"a {expression}")
            with rows.row(expression):
                assert refusal(known, {}) == (
                    f"the default of the input 'x' is {expression}, which the fake cannot evaluate: pass the input. "
                    "The fake knows github.token, github.event.…, job.status and the variables of a job, such as "
                    "github.repository and runner.os"
                )
                assert inputs.variables(action(known), {"x": "own"}, CONTEXTS) == {"INPUT_X": "own"}
