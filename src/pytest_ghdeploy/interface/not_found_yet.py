"""
Recognising the object that a request has created in later requests.

Faults use this to answer 404 for an object that exists. An object is identified
by its repository's id and its own id or name. So it is recognised in every path
that GitHub has for it: with the repository's id, with another spelling of the
case, or after the repository was renamed.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import id_or_none
from pytest_ghdeploy.github import refusals, refusals_git
from pytest_ghdeploy.github.rules.environments import environment_key
from pytest_ghdeploy.http import router

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.refusals import GitHubError
    from pytest_ghdeploy.http.messages import Answer, Request
    from pytest_ghdeploy.store.store import Store

# By the operation that creates it: the kind of object, and the path parameter with its id.
_WITH_IDS = {
    "repos/create-deployment": ("deployment", "deployment_id"),
    "repos/create-deployment-status": ("deployment status", "status_id"),
    "repos/create-deployment-branch-policy": ("deployment branch policy", "branch_policy_id"),
    "repos/create-deployment-protection-rule": ("custom deployment protection rule", "protection_rule_id"),
    "repos/create-deploy-key": ("deploy key", "key_id"),
    "checks/create": ("check run", "check_run_id"),
}
# The same for the objects of git, which have a SHA.
_WITH_SHAS = {
    "git/create-blob": ("blob", "file_sha"),
    "git/create-tree": ("tree", "tree_sha"),
    "git/create-commit": ("commit", "commit_sha"),
    "git/create-tag": ("annotated tag", "tag_sha"),
}
_ENVIRONMENT, _FILE, _REF, _REPOSITORY = "environment", "file", "ref", "repository"
_BY_NAME = {
    "repos/create-or-update-environment": _ENVIRONMENT,
    "repos/create-or-update-file-contents": _FILE,
    "git/create-ref": _REF,
    "repos/create-for-authenticated-user": _REPOSITORY,
}
_CREATING = frozenset({*_WITH_IDS, *_WITH_SHAS, *_BY_NAME})
# They respond 201, but their objects have no URL of their own: GitHub returns them only in lists.
_WITHOUT_ADDRESS = {
    "repos/create-commit-status": "a commit status",
    "repos/merge": "a merge",
    "repos/add-collaborator": "a collaborator",
}
_COMMITTING = "git/create-commit"
_WRITING_FILES = ("repos/create-or-update-file-contents", "repos/delete-file")

KINDS = (
    "deployments, deployment statuses, environments, deployment branch policies, custom deployment protection rules, "
    "git objects, deploy keys, check runs, refs, new files and repositories"
)
"""The kinds of objects that can be recognised, for messages."""


class Created(NamedTuple):
    """
    An object that a request has created.

    Attributes:
        kind: The kind of object, such as ``deployment``.

        repository_id: The id of its repository, or of the object if it is a repository.

        key: Its id or name. For a file: path, branch and commit.

        label: Its description in messages, such as ``deployment 1 of octocat/example``.
    """

    kind: str
    repository_id: int
    key: Any
    label: str


class NothingToHide(Exception):
    """The created object has no URL of its own. The message describes the object."""


def _operation(request: Request) -> str:
    return request.endpoint.operation_id if request.endpoint else ""


def exists(store: Store, request: Request) -> bool:
    """Return whether the environment that a request creates or changes exists before the request."""
    return _operation(request) == "repos/create-or-update-environment" and bool(
        request.repository
        and store.environments.where(
            repository_id=request.repository.id, name_key=environment_key(request.params["environment_name"])
        )
    )


def created_by(store: Store, request: Request, answer: Answer) -> Created | None:
    """
    Find the object that a request has created.

    Returns:
        The object; ``None`` if the request has created nothing, or changed an existing object.

    Raises:
        NothingToHide: The object has no URL of its own.
    """
    name = _operation(request)
    if not name:
        return None
    known = name in _CREATING
    if answer.status == HTTPStatus.CREATED and not known:
        raise NothingToHide(_WITHOUT_ADDRESS.get(name, name))
    if not known or answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
        return None
    if name in _WRITING_FILES and answer.status == HTTPStatus.OK:  # an existing file was replaced
        return None
    body, repository = json.loads(answer.body or b"null"), request.repository
    if isinstance(body, dict):
        if name == "repos/create-for-authenticated-user":
            repository = store.repository(body.get("full_name", ""))
        if repository:
            return _identify(name, request, body, repository)
    raise NothingToHide(f"only a stubbed response of {name}")  # from a stub


def _identify(operation_id: str, request: Request, body: dict[str, Any], repository: Repository) -> Created:
    where, params = f"of {repository.full_name}", request.params
    if operation_id in _WITH_IDS:
        kind, _ = _WITH_IDS[operation_id]
        return Created(kind, repository.id, str(body.get("id")), f"{kind} {body.get('id')} {where}")
    if operation_id in _WITH_SHAS:
        kind, _ = _WITH_SHAS[operation_id]
        return Created(kind, repository.id, str(body.get("sha")), f"{kind} {body.get('sha')} {where}")
    match _BY_NAME[operation_id]:
        case "environment":
            name = params["environment_name"]
            return Created(_ENVIRONMENT, repository.id, environment_key(name), f"environment {name!r} {where}")
        case "ref":
            ref = str(body.get("ref")).removeprefix("refs/")
            return Created(_REF, repository.id, ref, f"ref {ref!r} {where}")
        case "file":
            path, branch = params["path"], _branch_in(request) or repository.default_branch
            sha = body["commit"]["sha"] if "commit" in body else ""
            return Created(_FILE, repository.id, (path, branch, sha), f"file {path!r} on {branch} {where}")
        case _:
            return Created(_REPOSITORY, repository.id, None, f"repository {repository.full_name}")


def is_about(created: Created, request: Request, store: Store) -> bool:
    """Return whether a request is for the created object, or for something below it."""
    repository = request.repository
    if request.endpoint is None or repository is None or repository.id != created.repository_id:
        return False
    match created.kind:
        case "environment":
            return environment_key(request.params.get("environment_name", "")) == str(created.key)
        case "file":
            return _is_file(request, store, repository, *created.key)
        case "ref":
            return created.key in _refs_of(store, request, repository)
        case kind if parameter := dict(_WITH_SHAS.values()).get(kind, ""):
            committed = kind == "tree" and _operation(request) == _COMMITTING
            named = _in_body(request, "tree") if committed else request.params.get(parameter)
            return bool(named == created.key)
        case kind:
            parameter = dict(_WITH_IDS.values()).get(kind, "")
            # Every request in a created repository is about it.
            return not parameter or str(id_or_none(request.params.get(parameter, ""))) == created.key


def refusal(created: Created, request: Request) -> GitHubError:
    """
    Refuse a request for the created object. A commit of a tree is refused with a text of its own.

    Source:
        Users report it for trees (dependabot/dependabot-core, which retries).
    """
    is_commit_of_tree = created.kind == "tree" and _operation(request) == _COMMITTING
    return refusals_git.no_such_tree("") if is_commit_of_tree else refusals.not_found("")


def _is_file(request: Request, store: Store, repository: Repository, path: str, branch: str, sha: str) -> bool:
    if request.params.get("path", "").strip("/") != path:
        return False
    ref = _branch_in(request) if _operation(request) in _WRITING_FILES else _queried(request, "ref")
    return _resolved(store, repository, ref or repository.default_branch) in (f"heads/{branch}", sha)


def _branch_in(request: Request) -> str:
    """Return the branch to which a request writes a file; ``""`` for the default branch."""
    return _in_body(request, "branch")


def _in_body(request: Request, name: str) -> str:
    """Return a string in the body of a request; ``""`` if it is missing."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return ""
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def _queried(request: Request, name: str) -> str:
    return dict(parse_qsl(request.query)).get(name, "")


def _refs_of(store: Store, request: Request, repository: Repository) -> Iterator[str]:
    """List the refs that a request refers to, such as ``heads/main``."""
    params = request.params
    match _operation(request):
        case "git/get-ref" | "git/update-ref" | "git/delete-ref":
            yield params["ref"]
        case "repos/get-branch":
            yield f"heads/{params['branch']}"
        case "repos/compare-commits-with-basehead":
            for side in params["basehead"].split("..."):
                yield _resolved(store, repository, side.rpartition(":")[2])
        case "repos/list-commits":
            yield _resolved(store, repository, _queried(request, "sha"))
        case "repos/get-content":
            yield _resolved(store, repository, _queried(request, "ref"))
        case "git/list-matching-refs":
            return
        case _ if "ref" in params:
            yield _resolved(store, repository, params["ref"])


def _resolved(store: Store, repository: Repository, ref: str) -> str:
    target = git.find(store, repository, ref, short_shas=True)
    if target is None:
        return ""
    return {"branch": "heads/", "tag": "tags/", "ref": "", "commit": ""}[target.kind] + target.name


# What a test may hide


def creating_methods(method: str | None, segments: Sequence[str | None] | None) -> tuple[str, ...]:
    """List the methods that can create objects at a path: POST before PUT. With *method* list only that one."""
    methods = set()
    for name, endpoint in router.endpoints().items():
        if name in _CREATING and method in (None, endpoint.method):
            templates = [path.split("/") for path in endpoint.paths]
            templates += [["", "repositories", "{id}", *path[4:]] for path in templates if path[1:2] == ["repos"]]
            if segments is None or any(_could_be(template, segments) for template in templates):
                methods.add(endpoint.method)
    return tuple(sorted(methods))


def _could_be(template: Sequence[str], segments: Sequence[str | None]) -> bool:
    # The path of a file may consist of several segments.
    if template[-1] == "{path}" and len(segments) > len(template):
        template = [*template, *["{path}"] * (len(segments) - len(template))]
    return len(template) == len(segments) and all(
        wanted is None or part.startswith("{") or part == wanted
        for part, wanted in zip(template, segments, strict=True)
    )
