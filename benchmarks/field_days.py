"""Generated days of a rep and of a team for the benchmarks of the planner: appointments, opening hours, lunch, values.

The same seed gives the same day everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from domain.accounts import Tier
from domain.places import Point
from domain.routes import SERVICE_S, TIER_INTERVAL_DAYS, visit_value
from routing.problem import Candidate, DayProblem, Lunch, Window
from routing.team_problem import Rep, TeamProblem

_SHIFT_START = datetime(2026, 3, 2, 1, tzinfo=UTC)
_SHIFT_H = 9
_LUNCH_S = 45 * 60
_CITIES = ((31.23, 121.47), (53.55, 9.99), (60.17, 24.94))
_SPREADS_DEGREES = (0.05, 0.1, 0.2)
_OPENINGS_H = ((0.0, 9.0), (1.0, 9.0), (0.0, 3.0), (2.0, 6.0), (5.0, 9.0))


def field_day(count: int, seed: int) -> DayProblem:
    """A day with `count` candidates in one of three cities, in the town or around it."""
    random = Random(count * 1_000_003 + seed)
    latitude, longitude = random.choice(_CITIES)
    spread = random.choice(_SPREADS_DEGREES)
    home = Point(latitude, longitude)

    def place() -> Point:
        return Point(latitude + random.gauss(0, spread / 2), longitude + random.gauss(0, spread))

    candidates = tuple(_candidate(f"v{number:02}", place(), random) for number in range(count))
    lunch = Lunch(Window(_at(2.5), _at(4.5)), _LUNCH_S)
    return DayProblem(_at(0), _at(_SHIFT_H), home, home, lunch, candidates)


def team_day(count: int, reps: int, seed: int) -> TeamProblem:
    """A day of `reps` representatives who share `count` candidates; each starts and ends at home, half of them later.

    One candidate in ten needs a skill that every second one has, and one in twenty is bound to one of them.
    """
    day = field_day(count, seed)
    random = Random(count * 1_000_003 + reps * 1_009 + seed)
    assert day.start is not None

    def rep(number: int) -> Rep:
        assert day.start is not None
        home = Point(day.start.latitude + random.gauss(0, 0.03), day.start.longitude + random.gauss(0, 0.05))
        later = timedelta(minutes=30 * (number % 2))
        skills = frozenset({"demonstration"}) if number % 2 == 0 else frozenset[str]()
        return Rep(f"r{number}", day.shift_start + later, day.shift_end + later, home, home, day.lunch, skills)

    people = tuple(rep(number) for number in range(reps))
    candidates = tuple(
        replace(
            each,
            needs=frozenset({"demonstration"}) if random.random() < 0.1 else frozenset(),
            rep_id=random.choice(people[::2]).id if random.random() < 0.05 else None,
        )
        for each in day.candidates
    )
    return TeamProblem(people, candidates)


def _candidate(name: str, point: Point, random: Random) -> Candidate:
    tier = random.choices(list(Tier), weights=(2, 3, 4))[0]
    kind = random.random()
    if kind < 0.08:
        start = _at(random.randrange(1, 16) / 2)
        return Candidate(name, point, SERVICE_S, visit_value(tier, 0), None, start, must=True)
    late = random.uniform(0, 1.2) * TIER_INTERVAL_DAYS[tier]
    value = visit_value(tier, round(late), sla_due=kind < 0.2)
    windows: tuple[Window, ...] | None = None
    if random.random() < 0.6:
        opens, closes = random.choice(_OPENINGS_H)
        windows = (Window(_at(opens), _at(closes)),)
        if closes - opens > 6 and random.random() < 0.4:
            # Closed over noon: two windows.
            windows = (Window(_at(opens), _at(3.0)), Window(_at(4.5), _at(closes)))
    return Candidate(name, point, SERVICE_S, value, windows)


def _at(hours: float) -> datetime:
    return _SHIFT_START + timedelta(hours=hours)
