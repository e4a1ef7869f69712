"""Behaviour norms as tables: what can be saved, and when a visit may end in HARD mode."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.ids import NormEntryId, OrgId
from domain.norm_entries import Deed, NormKind, Said, insights_gained, items_done, said_problem
from domain.norms import MustDo, MustDoRequired, NormMode, Norms, norms_problem, shut
from domain.visits import VisitOutcome
from tests.conftest import START

ORG = OrgId("org_1")
NORMS = Norms(ORG, ORG, mode=NormMode.HARD)
MONDAY, THURSDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 26), date(2026, 11, 27)


@pytest.mark.parametrize(
    ("norms", "field"),
    [
        (NORMS, None),
        (replace(NORMS, items=(), items_a_day=0), None),
        (replace(NORMS, items_a_day=4), "itemsADay"),
        (replace(NORMS, items_a_day=-1), "itemsADay"),
        (replace(NORMS, insights_a_week=50), None),
        (replace(NORMS, insights_a_week=51), "insightsAWeek"),
        (replace(NORMS, insights_a_week=-1), "insightsAWeek"),
        (replace(NORMS, reminder_day=1, reminder_hour=0), None),
        (replace(NORMS, reminder_day=7, reminder_hour=23), None),
        (replace(NORMS, reminder_day=0), "reminderDay"),
        (replace(NORMS, reminder_day=8), "reminderDay"),
        (replace(NORMS, reminder_hour=24), "reminderHour"),
        (replace(NORMS, reminder_hour=-1), "reminderHour"),
        (replace(NORMS, items=(*NORMS.items, MustDo("STOCK", "x", "x"))), "items.3.key"),
        (replace(NORMS, items=(MustDo("", "x", "x"),), items_a_day=1), "items.0.key"),
        (replace(NORMS, items=(MustDo("x" * 41, "x", "x"),), items_a_day=1), "items.0.key"),
        (replace(NORMS, items=(MustDo("x", " ", "x"),), items_a_day=1), "items.0.nameEn"),
        (replace(NORMS, items=(MustDo("x", "x", "x" * 121),), items_a_day=1), "items.0.nameZh"),
        (replace(NORMS, items=tuple(MustDo(f"k{each}", "x", "x") for each in range(20))), None),
        (replace(NORMS, items=tuple(MustDo(f"k{each}", "x", "x") for each in range(21))), "items"),
    ],
)
def test_norms_that_cannot_be_saved_name_their_field(norms: Norms, field: str | None) -> None:
    problem = norms_problem(norms)
    assert (problem.field if problem else None) == field


@pytest.mark.parametrize(
    ("mode", "day", "done", "insights", "outcome", "refused"),
    [
        (NormMode.HARD, MONDAY, {"NEXT_STEP"}, 0, VisitOutcome.ORDER, None),
        (NormMode.HARD, MONDAY, {"STOCK", "DECIDER"}, 9, VisitOutcome.ORDER, (("NEXT_STEP",), 0)),
        (NormMode.SOFT, MONDAY, set(), 0, VisitOutcome.ORDER, None),
        (NormMode.OFF, MONDAY, set(), 0, VisitOutcome.ORDER, None),
        (NormMode.HARD, MONDAY, set(), 0, VisitOutcome.NOBODY_THERE, None),
        (NormMode.HARD, THURSDAY, {"NEXT_STEP"}, 0, VisitOutcome.ORDER, None),
        (NormMode.HARD, FRIDAY, {"NEXT_STEP"}, 2, VisitOutcome.ORDER, None),
        (NormMode.HARD, FRIDAY, {"NEXT_STEP"}, 1, VisitOutcome.ORDER, ((), 1)),
        (NormMode.HARD, FRIDAY, set(), 0, VisitOutcome.ORDER, (("NEXT_STEP",), 2)),
    ],
)
def test_a_visit_ends_with_the_required_items(
    mode: NormMode,
    day: date,
    done: set[str],
    insights: int,
    outcome: VisitOutcome,
    refused: tuple[tuple[str, ...], int] | None,
) -> None:
    found = shut(replace(NORMS, mode=mode), "vis_1", outcome, day, done, insights)
    assert found == (None if refused is None else MustDoRequired("vis_1", *refused))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Said(NormKind.INSIGHT, "NEED", "x" * 10), None),
        (Said(NormKind.INSIGHT, "NEED", "x" * 9), "text"),
        (Said(NormKind.INSIGHT, "NEED", " " * 20), "text"),
        (Said(NormKind.INSIGHT, "NEED", "x" * 2000), None),
        (Said(NormKind.INSIGHT, "NEED", "x" * 2001), "text"),
        (Said(NormKind.MUST_DO, "STOCK", "x" * 2000), None),
        (Said(NormKind.MUST_DO, "STOCK", "x" * 2001), "note"),
        (Said(NormKind.MUST_DO, "STOCK", id="nrm_1"), "id"),
    ],
)
def test_what_was_said_names_its_bad_field(said: Said, field: str | None) -> None:
    problem = said_problem(said)
    assert (problem.field if problem else None) == field


def a_deed(number: int, kind: NormKind, key: str, text: str | None = None, day: str = "2026-11-23") -> Deed:
    return Deed(NormEntryId(f"nrm_{number}"), kind, key, day, START + timedelta(minutes=number), text)


def test_the_same_words_again_are_no_further_insight_and_an_item_counts_once_a_day() -> None:
    deeds = [
        a_deed(3, NormKind.INSIGHT, "PRICE", " They want  blue boxes "),
        a_deed(1, NormKind.INSIGHT, "NEED", "they WANT blue boxes"),
        a_deed(2, NormKind.INSIGHT, "NEED", "they want red boxes"),
        a_deed(4, NormKind.MUST_DO, "STOCK"),
        a_deed(5, NormKind.MUST_DO, "STOCK"),
        a_deed(6, NormKind.MUST_DO, "DECIDER", day="2026-11-24"),
    ]
    assert [each.id for each in insights_gained(deeds)] == ["nrm_1", "nrm_2"]
    assert items_done(deeds, MONDAY) == {"STOCK"}
    assert items_done(deeds, date(2026, 11, 24)) == {"DECIDER"}
