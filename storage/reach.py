"""How far into each collection a caller may look, as the filter that every read begins with; for storage/reads.py.

A collection joins with one line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from domain.access import CAPABILITIES, SEES_ALL, Capability, Reach, Role, Scope
from storage.driver import Document

REACH: dict[str, Reach] = {
    "organizations": Reach.ORGANIZATION,
    "teams": Reach.TEAM,
    "people": Reach.TEAM,
    "accounts": Reach.TEAM,
    "contacts": Reach.TEAM,
    "sites": Reach.TEAM,
    "leads": Reach.OWNED,
    "activities": Reach.OWNED,
    "lead_assignments": Reach.OWNED,
    "assignment_tables": Reach.ORGANIZATION,
    "pool_rules": Reach.ORGANIZATION,
    "clocks": Reach.OWNED,
    "visits": Reach.OWNED,
    "check_ins": Reach.OWNED,
    "site_relocations": Reach.OWNED,
    "shared_phones": Reach.ORGANIZATION,
    "files": Reach.HELD,
    "sales_procedures": Reach.ORGANIZATION,
    "gate_bypasses": Reach.OWNED,
    "behaviour_norms": Reach.ORGANIZATION,
    "planning_policies": Reach.ORGANIZATION,
    "visit_cadences": Reach.ORGANIZATION,
    "beat_plans": Reach.OWNED,
    "norm_entries": Reach.OWNED,
    "norm_flags": Reach.OWNED,
    "route_plans": Reach.OWNED,
    "planning_runs": Reach.OWNED,
    "team_days": Reach.OWNED,
    "night_rules": Reach.ORGANIZATION,
    "shifts": Reach.OWNED,
    "report_snapshots": Reach.TEAM,
    "daily_reports": Reach.OWNED,
    "alert_rules": Reach.ORGANIZATION,
    "alerts": Reach.OWNED,
    "articles": Reach.AUDIENCE,
    "article_editions": Reach.AUDIENCE,
    "article_policies": Reach.ORGANIZATION,
    "synonyms": Reach.ORGANIZATION,
    "coaching_rules": Reach.ORGANIZATION,
    "questions": Reach.OWNED,
    "question_topics": Reach.ORGANIZATION,
    "unanswered_searches": Reach.ORGANIZATION,
    "calendars": Reach.ORGANIZATION,
    "calendar_versions": Reach.ORGANIZATION,
    "sla_policies": Reach.ORGANIZATION,
    "sla_policy_versions": Reach.ORGANIZATION,
    "sla_sweeps": Reach.ORGANIZATION,
    "hand_overs": Reach.OWNED,
    "hand_over_entries": Reach.OWNED,
    "notices": Reach.PERSONAL,
    "devices": Reach.PERSONAL,
    "bindings": Reach.HELD,
    "positions": Reach.CHAIN,
    "track_points": Reach.CHAIN,
    "drives": Reach.CHAIN,
    "location_views": Reach.PERSONAL,
    "sessions": Reach.PERSONAL,
    "audit_entries": Reach.ADMINISTRATION,
    "deliveries": Reach.ADMINISTRATION,
    "data_requests": Reach.PERSONAL,
    "article_uses": Reach.PERSONAL,
    "consents": Reach.PERSONAL,
    "consent_events": Reach.PERSONAL,
    "consent_texts": Reach.ORGANIZATION,
    "consent_text_versions": Reach.ORGANIZATION,
}
_LEADS_TEAMS = frozenset({Role.MANAGER, Role.DIRECTOR})
_EDITED_BY: dict[str, tuple[Capability, Document]] = {
    "articles": (Capability.EDIT_ARTICLES, {"state": "PUBLISHED"}),
    "article_editions": (Capability.EDIT_ARTICLES, {"_id": {"$in": []}}),
}
"""Collections that some write and all read: what everybody without the capability sees of them."""
_ELSEWHERE: dict[str, Document] = {"files": {"article_id": None}}
"""What nobody is shown of a collection by a read of it: who sees an attachment, its article says."""
_HANDED_OVER = frozenset({"leads", "lead_assignments", "activities", "clocks", "visits"})
"""What a rep who stands in for another sees of theirs; never where they were."""
_TEAM_KEY = {"teams": "_id"}
_OWNER_KEY = {"people": "_id", "files": "holder_id", "bindings": "holder_id"}
_ORG_KEY = {"organizations": "_id"}


def scope_filter(collection: str, scope: Scope) -> Document:
    """The filter every read of the collection begins with. Raises KeyError where no reach is declared."""
    reach = REACH[collection]
    query: Document = {_ORG_KEY.get(collection, "org_id"): scope.org_id, **_ELSEWHERE.get(collection, {})}
    if collection in _EDITED_BY and scope.role is not None:
        capability, shown = _EDITED_BY[collection]
        query |= {} if capability in CAPABILITIES[scope.role] else shown
    if scope.is_system or reach is Reach.ORGANIZATION:
        return query
    owner, team = _OWNER_KEY.get(collection, "owner_id"), _TEAM_KEY.get(collection, "team_id")
    if reach is Reach.PERSONAL:
        query[owner] = scope.person_id
    elif reach is Reach.ADMINISTRATION:
        if scope.role is not Role.ADMIN:
            query[owner] = _any_of(())
    elif reach is Reach.CHAIN:
        if scope.role in _LEADS_TEAMS:
            query[team] = _any_of(scope.subtree)
        else:
            query[owner] = scope.person_id
    elif scope.role in SEES_ALL:
        pass
    elif reach is Reach.AUDIENCE:
        # None: what is kept to no team has no such list.
        query["team_ids"] = {"$in": [None, *sorted(scope.audience or ())]}
    elif reach is Reach.OWNED and scope.role is Role.REP:
        stands_in = scope.stands_in_for if collection in _HANDED_OVER else ()
        query[owner] = _any_of({scope.person_id, *stands_in})
    elif reach is Reach.HELD and scope.role is Role.REP:
        query[owner] = _any_of({scope.person_id, scope.team_id, *scope.stands_in_for})
    elif scope.role is Role.REP:
        # An empty list, not None: a rep without a team must not match records without one.
        query[team] = _any_of({scope.team_id})
    else:
        query[team] = _any_of(scope.subtree)
    return query


def is_shown(collection: str, document: Document, scope: Scope) -> bool:
    """Whether a whole document of the collection lies within the scope, for what was read without one."""
    return matches(document, scope_filter(collection, scope))


def matches(document: Mapping[str, Any], allowed: Mapping[str, Any]) -> bool:
    """Whether a fetched document satisfies a scope filter (equalities and `$in` only; of a list, any element)."""
    for path, wanted in allowed.items():
        value = document.get(path)
        if isinstance(wanted, dict):
            if not any(each in wanted["$in"] for each in (value if isinstance(value, list) else [value])):
                return False
        elif value != wanted:
            return False
    return True


def _any_of(values: Collection[str | None]) -> Any:
    """A condition for one of these; for a single one an equality, behind which an index also serves the order."""
    wanted = sorted(each for each in values if each is not None)
    return wanted[0] if len(wanted) == 1 else {"$in": wanted}
