"""The props of a liveness test as one list: which one is next, how often each was tried, and what that amounts to."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from faceguard.domain.presentation import Species
from faceguard.evaluation.measured_liveness import MeasuredLiveness
from faceguard.evaluation.presentations import WHAT_TO_DO
from faceguard.ui.selftest_words import TITLES, counted, rated
from faceguard.ui.tokens import XL, S
from faceguard.ui.widgets.card import Rule
from faceguard.ui.widgets.pill import Pill
from faceguard.ui.widgets.text import Text


class SpeciesRow(QWidget):
    """One kind: its radio button, its counter, and its rate with bounds below."""

    def __init__(self, species: Species) -> None:
        super().__init__()
        self.species = species
        self.radio = QRadioButton(TITLES[species])
        self.radio.setAccessibleDescription(WHAT_TO_DO[species])
        self.worst = Pill("worst", "deny")
        self.worst.hide()
        self.counter = Text("", "small")
        self.rate = Text("", "dim small", wrap=True)
        self.rate.setContentsMargins(XL + 2, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, S - 4, 0, S - 2)
        column.setSpacing(0)
        line = QHBoxLayout()
        line.setSpacing(S)
        line.addWidget(self.radio)
        line.addWidget(self.worst, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addStretch()
        line.addWidget(self.counter, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(line)
        column.addWidget(self.rate)

    def show_test(self, test: MeasuredLiveness) -> None:
        """What is known of this kind."""
        errors = test.errors
        found = None if errors is None else errors.worst
        self.counter.setText(counted(test, self.species))
        rate = rated(test, self.species)
        self.rate.setText(rate)
        self.rate.setVisible(bool(rate))
        self.worst.setVisible(found is not None and found[0] == self.species and found[1].k > 0)
        self.setAccessibleName(f"{TITLES[self.species]}: {self.counter.text()}. {rate}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The whole row chooses."""
        self.radio.setChecked(True)
        self.radio.setFocus()
        super().mousePressEvent(event)


class SpeciesList(QWidget):
    """All kinds; arrow keys go from one to the next.

    Signals:
        chosen(Species): another kind is next.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.rows: dict[Species, SpeciesRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, S, 0)  # beside the scroll bar
        column.setSpacing(0)
        for species in Species:
            if self.rows:
                column.addWidget(Rule())
            row = self.rows[species] = SpeciesRow(species)
            self._group.addButton(row.radio)
            row.radio.toggled.connect(self._on_toggled)
            column.addWidget(row)
        column.addStretch()
        self.rows[Species.PRINT_MATTE].radio.setChecked(True)
        self.show_test(MeasuredLiveness())

    @property
    def species(self) -> Species:
        """The kind that is next."""
        return next(species for species, row in self.rows.items() if row.radio.isChecked())

    def choose(self, species: Species) -> None:
        """Another kind is next."""
        self.rows[species].radio.setChecked(True)

    def show_test(self, test: MeasuredLiveness) -> None:
        """What was measured so far."""
        for row in self.rows.values():
            row.show_test(test)

    def focus(self) -> None:
        """Keys go to the kind that is next."""
        self.rows[self.species].radio.setFocus()

    def _on_toggled(self, checked: bool) -> None:
        if checked:
            self.chosen.emit(self.species)
