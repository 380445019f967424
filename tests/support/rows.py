"""A table of cases in one test: every row is tried, and the test fails once with all rows that differ."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self


class Rows:
    """
    Collects the rows that differ, and fails with the list when the ``with`` block ends.

    A row that changes state needs a fake of its own: ``with rows.row("pull"), FakeGitHub() as fake:``.
    A table without rows fails too.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self._tried = 0
        self._differing: list[tuple[str, BaseException]] = []

    def __enter__(self) -> Self:
        """Let rows be tried."""
        return self

    @contextmanager
    def row(self, *name: object) -> Iterator[None]:
        """Try a row. If it fails, go on with the next."""
        self._tried += 1
        try:
            yield
        except (Exception, pytest.fail.Exception) as problem:  # noqa: BLE001 - whatever it is, it is told below
            self._differing.append((" ".join(map(str, name)), problem))

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Fail with all rows that differ; the first is the cause, with its traceback."""
        __tracebackhide__ = True
        if exc_type is not None:
            return
        assert self._tried, "the table has no rows"
        if self._differing:
            gc.collect()  # so that only the fakes of rows that differ have their conversation in the report
            texts = [f"{name}\n{_indented(problem)}" for name, problem in self._differing]
            head = f"{len(texts)} of {self._tried} rows differ:"
            raise AssertionError("\n".join([head, *texts])) from self._differing[0][1]


def _indented(problem: BaseException) -> str:
    text = str(problem) if isinstance(problem, AssertionError) else f"{type(problem).__name__}: {problem}"
    return "\n".join(f"    {line}" for line in text.splitlines())
