"""Composition root of the window: what ``compose`` builds, put behind what ``ui`` shows; owns every thread."""

from __future__ import annotations

import logging
import signal
import sys
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from faceguard import environment
from faceguard.app.desktop import Desktop
from faceguard.app.kiosk import Kiosk
from faceguard.app.screen import log_qt_messages, require_screen
from faceguard.compose import House
from faceguard.domain.errors import FaceguardError
from faceguard.ui.theme import Scheme, apply_theme

log = logging.getLogger(__name__)

BUG = "An internal error occurred; see the log, and start the program again."
SIGNAL_POLL_MS = 200
"""Python sees a signal only when it gets to run; Qt's loop lets it this often."""


def application(scheme: Scheme = Scheme.SYSTEM) -> QApplication:
    """The one QApplication of the process, styled before any widget is made."""
    environment.forget_opencv_qt()
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("faceguard")
    app.setQuitOnLastWindowClosed(True)
    apply_theme(app, scheme)
    return app


def run_desktop(house: House, source: str | None, fps: float | None) -> None:
    """Open the desktop window; returns when it is closed.

    Raises:
        FaceguardError: there is no screen, or the settings cannot be read.
    """
    require_screen()
    log_qt_messages()
    app = application(Scheme(house.settings().text("window.theme")))
    desktop = Desktop(house, lambda: house.open_source(source, fps=fps))
    desktop.window.show()
    desktop.start()
    _run(app, desktop)


def run_kiosk(house: House, source: str | None, fps: float | None) -> None:
    """Run the door full screen; returns when it was left with the admin PIN.

    Raises:
        FaceguardError: there is no screen.
    """
    require_screen()
    log_qt_messages()
    app = application(Scheme.DARK)
    try:
        house.settings()
    except FaceguardError as error:
        kiosk = Kiosk.out_of_service(house, error.sentence)
    else:
        kiosk = Kiosk(house, lambda: house.open_source(source, fps=fps))
    kiosk.window.showFullScreen()
    kiosk.start()
    _run(app, kiosk)


def _run(app: QApplication, running: Desktop | Kiosk) -> None:
    handlers = {number: signal.signal(number, lambda *_: app.exit(0)) for number in (signal.SIGINT, signal.SIGTERM)}
    poll = QTimer()
    poll.timeout.connect(_let_python_run)
    poll.start(SIGNAL_POLL_MS)
    before, sys.excepthook = sys.excepthook, _ShutDoor(running)
    try:
        app.exec()
    finally:
        sys.excepthook = before
        for number, handler in handlers.items():
            signal.signal(number, handler)
        poll.stop()
        running.stop()


class _ShutDoor:
    """What happens to a bug in the window's thread: the log has the trace, and the door is shut until a restart."""

    def __init__(self, running: Desktop | Kiosk) -> None:
        self._running = running

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """As ``sys.excepthook``."""
        log.critical("a bug in the window", exc_info=(kind, error, trace))
        self._running.shut_door(BUG)


def _let_python_run() -> None:
    """Nothing to do: that Python code runs at all is the point."""
