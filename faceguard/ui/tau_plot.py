"""tau as a handle over two histograms: the same person, and other people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceguard.ui.tau_words import SAME_TAU
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import BODY, SMALL, Palette

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.tau_picture import Position, TauPicture

STEP: Final = 0.005
BIG_STEP: Final = 0.05
LOWEST: Final = 0.01
USUAL_SPAN: Final = 2.2
"""d = 2 is the distance of two faces that have nothing to do with each other; farther out only for a stored tau."""
_SIDE: Final = 40
_TOP: Final = 52
_FOOT: Final = 54
_SMOOTH: Final = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0


@dataclass(frozen=True, slots=True)
class _Label:
    position: Position
    area: QRectF


class TauPlot(QWidget):
    """The histograms and the handle.

    What does not move is painted once into a pixmap; a move paints that and the handle.

    Signals:
        moved(float): by mouse or key, at once.
    """

    moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tau = 1.0
        self._picture: TauPicture | None = None
        self._still: QPixmap | None = None
        self._labels: tuple[_Label, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(210)
        self.setAccessibleName("tau")

    @property
    def tau(self) -> float:
        """Where the handle stands."""
        return self._tau

    @property
    def span(self) -> float:
        """Right end of the axis."""
        return USUAL_SPAN if self._tau <= USUAL_SPAN else 4.0

    def show_picture(self, picture: TauPicture) -> None:
        """Other people, other scores; the handle stays."""
        self._picture = picture
        self._still = None
        self.update()

    def set_tau(self, tau: float) -> None:
        """Moves the handle without a signal."""
        before = self._handle_area()
        if (tau <= USUAL_SPAN) != (self._tau <= USUAL_SPAN):
            self._still = None
            before = self.rect()
        self._tau = tau
        self.setAccessibleDescription(
            f"tau {tau:.3f}. Arrow keys move by {STEP}, with Shift by {BIG_STEP}; "
            "Page Up and Page Down go to the named positions."
        )
        self.update(before)
        self.update(self._handle_area())

    def places(self) -> Iterator[float]:
        """Where the handle may come to stand, nearest first."""
        steps = [round(i * STEP, 3) for i in range(round(LOWEST / STEP), round(USUAL_SPAN / STEP) + 1)]
        return iter(sorted((*steps, *(p.tau for p in self._positions())), key=lambda tau: abs(tau - self._tau)))

    def x_of(self, tau: float) -> float:
        """Where a tau lies, in the widget's pixels."""
        return _SIDE + tau / self.span * (self.width() - 2 * _SIDE)

    def sizeHint(self) -> QSize:
        """As large as offered."""
        return QSize(720, 330)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move by 0.005, with Shift by 0.05; Page Up and Page Down go from one named position to the next."""
        step = BIG_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self._move(self._tau + step)
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self._move(self._tau - step)
            case Qt.Key.Key_PageUp:
                self._go(p.tau for p in self._positions() if p.tau > self._tau + SAME_TAU)
            case Qt.Key.Key_PageDown:
                self._go(p.tau for p in reversed(self._positions()) if p.tau < self._tau - SAME_TAU)
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The handle jumps to the pointer, or to the named position that was clicked."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        named = next((label.position for label in self._labels if label.area.contains(event.position())), None)
        if named is not None:
            self.go_to(named.tau)
        else:
            self._move(self._tau_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Dragging."""
        over = any(label.area.contains(event.position()) for label in self._labels)
        if event.buttons() & Qt.MouseButton.LeftButton and not over:
            self._move(self._tau_at(event.position().x()))

    def changeEvent(self, event: QEvent) -> None:
        """Other colours."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._still = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The still part from its pixmap, then the handle."""
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still.deviceIndependentSize().toSize() != self.size():
            still = QPixmap(self.size() * ratio)
            still.setDevicePixelRatio(ratio)
            still.fill(Qt.GlobalColor.transparent)
            painter = QPainter(still)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_still(painter, tokens_for(self))
            painter.end()
            self._still = still
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dirty = QRectF(event.rect())
        painter.drawPixmap(dirty, self._still, QRectF(dirty.topLeft() * ratio, dirty.size() * ratio))
        self._paint_handle(painter, tokens_for(self))
        painter.end()

    # the handle

    def _handle_area(self) -> QRect:
        """All that the handle covers; a move paints this where it was and where it is."""
        x = round(self.x_of(self._tau))
        return QRect(min(max(x - 70, 0), max(0, self.width() - 140)), 0, 140, self.height())

    def go_to(self, tau: float) -> None:
        """To an exact position, off the steps."""
        if abs(tau - self._tau) > 1e-9:
            self.set_tau(tau)
            self.moved.emit(self._tau)

    def _positions(self) -> tuple[Position, ...]:
        found = () if self._picture is None else self._picture.positions
        return tuple(sorted(found, key=lambda p: p.tau))

    def _go(self, taus: Iterator[float]) -> None:
        tau = next(taus, None)
        if tau is not None:
            self.go_to(tau)

    def _tau_at(self, x: float) -> float:
        return (x - _SIDE) / max(1, self.width() - 2 * _SIDE) * self.span

    def _move(self, tau: float) -> None:
        self.go_to(round(min(max(round(tau / STEP) * STEP, LOWEST), self.span), 3))

    def _paint_handle(self, painter: QPainter, colours: Palette) -> None:
        strong = QColor(colours.accent if self.isEnabled() else colours.dim)
        x, base = self.x_of(self._tau), self.height() - _FOOT
        text = f"tau {self._tau:.3f}"
        painter.setFont(font(FontSpec(BODY, 700)))
        width = painter.fontMetrics().horizontalAdvance(text) + 28
        bubble = QRectF(min(max(x - width / 2, 0), self.width() - width), 2, width, 28)
        painter.setPen(QPen(strong, 2.5))
        painter.drawLine(QPointF(x, 28), QPointF(x, base))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(strong)
        painter.drawRoundedRect(bubble, 14, 14)
        painter.setPen(QColor(colours.on_strong))
        painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, text)
        focused = self.hasFocus() and self.isEnabled()
        painter.setPen(QPen(QColor(colours.ink if focused else colours.card), 3))
        painter.setBrush(strong)
        painter.drawEllipse(QPointF(x, base), 9, 9)

    # what stays

    def _paint_still(self, painter: QPainter, colours: Palette) -> None:
        self._labels = ()
        area = QRectF(_SIDE, _TOP, self.width() - 2 * _SIDE, self.height() - _TOP - _FOOT)
        if self._picture is not None:
            self._paint_regions(painter, colours, area, self._picture)
            self._paint_shares(painter, colours, area, self._picture)
        self._paint_axis(painter, colours, area)

    def _paint_regions(self, painter: QPainter, colours: Palette, area: QRectF, picture: TauPicture) -> None:
        """Hatched where nothing was measured, greyed on the deny colour where a tau wants a reason."""
        if picture.unsafe_from is not None:
            left = self.x_of(picture.unsafe_from)
            unsafe = QRectF(left, area.top(), area.right() - left, area.height())
            painter.fillRect(unsafe, QColor(colours.deny_soft))
            if unsafe.width() > 60:
                painter.setFont(font(FontSpec(SMALL)))
                painter.setPen(QColor(colours.deny))
                painter.drawText(QPointF(left + 8, area.top() + 18), "not safe")
        known = self.span if picture.known_from is None else picture.known_from
        unknown = QRectF(area.left(), area.top(), self.x_of(known) - area.left(), area.height())
        painter.fillRect(unknown, QBrush(QColor(colours.line), Qt.BrushStyle.BDiagPattern))

    def _paint_shares(self, painter: QPainter, colours: Palette, area: QRectF, picture: TauPicture) -> None:
        drawn = picture.strangers if picture.strangers.any() else picture.model
        on_axis = round(len(drawn) * self.span / 4.0)
        top = max(*(float(shares[:on_axis].max(initial=0.0)) for shares in (drawn, picture.genuine)), 1e-9)
        for shares, token in ((drawn, "deny"), (picture.genuine, "grant")):
            if shares.any():
                colour = QColor(getattr(colours, token))
                colour.setAlpha(130)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawPolygon(self._bars(shares / top, area))
        if picture.model.any() and drawn is not picture.model:
            painter.setPen(QPen(QColor(colours.deny), 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            # the model is linear between few knots; its density jumps at them, which says nothing
            smooth = np.convolve(picture.model, _SMOOTH, mode="same")
            painter.drawPolyline(self._curve(smooth / top, area))
        self._paint_names(painter, colours, area, picture, top)

    def _paint_names(self, painter: QPainter, colours: Palette, area: QRectF, picture: TauPicture, top: float) -> None:
        """Each histogram's name above its peak, kept apart from one another."""
        painter.setFont(font(FontSpec(SMALL, 600)))
        drawn = picture.strangers if picture.strangers.any() else picture.model
        other = "other people" if drawn is picture.strangers else "other people, by the model"
        for shares, name, token in ((picture.genuine, "same person", "grant"), (drawn, other, "deny")):
            if not shares.any():
                continue
            peak = int(np.argmax(shares[: round(len(shares) * self.span / 4.0)]))
            x = self.x_of((peak + 0.5) * 4.0 / len(shares))
            y = area.bottom() - float(shares[peak]) / top * (area.height() - 24) - 8
            width = painter.fontMetrics().horizontalAdvance(name)
            left = min(max(x - width / 2, area.left() + 4), area.right() - width - 4)
            painter.setPen(QColor(getattr(colours, token)))
            painter.drawText(QPointF(left, max(y, area.top() + 14)), name)

    def _bars(self, heights: NDArray[np.float64], area: QRectF) -> QPolygonF:
        """Steps, one for each bin that lies on the axis."""
        points = [QPointF(area.left(), area.bottom())]
        for i, height in enumerate(heights.tolist()):
            left, right = (self.x_of(edge * 4.0 / len(heights)) for edge in (i, i + 1))
            if right > area.right() + 1:
                break
            y = area.bottom() - height * (area.height() - 24)
            points += [QPointF(left, y), QPointF(right, y)]
        return QPolygonF([*points, QPointF(points[-1].x(), area.bottom())])

    def _curve(self, heights: NDArray[np.float64], area: QRectF) -> QPolygonF:
        centres = (np.arange(len(heights)) + 0.5) * 4.0 / len(heights)
        return QPolygonF(
            [
                QPointF(self.x_of(centre), area.bottom() - height * (area.height() - 24))
                for centre, height in zip(centres.tolist(), heights.tolist(), strict=True)
                if centre <= self.span
            ]
        )

    def _paint_axis(self, painter: QPainter, colours: Palette, area: QRectF) -> None:
        painter.setPen(QPen(QColor(colours.line), 1.5))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setFont(font(FontSpec(SMALL)))
        painter.setPen(QColor(colours.dim))
        centre = Qt.AlignmentFlag.AlignHCenter
        for half in range(round(self.span * 2) + 1):
            if half / 2 <= self.span:
                place = QRectF(self.x_of(half / 2) - 30, area.bottom() + 12, 60, 16)
                painter.drawText(place, centre, f"{half / 2:.1f}")
        painter.drawText(
            QRectF(area.right() - 90, area.bottom() + 31, 90, 16), Qt.AlignmentFlag.AlignRight, "distance d"
        )
        in_force = None if self._picture is None else self._picture.standing.tau
        if in_force is not None:
            x = self.x_of(in_force)
            painter.setPen(QPen(QColor(colours.dim), 1.5, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._labels = tuple(self._paint_positions(painter, colours, area))

    def _paint_positions(self, painter: QPainter, colours: Palette, area: QRectF) -> list[_Label]:
        painter.setFont(font(FontSpec(SMALL)))
        metrics, found, end = painter.fontMetrics(), [], -1e9
        for position in self._positions():
            x = self.x_of(position.tau)
            painter.setPen(QPen(QColor(colours.ink), 1.5))
            painter.drawLine(QPointF(x, area.bottom() - 6), QPointF(x, area.bottom() + 6))
            width = metrics.horizontalAdvance(position.name)
            left = max(x - width / 2, end + 10)
            place = QRectF(left, area.bottom() + 30, width, 18)
            end = place.right()
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, position.name)
            found.append(_Label(position, place.adjusted(-6, -4, 6, 8)))
        return found
