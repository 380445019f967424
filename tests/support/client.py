"""A client of the fake's API that takes paths, and a copy of all that a refused request must leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

API = "https://api.github.com"
REPO = "/repos/octocat/example"
DEPLOYMENTS = f"{REPO}/deployments"


class Client(requests.Session):
    """A session of requests that sends a token and takes paths below the root of the API."""

    def __init__(self, base_url: str = API, authorization: str | None = "token any-token-will-do") -> None:
        """Send *authorization*, or with ``None`` nothing of the kind."""
        super().__init__()
        self.trust_env = False
        self._base_url = base_url
        if authorization is not None:
            self.headers["Authorization"] = authorization

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        """Send a request; *url* may be a path."""
        if isinstance(url, str) and url.startswith("/"):
            url = self._base_url + url
        return super().request(method, url, *args, **kwargs)


def stored(fake: FakeGitHub) -> object:
    """Copy all that a refused request must leave alone: rows, refs, next ids, tokens, collaborators, events."""
    store = fake._engine.store
    graphs = {
        number: [dict(kept) for kept in (graph.branches, graph.tags, graph.other_refs, graph.commits, graph.blobs)]
        for number, graph in store._graphs.items()
    }
    return (
        {name: (table.next_id, list(table)) for name, table in store.tables().items()},
        graphs,
        (dict(store._repository_ids), dict(store._former_names)),
        {number: dict(granted) for number, granted in store._collaborators.items() if granted},
        dict(store.tokens),
        [(event.delivery_id, event.payload) for event in fake.events],
        store.events._count,
    )
