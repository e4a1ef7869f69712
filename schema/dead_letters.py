"""Dead letters in the schema: deliveries that only an operator can mend, and replaying one."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

import schema.notices  # noqa: F401 - gives Priority its words
from domain.deliveries import DeliveryState
from domain.notices import Priority
from domain.refusals import Refusal
from resolvers.dead_letters import dead_letter_counts, dead_letters, replay_dead_letters, replay_delivery
from schema.fields import Info, mutates, related, returns, stored
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, WrongState
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    DeliveryState,
    "Where a delivery stands.",
    PENDING="Waits to be sent.",
    DEFERRED="Waits for the end of quiet hours.",
    LEASED="A worker is at it.",
    SENT="A provider accepted it.",
    RECEIVED="The phone has it.",
    OPENED="The person tapped it.",
    DEAD_TARGET="The device cannot be reached any more.",
    EXPIRED="Given up: its deadline passed.",
    POISON="Given up: no provider will ever accept it.",
    CONFIG_HOLD="The provider refuses our credentials or settings; tried again now and then.",
    CANCELLED="No longer wanted.",
    DIGESTED="Told together with others.",
)


class DeadLetterState(StrEnum):
    """The states of which an operator is told."""

    EXPIRED = DeliveryState.EXPIRED.value
    POISON = DeliveryState.POISON.value
    CONFIG_HOLD = DeliveryState.CONFIG_HOLD.value


described_enum(
    DeadLetterState,
    "Why only an operator can mend a delivery.",
    EXPIRED="Its deadline passed before a provider accepted it.",
    POISON="No provider will ever accept it as it is.",
    CONFIG_HOLD="The provider has refused our credentials or settings for over 15 minutes.",
)


@strawberry.type(description="One notice on its way to one person over one channel and device.")
class Delivery:
    delivery_id: strawberry.ID = stored("_id", "Which delivery.")
    state: DeliveryState = stored("state", "Where it stands.")
    channel: str = stored("channel", "Over what.")
    priority: Priority = stored("priority", "How urgent.")
    person_id: strawberry.ID = stored("owner_id", "To whom.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "The recipient.", key="owner_id"
    )
    notice_id: strawberry.ID = stored("notice_id", "What it tells.")
    device_id: strawberry.ID | None = stored("device_id", "To which device, where the channel has some.")
    attempts: int = stored("attempts", "How often it was tried.")
    last_error: str | None = stored("last_error", "What the last attempt came to; no text of the message.")
    created_at: datetime = stored("created_at", "When it was queued.")
    deadline_at: datetime = stored("deadline_at", "When it is given up.")
    finished_at: datetime | None = stored("finished_at", "When it was accepted or given up.")
    held_since: datetime | None = stored("held_since", "Since when the provider refuses our credentials or settings.")
    generation: int = stored("generation", "How often it was replayed before.", default=0)
    replay_of: strawberry.ID | None = stored("replay_of", "The dead letter whose place it takes.")
    replayed_at: datetime | None = stored(
        "replayed_at", "When another took its place, or nobody needed to hear it any more."
    )


@strawberry.type(description="How many deliveries wait for an operator.")
class DeadLetterCount:
    state: DeadLetterState = stored("state", "Why.")
    count: int = stored("count", "How many, counted up to 1,000.")


@strawberry.type(description="What became of many dead letters.")
class ReplayedDeadLetters:
    delivery_ids: list[strawberry.ID] = stored("ids", "The new deliveries.")
    dismissed: int = stored("dismissed", "How many nobody needs to hear any more; they are off the list.")
    may_be_more: bool = stored("may_be_more", "Whether to call again, with a new key.")


@strawberry.type
class DeadLetterQuery:
    @returns(
        Connection[Delivery] | None,
        "Deliveries that only an operator can mend and nobody has replayed, latest first. For administrators.",
    )
    async def dead_letters(
        self,
        info: Info,
        state: Annotated[DeadLetterState, strawberry.argument(description="Why.")],
        first: First = 20,
        after: After = None,
    ) -> Document:
        held = state is DeadLetterState.CONFIG_HOLD
        request = page_request(first, after, "-held_since" if held else "-finished_at")
        return as_connection(await dead_letters(info.context, DeliveryState(state.value), request))

    @returns(list[DeadLetterCount] | None, "How many deliveries wait for an operator. For administrators.")
    async def dead_letter_counts(self, info: Info) -> list[Document]:
        return await dead_letter_counts(info.context)


@strawberry.type
class DeadLetterMutation:
    @mutates(
        "replayDelivery",
        "Sends a dead letter once more, as a new delivery with all its time; what was acknowledged or has ended is "
        "not told again. Leaves a line in the audit trail. For administrators.",
        Delivery,
        *COMMON,
        WrongState,
    )
    async def replay_delivery(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="The dead letter.")],  # noqa: A002
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 1,000 characters.")],
    ) -> Document | Refusal:
        return await replay_delivery(info.context, client_key, id, reason)

    @mutates(
        "replayDeadLetters",
        "As `replayDelivery`, for the latest 50 in one state; one line in the audit trail. For administrators.",
        ReplayedDeadLetters,
        *COMMON,
    )
    async def replay_dead_letters(
        self,
        info: Info,
        client_key: ClientKey,
        state: Annotated[DeadLetterState, strawberry.argument(description="Why they are dead.")],
        reason: Annotated[str, strawberry.argument(description="Why again, 1 to 1,000 characters.")],
        channel: Annotated[str | None, strawberry.argument(description="Only of this channel, such as `fcm`.")] = None,
    ) -> Document | Refusal:
        return await replay_dead_letters(info.context, client_key, DeliveryState(state.value), channel, reason)
