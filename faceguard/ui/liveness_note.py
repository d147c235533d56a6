"""What was measured of liveness on this camera, said where the policy is chosen."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from faceguard.evaluation.measured_liveness import DETERS, MeasuredLiveness
from faceguard.ui.pin_prompt import button
from faceguard.ui.selftest_words import NO_CAMERA, PROPS, quoted
from faceguard.ui.tokens import M
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.text import Text


class LivenessNote(QWidget):
    """A note, and the button that opens the test.

    Signals:
        test_requested(): measure on this camera.
    """

    test_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = Note()
        self.caution = Text(f"{DETERS} {PROPS}", "dim small", wrap=True)
        self.measure = button("Measure on this camera…")
        self.measure.clicked.connect(self.test_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, M)
        column.setSpacing(M)
        column.addWidget(self.note)
        column.addWidget(self.caution)
        column.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_tests("", {policy: MeasuredLiveness() for policy in ("standard", "strict")})

    def show_tests(self, camera: str, tests: Mapping[str, MeasuredLiveness]) -> None:
        """What was measured under each policy; no policy at all where the pictures come from no camera."""
        measured = any(test.measured for test in tests.values())
        if measured:
            said = "\n".join(quoted(policy, test, camera) for policy, test in tests.items())
            self.note.say("Measured with your own props", said, "neutral")
        else:
            self.note.say("Not measured on this camera", DETERS if tests else f"{NO_CAMERA} {DETERS}", "ask")
        self.caution.setVisible(measured)
