"""Every index of the program in one table, made from what each noun declares beside its queries."""

from __future__ import annotations

from storage import (
    accounts,
    articles,
    assignment_rules,
    assignments,
    budgets,
    calendars,
    check_ins,
    clocks,
    contacts,
    credentials,
    devices,
    files,
    hand_overs,
    leads,
    notices,
    outbox,
    people,
    pool,
    positions,
    procedures,
    routes,
    sessions,
    shifts,
    sites,
    sla_policies,
    sla_sweeps,
    visits,
)
from storage.driver import IndexModel
from storage.store import Store

INDEXES: dict[str, list[IndexModel]] = {
    accounts.COLLECTION: accounts.INDEXES,
    contacts.COLLECTION: contacts.INDEXES,
    leads.COLLECTION: leads.INDEXES,
    leads.ACTIVITIES: leads.ACTIVITY_INDEXES,
    leads.STAGES: [],
    leads.ASSIGNMENTS: assignments.INDEXES,
    assignment_rules.TABLES: assignment_rules.INDEXES,
    assignment_rules.VERSIONS: assignment_rules.INDEXES,
    pool.RULES: pool.INDEXES,
    assignment_rules.TURNS: assignment_rules.INDEXES,
    clocks.COLLECTION: clocks.INDEXES,
    calendars.COLLECTION: calendars.INDEXES,
    calendars.VERSIONS: calendars.VERSION_INDEXES,
    sla_policies.COLLECTION: sla_policies.INDEXES,
    sla_policies.VERSIONS: sla_policies.VERSION_INDEXES,
    sla_sweeps.COLLECTION: sla_sweeps.INDEXES,
    outbox.NOTICES: [*outbox.NOTICE_INDEXES, *notices.INDEXES],
    articles.COLLECTION: articles.INDEXES,
    articles.COUNTERS: [],
    devices.COLLECTION: devices.INDEXES,
    outbox.DELIVERIES: outbox.DELIVERY_INDEXES,
    people.PEOPLE: people.PEOPLE_INDEXES,
    people.TEAMS: people.TEAM_INDEXES,
    people.ORGANIZATIONS: [],
    sessions.COLLECTION: sessions.INDEXES,
    shifts.COLLECTION: shifts.INDEXES,
    hand_overs.COLLECTION: hand_overs.INDEXES,
    hand_overs.ENTRIES: hand_overs.ENTRY_INDEXES,
    credentials.CREDENTIALS: [],
    credentials.LINKS: credentials.LINK_INDEXES,
    credentials.ATTEMPTS: credentials.ATTEMPT_INDEXES,
    sites.COLLECTION: sites.INDEXES,
    visits.COLLECTION: visits.INDEXES,
    routes.COLLECTION: routes.INDEXES,
    positions.COLLECTION: positions.INDEXES,
    positions.TRACK_POINTS: positions.TRACK_INDEXES,
    positions.VIEWS: positions.VIEW_INDEXES,
    check_ins.COLLECTION: check_ins.INDEXES,
    files.COLLECTION: files.INDEXES,
    procedures.COLLECTION: procedures.INDEXES,
    procedures.VERSIONS: procedures.INDEXES,
    procedures.BYPASSES: procedures.BYPASS_INDEXES,
    budgets.COLLECTION: budgets.INDEXES,
    "receipts": [IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0)],
}


async def create_indexes(store: Store) -> None:
    """Creates what is missing; on the embedded server this must happen while collections are small."""
    for collection, indexes in INDEXES.items():
        await store[collection].create_indexes(indexes)
