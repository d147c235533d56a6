"""Installs a pack beside the window: progress and outcome come back as signals.

A plain thread, as the camera has one: a download may hang in the network for as long as its time-out, and the program
must be able to end without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, Signal

from faceguard.domain.errors import FaceguardError
from faceguard.ui.desk_worker import BUG_SENTENCE

_log = logging.getLogger(__name__)

STOP_TIMEOUT_S: Final = 3.0


class Step(Protocol):
    """``models.installer.InstallStep``."""

    @property
    def doing(self) -> str:
        """In words."""

    @property
    def done(self) -> int:
        """Bytes."""

    @property
    def total(self) -> int:
        """Bytes."""


Install = Callable[[Callable[[Step], None], Callable[[], bool]], object]
"""Installs; tells its steps to the first, and asks the second whether to stop."""


class InstallWorker(QObject):
    """One installation at a time. Its methods are called, and its signals arrive, in the window's thread.

    Signals:
        progressed(str, str, int): pack, what is being done, thousandths of the download; only when one of them changed.
        installed(str): the pack.
        refused(str, FaceguardError): the pack, and why; also when it was cancelled.
    """

    progressed = Signal(str, str, int)
    installed = Signal(str)
    refused = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._silent = False

    @property
    def busy(self) -> bool:
        """An installation runs."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, pack_id: str, install: Install) -> bool:
        """Starts an installation; False while another one runs."""
        if self.busy or self._silent:
            return False
        self._cancelled.clear()
        self._thread = threading.Thread(target=self._run, args=(pack_id, install), name="install", daemon=True)
        self._thread.start()
        return True

    def cancel(self) -> None:
        """Asks the running installation to stop; ``refused`` says when it has."""
        self._cancelled.set()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Cancels, waits, and says nothing any more; False when the thread hangs in the network (logged)."""
        self._silent = True
        self._cancelled.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                _log.warning("the installation did not stop within %g s; it ends with the program", timeout_s)
                return False
        return True

    def _run(self, pack_id: str, install: Install) -> None:
        told: tuple[str, int] | None = None

        def progress(step: Step) -> None:
            nonlocal told
            now = step.doing, step.done * 1000 // max(1, step.total)
            if now != told and not self._silent:
                told = now
                self.progressed.emit(pack_id, *now)

        try:
            install(progress, self._cancelled.is_set)
        except FaceguardError as fault:
            if fault.detail:
                _log.warning("%s (%s)", fault.sentence, fault.detail)
            self._refuse(pack_id, fault)
        except Exception as bug:
            _log.exception("an installation failed")
            self._refuse(pack_id, FaceguardError(BUG_SENTENCE, f"{type(bug).__name__}: {bug}"))
        else:
            if not self._silent:
                self.installed.emit(pack_id)

    def _refuse(self, pack_id: str, fault: FaceguardError) -> None:
        if not self._silent:
            self.refused.emit(pack_id, fault)
