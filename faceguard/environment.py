"""Process environment that has to stand before the native libraries are loaded; standard library only.

``faceguard/__init__.py`` calls ``prepare``, so that it has run before any module of this program can import numpy,
OpenCV or onnxruntime, however the process was started: command line, worker, test or somebody's notebook.
"""

from __future__ import annotations

import os
from typing import Final

_SETTLED: Final = {
    # onnxruntime's official builds upload usage events and write a database below ~/.cache unless this stands before
    # its import; its own switch comes too late for the files.
    "ORT_DISABLE_TELEMETRY": "1",
}
_DEFAULTS: Final = {
    # A pool of BLAS threads beside the recognition thread makes a small matrix product hundreds of times slower on
    # a busy machine with few cores.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # What fails is told in the program's own sentences, not on stderr.
    "OPENCV_LOG_LEVEL": "SILENT",
    # Seconds that a V4L2 camera may be silent before a read gives up; OpenCV's own 10 would delay every recovery.
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",
}
_OPENCV_QT: Final = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")

_own_qt: dict[str, str | None] | None = None


def prepare() -> None:
    """Sets what must stand before the imports; a variable that the caller set wins, except against telemetry."""
    global _own_qt
    os.environ.update(_SETTLED)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if _own_qt is None:
        _own_qt = {name: os.environ.get(name) for name in _OPENCV_QT}


def forget_opencv_qt() -> None:
    """Puts the Qt variables back to what they were before OpenCV.

    On import cv2 points them to its own Qt 5 plugins, where this program's Qt 6 would look in vain. Call it after
    the imports and before the QApplication is made.
    """
    for name in _OPENCV_QT:
        value = os.environ.get(name)
        if value is None or "cv2" not in value:
            continue
        before = (_own_qt or {}).get(name)
        if before is None or "cv2" in before:
            del os.environ[name]
        else:
            os.environ[name] = before
