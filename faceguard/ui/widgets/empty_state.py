"""An empty list says what to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from faceguard.ui.tokens import XS, XXL, L, M
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.text import Text


class EmptyState(QWidget):
    """Icon, heading, one sentence, and the action that ends the emptiness."""

    def __init__(
        self,
        icon: str,
        heading: str,
        sentence: str = "",
        action: QAbstractButton | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(XXL, XXL, XXL, XXL)
        column.setSpacing(XS)
        centre = Qt.AlignmentFlag.AlignHCenter
        column.addStretch()
        column.addWidget(IconMark(icon, 56, "accent", "accent_soft", fill=0.5), 0, centre)
        column.addSpacing(M)
        for text in (Text(heading, "strong lead", wrap=True), Text(sentence, "dim", wrap=True)):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            text.setVisible(bool(text.text()))
            column.addWidget(text)
        if action is not None:
            column.addSpacing(L)
            column.addWidget(action, 0, centre)
        column.addStretch()
