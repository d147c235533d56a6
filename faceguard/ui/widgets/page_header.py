"""The top of every page: what it is, one line about it, its main action on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QVBoxLayout, QWidget

from faceguard.ui.tokens import XS, M
from faceguard.ui.widgets.text import ElidedText


class PageHeader(QWidget):
    """Title, subtitle, actions (added from left to right; the main one last)."""

    def __init__(self, title: str = "", subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(M)
        words = QVBoxLayout()
        words.setSpacing(XS)
        self.title = ElidedText(title, "title")
        self.subtitle = ElidedText(subtitle, "dim")
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        row.addLayout(words, 1)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(M - 2)
        row.addLayout(self._actions)

    def add_action(self, button: QAbstractButton) -> None:
        """Puts a button at the right end."""
        self._actions.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
