"""What the check runs of a suite amount to, kept up to date so that an event need not look at all of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from typing import TYPE_CHECKING

from pytest_ghdeploy.github.model import SuiteSummary

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pytest_ghdeploy.github.model import CheckRun, CheckRunConclusion, CheckRunStatus


class SuiteReport:
    """The latest check run of each name in a suite, summed up."""

    def __init__(self, rows: Iterable[CheckRun]) -> None:
        """Sum up *rows*, the check runs of the suite, in any order."""
        self._latest: dict[str, CheckRun] = {}
        self._outcomes: Counter[tuple[CheckRunStatus, CheckRunConclusion | None]] = Counter()
        self._times: list[datetime] = []
        for row in rows:
            self.put(row)

    def put(self, row: CheckRun) -> None:
        """Add a check run, or replace the one with the same id. It must have the same name as before."""
        old = self._latest.get(row.name)
        if old and old.id > row.id:
            return
        if old:
            self._outcomes[old.status, old.conclusion] -= 1
            del self._times[bisect_left(self._times, _time(old))]
        self._latest[row.name] = row
        self._outcomes[row.status, row.conclusion] += 1
        insort(self._times, _time(row))

    def summary(self) -> SuiteSummary:
        """Sum up the latest check runs, of which there must be one."""
        return SuiteSummary(frozenset(+self._outcomes), self._times[-1])


def _time(row: CheckRun) -> datetime:
    return row.completed_at or row.started_at
