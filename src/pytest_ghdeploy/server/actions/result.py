"""The result of running an action."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ghdeploy.public import public


@public
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ActionRun:
    """
    The outputs, the log and the exit status of an action that was run.

    Attributes:
        outputs: The outputs by name, from ``GITHUB_OUTPUT`` and ``::set-output``.

        state: The state by name, from ``GITHUB_STATE`` and ``::save-state``. Later steps got it as ``STATE_name``.

        summary: The Markdown that the action wrote to ``GITHUB_STEP_SUMMARY``.

        log: Everything that the action printed, line by line. The token, secret inputs and what the action has
            masked are ``***``, and other secrets are redacted as everywhere.

        exit_status: That of the first step that failed; 0 if none did. It is 1 for a step whose commands the runner
            could not process, and negative if a signal ended Node.

        annotations: The errors, warnings and notices, oldest first: ``{"level": "error", "message": "…"}``, with
            ``title``, ``file``, ``line``, ``endLine``, ``col`` and ``endColumn`` if the action gave them.

        env: The variables that the action has exported with ``GITHUB_ENV``.

        paths: The folders that the action has added with ``GITHUB_PATH``, oldest first.
    """

    outputs: dict[str, str]
    state: dict[str, str]
    summary: str
    log: str
    exit_status: int
    annotations: list[dict[str, str]]
    env: dict[str, str]
    paths: list[str]

    def __repr__(self) -> str:
        errors = [each["message"] for each in self.annotations if each["level"] == "error"]
        return f"<ActionRun exit status {self.exit_status}{''.join(f', error: {error}' for error in errors)}>"
