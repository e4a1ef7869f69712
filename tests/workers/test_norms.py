"""The worker that reminds of the norms and flags who did not keep them, and the report that managers read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.notices import Notice
from resolvers.services import Services
from storage.driver import PyMongoError
from storage.outbox import Outbox
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.field_work import check_in, check_out, make_site, minutes
from tests.support.norms import KEYS, record_insight, record_must_do, save_norms
from tests.support.world import Member, World
from workers.norms import tell_of_norms

REPORT = """query ($week: String, $person: ID, $first: Int!) {
  behaviourCompliance(week: $week, personId: $person, first: $first) { nodes {
    personId week state daysMet daysMissed workDays insights insightsWanted insightIds
    days { date state items entryIds } remindedAt flaggedAt clearedAt
  } }
}"""
FRIDAY_15 = START + timedelta(days=4, hours=6)
"""15:00 in Shanghai, where the reps are."""
SUNDAY_24 = START + timedelta(days=6, hours=15)
INSIGHTS = ("They open a second shop", "They pay 3 % less elsewhere")


@pytest.fixture
async def _alone(services: Services, clock: StoppedClock) -> None:
    """The worker has no organizations of other tests to look at."""
    for collection in ("organizations", "norm_rounds"):
        await services.store[collection].delete_many({})


@pytest.fixture(autouse=True)
async def _begun(_alone: None, world: World, services: Services) -> None:
    """The worker has looked at the organization before; reps work from Monday to Friday."""
    week: list[list[dict[str, int]]] = [[{"starts_s": 9 * 3600, "ends_s": 18 * 3600}]] * 5 + [[], []]
    roster = {"zone": "Asia/Shanghai", "weekly": week, "exceptions": {}, "absences": []}
    change = {"$set": {"roster": roster}}
    await services.store["people"].update_many({"org_id": world.org_id, "role": "REP"}, change)
    await tell_of_norms(services)


async def told(services: Services, member: Member) -> list[str]:
    query = {"org_id": member.person.org_id, "owner_id": member.id}
    found = await services.store["notices"].find(query, order=[("created_at", 1), ("_id", 1)], limit=50)
    return [each["kind"] for each in found if each["kind"].startswith("NORMS")]


async def line(member: Member, person: Member, week: str | None = "2026-W48") -> dict[str, Any]:
    found = await member.api.first(REPORT, week=week, person=person.id, first=5)
    assert len(found["nodes"]) == 1
    answer: dict[str, Any] = found["nodes"][0]
    return answer


async def work(member: Member, clock: StoppedClock, at: datetime, keys: tuple[str, ...] = KEYS) -> str:
    """A visit at that time with the items done."""
    clock.now = at
    visit_id: str = (await check_in(member, await make_site(member), at))["visit"]["id"]
    for key in keys:
        await record_must_do(member, visit_id, at, key)
    clock.advance(minutes=6)
    await check_out(member, visit_id, clock.now)
    return visit_id


async def test_a_rep_is_reminded_once_then_flagged_once_with_the_superior(
    world: World, services: Services, clock: StoppedClock
) -> None:
    for ahead, reps, manager in [
        (FRIDAY_15 - timedelta(seconds=1), [], []),
        (FRIDAY_15, ["NORMS_REMINDER"], []),
        (SUNDAY_24 - timedelta(seconds=1), ["NORMS_REMINDER"], []),
        (SUNDAY_24, ["NORMS_REMINDER", "NORMS_MISSED"], ["NORMS_MISSED_IN_TEAM"]),
        (SUNDAY_24 + timedelta(days=1), ["NORMS_REMINDER", "NORMS_MISSED"], ["NORMS_MISSED_IN_TEAM"]),
    ]:
        clock.now = ahead
        await asyncio.gather(*(tell_of_norms(services) for _ in range(2)))
        await tell_of_norms(services)
        assert await told(services, world.rep) == reps, ahead
        assert await told(services, world.second_rep) == reps, ahead
        assert await told(services, world.manager) == manager, ahead
    assert await told(services, world.director) == []
    stands = await line(world.manager, world.rep)
    assert (stands["state"], stands["daysMissed"], stands["workDays"], stands["insightsWanted"]) == ("MISSED", 5, 5, 2)
    assert (stands["remindedAt"], stands["flaggedAt"]) == ("2026-11-27T07:00:00.000Z", "2026-11-29T16:00:00.000Z")


async def test_a_worker_that_fails_half_way_tells_everybody_once(
    world: World, services: Services, clock: StoppedClock
) -> None:
    class Failing(Outbox):
        async def write(self, store: Store, notices: Sequence[Notice], now: datetime) -> list[Notice]:
            if any(each.owner_id == world.second_rep.id for each in notices):
                raise PyMongoError("gone")
            return await Outbox.write(self, store, notices, now)

    clock.now = FRIDAY_15
    with pytest.raises(PyMongoError, match="gone"):
        await tell_of_norms(replace(services, outbox=Failing()))
    assert await told(services, world.second_rep) == []
    assert (await line(world.manager, world.second_rep))["remindedAt"] is None
    clock.advance(minutes=40)
    assert await tell_of_norms(services) >= 1
    assert await tell_of_norms(services) == 0
    for member in (world.rep, world.second_rep, world.south_rep):
        assert await told(services, member) == ["NORMS_REMINDER"]


async def test_who_did_all_is_neither_reminded_nor_flagged(
    world: World, services: Services, clock: StoppedClock
) -> None:
    for day in range(5):
        visit_id = await work(world.rep, clock, START + timedelta(days=day))
        if day < 2:
            await record_insight(world.rep, visit_id, clock.now, INSIGHTS[day])
    for at in (FRIDAY_15, SUNDAY_24):
        clock.now = at
        await tell_of_norms(services)
    assert await told(services, world.rep) == []
    assert await told(services, world.second_rep) == ["NORMS_REMINDER", "NORMS_MISSED"]
    assert await told(services, world.south_manager) == ["NORMS_MISSED_IN_TEAM"]
    stands = await line(world.rep, world.rep)
    assert (stands["state"], stands["daysMet"], stands["insights"], len(stands["insightIds"])) == ("MET", 5, 2, 2)
    assert [(each["state"], each["items"], len(each["entryIds"])) for each in stands["days"]] == [
        *[("MET", sorted(KEYS), 3)] * 5,
        *[("FREE", [], 0)] * 2,
    ]


async def test_one_item_less_on_one_day_is_flagged_and_late_evidence_clears_it(
    world: World, services: Services, clock: StoppedClock
) -> None:
    visits = [
        await work(world.rep, clock, START + timedelta(days=day), KEYS if day < 4 else KEYS[:2]) for day in range(5)
    ]
    for each in INSIGHTS:
        await record_insight(world.rep, visits[4], clock.now, each)
    clock.now = SUNDAY_24
    await tell_of_norms(services)
    flagged = await line(world.manager, world.rep)
    assert (flagged["state"], flagged["daysMet"], flagged["daysMissed"]) == ("MISSED", 4, 1)
    assert (flagged["flaggedAt"], flagged["clearedAt"]) == ("2026-11-29T16:00:00.000Z", None)
    clock.advance(hours=1)
    late = await record_must_do(world.rep, visits[4], START + timedelta(days=4) + minutes(3), KEYS[2])
    assert (late["date"], late["week"]) == ("2026-11-27", "2026-W48")
    cleared = await line(world.manager, world.rep)
    assert (cleared["state"], cleared["daysMet"], cleared["clearedAt"]) == ("MET", 5, "2026-11-29T17:00:00.000Z")
    await tell_of_norms(services)
    assert await told(services, world.rep) == ["NORMS_MISSED"]


async def test_norms_that_are_off_tell_nobody(world: World, services: Services, clock: StoppedClock) -> None:
    await save_norms(world.admin, mode="OFF")
    clock.now = SUNDAY_24
    await tell_of_norms(services)
    assert await told(services, world.rep) == []


async def test_an_absent_superior_is_passed_over(world: World, services: Services, clock: StoppedClock) -> None:
    away = {"first": "2026-11-28", "last": "2026-12-05"}
    roster = {"zone": "Asia/Shanghai", "weekly": [[]] * 7, "exceptions": {}, "absences": [away]}
    await services.store["people"].update_one({"_id": world.manager.id}, {"$set": {"roster": roster}})
    services.store.known.forget()
    clock.now = SUNDAY_24
    await tell_of_norms(services)
    assert await told(services, world.manager) == []
    assert await told(services, world.director) == ["NORMS_MISSED_IN_TEAM"]


async def test_behaviour_compliance_scope(world: World, other_world: World) -> None:
    for member, seen in [
        (world.rep, {world.rep.id}),
        (world.manager, {world.rep.id, world.second_rep.id}),
        (world.south_manager, {world.south_rep.id}),
        (world.director, {world.rep.id, world.second_rep.id, world.south_rep.id}),
        (world.admin, {world.rep.id, world.second_rep.id, world.south_rep.id}),
    ]:
        found = await member.api.first(REPORT, first=50)
        assert {each["personId"] for each in found["nodes"]} == seen
        assert {each["week"] for each in found["nodes"]} == {"2026-W48"}
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert (await member.api.first(REPORT, person=world.rep.id, first=5))["nodes"] == []
    assert await world.rep.api.as_("").code(REPORT, first=5) == "UNAUTHENTICATED"
    for week in ("2026-W54", "W48", "", "2026-W00"):
        assert await world.manager.api.code(REPORT, week=week, first=5) == "BAD_INPUT"


async def test_without_a_roster_days_with_visits_are_work_days(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await services.store["people"].update_one({"_id": world.rep.id}, {"$unset": {"roster": ""}})
    services.store.known.forget()
    assert (await line(world.manager, world.rep))["state"] == "FREE"
    await work(world.rep, clock, START + timedelta(days=1), KEYS[:2])
    stands = await line(world.manager, world.rep)
    assert (stands["workDays"], stands["insightsWanted"], stands["state"]) == (1, 1, "PENDING")
    assert stands["days"][1] | {"entryIds": []} == {
        "date": str(date(2026, 11, 24)),
        "state": "PENDING",
        "items": sorted(KEYS[:2]),
        "entryIds": [],
    }
