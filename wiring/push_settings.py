"""The settings of push: the queue, its channels and their services; part of wiring/settings.py."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, StringConstraints, model_validator
from pydantic_settings import BaseSettings, NoDecode

from domain.bindings import PUSH_SERVICES
from push.registry import BASE_URLS, KNOWN
from push.rooms import limits_with
from wiring.setting_values import Names, json_object

_ALL = ", ".join(f"`{each}`" for each in KNOWN)
_Limits = dict[str, dict[str, int]]
_BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


def _known_channels(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in KNOWN]
    if unknown or not names:
        raise ValueError(f"must name at least one of {', '.join(KNOWN)} and nothing else")
    return names


def _known_limits(given: _Limits) -> _Limits:
    limits_with(given)
    return given


def _ready_channels(data: dict[str, Any]) -> tuple[str, ...]:
    """What can be opened with the settings there are: robots need none."""
    ready = {
        "fcm": bool(data.get("fcm_credentials")),
        "console": not data.get("fcm_credentials"),
        "web_push": bool(data.get("web_push_key_file")),
        "wecom_app": bool(data.get("wecom_secret")),
        "apprise": bool(data.get("apprise_schemes")),
    }
    names = ("wecom_app", "fcm", "console", "web_push", "wecom_bot", "dingtalk", "feishu", "lark", "apprise")
    return tuple(name for name in names if ready.get(name, True))


class PushSettings(BaseSettings):
    """Their part of the environment."""

    fcm_base_url: _BaseUrl = Field(default=BASE_URLS["fcm"], description="Where FCM HTTP v1 is reached.")
    fcm_credentials: FilePath | None = Field(
        default=None, description="File of the service account that may send by FCM."
    )
    wecom_corp_id: str | None = Field(
        default=None, description="Company whose WeCom app reaches members, with WECOM_AGENT_ID and WECOM_SECRET."
    )
    wecom_agent_id: int | None = Field(default=None, ge=0, description="The app's AgentId.")
    wecom_secret: str | None = Field(default=None, repr=False, description="The app's secret.")
    wecom_org_id: str | None = Field(
        default=None,
        description="Organization that is that company; others may then not bind its members.",
        json_schema_extra={"shown": "any"},
    )
    wecom_base_url: _BaseUrl = Field(default=BASE_URLS["wecom"], description="Where WeCom is reached.")
    dingtalk_base_url: _BaseUrl = Field(default=BASE_URLS["dingtalk"], description="Where DingTalk is reached.")
    feishu_base_url: _BaseUrl = Field(default=BASE_URLS["feishu"], description="Where Feishu is reached.")
    lark_base_url: _BaseUrl = Field(default=BASE_URLS["lark"], description="Where Lark is reached.")
    web_push_key_file: FilePath | None = Field(
        default=None,
        description="Key that browsers subscribe for, with WEB_PUSH_CONTACT; `python -m push.vapid FILE` makes one.",
    )
    web_push_contact: str | None = Field(
        default=None,
        pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$",
        description="Whom a push service tells about trouble: `mailto:` or `https:`.",
    )
    web_push_services: Names = Field(
        default=PUSH_SERVICES,
        description="Origins at which browsers may be subscribed, separated by commas; this server calls them.",
        json_schema_extra={"shown": "those of Chrome, Edge, Firefox and Safari"},
    )
    apprise_schemes: Names = Field(
        default=(),
        description="Kinds of Apprise URLs that people may bind, e.g. `tgram,slack`; never such as let them name the "
        "host (`json`). Needs the extra `apprise`.",
    )
    push_link_base: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = Field(
        default=None,
        description="Address that opens the app or console from chat messages; what follows `fieldbeat://` in a deep "
        "link is put behind it.",
        json_schema_extra={"shown": "no links"},
    )
    push_limits: Annotated[_Limits, NoDecode, BeforeValidator(json_object), AfterValidator(_known_limits)] = Field(
        default_factory=dict,
        description="JSON object of what one address may get, where it is not as documented: "
        '`{"wecom_bot": {"per_minute": 10}}`, also `per_second`, `per_hour`.',
    )
    push_channels: Annotated[Names, AfterValidator(_known_channels)] = Field(
        default_factory=_ready_channels,
        description=f"Channels in the order they are tried, separated by commas: {_ALL}. "
        "In mainland China WeCom, DingTalk and Feishu come first.",
        json_schema_extra={"shown": "`fcm` (`console` without FCM_CREDENTIALS), robots, and what has its settings"},
    )
    push_poll_s: float = Field(default=1, gt=0, description="How often the queue is looked at, seconds.")
    push_lease_s: float = Field(
        default=60, gt=0, description="How long a worker owns a delivery it has claimed, seconds."
    )
    push_lease_check_s: float = Field(
        default=5, gt=0, description="How often leases that ran out are given back, seconds."
    )
    push_send_timeout_s: float = Field(default=10, gt=0, description="Longest wait for a provider's answer, seconds.")
    push_backoff_base_s: float = Field(
        default=10, gt=0, description="Delay after the first failure, doubled each time, seconds."
    )
    push_backoff_cap_s: float = Field(default=300, gt=0, description="Longest delay between two attempts, seconds.")
    push_pause_s: float = Field(
        default=30, gt=0, description="How long a channel rests after 5 failures in 20 messages, seconds."
    )
    push_singles: int = Field(
        default=5,
        ge=0,
        description="Pushes of their own to one person within 10 minutes; the rest comes as digests. 0: no digests.",
    )
    push_incident_over: int = Field(
        default=50, ge=1, description="More breaches of a promise below a manager within 5 minutes are one incident."
    )

    @model_validator(mode="after")
    def _channels_have_what_they_need(self) -> Self:
        wecom = [each is not None for each in (self.wecom_corp_id, self.wecom_agent_id, self.wecom_secret)]
        problems = {
            "WECOM_SECRET: goes with WECOM_CORP_ID and WECOM_AGENT_ID": any(wecom) and not all(wecom),
            "WEB_PUSH_KEY_FILE: goes with WEB_PUSH_CONTACT": (
                (self.web_push_key_file is None) != (self.web_push_contact is None)
            ),
            "PUSH_CHANNELS: wecom_app needs WECOM_SECRET": "wecom_app" in self.push_channels and not any(wecom),
            "PUSH_CHANNELS: web_push needs WEB_PUSH_KEY_FILE": (
                "web_push" in self.push_channels and self.web_push_key_file is None
            ),
            "PUSH_CHANNELS: apprise needs APPRISE_SCHEMES": (
                "apprise" in self.push_channels and not self.apprise_schemes
            ),
        }
        if any(problems.values()):
            raise ValueError("\n".join(text for text, found in problems.items() if found))
        return self
