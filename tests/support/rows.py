"""A table of cases in one test. All rows run, and the test fails once with a list of the rows that failed."""

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
    Collects failing rows, and fails with the list when the ``with`` block ends.

    A row that changes state needs its own fake: ``with rows.row("pull"), FakeGitHub() as fake:``.
    A table without rows fails too.
    """

    def __init__(self) -> None:
        """Start with no rows."""
        self._count = 0
        self._failing: list[tuple[str, BaseException]] = []

    def __enter__(self) -> Self:
        """Return the table."""
        return self

    @contextmanager
    def row(self, *name: object) -> Iterator[None]:
        """Run a row. If it fails, continue with the next."""
        self._count += 1
        try:
            yield
        except (Exception, pytest.fail.Exception) as problem:  # noqa: BLE001 - reported at the end
            self._failing.append((" ".join(map(str, name)), problem))

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Fail with all failing rows. The first one's error is the cause, so its traceback is shown."""
        __tracebackhide__ = True
        if exc_type is not None:
            return
        assert self._count, "the table has no rows"
        if self._failing:
            gc.collect()  # so that the report shows conversations of failing rows only
            texts = [f"{name}\n{_indented(problem)}" for name, problem in self._failing]
            head = f"{len(texts)} of {self._count} rows failed:"
            raise AssertionError("\n".join([head, *texts])) from self._failing[0][1]


def _indented(problem: BaseException) -> str:
    text = str(problem) if isinstance(problem, AssertionError) else f"{type(problem).__name__}: {problem}"
    return "\n".join(f"    {line}" for line in text.splitlines())
