"""Route plans in the schema: type, queries and mutations."""

from collections.abc import AsyncIterator
from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain.refusals import Refusal
from domain.route_words import DROP_FACTS, all_changes, what_changes, why_dropped
from domain.routes import CandidateReason, ChangeKind, PlanNotReady, PlanState
from resolvers import routes as resolvers
from resolvers.plan_updates import watch_plans
from resolvers.routes import plan_day, publish_plan
from routing.problem import DropReason, Limiting, Proof
from schema.fields import Info, Rule, computed, mutates, placed_line, related, returns, stored, streams, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.people import sees_start
from schema.places import MapLine
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.leads import Lead
    from schema.people import Person
    from schema.sites import Site
    from schema.team_days import TeamDay
    from schema.visits import Visit

described_enum(
    PlanState,
    "Where a plan stands.",
    SOLVING="The solver is at work; ask again or follow `routePlanChanged`.",
    DRAFT="Solved and not yet published.",
    PUBLISHED="The rep follows it; its stops are visits.",
    SUPERSEDED="A newer plan of the same rep and date was published.",
    FAILED="It could not be solved because of our own fault; plan again.",
)
described_enum(
    CandidateReason,
    "Why a site is worth a visit that day.",
    APPOINTMENT="A visit is planned there.",
    SLA_DUE="A promise on a lead falls due before the next shift ends.",
    TIER_INTERVAL="The account was not visited for as long as its tier allows.",
    MISSED="An earlier visit was missed.",
)
described_enum(
    DropReason,
    "Why a candidate is not in the plan.",
    title="RouteDropReason",
    NO_LOCATION="The site has no position.",
    LOCKED_TO_ANOTHER="It is somebody else's visit.",
    MISSING_SKILL="It needs a skill that nobody asked has.",
    OVER_LOAD="It is more than a whole day may hold.",
    NO_OPEN_WINDOW="The site is closed during the shift.",
    WINDOW_TOO_SHORT="No opening is long enough for the visit.",
    OUTSIDE_SHIFT="The site cannot be reached and left within the shift.",
    LUNCH_CONFLICT="Lunch and the visit exclude each other.",
    UNREACHABLE="There is no way to the site.",
    OVER_LIMIT="There were more candidates than a day is planned from.",
    NO_FEASIBLE_INSERTION="It fits nowhere between the other visits; see `limit`.",
    DISPLACED_BY_VALUE="Other visits are worth more; see `displacedBySiteIds`.",
    NOT_WORTH_THE_CHANGE="It would fit, but is worth less than the changes of the published plan it would take.",
)
described_enum(
    Limiting,
    "Which limit keeps a visit out.",
    title="RouteLimit",
    SHIFT_END="The end of the shift.",
    LUNCH="The lunch break.",
    WINDOW="Opening hours.",
    APPOINTMENT="An appointment.",
    LOAD="What one day may hold.",
    UNREACHABLE="No way to the site.",
)
described_enum(
    Proof,
    "Whether a better plan can exist.",
    title="RouteProof",
    OPTIMAL="Proven: no plan has more value, or the same with less driving.",
    UNKNOWN="Not proven within the time; `bound` is what no plan exceeds.",
)
described_enum(
    ChangeKind,
    "How a visit differs from the published plan.",
    title="RouteChangeKind",
    ADDED="It was not in that plan.",
    REMOVED="It is not in this plan any more.",
    MOVED="It starts a minute or more earlier or later.",
)
NoShiftPlanned = shown(resolvers.NoShiftPlanned, rep_id="The rep.", date="The local date, YYYY-MM-DD.")
PlanNotReadyShown = shown(PlanNotReady, plan_id="The plan that is being solved.")


@strawberry.type(description="One visit of a plan: the drive to it and its times.")
class RouteStop:
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead whose promise falls due.", key="lead_id"
    )
    visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = related(
        "visits", "The visit the stop was planned from, an appointment for example.", key="visit_id"
    )
    reason: CandidateReason = stored("reason", "The first of all reasons to go there.")
    reasons: list[CandidateReason] = stored("reasons", "All reasons to go there.", default=[])
    value: int = stored("value", "What the planner weighed.")
    fixed: bool = stored("fixed", "The time was promised and does not move.")
    from_rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Whose visit it would be without the rest of the team; null for the rep's own.", key="from_rep_id"
    )
    frozen: bool = stored(
        "frozen", "It was begun or done before the day was planned again, and stands as it happened.", default=False
    )
    leg_distance_m: float = stored("leg_distance_m", "Drive from the stop before, metres.")
    leg_s: int = stored("leg_s", "Drive from the stop before, seconds.")
    leg_estimated: bool = stored(
        "leg_estimated",
        "The drive is reckoned as the crow flies with a detour, because no road engine answered for it.",
        default=True,
    )
    arrive_at: datetime = stored("arrive_at", "Arrival.")
    start_at: datetime = stored("start_at", "Start of the visit; between arrival and start the rep waits.")
    leave_at: datetime = stored("leave_at", "End of the visit.")


@strawberry.type(description="One drive of a plan.")
class RouteLeg:
    distance_m: float = stored("distance_m", "Metres.")
    duration_s: int = stored("duration_s", "Seconds.")
    estimated: bool = stored("estimated", "As `RouteStop.legEstimated`.")
    line: MapLine = placed_line("line", "The way; straight where no road engine answered for it.")


@strawberry.type(description="A candidate that is not in the plan, and the reason that binds.")
class DroppedCandidate:
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    reason: CandidateReason = stored("reason", "The first reason to go there.")
    value: int = stored("value", "What the planner weighed.")
    why: DropReason = stored("why", "The reason that binds.")
    limit: Limiting | None = stored("limit", "Which limit is broken at the best place in the route.")
    limit_at_site_id: strawberry.ID | None = stored("limit_at_site_id", "The stop at which it is broken.")
    explanation: str = computed(
        why_dropped,
        "All of this in words of your language (en, zh-CN); visits are named by their number in `stops`.",
        needs=DROP_FACTS,
    )
    extra_s: int | None = stored("extra_s", "By how many seconds, or how long the visit would take of the day.")
    displaced_by_site_ids: list[strawberry.ID] = stored(
        "displaced_by_site_ids", "Stops that would have to go.", default=[]
    )
    conflicts_with_site_ids: list[strawberry.ID] = stored(
        "conflicts_with_site_ids", "Appointments that cannot share a day with it.", default=[]
    )
    needs_later_end_s: int | None = stored("needs_later_end_s", "It would fit if the shift ended so much later.")
    needs_earlier_start_s: int | None = stored(
        "needs_earlier_start_s", "It would fit if the shift started so much earlier."
    )
    needs_shorter_service_s: int | None = stored(
        "needs_shorter_service_s", "It would fit if the visit were so much shorter."
    )


def local_date(stored_date: str) -> LocalDate:
    """The date of a stored ISO text."""
    return LocalDate.fromisoformat(stored_date)


@strawberry.type(description="One difference between a plan and the published one at the time it was solved.")
class RouteChange:
    kind: ChangeKind = stored("kind", "What is different.")
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    from_at: datetime | None = stored("from_at", "Start of the visit in the published plan.")
    to_at: datetime | None = stored("to_at", "Start of the visit in this plan, or in that of who takes it over.")
    from_rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Whom it is taken over from; null where it is nobody's or you may not see them.", key="from_rep_id"
    )
    to_rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who takes it over; null where nobody does or you may not see them.", key="to_rep_id"
    )
    explanation: str = computed(
        what_changes,
        "The same in words of your language.",
        needs=("kind", "from_at", "to_at", "time_zone", "from_rep_id", "to_rep_id"),
    )


@strawberry.type(description="A rep's route for one day.")
class RoutePlan(Node):
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose day.", key="owner_id")
    date: LocalDate = computed(local_date, "The rep's local date on which the shift starts.", needs=("date",))
    state: PlanState = stored("state", "Where it stands.")
    version: int = stored("version", "Grows by one with each step; pass it as `expectedVersion`.")
    team_day: Annotated["TeamDay", strawberry.lazy("schema.team_days")] | None = related(
        "team_days", "The team's day it is part of; null where the day was planned alone.", key="team_day_id"
    )
    shift_start_at: datetime = stored("shift_start_at", "Start of the planned shift.")
    shift_end_at: datetime = stored("shift_end_at", "End of the planned shift.")
    stops: list[RouteStop] = stored("stops", "The visits in order.", default=[])
    legs: list[RouteLeg] | None = stored(
        "legs",
        "The drives: one to each stop, then the one to where the route ends, if the rep has a start point. They tell "
        "where the day starts: shown to the rep and to managers and directors above.",
        default=[],
        visible=Rule(sees_start, ("owner_id",)),
    )
    dropped: list[DroppedCandidate] = stored("dropped", "Everything left out, with its reason.", default=[])
    changes: list[RouteChange] = stored(
        "changes",
        "How it differs from the plan that was published for that day when it was solved; empty where none was.",
        default=[],
    )
    difference: str = computed(all_changes, "These changes in one sentence of your language.", needs=("changes",))
    replans: Annotated["RoutePlan", strawberry.lazy("schema.routes")] | None = related(
        "route_plans",
        "The published plan that it changes; null where the day was planned without regard to one.",
        key="replans_id",
    )
    change_points: int | None = stored(
        "change_price",
        "What its changes cost by `planningPolicy.changePrice`; null for an ordinary plan and a team's.",
    )
    net_value: int | None = stored("net_value", "Value of what was still to be done, less `changePoints`.")
    kept_net_value: int | None = stored(
        "kept_net_value", "The same of keeping the published plan as far as possible: never more than `netValue`."
    )
    lunch_start_at: datetime | None = stored("lunch_start_at", "Start of the lunch break.")
    lunch_end_at: datetime | None = stored("lunch_end_at", "End of the lunch break.")
    end_at: datetime | None = stored("end_at", "When the rep is back.")
    distance_m: float | None = stored("distance_m", "The whole drive, metres.")
    travel_s: int | None = stored("travel_s", "The whole drive, seconds.")
    value: int | None = stored("value", "Sum of the visits' values.")
    bound: int | None = stored("bound", "A value that no plan exceeds.")
    proof: Proof | None = stored("proof", "Whether a better plan can exist.")
    failure: str | None = stored("failure", "Why it failed, in a word.")
    created_at: datetime = stored("created_at", "When it was asked for.")
    solved_at: datetime | None = stored("solved_at", "When the solver answered.")
    published_at: datetime | None = stored("published_at", "When it was published.")


@strawberry.enum(description="Order of a plan list.")
class RoutePlanOrder(Enum):
    LATEST_DATE = strawberry.enum_value("-date", description="Latest date first.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")


@strawberry.input(description="Which plans; conditions that are absent do not restrict.")
class RoutePlanFilter:
    rep_id: strawberry.ID | None = strawberry.field(default=None, description="Only this person's.")
    date: LocalDate | None = strawberry.field(default=None, description="Only this local date.")
    state: PlanState | None = strawberry.field(default=None, description="Only in this state.")


def _conditions(chosen: RoutePlanFilter | None) -> dict[str, Any]:
    where = given(chosen) if chosen is not None else {}
    if "rep_id" in where:
        where["owner_id"] = where.pop("rep_id")
    if "date" in where:
        where["date"] = where["date"].isoformat()
    return where


@strawberry.type
class RoutePlanQuery:
    @returns(RoutePlan | None, "One plan; null where it does not exist or you may not see it.")
    async def route_plan(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("route_plans", id, wanted(info, "RoutePlan"))

    @returns(Connection[RoutePlan] | None, "The plans you may see.")
    async def route_plans(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[RoutePlanOrder, strawberry.argument(description="Sorting.")] = RoutePlanOrder.LATEST_DATE,
        filter: Annotated[RoutePlanFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        page = await info.context.reads.page("route_plans", _conditions(filter), request, wanted(info, "RoutePlan"))
        return as_connection(page)


@strawberry.type(description="Plans that changed since the event before.")
class RoutePlanUpdate:
    plans: list[RoutePlan] = stored("plans", "As they are now; in the first event the plan asked for by `id`.")
    may_have_missed: bool = stored(
        "may_have_missed", "Whether a change may have been missed: read the plans again that you show."
    )


@strawberry.type
class RoutePlanSubscription:
    @streams(
        RoutePlanUpdate,
        "Plans you may see while they change: solved, published, replaced. The first event comes at once. Conditions "
        "that are absent do not restrict. After an error subscribe again.",
    )
    async def route_plan_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Only this plan.")] = None,  # noqa: A002
        rep_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only this person's.")] = None,
        date: Annotated[LocalDate | None, strawberry.argument(description="Only of this local date.")] = None,
    ) -> AsyncIterator[Document]:
        async for update in watch_plans(info.context, id, rep_id, date):
            yield update


@strawberry.type
class RoutePlanMutation:
    @mutates(
        "planDay",
        "Chooses and orders a rep's visits of one day. Answers a DRAFT if that took no longer than `waitMs`, else "
        "SOLVING: follow it by `routePlan(id)`.",
        RoutePlan,
        *COMMON,
        IdTaken,
        NoShiftPlanned,
    )
    async def plan_day(
        self,
        info: Info,
        client_key: ClientKey,
        date: Annotated[LocalDate, strawberry.argument(description="The rep's local date on which the shift starts.")],
        rep_id: Annotated[strawberry.ID | None, strawberry.argument(description="Whose day; yours if absent.")] = None,
        id: Annotated[  # noqa: A002
            strawberry.ID | None, strawberry.argument(description="Made on the device: pln_ + ULID or UUID.")
        ] = None,
        wait_ms: Annotated[int, strawberry.argument(description="How long to wait for the solver, 0 to 10000.")] = 3000,
    ) -> Document | Refusal:
        return await plan_day(info.context, client_key, rep_id, date, id, wait_ms)

    @mutates(
        "publishPlan",
        "Makes the plan the rep's day: creates its visits, moves those still planned, and drops what it leaves out. "
        "Open and done visits are never touched. A day planned again is refused as VersionConflict where another plan "
        "was published since: plan it again.",
        RoutePlan,
        *COMMON,
        PlanNotReadyShown,
        WrongState,
        VersionConflict,
    )
    async def publish_plan(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which plan.")],  # noqa: A002
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the plan moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await publish_plan(info.context, client_key, id, expected_version)
