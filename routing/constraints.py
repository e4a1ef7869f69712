"""What can be said about each candidate alone, before any search; the door drops what no empty day could hold."""

from __future__ import annotations

from datetime import timedelta

from routing.day import NEVER, Day, start_ranges, whole_origin
from routing.problem import Candidate, DayProblem, Dropped, DropReason, Needs, merge_windows


def check_without_travel(problem: DayProblem, candidate: Candidate) -> Dropped | None:
    """The reason that rules the candidate out wherever it lies, or None."""
    if candidate.point is None:
        return Dropped(candidate.id, DropReason.NO_LOCATION)
    if None not in (candidate.rep_id, problem.rep_id) and candidate.rep_id != problem.rep_id:
        return Dropped(candidate.id, DropReason.LOCKED_TO_ANOTHER)
    if not candidate.needs <= problem.skills:
        return Dropped(candidate.id, DropReason.MISSING_SKILL)
    if problem.max_load is not None and candidate.load > problem.max_load:
        return Dropped(candidate.id, DropReason.OVER_LOAD)
    shift_s = (problem.shift_end - problem.shift_start).total_seconds()
    if candidate.service_s > shift_s:
        needs = Needs(
            later_end_s=int(candidate.service_s - shift_s), shorter_service_s=int(candidate.service_s - shift_s)
        )
        return Dropped(candidate.id, DropReason.OUTSIDE_SHIFT, needs=needs)
    if candidate.fixed_at is not None:
        return _check_appointment(problem, candidate)
    if candidate.windows is None:
        return None
    longest_s = max(
        (
            (min(window.end_at, problem.shift_end) - max(window.start_at, problem.shift_start)).total_seconds()
            for window in merge_windows(candidate.windows)
            if window.start_at <= problem.shift_end and window.end_at >= problem.shift_start
        ),
        default=None,
    )
    if longest_s is None or (longest_s == 0 and candidate.service_s > 0):
        return Dropped(candidate.id, DropReason.NO_OPEN_WINDOW)
    last_start = (problem.shift_end - whole_origin(problem)).total_seconds() - candidate.service_s
    usable = any(low <= last_start for low, _ in start_ranges(candidate, whole_origin(problem)))
    if longest_s < candidate.service_s or not usable:
        needs = Needs(shorter_service_s=max(1, int(candidate.service_s - longest_s)))
        return Dropped(candidate.id, DropReason.WINDOW_TOO_SHORT, needs=needs)
    return None


def _check_appointment(problem: DayProblem, candidate: Candidate) -> Dropped | None:
    assert candidate.fixed_at is not None
    start = candidate.fixed_at.replace(microsecond=0)
    finish = start + timedelta(seconds=candidate.service_s)
    early_s = (whole_origin(problem) - start).total_seconds()
    late_s = (finish - problem.shift_end).total_seconds()
    if early_s > 0 or late_s > 0:
        needs = Needs(
            earlier_start_s=int(early_s) if early_s > 0 >= late_s else None,
            later_end_s=int(late_s) if late_s > 0 >= early_s else None,
        )
        return Dropped(candidate.id, DropReason.OUTSIDE_SHIFT, needs=needs)
    if candidate.windows is not None and not start_ranges(candidate, whole_origin(problem)):
        inside = any(window.start_at <= start < window.end_at for window in candidate.windows)
        reason = DropReason.WINDOW_TOO_SHORT if inside else DropReason.NO_OPEN_WINDOW
        return Dropped(candidate.id, reason)
    return None


def check_alone(day: Day, node: int) -> Dropped | None:
    """The reason that rules candidate `node` out on an otherwise empty day, or None.

    A candidate that cannot be reached from the start but from another candidate is left to the search.
    """
    name, start, end = day.ids[node], day.count, day.count + 1
    others = [other for other in range(day.count) if other != node]
    inward = day.leg[start][node] < NEVER
    outward = day.leg[node][end] < NEVER
    if not inward or not outward:
        by_others_in = inward or any(day.leg[other][node] < NEVER for other in others)
        by_others_out = outward or any(day.leg[node][other] < NEVER for other in others)
        return None if by_others_in and by_others_out else Dropped(name, DropReason.UNREACHABLE)
    over_at = day.end_of([node])
    if over_at <= day.horizon:
        return None
    if over_at < NEVER:
        return Dropped(name, DropReason.OUTSIDE_SHIFT, needs=Needs(later_end_s=over_at - day.horizon))
    arrive = day.leg[start][node]
    last_start = max(high for _, high in day.starts[node])
    if arrive > last_start:
        return Dropped(name, DropReason.OUTSIDE_SHIFT, needs=Needs(earlier_start_s=arrive - last_start))
    return Dropped(name, DropReason.LUNCH_CONFLICT)
