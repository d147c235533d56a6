"""tau as a handle on the axis of distances, with what was measured marked on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from faceguard.domain.card import OperatingPoint
from faceguard.ui.pin_prompt import button
from faceguard.ui.tau_meaning import SAME_TAU, meaning_of, one_in
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import BODY, SMALL, XL, XS, L, Palette
from faceguard.ui.widgets.text import Text

STEP: Final = 0.005
BIG_STEP: Final = 0.05
LOWEST: Final = 0.01
USUAL_SPAN: Final = 2.0
"""d = 2 is the distance of two faces that have nothing to do with each other; farther out only for a stored tau."""
DEBOUNCE_MS: Final = 40
SETTLE_MS: Final = 400
_MARGIN: Final = 34
_AXIS_Y: Final = 66


class TauAxis(QWidget):
    """The painted axis and its handle.

    Signals:
        moved(float): by mouse or key, at once.
    """

    moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tau = 1.0
        self._points: tuple[OperatingPoint, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(126)
        self.setAccessibleName("tau")

    @property
    def tau(self) -> float:
        """Where the handle stands."""
        return self._tau

    @property
    def span(self) -> float:
        """Right end of the axis."""
        return USUAL_SPAN if self._tau <= USUAL_SPAN else 4.0

    def set_tau(self, tau: float) -> None:
        """Moves the handle without a signal."""
        self._tau = tau
        self.setAccessibleDescription(f"tau {tau:.3f}. Arrow keys move by {STEP}, with Shift by {BIG_STEP}.")
        self.update()

    def set_points(self, points: Sequence[OperatingPoint]) -> None:
        """What was measured, in any order."""
        self._points = tuple(sorted(points, key=lambda p: p.tau.value))
        self.update()

    def x_of(self, tau: float) -> float:
        """Where a tau lies, in the widget's pixels."""
        return _MARGIN + tau / self.span * (self.width() - 2 * _MARGIN)

    def sizeHint(self) -> QSize:
        """As wide as offered."""
        return QSize(480, 126)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move by 0.005, with Shift by 0.05."""
        step = BIG_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self._move(self._tau + step)
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self._move(self._tau - step)
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The handle jumps to the pointer."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._move(self._tau_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Dragging."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(self._tau_at(event.position().x()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axis, what was measured, handle."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axis(painter, colours)
        self._paint_points(painter, colours)
        self._paint_handle(painter, colours)
        painter.end()

    def _tau_at(self, x: float) -> float:
        return (x - _MARGIN) / max(1, self.width() - 2 * _MARGIN) * self.span

    def _move(self, tau: float) -> None:
        tau = min(max(round(tau / STEP) * STEP, LOWEST), self.span)
        if abs(tau - self._tau) > 1e-9:
            self.set_tau(round(tau, 3))
            self.moved.emit(self._tau)

    def _paint_axis(self, painter: QPainter, colours: Palette) -> None:
        left, right = self.x_of(0), self.x_of(self.span)
        low = self.x_of(self._points[0].tau.value) if self._points else right
        high = self.x_of(self._points[-1].tau.value) if self._points else right
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.line))
        painter.drawRoundedRect(QRectF(left, _AXIS_Y - 3, right - left, 6), 3, 3)
        if self._points:
            painter.setBrush(QColor(colours.grant if self.isEnabled() else colours.dim))
            painter.drawRect(QRectF(low, _AXIS_Y - 3, high - low, 6))
        for start, end in ((left, low), (high, right)):  # hatched: nothing was measured there
            painter.setBrush(QBrush(QColor(colours.dim), Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(QRectF(start, _AXIS_Y - 3, end - start, 6), 3, 3)
        painter.setFont(font(FontSpec(SMALL)))
        painter.setPen(QColor(colours.dim))
        for tenth in range(round(self.span * 2) + 1):
            value = tenth / 2
            x = self.x_of(value)
            painter.drawText(QRectF(x - 30, _AXIS_Y + 12, 60, 16), Qt.AlignmentFlag.AlignCenter, f"{value:.1f}")
        painter.setFont(font(FontSpec(SMALL, 600)))
        words = QRectF(left, _AXIS_Y - 28, right - left, 16)
        painter.setPen(QColor(colours.grant))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, "same person")
        painter.setPen(QColor(colours.deny))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight, "other people")

    def _paint_points(self, painter: QPainter, colours: Palette) -> None:
        painter.setFont(font(FontSpec(SMALL)))
        ends = [-1e9, -1e9]
        for point in self._points:
            x = self.x_of(point.tau.value)
            painter.setPen(QPen(QColor(colours.ink), 1.5))
            painter.drawLine(QPointF(x, _AXIS_Y - 7), QPointF(x, _AXIS_Y + 7))
            text = one_in(point.fmr)
            width = painter.fontMetrics().horizontalAdvance(text)
            row = next((r for r in (0, 1) if x - width / 2 > ends[r] + 8), None)
            if row is not None:  # a third label at the same place would be unreadable; its mark stays
                ends[row] = x + width / 2
                area = QRectF(x - width / 2, _AXIS_Y + 28 + 15 * row, width, 16)
                painter.setPen(QColor(colours.ink))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_handle(self, painter: QPainter, colours: Palette) -> None:
        strong = QColor(colours.accent if self.isEnabled() else colours.dim)
        x = self.x_of(self._tau)
        text = f"tau {self._tau:.3f}".rstrip("0") if round(self._tau * 1000) % 10 else f"tau {self._tau:.2f}"
        painter.setFont(font(FontSpec(BODY, 700)))
        width = painter.fontMetrics().horizontalAdvance(text) + 28
        bubble = QRectF(min(max(x - width / 2, 0), self.width() - width), 0, width, 28)
        painter.setPen(QPen(strong, 2.5))
        painter.drawLine(QPointF(x, 26), QPointF(x, _AXIS_Y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(strong)
        painter.drawRoundedRect(bubble, 14, 14)
        painter.setPen(QColor(colours.on_strong))
        painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, text)
        focused = self.hasFocus() and self.isEnabled()
        painter.setPen(QPen(QColor(colours.ink if focused else colours.card), 3))
        painter.setBrush(strong)
        painter.drawEllipse(QPointF(x, _AXIS_Y), 10, 10)


class TauSlider(QWidget):
    """The axis, and below it what the position means.

    Signals:
        tau_changed(float): while it moves, at most every 40 ms; for the door, which takes it at the next frame.
        tau_settled(float): it has rested for 0.4 s; for the settings file.
        reset_requested(): back to the encoder's own measured tau.
    """

    tau_changed = Signal(float)
    tau_settled = Signal(float)
    reset_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gallery_size = 0
        self._default: float | None = None
        self._points: tuple[OperatingPoint, ...] = ()
        self.axis = TauAxis()
        self.axis.moved.connect(self._on_moved)
        self.reset = button("")
        self.reset.clicked.connect(self._on_reset)
        self.strangers, self.strangers_detail = Text("", "title"), Text("", "dim", wrap=True)
        self.staff, self.staff_detail = Text("", "title"), Text("", "dim", wrap=True)
        self._soon, self._rest = QTimer(self), QTimer(self)
        for timer, after in ((self._soon, DEBOUNCE_MS), (self._rest, SETTLE_MS)):
            timer.setSingleShot(True)
            timer.setInterval(after)
        self._soon.timeout.connect(self._announce)
        self._rest.timeout.connect(self._settle)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(L)
        column.addWidget(self.axis)
        meanings = QHBoxLayout()
        meanings.setSpacing(XL)
        for caption, headline, detail in (
            ("Strangers let in", self.strangers, self.strangers_detail),
            ("Staff sent back by one picture", self.staff, self.staff_detail),
        ):
            words = QVBoxLayout()
            words.setSpacing(XS)
            words.addWidget(Text(caption, "dim"))
            words.addWidget(headline)
            words.addWidget(detail)
            words.addStretch()
            meanings.addLayout(words, 1)
        meanings.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(meanings)
        self.setFocusProxy(self.axis)

    def show_state(
        self, tau: float, points: Sequence[OperatingPoint], gallery_size: int, default_tau: float | None
    ) -> None:
        """What is in force; no signal.

        Args:
            tau: the position.
            points: of the encoder's card.
            gallery_size: K.
            default_tau: the card's own, None when it has none.
        """
        self._points, self._gallery_size = tuple(points), gallery_size
        self.axis.set_points(points)
        if not (self._soon.isActive() or self._rest.isActive()):  # a late answer must not pull the handle back
            self.axis.set_tau(tau)
        self.reset.setVisible(default_tau is not None)
        self.reset.setText("" if default_tau is None else f"Reset to {default_tau:.2f}")
        self._default = default_tau
        self._explain()

    def drop(self) -> None:
        """A move that was not announced or stored yet is forgotten; ``show_state`` puts the handle back."""
        self._soon.stop()
        self._rest.stop()

    def _on_moved(self, tau: float) -> None:
        self._explain()
        if not self._soon.isActive():  # not restarted: a long drag is announced on its way
            self._soon.start()
        self._rest.start()

    def _announce(self) -> None:
        self.tau_changed.emit(self.axis.tau)

    def _settle(self) -> None:
        self.tau_settled.emit(self.axis.tau)

    def _on_reset(self) -> None:
        self._soon.stop()
        self._rest.stop()
        self.reset_requested.emit()

    def _explain(self) -> None:
        meaning = meaning_of(self.axis.tau, self._points, self._gallery_size)
        self.reset.setEnabled(self._default is not None and abs(self.axis.tau - self._default) > SAME_TAU)
        self.strangers.setText(meaning.strangers)
        self.strangers_detail.setText(meaning.strangers_detail)
        self.staff.setText(meaning.staff)
        self.staff_detail.setText(meaning.staff_detail)
