"""Independent verification of a period's plan against its problem; the door runs it on every answer.

It shares no code with the solvers: each day goes through `routing.check`, the rest is checked here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from routing.check import Fault, Rule, check_plan
from routing.period_problem import PeriodDay, PeriodDrop, PeriodPlan, PeriodProblem, PeriodSite
from routing.problem import Candidate, DayProblem
from routing.travel_times.matrix import TravelTimes


def check_period(problem: PeriodProblem, plan: PeriodPlan, travel: TravelTimes) -> tuple[Fault, ...]:
    """Every fault of the plan; empty for a sound one."""
    known = {site.id for site in problem.sites}
    named = {stop.candidate_id for day in plan.days for stop in day.plan.stops} | {
        drop.site_id for drop in plan.dropped
    }
    if not named <= known:
        return (Fault(Rule.CANDIDATES, None, "a site was not asked for"),)
    faults: list[Fault] = []
    for day in plan.days:
        faults += _day_faults(problem, day, travel)
    drops: dict[str, list[PeriodDrop]] = defaultdict(list)
    for drop in plan.dropped:
        drops[drop.site_id].append(drop)
    visits: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for day in plan.days:
        for stop in day.plan.stops:
            visits[stop.candidate_id].append((day.date, day.rep_id))
    for site in problem.sites:
        faults += _site_faults(problem, site, sorted(visits[site.id]), drops[site.id])
    faults += _total_faults(plan)
    return tuple(faults)


def _day_faults(problem: PeriodProblem, day: PeriodDay, travel: TravelTimes) -> Iterator[Fault]:
    rep = next((each for each in problem.reps if each.id == day.rep_id), None)
    shift = next((each for each in rep.shifts if each.date == day.date), None) if rep is not None else None
    if rep is None or shift is None or not problem.first <= day.date <= problem.last:
        yield Fault(Rule.SHIFT, None, f"{day.rep_id} does not work on {day.date}")
        return
    if len(day.plan.stops) > problem.most_a_day:
        yield Fault(Rule.CANDIDATES, None, f"{day.date} has more visits than a day may have")
    sites = {site.id: site for site in problem.sites}
    named = [stop.candidate_id for stop in day.plan.stops] + [drop.candidate_id for drop in day.plan.dropped]
    if len(set(named)) != len(named):
        yield Fault(Rule.CANDIDATES, None, f"{day.date} visits a site twice")
        return
    asked = tuple(_candidate(sites[each], day) for each in named)
    question = DayProblem(shift.start_at, shift.end_at, rep.start, rep.end, shift.lunch, asked)
    yield from check_plan(question, day.plan, travel)


def _candidate(site: PeriodSite, day: PeriodDay) -> Candidate:
    at = next((each.at for each in site.appointments if (each.date, each.rep_id) == (day.date, day.rep_id)), None)
    windows = site.windows.get(day.date, ()) if site.windows is not None and at is None else None
    return Candidate(site.id, site.point, site.service_s, site.value, windows, at, at is not None)


def _site_faults(
    problem: PeriodProblem, site: PeriodSite, visits: list[tuple[date, str]], drops: list[PeriodDrop]
) -> Iterator[Fault]:
    promised = {(each.date, each.rep_id) for each in site.appointments if problem.first <= each.date <= problem.last}
    allowed = {rep_id for _, rep_id in promised} or set(site.rep_ids)
    if len({rep_id for _, rep_id in visits}) > 1 or not {rep_id for _, rep_id in visits} <= allowed:
        yield Fault(Rule.CANDIDATES, site.id, "is not visited by one of its reps alone")
    if {(drop.date, drop.rep_id) for drop in drops if drop.date is not None} & set(visits):
        yield Fault(Rule.CANDIDATES, site.id, "is planned and dropped on one day")
    if drops:
        return
    if not promised <= set(visits):
        yield Fault(Rule.APPOINTMENT, site.id, "a promised visit is neither planned nor dropped")
    if site.cadence is None:
        if set(visits) - promised:
            yield Fault(Rule.APPOINTMENT, site.id, "is visited without having been promised")
        return
    yield from _spacing_faults(problem, site, [day for day, _ in visits], {day for day, _ in promised})


def _spacing_faults(problem: PeriodProblem, site: PeriodSite, days: list[date], promised: set[date]) -> Iterator[Fault]:
    cadence = site.cadence
    assert cadence is not None
    before = site.last_visit
    if before is None or (problem.first - before).days > cadence.most_days:
        # Due at once, and given one interval to be fitted in.
        if not days or ((days[0] - problem.first).days >= cadence.interval_days and days[0] not in promised):
            yield Fault(Rule.WINDOW, site.id, "is due and waits for more than an interval")
        before = None
    for day in days:
        if before is not None and day not in promised:
            gap = (day - before).days
            if not cadence.least_days <= gap <= cadence.most_days:
                yield Fault(Rule.WINDOW, site.id, f"is visited {gap} days after the visit before")
        before = day
    if before is not None and problem.last + timedelta(days=1) > before + timedelta(days=cadence.most_days):
        yield Fault(Rule.WINDOW, site.id, "waits too long after the last visit of the period")


def _total_faults(plan: PeriodPlan) -> Iterator[Fault]:
    visits = sum(len(day.plan.stops) for day in plan.days)
    metres = sum(day.plan.distance_m for day in plan.days)
    if sum(each.visits for each in plan.work) != visits:
        yield Fault(Rule.TOTALS, None, "the reps' visits do not add up")
    if abs(sum(each.distance_m for each in plan.work) - metres) > 0.01 * (1 + len(plan.days)):
        yield Fault(Rule.TOTALS, None, "the reps' ways do not add up")
