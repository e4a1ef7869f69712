"""Thresholds: both sides of each limit, leave, small teams, and rules that cannot be saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.absences import AbsenceKind, PersonAbsence
from domain.access import Role
from domain.alerts import (
    DEFAULT_RULES,
    AlertBasis,
    AlertComparison,
    AlertRecipient,
    AlertSubject,
    AlertWindow,
    KnownReport,
    Standing,
    Window,
    crossings,
    rules_problem,
    window_ending,
    work_days,
)
from domain.ids import AbsenceId, OrgId, PersonId, TeamId
from domain.people import Person, PersonState
from domain.shifts import Absence, Roster, work_times

WEEKLY = DEFAULT_RULES[0]
WEEK = Window("2026-W48", date(2026, 11, 23), date(2026, 11, 29))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def team(*figures: tuple[float, int], name: str = "tea_1") -> list[Standing]:
    """Reps of one team: what they did, on how many work days."""
    return [
        Standing(PersonId(f"per_{name}_{number}"), TeamId(name), value, days)
        for number, (value, days) in enumerate(figures)
    ]


def who(standings: list[Standing], rule: Any = WEEKLY) -> list[str]:
    return [each.standing.owner_id or each.standing.team_id or "" for each in crossings(rule, standings)]


@pytest.mark.parametrize(
    ("standings", "fires"),
    [
        # 59 % of a mean of 100, and 60 %
        (team((59, 5), (120, 5), (121, 5)), ["per_tea_1_0"]),
        (team((60, 5), (120, 5), (120, 5)), []),
        # who did nothing but was to work
        (team((0, 5), (10, 5), (10, 5)), ["per_tea_1_0"]),
        # leave all week counts for nobody: neither as the one who fell short nor in the mean nor as a member
        (team((0, 0), (10, 5), (10, 5), (10, 5)), []),
        (team((0, 5), (0, 0), (10, 5)), []),
        # leave for a part: figures are those of a work day
        (team((2, 1), (10, 5), (10, 5)), []),
        (team((1, 2), (10, 5), (10, 5)), ["per_tea_1_0"]),
        # a team of two, and of three
        (team((0, 5), (10, 5)), []),
        # nobody did anything: there is no mean to be below
        (team((0, 5), (0, 5), (0, 5)), []),
        # each team by itself
        (team((59, 5), (120, 5), (121, 5)) + team((1, 5), (1, 5), (1, 5), name="tea_2"), ["per_tea_1_0"]),
    ],
)
def test_a_week_far_below_the_teams_mean(standings: list[Standing], fires: list[str]) -> None:
    assert who(standings) == fires


@pytest.mark.parametrize(
    ("comparison", "value", "fires"),
    [
        (AlertComparison.BELOW, 0.899, True),
        (AlertComparison.BELOW, 0.9, False),
        (AlertComparison.ABOVE, 0.9, False),
        (AlertComparison.ABOVE, 0.901, True),
        (AlertComparison.BELOW, None, False),
    ],
)
@pytest.mark.parametrize("subject", AlertSubject)
def test_a_value_on_both_sides(
    subject: AlertSubject, comparison: AlertComparison, value: float | None, fires: bool
) -> None:
    rule = replace(WEEKLY, subject=subject, basis=AlertBasis.VALUE, threshold=Decimal("0.9"), comparison=comparison)
    owner = PersonId("per_1") if subject is AlertSubject.REP else None
    found = crossings(rule, [Standing(owner, TeamId("tea_1"), value, 1)])
    assert [(each.value, each.reference) for each in found] == ([(value, 0.9)] if fires else [])


@given(
    values=st.lists(st.integers(0, 300), min_size=3, max_size=12),
    days=st.integers(1, 7),
    percent=st.integers(1, 99),
)
def test_who_is_at_the_mean_never_fires_and_more_days_of_all_change_nothing(
    values: list[int], days: int, percent: int
) -> None:
    rule = replace(WEEKLY, threshold=Decimal(percent))
    fired = who(team(*((each, 1) for each in values)), rule)
    assert fired == who(team(*((each * days, days) for each in values)), rule)
    mean = sum(values) / len(values)
    assert all(values[int(each.rsplit("_", 1)[1])] < mean for each in fired)


@pytest.mark.parametrize(
    ("kind", "day", "window"),
    [
        (AlertWindow.DAY, date(2026, 11, 25), Window("2026-11-25", date(2026, 11, 25), date(2026, 11, 25))),
        (AlertWindow.WEEK, date(2026, 11, 28), None),
        (AlertWindow.WEEK, date(2026, 11, 29), WEEK),
        (AlertWindow.WEEK, date(2026, 11, 30), None),
    ],
)
def test_the_window_that_ends_on_a_day(kind: AlertWindow, day: date, window: Window | None) -> None:
    assert window_ending(kind, day) == window


def rep(**given_: Any) -> Person:
    described: dict[str, Any] = {
        "id": PersonId("per_1"),
        "org_id": OrgId("org_1"),
        "email": "rep@example.test",
        "name": "Rep",
        "role": Role.REP,
        "team_id": TeamId("tea_1"),
        "state": PersonState.ACTIVE,
        "locale": "en",
        "time_zone": "Asia/Shanghai",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Person(**(described | given_))


ROSTER = Roster("Asia/Shanghai", (work_times("09:00-18:00"),) * 6 + ((),))
AWAY = PersonAbsence(
    AbsenceId("abs_1"),
    PersonId("per_1"),
    datetime(2026, 11, 22, 16, tzinfo=UTC),
    datetime(2026, 11, 25, 16, tzinfo=UTC),
    AbsenceKind.VACATION,
    None,
    PersonId("per_2"),
    NOW,
)


@pytest.mark.parametrize(
    ("person", "days"),
    [
        (rep(), 5),
        (rep(roster=ROSTER), 6),
        (rep(absences=(AWAY,)), 2),
        (rep(roster=ROSTER, absences=(AWAY,)), 3),
        (rep(roster=replace(ROSTER, absences=(Absence("2026-11-20", "2026-11-30"),))), 0),
        (rep(state=PersonState.DEACTIVATED), 0),
        (rep(created_at=datetime(2026, 11, 26, 1, tzinfo=UTC)), 2),
        (rep(created_at=datetime(2026, 11, 25, 17, tzinfo=UTC)), 2),
        (rep(created_at=datetime(2026, 12, 1, tzinfo=UTC)), 0),
    ],
)
def test_work_days_leave_excluded(person: Person, days: int) -> None:
    assert work_days(person, WEEK) == days


KNOWN = {
    "VISITS": KnownReport(("made", "done_share"), ("made",), tells_reps=True),
    "FUNNEL": KnownReport(("entered",), ("entered",), tells_reps=False),
}
BY_VALUE = replace(WEEKLY, basis=AlertBasis.VALUE)


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ((), None),
        (DEFAULT_RULES, None),
        ((replace(BY_VALUE, measure="done_share", threshold=Decimal("0.5")),), None),
        ((replace(WEEKLY, threshold=Decimal(0)), replace(WEEKLY, key="B", min_members=2)), None),
        ((WEEKLY,) * 2, "rules.1.key"),
        ((replace(WEEKLY, key="weekly"),), "rules.0.key"),
        ((replace(WEEKLY, key="W" * 40),), None),
        ((replace(WEEKLY, key="W" * 41),), "rules.0.key"),
        ((replace(WEEKLY, name_en=" "),), "rules.0.nameEn"),
        ((replace(WEEKLY, name_zh="名" * 121),), "rules.0.nameZh"),
        ((replace(WEEKLY, name_zh="名" * 120),), None),
        ((replace(WEEKLY, report="DISTANCES"),), "rules.0.report"),
        ((replace(WEEKLY, measure="done_share"),), "rules.0.measure"),
        ((replace(BY_VALUE, report="FUNNEL", measure="entered"),), "rules.0.subject"),
        ((replace(WEEKLY, subject=AlertSubject.TEAM),), "rules.0.basis"),
        ((replace(WEEKLY, threshold=Decimal("-0.1")),), "rules.0.threshold"),
        ((replace(WEEKLY, threshold=Decimal("NaN")),), "rules.0.threshold"),
        ((replace(WEEKLY, threshold=Decimal(10) ** 9),), None),
        ((replace(WEEKLY, threshold=Decimal(10) ** 9 + 1),), "rules.0.threshold"),
        ((replace(WEEKLY, recipients=()),), "rules.0.recipients"),
        ((replace(WEEKLY, recipients=(AlertRecipient.PERSON,) * 2),), "rules.0.recipients"),
        (
            (replace(BY_VALUE, subject=AlertSubject.TEAM, recipients=(AlertRecipient.PERSON,)),),
            "rules.0.recipients",
        ),
        ((replace(WEEKLY, min_members=1),), "rules.0.minMembers"),
        ((replace(WEEKLY, min_members=1_000),), None),
        ((replace(WEEKLY, min_members=1_001),), "rules.0.minMembers"),
        (tuple(replace(WEEKLY, key=f"R{number}") for number in range(50)), None),
        (tuple(replace(WEEKLY, key=f"R{number}") for number in range(51)), "rules"),
    ],
)
def test_what_can_be_saved(rules: Any, field: str | None) -> None:
    problem = rules_problem(rules, KNOWN)
    assert (problem.field if problem is not None else None) == field
