"""docs/api.md against the running server: every example is carried out, every code is in its tables."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from resolvers.once import refusal_kinds
from resolvers.services import Services
from tests.conftest import StoppedClock
from tests.support.client import ApiClient
from tests.support.doc_examples import Example, Values, read_examples
from tests.support.files import PDF
from tests.support.sign_in import PASSWORD, give_password
from tests.support.world import World

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = list(read_examples(PAGE))
ADDRESS = "http://127.0.0.1:8000"
CODE_IN_SOURCE = re.compile(r'(?:: Final(?:\[str\])? = |code=|EdgeError\(\s*)"([A-Z][A-Z_]{3,})"')


async def over_http(example: Example, client: ApiClient, values: Values) -> Any:
    """The answer to a document with its variables, or to a curl command."""
    headers = {"content-type": "application/json", "accept": "application/json"}
    if example.of("sh"):
        words = shlex.split(values.real(example.of("sh")[0].replace("\\\n", " ")))
        assert words[0] == "curl"
        headers |= dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        (path,) = [word.removeprefix(ADDRESS) for word in words if word.startswith(ADDRESS)]
        if "--data-binary" in words:
            return (await client.http.post(path, content=PDF, headers=headers)).json()
        if "-d" not in words:
            return (await client.http.get(path, headers=headers)).json()
        (body,) = [words[at + 1] for at, word in enumerate(words) if word == "-d"]
        assert path == "/graphql"
        response = await client.http.post(path, content=body, headers=headers)
    else:
        variables = values.real(json.loads((example.of("json variables") or ["{}"])[0]))
        if client.token:
            headers["authorization"] = f"Bearer {client.token}"
        body = json.dumps({"query": example.of("graphql")[0], "variables": variables})
        response = await client.http.post("/graphql", content=body, headers=headers)
    return response.json()


async def over_websocket(example: Example, api_url: str, values: Values) -> None:
    """Sends the client's messages and compares the server's, in the order of the page."""
    url = api_url.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        for kind, text in example.fences:
            if kind == "json client":
                await socket.send(json.dumps(values.real(json.loads(text))))
            elif kind == "json server":
                wrong = values.difference(json.loads(text), json.loads(await socket.recv()))
                assert wrong is None, f"docs/api.md, line {example.line}: {wrong}"


async def test_every_example_is_answered_as_shown(
    world: World, services: Services, anonymous: ApiClient, api_url: str, clock: StoppedClock
) -> None:
    await give_password(services, world.rep.person)
    values = Values({"mei@harbour.example": world.rep.person.email, "a long pass phrase": PASSWORD})
    values.known |= {
        "Mei Lin": "Rep",
        "Jonas Weber": "Second Rep",
        "eyJhbGciOiJIUzI1NiIsIm1hbmFnZXIi…": str(world.manager.api.token),
    }
    callers = {"nobody": anonymous, "rep": world.rep.api, "manager": world.manager.api}
    for example in EXAMPLES:
        if example.of("json client"):
            await over_websocket(example, api_url, values)
            continue
        (shown,) = example.of("json answer")
        answer = await over_http(example, callers[example.who], values)
        wrong = values.difference(json.loads(shown), answer)
        assert wrong is None, f"docs/api.md, line {example.line}: {wrong}\n{json.dumps(answer, indent=2)}"
    assert len(EXAMPLES) >= 15


def test_every_example_is_marked() -> None:
    fences = re.findall(r"(?m)^```(graphql|sh|json client|json answer)", PAGE)
    assert len(fences) == sum(len(each.of(kind)) for each in EXAMPLES for kind in set(fences))


def rows(heading: str) -> set[str]:
    """The codes of the table below a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"(?m)^\| `([A-Z_]+)` \|", section))


def test_every_error_code_is_explained() -> None:
    sources = [*(ROOT / "api").glob("*.py"), *(ROOT / "domain").glob("errors.py"), *(ROOT / "resolvers").glob("*.py")]
    codes = {code for path in sources for code in CODE_IN_SOURCE.findall(path.read_text(encoding="utf-8"))}
    assert rows("Errors") == codes


def test_every_refusal_code_is_explained() -> None:
    assert rows("Refusals") == {kind.code for kind in refusal_kinds()}


@pytest.mark.parametrize("kind", refusal_kinds(), ids=lambda each: each.__name__)
def test_the_table_names_the_type_of_each_refusal(kind: Any) -> None:
    assert re.search(rf"(?m)^\| `{kind.code}` \| .*`{kind.__name__}`", PAGE)
