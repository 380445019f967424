"""A pytest plugin that gives a test suite a GitHub for deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ghdeploy.clock import Clock
    from pytest_ghdeploy.conversation import Exchange
    from pytest_ghdeploy.deployer import Deployer, Step
    from pytest_ghdeploy.doors.server import LiveServer
    from pytest_ghdeploy.environment import Environment
    from pytest_ghdeploy.errors import FakeError, UnsupportedRequest
    from pytest_ghdeploy.events import Event, Events
    from pytest_ghdeploy.fake import FakeGitHub
    from pytest_ghdeploy.faults import Fault, Faults
    from pytest_ghdeploy.items import CheckRun, CommitStatus, DeployKey, Deployment, DeploymentStatus
    from pytest_ghdeploy.model import App, Assumptions, CheckSuite, Token, User
    from pytest_ghdeploy.rate_limits import RateLimits
    from pytest_ghdeploy.repository import Repository
    from pytest_ghdeploy.schema import SchemaViolation
    from pytest_ghdeploy.webhooks import Delivery, Hook, Webhooks

# Where each public name lives. pytest imports this package in every run of everyone who has
# it installed, so nothing is imported before it is used.
_HOMES = {
    "App": "model",
    "Assumptions": "model",
    "CheckRun": "items",
    "CheckSuite": "model",
    "Clock": "clock",
    "CommitStatus": "items",
    "Delivery": "webhooks",
    "DeployKey": "items",
    "Deployer": "deployer",
    "Deployment": "items",
    "DeploymentStatus": "items",
    "Environment": "environment",
    "Event": "events",
    "Events": "events",
    "Exchange": "conversation",
    "FakeError": "errors",
    "FakeGitHub": "fake",
    "Fault": "faults",
    "Faults": "faults",
    "Hook": "webhooks",
    "LiveServer": "doors.server",
    "RateLimits": "rate_limits",
    "Repository": "repository",
    "SchemaViolation": "schema",
    "Step": "deployer",
    "Token": "model",
    "UnsupportedRequest": "errors",
    "User": "model",
    "Webhooks": "webhooks",
}

__all__ = [
    "App",
    "Assumptions",
    "CheckRun",
    "CheckSuite",
    "Clock",
    "CommitStatus",
    "Delivery",
    "DeployKey",
    "Deployer",
    "Deployment",
    "DeploymentStatus",
    "Environment",
    "Event",
    "Events",
    "Exchange",
    "FakeError",
    "FakeGitHub",
    "Fault",
    "Faults",
    "Hook",
    "LiveServer",
    "RateLimits",
    "Repository",
    "SchemaViolation",
    "Step",
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
