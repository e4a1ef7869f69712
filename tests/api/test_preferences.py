"""Preferences through GraphQL over HTTP: the default, changing a part, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from domain.preferences import PushChannel
from push.registry import KNOWN
from tests.support.client import ApiClient, new_key
from tests.support.world import Member, World

FIELDS = "quietFrom quietUntil timeZone locale digestEveryMinutes muted { kind channels }"
MINE = f"query {{ noticePreferences {{ {FIELDS} }} }}"
SAVE = f"""mutation ($key: String!, $changes: NoticePreferencesInput!) {{
  saveNoticePreferences(clientKey: $key, changes: $changes) {{
    __typename ... on NoticePreferences {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
DEFAULT = {
    "quietFrom": "22:00",
    "quietUntil": "07:00",
    "timeZone": "Asia/Shanghai",
    "locale": "en",
    "digestEveryMinutes": 5,
    "muted": [],
}


async def save(member: Member, key: str = "", **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(SAVE, key=key or new_key(), changes=changes)
    return answer


async def test_a_part_is_changed_and_the_rest_stays(world: World) -> None:
    assert await world.rep.api.first(MINE) == DEFAULT
    muted = [
        {"kind": "VISIT_MISSED", "channels": ["WECOM_APP", "FCM"]},
        {"kind": "LEAD_ASSIGNED", "channels": ["FCM"]},
    ]
    saved = await save(world.rep, quietFrom="21:30", muted=muted)
    shown = [
        {"kind": "LEAD_ASSIGNED", "channels": ["FCM"]},
        {"kind": "VISIT_MISSED", "channels": ["FCM", "WECOM_APP"]},
    ]
    expected = DEFAULT | {"quietFrom": "21:30", "muted": shown}
    assert saved == expected | {"__typename": "NoticePreferences"}
    await save(world.rep, digestEveryMinutes=240)
    assert await world.rep.api.first(MINE) == expected | {"digestEveryMinutes": 240}
    await save(world.rep, muted=[])
    assert (await world.rep.api.first(MINE))["muted"] == []
    for other in (world.second_rep, world.manager, world.admin, world.support):
        assert await other.api.first(MINE) == DEFAULT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quietFrom": "25:00"}, "quietFrom"),
        ({"quietUntil": "noon"}, "quietUntil"),
        ({"digestEveryMinutes": 4}, "digestEveryMinutes"),
        ({"muted": [{"kind": "DIGEST", "channels": []}] * 101}, "muted"),
    ],
)
async def test_a_bad_value_is_refused_by_its_field(world: World, changes: dict[str, Any], field: str) -> None:
    refused = await save(world.rep, **changes)
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)
    assert await world.rep.api.first(MINE) == DEFAULT


async def test_repeated_keys_answer_the_same(world: World) -> None:
    key = new_key()
    answers = [await save(world.admin, key, quietFrom="20:00") for _ in range(2)]
    assert answers[0] == answers[1]
    assert (await save(world.admin, key, quietFrom="20:01"))["code"] == "KEY_REUSED"
    assert (await world.admin.api.first(MINE))["quietFrom"] == "20:00"


async def test_nobody_without_a_session(anonymous: ApiClient) -> None:
    assert await anonymous.code(MINE) == "UNAUTHENTICATED"
    assert await anonymous.code(SAVE, key=new_key(), changes={}) == "UNAUTHENTICATED"


def test_every_channel_can_be_muted() -> None:
    assert set(KNOWN) == {each.channel_name for each in PushChannel}
