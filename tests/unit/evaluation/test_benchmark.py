"""Times are counted right; how long anything takes is not asserted."""

import itertools

import numpy as np
import pytest

from faceguard.domain.face import Frame
from faceguard.domain.observation import Halt, HaltReason, Observation, Stage
from faceguard.evaluation.benchmark import Timing, lateness_ms, resident_mb, time_pipeline


def frames(count):
    return [Frame(np.zeros((2, 2, 3), np.uint8), i, i) for i in range(count)]


def observation(frame, halted):
    halt = Halt(Stage.DETECT, HaltReason.NO_FACE) if halted else Halt(Stage.QUALITY, HaltReason.BLURRED)
    return Observation(frame.captured_ns, frame.sequence, halt=halt, stage_ms={Stage.DETECT: 2.0})


def test_percentiles():
    timing = Timing.of(range(1, 101))
    assert (timing.n, timing.worst) == (100, 100.0)
    assert (timing.p50, timing.p95) == (50.5, pytest.approx(95.05))
    with pytest.raises(ValueError, match="at least one"):
        Timing.of([])


def test_frames_that_ended_early_and_the_warm_up_are_not_timed():
    clock = itertools.count(0, 1_000_000)
    found = time_pipeline(
        frames(6), lambda frame: observation(frame, frame.sequence % 2), warm_up=2, clock=lambda: next(clock)
    )
    assert found.halted == {"no face": 2, "blurred": 2}
    assert found.total is None
    assert found.stages == {}


def test_whole_walks_are_timed_from_outside():
    class Walked:
        halt = None
        stage_ms = {Stage.DETECT: 0.25, Stage.MATCH: 0.5}  # noqa: RUF012

    clock = itertools.count(0, 3_000_000)
    found = time_pipeline(frames(5), lambda _: Walked(), warm_up=1, clock=lambda: next(clock))
    assert found.total == Timing(4, 3.0, 3.0, 3.0, 3.0)
    assert list(found.stages) == [Stage.DETECT, Stage.MATCH]
    assert found.stages[Stage.MATCH].p50 == 0.5


def test_a_tick_that_comes_early_is_not_late():
    assert lateness_ms([0, 10_000_000, 25_000_000, 30_000_000], 10.0) == [0.0, 5.0, 0.0]
    assert lateness_ms([0], 10.0) == []


def test_memory_is_a_plausible_number_where_the_system_tells():
    held = resident_mb()
    assert held is None or 5 < held < 100_000
