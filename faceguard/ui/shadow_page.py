"""What the door would have done while it opened nothing, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from faceguard.domain.errors import FaceguardError
from faceguard.ui.events_model import day_and_time
from faceguard.ui.messages import reason_words
from faceguard.ui.pin_prompt import button
from faceguard.ui.shadow_charts import DayBar, DayBars, DistanceBars
from faceguard.ui.tokens import XL, L, M, S
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.finding_row import FindingRow, FindingState
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.text import Text

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.evaluation.error_rates import Share
    from faceguard.shadow_summary import Named, ShadowSummary

NAMES_SHOWN: Final = 12
FIGURES: Final = (
    ("opened", "Would open", "accent"),
    ("asked", "Would ask for the PIN", "ask"),
    ("denied", "Would stay shut", "deny"),
)
ADMIN_ONLY: Final = "Distances are shown to admins: unlock the settings with the admin PIN."
NOTHING: Final = (
    "Switch it on in Settings, Door. The door then decides, records and shows what it would do, and opens nothing; "
    "a week of it gives the numbers to start with."
)


class _Figure(Card):
    """A share in large type, its bounds below."""

    def __init__(self, caption: str, tone: str) -> None:
        super().__init__(margin=L, spacing=2)
        words = Text(caption, "strong", wrap=True)
        words.set_tone(tone)
        self.value, self.bounds = Text("", "headline"), Text("", "dim small", wrap=True)
        for text in (words, self.value, self.bounds):
            self.column.addWidget(text)

    def show_share(self, share: Share) -> None:
        """k of n."""
        low, high = share.interval
        self.value.setText(f"{100 * share.value:.0f} %")
        self.bounds.setText(f"{share.k:,} of {share.n:,}; between {100 * low:.0f} and {100 * high:.0f} %")


class ShadowPage(QWidget):
    """The summary of shadow mode.

    Signals:
        back_requested(): to the events.
        settings_requested(): where shadow mode is switched.
        tuning_requested(): somebody wants to look at tau.
    """

    back_requested = Signal()
    settings_requested = Signal()
    tuning_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._admin = False
        self._found: ShadowSummary | None = None
        self.header = PageHeader("Shadow mode", "")
        self.back = button("Back to events")
        self.back.clicked.connect(self.back_requested)
        self.header.add_action(self.back)
        self.notice = Note("", "", "deny")
        self.notice.hide()
        self._body = QStackedWidget()
        self._body.addWidget(self._build())
        to_settings = button("Open settings", "primary")
        to_settings.clicked.connect(self.settings_requested)
        empty = Card(margin=0)
        empty.column.addWidget(EmptyState("eye", "Nothing was decided in shadow mode", NOTHING, to_settings))
        self._body.addWidget(empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL - 10, 0)
        column.setSpacing(L)
        top = QVBoxLayout()
        top.setContentsMargins(0, 0, 10, 0)
        top.addWidget(self.header)
        top.addWidget(self.notice)
        column.addLayout(top)
        column.addWidget(self._body, 1)
        self.setFocusProxy(self.back)

    def set_admin(self, admin: bool) -> None:
        """Distances are for admins only."""
        self._admin = admin
        self._show_distances()

    def show_refusal(self, fault: FaceguardError) -> None:
        """The events could not be read."""
        self.notice.say("", fault.sentence, "deny")
        self.notice.show()

    def show_summary(self, found: ShadowSummary, days: int, *, on: bool) -> None:
        """Another count.

        Args:
            found: of the last ``days`` days.
            days: how far back.
            on: shadow mode is on now.
        """
        self._found = found
        self.notice.hide()
        state = "on: nothing opens" if on else "off: grants open the door"
        if found.first is None or found.last is None:
            self.header.subtitle.setText(f"Shadow mode is {state}")
            self._body.setCurrentIndex(1)
            return
        now = datetime.now().astimezone()
        first, last = (day_and_time(moment, now) for moment in (found.first, found.last))
        attempts = "1 attempt" if found.attempts == 1 else f"{found.attempts:,} attempts"
        self.header.subtitle.setText(f"{attempts} from {first} to {last}; it is {state}")
        self._body.setCurrentIndex(0)
        for key, figure in self.figures.items():
            figure.show_share(getattr(found, key))
        self.alarm.say("Somebody would have got in who should not", found.labels.false_accept_words, "deny")
        self.alarm_part.setVisible(bool(found.labels.false_accepts))
        self.days.show_days([DayBar(d.day, d.opened, d.asked, d.denied) for d in found.days])
        self._show_missing(found)
        reasons = [(reason_words(reason) or reason, count) for reason, count in found.deny_reasons]
        self._fill(self._reasons, [(f"{count:,}", words) for words, count in reasons] or [("", "It never would have.")])
        self._show_people(found.seen, found.unseen)
        self._show_labels(found)
        self._show_distances()

    def _build(self) -> QWidget:
        inner = QWidget()
        inner.setProperty("scroll", True)
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 0, XL)
        grid.setSpacing(L)
        figures = QHBoxLayout()
        figures.setSpacing(L)
        self.figures = {key: _Figure(caption, tone) for key, caption, tone in FIGURES}
        for figure in self.figures.values():
            figures.addWidget(figure, 1)
        self.alarm = Note("", "", "deny")
        self.tuning = button("Look at tau")
        self.tuning.clicked.connect(self.tuning_requested)
        self.alarm_part = QWidget()
        alarm = QHBoxLayout(self.alarm_part)
        alarm.setContentsMargins(0, 0, 0, 0)
        alarm.setSpacing(M)
        alarm.addWidget(self.alarm, 1)
        alarm.addWidget(self.tuning)
        grid.addWidget(self.alarm_part, 0, 0, 1, 2)
        grid.addLayout(figures, 1, 0, 1, 2)
        days = Card("Day by day", margin=L, spacing=S)
        self.days = DayBars()
        days.column.addWidget(self.days)
        days.column.addStretch()
        self.enough = Card("Is it enough?", margin=L, spacing=S)
        self.verdict = Text("", "dim", wrap=True)
        self.enough.column.addWidget(self.verdict)
        self._missing = QVBoxLayout()
        self.enough.column.addLayout(self._missing)
        self.enough.column.addStretch()
        why = Card("Why it would have stayed shut", margin=L, spacing=M)
        self._reasons = QGridLayout()
        why.column.addLayout(self._reasons)
        why.column.addStretch()
        people = Card("People", margin=L, spacing=S)
        self.seen, self.unseen = Text("", wrap=True), Text("", "dim", wrap=True)
        people.column.addWidget(self.seen)
        people.column.addWidget(self.unseen)
        people.column.addStretch()
        labels = Card("What the desk says", margin=L, spacing=S)
        self.labels = Text("", wrap=True)
        labels.column.addWidget(self.labels)
        labels.column.addStretch()
        far = Card("How far away they were", margin=L, spacing=S)
        self.far = Text("", "dim", wrap=True)
        self.distances = DistanceBars()
        far.column.addWidget(self.far)
        far.column.addWidget(self.distances)
        far.column.addStretch()
        for place, card in enumerate((days, self.enough, why, people, far, labels)):
            grid.addWidget(card, 2 + place // 2, place % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(5, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # else the cards' edge would move
        area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        area.setAccessibleName("Summary of shadow mode")
        area.setWidget(inner)
        return area

    def _show_missing(self, found: ShadowSummary) -> None:
        while (item := self._missing.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for missing in found.missing:
            state = FindingState.GOOD if missing.enough else FindingState.WARNING
            self._missing.addWidget(FindingRow(state, str(missing)))
        enough = all(missing.enough for missing in found.missing)
        words = "Enough to start with." if enough else "Not yet; leave shadow mode on until all of these are there."
        if found.tau_changed:
            words += " tau was changed meanwhile: the counts mix what several of them decided."
        if found.other_encoders:
            words += f" {found.other_encoders:,} events of another encoder are left out."
        if found.faults:
            words += f" The door was out of service {found.faults:,} times."
        self.verdict.setText(words)

    def _show_people(self, seen: Sequence[Named], unseen: Sequence[Named]) -> None:
        self.seen.setText(
            f"{len(seen):,} of {len(seen) + len(unseen):,} enrolled people were recognised at least once."
        )
        names = ", ".join(f"{person.name} ({person.subject_id})" for person in unseen[:NAMES_SHOWN])
        more = f", and {len(unseen) - NAMES_SHOWN:,} more" if len(unseen) > NAMES_SHOWN else ""
        self.unseen.setText(f"Never recognised, or never there: {names}{more}.")
        self.unseen.setVisible(bool(unseen))

    def _show_labels(self, found: ShadowSummary) -> None:
        labels = found.labels
        said = [words for words in (labels.stranger_words, labels.attack_words, labels.staff_words) if words]
        if labels.open_denies:
            refused = (
                "1 refused attempt has" if labels.open_denies == 1 else f"{labels.open_denies:,} refused attempts have"
            )
            said.append(f"{refused} no label yet: nobody knows whether they were staff or strangers.")
        self.labels.setText("\n\n".join(said) or "Nothing yet. Choose an event, and say who it was.")

    def _show_distances(self) -> None:
        found = self._found
        shown = self._admin and found is not None and bool(found.distances)
        self.distances.setVisible(shown)
        if found is not None and shown:
            self.distances.show_distances(found.distances, found.tau)
            self.far.setText(
                "Nearest distance d of those for whom the door would have stayed shut; liveness refusals are left out."
            )
        else:
            nobody = "Nobody was compared and refused."
            self.far.setText(ADMIN_ONLY if not self._admin else nobody)

    @staticmethod
    def _fill(grid: QGridLayout, rows: Sequence[tuple[str, str]]) -> None:
        while (item := grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        grid.setHorizontalSpacing(M)
        grid.setVerticalSpacing(S)
        grid.setColumnStretch(1, 1)
        for row, (count, words) in enumerate(rows):
            number = Text(count, "strong")
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(number, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Text(words, wrap=True), row, 1)
