"""Robots of DingTalk groups, signed where the robot asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from domain.deliveries import Outcome
from push.channel import Bound
from push.robots import Request, Service

TEXT_BYTES = 3_000
"""A whole request has at most 20,000 bytes, and in JSON one byte may take six."""
_LOCKED_S = 600.0
"""A robot that sends more than 20 messages a minute is shut out for ten."""


def sign(secret: str, at_ms: int) -> str:
    """The signature of a moment: the secret is the key, the moment and the secret are the text."""
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _request(robot: Bound, text: str, now: datetime) -> Request:
    query = {"access_token": robot.address}
    if robot.secret is not None:
        at_ms = int(now.timestamp() * 1000)
        query |= {"timestamp": str(at_ms), "sign": sign(robot.secret, at_ms)}
    return Request("/robot/send", {"msgtype": "text", "text": {"content": text}}, query)


DINGTALK = Service(
    name="dingtalk",
    text_bytes=TEXT_BYTES,
    request=_request,
    codes={
        -1: Outcome.RETRY,  # the system is busy
        90030: Outcome.HELD,  # the webhook is over its limit
        130101: Outcome.HELD,  # more than 20 a minute
        410100: Outcome.HELD,  # the same in newer words
        300001: Outcome.DEAD_TARGET,  # no such token
        300005: Outcome.DEAD_TARGET,  # no such token
        310000: Outcome.DEAD_TARGET,  # signature, keyword or address list of the robot do not fit
        400013: Outcome.DEAD_TARGET,  # the group is dissolved
        400101: Outcome.DEAD_TARGET,  # no such token
        400102: Outcome.DEAD_TARGET,  # the robot is switched off
        400106: Outcome.DEAD_TARGET,  # no such robot
    },
    code_field="errcode",
    text_field="errmsg",
    unsigned=frozenset({310000}),
    held_s=_LOCKED_S,
)
