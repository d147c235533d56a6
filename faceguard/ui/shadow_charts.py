"""Two small pictures of the shadow summary: attempts day by day, and how far away those were whom the door refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from PySide6.QtCore import QLocale, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import SMALL, Palette

HEIGHT: Final = 168
_FOOT: Final = 22
_HEAD: Final = 20
BIN: Final = 0.1
_ENGLISH: Final = QLocale(QLocale.Language.English)


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day: would open, would ask, would stay shut."""

    day: date
    opened: int
    asked: int
    denied: int

    @property
    def total(self) -> int:
        """All attempts."""
        return self.opened + self.asked + self.denied


class _Chart(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(320, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Base line, then bars."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(FontSpec(SMALL)))
        floor = self.height() - _FOOT
        painter.fillRect(QRectF(0, floor, self.width(), 1), QColor(colours.line))
        self.paint_bars(painter, colours, floor)
        painter.end()

    def paint_bars(self, painter: QPainter, colours: Palette, floor: int) -> None:
        """Bars that stand on ``floor``."""
        raise NotImplementedError

    @staticmethod
    def words(painter: QPainter, colour: str, middle: float, top: float, text: str) -> None:
        """A short text centred on ``middle``."""
        painter.setPen(QColor(colour))
        painter.drawText(QRectF(middle - 60, top, 120, 18), Qt.AlignmentFlag.AlignCenter, text)
        painter.setPen(Qt.PenStyle.NoPen)


class DayBars(_Chart):
    """A bar for each day, in three parts: from below, would open, would ask, would stay shut."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._days: tuple[DayBar, ...] = ()

    def show_days(self, days: Sequence[DayBar]) -> None:
        """One after the other; what they say is also said in words."""
        self._days = tuple(days)
        said = [f"{d.day:%d %B}: {d.opened} would open, {d.asked} asked, {d.denied} stay shut" for d in self._days]
        self.setAccessibleName("Day by day")
        self.setAccessibleDescription(". ".join(said))
        self.setToolTip("\n".join(said))
        self.update()

    def paint_bars(self, painter: QPainter, colours: Palette, floor: int) -> None:
        """Heights are attempts."""
        most = max((d.total for d in self._days), default=0)
        if not most:
            return
        step = self.width() / len(self._days)
        wide = min(44.0, step * 0.62)
        every = max(1, round(46 / step))
        painter.setPen(Qt.PenStyle.NoPen)
        for number, day in enumerate(self._days):
            middle = (number + 0.5) * step
            top = float(floor)
            parts = ((day.opened, colours.accent), (day.asked, colours.ask), (day.denied, colours.deny))
            for count, colour in parts:
                tall = count / most * (floor - _HEAD)
                top -= tall
                painter.fillRect(QRectF(middle - wide / 2, top, wide, tall), QColor(colour))
            if number % every == 0:
                name = _ENGLISH.dayName(day.day.isoweekday(), QLocale.FormatType.ShortFormat)
                label = name if len(self._days) <= 8 else f"{day.day.day}.{day.day.month}."
                self.words(painter, colours.dim, middle, floor + 3, label)
                self.words(painter, colours.dim, middle, top - 19, str(day.total) if day.total else "")


class DistanceBars(_Chart):
    """How many of the refused were how far away; tau is the line between."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._distances: tuple[float, ...] = ()
        self._tau: float | None = None

    def show_distances(self, distances: Sequence[float], tau: float | None) -> None:
        """Ascending distances d, in [0, 4]."""
        self._distances, self._tau = tuple(distances), tau
        self.setAccessibleName(f"Nearest distance of {len(self._distances)} refused attempts")
        self.update()

    def paint_bars(self, painter: QPainter, colours: Palette, floor: int) -> None:
        """Bins of 0.1; those within tau were refused for another reason than the distance."""
        if not self._distances:
            return
        values = [*self._distances, *([] if self._tau is None else [self._tau])]
        low, high = int(min(values) / BIN) - 1, int(max(values) / BIN) + 2
        low = max(0, low)
        counts = [0] * (high - low)
        for distance in self._distances:
            counts[min(int(distance / BIN + 1e-9) - low, len(counts) - 1)] += 1
        step = self.width() / len(counts)
        painter.setPen(Qt.PenStyle.NoPen)
        for number, count in enumerate(counts):
            tall = count / max(counts) * (floor - _HEAD - 18)
            bar = QRectF(number * step + 1, floor - tall, max(1.0, step - 2), tall)
            painter.fillRect(bar, QColor(colours.deny))
        every = max(1, round(36 / step))
        for number in range(0, len(counts) + 1, every):
            if 12 < number * step < self.width() - 12:
                self.words(painter, colours.dim, number * step, floor + 3, f"{(low + number) * BIN:.1f}")
        if self._tau is not None:
            x = (self._tau / BIN - low) * step
            painter.setPen(QPen(QColor(colours.ink), 2))
            painter.drawLine(round(x), _HEAD, round(x), floor)
            self.words(painter, colours.ink, min(max(x, 36), self.width() - 36), 0, f"tau {self._tau:.3f}")
