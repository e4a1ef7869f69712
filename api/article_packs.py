"""Offline packs over HTTP: `GET /packs/articles`, whole or what changed since a version; mounted by api/app.py.

Beside GraphQL because of what HTTP has for it: an ETag, `304` for who has everything, and compression.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from api.beside import parameters_of, send_error, start
from api.errors import EdgeError
from api.files import Charge
from api.http import METHOD_NOT_ALLOWED, headers_of, request_id_from
from api.negotiation import takes_gzip
from api.operations import Authenticate
from api.responses import send_answer
from domain.articles import ArticleLanguage, plain_text
from domain.errors import BadInput, Unauthenticated
from knowledge.rendering import safe_html
from resolvers.article_packs import Pack, PackWanted, article_pack_since, current_version
from resolvers.context import Context
from resolvers.services import Services
from schema.scalars import format_time
from storage.driver import Document

PATH: Final = "/packs/articles"
COST: Final = 500
_PARAMETERS: Final = {"since", "language", "industry"}


class ArticlePacks:
    """The endpoint."""

    def __init__(self, services: Services, authenticate: Authenticate, charge: Charge) -> None:
        self._services = services
        self._authenticate = authenticate
        self._charge = charge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        headers = headers_of(scope)
        request_id = request_id_from(headers)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if scope["method"] not in {"GET", "HEAD"}:
                raise EdgeError(METHOD_NOT_ALLOWED, f"Use GET {PATH}.")
            signed_in = await self._authenticate(headers)
            if signed_in is None:
                raise Unauthenticated
            context = Context(self._services, signed_in.actor, request_id)
            await self._charge(signed_in.actor, COST)
            wanted = _wanted(scope["query_string"])
            about = {"x-request-id": request_id, "cache-control": "private, no-cache"}
            about["vary"] = "authorization, accept-encoding"
            if _has(headers.get("if-none-match"), tag := f'"{await current_version(context, wanted)}"'):
                await start(send, 304, {**about, "etag": tag})
                await send({"type": "http.response.body", "body": b""})
                return
            pack = await article_pack_since(context, wanted)
            # Off the event loop: rendering fifty long articles is tens of milliseconds of work.
            body = await asyncio.to_thread(_written, pack)
        except Exception as error:
            await send_error(send, error, request_id)
            return
        about |= {"etag": f'"{pack.version}"', "content-type": "application/json; charset=utf-8"}
        about["x-content-type-options"] = "nosniff"
        await send_answer(send, 200, about, body, takes_gzip=takes_gzip(headers.get("accept-encoding")))


def _wanted(query: bytes) -> PackWanted:
    """The parameters of the query string. Raises EdgeError or BadInput."""
    values = parameters_of(query, _PARAMETERS)
    language = values.get("language")
    if language is not None and language not in set(ArticleLanguage):
        raise BadInput("language", f"must be one of {', '.join(ArticleLanguage)}")
    return PackWanted(
        since=values.get("since", ""),
        language=None if language is None else ArticleLanguage(language),
        industry=values.get("industry"),
    )


def _has(if_none_match: str | None, tag: str) -> bool:
    """Whether the client says that it has this version; weak or strong does not matter here (RFC 9110, 13.1.2)."""
    given = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return tag in given or given == ["*"]


def _written(pack: Pack) -> bytes:
    told: dict[str, Any] = {
        "version": str(pack.version),
        "hasMore": pack.has_more,
        "beginsAnew": pack.begins_anew,
        "articles": [_shown(each) for each in pack.articles],
        "removedIds": pack.removed_ids,
    }
    return orjson.dumps(told)


def _shown(article: Document) -> Mapping[str, Any]:
    body = article["body"]
    return {
        "id": article["_id"],
        "version": article["version"],
        "language": article["language"],
        "title": article["title"],
        "aliases": article.get("aliases", []),
        "tags": article.get("tags", []),
        "stages": article.get("stages", []),
        "productLines": article.get("product_lines", []),
        "competitors": article.get("competitors", []),
        "industry": article.get("industry"),
        "body": body,
        "bodyHtml": safe_html(body),
        "bodyText": plain_text(body),
        "attachments": [_attached(each) for each in article.get("attachments", [])],
        "publishedAt": _time(article.get("published_at")),
        "updatedAt": _time(article.get("updated_at")),
    }


def _attached(attachment: Document) -> Mapping[str, Any]:
    """What is fetched at `GET /files/{fileId}`."""
    return {
        "fileId": attachment["file_id"],
        "name": attachment["name"],
        "contentType": attachment["content_type"],
        "sizeBytes": attachment["size_bytes"],
        "sha256": attachment["sha256"],
    }


def _time(value: Any) -> str | None:
    return None if value is None else format_time(value)
