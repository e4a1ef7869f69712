"""WebSocket handshakes and frames no client library would send, from a seeded generator; for tests/fuzz."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.fuzz.http_cases import ENVELOPES, RAW_VALUES, Case, valid_call
from tests.fuzz.target import Target

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MESSAGES: tuple[Any, ...] = (
    *ENVELOPES,
    {"type": "connection_init", "payload": 5},
    {"type": "connection_init", "payload": {"authorization": ["x"]}},
    {"type": "connection_init", "payload": {"headers": {"Authorization": "Bearer a.b.c"}}},
    {"type": "subscribe"},
    {"type": "subscribe", "id": 5, "payload": {"query": "{ __typename }"}},
    {"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}},
    {"type": "subscribe", "id": "x" * 10_000, "payload": {"query": "{ __typename }"}},
    {"type": "subscribe", "id": "one", "payload": None},
    {"type": "complete", "id": {}},
    {"type": "complete", "id": "never begun"},
    {"type": "ping", "payload": {"a": "x" * 10_000}},
    {"type": "pong", "payload": 3},
    {"type": "next", "id": "one", "payload": {}},
    {"type": "\ud800"},
    {"type": ["ping"]},
    {"type": None},
)


def frame(kind: int, payload: bytes, *, last: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """A frame of RFC 6455."""
    head = bytes([(0x80 if last else 0) | reserved << 4 | kind])
    size, bit = len(payload), 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(byte ^ key[at & 3] for at, byte in enumerate(payload))


def _text(message: Any) -> bytes:
    return frame(TEXT, message if isinstance(message, bytes) else json.dumps(message).encode())


def _handshake(random: Random) -> bytes:
    lines = [
        "GET /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + base64.b64encode(random.randbytes(16)).decode(),
        "Sec-WebSocket-Protocol: graphql-transport-ws",
    ]
    if random.random() < 0.15:
        at = random.randrange(1, len(lines))
        name = lines[at].partition(":")[0]
        lines[at] = f"{name}: {random.choice(('', 'x', '99', 'graphql-ws', 'a' * 5_000, ', , ,'))}"
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _operation(target: Target, random: Random, number: int) -> bytes:
    field = random.choice([each for each in target.fields if each.kind == "subscription"])
    call = {"query": field.document, "variables": field.variables(target.ids)}
    if random.random() < 0.6:
        call = valid_call(target, random)
    return _text({"type": "subscribe", "id": str(number), "payload": call})


def _frames(target: Target, random: Random) -> Iterator[bytes]:
    token = random.choice((*target.tokens, *target.tokens, "x"))
    if random.random() < 0.8:
        yield _text({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    for number in range(random.randint(0, 4)):
        yield _operation(target, random, number if random.random() < 0.9 else 0)
    hello = json.dumps({"type": "ping"}).encode()
    match random.randrange(12):
        case 0:
            yield _text(random.choice(MESSAGES))
        case 1:
            yield _text(('{"type":"subscribe","id":"z","payload":' + random.choice(RAW_VALUES)).encode() + b"}")
        case 2:
            yield frame(BINARY, hello)
        case 3:
            cut = random.randrange(len(hello))
            yield frame(TEXT, hello[:cut], last=False) + frame(0, hello[cut:])
        case 4:
            yield frame(TEXT, hello, last=False) + frame(TEXT, hello)
        case 5:
            yield frame(TEXT, hello, masked=False)
        case 6:
            yield frame(TEXT, hello, reserved=random.randint(1, 7))
        case 7:
            yield frame(random.choice((3, 4, 7, 11, 15)), hello)
        case 8:
            yield frame(
                TEXT, random.choice((b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\x00", random.randbytes(200)))
            )
        case 9:
            yield frame(PING, b"x" * random.choice((0, 125, 126, 5_000)))
        case 10:
            code = random.choice((0, 999, 1005, 1006, 1015, 2_999, 4_400, 65_535))
            yield frame(CLOSE, struct.pack("!H", code) + random.choice((b"", b"\xff", b"x" * 123)))
        case _:
            whole = _text({"type": "ping", "payload": {"a": "x" * random.choice((10, 2_000_000))}})
            yield whole[: random.randrange(1, len(whole))] if random.random() < 0.5 else whole


def socket_case(target: Target, random: Random) -> Case:
    """A handshake, mostly a good one, and frames; a close at the end, so that nothing waits."""
    frames = b"".join(_frames(target, random))
    end = frame(CLOSE, struct.pack("!H", 1000))
    return Case("socket", _handshake(random), then=frames + end, silent=True, plain=True)


def closings(received: bytes) -> tuple[list[str], list[int]]:
    """The texts and close codes in what a server sent after its handshake."""
    data = received.partition(b"\r\n\r\n")[2]
    texts, codes, at = [], [], 0
    while at + 2 <= len(data):
        kind, size = data[at] & 15, data[at + 1] & 127
        at += 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        payload = data[at : at + size]
        at += size
        if kind == TEXT:
            texts.append(payload.decode("utf-8"))
        elif kind == CLOSE and len(payload) >= 2:
            codes.append(int.from_bytes(payload[:2], "big"))
    return texts, codes
