"""What-if questions about a visit that a plan left out or gives to somebody, in the schema."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.route_words import what_would_be
from resolvers.what_if import what_if
from routing.problem import DropReason
from schema.fields import Info, computed, related, returns, stored
from schema.routes import local_date
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.sites import Site


@strawberry.type(description="A day with a visit in any case, beside the same day without it. Nothing is saved.")
class WhatIf:
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose day.", key="owner_id")
    date: LocalDate = computed(local_date, "Which day, by the rep's calendar.", needs=("date",))
    fits: bool = stored("fits", "The visit can be made, and no appointment is broken for it.")
    explanation: str = computed(
        what_would_be,
        "When and at what price, or why not, in your language (en, zh-CN).",
        needs=(
            *("fits", "start_at", "time_zone", "leaves_out_site_ids", "breaks_appointment", "no_shift"),
            "drop",
        ),
    )
    why: DropReason | None = stored("drop.why", "The reason that binds where it cannot be made.")
    start_at: datetime | None = stored("start_at", "When the visit would start.")
    end_at: datetime | None = stored("end_at", "When the rep would be back.")
    leaves_out_site_ids: list[strawberry.ID] = stored(
        "leaves_out_site_ids", "Visits of the day without it that would be left out.", default=[]
    )
    value: int | None = stored("value", "Sum of the visits' values with it.")
    value_without: int | None = stored("value_without", "Sum of the visits' values without it.")
    distance_m: float | None = stored("distance_m", "The whole drive with it, metres.")
    distance_without_m: float | None = stored("distance_without_m", "The whole drive without it, metres.")
    proven: bool = stored("proven", "Both days are proven optimal.", default=False)


@strawberry.type
class WhatIfQuery:
    @returns(
        WhatIf | None,
        "Could a visit that a plan left out be made after all: with a later end of the shift, by somebody else, or on "
        "another day? Without any of these, what would have to go for it. A planned visit may be asked about as well: "
        "what it would mean for somebody else. Null where there is no such plan, or nothing in it about that site. "
        "Solved when asked, which takes up to two seconds.",
    )
    async def what_if(
        self,
        info: Info,
        plan_id: Annotated[strawberry.ID, strawberry.argument(description="The plan.")],
        site_id: Annotated[strawberry.ID, strawberry.argument(description="A site of its `dropped` or `stops`.")],
        later_end_minutes: Annotated[
            int, strawberry.argument(description="So much later the shift ends, 0 to 360 minutes.")
        ] = 0,
        rep_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Who makes the visit; whose plan it is if absent.")
        ] = None,
        date: Annotated[
            LocalDate | None, strawberry.argument(description="The local date; that of the plan if absent.")
        ] = None,
    ) -> Document | None:
        return await what_if(info.context, plan_id, site_id, later_end_minutes, rep_id, date)
