"""The door's own guard before one camera, and what it tells the window."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack

from PySide6.QtCore import QObject, Qt, Signal

from faceguard.app.camera_watch import CameraWatch
from faceguard.camera.source import FrameSource
from faceguard.compose import House
from faceguard.domain.decision import OutOfService
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.guard import Guard, GuardReport
from faceguard.ui.worker import INTERNAL_ERROR

log = logging.getLogger(__name__)

RETRY_S = 1.0
"""After a guard could not be built (network or database fault) it is tried again this often."""
TEST_S = 2.0
"""A test pulse that could not be given within this time is not given: nobody waits at the door for it any more."""


class OwnGuard:
    """Builds the guard at its first use, in the thread that uses it: a database connection belongs to one thread.

    A fault while building is a closed door that says why, and is tried again: recovery is visible.
    """

    def __init__(self, house: House, on_test: Callable[[bool, str], None]) -> None:
        self._house = house
        self._on_test = on_test
        self._test_asked_s: float | None = None
        self._guard: Guard | None = None
        self._opened = ExitStack()
        self._closed = False
        self._fault: OutOfService | None = None
        self._tried_s = 0.0

    def step(self, frame: Frame) -> GuardReport:
        """Judge the newest frame."""
        return self._with(lambda guard: guard.step(frame))

    def fault(self, sentence: str) -> GuardReport:
        """There are no usable frames."""
        return self._with(lambda guard: guard.fault(sentence))

    def submit_pin(self, pin: str) -> GuardReport:
        """The PIN that answers an Ask."""
        return self._with(lambda guard: guard.submit_pin(pin))

    def claim(self, subject_id: int, pin: str) -> GuardReport:
        """Number and PIN before the face."""
        return self._with(lambda guard: guard.claim(subject_id, pin))

    def cancel_pin(self) -> GuardReport:
        """The person gave up."""
        return self._with(lambda guard: guard.cancel_pin())

    def look_again(self) -> None:
        """The rules were changed: the guard reads them with the next frame. The window does not say what they are."""
        if self._guard is not None:
            self._guard.look_again()

    @property
    def shadow(self) -> bool | None:
        """Nothing opens, by the rules of the guard; None while there is none."""
        return None if self._guard is None else self._guard.shadow

    def ask_for_test(self) -> None:
        """One pulse of the door output with the next step, which owns it; from any thread."""
        self._test_asked_s = time.monotonic()

    def _test(self, asked_s: float) -> None:
        if self._guard is None:
            self._on_test(False, self._fault.sentence if self._fault is not None else "The door output is not open.")
            return
        if time.monotonic() - asked_s > TEST_S:
            self._on_test(False, "The door was busy or without a camera; nothing was tested. Try again.")
            return
        try:
            self._guard.test_door()
        except FaceguardError as error:
            self._on_test(False, error.sentence)
        else:
            self._on_test(True, "The door output was energised for one pulse.")

    def close(self) -> None:
        """Lock the door and let the database go, for good; in the thread that used the guard."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        self._guard = None
        self._opened.close()

    def _with(self, use: Callable[[Guard], GuardReport]) -> GuardReport:
        guard = self._guard or self._try_to_build()
        asked_s, self._test_asked_s = self._test_asked_s, None
        if asked_s is not None:
            self._test(asked_s)
        return use(guard) if guard is not None else GuardReport(self._fault or self._out_of_service(INTERNAL_ERROR))

    def _try_to_build(self) -> Guard | None:
        """The guard, or None and the fault that says why not."""
        if self._closed:
            self._fault = self._out_of_service("This door is closed.")
            return None
        if self._fault is not None and time.monotonic() - self._tried_s < RETRY_S:
            return None
        self._tried_s = time.monotonic()
        try:
            self._guard = self._build()
        except Exception as error:
            self._let_go()
            before, self._fault = (
                self._fault,
                self._out_of_service(error.sentence if isinstance(error, FaceguardError) else INTERNAL_ERROR),
            )
            if self._fault is not before:
                log.exception("the door cannot be set up")
            return None
        self._fault = None
        return self._guard

    def _out_of_service(self, sentence: str) -> OutOfService:
        """The fault that stands already, if it is the same one."""
        if self._fault is not None and self._fault.sentence == sentence:
            return self._fault
        return OutOfService(sentence, self._house.clock())

    def _build(self) -> Guard:
        database = self._opened.enter_context(self._house.database())
        pins = self._house.pin_thread()
        self._opened.callback(pins.close)
        door = self._house.door_output()
        self._opened.callback(door.close)  # the last one in is the first one out: locked before anything is waited for
        door.open()
        return self._house.open_guard(database, pins, door)


class Doorway(CameraWatch):
    """The door before one camera; started and stopped once. A change of camera makes a new doorway.

    Args:
        house: settings, people, networks.
        source: the camera, not opened yet.

    Signals:
        pin_entered(str), claim_entered(int, str), cancelled(): to the worker.
        rules_changed(): to the worker, which reads them where they are stored.
        door_tested(bool, str): whether the test pulse went well, and a sentence.
    """

    pin_entered = Signal(str)
    claim_entered = Signal(int, str)
    cancelled = Signal()
    rules_changed = Signal()
    door_tested = Signal(bool, str)

    def __init__(self, house: House, source: FrameSource, parent: QObject | None = None) -> None:
        guard = OwnGuard(house, self._on_tested)
        super().__init__(house, source, guard, parent)
        self._guard = guard
        queued = Qt.ConnectionType.QueuedConnection
        self.pin_entered.connect(self.worker.submit_pin, queued)
        self.claim_entered.connect(self.worker.claim, queued)
        self.cancelled.connect(self.worker.cancel_pin, queued)
        self.rules_changed.connect(self.worker.look_again, queued)

    def test_door(self) -> None:
        """One pulse of the door output; answered by ``door_tested``."""
        self._guard.ask_for_test()

    def _on_tested(self, good: bool, sentence: str) -> None:
        """In the worker's thread; a signal may be emitted from there."""
        self.door_tested.emit(good, sentence)
