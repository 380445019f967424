"""A cache for functions whose arguments come from clients. Long arguments are not kept."""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_LONGEST = 500
"""The length of strings and bytes in arguments, all together, up to which a result is cached."""


def cached_if_short(size: int) -> Callable[[F], F]:
    """Cache the latest *size* results of a function of hashable arguments, except for long strings and bytes."""

    def decorate(function: F) -> F:
        cached = lru_cache(size)(function)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the function takes and returns
            length = sum(len(value) for value in args if isinstance(value, (str, bytes)))
            return (cached if length <= _LONGEST else function)(*args, **kwargs)

        return cast("F", call)

    return decorate
