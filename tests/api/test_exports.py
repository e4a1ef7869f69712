"""Tables for spreadsheets over HTTP: the same figures as in the API, nothing a spreadsheet would run, and for whom."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from random import Random
from xml.etree import ElementTree

import httpx
import pytest

from reports.sheets import Table, as_csv, as_xlsx
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient
from tests.support.field_day import tap
from tests.support.report_days import SNAPSHOT, TODAY, the_organization, visits_of_a_week
from tests.support.world import World
from workers.daily_reports import write_reports
from workers.reports import count_day

DAY = TODAY.isoformat()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CELLS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


async def asked(client: ApiClient, file: str, method: str = "GET", **given: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {client.token}"} if client.token else {}
    return await client.http.request(method, f"/exports/{file}", params=given, headers=headers)


def lines(response: httpx.Response) -> list[list[str]]:
    """The lines of a CSV."""
    assert response.status_code == 200, response.text
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def workbook(body: bytes) -> list[list[str | float | None]]:
    """The cells of the first sheet: texts as such, numbers as floats."""
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        assert parts.testzip() is None
        shared = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
        texts = ["".join(each.itertext()) for each in shared]
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    rows: list[list[str | float | None]] = []
    for row in sheet.iter(f"{_CELLS}row"):
        cells: list[str | float | None] = []
        for cell in row:
            assert cell.find(f"{_CELLS}f") is None
            value = cell.findtext(f"{_CELLS}v")
            cells.append(None if value is None else texts[int(value)] if cell.get("t") == "s" else float(value))
        rows.append(cells)
    return rows


async def test_a_report_leaves_as_csv_and_as_a_workbook(world: World, services: Services, clock: StoppedClock) -> None:
    await visits_of_a_week(world, services, Random(3))
    clock.now = START + timedelta(days=1)
    await count_day(services, await the_organization(services, world), TODAY)
    shown = await world.director.api.first(SNAPSHOT, key="VISITS", day=DAY)
    names: dict[str, str] = {each.id: each.person.name for each in (world.rep, world.second_rep, world.south_rep)}
    names |= {world.north.id: "North", world.south.id: "South"}
    expected = [
        [
            *(names.get(each["value"], each["value"]) for each in row["labels"]),
            *(each["value"] for each in row["values"]),
        ]
        for row in shown["rows"]
    ]
    titles = ["Team", "Rep", "Tier", "Planned", "Done as planned", "Missed", "Too short", "Unplanned", "Visits made"]
    by = "TEAM,REP,TIER"
    written = lines(await asked(world.director.api, "VISITS.csv", since=DAY, by=by))
    assert written[0][:9] == titles
    numbers = [[*row[:3], *(float(each) if each else None for each in row[3:])] for row in written[1:]]
    assert numbers == expected
    response = await asked(world.director.api, "VISITS.xlsx", since=DAY, until=DAY, by=by)
    assert response.headers["content-type"] == XLSX
    assert response.headers["content-disposition"] == 'attachment; filename="visits.xlsx"'
    cells = workbook(response.content)
    assert cells[0][:9] == titles
    assert [[each for each in row if each is not None] for row in cells[1:]] == [
        [each for each in row if each is not None] for row in expected
    ]
    again = await asked(world.director.api, "VISITS.xlsx", since=DAY, until=DAY, by=by)
    assert again.content == response.content
    whole = lines(await asked(world.director.api, "VISITS.csv", since=DAY))
    assert whole[0][:4] == ["Day", "Team", "Rep", "Tier"]
    assert {row[0] for row in whole[1:]} == {DAY}
    (total,) = lines(await asked(world.director.api, "VISITS.csv", since=DAY, by=""))[1:]
    assert float(total[0]) == sum(row["values"][0]["value"] for row in shown["rows"])
    head = await asked(world.director.api, "VISITS.csv", "HEAD", since=DAY)
    assert (head.status_code, head.content) == (200, b"")


async def test_daily_reports_leave_in_the_callers_language(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await services.store["shifts"].update_many({}, {"$unset": {"report_due_at": ""}})
    await tap(world.rep, "startShift", START)
    clock.advance(hours=9)
    await tap(world.rep, "endShift", clock.now)
    await write_reports(services)
    await services.store["daily_reports"].update_many({"org_id": world.org_id}, {"$set": {"note": "=1+1\n下雨"}})
    written = lines(await asked(world.manager.api, "daily-reports.csv", since=DAY))
    assert written[0][:5] == ["Day", "Rep", "State", "Shift began", "Shift ended"]
    (row,) = written[1:]
    assert row[:5] == [DAY, "Rep", "DRAFT", "2026-11-23 09:00", "2026-11-23 18:00"]
    assert row[-2:] == ["'=1+1\n下雨", ""]
    cells = workbook((await asked(world.manager.api, "daily-reports.xlsx", since=DAY)).content)
    assert "=1+1\n下雨" in cells[1]
    await services.store["people"].update_one({"_id": world.manager.id}, {"$set": {"locale": "zh-CN"}})
    assert lines(await asked(world.manager.api, "daily-reports.csv", since=DAY))[0][:2] == ["日期", "业务代表"]
    for member in (world.second_rep, world.south_manager):
        assert len(lines(await asked(member.api, "daily-reports.csv", since=DAY))) == 1


async def test_who_is_handed_what(
    world: World, other_world: World, services: Services, clock: StoppedClock, anonymous: ApiClient
) -> None:
    await visits_of_a_week(world, services, Random(3))
    clock.now = START + timedelta(days=1)
    await count_day(services, await the_organization(services, world), TODAY)
    north, south = {"Rep", "Second Rep"}, {"South Rep"}
    for member, people in (
        (world.director, north | south),
        (world.admin, north | south),
        (world.manager, north),
        (world.rep, {"Rep"}),
        (other_world.director, set()),
    ):
        assert {row[0] for row in lines(await asked(member.api, "VISITS.csv", since=DAY, by="REP"))[1:]} == people
    for member in (world.manager, other_world.admin):
        hidden = await asked(member.api, "VISITS.csv", since=DAY, teamId=world.south.id)
        assert (hidden.status_code, hidden.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
    assert (await asked(anonymous, "VISITS.csv", since=DAY)).status_code == 401
    for member in (world.admin, world.support):
        assert (await asked(member.api, "DISTANCES.csv", since=DAY)).status_code == 403


@pytest.mark.parametrize(
    ("file", "given", "status", "field"),
    [
        ("VISITS.csv", {}, 400, "since"),
        ("VISITS.csv", {"since": "yesterday"}, 400, "since"),
        ("VISITS.csv", {"since": "0001-01-01"}, 400, "since"),
        ("daily-reports.csv", {"since": "0001-01-01"}, 400, "since"),
        ("daily-reports.csv", {"since": "9999-12-31"}, 400, "since"),
        ("VISITS.csv", {"since": DAY, "until": "2026-11-22"}, 400, "until"),
        ("daily-reports.csv", {"since": DAY, "until": "2026-11-22"}, 400, "until"),
        ("daily-reports.csv", {"since": DAY, "until": "2027-02-23"}, 400, "until"),
        ("VISITS.csv", {"since": DAY, "by": "REGION"}, 400, "by"),
        ("VISITS.csv", {"since": DAY, "by": "nothing"}, 400, "by"),
        ("NOTHING.csv", {"since": DAY}, 404, None),
        ("VISITS.pdf", {"since": DAY}, 404, None),
        ("VISITS", {"since": DAY}, 404, None),
    ],
)
async def test_what_cannot_be_asked(
    world: World, file: str, given: dict[str, str], status: int, field: str | None
) -> None:
    response = await asked(world.manager.api, file, **given)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"].get("field") == field


async def test_other_methods_are_refused(world: World) -> None:
    assert (await asked(world.manager.api, "VISITS.csv", "POST", since=DAY)).status_code == 405


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_a_formula(text: str) -> None:
    table = Table("Sheet", [text], [[text, -1, 0.5, None, "plain, with comma"]])
    assert as_csv(table).decode("utf-8-sig") in {
        f"'{text}\r\n'{text},-1,0.5,,\"plain, with comma\"\r\n",
        f'"\'{text}"\r\n"\'{text}",-1,0.5,,"plain, with comma"\r\n',
    }
    titles, cells = workbook(as_xlsx(table))
    assert isinstance(titles[0], str)
    assert isinstance(cells[0], str)
    assert cells[0].endswith(text[-2:])
    assert [each for each in cells[1:] if each is not None] == [-1.0, 0.5, "plain, with comma"]
