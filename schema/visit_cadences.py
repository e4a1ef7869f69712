"""The organization's visit cadences in the schema: how often accounts are visited, and how full planned days may be."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.accounts import Tier
from domain.refusals import Refusal
from resolvers.visit_cadences import save_visit_cadences, visit_cadences
from schema.fields import Info, mutates, returns, stored
from schema.inputs import given
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict
from storage.driver import Document


@strawberry.type(description="How often accounts of one tier are visited.")
class TierCadence:
    tier: Tier = stored("tier", "Of the account.")
    interval_days: int = stored("interval_days", "Days from one visit to the next.")
    least_days: int = stored("least_days", "Never sooner after the visit before.")
    most_days: int = stored("most_days", "Never later after the visit before.")


@strawberry.type(description="The rules that beat plans keep.")
class VisitCadences:
    version: int = stored("version", "Grows by one with each change; 0 for those every organization begins with.")
    tiers: list[TierCadence] = stored("tiers", "One of each tier.")
    visits_a_day: int = stored("visits_a_day", "How many visits a day may have.")
    reserved_percent: int = stored("reserved_percent", "The share of each shift that stays free for what comes up, %.")
    change_minutes: int = stored(
        "change_minutes", "So many minutes of driving are saved before a visit of the published plan moves."
    )
    calendar_key: str | None = stored(
        "calendar_key", "The calendar on whose closed dates (its holidays) nobody visits; null: rosters alone say."
    )
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.input(description="How often accounts of one tier are visited; each 1 to 180 days.")
class TierCadenceInput:
    tier: Tier = strawberry.field(description="Of the account.")
    interval_days: int = strawberry.field(description="Days from one visit to the next.")
    least_days: int = strawberry.field(description="Never sooner; up to the interval.")
    most_days: int = strawberry.field(description="Never later; the interval or more.")


@strawberry.input(description="All rules; they replace the ones before.")
class VisitCadencesInput:
    tiers: list[TierCadenceInput] = strawberry.field(description="Each tier once.")
    visits_a_day: int = strawberry.field(default=10, description="1 to 40.")
    reserved_percent: int = strawberry.field(default=20, description="0 to 80.")
    change_minutes: int = strawberry.field(default=15, description="0 to 480.")
    calendar_key: str | None = strawberry.field(default=None, description="A saved calendar, for its holidays.")


@strawberry.type
class VisitCadenceQuery:
    @returns(VisitCadences | None, "How often your organization visits its accounts.")
    async def visit_cadences(self, info: Info) -> Document:
        return await visit_cadences(info.context)


@strawberry.type
class VisitCadenceMutation:
    @mutates(
        "saveVisitCadences",
        "Replaces the rules for beat plans; they hold for what is planned from now on. For administrators.",
        VisitCadences,
        *COMMON,
        VersionConflict,
    )
    async def save_visit_cadences(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[VisitCadencesInput, strawberry.argument(description="The rules.")],  # noqa: A002
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await save_visit_cadences(info.context, client_key, given(input), expected_version)
