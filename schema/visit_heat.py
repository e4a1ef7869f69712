"""The heat map of visits in the schema."""

from datetime import date as LocalDate  # noqa: N812 - as in the other reports
from typing import Annotated

import strawberry

from resolvers.visit_heat import find_visit_heat
from schema.fields import Info, placed, returns, stored
from schema.places import Coordinates
from schema.team import InTeam
from storage.driver import Document


@strawberry.type(description="A square of the map and the visits at the sites in it.")
class HeatSquare:
    centre: Coordinates = placed("centre", "Its centre.")
    south_west: Coordinates = placed("south_west", "Its south-western corner.")
    north_east: Coordinates = placed("north_east", "Its north-eastern corner.")
    made: int = stored("made", "Visits that were made, planned or not; one that was too short is none.")
    planned: int = stored("planned", "Visits that were planned and not called off, also those still to come.")
    done: int = stored("done", "Planned visits that were made.")
    missed: int = stored("missed", "Planned visits that nobody made.")


@strawberry.type(
    description="Where visits are made, as squares for a map. Each visit lies where its site is now; squares without "
    "any are left out. The figures are counted as in the report VISITS, from the visits as they are at this moment."
)
class VisitHeat:
    since: str = stored("since", "First day, YYYY-MM-DD in the organization's time zone.")
    until: str = stored("until", "Last day.")
    side_deg: float = stored("side_deg", "How many degrees of latitude and of longitude a side of a square has.")
    squares: list[HeatSquare] = stored("squares", "The squares, those with the most visits made first.")
    made: int = stored("made", "Visits that were made, of all squares and elsewhere.")
    planned: int = stored("planned", "Visits that were planned and not called off, likewise.")
    done: int = stored("done", "Planned visits that were made, likewise.")
    missed: int = stored("missed", "Planned visits that nobody made, likewise.")
    elsewhere: int = stored("elsewhere", "Visits made that are in no square: at sites that you may not see by now.")


@strawberry.type
class VisitHeatQuery:
    @returns(
        VisitHeat | None,
        "Where the visits of the teams you see were made; a rep sees their own. Null where the team is not yours to "
        "see. Days are those of the organization's time zone.",
    )
    async def visit_heat(
        self,
        info: Info,
        since: Annotated[LocalDate, strawberry.argument(description="First day.")],
        until: Annotated[LocalDate, strawberry.argument(description="Last day, at most 91 days later.")],
        team_id: InTeam = None,
        most: Annotated[
            int,
            strawberry.argument(
                description="How many squares at the most, 10 to 1000. They are 1/256 of a degree wide, some 430 m "
                "from south to north; their side doubles until they are few enough."
            ),
        ] = 300,
    ) -> Document | None:
        return await find_visit_heat(info.context, since, until, team_id, most)
