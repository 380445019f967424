"""The pull requests of the handle of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, user_called
from pytest_ghdeploy.interface.repository_base import RepositoryBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.interface.pull_requests import PullRequest

# The methods import what they need, since few tests need it.


class RepositoryPulls(RepositoryBase):
    """The part of ``Repository`` that reads and adds pull requests."""

    def add_pull_request(
        self,
        head: str,
        *,
        base: str | None = None,
        title: str | None = None,
        body: str | None = None,
        draft: bool = False,
        user: str | None = None,
        labels: Sequence[str] = (),
    ) -> PullRequest:
        """
        Open a pull request as ``POST …/pulls`` does. Dispatches ``pull_request``.

        Args:
            head: The branch with the changes.

            base: The branch to merge into. The default is the default branch.

            title: The default is the first line of the message of the head's latest commit.

            user: The login of the account that opens it. The default is the owner of the repository.

            labels: The names of its labels. Missing ones are created.

        Raises:
            FakeError: A branch or *user* is unknown, or GitHub would refuse the pull request. Nothing was opened.
        """
        from pytest_ghdeploy.api import pulls
        from pytest_ghdeploy.github.rules import pull_requests as rules
        from pytest_ghdeploy.interface.pull_requests import PullRequest

        check_type("head", head, str, "a string")
        check_type("labels", labels, (list, tuple), "a list of names")
        for name in labels:
            check_type("the name of a label", name or None, str, "a non-empty string", argument="labels")
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row, graph = self._row, self._graph
            branch = rules.branch_of(head, row.owner.login) or head
            self._branch(branch, "head")
            base = self._branch(row.default_branch if base is None else base, "base")
            if title is None:
                title = graph.commits[graph.branches[branch]].message.partition("\n")[0]
            given = {"body": body} if body is not None else {}
            sent = json_copy("pulls/create", head=head, base=base, title=title, draft=draft, **given)
            actor = row.owner if user is None else user_called(self._store, user, "user")
            return PullRequest(self._store, pulls.add(self._store, row, actor, None, labels, **sent).id)

    @property
    def pull_requests(self) -> list[PullRequest]:
        """The existing pull requests, open and closed, newest first."""
        from pytest_ghdeploy.interface.pull_requests import PullRequest

        with self._store.lock:
            rows = self._store.pull_requests.where(repository_id=self._row.id)
            return [PullRequest(self._store, row.id) for row in rows]

    def pull_request(self, number: int) -> PullRequest:
        """
        Look up a pull request by its number.

        Raises:
            FakeError: The repository has no such pull request.
        """
        from pytest_ghdeploy.interface.pull_requests import PullRequest

        with self._store.lock:
            matches = self._store.pull_requests.where(repository_id=self._row.id, number=number)
            if not matches:
                known = (row.number for row in self._store.pull_requests.where(repository_id=self._row.id))
                more = f" in {self.full_name}"
                raise errors.unknown("pull request", number, known, more=more, argument="number")
            return PullRequest(self._store, matches[0].id)
