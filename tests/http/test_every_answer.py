"""
Every response that GitHub's description lists for an operation, under both API versions.

`CODES` lists them; if ``make clients`` has fetched GitHub's own description, the two
are compared. Each is in `CASES` or in `NEVER`. ``conftest.py`` checks the responses of
every test against the schemas.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import githubs_description
import pytest
import requests
from client import Client
from rows import Rows
from scene import Scene

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.http import router, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = {"message": "Change", "content": "aGVsbG8K"}
VERSIONS = ("2022-11-28", "2026-03-10")
ENDPOINTS = router.endpoints()

# From GitHub's description.
CODES = {
    "actions/create-environment-variable": "201",
    "actions/create-or-update-environment-secret": "201 204",
    "actions/delete-environment-secret": "204",
    "actions/delete-environment-variable": "204",
    "actions/get-environment-public-key": "200",
    "actions/get-environment-secret": "200",
    "actions/get-environment-variable": "200",
    "actions/list-environment-secrets": "200",
    "actions/list-environment-variables": "200",
    "actions/update-environment-variable": "204",
    "apps/create-installation-access-token": "201 401 403 404 422",
    "apps/delete-installation": "204 404",
    "apps/get-authenticated": "200",
    "apps/get-by-slug": "200 403 404",
    "apps/get-installation": "200 404",
    "apps/get-org-installation": "200",
    "apps/get-repo-installation": "200 301 404",
    "apps/get-user-installation": "200",
    "apps/list-installation-repos-for-authenticated-user": "200 304 403 404",
    "apps/list-installations": "200",
    "apps/list-installations-for-authenticated-user": "200 304 401 403",
    "apps/list-repos-accessible-to-installation": "200 304 401 403",
    "apps/revoke-installation-access-token": "204",
    "apps/suspend-installation": "204 404",
    "apps/unsuspend-installation": "204 404",
    "checks/create": "201",
    "checks/get": "200",
    "checks/get-suite": "200",
    "checks/list-annotations": "200",
    "checks/list-for-ref": "200",
    "checks/list-for-suite": "200",
    "checks/list-suites-for-ref": "200",
    "checks/update": "200",
    "git/create-blob": "201 403 404 409 422",
    "git/create-commit": "201 404 409 422",
    "git/create-ref": "201 409 422",
    "git/create-tag": "201 409 422",
    "git/create-tree": "201 403 404 409 422",
    "git/delete-ref": "204 409 422",
    "git/get-blob": "200 403 404 409 422",
    "git/get-commit": "200 404 409",
    "git/get-ref": "200 404 409",
    "git/get-tag": "200 404 409",
    "git/get-tree": "200 404 409 422",
    "git/list-matching-refs": "200 409",
    "git/update-ref": "200 409 422",
    "issues/add-labels": "200 301 404 410 422",
    "issues/create-comment": "201 403 404 410 422",
    "issues/create-label": "201 404 422",
    "issues/delete-comment": "204",
    "issues/delete-label": "204",
    "issues/get": "200 301 304 404 410",
    "issues/get-comment": "200 404",
    "issues/get-label": "200 404",
    "issues/list-comments": "200 404 410",
    "issues/list-comments-for-repo": "200 404 422",
    "issues/list-for-repo": "200 301 404 422",
    "issues/list-labels-for-repo": "200 404",
    "issues/list-labels-on-issue": "200 301 404 410",
    "issues/remove-all-labels": "204 301 404 410",
    "issues/remove-label": "200 301 404 410",
    "issues/set-labels": "200 301 404 410 422",
    "issues/update": "200 301 403 404 410 422 503",
    "issues/update-comment": "200 422",
    "issues/update-label": "200",
    "meta/get": "200 304",
    "meta/get-all-versions": "200 404",
    "meta/root": "200",
    "pulls/create-review": "200 403 422",
    "pulls/delete-pending-review": "200 404 422",
    "pulls/dismiss-review": "200 404 422",
    "pulls/get-review": "200 404",
    "pulls/list-requested-reviewers": "200",
    "pulls/list-reviews": "200",
    "pulls/remove-requested-reviewers": "200 422",
    "pulls/request-reviewers": "201 403 422",
    "pulls/submit-review": "200 403 404 422",
    "pulls/update-review": "200 422",
    "pulls/check-if-merged": "204 404",
    "pulls/create": "201 403 422",
    "pulls/get": "200 304 404 406 500 503",
    "pulls/list": "200 304 422",
    "pulls/list-commits": "200",
    "pulls/list-files": "200 422 500 503",
    "pulls/merge": "200 403 404 405 409 422",
    "pulls/update": "200 403 422",
    "pulls/update-branch": "202 403 422",
    "rate-limit/get": "200 304 404",
    "reactions/create-for-commit-comment": "200 201 422",
    "reactions/create-for-issue": "200 201 422",
    "reactions/create-for-issue-comment": "200 201 422",
    "reactions/create-for-release": "200 201 422",
    "reactions/delete-for-commit-comment": "204",
    "reactions/delete-for-issue": "204",
    "reactions/delete-for-issue-comment": "204",
    "reactions/delete-for-release": "204",
    "reactions/list-for-commit-comment": "200 404",
    "reactions/list-for-issue": "200 404 410",
    "reactions/list-for-issue-comment": "200 404",
    "reactions/list-for-release": "200 404",
    "repos/add-collaborator": "201 204 403 422",
    "repos/check-collaborator": "204 404",
    "repos/compare-commits-with-basehead": "200 404 500 503",
    "repos/create-commit-comment": "201 403 422",
    "repos/create-commit-status": "201",
    "repos/create-deploy-key": "201 422",
    "repos/create-deployment": "201 202 409 422",
    "repos/create-deployment-branch-policy": "200 303 404",
    "repos/create-deployment-protection-rule": "201",
    "repos/create-deployment-status": "201 422",
    "repos/create-dispatch-event": "204 404 422",
    "repos/create-for-authenticated-user": "201 304 400 401 403 404 422",
    "repos/create-or-update-environment": "200 422",
    "repos/create-or-update-file-contents": "200 201 404 409 422",
    "repos/create-release": "201 404 422",
    "repos/create-webhook": "201 403 404 422",
    "repos/delete": "204 307 403 404 409",
    "repos/delete-an-environment": "204",
    "repos/delete-commit-comment": "204 404",
    "repos/delete-deploy-key": "204",
    "repos/delete-deployment": "204 404 422",
    "repos/delete-deployment-branch-policy": "204",
    "repos/delete-file": "200 404 409 422 503",
    "repos/delete-release": "204 404",
    "repos/delete-webhook": "204 404",
    "repos/disable-deployment-protection-rule": "204",
    "repos/download-tarball-archive": "302",
    "repos/download-zipball-archive": "302",
    "repos/generate-release-notes": "200 404",
    "repos/get": "200 301 403 404",
    "repos/get-all-deployment-protection-rules": "200",
    "repos/get-all-environments": "200",
    "repos/get-all-topics": "200 404",
    "repos/get-branch": "200 301 404",
    "repos/get-branch-rules": "200",
    "repos/get-collaborator-permission-level": "200 404",
    "repos/get-combined-status-for-ref": "200 404",
    "repos/get-commit": "200 404 409 422 500 503",
    "repos/get-commit-comment": "200 404",
    "repos/get-content": "200 302 304 403 404",
    "repos/get-custom-deployment-protection-rule": "200",
    "repos/get-deploy-key": "200 404",
    "repos/get-deployment": "200 404",
    "repos/get-deployment-branch-policy": "200",
    "repos/get-deployment-status": "200 404",
    "repos/get-environment": "200",
    "repos/get-latest-release": "200 404",
    "repos/get-release": "200 401",
    "repos/get-release-by-tag": "200 404",
    "repos/get-webhook": "200 404",
    "repos/get-webhook-config-for-repo": "200",
    "repos/get-webhook-delivery": "200 400 422",
    "repos/list-branches": "200 404",
    "repos/list-collaborators": "200 404",
    "repos/list-comments-for-commit": "200",
    "repos/list-commit-comments-for-repo": "200",
    "repos/list-commit-statuses-for-ref": "200 301",
    "repos/list-commits": "200 400 404 409 500",
    "repos/list-custom-deployment-rule-integrations": "200",
    "repos/list-deploy-keys": "200",
    "repos/list-deployment-branch-policies": "200",
    "repos/list-deployment-statuses": "200 404",
    "repos/list-deployments": "200",
    "repos/list-pull-requests-associated-with-commit": "200 409",
    "repos/list-for-authenticated-user": "200 304 401 403 422",
    "repos/list-for-org": "200",
    "repos/list-release-assets": "200",
    "repos/list-releases": "200 404",
    "repos/list-tags": "200",
    "repos/list-webhook-deliveries": "200 400 422",
    "repos/list-webhooks": "200 404",
    "repos/merge": "201 204 403 404 409 422",
    "repos/ping-webhook": "204 404",
    "repos/redeliver-webhook-delivery": "202 400 422",
    "repos/remove-collaborator": "204 403 422",
    "repos/replace-all-topics": "200 404 422",
    "repos/test-push-webhook": "204 404",
    "repos/update": "200 307 403 404 422",
    "repos/update-commit-comment": "200 404",
    "repos/update-deployment-branch-policy": "200",
    "repos/update-release": "200 404",
    "repos/update-webhook": "200 404 422",
    "repos/update-webhook-config-for-repo": "200",
    "users/get-authenticated": "200 304 401 403",
    "users/get-by-username": "200 404",
}
LISTED = {(name, int(code)) for name, codes in CODES.items() for code in codes.split()}

# The other statuses under the newer version. The description is of the older one.
IN_NEWER = {("apps/delete-installation", 204): 202}

# The reasons why some are not produced here.
NEVER = {
    **{
        (f"issues/{name}", 301): "a request that changes something is redirected with a 307"
        for name in ("add-labels", "remove-all-labels", "remove-label", "set-labels", "update")
    },
    **{
        (name, 410): "for an issue that was deleted, and no pull request ever is"
        for name, codes in CODES.items()
        if name.startswith(("issues/", "reactions/")) and "410" in codes
    },
    ("issues/list-comments-for-repo", 422): "described without a word about when; an unknown value is ignored",
    ("issues/list-for-repo", 422): "described without a word about when; an unknown value is ignored",
    ("git/get-tree", 422): "described without a word about when; a ref that does not exist is a 404",
    ("apps/get-by-slug", 403): "for a private app, and all apps here are public",
    ("meta/get-all-versions", 404): "described without a word about when; the list is the same for everyone",
    ("repos/create-for-authenticated-user", 304): "a POST is not conditional: the description lists it by mistake",
    ("repos/delete", 409): "for a repository whose deletion or transfer is under way; here it is done at once",
    ("repos/get-webhook-delivery", 422): "described without a word about when",
    ("repos/redeliver-webhook-delivery", 422): "described without a word about when",
    ("pulls/get", 406): "for a diff that is too large, and the fake makes none",
    ("pulls/list", 422): "described without a word about when; unknown values of filters are ignored",
    ("pulls/list-files", 422): "described without a word about when",
    ("repos/get-content", 302): "for a submodule or a file kept elsewhere, and the fake has neither",
}


class World:
    """A client that knows GitHub's operation ids, and the scene that it works on."""

    def __init__(self, scene: Scene, version: str) -> None:
        """Ask for *version* of the API."""
        self.scene = scene
        self.version = version

    def ask(
        self,
        operation_id: str,
        body: object = None,
        *,
        query: str = "",
        headers: dict[str, str] | None = None,
        **places: object,
    ) -> requests.Response:
        """Ask for an operation, in the places of the scene but for *places*; a body of bytes is sent as it is."""
        endpoint = ENDPOINTS[operation_id]
        path = endpoint.paths[0].format(**self.scene.places | places)
        assert "{" not in path
        token = self.scene.token(operation_id)
        usual = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": self.version}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                endpoint.method,
                f"{self.scene.fake.base_url}{path}{query}",
                data=body if isinstance(body, bytes) else None,
                json=None if isinstance(body, bytes) else body,
                headers=usual | (headers or {}),
                timeout=10,
                allow_redirects=False,
            )

    def rename(self) -> None:
        """Rename the repository."""
        assert self.ask("repos/update", {"name": "renamed"}).status_code == 200


def done(world: World, operation_id: str) -> requests.Response:
    """Send a request that succeeds."""
    body, places = world.scene.usual(operation_id)
    return world.ask(operation_id, body, **places)


def renamed(world: World, operation_id: str) -> requests.Response:
    """Send a request to the former name."""
    body, places = world.scene.usual(operation_id)
    world.rename()
    return world.ask(operation_id, body, **places)


def unchanged(world: World, operation_id: str) -> requests.Response:
    """Request a response that the client already has."""
    return world.ask(operation_id, headers={"If-None-Match": done(world, operation_id).headers["ETag"]})


def too_weak(world: World, operation_id: str, **token: Any) -> requests.Response:  # noqa: ANN401 - of add_token
    """Send a request with a token that lacks the right. The repository is private."""
    world.ask("repos/update", {"private": True})
    world.scene.fake.add_token("too-weak", **token)
    body, places = world.scene.usual(operation_id)
    return world.ask(operation_id, body, headers={"Authorization": "Bearer too-weak"}, **places)


def used_up(world: World, operation_id: str) -> requests.Response:
    """Send a request after the rate limit is used up."""
    world.scene.fake.rate_limits.set(0)
    return world.ask(operation_id)


def broken(world: World, operation_id: str, status: int) -> requests.Response:
    """Send a request to a GitHub that fails."""
    world.scene.fake.faults.add(status=status)
    return done(world, operation_id)


def of_no_version(world: World, operation_id: str) -> requests.Response:
    """Request an API version that does not exist."""
    return world.ask(operation_id, headers={"X-GitHub-Api-Version": "v3"})


def nowhere(world: World, operation_id: str, **places: Any) -> requests.Response:  # noqa: ANN401 - of paths
    """Request something that does not exist: the repository, unless *places* name something else."""
    return world.ask(operation_id, **{**({} if places else {"repo": "nope"}), **places})


def behind(world: World) -> requests.Response:
    """Deploy a branch that lacks a commit of the default branch."""
    world.ask("repos/create-or-update-file-contents", FILE, path="more.txt")
    return world.ask("repos/create-deployment", {"ref": "topic"})


def blocked(world: World) -> requests.Response:
    """Deploy a commit with a failed commit status."""
    world.ask("repos/create-commit-status", {"state": "failure"})
    return world.ask("repos/create-deployment", {"ref": "main"})


def suspended(world: World) -> requests.Response:
    """Request a token of a suspended installation."""
    world.scene.installation.suspend()
    return world.ask("apps/create-installation-access-token")


def conflict(world: World) -> requests.Response:
    """Merge two branches that have the same file with different contents."""
    for branch, content in (("topic", "bWluZQo="), ("main", "eW91cnMK")):
        body = {"message": "Add", "content": content, "branch": branch}
        world.ask("repos/create-or-update-file-contents", body, path="both.txt")
    return world.ask("repos/merge", {"base": "main", "head": "topic"})


def undeletable(world: World) -> requests.Response:
    """Delete an active deployment that is not the only one."""
    world.ask("repos/create-deployment", {"ref": "topic", "environment": "staging"})
    return world.ask("repos/delete-deployment")


def without_custom_policies(world: World) -> requests.Response:
    """Create a branch policy for an environment that has no custom policies."""
    world.ask("repos/create-or-update-environment", {})
    return world.ask("repos/create-deployment-branch-policy", {"name": "main"})


def without_latest(world: World) -> requests.Response:
    """Request the latest release of a repository that has only a prerelease."""
    world.ask("repos/update-release", {"prerelease": True})
    return world.ask("repos/get-latest-release")


def empty(world: World, operation_id: str) -> requests.Response:
    """Send a request to a repository without commits."""
    assert world.ask("repos/create-for-authenticated-user", {"name": "empty"}).status_code == 201
    body, places = world.scene.usual(operation_id)
    return world.ask(operation_id, body, **places | {"repo": "empty"})


def limitless(world: World) -> requests.Response:
    """Request the rate limit of a GitHub Enterprise Server."""
    with type(world.scene.fake)("https://ghe.example.com/api/v3") as server:
        return World(type(world.scene)(server), world.version).ask("rate-limit/get")


CASES: dict[tuple[str, int], Callable[[World], requests.Response]] = {
    ("actions/create-or-update-environment-secret", 204): lambda w: w.ask(
        "actions/create-or-update-environment-secret", w.scene.usual("actions/create-or-update-environment-secret")[0]
    ),
    ("git/create-blob", 422): lambda w: w.ask("git/create-blob", {}),
    ("git/create-commit", 422): lambda w: w.ask("git/create-commit", {"message": "m", "tree": w.scene.sha}),
    ("git/create-tag", 422): lambda w: w.ask(
        "git/create-tag", {"tag": "v3", "message": "m", "object": w.scene.tree, "type": "commit"}
    ),
    ("git/create-tree", 422): lambda w: w.ask("git/create-tree", {"tree": [{"path": "a", "mode": "100644"}]}),
    ("git/get-blob", 404): lambda w: w.ask("git/get-blob", file_sha=w.scene.sha),
    ("git/get-blob", 422): lambda w: w.ask("git/get-blob", file_sha="main"),
    ("git/get-commit", 404): lambda w: w.ask("git/get-commit", commit_sha=w.scene.blob),
    ("git/get-tag", 404): lambda w: w.ask("git/get-tag", tag_sha=w.scene.sha),
    ("git/get-tree", 404): lambda w: w.ask("git/get-tree", tree_sha="nope"),
    ("apps/create-installation-access-token", 401): lambda w: w.ask(
        "apps/create-installation-access-token", headers={"Authorization": "Bearer a-token-for-tests"}
    ),
    ("apps/create-installation-access-token", 403): suspended,
    ("apps/create-installation-access-token", 422): lambda w: w.ask(
        "apps/create-installation-access-token", {"repositories": ["nope"]}
    ),
    ("apps/get-by-slug", 404): lambda w: w.ask("apps/get-by-slug", app_slug="nope"),
    ("apps/get-repo-installation", 301): lambda w: renamed(w, "apps/get-repo-installation"),
    ("apps/get-repo-installation", 404): lambda w: nowhere(w, "apps/get-repo-installation"),
    ("git/create-ref", 422): lambda w: w.ask("git/create-ref", {"ref": "refs/heads/main", "sha": w.scene.sha}),
    ("git/delete-ref", 422): lambda w: w.ask("git/delete-ref", ref="heads/nope"),
    ("git/get-ref", 404): lambda w: w.ask("git/get-ref", ref="heads/nope"),
    ("git/update-ref", 422): lambda w: w.ask("git/update-ref", {"sha": w.scene.root}, ref="heads/main"),
    ("issues/create-label", 404): lambda w: w.ask("issues/create-label", {"name": "blocked"}, repo="nope"),
    ("issues/create-label", 422): lambda w: w.ask("issues/create-label", {"name": "bug"}),
    ("issues/get-label", 404): lambda w: w.ask("issues/get-label", name="nope"),
    ("issues/list-labels-for-repo", 404): lambda w: w.ask("issues/list-labels-for-repo", repo="nope"),
    ("pulls/create-review", 422): lambda w: w.ask("pulls/create-review", {"event": "APPROVE"}),
    ("pulls/delete-pending-review", 404): lambda w: w.ask("pulls/delete-pending-review", review_id=1),
    ("pulls/delete-pending-review", 422): lambda w: w.ask("pulls/delete-pending-review"),
    ("pulls/dismiss-review", 404): lambda w: w.ask("pulls/dismiss-review", {"message": "m"}, review_id=1),
    ("pulls/dismiss-review", 422): lambda w: w.ask("pulls/dismiss-review", {}),
    ("pulls/get-review", 404): lambda w: w.ask("pulls/get-review", review_id=1),
    ("pulls/remove-requested-reviewers", 422): lambda w: w.ask("pulls/remove-requested-reviewers", {"reviewers": 1}),
    ("pulls/request-reviewers", 422): lambda w: w.ask("pulls/request-reviewers", {"reviewers": ["nobody"]}),
    ("pulls/submit-review", 404): lambda w: w.ask("pulls/submit-review", {"event": "COMMENT"}, review_id=1),
    ("pulls/submit-review", 422): lambda w: w.ask("pulls/submit-review", {"event": "COMMENT"}),
    ("pulls/update-review", 422): lambda w: w.ask("pulls/update-review", {}),
    ("issues/add-labels", 404): lambda w: w.ask("issues/add-labels", ["a"], issue_number=9),
    ("issues/add-labels", 422): lambda w: w.ask("issues/add-labels", {"labels": []}),
    ("issues/create-comment", 404): lambda w: w.ask("issues/create-comment", {"body": "b"}, issue_number=9),
    ("issues/create-comment", 422): lambda w: w.ask("issues/create-comment", {"body": ""}),
    ("issues/get", 301): lambda w: renamed(w, "issues/get"),
    ("issues/get", 404): lambda w: w.ask("issues/get", issue_number=9),
    ("issues/get-comment", 404): lambda w: w.ask("issues/get-comment", comment_id=1),
    ("issues/list-comments", 404): lambda w: w.ask("issues/list-comments", issue_number=9),
    ("issues/list-comments-for-repo", 404): lambda w: w.ask("issues/list-comments-for-repo", repo="nope"),
    ("issues/list-for-repo", 301): lambda w: renamed(w, "issues/list-for-repo"),
    ("issues/list-for-repo", 404): lambda w: w.ask("issues/list-for-repo", repo="nope"),
    ("issues/list-labels-on-issue", 301): lambda w: renamed(w, "issues/list-labels-on-issue"),
    ("issues/list-labels-on-issue", 404): lambda w: w.ask("issues/list-labels-on-issue", issue_number=9),
    ("issues/remove-all-labels", 404): lambda w: w.ask("issues/remove-all-labels", issue_number=9),
    ("issues/remove-label", 404): lambda w: w.ask("issues/remove-label", name="nope"),
    ("issues/set-labels", 404): lambda w: w.ask("issues/set-labels", ["a"], issue_number=9),
    ("issues/set-labels", 422): lambda w: w.ask("issues/set-labels", [""]),
    ("issues/update", 404): lambda w: w.ask("issues/update", {}, issue_number=9),
    ("issues/update", 422): lambda w: w.ask("issues/update", {"title": ""}),
    ("issues/update-comment", 422): lambda w: w.ask(
        "issues/update-comment", {"body": ""}, comment_id=w.scene.issue_comment
    ),
    ("reactions/create-for-release", 200): lambda w: w.ask("reactions/create-for-release", {"content": "heart"}),
    ("reactions/create-for-release", 422): lambda w: w.ask("reactions/create-for-release", {"content": "-1"}),
    ("reactions/list-for-release", 404): lambda w: w.ask("reactions/list-for-release", release_id=1),
    ("reactions/list-for-issue", 404): lambda w: w.ask("reactions/list-for-issue", issue_number=9),
    ("reactions/list-for-issue-comment", 404): lambda w: w.ask("reactions/list-for-issue-comment", comment_id=1),
    ("reactions/create-for-issue", 200): lambda w: w.ask("reactions/create-for-issue", {"content": "heart"}),
    ("reactions/create-for-issue", 422): lambda w: w.ask("reactions/create-for-issue", {"content": "sad"}),
    ("reactions/create-for-issue-comment", 200): lambda w: w.ask(
        "reactions/create-for-issue-comment", {"content": "heart"}, comment_id=w.scene.issue_comment
    ),
    ("reactions/create-for-issue-comment", 422): lambda w: w.ask(
        "reactions/create-for-issue-comment", {"content": "sad"}, comment_id=w.scene.issue_comment
    ),
    ("pulls/check-if-merged", 404): lambda w: w.ask("pulls/check-if-merged"),
    ("pulls/create", 422): lambda w: w.ask("pulls/create", {"head": "topic", "base": "main", "title": "Again"}),
    ("pulls/get", 404): lambda w: w.ask("pulls/get", pull_number=99),
    ("pulls/merge", 404): lambda w: w.ask("pulls/merge", {}, pull_number=99),
    ("pulls/merge", 405): lambda w: w.ask("pulls/merge", {}, pull_number=w.scene.merged),
    ("pulls/merge", 409): lambda w: w.ask("pulls/merge", {"sha": w.scene.sha}),
    ("pulls/merge", 422): lambda w: w.ask("pulls/merge", {"merge_method": "fast-forward"}),
    ("pulls/update", 422): lambda w: w.ask("pulls/update", {"title": ""}),
    ("pulls/update-branch", 422): lambda w: w.ask("pulls/update-branch", {}),
    ("rate-limit/get", 404): limitless,
    ("reactions/create-for-commit-comment", 200): lambda w: w.ask(
        "reactions/create-for-commit-comment", {"content": "heart"}
    ),
    ("reactions/create-for-commit-comment", 422): lambda w: w.ask(
        "reactions/create-for-commit-comment", {"content": "sad"}
    ),
    ("reactions/list-for-commit-comment", 404): lambda w: w.ask("reactions/list-for-commit-comment", comment_id=1),
    ("repos/add-collaborator", 204): lambda w: w.ask("repos/add-collaborator", {"permission": "pull"}),
    ("repos/add-collaborator", 422): lambda w: w.ask("repos/add-collaborator", username="octocat"),
    ("repos/check-collaborator", 404): lambda w: w.ask("repos/check-collaborator", username="hubot"),
    ("repos/compare-commits-with-basehead", 404): lambda w: w.ask(
        "repos/compare-commits-with-basehead", basehead="main...nope"
    ),
    ("repos/create-commit-comment", 422): lambda w: w.ask("repos/create-commit-comment", {"body": ""}),
    ("repos/create-deploy-key", 422): lambda w: w.ask(
        "repos/create-deploy-key", {"key": w.scene.repo.deploy_keys[0].key}
    ),
    ("repos/create-deployment", 202): behind,
    ("repos/create-deployment", 409): blocked,
    ("repos/create-deployment", 422): lambda w: w.ask("repos/create-deployment", {"ref": "nope"}),
    ("repos/create-deployment-branch-policy", 303): lambda w: w.ask(
        "repos/create-deployment-branch-policy", {"name": "release/*"}
    ),
    ("repos/create-deployment-branch-policy", 404): without_custom_policies,
    ("repos/create-deployment-status", 422): lambda w: w.ask("repos/create-deployment-status", {"state": "waiting"}),
    ("repos/create-for-authenticated-user", 400): lambda w: w.ask("repos/create-for-authenticated-user", b"{"),
    ("repos/create-for-authenticated-user", 401): lambda w: w.ask(
        "repos/create-for-authenticated-user", {"name": "another"}, headers={"Authorization": "Bearer "}
    ),
    ("repos/create-for-authenticated-user", 422): lambda w: w.ask(
        "repos/create-for-authenticated-user", {"name": "example"}
    ),
    ("repos/create-dispatch-event", 404): lambda w: w.ask("repos/create-dispatch-event", {"event_type": "a"}, repo="x"),
    ("repos/create-dispatch-event", 422): lambda w: w.ask("repos/create-dispatch-event", {"event_type": ""}),
    ("repos/create-release", 404): lambda w: w.ask(
        "repos/create-release", {"tag_name": "v2", "discussion_category_name": "News"}
    ),
    ("repos/create-release", 422): lambda w: w.ask("repos/create-release", {"tag_name": "v1"}),
    ("repos/delete-release", 404): lambda w: w.ask("repos/delete-release", release_id=1),
    ("repos/generate-release-notes", 404): lambda w: w.ask("repos/generate-release-notes", repo="nope"),
    ("repos/get-all-topics", 404): lambda w: w.ask("repos/get-all-topics", repo="nope"),
    ("repos/get-latest-release", 404): without_latest,
    ("repos/get-release", 401): lambda w: w.ask("repos/get-release", headers={"Authorization": "Bearer "}),
    ("repos/get-release-by-tag", 404): lambda w: w.ask("repos/get-release-by-tag", tag="nope"),
    ("repos/list-for-authenticated-user", 401): lambda w: w.ask(
        "repos/list-for-authenticated-user", headers={"Authorization": "Bearer "}
    ),
    ("repos/list-for-authenticated-user", 422): lambda w: w.ask(
        "repos/list-for-authenticated-user", query="?type=all&visibility=all"
    ),
    ("repos/list-releases", 404): lambda w: w.ask("repos/list-releases", repo="nope"),
    ("repos/replace-all-topics", 404): lambda w: w.ask("repos/replace-all-topics", {"names": []}, repo="nope"),
    ("repos/replace-all-topics", 422): lambda w: w.ask("repos/replace-all-topics", {"names": ["a b"]}),
    ("repos/update-release", 404): lambda w: w.ask("repos/update-release", {}, release_id=1),
    ("repos/create-or-update-environment", 422): lambda w: w.ask(
        "repos/create-or-update-environment", {"wait_timer": -1}
    ),
    ("repos/create-or-update-file-contents", 200): lambda w: w.ask(
        "repos/create-or-update-file-contents", FILE | {"sha": w.scene.blob}
    ),
    ("repos/create-or-update-file-contents", 404): lambda w: w.ask(
        "repos/create-or-update-file-contents", FILE | {"branch": "nope"}
    ),
    ("repos/create-or-update-file-contents", 409): lambda w: w.ask(
        "repos/create-or-update-file-contents", FILE | {"sha": w.scene.sha}
    ),
    ("repos/create-or-update-file-contents", 422): lambda w: w.ask("repos/create-or-update-file-contents", FILE),
    ("repos/delete", 307): lambda w: renamed(w, "repos/delete"),
    ("repos/delete", 404): lambda w: w.ask("repos/delete", repo="nope"),
    ("repos/delete-commit-comment", 404): lambda w: w.ask("repos/delete-commit-comment", comment_id=1),
    ("repos/delete-deployment", 404): lambda w: w.ask("repos/delete-deployment", deployment_id=1),
    ("repos/delete-deployment", 422): undeletable,
    ("repos/delete-file", 404): lambda w: w.ask("repos/delete-file", {"message": "m", "sha": w.scene.sha}, path="nope"),
    ("repos/delete-file", 409): lambda w: w.ask("repos/delete-file", {"message": "m", "sha": w.scene.sha}),
    ("repos/delete-file", 422): lambda w: w.ask("repos/delete-file", {"message": "m"}),
    ("repos/get", 301): lambda w: renamed(w, "repos/get"),
    ("repos/get", 404): lambda w: w.ask("repos/get", repo="nope"),
    ("repos/get-branch", 301): lambda w: renamed(w, "repos/get-branch"),
    ("repos/get-branch", 404): lambda w: w.ask("repos/get-branch", branch="nope"),
    ("repos/get-collaborator-permission-level", 404): lambda w: w.ask(
        "repos/get-collaborator-permission-level", username="nobody"
    ),
    ("repos/get-combined-status-for-ref", 404): lambda w: w.ask("repos/get-combined-status-for-ref", repo="nope"),
    ("repos/get-commit", 404): lambda w: w.ask("repos/get-commit", repo="nope"),
    ("repos/get-commit", 422): lambda w: w.ask("repos/get-commit", ref="nope"),
    ("repos/get-commit-comment", 404): lambda w: w.ask("repos/get-commit-comment", comment_id=1),
    ("repos/get-content", 404): lambda w: w.ask("repos/get-content", path="nope"),
    ("repos/get-deploy-key", 404): lambda w: w.ask("repos/get-deploy-key", key_id=1),
    ("repos/get-deployment", 404): lambda w: w.ask("repos/get-deployment", deployment_id=1),
    ("repos/get-deployment-status", 404): lambda w: w.ask("repos/get-deployment-status", status_id=1),
    ("repos/list-branches", 404): lambda w: w.ask("repos/list-branches", repo="nope"),
    ("repos/list-collaborators", 404): lambda w: w.ask("repos/list-collaborators", repo="nope"),
    ("repos/list-commit-statuses-for-ref", 301): lambda w: renamed(w, "repos/list-commit-statuses-for-ref"),
    ("repos/list-commits", 404): lambda w: w.ask("repos/list-commits", query="?sha=nope"),
    ("repos/list-deployment-statuses", 404): lambda w: w.ask("repos/list-deployment-statuses", deployment_id=1),
    ("repos/merge", 204): lambda w: w.ask("repos/merge", {"base": "topic", "head": "main"}),
    ("repos/merge", 404): lambda w: w.ask("repos/merge", {"base": "nope", "head": "main"}),
    ("repos/merge", 409): conflict,
    ("repos/merge", 422): lambda w: w.ask("repos/merge", {"base": "main"}),
    ("repos/remove-collaborator", 422): lambda w: w.ask("repos/remove-collaborator", username="octocat"),
    ("repos/update", 307): lambda w: renamed(w, "repos/update"),
    ("repos/update", 404): lambda w: w.ask("repos/update", {"private": True}, repo="nope"),
    ("repos/update", 422): lambda w: w.ask("repos/update", {"default_branch": "nope"}),
    ("repos/update-commit-comment", 404): lambda w: w.ask("repos/update-commit-comment", {"body": "b"}, comment_id=1),
    ("repos/list-commits", 400): lambda w: w.ask("repos/list-commits", headers={"X-GitHub-Api-Version": "v3"}),
    ("repos/create-webhook", 422): lambda w: w.ask("repos/create-webhook", {}),
    ("repos/update-webhook", 422): lambda w: w.ask("repos/update-webhook", {"events": ["pushes"]}),
    ("repos/list-webhook-deliveries", 422): lambda w: w.ask("repos/list-webhook-deliveries", query="?status=late"),
    ("users/get-authenticated", 401): lambda w: w.ask("users/get-authenticated", headers={"Authorization": "Bearer "}),
    ("users/get-by-username", 404): lambda w: w.ask("users/get-by-username", username="nobody"),
}
# What succeeds with the first of its codes that says so is the usual way; the others have a line above.
for _name, _codes in CODES.items():
    _usual = min(map(int, _codes.split()), key=lambda code: (code != 201, code))
    CASES.setdefault((_name, _usual), partial(done, operation_id=_name))

_OF_COMMITS = ("repos/get-commit", "repos/list-commits", "repos/list-pull-requests-associated-with-commit")
for _name, _code in LISTED:
    if _code == 409 and (_name.startswith("git/") or _name in _OF_COMMITS):
        CASES[_name, _code] = partial(empty, operation_id=_name)

for _name in ("git/create-blob", "git/create-commit", "git/create-tree"):
    CASES[_name, 404] = partial(nowhere, operation_id=_name)

for _name in ("get-webhook-delivery", "list-webhook-deliveries", "redeliver-webhook-delivery"):
    CASES[f"repos/{_name}", 400] = partial(of_no_version, operation_id=f"repos/{_name}")
for _name in ("create-webhook", "list-webhooks"):
    CASES[f"repos/{_name}", 404] = partial(nowhere, operation_id=f"repos/{_name}")
for _name in ("delete-webhook", "get-webhook", "ping-webhook", "test-push-webhook", "update-webhook"):
    CASES[f"repos/{_name}", 404] = partial(nowhere, operation_id=f"repos/{_name}", hook_id=1)

for _name in (
    *("create-installation-access-token", "delete-installation", "get-installation", "suspend-installation"),
    *("unsuspend-installation", "list-installation-repos-for-authenticated-user"),
):
    CASES[f"apps/{_name}", 404] = partial(nowhere, operation_id=f"apps/{_name}", installation_id=1)
for _name in ("list-installations-for-authenticated-user", "list-repos-accessible-to-installation"):
    CASES[f"apps/{_name}", 401] = partial(World.ask, operation_id=f"apps/{_name}", headers={"Authorization": "Bearer "})

for _name, _code in LISTED - NEVER.keys():
    if _code == 304:
        CASES[_name, _code] = partial(unchanged, operation_id=_name)
    elif _code in (500, 503):
        CASES[_name, _code] = partial(broken, operation_id=_name, status=_code)

# Refusals of tokens: a 403, or a 404 where a scope exists.
WRITER = {"user": "mona"}
OTHER_PERMISSION = {"permissions": {"deployments": "write"}}
OF_AN_APP = {**OTHER_PERMISSION, "user": "gate[bot]"}
TOO_WEAK: dict[str, dict[str, Any]] = {
    "apps/list-installation-repos-for-authenticated-user": OF_AN_APP,
    "apps/list-installations-for-authenticated-user": WRITER,
    "apps/list-repos-accessible-to-installation": WRITER,
    "pulls/create-review": OTHER_PERMISSION,
    "pulls/request-reviewers": OTHER_PERMISSION,
    "pulls/submit-review": OTHER_PERMISSION,
    "issues/create-comment": OTHER_PERMISSION,
    "issues/update": OTHER_PERMISSION,
    "repos/add-collaborator": WRITER,
    "repos/delete": WRITER,
    "repos/remove-collaborator": WRITER,
    "repos/update": WRITER,
    "repos/create-commit-comment": OTHER_PERMISSION,
    "repos/create-webhook": OTHER_PERMISSION,
    **dict.fromkeys(("pulls/create", "pulls/merge", "pulls/update", "pulls/update-branch"), OTHER_PERMISSION),
    "repos/get-content": OTHER_PERMISSION,
    "git/create-blob": OTHER_PERMISSION,
    "git/create-tree": OTHER_PERMISSION,
    "git/get-blob": OTHER_PERMISSION,
    "repos/merge": OTHER_PERMISSION,
    "repos/create-for-authenticated-user": OF_AN_APP,
    "repos/list-for-authenticated-user": OF_AN_APP,
    "users/get-authenticated": OF_AN_APP,
}
for _name, _token in TOO_WEAK.items():
    CASES[_name, 403] = partial(too_weak, operation_id=_name, **_token)
CASES["repos/get", 403] = partial(used_up, operation_id="repos/get")
CASES["repos/create-for-authenticated-user", 404] = partial(
    too_weak, operation_id="repos/create-for-authenticated-user", scopes=["gist"]
)

NO_JWT = "A JSON web token could not be decoded"

both_versions = pytest.mark.parametrize("version", VERSIONS)


@contextmanager
def world_of(version: str) -> Iterator[World]:
    """Make the scene in a new fake, with a client for one version of the API."""
    with FakeGitHub() as fake:
        yield World(Scene(fake), version)


@pytest.fixture
def world(scene: Scene, version: str) -> World:
    """Make the scene for requests that change nothing."""
    return World(scene, version)


def test_the_table_has_existing_operations_only() -> None:
    """A new operation may have its codes in its own tests instead."""
    assert CODES.keys() <= ENDPOINTS.keys()


@githubs_description.needs_description
def test_the_table_has_the_codes_that_github_describes() -> None:
    """It agrees with GitHub's description."""
    described = githubs_description.operations()
    assert {name: " ".join(described[name].described["responses"]) for name in CODES} == CODES


def test_every_code_is_produced_or_never_happens() -> None:
    """Each pair of operation and code is in exactly one of the two tables."""
    assert sorted([*CASES, *NEVER]) == sorted(LISTED)
    assert all(NEVER.values())


@both_versions
def test_each_response_is_produced(version: str) -> None:
    """The response has the described code, and a body where one is described, under both versions."""
    with Rows() as rows:
        for operation_id, code in sorted(CASES):
            with rows.row(operation_id, code), world_of(version) as world:
                check_answer(CASES[operation_id, code](world), operation_id, code, version)


# Their body is an empty object.
ANSWER_NOTHING = {
    "actions/create-environment-variable",
    "actions/create-or-update-environment-secret",
    "apps/delete-installation",
    "repos/list-release-assets",
    "repos/redeliver-webhook-delivery",
}


def check_answer(answer: requests.Response, operation_id: str, code: int, version: str) -> None:
    """Check what all responses with the same status have in common."""
    if version != VERSIONS[0]:
        code = IN_NEWER.get((operation_id, code), code)
    assert answer.status_code == code, answer.text
    if code not in (400, 500, 503):
        assert answer.headers["X-GitHub-Api-Version-Selected"] == version
    if code in (204, 302, 303, 304):
        assert not answer.content
    elif code >= 400:
        refused = answer.json()
        assert refused["status"] == str(code)
        assert refused["documentation_url"].startswith("https://docs.github.com/")
        assert answer.headers["X-GHDeploy-Hint"]
        # No endpoint returns server errors, so conftest.py does not check them.
        if code >= 500 and githubs_description.is_fetched():
            githubs_description.check_answer(operation_id, code, refused)
    elif code > 300:
        assert answer.json()["url"] == answer.headers["Location"]
    else:
        assert answer.json() or operation_id in ANSWER_NOTHING


# Responses of all operations


@both_versions
def test_a_request_without_user_agent_is_refused(world: World) -> None:
    """The 403, in plain text, comes before everything else."""
    with Rows() as rows:
        for operation_id in ENDPOINTS:
            with rows.row(operation_id):
                answer = world.ask(operation_id, headers={"User-Agent": ""})
                assert (answer.status_code, answer.text[:9]) == (403, "Request f")


@both_versions
def test_bad_credentials_are_refused(world: World) -> None:
    """An unknown token is a 401 even where no token is needed. Where an app itself calls, the message is another."""
    world.scene.fake.add_token("another")
    with Rows() as rows:
        for operation_id, endpoint in ENDPOINTS.items():
            with rows.row(operation_id):
                answer = world.ask(operation_id, headers={"Authorization": "Bearer a-token-for-tests"})
                message = NO_JWT if endpoint.caller == "jwt" else "Bad credentials"
                assert (answer.status_code, answer.json()["message"]) == (401, message)


@both_versions
def test_an_anonymous_caller_is_refused(world: World) -> None:
    """It is a 401 where a token is needed."""
    with Client(world.scene.fake.base_url, authorization=None) as http, Rows() as rows:
        for operation_id, endpoint in ENDPOINTS.items():
            if endpoint.anonymous:
                continue
            with rows.row(operation_id):
                path = endpoint.paths[0].format(**world.scene.places)
                answer = http.request(endpoint.method, path, headers={"X-GitHub-Api-Version": world.version})
                if endpoint.caller == "jwt":
                    message, page = NO_JWT, "https://docs.github.com/rest"
                else:
                    message, page = "Requires authentication", schema.documentation_url(operation_id)
                assert (answer.status_code, answer.json()["message"]) == (401, message)
                assert answer.json()["documentation_url"] == page


@both_versions
def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    """GitHub has two messages for the 400."""
    with Rows() as rows:
        for operation_id in filter(schema.takes_body, ENDPOINTS):
            _, places = world.scene.usual(operation_id)
            array = b"[]" if "array" not in schema.kinds_of_body(operation_id) else b"1"
            for body, message in ((b"{", "Problems parsing JSON"), (array, "Body should be a JSON object")):
                with rows.row(operation_id, body):
                    answer = world.ask(operation_id, body, **places)
                    assert (answer.status_code, answer.json()["message"]) == (400, message)


@both_versions
def test_an_unknown_repository_is_not_found(world: World) -> None:
    """So is another user's private repository."""
    in_a_repository = [name for name, endpoint in ENDPOINTS.items() if "{repo}" in endpoint.paths[0]]
    with Rows() as rows:
        for operation_id in in_a_repository:
            with rows.row(operation_id, "nope"):
                assert world.ask(operation_id, repo="nope").status_code == 404
        world.scene.fake.add_token("of-hubot", user="hubot")
        world.scene.fake.add_token("of-octocat")
        body = {"private": True}
        assert world.ask("repos/update", body, headers={"Authorization": "token of-octocat"}).status_code == 200
        for operation_id in in_a_repository:
            if ENDPOINTS[operation_id].caller == "jwt":
                continue  # a token is no JSON web token
            with rows.row(operation_id, "private"):
                answer = world.ask(operation_id, headers={"Authorization": "token of-hubot"})
                assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
                assert answer.json()["documentation_url"] == schema.documentation_url(operation_id)


# The last parameter of these paths may end in a slash, or be one.
MAY_END_IN_SLASH = {"git/list-matching-refs", "meta/root", "repos/get-content"}


@both_versions
def test_a_path_with_a_trailing_slash_is_not_found(world: World) -> None:
    """It is a 404 for every operation."""
    with Rows() as rows:
        for operation_id, endpoint in ENDPOINTS.items():
            if endpoint.method != "GET" or operation_id in MAY_END_IN_SLASH:
                continue
            with rows.row(operation_id):
                answer = world.ask(operation_id, query="/")
                found = (answer.status_code, answer.json()["documentation_url"])
                assert found == (404, "https://docs.github.com/rest")
