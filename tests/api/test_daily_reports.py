"""Daily reports: written at the end of the shift, equal to a recount from raw events, with a note and a signature."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.field_day import tap
from tests.support.field_work import check_in, check_out, make_site
from tests.support.leads import create_lead, log_activity
from tests.support.norms import record_insight, record_must_do
from tests.support.world import Member, World
from workers.daily_reports import write_reports
from workers.shifts import close_forgotten_shifts

FIGURES = """planned done missed touched unplanned verified orders customers calls emails messages meetings leads
  items insights"""
_REPORT = f"""
  id date repId rep {{ name }} state startedAt endedAt note signedAt version countedAt figures {{ {FIGURES} }}
  visits {{ visitId visit {{ id }} site {{ id }} account {{ id }} kind state verified outcome
    nextStep openedAt closedAt }}
"""
ONE = f"query ($date: Date!, $rep: ID) {{ dailyReport(date: $date, repId: $rep) {{ {_REPORT} }} }}"
LIST = """query ($date: Date, $rep: ID, $state: DailyReportState) {
  dailyReports(date: $date, repId: $rep, state: $state) { nodes { id repId date } }
}"""
_ANSWER = f"""{{
  __typename ... on DailyReport {{ {_REPORT} }} ... on Refusal {{ code }}
  ... on InvalidInput {{ field }} ... on WrongState {{ inState: currentState }}
  ... on VersionConflict {{ currentVersion }}
}}"""
EDIT = f"""mutation ($key: String!, $id: ID!, $note: String!, $expected: Int) {{
  editDailyReport(clientKey: $key, id: $id, note: $note, expectedVersion: $expected) {_ANSWER}
}}"""
SIGN = f"""mutation ($key: String!, $id: ID!, $expected: Int) {{
  signDailyReport(clientKey: $key, id: $id, expectedVersion: $expected) {_ANSWER}
}}"""
TODAY = "2026-11-23"
ZONE = ZoneInfo("Asia/Shanghai")
EVENING = START + timedelta(hours=9)


@pytest.fixture(autouse=True)
async def _only_our_shifts(services: Services, clock: StoppedClock) -> None:
    await services.store["shifts"].update_many({}, {"$unset": {"report_due_at": ""}})


async def day_of(member: Member, date: str = TODAY, **given: Any) -> dict[str, Any]:
    """The report of a person and day."""
    found: dict[str, Any] = await member.api.first(ONE, date=date, **given)
    return found


async def worked(member: Member, clock: StoppedClock, end: datetime = EVENING) -> None:
    """A shift that has just ended."""
    await tap(member, "startShift", clock.now)
    clock.now = end
    await tap(member, "endShift", end)


async def test_a_report_writes_itself_when_the_shift_ends(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    site = await make_site(world.rep)
    clock.advance(hours=1)
    visit = (await check_in(world.rep, site, clock.now))["visit"]["id"]
    await record_must_do(world.rep, visit, clock.now)
    await record_insight(world.rep, visit, clock.now, "They open a second shop")
    clock.advance(minutes=20)
    await check_out(world.rep, visit, clock.now, outcome="ORDER", nextStep="Send the offer")
    lead = await create_lead(world.rep)
    await log_activity(world.rep, lead["id"], kind="CALL", direction="OUTBOUND")
    await write_reports(services)
    assert await day_of(world.rep) is None
    clock.now = EVENING
    await tap(world.rep, "endShift", EVENING)
    assert await write_reports(services) == 1
    assert await write_reports(services) == 0
    shown = await day_of(world.rep)
    counted = dict.fromkeys(FIGURES.split(), 0)
    counted |= dict.fromkeys(("unplanned", "verified", "orders", "customers", "calls", "leads", "items", "insights"), 1)
    assert shown["figures"] == counted
    assert (shown["state"], shown["note"], shown["version"], shown["rep"]["name"]) == ("DRAFT", "", 1, "Rep")
    assert (shown["startedAt"], shown["endedAt"]) == ("2026-11-23T01:00:00.000Z", "2026-11-23T10:00:00.000Z")
    (line,) = shown["visits"]
    assert (line["visitId"], line["site"]["id"], line["outcome"]) == (visit, site, "ORDER")
    assert (line["nextStep"], line["verified"], line["state"]) == ("Send the offer", True, "DONE")
    assert await day_of(world.manager, rep=world.rep.id) == shown


async def test_every_total_equals_a_recount_from_raw_events(
    world: World, services: Services, clock: StoppedClock
) -> None:
    random, store = Random(4), services.store
    midnight = datetime(2026, 11, 23, tzinfo=ZONE)
    whose = {"org_id": world.org_id, "owner_id": world.rep.id, "team_id": world.north.id}

    def sometime() -> datetime:
        # Also the day before and after, and the edges of the day.
        hours = random.choice((-3, 0, 8, 12, 17, 23.999, 24, 30))
        return (midnight + timedelta(hours=hours)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    visits: list[dict[str, Any]] = [
        whose
        | {
            "_id": new_id("vis", START),
            "site_id": "sit_1",
            "account_id": f"acc_{random.randrange(6)}",
            "tier": "B",
            "kind": random.choice(("APPOINTMENT", "PLANNED", "UNPLANNED")),
            "state": random.choice(
                ("PLANNED", "DONE", "DONE", "TOUCH", "MISSED", "CANCELLED", "RESCHEDULED", "AUTO_CLOSED")
            ),
            "scheduled_at": sometime(),
            "outcome": random.choice(("ORDER", "PROGRESS")),
            "verified": random.random() < 0.5,
            "created_at": START.replace(tzinfo=None),
            "updated_at": START.replace(tzinfo=None),
        }
        for _ in range(80)
    ]
    activities: list[dict[str, Any]] = [
        whose
        | {
            "_id": new_id("act", START),
            "lead_id": f"led_{random.randrange(5)}",
            "by_id": random.choice((world.rep.id, world.rep.id, world.second_rep.id)),
            "kind": random.choice(("CALL", "EMAIL", "MESSAGE", "MEETING", "NOTE", "VISIT")),
            "direction": random.choice(("OUTBOUND", "OUTBOUND", "INBOUND")),
            "automatic": random.random() < 0.2,
            "evidence": "DECLARED",
            "occurred_at": sometime(),
            "created_at": START.replace(tzinfo=None),
        }
        for _ in range(120)
    ]
    entries: list[dict[str, Any]] = [
        whose
        | {
            "_id": new_id("nrm", START),
            "visit_id": "vis_1",
            "account_id": "acc_1",
            "kind": random.choice(("MUST_DO", "INSIGHT")),
            "key": random.choice(("STOCK", "DECIDER")),
            "text": random.choice(("They open a second shop", "They pay 3 % less elsewhere")),
            "day": random.choice((TODAY, "2026-11-24")),
            "week": "2026-W48",
            "occurred_at": START.replace(tzinfo=None),
            "recorded_at": START.replace(tzinfo=None),
        }
        for _ in range(12)
    ]
    for collection, documents in (("visits", visits), ("activities", activities), ("norm_entries", entries)):
        await store[collection].insert_many(documents)
    await worked(world.rep, clock)
    await write_reports(services)

    def today(at: datetime) -> bool:
        return at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE).date().isoformat() == TODAY

    of_day = [
        each for each in visits if today(each["scheduled_at"]) and each["state"] not in {"CANCELLED", "RESCHEDULED"}
    ]
    made = [each for each in of_day if each["state"] in {"DONE", "AUTO_CLOSED"}]
    planned = [each for each in of_day if each["kind"] != "UNPLANNED"]
    human = [
        each
        for each in activities
        if today(each["occurred_at"])
        and each["by_id"] == world.rep.id
        and not each["automatic"]
        and each["direction"] == "OUTBOUND"
        and each["kind"] in {"CALL", "EMAIL", "MESSAGE", "MEETING"}
    ]
    norms = [each for each in entries if each["day"] == TODAY]

    def contacts(kind: str) -> int:
        return sum(each["kind"] == kind for each in human)

    shown = await day_of(world.rep)
    assert shown["figures"] == {
        "planned": len(planned),
        "done": sum(each in made for each in planned),
        "missed": sum(each["state"] in {"PLANNED", "MISSED"} for each in planned),
        "touched": sum(each["state"] == "TOUCH" for each in of_day),
        "unplanned": sum(each["kind"] == "UNPLANNED" for each in made),
        "verified": sum(each["verified"] for each in of_day),
        "orders": sum(each["outcome"] == "ORDER" for each in of_day),
        "customers": len({each["account_id"] for each in made}),
        "calls": contacts("CALL"),
        "emails": contacts("EMAIL"),
        "messages": contacts("MESSAGE"),
        "meetings": contacts("MEETING"),
        "leads": len({each["lead_id"] for each in human}),
        "items": len({each["key"] for each in norms if each["kind"] == "MUST_DO"}),
        "insights": len({each["text"] for each in norms if each["kind"] == "INSIGHT"}),
    }
    assert all(shown["figures"].values())
    assert {each["visitId"] for each in shown["visits"]} == {each["_id"] for each in of_day}


async def test_a_draft_takes_a_note_and_late_events_until_it_is_signed(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await worked(world.rep, clock)
    await write_reports(services)
    draft = await day_of(world.rep)
    lead = await create_lead(world.rep)
    at = (EVENING - timedelta(hours=1)).isoformat()
    await log_activity(world.rep, lead["id"], kind="CALL", direction="OUTBOUND", occurredAt=at)
    noted = await world.rep.api.first(EDIT, key=new_key(), id=draft["id"], note="Rain all day", expected=1)
    assert (noted["note"], noted["version"], noted["figures"]["calls"]) == ("Rain all day", 2, 1)
    stale = await world.rep.api.first(EDIT, key=new_key(), id=draft["id"], note="x", expected=1)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 2)
    longest = await world.rep.api.first(EDIT, key=new_key(), id=draft["id"], note="x" * 4_001)
    assert (longest["code"], longest["field"]) == ("BAD_INPUT", "note")
    assert (await world.rep.api.first(EDIT, key=new_key(), id=draft["id"], note="x" * 4_000))["version"] == 3
    await log_activity(world.rep, lead["id"], kind="EMAIL", direction="OUTBOUND", occurredAt=at)
    key, again = new_key(), None
    for _ in range(2):
        signed = await world.rep.api.first(SIGN, key=key, id=draft["id"], expected=3)
        assert again in (None, signed)
        again = signed
    assert (signed["state"], signed["signedAt"]) == ("SIGNED", "2026-11-23T10:00:00.000Z")
    assert (signed["figures"]["calls"], signed["figures"]["emails"]) == (1, 1)
    await log_activity(world.rep, lead["id"], kind="CALL", direction="OUTBOUND", occurredAt=at)
    for document, given in ((EDIT, {"note": "later"}), (SIGN, {})):
        refused = await world.rep.api.first(document, key=new_key(), id=draft["id"], **given)
        assert (refused["code"], refused["inState"]) == ("WRONG_STATE", "SIGNED")
    kept = await day_of(world.rep)
    assert kept["figures"] == signed["figures"]


async def test_a_forgotten_end_is_reported_and_a_late_one_corrects_it(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=13)
    await close_forgotten_shifts(services)
    await write_reports(services)
    assumed = await day_of(world.rep)
    assert assumed["endedAt"] == "2026-11-23T13:00:00.000Z"
    clock.advance(hours=1)
    await tap(world.rep, "endShift", EVENING)
    await write_reports(services)
    told = await day_of(world.rep)
    assert (told["id"], told["endedAt"], told["version"]) == (assumed["id"], "2026-11-23T10:00:00.000Z", 2)


async def test_workers_side_by_side_write_one_report(world: World, services: Services, clock: StoppedClock) -> None:
    await worked(world.rep, clock)
    await asyncio.gather(*(write_reports(services) for _ in range(4)))
    found = await services.store["daily_reports"].find({"org_id": world.org_id}, limit=9)
    assert [each["version"] for each in found] == [1]


async def test_who_sees_and_who_signs(
    world: World, other_world: World, services: Services, clock: StoppedClock, anonymous: ApiClient
) -> None:
    await worked(world.rep, clock)
    await write_reports(services)
    mine = (await day_of(world.rep))["id"]
    for document, given in ((ONE, {"date": TODAY}), (LIST, {}), (SIGN, {"key": new_key(), "id": mine})):
        assert await anonymous.code(document, **given) == "UNAUTHENTICATED"
    for member in (world.manager, world.director, world.admin):
        assert (await day_of(member, rep=world.rep.id))["id"] == mine
        assert [each["id"] for each in (await member.api.first(LIST, state="DRAFT"))["nodes"]] == [mine]
        assert (await member.api.first(LIST, state="SIGNED"))["nodes"] == []
        assert (await member.api.first(LIST, rep=world.second_rep.id))["nodes"] == []
        assert (await member.api.first(LIST, date="2026-11-24"))["nodes"] == []
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert await day_of(member, rep=world.rep.id) is None
        assert (await member.api.first(LIST))["nodes"] == []
    for document, given in ((EDIT, {"note": "x"}), (SIGN, {})):
        for member in (world.second_rep, world.south_manager, other_world.rep):
            refused = await member.api.first(document, key=new_key(), id=mine, **given)
            assert refused["code"] == "NOT_FOUND"
        refused = await world.manager.api.first(document, key=new_key(), id=mine, **given)
        assert refused["code"] == "FORBIDDEN"
        assert await world.admin.api.code(document, key=new_key(), id=mine, **given) == "FORBIDDEN"
