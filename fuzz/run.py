"""
Send random requests to all endpoints and check every response against GitHub's description.

Usage: ``make fuzz``, or ``python fuzz/run.py [--requests N] [--sequences N] [--seed S]``. Bodies
are made from the operations' own schemas, and some are then damaged. Paths name
existing, deleted and unknown things. Tokens, versions, media types and
conditions vary. Optional members of bodies are sometimes null, and filters have no value.

Every response and event is checked against our schemas and, if ``make clients``
has fetched it, against GitHub's own description. The run ends with the request
that caused a crash, an invalid response, or a refusal without a hint or with a
side effect.

Then random sequences of requests run under threads, tasks, forks and
interruptions, and are compared with a model: see ``tests/support/sequences.py``.
Each of them has a seed of its own, from S on, which a failure names. How the
threads take turns is not repeated.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.fake import engine_of
from pytest_ghdeploy.github.rules.repositories import UNSUPPORTED_SETTINGS
from pytest_ghdeploy.http import router, schema

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import githubs_description
import sequences
import signing

Json = Any
"""Any JSON value."""

SURE = 0.95
"""The share of requests for existing things."""

TOKENS: list[dict[str, Any]] = [
    {"user": "octocat"},
    {"user": "octocat", "scopes": ["repo", "delete_repo"]},
    {"user": "octocat", "scopes": ["repo_deployment"]},
    {"user": "octocat", "permissions": {"deployments": "write", "contents": "write", "administration": "write"}},
    {"user": "hubot", "scopes": ["repo"]},
    {"user": "deployer[bot]", "permissions": {"deployments": "write", "checks": "write", "actions": "read"}},
    {"user": "github-actions[bot]", "permissions": {"deployments": "write", "checks": "write", "statuses": "write"}},
    {"user": "octocat", "app": "gate"},
    {"user": "hubot", "app": "gate"},
]
ACCEPTED = [
    "*/*",
    "application/vnd.github+json",
    "application/vnd.github.ant-man-preview+json, application/json;q=0.5",
    "application/vnd.github.raw+json",
    "application/vnd.github.sha",
    "application/vnd.github.diff",
    "text/html",
]
FRESH_AFTER = 400
"""Requests after which a new fake begins, so that its state stays small and varied."""

TABLES = {
    "branch_policy_id": "deployment_branch_policies",
    "comment_id": "commit_comments",
    "delivery_id": "hook_deliveries",
    "key_id": "deploy_keys",
    "status_id": "deployment_statuses",
}
TEXTS = [
    "",
    "main",
    "topic",
    "a/b",
    "ä ö",
    "x" * 256,
    "null",
    "production",
    "v1",
    "README.md",
    "\\",
    '"',
    "%2F",
    " ",
    "0",
]
WRONG_VALUES: list[Json] = [
    None,
    True,
    -1,
    0,
    2**70,
    1.5,
    "",
    "text",
    [],
    [None],
    {},
    {"a": {"b": []}},
    "\u2028",
    "x" * 2000,
]
FILTERS = [
    *("affiliation", "app_id", "author", "before", "check_name", "committer", "content", "cursor", "direction"),
    *("environment", "filter", "page", "path", "per_page", "permission", "protected", "ref", "sha", "since", "sort"),
    *("status", "task", "type", "until", "visibility"),
]
KEYS = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Sd+7DKN0qjpGXcPKpQl2yJN5Q6tSGkTTFqyAMwMYc comment",
    "ssh-ed25519 AAAA",
    "no key",
]


class Fuzzer:
    """One run: a source of random numbers, a fake, and the responses so far."""

    def __init__(self, seed: int) -> None:
        """Prepare a run. The same *seed* repeats it."""
        self.random = random.Random(seed)  # noqa: S311 - to repeat a run, not for secrets
        self.endpoints = [
            (endpoint, path)
            for endpoint in router.endpoints().values()
            for path in endpoint.paths
            for _ in range(4 if schema.takes_body(endpoint.operation_id) else 1)  # these change the state
        ]
        self.outcomes: Counter[str] = Counter()
        self.tags: dict[str, str] = {}
        self.added = [f"the-token-number-{number}" for number in range(len(TOKENS))]
        self.issued: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Start a new fake, and fill it."""
        self.fake = FakeGitHub(validate="all")
        self.engine = engine_of(self.fake)
        self.tags.clear()
        repo = self.fake.add_repository("octocat/example")
        repo.add_branch("topic")
        repo.add_branch("stale", behind=2)
        repo.add_branch("clash")
        repo.add_merge_conflict("clash")
        repo.add_tag("v1", "main")
        repo.add_commit_status("topic", state="failure", context="ci")
        repo.add_check_run("main", name="build", status="queued")
        job = "https://github.com/octocat/example/actions/runs/30/job/41"
        repo.add_check_run("main", name="job", status="in_progress", details_url=job)
        repo.add_deployment(ref="main", environment="qa").add_status("success")
        repo.add_environment("production", reviewers=["octocat"])
        repo.add_commit("main", files={"README.md": "a text", "docs/a.md": "another"})
        repo.add_deploy_key("a key", KEYS[0])
        repo.add_commit_comment("main", "Looks good.")
        repo.add_branch("change")
        repo.add_commit("change")
        repo.add_pull_request("change", labels=["bug"]).add_comment("Deploying")
        repo.add_label("preview")
        repo.add_collaborator("hubot", permission=self.random.choice(["pull", "push", "admin"]))
        branch_policies = {"protected_branches": False, "custom_branch_policies": True}
        staging = repo.add_environment("staging", deployment_branch_policy=branch_policies)
        staging.add_secret("DEPLOY_KEY")
        staging.add_variable("REGION", "eu")
        repo.add_release("v1.0")
        repo.add_release("draft", draft=True)
        repo.add_branch_rule("release/**/*", "update")
        self.fake.add_user("octo-org", type="Organization")
        self.fake.add_repository("octo-org/app")
        self.gate = self.fake.add_app("gate", private_key=signing.private_key())
        self.fake.webhooks.subscribe(lambda _: None, repository="octocat/example")
        for path, body in (
            ("deployment-branch-policies", {"name": "main"}),
            ("deployment_protection_rules", {"integration_id": next(iter(self.engine.store.apps)).id}),
        ):
            self.engine.answer(
                "POST",
                f"{self.fake.base_url}/repos/octocat/example/environments/staging/{path}",
                {"user-agent": "fuzz", "authorization": "token any-token-will-do"},
                json.dumps(body).encode(),
            )
        self.fake.add_repository("octocat/other", private=True).add_deployment(ref="main")
        if self.random.random() < 0.5:
            for text, token in zip(self.added, TOKENS, strict=True):
                self.fake.add_token(text, **token)
        installation = self.gate.install("octocat", repositories=["octocat/example"])
        self.issued = [installation.token(), installation.user_token("octocat"), installation.user_token("hubot")]

    # Requests

    def ids(self) -> list[int]:
        """List the ids of all rows in the fake."""
        return [row.id for table in self.engine.store.tables().values() for row in table]

    def likely_ids(self, name: str, template: str, chosen: dict[str, str]) -> list[int]:
        """List the ids of existing rows that fit a parameter and those *chosen* before it in the path."""
        if name == "repository_id":
            return [self.fake.repository("octocat/example").id]
        kind = TABLES.get(name, f"{name.removesuffix('_id')}s")
        if name == "comment_id" and "/issues/" in template:
            kind = "issue_comments"
        table, here = self.engine.store.tables().get(kind, ()), self.fake.repository("octocat/example").id
        return [
            row.id
            for row in table
            if getattr(row, "repository_id", here) == here
            and str(getattr(row, "deployment_id", "")) in chosen.get("deployment_id", "")
        ]

    def parameter(self, name: str, template: str, chosen: dict[str, str]) -> str:
        """Make a value for a path parameter."""
        choose, sure = self.random.choice, self.random.random() < (0.99 if name in ("owner", "repo") else SURE)
        store, graph = self.engine.store, self.fake.repository("octocat/example")._graph  # noqa: SLF001
        if name.endswith("_id"):
            likely = self.likely_ids(name, template, chosen)
            return str(choose(likely if likely and sure else [*self.ids(), 1, "x", "9" * 30]))
        refs = [*graph.names(), "HEAD"]
        qualified = [*(f"heads/{branch}" for branch in graph.branches), *(f"tags/{tag}" for tag in graph.tags)]
        likely_texts: dict[str, list[str]] = {
            "owner": ["octocat"],
            "repo": ["example"] * 30 + ["other"],
            "username": ["octocat", "hubot"],
            "issue_number": ["1", "1", "2"],
            "pull_number": ["1", "1", "2"],
            "environment_name": ["staging"] * 3 + [row.name for row in store.environments],
            "secret_name": ["DEPLOY_KEY"],
            "app_slug": ["gate", "github-actions"],
            "name": ["bug", "preview", "kind/x"] if "/labels/" in template else ["REGION"],
            "tag": ["v1.0", *graph.tags],
            "org": ["octo-org"],
            "basehead": [f"{choose(refs)}...{choose(refs)}"],
            "path": [path for commit in graph.commits.values() for path in commit.tree] + ["new.txt", "docs"],
            "branch": list(graph.branches),
            "sha": list(graph.commits),
            "commit_sha": [*graph.commits, *graph.names()],
            "file_sha": list(graph.blobs),
            "tag_sha": list(graph.annotated_tags),
            "tree_sha": [*graph._trees, *graph.commits, *refs],  # noqa: SLF001
            "namespace": ["heads", "tags"],
            "ref": qualified if "/git/" in template else [*refs, *graph.commits, *qualified],
        }
        return choose(likely_texts[name] if sure and likely_texts.get(name) else [*TEXTS, *refs, "OctoCat", "qa"])

    def path(self, template: str) -> str:
        """Make a path from *template*."""
        safe = self.random.choice(["", "/", "/"])
        chosen: dict[str, str] = {}

        def choose(match: re.Match[str]) -> str:
            name = match[1]
            chosen[name] = self.parameter(name, template, chosen)
            return quote(chosen[name], safe="" if name == "environment_name" else safe)

        return re.sub(r"\{(\w+)\}", choose, template)

    def value(self, described: dict[str, Json], depth: int = 0) -> Json:
        """Make a value that mostly conforms to a schema."""
        choose = self.random.choice
        if "enum" in described:
            return choose(described["enum"])
        for alternatives in ("anyOf", "oneOf"):
            if alternatives in described:
                return self.value({**described, alternatives: [], **choose(described[alternatives])}, depth)
        kinds = described.get("type", "object")
        kind = choose(kinds) if isinstance(kinds, list) else kinds
        if kind == "object":
            members = described.get("properties", {})
            names = set(described.get("required", ())) | {name for name in members if self.random.random() < 0.4}
            return {name: self.member(described, name, depth) for name in members if name in names}
        if kind == "array":
            items = described.get("items", {"type": "string"})
            return [self.value(items, depth + 1) for _ in range(self.random.randrange(3))]
        values: dict[str, Json] = {
            "string": choose([*TEXTS, "success", "https://example.com/1", "2026-03-10T12:00:00Z", "bWFpbg=="]),
            "integer": choose([0, 1, 30, 43_200, 43_201, *self.ids()]),
            "number": 1.5,
            "boolean": choose([True, False]),
            "null": None,
        }
        return values[kind]

    def member(self, described: dict[str, Json], name: str, depth: int) -> Json:
        """Make a value for a member of an object; an optional one is sometimes null, as clients send it."""
        if name not in described.get("required", ()) and self.random.random() < 0.1:
            return None
        return self.value(self.existing(name, described["properties"][name]), depth + 1)

    def query(self) -> str:
        """Make a query: pages and filters, of which some have no value."""
        choose = self.random.choice
        if self.random.random() < 0.4:
            return choose(["", "per_page=1", "page=0&per_page=x", "ref=main&environment=qa", "sha=main"])
        names = self.random.sample(FILTERS, k=choose([1, 2, 3, len(FILTERS)]))
        values = [quote(choose(TEXTS)) if self.random.random() < 0.2 else "" for _ in names]
        return "&".join(f"{name}={value}" for name, value in zip(names, values, strict=True))

    def existing(self, name: str, described: dict[str, Json]) -> dict[str, Json]:
        """Replace a member's schema by one for values that exist in the fake, if they are known."""
        graph = self.fake.repository("octocat/example")._graph  # noqa: SLF001
        known: dict[str, list[Json]] = {
            "ref": [*graph.names(), "HEAD", "refs/heads/new", "refs/tags/new", "refs/pull/7/merge", "nothing"],
            "base": list(graph.branches),
            "head": [*graph.branches, "v1"],
            "branch": list(graph.branches),
            "sha": [*graph.commits, *graph.blobs],
            "head_sha": list(graph.commits),
            "key": KEYS,
            "object": list(graph.commits),
            "tree": list(graph._trees),  # noqa: SLF001
            "base_tree": [*graph._trees, *graph.commits],  # noqa: SLF001
            "mode": ["100644", "100755", "040000", "120000", "160000", "40000"],
            "path": ["a.txt", "docs/a.md", "docs", "/a", ""],
        }
        is_text = "string" in described.get("type", ())
        return {"enum": known[name]} if name in known and is_text and self.random.random() < 0.9 else described

    def body(self, operation_id: str) -> bytes:
        """Make a body for an operation, sometimes an invalid one."""
        if not schema.takes_body(operation_id):
            return b""
        described = schema.load(operation_id)["$defs"]["request"]
        body = self.value(described)
        if isinstance(body, dict) and self.random.random() < 0.9:  # otherwise most requests would be unsupported
            body = {name: value for name, value in body.items() if name not in UNSUPPORTED_SETTINGS}
        if self.random.random() < 0.3 and isinstance(body, dict):
            for name in self.random.sample([*described.get("properties", {}), "unknown"], k=1):
                body[name] = self.random.choice(WRONG_VALUES)
        if self.random.random() < 0.02:
            return self.random.choice([b"{", b"\xff", b"[1]", b"nul", b"\x00", b'"a"', b"1e999", b'{"ref":"\\ud800"}'])
        return json.dumps(body).encode()

    # Responses

    def is_gone(self) -> bool:
        """
        Return whether the repository has been deleted or renamed.

        The same is true if it has been archived for long enough, or the app has been unable to act for as long.
        """
        store = self.engine.store
        repository = store.repository("octocat/example")
        can_act = any(row.suspended_at is None for row in store.installations)
        is_stuck = repository is None or repository.settings.archived or not can_act
        return repository is None or (is_stuck and self.random.random() < 0.05)

    def state(self) -> tuple[object, ...]:
        """Copy everything that a refusal must not change."""
        store = self.engine.store
        tables = {name: (table.next_id, list(table)) for name, table in store.tables().items()}
        graphs = [store.git(row) for row in store.repositories]
        return tables, [(dict(graph.branches), dict(graph.tags)) for graph in graphs], len(self.fake.events)

    def headers(self, url: str, caller: str) -> dict[str, str]:
        """Make the headers of a request to an endpoint for a kind of *caller*."""
        choose, often = self.random.choice, self.random.random
        headers = {
            "user-agent": "fuzz",
            "authorization": self.authorization(caller),
            "accept": choose(ACCEPTED) if often() < 0.2 else "*/*",
            "accept-encoding": choose(["gzip, deflate", "identity"]),
        }
        if often() < 0.4:
            headers["x-github-api-version"] = choose(["2022-11-28"] * 4 + ["2026-03-10"] * 5 + ["v3"])
        if often() < 0.6 and url in self.tags:
            headers["if-none-match"] = self.tags[url]
        if often() < 0.1:
            del headers[choose(["user-agent", "authorization", "accept"])]
        return headers

    def authorization(self, caller: str) -> str:
        """Make a header with a token, mostly of the kind that *caller* says."""
        choose, often = self.random.choice, self.random.random
        fits = often() < 0.9
        if (caller == "jwt" and fits) or often() < 0.02:
            wrong: dict[str, Any] = choose([{}, {}, {}, {"exp": None}, {"iat": "now"}, {"iss": "nobody"}])
            return f"Bearer {signing.signed(self.fake, self.gate, **wrong)}"
        is_of_app = often() < 0.1 or (caller in ("installation", "user_access") and fits)
        return f"token {choose(self.issued if is_of_app else self.added)}"

    def send(self) -> None:
        """Send one request and check the response."""
        endpoint, template = self.random.choice(self.endpoints)
        url = f"{self.fake.base_url}{self.path(template)}?{self.query()}"
        method = self.random.choice([endpoint.method] * 30 + ["HEAD", "OPTIONS", "TRACE"])
        body = self.body(endpoint.operation_id)
        if self.tags and self.random.random() < 0.05:
            method, url, body = "GET", self.random.choice([*self.tags]), b""
        headers, before = self.headers(url, endpoint.caller), self.state()
        request = f"{method} {url}\n  {headers}\n  {body!r}"
        try:
            answer = self.engine.answer(method, url, headers, body)
        except UnsupportedRequest:
            self.engine.take_problem()
            self.outcomes["unsupported"] += 1
            return
        except Exception:
            print(request, file=sys.stderr)
            raise
        self.outcomes[f"{answer.status}"] += 1
        if "ETag" in answer.headers:
            self.tags[url] = answer.headers["ETag"]
        is_refusal = answer.status >= 400
        is_error = answer.status >= 500 and method != "TRACE"  # which GitHub has nowhere, so it is a 501
        if is_error or (is_refusal and (not answer.hint or self.state() != before)):
            msg = f"{request}\n  {answer.status} {answer.body!r}\n  hint: {answer.hint!r}"
            raise AssertionError(msg)


def check_against_github() -> None:
    """Compare every response and event with GitHub's own description too."""
    ours_answer, ours_event = schema.check_answer, schema.check_event

    def check_answer(operation_id: str, status: int, body: object, *, version: str = githubs_description.OLDER) -> None:
        ours_answer(operation_id, status, body, version=version)
        githubs_description.check_answer(operation_id, status, body, version)

    def check_event(name: str, payload: object) -> None:
        ours_event(name, payload)
        githubs_description.check_event(name, payload)

    schema.check_answer, schema.check_event = check_answer, check_event


def main() -> int:
    """Send the requests, run the sequences, and print how often each outcome occurred."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--sequences", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if githubs_description.is_fetched():
        check_against_github()
    fuzzer = Fuzzer(arguments.seed)
    for number in range(1, arguments.requests + 1):
        fuzzer.send()
        if number % FRESH_AFTER == 0 or fuzzer.is_gone():
            fuzzer.begin()
    print(f"{arguments.requests:,} requests, seed {arguments.seed}: {counted(fuzzer.outcomes)}")
    outcomes = sequences.run_many(arguments.seed, arguments.sequences, forks=True)
    print(f"{arguments.sequences:,} sequences, seeds from {arguments.seed} on: {counted(outcomes)}")
    return 0


def counted(outcomes: Counter[str]) -> str:
    """Write how often each outcome occurred."""
    return ", ".join(f"{count} x {outcome}" for outcome, count in sorted(outcomes.items()))


if __name__ == "__main__":
    sys.exit(main())
