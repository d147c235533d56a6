"""The second step of enrolment: the photo beside what the encoder sees, the findings, and the person's details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from faceguard.access.enrolment import MAX_NAME_LENGTH, Draft
from faceguard.domain.face import Frame
from faceguard.domain.template import ConsentMeans
from faceguard.ui.enrol_findings import rows_of
from faceguard.ui.photo_view import PhotoView
from faceguard.ui.pin_prompt import button
from faceguard.ui.tokens import XL, XS, L, M, S
from faceguard.ui.widgets.card import Card, Rule
from faceguard.ui.widgets.finding_row import FindingRow, FindingState
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.text import Text

PHOTO_WIDTH: Final = 264
CROP_SIDE: Final = 84
DETAILS_WIDTH: Final = 360
MAX_NUMBER_DIGITS: Final = 9
CONSENT: Final = (
    (ConsentMeans.PAPER, "On paper", "A signed form is kept on file."),
    (ConsentMeans.SCREEN, "On screen", "Read and accepted on this screen."),
    (ConsentMeans.SPOKEN, "Spoken", "Told about it, and said yes."),
)


@dataclass(frozen=True, slots=True, eq=False)
class EnrolRequest:
    """All that the desk needs to store a person."""

    draft: Draft
    name: str
    consent: ConsentMeans
    number: int | None
    accept_near: bool


class EnrolCheck(QWidget):
    """Photo, findings, details; the Enrol button says what is still missing.

    Signals:
        enrol_requested(EnrolRequest)
        other_photo_requested(): back to the first step, details kept.
    """

    enrol_requested = Signal(EnrolRequest)
    other_photo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self._busy = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(L)
        row.addWidget(self._build_photo())
        row.addWidget(self._build_findings(), 1)
        row.addWidget(self._build_details())
        self._update()

    def show_draft(self, draft: Draft) -> None:
        """An examined photo; what was typed stays."""
        self._draft = draft
        self.photo.show_photo(draft.photo, [draft.face.box])
        self.photo.setFixedHeight(min(400, max(160, round(PHOTO_WIDTH * draft.photo.height / draft.photo.width))))
        side = draft.aligned.crop.shape[0]
        self.crop.show_photo(Frame(draft.aligned.crop, draft.photo.captured_ns, draft.photo.sequence), [])
        self.crop.setAccessibleName("What the encoder sees")
        self._crop_words.setText(
            f"What the encoder sees: the face turned upright, {side} × {side} pixels. The photo itself is not kept."
        )
        self.other_person.setChecked(False)
        self._fill_findings(draft)
        self.show_refusal("")
        self._update()

    def reset(self) -> None:
        """Empty fields, nothing preselected."""
        self._draft = None
        self.photo.forget()
        self.crop.forget()
        self.name.clear()
        self.number.clear()
        self.other_person.setChecked(False)
        self._consent.setExclusive(False)
        for choice in self._consent.buttons():
            choice.setChecked(False)
        self._consent.setExclusive(True)
        self.set_busy(False)
        self.show_refusal("")

    def show_refusal(self, sentence: str) -> None:
        """Nothing was stored; says why. Nothing typed is lost."""
        self.refusal.say("", sentence, "deny")
        self.refusal.setVisible(bool(sentence))

    def set_busy(self, busy: bool) -> None:
        """While the person is being stored."""
        self._busy = busy
        self._update()

    @property
    def consent(self) -> ConsentMeans | None:
        """How the person agreed; None until it was said."""
        chosen = self._consent.checkedId()
        return None if chosen < 0 else CONSENT[chosen][0]

    def missing(self) -> str:
        """What keeps this person from being enrolled, in one sentence; empty when nothing does."""
        if self._draft is None or not self._draft.quality.acceptable:
            return "This photo is not good enough; choose another one."
        near = self._draft.nearest
        if near is not None and near.too_near and not self.other_person.isChecked():
            return f"Confirm that this is not {near.subject.name}."
        if not self.name.text().strip():
            return "Type the person's name."
        if self.number.text() and int(self.number.text()) < 1:
            return "A number begins at 1; leave it empty to get the next free one."
        if self.consent is None:
            return "Say how the person agreed."
        return ""

    def _build_photo(self) -> QWidget:
        part = QWidget()
        part.setFixedWidth(PHOTO_WIDTH)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.photo = PhotoView()
        column.addWidget(self.photo)
        below = QHBoxLayout()
        below.setSpacing(M)
        self.crop = PhotoView()
        self.crop.setFixedSize(CROP_SIDE, CROP_SIDE)
        self._crop_words = Text("", "dim small", wrap=True)
        below.addWidget(self.crop, 0, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self._crop_words, 1)
        column.addLayout(below)
        self.other_photo = button("Choose another photo")
        self.other_photo.clicked.connect(self.other_photo_requested)
        column.addWidget(self.other_photo)
        column.addStretch()
        return part

    def _build_findings(self) -> QWidget:
        inner = QWidget()
        inner.setProperty("scroll", True)
        self._findings = QVBoxLayout(inner)
        self._findings.setContentsMargins(L + 1, L + 1, L + 1, L + 1)
        self._findings.setSpacing(0)
        self.other_person = QCheckBox("This is another person")
        self.other_person.toggled.connect(self._update)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        card = Card(margin=1)
        card.column.addWidget(area)
        return card

    def _build_details(self) -> QWidget:
        card = Card("Details", margin=L + 2, spacing=S)
        card.setFixedWidth(DETAILS_WIDTH)
        self.name, self.number = QLineEdit(), QLineEdit()
        self.name.setMaxLength(MAX_NAME_LENGTH)
        self.name.setAccessibleName("Name")
        self.number.setPlaceholderText("The next free one")
        self.number.setAccessibleName("Number, optional")
        digits = QRegularExpression(rf"\d{{0,{MAX_NUMBER_DIGITS}}}")
        self.number.setValidator(QRegularExpressionValidator(digits, self.number))
        card.column.addSpacing(XS)
        for caption, field in (("Name", self.name), ("Number, typed at the keypad", self.number)):
            words = Text(caption, "dim")
            words.setBuddy(field)
            card.column.addWidget(words)
            card.column.addWidget(field)
            field.textChanged.connect(self._update)
            field.returnPressed.connect(self._submit)
        card.column.addSpacing(L)
        card.column.addWidget(Text("How did this person agree?", "strong"))
        self._consent = QButtonGroup(self)
        for index, (_, word, detail) in enumerate(CONSENT):
            choice = QRadioButton(word)
            choice.setAccessibleDescription(detail)
            self._consent.addButton(choice, index)
            line = QHBoxLayout()
            line.setSpacing(S)
            choice.setFixedWidth(104)
            line.addWidget(choice)
            line.addWidget(Text(detail, "dim small", wrap=True), 1)
            card.column.addLayout(line)
        self._consent.idToggled.connect(self._update)
        card.column.addStretch()
        self.refusal = Note("", "", "deny")
        card.column.addWidget(self.refusal)
        foot = QHBoxLayout()
        foot.setSpacing(M)
        self.reason = Text("", "dim small", wrap=True)
        self.enrol = button("Enrol", "primary")
        self.enrol.clicked.connect(self._submit)
        foot.addWidget(self.reason, 1)
        foot.addWidget(self.enrol)
        card.column.addLayout(foot)
        return card

    def _fill_findings(self, draft: Draft) -> None:
        column = self._findings
        self.other_person.setParent(self)
        while (item := column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        column.addWidget(Text("Photo", "strong"))
        column.addSpacing(S)
        for words in rows_of(draft.quality):
            column.addWidget(Rule())
            state = FindingState.GOOD if words.good else FindingState.BAD
            column.addWidget(FindingRow(state, words.sentence, words.detail))
        column.addSpacing(XL)
        column.addWidget(Text("Who is this near?", "strong"))
        column.addSpacing(S)
        near = draft.nearest
        self.other_person.setVisible(near is not None and near.too_near)
        if near is not None and near.too_near:
            sentence = (
                f"Number {near.subject.subject_id} is enrolled already, at a distance of {near.distance.value:.2f}. "
                "If it is another person, the door may ask both for their PIN."
            )
            column.addSpacing(XS)
            column.addWidget(Note(f"Looks like {near.subject.name}", sentence, "ask"))
            column.addSpacing(S)
            column.addWidget(self.other_person)
        else:
            column.addWidget(Rule())
            detail = "" if near is not None else "The gallery is empty."
            column.addWidget(FindingRow(FindingState.GOOD, "Nobody with this face is enrolled", detail))
        column.addStretch()

    def _update(self) -> None:
        missing = self.missing()
        self.reason.setText("Storing…" if self._busy else missing)
        self.enrol.setEnabled(not missing and not self._busy)

    def _submit(self) -> None:
        if self._busy or self.missing() or self._draft is None or self.consent is None:
            return
        number = int(self.number.text()) if self.number.text() else None
        self.show_refusal("")
        self.set_busy(True)
        self.enrol_requested.emit(
            EnrolRequest(self._draft, self.name.text().strip(), self.consent, number, self.other_person.isChecked())
        )
