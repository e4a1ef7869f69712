"""Robots of WeCom groups. Texts have at most 2,048 bytes, not characters."""

from __future__ import annotations

from datetime import datetime

from domain.deliveries import Outcome
from push.channel import Bound
from push.robots import Request, Service

TEXT_BYTES = 2_048


def _request(robot: Bound, text: str, now: datetime) -> Request:  # noqa: ARG001 - WeCom signs nothing
    return Request(
        "/cgi-bin/webhook/send", {"msgtype": "text", "text": {"content": text}}, query={"key": robot.address}
    )


WECOM_BOT = Service(
    name="wecom_bot",
    text_bytes=TEXT_BYTES,
    request=_request,
    codes={
        -1: Outcome.RETRY,  # the system is busy
        45009: Outcome.HELD,  # more than 20 a minute
        45033: Outcome.RETRY,  # too many at once
        93000: Outcome.DEAD_TARGET,  # no such webhook
        93004: Outcome.DEAD_TARGET,  # the robot is switched off
        93008: Outcome.DEAD_TARGET,  # the robot has left the group
    },
    code_field="errcode",
    text_field="errmsg",
)
