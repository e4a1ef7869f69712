"""The numbers a check-in is judged by, as one versioned value that every part of the verdict engine is given.

Used by domain/check_ins.py and `python -m seed rejudge`, which asks what other numbers would have made of the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from math import isfinite
from typing import Any

from domain.accounts import Tier

DEFAULT_RADIUS_M = 200.0
MIN_RADIUS_M, MAX_RADIUS_M = 100.0, 1000.0


class Mode(StrEnum):
    """How strictly a tier's fence is kept."""

    OFF = "OFF"
    SOFT = "SOFT"
    HARD = "HARD"


@dataclass(frozen=True, slots=True)
class FenceLimits:
    """Accuracies in metres up to which a position is good, usable, and a position at all."""

    good_accuracy_m: float = 100.0
    usable_accuracy_m: float = 200.0
    fix_accuracy_m: float = 5000.0


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How old evidence and its fix may be, and how far a phone's clock may be off."""

    online_s: float = 120.0
    fresh_s: float = 60.0
    stale_s: float = 300.0
    skew_s: float = 120.0
    suspect_skew_s: float = 600.0
    late_h: float = 72.0


@dataclass(frozen=True, slots=True)
class SignLimits:
    """What makes evidence doubtful, and how much each sign weighs."""

    window_days: float = 30.0
    repeats: int = 3
    repeat_score: int = 2
    pin_score: int = 2
    constant_run: int = 3
    constant_score: int = 1
    review_score: int = 3
    far_m: float = 10_000.0
    fast_far_mps: float = 97.0
    impossible_far_mps: float = 280.0
    fast_near_mps: float = 42.0
    shortest_gap_s: float = 5.0
    devices_apart_m: float = 1_000.0
    devices_within_s: float = 600.0


@dataclass(frozen=True, slots=True)
class CheckInPolicy:
    """A version of an organization's rules: how each tier's fence is kept, how wide it is by default, all limits."""

    version: int
    modes: Mapping[Tier, Mode] = field(default_factory=lambda: dict.fromkeys(Tier, Mode.SOFT))
    radius_m: float = DEFAULT_RADIUS_M
    fence: FenceLimits = FenceLimits()
    times: TimeLimits = TimeLimits()
    signs: SignLimits = SignLimits()

    def mode(self, tier: Tier) -> Mode:
        """SOFT for a tier the policy does not name."""
        return self.modes.get(tier, Mode.SOFT)


DEFAULT_POLICY = CheckInPolicy(2, {Tier.A: Mode.HARD, Tier.B: Mode.SOFT, Tier.C: Mode.SOFT})
"""Version 1 judged the fence alone."""


def changed_policy(policy: CheckInPolicy, changes: Any) -> CheckInPolicy:
    """The next version with other values, such as `{"modes": {"A": "SOFT"}, "signs": {"review_score": 4}}`.

    Raises ValueError, naming what cannot be.
    """
    parts = {"fence": policy.fence, "times": policy.times, "signs": policy.signs}
    given: dict[str, Any] = {}
    for name, value in _object("a policy", changes).items():
        if name == "modes":
            given["modes"] = {**policy.modes, **_modes(value)}
        elif name == "radius_m":
            given["radius_m"] = _number(name, value)
        elif name in parts:
            given[name] = _limits(name, parts[name], value)
        else:
            raise ValueError(f"{name} is no part of a policy: modes, radius_m, fence, times, signs")
    return replace(policy, version=policy.version + 1, **given)


def _modes(value: Any) -> dict[Tier, Mode]:
    try:
        return {Tier(tier): Mode(mode) for tier, mode in _object("modes", value).items()}
    except ValueError as wrong:
        raise ValueError(f"modes: {wrong}") from wrong


def _limits(part: str, limits: Any, value: Any) -> Any:
    known = {each.name: getattr(limits, each.name) for each in fields(limits)}
    unknown = sorted(_object(part, value).keys() - known.keys())
    if unknown:
        raise ValueError(f"{part}.{unknown[0]} is no limit: {', '.join(known)}")
    return replace(limits, **{name: type(known[name])(_number(f"{part}.{name}", each)) for name, each in value.items()})


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object")  # noqa: TRY004 - of a file, not of a caller
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a number that is not negative")
    return value
