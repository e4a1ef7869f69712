"""The SLA board and the reports over HTTP: exact against a recount from raw events, and who sees what."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.driver import Document
from storage.leads import ACTIVITIES
from storage.leads import COLLECTION as LEADS
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.lead_history import a_history
from tests.support.leads import ASSIGN, create_lead
from tests.support.world import Member, World
from workers.sla_watch import watch_once

BOARD = """query ($part: SlaBoardPart!, $within: Int!, $owner: ID, $first: Int!, $after: String) {
  slaBoard(part: $part, withinHours: $within, ownerId: $owner, first: $first, after: $after) {
    nodes {
      id metric state dueAt breachedAt lead { id } owner { id }
      ownerShares { ownerId openSeconds share openSecondsAtBreach shareAtBreach }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
BY_REP = """query ($within: Int!) {
  slaByRep(withinHours: $within, first: 50) { nodes { ownerId owner { name } red dueSoon } }
}"""
SLEEPING = """query ($since: DateTime!, $until: DateTime!, $hours: Int!) {
  sleepingLeads(since: $since, until: $until, hours: $hours) { counted sleeping tooYoung share }
}"""
INTERVALS = """query ($since: DateTime!, $until: DateTime!) {
  contactIntervals(since: $since, until: $until) {
    metric tier month figures { count medianSeconds meanSeconds p90Seconds }
  }
}"""
CYCLE = """query ($since: DateTime!, $until: DateTime!) {
  conversionCycle(since: $since, until: $until) { count medianSeconds meanSeconds p90Seconds }
}"""
DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
async def _only_our_clocks(services: Services, clock: StoppedClock) -> None:
    await services.store[CLOCKS].delete_many({})


async def board(member: Member, part: str, within: int = 24, owner: str | None = None) -> list[dict[str, Any]]:
    """The whole board, two at a time."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = await member.api.first(BOARD, part=part, within=within, owner=owner, first=2, after=after)
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def watch(services: Services) -> None:
    while await watch_once(services, "one"):
        pass


async def test_the_board_shows_what_is_red_and_what_is_due_soon(
    world: World, services: Services, clock: StoppedClock
) -> None:
    red = [(await create_lead(world.rep))["id"] for _ in range(3)]
    clock.advance(hours=10)
    soon = [(await create_lead(world.second_rep))["id"]]
    clock.advance(hours=15)
    later = (await create_lead(world.rep))["id"]
    await watch(services)
    assert [each["lead"]["id"] for each in await board(world.manager, "DUE_SOON", 9)] == soon
    assert [each["lead"]["id"] for each in await board(world.manager, "DUE_SOON", 24)] == [*soon, later]
    assert await board(world.manager, "DUE_SOON", 8) == []
    shown = await board(world.manager, "RED")
    assert {each["lead"]["id"] for each in shown} == set(red)
    assert {(each["state"], each["breachedAt"]) for each in shown} == {("BREACHED", "2026-11-24T01:00:00.000Z")}
    assert await board(world.manager, "RED", owner=world.second_rep.id) == []
    assert len(await board(world.manager, "RED", owner=world.rep.id)) == 3
    lines = (await world.manager.api.first(BY_REP, within=24))["nodes"]
    counts = {each["ownerId"]: (each["red"], each["dueSoon"]) for each in lines}
    assert counts == {world.manager.id: (0, 0), world.rep.id: (3, 1), world.second_rep.id: (0, 1)}


async def test_each_owners_share_of_the_time(world: World, services: Services, clock: StoppedClock) -> None:
    lead = await create_lead(world.rep)
    for hours, owner in ((6, world.second_rep), (12, world.rep), (3, world.second_rep)):
        clock.advance(hours=hours)
        await world.manager.api.first(ASSIGN, key=new_key(), id=lead["id"], owner=owner.id)
    clock.advance(hours=9)
    await watch(services)
    (shown,) = await board(world.manager, "RED")
    # rep 6 h, second 12 h, rep 3 h, second 3 h to the breach and 6 h more
    assert shown["ownerShares"] == [
        {
            "ownerId": world.rep.id,
            "openSeconds": 9 * 3600.0,
            "share": 0.3,
            "openSecondsAtBreach": 9 * 3600.0,
            "shareAtBreach": 0.375,
        },
        {
            "ownerId": world.second_rep.id,
            "openSeconds": 21 * 3600.0,
            "share": 0.7,
            "openSecondsAtBreach": 15 * 3600.0,
            "shareAtBreach": 0.625,
        },
    ]


async def test_who_sees_the_board_and_the_reports(
    world: World, other_world: World, services: Services, clock: StoppedClock, anonymous: ApiClient
) -> None:
    lead = await create_lead(world.rep)
    clock.advance(hours=73)
    await watch(services)
    period = {"since": START.isoformat(), "until": (START + 10 * DAY).isoformat()}
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        (BOARD, {"part": "RED", "within": 1, "first": 5}),
        (BY_REP, {"within": 1}),
        (SLEEPING, period | {"hours": 72}),
        (INTERVALS, period),
        (CYCLE, period),
    )
    for document, given in calls:
        assert await anonymous.code(document, **given) == "UNAUTHENTICATED"
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert [each["lead"]["id"] for each in await board(member, "RED")] == [lead["id"]]
        report = await member.api.first(SLEEPING, hours=72, **period)
        assert report == {"counted": 1, "sleeping": 1, "tooYoung": 0, "share": 1.0}
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert await board(member, "RED") == []
        report = await member.api.first(SLEEPING, hours=72, **period)
        assert report == {"counted": 0, "sleeping": 0, "tooYoung": 0, "share": None}
        lines = (await member.api.first(BY_REP, within=24))["nodes"]
        assert not any(each["red"] for each in lines)


@pytest.mark.parametrize(
    ("document", "given", "field"),
    [
        (SLEEPING, {"until": START, "hours": 72}, "until"),
        (SLEEPING, {"until": START + 401 * DAY, "hours": 72}, "until"),
        (SLEEPING, {"until": START + DAY, "hours": 0}, "hours"),
        (INTERVALS, {"until": START - DAY}, "until"),
        (CYCLE, {"until": START - DAY}, "until"),
    ],
)
async def test_what_cannot_be_asked(world: World, document: str, given: dict[str, Any], field: str) -> None:
    values = {"since": START} | given
    sent = {name: each.isoformat() if isinstance(each, datetime) else each for name, each in values.items()}
    (error,) = (await world.manager.api.answer(document, **sent))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_INPUT", field)


class Recount:
    """The same figures from raw leads and activities alone."""

    def __init__(self, leads: Sequence[Document], activities: Sequence[Document]) -> None:
        self.leads = leads
        human = [
            each
            for each in activities
            if not each["automatic"]
            and each["direction"] == "OUTBOUND"
            and each["kind"] in {"CALL", "EMAIL", "MEETING"}
        ]
        self.contacts = {
            lead["_id"]: sorted(each["occurred_at"] for each in human if each["lead_id"] == lead["_id"])
            for lead in leads
        }

    def first_response(self, lead: Document) -> datetime | None:
        """When it was first contacted, not before its assignment."""
        contacts = self.contacts[lead["_id"]]
        if not contacts or (lead.get("closed_at") is not None and contacts[0] > lead["closed_at"]):
            return None
        answered: datetime = max(contacts[0], lead["assigned_at"])
        return answered

    def sleeping(self, since: datetime, until: datetime, hours: int, now: datetime) -> tuple[int, int, int]:
        counted = sleeping = young = 0
        for lead in self.leads:
            start = lead["assigned_at"]
            if not since <= start < until:
                continue
            first, deadline = self.first_response(lead), start + timedelta(hours=hours)
            if first is not None and first <= deadline:
                counted += 1
            elif deadline < now:
                counted, sleeping = counted + 1, sleeping + 1
            else:
                young += 1
        return counted, sleeping, young

    def intervals(self, since: datetime, until: datetime) -> dict[tuple[str, str, str], list[float]]:
        found: dict[tuple[str, str, str], list[float]] = {}

        def add(metric: str, lead: Document, before: datetime, at: datetime) -> None:
            if since <= at < until:
                month = at.replace(tzinfo=UTC).astimezone(ZONE).strftime("%Y-%m")
                found.setdefault((metric, lead["tier"], month), []).append((at - before).total_seconds())

        for lead in self.leads:
            first = self.first_response(lead)
            if first is not None:
                add("LEAD_FIRST_CONTACT", lead, lead["assigned_at"], first)
            contacts = self.contacts[lead["_id"]]
            for before, at in itertools.pairwise(contacts):
                add("LEAD_NEXT_FOLLOWUP", lead, before, at)
        return found


def figures(durations: list[float]) -> dict[str, Any]:
    ordered = sorted(durations)
    return {
        "count": len(ordered),
        "medianSeconds": pytest.approx(median(ordered)),
        "meanSeconds": pytest.approx(mean(ordered)),
        "p90Seconds": ordered[ceil(len(ordered) * 0.9) - 1],
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_reports_equal_a_recount_from_raw_events(
    world: World, services: Services, clock: StoppedClock, seed: int
) -> None:
    random = Random(seed)
    await a_history(world, clock, random)
    store, now = services.store, clock.now.replace(tzinfo=None)
    leads = await store[LEADS].find({"org_id": world.org_id}, limit=999)
    activities = await store[ACTIVITIES].find({"org_id": world.org_id}, limit=999)
    scopes: tuple[tuple[Member, set[str]], ...] = (
        (world.director, {world.north.id, world.south.id}),
        (world.manager, {world.north.id}),
        (world.south_manager, {world.south.id}),
    )
    start = START.replace(tzinfo=None)
    periods = [(start, now + DAY), (start + 3 * DAY, start + 9 * DAY), (start + 8 * DAY, start + 20 * DAY)]
    compared = 0
    for member, teams in scopes:
        seen = [each for each in leads if each["team_id"] in teams]
        recount = Recount(seen, activities)
        for since, until in periods:
            period = {"since": f"{since.isoformat()}Z", "until": f"{until.isoformat()}Z"}
            for hours in (5, 24, 72):
                report = await member.api.first(SLEEPING, hours=hours, **period)
                expected = recount.sleeping(since, until, hours, now)
                assert (report["counted"], report["sleeping"], report["tooYoung"]) == expected
                assert report["share"] == (expected[1] / expected[0] if expected[0] else None)
            rows = await member.api.first(INTERVALS, **period)
            shown = {(each["metric"], each["tier"], each["month"]): each["figures"] for each in rows}
            raw = recount.intervals(since, until)
            assert shown == {key: figures(durations) for key, durations in raw.items()}
            compared += len(shown)
            cycle = await member.api.first(CYCLE, **period)
            took = [
                (each["converted_at"] - each["occurred_at"]).total_seconds()
                for each in seen
                if each.get("converted_at") is not None and since <= each["converted_at"] < until
            ]
            expected_cycle = (
                figures(took)
                if took
                else {
                    "count": 0,
                    "medianSeconds": None,
                    "meanSeconds": None,
                    "p90Seconds": None,
                }
            )
            assert cycle == expected_cycle
    assert compared > 20
