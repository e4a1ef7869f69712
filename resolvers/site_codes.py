"""Codes of sites: sealing them for a screen there, and opening what a phone read. Called by schema/site_codes.py."""

from __future__ import annotations

from domain.access import Capability
from domain.errors import BadInput
from domain.ids import SiteId, is_id
from domain.site_codes import MAX_STEPS, STEP, SiteCode, step_at
from resolvers.context import Context
from resolvers.derived_secrets import SEAL_LENGTH, DerivedSecrets
from storage.driver import Document
from storage.sites import find_site
from storage.times import stored_time

_PURPOSE = "site code"
_MOST_DIGITS = 10


async def site_codes(context: Context, site_id: str, first: int) -> list[Document] | None:
    """The site's codes from now on, one a minute; None where the caller does not see it. Raises Forbidden, BadInput.

    Not for reps: whoever checks in with a code must have to read it there.
    """
    actor = context.require(Capability.PLAN_FOR_OTHERS)
    if not 1 <= first <= MAX_STEPS:
        raise BadInput("first", f"must be 1 to {MAX_STEPS}")
    site = await find_site(context.store, actor.scope, site_id)
    if site is None:
        return None
    now = step_at(context.now)
    codes = (SiteCode(site.id, step) for step in range(now, now + first))
    return [
        {
            "code": _sealed(context.services.secrets, each),
            "shown_at": stored_time(each.shown_at),
            "ends_at": stored_time(each.shown_at + STEP),
        }
        for each in codes
    ]


def open_code(secrets: DerivedSecrets, text: str) -> SiteCode | None:
    """What a code says; None where it has no seal of ours."""
    site_id, _, rest = text.partition(".")
    step, _, seal = rest.partition(".")
    if not is_id("sit", site_id) or not step.isascii() or not step.isdigit() or len(step) > _MOST_DIGITS:
        return None
    return SiteCode(SiteId(site_id), int(step)) if secrets.knows(seal, _PURPOSE, site_id, step) else None


def _sealed(secrets: DerivedSecrets, shown: SiteCode) -> str:
    seal = secrets.derive(_PURPOSE, shown.site_id, str(shown.step))[:SEAL_LENGTH]
    return f"{shown.site_id}.{shown.step}.{seal}"
