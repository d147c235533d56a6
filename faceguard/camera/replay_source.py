"""A folder of pictures, or one picture, played as if a camera had taken them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from faceguard.camera.pacing import Pace, checked_fps
from faceguard.camera.photo_file import SUFFIXES, read_photo
from faceguard.domain.errors import CameraFault, PhotoRefused
from faceguard.domain.face import Frame


class ReplaySource:
    """Plays the JPEG, PNG and WebP files of a folder in the order of their names.

    After a picture that cannot be read, a new ``open`` goes on with the one behind it; after the end, or a ``close``
    on the way, it begins anew.

    Args:
        path: the folder, or a single picture.
        fps: frames per second.
        paced: hold each picture back until it is due; otherwise only the capture times advance.
        clock: monotonic nanoseconds.
        sleep: waits so many seconds.

    Raises:
        CameraFault: the rate is not possible.
    """

    simulated = False

    def __init__(
        self,
        path: Path,
        *,
        fps: float,
        paced: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._fps = checked_fps(fps)
        self._paced = paced
        self._clock = clock
        self._sleep = sleep
        self._files: list[Path] = []
        self._pace: Pace | None = None
        self._next = 0
        self._resume = 0
        self._sequence = 0

    @property
    def label(self) -> str:
        """The folder's name."""
        return f"the pictures of {self._path.name or self._path}"

    def open(self) -> None:
        """Lists the folder.

        Raises:
            CameraFault: it cannot be listed, or has no picture in it.
        """
        self._files = self._listed()
        self._next, self._resume = self._resume, 0
        self._pace = Pace(self._fps, paced=self._paced, clock=self._clock, sleep=self._sleep)

    def read(self) -> Frame | None:
        """The next picture; None behind the last one.

        Raises:
            CameraFault: the picture cannot be read, or ``open`` was not called.
        """
        if self._pace is None:
            raise CameraFault(f"{self.label.capitalize()} were not opened.")
        if self._next >= len(self._files):
            return None
        try:
            photo = read_photo(self._files[self._next])
        except PhotoRefused as refused:
            self._resume = self._next + 1
            raise CameraFault(refused.sentence, refused.detail) from refused
        self._next += 1
        self._sequence += 1
        return Frame(photo.pixels, self._pace.next_ns(), self._sequence)

    def close(self) -> None:
        """Nothing is held open between two pictures."""
        self._pace = None

    def _listed(self) -> list[Path]:
        if self._path.is_file():
            return [self._path]
        try:
            files = [p for p in self._path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
        except OSError as error:
            raise CameraFault(f'The folder "{self._path}" cannot be read; check its name.', str(error)) from error
        if not files:
            raise CameraFault(f'The folder "{self._path}" has no JPEG, PNG or WebP picture in it.')
        return sorted(files, key=lambda p: p.name)
