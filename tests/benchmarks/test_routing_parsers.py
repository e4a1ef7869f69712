"""The routing benchmark reads the published sets as their authors wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.routing.checker import judge
from benchmarks.routing.instance import Aim, Vehicle, Visit
from benchmarks.routing.parsers import BestKnown, read_toptw, read_tsptw, read_vrptw

TSPTW = """3
0 19 17
20 0 10
17 10 0
0         408
62        68
181       205
"""

TOPTW = """4 19 2 1
0 200
  0 35.00 35.00 0.00 0.00 0 0 0 230
  1 41.00 49.00 10.00 10.00 1 1 1 161 171
  2 35.00 34.30 10.00 7.00 1 1 1 50 60
"""

VRPTW = """R101

VEHICLE
NUMBER     CAPACITY
  25         200

CUSTOMER
CUST NO.   XCOORD.   YCOORD.    DEMAND   READY TIME   DUE DATE   SERVICE TIME

    0          35      35           0       0         230           0
    1          41      49          10     161         171          10
    2          35      17           7      50          60          10
"""

BEST = """set,instance,n,m,objective,value,status,source
TSPTW/Dumas,n20w20.001.txt,20,1,min travel time,378,best known,a
TOPTW/published_heuristic_best,r108,,2,max prize,558,heuristic,a
TOPTW/literature_BKS,r108,100,2,max prize,560,best known,b
OPTW/RighiniSalani,r108_100,100,1,max prize,308,proven optimal,c
VRPTW/LKH3_Solomon_50,R108,50,6,min distance x10,6179,best known,d
VRPTW/LKH3_Solomon_50,R108,50,7,min distance x10,6177,best known,d
VRPTW/LKH3_Solomon_100,R108,100,9,min distance x10,9332,best known,d
"""


def test_a_tour_with_windows_starts_and_ends_at_the_first_place() -> None:
    instance = read_tsptw(TSPTW, "small", 46.0)
    assert (instance.aim, instance.best_known) == (Aim.LEAST_TRAVEL, 46.0)
    assert instance.visits == (Visit(((62, 68),), 0), Visit(((181, 205),), 0))
    assert instance.vehicles == (Vehicle(2, 2, 0, 408),)
    assert instance.travel == ((0, 10, 20), (10, 0, 17), (19, 17, 0))
    verdict = judge(instance, ((0, 1),))
    assert (verdict.faults, verdict.travel) == ((), 19 + 10 + 17)


@pytest.mark.parametrize("text", ["4\n1 2 3", TSPTW.rsplit("\n", 2)[0]])
def test_a_tour_that_lacks_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="short"):
        read_tsptw(text, "short")


def test_orienteering_is_in_tenths_with_distances_cut_to_one_decimal() -> None:
    instance = read_toptw(TOPTW, vehicles=3)
    assert instance.aim is Aim.MOST_VALUE
    assert instance.vehicles == (Vehicle(2, 2, 0, 2_300),) * 3
    assert instance.visits == (Visit(((1_610, 1_710),), 100, 10), Visit(((500, 600),), 100, 7))
    # The square root of 232 is 15.23..., and a distance of exactly 0.7 stays one.
    assert instance.travel[0][2] == instance.travel[2][0] == 152
    assert instance.travel[1][2] == 7
    assert not instance.must(0)


def test_vehicle_routing_takes_the_first_customers_and_two_spare_vehicles() -> None:
    instance = read_vrptw(VRPTW, customers=1, vehicles=4)
    assert instance.aim is Aim.LEAST_TRAVEL
    assert instance.vehicles == (Vehicle(1, 1, 0, 2_300, 200),) * 6
    assert instance.visits == (Visit(((1_610, 1_710),), 100, load=10),)
    assert instance.travel == ((0, 152), (152, 0))
    assert instance.must(0)
    assert len(read_vrptw(VRPTW, customers=2, vehicles=1).visits) == 2
    with pytest.raises(ValueError, match="3 customers asked, 2 there"):
        read_vrptw(VRPTW, customers=3, vehicles=1)


def test_of_several_sources_the_best_value_counts(tmp_path: Path) -> None:
    path = tmp_path / "best_known.csv"
    path.write_text(BEST, encoding="utf-8")
    best = BestKnown(path)
    assert best.tsptw("n20w20.001.txt") == 378
    assert (best.toptw("r108", 2), best.toptw("r108", 1)) == (560, 308)
    assert best.vrptw("R108", 50) == (6_177, 7)
    assert best.vrptw("R108", 100) == (9_332, 9)
