"""
Invariants that hold for any sequence of requests.

A state machine drives a fake over HTTP, beside a simple model of GitHub's state.
The model predicts each response exactly. Rows, lists and events are compared
after every step.
"""

from __future__ import annotations

import json
from typing import Any

import requests
from client import API, stored
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model import OUTCOMES, Deployed, Model, Ref, state_of

from pytest_ghdeploy import FakeGitHub, Repository


def _mostly(usual: list[Any], *unusual: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any values
    """Draw a usual value far more often than one that is refused."""
    return st.sampled_from(usual * (12 // len(usual)) + list(unusual))


REPOSITORIES = st.sampled_from(["octocat/one", "octocat/two"])
STATES = _mostly(["success"], "error", "failure", "inactive", "in_progress", "queued", "pending")
CONTEXTS = st.sampled_from(["ci", "lint"])
NUMBERS = st.integers(0, 50)


class GitHub(RuleBasedStateMachine):
    """Deployments, statuses, branches and merges in two repositories, in any order."""

    def __init__(self) -> None:
        """Make a fake that nobody has used."""
        super().__init__()
        self.fake = FakeGitHub()
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = "token any-token-will-do"
        self.repositories: dict[str, Repository] = {}
        self.model = Model("octocat/one", "octocat/two")
        self.ids: dict[str, list[int]] = {"deployment": [], "status": [], "commit status": []}
        self.gone: list[int] = []

    @initialize()
    def start(self) -> None:
        """Create two repositories, each with a branch that is behind."""
        self.fake.open()
        for name in ("octocat/one", "octocat/two"):
            self.repositories[name] = self.fake.add_repository(name)
            self.repositories[name].add_branch("topic-1", behind=1)
            self.model.add_ref(name, Ref("topic-1", is_branch=True, behind=1))

    def teardown(self) -> None:
        """Close the fake, and raise problems that went unnoticed."""
        self.http.close()
        self.fake.close()
        self.fake._engine.raise_problem()

    # Requests

    def ask(self, method: str, path: str, body: object, refusal: str | None) -> requests.Response:
        """Send a request and check its response. A refusal changes nothing."""
        before = stored(self.fake)
        reply = self.http.request(method, API + path, data=json.dumps(body))
        if refusal is None:
            assert reply.ok, reply.text
            assert stored(self.fake) != before
        else:
            status, message = OUTCOMES[refusal]
            assert (reply.status_code, reply.json()["message"][: len(message)]) == (status, message), reply.text
            assert reply.headers["X-GHDeploy-Hint"]
            assert stored(self.fake) == before
        return reply

    def note_id(self, kind: str, number: int) -> None:
        """Check that ids rise within a kind and differ between kinds."""
        assert all(number > earlier for earlier in self.ids[kind])
        assert not any(number in ids for other, ids in self.ids.items() if other != kind)
        self.ids[kind].append(number)

    def ref_of(self, repository: str, place: int) -> Ref:
        """Pick a branch or tag."""
        refs = self.model.refs[repository]
        return refs[sorted(refs)[place % len(refs)]]

    def deployment_of(self, place: int) -> Deployed:
        """Pick a deployment."""
        deployments = self.model.deployments
        return deployments[sorted(deployments)[place % len(deployments)]]

    # Git

    @rule(repository=REPOSITORIES, number=st.integers(1, 3), behind=st.integers(0, 3))
    def add_branch(self, repository: str, number: int, behind: int) -> None:
        """Add a branch, behind main or not."""
        name = f"topic-{number}"
        if name not in self.model.refs[repository]:
            self.repositories[repository].add_branch(name, behind=behind)
            self.model.add_ref(repository, Ref(name, is_branch=True, behind=behind))

    @rule(repository=REPOSITORIES, place=NUMBERS)
    def add_tag(self, repository: str, place: int) -> None:
        """Tag a ref's commit."""
        if "v1" not in self.model.refs[repository]:
            ref = self.ref_of(repository, place)
            self.repositories[repository].add_tag("v1", ref.name)
            self.model.add_ref(repository, Ref("v1", is_branch=False, behind=ref.behind))

    @rule(repository=REPOSITORIES, place=NUMBERS)
    def add_commit(self, repository: str, place: int) -> None:
        """Commit to a branch. A commit to main puts all others one further behind."""
        ref = self.ref_of(repository, place)
        if not ref.is_branch:
            return
        self.repositories[repository].add_commit(ref.name)
        if ref.name == "main":
            self.model.main_grows(repository)

    @rule(repository=REPOSITORIES, place=NUMBERS)
    def add_conflict(self, repository: str, place: int) -> None:
        """Make a branch conflict with main, which gets a commit only if it has no change to conflict with."""
        ref = self.ref_of(repository, place)
        if not ref.is_branch or ref.name == "main":
            return
        self.repositories[repository].add_merge_conflict(ref.name)
        self.model.clash(repository, ref)

    # Commit statuses

    @rule(
        repository=REPOSITORIES,
        place=NUMBERS,
        context=CONTEXTS,
        state=_mostly(["success"], "failure", "pending", "error"),
        flaw=_mostly([""], "no commit", "invalid request", "validation failed"),
    )
    def report_on_a_commit(self, repository: str, place: int, context: str, state: str, flaw: str) -> None:
        """Post a commit status, valid or not."""
        sha = self.repositories[repository].sha(self.ref_of(repository, place).name)
        path = f"/repos/{repository}/statuses/{'0' * 40 if flaw == 'no commit' else sha}"
        body = {"state": ["queued"] if flaw == "invalid request" else state, "context": context}
        if flaw == "validation failed":
            body["description"] = "x" * 141
        reply = self.ask("POST", path, body, flaw or None)
        if not flaw:
            assert reply.status_code == 201
            self.note_id("commit status", reply.json()["id"])
            self.model.report_on_a_commit(repository, sha, context, state)

    # Deployments

    @rule(
        repository=REPOSITORIES,
        place=NUMBERS,
        form=_mostly(["{name}"], "{sha}", "refs/{kind}/{name}", "nope"),
        body=st.fixed_dictionaries(
            {
                "auto_merge": st.booleans(),
                "environment": _mostly(["staging", "Staging", "production", "qa"], "x" * 255, "x" * 256),
                "task": _mostly(["deploy", "migrate"], 1),
            },
            optional={
                "required_contexts": st.lists(CONTEXTS, max_size=2),
                "transient_environment": st.booleans(),
                "production_environment": st.booleans(),
                "payload": st.sampled_from(["", "{}", {}, {"a": [1]}]),
                "description": st.sampled_from([None, "", "Ship it"]),
            },
        ),
    )
    def deploy(self, repository: str, place: int, form: str, body: dict[str, Any]) -> None:
        """Post a deployment with any ref and options, valid or not."""
        ref = self.ref_of(repository, place)
        sha = self.repositories[repository].sha(ref.name)
        sent = form.format(name=ref.name, sha=sha, kind="heads" if ref.is_branch else "tags")
        refusal = self.model.refusal_of(None if form == "nope" else ref, sha, body, by_sha=form == "{sha}")
        merges = refusal == "merge"
        path = f"/repos/{repository}/deployments"
        reply = self.ask("POST", path, body | {"ref": sent}, None if merges else refusal)
        if merges:
            assert reply.status_code == 202
            assert reply.json() == {"message": f"Auto-merged main into {sent} on deployment."}
            self.model.merge(repository, ref)
        elif refusal is None:
            self.deployed(repository, sent, sha, body, reply)

    def deployed(self, repository: str, ref: str, sha: str, body: dict[str, Any], reply: requests.Response) -> None:
        """Record a deployment in the model, and compare it with the request."""
        assert reply.status_code == 201
        answer = reply.json()
        assert answer["url"] == reply.headers["Location"]
        self.note_id("deployment", answer["id"])
        created = self.model.deploy(answer["id"], repository, body)
        shown = {
            "ref": ref,
            "sha": sha,
            "task": body["task"],
            "payload": body.get("payload", {}),
            "description": body.get("description"),
            "original_environment": created.environment,
            "environment": created.environment,
            "transient_environment": created.transient,
            "production_environment": created.production,
        }
        assert {name: answer[name] for name in shown} == shown

    # Deployment statuses

    @precondition(lambda self: self.model.deployments)
    @rule(
        place=NUMBERS,
        state=STATES,
        environment=_mostly([None], "staging", "STAGING", "qa", "production", "x" * 255),
        auto_inactive=st.none() | st.booleans(),
        flaw=_mostly([""], "not found", "invalid request", "validation failed"),
    )
    def report(self, place: int, state: str, environment: str | None, auto_inactive: bool | None, flaw: str) -> None:  # noqa: FBT001 - hypothesis calls it
        """Post a deployment status, valid or not, that may move the deployment and retire others."""
        deployment = self.deployment_of(place)
        repository = deployment.repository
        if flaw == "not found":
            repository = next(name for name in self.repositories if name != repository)
        body: dict[str, Any] = {"state": "waiting" if flaw == "invalid request" else state}
        if environment is not None:
            body["environment"] = environment
        if auto_inactive is not None:
            body["auto_inactive"] = auto_inactive
        if flaw == "validation failed":
            body["environment_url"] = "ftp://example.com"
        reply = self.ask("POST", f"/repos/{repository}/deployments/{deployment.id}/statuses", body, flaw or None)
        if flaw:
            return
        assert reply.status_code == 201
        retired = self.model.set_status(deployment, state, environment, auto_inactive=auto_inactive)
        assert (reply.json()["state"], reply.json()["environment"]) == (state, deployment.environment)
        self.note_id("status", reply.json()["id"])
        for other in retired:
            self.note_id("status", self.latest_status(other))

    def latest_status(self, deployment: Deployed) -> int:
        """Request the id of the newest status of a deployment."""
        path = f"/repos/{deployment.repository}/deployments/{deployment.id}/statuses?per_page=1"
        number: int = self.http.get(API + path).json()[0]["id"]
        return number

    @rule(repository=REPOSITORIES, auto_inactive=st.none() | st.booleans(), transient=st.booleans())
    def ship(self, repository: str, auto_inactive: bool | None, transient: bool) -> None:  # noqa: FBT001 - hypothesis calls it
        """Deploy to staging with success, which retires the previous deployment unless it was transient."""
        body = {"auto_merge": False, "required_contexts": [], "environment": "staging", "task": "deploy"}
        self.deploy(repository, 0, "{name}", body | {"transient_environment": transient})
        self.report(len(self.model.deployments) - 1, "success", None, auto_inactive, "")

    # Delete

    @precondition(lambda self: self.model.deployments)
    @rule(place=NUMBERS, wrong=_mostly([""], "not found"))
    def delete(self, place: int, wrong: str) -> None:
        """Delete a deployment, which may be active, the only one, or in another repository."""
        deployment = self.deployment_of(place)
        repository, refusal = deployment.repository, self.model.refusal_of_deletion(deployment)
        if wrong:
            repository = next(name for name in self.repositories if name != repository)
            refusal = wrong
        reply = self.ask("DELETE", f"/repos/{repository}/deployments/{deployment.id}", None, refusal)
        if refusal is None:
            assert (reply.status_code, reply.content) == (204, b"")
            self.model.delete(deployment)
            self.gone.append(deployment.id)

    @precondition(lambda self: self.gone)
    @rule(place=NUMBERS, repository=REPOSITORIES)
    def ask_for_what_is_gone(self, place: int, repository: str) -> None:
        """Request a deleted deployment, which is not found."""
        path = f"/repos/{repository}/deployments/{self.gone[place % len(self.gone)]}"
        for method, below in (("GET", ""), ("DELETE", ""), ("GET", "/statuses"), ("POST", "/statuses")):
            self.ask(method, path + below, {"state": "success"}, "not found")

    # Invariants

    @invariant()
    def what_is_listed_was_created_and_not_deleted(self) -> None:
        """Each repository lists the model's deployments, newest first."""
        for repository in self.repositories:
            expected = [created for created in self.model.deployments.values() if created.repository == repository]
            listed = self.http.get(f"{API}/repos/{repository}/deployments?per_page=100").json()
            assert [(answer["id"], answer["environment"]) for answer in listed] == [
                (created.id, created.environment)
                for created in sorted(expected, key=lambda created: created.id, reverse=True)
            ]
            for environment in sorted({created.environment for created in expected})[:1]:
                selected = self.http.get(
                    f"{API}/repos/{repository}/deployments", params={"environment": environment, "per_page": "100"}
                ).json()
                same = [answer for answer in listed if answer["environment"].lower() == environment.lower()]
                assert selected == same

    @invariant()
    def the_state_is_that_of_the_model(self) -> None:
        """Deployments, their statuses, environments, refs and events are the model's. Nothing else is left."""
        for repository in self.repositories:
            assert state_of(self.fake, repository) == self.model.state(repository)
        total = sum(len(created.statuses) for created in self.model.deployments.values())
        assert len(list(self.fake._engine.store.deployment_statuses)) == total

    @invariant()
    def every_change_dispatched_its_event(self) -> None:
        """Each successful change has dispatched its event, in order, and there are no others."""
        assert [(event.repository, event.name) for event in self.fake.events] == self.model.events
        assert len({event.delivery_id for event in self.fake.events}) == len(self.model.events)


def test_any_sequence_of_operations_agrees_with_the_model() -> None:
    """Each response is the predicted one, and all invariants hold after each step."""
    run_state_machine_as_test(
        GitHub,
        settings=settings(
            max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "ref",
    "task",
    "auto_merge",
    "required_contexts",
    "payload",
    "environment",
    "description",
    "transient_environment",
    "production_environment",
    "state",
    "target_url",
    "log_url",
    "environment_url",
    "auto_inactive",
    "context",
]
SOUND = {"ref": "main", "state": "success"}
ANY_BODY = (
    st.binary(max_size=30)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4).map(lambda body: json.dumps(SOUND | body).encode())
)


@settings(max_examples=150, deadline=None)
@given(bodies=st.lists(ANY_BODY, min_size=1, max_size=3))
def test_any_body_is_accepted_or_refused_and_a_refusal_changes_nothing(bodies: list[bytes]) -> None:
    """Any bytes posted give a success or a 4xx with a hint, and only a success changes anything."""
    with FakeGitHub() as fake, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = "token any-token-will-do"
        repo = fake.add_repository("octocat/example")
        deployment = repo.add_deployment(ref="main")
        for body in bodies:
            for path in ("deployments", f"deployments/{deployment.id}/statuses", f"statuses/{repo.sha('main')}"):
                before = stored(fake)
                reply = session.post(f"{API}/repos/octocat/example/{path}", data=body)
                if reply.status_code == 201:
                    assert reply.headers["Location"] == reply.json()["url"]
                    assert stored(fake) != before
                else:
                    assert reply.status_code in (400, 409, 422)
                    assert reply.headers["X-GHDeploy-Hint"].isprintable()
                    assert stored(fake) == before
