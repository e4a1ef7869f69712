"""Weeks of leads, contacts, conversions and closings through the API, for tests that count them again."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import MOVE, create_lead, log_activity
from tests.support.world import Member, World

CONVERT = "mutation ($key: String!, $id: ID!) { convertLead(clientKey: $key, id: $id) { __typename } }"


async def a_history(world: World, clock: StoppedClock, random: Random) -> None:
    """Forty days of leads of all tiers, contacts, late contacts, hand-overs, closings, conversions."""
    open_leads: list[tuple[Member, str]] = []
    for _ in range(70):
        clock.advance(hours=random.choice((1, 5, 11, 26)), minutes=random.randrange(60), seconds=random.randrange(60))
        who = random.choice((world.rep, world.second_rep, world.south_rep))
        choice = random.random()
        if choice < 0.35 or not open_leads:
            tier = random.choice("ABC")
            at = (clock.now - timedelta(hours=random.randrange(50))).isoformat()
            lead = await create_lead(who, tier=tier, occurredAt=at)
            open_leads.append((who, lead["id"]))
            continue
        owner, lead_id = random.choice(open_leads)
        if choice < 0.85:
            given = {"kind": random.choice(("CALL", "EMAIL", "MEETING", "NOTE"))}
            given["direction"] = random.choice(("OUTBOUND", "OUTBOUND", "INBOUND"))
            late = timedelta(minutes=random.choice((0, 0, 30, 200)))
            given["occurredAt"] = (clock.now - late).isoformat()
            await log_activity(owner, lead_id, automatic=random.random() < 0.2, **given)
        elif choice < 0.93:
            await owner.api.first(CONVERT, key=new_key(), id=lead_id)
        else:
            await owner.api.first(MOVE, key=new_key(), id=lead_id, stage=random.choice(("WON", "LOST")))
            open_leads.remove((owner, lead_id))
