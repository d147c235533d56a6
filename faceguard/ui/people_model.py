"""The people list as Qt sees it: a table that is sorted once in Python, and a search over it.

Ten thousand rows stay quick because nothing is computed per comparison: the search text of a person is folded once when
the list arrives, a keystroke costs one pass over ready strings, and sorting is one ``list.sort`` with a ready key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from faceguard.domain.words import folded

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.desk import Person

Index = QModelIndex | QPersistentModelIndex

PERSON_ROLE: Final = Qt.ItemDataRole.UserRole + 1
"""The row's person itself."""

_ENGLISH: Final = QLocale(QLocale.Language.English)


class Column(IntEnum):
    """The columns, left to right."""

    NAME = 0
    NUMBER = 1
    STATE = 2
    PIN = 3
    ENROLLED = 4


HEADERS: Final = {
    Column.NAME: "Name",
    Column.NUMBER: "Number",
    Column.STATE: "State",
    Column.PIN: "PIN",
    Column.ENROLLED: "Enrolled",
}


class PersonState(StrEnum):
    """Whether the door can recognise the person."""

    READY = "Ready"
    NEW_PHOTO_SOON = "New photo soon"
    """The door still recognises the person, and will not for long."""
    NEEDS_PHOTO = "Needs a new photo"


def state_of(person: Person, drifting: Collection[int] = ()) -> PersonState:
    """Ready with a template of the present encoder; otherwise a new photo is needed.

    Args:
        person: who.
        drifting: numbers of people who come near to being refused.
    """
    if not person.ready:
        return PersonState.NEEDS_PHOTO
    return PersonState.NEW_PHOTO_SOON if person.subject.subject_id in drifting else PersonState.READY


def day_words(moment: datetime, now: datetime | None = None) -> str:
    """A date in the words of the desk, local time: ``today, 09:41``, ``yesterday``, ``19 Nov``, ``4 Nov 2025``."""
    local = moment.astimezone()
    here = (now or datetime.now().astimezone()).astimezone()
    if local.date() == here.date():
        return f"today, {local:%H:%M}"
    if local.date() == here.date() - timedelta(days=1):
        return "yesterday"
    month = _ENGLISH.monthName(local.month, QLocale.FormatType.ShortFormat)
    return f"{local.day} {month}" if local.year == here.year else f"{local.day} {month} {local.year}"


_SORT_KEYS: Final[dict[Column, Callable[[Person], Any]]] = {
    Column.NAME: lambda p: (folded(p.subject.name), p.subject.subject_id),
    Column.NUMBER: lambda p: p.subject.subject_id,
    Column.STATE: lambda p: folded(p.subject.name),
    Column.PIN: lambda p: (not p.subject.has_pin, folded(p.subject.name)),
    Column.ENROLLED: lambda p: p.enrolled_at,
}


class PeopleModel(QAbstractTableModel):
    """Everybody who is enrolled, one row each; sorted by name unless asked otherwise."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._people: list[Person] = []
        self._drifting: frozenset[int] = frozenset()
        self._column = Column.NAME
        self._order = Qt.SortOrder.AscendingOrder

    def set_people(self, people: Sequence[Person]) -> None:
        """Replaces the whole list."""
        self.beginResetModel()
        self._people = self._sorted(people)
        self.endResetModel()

    def set_drifting(self, numbers: Collection[int]) -> None:
        """Who comes near to being refused."""
        if self._drifting != frozenset(numbers):
            self._drifting = frozenset(numbers)
            self.set_people(self._people)

    def state(self, person: Person) -> PersonState:
        """In one word."""
        return state_of(person, self._drifting)

    @property
    def people(self) -> Sequence[Person]:
        """In the order shown."""
        return self._people

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """People; a table row has no children."""
        return 0 if parent.isValid() else len(self._people)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """``Column``."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column titles."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[Column(section)]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cell's text; ``PERSON_ROLE`` gives the person."""
        if not index.isValid():
            return None
        person = self._people[index.row()]
        if role == PERSON_ROLE:
            return person
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == Column.NAME:
            return f"{person.subject.name}, number {person.subject.subject_id}, {self.state(person)}"
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            match index.column():
                case Column.NAME:
                    return person.subject.name
                case Column.NUMBER:
                    return str(person.subject.subject_id)
                case Column.STATE:
                    return str(self.state(person))
                case Column.PIN:
                    return "Set" if person.subject.has_pin else "None"
                case Column.ENROLLED:
                    return day_words(person.enrolled_at)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sorts by a column; people who are equal in it stay in order of their names."""
        self._column, self._order = Column(max(column, 0)), order
        self.set_people(self._people)

    def _sorted(self, people: Sequence[Person]) -> list[Person]:
        descending = self._order is Qt.SortOrder.DescendingOrder
        key = _SORT_KEYS[self._column]
        if self._column is Column.STATE:
            order = {state: place for place, state in enumerate(reversed(PersonState))}
            return sorted(people, key=lambda p: (order[self.state(p)], key(p)), reverse=descending)
        return sorted(people, key=key, reverse=descending)


class PeopleSearch(QSortFilterProxyModel):
    """Rows whose name holds, or whose number begins with, every word of the search."""

    def __init__(self, source: PeopleModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = source
        self._texts: list[tuple[str, str]] = []
        self._words: list[str] = []
        source.modelAboutToBeReset.connect(self._forget)
        self.setSourceModel(source)

    def look_for(self, text: str) -> None:
        """Shows only who matches; an empty text shows everybody."""
        self.beginFilterChange()
        self._words = folded(text).split()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """All words are found."""
        if not self._words:
            return True
        if len(self._texts) != len(self._model.people):
            self._texts = [(folded(p.subject.name), str(p.subject.subject_id)) for p in self._model.people]
        name, number = self._texts[source_row]
        return all(word in name or number.startswith(word) for word in self._words)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Handed to the table below, which sorts in one pass."""
        self._model.sort(column, order)

    def person(self, row: int) -> Person:
        """Whom a visible row shows."""
        return self._model.people[self.mapToSource(self.index(row, 0)).row()]

    def row_of(self, subject_id: int) -> int:
        """The visible row of a person, -1 when filtered out or unknown."""
        for row, person in enumerate(self._model.people):
            if person.subject.subject_id == subject_id:
                return self.mapFromSource(self._model.index(row, 0)).row()
        return -1

    def _forget(self) -> None:
        self._texts = []
