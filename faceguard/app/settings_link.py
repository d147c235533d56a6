"""The settings page behind the desk: rights, stored values, and what has to happen when one changes."""

from __future__ import annotations

import logging
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from faceguard.compose import House, Networks, search_tau
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.errors import FaceguardError, NotPermitted
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.setting_words import TAU_KEY
from faceguard.ui.settings_page import SettingsPage

log = logging.getLogger(__name__)

LOCK_POLL_MS = 2_000
"""How soon the page notices that the admin's two minutes are over."""


class SettingsLink(QObject):
    """Answers the settings page.

    Args:
        house: settings and networks.
        desk: does the work.
        page: asks for it.

    Signals:
        changed(Settings, str): a setting was stored; its key.
        tried(Settings): tau while its handle moves: in force at once, not stored yet; the stored ones again when
            it was refused.
        role_changed(bool): the admin's rights are open now.
        door_test_allowed(): one pulse, please.
    """

    changed = Signal(object, str)
    tried = Signal(object)
    role_changed = Signal(bool)
    door_test_allowed = Signal()

    def __init__(self, house: House, desk: DeskWorker, page: SettingsPage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._house = house
        self._desk = desk
        self._page = page
        self._networks: Networks | None = None
        self._people = 0
        self._trying = False
        page.setting_changed.connect(self._set)
        page.tau_changed.connect(self._try_tau)
        page.unlock_requested.connect(self._unlock)
        page.lock_requested.connect(self._lock)
        page.door_test_requested.connect(self._test_door)
        page.admin_pin_chosen.connect(self._set_admin_pin)
        self._timer = QTimer(self)
        self._timer.setInterval(LOCK_POLL_MS)
        self._timer.timeout.connect(self._look_at_lock)

    def show(self, settings: Settings, networks: Networks | None, people: int) -> None:
        """The values in force; the networks' part once they are loaded."""
        self._networks, self._people = networks, people
        self._page.show_values(settings)
        if networks is None:
            return
        card = networks.encoder.card
        tau, default = search_tau(settings, card), card.default_tau
        self._page.show_recognition(
            0.0 if tau is None else tau.value, card.operating_points, people, None if default is None else default.value
        )
        self._page.show_provider(("auto", *networks.providers), networks.provider.upper())

    def stop(self) -> None:
        """No more questions to the desk."""
        self._timer.stop()

    @Slot(str, object)
    def _set(self, key: str, value: object) -> None:
        def store(desk: Desk) -> tuple[str, Settings]:
            return key, desk.set(key, value)

        self._desk.submit(store, self._on_set, partial(self._on_refused, key))

    def _on_set(self, answer: tuple[str, Settings]) -> None:
        key, settings = answer
        self._trying = self._trying and key != TAU_KEY
        self._page.show_values(settings)
        self.changed.emit(settings, key)

    def _on_refused(self, key: str, error: FaceguardError) -> None:
        if isinstance(error, NotPermitted):
            self._set_role(False)
        if key == TAU_KEY:
            self._restore()
        self._page.show_refusal(key, error)

    @Slot(float)
    def _try_tau(self, tau: float) -> None:
        self._trying = True
        self._desk.submit(lambda desk: desk.tried(TAU_KEY, tau), self._on_tried, partial(self._on_refused, TAU_KEY))

    def _on_tried(self, settings: Settings) -> None:
        if self._trying:
            self.tried.emit(settings)

    def _restore(self) -> None:
        """A tau that was tried but not stored is in force no more, and its handle is back."""
        self._page.drop_tau()
        tried, self._trying = self._trying, False
        try:
            settings = self._house.settings()
        except FaceguardError as error:
            self._ignore(error)
            return
        self.show(settings, self._networks, self._people)
        if tried:
            self.tried.emit(settings)

    def _ignore(self, error: FaceguardError) -> None:
        log.error("%s (%s)", error.sentence, error.detail)

    # rights

    @Slot(str)
    def _unlock(self, pin: str) -> None:
        self._desk.submit(lambda desk: desk.unlock(pin), self._on_unlocked, self._page.show_unlock_refusal)

    def _on_unlocked(self, _answer: None) -> None:
        self._set_role(True)

    @Slot()
    def _lock(self) -> None:
        self._restore()
        self._desk.submit(lambda desk: desk.lock(), self._on_locked, self._ignore)

    def _on_locked(self, _answer: None) -> None:
        self._set_role(False)

    @Slot()
    def rights_ended(self) -> None:
        """The admin's rights were found closed elsewhere."""
        self._set_role(False)

    @Slot()
    def _look_at_lock(self) -> None:
        if not self._desk.busy:
            self._desk.submit(lambda desk: desk.locked, self._on_lock_known, self._ignore)

    def _on_lock_known(self, locked: bool) -> None:
        if locked:
            self._set_role(False)

    def _set_role(self, admin: bool) -> None:
        if not admin and not self._page.locked:
            self._restore()
        self._page.set_locked(not admin)
        if admin:
            self._timer.start()
        else:
            self._timer.stop()
        self.role_changed.emit(admin)

    @Slot(str)
    def _set_admin_pin(self, pin: str) -> None:
        self._desk.submit(lambda desk: desk.set_admin_pin(pin), self._on_admin_pin_set, self._on_admin_pin_refused)

    def _on_admin_pin_set(self, _answer: None) -> None:
        self._page.show_admin_pin_set()

    def _on_admin_pin_refused(self, error: FaceguardError) -> None:
        if isinstance(error, NotPermitted):
            self._set_role(False)
            self._page.show_refusal("", error)
        else:
            self._page.show_admin_pin_refusal(error)

    # the door output

    @Slot()
    def _test_door(self) -> None:
        self._desk.submit(lambda desk: desk.allow_door_test(), self._on_door_test_allowed, self._on_door_test_refused)

    def _on_door_test_allowed(self, _answer: None) -> None:
        self.door_test_allowed.emit()

    def _on_door_test_refused(self, error: FaceguardError) -> None:
        self._page.show_door_result(False, error.sentence)
