"""What a change of an account's tier would bring to the beat plan in force. Nothing is saved."""

from __future__ import annotations

from datetime import date

from domain.access import Capability
from domain.accounts import Tier
from domain.attendance import working_zone
from domain.beat_plans import BeatVisit
from domain.errors import Unavailable
from domain.ids import AccountId, OrgId, PersonId, SiteId
from resolvers.beat_plans import changes_of
from resolvers.context import Context
from resolvers.period_problem import Period, gather_period
from storage.beat_plans import beat_plan_in, list_in_force
from storage.driver import Document
from storage.people import list_people


async def preview_tier_change(context: Context, account_id: str, tier: Tier) -> Document | None:
    """The plan in force with that account in another tier, beside what is planned; None where there is no such account
    or no published plan with its owner. Raises Forbidden, and Unavailable while too many ask."""
    actor, store = context.me, context.services.store
    account = await context.reads.find("accounts", account_id)
    if account is None or account.get("owner_id") is None:
        return None
    context.require(Capability.DO_FIELD_WORK if account["owner_id"] == actor.person_id else Capability.PLAN_FOR_OTHERS)
    today = context.now.date().isoformat()
    plans = [beat_plan_in(each) for each in await list_in_force(store, actor.org_id, today)]
    plan = next((each for each in plans if account["owner_id"] in each.rep_ids), None)
    if plan is None:
        return None
    if context.services.planner.is_busy:
        raise Unavailable(2, "Too many plans are being solved right now.")
    # Where each visits their own accounts, the others' weeks stay as they are.
    rep_ids = plan.rep_ids if plan.share_accounts else (PersonId(account["owner_id"]),)
    people = await list_people(store, actor.org_id, rep_ids)
    reps = tuple(people[each] for each in rep_ids if each in people)
    first = max(date.fromisoformat(plan.first), context.now.astimezone(working_zone(reps[0])).date())
    asked = await gather_period(
        store,
        Period(
            OrgId(actor.org_id),
            reps,
            first,
            date.fromisoformat(plan.last),
            plan.share_accounts,
            context.now,
            {AccountId(account_id): tier},
            keep_all=True,
        ),
    )
    answer = await context.services.planner.solve_period(asked.problem, asked.estimate, quickly=True)
    fixed = {(each.rep_id, each.date, site.id) for site in asked.problem.sites for each in site.appointments}
    after = [
        BeatVisit(day.date.isoformat(), PersonId(day.rep_id), SiteId(stop.candidate_id))
        for day in answer.days
        for stop in day.plan.stops
        if (day.rep_id, day.date, stop.candidate_id) not in fixed
    ]
    own = {key for key, site in asked.sites.items() if site["account_id"] == account_id}
    changes = changes_of(asked.in_force, after)
    return {
        "account_id": account_id,
        "beat_plan_id": plan.id,
        "tier": tier.value,
        "tier_before": account["tier"],
        "first": first.isoformat(),
        "last": plan.last,
        "visits_before": sum(each.site_id in own for each in asked.in_force),
        "visits_after": sum(each.site_id in own for each in after),
        "changes": [each for each in changes if each["site_id"] in own],
        "others": [each for each in changes if each["site_id"] not in own],
        "fits": not any(drop.site_id in own for drop in answer.dropped),
    }
