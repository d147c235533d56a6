"""The state of the machine in words, along the lower edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from faceguard.ui.theme import tokens_for
from faceguard.ui.tokens import XL, L, S
from faceguard.ui.widgets.text import ElidedText

DotTone = Literal["grant", "ask", "deny", "dim"]
STRIP_HEIGHT: Final = 34


@dataclass(frozen=True, slots=True)
class StatusItem:
    """One state, e.g. ``Camera: front door, 30 frames a second``; the words say everything, the dot only helps."""

    words: str
    tone: DotTone = "grant"


class _Dot(QWidget):
    def __init__(self, tone: DotTone) -> None:
        super().__init__()
        self.tone = tone
        self.setFixedSize(QSize(8, 8))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(str(getattr(tokens_for(self), self.tone))))
        painter.drawEllipse(self.rect())
        painter.end()


class StatusStrip(QWidget):
    """Dots and words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("strip", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(STRIP_HEIGHT)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(L, 1, L, 0)
        self._row.setSpacing(0)
        self._items: tuple[StatusItem, ...] = ()

    @property
    def items(self) -> tuple[StatusItem, ...]:
        """What is shown."""
        return self._items

    def show_items(self, items: Sequence[StatusItem]) -> None:
        """Another state; unchanged items cost nothing."""
        if tuple(items) == self._items:
            return
        self._items = tuple(items)
        while (old := self._row.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for index, item in enumerate(self._items):
            if index:
                self._row.addSpacing(XL - 2)
            self._row.addWidget(_Dot(item.tone), 0, Qt.AlignmentFlag.AlignVCenter)
            self._row.addSpacing(S - 1)
            words = ElidedText(item.words, "dim small")
            words.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
            self._row.addWidget(words)
        self._row.addStretch(1)
        self.setAccessibleName(". ".join(item.words for item in self._items))
