"""The demo day, and the week after it, from start to end on one stage; for seed/demo_day/__init__.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from seed.demo_day.field import FieldDay
from seed.demo_day.knowledge import ask_thrice, search_knowledge, show_who_looked
from seed.demo_day.office import assign_lead, break_promise, import_sites
from seed.demo_day.phone import Phone
from seed.demo_day.server import Stage
from seed.demo_day.transcript import StepFailedError, Transcript
from seed.demo_day.week import Week

_REP, _COLLEAGUE, _MANAGER, _ADMIN = "west1.hangzhou@", "west2.hangzhou@", "manager.hangzhou@", "admin@"


def play(said: Transcript, stage: Stage, samples: Path | None) -> None:
    """All steps; StepFailedError at the first that is not as it should be. Step 0 has been begun by the caller."""
    with (
        signed_in(stage, _REP, "REP") as rep,
        signed_in(stage, _COLLEAGUE, "REP") as colleague,
        signed_in(stage, _MANAGER, "MANAGER") as manager,
        signed_in(stage, _ADMIN, "ADMIN") as admin,
    ):
        said.expect("The rep's manager", manager.me["id"], ((rep.me["team"] or {}).get("manager") or {}).get("id"))
        zone = ZoneInfo(rep.me["timeZone"])
        said.fact("clock", f"{rep.now().astimezone(zone):%A %Y-%m-%d %H:%M} {zone.key}")
        said.fact("signed in", f"{rep.me['name']} (rep), {manager.me['name']} (manager), team {rep.me['team']['name']}")
        import_sites(said, stage, rep, samples)
        lead = assign_lead(said, manager, rep)
        field = FieldDay(said, stage, rep, manager)
        field.plan()
        field.visit_sites()
        field.show_team_map()
        break_promise(said, stage, manager, rep, lead)
        for phone in (colleague, admin):
            phone.refresh()
        search_knowledge(said, rep, lead)
        ask_thrice(said, (rep, colleague, manager), manager)
        show_who_looked(said, rep, manager)
        Week(said, stage, rep, colleague, manager, admin).play(lead)


@contextmanager
def signed_in(stage: Stage, begins: str, role: str) -> Iterator[Phone]:
    """The demo person whose address begins so."""
    try:
        logins = json.loads(stage.logins.read_text(encoding="utf-8"))["logins"]
    except (OSError, ValueError, KeyError) as error:
        raise StepFailedError(f"The demo logins cannot be read from {stage.logins} (DATA): {error}") from error
    login = next((each for each in logins if each["email"].startswith(begins) and each["role"] == role), None)
    if login is None:
        raise StepFailedError(f"{stage.logins} has no login of the demo person {begins}...")
    phone = Phone(stage.url, login["email"], login["password"])
    try:
        yield phone
    finally:
        phone.close()
