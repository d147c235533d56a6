"""The desk's own thread: one blocking job at a time, answered in the window's thread.

The pages emit what a person wants; the composition root turns it into a job and hands the answer back to the page::

    worker.submit(lambda desk: desk.people(), page.set_people, page.show_refusal)

A job sees the desk and nothing of the window; an answer sees the window and nothing of the desk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from faceguard.domain.errors import FaceguardError

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.desk import Desk

_log = logging.getLogger(__name__)

STOP_TIMEOUT_MS: Final = 20_000
BUG_SENTENCE: Final = "Something went wrong inside the program. Nothing was changed; the log says more."

T = TypeVar("T")


class _Hands(QObject):
    """Lives in the desk's thread and does the jobs in the order in which they were given."""

    answered = Signal(int, object)
    refused = Signal(int, object)

    def __init__(self, make_desk: Callable[[], Desk]) -> None:
        super().__init__()
        self._make_desk = make_desk
        self._desk: Desk | None = None
        self.stopping = False

    @Slot(int, object)
    def do(self, ticket: int, job: Callable[[Desk], object]) -> None:
        """Does one job; known faults and bugs come back as one sentence, and the thread lives on."""
        if self.stopping:
            return
        try:
            if self._desk is None:  # tried again at each job: a database that was locked may be free by now
                self._desk = self._make_desk()
            answer = job(self._desk)
        except FaceguardError as fault:
            if fault.detail:
                _log.warning("%s (%s)", fault.sentence, fault.detail)
            self.refused.emit(ticket, fault)
        except Exception as bug:
            _log.exception("a job at the desk failed")
            self.refused.emit(ticket, FaceguardError(BUG_SENTENCE, f"{type(bug).__name__}: {bug}"))
        else:
            self.answered.emit(ticket, answer)

    @Slot()
    def leave(self) -> None:
        """Closes the desk in the thread that made it, and ends the thread."""
        desk, self._desk = self._desk, None
        if desk is not None:
            try:
                desk.close()
            except Exception:
                _log.exception("the desk did not close")
        self.thread().quit()


class DeskWorker(QObject):
    """Owns the desk's thread. All its methods are called, and all answers arrive, in the window's thread.

    Args:
        make_desk: makes the Desk; called in the desk's thread, before the first job. When it raises, the job that
            wanted the desk is refused with its sentence and the next job tries again.

    Signals:
        busy_changed(bool): the first job was given, or the last one answered.
    """

    busy_changed = Signal(bool)
    _job_given = Signal(int, object)
    _leaving = Signal()

    def __init__(self, make_desk: Callable[[], Desk], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = QThread(self)
        self._thread.setObjectName("desk")
        self._hands = _Hands(make_desk)
        self._hands.moveToThread(self._thread)
        self._job_given.connect(self._hands.do, Qt.ConnectionType.QueuedConnection)
        self._leaving.connect(self._hands.leave, Qt.ConnectionType.QueuedConnection)
        self._hands.answered.connect(self._on_answered)
        self._hands.refused.connect(self._on_refused)
        self._thread.finished.connect(self._hands.deleteLater)
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[FaceguardError], None]]] = {}
        self._ticket = 0
        self._stopped = False

    @property
    def busy(self) -> bool:
        """A job has been given and is not answered yet."""
        return bool(self._waiting)

    def start(self) -> None:
        """Starts the thread; jobs may be given before."""
        self._thread.start()

    def submit(
        self, job: Callable[[Desk], T], done: Callable[[T], None], failed: Callable[[FaceguardError], None]
    ) -> None:
        """Queues a job.

        Args:
            job: runs in the desk's thread; touches no widget.
            done: gets the job's answer, in the window's thread.
            failed: gets the fault, in the window's thread; a bug arrives as a ``FaceguardError`` with one sentence,
                its trace is in the log.

        After ``stop`` neither is called.
        """
        if self._stopped:
            return
        self._ticket += 1
        self._waiting[self._ticket] = (done, failed)
        if len(self._waiting) == 1:
            self.busy_changed.emit(True)
        self._job_given.emit(self._ticket, job)

    def stop(self, timeout_ms: int = STOP_TIMEOUT_MS) -> bool:
        """Finishes the running job, drops the queued ones and their answers, closes the desk, ends the thread.

        Returns:
            False when the thread did not end in time (logged, never terminated).
        """
        if self._stopped:
            return self._thread.wait(0) if self._thread.isRunning() else True
        self._stopped = True
        self._waiting.clear()
        if not self._thread.isRunning():
            return True
        self._hands.stopping = True
        self._leaving.emit()
        if not self._thread.wait(timeout_ms):
            _log.error("the desk's thread did not end within %d ms", timeout_ms)
            return False
        return True

    @Slot(int, object)
    def _on_answered(self, ticket: int, answer: object) -> None:
        if (waiting := self._take(ticket)) is not None:
            waiting[0](answer)

    @Slot(int, object)
    def _on_refused(self, ticket: int, fault: FaceguardError) -> None:
        if (waiting := self._take(ticket)) is not None:
            waiting[1](fault)

    def _take(self, ticket: int) -> tuple[Callable[[Any], None], Callable[[FaceguardError], None]] | None:
        waiting = self._waiting.pop(ticket, None)
        if waiting is not None and not self._waiting:
            self.busy_changed.emit(False)
        return waiting
