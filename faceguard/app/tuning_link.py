"""The tuning page behind the desk: what is known, what is taken, and the alarm when the tau in force is unsafe."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from faceguard.compose import House
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.errors import FaceguardError, NotPermitted, ReasonWanted
from faceguard.domain.score import Threshold
from faceguard.evaluation.door import TARGET_FPIR, Verdict
from faceguard.tau_picture import Standing, TauPicture
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.flips_page import FlipsPage
from faceguard.ui.growth_page import Growth, GrowthPage
from faceguard.ui.main_window import MainWindow
from faceguard.ui.tuning_page import TuningPage
from faceguard.what_if import CANNOT_KNOW

TUNING, GROWTH, FLIPS = "tuning", "growth", "flips"


class TuningLink(QObject):
    """Pages of tau.

    Args:
        house: settings and cards.
        desk: does the work.
        window: gets the pages.

    Signals:
        changed(Settings, str): a tau was stored; its key.
        judged(Verdict): whether the taus in force fit the people who are enrolled now.
        rights_ended(): the admin's rights were found closed.
    """

    changed = Signal(object, str)
    judged = Signal(object)
    rights_ended = Signal()

    def __init__(self, house: House, desk: DeskWorker, window: MainWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._house = house
        self._desk = desk
        self._window = window
        self._picture: TauPicture | None = None
        self.page, self.growth, self.flips = TuningPage(), GrowthPage(), FlipsPage()
        window.add_page(TUNING, "sliders", "Tuning", self.page)
        window.add_hidden_page(GROWTH, self.growth, under=TUNING)
        window.add_hidden_page(FLIPS, self.flips, under=TUNING)
        self.page.apply_requested.connect(self._apply)
        self.page.pair_requested.connect(self._take_pair)
        self.page.growth_requested.connect(self._show_growth)
        self.page.events_requested.connect(self._show_flips)
        self.growth.back_requested.connect(self._back)
        self.flips.back_requested.connect(self._back)

    def refresh(self) -> None:
        """People, scores and events as they are now, once the page is open to the admin."""
        if self.page.locked:
            self.look()
            return
        self._desk.submit(self._house.tau_picture, self._on_picture, self._on_refused)

    @Slot(bool)
    def set_admin(self, admin: bool) -> None:
        """The admin's rights were opened or have ended."""
        if not admin:
            self._picture = None
            if self._window.page in (GROWTH, FLIPS):
                self._window.show_page(TUNING)
        elif self._window.page == TUNING:
            self.refresh()

    def look(self) -> None:
        """Does tau still fit the people? Less work than ``refresh``."""
        self._desk.submit(self._house.tau_standing, self._on_standing, self._ignore)

    def _on_picture(self, picture: TauPicture) -> None:
        self._picture = picture
        self.page.show_picture(picture)
        self._on_standing(picture.standing)

    def _on_standing(self, standing: Standing) -> None:
        verdict: Verdict = standing.verdict
        self.judged.emit(verdict)

    @Slot(float, str)
    def _apply(self, tau: float, reason: str) -> None:
        def apply(desk: Desk) -> tuple[str, Settings]:
            return "access.tau", desk.taus.apply(self._house.measured(), tau, reason)

        self._desk.submit(apply, self._on_taken, self._on_not_applied)

    @Slot(float)
    def _take_pair(self, tau: float) -> None:
        def take(desk: Desk) -> tuple[str, Settings]:
            return "access.tau_pair", desk.set("access.tau_pair", tau)

        self._desk.submit(take, self._on_taken, self._on_refused)

    def _on_taken(self, answer: tuple[str, Settings]) -> None:
        key, settings = answer
        if key == "access.tau":
            self.page.applied()
        self.changed.emit(settings, key)
        self.refresh()

    def _on_refused(self, error: FaceguardError) -> None:
        if isinstance(error, NotPermitted):
            self.rights_ended.emit()
        self.page.show_refusal(error)

    def _on_not_applied(self, error: FaceguardError) -> None:
        if isinstance(error, ReasonWanted):  # people left, or the page does not know of any
            self.page.ask_reason(error.why)
        else:
            self._on_refused(error)

    @Slot(float)
    def _show_growth(self, tau: float) -> None:
        if self._picture is None:
            return
        taken = self._picture.standing.taken if self._picture.standing.counts else None
        target = TARGET_FPIR if taken is None else taken.target_fpir
        growth = Growth.of(self._picture.standing.door, tau, target)
        if growth is not None:
            self.growth.show_growth(growth)
            self._window.show_page(GROWTH)

    @Slot(float)
    def _show_flips(self, tau: float) -> None:
        if self._picture is not None:
            self.flips.show_flips(self._picture.replay.at(Threshold(tau)), self._picture.names, CANNOT_KNOW)
            self._window.show_page(FLIPS)

    @Slot()
    def _back(self) -> None:
        self._window.show_page(TUNING)

    def _ignore(self, _error: FaceguardError) -> None:
        """The people list says what is wrong with the database."""
