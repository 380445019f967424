"""A fake with one of every kind of resource, and for each operation a body and parameters that succeed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import requests
import signing

from pytest_ghdeploy.api import reviews
from pytest_ghdeploy.http import router

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub

KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG1UaYmSwN6jVRXYgAhvVCmVzBoVTRX0C0TzEXAMPLEx",
)
FILE = {"message": "Change", "content": "aGVsbG8K"}


class Scene:
    """
    The repository octocat/example with one resource of each kind.

    Attributes:
        places: Values for path parameters, percent-encoded where needed.

        root, sha, ahead: SHAs of main's first commit, main's head, and topic's head, which is one commit ahead of main.

        issue_comment: The id of a comment on the pull request. That in *places* is of a comment on a commit.

        reactions: The ids of the reactions to a comment on a commit, a pull request, a comment on it and a release.

        blob, tree: The SHAs of app.py's content and of the tree at main's head.

        behind, merged: The numbers of pull requests: an open one that is behind main, and a merged one.
    """

    def __init__(self, fake: FakeGitHub) -> None:
        """Add everything to *fake*."""
        self.fake = fake
        self.app = fake.add_app("gate", private_key=signing.private_key())
        fake.add_user("acme", type="Organization")
        fake.add_repository("acme/app")
        for login in ("mona", "hubot"):
            fake.add_user(login)
        self.repo = repo = fake.add_repository("octocat/example")
        self.root = repo.sha("main")
        text = "print('hello')\n"
        self.sha = repo.add_commit("main", files={"app.py": text})
        self.blob = hashlib.sha1(f"blob {len(text)}\0{text}".encode(), usedforsecurity=False).hexdigest()
        self.tree = repo._graph.commits[self.sha].tree_sha
        repo.add_branch("topic")
        self.ahead = repo.add_commit("topic", files={"topic.txt": "new\n"})
        for name in ("oldest", "lagging", "released"):
            repo.add_branch(name, from_ref=self.root)
        repo.add_commit("lagging", files={"lagging.txt": "old\n"})
        repo.add_tag("v1", "main")
        repo.protect_branch("topic", required_contexts=["ci"], required_approvals=1)
        repo.add_collaborator("mona")
        repo.add_commit_status("main", state="success")
        deployment = repo.add_deployment(ref="main", environment="staging")
        custom = {"protected_branches": False, "custom_branch_policies": True}
        environment = repo.add_environment(
            "eu/qa", wait_timer=1, reviewers=["mona"], deployment_branch_policy=custom
        )  # fmt: skip
        environment.add_secret("DEPLOY_KEY")
        environment.add_variable("REGION", "eu")
        repo.add_topic("deploy")
        repo.add_branch_rule("release/*", "creation")
        check_run = repo.add_check_run("v1", name="build", status="in_progress")
        pull = repo.add_pull_request("topic", labels=["preview"])
        self.places: dict[str, object] = {
            "app_slug": "gate",
            "org": "acme",
            "owner": "octocat",
            "repo": "example",
            "username": "mona",
            "branch": "main",
            "ref": "main",
            "sha": self.sha,
            "path": "app.py",
            "basehead": "main...topic",
            "deployment_id": deployment.id,
            "status_id": deployment.add_status("success").id,
            "environment_name": "eu%2Fqa",
            "branch_policy_id": environment.add_deployment_branch_policy("release/*").id,
            "protection_rule_id": environment.enable_protection_rule(fake.add_app("window")).id,
            "secret_name": "DEPLOY_KEY",
            "name": "REGION",  # of a variable and of a label
            "commit_sha": self.sha,
            "comment_id": repo.add_commit_comment("main", "Looks good.").id,
            "key_id": repo.add_deploy_key("server", KEYS[0]).id,
            "check_run_id": check_run.id,
            "file_sha": self.blob,
            "tree_sha": self.tree,
            "pull_number": pull.number,
            "review_id": pull.add_review("APPROVED", user="mona").id,
            "check_suite_id": check_run.check_suite.id,
            "release_id": repo.add_release("v1").id,
            "tag": "v1",
        }
        self.installation = self.app.installations[0]
        self.places["installation_id"] = self.installation.id
        pull.add_label("REGION")
        self.issue_comment = pull.add_comment("Deploying").id
        self.places["issue_number"] = pull.number
        self.behind = repo.add_pull_request("lagging").number
        merged = repo.add_pull_request("main", base="released")
        merged.merge()
        self.merged = merged.number
        hook = fake.webhooks.subscribe(lambda _: None, events=["push"], repository="octocat/example")
        self.places |= {"hook_id": hook.id, "delivery_id": hook.deliveries[0].id}
        tag = {"tag": "v2", "message": "Second", "object": self.sha, "type": "commit"}
        self.places["tag_sha"] = self._send("POST", "git/tags", tag)["sha"]
        subjects = {
            "commit_comment": f"comments/{self.places['comment_id']}",
            "issue": f"issues/{pull.number}",
            "issue_comment": f"issues/comments/{self.issue_comment}",
            "release": f"releases/{self.places['release_id']}",
        }
        self.reactions = {
            subject: self._send("POST", f"{path}/reactions", {"content": "heart"})["id"]
            for subject, path in subjects.items()
        }
        self.places["reaction_id"] = self.reactions["commit_comment"]
        note = {"path": "app.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
        output = {"title": "t", "summary": "s", "annotations": [note]}
        self._send("PATCH", f"check-runs/{check_run.id}", {"output": output})

    def _send(self, method: str, path: str, body: object) -> dict[str, Any]:
        url = f"{self.fake.base_url}/repos/octocat/example/{path}"
        headers = {"Authorization": "Bearer a-token-for-tests"}
        reply = requests.request(method, url, json=body, headers=headers, timeout=10)
        reply.raise_for_status()
        answer: dict[str, Any] = reply.json()
        return answer

    def token(self, operation_id: str) -> str:
        """Return a token of the kind that an operation takes."""
        match router.endpoints()[operation_id].caller:
            case "jwt":
                return signing.signed(self.fake, self.app)
            case "installation":
                return self.installation.token()
            case "user_access":
                return self.installation.user_token("octocat")
            case _:
                return "a-token-for-tests"

    def pending_review(self) -> int:
        """Return the id of a pending review of octocat. It is written now, unless it exists."""
        store = self.fake._engine.store
        of = store.pull_requests.where(number=self.places["pull_number"])[0]
        with store.lock, store.changes:
            pending = store.reviews.where(state="PENDING")[:1] or [
                reviews.create(store, self.repo._row, of, store.default_user, state="PENDING", body="Draft")
            ]
        return pending[0].id

    def usual(self, operation_id: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Return a body, and parameters other than `places`, with which an operation succeeds once."""
        return _USUAL[operation_id](self) if operation_id in _USUAL else (None, {})


_USUAL: dict[str, Callable[[Scene], tuple[dict[str, Any] | None, dict[str, Any]]]] = {
    "actions/create-environment-variable": lambda _: ({"name": "ZONE", "value": "a"}, {}),
    "actions/create-or-update-environment-secret": lambda _: (
        {"encrypted_value": "c2VhbGVk", "key_id": "568250167242549743"},
        {"secret_name": "OTHER_KEY"},
    ),
    "actions/update-environment-variable": lambda _: ({"value": "us"}, {}),
    "apps/create-installation-access-token": lambda _: ({"permissions": {"deployments": "write"}}, {}),
    "checks/create": lambda scene: ({"name": "lint", "head_sha": scene.sha}, {}),
    "checks/update": lambda _: ({"conclusion": "success"}, {}),
    "git/create-blob": lambda _: ({"content": "new\n"}, {}),
    "git/create-commit": lambda scene: ({"message": "Change", "tree": scene.tree, "parents": [scene.sha]}, {}),
    "git/create-tag": lambda scene: ({"tag": "v3", "message": "Third", "object": scene.sha, "type": "commit"}, {}),
    "git/create-tree": lambda scene: (
        {"base_tree": scene.sha, "tree": [{"path": "a.txt", "mode": "100644", "content": "new\n"}]},
        {},
    ),
    "git/create-ref": lambda scene: ({"ref": "refs/heads/new", "sha": scene.sha}, {}),
    "git/delete-ref": lambda _: (None, {"ref": "heads/topic"}),
    "git/get-ref": lambda _: (None, {"ref": "heads/topic"}),
    "git/list-matching-refs": lambda _: (None, {"ref": "heads"}),
    "git/update-ref": lambda scene: ({"sha": scene.ahead}, {"ref": "heads/main"}),
    "issues/add-labels": lambda _: ({"labels": ["qa"]}, {}),
    "issues/create-comment": lambda _: ({"body": "Deployed."}, {}),
    "issues/create-label": lambda _: ({"name": "blocked"}, {}),
    "issues/delete-comment": lambda scene: (None, {"comment_id": scene.issue_comment}),
    "issues/get-comment": lambda scene: (None, {"comment_id": scene.issue_comment}),
    "issues/set-labels": lambda _: ({"labels": ["qa"]}, {}),
    "issues/update": lambda _: ({"title": "Other"}, {}),
    "issues/update-comment": lambda scene: ({"body": "Deployed."}, {"comment_id": scene.issue_comment}),
    "issues/update-label": lambda _: ({"color": "BADA55"}, {}),
    "reactions/create-for-issue": lambda _: ({"content": "rocket"}, {}),
    "reactions/create-for-issue-comment": lambda scene: ({"content": "rocket"}, {"comment_id": scene.issue_comment}),
    "reactions/delete-for-issue": lambda scene: (None, {"reaction_id": scene.reactions["issue"]}),
    "reactions/delete-for-issue-comment": lambda scene: (
        None,
        {"comment_id": scene.issue_comment, "reaction_id": scene.reactions["issue_comment"]},
    ),
    "reactions/list-for-issue-comment": lambda scene: (None, {"comment_id": scene.issue_comment}),
    "reactions/create-for-release": lambda _: ({"content": "rocket"}, {}),
    "reactions/delete-for-release": lambda scene: (None, {"reaction_id": scene.reactions["release"]}),
    "reactions/create-for-commit-comment": lambda _: ({"content": "rocket"}, {}),
    "pulls/create-review": lambda _: ({"body": "Draft"}, {}),
    "pulls/delete-pending-review": lambda scene: (None, {"review_id": scene.pending_review()}),
    "pulls/dismiss-review": lambda _: ({"message": "Stale"}, {}),
    "pulls/remove-requested-reviewers": lambda _: ({"reviewers": ["hubot"]}, {}),
    "pulls/request-reviewers": lambda _: ({"reviewers": ["hubot"], "team_reviewers": []}, {}),
    "pulls/submit-review": lambda scene: ({"event": "COMMENT"}, {"review_id": scene.pending_review()}),
    "pulls/create": lambda _: ({"title": "New", "head": "main", "base": "oldest"}, {}),
    "pulls/check-if-merged": lambda scene: (None, {"pull_number": scene.merged}),
    "pulls/merge": lambda _: ({}, {}),
    "pulls/update-branch": lambda scene: ({}, {"pull_number": scene.behind}),
    "pulls/update": lambda _: ({"title": "Other"}, {}),
    "pulls/update-review": lambda _: ({"body": "Other"}, {}),
    "repos/add-collaborator": lambda _: ({"permission": "push"}, {"username": "hubot"}),
    "repos/list-pull-requests-associated-with-commit": lambda scene: (None, {"commit_sha": scene.ahead}),
    "repos/create-commit-comment": lambda _: ({"body": "Ship it."}, {}),
    "repos/create-commit-status": lambda _: ({"state": "success"}, {}),
    "repos/create-dispatch-event": lambda _: ({"event_type": "deploy"}, {}),
    "repos/create-release": lambda _: ({"tag_name": "v2"}, {}),
    "repos/generate-release-notes": lambda _: ({"tag_name": "v2"}, {}),
    "repos/get-branch-rules": lambda _: (None, {"branch": "release/1"}),
    "repos/replace-all-topics": lambda _: ({"names": ["preview"]}, {}),
    "repos/update-release": lambda _: ({"name": "One"}, {}),
    "repos/create-deploy-key": lambda _: ({"key": KEYS[1]}, {}),
    "repos/create-deployment": lambda _: ({"ref": "topic"}, {}),
    "repos/create-deployment-branch-policy": lambda _: ({"name": "hotfix/*"}, {}),
    "repos/create-deployment-protection-rule": lambda scene: ({"integration_id": scene.app.id}, {}),
    "repos/create-deployment-status": lambda _: ({"state": "failure"}, {}),
    "repos/create-for-authenticated-user": lambda _: ({"name": "another"}, {}),
    "repos/create-or-update-environment": lambda _: ({"wait_timer": 5}, {}),
    "repos/create-or-update-file-contents": lambda _: (FILE, {"path": "new.txt"}),
    "repos/create-webhook": lambda _: ({"config": {"url": "http://127.0.0.1:1/"}}, {}),
    "repos/delete-file": lambda scene: ({"message": "Remove", "sha": scene.blob}, {}),
    "repos/merge": lambda _: ({"base": "main", "head": "topic"}, {}),
    "repos/update": lambda _: ({"private": True}, {}),
    "repos/update-commit-comment": lambda _: ({"body": "Ship it now."}, {}),
    "repos/update-deployment-branch-policy": lambda _: ({"name": "other/*"}, {}),
    "repos/update-webhook": lambda _: ({"active": False}, {}),
    "repos/update-webhook-config-for-repo": lambda _: ({"content_type": "form"}, {}),
}


@pytest.fixture
def scene(ghdeploy: FakeGitHub) -> Scene:
    """Return a fake with one resource of each kind."""
    return Scene(ghdeploy)
