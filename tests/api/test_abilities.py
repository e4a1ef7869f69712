"""The ability profile over HTTP: against a recount from the records, late evidence, and who may see whose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.field_work import check_in, check_out, make_site, make_visit, minutes
from tests.support.leads import create_lead
from tests.support.norms import KEYS, record_insight, record_must_do
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World
from workers.sla_watch import watch_once
from workers.visits import mark_missed

FIELDS = """personId person { name }
    weeks { week score scores { ability score reached counted evidence { date inFavour recordIds } } }"""
PROFILES = f"{{ abilityProfiles(first: 3) {{ nodes {{ {FIELDS} }} }} }}"
PROFILE = f"""query ($person: ID, $week: String, $weeks: Int! = 1) {{
  abilityProfile(personId: $person, week: $week, weeks: $weeks) {{ {FIELDS} }}
}}"""


async def profile(member: Member, **given: Any) -> dict[str, Any]:
    """By ability: reached, counted and the records that count, of the first week."""
    found = await member.api.first(PROFILE, **given)
    return {
        each["ability"]: (
            each["reached"],
            each["counted"],
            sorted((*proof["recordIds"], proof["inFavour"]) for proof in each["evidence"]),
        )
        for each in found["weeks"][0]["scores"]
    }


async def test_scores_are_counted_from_what_happened(
    world: World, services: Services, clock: StoppedClock, reads_counter: ReadsCounter
) -> None:
    site_id = await make_site(world.rep)
    missed = await make_visit(world.rep, await make_site(world.rep), START)
    made = await make_visit(world.rep, site_id, START + minutes(30))
    lead = await create_lead(world.rep)
    slow = await create_lead(world.rep)
    await check_in(world.rep, site_id, START, visitId=made, leadId=lead["id"])
    items = [(await record_must_do(world.rep, made, START, key))["id"] for key in KEYS]
    insight = (await record_insight(world.rep, made, START, "They open a second shop"))["id"]
    clock.advance(minutes=20)
    await check_out(world.rep, made, clock.now, outcome="ORDER")
    short = (await check_in(world.rep, await make_site(world.rep), clock.now))["visit"]["id"]
    clock.advance(minutes=2)
    await check_out(world.rep, short, clock.now, outcome="NO_INTEREST")
    clock.advance(days=1, hours=1)
    await mark_missed(services)
    while await watch_once(services, "one"):
        pass
    clocks = {each: each_lead["clocks"][0]["id"] for each, each_lead in (("kept", lead), ("broken", slow))}
    expected = {
        "PRESENCE": (1, 2, sorted([(made, True), (short, False)])),
        "PLANNING": (1, 2, sorted([(made, True), (missed, False)])),
        "OUTCOMES": (1, 1, [(made, True)]),
        "PROMISES": (1, 2, sorted([(clocks["kept"], True), (clocks["broken"], False)])),
        "NORMS": (1, 1, [(*sorted(items), True)]),
        "INSIGHTS": (1, 1, [(insight, True)]),
    }
    assert await profile(world.rep) == expected
    assert await profile(world.manager, person=world.rep.id) == expected
    told = await world.rep.api.first(PROFILE, weeks=3)
    assert [each["week"] for each in told["weeks"]] == ["2026-W48", "2026-W47", "2026-W46"]
    assert [each["score"] for each in told["weeks"]] == [75.0, None, None]
    reads_counter.take()
    await world.rep.api.first(PROFILE, weeks=1)
    one = len(reads_counter.take())
    await world.rep.api.first(PROFILE, weeks=12)
    assert len(reads_counter.take()) == one


async def test_ability_profiles_are_those_of_each_rep_in_scope(
    world: World, other_world: World, clock: StoppedClock, reads_counter: ReadsCounter
) -> None:
    for member, ended in ((world.rep, "ORDER"), (world.second_rep, "NO_INTEREST")):
        opened = await check_in(member, await make_site(member), clock.now)
        clock.advance(minutes=6)
        await check_out(member, opened["visit"]["id"], clock.now, outcome=ended)
    counts = []
    for member, seen in [
        (world.rep, [world.rep]),
        (world.manager, [world.rep, world.second_rep]),
        (world.south_manager, [world.south_rep]),
        (world.director, [world.rep, world.second_rep, world.south_rep]),
    ]:
        reads_counter.take()
        found = await member.api.first(PROFILES)
        counts.append(len(reads_counter.take()))
        assert {each["personId"] for each in found["nodes"]} == {each.id for each in seen}
        for each in found["nodes"]:
            assert await member.api.first(PROFILE, person=each["personId"]) == each
    assert len(set(counts[1:])) == 1, counts  # of those who lead teams
    assert (await other_world.admin.api.first(PROFILES))["nodes"] != []
    assert {each["personId"] for each in (await other_world.admin.api.first(PROFILES))["nodes"]}.isdisjoint(
        {world.rep.id, world.second_rep.id}
    )
    assert await world.rep.api.as_("").code(PROFILES) == "UNAUTHENTICATED"


async def test_late_evidence_corrects_a_week_that_is_over(
    world: World, services: Services, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    friday = START + timedelta(days=4)
    visit_id = await make_visit(world.rep, site_id, friday)
    clock.now = friday + timedelta(hours=70)
    await mark_missed(services)
    assert (await profile(world.rep, week="2026-W48"))["PLANNING"] == (0, 1, [(visit_id, False)])
    await check_in(world.rep, site_id, friday)
    await check_out(world.rep, visit_id, friday + minutes(10))
    after = await profile(world.rep, week="2026-W48")
    assert after["PLANNING"] == after["PRESENCE"] == (1, 1, [(visit_id, True)])


async def test_ability_profile_scope(world: World, other_world: World) -> None:
    for member, person, seen in [
        (world.rep, world.rep, True),
        (world.manager, world.rep, True),
        (world.director, world.south_rep, True),
        (world.admin, world.rep, True),
        (world.rep, world.second_rep, False),
        (world.rep, world.manager, False),
        (world.south_manager, world.rep, False),
        (other_world.admin, world.rep, False),
    ]:
        found = await member.api.first(PROFILE, person=person.id)
        assert (found is not None) is seen, (member.person.name, person.person.name)
    assert (await world.manager.api.first(PROFILE))["personId"] == world.manager.id
    assert await world.rep.api.as_("").code(PROFILE) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"weeks": 12}, None),
        ({"weeks": 13}, "BAD_INPUT"),
        ({"weeks": 0}, "BAD_INPUT"),
        ({"week": "2000-W01", "weeks": 12}, None),
        ({"week": "2026-W60"}, "BAD_INPUT"),
    ],
)
async def test_ability_profile_bad_input(world: World, given: dict[str, Any], code: str | None) -> None:
    answer = await world.rep.api.answer(PROFILE, **given)
    assert [each["extensions"]["code"] for each in answer.get("errors", [])] == ([] if code is None else [code])
