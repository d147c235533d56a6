"""The pages of events and of shadow mode behind the desk: what is read, what the desk says of an event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Slot

from faceguard.app.event_words import line_of
from faceguard.compose import House
from faceguard.config.settings import Settings
from faceguard.desk import Desk
from faceguard.domain.errors import FaceguardError
from faceguard.shadow_summary import WEEK, ShadowSummary, summary
from faceguard.store.event_pages import DECISIONS, EventPage, EventQuery
from faceguard.ui.desk_worker import DeskWorker
from faceguard.ui.events_model import EventLine
from faceguard.ui.events_page import DAYS, EventsPage
from faceguard.ui.main_window import MainWindow
from faceguard.ui.messages import reason_words
from faceguard.ui.shadow_page import ShadowPage

log = logging.getLogger(__name__)

EVENTS: Final = "events"
SHADOW: Final = "shadow"
TUNING: Final = ("tuning", "settings")
"""Where tau is set: the first of these pages that the window has."""

Lines = tuple[tuple[EventLine, ...], bool]


class EventsLink(QObject):
    """Answers both pages.

    Args:
        house: settings and encoder.
        desk: reads and labels.
        window: holds the pages.
    """

    def __init__(self, house: House, desk: DeskWorker, window: MainWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._house = house
        self._desk = desk
        self._window = window
        self._ticket = 0
        self.page = EventsPage()
        self.shadow = ShadowPage()
        page, shadow = self.page, self.shadow
        page.query_changed.connect(self._reload)
        page.older_requested.connect(self._read_older)
        page.stranger_said.connect(self._say_stranger)
        page.staff_said.connect(self._say_staff)
        page.label_taken_back.connect(self._take_back)
        page.tuning_requested.connect(self._open_tuning)
        page.summary_requested.connect(self._open_summary)
        shadow.back_requested.connect(self._open_events)
        shadow.settings_requested.connect(self._open_settings)
        shadow.tuning_requested.connect(self._open_tuning)
        window.page_changed.connect(self._on_page_changed)

    def add_pages(self) -> None:
        """Puts both into the window, at this place of the rail."""
        self._window.add_page(EVENTS, "list", "Events", self.page)
        self._window.add_hidden_page(SHADOW, self.shadow, under=EVENTS)

    @Slot(object)
    def on_recorded(self, _event: object) -> None:
        """Something was written to the log."""
        if self._window.page == EVENTS:
            self._read_newer()
        elif self._window.page == SHADOW:
            self._read_summary()

    @Slot(object, str)
    def on_setting_changed(self, settings: Settings, key: str) -> None:
        """A setting was stored; the window may show one of the pages just now."""
        self.page.set_labels_allowed(settings.switch("privacy.label_events"))

    @Slot(bool)
    def set_admin(self, admin: bool) -> None:
        """Distances and tau are for admins only."""
        self.page.set_admin(admin)
        self.shadow.set_admin(admin)

    @Slot(str)
    def _on_page_changed(self, key: str) -> None:
        if key == EVENTS:
            self._desk.submit(_state, self._on_state, self._ignore)
            self._reload()
        elif key == SHADOW:
            self._read_summary()

    def _on_state(self, state: tuple[dict[int, str], bool]) -> None:
        people, allowed = state
        self.page.set_people(people)
        self.page.set_labels_allowed(allowed)

    # the list

    def _query(self) -> EventQuery:
        kind = self.page.chosen_filter
        decisions = DECISIONS if kind == "all" else (kind,)
        return EventQuery(_start(DAYS), decisions, self.page.text, reason_words)

    @Slot()
    def _reload(self) -> None:
        query, self._ticket = self._query(), self._ticket + 1

        def read(desk: Desk) -> tuple[Lines, dict[str, int], int]:
            return (
                _lines(desk.pages.read(query)),
                desk.pages.counts(query.since),
                desk.labels.false_accepts(query.since),
            )

        self._desk.submit(read, partial(self._on_page, self._ticket), self.page.show_refusal)

    def _on_page(self, ticket: int, answer: tuple[Lines, dict[str, int], int]) -> None:
        if ticket != self._ticket:
            return  # another search has begun since
        (lines, more), counts, wrong = answer
        self.page.show_page(lines, more, counts)
        self.page.show_false_accepts(wrong)

    @Slot()
    def _read_older(self) -> None:
        query, lines = self._query(), self.page.model.lines
        before = lines[-1].event_id if lines else None
        done = partial(self._on_older, self._ticket)
        self._desk.submit(lambda desk: _lines(desk.pages.read(query, before=before)), done, self.page.show_refusal)

    def _on_older(self, ticket: int, answer: Lines) -> None:
        if ticket == self._ticket:
            self.page.add_older(*answer)

    def _read_newer(self) -> None:
        query, lines = self._query(), self.page.model.lines
        after = lines[0].event_id if lines else 0

        def read(desk: Desk) -> tuple[Lines, dict[str, int]]:
            return _lines(desk.pages.read(query, after=after)), desk.pages.counts(query.since)

        self._desk.submit(read, partial(self._on_newer, self._ticket), self._ignore)

    def _on_newer(self, ticket: int, answer: tuple[Lines, dict[str, int]]) -> None:
        if ticket == self._ticket:
            (lines, _), counts = answer
            self.page.add_newer(lines, counts)

    # labels

    @Slot(int)
    def _say_stranger(self, event_id: int) -> None:
        self._label(event_id, lambda desk: desk.labels.stranger(event_id))

    @Slot(int, int)
    def _say_staff(self, event_id: int, subject_id: int) -> None:
        self._label(event_id, lambda desk: desk.labels.staff(event_id, subject_id))

    @Slot(int)
    def _take_back(self, event_id: int) -> None:
        self._label(event_id, lambda desk: desk.labels.take_back(event_id))

    def _label(self, event_id: int, act: Callable[[Desk], None]) -> None:
        since = _start(DAYS)

        def say(desk: Desk) -> tuple[EventLine | None, int]:
            act(desk)
            logged = desk.pages.one(event_id)
            return None if logged is None else line_of(logged), desk.labels.false_accepts(since)

        self._desk.submit(say, self._on_labelled, self.page.show_refusal)

    def _on_labelled(self, answer: tuple[EventLine | None, int]) -> None:
        line, wrong = answer
        if line is not None:
            self.page.show_line(line)
        self.page.show_false_accepts(wrong)

    # the summary

    def _read_summary(self) -> None:
        start = _start(WEEK)

        def read(desk: Desk) -> tuple[ShadowSummary, bool]:
            people = {p.subject.subject_id: p.subject.name for p in desk.people() if p.ready}
            found = summary(
                desk.events_since(start),
                desk.labels.since(start),
                people,
                self._house.measured().tau_owner,
                labelling=desk.labels.allowed,
            )
            return found, desk.settings().switch("door.shadow")

        self._desk.submit(read, self._on_summary, self.shadow.show_refusal)

    def _on_summary(self, answer: tuple[ShadowSummary, bool]) -> None:
        found, on = answer
        self.shadow.show_summary(found, WEEK, on=on)

    # ways

    @Slot()
    def _open_events(self) -> None:
        self._window.show_page(EVENTS)

    @Slot()
    def _open_summary(self) -> None:
        self._window.show_page(SHADOW)

    @Slot()
    def _open_settings(self) -> None:
        self._window.show_page("settings")

    @Slot()
    def _open_tuning(self) -> None:
        self._window.show_page(next(key for key in TUNING if self._window.has_page(key)))

    def _ignore(self, fault: FaceguardError) -> None:
        log.error("%s (%s)", fault.sentence, fault.detail)


def _state(desk: Desk) -> tuple[dict[int, str], bool]:
    return {p.subject.subject_id: p.subject.name for p in desk.people()}, desk.labels.allowed


def _lines(page: EventPage) -> Lines:
    """In the desk's thread: the window only shows them."""
    return tuple(line_of(logged) for logged in page.events), page.more


def _start(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)
