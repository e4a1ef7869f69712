"""One-time links: an invitation or a password reset lets its holder choose a password and signs them in with it.

The token is derived from the call that asked for the link, so a repeated call shows it again though only its digest is
stored.
"""

from __future__ import annotations

from dataclasses import replace

from domain.access import Capability
from domain.people import GONE, Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal, RetryLater, WrongState
from domain.sessions import INVITATION_LIFE, PASSWORD_LENGTH, RESET_LIFE, EndReason, LinkInvalid, LinkPurpose
from resolvers.context import Context
from resolvers.derived_secrets import digest
from resolvers.once import Facts, Outcome, once
from resolvers.sessions import Phone, open_session
from storage.bindings import remove_browsers_of
from storage.codec import decode
from storage.credentials import (
    OneTimeLink,
    find_link,
    find_password,
    replace_links,
    save_password,
    spend_link,
)
from storage.driver import Document
from storage.people import PEOPLE, find_person, save_person
from storage.sessions import end_sessions
from storage.store import Store
from storage.times import stored_time

LIFE = {LinkPurpose.INVITATION: INVITATION_LIFE, LinkPurpose.PASSWORD_RESET: RESET_LIFE}
_PURPOSE = "one-time link"


async def issue_link(
    context: Context, store: Store, mutation: str, client_key: str, person: Person, purpose: LinkPurpose
) -> Facts:
    """A link for the person in place of earlier ones; the facts hold no token (see `with_token`)."""
    token_digest = digest(context.services.secrets.derive(_PURPOSE, mutation, context.me.person_id, client_key))
    expires_at = context.now + LIFE[purpose]
    await replace_links(store, OneTimeLink(token_digest, person.org_id, person.id, purpose, context.now, expires_at))
    return Facts(
        {
            "person_id": person.id,
            "purpose": purpose.value,
            "token_digest": token_digest,
            "expires_at": stored_time(expires_at),
        }
    )


def with_token(context: Context, mutation: str, client_key: str, answer: Document | Refusal) -> Document | Refusal:
    """The answer with the link's token, derived again; None where the key it was made with is gone."""
    if isinstance(answer, Refusal):
        return answer
    secrets, asked = context.services.secrets, context.me.person_id
    return answer | {"token": secrets.again(answer["token_digest"], _PURPOSE, mutation, asked, client_key)}


async def issue_password_reset(context: Context, client_key: str, person_id: str) -> Document | Refusal:
    """A link by which the person chooses a new password, or a new invitation if still invited. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PEOPLE)

    async def act(store: Store) -> Outcome:
        person = await find_person(store, actor.scope, person_id)
        if person is None:
            return NotFound(person_id)
        if person.state in GONE:
            return WrongState(person_id, person.state)
        invited = person.state is PersonState.INVITED
        purpose = LinkPurpose.INVITATION if invited else LinkPurpose.PASSWORD_RESET
        return await issue_link(context, store, "issuePasswordReset", client_key, person, purpose)

    answer = await once(context, "issuePasswordReset", client_key, {"id": person_id}, act)
    return with_token(context, "issuePasswordReset", client_key, answer)


async def redeem_link(
    context: Context, client_key: str, purpose: LinkPurpose, token: str, password: str, name: str | None, phone: Phone
) -> Document | Refusal:
    """A session after the holder of the link chose a password; every other session of theirs ends."""
    problem = phone.problem()
    if problem is not None:
        return problem
    if len(password) not in PASSWORD_LENGTH:
        return InvalidInput("password", f"must have {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters")
    if name is not None and not 1 <= len(name.strip()) <= 200:
        return InvalidInput("name", "must have 1 to 200 characters")
    now, services = context.now, context.services
    link_id = digest(token)
    link = await find_link(context.store, link_id)
    if link is None or link.purpose is not purpose or now >= link.expires_at:
        return LinkInvalid()
    hashed = await services.passwords.hash(password)
    chosen = False

    async def act(store: Store) -> Outcome:
        nonlocal chosen
        found = await store[PEOPLE].find_one({"_id": link.person_id})
        if found is None or found["state"] in GONE or not await spend_link(store, link, now):
            return LinkInvalid()
        person = decode(Person, found)
        active = replace(
            person,
            name=name or person.name,
            state=PersonState.ACTIVE,
            version=person.version + 1,
            updated_at=now,
        )
        if await save_person(store, active) is None:
            return RetryLater(1)
        await save_password(store, person.org_id, person.id, hashed, now)
        await end_sessions(store, person.org_id, person.id, EndReason.PASSWORD_CHANGED, now)
        await remove_browsers_of(store, person.id)
        chosen = True
        return Facts({"person_id": person.id})

    # The password is no part of the input: its quick digest must not be stored. A repeat must know it instead.
    given = {"name": name, "device_id": phone.device_id, "app_version": phone.app_version}
    answer = await once(context, f"redeem {purpose}", client_key, given, act, owner=f"link:{link_id}")
    if isinstance(answer, Refusal):
        return answer
    if not chosen and not await services.passwords.fits(await find_password(context.store, link.person_id), password):
        return LinkInvalid()
    found = await context.store[PEOPLE].find_one({"_id": link.person_id})
    return await open_session(context, client_key, decode(Person, found or {}), phone)
