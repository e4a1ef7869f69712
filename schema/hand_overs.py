"""Hand-overs in the schema: departures, how far they are, and the log of what moved."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.hand_overs import HandedOver, HandOverState
from domain.refusals import Refusal
from resolvers.people import start_departure
from schema.fields import Info, mutates, related, returns, stored, wanted
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.people import LastAdmin, Person, SuccessorNotAvailable
from schema.refusals import COMMON, WrongState
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    HandOverState,
    "Whether a hand-over still moves records.",
    RUNNING="A worker goes on with it; until a record has moved, the successor sees it and is told about it.",
    DONE="Nothing is left.",
)
described_enum(
    HandedOver,
    "What kind of record was handed over.",
    LEAD="A lead with its history and clocks; a new leg began on each.",
    VISIT="A planned visit.",
    NOTICE="Something the person had been told and that is still open; the successor was told.",
    ACCOUNT="A customer they looked after.",
    TEAM="A team they managed.",
)


@strawberry.type(description="Everything open of a person who left, on its way to a successor.")
class HandOver(Node):
    state: HandOverState = stored("state", "Whether it still moves records.")
    person_id: strawberry.ID = stored("person_id", "Who left.")
    person: Person | None = related("people", "Who left.", key="person_id")
    successor_id: strawberry.ID = stored("owner_id", "Who was named to take over.")
    successor: Person | None = related("people", "Who was named to take over.", key="owner_id")
    started_by_id: strawberry.ID = stored("started_by", "Who started it.")
    started_at: datetime = stored("started_at", "When the person left.")
    finished_at: datetime | None = stored("finished_at", "When nothing was left; null while it runs.")
    leads: int = stored("leads", "Leads that moved so far.")
    visits: int = stored("visits", "Planned visits that moved so far.")
    notices: int = stored("notices", "Notices that were passed on so far.")
    accounts: int = stored("accounts", "Customers that moved so far.")


@strawberry.type(description="One record that was handed over.")
class HandOverEntry:
    kind: HandedOver = stored("kind", "What it is.")
    record_id: strawberry.ID = stored("record_id", "Its id.")
    from_id: strawberry.ID = stored("person_id", "Who had it.")
    to_id: strawberry.ID = stored("owner_id", "Who got it.")
    at: datetime = stored("at", "When it moved.")


@strawberry.type
class HandOverQuery:
    @returns(HandOver | None, "One hand-over; null where it does not exist or you may not see it.")
    async def hand_over(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("hand_overs", id, wanted(info, "HandOver"))

    @returns(Connection[HandOver] | None, "The hand-overs of your teams and those to you, newest first.")
    async def hand_overs(self, info: Info, first: First = 20, after: After = None) -> Document:
        page = await info.context.reads.page("hand_overs", {}, page_request(first, after), wanted(info, "HandOver"))
        return as_connection(page)

    @returns(Connection[HandOverEntry] | None, "The log of a hand-over: every record that moved, in that order.")
    async def hand_over_entries(
        self,
        info: Info,
        hand_over_id: Annotated[strawberry.ID, strawberry.argument(description="Which hand-over.")],
        first: First = 20,
        after: After = None,
    ) -> Document:
        request = page_request(first, after, "_id")
        page = await info.context.reads.page("hand_over_entries", {"hand_over_id": hand_over_id}, request)
        return as_connection(page)


@strawberry.type
class HandOverMutation:
    @mutates(
        "startDeparture",
        "A person leaves: they cannot sign in any more, and all open leads with their clocks, planned visits, open "
        "notices and customers move to the successor, who sees them from now on. For administrators.",
        HandOver,
        *COMMON,
        WrongState,
        LastAdmin,
        SuccessorNotAvailable,
    )
    async def start_departure(
        self,
        info: Info,
        client_key: ClientKey,
        person_id: Annotated[strawberry.ID, strawberry.argument(description="Who leaves.")],
        successor_id: Annotated[
            strawberry.ID, strawberry.argument(description="A rep of the same team, or somebody who leads it.")
        ],
    ) -> Document | Refusal:
        return await start_departure(info.context, client_key, person_id, successor_id)
