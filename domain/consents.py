"""What people agree to, in which words and since when; rules for resolvers/consents.py and for taking in positions.

An organization asks by publishing a text. Each answer is an event that never changes; `Consent` is where they lead.
docs/decisions/0036 says what holds before anybody was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar

from domain.ids import ConsentEventId, OrgId, PersonId
from domain.refusals import InvalidInput, Refusal, VersionConflict, WrongState

LOCALES = ("en", "zh-CN")
MAX_TEXT = 20_000
MAX_REASON = 500
MAX_AHEAD = timedelta(seconds=120)
MAX_LATE = timedelta(hours=72)
MAX_NOTICE = timedelta(days=90)
"""Longest time between asking and counting on the answer."""


class ConsentPurpose(StrEnum):
    """What is agreed to."""

    LIVE_LOCATION = "LIVE_LOCATION"
    """Positions between check-ins: the track of a shift and the team map."""


class ConsentState(StrEnum):
    """Where a person stands with one purpose."""

    NOT_ASKED = "NOT_ASKED"
    REQUIRED = "REQUIRED"
    GIVEN = "GIVEN"
    OUTDATED = "OUTDATED"
    WITHDRAWN = "WITHDRAWN"


class ConsentStep(StrEnum):
    """One answer of a person."""

    GIVEN = "GIVEN"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What an organization asks for. `asked_from`: since when it needs an answer at all, whatever the version.

    Consents to versions below `oldest_valid` no longer count from `renewed_from` on.
    """

    id: str
    org_id: OrgId
    purpose: ConsentPurpose
    version: int
    texts: Mapping[str, str]
    """By locale; English is always there."""
    asked_from: datetime
    oldest_valid: int
    renewed_from: datetime
    published_at: datetime
    published_by: PersonId

    def words(self, locale: str) -> str:
        """The text in that language, else in English."""
        return self.texts.get(locale) or self.texts[LOCALES[0]]


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One answer, kept as evidence: to which version, in which language and, by its digest, in which words."""

    id: ConsentEventId
    org_id: OrgId
    owner_id: PersonId
    purpose: ConsentPurpose
    step: ConsentStep
    at: datetime
    recorded_at: datetime
    text_version: int | None = None
    locale: str | None = None
    digest: str | None = None
    device_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's answers to one purpose, folded. `since` begins unbroken consent; None: there is none now."""

    id: str
    org_id: OrgId
    owner_id: PersonId
    purpose: ConsentPurpose
    version: int = 0
    since: datetime | None = None
    text_version: int | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentTextChanged(Refusal):
    """The person read another version than the one that is asked for now: show them that one."""

    code: ClassVar[str] = "CONSENT_TEXT_CHANGED"
    purpose: str
    current_version: int

    @property
    def message(self) -> str:
        return f"{self.purpose} is asked for in version {self.current_version} now."


@dataclass(frozen=True, slots=True)
class TextDraft:
    """What an administrator publishes."""

    texts: tuple[tuple[str, str], ...]
    """Locale and words."""
    asked_from: datetime | None
    """None, or what has passed: at once."""
    renews: bool
    """Whether those who agreed to an earlier version are asked again."""


def text_id(org_id: OrgId, purpose: ConsentPurpose) -> str:
    """Of the newest version."""
    return f"{org_id}:{purpose}"


def consent_id(person_id: PersonId, purpose: ConsentPurpose) -> str:
    """The only one a person has for a purpose."""
    return f"{person_id}:{purpose}"


def digest_of(words: str) -> str:
    """Proves later which words were agreed to."""
    return sha256(words.encode()).hexdigest()


def published(
    before: ConsentText | None,
    draft: TextDraft,
    org_id: OrgId,
    purpose: ConsentPurpose,
    expected_version: int | None,
    *,
    person_id: PersonId,
    now: datetime,
) -> ConsentText | InvalidInput | VersionConflict:
    """The next version of the text. A person who agreed before is asked again only where it `renews`."""
    found = 0 if before is None else before.version
    if found != (expected_version or 0):
        return VersionConflict(purpose, found)
    problem = _draft_problem(draft, now)
    if problem is not None:
        return problem
    asked_from = max(now, draft.asked_from or now)
    renews = before is None or draft.renews
    return ConsentText(
        id=text_id(org_id, purpose),
        org_id=org_id,
        purpose=purpose,
        version=found + 1,
        texts=dict(draft.texts),
        asked_from=asked_from if before is None else before.asked_from,
        oldest_valid=found + 1 if renews or before is None else before.oldest_valid,
        renewed_from=asked_from if renews or before is None else before.renewed_from,
        published_at=now,
        published_by=person_id,
    )


def _draft_problem(draft: TextDraft, now: datetime) -> InvalidInput | None:
    locales = [locale for locale, _ in draft.texts]
    if LOCALES[0] not in locales or len(set(locales)) != len(locales) or not set(locales) <= set(LOCALES):
        return InvalidInput("texts", f"must be one in {LOCALES[0]} and at most one in {', '.join(LOCALES[1:])}")
    if not all(words.strip() and len(words) <= MAX_TEXT for _, words in draft.texts):
        return InvalidInput("texts", f"must have 1 to {MAX_TEXT} characters")
    if draft.asked_from is not None and draft.asked_from > now + MAX_NOTICE:
        return InvalidInput("askedFrom", f"must be within {MAX_NOTICE.days} days")
    return None


def give(consent: Consent, text: ConsentText | None, version: int, at: datetime, now: datetime) -> Consent | Refusal:
    """The consent as given at `at`, which a phone may tell late; unchanged where that version was agreed to before."""
    if text is None:
        return WrongState(consent.purpose, ConsentState.NOT_ASKED)
    if version != text.version:
        return ConsentTextChanged(text.purpose, text.version)
    if consent.since is not None and consent.text_version == version:
        return consent
    if not now - MAX_LATE <= at <= now + MAX_AHEAD:
        return InvalidInput("at", "must be within the last 72 hours")
    if at < text.published_at:
        return InvalidInput("at", "is before the text was published")
    if consent.withdrawn_at is not None and at <= consent.withdrawn_at:
        return InvalidInput("at", "is before the withdrawal")
    # A consent to an earlier version goes on without a gap.
    since = at if consent.since is None else consent.since
    return replace(consent, version=consent.version + 1, since=since, text_version=version)


def withdraw(consent: Consent, now: datetime) -> Consent | WrongState:
    """No consent from now on. Also for who was never asked: nobody need wait to say no."""
    if consent.since is None and consent.withdrawn_at is not None:
        return WrongState(consent.purpose, ConsentState.WITHDRAWN)
    return replace(consent, version=consent.version + 1, since=None, text_version=None, withdrawn_at=now)


def state_of(text: ConsentText | None, consent: Consent | None) -> ConsentState:
    """What an app shows."""
    if consent is not None and consent.since is None and consent.withdrawn_at is not None:
        return ConsentState.WITHDRAWN
    if text is None:
        return ConsentState.NOT_ASKED
    if consent is None or consent.since is None:
        return ConsentState.REQUIRED
    return ConsentState.OUTDATED if _is_outdated(text, consent) else ConsentState.GIVEN


def _is_outdated(text: ConsentText, consent: Consent) -> bool:
    return consent.text_version is None or consent.text_version < text.oldest_valid


@dataclass(frozen=True, slots=True)
class TrackingConsent:
    """What decides whether a person's positions may be kept; read by storage/consents.py once for a batch."""

    text: ConsentText | None
    consent: Consent | None

    def allows(self, at: datetime) -> bool:
        """Whether a position measured at `at` may be kept.

        Who has withdrawn is not tracked, whenever it was measured. Nobody needs to consent to what was measured before
        the organization asked.
        """
        consent = self.consent
        if consent is not None and consent.since is None and consent.withdrawn_at is not None:
            return False
        if self.text is None:
            return True
        if consent is None or consent.since is None:
            return at < self.text.asked_from
        if at < consent.since and (consent.withdrawn_at is not None or at >= self.text.asked_from):
            return False
        return at < self.text.renewed_from or not _is_outdated(self.text, consent)
