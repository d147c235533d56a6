"""Who may enter: search, list, and one person's details beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from faceguard.domain.errors import FaceguardError
from faceguard.ui.icons import icon
from faceguard.ui.people_model import PERSON_ROLE, Column, PeopleModel, PeopleSearch, PersonState
from faceguard.ui.person_panel import PersonPanel
from faceguard.ui.pin_prompt import button
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import BODY, XL, L, M, Palette
from faceguard.ui.widgets.avatar import paint_avatar
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.icon_button import IconButton
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.row_table import RowCells, RowTable

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.desk import Person
    from faceguard.pictures_desk import Comparison

ROW_HEIGHT: Final = 51
PADDING: Final = 14
_WIDTHS: Final = {Column.NUMBER: 92, Column.STATE: 156, Column.PIN: 72, Column.ENROLLED: 128}


def counts(people: Sequence[Person]) -> str:
    """``312 people, 305 ready, 120 with a PIN, 7 need a new photo``; what is nobody is left out."""
    if not people:
        return "Nobody is enrolled"
    ready = sum(1 for p in people if p.ready)
    pins = sum(1 for p in people if p.subject.has_pin)
    waiting = len(people) - ready
    words = ["1 person" if len(people) == 1 else f"{len(people):,} people", f"{ready:,} ready"]
    if pins:
        words.append(f"{pins:,} with a PIN")
    if waiting:
        words.append("1 needs a new photo" if waiting == 1 else f"{waiting:,} need a new photo")
    return ", ".join(words)


class _Cells(RowCells):
    """Avatar and name, a pill for the state, quiet text for the rest."""

    def paint_cell(
        self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex, colours: Palette
    ) -> None:
        """One cell in the colours of the moment."""
        person: Person = index.data(PERSON_ROLE)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        left = area.left() + (PADDING if index.column() == Column.NAME else 8)
        if index.column() == Column.STATE:
            ready = text == PersonState.READY
            ink, surface = (colours.grant, colours.grant_soft) if ready else (colours.ask, colours.ask_soft)
            self.paint_pill(painter, text, left, area, ink, surface)
            return
        if index.column() == Column.NAME:
            paint_avatar(painter, person.subject.name, QRectF(left, area.center().y() - 16, 32, 32), colours)
            left += 42
            painter.setFont(font(FontSpec(BODY, 500)))
            painter.setPen(QColor(colours.ink))
        else:
            painter.setFont(font(FontSpec(BODY)))
            painter.setPen(QColor(colours.dim))
        self.paint_text(painter, text, left, area)


class PeopleTable(RowTable):
    """Everybody, sorted by a click on a column."""

    def __init__(self, search: PeopleSearch, parent: QWidget | None = None) -> None:
        super().__init__(search, _Cells(), ROW_HEIGHT, "People", parent)
        head = self.horizontalHeader()
        head.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            head.resizeSection(column, width)
        head.setSortIndicator(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)


class PeoplePage(QWidget):
    """The list of everybody who is enrolled.

    Args:
        check_pin: says in one sentence why a new PIN is too weak, None when it is good.

    Signals:
        add_requested(): open the enrolment page.
        remove_requested(int): confirmed by the person at the desk; number of the person.
        pin_requested(int, str): store this PIN; answer with ``finish`` and a new list, or ``show_refusal``.
        pin_clear_requested(int)
        compare_requested(int): compare this person with the camera's picture; answer with ``show_comparison`` or
            ``show_refusal``.
        keep_requested(): keep the compared picture; answer with ``finish`` and a new list, or ``show_refusal``.

    Keys: Ctrl+N adds, Ctrl+F or / searches, Down goes from the search to the list, Delete asks to remove, Esc clears.
    """

    add_requested = Signal()
    remove_requested = Signal(int)
    pin_requested = Signal(int, str)
    pin_clear_requested = Signal(int)
    compare_requested = Signal(int)
    keep_requested = Signal()

    def __init__(
        self, check_pin: Callable[[str], str | None] = lambda pin: None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self.model = PeopleModel(self)
        self.search = PeopleSearch(self.model, self)
        self.header = PageHeader("People", "")
        self.add = IconButton("Add person", "plus", "primary")
        self.add.clicked.connect(self.add_requested)
        self.header.add_action(self.add)
        self.panel = PersonPanel(check_pin)
        self.panel.removal_confirmed.connect(self.remove_requested)
        self.panel.removal_confirmed.connect(self._back_to_list)
        self.panel.pin_chosen.connect(self.pin_requested)
        self.panel.pin_cleared.connect(self.pin_clear_requested)
        self.panel.compare_chosen.connect(self.compare_requested)
        self.panel.keep_chosen.connect(self.keep_requested)
        self.notice = Note("", "", "deny")
        self.notice.hide()

        self._list = self._build_list()
        add_first = self._add_first = IconButton("Add person", "plus", "primary")
        add_first.clicked.connect(self.add_requested)
        empty = Card(margin=0)
        sentence = "Add the first person from one photo. Until then the door lets nobody in."
        empty.column.addWidget(EmptyState("people", "Nobody is enrolled yet", sentence, add_first))
        self._body = QStackedWidget()
        self._body.addWidget(self._list)
        self._body.addWidget(empty)

        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL - 4)
        column.setSpacing(L)
        column.addWidget(self.header)
        column.addWidget(self.notice)
        column.addWidget(self._body, 1)
        self._add_shortcuts()
        self.model.modelReset.connect(self._on_reset)
        self.set_people(())

    def set_people(self, people: Sequence[Person]) -> None:
        """Replaces the list; whoever was selected stays so, if still enrolled."""
        self.notice.hide()
        self.model.set_people(people)
        self._show_counts()
        self._body.setCurrentIndex(0 if people else 1)
        self.add.setVisible(bool(people))
        self.setFocusProxy(self.field if people else self._add_first)

    def select(self, subject_id: int) -> bool:
        """Selects and scrolls to a person; False when the list or the search does not show one of that number."""
        row = self.search.row_of(subject_id)
        if row < 0:
            return False
        self.table.selectRow(row)
        self.panel.show_person(self.search.person(row))
        return True

    def set_drift(self, drift: Mapping[int, str]) -> None:
        """Who comes near to being refused, and a sentence about each."""
        self.panel.set_drift(drift)
        self.model.set_drifting(drift.keys())
        self._show_counts()

    def show_comparison(self, comparison: Comparison) -> None:
        """How far the camera's picture is from the person's own."""
        self.panel.show_comparison(comparison)

    def finish(self) -> None:
        """A PIN was stored or cleared, or somebody was removed: forms close."""
        self.panel.finish()

    def show_refusal(self, fault: FaceguardError | str) -> None:
        """One sentence where it belongs: beside the person, or above the list when nobody is selected."""
        sentence = fault if isinstance(fault, str) else fault.sentence
        if self.panel.subject_id is not None:
            self.panel.show_refusal(sentence)
        else:
            self.notice.say("", sentence, "deny")
            self.notice.setVisible(bool(sentence))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc takes the search away."""
        if event.key() == Qt.Key.Key_Escape and self.field.text():
            self.field.clear()
            self.field.setFocus()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down and Enter walk from the search into the list."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.rowCount():
                self.table.setFocus()
                if not self.table.selectionModel().hasSelection():
                    self.table.selectRow(0)
                return True
        elif watched is self.field and event.type() == QEvent.Type.StyleChange:
            self._magnifier.setIcon(icon("search", tokens_for(self.field).dim))
        return super().eventFilter(watched, event)

    def _show_counts(self) -> None:
        people = self.model.people
        soon = sum(self.model.state(person) is PersonState.NEW_PHOTO_SOON for person in people)
        words = ", 1 should bring a new photo" if soon == 1 else f", {soon:,} should bring a new photo" if soon else ""
        self.header.subtitle.setText(counts(people) + words)

    def _build_list(self) -> QWidget:
        self.field = QLineEdit()
        self.field.setPlaceholderText("Name or number")
        self.field.setAccessibleName("Search people by name or number")
        self.field.setClearButtonEnabled(True)
        self._magnifier = QAction(icon("search", tokens_for(self.field).dim), "", self.field)
        self.field.addAction(self._magnifier, QLineEdit.ActionPosition.LeadingPosition)
        self.field.textChanged.connect(self._on_search)
        self.field.installEventFilter(self)
        self.table = PeopleTable(self.search)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        clear = button("Clear the search")
        clear.clicked.connect(self.field.clear)
        self._matches = QStackedWidget()
        self._matches.addWidget(self.table)
        self._matches.addWidget(EmptyState("search", "Nobody matches", "Try a part of the name, or the number.", clear))

        card = Card(margin=0)
        top = QHBoxLayout()
        top.setContentsMargins(PADDING, M, PADDING, M)
        top.addWidget(self.field)
        card.column.addLayout(top)
        card.column.addWidget(self._matches, 1)
        card.column.addSpacing(4)
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(L)
        row.addWidget(card, 1)
        row.addWidget(self.panel)
        return part

    def _add_shortcuts(self) -> None:
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, owner, slot in (
            (QKeySequence.StandardKey.New, self, self.add.click),
            (QKeySequence.StandardKey.Find, self, self._start_search),
            (QKeySequence("/"), self.table, self._start_search),
            (QKeySequence(Qt.Key.Key_Delete), self.table, self.panel.ask_removal),
        ):
            QShortcut(keys, owner, slot, context=within)

    def _back_to_list(self) -> None:
        self.table.setFocus()

    def _start_search(self) -> None:
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _on_search(self, text: str) -> None:
        self.search.look_for(text)
        self._show_matches()

    def _show_matches(self) -> None:
        self._matches.setCurrentIndex(1 if self.search.rowCount() == 0 and self.field.text() else 0)

    def _on_reset(self) -> None:
        """A new list or a new order: the same person stays selected."""
        chosen = self.panel.subject_id
        if chosen is None or not self.select(chosen):
            self.panel.show_person(None)
        self._show_matches()

    def _on_selected(self, chosen: QItemSelection, left: QItemSelection) -> None:
        rows = self.table.selectionModel().selectedRows()
        self.panel.show_person(self.search.person(rows[0].row()) if rows else None)
