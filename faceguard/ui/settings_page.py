"""Settings in cards; every row comes from the settings table, and the admin's rows open with the admin PIN."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from faceguard.config.settings import SettingRow, SettingValue
from faceguard.domain.errors import FaceguardError
from faceguard.ui.liveness_note import LivenessNote
from faceguard.ui.networks_card import NetworksCard
from faceguard.ui.pin_prompt import NewPinForm, button
from faceguard.ui.setting_field import SettingField
from faceguard.ui.setting_words import (
    ADMIN,
    APPEARANCE,
    CAMERA,
    CARDS,
    DOOR,
    LIVENESS,
    LOST,
    MORE,
    MORE_TITLES,
    POLICIES,
    POLICY_KEY,
    PROVIDER_KEY,
    RECOGNITION,
    TAU_KEY,
    TUNING,
    WORDS,
)
from faceguard.ui.tokens import XL, L, M, S
from faceguard.ui.unlock import UnlockPart
from faceguard.ui.widgets.card import Card, Rule
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.scrolled import scrolled
from faceguard.ui.widgets.text import Text


class SettingsPage(QWidget):
    """All settings.

    Args:
        rows: the settings table.
        check_pin: says in one sentence why a new admin PIN is too weak, None when it is good.

    Signals:
        setting_changed(str, object): key and value, checked against the row; answer with ``show_values`` or
            ``show_refusal``.
        unlock_requested(str): the admin PIN; answer with ``set_locked(False)`` or ``show_unlock_refusal``.
        lock_requested()
        door_test_requested(): one pulse; answer with ``show_door_result``.
        admin_pin_chosen(str): answer with ``show_admin_pin_set`` or ``show_admin_pin_refusal``.
    """

    setting_changed = Signal(str, object)
    unlock_requested = Signal(str)
    lock_requested = Signal()
    door_test_requested = Signal()
    admin_pin_chosen = Signal(str)

    def __init__(
        self,
        rows: Sequence[SettingRow],
        check_pin: Callable[[str], str | None] = lambda pin: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._check_pin = check_pin
        self.setProperty("page", True)
        self._rows = {row.key: row for row in rows if not row.by_program}
        self.fields: dict[str, SettingField] = {}
        self._locked = True
        self.header = PageHeader("Settings")
        self.unlock_part = UnlockPart(self.header)
        self.unlock_part.pin_entered.connect(self.unlock_requested)
        self.unlock_part.lock_requested.connect(self.lock_requested)
        self.notice = Note("", "", "deny")
        self.notice.hide()

        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL - 10, 0)  # the scroll bar runs in the page's margin
        column.setSpacing(L)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, 10, 0)
        top.setSpacing(L)
        for part in (self.header, self.notice, self.unlock_part):
            top.addWidget(part)
        column.addLayout(top)
        column.addWidget(self._build_cards(), 1)
        self.set_locked(True)

    def show_values(self, values: Mapping[str, SettingValue]) -> None:
        """The settings in force; keys that are not given stay as they are."""
        self.notice.hide()
        for key, value in values.items():
            if key in self.fields:
                self.fields[key].show_value(value)
        serial = values.get("door.output")
        if serial is not None:
            for key in ("door.serial_port", "door.serial_channel", "door.pulse_ms"):
                self.fields[key].setVisible(serial == "serial")
            self.door_test.setVisible(serial == "serial")
            self.door_result.setVisible(serial == "serial" and bool(self.door_result.text()))

    def show_refusal(self, key: str, fault: FaceguardError | str) -> None:
        """A value was not taken: the old one is back, the sentence stands under the field."""
        sentence = fault if isinstance(fault, str) else fault.sentence
        if key in self.fields:
            self.fields[key].show_refusal(sentence)
        else:
            self.notice.say("", sentence, "deny")
            self.notice.setVisible(bool(sentence))

    def show_provider(self, choices: Sequence[str], in_use: str) -> None:
        """What may be chosen, and where the networks really run, e.g. ``CPU``."""
        self.fields[PROVIDER_KEY].set_choices(choices)
        self.fields[PROVIDER_KEY].add_to_help(f"In use now: {in_use}." if in_use else "")

    def show_door_result(self, good: bool, sentence: str) -> None:
        """How the test pulse went."""
        self.door_test.setEnabled(not self._locked)
        self.door_result.setText(sentence)
        self.door_result.set_tone("grant" if good else "deny")
        self.door_result.show()

    @property
    def locked(self) -> bool:
        """The admin's rows cannot be changed."""
        return self._locked

    def set_locked(self, locked: bool) -> None:
        """Closes or opens the admin's rows."""
        self._locked = locked
        self.unlock_part.set_locked(locked)
        self.header.subtitle.setText(
            "What decides who gets in opens with the admin PIN." if locked else "Unlocked: changes count at once."
        )
        for key, field in self.fields.items():
            field.editor.setEnabled(not (locked and self._rows[key].admin_only))
        self.networks.set_locked(locked)
        self.liveness.measure.setEnabled(not locked)
        self.change_pin.setEnabled(not locked)
        self._close_pin_form()
        self.door_test.setEnabled(not locked)

    def show_unlock_refusal(self, fault: FaceguardError | str) -> None:
        """The PIN was not right, or it is too early to try again."""
        self.unlock_part.show_refusal(fault)

    def show_admin_pin_set(self) -> None:
        """The new admin PIN counts."""
        self._close_pin_form()
        self.pin_result.setText("The new admin PIN counts from now on.")
        self.pin_result.show()

    def show_admin_pin_refusal(self, fault: FaceguardError | str) -> None:
        """The admin PIN is still the old one; says why."""
        self.pin_form.set_busy(False)
        self.pin_form.show_refusal(fault if isinstance(fault, str) else fault.sentence)

    def _build_cards(self) -> QScrollArea:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, XL)
        column.setSpacing(L)
        column.addWidget(self._build_recognition())
        pair = QHBoxLayout()
        pair.setSpacing(L)
        left, right = QVBoxLayout(), QVBoxLayout()
        for half, names in ((left, (LIVENESS, APPEARANCE)), (right, (CAMERA, DOOR))):
            half.setSpacing(L)
            for name in names:
                half.addWidget(self._build_card(name, CARDS[name]))
            if half is left:
                half.addWidget(self._build_admin())
            half.addStretch()
            pair.addLayout(half, 1)
        column.addLayout(pair)
        self.networks = NetworksCard()
        column.addWidget(self.networks)
        self.more = button("Show more settings")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._show_more)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        named = {key for card in CARDS.values() for key in card} | {TAU_KEY}
        rest = {key: MORE_TITLES.get(key, key) for key in self._rows if key not in named}
        self._more_card = self._build_card(MORE, rest)
        self._more_card.hide()
        column.addWidget(self._more_card)
        column.addStretch()
        return scrolled(inner, bar_stays=True)

    def _build_recognition(self) -> Card:
        card = Card(RECOGNITION, margin=L + 2, spacing=S)
        card.column.addWidget(Text(TUNING, "dim", wrap=True))
        card.column.addSpacing(S)
        card.column.addWidget(Rule())
        card.column.addWidget(self._build_field(PROVIDER_KEY, CARDS[RECOGNITION][PROVIDER_KEY]))
        return card

    def _build_admin(self) -> Card:
        card = Card(ADMIN, margin=L + 2, spacing=S)
        card.column.addWidget(Text(LOST, "dim small", wrap=True))
        card.column.addSpacing(S)
        self.change_pin = button("Change the admin PIN")
        self.change_pin.clicked.connect(self._open_pin_form)
        self.pin_result = Text("", "small", wrap=True)
        self.pin_result.set_tone("grant")
        self.pin_result.hide()
        self.pin_form = NewPinForm("New admin PIN", "Change the PIN", self._check_pin)
        self.pin_form.pin_chosen.connect(self._on_admin_pin)
        self.pin_form.cancelled.connect(self._close_pin_form)
        self.pin_form.hide()
        card.column.addWidget(self.change_pin, 0, Qt.AlignmentFlag.AlignLeft)
        card.column.addWidget(self.pin_form)
        card.column.addWidget(self.pin_result)
        return card

    def _open_pin_form(self) -> None:
        self.pin_result.hide()
        self.change_pin.hide()
        self.pin_form.reset()
        self.pin_form.show()
        self.pin_form.first.setFocus()

    def _close_pin_form(self) -> None:
        self.pin_form.reset()
        self.pin_form.hide()
        self.change_pin.show()

    def _on_admin_pin(self, pin: str) -> None:
        self.pin_form.set_busy(True)
        self.admin_pin_chosen.emit(pin)

    def _build_card(self, name: str, titles: Mapping[str, str]) -> Card:
        card = Card(name, margin=L + 2)
        card.column.addSpacing(S)
        for key, title in titles.items():
            field = self._build_field(key, title)
            rule = Rule(field)  # inside the field: a hidden row takes its line with it
            column = field.layout()
            assert isinstance(column, QVBoxLayout)
            column.setContentsMargins(0, 0, 0, M)
            column.insertWidget(0, rule)
            column.insertSpacing(1, M - 4)
            card.column.addWidget(field)
            if key == POLICY_KEY:
                self.liveness = LivenessNote()
                card.column.addWidget(self.liveness)
        if name == DOOR:
            foot = QHBoxLayout()
            foot.setSpacing(M)
            self.door_test = button("Test the output")
            self.door_test.clicked.connect(self._on_door_test)
            self.door_result = Text("", "small", wrap=True)
            foot.addWidget(self.door_test)
            foot.addWidget(self.door_result, 1)
            card.column.addLayout(foot)
        return card

    def _build_field(self, key: str, title: str) -> SettingField:
        explained = POLICIES if key == POLICY_KEY else None
        field = SettingField(self._rows[key], title, words=WORDS.get(key), explained=explained)
        field.changed.connect(self.setting_changed)
        self.fields[key] = field
        return field

    def _show_more(self, shown: bool) -> None:
        self.more.setText("Show fewer settings" if shown else "Show more settings")
        self._more_card.setVisible(shown)

    def _on_door_test(self) -> None:
        self.door_test.setEnabled(False)
        self.door_result.setText("")
        self.door_test_requested.emit()
