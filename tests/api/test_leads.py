"""Leads through GraphQL over HTTP: creating, assigning, moving, converting, listing, and who sees what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.ids import new_id
from domain.leads import Stage, StageKind
from resolvers.services import Services
from storage.leads import save_stages
from storage.outbox import NOTICES
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.leads import ASSIGN, CREATE, LOG, MOVE, ONE, clock_of, create_lead, log_activity, read_lead
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

UPDATE = """mutation ($key: String!, $id: ID!, $changes: LeadChanges!, $expected: Int) {
  updateLead(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {
    __typename
    ... on Lead { id name note estimatedValue version }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
CONVERT = """mutation ($key: String!, $id: ID!, $account: ID, $contact: String) {
  convertLead(clientKey: $key, id: $id, accountId: $account, contactName: $contact) {
    __typename
    ... on Lead {
      id stage convertedAt account { id name leads { id } contacts { id name } } contact { id name phone }
      activities { id }
    }
    ... on Refusal { code }
    ... on AlreadyConverted { accountId }
  }
}"""
LIST = """query ($first: Int!, $after: String, $order: LeadOrder!, $filter: LeadFilter) {
  leads(first: $first, after: $after, order: $order, filter: $filter) {
    edges { node { id name } } pageInfo { hasNextPage endCursor }
  }
}"""
DEEP = """query { leads(first: 50) { nodes {
  id account { name contacts { name } } contact { name } activities { kind lead { name } }
  clocks { state legs { ownerId } }
} } }"""
STAGES = "{ leadStages { key kind name } }"


async def listed(world_member: Any, order: str = "NEWEST", **conditions: Any) -> list[str]:
    answer = await world_member.api.first(LIST, first=50, order=order, filter=conditions)
    return [edge["node"]["name"] for edge in answer["edges"]]


async def test_create_lead_of_a_rep_starts_the_first_contact_clock(world: World) -> None:
    lead_id = new_id("led", START)
    created = await create_lead(
        world.rep, id=lead_id, tier="A", estimatedValue="1250.50", currency="EUR", source="FAIR", region="North"
    )
    assert created["id"] == lead_id
    assert (created["ownerId"], created["teamId"]) == (world.rep.id, world.north.id)
    assert (created["stage"], created["stageKind"], created["estimatedValue"]) == ("NEW", "OPEN", "1250.50")
    assert created["slaDueAt"] == "2026-11-24T01:00:00.000Z"
    lead = await read_lead(world.rep, lead_id)
    clock = clock_of(lead, "LEAD_FIRST_CONTACT")
    assert (clock["state"], clock["dueAt"], clock["remainingOpenSeconds"]) == ("RUNNING", created["slaDueAt"], 86_400)
    assert [leg["ownerId"] for leg in clock["legs"]] == [world.rep.id]
    assert {each["metric"]: each["state"] for each in lead["clocks"]} == {
        "LEAD_FIRST_CONTACT": "RUNNING",
        "TIER_A_PROPOSAL": "RUNNING",
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"id": "led_1"}, "id"),
        ({"productLine": "x" * 121}, "productLine"),
        ({"email": "nobody"}, "email"),
        ({"estimatedValue": "-1"}, "estimatedValue"),
        ({"estimatedValue": "NaN"}, "estimatedValue"),
        ({"estimatedValue": "1.23456"}, "estimatedValue"),
        ({"currency": "EURO"}, "currency"),
        ({"occurredAt": "2026-11-23T01:06:00Z"}, "occurredAt"),
    ],
)
async def test_create_lead_names_the_bad_field(world: World, given: dict[str, object], field: str) -> None:
    refused = await create_lead(world.rep, **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


async def test_create_lead_refusals_of_what_it_refers_to(world: World, other_world: World) -> None:
    assert (await create_lead(world.rep, stage="HOT"))["known"][0] == "NEW"
    foreign = new_id("acc", START)
    assert (await create_lead(world.rep, accountId=foreign))["code"] == "NOT_FOUND"
    assert (await create_lead(world.manager, ownerId=other_world.rep.id))["code"] == "NOT_FOUND"
    assert (await create_lead(world.manager, ownerId=world.south_rep.id))["code"] == "NOT_FOUND"
    assert (await create_lead(world.admin, ownerId=world.support.id))["code"] == "OWNER_NOT_AVAILABLE"
    taken = await create_lead(world.rep)
    assert (await create_lead(other_world.rep, id=taken["id"]))["code"] == "ID_TAKEN"


async def test_create_lead_owner_rights(world: World) -> None:
    for_other = {"name": "For another", "ownerId": world.second_rep.id}
    assert await world.rep.api.code(CREATE, key=new_key(), input=for_other) == "FORBIDDEN"
    assert await world.rep.api.code(CREATE, key=new_key(), input={"name": "x", "unassigned": True}) == "FORBIDDEN"
    assert await world.support.api.code(CREATE, key=new_key(), input={"name": "x"}) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(CREATE, key=new_key(), input={"name": "x"}) == "UNAUTHENTICATED"
    given = await create_lead(world.manager, ownerId=world.second_rep.id)
    assert given["ownerId"] == world.second_rep.id
    nobody = await create_lead(world.manager, unassigned=True)
    assert (nobody["ownerId"], nobody["teamId"], nobody["slaDueAt"], nobody["clocks"]) == (
        None,
        world.north.id,
        None,
        [],
    )


async def test_create_lead_external_id_is_unique_in_the_organization(world: World, other_world: World) -> None:
    await create_lead(world.rep, externalId="crm-7")
    assert (await create_lead(other_world.rep, externalId="crm-7"))["__typename"] == "Lead"
    again = await create_lead(world.rep, externalId="crm-7")
    assert (again["__typename"], again["field"]) == ("InvalidInput", "externalId")


async def test_create_lead_in_parallel_with_one_key_writes_once(world: World) -> None:
    key = new_key()
    answers = await asyncio.gather(*(world.rep.api.first(CREATE, key=key, input={"name": "Race"}) for _ in range(5)))
    assert len({answer["id"] for answer in answers}) == 1
    assert await listed(world.rep) == ["Race"]
    reused = await world.rep.api.first(CREATE, key=key, input={"name": "Other"})
    assert reused["code"] == "KEY_REUSED"


async def test_update_lead_guards_its_version(world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    changes = {"note": "call before noon", "estimatedValue": "10"}
    changed = await world.rep.api.first(UPDATE, key=new_key(), id=lead_id, changes=changes, expected=1)
    assert (changed["note"], changed["estimatedValue"], changed["version"]) == ("call before noon", "10", 2)
    stale = await world.rep.api.first(UPDATE, key=new_key(), id=lead_id, changes={"note": None}, expected=1)
    assert (stale["__typename"], stale["currentVersion"]) == ("VersionConflict", 2)
    bad = await world.rep.api.first(UPDATE, key=new_key(), id=lead_id, changes={"name": ""})
    assert bad["field"] == "name"
    unseen = await world.rep.api.first(UPDATE, key=new_key(), id=lead_id, changes={"accountId": new_id("acc", START)})
    assert unseen["code"] == "NOT_FOUND"


async def test_assign_lead_hands_over_history_and_clocks(world: World, clock: StoppedClock, services: Services) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    await log_activity(world.rep, lead_id, "NOTE", note="asked for a price list")
    clock.advance(hours=2)
    assigned = await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.second_rep.id)
    assert assigned["ownerId"] == world.second_rep.id
    assert await read_lead(world.rep, lead_id) is None
    lead = await read_lead(world.second_rep, lead_id)
    assert [each["note"] for each in lead["activities"]] == ["asked for a price list"]
    running = clock_of(lead, "LEAD_FIRST_CONTACT")
    assert (running["state"], running["dueAt"]) == ("RUNNING", "2026-11-24T01:00:00.000Z")
    legs = [(leg["ownerId"], leg["openSeconds"]) for leg in running["legs"]]
    assert legs == [(world.rep.id, 7200), (world.second_rep.id, None)]
    told = await services.store[NOTICES].find({"org_id": world.org_id}, limit=10)
    assert [(each["kind"], each["owner_id"]) for each in told] == [("LEAD_ASSIGNED", world.second_rep.id)]


async def test_assign_lead_the_first_time_starts_its_clock(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.manager, unassigned=True))["id"]
    clock.advance(hours=5)
    assigned = await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id)
    assert assigned["slaDueAt"] == "2026-11-24T06:00:00.000Z"
    again = await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id)
    assert [len(each["legs"]) for each in again["clocks"]] == [1]


async def test_assign_lead_contacted_before_is_met_at_once_and_followed_up(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.manager, unassigned=True))["id"]
    await log_activity(world.manager, lead_id)
    clock.advance(hours=100)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id)
    lead = await read_lead(world.rep, lead_id)
    assert clock_of(lead, "LEAD_FIRST_CONTACT")["state"] == "MET"
    follow_up = clock_of(lead, "LEAD_NEXT_FOLLOWUP")
    assert (follow_up["state"], follow_up["dueAt"]) == ("RUNNING", "2026-11-30T05:00:00.000Z")


async def test_assign_lead_refusals(world: World, other_world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    for member in (world.rep, world.support):
        assert await member.api.code(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id) == "FORBIDDEN"
    for member in (world.south_manager, other_world.manager, other_world.admin):
        refused = await member.api.first(ASSIGN, key=new_key(), id=lead_id, owner=member.id)
        assert refused["code"] == "NOT_FOUND"
    unseen = await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.south_rep.id)
    assert unseen["code"] == "NOT_FOUND"
    no_field_work = await world.admin.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.admin.id)
    assert no_field_work["code"] == "OWNER_NOT_AVAILABLE"
    stale = await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.second_rep.id, expected=7)
    assert stale["currentVersion"] == 1


async def test_move_lead_closing_cancels_and_reopening_follows_up(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    await log_activity(world.rep, lead_id)
    qualified = await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="QUALIFIED")
    assert (qualified["stageKind"], qualified["slaDueAt"]) == ("OPEN", "2026-11-26T01:00:00.000Z")
    clock.advance(hours=1)
    lost = await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="LOST", reason="too expensive")
    assert (lost["stageKind"], lost["lostReason"], lost["slaDueAt"]) == ("LOST", "too expensive", None)
    ended = clock_of(lost, "LEAD_NEXT_FOLLOWUP")
    assert (ended["state"], ended["cancelReason"]) == ("CANCELLED", "LOST")
    clock.advance(hours=1)
    reopened = await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="CONTACTED")
    assert (reopened["closedAt"], reopened["slaDueAt"]) == (None, "2026-11-26T03:00:00.000Z")
    states = sorted((each["metric"], each["state"]) for each in reopened["clocks"])
    assert states == [
        ("LEAD_FIRST_CONTACT", "MET"),
        ("LEAD_NEXT_FOLLOWUP", "CANCELLED"),
        ("LEAD_NEXT_FOLLOWUP", "RUNNING"),
    ]
    clock.advance(hours=1)
    await log_activity(world.rep, lead_id)
    assert (await read_lead(world.rep, lead_id))["slaDueAt"] == "2026-11-26T04:00:00.000Z"


async def test_move_lead_by_the_organizations_own_stages(world: World, services: Services) -> None:
    stages = [Stage("HOT", StageKind.OPEN, "Hot"), Stage("SIGNED", StageKind.WON, "Signed")]
    assert (await world.rep.api.first(STAGES))[0] == {"key": "NEW", "kind": "OPEN", "name": "New"}
    await save_stages(services.store, world.org_id, stages)
    assert [each["key"] for each in await world.rep.api.first(STAGES)] == ["HOT", "SIGNED"]
    lead = await create_lead(world.rep)
    assert lead["stage"] == "HOT"
    refused = await world.rep.api.first(MOVE, key=new_key(), id=lead["id"], stage="WON")
    assert (refused["code"], refused["known"]) == ("UNKNOWN_STAGE", ["HOT", "SIGNED"])
    won = await world.rep.api.first(MOVE, key=new_key(), id=lead["id"], stage="SIGNED")
    assert won["stageKind"] == "WON"
    assert await world.rep.api.as_("").code(STAGES) == "UNAUTHENTICATED"


async def test_convert_lead_makes_account_and_contact_and_keeps_history(world: World) -> None:
    lead_id = (await create_lead(world.rep, contactName="Kim Doe", phone="+49 30 1"))["id"]
    logged = await log_activity(world.rep, lead_id)
    converted = await world.rep.api.first(CONVERT, key=new_key(), id=lead_id)
    assert converted["account"]["name"] == "Harbour Bakery"
    assert (converted["contact"]["name"], converted["contact"]["phone"]) == ("Kim Doe", "+49 30 1")
    assert converted["account"]["leads"] == [{"id": lead_id}]
    assert converted["account"]["contacts"] == [{"id": converted["contact"]["id"], "name": "Kim Doe"}]
    assert [each["id"] for each in converted["activities"]] == [logged["id"]]
    again = await world.rep.api.first(CONVERT, key=new_key(), id=lead_id)
    assert again == converted
    other = await world.rep.api.first(CONVERT, key=new_key(), id=lead_id, account=new_id("acc", START))
    assert (other["code"], other["accountId"]) == ("ALREADY_CONVERTED", converted["account"]["id"])


async def test_convert_lead_to_an_existing_account(world: World) -> None:
    account = (await world.rep.api.first(CONVERT, key=new_key(), id=(await create_lead(world.rep))["id"]))["account"]
    lead_id = (await create_lead(world.rep, name="Second deal"))["id"]
    converted = await world.rep.api.first(CONVERT, key=new_key(), id=lead_id, account=account["id"])
    assert converted["account"]["id"] == account["id"]
    assert {each["id"] for each in converted["account"]["leads"]} == {lead_id, account["leads"][0]["id"]}
    unseen = await create_lead(world.rep)
    refused = await world.rep.api.first(CONVERT, key=new_key(), id=unseen["id"], account=new_id("acc", START))
    assert refused["code"] == "NOT_FOUND"


async def test_leads_scope(world: World, other_world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    activity = {"leadId": lead_id, "kind": "NOTE"}
    changes: list[tuple[str, dict[str, Any]]] = [(UPDATE, {"changes": {}}), (MOVE, {"stage": "LOST"}), (CONVERT, {})]
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert await read_lead(member, lead_id) is not None, member.person.name
    blind = [world.second_rep, world.south_rep, world.south_manager, other_world.rep, other_world.admin]
    for member in blind:
        assert await read_lead(member, lead_id) is None, member.person.name
        assert await member.api.first("query ($id: ID!) { node(id: $id) { id } }", id=lead_id) is None
        assert await listed(member) == []
        for query, extra in changes:
            assert (await member.api.first(query, key=new_key(), id=lead_id, **extra))["code"] == "NOT_FOUND"
        if member is not other_world.admin:
            assert (await member.api.first(LOG, key=new_key(), input=activity))["code"] == "NOT_FOUND"
    for query, extra in changes:
        assert await world.support.api.code(query, key=new_key(), id=lead_id, **extra) == "FORBIDDEN"
        assert await world.rep.api.as_("").code(query, key=new_key(), id=lead_id, **extra) == "UNAUTHENTICATED"
    assert await world.rep.api.as_("").code(ONE, id=lead_id) == "UNAUTHENTICATED"


async def test_leads_filters_and_orders(world: World, clock: StoppedClock) -> None:
    await create_lead(world.rep, name="b late", tier="A", region="East", source="WEB")
    clock.advance(hours=1)
    later = await create_lead(world.second_rep, name="a later")
    await create_lead(world.manager, name="c nobody", unassigned=True)
    await world.manager.api.first(MOVE, key=new_key(), id=later["id"], stage="QUALIFIED")
    assert await listed(world.manager, "NAME") == ["a later", "b late", "c nobody"]
    assert await listed(world.manager, "DUE") == ["b late", "a later"]
    conditions: list[tuple[dict[str, Any], list[str]]] = [
        ({"stage": "QUALIFIED"}, ["a later"]),
        ({"stageKind": "WON"}, []),
        ({"tier": "A"}, ["b late"]),
        ({"region": "East", "source": "WEB"}, ["b late"]),
        ({"ownerId": world.second_rep.id}, ["a later"]),
        ({"unassigned": True}, ["c nobody"]),
        ({"unassigned": False}, ["a later", "b late"]),
        ({"redFlag": True}, []),
        ({"redFlag": False}, ["a later", "b late", "c nobody"]),
    ]
    for condition, names in conditions:
        assert await listed(world.manager, "NAME", **condition) == names, condition
    assert await listed(world.rep, "NAME", ownerId=world.second_rep.id) == []


async def test_leads_pages_hold_each_record_once(world: World) -> None:
    for number in range(7):
        await create_lead(world.rep, name=f"Shop {number % 3}")
    for order in ("NEWEST", "DUE", "CHANGED", "NAME"):
        found: list[str] = []
        after = None
        while True:
            page = await world.rep.api.first(LIST, first=3, after=after, order=order)
            found += [edge["node"]["id"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert len(found) == len(set(found)) == 7


async def test_leads_reads_do_not_grow_with_rows(world: World, reads_counter: ReadsCounter) -> None:
    async def add() -> None:
        lead_id = (await create_lead(world.rep))["id"]
        await log_activity(world.rep, lead_id)
        await world.rep.api.first(CONVERT, key=new_key(), id=lead_id)

    await add()
    reads_counter.take()
    await world.rep.api.data(DEEP)
    one = len(reads_counter.take())
    for _ in range(19):
        await add()
    reads_counter.take()
    answer = await world.rep.api.first(DEEP)
    assert len(answer["nodes"]) == 20
    assert len(reads_counter.take()) == one
