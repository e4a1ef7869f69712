"""Planned and driven distances in the schema."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from typing import TYPE_CHECKING, Annotated

import strawberry

from reports.distances import DistanceGrouping
from resolvers.distances import report_distances
from schema.fields import Info, computed, related, returns, stored
from schema.scalars import described_enum
from schema.team import InTeam
from storage.codec import encode
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    DistanceGrouping,
    "What one line of planned and driven distances is about.",
    REP_AND_DAY="A rep on one day.",
    REP="A rep.",
    DAY="A day.",
    REGION="A region: each way belongs to the region of the site it led to.",
)


def _local_date(stored_date: str | None) -> LocalDate | None:
    return None if stored_date is None else LocalDate.fromisoformat(stored_date)


@strawberry.type(description="How far the plans were and how far was driven. What the grouping leaves open is null.")
class DistanceLine:
    rep_id: strawberry.ID | None = stored("rep_id", "Whose.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose.", key="rep_id")
    date: LocalDate | None = computed(_local_date, "The local date on which the shift began.", needs=("date",))
    region: str | None = stored("region", "The sites' region; null also for ways to sites that have none.")
    planned_m: float | None = stored("planned_m", "Length of the published plans, metres; null where there was none.")
    driven_m: float | None = stored("driven_m", "Metres measured from positions; null where no shift was measured.")
    gap_m: float | None = stored(
        "gap_m", "Straight lines across times without positions, metres; not part of `drivenM`. Null without any."
    )
    ratio: float | None = stored(
        "ratio", "Metres driven for each metre planned, over those days of a rep that have both."
    )


@strawberry.type
class DistanceQuery:
    @returns(
        list[DistanceLine] | None,
        "Planned and driven distances of the reps in your subtree, or your own; null where you may not see the team. "
        "What was driven is measured within a quarter of an hour after positions came, and kept for a year.",
    )
    async def driven_distances(
        self,
        info: Info,
        since: Annotated[LocalDate, strawberry.argument(description="First local date.")],
        until: Annotated[LocalDate, strawberry.argument(description="Last local date, at most 91 days later.")],
        by: Annotated[DistanceGrouping, strawberry.argument(description="What a line is about.")],
        team_id: InTeam = None,
    ) -> list[Document] | None:
        lines = await report_distances(info.context, since, until, by, team_id)
        return None if lines is None else [encode(each) for each in lines]
