"""Every push service at once, on this machine: for an operator who tries the whole chain without any of them.

`python -m tests.support.providers` prints the settings that let a server use them (docs/howto/try-push.md), and then
what arrives, until it is interrupted.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from push.vapid import write_key
from tests.support.fcm_server import FcmServer
from tests.support.im_server import AGENT, CORP, SECRET, ImServer
from tests.support.web_push_service import WebPushService

_LOOK_S = 0.2


class Providers:
    """FCM, the chat services and a push service, with the key files they need in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fcm, self.im, self.web_push = FcmServer(), ImServer(), WebPushService()

    def start(self, port: int = 0) -> Providers:
        """Serves on three ports from `port` on (0: free ones) until `stop`. Every robot and member is known."""
        ports = (port, port + 1, port + 2) if port else (0, 0, 0)
        for server, number in zip((self.fcm, self.im, self.web_push), ports, strict=True):
            server.start(number)
        self.im.robots = self.im.members = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self.fcm.write_credentials(self.folder / "fcm.json")
        if not (self.folder / "web-push.pem").exists():
            write_key(self.folder / "web-push.pem")
        return self

    def stop(self) -> None:
        """Ends all three."""
        for server in (self.fcm, self.im, self.web_push):
            server.stop()

    def settings(self) -> dict[str, str]:
        """What a server is started with to use them."""
        return {
            "FCM_BASE_URL": self.fcm.base_url,
            "FCM_CREDENTIALS": str((self.folder / "fcm.json").resolve()),
            "WECOM_CORP_ID": CORP,
            "WECOM_AGENT_ID": str(AGENT),
            "WECOM_SECRET": SECRET,
            **{f"{name}_BASE_URL": self.im.base_url for name in ("WECOM", "DINGTALK", "FEISHU", "LARK")},
            "WEB_PUSH_KEY_FILE": str((self.folder / "web-push.pem").resolve()),
            "WEB_PUSH_CONTACT": "mailto:push@fieldbeat.example",
            "WEB_PUSH_SERVICES": self.web_push.base_url,
        }

    def arrived(self) -> list[str]:
        """A line for everything that arrived so far, service by service."""
        lines = [f"fcm {each.target[:12]} {each.answer}: {_title(each.message)}" for each in self.fcm.ledger]
        lines += [
            f"{each.service} {each.address} {'shown' if each.shown else each.answer}: {' | '.join(each.text.split())}"
            for each in self.im.ledger
        ]
        return lines + [f"web_push {each.browser.endpoint[-8:]} shown: {each.message}" for each in self.web_push.shown]


def _title(message: dict[str, dict[str, str]] | None) -> str:
    return (message or {}).get("notification", {}).get("title", "-")


def main() -> None:
    """Prints settings, then arrivals, until interrupted."""
    parser = argparse.ArgumentParser(description="Loopback FCM, WeCom, DingTalk, Feishu, Lark and Web Push")
    parser.add_argument("--port", type=int, default=0, help="the first of three ports; free ones by default")
    parser.add_argument("--folder", type=Path, default=Path("data/providers"), help="where key files are written")
    asked = parser.parse_args()
    providers = Providers(asked.folder).start(asked.port)
    for name, value in providers.settings().items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.write(f"# a browser's subscription to bind: curl -X POST {providers.web_push.base_url}/subscribe\n")
    sys.stdout.write(
        f"# faults, ledgers: POST /faults, GET /ledger at {providers.fcm.base_url}, {providers.im.base_url}\n"
    )
    sys.stdout.flush()
    told: set[str] = set()
    try:
        while True:
            time.sleep(_LOOK_S)
            for number, line in enumerate(providers.arrived()):
                if f"{number}{line}" not in told:
                    told.add(f"{number}{line}")
                    sys.stdout.write(line + "\n")
                    sys.stdout.flush()
    except KeyboardInterrupt:
        providers.stop()


if __name__ == "__main__":
    main()
