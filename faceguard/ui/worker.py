"""Recognition off the window's thread: newest frame in, decisions out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from faceguard.domain.decision import Decision, OutOfService, Pending
from faceguard.domain.face import Frame
from faceguard.domain.observation import Observation

log = logging.getLogger(__name__)

POLL_MS: Final = 8
"""A quarter of a frame at 30 fps: how late a frame can be noticed."""
INTERNAL_ERROR: Final = "An internal error occurred; see the log."


class Report(Protocol):
    """``guard.GuardReport``."""

    @property
    def decision(self) -> Decision:
        """The decision that stands."""

    @property
    def observation(self) -> Observation | None:
        """Of the frame, None without one."""

    @property
    def event(self) -> object | None:
        """What was written to the event log with this step."""

    @property
    def notice(self) -> str:
        """Something the operator should know though the decision stands."""


class Guard(Protocol):
    """``guard.Guard``: the walk of one frame, without Qt. Known faults come back as decisions."""

    @property
    def shadow(self) -> bool | None:
        """Nothing opens; None while that is not known."""

    def step(self, frame: Frame) -> Report:
        """Judge the newest frame."""

    def fault(self, sentence: str) -> Report:
        """There are no usable frames."""

    def submit_pin(self, pin: str) -> Report:
        """The PIN that answers an Ask."""

    def claim(self, subject_id: int, pin: str) -> Report:
        """Number and PIN before the face."""

    def cancel_pin(self) -> Report:
        """The person gave up."""

    def look_again(self) -> None:
        """People or rules were changed; the guard reads them itself, with the next frame."""


class RecognitionWorker(QObject):
    """Lives in a QThread.

    The app connects ``thread.started`` to ``start``, a signal of its own to ``stop``, ``stopped`` to ``thread.quit``
    *directly* (a queued quit would never arrive while the app waits for the thread), and ``thread.finished`` to
    ``deleteLater``.

    Args:
        guard: the door; called in the worker's thread only.
        take: the mailbox's ``take``: the newest frame with a number above the given one, or None; never blocks.
        camera_fault: one sentence while there are no usable frames, else None; None when the camera cannot fail.
        clock: monotonic nanoseconds.

    Signals:
        shadowed(bool): whether nothing opens from now on, by the rules of the guard; told before what they decide.
        decided(Decision): whenever it is another one; the same standing verdict is told once.
        claim_answered(Decision): what became of a number and PIN.
        observed(Observation): of every judged frame, for the box over the preview.
        recorded(AuditEvent): an event that was written.
        noticed(str): a sentence for the operator, e.g. about a relay that does not answer.
        faulted(str): a bug was caught; the door is out of service until a step succeeds.
        stopped(): the timer is gone, nothing more will come.
    """

    shadowed = Signal(bool)
    decided = Signal(object)
    claim_answered = Signal(object)
    observed = Signal(object)
    recorded = Signal(object)
    noticed = Signal(str)
    faulted = Signal(str)
    stopped = Signal()

    def __init__(
        self,
        guard: Guard,
        take: Callable[[int], Frame | None],
        *,
        camera_fault: Callable[[], str | None] | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        super().__init__()
        self._guard = guard
        self._take = take
        self._camera_fault = camera_fault
        self._clock = clock
        self._timer: QTimer | None = None
        self._sequence = -1
        self._told: Decision | None = None
        self._shadow: bool | None = None

    @Slot()
    def start(self) -> None:
        """Begins to look for frames; the timer is made here because it belongs to the worker's thread."""
        if self._timer is None:
            self._timer = QTimer(self)
            self._timer.setTimerType(Qt.TimerType.PreciseTimer)
            self._timer.setInterval(POLL_MS)
            self._timer.timeout.connect(self._step)
            self._timer.start()

    @Slot()
    def stop(self) -> None:
        """Ends the timer; called through a queued connection so that it runs in the worker's thread."""
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
        self.stopped.emit()

    @Slot(str)
    def submit_pin(self, pin: str) -> None:
        """The PIN that answers an Ask."""
        self._guarded(lambda: self._guard.submit_pin(pin))

    @Slot(int, str)
    def claim(self, subject_id: int, pin: str) -> None:
        """A person's number and PIN, before the face."""
        decision = self._guarded(lambda: self._guard.claim(subject_id, pin), tell=False)
        self.claim_answered.emit(decision)

    @Slot()
    def cancel_pin(self) -> None:
        """The PIN entry was given up."""
        self._guarded(self._guard.cancel_pin)

    @Slot()
    def look_again(self) -> None:
        """People or rules were changed."""
        self._guard.look_again()

    @Slot()
    def _step(self) -> None:
        sentence = self._camera_fault() if self._camera_fault is not None else None
        if sentence is not None:
            self._guarded(lambda: self._guard.fault(sentence))
            return
        frame = self._take(self._sequence)
        if frame is not None:
            self._sequence = frame.sequence
            self._guarded(lambda: self._guard.step(frame))

    def _guarded(self, call: Callable[[], Report], *, tell: bool = True) -> Decision:
        """One call of the guard; a bug in it shuts the door instead of ending the thread."""
        try:
            report = call()
        except Exception as error:
            log.exception("the recognition step failed")
            since_ns = self._told.since_ns if isinstance(self._told, OutOfService) else self._clock()
            fault = OutOfService(INTERNAL_ERROR, since_ns)
            if self._told != fault:
                self.faulted.emit(f"{type(error).__name__}: {error}")
            self._tell(fault)
            return fault
        shadow = self._guard.shadow
        if shadow is not None and shadow != self._shadow:
            self._shadow = shadow
            self.shadowed.emit(shadow)
        if report.observation is not None:
            self.observed.emit(report.observation)
        if report.event is not None:
            self.recorded.emit(report.event)
        if report.notice:
            self.noticed.emit(report.notice)
        if tell:
            self._tell(report.decision)
        return report.decision

    def _tell(self, decision: Decision) -> None:
        # a standing verdict is the same object; two equal refusals one after the other are two events
        repeated = decision is self._told or (isinstance(decision, Pending | OutOfService) and decision == self._told)
        if not repeated:
            self._told = decision
            self.decided.emit(decision)
