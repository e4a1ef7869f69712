"""Dead letters through GraphQL over HTTP: who lists them, what replaying one does and leaves behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.deliveries import Delivery, DeliveryState
from domain.notices import Notice
from storage.codec import encode
from storage.outbox import DELIVERIES, NOTICES
from storage.store import Store
from storage.times import stored_time
from tests.conftest import START
from tests.support.client import ApiClient, new_key
from tests.support.outbox import queue
from tests.support.outbox import stored as row_of
from tests.support.world import World

S = DeliveryState
SHOWN = "deliveryId state channel attempts lastError personId generation replayOf replayedAt deadlineAt"
LIST = f"query ($state: DeadLetterState!) {{ deadLetters(state: $state) {{ nodes {{ {SHOWN} }} }} }}"
COUNTS = "{ deadLetterCounts { state count } }"
REPLAY = f"""mutation ($key: String!, $id: ID!, $reason: String!) {{
  replayDelivery(clientKey: $key, id: $id, reason: $reason) {{
    __typename ... on Delivery {{ {SHOWN} }} ... on Refusal {{ code }}
    ... on WrongState {{ recordId currentState }} ... on InvalidInput {{ field }}
  }}
}}"""
REPLAY_ALL = """mutation ($key: String!, $state: DeadLetterState!, $channel: String, $reason: String!) {
  replayDeadLetters(clientKey: $key, state: $state, channel: $channel, reason: $reason) {
    __typename ... on ReplayedDeadLetters { deliveryIds dismissed mayBeMore }
    ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
TRAIL = """query ($filter: AuditFilterInput) { auditTrail(filter: $filter) { nodes {
  at action actorId actorRole subjectId reason changed actor { name }
} } }"""


async def dead(world: World, store: Store, state: DeliveryState, **changes: Any) -> tuple[Notice, Delivery]:
    """A delivery to the rep that ended like this an hour ago."""
    ((notice, row),) = await queue(store, world.rep.person, [], START - timedelta(hours=2), channel="console")
    ended = replace(row, state=state, attempts=3, fence=3, last_error="RETRY: HTTP 503", **changes)
    if state is not S.CONFIG_HOLD:
        ended = replace(ended, finished_at=START - timedelta(hours=1))
    await store[DELIVERIES].replace_one({"_id": row.id}, encode(ended))
    return notice, ended


async def replayed(world: World, delivery_id: str, reason: str = "The key is renewed.", key: str = "") -> Any:
    return await world.admin.api.first(REPLAY, key=key or new_key(), id=delivery_id, reason=reason)


async def listed(world: World, state: str) -> list[str]:
    return [each["deliveryId"] for each in (await world.admin.api.first(LIST, state=state))["nodes"]]


@pytest.mark.parametrize("state", [S.EXPIRED, S.POISON])
async def test_a_dead_letter_is_replayed_once(world: World, store: Store, state: DeliveryState) -> None:
    _, row = await dead(world, store, state)
    assert await listed(world, state) == [row.id]
    answers = await asyncio.gather(*(replayed(world, row.id) for _ in range(3)))
    new = next(each for each in answers if each["__typename"] == "Delivery")
    assert sorted(each["__typename"] for each in answers) == ["Delivery", "WrongState", "WrongState"]
    assert (new["state"], new["attempts"], new["generation"], new["replayOf"]) == ("PENDING", 0, 1, row.id)
    assert new["deadlineAt"] == "2026-11-23T05:00:00.000Z"
    assert await listed(world, state) == []
    assert (await row_of(store, row)).state is state, "final rows never reopen"
    assert (await replayed(world, row.id))["currentState"] == "REPLAYED"
    (entry,) = (await world.admin.api.first(TRAIL, filter={"action": "replayDelivery"}))["nodes"]
    assert (entry["actorId"], entry["subjectId"]) == (world.admin.id, new["deliveryId"])
    assert entry["reason"] == "The key is renewed."


async def test_many_are_replayed_at_once_and_what_has_ended_is_taken_off_the_list(world: World, store: Store) -> None:
    rows = [(await dead(world, store, S.EXPIRED))[1] for _ in range(3)]
    ended, _ = await dead(world, store, S.EXPIRED)
    await store[NOTICES].update_one({"_id": ended.id}, {"$set": {"resolved_at": stored_time(START)}})
    _, other = await dead(world, store, S.EXPIRED, channel="fcm")
    given = {"state": "EXPIRED", "channel": "console", "reason": "The provider is back."}
    key = new_key()
    done = await world.admin.api.first(REPLAY_ALL, key=key, **given)
    assert (len(done["deliveryIds"]), done["dismissed"], done["mayBeMore"]) == (3, 1, False)
    assert await world.admin.api.first(REPLAY_ALL, key=key, **given) == done
    assert await listed(world, "EXPIRED") == [other.id]
    following = await store[DELIVERIES].find({"_id": {"$in": done["deliveryIds"]}}, limit=9)
    assert {each["replay_of"] for each in following} == {row.id for row in rows}
    rest = await world.admin.api.first(REPLAY_ALL, key=new_key(), **(given | {"channel": None}))
    assert (len(rest["deliveryIds"]), rest["dismissed"]) == (1, 0)
    trail = (await world.admin.api.first(TRAIL, filter={"action": "replayDeadLetters"}))["nodes"]
    assert [each["reason"] for each in trail] == ["The provider is back."] * 2
    assert (await world.admin.api.first(REPLAY_ALL, key=new_key(), **(given | {"reason": ""})))["field"] == "reason"


@pytest.mark.parametrize(("minutes", "stuck"), [(15, False), (15.001, True)])
async def test_a_held_delivery_is_a_dead_letter_after_15_minutes(
    world: World, store: Store, minutes: float, stuck: bool
) -> None:
    _, row = await dead(world, store, S.CONFIG_HOLD, held_since=START - timedelta(minutes=minutes))
    assert await listed(world, "CONFIG_HOLD") == ([row.id] if stuck else [])
    counts = await world.admin.api.first(COUNTS)
    assert {each["state"]: each["count"] for each in counts} == {"EXPIRED": 0, "POISON": 0, "CONFIG_HOLD": int(stuck)}
    answer = await replayed(world, row.id)
    assert answer["__typename"] == ("Delivery" if stuck else "WrongState")
    kept = await row_of(store, row)
    assert (kept.state, kept.fence) == ((S.CANCELLED, 4) if stuck else (S.CONFIG_HOLD, 3))
    assert await listed(world, "CONFIG_HOLD") == []


@pytest.mark.parametrize(
    ("mark", "state"), [({"acknowledged_at": START}, "SETTLED"), ({"resolved_at": START}, "SETTLED"), (None, "GONE")]
)
async def test_what_nobody_needs_to_hear_is_not_replayed(
    world: World, store: Store, mark: dict[str, Any] | None, state: str
) -> None:
    notice, row = await dead(world, store, S.EXPIRED)
    if mark is None:
        await store[NOTICES].delete_many({"_id": notice.id})
    else:
        change = {name: stored_time(at) for name, at in mark.items()}
        await store[NOTICES].update_one({"_id": notice.id}, {"$set": change})
    refused = await replayed(world, row.id)
    assert (refused["recordId"], refused["currentState"]) == (notice.id, state)


async def test_only_administrators_of_the_organization(
    world: World, other_world: World, store: Store, anonymous: ApiClient
) -> None:
    _, row = await dead(world, store, S.POISON)
    given = {"key": new_key(), "id": row.id, "reason": "Try again."}
    assert await anonymous.code(REPLAY, **given) == "UNAUTHENTICATED"
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(REPLAY, **given) == "FORBIDDEN"
        assert await member.api.code(LIST, state="POISON") == "FORBIDDEN"
        assert await member.api.code(COUNTS) == "FORBIDDEN"
        assert await member.api.code(REPLAY_ALL, key=new_key(), state="POISON", reason="x") == "FORBIDDEN"
        assert await member.api.code(TRAIL) == "FORBIDDEN"
    assert (await other_world.admin.api.first(REPLAY, **given))["code"] == "NOT_FOUND"
    assert await listed(other_world, "POISON") == []


async def test_a_reason_is_asked_for_and_a_repeated_key_answers_the_same(world: World, store: Store) -> None:
    _, row = await dead(world, store, S.EXPIRED)
    for reason in (" ", "x" * 1001):
        assert (await replayed(world, row.id, reason))["field"] == "reason"
    key = new_key()
    first = await replayed(world, row.id, "x" * 1000, key)
    assert await replayed(world, row.id, "x" * 1000, key) == first
    assert len((await world.admin.api.first(TRAIL, filter={"action": "replayDelivery"}))["nodes"]) == 1


async def test_a_row_that_is_none_is_told_so(world: World, store: Store) -> None:
    ((_, row),) = await queue(store, world.rep.person, [], START, channel="console")
    assert (await replayed(world, row.id))["currentState"] == "PENDING"
    assert (await replayed(world, "dlv_01J00000000000000000000000"))["code"] == "NOT_FOUND"
