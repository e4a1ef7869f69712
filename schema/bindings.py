"""Bindings to other services in the schema: type, input, query and mutations. Addresses go in and never come out."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import bindings as domain
from domain.bindings import BoundChannel
from domain.refusals import Refusal
from resolvers.bindings import NewBinding, bind_channel, channel_bindings, unbind_channel, web_push_key
from schema.fields import Info, computed, mutates, related, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import ClientKey
from schema.priorities import Priority
from schema.refusals import COMMON, NotAllowed, shown
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.teams import Team

described_enum(
    BoundChannel,
    "A way to reach people beside their phones.",
    WECOM_BOT="A robot in a WeCom group.",
    WECOM_APP="The company's WeCom app, to one member. Somebody who leads or administers binds it.",
    DINGTALK="A robot in a DingTalk group.",
    FEISHU="A robot in a Feishu group (mainland China).",
    LARK="A robot in a Lark group (elsewhere).",
    WEB_PUSH="A browser that has allowed notifications.",
    APPRISE="Another service, by a URL of Apprise.",
)
AddressTaken = shown(domain.AddressTaken, field="Path of the value in the input.")
TooManyBindings = shown(domain.TooManyBindings, limit="How many there may be.")


def _hint(address: str) -> str:
    return f"…{address[-4:]}"


def _works(broken_at: datetime | None) -> bool:
    return broken_at is None


@strawberry.type(description="Where a person or team is reached beside the app. Its address and keys are never shown.")
class ChannelBinding(Node):
    channel: BoundChannel = stored("channel", "The way.")
    hint: str = computed(_hint, "The last characters of the address, to tell two apart.", needs=("address",))
    label: str | None = stored("label", "What people call it.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Whose it is; null for one of a team.", key="holder_id"
    )
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related(
        "teams", "Whose it is; null for one of a person.", key="holder_id"
    )
    least_priority: Priority = stored("least_priority", "Notices less urgent than this are not sent to it.")
    works: bool = computed(_works, "Whether messages are sent to it.", needs=("broken_at",))
    broken_at: datetime | None = stored(
        "broken_at", "When the service said that nothing arrives there any more: bind it again."
    )
    created_at: datetime = stored("created_at", "When it was first bound.")
    updated_at: datetime = stored("updated_at", "When it was last bound.")


@strawberry.type(description="A binding that is no more.")
class UnboundChannel:
    binding_id: strawberry.ID = stored("id", "Its former id.")


@strawberry.input(description="Where somebody is reached. Binding the same address again renews what is said here.")
class BindChannelInput:
    channel: BoundChannel = strawberry.field(description="The way.")
    address: str = strawberry.field(
        description="A robot's webhook URL or the key in it; the member's user id for WECOM_APP; the endpoint of the "
        "browser's subscription for WEB_PUSH; the URL for APPRISE. Keep it secret: who knows it may send."
    )
    holder_id: strawberry.ID | None = strawberry.field(
        default=None, description="The person or team; you by default. For others you need to lead or administer."
    )
    label: str | None = strawberry.field(default=None, description="What people call it, 60 characters at most.")
    secret: str | None = strawberry.field(
        default=None,
        description="What a robot of DINGTALK, FEISHU or LARK has its messages signed with; the subscription's key "
        "`auth` for WEB_PUSH.",
    )
    public_key: str | None = strawberry.field(
        default=None, description="The subscription's key `p256dh`, for WEB_PUSH alone."
    )
    least_priority: Priority | None = strawberry.field(
        default=None, description="Notices less urgent are not sent: NORMAL for people, HIGH for teams by default."
    )


@strawberry.type
class BindingQuery:
    @returns(
        list[ChannelBinding] | None,
        "Where a person or team is reached beside the app, 20 each at the most; empty where you may not see it.",
    )
    async def channel_bindings(
        self,
        info: Info,
        holder_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The person or team; you and your team by default."),
        ] = None,
    ) -> list[Document]:
        return await channel_bindings(info.context, holder_id, wanted(info, "ChannelBinding"))

    @returns(
        str | None,
        "The `applicationServerKey` with which a browser subscribes for WEB_PUSH; null where it is not offered.",
    )
    async def web_push_key(self, info: Info) -> str | None:
        return web_push_key(info.context)


@strawberry.type
class BindingMutation:
    @mutates(
        "bindChannel",
        "Sends somebody's notices to another service too. A browser that somebody else had bound is theirs from "
        "then on.",
        ChannelBinding,
        *COMMON,
        NotAllowed,
        AddressTaken,
        TooManyBindings,
    )
    async def bind_channel(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[BindChannelInput, strawberry.argument(description="The binding.")],  # noqa: A002
    ) -> Document | Refusal:
        return await bind_channel(info.context, client_key, NewBinding(**given(input)))

    @mutates("unbindChannel", "Ends what bindChannel began.", UnboundChannel, *COMMON, NotAllowed)
    async def unbind_channel(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which binding.")],  # noqa: A002
    ) -> Document | Refusal:
        return await unbind_channel(info.context, client_key, id)
