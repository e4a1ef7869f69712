"""The organization's rules of planning in the schema: what days are reckoned with, and what changing a plan costs."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.accounts import Tier
from domain.refusals import Refusal
from resolvers.planning_policies import planning_policy, save_planning_policy
from schema.fields import Info, mutates, returns, stored
from schema.inputs import given
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict
from storage.driver import Document


@strawberry.type(description="What visits to accounts of one tier are worth to the planner, and how long they last.")
class TierPlanning:
    tier: Tier = stored("tier", "Of the account.")
    value: int = stored("value", "What a visit is worth; up to twice as much where it is overdue.")
    service_minutes: int = stored("service_minutes", "How long a visit lasts, where nobody said otherwise.")


@strawberry.type(description="Local hours of the day in which driving has another speed.")
class SlowHours:
    from_hour: int = stored("from_hour", "The first hour, 0 to 23.")
    until_hour: int = stored("until_hour", "The hour they end at.")
    speed_km_h: float = stored("speed_km_h", "Speed in them, km/h.")


@strawberry.type(
    description="What replanning pays for each visit of the published plan that it changes, in the unit of the visits' "
    "values. A change is made only where the new plan is worth more than that."
)
class ChangePrice:
    moved: int = stored("moved", "It starts `movedAfterMinutes` or more earlier or later.")
    reassigned: int = stored("reassigned", "Somebody else makes it.")
    dropped: int = stored("dropped", "Nobody makes it.")
    moved_after_minutes: int = stored("moved_after_minutes", "A visit that moves by less is where it was.")


@strawberry.type(description="The rules your organization plans days by.")
class PlanningPolicy:
    version: int = stored("version", "Grows by one with each change; 0 for the one every organization begins with.")
    detour_factor: float = stored(
        "detour_factor", "How much longer roads are than the straight line, where no road engine answers."
    )
    speed_km_h: float = stored("speed_km_h", "Mean speed, km/h, where no road engine answers.")
    slow_hours: list[SlowHours] = stored(
        "slow_hours",
        "Hours with another speed. A plan reckons with the mean speed over the time that it plans.",
        default=(),
    )
    lunch_from: str = stored("lunch_from", "Local time from which lunch may be had, such as 11:30.")
    lunch_until: str = stored("lunch_until", "Local time at which lunch is over at the latest.")
    lunch_minutes: int = stored("lunch_minutes", "How long lunch lasts; 0: none is planned.")
    tiers: list[TierPlanning] = stored("tiers", "Values and lengths of visits, one of each tier.")
    promise_value: int = stored("promise_value", "What a visit is worth in addition where a promise falls due.")
    change_price: ChangePrice = stored("change_price", "What changing a published plan costs.")
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.input(description="Visits to accounts of one tier.")
class TierPlanningInput:
    tier: Tier = strawberry.field(description="Of the account.")
    value: int = strawberry.field(description="What a visit is worth, 1 to 2000.")
    service_minutes: int = strawberry.field(description="How long it lasts, 5 to 480.")


@strawberry.input(description="Hours with another speed.")
class SlowHoursInput:
    from_hour: int = strawberry.field(description="The first hour, 0 to 23; not before the end of the entry above.")
    until_hour: int = strawberry.field(description="The hour they end at, up to 24.")
    speed_km_h: float = strawberry.field(description="3 to 130.")


@strawberry.input(description="What changing a published plan costs, for each visit of it; each 0 to 2000.")
class ChangePriceInput:
    moved: int = strawberry.field(default=5, description="It starts earlier or later.")
    reassigned: int = strawberry.field(default=20, description="Somebody else makes it.")
    dropped: int = strawberry.field(default=30, description="Nobody makes it.")
    moved_after_minutes: int = strawberry.field(
        default=15, description="From how many minutes on it counts as moved, 1 to 240."
    )


@strawberry.input(description="The whole policy; it replaces the one before.")
class PlanningPolicyInput:
    detour_factor: float = strawberry.field(default=1.35, description="1 to 3.")
    speed_km_h: float = strawberry.field(default=30.0, description="3 to 130.")
    slow_hours: list[SlowHoursInput] = strawberry.field(
        default_factory=list, description="In the order of the day, 6 at the most."
    )
    lunch_from: str = strawberry.field(default="11:30", description="HH:MM, where the rep is.")
    lunch_until: str = strawberry.field(default="13:30", description="HH:MM, later than `lunchFrom`.")
    lunch_minutes: int = strawberry.field(
        default=45, description="0 for no lunch, up to what lies between the two times."
    )
    tiers: list[TierPlanningInput] = strawberry.field(description="Each tier once.")
    promise_value: int = strawberry.field(default=200, description="0 to 2000.")
    change_price: ChangePriceInput | None = strawberry.field(
        default=None, description="What changes cost; 5, 20 and 30 if absent."
    )


@strawberry.type
class PlanningPolicyQuery:
    @returns(PlanningPolicy | None, "The rules your organization plans days by.")
    async def planning_policy(self, info: Info) -> Document:
        return await planning_policy(info.context)


@strawberry.type
class PlanningPolicyMutation:
    @mutates(
        "savePlanningPolicy",
        "Replaces the rules of planning; they hold for what is planned from now on. For administrators.",
        PlanningPolicy,
        *COMMON,
        VersionConflict,
    )
    async def save_planning_policy(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[PlanningPolicyInput, strawberry.argument(description="The policy.")],  # noqa: A002
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await save_planning_policy(info.context, client_key, given(input), expected_version)
