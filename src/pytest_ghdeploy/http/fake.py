"""The part of a fake that doors, servers and the admin interface use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_ghdeploy.github.model import Token
    from pytest_ghdeploy.http.downloads import Place
    from pytest_ghdeploy.http.messages import Answer
    from pytest_ghdeploy.redaction.secrets import Secrets
    from pytest_ghdeploy.store.store import Store


class Fake(Protocol):
    """The part of ``Engine`` that answers requests. ``Engine`` documents its members."""

    @property
    def base_url(self) -> str: ...  # noqa: D102 - documented in Engine
    @property
    def host(self) -> str: ...  # noqa: D102
    @property
    def download_hosts(self) -> Collection[str]: ...  # noqa: D102
    @property
    def passed_through(self) -> Collection[str]: ...  # noqa: D102
    @property
    def doors(self) -> dict[str, object]: ...  # noqa: D102
    @property
    def secrets(self) -> Secrets: ...  # noqa: D102
    @property
    def store(self) -> Store: ...  # noqa: D102
    @property
    def tokens(self) -> Sequence[Token]: ...  # noqa: D102
    def answer(  # noqa: D102
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = ""
    ) -> Answer: ...
    def download_on(self, host: str, path: str) -> Place | None: ...  # noqa: D102
    def fail(self, problem: BaseException) -> None: ...  # noqa: D102
    def note(self, text: str) -> None: ...  # noqa: D102
    def list_problems(self) -> list[str]: ...  # noqa: D102
    def after_fork(self) -> None: ...  # noqa: D102
    def pause(self, seconds: float, until: int = 0) -> None: ...  # noqa: D102
