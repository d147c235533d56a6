"""What the door said: search, filter, list, and one event's details beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from faceguard.domain.errors import FaceguardError
from faceguard.ui.event_panel import EventPanel
from faceguard.ui.events_model import LINE_ROLE, EventColumn, EventLine, EventsModel
from faceguard.ui.icons import icon
from faceguard.ui.pin_prompt import button
from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import BODY, XL, L, M, Palette, S
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.icon_button import IconButton
from faceguard.ui.widgets.note import Note
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.row_table import RowCells, RowTable

ROW_HEIGHT: Final = 44
PADDING: Final = 14
DAYS: Final = 30
"""How far back the page looks."""
TYPING_MS: Final = 250
"""A search begins when nobody has typed for so long."""
FILTERS: Final = (
    ("all", "All"),
    ("grant", "Granted"),
    ("ask", "Asked"),
    ("deny", "Denied"),
    ("fault", "Faults"),
)
_WIDTHS: Final = {EventColumn.TIME: 138, EventColumn.OUTCOME: 118, EventColumn.LABEL: 118}
ROOM_FOR_REASON: Final = 540
ROOM_FOR_LABEL: Final = 470
"""Below these widths of the table a column goes; the panel says the same."""
ROOM_FOR_COUNTS: Final = 900
"""Below this width of the page the filters are words alone."""
SEARCH_WIDTH: Final = 140


def false_accept_words(count: int) -> str:
    """What stands above the list while labels say that strangers got in."""
    grants = "1 grant" if count == 1 else f"{count} grants"
    return (
        f"{grants} of a stranger, or of somebody as another person, in the last {DAYS} days, by the desk's labels. "
        "The Tuning page says what another tau would mean for the people who are enrolled now."
    )


class _Cells(RowCells):
    """Time, who, a pill for the decision, reason and label."""

    def paint_cell(
        self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex, colours: Palette
    ) -> None:
        """One cell in the colours of the moment."""
        line: EventLine = index.data(LINE_ROLE)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        left = area.left() + (PADDING if index.column() == EventColumn.TIME else 8)
        if index.column() == EventColumn.OUTCOME:
            self.paint_pill(painter, text, left, area, *_pill_colours(line.meaning, colours))
        elif index.column() == EventColumn.LABEL and line.false_accept:
            self.paint_pill(painter, text, left, area, colours.deny, colours.deny_soft)
        else:
            who = index.column() == EventColumn.WHO
            painter.setFont(font(FontSpec(BODY, 500 if who else 400)))
            painter.setPen(QColor(colours.ink if who else colours.dim))
            self.paint_text(painter, text, left, area)


def _pill_colours(meaning: str, colours: Palette) -> tuple[str, str]:
    if meaning in ("grant", "deny", "ask"):
        return str(getattr(colours, meaning)), str(getattr(colours, f"{meaning}_soft"))
    return colours.dim, colours.pressed


class EventsTable(RowTable):
    """The events, newest first; columns go where there is no room for them."""

    def __init__(self, model: EventsModel, parent: QWidget | None = None) -> None:
        super().__init__(model, _Cells(), ROW_HEIGHT, "Events", parent)
        self._labels = False
        head = self.horizontalHeader()
        for column in (EventColumn.WHO, EventColumn.REASON):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            head.resizeSection(column, width)

    def show_labels(self, shown: bool) -> None:
        """The column of the desk's labels."""
        self._labels = shown
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fits the columns."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.width() - (_WIDTHS[EventColumn.LABEL] if self._labels else 0)
        self.setColumnHidden(EventColumn.REASON, width < ROOM_FOR_REASON)
        self.setColumnHidden(EventColumn.LABEL, not self._labels or self.width() < ROOM_FOR_LABEL)


class EventsPage(QWidget):
    """Grants, questions, refusals and faults of the last 30 days.

    Signals:
        query_changed(str, str): the words searched for, and the filter's key, one of ``FILTERS``.
        older_requested(): the next rows below.
        stranger_said(int), staff_said(int, int), label_taken_back(int): see ``EventPanel``.
        tuning_requested(): somebody wants to look at tau.
        summary_requested(): what shadow mode came to.

    Keys: Ctrl+F or / searches, Down goes from the search to the list, Esc clears the search.
    """

    query_changed = Signal(str, str)
    older_requested = Signal()
    stranger_said = Signal(int)
    staff_said = Signal(int, int)
    label_taken_back = Signal(int)
    tuning_requested = Signal()
    summary_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self.model = EventsModel()
        self.header = PageHeader("Events", "")
        self.summary = IconButton("Shadow mode", "eye")
        self.summary.clicked.connect(self.summary_requested)
        self.header.add_action(self.summary)
        self.notice = Note("", "", "deny")
        self.notice.hide()
        self.alarm = Note("", "", "deny")
        self.tuning = button("Look at tau")
        self.tuning.clicked.connect(self.tuning_requested)
        self._alarm_part = QWidget()
        self._alarm_part.hide()
        alarm = QHBoxLayout(self._alarm_part)
        alarm.setContentsMargins(0, 0, 0, 0)
        alarm.setSpacing(M)
        alarm.addWidget(self.alarm, 1)
        alarm.addWidget(self.tuning)
        self.panel = EventPanel()
        self.panel.stranger_said.connect(self.stranger_said)
        self.panel.staff_said.connect(self.staff_said)
        self.panel.label_taken_back.connect(self.label_taken_back)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self._ask)
        empty = Card(margin=0)
        sentence = "As soon as somebody steps up to the camera, what the door says stands here."
        empty.column.addWidget(EmptyState("list", f"Nothing has happened in the last {DAYS} days", sentence))
        self._body = QStackedWidget()
        self._body.addWidget(self._build_list())
        self._body.addWidget(empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL - 4)
        column.setSpacing(M)
        column.addWidget(self.header)
        column.addWidget(self.notice)
        column.addWidget(self._alarm_part)
        column.addWidget(self._chips)
        column.addWidget(self._body, 1)
        self.show_page((), False, {})
        self._add_shortcuts()

    @property
    def text(self) -> str:
        """The words searched for."""
        return self.field.text()

    @property
    def chosen_filter(self) -> str:
        """Key of the filter."""
        return FILTERS[self._filters.checkedId()][0]

    def show_page(self, lines: Sequence[EventLine], more: bool, counts: Mapping[str, int]) -> None:
        """The newest events that match; whichever was selected stays so, if it is among them.

        Args:
            lines: newest first.
            more: there are older ones.
            counts: of all of the 30 days, by decision; grants of shadow mode under ``would grant``.
        """
        chosen = self.panel.event_id
        self.notice.hide()
        self.model.set_lines(lines)
        self._show_counts(counts)
        self._show_more(more)
        row = -1 if chosen is None else self.model.row_of(chosen)
        if row >= 0:
            self.table.selectRow(row)
        self.panel.show_line(self.model.lines[row] if row >= 0 else None)

    def add_older(self, lines: Sequence[EventLine], more: bool) -> None:
        """The next rows below."""
        self.model.add_older(lines)
        self._show_more(more)

    def add_newer(self, lines: Sequence[EventLine], counts: Mapping[str, int]) -> None:
        """What has happened since; what one looks at stays where it is."""
        at_top = self.table.verticalScrollBar().value() == 0
        seen = QPersistentModelIndex(self.table.indexAt(QPoint(PADDING, 0)))
        self.model.add_newer(lines)
        if not at_top and seen.isValid():
            self.table.scrollTo(self.model.index(seen.row(), 0), QAbstractItemView.ScrollHint.PositionAtTop)
        self._show_counts(counts)
        self._show_state()

    def show_line(self, line: EventLine) -> None:
        """An event has another label."""
        self.model.replace(line)
        if self.panel.event_id == line.event_id:
            self.panel.finish()
            self.panel.show_line(line)

    def show_false_accepts(self, count: int) -> None:
        """How many grants were false accepts, by the desk's labels."""
        self.alarm.say("False accepts" if count > 1 else "A false accept", false_accept_words(count), "deny")
        self._alarm_part.setVisible(bool(count))

    def set_admin(self, admin: bool) -> None:
        """Distances and tau are for admins only."""
        self.panel.set_admin(admin)

    def set_labels_allowed(self, allowed: bool) -> None:
        """Whether the desk may say whom an event showed."""
        self.panel.set_labels_allowed(allowed)
        self.table.show_labels(allowed)

    def set_people(self, people: Mapping[int, str]) -> None:
        """Who is enrolled, by number."""
        self.panel.set_people(people)

    def show_refusal(self, fault: FaceguardError | str) -> None:
        """One sentence where it belongs: beside the event, or above the list."""
        sentence = fault if isinstance(fault, str) else fault.sentence
        if self.panel.event_id is not None:
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
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.model.rowCount():
                self.table.setFocus()
                if not self.table.selectionModel().hasSelection():
                    self.table.selectRow(0)
                return True
        elif watched is self.field and event.type() == QEvent.Type.StyleChange:
            self._magnifier.setIcon(icon("search", tokens_for(self.field).dim))
        return super().eventFilter(watched, event)

    def _build_list(self) -> QWidget:
        self.field = QLineEdit()
        self.field.setMinimumWidth(SEARCH_WIDTH)
        self.field.setPlaceholderText("Name, number or reason")
        self.field.setAccessibleName("Search events by name, number or reason")
        self.field.setClearButtonEnabled(True)
        self._magnifier = QAction(icon("search", tokens_for(self.field).dim), "", self.field)
        self.field.addAction(self._magnifier, QLineEdit.ActionPosition.LeadingPosition)
        self.field.textChanged.connect(self._on_text)
        self.field.installEventFilter(self)
        self._build_chips()
        self.table = EventsTable(self.model)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        clear = button("Show all events")
        clear.clicked.connect(self._on_clear)
        self._matches = QStackedWidget()
        self._matches.addWidget(self.table)
        nothing = EmptyState("search", "Nothing matches", "Try a part of the name, the number, or another word.", clear)
        self._matches.addWidget(nothing)
        self.older = button("Show older events", "quiet")
        self.older.clicked.connect(self.older_requested)
        card = Card(margin=0)
        card.column.setContentsMargins(0, 4, 0, 0)
        card.column.addWidget(self._matches, 1)
        card.column.addWidget(self.older, 0, Qt.AlignmentFlag.AlignHCenter)
        card.column.addSpacing(4)
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(L)
        row.addWidget(card, 1)
        row.addWidget(self.panel)
        self.setFocusProxy(self.field)
        return part

    def _build_chips(self) -> None:
        self._chips = QWidget()
        row = QHBoxLayout(self._chips)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self._filters = QButtonGroup(self)
        for number, (_, words) in enumerate(FILTERS):
            chip = button(words)
            chip.setProperty("chip", True)
            chip.setCheckable(True)
            self._filters.addButton(chip, number)
            row.addWidget(chip)
        row.insertWidget(0, self.field, 1)
        row.insertSpacing(1, S)
        self._filters.button(0).setChecked(True)
        self._filters.idClicked.connect(self._ask)

    def chip(self, key: str) -> QWidget:
        """The button of a filter."""
        return self._filters.button([name for name, _ in FILTERS].index(key))

    def _add_shortcuts(self) -> None:
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Find, self, self._start_search, context=within)
        QShortcut(QKeySequence("/"), self.table, self._start_search, context=within)

    def _start_search(self) -> None:
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _on_text(self) -> None:
        self._typing.start()

    def _on_clear(self) -> None:
        self._filters.button(0).setChecked(True)
        self.field.clear()
        self._ask()

    def _ask(self) -> None:
        self._typing.stop()
        self.query_changed.emit(self.text, self.chosen_filter)

    def _show_counts(self, counts: Mapping[str, int]) -> None:
        would = counts.get("would grant", 0)
        numbers = {key: counts.get(key, 0) for key in ("grant", "ask", "deny", "fault")}
        numbers["grant"] += would
        numbers["all"] = sum(numbers.values())
        self._numbers = numbers
        self._word_chips()
        total = "1 event" if numbers["all"] == 1 else f"{numbers['all']:,} events"
        shadow = f", {would:,} of the grants in shadow mode, when nothing opened" if would else ""
        self.header.subtitle.setText(f"{total} in the last {DAYS} days{shadow}")
        self._total = numbers["all"]
        self._show_state()

    def _word_chips(self) -> None:
        for number, (key, words) in enumerate(FILTERS):
            counted = self.width() >= ROOM_FOR_COUNTS and self._numbers
            self._filters.button(number).setText(f"{words}  {self._numbers[key]:,}" if counted else words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The filters lose their counts where there is no room for them."""
        super().resizeEvent(event)
        self._word_chips()

    def _show_more(self, more: bool) -> None:
        self.older.setVisible(more)
        self._show_state()

    def _show_state(self) -> None:
        asked = bool(self.text) or self.chosen_filter != "all"
        self._body.setCurrentIndex(0 if self._total or asked else 1)
        self._chips.setVisible(bool(self._total) or asked)
        self._matches.setCurrentIndex(0 if self.model.rowCount() or not asked else 1)

    def _on_selected(self, chosen: QItemSelection, left: QItemSelection) -> None:
        rows = self.table.selectionModel().selectedRows()
        self.panel.show_line(self.model.lines[rows[0].row()] if rows else None)
