"""Twelve keys for a finger, a mouse or the keyboard."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from faceguard.ui.icons import paint_icon
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import DISPLAY, HEADLINE, KIOSK_KEY, KIOSK_KEY_PRESSED, KIOSK_TOUCH, RADIUS, TITLE, TOUCH, L, S

ERASE: Final = "erase"
CONFIRM: Final = "confirm"
_PLACES: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", ERASE, "0", CONFIRM)
_ICONS: Final = {ERASE: "arrow-left", CONFIRM: "tick"}
_SPOKEN: Final = {ERASE: "Delete the last digit", CONFIRM: "Confirm"}
KIOSK_KEY_SIZE: Final = QSize(160, 112)


class Key(QAbstractButton):
    """One key; paints itself, so that it is the same at every size."""

    def __init__(self, face: str, *, large: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face = face
        self._large = large
        self._scale = 1.0
        self.setAccessibleName(_SPOKEN.get(face, face))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if large:
            self.setMinimumSize(KIOSK_TOUCH, KIOSK_TOUCH)
        else:
            self.setMinimumSize(TOUCH + 20, TOUCH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_scale(self, scale: float) -> None:
        """Another screen at the kiosk; never below a finger's size."""
        self._scale = scale
        self.setFixedSize(
            max(KIOSK_TOUCH, round(KIOSK_KEY_SIZE.width() * scale)),
            max(KIOSK_TOUCH, round(KIOSK_KEY_SIZE.height() * scale)),
        )
        self.update()

    def sizeHint(self) -> QSize:
        """A comfortable key."""
        return KIOSK_KEY_SIZE if self._large else QSize(96, 56)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Surface, then digit or icon."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        down = self.isDown()
        surface, ink, edge = colours.hover, colours.ink, colours.line
        if self._large:
            surface, edge = (KIOSK_KEY_PRESSED if down else KIOSK_KEY), ""
        elif down:
            surface = colours.pressed
        if self.face == CONFIRM and self.isEnabled():
            surface, ink, edge = (colours.accent_hover if down else colours.accent), colours.on_strong, ""
        elif self.face == ERASE and not down:
            surface, edge = "", ""
        if not self.isEnabled():
            ink = colours.dim
        painter.setPen(QColor(edge) if edge else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(surface) if surface else Qt.BrushStyle.NoBrush)
        radius = 2 * RADIUS if self._large else RADIUS
        painter.drawRoundedRect(area, radius, radius)
        if self.hasFocus():
            painter.setPen(QColor(colours.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(2, 2, -2, -2), radius - 2, radius - 2)
        if self.face in _ICONS:
            side = max(28.0, 44 * self._scale) if self._large else 24.0
            centre = area.center()
            placed = QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
            paint_icon(painter, _ICONS[self.face], ink, placed, stroke=2.0)
        else:
            painter.setPen(QColor(ink))
            painter.setFont(font(FontSpec(max(HEADLINE, round(DISPLAY * self._scale)) if self._large else TITLE, 500)))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.face)
        painter.end()


class Keypad(QWidget):
    """The keys.

    Args:
        large: the kiosk's keys, 72 px and more.

    Signals:
        digit(str): one digit was pressed.
        erased(): the last digit is to go.
        confirmed(): the entry is complete.
    """

    digit = Signal(str)
    erased = Signal()
    confirmed = Signal()

    def __init__(self, *, large: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(L + S - 2 if large else S)
        self.keys: dict[str, Key] = {}
        for index, face in enumerate(_PLACES):
            key = self.keys[face] = Key(face, large=large)
            key.clicked.connect(partial(self.press, face))
            grid.addWidget(key, index // 3, index % 3)

    def press(self, face: str, _checked: bool = False) -> None:
        """As if the key had been pressed."""
        if face == ERASE:
            self.erased.emit()
        elif face == CONFIRM:
            self.confirmed.emit()
        else:
            self.digit.emit(face)

    def set_scale(self, scale: float) -> None:
        """Another screen at the kiosk."""
        self._grid.setSpacing(max(S, round((L + S - 2) * scale)))
        for key in self.keys.values():
            key.set_scale(scale)

    def set_confirmable(self, confirmable: bool) -> None:
        """Whether the entry is long enough."""
        self.keys[CONFIRM].setEnabled(confirmable)
