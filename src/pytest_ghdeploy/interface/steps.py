"""The steps of a scripted deployer: what it posts, and when."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.model import DEPLOYMENT_STATES, DeploymentState
from pytest_ghdeploy.github.rules import deployments as rules
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, one_of
from pytest_ghdeploy.public import public


@public
@dataclass(frozen=True, slots=True)
class Step:
    """
    A deployment status that a scripted deployer posts.

    Attributes:
        after_polls: The number of polls before the step. A poll is a ``GET`` of the deployment, of its deployment
            statuses or of one deployment status, if the response arrives. Further pages of a list do not count.

        after_seconds: The time before the step in seconds of the fake's clock, rounded up: 2.5 counts as 3.

    Both count from the previous step; for the first step, from when the
    deployer noticed the deployment. An attribute that is ``None`` takes the
    value that ``FakeGitHub.deployer`` was called with.
    """

    state: DeploymentState
    _: KW_ONLY
    after_polls: int | None = None
    after_seconds: float | None = None
    log_url: str | None = None
    environment_url: str | None = None
    description: str | None = None
    auto_inactive: bool = True


def complete(step: DeploymentState | Step, default: Step, *, argument: str = "steps") -> Step:
    """Check a step and complete it with the values of *default*."""
    called = "a step" if argument == "steps" else argument
    check_type(called, step, (str, Step), "a state, or a Step", argument=argument)
    if not isinstance(step, Step):
        step = Step(step)
    one_of("deployment status state", step.state, DEPLOYMENT_STATES, argument=argument)
    check_moment(step.after_polls, step.after_seconds)
    own = step.after_polls is not None or step.after_seconds is not None
    whole = Step(
        step.state,
        after_polls=step.after_polls if own else default.after_polls,
        after_seconds=step.after_seconds if own else default.after_seconds,
        log_url=default.log_url if step.log_url is None else step.log_url,
        environment_url=default.environment_url if step.environment_url is None else step.environment_url,
        description=default.description if step.description is None else step.description,
        auto_inactive=step.auto_inactive,
    )
    body = json_copy("repos/create-deployment-status", **posted_by(whole))
    with advice():
        urls = {"environment_url": body["environment_url"], "log_url": body["log_url"]}
        rules.check_deployment_status(description=body["description"], environment="", urls=urls)
    return whole


def check_moment(after_polls: int | None, after_seconds: float | None) -> None:
    """Check the arguments that say when a step is taken."""
    if after_polls is not None and after_seconds is not None:
        msg = f"use either after_polls={after_polls!r} or after_seconds={after_seconds!r}, not both"
        raise FakeError(msg)
    if after_polls is not None and (isinstance(after_polls, bool) or not isinstance(after_polls, int)):
        msg = f"after_polls must be a number of requests, 0 or more; got {after_polls!r}"
        raise FakeError(msg, argument="after_polls")
    if after_seconds is not None and (isinstance(after_seconds, bool) or not isinstance(after_seconds, (int, float))):
        msg = f"after_seconds must be a number of seconds, 0 or more; got {after_seconds!r}"
        raise FakeError(msg, argument="after_seconds")
    for name, value in (("after_polls", after_polls), ("after_seconds", after_seconds)):
        if value is not None and not 0 <= value < _LONGEST:
            msg = f"{name} must be 0 or more and less than {_LONGEST:,}; got {value!r}"
            raise FakeError(msg, argument=name)


_LONGEST = 365 * 24 * 60 * 60


def posted_by(step: Step) -> dict[str, Any]:
    """Return the body of the deployment status that a complete step posts."""
    return {
        "state": step.state,
        "log_url": step.log_url or "",
        "environment_url": step.environment_url or "",
        "description": step.description or "",
        "auto_inactive": step.auto_inactive,
    }
