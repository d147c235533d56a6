"""The kiosk's picture: an oval guide over the dimmed room, and a ring that fills with the accepted frames."""

from __future__ import annotations

from enum import Enum
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from faceguard.ui.icons import paint_icon
from faceguard.ui.preview import LivePicture, NewestFrame
from faceguard.ui.tokens import DARK, KIOSK_BOTTOM

SEGMENTS: Final = 5
"""Of the ring: as many as frames are fused at the first look."""
GAP_DEGREES: Final = 12.0
OVAL_SHARE: Final = 0.69
"""Of the picture's height that the oval shows: a face may stand anywhere in the middle of the room."""
FADE: Final = 0.16
ROOM_OPACITY: Final = 0.10
"""Of the picture outside the oval: the person sees the room only just."""


class Arrow(Enum):
    """Where to turn; both are the person's own sides, which are the mirrored picture's sides too."""

    LEFT = "arrow-left"
    RIGHT = "arrow-right"


class OvalPreview(LivePicture):
    """Paints the whole surface; words are laid over its lower part by the window."""

    def __init__(self, newest: NewestFrame, *, mirrored: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(newest, mirrored=mirrored, parent=parent)
        self._progress = 0.0
        self._arrow: Arrow | None = None
        self.setAccessibleName("Camera picture")

    @property
    def progress(self) -> float:
        """Share of the ring that is filled, 0 to 1."""
        return self._progress

    @property
    def arrow(self) -> Arrow | None:
        """The turn that is asked for."""
        return self._arrow

    def show_progress(self, progress: float, arrow: Arrow | None = None) -> None:
        """Fills the ring and, during a challenge, points to a side."""
        self._progress, self._arrow = min(1.0, max(0.0, progress)), arrow
        self.update()

    def oval(self) -> QRectF:
        """Where the face belongs: 4:5, leaving the lower quarter for words."""
        height = min(self.height() * OVAL_SHARE, self.width() * 0.62 / 0.8)
        top = (self.height() * 0.785 - height) / 2 + self.height() * 0.045
        return QRectF((self.width() - height * 0.8) / 2, top, height * 0.8, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Room, oval, ring, arrow."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area, oval = QRectF(self.rect()), self.oval()
        painter.fillRect(area, QColor(KIOSK_BOTTOM))
        inside = QPainterPath()
        inside.addEllipse(oval)
        if self.has_picture():
            cover = self.cover(oval, zoom=1 / OVAL_SHARE)
            painter.setOpacity(ROOM_OPACITY)
            self.paint_picture(painter, cover)
            painter.setOpacity(1.0)
            self._fade_edges(painter, cover.placed)
            painter.setClipPath(inside)
            self.paint_picture(painter, cover)
            painter.setClipping(False)
        else:
            painter.fillPath(inside, QColor(DARK.card))
        self._paint_ring(painter, oval)
        if self._arrow is not None:
            self._paint_arrow(painter, oval, self._arrow)
        painter.end()

    def _fade_edges(self, painter: QPainter, placed: QRectF) -> None:
        """The room ends softly where the picture ends, so that no bars are seen."""
        solid, clear = QColor(KIOSK_BOTTOM), QColor(KIOSK_BOTTOM)
        clear.setAlpha(0)
        wide, high = placed.width() * FADE, placed.height() * FADE
        for edge, towards, band in (
            (placed.topLeft(), placed.topLeft() + QPointF(wide, 0), QRectF(placed.left() - 1, 0, wide, self.height())),
            (
                placed.topRight(),
                placed.topRight() - QPointF(wide, 0),
                QRectF(placed.right() - wide + 1, 0, wide, self.height()),
            ),
            (placed.topLeft(), placed.topLeft() + QPointF(0, high), QRectF(0, placed.top() - 1, self.width(), high)),
            (
                placed.bottomLeft(),
                placed.bottomLeft() - QPointF(0, high),
                QRectF(0, placed.bottom() - high + 1, self.width(), high),
            ),
        ):
            shade = QLinearGradient(edge, towards)
            shade.setColorAt(0, solid)
            shade.setColorAt(1, clear)
            painter.fillRect(band, shade)

    def _paint_ring(self, painter: QPainter, oval: QRectF) -> None:
        width = max(8.0, oval.height() / 54)
        ring = oval.adjusted(-width * 1.2, -width * 1.2, width * 1.2, width * 1.2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        sweep = 360 / SEGMENTS - GAP_DEGREES
        for index in range(SEGMENTS):
            start = 90 - index * 360 / SEGMENTS - GAP_DEGREES / 2
            filled = min(1.0, max(0.0, self._progress * SEGMENTS - index))
            for share, colour in ((1.0, QColor(255, 255, 255, 60)), (filled, QColor(DARK.grant))):
                if share > 0:
                    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                    painter.drawArc(ring, round(start * 16), round(-sweep * share * 16))

    def _paint_arrow(self, painter: QPainter, oval: QRectF, arrow: Arrow) -> None:
        side = oval.height() * 0.19
        room = oval.left()
        offset = min(room * 0.42, side * 1.9)
        x = oval.left() - offset - side if arrow is Arrow.LEFT else oval.right() + offset
        x = min(max(x, side * 0.1), self.width() - side * 1.1)
        middle = QPointF(x, oval.center().y() - side / 2)
        paint_icon(painter, arrow.value, "#ffffff", QRectF(middle.x(), middle.y(), side, side), stroke=2.75)
