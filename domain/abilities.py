"""A rep's abilities week by week: shares of what happened, each with the records that count for and against it.

Pure: the same events always give the same scores. Called by resolvers/abilities.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from statistics import fmean

from domain.attendance import work_day
from domain.compliance import NormState, NormWeek
from domain.dwell import dwell_s
from domain.ids import PersonId
from domain.people import Person
from domain.sla import Clock, Metric
from domain.visits import Visit, VisitKind, VisitOutcome, VisitState
from domain.weeks import Week

MADE = frozenset({VisitState.DONE, VisitState.TOUCH, VisitState.AUTO_CLOSED})
"""Visits that took place and are over."""
STEPS_FORWARD = frozenset({VisitOutcome.ORDER, VisitOutcome.PROGRESS})


class Ability(StrEnum):
    """What is measured."""

    PRESENCE = "PRESENCE"
    PLANNING = "PLANNING"
    OUTCOMES = "OUTCOMES"
    PROMISES = "PROMISES"
    NORMS = "NORMS"
    INSIGHTS = "INSIGHTS"


@dataclass(frozen=True, slots=True)
class AbilityEvidence:
    """One thing that was counted on a date of the rep's; `in_favour` says how. Without records: nothing was done."""

    date: str
    in_favour: bool
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbilityScore:
    """`reached` of `counted` in percent; None where nothing was counted."""

    ability: Ability
    score: float | None
    reached: int
    counted: int
    evidence: tuple[AbilityEvidence, ...]


@dataclass(frozen=True, slots=True)
class AbilityWeek:
    """All scores of a week, and their mean where there are any.

    `mean_dwell_s` is of the verified visits; those that ended with the shift say nothing about it.
    """

    week: str
    score: float | None
    scores: tuple[AbilityScore, ...]
    mean_dwell_s: float | None


def ability_week(
    person: Person,
    week: Week,
    visits: Iterable[Visit],
    clocks: Mapping[str, Clock],
    norms: NormWeek,
    now: datetime,
) -> AbilityWeek:
    """The scores of one week; events of other weeks are passed over. `clocks` by their id, `norms` of that week."""

    def own_day(at: datetime | None) -> date | None:
        day = work_day(person, at) if at is not None else None
        return day if day in week.days else None

    of_week = tuple(visits)
    scores = (
        _score(Ability.PRESENCE, _presence(of_week, own_day)),
        _score(Ability.PLANNING, _planning(of_week, own_day)),
        _score(Ability.OUTCOMES, _outcomes(of_week, own_day)),
        _score(Ability.PROMISES, _promises(person.id, clocks, own_day)),
        _score(Ability.NORMS, _norms(norms)),
        _score(Ability.INSIGHTS, _insights(week, norms, is_over=work_day(person, now) > week.days[-1])),
    )
    known = [each.score for each in scores if each.score is not None]
    stays = [dwell_s(each.opened_at, each.last_inside_at) for each in of_week if _says_how_long(each, own_day)]
    dwells = [each for each in stays if each is not None]
    mean_dwell_s = fmean(dwells) if dwells else None
    return AbilityWeek(str(week), round(fmean(known), 1) if known else None, scores, mean_dwell_s)


OwnDay = Callable[[datetime | None], date | None]


def _says_how_long(visit: Visit, own_day: OwnDay) -> bool:
    return visit.verified and not visit.auto_closed and own_day(visit.opened_at) is not None


def _score(ability: Ability, found: Iterable[AbilityEvidence]) -> AbilityScore:
    evidence = tuple(sorted(found, key=lambda each: (each.date, each.record_ids)))
    reached, counted = sum(each.in_favour for each in evidence), len(evidence)
    return AbilityScore(ability, round(100 * reached / counted, 1) if counted else None, reached, counted, evidence)


def _presence(visits: Sequence[Visit], own_day: OwnDay) -> Iterable[AbilityEvidence]:
    """Of the visits that were entered and are over, those whose presence is proved."""
    for visit in visits:
        day = own_day(visit.opened_at)
        if day is not None and visit.state in MADE:
            yield AbilityEvidence(day.isoformat(), visit.verified, (visit.id,))


def _planning(visits: Sequence[Visit], own_day: OwnDay) -> Iterable[AbilityEvidence]:
    """Of the planned visits whose time is over, those that were made; cancelled and moved ones do not count."""
    for visit in visits:
        day = own_day(visit.planned_start_at)
        decided = visit.state in MADE or visit.state is VisitState.MISSED
        if day is not None and decided and visit.kind is not VisitKind.UNPLANNED:
            yield AbilityEvidence(day.isoformat(), visit.state is not VisitState.MISSED, (visit.id,))


def _outcomes(visits: Sequence[Visit], own_day: OwnDay) -> Iterable[AbilityEvidence]:
    """Of the verified visits, those that brought an order or a step forward; mere service does not count."""
    for visit in visits:
        day = own_day(visit.opened_at)
        if day is not None and visit.verified and visit.outcome is not VisitOutcome.SERVICE:
            yield AbilityEvidence(day.isoformat(), visit.outcome in STEPS_FORWARD, (visit.id,))


def _promises(person_id: PersonId, clocks: Mapping[str, Clock], own_day: OwnDay) -> Iterable[AbilityEvidence]:
    """Of the promises that were kept or broken in their hands, those that were kept; a broken one counts when due.

    Surveys are customer success's to care for.
    """
    for clock_id, clock in clocks.items():
        if clock.policy.metric is Metric.SATISFACTION:
            continue
        for cycle in clock.cycles:
            decided_at = cycle.breached_at or (None if cycle.provisional else cycle.met_at)
            day = own_day(decided_at)
            if decided_at is None or day is None:
                continue
            owners = [leg.owner_id for leg in cycle.legs if leg.started_at <= decided_at]
            if owners and owners[-1] == person_id:
                yield AbilityEvidence(day.isoformat(), cycle.breached_at is None, (clock_id,))


def _norms(norms: NormWeek) -> Iterable[AbilityEvidence]:
    """Of the days that are over or met, those with all items done."""
    for day in norms.days:
        if day.state in {NormState.MET, NormState.MISSED}:
            yield AbilityEvidence(day.date, day.state is NormState.MET, day.entry_ids)


def _insights(week: Week, norms: NormWeek, *, is_over: bool) -> Iterable[AbilityEvidence]:
    """Of the insights asked for, those gained; the missing ones count once the week is over."""
    for entry_id in norms.insight_ids[: norms.insights_wanted]:
        yield AbilityEvidence(week.days[-1].isoformat(), True, (entry_id,))
    if is_over:
        for _ in range(norms.insights_missing):
            yield AbilityEvidence(week.days[-1].isoformat(), False, ())
