"""Registering phones that several people use by turns, so that using one is no sign of a cheat.

Called by schema/shared_phones.py; resolvers/surroundings.py asks the storage.
"""

from __future__ import annotations

from domain.access import Capability
from domain.refusals import InvalidInput, NotFound, Refusal
from resolvers.context import Context
from resolvers.once import Facts, Outcome, once
from storage.driver import Document
from storage.shared_phones import remove_phone, save_phone
from storage.store import Store

_LENGTH = range(1, 101)


async def share_phone(context: Context, client_key: str, device_id: str, *, shared: bool) -> Document | Refusal:
    """The registration, as it is or as it was where it was taken back. Raises Forbidden."""
    actor = context.require(Capability.PLAN_FOR_OTHERS)

    async def act(store: Store) -> Outcome:
        if len(device_id) not in _LENGTH or not device_id.strip():
            return InvalidInput("deviceId", "must have 1 to 100 characters")
        if shared:
            return Facts(await save_phone(store, actor.org_id, device_id, actor.person_id, context.now))
        removed = await remove_phone(store, actor.org_id, device_id)
        return NotFound(device_id) if removed is None else Facts(removed)

    return await once(context, "sharePhone", client_key, {"device_id": device_id, "shared": shared}, act)
