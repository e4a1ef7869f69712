"""Actual shifts in the schema: type, query and the taps of a working day."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import shifts as domain
from domain.refusals import Refusal
from domain.shifts import EndKind
from resolvers.shifts import begin_shift, finish_break, finish_shift, take_break
from schema.fields import Info, computed, mutates, related, returns, stored, wanted
from schema.nodes import Node
from schema.paging import ClientKey
from schema.refusals import COMMON, IdTaken, shown
from schema.scalars import described_enum
from storage.driver import Document
from storage.shifts import find_open

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    EndKind,
    "How a shift ended.",
    MANUAL="The rep ended it.",
    AUTO="Nobody ended it: closed at planned end + 2 h. An end that was tapped before then and arrives late counts.",
)
ShiftAlreadyOpen = shown(domain.ShiftAlreadyOpen, shift_id="The shift that is open.")
NoOpenShift = shown(domain.NoOpenShift)
BreakAlreadyOpen = shown(domain.BreakAlreadyOpen, started_at="Since when.")
NoOpenBreak = shown(domain.NoOpenBreak)
EvidenceTimeInvalid = shown(
    domain.EvidenceTimeInvalid,
    at="The time given.",
    earliest_at="Not before: 72 h ago, or what came first.",
    latest_at="Not after: 2 minutes from now.",
)

At = Annotated[
    datetime, strawberry.argument(description="When it was tapped: up to 72 h ago, for work without signal.")
]


def _is_open(ended_at: datetime | None) -> bool:
    return ended_at is None


@strawberry.type(description="A pause within a shift; nothing is tracked in it.")
class ShiftBreak:
    started_at: datetime = stored("started_at", "Since when.")
    ended_at: datetime | None = stored("ended_at", "Until when; null while it lasts.")


@strawberry.type(description="The time a rep actually works. Positions are taken only within, and not in breaks.")
class Shift(Node):
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Whose it is.", key="owner_id"
    )
    is_open: bool = computed(_is_open, "Whether it has not ended.", needs=("ended_at",))
    started_at: datetime = stored("started_at", "When it was started on the phone.")
    ended_at: datetime | None = stored("ended_at", "When it was ended; null while it is open.")
    end_kind: EndKind | None = stored("end_kind", "How it ended; null while it is open.")
    auto_end_at: datetime = stored("auto_end_at", "When it ends by itself if nobody ends it.")
    breaks: list[ShiftBreak] = stored("breaks", "Its breaks in order; the last may last.", default=[])
    version: int = stored("version", "Grows by one with each change.")


@strawberry.type
class ShiftQuery:
    @returns(Shift | None, "Your open shift; null where you are not at work.")
    async def my_shift(self, info: Info) -> Document | None:
        actor = info.context.me
        return await find_open(info.context.store, actor.org_id, actor.person_id, wanted(info, "Shift"))


@strawberry.type
class ShiftMutation:
    @mutates(
        "startShift",
        "Starts your shift. One that was forgotten past its assumed end is closed first.",
        Shift,
        *COMMON,
        IdTaken,
        ShiftAlreadyOpen,
        EvidenceTimeInvalid,
    )
    async def start_shift(
        self,
        info: Info,
        client_key: ClientKey,
        at: At,
        id: Annotated[  # noqa: A002
            strawberry.ID | None, strawberry.argument(description="Made on the device: shf_ + ULID or UUID.")
        ] = None,
    ) -> Document | Refusal:
        return await begin_shift(info.context, client_key, at, id)

    @mutates(
        "startBreak",
        "Starts a break of your open shift.",
        Shift,
        *COMMON,
        NoOpenShift,
        BreakAlreadyOpen,
        EvidenceTimeInvalid,
    )
    async def start_break(self, info: Info, client_key: ClientKey, at: At) -> Document | Refusal:
        return await take_break(info.context, client_key, at)

    @mutates("endBreak", "Ends your break.", Shift, *COMMON, NoOpenShift, NoOpenBreak, EvidenceTimeInvalid)
    async def end_break(self, info: Info, client_key: ClientKey, at: At) -> Document | Refusal:
        return await finish_break(info.context, client_key, at)

    @mutates(
        "endShift",
        "Ends your shift and an open break with it; also one that ended by itself, where the tap was before that.",
        Shift,
        *COMMON,
        NoOpenShift,
        EvidenceTimeInvalid,
    )
    async def end_shift(self, info: Info, client_key: ClientKey, at: At) -> Document | Refusal:
        return await finish_shift(info.context, client_key, at)
