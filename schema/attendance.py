"""Who is away and who stands in, as fields of a person; the mutations are in schema/absences.py."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from domain import absences as domain
from domain.absences import AbsenceKind, Cover
from domain.access import Actor, Capability
from domain.attendance import is_away
from domain.shifts import Roster
from schema.fields import Rule, stored
from schema.scalars import described_enum
from storage.codec import decode
from storage.driver import Document

described_enum(
    AbsenceKind,
    "Why somebody is away.",
    VACATION="Leave.",
    SICKNESS="Ill.",
    TRAINING="A course or a fair.",
    OTHER="Anything else.",
)


def _sees_reason(person_id: str, *, actor: Actor) -> bool:
    """Why somebody is away is for themselves and for those who plan for others."""
    return actor.person_id == person_id or actor.can(Capability.PLAN_FOR_OTHERS)


@strawberry.type(description="A time in which a person is away, to the minute.")
class PersonAbsence:
    absence_id: strawberry.ID = stored("_id", "Its id, for `endAbsence`.")
    from_at: datetime = stored("from_at", "The first instant.")
    until_at: datetime = stored("until_at", "The instant they are back.")
    kind: AbsenceKind | None = stored(
        "kind", "Why; shown to themselves and those who plan for others.", visible=Rule(_sees_reason, ("person_id",))
    )
    deputy_id: strawberry.ID | None = stored(
        "deputy_id", "Who sees and is told what is theirs meanwhile; null: what is urgent goes to the next level."
    )


def absent_now(roster: Document | None, absences: Sequence[Document] | None, *, now: datetime) -> bool:
    """Whether somebody with this roster and these absences is away."""
    kept = None if roster is None else decode(Roster, roster)
    return is_away(kept, [decode(domain.PersonAbsence, each) for each in absences or ()], now)


def stands_in_for_now(covers: Sequence[Document] | None, *, now: datetime) -> list[strawberry.ID]:
    """Whose work somebody with these covers does."""
    held = [decode(Cover, each) for each in covers or ()]
    return [strawberry.ID(each.person_id) for each in held if each.holds(now)]
