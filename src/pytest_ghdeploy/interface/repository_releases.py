"""The releases, topics and rules of branches of the handle of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, one_of, plain_json, user_called
from pytest_ghdeploy.interface.repository_base import RepositoryBase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.releases import BranchRuleType
    from pytest_ghdeploy.interface.release import Release

# The methods import what they need, since few tests need it.


class RepositoryReleases(RepositoryBase):
    """The part of ``Repository`` that reads and adds releases, topics and rules of branches."""

    def add_release(
        self,
        tag_name: str,
        *,
        target_commitish: str | None = None,
        name: str | None = None,
        body: str | None = None,
        draft: bool = False,
        prerelease: bool = False,
        author: str | None = None,
    ) -> Release:
        """
        Create a release as ``POST …/releases`` does, and its tag if it does not exist.

        Dispatches ``release`` with ``created``, ``published`` and ``released`` or ``prereleased``; for a draft only
        with ``created``. A new tag dispatches ``create`` and ``push`` first. A draft creates no tag.

        Args:
            target_commitish: A branch or full SHA for a new tag. The default is the default branch.

            author: The login of the account that releases. The default is ``octocat``.

        Raises:
            FakeError: The tag has a release or is invalid, *target_commitish* or *author* is unknown, or the
                repository has no commits. Nothing was added.
        """
        from pytest_ghdeploy.api import releases
        from pytest_ghdeploy.interface.release import Release

        optional = {"target_commitish": target_commitish, "name": name, "body": body}
        sent = {member: value for member, value in optional.items() if value is not None}
        arguments = json_copy("repos/create-release", tag_name=tag_name, draft=draft, prerelease=prerelease, **sent)
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            user = user_called(self._store, author, "author")
            row = releases.create(self._store, self._row, user, **arguments)
            return Release(self._store, row.id)

    @property
    def releases(self) -> list[Release]:
        """The existing releases and drafts, newest first."""
        from pytest_ghdeploy.api import releases
        from pytest_ghdeploy.interface.release import Release

        with self._store.lock:
            return [Release(self._store, row.id) for row in releases.of(self._store, self._row)]

    def add_topic(self, name: str) -> None:
        """
        Add a topic. It does nothing if the repository has the topic.

        Args:
            name: At most 50 letters, digits and hyphens. GitHub stores it in lower case.

        Raises:
            FakeError: GitHub would refuse the topic, or the repository has 20. Nothing was added.
        """
        from pytest_ghdeploy.api import topics

        check_type("name", name, str, "a string")
        with self._store.lock, self._store.changes, advice(names="name"):
            topics.replace(self._store, self._row, names=[*self._row.topics, name])

    @property
    def topics(self) -> list[str]:
        """The topics, in the order in which they were set."""
        return list(self._row.topics)

    def add_branch_rule(
        self,
        pattern: str,
        type: BranchRuleType,  # noqa: A002 - GitHub's name for it
        *,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Add a rule for branches, in a ruleset of its own.

        ``GET …/rules/branches/{branch}`` lists it. ``creation`` refuses new branches, and ``update`` refuses to move
        a branch and to commit files to it, over HTTP. Other rules are only listed.

        Args:
            pattern: A pattern for names of branches as in ``protect_branch``, such as ``main`` or ``release/*``;
                ``~ALL`` or ``~DEFAULT_BRANCH``.

            type: GitHub's type, such as ``update``, ``creation`` or ``required_status_checks``.

            parameters: The parameters of the rule, as in GitHub's JSON.

        Raises:
            FakeError: *type* is unknown, or *parameters* is not a JSON object. Nothing was added.
        """
        from pytest_ghdeploy.api import branch_rules
        from pytest_ghdeploy.github.releases import BRANCH_RULE_TYPES

        check_type("pattern", pattern, str, "a string")
        one_of("type of a rule", type, BRANCH_RULE_TYPES, argument="type")
        copied = plain_json(parameters=parameters)["parameters"]
        if copied is not None and not isinstance(copied, dict):
            msg = f"parameters must be a mapping, got {parameters!r}"
            raise FakeError(msg, argument="parameters")
        with self._store.lock, self._store.changes:
            branch_rules.add(self._store, self._row, pattern=pattern, type=type, parameters=copied)
