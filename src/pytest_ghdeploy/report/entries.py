"""The entries of a conversation that are neither requests nor events: deliveries, messages, and waits of clients."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Self

    from pytest_ghdeploy.github.model import HookDelivery

WAITS = "the client waits"
"""The start of a line that is not a failure."""


class Said(NamedTuple):
    """
    A message from a third party to GitHub, or from GitHub to a receiver.

    Attributes:
        sender: The name of the third party; ``""`` for GitHub.

        receiver: The name of the receiver; ``""`` for GitHub.

        refused: Whether the receiver has refused the message.

        hint: The reason for the refusal.
    """

    sender: str
    receiver: str
    text: str
    refused: bool = False
    hint: str = ""


class Receiver(str):
    """
    The name of a receiver, which need not be unique.

    Attributes:
        of: The receiver itself if it is in this process.

        path: The path of the requests to an application.
    """

    __slots__ = ("of", "path")

    of: object
    path: str

    def __new__(cls, name: str, of: object = None, path: str = "/") -> Self:
        """Create the name of the receiver *of*."""
        receiver = super().__new__(cls, name)
        receiver.path = path
        # Each access to a method creates a new object, so its instance identifies the receiver.
        receiver.of = of.__self__ if isinstance(of, MethodType) else of
        return receiver


class Sent:
    """A delivery in the conversation. Its position is that of its beginning. Its text includes its outcome."""

    __slots__ = ("row", "target")

    def __init__(self, target: str, row: HookDelivery) -> None:
        """Create an entry for the delivery *row* to *target*."""
        self.target = target
        self.row = row

    @property
    def what(self) -> str:
        """The name of the delivered event."""
        return f"{self.row.event}{' again' if self.row.redelivery else ''}"

    @property
    def place(self) -> str:
        """The path of the request, if it says more than the name of the receiver."""
        path = getattr(self.target, "path", "/")
        return "" if path == "/" else f" at {path}"

    @property
    def outcome(self) -> str:
        """The outcome of the delivery."""
        row = self.row
        then = f", and then {type(row.exception).__name__}: {row.exception}".rstrip(": ") if row.exception else ""
        outcomes = {"waiting": "not answered", "delivered": f"{row.status_code} {row.status}{then}"}
        return outcomes.get(row.state, f"{row.state}: {row.reason}")

    @property
    def is_failed(self) -> bool:
        """Whether the delivery failed."""
        return self.row.state == "failed"

    @property
    def is_open(self) -> bool:
        """Whether the receiver has not responded yet."""
        return self.row.state == "waiting" and not self.row.reason
