"""The messages of graphql-transport-ws: what a client may send, checked; used by api/ws.py only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.decoding import Parameters, decode_json, read_parameters
from api.errors import EdgeError

SUBPROTOCOL = "graphql-transport-ws"


class Close(Exception):  # noqa: N818 - an instruction, not a fault
    """The socket is to be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    """Asks for the connection; `authorization` is what the payload offers as a header of that name."""

    authorization: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """Wants a pong with the same payload."""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """Needs no answer."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Starts the operation `id`."""

    id: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of the operation `id`."""

    id: str


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_message(text: str | None) -> ClientMessage:
    """The message in a text frame (None: the frame was binary). Raises Close(4400) for anything else."""
    if text is None:
        raise Close(4400, "Messages are sent as text")
    try:
        value = decode_json(text)
        if not isinstance(value, dict):
            raise Close(4400, "A message is a JSON object")
        return _read(value)
    except EdgeError as error:
        raise Close(4400, error.message) from error


def _read(value: dict[str, Any]) -> ClientMessage:
    match value.get("type"):
        case "connection_init":
            return ConnectionInit(_authorization(_payload(value) or {}))
        case "ping":
            return Ping(_payload(value))
        case "pong":
            _payload(value)
            return Pong()
        case "subscribe":
            return Subscribe(_id(value), read_parameters(value.get("payload")))
        case "complete":
            return Complete(_id(value))
        case _:
            raise Close(4400, "The message has no type a client may send")


def _id(value: dict[str, Any]) -> str:
    given = value.get("id")
    if not isinstance(given, str) or not given:
        raise Close(4400, "`id` must be a string that is not empty")
    return given


def _payload(value: dict[str, Any]) -> dict[str, Any] | None:
    payload = value.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Close(4400, "`payload` must be an object")
    return payload


def _authorization(payload: dict[str, Any]) -> str | None:
    headers = payload.get("headers")
    for source in (payload, headers if isinstance(headers, dict) else {}):
        for name, value in source.items():
            if name.lower() == "authorization" and value is not None:
                if not isinstance(value, str):
                    raise Close(4400, "`Authorization` must be a string")
                return value
    return None
