"""A few words that must not be overlooked, on the soft surface of their meaning."""

from __future__ import annotations

from typing import Literal

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from faceguard.ui.theme import restyle
from faceguard.ui.tokens import M
from faceguard.ui.widgets.text import Text

NoteMeaning = Literal["grant", "deny", "ask", "neutral"]


class Note(QFrame):
    """A heading in the meaning's ink, a sentence below it."""

    def __init__(
        self, heading: str = "", sentence: str = "", meaning: NoteMeaning = "ask", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(M, M, M, M)
        column.setSpacing(2)
        self._heading = Text("", "strong", wrap=True)
        self._sentence = Text("", wrap=True)
        column.addWidget(self._heading)
        column.addWidget(self._sentence)
        self.say(heading, sentence, meaning)

    def say(self, heading: str, sentence: str, meaning: NoteMeaning) -> None:
        """Other words; an empty line is hidden."""
        self._heading.setText(heading)
        self._heading.setVisible(bool(heading))
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self._heading.set_tone(None if meaning == "neutral" else meaning)
        restyle(self, note=meaning)
