"""Check-ins: evidence of a rep at a site with what was made of it; domain/arrivals.py says what it does to a visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.calendar import DAY_S, Span, known_zone, wall_span
from domain.check_in_policies import MIN_RADIUS_M, CheckInPolicy, Mode
from domain.evidence import Evidence, Provider, Reason, Sending
from domain.evidence_times import FixAge, TimeSource, Timing, time_evidence
from domain.geofence import Verdict
from domain.ids import AccountId, CheckInId, LeadId, OrgId, PersonId, SiteId, TeamId, VisitId
from domain.openings import SecondEvidence
from domain.places import Datum, Point
from domain.refusals import InvalidInput
from domain.site_codes import CodeProblem
from domain.suspicion import Sighting, TrackFix
from domain.visits import Visit, VisitState, texts_problem


class CheckInDirection(StrEnum):
    """Whether the rep came or left."""

    ARRIVAL = "ARRIVAL"
    DEPARTURE = "DEPARTURE"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a phone says about being at a site."""

    evidence: Evidence
    device_id: str | None = None
    note: str | None = None
    reason: str | None = None
    photo_hash: str | None = None
    lead_id: LeadId | None = None
    code: str | None = None

    def problem(self) -> InvalidInput | None:
        """The first value that can never be accepted, apart from position and time."""
        if len(self.device_id or "") > 100:
            return InvalidInput("deviceId", "must have at most 100 characters")
        if self.photo_hash is not None and not _is_sha256(self.photo_hash):
            return InvalidInput("photoHash", "must be a SHA-256 in 64 lower-case hexadecimal digits")
        if len(self.code or "") > 200:
            return InvalidInput("code", "must have at most 200 characters")
        return texts_problem(note=self.note, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Told:
    """A claim as it arrived: when it was made, and what the site's code that came with it is worth."""

    claim: Claim
    timing: Timing
    sending: Sending | None = None
    code_problem: CodeProblem | None = None
    code_key: str | None = None
    """Site and minute of an accepted code."""

    @property
    def by_code(self) -> bool:
        """Whether it came with a code of the site that is accepted."""
        return self.code_key is not None


@dataclass(frozen=True, slots=True)
class Vouch:
    """A manager stands for a check-in; `overridden`: for what it shows too, not only for its being looked at."""

    by_id: PersonId
    at: datetime
    reason: str
    overridden: bool
    refused: str | None = None
    """The refusal that it overrode."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Evidence as sent, the judgement of it, and where it led. `refused` holds the code where no visit opened."""

    id: CheckInId
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    site_id: SiteId
    account_id: AccountId
    direction: CheckInDirection
    evidence: Evidence
    received_at: datetime
    event_at: datetime
    point: Point
    location_version: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    score: int
    distance_m: float
    uncertainty_m: float
    radius_m: float
    policy_version: int
    mode: Mode
    offline: bool
    review: bool
    flagged: bool
    unverified: bool = True
    refused: str | None = None
    visit_id: VisitId | None = None
    lead_id: LeadId | None = None
    device_id: str | None = None
    note: str | None = None
    reason: str | None = None
    photo_hash: str | None = None
    second_evidence: SecondEvidence | None = None
    sending: Sending | None = None
    time_source: TimeSource = TimeSource.DEVICE
    fix_age: FixAge = FixAge.UNKNOWN
    pin: Point | None = None
    """The pin it was measured against; None for evidence of before it was kept."""
    spot: str | None = None
    """The position to 6 decimals; finding repeats is an equality on it."""
    track: TrackFix | None = None
    """The track's last point before, as far as it was known; the track itself is deleted sooner."""
    code: str | None = None
    code_use: str | None = None
    """An accepted code and its user: unique, so that nobody uses one twice."""
    vouched: Vouch | None = None
    version: int = 1

    @property
    def measured(self) -> bool:
        """Whether it has a position of its own, rather than that of its site's code."""
        return self.code_use is None or self.evidence.provider is not Provider.QR

    @property
    def sighting(self) -> Sighting:
        """As other evidence sees it."""
        return Sighting(
            id=self.id,
            owner_id=self.owner_id,
            at=self.event_at,
            point=self.point,
            accuracy_m=self.uncertainty_m,
            device_id=self.device_id,
            site_id=self.site_id,
            counts=not self.review and self.verdict is not Verdict.REJECTED_MOCK,
            measured=self.measured,
        )


def time_claim(claim: Claim, sending: Sending | None, now: datetime, policy: CheckInPolicy) -> Timing | InvalidInput:
    """When the claim was made, or the first value of it that can never be accepted."""
    return claim.problem() or time_evidence(claim.evidence, sending, now, policy.times)


def best_match(visits: Sequence[Visit], site_id: SiteId, at: datetime) -> Visit | None:
    """Of a day's visits the one this check-in is for: planned or missed at the site, the nearest in time."""
    fitting = [
        each for each in visits if each.site_id == site_id and each.state in {VisitState.PLANNED, VisitState.MISSED}
    ]
    return min(fitting, key=lambda each: (abs(each.scheduled_at - at), each.id), default=None)


def local_day(at: datetime, zone: str) -> Span:
    """Start and end (UTC) of the date at the site."""
    place = known_zone(zone)
    return wall_span(place, at.astimezone(place).date(), 0, DAY_S)


def is_same_claim(stored: CheckIn, claim: Claim, site_id: str) -> bool:
    """Whether a check-in that has this id already says the same."""
    given = claim if claim.evidence.has_position else replace(claim, evidence=at_place(stored.point, claim.evidence))
    told = Claim(
        stored.evidence, stored.device_id, stored.note, stored.reason, stored.photo_hash, claim.lead_id, stored.code
    )
    return stored.site_id == site_id and told == given


def code_use(code_key: str, owner_id: PersonId, direction: CheckInDirection) -> str:
    """What makes a use of a code one of a kind."""
    return f"{code_key}:{owner_id}:{direction}"


def at_place(point: Point, evidence: Evidence) -> Evidence:
    """Evidence that is a code alone is stored at the place it stands for."""
    return replace(
        evidence,
        latitude=point.latitude,
        longitude=point.longitude,
        datum=Datum.WGS84,
        accuracy_m=MIN_RADIUS_M,
        provider=Provider.QR,
    )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(each in "0123456789abcdef" for each in text)
