"""A camera that is simulated: rendered people, prints and phones at a door. For demonstrations and tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.pacing import NS_PER_S, Pace, checked_fps
from faceguard.camera.rendering.scene import Scene
from faceguard.camera.rendering.sensor import Sensor, SensorTraits
from faceguard.domain.errors import CameraFault
from faceguard.domain.face import Frame

Direction = Literal["left", "right", "straight"]
"""The person's own left is to the right of the unmirrored picture."""

_MARK: Final = "SIMULATION"


class SyntheticSource:
    """Renders a scene frame by frame. A ``FrameSource``; requests may come from any thread.

    Args:
        scene: who is there.
        title: what is simulated, for the status strip.
        fps: frames per second.
        width, height: of the frames, in pixels.
        paced: frames come in real time; otherwise at once, their times advancing by ``1 / fps`` all the same.
        traits: of the simulated sensor.
        seed: of its noise.
        duration_s: the stream ends after so many seconds of the scene; None never ends.
        clock: monotonic nanoseconds.
        sleep: waits so many seconds.

    Raises:
        CameraFault: the rate or the size is not possible.
    """

    simulated = True

    def __init__(
        self,
        scene: Scene,
        *,
        title: str = "a person at the door",
        fps: float = 25.0,
        width: int = 640,
        height: int = 480,
        paced: bool = True,
        traits: SensorTraits | None = None,
        seed: int = 0,
        duration_s: float | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not (64 <= width <= 4096 and 64 <= height <= 4096):
            raise CameraFault(f"A simulated picture of {width} x {height} pixels is not possible; 64 to 4096 are.")
        self._scene = scene
        self._title = title
        self._fps = checked_fps(fps)
        self._size = (width, height)
        self._paced = paced
        self._sensor = Sensor(traits, seed=seed)
        self._duration_s = duration_s
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._pace: Pace | None = None
        self._is_open = False
        self._first_ns: int | None = None
        self._now_s = 0.0
        self._sequence = 0
        self._last: NDArray[np.uint8] | None = None
        self._frozen = False

    @property
    def label(self) -> str:
        """Says that it is a simulation, and of what."""
        return f"Simulation: {self._title}"

    @property
    def scene_time_s(self) -> float:
        """Time of the newest frame since the scene began, in seconds."""
        with self._lock:
            return self._now_s

    def open(self) -> None:
        """Goes on where the scene stood."""
        with self._lock:
            self._is_open = True
            if self._pace is None:
                self._pace = Pace(self._fps, paced=self._paced, clock=self._clock, sleep=self._sleep)

    def read(self) -> Frame | None:
        """The next frame; None when the scene is over.

        Raises:
            CameraFault: ``open`` was not called.
        """
        with self._lock:
            pace, is_open = self._pace, self._is_open
        if pace is None or not is_open:
            raise CameraFault("The simulated camera was not opened.")
        captured_ns = pace.next_ns()  # waits; nobody who speaks to the actors waits with it
        with self._lock:
            if self._first_ns is None:
                self._first_ns = captured_ns
            self._now_s = (captured_ns - self._first_ns) / NS_PER_S
            if self._duration_s is not None and self._now_s > self._duration_s:
                return None
            self._sequence += 1
            if not (self._frozen and self._last is not None):
                picture = self._scene.draw(*self._size, self._now_s)
                self._last = _marked(self._sensor.expose(picture, self._now_s))
            return Frame(self._last, captured_ns, self._sequence)

    def close(self) -> None:
        """The scene stands still until it is opened again."""
        with self._lock:
            self._is_open = False

    def turn(self, direction: Direction) -> None:
        """Asks the people of the scene to turn their head; they do after a human reaction time."""
        with self._lock:
            self._scene.turn(direction, self._now_s)

    def come_closer(self) -> None:
        """Asks the people of the scene to come closer."""
        with self._lock:
            self._scene.come_closer(self._now_s)

    def freeze(self) -> None:
        """From now on every frame is bit for bit the same, as from a camera that hangs."""
        with self._lock:
            self._frozen = True

    def thaw(self) -> None:
        """Ends ``freeze``."""
        with self._lock:
            self._frozen = False


def _marked(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame with the word SIMULATION in its lower left corner."""
    scale = frame.shape[0] / 480 * 0.42
    place = (round(8 * scale / 0.42), frame.shape[0] - round(9 * scale / 0.42))
    cv2.putText(frame, _MARK, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (40, 40, 40), 2, cv2.LINE_AA)
    cv2.putText(frame, _MARK, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (235, 235, 235), 1, cv2.LINE_AA)
    return frame
