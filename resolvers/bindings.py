"""Binding people and teams to addresses at other services: load, decide, save. Called by schema/bindings.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.access import Capability
from domain.bindings import (
    OF_A_SESSION,
    VOUCHED,
    Binding,
    BoundChannel,
    bind,
    binding_id,
    problem_with,
    robot_key,
)
from domain.ids import PersonId, TeamId, is_id
from domain.notices import Priority
from domain.people import GONE
from domain.refusals import InvalidInput, NotAllowed, NotFound, Refusal
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.bindings import (
    COLLECTION,
    find_binding,
    find_bound,
    list_held,
    remove_bindings,
    save_binding,
)
from storage.driver import Document
from storage.people import find_person, find_team
from storage.store import Store

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class NewBinding:
    """What a person says about where they, somebody else or a team is reached."""

    channel: BoundChannel
    address: str
    holder_id: str | None = None
    label: str | None = None
    secret: str | None = None
    public_key: str | None = None
    least_priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class _Holder:
    id: PersonId | TeamId
    team_id: TeamId | None
    is_team: bool


async def bind_channel(context: Context, client_key: str, given: NewBinding) -> Document | Refusal:
    """The binding, new or renewed."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        holder = await _holder(context, store, given.holder_id or actor.person_id)
        if isinstance(holder, Refusal):
            return holder
        its_own = holder.id == actor.person_id and given.channel not in VOUCHED
        if not its_own and not actor.can(Capability.BIND_CHANNELS):
            return NotAllowed(Capability.BIND_CHANNELS)
        address = robot_key(given.channel, given.address)
        said = asdict(given) | {"address": address}
        problem = problem_with(said, context.services.binding_rules, actor.org_id, for_team=holder.is_team)
        if problem is not None:
            return problem
        binding = Binding(
            id=binding_id(actor.org_id, holder.id, given.channel, address),
            org_id=actor.org_id,
            holder_id=holder.id,
            team_id=holder.team_id,
            channel=given.channel,
            address=address,
            least_priority=given.least_priority or (Priority.HIGH if holder.is_team else Priority.NORMAL),
            created_at=context.now,
            updated_at=context.now,
            label=given.label,
            secret=given.secret,
            public_key=given.public_key,
            session_id=actor.session_id if holder.id == actor.person_id and given.channel in OF_A_SESSION else None,
        )
        held = await list_held(store, [holder.id])
        bound = bind(await find_bound(store, binding.id), binding, held)
        if isinstance(bound, Refusal):
            return bound
        # A new address of a channel takes the place of those that no longer work.
        await remove_bindings(store, [each.id for each in held if each.broken_at and each.channel is bound.channel])
        return Saved(COLLECTION, await save_binding(store, bound))

    return await once(context, "bindChannel", client_key, given, act)


async def unbind_channel(context: Context, client_key: str, binding: str) -> Document | Refusal:
    """`{"id"}` of the binding that is gone."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        found = await find_binding(store, actor.scope, binding) if is_id("bnd", binding) else None
        if found is None:
            return NotFound(binding)
        if found.holder_id != actor.person_id and not actor.can(Capability.BIND_CHANNELS):
            return NotAllowed(Capability.BIND_CHANNELS)
        gone = await remove_bindings(store, [binding])
        return Facts({"id": binding}) if gone else NotFound(binding)

    return await once(context, "unbindChannel", client_key, {"id": binding}, act)


async def channel_bindings(
    context: Context, holder_id: str | None, projection: Mapping[str, Any] | None = None
) -> list[Document]:
    """The bindings of a person or team that the caller may see; without one, the caller's and their team's."""
    actor = context.me
    holders = [holder_id] if holder_id is not None else [each for each in (actor.person_id, actor.team_id) if each]
    found = await context.reads.children(
        COLLECTION, holders, on="holder_id", first=MAX_SHOWN, order="_id", projection=projection
    )
    return [each for holder in holders for each in found.get(holder, [])]


def web_push_key(context: Context) -> str | None:
    """What a browser subscribes with, for people who are signed in. Raises Unauthenticated."""
    _ = context.me
    return context.services.web_push_key


async def _holder(context: Context, store: Store, holder_id: str) -> _Holder | Refusal:
    """The person or team, which the caller may see."""
    actor = context.me
    if is_id("tea", holder_id):
        team = await find_team(store, actor.scope, holder_id)
        return NotFound(holder_id) if team is None else _Holder(team.id, team.id, is_team=True)
    person = await find_person(store, actor.scope, holder_id)
    if person is None and holder_id != actor.person_id:
        return NotFound(holder_id)
    if person is None:  # people without a team do not see themselves
        return _Holder(actor.person_id, actor.team_id, is_team=False)
    if person.state in GONE:
        return InvalidInput("holderId", "has left")
    return _Holder(person.id, person.team_id, is_team=False)
