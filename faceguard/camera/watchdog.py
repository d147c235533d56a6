"""Says whether the camera can be trusted at this moment, from the times and digests of its frames alone.

A dead camera often looks alive: the driver hands out its last picture for ever, or ``read`` never comes back. So the
state is worked out when somebody asks, from the time of the last frame, and not by the thread that may be stuck.
"""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faceguard.domain.face import Frame

IDENTICAL_FRAMES: Final = 3
"""So many bit-identical frames in a row are a frozen camera; a living sensor's noise never repeats."""
FIRST_FRAME_MS: Final = 5_000
"""A webcam may take seconds from opening to its first picture; only after this long is that a stall."""
BLANK_MS: Final = 2_000
"""Webcams send black pictures, all alike, while they start; so long after the first frame these are no freeze."""
BLANK_CONTRAST: Final = 16
"""A frame whose brightest and darkest values differ by no more than this shows nothing (of 255)."""
RATE_FRAMES: Final = 30
"""The frame rate is averaged over so many frames."""
NS_PER_MS: Final = 1_000_000


class CameraStatus(StrEnum):
    """What the camera is doing; only STREAMING is fit for a decision."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    STALLED = "stalled"
    FROZEN = "frozen"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CameraState:
    """The camera as it is at one moment.

    Attributes:
        status: see ``CameraStatus``.
        sentence: for people: what is the matter and what to do.
        since_ns: when this status began, by the reader's clock.
        fps: frames per second as they arrive; 0 unless streaming.
    """

    status: CameraStatus
    sentence: str
    since_ns: int
    fps: float = 0.0

    @property
    def usable(self) -> bool:
        """Frames come, and they change."""
        return self.status is CameraStatus.STREAMING


def frame_digest(frame: Frame) -> int:
    """CRC-32 over every byte of the picture: 0.2 ms at 640x480, 1 ms at 1920x1080, and the GIL is free meanwhile.

    Sampling would be cheaper and would call a camera frozen that shows a still scene; a collision (1 in 4e9) costs
    one wrong repeat of the three that are needed.
    """
    return zlib.crc32(frame.pixels.data if frame.pixels.flags.c_contiguous else frame.pixels.tobytes())


class Watchdog:
    """Keeps the times of frames and says what they mean. No clock and no thread of its own; not locked.

    Args:
        label: the source's words for itself.
        stall_ms: silence longer than this is a stall.
        now_ns: the present time, as in all calls.
    """

    def __init__(self, label: str, *, stall_ms: int, now_ns: int) -> None:
        if stall_ms <= 0:
            raise ValueError("a stall takes some time")
        self._label = label
        self._stall_ns = stall_ms * NS_PER_MS
        self._digest: int | None = None
        self._identical = 0
        self._arrivals: deque[int] = deque(maxlen=RATE_FRAMES)
        self._first_ns: int | None = None
        self._blank = False
        self._heard_ns = now_ns
        self._state = CameraState(CameraStatus.CONNECTING, f"Connecting to {label}.", now_ns)

    def connecting(self, now_ns: int) -> None:
        """The source is being opened. A loss stays in view until a frame comes, and the last digest is kept too: a
        camera that comes back frozen is still frozen.
        """
        self._arrivals.clear()
        self._first_ns = None
        self._heard_ns = now_ns

    def frame(self, frame: Frame, now_ns: int) -> None:
        """A frame arrived at ``now_ns`` (its own capture time is not used: a recording's runs differently)."""
        silent = now_ns - self._heard_ns > self._stall_ns
        if silent:
            self._arrivals.clear()
        self._heard_ns = now_ns
        self._arrivals.append(now_ns)
        if self._first_ns is None:
            self._first_ns = now_ns
            self._blank = True
        if self._blank:
            self._blank = now_ns - self._first_ns <= BLANK_MS * NS_PER_MS and _shows_nothing(frame)
        digest = frame_digest(frame)
        self._identical = self._identical + 1 if digest == self._digest else 1
        self._digest = digest
        if self._blank:
            self._identical = 0
            self._become(CameraStatus.CONNECTING, f"Waiting for the first picture of {self._label}.", now_ns)
        elif self._identical >= IDENTICAL_FRAMES:
            sentence = f"The picture of {self._label} does not change any more; unplug the camera and plug it in again."
            self._become(CameraStatus.FROZEN, sentence, now_ns)
        else:
            self._become(CameraStatus.STREAMING, f"Pictures come from {self._label}.", now_ns, anew=silent)

    def lost(self, sentence: str, now_ns: int) -> None:
        """The source could not be opened or failed; ``sentence`` says why."""
        self._arrivals.clear()
        self._become(CameraStatus.LOST, sentence, now_ns)

    def ended(self, now_ns: int) -> None:
        """The recording is over."""
        self._become(CameraStatus.ENDED, f"{self._label[:1].upper()}{self._label[1:]} has come to its end.", now_ns)

    def state(self, now_ns: int) -> CameraState:
        """The state at ``now_ns``; a silence shows here although nobody reported it."""
        state = self._state
        if state.status in (CameraStatus.LOST, CameraStatus.ENDED):
            return state
        patience = FIRST_FRAME_MS * NS_PER_MS if self._first_ns is None else self._stall_ns
        patience = max(patience, self._stall_ns)
        if now_ns - self._heard_ns > patience:
            sentence = f"No pictures come from {self._label}; check its cable and its power."
            return CameraState(CameraStatus.STALLED, sentence, self._heard_ns + patience)
        if state.status is CameraStatus.STREAMING:
            return CameraState(state.status, state.sentence, state.since_ns, self._fps())
        return state

    def _become(self, status: CameraStatus, sentence: str, now_ns: int, *, anew: bool = False) -> None:
        same = self._state.status is status and not anew
        self._state = CameraState(status, sentence, self._state.since_ns if same else now_ns)

    def _fps(self) -> float:
        arrivals = self._arrivals
        if len(arrivals) < 2 or arrivals[-1] <= arrivals[0]:
            return 0.0
        return (len(arrivals) - 1) * 1e9 / (arrivals[-1] - arrivals[0])


def _shows_nothing(frame: Frame) -> bool:
    return int(frame.pixels.max()) - int(frame.pixels.min()) <= BLANK_CONTRAST
