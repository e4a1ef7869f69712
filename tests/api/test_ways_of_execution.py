"""Authorization, masking, limits and cost are the same whether an operation is compiled or interpreted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from api.app import EdgeSettings, create_app
from api.budget import Rates
from api.limits import Limits
from resolvers.services import Services
from storage.store import Store
from tests.support.api_server import running
from tests.support.client import ApiClient, new_key
from tests.support.records import make_records
from tests.support.schema_calls import call, root_fields
from tests.support.world import World

HOME = "{ me { id name team { name } } visits(first: 5) { nodes { id state site { name account { name } } } } }"
DEEP = "{ me { team { parent { parent { parent { parent { parent { parent { parent { parent { parent { parent {" + (
    " parent { parent { parent { id } } } } } } } } } } } } } } } }"
)
LEADS = "query ($n: Int!) { leads(first: $n) { nodes { id } } }"
UPDATE = """mutation {
  updateAccount(clientKey: "k-0001-0001", id: "acc_01J00000000000000000000000", changes: { name: "x" }) {
    __typename ... on Refusal { code message }
  }
}"""
SITE = "query ($id: ID!) { site(id: $id) { id radiusM account { name } } }"
CASES: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "a home screen": ("rep", HOME, {}, None),
    "one record": ("rep", "query ($id: ID!) { lead(id: $id) { id note owner { name } } }", {"id": "led"}, None),
    "a typed refusal": (
        "rep",
        UPDATE,
        {},
        None,
    ),
    "nobody": ("anonymous", "{ me { id } }", {}, "UNAUTHENTICATED"),
    "a stranger's token": ("stranger", "{ me { id } }", {}, "UNAUTHENTICATED"),
    "a role that may not": ("support", "{ teamMap { nodes { __typename } } }", {}, "FORBIDDEN"),
    "another team's lead": ("south_rep", "query ($id: ID!) { lead(id: $id) { id note } }", {"id": "led"}, None),
    "a broken record": ("rep", SITE, {"id": "sit"}, "INTERNAL"),
    "a broken record in a list": ("rep", "{ sites(first: 5) { nodes { id radiusM } } }", {}, "INTERNAL"),
    "a page that is too large": ("rep", LEADS, {"n": 101}, "BAD_INPUT"),
    "a cost that follows from a variable": (
        "rep",
        "query ($n: Int!) { leads(first: $n) { nodes { id owner { name } } } }",
        {"n": 100},
        None,
    ),
    "a variable of the wrong type": ("rep", LEADS, {"n": "1"}, "BAD_INPUT"),
    "a variable left out": ("rep", LEADS, {}, "BAD_INPUT"),
    "a document that is too deep": ("director", DEEP, {}, "TOO_DEEP"),
}  # fmt: skip
EXECUTED = re.compile(r'fieldbeat_graphql_executed_total\{way="([a-z ]+)"\} (\d+)')


async def executed(http: httpx.AsyncClient) -> dict[str, int]:
    """How many operations were executed, by way."""
    return {way: int(count) for way, count in EXECUTED.findall((await http.get("/metrics")).text)}


async def ask(
    client: ApiClient, token: str | None, query: str, variables: Mapping[str, Any]
) -> tuple[int, bytes, str | None]:
    """Status, bytes and cost of an answer."""
    headers = {"x-request-id": "the-same-for-both"} | ({"authorization": f"Bearer {token}"} if token else {})
    answer = await client.http.post("/graphql", json={"query": query, "variables": dict(variables)}, headers=headers)
    return answer.status_code, answer.content, answer.headers.get("x-request-cost")


async def test_both_ways_answer_the_same_bytes(
    world: World, store: Store, compiling: ApiClient, interpreting: ApiClient
) -> None:
    ids = await make_records(world, store)
    await store["sites"].update_one({"_id": ids["sit"]}, {"$set": {"radius_m": "wide"}})
    for name, (who, query, variables, expected) in CASES.items():
        given = {key: ids.get(value, value) for key, value in variables.items()}
        token = {"anonymous": None, "stranger": "no.such.token"}.get(who, "")
        token = str(getattr(world, who).api.token) if token == "" else token
        for _ in range(2):
            plain = await ask(interpreting, token, query, given)
            assert await ask(compiling, token, query, given) == plain, name
        found = re.search(rb'"errors".*"code":"([A-Z_]+)"', plain[1])
        assert (found and found[1].decode()) == expected, (name, plain)
    assert (await executed(interpreting.http)).keys() == {"interpreted"}
    ways = await executed(compiling.http)
    assert ways["compiled"] > ways["handed over"] > 0


async def test_a_repeated_mutation_is_answered_from_its_receipt_either_way(
    world: World, compiling: ApiClient, interpreting: ApiClient
) -> None:
    create = next(each for each in root_fields() if each.name == "createAccount")
    given = create.variables({}, everything=False)
    for first, second in ((compiling, interpreting), (interpreting, compiling)):
        given["clientKey"] = new_key()
        token = str(world.rep.api.token)
        made = await call(first.as_(token), create, given)
        again = await call(second.as_(token), create, given)
        assert made.refusal is None
        assert again == made


@pytest.mark.parametrize("compile_at", [1, None])
async def test_time_and_budget_are_limited_either_way(services: Services, world: World, compile_at: int | None) -> None:
    for changes, code in (
        ({"operation_timeout_s": 1e-9}, "TIMEOUT"),
        ({"rates": Rates(user_cost=2)}, "RATE_LIMITED"),
        ({"limits": Limits(max_cost=2)}, "TOO_COMPLEX"),
    ):
        edge = EdgeSettings(**({"limits": Limits(), "compile_at": compile_at} | changes))
        async with running(create_app(services, edge)) as url, ApiClient.connect(url) as client:
            # Of what the process does not know already: an answer without a wait cannot come late.
            answers = [await ask(client, world.rep.api.token, "{ leads { nodes { id } } }", {}) for _ in range(3)]
        assert f'"code":"{code}"'.encode() in answers[-1][1], answers
