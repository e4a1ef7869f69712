"""Why a visit is not in a plan, and what a plan changes, in the reader's language; computed by schema/routes.py.

Visits are named by their number in the plan: the reader need not see the site itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.access import Actor
from domain.calendar import known_zone

DROP_FACTS = (
    *("why", "limit", "limit_at_stop", "extra_s", "displaced_by_stops", "conflicts_with_stops"),
    *("needs_later_end_s", "needs_earlier_start_s", "needs_shorter_service_s"),
)
"""What `why_dropped` is told, in its order."""
_ALONE = {
    "NO_LOCATION": ("The site has no position on the map.", "该网点没有地图位置。"),
    "LOCKED_TO_ANOTHER": ("It is somebody else's visit.", "该拜访已指定由他人完成。"),
    "MISSING_SKILL": ("It needs a skill that is missing.", "缺少该拜访所需的技能。"),
    "OVER_LOAD": ("It is more than a whole day may hold.", "该拜访超出单日可承担的工作量。"),
    "NO_OPEN_WINDOW": ("The site is closed during the shift.", "该网点在班次内不营业。"),
    "WINDOW_TOO_SHORT": ("No opening is long enough for the visit.", "营业时段不足以完成拜访。"),
    "OUTSIDE_SHIFT": ("The site cannot be reached, visited and left within the shift.", "班次内无法往返并完成拜访。"),
    "LUNCH_CONFLICT": ("The visit and lunch exclude each other.", "拜访与午休无法兼顾。"),
    "UNREACHABLE": ("There is no way to the site.", "没有道路可到达该网点。"),
    "NOT_WORTH_THE_CHANGE": (
        "It would fit, but is worth less than the changes of the published plan it would take.",
        "可以安排，但其价值低于为此改动已发布计划的代价。",
    ),
    "OVER_LIMIT": ("There were more candidates than a day is planned from.", "候选网点超出单日规划上限。"),
}
_LIMITS = {
    "SHIFT_END": (
        "At the best place in the route the day would end {late} late.",
        "即使排在最佳位置，收工也会晚{late}。",
    ),
    "LUNCH": ("No place in the route leaves time for lunch.", "排在任何位置都会挤掉午休。"),
    "WINDOW": (
        "At the best place {stop} would be {late} too late for the opening hours.",
        "即使排在最佳位置，{stop}也会错过营业时间{late}。",
    ),
    "APPOINTMENT": (
        "At the best place {stop} would be {late} too late for the appointment.",
        "即使排在最佳位置，{stop}也会迟到约定时间{late}。",
    ),
    "LOAD": ("The day holds as much as it may already.", "当日工作量已达上限。"),
    "UNREACHABLE": ("There is no way between it and the other visits.", "与其他拜访之间没有道路相通。"),
}
_NO_PLACE = ("It fits nowhere between the other visits.", "无法插入其他拜访之间。")
_DISPLACED = ("{stops} would have to go, worth at least as much.", "需要取消{stops}，其价值不低于本次拜访。")
_CONFLICTS = ("It cannot share a day with the appointment of {stops}.", "与{stops}的约定无法同日完成。")
_NEEDS = {
    "later_end": ("It would fit if the shift ended {time} later.", "若收工推迟{time}即可安排。"),
    "earlier_start": ("It would fit if the shift started {time} earlier.", "若上班提前{time}即可安排。"),
    "shorter_service": ("It would fit if the visit were {time} shorter.", "若拜访缩短{time}即可安排。"),
}
_WHAT_IF = {
    "fits": ("It fits at {at}.", "可安排在{at}。"),
    "instead_of_one": ("One other visit would be left out.", "需放弃另一个拜访。"),
    "instead_of_many": ("{count} other visits would be left out.", "需放弃其他{count}个拜访。"),
    "broken": ("An appointment would have to be broken.", "将无法履行已约定的拜访。"),
    "no_shift": ("There is no shift on that day.", "当日没有班次。"),
    "gone": ("The site does not exist any more.", "该网点已不存在。"),
}
_CHANGES = {
    "ADDED": ("New at {to}.", "新增，{to}。"),
    "REMOVED": ("Left out; it was at {since}.", "取消，原定{since}。"),
    "MOVED": ("Moved from {since} to {to}.", "由{since}改为{to}。"),
    "TAKEN_OVER": ("Taken over from a colleague, at {to}; it was at {since}.", "接手同事的拜访，{to}；原定{since}。"),
    "HANDED_OVER": ("Goes to a colleague, at {to}; it was at {since}.", "转交同事，{to}；原定{since}。"),
}
_COUNTED = {
    "ADDED": ("{count} new", "新增{count}个"),
    "TAKEN_OVER": ("{count} taken over", "接手{count}个"),
    "MOVED": ("{count} at another time", "改时间{count}个"),
    "HANDED_OVER": ("{count} handed over", "转交{count}个"),
    "REMOVED": ("{count} left out", "取消{count}个"),
}
_UNCHANGED = ("Nothing changes.", "没有变化。")


def why_dropped(
    why: str,
    limit: str | None,
    limit_at_stop: int | None,
    extra_s: int | None,
    displaced_by_stops: Sequence[int] | None,
    conflicts_with_stops: Sequence[int] | None,
    needs_later_end_s: int | None,
    needs_earlier_start_s: int | None,
    needs_shorter_service_s: int | None,
    *,
    actor: Actor,
) -> str:
    """One to three sentences: what binds, with whom it conflicts, and what would make it fit."""
    chinese = actor.locale.startswith("zh")
    sentences: list[tuple[str, str]] = []
    if why in _ALONE:
        sentences.append(_ALONE[why])
    elif why == "DISPLACED_BY_VALUE":
        stops = _stops(displaced_by_stops)
        sentences.append((_DISPLACED[0].format(stops=stops[0]), _DISPLACED[1].format(stops=stops[1])))
    else:
        stop = _stop(limit_at_stop)
        late = _minutes(extra_s or 0)
        text = _LIMITS.get(limit or "", _NO_PLACE)
        sentences.append((text[0].format(stop=stop[0], late=late[0]), text[1].format(stop=stop[1], late=late[1])))
    if conflicts_with_stops:
        stops = _stops(conflicts_with_stops)
        sentences.append((_CONFLICTS[0].format(stops=stops[0]), _CONFLICTS[1].format(stops=stops[1])))
    needs = {
        "later_end": needs_later_end_s,
        "earlier_start": needs_earlier_start_s,
        "shorter_service": needs_shorter_service_s,
    }
    for key, seconds in needs.items():
        if seconds is not None:
            time = _minutes(seconds)
            sentences.append((_NEEDS[key][0].format(time=time[0]), _NEEDS[key][1].format(time=time[1])))
    words = "".join(each[1] for each in sentences) if chinese else " ".join(each[0] for each in sentences)
    return words[:1].upper() + words[1:]


def what_changes(
    kind: str,
    from_at: datetime | None,
    to_at: datetime | None,
    time_zone: str,
    from_rep_id: str | None,
    to_rep_id: str | None,
    *,
    actor: Actor,
) -> str:
    """One sentence with the times of the rep's own clock; colleagues are not named, the app shows who they are."""
    zone = known_zone(time_zone)
    since, to = ("" if each is None else f"{each.astimezone(zone):%H:%M}" for each in (from_at, to_at))
    said = _between(kind, from_rep_id, to_rep_id)
    return _CHANGES[said][actor.locale.startswith("zh")].format(since=since, to=to)


def _between(kind: str, from_rep_id: str | None, to_rep_id: str | None) -> str:
    if kind == "ADDED" and from_rep_id is not None:
        return "TAKEN_OVER"
    return "HANDED_OVER" if kind == "REMOVED" and to_rep_id is not None else kind


def all_changes(changes: Sequence[Mapping[str, Any]] | None, *, actor: Actor) -> str:
    """How many visits change in which way, in one sentence."""
    chinese = actor.locale.startswith("zh")
    kinds = [_between(each["kind"], each.get("from_rep_id"), each.get("to_rep_id")) for each in changes or ()]
    counted = [words[chinese].format(count=kinds.count(kind)) for kind, words in _COUNTED.items() if kind in kinds]
    if not counted:
        return _UNCHANGED[chinese]
    return "，".join(counted) + "。" if chinese else ", ".join(counted) + "."


def what_would_be(
    fits: bool,
    start_at: datetime | None,
    time_zone: str,
    leaves_out_site_ids: Sequence[str] | None,
    breaks_appointment: bool | None,
    no_shift: bool | None,
    drop: Mapping[str, Any] | None,
    *,
    actor: Actor,
) -> str:
    """Whether a visit that was left out could be made after all, at what price, or why not."""
    if drop is not None:
        return why_dropped(*(drop.get(need) for need in DROP_FACTS), actor=actor)  # type: ignore[arg-type]
    chinese = actor.locale.startswith("zh")
    count = len(leaves_out_site_ids or ())
    parts = ["fits", *(["instead_of_one" if count == 1 else "instead_of_many"] if count else [])]
    if not fits:
        parts = ["broken" if breaks_appointment else "no_shift" if no_shift else "gone"]
    at = "" if start_at is None else f"{start_at.astimezone(known_zone(time_zone)):%H:%M}"
    words = [_WHAT_IF[part][chinese].format(at=at, count=count) for part in parts]
    return ("" if chinese else " ").join(words)


def _minutes(seconds: int) -> tuple[str, str]:
    """Rounded up: what is said to be enough has to be."""
    minutes = -(-seconds // 60)
    if minutes < 60:
        return f"{minutes} min", f"{minutes}分钟"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h", f"{hours}小时{rest}分钟" if rest else f"{hours}小时"


def _stop(number: int | None) -> tuple[str, str]:
    return ("the visit", "本次拜访") if number is None else (f"visit {number}", f"第{number}站")


def _stops(numbers: Sequence[int] | None) -> tuple[str, str]:
    if not numbers:
        return "another visit", "其他拜访"
    listed = sorted(numbers)
    en = ", ".join(str(number) for number in listed)
    return f"visit{'s' if len(listed) > 1 else ''} {en}", "、".join(f"第{number}站" for number in listed)
