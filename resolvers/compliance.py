"""How reps kept the norms of a week: for managers, and for each rep their own. Called by schema/compliance.py."""

from __future__ import annotations

from dataclasses import replace

from domain.access import Role, Scope
from domain.attendance import work_day
from domain.errors import BadInput
from domain.people import Person
from domain.weeks import Week
from reports.behaviour_compliance import behaviour_compliance
from resolvers.context import Context
from storage.codec import decode, encode
from storage.driver import Document
from storage.norms import find_norms
from storage.people import PEOPLE, find_person
from storage.reads import Page, PageRequest


async def compliance_of_reps(context: Context, request: PageRequest, week: str | None, person_id: str | None) -> Page:
    """A page of reps in scope by name, each with their week; a rep finds themselves alone. Raises BadInput."""
    actor = context.me
    chosen = await week_asked(context, week)
    where: Document = {"role": Role.REP.value}
    if person_id is not None:
        where["_id"] = person_id
    if actor.role is Role.REP:  # who sees colleagues, but not what they do
        where["_id"] = actor.person_id if person_id in {None, actor.person_id} else ""
    page = await context.reads.page(PEOPLE, where, replace(request, order="name"))
    people = [decode(Person, each) for each in page.documents]
    norms = await find_norms(context.store, actor.org_id)
    lines = await behaviour_compliance(context.reads, people, chosen, norms, context.now)
    return replace(page, documents=[encode(each) for each in lines])


async def week_asked(context: Context, week: str | None) -> Week:
    """The week that is written, else that of the caller's work day. Raises BadInput."""
    if week is None:
        me = await find_person(context.store, Scope.whole_organization(context.me.org_id), context.me.person_id)
        assert me is not None
        return Week.of(work_day(me, context.now))
    try:
        return Week.parse(week)
    except ValueError as wrong:
        raise BadInput("week", "must be a week such as 2026-W48") from wrong
