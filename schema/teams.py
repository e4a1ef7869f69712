"""The organization and its tree of teams in the schema: types, queries and mutations."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import people as domain
from domain.refusals import Refusal
from resolvers.teams import NewTeam, create_team, update_team
from schema.fields import Info, mutates, related, related_list, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict, shown
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

TeamCycle = shown(
    domain.TeamCycle,
    team_id="The team.",
    parent_id="The team that stands below it.",
    field="Path of the value in the input.",
)


@strawberry.type(description="The company whose field sales this is.")
class Organization(Node):
    name: str = stored("name", "Name.")
    time_zone: str = stored("time_zone", "IANA time zone that people get by default.")
    locale: str = stored("locale", "Language that people get by default: zh-CN or en.")
    is_demo: bool = stored("is_demo", "Whether its data is made up.", default=False)
    created_at: datetime = stored("created_at", "When it was created.")


@strawberry.type(description="A team; teams form a tree, and who leads one sees all below it.")
class Team(Node):
    name: str = stored("name", "Name.")
    parent: Annotated["Team", strawberry.lazy("schema.teams")] | None = related(
        "teams", "The team above; null at the top and where you may not see it.", key="parent_id"
    )
    manager: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who answers for everybody in it.", key="manager_id"
    )
    teams: list[Annotated["Team", strawberry.lazy("schema.teams")]] = related_list(
        "teams", "The teams right below, by name.", on="parent_id", order="name"
    )
    people: list[Annotated["Person", strawberry.lazy("schema.people")]] = related_list(
        "people", "Who belongs to it, by name.", on="team_id", order="name"
    )
    external_id: str | None = stored("external_id", "Id in the system it was imported from.")
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    created_at: datetime = stored("created_at", "When it was created.")


@strawberry.enum(description="Order of a list of teams.")
class TeamOrder(Enum):
    NAME = strawberry.enum_value("name", description="By name.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")


@strawberry.input(description="A new team. Only the name is required.")
class CreateTeamInput:
    name: str = strawberry.field(description="1 to 200 characters.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made by you: tea_ + ULID or UUID.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="The team above.")
    manager_id: strawberry.ID | None = strawberry.field(default=None, description="Who answers for it.")
    external_id: str | None = strawberry.field(default=None, description="Id in another system, unique.")


@strawberry.input(description="What changes; a field that is absent stays, null clears.")
class TeamChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The team above; all below move along."
    )
    manager_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Who answers for it.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Id in another system, unique.")


@strawberry.type
class TeamQuery:
    @returns(Organization | None, "Your organization.")
    async def organization(self, info: Info) -> Document | None:
        return await info.context.reads.find("organizations", info.context.me.org_id, wanted(info, "Organization"))

    @returns(Team | None, "One team; null where it does not exist or you may not see it.")
    async def team(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("teams", id, wanted(info, "Team"))

    @returns(Connection[Team] | None, "The teams you may see.")
    async def teams(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[TeamOrder, strawberry.argument(description="Sorting.")] = TeamOrder.NAME,
    ) -> Document:
        request = page_request(first, after, str(order.value))
        page = await info.context.reads.page("teams", {}, request, wanted(info, "Team"))
        return as_connection(page)


@strawberry.type
class TeamMutation:
    @mutates("createTeam", "Creates a team. For administrators.", Team, *COMMON, IdTaken, TeamCycle)
    async def create_team(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CreateTeamInput, strawberry.argument(description="The team.")],  # noqa: A002
    ) -> Document | Refusal:
        return await create_team(info.context, client_key, NewTeam(**given(input)))

    @mutates(
        "updateTeam",
        "Changes or moves a team. For administrators.",
        Team,
        *COMMON,
        VersionConflict,
        TeamCycle,
    )
    async def update_team(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which team.")],  # noqa: A002
        changes: Annotated[TeamChanges, strawberry.argument(description="What changes.")],
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the team moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await update_team(info.context, client_key, id, given(changes), expected_version)
