"""`FakeError.argument`: programs learn which argument is wrong without reading the message."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import FakeError, FakeGitHub, Step, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
HOOK = "http://127.0.0.1:9/hook"

# A call with a mistake in one argument, and that argument.
MISTAKES: list[tuple[Callable[[FakeGitHub, Any], object], str | None]] = [
    # Types, names and lists of what there is.
    (lambda gh, _: gh.add_repository("octocat"), "full_name"),
    (lambda gh, _: gh.add_repository("octocat/new", private=1), "private"),  # type: ignore[arg-type]
    (lambda gh, _: gh.add_repository("octocat/new", deploy_keys_enabled=0), "deploy_keys_enabled"),  # type: ignore[arg-type]
    (lambda gh, _: gh.add_repository("octocat/new", environments_protected=""), "environments_protected"),  # type: ignore[arg-type]
    (lambda gh, _: gh.add_repository("octocat/new", default_branch="a b"), "default_branch"),
    (lambda gh, _: gh.repository("octocat/nope"), "full_name"),
    (lambda gh, _: gh.add_user("mo na"), "login"),
    (lambda gh, _: gh.add_user("mona", type="Robot"), "type"),  # type: ignore[arg-type]
    (lambda gh, _: gh.add_team("octo org", "ops"), "organization"),
    (lambda gh, _: gh.add_app("Gate"), "slug"),
    (lambda gh, _: gh.add_token("a token"), "token"),
    (lambda gh, _: gh.add_token("token", scopes=["nope"]), "scopes"),
    (lambda gh, _: gh.add_token("token", permissions={}, repositories=["o/r"]), "repositories"),
    (lambda gh, _: gh.stub("GET", "user"), "path"),
    (lambda gh, _: gh.stub("FETCH", "/user"), "method"),
    (lambda gh, _: gh.stub("GET", "/user", headers={"X": "\n"}), "headers"),
    (lambda gh, _: gh.stub("GET", "/user", json=object()), "json"),
    (lambda gh, _: gh.faults.add(status=200), "status"),
    (lambda gh, _: gh.faults.add(status=500, times=0), "times"),
    (lambda gh, _: gh.rate_limits.set(-1), "remaining"),
    (lambda gh, _: gh.rate_limits.set(1, user="nobody"), "user"),
    (lambda gh, _: gh.clock.tick(-1), "seconds"),
    (lambda gh, _: gh.clock.move_to("noon"), "when"),  # type: ignore[arg-type]
    (lambda gh, _: gh.deployer(steps=["done"]), "steps"),  # type: ignore[list-item]
    (lambda gh, _: gh.deployer(repository="octocat/nope"), "repository"),
    (lambda gh, _: gh.deployer(fails_with=Step("failure", after_polls=-1)), "after_polls"),
    (lambda gh, _: gh.webhooks.subscribe("http://example.invalid/"), "target"),
    (lambda gh, _: gh.webhooks.subscribe(HOOK, repository="octocat/nope"), "repository"),
    (lambda gh, _: gh.assert_event("pusch"), "name"),
    (lambda gh, _: gh.assert_event("status", stat="success"), "stat"),
    (lambda gh, _: gh.assert_events(["pusch"]), "wanted"),
    (lambda gh, _: gh.assert_delivery("pusch"), "event"),
    (lambda _, repo: repo.sha("nope"), "ref"),
    (lambda _, repo: repo.rename("mona/example"), "full_name"),
    (lambda _, repo: repo.add_branch("main"), "name"),
    (lambda _, repo: repo.add_branch("next", from_ref="nope"), "from_ref"),
    (lambda _, repo: repo.add_branch("next", behind=-1), "behind"),
    (lambda _, repo: repo.add_merge_conflict("main", "nope"), "base"),
    (lambda _, repo: repo.add_collaborator("mona", "owner"), "permission"),
    (lambda _, repo: repo.add_commit_status("main", state="done"), "state"),
    (lambda _, repo: repo.add_commit_status("main", state="success", creator="nobody"), "creator"),
    (lambda _, repo: repo.add_environment("qa", reviewers=["nobody"]), "reviewers"),
    (lambda _, repo: repo.add_environment("qa", reviewers=["octocat/nope"]), "reviewers"),
    (lambda _, repo: repo.add_environment("qa").enable_protection_rule("nope"), "app"),
    # What GitHub refuses, under the name that Python has for it.
    (lambda _, repo: repo.rename(f"octocat/{'x' * 101}"), "full_name"),
    (lambda _, repo: repo.add_commit("main", files={"a/../b": ""}), "files"),
    (lambda _, repo: repo.add_commit_status("main", state="success", description="x" * 141), "description"),
    (lambda _, repo: repo.add_commit_status("main", state="success", target_url="ftp://x"), "target_url"),
    (lambda _, repo: repo.add_deployment(ref="main", environment="x" * 300), "environment"),
    (lambda _, repo: repo.add_deployment(ref="main", required_contexts=["ci"]), "required_contexts"),
    (lambda _, repo: repo.add_deployment(ref="main", transient_environment="no"), "transient_environment"),
    (lambda _, repo: repo.add_deployment(ref="main").add_status("success", log_url="ftp://x"), "log_url"),
    (lambda _, repo: repo.add_deploy_key("server", "nope"), "key"),
    (lambda _, repo: repo.add_environment("qa", wait_timer=-1), "wait_timer"),
    (lambda _, repo: repo.add_environment(""), "name"),
    (lambda gh, _: gh.webhooks.subscribe("ftp://127.0.0.1/"), "target"),
    (lambda gh, _: gh.webhooks.subscribe(HOOK, events=["nope"]), "events"),
    # What is about no argument, or about several.
    (lambda gh, _: gh.webhooks.release(), None),
    (lambda gh, _: gh.add_token("token", scopes=[], permissions={}), None),
    (lambda gh, _: gh.faults.add(), None),
]


def test_an_error_names_its_argument() -> None:
    """The attribute is the name of the argument to change; `None` if there is no such argument, or several."""
    wrong: list[object] = []
    for number, (call, argument) in enumerate(MISTAKES):
        gh = FakeGitHub()
        repo = gh.add_repository("octocat/example")
        try:
            call(gh, repo)
            wrong.append((number, argument, "no error"))
        except FakeError as error:
            if error.argument != argument:
                wrong.append((number, argument, error.argument, str(error)))
    assert wrong == []


def test_an_error_survives_pickling() -> None:
    """pytest-xdist and multiprocessing send exceptions from one process to another."""
    error = pickle.loads(pickle.dumps(FakeError("no", argument="ref")))  # noqa: S301 - a copy of our own
    assert (str(error), error.argument) == ("no", "ref")
    assert UnsupportedRequest("no").argument is None
