"""Buttons and marks with an icon that changes colour with the theme."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QWidget

from faceguard.ui.icons import ICON_PIXELS, STROKE, icon, paint_icon
from faceguard.ui.theme import tokens_for
from faceguard.ui.tokens import Palette


class IconButton(QPushButton):
    """A push button with an icon before its text.

    Args:
        text: the words; with none, give an accessible name.
        name: of the icon.
        kind: ``""``, ``primary``, ``danger`` or ``quiet``.
    """

    def __init__(self, text: str, name: str, kind: str = "", *, parent: QWidget | None = None) -> None:
        super().__init__(f" {text}" if text else "", parent)  # Qt leaves 4 px between icon and text; the space makes 8
        self._icon = name
        self._kind = kind
        if kind:
            self.setProperty(kind, True)
        self.setIconSize(QSize(ICON_PIXELS, ICON_PIXELS))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._tint()

    def _tint(self) -> None:
        colours = tokens_for(self)
        ink = {"primary": colours.on_strong, "danger": colours.deny, "quiet": colours.accent}
        self.setIcon(icon(self._icon, ink.get(self._kind, colours.ink), disabled=colours.dim))


class IconMark(QWidget):
    """An icon on its own; on a disc where a disc colour is given.

    Args:
        name: of the icon.
        side: of the whole mark, logical pixels.
        ink: token of the icon's colour, e.g. ``accent``.
        disc: token of the disc behind it, None for no disc.
        fill: share of the side that the icon takes.
        stroke: of the icon on its 24-pixel grid.
    """

    def __init__(
        self,
        name: str,
        side: int = 24,
        ink: str = "ink",
        disc: str | None = None,
        *,
        fill: float | None = None,
        stroke: float = STROKE,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name, self._ink, self._disc, self._stroke = name, ink, disc, stroke
        self._fill = fill if fill is not None else (0.6 if disc else 1.0)
        self.setFixedSize(QSize(side, side))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_mark(self, name: str, ink: str, disc: str | None = None) -> None:
        """Another icon, other colours."""
        self._name, self._ink, self._disc = name, ink, disc
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Disc, then icon."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = self.width()
        if self._disc:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(_colour(colours, self._disc)))
            painter.drawEllipse(self.rect())
        inner = side * self._fill
        area = QRectF((side - inner) / 2, (side - inner) / 2, inner, inner)
        paint_icon(painter, self._name, _colour(colours, self._ink), area, stroke=self._stroke)
        painter.end()


def _colour(colours: Palette, token: str) -> str:
    """A token's value; a ``#rrggbb`` stands for itself."""
    return token if token.startswith("#") else str(getattr(colours, token))
