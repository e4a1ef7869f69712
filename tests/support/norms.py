"""Operations on behaviour norms and short cuts for tests that need entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support.client import new_key
from tests.support.field_work import wire
from tests.support.world import Member

NORMS = """{ behaviourNorms {
  version items { key name required } itemsADay insightsAWeek mode reminderDay reminderHour savedAt
} }"""
SAVE = """mutation ($key: String!, $input: BehaviourNormsInput!, $expected: Int!) {
  saveBehaviourNorms(clientKey: $key, input: $input, expectedVersion: $expected) {
    __typename
    ... on BehaviourNorms { version mode items { key } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
_ENTRY = """
    __typename
    ... on NormEntry { id kind key text date week occurredAt recordedAt repId visit { id } account { id } }
    ... on Refusal { code message }
    ... on InvalidInput { field }
"""
MUST_DO = f"""mutation ($key: String!, $visit: ID!, $item: String!, $at: DateTime!, $note: String, $id: ID) {{
  recordMustDo(clientKey: $key, visitId: $visit, key: $item, capturedAt: $at, note: $note, id: $id) {{ {_ENTRY} }}
}}"""
INSIGHT = f"""mutation (
  $key: String!, $visit: ID!, $topic: InsightTopic!, $text: String!, $at: DateTime!, $id: ID
) {{
  recordInsight(clientKey: $key, visitId: $visit, topic: $topic, text: $text, capturedAt: $at, id: $id) {{ {_ENTRY} }}
}}"""
TODAY = """{ normsToday {
  date week mode items { key doneAt entryId required } itemsDone itemsADay insightsGained insightsAWeek
} }"""
KEYS = ("STOCK", "DECIDER", "NEXT_STEP")
"""Of the items every organization begins with."""


def rules(**given: Any) -> dict[str, Any]:
    """Norms of three items, of which the last is required."""
    items = [{"key": key, "nameEn": key.title(), "nameZh": key, "required": key == KEYS[-1]} for key in KEYS]
    return {"items": items, "itemsADay": 3, "insightsAWeek": 2, "mode": "HARD"} | given


async def save_norms(member: Member, expected: int = 0, **given: Any) -> dict[str, Any]:
    """What saveBehaviourNorms answers."""
    answer: dict[str, Any] = await member.api.first(SAVE, key=new_key(), input=rules(**given), expected=expected)
    return answer


async def record_must_do(
    member: Member, visit_id: str, at: datetime, item: str = "STOCK", **given: Any
) -> dict[str, Any]:
    """What recordMustDo answers."""
    call = {"visit": visit_id, "item": item, "at": wire(at)} | given
    answer: dict[str, Any] = await member.api.first(MUST_DO, key=new_key(), **call)
    return answer


async def record_insight(member: Member, visit_id: str, at: datetime, text: str, **given: Any) -> dict[str, Any]:
    """What recordInsight answers."""
    call = {"visit": visit_id, "topic": "NEED", "text": text, "at": wire(at)} | given
    answer: dict[str, Any] = await member.api.first(INSIGHT, key=new_key(), **call)
    return answer


async def open_visit_of(member: Member) -> str:
    """The visit the person is in."""
    found = await member.api.first("{ visits(first: 1, filter: { state: OPEN }) { nodes { id } } }")
    return str(found["nodes"][0]["id"])
