"""Refs of one kind, and names that git cannot store beside each other."""

from __future__ import annotations

from hypothesis import given, strategies as st

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
