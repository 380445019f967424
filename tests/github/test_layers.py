"""Layers: mappings that share their entries."""

from __future__ import annotations

from pytest_ghdeploy.github.layers import Layers


def test_a_change_copies_a_small_part_of_the_entries() -> None:
    """Each of 1,000 mappings has few entries of its own, so together they need little memory."""
    entries: Layers[str] = Layers({f"{number}": "x" for number in range(1_000)})
    own = 0
    shared = set()
    for number in range(1_000):
        entries = entries.changed({f"new-{number}": "x"})
        own += len(entries._own)
        shared.add(id(entries._shared))
    assert len(entries) == 2_000
    assert own + len(shared) * 2_000 < 150_000
