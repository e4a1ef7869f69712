"""Policies with other limits: what is named changes, everything else stays, nonsense is refused by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.accounts import Tier
from domain.check_in_policies import DEFAULT_POLICY, Mode, changed_policy


def test_what_is_named_changes_in_the_next_version() -> None:
    changes = {"modes": {"B": "HARD"}, "radius_m": 150, "signs": {"review_score": 4, "window_days": 7}}
    found = changed_policy(DEFAULT_POLICY, changes)
    assert found.version == DEFAULT_POLICY.version + 1
    assert [found.mode(each) for each in Tier] == [Mode.HARD, Mode.HARD, Mode.SOFT]
    assert found.signs == replace(DEFAULT_POLICY.signs, review_score=4, window_days=7.0)
    assert (found.radius_m, found.times, found.fence) == (150, DEFAULT_POLICY.times, DEFAULT_POLICY.fence)
    assert changed_policy(DEFAULT_POLICY, {}) == replace(DEFAULT_POLICY, version=3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ([], "object"),
        ({"speed": 1}, "speed"),
        ({"modes": "HARD"}, "modes"),
        ({"modes": {"D": "HARD"}}, "modes"),
        ({"modes": {"A": "LAX"}}, "modes"),
        ({"times": 3}, "times"),
        ({"times": {"later_h": 3}}, "times.later_h"),
        ({"times": {"late_h": -1}}, "times.late_h"),
        ({"times": {"late_h": True}}, "times.late_h"),
        ({"signs": {"repeats": "3"}}, "signs.repeats"),
        ({"fence": {"good_accuracy_m": float("nan")}}, "fence.good_accuracy_m"),
        ({"radius_m": None}, "radius_m"),
    ],
)
def test_nonsense_is_refused_by_its_name(changes: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        changed_policy(DEFAULT_POLICY, changes)
