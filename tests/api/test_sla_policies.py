"""SLA policies of an organization over HTTP: defaults, matching, saving, refusals by field, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.leads import clock_of, create_lead, log_activity, read_lead
from tests.support.sla_rules import (
    FAST,
    ONE_POLICY,
    POLICIES,
    POLICY_VERSIONS,
    SAVE_POLICY,
    save_calendar,
    save_policy,
)
from tests.support.world import World

FIRST = "LEAD_FIRST_CONTACT"


async def test_the_defaults_are_there_and_can_be_changed(world: World) -> None:
    listed = await world.admin.api.first(POLICIES)
    shipped = {each["key"]: each for each in listed}
    assert (shipped[FIRST]["targetSeconds"], shipped[FIRST]["calendarKey"], shipped[FIRST]["version"]) == (
        86_400,
        "24x7",
        1,
    )
    assert [each["percent"] for each in shipped[FIRST]["steps"]] == [75, 100, 150, 300]
    assert await world.admin.api.first(ONE_POLICY, key=FIRST) == shipped[FIRST]
    own: dict[str, Any] = {"key": FIRST, "conditions": [], "targetSeconds": 7200, "calendarKey": "24x7"}
    assert (await save_policy(world.admin, **own))["field"] == "key"
    changed = await save_policy(world.admin, 1, **own)
    assert (changed["version"], changed["targetSeconds"]) == (2, 7200)
    assert await world.admin.api.first(ONE_POLICY, key=FIRST, version=1) == shipped[FIRST]
    assert await world.admin.api.first(ONE_POLICY, key=FIRST, version=2) == changed
    assert (await save_policy(world.admin, 2, **own))["version"] == 3
    lead = await create_lead(world.rep)
    assert clock_of(lead, FIRST)["dueAt"] == "2026-11-23T03:00:00.000Z"


async def test_the_first_that_fits_is_what_a_new_clock_promises(world: World) -> None:
    saved = await save_policy(world.admin)
    assert saved == {
        "__typename": "SlaPolicy",
        "key": "fast-a",
        "name": "Tier A in four hours",
        "metric": FIRST,
        "version": 1,
        "position": 10,
        "active": True,
        "endedReason": None,
        "conditions": [{"field": "TIER", "values": ["A"]}],
        "targetSeconds": 14_400,
        "calendarKey": "WORKDAY",
        "pauseStages": [],
        "steps": saved["steps"],
        "savedAt": "2026-11-23T01:00:00.000Z",
        "savedBy": {"id": world.admin.id},
    }
    region = [{"field": "TIER", "values": ["A", "B"]}, {"field": "REGION", "values": ["North"]}]
    await save_policy(world.admin, key="north", position=5, targetSeconds=3600, conditions=region)
    product = [{"field": "PRODUCT_LINE", "values": ["Ovens"]}, {"field": "SOURCE", "values": ["FAIR", "WEB"]}]
    await save_policy(world.admin, key="ovens", position=20, targetSeconds=1800, conditions=product)
    listed = await world.admin.api.first(POLICIES, metric=FIRST)
    assert [each["key"] for each in listed] == ["north", "fast-a", "ovens", FIRST]
    # 09:00 on a Monday in Shanghai: four hours of work end at 14:30.
    for given, due in [
        ({"tier": "A"}, "06:30"),
        ({"tier": "A", "region": "North"}, "02:00"),
        ({"tier": "B", "region": "North"}, "02:00"),
        ({"tier": "B", "productLine": "Ovens", "source": "WEB"}, "01:30"),
        ({"tier": "A", "productLine": "Ovens", "source": "WEB"}, "06:30"),
    ]:
        lead = await create_lead(world.rep, **given)
        assert clock_of(lead, FIRST)["dueAt"] == f"2026-11-23T{due}:00.000Z", given
    for given in ({"tier": "B"}, {"tier": "B", "productLine": "Ovens"}, {"tier": "C", "region": "North"}):
        lead = await create_lead(world.rep, **given)
        assert clock_of(lead, FIRST)["dueAt"] == "2026-11-24T01:00:00.000Z", given


async def test_a_running_clock_keeps_its_versions(world: World, clock: StoppedClock) -> None:
    await save_calendar(world.admin, exceptions=[])
    await save_policy(world.admin, calendarKey="WORK")
    lead = await create_lead(world.rep, tier="A")
    due_at = clock_of(lead, FIRST)["dueAt"]
    await save_calendar(world.admin, 1, exceptions=[{"date": "2026-11-23", "times": ""}])
    await save_policy(world.admin, 1, calendarKey="WORK", targetSeconds=3600)
    clock.advance(hours=1)
    kept = clock_of(await read_lead(world.rep, lead["id"]), FIRST)
    assert (kept["dueAt"], kept["remainingOpenSeconds"], kept["targetSeconds"]) == (due_at, 3 * 3600, 14_400)
    query = (
        "query ($id: ID!) { lead(id: $id) { clocks { metric policyKey policyVersion calendarKey calendarVersion } } }"
    )
    shown = clock_of(await world.rep.api.first(query, id=lead["id"]), FIRST)
    assert [shown[each] for each in ("policyKey", "policyVersion", "calendarKey", "calendarVersion")] == [
        "fast-a",
        1,
        "WORK",
        1,
    ]
    fresh = clock_of(await create_lead(world.rep, tier="A"), FIRST)
    assert fresh["dueAt"] == "2026-11-24T02:00:00.000Z"


async def test_follow_ups_have_policies_too(world: World) -> None:
    await save_policy(world.admin, key="follow", metric="LEAD_NEXT_FOLLOWUP", calendarKey="24x7", targetSeconds=3600)
    lead = await create_lead(world.rep, tier="A")
    await log_activity(world.rep, lead["id"], direction="OUTBOUND", occurredAt=START.isoformat())
    follow = clock_of(await read_lead(world.rep, lead["id"]), "LEAD_NEXT_FOLLOWUP")
    assert follow["dueAt"] == "2026-11-23T02:00:00.000Z"


STEP = {"percent": 50, "recipients": ["OWNER"]}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"key": "a b"}, "key"),
    ({"key": "LEAD_NEXT_FOLLOWUP"}, "key"),
    ({"name": ""}, "name"),
    ({"targetSeconds": 0}, "targetSeconds"),
    ({"targetSeconds": -1}, "targetSeconds"),
    ({"targetSeconds": 2_147_483_647}, "targetSeconds"),
    ({"position": 0}, "position"),
    ({"position": 1001}, "position"),
    ({"calendarKey": "NOWHERE"}, "calendarKey"),
    ({"conditions": [{"field": "TIER", "values": []}]}, "conditions[0].values"),
    ({"conditions": [{"field": "TIER", "values": ["D"]}]}, "conditions[0].values"),
    ({"conditions": [FAST["conditions"][0], {"field": "REGION", "values": [""]}]}, "conditions[1].values"),
    ({"conditions": [{"field": "STAGE", "values": ["NOWHERE"]}]}, "conditions[0].values"),
    ({"conditions": FAST["conditions"] * 11}, "conditions"),
    ({"pauseStages": ["NOWHERE"]}, "pauseStages"),
    ({"pauseStages": ["NEW", "NEW"]}, "pauseStages"),
    ({"steps": [STEP, STEP]}, "steps"),
    ({"steps": [STEP | {"percent": 401}]}, "steps"),
    ({"steps": [STEP | {"percent": -5}]}, "steps"),
    ({"steps": [STEP | {"recipients": []}]}, "steps"),
    ({"steps": [STEP | {"percent": percent} for percent in range(1, 13)]}, "steps"),
]


async def test_what_cannot_be_saved_is_refused_by_its_field(world: World) -> None:
    for given, field in BAD:
        answer = await save_policy(world.admin, **given)
        assert (answer["__typename"], answer.get("field")) == ("InvalidInput", field), (given, answer)
    await save_calendar(world.admin, weekly=["09:00-10:00", *[""] * 6], exceptions=[])
    rare = await save_policy(world.admin, calendarKey="WORK", targetSeconds=400 * 3600)
    assert (rare["__typename"], rare["field"]) == ("InvalidInput", "targetSeconds")
    assert "fast-a" not in {each["key"] for each in await world.admin.api.first(POLICIES)}


async def test_versions_are_guarded(world: World) -> None:
    key = new_key()
    saved = await world.admin.api.first(SAVE_POLICY, key=key, input=FAST)
    assert await world.admin.api.first(SAVE_POLICY, key=key, input=FAST) == saved
    assert (await world.admin.api.first(SAVE_POLICY, key=key, input=FAST | {"name": "x"}))["code"] == "KEY_REUSED"
    assert (await save_policy(world.admin))["field"] == "key"
    assert (await save_policy(world.admin, 1, metric="LEAD_NEXT_FOLLOWUP"))["field"] == "metric"
    assert (await save_policy(world.admin, 1, targetSeconds=60))["version"] == 2
    assert (await save_policy(world.admin, 1))["currentVersion"] == 2
    assert (await save_policy(world.admin, 1, key="other"))["code"] == "NOT_FOUND"
    versions = await world.admin.api.first(POLICY_VERSIONS, key="fast-a")
    assert [(each["version"], each["targetSeconds"]) for each in versions["nodes"]] == [(2, 60), (1, 14_400)]
    conditions = [{"field": "TIER", "values": ["A"]}]
    assert (await save_policy(world.admin, 1, key=FIRST, conditions=conditions))["field"] == "conditions"


@pytest.mark.parametrize("who", ["rep", "manager", "director", "support"])
async def test_only_administrators_see_and_save(world: World, who: str) -> None:
    member = getattr(world, who)
    assert await member.api.code(POLICIES) == "FORBIDDEN"
    assert await member.api.code(ONE_POLICY, key=FIRST) == "FORBIDDEN"
    assert await member.api.code(POLICY_VERSIONS, key=FIRST) == "FORBIDDEN"
    assert await member.api.code(SAVE_POLICY, key=new_key(), input=FAST) == "FORBIDDEN"


async def test_nobody_and_others_see_nothing(world: World, other_world: World, anonymous: ApiClient) -> None:
    await save_policy(world.admin)
    assert await anonymous.code(POLICIES) == "UNAUTHENTICATED"
    assert "fast-a" not in {each["key"] for each in await other_world.admin.api.first(POLICIES)}
    assert await other_world.admin.api.first(ONE_POLICY, key="fast-a") is None
    assert await other_world.admin.api.first(ONE_POLICY, key="fast-a", version=1) is None
    assert (await other_world.admin.api.first(POLICY_VERSIONS, key="fast-a"))["nodes"] == []
    assert (await save_policy(other_world.admin, 1))["code"] == "NOT_FOUND"
    lead = await create_lead(other_world.rep, tier="A")
    assert clock_of(lead, FIRST)["dueAt"] == "2026-11-24T01:00:00.000Z"
