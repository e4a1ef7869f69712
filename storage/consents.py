"""Consents in the database: the texts with every version, each person's answers, and where they lead."""

from __future__ import annotations

from domain.consents import Consent, ConsentEvent, ConsentPurpose, ConsentText, TrackingConsent, consent_id, text_id
from domain.ids import OrgId, PersonId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "consents"
EVENTS = "consent_events"
TEXTS = "consent_texts"
VERSIONS = "consent_text_versions"
INDEXES = [IndexModel([("org_id", 1), ("owner_id", 1)], name="by_owner")]
EVENT_INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("recorded_at", -1), ("_id", -1)], name="by_owner_time"),
    IndexModel([("org_id", 1), ("recorded_at", -1), ("_id", -1)], name="by_time"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0),
]
TEXT_INDEXES = [IndexModel([("org_id", 1)], name="by_organization")]
VERSION_INDEXES = [IndexModel([("org_id", 1), ("purpose", 1), ("version", -1), ("_id", -1)], name="by_version")]


async def tracking_consent(store: Store, org_id: OrgId, person_id: PersonId) -> TrackingConsent:
    """What decides about a batch of the person's positions, inside or outside a transaction."""
    return TrackingConsent(
        await find_text(store, org_id, ConsentPurpose.LIVE_LOCATION),
        await find_consent(store, person_id, ConsentPurpose.LIVE_LOCATION),
    )


async def find_text(store: Store, org_id: OrgId, purpose: ConsentPurpose) -> ConsentText | None:
    """The newest version; None where the organization has never asked."""
    found = await store[TEXTS].find_one({"_id": text_id(org_id, purpose)})
    return None if found is None else decode(ConsentText, found)


async def save_text(store: Store, text: ConsentText) -> Document | None:
    """Adds a version; None where another write came first. Raises DuplicateKeyError where two publish the first."""
    document = encode(text)
    if text.version == 1:
        await store[TEXTS].insert_one(document)
    elif not await store[TEXTS].replace_one({"_id": text.id, "version": text.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{text.id}:{text.version}"})
    return document


async def find_consent(store: Store, person_id: PersonId, purpose: ConsentPurpose) -> Consent | None:
    """Where the person's answers lead; None where there is none."""
    found = await store[COLLECTION].find_one({"_id": consent_id(person_id, purpose)})
    return None if found is None else decode(Consent, found)


async def save_consent(store: Store, consent: Consent, event: ConsentEvent) -> bool:
    """The answer and where it leads; False where another answer came first. To be called in a transaction.

    Raises DuplicateKeyError where two give the first answer.
    """
    document = encode(consent)
    if consent.version == 1:
        await store[COLLECTION].insert_one(document)
    elif not await store[COLLECTION].replace_one({"_id": consent.id, "version": consent.version - 1}, document):
        return False
    await store[EVENTS].insert_one(encode(event))
    return True
