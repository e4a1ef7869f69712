"""Plans solved by a real cluster of dask.distributed: the same answers, and what happens when a worker is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.field_days import field_day
from routing.problem import Limit
from routing.process import plan_in_process
from routing.travel_times.source import TravelSource
from tests.support.dask_workers import Cluster, a_cluster
from tests.support.solving import fail, sleep_then_square
from wiring.dask_cluster import DaskCluster

PATIENCE_S = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with a_cluster(tmp_path_factory.mktemp("dask"), workers=1) as running:
        yield running


@pytest.fixture
def executor(cluster: Cluster) -> Iterator[DaskCluster]:
    executor = DaskCluster(cluster.address, at_once=4)
    yield executor
    executor.shutdown(cancel_futures=True)


def test_a_cluster_plans_the_days_that_this_process_plans(executor: DaskCluster) -> None:
    days = [field_day(12, seed) for seed in range(3)]
    limit, source = Limit(seconds=30), TravelSource()
    asked = [executor.submit(plan_in_process, day, limit, source) for day in days]
    assert [each.result(PATIENCE_S) for each in asked] == [plan_in_process(day, limit, source) for day in days]


def test_an_error_of_the_work_comes_back(executor: DaskCluster) -> None:
    with pytest.raises(ValueError, match="no such day"):
        executor.submit(fail, "no such day").result(PATIENCE_S)


def test_what_a_killed_worker_had_is_done_by_another(executor: DaskCluster, cluster: Cluster) -> None:
    asked = [executor.submit(sleep_then_square, number, 0.2) for number in range(4)]
    asked[0].result(PATIENCE_S)
    lost, _ = cluster.workers[0], cluster.add_worker()
    lost.kill()
    assert [each.result(PATIENCE_S) for each in asked] == [0, 1, 4, 9]


def test_nobody_at_the_address_is_an_error_of_the_plan(unused_tcp_port: int) -> None:
    executor = DaskCluster(f"tcp://127.0.0.1:{unused_tcp_port}", at_once=1)
    try:
        with pytest.raises(OSError, match="Timed out"):
            executor.submit(fail, "").result(PATIENCE_S)
    finally:
        executor.shutdown()
