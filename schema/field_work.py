"""Batches of check-ins and check-outs in the schema, for phones that were without a connection."""

from typing import Annotated

import strawberry

from domain.access import Capability
from domain.refusals import InvalidInput
from domain.refusals import Refusal as DomainRefusal
from resolvers.check_ins import CheckInCall, CheckOutCall
from resolvers.context import Context
from resolvers.field_work import FieldWork, send_field_work
from schema.check_ins import CheckIn, CheckInInput, CheckOutInput, Sent, arrival_of, departure_of
from schema.evidence import sending_of
from schema.fields import Info, mutates, stored
from schema.refusals import COMMON, Refusal
from schema.visits import Visit
from storage.driver import Document


@strawberry.input(description="A check-in or a check-out: exactly one of the two.")
class FieldWorkInput:
    client_key: str = strawberry.field(description="The key of this item, the same at each attempt.")
    check_in: CheckInInput | None = strawberry.field(default=None, description="A check-in.")
    check_out: CheckOutInput | None = strawberry.field(default=None, description="A check-out.")


@strawberry.type(description="What one item of a batch is answered: a check-in, a visit or a refusal.")
class FieldWorkAnswer:
    client_key: str = stored("client_key", "The key of the item.")
    check_in: CheckIn | None = stored("check_in", "The check-in.")
    visit: Visit | None = stored("visit", "The visit that was checked out.")
    refusal: Refusal | None = stored("refusal", "Why it was not carried out.")


@strawberry.type(description="The answers to a batch.")
class FieldWorkBatch:
    answers: list[FieldWorkAnswer] = stored("answers", "One for each item, in the order in which they were sent.")


@strawberry.type
class FieldWorkMutation:
    @mutates(
        "sendFieldWork",
        "Sends what was recorded offline: up to 50 check-ins and check-outs, carried out in the order of their taps "
        "and answered one by one. A bad one keeps no other from being taken.",
        FieldWorkBatch,
        *COMMON,
    )
    async def send_field_work(
        self,
        info: Info,
        items: Annotated[list[FieldWorkInput], strawberry.argument(description="1 to 50, in any order.")],
        sending: Sent = None,
    ) -> Document | DomainRefusal:
        info.context.require(Capability.DO_FIELD_WORK)
        given = [FieldWork(each.client_key, _call(info.context, each)) for each in items]
        return await send_field_work(info.context, given, sending_of(sending))


def _call(context: Context, item: FieldWorkInput) -> CheckInCall | CheckOutCall | InvalidInput:
    if item.check_in is not None and item.check_out is None:
        return arrival_of(context, item.check_in)
    if item.check_out is not None and item.check_in is None:
        return departure_of(context, item.check_out)
    return InvalidInput("checkIn", "give exactly one of checkIn and checkOut")
