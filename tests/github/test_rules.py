"""GitHub's decisions as tables: what goes in, what comes out, no store and no HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.model import PERMISSIONS, Assumptions, Deployment, Repository, User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import (
    commits as commit_rules,
    deployments as deployment_rules,
    permissions as permission_rules,
)
from pytest_ghdeploy.github.rules.deployments import Context

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DEFAULTS = Assumptions()


def _user(number: int = 1, login: str = "octocat") -> User:
    return User(number, login, "User", NOW)


def _repository(*, private: bool = False) -> Repository:
    return Repository(100, _user(), "example", private, "main", NOW, NOW, NOW)


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
        "creator": _user(),
        "created_at": NOW,
        "updated_at": NOW,
        "transient_environment": False,
        "production_environment": False,
        "state": "success",
    }
    return Deployment(id=number, **(fields | changes))


def _error(refusal: Unprocessable) -> dict[str, str]:
    assert refusal.message == "Validation Failed"
    (error,) = refusal.errors
    assert isinstance(error, dict)
    return error


def _too_long(resource: str, field: str, limit: int) -> dict[str, str]:
    message = f"{field} is too long (maximum is {limit} characters)"
    return {"resource": resource, "code": "custom", "field": field, "message": message}


# Who may do what


@pytest.mark.parametrize(
    ("user", "private", "granted", "expected"),
    [
        (_user(1), False, None, "admin"),
        (_user(1), True, None, "admin"),
        (_user(1), True, "pull", "admin"),
        (_user(2), False, None, "pull"),
        (_user(2), True, None, None),
        (_user(2), False, "push", "push"),
        (_user(2), True, "push", "push"),
        (_user(2), True, "pull", "pull"),
        (_user(2), False, "admin", "admin"),
        (None, False, None, "pull"),
        (None, True, None, None),
    ],
)
def test_the_owner_may_do_all_and_others_what_is_public_or_granted(
    *, user: User | None, private: bool, granted: Permission | None, expected: Permission | None
) -> None:
    """An owner is an admin, a collaborator has the right that was granted, everyone reads what is public."""
    assert permission_rules.permission(_repository(private=private), user, granted) == expected


def test_an_owner_is_known_by_id_and_not_by_login() -> None:
    """Somebody with the owner's login but another id is not the owner."""
    assert permission_rules.permission(_repository(private=True), _user(2, "octocat"), None) is None


@pytest.mark.parametrize("needed", PERMISSIONS)
@pytest.mark.parametrize("has", PERMISSIONS)
def test_a_right_includes_the_weaker_ones(has: Permission, needed: Permission) -> None:
    """Pull, triage, push, maintain, admin: each includes itself and those before it, and none after it."""
    order = ["pull", "triage", "push", "maintain", "admin"]
    assert permission_rules.allows(has, needed) is (order.index(has) >= order.index(needed))


@pytest.mark.parametrize("needed", PERMISSIONS)
def test_no_right_allows_nothing(needed: Permission) -> None:
    """Who has no right at all may not even read."""
    assert permission_rules.allows(None, needed) is False


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
    """A tag or a commit that is behind is a conflict even where nothing clashes: there is nowhere to push to."""
    assert deployment_rules.auto_merge(behind=behind, is_branch=is_branch, merges_cleanly=merges_cleanly) == expected


# required_contexts

CI, LINT, MAIN, MAIN_2 = (
    Context("ci/tests", "success"),
    Context("Lint", "failure"),
    Context("main", "success"),
    Context("main", "pending"),
)


@pytest.mark.parametrize(
    ("found", "required", "expected"),
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
        "nothing reported, all wanted",
        "all",
        "all, with a name that comes twice",
        "none wanted",
        "one wanted, nothing reported",
        "one of two",
        "never reported is pending",
        "in the order of the request",
        "upper case in the request",
        "upper case in the report",
        "both of a name that comes twice",
        "part of a name is another name",
        "asked for twice",
    ],
)
def test_required_contexts_pick_what_gates_a_deployment(
    found: list[Context], required: list[str] | None, expected: list[Context]
) -> None:
    """None is all, [] is none, a name compares without case, and one that nobody has reported is pending."""
    assert deployment_rules.contexts_to_check(found, required) == expected


@pytest.mark.parametrize(
    ("state", "stands_in_the_way"),
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
def test_only_success_lets_a_deployment_through(*, state: str, stands_in_the_way: bool) -> None:
    """Every state and conclusion but success is unmet, skipped and cancelled ones too."""
    context = Context("ci", state)
    assert deployment_rules.unmet_contexts([context], DEFAULTS) == [context] * stands_in_the_way


def test_neutral_passes_lets_neutral_through_and_nothing_else() -> None:
    """With neutral_passes a neutral check run does not block; a skipped one still does."""
    contexts = [Context("a", "neutral"), Context("b", "skipped"), Context("c", "success")]
    assert deployment_rules.unmet_contexts(contexts, Assumptions(neutral_passes=True)) == [Context("b", "skipped")]


def test_unmet_contexts_keep_order_and_repetition() -> None:
    """A name that fails twice is listed twice, in the order of the report."""
    contexts = [Context("b", "failure"), Context("x", "success"), Context("a", "error"), Context("b", "failure")]
    assert deployment_rules.unmet_contexts(contexts, DEFAULTS) == [contexts[0], contexts[2], contexts[3]]


@pytest.mark.parametrize(("one", "other"), [("CI/Build", "ci/build"), ("STRASSE", "strasse"), ("a", "A")])
def test_contexts_compare_without_case(one: str, other: str) -> None:
    """The key of a context does not depend on case."""
    assert deployment_rules.context_key(one) == deployment_rules.context_key(other)


@pytest.mark.parametrize(("one", "other"), [("ci", "ci/"), ("ci", " ci"), ("a b", "a-b")])
def test_contexts_differ_in_all_but_case(one: str, other: str) -> None:
    """Only case is ignored in a context."""
    assert deployment_rules.context_key(one) != deployment_rules.context_key(other)


# Limits of a deployment


@pytest.mark.parametrize("environment", ["", "production", "x" * 255, "ä" * 255, "\N{ROCKET}" * 255])
def test_an_environment_of_255_characters_is_allowed(environment: str) -> None:
    """The limit of an environment's name counts characters."""
    deployment_rules.check_deployment({}, environment, DEFAULTS)


def test_an_environment_of_256_characters_is_refused() -> None:
    """One character more than 255 is a validation error of the field environment."""
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deployment({}, "x" * 256, DEFAULTS)
    assert _error(caught.value) == _too_long("Deployment", "environment", 255)
    assert "256" in caught.value.hint


def _text_of(size: int) -> str:
    return "x" * (size - 2)  # the quotes count


def _object_of(size: int) -> dict[str, str]:
    return {"k": "x" * (size - len('{"k":""}'))}


@pytest.mark.parametrize(
    "payload",
    ["", {}, _text_of(65_535), _object_of(65_535), "é" * 32_766, {"é": ["é"] * 13_105}],
    ids=["no text", "no member", "a text at the limit", "an object at the limit", "two bytes each", "compact"],
)
def test_a_payload_up_to_the_limit_is_allowed(payload: dict[str, Any] | str) -> None:
    """The limit of a payload counts the bytes of its JSON as GitHub writes it: compact, in UTF-8."""
    written = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    assert len(written.encode()) <= 65_535
    deployment_rules.check_deployment(payload, "production", DEFAULTS)


@pytest.mark.parametrize("payload", [_text_of(65_536), _object_of(65_536), "é" * 32_767], ids=["text", "object", "é"])
def test_a_payload_over_the_limit_is_refused(payload: dict[str, Any] | str) -> None:
    """One byte of JSON more than 65,535 is a validation error of the field payload."""
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deployment(payload, "production", DEFAULTS)
    assert _error(caught.value) == _too_long("Deployment", "payload", 65_535)


def test_the_payload_limit_can_be_set() -> None:
    """With payload_limit=10 a JSON of 10 bytes passes and one of 11 does not."""
    deployment_rules.check_deployment(_text_of(10), "production", Assumptions(payload_limit=10))
    with pytest.raises(Unprocessable):
        deployment_rules.check_deployment(_text_of(11), "production", Assumptions(payload_limit=10))


def test_a_payload_limit_of_0_is_no_limit() -> None:
    """With payload_limit=0 a payload of a megabyte passes."""
    deployment_rules.check_deployment("x" * 1_000_000, "production", Assumptions(payload_limit=0))


def test_an_over_long_environment_is_refused_before_an_over_long_payload() -> None:
    """Of two broken limits of a deployment the environment's is named."""
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deployment(_text_of(65_536), "x" * 256, DEFAULTS)
    assert _error(caught.value)["field"] == "environment"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [("production", True), ("Production", False), ("production ", False), ("production-eu", False), ("", False)],
)
def test_only_the_very_name_production_is_a_production_environment(*, environment: str, expected: bool) -> None:
    """A deployment is to production by default if its environment is called exactly so."""
    assert deployment_rules.production_by_default(environment) is expected


# Limits of a deployment status

NO_URLS = {"environment_url": "", "log_url": "", "target_url": ""}


@pytest.mark.parametrize("description", ["", "x" * 140, "\N{ROCKET}" * 140])
def test_a_description_of_140_characters_is_allowed(description: str) -> None:
    """The limit of a description counts characters."""
    deployment_rules.check_deployment_status(description=description, environment="", urls=NO_URLS)


def test_a_description_of_141_characters_is_refused() -> None:
    """A description is refused when too long, never cut."""
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deployment_status(description="x" * 141, environment="", urls=NO_URLS)
    assert _error(caught.value) == _too_long("DeploymentStatus", "description", 140)


def test_the_environment_of_a_deployment_status_has_255_characters_at_most() -> None:
    """A deployment cannot be moved to an environment whose name is too long."""
    deployment_rules.check_deployment_status(description="", environment="x" * 255, urls=NO_URLS)
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deployment_status(description="", environment="x" * 256, urls=NO_URLS)
    assert _error(caught.value) == _too_long("DeploymentStatus", "environment", 255)


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
def test_urls_of_a_deployment_status_are_http(*, field: str, url: str, allowed: bool) -> None:
    """A URL is empty or begins with http:// or https://, in any case; else its field is named."""
    urls = NO_URLS | {field: url}
    if allowed:
        deployment_rules.check_deployment_status(description="", environment="", urls=urls)
        return
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deployment_status(description="", environment="", urls=urls)
    assert _error(caught.value) == {
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
        ({"environment": "Staging"}, False),
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
    """Retired is what is earlier, in this repository and environment, active, not transient, not production."""
    other = _deployment(1, **changes)
    assert deployment_rules.superseded_by(_deployment(2), [other], DEFAULTS, auto_inactive=True) == [other] * retired


def test_success_does_not_retire_a_later_deployment() -> None:
    """An older deployment that succeeds late leaves the newer one active."""
    assert deployment_rules.superseded_by(_deployment(2), [_deployment(3)], DEFAULTS, auto_inactive=True) == []


def test_success_does_not_retire_the_deployment_itself() -> None:
    """A deployment does not supersede itself."""
    assert deployment_rules.superseded_by(_deployment(2), [_deployment(2)], DEFAULTS, auto_inactive=True) == []


@pytest.mark.parametrize("flag", ["transient_environment", "production_environment"])
def test_the_flags_of_the_earlier_deployment_count(flag: str) -> None:
    """What the new deployment is does not matter: a transient or production one retires others too."""
    other = _deployment(1)
    assert deployment_rules.superseded_by(_deployment(2, **{flag: True}), [other], DEFAULTS, auto_inactive=True) == [
        other
    ]


def test_auto_inactive_production_retires_production_but_not_transient_ones() -> None:
    """With auto_inactive_production a production deployment is retired, unless it is transient too."""
    assume = Assumptions(auto_inactive_production=True)
    production = _deployment(1, production_environment=True)
    both = _deployment(2, production_environment=True, transient_environment=True)
    assert deployment_rules.superseded_by(_deployment(3), [both, production], assume, auto_inactive=True) == [
        production
    ]


def test_what_is_retired_comes_oldest_first() -> None:
    """The order of the retired deployments is that of their creation, whatever order they are found in."""
    others = [_deployment(number) for number in (3, 1, 4, 2)]
    assert [row.id for row in deployment_rules.superseded_by(_deployment(9), others, DEFAULTS, auto_inactive=True)] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("state", ["error", "failure", "in_progress", "queued", "pending", "success"])
@pytest.mark.parametrize("inactive_events", [False, True])
def test_states_other_than_inactive_are_dispatched(*, state: str, inactive_events: bool) -> None:
    """Every state but inactive dispatches an event, whatever is assumed."""
    assert deployment_rules.is_dispatched(state, Assumptions(inactive_events=inactive_events)) is True


@pytest.mark.parametrize("inactive_events", [False, True])
def test_inactive_is_dispatched_only_if_assumed_so(*, inactive_events: bool) -> None:
    """The state inactive dispatches an event with inactive_events only."""
    assert deployment_rules.is_dispatched("inactive", Assumptions(inactive_events=inactive_events)) is inactive_events


@pytest.mark.parametrize("state", [None, "error", "failure", "inactive", "in_progress", "queued", "pending", "success"])
@pytest.mark.parametrize("auto_inactive", [False, True])
def test_only_success_retires_and_only_if_wanted(*, state: str | None, auto_inactive: bool) -> None:
    """Another state retires nothing, and no state does without auto_inactive."""
    retired = deployment_rules.superseded_by(
        _deployment(2, state=state), [_deployment(1)], DEFAULTS, auto_inactive=auto_inactive
    )
    assert bool(retired) is (auto_inactive and state == "success")


# Delete


@pytest.mark.parametrize("per_repository", [False, True])
@pytest.mark.parametrize(("in_environment", "in_repository"), [(1, 1), (1, 2), (2, 2), (2, 3)])
@pytest.mark.parametrize("state", [None, "error", "failure", "inactive", "in_progress", "queued", "pending", "success"])
def test_an_active_deployment_can_be_deleted_only_if_it_is_alone(
    *, state: str | None, in_environment: int, in_repository: int, per_repository: bool
) -> None:
    """A deployment is refused if its state is success and there are others where it matters; any other can go."""
    assume = Assumptions(delete_per_repository=per_repository)
    alone = (in_repository if per_repository else in_environment) == 1

    def check() -> None:
        deployment_rules.check_deletable(
            _deployment(7, state=state), in_environment=in_environment, in_repository=in_repository, assume=assume
        )

    if state != "success" or alone:
        check()
        return
    with pytest.raises(Unprocessable) as caught:
        check()
    assert caught.value.message == (
        "We cannot delete an active deployment unless it is the only deployment in a given environment."
    )
    assert caught.value.errors == []


@pytest.mark.parametrize(("per_repository", "where"), [(False, "environment 'staging'"), (True, "its repository")])
def test_the_hint_says_where_the_deployment_is_not_alone(*, per_repository: bool, where: str) -> None:
    """The hint names the deployment and what it is not alone in."""
    with pytest.raises(Unprocessable) as caught:
        deployment_rules.check_deletable(
            _deployment(7),
            in_environment=2,
            in_repository=2,
            assume=Assumptions(delete_per_repository=per_repository),
        )
    assert "deployment 7" in caught.value.hint
    assert where in caught.value.hint


# Commit statuses


def test_a_commit_status_within_its_limits_is_allowed() -> None:
    """A context of 255 characters, a description of 140 and the 1000th status are allowed."""
    commit_rules.check_commit_status(
        context="x" * 255, description="x" * 140, target_url="https://example.com", recorded=1000 - 1
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_commit_status_needs_neither_description_nor_target_url(nothing: str | None) -> None:
    """Both may be null or empty."""
    commit_rules.check_commit_status(context="ci", description=nothing, target_url=nothing, recorded=0)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"context": "x" * 256}, _too_long("Status", "context", 255)),
        ({"description": "x" * 141}, _too_long("Status", "description", 140)),
        (
            {"target_url": "ftp://example.com"},
            {
                "resource": "Status",
                "code": "custom",
                "field": "target_url",
                "message": "target_url must use http(s) scheme",
            },
        ),
        (
            {"recorded": 1000},
            {
                "resource": "Status",
                "code": "custom",
                "message": "This SHA and context has reached the maximum number of statuses.",
            },
        ),
    ],
    ids=["context", "description", "target_url", "1001st"],
)
def test_a_commit_status_over_a_limit_is_refused(broken: dict[str, Any], error: dict[str, str]) -> None:
    """Each broken limit of a commit status is named."""
    fields: dict[str, Any] = {"context": "ci", "description": None, "target_url": None, "recorded": 0}
    with pytest.raises(Unprocessable) as caught:
        commit_rules.check_commit_status(**(fields | broken))
    assert _error(caught.value) == error


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "pending"),
        (["success"], "success"),
        (["success", "success"], "success"),
        (["pending"], "pending"),
        (["success", "pending"], "pending"),
        (["failure"], "failure"),
        (["error"], "failure"),
        (["success", "pending", "error"], "failure"),
        (["success", "pending", "failure"], "failure"),
        (["pending", "error"], "failure"),
    ],
)
def test_the_combined_state_is_the_worst(states: list[str], expected: str) -> None:
    """Failure if any failed or is in error, else pending if any is or there are none, else success."""
    assert commit_rules.combined_state(states) == expected
    assert commit_rules.combined_state(states[::-1]) == expected


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
    ],
)
def test_the_defaults_follow_the_best_evidence(name: str, value: object) -> None:
    """Where GitHub's behaviour is not certain, the default is the one the README names."""
    assert getattr(DEFAULTS, name) == value


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [
        ([("completed", "success")], ("completed", "success")),
        ([("completed", "skipped"), ("completed", "failure")], ("completed", "failure")),
        ([("completed", "success"), ("completed", "cancelled")], ("completed", "cancelled")),
        ([("completed", "neutral"), ("completed", "success")], ("completed", "success")),
        ([("completed", "failure"), ("completed", "action_required")], ("completed", "action_required")),
        ([("completed", "skipped"), ("completed", "skipped")], ("completed", "skipped")),
        ([("queued", None)], ("queued", None)),
        ([("queued", None), ("completed", "failure")], ("in_progress", None)),
        ([("in_progress", None), ("queued", None)], ("in_progress", None)),
    ],
)
def test_a_suite_ends_as_its_worst_run(runs: list[tuple[Any, Any]], outcome: tuple[str, str | None]) -> None:
    """A suite is done when all its runs are, and then ends as the worst of them, in whatever order they come."""
    assert commit_rules.suite_outcome(runs) == outcome
    assert commit_rules.suite_outcome(runs[::-1]) == outcome


def test_a_409_lists_what_was_checked_or_all() -> None:
    """With list_all_contexts the refusal lists the commit's other contexts too, each once."""
    found, never = (
        [deployment_rules.Context("ci", "success"), deployment_rules.Context("lint", "failure")],
        deployment_rules.Context("e2e", "pending"),
    )
    checked = [found[0], never]
    assert deployment_rules.listed_contexts(found, checked, DEFAULTS) == checked
    assert deployment_rules.listed_contexts(found, checked, Assumptions(list_all_contexts=True)) == [*found, never]
