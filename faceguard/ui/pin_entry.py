"""The keypad with its words, its circles and its countdown; the same on the Door page and at the kiosk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from faceguard.domain.decision import Ask
from faceguard.ui.entry import HEADLINES, PIN_CIRCLES, Entry, EntryKind
from faceguard.ui.keypad import Keypad
from faceguard.ui.messages import QUESTIONS
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import DISPLAY, HEADLINE, KIOSK_TOUCH, TITLE, XL, XXL, L, M, S
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.text import Text

ENTRY_SECONDS: Final = 30
"""An entry that nobody goes on with is given up after this time."""
LOW: Final = 390
"""Below this height of the desktop's keypad only headline, circles and keys are shown."""


class EntryDisplay(QWidget):
    """Circles for a PIN, digits for a number."""

    def __init__(self, *, large: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry = Entry(EntryKind.PIN)
        self._diameter = 30 if large else 14
        self._centred = False
        self._font = FontSpec(DISPLAY if large else HEADLINE, 600)
        self.setMinimumHeight(64 if large else 36)

    def set_scale(self, scale: float) -> None:
        """Another screen."""
        self._diameter = max(14, round(30 * scale))
        self._font = FontSpec(max(HEADLINE, round(DISPLAY * scale)), 600)
        self.setMinimumHeight(max(36, round(64 * scale)))

    def set_centred(self, centred: bool) -> None:
        """In the middle, or from the left."""
        self._centred = centred
        self.update()

    def show_entry(self, entry: Entry) -> None:
        """Another state of the entry."""
        self._entry = entry
        self.setAccessibleName(f"{len(entry.text)} characters typed" if entry.kind.secret else entry.text)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for six circles."""
        return QSize(round(PIN_CIRCLES * self._diameter * 1.75), self.minimumHeight())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Filled circles for what is typed, empty ones for what may follow."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._entry.kind.secret:
            painter.setFont(font(self._font))
            painter.setPen(QColor(colours.ink if self._entry.text else colours.dim))
            side_flag = Qt.AlignmentFlag.AlignHCenter if self._centred else Qt.AlignmentFlag.AlignLeft
            flags = side_flag | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(self.rect(), flags, self._entry.text or "–")
            painter.end()
            return
        typed = len(self._entry.text)
        count = max(PIN_CIRCLES, typed)
        pitch = min(self._diameter * 1.75, (self.width() - self._diameter) / max(1, count - 1))
        side = min(float(self._diameter), pitch * 0.8)
        left = (self.width() - (count - 1) * pitch - side) / 2 if self._centred else 0.0
        for index in range(count):
            circle = QRectF(left + index * pitch + 1, (self.height() - side) / 2, side - 2, side - 2)
            filled = index < typed
            painter.setPen(Qt.PenStyle.NoPen if filled else QPen(QColor(colours.dim), 2 if side > 20 else 1.5))
            painter.setBrush(QColor(colours.ink) if filled else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(circle)
        painter.end()


class PinEntry(QWidget):
    """Asks for a PIN, or for a number and a PIN, or for the admin PIN.

    Args:
        large: the kiosk's layout, words left and keys right; below each other where the screen stands upright.
        clock: monotonic nanoseconds, the clock of the decisions.

    Signals:
        pin_entered(str): answers an Ask.
        claim_entered(int, str): the person's number and PIN, before the face.
        admin_pin_entered(str)
        cancelled(): given up, by key, button or time.
    """

    pin_entered = Signal(str)
    claim_entered = Signal(int, str)
    admin_pin_entered = Signal(str)
    cancelled = Signal()

    def __init__(
        self, *, large: bool = False, clock: Callable[[], int] = time.monotonic_ns, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._large = large
        self._clock = clock
        self._entry = Entry(EntryKind.PIN)
        self._expires_ns = 0
        self._busy = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self._count_down)

    def _build(self) -> None:
        large = self._large
        self.mark = IconMark("key", 120 if large else 44, "ask", "ask_soft", fill=0.48)
        self.headline = Text("", "title", wrap=True)
        self.sentence = Text("", "dim", wrap=True)
        self.display = EntryDisplay(large=large)
        self.countdown = Text("", "dim")
        self.keypad = Keypad(large=large)
        self.cancel = QPushButton("Cancel")
        self.cancel.setProperty("quiet", True)
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if large:
            self.cancel.setMinimumHeight(KIOSK_TOUCH)
        words = QVBoxLayout()
        words.setSpacing(XL + S if large else S)
        if large:
            words.addStretch()
            words.addWidget(self.mark)
            words.addWidget(self.headline)
            words.addWidget(self.sentence)
            words.addWidget(self.display)
            words.addStretch()
        else:
            top = QHBoxLayout()
            top.setSpacing(M)
            top.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
            lines = QVBoxLayout()
            lines.setSpacing(2)
            lines.addWidget(self.headline)
            lines.addWidget(self.sentence)
            top.addLayout(lines, 1)
            words.addLayout(top)
            words.addWidget(self.display)
        foot = QHBoxLayout()
        foot.addWidget(self.countdown, 1)
        foot.addWidget(self.cancel)
        self._words = words
        self._block = block = QWidget()
        block.setSizePolicy(
            QSizePolicy.Policy.Fixed if large else QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred
        )
        keys = QVBoxLayout(block)
        keys.setContentsMargins(0, 0, 0, 0)
        keys.setSpacing(M)
        if large:
            keys.addStretch()
        keys.addWidget(self.keypad)
        keys.addLayout(foot)
        if large:
            keys.addStretch()
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight if large else QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(XXL * 3 if large else L)
        self._layout.addLayout(words, 1 if large else 0)
        self._layout.addWidget(block, 0)
        if not large:
            self._layout.addStretch()
        self.keypad.digit.connect(self._type)
        self.keypad.erased.connect(self._erase)
        self.keypad.confirmed.connect(self._confirm)
        self.cancel.clicked.connect(self._cancel)

    @property
    def entry(self) -> Entry:
        """What is being typed."""
        return self._entry

    @property
    def claiming(self) -> bool:
        """A number and PIN are being typed or looked at."""
        return self._entry.kind in (EntryKind.NUMBER, EntryKind.CLAIM_PIN)

    def set_scale(self, scale: float) -> None:
        """At the kiosk all sizes follow the screen; keys never fall below a finger's size."""
        for text, pixels, weight in (
            (self.headline, DISPLAY + L, 700),
            (self.sentence, HEADLINE + 2, 400),
            (self.countdown, TITLE + 2, 400),
            (self.cancel, TITLE + 2, 600),
        ):
            text.setStyleSheet(f"font-size: {max(14, round(pixels * scale))}px; font-weight: {weight};")
        self.mark.setFixedSize(round(120 * scale), round(120 * scale))
        self.display.set_scale(scale)
        self.keypad.set_scale(scale)
        self._layout.setSpacing(round(112 * scale))

    def set_upright(self, upright: bool) -> None:
        """Words above the keys, for a screen that is taller than wide."""
        direction = QBoxLayout.Direction.TopToBottom if upright else QBoxLayout.Direction.LeftToRight
        if not self._large or self._layout.direction() == direction:
            return
        self._layout.setDirection(direction)
        middle = Qt.AlignmentFlag.AlignHCenter if upright else Qt.AlignmentFlag(0)
        self._layout.setAlignment(self._block, middle)
        self._words.setAlignment(self.mark, middle)
        for text in (self.headline, self.sentence):
            text.setAlignment(middle if upright else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.display.set_centred(upright)

    # what is asked for

    def ask(self, ask: Ask) -> None:
        """The PIN that answers this Ask; the same Ask again leaves the typed digits alone."""
        same = self._entry.kind is EntryKind.PIN and self._expires_ns == ask.expires_ns and self._timer.isActive()
        if not same:
            self._begin(EntryKind.PIN, QUESTIONS[ask.reason].sentence, ask.expires_ns)

    def ask_claim(self) -> None:
        """The person's number first, then the PIN."""
        self._begin(EntryKind.NUMBER, "It stands on your badge, or ask at the desk.", self._deadline())

    def ask_admin(self, sentence: str = "Needed to leave the kiosk.") -> None:
        """The admin PIN."""
        self._begin(EntryKind.ADMIN_PIN, sentence, self._deadline())

    def refuse(self, sentence: str) -> None:
        """The entry was not accepted: says why, and starts again from the first digit."""
        kind = EntryKind.NUMBER if self.claiming else self._entry.kind
        self._begin(kind, sentence, self._deadline())
        self.sentence.set_tone("deny")
        self._show_sentence()

    def forget(self) -> None:
        """Drops what was typed."""
        self._timer.stop()
        self._entry = Entry(EntryKind.PIN)
        self._busy = False
        self._refresh()

    # keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Digits, Backspace, Enter, Esc."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._confirm()
            case Qt.Key.Key_Backspace | Qt.Key.Key_Delete:
                self._erase()
            case Qt.Key.Key_Escape:
                self._cancel()
            case _ if event.text() and event.text().isprintable():
                self._type(event.text())
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """On a low screen the keys need the room of the ornament."""
        super().resizeEvent(event)
        if not self._large:
            self.mark.setVisible(self.height() >= LOW)
            self._show_sentence()

    def _show_sentence(self) -> None:
        refused = self.sentence.property("tone") is not None
        self.sentence.setVisible(self._large or refused or self.height() >= LOW)

    def hideEvent(self, event: QHideEvent) -> None:
        """Out of sight, nothing typed stays."""
        super().hideEvent(event)
        self.forget()

    @Slot(str)
    def _type(self, character: str) -> None:
        if not self._busy:
            self._entry = self._entry.typed(character)
            self._refresh()

    @Slot()
    def _erase(self) -> None:
        if not self._busy:
            self._entry = self._entry.erased()
            self._refresh()

    @Slot()
    def _confirm(self) -> None:
        if self._busy or not self._entry.complete:
            return
        entry = self._entry
        if entry.kind is EntryKind.NUMBER:
            self._entry = Entry(EntryKind.CLAIM_PIN, number=int(entry.text))
            self._expires_ns = self._deadline()
            self._say(EntryKind.CLAIM_PIN, "Then look at the camera.")
            return
        self._busy = True
        self._entry = entry.cleared()
        self._refresh()
        if entry.kind is EntryKind.PIN:
            self.pin_entered.emit(entry.text)
        elif entry.kind is EntryKind.ADMIN_PIN:
            self.admin_pin_entered.emit(entry.text)
        elif entry.number is not None:
            self.claim_entered.emit(entry.number, entry.text)

    @Slot()
    def _cancel(self) -> None:
        self.forget()
        self.cancelled.emit()

    # time and words

    def _deadline(self) -> int:
        return self._clock() + ENTRY_SECONDS * 1_000_000_000

    def _begin(self, kind: EntryKind, sentence: str, expires_ns: int) -> None:
        self._entry = Entry(kind)
        self._expires_ns = expires_ns
        self._busy = False
        self._say(kind, sentence)
        self._timer.start()
        self._count_down()
        self.setFocus()

    def _say(self, kind: EntryKind, sentence: str) -> None:
        self.headline.setText(HEADLINES[kind])
        self.sentence.setText(sentence)
        self.sentence.set_tone(None)
        self._show_sentence()
        self.mark.show_mark("person" if kind is EntryKind.NUMBER else "key", "ask", "ask_soft")
        self._refresh()

    @Slot()
    def _count_down(self) -> None:
        left = (self._expires_ns - self._clock()) / 1e9
        self.countdown.setText(f"Cancels in {max(0, round(left))} s")
        # an Ask is ended by the session, which denies it; only what this window asked for ends here
        if left <= 0 and self._entry.kind is not EntryKind.PIN:
            self._cancel()

    def _refresh(self) -> None:
        self.display.show_entry(self._entry)
        self.keypad.set_confirmable(self._entry.complete and not self._busy)
