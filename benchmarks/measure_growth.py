"""
Measure how the cost of calls, reports and waits grows with the state of a fake.

``run.py`` runs this in a separate environment. Each case is measured at a size and
at four times that size. The output is one JSON object: by case, both sizes, the
shortest times in microseconds, and the limit in milliseconds at the larger size.

To add a case, write a generator with ``@grows``. It takes the size, prepares the
state and yields the call to measure, as often as it can be measured.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from typing import NamedTuple

import jwt
import requests

from pytest_ghdeploy import FakeGitHub, Repository
from pytest_ghdeploy.admin.endpoints import ENDPOINTS, read
from pytest_ghdeploy.fake import engine_of

FACTOR = 4
API = "https://api.github.com/repos/octocat/example"

Call = Callable[[], object]
session = requests.Session()
session.headers["Authorization"] = "token a-token-for-the-benchmark"


class Case(NamedTuple):
    """
    A call whose cost may grow.

    Attributes:
        size: The smaller size.

        limit: The longest time at the larger size in milliseconds, ``None`` for work that is as large as the size.
    """

    size: int
    limit: float | None
    prepare: Callable[[int], Generator[Call]]


CASES: dict[str, Case] = {}


def grows(what: str, size: int, *, limit: float | None = 50) -> Callable[[Callable[[int], Generator[Call]]], None]:
    """Register a case, described as *what*. See ``Case``."""

    def register(prepare: Callable[[int], Generator[Call]]) -> None:
        CASES[what] = Case(size, limit, prepare)

    return register


def shortest(prepare: Callable[[int], Generator[Call]], size: int, turns: int) -> float:
    """Return the shortest time of a call, in microseconds of this thread, after at least *turns* calls."""
    taken: list[float] = []
    begun = time.perf_counter()
    with closing(prepare(size)) as calls:
        for call in calls:
            gc.collect()
            gc.freeze()  # or the time to look for garbage in a large state would count
            start = time.thread_time()
            call()
            taken.append(time.thread_time() - start)
            gc.unfreeze()
            if len(taken) >= turns and (len(taken) >= _MOST_TURNS or time.perf_counter() - begun > _SECONDS):
                break
    return min(taken) * 1e6


_MOST_TURNS, _SECONDS = 20, 0.5


def repeat(call: Call) -> Generator[Call]:
    """Yield a call that leaves the state as it was."""
    while True:
        yield call


def fails(call: Call) -> Call:
    """Return a function that makes *call*, which must raise an ``AssertionError``."""

    def failing() -> str:
        try:
            call()
        except AssertionError as problem:
            return str(problem)
        msg = "the call did not fail"
        raise RuntimeError(msg)

    return failing


@contextmanager
def fake() -> Iterator[tuple[FakeGitHub, Repository]]:
    """Create an active fake with one repository."""
    with FakeGitHub() as gh:
        yield gh, gh.add_repository("octocat/example")


def get(path: str, /, **query: object) -> Call:
    """Return a function that sends a GET request."""
    return lambda: session.get(f"{API}{path}", params=query).raise_for_status()  # type: ignore[arg-type]


# Waits and assertions


@grows("wait_for_event for each of n events", 500, limit=None)
def waits(size: int) -> Generator[Call]:
    """Wait as often as there are events."""
    while True:
        with fake() as (gh, repo):
            for _ in range(size):
                repo.add_deployment(ref="main")
            yield lambda gh=gh: [gh.wait_for_event("deployment") for _ in range(size)]  # type: ignore[misc]


@grows("wait_for_event for each of n events by a field", 500, limit=None)
def waits_with_field(size: int) -> Generator[Call]:
    """Wait for the events in the opposite order."""
    while True:
        with fake() as (gh, repo):
            for number in range(size):
                repo.add_deployment(ref="main", environment=f"env-{number}")
            yield lambda gh=gh: [  # type: ignore[misc]
                gh.wait_for_event("deployment", environment=f"env-{number}") for number in reversed(range(size))
            ]


@grows("wait_for_event among n events that do not match", 2_500)
def waits_in_vain(size: int) -> Generator[Call]:
    """Wait for an event that is not there."""
    while True:
        with fake() as (gh, repo):
            for number in range(size):
                repo.add_deployment(ref="main", environment=f"env-{number}")
            yield fails(lambda gh=gh: gh.wait_for_event("deployment", timeout=0, environment="qa"))  # type: ignore[misc]


@grows("the first failing assert_event among n events", 2_500)
def first_miss(size: int) -> Generator[Call]:
    """Look for an event before any payload was read."""
    while True:
        with fake() as (gh, repo):
            for number in range(size):
                repo.add_deployment(ref="main", environment=f"env-{number % 100}")
            yield fails(lambda gh=gh: gh.assert_event("deployment", environment="qa"))  # type: ignore[misc]


@grows("assert_no_event among n events", 2_500)
def no_event(size: int) -> Generator[Call]:
    """Look for an event by its creator."""
    with fake() as (gh, repo):
        gh.add_user("hubot")
        for _ in range(size):
            repo.add_deployment(ref="main")
        yield from repeat(lambda: gh.assert_no_event("deployment", creator="hubot"))


@grows("a passing assert_events, n events", 500)
def orders(size: int) -> Generator[Call]:
    """Compare events with as many wanted ones."""
    with fake() as (gh, repo):
        for number in range(size):
            repo.add_deployment(ref="main", environment=f"env-{number}")
        wanted = [("deployment", {"environment": f"env-{number}"}) for number in range(size)]
        yield from repeat(lambda: gh.assert_events(wanted))


@grows("a failing assert_events, n wanted among 5 n", 100)
def wrong_orders(size: int) -> Generator[Call]:
    """Compare wanted events with recorded ones that do not match them."""
    with fake() as (gh, repo):
        for number in range(5 * size):
            repo.add_deployment(ref="main", environment=f"env-{number}")
        wanted = [("deployment", {"environment": f"env-{number * 5 + number % 2}"}) for number in range(size)]
        yield from repeat(fails(lambda: gh.assert_events([*wanted, "push"])))


@grows("a failing assert_events, n wanted of one kind among 5 n", 100)
def wrong_number(size: int) -> Generator[Call]:
    """Compare wanted events with recorded ones that all match them."""
    with fake() as (gh, repo):
        for _ in range(5 * size):
            repo.add_deployment(ref="main")
        yield from repeat(fails(lambda: gh.assert_events(["deployment"] * size)))


@grows("a failing assert_delivery among n deliveries", 1_000)
def delivery_miss(size: int) -> Generator[Call]:
    """Look for a delivery that is not there."""
    with fake() as (gh, repo):
        gh.webhooks.subscribe(lambda _: None)
        for _ in range(size):
            repo.add_deployment(ref="main")
        yield from repeat(fails(lambda: gh.assert_delivery("deployment", status_code=500)))


# Setup from Python


@grows("add_branch and add_tag, n times", 500, limit=None)
def branches(size: int) -> Generator[Call]:
    """Add branches and tags."""

    def add(repo: Repository) -> None:
        for number in range(size):
            repo.add_branch(f"topic/{number}")
            repo.add_tag(f"v{number}", "main")

    while True:
        with fake() as (_, repo):
            yield partial(add, repo)


@grows("add_branch from a ref and add_commit, n times", 500, limit=None)
def branches_from(size: int) -> Generator[Call]:
    """Add branches at a commit that is not the latest."""

    def add(repo: Repository) -> None:
        for number in range(size):
            repo.add_branch(f"topic-{number}", from_ref="start")
            repo.add_commit("main", files={"a.txt": str(number)})

    while True:
        with fake() as (_, repo):
            repo.add_branch("start")
            yield partial(add, repo)


@grows("add_branch that is n behind", 2_500)
def branch_behind(size: int) -> Generator[Call]:
    """Extend the history."""
    while True:
        with fake() as (_, repo):
            yield lambda repo=repo: repo.add_branch("topic", behind=size)  # type: ignore[misc]


@grows("add_check_run, n times", 500, limit=None)
def check_runs(size: int) -> Generator[Call]:
    """Report on a commit."""
    while True:
        with fake() as (_, repo):
            yield lambda repo=repo: [  # type: ignore[misc]
                repo.add_check_run("main", name=f"job-{number}") for number in range(size)
            ]


@grows("add_check_run in a suite of its own, n times", 500, limit=None)
def check_suites(size: int) -> Generator[Call]:
    """Report on a commit from many workflows."""
    while True:
        with fake() as (_, repo):
            yield lambda repo=repo: [  # type: ignore[misc]
                repo.add_check_run("main", name="job", check_suite=f"workflow-{number}") for number in range(size)
            ]


@grows("a commit by git/*, in one folder with n files and n commits", 500)
def commits_by_git(size: int) -> Generator[Call]:
    """Change one file of many: a blob, a tree and a commit, and look the tree up by its SHA."""
    with fake() as (_, repo):
        repo.add_commit("main", files={f"src/{number}.txt": "x" for number in range(size)})
        for number in range(size):
            repo.add_commit("main", files={f"src/{number}.txt": "y"})
        head, tree = repo.sha("main"), ""

        def commit() -> None:
            nonlocal head, tree
            item = {"path": "src/0.txt", "mode": "100644", "content": head}
            tree = session.post(f"{API}/git/trees", json={"base_tree": tree or head, "tree": [item]}).json()["sha"]
            body = {"message": "m", "tree": tree, "parents": [head]}
            head = session.post(f"{API}/git/commits", json=body).json()["sha"]
            session.get(f"{API}/git/trees/{tree}").raise_for_status()

        yield from repeat(commit)


@grows("commits by git/* with whole trees, n times", 100, limit=None)
def whole_trees(size: int) -> Generator[Call]:
    """Make a tree of a folder and one of the folder in the root, as programs do that read no base tree."""

    def add() -> None:
        head = ""
        for number in range(size):
            item = {"path": "a.txt", "mode": "100644", "content": str(number)}
            folder = session.post(f"{API}/git/trees", json={"tree": [item]}).json()["sha"]
            items = [{"path": f"{name}", "mode": "040000", "type": "tree", "sha": folder} for name in "abc"]
            tree = session.post(f"{API}/git/trees", json={"tree": items}).json()["sha"]
            body = {"message": "m", "tree": tree, "parents": [head] if head else []}
            head = session.post(f"{API}/git/commits", json=body).json()["sha"]

    while True:
        with fake():
            yield add


@grows("GET an archive with n files", 500, limit=None)
def archives(size: int) -> Generator[Call]:
    """Pack all files."""
    with fake() as (_, repo):
        repo.add_commit("main", files={f"src/{number}.txt": "x" for number in range(size)})
        yield from repeat(lambda: session.get("https://codeload.github.com/octocat/example/zip/main"))


@grows("add_commit_status after n branches and commits", 1_000)
def commit_statuses(size: int) -> Generator[Call]:
    """Report on the first commit, which is in all branches."""
    with fake() as (_, repo):
        first = repo.sha("main")
        for number in range(size):
            repo.add_branch(f"topic-{number}")
            repo.add_commit("main", files={"a.txt": str(number)})
        yield from repeat(lambda: repo.add_commit_status(first, state="success"))


@grows("add_commit_status, n times", 500, limit=None)
def many_commit_statuses(size: int) -> Generator[Call]:
    """Report on a commit."""
    while True:
        with fake() as (_, repo):
            yield lambda repo=repo: [  # type: ignore[misc]
                repo.add_commit_status("main", state="success", context=f"ci-{number}") for number in range(size)
            ]


@grows("add_commit, n times", 500, limit=None)
def commits(size: int) -> Generator[Call]:
    """Add files."""
    while True:
        with fake() as (_, repo):
            yield lambda repo=repo: [repo.add_commit("main") for _ in range(size)]  # type: ignore[misc]


@grows("add rows of other kinds, n times", 250, limit=None)
def accounts(size: int) -> Generator[Call]:
    """Add environments, collaborators, users, apps, teams and tokens."""

    def add(gh: FakeGitHub, repo: Repository) -> None:
        for number in range(size):
            repo.add_environment(f"env-{number}")
            repo.add_collaborator(f"mona-{number}")
            gh.add_user(f"hubot-{number}")
            gh.add_app(f"app-{number}")
            gh.add_team("octo-org", f"Team {number}")
            gh.add_token(f"token-{number:08}", user=f"hubot-{number}")

    while True:
        with fake() as (gh, repo):
            yield partial(add, gh, repo)


@grows("add_repository and add_deployment, n times", 250, limit=None)
def many_repositories(size: int) -> Generator[Call]:
    """Add repositories with a deployment each."""
    while True:
        with fake() as (gh, _):
            yield lambda gh=gh: [  # type: ignore[misc]
                gh.add_repository(f"octocat/repo-{number}").add_deployment(ref="main") for number in range(size)
            ]


@grows("add_merge_conflict with n files", 2_500)
def conflicts(size: int) -> Generator[Call]:
    """Make two branches conflict."""
    with fake() as (_, repo):
        repo.add_commit("main", files={f"src/{number}.txt": "x" for number in range(size)})
        for number in count():
            repo.add_branch(f"topic-{number}")
            yield lambda number=number: repo.add_merge_conflict(f"topic-{number}")  # type: ignore[misc]


@grows("the properties of a repository with n rows of each kind", 1_000)
def properties(size: int) -> Generator[Call]:
    """Read lists of handles."""
    with fake() as (gh, repo):
        for number in range(size):
            repo.add_deployment(ref="main", environment=f"env-{number}")
        yield from repeat(lambda: (repo.deployments, repo.environments, repo.deploy_keys, gh.webhooks.deliveries))


@grows("an unknown name among n", 2_500)
def unknown_name(size: int) -> Generator[Call]:
    """Mistype the name of a branch."""
    with fake() as (_, repo):
        for number in range(size):
            repo.add_branch(f"feature/login-{number}")
        yield from repeat(lambda: session.get(f"{API}/branches/feature/logon-{size // 2}"))


def many_pull_requests(repo: Repository, size: int) -> None:
    """Open pull requests into main, each from a branch of its own."""
    for number in range(size):
        repo.add_branch(f"topic-{number}")
        repo.add_commit(f"topic-{number}")
        repo.add_pull_request(f"topic-{number}")


@grows("GET a pull request after each push, n commits", 2_500)
def long_history(size: int) -> Generator[Call]:
    """Merge the newest commits as a test each time."""
    with fake() as (_, repo):
        repo.add_branch("old", behind=size)
        repo.add_branch("topic")
        repo.add_commit("topic")
        repo.add_pull_request("topic")
        read = get("/pulls/1")
        while True:
            repo.add_commit("topic")
            yield read


@grows("GET one of n pull requests, and pages of them", 500)
def pages_of_pull_requests(size: int) -> Generator[Call]:
    """List with filters and without, and show one."""
    with fake() as (_, repo):
        many_pull_requests(repo, size)
        calls = [
            get(f"/pulls/{size // 2}"),
            get("/pulls", per_page=30),
            get("/pulls", head=f"octocat:topic-{size // 2}", state="all"),
            get(f"/git/ref/pull/{size // 2}/merge"),
        ]
        yield from repeat(lambda: [call() for call in calls])


@grows("pull requests of a commit, n pull requests", 500)
def pull_requests_of_a_commit(size: int) -> Generator[Call]:
    """Look for the pull requests that have a commit."""
    with fake() as (_, repo):
        many_pull_requests(repo, size)
        yield from repeat(get("/commits/topic-1/pulls"))


@grows("a push to the base of n pull requests", 250)
def push_to_base(size: int) -> Generator[Call]:
    """Find out which of them it merges."""
    with fake() as (_, repo):
        many_pull_requests(repo, size)
        for number in count():
            body = {"message": "Add", "content": "YQ=="}
            yield lambda number=number, body=body: session.put(  # type: ignore[misc]
                f"{API}/contents/new/{number}.txt", json=body
            ).raise_for_status()


@grows("opening and merging a pull request, n others are open", 250)
def open_and_merge(size: int) -> Generator[Call]:
    """Use a branch of its own each time."""

    def work(number: int) -> None:
        body = {"title": "Add", "head": f"mine-{number}", "base": "main"}
        opened = session.post(f"{API}/pulls", json=body)
        session.put(f"{API}/pulls/{opened.json()['number']}/merge").raise_for_status()

    with fake() as (_, repo):
        many_pull_requests(repo, size)
        for number in count():
            repo.add_branch(f"mine-{number}")
            repo.add_commit(f"mine-{number}")
            yield partial(work, number)


@grows("reading a pull request with n reviews into a protected branch", 1_000)
def reviews(size: int) -> Generator[Call]:
    """Find out whether a pull request is approved."""
    with fake() as (gh, repo):
        repo.protect_branch("main", required_contexts=["ci"], required_approvals=1)
        repo.add_branch("topic")
        repo.add_commit("topic")
        pull_request = repo.add_pull_request("topic")
        for number in range(size):
            gh.add_user(f"mona-{number}")
            pull_request.add_review("APPROVED", user=f"mona-{number}")
        yield from repeat(get("/pulls/1"))


@grows("the newest page of n reviews", 1_000)
def pages_of_reviews(size: int) -> Generator[Call]:
    """List reviews by users who have committed nothing."""
    with fake() as (gh, repo):
        gh.add_user("mona")
        repo.add_branch("topic")
        repo.add_commit("topic")
        pull_request = repo.add_pull_request("topic")
        for _ in range(size):
            pull_request.add_review("COMMENTED", user="mona")
        yield from repeat(get("/pulls/1/reviews", per_page=30, page=size // 30))


@grows("a seed with n rows", 500, limit=None)
def seeds(size: int) -> Generator[Call]:
    """Seed deployments, branches and environments."""
    seed = {
        "repositories": [
            {
                "full_name": "octocat/seeded",
                "branches": [f"topic-{number}" for number in range(size)],
                "environments": [f"env-{number}" for number in range(size)],
                "deployments": [{"ref": "main", "environment": f"env-{number}"} for number in range(size)],
            }
        ]
    }
    while True:
        with fake() as (gh, _):
            yield lambda gh=gh: gh.seed(seed)  # type: ignore[misc]


@grows("reset after n requests", 1_000)
def resets(size: int) -> Generator[Call]:
    """Remove everything."""
    with fake() as (gh, _):
        while True:
            repo = gh.repository("octocat/example")
            for _ in range(size):
                repo.add_deployment(ref="main")
                session.get(f"{API}/deployments?per_page=1")
            yield gh.reset
            gh.add_repository("octocat/example")


# Third parties


@grows("add_deployment under a waiting deployer, n times", 500, limit=None)
def waiting_deployer(size: int) -> Generator[Call]:
    """Create deployments that all wait for a poll."""
    while True:
        with fake() as (gh, repo):
            gh.deployer(None)
            yield lambda repo=repo: [  # type: ignore[misc]
                repo.add_deployment(ref="main", environment=f"env-{number}") for number in range(size)
            ]


@grows("clock.tick, n steps of a deployer due at different times", 250, limit=None)
def due_deployer(size: int) -> Generator[Call]:
    """Move the clock past all steps."""
    while True:
        with fake() as (gh, repo):
            gh.deployer(None, steps=["queued", "success"], after_seconds=size)
            for number in range(size):
                repo.add_deployment(ref="main", environment=f"env-{number}")
                gh.clock.tick(1)
            yield lambda gh=gh: gh.clock.tick(2 * size)  # type: ignore[misc]


@grows("one event with n hooks", 250)
def hooks(size: int) -> Generator[Call]:
    """Deliver to many receivers."""
    with fake() as (gh, repo):
        for _ in range(size):
            gh.webhooks.subscribe(lambda _: None, events=["deployment"])
        yield from repeat(lambda: repo.add_deployment(ref="main"))


@grows("subscribe and delete a hook, n times", 250, limit=None)
def subscribe(size: int) -> Generator[Call]:
    """Add hooks, then delete them."""

    def add_and_delete(gh: FakeGitHub) -> None:
        hooks = [gh.webhooks.subscribe(lambda _: None, events=["deployment"]) for _ in range(size)]
        for hook in hooks:
            hook.delete()

    while True:
        with fake() as (gh, _):
            yield partial(add_and_delete, gh)


@grows("drop n held deliveries", 250, limit=None)
def drops(size: int) -> Generator[Call]:
    """Drop held deliveries one by one."""
    while True:
        with fake() as (gh, repo):
            gh.webhooks.subscribe(lambda _: None, events=["deployment"])
            gh.webhooks.hold()
            for _ in range(size):
                repo.add_deployment(ref="main")
            yield lambda gh=gh: [gh.webhooks.drop(delivery) for delivery in gh.webhooks.held]  # type: ignore[misc]


@grows("held deliveries of n deleted hooks", 250, limit=None)
def orphans(size: int) -> Generator[Call]:
    """Drop deliveries whose hooks no longer exist."""
    while True:
        with fake() as (gh, repo):
            for _ in range(size):
                gh.webhooks.subscribe(lambda _: None, events=["deployment"])
            gh.webhooks.hold()
            repo.add_deployment(ref="main")
            yield lambda gh=gh: [hook.delete() for hook in gh.webhooks.hooks] and gh.webhooks.held  # type: ignore[misc]


# Requests


@grows("POST a deployment with n required contexts", 1_000)
def required_contexts(size: int) -> Generator[Call]:
    """Require contexts that are all successful."""
    with fake() as (_, repo):
        names = [f"context-{number}" for number in range(size)]
        for name in names:
            repo.add_check_run("main", name=name)
        body = {"ref": "main", "required_contexts": names}
        yield from repeat(lambda: session.post(f"{API}/deployments", json=body).raise_for_status())


@grows("a 409 for n required contexts", 1_000)
def missing_contexts(size: int) -> Generator[Call]:
    """Require contexts that were not reported."""
    with fake() as (_, repo):
        for number in range(size):
            repo.add_check_run("main", name=f"other-{number}")
        body = {"ref": "main", "required_contexts": [f"context-{number}" for number in range(size)]}
        yield from repeat(lambda: session.post(f"{API}/deployments", json=body))


@grows("GET lists about a commit with n reports", 1_000)
def reports(size: int) -> Generator[Call]:
    """List commit statuses and check runs."""
    with fake() as (_, repo):
        for number in range(size):
            repo.add_check_run("main", name=f"job-{number}")
            repo.add_commit_status("main", state="success", context=f"ci-{number}")
        paths = ("/commits/main/check-runs", "/commits/main/status", "/commits/main/statuses")
        yield from repeat(lambda: [get(path)() for path in paths])


@grows("GET commits by path among n commits", 2_500)
def commits_by_path(size: int) -> Generator[Call]:
    """List the commits that changed a file."""
    with fake() as (_, repo):
        repo.add_branch("topic", behind=size)
        yield from repeat(get("/commits", path="README.md", per_page=1))


@grows("GET a page of commits among n commits and files", 1_000)
def pages_of_commits(size: int) -> Generator[Call]:
    """List the latest commits."""
    with fake() as (_, repo):
        for _ in range(size):
            repo.add_commit("main")
        yield from repeat(get("/commits"))


@grows("GET contents and a commit, n files in folders", 2_500)
def contents(size: int) -> Generator[Call]:
    """List the root of a large repository, and show a file and a commit."""
    with fake() as (_, repo):
        files = {f"src/{number % 100}/{number}.txt": f"file {number}\n" for number in range(size)}
        repo.add_commit("main", files=files)
        repo.add_commit("main")
        paths = ("/contents", "/contents/src/0/0.txt", "/contents/src/0", "/commits/main")
        yield from repeat(lambda: [get(path)() for path in paths])


@grows("PUT a file beside n files", 2_500)
def put_file(size: int) -> Generator[Call]:
    """Commit a file over REST."""
    with fake() as (_, repo):
        repo.add_commit(
            "main", files={f"src/{number % 100}/{number}.txt": f"file {number}\n" for number in range(size)}
        )
        for number in count():
            body = {"message": "Add a file", "content": "YQ=="}
            yield lambda number=number, body=body: session.put(  # type: ignore[misc]
                f"{API}/contents/new/{number}.txt", json=body
            ).raise_for_status()


@grows("GET a comparison of n commits", 2_500)
def comparison(size: int) -> Generator[Call]:
    """Compare two branches."""
    with fake() as (_, repo):
        repo.add_branch("topic", behind=size)
        yield from repeat(get("/compare/topic...main", per_page=1))


@grows("a 202 that merges n commits", 2_500)
def merges(size: int) -> Generator[Call]:
    """Merge the default branch on deployment."""
    with fake() as (_, repo):
        repo.add_branch("start", behind=size)
        for number in count():
            repo.add_branch(f"topic-{number}", from_ref="start")
            repo.add_commit(f"topic-{number}")
            body = {"ref": f"topic-{number}"}
            yield lambda body=body: session.post(f"{API}/deployments", json=body).raise_for_status()  # type: ignore[misc]


@grows("a 202 that merges n commits with a file each", 2_500)
def merges_of_files(size: int) -> Generator[Call]:
    """Merge commits that changed many files."""
    with fake() as (_, repo):
        repo.add_branch("start")
        for _ in range(size):
            repo.add_commit("main")
        for number in count():
            repo.add_branch(f"topic-{number}", from_ref="start")
            repo.add_commit(f"topic-{number}")
            body = {"ref": f"topic-{number}"}
            yield lambda body=body: session.post(f"{API}/deployments", json=body).raise_for_status()  # type: ignore[misc]


@grows("POST and PATCH a ref after n branches and commits", 1_000)
def refs(size: int) -> Generator[Call]:
    """Create and move branches over REST."""
    with fake() as (_, repo):
        first = repo.sha("main")
        for number in range(size):
            repo.add_branch(f"topic-{number}")
            repo.add_commit("main")
        latest = repo.sha("main")

        def create_and_move(number: int) -> None:
            body = {"ref": f"refs/heads/new-{number}", "sha": first}
            session.post(f"{API}/git/refs", json=body).raise_for_status()
            session.patch(f"{API}/git/refs/heads/new-{number}", json={"sha": latest}).raise_for_status()

        for number in count():
            yield partial(create_and_move, number)


@grows("POST a ref to an unknown object after n commits", 1_000)
def unknown_object(size: int) -> Generator[Call]:
    """Look for a tree with the SHA."""
    with fake() as (_, repo):
        for _ in range(size):
            repo.add_commit("main")
        body = {"ref": "refs/heads/topic", "sha": "f" * 40}
        yield from repeat(lambda: session.post(f"{API}/git/refs", json=body))


@grows("GET refs, branches and tags, n of each", 1_000)
def lists_of_refs(size: int) -> Generator[Call]:
    """List branches and tags."""
    with fake() as (_, repo):
        for number in range(size):
            repo.add_branch(f"topic-{number}")
            repo.add_tag(f"v{number}", "main")
        yield from repeat(lambda: [get(path)() for path in ("/branches", "/tags", "/git/refs", "/git/ref/heads/main")])


@grows("GET lists of a repository with n rows of each kind", 1_000)
def lists(size: int) -> Generator[Call]:
    """List deployments, statuses, environments, collaborators, comments, labels and deliveries."""
    with fake() as (gh, repo):
        gh.webhooks.subscribe(lambda _: None, repository=repo.full_name)
        hook = gh.webhooks.hooks[0].id
        first = repo.add_deployment(ref="main")
        repo.add_branch("topic")
        repo.add_commit("topic")
        pull = repo.add_pull_request("topic")
        for number in range(size):
            repo.add_environment(f"env-{number}")
            repo.add_collaborator(f"user-{number}")
            first.add_status("queued")
            repo.add_commit_comment("main", "text", user=f"user-{number}")
            repo.add_label(f"label-{number}")
            pull.add_comment("text", user=f"user-{number}")
        paths = ("/deployments", f"/deployments/{first.id}/statuses", "/environments", "/collaborators",
                 f"/hooks/{hook}/deliveries", "/hooks", "/keys", "/comments", "/labels",
                 "/issues/1/comments", "/issues/comments", "/issues", "/issues/1")  # fmt: skip
        yield from repeat(lambda: [get(path)() for path in paths])


@grows("a 404 for a deployment status among n", 1_000)
def unknown_status(size: int) -> Generator[Call]:
    """Ask for a deployment status that does not exist."""
    with fake() as (_, repo):
        deployment = repo.add_deployment(ref="main")
        for _ in range(size):
            deployment.add_status("queued")
        yield from repeat(lambda: session.get(f"{API}/deployments/{deployment.id}/statuses/1"))


@grows("a success that retires n deployments", 250, limit=None)
def retirements(size: int) -> Generator[Call]:
    """Report success while many others are active."""
    while True:
        with fake() as (_, repo):
            rows = [repo.add_deployment(ref="main", environment="qa") for _ in range(size)]
            for row in rows:
                row.add_status("success", auto_inactive=False)
            last = repo.add_deployment(ref="main", environment="qa")
            yield lambda last=last: last.add_status("success")  # type: ignore[misc]


@grows("n deployments to production that succeed", 250, limit=None)
def successes(size: int) -> Generator[Call]:
    """Deploy to an environment in which a success retires nothing."""
    while True:
        with fake() as (_, repo):
            yield lambda repo=repo: [  # type: ignore[misc]
                repo.add_deployment(ref="main").add_status("success") for _ in range(size)
            ]


@grows("create and delete n deployments and hooks beside n", 100, limit=None)
def deletions(size: int) -> Generator[Call]:
    """Delete over REST what was created."""
    hook = {"config": {"url": "http://127.0.0.1:9/"}, "active": False}

    def change() -> None:
        for _ in range(size):
            for path, body in (("deployments", {"ref": "main"}), ("hooks", hook)):
                number = session.post(f"{API}/{path}", json=body).json()["id"]
                session.delete(f"{API}/{path}/{number}").raise_for_status()

    with fake() as (gh, repo):
        for _ in range(size):
            repo.add_deployment(ref="main").add_status("success")
            gh.webhooks.subscribe(lambda _: None, events=["push"])
        yield from repeat(change)


@grows("create, rename and delete a repository beside n", 1_000)
def repositories(size: int) -> Generator[Call]:
    """Change one of many repositories."""
    with fake() as (gh, _):
        for number in range(size):
            gh.add_repository(f"octocat/repo-{number}").add_deployment(ref="main")

        def change() -> None:
            repo = gh.add_repository("octocat/new")
            repo.rename("octocat/renamed")
            session.delete("https://api.github.com/repos/octocat/renamed").raise_for_status()

        yield from repeat(change)


@grows("a request after n tokens of n users", 1_000)
def tokens(size: int) -> Generator[Call]:
    """Authenticate with one of many tokens."""
    with fake() as (gh, repo):
        for number in range(size):
            gh.add_token(f"token-{number:08}", user=f"user-{number}")
            repo.add_collaborator(f"user-{number}")
        headers = {"Authorization": "token token-00000000"}
        yield from repeat(lambda: session.get(API, headers=headers).raise_for_status())


@grows("an exchange of a JSON web token after n exchanges of n apps", 500)
def exchanges(size: int) -> Generator[Call]:
    """Sign once, and exchange that for tokens."""
    with fake() as (gh, _):
        for number in range(size):
            gh.add_app(f"app-{number}").install("octocat").token()
        app = gh.add_app("deployer")
        number, now = app.install("octocat").id, int(gh.clock.now.timestamp())
        token = jwt.encode({"iss": app.client_id, "iat": now, "exp": now + 600}, app.private_key, "RS256")
        url = f"https://api.github.com/app/installations/{number}/access_tokens"
        yield from repeat(lambda: session.post(url, headers={"Authorization": f"Bearer {token}"}).raise_for_status())


# Records and reports


@grows("requests after n requests", 2_500)
def recorded_requests(size: int) -> Generator[Call]:
    """Look at the record."""
    with fake() as (gh, _):
        for _ in range(size):
            session.get(f"{API}/deployments?per_page=1")
        yield from repeat(lambda: gh.requests)


def long_conversation(size: int) -> FakeGitHub:
    """Fill the record with requests, events and deliveries, and return the fake, which is closed."""
    with fake() as (gh, repo):
        gh.webhooks.subscribe(lambda _: None)
        for _ in range(size):
            session.get(f"{API}/deployments?per_page=1")
            repo.add_deployment(ref="main")
    return gh


@grows("the conversation after n requests and deliveries", 1_000)
def conversations(size: int) -> Generator[Call]:
    """Write the conversation as text."""
    yield from repeat(long_conversation(size).conversation.text)


@grows("the diagram after n requests and deliveries", 1_000)
def diagrams(size: int) -> Generator[Call]:
    """Draw the conversation."""
    yield from repeat(long_conversation(size).conversation.mermaid)


@grows("the diagram of n receivers with the same name", 100)
def receivers(size: int) -> Generator[Call]:
    """Draw many receivers."""
    with fake() as (gh, repo):
        for _ in range(size):
            gh.webhooks.subscribe(lambda _: None, events=["deployment"])
        repo.add_deployment(ref="main")
        yield from repeat(gh.conversation.diagram)


@grows("views of n events", 2_500)
def events(size: int) -> Generator[Call]:
    """Read the list of events."""
    with fake() as (gh, repo):
        for _ in range(size):
            repo.add_deployment(ref="main")
        yield from repeat(lambda: (gh.events.named("deployment"), gh.events[-1], list(gh.events), repr(gh.events)))


@grows("the news of n requests, line by line", 500, limit=None)
def news(size: int) -> Generator[Call]:
    """Write the lines of `ghdeploy serve`."""

    def send() -> None:
        for _ in range(size):
            session.get(f"{API}/deployments?per_page=1")
            transcript.news()

    while True:
        with fake() as (gh, _):
            transcript = engine_of(gh).transcript
            yield send


@grows("a failing assert_request among n different requests", 500)
def request_miss(size: int) -> Generator[Call]:
    """Look for a request that was not sent."""
    with fake() as (gh, _):
        for number in range(size):
            session.get(f"{API}/deployments/{number}")
        yield from repeat(fails(lambda: gh.assert_request("POST", "/repos/octocat/example/deployments")))


@grows("n faults for n requests", 250, limit=None)
def faults(size: int) -> Generator[Call]:
    """Let each request fail in its own way."""

    def send() -> None:
        for _ in range(size):
            session.get(f"{API}/deployments")

    while True:
        with fake() as (gh, _):
            for _ in range(size):
                gh.faults.add(method="GET", status=502)
            yield send


@grows("the report of n unused faults after n requests", 500)
def unused_faults(size: int) -> Generator[Call]:
    """Explain why faults were not used."""
    gh = FakeGitHub()
    with closing(gh):
        gh.open()
        gh.add_repository("octocat/example")
        for _ in range(size):
            gh.faults.add(method="DELETE", status=502)
        for _ in range(size):
            session.get(f"{API}/deployments?per_page=1")
        yield from repeat(engine_of(gh).list_problems)


@grows("a request after n stubs", 1_000)
def stubs(size: int) -> Generator[Call]:
    """Ask for what no stub answers."""
    with fake() as (gh, _):
        for number in range(size):
            gh.stub("GET", f"/repos/octocat/example/pulls/{number}", json={})
        yield from repeat(get("/deployments"))


@grows("the events of an admin client, n events", 250, limit=None)
def admin_events(size: int) -> Generator[Call]:
    """Filter the events by a field."""
    with fake() as (gh, repo):
        for number in range(size):
            repo.add_deployment(ref="main", environment=f"env-{number % 2}")
        endpoint = next(endpoint for endpoint in ENDPOINTS if endpoint.path == "events/{event}")
        yield from repeat(lambda: read(gh, endpoint, {"event": "deployment"}, {"environment": "env-1"}))


# Redaction


def polled(gh: FakeGitHub, size: int) -> None:
    """Send requests, each with another token."""
    gh.add_repository("octocat/example")
    for number in range(size):
        requests.get(f"{API}/deployments", headers={"Authorization": f"token a-token-{number:06d}"}, timeout=10)


@grows("read all n requests after a new token, with n tokens before", 2_000, limit=None)
def redactions(size: int) -> Generator[Call]:
    """Redact every request again."""
    with FakeGitHub() as gh:
        polled(gh, size)
        while True:
            list(gh.requests)
            requests.get(f"{API}/tags", headers={"Authorization": f"token {time.perf_counter_ns()}"}, timeout=10)
            yield lambda: list(gh.requests)


@grows("a look at the last of n requests", 2_500)
def looks(size: int) -> Generator[Call]:
    """Read one request after another."""
    with FakeGitHub() as gh:
        polled(gh, size)
        yield from repeat(lambda: gh.requests[-1])


@grows("the report of a failed test after n requests with n tokens", 2_000, limit=None)
def failed_reports(size: int) -> Generator[Call]:
    """Write the conversation, which is shortened."""
    with FakeGitHub() as gh:
        polled(gh, size)
        yield from repeat(gh.conversation.text)


@grows("the report of a failed test after n refusals", 2_000, limit=None)
def folded_reports(size: int) -> Generator[Call]:
    """Write the conversation for a report: repetitions are counted, and the middle is left out."""
    with FakeGitHub() as gh:
        gh.add_repository("octocat/example")
        for number in range(size):
            session.get(f"{API}/branches/{number if number % 7 else number % 5}")
        yield from repeat(lambda: gh._engine.report_text(100))  # noqa: SLF001 - what the plugin calls


@grows("POST a body with n members named token", 5_000, limit=None)
def secret_members(size: int) -> Generator[Call]:
    """Learn n secrets, and hide them in the record."""
    members = ", ".join(f'"token": "value-{number:06d}"' for number in range(size))
    body = f"{{{members}}}"
    while True:
        with FakeGitHub() as gh:
            gh.add_repository("octocat/example")
            yield lambda gh=gh: (session.post(f"{API}/deployments", data=body), gh.requests[0])  # type: ignore[misc]


def main() -> None:
    """Measure all cases and print the result."""
    turns = int(sys.argv[1])
    measured = {
        what: {
            "size": case.size,
            "larger": case.size * FACTOR,
            "limit": case.limit,
            "at size": shortest(case.prepare, case.size, turns),
            "at larger": shortest(case.prepare, case.size * FACTOR, turns),
        }
        for what, case in CASES.items()
        if len(sys.argv) < 3 or sys.argv[2] in what
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
