"""Publishing what people are asked to agree to, and their answers. Called by schema/consents.py.

Withdrawing takes the person off the map at once and lets a worker remove the track; check-ins go on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from domain.access import Capability, Scope
from domain.consents import (
    LOCALES,
    MAX_REASON,
    Consent,
    ConsentEvent,
    ConsentPurpose,
    ConsentStep,
    ConsentText,
    TextDraft,
    consent_id,
    digest_of,
    give,
    published,
    state_of,
    withdraw,
)
from domain.ids import ConsentEventId, is_id, new_id
from domain.personal_data import DataRequestKind, begin
from domain.refusals import IdTaken, InvalidInput, Refusal, RetryLater, VersionConflict
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.consents import EVENTS, TEXTS, VERSIONS, find_consent, find_text, save_consent, save_text
from storage.driver import Document
from storage.personal_data import insert_request
from storage.positions import forget_latest
from storage.reads import Page, PageRequest, Reads
from storage.store import Store
from storage.times import stored_time


@dataclass(frozen=True, slots=True)
class Answer:
    """A person's yes, as the phone tells it; `at` is the tap, `locale` the language that was shown."""

    purpose: ConsentPurpose
    version: int
    at: datetime | None = None
    locale: str | None = None
    device_id: str | None = None


async def my_consents(context: Context) -> list[Document]:
    """Where the caller stands with each purpose, in the order of the enum."""
    return list(await asyncio.gather(*(_mine(context, purpose) for purpose in ConsentPurpose)))


async def _mine(context: Context, purpose: ConsentPurpose) -> Document:
    actor = context.me
    text, consent = await asyncio.gather(
        find_text(context.store, actor.org_id, purpose), find_consent(context.store, actor.person_id, purpose)
    )
    return _shown(context, purpose, text, consent)


def _shown(context: Context, purpose: ConsentPurpose, text: ConsentText | None, consent: Consent | None) -> Document:
    shown: Document = {"purpose": purpose.value, "state": state_of(text, consent).value}
    if consent is not None:
        shown |= {"text_version": consent.text_version, "since": stored_time(consent.since)}
        shown["withdrawn_at"] = stored_time(consent.withdrawn_at)
    if text is not None:
        words = text.words(context.me.locale)
        locale = context.me.locale if context.me.locale in text.texts else LOCALES[0]
        shown["text"] = {
            "version": text.version,
            "locale": locale,
            "words": words,
            "digest": digest_of(words),
            "asked_from": stored_time(text.asked_from),
            "published_at": stored_time(text.published_at),
        }
    return shown


async def consent_events(context: Context, person_id: str | None, request: PageRequest) -> Page:
    """The caller's answers; for who manages people those of everybody."""
    everybody = Scope.whole_organization(context.me.org_id)
    reads = Reads(context.store, everybody) if context.me.can(Capability.MANAGE_PEOPLE) else context.reads
    return await reads.page(EVENTS, {} if person_id is None else {"owner_id": person_id}, request)


async def text_versions(context: Context, purpose: ConsentPurpose, request: PageRequest) -> Page:
    """Every version that was ever published, so that a digest can be compared with its words."""
    return await context.reads.page(VERSIONS, {"purpose": purpose.value}, request)


async def publish_text(
    context: Context,
    client_key: str,
    purpose: ConsentPurpose,
    draft: TextDraft,
    expected_version: int | None,
) -> Document | Refusal:
    """The text in its next version. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PEOPLE)

    async def act(store: Store) -> Outcome:
        before = await find_text(store, actor.org_id, purpose)
        after = published(
            before, draft, actor.org_id, purpose, expected_version, person_id=actor.person_id, now=context.now
        )
        if isinstance(after, Refusal):
            return after
        saved = await save_text(store, after)
        return VersionConflict(purpose, after.version - 1) if saved is None else Saved(TEXTS, saved)

    given = {"purpose": purpose, "draft": draft, "expected_version": expected_version}
    answer = await once(context, "publishConsentText", client_key, given, act)
    # Two who published the first one at once.
    return VersionConflict(purpose, 1) if isinstance(answer, IdTaken) else answer


async def give_consent(context: Context, client_key: str, given: Answer) -> Document | Refusal:
    """Where the caller stands now. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        if given.locale is not None and given.locale not in LOCALES:
            return InvalidInput("locale", f"must be one of {', '.join(LOCALES)}")
        if given.device_id is not None and not is_id("dev", given.device_id):
            return InvalidInput("deviceId", "must be dev_ and a ULID or UUID")
        text = await find_text(store, actor.org_id, given.purpose)
        before = await _consent(store, context, given.purpose)
        at = given.at or context.now
        after = give(before, text, given.version, at, context.now)
        if isinstance(after, Refusal):
            return after
        assert text is not None, "nothing was asked"
        if after != before:
            locale = given.locale or actor.locale
            event = _event(
                context,
                given.purpose,
                ConsentStep.GIVEN,
                at,
                text_version=text.version,
                locale=locale if locale in text.texts else LOCALES[0],
                digest=digest_of(text.words(locale)),
                device_id=given.device_id or actor.device_id or None,
            )
            if not await save_consent(store, after, event):
                return RetryLater(1)
        return Facts(_shown(context, given.purpose, text, after))

    return _twin(await once(context, "giveConsent", client_key, given, act))


async def withdraw_consent(
    context: Context, client_key: str, purpose: ConsentPurpose, reason: str | None
) -> Document | Refusal:
    """Where the caller stands now: not tracked, and off the map. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        if reason is not None and len(reason) > MAX_REASON:
            return InvalidInput("reason", f"must have at most {MAX_REASON} characters")
        after = withdraw(await _consent(store, context, purpose), context.now)
        if isinstance(after, Refusal):
            return after
        event = _event(context, purpose, ConsentStep.WITHDRAWN, context.now, reason=reason)
        if not await save_consent(store, after, event):
            return RetryLater(1)
        await forget_latest(store, actor.person_id)
        kind = DataRequestKind.ERASE_TRACK
        await insert_request(store, begin(actor.org_id, actor.person_id, kind, actor.person_id, context.now))
        return Facts(_shown(context, purpose, await find_text(store, actor.org_id, purpose), after))

    return _twin(await once(context, "withdrawConsent", client_key, {"purpose": purpose, "reason": reason}, act))


def _twin(answer: Document | Refusal) -> Document | Refusal:
    """Two first answers of one person at once: the other one may be repeated."""
    return RetryLater(1) if isinstance(answer, IdTaken) else answer


async def _consent(store: Store, context: Context, purpose: ConsentPurpose) -> Consent:
    actor = context.me
    found = await find_consent(store, actor.person_id, purpose)
    return found or Consent(consent_id(actor.person_id, purpose), actor.org_id, actor.person_id, purpose)


def _event(
    context: Context,
    purpose: ConsentPurpose,
    step: ConsentStep,
    at: datetime,
    *,
    text_version: int | None = None,
    locale: str | None = None,
    digest: str | None = None,
    device_id: str | None = None,
    reason: str | None = None,
) -> ConsentEvent:
    actor = context.me
    return ConsentEvent(
        id=ConsentEventId(new_id("cne", context.now)),
        org_id=actor.org_id,
        owner_id=actor.person_id,
        purpose=purpose,
        step=step,
        at=at,
        recorded_at=context.now,
        text_version=text_version,
        locale=locale,
        digest=digest,
        device_id=device_id,
        reason=reason,
    )
