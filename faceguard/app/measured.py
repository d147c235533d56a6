"""The window watched from inside: when its first picture is painted, how late its timer comes, what it holds.

Offscreen, with the real camera thread, recognition thread and pages; a recording stands in for the camera.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer, Slot

from faceguard.app import application
from faceguard.app.desktop import Desktop
from faceguard.compose import House
from faceguard.evaluation.benchmark import resident_mb
from faceguard.tau_picture import TauPicture
from faceguard.ui.preview import LivePicture
from faceguard.ui.tau_plot import STEP, TauPlot
from faceguard.ui.theme import Scheme, apply_theme
from faceguard.ui.tuning_page import TuningPage

TICK_MS = 10
MOVE_MS = 16
"""62 moves a second."""
OPENING_MS = 500
"""The window is painted for the first time before anything is measured."""


@dataclass(frozen=True, slots=True)
class WindowMeasure:
    """What was seen.

    Attributes:
        first_picture_ns: monotonic time at which a preview with a picture in it had been painted; None without one.
        ticks_ns: of a precise timer of ``TICK_MS`` in the window's thread, while frames were recognised.
        observed: frames that were recognised meanwhile.
        resident_mb: memory at the end.
    """

    first_picture_ns: int | None
    ticks_ns: tuple[int, ...]
    observed: int
    resident_mb: float | None


class _Watcher(QObject):
    """Notes paints, ticks and observations in the window's thread."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__()
        self._desktop = desktop
        self.first_picture_ns: int | None = None
        self.ticks: list[int] = []
        self.observed = 0
        self._ticker = QTimer(self)
        self._ticker.setTimerType(Qt.TimerType.PreciseTimer)
        self._ticker.setInterval(TICK_MS)
        self._ticker.timeout.connect(self._tick)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's own name
        """Sees the paint before it happens; the time is taken when it has."""
        first = self.first_picture_ns is None and event.type() == QEvent.Type.Paint
        if first and isinstance(watched, LivePicture) and watched.has_picture():
            QTimer.singleShot(0, self, self._on_painted)
        return False

    @Slot()
    def _on_painted(self) -> None:
        if self.first_picture_ns is None:
            self.first_picture_ns = time.monotonic_ns()

    @Slot(object)
    def count(self, _observation: object) -> None:
        """One more recognised frame; the first one starts the timer: loading the networks is no recognising."""
        self.observed += 1
        if self.observed == 1:
            self._ticker.start()

    @Slot()
    def _tick(self) -> None:
        self.ticks.append(time.perf_counter_ns())

    def begin(self) -> None:
        """Listens to the door as soon as there is one."""
        doorway = self._desktop.doorway
        if doorway is None:
            QTimer.singleShot(5, self, self.begin)
            return
        doorway.worker.observed.connect(self.count, Qt.ConnectionType.QueuedConnection)


@dataclass(frozen=True, slots=True)
class SliderMeasure:
    """What was seen of the tuning page.

    Attributes:
        moves, moves_a_second: of tau, each to another place.
        still_ns, ns: ticks of a precise timer of ``TICK_MS`` while nothing moved, and while tau did.
    """

    moves: int
    moves_a_second: float
    still_ns: tuple[int, ...]
    ns: tuple[int, ...]


class _Hand(QObject):
    """Drags tau to and fro, and notes every tick."""

    def __init__(self, plot: TauPlot, path: list[float]) -> None:
        super().__init__()
        self._plot, self._path = plot, path
        self.moved: list[int] = []
        self.ticks: list[int] = []
        self._ticker, self._mover = QTimer(self), QTimer(self)
        for timer, interval, slot in ((self._ticker, TICK_MS, self._tick), (self._mover, MOVE_MS, self._move)):
            timer.setTimerType(Qt.TimerType.PreciseTimer)
            timer.setInterval(interval)
            timer.timeout.connect(slot)

    def start(self) -> None:
        """Begin ticking, and moving where there is a path."""
        self._ticker.start()
        if self._path:
            self._mover.start()

    def stop(self) -> None:
        """No more of either."""
        self._ticker.stop()
        self._mover.stop()

    @Slot()
    def _tick(self) -> None:
        self.ticks.append(time.perf_counter_ns())

    @Slot()
    def _move(self) -> None:
        self._plot.go_to(self._path[len(self.moved) % len(self._path)])
        self.moved.append(time.perf_counter_ns())


def move_tau(picture: TauPicture, seconds: float) -> SliderMeasure:
    """Open the tuning page, leave it still for half of the time, then move tau 60 times a second.

    Args:
        picture: that the page shows.
        seconds: that tau moves.
    """
    apply_theme(application(), Scheme.LIGHT)
    page = TuningPage()
    page.resize(1104, 760)
    page.set_locked(False)
    page.show_picture(picture)
    page.show()
    there = [round(0.4 + i * STEP, 3) for i in range(round(1.4 / STEP))]
    seen = []
    for path, lasts in (([], seconds / 2), (there + there[::-1], seconds)):
        hand, loop = _Hand(page.plot, path), QEventLoop()
        QTimer.singleShot(OPENING_MS, hand, hand.start)
        QTimer.singleShot(OPENING_MS + round(lasts * 1000), loop.quit)
        loop.exec()  # to quit the application would close the page
        hand.stop()
        seen.append(hand)
    page.close()
    still, moving = seen
    span_s = (moving.moved[-1] - moving.moved[0]) / 1e9
    return SliderMeasure(len(moving.moved), (len(moving.moved) - 1) / span_s, tuple(still.ticks), tuple(moving.ticks))


def watch_window(house: House, source: str, seconds: float) -> WindowMeasure:
    """Open the window on a recording, leave it open for a while, close it.

    Args:
        house: has an admin PIN, or the window asks for one and shows no picture.
        source: a file or folder of pictures.
        seconds: that the window is open.
    """
    app = application()
    apply_theme(app, Scheme.LIGHT)
    desktop = Desktop(house, lambda: house.open_source(source, fps=house.settings().number("camera.fps")))
    watcher = _Watcher(desktop)
    app.installEventFilter(watcher)
    desktop.window.resize(1280, 800)
    desktop.window.show()
    desktop.start()
    watcher.begin()
    QTimer.singleShot(round(seconds * 1000), app.quit)
    try:
        app.exec()
    finally:
        held = resident_mb()
        app.removeEventFilter(watcher)
        desktop.stop()
    return WindowMeasure(watcher.first_picture_ns, tuple(watcher.ticks), watcher.observed, held)
