"""Why a visit is not in a beat plan, and what a plan changes, in the reader's language; for schema/beat_plans.py."""

from __future__ import annotations

from domain.access import Actor
from domain.route_words import why_dropped

_WHY = {
    "NO_LOCATION": ("The site has no position on the map.", "该网点没有地图位置。"),
    "NO_REP": ("Nobody who may visit it works{on}.", "{on}可拜访该网点的人员均不上班。"),
    "CLOSED": ("The site is closed whenever its rep works.", "负责人上班时该网点均不营业。"),
    "SPACING": (
        "Its rep is away, or the site closed, for longer than its tier allows between two visits.",
        "负责人缺勤或网点停业的时间超过该级别允许的拜访间隔。",
    ),
    "OVER_LIMIT": ("There were more sites than a period is planned from.", "网点数量超出周期规划上限。"),
    "NO_ROOM": ("The day{on} has as many visits as it may.", "{on}当日拜访已排满。"),
    "DAY": ("It has no place in the day{on}.", "{on}当日无法安排。"),
}
_CHANGES = {
    "ADDED": ("New{to}.", "新增：{to}。"),
    "REMOVED": ("No visit{from_} any more.", "取消：{from_}。"),
    "MOVED": ("Moved{from_ago}{to_to}.", "由{from_}改至{to}。"),
}
_OTHER_REP = (" Somebody else makes it.", "由他人拜访。")
DROP_NEEDS = ("why", "date", "day_why", "limit")
CHANGE_NEEDS = ("kind", "from_date", "to_date", "from_rep_id", "to_rep_id")


def why_left_out(why: str, date: str | None, day_why: str | None, limit: str | None, *, actor: Actor) -> str:
    """The reason that binds, and the day planner's own words where it was asked."""
    chinese = actor.locale.startswith("zh")
    on = "" if date is None else date if chinese else f" on {date}"
    said = _WHY[why][chinese].format(on=on)
    if day_why is None or (day_why not in _ALONE and limit is None):
        return said
    more = why_dropped(day_why, limit, None, None, None, None, None, None, None, actor=actor)
    return said + ("" if chinese else " ") + more


_ALONE = frozenset(
    {"NO_LOCATION", "NO_OPEN_WINDOW", "WINDOW_TOO_SHORT", "OUTSIDE_SHIFT", "LUNCH_CONFLICT", "UNREACHABLE"}
)


def what_differs(
    kind: str,
    from_date: str | None,
    to_date: str | None,
    from_rep_id: str | None,
    to_rep_id: str | None,
    *,
    actor: Actor,
) -> str:
    """One difference between a plan and the visits in force."""
    chinese = actor.locale.startswith("zh")
    words = _CHANGES[kind][chinese].format(
        to=to_date if chinese else f" on {to_date}",
        from_=from_date if chinese else f" on {from_date}",
        from_ago=f" from {from_date}",
        to_to=f" to {to_date}",
    )
    moved = from_rep_id is not None and to_rep_id is not None and from_rep_id != to_rep_id
    return words + _OTHER_REP[chinese] if moved else words
