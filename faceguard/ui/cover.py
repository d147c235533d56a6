"""Fitting a camera picture into a surface without bars, and frame pixels into the surface."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from faceguard.domain.face import BoundingBox


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture that covers ``area`` wholly; what stands over is cut off.

    Attributes:
        placed: where the whole picture would lie, in the widget's pixels; reaches over ``area``.
        scale: widget pixels per frame pixel.
        mirrored: left and right change places, as in a mirror.
    """

    placed: QRectF
    scale: float
    mirrored: bool

    @classmethod
    def of(
        cls, width: int, height: int, area: QRectF, *, mirrored: bool, focus: QPointF | None = None, zoom: float = 1.0
    ) -> Cover:
        """Scales a (width, height) picture so that it covers ``area``.

        Args:
            focus: point of the widget that the picture's centre should come to lie on, as far as the area stays
                covered; the middle of ``area`` when not given.
            zoom: enlargement beyond what covering needs, 1 or more.
        """
        scale = max(area.width() / width, area.height() / height) * max(1.0, zoom)
        wide, high = width * scale, height * scale
        wish = focus or area.center()
        left = min(area.left(), max(area.right() - wide, wish.x() - wide / 2))
        top = min(area.top(), max(area.bottom() - high, wish.y() - high / 2))
        return cls(QRectF(left, top, wide, high), scale, mirrored)

    def box(self, box: BoundingBox) -> QRectF:
        """A box in frame pixels, in the widget's pixels."""
        left = (
            self.placed.right() - box.right * self.scale
            if self.mirrored
            else self.placed.left() + box.left * self.scale
        )
        return QRectF(left, self.placed.top() + box.top * self.scale, box.width * self.scale, box.height * self.scale)
