"""The console: the files of `web/` as they are, under a policy that lets a page ask nobody else; for api/app.py.

Everything is read, hashed and compressed when the process starts, so a request touches no disk.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

PATH: Final = "/console"
FOLDER: Final = Path(__file__).parents[1] / "web"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".graphql": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
"""Whatever else lies in the folder is not served."""
_COMPRESSED_ALREADY: Final = frozenset({".png", ".woff2"})
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_VERSIONED: Final = re.compile(r"^vendor/[^/]+-\d[^/]*/")
"""Folders of libraries carry the version in their name."""


@dataclass(frozen=True, slots=True)
class BaseMap:
    """What lies beneath the console's map."""

    tiles: str | None = None
    attribution: str = ""
    datum: str = "WGS84"
    max_zoom: int = 19
    features: Path | None = None


@dataclass(frozen=True, slots=True)
class _Served:
    """One file in memory."""

    body: bytes
    compressed: bytes | None
    headers: dict[str, str]


class Console:
    """The routes of the console; `base_map` comes from the settings. OSError where a file cannot be read."""

    def __init__(self, base_map: BaseMap, folder: Path = FOLDER) -> None:
        self._policy = {
            "content-security-policy": _content_policy(base_map),
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            # Owners of tiles ask to see which site shows them.
            "referrer-policy": "strict-origin" if base_map.tiles else "no-referrer",
            "x-content-type-options": "nosniff",
        }
        self._files = {
            str(path.relative_to(folder)): self._served(str(path.relative_to(folder)), path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        facts: dict[str, Any] = {
            "tiles": base_map.tiles,
            "attribution": base_map.attribution,
            "datum": base_map.datum,
            "maxZoom": base_map.max_zoom,
            "features": None,
        }
        if base_map.features is not None:
            facts["features"] = "features.geojson"
            self._files["features.geojson"] = self._served("features.geojson", base_map.features.read_bytes())
        self._files["base-map.json"] = self._served("base-map.json", orjson.dumps(facts))

    def routes(self) -> list[BaseRoute]:
        """`/` and `/console` lead to the page; below `/console/` are its files."""

        async def lead_there(_: Request) -> Response:
            return RedirectResponse(f"{PATH}/")

        return [Route("/", lead_there), Route(PATH, lead_there), Route(f"{PATH}/{{path:path}}", self._answer)]

    async def _answer(self, request: Request) -> Response:
        served = self._files.get(request.path_params["path"] or "index.html")
        if served is None:
            return Response("Not found", 404, headers=self._policy, media_type="text/plain")
        if served.headers["etag"] in (request.headers.get("if-none-match") or ""):
            return Response(status_code=304, headers=served.headers)
        if served.compressed is not None and _takes_gzip(request.headers):
            return Response(served.compressed, headers=served.headers | {"content-encoding": "gzip"})
        return Response(served.body, headers=served.headers)

    def _served(self, name: str, body: bytes) -> _Served:
        suffix = Path(name).suffix
        compressed = None if suffix in _COMPRESSED_ALREADY else gzip.compress(body, mtime=0)
        headers = {
            **self._policy,
            "content-type": _TYPES[suffix],
            "cache-control": _FOREVER if _VERSIONED.match(name) else _ASK_AGAIN,
            "etag": f'W/"{hashlib.sha256(body).hexdigest()[:20]}"',
        }
        if compressed is not None:
            headers["vary"] = "accept-encoding"
        return _Served(body, compressed, headers)


def documents(folder: Path = FOLDER) -> dict[str, str]:
    """The GraphQL documents that the console sends, by name: what a server that answers registered ones alone needs."""
    found = sorted((folder / "operations").glob("*.graphql"))
    return {f"console/{path.stem}": path.read_text(encoding="utf-8") for path in found}


def _takes_gzip(headers: Headers) -> bool:
    return "gzip" in headers.get("accept-encoding", "")


def _content_policy(base_map: BaseMap) -> str:
    """Only what this server serves; pictures also from where the tiles are."""
    pictures = "'self' data:" + (f" {_origin(base_map.tiles)}" if base_map.tiles else "")
    parts = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "img-src": pictures,
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _origin(tiles: str) -> str:
    """Where tiles come from; `{s}` stands for any of its subdomains."""
    address = urlsplit(tiles.replace("{s}", "*"))
    return f"{address.scheme}://{address.netloc}"
