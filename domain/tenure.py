"""Since when and how its owner has a lead, and when somebody looks whether it is worked on; kept with the lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import PersonId


class TenureKind(StrEnum):
    """How the owner came by the lead."""

    CLAIMED = "CLAIMED"
    ASSIGNED = "ASSIGNED"


@dataclass(frozen=True, slots=True)
class Tenure:
    """One owner's time with a lead from the pool or from somebody else.

    `look_at` is the only timer: None where the organization lets leads of this kind lie. `warned_for` is the time at
    which the owner was last told that it goes back.
    """

    kind: TenureKind
    owner_id: PersonId
    since: datetime
    look_at: datetime | None = None
    warned_for: datetime | None = None
    pool: str | None = None
    """The pool it was taken from, and goes back to."""
