"""One date of a whole team in the schema: its reps share their candidates, and their plans stand side by side."""

from collections.abc import Mapping
from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain import team_days as domain
from domain.refusals import Refusal
from domain.team_days import TeamDayState
from resolvers.team_days import plan_team_day, publish_team_day, team_days
from schema.fields import Info, computed, mutates, related, related_list, returns, stored, wanted
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState, shown
from schema.routes import local_date
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.routes import RoutePlan
    from schema.teams import Team

described_enum(
    TeamDayState,
    "Where a team's day stands.",
    SOLVING="The solver is at work; ask again.",
    DRAFT="Solved; its plans are drafts, and can be published one by one or together.",
    PUBLISHED="All its plans were published together.",
    FAILED="It could not be solved because of our own fault; plan again.",
)
NobodyOnDuty = shown(domain.NobodyOnDuty, team_id="The team.", date="The local date, YYYY-MM-DD.")
TooManyReps = shown(
    domain.TooManyReps, team_id="The team.", reps="How many work on that date.", limit="How many may at the most."
)
TeamDayNotReady = shown(domain.TeamDayNotReady, team_day_id="The team's day that is being solved.")


def is_replan(replan: Mapping[str, Any] | None) -> bool:
    """Whether the day was published before."""
    return replan is not None


@strawberry.type(
    description="One date of a team, planned in one go: its reps share what they would choose from alone. Appointments "
    "and leads stay with whom they are promised by. A visit nobody makes is among the `dropped` of the rep whose day "
    "it came closest to fitting into."
)
class TeamDay(Node):
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related("teams", "Whose day.", key="team_id")
    date: LocalDate = computed(local_date, "The reps' local date on which the shifts start.", needs=("date",))
    planned_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who asked for it.", key="owner_id"
    )
    state: TeamDayState = stored("state", "Where it stands.")
    version: int = stored("version", "Grows by one with each step; pass it as `expectedVersion`.")
    plans: list[Annotated["RoutePlan", strawberry.lazy("schema.routes")]] = related_list(
        "route_plans", "One for each rep who works on that date.", on="team_day_id", order="_id"
    )
    moved: int = stored("moved", "Visits that go to somebody else than without the team; see `RouteStop.fromRep`.")
    value: int | None = stored("value", "Sum of the visits' values over all plans.")
    bound: int | None = stored("bound", "A value that no plan of the team exceeds.")
    distance_m: float | None = stored("distance_m", "What all drive together, metres.")
    travel_s: int | None = stored("travel_s", "What all drive together, seconds.")
    is_replan: bool = computed(
        is_replan, "Whether published plans are changed by it, and the price of change counts.", needs=("replan",)
    )
    change_points: int | None = stored(
        "change_price", "What its changes cost by `planningPolicy.changePrice`; null for a day planned as a whole."
    )
    net_value: int | None = stored("net_value", "Value of what was still to be done, less `changePoints`.")
    kept_net_value: int | None = stored(
        "kept_net_value", "The same of keeping the published plans as far as possible: never more than `netValue`."
    )
    failure: str | None = stored("failure", "Why it failed, in a word.")
    created_at: datetime = stored("created_at", "When it was asked for.")
    solved_at: datetime | None = stored("solved_at", "When the solver answered.")
    published_at: datetime | None = stored("published_at", "When it was published together.")


@strawberry.type
class TeamDayQuery:
    @returns(TeamDay | None, "One day of a team; null where it does not exist or you may not see it.")
    async def team_day(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("team_days", id, wanted(info, "TeamDay"))

    @returns(Connection[TeamDay] | None, "Planned days of the teams you lead, newest first; for managers and above.")
    async def team_days(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        team_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only of this team.")] = None,
        date: Annotated[LocalDate | None, strawberry.argument(description="Only for this date.")] = None,
    ) -> Document:
        return as_connection(await team_days(info.context, team_id, date, page_request(first, after)))


@strawberry.type
class TeamDayMutation:
    @mutates(
        "planTeamDay",
        "Shares out one date's visits among the reps of a team and orders them. Answers a DRAFT with one plan for each "
        "rep if that took no longer than `waitMs`, else SOLVING: follow it by `teamDay(id)`. For managers and above.",
        TeamDay,
        *COMMON,
        IdTaken,
        NobodyOnDuty,
        TooManyReps,
    )
    async def plan_team_day(
        self,
        info: Info,
        client_key: ClientKey,
        team_id: Annotated[
            strawberry.ID, strawberry.argument(description="Whose reps: those of the team itself, not of teams below.")
        ],
        date: Annotated[LocalDate, strawberry.argument(description="The local date on which the shifts start.")],
        id: Annotated[  # noqa: A002
            strawberry.ID | None, strawberry.argument(description="Made on the device: tdy_ + ULID or UUID.")
        ] = None,
        wait_ms: Annotated[int, strawberry.argument(description="How long to wait for the solver, 0 to 10000.")] = 8000,
    ) -> Document | Refusal:
        return await plan_team_day(info.context, client_key, team_id, date, id, wait_ms)

    @mutates(
        "publishTeamDay",
        "Publishes all plans of a team's day that are drafts, as `publishPlan` does one, or none of them. Visits that "
        "go to somebody else keep their identity; what somebody has begun or made meanwhile stays with them.",
        TeamDay,
        *COMMON,
        TeamDayNotReady,
        WrongState,
        VersionConflict,
    )
    async def publish_team_day(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which one.")],  # noqa: A002
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the day moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await publish_team_day(info.context, client_key, id, expected_version)
