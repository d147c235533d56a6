"""One finding: a mark, a sentence, and a second line where there is more to say."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from faceguard.ui.tokens import M, S
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.text import Text


class FindingState(StrEnum):
    """How a finding turned out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


_MARKS = {
    FindingState.GOOD: ("tick", "grant", "grant_soft"),
    FindingState.WARNING: ("warning", "ask", "ask_soft"),
    FindingState.BAD: ("cross", "deny", "deny_soft"),
}
_SPOKEN = {FindingState.GOOD: "passed", FindingState.WARNING: "look at this", FindingState.BAD: "failed"}


class FindingRow(QWidget):
    """Mark, sentence, detail."""

    def __init__(self, state: FindingState, sentence: str, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, S + 2, 0, S + 2)
        row.setSpacing(S + 2)
        name, ink, disc = _MARKS[state]
        self.mark = IconMark(name, 22, ink, disc, stroke=2.25)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignVCenter)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.sentence = Text(sentence, "medium", wrap=True)
        words.addWidget(self.sentence)
        if detail:
            words.addWidget(Text(detail, "dim small", wrap=True))
        row.addLayout(words, 1)
        row.setSpacing(M - 2)
        self.setAccessibleName(f"{sentence} ({_SPOKEN[state]})")
