"""The cost of a call, report or wait grows no faster than the state: the cases of ``make bench``, counted in lines."""

from __future__ import annotations

from contextlib import closing

import measure_growth
import pytest
from work import lines_run

_SMALLEST = 40
"""Enough rows for their part of the work to be visible."""


def _work(what: str, size: int) -> int:
    """Count the lines that the second call of a case runs, since the first may import modules and fill caches."""
    with closing(measure_growth.CASES[what].prepare(size)) as calls:
        next(calls)()
        return lines_run(next(calls))


@pytest.mark.parametrize("what", measure_growth.CASES)
def test_four_times_the_state_is_at_most_six_times_the_work(what: str) -> None:
    """Square growth would be up to sixteen times the work."""
    small, large = _work(what, _SMALLEST), _work(what, _SMALLEST * measure_growth.FACTOR)
    assert large <= 6 * small, f"{what}: {small:,} lines, with four times the state {large:,}"


@pytest.mark.parametrize(("power", "lines"), [(1, 6), (2, 6)])
def test_lines_are_counted_with_their_repetitions(power: int, lines: int) -> None:
    """A comprehension over four times as many items is four times the work, and a nested one sixteen times."""

    def work(size: int) -> int:
        return lines_run(lambda: [place for place in range(size**power)])  # noqa: C416 - a loop in Python

    assert (work(400) <= lines * work(100)) is (power == 1)
