"""The admin's rights, opened and closed on any page that has an admin's part, and shown on all of them."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from faceguard.domain.errors import FaceguardError
from faceguard.ui.desk_worker import DeskWorker

log = logging.getLogger(__name__)

LOCK_POLL_MS = 2_000
"""How soon the pages notice that the admin's two minutes are over."""


class LockedPage(Protocol):
    """A page with an admin's part."""

    unlock_requested: Any
    lock_requested: Any

    @property
    def locked(self) -> bool:
        """The admin's part is closed."""

    def set_locked(self, locked: bool) -> None:
        """Close or open the admin's part."""

    def show_unlock_refusal(self, fault: FaceguardError | str) -> None:
        """The PIN was not right."""


class RoleLink(QObject):
    """Answers what pages ask about the admin's rights.

    Args:
        desk: has the rights.
        pages: show them.

    Signals:
        role_changed(bool): the admin's rights are open now.
    """

    role_changed = Signal(bool)

    def __init__(self, desk: DeskWorker, pages: tuple[LockedPage, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._pages = pages
        self._asking: LockedPage | None = None
        for page in pages:
            page.unlock_requested.connect(self._unlock)
            page.lock_requested.connect(self._lock)
        self._timer = QTimer(self)
        self._timer.setInterval(LOCK_POLL_MS)
        self._timer.timeout.connect(self._look)

    def stop(self) -> None:
        """No more questions to the desk."""
        self._timer.stop()

    @Slot()
    def ended(self) -> None:
        """The admin's rights were found closed."""
        self._show(False)

    @Slot(str)
    def _unlock(self, pin: str) -> None:
        asking: object = self.sender()
        self._asking = next((page for page in self._pages if page is asking), None)
        self._desk.submit(lambda desk: desk.unlock(pin), self._on_unlocked, self._on_refused)

    def _on_unlocked(self, _answer: None) -> None:
        self._show(True)

    def _on_refused(self, error: FaceguardError) -> None:
        for page in self._pages if self._asking is None else (self._asking,):
            page.show_unlock_refusal(error)

    @Slot()
    def _lock(self) -> None:
        self._desk.submit(lambda desk: desk.lock(), self._on_locked, self._ignore)

    def _on_locked(self, _answer: None) -> None:
        self._show(False)

    @Slot()
    def _look(self) -> None:
        if not self._desk.busy:
            self._desk.submit(lambda desk: desk.locked, self._on_lock_known, self._ignore)

    def _on_lock_known(self, locked: bool) -> None:
        if locked:
            self._show(False)

    def _show(self, admin: bool) -> None:
        for page in self._pages:
            page.set_locked(not admin)
        if admin:
            self._timer.start()
        else:
            self._timer.stop()
        self.role_changed.emit(admin)

    def _ignore(self, error: FaceguardError) -> None:
        log.error("%s (%s)", error.sentence, error.detail)
