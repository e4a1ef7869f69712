"""Signing in, refreshing and signing out. Nothing here goes through receipts that hold an answer: a repeated call makes
the same tokens again from its own input (resolvers/derived_secrets.py). Called by schema/sessions.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from domain.errors import Unauthenticated
from domain.ids import is_id, new_id
from domain.people import GONE, Person, PersonState, normal_email
from domain.refusals import InvalidInput, Refusal, RetryLater
from domain.sessions import (
    LOST_ANSWER,
    PASSWORD_LENGTH,
    EndReason,
    Exchange,
    FirebaseNotConfigured,
    Session,
    SessionEnded,
    SessionId,
    SessionState,
    TooManyAttempts,
    WrongCredentials,
    judge_refresh,
    rotate,
)
from resolvers.context import Context
from resolvers.derived_secrets import digest
from resolvers.once import Facts, Outcome, once, problem_with_key
from resolvers.tokens import Claims
from storage.bindings import remove_browsers_of
from storage.credentials import Window, count_attempt, find_password, forget_attempt, save_password
from storage.devices import note_contact, remove_devices_of
from storage.driver import Document, DuplicateKeyError
from storage.people import PEOPLE, find_by_email, save_person
from storage.sessions import end_session, end_sessions, find_session, insert_session, save_exchange
from storage.store import Store
from storage.times import stored_time

_ADDRESS_FACTOR = 10
"""An office shares one network address, so it may fail this many times as often as one account."""
_FIRST, _NEXT = "first refresh token", "next refresh token"


@dataclass(frozen=True, slots=True)
class Phone:
    """What a caller says about where it runs."""

    device_id: str | None = None
    app_version: str | None = None

    def problem(self) -> InvalidInput | None:
        """The first value that can never be accepted."""
        if self.device_id is not None and not is_id("dev", self.device_id):
            return InvalidInput("deviceId", "must be dev_ and a ULID or UUID")
        if len(self.app_version or "") > 40:
            return InvalidInput("appVersion", "must have at most 40 characters")
        return None


async def sign_in(context: Context, client_key: str, email: str, password: str, phone: Phone) -> Document | Refusal:
    """A session for the password; repeating the call with its key repeats the session while it is unused."""
    problem = problem_with_key(client_key) or phone.problem()
    if problem is not None:
        return problem
    if len(password) >= PASSWORD_LENGTH.stop:
        return InvalidInput("password", "is longer than any password")
    store, passwords = context.store, context.services.passwords
    subjects = {f"address {context.client_address}": _ADDRESS_FACTOR, f"e-mail {normal_email(email)}": 1}
    rules = context.services.sign_in
    window = Window.at(context.now, rules.window_s)
    for subject, factor in subjects.items():
        if not await count_attempt(store, window, subject, rules.attempts * factor):
            return TooManyAttempts(max(1, int((window.ends_at - context.now).total_seconds())))
    person = await find_by_email(store, normal_email(email))
    hashed = await find_password(store, person.id) if person is not None else None
    fits = await passwords.fits(hashed, password)
    if person is None or hashed is None or not fits or person.state is not PersonState.ACTIVE:
        return WrongCredentials()
    for subject in subjects:
        await forget_attempt(store, window, subject)
    if passwords.is_outdated(hashed):
        await save_password(store, person.org_id, person.id, await passwords.hash(password), context.now)
    return await open_session(context, client_key, person, phone)


async def sign_in_with_firebase(context: Context, client_key: str, id_token: str, phone: Phone) -> Document | Refusal:
    """A session for a verified Firebase ID token. An invited person is active from then on: the e-mail is proved.

    Raises Unavailable where Google's keys cannot be fetched.
    """
    verify = context.services.verify_firebase
    if verify is None:
        return FirebaseNotConfigured()
    problem = problem_with_key(client_key) or phone.problem()
    if problem is not None:
        return problem
    email = await verify(id_token)
    person = await find_by_email(context.store, normal_email(email)) if email is not None else None
    if person is None or person.state in GONE:
        return WrongCredentials()
    if person.state is PersonState.INVITED:
        person = replace(person, state=PersonState.ACTIVE, version=person.version + 1, updated_at=context.now)
        if await save_person(context.store, person) is None:
            return RetryLater(1)
    return await open_session(context, client_key, person, phone)


async def open_session(context: Context, client_key: str, person: Person, phone: Phone) -> Document | Refusal:
    """A new session of an active person, or the one this very call opened when its answer got lost."""
    store, secrets, now = context.store, context.services.secrets, context.now
    named = secrets.derive("session id", person.id, phone.device_id or "", client_key)
    session = _new_session(context, SessionId(f"ses_{UUID(digest(named)[:32])}"), person, phone)
    try:
        await insert_session(store, session)
    except DuplicateKeyError:
        before = await find_session(store, session.id)
        secret = _unused_first_secret(context, before) if before is not None else None
        if before is not None and secret is not None:
            return await _answer(context, before, secret)
        session = _new_session(context, SessionId(new_id("ses", now)), person, phone)
        await insert_session(store, session)
    if phone.device_id is not None:
        await end_sessions(
            store, person.org_id, person.id, EndReason.REPLACED, now, device_id=phone.device_id, keep=session.id
        )
    return await _answer(context, session, secrets.derive(_FIRST, session.id, now.isoformat()))


def _new_session(context: Context, session_id: SessionId, person: Person, phone: Phone) -> Session:
    now = context.now
    return Session(
        id=session_id,
        org_id=person.org_id,
        owner_id=person.id,
        state=SessionState.ACTIVE,
        token_digest=digest(context.services.secrets.derive(_FIRST, session_id, now.isoformat())),
        created_at=now,
        used_at=now,
        expires_at=now + timedelta(seconds=context.services.sign_in.idle_s),
        device_id=phone.device_id,
        app_version=phone.app_version,
    )


def _unused_first_secret(context: Context, session: Session) -> str | None:
    if (
        session.state is SessionState.ENDED
        or session.spent_digest is not None
        or context.now - session.created_at > LOST_ANSWER
    ):
        return None
    return context.services.secrets.again(session.token_digest, _FIRST, session.id, session.created_at.isoformat())


async def refresh_session(
    context: Context, client_key: str, refresh_token: str, device_id: str | None
) -> Document | Refusal:
    """The successor of the token; the same call again gives the same successor while that is unused (10 min)."""
    problem = problem_with_key(client_key) or Phone(device_id).problem()
    if problem is not None:
        return problem
    secrets, store = context.services.secrets, context.store
    opened = secrets.opened(refresh_token)
    if opened is None:
        return SessionEnded()
    session_id, secret, is_ours = opened
    caller = digest(f"{client_key} {device_id or ''}")
    for _ in range(3):
        session = await find_session(store, session_id)
        verdict = judge_refresh(session, digest(secret), caller, context.now)
        if session is None or verdict is Exchange.ENDED:
            return SessionEnded()
        if verdict is Exchange.REUSED:
            # A made-up token must not end the session whose id it carries.
            if is_ours:
                await end_session(store, session_id, EndReason.TOKEN_REUSED, context.now)
                await remove_browsers_of(store, session.owner_id, session_id)
            return SessionEnded()
        if verdict is Exchange.REPEAT:
            again = secrets.again(session.token_digest, _NEXT, session_id, secret, caller)
            return await _answer(context, session, again) if again is not None else SessionEnded()
        successor = secrets.derive(_NEXT, session_id, secret, caller)
        rotated = rotate(session, digest(successor), caller, context.now, context.services.sign_in)
        if await save_exchange(store, rotated):
            if rotated.device_id is not None:
                await note_contact(store, rotated.owner_id, [rotated.device_id], context.now)
            return await _answer(context, rotated, successor)
    return RetryLater(1)


async def sign_out(context: Context, client_key: str) -> Document | Refusal:
    """Ends the caller's session: its access tokens and its refresh token open nothing from now on."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        await end_session(store, actor.session_id, EndReason.SIGNED_OUT, context.now)
        if actor.device_id:
            await remove_devices_of(store, actor.person_id, actor.device_id)
        await remove_browsers_of(store, actor.person_id, actor.session_id)
        return Facts({"signed_out_at": stored_time(context.now)})

    return await once(context, "signOut", client_key, {}, act)


async def _answer(context: Context, session: Session, secret: str) -> Document | Refusal:
    services, now = context.services, context.now
    expires_at = services.tokens.expiry(now)
    claims = Claims(session.owner_id, session.org_id, session.id, session.device_id or "", expires_at)
    try:
        # What the answer shows of the person is read as that person.
        context.actor = await services.callers.of(claims)
    except Unauthenticated:
        return SessionEnded()
    person = await context.store[PEOPLE].find_one({"_id": session.owner_id})
    return {
        "access_token": services.tokens.sign(claims, now),
        "access_token_expires_at": stored_time(expires_at),
        "refresh_token": services.secrets.token(session.id, secret),
        "person": person,
    }
