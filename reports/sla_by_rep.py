"""The SLA board by rep: how many promises of each are broken, and how many fall due soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.ids import PersonId
from domain.sla import ClockState
from reports.rows import Rows, all_rows


@dataclass(frozen=True, slots=True)
class SlaOfRep:
    """What one person holds."""

    owner_id: PersonId
    red: int
    due_soon: int


async def sla_by_rep(rows: Rows, people: Sequence[PersonId], due_before: datetime) -> list[SlaOfRep]:
    """One line for each of the people, in their order; broken ones that are paused count as red."""
    theirs = {"owner_id": {"$in": list(people)}}
    broken = await all_rows(rows, "clocks", theirs | {"state": ClockState.BREACHED.value}, {"owner_id": 1}, "due_at")
    soon = await all_rows(
        rows,
        "clocks",
        theirs | {"state": ClockState.RUNNING.value, "due_at": {"$lt": due_before}},
        {"owner_id": 1},
        "due_at",
    )
    red, due_soon = (Counter(each["owner_id"] for each in found) for found in (broken, soon))
    return [SlaOfRep(each, red[each], due_soon[each]) for each in people]
