"""What the kiosk shows: idle, live, verdict. Sizes are those of a 1920 x 1080 screen, times a scale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from faceguard.domain.decision import Hint
from faceguard.ui.icons import paint_icon
from faceguard.ui.messages import HINTS, clock_words
from faceguard.ui.oval_preview import Arrow, OvalPreview
from faceguard.ui.preview import NewestFrame
from faceguard.ui.theme import FontSpec, font
from faceguard.ui.tokens import DARK, DISPLAY, KIOSK_OUT, KIOSK_TOUCH, M
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.text import Text

CLOCK: Final = 200
VERDICT: Final = 96
INSTRUCTION: Final = 64
SENTENCE: Final = 38
DISC: Final = 300
ARROWS: Final = {Hint.TURN_LEFT: Arrow.LEFT, Hint.TURN_RIGHT: Arrow.RIGHT}


class KioskText(Text):
    """Plain text in a fixed colour; its size follows the screen."""

    def __init__(self, pixels: int, weight: int = 400, tone: str = DARK.ink, *, wrap: bool = False) -> None:
        super().__init__(wrap=wrap)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._pixels, self._weight, self._tone, self._scale = pixels, weight, tone, 1.0
        self._surface = "transparent"
        self._dress()

    def set_scale(self, scale: float) -> None:
        """Another screen."""
        self._scale = scale
        self._dress()

    def set_colour(self, tone: str) -> None:
        """Another surface behind it."""
        if tone != self._tone:
            self._tone = tone
            self._dress()

    def set_surface(self, colour: str) -> None:
        """A colour of its own behind the words."""
        self._surface = colour
        self._dress()

    def _dress(self) -> None:
        self.setFont(font(FontSpec(max(12, round(self._pixels * self._scale)), self._weight)))
        self.setStyleSheet(f"color: {self._tone}; background: {self._surface};")


class KioskButton(QAbstractButton):
    """A large button: white outline on a verdict's colour, or quiet in the dark."""

    def __init__(self, icon: str, words: str, *, quiet: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(words)
        self._icon, self._quiet, self._scale = icon, quiet, 1.0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_scale(self, scale: float) -> None:
        """Another screen; never below a finger's size."""
        self._scale = scale
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Icon, words, and room for a finger."""
        self.setFont(self._font())
        wide = self.fontMetrics().horizontalAdvance(self.text()) + round(130 * self._scale)
        return QSize(max(wide, KIOSK_TOUCH * 2), max(KIOSK_TOUCH, round(88 * self._scale)))

    def _font(self) -> QFont:
        return font(FontSpec(max(16, round((22 if self._quiet else 29) * self._scale)), 600))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Outline, icon, words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font())
        ink = DARK.accent if self._quiet else "#ffffff"
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        edge = QColor(ink)
        edge.setAlpha(255 if self.hasFocus() else (0 if self._quiet else 170))
        painter.setPen(QPen(edge, 3 if self.hasFocus() else 1.5))
        fill = QColor("#ffffff")
        fill.setAlpha(40 if self.isDown() else 0)
        painter.setBrush(fill)
        painter.drawRoundedRect(area, 16 * self._scale, 16 * self._scale)
        side = (28 if self._quiet else 32) * self._scale
        words = painter.fontMetrics().horizontalAdvance(self.text())
        left = (self.width() - words - side - M) / 2
        paint_icon(painter, self._icon, ink, QRectF(left, (self.height() - side) / 2, side, side))
        painter.setPen(QColor(ink))
        room = QRectF(left + side + M, 0, words + 4, self.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class IdlePage(QWidget):
    """Clock, date, invitation; no picture of anybody."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        self.clock = KioskText(CLOCK, 600)
        self.date = KioskText(30, 400, DARK.dim)
        self._mark = IconMark("face", 60, DARK.accent)
        self.prompt = KioskText(42, 600)
        self.prompt.setText(HINTS[Hint.STEP_UP])
        for text in (self.clock, self.date):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        line = QHBoxLayout()
        line.addStretch()
        line.addWidget(self._mark)
        line.addWidget(self.prompt)
        line.addStretch()
        self._line = line
        column.setSpacing(0)
        column.addStretch(10)
        column.addWidget(self.clock)
        column.addWidget(self.date)
        column.addSpacing(90)
        column.addLayout(line)
        column.addStretch(11)
        self._column = column

    def show_time(self, now: datetime) -> None:
        """The minute."""
        self.clock.setText(clock_words(now))
        self.date.setText(f"{now:%A}, {now.day} {now:%B}")

    def set_scale(self, scale: float) -> None:
        """Another screen."""
        for text in (self.clock, self.date, self.prompt):
            text.set_scale(scale)
        self._mark.setFixedSize(round(52 * scale), round(52 * scale))
        self._line.setSpacing(round(28 * scale))


class LivePage(QWidget):
    """Oval, ring, one instruction."""

    def __init__(self, newest: NewestFrame, *, mirrored: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = OvalPreview(newest, mirrored=mirrored, parent=self)
        self.instruction = KioskText(INSTRUCTION, 700, "#ffffff", wrap=True)
        self.instruction.setParent(self)
        self.instruction.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)

    def show_hint(self, hint: Hint, progress: float) -> None:
        """One instruction at a time."""
        self.instruction.setText(HINTS[hint])
        self.picture.show_progress(progress, ARROWS.get(hint))

    def set_scale(self, scale: float) -> None:
        """Another screen."""
        self.instruction.set_scale(scale)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Picture everywhere, instruction below the oval."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        self.picture.setGeometry(self.rect())
        below = round(self.picture.oval().bottom() + self.height() * 0.03)
        self.instruction.setGeometry(
            round(self.width() * 0.06), below, round(self.width() * 0.88), round(self.height() * 0.905) - below
        )


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """One whole-screen verdict.

    Attributes:
        icon: of the mark.
        surface: colour of the whole screen, and of the icon.
        disc: colour of the disc.
        headline, sentence: the words.
    """

    icon: str
    surface: str
    disc: str
    headline: str
    sentence: str

    @property
    def soft(self) -> str:
        """Words that step back on this surface."""
        return "#e6eaee"


class VerdictPage(QWidget):
    """Disc, headline, sentence; after a refusal the way on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = VerdictWords("wrench", KIOSK_OUT, "#ffffff", "", "")
        self.mark = IconMark("tick", DISC, "#000000", "#ffffff", fill=0.68, stroke=2.25)
        self.headline = KioskText(VERDICT, 700, "#ffffff", wrap=True)
        self.sentence = KioskText(SENTENCE, 400, "#e6eaee", wrap=True)
        self.use_pin = KioskButton("key", "Use PIN")
        for text in (self.headline, self.sentence):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        centre = Qt.AlignmentFlag.AlignHCenter
        self._column = QVBoxLayout(self)
        self._column.addStretch(4)
        self._column.addWidget(self.mark, 0, centre)
        self._below_mark = QSpacerItem(0, 0)
        self._column.addItem(self._below_mark)
        self._column.addWidget(self.headline)
        self._column.addWidget(self.sentence)
        self._above_button = QSpacerItem(0, 0)
        self._column.addItem(self._above_button)
        self._column.addWidget(self.use_pin, 0, centre)
        self._column.addStretch(5)

    def show_words(self, words: VerdictWords, *, offer_pin: bool = False) -> None:
        """Another verdict."""
        self.words = words
        self.mark.show_mark(words.icon, words.surface, words.disc)
        self.headline.setText(words.headline)
        self.sentence.setText(words.sentence)
        self.use_pin.setVisible(offer_pin)
        self.setAccessibleName(f"{words.headline}. {words.sentence}")

    def set_scale(self, scale: float) -> None:
        """Another screen."""
        self.headline.set_scale(scale)
        self.sentence.set_scale(scale)
        self.use_pin.set_scale(scale)
        self.mark.setFixedSize(round(DISC * scale), round(DISC * scale))
        side = round(120 * scale)
        self._column.setContentsMargins(side, 0, side, 0)
        self._column.setSpacing(round(DISPLAY * 0.5 * scale))
        self._below_mark.changeSize(0, round(DISPLAY * 0.75 * scale))
        self._above_button.changeSize(0, round(DISPLAY * 0.5 * scale))
        self._column.invalidate()
