"""Sessions in the database: exchanged by a guarded update, ended by state."""

from __future__ import annotations

from datetime import datetime

from domain.ids import OrgId, PersonId
from domain.sessions import EndReason, Session, SessionId, SessionState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store
from storage.times import stored_time

COLLECTION = "sessions"
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("state", 1)], name="by_owner"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=86_400),
]


async def find_session(store: Store, session_id: str) -> Session | None:
    """The session, whoever asks: its id comes from a token that we signed."""
    found = await store[COLLECTION].find_one({"_id": session_id})
    return None if found is None else decode(Session, found)


async def is_open(store: Store, session_id: str, person_id: PersonId) -> bool:
    """Whether access tokens of the session count; asked once per request."""
    found = (await store.whole(COLLECTION, [session_id])).get(session_id)
    return found is not None and found["state"] == SessionState.ACTIVE and found["owner_id"] == person_id


async def insert_session(store: Store, session: Session) -> None:
    """Raises DuplicateKeyError."""
    await store[COLLECTION].insert_one(encode(session))


async def save_exchange(store: Store, session: Session) -> bool:
    """Saves the session after an exchange; False where its token was exchanged or ended meanwhile."""
    guard = {"_id": session.id, "token_digest": session.spent_digest, "state": SessionState.ACTIVE.value}
    return bool(await store[COLLECTION].replace_one(guard, encode(session)))


def _ended(reason: EndReason, now: datetime) -> Document:
    return {"$set": {"state": SessionState.ENDED.value, "end_reason": reason.value, "ended_at": stored_time(now)}}


async def end_session(store: Store, session_id: SessionId | str, reason: EndReason, now: datetime) -> None:
    """Ends an active session; one that has ended keeps its reason."""
    guard = {"_id": session_id, "state": SessionState.ACTIVE.value}
    await store[COLLECTION].update_one(guard, _ended(reason, now))


async def end_sessions(
    store: Store,
    org_id: OrgId,
    person_id: PersonId,
    reason: EndReason,
    now: datetime,
    *,
    device_id: str | None = None,
    keep: str | None = None,
) -> None:
    """Ends the person's active sessions: all, or those on one device, except `keep`."""
    guard: Document = {"org_id": org_id, "owner_id": person_id, "state": SessionState.ACTIVE.value}
    if device_id is not None:
        guard["device_id"] = device_id
    if keep is not None:
        guard["_id"] = {"$ne": keep}
    await store[COLLECTION].update_many(guard, _ended(reason, now))
