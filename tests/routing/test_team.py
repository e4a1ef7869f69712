"""A team's day: what it shares out, what it keeps, what it says of the rest, and what can never happen."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.places import Point
from routing.check_team import check_team_plan
from routing.plan import plan_day, plan_team
from routing.problem import Candidate, Dropped, DropReason, Limit, Limiting
from routing.team_problem import MAX_REPS, Rep, TeamPlan, TeamProblem
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, TableTimes, day, east, hour, lunch, realistic, visit, window

GEODESIC = GeodesicTravelTimes()
EVEN = TableTimes()
QUICK = Limit(0.2)


def rep(name: str, **changes: object) -> Rep:
    values: dict[str, object] = {
        "shift_start": hour(1),
        "shift_end": hour(10),
        "start": HOME,
        "end": HOME,
        "lunch": None,
        **changes,
    }
    return Rep(name, **values)  # type: ignore[arg-type]


def team(*candidates: Candidate, reps: tuple[Rep, ...] = (rep("a"), rep("b")), **hints: tuple[str, ...]) -> TeamProblem:
    return TeamProblem(reps, candidates, hints)


def shared(plan: TeamPlan) -> dict[str, list[str]]:
    return {route.rep_id: [stop.candidate_id for stop in route.plan.stops] for route in plan.routes}


def hints_of(plan: TeamPlan) -> dict[str, tuple[str, ...]]:
    return {name: tuple(ids) for name, ids in shared(plan).items()}


def drop_of(plan: TeamPlan, name: str) -> Dropped:
    return next(drop for drop in plan.dropped if drop.candidate_id == name)


# --- who may make which visit -----------------------------------------------------------------------------------------


def test_each_visit_goes_to_one_representative_near_it() -> None:
    reps = (rep("west", start=east(-20), end=east(-20)), rep("east", start=east(20), end=east(20)))
    visits = [visit(f"v{number}", number) for number in (-22, -19, -18, 18, 19, 22)]
    plan = plan_team(team(*visits, reps=reps), GEODESIC, QUICK)
    assert {name: sorted(ids) for name, ids in shared(plan).items()} == {
        "west": ["v-18", "v-19", "v-22"],
        "east": ["v18", "v19", "v22"],
    }
    assert plan.dropped == ()
    assert plan.travel_s == sum(route.plan.travel_s for route in plan.routes)


def test_a_locked_visit_stays_with_its_representative_however_far() -> None:
    reps = (rep("west", start=east(-20), end=east(-20)), rep("east", start=east(20), end=east(20)))
    plan = plan_team(team(visit("x", -19, rep_id="east"), reps=reps), GEODESIC, QUICK)
    assert shared(plan) == {"west": [], "east": ["x"]}


def test_a_visit_goes_to_who_has_all_the_skills_it_needs() -> None:
    reps = (rep("a", skills=frozenset({"coffee"})), rep("b", skills=frozenset({"coffee", "tea"})))
    candidates = (visit("x", needs=frozenset({"coffee", "tea"})), visit("y", needs=frozenset({"wine"})))
    plan = plan_team(team(*candidates, reps=reps), GEODESIC, QUICK)
    assert shared(plan) == {"a": [], "b": ["x"]}
    assert drop_of(plan, "y").reason is DropReason.MISSING_SKILL
    assert drop_of(plan, "y").rep_id is None


def test_no_day_holds_more_than_it_may() -> None:
    reps = (rep("a", max_load=2), rep("b", max_load=3))
    visits = [visit(f"v{number}", number + 1, value=100 + number) for number in range(7)]
    plan = plan_team(team(*visits, visit("big", load=4), reps=reps), GEODESIC, QUICK)
    assert sorted(len(ids) for ids in shared(plan).values()) == [2, 3]
    assert plan.value == sum(range(102, 107))
    assert drop_of(plan, "big").reason is DropReason.OVER_LOAD
    first = drop_of(plan, "v0")
    assert (first.reason, first.limit) == (DropReason.DISPLACED_BY_VALUE, Limiting.LOAD)
    assert first.rep_id in {"a", "b"}


def test_each_keeps_the_own_shift_and_lunch() -> None:
    early = rep("early", shift_end=hour(4))
    late = rep("late", shift_start=hour(5), shift_end=hour(12), lunch=lunch(7, 9))
    visits = [visit(f"m{n}", n, windows=(window(1, 4),)) for n in range(1, 4)]
    visits += [visit(f"n{n}", n, windows=(window(9, 12),)) for n in range(1, 4)]
    plan = plan_team(team(*visits, reps=(early, late)), GEODESIC, QUICK)
    assert {name: sorted(ids) for name, ids in shared(plan).items()} == {
        "early": ["m1", "m2", "m3"],
        "late": ["n1", "n2", "n3"],
    }
    assert plan.routes[0].plan.lunch is None
    assert plan.routes[1].plan.lunch is not None


def test_two_appointments_at_once_are_kept_by_two() -> None:
    visits = [visit(name, 3 * number, fixed_at=hour(4), must=True) for number, name in enumerate("xyz")]
    plan = plan_team(team(*visits), GEODESIC, QUICK)
    assert [len(ids) for ids in shared(plan).values()] == [1, 1]
    (drop,) = plan.dropped
    assert drop.limit is Limiting.APPOINTMENT
    assert set(drop.conflicts_with) <= {name for ids in shared(plan).values() for name in ids}
    assert len(drop.conflicts_with) == 1


def test_a_must_visit_outranks_any_value() -> None:
    reps = (rep("a", shift_end=hour(2)), rep("b", shift_end=hour(2)))
    rich = [visit(f"rich{number}", -5 - number, value=10_000) for number in range(4)]
    plan = plan_team(team(visit("poor", 5, value=1, must=True), *rich, reps=reps), EVEN, QUICK)
    assert "poor" in {name for ids in shared(plan).values() for name in ids}
    assert plan.value == 10_001


# --- what is left out -------------------------------------------------------------------------------------------------


def test_the_reason_names_whose_day_came_closest() -> None:
    reps = (rep("a"), rep("b", shift_end=hour(9)))
    plan = plan_team(team(visit("far", 130), reps=reps), GEODESIC, QUICK)
    drop = drop_of(plan, "far")
    assert (drop.reason, drop.rep_id) == (DropReason.OUTSIDE_SHIFT, "a")
    assert drop.needs.later_end_s is not None
    longer = replace(reps[0], shift_end=reps[0].shift_end + timedelta(seconds=drop.needs.later_end_s))
    assert shared(plan_team(team(visit("far", 130), reps=(longer, reps[1])), GEODESIC, QUICK))["a"] == ["far"]


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (visit("x", point=None), DropReason.NO_LOCATION),
        (visit("x", windows=()), DropReason.NO_OPEN_WINDOW),
        (visit("x", windows=(window(3, 3.25),)), DropReason.WINDOW_TOO_SHORT),
        (visit("x", service_s=10 * 3600), DropReason.OUTSIDE_SHIFT),
        (visit("x", load=9), DropReason.OVER_LOAD),
        (visit("x", rep_id="b", needs=frozenset({"tea"})), DropReason.LOCKED_TO_ANOTHER),
        (visit("x", point=Point(-33.9, 18.4)), DropReason.OUTSIDE_SHIFT),
    ],
    ids=["no point", "closed", "short", "long", "load", "lock and skill", "continent"],
)
def test_what_nobody_can_do_is_said_and_hurts_nothing(candidate: Candidate, reason: DropReason) -> None:
    reps = (rep("a", max_load=8), rep("b", max_load=8))
    plan = plan_team(team(candidate, visit("good", 2), reps=reps), GEODESIC, QUICK)
    dropped = {drop.candidate_id: drop.reason for drop in plan.dropped}
    if candidate.rep_id is not None:
        # Of the two reasons the one of who it is meant for is the nearer one.
        reason = DropReason.MISSING_SKILL
    assert dropped == {"x": reason}
    assert sum(len(ids) for ids in shared(plan).values()) == 1


def test_unreachable_for_one_is_reachable_for_another() -> None:
    island, port = visit("island", 5), east(4)
    assert island.point is not None
    reps = (rep("a"), rep("b", start=port, end=port))
    cut = {(HOME, island.point): float("nan")}
    assert shared(plan_team(team(island, reps=reps), TableTimes(cut), QUICK)) == {"a": [], "b": ["island"]}
    drop = drop_of(plan_team(team(island), TableTimes(otherwise=float("nan")), QUICK), "island")
    assert (drop.reason, drop.rep_id) == (DropReason.UNREACHABLE, None)


def test_more_than_the_planner_takes_and_more_than_a_team() -> None:
    many = team(*realistic(330, 2).candidates, reps=(rep("a"), rep("b"), rep("c")))
    plan = plan_team(many, GEODESIC, Limit(0.5))
    assert sum(drop.reason is DropReason.OVER_LIMIT for drop in plan.dropped) == 30
    with pytest.raises(ValueError, match="representatives"):
        team(reps=tuple(rep(str(number)) for number in range(MAX_REPS + 1)))
    assert len(team(reps=tuple(rep(str(number)) for number in range(MAX_REPS))).reps) == MAX_REPS


@pytest.mark.parametrize(
    "build",
    [
        lambda: team(reps=()),
        lambda: team(reps=(rep("a"), rep("a"))),
        lambda: team(visit("x"), visit("x")),
        lambda: team(visit("x", rep_id="c")),
        lambda: rep("a", shift_end=hour(0)),
        lambda: rep("a", shift_start=hour(1).replace(tzinfo=None)),
        lambda: rep("a", max_load=-1),
        lambda: visit("x", load=-1),
        lambda: day(max_load=-1),
    ],
)
def test_impossible_questions_are_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        build()


@pytest.mark.parametrize(
    "problem",
    [
        team(),
        team(reps=(rep("a", shift_end=hour(1)),)),
        team(visit("a"), reps=(rep("a", shift_end=hour(1)),)),
        team(visit("a"), reps=(rep("a", start=None, end=None, lunch=lunch()), rep("b", start=None))),
        team(*[visit(f"v{number}", 0) for number in range(60)]),
        team(*[visit(f"v{number}", 0, service_s=0, value=0) for number in range(20)]),
        team(*[visit(f"v{number}", number, fixed_at=hour(4), must=True) for number in range(15)]),
        team(
            visit("a"),
            reps=(
                rep("a", shift_start=hour(1) + timedelta(milliseconds=500), shift_end=hour(1) + timedelta(seconds=0.6)),
                rep("b"),
            ),
        ),
    ],
    ids=["nothing", "no time", "no shift", "no ends", "same place", "free", "clash", "blink"],
)
def test_odd_days_are_answered(problem: TeamProblem) -> None:
    plan = plan_team(problem, GEODESIC, QUICK)
    assert sum(len(ids) for ids in shared(plan).values()) + len(plan.dropped) == len(problem.candidates)


# --- time -------------------------------------------------------------------------------------------------------------


def big(count: int, reps: int, seed: int) -> TeamProblem:
    people = tuple(
        rep(f"r{number}", start=east(4 * number), end=east(4 * number), lunch=lunch()) for number in range(reps)
    )
    return team(*realistic(count, seed).candidates, reps=people)


def test_stop_is_honoured_by_the_search() -> None:
    began = monotonic()
    asked: list[float] = []

    def stop() -> bool:
        asked.append(monotonic() - began)
        return asked[-1] > 1.0

    plan = plan_team(big(80, 3, 1), GEODESIC, Limit(60.0, stop=stop))
    assert monotonic() - began < 20
    assert plan.value > 0
    assert len(asked) >= 4


def test_stopped_before_it_began_still_answers() -> None:
    assert plan_team(big(60, 3, 1), GEODESIC, Limit(30.0, stop=lambda: True)).value > 0


def test_equal_seed_and_solutions_give_equal_plans() -> None:
    problem = big(30, 2, 3)
    limit = Limit(60.0, seed=5, solutions=25)
    plan = plan_team(problem, GEODESIC, limit)
    shuffled = replace(problem, candidates=tuple(reversed(problem.candidates)))
    assert plan_team(problem, GEODESIC, limit) == plan
    assert plan_team(shuffled, GEODESIC, limit).routes == plan.routes


def test_questions_and_answers_cross_processes() -> None:
    problem = big(6, 2, 1)
    assert pickle.loads(pickle.dumps(problem)) == problem
    plan = plan_team(problem, GEODESIC, QUICK)
    assert pickle.loads(pickle.dumps(plan)) == plan


# --- properties -------------------------------------------------------------------------------------------------------


@st.composite
def problems(draw: st.DrawFn, most: int) -> TeamProblem:
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    skills = st.frozensets(st.sampled_from(["tea", "wine"]), max_size=2)
    reps = []
    for name in names:
        begins = draw(st.integers(4, 20))
        reps.append(
            rep(
                name,
                shift_start=hour(begins / 4),
                shift_end=hour((begins + draw(st.integers(0, 36))) / 4),
                start=draw(st.sampled_from([HOME, east(9), None])),
                end=draw(st.sampled_from([HOME, east(-6), None])),
                lunch=draw(st.sampled_from([None, lunch(), lunch(2, 6, 90)])),
                skills=draw(skills),
                max_load=draw(st.sampled_from([None, 0, 2, 5])),
            )
        )
    candidates = []
    for number in range(draw(st.integers(0, most))):
        spans = draw(st.none() | st.lists(st.tuples(st.integers(0, 44), st.integers(0, 16)), max_size=2))
        fixed = draw(st.none() | st.none() | st.integers(2, 40))
        candidates.append(
            Candidate(
                id=f"c{number}",
                point=draw(st.sampled_from([None, *(east(kilometres) for kilometres in range(-30, 30, 4))])),
                service_s=draw(st.sampled_from([0, 600, 1800, 5400])),
                value=draw(st.integers(0, 400)),
                windows=None if spans is None else tuple(window(a / 4, (a + length) / 4) for a, length in spans),
                fixed_at=None if fixed is None else hour(fixed / 4),
                must=draw(st.booleans()),
                needs=draw(st.just(frozenset()) | skills),
                rep_id=draw(st.none() | st.none() | st.sampled_from(names)),
                load=draw(st.sampled_from([0, 1, 1, 3])),
            )
        )
    return TeamProblem(tuple(reps), tuple(candidates))


def ranked(problem: TeamProblem, plan: TeamPlan) -> tuple[int, int]:
    """Must-visits, then value, with 0 counted as the planner does."""
    asked = {candidate.id: candidate for candidate in problem.candidates}
    made = [asked[name] for ids in shared(plan).values() for name in ids]
    return sum(each.must for each in made), sum(max(1, each.value) for each in made)


bounded = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHORT = Limit(20.0, solutions=4)


@bounded
@given(problems(12))
def test_every_plan_is_sound_complete_and_keeps_locks(problem: TeamProblem) -> None:
    plan = plan_team(problem, GEODESIC, SHORT)
    assert check_team_plan(problem, plan, GEODESIC) == ()
    visited = [name for ids in shared(plan).values() for name in ids]
    assert sorted(visited + [drop.candidate_id for drop in plan.dropped]) == sorted(c.id for c in problem.candidates)
    asked = {candidate.id: candidate for candidate in problem.candidates}
    for name, ids in shared(plan).items():
        assert {asked[each].rep_id for each in ids} <= {name, None}


@bounded
@given(problems(10), st.integers(0, 8))
def test_a_longer_shift_or_another_representative_never_makes_it_worse(problem: TeamProblem, quarters: int) -> None:
    plan = plan_team(problem, GEODESIC, SHORT)
    hints = hints_of(plan)
    before = ranked(problem, plan)
    longer = [replace(each, shift_end=each.shift_end + timedelta(minutes=15 * quarters)) for each in problem.reps]
    later = replace(problem, reps=tuple(longer), hints=hints)
    assert ranked(problem, plan_team(later, GEODESIC, SHORT)) >= before
    more = replace(problem, reps=(*problem.reps, rep("new")), hints=hints)
    assert ranked(problem, plan_team(more, GEODESIC, SHORT)) >= before


@settings(bounded, max_examples=25)
@given(problems(7))
def test_a_team_of_one_is_never_better_than_the_proven_day(problem: TeamProblem) -> None:
    alone = problem.reps[0]
    own = tuple(each for each in problem.candidates if each.rep_id in {alone.id, None})
    proven = plan_day(alone.day(own), GEODESIC, Limit(5.0))
    asked = {each.id: each for each in own}
    best = (
        sum(asked[stop.candidate_id].must for stop in proven.stops),
        sum(max(1, asked[stop.candidate_id].value) for stop in proven.stops),
    )
    one = TeamProblem((alone,), own)
    plan = plan_team(one, GEODESIC, SHORT)
    assert ranked(one, plan) <= best
    assert plan.bound >= proven.value or any(each.must for each in own)


@settings(bounded, max_examples=25)
@given(problems(7))
def test_the_named_later_end_is_enough(problem: TeamProblem) -> None:
    plan = plan_team(problem, GEODESIC, SHORT)
    for drop in plan.dropped[:3]:
        if drop.needs.later_end_s is None or drop.reason is not DropReason.NO_FEASIBLE_INSERTION:
            continue
        longer = tuple(
            replace(each, shift_end=each.shift_end + timedelta(seconds=drop.needs.later_end_s))
            if each.id == drop.rep_id
            else each
            for each in problem.reps
        )
        again = plan_team(replace(problem, reps=longer, hints=hints_of(plan)), GEODESIC, SHORT)
        assert ranked(problem, again) > ranked(problem, plan)
