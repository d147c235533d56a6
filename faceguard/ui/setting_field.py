"""One row of the settings table as a line of the page: what it is, what it does, its value, and what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from faceguard.config.settings import Kind, SettingRow, SettingValue
from faceguard.domain.errors import SettingsFault
from faceguard.ui.theme import restyle
from faceguard.ui.tokens import XS, L, M, S
from faceguard.ui.widgets.text import Text

EDITOR_WIDTH: Final = 196
UNIT_WIDTH: Final = 36
SHORT_UNIT: Final = 4
LONG_UNIT_WIDTH: Final = 84
"""For a unit in words, such as ``grey levels``."""
CHECK_WIDTH: Final = 20
"""The box alone: Qt would add room for a text that stands elsewhere."""


class SettingField(QWidget):
    """Title and help on the left, the value on the right; a sentence below when a value was refused.

    Args:
        row: of the settings table.
        title: two or three words.
        words: what choices are called, by value; the value itself where one is missing.
        explained: a sentence for each choice: the choices become a column of radio buttons.

    Signals:
        changed(str, object): key and checked value, when the person has finished typing or has chosen.
    """

    changed = Signal(str, object)

    def __init__(
        self,
        row: SettingRow,
        title: str,
        *,
        words: dict[str, str] | None = None,
        explained: dict[str, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.row = row
        self._value: SettingValue = row.default
        self._words = words or {}
        self.error = Text("", "small", wrap=True)
        self.error.set_tone("deny")
        self.error.hide()
        self.title = Text(title, "medium", wrap=True)
        self._unit_width = UNIT_WIDTH if len(row.unit) <= SHORT_UNIT else LONG_UNIT_WIDTH
        self.editor = self._build_choices(explained) if explained else self._build_editor()
        self.editor.setAccessibleName(title)
        self.editor.setAccessibleDescription(row.help)

        labels = QVBoxLayout()
        labels.setSpacing(2)
        labels.addWidget(self.title)
        self.help = Text("" if explained else row.help, "dim small", wrap=True)
        self.help.setHidden(bool(explained))
        labels.addWidget(self.help)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, M)
        column.setSpacing(XS)
        if explained:
            labels.setContentsMargins(0, 0, 0, 0)
            column.addLayout(labels)
            column.addWidget(self.editor)
        else:
            line = QHBoxLayout()
            line.setSpacing(L)
            line.addLayout(labels, 1)
            line.addWidget(self.editor, 0, Qt.AlignmentFlag.AlignVCenter)
            if row.unit:
                unit = Text(row.unit, "dim")
                unit.setFixedWidth(self._unit_width)
                line.addSpacing(S - L)
                line.addWidget(unit)
            column.addLayout(line)
        column.addWidget(self.error)

    def show_value(self, value: SettingValue) -> None:
        """The value in force; takes a refusal away."""
        self._value = value
        self._put(value)
        self._refuse("")

    def show_refusal(self, sentence: str) -> None:
        """The new value was not taken: the old one is back, and the sentence says why."""
        self._put(self._value)
        self._refuse(sentence)

    def add_to_help(self, sentence: str) -> None:
        """A sentence about the present state, after the row's own help."""
        self.help.setText(f"{self.row.help} {sentence}".strip())

    def set_choices(self, choices: Sequence[str]) -> None:
        """Words offered for a text setting that is shown as a list."""
        if isinstance(self.editor, QComboBox):
            self.editor.clear()
            for choice in choices:
                self.editor.addItem(self._words.get(choice, choice), choice)
            self._put(self._value)

    def _build_editor(self) -> QWidget:
        if self.row.kind is Kind.SWITCH:
            check = QCheckBox()
            check.setFixedWidth(CHECK_WIDTH)
            check.clicked.connect(self._on_switched)
            return check
        if self.row.kind is Kind.CHOICE or self._words:
            box = QComboBox()
            box.setFixedWidth(EDITOR_WIDTH)
            for choice in self.row.choices or tuple(self._words):
                box.addItem(self._words.get(choice, choice), choice)
            box.activated.connect(self._on_chosen)
            return box
        field = QLineEdit()
        field.setFixedWidth(EDITOR_WIDTH - (self._unit_width + S if self.row.unit else 0))
        field.editingFinished.connect(self._on_typed)
        return field

    def _build_choices(self, explained: dict[str, str]) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.choices = QButtonGroup(self)
        for index, (choice, sentence) in enumerate(explained.items()):
            radio = QRadioButton(self._words.get(choice, choice))
            radio.setAccessibleDescription(sentence)
            self.choices.addButton(radio, index)
            words = Text(sentence, "dim small", wrap=True)
            words.setContentsMargins(28, 0, 0, S)
            column.addWidget(radio)
            column.addWidget(words)
        self._choice_values = tuple(explained)
        self.choices.idClicked.connect(self._on_radio)
        return part

    def _put(self, value: SettingValue) -> None:
        match self.editor:
            case QCheckBox() as check:
                check.setChecked(bool(value))
            case QComboBox() as box:
                if (index := box.findData(value)) < 0:
                    box.addItem(str(value), value)
                    index = box.count() - 1
                box.setCurrentIndex(index)
            case QLineEdit() as field:
                field.setText(self._typed(value))
                field.setCursorPosition(0)
            case _:
                if value in self._choice_values:
                    self.choices.button(self._choice_values.index(str(value))).setChecked(True)

    def _typed(self, value: SettingValue) -> str:
        """A value as a person would type it: ``24``, not ``24.0``."""
        return f"{value:g}" if isinstance(value, float) else self.row.shown(value)

    def _refuse(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        restyle(self.editor, invalid=bool(sentence))

    def _on_typed(self) -> None:
        if not isinstance(self.editor, QLineEdit) or self.editor.text() == self._typed(self._value):
            return
        try:
            value = self.row.parsed(self.editor.text())
        except SettingsFault as fault:
            self.show_refusal(fault.sentence)
        else:
            self._change(value)

    def _on_switched(self, checked: bool) -> None:
        self._change(checked)

    def _on_chosen(self) -> None:
        if isinstance(self.editor, QComboBox):
            self._change(self.editor.currentData())

    def _on_radio(self, index: int) -> None:
        self._change(self._choice_values[index])

    def _change(self, value: SettingValue) -> None:
        if value != self._value:
            self._refuse("")
            self.changed.emit(self.row.key, value)
