"""The comments and labels of the handle of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.interface.arguments import advice, json_copy, user_called
from pytest_ghdeploy.interface.repository_base import RepositoryBase

if TYPE_CHECKING:
    from pytest_ghdeploy.interface.comments import CommitComment
    from pytest_ghdeploy.interface.labels import Label

# The methods import what they need, since few tests need it.


class RepositoryConversation(RepositoryBase):
    """The part of ``Repository`` that reads and adds comments on commits, and labels."""

    def add_commit_comment(
        self,
        ref: str,
        body: str,
        *,
        user: str | None = None,
        path: str | None = None,
        position: int | None = None,
        line: int | None = None,
    ) -> CommitComment:
        """
        Comment on a commit. Dispatches ``commit_comment``.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA.

            body: The text, at most 262,144 bytes.

            user: The login of the author. The default is the owner of the repository.

            path: The file that the comment is about. The default is the whole commit.

            position: The line in the diff. It needs *path*.

            line: The line in the file. It needs *path*.

        Raises:
            FakeError: *ref* or *user* is unknown, or GitHub would refuse the comment. Nothing was added.
        """
        from pytest_ghdeploy.api import commit_comments
        from pytest_ghdeploy.interface.comments import CommitComment

        place = {"path": path, "position": position, "line": line}
        sent = {member: value for member, value in place.items() if value is not None}
        arguments = json_copy("repos/create-commit-comment", body=body, **sent)
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            author = self._row.owner if user is None else user_called(self._store, user, "user")
            row = commit_comments.create(self._store, self._row, author, commit_id=self.sha(ref), **arguments)
            return CommitComment(self._store, row.id)

    def commit_comments(self, ref: str | None = None) -> list[CommitComment]:
        """
        List the comments on commits, newest first.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA. The default is all commits of the repository.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        from pytest_ghdeploy.interface.comments import CommitComment

        with self._store.lock:
            of: dict[str, object] = {"repository_id": self._row.id}
            if ref is not None:
                of["commit_id"] = self._sha(ref, "ref")
            return [CommitComment(self._store, row.id) for row in self._store.commit_comments.where(**of)]

    def add_label(self, name: str, *, color: str = "ededed", description: str | None = None) -> Label:
        """
        Add a label. Dispatches no event.

        Every repository has nine labels from the start, such as ``bug``.

        Args:
            name: From 1 to 50 characters. Case is ignored in comparisons.

            color: Six hexadecimal digits, without ``#``.

            description: At most 100 characters.

        Raises:
            FakeError: The repository has this label, or GitHub would refuse it. Nothing was added.
        """
        from pytest_ghdeploy.api import labels
        from pytest_ghdeploy.interface.labels import label_of

        sent = {} if description is None else {"description": description}
        body = json_copy("issues/create-label", name=name, color=color, **sent)
        with self._store.lock, self._store.changes, advice():
            return label_of(labels.create(self._store, self._row, **body))

    @property
    def labels(self) -> list[Label]:
        """The existing labels, in alphabetical order."""
        from pytest_ghdeploy.api import labels
        from pytest_ghdeploy.interface.labels import label_of

        with self._store.lock:
            return [label_of(row) for row in labels.in_order(self._store, self._row)]
