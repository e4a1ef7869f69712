"""Deliveries, the survey that is due within 72 h, and the care task for customer success."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.outbox import NOTICES
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import MOVE, clock_of, create_lead, log_activity, read_lead
from tests.support.world import Member, World
from workers.sla_watch import watch_once

_ANSWER = """__typename ... on Lead { id deliveredAt surveyedAt surveyScore surveyComment redFlag slaDueAt }
    ... on Refusal { code } ... on InvalidInput { field } ... on WrongState { currentState }"""
DELIVER = f"""mutation ($key: String!, $id: ID!, $at: DateTime) {{
  recordDelivery(clientKey: $key, id: $id, deliveredAt: $at) {{ {_ANSWER} }}
}}"""
SURVEY = f"""mutation ($key: String!, $id: ID!, $score: Int!, $comment: String, $at: DateTime) {{
  recordSurvey(clientKey: $key, id: $id, score: $score, comment: $comment, submittedAt: $at) {{ {_ANSWER} }}
}}"""


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would fire here."""
    await store[CLOCKS].delete_many({})


async def won(world: World) -> str:
    """A lead that was contacted and won."""
    lead_id: str = (await create_lead(world.rep))["id"]
    await log_activity(world.rep, lead_id)
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="WON")
    return lead_id


async def deliver(member: Member, lead_id: str, at: str | None = None) -> Any:
    return await member.api.first(DELIVER, key=new_key(), id=lead_id, at=at)


async def survey(member: Member, lead_id: str, score: int = 9, **given: Any) -> Any:
    return await member.api.first(SURVEY, key=new_key(), id=lead_id, score=score, **given)


async def test_a_survey_is_due_72_hours_after_the_delivery(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = await won(world)
    clock.advance(hours=5)
    assert (await deliver(world.rep, lead_id, "2026-11-23T03:00:00Z"))["deliveredAt"] == "2026-11-23T03:00:00.000Z"
    shown = clock_of(await read_lead(world.rep, lead_id), "SATISFACTION")
    assert (shown["state"], shown["startedAt"], shown["dueAt"]) == (
        "RUNNING",
        "2026-11-23T03:00:00.000Z",
        "2026-11-26T03:00:00.000Z",
    )
    clock.now = clock.now.replace(day=26, hour=2, minute=59, second=59)
    assert await watch_once(services, "one") == 0
    clock.advance(seconds=1)
    assert await watch_once(services, "one") == 1
    told = await services.store[NOTICES].find({"org_id": world.org_id, "kind": "CARE_TASK"}, limit=10)
    assert [each["owner_id"] for each in told] == [world.support.id]
    # The lead's owner is not to blame.
    lead = await read_lead(world.rep, lead_id)
    assert (lead["redFlag"], lead["slaDueAt"]) == (False, None)
    clock.advance(hours=1)
    answered = await survey(world.support, lead_id, 9, comment="Well cooled.")
    assert (answered["surveyScore"], answered["surveyComment"]) == (9, "Well cooled.")
    assert clock_of(await read_lead(world.rep, lead_id), "SATISFACTION")["state"] == "MET_LATE"
    (task,) = await services.store[NOTICES].find({"org_id": world.org_id, "kind": "CARE_TASK"}, limit=10)
    assert "resolved_at" in task


async def test_an_answer_in_time_needs_no_care(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await won(world)
    await deliver(world.rep, lead_id)
    clock.advance(hours=72)
    await survey(world.rep, lead_id)
    assert await watch_once(services, "one") == 0
    assert clock_of(await read_lead(world.rep, lead_id), "SATISFACTION")["state"] == "MET"


async def test_delivery_is_repeated_by_its_key_and_happens_once(world: World, clock: StoppedClock) -> None:
    lead_id = await won(world)
    key = new_key()
    first = await world.rep.api.first(DELIVER, key=key, id=lead_id)
    clock.advance(minutes=1)
    assert await world.rep.api.first(DELIVER, key=key, id=lead_id) == first
    assert (await deliver(world.rep, lead_id))["currentState"] == "DELIVERED"
    clocks = (await read_lead(world.rep, lead_id))["clocks"]
    assert [each["metric"] for each in clocks].count("SATISFACTION") == 1


async def test_satisfaction_refusals(world: World, other_world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    assert (await deliver(world.rep, lead_id))["currentState"] == "OPEN"
    assert (await survey(world.rep, lead_id))["currentState"] == "NOT_DELIVERED"
    lead_id = await won(world)
    assert (await deliver(world.rep, lead_id, "2026-11-23T02:00:00Z"))["field"] == "deliveredAt"
    assert (await deliver(other_world.rep, lead_id))["code"] == "NOT_FOUND"
    await deliver(world.rep, lead_id)
    assert (await survey(world.rep, lead_id, 11))["field"] == "score"
    assert (await survey(world.rep, lead_id, -1))["field"] == "score"
    assert (await survey(world.rep, lead_id, comment="x" * 4001))["field"] == "comment"
    assert (await survey(world.rep, lead_id, at="2026-11-22T00:00:00Z"))["field"] == "submittedAt"
    assert (await survey(world.rep, lead_id, at="2026-11-24T00:00:00Z"))["field"] == "submittedAt"
    assert (await survey(other_world.support, lead_id))["code"] == "NOT_FOUND"
    await survey(world.rep, lead_id)
    assert (await survey(world.rep, lead_id, 1))["currentState"] == "SURVEYED"
    assert await world.support.api.code(DELIVER, key=new_key(), id=lead_id) == "FORBIDDEN"
