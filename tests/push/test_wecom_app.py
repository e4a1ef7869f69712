"""The WeCom app message against a strict stand-in: tokens, codes, members, repeated texts and faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from domain.deliveries import Outcome
from push.channel import Bound, Message
from push.registry import WecomAccount
from push.rooms import LIMITS, NoLimit
from push.wecom_app import WecomAppChannel, read_answer
from tests.push.conftest import make_message, real_now
from tests.support.im_server import AGENT, CORP, SECRET, ImFaultKind, ImServer

ACCOUNT = WecomAccount(CORP, AGENT, SECRET)


def to_member(user: str = "wang.min", **changes: Any) -> Message:
    return make_message(target=None, bound=Bound(user), **changes)


def open_channel(server: ImServer, account: WecomAccount = ACCOUNT) -> WecomAppChannel:
    at: dict[str, Any] = {
        "base_url": server.base_url,
        "rooms": NoLimit(),
        "limit": LIMITS["wecom_app"],
        "timeout_s": 1.0,
    }
    return WecomAppChannel(account, real_now, **at)


@pytest.fixture
async def channel(im_server: ImServer) -> AsyncIterator[WecomAppChannel]:
    im_server.members = {"wang.min", "li.na"}
    opened = open_channel(im_server)
    yield opened
    await opened.close()


async def test_a_member_gets_a_text(channel: WecomAppChannel, im_server: ImServer) -> None:
    result = await channel.send(to_member("Wang.Min"))
    assert result.outcome is Outcome.ACCEPTED
    assert result.provider_message_id
    assert im_server.shown("wang.min")[0].text.startswith("Overdue\nA lead is overdue.\nRef ")


@pytest.mark.parametrize("filling", ["时", '"', "\U0001f514", "a"])
async def test_the_longest_texts_are_taken(channel: WecomAppChannel, im_server: ImServer, filling: str) -> None:
    assert (await channel.send(to_member(body=filling * 3_000))).outcome is Outcome.ACCEPTED
    assert 2_040 < len(im_server.shown()[0].text.encode()) <= 2_048


async def test_one_token_serves_many_messages(channel: WecomAppChannel, im_server: ImServer) -> None:
    results = await asyncio.gather(*(channel.send(to_member(msg_key=f"dlv_{number}")) for number in range(20)))
    assert {each.outcome for each in results} == {Outcome.ACCEPTED}
    assert im_server.token_requests == 1
    assert len(im_server.shown()) == 20


async def test_a_repeated_text_is_shown_once(channel: WecomAppChannel, im_server: ImServer) -> None:
    im_server.fail(ImFaultKind.ANSWER_LOST, times=1)
    first, again = await channel.send(to_member()), await channel.send(to_member())
    assert (first.outcome, again.outcome) == (Outcome.AMBIGUOUS, Outcome.ACCEPTED)
    assert len(im_server.ledger) == 2
    assert len(im_server.shown()) == 1
    # Another notice in the same words is another message.
    await channel.send(to_member(msg_key="dlv_other"))
    assert len(im_server.shown()) == 2


async def test_a_stale_token_is_fetched_anew(channel: WecomAppChannel, im_server: ImServer) -> None:
    await channel.send(to_member())
    im_server.fail(ImFaultKind.STALE_TOKEN, times=1)
    stale, fresh = await channel.send(to_member("li.na")), await channel.send(to_member("li.na"))
    assert (stale.outcome, fresh.outcome) == (Outcome.RETRY, Outcome.ACCEPTED)
    assert im_server.token_requests == 2


@pytest.mark.parametrize(
    "account",
    [WecomAccount("ww_other", AGENT, SECRET), WecomAccount(CORP, AGENT, "wrong"), WecomAccount(CORP, 7, SECRET)],
)
async def test_wrong_credentials_are_ours_to_mend(im_server: ImServer, account: WecomAccount) -> None:
    channel = open_channel(im_server, account)
    result = await channel.send(to_member())
    await channel.close()
    assert result.outcome is Outcome.CONFIG
    assert im_server.shown() == []
    assert account.secret not in repr(account)


@pytest.mark.parametrize(
    ("code", "outcome"), [(-1, Outcome.RETRY), (45009, Outcome.THROTTLED), (60020, Outcome.CONFIG), (7, Outcome.RETRY)]
)
async def test_no_token(channel: WecomAppChannel, im_server: ImServer, code: int, outcome: Outcome) -> None:
    im_server.fail(ImFaultKind.TOKEN_CODE, code=code, times=1)
    assert (await channel.send(to_member())).outcome is outcome
    assert im_server.ledger == []
    assert (await channel.send(to_member())).outcome is Outcome.ACCEPTED


async def test_somebody_who_is_no_member(channel: WecomAppChannel, im_server: ImServer) -> None:
    assert (await channel.send(to_member("nobody"))).outcome is Outcome.DEAD_TARGET
    assert (await channel.send(make_message())).outcome is Outcome.POISON


@pytest.mark.parametrize(
    ("content", "outcome", "wait_s"),
    [
        ({"errcode": 0, "msgid": "m1"}, Outcome.ACCEPTED, None),
        ({"errcode": 0, "invaliduser": "wang.min"}, Outcome.DEAD_TARGET, None),
        ({"errcode": 0, "unlicenseduser": "wang.min"}, Outcome.DEAD_TARGET, None),
        ({"errcode": 0, "invaliduser": ""}, Outcome.ACCEPTED, None),
        ({"errcode": -1}, Outcome.RETRY, None),
        ({"errcode": 40001}, Outcome.CONFIG, None),
        ({"errcode": 40003}, Outcome.DEAD_TARGET, None),
        ({"errcode": 40013}, Outcome.CONFIG, None),
        ({"errcode": 40014}, Outcome.RETRY, None),
        ({"errcode": 40056}, Outcome.CONFIG, None),
        ({"errcode": 41001}, Outcome.RETRY, None),
        ({"errcode": 42001}, Outcome.RETRY, None),
        ({"errcode": 44004}, Outcome.POISON, None),
        ({"errcode": 45002}, Outcome.POISON, None),
        ({"errcode": 45009}, Outcome.THROTTLED, 60.0),
        ({"errcode": 45033}, Outcome.THROTTLED, 60.0),
        ({"errcode": 48002}, Outcome.CONFIG, None),
        ({"errcode": 60011}, Outcome.CONFIG, None),
        ({"errcode": 60020}, Outcome.CONFIG, None),
        ({"errcode": 60111}, Outcome.DEAD_TARGET, None),
        ({"errcode": 81013}, Outcome.DEAD_TARGET, None),
        ({"errcode": 301002}, Outcome.CONFIG, None),
        ({"errmsg": "ok"}, Outcome.RETRY, None),
    ],
    ids=str,
)
def test_codes(content: dict[str, Any], outcome: Outcome, wait_s: float | None) -> None:
    result = read_answer(httpx.Response(200, json=content), real_now())
    assert (result.outcome, result.retry_after_s) == (outcome, wait_s)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (ImFaultKind.RESET, Outcome.AMBIGUOUS),
        (ImFaultKind.HANG, Outcome.AMBIGUOUS),
        (ImFaultKind.HTML, Outcome.RETRY),
    ],
)
async def test_faults_concern_one_message(
    channel: WecomAppChannel, im_server: ImServer, kind: ImFaultKind, outcome: Outcome
) -> None:
    im_server.fail(kind, times=1)
    results = [await channel.send(to_member()), await channel.send(to_member())]
    assert [each.outcome for each in results] == [outcome, Outcome.ACCEPTED]


async def test_a_cancelled_send_leaves_the_token_to_others(im_server: ImServer) -> None:
    im_server.members = None
    channel = open_channel(im_server)
    first = asyncio.create_task(channel.send(to_member()))
    second = asyncio.create_task(channel.send(to_member("li.na")))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).outcome is Outcome.ACCEPTED
    await channel.close()


def test_the_account_is_not_shown() -> None:
    assert SECRET not in repr(replace(ACCOUNT, corp_id="ww1"))
