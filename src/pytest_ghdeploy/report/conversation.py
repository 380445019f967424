"""The public view of the transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.report.transcript import Transcript


@public
class Conversation:
    """The requests, responses, events and deliveries so far, in the order in which they happened."""

    def __init__(self, transcript: Transcript) -> None:
        """Create a live view of *transcript*."""
        self._transcript = transcript

    def __repr__(self) -> str:
        return f"<Conversation {len(self._transcript.entries)} entries>"

    def text(self) -> str:
        """Return one line for each request, response, hint and event; long bodies are cut."""
        return self._transcript.text()

    def diagram(self) -> str:
        """
        Draw a sequence diagram with a lifeline for each participant.

        Consecutive repetitions of a request with the same response, or of up to four in turn, are drawn once and
        counted.
        """
        return self._transcript.diagram()

    def mermaid(self) -> str:
        """
        Draw a Mermaid sequence diagram, for a page or a comment that renders Mermaid.

        Clients are distinguished by login, then by ``User-Agent``. Long lines are cut.
        """
        return self._transcript.mermaid()
