"""The live picture. It pulls the newest frame on a timer; no frame ever crosses a signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceguard.domain.face import BoundingBox, Frame
from faceguard.ui.cover import Cover
from faceguard.ui.icons import paint_icon
from faceguard.ui.photo_view import image_of
from faceguard.ui.theme import FontSpec, font
from faceguard.ui.tokens import BODY, DARK, KIOSK_BOTTOM, RADIUS, L, M

NewestFrame = Callable[[], Frame | None]
"""The mailbox's ``peek``: the newest frame, again and again, or None."""

FRAMES_PER_SECOND: Final = 30
_BOX_COLOURS: Final = {"grant": DARK.grant, "deny": DARK.deny, "ask": DARK.ask, "neutral": "#ffffff"}


class LivePicture(QWidget):
    """Holds the newest picture while it is visible; how it looks is its children's business.

    Args:
        newest: asked about 30 times a second.
        mirrored: as in a mirror, for the person; the pipeline never sees it.
    """

    def __init__(self, newest: NewestFrame, *, mirrored: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest = newest
        self._mirrored = mirrored
        self._sequence: int | None = None
        self._image = QImage()
        self._timer = QTimer(self)
        self._timer.setInterval(round(1000 / FRAMES_PER_SECOND))
        self._timer.timeout.connect(self.pull)

    @property
    def mirrored(self) -> bool:
        """Left and right change places."""
        return self._mirrored

    def set_mirrored(self, mirrored: bool) -> None:
        """The setting ``window.mirror``."""
        self._mirrored = mirrored
        self.update()

    def has_picture(self) -> bool:
        """A frame has come and has not been forgotten."""
        return not self._image.isNull()

    def forget(self) -> None:
        """Drops the picture: while the camera is away an old face must not seem to be live."""
        self._image = QImage()
        self._sequence = None
        self.update()

    @Slot()
    def pull(self) -> None:
        """Takes the newest frame if it is another one: one copy, one repaint."""
        frame = self._newest()
        if frame is None:
            if self.has_picture():
                self.forget()
            return
        if frame.sequence == self._sequence:
            return
        self._sequence = frame.sequence
        self._image = image_of(frame.pixels)
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Pulls only while it can be seen."""
        super().showEvent(event)
        self.pull()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rests while it cannot be seen."""
        self._timer.stop()
        super().hideEvent(event)

    def cover(self, area: QRectF, focus: QPointF | None = None, zoom: float = 1.0) -> Cover:
        """How the present picture covers ``area``."""
        width, height = max(1, self._image.width()), max(1, self._image.height())
        return Cover.of(width, height, area, mirrored=self._mirrored, focus=focus, zoom=zoom)

    def paint_picture(self, painter: QPainter, cover: Cover) -> None:
        """Draws the picture where ``cover`` says, mirrored if wanted."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if cover.mirrored:
            painter.translate(cover.placed.left() + cover.placed.right(), 0)
            painter.scale(-1, 1)
        painter.drawImage(cover.placed, self._image)
        painter.restore()


class Preview(LivePicture):
    """The picture on the Door page: round corners, the probe's box, the hint over a gradient."""

    def __init__(self, newest: NewestFrame, *, mirrored: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(newest, mirrored=mirrored, parent=parent)
        self._box: BoundingBox | None = None
        self._tone = "neutral"
        self._hint = ""
        self._note = ""
        self._placeholder = "Waiting for the camera"
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumSize(320, 200)
        self.setAccessibleName("Camera picture")

    def show_box(self, box: BoundingBox | None, tone: str = "neutral") -> None:
        """The probe's box in frame pixels; ``grant``, ``deny``, ``ask`` or ``neutral``."""
        self._box, self._tone = box, tone
        self.update()

    def show_hint(self, hint: str, note: str = "") -> None:
        """Words at the lower edge: the hint on the left, a note for staff on the right."""
        self._hint, self._note = hint, note
        self.update()

    def show_placeholder(self, sentence: str) -> None:
        """What stands there while there is no picture."""
        self._placeholder = sentence
        self.update()

    def sizeHint(self) -> QSize:
        """A camera's 4:3."""
        return QSize(640, 480)

    def hasHeightForWidth(self) -> bool:
        """The picture keeps a camera's proportions where there is room."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Three quarters of the width."""
        return round(width * 3 / 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, box, words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        corners = QPainterPath()
        corners.addRoundedRect(area, RADIUS, RADIUS)
        painter.setClipPath(corners)
        painter.fillRect(area, QColor(KIOSK_BOTTOM))
        if self.has_picture():
            cover = self.cover(area)
            self.paint_picture(painter, cover)
            if self._box is not None:
                painter.setPen(QPen(QColor(_BOX_COLOURS[self._tone]), 3))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(cover.box(self._box), 12, 12)
        else:
            self._paint_placeholder(painter, area)
        self._paint_words(painter, area)
        painter.end()

    def _paint_placeholder(self, painter: QPainter, area: QRectF) -> None:
        side = 40.0
        middle = area.center()
        paint_icon(painter, "camera", DARK.dim, QRectF(middle.x() - side / 2, middle.y() - side, side, side))
        painter.setPen(QColor(DARK.dim))
        painter.setFont(font(FontSpec(BODY)))
        below = area.adjusted(L, area.height() / 2 + M, -L, 0)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(below, int(flags), self._placeholder)

    def _paint_words(self, painter: QPainter, area: QRectF) -> None:
        if not (self._hint or self._note):
            return
        band = QRectF(area.left(), area.bottom() - 72, area.width(), 72)
        shade = QLinearGradient(band.topLeft(), band.bottomLeft())
        shade.setColorAt(0, QColor(0, 0, 0, 0))
        shade.setColorAt(1, QColor(0, 0, 0, 200))
        painter.fillRect(band, shade)
        line = band.adjusted(L, 28, -L, 0)
        note_font, hint_font = font(FontSpec(BODY)), font(FontSpec(BODY, 600))
        painter.setPen(QColor("#ffffff"))
        painter.setFont(note_font)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, self._note)
        painter.setFont(hint_font)
        room = line.width() - (painter.fontMetrics().horizontalAdvance(self._note) + M if self._note else 0)
        hint = painter.fontMetrics().elidedText(self._hint, Qt.TextElideMode.ElideRight, round(room))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | middle, hint)
