"""A liveness test before the running camera, in place of the door: no guard, no door output, nothing that opens."""

from __future__ import annotations

import logging
import time
from typing import Final

from PySide6.QtCore import QObject

from faceguard.app.camera_watch import CameraWatch
from faceguard.camera.source import FrameSource
from faceguard.compose import House
from faceguard.domain.decision import Hint, OutOfService, Pending
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.trial_bench import BenchReport, TrialBench
from faceguard.ui.worker import INTERNAL_ERROR

log = logging.getLogger(__name__)

RETRY_S: Final = 1.0
"""After a bench could not be built (network fault) it is tried again this often."""


class OwnBench:
    """Builds the bench at its first use, in the thread that uses it; speaks to the worker as the door's guard does.

    Nobody's PIN opens anything here, and neither people nor rules are handed over: each trial reads its own.
    """

    def __init__(self, house: House, camera: str) -> None:
        self._house = house
        self._camera = camera
        self._bench: TrialBench | None = None
        self._wanted: int | None = None
        self._cancelled = False
        self._fault: OutOfService | None = None
        self._tried_s = 0.0

    def ask_for_trial(self, number: int) -> None:
        """One trial with the next picture; from any thread."""
        self._wanted = number

    def cancel_trial(self) -> None:
        """What runs now is given up with the next picture; from any thread."""
        self._wanted = None
        self._cancelled = True

    def step(self, frame: Frame) -> BenchReport:
        """Look at the newest frame."""
        bench = self._bench or self._try_to_build()
        if bench is None:
            self._wanted = None
            return BenchReport(self._fault or OutOfService(INTERNAL_ERROR, self._house.clock()))
        if self._cancelled:
            self._cancelled = False
            bench.cancel()
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            bench.begin(wanted)
        return bench.step(frame)

    def fault(self, sentence: str) -> BenchReport:
        """There are no usable frames; a trial that runs or was asked for is not counted."""
        self._wanted = None
        if self._bench is None:
            if self._fault is None or self._fault.sentence != sentence:
                self._fault = OutOfService(sentence, self._house.clock())
            return BenchReport(self._fault)
        return self._bench.fault(sentence)

    def submit_pin(self, pin: str) -> BenchReport:
        """Nothing was asked."""
        return BenchReport(Pending(Hint.WAIT))

    def claim(self, subject_id: int, pin: str) -> BenchReport:
        """Nobody is let in while the camera is tested."""
        return BenchReport(Pending(Hint.WAIT))

    def cancel_pin(self) -> BenchReport:
        """Nothing was asked."""
        return BenchReport(Pending(Hint.WAIT))

    @property
    def shadow(self) -> None:
        """It decides about nobody."""
        return None

    def look_again(self) -> None:
        """Each trial reads the rules itself, and nobody is searched for."""

    def close(self) -> None:
        """Nothing was opened."""
        self._bench = None

    def _try_to_build(self) -> TrialBench | None:
        if self._fault is not None and time.monotonic() - self._tried_s < RETRY_S:
            return None
        self._tried_s = time.monotonic()
        try:
            self._bench = self._house.open_bench(self._camera)
        except Exception as error:
            log.exception("the liveness test cannot be set up")
            sentence = error.sentence if isinstance(error, FaceguardError) else INTERNAL_ERROR
            self._fault = OutOfService(sentence, self._house.clock())
            return None
        self._fault = None
        return self._bench


class TrialWay(CameraWatch):
    """The bench before one camera; ``worker.recorded`` carries each ``trial_bench.Judged``.

    Args:
        house: settings and networks.
        source: the camera, not opened yet.
    """

    def __init__(self, house: House, source: FrameSource, parent: QObject | None = None) -> None:
        bench = OwnBench(house, source.label)
        super().__init__(house, source, bench, parent)
        self._bench = bench

    def begin_trial(self, number: int) -> None:
        """One trial; its end comes by ``worker.recorded`` with this number, a fault by ``worker.decided``."""
        self._bench.ask_for_trial(number)

    def cancel_trial(self) -> None:
        """The trial that runs is given up, uncounted."""
        self._bench.cancel_trial()
