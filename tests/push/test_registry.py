"""Which channels a configuration opens, and the console's one line."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.channel_turns import MAINLAND_FIRST
from domain.deliveries import Outcome
from domain.preferences import PushChannel
from push.console import ConsoleChannel
from push.factories import FACTORIES
from push.registry import BOUND, KNOWN, PushConfig, channel_names, open_channels
from push.rooms import LIMITS
from tests.push.conftest import make_message, real_now
from tests.support.fcm_server import FcmServer


def config(channels: tuple[str, ...] = ("fcm",), path: Path | None = None, base_url: str = "http://x") -> PushConfig:
    return PushConfig(
        clock=real_now, write=lambda _: None, channels=channels, fcm_credentials_path=path, base_urls={"fcm": base_url}
    )


@pytest.mark.parametrize(
    ("channels", "path", "names"),
    [
        (("fcm",), None, ("console",)),
        (("fcm",), Path("key.json"), ("fcm",)),
        (("fcm", "console"), None, ("console",)),
        (("fcm", "console"), Path("key.json"), ("fcm", "console")),
        ((), None, ("console",)),
    ],
)
def test_channel_names(channels: tuple[str, ...], path: Path | None, names: tuple[str, ...]) -> None:
    assert channel_names(config(channels, path)) == names


def test_channel_names_unknown() -> None:
    with pytest.raises(ValueError, match="pigeon"):
        channel_names(config(("pigeon",)))


async def test_open_channels_sends(fcm_server: FcmServer, key_file: Path) -> None:
    channels = open_channels(config(("fcm", "console"), key_file, fcm_server.base_url))
    assert [channel.name for channel in channels.values()] == ["fcm", "console"]
    for channel in channels.values():
        assert (await channel.send(make_message())).outcome is Outcome.ACCEPTED
        await channel.close()
    assert len(fcm_server.accepted()) == 1


def test_every_name_is_made_somehow() -> None:
    assert set(FACTORIES) == set(KNOWN)
    assert set(BOUND) | {"console", "fcm"} == set(KNOWN)
    assert set(LIMITS) < set(BOUND)
    assert set(MAINLAND_FIRST) < set(BOUND)
    assert {each.channel_name for each in PushChannel} == set(KNOWN)


@pytest.mark.parametrize(
    ("name", "lacks"), [("wecom_app", "secret"), ("web_push", "key file"), ("fcm", "key file"), ("apprise", "extra")]
)
def test_a_channel_that_lacks_something_says_what(name: str, lacks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "push.apprise", raising=False)
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ValueError, match=lacks):
        FACTORIES[name](config((name,)))


def test_open_channels_bad_key_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.json"):
        open_channels(config(path=tmp_path / "none.json"))


async def test_console_writes_one_line() -> None:
    lines: list[str] = []
    result = await ConsoleChannel(lines.append).send(make_message(body="two\nlines"))
    assert result.outcome is Outcome.ACCEPTED
    assert lines == [
        "push CRITICAL ANDROID | Overdue | two lines | fieldbeat://inbox/1 | dlv_00000000-0000-5000-8000-000000000001"
    ]


async def test_console_without_a_device() -> None:
    lines: list[str] = []
    assert (await ConsoleChannel(lines.append).send(make_message(target=None))).outcome is Outcome.ACCEPTED
    assert lines[0].startswith("push CRITICAL - |")


async def test_console_closed_stream_is_retried() -> None:
    stream = io.StringIO()
    write: Callable[[str], object] = stream.write
    stream.close()
    assert (await ConsoleChannel(write).send(make_message())).outcome is Outcome.RETRY
