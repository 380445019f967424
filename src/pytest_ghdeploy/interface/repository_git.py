"""The branches, tags and commits of the handle of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import branch_protection, git, refs
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.github.trees import EMPTY, File, Tree
from pytest_ghdeploy.interface.arguments import (
    advice,
    check_number,
    check_ref_name,
    check_type,
    plain_json,
)
from pytest_ghdeploy.interface.repository_base import RepositoryBase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_ghdeploy.github import model
    from pytest_ghdeploy.github.git import Signature
    from pytest_ghdeploy.github.git_refs import Refs
    from pytest_ghdeploy.interface.history import Branch, Commit, Tag

# A mistyped number must not use up all memory.
_FARTHEST = 10_000


class RepositoryGit(RepositoryBase):
    """The part of ``Repository`` that reads and changes its commits and refs."""

    def _new_name(self, name: str, taken: Refs, kind: str) -> None:
        check_ref_name(name)
        if blocking := taken.blocking(name):
            msg = f"{self.full_name} has a {kind} {blocking!r}, so git does not allow {name!r}"
            raise FakeError(msg, argument="name")
        if name in taken:
            msg = f"{self.full_name} already has a {kind} {name!r}"
            raise FakeError(msg, argument="name")

    def add_branch(self, name: str, *, from_ref: str | None = None, behind: int = 0) -> str:
        """
        Add a branch.

        Args:
            name: The name of the branch, without ``refs/heads/``.

            from_ref: The starting point: a branch, a tag, a full ref or a full SHA. The default is the default branch.

            behind: The number of commits by which the new branch is behind the default branch, 0 to 10,000.
                Without *from_ref*, the new branch starts at an earlier commit of the default branch.
                With *from_ref*, the default branch gets as many new commits as needed.

        Returns:
            The SHA of the head of the new branch.

        Raises:
            FakeError: The name is taken or invalid, *from_ref* is unknown, or is already behind by more than
                *behind* commits. Nothing was added.
        """
        with self._store.lock, self._store.changes:
            graph, default = self._graph, self.default_branch
            self._new_name(name, graph.branches, "branch")
            if isinstance(behind, bool) or not isinstance(behind, int) or not 0 <= behind <= _FARTHEST:
                msg = f"behind must be a number of commits, 0 to {_FARTHEST:,}; got {behind!r}"
                raise FakeError(msg, argument="behind")
            if from_ref is None:
                start = graph.back(self._branch(default, None), behind)
                if start is None:
                    msg = f"no commit is exactly {behind} behind {default}, because of merges: use from_ref"
                    raise FakeError(msg, argument="behind")
            else:
                start = self._sha(from_ref, "from_ref")
                missing = len(graph.missing(start, graph.branches[default])) if behind else 0
                if missing > behind:
                    msg = f"{from_ref} is already {missing} commit(s) behind {default}, more than {behind}"
                    raise FakeError(msg, argument="behind")
                path = ""
                for number in range(1, behind - missing + 1):
                    # All of them change one file. With a new file each, the trees would use up all memory.
                    files = {path: f"Update {number}\n"} if path else None
                    sha = self._commit(default, "Update", files, self._store.default_user)
                    path = path or graph.changed_paths(sha)[0][0]
            graph.set_ref(f"heads/{name}", start)
            return start

    def add_tag(self, name: str, ref: str, *, message: str | None = None) -> str:
        """
        Add a tag.

        Args:
            name: The name of the tag, without ``refs/tags/``.

            ref: The tagged commit: a branch, a tag, a full ref or a full SHA.

            message: The message of an annotated tag, whose tagger is ``octocat``. By default the tag is lightweight.

        Returns:
            The SHA of the tagged commit.

        Raises:
            FakeError: The name is taken or invalid, or *ref* is unknown. Nothing was added.
        """
        with self._store.lock, self._store.changes:
            self._new_name(name, self._graph.tags, "tag")
            check_type("message", message, (str, type(None)), "a string")
            sha = self.sha(ref)
            target = sha
            if message is not None:
                from pytest_ghdeploy.api import git_tags  # few tests need it

                tagged: Any = {"tag": name, "message": message, "object": sha, "type": "commit"}
                target = git_tags.create(self._store, self._row, self._store.default_user, **tagged).sha
            self._graph.set_ref(f"tags/{name}", target)
            return sha

    def add_ref(self, name: str, ref: str) -> str:
        """
        Add any ref by its full name, such as ``refs/notes/x`` or ``refs/pull/7/merge``, and return its SHA.

        No event is dispatched, as with ``add_branch`` and ``add_tag``.

        Args:
            name: ``refs/`` and at least two more parts. ``refs/heads/x`` adds a branch and ``refs/tags/x`` a tag.

            ref: The commit that it points to: a branch, a tag, a full ref or a full SHA.

        Raises:
            FakeError: *name* is taken or is not a valid full ref, or *ref* does not exist. Nothing was added.

        Source:
            https://docs.github.com/rest/git/refs#create-a-reference
        """
        check_type("name", name, str, "a string")
        with self._store.lock, self._store.changes, advice(ref="name"):
            sha = self.sha(ref)
            short = refs.new_name(self._graph, name)
            self._graph.set_ref(short, sha)
            return sha

    def add_commit(
        self,
        branch: str,
        *,
        message: str = "Update",
        files: Mapping[str, str | bytes] | None = None,
        author: str | Mapping[str, str] | None = None,
        date: datetime | None = None,
    ) -> str:
        """
        Commit to a branch. Dispatches no event.

        Args:
            files: The new contents of files by path, as strings or bytes. By default the commit adds one file that
                no other commit changes.

            author: The login of an account; or a mapping with ``name`` and ``email``, for an author without an
                account. The default is ``octocat``.

            date: The time of the commit, with a time zone. The default is the fake's time. It does not change the
                order of commits.

        Returns:
            The SHA of the new commit.

        Raises:
            FakeError: The branch or *author* is unknown, *date* is invalid, or git does not allow a path, such as one
                below another file. Nothing was committed.
        """
        with self._store.lock, self._store.changes:
            account = self._store.default_user
            signatures: tuple[Signature | None, Signature | None] = (None, None)
            if author is not None or date is not None:
                from pytest_ghdeploy.interface.history import signed  # few tests need it

                account, signatures = signed(self._store, author, date)
            if self._graph.commits or branch != self.default_branch:  # an empty repository has no branch yet
                self._branch(branch, "branch")
            check_type("message", message, str, "a string")
            check_type("files", files, (Mapping, type(None)), "a mapping of paths to strings or bytes")
            for path, content in (files or {}).items():
                check_type("a path in files", path, str, "a string", argument="files")
                check_type(f"the file {path}", content, (str, bytes), "a string or bytes", argument="files")
                with advice(path="files"):
                    rules.check_path(path)
            if files:
                self._check_places(branch, files)
            return self._commit(branch, message, files, account, signatures)

    def _check_places(self, branch: str, files: Mapping[str, str | bytes]) -> None:
        head = self._graph.branches.get(branch)
        new = {path: File("") for path in files}
        for tree in (Tree(new), self._graph.commits[head].tree if head else EMPTY):
            for path in files:
                with advice(path="files"):
                    rules.check_place(path, tree.blocking(path))

    def _commit(
        self,
        branch: str,
        message: str,
        files: Mapping[str, str | bytes] | None,
        author: model.User,
        signatures: tuple[Signature | None, Signature | None] = (None, None),
    ) -> str:
        now, before = self._store.clock.now, self._graph.branches.get(branch)
        commit = self._graph.commit(branch, message=message, files=files, author=author, now=now, signatures=signatures)
        self._store.pushed(self._row)
        git.follow(self._store, self._row, None, f"heads/{branch}", before=before)
        return commit.sha

    def add_merge_conflict(self, head: str, base: str | None = None) -> None:
        """
        Make *head* and *base* conflict, so that *base* cannot be merged into *head*.

        This commits a conflicting change to *head*. It also commits one to
        *base*, unless *base* already has a change that can conflict. *head* is
        behind *base* afterwards.

        Args:
            head: The name of a branch.

            base: The name of another branch. The default is the default branch.

        Raises:
            FakeError: A branch is unknown, or both are the same. Nothing was committed.
        """
        with self._store.lock, self._store.changes:
            base = self._branch(base or self.default_branch, "base")
            if self._branch(head, "head") == base:
                msg = f"{base} cannot conflict with itself: head and base must be different branches"
                raise FakeError(msg, argument="head")
            before = {branch: self._graph.branches[branch] for branch in (head, base)}
            self._graph.clash(head, base, author=self._store.default_user, now=self._store.clock.now)
            self._store.pushed(self._row)
            for branch, sha in before.items():
                git.follow(self._store, self._row, None, f"heads/{branch}", before=sha)

    def protect_branch(
        self, pattern: str, *, required_contexts: Sequence[str] = (), required_approvals: int = 0
    ) -> None:
        """
        Protect the branches whose names match a pattern.

        Dispatches no event. Administrators of the repository are not bound, as is GitHub's default. Protecting a
        pattern again replaces its requirements.

        Args:
            pattern: The name of a branch, or a pattern for names, such as ``release/*``. ``*`` matches no ``/``. The
                branches need not exist yet.

            required_contexts: The contexts of commit statuses and names of check runs that a pull request needs
                before it can be merged. With them, it must also be up to date with its base.

            required_approvals: The approving reviews that a pull request needs, 0 to 6. Those of users with write
                access and of members of the owner's teams count.

        Raises:
            FakeError: An argument is invalid. Nothing has changed.
        """
        from pytest_ghdeploy.github.branch_protection import APPROVALS_LIMIT  # few tests need it

        check_type("pattern", pattern or None, str, "a non-empty string")
        check_type("required_contexts", required_contexts, (list, tuple), "a list of contexts")
        for context in required_contexts:
            check_type("a context", context or None, str, "a non-empty string", argument="required_contexts")
        plain_json(pattern=pattern, required_contexts=list(required_contexts))
        check_number("required_approvals", required_approvals, 0, APPROVALS_LIMIT)
        with self._store.lock, self._store.changes:
            branch_protection.protect(
                self._store,
                self._row,
                pattern=pattern,
                required_contexts=required_contexts,
                required_approvals=required_approvals,
            )

    @property
    def branches(self) -> list[Branch]:
        """The existing branches, in alphabetical order."""
        from pytest_ghdeploy.interface.history import Branch  # few tests need it

        with self._store.lock:
            row = self._row
            return [
                Branch(name, sha, branch_protection.protection_of(self._store, row, name) is not None)
                for name, sha in sorted(self._graph.branches.items())
            ]

    @property
    def tags(self) -> list[Tag]:
        """The existing tags, in reverse alphabetical order as on GitHub."""
        from pytest_ghdeploy.interface.history import Tag  # few tests need it

        with self._store.lock:
            graph = self._graph
            return [Tag(name, graph.peel(sha)) for name, sha in sorted(graph.tags.items(), reverse=True)]

    def commits(self, ref: str | None = None) -> list[Commit]:
        """
        List the commits that a ref contains, newest first.

        Args:
            ref: A branch, a tag, a full ref or a full SHA. The default is the default branch.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        from pytest_ghdeploy.interface.history import commit_of  # few tests need it

        with self._store.lock:
            if ref is None and not self._graph.commits:  # an empty repository has no branch yet
                return []
            sha = self._sha(self.default_branch if ref is None else ref, "ref")
            return [commit_of(row) for row in self._graph.log(sha)]
