"""The first start: the program has no admin PIN, and there is no default one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from faceguard.ui.pin_prompt import NewPinForm
from faceguard.ui.tokens import XL, XXL, L, M, S
from faceguard.ui.widgets.card import Card
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.text import Text

CARD_WIDTH: Final = 460
WHY: Final = (
    "It protects what decides who gets in: how strict the door is, the liveness check, the door output, "
    "and leaving the full-screen door. Adding colleagues does not need it."
)
LOST: Final = "Write it down and keep it in a safe place: nobody can read it back out of this program."


class FirstStartPage(QWidget):
    """Asks for the admin PIN, twice, before anything else can be done.

    Args:
        check: says in one sentence why a PIN is too weak, None when it is good.
        rules: what a good PIN is, one line each.

    Signals:
        pin_chosen(str): answer by leaving the page, or with ``show_refusal``.
    """

    pin_chosen = Signal(str)

    def __init__(self, check: Callable[[str], str | None], rules: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.form = NewPinForm("Admin PIN", "Set the admin PIN", check, cancellable=False)
        self.form.pin_chosen.connect(self._on_chosen)

        card = Card(margin=XXL, spacing=S)
        card.setFixedWidth(CARD_WIDTH)
        head = QHBoxLayout()
        head.setSpacing(M)
        head.addWidget(IconMark("face", 28, "accent"))
        head.addWidget(Text("faceguard", "strong lead"))
        head.addStretch()
        card.column.addLayout(head)
        card.column.addSpacing(L)
        card.column.addWidget(Text("Choose the admin PIN", "title"))
        card.column.addWidget(Text(WHY, "dim", wrap=True))
        card.column.addSpacing(S)
        for rule in rules:
            line = QHBoxLayout()
            line.setSpacing(S)
            line.addWidget(Text("•", "dim"), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(Text(rule, wrap=True), 1)
            card.column.addLayout(line)
        card.column.addSpacing(L)
        card.column.addWidget(self.form)
        card.column.addSpacing(S)
        card.column.addWidget(Text(LOST, "dim small", wrap=True))

        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL)
        column.addStretch()
        middle = QHBoxLayout()  # stretches and not an alignment: an aligned card does not grow with a refusal
        middle.addStretch()
        middle.addWidget(card)
        middle.addStretch()
        column.addLayout(middle)
        column.addStretch()
        self.setFocusProxy(self.form)

    def show_refusal(self, sentence: str) -> None:
        """The PIN was not stored; says why."""
        self.form.set_busy(False)
        self.form.show_refusal(sentence)

    def event(self, event: QEvent) -> bool:
        """The first field is ready to be typed into."""
        if event.type() == QEvent.Type.Show:
            self.form.first.setFocus()
        return super().event(event)

    def _on_chosen(self, pin: str) -> None:
        self.form.set_busy(True)
        self.pin_chosen.emit(pin)
