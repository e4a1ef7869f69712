"""The team map in the schema: where the reps below a manager are, as a list and as a stream of changes."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.positions import drawn_state, duty
from domain.presence import Condition, DisplayState, Freshness, freshness
from resolvers.team import team_map, team_map_changes
from schema.fields import Info, computed, returns, stored, streams
from schema.paging import After, Connection, First, as_connection, page_request
from schema.positions import Position
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.visits import Visit

described_enum(
    Freshness,
    "How old the latest position is.",
    LIVE="Within twice the interval the phone announced.",
    RECENT="Up to 15 minutes.",
    STALE="Up to 60 minutes.",
    LOST="Older.",
    NO_DATA="There is no position.",
)
described_enum(
    Condition,
    "What is known of the rep's shift and phone.",
    ON_DUTY="In a shift.",
    OFF_DUTY="In no shift: not tracked.",
    PAUSED="On a break: not tracked.",
    NO_PERMISSION="In a shift, but the app may not use the location.",
    APP_KILLED="In a shift, but the app does not run: a silent push stayed unanswered for 10 minutes.",
    LOW_BATTERY="In a shift, the phone saves energy.",
)
described_enum(
    DisplayState,
    "The one state to draw, the first that holds.",
    OFF_DUTY="In no shift.",
    PAUSED="On a break.",
    NO_PERMISSION="The app may not use the location.",
    APP_KILLED="The app does not run: a silent push stayed unanswered for 10 minutes.",
    NO_DATA="In a shift, but no position came yet.",
    LOST="Silent for over 60 minutes.",
    LOW_BATTERY="The phone saves energy.",
    STALE="Silent for over 15 minutes.",
    RECENT="A position of the last 15 minutes.",
    IN_VISIT="At a customer.",
    LIVE="Under way.",
)
_SHIFT = ("shift_started_at", "shift_auto_end_at", "on_break", "phone_state", "woken_at")
_FIX = ("latest.at", "latest.cadence_s")

InTeam = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only this team and those below it; all yours if absent.")
]


@strawberry.type(description="A rep on the team map.")
class TeamMapEntry:
    person_id: strawberry.ID = stored("_id", "Who.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = stored("person", "The rep.")
    state: DisplayState = computed(drawn_state, "The one state to draw.", needs=(*_FIX, *_SHIFT, "open_visit._id"))
    freshness: Freshness = computed(freshness, "How old the latest position is.", needs=_FIX)
    condition: Condition = computed(duty, "What is known of shift and phone.", needs=_SHIFT)
    latest: Position | None = stored("latest", "The latest known position.")
    woken_at: datetime | None = stored(
        "woken_at", "Since when the phone has owed a sign of life that a silent push asked for; null once one came."
    )
    shift_started_at: datetime | None = stored("shift_started_at", "Start of the shift that lasts.")
    open_visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = stored("open_visit", "Where the rep is.")


@strawberry.type(description="A change of the team map: put the entries in place of those you have.")
class TeamMapChange:
    entries: list[TeamMapEntry] = stored("entries", "Reps whose position, shift or open visit changed.")
    removed_ids: list[strawberry.ID] = stored("gone", "Reps you may no longer see, or who no longer are reps.")
    is_full: bool = stored("is_full", "The whole map: forget everything else. True for the first event.")
    at: datetime = stored("at", "The server's time.")


@strawberry.type
class TeamMapQuery:
    @returns(
        Connection[TeamMapEntry] | None,
        "Where the reps in your subtree are, by name; a rep sees only themselves. Null where you may not see the team.",
    )
    async def team_map(
        self, info: Info, team_id: InTeam = None, first: First = 100, after: After = None
    ) -> Document | None:
        page = await team_map(info.context, team_id, page_request(first, after, "name"))
        return None if page is None else as_connection(page)


@strawberry.type
class TeamMapSubscription:
    @streams(
        TeamMapChange,
        "First the whole map (500 reps at the most), then what changes, about once a second. States also age with "
        "time: count on from `latest.at`. After an error subscribe again.",
    )
    async def team_map_changed(self, info: Info, team_id: InTeam = None) -> AsyncIterator[Document]:
        async for change in team_map_changes(info.context, team_id):
            yield change
