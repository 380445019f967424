"""
The inputs of an action, as the variables that its code reads.

Source:
    https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs
    https://docs.github.com/actions/reference/workflows-and-actions/contexts
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.server.actions.metadata import text_of

if TYPE_CHECKING:
    from pytest_ghdeploy.server.actions.metadata import Metadata

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PROPERTY = re.compile(r"(github|runner)((?:\.[A-Za-z_][A-Za-z0-9_-]*)+)", re.IGNORECASE)
_KNOWN = "github.token, github.event.…, job.status and the variables of a job, such as github.repository and runner.os"


class Contexts:
    """
    The values of ``github.…``, ``runner.…`` and ``job.status`` in a default.

    Attributes:
        job_status: ``success`` or, after a step that failed, ``failure``.
    """

    def __init__(self, variables: Mapping[str, str], event: Mapping[str, Any]) -> None:
        """Take the *variables* of a job, such as ``GITHUB_REF``, and the payload of its *event*."""
        self._variables = variables
        self._event = event
        self.job_status = "success"

    def evaluate(self, text: str, where: str) -> str:
        """
        Replace the expressions in *text*.

        Args:
            where: What *text* is, for the message.

        Raises:
            FakeError: An expression is not a plain property that the fake knows.
        """
        return _EXPRESSION.sub(lambda match: self._value(match[1].strip(), match[0], where), text)

    def _value(self, expression: str, shown: str, where: str) -> str:
        if expression.lower() == "job.status":
            return self.job_status
        match = _PROPERTY.fullmatch(expression)
        if match:
            context, names = match[1].lower(), match[2].lower()[1:].split(".")
            if context == "github" and names[0] == "event" and len(names) > 1:
                value = _looked_up(self._event, match[2][1:].split(".")[1:])
                if not isinstance(value, (Mapping, list)):
                    return text_of(value)
            variable = self._variables.get(f"{context}_{names[0]}".upper())
            if variable is not None and len(names) == 1:
                return variable
        msg = f"{where} is {shown}, which the fake cannot evaluate: pass the input. The fake knows {_KNOWN}"
        raise FakeError(msg, argument="inputs")


def _looked_up(value: object, names: list[str]) -> object:
    for name in names:
        # GitHub ignores case, and a missing member is null.
        members = {key.lower(): member for key, member in value.items()} if isinstance(value, Mapping) else {}
        value = members.get(name.lower())
    return value


def variables(action: Metadata, inputs: object, contexts: Contexts) -> dict[str, str]:
    """
    Make the variables for *inputs* and for the defaults of the others: ``INPUT_DRY-RUN`` for ``dry-run``.

    Raises:
        FakeError: An input is unknown or has no text, a required one without a default is missing, or a default cannot
            be evaluated.
    """
    passed = _checked(action, inputs)
    missing = [
        known.name
        for known in action.inputs
        if known.required and not known.default and known.name.lower() not in passed
    ]
    if missing:
        msg = f'the action requires {_listed(missing)}: pass a value in inputs, or "" to see what it does without'
        raise FakeError(msg, argument="inputs")
    texts = {}
    for known in action.inputs:
        text = passed.get(known.name.lower())
        if text is None:
            text = contexts.evaluate(known.default, f"the default of the input {known.name!r}")
        texts[variable_of(known.name)] = text
    return texts


def variable_of(name: str) -> str:
    """Return the name of an input's variable. Only spaces are replaced: ``INPUT_DRY-RUN`` for ``dry-run``."""
    return f"INPUT_{name.replace(' ', '_').upper()}"


def _listed(names: list[str]) -> str:
    return ("the input " if len(names) == 1 else "the inputs ") + ", ".join(map(repr, names))


def _checked(action: Metadata, inputs: object) -> dict[str, str]:
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping):
        msg = f"inputs must be a mapping of names to values, got {errors.kind_of(inputs)}"
        raise FakeError(msg, argument="inputs")
    known = {known.name.lower(): known.name for known in action.inputs}
    passed = {}
    for name, value in inputs.items():
        if not isinstance(name, str) or name.lower() not in known:
            raise errors.unknown("input", name, known.values(), argument="inputs")
        if not isinstance(value, (str, int, float)):
            msg = f"the input {name!r} must be a string, a number, True or False; got {errors.kind_of(value)}"
            raise FakeError(msg, argument="inputs")
        passed[name.lower()] = check_text(f"the input {name!r}", text_of(value), "inputs")
    return passed


def check_text(name: str, text: str, argument: str) -> str:
    """
    Return *text* if it can be the value of an environment variable.

    Raises:
        FakeError: It has a null character or a lone surrogate.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        msg = f"{name} cannot be passed to a program: it has a null character or a lone surrogate"
        raise FakeError(msg, argument=argument)
    return text
