"""The shared pool in the schema: its leads without contact details, claiming, giving back, and the rules."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import pool as domain
from domain.accounts import Tier
from domain.pool import ClaimLimit
from domain.refusals import Refusal
from resolvers.pool import change_pool_rules, claim_lead, lead_pool, pool_rules, release_lead
from schema.fields import Info, mutates, related, returns, stored, wanted
from schema.inputs import given
from schema.leads import Lead, LeadId
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, NotAllowed, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.teams import Team

described_enum(
    ClaimLimit,
    "Which limit of claims is reached.",
    OPEN="How many open leads from the pool one may have.",
    DAY="How many one may claim within a local day.",
)
LeadTaken = shown(domain.LeadTaken, id="The lead.")
ClaimLimitReached = shown(domain.ClaimLimitReached, limit="Which limit.", allowed="How many it allows.")
CoolingDown = shown(domain.CoolingDown, id="The lead.", until="From when the caller may claim it again.")


@strawberry.type(description="A lead that anybody may claim. Who to call is told to whoever claims it.")
class PoolLead:
    lead_id: strawberry.ID = stored("_id", "The lead; pass it to `claimLead`.")
    name: str = stored("name", "Title, such as the prospect's name.")
    tier: Tier = stored("tier", "How much it matters.")
    source: str | None = stored("source", "Where it came from.")
    region: str | None = stored("region", "Sales region.")
    product_line: str | None = stored("product_line", "What it is about.")
    team_id: strawberry.ID | None = stored("team_id", "Whose pool it lies in; null for everybody's.")
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related(
        "teams", "Whose pool it lies in; null for everybody's, and where you may not see the team.", key="team_id"
    )
    pooled_at: datetime = stored("pooled_at", "Since when it lies there.")
    occurred_at: datetime = stored("occurred_at", "When the prospect showed up.")
    sla_due_at: datetime | None = stored("sla_due_at", "The earliest due time of a promise that runs already.")


@strawberry.type(description="A lead that was given back.")
class ReleasedLead:
    lead_id: strawberry.ID = stored("lead_id", "The lead.")
    released_at: datetime = stored("released_at", "When it went back.")
    cool_down_until: datetime = stored("cool_down_until", "From when whoever had it may claim it again.")


@strawberry.type(description="The organization's rules for the pool.")
class PoolRules:
    max_open_claims: int = stored("max_open_claims", "How many open leads from the pool one may have.")
    max_claims_per_day: int = stored("max_claims_per_day", "How many one may claim within a local day.")
    cool_down_hours: int = stored("cool_down_h", "So long nobody may claim again what they gave back or lost.")
    claimed_untouched_hours: int | None = stored(
        "claimed_untouched_h", "After so long without an activity a claimed lead goes back; null: never."
    )
    assigned_untouched_hours: int | None = stored(
        "assigned_untouched_h", "The same for a lead that a rule or somebody else gave to its owner; null: never."
    )
    warn_before_hours: int = stored("warn_before_h", "So long before that the owner is told.")
    version: int = stored("version", "Grows by one with each change, 0 before the first; pass it as `expectedVersion`.")
    updated_at: datetime | None = stored("updated_at", "When they last changed.")
    updated_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who changed them.", key="updated_by"
    )


@strawberry.input(description="What changes; a field that is absent stays. Counts for leads taken over from then on.")
class PoolRulesChanges:
    max_open_claims: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 10000.")
    max_claims_per_day: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 10000.")
    cool_down_hours: int | None = strawberry.field(default=strawberry.UNSET, description="0 to 8784.")
    claimed_untouched_hours: int | None = strawberry.field(
        default=strawberry.UNSET, description="More than `warnBeforeHours`, 8784 at the most; null: never."
    )
    assigned_untouched_hours: int | None = strawberry.field(
        default=strawberry.UNSET, description="More than `warnBeforeHours`, 8784 at the most; null: never."
    )
    warn_before_hours: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 8784.")


_STORED = {
    "cool_down_hours": "cool_down_h",
    "claimed_untouched_hours": "claimed_untouched_h",
    "assigned_untouched_hours": "assigned_untouched_h",
    "warn_before_hours": "warn_before_h",
}


@strawberry.type
class PoolQuery:
    @returns(
        Connection[PoolLead] | None,
        "Open leads that nobody has, longest waiting first: of your team, of the teams above and below you, and of "
        "everybody.",
    )
    async def lead_pool(self, info: Info, first: First = 20, after: After = None) -> Document:
        request = page_request(first, after, "pooled_at")
        return as_connection(await lead_pool(info.context, request, wanted(info, "PoolLead")))

    @returns(PoolRules | None, "The organization's rules for the pool.")
    async def pool_rules(self, info: Info) -> Document:
        return await pool_rules(info.context)


@strawberry.type
class PoolMutation:
    @mutates(
        "claimLead",
        "Takes a lead from the pool; its clocks start or go on. Of two who claim it at once one gets it.",
        Lead,
        *COMMON,
        LeadTaken,
        ClaimLimitReached,
        CoolingDown,
    )
    async def claim_lead(self, info: Info, client_key: ClientKey, id: LeadId) -> Document | Refusal:  # noqa: A002
        return await claim_lead(info.context, client_key, id)

    @mutates(
        "releaseLead",
        "Gives a lead back to the pool: one's own claims, or with ASSIGN_LEADS any lead one sees. Clocks go on.",
        ReleasedLead,
        *COMMON,
        VersionConflict,
        WrongState,
        NotAllowed,
    )
    async def release_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 500 characters; kept with the lead.")],
    ) -> Document | Refusal:
        return await release_lead(info.context, client_key, id, reason)

    @mutates(
        "updatePoolRules",
        "Changes the organization's rules for the pool. For administrators.",
        PoolRules,
        *COMMON,
        VersionConflict,
    )
    async def update_pool_rules(
        self,
        info: Info,
        client_key: ClientKey,
        changes: Annotated[PoolRulesChanges, strawberry.argument(description="What changes.")],
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is changed, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        said = {_STORED.get(name, name): value for name, value in given(changes).items()}
        return await change_pool_rules(info.context, client_key, said, expected_version)
