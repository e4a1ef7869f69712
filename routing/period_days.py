"""The days of a period while it is planned: who is visited on each, whether one more fits, and their plans.

Used by routing/period.py; opening hours, lunch and appointments of each day are kept by the day planner itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from time import monotonic

from routing.constraints import check_alone, check_without_travel
from routing.day import build_day
from routing.period_problem import PeriodDay, PeriodLimit, PeriodProblem, PeriodSite, RepWork
from routing.plan import plan_day
from routing.problem import Candidate, DayPlan, DayProblem, Dropped, Limit
from routing.solver.insertion import best_insertion
from routing.travel_times.matrix import TravelTimes

Key = tuple[str, date]
"""A rep and a local date."""
_LONGEST_DAY_S = 0.5
_SHORTEST_DAY_S = 0.05
_SOLUTIONS = 20
MAX_EXPLAINED = 60
"""So many drops are explained by planning their day with them, the most valuable ones first."""


def day_problem(problem: PeriodProblem, rep_id: str, day: date) -> DayProblem:
    """The rep's empty day."""
    rep = next(each for each in problem.reps if each.id == rep_id)
    shift = next(each for each in rep.shifts if each.date == day)
    return DayProblem(shift.start_at, shift.end_at, rep.start, rep.end, shift.lunch, ())


def as_candidate(site: PeriodSite, rep_id: str, day: date) -> Candidate:
    """The site's visit on that day, as the day planner takes it."""
    promised = next((each for each in site.appointments if (each.rep_id, each.date) == (rep_id, day)), None)
    windows = None if site.windows is None or promised is not None else site.windows.get(day, ())
    return Candidate(
        id=site.id,
        point=site.point,
        service_s=site.service_s,
        value=site.value,
        windows=windows,
        fixed_at=None if promised is None else promised.at,
        must=promised is not None,
    )


class DayBook:
    """Visits by rep and date, and the plans of those days. A change makes the day's plan anew when it is asked for."""

    def __init__(self, problem: PeriodProblem, travel: TravelTimes, limit: PeriodLimit, ends: float) -> None:
        self._problem = problem
        self._travel = travel
        self._limit = limit
        self._ends = ends
        self._empty = {
            (rep.id, shift.date): day_problem(problem, rep.id, shift.date)
            for rep in problem.reps
            for shift in rep.shifts
        }
        self._visits: dict[Key, list[PeriodSite]] = {}
        self._plans: dict[Key, DayPlan] = {}
        self._explained = 0

    def put(self, key: Key, site: PeriodSite) -> None:
        """One more visit at the end of the day's order."""
        self._visits.setdefault(key, []).append(site)
        self._plans.pop(key, None)

    def remove(self, site_id: str) -> None:
        """The site is visited on no day any more."""
        for key, sites in self._visits.items():
            if any(site.id == site_id for site in sites):
                self._visits[key] = [site for site in sites if site.id != site_id]
                self._plans.pop(key, None)

    def refused(self) -> set[str]:
        """The sites that some day's plan drops."""
        return {drop.candidate_id for _, plan in self._solved() for drop in plan.dropped}

    def final_refusals(self) -> list[tuple[Key, Dropped]]:
        """What the days' plans drop, by day."""
        return [(key, drop) for key, plan in self._solved() for drop in plan.dropped]

    def fit(self, site: PeriodSite, keys: Sequence[Key]) -> bool:
        """Puts the site on all of these days if each has room for it, else on none."""
        places = [self._place(key, site) for key in keys]
        if any(place is None for place in places):
            return False
        for key, place in zip(keys, places, strict=True):
            sites = self._visits.setdefault(key, [])
            sites.insert(place or 0, site)
            self._plans.pop(key, None)
        return True

    def _place(self, key: Key, site: PeriodSite) -> int | None:
        """Where in the day's order one more visit keeps all limits; None where it does not."""
        sites = self._visits.get(key, [])
        if len(sites) >= self._problem.most_a_day or check_without_travel(self._empty[key], self._candidate(key, site)):
            return None
        day = build_day(self._empty[key], [self._candidate(key, each) for each in (*sites, site)], self._travel)
        order = list(range(len(sites)))
        if not day.is_feasible(order):
            return None
        best = best_insertion(day, order, day.labels(order), len(sites))
        if best is None:
            return None
        route = [*order[: best[1]], len(sites), *order[best[1] :]]
        promised = day.fixed[len(sites)]
        busy = day.travel(route) + sum(day.service)
        return best[1] if promised or busy <= (1 - self._problem.reserved) * day.horizon else None

    def refusal(self, key: Key, site: PeriodSite) -> Dropped | None:
        """Why the day planner leaves the site out of that day; None where only the period's own limits do."""
        candidate = self._candidate(key, site)
        drop = check_without_travel(self._empty[key], candidate)
        drop = drop or check_alone(build_day(self._empty[key], [candidate], self._travel), 0)
        if drop is not None or self._explained >= MAX_EXPLAINED:
            return drop
        self._explained += 1
        plan = plan_day(self._asked(key, [*self._visits.get(key, []), site]), self._travel, self._day_limit(1))
        return next((each for each in plan.dropped if each.candidate_id == site.id), None)

    def days(self) -> tuple[PeriodDay, ...]:
        """The planned days by date and rep."""
        found = [PeriodDay(key[0], key[1], plan) for key, plan in self._solved() if plan.stops]
        return tuple(sorted(found, key=lambda day: (day.date, day.rep_id)))

    def work(self) -> tuple[RepWork, ...]:
        """What the period asks of each rep, also of who has nothing to do."""
        plans: dict[str, list[DayPlan]] = {rep.id: [] for rep in self._problem.reps}
        for key, plan in self._solved():
            if plan.stops:
                plans[key[0]].append(plan)
        return tuple(
            RepWork(
                rep_id,
                sum(len(plan.stops) for plan in each),
                sum(round((stop.leave_at - stop.start_at).total_seconds()) for plan in each for stop in plan.stops),
                sum(plan.travel_s for plan in each),
                sum(plan.distance_m for plan in each),
                len(each),
            )
            for rep_id, each in plans.items()
        )

    def _candidate(self, key: Key, site: PeriodSite) -> Candidate:
        return as_candidate(site, *key)

    def _solved(self) -> Iterator[tuple[Key, DayPlan]]:
        keys = sorted(key for key, sites in self._visits.items() if sites)
        for number, key in enumerate(keys):
            if key not in self._plans:
                self._plans[key] = self._solve(key, len(keys) - number)
            yield key, self._plans[key]

    def _solve(self, key: Key, left: int) -> DayPlan:
        """The day's plan, begun with the order that stands; the visits then stand in the order of the plan."""
        sites = self._visits[key]
        plan = plan_day(self._asked(key, sites), self._travel, self._day_limit(left))
        place = {stop.candidate_id: number for number, stop in enumerate(plan.stops)}
        self._visits[key] = sorted(sites, key=lambda site: place.get(site.id, len(place)))
        return plan

    def _asked(self, key: Key, sites: Sequence[PeriodSite]) -> DayProblem:
        empty = self._empty[key]
        return DayProblem(
            empty.shift_start,
            empty.shift_end,
            empty.start,
            empty.end,
            empty.lunch,
            tuple(self._candidate(key, site) for site in sorted(sites, key=lambda site: site.id)),
            hint=tuple(site.id for site in sites),
        )

    def _day_limit(self, left: int) -> Limit:
        share = (self._ends - monotonic()) / left
        if self._limit.rounds is not None:
            return Limit(_LONGEST_DAY_S * 10, self._limit.seed, _SOLUTIONS, self._limit.stop)
        return Limit(min(_LONGEST_DAY_S, max(_SHORTEST_DAY_S, share)), self._limit.seed, None, self._limit.stop)
