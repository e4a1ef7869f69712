"""The chat stand-in itself: strict where the services are, and one command that starts all stand-ins."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.im_server import AGENT, CORP, SECRET, ImServer

KEY = "a1b2c3d4e5f6a7b8c9d0"
TEXT = {"msgtype": "text", "text": {"content": "hello"}}
APP = {"touser": "wang.min", "agentid": AGENT, **TEXT}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"safe": 0, "duplicate_check_interval": 14_400, "enable_duplicate_check": 1}, 0),
        ({"duplicate_check_interval": 14_401}, 40058),
        ({"enable_duplicate_check": 2}, 40058),
        ({"agentid": str(AGENT)}, 40056),
        ({"touser": ""}, 40003),
        ({"touser": "stranger"}, 81013),
        ({"msgtype": "poem"}, 40008),
        ({"colour": "red"}, 40058),
        ({"text": {"content": ""}}, 44004),
        ({"text": {"content": "时" * 682}}, 0),
        ({"text": {"content": "时" * 683}}, 45002),
        ({"text": "hello"}, 40058),
    ],
    ids=str,
)
async def test_wecom_app_refuses(im_server: ImServer, changes: dict[str, Any], code: int) -> None:
    im_server.members = {"wang.min"}
    async with httpx.AsyncClient(base_url=im_server.base_url) as client:
        token = (await client.get("/cgi-bin/gettoken", params={"corpid": CORP, "corpsecret": SECRET})).json()
        path = f"/cgi-bin/message/send?access_token={token['access_token']}"
        assert (await client.post(path, json=APP | changes)).json()["errcode"] == code
        assert (await client.post("/cgi-bin/message/send?access_token=x", json=APP)).json()["errcode"] == 40014
    assert len(im_server.shown()) == (code == 0)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (f"/cgi-bin/webhook/send?key={KEY}", TEXT, 0),
        ("/cgi-bin/webhook/send?key=other", TEXT, 93000),
        (f"/cgi-bin/webhook/send?key={KEY}", {"msgtype": "text", "text": {"content": "x", "bold": True}}, 40058),
        (f"/robot/send?access_token={KEY}", TEXT, 0),
        ("/robot/send?access_token=other", TEXT, 300005),
        (f"/robot/send?access_token={KEY}", {**TEXT, "colour": "red"}, 40035),
        (f"/robot/send?access_token={KEY}", {"msgtype": "text", "text": {"content": "x" * 20_000}}, 460101),
        (f"/open-apis/bot/v2/hook/{KEY}", {"msg_type": "text", "content": {"text": "x"}}, 0),
        ("/open-apis/bot/v2/hook/other", {"msg_type": "text", "content": {"text": "x"}}, 19001),
        (f"/open-apis/bot/v2/hook/{KEY}", {"msg_type": "text", "content": {"text": "x", "bold": True}}, 9499),
        (f"/open-apis/bot/v2/hook/{KEY}", {"msg_type": "text", "content": {"text": "x" * 20_000}}, 9499),
    ],
)
async def test_robots_refuse(im_server: ImServer, path: str, body: dict[str, Any], code: int) -> None:
    im_server.robots = {(service, KEY): None for service in ("wecom_bot", "dingtalk", "feishu")}
    async with httpx.AsyncClient(base_url=im_server.base_url) as client:
        answer = (await client.post(path, json=body)).json()
        assert answer.get("errcode", answer.get("code")) == code
        as_text = await client.post(path, content=b"hello", headers={"content-type": "text/plain"})
        assert as_text.status_code == 200
    assert len(im_server.shown()) == (code == 0)


async def test_more_than_thirty_a_minute_are_dropped_in_silence(im_server: ImServer) -> None:
    im_server.members = None
    async with httpx.AsyncClient(base_url=im_server.base_url) as client:
        token = (await client.get("/cgi-bin/gettoken", params={"corpid": CORP, "corpsecret": SECRET})).json()
        path = f"/cgi-bin/message/send?access_token={token['access_token']}"
        codes = [
            (await client.post(path, json=APP | {"text": {"content": str(number)}})).json()["errcode"]
            for number in range(32)
        ]
    assert codes == [0] * 32
    assert len(im_server.shown()) == 30


def test_one_command_starts_them_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.providers", "--folder", str(tmp_path)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        given: dict[str, str] = {}
        while "WEB_PUSH_SERVICES" not in given:
            line = process.stdout.readline()
            assert line, process.poll()
            given |= dict(re.findall(r"^export (\w+)=(.*)$", line))
        robot = f"{given['WECOM_BASE_URL']}/cgi-bin/webhook/send?key={KEY}"
        assert httpx.post(robot, json=TEXT, trust_env=False).json()["errcode"] == 0
        assert httpx.post(f"{given['WEB_PUSH_SERVICES']}/subscribe", trust_env=False).json()["keys"]
        assert httpx.get(f"{given['FCM_BASE_URL']}/ledger", trust_env=False).json()["entries"] == []
        while "wecom_bot" not in line:
            line = process.stdout.readline()
            assert line, process.poll()
        assert line == f"wecom_bot {KEY} shown: hello\n"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
