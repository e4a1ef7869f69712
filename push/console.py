"""The channel of the demo and of servers without push credentials: one readable line per message."""

from __future__ import annotations

from collections.abc import Callable

from domain.deliveries import Outcome, SendResult
from push.channel import Message


class ConsoleChannel:
    """Hands one line (without line end) to `write` and takes that as accepted."""

    name = "console"

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    async def send(self, message: Message) -> SendResult:
        """Writes priority, text, link and id; RETRY when the line cannot be written."""
        platform = message.target.platform.value if message.target else "-"
        line = (
            f"push {message.priority} {platform} | {message.title} | {message.body} "
            f"| {message.data.get('deep_link', '-')} | {message.delivery_id}"
        )
        try:
            self._write(" ".join(line.split()))
        except (OSError, ValueError) as error:
            return SendResult(Outcome.RETRY, detail=f"console: {type(error).__name__}")
        return SendResult(Outcome.ACCEPTED, provider_message_id=f"console:{message.delivery_id}")

    async def close(self) -> None:
        """Nothing to give back: the stream is the caller's."""
