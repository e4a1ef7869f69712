"""Coaching rules over HTTP: the third miss in a row brings one article, a hit begins anew, late activities too."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.api.test_articles import create, publish
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import create_lead, log_activity
from tests.support.world import Member, World

RULES = "version rules { key name expects misses kind stage article { id } }"
SAVE = f"""mutation ($key: String!, $rules: [CoachingRuleInput!]!, $expected: Int!) {{
  saveCoachingRules(clientKey: $key, rules: $rules, expectedVersion: $expected) {{
    __typename ... on CoachingRules {{ {RULES} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
READ = f"{{ coachingRules {{ {RULES} }} }}"
INBOX = "{ notices { nodes { kind deepLink title article { id } lead { id } } } }"
RULE = {
    "key": "PAIN",
    "nameEn": "Ask where it hurts",
    "nameZh": "追问痛点",
    "kind": "CALL",
    "expects": "PAIN_QUESTION",
    "misses": 3,
}


async def an_article(world: World) -> str:
    draft = await create(world.manager)
    await publish(world.manager, draft["id"])
    return str(draft["id"])


async def save(world: World, *rules: dict[str, Any], expected: int = 0) -> dict[str, Any]:
    saved: dict[str, Any] = await world.admin.api.first(SAVE, key=new_key(), rules=list(rules), expected=expected)
    return saved


async def told(member: Member) -> list[dict[str, Any]]:
    return [each for each in (await member.api.first(INBOX))["nodes"] if each["kind"] == "COACHING"]


@pytest.mark.parametrize(
    ("calls", "notices"),
    [
        ("..", 0),
        ("...", 1),
        ("....", 1),
        (".......", 1),
        ("..+..", 0),
        ("..+...", 1),
        ("...+..", 1),
        ("...+...", 2),
        ("+++", 0),
    ],
)
async def test_the_third_miss_in_a_row_brings_the_article_once(
    world: World, clock: StoppedClock, calls: str, notices: int
) -> None:
    article_id = await an_article(world)
    assert (await save(world, RULE | {"articleId": article_id}))["version"] == 1
    lead = await create_lead(world.rep)
    for call in calls:
        clock.advance(minutes=1)
        await log_activity(world.rep, lead["id"], covered=["PAIN_QUESTION", "BUDGET"] if call == "+" else ["BUDGET"])
    found = await told(world.rep)
    assert len(found) == notices
    assert {(each["deepLink"], each["article"]["id"]) for each in found} <= {
        (f"fieldbeat://articles/{article_id}", article_id)
    }
    assert await told(world.manager) == []


async def test_only_what_the_rule_looks_at_counts(world: World, clock: StoppedClock) -> None:
    article_id = await an_article(world)
    lead = await create_lead(world.rep)
    await save(world, RULE | {"articleId": article_id, "stage": lead["stage"], "misses": 2})
    await log_activity(world.rep, lead["id"])
    for given in ({"kind": "MEETING"}, {"automatic": True}, {"kind": "NOTE"}):
        clock.advance(minutes=1)
        await log_activity(world.rep, lead["id"], **given)
    other = await create_lead(world.second_rep)
    await log_activity(world.second_rep, other["id"])
    assert await told(world.rep) == await told(world.second_rep) == []
    clock.advance(minutes=1)
    await log_activity(world.rep, (await create_lead(world.rep))["id"])
    assert len(await told(world.rep)) == 1, "calls with any lead make the row"


async def test_what_comes_late_is_judged_by_when_it_happened(world: World, clock: StoppedClock) -> None:
    await save(world, RULE | {"articleId": await an_article(world)})
    lead = await create_lead(world.rep)
    clock.advance(hours=5)
    for hours, covered in ((4, []), (3, []), (3.5, ["PAIN_QUESTION"]), (2, [])):
        at = (clock.now - timedelta(hours=hours)).isoformat()
        await log_activity(world.rep, lead["id"], occurredAt=at, covered=covered)
    assert await told(world.rep) == []
    await log_activity(world.rep, lead["id"], occurredAt=(clock.now - timedelta(hours=2.5)).isoformat())
    assert len(await told(world.rep)) == 1
    await log_activity(world.rep, lead["id"], occurredAt=(clock.now - timedelta(hours=3.2)).isoformat())
    assert len(await told(world.rep)) == 1


async def test_misses_at_the_same_time_and_repeated_ones_bring_one(world: World) -> None:
    await save(world, RULE | {"articleId": await an_article(world)})
    leads = [await create_lead(world.rep) for _ in range(4)]
    await asyncio.gather(*(log_activity(world.rep, lead["id"]) for lead in leads for _ in range(2)))
    assert len(await told(world.rep)) == 1


async def test_rules_are_saved_by_administrators_in_versions(world: World, other_world: World) -> None:
    article_id = await an_article(world)
    saved = await save(world, RULE | {"articleId": article_id})
    assert saved["rules"][0]["name"] == "Ask where it hurts"
    assert (await world.rep.api.first(READ))["rules"][0]["article"] == {"id": article_id}
    assert (await other_world.rep.api.first(READ)) == {"version": 0, "rules": []}
    assert (await save(world))["code"] == "CONFLICT"
    assert (await save(world, expected=1))["version"] == 2
    for member in (world.rep, world.manager, world.support):
        assert await member.api.code(SAVE, key=new_key(), rules=[], expected=2) == "FORBIDDEN"
    draft = await create(world.manager)
    assert (await save(world, RULE | {"articleId": draft["id"]}, expected=2))["code"] == "WRONG_STATE"
    assert (await save(world, RULE | {"articleId": "art_x"}, expected=2))["code"] == "NOT_FOUND"
    assert (await save(other_world, RULE | {"articleId": article_id}))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": ""}, "rules.0.key"),
        ({"expects": "a b"}, "rules.0.expects"),
        ({"nameZh": " "}, "rules.0.nameZh"),
        ({"nameEn": "x" * 121}, "rules.0.nameEn"),
        ({"misses": 0}, "rules.0.misses"),
        ({"misses": 21}, "rules.0.misses"),
    ],
)
async def test_a_bad_rule_is_named(world: World, given: dict[str, Any], field: str) -> None:
    assert (await save(world, RULE | {"articleId": await an_article(world)} | given))["field"] == field


async def test_keys_of_rules_are_unique_and_what_is_covered_is_a_list_of_keys(world: World) -> None:
    rule = RULE | {"articleId": await an_article(world)}
    assert (await save(world, rule, rule))["field"] == "rules.1.key"
    assert (await save(world, *(rule | {"key": f"K{n}"} for n in range(51))))["field"] == "rules"
    lead = await create_lead(world.rep)
    for covered in (["a b"], [""], [f"K{n}" for n in range(21)]):
        assert (await log_activity(world.rep, lead["id"], covered=covered))["field"] == "covered"
