"""Adding a person, in three steps on one page: photo, check, done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from faceguard.access.enrolment import Draft
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import BoundingBox, Frame
from faceguard.domain.template import Subject
from faceguard.ui.drop_area import PHOTO_SUFFIXES, DropArea
from faceguard.ui.enrol_check import EnrolCheck, EnrolRequest
from faceguard.ui.photo_view import PhotoView
from faceguard.ui.pin_prompt import NewPinForm, button
from faceguard.ui.tokens import XL, L, M, S
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.icon_button import IconButton, IconMark
from faceguard.ui.widgets.note import Note, NoteMeaning
from faceguard.ui.widgets.pill import Pill
from faceguard.ui.widgets.text import Text

PIN_FORM_WIDTH: Final = 340
CAMERA: Final = "the camera's picture"


class Step(IntEnum):
    """Where the enrolment stands."""

    PHOTO = 0
    CHECK = 1
    DONE = 2


STEP_WORDS: Final = {Step.PHOTO: "1 Photo", Step.CHECK: "2 Check", Step.DONE: "3 Done"}


class EnrolPage(QWidget):
    """From a photo to an enrolled person.

    Args:
        check_pin: says in one sentence why a new PIN is too weak, None when it is good.
        suffixes: of photo files, for the file dialog.

    Signals:
        photo_chosen(Path): examine this file; answer with ``show_draft``, ``show_choice`` or ``show_refusal``.
        camera_requested(): examine the camera's newest picture; the same answers.
        face_chosen(int): examine the same photo again with this face, an index (from 0) into the boxes of
            ``show_choice``.
        enrol_requested(EnrolRequest): answer with ``show_enrolled`` or ``show_refusal``.
        pin_requested(int, str): number and PIN of the person just enrolled; ``show_pin_set`` or ``show_refusal``.
        back_requested(): to the people list.
    """

    photo_chosen = Signal(Path)
    camera_requested = Signal()
    face_chosen = Signal(int)
    enrol_requested = Signal(EnrolRequest)
    pin_requested = Signal(int, str)
    back_requested = Signal()

    def __init__(
        self,
        check_pin: Callable[[str], str | None] = lambda pin: None,
        suffixes: Sequence[str] = PHOTO_SUFFIXES,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self.setAcceptDrops(True)
        self._subject: Subject | None = None
        self.check = EnrolCheck()
        self.check.enrol_requested.connect(self.enrol_requested)
        self.check.other_photo_requested.connect(self._another_photo)
        self._steps = QStackedWidget()
        self._steps.addWidget(self._build_photo_step(suffixes))
        self._steps.addWidget(self.check)
        self._steps.addWidget(self._build_done_step(check_pin))
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL - 4)
        column.setSpacing(L)
        column.addLayout(self._build_head())
        column.addWidget(self._steps, 1)
        self.start()

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return Step(self._steps.currentIndex())

    def start(self) -> None:
        """A new person: everything empty."""
        self._subject = None
        self.check.reset()
        self._another_photo()

    def set_camera_available(self, available: bool) -> None:
        """Whether a picture can be taken with the door's camera now."""
        self.drop.set_camera_available(available)

    def show_examining(self, what: str) -> None:
        """A photo is being looked at."""
        self._busy_words.setText(f"Looking for the face in {what}…")
        self._photo_pages.setCurrentWidget(self._busy_page)
        self.refusal.hide()
        self._go(Step.PHOTO)

    def show_draft(self, draft: Draft) -> None:
        """The photo was examined: on to the check."""
        self.check.show_draft(draft)
        self._photo_pages.setCurrentWidget(self.drop)
        self._go(Step.CHECK)
        self.check.name.setFocus()

    def show_choice(self, photo: Frame, boxes: Sequence[BoundingBox], sentence: str) -> None:
        """Several faces: which one is to be enrolled?"""
        self._say(sentence, "ask")
        self.choice.show_photo(photo, boxes, choosing=True)
        self._photo_pages.setCurrentWidget(self._choice_page)
        self._go(Step.PHOTO)
        self.choice.setFocus()

    def show_refusal(self, fault: FaceguardError | str) -> None:
        """One sentence in the step that is shown; nothing typed is lost."""
        sentence = fault if isinstance(fault, str) else fault.sentence
        match self.step:
            case Step.PHOTO:
                self._photo_pages.setCurrentWidget(self.drop)
                self._say(sentence)
            case Step.CHECK:
                self.check.set_busy(False)
                self.check.show_refusal(sentence)
            case Step.DONE:
                self.pin_form.set_busy(False)
                self.pin_form.show_refusal(sentence)

    def show_enrolled(self, subject: Subject) -> None:
        """Stored: the last step."""
        self._subject = subject
        self.check.set_busy(False)
        self.done_title.setText(f"{subject.name} is enrolled")
        self.done_words.setText(
            f"Number {subject.subject_id}. The door knows this face from the next picture on; the photo was not kept."
        )
        self._show_done_actions()
        self._go(Step.DONE)
        self.add_another.setFocus()

    def show_pin_set(self) -> None:
        """The PIN of the person just enrolled was stored."""
        self._show_done_actions()
        self.set_pin.hide()
        self.pin_words.setText("A PIN is set.")
        self.add_another.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A photo may be dropped anywhere on the page while one is wanted."""
        if self.step is not Step.DONE and self._photo_pages.currentWidget() is not self._busy_page:
            self.drop.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """As on the drop area."""
        self.drop.dropEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes one step back."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.step is Step.CHECK or self._photo_pages.currentWidget() is self._choice_page:
            self._another_photo()
        else:
            self.back_requested.emit()

    def _build_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(S)
        self.back = IconButton("People", "arrow-left", "quiet")
        self.back.clicked.connect(self.back_requested)
        head.addWidget(self.back)
        head.addWidget(Text("Add person", "title"))
        head.addStretch()
        self._pills = {step: Pill(words) for step, words in STEP_WORDS.items()}
        for pill in self._pills.values():
            pill.setProperty("step", True)
            head.addWidget(pill)
        return head

    def _build_photo_step(self, suffixes: Sequence[str]) -> QWidget:
        self.drop = DropArea(suffixes)
        self.drop.file_chosen.connect(self._on_file)
        self.drop.refused.connect(self.show_refusal)
        self.drop.camera_wanted.connect(self._on_camera)
        self.choice = PhotoView()
        self.choice.face_chosen.connect(self._on_face)
        self._choice_page = Card(margin=L, spacing=M)
        self._choice_page.column.addWidget(
            Text("Click the face to enrol, or choose it with the arrow keys and Enter.", "strong", wrap=True)
        )
        self._choice_page.column.addWidget(self.choice, 1)
        other = button("Choose another photo")
        other.clicked.connect(self._another_photo)
        self._choice_page.column.addWidget(other, 0, Qt.AlignmentFlag.AlignLeft)
        self._busy_page = Card(spacing=M)
        self._busy_words = Text("", "dim")
        self._busy_words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setFixedWidth(240)
        self._busy_page.column.addStretch()
        self._busy_page.column.addWidget(self._busy_words)
        self._busy_page.column.addWidget(bar, 0, Qt.AlignmentFlag.AlignHCenter)
        self._busy_page.column.addStretch()
        self._photo_pages = QStackedWidget()
        for page in (self.drop, self._choice_page, self._busy_page):
            self._photo_pages.addWidget(page)
        self.refusal = Note("", "", "deny")
        self.refusal.hide()
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(L)
        column.addWidget(self.refusal)
        column.addWidget(self._photo_pages, 1)
        return part

    def _build_done_step(self, check_pin: Callable[[str], str | None]) -> QWidget:
        centre = Qt.AlignmentFlag.AlignHCenter
        card = Card(spacing=S)
        card.column.addStretch()
        card.column.addWidget(IconMark("tick", 64, "grant", "grant_soft", stroke=2.25), 0, centre)
        card.column.addSpacing(M)
        self.done_title, self.done_words = Text("", "title", wrap=True), Text("", "dim", wrap=True)
        self.pin_words = Text("", "dim", wrap=True)
        for words in (self.done_title, self.done_words, self.pin_words):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
            card.column.addWidget(words)
        card.column.addSpacing(L)
        self._done_actions = QWidget()
        row = QHBoxLayout(self._done_actions)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(M)
        self.add_another = IconButton("Add another", "plus", "primary")
        self.set_pin, self.to_people = IconButton("Set a PIN", "key"), button("Back to people")
        self.add_another.clicked.connect(self.start)
        self.set_pin.clicked.connect(self._ask_pin)
        self.to_people.clicked.connect(self.back_requested)
        for action in (self.add_another, self.set_pin, self.to_people):
            row.addWidget(action)
        card.column.addWidget(self._done_actions, 0, centre)
        self.pin_form = NewPinForm("New PIN", "Save PIN", check_pin)
        self.pin_form.setFixedWidth(PIN_FORM_WIDTH)
        self.pin_form.pin_chosen.connect(self._on_pin)
        self.pin_form.cancelled.connect(self._show_done_actions)
        middle = QHBoxLayout()  # stretches and not an alignment: an aligned form does not grow with a refusal
        middle.addStretch()
        middle.addWidget(self.pin_form)
        middle.addStretch()
        card.column.addLayout(middle)
        card.column.addStretch()
        return card

    def _go(self, step: Step) -> None:
        self._steps.setCurrentIndex(step)
        for each, pill in self._pills.items():
            pill.show_word(STEP_WORDS[each], "accent" if each is step else "grant" if each < step else "neutral")

    def _say(self, sentence: str, meaning: NoteMeaning = "deny") -> None:
        self.refusal.say("", sentence, meaning)
        self.refusal.setVisible(bool(sentence))

    def _another_photo(self) -> None:
        self._say("")
        self._photo_pages.setCurrentWidget(self.drop)
        self._go(Step.PHOTO)
        self.drop.choose.setFocus()

    def _on_file(self, path: Path) -> None:
        self.show_examining(path.name)
        self.photo_chosen.emit(path)

    def _on_camera(self) -> None:
        self.show_examining(CAMERA)
        self.camera_requested.emit()

    def _on_face(self, index: int) -> None:
        self.show_examining("the photo")  # a second click must not examine a second time
        self.face_chosen.emit(index)

    def _ask_pin(self) -> None:
        self.pin_words.hide()
        self._done_actions.hide()
        self.pin_form.reset()
        self.pin_form.show()
        self.pin_form.first.setFocus()

    def _show_done_actions(self) -> None:
        self.pin_form.reset()
        self.pin_form.hide()
        self.set_pin.show()
        self.pin_words.setText("Where the door asks for a PIN after the face, this person needs one.")
        self.pin_words.show()
        self._done_actions.show()

    def _on_pin(self, pin: str) -> None:
        if self._subject is not None:
            self.pin_form.set_busy(True)
            self.pin_requested.emit(self._subject.subject_id, pin)
