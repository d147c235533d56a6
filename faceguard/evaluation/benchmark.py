"""How long the work takes: percentiles of stage times, how late a timer comes, how much memory the process holds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from faceguard.domain.face import Frame
from faceguard.domain.observation import Observation, Stage


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one kind of work, in milliseconds.

    Attributes:
        n: how often it was measured.
        p50, p95, p99: percentiles, linearly interpolated.
        worst: the longest.
    """

    n: int
    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, milliseconds: ArrayLike) -> Timing:
        """Of at least one measured time.

        Raises:
            ValueError: none, or not finite.
        """
        values = np.asarray(milliseconds, np.float64).reshape(-1)
        if not values.size or not np.isfinite(values).all():
            raise ValueError("finite times are needed, at least one")
        p50, p95, p99 = (float(v) for v in np.percentile(values, [50, 95, 99]))
        return cls(int(values.size), p50, p95, p99, float(values.max()))


@dataclass(frozen=True, slots=True)
class PipelineTiming:
    """The walk of single frames.

    Attributes:
        total: whole walks of frames that reached the match, from the outside: everything between the stages counts.
        stages: of the same frames.
        halted: frames that ended early, by reason; they are in neither.
    """

    total: Timing | None
    stages: Mapping[Stage, Timing]
    halted: Mapping[str, int]


def time_pipeline(
    frames: Iterable[Frame],
    observe: Callable[[Frame], Observation],
    *,
    warm_up: int,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> PipelineTiming:
    """Walk frame after frame as fast as it goes.

    Args:
        frames: already in memory, or their reading is not measured.
        observe: the recogniser, challenge idle.
        warm_up: frames at the beginning that are walked and not counted: memory is got, caches are filled.
        clock: nanoseconds.
    """
    totals: list[float] = []
    stages: dict[Stage, list[float]] = {}
    halted: dict[str, int] = {}
    for number, frame in enumerate(frames):
        begun = clock()
        seen = observe(frame)
        spent = (clock() - begun) / 1e6
        if number < warm_up:
            continue
        if seen.halt is not None:
            halted[seen.halt.reason.value] = halted.get(seen.halt.reason.value, 0) + 1
            continue
        totals.append(spent)
        for stage, milliseconds in seen.stage_ms.items():
            stages.setdefault(stage, []).append(milliseconds)
    return PipelineTiming(
        Timing.of(totals) if totals else None,
        {stage: Timing.of(stages[stage]) for stage in Stage if stage in stages},
        halted,
    )


def lateness_ms(ticks_ns: Sequence[int], interval_ms: float) -> list[float]:
    """How much later than its interval each tick of a timer came, in milliseconds; early ones count as 0."""
    gaps = np.diff(np.asarray(ticks_ns, np.float64)) / 1e6 - interval_ms
    return [float(gap) for gap in np.maximum(gaps, 0.0)]


def resident_mb() -> float | None:
    """Resident memory of this process in MB (10^6 bytes); None where the system does not tell.

    On Linux the present size, on macOS the greatest so far.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    if sys.platform == "darwin":
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e6
    return None
