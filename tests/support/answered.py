"""A response for aioresponses, which works with every version of aiohttp."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp


class Answered(aiohttp.ClientResponse):
    """A response of aioresponses, which 0.7.9 cannot create with aiohttp 3.14 or newer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in aiohttp
        """Add the argument that newer aiohttp requires."""
        try:
            super().__init__(*args, stream_writer=SimpleNamespace(output_size=0), **kwargs)  # type: ignore[arg-type]
        except TypeError:
            super().__init__(*args, **kwargs)
