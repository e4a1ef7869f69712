"""The inbox as a stream over a real WebSocket: what is added, the badge on every device, and nobody else's notices."""

from __future__ import annotations

from typing import Any

from domain.ids import LeadId
from domain.notices import NoticeKind
from domain.sessions import EndReason
from resolvers.services import Services
from storage.changes import GAP
from storage.sessions import end_sessions
from storage.store import Store
from tests.api.test_notices import READ, notice_to, tell
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import create_lead
from tests.support.watching import watching
from tests.support.world import World

WATCH = """subscription {
  noticeAdded { notices { id kind title lead { id name } visit { id } } unreadCount mayHaveMissed }
}"""


def shown(event: dict[str, Any]) -> tuple[list[str], int, bool]:
    return [each["id"] for each in event["notices"]], event["unreadCount"], event["mayHaveMissed"]


async def test_first_the_badge_then_each_notice_once(
    api_url: str, world: World, other_world: World, store: Store, clock: StoppedClock
) -> None:
    lead = await create_lead(world.rep, name="Harbour Bakery")
    (before,) = await tell(store, notice_to(world.rep, "before"))
    clock.advance(minutes=1, milliseconds=1)
    async with watching(api_url, world.rep.api, WATCH, "noticeAdded") as watch:
        assert shown(await watch.event()) == ([], 1, False)
        strangers = (world.second_rep, world.manager, world.admin, other_world.rep)
        await tell(store, *(notice_to(each) for each in strangers))
        about: dict[str, Any] = {"kind": NoticeKind.VISIT_MISSED, "lead_id": LeadId(lead["id"]), "now": clock.now}
        (added,) = await tell(store, notice_to(world.rep, "added", **about))
        event = await watch.event()
        assert shown(event) == ([added], 2, False)
        assert event["notices"][0] == {
            "id": added,
            "kind": "VISIT_MISSED",
            "title": "Visit missed",
            "lead": {"id": lead["id"], "name": "Harbour Bakery"},
            "visit": None,
        }
        await world.rep.api.first(READ, key=new_key(), ids=[before])
        assert shown(await watch.event()) == ([], 1, False), "marked on another device"
        await watch.stays_quiet()


async def test_after_a_break_the_client_is_told_to_look_again(api_url: str, world: World, services: Services) -> None:
    async with watching(api_url, world.rep.api, WATCH, "noticeAdded") as watch:
        await watch.event()
        services.changes._publish(GAP)
        assert shown(await watch.event()) == ([], 0, True)


async def test_the_stream_ends_with_the_session(
    api_url: str, world: World, store: Store, services: Services, clock: StoppedClock
) -> None:
    async with watching(api_url, world.rep.api, WATCH, "noticeAdded") as watch:
        await watch.event()
        await end_sessions(store, world.org_id, world.rep.id, EndReason.SIGNED_OUT, clock.now)
        await tell(store, notice_to(world.rep, "too late", now=clock.now))
        assert "next" not in await watch.rest()
        assert watch.socket.close_code == 4401
