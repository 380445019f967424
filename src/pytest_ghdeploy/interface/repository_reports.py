"""The reports on commits of the handle of a repository: commit statuses and check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import (
    check_runs,
    commit_statuses,
)
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import apps, model
from pytest_ghdeploy.github.model import CHECK_RUN_CONCLUSIONS, CHECK_RUN_STATUSES, COMMIT_STATUS_STATES
from pytest_ghdeploy.github.rules import commits as commit_rules
from pytest_ghdeploy.interface.apps import App, app_given
from pytest_ghdeploy.interface.arguments import (
    advice,
    check_type,
    json_copy,
    one_of,
    time_of,
    user_called,
)
from pytest_ghdeploy.interface.repository_base import RepositoryBase
from pytest_ghdeploy.interface.resources import CheckRun, CommitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_ghdeploy.github.model import (
        CheckRunConclusion,
        CheckRunStatus,
        CommitStatusState,
    )


class RepositoryReports(RepositoryBase):
    """The part of ``Repository`` that reads and adds commit statuses and check runs."""

    def add_commit_status(
        self,
        ref: str,
        *,
        state: CommitStatusState,
        context: str = "default",
        description: str | None = None,
        target_url: str | None = None,
        creator: str | None = None,
    ) -> CommitStatus:
        """
        Add a commit status to a commit. Dispatches ``status``.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA.

            state: ``error``, ``failure``, ``pending`` or ``success``.

            creator: The login of the account that reports. The default is ``octocat``.

        Raises:
            FakeError: *ref*, *state* or *creator* is unknown, or GitHub would refuse the status. Nothing was added.
        """
        one_of("commit status state", state, COMMIT_STATUS_STATES, argument="state")
        body = json_copy(
            "repos/create-commit-status",
            state=state,
            context=context,
            description=description,
            target_url=target_url,
        )
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            user = user_called(self._store, creator, "creator")
            row = commit_statuses.create(self._store, self._row, user, sha=self.sha(ref), **body)
            return CommitStatus(self._store, row.id)

    def add_check_run(
        self,
        ref: str,
        *,
        name: str,
        status: CheckRunStatus = "completed",
        conclusion: CheckRunConclusion | None = "success",
        check_suite: str = "",
        output: Mapping[str, Any] | None = None,
        details_url: str | None = None,
        external_id: str | None = None,
        started_at: datetime | None = None,
        completed_at: datetime | None = None,
        app: App | model.App | str | None = None,
    ) -> CheckRun:
        """
        Add a check run to a commit. Dispatches ``check_run``.

        A run of GitHub Actions whose *details_url* is the page of a job of the
        repository, ``https://github.com/OWNER/NAME/actions/runs/1/job/2``,
        belongs to that job. As on GitHub, requests cannot change its status or
        conclusion.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA.

            name: The name of the check run. It must not be empty.

            conclusion: The conclusion of a check run with the status ``completed``. For any other status it is
                ignored.

            check_suite: The check suite, by any name you choose, such as a workflow's. A check run replaces an
                earlier one with the same name in the same suite. As on GitHub, check runs with the same name in
                different suites are separate contexts.

            output: ``title``, ``summary``, and optionally ``text`` and ``annotations``, as in a request.

            details_url: A page with details. The default is the run's own page, or that of *app*.

            external_id: The app's own name for the run.

            started_at: When the run started. It needs a time zone. The default is now.

            completed_at: When a completed run was completed. It needs a time zone. The default is now.

            app: The app that reports, or its slug. The default is GitHub Actions.

        Raises:
            FakeError: *ref*, *status*, *conclusion* or *app* is unknown, GitHub would refuse the run, or an argument
                is invalid. Nothing was added.
        """
        check_type("name", name or None, str, "a non-empty string")
        check_type("check_suite", check_suite, str, "a string")
        one_of("check run status", status, CHECK_RUN_STATUSES, argument="status")
        if status != "completed":
            conclusion = None
        elif conclusion is None:
            msg = f"a completed check run needs a conclusion: {', '.join(CHECK_RUN_CONCLUSIONS)}"
            raise FakeError(msg, argument="conclusion")
        else:
            one_of("check run conclusion", conclusion, CHECK_RUN_CONCLUSIONS, argument="conclusion")
        started, completed = time_of("started_at", started_at), time_of("completed_at", completed_at)
        members: dict[str, object] = {
            "output": output,
            "details_url": details_url,
            "external_id": external_id,
            "started_at": started and started.isoformat(),
            "completed_at": completed and completed.isoformat(),
        }
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            sha, row = self.sha(ref), self._row
            sent = {member: value for member, value in members.items() if value is not None}
            body = json_copy("checks/create", name=name, head_sha=sha, **sent)
            reporter = None if app is None else app_given(self._store, app, "app")
            app_id = reporter.id if reporter else apps.ACTIONS_ID
            run = check_runs.add(
                self._store,
                row,
                None if reporter else self._store.default_user,
                reporter,
                **body,
                status=status,
                conclusion=conclusion,
                check_suite=check_suite,
                of_job=commit_rules.is_of_job(app_id, details_url, row.full_name),
            )
            return CheckRun(self._store, run.id)

    def commit_statuses(self, ref: str | None = None) -> list[CommitStatus]:
        """
        List the commit statuses, newest first.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA. The default is all commits of the repository.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        with self._store.lock:
            rows = self._store.commit_statuses.where(**self._on(ref))
            return [CommitStatus(self._store, row.id) for row in rows]

    def check_runs(self, ref: str | None = None) -> list[CheckRun]:
        """
        List the check runs, newest first, including those that newer ones have replaced.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA. The default is all commits of the repository.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        with self._store.lock:
            return [CheckRun(self._store, row.id) for row in self._store.check_runs.where(**self._on(ref))]
