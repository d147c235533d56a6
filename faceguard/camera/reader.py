"""The one thread that reads a source: opens, reads, re-opens and releases it, and nobody else touches it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final

from faceguard.camera.latest_frame import LatestFrame
from faceguard.camera.source import FrameSource, is_live
from faceguard.camera.watchdog import NS_PER_MS, CameraState, CameraStatus, Watchdog
from faceguard.domain.errors import CameraFault

REOPEN_FROZEN_MS: Final = 3_000
"""A device whose picture has not changed for so long is released and opened anew, which wakes many drivers up."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackOff:
    """Seconds between two tries to open a lost source: ``first_s``, doubled each time, never above ``most_s``.

    Without jitter: one door has one camera, so no herd has to be spread out.
    """

    first_s: float = 0.5
    most_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.first_s <= self.most_s:
            raise ValueError("a back-off begins at zero or more and does not shrink")

    def delay_s(self, failures: int) -> float:
        """The pause after the ``failures``-th failure in a row (1, 2, ...)."""
        return float(min(self.most_s, self.first_s * 2 ** min(failures - 1, 32)))


class CameraReader:
    """Reads a source without pause into a mailbox, comes back after a loss, and knows whether to trust the pictures.

    1. Open; a failure is reported and tried again after a pause that doubles.
    2. Read; each frame goes past the watchdog and into the mailbox, unless the picture is frozen.
    3. A loss empties the mailbox, closes the source and begins again; so does a device that stays frozen. The end of
       a recording is the end.

    Args:
        source: touched by the reader's thread alone.
        mailbox: receives the frames.
        stall_ms: silence that counts as a stall.
        clock: monotonic nanoseconds.
        on_state: called with each new status that the thread comes to know, in that thread. A stall is not among
            them, since the thread is then stuck in ``read``: ask ``state``.
        back_off: pauses between tries.
    """

    def __init__(
        self,
        source: FrameSource,
        mailbox: LatestFrame,
        *,
        stall_ms: int,
        clock: Callable[[], int] = time.monotonic_ns,
        on_state: Callable[[CameraState], None] | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self._source = source
        self._mailbox = mailbox
        self._clock = clock
        self._on_state = on_state
        self._back_off = back_off or BackOff()
        self._watchdog = Watchdog(source.label, stall_ms=stall_ms, now_ns=clock())
        self._lock = Lock()
        self._live = is_live(source)
        self._stop = Event()
        self._told: CameraStatus | None = None
        self._thread: Thread | None = None

    @property
    def state(self) -> CameraState:
        """The state now, from any thread; a stall is seen although ``read`` is stuck."""
        with self._lock:
            return self._watchdog.state(self._clock())

    def start(self) -> None:
        """Starts the thread.

        Raises:
            RuntimeError: it was started before; a reader lives once.
        """
        if self._thread is not None:
            raise RuntimeError("a camera reader is started once")
        self._thread = Thread(target=self._run, name=f"camera: {self._source.label}")
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Asks the thread to end and waits for it.

        Returns:
            True when it has ended and the source is released; False when ``timeout_s`` passed first because the
            source does not return from a call. Nothing more reaches the mailbox either way.
        """
        self._stop.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.warning("%s did not stop within %.1f s", self._source.label, timeout_s)
            return False
        return True

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            frames = 0
            try:
                self._note(self._watchdog.connecting)
                self._source.open()
                while not self._stop.is_set():
                    frame = self._source.read()
                    if self._stop.is_set():
                        break
                    if frame is None:
                        self._note(self._watchdog.ended)
                        return
                    frames += 1
                    state = self._note(self._watchdog.frame, frame)
                    if state.status is not CameraStatus.FROZEN:
                        self._mailbox.put(frame)
                    elif self._live and self._clock() - state.since_ns > REOPEN_FROZEN_MS * NS_PER_MS:
                        raise CameraFault(state.sentence)
            except CameraFault as fault:
                self._lose(fault.sentence, fault.detail)
            except Exception:
                # A worker's step is one of the two places where a bug is caught: the door stays shut, the log has it.
                _log.exception("%s: unexpected error while reading", self._source.label)
                self._lose(f"Reading {self._source.label} failed unexpectedly; the log says how.", "")
            finally:
                self._release()
            failures = 1 if frames else failures + 1
            self._stop.wait(self._back_off.delay_s(failures))

    def _lose(self, sentence: str, detail: str) -> None:
        self._mailbox.clear()
        _log.warning("%s%s", sentence, f" ({detail})" if detail else "")
        self._note(self._watchdog.lost, sentence)

    def _release(self) -> None:
        try:
            self._source.close()
        except Exception:
            _log.exception("%s could not be released", self._source.label)

    def _note(self, event: Callable[..., None], *args: object) -> CameraState:
        """Lets the watchdog know, and tells ``on_state`` when that changed the status."""
        with self._lock:
            now_ns = self._clock()
            event(*args, now_ns)
            state = self._watchdog.state(now_ns)
        if state.status is not self._told:
            self._told = state.status
            if self._on_state is not None:
                self._on_state(state)
        return state
