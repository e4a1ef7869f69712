"""Assignment rules in the schema: the versioned table, saving it, and a look at what it would decide."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import assignment_rules as domain
from domain.accounts import Tier
from domain.refusals import Refusal
from resolvers.assignment_rules import assignment_table, save_assignment_table
from resolvers.assignments import preview
from schema.assignments import SkippedCandidate
from schema.fields import Info, mutates, placed_corners, related, returns, stored
from schema.inputs import given
from schema.paging import ClientKey
from schema.places import Coordinates, CoordinatesInput
from schema.refusals import COMMON, VersionConflict, shown
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.teams import Team

UnknownReference = shown(domain.UnknownReference, field="Path of the value in the input.", id="What it named.")


@strawberry.type(description="Who a rule gives leads to: one person, or everybody in the role REP in a team.")
class AssignmentCandidate:
    person_id: strawberry.ID | None = stored("person_id", "The person.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "The person; null where you may not see them.", key="person_id"
    )
    team_id: strawberry.ID | None = stored("team_id", "The team.")
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related(
        "teams", "The team; null where you may not see it.", key="team_id"
    )
    weight: int = stored("weight", "How many leads each gets in proportion to the others.")
    max_open_leads: int | None = stored("max_open_leads", "With so many open leads somebody is passed over.")


@strawberry.type(description="A named area that several rules may refer to.")
class Territory:
    key: str = stored("key", "What rules call it.")
    name: str = stored("name", "What people call it.")
    area: list[Coordinates] = placed_corners("area", "Its corners.")


@strawberry.type(description="Who gets a lead that meets all conditions; an empty condition does not restrict.")
class AssignmentRule:
    key: str = stored("key", "Outlives edits of the table, and with it whose turn it is.")
    name: str = stored("name", "What people call it.")
    candidates: list[AssignmentCandidate] = stored("candidates", "Who takes turns.", default=())
    pool_team_id: strawberry.ID | None = stored("pool_team_id", "Whose pool gets the lead where nobody can take it.")
    regions: list[str] = stored("regions", "Names of regions.", default=())
    territories: list[str] = stored("territories", "Keys of territories the lead may lie in.", default=())
    area: list[Coordinates] = placed_corners("area", "Corners of an area the lead must lie in.")
    product_lines: list[str] = stored("product_lines", "Product lines.", default=())
    tiers: list[Tier] = stored("tiers", "Tiers.", default=())
    sources: list[str] = stored("sources", "Sources.", default=())


@strawberry.type(description="By which rules new leads find their owner. The first rule that fits decides.")
class AssignmentTable:
    version: int = stored("version", "Grows by one with each save, 0 before the first; pass it as `expectedVersion`.")
    rules: list[AssignmentRule] = stored("rules", "In the order in which they are tried.", default=())
    territories: list[Territory] = stored("territories", "Areas that rules refer to.", default=())
    updated_at: datetime | None = stored("updated_at", "When this version was saved.")
    updated_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who saved this version.", key="updated_by"
    )


@strawberry.type(description="What the table would decide now.")
class AssignmentPreview:
    table_version: int = stored("table_version", "The version that was asked.")
    rule_key: str | None = stored("rule_key", "Key of the first rule that fits; null where none does.")
    rule_name: str | None = stored("rule_name", "Its name.")
    to_owner: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who would get the lead; null for the pool, and where you may not see them.", key="to_id"
    )
    to_owner_id: strawberry.ID | None = stored("to_id", "Who would get the lead; null for the pool.")
    pool_team_id: strawberry.ID | None = stored(
        "pool_team_id", "Whose pool would get it, where the rule says so and nobody can take it."
    )
    skipped: list[SkippedCandidate] = stored("skipped", "Who would be passed over, and why.", default=())


@strawberry.input(description="A person or a team, not both.")
class AssignmentCandidateInput:
    person_id: strawberry.ID | None = strawberry.field(default=None, description="A person who does field work.")
    team_id: strawberry.ID | None = strawberry.field(
        default=None, description="A team: everybody in the role REP in it, not below it."
    )
    weight: int = strawberry.field(default=1, description="1 to 100; equal weights get equally many.")
    max_open_leads: int | None = strawberry.field(
        default=None, description="1 to 10000; with so many open leads somebody is passed over. Absent: no limit."
    )


@strawberry.input(description="A named area.")
class TerritoryInput:
    key: str = strawberry.field(description="1 to 40 of A-Z, a-z, 0-9, _ and -.")
    name: str = strawberry.field(description="1 to 120 characters.")
    area: list[CoordinatesInput] = strawberry.field(description="3 to 200 corners; its edges must not cross.")


@strawberry.input(description="One rule. It needs candidates, a pool or both; conditions compare without case.")
class AssignmentRuleInput:
    key: str = strawberry.field(description="1 to 40 of A-Z, a-z, 0-9, _ and -; keep it to keep whose turn it is.")
    name: str = strawberry.field(description="1 to 120 characters.")
    candidates: list[AssignmentCandidateInput] = strawberry.field(
        default_factory=list, description="Who takes turns, 100 at the most."
    )
    pool_team_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose pool gets the lead where nobody can take it; absent: the creator's team's."
    )
    regions: list[str] = strawberry.field(default_factory=list, description="Only these regions.")
    territories: list[str] = strawberry.field(default_factory=list, description="Only within one of these, by key.")
    area: list[CoordinatesInput] = strawberry.field(
        default_factory=list, description="Only within these 3 to 200 corners."
    )
    product_lines: list[str] = strawberry.field(default_factory=list, description="Only these product lines.")
    tiers: list[Tier] = strawberry.field(default_factory=list, description="Only these tiers.")
    sources: list[str] = strawberry.field(default_factory=list, description="Only from these sources.")


@strawberry.input(description="The whole table; it replaces the one before.")
class AssignmentTableInput:
    rules: list[AssignmentRuleInput] = strawberry.field(description="200 at the most, in the order they are tried.")
    territories: list[TerritoryInput] = strawberry.field(
        default_factory=list, description="Areas that rules refer to, 100 at the most."
    )


@strawberry.input(description="A lead as the rules see it.")
class AssignmentPreviewInput:
    region: str | None = strawberry.field(default=None, description="Sales region.")
    product_line: str | None = strawberry.field(default=None, description="What it is about.")
    tier: Tier = strawberry.field(default=Tier.C, description="How much it matters.")
    source: str | None = strawberry.field(default=None, description="Where it came from.")
    site_id: strawberry.ID | None = strawberry.field(default=None, description="A site whose pin says where it is.")
    location: CoordinatesInput | None = strawberry.field(default=None, description="Where it is; wins over the site.")


@strawberry.type
class AssignmentRuleQuery:
    @returns(AssignmentTable | None, "The assignment rules; null for a version there never was. Needs ASSIGN_LEADS.")
    async def assignment_table(
        self,
        info: Info,
        version: Annotated[int | None, strawberry.argument(description="Which version; absent: the newest.")] = None,
    ) -> Document | None:
        return await assignment_table(info.context, version)

    @returns(AssignmentPreview | None, "Who would get a lead now, and why; nothing is written. Needs ASSIGN_LEADS.")
    async def assignment_preview(
        self,
        info: Info,
        input: Annotated[AssignmentPreviewInput, strawberry.argument(description="The lead.")],  # noqa: A002
    ) -> Document:
        return await preview(info.context, given(input))


@strawberry.type
class AssignmentRuleMutation:
    @mutates(
        "saveAssignmentTable",
        "Replaces the assignment rules; leads that have an owner stay where they are. For administrators.",
        AssignmentTable,
        *COMMON,
        VersionConflict,
        UnknownReference,
    )
    async def save_assignment_table(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[AssignmentTableInput, strawberry.argument(description="The table.")],  # noqa: A002
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await save_assignment_table(info.context, client_key, given(input), expected_version)
