"""How strict is this door? One picture, a handle, and what its position means, which changes while it moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from faceguard.domain.errors import FaceguardError
from faceguard.ui import tau_words
from faceguard.ui.pin_prompt import button
from faceguard.ui.tau_plot import TauPlot
from faceguard.ui.tau_words import SAME_TAU, Words
from faceguard.ui.tokens import XL, XS, L, M, S
from faceguard.ui.unlock import UnlockPart
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.scrolled import scrolled
from faceguard.ui.widgets.still_box import StillBox
from faceguard.ui.widgets.text import Text

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.tau_picture import TauMeaning, TauPicture

LEAST_REASON: Final = 10
LOADING: Final = "People and events are being read."
LOCKED: Final = "What decides who gets in opens with the admin PIN."
CLOSED: Final = "It shows how near people come to tau. Unlock it with the admin PIN."


class MeaningCard(Card):
    """A caption, a headline, a sentence; and a way to more, where there is more."""

    def __init__(self, caption: str, more: str) -> None:
        super().__init__(margin=L + 2, spacing=XS)
        self.headline, self.detail = Text("", "headline", wrap=True), Text("", wrap=True)
        self.more = button(more, "link")
        self.column.addWidget(Text(caption, "dim"))
        self.column.addWidget(self.headline)
        self.column.addWidget(self.detail)
        self.column.addStretch()
        self.column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)

    def say(self, words: Words) -> None:
        """What the position means."""
        self.headline.setText(words.headline)
        self.detail.setText(words.detail)


class _ReasonBar(Card):
    """Asks why an unsafe tau is wanted."""

    confirmed = Signal(str)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__(margin=L, spacing=S)
        self.note = Note("Not safe here", "", "deny")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Why is it wanted all the same? It is kept in the event log.")
        self.field.setAccessibleName("Reason for an unsafe tau")
        self.field.setMaxLength(200)
        self.field.textChanged.connect(self._on_text)
        self.field.returnPressed.connect(self._confirm)
        self.take = button("Apply all the same", "danger")
        self.take.clicked.connect(self._confirm)
        self.leave = button("Cancel")
        self.leave.clicked.connect(self.cancelled)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(self.field, 1)
        row.addWidget(self.leave)
        row.addWidget(self.take)
        self.column.addWidget(self.note)
        self.column.addLayout(row)
        self._on_text("")
        self.hide()

    def ask(self, why: str) -> None:
        """Opens with the reason why it is unsafe."""
        self.note.say("Not safe here", why, "deny")
        self.field.clear()
        self.show()
        self.field.setFocus()

    def _on_text(self, text: str) -> None:
        self.take.setEnabled(len(" ".join(text.split())) >= LEAST_REASON)

    def _confirm(self) -> None:
        if self.take.isEnabled():
            self.confirmed.emit(self.field.text())


class TuningPage(QWidget):
    """tau for this gallery. A move changes words only; the door hears of it with Apply.

    Signals:
        apply_requested(float, str): the tau and, where it is unsafe, the reason; answer with a new picture or
            ``show_refusal``.
        pair_requested(float): tau for one named person; answered in the same way.
        events_requested(float), growth_requested(float): the page of the events that would end otherwise, and the one
            that explains why more people need a stricter tau, at this tau.
        unlock_requested(str): the admin PIN; answer with ``set_locked(False)`` or ``show_unlock_refusal``.
        lock_requested()
    """

    apply_requested = Signal(float, str)
    pair_requested = Signal(float)
    events_requested = Signal(float)
    growth_requested = Signal(float)
    unlock_requested = Signal(str)
    lock_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._picture: TauPicture | None = None
        self._meanings: dict[float, TauMeaning] = {}
        self._locked = True
        self._moved = False
        self._words_due = QTimer(self)
        self._words_due.setSingleShot(True)
        self._words_due.setInterval(0)
        self._words_due.timeout.connect(self._explain)
        self._places: Iterator[float] = iter(())
        self._ahead = QTimer(self)
        self._ahead.setInterval(0)
        self._ahead.timeout.connect(self._work_ahead)
        self.header = PageHeader("How strict is this door?", LOADING)
        self.reset = button("")
        self.reset.clicked.connect(self._on_reset)
        self.header.add_action(self.reset)
        self.unlock_part = UnlockPart(self.header)
        self.unlock_part.pin_entered.connect(self.unlock_requested)
        self.unlock_part.lock_requested.connect(self.lock_requested)
        self.apply = button("Apply", "primary")
        self.apply.clicked.connect(self._on_apply)
        self.header.add_action(self.apply)
        self.notice = Note("", "", "deny")
        self.notice.hide()
        self.reason = _ReasonBar()
        self.reason.confirmed.connect(self._on_reason)
        self.reason.cancelled.connect(self._on_reason_cancelled)

        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL - 10, 0)
        column.setSpacing(L)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, 10, 0)
        top.setSpacing(L)
        for part in (self.header, self.unlock_part, self.reason, self.notice):
            top.addWidget(part)
        column.addLayout(top)
        self._body = QStackedWidget()
        closed = Card(margin=0)
        closed.column.addWidget(EmptyState("lock", "This page is the admin's", CLOSED))
        around = QWidget()
        room = QVBoxLayout(around)
        room.setContentsMargins(0, 0, 10, XL)
        room.addWidget(closed)
        self._body.addWidget(around)
        self._body.addWidget(self._build_body())
        column.addWidget(self._body, 1)
        self.set_locked(True)

    @property
    def locked(self) -> bool:
        """tau cannot be changed."""
        return self._locked

    @property
    def tau(self) -> float:
        """Where the handle stands."""
        return self.plot.tau

    def show_picture(self, picture: TauPicture) -> None:
        """People, scores and events as they are now. A handle that was moved stays where it is."""
        self._picture = picture
        self._meanings.clear()
        self.notice.hide()
        standing = picture.standing
        if not self._moved or self._locked:
            self._moved = False
            found = standing.tau if standing.tau is not None else next((p.tau for p in picture.positions), None)
            if found is not None:
                self.plot.set_tau(found)
        self.plot.show_picture(picture)
        default = standing.card.default_tau
        self.reset.setText("" if default is None else f"Reset to {default.value:.3f}")
        self.growth_card.more.setVisible(standing.door.model is not None)
        self.plot_card.show()
        self._show_pair(picture)
        self._explain()
        self._places = self.plot.places()
        if self.isVisible():
            self._ahead.start()

    def applied(self) -> None:
        """What was asked for is in force; a new picture follows."""
        self._moved = False
        self.reason.hide()

    def show_refusal(self, fault: FaceguardError | str) -> None:
        """It is not in force, and why."""
        self.notice.say("", fault if isinstance(fault, str) else fault.sentence, "deny")
        self.notice.show()
        self._show_actions()

    def ask_reason(self, why: str) -> None:
        """It is not in force until somebody says why it is wanted: ``apply_requested`` comes with the reason."""
        self.reason.ask(why)
        self._show_actions()

    def set_locked(self, locked: bool) -> None:
        """Closes or opens what the admin may change; a move that was not applied is taken back."""
        self._locked = locked
        self.unlock_part.set_locked(locked)
        self.reason.hide()
        self.plot.setEnabled(not locked)
        self._body.setCurrentIndex(0 if locked else 1)
        if not locked and self.isVisible():
            self.plot.setFocus()
        if locked and self._moved and self._picture is not None:
            self._moved = False
            self.show_picture(self._picture)
        self._show_actions()

    def show_unlock_refusal(self, fault: FaceguardError | str) -> None:
        """The PIN was not right, or it is too early to try again."""
        self.unlock_part.show_refusal(fault)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody moves the handle now."""
        super().hideEvent(event)
        self._ahead.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """The rest of the places."""
        super().showEvent(event)
        if self._picture is not None:
            self._ahead.start()

    def _build_body(self) -> QScrollArea:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, XL)
        column.setSpacing(L)
        self.plot_card = Card(margin=M, spacing=S)
        self.plot = TauPlot()
        self.plot.moved.connect(self._on_moved)
        self.setFocusProxy(self.plot)
        self.line = Text("", "dim", wrap=True)
        self.line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.plot_card.column.addWidget(self.plot, 1)
        self.plot_card.column.addWidget(StillBox(self.line))
        column.addWidget(self.plot_card, 1)
        row = QHBoxLayout()
        row.setSpacing(L)
        self.growth_card = MeaningCard("Strangers let in", "Why it depends on people")
        self.staff_card = MeaningCard("Staff asked to try again", "")
        self.events_card = MeaningCard("What if, last 30 days", "Show them")
        self.staff_card.more.hide()
        self.growth_card.more.clicked.connect(self._on_growth)
        self.events_card.more.clicked.connect(self._on_events)
        for card in (self.growth_card, self.staff_card, self.events_card):
            row.addWidget(StillBox(card), 1)
        column.addLayout(row)
        pair = Card(margin=M)
        line = QHBoxLayout()
        line.setSpacing(M)
        self.pair_words = Text("", wrap=True)
        self.pair = button("")
        self.pair.clicked.connect(self._on_pair)
        line.addWidget(self.pair_words, 1)
        line.addWidget(self.pair)
        pair.column.addLayout(line)
        column.addWidget(pair)
        area = scrolled(inner, bar_stays=True)
        self.plot_card.hide()
        return area

    # while the handle moves

    def _on_moved(self, _tau: float) -> None:
        """The handle is painted first; the words follow as soon as nothing else waits."""
        self._moved = True
        self.reason.hide()
        self.notice.hide()
        self._words_due.start()

    def _meaning(self) -> TauMeaning | None:
        """Of the present position; each is worked out once."""
        if self._picture is None:
            return None
        tau = self.plot.tau
        if tau not in self._meanings:
            self._meanings[tau] = self._picture.at(tau)
        return self._meanings[tau]

    def _work_ahead(self) -> None:
        """One more place, nearest to the handle first, while nothing else waits: a quick hand then finds it ready."""
        tau = next((place for place in self._places if place not in self._meanings), None)
        if tau is None or self._picture is None:
            self._ahead.stop()
        else:
            self._meanings[tau] = self._picture.at(tau)

    def _explain(self) -> None:
        self._words_due.stop()
        meaning, picture = self._meaning(), self._picture
        if meaning is None or picture is None:
            return
        self.line.setText(tau_words.position_line(meaning, picture))
        self.growth_card.say(tau_words.strangers(meaning.strangers, picture.standing.door.people))
        self.growth_card.headline.set_tone("deny" if meaning.unsafe else None)
        self.staff_card.say(tau_words.staff(meaning.staff, picture.staff))
        self.staff_card.setToolTip(tau_words.domains(picture.staff))
        self.events_card.say(tau_words.what_if(meaning, picture))
        self.events_card.more.setVisible(bool(meaning.grants_lost + meaning.denies_gained))
        self._show_actions()

    def _show_actions(self) -> None:
        """What can be done now, and the line under the title."""
        picture = self._picture
        in_force = None if picture is None else picture.standing.tau
        other = picture is not None and (in_force is None or abs(self.plot.tau - in_force) > SAME_TAU)
        self.apply.setVisible(not self._locked)
        self.reset.setVisible(
            not self._locked and picture is not None and picture.standing.card.default_tau is not None
        )
        self.apply.setEnabled(other)
        default = None if picture is None else picture.standing.card.default_tau
        self.reset.setEnabled(
            not self._locked and default is not None and abs(self.plot.tau - default.value) > SAME_TAU
        )
        self.pair.setEnabled(not self._locked)
        if self._locked:
            self.header.subtitle.setText(LOCKED)
        elif picture is None:
            self.header.subtitle.setText(LOADING)
        elif other:
            force = "no tau" if in_force is None else f"tau {in_force:.3f}"
            self.header.subtitle.setText(f"Not in force yet: the door works with {force} until you apply this one.")
        else:
            people = tau_words.counted(picture.standing.door.people, "person", "people")
            red = f" Red: not safe for {people}." if picture.unsafe_from is not None else ""
            self.header.subtitle.setText(
                f"Drag the line, or use the arrow keys. Hatched: no stranger was measured there.{red}"
            )

    # what is asked for

    def _on_reset(self) -> None:
        default = None if self._picture is None else self._picture.standing.card.default_tau
        if default is not None:
            self.plot.go_to(default.value)

    def _on_apply(self) -> None:
        meaning = self._meaning()
        if meaning is None:
            return
        if meaning.unsafe:
            self.reason.ask(tau_words.unsafe(meaning))
        else:
            self.apply.setEnabled(False)
            self.apply_requested.emit(meaning.tau, "")

    def _on_reason(self, reason: str) -> None:
        self.apply_requested.emit(self.plot.tau, reason)

    def _on_reason_cancelled(self) -> None:
        self.reason.hide()
        self.plot.setFocus()

    def _on_events(self) -> None:
        self.events_requested.emit(self.plot.tau)

    def _on_growth(self) -> None:
        self.growth_requested.emit(self.plot.tau)

    def _show_pair(self, picture: TauPicture) -> None:
        self.pair_words.setText(tau_words.named_person(picture))
        proposed, present = picture.pair, picture.standing.tau_pair
        differs = proposed is not None and (present is None or abs(present - proposed.tau) > SAME_TAU)
        self.pair.setVisible(differs)
        if proposed is not None:
            self.pair.setText(f"Use {proposed.tau:.3f} ({tau_words.often(proposed.value)})")

    def _on_pair(self) -> None:
        if self._picture is not None and self._picture.pair is not None:
            self.pair_requested.emit(self._picture.pair.tau)
