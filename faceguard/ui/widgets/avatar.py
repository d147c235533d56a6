"""A person's initials in a disc: the list shows no photos, none are kept."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import Palette


def initials(name: str) -> str:
    """First letters of the first and the last word, upper case: ``Eileen Marie Collins`` -> ``EC``."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def paint_avatar(painter: QPainter, name: str, area: QRectF, colours: Palette) -> None:
    """Draws the disc and the initials; for delegates of lists too."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.accent_soft))
    painter.drawEllipse(area)
    painter.setPen(QColor(colours.accent))
    painter.setFont(font(FontSpec(max(9, round(area.height() * 0.375)), 600)))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, initials(name))


class Avatar(QWidget):
    """The disc as a widget, ``side`` logical pixels across."""

    def __init__(self, name: str = "", side: int = 32, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setFixedSize(QSize(side, side))

    def set_name(self, name: str) -> None:
        """Another person."""
        self._name = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Disc and initials."""
        painter = QPainter(self)
        paint_avatar(painter, self._name, QRectF(self.rect()), tokens_for(self))
        painter.end()
