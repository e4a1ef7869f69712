"""Sends a whole answer over HTTP, compressed for who takes that; api/http.py answers through it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Final

from starlette.types import Send

_COMPRESSED_FROM: Final = 1_000
"""Bytes. Compressing less saves no packet."""
_LEVEL: Final = 5


async def send_answer(send: Send, status: int, headers: Mapping[str, str], body: bytes, *, takes_gzip: bool) -> None:
    """`headers` are lower-case and without what follows from the body."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if takes_gzip and len(body) >= _COMPRESSED_FROM:
        body = gzip.compress(body, _LEVEL, mtime=0)
        raw.append((b"content-encoding", b"gzip"))
    raw.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
