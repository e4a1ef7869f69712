"""What a check-in asks of the database, and that asking less still finds what came before."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_work import CHECK_IN, check_in, check_out, make_site, make_visit, tap
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

WITH_VISIT = """mutation ($key: String!, $input: CheckInInput!) { checkIn(clientKey: $key, input: $input) {
  __typename ... on CheckIn { id verdict visit { id state version } } ... on Refusal { code } } }"""


async def test_a_first_check_in_reads_site_visit_and_shift_once(world: World, reads_counter: ReadsCounter) -> None:
    site_id = await make_site(world.rep)
    visit_id = await make_visit(world.rep, site_id, START)
    await world.rep.api.first("{ me { id } }")
    reads_counter.take()
    given = tap(site_id, START, id=new_id("chk", START), visitId=visit_id)
    answer = await world.rep.api.first(WITH_VISIT, key=new_key(), input=given)
    assert answer["visit"] == {"id": visit_id, "state": "OPEN", "version": 2}
    read = Counter(each.split(":")[1] for each in reads_counter.take())
    # The visit twice: the planned one, and whether another is open; the receipt not at all. The caller is asked for
    # here, since no change stream runs that would let the process know them. Beside the evidence lie the rep's other
    # check-ins, the latest and those at the same spot, and the last point of the track.
    asked = {each: read[each] for each in read.keys() - {"people", "sessions"}}
    assert asked == {"teams": 2, "sites": 1, "visits": 2, "shifts": 1, "check_ins": 2, "positions": 1}


async def test_an_id_told_before_is_found_whatever_else_is_wrong_with_the_call(world: World) -> None:
    site_id, other_site = await make_site(world.rep), await make_site(world.rep)
    given = tap(site_id, START, id=new_id("chk", START))
    first = await world.rep.api.first(CHECK_IN, key=new_key(), input=given)
    assert first["__typename"] == "CheckIn"
    for changed in ({"siteId": other_site}, {"siteId": new_id("sit", START)}):
        answer = await world.rep.api.first(CHECK_IN, key=new_key(), input=given | changed)
        assert answer["code"] == "ID_TAKEN", changed
    unknown_lead = given | {"leadId": new_id("led", START)}
    for same in (given, unknown_lead):
        assert await world.rep.api.first(CHECK_IN, key=new_key(), input=same) == first


async def test_a_repeated_call_is_answered_as_before_although_it_would_be_refused_now(
    world: World, services: Services, clock: StoppedClock
) -> None:
    site_id, key = await make_site(world.rep), new_key()
    given = tap(site_id, START, id=new_id("chk", START))
    first = await world.rep.api.first(WITH_VISIT, key=key, input=given)
    clock.now += timedelta(minutes=30)
    await check_out(world.rep, first["visit"]["id"], clock.now)
    elsewhere = await make_site(world.rep)
    assert (await check_in(world.rep, elsewhere, clock.now))["__typename"] == "CheckIn"
    visits = {"org_id": world.org_id}
    before = await services.store["visits"].find(visits, limit=20, order=[("_id", 1)])
    again = await world.rep.api.first(WITH_VISIT, key=key, input=given)
    # The visit is answered as it is now; nothing was written.
    assert (again["id"], again["verdict"]) == (first["id"], first["verdict"])
    assert await services.store["visits"].find(visits, limit=20, order=[("_id", 1)]) == before
