"""`python -m seed` as a process: the demo organization once, files imported, reasons instead of tracebacks."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.app import EdgeSettings, create_app
from api.limits import Limits
from seed.__main__ import app
from storage.driver import connect
from storage.store import Store
from wiring.services import build_services
from wiring.settings import Settings

ROOT = Path(__file__).parents[2]
DATABASE = "fieldbeat_seed_tests"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of this module."""
    return tmp_path_factory.mktemp("seed")


def environment(mongo_uri: str, folder: Path, database: str = DATABASE) -> dict[str, str]:
    return {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database, "DATA": str(folder), "DEMO": "1"}


def seed(mongo_uri: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "seed", *words]
    variables = os.environ | environment(mongo_uri, folder)
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)


def invoke(mongo_uri: str, folder: Path, *words: str, database: str = DATABASE) -> Result:
    """The command in this process, which spares the imports."""
    return CliRunner().invoke(app, list(words), env=environment(mongo_uri, folder, database))


@pytest.fixture(scope="module")
def first(mongo_uri: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The first `init` on an empty database."""
    return seed(mongo_uri, folder, "init")


async def counts(mongo_uri: str) -> dict[str, int]:
    store = Store(connect(mongo_uri, DATABASE))
    names = ("organizations", "teams", "people", "accounts", "sites", "leads", "articles", "visits")
    found = {name: await store[name].count({}, limit=1_000) for name in names}
    await store.database.close()
    return found


EXPECTED = {
    "organizations": 1,
    "teams": 3,
    "people": 13,
    "accounts": 300,
    "sites": 300,
    "leads": 40,
    "articles": 24,
    "visits": 550,
}


async def test_init_makes_the_demo_organization_once(
    mongo_uri: str, folder: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    assert await counts(mongo_uri) == EXPECTED
    file = folder / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text(encoding="utf-8")
    again = seed(mongo_uri, folder, "init")
    assert again.returncode == 0, again.stderr
    assert await counts(mongo_uri) == EXPECTED
    assert file.read_text(encoding="utf-8") == before


async def test_the_example_and_every_login_sign_in(
    mongo_uri: str, folder: Path, first: subprocess.CompletedProcess[str]
) -> None:
    facts = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    settings = Settings(data=folder, mongodb_uri=mongo_uri, mongodb_database=DATABASE)
    store = Store(connect(mongo_uri, DATABASE))
    served = create_app(build_services(settings, store), EdgeSettings(limits=Limits()))
    assert sorted({login["role"] for login in facts["logins"]}) == ["ADMIN", "DIRECTOR", "MANAGER", "REP", "SUPPORT"]
    assert len({login["password"] for login in facts["logins"]}) == len(facts["logins"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://127.0.0.1") as http:
        for login in facts["logins"][:4]:
            given = {"email": login["email"], "password": login["password"]}
            example = facts["example"] | {"variables": {"key": "sign-in-of-test", "input": given}}
            answer = (await http.post("/graphql", json=example)).json()
            assert answer["data"]["signIn"]["person"]["role"] == login["role"], answer
        answer = (await http.post("/graphql", json=facts["example"])).json()
        assert answer["data"]["signIn"]["__typename"] == "Session"
    await store.database.close()


def test_a_lost_file_gives_everyone_a_new_password(
    mongo_uri: str, folder: Path, first: subprocess.CompletedProcess[str]
) -> None:
    file = folder / "demo.json"
    before = json.loads(file.read_text(encoding="utf-8"))["logins"]
    file.unlink()
    assert invoke(mongo_uri, folder, "init").exit_code == 0
    after = json.loads(file.read_text(encoding="utf-8"))["logins"]
    assert [login["email"] for login in after] == [login["email"] for login in before]
    assert not {login["password"] for login in after} & {login["password"] for login in before}


def test_a_file_is_imported_and_its_bad_rows_end_with_status_1(
    mongo_uri: str, folder: Path, first: subprocess.CompletedProcess[str]
) -> None:
    file = folder / "mine.csv"
    file.write_bytes("客户编号;客户名称;等级\nm1;一;A\nm2;二;Z\n".encode("gb18030"))
    done = invoke(mongo_uri, folder, "import", "accounts", str(file), "--owner", "director@demo.example", "--dry-run")
    assert done.exit_code == 1, done.stderr
    assert "gb18030, separated by ;, 2 rows" in done.stdout
    assert "1 created, 0 changed, 0 unchanged, 1 not imported" in done.stdout
    assert "line 3: tier: 'Z' is none of A, B, C" in done.stdout
    assert "a dry run" in done.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["import", "leads", "none.csv"], "No such file"),
        (["import", "people", "demo.json", "--org", "Nobody"], "No column of the header"),
        (["org", "Real", "--admin", "not an address"], "email"),
        (["import", "accounts", "none.csv", "--time-zone", "Mars/Base"], "--time-zone"),
    ],
)
def test_what_cannot_be_done_ends_with_a_reason(
    mongo_uri: str,
    folder: Path,
    first: subprocess.CompletedProcess[str],
    words: list[str],
    reason: str,
) -> None:
    path = [str(folder / word) if word.endswith((".csv", ".json")) else word for word in words]
    done = invoke(mongo_uri, folder, *path)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_an_organization_is_made_with_a_token_shown_once(mongo_uri: str, folder: Path) -> None:
    done = invoke(mongo_uri, folder, "org", "Real", "--admin", "admin@real.test", database="fieldbeat_seed_org_tests")
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()[-1]) >= 40
