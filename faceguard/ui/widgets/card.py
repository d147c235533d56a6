"""A white sheet with a hairline round it, the page's one container."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from faceguard.ui.tokens import L
from faceguard.ui.widgets.text import Text


class Card(QFrame):
    """A column on a card, with a heading where one is given; add to ``column``."""

    def __init__(self, heading: str = "", *, margin: int = L, spacing: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(margin, margin, margin, margin)
        self.column.setSpacing(spacing)
        if heading:
            self.column.addWidget(Text(heading, "strong"))


class Rule(QFrame):
    """A hairline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("rule", True)
