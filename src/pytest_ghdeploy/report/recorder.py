"""Recording requests and responses, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.redaction import without_credentials, without_secret_members, without_secrets
from pytest_ghdeploy.report.exchange import Exchange, Headers, redacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.http.messages import Answer, Request
    from pytest_ghdeploy.redaction import Secrets
    from pytest_ghdeploy.report.transcript import Transcript


class Recorder:
    """The exchanges so far, oldest first. The caller holds the store's lock."""

    def __init__(self, secrets: Secrets, transcript: Transcript) -> None:
        """Start empty. Exchanges are added to *transcript* too, and tokens in requests to *secrets*."""
        self.recorded: list[Exchange] = []
        """The exchanges with their secrets, apart from credentials in headers and URLs."""
        self._secrets = secrets
        self._transcript = transcript

    def begin(self, request: Request) -> int:
        """
        Record the token of a request as a secret, so that no message or report shows it.

        Returns:
            The index of the exchange in the transcript. It comes before the events that the request causes.
        """
        if request.token_text:
            self._secrets.add_token(request.token_text)
        return len(self._transcript.entries)

    def record(self, request: Request, url: str, answer: Answer, place: int) -> Exchange:
        """Record a request to *url* and its response. *place* is the index in the transcript."""
        body, token, repository = request.body, request.token, request.repository
        exchange = Exchange(
            request.method,
            without_credentials(url),
            request.path,
            Headers(without_secrets(request.headers)),
            without_secret_members(body, self._secrets) if body else body,
            answer.status,
            Headers(answer.headers),
            answer.body,
            answer.hint,
            answer.failure,
            login=token.user.login if token else "",
            operation_id=request.endpoint.operation_id if request.endpoint else "",
            params=dict(request.params),
            repository_id=repository.id if repository else None,
        )
        self.recorded.append(exchange)
        self._transcript.entries.insert(place, exchange)
        return exchange

    def exchanges(self) -> Sequence[Exchange]:
        """List the exchanges. Secrets are redacted only now, so secrets revealed by later requests are redacted too."""
        return tuple(redacted(exchange, self._secrets) for exchange in self.recorded)

    def forget(self, keep: int) -> int:
        """
        Remove the oldest exchanges if there are more than twice *keep*, and keep the last *keep*.

        Returns:
            The number of removed exchanges.
        """
        removed = len(self.recorded) - keep if len(self.recorded) > 2 * keep else 0
        del self.recorded[:removed]
        return removed
