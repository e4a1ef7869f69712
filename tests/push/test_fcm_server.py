"""The stand-in itself: strict where Google is, and usable as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from push.fcm import FcmChannel
from push.google_oauth import ServiceAccount
from tests.push.conftest import make_message, real_now
from tests.support.fcm_schema import violations
from tests.support.fcm_server import FcmServer

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"mesage": {}}, ""),
    ({"message": {"token": "t", "colour": "red"}}, "message"),
    ({"message": {"token": "t", "data": {"n": 1}}}, "message.data[0].value"),
    ({"message": {"token": "t", "data": {"from": "x"}}}, "message.data"),
    ({"message": {"token": "t", "android": {"ttl": 60}}}, "message.android.ttl"),
    ({"message": {"token": "t", "android": {"ttl": "2419201s"}}}, "message.android.ttl"),
    ({"message": {"token": "t", "android": {"priority": "urgent"}}}, "message.android.priority"),
    ({"message": {"token": "t", "android": {"notification": {"tagg": "x"}}}}, "message.android.notification"),
    ({"message": {"token": "t", "apns": {"headers": {"apns-priority": "7"}}}}, "message.apns.headers.apns-priority"),
    (
        {"message": {"token": "t", "apns": {"headers": {"apns-collapse-id": "c" * 65}}}},
        "message.apns.headers.apns-collapse-id",
    ),
    (
        {"message": {"token": "t", "apns": {"payload": {"aps": {"interruption-level": "loud"}}}}},
        "message.apns.payload.aps.interruption-level",
    ),
    ({"message": {"token": "t", "webpush": {"headers": {"Urgency": "now"}}}}, "message.webpush.headers.Urgency"),
    ({"message": {"token": "t", "fid": "f"}}, "message"),
    ({"message": {"data": {}}}, "message"),
    ({"message": {"token": "t", "data": {"k": "x" * 4_096}}}, "message"),
    ({}, "message"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_schema_refuses(body: dict[str, Any], field: str) -> None:
    assert [where for where, _ in violations(body)] == [field]


def test_schema_takes_both_spellings() -> None:
    for name in ("restricted_package_name", "restrictedPackageName"):
        assert violations({"message": {"token": "t", "android": {name: "com.example"}}}) == []


async def test_send_without_a_token_is_unauthenticated(fcm_server: FcmServer) -> None:
    async with httpx.AsyncClient(base_url=fcm_server.base_url) as client:
        answer = await client.post("/v1/projects/fieldbeat-test/messages:send", json={"message": {"token": "t"}})
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


async def test_invalid_message_names_the_field(fcm_server: FcmServer, channel: FcmChannel) -> None:
    await channel.send(make_message())
    bearer = next(iter(fcm_server.issued))
    async with httpx.AsyncClient(base_url=fcm_server.base_url) as client:
        answer = await client.post(
            "/v1/projects/fieldbeat-test/messages:send",
            json={"message": {"token": "t", "android": {"ttl": 1}}},
            headers={"Authorization": f"Bearer {bearer}"},
        )
    assert answer.status_code == 400
    details = answer.json()["error"]["details"]
    assert details[1]["fieldViolations"][0]["field"] == "message.android.ttl"


@pytest.fixture
def server_process(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    path = tmp_path / "key.json"
    command = [sys.executable, "-m", "tests.support.fcm_server", "--port", "0", "--credentials", str(path)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), path
        process.terminate()


async def test_process_serves_faults_and_ledger(server_process: tuple[str, Path]) -> None:
    base_url, path = server_process
    channel = FcmChannel(ServiceAccount.from_file(path), real_now, base_url=base_url, timeout_s=5.0)
    async with httpx.AsyncClient(base_url=base_url) as client:
        fault = {"kind": "unavailable", "target": "tok-1", "times": 1, "retry_after": "4"}
        assert (await client.post("/faults", json=fault)).status_code == 200
        assert (await client.post("/faults", json={"kind": "nonsense"})).status_code == 400
        waits = [(await channel.send(make_message())).retry_after_s for _ in range(2)]
        assert waits == [4.0, None]
        ledger = (await client.get("/ledger")).json()
        assert [entry["accepted"] for entry in ledger["entries"]] == [False, True]
        await client.post("/reset")
        assert (await client.get("/ledger")).json() == {"token_requests": 0, "entries": []}
    await channel.close()
