"""
Load GitHub's own description of its REST API and webhooks, and check responses and events against it.

``make clients`` fetches it from the npm packages ``@octokit/openapi`` and
``@octokit/openapi-webhooks``. Every test (see conftest.py), the fuzzer and the
tools read it through this module.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fetched
import pytest
import quick_schemas
from jsonschema import Draft202012Validator, FormatChecker

from pytest_ghdeploy.http import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema_rs
    from jsonschema_rs import Registry

REST = "@octokit/openapi"
WEBHOOKS = "@octokit/openapi-webhooks"

needs_description = pytest.mark.usefixtures("fetched_description")
"""Skips or fails a test if the description was not fetched; see `fetched.missing`."""

# Loading it

_PROSE = {"description", "summary", "example", "examples", "tags", "x-github", "x-octokit"}
# The members of these are names, even if they look like keywords.
_NAMED = {"properties", "patternProperties", "schemas", "parameters", "responses", "headers", "paths", "webhooks"}
_KEPT = ("info", "paths", "webhooks", "components")


class Operation(NamedTuple):
    """An operation in GitHub's description."""

    method: str
    path: str
    described: dict[str, Any]


def is_fetched() -> bool:
    """Return whether both descriptions were fetched."""
    return all(_source(package, fetched.NODE).is_file() for package in (REST, WEBHOOKS))


def require() -> None:
    """Skip the running test if the description was not fetched; with ``GHDEPLOY_CLIENTS=required``, fail it."""
    if not is_fetched():
        fetched.missing("GitHub's description", "npm")


def version(package: str, node: Path | None = None) -> str:
    """Return the version of *package* that was fetched, into *node* if given."""
    file = (node or fetched.NODE) / "node_modules" / package / "package.json"
    number: str = json.loads(file.read_text("utf-8"))["version"]
    return number


@cache
def load(package: str, node: Path | None = None) -> dict[str, Any]:
    """
    Read the description in *package* (`REST` or `WEBHOOKS`), without its prose and examples.

    The original is up to 13 MB of JSON. The shortened copy is cached on disk
    for each version, because every process of a test run reads it.

    Args:
        node: The folder into which it was fetched. By default that of ``make clients``.

    Raises:
        OSError: The description was not fetched.
    """
    node = node or fetched.NODE
    source, short = _source(package, node), node / "described" / f"{Path(package).name}-{version(package, node)}.json"
    if short.is_file() and short.stat().st_mtime >= Path(__file__).stat().st_mtime:
        contents: dict[str, Any] = json.loads(short.read_text("utf-8"))
        return contents
    contents = without_prose(json.loads(source.read_text("utf-8")))
    short.parent.mkdir(exist_ok=True)
    written = short.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps(contents, separators=(",", ":")), "utf-8")
    written.replace(short)  # atomic: another process may be reading it
    return contents


def _source(package: str, node: Path) -> Path:
    return node / "node_modules" / package / "generated" / "api.github.com.json"


def without_prose(whole: dict[str, Any]) -> dict[str, Any]:
    """Remove prose and examples from a description."""
    kept: dict[str, Any] = _trimmed({name: whole[name] for name in _KEPT if name in whole})
    return kept


def _trimmed(value: Any, *, named: bool = False) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_trimmed(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _trimmed(member, named=name in _NAMED and not named)
        for name, member in value.items()
        if named or name not in _PROSE
    }


def operations_of(rest: dict[str, Any]) -> dict[str, Operation]:
    """List the operations of a description of the REST API by operation id, in the order of their paths."""
    return {
        described["operationId"]: Operation(method.upper(), path, described)
        for path, methods in rest["paths"].items()
        for method, described in methods.items()
    }


@cache
def operations() -> dict[str, Operation]:
    """List the operations of GitHub's REST API by operation id."""
    return operations_of(load(REST))


# Checking against it

# Known differences between GitHub's responses and its description.
EMPTY_FOR_URI = {"target_url", "log_url", "environment_url"}  # deployment statuses show "" for a URL that was not given
NULLABLE = {"submodule_git_url"}  # null for a submodule that .gitmodules does not list
ANY_TEXT = {"homepage"}  # described as a URI in some objects only; GitHub keeps any text
# Values of a check run that only GitHub itself sets. They are described for webhooks or for REST, not for both.
GITHUBS_OWN = {"conclusion": ["stale"], "status": ["waiting", "requested"]}
# An app may have these permissions as `admin` by the schema `app-permissions`, but not by those of events.
UP_TO_ADMIN = {"organization_projects", "repository_projects"}
# A label without a description shows null everywhere, but is described with a string in lists of pull requests.
OPTIONAL_TEXT = {"type": ["string", "null"]}
# GitHub documents this event for apps, but the description's list of all events lacks it.
APPS_OWN = "deployment_protection_rule"
# The account of an installation in one list is described as both at once, which nothing is.
USER_AND_ENTERPRISE = ["Simple User", "Enterprise"]
NOT_DESCRIBED = {
    ("apps/delete-installation", 202),  # of the newer version
    ("repos/create-deployment", 409),  # listed, but without a schema
    ("repos/create-commit-status", 422),  # not listed, as are the next three
    ("issues/update-label", 422),
    ("repos/list-comments-for-commit", 422),
    ("repos/update-commit-comment", 422),
    ("repos/create-deployment-branch-policy", 404),  # listed, but without a schema
    ("repos/create-deployment-branch-policy", 422),  # not listed; nor are the two below
    ("repos/update-deployment-branch-policy", 422),
    ("repos/create-deployment-protection-rule", 422),
    ("repos/check-collaborator", 404),  # described as having no body
    ("git/get-commit", 422),  # not listed; nor is the next
    ("git/get-tag", 422),
    ("git/delete-ref", 422),  # listed without a schema, as are the next three
    ("pulls/check-if-merged", 404),  # described as having no body
    ("repos/list-pull-requests-associated-with-commit", 422),  # not listed
    ("repos/merge", 404),
    ("repos/merge", 409),
    ("repos/update-webhook-config-for-repo", 422),
    ("actions/create-or-update-environment-secret", 422),  # not listed; nor are the next seven
    ("actions/create-environment-variable", 409),
    ("actions/create-environment-variable", 422),
    ("actions/update-environment-variable", 409),
    ("actions/update-environment-variable", 422),
    ("pulls/request-reviewers", 422),  # listed without a schema
    ("repos/generate-release-notes", 422),
    ("repos/update-release", 422),
    ("checks/list-suites-for-ref", 422),
}
NOT_DESCRIBED |= {(operation, 422) for operation in ("checks/create", "checks/update", "checks/list-for-ref")}
# Every operation may return these; the description lists them for a few.
ANYWHERE = {301, 307, 400, 401, 403, 404, 415, 429}
# The description covers only the older API version. The newer one removed these fields.
OLDER = "2022-11-28"
OF_PULL_REQUESTS = {"assignee", "merge_commit_sha"}
REMOVED_FIELDS = {"has_downloads", "use_squash_pr_title_as_default", "rate"} | OF_PULL_REQUESTS
SHOWS_EVENTS = "repos/get-webhook-delivery"  # an event of a pull request has its fields in every version


def _alternatives(value: dict[str, Any]) -> Iterator[str]:
    """Find the keywords that combine alternatives, of which GitHub means "any of"."""
    if "oneOf" in value:  # a plain error is also valid as an error with more, optional members
        yield "oneOf"
    if [part.get("title") for part in value.get("allOf", ())] == USER_AND_ENTERPRISE:
        yield "allOf"


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Turn OpenAPI 3.0 into JSON Schema: ``nullable`` becomes an alternative, and alternatives may overlap."""
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _plain(member) for name, member in value.items() if name != "nullable"}
    for combined in _alternatives(value):
        plain["anyOf"] = plain.pop(combined)
    if "deployment_review" in plain.get("enum", ()):
        plain["enum"] = [*plain["enum"], APPS_OWN]
    if isinstance(plain.get("properties"), dict):
        _correct(plain["properties"], plain.get("title"))
    return {"anyOf": [{"type": "null"}, plain]} if value.get("nullable") is True else plain


def _correct(properties: dict[str, Any], title: str | None) -> None:
    """Allow the known differences in the properties of an object."""
    for name in EMPTY_FOR_URI & properties.keys():
        properties[name] = {"anyOf": [{"const": ""}, properties[name]]}
    for name in NULLABLE & properties.keys():
        properties[name] = {"anyOf": [{"type": "null"}, properties[name]]}
    for name in UP_TO_ADMIN & properties.keys():
        properties[name] = {"enum": ["read", "write", "admin"]}
    is_label = {"color", "default"} <= properties.keys()
    for name in (ANY_TEXT & properties.keys()) | ({"description"} if is_label else set()):
        if properties[name].get("type") != "object":  # as in the changes of an event
            properties[name] = OPTIONAL_TEXT
    if title == "CheckRun":
        for name, more in GITHUBS_OWN.items():
            properties[name] = {"anyOf": [{"enum": more}, properties[name]]}


@cache
def _components(package: str, version: str) -> dict[str, Any]:
    components: dict[str, Any] = _plain(load(package)["components"])
    return _without_removed_fields(components) if version == "2026-03-10" else components


def _without_removed_fields(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Adapt the description of API version 2022-11-28 to version 2026-03-10."""
    if isinstance(value, list):
        return [_without_removed_fields(member) for member in value]
    if not isinstance(value, dict):
        return value
    newer = {name: _without_removed_fields(member) for name, member in value.items()}
    if isinstance(newer.get("required"), list):
        newer["required"] = [name for name in newer["required"] if name not in REMOVED_FIELDS]
    return newer


@cache
def _quick_components(package: str, version: str) -> tuple[str, Registry]:
    uri = f"https://github.invalid/{package}/{version}"
    return uri, quick_schemas.registry(uri, _components(package, version))


class _Validators(NamedTuple):
    """A fast validator, and a slow one that explains errors."""

    quick: jsonschema_rs.Draft202012Validator
    thorough: Draft202012Validator


_compiled: dict[tuple[str, str], _Validators] = {}


def _validators(what: str, package: str, described: dict[str, Any], version: str) -> _Validators:
    if (what, version) not in _compiled:
        formats = FormatChecker(())
        formats.checks("uri")(schema.is_uri)
        formats.checks("date-time")(schema.is_date_time)
        plain = _plain(described)
        whole = {**plain, "components": _components(package, version)}
        uri, components = _quick_components(package, version)
        absolute = json.loads(json.dumps(plain).replace('"#/components', f'"{uri}#/components'))
        _compiled[what, version] = _Validators(
            quick_schemas.described(absolute, components), Draft202012Validator(whole, format_checker=formats)
        )
    return _compiled[what, version]


def _check(what: str, package: str, described: dict[str, Any], body: object, version: str = OLDER) -> None:
    quick, thorough = _validators(what, package, described, version)
    if quick.is_valid(body):
        return
    problems = [f"{error.json_path}: {error.message[:300]}" for error in thorough.iter_errors(body)]
    assert not problems, f"{what} does not match GitHub's description:\n  " + "\n  ".join(problems)


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, dict):
        yield from value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(member)


def check_answer(operation_id: str, status: int, body: object, version: str = OLDER) -> None:
    """Check a response against GitHub's description of the operation."""
    if version != OLDER:
        removed = REMOVED_FIELDS - (OF_PULL_REQUESTS if operation_id == SHOWS_EVENTS else set())
        assert not removed & set(_names(body)), f"{operation_id} has fields that API version {version} removed"
    answers = operations()[operation_id].described["responses"]
    if str(status) not in answers:
        allowed = status in ANYWHERE or (operation_id, status) in NOT_DESCRIBED
        assert allowed, f"GitHub's description has no {status} response of {operation_id}"
        return
    answer = answers[str(status)]
    if "$ref" in answer:
        answer = load(REST)["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content", {}).get("application/json")
    if content:
        _check(f"the {status} response of {operation_id}", REST, content["schema"], body, version)
    else:
        allowed = body is None or (operation_id, status) in NOT_DESCRIBED
        assert allowed, f"GitHub's description has no body for the {status} response of {operation_id}"


def check_event(name: str, payload: Any) -> None:  # noqa: ANN401 - JSON
    """Check a payload against GitHub's description of the event."""
    parts = [name, payload.get("action")]
    if name == "repository_dispatch":  # its action is the client's
        parts[1] = "sample"
    key = "webhook-" + "-".join(part.replace("_", "-") for part in parts if part)
    described = load(WEBHOOKS)["components"]["schemas"][key]
    _check(f"the {' '.join(filter(None, parts))} event", WEBHOOKS, described, payload)
