"""Plans some weeks of some reps: which site on which days by whom, then each day. Door of the package for beat plans.

Called in a process of the planner's pool: synchronous, picklable in and out, no state kept.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from time import monotonic

import numpy as np

from domain.places import Point
from routing.check import InconsistentPlanError
from routing.check_period import check_period
from routing.constraints import check_without_travel
from routing.period_days import DayBook, Key, as_candidate, day_problem
from routing.period_problem import (
    MAX_SITES,
    PeriodDrop,
    PeriodDropReason,
    PeriodLimit,
    PeriodPlan,
    PeriodProblem,
    PeriodRep,
    PeriodSite,
)
from routing.problem import Dropped
from routing.solver.period_model import NOT_PLANNED, Assignment, Floats, Model, Option, Slot, build_model
from routing.solver.period_search import make_ready, search_period
from routing.travel_times.matrix import AskedOnce, TravelTimes
from routing.ways import Way, ways, wide

_SEARCH_SHARE = 0.6
_OFF_DAY_S = 120
"""What it is worth in driving that a visit comes a day nearer to its interval."""
_MISS_S = 3600
"""A site's price in driving, times its value and its visits: far above any way there."""
_PROMISED_S = 10**8
_EVENNESS_S = 120
"""What a rep's hours of service cost in driving, times their square."""
_UNREACHABLE_S = 1e9


def plan_period(problem: PeriodProblem, travel: TravelTimes, limit: PeriodLimit) -> PeriodPlan:
    """Shares out the visits and plans each day: most promised visits, then value, then regular, short and even work.

    Always answers, and names why a visit of a site's best way is left out. Every plan is verified by
    `routing.check_period` first; InconsistentPlanError would be a defect of this package. Of more than MAX_SITES sites
    the least valuable are left out.
    """
    make_ready()
    travel = AskedOnce(travel)
    ends = monotonic() + limit.seconds
    draft = _drafted(problem)
    found = Assignment((), ())
    if draft.sites:
        stop = limit.stop or (lambda: False)
        model = _model(problem, draft, travel)
        held = [choice.held() for choice in draft.sites]
        found = search_period(model, limit.seconds * _SEARCH_SHARE, limit.seed, limit.rounds, stop, held)
    book = DayBook(problem, travel, limit, ends)
    for slot, route in enumerate(found.routes):
        for site in route:
            book.put(draft.keys[slot], draft.sites[site].site)
    settled = _settle(book, draft, found)
    plan = PeriodPlan(book.days(), tuple(sorted((*draft.dropped, *settled), key=_by_site)), book.work())
    faults = check_period(problem, plan, travel)
    if faults:
        raise InconsistentPlanError(faults)
    return plan


def _by_site(drop: PeriodDrop) -> tuple[str, date]:
    return (drop.site_id, drop.date or date.min)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A site with the ways it can be visited in, the best first."""

    site: PeriodSite
    ways: tuple[tuple[str, Way], ...]
    options: tuple[Option, ...]

    def held(self) -> int:
        """The way that the plan in force visits the site in, where it is still one of its ways."""
        current = set(self.site.current)
        same = (number for number in range(len(self.ways)) if current and set(self.dates(number)) == current)
        return next(same, NOT_PLANNED)

    def dates(self, number: int) -> tuple[Key, ...]:
        """The visits of one way."""
        rep_id, way = self.ways[number]
        return tuple((rep_id, day) for day in way.days)


@dataclass(frozen=True, slots=True)
class _Draft:
    sites: tuple[_Choice, ...]
    keys: tuple[Key, ...]
    slots: tuple[Slot, ...]
    dropped: tuple[PeriodDrop, ...]


def _drafted(problem: PeriodProblem) -> _Draft:
    """Which sites can be visited how, and why the others cannot."""
    keys = tuple(
        sorted({(rep.id, shift.date) for rep in problem.reps for shift in rep.shifts if _within(problem, shift.date)})
    )
    days = {day: number for number, day in enumerate(sorted({day for _, day in keys}))}
    ranked = sorted(problem.sites, key=lambda site: (not site.appointments, -site.value, site.id))
    dropped = [PeriodDrop(site.id, PeriodDropReason.OVER_LIMIT) for site in ranked[MAX_SITES:]]
    openings = _Openings(problem)
    choices: list[_Choice] = []
    for site in sorted(ranked[:MAX_SITES], key=lambda site: site.id):
        found, why = _ways_of(problem, site, openings)
        dropped += [*why, *_broken_promises(problem, site, openings)]
        if found:
            choices.append(_Choice(site, found, tuple(_option(problem, site, days, *each) for each in found)))
    number_of = {rep.id: number for number, rep in enumerate(problem.reps)}
    nodes = len(choices)
    slots = tuple(_slot(problem, key, days[key[1]], number_of[key[0]], nodes) for key in keys)
    return _Draft(tuple(choices), keys, slots, tuple(dropped))


def _within(problem: PeriodProblem, day: date) -> bool:
    return problem.first <= day <= problem.last


def _slot(problem: PeriodProblem, key: Key, day: int, rep: int, nodes: int) -> Slot:
    shift = next(each for each in problem.reps[rep].shifts if each.date == key[1])
    room = (shift.end_at - shift.start_at).total_seconds()
    lunch = shift.lunch
    if lunch is not None and lunch.window.start_at >= shift.start_at and lunch.window.end_at <= shift.end_at:
        room -= lunch.duration_s
    most = float(problem.most_a_day)
    return Slot(day, rep, nodes + 2 * rep, nodes + 2 * rep + 1, max(0.0, room * (1 - problem.reserved)), most)


class _Openings:
    """On which of a rep's days a site can be visited at all, looking at nothing but itself."""

    def __init__(self, problem: PeriodProblem) -> None:
        self._problem = problem
        self._days = {
            (rep.id, shift.date): day_problem(problem, rep.id, shift.date)
            for rep in problem.reps
            for shift in rep.shifts
        }
        self.dates = {
            rep.id: tuple(sorted(shift.date for shift in rep.shifts if _within(problem, shift.date)))
            for rep in problem.reps
        }

    def of(self, site: PeriodSite, rep: PeriodRep) -> tuple[tuple[date, ...], Dropped | None]:
        """The dates, and why the last of the others is none."""
        usable: list[date] = []
        why = None
        for day in self.dates[rep.id]:
            drop = self.on(site, rep.id, day)
            if drop is None:
                usable.append(day)
            else:
                why = drop
        return tuple(usable), why

    def on(self, site: PeriodSite, rep_id: str, day: date) -> Dropped | None:
        """Why the site cannot be visited on that one of the rep's days, or None."""
        return check_without_travel(self._days[rep_id, day], as_candidate(site, rep_id, day))


def _ways_of(
    problem: PeriodProblem, site: PeriodSite, openings: _Openings
) -> tuple[tuple[tuple[str, Way], ...], tuple[PeriodDrop, ...]]:
    """All ways by all reps the site may be visited by; and what is to be said where there is none or none in time."""
    if site.point is None:
        return (), (PeriodDrop(site.id, PeriodDropReason.NO_LOCATION),)
    promised = {each.rep_id for each in site.appointments if _within(problem, each.date)}
    reps = [rep for rep in problem.reps if rep.id in (promised or set(site.rep_ids)) and openings.dates[rep.id]]
    if not reps:
        return (), (PeriodDrop(site.id, PeriodDropReason.NO_REP),)
    found: list[tuple[str, Way]] = []
    late: list[tuple[str, Way]] = []
    shut: PeriodDrop | None = None
    for rep in reps:
        usable, why = openings.of(site, rep)
        dates = tuple(sorted({each.date for each in site.appointments if each.rep_id == rep.id} & set(usable)))
        if not usable:
            shut = PeriodDrop(site.id, PeriodDropReason.CLOSED, rep.id, None, why)
        elif site.cadence is None:
            found += [(rep.id, Way(dates, 0))] if dates else []
        else:
            asked = (problem.first, problem.last, usable)
            found += [(rep.id, way) for way in ways(*asked, site.cadence, site.last_visit, dates)]
            late += [(rep.id, way) for way in ways(*asked, wide(site.cadence), site.last_visit, dates)]
    if found or site.cadence is None:
        return tuple(found), ()
    if late:
        # Better late than never: the rep is away for longer than the cadence allows.
        return tuple(late), (PeriodDrop(site.id, PeriodDropReason.SPACING, late[0][0]),)
    return (), (shut or PeriodDrop(site.id, PeriodDropReason.SPACING, reps[0].id),)


def _broken_promises(problem: PeriodProblem, site: PeriodSite, openings: _Openings) -> list[PeriodDrop]:
    """Promised visits of days on which their rep does not work, or not at that time, or that another rep makes."""
    drops: list[PeriodDrop] = []
    for promise in site.appointments:
        if not _within(problem, promise.date):
            continue
        works = promise.date in openings.dates.get(promise.rep_id, ())
        why = openings.on(site, promise.rep_id, promise.date) if works else None
        if why is not None or not works:
            reason = PeriodDropReason.DAY if works else PeriodDropReason.NO_REP
            drops.append(PeriodDrop(site.id, reason, promise.rep_id, promise.date, why))
    return drops


def _option(problem: PeriodProblem, site: PeriodSite, days: dict[date, int], rep_id: str, way: Way) -> Option:
    rep = next(number for number, each in enumerate(problem.reps) if each.id == rep_id)
    price = float(_OFF_DAY_S * way.off_days)
    if site.current:
        before, after = set(site.current), {(rep_id, day) for day in way.days}
        price += problem.change_s * max(len(before - after), len(after - before))
    return Option(tuple(days[day] for day in way.days), rep, price)


def _model(problem: PeriodProblem, draft: _Draft, travel: TravelTimes) -> Model:
    sites = [choice.site for choice in draft.sites]
    visits = [max(1, *(len(option.days) for option in choice.options)) for choice in draft.sites]
    shared = any(len({rep_id for rep_id, _ in choice.ways}) > 1 for choice in draft.sites)
    return build_model(
        _legs(problem, sites, travel),
        [float(site.service_s) for site in sites],
        [1.0] * len(sites),
        [
            float(_MISS_S * max(1, site.value) * count + (_PROMISED_S if site.appointments else 0))
            for site, count in zip(sites, visits, strict=True)
        ],
        [choice.options for choice in draft.sites],
        draft.slots,
        _EVENNESS_S if shared else 0.0,
    )


def _legs(problem: PeriodProblem, sites: list[PeriodSite], travel: TravelTimes) -> Floats:
    """Driving seconds between all sites and where reps start and end; none from or to a place that nobody named."""
    places: list[Point | None] = [site.point for site in sites]
    for rep in problem.reps:
        places += [rep.start, rep.end]
    distinct = list(dict.fromkeys(place for place in places if place is not None))
    table = travel.table(distinct)
    seconds = np.where(table.reachable, np.ceil(np.where(table.reachable, table.leg_s, 0)), _UNREACHABLE_S)
    np.fill_diagonal(seconds, 0)
    index = {place: number for number, place in enumerate(distinct)}
    known = [number for number, place in enumerate(places) if place is not None]
    where = [index[place] for place in places if place is not None]
    legs = np.zeros((len(places), len(places)))
    legs[np.ix_(known, known)] = seconds[np.ix_(where, where)]
    return legs


def _settle(book: DayBook, draft: _Draft, found: Assignment) -> list[PeriodDrop]:
    """Makes what the days cannot hold fit on other days, in another way or in part; the drops that are left.

    The search knows neither opening hours within a day nor lunch; here they decide.
    """
    refused = book.refused()
    chosen = dict(zip((choice.site.id for choice in draft.sites), found.chosen, strict=False))
    drops: list[PeriodDrop] = []
    for choice in sorted(draft.sites, key=lambda each: (not each.site.appointments, -each.site.value, each.site.id)):
        site, number = choice.site, chosen.get(choice.site.id, NOT_PLANNED)
        if number != NOT_PLANNED and site.id not in refused:
            continue
        book.remove(site.id)
        whole = next((each for each in range(len(choice.ways)) if book.fit(site, choice.dates(each))), None)
        if whole is None:
            drops += _in_part(book, choice, max(0, number))
    drops += [
        PeriodDrop(drop.candidate_id, PeriodDropReason.DAY, key[0], key[1], drop) for key, drop in book.final_refusals()
    ]
    return drops


def _in_part(book: DayBook, choice: _Choice, number: int) -> list[PeriodDrop]:
    """The visits of a way that have a place, and why the others have none."""
    drops: list[PeriodDrop] = []
    by_length = defaultdict(list)
    for key in choice.dates(number):
        by_length[book.fit(choice.site, (key,))].append(key)
    for rep_id, day in by_length[False]:
        why = book.refusal((rep_id, day), choice.site)
        reason = PeriodDropReason.NO_ROOM if why is None else PeriodDropReason.DAY
        drops.append(PeriodDrop(choice.site.id, reason, rep_id, day, why))
    return drops
