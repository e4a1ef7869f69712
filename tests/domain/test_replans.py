"""Planning a published day again: where and when its rest begins, what may be asked, and what changes for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts import Tier
from domain.ids import AccountId, LeadId, OrgId, PersonId, SiteId, VisitId
from domain.places import Point
from domain.replans import (
    Delay,
    Difference,
    Fix,
    ReplanRequest,
    Told,
    differences,
    free_from,
    request_problem,
    starts_at,
)
from domain.routes import ChangeKind
from domain.visits import Visit, VisitKind, VisitState

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOME, SEEN = Point(31.0, 121.0), Point(31.5, 121.5)
PLACES = {SiteId("sit_a"): Point(31.1, 121.1), SiteId("sit_b"): Point(31.2, 121.2)}
ME, YOU = PersonId("per_me"), PersonId("per_you")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def visit(site: str, state: VisitState, opened: float = 0, closed: float | None = None, planned: int = 30) -> Visit:
    return Visit(
        id=VisitId(f"vis_{site}"),
        org_id=OrgId("org_1"),
        site_id=SiteId(f"sit_{site}"),
        account_id=AccountId("acc_1"),
        owner_id=ME,
        team_id=None,
        kind=VisitKind.PLANNED,
        state=state,
        tier=Tier.B,
        scheduled_at=NINE,
        created_at=NINE,
        updated_at=NINE,
        planned_start_at=NINE,
        planned_end_at=NINE + minutes(planned),
        opened_at=NINE + minutes(opened),
        closed_at=None if closed is None else NINE + minutes(closed),
    )


@pytest.mark.parametrize(
    ("visits", "now", "delay", "free"),
    [
        ([], 60, 0, 60),
        ([], -60, 0, 0),
        ([], -60, 20, 20),
        ([], 60, 20, 80),
        ([visit("a", VisitState.OPEN, 50, planned=30)], 60, 0, 80),
        ([visit("a", VisitState.OPEN, 50, planned=30)], 60, 15, 95),
        ([visit("a", VisitState.OPEN, 10, planned=30)], 60, 0, 60),
        ([visit("a", VisitState.DONE, 50, 55)], 60, 0, 60),
        ([visit("a", VisitState.PLANNED)], 60, 0, 60),
    ],
)
def test_the_rest_of_the_day_begins_when_the_rep_is_free(
    visits: list[Visit], now: float, delay: float, free: float
) -> None:
    assert free_from(visits, NINE, minutes(delay), NINE + minutes(now)) == NINE + minutes(free)


OPEN = visit("b", VisitState.OPEN, 100)
ENDED = visit("a", VisitState.DONE, 30, 60)


@pytest.mark.parametrize(
    ("visits", "fix_at", "place"),
    [
        ([], None, HOME),
        ([], 119, SEEN),
        ([], 60, SEEN),
        ([], 59, HOME),
        ([ENDED], None, PLACES[SiteId("sit_a")]),
        ([ENDED], 61, SEEN),
        ([ENDED], 60, SEEN),
        ([ENDED], 59, PLACES[SiteId("sit_a")]),
        ([ENDED, OPEN], 119, PLACES[SiteId("sit_b")]),
        ([visit("c", VisitState.OPEN, 100)], 119, SEEN),
        ([visit("a", VisitState.PLANNED)], None, HOME),
    ],
)
def test_the_rest_of_the_day_begins_where_the_rep_is(visits: list[Visit], fix_at: float | None, place: Point) -> None:
    fix = None if fix_at is None else Fix(NINE + minutes(fix_at), SEEN)
    assert starts_at(visits, PLACES, fix, HOME, NINE + minutes(120)) == place


LEADS = tuple(LeadId(f"led_{number}") for number in range(11))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ReplanRequest(), None),
        (ReplanRequest((Delay(ME, 0), Delay(YOU, 480))), None),
        (ReplanRequest((Delay(ME, -1),)), "delays.0.minutes"),
        (ReplanRequest((Delay(YOU, 5), Delay(ME, 481))), "delays.1.minutes"),
        (ReplanRequest((Delay(ME, 5), Delay(ME, 6))), "delays.1.repId"),
        (ReplanRequest(urgent_lead_ids=LEADS[:10]), None),
        (ReplanRequest(urgent_lead_ids=LEADS), "urgentLeadIds"),
    ],
)
def test_what_may_be_asked(request_: ReplanRequest, field: str | None) -> None:
    problem = request_problem(request_)
    assert (problem.field if problem is not None else None) == field


def test_what_changes_for_whom() -> None:
    def told(site: str, rep: PersonId, at: float) -> Told:
        return Told(SiteId(site), rep, NINE + minutes(at))

    before = {
        "same": told("s", ME, 0),
        "little": told("l", ME, 10),
        "moved": told("m", ME, 20),
        "gone": told("g", ME, 30),
        "given": told("h", ME, 40),
        "theirs": told("t", YOU, 50),
    }
    after = {
        "same": told("s", ME, 0),
        "little": told("l", ME, 10.9),
        "moved": told("m", ME, 21),
        "given": told("h", YOU, 45),
        "theirs": told("t", YOU, 50),
        "new": told("n", ME, 60),
    }
    at = {number: NINE + minutes(number) for number in (20, 21, 30, 40, 45, 60)}
    assert differences(before, after, ME) == (
        Difference(ChangeKind.MOVED, SiteId("m"), at[20], at[21]),
        Difference(ChangeKind.REMOVED, SiteId("g"), at[30], None),
        Difference(ChangeKind.REMOVED, SiteId("h"), at[40], at[45], to_rep_id=YOU),
        Difference(ChangeKind.ADDED, SiteId("n"), None, at[60]),
    )
    assert differences(before, after, YOU) == (
        Difference(ChangeKind.ADDED, SiteId("h"), at[40], at[45], from_rep_id=ME),
    )
