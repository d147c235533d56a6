"""A box that does not make its page lay itself out anew each time words inside it change."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class StillBox(QWidget):
    """Holds one widget whose words change many times a second.

    It asks for more room only where the words need it, and never gives room back before its width changes: so what lies
    around it does not jump, and most changes cost no layout at all.
    """

    def __init__(self, child: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._child = child
        self._room = (0, 0)
        child.setParent(self)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """Words break into lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As high as the words ever were at this width."""
        needed = self._needed(width)
        if width == self._room[0]:
            needed = max(needed, self._room[1])
        return needed

    def sizeHint(self) -> QSize:
        """As wide as the child's, as high as its words are now."""
        return QSize(self._child.sizeHint().width(), self._height())

    def minimumSizeHint(self) -> QSize:
        """Words are never cut: a scroll area asks this, and not ``heightForWidth``."""
        return QSize(self._child.minimumSizeHint().width(), self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The child fills it."""
        super().resizeEvent(event)
        if self._room[0] != self.width():
            self._room = (self.width(), self._needed(self.width()))
            self.updateGeometry()
        self._child.setGeometry(self.rect())

    def _height(self) -> int:
        return self._room[1] or self._child.sizeHint().height()

    def event(self, event: QEvent) -> bool:
        """The child's words have changed."""
        if event.type() != QEvent.Type.LayoutRequest:
            return super().event(event)
        needed = self._needed(self.width())
        if needed > self._room[1]:
            self._room = (self.width(), needed)
            self.updateGeometry()
        return True

    def _needed(self, width: int) -> int:
        child = self._child
        return child.heightForWidth(width) if child.hasHeightForWidth() else child.sizeHint().height()
