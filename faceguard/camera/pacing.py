"""When the next frame of a recording is due."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from faceguard.domain.errors import CameraFault

SLOWEST_FPS: Final = 1.0
"""The longest pause between frames is then one second, and so is the wait for a reader that is to stop."""
FASTEST_FPS: Final = 240.0
NS_PER_S: Final = 1_000_000_000
LATE_NS: Final = NS_PER_S
"""A recording that fell behind by more than this goes on from here instead of racing to catch up."""


class Pace:
    """Gives each frame of a recording its capture time.

    Paced, a frame is held back until it is due and carries the time of the clock, as from a camera. Unpaced, for
    judging a file offline, nothing waits and the times advance by ``1 / fps``, so that all rules of time see the
    recording as it was taken.

    Args:
        fps: frames per second.
        paced: wait for each frame.
        clock: monotonic nanoseconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        fps: float,
        *,
        paced: bool,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._step_ns = NS_PER_S / checked_fps(fps)
        self._paced = paced
        self._clock = clock
        self._sleep = sleep
        self._start_ns = clock()
        self._frames = 0

    def next_ns(self) -> int:
        """Capture time of the next frame in monotonic nanoseconds; waits for it when paced."""
        due_ns = self._start_ns + round(self._frames * self._step_ns)
        self._frames += 1
        if not self._paced:
            return due_ns
        now_ns = self._clock()
        if now_ns < due_ns:
            self._sleep((due_ns - now_ns) / NS_PER_S)
            return max(due_ns, self._clock())
        if now_ns - due_ns > LATE_NS:
            self._start_ns, self._frames = now_ns, 1
        return now_ns


def checked_fps(fps: float) -> float:
    """The rate itself.

    Raises:
        CameraFault: not a number from 1 to 240.
    """
    if not (math.isfinite(fps) and SLOWEST_FPS <= fps <= FASTEST_FPS):
        raise CameraFault(f"A rate of {fps:g} frames per second is not possible; choose one from 1 to 240.")
    return float(fps)
