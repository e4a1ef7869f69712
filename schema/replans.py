"""Planning a published day again in the schema: for one rep, or for the reps of a team."""

from collections.abc import Sequence
from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from typing import Annotated

import strawberry

from domain import replans as domain
from domain.ids import LeadId, PersonId
from domain.refusals import Refusal
from domain.replans import Delay, ReplanRequest
from resolvers.replans import Asking, replan_day, replan_team
from schema.fields import Info, mutates
from schema.paging import ClientKey
from schema.refusals import COMMON, IdTaken, shown
from schema.routes import NoShiftPlanned, RoutePlan
from schema.team_days import NobodyOnDuty, TeamDay, TooManyReps
from storage.driver import Document

NothingPublished = shown(domain.NothingPublished, date="The local date, YYYY-MM-DD.")
DayIsOver = shown(domain.DayIsOver, date="The local date, YYYY-MM-DD.")
UrgentLeads = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Open leads that have to be visited in the rest of that day, 10 at the most."),
]


@strawberry.input(description="How much later one rep is free than their visits say.")
class DelayInput:
    rep_id: strawberry.ID = strawberry.field(description="Who.")
    minutes: int = strawberry.field(description="0 to 480.")


def _leads(ids: Sequence[str] | None) -> tuple[LeadId, ...]:
    return tuple(LeadId(each) for each in ids or ())


@strawberry.type
class ReplanMutation:
    @mutates(
        "replanDay",
        "Plans the rest of a published day again, from where the rep is: after a cancellation, for an urgent lead, or "
        "late. What was done stays as it was, an open visit goes on. A visit of the published plan is moved or left "
        "out only where that is worth more than `planningPolicy.changePrice`. Answers a DRAFT with its `changes` if "
        "that took no longer than `waitMs`, else SOLVING; `publishPlan` makes it the rep's day.",
        RoutePlan,
        *COMMON,
        IdTaken,
        NoShiftPlanned,
        NothingPublished,
        DayIsOver,
    )
    async def replan_day(
        self,
        info: Info,
        client_key: ClientKey,
        date: Annotated[
            LocalDate | None,
            strawberry.argument(description="The rep's local date on which the shift starts; their present one."),
        ] = None,
        rep_id: Annotated[strawberry.ID | None, strawberry.argument(description="Whose day; yours if absent.")] = None,
        delay_minutes: Annotated[
            int, strawberry.argument(description="How much later the rep is free than their visits say, 0 to 480.")
        ] = 0,
        urgent_lead_ids: UrgentLeads = None,
        id: Annotated[  # noqa: A002
            strawberry.ID | None, strawberry.argument(description="Made on the device: pln_ + ULID or UUID.")
        ] = None,
        wait_ms: Annotated[int, strawberry.argument(description="How long to wait for the solver, 0 to 10000.")] = 3000,
    ) -> Document | Refusal:
        delays = (Delay(PersonId(rep_id or info.context.me.person_id), delay_minutes),) if delay_minutes else ()
        request = ReplanRequest(delays, urgent_lead_ids=_leads(urgent_lead_ids))
        return await replan_day(info.context, client_key, rep_id, date, Asking(request, id, wait_ms))

    @mutates(
        "replanTeam",
        "Plans the rest of a team's published day again, as `replanDay` does one: the visits of who is absent go to "
        "the others, appointments included. Answers a DRAFT with one plan for each rep, an empty one for who is "
        "absent, if that took no longer than `waitMs`, else SOLVING; `publishTeamDay` publishes them. For managers and "
        "above.",
        TeamDay,
        *COMMON,
        IdTaken,
        NobodyOnDuty,
        TooManyReps,
        NothingPublished,
        DayIsOver,
    )
    async def replan_team(
        self,
        info: Info,
        client_key: ClientKey,
        team_id: Annotated[
            strawberry.ID, strawberry.argument(description="Whose reps: those of the team itself, not of teams below.")
        ],
        date: Annotated[LocalDate, strawberry.argument(description="The local date on which the shifts start.")],
        absent_rep_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Who cannot work, beside those whose absence is recorded."),
        ] = None,
        delays: Annotated[list[DelayInput] | None, strawberry.argument(description="Who is late.")] = None,
        urgent_lead_ids: UrgentLeads = None,
        id: Annotated[  # noqa: A002
            strawberry.ID | None, strawberry.argument(description="Made on the device: tdy_ + ULID or UUID.")
        ] = None,
        wait_ms: Annotated[int, strawberry.argument(description="How long to wait for the solver, 0 to 10000.")] = 8000,
    ) -> Document | Refusal:
        request = ReplanRequest(
            tuple(Delay(PersonId(each.rep_id), each.minutes) for each in delays or ()),
            tuple(PersonId(each) for each in absent_rep_ids or ()),
            _leads(urgent_lead_ids),
        )
        return await replan_team(info.context, client_key, team_id, date, Asking(request, id, wait_ms))
