"""Threshold alerts over HTTP: the rules, who is told once, dry runs, and who sees what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.ids import PersonId, new_id
from domain.people import Person
from resolvers.services import Services
from storage.people import ORGANIZATIONS, insert_person
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.report_days import TODAY, ZONE, the_organization
from tests.support.world import World
from workers.reports import count_day, count_reports

RULES = """{ alertRules {
  version rules { key name report measure subject comparison basis threshold window recipients minMembers enabled }
} }"""
SAVE = """mutation ($key: String!, $rules: [AlertRuleInput!]!, $expected: Int!) {
  saveAlertRules(clientKey: $key, rules: $rules, expectedVersion: $expected) {
    __typename
    ... on AlertRules { version rules { key enabled } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
_ALERT = "ruleKey window since until value reference threshold repId teamId firedAt"
ALERTS = f"query ($rule: String) {{ alerts(ruleKey: $rule) {{ nodes {{ alertId rep {{ name }} {_ALERT} }} }} }}"
DRY_RUN = f"""query ($rules: [AlertRuleInput!], $weeks: Int!) {{
  dryRunAlerts(rules: $rules, weeks: $weeks) {{ ruleKey window days alerts {{ {_ALERT} }} }}
}}"""
SUNDAY = TODAY + timedelta(days=6)
MONDAY_4 = datetime(2026, 11, 30, 4, tzinfo=ZONE)


def a_rule(**given: Any) -> dict[str, Any]:
    """A rule of values."""
    return {
        "key": "MISSED",
        "nameEn": "Missed visits",
        "nameZh": "未完成拜访",
        "report": "VISITS",
        "measure": "missed",
        "subject": "TEAM",
        "comparison": "ABOVE",
        "basis": "VALUE",
        "threshold": "3",
        "window": "DAY",
        "recipients": ["ADMINISTRATORS"],
    } | given


async def third_rep(world: World, services: Services) -> Person:
    """Another rep in the north."""
    person_id = PersonId(new_id("per", START))
    third = replace(world.rep.person, id=person_id, email=f"{person_id.lower()}@example.test", name="Third")
    await insert_person(services.store, third)
    return third


async def have_visited(
    world: World, services: Services, counts: Mapping[PersonId, int], *, ahead: int = 6, state: str = "DONE"
) -> None:
    """So many visits of each person so many days after the start."""
    at = (START + timedelta(days=ahead)).replace(tzinfo=None)
    visits = [
        {
            "_id": new_id("vis", START),
            "org_id": world.org_id,
            "owner_id": owner,
            "team_id": world.north.id,
            "site_id": "sit_1",
            "account_id": f"acc_{number}",
            "tier": "B",
            "kind": "PLANNED",
            "state": state,
            "scheduled_at": at,
        }
        for owner, count in counts.items()
        for number in range(count)
    ]
    await services.store["visits"].insert_many(visits)


async def told(services: Services, world: World) -> list[str]:
    """Who was told of thresholds."""
    query = {"org_id": world.org_id, "kind": "THRESHOLD_CROSSED"}
    return [each["owner_id"] for each in await services.store["notices"].find(query, limit=99)]


@pytest.fixture(name="alone")
async def _alone(services: Services, clock: StoppedClock) -> None:
    """The worker has no organizations of other tests to count."""
    await services.store[ORGANIZATIONS].delete_many({})


@pytest.mark.usefixtures("alone")
async def test_a_week_at_59_percent_tells_the_superior_once_and_at_60_percent_nobody(
    world: World, services: Services, clock: StoppedClock
) -> None:
    third = await third_rep(world, services)
    await have_visited(world, services, {world.rep.id: 59, world.second_rep.id: 120, third.id: 121})
    clock.now = MONDAY_4 - timedelta(seconds=1)
    while await count_reports(services):
        pass
    assert await told(services, world) == []
    clock.now = MONDAY_4
    while await count_reports(services):
        pass
    assert await told(services, world) == [world.manager.id]
    (alert,) = (await world.manager.api.first(ALERTS))["nodes"]
    assert alert == {
        "alertId": alert["alertId"],
        "rep": {"name": "Rep"},
        "ruleKey": "WEEKLY_VISITS",
        "window": "2026-W48",
        "since": "2026-11-23",
        "until": "2026-11-29",
        "value": 59 / 5,
        "reference": 100 / 5,
        "threshold": "60",
        "repId": world.rep.id,
        "teamId": world.north.id,
        "firedAt": "2026-11-29T20:00:00.000Z",
    }
    # Counted again, and by another worker at the same time: nobody is told twice.
    await services.store["report_days"].delete_many({"org_id": world.org_id, "day": SUNDAY.isoformat()})
    while await count_reports(services):
        pass
    assert await told(services, world) == [world.manager.id]


@pytest.mark.parametrize(
    ("first", "away", "members", "fires"), [(60, False, 3, False), (59, False, 3, True), (0, True, 4, False)]
)
async def test_on_the_threshold_and_on_leave_nobody_is_told(
    world: World, services: Services, clock: StoppedClock, first: int, away: bool, members: int, fires: bool
) -> None:
    others = [world.second_rep.id, *[(await third_rep(world, services)).id for _ in range(members - 2)]]
    # The mean of a team of three is exactly 100.
    rest = (300 - first) // len(others)
    left = 300 - first - rest * len(others)
    counts = {world.rep.id: first, **dict.fromkeys(others, rest), others[0]: rest + left}
    await have_visited(world, services, counts)
    if away:
        leave = {"zone": "Asia/Shanghai", "weekly": [[]] * 7, "exceptions": {}, "absences": []}
        await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"roster": leave}})
    clock.now = MONDAY_4
    await count_day(services, await the_organization(services, world), SUNDAY, fires=True)
    assert await told(services, world) == ([world.manager.id] if fires else [])


async def test_an_administrator_adds_rules_without_code(
    world: World, other_world: World, services: Services, clock: StoppedClock
) -> None:
    (shipped,) = (await world.rep.api.first(RULES))["rules"]
    assert (shipped["key"], shipped["threshold"], shipped["recipients"]) == ("WEEKLY_VISITS", "60", ["SUPERIOR"])
    rules = [
        a_rule(),
        a_rule(key="OFF", enabled=False),
        a_rule(key="REP", subject="REP", recipients=["PERSON", "SUPERIOR"], threshold="1"),
    ]
    saved = await world.admin.api.first(SAVE, key=new_key(), rules=rules, expected=0)
    assert (saved["__typename"], saved["version"]) == ("AlertRules", 1)
    assert [each["enabled"] for each in saved["rules"]] == [True, False, True]
    stale = await world.admin.api.first(SAVE, key=new_key(), rules=[], expected=0)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
    # 3 missed is not above 3, 4 are; one person missed 1 and 2.
    await have_visited(world, services, {world.rep.id: 1, world.second_rep.id: 2}, ahead=0, state="MISSED")
    await have_visited(world, services, {world.rep.id: 2, world.second_rep.id: 2}, ahead=1, state="MISSED")
    organization = await the_organization(services, world)
    clock.now = START + timedelta(days=2)
    await count_day(services, organization, TODAY, fires=True)
    assert sorted(await told(services, world)) == sorted([world.second_rep.id, world.manager.id])
    await services.store["notices"].delete_many({"org_id": world.org_id})
    await count_day(services, organization, TODAY + timedelta(days=1), fires=True)
    both = [world.rep.id, world.second_rep.id, world.manager.id, world.manager.id]
    assert sorted(await told(services, world)) == sorted([world.admin.id, *both])
    entries = await services.store["audit_entries"].find({"org_id": world.org_id, "action": "saveAlertRules"}, limit=9)
    assert len(entries) == 1
    assert (await other_world.rep.api.first(RULES))["version"] == 0


async def test_a_dry_run_shows_what_would_have_fired_and_tells_nobody(
    world: World, services: Services, clock: StoppedClock
) -> None:
    third = await third_rep(world, services)
    await have_visited(world, services, {world.rep.id: 1, world.second_rep.id: 9, third.id: 9})
    organization = await the_organization(services, world)
    clock.now = MONDAY_4
    await count_day(services, organization, SUNDAY)
    week = await world.admin.api.first(DRY_RUN, weeks=1)
    assert [(each["window"], each["days"], [alert["repId"] for alert in each["alerts"]]) for each in week] == [
        ("2026-W48", 1, [world.rep.id])
    ]
    looser = a_rule(key="LOW", subject="REP", measure="made", comparison="BELOW", basis="TEAM_MEAN", window="WEEK")
    for threshold, fires in (("15", []), ("16", [world.rep.id])):
        found = await world.admin.api.first(DRY_RUN, rules=[looser | {"threshold": threshold}], weeks=8)
        assert len(found) == 8
        assert [alert["repId"] for alert in found[0]["alerts"]] == fires
        assert not any(each["alerts"] for each in found[1:])
    daily = await world.admin.api.first(DRY_RUN, rules=[a_rule(comparison="BELOW")], weeks=2)
    assert len(daily) == 14
    assert await told(services, world) == []
    assert (await world.admin.api.first(ALERTS))["nodes"] == []
    for weeks in (0, 9):
        (error,) = (await world.admin.api.answer(DRY_RUN, weeks=weeks))["errors"]
        assert error["extensions"]["field"] == "weeks"
    (error,) = (await world.admin.api.answer(DRY_RUN, rules=[a_rule(report="DISTANCES")], weeks=1))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_INPUT", "rules.0.report")


async def test_who_sees_alerts_and_who_may_set_them(
    world: World, other_world: World, services: Services, clock: StoppedClock, anonymous: ApiClient
) -> None:
    third = await third_rep(world, services)
    await have_visited(world, services, {world.rep.id: 1, world.second_rep.id: 9, third.id: 9})
    clock.now = MONDAY_4
    await count_day(services, await the_organization(services, world), SUNDAY, fires=True)
    for member in (world.rep, world.manager, world.director, world.admin):
        assert [each["repId"] for each in (await member.api.first(ALERTS))["nodes"]] == [world.rep.id]
        assert (await member.api.first(ALERTS, rule="OTHER"))["nodes"] == []
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert (await member.api.first(ALERTS))["nodes"] == []
    for document in (RULES, ALERTS):
        assert await anonymous.code(document) == "UNAUTHENTICATED"
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(SAVE, key=new_key(), rules=[], expected=0) == "FORBIDDEN"
        assert await member.api.code(DRY_RUN, weeks=1) == "FORBIDDEN"


async def test_rules_that_cannot_be_saved_name_the_field(world: World, services: Services) -> None:
    for changed, field in (({"threshold": "-1"}, "threshold"), ({"key": "lower"}, "key"), ({"report": "X"}, "report")):
        answer = await world.admin.api.first(SAVE, key=new_key(), rules=[a_rule(**changed)], expected=0)
        assert (answer["code"], answer["field"]) == ("BAD_INPUT", f"rules.0.{field}")
    again = {"key": new_key(), "rules": [a_rule()], "expected": 0}
    assert await world.admin.api.first(SAVE, **again) == await world.admin.api.first(SAVE, **again)
