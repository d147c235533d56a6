"""The side panel of the people page: one person's details, PIN and removal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from faceguard.domain.template import ConsentMeans
from faceguard.ui.comparison_part import ComparisonPart
from faceguard.ui.people_model import PersonState, day_words, state_of
from faceguard.ui.pin_prompt import NewPinForm, button
from faceguard.ui.tokens import L, M, S
from faceguard.ui.widgets.avatar import Avatar
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.scrolled import scrolled
from faceguard.ui.widgets.text import ElidedText, Text

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.desk import Person
    from faceguard.pictures_desk import Comparison

PANEL_WIDTH: Final = 340
CONSENT_WORDS: Final = {
    ConsentMeans.PAPER: "On paper",
    ConsentMeans.SCREEN: "On screen",
    ConsentMeans.SPOKEN: "Spoken",
}
NEEDS_PHOTO: Final = (
    "The stored face belongs to another network, so the door cannot recognise this person. "
    "Remove the entry and add the person again from a photo; a PIN has to be set again too."
)
NO_WAY_BACK: Final = "Face, PIN and the record of consent are deleted. This cannot be undone."


class PersonPanel(Card):
    """Shows the selected person.

    Args:
        check_pin: says in one sentence why a new PIN is too weak, None when it is good.

    Signals:
        pin_chosen(int, str): number of the person and the new PIN.
        pin_cleared(int)
        removal_confirmed(int)
        compare_chosen(int): with the camera's picture.
        keep_chosen(): the compared picture as a further template.
    """

    compare_chosen = Signal(int)
    keep_chosen = Signal()
    pin_chosen = Signal(int, str)
    pin_cleared = Signal(int)
    removal_confirmed = Signal(int)

    def __init__(self, check_pin: Callable[[str], str | None], parent: QWidget | None = None) -> None:
        super().__init__(margin=0, parent=parent)
        self.setFixedWidth(PANEL_WIDTH)
        self._person: Person | None = None
        self._drift: Mapping[int, str] = {}
        self._pages = QStackedWidget()
        self._pages.addWidget(EmptyState("person", "Nobody selected", "Choose a person to see the details."))
        self._area = scrolled(self._build_details(check_pin))
        self._pages.addWidget(self._area)
        self.column.addWidget(self._pages)

    @property
    def subject_id(self) -> int | None:
        """Number of the person shown."""
        return self._person.subject.subject_id if self._person is not None else None

    def show_person(self, person: Person | None) -> None:
        """Another person; open forms of the one before are closed."""
        same = person is not None and person.subject.subject_id == self.subject_id
        self._person = person
        self._pages.setCurrentIndex(0 if person is None else 1)
        if person is None:
            self._show_actions()
            return
        subject = person.subject
        self._avatar.set_name(subject.name)
        self.name.setText(subject.name)
        self.number.setText(f"Number {subject.subject_id}")
        self.warning.setVisible(state_of(person) is PersonState.NEEDS_PHOTO)
        self._values["Templates"].setText("1 picture" if person.templates == 1 else f"{person.templates} pictures")
        self._values["Enrolled"].setText(day_words(person.enrolled_at))
        self._values["Consent"].setText(f"{CONSENT_WORDS[subject.consent]}, {day_words(subject.consented_at)}")
        self._values["PIN"].setText("Set" if subject.has_pin else "None")
        self._show_drift()
        self.set_pin.setText("Change PIN" if subject.has_pin else "Set a PIN")
        self.clear_pin.setVisible(subject.has_pin)
        if not same:
            self.compare.setEnabled(True)
            self.comparison.clear()
            self._show_actions()

    def set_drift(self, drift: Mapping[int, str]) -> None:
        """Who comes near to being refused, and a sentence about each."""
        self._drift = drift
        self._show_drift()

    def show_comparison(self, comparison: Comparison) -> None:
        """How far the camera's picture is from this person's; another person's answer comes too late."""
        if comparison.subject.subject_id == self.subject_id:
            self.refusal.hide()
            self.compare.setEnabled(True)
            self.comparison.show_comparison(comparison)
            QTimer.singleShot(0, self, self._show_comparison_whole)  # once it has its place

    def show_refusal(self, sentence: str) -> None:
        """What the person at the desk asked for did not happen; below the form if one is open."""
        if not self.pin_form.isHidden():
            self.pin_form.set_busy(False)
            self.pin_form.show_refusal(sentence)
        else:
            self.compare.setEnabled(True)
            self.comparison.keep.setEnabled(True)
            self.refusal.say("", sentence, "deny")
            self.refusal.setVisible(bool(sentence))

    def finish(self) -> None:
        """What was asked for has happened: forms close."""
        self.compare.setEnabled(True)
        self.comparison.clear()
        self._show_actions()

    def ask_removal(self) -> None:
        """Asks once more, and says what cannot be undone; the safe answer has the focus."""
        if self._person is not None:
            self.refusal.hide()
            self.confirm_heading.setText(f"Remove {self._person.subject.name}?")
            self._show_foot(self._confirm)
            self.keep.setFocus()

    def ask_pin(self) -> None:
        """Opens the form for a new PIN."""
        if self._person is not None:
            self.refusal.hide()
            self.pin_form.reset()
            self._show_foot(self.pin_form)
            self.pin_form.first.setFocus()

    def _build_details(self, check_pin: Callable[[str], str | None]) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(L + 2, L + 2, L + 2, L + 2)
        column.setSpacing(L)
        head = QHBoxLayout()
        head.setSpacing(M)
        self._avatar = Avatar("", 48)
        head.addWidget(self._avatar)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.name, self.number = ElidedText("", "title"), Text("", "dim")
        words.addWidget(self.name)
        words.addWidget(self.number)
        head.addLayout(words, 1)
        column.addLayout(head)
        self.warning = Note("Needs a new photo", NEEDS_PHOTO, "ask")
        self.soon = Note("New photo soon", "", "ask")
        column.addWidget(self.warning)
        column.addWidget(self.soon)
        grid = QGridLayout()
        grid.setHorizontalSpacing(L)
        grid.setVerticalSpacing(M)
        grid.setColumnMinimumWidth(0, 110)
        grid.setColumnStretch(1, 1)
        self._values: dict[str, Text] = {}
        for row, caption in enumerate(("State", "Templates", "Enrolled", "Consent", "PIN")):
            value = Text("", wrap=True)
            grid.addWidget(Text(caption, "dim"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
            self._values[caption] = value
        column.addLayout(grid)
        pins = QHBoxLayout()
        pins.setSpacing(S)
        self.set_pin, self.clear_pin = button("Set a PIN"), button("Clear PIN")
        self.set_pin.clicked.connect(self.ask_pin)
        self.clear_pin.clicked.connect(self._on_clear)
        pins.addWidget(self.set_pin)
        pins.addWidget(self.clear_pin)
        pins.addStretch()
        column.addLayout(pins)
        self.compare = button("Compare with the camera")
        self.compare.setToolTip("The person stands before the camera now. Only the distance is kept.")
        self.compare.clicked.connect(self._on_compare)
        column.addWidget(self.compare, 0, Qt.AlignmentFlag.AlignLeft)
        self.comparison = ComparisonPart()
        self.comparison.keep.clicked.connect(self._on_keep)
        column.addWidget(self.comparison)
        column.addStretch()
        self.refusal = Note("", "", "deny")
        column.addWidget(self.refusal)
        self.pin_form = NewPinForm("New PIN", "Save PIN", check_pin)
        self.pin_form.pin_chosen.connect(self._on_pin_chosen)
        self.pin_form.cancelled.connect(self._show_actions)
        self._actions, self._confirm = self._build_actions(), self._build_confirm()
        self._foot = (self._actions, self.pin_form, self._confirm)
        for part in self._foot:
            column.addWidget(part)
        return page

    def _build_actions(self) -> QWidget:
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.remove = button("Remove…", "danger")
        self.remove.clicked.connect(self.ask_removal)
        row.addStretch()
        row.addWidget(self.remove)
        return part

    def _build_confirm(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.confirm_heading = Text("", "strong", wrap=True)
        column.addWidget(self.confirm_heading)
        column.addWidget(Text(NO_WAY_BACK, wrap=True))
        column.addSpacing(S)
        row = QHBoxLayout()
        row.setSpacing(S)
        self.keep, self.really_remove = button("Keep"), button("Remove for good", "danger")
        self.keep.clicked.connect(self._show_actions)
        self.really_remove.clicked.connect(self._on_remove)
        row.addWidget(self.keep, 1)
        row.addWidget(self.really_remove, 1)
        column.addLayout(row)
        return part

    def _show_actions(self) -> None:
        self.refusal.hide()
        self.pin_form.reset()
        self._show_foot(self._actions)

    def _show_foot(self, shown: QWidget) -> None:
        """One of: what can be done, the form for a PIN, the question before removing."""
        for part in self._foot:
            part.setVisible(part is shown)
        for pin_action in (self.set_pin, self.clear_pin):
            pin_action.setEnabled(shown is self._actions)

    def _show_comparison_whole(self) -> None:
        self._area.ensureWidgetVisible(self.comparison)

    def _show_drift(self) -> None:
        words = self._drift.get(self.subject_id or 0, "")
        if self._person is not None:
            self._values["State"].setText(str(state_of(self._person, self._drift.keys())))
        self.soon.say("New photo soon", words, "ask")
        self.soon.setVisible(bool(words))

    def _on_compare(self) -> None:
        if self._person is not None:
            self.refusal.hide()
            self.comparison.clear()
            self.compare.setEnabled(False)
            self.compare_chosen.emit(self._person.subject.subject_id)

    def _on_keep(self) -> None:
        self.comparison.keep.setEnabled(False)
        self.keep_chosen.emit()

    def _on_pin_chosen(self, pin: str) -> None:
        if self._person is not None:
            self.pin_form.set_busy(True)
            self.pin_chosen.emit(self._person.subject.subject_id, pin)

    def _on_clear(self) -> None:
        if self._person is not None:
            self.pin_cleared.emit(self._person.subject.subject_id)

    def _on_remove(self) -> None:
        if self._person is not None:
            self._show_foot(self._actions)
            self.removal_confirmed.emit(self._person.subject.subject_id)
