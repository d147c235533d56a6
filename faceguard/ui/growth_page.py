"""Why more people need a stricter tau, with this gallery's own numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from faceguard.evaluation.calibration import Estimate
from faceguard.evaluation.door import LOOKS, TARGET_FPIR, DoorCalibration, ModelCalibration
from faceguard.ui.pin_prompt import button
from faceguard.ui.tau_words import counted, often
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import BODY, SMALL, XL, L, M, Palette, S
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.text import Text

LARGEST: Final = 10_000
"""People at the right end of the plot; ten times the present ones where they are more than a tenth of it."""
LOWEST: Final = 1e-6
_LEFT: Final = 96
_RIGHT: Final = 28
_TOP: Final = 26
_FOOT: Final = 46


@dataclass(frozen=True, slots=True)
class Growth:
    """FPIR of a stranger's attempt against the number of people, at one tau.

    Attributes:
        tau: of the search.
        curve: by the law of independent comparisons, one template a person; K ascending.
        people: K now.
        now: at K, with the templates there are.
        own: of the gallery against itself; None of fewer than two people, or where it saw nobody too near.
        rated_size: of the encoder; None when not measured.
        fmr: of one comparison.
        target: FPIR that was agreed to.
    """

    tau: float
    curve: tuple[Estimate, ...]
    people: int
    now: Estimate | None
    own: Estimate | None
    rated_size: int | None
    fmr: float
    target: float

    @classmethod
    def of(cls, door: DoorCalibration, tau: float, target: float = TARGET_FPIR) -> Growth | None:
        """None for an encoder without an impostor model."""
        if door.model is None:
            return None
        most = max(LARGEST, 10 ** math.ceil(math.log10(max(1, door.people) * 2)))
        sizes = sorted({max(1, round(10 ** (i / 8))) for i in range(round(8 * math.log10(most)) + 1)})
        own = None if door.itself is None else door.itself.at(tau)
        return cls(
            tau,
            tuple(ModelCalibration(door.model, size, size).at(tau) for size in sizes),
            door.people,
            None if door.by_model is None else door.by_model.at(tau),
            own if own is not None and own.events else None,
            door.rated_size,
            door.model.fmr(tau),
            target,
        )


class GrowthPlot(QWidget):
    """FPIR over K, both in powers of ten."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._growth: Growth | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(200)

    def show_growth(self, growth: Growth) -> None:
        """Other numbers."""
        self._growth = growth
        self.setAccessibleName(f"Strangers let in against the number of people, at tau {growth.tau:.3f}")
        self.update()

    def sizeHint(self) -> QSize:
        """As large as offered."""
        return QSize(720, 380)

    def changeEvent(self, event: QEvent) -> None:
        """Other colours."""
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Grid, band, curve, and what is marked on them."""
        growth = self._growth
        if growth is None:
            return
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_grid(painter, colours, growth)
        self._paint_curve(painter, colours, growth)
        self._paint_marks(painter, colours, growth)
        painter.end()

    def _x(self, people: float) -> float:
        assert self._growth is not None
        share = math.log10(max(1.0, people)) / math.log10(self._growth.curve[-1].people)
        return _LEFT + share * (self.width() - _LEFT - _RIGHT)

    def _y(self, rate: float) -> float:
        share = math.log10(min(1.0, max(LOWEST, rate))) / math.log10(LOWEST)
        return _TOP + share * (self.height() - _TOP - _FOOT)

    def _paint_grid(self, painter: QPainter, colours: Palette, growth: Growth) -> None:
        painter.setFont(font(FontSpec(SMALL)))
        for power in range(round(-math.log10(LOWEST)) + 1):
            y = self._y(10.0**-power)
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _RIGHT, y))
            painter.setPen(QColor(colours.dim))
            words = "all" if power == 0 else f"1 in {10**power:,}"
            painter.drawText(QRectF(0, y - 8, _LEFT - 10, 16), Qt.AlignmentFlag.AlignRight, words)
        bottom = self._y(LOWEST)
        for power in range(round(math.log10(growth.curve[-1].people)) + 1):
            place = QRectF(self._x(10**power) - 40, bottom + 8, 80, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, f"{10**power:,}")
        painter.drawText(
            QRectF(_LEFT, bottom + 26, self.width() - _LEFT - _RIGHT, 16),
            Qt.AlignmentFlag.AlignHCenter,
            "people enrolled",
        )

    def _paint_curve(self, painter: QPainter, colours: Palette, growth: Growth) -> None:
        band = QColor(colours.accent)
        band.setAlpha(40)
        upper = [QPointF(self._x(e.people), self._y(e.high)) for e in growth.curve]
        lower = [QPointF(self._x(e.people), self._y(e.low)) for e in reversed(growth.curve)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawPolygon(QPolygonF([*upper, *lower]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.accent), 2, Qt.PenStyle.DashLine))  # dashed: carried by the law, not seen
        painter.drawPolyline(QPolygonF([QPointF(self._x(e.people), self._y(e.value)) for e in growth.curve]))

    def _paint_marks(self, painter: QPainter, colours: Palette, growth: Growth) -> None:
        bottom = self._y(LOWEST)
        painter.setFont(font(FontSpec(SMALL)))
        y = self._y(growth.target)
        painter.setPen(QPen(QColor(colours.deny), 1.5, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _RIGHT, y))
        self._name(painter, colours.deny, _LEFT + 4, y - 6, f"wanted: at most {often(growth.target)}")
        if growth.rated_size is not None:
            x = self._x(growth.rated_size)
            painter.setPen(QPen(QColor(colours.ask), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, _TOP), QPointF(x, bottom))
            self._name(painter, colours.ask, x + 6, _TOP + 12, f"rated size, {growth.rated_size:,}")
        if growth.own is not None:
            x, strong = self._x(growth.own.people), QColor(colours.grant)
            painter.setPen(QPen(strong, 2))
            painter.drawLine(QPointF(x, self._y(growth.own.high)), QPointF(x, self._y(growth.own.low)))
            painter.setBrush(strong)
            painter.drawRect(QRectF(x - 4, self._y(growth.own.value) - 4, 8, 8))
        if growth.now is not None:
            x, y = self._x(growth.people), self._y(growth.now.value)
            painter.setPen(QPen(QColor(colours.card), 2))
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(QPointF(x, y), 7, 7)
            painter.setFont(font(FontSpec(BODY, 600)))
            people = counted(growth.people, "person", "people")
            self._name(painter, colours.accent, x + 12, y + 18, f"{people}: {often(growth.now.value)}")

    def _name(self, painter: QPainter, colour: str, left: float, base: float, words: str) -> None:
        """Words that stay inside."""
        painter.setPen(QColor(colour))
        width = painter.fontMetrics().horizontalAdvance(words)
        painter.drawText(QPointF(min(left, self.width() - _RIGHT - width), base), words)


class GrowthPage(QWidget):
    """The plot and the law in words.

    Signals:
        back_requested()
    """

    back_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self.header = PageHeader("Why more people need a stricter tau")
        self.back = button("Back to Tuning")
        self.back.clicked.connect(self.back_requested)
        self.header.add_action(self.back)
        self.plot = GrowthPlot()
        self.law, self.legend = Text("", wrap=True), Text("", "dim", wrap=True)
        card = Card(margin=M)
        card.column.addWidget(self.plot)
        words = Card(margin=L, spacing=S)
        words.column.addWidget(self.law)
        words.column.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL)
        column.setSpacing(L)
        column.addWidget(self.header)
        column.addWidget(card, 1)
        column.addWidget(words)
        self.setFocusProxy(self.back)

    def show_growth(self, growth: Growth) -> None:
        """At one tau."""
        self.plot.show_growth(growth)
        self.header.subtitle.setText(f"At tau {growth.tau:.3f}")
        self.law.setText(law_in_words(growth))
        self.legend.setText(legend_in_words(growth))


def law_in_words(growth: Growth) -> str:
    """With this gallery's own numbers."""
    one = often(growth.fmr) + (" of comparisons" if growth.fmr >= 0.1 else " comparisons")
    words = (
        f"A stranger is compared with everybody who is enrolled, and up to {LOOKS} times in one attempt. One "
        f"comparison is wrong in {one}; with K people one attempt is almost {LOOKS} times K times as risky, "
        "exactly 1 - (1 - FMR)^K for each look."
    )
    if growth.now is not None:
        people = counted(growth.people, "person", "people")
        words += f" With the present {people} that is {often(growth.now.value)}"
        double = next((e for e in growth.curve if e.people >= 2 * growth.people), None)
        words += "." if double is None else f"; with {double.people:,} it would be {often(double.value)}."
    return words


def legend_in_words(growth: Growth) -> str:
    """What is drawn, and what was only calculated."""
    words = "Dashed: carried to other sizes by that law from the impostor model; the band holds 95 %."
    if growth.own is not None:
        words += " Square: this gallery compared with itself, everybody once as a stranger."
    else:
        words += " Compared with itself this gallery shows nobody too near at this tau."
    if growth.rated_size is not None:
        words += (
            f" Beyond {growth.rated_size:,} people, the rated size, this encoder sends back more than one in ten of "
            "the staff at 1 false accept in 1,000: use badge or PIN and face."
        )
    return words
