"""The desk's own thread: one blocking job at a time, answered in the window's thread.

The pages emit what a person wants; the composition root turns it into a job and hands the answer back to the page::

    worker.submit(lambda desk: desk.people(), page.set_people, page.show_refusal)

A job sees the desk and nothing of the window; an answer sees the window and nothing of the desk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import AlignedFace, DetectedFace, Frame
from faceguard.domain.observation import QualityAssessment
from faceguard.domain.score import Distance
from faceguard.domain.template import ConsentMeans, Embedding, Subject, TemplateSource

_log = logging.getLogger(__name__)

STOP_TIMEOUT_MS: Final = 3_000
BUG_SENTENCE: Final = "Something went wrong inside the program. Nothing was changed; the log says more."

T = TypeVar("T")


class PersonLike(Protocol):
    """One enrolled person, as the list shows it."""

    @property
    def subject(self) -> Subject:
        """Number, name, consent, whether a PIN is stored."""

    @property
    def templates(self) -> int:
        """Templates of the present encoder, or of any if there is none of it."""

    @property
    def enrolled_at(self) -> datetime:
        """UTC."""

    @property
    def ready(self) -> bool:
        """There is a template of the present encoder."""


class NeighbourLike(Protocol):
    """The enrolled person whose face is nearest to a new one."""

    @property
    def subject(self) -> Subject:
        """Who."""

    @property
    def distance(self) -> Distance:
        """Squared L2 between the two faces."""

    @property
    def too_near(self) -> bool:
        """Within tau: possibly the same person."""


class DraftLike(Protocol):
    """An examined photo that may be enrolled."""

    @property
    def photo(self) -> Frame:
        """The whole picture."""

    @property
    def face(self) -> DetectedFace:
        """The chosen face, in the photo's pixels."""

    @property
    def aligned(self) -> AlignedFace:
        """The crop that the encoder sees."""

    @property
    def quality(self) -> QualityAssessment:
        """All findings."""

    @property
    def embedding(self) -> Embedding:
        """f(x) of the crop."""

    @property
    def source(self) -> TemplateSource:
        """Photo file or camera."""

    @property
    def nearest(self) -> NeighbourLike | None:
        """None in an empty gallery."""


class DeskLike(Protocol):
    """What the window asks of a desk: blocking calls, used by one thread only."""

    def people(self) -> Sequence[PersonLike]:
        """Everybody who is enrolled."""

    def examine(self, path: Path, choose: int | None = None) -> DraftLike:
        """Reads a photo file; raises ``PhotoRefused``. ``choose`` is the index of one of several faces."""

    def examine_frame(self, frame: Frame) -> DraftLike:
        """The same for a picture of the door's camera."""

    def enrol(
        self, draft: Any, name: str, consent: ConsentMeans, *, number: int | None = None, accept_near: bool = False
    ) -> Subject:
        """Stores a person; raises ``EnrolmentRefused``."""

    def remove(self, subject_id: int) -> None:
        """Removes a person with templates and PIN."""

    def set_pin(self, subject_id: int, pin: str | None) -> None:
        """Sets or clears a person's PIN."""

    def settings(self) -> Sequence[Any]:
        """The rows of the settings table."""

    def get(self, key: str) -> Any:
        """A setting's value."""

    def set(self, key: str, value: Any) -> None:
        """Checks and stores a setting; raises ``SettingsFault`` or ``NotPermitted``."""

    def unlock(self, pin: str) -> None:
        """Opens what only the admin may change; raises ``NotPermitted``."""

    @property
    def locked(self) -> bool:
        """The admin's settings cannot be changed now."""

    def has_admin_pin(self) -> bool:
        """False at the first start only."""

    def set_admin_pin(self, pin: str) -> None:
        """Stores the admin PIN."""


class _Hands(QObject):
    """Lives in the desk's thread and does the jobs in the order in which they were given."""

    answered = Signal(int, object)
    refused = Signal(int, object)

    def __init__(self, make_desk: Callable[[], DeskLike]) -> None:
        super().__init__()
        self._make_desk = make_desk
        self._desk: DeskLike | None = None
        self.stopping = False

    @Slot(int, object)
    def do(self, ticket: int, job: Callable[[DeskLike], object]) -> None:
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
        close = getattr(self._desk, "close", None)
        self._desk = None
        if close is not None:
            try:
                close()
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

    def __init__(self, make_desk: Callable[[], DeskLike], parent: QObject | None = None) -> None:
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
        self, job: Callable[[DeskLike], T], done: Callable[[T], None], failed: Callable[[FaceguardError], None]
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
