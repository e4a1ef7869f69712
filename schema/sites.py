"""Sites in the schema: type, inputs, queries and mutations."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.accounts import Tier
from domain.check_in_policies import DEFAULT_RADIUS_M
from domain.refusals import Refusal
from resolvers.sites import NewSite, create_site, sites_near, update_site
from schema.fields import Info, mutates, placed, related, related_list, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.places import Coordinates, CoordinatesInput
from schema.refusals import COMMON, IdTaken, NotAllowed, VersionConflict
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.visits import Visit


@strawberry.type(description="A place of an account where visits happen.")
class Site(Node):
    name: str = stored("name", "Name of the place.")
    location: Coordinates = placed("location", "The pin.")
    given_location: Coordinates = stored("given", "The pin as it was entered.")
    location_flagged: bool = stored(
        "given.flagged",
        "Entered as GCJ02 or BD09 although it lies outside mainland China; taken as WGS84.",
        default=False,
    )
    location_version: int = stored("location_version", "Grows by one each time the pin is moved.")
    radius_m: float = stored("radius_m", "Radius of the fence in metres.")
    address: str | None = stored("address", "Postal address.")
    region: str | None = stored("region", "Sales region.")
    opening_hours: str | None = stored("opening_hours", "OpenStreetMap's opening_hours, such as `Mo-Fr 09:00-18:00`.")
    time_zone: str = stored("time_zone", "IANA name of its time zone.")
    tier: Tier = stored("tier", "How much its account matters.")
    external_id: str | None = stored("external_id", "Id in the system it was imported from.")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    visits: list[Annotated["Visit", strawberry.lazy("schema.visits")]] = related_list(
        "visits", "Visits here that you may see, latest first.", on="site_id", order="-scheduled_at"
    )
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    created_at: datetime = stored("created_at", "When it was created.")
    updated_at: datetime = stored("updated_at", "When it last changed.")


@strawberry.enum(description="Order of a site list.")
class SiteOrder(Enum):
    NAME = strawberry.enum_value("name", description="By name.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")


@strawberry.input(description="Which sites; conditions that are absent do not restrict.")
class SiteFilter:
    account_id: strawberry.ID | None = strawberry.field(default=None, description="Only of this account.")
    tier: Tier | None = strawberry.field(default=None, description="Only of accounts of this tier.")
    region: str | None = strawberry.field(default=None, description="Only this region.")


@strawberry.input(description="A new site.")
class CreateSiteInput:
    account_id: strawberry.ID = strawberry.field(description="The customer.")
    name: str = strawberry.field(description="1 to 200 characters.")
    coordinates: CoordinatesInput = strawberry.field(description="The pin.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: sit_ + ULID or UUID.")
    address: str | None = strawberry.field(default=None, description="500 characters at the most.")
    region: str | None = strawberry.field(default=None, description="Sales region; the account's where absent.")
    opening_hours: str | None = strawberry.field(default=None, description="OpenStreetMap's opening_hours.")
    time_zone: str | None = strawberry.field(default=None, description="IANA name; the organization's where absent.")
    radius_m: float = strawberry.field(default=DEFAULT_RADIUS_M, description="100 to 1000 metres.")
    external_id: str | None = strawberry.field(default=None, description="Id in another system, unique.")


@strawberry.input(description="What changes; a field that is absent stays, null clears.")
class SiteChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    coordinates: CoordinatesInput | None = strawberry.field(
        default=strawberry.UNSET, description="The new pin; not for reps."
    )
    radius_m: float | None = strawberry.field(default=strawberry.UNSET, description="100 to 1000 m; not for reps.")
    address: str | None = strawberry.field(default=strawberry.UNSET, description="500 characters at the most.")
    region: str | None = strawberry.field(default=strawberry.UNSET, description="Sales region.")
    opening_hours: str | None = strawberry.field(default=strawberry.UNSET, description="OpenStreetMap's opening_hours.")
    time_zone: str | None = strawberry.field(default=strawberry.UNSET, description="IANA name.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Id in another system, unique.")


@strawberry.type
class SiteQuery:
    @returns(Site | None, "One site; null where it does not exist or you may not see it.")
    async def site(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("sites", id, wanted(info, "Site"))

    @returns(Connection[Site] | None, "The sites you may see.")
    async def sites(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[SiteOrder, strawberry.argument(description="Sorting.")] = SiteOrder.NAME,
        filter: Annotated[SiteFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        where = given(filter) if filter is not None else {}
        page = await info.context.reads.page("sites", where, request, wanted(info, "Site"))
        return as_connection(page)

    @returns(list[Site] | None, "Sites around a position that you may see, nearest first.")
    async def sites_near(
        self,
        info: Info,
        point: Annotated[CoordinatesInput, strawberry.argument(description="The middle.")],
        radius_m: Annotated[float, strawberry.argument(description="Metres, 1 to 10000.")] = 1000.0,
        first: First = 20,
    ) -> list[Document]:
        page_request(first, None)
        return await sites_near(info.context, given(point), radius_m, first)


@strawberry.type
class SiteMutation:
    @mutates("createSite", "Adds a place to an account.", Site, *COMMON, IdTaken)
    async def create_site(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CreateSiteInput, strawberry.argument(description="The site.")],  # noqa: A002
    ) -> Document | Refusal:
        return await create_site(info.context, client_key, NewSite(**given(input)))

    @mutates("updateSite", "Changes a site.", Site, *COMMON, VersionConflict, NotAllowed)
    async def update_site(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which site.")],  # noqa: A002
        changes: Annotated[SiteChanges, strawberry.argument(description="What changes.")],
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the site moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await update_site(info.context, client_key, id, given(changes), expected_version)
