"""A simulated week of 50 reps with cheats among them: every cheat is flagged, no honest rep is refused or doubted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from geopy.distance import geodesic

from domain.access import Actor, Role
from domain.accounts import Tier
from domain.arrivals import Arrival, check_in
from domain.check_in_policies import DEFAULT_POLICY
from domain.check_ins import CheckIn, Claim, Told, local_day, time_claim
from domain.evidence import Evidence, PhoneClock, Provider, Reason, Sending
from domain.evidence_times import Timing
from domain.geofence import Verdict
from domain.ids import AccountId, CheckInId, OrgId, PersonId, SiteId, TeamId, VisitId
from domain.places import Datum, Point
from domain.rejudging import looked_at_again, on_shared_phone
from domain.sites import GivenCoordinates, Site
from domain.suspicion import Sighting
from domain.verdicts import Beside

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CITY = Point(31.23, 121.47)
REPS, DAYS, VISITS = 50, 5, 6
CHEATS = ("mock", "teleport", "replay", "shared", "two phones", "pin", "far", "clock")
"""One rep in six cheats, each in one way, on one day or all week."""


@dataclass
class Rep:
    """One rep with a phone; honest unless `cheat` says how they cheat."""

    number: int
    cheat: str | None
    device: str
    sites: list[Site] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        return Actor(OrgId("org_1"), PersonId(f"per_{self.number:02}"), Role.REP, TeamId("tea_1"), frozenset())


@dataclass(frozen=True)
class Happened:
    """A check-in of the week: whose, whether it is a cheat, and what came of it."""

    rep: Rep
    is_cheat: bool
    arrival: Arrival


def away(point: Point, metres: float, bearing: float) -> Point:
    found = geodesic(meters=metres).destination((point.latitude, point.longitude), bearing=bearing)
    return Point(found.latitude, found.longitude)


def a_site(name: str, pin: Point, tier: Tier) -> Site:
    given = GivenCoordinates(pin.latitude, pin.longitude, Datum.WGS84)
    return Site(
        id=SiteId(name),
        org_id=OrgId("org_1"),
        account_id=AccountId(f"acc_{name}"),
        name=name,
        location=pin,
        given=given,
        cell="",
        tier=tier,
        time_zone="Asia/Shanghai",
        owner_id=None,
        team_id=TeamId("tea_1"),
        created_at=MONDAY - timedelta(days=90),
        updated_at=MONDAY,
    )


class Week:
    """Plays the check-ins of a week in the order in which they arrive, with all that lies beside them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.by_rep: dict[PersonId, list[CheckIn]] = defaultdict(list)
        self.by_device: dict[str, list[CheckIn]] = defaultdict(list)
        self.happened: list[Happened] = []
        self.reps = [self._rep(number) for number in range(REPS)]

    def _rep(self, number: int) -> Rep:
        cheat = CHEATS[number // 6] if number % 6 == 0 and number // 6 < len(CHEATS) else None
        rep = Rep(number, cheat, f"phone-{number:02}")
        home = away(CITY, self.random.uniform(0, 40_000), self.random.uniform(0, 360))
        for index in range(VISITS):
            pin = away(home, self.random.uniform(300, 8_000), self.random.uniform(0, 360))
            rep.sites.append(a_site(f"sit_{number}_{index}", pin, list(Tier)[index % 3]))
        return rep

    def play(self) -> None:
        """All days, visit by visit; one in five is recorded without a connection and arrives in the evening."""
        for day in range(DAYS):
            late: list[tuple[Rep, int, datetime]] = []
            for index in range(VISITS):
                for rep in self.reps:
                    at = MONDAY + timedelta(days=day, hours=1.2 * index, minutes=self.random.uniform(0, 20))
                    if rep.cheat is None and self.random.random() < 0.2:
                        late.append((rep, index, at))
                    else:
                        self._visit(rep, index, at, at, day)
            self.random.shuffle(late)
            for rep, index, at in late:
                self._visit(rep, index, at, MONDAY + timedelta(days=day, hours=13), day)

    def _visit(self, rep: Rep, index: int, at: datetime, received_at: datetime, day: int) -> None:
        site = rep.sites[index]
        basement = index == 2 and rep.number % 4 == 1
        accuracy_m = round(self.random.uniform(101, 190) if basement else self.random.uniform(4, 35), 2)
        point = away(site.location, self.random.uniform(3, 90), self.random.uniform(0, 360))
        elapsed_ms = (at - MONDAY).total_seconds() * 1000 + 86_400_000
        clock = PhoneClock("boot", elapsed_ms, None, elapsed_ms - self.random.uniform(0, 55_000))
        evidence = Evidence(point.latitude, point.longitude, Datum.WGS84, accuracy_m, at, Provider.FUSED, clock=clock)
        photo = f"{rep.number:02x}{index:02x}{day:02x}".ljust(64, "0") if basement else None
        claim = Claim(evidence, rep.device, reason="in the cellar" if basement else None, photo_hash=photo)
        waited_ms = (received_at - at).total_seconds() * 1000
        sending = Sending(received_at, elapsed_ms + waited_ms, "boot")
        self._send(rep, index, site, *self._cheated(rep, index, day, claim, sending), received_at, day)

    def _cheated(self, rep: Rep, index: int, day: int, claim: Claim, sending: Sending) -> tuple[Claim, Sending, bool]:
        """The claim as a cheat sends it, and whether it is one."""
        evidence, pin = claim.evidence, rep.sites[index].location
        match rep.cheat:
            case "mock" if day == 2:
                return replace(claim, evidence=replace(evidence, is_mock=True)), sending, True
            case "teleport" if index == 3:  # from the day's third site to one 2,000 km away and back
                far = away(pin, 2_000_000, 10)
                rep.sites[index] = replace(rep.sites[index], location=far)
                return _at(claim, far, evidence.accuracy_m), sending, True
            case "replay":
                return _at(claim, away(pin, 12, 45), 9.0), sending, day >= 2
            case "shared" if day == 1:
                return replace(claim, device_id=f"phone-{rep.number + 1:02}"), sending, True
            case "two phones" if index == 4:
                return replace(claim, device_id="a second phone"), sending, True
            case "pin":
                return _at(claim, pin, 8.0), sending, day > 0 or index > 1
            case "far" if index % 3 == 0:
                return _at(claim, away(pin, 5_000, 100), 10.0), sending, True
            case "clock":
                off = replace(sending, sent_at=sending.sent_at and sending.sent_at + timedelta(hours=7))
                unread = replace(evidence, clock=None, captured_at=evidence.captured_at + timedelta(hours=7))
                return replace(claim, evidence=unread), off, True
        return claim, sending, False

    def _send(
        self,
        rep: Rep,
        index: int,
        site: Site,
        claim: Claim,
        sending: Sending,
        is_cheat: bool,
        received_at: datetime,
        day: int,
    ) -> None:
        site, actor = rep.sites[index], rep.actor
        timing = time_claim(claim, sending, received_at, DEFAULT_POLICY)
        assert isinstance(timing, Timing)
        span = local_day(timing.event_at, site.time_zone)
        device = claim.device_id or ""
        on_device = [each for each in self.by_device[device] if span[0] <= each.event_at < span[1]]
        beside = Beside(span, self._own(actor.person_id), None, tuple(each.sighting for each in on_device))
        name = f"{rep.number:02}_{day}_{index}"
        arrival = check_in(
            actor,
            CheckInId(f"chk_{name}"),
            Told(claim, timing, sending),
            site,
            None,
            None,
            VisitId(f"vis_{name}"),
            beside,
            DEFAULT_POLICY,
            received_at,
        )
        assert isinstance(arrival, Arrival)
        self.by_rep[actor.person_id].append(arrival.check_in)
        self.by_device[device].append(arrival.check_in)
        self.happened.append(Happened(rep, is_cheat, arrival))
        if rep.cheat == "two phones" and index == 4:
            self._elsewhere(rep, site, claim, sending, received_at, day)

    def _elsewhere(self, rep: Rep, site: Site, claim: Claim, sending: Sending, received_at: datetime, day: int) -> None:
        """The rep's own phone shows up 3 km from there, five minutes later."""
        later = timedelta(minutes=5)
        clock = claim.evidence.clock
        assert clock is not None
        moved = replace(
            claim.evidence,
            captured_at=claim.evidence.captured_at + later,
            clock=replace(clock, captured_elapsed_ms=(clock.captured_elapsed_ms or 0) + 3e5, fix_elapsed_ms=None),
        )
        there = replace(site, id=SiteId(f"{site.id}_b"), location=away(site.location, 3_000, 0))
        rep.sites.append(there)
        own = _at(replace(claim, evidence=moved, device_id=rep.device), away(there.location, 20, 5), 11.0)
        sent = replace(sending, sent_elapsed_ms=(sending.sent_elapsed_ms or 0) + 3e5)
        self._send(rep, len(rep.sites) - 1, there, own, sent, True, received_at + later, day)

    def _own(self, person_id: PersonId) -> tuple[Sighting, ...]:
        return tuple(each.sighting for each in self.by_rep[person_id])

    def settled(self) -> dict[CheckInId, CheckIn]:
        """Every check-in as it stands at the end of the week, looked at again beside all the others."""
        found = {}
        for person_id, check_ins in self.by_rep.items():
            sightings = {each.id: each.sighting for each in check_ins}
            for each in sorted(check_ins, key=lambda each: each.event_at):
                after = looked_at_again(each, list(sightings.values()), DEFAULT_POLICY)
                shared = {other.owner_id for other in self.by_device[each.device_id or ""] if _same_day(other, each)}
                after = on_shared_phone(after, DEFAULT_POLICY) if shared - {person_id} else after
                sightings[each.id], found[each.id] = after.sighting, after
        return found


def _at(claim: Claim, point: Point, accuracy_m: float | None) -> Claim:
    moved = replace(claim.evidence, latitude=point.latitude, longitude=point.longitude, accuracy_m=accuracy_m)
    return replace(claim, evidence=moved)


def _same_day(one: CheckIn, other: CheckIn) -> bool:
    day = local_day(other.event_at, "Asia/Shanghai")
    return day[0] <= one.event_at < day[1]


def test_every_cheat_is_flagged_and_no_honest_rep_is_refused() -> None:
    week = Week(seed=20_261_123)
    week.play()
    final = week.settled()
    assert len(week.happened) >= REPS * DAYS * VISITS
    caught: dict[str, set[Reason]] = defaultdict(set)
    for each in week.happened:
        stands = final[each.arrival.check_in.id]
        if each.is_cheat:
            assert stands.flagged or stands.review, (each.rep.cheat, stands)
            assert stands.unverified or stands.refused, (each.rep.cheat, stands)
            caught[str(each.rep.cheat)] |= set(stands.reasons)
        elif each.rep.cheat is None:
            partner = f"phone-{each.rep.number - 1:02}"
            lent = Reason.DEVICE_OF_TWO in stands.reasons
            assert each.arrival.refusal is None, (partner, each.arrival)
            # The owner of a borrowed phone is looked at as well: only a manager can tell who lent it to whom.
            assert not stands.review or lent, stands
            assert stands.verdict in {Verdict.INSIDE, Verdict.INSIDE_WEAK}
            assert lent or not stands.unverified, stands
    assert caught.keys() == set(CHEATS)
    assert {
        "mock": Reason.MOCK_LOCATION,
        "teleport": Reason.IMPOSSIBLE_TRAVEL,
        "replay": Reason.REPEATED_FIX,
        "shared": Reason.DEVICE_OF_TWO,
        "two phones": Reason.TWO_DEVICES,
        "pin": Reason.EQUALS_PIN,
        "far": Reason.BEYOND_FENCE,
        "clock": Reason.TIME_DOUBTFUL,
    }.items() <= {(cheat, reason) for cheat, reasons in caught.items() for reason in reasons}
