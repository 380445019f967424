"""A client for the fake's API, and a copy of everything a refused request must not change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

API = "https://api.github.com"
REPO = "/repos/octocat/example"
DEPLOYMENTS = f"{REPO}/deployments"


class Client(requests.Session):
    """A requests session that sends a token and accepts paths below the API root."""

    def __init__(self, base_url: str = API, authorization: str | None = "token any-token-will-do") -> None:
        """Send *authorization* as the header of that name; ``None`` sends no such header."""
        super().__init__()
        self.trust_env = False
        self._base_url = base_url
        if authorization is not None:
            self.headers["Authorization"] = authorization

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as in requests
        """Send a request. *url* may be a path."""
        if isinstance(url, str) and url.startswith("/"):
            url = self._base_url + url
        return super().request(method, url, *args, **kwargs)


def stored(fake: FakeGitHub) -> object:
    """Copy everything a refused request must not change: rows, refs, next ids, tokens, collaborators, events."""
    store = fake._engine.store
    graphs = {
        number: [
            *(dict(refs) for refs in (graph.branches, graph.tags, graph.other_refs)),
            *(dict(objects) for objects in (graph.annotated_tags, graph.commits, graph.blobs)),
        ]
        for number, graph in store._graphs.items()
    }
    return (
        {name: (table.next_id, list(table)) for name, table in store.tables().items()},
        graphs,
        (dict(store._repository_ids), dict(store._former_names)),
        {number: dict(permissions) for number, permissions in store._collaborators.items() if permissions},
        (dict(store.tokens), dict(store.issued_tokens), dict(store.private_keys), store.takes_any_jwt),
        [(event.delivery_id, event.payload) for event in fake.events],
        store.events._count,
    )
