from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Point
from domain.polylines import decode, encode

# The worked example of the format's own description.
KNOWN = ((38.5, -120.2), (40.7, -120.95), (43.252, -126.453))
WRITTEN = "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


def test_the_published_example_reads_and_writes() -> None:
    points = tuple(Point(*each) for each in KNOWN)
    assert encode(points) == WRITTEN
    assert decode(WRITTEN) == points


@given(st.lists(st.builds(Point, st.floats(-90, 90), st.floats(-180, 180)), max_size=20), st.sampled_from([5, 6]))
def test_any_line_returns_within_half_a_step(points: list[Point], precision: int) -> None:
    found = decode(encode(points, precision), precision)
    assert len(found) == len(points)
    for given_point, point in zip(points, found, strict=True):
        assert abs(given_point.latitude - point.latitude) <= 0.5001 * 10**-precision
        assert abs(given_point.longitude - point.longitude) <= 0.5001 * 10**-precision


@pytest.mark.parametrize("text", ["_p~iF", "_", "a b", "\u4f60", "_p~iF~ps|U_"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="encoded line"):
        decode(text)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        points = decode(text)
    except ValueError:
        return
    assert decode(encode(points)) == points
