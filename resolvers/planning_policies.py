"""An organization's rules of planning: reading and saving them. Called by schema/planning_policies.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.access import Capability
from domain.planning_policies import ChangePrice, PlanningPolicy, SlowHours, TierPlanning, policy_problem
from domain.refusals import IdTaken, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.planning_policies import COLLECTION, find_policy, save_policy
from storage.store import Store


async def planning_policy(context: Context) -> Document:
    """What holds for the caller's organization. Raises Unauthenticated."""
    return encode(await find_policy(context.store, context.me.org_id))


async def save_planning_policy(
    context: Context, client_key: str, given: Mapping[str, Any], expected_version: int
) -> Document | Refusal:
    """The policy in its next version; plans that are solved already stay as they are. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        said = {
            **given,
            "slow_hours": tuple(SlowHours(**each) for each in given["slow_hours"]),
            "tiers": tuple(TierPlanning(**each) for each in given["tiers"]),
            "change_price": ChangePrice(**given.get("change_price", {})),
        }
        after = PlanningPolicy(
            actor.org_id,
            actor.org_id,
            expected_version + 1,
            **said,
            saved_at=context.now,
            saved_by_id=actor.person_id,
        )
        problem = policy_problem(after)
        if problem is not None:
            return problem
        before = await find_policy(store, actor.org_id)
        if before.version != expected_version:
            return VersionConflict(actor.org_id, before.version)
        saved = await save_policy(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    given_whole = {"input": given, "expected_version": expected_version}
    answer = await once(context, "savePlanningPolicy", client_key, given_whole, act)
    # Two who saved the first one at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer
