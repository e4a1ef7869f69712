"""uvicorn's WebSocket protocol with one repair; api/__main__.py serves with it."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class SocketProtocol(WebSocketsSansIOProtocol):
    """Hands on a text message that is no UTF-8 as a binary one, which api/ws.py answers with close code 4400.

    uvicorn itself logs it as an error of its own, and where the client's close frame came along, drops the
    connection with a second traceback: anybody could fill the log.
    """

    def send_receive_event_to_app(self) -> None:
        """Looks at a whole message before the application gets it."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()
