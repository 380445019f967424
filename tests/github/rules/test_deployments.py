"""GitHub's decisions about deployments and deployment statuses, as tables without a store or HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from refused import error_in, too_long

from pytest_ghdeploy.github.assumptions import Assumptions
from pytest_ghdeploy.github.model import App, Deployment, User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import deployments as rules
from pytest_ghdeploy.github.rules.deployments import Context
from pytest_ghdeploy.github.rules.environments import environment_key

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DEFAULTS = Assumptions()
OCTOCAT = User(1, "octocat", "User", NOW)


def _deployment(number: int, **changes: Any) -> Deployment:  # noqa: ANN401 - fields of a deployment
    fields: dict[str, Any] = {
        "repository_id": 100,
        "sha": "a" * 40,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "original_environment": "staging",
        "environment": "staging",
        "description": None,
        "creator": OCTOCAT,
        "created_at": NOW,
        "updated_at": NOW,
        "transient_environment": False,
        "production_environment": False,
        "state": "success",
    }
    fields |= changes
    return Deployment(id=number, environment_key=environment_key(fields["environment"]), **fields)


# Who acts

APP = App(8329, "vercel", "vercel", OCTOCAT, NOW, {}, (), "Iv1.3")
BOT = User(2, "vercel[bot]", "Bot", NOW, app_id=APP.id)
OTHER_BOT = User(3, "other[bot]", "Bot", NOW, app_id=APP.id + 1)


@pytest.mark.parametrize(
    ("actor", "app", "expected"),
    [
        (OCTOCAT, None, None),
        (BOT, None, None),
        (BOT, APP, None),
        (OCTOCAT, APP, APP),
        (OTHER_BOT, APP, APP),
    ],
    ids=["personal access token", "unrestricted token of a bot", "app as itself", "app for a user", "app for a bot"],
)
def test_an_app_is_named_if_it_acts_for_another_account(actor: User, app: App | None, expected: App | None) -> None:
    """Payloads captured from 2021 to 2024 name an app that acts for a user, and no app that acts as itself."""
    assert rules.performed_via(actor, app) is expected


# auto_merge


@pytest.mark.parametrize(
    ("behind", "is_branch", "merges_cleanly", "expected"),
    [
        (False, False, False, "skip"),
        (False, False, True, "skip"),
        (False, True, False, "skip"),
        (False, True, True, "skip"),
        (True, False, False, "conflict"),
        (True, False, True, "conflict"),
        (True, True, False, "conflict"),
        (True, True, True, "merge"),
    ],
)
def test_only_a_branch_that_is_behind_and_merges_cleanly_is_merged(
    *, behind: bool, is_branch: bool, merges_cleanly: bool, expected: str
) -> None:
    """A tag or SHA that is behind is always a conflict, since a merge commit needs a branch."""
    assert rules.auto_merge(behind=behind, is_branch=is_branch, merges_cleanly=merges_cleanly) == expected


# required_contexts

CI, LINT, MAIN, MAIN_2 = (
    Context("ci/tests", "success"),
    Context("Lint", "failure"),
    Context("main", "success"),
    Context("main", "pending"),
)


@pytest.mark.parametrize(
    ("reported", "required", "expected"),
    [
        ([], None, []),
        ([CI, LINT], None, [CI, LINT]),
        ([MAIN, CI, MAIN_2], None, [MAIN, CI, MAIN_2]),
        ([CI, LINT], [], []),
        ([], ["ci/tests"], [Context("ci/tests", "pending")]),
        ([CI, LINT], ["ci/tests"], [CI]),
        ([CI, LINT], ["never"], [Context("never", "pending")]),
        ([CI, LINT], ["Lint", "never", "ci/tests"], [LINT, Context("never", "pending"), CI]),
        ([CI, LINT], ["CI/Tests"], [CI]),
        ([CI, LINT], ["lint"], [LINT]),
        ([MAIN, CI, MAIN_2], ["main"], [MAIN, MAIN_2]),
        ([CI], ["ci"], [Context("ci", "pending")]),
        ([CI, LINT], ["ci/tests", "ci/tests"], [CI]),
    ],
    ids=[
        "all of none",
        "all",
        "all, with a repeated name",
        "none required",
        "one required, none reported",
        "one of two",
        "never reported is pending",
        "in the order of the request",
        "upper case in the request",
        "upper case in the report",
        "both of a repeated name",
        "part of a name is another name",
        "required twice",
    ],
)
def test_required_contexts_select_the_contexts_to_check(
    reported: list[Context], required: list[str] | None, expected: list[Context]
) -> None:
    """None selects all and [] none. Names are compared without case, and a name without a report is pending."""
    assert rules.contexts_to_check(reported, required) == expected


@pytest.mark.parametrize(
    ("state", "blocks"),
    [
        ("success", False),
        ("failure", True),
        ("error", True),
        ("pending", True),
        ("skipped", True),
        ("cancelled", True),
        ("neutral", True),
        ("stale", True),
        ("timed_out", True),
        ("action_required", True),
    ],
)
def test_every_state_but_success_blocks_a_deployment(*, state: str, blocks: bool) -> None:
    """Skipped and cancelled check runs block a deployment too."""
    context = Context("ci", state)
    assert rules.unmet_contexts([context], DEFAULTS) == [context] * blocks


def test_neutral_passes_affects_neutral_check_runs_only() -> None:
    """With neutral_passes, a neutral check run does not block a deployment. A skipped one still does."""
    contexts = [Context("a", "neutral"), Context("b", "skipped"), Context("c", "success")]
    assert rules.unmet_contexts(contexts, Assumptions(neutral_passes=True)) == [Context("b", "skipped")]


def test_unmet_contexts_keep_order_and_repetition() -> None:
    """A name that fails twice is listed twice, in the order of the reports."""
    contexts = [Context("b", "failure"), Context("x", "success"), Context("a", "error"), Context("b", "failure")]
    assert rules.unmet_contexts(contexts, DEFAULTS) == [contexts[0], contexts[2], contexts[3]]


@pytest.mark.parametrize(("one", "other"), [("CI/Build", "ci/build"), ("STRASSE", "strasse"), ("a", "A")])
def test_contexts_are_compared_without_case(one: str, other: str) -> None:
    """Contexts that differ only in case have the same key."""
    assert rules.context_key(one) == rules.context_key(other)


@pytest.mark.parametrize(("one", "other"), [("ci", "ci/"), ("ci", " ci"), ("a b", "a-b")])
def test_only_case_is_ignored_in_contexts(one: str, other: str) -> None:
    """White space and punctuation make a different context."""
    assert rules.context_key(one) != rules.context_key(other)


def test_a_409_lists_the_checked_contexts_or_all() -> None:
    """With list_all_contexts, the refusal also lists the commit's other contexts, each once."""
    reported, missing = [Context("ci", "success"), Context("lint", "failure")], Context("e2e", "pending")
    checked = [reported[0], missing]
    assert rules.listed_contexts(reported, checked, DEFAULTS) == checked
    assert rules.listed_contexts(reported, checked, Assumptions(list_all_contexts=True)) == [*reported, missing]


# Limits of a deployment


@pytest.mark.parametrize("environment", ["", "production", "x" * 255, "ä" * 255, "\N{ROCKET}" * 255])
def test_an_environment_of_255_characters_is_allowed(environment: str) -> None:
    """The limit is in characters, not in bytes."""
    rules.check_deployment({}, environment, DEFAULTS)


def test_an_environment_of_256_characters_is_refused() -> None:
    """The validation error names the field environment."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_deployment({}, "x" * 256, DEFAULTS)
    assert error_in(caught.value) == too_long("Deployment", "environment", 255)
    assert "256" in caught.value.hint


def _text_of(size: int) -> str:
    return "x" * (size - 2)  # two bytes for the quotes


def _object_of(size: int) -> dict[str, str]:
    return {"k": "x" * (size - len('{"k":""}'))}


@pytest.mark.parametrize(
    "payload",
    ["", {}, _text_of(65_535), _object_of(65_535), "é" * 32_766, {"é": ["é"] * 13_105}],
    ids=["empty string", "empty object", "string at the limit", "object at the limit", "two bytes each", "compact"],
)
def test_a_payload_up_to_the_limit_is_allowed(payload: dict[str, Any] | str) -> None:
    """The limit is in bytes of compact JSON in UTF-8."""
    encoded = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    assert len(encoded.encode()) <= 65_535
    rules.check_deployment(payload, "production", DEFAULTS)


@pytest.mark.parametrize("payload", [_text_of(65_536), _object_of(65_536), "é" * 32_767], ids=["text", "object", "é"])
def test_a_payload_over_the_limit_is_refused(payload: dict[str, Any] | str) -> None:
    """The limit is 65,535 bytes. The validation error names the field payload."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_deployment(payload, "production", DEFAULTS)
    assert error_in(caught.value) == too_long("Deployment", "payload", 65_535)


def test_the_payload_limit_can_be_set() -> None:
    """With payload_limit=10, 10 bytes of JSON are accepted and 11 are refused."""
    rules.check_deployment(_text_of(10), "production", Assumptions(payload_limit=10))
    with pytest.raises(Unprocessable):
        rules.check_deployment(_text_of(11), "production", Assumptions(payload_limit=10))


def test_a_payload_limit_of_0_means_no_limit() -> None:
    """With payload_limit=0, a payload of a megabyte is accepted."""
    rules.check_deployment("x" * 1_000_000, "production", Assumptions(payload_limit=0))


def test_a_too_long_environment_is_refused_before_a_too_long_payload() -> None:
    """If both limits are broken, the error names the environment."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_deployment(_text_of(65_536), "x" * 256, DEFAULTS)
    assert error_in(caught.value)["field"] == "environment"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [("production", True), ("Production", False), ("production ", False), ("production-eu", False), ("", False)],
)
def test_only_the_exact_name_production_is_a_production_environment(*, environment: str, expected: bool) -> None:
    """The default of production_environment depends on the exact name of the environment."""
    assert rules.production_by_default(environment) is expected


# Limits of a deployment status

NO_URLS = {"environment_url": "", "log_url": "", "target_url": ""}


@pytest.mark.parametrize("description", ["", "x" * 140, "\N{ROCKET}" * 140])
def test_a_description_of_140_characters_is_allowed(description: str) -> None:
    """The limit is in characters, not in bytes."""
    rules.check_deployment_status(description=description, environment="", urls=NO_URLS)


def test_a_description_of_141_characters_is_refused() -> None:
    """A description that is too long is refused, not truncated."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_deployment_status(description="x" * 141, environment="", urls=NO_URLS)
    assert error_in(caught.value) == too_long("DeploymentStatus", "description", 140)


def test_the_environment_of_a_deployment_status_has_at_most_255_characters() -> None:
    """A deployment cannot be moved to an environment whose name is too long."""
    rules.check_deployment_status(description="", environment="x" * 255, urls=NO_URLS)
    with pytest.raises(Unprocessable) as caught:
        rules.check_deployment_status(description="", environment="x" * 256, urls=NO_URLS)
    assert error_in(caught.value) == too_long("DeploymentStatus", "environment", 255)


URLS = [
    ("", True),
    ("http://example.com", True),
    ("https://example.com/a?b#c", True),
    ("HTTPS://EXAMPLE.COM", True),
    ("ftp://example.com", False),
    ("example.com", False),
    ("//example.com", False),
    ("javascript:alert(1)", False),
    ("httpx://example.com", False),
    ("http:/example.com", False),
    (" https://example.com", False),
]


@pytest.mark.parametrize("field", list(NO_URLS))
@pytest.mark.parametrize(("url", "allowed"), URLS)
def test_urls_of_a_deployment_status_are_http_or_https(*, field: str, url: str, allowed: bool) -> None:
    """A URL is empty or begins with http:// or https://, in any case. The error names the field."""
    urls = NO_URLS | {field: url}
    if allowed:
        rules.check_deployment_status(description="", environment="", urls=urls)
        return
    with pytest.raises(Unprocessable) as caught:
        rules.check_deployment_status(description="", environment="", urls=urls)
    assert error_in(caught.value) == {
        "resource": "DeploymentStatus",
        "code": "custom",
        "field": field,
        "message": f"{field} must use http(s) scheme",
    }
    assert repr(url) in caught.value.hint


# auto_inactive


@pytest.mark.parametrize(
    ("changes", "retired"),
    [
        ({}, True),
        ({"environment": "production", "original_environment": "production"}, False),
        ({"environment": "Staging"}, True),
        ({"environment": "stagingx"}, False),
        ({"original_environment": "production"}, True),
        ({"environment": "production", "original_environment": "staging"}, False),
        ({"repository_id": 101}, False),
        ({"transient_environment": True}, False),
        ({"production_environment": True}, False),
        ({"state": None}, False),
        ({"state": "error"}, False),
        ({"state": "failure"}, False),
        ({"state": "inactive"}, False),
        ({"state": "in_progress"}, False),
        ({"state": "queued"}, False),
        ({"state": "pending"}, False),
        ({"state": "success"}, True),
        ({"ref": "other", "task": "migrate", "sha": "b" * 40}, True),
    ],
    ids=repr,
)
def test_success_retires_an_earlier_success_to_the_same_environment(*, changes: dict[str, Any], retired: bool) -> None:
    """Active deployments to the same environment are retired, unless they are transient or to production."""
    other = _deployment(1, **changes)
    assert rules.superseded_by(_deployment(2), [other], DEFAULTS, auto_inactive=True) == [other] * retired


def test_success_does_not_retire_a_later_deployment() -> None:
    """When an older deployment succeeds late, the newer one stays active."""
    assert rules.superseded_by(_deployment(2), [_deployment(3)], DEFAULTS, auto_inactive=True) == []


def test_success_does_not_retire_the_deployment_itself() -> None:
    """A deployment does not supersede itself."""
    assert rules.superseded_by(_deployment(2), [_deployment(2)], DEFAULTS, auto_inactive=True) == []


@pytest.mark.parametrize("flag", ["transient_environment", "production_environment"])
def test_the_flags_of_the_earlier_deployment_count(flag: str) -> None:
    """The flags of the new deployment do not matter: a transient or production one retires others too."""
    other = _deployment(1)
    assert rules.superseded_by(_deployment(2, **{flag: True}), [other], DEFAULTS, auto_inactive=True) == [other]


def test_auto_inactive_production_retires_production_but_not_transient_ones() -> None:
    """With auto_inactive_production, a production deployment is retired unless it is also transient."""
    assume = Assumptions(auto_inactive_production=True)
    production = _deployment(1, production_environment=True)
    both = _deployment(2, production_environment=True, transient_environment=True)
    assert rules.superseded_by(_deployment(3), [both, production], assume, auto_inactive=True) == [production]


def test_retired_deployments_are_listed_oldest_first() -> None:
    """They are in the order of their creation, whatever the order of the arguments."""
    others = [_deployment(number) for number in (3, 1, 4, 2)]
    assert [row.id for row in rules.superseded_by(_deployment(9), others, DEFAULTS, auto_inactive=True)] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("state", ["error", "failure", "in_progress", "queued", "pending", "success"])
@pytest.mark.parametrize("inactive_events", [False, True])
def test_states_other_than_inactive_are_dispatched(*, state: str, inactive_events: bool) -> None:
    """Every state except inactive dispatches an event, with and without inactive_events."""
    assert rules.is_dispatched(state, Assumptions(inactive_events=inactive_events)) is True


@pytest.mark.parametrize("inactive_events", [False, True])
def test_inactive_is_dispatched_only_with_inactive_events(*, inactive_events: bool) -> None:
    """By default, the state inactive dispatches no event."""
    assert rules.is_dispatched("inactive", Assumptions(inactive_events=inactive_events)) is inactive_events


@pytest.mark.parametrize("state", [None, "error", "failure", "inactive", "in_progress", "queued", "pending", "success"])
@pytest.mark.parametrize("auto_inactive", [False, True])
def test_only_success_with_auto_inactive_retires_deployments(*, state: str | None, auto_inactive: bool) -> None:
    """Other states retire nothing, and without auto_inactive no state does."""
    retired = rules.superseded_by(_deployment(2, state=state), [_deployment(1)], DEFAULTS, auto_inactive=auto_inactive)
    assert bool(retired) is (auto_inactive and state == "success")


# Deleting a deployment


@pytest.mark.parametrize("per_repository", [False, True])
@pytest.mark.parametrize(("in_environment", "in_repository"), [(1, 1), (1, 2), (2, 2), (2, 3)])
@pytest.mark.parametrize("state", [None, "error", "failure", "inactive", "in_progress", "queued", "pending", "success"])
def test_an_active_deployment_can_be_deleted_only_if_it_is_the_only_one(
    *, state: str | None, in_environment: int, in_repository: int, per_repository: bool
) -> None:
    """Others count in its environment or, with delete_per_repository, in its repository."""
    assume = Assumptions(delete_per_repository=per_repository)
    is_only_one = (in_repository if per_repository else in_environment) == 1

    def check() -> None:
        rules.check_deletable(
            _deployment(7, state=state), in_environment=in_environment, in_repository=in_repository, assume=assume
        )

    if state != "success" or is_only_one:
        check()
        return
    with pytest.raises(Unprocessable) as caught:
        check()
    assert caught.value.message == (
        "We cannot delete an active deployment unless it is the only deployment in a given environment."
    )
    assert caught.value.errors == []


@pytest.mark.parametrize(("per_repository", "where"), [(False, "environment 'staging'"), (True, "its repository")])
def test_the_hint_names_the_environment_or_repository_with_the_others(*, per_repository: bool, where: str) -> None:
    """The hint also names the deployment."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_deletable(
            _deployment(7),
            in_environment=2,
            in_repository=2,
            assume=Assumptions(delete_per_repository=per_repository),
        )
    assert "deployment 7" in caught.value.hint
    assert where in caught.value.hint


# Assumptions


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inactive_events", False),
        ("auto_inactive_production", False),
        ("delete_per_repository", False),
        ("neutral_passes", False),
        ("short_shas", False),
        ("contexts_before_merge", False),
        ("list_all_contexts", False),
        ("payload_limit", 65_535),
        ("version_text_in_errors", False),
        ("null_is_absent", True),
        ("branch_policy_redirect", "list"),
        ("legacy_delivery_headers", False),
        ("mergeable_after", 0),
    ],
)
def test_the_defaults_follow_the_best_evidence(name: str, value: object) -> None:
    """These are the defaults that the documentation lists."""
    assert getattr(DEFAULTS, name) == value
