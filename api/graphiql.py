"""The GraphiQL page for a browser that opens the endpoint, wrapped around it by api/app.py where the setting is on."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html

_ASKS = (b"query=", b"documentId=", b"id=", b"extensions=")


class WithGraphiQL:
    """Answers a GET that prefers HTML and asks no query with the page (it loads its scripts from a public CDN)."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint
        self._page = get_graphql_ide_html("graphiql")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and _wants_page(scope):
            await HTMLResponse(self._page, headers={"vary": "Accept"})(scope, receive, send)
        else:
            await self._endpoint(scope, receive, send)


def _wants_page(scope: Scope) -> bool:
    asks = any(name in scope["query_string"] for name in _ASKS)
    return "text/html" in Headers(scope=scope).get("accept", "") and not asks
