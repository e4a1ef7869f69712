from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.access import Actor, Role
from domain.ids import OrgId, PersonId
from domain.route_words import all_changes, what_changes, what_would_be, why_dropped
from routing.problem import DropReason, Limiting

AT = datetime(2026, 11, 23, 2, 20, tzinfo=UTC)
LATER = AT.replace(hour=3)


def reader(locale: str) -> Actor:
    return Actor(OrgId("org_1"), PersonId("per_1"), Role.REP, None, frozenset(), locale=locale)


def words(locale: str, why: str, **changes: Any) -> str:
    facts: dict[str, Any] = {
        "limit": None,
        "limit_at_stop": None,
        "extra_s": None,
        "displaced_by_stops": [],
        "conflicts_with_stops": [],
        "needs_later_end_s": None,
        "needs_earlier_start_s": None,
        "needs_shorter_service_s": None,
    }
    return why_dropped(why, **{**facts, **changes}, actor=reader(locale))


@pytest.mark.parametrize(
    ("facts", "en", "zh"),
    [
        (
            {"why": "NO_OPEN_WINDOW"},
            "The site is closed during the shift.",
            "该网点在班次内不营业。",
        ),
        (
            {"why": "OUTSIDE_SHIFT", "needs_later_end_s": 3601},
            "The site cannot be reached, visited and left within the shift. It would fit if the shift ended 1 h 1 min "
            "later.",
            "班次内无法往返并完成拜访。若收工推迟1小时1分钟即可安排。",
        ),
        (
            {"why": "WINDOW_TOO_SHORT", "needs_shorter_service_s": 60},
            "No opening is long enough for the visit. It would fit if the visit were 1 min shorter.",
            "营业时段不足以完成拜访。若拜访缩短1分钟即可安排。",
        ),
        (
            {"why": "OUTSIDE_SHIFT", "needs_earlier_start_s": 7200},
            "The site cannot be reached, visited and left within the shift. It would fit if the shift started 2 h "
            "earlier.",
            "班次内无法往返并完成拜访。若上班提前2小时即可安排。",
        ),
        (
            {"why": "NO_FEASIBLE_INSERTION", "limit": "WINDOW", "limit_at_stop": 3, "extra_s": 700},
            "At the best place visit 3 would be 12 min too late for the opening hours.",
            "即使排在最佳位置，第3站也会错过营业时间12分钟。",
        ),
        (
            {
                "why": "NO_FEASIBLE_INSERTION",
                "limit": "APPOINTMENT",
                "extra_s": 600,
                "conflicts_with_stops": [4, 2],
            },
            "At the best place the visit would be 10 min too late for the appointment. It cannot share a day with the "
            "appointment of visits 2, 4.",
            "即使排在最佳位置，本次拜访也会迟到约定时间10分钟。与第2站、第4站的约定无法同日完成。",
        ),
        (
            {"why": "DISPLACED_BY_VALUE", "displaced_by_stops": [5], "needs_later_end_s": 1500},
            "Visit 5 would have to go, worth at least as much. It would fit if the shift ended 25 min later.",
            "需要取消第5站，其价值不低于本次拜访。若收工推迟25分钟即可安排。",
        ),
        # As it was stored before visits were numbered.
        (
            {"why": "DISPLACED_BY_VALUE", "displaced_by_stops": None, "conflicts_with_stops": None},
            "Another visit would have to go, worth at least as much.",
            "需要取消其他拜访，其价值不低于本次拜访。",
        ),
    ],
)
def test_drops_are_told_in_both_languages(facts: dict[str, Any], en: str, zh: str) -> None:
    assert words("en", **facts) == en
    assert words("zh-CN", **facts) == zh


@pytest.mark.parametrize("why", DropReason)
@pytest.mark.parametrize("limit", [None, *Limiting])
def test_every_reason_and_limit_has_words(why: DropReason, limit: Limiting | None) -> None:
    for locale in ("en", "zh-CN"):
        text = words(locale, why.value, limit=limit.value if limit else None, extra_s=90)
        assert len(text) > 5
        assert "{" not in text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text) == (locale == "zh-CN")


@pytest.mark.parametrize(
    ("kind", "from_at", "to_at", "between", "en", "zh"),
    [
        ("ADDED", None, AT, (None, None), "New at 10:20.", "新增，10:20。"),
        ("REMOVED", AT, None, (None, None), "Left out; it was at 10:20.", "取消，原定10:20。"),
        ("MOVED", AT, LATER, (None, None), "Moved from 10:20 to 11:20.", "由10:20改为11:20。"),
        (
            *("ADDED", AT, LATER, ("per_1", None)),
            *("Taken over from a colleague, at 11:20; it was at 10:20.", "接手同事的拜访，11:20；原定10:20。"),
        ),
        (
            *("REMOVED", AT, LATER, (None, "per_1")),
            *("Goes to a colleague, at 11:20; it was at 10:20.", "转交同事，11:20；原定10:20。"),
        ),
    ],
)
def test_changes_are_told_by_the_reps_clock(
    kind: str,
    from_at: datetime | None,
    to_at: datetime | None,
    between: tuple[str | None, str | None],
    en: str,
    zh: str,
) -> None:
    for locale, text in (("en", en), ("zh-CN", zh)):
        assert what_changes(kind, from_at, to_at, "Asia/Shanghai", *between, actor=reader(locale)) == text


@pytest.mark.parametrize(
    ("changes", "en", "zh"),
    [
        (None, "Nothing changes.", "没有变化。"),
        ([("MOVED", None, None)] * 2, "2 at another time.", "改时间2个。"),
        (
            [("REMOVED", None, None), ("REMOVED", None, "per_1"), ("ADDED", "per_1", None), ("ADDED", None, None)],
            "1 new, 1 taken over, 1 handed over, 1 left out.",
            "新增1个，接手1个，转交1个，取消1个。",
        ),
    ],
)
def test_all_changes_in_one_sentence(
    changes: list[tuple[str, str | None, str | None]] | None, en: str, zh: str
) -> None:
    stored = (
        None
        if changes is None
        else [{"kind": kind, "from_rep_id": since, "to_rep_id": to} for kind, since, to in changes]
    )
    assert all_changes(stored, actor=reader("en")) == en
    assert all_changes(stored, actor=reader("zh-CN")) == zh


@pytest.mark.parametrize(
    ("facts", "en", "zh"),
    [
        ({"fits": True}, "It fits at 10:20.", "可安排在10:20。"),
        (
            {"fits": True, "leaves_out_site_ids": ["a"]},
            "It fits at 10:20. One other visit would be left out.",
            "可安排在10:20。需放弃另一个拜访。",
        ),
        (
            {"fits": True, "leaves_out_site_ids": ["a", "b"]},
            "It fits at 10:20. 2 other visits would be left out.",
            "可安排在10:20。需放弃其他2个拜访。",
        ),
        (
            {"breaks_appointment": True, "leaves_out_site_ids": ["a"]},
            "An appointment would have to be broken.",
            "将无法履行已约定的拜访。",
        ),
        ({"no_shift": True, "start_at": None}, "There is no shift on that day.", "当日没有班次。"),
        ({"start_at": None}, "The site does not exist any more.", "该网点已不存在。"),
        ({"drop": {"why": "UNREACHABLE"}}, "There is no way to the site.", "没有道路可到达该网点。"),
    ],
)
def test_trials_are_told_in_both_languages(facts: dict[str, Any], en: str, zh: str) -> None:
    told: dict[str, Any] = {
        "fits": False,
        "start_at": AT,
        "time_zone": "Asia/Shanghai",
        "leaves_out_site_ids": [],
        "breaks_appointment": None,
        "no_shift": None,
        "drop": None,
        **facts,
    }
    assert what_would_be(**told, actor=reader("en")) == en
    assert what_would_be(**told, actor=reader("zh-CN")) == zh
