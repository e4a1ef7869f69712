"""Who and what is near, in the schema: the reps nearest to a site, and a rep's own sites with what is due there."""

from typing import TYPE_CHECKING, Annotated

import strawberry

import schema.routes  # noqa: F401 - gives CandidateReason its words
from domain.routes import CandidateReason
from resolvers.nearby import my_sites_near, nearest_reps
from schema.fields import Info, returns, stored
from schema.inputs import given
from schema.paging import First, page_request
from schema.places import CoordinatesInput
from schema.sites import Site
from schema.team import TeamMapEntry
from storage.driver import Document

if TYPE_CHECKING:
    from schema.visits import Visit


@strawberry.type(description="A rep at work and how far from a site.")
class NearestRep:
    distance_m: float = stored("distance_m", "From their latest position to the site's pin, metres.")
    entry: TeamMapEntry = stored("entry", "The rep as on the team map.")


@strawberry.type(description="One of your sites around a position.")
class MySiteNear:
    site: Site = stored("site", "The site.")
    distance_m: float = stored("distance_m", "From the position to its pin, metres.")
    reasons: list[CandidateReason] = stored("reasons", "Why a visit is due; empty where none is.")
    value: int = stored("value", "How much a visit is worth to the day's planner; 0 where none is due.")
    visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = stored(
        "visit", "The visit that is planned there by the end of the day, else one that was missed in the last 30 days."
    )
    days_since_visit: int | None = stored(
        "days_since_visit", "Whole days since the account's last verified visit; null where there was none."
    )


@strawberry.type
class NearbyQuery:
    @returns(
        list[NearestRep] | None,
        "Reps in your subtree who are at work, nearest to the site first, by positions of the last hour; null where "
        "you may not see the site. They are told who looked.",
    )
    async def nearest_reps(
        self,
        info: Info,
        site_id: Annotated[strawberry.ID, strawberry.argument(description="The site.")],
        first: Annotated[int, strawberry.argument(description="How many at the most, 1 to 50.")] = 5,
    ) -> list[Document] | None:
        return await nearest_reps(info.context, site_id, first)

    @returns(
        list[MySiteNear] | None,
        "Your own sites around a position, and those of whom you stand in for, nearest first, with what is due there.",
    )
    async def my_sites_near(
        self,
        info: Info,
        point: Annotated[CoordinatesInput, strawberry.argument(description="The middle.")],
        radius_m: Annotated[float, strawberry.argument(description="Metres, 1 to 10000.")] = 2000.0,
        first: First = 20,
        due_only: Annotated[bool, strawberry.argument(description="Only where a visit is due.")] = False,
    ) -> list[Document]:
        page_request(first, None)
        return await my_sites_near(info.context, given(point), radius_m, first, due_only=due_only)
