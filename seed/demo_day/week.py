"""The rest of the demo week: a late call, a gate, a follow-up that nobody makes, a rep who leaves; for
seed/demo_day/day.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from seed.demo_day.operations import HAND_OVER, LEAD, LOG_ACTIVITY, MOVE_LEAD, SLA_BOARD, SLEEPING, START_DEPARTURE
from seed.demo_day.phone import Phone
from seed.demo_day.server import Stage
from seed.demo_day.transcript import StepFailedError, Transcript

_FOLLOW_UP = timedelta(hours=72)
_LATER = timedelta(hours=73)
_SETTLED = timedelta(minutes=3)
"""A hand-over looks again for two minutes before it ends."""
_PATIENCE_S = 30.0
_LOOK_S = 0.25
_PROPOSAL = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"


class Week:
    """One lead from its broken promise to its end, in other hands."""

    def __init__(
        self, said: Transcript, stage: Stage, rep: Phone, colleague: Phone, manager: Phone, admin: Phone
    ) -> None:
        self._said, self._stage = said, stage
        self._rep, self._colleague, self._manager, self._admin = rep, colleague, manager, admin

    def play(self, lead: dict[str, Any]) -> None:
        """Tuesday to Friday; nothing where the clock cannot be moved."""
        if not self._stage.moves_clock:
            self._said.step("The rest of the week")
            self._said.fact("clock", "left out: the clock of a running server is not moved")
            return
        began = self._manager.now()
        self._late_call(lead["id"])
        self._gate(lead["id"])
        self._silence(lead["id"])
        self._departure(lead["id"])
        self._figures(began)

    def _late_call(self, lead_id: str) -> None:
        said = self._said
        said.step("Tuesday: the board shows who burned the time, and the rep calls at last")
        board = self._manager.ask(SLA_BOARD)["nodes"]
        mine = next(each for each in board if each["lead"]["id"] == lead_id and each["metric"] == "LEAD_FIRST_CONTACT")
        shares = {share["ownerId"]: share["share"] for share in mine["ownerShares"]}
        said.expect("Who had the lead all the time", {self._rep.me["id"]: 1.0}, shares)
        said.fact("board", f"{mine['lead']['name']}: {self._rep.me['name']} had it for all of the time")
        said.table(
            ("promise", "lead", "overdue", "owner", "share of the time"),
            [
                (
                    each["metric"],
                    each["lead"]["name"],
                    f"{each['overdueOpenSeconds'] / 3600:.1f} h",
                    each["owner"]["name"],
                    ", ".join(f"{share['share']:.0%}" for share in each["ownerShares"]),
                )
                for each in board[:5]
            ],
        )
        self._call(self._rep, lead_id)
        lead = self._lead(lead_id)
        said.expect("State of the first contact", "MET_LATE", _clock(lead, "LEAD_FIRST_CONTACT")["state"])
        follow = _clock(lead, "LEAD_NEXT_FOLLOWUP")
        promised = datetime.fromisoformat(follow["dueAt"]) - datetime.fromisoformat(follow["startedAt"])
        said.expect("Time for the next contact", _FOLLOW_UP, promised)

    def _gate(self, lead_id: str) -> None:
        said = self._said
        said.step("A lead of tier A does not pass without its proposal")
        refused = self._rep.act(MOVE_LEAD, "GateProposalRequired", id=lead_id, stage="WON")
        said.fact("refused", f"{refused['code']}: {refused['message']}")
        file = self._rep.upload(_PROPOSAL, leadId=lead_id, kind="PROPOSAL", name="offer.pdf")
        said.fact("stored", f"{file['name']}, {file['sizeBytes']} bytes, SHA-256 {file['sha256'][:16]}...")
        lead = self._lead(lead_id)
        said.expect("State of the proposal that was owed", "MET_LATE", _clock(lead, "TIER_A_PROPOSAL")["state"])
        said.expect("Red flag once all promises are kept", False, lead["redFlag"])

    def _silence(self, lead_id: str) -> None:
        said = self._said
        said.step("Friday: 73 hours without a word, and the lead is red again")
        self._pass(_LATER)
        lead = self._await("a broken follow-up", lambda: self._lead(lead_id), lambda each: each["redFlag"] is True)
        follow = _clock(lead, "LEAD_NEXT_FOLLOWUP")
        said.expect("State of the follow-up", "BREACHED", follow["state"])
        said.expect("Time of the breach is the due time", follow["dueAt"], follow["breachedAt"])
        said.fact("lead", f"red since {lead['redSince']}")

    def _departure(self, lead_id: str) -> None:
        said, colleague = self._said, self._colleague.me
        said.step("The rep leaves: everything open goes to a colleague")
        asked = {"id": self._rep.me["id"], "successor": colleague["id"]}
        started = self._admin.act(START_DEPARTURE, "HandOver", **asked)
        lead = self._await(
            "the lead in other hands",
            lambda: self._lead(lead_id),
            lambda each: (each["owner"] or {}).get("id") == colleague["id"],
        )
        said.fact("lead", f"{lead['name']} belongs to {lead['owner']['name']}")
        self._pass(_SETTLED, without=self._rep)
        done = self._await(
            "the end of the hand-over",
            lambda: self._admin.data(HAND_OVER, id=started["id"]),
            lambda each: each["handOver"]["state"] == "DONE",
        )
        moved = done["handOver"]
        kinds = [entry["kind"] for entry in done["handOverEntries"]["nodes"]]
        said.ensure("Every lead that moved is in the log", kinds.count("LEAD") == moved["leads"] > 0, "all", kinds)
        said.expect("State of the person", "DEACTIVATED", moved["person"]["state"])
        said.fact("moved", f"{moved['leads']} leads, {moved['visits']} visits, {moved['accounts']} customers")
        self._call(self._colleague, lead_id)
        won = self._colleague.act(MOVE_LEAD, "Lead", id=lead_id, stage="WON")
        said.expect("Promises still open on a lead that is won", [], _open(won))

    def _figures(self, began: datetime) -> None:
        said = self._said
        said.step("The week in figures")
        now = self._manager.now()
        since = began - timedelta(days=2)
        found = self._manager.ask(SLEEPING, since=since.isoformat(), until=now.isoformat())
        said.ensure("Leads that slept for a day", found["sleeping"] > 0, "at least one", found)
        said.fact("sleeping", f"{found['sleeping']} of {found['counted']} leads had no contact within 24 h")

    def _call(self, phone: Phone, lead_id: str) -> None:
        given = {"leadId": lead_id, "kind": "CALL", "direction": "OUTBOUND", "automatic": False, "evidence": "CALL_LOG"}
        phone.act(LOG_ACTIVITY, "Activity", input=given)

    def _lead(self, lead_id: str) -> dict[str, Any]:
        lead: dict[str, Any] = self._manager.ask(LEAD, id=lead_id)
        return lead

    def _pass(self, further: timedelta, without: Phone | None = None) -> None:
        self._stage.pass_time(further.total_seconds())
        for phone in (self._rep, self._colleague, self._manager, self._admin):
            if phone is not without:
                phone.refresh()
        self._said.fact("clock", f"{self._manager.now():%A %Y-%m-%d %H:%M} UTC")

    def _await(
        self, what: str, look: Callable[[], dict[str, Any]], wanted: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """What `look` sees once it is as wanted: workers need a moment."""
        deadline = time.monotonic() + _PATIENCE_S
        while not wanted(seen := look()):
            if time.monotonic() > deadline:
                raise StepFailedError(f"{what} did not come within {_PATIENCE_S:.0f} s\n  seen: {seen}")
            time.sleep(_LOOK_S)
        return seen


def _clock(lead: dict[str, Any], metric: str) -> dict[str, Any]:
    clock: dict[str, Any] = max(
        (each for each in lead["clocks"] if each["metric"] == metric), key=lambda each: each["cycle"]
    )
    return clock


def _open(lead: dict[str, Any]) -> list[str]:
    return [each["metric"] for each in lead["clocks"] if each["state"] in {"RUNNING", "PAUSED", "BREACHED"}]
