"""The verdict engine as a whole: what goes before what, what makes a manager look, and an answer for any input."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.check_in_policies import DEFAULT_POLICY, CheckInPolicy
from domain.evidence import Evidence, PhoneClock, Provider, Reason, Sending
from domain.evidence_times import FixAge, TimeSource, Timing, time_evidence
from domain.geofence import Fence, Verdict
from domain.ids import CheckInId, PersonId, SiteId
from domain.places import Datum, Point
from domain.refusals import InvalidInput
from domain.suspicion import Sighting, TrackFix
from domain.verdicts import Beside, Finding, Source, find

PIN = Point(60.17, 24.94)
FENCE = Fence(PIN, 200)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = (AT - timedelta(hours=9), AT + timedelta(hours=15))
SOURCE = Source(CheckInId("chk_1"), PersonId("per_1"), SiteId("sit_1"), "a")
HERE = Evidence(60.1703, 24.9402, Datum.WGS84, 10, AT)
AWAY = replace(HERE, latitude=60.2)
NOWHERE = Evidence(None, None, Datum.WGS84, None, AT)


def timing(*reasons: Reason, source: TimeSource = TimeSource.ARRIVAL, **given: Any) -> Timing:
    return Timing(AT, source, given.get("offline", False), given.get("fix_age", FixAge.FRESH), reasons)


def found(evidence: Evidence = HERE, when: Timing | None = None, *, by_code: bool = False, **beside: Any) -> Finding:
    answer = find(SOURCE, evidence, when or timing(), FENCE, Beside(DAY, **beside), DEFAULT_POLICY, by_code=by_code)
    assert isinstance(answer, Finding), answer
    return answer


@pytest.mark.parametrize(
    ("evidence", "by_code", "verdict", "reasons"),
    [
        (HERE, False, Verdict.INSIDE, (Reason.WITHIN_FENCE,)),
        (replace(HERE, is_mock=True), False, Verdict.REJECTED_MOCK, (Reason.MOCK_LOCATION,)),
        (replace(HERE, is_mock=True), True, Verdict.REJECTED_MOCK, (Reason.MOCK_LOCATION,)),
        (replace(NOWHERE, is_mock=True), True, Verdict.REJECTED_MOCK, (Reason.MOCK_LOCATION,)),
        (NOWHERE, True, Verdict.INSIDE, (Reason.SITE_CODE,)),
        (HERE, True, Verdict.INSIDE, (Reason.SITE_CODE,)),
        (replace(HERE, accuracy_m=900), True, Verdict.INSIDE, (Reason.SITE_CODE,)),
        (replace(HERE, accuracy_m=9_000), True, Verdict.INSIDE, (Reason.SITE_CODE,)),
        (AWAY, True, Verdict.INSIDE, (Reason.SITE_CODE, Reason.CODE_CONTRADICTED)),
        (AWAY, False, Verdict.OUTSIDE, (Reason.BEYOND_FENCE, Reason.BEYOND_DOUBT)),
    ],
)
def test_mock_goes_before_the_code_and_the_code_before_the_position(
    evidence: Evidence, by_code: bool, verdict: Verdict, reasons: tuple[Reason, ...]
) -> None:
    answer = found(evidence, by_code=by_code)
    assert (answer.judgement.verdict, answer.reasons) == (verdict, reasons)
    assert answer.review is (Reason.CODE_CONTRADICTED in reasons)


def test_without_a_code_a_position_is_needed() -> None:
    answer = find(SOURCE, NOWHERE, timing(), FENCE, Beside(DAY), DEFAULT_POLICY)
    assert isinstance(answer, InvalidInput)


@pytest.mark.parametrize(
    ("reason", "review", "flagged"),
    [
        (Reason.STALE_FIX, False, True),
        (Reason.OUTDATED_FIX, False, True),
        (Reason.CLOCK_SKEW, False, True),
        (Reason.CLOCK_SUSPECT, False, True),
        (Reason.ANCHOR_NOT_ACCEPTED, False, True),
        (Reason.TIME_DOUBTFUL, True, False),
        (Reason.VERY_LATE, True, False),
    ],
)
def test_odd_times_are_flagged_or_make_a_manager_look(reason: Reason, review: bool, flagged: bool) -> None:
    answer = found(when=timing(reason))
    assert (answer.review, answer.flagged, answer.reasons[-1]) == (review, flagged, reason)


@pytest.mark.parametrize(
    ("source", "offline", "doubted"),
    [
        (TimeSource.DEVICE, True, True),
        (TimeSource.DEVICE, False, False),
        (TimeSource.ANCHOR, True, False),
        (TimeSource.ARRIVAL, True, False),
    ],
)
def test_a_code_that_comes_late_needs_a_time_that_is_proved(source: TimeSource, offline: bool, doubted: bool) -> None:
    answer = found(NOWHERE, timing(source=source, offline=offline), by_code=True)
    assert (answer.review, Reason.CODE_TIME_UNPROVED in answer.reasons) == (doubted, doubted)


@pytest.mark.parametrize(
    ("fix_age", "by_code", "proves"),
    [
        (FixAge.FRESH, False, True),
        (FixAge.STALE, False, True),
        (FixAge.UNKNOWN, False, True),
        (FixAge.OUTDATED, False, False),
        (FixAge.OUTDATED, True, True),
    ],
)
def test_an_outdated_fix_proves_nothing(fix_age: FixAge, by_code: bool, proves: bool) -> None:
    assert found(when=timing(fix_age=fix_age), by_code=by_code).proves is proves


@pytest.mark.parametrize(("accuracy_m", "score", "review"), [(11.0, 2, False), (10.0, 3, True)])
def test_a_score_of_three_makes_a_manager_look(accuracy_m: float, score: int, review: bool) -> None:
    """Exactly the pin weighs two, the accuracy of the two before one more."""
    own = tuple(
        Sighting(
            id=CheckInId(f"chk_before_{hours}"),
            owner_id=SOURCE.owner_id,
            at=AT - timedelta(hours=hours),
            point=Point(60.1701 + hours / 1e4, 24.94),
            accuracy_m=10.0,
            device_id="a",
            site_id=SOURCE.site_id,
            counts=True,
        )
        for hours in (1, 2)
    )
    at_pin = replace(HERE, latitude=PIN.latitude, longitude=PIN.longitude, accuracy_m=accuracy_m)
    answer = found(at_pin, own=own)
    assert (answer.score, answer.review) == (score, review)
    assert found(at_pin, photo_reused=True).review is True


_FLOAT = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_TIME = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_EVIDENCE = st.builds(
    Evidence,
    _FLOAT | st.floats(-90, 90),
    _FLOAT | st.floats(-180, 180),
    st.sampled_from(Datum),
    _FLOAT | st.floats(0.1, 6_000),
    _TIME,
    st.sampled_from(Provider),
    st.booleans(),
    st.none() | st.builds(PhoneClock, st.sampled_from([None, "a", "b"]), _FLOAT, _TIME, _FLOAT),
)
_POINT = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
_SEEN = st.builds(
    Sighting,
    st.sampled_from(["chk_1", "chk_2", "chk_3"]).map(CheckInId),
    st.sampled_from(["per_1", "per_2"]).map(PersonId),
    _TIME,
    _POINT,
    st.floats(0.1, 9_000),
    st.sampled_from([None, "a", "b"]),
    st.just(SiteId("sit_1")),
    st.booleans(),
    st.booleans(),
)


@given(
    _EVIDENCE,
    st.builds(Sending, st.none() | _TIME, _FLOAT, st.sampled_from([None, "a", "b"])),
    _POINT,
    st.lists(_SEEN, max_size=5),
    st.none() | st.builds(TrackFix, _TIME, _POINT, st.floats(0.1, 5_000)),
    st.booleans(),
)
@settings(max_examples=150)
def test_any_finite_input_gets_one_answer_and_always_the_same(
    evidence: Evidence, sending: Sending, pin: Point, known: list[Sighting], track: TrackFix | None, by_code: bool
) -> None:
    policy: CheckInPolicy = DEFAULT_POLICY
    when = time_evidence(evidence, sending, AT, policy.times)
    if isinstance(when, InvalidInput):
        return
    beside = Beside(DAY, tuple(known), track, tuple(known))
    answer = find(SOURCE, evidence, when, Fence(pin, 200), beside, policy, by_code=by_code)
    assert isinstance(answer, Finding | InvalidInput)
    again = replace(beside, own=tuple(reversed(known)))
    assert find(SOURCE, evidence, when, Fence(pin, 200), again, policy, by_code=by_code) == answer
    if isinstance(answer, Finding) and answer.judgement.verdict is Verdict.REJECTED_MOCK:
        assert not answer.proves
