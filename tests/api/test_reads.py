"""The number of reads of every query follows from its document, never from how much there is; compiled or not."""

from __future__ import annotations

from collections import Counter
from itertools import product

from storage.store import Store
from tests.support.client import ApiClient
from tests.support.copies import add_copies
from tests.support.reads_counter import ReadsCounter
from tests.support.records import make_records
from tests.support.schema_calls import call, root_fields
from tests.support.world import World

QUERIES = [each for each in root_fields() if each.kind == "query"]
PLURAL = {
    *("accounts", "contacts", "leads", "mySitesNear", "notices", "people", "routePlans", "sites", "sitesNear", "teams"),
    "visits",
}
"""Queries whose answers must have grown, or the test shows nothing."""
FOR_ADMINISTRATORS = {
    *("calendars", "calendar", "calendarVersions", "previewHolidays"),
    *("auditTrail", "deadLetters", "deadLetterCounts", "dryRunAlerts"),
    *("slaPolicies", "slaPolicy", "slaPolicyVersions", "previewSlaChange", "slaSweeps"),
}


async def test_reads_follow_from_the_document(
    world: World, store: Store, reads_counter: ReadsCounter, compiling: ApiClient, interpreting: ApiClient
) -> None:
    ids = await make_records(world, store)

    async def asked() -> dict[tuple[str, str], tuple[Counter[str], int]]:
        """By query and caller: how often each collection was read, and the length of the answer."""
        found = {}
        for query, (who, member) in product(QUERIES, (("rep", world.rep), ("manager", world.manager))):
            given = query.variables(ids) | ({"first": 10} if "first" in query.arguments else {})
            ways = []
            for client in (compiling, interpreting):
                reads_counter.take()
                answer = await call(client.as_(str(member.api.token)), query, given)
                refused = who == "rep" or query.name in FOR_ADMINISTRATORS
                assert answer.error in ({None, "FORBIDDEN"} if refused else {None}), (query.name, answer)
                ways.append(Counter(read.split(":")[1] for read in reads_counter.take()))
            assert ways[0] == ways[1], query.name
            found[query.name, who] = (ways[0], len(str(answer.body)))
        return found

    few = await asked()
    await add_copies(store, world.org_id, 5)
    many = await asked()
    assert {which: reads for which, (reads, _) in many.items()} == {which: reads for which, (reads, _) in few.items()}
    assert {name for name, who in few if many[name, who][1] > few[name, who][1]} >= PLURAL
