"""A live face beside the stored ones: how near, where the door's tau lies, and what can be done with the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from faceguard.ui.pin_prompt import button
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import SMALL, S
from faceguard.ui.widgets.text import Text

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.pictures_desk import Comparison

SPAN: Final = 2.0
"""d = 2 is the distance of two faces that have nothing to do with each other."""
CLOSE: Final = 0.9
"""Share of tau from which on a recognised face is told to be a close thing."""


class DistanceBar(QWidget):
    """From "same person" to "other people", with the door's tau drawn in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._distance, self._tau = 0.0, 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(52)

    def sizeHint(self) -> QSize:
        """As wide as offered."""
        return QSize(240, 52)

    def show_distance(self, distance: float, tau: float | None) -> None:
        """Where the face lies."""
        self._distance, self._tau = min(distance, SPAN), -1.0 if tau is None else min(tau, SPAN)
        side = "within" if distance <= self._tau else "beyond"
        self.setAccessibleName(f"Distance between same person and other people: {side} what the door accepts")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The bar, tau, and the face."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(8, 22, self.width() - 16, 8)
        blend = QLinearGradient(area.topLeft(), area.topRight())
        blend.setColorAt(0.0, QColor(colours.grant))
        blend.setColorAt(1.0, QColor(colours.deny))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(blend)
        painter.drawRoundedRect(area, 4, 4)
        painter.setFont(font(FontSpec(SMALL)))
        foot = QRectF(area.left(), area.bottom() + 6, area.width(), 16)
        painter.setPen(QColor(colours.dim))
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "same person")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, "other people")
        if self._tau >= 0.0:
            x = area.left() + self._tau / SPAN * area.width()
            painter.setPen(QPen(QColor(colours.ink), 2))
            painter.drawLine(QPointF(x, area.top() - 5), QPointF(x, area.bottom() + 5))
            painter.drawText(QRectF(x - 40, 0, 80, 16), Qt.AlignmentFlag.AlignHCenter, "tau")
        x = area.left() + self._distance / SPAN * area.width()
        painter.setPen(QPen(QColor(colours.card), 3))
        painter.setBrush(QColor(colours.accent))
        painter.drawEllipse(QPointF(x, area.center().y()), 8, 8)
        painter.end()


class ComparisonPart(QWidget):
    """The bar, a sentence, and a button that keeps the picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.bar = DistanceBar()
        self.sentence = Text("", wrap=True)
        self.keep = button("Keep this picture too")
        self.keep.setToolTip("As one more template; the picture itself is not kept.")
        for part in (self.bar, self.sentence):
            column.addWidget(part)
        column.addWidget(self.keep, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def show_comparison(self, comparison: Comparison) -> None:
        """How near the face is."""
        tau = None if comparison.tau is None else comparison.tau.value
        self.bar.show_distance(comparison.distance.value, tau)
        self.sentence.setText(comparison_in_words(comparison))
        self.sentence.set_tone(None if comparison.recognised else "ask")
        self.keep.setEnabled(True)
        self.show()

    def clear(self) -> None:
        """Nothing is compared."""
        self.hide()


def comparison_in_words(comparison: Comparison) -> str:
    """What the door would do with this face."""
    name, tau = comparison.subject.name, comparison.tau
    if tau is None:
        return "This encoder has no measured tau, so the door recognises nobody."
    if not comparison.recognised:
        return (
            f"The door would not recognise {name}. Is it this person? Then keep the picture too, or take a better one."
        )
    if comparison.distance.value > CLOSE * tau.value:
        return f"The door would recognise {name}, but only just. Keep the picture too."
    return f"The door would recognise {name}."
