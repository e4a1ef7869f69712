"""Alert rules of organizations, every version of them, and the alerts that fired."""

from __future__ import annotations

from domain.alerts import Alert, AlertRules
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

RULES = "alert_rules"
VERSIONS = "alert_rule_versions"
COLLECTION = "alerts"
RULE_INDEXES = [IndexModel([("org_id", 1), ("version", -1)], name="by_version")]
"""Rules are found by `_id`; this is for whoever looks at the history."""
INDEXES = [
    IndexModel([("org_id", 1), ("team_id", 1), ("fired_at", -1), ("_id", -1)], name="by_team_time"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("fired_at", -1), ("_id", -1)], name="by_owner_time"),
    IndexModel([("org_id", 1), ("fired_at", -1), ("_id", -1)], name="by_time"),
]


async def find_alert_rules(store: Store, org_id: OrgId) -> AlertRules:
    """The current rules; those every organization begins with until it saves its own."""
    found = await store[RULES].find_one({"_id": org_id})
    return AlertRules(org_id, org_id) if found is None else decode(AlertRules, found)


async def save_alert_rules(store: Store, rules: AlertRules) -> Document | None:
    """Saves version n over version n - 1 and keeps a copy; None where another write came first.

    Raises DuplicateKeyError where two save the first one.
    """
    document = encode(rules)
    if rules.version == 1:
        await store[RULES].insert_one(document)
    elif not await store[RULES].replace_one({"_id": rules.id, "version": rules.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{rules.org_id}:{rules.version}"})
    return document


async def has_alert(store: Store, alert_id: str) -> bool:
    """Whether it has fired."""
    return await store[COLLECTION].find_one({"_id": alert_id}, {"_id": 1}) is not None


async def insert_alert(store: Store, alert: Alert) -> None:
    """Raises DuplicateKeyError where it has fired."""
    await store[COLLECTION].insert_one(encode(alert))
