"""Proposals to move a site's pin in the schema: type, inputs, query and mutations."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import relocations
from domain.places import Datum
from domain.refusals import Refusal
from domain.relocations import RelocationState, SpotFix
from resolvers.relocations import approve_site_location, propose_site_location, reject_site_location
from schema.fields import Info, mutates, placed, related, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.places import Coordinates
from schema.refusals import COMMON, WrongState, shown
from schema.scalars import described_enum
from schema.sites import Site
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    RelocationState,
    "Whether somebody has decided on a proposal.",
    PROPOSED="It waits.",
    APPROVED="The pin was moved.",
    REJECTED="The pin stayed.",
)
OwnProposal = shown(relocations.OwnProposal, id="The proposal.")


@strawberry.type(description="A proposal to move a site's pin, measured by somebody who was there.")
class SiteRelocation(Node):
    state: RelocationState = stored("state", "Whether somebody has decided.")
    site: Site | None = related("sites", "The site.", key="site_id")
    location: Coordinates = placed("location", "Where the pin should be: the middle of the measured positions.")
    moves_m: float = stored("moves_m", "Metres from where the pin was.")
    reason: str = stored("reason", "Why.")
    proposed_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who proposed it.", key="owner_id"
    )
    proposed_at: datetime = stored("proposed_at", "When.")
    decided_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who decided.", key="decided_by_id"
    )
    decided_at: datetime | None = stored("decided_at", "When it was decided.")
    note: str | None = stored("note", "What whoever decided says about it.")


@strawberry.input(description="A position measured at the place.")
class SpotFixInput:
    latitude: float = strawberry.field(description="Degrees within 90, north is positive.")
    longitude: float = strawberry.field(description="Degrees within 180, east is positive.")
    datum: Datum = strawberry.field(description="What the two numbers are measured in.")
    accuracy_m: float = strawberry.field(description="Accuracy in metres, 30 at the most.")
    at: datetime = strawberry.field(description="When it was measured, within the last 72 hours.")


@strawberry.input(description="Which proposals; conditions that are absent do not restrict.")
class SiteRelocationFilter:
    state: RelocationState | None = strawberry.field(default=None, description="Only in this state.")
    site_id: strawberry.ID | None = strawberry.field(default=None, description="Only of this site.")


Which = Annotated[strawberry.ID, strawberry.argument(description="Which proposal.")]


@strawberry.type
class RelocationQuery:
    @returns(
        Connection[SiteRelocation] | None,
        "Proposals to move pins, newest first: a rep's own, a manager's teams', an administrator's all.",
    )
    async def site_relocations(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Annotated[  # noqa: A002
            SiteRelocationFilter | None, strawberry.argument(description="Which ones.")
        ] = None,
    ) -> Document:
        where = given(filter) if filter is not None else {}
        request = page_request(first, after)
        page = await info.context.reads.page("site_relocations", where, request, wanted(info, "SiteRelocation"))
        return as_connection(page)


@strawberry.type
class RelocationMutation:
    @mutates(
        "proposeSiteLocation",
        "Proposes where a site's pin should be, from 3 to 20 positions measured there at different moments.",
        SiteRelocation,
        *COMMON,
    )
    async def propose_site_location(
        self,
        info: Info,
        client_key: ClientKey,
        site_id: Annotated[strawberry.ID, strawberry.argument(description="The site.")],
        fixes: Annotated[list[SpotFixInput], strawberry.argument(description="The positions, within 100 m.")],
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 1000 characters.")],
    ) -> Document | Refusal:
        measured = [SpotFix(each.latitude, each.longitude, each.datum, each.accuracy_m, each.at) for each in fixes]
        return await propose_site_location(info.context, client_key, site_id, measured, reason)

    @mutates(
        "approveSiteLocation",
        "Moves the pin as somebody else proposed, from now on: earlier check-ins are judged by where it was. "
        "Needs PLAN_FOR_OTHERS.",
        SiteRelocation,
        *COMMON,
        WrongState,
        OwnProposal,
    )
    async def approve_site_location(
        self,
        info: Info,
        client_key: ClientKey,
        id: Which,  # noqa: A002
        note: Annotated[
            str | None, strawberry.argument(description="What to remember about it, 1 to 1000 characters.")
        ] = None,
    ) -> Document | Refusal:
        return await approve_site_location(info.context, client_key, id, note)

    @mutates(
        "rejectSiteLocation",
        "Leaves the pin where it is. Needs PLAN_FOR_OTHERS.",
        SiteRelocation,
        *COMMON,
        WrongState,
        OwnProposal,
    )
    async def reject_site_location(
        self,
        info: Info,
        client_key: ClientKey,
        id: Which,  # noqa: A002
        note: Annotated[str, strawberry.argument(description="Why, 1 to 1000 characters.")],
    ) -> Document | Refusal:
        return await reject_site_location(info.context, client_key, id, note)
