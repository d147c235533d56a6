"""Icons: one family of strokes, tinted with the colour of the moment.

The SVGs of assets/icons are drawn on a 24 x 24 grid with a round 1.75 stroke in ``currentColor``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from faceguard.resources import bundled

ICON_PIXELS: Final = 18
"""Beside body text."""
STROKE: Final = 1.75


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    """SVG text of one icon.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    return (bundled("assets") / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str, stroke: float) -> QSvgRenderer:
    text = _source(name).replace("currentColor", colour)
    if stroke != STROKE:
        text = text.replace(f'stroke-width="{STROKE}"', f'stroke-width="{stroke}"')
    return QSvgRenderer(QByteArray(text.encode()))


def paint_icon(painter: QPainter, name: str, colour: str, area: QRectF, *, stroke: float = STROKE) -> None:
    """Draws one icon into ``area``; sharp at any size."""
    _renderer(name, colour, stroke).render(painter, area)


def pixmap(name: str, colour: str, pixels: int = ICON_PIXELS, *, ratio: float = 1.0, stroke: float = STROKE) -> QPixmap:
    """One icon in one colour, ``pixels`` logical pixels square, for a screen with this device pixel ratio."""
    side = max(1, round(pixels * ratio))
    _renderer(name, colour, stroke)  # a wrong name must fail before a painter is open
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    paint_icon(painter, name, colour, QRectF(0, 0, side, side), stroke=stroke)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def icon(name: str, colour: str, *, disabled: str | None = None, checked: str | None = None) -> QIcon:
    """A button's icon at 1x and 2x, with its own colours while disabled or checked."""
    made = QIcon()
    states = [(QIcon.Mode.Normal, QIcon.State.Off, colour)]
    if checked is not None:
        states.append((QIcon.Mode.Normal, QIcon.State.On, checked))
    if disabled is not None:
        states.append((QIcon.Mode.Disabled, QIcon.State.Off, disabled))
    for mode, state, tint in states:
        for ratio in (1.0, 2.0):
            made.addPixmap(pixmap(name, tint, ratio=ratio), mode, state)
    return made
