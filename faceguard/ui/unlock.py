"""Opening the admin's part of a page: the button in its header, and the question for the PIN below it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from faceguard.domain.errors import FaceguardError
from faceguard.ui.pin_prompt import PinPrompt
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.icon_button import IconButton
from faceguard.ui.widgets.page_header import PageHeader

PROMPT_WIDTH: Final = 420


class UnlockPart(QWidget):
    """Put it below the header; it takes no room until it asks.

    Args:
        header: of the page; gets the buttons.

    Signals:
        pin_entered(str): answer with ``set_locked(False)`` or ``show_refusal``.
        lock_requested()
    """

    pin_entered = Signal(str)
    lock_requested = Signal()

    def __init__(self, header: PageHeader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unlock = IconButton("Unlock with admin PIN", "lock", "primary")
        self.lock = IconButton("Lock", "unlock")
        self.unlock.clicked.connect(self._ask)
        self.lock.clicked.connect(self.lock_requested)
        header.add_action(self.lock)
        header.add_action(self.unlock)
        self.prompt = PinPrompt()
        self.prompt.pin_entered.connect(self.pin_entered)
        self.prompt.cancelled.connect(self._close)
        card = Card()
        card.setFixedWidth(PROMPT_WIDTH)
        card.column.addWidget(self.prompt)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch()
        row.addWidget(card)
        self.hide()

    def set_locked(self, locked: bool) -> None:
        """Which button is shown; the question closes."""
        self._close()
        self.unlock.setVisible(locked)
        self.lock.setVisible(not locked)

    def show_refusal(self, fault: FaceguardError | str) -> None:
        """The PIN was not right, or it is too early to try again."""
        self.prompt.set_busy(False)
        self.prompt.show_refusal(fault if isinstance(fault, str) else fault.sentence)

    def _ask(self) -> None:
        self.prompt.reset()
        self.show()
        self.prompt.field.setFocus()

    def _close(self) -> None:
        self.prompt.reset()
        self.hide()
