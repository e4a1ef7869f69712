"""New rules carried over to running clocks: the preview, recalculation in batches, and policies taken out of use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.sla_sweeps import Sweep
from resolvers import sla_sweeps
from resolvers.services import Services
from resolvers.sla_sweeps import sweep_batch
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import find_clock
from storage.codec import decode
from storage.leads import COLLECTION as LEADS
from storage.outbox import NOTICES
from storage.sla_sweeps import COLLECTION as SWEEPS_STORED
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.leads import clock_of, create_lead, log_activity, read_lead
from tests.support.sla_rules import (
    DEACTIVATE,
    PREVIEW,
    RECALCULATE,
    SWEEPS,
    WORK,
    deactivate,
    save_policy,
)
from tests.support.sla_rules import FAST as FOR_TIER_A
from tests.support.world import World
from workers.sla_sweeps import sweep_once
from workers.sla_watch import watch_once

FIRST, FOLLOW_UP = "LEAD_FIRST_CONTACT", "LEAD_NEXT_FOLLOWUP"
FAST: dict[str, Any] = FOR_TIER_A | {"key": "fairs", "conditions": [{"field": "SOURCE", "values": ["FAIR"]}]}
DEFAULT: dict[str, Any] = {"key": FIRST, "conditions": [], "calendarKey": "24x7", "targetSeconds": 48 * 3600}


@pytest.fixture(autouse=True)
async def _only_ours(store: Store, clock: StoppedClock) -> None:
    """Clocks and sweeps of other tests would be taken on here."""
    await store[CLOCKS].delete_many({})
    await store[SWEEPS_STORED].delete_many({})


async def sweep(services: Services) -> int:
    """Until nothing is left; answers the number of batches."""
    batches = 0
    while await sweep_once(services):
        batches += 1
    return batches


async def last_sweep(world: World) -> dict[str, Any]:
    answer: dict[str, Any] = (await world.admin.api.first(SWEEPS))["nodes"][0]
    return answer


async def preview(world: World, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await world.admin.api.first(PREVIEW, **given)
    return answer


async def test_a_preview_says_how_each_clock_would_change_and_changes_nothing(
    world: World, clock: StoppedClock, store: Store
) -> None:
    fast, slow = [await create_lead(world.rep, source=source) for source in ("FAIR", "WEB")]
    before = await store[CLOCKS].find({"org_id": world.org_id}, limit=10)
    clock.advance(hours=7)
    told = await preview(world, policy=FAST)
    assert (told["examined"], told["endCursor"]) == (2, None)
    assert told["changes"] == [
        {
            "clockId": fast["clocks"][0]["id"],
            "lead": {"id": fast["id"]},
            "metric": FIRST,
            "policyKey": FIRST,
            "policyVersion": 1,
            "newPolicyKey": "fairs",
            "newPolicyVersion": 1,
            "dueAt": "2026-11-24T01:00:00.000Z",
            "newDueAt": "2026-11-23T06:30:00.000Z",
            "state": "RUNNING",
            "newState": "BREACHED",
        }
    ]
    calendar = WORK | {"exceptions": [{"date": "2026-11-23", "times": ""}]}
    both = await preview(world, policy=FAST | {"calendarKey": "WORK"}, calendar=calendar)
    assert [(each["newDueAt"], each["newState"]) for each in both["changes"]] == [
        ("2026-11-24T06:30:00.000Z", "RUNNING")
    ]
    ended = await preview(world, ended=FIRST)
    assert [each["newState"] for each in ended["changes"]] == ["CANCELLED"] * 2
    first, second = sorted([fast, slow], key=lambda lead: lead["clocks"][0]["id"])
    page = await preview(world, ended=FIRST, first=1)
    assert (page["examined"], page["endCursor"]) == (1, first["clocks"][0]["id"])
    page = await preview(world, ended=FIRST, first=5, after=page["endCursor"])
    assert [each["lead"]["id"] for each in page["changes"]] == [second["id"]]
    assert (await preview(world))["changes"] == []
    assert await store[CLOCKS].find({"org_id": world.org_id}, limit=10) == before


async def test_recalculating_does_what_the_preview_said(
    world: World, other_world: World, clock: StoppedClock, services: Services
) -> None:
    leads = [await create_lead(world.rep, source=source) for source in ("FAIR", "WEB", "FAIR")]
    theirs = await create_lead(other_world.rep, source="FAIR")
    clock.advance(hours=7)
    await save_policy(world.admin, **FAST)
    told = (await preview(world))["changes"]
    assert len(told) == 2
    key = new_key()
    begun = await world.admin.api.first(RECALCULATE, key=key)
    assert (begun["__typename"], begun["kind"], begun["state"]) == ("SlaSweep", "RECALCULATE", "RUNNING")
    assert begun["startedBy"] == {"id": world.admin.id}
    assert await world.admin.api.first(RECALCULATE, key=key) == begun
    await sweep(services)
    done = await last_sweep(world)
    assert (done["state"], done["examined"], done["changed"]) == ("DONE", 3, 2)
    assert done["finishedAt"] is not None
    await watch_once(services, "one")
    for change in told:
        lead = await read_lead(world.rep, change["lead"]["id"])
        now = clock_of(lead, FIRST)
        assert (now["dueAt"], now["state"]) == (change["newDueAt"], change["newState"])
        assert (lead["slaDueAt"], lead["redFlag"]) == (change["newDueAt"], True)
    assert clock_of(await read_lead(world.rep, leads[1]["id"]), FIRST)["dueAt"] == "2026-11-24T01:00:00.000Z"
    assert clock_of(await read_lead(other_world.rep, theirs["id"]), FIRST)["dueAt"] == "2026-11-24T01:00:00.000Z"
    await world.admin.api.first(RECALCULATE, key=new_key())
    await sweep(services)
    again = await last_sweep(world)
    assert (again["examined"], again["changed"]) == (3, 0)


async def test_sent_steps_are_not_repeated_and_a_breach_can_end(
    world: World, clock: StoppedClock, services: Services, store: Store
) -> None:
    lead = await create_lead(world.rep)
    clock.advance(hours=25)
    await watch_once(services, "one")
    assert (await read_lead(world.rep, lead["id"]))["redFlag"] is True
    notices = await store[NOTICES].find({"lead_id": lead["id"]}, order=[("_id", 1)], limit=20)
    await save_policy(world.admin, 1, **DEFAULT)
    await world.admin.api.first(RECALCULATE, key=new_key())
    await sweep(services)
    shown = await read_lead(world.rep, lead["id"])
    assert (shown["redFlag"], shown["slaDueAt"]) == (False, "2026-11-25T01:00:00.000Z")
    clock.advance(hours=24)
    await watch_once(services, "one")
    assert clock_of(await read_lead(world.rep, lead["id"]), FIRST)["state"] == "BREACHED"
    assert await store[NOTICES].find({"lead_id": lead["id"]}, order=[("_id", 1)], limit=20) == notices


async def test_a_sweep_goes_on_where_it_was_cut_off(
    world: World, services: Services, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [await create_lead(world.rep, source="FAIR") for _ in range(7)]
    await save_policy(world.admin, **FAST)
    monkeypatch.setattr(sla_sweeps, "BATCH", 3)
    await world.admin.api.first(RECALCULATE, key=new_key())
    assert await sweep_once(services) == 3
    assert [(each := await last_sweep(world))["examined"], each["changed"], each["state"]] == [3, 3, "RUNNING"]

    async def cut_off(*_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(sla_sweeps, "save_claimed_sweep", cut_off)
        with pytest.raises(RuntimeError):
            await sweep_once(services)
    half = [await find_clock(store, lead["clocks"][0]["id"]) for lead in leads]
    assert [each is not None and each.clock.policy.key == "fairs" for each in half] == [True] * 3 + [False] * 4
    assert await sweep(services) == 2
    done = await last_sweep(world)
    assert (done["examined"], done["changed"], done["state"]) == (7, 7, "DONE")


async def test_workers_do_not_take_the_same_batch(world: World, services: Services, store: Store) -> None:
    for _ in range(4):
        await create_lead(world.rep, source="FAIR")
    await save_policy(world.admin, **FAST)
    await world.admin.api.first(RECALCULATE, key=new_key())
    found = await store[SWEEPS_STORED].find_one({"org_id": world.org_id})
    assert found is not None
    same = decode(Sweep, found)
    done = await asyncio.gather(*(store.transaction(lambda inside: sweep_batch(inside, same, START)) for _ in range(3)))
    assert sorted(done) == [0, 0, 4]
    assert (await last_sweep(world))["changed"] == 4
    versions = [each["version"] for each in await store[CLOCKS].find({"org_id": world.org_id}, limit=10)]
    assert versions == [2] * 4


async def test_a_policy_out_of_use_cancels_its_clocks_and_drops_what_was_queued(
    world: World, clock: StoppedClock, services: Services, store: Store
) -> None:
    await save_policy(world.admin, **FAST)
    fast, slow = [await create_lead(world.rep, source=source) for source in ("FAIR", "WEB")]
    clock.advance(hours=7)
    await watch_once(services, "one")
    open_notices = {"clock_id": fast["clocks"][0]["id"], "resolved_at": None}
    assert await store[NOTICES].count(open_notices, limit=9) > 0
    ended = await deactivate(world.admin, "fairs", expected=1)
    assert (ended["active"], ended["version"], ended["endedReason"]) == (False, 2, "out of season")
    await sweep(services)
    lead = await read_lead(world.rep, fast["id"])
    query = "query ($id: ID!) { lead(id: $id) { clocks { state cancelReason breachedAt } } }"
    assert (await world.rep.api.first(query, id=fast["id"]))["clocks"] == [
        {"state": "CANCELLED", "cancelReason": "out of season", "breachedAt": "2026-11-23T06:30:00.000Z"}
    ]
    assert (lead["redFlag"], lead["slaDueAt"]) == (False, None)
    assert await store[NOTICES].count(open_notices, limit=9) == 0
    assert clock_of(await read_lead(world.rep, slow["id"]), FIRST)["state"] == "RUNNING"
    # The next that fits is promised to new leads.
    fresh = clock_of(await create_lead(world.rep, source="FAIR"), FIRST)
    assert fresh["dueAt"] == "2026-11-24T08:00:00.000Z"
    back = await save_policy(world.admin, 2, **FAST)
    assert (back["active"], back["version"], back["endedReason"]) == (True, 3, None)


async def test_nothing_is_promised_while_the_default_is_out_of_use(
    world: World, clock: StoppedClock, services: Services
) -> None:
    running = await create_lead(world.rep)
    await log_activity(world.rep, running["id"], direction="OUTBOUND", occurredAt=START.isoformat())
    for metric in (FIRST, FOLLOW_UP):
        assert (await deactivate(world.admin, metric))["active"] is False
    await sweep(services)
    assert clock_of(await read_lead(world.rep, running["id"]), FOLLOW_UP)["state"] == "CANCELLED"
    clock.advance(hours=1)
    lead = await create_lead(world.rep)
    assert lead["clocks"] == []
    for each in (lead, running):
        answer = await log_activity(world.rep, each["id"], direction="OUTBOUND", occurredAt=clock.now.isoformat())
        assert answer["__typename"] == "Activity"
        assert (await read_lead(world.rep, each["id"]))["slaDueAt"] is None
    own = {"key": FOLLOW_UP, "metric": FOLLOW_UP, "conditions": [], "calendarKey": "24x7", "targetSeconds": 3600}
    assert (await save_policy(world.admin, 2, **own))["version"] == 3
    clock.advance(hours=1)
    for each in (lead, running):
        await log_activity(world.rep, each["id"], direction="OUTBOUND", occurredAt=clock.now.isoformat())
        shown = await read_lead(world.rep, each["id"])
        assert shown["slaDueAt"] == "2026-11-23T04:00:00.000Z"
        assert [clock["state"] for clock in shown["clocks"] if clock["dueAt"]].count("RUNNING") == 1


async def test_the_next_follow_up_is_under_the_policy_of_its_day(world: World, clock: StoppedClock) -> None:
    lead = await create_lead(world.rep)
    await log_activity(world.rep, lead["id"], direction="OUTBOUND", occurredAt=START.isoformat())
    own = {"key": FOLLOW_UP, "metric": FOLLOW_UP, "conditions": [], "calendarKey": "24x7", "targetSeconds": 3600}
    await save_policy(world.admin, 1, **own)
    assert clock_of(await read_lead(world.rep, lead["id"]), FOLLOW_UP)["dueAt"] == "2026-11-26T01:00:00.000Z"
    clock.advance(minutes=30)
    await log_activity(world.rep, lead["id"], direction="OUTBOUND", occurredAt=clock.now.isoformat())
    follow = clock_of(await read_lead(world.rep, lead["id"]), FOLLOW_UP)
    assert (follow["cycle"], follow["dueAt"], follow["targetSeconds"]) == (2, "2026-11-23T02:30:00.000Z", 3600)


async def test_refusals(world: World, other_world: World) -> None:
    assert (await deactivate(world.admin, "fairs"))["code"] == "NOT_FOUND"
    await save_policy(world.admin, **FAST)
    assert (await deactivate(other_world.admin, "fairs"))["code"] == "NOT_FOUND"
    assert (await deactivate(world.admin, "fairs", reason=" "))["field"] == "reason"
    stale = await deactivate(world.admin, "fairs", expected=7)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
    repeated: dict[str, Any] = {"client": new_key(), "key": "fairs", "reason": "out of season"}
    ended = await world.admin.api.first(DEACTIVATE, **repeated)
    assert ended["version"] == 2
    assert await world.admin.api.first(DEACTIVATE, **repeated) == ended
    assert (await world.admin.api.first(DEACTIVATE, **repeated | {"reason": "other"}))["code"] == "KEY_REUSED"
    assert len((await world.admin.api.first(SWEEPS))["nodes"]) == 1
    again = await deactivate(world.admin, "fairs")
    assert (again["code"], again["currentState"]) == ("WRONG_STATE", "INACTIVE")
    for given, field in [
        ({"policy": FAST | {"targetSeconds": -1}}, "policy.targetSeconds"),
        ({"policy": FAST | {"calendarKey": "NOWHERE"}}, "policy.calendarKey"),
        ({"calendar": WORK | {"timeZone": "Mars/Olympus"}}, "calendar.timeZone"),
    ]:
        told = await preview(world, **given)
        assert (told["__typename"], told["field"]) == ("InvalidInput", field)
    assert (await preview(world, ended="NOWHERE"))["code"] == "NOT_FOUND"
    assert await world.admin.api.code(PREVIEW, first=101) == "BAD_INPUT"
    assert (await other_world.admin.api.first(SWEEPS))["nodes"] == []


@pytest.mark.parametrize("who", ["rep", "manager", "director", "support"])
async def test_only_administrators_change_running_clocks(world: World, anonymous: ApiClient, who: str) -> None:
    for member, code in ((getattr(world, who).api, "FORBIDDEN"), (anonymous, "UNAUTHENTICATED")):
        assert await member.code(PREVIEW) == code
        assert await member.code(SWEEPS) == code
        assert await member.code(RECALCULATE, key=new_key()) == code


async def test_a_sweep_leaves_leads_whose_record_is_gone_to_the_watcher(
    world: World, services: Services, store: Store
) -> None:
    lead = await create_lead(world.rep, source="FAIR")
    await store[LEADS].delete_many({"_id": lead["id"]})
    await save_policy(world.admin, **FAST)
    await world.admin.api.first(RECALCULATE, key=new_key())
    await sweep(services)
    assert (await last_sweep(world))["state"] == "DONE"
