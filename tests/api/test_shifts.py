"""A rep's working day over HTTP, tap by tap, with and without signal; and the worker that ends what nobody ended."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.world import Member, World
from workers.shifts import close_forgotten_shifts

SHIFT = """__typename
  ... on Shift { id isOpen startedAt endedAt endKind autoEndAt breaks { startedAt endedAt } }
  ... on Refusal { code message } ... on InvalidInput { field }"""
START_SHIFT = f"""mutation ($key: String!, $at: DateTime!, $id: ID) {{
  startShift(clientKey: $key, at: $at, id: $id) {{ {SHIFT} }}
}}"""
TAPS = {
    name: f"mutation ($key: String!, $at: DateTime!) {{ {name}(clientKey: $key, at: $at) {{ {SHIFT} }} }}"
    for name in ("startBreak", "endBreak", "endShift")
}
ROSTER = """mutation ($key: String!, $id: ID!, $roster: RosterInput!) {
  setRoster(clientKey: $key, personId: $id, roster: $roster) { __typename }
}"""
MINE = "{ myShift { id isOpen } }"


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


async def start(member: Member, at: datetime = START, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(START_SHIFT, **{"key": new_key(), "at": written(at)} | more)
    return answer


async def tap(member: Member, name: str, at: datetime, key: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(TAPS[name], key=key or new_key(), at=written(at))
    return answer


def later(**parts: float) -> datetime:
    return START + timedelta(**parts)


async def plan_week(world: World) -> None:
    """09:00 to 18:00 in Shanghai (01:00 to 10:00 UTC), Monday to Friday."""
    roster = {"weekly": ["09:00-12:00 13:00-18:00"] * 5 + ["", ""]}
    await world.manager.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=roster)


async def test_a_working_day(world: World, clock: StoppedClock) -> None:
    await plan_week(world)
    shift_id = new_id("shf", START)
    begun = await start(world.rep, id=shift_id)
    assert (begun["id"], begun["isOpen"], begun["autoEndAt"]) == (shift_id, True, "2026-11-23T12:00:00.000Z")
    assert await world.rep.api.first(MINE) == {"id": shift_id, "isOpen": True}
    clock.advance(hours=9)
    assert (await tap(world.rep, "startBreak", later(hours=3)))["breaks"] == [
        {"startedAt": "2026-11-23T04:00:00.000Z", "endedAt": None}
    ]
    assert (await tap(world.rep, "startBreak", later(hours=3)))["code"] == "BREAK_OPEN"
    rested = await tap(world.rep, "endBreak", later(hours=4))
    assert rested["breaks"] == [{"startedAt": "2026-11-23T04:00:00.000Z", "endedAt": "2026-11-23T05:00:00.000Z"}]
    assert (await tap(world.rep, "endBreak", later(hours=4)))["code"] == "NO_OPEN_BREAK"
    ended = await tap(world.rep, "endShift", later(hours=9))
    assert (ended["isOpen"], ended["endedAt"], ended["endKind"]) == (False, "2026-11-23T10:00:00.000Z", "MANUAL")
    assert await world.rep.api.first(MINE) is None
    for name in TAPS:
        assert (await tap(world.rep, name, later(hours=9)))["code"] == "NO_OPEN_SHIFT"


async def test_taps_are_idempotent_and_keys_belong_to_one_tap(world: World) -> None:
    key = new_key()
    first = await start(world.rep, key=key)
    assert await start(world.rep, key=key) == first
    assert (await start(world.rep, later(minutes=1), key=key))["code"] == "KEY_REUSED"
    assert (await start(world.rep))["code"] == "SHIFT_OPEN"
    assert (await start(world.rep, id=first["id"]))["id"] == first["id"], "the same start under another key"
    end_key = new_key()
    ended = await tap(world.rep, "endShift", START, end_key)
    assert await tap(world.rep, "endShift", START, end_key) == ended


async def test_two_phones_at_once_open_one_shift(world: World, store: Store) -> None:
    answers = await asyncio.gather(*(start(world.rep) for _ in range(5)))
    assert len({answer["id"] for answer in answers if answer["__typename"] == "Shift"}) == 1
    assert {answer["code"] for answer in answers if answer["__typename"] != "Shift"} <= {"SHIFT_OPEN", "RETRY_LATER"}
    assert len(await store["shifts"].find({"owner_id": world.rep.id}, limit=5)) == 1


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (later(minutes=2), None),
        (later(minutes=2, milliseconds=1), "EVIDENCE_TIME_INVALID"),
        (later(hours=-72), None),
        (later(hours=-72, milliseconds=-1), "EVIDENCE_TIME_INVALID"),
    ],
)
async def test_start_shift_takes_late_taps_and_slightly_fast_clocks(
    world: World, at: datetime, code: str | None
) -> None:
    assert (await start(world.rep, at)).get("code") == code


async def test_a_day_without_signal_arrives_in_the_evening(world: World, clock: StoppedClock) -> None:
    clock.advance(hours=30)
    shift_id = new_id("shf", START)
    assert (await start(world.rep, id=shift_id))["isOpen"]
    assert (await tap(world.rep, "startBreak", later(hours=-1)))["code"] == "EVIDENCE_TIME_INVALID"
    # By now the shift has ended by itself; what was tapped before then still counts.
    resting = await tap(world.rep, "startBreak", later(hours=3))
    assert (resting["endKind"], len(resting["breaks"])) == ("AUTO", 1)
    rested = await tap(world.rep, "endBreak", later(hours=4))
    assert rested["breaks"] == [{"startedAt": "2026-11-23T04:00:00.000Z", "endedAt": "2026-11-23T05:00:00.000Z"}]
    assert (await tap(world.rep, "endShift", later(hours=12, minutes=1)))["code"] == "NO_OPEN_SHIFT"
    ended = await tap(world.rep, "endShift", later(hours=9))
    assert (ended["id"], ended["endedAt"], ended["endKind"]) == (shift_id, "2026-11-23T10:00:00.000Z", "MANUAL")


async def test_a_forgotten_end_is_closed_by_the_worker_once(
    world: World, services: Services, clock: StoppedClock, store: Store
) -> None:
    await store["shifts"].delete_many({"is_open": True})
    await plan_week(world)
    await start(world.rep)
    await start(world.second_rep)
    await tap(world.rep, "startBreak", START)
    clock.advance(hours=11, milliseconds=-1)
    assert await close_forgotten_shifts(services) == 0
    clock.advance(milliseconds=1)
    closed = await asyncio.gather(close_forgotten_shifts(services), close_forgotten_shifts(services))
    assert sum(closed) == 1, "the other shift was not planned and lasts 12 h"
    listed = await world.rep.api.first("{ me { shifts { endedAt endKind breaks { endedAt } } } }")
    assert listed["shifts"] == [
        {
            "endedAt": "2026-11-23T12:00:00.000Z",
            "endKind": "AUTO",
            "breaks": [{"endedAt": "2026-11-23T12:00:00.000Z"}],
        }
    ]
    clock.advance(hours=1)
    assert await close_forgotten_shifts(services) == 1
    assert await close_forgotten_shifts(services) == 0


async def test_a_forgotten_end_is_in_nobodys_way(world: World, clock: StoppedClock) -> None:
    forgotten = await start(world.rep)
    clock.advance(hours=24)
    begun = await start(world.rep, later(hours=24))
    assert begun["isOpen"]
    assert begun["id"] != forgotten["id"]
    listed = await world.rep.api.first("{ me { shifts { id endKind } } }")
    assert listed["shifts"] == [{"id": begun["id"], "endKind": None}, {"id": forgotten["id"], "endKind": "AUTO"}]


async def test_a_night_shift_ends_after_midnight(world: World, clock: StoppedClock) -> None:
    roster = {"weekly": ["22:00-06:00", "", "", "", "", "", ""]}
    await world.manager.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=roster)
    clock.advance(hours=16)
    begun = await start(world.rep, later(hours=16))  # 01:00 on Tuesday in Shanghai
    assert begun["autoEndAt"] == "2026-11-24T00:00:00.000Z"


async def test_shifts_scope(world: World, other_world: World, anonymous: ApiClient) -> None:
    shift_id = (await start(world.rep))["id"]
    node = "query ($id: ID!) { node(id: $id) { id ... on Shift { person { id } } } }"
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert await member.api.first(node, id=shift_id) == {"id": shift_id, "person": {"id": world.rep.id}}
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.admin):
        assert await member.api.first(node, id=shift_id) is None
    assert await world.second_rep.api.first(MINE) is None
    for query in (START_SHIFT, *TAPS.values()):
        assert await world.admin.api.code(query, key=new_key(), at=written(START)) == "FORBIDDEN"
        assert await anonymous.code(query, key=new_key(), at=written(START)) == "UNAUTHENTICATED"
    assert await anonymous.code(MINE) == "UNAUTHENTICATED"
    taken = await other_world.rep.api.first(START_SHIFT, key=new_key(), at=written(START), id=shift_id)
    assert taken["code"] == "ID_TAKEN"
    bad = await start(world.second_rep, id="shf_1")
    assert (bad["code"], bad["field"]) == ("BAD_INPUT", "id")
