"""The rep's part of the demo day: plan, three sites, the team map."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.ids import new_id
from seed.demo_day.operations import (
    CHECK_IN,
    CHECK_OUT,
    END_SHIFT,
    EVIDENCE,
    OPEN_VISITS,
    PLAN_DAY,
    PUBLISH,
    REPORT,
    SERVER_NOW,
    SITES_OF_TIER,
    START_SHIFT,
    TEAM_MAP,
    VISIT,
    VISITS,
)  # fmt: skip
from seed.demo_day.phone import Phone, new_key
from seed.demo_day.planning import show_plan, solved
from seed.demo_day.server import Stage
from seed.demo_day.transcript import StepFailedError, Transcript

_M_PER_DEGREE = 111_195
_AWAY_M = 3_000
_REPEATS = 5
_STAY = timedelta(minutes=15)
_DAYS_AHEAD = 7


class FieldDay:
    """One rep's day on one stage; its steps are played in the order they are written here."""

    def __init__(self, said: Transcript, stage: Stage, rep: Phone, manager: Phone) -> None:
        self._said = said
        self._stage = stage
        self._rep = rep
        self._manager = manager
        self._zone = ZoneInfo(rep.me["timeZone"])
        self._stops: list[dict[str, Any]] = []

    def plan(self) -> None:
        """Starts the shift, plans today and publishes the plan."""
        said, rep = self._said, self._rep
        said.step("The rep starts the shift, plans the day and publishes the plan")
        now = rep.now()
        if not self._stage.moves_clock and rep.ask(SERVER_NOW)["shift"]:
            said.fact("shift", "open already")
            self._leave_open_visit()
        else:
            shift = rep.act(START_SHIFT, "Shift", at=now.isoformat())
            said.fact(
                "shift", f"{self._local(shift['startedAt'])} until {self._local(shift['autoEndAt'])} at the latest"
            )
        plan = self._planned(now.astimezone(self._zone).date())
        published = rep.act(PUBLISH, "RoutePlan", id=plan["id"])
        said.expect("State of the plan", "PUBLISHED", published["state"])
        self._stops = published["stops"]
        show_plan(said, published, self._zone)
        span = {"from": published["shiftStartAt"], "before": published["shiftEndAt"]}
        visits = rep.ask(VISITS, rep=rep.me["id"], **span)["nodes"]
        without = {stop["site"]["id"] for stop in self._stops} - {visit["site"]["id"] for visit in visits}
        said.expect("Stops of the published plan without a visit", set(), without)
        said.fact("published", f"{len(visits)} visits are on the rep's list, made by the plan or agreed before")

    def _leave_open_visit(self) -> None:
        """Checks out of the visit that an interrupted demo left open on a running server."""
        for visit in self._rep.ask(OPEN_VISITS, rep=self._rep.me["id"])["nodes"]:
            given = {"visitId": visit["id"], "outcome": "OTHER", "capturedAt": self._rep.now().isoformat()}
            self._rep.act(CHECK_OUT, "Visit", input=given)
            self._said.fact("visit", f"checked out of {visit['site']['name']}, where an earlier demo stopped")

    def _planned(self, today: date) -> dict[str, Any]:
        """Today's plan; a running server may be asked outside working hours, so the next days are tried there."""
        seen: object = None
        for ahead in range(1 if self._stage.moves_clock else _DAYS_AHEAD):
            answer = self._rep.ask(PLAN_DAY, key=new_key(), date=str(today + timedelta(days=ahead)))
            seen = answer
            if answer["__typename"] == "RoutePlan":
                plan = solved(self._rep, answer)
                seen = f"{plan['state']} with {len(plan['stops'])} stops ({plan['failure']})"
                if plan["state"] == "DRAFT" and len(plan["stops"]) >= 3:
                    self._said.checks += 1
                    return plan
        raise StepFailedError(f"The plan\n  expected: at least three stops\n  seen:     {seen}")

    def visit_sites(self) -> None:
        """The first site inside and repeated, a tier A site from 3 km away, and a third one inside."""
        said, rep = self._said, self._rep
        first = self._stops[0]
        said.step("Check in at three sites")
        self._until(first["arriveAt"])
        inside = self._check_in(first["site"], 15)
        for _ in range(_REPEATS):
            again = rep.act(CHECK_IN, "CheckIn", key=inside["key"], input=inside["input"])
            said.expect("The repeated check-in answers the same record", inside["id"], again["id"])
        visit = rep.ask(VISIT, id=inside["visit"]["id"])
        said.expect("Check-ins stored", [inside["id"]], [each["id"] for each in visit["checkIns"]])
        said.fact("flaky phone", f"sent {_REPEATS} more times, stored once: {inside['id']}")
        self._check_out(first["site"], inside["visit"]["id"])
        self._refused(self._strict_site())
        third = self._third()
        self._until(third["arriveAt"])
        self._open_visit = self._check_in(third["site"], 10)["visit"]["id"]
        self._open_site = third["site"]

    def _strict_site(self) -> dict[str, Any]:
        """A tier A site, whose fence is kept strictly: the next one of the plan, else any the rep has."""
        planned = [stop["site"] for stop in self._stops[1:] if stop["site"]["tier"] == "A"]
        site: dict[str, Any] = (planned or self._rep.ask(SITES_OF_TIER, tier="A")["nodes"])[0]
        self._strict_id = site["id"]
        return site

    def _third(self) -> dict[str, Any]:
        return next(stop for stop in self._stops[1:] if stop["site"]["id"] != self._strict_id)

    def _check_in(self, site: dict[str, Any], metres: int) -> dict[str, Any]:
        key, given = new_key(), self._evidence(site, metres)
        answer = self._rep.act(CHECK_IN, "CheckIn", key=key, input=given)
        self._said.expect(f"Verdict at {site['name']}", "INSIDE", answer["verdict"])
        sent = f"{given['latitude']:.5f}, {given['longitude']:.5f} in GCJ-02"
        found = f"{answer['verdict']}, {answer['distanceM']:.0f} m from the pin, fence {answer['radiusM']:.0f} m"
        self._said.fact(self._clock(), f"{site['name']} (tier {site['tier']}): {sent}: {found}")
        return answer | {"key": key, "input": given}

    def _refused(self, site: dict[str, Any]) -> None:
        given = self._evidence(site, _AWAY_M) | {"id": new_id("chk", self._rep.now())}
        refusal = self._rep.act(CHECK_IN, "OutsideGeofence", input=given)
        self._said.fact(self._clock(), f"{site['name']} (tier {site['tier']}) from 3 km away: {refusal['code']}")
        self._said.fact("", refusal["message"])
        away_m = refusal["distanceM"]
        self._said.ensure("Distance", abs(away_m - _AWAY_M) < 30, f"{_AWAY_M} m within 1 %", f"{away_m:.0f} m")
        kept = self._manager.ask(EVIDENCE, id=given["id"])
        self._said.expect("Evidence the manager sees", ("OUTSIDE", refusal["code"]), (kept["verdict"], kept["refused"]))
        self._said.fact("evidence", f"kept for the manager: {kept['verdict']}, {', '.join(kept['reasons'])}")

    def _check_out(self, site: dict[str, Any], visit_id: str) -> None:
        self._pass(_STAY)
        place = self._evidence(site, 12)
        given = {
            name: place[name] for name in ("latitude", "longitude", "datum", "accuracyM", "capturedAt", "provider")
        }
        visit = self._rep.act(CHECK_OUT, "Visit", input=given | {"visitId": visit_id, "outcome": "PROGRESS"})
        # Where the clock cannot be moved the stay is too short to count.
        wanted = ("DONE", True) if self._stage.moves_clock else ("TOUCH", False)
        self._said.expect(f"Visit at {site['name']}", wanted, (visit["state"], visit["verified"]))
        stay = datetime.fromisoformat(visit["closedAt"]) - datetime.fromisoformat(visit["openedAt"])
        proved = "presence verified" if visit["verified"] else "too short to count"
        self._said.fact(self._clock(), f"checked out: {visit['state']}, {stay.total_seconds() / 60:.0f} min, {proved}")

    def show_team_map(self) -> None:
        """Positions of the phone on the manager's map, asked for and as a stream; then the day ends."""
        said, rep, manager = self._said, self._rep, self._manager
        said.step("The team map")
        with manager.watching_map() as watch:
            full = watch.event()
            said.ensure("First event", full["isFull"], "the whole map", full)
            sent = [self._point(metres, age_s) for metres, age_s in ((60, 2), (30, 1), (10, 0))]
            received = rep.act(REPORT, "PositionsReceived", input={"cadenceS": 60, "points": sent})
            said.expect("Positions taken", (len(sent), []), (received["accepted"], received["dropped"]))
            said.fact("rep", f"{received['accepted']} positions reported")
            entry = _of(rep.me["id"], watch.event()["entries"])
            said.ensure("teamMapChanged brings the rep", entry is not None, rep.me["name"], entry)
        said.fact("websocket", f"teamMapChanged: {rep.me['name']} {entry['state'] if entry else ''}")
        nodes = manager.ask(TEAM_MAP)["nodes"]
        mine = _of(rep.me["id"], nodes)
        said.ensure("The rep is on the map", mine is not None and mine["latest"] is not None, rep.me["name"], nodes)
        assert mine is not None
        said.expect("State on the map", ("IN_VISIT", "LIVE"), (mine["state"], mine["freshness"]))
        said.table(("rep", "state", "freshness", "condition", "position (WGS-84)", "in visit at"), map(_shown, nodes))
        self._check_out(self._open_site, self._open_visit)
        shift = rep.act(END_SHIFT, "Shift", at=rep.now().isoformat())
        said.fact(self._clock(), f"the rep ends the shift that began at {self._local(shift['startedAt'])}")

    def _point(self, metres: int, age_s: int) -> dict[str, Any]:
        place = self._evidence(self._open_site, metres)
        at = datetime.fromisoformat(place["capturedAt"]) - timedelta(seconds=age_s)
        return {name: place[name] for name in ("latitude", "longitude", "datum", "accuracyM")} | {
            "at": at.isoformat(), "batteryPct": 81.0,
        }  # fmt: skip

    def _evidence(self, site: dict[str, Any], metres: int) -> dict[str, Any]:
        """What a phone in China says that stands so far north of the site."""
        place = site["location"]
        return {
            "siteId": site["id"],
            "latitude": place["latitude"] + metres / _M_PER_DEGREE,
            "longitude": place["longitude"],
            "datum": place["datum"],
            "accuracyM": 12.0,
            "provider": "GPS",
            "capturedAt": self._rep.now().isoformat(),
        }

    def _pass(self, time: timedelta) -> None:
        if self._stage.moves_clock and time > timedelta(0):
            self._stage.pass_time(time.total_seconds())
            self._rep.refresh()
            self._manager.refresh()

    def _until(self, moment: str) -> None:
        self._pass(datetime.fromisoformat(moment) - self._rep.now())

    def _clock(self) -> str:
        return self._local(self._rep.now().isoformat())

    def _local(self, moment: str) -> str:
        return f"{datetime.fromisoformat(moment).astimezone(self._zone):%H:%M}"


def _of(person_id: str, entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((entry for entry in entries if entry["personId"] == person_id), None)


def _shown(entry: dict[str, Any]) -> tuple[str, ...]:
    latest = entry["latest"]
    place = latest["location"] if latest else None
    position = f"{place['latitude']:.5f}, {place['longitude']:.5f}" if place else "-"
    visit = entry["openVisit"]
    return (
        entry["person"]["name"], entry["state"], entry["freshness"], entry["condition"], position,
        visit["site"]["name"] if visit else "-",
    )  # fmt: skip
