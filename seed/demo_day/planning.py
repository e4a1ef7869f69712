"""A day's plan: waiting until it is solved, and how the demo prints it; for seed/demo_day/field.py."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from seed.demo_day.operations import PLAN
from seed.demo_day.phone import Phone
from seed.demo_day.transcript import Transcript

_PATIENCE_S = 30.0
_LOOK_S = 0.2
_SHOWN_DROPS = 8


def solved(rep: Phone, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan once the solver is done with it, or as it is after half a minute."""
    deadline = time.monotonic() + _PATIENCE_S
    while plan["state"] == "SOLVING" and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
        plan = rep.ask(PLAN, id=plan["id"])
    return plan


def show_plan(said: Transcript, plan: dict[str, Any], zone: ZoneInfo) -> None:
    """The stops with their times and what was left out with its reason; each must have one."""

    def local(moment: str) -> str:
        return f"{datetime.fromisoformat(moment).astimezone(zone):%H:%M}"

    lunch = f", lunch {local(plan['lunchStartAt'])}-{local(plan['lunchEndAt'])}" if plan["lunchStartAt"] else ""
    said.fact(
        "plan",
        f"{plan['date']}: {len(plan['stops'])} stops, {(plan['distanceM'] or 0) / 1000:.1f} km, "
        f"{(plan['travelS'] or 0) // 60} min on the way{lunch}, value {plan['value']} of at most {plan['bound']}, "
        f"proof {plan['proof']}",
    )
    said.table(
        ("arrive", "leave", "site", "tier", "open", "why", "leg"),
        [
            (
                local(stop["arriveAt"]),
                local(stop["leaveAt"]),
                stop["site"]["name"],
                stop["site"]["tier"],
                stop["site"]["openingHours"] or "-",
                ", ".join(stop["reasons"]) + (" (fixed)" if stop["fixed"] else ""),
                f"{stop['legDistanceM'] / 1000:.1f} km",
            )
            for stop in plan["stops"]
        ],
    )
    ordered = [stop["arriveAt"] for stop in plan["stops"]]
    said.expect("Stops are in the order of their times", sorted(ordered), ordered)
    dropped = plan["dropped"]
    unexplained = [each["site"]["name"] for each in dropped if not each["why"]]
    said.expect("Sites left out without a reason", [], unexplained)
    said.fact("left out", f"{len(dropped)} sites, each with its reason" if dropped else "nothing")
    said.table(("site", "wanted for", "left out because"), [_shown(each) for each in dropped[:_SHOWN_DROPS]])
    if len(dropped) > _SHOWN_DROPS:
        said.fact("", f"and {len(dropped) - _SHOWN_DROPS} more")


def _shown(dropped: dict[str, Any]) -> tuple[str, str, str]:
    why = dropped["why"] + (f", limit {dropped['limit']}" if dropped["limit"] else "")
    if dropped["extraS"] is not None:
        why += f", would take {dropped['extraS'] // 60} min more"
    return dropped["site"]["name"], dropped["reason"], why
