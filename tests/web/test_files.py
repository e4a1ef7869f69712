"""How the console's files are served, that foreign ones are as published, and that its documents fit the schema."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from api.app import EdgeSettings, create_app
from api.console import FOLDER, BaseMap, documents
from api.limits import Limits
from resolvers.services import Services

ROOT = FOLDER.parent
SOURCES = [path for path in sorted(FOLDER.rglob("*.js")) if "vendor" not in path.parts]
TILES = "https://{s}.tiles.example.test/{z}/{x}/{y}.png"


def asking(services: Services, base_map: BaseMap | None) -> httpx.AsyncClient:
    app = create_app(services, EdgeSettings(Limits(), console=base_map))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console.test")


@pytest.fixture
async def http(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(services, BaseMap()) as client:
        yield client


async def test_the_bare_address_leads_to_the_page(http: httpx.AsyncClient) -> None:
    for path in ("/", "/console"):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, "/console/")
    page = await http.get("/console/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_a_page_may_ask_this_server_alone(http: httpx.AsyncClient) -> None:
    for path in ("/console/", "/console/app.js", "/console/nowhere"):
        policy = (await http.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_pictures_may_come_from_where_the_tiles_are(services: Services) -> None:
    base_map = BaseMap(TILES, attribution="Map data of somebody", datum="GCJ02")
    async with asking(services, base_map) as http:
        policy = (await http.get("/console/")).headers["content-security-policy"]
        assert "img-src 'self' data: https://*.tiles.example.test;" in policy
        assert "connect-src 'self';" in policy
        told = (await http.get("/console/base-map.json")).json()
        assert (told["tiles"], told["attribution"], told["datum"]) == (TILES, "Map data of somebody", "GCJ02")


async def test_a_file_of_lines_is_served_as_the_base_map(services: Services, tmp_path: Path) -> None:
    lines = tmp_path / "streets.json"
    lines.write_text('{"type": "FeatureCollection", "features": []}')
    async with asking(services, BaseMap(features=lines)) as http:
        told = (await http.get("/console/base-map.json")).json()
        assert (await http.get(f"/console/{told['features']}")).json()["features"] == []


async def test_files_are_sent_once_and_small(http: httpx.AsyncClient) -> None:
    first = await http.get("/console/app.js")
    assert (first.headers["cache-control"], first.headers["content-encoding"]) == ("no-cache", "gzip")
    again = await http.get("/console/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await http.get("/console/app.js", headers={"accept-encoding": "identity"})
    assert plain.text == first.text
    vendored = await http.get("/console/vendor/leaflet-1.9.4/leaflet.js")
    assert vendored.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path", ["nowhere.js", "refresh_vendor.py", "../api/app.py", "%2e%2e/api/app.py", "vendor/leaflet-1.9.4/LICENSE"]
)
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"/console/{path}")).status_code == 404


async def test_no_console_where_the_setting_is_off(services: Services) -> None:
    async with asking(services, None) as http:
        assert (await http.get("/console/")).status_code == 404


def test_third_party_files_are_as_published() -> None:
    vendor = FOLDER / "vendor"
    manifest = json.loads((vendor / "manifest.json").read_text())
    told = {f"{each['folder']}/{name}": digest for each in manifest for name, digest in each["sha256"].items()}
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == told
    assert all(each["licence"] and f"{each['folder']}/LICENSE" in found for each in manifest)


def test_every_document_fits_the_schema() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    problems = [(name, error.message) for name, text in documents().items() for error in validate(schema, parse(text))]
    assert problems == []


def test_every_operation_is_one_the_page_sends_and_the_other_way_round() -> None:
    declared = {
        f"{name.removeprefix('console/')}/{each.name.value}"
        for name, text in documents().items()
        for each in parse(text).definitions
        if isinstance(each, OperationDefinitionNode) and each.name is not None
    }
    sent = re.compile(r'"([a-z_]+/[A-Z]\w+)"')
    assert {name for path in SOURCES for name in sent.findall(path.read_text())} == declared


async def test_a_server_of_registered_documents_knows_the_console_s(services: Services) -> None:
    edge = EdgeSettings(Limits(introspection=False), persisted_documents=documents(), persisted_only=True)
    transport = httpx.ASGITransport(create_app(services, edge))
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as http:
        body = {"query": documents()["console/map"], "operationName": "Teams", "variables": {"first": 1}}
        answer = (await http.post("/graphql", json=body)).json()
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_modules_import_what_is_there_and_styles_use_what_is_declared() -> None:
    imported = re.compile(r"""(?:from|import\()\s*["'](\.[^"']+)["']""")
    missing = [
        f"{path.name}: {name}"
        for path in SOURCES
        for name in imported.findall(path.read_text())
        if not (path.parent / name).is_file()
    ]
    assert missing == []
    styles = "".join(path.read_text() for path in (FOLDER / "styles").glob("*.css"))
    declared = set(re.findall(r"(--[\w-]+):", styles))
    assert set(re.findall(r"var\((--[\w-]+)", styles)) - declared == set()
    sizes = set(re.findall(r"font-size: ([^;]+);", styles))
    assert {size for size in sizes if not size.startswith("var(")} <= {"11px", "24px", "28px", "44px"}


def test_pages_touch_no_markup_from_strings() -> None:
    risky = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|\beval\(|new Function")
    allowed = {"base_map.js"}
    """Leaflet takes the attribution as markup: it is made from text there."""
    assert {path.name for path in SOURCES if risky.search(path.read_text())} <= allowed
