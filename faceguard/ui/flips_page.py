"""The recorded events that would have ended otherwise at another tau."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from faceguard.ui.people_model import day_words
from faceguard.ui.pin_prompt import button
from faceguard.ui.tau_words import counted
from faceguard.ui.tokens import XL, L, M
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.empty_state import EmptyState
from faceguard.ui.widgets.page_header import PageHeader
from faceguard.ui.widgets.text import Text

if TYPE_CHECKING:  # the window is drawn and tested without the store
    from faceguard.what_if import WhatIf

HEADERS: Final = ("When", "Nearest person", "Distance", "It was", "It would be")
OUTCOMES: Final = {"grant": "granted", "ask": "asked for the PIN", "deny": "denied"}
MOST: Final = 1_000
"""Rows shown, newest first."""
ROW_HEIGHT: Final = 40


class FlipsPage(QWidget):
    """A table, newest first.

    Signals:
        back_requested()
    """

    back_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self.header = PageHeader("What would have ended otherwise")
        self.back = button("Back to Tuning")
        self.back.clicked.connect(self.back_requested)
        self.header.add_action(self.back)
        self.table = self._build_table()
        self._body = QStackedWidget()
        card = Card(margin=0)
        card.column.addWidget(self.table)
        self._body.addWidget(card)
        empty = Card(margin=0)
        empty.column.addWidget(EmptyState("tick", "Nothing would change", "Every event would end as it did."))
        self._body.addWidget(empty)
        self.limits = Text("", "dim", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL)
        column.setSpacing(L)
        column.addWidget(self.header)
        column.addWidget(self._body, 1)
        column.addWidget(self.limits)
        self.setFocusProxy(self.back)

    def show_flips(self, found: WhatIf, names: Mapping[int, str], limits: tuple[str, ...]) -> None:
        """At one tau.

        Args:
            found: the replay.
            names: of the people who are enrolled.
            limits: what a replay cannot know.
        """
        flips = list(reversed(found.flips))[:MOST]
        shown = f", the newest {MOST:,} of them below" if len(found.flips) > MOST else ""
        total = counted(found.grants + found.denies, "event", "events")
        self.header.subtitle.setText(f"At tau {found.tau:.3f}: {len(found.flips):,} of {total} of 30 days{shown}")
        self.table.setRowCount(len(flips))
        for row, flip in enumerate(flips):
            nearest = "" if flip.nearest_id is None else names.get(flip.nearest_id, "removed person")
            distance = "" if flip.distance is None else f"{flip.distance:.3f}"
            day, clock = day_words(flip.time), f"{flip.time.astimezone():%H:%M}"
            when = day if day.endswith(clock) else f"{day}, {clock}"
            cells = (when, nearest, distance, OUTCOMES[flip.was.value], OUTCOMES[flip.would_be.value])
            for column, text in enumerate(cells):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self._body.setCurrentIndex(0 if flips else 1)
        self.limits.setText(" ".join(limits))

    def _build_table(self) -> QTableWidget:
        table = QTableWidget(0, len(HEADERS))
        table.setHorizontalHeaderLabels(HEADERS)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setAccessibleName("Events that would have ended otherwise")
        rows = table.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(ROW_HEIGHT)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        head.setMinimumSectionSize(90)
        table.setContentsMargins(M, M, M, M)
        return table
