"""Web Push: the RFC's own example, what a browser reads, what push services answer, and whom the server calls."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from domain.deliveries import Outcome
from domain.notices import Priority
from push.channel import Bound, Message
from push.vapid import VapidKey, write_key
from push.web_push import WebPushChannel, read_answer
from push.web_push_encryption import PLAIN_BYTES, decoded, encrypt
from tests.push.conftest import make_message, real_now
from tests.support.web_push_service import Browser, WebPushService, keys_of

CONTACT = "mailto:push@fieldbeat.example"


def to_browser(browser: Browser, **changes: Any) -> Message:
    keys = keys_of(browser)
    bound = Bound(browser.endpoint, keys["secret"], keys["publicKey"])
    return make_message(**({"target": None, "bound": bound} | changes))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> VapidKey:
    return write_key(tmp_path_factory.mktemp("vapid") / "key.pem")


@pytest.fixture
async def channel(web_push_service: WebPushService, key: VapidKey) -> AsyncIterator[WebPushChannel]:
    opened = WebPushChannel(key, CONTACT, real_now, services=(web_push_service.base_url,), timeout_s=2.0)
    yield opened
    await opened.close()


def test_the_example_of_the_rfc() -> None:
    # RFC 8291, section 5 and appendix A.
    sender = derive_private_key(int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), SECP256R1())
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
        sender_key=sender,
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    sender_point = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    header = decoded("DGv6ra1nlYgDCS1FRnbzlw") + bytes([0, 0, 16, 0, 65]) + decoded(sender_point)
    record = "8pfeW0KbunFT06SuDKoJH9Ql87S1QUrdirN6GcG7sFz1y1sqLgVi1VhjVkHsUoEsbI_0LpXMuGvnzQ"
    assert body == header + decoded(record)


async def test_a_browser_reads_what_was_sent(
    channel: WebPushChannel, web_push_service: WebPushService, key: VapidKey
) -> None:
    web_push_service.public_key = key.public
    browser = web_push_service.subscribe()
    result = await channel.send(to_browser(browser, title="超时", locale="zh-CN"))
    assert result.outcome is Outcome.ACCEPTED
    assert len(result.provider_message_id or "") == 32
    shown = web_push_service.shown[0]
    assert shown.message["title"] == "超时"
    assert shown.message["data"]["msg_key"] == "key-tok-1"
    assert (shown.message["tag"], shown.message["lang"]) == ("clk_1:1", "zh-CN")
    assert (shown.headers["ttl"], shown.headers["urgency"]) == ("3600", "high")


async def test_repeats_take_each_others_place(channel: WebPushChannel, web_push_service: WebPushService) -> None:
    browser = web_push_service.subscribe()
    for changes in ({}, {}, {"collapse_id": "clk_1:2", "priority": Priority.NORMAL}):
        await channel.send(to_browser(browser, **changes))
    topics = [each.headers["topic"] for each in web_push_service.shown]
    assert topics[0] == topics[1] != topics[2]
    assert [each.headers["urgency"] for each in web_push_service.shown] == ["high", "high", "normal"]
    tokens = {each.headers["authorization"] for each in web_push_service.shown}
    assert len(tokens) == 1


@pytest.mark.parametrize(("more", "outcome"), [(0, Outcome.ACCEPTED), (1, Outcome.POISON)])
async def test_the_longest_message(
    channel: WebPushChannel, web_push_service: WebPushService, more: int, outcome: Outcome
) -> None:
    browser = web_push_service.subscribe()
    empty = {"title": "", "body": "", "tag": "clk_1:1", "lang": "en", "data": {}}
    room = PLAIN_BYTES - len(json.dumps(empty, separators=(",", ":")))
    message = to_browser(browser, title="", body="x" * (room + more), data={})
    assert (await channel.send(message)).outcome is outcome


async def test_only_push_services_are_called(channel: WebPushChannel, web_push_service: WebPushService) -> None:
    browser = web_push_service.subscribe()
    keys = keys_of(browser)
    for endpoint in ("http://127.0.0.1:1/wpush/x", "https://169.254.169.254/latest", ""):
        bound = Bound(endpoint, keys["secret"], keys["publicKey"])
        assert (await channel.send(make_message(target=None, bound=bound))).outcome is Outcome.DEAD_TARGET
    for bound in (Bound(browser.endpoint, "AAAA", "AAAA"), Bound(browser.endpoint, keys["secret"], "!!")):
        assert (await channel.send(make_message(target=None, bound=bound))).outcome is Outcome.DEAD_TARGET
    assert (await channel.send(make_message(target=None, bound=Bound(browser.endpoint)))).outcome is Outcome.POISON
    assert (await channel.send(make_message())).outcome is Outcome.POISON
    assert web_push_service.shown == []


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "wait_s"),
    [
        (201, {}, Outcome.ACCEPTED, None),
        (202, {}, Outcome.ACCEPTED, None),
        (301, {"location": "http://127.0.0.1:1/"}, Outcome.RETRY, None),
        (400, {}, Outcome.POISON, None),
        (401, {}, Outcome.CONFIG, None),
        (403, {}, Outcome.CONFIG, None),
        (404, {}, Outcome.DEAD_TARGET, None),
        (408, {}, Outcome.RETRY, None),
        (410, {}, Outcome.DEAD_TARGET, None),
        (413, {}, Outcome.POISON, None),
        (429, {}, Outcome.HELD, 60.0),
        (429, {"retry-after": "9"}, Outcome.HELD, 9.0),
        (500, {}, Outcome.RETRY, None),
        (503, {"retry-after": "5"}, Outcome.RETRY, 5.0),
    ],
)
async def test_answers(
    channel: WebPushChannel,
    web_push_service: WebPushService,
    status: int,
    headers: dict[str, str],
    outcome: Outcome,
    wait_s: float | None,
) -> None:
    read = read_answer(httpx.Response(status, headers=headers), real_now())
    assert (read.outcome, read.retry_after_s) == (outcome, wait_s)
    browser = web_push_service.subscribe()
    web_push_service.answers[browser.endpoint] = [(status, headers)]
    assert (await channel.send(to_browser(browser))).outcome is outcome


async def test_a_browser_that_unsubscribed(channel: WebPushChannel, web_push_service: WebPushService) -> None:
    browser = web_push_service.subscribe()
    web_push_service.browsers.clear()
    result = await channel.send(to_browser(browser))
    assert result.outcome is Outcome.DEAD_TARGET
    assert browser.endpoint not in repr(result)


async def test_another_key_is_refused(
    web_push_service: WebPushService, channel: WebPushChannel, tmp_path: Path
) -> None:
    web_push_service.public_key = write_key(tmp_path / "other.pem").public
    assert (await channel.send(to_browser(web_push_service.subscribe()))).outcome is Outcome.CONFIG


def test_the_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = write_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert VapidKey.from_file(path).public == made.public
    assert len(base64.urlsafe_b64decode(made.public + "=")) == 65
    with pytest.raises(FileExistsError):
        write_key(path)
    (tmp_path / "none.pem").write_text("nothing")
    for name in ("none.pem", "missing.pem"):
        with pytest.raises(ValueError, match=name):
            VapidKey.from_file(tmp_path / name)
