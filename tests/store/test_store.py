"""The store: tables and indexes, ids, accounts, permissions and rate limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from pytest_ghdeploy.github.assumptions import Assumptions
from pytest_ghdeploy.github.model import Token
from pytest_ghdeploy.github.rate_limits import ANONYMOUS_RATE_LIMIT, RATE_LIMIT
from pytest_ghdeploy.github.urls import PUBLIC_API, Urls
from pytest_ghdeploy.store.clock import Clock
from pytest_ghdeploy.store.outbox import Outbox
from pytest_ghdeploy.store.store import Store
from pytest_ghdeploy.store.tables import Table

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission, Repository

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KINDS = (
    "installations",
    "users",
    "apps",
    "repositories",
    "check_suites",
    "check_runs",
    "commit_statuses",
    "deploy_keys",
    "deployments",
    "deployment_statuses",
    "teams",
    "deployment_branch_policies",
    "protection_rules",
    "environments",
    "environment_secrets",
    "environment_variables",
    "releases",
    "branch_rules",
    "invitations",
    "hooks",
    "hook_deliveries",
    "branch_protections",
    "pull_requests",
    "labels",
    "reviews",
    "issue_comments",
    "commit_comments",
    "reactions",
)


@dataclass(frozen=True)
class _Row:
    id: int
    color: str = ""
    size: int = 0


def _store() -> Store:
    clock = Clock()
    clock.move_to(NOON)
    return Store(clock, Assumptions(), Urls.of(PUBLIC_API), Outbox(lambda _: None))


def _repository(store: Store, full_name: str = "octocat/example", *, private: bool = False) -> Repository:
    owner, _, name = full_name.partition("/")
    return store.add_repository(store.ensure_user(owner), name, default_branch="main", private=private)


def _filled(*colors: str) -> Table[_Row]:
    table = Table[_Row](100)
    for color in colors:
        table.add(_Row(table.next_id, color))
    return table


# Ids


def test_ids_rise_from_the_first_id() -> None:
    """Ids rise and are not adjacent."""
    table = _filled("a", "b", "c")
    ids = [row.id for row in table]
    assert ids[0] == 100
    assert all(later > earlier + 1 for earlier, later in pairwise(ids))


def test_an_id_is_never_used_again() -> None:
    """Removing a row, even the newest, does not free its id."""
    table = _filled("a", "b")
    ids = {row.id for row in table}
    for row in table:
        table.remove(row)
    assert list(table) == []
    assert table.add(_Row(table.next_id)).id not in ids


def test_a_removed_row_leaves_nothing_behind() -> None:
    """Its entries in indexes and its cached text go with it. A replaced row loses its text too."""
    table = _filled("red", "blue")
    red, blue = table
    assert list(table.where(color="red")) == [red]
    table.texts |= {red.id: "a text", blue.id: "another"}
    table.replace(replace(blue, color="green"))
    assert table.texts == {red.id: "a text"}
    for row in table:
        table.remove(row)
    assert table.texts == {}
    assert [index for _, index in table._indexes.values()] == [{}]
    assert list(table.where(color="red")) == []


def test_asking_for_the_next_id_does_not_use_it_up() -> None:
    """Only adding a row uses up an id."""
    table = _filled("a")
    assert table.next_id == table.next_id
    assert table.add(_Row(table.next_id)).id == _filled("a").next_id


def test_a_row_may_have_a_lower_id_than_the_next() -> None:
    """The id is not one of a row that comes later, and selections stay newest first."""
    table = _filled("red", "red")
    first, second = table
    assert list(table.where(color="red")) == [second, first]
    githubs_own = table.add(_Row(7, "red"))
    third = table.add(_Row(table.next_id, "red"))
    assert third.id > second.id
    for rows in (table.where(color="red"), table.copy().where(color="red")):
        assert list(rows) == [third, second, first, githubs_own]
    table.remove(githubs_own)
    assert list(table.where(color="red")) == [third, second, first]


def test_a_reserved_id_is_used_for_one_row_only() -> None:
    """Other rows get later ids."""
    table = _filled("a")
    reserved = table.reserve_id()
    assert table.add(_Row(table.next_id)).id > reserved
    assert table.add(_Row(reserved)).id == reserved


def test_a_bot_knows_the_id_of_its_app() -> None:
    """The id is kept for the app until it is added. Users and organizations have none."""
    store = _store()
    bot, user = store.ensure_user("deployer[bot]"), store.ensure_user("mona")
    assert store.app_of(bot) is None
    other = store.app_id("other")
    assert bot.app_id not in (None, other)
    assert store.add_user("deployer", "Bot").app_id == store.app_id("deployer") == bot.app_id
    assert (user.app_id, store.app_of(user)) == (None, None)


def test_github_actions_has_its_own_ids() -> None:
    """Its app is 15368 and its owner 9919, whatever else exists."""
    store = _store()
    bot, first_app = store.ensure_user("github-actions[bot]"), store.app_id("deployer")
    app = store.actions_app
    assert (app.id, app.owner.id, bot.app_id) == (15_368, 9919, 15_368)
    assert store.app_of(bot) is store.actions_app is app
    assert first_app > app.id
    assert store.add_user("mona").id > store.default_user.id
    assert _store().add_user("github", "Organization").id == 9919


def _range(kind: str, rows: int) -> range:
    table = getattr(_store(), kind)
    step = _filled("a").next_id - _filled().next_id
    return range(table.next_id, table.next_id + rows * step, step)


@pytest.mark.parametrize(("kind", "other"), list(combinations(KINDS, 2)))
def test_ids_of_two_kinds_never_coincide(kind: str, other: str) -> None:
    """Even after 100,000 rows of each kind, all ids are different."""
    assert not set(_range(kind, 100_000)) & set(_range(other, 100_000))


@pytest.mark.parametrize(("kind", "other"), list(combinations(KINDS, 2)))
def test_ranges_of_two_kinds_never_overlap(kind: str, other: str) -> None:
    """After 100,000 rows of each kind, no range has reached the next one."""
    first, second = _range(kind, 100_000), _range(other, 100_000)
    assert first[-1] < second[0] or second[-1] < first[0]


def test_kinds_are_all_the_tables_of_the_store() -> None:
    """The two tests above cover every table."""
    assert set(_store().tables()) == set(KINDS)


# Tables


def test_a_row_is_found_by_its_id() -> None:
    """An unknown id gives None."""
    table = _filled("a", "b")
    first, second = table
    assert table.get(first.id) is first
    assert table.get(second.id) is second
    assert table.get(second.id + 1) is None
    assert table.get(0) is None


def test_rows_are_selected_newest_first() -> None:
    """A selection is live and empty if no row matches."""
    table = _filled("red", "blue", "red")
    first, second, third = table
    red = table.where(color="red")
    assert list(red) == [third, first]
    assert list(table.where(color="blue")) == [second]
    assert list(table.where(color="green")) == []
    fourth = table.add(_Row(table.next_id, "red"))
    assert list(red) == [fourth, third, first]


def test_a_selection_by_several_values_needs_all_of_them() -> None:
    """The order of the values does not matter."""
    table = Table[_Row](1)
    rows = [table.add(_Row(table.next_id, color, size)) for color in ("red", "blue") for size in (1, 2)]
    assert list(table.where(color="red", size=2)) == [rows[1]]
    assert list(table.where(size=2, color="red")) == [rows[1]]
    assert list(table.where(size=1)) == [rows[2], rows[0]]


def test_a_selection_supports_indexes_and_slices() -> None:
    """A selection is a sequence with indexes from both ends, slices, a length and membership."""
    table = _filled(*["red"] * 5)
    rows = list(table)[::-1]
    red = table.where(color="red")
    assert len(red) == 5
    for place in range(-5, 5):
        assert red[place] is rows[place]
    for bounds in (slice(0, 2), slice(3, 9), slice(None), slice(-2, None), slice(None, None, 2), slice(4, 0, -1)):
        assert red[bounds] == rows[bounds]
    for place in (5, -6, 100):
        with pytest.raises(IndexError):
            red[place]
    assert rows[2] in red
    assert list(reversed(red)) == rows[::-1]


def test_a_replaced_row_moves_between_selections() -> None:
    """A changed row is found under its new value, in the order of its id."""
    table = _filled("red", "blue", "red")
    first, second, third = table
    red, blue = table.where(color="red"), table.where(color="blue")
    moved = table.replace(replace(second, color="red"))
    assert table.get(second.id) is moved
    assert list(red) == [third, moved, first]
    assert list(blue) == []


COLORS, SIZES = st.sampled_from(["red", "blue", "green"]), st.integers(0, 2)
OPERATION = st.tuples(st.sampled_from(["add", "replace", "remove", "ask"]), st.integers(0, 20), COLORS, SIZES)


@settings(max_examples=200, deadline=None)
@given(st.lists(OPERATION, max_size=40))
def test_indexes_stay_correct_after_any_operations(operations: list[tuple[str, int, str, int]]) -> None:
    """After adding, replacing and removing, each selection agrees with a search through all rows."""
    table, model, used = Table[_Row](100), dict[int, _Row](), list[int]()
    for action, place, color, size in operations:
        present = sorted(model)
        if action == "add":
            row = table.add(_Row(table.next_id, color, size))
            assert not used or row.id > used[-1]
            used.append(row.id)
            model[row.id] = row
        elif action == "ask":
            table.where(color=color)  # from here on there is an index to be kept
            table.where(size=size, color=color)
        elif present:
            row = model[present[place % len(present)]]
            if action == "replace":
                model[row.id] = table.replace(replace(row, color=color, size=size))
            else:
                table.remove(row)
                del model[row.id]
    assert list(table) == [model[row_id] for row_id in sorted(model)]
    newest_first = [model[row_id] for row_id in sorted(model, reverse=True)]
    for color in ("red", "blue", "green"):
        assert list(table.where(color=color)) == [row for row in newest_first if row.color == color]
        for size in range(3):
            wanted = [row for row in newest_first if (row.color, row.size) == (color, size)]
            assert list(table.where(size=size, color=color)) == wanted
            assert list(table.where(color=color, size=size)) == wanted


# Accounts


@pytest.mark.parametrize("login", ["octocat", "OctoCat", "OCTOCAT"])
def test_users_are_found_in_any_case(login: str) -> None:
    """Logins ignore case, and an account keeps its spelling."""
    store = _store()
    user = store.add_user("MonaLisa")
    assert store.user(login) is store.default_user
    assert store.user("monalisa") is store.user("MONALISA") is user
    assert user.login == "MonaLisa"
    assert store.user("mona") is None


def test_an_account_is_created_only_once() -> None:
    """Requesting it again, in another case, returns the same account."""
    store = _store()
    created = store.ensure_user("Mona")
    assert store.ensure_user("mona") is created
    assert store.ensure_user("other").id != created.id


@pytest.mark.parametrize("full_name", ["octocat/example", "OctoCat/Example", "OCTOCAT/EXAMPLE"])
def test_repositories_are_found_in_any_case(full_name: str) -> None:
    """Full names ignore case, and a repository keeps its spelling."""
    store = _store()
    created = _repository(store, "octocat/Example")
    assert store.repository(full_name) is created
    assert created.full_name == "octocat/Example"
    assert store.repository("octocat/examples") is None
    assert store.repository("example") is None


def test_a_push_updates_the_repository_in_all_indexes() -> None:
    """The repository has the new time, by id and by name."""
    store = _store()
    created = _repository(store)
    store.clock.tick(60)
    after = store.pushed(created)
    assert (after.created_at, after.pushed_at, after.updated_at) == (NOON, *[NOON + timedelta(seconds=60)] * 2)
    assert store.repositories.get(created.id) is store.repository("octocat/example") is after
    assert created.pushed_at == NOON


# Authorization


def test_while_any_token_is_accepted_it_may_do_everything() -> None:
    """Without a known token, every authenticated caller is an admin everywhere. An anonymous one is not."""
    store = _store()
    repository = _repository(store, "acme/app", private=True)
    assert store.permission(repository, store.default_user) == "admin"
    assert store.permission(repository, None) is None


@pytest.mark.parametrize(
    ("login", "private", "expected"),
    [
        ("acme", False, "admin"),
        ("acme", True, "admin"),
        ("octocat", False, "pull"),
        ("octocat", True, None),
        ("reader", True, "pull"),
        ("writer", False, "push"),
        ("writer", True, "push"),
        (None, False, "pull"),
        (None, True, None),
    ],
)
def test_with_known_tokens_rights_must_be_granted(
    *, login: str | None, private: bool, expected: Permission | None
) -> None:
    """Owners and collaborators have their rights; others may read public repositories."""
    store = _store()
    repository = _repository(store, "acme/app", private=private)
    other = _repository(store, "acme/other", private=True)
    store.tokens["a-token"] = Token("a-token", store.default_user)
    store.add_collaborator(repository, store.ensure_user("reader"), "pull")
    store.add_collaborator(repository, store.ensure_user("writer"), "push")
    user = store.ensure_user(login) if login else None
    assert store.permission(repository, user) == expected
    assert store.permission(other, user) == ("admin" if login == "acme" else None)


def test_a_right_replaces_the_one_before() -> None:
    """A new right replaces the old one, even if it is weaker."""
    store = _store()
    repository, user = _repository(store, "acme/app"), store.ensure_user("mona")
    store.tokens["a-token"] = Token("a-token", user)
    for permission in ("push", "admin", "triage"):
        store.add_collaborator(repository, user, permission)
    assert store.permission(repository, user) == "triage"


# Rate limit


def test_the_budget_is_counted_for_each_caller() -> None:
    """Each account has 5,000 requests per hour. Anonymous callers share 60."""
    store = _store()
    mona = store.ensure_user("mona")
    for _ in range(3):
        store.count_request(mona)
    store.count_request(None)
    used = {user: store.rate_limit(user) for user in (mona, store.default_user, None)}
    assert {user and user.login: (limit.limit, limit.used, limit.remaining) for user, limit in used.items()} == {
        "mona": (RATE_LIMIT, 3, RATE_LIMIT - 3),
        "octocat": (RATE_LIMIT, 0, RATE_LIMIT),
        None: (ANONYMOUS_RATE_LIMIT, 1, ANONYMOUS_RATE_LIMIT - 1),
    }
    assert (RATE_LIMIT, ANONYMOUS_RATE_LIMIT) == (5000, 60)


@pytest.mark.parametrize(("seconds", "used"), [(0, 1), (3599, 1), (3600, 0), (7200, 0)])
def test_the_budget_is_renewed_after_an_hour(seconds: int, used: int) -> None:
    """The hour starts with the first request."""
    store = _store()
    store.count_request(store.default_user)
    store.clock.tick(seconds)
    limit = store.rate_limit(store.default_user)
    assert limit.used == used
    start = NOON + timedelta(seconds=0 if used else seconds)
    assert limit.reset_at == start + timedelta(hours=1)


def test_the_remaining_requests_never_fall_below_0() -> None:
    """More requests than the budget leave 0."""
    store = _store()
    for _ in range(ANONYMOUS_RATE_LIMIT + 5):
        store.count_request(None)
    assert store.rate_limit(None).remaining == 0
    assert store.rate_limit(None).used == ANONYMOUS_RATE_LIMIT + 5


def test_a_request_can_be_taken_back() -> None:
    """A free response costs nothing, and a budget never exceeds its limit."""
    store = _store()
    store.count_request(None)
    assert store.count_request(None, -1).used == 0
    assert store.count_request(None, -1).remaining == ANONYMOUS_RATE_LIMIT


def test_a_snapshot_shows_repositories_as_they_were() -> None:
    """Rows, commits, names and collaborators are those of the snapshot. Accounts and budgets are current."""
    store = _store()
    repository = _repository(store)
    mona, hubot = store.add_user("mona"), store.add_user("hubot")
    store.add_collaborator(repository, mona, "push")
    past = store.snapshot()
    graph = store.git(repository)
    graph.branches["topic"] = next(iter(graph.branches.values()))
    store.remove_collaborator(repository, mona)
    store.add_collaborator(repository, hubot, "admin")
    store.change_repository(repository._replace(name="renamed", private=True, default_branch="topic"))
    store.count_request(mona)

    shown = past()

    assert shown.repository(repository.full_name) == repository
    assert shown.repositories.get(repository.id) == repository
    assert shown.repository("octocat/renamed") is None
    assert not shown.had_repository(repository.full_name)
    assert list(shown.git(repository).branches) == ["main"]
    assert (shown.granted(repository, mona), shown.granted(repository, hubot)) == ("push", None)
    assert shown.rate_limit(mona).used == 1
    assert shown.deployments is not store.deployments
    assert shown.users is store.users
    assert store.granted(repository, hubot) == "admin"
    assert store.repository("octocat/renamed") == store.repositories.get(repository.id)


def test_a_snapshot_shows_later_repositories_in_their_current_state() -> None:
    """These have their row, names, commits and collaborators. Names taken from older repositories stay theirs."""
    store = _store()
    repository = _repository(store)
    past = store.snapshot()
    mona = store.add_user("mona")
    newer = store.add_repository(store.default_user, "newer", default_branch="main", private=False)
    store.add_collaborator(newer, mona, "pull")
    newer = store.change_repository(newer._replace(name="newest"))
    store.remove_repository(repository)
    taking = store.add_repository(store.default_user, repository.name, default_branch="main", private=True)

    shown = past()

    assert shown.repository("octocat/newest") == newer == shown.renamed("octocat/newer")
    assert list(shown.git(newer).branches) == ["main"]
    assert shown.granted(newer, mona) == "pull"
    assert shown.user("mona") is mona
    assert shown.repository(repository.full_name) == repository
    assert list(shown.git(repository).branches) == ["main"]
    assert list(shown.repositories) == [repository, newer, taking]
    assert list(past().repositories) == [repository, newer, taking]
    assert store.repository(repository.full_name) == taking


def test_two_stores_are_independent() -> None:
    """A change in one store is not visible in another."""
    first_store, other = _store(), _store()
    _repository(first_store)
    first_store.count_request(None)
    first_store.add_user("mona")
    assert list(other.repositories) == []
    assert other.user("mona") is None
    assert other.rate_limit(None).used == 0
    assert _repository(other).id == next(iter(first_store.repositories)).id
