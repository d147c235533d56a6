"""Measuring liveness on this camera: choose a prop, hold it up, see what the door's gates say of it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from faceguard.domain.decision import Decision, Hint, OutOfService, Pending
from faceguard.domain.observation import HaltReason, Observation
from faceguard.domain.presentation import Species, TrialResult
from faceguard.evaluation.measured_liveness import MeasuredLiveness
from faceguard.ui.messages import HALTS
from faceguard.ui.pin_prompt import button
from faceguard.ui.preview import NewestFrame, Preview
from faceguard.ui.selftest_words import FOLLOW, no_picture, outcome, ready
from faceguard.ui.species_list import SpeciesList
from faceguard.ui.tokens import XL, L, S
from faceguard.ui.verdict_panel import Verdict, VerdictPanel
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.icon_button import IconButton
from faceguard.ui.widgets.note import Note, NoteMeaning
from faceguard.ui.widgets.text import ElidedText, Text

AGAIN: Final = "Press Enter to try again."
FIRST: Final = "Press Enter to start."


class SelftestPage(QWidget):
    """Preview and the word of the moment on the left, the props with their counters and rates on the right.

    Args:
        newest: the newest frame of the camera that is tested.
        mirrored: the preview as in a mirror.

    Signals:
        trial_requested(Species): one presentation; answer with ``show_running``, then ``show_result`` or
            ``show_uncounted``.
        cancel_requested(): the trial that runs is given up.
        undo_requested(): the newest trial of this series is taken back; answer with ``show_test``.
        finish_requested(): back to the settings.
    """

    trial_requested = Signal(object)
    cancel_requested = Signal()
    undo_requested = Signal()
    finish_requested = Signal()

    def __init__(self, newest: NewestFrame, *, mirrored: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._running = False
        self._usable = False
        self._undoable = False
        self.start = IconButton("Start trial", "camera", "primary")
        self.start.clicked.connect(self._on_start)
        self.undo = button("Undo last trial")
        self.undo.clicked.connect(self.undo_requested)
        self.finish = button("Finish")
        self.finish.clicked.connect(self.finish_requested)
        self.back = IconButton("Settings", "arrow-left", "quiet")
        self.back.clicked.connect(self.finish_requested)
        self.note = Note("", "", "neutral")
        self.note.hide()
        self.preview = Preview(newest, mirrored=mirrored)
        self.preview.setMinimumSize(240, 150)
        self.panel = VerdictPanel()
        self.species = SpeciesList()
        self.species.chosen.connect(self._on_chosen)
        self.setFocusProxy(self.species.rows[Species.PRINT_MATTE].radio)
        self._arrange()
        self.begin("", "")

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL - 4)
        column.setSpacing(L)
        head = QHBoxLayout()
        head.setSpacing(S)
        head.addWidget(self.back)
        head.addWidget(ElidedText("Measure liveness", "title"), 1)
        for part in (self.undo, self.finish, self.start):
            head.addWidget(part)
        column.addLayout(head)
        column.addWidget(self.note)
        body = QHBoxLayout()
        body.setSpacing(L)
        left = QVBoxLayout()
        left.setSpacing(L)
        left.addWidget(self.panel)
        left.addWidget(self.preview, 1)
        body.addLayout(left, 6)
        card = Card(margin=L)
        self.about = Text("", "dim small", wrap=True)
        card.column.addWidget(self.about)
        card.column.addSpacing(S)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.species.setProperty("scroll", True)
        area.setWidget(self.species)
        card.column.addWidget(area, 1)
        card.setMinimumWidth(330)
        body.addWidget(card, 5)
        column.addLayout(body, 1)

    # what the app hands in

    @property
    def running(self) -> bool:
        """A trial runs."""
        return self._running

    def begin(self, about: str, apart: str) -> None:
        """A new series.

        Args:
            about: camera, policy, and what happens to the results.
            apart: that it is a simulation or recording; empty before a camera.
        """
        self._running = self._usable = False
        self.about.setText(about)
        self.say(apart, "ask")
        self.show_test(MeasuredLiveness(), undoable=False)
        self.preview.forget()
        self.preview.show_box(None)
        self.preview.show_hint("")
        self.species.choose(Species.PRINT_MATTE)
        self._show_ready()
        self._enable()

    def say(self, sentence: str, meaning: NoteMeaning = "deny") -> None:
        """One sentence above the picture; empty takes it away."""
        self.note.say("", sentence, meaning)
        self.note.setVisible(bool(sentence))

    def show_test(self, test: MeasuredLiveness, *, undoable: bool) -> None:
        """What was measured so far, and whether there is a trial to take back."""
        self._undoable = undoable
        self.species.show_test(test)
        self._enable()

    def show_running(self) -> None:
        """The trial has begun."""
        self._running = True
        self.panel.show_decision(Pending(Hint.LOOK_HERE))
        self._enable()

    def show_result(self, species: Species, result: TrialResult) -> None:
        """How the trial ended."""
        self._running = False
        verdict = outcome(species, result)
        self.panel.show_verdict(Verdict(verdict.tone, verdict.icon, verdict.headline, f"{verdict.sentence} {AGAIN}"))
        self._enable()

    def show_uncounted(self, sentence: str) -> None:
        """The trial was given up or could not be counted."""
        self._running = False
        self.panel.show_verdict(Verdict("ask", "warning", "Not counted", f"{sentence} {AGAIN}"))
        self._enable()

    @Slot(object)
    def show_decision(self, decision: Decision) -> None:
        """The instruction of the moment while a trial runs; whether there are pictures, always."""
        if isinstance(decision, OutOfService):
            self._usable = self._running = False
            self.panel.show_verdict(no_picture(decision.sentence))
            self.preview.forget()
            self.preview.show_placeholder(decision.sentence)
            self.preview.show_box(None)
            self.preview.show_hint("")
        else:
            if not self._usable:
                self._usable = True
                self._show_ready()
            if self._running and isinstance(decision, Pending) and decision.hint is not Hint.WAIT:
                self.panel.show_decision(decision)
        self._enable()

    @Slot(object)
    def show_observation(self, observation: Observation) -> None:
        """The probe's box and what the frame lacked."""
        if not self._usable:
            return
        self.preview.show_box(None if observation.face is None else observation.face.box)
        halt = observation.halt
        silent = halt is None or halt.reason in (HaltReason.NO_FACE, HaltReason.TOO_SOON)
        self.preview.show_hint("" if halt is None or silent else HALTS[halt.reason])

    # keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter starts, or presses the button that has the focus; Esc gives the trial up, or finishes."""
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            pressed = focused if isinstance(focused, QPushButton) and focused.hasFocus() else self.start
            pressed.click()
        elif event.key() == Qt.Key.Key_Escape:
            self._on_start() if self._running else self.finish_requested.emit()
        else:
            super().keyPressEvent(event)

    @Slot()
    def _on_start(self) -> None:
        if self._running:
            self.cancel_requested.emit()
        elif self._usable:
            self.trial_requested.emit(self.species.species)

    @Slot(object)
    def _on_chosen(self, species: Species) -> None:
        if not self._running:
            self._show_ready()
        self.setFocusProxy(self.species.rows[species].radio)

    def _show_ready(self) -> None:
        verdict = ready(self.species.species)
        more = f"{FOLLOW} {FIRST}" if self.species.species.attack else FIRST
        self.panel.show_verdict(Verdict(verdict.tone, verdict.icon, verdict.headline, f"{verdict.sentence} {more}"))

    def _enable(self) -> None:
        self.start.setText(" Stop trial" if self._running else " Start trial")
        for part, enabled in (
            (self.start, self._running or self._usable),
            (self.undo, self._undoable and not self._running),
        ):
            if not enabled and part.hasFocus():  # Qt would pass the focus on to a button that Enter then presses
                self.species.focus()
            part.setEnabled(enabled)
