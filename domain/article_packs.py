"""Offline packs of articles: who a pack is for, and the version by which a phone asks for what changed since."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps

from domain.access import Role
from domain.articles import ArticleLanguage

_VERSION = re.compile(r"([0-9a-f]{16})\.(0|[1-9]\d{0,17})(?:-([1-9]\d{0,17}))?")


@dataclass(frozen=True, slots=True)
class PackReader:
    """Whose pack it is: who has the same of all these has the same pack."""

    role: Role
    teams: Collection[str] | None
    """Teams to which an article may be kept and still be for the reader; None: any."""
    language: ArticleLanguage | None = None
    industry: str | None = None

    @property
    def mark(self) -> str:
        """Differs where the pack may differ; tells nothing of the teams."""
        teams = None if self.teams is None else sorted(self.teams)
        return sha256(dumps([self.role, teams, self.language, self.industry]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PackVersion:
    """What a phone has: the pack of the reader with `mark` as it was at publication number `rev`."""

    mark: str
    rev: int
    whole_at: int | None = None
    """While the first download goes on: it is the pack of this number, of which articles up to `rev` have arrived."""

    def __str__(self) -> str:
        upto = "" if self.whole_at is None else f"-{self.whole_at}"
        return f"{self.mark}.{self.rev}{upto}"


def read_version(text: str) -> PackVersion | None:
    """The version that such a text stands for; None where it is none."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    mark, rev, whole_at = found.groups()
    return PackVersion(mark, int(rev), None if whole_at is None else int(whole_at))


@dataclass(frozen=True, slots=True)
class PackStep:
    """What to read next: articles of the pack with `after < rev <= last`, or what changed between the two."""

    after: int
    last: int
    is_whole: bool
    """Whether the phone has none of the pack that changed before `after`, so that nothing can leave it."""
    begins_anew: bool


def next_step(reader: PackReader, known: PackVersion | None, counter: int) -> PackStep:
    """From what a phone has to `counter`, the organization's number of publications.

    Another reader's version, and one from a database that is further than this one, is as good as none.
    """
    if known is None or known.mark != reader.mark or max(known.rev, known.whole_at or 0) > counter:
        return PackStep(0, counter, is_whole=True, begins_anew=True)
    if known.whole_at is not None:
        return PackStep(known.rev, known.whole_at, is_whole=True, begins_anew=False)
    return PackStep(known.rev, counter, is_whole=False, begins_anew=False)


def version_after(reader: PackReader, step: PackStep, reached: int | None) -> PackVersion:
    """What the phone has once the step has arrived; `reached`: only up to this number, more is to be asked for."""
    version = PackVersion(reader.mark, step.last)
    if reached is None:
        return version
    return replace(version, rev=reached, whole_at=step.last if step.is_whole else None)
