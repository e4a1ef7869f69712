"""Consents in the schema: what an organization asks people to agree to, their answers, and the evidence of them."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import strawberry

from domain import consents as domain
from domain.consents import ConsentPurpose, ConsentState, ConsentStep, TextDraft
from domain.refusals import Refusal
from resolvers.consents import (
    Answer,
    consent_events,
    give_consent,
    my_consents,
    publish_text,
    text_versions,
    withdraw_consent,
)
from schema.calendars import ExpectedVersion
from schema.fields import Info, mutates, returns, stored
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    ConsentPurpose,
    "What is agreed to.",
    LIVE_LOCATION="Positions between check-ins: the track of a shift and the team map. Check-ins do without.",
)
described_enum(
    ConsentState,
    "Where a person stands with one purpose.",
    NOT_ASKED="The organization has published no text yet.",
    REQUIRED="Asked and not answered: show the text.",
    GIVEN="Agreed.",
    OUTDATED="Agreed to a version that no longer counts: show the new text.",
    WITHDRAWN="Said no, or took back what was given.",
)
described_enum(
    ConsentStep,
    "One answer.",
    GIVEN="Agreed.",
    WITHDRAWN="Said no, or took back what was given.",
)

ConsentTextChanged = shown(
    domain.ConsentTextChanged, purpose="What is asked for.", current_version="The version to show and agree to."
)


@strawberry.type(description="What you are asked to agree to, in your language.")
class ConsentText:
    version: int = stored("version", "Pass it to `giveConsent`.")
    locale: str = stored("locale", "The language it is in: yours, or English where it is not written in that.")
    words: str = stored("words", "The text to show, whole.")
    digest: str = stored("digest", "SHA-256 of the text in UTF-8, in hexadecimal digits; kept with your answer.")
    asked_from: datetime = stored("asked_from", "From when on positions are kept only of who agreed.")
    published_at: datetime = stored("published_at", "When this version was published.")


@strawberry.type(description="Where you stand with one purpose.")
class Consent:
    purpose: ConsentPurpose = stored("purpose", "What is agreed to.")
    state: ConsentState = stored("state", "Whether to ask.")
    text: ConsentText | None = stored("text", "What is asked for; null where nothing is.")
    agreed_version: int | None = stored("text_version", "The version agreed to; null where nothing is.")
    since: datetime | None = stored("since", "Since when, without a gap.")
    withdrawn_at: datetime | None = stored("withdrawn_at", "When it was last withdrawn.")


@strawberry.type(description="One answer, as it is kept in evidence.")
class ConsentEvent:
    event_id: strawberry.ID = stored("_id", "Which answer.")
    person_id: strawberry.ID = stored("owner_id", "Who answered.")
    purpose: ConsentPurpose = stored("purpose", "To what.")
    step: ConsentStep = stored("step", "What they answered.")
    at: datetime = stored("at", "When, by their phone.")
    recorded_at: datetime = stored("recorded_at", "When the server got it.")
    text_version: int | None = stored("text_version", "To which version of the text.")
    locale: str | None = stored("locale", "In which language it was shown.")
    digest: str | None = stored("digest", "SHA-256 of the words that were shown.")
    device_id: strawberry.ID | None = stored("device_id", "On which device.")
    reason: str | None = stored("reason", "Why it was withdrawn, where they said so.")


@strawberry.type(description="The words of a version in one language.")
class ConsentWords:
    locale: str = stored("locale", "The language.")
    words: str = stored("words", "The text.")


@strawberry.type(description="A version of what the organization asks for.")
class ConsentTextVersion:
    purpose: ConsentPurpose = stored("purpose", "What is asked for.")
    version: int = stored("version", "Grows by one; pass it as `expectedVersion`.")
    texts: list[ConsentWords] = stored("shown_texts", "The words, by language.")
    asked_from: datetime = stored("asked_from", "From when on positions are kept only of who agreed.")
    oldest_valid: int = stored("oldest_valid", "Who agreed to an earlier version than this one is asked again.")
    renewed_from: datetime = stored("renewed_from", "From when on earlier consents no longer count.")
    published_at: datetime = stored("published_at", "When it was published.")
    published_by: strawberry.ID = stored("published_by", "Who published it.")


@strawberry.input(description="The words in one language.")
class ConsentWordsInput:
    locale: str = strawberry.field(description="`en` or `zh-CN`.")
    words: str = strawberry.field(description="1 to 20,000 characters.")


@strawberry.input(description="What the organization asks for from now on.")
class ConsentTextInput:
    texts: list[ConsentWordsInput] = strawberry.field(description="One in English, and others beside it.")
    asked_from: datetime | None = strawberry.field(
        default=None,
        description="From when on the answer counts, at most 90 days ahead, so that people can be asked before: for "
        "the first version consent itself, for a later one that `renews` the new answer. Absent or past: now.",
    )
    renews: bool = strawberry.field(
        default=True,
        description="Whether those who agreed before are asked again: always, if more is done than before.",
    )


Purpose = Annotated[ConsentPurpose, strawberry.argument(description="What is agreed to.")]


def _draft(given: ConsentTextInput) -> TextDraft:
    return TextDraft(tuple((each.locale, each.words) for each in given.texts), given.asked_from, given.renews)


def _version(document: Document) -> Document:
    """With its words as a list."""
    return {**document, "shown_texts": [{"locale": key, "words": each} for key, each in document["texts"].items()]}


@strawberry.type
class ConsentQuery:
    @returns(list[Consent] | None, "What you are asked to agree to, and where you stand with it.")
    async def consents(self, info: Info) -> list[Document]:
        return await my_consents(info.context)

    @returns(
        Connection[ConsentEvent] | None,
        "Answers, latest first: your own; for administrators everybody's.",
    )
    async def consent_events(
        self,
        info: Info,
        person_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only of this person.")] = None,
        first: First = 20,
        after: After = None,
    ) -> Document:
        return as_connection(await consent_events(info.context, person_id, page_request(first, after, "-recorded_at")))

    @returns(Connection[ConsentTextVersion] | None, "Every version of what was asked for, newest first.")
    async def consent_text_versions(
        self, info: Info, purpose: Purpose, first: First = 20, after: After = None
    ) -> Document:
        page = await text_versions(info.context, purpose, page_request(first, after, "-version"))
        return as_connection(replace(page, documents=[_version(each) for each in page.documents]))


@strawberry.type
class ConsentMutation:
    @mutates(
        "publishConsentText",
        "Asks people to agree, or asks in other words. From `askedFrom` on only positions of who agreed are kept. "
        "For administrators.",
        ConsentTextVersion,
        *COMMON,
        VersionConflict,
    )
    async def publish_consent_text(
        self,
        info: Info,
        client_key: ClientKey,
        purpose: Purpose,
        input: Annotated[ConsentTextInput, strawberry.argument(description="The text.")],  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        saved = await publish_text(info.context, client_key, purpose, _draft(input), expected_version)
        return saved if isinstance(saved, Refusal) else _version(saved)

    @mutates(
        "giveConsent",
        "Agrees to the text in the version that was shown. Works offline: tell the time of the tap.",
        Consent,
        *COMMON,
        WrongState,
        ConsentTextChanged,
    )
    async def give_consent(
        self,
        info: Info,
        client_key: ClientKey,
        purpose: Purpose,
        version: Annotated[int, strawberry.argument(description="The version that was shown.")],
        locale: Annotated[
            str | None, strawberry.argument(description="The language that was shown; absent: yours.")
        ] = None,
        at: Annotated[
            datetime | None, strawberry.argument(description="The tap, within the last 72 hours; absent: now.")
        ] = None,
        device_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The device, where it is registered.")
        ] = None,
    ) -> Document | Refusal:
        return await give_consent(info.context, client_key, Answer(purpose, version, at, locale, device_id))

    @mutates(
        "withdrawConsent",
        "Says no, or takes back what was given: you are off the map at once and no position is kept but those of "
        "your check-ins.",
        Consent,
        *COMMON,
        WrongState,
    )
    async def withdraw_consent(
        self,
        info: Info,
        client_key: ClientKey,
        purpose: Purpose,
        reason: Annotated[
            str | None, strawberry.argument(description="Why, at most 500 characters; nobody need say.")
        ] = None,
    ) -> Document | Refusal:
        return await withdraw_consent(info.context, client_key, purpose, reason)
