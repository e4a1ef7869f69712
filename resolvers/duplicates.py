"""Looking for open leads that may be the same prospect. Called by resolvers/leads.py and schema/duplicates.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.access import Capability, Scope
from domain.accounts import Tier
from domain.contacts import MAX_EMAIL
from domain.duplicates import DuplicateMatch, PossibleDuplicate, matches
from domain.errors import BadInput
from domain.ids import LeadId, OrgId
from domain.leads import Lead, StageKind, problem_with
from domain.refusals import InvalidInput
from resolvers.context import Context
from storage.driver import Document
from storage.leads import COLLECTION, list_alike
from storage.reads import Reads, unique
from storage.store import Store

MAX_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Alike:
    """Leads in scope with what they have in common, best first, and whether there are others out of it."""

    seen: dict[LeadId, tuple[DuplicateMatch, ...]]
    elsewhere: bool

    @property
    def refusal(self) -> PossibleDuplicate | None:
        """What to tell who wants to create one more."""
        if not self.seen and not self.elsewhere:
            return None
        kinds = unique([kind for found in self.seen.values() for kind in found])
        return PossibleDuplicate(tuple(self.seen), tuple(DuplicateMatch(kind) for kind in kinds), self.elsewhere)


async def find_alike(store: Store, scope: Scope, lead: Lead) -> Alike:
    """Open leads of the organization that may be the same prospect as `lead`."""
    found = {
        each.id: common
        for each in await list_alike(store, lead)
        if each.id != lead.id and (common := matches(lead, each))
    }
    if not found:
        return Alike({}, elsewhere=False)
    visible = await Reads(store, scope).by_keys(COLLECTION, list(found), projection={"_id": 1})
    best = sorted((each for each in found if each in visible), key=lambda each: -len(found[each]))
    return Alike({each: found[each] for each in best[:MAX_SHOWN]}, elsewhere=len(visible) < len(found))


async def lead_duplicates(context: Context, given: Mapping[str, Any]) -> Document:
    """Candidates for a lead like this one, before it is created. Raises Forbidden or BadInput."""
    actor = context.require(Capability.EDIT_CUSTOMERS)
    # Whatever could never be stored is not looked for; an address that is still being typed is.
    problem = problem_with({name: value for name, value in given.items() if name != "email"})
    if problem is None and len(given.get("email", "")) > MAX_EMAIL:
        problem = InvalidInput("email", f"must have at most {MAX_EMAIL} characters")
    if problem is not None:
        raise BadInput(f"input.{problem.field}", problem.reason)
    alike = await find_alike(context.store, actor.scope, _lead_like(actor.org_id, given, context))
    candidates = [{"lead_id": lead_id, "matched_on": list(common)} for lead_id, common in alike.seen.items()]
    return {"candidates": candidates, "elsewhere": alike.elsewhere}


def _lead_like(org_id: OrgId, given: Mapping[str, Any], context: Context) -> Lead:
    now = context.now
    described = {"name": "", **given}
    return Lead(
        id=LeadId(""),
        org_id=org_id,
        stage="",
        stage_kind=StageKind.OPEN,
        tier=Tier.C,
        owner_id=None,
        team_id=None,
        occurred_at=now,
        created_at=now,
        updated_at=now,
        **described,
    )
