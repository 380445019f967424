"""Refs of one kind, and names that git cannot store beside each other."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from interruptions import Moments

from pytest_ghdeploy.changes import Changes
from pytest_ghdeploy.github.git_refs import Refs

NAMES = st.sampled_from(["a", "b", "a/b", "a/b/c", "a/c", "ab", "b/a", "b/a/c/d"])


@given(st.lists(st.tuples(st.booleans(), NAMES)), NAMES)
def test_a_name_is_blocked_by_a_folder_of_it_and_by_what_is_below_it(steps: list[tuple[bool, str]], name: str) -> None:
    """Any refs were added, moved and removed before."""
    refs, model = Refs(), {}
    for adds, step in steps:
        if adds:
            refs[step] = model[step] = "sha"
        elif step in model:
            del refs[step], model[step]
    blocking = {other for other in model if other.startswith(f"{name}/") or name.startswith(f"{other}/")}
    found = refs.blocking(name)
    assert found in blocking if blocking else found is None
    assert dict(refs) == dict(refs.items()) == model
    assert list(refs) == list(refs.keys()) == list(model)
    assert len(refs) == len(refs.values()) == len(model)


def test_a_copy_is_independent() -> None:
    """It knows the folders of its own refs."""
    refs = Refs({"a/b": "1"})
    copy = Refs(refs)
    del copy["a/b"]
    copy["a"] = "2"
    assert (refs.blocking("a"), copy.blocking("a"), copy.blocking("a/b")) == ("a/b", None, "a")
    assert repr(copy) == "{'a': '2'}"


@pytest.mark.parametrize("is_new", [True, False])
def test_an_interrupted_change_blocks_no_name(is_new: bool) -> None:  # noqa: FBT001 - a parameter
    """At any moment: the folders of an undone ref stay free, and those of an existing one stay taken."""
    at = -1
    while True:
        at += 1  # the first time, nothing is interrupted, and caches of Python are filled
        refs, changes, moments = Refs({} if is_new else {"a/b/c": "sha"}), Changes(), Moments(at)

        def change(refs: Refs = refs, changes: Changes = changes) -> None:
            with changes:
                if is_new:
                    changes.put(refs, "a/b/c", "sha")
                else:
                    changes.drop(refs, "a/b/c")

        moments.run(change)
        if at and not moments.is_interrupted:
            break
        if dict(refs) == {}:
            assert [refs.blocking(name) for name in ("a", "a/b")] == [None, None], moments.place
        else:
            assert [refs.blocking(name) for name in ("a", "a/b")] == ["a/b/c", "a/b/c"], moments.place
    assert at > 5
