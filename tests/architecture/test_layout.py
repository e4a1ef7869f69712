"""Names and sizes: what the linter cannot say about how the tree reads."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("api", "schema", "resolvers", "domain", "storage", "reports", "routing", "push", "knowledge", "workers")
ALL = (*FOLDERS, "wiring", "seed", "benchmarks", "tests")
SOURCES = [path for folder in ALL for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("folder", [*FOLDERS, "wiring", "seed"])
def test_installed_packages_do_not_shadow_ours(folder: str) -> None:
    found = importlib.import_module(folder)
    assert Path(found.__path__[0]).resolve() == ROOT / folder


def test_files_stay_small() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_names_say_what_they_hold() -> None:
    vague = re.compile(r"(^|/)(utils?|helpers?|common|misc|base|manager)\.py$")
    assert [str(path) for path in SOURCES if vague.search(str(path))] == []


def test_imports_stand_at_the_top() -> None:
    # But for those that say why not.
    inside = re.compile(r"^[ \t]+(?:from|import) [a-z_.]+ (?!.*noqa: PLC0415)", re.MULTILINE)
    guarded = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+.*\n|\n)+", re.MULTILINE)
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.parts[len(ROOT.parts)] != "tests" and inside.search(guarded.sub("", path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_the_clock_is_read_in_one_place() -> None:
    reading = re.compile(r"datetime\.(?:now|utcnow)\(|time\.time\(|date\.today\(")
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.parts[len(ROOT.parts)] not in {"tests", "wiring", "benchmarks", "seed"}
        and reading.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_nothing_of_the_machine_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    hosts = re.compile(rb"/" + rb"root/|files\.python" + rb"hosted|registry\.npm" + rb"js|py" + rb"pi\.org")
    found = [name for name in listed if (ROOT / name).is_file() and hosts.search((ROOT / name).read_bytes())]
    assert found == []
