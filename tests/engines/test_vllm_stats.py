from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.engines.vllm_stats import EngineStats, SchedulerBoard


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def scheduler_stats(running: int = 0, waiting: int = 0, **more: Any) -> SimpleNamespace:
    prefix = SimpleNamespace(queries=more.pop("queries", 0), hits=more.pop("hits", 0))
    return SimpleNamespace(
        num_running_reqs=running,
        num_waiting_reqs=waiting,
        kv_cache_usage=more.pop("usage", 0.0),
        prefix_cache_stats=prefix,
        **more,
    )


def board_with_steps(seconds: float) -> SchedulerBoard:
    time = Time()
    board = SchedulerBoard(time)
    for _ in range(50):
        time.now += seconds
        board.record(scheduler_stats(running=1), 0)
    return board


def test_the_last_step_counts_and_prefix_cache_numbers_add_up() -> None:
    board = SchedulerBoard()
    board.record(scheduler_stats(3, 2, usage=0.5, queries=10, hits=4), 0)
    board.record(scheduler_stats(1, 0, usage=0.25, queries=5, hits=5), 0)
    assert board.snapshot() == EngineStats(1, 0, 0.25, 15, 9)
    assert board.running == 1


def test_schedulers_of_several_ranks_are_added_up() -> None:
    board = SchedulerBoard()
    board.record(scheduler_stats(3, 2, usage=0.5), 0)
    board.record(scheduler_stats(1, 1, usage=0.25), 1)
    assert board.running == 7
    assert board.snapshot().kv_cache_usage == 0.5


def test_deferred_requests_wait_too() -> None:
    board = SchedulerBoard()
    board.record(scheduler_stats(0, 1, num_skipped_waiting_reqs=2), 0)
    assert board.snapshot().waiting == 3


def test_a_step_without_statistics_changes_nothing() -> None:
    board = SchedulerBoard()
    board.record(scheduler_stats(3), 0)
    board.record(None, 0)
    assert board.running == 3


def test_nothing_runs_in_an_engine_that_is_gone() -> None:
    board = SchedulerBoard()
    board.record(scheduler_stats(3, 2, usage=0.5), 0)
    board.forget()
    assert board.snapshot() == EngineStats()


@pytest.mark.parametrize(
    ("in_flight", "interval"), [(0, 1), (7, 1), (8, 4), (16, 4), (17, 8), (500, 8)]
)
def test_a_fast_engine_speaks_less_often_under_load(in_flight: int, interval: int) -> None:
    assert board_with_steps(0.005).stream_interval(in_flight) == interval


@pytest.mark.parametrize(("step", "interval"), [(0.015, 6), (0.04, 2), (0.3, 1)])
def test_a_slow_engine_does_not_stutter(step: float, interval: int) -> None:
    assert board_with_steps(step).stream_interval(100) == interval


def test_an_engine_of_unknown_speed_speaks_at_once() -> None:
    assert SchedulerBoard().stream_interval(100) == 1


def test_idle_time_is_not_taken_for_a_slow_step() -> None:
    time = Time()
    board = SchedulerBoard(time)
    for _ in range(100):
        time.now += 0.005
        board.record(scheduler_stats(running=1), 0)
    time.now += 600
    board.record(scheduler_stats(running=1), 0)
    assert board.stream_interval(100) == 8
