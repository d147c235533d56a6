"""The side panel of the events page: one event in words, and whom the desk says it showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCompleter,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from faceguard.ui.events_model import EventLine
from faceguard.ui.person_panel import PANEL_WIDTH
from faceguard.ui.pin_prompt import button
from faceguard.ui.tokens import L, M, S
from faceguard.ui.widgets.card import Card, Rule
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.pill import Pill
from faceguard.ui.widgets.scrolled import scrolled
from faceguard.ui.widgets.text import ElidedText, Text

CAPTION_WIDTH: Final = 96
NOT_ALLOWED: Final = "The admin can let the desk say who this was: Settings, “Labels by the desk”."
FALSE_ACCEPT: Final = "By its label this was a stranger, or somebody taken for another person."
LOCKED: Final = "Distances are shown to admins."


class PersonPicker(QWidget):
    """A field that completes the names of enrolled people.

    Signals:
        chosen(int): number of the person.
        cancelled()
    """

    chosen = Signal(int)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._numbers: dict[str, int] = {}
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Name or number")
        self.field.setAccessibleName("Who it was: name or number")
        self.field.setCompleter(completer)
        self.field.textChanged.connect(self._on_text)
        self.field.returnPressed.connect(self._on_save)
        self.save, self.cancel = button("Save", "primary"), button("Cancel")
        self.save.clicked.connect(self._on_save)
        self.cancel.clicked.connect(self.cancelled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        column.addWidget(self.field)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(self.save)
        row.addWidget(self.cancel)
        row.addStretch()
        column.addLayout(row)

    def set_people(self, people: Mapping[int, str]) -> None:
        """Who is enrolled, by number."""
        self._numbers = {f"{name} ({number})": number for number, name in people.items()}
        self._names.setStringList(sorted(self._numbers, key=str.casefold))
        self._on_text()

    def reset(self) -> None:
        """Nobody is chosen."""
        self.field.clear()
        self._on_text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    @property
    def _number(self) -> int | None:
        """Whom the text names: the whole line, or a number alone, or a name that only one person has."""
        text = self.field.text().strip()
        if text in self._numbers:
            return self._numbers[text]
        if text.isdigit() and int(text) in self._numbers.values():
            return int(text)
        fitting = [
            number for line, number in self._numbers.items() if line.casefold().startswith(f"{text} (".casefold())
        ]
        return fitting[0] if text and len(fitting) == 1 else None

    def _on_text(self) -> None:
        self.save.setEnabled(self._number is not None)

    def _on_save(self) -> None:
        if (number := self._number) is not None:
            self.chosen.emit(number)


class EventPanel(Card):
    """Shows the selected event.

    Signals:
        stranger_said(int): number of the event: it was nobody who is enrolled.
        staff_said(int, int): number of the event, and of the person it was.
        label_taken_back(int)
    """

    stranger_said = Signal(int)
    staff_said = Signal(int, int)
    label_taken_back = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(margin=0, parent=parent)
        self.setFixedWidth(PANEL_WIDTH)
        self._line: EventLine | None = None
        self._admin = False
        self._allowed = False
        self._pages = QStackedWidget()
        self._pages.addWidget(EmptyState("list", "No event selected", "Choose an event to see the details."))
        self._pages.addWidget(self._build())
        self.column.addWidget(self._pages)

    @property
    def event_id(self) -> int | None:
        """Number of the event shown."""
        return None if self._line is None else self._line.event_id

    def set_admin(self, admin: bool) -> None:
        """Distances, tau and whom a face resembled are for admins only."""
        self._admin = admin
        self.show_line(self._line)

    def set_labels_allowed(self, allowed: bool) -> None:
        """Whether the desk may say who it was."""
        self._allowed = allowed
        self.show_line(self._line)

    def set_people(self, people: Mapping[int, str]) -> None:
        """Who is enrolled, by number."""
        self.picker.set_people(people)

    def show_line(self, line: EventLine | None) -> None:
        """Another event, or the same with another label; an open form of another one is closed."""
        same = line is not None and line.event_id == self.event_id
        self._line = line
        self._pages.setCurrentIndex(0 if line is None else 1)
        if line is None:
            return
        self.who.setText(line.who)
        self.number.setText("" if line.number is None else f"Number {line.number}")
        self.number.setVisible(line.number is not None)
        self.pill.show_word(line.outcome, line.meaning)
        self._fill(self._details, line.details)
        self._fill(self._numbers, line.numbers if self._admin else ())
        self._rule.setVisible(bool(line.numbers))
        self.locked.setVisible(bool(line.numbers) and not self._admin)
        self.alarm.setVisible(line.false_accept)
        self.label.say("Labelled by the desk", line.label, "deny" if line.false_accept else "neutral")
        self.label.setVisible(line.labelled)
        self.take_back.setVisible(line.labelled)
        self.not_allowed.setVisible(line.labelable and not line.labelled and not self._allowed)
        if not (same and self._picking):
            self._show_picker(False)

    def show_refusal(self, sentence: str) -> None:
        """What the person at the desk asked for did not happen."""
        self.refusal.say("", sentence, "deny")
        self.refusal.setVisible(bool(sentence))

    def finish(self) -> None:
        """What was asked for has happened: the form closes."""
        self.refusal.hide()
        self._show_picker(False)

    def _build(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(L + 2, L + 2, L + 2, L + 2)
        column.setSpacing(M)
        head = QHBoxLayout()
        head.setSpacing(M)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.who, self.number = ElidedText("", "title"), Text("", "dim")
        words.addWidget(self.who)
        words.addWidget(self.number)
        head.addLayout(words, 1)
        self.pill = Pill()
        head.addWidget(self.pill, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self.alarm = Note("False accept", FALSE_ACCEPT, "deny")
        column.addWidget(self.alarm)
        self._details, self._numbers = QGridLayout(), QGridLayout()
        self._rule = Rule()
        self.locked = Text(LOCKED, "dim small", wrap=True)
        column.addLayout(self._details)
        column.addWidget(self._rule)
        column.addWidget(self.locked)
        column.addLayout(self._numbers)
        column.addStretch()
        column.addWidget(self._build_label())
        return scrolled(inside)

    def _build_label(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.refusal = Note("", "", "deny")
        self.refusal.hide()
        self.label = Note("", "", "neutral")
        self.take_back = button("Take the label back")
        self.take_back.clicked.connect(self._on_take_back)
        self.question = Text("Who was it?", "strong")
        self.stranger, self.staff = button("A stranger (visitor)"), button("This was …")
        self.stranger.clicked.connect(self._on_stranger)
        self.staff.clicked.connect(self._on_staff)
        self.picker = PersonPicker()
        self.picker.chosen.connect(self._on_chosen)
        self.picker.cancelled.connect(self.finish)
        self.not_allowed = Text(NOT_ALLOWED, "dim small", wrap=True)
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        row.addWidget(self.stranger)
        row.addWidget(self.staff)
        row.addStretch()
        for widget in (self.refusal, self.label, self.question, self._buttons, self.picker, self.not_allowed):
            column.addWidget(widget)
        column.insertWidget(2, self.take_back, 0, Qt.AlignmentFlag.AlignLeft)
        return part

    @staticmethod
    def _fill(grid: QGridLayout, rows: Sequence[tuple[str, str]]) -> None:
        while (item := grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        grid.setHorizontalSpacing(M)
        grid.setVerticalSpacing(S)
        grid.setColumnMinimumWidth(0, CAPTION_WIDTH)
        grid.setColumnStretch(1, 1)
        for row, (caption, value) in enumerate(rows):
            grid.addWidget(Text(caption, "dim"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Text(value, wrap=True), row, 1)

    @property
    def _picking(self) -> bool:
        return not self.picker.isHidden()

    def _show_picker(self, shown: bool) -> None:
        line = self._line
        may = line is not None and line.labelable and not line.labelled and self._allowed
        self.question.setVisible(may)
        self._buttons.setVisible(may and not shown)
        self.picker.setVisible(may and shown)
        self.refusal.hide()
        if may and shown:
            self.picker.reset()
            self.picker.field.setFocus()

    def _on_stranger(self) -> None:
        if self._line is not None:
            self.stranger_said.emit(self._line.event_id)

    def _on_staff(self) -> None:
        self._show_picker(True)

    def _on_chosen(self, subject_id: int) -> None:
        if self._line is not None:
            self.staff_said.emit(self._line.event_id, subject_id)

    def _on_take_back(self) -> None:
        if self._line is not None:
            self.label_taken_back.emit(self._line.event_id)
