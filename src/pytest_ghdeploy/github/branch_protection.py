"""The protection of branches, as a frozen row like those in ``model``."""

from __future__ import annotations

from typing import NamedTuple

APPROVALS_LIMIT = 6
"""Approving reviews that a branch can require."""


class BranchProtection(NamedTuple):
    """
    A rule that protects the branches of a repository whose names match a pattern.

    It does not bind administrators, as is GitHub's default.

    Attributes:
        required_contexts: The contexts that must have passed before a merge, in their order.

        required_approvals: The number of approving reviews that a merge needs.
    """

    id: int
    repository_id: int
    pattern: str
    required_contexts: tuple[str, ...] = ()
    required_approvals: int = 0

    @property
    def strict(self) -> bool:
        """Whether a pull request must be up to date with its base, which required contexts bring along."""
        return bool(self.required_contexts)
