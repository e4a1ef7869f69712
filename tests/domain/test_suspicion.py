"""Signs of made-up evidence at both sides of every limit, whatever the order in which evidence is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, permutations

import pytest
from geopy.distance import geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.check_in_policies import SignLimits
from domain.evidence import Reason
from domain.ids import CheckInId, PersonId, SiteId
from domain.places import Point
from domain.suspicion import Sighting, Signs, TrackFix, signs_of, spot

PIN = Point(60.17, 24.94)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = (AT - timedelta(hours=9), AT + timedelta(hours=15))
LIMITS = SignLimits()
_NUMBERS = count()


def away(metres: float, of: Point = PIN) -> Point:
    found = geodesic(meters=metres).destination((of.latitude, of.longitude), bearing=90)
    return Point(found.latitude, found.longitude)


HERE = away(30)


def seen(
    at: datetime = AT,
    point: Point = HERE,
    accuracy_m: float | None = None,
    *,
    owner: str = "per_1",
    device: str | None = None,
    counts: bool = True,
    measured: bool = True,
) -> Sighting:
    number = next(_NUMBERS)
    return Sighting(
        id=CheckInId(f"chk_{number:06}"),
        owner_id=PersonId(owner),
        at=at,
        point=point,
        accuracy_m=10 + number / 1000 if accuracy_m is None else accuracy_m,
        device_id=device,
        site_id=SiteId("sit_1"),
        counts=counts,
        measured=measured,
    )


def signs(subject: Sighting, *own: Sighting, track: TrackFix | None = None) -> Signs:
    return signs_of(subject, PIN, own, track, (), DAY, LIMITS)


def test_honest_evidence_has_no_signs() -> None:
    before = [seen(AT - timedelta(hours=each), away(100 * each)) for each in range(1, 9)]
    assert signs(seen(), *before) == Signs((), 0)


@pytest.mark.parametrize(
    ("before", "repeated"),
    [
        ([], False),
        ([{"days": 1}], False),
        ([{"days": 1}, {"days": 2}], True),
        ([{"days": 1}, {"days": 30}], True),
        ([{"days": 1}, {"days": 30, "seconds": 1}], False),
        ([{"seconds": 300}, {"days": 2}], False),
        ([{"seconds": 301}, {"days": 2}], True),
        ([{"days": 1}, {"days": 1, "seconds": 300}], False),
    ],
)
def test_a_fix_that_comes_three_times_within_30_days(before: list[dict[str, float]], repeated: bool) -> None:
    found = signs(seen(), *(seen(AT - timedelta(**each)) for each in before))
    assert found == (Signs((Reason.REPEATED_FIX,), 2) if repeated else Signs((), 0))


@pytest.mark.parametrize(("off_deg", "repeated"), [(4e-7, True), (1.6e-6, False)])
def test_positions_are_the_same_to_six_decimals(off_deg: float, repeated: bool) -> None:
    middle = Point(60.17, 24.941)
    near = Point(60.17, 24.941 + off_deg)
    found = signs(seen(point=middle), *(seen(AT - timedelta(days=each), near) for each in (1, 2)))
    assert (Reason.REPEATED_FIX in found.reasons) is repeated


def test_exactly_the_pin_weighs_two_and_evidence_by_code_nothing() -> None:
    assert signs(seen(point=PIN)) == Signs((Reason.EQUALS_PIN,), 2)
    before = [seen(AT - timedelta(days=each), PIN, 100, measured=False) for each in (1, 2, 3)]
    assert signs(seen(point=PIN, accuracy_m=100, measured=False), *before) == Signs((), 0)


@pytest.mark.parametrize(
    ("accuracies", "constant"),
    [([12.0, 12.0], True), ([12.0], False), ([12.0, 11.0], False), ([11.0, 12.0, 12.0], False)],
)
def test_three_accuracies_alike_in_a_row(accuracies: list[float], constant: bool) -> None:
    before = [
        seen(AT - timedelta(hours=index), away(100 + index), each) for index, each in enumerate(accuracies, start=1)
    ]
    found = signs(seen(accuracy_m=12.0), *before)
    assert found == (Signs((Reason.CONSTANT_ACCURACY,), 1) if constant else Signs((), 0))


def test_taps_on_one_fix_are_no_repeats_of_it() -> None:
    """A rep who checks in, taps again and leaves within five minutes uses what the phone measured once."""
    taps = [seen(AT - timedelta(seconds=each), HERE, 12.0) for each in (30, 200)]
    assert signs(seen(accuracy_m=12.0), *taps) == Signs((), 0)


FAST, IMPOSSIBLE = Reason.FAST_TRAVEL, Reason.IMPOSSIBLE_TRAVEL


@pytest.mark.parametrize(
    ("metres", "seconds", "reason"),
    [
        (9_999, 239, None),
        (9_999, 237, FAST),
        (10_001, 237, None),
        (97_019, 1_000, None),
        (97_030, 1_000, FAST),
        (280_010, 1_000, FAST),
        (280_030, 1_000, IMPOSSIBLE),
        (280_030, 4.99, None),
        (2_000_000, 5, IMPOSSIBLE),
        (15, 5, None),
    ],
)
def test_travel_from_the_last_believed_check_in(metres: float, seconds: float, reason: Reason | None) -> None:
    last = seen(AT - timedelta(seconds=seconds), away(metres, HERE), 10)
    assert signs(seen(accuracy_m=10), last).reasons == ((reason,) if reason else ())


def test_what_is_doubted_is_no_place_to_come_from() -> None:
    home = seen(AT - timedelta(hours=3), away(500))
    doubted = seen(AT - timedelta(minutes=1), away(400_000), counts=False)
    assert signs(seen(), home, doubted).reasons == ()


@pytest.mark.parametrize(
    ("metres", "seconds", "reason"), [(5_000, 60, None), (97_030, 1_000, FAST), (280_030, 1_000, IMPOSSIBLE)]
)
def test_travel_from_the_track_has_no_limit_nearby(metres: float, seconds: float, reason: Reason | None) -> None:
    track = TrackFix(AT - timedelta(seconds=seconds), away(metres, HERE), 10)
    earlier = seen(AT - timedelta(hours=9), away(300))
    assert signs(seen(accuracy_m=10), earlier, track=track).reasons == ((reason,) if reason else ())


def test_the_later_of_track_and_check_in_is_where_the_rep_came_from() -> None:
    track = TrackFix(AT - timedelta(hours=2), away(2_000_000), 10)
    last = seen(AT - timedelta(hours=1), away(500))
    assert signs(seen(), last, track=track).reasons == ()


@pytest.mark.parametrize(
    ("seconds", "metres", "devices", "found"),
    [
        (600, 1_001, ("a", "b"), True),
        (-600, 1_001, ("a", "b"), True),
        (601, 1_001, ("a", "b"), False),
        (600, 999, ("a", "b"), False),
        (600, 1_001, ("a", "a"), False),
        (600, 1_001, (None, "b"), False),
        (600, 1_001, ("a", None), False),
    ],
)
def test_one_rep_at_two_places_by_two_devices(
    seconds: float, metres: float, devices: tuple[str | None, str | None], found: bool
) -> None:
    other = seen(AT - timedelta(seconds=seconds), away(metres, HERE), device=devices[1])
    assert (Reason.TWO_DEVICES in signs(seen(device=devices[0]), other).reasons) is found


@pytest.mark.parametrize(
    ("mine", "theirs", "shared", "found"),
    [
        ([0], [], False, False),
        ([0], [-5], False, True),
        ([0], [-5], True, False),
        ([0, -1], [-5, -2], True, False),
        ([0, -3], [-5, -2], True, True),
        ([0, -30], [-5], True, False),
        ([0], [3], True, False),
        ([0, 4], [3], True, True),
    ],
)
def test_one_device_of_two_reps_within_the_day(mine: list[int], theirs: list[int], shared: bool, found: bool) -> None:
    own = [seen(AT + timedelta(hours=each), away(each), device="a") for each in mine]
    others = [seen(AT + timedelta(hours=each), device="a", owner="per_2") for each in theirs]
    told = signs_of(own[0], PIN, own, None, others, DAY, LIMITS, device_shared=shared)
    assert (Reason.DEVICE_OF_TWO in told.reasons) is found


def test_the_order_in_which_neighbours_are_known_changes_nothing() -> None:
    own = [
        seen(AT - timedelta(days=2), HERE, 12, device="a"),
        seen(AT - timedelta(days=1), HERE, 12, device="a"),
        seen(AT - timedelta(seconds=400), away(50_000), 12, device="b"),
        seen(AT + timedelta(seconds=400), away(1_500), 12, device="b"),
    ]
    subject = seen(point=HERE, accuracy_m=12, device="a")
    expected = signs(subject, *own)
    assert set(expected.reasons) == {Reason.REPEATED_FIX, Reason.CONSTANT_ACCURACY, FAST, Reason.TWO_DEVICES}
    assert expected.score == 3
    assert all(signs(subject, *each) == expected for each in permutations([*own, subject]))


@given(st.lists(st.tuples(st.floats(0, 40 * 86_400), st.floats(0, 3e5), st.sampled_from([5.0, 9.0])), max_size=8))
@settings(max_examples=60)
def test_more_evidence_of_the_past_never_raises_and_repeats_itself(known: list[tuple[float, float, float]]) -> None:
    own = [seen(AT - timedelta(seconds=each), away(metres), accuracy) for each, metres, accuracy in known]
    subject = seen(accuracy_m=5.0)
    assert signs(subject, *own) == signs(subject, *reversed(own)) == signs(subject, *own, *own)
    assert signs(replace(subject, measured=False), *own).score == 0


def test_a_spot_is_the_text_of_a_position() -> None:
    assert spot(Point(-0.0, 0.00000049)) == "0.000000,0.000000"
    assert spot(Point(-12.3456785, 179.9999996)) == "-12.345678,180.000000"
