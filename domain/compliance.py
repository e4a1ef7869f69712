"""Whether a rep kept the norms of a week, day by day, and when they are reminded and flagged; counted from entries.

Read by reports/behaviour_compliance.py and workers/norms.py. Nothing of it is stored but that somebody was told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.attendance import planned_work, zone_of
from domain.calendar import known_zone, wall_span
from domain.ids import NormEntryId, OrgId, PersonId, TeamId
from domain.norm_entries import Deed, NormKind, insights_gained, items_done
from domain.norms import NormMode, Norms
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.people import Person
from domain.weeks import Week

CATCH_UP_WEEKS = 4
"""After a longer time without a worker, older weeks are flagged no more."""


class NormState(StrEnum):
    """How a day or a week stands."""

    MET = "MET"
    MISSED = "MISSED"
    PENDING = "PENDING"
    FREE = "FREE"


class NormMoment(StrEnum):
    """What happens to a rep's week at a time of it."""

    REMINDER = "REMINDER"
    END = "END"


@dataclass(frozen=True, slots=True)
class NormDay:
    """One date: which items were done, and the entries that prove it."""

    date: str
    state: NormState
    items: tuple[str, ...]
    entry_ids: tuple[NormEntryId, ...]


@dataclass(frozen=True, slots=True)
class NormWeek:
    """One week of one rep. `insights_wanted` is at most one a work day."""

    week: str
    state: NormState
    days: tuple[NormDay, ...]
    work_days: int
    days_met: int
    days_missed: int
    insights: int
    insights_wanted: int
    insight_ids: tuple[NormEntryId, ...]
    can_be_mended: bool
    """Whether something is left to do that still counts."""

    @property
    def insights_missing(self) -> int:
        """How many are left to gain."""
        return max(self.insights_wanted - self.insights, 0)


@dataclass(frozen=True, slots=True)
class NormFlag:
    """That a rep was reminded of a week, or flagged for it; `id` is person and week. Late entries clear a flag."""

    id: str
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    week: str
    reminded_at: datetime | None = None
    flagged_at: datetime | None = None
    days_missed: int | None = None
    insights_missing: int | None = None
    cleared_at: datetime | None = None


def flag_id(person_id: PersonId, week: Week) -> str:
    """The only id the flag of that week can have."""
    return f"{person_id}:{week}"


def days_of_work(person: Person, week: Week, visited: Iterable[date] = ()) -> frozenset[date]:
    """The dates on which the norms are asked for: planned work without absences, or, without a roster, visits."""
    if person.roster is None:
        return frozenset(visited) & frozenset(week.days)
    return frozenset(day for day in week.days if planned_work(person, day) is not None)


def kept(week: Week, norms: Norms, work_days: Collection[date], deeds: Sequence[Deed], today: date) -> NormWeek:
    """How the week stands on the local date `today`: a day can be met at any time, and missed only when it is over."""
    days = tuple(_day(each, norms, each in work_days, deeds, today) for each in week.days)
    states = [each.state for each in days]
    gained = insights_gained(deeds)
    wanted = min(norms.insights_a_week, len(work_days))
    is_over = today > week.days[-1]
    lacks = NormState.MISSED in states or (is_over and len(gained) < wanted)
    is_open = not is_over and (len(gained) < wanted or NormState.PENDING in states)
    state = NormState.MISSED if lacks else NormState.PENDING if is_open else NormState.MET
    return NormWeek(
        week=str(week),
        state=state if work_days else NormState.FREE,
        days=days,
        work_days=len(work_days),
        days_met=sum(each.state is NormState.MET for each in days),
        days_missed=states.count(NormState.MISSED),
        insights=len(gained),
        insights_wanted=wanted,
        insight_ids=tuple(each.id for each in gained),
        can_be_mended=is_open,
    )


def _day(day: date, norms: Norms, works: bool, deeds: Sequence[Deed], today: date) -> NormDay:
    done = items_done(deeds, day)
    proofs = (each for each in deeds if each.kind is NormKind.MUST_DO and each.day == day.isoformat())
    if len(done) >= norms.items_a_day and (works or done):
        state = NormState.MET
    elif not works:
        state = NormState.FREE
    else:
        state = NormState.MISSED if day < today else NormState.PENDING
    return NormDay(day.isoformat(), state, tuple(sorted(done)), tuple(sorted(each.id for each in proofs)))


def moments(person: Person, norms: Norms, after: datetime, until: datetime) -> list[tuple[datetime, NormMoment, Week]]:
    """The reminders and ends of weeks in (after, until], first to last; none where the norms are off."""
    if norms.mode is NormMode.OFF:
        return []
    zone = known_zone(zone_of(person))
    latest = Week.of(until.astimezone(zone).date())
    found: list[tuple[datetime, NormMoment, Week]] = []
    for week in (latest.plus(-ago) for ago in range(CATCH_UP_WEEKS + 1)):
        hour_s = norms.reminder_hour * 3600
        reminder_at = wall_span(zone, week.days[norms.reminder_day - 1], hour_s, hour_s)[0]
        found += [(reminder_at, NormMoment.REMINDER, week), (_end(person, week), NormMoment.END, week)]
    return sorted(each for each in found if after < each[0] <= until)


def _end(person: Person, week: Week) -> datetime:
    """The end of the week, or of the shift that goes on past it."""
    end_at = week.span(zone_of(person))[1]
    last = planned_work(person, week.days[-1])
    return max(end_at, last[1]) if last is not None else end_at


def norm_notice(person: Person, to: PersonId, kind: NoticeKind, week: Week, now: datetime) -> Notice:
    """Tells the rep, or their superior once for all who fell short in that week."""
    key = event_key(kind, str(week))
    facts = {"date": week.monday.isoformat()}
    return make_notice(person.org_id, to, kind, Priority.NORMAL, key, now, facts=facts)
