"""Files over HTTP: `POST /files` takes one in as it comes, `GET /files/{id}` hands it out; mounted by api/app.py.

Bytes do not travel in GraphQL. What goes wrong is answered as there: JSON with `errors`, each with a stable code.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from api.beside import as_error, send_error, send_json, start
from api.errors import BAD_REQUEST, EdgeError
from api.http import BODY_TIMEOUT, BODY_TOO_LARGE, METHOD_NOT_ALLOWED, headers_of, request_id_from
from api.operations import Authenticate
from domain.access import Actor
from domain.errors import BadInput, Unauthenticated
from domain.files import File, FileKind
from domain.refusals import NotFound, Refusal
from resolvers.context import Context
from resolvers.files import NewFile, open_file, store_file
from resolvers.services import Services
from schema.scalars import format_time
from storage.driver import Document

PATH: Final = "/files"
UPLOAD_COST: Final = 1_000
DOWNLOAD_COST: Final = 100
_IDLE_S: Final = 30.0
"""So long a client may send nothing."""
_UPLOAD_S: Final = 600.0
"""So long an upload may take in all."""
_DRAINED_BYTES: Final = 50_000_000
"""So much of a refused body is read and dropped, so that the client gets to read the answer."""
_DRAINED_S: Final = 10.0
_DRAINED_UNKNOWN_BYTES: Final = 1_000_000
"""So much of the body of a caller who is not signed in."""
_PARAMETERS: Final = {
    "kind": "kind",
    "name": "name",
    "id": "id",
    "leadId": "lead_id",
    "visitId": "visit_id",
    "accountId": "account_id",
    "articleId": "article_id",
}

Charge = Callable[[Actor, int], Awaitable[None]]
"""Takes the cost of a request from the caller's budget. May raise RateLimited."""


class Files:
    """The endpoint."""

    def __init__(self, services: Services, authenticate: Authenticate, charge: Charge) -> None:
        self._services = services
        self._authenticate = authenticate
        self._charge = charge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        request_id = request_id_from(headers)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        body = _Body(receive, headers, self._services.files.max_bytes)
        signed_in = None
        answer: Document | tuple[File, AsyncIterator[bytes]] | None
        try:
            file_id = scope["path_params"].get("id")
            if scope["method"] not in ({"POST"} if file_id is None else {"GET", "HEAD"}):
                raise EdgeError(METHOD_NOT_ALLOWED, "Use POST /files, and GET /files/{id}.")
            signed_in = await self._authenticate(headers)
            if signed_in is None:
                raise Unauthenticated
            context = Context(self._services, signed_in.actor, request_id)
            await self._charge(signed_in.actor, UPLOAD_COST if file_id is None else DOWNLOAD_COST)
            if file_id is None:
                answer = await self._take_in(context, scope, headers, body)
            else:
                answer = await open_file(context, file_id)
                if answer is None:
                    raise as_error(NotFound(file_id))
        except ClientDisconnect:
            return
        except Exception as error:
            await body.drain(_DRAINED_BYTES if signed_in is not None else _DRAINED_UNKNOWN_BYTES)
            await send_error(send, error, request_id, close=not body.ended)
            return
        if isinstance(answer, tuple):
            await _hand_out(send, request_id, *answer, whole=scope["method"] != "HEAD")
            return
        await send_json(send, 201, {"x-request-id": request_id, "location": f"{PATH}/{answer['_id']}"}, _shown(answer))

    async def _take_in(self, context: Context, scope: Scope, headers: Mapping[str, str], body: _Body) -> Document:
        given = _described(scope["query_string"])
        client_key = headers.get("idempotency-key", "").strip('"') or (f"id:{given.id}" if given.id else "")
        body.check_declared()
        outcome = await store_file(context, client_key, given, body.chunks())
        if isinstance(outcome, Refusal):
            raise as_error(outcome)
        return outcome


class _Body:
    """The body of an upload, within its limits."""

    def __init__(self, receive: Receive, headers: Mapping[str, str], limit: int) -> None:
        self._receive = receive
        self._headers = headers
        self._limit = limit
        self.ended = False

    def check_declared(self) -> None:
        """Raises EdgeError where the headers alone say that the body cannot be taken."""
        if self._headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise EdgeError("UNSUPPORTED_MEDIA_TYPE", "Compressed bodies are not read.")
        declared = self._headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:19]) > self._limit:
            raise self._too_large()

    async def chunks(self) -> AsyncIterator[bytes]:
        """In the order they come. Raises EdgeError past the limits, ClientDisconnect where the client leaves."""
        size = 0
        # No timeout may be open while a chunk is handed out: it would strike whoever works on the chunk.
        ends_at = asyncio.get_running_loop().time() + _UPLOAD_S
        while not self.ended:
            patience_ends_at = asyncio.get_running_loop().time() + _IDLE_S
            try:
                async with asyncio.timeout_at(min(ends_at, patience_ends_at)):
                    chunk = await self._next()
            except TimeoutError as error:
                raise EdgeError(BODY_TIMEOUT, "The body did not arrive in time.") from error
            size += len(chunk)
            if size > self._limit:
                raise self._too_large()
            if chunk:
                yield chunk

    async def drain(self, most: int) -> None:
        """Drops what is still coming, within limits; a client that waits to be asked for it is not asked."""
        if "expect" in self._headers:
            return
        dropped = 0
        try:
            async with asyncio.timeout(_DRAINED_S):
                while not self.ended and dropped < most:
                    dropped += len(await self._next())
        except (TimeoutError, ClientDisconnect):
            return

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self.ended = not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    def _too_large(self) -> EdgeError:
        return EdgeError(BODY_TOO_LARGE, f"A file may have {self._limit} bytes.", limit=self._limit)


def _described(query: bytes) -> NewFile:
    """The parameters of the query string. Raises EdgeError or BadInput."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise EdgeError(BAD_REQUEST, "The query string is not well-formed.") from error
    values = {_PARAMETERS[name]: value for name, value in pairs if name in _PARAMETERS}
    if len(values) != sum(name in _PARAMETERS for name, _ in pairs):
        raise EdgeError(BAD_REQUEST, "A parameter is given twice.")
    kind = values.pop("kind", FileKind.OTHER.value)
    if kind not in FileKind.__members__:
        raise BadInput("kind", f"must be one of {', '.join(FileKind)}")
    return NewFile(kind=FileKind(kind), **({"name": ""} | values))


def _shown(file: Document) -> bytes:
    shown = {
        "id": file["_id"],
        "kind": file["kind"],
        "name": file["name"],
        "contentType": file["content_type"],
        "sizeBytes": file["size_bytes"],
        "sha256": file["sha256"],
        "uploadedAt": format_time(file["uploaded_at"]),
    }
    return orjson.dumps({"data": {"file": shown}})


async def _hand_out(send: Send, request_id: str, file: File, pieces: AsyncIterator[bytes], *, whole: bool) -> None:
    """What breaks off now can only be told by an answer that is too short."""
    await start(
        send,
        200,
        {
            "content-type": file.content_type,
            "content-length": str(file.size_bytes),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "content-security-policy": "default-src 'none'; sandbox",
            "cross-origin-resource-policy": "same-site",
            "etag": f'"{file.sha256}"',
            "cache-control": "private, no-store",
            "x-request-id": request_id,
        },
    )
    if whole:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
