"""What every source of frames can do, be it a device, a recording or a simulation; and which one a person means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from faceguard.camera.opencv_source import FILE_FPS, STREAM_SCHEMES, StreamSource, VideoFileSource, WebcamSource
from faceguard.camera.photo_file import SUFFIXES
from faceguard.camera.replay_source import ReplaySource
from faceguard.domain.errors import CameraFault
from faceguard.domain.face import Frame

_HOW: Final = "give a camera's number, an rtsp:// or http:// address, a video file or a folder of pictures"


class FrameSource(Protocol):
    """Frames one after the other; opened, read and closed by one thread, the reader's."""

    @property
    def label(self) -> str:
        """Words for the status strip; a password in a URL is never among them."""
        ...

    @property
    def simulated(self) -> bool:
        """The pictures are rendered, and every place that shows them says so."""
        ...

    def open(self) -> None:
        """Makes the source ready; called again after a loss.

        Raises:
            CameraFault: not there, busy, or not readable.
        """
        ...

    def read(self) -> Frame | None:
        """The next frame, as soon as the source's own pace has it ready; None at the end of a recording.

        Sequence numbers go on counting over a re-opening: a newer frame always has a greater number.

        Raises:
            CameraFault: lost on the way; only a new ``open`` may bring it back.
        """
        ...

    def close(self) -> None:
        """Lets the device go; may be called twice, and before ``open``."""
        ...


def is_live(source: FrameSource) -> bool:
    """A device or a stream, which a new opening may wake up; a recording would only begin anew."""
    return isinstance(source, WebcamSource | StreamSource)


def shows_now(source: FrameSource) -> bool:
    """A real camera, running now: only its pictures may be measured and quoted as this camera's."""
    return is_live(source) and not source.simulated


def open_source(
    spec: str,
    *,
    fps: float | None = None,
    width: int = 640,
    height: int = 480,
    paced: bool = True,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> FrameSource:
    """The source that ``spec`` means, not opened yet.

    A number or a path below /dev is a webcam; ``scheme://`` a stream; a file a video or a picture; a folder a
    sequence of pictures.

    Args:
        spec: what the person wrote.
        fps: asked of a webcam, and the rate of a recording; None leaves a webcam and a video file at their own and
            plays pictures at 25 per second.
        width, height: asked of a webcam, in pixels.
        paced: recordings wait for each frame; False is for judging a file as fast as it can be read.
        clock: monotonic nanoseconds.
        sleep: waits so many seconds.

    Raises:
        CameraFault: it means nothing, or the file is not there.
    """
    spec = spec.strip()
    if not spec:
        raise CameraFault(f"No camera is chosen; {_HOW}.")
    if re.fullmatch(r"[0-9]{1,3}", spec) or spec.startswith("/dev/"):
        device = int(spec) if spec.isdigit() else spec
        return WebcamSource(device, fps=fps, width=width, height=height, clock=clock)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", spec):
        scheme = spec.partition("://")[0].lower()
        if scheme not in STREAM_SCHEMES:
            raise CameraFault(f"Addresses that begin with {scheme}:// are not known; {_HOW}.")
        return StreamSource(spec, clock=clock)
    path = Path(spec).expanduser()
    try:
        folder, file = path.is_dir(), path.is_file()
    except (OSError, ValueError):
        folder = file = False
    if folder or (file and path.suffix.lower() in SUFFIXES):
        return ReplaySource(path, fps=FILE_FPS if fps is None else fps, paced=paced, clock=clock, sleep=sleep)
    if file:
        return VideoFileSource(path, fps=fps, paced=paced, clock=clock, sleep=sleep)
    raise CameraFault(f"There is no camera, file or folder called {_quoted(spec)}; {_HOW}.")


def _quoted(spec: str) -> str:
    """What was written, unless it may hold a password."""
    if "@" in spec or "=" in spec or len(spec) > 200 or not spec.isprintable():
        return "that"
    return f'"{spec}"'
