"""The replay of a rep's day in the schema: lines of positions, gaps between them, and how far it was."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.tracks import GapReason
from resolvers.tracks import track_of_day
from schema.fields import Info, placed, related, returns, stored
from schema.places import Coordinates
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    GapReason,
    "Why nothing is known between two segments.",
    ON_BREAK="A break, or the time between two shifts of the day: nothing is tracked then.",
    SILENT="The phone reported nothing for over 10 minutes.",
    JUMP="The next position lies over 4 km away.",
)


@strawberry.type(description="One position of a segment.")
class TrackPoint:
    location: Coordinates | None = placed("location", "Where, in the datum you ask for.")
    at: datetime = stored("at", "Time of the fix.")
    accuracy_m: float = stored("accuracy_m", "Radius of the circle the position lies in, metres.")
    speed_mps: float | None = stored("speed_mps", "Metres per second, as the phone said.")


@strawberry.type(description="Positions without a gap. Draw a line through its points.")
class TrackSegment:
    started_at: datetime = stored("started_at", "Time of its first position.")
    ended_at: datetime = stored("ended_at", "Time of its last position.")
    reported: int = stored("reported", "How many positions it is made of, before it was simplified.")
    driven_m: float = stored("driven_m", "Length of the way, metres, measured before it was simplified.")
    points: list[TrackPoint] = stored("points", "Those positions that the line needs.")


@strawberry.type(
    description="A time between two segments of which nothing is known. Draw it as a gap, never as a line."
)
class TrackGap:
    from_at: datetime = stored("from_at", "Time of the last position before.")
    until_at: datetime = stored("until_at", "Time of the first position after.")
    reason: GapReason = stored("reason", "Why.")
    distance_m: float = stored("distance_m", "Straight line across it, metres.")


@strawberry.type(
    description="The way of a rep in the shifts that began on one local date; a gap lies between segments."
)
class Track:
    rep_id: strawberry.ID = stored("owner_id", "Whose.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose.", key="owner_id")
    date: LocalDate = stored("date", "The rep's local date.")
    started_at: datetime | None = stored("started_at", "Start of the first shift; null where there was none.")
    ended_at: datetime | None = stored("ended_at", "End of the last shift; null while it lasts.")
    tolerance_m: float = stored(
        "tolerance_m", "How far the line may run beside a position: yours, or more where there were too many to draw."
    )
    segments: list[TrackSegment] = stored("segments", "By time.")
    gaps: list[TrackGap] = stored("gaps", "By time: the first lies between the first two segments.")
    driven_m: float = stored("driven_m", "Length of all segments, metres.")
    gap_m: float = stored("gap_m", "Straight lines across all gaps, metres; not part of `drivenM`.")
    planned_m: float | None = stored("planned_m", "Length of the day's published plan, metres; null without one.")


@strawberry.type
class TrackQuery:
    @returns(
        Track | None,
        "The way of a rep on a day of the last 60; null where you may not see the rep. The rep is told who looked.",
    )
    async def track(
        self,
        info: Info,
        date: Annotated[LocalDate, strawberry.argument(description="The rep's local date on which the shift began.")],
        rep_id: Annotated[strawberry.ID | None, strawberry.argument(description="Whose; yours if absent.")] = None,
        tolerance_m: Annotated[
            float, strawberry.argument(description="How far the line may run beside a position, 1 to 1000 metres.")
        ] = 10.0,
    ) -> Document | None:
        return await track_of_day(info.context, rep_id, date, tolerance_m)
