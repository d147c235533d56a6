"""The liveness test behind the window: who may begin it, the camera in the door's place, and what is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from faceguard.app.trial_way import TrialWay
from faceguard.camera.source import FrameSource, shows_now
from faceguard.compose import House, Networks, judging_networks
from faceguard.desk import Desk
from faceguard.domain.decision import Decision, OutOfService
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import Frame
from faceguard.domain.presentation import PadSetup, Species, Trial
from faceguard.evaluation.measured_liveness import MeasuredLiveness
from faceguard.selftest import SERIES_IDLE_S
from faceguard.trial_bench import Judged, refusal_of
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.main_window import MainWindow
from faceguard.ui.selftest_page import SelftestPage
from faceguard.ui.selftest_words import IDLE, OVER, POLICY_TITLES, RECORDING, SIMULATION, TESTED, about
from faceguard.ui.settings_page import SettingsPage

log = logging.getLogger(__name__)

IDLE_MS: Final = (SERIES_IDLE_S - 60) * 1000
"""Sooner than the desk ends the series: a trial that has begun by then can still be kept."""
AGAIN_MS: Final = 10_000
"""A trial that runs when the time is over is waited for."""
PAGE: Final = "selftest"
SETTINGS: Final = "settings"
POLICIES: Final = tuple(POLICY_TITLES)

Key = tuple[str, int, int, str]
"""Label, width and height of the camera; the networks. What is quoted belongs to exactly one."""


class SelftestLink(QObject):
    """Answers the test's page, which it adds to the window, and the note on the settings page that opens it.

    Args:
        house: settings and networks.
        desk: asks for rights and keeps the trials.
        window: shows the page; leaving the page ends the test.
        settings: quotes the results, and opens the test.
        make_source: makes the camera.

    Signals:
        began(str): the door must be shut now, its camera is wanted; says why to whoever stands there.
        ended(): the door may come back.
        measured_changed(): other rates are quoted now.
    """

    began = Signal(str)
    ended = Signal()
    measured_changed = Signal()

    def __init__(
        self,
        house: House,
        desk: DeskWorker,
        window: MainWindow,
        settings: SettingsPage,
        make_source: Callable[[], FrameSource],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._house = house
        self._desk = desk
        self._window = window
        self._settings = settings
        self._make_source = make_source
        self.page = SelftestPage(self._newest)
        self.way: TrialWay | None = None
        self._opening = False
        self._kept = False
        self._number = 0
        self._species: Species | None = None
        self._series: list[Trial] = []
        self._key: Key | None = None
        self._measured: dict[str, MeasuredLiveness] | None = None
        window.add_hidden_page(PAGE, self.page, under=SETTINGS)
        window.page_changed.connect(self._on_page_changed)
        settings.liveness.test_requested.connect(self._open)
        self.page.trial_requested.connect(self._begin_trial)
        self.page.cancel_requested.connect(self._cancel_trial)
        self.page.undo_requested.connect(self._undo)
        self.page.finish_requested.connect(self._finish)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._on_idle)

    @property
    def testing(self) -> bool:
        """The camera is in the test's hands; no door may be started."""
        return self.way is not None

    def _newest(self) -> Frame | None:
        return None if self.way is None else self.way.newest()

    def measured(self, policy: str) -> MeasuredLiveness:
        """What was measured on the present camera under a policy."""
        return (self._measured or {}).get(policy, MeasuredLiveness())

    # what is quoted

    def look(self, source: FrameSource | None, frame: Frame | None, networks: Networks | None) -> None:
        """The camera that runs now; what was measured of another one is quoted no more, at once.

        Args:
            source: None while there is none.
            frame: its newest; None while it shows nothing.
            networks: None while they load.
        """
        if self.testing:
            return
        if source is not None and not shows_now(source):
            self._key = None
            self._show_measured({}, source.label)
            return
        if source is not None and frame is not None and networks is not None:
            key: Key | None = (source.label, frame.width, frame.height, judging_networks(networks))
        elif source is not None and self._key is not None and self._key[0] == source.label:
            return  # the same camera, without a picture for a moment
        else:
            key = None
        if key is None or key != self._key:
            self._key = key
            self._show_measured({policy: MeasuredLiveness() for policy in POLICIES}, "")
            self.refresh()

    def refresh(self) -> None:
        """Read again what was measured on the present camera."""
        key = self._key
        if key is None:
            return
        label, width, height, networks = key

        def read(desk: Desk) -> dict[str, MeasuredLiveness]:
            setups = {policy: PadSetup(label, width, height, policy, networks) for policy in POLICIES}
            return {policy: desk.liveness_tests.of(setup) for policy, setup in setups.items()}

        self._desk.submit(read, partial(self._on_read, key), self._ignore)

    def _on_read(self, key: Key, found: dict[str, MeasuredLiveness]) -> None:
        if key == self._key:
            self._show_measured(found, f"{key[0]} ({key[1]} x {key[2]})")

    def _show_measured(self, found: dict[str, MeasuredLiveness], camera: str) -> None:
        if found != self._measured:
            self._measured = found
            self._settings.liveness.show_tests(camera, found)
            self.measured_changed.emit()

    # a series

    @Slot()
    def _open(self) -> None:
        if self.testing or self._opening:
            return
        self._opening = True

        def begin(desk: Desk) -> None:
            refusal = refusal_of(self._house.policy())
            if refusal:
                raise FaceguardError(refusal)
            desk.liveness_tests.begin()

        self._desk.submit(begin, self._on_begun, self._on_not_begun)

    def _on_not_begun(self, error: FaceguardError) -> None:
        self._opening = False
        self._settings.show_refusal("", error)

    def _on_begun(self, _answer: None) -> None:
        self._opening = False
        try:
            source = self._make_source()
            settings = self._house.settings()
        except FaceguardError as error:
            self._settings.show_refusal("", error)
            return
        if self._window.page != SETTINGS:
            self._desk.submit(lambda desk: desk.liveness_tests.finish(), _nothing, self._ignore)
            return  # somebody went elsewhere meanwhile
        self._kept = shows_now(source)
        self._series, self._species = [], None
        self.began.emit(TESTED)  # the door lets the camera go before the test opens it
        try:
            way = self.way = TrialWay(self._house, source, self)
        except FaceguardError as error:  # the settings cannot be read any more
            self._desk.submit(lambda desk: desk.liveness_tests.finish(), _nothing, self._ignore)
            self.ended.emit()
            self._settings.show_refusal("", error)
            return
        way.decided.connect(self._on_decided)
        way.observed.connect(self.page.show_observation)
        way.worker.recorded.connect(self._on_judged, Qt.ConnectionType.QueuedConnection)
        apart = "" if self._kept else SIMULATION if source.simulated else RECORDING
        policy = POLICY_TITLES.get(settings.text("liveness.policy"), "")
        self.page.begin(about(source.label, policy, kept=self._kept), apart)
        stored = self.measured(settings.text("liveness.policy")) if self._kept else MeasuredLiveness()
        self.page.show_test(stored, undoable=False)
        self.page.preview.set_mirrored(settings.switch("window.mirror"))
        way.start()
        self._idle.start(IDLE_MS)
        self._window.show_page(PAGE)

    @Slot(str)
    def _on_page_changed(self, page: str) -> None:
        if page != PAGE:
            self.end()
        if page == SETTINGS:
            self.refresh()

    @Slot()
    def _finish(self) -> None:
        self.end()
        self._window.show_page(SETTINGS)  # also where the test had to be stopped before

    def end(self, why: str = "") -> None:
        """Stop the test and let the door come back; harmless when none runs."""
        if self.testing:
            self._close()
            self.ended.emit()
            if self._window.page == PAGE:
                self._window.show_page(SETTINGS)
            self._settings.show_refusal("", why)
            self.refresh()

    def stop(self) -> bool:
        """Stop the test for good, without a door after it; False when a thread did not end in time."""
        return self._close()

    def _close(self) -> bool:
        self._idle.stop()
        way, self.way = self.way, None
        if way is None:
            return True
        self._species = None
        ended = way.stop()
        way.deleteLater()
        self._desk.submit(lambda desk: desk.liveness_tests.finish(), _nothing, self._ignore)
        self.page.show_decision(OutOfService(OVER, self._house.clock()))
        return ended

    @Slot()
    def _on_idle(self) -> None:
        if self.page.running:
            self._idle.start(AGAIN_MS)
        else:
            self.end(IDLE)

    # one trial

    @Slot(object)
    def _begin_trial(self, species: Species) -> None:
        if self.way is not None:
            self._number += 1
            self._species = species
            self.page.show_running()
            self.way.begin_trial(self._number)

    @Slot()
    def _cancel_trial(self) -> None:
        if self.way is not None:
            self._species = None
            self.way.cancel_trial()
            self.page.show_uncounted("You stopped it.")

    @Slot(object)
    def _on_decided(self, decision: Decision) -> None:
        if self.way is None:
            return
        if isinstance(decision, OutOfService):
            self._species = None  # what ran is not counted
        self.page.show_decision(decision)

    @Slot(object)
    def _on_judged(self, judged: Judged) -> None:
        species = self._species
        if self.way is None or species is None or judged.number != self._number:
            return
        self._species = None
        self._idle.start(IDLE_MS)
        trial = Trial(datetime.now(UTC), judged.setup, species, judged.result)
        if self._kept:
            self._desk.submit(
                lambda desk: desk.liveness_tests.record(trial), partial(self._on_recorded, trial), self._on_not_recorded
            )
        else:
            self._on_recorded(trial, MeasuredLiveness((*self._series, trial)))

    def _on_recorded(self, trial: Trial, test: MeasuredLiveness) -> None:
        self._series.append(trial)
        if self.way is not None:
            self.page.show_test(test, undoable=True)
            self.page.show_result(trial.species, trial.result)

    def _on_not_recorded(self, error: FaceguardError) -> None:
        if self.way is not None:
            self.page.show_uncounted(error.sentence)

    @Slot()
    def _undo(self) -> None:
        if self.way is None or not self._series:
            return
        gone = self._series.pop()
        self._idle.start(IDLE_MS)
        if not self._kept:
            self.page.show_test(MeasuredLiveness(tuple(self._series)), undoable=bool(self._series))
            return

        def undo(desk: Desk) -> MeasuredLiveness:
            desk.liveness_tests.undo()
            return desk.liveness_tests.of(gone.setup)

        self._desk.submit(undo, self._on_undone, partial(self._on_not_undone, gone))

    def _on_undone(self, test: MeasuredLiveness) -> None:
        self.page.show_test(test, undoable=bool(self._series))

    def _on_not_undone(self, gone: Trial, error: FaceguardError) -> None:
        self._series.append(gone)
        self.page.say(error.sentence)

    def _ignore(self, error: FaceguardError) -> None:
        log.error("%s (%s)", error.sentence, error.detail)


def _nothing(_answer: None) -> None:
    """There is nothing to show."""
