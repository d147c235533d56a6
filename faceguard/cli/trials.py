"""How presentations come before the bench in a terminal: guided before a camera, or played from a recording."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from faceguard.camera.latest_frame import LatestFrame
from faceguard.camera.reader import CameraReader
from faceguard.camera.source import FrameSource
from faceguard.camera.watchdog import CameraStatus
from faceguard.compose import House
from faceguard.domain.decision import Hint, OutOfService, Pending
from faceguard.domain.errors import CameraFault, FaceguardError
from faceguard.domain.presentation import Species
from faceguard.evaluation.presentations import WHAT_TO_DO
from faceguard.headless import FrameClock
from faceguard.trial_bench import BenchReport, Judged, TrialBench

WAIT_S: Final = 0.2
STOP_S: Final = 5.0
TOLD: Final = {
    Hint.TURN_LEFT: "turn the head to its own left",
    Hint.TURN_RIGHT: "turn the head to its own right",
    Hint.LOOK_STRAIGHT: "straight ahead again",
    Hint.CHECKING: "hold it there",
}
"""What the presenter is told; other hints are told by their own words."""


class Presentations(Protocol):
    """``selftest.Series``."""

    def say(self, words: str) -> None:
        """Tell the person what happens."""

    def add(self, species: Species, judged: Judged) -> None:
        """One more."""

    def undo(self) -> None:
        """Take the last one back."""


def guide(house: House, camera: FrameSource, series: Presentations, chosen: Species | None, count: int | None) -> None:
    """Presentation after presentation before a live camera, until the person ends it or ``count`` is reached."""
    bench = house.open_bench(camera.label)
    with _watched(house, camera) as look:
        done = 0
        while (species := chosen or _asked_species(series.say)) is not None:
            keys = "u takes the last one back, " + ("q ends" if chosen else "s chooses another kind, q ends")
            series.say(f"{WHAT_TO_DO[species]} Then press Enter ({keys}).")
            while (key := _key()) not in ("q", "s"):
                if key == "u":
                    series.undo()
                    done = max(0, done - 1)
                    continue
                judged = _judged(bench, look, series.say)
                if judged is None:
                    series.say("  not counted; Enter tries again")
                    continue
                series.add(species, judged)
                done += 1
                if done == count:
                    return
                series.say("Enter: once more")
            if key == "q":
                return


def play(house: House, camera: FrameSource, series: Presentations, species: Species, count: int) -> None:
    """A recording, from its beginning for each presentation, in its own time.

    Raises:
        CameraFault: it cannot be read, or holds no picture.
    """
    clock = FrameClock()
    bench = house.open_bench(camera.label, clock=clock)
    for _ in range(count):
        camera.open()
        try:
            judged = _recorded(bench, camera, clock, Told(series.say))
        finally:
            camera.close()
        series.add(species, judged)


class Told:
    """Says each instruction once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last: Hint | None = None

    def tell(self, report: BenchReport) -> None:
        """Another instruction, or why there is none."""
        match report.decision:
            case OutOfService(sentence=sentence):
                self._say(f"  {sentence}")
            case Pending(hint=hint) if hint is not self._last and hint is not Hint.WAIT:
                self._last = hint
                self._say(f"  > {TOLD.get(hint, hint.value)}")


def _key() -> str:
    """First letter of what was typed; the end of the input ends the test."""
    line = sys.stdin.readline()
    return line.strip().lower()[:1] if line else "q"


def _asked_species(say: Callable[[str], None]) -> Species | None:
    """One of the kinds by its number; None ends."""
    kinds = list(Species)
    say("  ".join([*(f"{number} {kind}" for number, kind in enumerate(kinds, 1)), "q end"]))
    while (word := _key()) != "q":
        if word.isdecimal() and 1 <= int(word) <= len(kinds):
            return kinds[int(word) - 1]
        say(f"A number from 1 to {len(kinds)}, or q.")
    return None


Look = Callable[[TrialBench], BenchReport | None]
"""Lets a bench see the newest picture; None when there is no new one."""


@contextlib.contextmanager
def _watched(house: House, camera: FrameSource) -> Iterator[Look]:
    mailbox = LatestFrame()
    reader = CameraReader(camera, mailbox, stall_ms=house.settings().whole("camera.stall_ms"), clock=house.clock)
    seen = -1

    def look(bench: TrialBench) -> BenchReport | None:
        nonlocal seen
        frame, state = mailbox.wait(seen, WAIT_S), reader.state
        if state.status is CameraStatus.CONNECTING:
            return None
        if not state.usable:
            return bench.fault(state.sentence)
        if frame is None:
            return None
        seen = frame.sequence
        return bench.step(frame)

    reader.start()
    try:
        yield look
    finally:
        reader.stop(STOP_S)


def _judged(bench: TrialBench, look: Look, say: Callable[[str], None]) -> Judged | None:
    """One trial; None when it could not be counted."""
    told = Told(say)
    bench.begin()
    while True:
        report = look(bench)
        if report is None:
            continue
        told.tell(report)
        if report.event is not None or isinstance(report.decision, OutOfService):
            return report.event


def _recorded(bench: TrialBench, camera: FrameSource, clock: FrameClock, told: Told) -> Judged:
    bench.begin()
    while (frame := camera.read()) is not None:
        clock.now_ns = frame.captured_ns
        report = bench.step(frame)
        told.tell(report)
        if report.event is not None:
            return report.event
        if isinstance(report.decision, OutOfService):
            raise FaceguardError(report.decision.sentence)
    report = bench.ended()
    if report.event is None:
        raise CameraFault(f"{camera.label[:1].upper()}{camera.label[1:]} holds no picture.")
    return report.event
