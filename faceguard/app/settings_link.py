"""The settings page behind the desk: stored values, and what has to happen when one changes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from faceguard.compose import Networks
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.errors import FaceguardError, NotPermitted
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.settings_page import SettingsPage


class SettingsLink(QObject):
    """Answers the settings page.

    Args:
        desk: does the work.
        page: asks for it.

    Signals:
        changed(Settings, str): a setting was stored; its key.
        rights_ended(): the admin's rights were found closed.
        door_test_allowed(): one pulse, please.
    """

    changed = Signal(object, str)
    rights_ended = Signal()
    door_test_allowed = Signal()

    def __init__(self, desk: DeskWorker, page: SettingsPage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._page = page
        page.setting_changed.connect(self._set)
        page.door_test_requested.connect(self._test_door)
        page.admin_pin_chosen.connect(self._set_admin_pin)

    def show(self, settings: Settings, networks: Networks | None) -> None:
        """The values in force; the networks' part once they are loaded."""
        self._page.show_values(settings)
        if networks is not None:
            self._page.show_provider(("auto", *networks.providers), networks.provider.upper())

    @Slot(str, object)
    def _set(self, key: str, value: object) -> None:
        def store(desk: Desk) -> tuple[str, Settings]:
            return key, desk.set(key, value)

        self._desk.submit(store, self._on_set, partial(self._on_refused, key))

    def _on_set(self, answer: tuple[str, Settings]) -> None:
        key, settings = answer
        self._page.show_values(settings)
        self.changed.emit(settings, key)

    def _on_refused(self, key: str, error: FaceguardError) -> None:
        if isinstance(error, NotPermitted):
            self.rights_ended.emit()
        self._page.show_refusal(key, error)

    @Slot(str)
    def _set_admin_pin(self, pin: str) -> None:
        self._desk.submit(lambda desk: desk.set_admin_pin(pin), self._on_admin_pin_set, self._on_admin_pin_refused)

    def _on_admin_pin_set(self, _answer: None) -> None:
        self._page.show_admin_pin_set()

    def _on_admin_pin_refused(self, error: FaceguardError) -> None:
        if isinstance(error, NotPermitted):
            self.rights_ended.emit()
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
