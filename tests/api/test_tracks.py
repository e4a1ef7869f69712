"""The replay of a day through GraphQL over HTTP: lines, gaps, and who may look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.field_day import point, report, tap
from tests.support.world import Member, World

TRACK = """query ($date: Date!, $repId: ID, $toleranceM: Float, $datum: Datum) {
  track(date: $date, repId: $repId, toleranceM: $toleranceM) {
    repId rep { name } date startedAt endedAt toleranceM drivenM gapM plannedM
    segments { startedAt endedAt reported drivenM points { at accuracyM location(datum: $datum) { latitude datum } } }
    gaps { fromAt untilAt reason distanceM }
  }
}"""
WHO = "{ whoSawMe(first: 10) { nodes { viewerId purpose } } }"
TODAY = "2026-11-23"
"""START in the reps' zone."""
STEP_DEG = 0.001
"""111 m to the north."""


async def track(member: Member, **given: Any) -> Any:
    """The answer."""
    values = {"date": TODAY, "toleranceM": 10.0, "datum": "WGS84"} | given
    return await member.api.first(TRACK, **values)


async def drive(member: Member, minutes: range, **given: Any) -> None:
    """A straight way to the north, a fix each minute."""
    points = [point(START + timedelta(minutes=each), latitude=31.0 + STEP_DEG * each, **given) for each in minutes]
    assert (await report(member, *points))["accepted"] == len(points)


async def test_a_day_is_drawn_as_lines_and_gaps_whatever_order_it_came_in(world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=2)
    await drive(world.rep, range(70, 90))
    await drive(world.rep, range(30))
    await drive(world.rep, range(29, 31))
    await tap(world.rep, "endShift", START + timedelta(minutes=100))
    answer = await track(world.manager, repId=world.rep.id)
    assert (answer["repId"], answer["rep"], answer["date"]) == (world.rep.id, {"name": "Rep"}, TODAY)
    assert (answer["startedAt"], answer["endedAt"]) == ("2026-11-23T01:00:00.000Z", "2026-11-23T02:40:00.000Z")
    assert [(each["reported"], len(each["points"])) for each in answer["segments"]] == [(31, 2), (20, 2)]
    assert answer["gaps"] == [
        {
            "fromAt": "2026-11-23T01:30:00.000Z",
            "untilAt": "2026-11-23T02:10:00.000Z",
            "reason": "SILENT",
            "distanceM": pytest.approx(40 * 110.9, rel=1e-2),
        }
    ]
    assert answer["segments"][0]["drivenM"] == pytest.approx(30 * 110.9, rel=1e-2)
    assert answer["drivenM"] == pytest.approx(49 * 110.9, rel=1e-2)
    assert answer["gapM"] == answer["gaps"][0]["distanceM"]
    assert answer["plannedM"] is None
    first = answer["segments"][0]["points"][0]
    assert first == {
        "at": "2026-11-23T01:00:00.000Z",
        "accuracyM": 10.0,
        "location": {"latitude": 31.0, "datum": "WGS84"},
    }
    shifted = await track(world.rep, datum="GCJ02")
    assert shifted["segments"][0]["points"][0]["location"]["latitude"] != 31.0


async def test_a_break_is_no_silence(world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=1)
    await drive(world.rep, range(10))
    await tap(world.rep, "startBreak", START + timedelta(minutes=10))
    await tap(world.rep, "endBreak", START + timedelta(minutes=40))
    await drive(world.rep, range(40, 50))
    answer = await track(world.rep)
    assert [each["reason"] for each in answer["gaps"]] == ["ON_BREAK"]
    assert answer["endedAt"] is None


async def test_a_shift_belongs_to_the_local_date_it_began_on(
    world: World, services: Services, clock: StoppedClock
) -> None:
    plan: dict[str, Any] = {"owner_id": world.rep.id, "team_id": world.north.id, "org_id": world.org_id}
    await services.store["route_plans"].insert_one(
        {"_id": new_id("pln", START), **plan, "date": TODAY, "state": "PUBLISHED", "distance_m": 12_345.0}
    )
    clock.advance(hours=14)
    late = START + timedelta(hours=14)
    await tap(world.rep, "startShift", late)
    clock.advance(hours=3)
    # From 23:00 to 02:00 of the next day in Shanghai.
    await report(world.rep, *(point(late + timedelta(minutes=5 * each), 31 + STEP_DEG * each) for each in range(36)))
    answer = await track(world.rep)
    assert [each["reported"] for each in answer["segments"]] == [36]
    assert answer["plannedM"] == 12_345.0
    empty = await track(world.rep, date="2026-11-24")
    assert (empty["segments"], empty["gaps"], empty["drivenM"], empty["startedAt"]) == ([], [], 0, None)


async def test_who_may_look_at_a_track_and_is_told_of(world: World, other_world: World) -> None:
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    for member in (world.manager, world.director, world.rep):
        assert len((await track(member, repId=world.rep.id))["segments"]) == 1
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.manager, other_world.rep):
        assert await track(member, repId=world.rep.id) is None
    assert await track(world.manager, repId=new_id("per", START)) is None
    values = {"date": TODAY, "repId": world.rep.id}
    for member in (world.admin, world.support):
        assert await member.api.code(TRACK, **values) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(TRACK, **values) == "UNAUTHENTICATED"
    seen = (await world.rep.api.first(WHO))["nodes"]
    assert {(each["viewerId"], each["purpose"]) for each in seen} == {
        (world.manager.id, "TRACK"),
        (world.director.id, "TRACK"),
    }


async def test_a_track_of_another_team_does_not_come_along(world: World, services: Services) -> None:
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"team_id": world.south.id}})
    assert await track(world.manager, repId=world.rep.id) is None
    assert (await track(world.south_manager, repId=world.rep.id))["segments"] == []


@pytest.mark.parametrize("tolerance_m", [0.99, 1_000.1])
async def test_track_names_a_bad_tolerance(world: World, tolerance_m: float) -> None:
    assert await world.rep.api.code(TRACK, date=TODAY, toleranceM=tolerance_m) == "BAD_INPUT"
    assert (await track(world.rep, toleranceM=round(tolerance_m)))["segments"] == []
