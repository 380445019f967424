"""What the tests of endpoints share: a client, a repository, and a look at all that is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import FakeGitHub, Repository


class _Client(requests.Session):
    """requests, with paths below the root of the API."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.trust_env = False
        self._base_url = base_url

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        """Send a request; *url* may be a path."""
        if isinstance(url, str) and url.startswith("/"):
            url = self._base_url + url
        return super().request(method, url, *args, **kwargs)


@pytest.fixture
def http(ghdeploy: FakeGitHub) -> Iterator[requests.Session]:
    """Give a session of requests that speaks for octocat and takes paths."""
    with _Client(ghdeploy.base_url) as session:
        session.headers["Authorization"] = "token any-token-will-do"
        yield session


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def snapshot(ghdeploy: FakeGitHub) -> Callable[[], object]:
    """Give a function that copies all that a refused request must leave alone: rows, refs, next ids, events."""

    def take() -> object:
        store = ghdeploy._engine.store
        tables = store.tables()
        graphs = {number: [dict(kept) for kept in (graph.branches, graph.tags, graph.other_refs,
                                                   graph.commits, graph.blobs)]
                  for number, graph in store._graphs.items()}  # fmt: skip
        return (
            {name: (table.next_id, list(table)) for name, table in tables.items()},
            graphs,
            (dict(store._repository_ids), dict(store._former_names)),
            {number: dict(granted) for number, granted in store._collaborators.items() if granted},
            [(event.delivery_id, event.payload) for event in ghdeploy.events],
            store.events._count,
        )

    return take
