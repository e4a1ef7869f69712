"""Phones that several people use by turns, in the schema: the list of them and registering one."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.refusals import Refusal
from resolvers.shared_phones import share_phone
from schema.fields import Info, mutates, related, returns, stored
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person


@strawberry.type(description="A phone that several people use by turns: that is no sign of a cheat.")
class SharedPhone:
    device_id: str = stored("device_id", "What check-ins from it say as `deviceId`.")
    registered_at: datetime = stored("registered_at", "Since when it is known to be shared.")
    registered_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who registered it.", key="registered_by_id"
    )


@strawberry.type
class SharedPhoneQuery:
    @returns(Connection[SharedPhone] | None, "The phones of your organization that are shared.")
    async def shared_phones(self, info: Info, first: First = 20, after: After = None) -> Document:
        return as_connection(await info.context.reads.page("shared_phones", {}, page_request(first, after, "_id")))


@strawberry.type
class SharedPhoneMutation:
    @mutates(
        "sharePhone",
        "Says that a phone is used by several people, or no longer is. Their check-ins of one day are reviewed only "
        "where they overlap. Needs PLAN_FOR_OTHERS.",
        SharedPhone,
        *COMMON,
    )
    async def share_phone(
        self,
        info: Info,
        client_key: ClientKey,
        device_id: Annotated[str, strawberry.argument(description="What check-ins from it say as `deviceId`.")],
        shared: Annotated[bool, strawberry.argument(description="False takes it back.")] = True,
    ) -> Document | Refusal:
        return await share_phone(info.context, client_key, device_id, shared=shared)
