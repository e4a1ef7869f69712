"""Small files of each type and how a client hands them in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.support.client import ApiClient, new_key

PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 80
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 80


def office(first: str = "[Content_Types].xml") -> bytes:
    """The beginning of every docx, xlsx and pptx."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(first, "<Types/>" * 20)
    return made.getvalue()


async def upload(
    client: ApiClient,
    body: bytes | AsyncIterator[bytes] = PDF,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    **given: Any,
) -> httpx.Response:
    """The raw response; `given` are the parameters, a kind and a name where none are given. An empty key sends none."""
    sent = dict(headers or {})
    if key != "":
        sent["idempotency-key"] = key or new_key()
    if client.token:
        sent.setdefault("authorization", f"Bearer {client.token}")
    parameters = {"kind": "OTHER", "name": "offer.pdf"} | given
    return await client.http.post("/files", params=parameters, content=body, headers=sent)
