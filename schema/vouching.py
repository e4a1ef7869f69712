"""Check-ins a manager looks at, in the schema: the list of them, releasing and overriding."""

from typing import Annotated

import strawberry

from domain import rejudging
from domain.refusals import Refusal
from resolvers.second_looks import override_check_in, release_check_in
from schema.check_ins import CheckIn
from schema.fields import Info, mutates, returns, wanted
from schema.inputs import given
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, WrongState, shown
from storage.driver import Document

OwnCheckIn = shown(rejudging.OwnCheckIn, id="The check-in.")
Which = Annotated[strawberry.ID, strawberry.argument(description="Which check-in.")]
Why = Annotated[str, strawberry.argument(description="Why, 1 to 1000 characters; kept for good.")]


@strawberry.input(description="Which check-ins; conditions that are absent do not restrict.")
class CheckInFilter:
    review: bool | None = strawberry.field(default=None, description="Only those a manager has to look at, or not.")
    flagged: bool | None = strawberry.field(default=None, description="Only those that are odd, or not.")
    rep_id: strawberry.ID | None = strawberry.field(default=None, description="Only of this rep.")


@strawberry.type
class VouchingQuery:
    @returns(Connection[CheckIn] | None, "The check-ins and check-outs you may see, the latest first.")
    async def check_ins(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Annotated[CheckInFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        where = given(filter) if filter is not None else {}
        if "rep_id" in where:
            where["owner_id"] = where.pop("rep_id")
        request = page_request(first, after, "-event_at")
        return as_connection(await info.context.reads.page("check_ins", where, request, wanted(info, "CheckIn")))


@strawberry.type
class VouchingMutation:
    @mutates(
        "releaseCheckIn",
        "Says that a check-in under review was looked at: it counts for what it shows, and may withdraw a breach. "
        "Needs PLAN_FOR_OTHERS.",
        CheckIn,
        *COMMON,
        WrongState,
        OwnCheckIn,
    )
    async def release_check_in(
        self,
        info: Info,
        client_key: ClientKey,
        id: Which,  # noqa: A002
        reason: Why,
    ) -> Document | Refusal:
        return await release_check_in(info.context, client_key, id, reason)

    @mutates(
        "overrideCheckIn",
        "Stands for a check-in that was refused or does not count: it proves presence, a mock location too, and opens "
        "its visit. Needs PLAN_FOR_OTHERS.",
        CheckIn,
        *COMMON,
        WrongState,
        OwnCheckIn,
    )
    async def override_check_in(
        self,
        info: Info,
        client_key: ClientKey,
        id: Which,  # noqa: A002
        reason: Why,
    ) -> Document | Refusal:
        return await override_check_in(info.context, client_key, id, reason)
