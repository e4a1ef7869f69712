"""Codes a site shows: indoors where no position is good, offline, and against those who pass them on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.evidence import Phone
from tests.support.field_work import CHECK_IN, check_in, check_out, make_site, minutes, wire
from tests.support.world import World

CODES = "query ($id: ID!, $first: Int!) { siteCodes(siteId: $id, first: $first) { code shownAt endsAt } }"
AT_THE_PIN = {"latitude": 52.52, "longitude": 13.405, "datum": "WGS84"}
SENT = """query ($id: ID!) { node(id: $id) { ... on CheckIn {
  provider sentPosition { latitude longitude datum } distanceM uncertaintyM
} } }"""


async def shown(world: World, site_id: str, minute: int = 0) -> str:
    codes = await world.manager.api.first(CODES, id=site_id, first=minute + 1)
    return str(codes[minute]["code"])


async def by_code(world: World, site_id: str, code: str, **given: Any) -> dict[str, Any]:
    """A check-in with a code and no position."""
    sent = {"siteId": site_id, "code": code, "capturedAt": wire(START)} | given
    answer: dict[str, Any] = await world.rep.api.first(CHECK_IN, key=new_key(), input=sent)
    return answer


async def test_a_code_alone_is_inside_under_the_hard_mode(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep, "A")
    told = await by_code(world, site_id, await shown(world, site_id))
    assert (told["verdict"], told["reasons"], told["unverified"]) == ("INSIDE", ["SITE_CODE"], False)
    sent = await world.rep.api.first(SENT, id=told["id"])
    assert (sent["provider"], sent["sentPosition"], sent["distanceM"]) == ("QR", AT_THE_PIN, 0)
    clock.advance(minutes=10)
    left = await check_out(
        world.rep,
        told["visit"]["id"],
        clock.now,
        latitude=None,
        longitude=None,
        datum=None,
        accuracyM=None,
        code=await shown(world, site_id),
    )
    assert (left["state"], left["verified"]) == ("DONE", True)


async def test_codes_change_by_the_minute(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    clock.advance(seconds=59)
    codes = await world.manager.api.first(CODES, id=site_id, first=3)
    assert [each["shownAt"][14:19] for each in codes] == ["00:00", "01:00", "02:00"]
    assert [each["endsAt"][14:19] for each in codes] == ["01:00", "02:00", "03:00"]
    assert len({each["code"] for each in codes}) == 3


@pytest.mark.parametrize(
    ("tapped_s", "problem"), [(-61, "EXPIRED"), (-60, None), (0, None), (119, None), (120, "EXPIRED")]
)
async def test_a_code_is_taken_in_its_minute_and_one_beside(
    world: World, clock: StoppedClock, tapped_s: int, problem: str | None
) -> None:
    site_id = await make_site(world.rep)
    code = await shown(world, site_id)
    clock.now = START + timedelta(seconds=tapped_s)
    told = await by_code(world, site_id, code, capturedAt=wire(clock.now))
    if problem is None:
        assert told["verdict"] == "INSIDE"
    else:
        assert (told["__typename"], told["code"]) == ("CodeNotAccepted", "SITE_CODE_NOT_ACCEPTED")
        assert problem in told["message"]


async def test_forged_and_foreign_codes_are_refused_and_the_position_kept(
    world: World, other_world: World, clock: StoppedClock
) -> None:
    site_id, other_site = await make_site(world.rep), await make_site(world.rep)
    code = await shown(world, site_id)
    theirs = await shown(other_world, await make_site(other_world.rep))
    forged = [
        code[:-1] + ("A" if code[-1] != "A" else "B"),
        code.replace(".", ".0", 1),
        "",
        "x" * 200,
        f"{site_id}.1.é",
    ]
    for wrong, problem in [(theirs, "OTHER_SITE"), (await shown(world, other_site), "OTHER_SITE")]:
        assert problem in (await by_code(world, site_id, wrong))["message"]
    for wrong in forged:
        assert "NOT_OURS" in (await by_code(world, site_id, wrong))["message"], wrong
        kept = await check_in(world.rep, site_id, clock.now, code=wrong)
        assert kept["code"] == "SITE_CODE_NOT_ACCEPTED"
    listed = await world.rep.api.first("{ checkIns(first: 20) { nodes { refused flagged } } }")
    assert listed["nodes"] == [{"refused": "SITE_CODE_NOT_ACCEPTED", "flagged": True}] * len(forged)
    assert (await by_code(world, site_id, "x" * 201))["field"] == "code"


async def test_a_code_is_good_once_for_each_person(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    code = await shown(world, site_id)
    first = await by_code(world, site_id, code)
    assert first["verdict"] == "INSIDE"
    again = await by_code(world, site_id, code)
    assert (again["code"], "USED" in again["message"]) == ("SITE_CODE_NOT_ACCEPTED", True)
    colleague = await check_in(world.second_rep, site_id, clock.now, code=code)
    assert (colleague["verdict"], colleague["reasons"]) == ("INSIDE", ["SITE_CODE"])


async def test_a_code_against_the_position_is_reviewed_and_a_mock_wins(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    code = await shown(world, site_id)
    mock = await check_in(world.rep, site_id, clock.now, code=code, isMock=True)
    assert mock["code"] == "MOCK_LOCATION"
    clock.advance(minutes=1)
    told = await check_in(world.rep, site_id, clock.now, 3_000, code=await shown(world, site_id))
    assert (told["verdict"], told["review"]) == ("INSIDE", True)
    assert told["reasons"] == ["SITE_CODE", "CODE_CONTRADICTED"]


async def test_offline_a_code_needs_a_time_that_is_proved(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    phone = Phone(world.rep, booted_at=START - timedelta(hours=1))
    tap = {"code": await shown(world, site_id), "capturedAt": wire(START), "clock": phone.tap(START)["clock"]}
    code = await shown(world, site_id, 1)
    clock.advance(hours=5)
    proved = await phone.check_in(site_id, tap, clock.now)
    assert (proved["verdict"], proved["offline"], proved["review"]) == ("INSIDE", True, False)
    await check_out(world.rep, proved["visit"]["id"], START + minutes(30))
    other = {"siteId": site_id, "code": code, "capturedAt": wire(START + minutes(1))}
    told = await world.second_rep.api.first(CHECK_IN, key=new_key(), input=other)
    assert (told["review"], told["reasons"]) == (True, ["SITE_CODE", "CODE_TIME_UNPROVED"])


async def test_codes_are_not_for_reps_nor_for_other_teams(world: World, other_world: World) -> None:
    site_id = await make_site(world.rep)
    for member in (world.rep, world.support):
        assert await member.api.code(CODES, id=site_id, first=1) == "FORBIDDEN"
    for member in (world.south_manager, other_world.admin):
        assert await member.api.first(CODES, id=site_id, first=1) is None
    assert await world.rep.api.as_("").code(CODES, id=site_id, first=1) == "UNAUTHENTICATED"
    for first in (0, 101):
        assert await world.manager.api.code(CODES, id=site_id, first=first) == "BAD_INPUT"
    assert len(await world.director.api.first(CODES, id=site_id, first=100)) == 100
