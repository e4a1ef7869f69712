"""Clocks in the hands of a test: begun, contacted, watched at hours after T0; for the tests of domain/sla."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.ids import PersonId
from domain.sla import (
    DEFAULT_POLICIES,
    Clock,
    Firing,
    Metric,
    Policy,
    Recipient,
    appended,
    fire_due,
    fold,
    record_stop,
    start,
)

T0 = datetime(2026, 11, 23, 8, tzinfo=UTC)
OWNER, OTHER, BOSS, TOP = (PersonId(f"per_{name}") for name in ("owner", "other", "boss", "top"))
FIRST = DEFAULT_POLICIES[Metric.LEAD_FIRST_CONTACT]
FOLLOW = DEFAULT_POLICIES[Metric.LEAD_NEXT_FOLLOWUP]
PEOPLE = {Recipient.OWNER: [OWNER], Recipient.SUPERIOR: [BOSS], Recipient.SUPERIOR_OF_SUPERIOR: [TOP]}


def after(hours_: float) -> datetime:
    return T0 + timedelta(hours=hours_)


def begun(policy: Policy = FIRST) -> Clock:
    return appended(fold((), policy), start(fold((), policy), T0, T0, OWNER, "led_1"))


def contacted(
    clock: Clock, at: float, now: float | None = None, source: str = "act_1", *, trusted: bool = True
) -> Clock:
    events = record_stop(clock, after(at), after(at if now is None else now), source, owner_id=OWNER, trusted=trusted)
    return appended(clock, events)


def watched(clock: Clock, now: float) -> tuple[Clock, Firing | None]:
    events, firing = fire_due(clock, after(now))
    return appended(clock, events), firing


def percents(firing: Firing | None) -> list[int]:
    return [] if firing is None else [step.percent for step in firing.steps]
