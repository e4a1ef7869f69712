"""Proposals to move a site's pin: measured there, decided by somebody else, and never in favour of the past."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_work import check_in, make_site, minutes, north_of_pin, wire
from tests.support.world import Member, World

_ANSWER = """{ __typename
  ... on SiteRelocation { id state movesM reason note decidedAt location { latitude } site { id locationVersion }
    proposedBy { id } decidedBy { id } }
  ... on Refusal { code message } ... on InvalidInput { field } }"""
_DECIDED = _ANSWER.removesuffix("}") + "... on WrongState { inState: currentState } }"
PROPOSE = f"""mutation ($key: String!, $site: ID!, $fixes: [SpotFixInput!]!, $reason: String!) {{
  proposeSiteLocation(clientKey: $key, siteId: $site, fixes: $fixes, reason: $reason) {_ANSWER} }}"""
APPROVE, REJECT = (
    f"mutation ($key: String!, $id: ID!, $note: {kind}) {{ {name}(clientKey: $key, id: $id, note: $note) {_DECIDED} }}"
    for name, kind in (("approveSiteLocation", "String"), ("rejectSiteLocation", "String!"))
)
LIST = """query ($filter: SiteRelocationFilter) {
  siteRelocations(first: 20, filter: $filter) { nodes { id state } }
}"""
MOVE = """mutation ($key: String!, $id: ID!, $changes: SiteChanges!) {
  updateSite(clientKey: $key, id: $id, changes: $changes) { __typename }
}"""


def fixes(metres: float, now: datetime = START, count: int = 3, **given: Any) -> list[dict[str, Any]]:
    """Positions measured so far north of PIN, a minute apart."""
    return [
        north_of_pin(metres + index) | {"accuracyM": 30.0, "at": wire(now - minutes(index))} | given
        for index in range(count)
    ]


async def propose(member: Member, site_id: str, measured: list[dict[str, Any]], reason: str = "new gate") -> Any:
    return await member.api.first(PROPOSE, key=new_key(), site=site_id, fixes=measured, reason=reason)


async def decide(member: Member, operation: str, relocation_id: str, note: str | None = "seen it") -> Any:
    return await member.api.first(operation, key=new_key(), id=relocation_id, note=note)


async def test_an_approved_proposal_moves_the_pin_from_then_on(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep, "A")
    assert (await check_in(world.rep, site_id, clock.now, 800))["code"] == "OUTSIDE_GEOFENCE"
    made = await propose(world.rep, site_id, fixes(800))
    assert (made["state"], made["proposedBy"]["id"], made["decidedBy"]) == ("PROPOSED", world.rep.id, None)
    assert made["movesM"] == pytest.approx(801, abs=2)
    assert (await check_in(world.rep, site_id, clock.now, 800))["code"] == "OUTSIDE_GEOFENCE"
    clock.advance(minutes=10)
    done = await decide(world.manager, APPROVE, made["id"])
    assert (done["state"], done["decidedBy"]["id"], done["note"]) == ("APPROVED", world.manager.id, "seen it")
    assert done["site"]["locationVersion"] == 2
    # What was tapped before is judged by the pin of before, even if it comes now.
    assert (await check_in(world.rep, site_id, clock.now - minutes(9), 800))["code"] == "OUTSIDE_GEOFENCE"
    assert (await check_in(world.rep, site_id, clock.now, 800))["verdict"] == "INSIDE"
    again = await decide(world.director, REJECT, made["id"])
    assert (again["code"], again["inState"]) == ("WRONG_STATE", "APPROVED")


async def test_a_rejected_proposal_leaves_the_pin(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep, "A")
    made = await propose(world.rep, site_id, fixes(800))
    done = await decide(world.manager, REJECT, made["id"], "that is the neighbour")
    assert (done["state"], done["site"]["locationVersion"]) == ("REJECTED", 1)
    assert (await decide(world.manager, APPROVE, made["id"]))["inState"] == "REJECTED"


@pytest.mark.parametrize(
    ("measured", "field"),
    [
        (fixes(0, count=2), "fixes"),
        (fixes(0, count=21), "fixes"),
        (fixes(0, accuracyM=30.1), "fixes.0.accuracyM"),
        (fixes(0, accuracyM=0.0), "fixes.0.accuracyM"),
        ([*fixes(0), north_of_pin(0) | {"accuracyM": 31.0, "at": wire(START - minutes(9))}], "fixes.3.accuracyM"),
        (fixes(0, latitude=91.0), "fixes.0.latitude"),
        (fixes(0, latitude=0.0, longitude=0.0), "fixes.0.latitude"),
        (fixes(0, at=wire(START)), "fixes"),
        (fixes(0, START + timedelta(seconds=121)), "fixes.0.at"),
        (fixes(0, START - timedelta(hours=72, seconds=1)), "fixes.0.at"),
        ([*fixes(0), north_of_pin(136) | {"accuracyM": 5.0, "at": wire(START - minutes(9))}], "fixes"),
    ],
)
async def test_fixes_that_show_no_place_name_the_field(
    world: World, measured: list[dict[str, Any]], field: str
) -> None:
    refused = await propose(world.rep, await make_site(world.rep), measured)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


@pytest.mark.parametrize(
    "measured",
    [
        fixes(0, count=20),
        fixes(0, START + timedelta(seconds=120)),
        [*fixes(0), north_of_pin(130) | {"accuracyM": 5.0, "at": wire(START - minutes(9))}],
    ],
)
async def test_fixes_at_the_limits_are_taken(world: World, measured: list[dict[str, Any]]) -> None:
    assert (await propose(world.rep, await make_site(world.rep), measured))["state"] == "PROPOSED"


async def test_nobody_decides_on_their_own_proposal_nor_after_the_pin_has_moved(
    world: World, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    own = await propose(world.manager, site_id, fixes(50))
    for operation in (APPROVE, REJECT):
        assert (await decide(world.manager, operation, own["id"]))["code"] == "OWN_PROPOSAL"
    await world.manager.api.first(MOVE, key=new_key(), id=site_id, changes={"coordinates": north_of_pin(300)})
    late = await decide(world.director, APPROVE, own["id"])
    assert (late["code"], late["inState"]) == ("WRONG_STATE", "SITE_MOVED")
    assert (await decide(world.director, REJECT, own["id"]))["state"] == "REJECTED"
    for note in ("", " ", "x" * 1001):
        assert (await decide(world.director, REJECT, own["id"], note))["field"] == "note"
    for reason in ("", "x" * 1001):
        assert (await propose(world.rep, site_id, fixes(50), reason))["field"] == "reason"


async def test_two_who_decide_at_once_move_the_pin_once(world: World) -> None:
    site_id = await make_site(world.rep)
    made = await propose(world.rep, site_id, fixes(50))
    answers = await asyncio.gather(*(decide(each, APPROVE, made["id"]) for each in (world.manager, world.director)))
    assert sorted(each["__typename"] for each in answers) == ["SiteRelocation", "WrongState"]
    shown = await world.rep.api.first("query ($id: ID!) { site(id: $id) { locationVersion } }", id=site_id)
    assert shown == {"locationVersion": 2}


async def test_relocations_scope(world: World, other_world: World) -> None:
    site_id = await make_site(world.rep)
    made = await propose(world.rep, site_id, fixes(50))
    for member in (world.south_rep, other_world.rep):
        assert (await propose(member, site_id, fixes(50)))["code"] == "NOT_FOUND"
    for member in (world.south_manager, other_world.manager, other_world.admin):
        for operation in (APPROVE, REJECT):
            assert (await decide(member, operation, made["id"]))["code"] == "NOT_FOUND"
        assert (await member.api.first(LIST))["nodes"] == []
    for member in (world.rep, world.second_rep, world.support):
        assert await member.api.code(APPROVE, key=new_key(), id=made["id"], note="x") == "FORBIDDEN"
    assert await world.admin.api.code(PROPOSE, key=new_key(), site=site_id, fixes=fixes(1), reason="x") == "FORBIDDEN"
    for member in (world.rep, world.manager, world.director, world.admin):
        chosen = {"state": "PROPOSED", "siteId": site_id}
        assert [each["id"] for each in (await member.api.first(LIST, filter=chosen))["nodes"]] == [made["id"]]
    assert (await world.second_rep.api.first(LIST))["nodes"] == []
    assert (await world.manager.api.first(LIST, filter={"state": "REJECTED"}))["nodes"] == []
    assert await world.rep.api.as_("").code(LIST) == "UNAUTHENTICATED"
