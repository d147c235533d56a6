"""The page that is open all day: who stands there, what the door says, and what it said today."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from faceguard.domain.decision import Ask, Decision, Deny, Grant, Hint, OutOfService, Pending, WouldGrant
from faceguard.domain.observation import HaltReason, Observation
from faceguard.ui.event_list import EventList, EventRow
from faceguard.ui.messages import HALTS, REFUSALS
from faceguard.ui.number_strip import NumberStrip
from faceguard.ui.pin_entry import PinEntry
from faceguard.ui.preview import NewestFrame, Preview
from faceguard.ui.tokens import XL, L
from faceguard.ui.verdict_panel import VerdictPanel
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.icon_button import IconButton
from faceguard.ui.widgets.page_header import PageHeader


class DoorPage(QWidget):
    """Preview and numbers on the left, verdict and today's events (or the keypad) on the right.

    Args:
        newest: the newest camera frame, for the preview.
        door_name: the title.
        mirrored: the preview as in a mirror.
        clock: monotonic nanoseconds, the clock of the decisions.

    Signals:
        pin_entered(str), claim_entered(int, str), cancelled(): from the keypad; ``cancelled`` only for an Ask.
    """

    pin_entered = Signal(str)
    claim_entered = Signal(int, str)
    cancelled = Signal()

    def __init__(
        self,
        newest: NewestFrame,
        *,
        door_name: str = "",
        mirrored: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._decision: Decision = Pending(Hint.WAIT)
        self._admin = False
        self.header = PageHeader(door_name)
        self.use_pin = IconButton("Use PIN instead", "key")
        self.use_pin.clicked.connect(self._start_claim)
        self.header.add_action(self.use_pin)
        self.preview = Preview(newest, mirrored=mirrored)
        self.numbers = NumberStrip()
        self.numbers.hide()
        self.verdict = VerdictPanel()
        self.events = EventList()
        self.entry = PinEntry(clock=clock)
        self.entry.pin_entered.connect(self.pin_entered)
        self.entry.claim_entered.connect(self.claim_entered)
        self.entry.cancelled.connect(self._entry_cancelled)
        self._arrange()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, L + 5, XL, L + 4)
        column.setSpacing(L + 2)
        column.addWidget(self.header)
        body = QHBoxLayout()
        body.setSpacing(L)
        left = QVBoxLayout()
        left.setSpacing(L)
        left.addWidget(self.preview)
        left.addWidget(self.numbers)
        left.addStretch(1)
        body.addLayout(left, 8)
        watching = QWidget()
        right = QVBoxLayout(watching)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(L)
        right.addWidget(self.verdict)
        right.addWidget(self.events, 1)
        typing = Card(margin=L)
        typing.column.addWidget(self.entry)
        self._side = QStackedWidget()
        self._side.setMinimumWidth(330)
        self._side.addWidget(watching)
        self._side.addWidget(typing)
        body.addWidget(self._side, 5)
        column.addLayout(body, 1)

    # what the app hands in

    @Slot(object)
    def show_decision(self, decision: Decision, after_ms: float | None = None) -> None:
        """What the door says now."""
        self._decision = decision
        self.numbers.show_decision(decision, after_ms)
        self.verdict.show_decision(decision)
        if isinstance(decision, OutOfService):
            self.preview.forget()
            self.preview.show_placeholder(decision.sentence)
            self.preview.show_box(None)
            self.preview.show_hint("")
        elif isinstance(decision, Ask):
            if not self.entry.claiming or not self._typing:
                self.entry.ask(decision)
                self._show_entry(True)
            return
        if isinstance(decision, Grant | WouldGrant | OutOfService) or not (self._typing and self.entry.claiming):
            self._show_entry(False)

    @Slot(object)
    def show_claim_answer(self, decision: Decision) -> None:
        """What became of a number and PIN: back to the camera, or once more."""
        if not (self._typing and self.entry.claiming):
            return
        if isinstance(decision, Deny):
            refusal = REFUSALS[decision.reason]
            self.entry.refuse(f"{refusal.headline}. {refusal.sentence}")
        else:
            self._show_entry(False)

    @Slot(object)
    def show_observation(self, observation: Observation) -> None:
        """The probe's box and what the frame lacked."""
        tone = {Grant: "grant", Deny: "deny", Ask: "ask"}.get(type(self._decision), "neutral")
        self.preview.show_box(observation.face.box if observation.face is not None else None, tone)
        halt = observation.halt
        if halt is None:
            hint = HALTS[HaltReason.TOO_SOON]
        elif halt.reason is HaltReason.NO_FACE:
            hint = ""
        else:
            hint = HALTS[halt.reason]
        spent = sum(observation.stage_ms.values())
        self.preview.show_hint(hint, f"{spent:.0f} ms a frame" if self._admin and spent else "")

    def show_events(self, rows: Sequence[EventRow], counts: Mapping[str, int] | None = None) -> None:
        """Today's events, newest first; see ``EventList.show_rows``."""
        self.events.show_rows(rows, counts)

    def set_admin(self, admin: bool) -> None:
        """Distances, tau and times are for admins only."""
        self._admin = admin
        self.numbers.setVisible(admin)

    def set_door(self, name: str, subtitle: str = "") -> None:
        """Title, and one line about how the door works."""
        self.header.title.setText(name)
        self.header.subtitle.setText(subtitle)

    # the keypad

    @property
    def _typing(self) -> bool:
        return self._side.currentIndex() == 1

    @Slot()
    def _start_claim(self) -> None:
        self.entry.ask_claim()
        self._show_entry(True)

    @Slot()
    def _entry_cancelled(self) -> None:
        asked = isinstance(self._decision, Ask)
        self._show_entry(False)
        if asked:
            self.cancelled.emit()

    def _show_entry(self, shown: bool) -> None:
        self._side.setCurrentIndex(1 if shown else 0)
        self.use_pin.setEnabled(not shown)
        if shown:
            self.entry.setFocus(Qt.FocusReason.OtherFocusReason)
