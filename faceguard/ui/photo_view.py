"""A photo, the face that was found in it, and the choice between several faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceguard.domain.face import BoundingBox, Frame
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import BODY, RADIUS

MAX_SIDE: Final = 1600
"""A photo is kept no larger than this for painting, logical pixels."""


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """(H, W, 3) uint8 BGR -> a QImage with memory of its own."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels)
    return QImage(rows.data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()


class PhotoView(QWidget):
    """Shows the whole photo; boxes mark the faces, and with several of them one is chosen by click or arrow keys.

    Signals:
        face_chosen(int): index of the face, in the order in which they were given.
    """

    face_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap = QPixmap()
        self._scale = 1.0
        self._boxes: tuple[BoundingBox, ...] = ()
        self._choosing = False
        self._current = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_photo(self, photo: Frame, boxes: Sequence[BoundingBox], *, choosing: bool = False) -> None:
        """Another photo; ``choosing`` numbers the boxes and lets one be picked."""
        image = image_of(photo.pixels)
        if max(image.width(), image.height()) > MAX_SIDE:
            image = image.scaled(
                QSize(MAX_SIDE, MAX_SIDE),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        self._pixmap = QPixmap.fromImage(image)
        self._scale = image.width() / photo.width
        self._boxes = tuple(boxes)
        self._choosing = choosing
        self._current = 0 if choosing and boxes else -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if choosing else Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(choosing)
        self.setAccessibleName(f"Photo with {len(self._boxes)} faces" if choosing else "Photo with the face marked")
        self.update()

    def forget(self) -> None:
        """No photo."""
        self._pixmap, self._boxes, self._choosing = QPixmap(), (), False
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as offered, in the photo's proportions."""
        return QSize(264, 330)

    def area_of(self, index: int) -> QRectF:
        """Where a face's box is painted, in the widget's pixels."""
        picture, scale = self._picture_area()
        box = self._boxes[index]
        placed = QRectF(
            picture.left() + box.left * scale, picture.top() + box.top * scale, box.width * scale, box.height * scale
        )
        return placed.intersected(picture)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Photo with round corners, boxes over it."""
        if self._pixmap.isNull():
            return
        colours = tokens_for(self)
        picture, _ = self._picture_area()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        corners = QPainterPath()
        corners.addRoundedRect(picture, RADIUS, RADIUS)
        painter.setClipPath(corners)
        painter.drawPixmap(picture, self._pixmap, QRectF(self._pixmap.rect()))
        painter.setClipping(False)
        for index in range(len(self._boxes)):
            marked = index == self._current or not self._choosing
            colour = QColor(colours.accent) if self._choosing and marked else QColor("#4ad295" if marked else "#ffffff")
            area = self.area_of(index)
            painter.setPen(QPen(colour, 3 if marked else 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, RADIUS, RADIUS)
            if self._choosing:
                self._paint_number(painter, index, area, colour)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a face chooses it."""
        if self._choosing and (index := self._face_at(event.position())) >= 0:
            self._current = index
            self.update()
            self.face_chosen.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The face under the pointer is marked."""
        index = self._face_at(event.position()) if self._choosing else -1
        self.setCursor(Qt.CursorShape.PointingHandCursor if index >= 0 else Qt.CursorShape.ArrowCursor)
        if index >= 0 and index != self._current:
            self._current = index
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk over the faces, Enter or Space takes one, a digit takes it at once."""
        count, key = len(self._boxes), event.key()
        if not (self._choosing and count):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
            step = 1 if key in (Qt.Key.Key_Right, Qt.Key.Key_Down) else -1
            self._current = (self._current + step) % count
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.face_chosen.emit(self._current)
        elif Qt.Key.Key_1 <= key < Qt.Key.Key_1 + min(count, 9):
            self.face_chosen.emit(int(key) - int(Qt.Key.Key_1))
        else:
            super().keyPressEvent(event)

    def _face_at(self, point: QPointF) -> int:
        hits = [i for i in range(len(self._boxes)) if self.area_of(i).contains(point)]
        return min(hits, key=lambda i: self._boxes[i].area) if hits else -1

    def _picture_area(self) -> tuple[QRectF, float]:
        """Where the photo is painted (top, centred), and widget pixels per photo pixel."""
        if self._pixmap.isNull():
            return QRectF(), 1.0
        scale = min(self.width() / self._pixmap.width(), self.height() / self._pixmap.height())
        width, height = self._pixmap.width() * scale, self._pixmap.height() * scale
        return QRectF((self.width() - width) / 2, 0, width, height), scale * self._scale

    def _paint_number(self, painter: QPainter, index: int, area: QRectF, colour: QColor) -> None:
        badge = QRectF(max(0.0, area.left() - 12), max(0.0, area.top() - 12), 24, 24)  # beside the face, not on it
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(badge)
        painter.setPen(QColor("#10151b") if colour.lightness() > 128 else QColor("#ffffff"))
        painter.setFont(font(FontSpec(BODY, 600)))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(index + 1))
