"""Binds people of a file to their WeCom user ids, idempotently; for seed/import_people.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.bindings import Binding, BoundChannel, binding_id
from domain.ids import PersonId
from domain.notices import Priority
from domain.people import Person
from seed.cells import Problem
from seed.importing import BATCH, Options, batches
from storage.bindings import COLLECTION, list_held, remove_bindings, save_binding
from storage.codec import decode
from storage.store import Store


@dataclass(slots=True)
class MemberChanges:
    """What binding the members of a file comes to."""

    bound: list[tuple[int, Binding]] = field(default_factory=list)
    """With the line it comes from."""
    ended: list[tuple[int, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def lines(self) -> set[int]:
        """The rows that change something."""
        return {line for line, _ in self.bound} | {line for line, _ in self.ended}


async def plan_members(store: Store, wanted: Sequence[tuple[int, Person, str]], options: Options) -> MemberChanges:
    """From line, person and user id (empty: ends what there is) of each row that says one."""
    changes, taken = MemberChanges(), dict[str, PersonId]()
    for batch in batches(wanted, BATCH):
        held = await list_held(store, [person.id for _, person, _ in batch])
        theirs = [each for each in held if each.channel is BoundChannel.WECOM_APP]
        new = {line: _binding(person, user_id, options) for line, person, user_id in batch if user_id}
        known = await _by_id(store, [each.id for each in new.values()])
        for line, person, _ in batch:
            binding = new.get(line)
            if binding is not None:
                holder = known[binding.id].holder_id if binding.id in known else person.id
                if holder != person.id or taken.setdefault(binding.id, person.id) != person.id:
                    reason = f"{binding.address} is somebody else's"
                    changes.problems.append(Problem(line, "wecom_user_id", reason, fatal=False))
                    continue
                if binding.id not in known or known[binding.id].broken_at is not None:
                    changes.bound.append((line, binding))
            kept = binding.id if binding is not None else None
            changes.ended += [(line, each.id) for each in theirs if each.holder_id == person.id and each.id != kept]
    return changes


async def apply_members(store: Store, changes: MemberChanges, lost: set[int]) -> None:
    """Writes what was planned, but for the rows that were lost meanwhile."""
    await remove_bindings(store, [each for line, each in changes.ended if line not in lost])
    for line, binding in changes.bound:
        if line not in lost:
            await save_binding(store, binding)


async def _by_id(store: Store, ids: Sequence[str]) -> Mapping[str, Binding]:
    if not ids:
        return {}
    found = await store[COLLECTION].find({"_id": {"$in": list(ids)}}, limit=len(ids))
    return {each["_id"]: decode(Binding, each) for each in found}


def _binding(person: Person, user_id: str, options: Options) -> Binding:
    channel = BoundChannel.WECOM_APP
    return Binding(
        id=binding_id(person.org_id, person.id, channel, user_id),
        org_id=person.org_id,
        holder_id=person.id,
        team_id=person.team_id,
        channel=channel,
        address=user_id,
        least_priority=Priority.NORMAL,
        created_at=options.now,
        updated_at=options.now,
    )
