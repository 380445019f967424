"""
Pages of a list, and the ``Link`` header that leads from one to the next.

Source:
    https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api; the order of
    the relations and the answer to numbers out of range as observed (octokit's fixture paginate-issues).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")

_PER_PAGE, _MOST_PER_PAGE = 30, 100


class Page(NamedTuple):
    """One page, by its *number* from 1, of *last* pages."""

    number: int
    last: int
    per_page: int

    @classmethod
    def of(cls, query: Mapping[str, str], total: int) -> Page:
        """Read which page of *total* items a query asks for; what makes no sense is as if it were not there."""
        per_page = min(_positive(query.get("per_page"), _PER_PAGE), _MOST_PER_PAGE)
        return cls(_positive(query.get("page"), 1), max(1, -(-total // per_page)), per_page)

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Pick the items of this page, none beyond the last."""
        return items[(self.number - 1) * self.per_page : self.number * self.per_page]

    def links(self, url: str, query: str) -> str:
        """Write the ``Link`` header for *url* asked with *query*, ``""`` if there is one page only."""
        found: dict[str, int] = {}
        if self.number > 1:
            found["prev"] = min(self.number - 1, self.last)
        if self.number < self.last:
            found |= {"next": self.number + 1, "last": self.last}
        if self.number > 1:
            found["first"] = 1
        return ", ".join(f'<{url}?{_with_page(query, number)}>; rel="{name}"' for name, number in found.items())


def _positive(text: str | None, default: int) -> int:
    if text and text.isascii() and text.isdecimal():
        # Beyond that many digits one number is as large as the other.
        return int(text.lstrip("0")[:18] or 0) or default
    return default


def _with_page(query: str, page: int) -> str:
    parts = query.split("&") if query else []
    kept = [f"page={page}" if part.partition("=")[0] == "page" else part for part in parts]
    return "&".join(kept if f"page={page}" in kept else [*kept, f"page={page}"])
