"""Reminds reps of the norms of their week and flags who did not keep them when it ends.

A job of workers/schedule.py. Each organization is looked at once a quarter of an hour, for the moments since the last
time; what a moment leads to is a transaction under fixed ids, so several workers may run it and none tells twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from domain.access import Role
from domain.compliance import NormFlag, NormMoment, NormState, flag_id, moments, norm_notice
from domain.ids import OrgId
from domain.norms import NormMode
from domain.notices import Notice, NoticeKind
from domain.people import Person
from domain.weeks import Week
from resolvers.norm_entries import week_of
from resolvers.services import Services
from storage.driver import PyMongoError
from storage.norm_flags import begin_rounds, find_flag, list_due_rounds, put_flag, save_round
from storage.norms import find_norms
from storage.people import list_organizations, page_in_role
from storage.stand_ins import acting_superior
from storage.store import Store

log = structlog.get_logger(__name__)
_ROUND_S = 900
"""Every local hour there is begins with a quarter of an hour of UTC."""
_AT_ONCE = 20


async def tell_of_norms(services: Services) -> int:
    """Looks at organizations whose quarter of an hour has come, at most one batch; answers at how many.

    Raises PyMongoError where the database fails; a person who fails for another reason is logged and left.
    """
    store, after = services.store, ""
    until = _quarter(services.clock())
    while organizations := await list_organizations(store, after):
        await begin_rounds(store, organizations, until)
        after = organizations[-1]
    due = await list_due_rounds(store, until, _AT_ONCE)
    for org_id, since in due:
        await _look(services, org_id, since, until)
    return len(due)


def _quarter(now: datetime) -> datetime:
    return now - timedelta(minutes=now.minute % (_ROUND_S // 60), seconds=now.second, microseconds=now.microsecond)


async def _look(services: Services, org_id: OrgId, since: datetime, until: datetime) -> None:
    store = services.store
    norms, after = await find_norms(store, org_id), ""
    while norms.mode is not NormMode.OFF and (people := await page_in_role(store, org_id, Role.REP, after)):
        for person in people:
            for _, moment, week in moments(person, norms, since, until):
                step = partial(_settle, person=person, moment=moment, week=week, by=services)
                try:
                    await store.transaction(step)
                except PyMongoError:
                    raise
                except Exception:
                    log.exception("norms_not_looked_at", person_id=person.id, week=str(week))
        after = people[-1].id
    await save_round(store, org_id, until)


async def _settle(store: Store, person: Person, moment: NormMoment, week: Week, by: Services) -> None:
    """Reminds or flags; of a week that is complete, or was told already, nobody is told."""
    now = by.clock()
    key = flag_id(person.id, week)
    flag = await find_flag(store, key) or NormFlag(key, person.org_id, person.id, person.team_id, str(week))
    stands = await week_of(store, person, week, now)
    if stands.state in {NormState.FREE, NormState.MET} or flag.flagged_at is not None:
        return
    if moment is NormMoment.REMINDER:
        if flag.reminded_at is not None or not stands.can_be_mended:
            return
        await put_flag(store, replace(flag, reminded_at=now))
        await by.outbox.write(store, [norm_notice(person, person.id, NoticeKind.NORMS_REMINDER, week, now)], now)
        return
    if stands.state is not NormState.MISSED:
        return
    missed, missing = stands.days_missed, stands.insights_missing
    await put_flag(store, replace(flag, flagged_at=now, days_missed=missed, insights_missing=missing))
    await by.outbox.write(store, await _flagged(store, person, week, now), now)


async def _flagged(store: Store, person: Person, week: Week, now: datetime) -> list[Notice]:
    """One notice to the rep, and one a week to whoever works in the place of the superior, however many fell short."""
    notices = [norm_notice(person, person.id, NoticeKind.NORMS_MISSED, week, now)]
    acting = await acting_superior(store, person.org_id, person.id, person.team_id, now)
    if acting is not None:
        notices.append(norm_notice(person, acting, NoticeKind.NORMS_MISSED_IN_TEAM, week, now))
    return notices
