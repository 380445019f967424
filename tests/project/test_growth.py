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


def test_lines_are_counted_with_their_repetitions() -> None:
    """A loop over four times as many items is about four times the work, and a loop in a loop sixteen times."""

    def work(items: int) -> int:
        return lines_run(lambda: [item for item in range(items)])  # noqa: C416 - a loop in Python

    assert 3 * work(100) < work(400) < 5 * work(100)
    assert 14 * work(100**2) < work(400**2) < 18 * work(100**2)
