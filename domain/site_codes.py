"""The code a site shows on a screen, printed by nobody: signed, another one each minute, good once for each person.

Rules for resolvers/site_codes.py, which seals and opens codes, and for domain/verdicts.py, where a code counts as being
inside. A code is judged at the time of the tap, so that it works offline.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.ids import SiteId
from domain.refusals import Refusal

STEP = timedelta(seconds=60)
TOLERANCE = 1
"""So many steps before and after its own a code is taken."""
MAX_STEPS = 100
"""A screen fetches the codes of so many minutes at the most."""


class CodeProblem(StrEnum):
    """Why a code does not show that somebody was there."""

    NOT_OURS = "NOT_OURS"
    OTHER_SITE = "OTHER_SITE"
    EXPIRED = "EXPIRED"
    USED = "USED"


@dataclass(frozen=True, slots=True)
class SiteCode:
    """What a code with a seal of ours says: the site and the minute it was shown in."""

    site_id: SiteId
    step: int

    @property
    def shown_at(self) -> datetime:
        """When its minute began."""
        return datetime.fromtimestamp(self.step * STEP.total_seconds(), UTC)


@dataclass(frozen=True, slots=True)
class CodeNotAccepted(Refusal):
    """The code does not show that the rep was there; what came with it is kept."""

    code: ClassVar[str] = "SITE_CODE_NOT_ACCEPTED"
    problem: CodeProblem

    @property
    def message(self) -> str:
        return f"The site's code is not accepted: {self.problem}."


def step_at(at: datetime) -> int:
    """The minute in which a code is shown."""
    return int(at.timestamp() // STEP.total_seconds())


def code_problem(shown: SiteCode | None, site_id: SiteId, at: datetime, *, used: bool) -> CodeProblem | None:
    """Why the code (None: not one of ours) does not count for a tap at the site; `used`: by this person before."""
    if shown is None:
        return CodeProblem.NOT_OURS
    if shown.site_id != site_id:
        return CodeProblem.OTHER_SITE
    if abs(step_at(at) - shown.step) > TOLERANCE:
        return CodeProblem.EXPIRED
    return CodeProblem.USED if used else None
