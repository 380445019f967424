"""
Random sequences of requests in several threads, tasks and forked children at once, some of them interrupted.

Each actor has a repository of its own, in which every response is the one that
the model predicts. All of them also deploy to one shared repository. There, the
events say in which order the changes happened, and the model must come to the
same state in that order.

The main thread is an actor, too. It is the one that is interrupted, and that
forks. After an interruption its repository is as before the request, or as
after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from client import API, Client
from forked import in_a_child
from interruptions import Moments
from model import OUTCOMES, Deployed, Model, Ref, state_of

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.fake import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = "octocat/shared"
STATES = ["success", "success", "success", "error", "failure", "inactive", "in_progress", "queued", "pending"]
ENVIRONMENTS = ["staging", "Staging", "production", "qa"]
FORKED = (
    "UnsupportedRequest: a request to https://api.github.com cannot be answered in a process that was forked from the "
)
_UNKNOWN = -1


class Step(NamedTuple):
    """
    A request, and what it must lead to.

    *apply* changes a model. It takes the id of the new row, if any, and returns
    the expected status.
    """

    method: str
    path: str
    body: dict[str, Any] | None
    refusal: str | None
    apply: Callable[[Model, int], int]


class Actor:
    """Somebody who sends requests about one repository, and the model of that repository."""

    def __init__(self, fake: FakeGitHub, seed: str, repository: str) -> None:
        """Choose requests by *seed*."""
        self.random = random.Random(seed)  # noqa: S311 - to repeat a run, not for secrets
        self.fake = fake
        self.repository = repository
        self.handle = fake.add_repository(repository)
        self.model = Model(repository)
        for name, behind in (("topic", 1), ("other", 0)):
            self.handle.add_branch(name, behind=behind)
            self.model.add_ref(repository, Ref(name, is_branch=True, behind=behind))
        self.shared: list[int] = []
        self.outcomes: Counter[str] = Counter()

    # Requests

    def step(self) -> Step:
        """Choose a request about the actor's own repository."""
        kinds = [self._deploy, self._deploy, self._report, self._set_status, self._set_status, self._set_status]
        return self.random.choice([*kinds, self._delete, self._add_branch, self._add_object])()

    def _ref(self) -> Ref:
        refs = self.model.refs[self.repository]
        return refs[self.random.choice(sorted(refs))]

    def _deployment(self) -> Deployed | None:
        return self.random.choice(list(self.model.deployments.values()) or [None])

    def _deploy(self) -> Step:
        choose = self.random.choice
        ref = self._ref()
        sha = self.handle.sha(ref.name)
        body: dict[str, Any] = {
            "ref": ref.name,
            "task": "deploy",
            "auto_merge": self.random.random() < 0.4,
            "environment": choose([*ENVIRONMENTS, "x" * 256]),
            "transient_environment": self.random.random() < 0.2,
        }
        if self.random.random() < 0.3:
            body["required_contexts"] = choose([[], ["ci"]])
        refusal = self.model.refusal_of(ref, sha, body, by_sha=False)

        def apply(model: Model, number: int) -> int:
            if refusal == "merge":
                model.merge(self.repository, model.refs[self.repository][ref.name])
                return 202
            model.deploy(number, self.repository, body)
            return 201

        path = f"/repos/{self.repository}/deployments"
        return Step("POST", path, body, None if refusal == "merge" else refusal, apply)

    def _report(self) -> Step:
        sha, state = self.handle.sha(self._ref().name), self.random.choice(["success", "success", "failure"])
        context = self.random.choice(["ci", "lint"])

        def apply(model: Model, _: int) -> int:
            model.report_on_a_commit(self.repository, sha, context, state)
            return 201

        path = f"/repos/{self.repository}/statuses/{sha}"
        return Step("POST", path, {"state": state, "context": context}, None, apply)

    def _set_status(self) -> Step:
        deployment = self._deployment()
        if deployment is None:
            return self._deploy()
        choose = self.random.choice
        state, environment = choose(STATES), choose([None, None, None, *ENVIRONMENTS])
        auto_inactive = choose([None, None, True, False])
        body: dict[str, Any] = {"state": state, "environment": environment, "auto_inactive": auto_inactive}
        body = {name: value for name, value in body.items() if value is not None}
        refusal = choose([None, None, None, None, "validation failed"])
        if refusal:
            body["environment_url"] = "ftp://example.com"

        def apply(model: Model, _: int) -> int:
            model.set_status(model.deployments[deployment.id], state, environment, auto_inactive=auto_inactive)
            return 201

        path = f"/repos/{self.repository}/deployments/{deployment.id}/statuses"
        return Step("POST", path, body, refusal, apply)

    def _delete(self) -> Step:
        deployment = self._deployment()
        if deployment is None:
            return self._report()

        def apply(model: Model, _: int) -> int:
            model.delete(model.deployments[deployment.id])
            return 204

        path = f"/repos/{self.repository}/deployments/{deployment.id}"
        return Step("DELETE", path, None, self.model.refusal_of_deletion(deployment), apply)

    def _add_branch(self) -> Step:
        name, head = f"branch-{len(self.model.refs[self.repository])}", self.handle.sha("main")

        def apply(model: Model, _: int) -> int:
            model.add_ref(self.repository, Ref(name, is_branch=True))
            model.events += [(self.repository, "create"), (self.repository, "push")]
            return 201

        return Step(
            "POST", f"/repos/{self.repository}/git/refs", {"ref": f"refs/heads/{name}", "sha": head}, None, apply
        )

    def _add_object(self) -> Step:
        path, head = f"/repos/{self.repository}/git", self.handle.sha("main")
        if self.random.random() < 0.3:
            tag = {"tag": "v1", "message": "m", "object": head, "type": "commit"}
            return Step("POST", f"{path}/tags", tag, None, lambda *_: 201)
        refusal = self.random.choice([None, None, "git"])
        content = {"sha": None} if refusal else {"content": str(self.random.random())}
        tree = {"base_tree": head, "tree": [{"path": "new/b.txt", "mode": "100644", **content}]}
        return Step("POST", f"{path}/trees", tree, refusal, lambda *_: 201)

    # Responses

    def check(self, step: Step, status: int, answer: Any) -> None:  # noqa: ANN401 - JSON
        """Compare a response with the model, and apply the change to it."""
        if step.refusal:
            expected, message = OUTCOMES[step.refusal]
            assert (status, answer["message"][: len(message)]) == (expected, message), (step, answer)
            self.outcomes[step.refusal] += 1
            return
        number = answer["id"] if isinstance(answer, dict) and "id" in answer else _UNKNOWN
        assert status == step.apply(self.model, number), (step, answer)
        self.outcomes[f"{step.method} {status}"] += 1

    def compare(self) -> None:
        """Compare the actor's own repository with the model."""
        state, expected = state_of(self.fake, self.repository), self.model.state(self.repository)
        assert state == expected, self.repository

    def share(self, number: int | None) -> tuple[str, dict[str, Any]]:
        """Return the path and body of a request about the shared repository: a deployment, or a success of one."""
        path = f"/repos/{SHARED}/deployments"
        if number is None:
            environment = self.random.choice(["staging", "qa"])
            return path, {"ref": "main", "required_contexts": [], "environment": environment}
        return f"{path}/{number}/statuses", {"state": self.random.choice(["success", "success", "failure"])}

    # In a thread, or a task

    def work(self, turns: int) -> None:
        """Send requests from this thread."""
        with Client() as session:
            for _ in range(turns):
                step = self.step()
                response = session.request(step.method, step.path, json=step.body, timeout=30)
                self.check(step, response.status_code, response.json() if response.content else None)
                if self.random.random() < 0.4:
                    number = None
                    for _ in range(2):
                        path, body = self.share(number)
                        response = session.post(path, json=body, timeout=30)
                        assert response.status_code == 201, response.text
                        number = number or response.json()["id"]
                    self.shared.append(number or 0)
        self.compare()

    async def work_as_task(self, turns: int) -> None:
        """Send requests from this task."""
        async with httpx.AsyncClient(base_url=API, headers={"Authorization": "token any"}, trust_env=False) as client:
            for _ in range(turns):
                step = self.step()
                response = await client.request(step.method, step.path, json=step.body)
                self.check(step, response.status_code, response.json() if response.content else None)
                await asyncio.sleep(0)
        self.compare()

    # In the main thread

    def be_interrupted(self, moment: int) -> None:
        """Send a request that is interrupted at a moment, unless it ends before."""
        step, answers = self.step(), []

        def send() -> None:
            headers = {"authorization": "token any", "user-agent": "me", "accept": "*/*"}
            body = b"" if step.body is None else json.dumps(step.body).encode()
            answers.append(engine_of(self.fake).answer(step.method, API + step.path, headers, body))

        moments = Moments(moment)
        problem = moments.run(send)
        if answers:
            answer = answers[0]
            self.check(step, answer.status, json.loads(answer.body) if answer.body else None)
        if not moments.is_interrupted:
            assert problem is None, problem
            return
        if not moments.is_ignored:
            assert isinstance(problem, KeyboardInterrupt), (moments.place, problem)
            self.outcomes["interrupted"] += 1
        if not answers:
            self._find_out(step, moments.place)

    def _find_out(self, step: Step, place: str) -> None:
        """Find out whether an interrupted request has changed anything."""
        state, after = state_of(self.fake, self.repository), deepcopy(self.model)
        if state != self.model.state(self.repository):
            assert step.refusal is None, place
            ids = [number for number, *_ in state["deployments"]]
            step.apply(after, max(ids, default=_UNKNOWN))
            assert state == after.state(self.repository), place
            self.model = after

    def fork(self) -> None:
        """Fork a child, which cannot send requests, and whose changes the parent does not see."""
        # Not httpx, which needs OpenSSL, whose locks may be held in another thread of the parent.
        said = in_a_child(lambda: Client().get(f"/repos/{self.repository}/deployments", timeout=10))
        assert said.startswith(FORKED), said
        said = in_a_child(lambda: self.handle.add_deployment(ref="main", environment="of a child").environment)
        assert said == "of a child", said
        self.outcomes["forked"] += 1
        self.compare()


def run_many(first: int, number: int, *, forks: bool) -> Counter[str]:
    """Run sets of sequences with the seeds from *first* on. A failure tells how to repeat it."""
    outcomes: Counter[str] = Counter()
    for seed in range(first, first + number):
        try:
            outcomes += run(seed, forks=forks)
        except BaseException as problem:
            again = f"python fuzz/run.py --requests 0 --sequences 1 --seed {seed}"
            problem.add_note(f"to repeat this sequence: GHDEPLOY_SEED={seed}, or {again}")
            raise
    return outcomes


def run(seed: int, *, forks: bool) -> Counter[str]:
    """
    Run one set of sequences, and return how often each outcome occurred.

    Args:
        forks: Whether the main thread also forks children.
    """
    chance = random.Random(seed)  # noqa: S311 - to repeat a run, not for secrets
    received: list[str] = []
    with FakeGitHub() as fake:
        fake.add_repository(SHARED)
        fake.webhooks.subscribe(lambda delivery: received.append(delivery.delivery_id), events=["*"])
        received.clear()
        names = ["octocat/main", *(f"octocat/thread-{number}" for number in range(3))]
        names += [f"octocat/task-{number}" for number in range(2)]
        actors = [Actor(fake, f"{seed} {name}", name) for name in names]
        problems: list[BaseException] = []

        def guarded(work: Callable[[], object]) -> None:
            try:
                work()
            except BaseException as problem:  # noqa: BLE001 - raised in the main thread
                problems.append(problem)

        async def tasks() -> None:
            await asyncio.gather(*(actor.work_as_task(5) for actor in actors[4:]))

        works: list[Callable[[], object]] = [lambda actor=actor: actor.work(6) for actor in actors[1:4]]  # type: ignore[misc]
        works.append(lambda: asyncio.run(tasks()))
        threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        main = actors[0]
        for _ in range(8):
            main.be_interrupted(chance.randrange(1, 900))
        if forks and hasattr(os, "fork") and chance.random() < 0.3:
            main.fork()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a thread hangs"
        if problems:
            raise problems[0]
        main.compare()
        fake.add_repository("octocat/last").add_deployment(ref="main")  # makes what an interrupted call has left
        _check_shared(fake, actors)
        _check_events(fake, received)
    return sum((actor.outcomes for actor in actors), Counter())


def _check_shared(fake: FakeGitHub, actors: list[Actor]) -> None:
    """Let the model repeat the changes of the shared repository in the order of their events."""
    model = Model(SHARED)
    for event in fake.events:
        if event.repository != SHARED:
            continue
        deployment = event.payload["deployment"]
        if event.name == "deployment":
            model.deploy(deployment["id"], SHARED, deployment)
        else:
            model.set_status(model.deployments[deployment["id"]], event.payload["deployment_status"]["state"])
    assert state_of(fake, SHARED) == model.state(SHARED)
    made = [number for actor in actors for number in actor.shared]
    assert sorted(made) == sorted(model.deployments)


def _check_events(fake: FakeGitHub, received: list[str]) -> None:
    """Check that ids are unique and rise, and that deliveries were made once each and in order."""
    store = engine_of(fake).store
    numbers = [row.id for table in store.tables().values() for row in table]
    assert len(set(numbers)) == len(numbers)
    sent = [event.delivery_id for event in fake.events]
    assert len(set(sent)) == len(sent)
    for name in ("deployment", "deployment_status"):
        ids = [event.payload[name]["id"] for event in fake.events.named(name)]
        assert ids == sorted(ids), name
    assert received == [guid for guid in sent if guid in set(received)]
    left = {delivery.delivery_id: delivery for delivery in fake.webhooks.deliveries if delivery.state == "waiting"}
    assert set(sent) - set(received) <= set(left), "a delivery was lost"
    assert all("KeyboardInterrupt" in delivery.reason for delivery in left.values())
