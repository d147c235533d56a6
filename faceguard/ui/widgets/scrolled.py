"""A column that scrolls up and down where the window is low, and never sideways."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


def scrolled(inside: QWidget, *, bar_stays: bool = False) -> QScrollArea:
    """The widget in a scroll area without a frame, over the colour that lies behind it.

    Args:
        inside: is as wide as the area.
        bar_stays: the scroll bar keeps its room, so that edges do not move when it comes.
    """
    inside.setProperty("scroll", True)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    if bar_stays:
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area
