"""How reps kept the norms of a week: each day, the insights, and the entries that prove them; from raw entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.attendance import work_day
from domain.compliance import NormWeek, days_of_work, flag_id, kept
from domain.ids import NormEntryId, PersonId
from domain.norm_entries import Deed, NormKind
from domain.norms import Norms
from domain.people import Person
from domain.weeks import Week
from reports.rows import Rows, all_rows

_ENTRY = dict.fromkeys(("owner_id", "kind", "key", "occurred_at", "day", "text"), 1)
_FLAG = dict.fromkeys(("reminded_at", "flagged_at", "cleared_at"), 1)


@dataclass(frozen=True, slots=True)
class ComplianceOfRep:
    """One line: the week of one person, and whether they were told of it."""

    person_id: PersonId
    stands: NormWeek
    reminded_at: datetime | None
    flagged_at: datetime | None
    cleared_at: datetime | None


async def behaviour_compliance(
    rows: Rows, people: Sequence[Person], week: Week, norms: Norms, now: datetime
) -> list[ComplianceOfRep]:
    """One line for each of the people, in their order; three reads for any number of them."""
    ids = [each.id for each in people]
    deeds: dict[str, list[Deed]] = defaultdict(list)
    for row in await all_rows(rows, "norm_entries", {"owner_id": {"$in": ids}, "week": str(week)}, _ENTRY, "_id"):
        deeds[row["owner_id"]].append(_deed(row))
    entered = await _entered(rows, ids, week)
    flags = await all_rows(rows, "norm_flags", {"owner_id": {"$in": ids}, "week": str(week)}, _FLAG, "_id")
    told = {flag["_id"]: flag for flag in flags}
    return [_line(each, week, norms, deeds[each.id], entered[each.id], told, now) for each in people]


async def _entered(rows: Rows, people: Sequence[PersonId], week: Week) -> dict[str, list[datetime]]:
    """When visits around the week began, by person: for those whose work no roster plans."""
    begins = datetime.combine(week.monday - timedelta(days=2), datetime.min.time())
    around = {"$gte": begins, "$lt": begins + timedelta(days=11)}
    where = {"owner_id": {"$in": list(people)}, "scheduled_at": around}
    found: dict[str, list[datetime]] = defaultdict(list)
    for visit in await all_rows(rows, "visits", where, {"owner_id": 1, "opened_at": 1}, "scheduled_at"):
        if visit.get("opened_at") is not None:
            found[visit["owner_id"]].append(_aware(visit["opened_at"]))
    return found


def _line(
    person: Person,
    week: Week,
    norms: Norms,
    deeds: Sequence[Deed],
    entered: Sequence[datetime],
    told: dict[str, dict[str, Any]],
    now: datetime,
) -> ComplianceOfRep:
    visited: list[date] = [work_day(person, at) for at in entered]
    stands = kept(week, norms, days_of_work(person, week, visited), deeds, work_day(person, now))
    flag = told.get(flag_id(person.id, week), {})
    return ComplianceOfRep(person.id, stands, *(_aware(flag.get(each)) for each in _FLAG))


def _deed(row: dict[str, Any]) -> Deed:
    at = _aware(row["occurred_at"])
    return Deed(NormEntryId(row["_id"]), NormKind(row["kind"]), row["key"], row["day"], at, row.get("text"))


def _aware(at: Any) -> Any:
    return None if at is None else at.replace(tzinfo=UTC)
