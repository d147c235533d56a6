"""The pages, down the left side."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from faceguard.ui.icons import ICON_PIXELS, icon
from faceguard.ui.theme import tokens_for
from faceguard.ui.tokens import XS, L, M
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.text import Text

RAIL_WIDTH: Final = 176


class RailButton(QPushButton):
    """One page: icon and word, marked while it is open."""

    def __init__(self, words: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(f"  {words}", parent)
        self._icon = name
        self.setProperty("nav", True)
        self.setCheckable(True)
        self.setIconSize(QSize(ICON_PIXELS, ICON_PIXELS))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._tint()

    def _tint(self) -> None:
        colours = tokens_for(self)
        self.setIcon(icon(self._icon, colours.dim, checked=colours.accent))


class Rail(QWidget):
    """Brand, pages, and who is at the desk.

    Signals:
        chosen(str): key of the page.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("rail", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(RAIL_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(M, L + XS, M + 1, L + XS)
        column.setSpacing(XS)
        brand = QHBoxLayout()
        brand.setContentsMargins(M - 2, 0, 0, 0)
        brand.setSpacing(M - 2)
        brand.addWidget(IconMark("face", 22, "accent"))
        brand.addWidget(Text("faceguard", "strong lead"))
        brand.addStretch()
        column.addLayout(brand)
        column.addSpacing(L + 2)
        self._pages = QVBoxLayout()
        self._pages.setSpacing(XS)
        column.addLayout(self._pages)
        column.addStretch()
        foot = QHBoxLayout()
        foot.setContentsMargins(M - 2, 0, 0, 0)
        foot.setSpacing(M - 2)
        self._role_mark = IconMark("person", 32, "accent", "accent_soft", fill=0.56)
        self._role = Text("", "medium", wrap=True)
        foot.addWidget(self._role_mark)
        foot.addWidget(self._role, 1)
        column.addLayout(foot)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, RailButton] = {}
        self.show_role("")

    def add_page(self, key: str, name: str, words: str) -> RailButton:
        """One more page, below the others; Ctrl and its number open it."""
        made = self._buttons[key] = RailButton(words, name)
        made.setShortcut(f"Ctrl+{len(self._buttons)}")
        made.setToolTip(f"{words} (Ctrl+{len(self._buttons)})")
        made.setObjectName(key)
        made.toggled.connect(self._toggled)
        self._group.addButton(made)
        self._pages.addWidget(made)
        return made

    def mark(self, key: str) -> None:
        """Marks the page that is open."""
        self._buttons[key].setChecked(True)

    def show_role(self, words: str, *, admin: bool = False) -> None:
        """``Operator`` or ``Admin``; nothing while nobody has a role."""
        self._role.setText(words)
        self._role_mark.show_mark("unlock" if admin else "person", "accent", "accent_soft")
        self._role_mark.setVisible(bool(words))

    def _toggled(self, checked: bool) -> None:
        sender = self.sender()
        if checked and isinstance(sender, RailButton):
            self.chosen.emit(sender.objectName())
