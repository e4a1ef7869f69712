"""Robots of Feishu groups and of Lark, its twin outside mainland China, signed where the robot asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.deliveries import Outcome
from push.channel import Bound
from push.robots import Request, Service

TEXT_BYTES = 3_000
"""A whole request has at most 20 KB, and in JSON one byte may take six."""


def sign(secret: str, at_s: int) -> str:
    """The signature of a moment: the moment and the secret are the key, the text is empty."""
    digest = hmac.new(f"{at_s}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _request(robot: Bound, text: str, now: datetime) -> Request:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if robot.secret is not None:
        at_s = int(now.timestamp())
        body = {"timestamp": str(at_s), "sign": sign(robot.secret, at_s)} | body
    return Request(f"/open-apis/bot/v2/hook/{robot.address}", body)


FEISHU = Service(
    name="feishu",
    text_bytes=TEXT_BYTES,
    request=_request,
    codes={
        11232: Outcome.HELD,  # more than 100 a minute or 5 a second
        11233: Outcome.HELD,  # the same for the group
        19001: Outcome.DEAD_TARGET,  # no such webhook
        19007: Outcome.DEAD_TARGET,  # the robot is switched off
        19021: Outcome.DEAD_TARGET,  # the signature does not fit
        19022: Outcome.DEAD_TARGET,  # this server is not on the robot's address list
        19024: Outcome.DEAD_TARGET,  # the robot asks for a keyword
    },
    code_field="code",
    text_field="msg",
    unsigned=frozenset({19021}),
)
LARK = replace(FEISHU, name="lark")
