"""Planning a region's reps in one go, in the schema: runs, and the rules for nightly ones."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.planning_runs import RunState
from domain.refusals import Refusal
from resolvers.planning_runs import night_rules, plan_region, planning_runs, save_rules
from schema.fields import Info, computed, mutates, related, returns, stored
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict
from schema.routes import local_date
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.routes import RoutePlan
    from schema.teams import Team

described_enum(
    RunState,
    "Whether a run has come to all reps.",
    title="PlanningRunState",
    RUNNING="Workers go on with it.",
    DONE="It has.",
)


@strawberry.type(description="A day that could not be planned.")
class FailedDay:
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose.", key="rep_id")
    plan: Annotated["RoutePlan", strawberry.lazy("schema.routes")] | None = related(
        "route_plans", "The plan, which tells why; null where not even that could be made.", key="plan_id"
    )


@strawberry.type(description="One date planned for all reps of a team and the teams below. Its plans are drafts.")
class PlanningRun(Node):
    date: LocalDate = computed(local_date, "The reps' local date on which the shifts start.", needs=("date",))
    team_id: strawberry.ID | None = stored("team_id", "Of which team; null: everybody.")
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related(
        "teams", "Of which team; null: everybody.", key="team_id"
    )
    started_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who asked for it; null for one that the night rules began.", key="owner_id"
    )
    created_at: datetime = stored("created_at", "When it began.")
    state: RunState = stored("state", "Whether it has come to all.")
    planned: int = stored("planned", "Reps who have a new draft.")
    without_shift: int = stored("without_shift", "Reps who do not work on that date.")
    published_before: int = stored("published_before", "Reps left alone, because a plan was published already.")
    failed: int = stored("failed", "Reps whose day could not be planned; the others go on.")
    failures: list[FailedDay] = stored("failures", "The first hundred of them.", default=[])
    finished_at: datetime | None = stored("finished_at", "When it had come to all; null while it runs.")


@strawberry.type(description="When the days of all reps are planned by themselves.")
class NightRules:
    starts_at: str | None = stored("starts_at", "Time of day in the organization's zone, HH:MM; null: never.")
    days_ahead: int = stored("days_ahead", "For which date: 0 the one that begins or goes on then, 1 the next, ...")
    due_at: datetime | None = stored("due_at", "When the next run begins.")
    version: int = stored("version", "Grows by one with each change, 0 before the first; pass it as `expectedVersion`.")
    updated_at: datetime | None = stored("updated_at", "When they last changed.")
    updated_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who changed them.", key="updated_by"
    )


@strawberry.type
class PlanningRunQuery:
    @returns(Connection[PlanningRun] | None, "Runs of the teams you lead, newest first; for managers and above.")
    async def planning_runs(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        date: Annotated[LocalDate | None, strawberry.argument(description="Only for this date.")] = None,
    ) -> Document:
        return as_connection(await planning_runs(info.context, page_request(first, after), date))

    @returns(NightRules | None, "When days are planned by themselves; for managers and above.")
    async def night_rules(self, info: Info) -> Document:
        return await night_rules(info.context)


@strawberry.type
class PlanningRunMutation:
    @mutates(
        "planRegion",
        "Begins to plan one date of all reps of a team and the teams below, as `planDay` does for one. Workers go on "
        "with it; a rep whose day cannot be planned holds up nobody. For managers and above.",
        PlanningRun,
        *COMMON,
    )
    async def plan_region(
        self,
        info: Info,
        client_key: ClientKey,
        date: Annotated[LocalDate, strawberry.argument(description="The local date on which the shifts start.")],
        team_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Of which team; yours if absent, everybody's for administrators."),
        ] = None,
    ) -> Document | Refusal:
        return await plan_region(info.context, client_key, date, team_id)

    @mutates(
        "saveNightRules",
        "Says when the days of all reps are planned by themselves. For administrators.",
        NightRules,
        *COMMON,
        VersionConflict,
    )
    async def save_night_rules(
        self,
        info: Info,
        client_key: ClientKey,
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is changed, 0 for none. Else VersionConflict.")
        ],
        starts_at: Annotated[
            str | None, strawberry.argument(description="Time of day in the organization's zone, HH:MM; null: never.")
        ] = None,
        days_ahead: Annotated[int, strawberry.argument(description="0 to 7.")] = 0,
    ) -> Document | Refusal:
        return await save_rules(info.context, client_key, starts_at, days_ahead, expected_version)
