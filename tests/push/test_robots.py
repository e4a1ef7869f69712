"""Robots of WeCom, DingTalk, Feishu and Lark against a strict stand-in: codes, signatures, limits and faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bindings import BoundChannel
from domain.deliveries import Outcome
from push.channel import Bound, Message
from push.dingtalk import DINGTALK
from push.dingtalk import sign as dingtalk_sign
from push.feishu import FEISHU, LARK
from push.feishu import sign as feishu_sign
from push.plain_text import plain_text
from push.robots import RobotChannel, Service, read_answer
from push.rooms import LIMITS, Limit, NoLimit, Rooms
from push.wecom_bot import TEXT_BYTES, WECOM_BOT
from tests.push.conftest import make_message, real_now
from tests.support.im_server import ImFaultKind, ImServer

SERVICES = [WECOM_BOT, DINGTALK, FEISHU, LARK]
KEY = "a1b2c3d4e5f6a7b8c9d0"
SIGNED = {"dingtalk", "feishu", "lark"}
SECRET = "SEC-made-up-secret"


def robot_message(secret: str | None = None, key: str = KEY, **changes: Any) -> Message:
    return make_message(target=None, bound=Bound(key, secret), **changes)


@dataclass
class Desk:
    """A channel of each service over the stand-in."""

    server: ImServer
    rooms: Rooms

    def open(self, service: Service, clock: Callable[[], datetime] = real_now) -> RobotChannel:
        """The channel; short time-out."""
        at: dict[str, Any] = {
            "base_url": self.server.base_url,
            "rooms": self.rooms,
            "limit": LIMITS[service.name],
            "timeout_s": 1.0,
        }
        return RobotChannel(service, clock, **at)

    async def send(self, service: Service, message: Message, clock: Callable[[], datetime] = real_now) -> Any:
        """One attempt on a channel of its own."""
        channel = self.open(service, clock)
        try:
            return await channel.send(message)
        finally:
            await channel.close()

    def knows(self, service: Service, secret: str | None = None, key: str = KEY) -> None:
        """The robot is there."""
        assert self.server.robots is not None
        self.server.robots["feishu" if service is LARK else service.name, key] = secret


@pytest.fixture
def desk(im_server: ImServer) -> Desk:
    return Desk(im_server, NoLimit())


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
async def test_a_message_arrives_as_text(desk: Desk, service: Service) -> None:
    desk.knows(service)
    result = await desk.send(service, robot_message())
    assert result.outcome is Outcome.ACCEPTED
    shown = desk.server.shown(KEY)
    assert len(shown) == 1
    assert shown[0].text.startswith("Overdue\nA lead is overdue.\nRef ")


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
async def test_names_and_channels_agree(desk: Desk, service: Service) -> None:
    channel = desk.open(service)
    assert channel.name in {each.channel_name for each in BoundChannel}
    await channel.close()


@pytest.mark.parametrize("service", [each for each in SERVICES if each.name in SIGNED], ids=lambda each: each.name)
async def test_a_robot_that_asks_for_it_gets_a_signature(desk: Desk, service: Service) -> None:
    desk.knows(service, SECRET)
    assert (await desk.send(service, robot_message(SECRET))).outcome is Outcome.ACCEPTED
    for wrong in (None, "another-secret"):
        assert (await desk.send(service, robot_message(wrong))).outcome is Outcome.DEAD_TARGET
    assert len(desk.server.shown()) == 1


@pytest.mark.parametrize("service", [each for each in SERVICES if each.name in SIGNED], ids=lambda each: each.name)
async def test_a_wrong_clock_is_ours_to_mend(desk: Desk, service: Service) -> None:
    desk.knows(service, SECRET)
    for hours in (-2, 2):
        result = await desk.send(service, robot_message(SECRET), lambda: real_now() + timedelta(hours=hours))  # noqa: B023
        assert (result.outcome, "clock" in result.detail) == (Outcome.CONFIG, True)


def test_signatures_are_those_of_the_documentation() -> None:
    # Computed by `openssl dgst -sha256 -hmac`.
    assert dingtalk_sign("SECabc0123456789", 1_700_000_000_123) == "0PuhRGcqDj2zvUtMhnDuxQPM5n96IGnXCV2o1JVbuAI="
    assert feishu_sign("feishu-secret-1", 1_700_000_000) == "O+NhcBzGQTPcmDxsV+GPHkM1FmChG6fUDNuJCOKB2pM="


@pytest.mark.parametrize(
    ("service", "code", "outcome", "wait_s"),
    [
        (WECOM_BOT, -1, Outcome.RETRY, None),
        (WECOM_BOT, 45009, Outcome.HELD, 60.0),
        (WECOM_BOT, 45033, Outcome.RETRY, None),
        (WECOM_BOT, 93000, Outcome.DEAD_TARGET, None),
        (WECOM_BOT, 93004, Outcome.DEAD_TARGET, None),
        (WECOM_BOT, 93008, Outcome.DEAD_TARGET, None),
        (WECOM_BOT, 40008, Outcome.POISON, None),
        (WECOM_BOT, 45002, Outcome.POISON, None),
        (DINGTALK, -1, Outcome.RETRY, None),
        (DINGTALK, 130101, Outcome.HELD, 600.0),
        (DINGTALK, 410100, Outcome.HELD, 600.0),
        (DINGTALK, 90030, Outcome.HELD, 600.0),
        (DINGTALK, 300001, Outcome.DEAD_TARGET, None),
        (DINGTALK, 300005, Outcome.DEAD_TARGET, None),
        (DINGTALK, 310000, Outcome.DEAD_TARGET, None),
        (DINGTALK, 400013, Outcome.DEAD_TARGET, None),
        (DINGTALK, 400101, Outcome.DEAD_TARGET, None),
        (DINGTALK, 400102, Outcome.DEAD_TARGET, None),
        (DINGTALK, 400106, Outcome.DEAD_TARGET, None),
        (DINGTALK, 430101, Outcome.POISON, None),
        (FEISHU, 11232, Outcome.HELD, 60.0),
        (FEISHU, 11233, Outcome.HELD, 60.0),
        (FEISHU, 19001, Outcome.DEAD_TARGET, None),
        (FEISHU, 19007, Outcome.DEAD_TARGET, None),
        (FEISHU, 19021, Outcome.DEAD_TARGET, None),
        (FEISHU, 19022, Outcome.DEAD_TARGET, None),
        (FEISHU, 19024, Outcome.DEAD_TARGET, None),
        (FEISHU, 9499, Outcome.POISON, None),
        (LARK, 19001, Outcome.DEAD_TARGET, None),
    ],
    ids=lambda each: each.name if isinstance(each, Service) else str(each),
)
def test_codes(service: Service, code: int, outcome: Outcome, wait_s: float | None) -> None:
    answer = httpx.Response(200, json={service.code_field: code, service.text_field: "refused"})
    result = read_answer(service, answer, real_now())
    assert (result.outcome, result.retry_after_s) == (outcome, wait_s)
    assert str(code) in result.detail


@pytest.mark.parametrize(
    ("answer", "outcome", "wait_s"),
    [
        (httpx.Response(200, text="<html>"), Outcome.RETRY, None),
        (httpx.Response(200, json=[]), Outcome.RETRY, None),
        (httpx.Response(200, json={"errcode": "0"}), Outcome.RETRY, None),
        (httpx.Response(200, json={"errcode": True}), Outcome.RETRY, None),
        (httpx.Response(302, headers={"location": "/x"}), Outcome.RETRY, None),
        (httpx.Response(404, text="nothing"), Outcome.CONFIG, None),
        (httpx.Response(429), Outcome.THROTTLED, 60.0),
        (httpx.Response(429, headers={"retry-after": "7"}), Outcome.THROTTLED, 7.0),
        (httpx.Response(503, headers={"retry-after": "5"}), Outcome.RETRY, 5.0),
        (httpx.Response(500), Outcome.RETRY, None),
        (httpx.Response(400, json={"errcode": 93000, "errmsg": "x"}), Outcome.DEAD_TARGET, None),
    ],
)
def test_answers_without_a_code(answer: httpx.Response, outcome: Outcome, wait_s: float | None) -> None:
    result = read_answer(WECOM_BOT, answer, real_now())
    assert (result.outcome, result.retry_after_s) == (outcome, wait_s)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (ImFaultKind.RESET, Outcome.AMBIGUOUS),
        (ImFaultKind.ANSWER_LOST, Outcome.AMBIGUOUS),
        (ImFaultKind.HANG, Outcome.AMBIGUOUS),
        (ImFaultKind.HTML, Outcome.RETRY),
        (ImFaultKind.SLOW, Outcome.ACCEPTED),
    ],
)
async def test_faults_concern_one_message(desk: Desk, kind: ImFaultKind, outcome: Outcome) -> None:
    desk.knows(FEISHU)
    channel = desk.open(FEISHU)
    desk.server.fail(kind, times=1)
    results = [await channel.send(robot_message()) for _ in range(2)]
    await channel.close()
    assert [each.outcome for each in results] == [outcome, Outcome.ACCEPTED]


async def test_nobody_listens() -> None:
    at: dict[str, Any] = {
        "base_url": "http://127.0.0.1:1",
        "rooms": NoLimit(),
        "limit": LIMITS["feishu"],
        "timeout_s": 1.0,
    }
    channel = RobotChannel(FEISHU, real_now, **at)
    assert (await channel.send(robot_message())).outcome is Outcome.RETRY
    assert (await channel.send(make_message())).outcome is Outcome.POISON
    await channel.close()
    strange = RobotChannel(FEISHU, real_now, **(at | {"base_url": "ftp://x"}))
    assert (await strange.send(robot_message())).outcome is Outcome.CONFIG
    await strange.close()


class OneLeft:
    """Rooms with room for one message."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def take(self, key: str, limit: Limit) -> float:
        self.keys.append(key)
        return 0.0 if len(self.keys) == 1 else 12.5


async def test_without_room_nothing_is_sent(desk: Desk) -> None:
    desk.knows(WECOM_BOT)
    rooms = OneLeft()
    results = [await replace(desk, rooms=rooms).send(WECOM_BOT, robot_message()) for _ in range(2)]
    assert [(each.outcome, each.retry_after_s) for each in results] == [
        (Outcome.ACCEPTED, None),
        (Outcome.HELD, 12.5),
    ]
    assert len(desk.server.ledger) == 1
    assert len(set(rooms.keys)) == 1
    assert KEY not in rooms.keys[0]


@pytest.mark.parametrize(
    ("title", "body", "fits"),
    [
        ("超" * 10, "时" * 400, True),
        ("超" * 400, "时" * 400, False),
        ("a", "时" * 10_000, False),
    ],
)
async def test_texts_are_cut_by_bytes(desk: Desk, title: str, body: str, fits: bool) -> None:
    desk.knows(WECOM_BOT)
    message = robot_message(title=title, body=body, locale="zh-CN")
    assert (await desk.send(WECOM_BOT, message)).outcome is Outcome.ACCEPTED
    text = desk.server.shown()[0].text
    assert len(text.encode()) <= TEXT_BYTES
    assert (f"{title}\n{body}" in text) is fits
    assert "�" not in text
    assert "\n编号 " in text


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
@pytest.mark.parametrize("filling", ["\x01", "时", '"', "\U0001f514", "a"])
async def test_the_longest_texts_are_taken(desk: Desk, service: Service, filling: str) -> None:
    desk.knows(service, SECRET if service.name in SIGNED else None)
    secret = SECRET if service.name in SIGNED else None
    assert (await desk.send(service, robot_message(secret, body=filling * 20_000))).outcome is Outcome.ACCEPTED


def test_texts_differ_between_messages_and_not_between_attempts() -> None:
    first, again = [plain_text(robot_message(msg_key="dlv_1"), 2_048) for _ in range(2)]
    other = plain_text(robot_message(msg_key="dlv_2"), 2_048)
    assert first == again != other
    linked = plain_text(robot_message(msg_key="dlv_1"), 2_048, "https://go.fieldbeat.example/")
    assert linked.endswith("\nhttps://go.fieldbeat.example/inbox/1\n" + first.rpartition("\n")[2])
    unlinked = plain_text(robot_message(msg_key="dlv_1", data={}), 2_048, "https://go.fieldbeat.example/")
    assert unlinked == first
    named = plain_text(make_message(target=None, bound=Bound(KEY, meant_for="Ann Example")), 2_048)
    assert named.startswith("[Ann Example] Overdue\n")


@given(title=st.text(max_size=400), body=st.text(max_size=400), limit=st.integers(20, 600))
def test_any_text_fits_and_ends_with_its_reference(title: str, body: str, limit: int) -> None:
    text = plain_text(robot_message(title=title, body=body), limit)
    assert len(text.encode()) <= limit
    assert f"{title}\n{body}".startswith(text.rpartition("\n")[0])
    assert text.rpartition("\n")[2].startswith("Ref ")


@pytest.mark.parametrize("service", [WECOM_BOT, DINGTALK, FEISHU], ids=lambda each: each.name)
async def test_the_stand_in_refuses_what_is_too_much(desk: Desk, service: Service) -> None:
    desk.knows(service)
    at = [1_000.0]
    desk.server.now_s = lambda: at[0]
    channel = desk.open(service)
    outcomes = []
    for _ in range(22):
        outcomes.append((await channel.send(robot_message())).outcome)
        at[0] += 0.3
    await channel.close()
    too_many = [Outcome.ACCEPTED] * 2 if service is FEISHU else [Outcome.HELD] * 2
    assert outcomes == [Outcome.ACCEPTED] * 20 + too_many


async def test_secrets_stay_out_of_results(desk: Desk) -> None:
    for service in SERVICES:
        result = await desk.send(service, robot_message(SECRET))
        assert result.outcome is Outcome.DEAD_TARGET
        assert KEY not in repr(result)
        assert SECRET not in repr(result)
