"""How a person wants to be told, in the schema: the caller's own preferences."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import strawberry

from domain.notices import NoticeKind
from domain.preferences import DEFAULT, PushChannel, wall_time
from domain.refusals import Refusal
from resolvers.preferences import notice_preferences, save_notice_preferences
from schema.fields import Info, computed, mutates, returns, stored, wanted
from schema.inputs import given
from schema.paging import ClientKey
from schema.refusals import COMMON
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    PushChannel,
    "A way in which notices are sent.",
    CONSOLE="The server's own output, where nothing else is set up.",
    FCM="The app on a phone, or a browser, through Firebase.",
    WECOM_APP="The company's WeCom app.",
    WECOM_BOT="A robot in a WeCom group.",
    DINGTALK="A robot in a DingTalk group.",
    FEISHU="A robot in a Feishu group.",
    LARK="A robot in a Lark group.",
    WEB_PUSH="A browser that has allowed notifications.",
    APPRISE="Another service.",
)


def _from(from_s: int | None) -> str:
    return wall_time(DEFAULT.quiet.from_s if from_s is None else from_s)


def _until(until_s: int | None) -> str:
    return wall_time(DEFAULT.quiet.until_s if until_s is None else until_s)


def _minutes(every_s: int | None) -> int:
    return (every_s or DEFAULT.digest_every_s) // 60


def _muted(mutes: Sequence[Mapping[str, str]] | None) -> Any:
    channels: dict[str, list[str]] = {}
    for each in mutes or ():
        channels.setdefault(each["kind"], []).append(each["channel"].upper())
    return [{"kind": kind, "channels": sorted(muted)} for kind, muted in sorted(channels.items())]


@strawberry.type(description="Notices of a kind that are not sent over some channels.")
class MutedNotices:
    kind: NoticeKind = stored("kind", "What they are about.")
    channels: list[PushChannel] = stored("channels", "Over which they are not sent.")


@strawberry.type(
    description="How you want to be told. The inbox shows everything all the same; what is critical is sent at night "
    "too, and never silenced on all channels."
)
class NoticePreferences:
    quiet_from: str = computed(
        _from,
        "Local time from which only what is critical is sent.",
        needs=("preferences.quiet.from_s",),
    )
    quiet_until: str = computed(
        _until,
        "When the rest of the night's notices is sent. The same as `quietFrom`: never quiet.",
        needs=("preferences.quiet.until_s",),
    )
    time_zone: str = stored("time_zone", "The IANA zone these times are meant in: yours.")
    locale: str = stored("locale", "The language you are told in, zh-CN or en; `updatePerson` changes it.")
    digest_every_minutes: int = computed(
        _minutes,
        "After five messages within 10 minutes the rest comes as a digest, at most so often.",
        needs=("preferences.digest_every_s",),
    )
    muted: list[MutedNotices] = computed(_muted, "What is not sent where.", needs=("preferences.muted",))


@strawberry.input(description="Notices of a kind that are not to be sent over some channels.")
class MutedNoticesInput:
    kind: NoticeKind = strawberry.field(description="What they are about.")
    channels: list[PushChannel] = strawberry.field(description="Over which they are not sent.")


@strawberry.input(description="What changes; a field that is absent stays.")
class NoticePreferencesInput:
    quiet_from: str | None = strawberry.field(default=None, description="A local time such as 22:00.")
    quiet_until: str | None = strawberry.field(
        default=None, description="A local time such as 07:00; the same as `quietFrom` for no quiet hours."
    )
    digest_every_minutes: int | None = strawberry.field(default=None, description="5 to 240.")
    muted: list[MutedNoticesInput] | None = strawberry.field(
        default=None, description="The whole list, 100 entries at the most; an empty one unmutes everything."
    )


@strawberry.type
class PreferenceQuery:
    @returns(NoticePreferences | None, "How you want to be told.")
    async def notice_preferences(self, info: Info) -> Document | None:
        return await notice_preferences(info.context, wanted(info, "NoticePreferences"))


@strawberry.type
class PreferenceMutation:
    @mutates(
        "saveNoticePreferences",
        "Changes how you are told. Counts at once, also for what waits to be sent.",
        NoticePreferences,
        *COMMON,
    )
    async def save_notice_preferences(
        self,
        info: Info,
        client_key: ClientKey,
        changes: Annotated[NoticePreferencesInput, strawberry.argument(description="What changes.")],
    ) -> Document | Refusal:
        return await save_notice_preferences(info.context, client_key, given(changes))
