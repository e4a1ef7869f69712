"""The cockpit's reports: what stands when, what is behind each cell, how days add up, and who reads what."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

import pytest

from reports.registry import REPORTS
from resolvers.services import Services
from storage.people import ORGANIZATIONS
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient
from tests.support.leads import create_lead
from tests.support.report_days import (
    DAY,
    RECORDS,
    REGISTRY,
    SNAPSHOT,
    TODAY,
    TOTALS,
    ZONE,
    Count,
    all_of,
    cells,
    local,
    of_visit,
    snapshot,
    the_organization,
    visits_of_a_week,
)
from tests.support.world import World
from workers.reports import count_day, count_reports


async def test_a_day_counted_again_has_the_same_bytes_until_late_evidence_comes(
    world: World, services: Services, clock: StoppedClock
) -> None:
    documents = await visits_of_a_week(world, services, Random(5))
    organization = await the_organization(services, world)
    clock.now = START + DAY
    assert await count_day(services, organization, TODAY) > 0
    before = [each async for each in all_of(services, "report_snapshots", world)]
    shown = await snapshot(world.director, "VISITS")
    clock.advance(hours=5)
    assert await count_day(services, organization, TODAY) == 0
    assert [each async for each in all_of(services, "report_snapshots", world)] == before
    again = await snapshot(world.director, "VISITS")
    assert shown is not None
    assert again is not None
    assert {**again, "countedAt": None} == {**shown, "countedAt": None}
    late = next(each for each in documents if each["state"] == "MISSED" and local(each["scheduled_at"]) == TODAY)
    await services.store["visits"].update_one({"_id": late["_id"]}, {"$set": {"state": "DONE"}})
    assert await count_day(services, organization, TODAY) > 0
    changed = await snapshot(world.director, "VISITS")
    assert changed is not None
    assert changed["digest"] != shown["digest"]
    revisions = {each["revision"] for each in [each async for each in all_of(services, "report_snapshots", world)]}
    assert revisions == {1, 2}


@pytest.fixture(name="alone")
async def _alone(services: Services, clock: StoppedClock) -> None:
    """The worker has no organizations of other tests to count."""
    await services.store[ORGANIZATIONS].delete_many({})


@pytest.mark.usefixtures("alone")
async def test_a_day_stands_by_six_in_the_morning_and_is_corrected_for_three_days(
    world: World, services: Services, clock: StoppedClock
) -> None:
    async def count() -> list[str]:
        while await count_reports(services):
            pass
        found = await services.store["report_days"].find({"org_id": world.org_id}, order=[("day", 1)], limit=99)
        return [each["day"] for each in found]

    clock.now = datetime(2026, 11, 24, 3, 59, 59, tzinfo=ZONE)
    assert await count() == []
    assert await snapshot(world.manager, "VISITS", None) is None
    assert await snapshot(world.manager, "VISITS") is None
    clock.now = datetime(2026, 11, 24, 4, 0, 0, tzinfo=ZONE)
    assert await count() == ["2026-11-23"]
    stands = await snapshot(world.manager, "VISITS", None)
    assert stands is not None
    assert (stands["since"], stands["days"], stands["asOf"]) == ("2026-11-23", 1, "2026-11-23T16:00:00.000Z")
    (visit, *_) = await visits_of_a_week(world, services, Random(2))
    first = {"scheduled_at": START.replace(tzinfo=None), "state": "DONE", "kind": "PLANNED", "team_id": world.north.id}
    first |= {"owner_id": world.rep.id}
    await services.store["visits"].update_one({"_id": visit["_id"]}, {"$set": first})
    # Nobody worked for two days: each day that was left out is counted.
    clock.now = datetime(2026, 11, 27, 5, 0, 0, tzinfo=ZONE)
    assert await count() == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]
    late = await snapshot(world.manager, "VISITS")
    assert late is not None
    assert late["rows"]
    await services.store["visits"].delete_many({"org_id": world.org_id})
    clock.now = datetime(2026, 11, 28, 5, 0, 0, tzinfo=ZONE)
    await count()
    assert await snapshot(world.manager, "VISITS") == late
    assert (await snapshot(world.manager, "VISITS", TODAY + DAY) or {})["rows"] == []


async def test_the_records_behind_each_cell_add_up_to_it(world: World, services: Services, clock: StoppedClock) -> None:
    await visits_of_a_week(world, services, Random(11))
    await create_lead(world.rep)
    clock.now = START + DAY
    await count_day(services, await the_organization(services, world), TODAY)
    compared = 0
    for key in ("VISITS", "REGIONS", "NEWCOMERS", "FUNNEL"):
        table = await snapshot(world.director, key)
        assert table is not None
        for row in table["rows"][:4]:
            where = [{"dimension": each["dimension"], "value": each["value"]} for each in row["labels"]]
            for cell in row["values"]:
                if REPORTS[key].measure(cell["measure"]) not in REPORTS[key].sums:
                    continue
                asked = {"key": key, "day": TODAY.isoformat(), "measure": cell["measure"], "labels": where}
                records, after = list[dict[str, Any]](), None
                while True:
                    page = await world.director.api.first(RECORDS, first=2, after=after, **asked)
                    records += page["nodes"]
                    if not page["pageInfo"]["hasNextPage"]:
                        break
                    after = page["pageInfo"]["endCursor"]
                assert sum(each["value"] for each in records) == cell["value"]
                assert len({each["recordId"] for each in records}) == len(records)
                compared += len(records)
                for each in records[:1]:
                    node = await world.director.api.first(
                        "query ($id: ID!) { node(id: $id) { id } }", id=each["recordId"]
                    )
                    assert node == {"id": each["recordId"]}
    assert compared > 20


async def test_totals_add_days_up_and_work_shares_out_of_the_sums(
    world: World, services: Services, clock: StoppedClock
) -> None:
    documents = await visits_of_a_week(world, services, Random(13))
    organization = await the_organization(services, world)
    clock.now = START + 4 * DAY
    for ahead in range(3):
        await count_day(services, organization, TODAY + ahead * DAY)
    period = {"since": TODAY.isoformat(), "until": (TODAY + 4 * DAY).isoformat()}
    counted = [each for each in documents if local(each["scheduled_at"]) < TODAY + 3 * DAY]
    for by in (["DAY"], ["REP"], ["TIER", "TEAM"], []):
        shown = await world.director.api.first(TOTALS, key="VISITS", by=by, **period)
        assert shown["days"] == 3
        recount = Count()
        for each in counted:
            known = {"DAY": local(each["scheduled_at"]).isoformat(), "REP": each["owner_id"]}
            known |= {"TIER": each["tier"], "TEAM": each["team_id"]}
            recount.add(tuple(known[name] for name in by), **of_visit(each))
        assert cells(shown) == recount.shown
        for values in cells(shown, all_measures=True).values():
            share = values["done"] / values["planned"] if values["planned"] else None
            assert values["done_share"] == (None if share is None else pytest.approx(share))


async def test_who_reads_what(
    world: World, other_world: World, services: Services, clock: StoppedClock, anonymous: ApiClient
) -> None:
    await visits_of_a_week(world, services, Random(17))
    clock.now = START + DAY
    await count_day(services, await the_organization(services, world), TODAY)
    await count_day(services, await the_organization(services, other_world), TODAY)
    day = TODAY.isoformat()
    records = {"key": "VISITS", "day": day, "measure": "planned", "first": 100}
    period = {"key": "VISITS", "since": day, "until": day, "by": ["REP"]}
    for document, given in ((SNAPSHOT, {"key": "VISITS"}), (RECORDS, records), (TOTALS, period), (REGISTRY, {})):
        assert await anonymous.code(document, **given) == "UNAUTHENTICATED"
    north, south = {world.rep.id, world.second_rep.id}, {world.south_rep.id}
    for member, people in (
        (world.director, north | south),
        (world.admin, north | south),
        (world.support, north | south),
        (world.manager, north),
        (world.south_manager, south),
        (world.rep, {world.rep.id}),
        (other_world.admin, set()),
        (other_world.manager, set()),
    ):
        table = await snapshot(member, "VISITS")
        assert table is not None
        assert {row["repId"] for row in table["rows"]} == people
        behind = (await member.api.first(RECORDS, **records))["nodes"]
        assert {each["repId"] for each in behind} == people
        totals = await member.api.first(TOTALS, **period)
        assert {row["repId"] for row in totals["rows"]} == people
    for member in (world.manager, other_world.admin):
        assert await snapshot(member, "VISITS", team=world.south.id) is None
        assert await member.api.first(RECORDS, team=world.south.id, **records) is None
        assert await member.api.first(TOTALS, team=world.south.id, **period) is None
        elsewhere = [{"dimension": "TEAM", "value": world.south.id}]
        assert await member.api.first(RECORDS, labels=elsewhere, **records) is None
    for member in (world.director, world.admin):
        table = await snapshot(member, "VISITS", team=world.south.id)
        assert table is not None
        assert {row["repId"] for row in table["rows"]} == south


@pytest.mark.parametrize(
    ("document", "given", "field"),
    [
        (SNAPSHOT, {"key": "NOTHING"}, "key"),
        (SNAPSHOT, {"key": "VISITS", "day": "0001-01-02"}, "day"),
        (SNAPSHOT, {"key": "VISITS", "day": "9999-12-31"}, "day"),
        (RECORDS, {"day": "0001-01-01", "measure": "made", "first": 5}, "day"),
        (RECORDS, {"day": "9999-12-31", "measure": "made", "first": 5}, "day"),
        (TOTALS, {"since": "0001-01-01", "until": "0001-01-02", "by": ["DAY"]}, "since"),
        (TOTALS, {"since": "2026-11-23", "until": "2026-11-22", "by": ["DAY"]}, "until"),
        (TOTALS, {"since": "2026-11-23", "until": "2027-02-23", "by": ["DAY"]}, "until"),
        (TOTALS, {"since": "2026-11-23", "until": "2026-11-23", "by": ["REGION"]}, "by"),
        (RECORDS, {"day": "2026-11-23", "measure": "done_share", "first": 5}, "measure"),
        (RECORDS, {"day": "2026-11-23", "measure": "nothing", "first": 5}, "measure"),
        (
            RECORDS,
            {"day": "2026-11-23", "measure": "made", "first": 5, "labels": [{"dimension": "DAY", "value": "x"}]},
            "labels",
        ),
        (RECORDS, {"day": "2026-11-23", "measure": "made", "first": 5, "after": "nonsense"}, "after"),
    ],
)
async def test_what_cannot_be_asked(world: World, document: str, given: dict[str, Any], field: str) -> None:
    (error,) = (await world.manager.api.answer(document, **({"key": "VISITS"} | given)))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_INPUT", field)


async def test_the_registry_in_both_languages(world: World, services: Services) -> None:
    shown = {each["key"]: each for each in await world.manager.api.first(REGISTRY)}
    assert list(shown) == list(REPORTS)
    assert len(shown) == 10
    for report in shown.values():
        assert report["title"] == report["titleEn"]
        assert report["titleZh"]
        assert len({each["key"] for each in report["measures"]}) == len(report["measures"])
    await services.store["people"].update_one({"_id": world.manager.id}, {"$set": {"locale": "zh-CN"}})
    assert (await world.manager.api.first(REGISTRY))[0]["title"] == "拜访"
