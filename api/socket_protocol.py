"""uvicorn's WebSocket protocol with two repairs; api/__main__.py serves with it."""

from __future__ import annotations

from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_GIVEN_UP_S: Final = 30.0
"""A client that takes nothing for so long after it was told to go is cut off."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Lets a client that reads too slowly find out why it was sent away, and hands on what is no text.

    uvicorn waits with the close frame until the client reads, so that its close code is never sent. It is written
    behind what the client has not read yet; one that goes on not reading is cut off, or its data would stay for ever.

    A text message that is no UTF-8 is handed on as a binary one, which api/ws.py answers with close code
    4400. uvicorn itself logs it as an error of its own, and where the client's close frame came along, drops the
    connection with a second traceback: anybody could fill the log.
    """

    async def send(self, message: Any) -> None:
        """Writes a close frame at once."""
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.writable.set()
            self.loop.call_later(_GIVEN_UP_S, self.transport.abort)
        await super().send(message)

    def send_receive_event_to_app(self) -> None:
        """Looks at a whole message before the application gets it."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()
