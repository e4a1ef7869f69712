"""Attention: five singles in ten minutes, digests five minutes apart, one incident above fifty breaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Role
from domain.attention import (
    GATHERS,
    INCIDENT_WITHIN,
    LIMITS,
    SINGLES_WITHIN,
    Attention,
    Limits,
    Placed,
    must_count,
    place,
)
from domain.ids import OrgId, PersonId
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.people import Person
from domain.preferences import Preferences, QuietHours
from tests.support.outbox import a_person

ORG = OrgId("org_1")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MS, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
REP = a_person(ORG, NOON, id=PersonId("per_1"), time_zone="Asia/Shanghai", preferences=None)
SLEEPLESS = replace(REP, preferences=Preferences(QuietHours(0, 0)))
MANAGER = replace(REP, role=Role.MANAGER)
EMPTY = Attention(REP.id, ORG)


def notice(
    number: int, priority: Priority = Priority.HIGH, kind: NoticeKind = NoticeKind.SLA_BREACHED, metric: str = "M"
) -> Notice:
    return make_notice(ORG, REP.id, kind, priority, event_key(kind, str(number)), NOON, facts={"metric": metric})


def run(
    times: list[datetime], attention: Attention = EMPTY, *, person: Person = REP, priority: Priority = Priority.HIGH
) -> list[Placed]:
    """One notice at each of the times."""
    placed = []
    for number, at in enumerate(times):
        put = place(attention, notice(number, priority), person, 0, at, LIMITS)
        attention = put.attention
        placed.append(put)
    return placed


def test_the_sixth_within_ten_minutes_goes_into_a_digest() -> None:
    placed = run([NOON + each * MINUTE for each in range(LIMITS.singles + 1)])
    assert [put.into for put in placed[: LIMITS.singles]] == [None] * LIMITS.singles
    digest = placed[LIMITS.singles]
    assert digest.added is not None
    assert (digest.added.kind, digest.added.id) == (NoticeKind.DIGEST, digest.into)
    assert digest.at == NOON + LIMITS.singles * MINUTE + GATHERS
    assert digest.added.read_at is not None, "what it holds counts in the inbox, not the digest"


@pytest.mark.parametrize(("after", "single"), [(SINGLES_WITHIN - MS, False), (SINGLES_WITHIN, True)])
def test_a_single_counts_for_ten_minutes(after: timedelta, single: bool) -> None:
    placed = run([NOON] * LIMITS.singles + [NOON + after])
    assert (placed[-1].into is None) is single


def test_one_digest_every_five_minutes() -> None:
    times = [NOON] * (LIMITS.singles + 1) + [NOON + each * MINUTE for each in (1, 5, 6, 7)]
    placed = run(times)[LIMITS.singles :]
    digests = [put.added.id for put in placed if put.added is not None]
    assert [put.at - NOON for put in placed] == [each * MINUTE for each in (1, 6, 6, 11, 11)]
    assert [put.into for put in placed] == [digests[each] for each in (0, 1, 1, 2, 2)]


@pytest.mark.parametrize(("after", "joins"), [(0 * MS, True), (MS, False)])
def test_a_digest_takes_nothing_in_that_may_be_committed_after_it_is_sent(after: timedelta, joins: bool) -> None:
    placed = run([NOON] * (LIMITS.singles + 2))
    first, second = placed[-2:]
    assert first.into == second.into
    late = place(second.attention, notice(99), REP, 0, NOON + after, LIMITS)
    assert (late.into == second.into) is joins
    assert late.at == second.at + (0 * MINUTE if joins else 5 * MINUTE)


def test_a_transaction_that_is_run_again_is_granted_the_same() -> None:
    attention = EMPTY
    for number in range(LIMITS.singles + 1):
        put = place(attention, notice(number), REP, 0, NOON, LIMITS)
        again = place(put.attention, notice(number), REP, 0, NOON, LIMITS)
        assert (again.at, again.into, again.attention) == (put.at, put.into, put.attention)
        attention = put.attention


@pytest.mark.parametrize("minutes", [5, 240])
def test_digests_are_as_far_apart_as_the_person_chose(minutes: int) -> None:
    person = replace(REP, preferences=Preferences(QuietHours(0, 0), digest_every_s=minutes * 60))
    placed = run([NOON] * (LIMITS.singles + 1) + [NOON + MS], person=person)
    assert placed[-1].at - placed[-2].at == minutes * MINUTE


def test_a_digest_becomes_as_urgent_as_what_it_holds() -> None:
    attention = run([NOON] * (LIMITS.singles + 2), priority=Priority.NORMAL)[-1].attention
    put = place(attention, notice(99, Priority.CRITICAL), REP, 0, NOON, LIMITS)
    assert put.urgent is not None
    assert (put.urgent.id, put.urgent.priority, put.added) == (put.into, Priority.CRITICAL, None)
    again = place(put.attention, notice(100, Priority.HIGH), REP, 0, NOON, LIMITS)
    assert (again.into, again.urgent, again.attention) == (put.into, None, put.attention)


NIGHT, MORNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC), datetime(2026, 11, 23, 23, 0, tzinfo=UTC)


def test_without_storm_control_every_push_is_its_own_and_nothing_is_kept() -> None:
    for number in range(99):
        put = place(EMPTY, notice(number), MANAGER, 99, NOON, Limits(singles=0))
        assert (put.into, put.at, put.attention) == (None, NOON, EMPTY)
        assert not must_count(EMPTY, notice(number), MANAGER, NOON, Limits(singles=0))


def test_the_morning_is_no_storm() -> None:
    placed = run([NIGHT + each * MINUTE for each in range(12)])
    assert {put.at for put in placed} == {MORNING}
    assert [put.into for put in placed[: LIMITS.singles]] == [None] * LIMITS.singles
    assert len({put.into for put in placed[LIMITS.singles :]}) == 1
    critical = place(placed[-1].attention, notice(99, Priority.CRITICAL), REP, 0, NIGHT + 20 * MINUTE, LIMITS)
    assert (critical.at, critical.into) == (NIGHT + 20 * MINUTE, None), "the night's are not counted before they sound"


def test_a_digest_that_would_fall_into_the_night_waits_for_the_morning() -> None:
    evening = datetime(2026, 11, 23, 13, 58, tzinfo=UTC)
    placed = run([evening] * (LIMITS.singles + 1) + [evening + MS, evening + MINUTE])
    assert [put.at for put in placed[-3:]] == [evening + MINUTE, MORNING, MORNING]
    late = place(placed[-1].attention, notice(99, Priority.CRITICAL), REP, 0, evening + MINUTE, LIMITS)
    assert late.at == evening + 6 * MINUTE, "what is critical does not wait for it"
    close = run([evening + MINUTE + MS] * (LIMITS.singles + 1))
    assert close[-1].at == MORNING


def test_a_storm_writes_attention_only_for_singles_and_digests() -> None:
    placed = run([NOON + each * timedelta(seconds=1) for each in range(60)])
    known = [EMPTY, *(put.attention for put in placed)]
    written = [after for before, after in pairwise(known) if after is not before]
    assert len(written) == LIMITS.singles + 2, "the last of a minute belong to the next digest"


@pytest.mark.parametrize(
    ("person", "kind", "breaches", "incident"),
    [
        (MANAGER, NoticeKind.SLA_BREACHED, LIMITS.incident_over, False),
        (MANAGER, NoticeKind.SLA_BREACHED, LIMITS.incident_over + 1, True),
        (MANAGER, NoticeKind.SLA_ESCALATED, LIMITS.incident_over + 1, False),
        (REP, NoticeKind.SLA_BREACHED, LIMITS.incident_over + 1, False),
    ],
)
def test_more_than_fifty_breaches_of_one_cause_are_an_incident(
    person: Person, kind: NoticeKind, breaches: int, incident: bool
) -> None:
    attention = run([NOON] * LIMITS.singles)[-1].attention
    asked = must_count(attention, notice(9, kind=kind), person, NOON, LIMITS)
    assert asked is (person is MANAGER and kind is NoticeKind.SLA_BREACHED)
    put = place(attention, notice(9, kind=kind), person, breaches, NOON, LIMITS)
    assert put.added is not None
    assert (put.added.kind is NoticeKind.SLA_INCIDENT) is incident
    if incident:
        assert (put.added.priority, put.added.read_at, put.at) == (Priority.CRITICAL, None, NOON)


@pytest.mark.parametrize(("after", "same"), [(INCIDENT_WITHIN - MS, True), (INCIDENT_WITHIN, False)])
def test_an_incident_stands_for_its_cause_for_five_minutes(after: timedelta, same: bool) -> None:
    attention = run([NOON] * LIMITS.singles)[-1].attention
    raised = place(attention, notice(9), MANAGER, LIMITS.incident_over + 1, NOON, LIMITS)
    later = NOON + after
    put = place(raised.attention, notice(10), MANAGER, 0, later, LIMITS)
    assert (put.into == raised.into) is same
    assert must_count(raised.attention, notice(10), MANAGER, later, LIMITS) is not same
    other = place(raised.attention, notice(11, metric="OTHER"), MANAGER, 0, NOON, LIMITS)
    assert other.into != raised.into


@given(
    gaps=st.lists(st.integers(0, 400), max_size=60),
    priorities=st.lists(st.sampled_from(list(Priority)), min_size=60, max_size=60),
)
def test_no_storm_breaks_the_limits(gaps: list[int], priorities: list[Priority]) -> None:
    attention, now = EMPTY, NOON
    singles: list[datetime] = []
    digests: dict[str, datetime] = {}
    for number, (gap, priority) in enumerate(zip(gaps, priorities, strict=False)):
        now += timedelta(seconds=gap)
        put = place(attention, notice(number, priority), SLEEPLESS, 0, now, LIMITS)
        attention = put.attention
        if put.into is None:
            singles.append(put.at)
        else:
            assert digests.setdefault(put.into, put.at) == put.at
            assert now + GATHERS <= put.at <= now + 11 * MINUTE
    for at in singles:
        assert sum(at - SINGLES_WITHIN < each <= at for each in singles) <= LIMITS.singles
    due = sorted(digests.values())
    assert all(later - earlier >= 5 * MINUTE for earlier, later in pairwise(due))
