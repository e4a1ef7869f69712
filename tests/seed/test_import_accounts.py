"""Customer files on a real database: good rows in, bad rows told by line, again without a change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from geopy.geocoders import SERVICE_TO_GEOCODER

from domain.places import Datum
from seed.csv_file import decode, parse
from seed.geocoding import DATUMS, GeocodingError, configured_geocoder
from seed.import_accounts import NAMES, import_accounts
from seed.importing import Options, Report
from storage.driver import Document
from storage.store import Store
from tests.conftest import START
from tests.support.world import World

HEADER = "external_id,name,tier,owner,latitude,longitude,datum,opening_hours,city\n"
ROW = "{id},Shop {id},B,{owner},52.5,13.4,WGS84,Mo-Fr 09:00-18:00,Berlin\n"


async def run(world: World, store: Store, text: str | bytes, **how: Any) -> Report:
    read = decode(text)[0] if isinstance(text, bytes) else text
    return await import_accounts(store, parse(read, NAMES), Options(world.org_id, START, **how))


async def accounts(world: World, store: Store) -> dict[str, Document]:
    found = await store["accounts"].find({"org_id": world.org_id}, limit=2_000)
    return {each["external_id"]: each for each in found}


async def sites(world: World, store: Store) -> dict[str, Document]:
    found = await store["sites"].find({"org_id": world.org_id}, limit=2_000)
    return {each["external_id"]: each for each in found}


def sums(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.changed, report.unchanged, len(report.bad_lines)


def told(report: Report) -> list[tuple[int, str]]:
    return [(problem.line, problem.column) for problem in report.problems]


async def test_a_good_file_goes_in_once(world: World, store: Store) -> None:
    text = HEADER + "".join(ROW.format(id=f"x{number}", owner=world.rep.person.email) for number in range(3))
    assert sums(await run(world, store, text)) == (3, 0, 0, 0)
    account, site = (await accounts(world, store))["x1"], (await sites(world, store))["x1"]
    assert (account["name"], account["tier"], account["owner_id"]) == ("Shop x1", "B", world.rep.id)
    assert (site["account_id"], site["team_id"], site["opening_hours"]) == (
        account["_id"],
        world.north.id,
        "Mo-Fr 09:00-18:00",
    )
    assert sums(await run(world, store, text)) == (0, 0, 3, 0)


async def test_what_was_imported_is_seen_by_its_owner_through_the_api(world: World, store: Store) -> None:
    await run(world, store, HEADER + ROW.format(id="x1", owner=world.rep.person.email.upper()))
    listed = await world.rep.api.data("{ accounts(first: 5) { edges { node { name } } } }")
    assert listed["accounts"]["edges"] == [{"node": {"name": "Shop x1"}}]


async def test_bad_rows_are_told_by_line_and_good_ones_go_in(world: World, store: Store) -> None:
    rows = [
        ROW.format(id="good", owner=world.rep.person.email),
        ROW.format(id="tier", owner="").replace(",B,", ",Z,"),
        ROW.format(id="owner", owner="nobody@example.test"),
        ROW.format(id="zero", owner="").replace("52.5,13.4", "0,0"),
        ROW.format(id="pole", owner="").replace("52.5", "152.5"),
        ROW.format(id="half", owner="").replace("52.5,", ","),
        ROW.format(id="", owner=""),
        ROW.format(id="good", owner=""),
        ",,,\n",
        ROW.format(id="name", owner="").replace("Shop name", ""),
        ROW.format(id="hours", owner="").replace("Mo-Fr 09:00-18:00", "sometimes"),
    ]
    report = await run(world, store, HEADER + "".join(rows))
    assert told(report) == [
        (3, "tier"),
        (4, "owner"),
        (5, "latitude, longitude"),
        (6, "latitude, longitude"),
        (7, "latitude"),
        (8, "external_id"),
        (9, "external_id"),
        (11, "name"),
        (12, "opening_hours"),
    ]
    assert sums(report) == (2, 0, 0, 8)
    assert set(await accounts(world, store)) == {"good", "hours"}
    assert "opening_hours" not in (await sites(world, store))["hours"]


@pytest.mark.parametrize(
    ("how", "bad"), [({"strict": True}, True), ({"dry_run": True}, False), ({"dry_run": True}, True)]
)
async def test_strict_and_dry_run_write_nothing(world: World, store: Store, how: Mapping[str, bool], bad: bool) -> None:
    text = HEADER + ROW.format(id="x1", owner="") + (ROW.format(id="x2", owner="nobody@example.test") if bad else "")
    report = await run(world, store, text, **how)
    assert not report.applied
    assert sums(report) == (1, 0, 0, int(bad))
    assert await accounts(world, store) == {}


async def test_strict_goes_in_where_every_row_is_good(world: World, store: Store) -> None:
    assert (await run(world, store, HEADER + ROW.format(id="x1", owner=""), strict=True)).applied
    assert set(await accounts(world, store)) == {"x1"}


async def test_absent_and_empty_cells_keep_and_a_mark_clears(world: World, store: Store) -> None:
    header = "external_id;name;industry;phone;region;owner;latitude;longitude;opening_hours\n"
    await run(world, store, header + f"x1;One;food;123;north;{world.rep.person.email};52.5;13.4;24/7\n")
    report = await run(world, store, "external_id;phone;industry;region;opening_hours\nx1;;\\N;;\\N\n")
    assert sums(report) == (0, 1, 0, 0)
    account, site = (await accounts(world, store))["x1"], (await sites(world, store))["x1"]
    assert (account["name"], account["phone"], account["owner_id"]) == ("One", "123", world.rep.id)
    assert "industry" not in account
    assert "opening_hours" not in site
    refused = await run(world, store, "external_id,name\nx1,\\N\n")
    assert [str(each) for each in refused.problems] == ["line 2: name: cannot be cleared"]


async def test_a_new_owner_and_tier_are_followed_by_the_sites_and_contacts(world: World, store: Store) -> None:
    await run(world, store, HEADER + ROW.format(id="x1", owner=world.rep.person.email))
    account_id = (await accounts(world, store))["x1"]["_id"]
    contact = {"_id": f"con_{account_id[4:]}", "org_id": world.org_id, "account_id": account_id, "name": "Kim"}
    await store["contacts"].insert_one(contact | {"owner_id": world.rep.id, "team_id": world.north.id, "version": 1})
    report = await run(world, store, f"external_id,tier,owner\nx1,A,{world.south_rep.person.email}\n")
    assert sums(report) == (0, 1, 0, 0)
    site = (await sites(world, store))["x1"]
    followed = await store["contacts"].find_one({"_id": contact["_id"]})
    assert (site["tier"], site["owner_id"], site["team_id"]) == ("A", world.south_rep.id, world.south.id)
    assert followed is not None
    assert (followed["owner_id"], followed["team_id"]) == (world.south_rep.id, world.south.id)


async def test_a_moved_pin_becomes_a_new_version_and_rows_left_out_stay(world: World, store: Store) -> None:
    await run(world, store, HEADER + "".join(ROW.format(id=each, owner="") for each in ("x1", "x2")))
    await run(world, store, HEADER + ROW.format(id="x1", owner="").replace("52.5", "52.6"))
    found = await sites(world, store)
    assert (found["x1"]["location_version"], found["x2"]["location_version"]) == (2, 1)
    assert set(await accounts(world, store)) == {"x1", "x2"}


@pytest.mark.parametrize(("datum", "stored"), [("", "GCJ02"), ("bd-09", "BD09"), ("WGS84", "WGS84")])
async def test_a_datum_of_the_row_comes_before_the_option(world: World, store: Store, datum: str, stored: str) -> None:
    text = f"external_id,name,latitude,longitude,datum\nx1,One,30.2741,120.1551,{datum}\n"
    await run(world, store, text, datum=Datum.GCJ02)
    site = (await sites(world, store))["x1"]
    assert site["given"]["datum"] == stored
    assert (site["location"]["coordinates"] == [120.1551, 30.2741]) == (stored == "WGS84")


async def test_a_gb18030_file_with_chinese_headers_goes_in(world: World, store: Store) -> None:
    raw = "客户编号;客户名称;等级;纬度;经度\nH1;云杉面包房;A;30.27;120.15\n".encode("gb18030")
    assert sums(await run(world, store, raw)) == (1, 0, 0, 0)
    assert (await accounts(world, store))["H1"]["name"] == "云杉面包房"


async def test_another_organization_keeps_its_own_records(world: World, other_world: World, store: Store) -> None:
    await run(world, store, HEADER + ROW.format(id="x1", owner=""))
    report = await run(other_world, store, HEADER + ROW.format(id="x1", owner=world.rep.person.email))
    assert told(report) == [(2, "owner")]
    assert sums(await run(other_world, store, HEADER + ROW.format(id="x1", owner=""))) == (1, 0, 0, 0)


async def test_more_rows_than_a_batch_go_in_and_are_found_again(world: World, store: Store) -> None:
    text = "external_id,name,latitude,longitude\n" + "".join(f"n{each:04d},Shop,52.5,13.4\n" for each in range(620))
    assert sums(await run(world, store, text, owner=world.rep.person.email)) == (620, 0, 0, 0)
    assert sums(await run(world, store, text)) == (0, 0, 620, 0)


async def test_two_imports_at_once_leave_each_record_once(world: World, store: Store) -> None:
    text = HEADER + "".join(ROW.format(id=f"x{each}", owner="") for each in range(20))
    reports = await asyncio.gather(run(world, store, text), run(world, store, text))
    assert len(await accounts(world, store)) == len(await sites(world, store)) == 20
    assert sum(report.created for report in reports) == 20
    assert sums(await run(world, store, text)) == (0, 0, 20, 0)


@pytest.fixture
async def geocoder_domain() -> AsyncIterator[str]:
    """A stand-in for a Nominatim server that knows one street and is out of order for another."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)["q"][0]
            known = [{"lat": "53.55", "lon": "9.99", "display_name": query}] if "Demo Street" in query else []
            body = json.dumps(known).encode()
            self.send_response(500 if "Broken" in query else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


ADDRESSES = "external_id,name,street,city\nx1,One,Demo Street 1,Hamburg\nx2,Two,Nowhere 2,Hamburg\nx3,Three,Broken 3,\n"


async def test_addresses_are_geocoded_where_a_geocoder_is_configured(
    world: World, store: Store, geocoder_domain: str
) -> None:
    geocode = configured_geocoder("nominatim", {"domain": geocoder_domain, "scheme": "http"}, pause_s=0.001)
    report = await run(world, store, ADDRESSES, geocode=geocode)
    assert sums(report) == (3, 0, 0, 0)
    assert told(report) == [(3, "address"), (4, "address")]
    found = await sites(world, store)
    assert [(key, site["address"]) for key, site in found.items()] == [("x1", "Demo Street 1, Hamburg")]
    assert found["x1"]["location"]["coordinates"] == [9.99, 53.55]


async def test_addresses_are_reported_where_none_is(world: World, store: Store) -> None:
    report = await run(world, store, ADDRESSES)
    assert told(report) == [(2, "address"), (3, "address"), (4, "address")]
    assert await sites(world, store) == {}


def test_every_geocoder_of_geopy_has_a_datum() -> None:
    assert set(DATUMS) == set(SERVICE_TO_GEOCODER)


def test_a_geocoder_that_cannot_be_made_is_told() -> None:
    assert configured_geocoder("none", {}) is None
    with pytest.raises(GeocodingError, match="GEOCODER=googlev3"):
        configured_geocoder("googlev3", {"colour": "red"})
