"""Beat plans through GraphQL over HTTP with the real solver: planning, publishing, changing, and who may see them."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.accounts import Tier
from domain.ids import BeatPlanId
from resolvers.beat_visits import make_visits
from resolvers.services import Services
from storage.times import stored_time
from tests.conftest import StoppedClock
from tests.support.absences import record_absence
from tests.support.client import new_key
from tests.support.planned_days import on_duty, place
from tests.support.world import Member, World

SHOWN = """id state version first last repIds pending
      visits { date startAt endAt fixed repId site { id } account { id } }
      dropped { site { id } why dayReason date explanation }
      changes { kind site { id } fromDate toDate explanation }
      work { rep { id } visits days serviceS travelS distanceM }"""
PLAN = f"""mutation ($key: String!, $first: Date!, $weeks: Int!, $team: ID, $reps: [ID!], $share: Boolean! = false,
  $id: ID) {{
  planPeriod(clientKey: $key, first: $first, weeks: $weeks, teamId: $team, repIds: $reps, shareAccounts: $share,
    id: $id, waitMs: 10000) {{
    __typename
    ... on BeatPlan {{ {SHOWN} }}
    ... on Refusal {{ code message }}
    ... on InvalidInput {{ field }}
  }}
}}"""
WHOLE = f"query ($id: ID!) {{ beatPlan(id: $id) {{ __typename {SHOWN} }} }}"
PUBLISH = """mutation ($key: String!, $id: ID!, $expected: Int) {
  publishBeatPlan(clientKey: $key, id: $id, expectedVersion: $expected, waitMs: 10000) {
    __typename ... on BeatPlan { id state version pending } ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
VISITS = """{ visits(first: 100, order: SOONEST) { nodes { id state kind plannedStartAt site { id } } } }"""
ONE = "query ($id: ID!) { beatPlan(id: $id) { id state pending owner { id } team { id } visits { date } } }"
ALL = "query ($state: BeatPlanState) { beatPlans(filter: {state: $state}) { nodes { id state } } }"
PREVIEW = """query ($account: ID!, $tier: Tier!) { tierChangePreview(accountId: $account, tier: $tier) {
  account { id } beatPlanId tierBefore tier first last visitsBefore visitsAfter fits
  changes { kind site { id } fromDate toDate explanation } others { kind }
} }"""
APPOINT = """mutation ($key: String!, $site: ID!, $at: DateTime!) {
  scheduleVisit(clientKey: $key, input: {siteId: $site, startAt: $at}) { __typename ... on Visit { id } }
}"""
CANCEL = """mutation ($key: String!, $id: ID!) {
  cancelVisit(clientKey: $key, id: $id, reason: "closed") { __typename ... on Visit { id state } }
}"""
CALENDAR = """mutation ($key: String!, $input: CalendarInput!) {
  saveCalendar(clientKey: $key, input: $input) { __typename ... on Refusal { message } }
}"""
CADENCES = """mutation ($key: String!, $input: VisitCadencesInput!, $expected: Int!) {
  saveVisitCadences(clientKey: $key, input: $input, expectedVersion: $expected) {
    __typename ... on Refusal { message }
  }
}"""
DAY = """mutation ($key: String!, $date: Date!) {
  planDay(clientKey: $key, date: $date, waitMs: 8000) {
    ... on RoutePlan { id state stops { site { id } } dropped { site { id } } } ... on Refusal { message }
  }
}"""
ROUTE = "query ($id: ID!) { routePlan(id: $id) { id state stops { site { id } } dropped { site { id } } } }"
TIERS = [{"tier": tier, "intervalDays": 7, "leastDays": 4, "mostDays": 10} for tier in "ABC"]
MONDAY = date(2026, 11, 30)


async def plan(member: Member, weeks: int = 2, first: date = MONDAY, **asked: Any) -> dict[str, Any]:
    """The solved plan, however long the machine takes, or a refusal."""
    answer: dict[str, Any] = await member.api.first(PLAN, key=new_key(), first=first.isoformat(), weeks=weeks, **asked)
    while answer.get("state") == "SOLVING":
        await asyncio.sleep(0.2)
        answer = await member.api.first(WHOLE, id=answer["id"])
    return answer


async def publish(member: Member, drafted: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """The published plan with all its visits made, or a refusal."""
    answer: dict[str, Any] = await member.api.first(PUBLISH, key=key or new_key(), id=drafted["id"])
    while answer.get("pending"):
        await asyncio.sleep(0.2)
        answer = await member.api.first(WHOLE, id=answer["id"])
    return answer


async def route(member: Member, day: str) -> dict[str, Any]:
    """The solved route of one day."""
    answer: dict[str, Any] = await member.api.first(DAY, key=new_key(), date=day)
    while answer["state"] == "SOLVING":
        await asyncio.sleep(0.2)
        answer = await member.api.first(ROUTE, id=answer["id"])
    return answer


async def planned_visits(member: Member) -> list[tuple[str, str]]:
    nodes = (await member.api.first(VISITS))["nodes"]
    return sorted((each["plannedStartAt"][:10], each["site"]["id"]) for each in nodes if each["state"] == "PLANNED")


def pairs(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["startAt"][:10], each["site"]["id"]) for each in answer["visits"])


async def account_of(member: Member, site_id: str) -> str:
    found = await member.api.first("query ($id: ID!) { site(id: $id) { account { id } } }", id=site_id)
    return str(found["account"]["id"])


async def test_accounts_are_visited_by_their_tier(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    sites = [await place(services, world.rep, number, tier) for number, tier in enumerate((Tier.A, Tier.B, Tier.C))]
    answer = await plan(world.rep, weeks=4)
    assert (answer["state"], answer["first"], answer["last"]) == ("DRAFT", "2026-11-30", "2026-12-27")
    counts = [sum(each["site"]["id"] == site for each in answer["visits"]) for site in sites]
    assert counts == [4, 2, 1]
    assert answer["dropped"] == answer["changes"] == []
    (work,) = answer["work"]
    assert (work["rep"]["id"], work["visits"], work["serviceS"]) == (world.rep.id, 7, 7 * 1800)
    assert all(date.fromisoformat(each["date"]).weekday() < 5 for each in answer["visits"])


async def test_holidays_and_absences_are_free(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1, Tier.A)
    calendar = {
        "key": "office",
        "name": "Office",
        "timeZone": "Asia/Shanghai",
        "weekly": ["00:00-24:00"] * 7,
        "exceptions": [{"date": (MONDAY + timedelta(days=number)).isoformat(), "times": ""} for number in (0, 1)],
    }
    assert (await world.admin.api.first(CALENDAR, key=new_key(), input=calendar))["__typename"] == "Calendar"
    cadences = {"tiers": TIERS, "calendarKey": "office"}
    saved = await world.admin.api.first(CADENCES, key=new_key(), input=cadences, expected=0)
    assert saved["__typename"] == "VisitCadences"
    # Wednesday in Shanghai.
    away = datetime(2026, 12, 1, 16, tzinfo=UTC)
    await record_absence(world.manager, world.rep.id, fromAt=away, untilAt=away + timedelta(days=1))
    answer = await plan(world.rep, weeks=1)
    assert {each["date"] for each in answer["visits"]} <= {"2026-12-03", "2026-12-04"}
    assert len(answer["visits"]) == 1


async def test_what_is_left_out_says_why(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    shut = await place(services, world.rep, 1, Tier.A, hours="Sa 09:00-12:00")
    short = await place(services, world.rep, 2, Tier.A, hours="Mo-Fr 09:00-09:10")
    answer = await plan(world.rep, weeks=1)
    said = {each["site"]["id"]: (each["why"], each["dayReason"], each["explanation"]) for each in answer["dropped"]}
    assert said[shut][0] == "CLOSED"
    assert said[short][:2] == ("CLOSED", "WINDOW_TOO_SHORT")
    assert said[short][2] == ("The site is closed whenever its rep works. No opening is long enough for the visit.")


async def test_publishing_makes_visits_once(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    for number in range(3):
        await place(services, world.rep, number, Tier.A)
    drafted = await plan(world.rep)
    assert await planned_visits(world.rep) == []
    key = new_key()
    stale = await world.rep.api.first(PUBLISH, key=new_key(), id=drafted["id"], expected=1)
    assert stale["code"] == "CONFLICT"
    answers = [await publish(world.rep, drafted, key) for _ in range(2)]
    assert [(each["id"], each["state"]) for each in answers] == [(drafted["id"], "PUBLISHED")] * 2
    assert await planned_visits(world.rep) == pairs(drafted)
    assert (await publish(world.rep, drafted))["code"] == "WRONG_STATE"


async def test_two_who_publish_at_once(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1, Tier.A)
    drafts = [await plan(world.rep, weeks=1), await plan(world.rep, weeks=1)]
    answers = await asyncio.gather(*(publish(world.rep, each) for each in drafts))
    assert "BeatPlan" in {each["__typename"] for each in answers}
    in_force = (await world.rep.api.first(ALL, state="PUBLISHED"))["nodes"]
    assert len(in_force) == 1
    assert len(await planned_visits(world.rep)) == 1


async def test_a_newer_plan_moves_what_stands_and_says_so_before(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    sites = [await place(services, world.rep, number, Tier.A) for number in range(3)]
    first = await plan(world.rep)
    await publish(world.rep, first)
    same = await plan(world.rep)
    assert (same["changes"], pairs(same)) == ([], pairs(first))
    # The rep is away on the day of the first visit.
    gone = datetime.fromisoformat(first["visits"][0]["date"]).replace(tzinfo=UTC)
    await record_absence(
        world.manager, world.rep.id, fromAt=gone - timedelta(hours=8), untilAt=gone + timedelta(hours=16)
    )
    second = await plan(world.rep)
    assert {each["kind"] for each in second["changes"]} == {"MOVED"}
    assert all(each["fromDate"] in each["explanation"] for each in second["changes"])
    before = {each["id"] for each in (await world.rep.api.first(VISITS))["nodes"]}
    assert (await publish(world.rep, second))["state"] == "PUBLISHED"
    assert await planned_visits(world.rep) == pairs(second)
    assert {each["id"] for each in (await world.rep.api.first(VISITS))["nodes"]} == before
    assert (await world.rep.api.first(ONE, id=first["id"]))["state"] == "SUPERSEDED"
    assert len(sites) == 3


async def test_a_visit_somebody_cancelled_stays_cancelled(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1, Tier.A)
    drafted = await plan(world.rep, weeks=1)
    await publish(world.rep, drafted)
    (visit,) = (await world.rep.api.first(VISITS))["nodes"]
    await world.rep.api.first(CANCEL, key=new_key(), id=visit["id"])
    await services.store["beat_plans"].update_one({"_id": drafted["id"]}, {"$set": {"pending": True}})
    await make_visits(services, BeatPlanId(drafted["id"]))
    assert [each["state"] for each in (await world.rep.api.first(VISITS))["nodes"]] == ["CANCELLED"]


async def test_appointments_stay_where_they_are(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    site = await place(services, world.rep, 1, Tier.A)
    at = datetime(2026, 12, 3, 2, 30, tzinfo=UTC)
    made = await world.rep.api.first(APPOINT, key=new_key(), site=site, at=at.isoformat())
    answer = await plan(world.rep, weeks=1)
    (visit,) = answer["visits"]
    assert (datetime.fromisoformat(visit["startAt"]), visit["fixed"]) == (at, True)
    await publish(world.rep, answer)
    assert [each["id"] for each in (await world.rep.api.first(VISITS))["nodes"]] == [made["id"]]


async def test_the_next_period_counts_from_what_is_planned(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1, Tier.C)
    await publish(world.rep, await plan(world.rep, weeks=1))
    following = await plan(world.rep, weeks=1, first=MONDAY + timedelta(days=7))
    assert (following["visits"], following["dropped"]) == ([], [])


async def test_the_day_takes_its_visits_from_the_plan(world: World, services: Services, clock: StoppedClock) -> None:
    await on_duty(services, world.rep)
    for number in range(4):
        await place(services, world.rep, number, Tier.A)
    cadences = {"tiers": TIERS, "visitsADay": 2}
    await world.admin.api.first(CADENCES, key=new_key(), input=cadences, expected=0)
    drafted = await plan(world.rep, weeks=1)
    await publish(world.rep, drafted)
    clock.now += timedelta(days=7)
    today = [each for each in drafted["visits"] if each["date"] == drafted["visits"][0]["date"]]
    assert len(today) == 2
    routed = await route(world.rep, today[0]["date"])
    # All four are due by their tier, two of them on another day of the plan.
    assert {each["site"]["id"] for each in routed["stops"]} == {each["site"]["id"] for each in today}
    assert routed["dropped"] == []


async def test_the_day_goes_by_the_same_cadences(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    site = await place(services, world.rep, 1, Tier.A)
    seen = stored_time(datetime(2026, 11, 20, 3, tzinfo=UTC))
    await services.store["accounts"].update_one(
        {"_id": await account_of(world.rep, site)}, {"$set": {"last_verified_visit_at": seen}}
    )
    assert (await route(world.rep, "2026-11-24"))["stops"] == []
    tiers = [each | {"intervalDays": 3, "leastDays": 2} for each in TIERS]
    await world.admin.api.first(CADENCES, key=new_key(), input={"tiers": tiers}, expected=0)
    (stop,) = (await route(world.rep, "2026-11-24"))["stops"]
    assert stop["site"]["id"] == site


async def test_another_tier_is_shown_before_it_is_saved(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    site = await place(services, world.rep, 1, Tier.B)
    others = [await place(services, world.rep, number, Tier.A) for number in (2, 3)]
    account = await account_of(world.rep, site)
    assert await world.rep.api.first(PREVIEW, account=account, tier="A") is None
    drafted = await plan(world.rep)
    await publish(world.rep, drafted)
    standing = await planned_visits(world.rep)
    answer = await world.rep.api.first(PREVIEW, account=account, tier="A")
    assert (answer["beatPlanId"], answer["tierBefore"], answer["tier"]) == (drafted["id"], "B", "A")
    assert (answer["visitsBefore"], answer["visitsAfter"], answer["fits"]) == (1, 2, True)
    assert "ADDED" in {each["kind"] for each in answer["changes"]}
    assert {each["site"]["id"] for each in answer["changes"]} == {site}
    assert answer["others"] == []
    assert await planned_visits(world.rep) == standing
    assert len(others) == 2
    unchanged = await world.rep.api.first(PREVIEW, account=account, tier="B")
    assert (unchanged["changes"], unchanged["visitsAfter"]) == ([], 1)


async def test_a_team_shares_its_accounts_where_it_is_told_to(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await on_duty(services, world.manager)
    for number in range(6):
        await place(services, world.rep, number, Tier.B)
    reps = [world.rep.id, world.manager.id]
    apart = await plan(world.manager, reps=reps)
    assert [each["visits"] for each in apart["work"]] == [6, 0]
    shared = await plan(world.manager, reps=reps, share=True)
    work = {each["rep"]["id"]: each["visits"] for each in shared["work"]}
    assert sum(work.values()) == 6
    assert min(work.values()) >= 2
    await publish(world.manager, shared)
    assert len(await planned_visits(world.rep)) == work[world.rep.id]
    assert (await world.rep.api.first(ONE, id=shared["id"])) is None
    notices = (await world.rep.api.first("{ notices { nodes { kind } } }"))["nodes"]
    assert "BEAT_PLAN_PUBLISHED" in {each["kind"] for each in notices}


async def test_a_team_is_its_active_reps(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    answer = await plan(world.manager, team=world.north.id)
    assert sorted(answer["repIds"]) == sorted([world.rep.id, world.second_rep.id])
    found = await world.manager.api.first(ONE, id=answer["id"])
    assert (found["owner"]["id"], found["team"]["id"]) == (world.manager.id, world.north.id)


async def test_who_may_plan_and_see(world: World, other_world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    mine = await plan(world.rep, weeks=1)
    for member in (world.rep, world.manager, world.director):
        assert (await world_of(member, mine["id"])) is not None
    for member in (other_world.manager, other_world.admin, world.second_rep, world.south_manager):
        assert (await world_of(member, mine["id"])) is None
        assert (await publish(member, mine))["code"] == "NOT_FOUND"
    one = {"first": "2026-11-30", "weeks": 1}
    assert await world.rep.api.code(PLAN, key=new_key(), reps=[world.second_rep.id], **one) == "FORBIDDEN"
    assert await world.support.api.code(PLAN, key=new_key(), **one) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(PLAN, key=new_key(), **one) == "UNAUTHENTICATED"
    assert (await plan(world.manager, reps=[other_world.rep.id]))["code"] == "NOT_FOUND"
    assert (await plan(world.manager, team=other_world.north.id))["code"] == "NOT_FOUND"


async def world_of(member: Member, plan_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await member.api.first(ONE, id=plan_id)
    return found


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"weeks": 0}, "weeks"),
        ({"weeks": 9}, "weeks"),
        ({"first": date(2026, 11, 22)}, "first"),
        ({"first": date(2026, 11, 23) + timedelta(days=91)}, "first"),
        ({"reps": []}, "repIds"),
        ({"id": "pln_1"}, "id"),
    ],
)
async def test_what_cannot_be_asked(world: World, services: Services, asked: dict[str, Any], field: str) -> None:
    await on_duty(services, world.rep)
    assert (await plan(world.rep, **asked)).get("field") == field


@pytest.mark.parametrize("asked", [{"weeks": 8, "first": date(2026, 11, 23)}, {"first": date(2027, 2, 21)}])
async def test_what_can_just_be_asked(world: World, services: Services, asked: dict[str, Any]) -> None:
    await on_duty(services, world.rep)
    assert (await plan(world.rep, **asked))["state"] == "DRAFT"


async def test_nobody_works(world: World) -> None:
    assert (await plan(world.rep))["code"] == "NOBODY_WORKS"


async def test_a_plan_that_begins_in_the_past_is_not_published(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await on_duty(services, world.rep)
    drafted = await plan(world.rep, weeks=1)
    clock.now += timedelta(days=9)
    assert (await publish(world.rep, drafted))["field"] == "id"
