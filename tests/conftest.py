"""One real database server and one real API server for the whole run; every test makes organizations of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import reset_tzpath

import pytest
import uvicorn

from api.app import EdgeSettings, create_app
from api.limits import Limits
from resolvers.services import Services
from storage.credentials import Passwords
from storage.driver import connect
from storage.indexes import create_indexes
from storage.store import Store
from tests.support.bindings import EVERY_CHANNEL
from tests.support.client import ApiClient
from tests.support.reads_counter import ReadsCounter
from tests.support.sign_in import CHEAP
from tests.support.world import World, make_world
from wiring.embedded_mongo import EmbeddedMongo
from wiring.services import build_services
from wiring.settings import Settings

# As in the program: zones come from the pinned tzdata, whatever this machine has.
reset_tzpath(to=())
# Loops for the extra `fast` run as plain Python: a compiler would take longer than the tests.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
# httpcore tries this import in every request; a search that fails anew each time costs more than the request.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Bounds of the long runs: `make long ARGS="--fuzz-s 60"`."""
    parser.addoption("--fuzz-s", type=float, default=600.0, help="How long each fuzzer runs, seconds.")


LONGEST_FIRST = (
    "seed/test_demo_day.py",
    "api/test_assignment_processes.py",
    "workers/test_push_processes.py",
    "api/test_hostile_input.py",
    "clients/test_clients.py",
    "workers/test_push_delivery.py",
    "seed/test_init.py",
    "wiring/test_supervisor.py",
    "workers/test_sla_watch.py",
    "fuzz/test_fuzzing.py",
)
"""Files that take long begin first, so that no runner goes on alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Brings the longest files forward; order within files stays."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def fuzz_s(pytestconfig: pytest.Config) -> float:
    """How long each fuzzer runs in `make long`."""
    return float(pytestconfig.getoption("--fuzz-s"))


START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai and 02:00 in Berlin."""


class StoppedClock:
    """A clock that stands at START until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        """Moves on by `timedelta(**parts)`."""
        self.now += timedelta(**parts)


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real server with an empty database."""
    server = EmbeddedMongo(tmp_path_factory.mktemp("mongo"), durable=False)
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def session_clock() -> StoppedClock:
    """The clock of the servers of this run."""
    return StoppedClock()


@pytest.fixture
def clock(session_clock: StoppedClock) -> Iterator[StoppedClock]:
    """The servers' clock, put back to START before and after the test."""
    session_clock.now = START
    yield session_clock
    session_clock.now = START


@pytest.fixture(scope="session")
def session_reads_counter() -> ReadsCounter:
    """Counts what the API asks of the database, for `reads_counter`."""
    return ReadsCounter()


@pytest.fixture
def reads_counter(session_reads_counter: ReadsCounter, store: Store) -> Iterator[ReadsCounter]:
    """Counts what the API asks of the database while it knows no document beforehand."""
    store.known.end()
    yield session_reads_counter
    store.known.begin()


@pytest.fixture(scope="session")
async def store(mongo_uri: str, session_reads_counter: ReadsCounter) -> AsyncIterator[Store]:
    """The database with all indexes."""
    store = Store(connect(mongo_uri, "fieldbeat_tests", listeners=[session_reads_counter]))
    await create_indexes(store)
    yield store
    await store.database.close()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, mongo_uri: str) -> Settings:
    """Settings as an operator would leave them, with a data folder of this run."""
    data: Path = tmp_path_factory.mktemp("data")
    return Settings(data=data, mongodb_uri=mongo_uri, mongodb_database="fieldbeat_tests")


@pytest.fixture(scope="session")
def services(settings: Settings, store: Store, session_clock: StoppedClock) -> Services:
    """The parts of the program on the test clock."""
    built = build_services(settings, store, session_clock)
    # Weeks are planned by the process that plans days, which runs already, and as long as tests need.
    built.planner.slow, built.planner.period_s = None, 0.5
    return replace(built, passwords=Passwords(CHEAP), binding_rules=EVERY_CHANNEL)


@pytest.fixture(scope="session")
async def api_url(services: Services) -> AsyncIterator[str]:
    """A running API server."""
    app = create_app(services, EdgeSettings(limits=Limits(), compile_at=1))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
async def shared_http(api_url: str) -> AsyncIterator[ApiClient]:
    """One HTTP connection pool for all clients."""
    async with ApiClient.connect(api_url) as client:
        yield client


@pytest.fixture
async def anonymous(shared_http: ApiClient, clock: StoppedClock) -> ApiClient:
    """A caller without a token."""
    return shared_http


@pytest.fixture
async def world(services: Services, shared_http: ApiClient, clock: StoppedClock) -> World:
    """A new organization: two teams below one, a director, two managers, four reps, an admin and support."""
    return await make_world(services, shared_http, "north-and-south")


@pytest.fixture
async def other_world(services: Services, shared_http: ApiClient, clock: StoppedClock) -> World:
    """Another organization that must never be seen from the first."""
    return await make_world(services, shared_http, "elsewhere")
