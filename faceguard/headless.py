"""The same door without a window, from a camera until it is stopped or from a file until its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from faceguard.camera.latest_frame import LatestFrame
from faceguard.camera.reader import CameraReader
from faceguard.camera.source import FrameSource
from faceguard.camera.watchdog import CameraStatus, Watchdog
from faceguard.compose import House
from faceguard.domain.decision import NS_PER_MS
from faceguard.guard import Guard, GuardReport
from faceguard.store.audit_log import AuditEvent

WAIT_S = 0.2
LEFT_MS = 2_000
"""After the end of a recording the scene counts as empty for so long: an attempt that was refused is then said."""


class FrameClock:
    """Time as the frames of a recording tell it, so that a file gives the same events on any machine."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        """Monotonic nanoseconds."""
        return self.now_ns


def watch(
    house: House, spec: str | None, fps: float | None, say: Callable[[AuditEvent, str], None], *, recording: bool
) -> None:
    """Run the door.

    Args:
        house: settings, people, networks.
        spec: the source; None takes the one of the settings.
        fps: of a recording.
        say: called with each event and, when the door output failed, with what the operator should know.
        recording: every frame of a file is judged, in the file's own time; otherwise the newest frame of a camera.
    """
    clock = FrameClock() if recording else house.clock
    source = house.open_source(spec, fps=fps, paced=not recording)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(house.database())
        door = house.door_output()
        door.open()
        stack.callback(door.close)
        pins = house.pin_thread()
        stack.callback(pins.close)
        guard = house.open_guard(database, pins, door, clock=clock)
        reports = _recorded(guard, source, clock) if isinstance(clock, FrameClock) else _live(guard, source, house)
        for report in reports:
            if report.event is not None:
                say(report.event, report.notice)


def _recorded(guard: Guard, source: FrameSource, clock: FrameClock) -> Iterator[GuardReport]:
    source.open()
    try:
        watchdog: Watchdog | None = None
        while (frame := source.read()) is not None:
            clock.now_ns = frame.captured_ns
            watchdog = watchdog or Watchdog(source.label, stall_ms=1_000, now_ns=clock())
            watchdog.frame(frame, clock())
            state = watchdog.state(clock())
            yield guard.step(frame) if state.usable else guard.fault(state.sentence)
        clock.now_ns += LEFT_MS * NS_PER_MS
        yield guard.nobody()
    finally:
        source.close()


def _live(guard: Guard, source: FrameSource, house: House) -> Iterator[GuardReport]:
    mailbox = LatestFrame()
    reader = CameraReader(source, mailbox, stall_ms=house.settings().whole("camera.stall_ms"), clock=house.clock)
    reader.start()
    try:
        sequence = -1
        while True:
            frame = mailbox.wait(sequence, WAIT_S)
            state = reader.state
            if state.status is CameraStatus.ENDED:
                return
            if frame is not None and state.usable:
                sequence = frame.sequence
                yield guard.step(frame)
            elif not state.usable and state.status is not CameraStatus.CONNECTING:
                yield guard.fault(state.sentence)
    finally:
        reader.stop(5.0)
