"""The inbox through GraphQL over HTTP: reading, marks that stay, acknowledging, receipts; its owner's alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from domain.deliveries import Delivery, DeliveryState, SendResult, after_result, lease
from domain.deliveries import Outcome as Sent
from domain.ids import ClockId, LeadId, VisitId, new_id
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice, step_key
from domain.people import Person
from storage.clocks import list_clocks
from storage.codec import decode, encode
from storage.outbox import DELIVERIES, NOTICES, Outbox
from storage.people import PEOPLE
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.leads import create_lead
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World

FIELDS = """id kind priority title body deepLink lead { id name } visit { id }
  createdAt seenAt readAt acknowledgedAt resolvedAt takenOnAt takenOnBy { id }"""
LIST = f"""query ($first: Int = 10, $after: String, $filter: NoticeFilter) {{
  notices(first: $first, after: $after, filter: $filter) {{
    nodes {{ {FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
UNREAD = "query { unreadCount }"
NODE = "query ($id: ID!) { node(id: $id) { id ... on Notice { title } } }"
MARKED = "{ __typename ... on MarkedNotices { ids } ... on Refusal { code } ... on InvalidInput { field } }"
SEEN = f"mutation ($key: String!, $ids: [ID!]!) {{ markSeen(clientKey: $key, ids: $ids) {MARKED} }}"
READ = f"mutation ($key: String!, $ids: [ID!]!) {{ markRead(clientKey: $key, ids: $ids) {MARKED} }}"
ACKNOWLEDGE = f"""mutation ($key: String!, $id: ID!) {{
  acknowledgeNotice(clientKey: $key, id: $id) {{ __typename ... on Notice {{ {FIELDS} }} ... on Refusal {{ code }} }}
}}"""
RECEIVED = """mutation ($key: String!, $keys: [ID!]!) {
  received(clientKey: $key, deliveryKeys: $keys) {
    __typename ... on ReceivedMessages { keys } ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
OPENED = """mutation ($key: String!, $keys: [ID!]!) {
  opened(clientKey: $key, deliveryKeys: $keys) {
    __typename ... on OpenedMessages { keys } ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
OUTBOX = Outbox(("console",))


def notice_to(member: Member, subject: str = "1", kind: NoticeKind = NoticeKind.LEAD_ASSIGNED, **more: Any) -> Notice:
    return make_notice(
        member.person.org_id,
        member.id,
        kind,
        more.pop("priority", Priority.HIGH),
        event_key(kind, subject),
        more.pop("now", START),
        **more,
    )


async def tell(store: Store, *notices: Notice) -> list[str]:
    """Writes the notices with a console delivery each, as resolvers do."""
    await store.transaction(lambda inside: OUTBOX.write(inside, notices, START))
    return [notice.id for notice in notices]


async def deliveries(store: Store, notice_id: str) -> list[Delivery]:
    return [decode(Delivery, each) for each in await store[DELIVERIES].find({"notice_id": notice_id}, limit=10)]


async def ids(member: Member, **given: Any) -> list[str]:
    return [node["id"] for node in (await member.api.first(LIST, **given))["nodes"]]


async def test_the_inbox_is_newest_first_and_filtered(world: World, store: Store) -> None:
    notices = [notice_to(world.rep, str(n), now=START + timedelta(minutes=n)) for n in range(5)]
    notices.append(notice_to(world.rep, kind=NoticeKind.VISIT_MISSED, now=START + timedelta(minutes=9)))
    written = list(reversed(await tell(store, *notices)))
    assert await ids(world.rep) == written
    seen: list[str] = []
    after = None
    while True:
        page = await world.rep.api.first(LIST, first=2, after=after)
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == written
    assert await world.rep.api.first(UNREAD) == 6
    marked = await world.rep.api.first(READ, key=new_key(), ids=written[:2])
    assert marked == {"__typename": "MarkedNotices", "ids": written[:2]}
    assert await world.rep.api.first(UNREAD) == 4
    assert await ids(world.rep, filter={"unread": True}) == written[2:]
    assert await ids(world.rep, filter={"unread": False}) == written[:2]
    assert await ids(world.rep, filter={"kind": "VISIT_MISSED"}) == written[:1]
    assert await ids(world.rep, filter={"kind": "VISIT_MISSED", "unread": True}) == []


@pytest.mark.parametrize(
    ("locale", "title", "body"),
    [
        ("en", "Overdue: first contact", "The first contact of a lead is overdue. Please act now."),
        ("zh-CN", "首次联系已超时", "一条线索的首次联系已超过时限，请立即处理。"),
    ],
)
async def test_a_notice_speaks_its_readers_language(
    world: World, store: Store, locale: str, title: str, body: str
) -> None:
    person = replace(world.rep.person, locale=locale)
    await store[PEOPLE].replace_one({"_id": person.id}, encode(person))
    assert decode(Person, await store[PEOPLE].find_one({"_id": person.id}) or {}).locale == locale
    lead_id = (await create_lead(world.rep, name="Harbour Bakery"))["id"]
    breach = notice_to(
        world.rep, kind=NoticeKind.SLA_BREACHED, lead_id=LeadId(lead_id), facts={"metric": "LEAD_FIRST_CONTACT"}
    )
    await tell(store, breach)
    (node,) = (await world.rep.api.first(LIST, filter={"kind": "SLA_BREACHED"}))["nodes"]
    assert (node["title"], node["body"]) == (title, body)
    assert (node["kind"], node["priority"]) == ("SLA_BREACHED", "HIGH")
    assert node["lead"] == {"id": lead_id, "name": "Harbour Bakery"}
    assert (node["visit"], node["deepLink"]) == (None, f"fieldbeat://leads/{lead_id}")


async def test_what_a_notice_is_about_is_seen_under_the_readers_scope(world: World, store: Store) -> None:
    lead_id = (await create_lead(world.south_rep))["id"]
    gone = VisitId(new_id("vis", START))
    await tell(store, notice_to(world.rep, lead_id=LeadId(lead_id), visit_id=gone))
    (node,) = (await world.rep.api.first(LIST))["nodes"]
    assert (node["lead"], node["visit"]) == (None, None)


async def test_reads_of_the_inbox_do_not_grow_with_its_rows(
    world: World, store: Store, reads_counter: ReadsCounter
) -> None:
    counts = []
    for rows in (1, 20):
        for number in range(rows):
            lead_id = LeadId((await create_lead(world.rep))["id"])
            await tell(store, notice_to(world.rep, f"{rows}/{number}", lead_id=lead_id, kind=NoticeKind.VISIT_MISSED))
        reads_counter.take()
        assert len(await ids(world.rep, first=30, filter={"kind": "VISIT_MISSED"})) >= rows
        counts.append(len(reads_counter.take()))
    assert counts[0] == counts[1]


async def test_marks_are_set_once_and_read_means_seen(world: World, store: Store, clock: StoppedClock) -> None:
    (notice_id,) = await tell(store, notice_to(world.rep))
    clock.advance(minutes=1)
    await world.rep.api.first(SEEN, key=new_key(), ids=[notice_id])
    clock.advance(minutes=1)
    await world.rep.api.first(READ, key=new_key(), ids=[notice_id])
    clock.advance(minutes=1)
    for mutation in (SEEN, READ):
        await world.rep.api.first(mutation, key=new_key(), ids=[notice_id])
    (node,) = (await world.rep.api.first(LIST))["nodes"]
    assert (node["seenAt"], node["readAt"]) == ("2026-11-23T01:01:00.000Z", "2026-11-23T01:02:00.000Z")
    assert node["acknowledgedAt"] is None
    (unseen,) = await tell(store, notice_to(world.rep, "2", now=START + timedelta(hours=1)))
    await world.rep.api.first(READ, key=new_key(), ids=[unseen])
    node = (await world.rep.api.first(LIST))["nodes"][0]
    assert node["seenAt"] == node["readAt"] == node["createdAt"], "a clock that steps back never precedes the creation"


@pytest.mark.parametrize(("mutation", "argument"), [(SEEN, "ids"), (READ, "ids"), (RECEIVED, "keys"), (OPENED, "keys")])
async def test_batches_hold_1_to_100_entries(world: World, mutation: str, argument: str) -> None:
    for entries in ([], [new_id("ntc", START) for _ in range(101)]):
        refused = await world.rep.api.first(mutation, key=new_key(), **{argument: entries})
        assert (refused["code"], refused["field"]) == ("BAD_INPUT", "ids" if argument == "ids" else "deliveryKeys")


async def test_a_whole_batch_is_marked_with_unknown_ids_left_out(world: World, store: Store) -> None:
    written = await tell(store, *(notice_to(world.rep, str(number)) for number in range(99)))
    foreign = await tell(store, notice_to(world.second_rep))
    marked = await world.rep.api.first(READ, key=new_key(), ids=[*written, *foreign])
    assert marked["ids"] == written
    assert await world.rep.api.first(UNREAD) == 0
    assert await world.second_rep.api.first(UNREAD) == 1


async def test_the_unread_count_stops_at_a_hundred(world: World, store: Store) -> None:
    await store[NOTICES].insert_many([encode(notice_to(world.rep, str(number))) for number in range(130)])
    assert await world.rep.api.first(UNREAD) == 100


async def test_acknowledging_cancels_what_is_not_sent_yet(world: World, store: Store, clock: StoppedClock) -> None:
    (notice_id,) = await tell(store, notice_to(world.rep, kind=NoticeKind.SLA_BREACHED))
    (other_id,) = await tell(store, notice_to(world.manager, "2", kind=NoticeKind.SLA_BREACHED))
    clock.advance(minutes=5)
    first = await world.rep.api.first(ACKNOWLEDGE, key=new_key(), id=notice_id)
    at = "2026-11-23T01:05:00.000Z"
    assert (first["acknowledgedAt"], first["readAt"], first["seenAt"]) == (at, at, at)
    (row,) = await deliveries(store, notice_id)
    assert (row.state, row.fence, row.last_error) == (DeliveryState.CANCELLED, 1, "acknowledged")
    assert [each.state for each in await deliveries(store, other_id)] == [DeliveryState.PENDING]
    clock.advance(minutes=5)
    again = await world.rep.api.first(ACKNOWLEDGE, key=new_key(), id=notice_id)
    assert again == first, "the first time wins, whatever the key"


async def test_acknowledging_cancels_the_chain_for_everybody_who_was_told(
    world: World, store: Store, clock: StoppedClock
) -> None:
    lead_id = LeadId((await create_lead(world.rep, ownerId=world.rep.id))["id"])
    (record,) = await list_clocks(store, lead_id)

    def step(member: Member, percent: int, cycle: int = 1, kind: NoticeKind = NoticeKind.SLA_BREACHED) -> Notice:
        key = step_key(record.id, cycle, percent)
        about: dict[str, Any] = {"clock_id": record.id, "cycle": cycle, "step": percent, "lead_id": lead_id}
        return make_notice(world.org_id, member.id, kind, Priority.HIGH, key, START, **about)

    mine, superior = step(world.rep, 100), step(world.manager, 100)
    above = step(world.director, 150, kind=NoticeKind.SLA_ESCALATED)
    later = step(world.manager, 75, cycle=2)
    withdrawn = replace(step(world.director, 100, kind=NoticeKind.SLA_WITHDRAWN), step=None)
    await tell(store, mine, superior, above, later, withdrawn)
    clock.advance(minutes=5)
    await world.rep.api.first(ACKNOWLEDGE, key=new_key(), id=mine.id)
    at = "2026-11-23T01:05:00.000Z"
    for notice in (mine, superior, above):
        (row,) = await deliveries(store, notice.id)
        assert (row.state, row.last_error) == (DeliveryState.CANCELLED, "acknowledged")
    for notice in (later, withdrawn):
        assert [each.state for each in await deliveries(store, notice.id)] == [DeliveryState.PENDING]
    taken = next(each for each in (await world.manager.api.first(LIST))["nodes"] if each["id"] == superior.id)
    assert (taken["takenOnAt"], taken["takenOnBy"]) == (at, {"id": world.rep.id})
    assert (taken["acknowledgedAt"], taken["readAt"]) == (None, None), "taken on by another is neither"
    clock.advance(minutes=5)
    late = await world.manager.api.first(ACKNOWLEDGE, key=new_key(), id=superior.id)
    assert (late["acknowledgedAt"], late["takenOnBy"]) == ("2026-11-23T01:10:00.000Z", {"id": world.rep.id})
    own = next(each for each in (await world.rep.api.first(LIST))["nodes"] if each["id"] == mine.id)
    assert (own["acknowledgedAt"], own["takenOnAt"], own["takenOnBy"]) == (at, None, None), "the first counts"


async def test_two_people_who_acknowledge_at_once_agree_who_was_first(world: World, store: Store) -> None:
    mine, others = notice_to(world.rep, kind=NoticeKind.CARE_TASK), notice_to(world.manager, kind=NoticeKind.CARE_TASK)
    assert mine.dedupe_key == others.dedupe_key
    await tell(store, mine, others)
    calls = [(world.rep, mine), (world.manager, others)]
    await asyncio.gather(*(who.api.first(ACKNOWLEDGE, key=new_key(), id=each.id) for who, each in calls))
    after = [(await who.api.first(LIST, filter={"kind": "CARE_TASK"}))["nodes"][0] for who, _ in calls]
    assert [bool(each["acknowledgedAt"]) for each in after] == [True, True]
    assert [bool(each["takenOnAt"]) for each in after].count(True) == 1


async def test_acknowledging_at_once_from_two_phones(world: World, store: Store) -> None:
    (notice_id,) = await tell(store, notice_to(world.rep))
    calls = (world.rep.api.first(ACKNOWLEDGE, key=new_key(), id=notice_id) for _ in range(4))
    answers = await asyncio.gather(*calls)
    assert {answer["__typename"] for answer in answers} == {"Notice"}
    (row,) = await deliveries(store, notice_id)
    assert (row.state, row.fence) == (DeliveryState.CANCELLED, 1)


@pytest.mark.parametrize(("cycle", "silent"), [(1, True), (2, False)])
async def test_acknowledging_silences_the_clock_of_that_cycle(
    world: World, store: Store, cycle: int, silent: bool
) -> None:
    lead_id = LeadId((await create_lead(world.rep, ownerId=world.rep.id))["id"])
    (record,) = await list_clocks(store, lead_id)
    breach = notice_to(
        world.rep, kind=NoticeKind.SLA_REMINDER, clock_id=ClockId(record.id), cycle=cycle, step=75, lead_id=lead_id
    )
    await tell(store, breach)
    await world.rep.api.first(ACKNOWLEDGE, key=new_key(), id=breach.id)
    (record,) = await list_clocks(store, lead_id)
    assert record.clock.current is not None
    assert record.clock.current.acknowledged is silent
    assert (record.clock.current.unsent == ()) is silent


async def test_received_messages_are_not_sent_again(world: World, store: Store, clock: StoppedClock) -> None:
    written = await tell(store, *(notice_to(world.rep, str(number)) for number in range(3)))
    rows = [(await deliveries(store, each))[0] for each in written]
    foreign = (await deliveries(store, (await tell(store, notice_to(world.manager)))[0]))[0]
    held = [lease(row, "worker", START) for row in rows[:2]]
    sent = after_result(held[0], SendResult(Sent.ACCEPTED), START, 1.0)
    unanswered = after_result(held[1], SendResult(Sent.AMBIGUOUS), START, 1.0)
    for row in (sent, unanswered):
        await store[DELIVERIES].replace_one({"_id": row.id}, encode(row))
    clock.advance(seconds=5)
    key = new_key()
    keys = [row.id for row in rows] + [foreign.id, "dlv_unknown", rows[0].id]
    answers = [await world.rep.api.first(RECEIVED, key=key, keys=keys) for _ in range(2)]
    assert answers[0] == answers[1] == {"__typename": "ReceivedMessages", "keys": [row.id for row in rows]}
    states = [(await deliveries(store, each))[0].state for each in written]
    assert states == [DeliveryState.RECEIVED, DeliveryState.RECEIVED, DeliveryState.PENDING]
    assert (await deliveries(store, written[0]))[0].received_at == START + timedelta(seconds=5)
    assert (await deliveries(store, foreign.notice_id))[0].state is DeliveryState.PENDING


async def test_arrivals_and_duplicates_are_counted(world: World, store: Store, clock: StoppedClock) -> None:
    breach = notice_to(world.rep, kind=NoticeKind.SLA_BREACHED)
    row = (await deliveries(store, (await tell(store, breach))[0]))[0]
    waits = (await deliveries(store, (await tell(store, notice_to(world.rep, "waits")))[0]))[0]
    sent = after_result(lease(row, "worker", START), SendResult(Sent.ACCEPTED), START, 1.0)
    await store[DELIVERIES].replace_one({"_id": row.id}, encode(sent))

    def counted() -> list[float]:
        names = ("deliveries_received_total", "deliveries_received_again_total", "breach_to_received_seconds_sum")
        return [REGISTRY.get_sample_value(f"fieldbeat_{each}", {"channel": "console"}) or 0.0 for each in names]

    before, key = counted(), new_key()
    clock.advance(seconds=5)
    await world.rep.api.first(RECEIVED, key=key, keys=[row.id, waits.id])
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 0, 5]
    clock.advance(seconds=5)
    await world.rep.api.first(RECEIVED, key=key, keys=[row.id, waits.id])
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 0, 5], "a lost answer"
    await world.rep.api.first(RECEIVED, key=new_key(), keys=[row.id])
    assert [after - was for after, was in zip(counted(), before, strict=True)] == [1, 1, 5], "it arrived twice"


async def test_opened_messages_are_read_and_were_received(world: World, store: Store, clock: StoppedClock) -> None:
    written = await tell(store, *(notice_to(world.rep, str(number)) for number in range(2)))
    rows = [(await deliveries(store, each))[0] for each in written]
    foreign = (await deliveries(store, (await tell(store, notice_to(world.manager)))[0]))[0]
    sent = after_result(lease(rows[0], "worker", START), SendResult(Sent.ACCEPTED), START, 1.0)
    await store[DELIVERIES].replace_one({"_id": sent.id}, encode(sent))
    clock.advance(seconds=5)
    key = new_key()
    answers = [await world.rep.api.first(OPENED, key=key, keys=[sent.id, foreign.id]) for _ in range(2)]
    assert answers == [{"__typename": "OpenedMessages", "keys": [sent.id]}] * 2
    (row,) = await deliveries(store, written[0])
    assert (row.state, row.received_at, row.opened_at) == (DeliveryState.OPENED, clock.now, clock.now)
    nodes = {each["id"]: each for each in (await world.rep.api.first(LIST))["nodes"]}
    assert nodes[written[0]]["readAt"] == "2026-11-23T01:00:05.000Z"
    assert nodes[written[0]]["acknowledgedAt"] is None
    assert nodes[written[1]]["readAt"] is None
    (other,) = (await world.manager.api.first(LIST))["nodes"]
    assert other["readAt"] is None


async def test_repeated_keys_answer_the_same(world: World, store: Store, clock: StoppedClock) -> None:
    first_id, other_id = await tell(store, notice_to(world.rep), notice_to(world.rep, "2"))
    for mutation in (SEEN, READ):
        key = new_key()
        answers = [await world.rep.api.first(mutation, key=key, ids=[first_id]) for _ in range(2)]
        assert answers[0] == answers[1]
        assert (await world.rep.api.first(mutation, key=key, ids=[other_id]))["code"] == "KEY_REUSED"
    key = new_key()
    first = await world.rep.api.first(ACKNOWLEDGE, key=key, id=first_id)
    clock.advance(minutes=1)
    assert await world.rep.api.first(ACKNOWLEDGE, key=key, id=first_id) == first


async def test_an_inbox_is_its_owners_alone(
    world: World, other_world: World, store: Store, anonymous: ApiClient
) -> None:
    (notice_id,) = await tell(store, notice_to(world.rep))
    (row,) = await deliveries(store, notice_id)
    strangers = (world.second_rep, world.manager, world.director, world.admin, world.support, other_world.rep)
    for member in strangers:
        assert await ids(member) == []
        assert await member.api.first(UNREAD) == 0
        assert await member.api.first(NODE, id=notice_id) is None
        for mutation in (SEEN, READ):
            assert (await member.api.first(mutation, key=new_key(), ids=[notice_id]))["ids"] == []
        assert (await member.api.first(ACKNOWLEDGE, key=new_key(), id=notice_id))["code"] == "NOT_FOUND"
        for arrived in (RECEIVED, OPENED):
            assert (await member.api.first(arrived, key=new_key(), keys=[row.id]))["keys"] == []
    (node,) = (await world.rep.api.first(LIST))["nodes"]
    assert (node["seenAt"], node["readAt"], node["acknowledgedAt"]) == (None, None, None)
    assert (await world.rep.api.first(NODE, id=notice_id))["id"] == notice_id
    assert await deliveries(store, notice_id) == [row]
    for query in (LIST, UNREAD, NODE):
        assert await anonymous.code(query, id=notice_id) == "UNAUTHENTICATED"
    for mutation in (SEEN, READ, ACKNOWLEDGE, RECEIVED, OPENED):
        code = await anonymous.code(mutation, key=new_key(), id=notice_id, ids=[notice_id], keys=[row.id])
        assert code == "UNAUTHENTICATED"
