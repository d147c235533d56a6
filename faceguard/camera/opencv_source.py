"""Webcams, network streams and video files, all through OpenCV."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.pacing import FASTEST_FPS, SLOWEST_FPS, Pace, checked_fps
from faceguard.domain.errors import CameraFault
from faceguard.domain.face import Frame

STREAM_TIMEOUT_MS: Final = 3_000
"""OpenCV's own limit for a silent stream is 30 s; a door notices sooner."""
STREAM_SCHEMES: Final = ("rtsp", "rtsps", "http", "https")
FILE_FPS: Final = 25.0
"""For a video file that does not say how fast it is."""


_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d+)?")


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def open(self, name: int | str, backend: int, params: Sequence[int], /) -> bool:
        """False when it is not there."""
        ...

    def set(self, prop: int, value: float, /) -> bool:
        """Asks for a property; the device may answer with another value."""
        ...

    def get(self, prop: int, /) -> float:
        """A property; 0 when unknown."""
        ...

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """(False, None) at the end, on loss and after the time-out."""
        ...

    def release(self) -> None:
        """Lets the device go."""
        ...


def _new_capture() -> Capture:
    """A ``cv2.VideoCapture`` that keeps its messages, among them URLs with passwords, off the terminal.

    Every failure is reported by ``CameraFault``. FFmpeg reads the variable when its first stream is opened.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cast(Capture, cv2.VideoCapture())  # its many overloads hide that it fits


class _OpenCvSource:
    """What the three kinds have in common: one ``Capture``, and frames checked before they leave."""

    simulated = False

    def __init__(self, label: str, clock: Callable[[], int], new_capture: Callable[[], Capture]) -> None:
        self._label = label
        self._clock = clock
        self._new_capture = new_capture
        self._capture: Capture | None = None
        self._sequence = 0

    @property
    def label(self) -> str:
        """Words for the status strip."""
        return self._label

    def close(self) -> None:
        """Releases the capture."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _open(self, name: int | str, backend: int, params: Sequence[int], refusal: CameraFault) -> Capture:
        self.close()
        capture = self._new_capture()
        try:
            opened = capture.open(name, backend, params)
        except cv2.error:
            opened = False  # its message may hold the URL, so it goes nowhere
        if not opened:
            capture.release()
            raise refusal
        self._capture = capture
        return capture

    def _grab(self) -> NDArray[np.uint8] | None:
        """(H, W, 3) uint8 BGR; None when nothing came.

        Raises:
            CameraFault: not opened, or pictures that are none.
        """
        if self._capture is None:
            raise CameraFault(f"{_capital(self._label)} was not opened.")
        try:
            there, pixels = self._capture.read()
        except cv2.error:
            return None
        return self._as_bgr(pixels) if there and pixels is not None else None

    def _as_bgr(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if pixels.dtype == np.uint8 and pixels.size and pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
        elif pixels.dtype == np.uint8 and pixels.size and pixels.ndim == 3 and pixels.shape[2] in (1, 4):
            pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.ascontiguousarray(pixels[:, :, :3])
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            kind = f"{pixels.dtype} {pixels.shape}"
            raise CameraFault(f"{_capital(self._label)} sends pictures of an unknown kind; choose another mode.", kind)
        pixels.flags.writeable = False
        return pixels

    def _frame(self, pixels: NDArray[np.uint8], captured_ns: int) -> Frame:
        self._sequence += 1
        return Frame(pixels, captured_ns, self._sequence)


class WebcamSource(_OpenCvSource):
    """A camera of this computer: V4L2 on Linux, DirectShow on Windows, AVFoundation on macOS.

    Args:
        device: its number, or on Linux its path.
        fps, width, height: asked for; the device may choose its nearest mode.
        clock: monotonic nanoseconds.
        platform: as ``sys.platform``.
        new_capture: makes an unopened capture.
    """

    def __init__(
        self,
        device: int | str,
        *,
        fps: float | None,
        width: int,
        height: int,
        clock: Callable[[], int] = time.monotonic_ns,
        platform: str = sys.platform,
        new_capture: Callable[[], Capture] = _new_capture,
    ) -> None:
        super().__init__(f"camera {device}", clock, new_capture)
        self._device = device
        self._wanted: list[tuple[int, float]] = [
            (cv2.CAP_PROP_FRAME_WIDTH, width),
            (cv2.CAP_PROP_FRAME_HEIGHT, height),
        ]
        if fps is not None:
            self._wanted.append((cv2.CAP_PROP_FPS, checked_fps(fps)))
        self._platform = platform

    def open(self) -> None:
        """Opens the device and asks for size and rate.

        Raises:
            CameraFault: missing, forbidden, or in use.
        """
        capture = self._open(self._device, device_backend(self._platform), [], self._refusal())
        for prop, value in self._wanted:
            capture.set(prop, value)

    def read(self) -> Frame:
        """The next picture, as soon as the camera has it.

        Raises:
            CameraFault: unplugged or silent.
        """
        pixels = self._grab()
        if pixels is None:
            raise CameraFault(f"{_capital(self.label)} was lost; check its cable.")
        return self._frame(pixels, self._clock())

    def _refusal(self) -> CameraFault:
        device = self._device
        if self._platform.startswith("linux"):
            path = f"/dev/video{device}" if isinstance(device, int) else device
            if not os.path.exists(path):
                return CameraFault(f"There is no {self.label}; plug it in or choose another one.")
            if not os.access(path, os.R_OK | os.W_OK):
                return CameraFault(f'This account may not use {self.label}; add it to the group "video".')
        return CameraFault(
            f"{_capital(self.label)} cannot be opened; plug it in, close other programs that use it, "
            "and see that the system lets this program use cameras."
        )


class StreamSource(_OpenCvSource):
    """A network camera, RTSP or HTTP, through FFmpeg.

    Args:
        url: may hold a user name and password; they appear in no label, message or log.
        timeout_ms: for opening and for each read; a silent stream is lost after this long.
        clock: monotonic nanoseconds.
        new_capture: makes an unopened capture.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_ms: int = STREAM_TIMEOUT_MS,
        clock: Callable[[], int] = time.monotonic_ns,
        new_capture: Callable[[], Capture] = _new_capture,
    ) -> None:
        super().__init__(stream_label(url), clock, new_capture)
        self._url = url
        self._timeout_ms = timeout_ms

    def open(self) -> None:
        """Connects.

        Raises:
            CameraFault: no answer, refused, or no video.
        """
        refusal = CameraFault(f"The {self.label} does not answer; check its address, password and network.")
        # Set after opening, the limits would have no effect on the opening itself.
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._timeout_ms]
        self._open(self._url, cv2.CAP_FFMPEG, limits, refusal)

    def read(self) -> Frame:
        """The next picture.

        Raises:
            CameraFault: the stream broke off or was silent too long; OpenCV needs it opened anew.
        """
        pixels = self._grab()
        if pixels is None:
            raise CameraFault(f"The {self.label} broke off; check the network and the camera's power.")
        return self._frame(pixels, self._clock())


class VideoFileSource(_OpenCvSource):
    """A recorded video, played at its own rate or at ``fps``.

    Args:
        path: the file.
        fps: frames per second; None for the file's own.
        paced: hold each frame back until it is due; otherwise only the capture times advance.
        clock: monotonic nanoseconds.
        sleep: waits so many seconds.
        new_capture: makes an unopened capture.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: float | None = None,
        paced: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
        new_capture: Callable[[], Capture] = _new_capture,
    ) -> None:
        super().__init__(f"the video {path.name}", clock, new_capture)
        self._path = path
        self._fps = None if fps is None else checked_fps(fps)
        self._paced = paced
        self._sleep = sleep
        self._pace: Pace | None = None
        self._seen = False

    def open(self) -> None:
        """Opens the file at its beginning.

        Raises:
            CameraFault: missing, or not a video.
        """
        if not self._path.is_file():
            raise CameraFault(f'There is no video "{self._path}"; check its name and folder.')
        capture = self._open(str(self._path), cv2.CAP_FFMPEG, [], self._not_a_video())
        own = capture.get(cv2.CAP_PROP_FPS)
        fps = self._fps or (own if SLOWEST_FPS <= own <= FASTEST_FPS else FILE_FPS)
        self._pace = Pace(fps, paced=self._paced, clock=self._clock, sleep=self._sleep)
        self._seen = False

    def read(self) -> Frame | None:
        """The next frame; None at the end.

        Raises:
            CameraFault: not one frame can be decoded.
        """
        pixels = self._grab()
        if pixels is None:
            if not self._seen:
                raise self._not_a_video()
            return None
        assert self._pace is not None  # opened, or _grab had raised
        self._seen = True
        return self._frame(pixels, self._pace.next_ns())

    def _not_a_video(self) -> CameraFault:
        return CameraFault(f'"{self._path.name}" is not a video that can be played; save it as MP4 or AVI.')


def device_backend(platform: str) -> int:
    """OpenCV's backend for webcams; asked for by name, since trying them all takes time and reaches wrong devices."""
    if platform.startswith("linux"):
        return int(cv2.CAP_V4L2)
    if platform == "win32":
        return int(cv2.CAP_DSHOW)
    if platform == "darwin":
        return int(cv2.CAP_AVFOUNDATION)
    return int(cv2.CAP_ANY)


def stream_label(url: str) -> str:
    """Scheme and host of a stream. Path and query stay out, since some cameras want the password there.

    A password may itself hold "@" or "/", unescaped; when that leaves the host in doubt, it is left out too.
    """
    scheme, _, rest = url.partition("://")
    before_path, *_ = re.split(r"[/?#]", rest, maxsplit=1)
    host = before_path.rpartition("@")[2]
    certain = rest.count("@") == before_path.count("@") <= 1 and _HOST.fullmatch(host)
    return f"{scheme.lower()} stream of {host}" if certain else f"{scheme.lower()} stream"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
