"""The parts that all classes of the handle of a repository share: its row, its commits and its refs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import git
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface.arguments import check_type

if TYPE_CHECKING:
    from pytest_ghdeploy.github import model
    from pytest_ghdeploy.github.git import Graph
    from pytest_ghdeploy.github.model import User
    from pytest_ghdeploy.store.store import Store


class RepositoryBase:
    """The identity of a repository, and the look-up of its commits."""

    def __init__(self, store: Store, repository_id: int) -> None:
        """Create a handle of the repository with this id."""
        self._store = store
        self._id = repository_id

    def __repr__(self) -> str:
        row = self._store.repositories.get(self._id)
        return f"<Repository {row.full_name if row else self._id}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

    @property
    def _row(self) -> model.Repository:
        row = None if self._store.retired else self._store.repositories.get(self._id)
        if row is None:
            msg = "this repository no longer exists: it was deleted, or the fake was reset"
            raise FakeError(msg)
        return row

    @property
    def _graph(self) -> Graph:
        return self._store.git(self._row)

    @property
    def id(self) -> int:
        """GitHub's id, as in the path ``/repositories/{id}``."""
        return self._id

    @property
    def full_name(self) -> str:
        """The owner and the name, such as ``octocat/example``."""
        return self._row.full_name

    @property
    def name(self) -> str:
        """The name without the owner."""
        return self._row.name

    @property
    def owner(self) -> User:
        """The account that owns the repository."""
        return self._row.owner

    @property
    def private(self) -> bool:
        """Whether only accounts with a permission can see the repository."""
        return self._row.private

    @property
    def default_branch(self) -> str:
        """The name of the default branch."""
        return self._row.default_branch

    def sha(self, ref: str) -> str:
        """
        Find the commit of a ref.

        Args:
            ref: A branch, a tag, a full SHA, any full ref such as ``refs/pull/7/merge``, or ``HEAD`` for the default
                branch.

        Returns:
            The SHA of the commit: 40 hex digits.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        return self._sha(ref, "ref")

    def _sha(self, ref: str, argument: str) -> str:
        check_type(argument, ref, str, "a string")
        with self._store.lock:
            target = git.find(self._store, self._row, ref, short_shas=self._store.assume.short_shas)
            if target is None:
                known, where = self._graph.names(), f" in {self.full_name}"
                raise errors.unknown("branch, tag or SHA", ref, known, more=where, argument=argument)
            return target.sha

    def _branch(self, name: str, argument: str | None) -> str:
        check_type("a branch", name, str, "a string", argument=argument)
        if name not in self._graph.branches:
            where = f" in {self.full_name}"
            raise errors.unknown("branch", name, self._graph.branches, more=where, argument=argument)
        return name

    def _on(self, ref: str | None) -> dict[str, Any]:
        on = {"repository_id": self._row.id}
        return on if ref is None else {**on, "sha": self._sha(ref, "ref")}
