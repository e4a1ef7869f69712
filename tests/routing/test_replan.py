"""Replanning a published day: what stays, what moves and what it costs, and never worse than keeping the plan."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.check_team import check_team_plan
from routing.plan import plan_team, replan
from routing.problem import DropReason, Limit, Proof
from routing.replan_problem import PriceOfChange, PublishedStop, Replanned, ReplanProblem
from routing.team_problem import Rep, TeamProblem
from tests.routing.cases import HOME, east, hour, realistic, visit, window
from tests.routing.replans import (
    FREE,
    PRICE,
    QUICK,
    ROADS,
    absent,
    late,
    planned,
    price_of,
    published,
    something_happened,
    starts,
    team,
    without,
)

prices = st.builds(
    PriceOfChange,
    moved=st.sampled_from([0, 5, 60]),
    reassigned=st.sampled_from([0, 20]),
    dropped=st.sampled_from([0, 30, 300]),
    moved_after_s=st.sampled_from([1, 900]),
)


def unlunched(*names: str, shift: tuple[float, float] = (1, 10), rep_id: str = "r0") -> TeamProblem:
    rep = Rep(rep_id, hour(shift[0]), hour(shift[1]), HOME, HOME, None)
    return TeamProblem((rep,), tuple(visit(name, index + 1) for index, name in enumerate(names)))


def told(**at: float) -> tuple[PublishedStop, ...]:
    return tuple(PublishedStop(name, "r0", hour(time)) for name, time in at.items())


def assert_sound(problem: ReplanProblem, answer: Replanned) -> None:
    made = starts(answer.plan)
    assert check_team_plan(problem.team, answer.plan, ROADS) == ()
    assert answer.price == price_of(problem, made)
    value = sum(max(1, each.value) for each in problem.team.candidates if each.id in made)
    assert answer.worth.net_value == value - answer.price
    assert answer.worth.travel_s == answer.plan.travel_s
    assert answer.worth.rank >= answer.kept.rank
    assert set(answer.dropped) == {each.candidate_id for each in problem.published} - set(made)


@settings(max_examples=12, deadline=None)
@given(count=st.integers(0, 16), seed=st.integers(0, 10_000), price=prices)
def test_a_day_is_never_worse_than_keeping_what_was_published(count: int, seed: int, price: PriceOfChange) -> None:
    problem = something_happened(count, seed, price)
    assert_sound(problem, replan(problem, ROADS, QUICK))


@settings(max_examples=8, deadline=None)
@given(count=st.integers(4, 24), seed=st.integers(0, 10_000), price=prices)
def test_a_team_is_never_worse_than_keeping_what_was_published(count: int, seed: int, price: PriceOfChange) -> None:
    problem = something_happened(count, seed, price, reps=3)
    assert_sound(problem, replan(problem, ROADS, QUICK))


@pytest.mark.parametrize("seed", range(3))
def test_where_changes_are_dear_what_was_published_stays(seed: int) -> None:
    asked = team(realistic(14, seed).candidates)
    dear = PriceOfChange(moved=5000, reassigned=5000, dropped=5000, moved_after_s=1)
    problem = ReplanProblem(asked, planned(asked), dear)
    answer = replan(problem, ROADS, QUICK)
    # More may come in, if the plan has room for it as it is.
    assert set(problem.published) <= set(published(answer.plan))
    assert (answer.price, answer.moved, answer.dropped) == (0, (), ())


def test_nothing_happened_so_nothing_changes() -> None:
    asked = unlunched("a", "b", "c")
    problem = ReplanProblem(asked, planned(asked), PRICE)
    answer = replan(problem, ROADS, QUICK)
    assert published(answer.plan) == problem.published
    assert answer.price == 0


def test_after_a_cancellation_the_others_stay_at_their_times() -> None:
    asked, stops = unlunched("a", "b", "c"), told(a=2, b=3, c=5)
    problem = without(ReplanProblem(asked, stops, PRICE), "a")
    answer = replan(problem, ROADS, QUICK)
    assert published(answer.plan) == stops[1:]
    assert answer.price == 0
    # Where moving costs nothing the day is over earlier.
    sooner = replan(replace(problem, price=FREE), ROADS, QUICK)
    assert sooner.plan.routes[0].plan.end_at < answer.plan.routes[0].plan.end_at


def test_a_short_delay_is_caught_up_by_the_waiting_that_was_planned() -> None:
    asked = unlunched("a", "b")
    problem = late(ReplanProblem(asked, told(a=3, b=5), PRICE), 60)
    answer = replan(problem, ROADS, QUICK)
    assert {name: at for name, (_, at) in starts(answer.plan).items()} == {"a": hour(3), "b": hour(5)}
    late_for_one = replan(late(problem, 90), ROADS, QUICK)
    assert (late_for_one.moved, late_for_one.price) == (("a",), 5)


@pytest.mark.parametrize(("seconds", "moved"), [(899, ()), (900, ("a",))])
def test_a_visit_has_moved_from_the_stated_time_on(seconds: int, moved: tuple[str, ...]) -> None:
    asked = unlunched("a", shift=(3, 10))
    first = starts(plan_team(asked, ROADS, Limit(seconds=0.1)))["a"][1]
    stops = (PublishedStop("a", "r0", first),)
    answer = replan(late(ReplanProblem(asked, stops, PRICE), seconds / 60), ROADS, QUICK)
    assert answer.moved == moved


@pytest.mark.parametrize(("value", "is_taken"), [(4, False), (6, True)])
def test_a_new_visit_comes_in_where_it_is_worth_what_it_moves(value: int, is_taken: bool) -> None:
    # The new one has to come first, and then the other is late.
    asked = unlunched("a")
    stops = told(a=1.05)
    new = visit("new", 1.0, value=value, windows=(window(1, 1.75),))
    problem = ReplanProblem(replace(asked, candidates=(*asked.candidates, new)), stops, PRICE)
    answer = replan(problem, ROADS, QUICK)
    assert ("new" in starts(answer.plan)) is is_taken
    assert answer.price == (5 if is_taken else 0)
    if not is_taken:
        (drop,) = answer.plan.dropped
        assert (drop.candidate_id, drop.reason) == ("new", DropReason.NOT_WORTH_THE_CHANGE)


@pytest.mark.parametrize(("value", "is_displaced"), [(129, False), (131, True)])
def test_a_published_visit_goes_only_for_more_than_its_value_and_the_price(value: int, is_displaced: bool) -> None:
    shift = (1.0, 2.0)
    asked = unlunched("a", shift=shift)
    new = visit("new", 1.0, value=value)
    stops = planned(asked)
    problem = ReplanProblem(replace(asked, candidates=(*asked.candidates, new)), stops, PRICE)
    answer = replan(problem, ROADS, QUICK)
    assert set(starts(answer.plan)) == ({"new"} if is_displaced else {"a"})
    assert answer.dropped == (("a",) if is_displaced else ())


def test_an_urgent_visit_that_must_be_made_displaces_the_least() -> None:
    asked = unlunched("a", "b", shift=(1.0, 2.3))
    stops = planned(asked)
    assert len(stops) == 2
    new = visit("new", 1.5, value=1, must=True)
    problem = ReplanProblem(replace(asked, candidates=(*asked.candidates, new)), stops, PRICE)
    answer = replan(problem, ROADS, QUICK)
    assert "new" in starts(answer.plan)
    assert len(answer.dropped) == 1


def test_the_visits_of_who_is_absent_go_to_the_others() -> None:
    asked = team(tuple(visit(name, index - 4) for index, name in enumerate("abcdefgh")), reps=2)
    stops = planned(asked)
    theirs = {each.candidate_id for each in stops if each.rep_id == "r0"}
    full = ReplanProblem(asked, stops, PRICE)
    assert replan(full, ROADS, QUICK).price == 0
    if not theirs:
        stops = tuple(replace(each, rep_id="r0" if each.candidate_id in "ab" else "r1") for each in stops)
        theirs = {"a", "b"}
    answer = replan(absent(ReplanProblem(asked, stops, PRICE), "r0"), ROADS, Limit(seconds=1.5))
    assert set(answer.reassigned) | set(answer.dropped) == theirs
    assert len(answer.reassigned) >= len(answer.dropped)
    assert {rep for rep, _ in starts(answer.plan).values()} == {"r1"}


def test_a_visit_changes_hands_only_where_that_pays() -> None:
    reps = tuple(Rep(name, hour(1), hour(2.2), HOME, HOME, None) for name in ("r0", "r1"))
    # Two visits for one, none for the other, who is free.
    asked = TeamProblem(reps, (visit("a", 1.0), visit("b", -1.0)))
    stops = told(a=1.04, b=1.62)
    assert replan(ReplanProblem(asked, stops, PRICE), ROADS, QUICK).reassigned == ()
    overrun = replace(reps[0], shift_start=hour(1.3))
    squeezed = ReplanProblem(replace(asked, reps=(overrun, reps[1])), stops, PRICE)
    answer = replan(squeezed, ROADS, QUICK)
    assert len(answer.reassigned) == 1
    assert answer.dropped == ()
    dear = replace(squeezed, price=replace(PRICE, reassigned=140))
    assert len(replan(dear, ROADS, QUICK).dropped) == 1


def test_the_same_answer_for_the_same_seed_and_count() -> None:
    problem = something_happened(18, 4, PRICE, reps=2)
    limit = Limit(seconds=60, seed=3, solutions=10, stop=_never)
    assert replan(problem, ROADS, limit) == replan(problem, ROADS, limit)


def _never() -> bool:
    return False


def test_a_small_day_is_proven_and_stops_at_once() -> None:
    asked = unlunched("a", "b", "c")
    began = monotonic()
    answer = replan(ReplanProblem(asked, planned(asked), PRICE), ROADS, Limit(seconds=30))
    assert answer.plan.proof is Proof.OPTIMAL
    assert monotonic() - began < 15


@pytest.mark.parametrize(
    "stops",
    [
        (PublishedStop("a", "r0", hour(2)), PublishedStop("a", "r0", hour(3))),
        (PublishedStop("unknown", "r0", hour(2)),),
    ],
)
def test_questions_that_make_no_sense_are_refused(stops: tuple[PublishedStop, ...]) -> None:
    with pytest.raises(ValueError, match="publish"):
        ReplanProblem(unlunched("a"), stops, PRICE)


@pytest.mark.parametrize("given_price", [{"moved": -1}, {"dropped": -1}, {"reassigned": -1}, {"moved_after_s": 0}])
def test_prices_are_not_negative(given_price: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"negative|second"):
        replace(PRICE, **given_price)


def test_what_was_published_but_is_not_possible_any_more_is_dropped_with_its_reason() -> None:
    asked = replace(unlunched("a"), candidates=(visit("a", 1.0), replace(visit("b"), point=None), visit("far", 900.0)))
    problem = ReplanProblem(asked, told(a=2, b=3, far=5), PRICE)
    answer = replan(problem, ROADS, QUICK)
    assert set(answer.dropped) == {"b", "far"}
    assert {each.candidate_id: each.reason for each in answer.plan.dropped} == {
        "b": DropReason.NO_LOCATION,
        "far": DropReason.OUTSIDE_SHIFT,
    }
    assert east(900.0) == asked.candidates[2].point
    assert_sound(problem, answer)
