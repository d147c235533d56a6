"""The door, full screen and unattended: seven faces, each with one colour, one icon and one short sentence.

Nobody sees a number here, and while nobody stands at the door nobody's picture is shown. No dialogs, no context menus,
no selectable text. Leaving asks for the admin PIN on the same keypad: close, Esc and Alt+F4 only emit
``exit_requested``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, assert_never

from PySide6.QtCore import QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QKeyEvent,
    QLinearGradient,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from faceguard.domain.decision import Ask, Decision, Deny, Grant, Hint, OutOfService, Pending, WouldGrant
from faceguard.ui.kiosk_pages import IdlePage, KioskButton, KioskText, LivePage, VerdictPage, VerdictWords
from faceguard.ui.messages import (
    DOOR_OPEN,
    HINTS,
    NOTHING_OPENS,
    OTHER_WAY,
    PIN_DOES_NOT_HELP,
    REFUSALS,
    clock_words,
    desk_words,
    given_name,
    since_words,
    welcome,
    would_open,
)
from faceguard.ui.pin_entry import PinEntry
from faceguard.ui.preview import NewestFrame
from faceguard.ui.style_sheet import style_sheet
from faceguard.ui.theme import qt_palette
from faceguard.ui.tokens import (
    DARK,
    KIOSK_BOTTOM,
    KIOSK_DENY,
    KIOSK_GRANT,
    KIOSK_OUT,
    KIOSK_OUT_MARK,
    KIOSK_SHADOW,
    KIOSK_TOP,
    S,
)

DESIGN_LONG, DESIGN_SHORT = 1920, 1080
"""The screen that the sizes were drawn for; others are scaled by the tighter side."""
MARGIN: Final = 56
GRANT_MS: Final = 3_000
"""So long a welcome is shown; "the door is open" must not outlive the door."""
_WHITE: Final = "#ffffff"


class KioskWindow(QWidget):
    """The door for the person in front of it.

    Args:
        newest: the newest camera frame.
        door_name: lower left.
        phone: whom to ring; empty for the desk without a number.
        show_names: whether a grant says the person's name.
        mirrored: the picture as in a mirror.
        granted: the sentence under the welcome; says no more than is true of this door.
        clock: monotonic nanoseconds, the clock of the decisions.
        now: local time for the clock on the wall.

    Signals:
        pin_entered(str), claim_entered(int, str), cancelled(): as on the Door page.
        exit_requested(): somebody wants to leave; answer with ``ask_admin_pin`` or ``leave``.
        admin_pin_entered(str): answer with ``leave`` or ``refuse_exit``.
    """

    pin_entered = Signal(str)
    claim_entered = Signal(int, str)
    cancelled = Signal()
    exit_requested = Signal()
    admin_pin_entered = Signal(str)

    def __init__(
        self,
        newest: NewestFrame,
        *,
        door_name: str = "",
        phone: str = "",
        show_names: bool = True,
        mirrored: bool = True,
        granted: str = DOOR_OPEN,
        clock: Callable[[], int] = time.monotonic_ns,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("scheme", "dark")  # the kiosk is dark whatever the desktop is
        self.setPalette(qt_palette(DARK))
        self.setStyleSheet(style_sheet(DARK))
        self.setWindowTitle("faceguard")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._phone, self._show_names, self._clock, self._now = phone, show_names, clock, now
        self._granted = granted
        self._decision: Decision = Pending(Hint.WAIT)
        self._may_leave = False
        self._admin_asked = False
        self.idle = IdlePage()
        self.live = LivePage(newest, mirrored=mirrored)
        self.verdict = VerdictPage()
        self.entry = PinEntry(large=True, clock=clock)
        self._entry_page = QWidget()
        self._build(door_name)
        self._wire()
        self.welcome_timer = QTimer(self)
        self.welcome_timer.setSingleShot(True)
        self.welcome_timer.setInterval(GRANT_MS)
        self.welcome_timer.timeout.connect(self._end_welcome)
        self._ticker = QTimer(self)
        self._ticker.setInterval(1000)
        self._ticker.timeout.connect(self._tick)
        self._ticker.start()
        self._tick()
        self.idle.prompt.setText(HINTS[Hint.WAIT])  # until the door has said its first word
        self._show_page(self.idle)

    def _build(self, door_name: str) -> None:
        around = QHBoxLayout(self._entry_page)
        around.addStretch(5)
        around.addWidget(self.entry, 36)
        around.addStretch(5)
        self._around = around
        pages = QWidget()
        self._stack = QStackedLayout(pages)
        for page in (self.idle, self.live, self.verdict, self._entry_page):
            self._stack.addWidget(page)
        self._pages = pages
        pages.setParent(self)
        self.banner = KioskText(30, 600, tone=DARK.background)
        self.banner.setParent(self)
        self.banner.setText(NOTHING_OPENS)
        self.banner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.banner.set_surface(DARK.ask)
        self.banner.hide()
        self.footer = QWidget(self)
        foot = QHBoxLayout(self.footer)
        self.door_name = KioskText(22, tone=DARK.dim)
        self.door_name.setText(door_name)
        self.use_pin = KioskButton("key", "Use PIN instead", quiet=True)
        self.corner = KioskText(22, tone=DARK.dim)
        self.corner.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.sign = KioskText(22, 500, tone=DARK.ask)
        self.sign.hide()
        words = QVBoxLayout()
        words.setSpacing(S)
        words.addStretch()
        words.addWidget(self.door_name)
        words.addWidget(self.sign)
        words.addStretch()
        foot.addLayout(words, 1)
        foot.addWidget(self.use_pin, 0)
        foot.addWidget(self.corner, 1)

    def _wire(self) -> None:
        self.entry.pin_entered.connect(self.pin_entered)
        self.entry.claim_entered.connect(self.claim_entered)
        self.entry.admin_pin_entered.connect(self.admin_pin_entered)
        self.entry.cancelled.connect(self._entry_cancelled)
        self.use_pin.clicked.connect(self._start_claim)
        self.verdict.use_pin.clicked.connect(self._start_claim)

    # what the app hands in

    @property
    def decision(self) -> Decision:
        """The last decision that was handed in."""
        return self._decision

    @Slot(object)
    def show_decision(self, decision: Decision) -> None:
        """The door's face is a function of the decision, except while somebody types."""
        self._decision = decision
        typing = self._stack.currentWidget() is self._entry_page
        if typing and self._admin_asked:
            return
        if typing and self.entry.claiming and not isinstance(decision, Grant | WouldGrant | OutOfService):
            return
        self._show()

    @Slot(object)
    def show_claim_answer(self, decision: Decision) -> None:
        """What became of a number and PIN: back to the camera, or once more."""
        if self._stack.currentWidget() is not self._entry_page or not self.entry.claiming:
            return
        if isinstance(decision, Deny):
            refusal = REFUSALS[decision.reason]
            self.entry.refuse(f"{refusal.headline}. {refusal.sentence}")
        else:
            self._decision = decision
            self._show()

    def set_show_names(self, show_names: bool) -> None:
        """The setting ``privacy.show_names``."""
        self._show_names = show_names

    def set_granted(self, sentence: str) -> None:
        """The sentence under the next welcome."""
        self._granted = sentence

    def set_sign(self, sign: str) -> None:
        """What must be seen at all times, e.g. that liveness is off; empty for nothing."""
        self.sign.setText(sign)
        self.sign.setVisible(bool(sign))

    @Slot(bool)
    def set_shadow(self, shadow: bool) -> None:
        """Shadow mode: a bar over every page says that nothing opens."""
        self.banner.setHidden(not shadow)
        self._place()

    # leaving

    def ask_admin_pin(self, sentence: str = "Needed to leave the kiosk.") -> None:
        """Answers ``exit_requested``: the keypad asks for the admin PIN."""
        self._admin_asked = True
        self.entry.ask_admin(sentence)
        self._show_page(self._entry_page)

    def refuse_exit(self, sentence: str) -> None:
        """The admin PIN was not accepted; says why and how long to wait."""
        if self._admin_asked:
            self.entry.refuse(sentence)

    def leave(self) -> None:
        """The app has confirmed: the window closes."""
        self._may_leave = True
        self.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Where no window manager runs, nobody else would make the window as large as the screen."""
        if self.isFullScreen():
            self.setGeometry(self.screen().geometry())
        super().showEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closes only when the app has said so."""
        if self._may_leave:
            self._ticker.stop()
            self.welcome_timer.stop()
            event.accept()
        else:
            event.ignore()
            self.exit_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc asks to leave; nothing else is bound here."""
        if event.key() == Qt.Key.Key_Escape:
            self.exit_requested.emit()

    # the faces

    def _show(self) -> None:
        decision = self._decision
        match decision:
            case Pending(hint=Hint.STEP_UP as hint):
                self.idle.prompt.setText(HINTS[hint])
                self._show_page(self.idle)
            case Pending(hint=hint, progress=progress):
                self.live.show_hint(hint, progress)
                self._show_page(self.live)
            case Ask():
                self.entry.ask(decision)
                self._show_page(self._entry_page)
            case Grant(subject=subject):
                name = given_name(subject.name) if self._show_names else None
                self._say(VerdictWords("tick", KIOSK_GRANT, _WHITE, welcome(name), self._granted))
                self.welcome_timer.start()
            case WouldGrant(grant=grant):
                name = given_name(grant.subject.name) if self._show_names else None
                sentence = f"{NOTHING_OPENS}. {OTHER_WAY}"
                self._say(VerdictWords("eye", KIOSK_SHADOW, _WHITE, would_open(name), sentence))
                self.welcome_timer.start()
            case Deny(reason=reason):
                words = REFUSALS[reason]
                self._say(
                    VerdictWords("cross", KIOSK_DENY, _WHITE, words.headline, words.sentence),
                    pin=reason not in PIN_DOES_NOT_HELP,
                )
            case OutOfService(since_ns=since_ns):
                since = since_words(since_ns, now_ns=self._clock(), now=self._now())
                sentence = f"{since} {desk_words(self._phone)}"
                self._say(VerdictWords("wrench", KIOSK_OUT, KIOSK_OUT_MARK, "Out of service", sentence))
            case _:
                assert_never(decision)

    @Slot()
    def _end_welcome(self) -> None:
        """The session lets a grant stand while the person does; the screen is done with it."""
        if isinstance(self._decision, Grant | WouldGrant):
            self._decision = Pending(Hint.STEP_UP)
            if self._stack.currentWidget() is self.verdict:
                self._show()

    def _say(self, words: VerdictWords, *, pin: bool = False) -> None:
        self.verdict.show_words(words, offer_pin=pin)
        self._show_page(self.verdict)

    def _show_page(self, page: QWidget) -> None:
        self._stack.setCurrentWidget(page)
        self.use_pin.setVisible(page in (self.idle, self.live))
        solid = page is self.verdict
        tone = self.verdict.words.soft if solid else DARK.dim
        self.door_name.set_colour(tone)
        self.corner.set_colour(tone)
        self.sign.set_colour(_WHITE if solid else DARK.ask)
        if page is self._entry_page:
            self.entry.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tick()
        self.update()

    @Slot()
    def _start_claim(self) -> None:
        self._admin_asked = False
        self.entry.ask_claim()
        self._show_page(self._entry_page)

    @Slot()
    def _entry_cancelled(self) -> None:
        was_admin, self._admin_asked = self._admin_asked, False
        if isinstance(self._decision, Ask) and not was_admin:
            self.cancelled.emit()
            self._show_page(self.idle)
        else:
            self._show()

    @Slot()
    def _tick(self) -> None:
        now = self._now()
        self.idle.show_time(now)
        page = self._stack.currentWidget()
        if page is self.idle:
            self.corner.setText(f"No badge? Ring the desk: {self._phone}" if self._phone else "")
        elif page is self._entry_page:
            self.corner.setText("")
        else:
            self.corner.setText(clock_words(now))

    # the surface

    def paintEvent(self, event: QPaintEvent) -> None:
        """The verdict's colour, or the calm dark."""
        painter = QPainter(self)
        if self._stack.currentWidget() is self.verdict:
            painter.fillRect(self.rect(), QColor(self.verdict.words.surface))
        else:
            shade = QLinearGradient(QPointF(0, 0), QPointF(self.width() * 0.4, self.height()))
            shade.setColorAt(0, QColor(KIOSK_TOP))
            shade.setColorAt(1, QColor(KIOSK_BOTTOM))
            painter.fillRect(self.rect(), shade)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """All sizes follow the screen."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        width, height = self.width(), self.height()
        scale = min(max(width, height) / DESIGN_LONG, min(width, height) / DESIGN_SHORT)
        for page in (self.idle, self.live, self.verdict):
            page.set_scale(scale)
        for text in (self.door_name, self.sign, self.corner, self.use_pin, self.banner):
            text.set_scale(scale)
        upright = height > width
        self.entry.set_scale(scale)
        self.entry.set_upright(upright)
        self._around.setAlignment(self.entry, Qt.AlignmentFlag.AlignVCenter if upright else Qt.AlignmentFlag(0))
        self._around.setStretch(0, 1 if upright else 5)
        self._around.setStretch(2, 1 if upright else 5)
        margin = round(MARGIN * scale)
        foot = max(round(112 * scale), self.use_pin.sizeHint().height() + 2 * round(12 * scale))
        bar = 0 if self.banner.isHidden() else max(round(72 * scale), self.banner.sizeHint().height() + 2 * S)
        self.banner.setGeometry(0, 0, width, bar)
        self._pages.setGeometry(0, bar, width, height - bar)
        self.footer.setGeometry(0, height - foot, width, foot)
        layout = self.footer.layout()
        if isinstance(layout, QHBoxLayout):
            layout.setContentsMargins(margin, 0, margin, 0)
        self._entry_page.setContentsMargins(margin, margin, margin, foot)
