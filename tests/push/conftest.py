"""The FCM stand-in, once per session, clean for each test; and messages to send to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.devices import Platform
from domain.ids import DeliveryId
from domain.notices import Priority
from push.channel import Message, Target
from push.fcm import FcmChannel
from push.google_oauth import ServiceAccount
from tests.support.fcm_server import FcmServer
from tests.support.im_server import ImServer
from tests.support.web_push_service import WebPushService


def real_now() -> datetime:
    return datetime.now(UTC)


def make_message(token: str = "tok-1", **changes: Any) -> Message:
    deadline_at = real_now() + timedelta(hours=1)
    values: dict[str, Any] = {
        "delivery_id": DeliveryId("dlv_00000000-0000-5000-8000-000000000001"),
        "msg_key": f"key-{token}",
        "title": "Overdue",
        "body": "A lead is overdue.",
        "data": {"msg_key": f"key-{token}", "deep_link": "fieldbeat://inbox/1"},
        "collapse_id": "clk_1:1",
        "priority": Priority.CRITICAL,
        "ttl_s": 3_600,
        "deadline_at": deadline_at,
        "target": Target(token=token, fid=None, platform=Platform.ANDROID),
        "locale": "en",
    }
    return Message(**(values | changes))


@pytest.fixture(scope="session")
def running_fcm() -> Iterator[FcmServer]:
    server = FcmServer().start()
    yield server
    server.stop()


@pytest.fixture
def fcm_server(running_fcm: FcmServer) -> FcmServer:
    running_fcm.reset()
    return running_fcm


@pytest.fixture
def key_file(fcm_server: FcmServer, tmp_path: Path) -> Path:
    return fcm_server.write_credentials(tmp_path / "service-account.json")


@pytest.fixture(scope="session")
def account(running_fcm: FcmServer, tmp_path_factory: pytest.TempPathFactory) -> ServiceAccount:
    path = running_fcm.write_credentials(tmp_path_factory.mktemp("fcm") / "service-account.json")
    return ServiceAccount.from_file(path)


@pytest.fixture
async def channel(fcm_server: FcmServer, account: ServiceAccount) -> AsyncIterator[FcmChannel]:
    opened = FcmChannel(account, real_now, base_url=fcm_server.base_url, timeout_s=1.0)
    yield opened
    await opened.close()


@pytest.fixture
async def patient_channel(fcm_server: FcmServer, account: ServiceAccount) -> AsyncIterator[FcmChannel]:
    opened = FcmChannel(account, real_now, base_url=fcm_server.base_url, timeout_s=10.0)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def running_im() -> Iterator[ImServer]:
    server = ImServer().start()
    yield server
    server.stop()


@pytest.fixture
def im_server(running_im: ImServer) -> ImServer:
    running_im.reset()
    return running_im


@pytest.fixture(scope="session")
def running_web_push() -> Iterator[WebPushService]:
    server = WebPushService().start()
    yield server
    server.stop()


@pytest.fixture
def web_push_service(running_web_push: WebPushService) -> WebPushService:
    running_web_push.reset()
    return running_web_push
