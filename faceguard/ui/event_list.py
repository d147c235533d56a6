"""Today's events at this door, newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from faceguard.ui.theme import FontSpec, font
from faceguard.ui.tokens import BODY, M
from faceguard.ui.widgets.card import Card, Rule
from faceguard.ui.widgets.pill import Meaning, Pill
from faceguard.ui.widgets.text import ElidedText, Text

SHOWN: Final = 60
"""Rows at most; the whole log is for another page."""


COUNTED: Final = (("grant", "granted"), ("would grant", "would open"), ("deny", "denied"), ("ask", "asked"))


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as staff read it.

    Attributes:
        at: local time.
        who: a name, ``Somebody unknown``, or what failed.
        outcome: word of the pill: ``Granted``, ``Would open``, ``Denied``, ``PIN asked``, ``Out of service``.
        meaning: colour of the pill.
        detail: the reason, if there is one.
    """

    at: datetime
    who: str
    outcome: str
    meaning: Meaning
    detail: str = ""


def count_words(rows: Sequence[EventRow], counts: Mapping[str, int] | None = None) -> str:
    """``46 granted, 5 denied, 2 asked``; what did not happen is not mentioned."""
    if counts is None:
        counts = Counter[str](row.meaning for row in rows)
    named = ((counts.get(key, 0), word) for key, word in COUNTED)
    return ", ".join(f"{count} {word}" for count, word in named if count)


class _Row(QWidget):
    def __init__(self, row: EventRow) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(M + 2, M - 2, M + 2, M - 2)
        line.setSpacing(M - 2)
        at = Text(row.at.strftime("%H:%M:%S"), "dim")
        at.setFont(font(FontSpec(BODY)))
        line.addWidget(at)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(ElidedText(row.who, "medium"))
        if row.detail:
            words.addWidget(Text(row.detail, "dim small", wrap=True))
        line.addLayout(words, 1)
        line.addWidget(Pill(row.outcome, row.meaning), 0, Qt.AlignmentFlag.AlignVCenter)
        self.setAccessibleName(f"{row.at:%H:%M:%S}, {row.who}, {row.outcome}. {row.detail}")


class EventList(Card):
    """Heading with the day's counts, rows below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(margin=1, parent=parent)
        head = QHBoxLayout()
        head.setContentsMargins(M + 1, M, M + 1, M)
        head.addWidget(Text("Today", "strong"))
        head.addStretch()
        self.counts = Text("", "dim")
        head.addWidget(self.counts)
        self.column.addLayout(head)
        self.column.addWidget(Rule())
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        area.setAccessibleName("Events of today")
        inside = QWidget()
        inside.setProperty("scroll", True)
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        area.setWidget(inside)
        self.column.addWidget(area, 1)
        self.show_rows(())

    def sizeHint(self) -> QSize:
        """The mock's column."""
        return QSize(400, 400)

    def show_rows(self, rows: Sequence[EventRow], counts: Mapping[str, int] | None = None) -> None:
        """Today's events, newest first; the list stops at ``SHOWN``.

        Args:
            rows: the newest ones.
            counts: of the whole day by ``grant``, ``deny``, ``ask``; of ``rows`` when not given.
        """
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.counts.setText(count_words(rows, counts))
        for row in rows[:SHOWN]:
            self._rows.addWidget(_Row(row))
            self._rows.addWidget(Rule())
        if not rows:
            empty = Text("Nobody has come to the door yet today.", "dim", wrap=True)
            empty.setContentsMargins(M + 2, M, M + 2, M)
            self._rows.addWidget(empty)
        self._rows.addStretch()
