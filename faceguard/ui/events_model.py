"""The events as Qt sees them: rows in the order of the log, newest first; older ones are added below, new ones above.

Nothing is sorted, searched or formatted here: the database has done the one, and whoever made the rows the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from faceguard.ui.people_model import day_words
from faceguard.ui.widgets.pill import Meaning

Index = QModelIndex | QPersistentModelIndex

LINE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
"""The row's event itself."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in words.

    Attributes:
        event_id: its number in the log.
        at: local time.
        who: a name, ``Somebody unknown``, or what failed.
        number: of the person it names.
        outcome, meaning: word and colour of the pill.
        reason: why, in words; may be empty.
        label: whom the desk says it showed; empty without a label.
        labelled: there is a label.
        labelable: somebody was compared, so the desk can say who it was.
        false_accept: by its label, the door let in a stranger, or somebody as another person.
        details: caption and value, for everybody at the desk.
        numbers: caption and value, for admins only.
    """

    event_id: int
    at: datetime
    who: str
    number: int | None
    outcome: str
    meaning: Meaning
    reason: str = ""
    label: str = ""
    labelled: bool = False
    labelable: bool = False
    false_accept: bool = False
    details: tuple[tuple[str, str], ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()


class EventColumn(IntEnum):
    """The columns, left to right."""

    TIME = 0
    WHO = 1
    OUTCOME = 2
    REASON = 3
    LABEL = 4


HEADERS: Final = {
    EventColumn.TIME: "Time",
    EventColumn.WHO: "Who",
    EventColumn.OUTCOME: "Decision",
    EventColumn.REASON: "Reason",
    EventColumn.LABEL: "Label",
}


def day_and_time(moment: datetime, now: datetime | None = None, *, seconds: bool = False) -> str:
    """``09:41`` today, ``yesterday, 09:41``, ``19 Nov, 09:41``; with seconds where asked."""
    clock = f"{moment.astimezone():%H:%M:%S}" if seconds else f"{moment.astimezone():%H:%M}"
    here = (now or datetime.now().astimezone()).astimezone()
    if moment.astimezone().date() == here.date():
        return clock
    if moment.astimezone().date() == here.date() - timedelta(days=1):
        return f"yesterday, {clock}"
    return f"{day_words(moment, here)}, {clock}"


class EventsModel(QAbstractTableModel):
    """The rows that were read so far."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[EventLine] = []

    @property
    def lines(self) -> Sequence[EventLine]:
        """In the order shown."""
        return self._lines

    def set_lines(self, lines: Sequence[EventLine]) -> None:
        """Other rows altogether."""
        self.beginResetModel()
        self._lines = list(lines)
        self.endResetModel()

    def add_older(self, lines: Sequence[EventLine]) -> None:
        """More rows below."""
        self._insert(len(self._lines), lines)

    def add_newer(self, lines: Sequence[EventLine]) -> None:
        """What has happened since, above; what is there already is passed over."""
        newest = self._lines[0].event_id if self._lines else 0
        self._insert(0, [line for line in lines if line.event_id > newest])

    def replace(self, line: EventLine) -> None:
        """One row says something else now."""
        row = self.row_of(line.event_id)
        if row >= 0:
            self._lines[row] = line
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(EventColumn) - 1))

    def row_of(self, event_id: int) -> int:
        """Where an event stands; -1 when it was not read."""
        return next((row for row, line in enumerate(self._lines) if line.event_id == event_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Events; a table row has no children."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """``EventColumn``."""
        return 0 if parent.isValid() else len(EventColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column titles."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[EventColumn(section)]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cell's text; ``LINE_ROLE`` gives the event."""
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == LINE_ROLE:
            return line
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == EventColumn.TIME:
            return f"{day_and_time(line.at)}, {line.who}, {line.outcome}. {line.reason}"
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            match index.column():
                case EventColumn.TIME:
                    return day_and_time(line.at)
                case EventColumn.WHO:
                    return line.who
                case EventColumn.OUTCOME:
                    return line.outcome
                case EventColumn.REASON:
                    return line.reason
                case EventColumn.LABEL:
                    return line.label
        return None

    def _insert(self, row: int, lines: Sequence[EventLine]) -> None:
        if lines:
            self.beginInsertRows(QModelIndex(), row, row + len(lines) - 1)
            self._lines[row:row] = lines
            self.endInsertRows()
