"""A pytest plugin that gives a test suite a GitHub for deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ghdeploy.errors import FakeError, UnsupportedRequest
    from pytest_ghdeploy.fake import FakeGitHub
    from pytest_ghdeploy.github.assumptions import Assumptions
    from pytest_ghdeploy.github.model import CheckSuite, Team, Token, User
    from pytest_ghdeploy.http.schema import SchemaViolation
    from pytest_ghdeploy.http.stubs import StubbedRequest
    from pytest_ghdeploy.interface.apps import App, Installation
    from pytest_ghdeploy.interface.comments import CommitComment, IssueComment
    from pytest_ghdeploy.interface.deployer import Deployer
    from pytest_ghdeploy.interface.environment import Environment
    from pytest_ghdeploy.interface.environment_values import EnvironmentSecret, EnvironmentVariable
    from pytest_ghdeploy.interface.fault_plan import Fault
    from pytest_ghdeploy.interface.faults import Faults
    from pytest_ghdeploy.interface.history import Branch, Commit, CommitAuthor, Tag
    from pytest_ghdeploy.interface.labels import Label
    from pytest_ghdeploy.interface.pull_requests import PullRequest, PullRequestBranch
    from pytest_ghdeploy.interface.rate_limits import RateLimits
    from pytest_ghdeploy.interface.release import Release
    from pytest_ghdeploy.interface.repository import Repository
    from pytest_ghdeploy.interface.requests import Requests
    from pytest_ghdeploy.interface.resources import CheckRun, CommitStatus, DeployKey, Deployment, DeploymentStatus
    from pytest_ghdeploy.interface.reviews import Review
    from pytest_ghdeploy.interface.steps import Step
    from pytest_ghdeploy.report.conversation import Conversation
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.server.actions.result import ActionRun
    from pytest_ghdeploy.server.live_server import LiveServer
    from pytest_ghdeploy.store.clock import Clock
    from pytest_ghdeploy.store.events import Event, Events
    from pytest_ghdeploy.webhooks.hooks import Delivery, Hook
    from pytest_ghdeploy.webhooks.webhooks import Webhooks

# The module of each public name. pytest imports this package in every run of every project that
# has it installed, so each name is imported only when it is used.
_HOMES = {
    "ActionRun": "server.actions.result",
    "App": "interface.apps",
    "Assumptions": "github.assumptions",
    "Branch": "interface.history",
    "CheckRun": "interface.resources",
    "CheckSuite": "github.model",
    "Clock": "store.clock",
    "Commit": "interface.history",
    "CommitAuthor": "interface.history",
    "CommitComment": "interface.comments",
    "CommitStatus": "interface.resources",
    "Conversation": "report.conversation",
    "Delivery": "webhooks.hooks",
    "DeployKey": "interface.resources",
    "Deployer": "interface.deployer",
    "Deployment": "interface.resources",
    "DeploymentStatus": "interface.resources",
    "Environment": "interface.environment",
    "EnvironmentSecret": "interface.environment_values",
    "EnvironmentVariable": "interface.environment_values",
    "Event": "store.events",
    "Events": "store.events",
    "Exchange": "report.exchange",
    "FakeError": "errors",
    "FakeGitHub": "fake",
    "Fault": "interface.fault_plan",
    "Faults": "interface.faults",
    "Hook": "webhooks.hooks",
    "Installation": "interface.apps",
    "IssueComment": "interface.comments",
    "Label": "interface.labels",
    "LiveServer": "server.live_server",
    "PullRequest": "interface.pull_requests",
    "PullRequestBranch": "interface.pull_requests",
    "RateLimits": "interface.rate_limits",
    "Release": "interface.release",
    "Repository": "interface.repository",
    "Requests": "interface.requests",
    "Review": "interface.reviews",
    "SchemaViolation": "http.schema",
    "Step": "interface.steps",
    "StubbedRequest": "http.stubs",
    "Tag": "interface.history",
    "Team": "github.model",
    "Token": "github.model",
    "UnsupportedRequest": "errors",
    "User": "github.model",
    "Webhooks": "webhooks.webhooks",
}

__all__ = [
    "ActionRun",
    "App",
    "Assumptions",
    "Branch",
    "CheckRun",
    "CheckSuite",
    "Clock",
    "Commit",
    "CommitAuthor",
    "CommitComment",
    "CommitStatus",
    "Conversation",
    "Delivery",
    "DeployKey",
    "Deployer",
    "Deployment",
    "DeploymentStatus",
    "Environment",
    "EnvironmentSecret",
    "EnvironmentVariable",
    "Event",
    "Events",
    "Exchange",
    "FakeError",
    "FakeGitHub",
    "Fault",
    "Faults",
    "Hook",
    "Installation",
    "IssueComment",
    "Label",
    "LiveServer",
    "PullRequest",
    "PullRequestBranch",
    "RateLimits",
    "Release",
    "Repository",
    "Requests",
    "Review",
    "SchemaViolation",
    "Step",
    "StubbedRequest",
    "Tag",
    "Team",
    "Token",
    "UnsupportedRequest",
    "User",
    "Webhooks",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
