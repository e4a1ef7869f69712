"""The organization's rules for beat plans over HTTP: versions, limits, and who may change them."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.client import new_key
from tests.support.world import Member, World

CADENCES = """{ visitCadences {
  version tiers { tier intervalDays leastDays mostDays } visitsADay reservedPercent changeMinutes calendarKey savedAt
} }"""
SAVE = """mutation ($key: String!, $input: VisitCadencesInput!, $expected: Int!) {
  saveVisitCadences(clientKey: $key, input: $input, expectedVersion: $expected) {
    __typename
    ... on VisitCadences { version visitsADay }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
TIERS = [
    {"tier": tier, "intervalDays": interval, "leastDays": least, "mostDays": most}
    for tier, interval, least, most in (("A", 7, 4, 10), ("B", 14, 10, 18), ("C", 28, 20, 36))
]


async def save(member: Member, expected: int = 0, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(
        SAVE, key=new_key(), input={"tiers": TIERS} | given, expected=expected
    )
    return answer


async def test_every_organization_begins_with_the_usual_cadences(world: World) -> None:
    assert await world.rep.api.first(CADENCES) == {
        "version": 0,
        "tiers": TIERS,
        "visitsADay": 10,
        "reservedPercent": 20,
        "changeMinutes": 15,
        "calendarKey": None,
        "savedAt": None,
    }


async def test_administrators_save_cadences_in_versions(world: World, other_world: World) -> None:
    key, call = new_key(), {"input": {"tiers": TIERS, "visitsADay": 7}, "expected": 0}
    saved = await world.admin.api.first(SAVE, key=key, **call)
    assert (saved["version"], saved["visitsADay"]) == (1, 7)
    assert await world.admin.api.first(SAVE, key=key, **call) == saved
    assert (await save(world.admin))["currentVersion"] == 1
    assert (await save(world.admin, 1, visitsADay=41))["field"] == "visitsADay"
    assert (await save(world.admin, 1, calendarKey="nowhere"))["field"] == "calendarKey"
    assert (await save(world.admin, 1, tiers=TIERS[:2]))["field"] == "tiers"
    assert (await world.rep.api.first(CADENCES))["visitsADay"] == 7
    assert (await other_world.rep.api.first(CADENCES))["version"] == 0
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(SAVE, key=new_key(), **call) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(CADENCES) == "UNAUTHENTICATED"


async def test_two_who_save_the_first_cadences_at_once(world: World) -> None:
    answers = await asyncio.gather(*(save(world.admin) for _ in range(2)))
    assert sorted(each.get("code", "saved") for each in answers) == ["CONFLICT", "saved"]
