"""Rules of nightly planning: when the next night is, which date it plans, and what a batch adds to a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.ids import OrgId, PersonId, PlanId, PlanningRunId
from domain.planning_runs import (
    MAX_FAILURES,
    DayOutcome,
    NightRules,
    PlanningRun,
    RepDay,
    RunState,
    after_batch,
    next_night,
    nightly_run,
    plan_of,
    revise,
)
from domain.refusals import InvalidInput, VersionConflict
from tests.conftest import START

ORG, ADMIN = OrgId("org_1"), PersonId("per_1")
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("starts_at", "zone", "after", "night"),
    [
        ("02:00", SHANGHAI, "2026-11-23T17:59:59Z", "2026-11-23T18:00:00Z"),
        ("02:00", SHANGHAI, "2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"),
        ("00:00", BERLIN, "2026-11-23T22:59:00Z", "2026-11-23T23:00:00Z"),
        ("23:59", BERLIN, "2026-11-23T12:00:00Z", "2026-11-23T22:59:00Z"),
        # 02:30 is skipped in Berlin on 2026-03-29 and comes twice on 2026-10-25.
        ("02:30", BERLIN, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
        ("02:30", BERLIN, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
    ],
)
def test_the_next_night_is_the_next_such_local_time(starts_at: str, zone: ZoneInfo, after: str, night: str) -> None:
    assert next_night(starts_at, zone, datetime.fromisoformat(after)) == datetime.fromisoformat(night)


@pytest.mark.parametrize(
    ("starts_at", "days_ahead", "field"),
    [
        ("24:00", 0, "startsAt"),
        ("2:00", 0, "startsAt"),
        ("", 0, "startsAt"),
        ("02:00", -1, "daysAhead"),
        (None, 8, "daysAhead"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(starts_at: str | None, days_ahead: int, field: str) -> None:
    refused = revise(NightRules(ORG, ORG), starts_at, days_ahead, 0, SHANGHAI, ADMIN, START)
    assert isinstance(refused, InvalidInput)
    assert refused.field == field


def test_rules_have_versions_and_can_be_taken_back() -> None:
    first = revise(NightRules(ORG, ORG), "02:00", 7, 0, SHANGHAI, ADMIN, START)
    assert isinstance(first, NightRules)
    assert (first.version, first.due_at) == (1, datetime(2026, 11, 23, 18, tzinfo=UTC))
    assert revise(first, None, 0, 0, SHANGHAI, ADMIN, START) == VersionConflict(ORG, 1)
    ended = revise(first, None, 0, 1, SHANGHAI, ADMIN, START)
    assert isinstance(ended, NightRules)
    assert (ended.version, ended.starts_at, ended.due_at) == (2, None, None)


def test_a_night_that_nobody_saw_is_left_out() -> None:
    rules = NightRules(ORG, ORG, "02:00", 1, START - timedelta(days=3, hours=7))
    run, after = nightly_run(rules, SHANGHAI, START)
    assert (run.date, run.team_id, run.owner_id) == ("2026-11-24", None, None)
    assert after.due_at == datetime(2026, 11, 23, 18, tzinfo=UTC)
    assert nightly_run(rules, SHANGHAI, START + timedelta(hours=1))[0].id == run.id


def test_a_batch_is_counted_and_the_first_failures_are_listed() -> None:
    run = PlanningRun(PlanningRunId("prn_1"), ORG, "2026-11-24", None, None, START)
    days = [RepDay(PersonId(f"per_{number}"), outcome) for number, outcome in enumerate(DayOutcome)]
    failed = [RepDay(PersonId(f"per_{n}"), DayOutcome.FAILED, PlanId(f"pln_{n}")) for n in range(MAX_FAILURES)]
    on = after_batch(run, [*days, *failed], "per_9", START + timedelta(minutes=2), START, done=False)
    assert (on.planned, on.without_shift, on.published_before, on.failed) == (1, 1, 1, 1 + MAX_FAILURES)
    assert (len(on.failures), on.cursor, on.state, on.version) == (MAX_FAILURES, "per_9", RunState.RUNNING, 2)
    done = after_batch(on, [], "per_9", None, START, done=True)
    assert (done.state, done.lease_until, done.finished_at, done.planned) == (RunState.DONE, None, START, 1)


def test_a_rep_gets_one_plan_of_each_run() -> None:
    run = PlanningRun(PlanningRunId("prn_1"), ORG, "2026-11-24", None, None, START)
    assert plan_of(run, ADMIN) == plan_of(run, ADMIN)
    assert len({plan_of(run, ADMIN), plan_of(run, PersonId("per_2"))}) == 2
