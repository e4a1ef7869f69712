"""Signs that evidence is made up, seen only beside other evidence: repeats, jumps, and phones that change hands.

`signs_of` is pure and looks at event times alone, so that the order in which evidence arrives changes nothing once all
of it is there. Used by domain/check_ins.py for what arrives and again for what it sheds new light on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calendar import Span
from domain.check_in_policies import SignLimits
from domain.evidence import Reason
from domain.ids import CheckInId, PersonId, SiteId
from domain.places import Point, distance_m

ONE_FIX = timedelta(seconds=300)
"""A phone may use its fix for so long: evidence that close together is one fix, not a repeat of it."""
_HISTORY = frozenset(
    {
        Reason.REPEATED_FIX,
        Reason.EQUALS_PIN,
        Reason.CONSTANT_ACCURACY,
        Reason.FAST_TRAVEL,
        Reason.IMPOSSIBLE_TRAVEL,
        Reason.TWO_DEVICES,
        Reason.DEVICE_OF_TWO,
    }
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A check-in or check-out as its neighbours see it. `counts`: neither under review nor rejected as a mock.

    `measured` is False where a site's code stands for the position.
    """

    id: CheckInId
    owner_id: PersonId
    at: datetime
    point: Point
    accuracy_m: float
    device_id: str | None
    site_id: SiteId
    counts: bool
    measured: bool = True


@dataclass(frozen=True, slots=True)
class TrackFix:
    """The last point of the rep's track before a check-in."""

    at: datetime
    point: Point
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Signs:
    """What was found and what it weighs."""

    reasons: tuple[Reason, ...]
    score: int


def signs_of(
    subject: Sighting,
    pin: Point | None,
    own: Iterable[Sighting],
    track: TrackFix | None,
    on_device: Iterable[Sighting],
    day: Span,
    limits: SignLimits,
    *,
    device_shared: bool = False,
) -> Signs:
    """All signs on `subject`.

    `own` is other evidence of the rep, of the window before and ten minutes after; `on_device` what others sent from
    the same phone on the site's `day`. More of the rep, or any order, changes nothing.
    """
    around = [each for each in own if each.id != subject.id]
    before = sorted((each for each in around if _key(each) < _key(subject)), key=_key)
    reasons: list[Reason] = []
    score = 0
    if subject.measured:
        for reason, weight, holds in (
            (Reason.REPEATED_FIX, limits.repeat_score, _repeats(subject, before, limits) >= limits.repeats),
            (Reason.EQUALS_PIN, limits.pin_score, pin is not None and spot(subject.point) == spot(pin)),
            (Reason.CONSTANT_ACCURACY, limits.constant_score, _is_constant(subject, before, limits)),
        ):
            if holds:
                reasons.append(reason)
                score += weight
    travel = _travel(subject, before, track, limits)
    reasons += [travel] if travel is not None else []
    if any(_apart(subject, each, limits) for each in around):
        reasons.append(Reason.TWO_DEVICES)
    others = [each for each in on_device if each.owner_id != subject.owner_id]
    if others and not (device_shared and not _overlap(subject, around, others, day)):
        reasons.append(Reason.DEVICE_OF_TWO)
    return Signs(tuple(reasons), score)


def without_signs(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons that come from the evidence itself."""
    return tuple(each for each in reasons if each not in _HISTORY)


def spot(point: Point) -> str:
    """The position to 6 decimals, by which repeats are found."""
    # 0.0 is added so that -0.0 is the same text as 0.0.
    return f"{round(point.latitude, 6) + 0.0:.6f},{round(point.longitude, 6) + 0.0:.6f}"


def _key(each: Sighting) -> tuple[datetime, str]:
    return each.at, each.id


def _fixes(subject: Sighting, before: Sequence[Sighting]) -> list[Sighting]:
    """Evidence before the subject, each fix once: what follows another within ONE_FIX is taken for the same fix."""
    found, next_at = list[Sighting](), subject.at
    for each in reversed(before):
        if each.measured and next_at - each.at > ONE_FIX:
            found.append(each)
            next_at = each.at
    return found


def _repeats(subject: Sighting, before: Sequence[Sighting], limits: SignLimits) -> int:
    """How many fixes were at exactly this position within the window, this one included."""
    since = subject.at - timedelta(days=limits.window_days)
    here = spot(subject.point)
    return 1 + len(_fixes(subject, [each for each in before if each.at >= since and spot(each.point) == here]))


def _is_constant(subject: Sighting, before: Sequence[Sighting], limits: SignLimits) -> bool:
    latest = _fixes(subject, before)[: limits.constant_run - 1]
    same = [each for each in latest if each.accuracy_m == subject.accuracy_m]
    return len(same) == limits.constant_run - 1


def _travel(subject: Sighting, before: Sequence[Sighting], track: TrackFix | None, limits: SignLimits) -> Reason | None:
    """Whether the rep can have come from where they were last believed to be."""
    last = next((each for each in reversed(before) if each.counts), None)
    follows_track = track is not None and track.at <= subject.at and (last is None or track.at > last.at)
    fix: Sighting | TrackFix | None = track if follows_track else last
    if fix is None:
        return None
    elapsed_s = (subject.at - fix.at).total_seconds()
    if elapsed_s < limits.shortest_gap_s:
        return None
    apart_m = distance_m(fix.point, subject.point)
    speed_mps = max(0.0, apart_m - fix.accuracy_m - subject.accuracy_m) / elapsed_s
    if apart_m < limits.far_m:
        # A train moves 5 km between two points of a track: only from one check-in to the next is that too fast.
        return Reason.FAST_TRAVEL if speed_mps > limits.fast_near_mps and not follows_track else None
    if speed_mps > limits.impossible_far_mps:
        return Reason.IMPOSSIBLE_TRAVEL
    return Reason.FAST_TRAVEL if speed_mps > limits.fast_far_mps else None


def _apart(subject: Sighting, other: Sighting, limits: SignLimits) -> bool:
    """Whether the rep was at two places at once, by two phones."""
    if None in {subject.device_id, other.device_id} or subject.device_id == other.device_id:
        return False
    if abs((subject.at - other.at).total_seconds()) > limits.devices_within_s:
        return False
    return distance_m(subject.point, other.point) > limits.devices_apart_m


def _overlap(subject: Sighting, own: Iterable[Sighting], others: Iterable[Sighting], day: Span) -> bool:
    """Whether two people used one phone by turns within the day, rather than one after the other."""
    starts_at, ends_at = day
    mine = [each.at for each in own if each.device_id == subject.device_id and starts_at <= each.at < ends_at]
    mine.append(subject.at)
    by_owner: dict[PersonId, list[datetime]] = {}
    for each in others:
        by_owner.setdefault(each.owner_id, []).append(each.at)
    return any(min(theirs) <= max(mine) and min(mine) <= max(theirs) for theirs in by_owner.values())
