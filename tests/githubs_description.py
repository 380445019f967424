"""
What GitHub's own description, ``../shared/data``, says of an answer or an event, where it is at hand.

Used by every test (see conftest.py) and by the fuzzer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

from pytest_ghdeploy import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[2] / "shared" / "data"

# Where the wire differs from the description, with the reason; the fact file has the sources.
EMPTY_FOR_URI = {"target_url", "log_url", "environment_url"}  # deployment statuses: "" for what was left out
# Of a check run, what only GitHub itself says is described for either webhooks or REST.
GITHUBS_OWN = {"conclusion": ["stale"], "status": ["waiting", "requested"]}
# An app's event that GitHub documents, and that its description leaves out of the list of all.
APPS_OWN = "deployment_protection_rule"
NOT_DESCRIBED = {
    ("repos/create-deployment", 409),  # listed, but without a schema
    ("repos/create-commit-status", 422),  # not listed
    ("repos/create-deployment-branch-policy", 404),  # listed, but without a schema
    ("repos/create-deployment-branch-policy", 422),  # not listed, as for the two below
    ("repos/update-deployment-branch-policy", 422),
    ("repos/create-deployment-protection-rule", 422),
    ("repos/check-collaborator", 404),  # described as having no body
    ("git/delete-ref", 422),  # these are listed without a schema
    ("repos/merge", 404),
    ("repos/merge", 409),
    ("repos/update-webhook-config-for-repo", 422),
}
NOT_DESCRIBED |= {(operation, 422) for operation in ("checks/create", "checks/update", "checks/list-for-ref")}
NOT_IN_DATA = {"meta/root"}  # the description is trimmed; see test_completeness
# Every operation may answer these; the description lists them for a few.
ANYWHERE = {301, 307, 400, 401, 403, 404, 415, 429}
# The description is that of one version of the API; what the other no longer has.
OLDER = "2022-11-28"
GONE = {"has_downloads", "use_squash_pr_title_as_default", "rate"}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Turn OpenAPI 3.0 into JSON Schema: ``nullable`` becomes an alternative, and alternatives may overlap."""
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _plain(member) for name, member in value.items() if name != "nullable"}
    if "oneOf" in plain:
        # GitHub means "any of": a plain refusal is valid as one with further optional members too.
        plain["anyOf"] = plain.pop("oneOf")
    if "deployment_review" in plain.get("enum", ()):
        plain["enum"] = [*plain["enum"], APPS_OWN]
    if isinstance(plain.get("properties"), dict):
        for name in EMPTY_FOR_URI & plain["properties"].keys():
            plain["properties"][name] = {"anyOf": [{"const": ""}, plain["properties"][name]]}
        if plain.get("title") == "CheckRun":
            for name, more in GITHUBS_OWN.items():
                plain["properties"][name] = {"anyOf": [{"enum": more}, plain["properties"][name]]}
    return {"anyOf": [{"type": "null"}, plain]} if value.get("nullable") is True else plain


@cache
def _described(file: str) -> dict[str, Any]:
    contents: dict[str, Any] = _plain(json.loads((DATA / file).read_text("utf-8")))
    return contents


@cache
def _operations() -> dict[str, Any]:
    paths = _described("github-openapi.json")["paths"]
    return {found["operationId"]: found for path in paths.values() for found in path.values()}


@cache
def _components(file: str, version: str) -> dict[str, Any]:
    components: dict[str, Any] = _described(file)["components"]
    return _without_what_is_gone(components) if version == "2026-03-10" else components


def _without_what_is_gone(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Make the description, which is that of 2022-11-28, one of 2026-03-10: the fact file has the whole list."""
    if isinstance(value, list):
        return [_without_what_is_gone(member) for member in value]
    if not isinstance(value, dict):
        return value
    newer = {name: _without_what_is_gone(member) for name, member in value.items()}
    if isinstance(newer.get("required"), list):
        newer["required"] = [name for name in newer["required"] if name not in GONE]
    return newer


@cache
def _validator(file: str, text: str, version: str) -> Draft202012Validator:
    formats = FormatChecker(())
    formats.checks("uri")(schema.is_uri)
    formats.checks("date-time")(schema.is_date_time)
    whole = {**json.loads(text), "components": _components(file, version)}
    return Draft202012Validator(whole, format_checker=formats)


def _check(what: str, file: str, described: dict[str, Any], body: object, version: str = OLDER) -> None:
    problems = [
        f"{error.json_path}: {error.message[:300]}"
        for error in _validator(file, json.dumps(described), version).iter_errors(body)
    ]
    assert not problems, f"GitHub describes {what} otherwise:\n  " + "\n  ".join(problems)


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, dict):
        yield from value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(member)


def check_answer(operation_id: str, status: int, body: object, version: str = OLDER) -> None:
    """Compare an answer with GitHub's description of the operation."""
    if version != OLDER:
        assert not GONE & set(_names(body)), f"{operation_id} shows what is gone from {version}"
    if operation_id in NOT_IN_DATA:
        return
    answers = _operations()[operation_id]["responses"]
    if str(status) not in answers:
        assert status in ANYWHERE or (operation_id, status) in NOT_DESCRIBED, f"{operation_id} has no {status}"
        return
    answer = answers[str(status)]
    if "$ref" in answer:
        answer = _described("github-openapi.json")["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content", {}).get("application/json")
    if content:
        _check(f"the answer {status} of {operation_id}", "github-openapi.json", content["schema"], body, version)
    else:
        assert body is None or (operation_id, status) in NOT_DESCRIBED, f"{operation_id} {status} has no body"


def check_event(name: str, payload: Any) -> None:  # noqa: ANN401 - JSON
    """Compare a payload with GitHub's description of the event."""
    parts = [name, payload.get("action")]
    key = "webhook-" + "-".join(part.replace("_", "-") for part in parts if part)
    described = _described("github-webhooks.json")["components"]["schemas"][key]
    _check(f"the event {name}", "github-webhooks.json", described, payload)
