"""
The environment of a job: what an event means for its ref, and the variables that every step gets.

Source:
    https://docs.github.com/actions/reference/workflows-and-actions/variables
    https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import git
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.serializers import accounts, repositories
from pytest_ghdeploy.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.git import Target
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.store.store import Store

    Find = Callable[[str], Target | None]

Payload = dict[str, Any]

DEFAULT_EVENT = "workflow_dispatch"
"""The event of a job, if a test passes none."""
WORKFLOW = ".github/workflows/test.yml"
_EVENT_NAME = re.compile(r"[a-z]+(_[a-z]+)*")
_SHA = re.compile(r"[0-9a-f]{40}")
_OF_PULL_REQUESTS = ("pull_request", "pull_request_review", "pull_request_review_comment")
_SPACES = {"branch": "refs/heads/", "tag": "refs/tags/", "ref": "refs/"}
_SYSTEMS = {"darwin": "macOS", "win32": "Windows"}
_MACHINES = {"aarch64": "ARM64", "arm64": "ARM64", "i386": "X86", "i686": "X86"}


class Job(NamedTuple):
    """The event of a job: its *payload*, and the repository, ref and commit that the job is about."""

    event_name: str
    payload: Payload
    repository: Repository | None
    ref: str
    sha: str


def job_of(store: Store, event: object, event_name: str | None, full_name: str = "") -> Job:
    """
    Find out what the job of an event is about. Call it like an operation, as it may update a pull request's merge ref.

    Args:
        event: An ``Event``, a payload, or ``None`` for a job without one.

        full_name: The repository; by default that of the payload, or the only one of the fake.

    Raises:
        FakeError: An argument is invalid, or it is unclear which repository is meant.
    """
    payload: Payload = event.payload if isinstance(event, Event) else _checked_payload(event)
    name = _checked_name(event, event_name)
    row = _repository(store, full_name or str(_inside(payload, "repository", "full_name") or ""))
    if row is None:
        return Job(name, payload, None, str(payload.get("ref") or ""), "")
    if event is None:
        dispatched = {"inputs": None, "ref": f"refs/heads/{row.default_branch}", "workflow": WORKFLOW}
        payload = {
            **(dispatched if name == DEFAULT_EVENT else {}),
            "repository": repositories.repository(row, store.urls),
            "sender": accounts.user(store.default_user, store.urls),
        }

    def find(ref: str) -> Target | None:
        return git.find(store, row, ref, short_shas=False)

    ref = ref_of(name, payload, find, row.default_branch)
    return Job(name, payload, row, ref, sha_of(name, payload, find, ref or f"refs/heads/{row.default_branch}"))


def _checked_name(event: object, event_name: object) -> str:
    if event_name is None:
        if isinstance(event, Event):
            return event.name
        if event is None:
            return DEFAULT_EVENT
        msg = 'a payload needs the name of its event: pass event_name="pull_request", for example'
        raise FakeError(msg, argument="event_name")
    if not isinstance(event_name, str) or not _EVENT_NAME.fullmatch(event_name):
        msg = f'event_name must be the name of an event, such as "pull_request"; got {event_name!r}'
        raise FakeError(msg, argument="event_name")
    return event_name


def _checked_payload(event: object) -> Payload:
    if not isinstance(event, Mapping) and event is not None:
        msg = f"event must be one of ghdeploy.events or a payload, got {errors.kind_of(event)}"
        raise FakeError(msg, argument="event")
    try:
        copied: Payload = json.loads(json.dumps(dict(event or {}), allow_nan=False))
    except (TypeError, ValueError) as problem:
        msg = f"event cannot be written as JSON: {problem}"
        raise FakeError(msg, argument="event") from None
    return copied


def _repository(store: Store, full_name: str) -> Repository | None:
    if full_name:
        row = store.repository(full_name) or store.renamed(full_name)
        if row is None:
            known = (row.full_name for row in store.repositories)
            raise errors.unknown("repository", full_name, known, argument="event")
        return row
    rows = list(store.repositories)
    if len(rows) > 1:
        names = ", ".join(row.full_name for row in rows)
        msg = f'the fake has several repositories, {names}: pass an event, or env={{"GITHUB_REPOSITORY": "…"}}'
        raise FakeError(msg, argument="event")
    return rows[0] if rows else None


def _inside(payload: object, *names: str) -> Any:  # noqa: ANN401 - any JSON
    for name in names:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    return payload


def ref_of(event_name: str, payload: Payload, find: Find, default_branch: str) -> str:
    """
    Return the full ref that the workflow of an event runs for: ``GITHUB_REF``.

    It is ``""`` for the deployment of a commit. Events that are about no branch, tag or pull request, such as
    ``issue_comment``, belong to the default branch. So does ``pull_request_target`` since December 2025.

    Source:
        https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
    """
    if event_name in _OF_PULL_REQUESTS and (number := _inside(payload, "pull_request", "number")):
        return f"refs/pull/{number}/merge"
    if event_name in ("deployment", "deployment_status") and (ref := _inside(payload, "deployment", "ref")):
        return _qualified(str(ref), find)
    if event_name == "release" and (tag := _inside(payload, "release", "tag_name")):
        return f"refs/tags/{tag}"
    if event_name == "create" and payload.get("ref"):
        return f"refs/{'tags' if payload.get('ref_type') == 'tag' else 'heads'}/{payload['ref']}"
    if event_name in ("push", DEFAULT_EVENT) and payload.get("ref") and not payload.get("deleted"):
        return _qualified(str(payload["ref"]), find)
    return f"refs/heads/{default_branch}"


def _qualified(ref: str, find: Find) -> str:
    target = find(ref)
    if target is None:
        return "" if _SHA.fullmatch(ref) else ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    if target.kind == "commit":
        return ""
    return f"{_SPACES[target.kind]}{target.name}"


def sha_of(event_name: str, payload: Payload, find: Find, ref: str) -> str:
    """Return the commit that the workflow of an event runs for: ``GITHUB_SHA``, ``""`` if the fake does not know it."""
    if event_name in ("deployment", "deployment_status") and (sha := _inside(payload, "deployment", "sha")):
        return str(sha)
    if event_name == "push" and payload.get("after") and not payload.get("deleted"):
        return str(payload["after"])
    target = find(ref)
    if target is not None:
        return target.sha
    pull_request = payload.get("pull_request")
    return str(_inside(pull_request, "merge_commit_sha") or _inside(pull_request, "head", "sha") or "")


def variables(job: Job, actor: str) -> dict[str, str]:
    """
    Make the variables that the fake can derive from the event.

    Args:
        actor: The login of the account that triggers the job, if the payload has no ``sender``.
    """
    actor = str(_inside(job.payload, "sender", "login") or actor)
    of_pull_request = job.payload.get("pull_request") if job.event_name.startswith("pull_request") else None
    made = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION": "__self",
        "GITHUB_ACTION_REF": "",
        "GITHUB_ACTION_REPOSITORY": "",
        "GITHUB_ACTOR": actor,
        "GITHUB_BASE_REF": str(_inside(of_pull_request, "base", "ref") or ""),
        "GITHUB_EVENT_NAME": job.event_name,
        "GITHUB_HEAD_REF": str(_inside(of_pull_request, "head", "ref") or ""),
        "GITHUB_JOB": "test",
        "GITHUB_REF": job.ref,
        "GITHUB_REF_NAME": short_ref(job.ref),
        "GITHUB_REF_TYPE": _ref_type(job.ref),
        "GITHUB_RETENTION_DAYS": "90",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_NUMBER": "1",
        "GITHUB_SHA": job.sha,
        "GITHUB_TRIGGERING_ACTOR": actor,
        "GITHUB_WORKFLOW": "test",
        "RUNNER_ARCH": _MACHINES.get(platform.machine().lower(), "X64"),
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_NAME": "GitHub Actions 1",
        "RUNNER_OS": _SYSTEMS.get(sys.platform, "Linux"),
    }
    sender_id = _inside(job.payload, "sender", "id")
    if sender_id is not None:
        made["GITHUB_ACTOR_ID"] = str(sender_id)
    if row := job.repository:
        made |= {
            "GITHUB_REPOSITORY": row.full_name,
            "GITHUB_REPOSITORY_ID": str(row.id),
            "GITHUB_REPOSITORY_OWNER": row.owner.login,
            "GITHUB_REPOSITORY_OWNER_ID": str(row.owner.id),
            "GITHUB_WORKFLOW_REF": f"{row.full_name}/{WORKFLOW}@{job.ref}",
            "GITHUB_WORKFLOW_SHA": job.sha,
        }
    return made


def short_ref(ref: str) -> str:
    """Return a ref as GitHub shows it: ``main`` for ``refs/heads/main``, ``7/merge`` for ``refs/pull/7/merge``."""
    return re.sub(r"^refs/(heads|tags|pull)/", "", ref)


def _ref_type(ref: str) -> str:
    return "tag" if ref.startswith("refs/tags/") else "branch" if ref else ""


def at_server(value: Any, urls: Urls, api_url: str) -> Any:  # noqa: ANN401 - any JSON
    """
    Copy a payload with its URLs at the live server, so that an action that follows them reaches the fake.

    Args:
        urls: The roots of GitHub's URLs in the payload.

        api_url: The root of the server's API.
    """
    site = "{0.scheme}://{0.netloc}".format(urlsplit(api_url))
    roots = ((urls.api, api_url), (urls.html, site))

    def moved(part: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(part, dict):
            return {name: moved(member) for name, member in part.items()}
        if isinstance(part, list):
            return [moved(member) for member in part]
        if isinstance(part, str):
            for root, instead in roots:
                if part == root or part.startswith((f"{root}/", f"{root}?", f"{root}{{")):
                    return f"{instead}{part.removeprefix(root)}"
        return part

    return moved(value)
