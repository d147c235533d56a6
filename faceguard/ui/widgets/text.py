"""Labels. Plain text always: a person's name is never read as markup."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from faceguard.ui.theme import restyle


class Text(QLabel):
    """A plain-text label with a place in the type scale.

    Args:
        text: shown as it is.
        role: ``title``, ``headline``, ``lead``, ``strong``, ``medium``, ``small``, ``dim``; several, separated by
            spaces. See ``style_sheet.py``.
        wrap: breaks into lines.
    """

    def __init__(self, text: str = "", role: str = "", *, wrap: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        for name in role.split():
            self.setProperty(name, True)
        self.setText(text)

    def set_tone(self, tone: str | None) -> None:
        """Ink of a meaning: ``grant``, ``deny``, ``ask``, ``accent``; None for the usual ink."""
        restyle(self, tone=tone)


class ElidedText(Text):
    """One line that ends in dots where the room ends; the whole of it is the tool tip."""

    def __init__(self, text: str = "", role: str = "", *, parent: QWidget | None = None) -> None:
        self._whole = text
        super().__init__(text, role, parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def whole(self) -> str:
        """The text before it was cut."""
        return self._whole

    def setText(self, text: str) -> None:
        """Keeps the whole text and shows what fits."""
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cuts again for the new width."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """Room for the whole of it."""
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """May shrink to a few letters."""
        return QSize(self.fontMetrics().averageCharWidth() * 4, super().minimumSizeHint().height())

    def _fit(self) -> None:
        self.ensurePolished()
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(1, self.width()))
        if shown != self.text():
            super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")
