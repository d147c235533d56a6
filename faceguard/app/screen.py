"""What has to be true before Qt is started, because Qt itself ends the process when it is not."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from collections.abc import Mapping

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from faceguard.domain.errors import FaceguardError

log = logging.getLogger("faceguard.qt")

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def require_screen(environment: Mapping[str, str] = os.environ) -> None:
    """Raises ``FaceguardError`` when there is no screen to open a window on."""
    if not sys.platform.startswith("linux") or environment.get("QT_QPA_PLATFORM") or environment.get("WAYLAND_DISPLAY"):
        return
    display = environment.get("DISPLAY")
    if not display:
        raise FaceguardError("There is no screen (DISPLAY is not set); use faceguard run --headless.")
    if not _answers(display):
        raise FaceguardError(
            f"The screen {display} does not answer (DISPLAY names it); use faceguard run --headless, or faceguard demo."
        )


def _answers(display: str) -> bool:
    """The X server takes a connection; True also where libxcb cannot be asked."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(display.encode(), None)
    try:
        return bool(xcb.xcb_connection_has_error(connection) == 0)
    finally:
        xcb.xcb_disconnect(connection)


def log_qt_messages() -> None:
    """Qt's own messages go to the log, not to people."""
    qInstallMessageHandler(_log)


def _log(kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
    log.log(LEVELS.get(kind, logging.WARNING), "%s", message)
