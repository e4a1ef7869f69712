"""A real organization with its first administrator; called by `python -m seed org NAME --admin EMAIL`."""

from __future__ import annotations

import secrets

from domain.access import Role
from domain.ids import OrgId, PersonId, new_id
from domain.people import EmailTaken, Organization, Person, PersonState, normal_email, problem_with
from domain.refusals import Refusal
from domain.sessions import INVITATION_LIFE, LinkPurpose
from resolvers.derived_secrets import digest
from resolvers.services import Services
from storage.credentials import OneTimeLink, replace_links
from storage.people import find_by_email, insert_organization, insert_person
from storage.store import Store


async def create_organization(
    services: Services, name: str, admin_email: str, *, time_zone: str = "Asia/Shanghai", locale: str = "zh-CN"
) -> str | Refusal:
    """The token of the administrator's invitation (7 days), to be shown once: only its digest is stored.

    InvalidInput or EmailTaken where the organization cannot be made; nothing is written then.
    """
    now, email, token = services.clock(), normal_email(admin_email), secrets.token_urlsafe(32)
    problem = problem_with({"name": name, "email": email, "time_zone": time_zone, "locale": locale})
    if problem is not None:
        return problem
    organization = Organization(OrgId(new_id("org", now)), name.strip(), time_zone, locale, now)
    admin = Person(
        id=PersonId(new_id("per", now)),
        org_id=organization.id,
        email=email,
        name=email.partition("@")[0],
        role=Role.ADMIN,
        team_id=None,
        state=PersonState.INVITED,
        locale=locale,
        time_zone=time_zone,
        created_at=now,
        updated_at=now,
    )
    link = OneTimeLink(digest(token), organization.id, admin.id, LinkPurpose.INVITATION, now, now + INVITATION_LIFE)

    async def write(store: Store) -> str | Refusal:
        if await find_by_email(store, email) is not None:
            return EmailTaken(email)
        await insert_organization(store, organization)
        await insert_person(store, admin)
        await replace_links(store, link)
        return token

    return await services.store.transaction(write)
