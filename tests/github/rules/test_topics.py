"""Tables of GitHub's decisions about topics."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import topics as rules


@pytest.mark.parametrize(
    ("names", "stored"),
    [
        ([], ()),
        (["b", "A", "a"], ("b", "a")),
        (["1-", "x" * 50], ("1-", "x" * 50)),
        ([f"t{number}" for number in range(20)] + ["T0"], tuple(f"t{number}" for number in range(20))),
    ],
)
def test_topics_are_stored(names: list[str], stored: tuple[str, ...]) -> None:
    """In lower case, each once, in their order."""
    assert rules.stored_topics(names) == stored


@pytest.mark.parametrize("name", ["", "-a", "a_b", "a b", "ä", "x" * 51, "a\n"])
def test_a_topic_is_refused(name: str) -> None:
    """The error is a string that says what is allowed."""
    with pytest.raises(Unprocessable) as refused:
        rules.stored_topics(["ok", name])
    (text,) = refused.value.errors
    assert text.endswith("consist of 50 characters or less, and can include hyphens.")


def test_there_are_at_most_20_topics() -> None:
    """A topic that is given twice counts once."""
    with pytest.raises(Unprocessable) as refused:
        rules.stored_topics(f"t{number}" for number in range(21))
    assert refused.value.hint == "21 topics are given; the limit is 20"
