"""
Invariants of pull requests that hold for any sequence of pushes and requests.

What the fake derives, such as a test merge, is compared with its definition after every step.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests
from client import API, REPO
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.fake import engine_of
from pytest_ghdeploy.github.merges import MergeConflict

PULLS = f"{API}{REPO}/pulls"
BRANCHES = st.sampled_from(["main", "a", "b", "c"])
PLACES = st.integers(0, 20)
FILES = st.sampled_from(["one.txt", "two.txt"])
TEXTS = st.sampled_from(["x", "y", "z"])
SELDOM = st.sampled_from([False, False, False, True])
METHODS = st.sampled_from(["merge", "squash", "rebase"])


class PullRequests(RuleBasedStateMachine):
    """One repository with a few branches, which are pushed to, deleted and merged in any order."""

    def __init__(self) -> None:
        """Make a fake that nobody has used."""
        super().__init__()
        self.fake = FakeGitHub()
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = "token any-token-will-do"
        self.heads: dict[int, str] = {}

    @initialize(deletes=st.booleans())
    def start(self, *, deletes: bool) -> None:
        """Create a repository with four branches, each with a commit of its own."""
        self.fake.open()
        self.repo = self.fake.add_repository("octocat/example")
        self.http.patch(API + REPO, json={"delete_branch_on_merge": deletes}).raise_for_status()
        for name in "abc":
            self.repo.add_branch(name)
            self.repo.add_commit(name)

    def teardown(self) -> None:
        """Close the fake, and raise problems that went unnoticed."""
        self.http.close()
        self.fake.close()
        engine_of(self.fake).raise_problem()

    @property
    def graph(self) -> Any:  # noqa: ANN401 - a Graph
        """The commits and refs."""
        return self.repo._graph

    def pull_of(self, place: int) -> Any:  # noqa: ANN401 - a row or None
        """Pick a pull request."""
        rows = list(engine_of(self.fake).store.pull_requests)
        return rows[place % len(rows)] if rows else None

    def ask(self, method: str, path: str, body: dict[str, object]) -> requests.Response:
        """Send a request, which may be refused."""
        reply = self.http.request(method, f"{PULLS}{path}", json=body)
        assert reply.status_code < 500, reply.text
        return reply

    # Pushes

    @rule(branch=BRANCHES, path=FILES, text=TEXTS)
    def commit(self, branch: str, path: str, text: str) -> None:
        """Commit in Python, which is silent."""
        if branch in self.graph.branches:
            self.repo.add_commit(branch, files={path: text})

    @rule(branch=BRANCHES, start=BRANCHES, force=SELDOM)
    def move(self, branch: str, start: str, *, force: bool) -> None:
        """Create a branch or, seldom, move it by force, even back to a commit that others have."""
        if start in self.graph.branches and (force or branch not in self.graph.branches):
            refs, sha = f"{API}{REPO}/git/refs", self.graph.branches[start]
            if branch in self.graph.branches:
                self.http.patch(f"{refs}/heads/{branch}", json={"sha": sha, "force": True}).raise_for_status()
            else:
                self.http.post(refs, json={"ref": f"refs/heads/{branch}", "sha": sha}).raise_for_status()

    @rule(base=BRANCHES, head=BRANCHES, merge=SELDOM)
    def merge_branches(self, base: str, head: str, *, merge: bool) -> None:
        """Merge one branch into another, seldom, which may merge pull requests."""
        if not merge:
            return
        reply = self.http.post(f"{API}{REPO}/merges", json={"base": base, "head": head})
        assert reply.status_code in (201, 204, 404, 409), reply.text

    @rule(branch=BRANCHES, delete=SELDOM)
    def delete(self, branch: str, *, delete: bool) -> None:
        """Delete a branch, seldom, which closes pull requests."""
        if delete:
            self.http.delete(f"{API}{REPO}/git/refs/heads/{branch}")

    # Pull requests

    @rule(head=BRANCHES, base=st.sampled_from(["main", "main", "a", "b"]))
    def open(self, head: str, base: str) -> None:
        """Open a pull request; it succeeds exactly if there is something to merge that no other one would."""
        branches = self.graph.branches
        is_new = not any(row.state == "open" and (row.head_ref, row.base_ref) == (head, base) for row in self.rows())
        exist = head in branches and base in branches
        has_commits = exist and branches[head] not in self.graph.ancestors(branches[base])
        reply = self.ask("POST", "", {"head": head, "base": base, "title": "T"})
        assert (reply.status_code == 201) == (is_new and has_commits), reply.text

    @rule(place=PLACES, method=METHODS)
    def merge(self, place: int, method: str) -> None:
        """Merge one; a clean one merges."""
        if row := self.pull_of(place):
            state = self.http.get(f"{PULLS}/{row.number}").json()
            reply = self.ask("PUT", f"/{row.number}/merge", {"merge_method": method})
            possible = state["state"] == "open" and state["rebaseable" if method == "rebase" else "mergeable"]
            assert (reply.status_code == 200) == possible, reply.text
            assert reply.status_code in (200, 405)

    @rule(
        place=PLACES, change=st.sampled_from([{"state": "open"}, {"state": "closed"}, {"base": "a"}, {"base": "main"}])
    )
    def change(self, place: int, change: dict[str, object]) -> None:
        """Close, reopen or retarget one."""
        if row := self.pull_of(place):
            assert self.ask("PATCH", f"/{row.number}", change).status_code in (200, 422)

    @rule(place=PLACES)
    def update_head(self, place: int) -> None:
        """Merge the base into the head."""
        if row := self.pull_of(place):
            assert self.ask("PUT", f"/{row.number}/update-branch", {}).status_code in (202, 422)

    # Invariants

    def rows(self) -> list[Any]:
        """List the pull requests."""
        return list(engine_of(self.fake).store.pull_requests)

    @invariant()
    def an_open_one_has_something_to_merge(self) -> None:
        """Check that its branches exist, its head is that of its branch, and no other one has the same two."""
        branches = self.graph.branches
        rows = [row for row in self.rows() if row.state == "open"]
        for row in rows:
            assert branches[row.head_ref] == row.head_sha
            assert row.head_sha not in self.graph.ancestors(branches[row.base_ref])
        assert not [pair for pair, count in Counter((row.head_ref, row.base_ref) for row in rows).items() if count > 1]

    @invariant()
    def refs_are_what_they_should_be(self) -> None:
        """Keep the head for ever, and a test merge exactly while it is open and merges cleanly."""
        for row in self.rows():
            assert self.repo.sha(f"refs/pull/{row.number}/head") == row.head_sha
            reply = self.http.get(f"{API}{REPO}/git/ref/pull/{row.number}/merge")
            assert reply.ok == (row.state == "open" and self.is_clean(row)), row
            if reply.ok:
                merge = self.graph.commits[reply.json()["object"]["sha"]]
                assert merge.parents == (self.graph.branches[row.base_ref], row.head_sha)

    def is_clean(self, row: Any) -> bool:  # noqa: ANN401 - a row
        """Return whether the branches of an open pull request merge."""
        try:
            self.graph.merged_tree(self.graph.branches[row.base_ref], row.head_sha)
        except MergeConflict:
            return False
        return True

    @invariant()
    def responses_show_the_state(self) -> None:
        """Compare what reading finds out with the refs, and the commits with the definition."""
        for row in self.rows():
            shown = self.http.get(f"{PULLS}/{row.number}").json()
            if row.state == "open":
                clean = self.is_clean(row)
                assert (shown["mergeable"], shown["mergeable_state"]) == (clean, "clean" if clean else "dirty")
                base = self.graph.ancestors(self.graph.branches[row.base_ref])
                assert shown["commits"] == len(self.graph.ancestors(row.head_sha) - base)
            if row.merged:
                assert (shown["state"], shown["merged"], shown["mergeable"]) == ("closed", True, None)
                assert shown["merge_commit_sha"] in self.graph.commits

    @invariant()
    def events_tell_the_history(self) -> None:
        """Check that each was opened once, and that its last opening or closing is its state."""
        last: dict[int, str] = {}
        opened: list[int] = []
        for event in self.fake.events.named("pull_request"):
            number = event.payload["number"]
            if event.action == "opened":
                opened.append(number)
            if event.action in ("opened", "closed", "reopened"):
                assert (event.action == "closed") == (event.payload["pull_request"]["state"] == "closed")
                last[number] = "closed" if event.action == "closed" else "open"
        assert opened == [row.number for row in self.rows()]
        assert last == {row.number: row.state for row in self.rows()}


def test_any_sequence_keeps_the_invariants() -> None:
    """All of them hold after each step."""
    run_state_machine_as_test(
        PullRequests,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
