"""Lead files on a real database: clocks that begin in the past, owners, stages, and again without a change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from resolvers.services import Services
from seed.csv_file import decode, parse
from seed.import_accounts import NAMES as ACCOUNT_NAMES
from seed.import_accounts import import_accounts
from seed.import_leads import NAMES, import_leads
from seed.importing import Options, Report
from storage.driver import Document
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.assignment import trace
from tests.support.sla_rules import deactivate, save_policy
from tests.support.world import World
from workers.sla_watch import watch_once

HEADER = "external_id,title,tier,stage,owner,occurred_at,last_contact_at,estimated_value,currency\n"


def ago(**parts: float) -> str:
    return (START - timedelta(**parts)).isoformat()


async def run(world: World, store: Store, text: str | bytes, **how: Any) -> Report:
    read = decode(text)[0] if isinstance(text, bytes) else text
    now: datetime = how.pop("now", START)
    return await import_leads(store, parse(read, NAMES), Options(world.org_id, now, **how))


async def leads(world: World, store: Store) -> dict[str, Document]:
    found = await store["leads"].find({"org_id": world.org_id}, limit=2_000)
    return {each["external_id"]: each for each in found}


async def clocks(store: Store, lead: Document) -> dict[str, Document]:
    found = await store["clocks"].find({"lead_id": lead["_id"]}, limit=10)
    return {each["metric"]: each for each in found}


async def notices(world: World, store: Store) -> list[Document]:
    return await store["notices"].find({"org_id": world.org_id}, limit=100)


def sums(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.changed, report.unchanged, len(report.bad_lines)


async def test_an_import_leaves_a_trace_of_who_got_what(world: World, store: Store) -> None:
    for owner in (world.rep, world.second_rep):
        await run(world, store, f"{HEADER}l1,Freezers,A,New,{owner.person.email},{ago(hours=2)},,,\n")
    told = await trace(world.manager, (await leads(world, store))["l1"]["_id"])
    hands = [(each["kind"], each["toOwner"]["id"], (each["fromOwner"] or {}).get("id")) for each in told]
    assert hands == [("IMPORTED", world.second_rep.id, world.rep.id), ("IMPORTED", world.rep.id, None)]


async def test_a_good_file_goes_in_once(world: World, store: Store) -> None:
    rep = world.rep.person.email
    text = (
        HEADER
        + f"l1,Freezers,A,New,{rep},{ago(hours=2)},,1250.50,eur\nl2,Tills,B,WON,{rep},{ago(days=9)},,,\nl3,Own,,,,,,,\n"
    )
    assert sums(await run(world, store, text)) == (3, 0, 0, 0)
    found = await leads(world, store)
    assert (found["l1"]["stage"], found["l1"]["owner_id"], found["l1"]["currency"]) == ("NEW", world.rep.id, "EUR")
    assert str(found["l1"]["estimated_value"]) == "1250.50"
    assert (found["l2"]["stage_kind"], "closed_at" in found["l2"]) == ("WON", True)
    assert await clocks(store, found["l2"]) == await clocks(store, found["l3"]) == {}
    first = (await clocks(store, found["l1"]))["LEAD_FIRST_CONTACT"]
    assert (first["state"], first["due_at"]) == ("RUNNING", (START + timedelta(hours=22)).replace(tzinfo=None))
    assert sums(await run(world, store, text)) == (0, 0, 3, 0)


async def test_the_owner_sees_the_lead_through_the_api(world: World, store: Store) -> None:
    await run(world, store, HEADER + f"l1,Freezers,A,,{world.rep.person.email},,,,\n")
    listed = await world.rep.api.data("{ leads(first: 5) { edges { node { name slaDueAt } } } }")
    assert [edge["node"]["name"] for edge in listed["leads"]["edges"]] == ["Freezers"]
    hidden = await world.south_rep.api.data("{ leads(first: 5) { edges { node { name } } } }")
    assert hidden["leads"]["edges"] == []


@pytest.mark.parametrize(
    ("age_h", "contact_h", "states", "red"),
    [
        (20, None, {"LEAD_FIRST_CONTACT": "RUNNING"}, False),
        (30, None, {"LEAD_FIRST_CONTACT": "BREACHED"}, True),
        (100, 90, {"LEAD_FIRST_CONTACT": "MET", "LEAD_NEXT_FOLLOWUP": "BREACHED"}, True),
        (100, 10, {"LEAD_FIRST_CONTACT": "MET_LATE", "LEAD_NEXT_FOLLOWUP": "RUNNING"}, False),
    ],
)
async def test_what_came_due_before_the_import_is_marked_and_told_to_nobody(
    world: World,
    store: Store,
    services: Services,
    age_h: float,
    contact_h: float | None,
    states: dict[str, str],
    red: bool,
) -> None:
    contact = ago(hours=contact_h) if contact_h else ""
    await run(world, store, HEADER + f"l1,Late,A,CONTACTED,{world.rep.person.email},{ago(hours=age_h)},{contact},,\n")
    lead = (await leads(world, store))["l1"]
    assert {metric: clock["state"] for metric, clock in (await clocks(store, lead)).items()} == {
        **states,
        "TIER_A_PROPOSAL": "RUNNING",
    }
    assert lead["red_flag"] is red
    await watch_once(services, "w")
    assert await notices(world, store) == []


async def test_what_comes_due_after_the_import_is_told(
    world: World, store: Store, services: Services, clock: StoppedClock
) -> None:
    await run(world, store, HEADER + f"l1,Late,A,,{world.rep.person.email},{ago(hours=20)},,,\n")
    clock.advance(hours=5)
    while await watch_once(services, "w"):
        pass
    assert {each["owner_id"] for each in await notices(world, store)} == {world.rep.id, world.manager.id}


async def test_bad_rows_are_told_by_line_and_good_ones_go_in(world: World, store: Store) -> None:
    rep = world.rep.person.email
    rows = [
        f"l1,Good,A,NEW,{rep},,,,",
        "l2,Tier,Z,,,,,,",
        "l3,Stage,A,SOMEWHERE,,,,,",
        "l4,Owner,A,,nobody@example.test,,,,",
        f"l5,Admin,A,,{world.admin.person.email},,,,",
        "l6,Time,A,,,2026-01-01,,,",
        f"l7,Future,A,,,{ago(hours=-2)},,,",
        "l8,Money,A,,,,,-5,",
        "l9,Money,A,,,,,5,Euro",
        ",Nameless,A,,,,,,",
        "l1,Twice,A,,,,,,",
        "l10,,A,,,,,,",
    ]
    report = await run(world, store, HEADER + "\n".join(rows))
    assert [(each.line, each.column) for each in report.problems] == [
        (3, "tier"),
        (4, "stage"),
        (5, "owner"),
        (6, "owner"),
        (7, "occurred_at"),
        (8, "occurred_at"),
        (9, "estimated_value"),
        (10, "currency"),
        (11, "external_id"),
        (12, "external_id"),
        (13, "name"),
    ]
    assert sums(report) == (1, 0, 0, 11)
    assert set(await leads(world, store)) == {"l1"}


@pytest.mark.parametrize("how", [{"strict": True}, {"dry_run": True}])
async def test_strict_and_dry_run_write_nothing(world: World, store: Store, how: dict[str, bool]) -> None:
    report = await run(world, store, HEADER + "l1,Good,A,,,,,,\nl2,Bad,Z,,,,,,\n", **how)
    assert (report.applied, sums(report)) == (False, (1, 0, 0, 1))
    assert await leads(world, store) == {}


async def test_an_empty_cell_keeps_and_a_mark_clears(world: World, store: Store) -> None:
    raw = "线索编号;名称;来源;电话\nl1;冷柜;展会;123\n".encode("gb18030")
    await run(world, store, raw)
    assert sums(await run(world, store, "id;title;source;phone\nl1;;\\N;\n")) == (0, 1, 0, 0)
    lead = (await leads(world, store))["l1"]
    assert (lead["name"], lead.get("source"), lead["phone"]) == ("冷柜", None, "123")


async def test_a_new_owner_stage_and_contact_move_the_clocks(world: World, store: Store) -> None:
    rep, other = world.rep.person.email, world.second_rep.person.email
    await run(world, store, HEADER + f"l1,Freezers,A,NEW,{rep},{ago(hours=20)},,,\n")
    report = await run(world, store, HEADER + f"l1,Freezers,B,CONTACTED,{other},,{ago(hours=1)},,\n")
    assert sums(report) == (0, 1, 0, 0)
    lead = (await leads(world, store))["l1"]
    assert (lead["tier"], lead["stage"], lead["owner_id"], lead["version"]) == (
        "B",
        "CONTACTED",
        world.second_rep.id,
        2,
    )
    found = await clocks(store, lead)
    assert {metric: clock["state"] for metric, clock in found.items()} == {
        "LEAD_FIRST_CONTACT": "MET",
        "LEAD_NEXT_FOLLOWUP": "RUNNING",
        "TIER_A_PROPOSAL": "CANCELLED",
    }
    assert {clock["owner_id"] for clock in found.values()} == {world.second_rep.id}
    assert sums(await run(world, store, HEADER + f"l1,,,LOST,,,{ago(hours=1)},,\n")) == (0, 1, 0, 0)
    closed = await clocks(store, (await leads(world, store))["l1"])
    assert closed["LEAD_NEXT_FOLLOWUP"]["state"] == "CANCELLED"
    assert await notices(world, store) == []


async def test_leads_are_linked_to_accounts_by_external_id(world: World, store: Store) -> None:
    table = parse("id,name\nc1,Customer\n", ACCOUNT_NAMES)
    await import_accounts(store, table, Options(world.org_id, START, owner=world.rep.person.email))
    report = await run(world, store, "id,title,account_external_id\nl1,One,c1\nl2,Two,c2\n")
    assert [str(each) for each in report.problems] == ["line 3: account: there is no account 'c2'"]
    lead = (await leads(world, store))["l1"]
    assert lead["account_id"].startswith("acc_")
    assert lead["team_id"] == world.north.id


async def test_more_leads_than_a_transaction_holds_go_in(world: World, store: Store) -> None:
    text = "id,title\n" + "".join(f"n{each:03d},Lead\n" for each in range(230))
    assert sums(await run(world, store, text, owner=world.rep.person.email)) == (230, 0, 0, 0)
    assert sums(await run(world, store, text)) == (0, 0, 230, 0)


async def test_imported_leads_are_promised_what_the_organization_promises(world: World, store: Store) -> None:
    conditions = [{"field": "TIER", "values": ["B"]}]
    await save_policy(world.admin, targetSeconds=3600, calendarKey="24x7", conditions=conditions)
    await deactivate(world.admin, "LEAD_FIRST_CONTACT")
    rep = world.rep.person.email
    text = HEADER + f"l1,Freezers,B,New,{rep},{ago(minutes=30)},,,\nl2,Tills,C,New,{rep},{ago(minutes=30)},,,\n"
    assert sums(await run(world, store, text)) == (2, 0, 0, 0)
    found = await leads(world, store)
    kept = (await clocks(store, found["l1"]))["LEAD_FIRST_CONTACT"]
    assert kept["due_at"] == (START + timedelta(minutes=30)).replace(tzinfo=None)
    assert await clocks(store, found["l2"]) == {}
