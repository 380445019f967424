"""Recording requests and responses, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.redaction.content import hide, hide_in_body, learn_in_headers
from pytest_ghdeploy.report.exchange import Exchange, Exchanges, Headers, Recorded

if TYPE_CHECKING:
    from pytest_ghdeploy.changes import Changes
    from pytest_ghdeploy.github.model import Token
    from pytest_ghdeploy.http.messages import Answer, Request
    from pytest_ghdeploy.redaction.secrets import Secrets
    from pytest_ghdeploy.report.transcript import Transcript


class Recorder:
    """The exchanges so far, oldest first. The caller holds the store's lock."""

    def __init__(self, secrets: Secrets, transcript: Transcript, changes: Changes) -> None:
        """
        Start empty. Exchanges are added to *transcript* too, and tokens in requests to *secrets*.

        *changes* undoes what an interrupted call has added.
        """
        self.recorded: list[Recorded] = []
        self._changes = changes
        self._secrets = secrets
        self._transcript = transcript

    def begin(self, request: Request) -> int:
        """
        Record the token and the secrets in the headers of a request, so that no message or report shows them.

        Returns:
            The index of the exchange in the transcript. It comes before the events that the request causes.
        """
        if request.token_text:
            self._secrets.add_token(request.token_text)
        learn_in_headers(request.headers, self._secrets.learn)
        return len(self._transcript.entries)

    def record(self, request: Request, url: str, answer: Answer, place: int) -> Exchange:
        """Record a request to *url* and its response. *place* is the index in the transcript."""
        body, token, repository = request.body, request.token, request.repository
        exchange = Exchange(
            request.method,
            hide(url, self._secrets.learn),
            request.path,
            Headers(request.headers),
            hide_in_body(body, self._secrets.learn),
            answer.status,
            Headers(answer.headers),
            answer.body,
            answer.hint,
            answer.failure,
            login=_login(token) if token else "",
            operation_id=request.endpoint.operation_id if request.endpoint else "",
            params=dict(request.params),
            repository_id=repository.id if repository else None,
            total_count=answer.total,
        )
        recorded = Recorded(exchange, len(self._transcript.entries) - place, body)
        self._changes.append(self.recorded, recorded)
        self._transcript.insert(place, recorded)
        return exchange

    def exchanges(self) -> Exchanges:
        """List the exchanges. Secrets are redacted only when one is read."""
        return Exchanges(tuple(self.recorded), self._secrets)

    def forget(self, keep: int) -> int:
        """
        Remove the oldest exchanges if there are more than twice *keep*, and keep the last *keep*.

        Returns:
            The number of removed exchanges.
        """
        removed = len(self.recorded) - keep if len(self.recorded) > 2 * keep else 0
        del self.recorded[:removed]
        return removed


def _login(token: Token) -> str:
    # A JSON web token is that of the app itself, whose bot need not exist yet.
    return f"{token.app.slug}[bot]" if token.kind == "jwt" and token.app else token.user.login
