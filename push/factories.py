"""How each channel is made of the configuration; push/registry.py opens those that are wanted. One line each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from push.channel import Channel
from push.console import ConsoleChannel
from push.dingtalk import DINGTALK
from push.feishu import FEISHU, LARK
from push.registry import PushConfig
from push.robots import RobotChannel, Service
from push.vapid import VapidKey
from push.web_push import WebPushChannel
from push.wecom_app import WecomAppChannel
from push.wecom_bot import WECOM_BOT


def _console(config: PushConfig) -> Channel:
    return ConsoleChannel(config.write)


def _fcm(config: PushConfig) -> Channel:
    if config.fcm_credentials_path is None:
        raise ValueError("fcm needs the path of a service account's key file")
    # Their libraries take a quarter of a second to load, which a process without credentials need not wait for.
    from push.fcm import FcmChannel  # noqa: PLC0415
    from push.google_oauth import ServiceAccount  # noqa: PLC0415

    return FcmChannel(
        ServiceAccount.from_file(config.fcm_credentials_path),
        config.clock,
        project_id=config.fcm_project_id,
        base_url=config.base_url("fcm"),
        timeout_s=config.send_timeout_s,
    )


def _wecom_app(config: PushConfig) -> Channel:
    if config.wecom is None:
        raise ValueError("wecom_app needs the company, the agent and its secret")
    return WecomAppChannel(
        config.wecom,
        config.clock,
        base_url=config.base_url("wecom"),
        rooms=config.rooms,
        limit=config.limits["wecom_app"],
        timeout_s=config.send_timeout_s,
        link_base=config.link_base,
    )


def _robot(service: Service, base: str, config: PushConfig) -> Channel:
    return RobotChannel(
        service,
        config.clock,
        base_url=config.base_url(base),
        rooms=config.rooms,
        limit=config.limits[service.name],
        timeout_s=config.send_timeout_s,
        link_base=config.link_base,
    )


def _web_push(config: PushConfig) -> Channel:
    if config.web_push_key_path is None or config.web_push_contact is None:
        raise ValueError("web_push needs a key file and a contact")
    return WebPushChannel(
        VapidKey.from_file(config.web_push_key_path),
        config.web_push_contact,
        config.clock,
        services=config.push_services,
        timeout_s=config.send_timeout_s,
    )


def _apprise(config: PushConfig) -> Channel:
    try:
        from push.apprise import AppriseChannel  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise ValueError("apprise needs the extra `apprise`") from error
    return AppriseChannel(config.apprise_schemes, config.send_timeout_s, config.link_base)


FACTORIES: Final[dict[str, Callable[[PushConfig], Channel]]] = {
    "console": _console,
    "fcm": _fcm,
    "wecom_app": _wecom_app,
    "wecom_bot": partial(_robot, WECOM_BOT, "wecom"),
    "dingtalk": partial(_robot, DINGTALK, "dingtalk"),
    "feishu": partial(_robot, FEISHU, "feishu"),
    "lark": partial(_robot, LARK, "lark"),
    "web_push": _web_push,
    "apprise": _apprise,
}
