"""Beat plans in the schema: weeks of some reps, what is left out and changed, and what another tier would bring."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain import beat_plans as domain
from domain.accounts import Tier
from domain.beat_plans import BeatChangeKind, BeatPlanState
from domain.beat_words import CHANGE_NEEDS, DROP_NEEDS, what_differs, why_left_out
from domain.refusals import Refusal
from resolvers.beat_plans import WhichWeeks, plan_period, publish_beat_plan
from resolvers.tier_preview import preview_tier_change
from routing.period_problem import PeriodDropReason
from routing.problem import DropReason
from schema.fields import Info, computed, mutates, related, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState, shown
from schema.routes import local_date
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.people import Person
    from schema.sites import Site
    from schema.teams import Team

described_enum(
    BeatPlanState,
    "Where a beat plan stands.",
    SOLVING="The solver is at work; ask again.",
    DRAFT="Solved and not yet published.",
    PUBLISHED="It is in force: its visits are those of the reps.",
    SUPERSEDED="A newer plan with one of its reps was published for the same days.",
    FAILED="It could not be solved because of our own fault; plan again.",
)
described_enum(
    PeriodDropReason,
    "Why a visit is not in a beat plan.",
    title="BeatDropReason",
    NO_LOCATION="The site has no position.",
    NO_REP="Nobody who may visit it works.",
    CLOSED="The site is closed whenever its rep works.",
    SPACING="Its rep is away, or the site closed, for longer than its tier allows between two visits.",
    OVER_LIMIT="There were more sites than a period is planned from.",
    NO_ROOM="The day has as many visits as it may.",
    DAY="It has no place in the day; see `dayReason`.",
)
described_enum(
    BeatChangeKind,
    "How a visit differs from the visits in force.",
    ADDED="It was not planned before.",
    REMOVED="It is not planned any more.",
    MOVED="It is on another day, or made by somebody else.",
)
BeatPlanNotReady = shown(domain.BeatPlanNotReady, beat_plan_id="The plan that is being solved.")
NobodyWorks = shown(domain.NobodyWorks, first="First day of the period.", last="Its last day.")


def local_date_or_none(stored_date: str | None) -> LocalDate | None:
    """The date of a stored ISO text, if there is one."""
    return None if stored_date is None else LocalDate.fromisoformat(stored_date)


@strawberry.type(description="One visit of a beat plan.")
class BeatVisit:
    date: LocalDate = computed(local_date, "The rep's local date.", needs=("date",))
    start_at: datetime = stored("start_at", "When it begins, as planned today; the day's own route decides.")
    end_at: datetime = stored("end_at", "When it ends.")
    fixed: bool = stored("fixed", "An appointment: its time was promised and it exists already.", default=False)
    rep_id: strawberry.ID = stored("owner_id", "Who makes it.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Who.", key="owner_id")
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )


@strawberry.type(description="A visit that is not in the plan, and the reason that binds.")
class BeatDrop:
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who would make it.", key="owner_id"
    )
    date: LocalDate | None = computed(local_date_or_none, "When it would best be made.", needs=("date",))
    why: PeriodDropReason = stored("why", "The reason that binds.")
    day_reason: DropReason | None = stored("day_why", "With DAY: what the day's planner says.")
    conflicts_with_site_ids: list[strawberry.ID] = stored(
        "conflicts_with_site_ids", "Appointments that cannot share that day with it.", default=[]
    )
    explanation: str = computed(why_left_out, "All of this in words of your language (en, zh-CN).", needs=DROP_NEEDS)


@strawberry.type(description="One difference between a plan and the visits that beat plans made before.")
class BeatChange:
    kind: BeatChangeKind = stored("kind", "What is different.")
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    from_date: LocalDate | None = computed(local_date_or_none, "The day it is on.", needs=("from_date",))
    to_date: LocalDate | None = computed(local_date_or_none, "The day it would be on.", needs=("to_date",))
    from_rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who makes it.", key="from_rep_id"
    )
    to_rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who would make it.", key="to_rep_id"
    )
    explanation: str = computed(what_differs, "The same in words of your language.", needs=CHANGE_NEEDS)


@strawberry.type(description="What a beat plan asks of one rep.")
class BeatWork:
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Who.", key="owner_id")
    visits: int = stored("visits", "How many visits.")
    days: int = stored("days", "On how many days.")
    service_s: int = stored("service_s", "Seconds in visits.")
    travel_s: int = stored("travel_s", "Seconds of driving.")
    distance_m: float = stored("distance_m", "Metres of driving.")


@strawberry.type(description="Some weeks of some reps: which account is visited on which days, by whom.")
class BeatPlan(Node):
    owner: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who asked for it.", key="owner_id"
    )
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related("teams", "The team.", key="team_id")
    rep_ids: list[strawberry.ID] = stored("rep_ids", "Whose weeks.", default=[])
    first: LocalDate = computed(local_date, "The first day, in the reps' zone.", needs=("first",))
    last: LocalDate = computed(local_date, "The last day.", needs=("last",))
    share_accounts: bool = stored("share_accounts", "Whether any of the reps may visit each account.")
    state: BeatPlanState = stored("state", "Where it stands.")
    version: int = stored("version", "Grows by one with each step; pass it as `expectedVersion`.")
    pending: bool = stored("pending", "It is published and its visits are still being made.", default=False)
    visits: list[BeatVisit] = stored("visits", "All visits by date.", default=[])
    dropped: list[BeatDrop] = stored("dropped", "Everything left out, with its reason.", default=[])
    changes: list[BeatChange] = stored(
        "changes",
        "What publishing it changes in the visits of beat plans before; empty where there are none.",
        default=[],
    )
    work: list[BeatWork] = stored("work", "What it asks of each rep.", default=[])
    failure: str | None = stored("failure", "Why it failed, in a word.")
    created_at: datetime = stored("created_at", "When it was asked for.")
    solved_at: datetime | None = stored("solved_at", "When the solver answered.")
    published_at: datetime | None = stored("published_at", "When it was published.")


@strawberry.type(description="What another tier of an account would bring. Nothing is changed by asking.")
class TierChangePreview:
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    beat_plan_id: strawberry.ID = stored("beat_plan_id", "The plan in force.")
    tier_before: Tier = stored("tier_before", "The tier it has.")
    tier: Tier = stored("tier", "The tier asked about.")
    first: LocalDate = computed(local_date, "From when on visits are looked at.", needs=("first",))
    last: LocalDate = computed(local_date, "The last day of the plan.", needs=("last",))
    visits_before: int = stored("visits_before", "The account's visits of beat plans in that time.")
    visits_after: int = stored("visits_after", "Its visits with the other tier.")
    fits: bool = stored("fits", "Whether all of them have a place.")
    changes: list[BeatChange] = stored("changes", "What changes for the account.", default=[])
    others: list[BeatChange] = stored("others", "What has to move for it at other accounts.", default=[])


@strawberry.enum(description="Order of a list of beat plans.")
class BeatPlanOrder(Enum):
    LATEST_FIRST_DAY = strawberry.enum_value("-first", description="Latest first day first.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")


@strawberry.input(description="Which beat plans; conditions that are absent do not restrict.")
class BeatPlanFilter:
    state: BeatPlanState | None = strawberry.field(default=None, description="Only in this state.")


WaitMs = Annotated[int, strawberry.argument(description="How long to wait for it, 0 to 10000.")]


@strawberry.type
class BeatPlanQuery:
    @returns(BeatPlan | None, "One beat plan; null where it does not exist or you may not see it.")
    async def beat_plan(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("beat_plans", id, wanted(info, "BeatPlan"))

    @returns(Connection[BeatPlan] | None, "The beat plans you may see.")
    async def beat_plans(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[BeatPlanOrder, strawberry.argument(description="Sorting.")] = BeatPlanOrder.LATEST_FIRST_DAY,
        filter: Annotated[BeatPlanFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        where: dict[str, Any] = given(filter) if filter is not None else {}
        request = page_request(first, after, str(order.value))
        return as_connection(await info.context.reads.page("beat_plans", where, request, wanted(info, "BeatPlan")))

    @returns(
        TierChangePreview | None,
        "What the beat plan in force would become if the account had another tier, with as little as possible moved; "
        "null where you see no such account or no published plan has its owner.",
    )
    async def tier_change_preview(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="Which account.")],
        tier: Annotated[Tier, strawberry.argument(description="The tier it would have.")],
    ) -> Document | None:
        return await preview_tier_change(info.context, account_id, tier)


@strawberry.type
class BeatPlanMutation:
    @mutates(
        "planPeriod",
        "Shares out the visits of one to eight weeks: how often follows from `visitCadences`, who works from rosters, "
        "absences and the holidays of their calendar. Answers a DRAFT if that took no longer than `waitMs`, else "
        "SOLVING: follow it by `beatPlan(id)`. Your own weeks where neither a team nor people are named.",
        BeatPlan,
        *COMMON,
        IdTaken,
        NobodyWorks,
    )
    async def plan_period(
        self,
        info: Info,
        client_key: ClientKey,
        first: Annotated[LocalDate, strawberry.argument(description="The first day, today to 90 days ahead.")],
        weeks: Annotated[int, strawberry.argument(description="1 to 8.")],
        team_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The team it is for: its active reps where nobody is named, 10 at the most."
            ),
        ] = None,
        rep_ids: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="These people, 10 at the most.")
        ] = None,
        share_accounts: Annotated[
            bool,
            strawberry.argument(
                description="Any of them may visit each account, always the same one in this period, so that work is "
                "shared evenly. Else each visits their own."
            ),
        ] = False,
        id: Annotated[  # noqa: A002
            strawberry.ID | None, strawberry.argument(description="Made on the device: btp_ + ULID or UUID.")
        ] = None,
        wait_ms: WaitMs = 3000,
    ) -> Document | Refusal:
        named = None if rep_ids is None else tuple(rep_ids)
        which = WhichWeeks(first, weeks, team_id, named, share_accounts)
        return await plan_period(info.context, client_key, which, id, wait_ms)

    @mutates(
        "publishBeatPlan",
        "Puts the plan in force: each of its visits is made, those of earlier beat plans move or are dropped. "
        "Appointments, open and done visits are never touched. `pending` until all are made.",
        BeatPlan,
        *COMMON,
        BeatPlanNotReady,
        WrongState,
        VersionConflict,
    )
    async def publish_beat_plan(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which plan.")],  # noqa: A002
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the plan moved on.")
        ] = None,
        wait_ms: WaitMs = 3000,
    ) -> Document | Refusal:
        return await publish_beat_plan(info.context, client_key, id, expected_version, wait_ms)
