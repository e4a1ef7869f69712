"""The Node interface and the table that finds any record by its id; a noun joins with one line."""

import strawberry

from domain.ids import is_id
from resolvers.context import Context
from schema.fields import stored
from storage.driver import Document

NODES = {
    "org": ("organizations", "Organization"),
    "tea": ("teams", "Team"),
    "per": ("people", "Person"),
    "hov": ("hand_overs", "HandOver"),
    "shf": ("shifts", "Shift"),
    "acc": ("accounts", "Account"),
    "con": ("contacts", "Contact"),
    "sit": ("sites", "Site"),
    "rlc": ("site_relocations", "SiteRelocation"),
    "vis": ("visits", "Visit"),
    "chk": ("check_ins", "CheckIn"),
    "led": ("leads", "Lead"),
    "act": ("activities", "Activity"),
    "fil": ("files", "File"),
    "nrm": ("norm_entries", "NormEntry"),
    "dre": ("daily_reports", "DailyReport"),
    "gby": ("gate_bypasses", "GateBypass"),
    "pln": ("route_plans", "RoutePlan"),
    "btp": ("beat_plans", "BeatPlan"),
    "prn": ("planning_runs", "PlanningRun"),
    "tdy": ("team_days", "TeamDay"),
    "clk": ("clocks", "SlaClock"),
    "art": ("articles", "Article"),
    "qst": ("questions", "Question"),
    "qtp": ("question_topics", "QuestionTopic"),
    "dev": ("devices", "Device"),
    "bnd": ("bindings", "ChannelBinding"),
    "ntc": ("notices", "Notice"),
}
"""Id prefix -> collection and GraphQL type."""


@strawberry.interface(description="Anything with an id that `node(id)` finds.")
class Node:
    id: strawberry.ID = stored("_id", "Opaque; the same string everywhere. May be made on the device before creating.")


async def find_node(context: Context, node_id: str) -> Document | None:
    """The record, marked with its type name, or None where it does not exist or lies outside the scope."""
    prefix = node_id.partition("_")[0]
    if prefix not in NODES or not is_id(prefix, node_id):
        return None
    collection, typename = NODES[prefix]
    found = await context.reads.find(collection, node_id)
    return None if found is None else {**found, "__typename": typename}
