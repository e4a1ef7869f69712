"""Good addresses of every channel that is bound, made up; and the rules of a server that offers them all."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from domain.bindings import Binding, BindingRules, BoundChannel
from domain.ids import BindingId, new_id
from domain.notices import Priority
from domain.people import Person

EVERY_CHANNEL = BindingRules(
    channels=frozenset(each.channel_name for each in BoundChannel), apprise_schemes=frozenset({"tgram", "slack"})
)
PUBLIC_KEY = base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode().rstrip("=")
AUTH = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")
ROBOT = "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"
ADDRESSES: dict[BoundChannel, dict[str, Any]] = {
    BoundChannel.WECOM_BOT: {"address": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={ROBOT}"},
    BoundChannel.WECOM_APP: {"address": "Wang.Min"},
    BoundChannel.DINGTALK: {
        "address": f"https://oapi.dingtalk.com/robot/send?access_token={'a1' * 32}",
        "secret": "SEC" + "0f" * 32,
    },
    BoundChannel.FEISHU: {"address": f"https://open.feishu.cn/open-apis/bot/v2/hook/{ROBOT}", "secret": "s3cr3tS3cr3t"},
    BoundChannel.LARK: {"address": f"https://open.larksuite.com/open-apis/bot/v2/hook/{ROBOT}"},
    BoundChannel.WEB_PUSH: {
        "address": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAAB",
        "secret": AUTH,
        "publicKey": PUBLIC_KEY,
    },
    BoundChannel.APPRISE: {"address": "tgram://123456789:abcdefg_hijklmnop/12315544/"},
}
"""What `bindChannel` is given, without the channel."""


def a_binding(person: Person, now: datetime, **changes: Any) -> Binding:
    """A member of WeCom who wants to hear everything."""
    values: dict[str, Any] = {
        "id": BindingId(new_id("bnd", now)),
        "org_id": person.org_id,
        "holder_id": person.id,
        "team_id": person.team_id,
        "channel": BoundChannel.WECOM_APP,
        "address": "robin",
        "least_priority": Priority.NORMAL,
        "created_at": now,
        "updated_at": now,
    }
    return Binding(**(values | changes))
