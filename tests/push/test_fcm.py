"""FCM over real sockets: the shape per platform, what each fault means, and that no message suffers from another's."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.deliveries import Outcome
from domain.devices import Platform
from domain.notices import Priority
from push.channel import Target
from push.fcm import FcmChannel, encode
from push.google_oauth import ServiceAccount
from tests.push.conftest import make_message, real_now
from tests.support.fcm_faults import OAUTH, FaultKind
from tests.support.fcm_schema import violations
from tests.support.fcm_server import FcmServer


def target(platform: Platform, token: str | None = "tok-1", fid: str | None = None) -> Target:
    return Target(token=token, fid=fid, platform=platform)


def test_encode_android() -> None:
    body = encode(make_message())["message"]
    assert body["token"] == "tok-1"
    assert body["notification"] == {"title": "Overdue", "body": "A lead is overdue."}
    assert body["android"]["priority"] == "high"
    assert body["android"]["ttl"] == "3600s"
    assert body["android"]["notification"]["tag"] == "clk_1:1"
    assert "collapse_key" not in body["android"]
    assert "apns" not in body
    assert "webpush" not in body


def test_encode_ios() -> None:
    message = make_message(target=target(Platform.IOS))
    body = encode(message)["message"]
    assert body["apns"]["headers"] == {
        "apns-priority": "10",
        "apns-push-type": "alert",
        "apns-collapse-id": "clk_1:1",
        "apns-expiration": str(int(message.deadline_at.timestamp())),
    }
    assert body["apns"]["payload"]["aps"] == {"sound": "default", "interruption-level": "time-sensitive"}


def test_encode_web() -> None:
    body = encode(make_message(target=target(Platform.WEB), locale="zh-CN"))["message"]
    assert body["webpush"]["headers"] == {"TTL": "3600", "Urgency": "high"}
    assert body["webpush"]["notification"]["tag"] == "clk_1:1"
    assert body["webpush"]["notification"]["lang"] == "zh-CN"


def test_a_silent_message_shows_nothing() -> None:
    for platform in (Platform.ANDROID, Platform.IOS):
        message = make_message(target=target(platform), silent=True)
        body = encode(message)
        assert violations(body) == []
        assert "notification" not in body["message"]
        assert body["message"]["android"] == {"priority": "high", "ttl": "3600s"}
        assert body["message"]["apns"]["payload"] == {"aps": {"content-available": 1}}
        headers = body["message"]["apns"]["headers"]
        assert (headers["apns-push-type"], headers["apns-priority"]) == ("background", "5")


def test_encode_normal_priority_does_not_wake_anyone() -> None:
    android = encode(make_message(priority=Priority.NORMAL))["message"]["android"]
    ios = encode(make_message(priority=Priority.NORMAL, target=target(Platform.IOS)))["message"]["apns"]
    assert android["priority"] == "normal"
    assert ios["headers"]["apns-priority"] == "5"
    assert ios["payload"]["aps"]["interruption-level"] == "active"


@pytest.mark.parametrize("platform", list(Platform))
@pytest.mark.parametrize("priority", list(Priority))
def test_encode_is_what_the_documentation_allows(platform: Platform, priority: Priority) -> None:
    assert violations(encode(make_message(priority=priority, target=target(platform)))) == []


def test_encode_prefers_the_installation_id() -> None:
    body = encode(make_message(target=target(Platform.ANDROID, fid="fid-1")))["message"]
    assert body["fid"] == "fid-1"
    assert "token" not in body


@pytest.mark.parametrize(
    "changes",
    [
        {"target": None},
        {"target": Target(token=None, fid=None, platform=Platform.IOS)},
        {"data": {"msg_key": "界" * 1_400}},
        {"data": {"from": "x"}},
        {"data": {"google.x": "y"}},
        {"data": {"count": 1}},
        {"collapse_id": "c" * 65},
        {"ttl_s": -1},
    ],
)
async def test_send_unsendable_is_poison_without_a_request(
    channel: FcmChannel, fcm_server: FcmServer, changes: dict[str, Any]
) -> None:
    result = await channel.send(make_message(**changes))
    assert result.outcome is Outcome.POISON
    assert fcm_server.ledger == []
    assert fcm_server.token_requests == 0


async def test_send_accepted(channel: FcmChannel, fcm_server: FcmServer) -> None:
    result = await channel.send(make_message())
    assert result.outcome is Outcome.ACCEPTED
    assert result.provider_message_id is not None
    assert result.provider_message_id.startswith("projects/fieldbeat-test/messages/")
    assert [entry.msg_key for entry in fcm_server.accepted()] == ["key-tok-1"]


FAULTS = [
    (FaultKind.UNREGISTERED, None, Outcome.DEAD_TARGET, None),
    (FaultKind.SENDER_MISMATCH, None, Outcome.DEAD_TARGET, None),
    (FaultKind.BAD_TOKEN, None, Outcome.DEAD_TARGET, None),
    (FaultKind.BAD_TOKEN_FIELD, None, Outcome.DEAD_TARGET, None),
    (FaultKind.INVALID_FIELD, None, Outcome.POISON, None),
    (FaultKind.FORBIDDEN, None, Outcome.CONFIG, None),
    (FaultKind.WRONG_PROJECT, None, Outcome.CONFIG, None),
    (FaultKind.UNAUTHENTICATED, None, Outcome.CONFIG, None),
    (FaultKind.THIRD_PARTY_AUTH, None, Outcome.CONFIG, None),
    (FaultKind.THROTTLED, None, Outcome.THROTTLED, 60.0),
    (FaultKind.THROTTLED, "17", Outcome.THROTTLED, 17.0),
    (FaultKind.THROTTLED, "0", Outcome.THROTTLED, 0.0),
    (FaultKind.THROTTLED, "soon", Outcome.THROTTLED, 60.0),
    (FaultKind.UNAVAILABLE, None, Outcome.RETRY, None),
    (FaultKind.UNAVAILABLE, "5", Outcome.RETRY, 5.0),
    (FaultKind.UNAVAILABLE, "Thu, 01 Jan 1970 00:00:00 GMT", Outcome.RETRY, 0.0),
    (FaultKind.INTERNAL, None, Outcome.RETRY, None),
    (FaultKind.INTERNAL, "3", Outcome.RETRY, 3.0),
    (FaultKind.HTML, None, Outcome.RETRY, None),
    (FaultKind.HTML_OK, None, Outcome.RETRY, None),
    (FaultKind.NO_NAME, None, Outcome.AMBIGUOUS, None),
    (FaultKind.RESET, None, Outcome.AMBIGUOUS, None),
    (FaultKind.ANSWER_LOST, None, Outcome.AMBIGUOUS, None),
    (FaultKind.HANG, None, Outcome.AMBIGUOUS, None),
    (FaultKind.SLOW, None, Outcome.ACCEPTED, None),
]


@pytest.mark.parametrize(("kind", "retry_after", "outcome", "wait_s"), FAULTS)
async def test_send_fault(
    channel: FcmChannel,
    fcm_server: FcmServer,
    kind: FaultKind,
    retry_after: str | None,
    outcome: Outcome,
    wait_s: float | None,
) -> None:
    fcm_server.fail(kind, target="tok-1", times=1, retry_after=retry_after)
    result = await channel.send(make_message())
    assert (result.outcome, result.retry_after_s) == (outcome, wait_s)
    assert len(fcm_server.ledger) == 1, "one attempt is one request: the outbox retries, nothing beneath it"
    assert "tok-1" not in result.detail
    assert (await channel.send(make_message())).outcome is Outcome.ACCEPTED, "the channel works on without a restart"


async def test_send_retry_after_as_date(channel: FcmChannel, fcm_server: FcmServer) -> None:
    moment = real_now() + timedelta(seconds=90)
    fcm_server.fail(FaultKind.UNAVAILABLE, retry_after=moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    wait_s = (await channel.send(make_message())).retry_after_s
    assert wait_s is not None
    assert 85 < wait_s <= 90


async def test_send_answer_lost_repeats_under_the_same_key(channel: FcmChannel, fcm_server: FcmServer) -> None:
    fcm_server.fail(FaultKind.ANSWER_LOST, times=1)
    message = make_message()
    assert (await channel.send(message)).outcome is Outcome.AMBIGUOUS
    assert (await channel.send(message)).outcome is Outcome.ACCEPTED
    first, second = fcm_server.accepted()
    assert first.message == second.message


async def test_send_burst_of_503_does_not_wedge(patient_channel: FcmChannel, fcm_server: FcmServer) -> None:
    fcm_server.fail(FaultKind.UNAVAILABLE, times=150)
    results = await asyncio.gather(*(patient_channel.send(make_message(f"t{n}")) for n in range(150)))
    assert {result.outcome for result in results} == {Outcome.RETRY}
    results = await asyncio.gather(*(patient_channel.send(make_message(f"t{n}")) for n in range(150)))
    assert {result.outcome for result in results} == {Outcome.ACCEPTED}
    assert len(fcm_server.ledger) == 300


async def test_send_one_bad_answer_is_one_result(channel: FcmChannel, fcm_server: FcmServer) -> None:
    bad = {3: FaultKind.HTML, 7: FaultKind.RESET, 11: FaultKind.HANG, 13: FaultKind.UNREGISTERED}
    for index, kind in bad.items():
        fcm_server.fail(kind, target=f"t{index}")
    results = await asyncio.gather(*(channel.send(make_message(f"t{n}")) for n in range(20)))
    expected = {3: Outcome.RETRY, 7: Outcome.AMBIGUOUS, 11: Outcome.AMBIGUOUS, 13: Outcome.DEAD_TARGET}
    assert [result.outcome for result in results] == [expected.get(n, Outcome.ACCEPTED) for n in range(20)]


async def test_send_hang_ends_in_time(channel: FcmChannel, fcm_server: FcmServer) -> None:
    fcm_server.fail(FaultKind.HANG)
    started = time.monotonic()
    await channel.send(make_message())
    assert time.monotonic() - started < 2.0


async def test_send_nobody_listens_is_certainly_not_sent(account: ServiceAccount, fcm_server: FcmServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{free.getsockname()[1]}"
        channel = FcmChannel(account, real_now, base_url=base_url, timeout_s=1.0)
        assert (await channel.send(make_message())).outcome is Outcome.RETRY
        await channel.close()


async def test_send_wrong_base_url_is_configuration(account: ServiceAccount, fcm_server: FcmServer) -> None:
    channel = FcmChannel(account, real_now, base_url="gopher://x", timeout_s=1.0)
    assert (await channel.send(make_message())).outcome is Outcome.CONFIG
    await channel.close()


async def test_send_honours_proxies(
    account: ServiceAccount, fcm_server: FcmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        channel = FcmChannel(account, real_now, base_url=fcm_server.base_url, timeout_s=1.0)
        result = await channel.send(make_message())
        await channel.close()
    assert result.outcome is Outcome.RETRY
    assert fcm_server.token_requests == 0


OAUTH_FAULTS = [
    (FaultKind.INVALID_GRANT, Outcome.CONFIG),
    (FaultKind.UNAVAILABLE, Outcome.RETRY),
    (FaultKind.THROTTLED, Outcome.RETRY),
    (FaultKind.HTML, Outcome.RETRY),
    (FaultKind.NO_NAME, Outcome.RETRY),
    (FaultKind.RESET, Outcome.RETRY),
    (FaultKind.HANG, Outcome.RETRY),
]


@pytest.mark.parametrize(("kind", "outcome"), OAUTH_FAULTS)
async def test_token_refresh_failure_is_a_result(
    channel: FcmChannel, fcm_server: FcmServer, kind: FaultKind, outcome: Outcome
) -> None:
    fcm_server.fail(kind, target=OAUTH, times=1)
    results = await asyncio.gather(*(channel.send(make_message(f"t{n}")) for n in range(20)))
    assert {result.outcome for result in results} == {outcome}
    assert fcm_server.token_requests == 1
    assert fcm_server.ledger == []
    assert (await channel.send(make_message())).outcome is Outcome.ACCEPTED


async def test_token_is_fetched_once_for_many(patient_channel: FcmChannel, fcm_server: FcmServer) -> None:
    for _ in range(2):
        await asyncio.gather(*(patient_channel.send(make_message(f"t{n}")) for n in range(30)))
    assert fcm_server.token_requests == 1
    assert len(fcm_server.accepted()) == 60


async def test_token_is_replaced_a_minute_before_it_expires(
    channel: FcmChannel, fcm_server: FcmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcm_server, "token_lifetime_s", 59.0)
    await channel.send(make_message())
    await channel.send(make_message())
    assert fcm_server.token_requests == 2


async def test_token_refused_is_replaced(channel: FcmChannel, fcm_server: FcmServer) -> None:
    assert (await channel.send(make_message())).outcome is Outcome.ACCEPTED
    fcm_server.reset()
    assert (await channel.send(make_message())).outcome is Outcome.CONFIG
    assert (await channel.send(make_message())).outcome is Outcome.ACCEPTED


async def test_token_survives_a_cancelled_send(channel: FcmChannel, fcm_server: FcmServer) -> None:
    fcm_server.fail(FaultKind.SLOW, target=OAUTH, times=1)
    first = asyncio.create_task(channel.send(make_message("t1")))
    second = asyncio.create_task(channel.send(make_message("t2")))
    await asyncio.sleep(0.1)
    first.cancel()
    assert (await second).outcome is Outcome.ACCEPTED
    assert fcm_server.token_requests == 1


async def test_token_of_a_wrong_key_is_configuration(fcm_server: FcmServer, tmp_path: Path) -> None:
    stranger = FcmServer().write_credentials(tmp_path / "other.json", token_uri=f"{fcm_server.base_url}/token")
    channel = FcmChannel(ServiceAccount.from_file(stranger), real_now, base_url=fcm_server.base_url, timeout_s=1.0)
    result = await channel.send(make_message())
    await channel.close()
    assert (result.outcome, result.detail) == (Outcome.CONFIG, "oauth: HTTP 400 invalid_grant")


async def test_no_secret_in_logs_or_repr(
    channel: FcmChannel, fcm_server: FcmServer, account: ServiceAccount, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fcm_server.fail(FaultKind.UNREGISTERED, target="secret-device", times=1)
    message = make_message("secret-device")
    results = [await channel.send(message), await channel.send(message)]
    bearer = next(iter(fcm_server.issued))
    shown = caplog.text + repr(results) + repr(message.target) + repr(account)
    assert "secret-device" not in shown
    assert bearer not in shown
    assert "PRIVATE KEY" not in shown


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"type": "authorized_user"}', '{"type": "service_account", "project_id": "p"}'],
)
def test_key_file_that_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"key\.json"):
        ServiceAccount.from_file(path)


def test_key_file_with_a_broken_key(fcm_server: FcmServer, tmp_path: Path) -> None:
    path = fcm_server.write_credentials(tmp_path / "key.json", private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n")
    with pytest.raises(ValueError, match="can sign") as raised:
        ServiceAccount.from_file(path)
    assert "AAAA" not in str(raised.value)


def test_key_file_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="FileNotFoundError"):
        ServiceAccount.from_file(tmp_path / "none.json")
