"""Camera thread and recognition thread of whatever judges the pictures: the door, or a liveness test."""

from __future__ import annotations

import logging
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from faceguard.camera.latest_frame import LatestFrame
from faceguard.camera.reader import CameraReader
from faceguard.camera.source import FrameSource
from faceguard.camera.watchdog import CameraState, CameraStatus
from faceguard.compose import House
from faceguard.domain.face import Frame
from faceguard.ui.worker import Guard, RecognitionWorker

log = logging.getLogger(__name__)

STOP_S = 5.0


class ClosableGuard(Guard, Protocol):
    """A guard that lets go, in the thread that used it, of what it opened there."""

    def close(self) -> None:
        """For good."""


class CameraWatch(QObject):
    """One camera, one worker; started and stopped once.

    Args:
        house: settings and clock.
        source: the camera, not opened yet.
        guard: judges the pictures; used and closed in the worker's thread.

    Signals:
        decided(Decision), observed(Observation): the worker's, but none that is still on its way when the watch was
            stopped: what a door said last must not stand there while it is shut.
    """

    decided = Signal(object)
    observed = Signal(object)
    _stopping = Signal()

    def __init__(self, house: House, source: FrameSource, guard: ClosableGuard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self.mailbox = LatestFrame()
        self._reader = CameraReader(
            source, self.mailbox, stall_ms=house.settings().whole("camera.stall_ms"), clock=house.clock
        )
        self._thread = QThread()
        self._thread.setObjectName("recognition")
        self.worker = RecognitionWorker(guard, self.mailbox.take, camera_fault=self._camera_fault, clock=house.clock)
        self.worker.moveToThread(self._thread)
        self._thread.started.connect(self.worker.start)
        self._thread.finished.connect(self.worker.deleteLater)
        self.worker.stopped.connect(guard.close, Qt.ConnectionType.DirectConnection)
        self.worker.stopped.connect(self._thread.quit, Qt.ConnectionType.DirectConnection)
        queued = Qt.ConnectionType.QueuedConnection
        self._stopping.connect(self.worker.stop, queued)
        self.worker.decided.connect(self._on_decided, queued)
        self.worker.observed.connect(self._on_observed, queued)
        self._stopped = False

    @property
    def camera(self) -> CameraState:
        """State of the camera now."""
        return self._reader.state

    def newest(self) -> Frame | None:
        """The newest frame, for the preview."""
        return self.mailbox.peek()

    def start(self) -> None:
        """Start both threads."""
        self._reader.start()
        self._thread.start()

    def stop(self) -> bool:
        """Stop both threads, close the guard; False when one of them did not end in time (logged)."""
        if self._stopped:
            return True
        self._stopped = True
        ended = True
        if self._thread.isRunning():
            self._stopping.emit()
            ended = self._thread.wait(int(STOP_S * 1000))
            if not ended:
                log.error("the recognition thread did not end within %.0f s", STOP_S)
        read = self._reader.stop(STOP_S)
        return ended and read

    @Slot(object)
    def _on_decided(self, decision: object) -> None:
        if not self._stopped:
            self.decided.emit(decision)

    @Slot(object)
    def _on_observed(self, observation: object) -> None:
        if not self._stopped:
            self.observed.emit(observation)

    def _camera_fault(self) -> str | None:
        state = self._reader.state
        if state.usable or state.status in (CameraStatus.CONNECTING, CameraStatus.ENDED):
            return None
        return state.sentence
