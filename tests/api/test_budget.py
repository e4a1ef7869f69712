"""Budgets a minute: who pays what, what is left is told, and several processes share one budget."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as connect_socket

from api.app import EdgeSettings, create_app
from api.budget import Bill, Budgets, Rates, network_of
from api.limits import Limits
from domain.errors import RateLimited
from resolvers.services import Services
from storage.budgets import add_spent
from storage.driver import connect
from storage.indexes import create_indexes
from storage.store import Store
from tests.support.api_server import running
from tests.support.world import World
from tests.support.ws_talk import ACK, INIT, PROTOCOL

ME = "{ me { id name } }"
RATES = Rates(user_cost=60, org_cost=150, anonymous=8)


@dataclass
class Wall:
    """A clock in seconds since the epoch that stands until it is moved."""

    now: float = 1_700_000_000.0 // 60 * 60 + 10

    def __call__(self) -> float:
        return self.now


def budgets(store: Store, rates: Rates, wall: Wall, **options: Any) -> Budgets:
    """The budgets of one process, where the actor is the pair of those who pay."""
    return Budgets(rates, partial(add_spent, store), lambda actor: actor, now_s=wall, **options)


async def spend(process: Budgets, actor: Any, cost: int, address: str = "192.0.2.1") -> bool:
    try:
        await process.charge(Bill(address), actor, cost)
    except RateLimited:
        return False
    return True


@pytest.fixture
async def shared(mongo_uri: str) -> AsyncIterator[Store]:
    store = Store(connect(mongo_uri, "budget_tests"))
    await create_indexes(store)
    yield store
    await store.database.drop()
    await store.database.close()


async def test_a_budget_lasts_for_its_minute(shared: Store) -> None:
    wall = Wall()
    process = budgets(shared, Rates(user_cost=100), wall)
    ann, bob = ("per_ann", "org_1"), ("per_bob", "org_1")
    assert [await spend(process, ann, 40) for _ in range(3)] == [True, True, False]
    assert await spend(process, ann, 20)
    assert not await spend(process, ann, 1)
    assert await spend(process, bob, 1)
    with pytest.raises(RateLimited) as refused:
        await process.charge(Bill(""), ann, 1)
    assert refused.value.facts["retryAfterSeconds"] == 60 - wall.now % 60
    wall.now += 60
    assert await spend(process, ann, 100)
    wall.now -= 3_600  # the computer's clock was put right
    assert await spend(process, ann, 100)


async def test_an_operation_larger_than_the_budget_runs_once_a_minute(shared: Store) -> None:
    process = budgets(shared, Rates(user_cost=100), Wall())
    assert [await spend(process, ("per_big", "org_1"), 500) for _ in range(2)] == [True, False]


async def test_an_organization_pays_for_all_of_its_people(shared: Store) -> None:
    process = budgets(shared, Rates(user_cost=100, org_cost=150), Wall())
    spent = [await spend(process, (f"per_{number}", "org_all"), 60) for number in range(4)]
    assert spent == [True, True, False, False]
    assert await spend(process, ("per_other", "org_other"), 60)


async def test_processes_share_a_budget_but_for_a_slice_each(shared: Store) -> None:
    wall, limit, cost = Wall(), 2_000, 7
    processes = [budgets(shared, Rates(user_cost=limit), wall, patience_s=5) for _ in range(4)]

    async def exhaust(process: Budgets) -> int:
        count = 0
        while await spend(process, ("per_shared", "org_1"), cost):
            count += 1
            await asyncio.sleep(0)
        return count

    counts = await asyncio.gather(*(exhaust(process) for process in processes))
    assert limit - cost < sum(counts) * cost <= limit + len(processes) * (limit // 20 + cost)


async def test_who_spends_little_causes_no_database_work(shared: Store) -> None:
    reports = []

    async def report(payer: str, minute: int, units: int) -> int:
        reports.append(units)
        return await add_spent(shared, payer, minute, units)

    process = Budgets(Rates(600_000, 60_000_000, 1_200), report, lambda actor: actor)
    for _ in range(20):
        assert await spend(process, ("per_phone", "org_1"), 700)
    await asyncio.sleep(0.05)
    assert reports == []


async def test_a_database_that_does_not_answer_delays_nobody_for_long() -> None:
    waits = []

    async def silent(payer: str, minute: int, units: int) -> int:
        waits.append(units)
        await asyncio.sleep(3_600)
        return units

    process = Budgets(Rates(user_cost=1_000), silent, lambda actor: actor, patience_s=0.05)
    started = time.monotonic()
    spent = [await spend(process, ("per_ann", "org_1"), 20) for _ in range(60)]
    assert spent == [True] * 50 + [False] * 10  # each process limits alone
    assert time.monotonic() - started < 2
    assert len(waits) == 1


async def test_a_database_that_is_gone_is_left_alone_for_a_while(unused_tcp_port: int) -> None:
    gone = Store(connect(f"mongodb://127.0.0.1:{unused_tcp_port}/?serverSelectionTimeoutMS=100", "gone"))
    wall = Wall()
    process = budgets(gone, Rates(user_cost=1_000), wall, patience_s=0.05)
    assert [await spend(process, ("per_ann", "org_1"), 20) for _ in range(51)] == [True] * 50 + [False]
    await gone.database.close()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("a socket", "a socket"),
        ("", "unknown"),
    ],
)
def test_addresses_of_one_customer_share_a_budget(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.fixture
async def limited(services: Services, world: World) -> AsyncIterator[str]:
    """A server with small budgets."""
    app = create_app(services, EdgeSettings(Limits(), rates=RATES, wall=Wall()))
    async with running(app, forwarded_allow_ips=["127.0.0.1"]) as url:
        yield url


def as_(token: str | None, address: str = "198.51.100.1") -> dict[str, str]:
    return {"x-forwarded-for": address} | ({"authorization": f"Bearer {token}"} if token else {})


async def test_every_answer_tells_cost_and_what_is_left(limited: str, world: World) -> None:
    async with httpx.AsyncClient(base_url=limited) as http:
        answer = await http.post("/graphql", json={"query": ME}, headers=as_(world.rep.api.token))
        assert answer.json()["data"]["me"]["id"] == world.rep.id
        assert answer.headers["x-request-cost"] == "3"
        policy = '"user";q=60;w=60;qu="cost", "organization";q=150;w=60;qu="cost"'
        assert answer.headers["ratelimit-policy"] == policy
        assert answer.headers["ratelimit"] == '"user";r=57;t=50, "organization";r=147;t=50'
        for request in (
            http.build_request("GET", "/graphql", params={"query": "{ __typename }"}, headers=as_(None)),
            http.build_request("POST", "/graphql", content=b"{", headers=as_(None)),
            http.build_request("POST", "/graphql", json={"query": "{"}, headers=as_(None)),
            http.build_request("DELETE", "/graphql", headers=as_(None)),
        ):
            answer = await http.send(request)
            assert answer.headers["ratelimit-policy"] == '"address";q=8;w=60'
            assert re.fullmatch(r'"address";r=\d;t=50', answer.headers["ratelimit"])
            assert answer.headers["x-request-cost"] in {"0", "1"}


async def test_a_spent_budget_is_refused_over_http_and_websocket(limited: str, world: World) -> None:
    token = world.rep.api.token
    async with httpx.AsyncClient(base_url=limited) as http:
        for _ in range(20):
            assert "data" in (await http.post("/graphql", json={"query": ME}, headers=as_(token))).json()
        refused = await http.post("/graphql", json={"query": ME}, headers=as_(token))
        (error,) = refused.json()["errors"]
        assert refused.status_code == 429
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert error["extensions"]["retryable"] is True
        assert refused.headers["retry-after"] == str(error["extensions"]["retryAfterSeconds"])
        assert '"user";r=0;' in refused.headers["ratelimit"]
        other = await http.post("/graphql", json={"query": ME}, headers=as_(world.manager.api.token))
        assert other.status_code == 200
        metrics = (await http.get("/metrics")).text
    assert 'fieldbeat_graphql_operations_total{code="RATE_LIMITED",kind="query"} 1.0' in metrics
    assert 'fieldbeat_graphql_operations_total{code="ok",kind="query"} 21.0' in metrics
    assert 'fieldbeat_graphql_cost_total{kind="query"} 63.0' in metrics
    assert 'fieldbeat_graphql_answers_total{status="429"} 1.0' in metrics
    socket_url = limited.replace("http", "ws") + "/graphql"
    async with connect_socket(socket_url, subprotocols=[PROTOCOL], additional_headers=as_(token)) as socket:
        await socket.send(json.dumps(INIT))
        assert json.loads(await socket.recv()) == ACK
        for number, query in enumerate((ME, "subscription { teamMapChanged { __typename } }")):
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": query}}))
            frame = json.loads(await socket.recv())
            assert (frame["id"], frame["type"]) == (str(number), "error"), frame
            assert frame["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_strangers_are_counted_by_address(limited: str) -> None:
    async with httpx.AsyncClient(base_url=limited) as http:

        async def ask(query: str, address: str) -> int:
            return (await http.post("/graphql", json={"query": query}, headers=as_(None, address))).status_code

        statuses = [await ask("{ __typename }", "198.51.100.9, 203.0.113.1") for _ in range(10)]
        assert statuses == [200] * 8 + [429] * 2
        assert await ask("{ __typename }", "203.0.113.2") == 200
        # Documents that are refused cost as well, and in the end new ones are not even read; known ones are.
        assert [await ask(f"{{ nothing{number} }}", "203.0.113.3") for number in range(9)] == [400] * 8 + [429]


async def test_the_address_of_a_stranger_is_not_believed(services: Services, world: World) -> None:
    app = create_app(services, EdgeSettings(Limits(), rates=RATES, wall=Wall()))
    async with running(app, proxy_headers=False) as url, httpx.AsyncClient(base_url=url) as http:
        statuses = [
            (
                await http.post("/graphql", json={"query": "{ __typename }"}, headers=as_(None, f"203.0.113.{n}"))
            ).status_code
            for n in range(9)
        ]
    assert statuses == [200] * 8 + [429]
