"""A word with a meaning's colour behind it."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceguard.ui.theme import restyle
from faceguard.ui.widgets.text import Text

Meaning = Literal["grant", "deny", "ask", "accent", "neutral"]


class Pill(Text):
    """The word says it; the colour only helps."""

    def __init__(self, text: str = "", meaning: Meaning = "neutral", *, parent: QWidget | None = None) -> None:
        super().__init__(text, parent=parent)
        self.setProperty("pill", meaning)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_word(self, text: str, meaning: Meaning) -> None:
        """Another word, another meaning."""
        self.setText(text)
        restyle(self, pill=meaning)
