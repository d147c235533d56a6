"""Asking for a PIN: one that exists, or a new one typed twice. In the page, never in a dialog over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from faceguard.ui.theme import restyle
from faceguard.ui.tokens import M, S
from faceguard.ui.widgets.text import Text

MAX_PIN: Final = 64
"""Longest text the fields take; the rule for a good PIN belongs to whoever checks it."""
DIFFERENT: Final = "The two entries differ. Type the PIN again."


def button(text: str, kind: str = "") -> QPushButton:
    """A push button of the style sheet: ``primary``, ``danger``, ``quiet`` or plain."""
    made = QPushButton(text)
    if kind:
        made.setProperty(kind, True)
    made.setAutoDefault(False)
    return made


def pin_field(name: str) -> QLineEdit:
    """A field that hides what is typed and says nothing about it to input methods or screen readers."""
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    made.setMaxLength(MAX_PIN)
    made.setAccessibleName(name)
    made.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData)
    return made


class _PinWidget(QWidget):
    """What both kinds share: a refusal below the fields, Esc to leave, and fields that forget."""

    cancelled = Signal()

    def __init__(self, cancellable: bool, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(S)
        self.refusal = Text("", wrap=True)
        self.refusal.set_tone("deny")
        self.refusal.hide()
        self.cancel = button("Cancel")
        self.cancel.setVisible(cancellable)
        self.cancel.clicked.connect(self._leave)
        self._cancellable = cancellable

    def show_refusal(self, sentence: str) -> None:
        """One sentence below the fields, which are emptied; an empty one takes it away."""
        self._forget()
        self.refusal.setText(sentence)
        self.refusal.setVisible(bool(sentence))
        for field in self._fields():
            restyle(field, invalid=bool(sentence))
        if sentence:
            self._fields()[0].setFocus()

    def reset(self) -> None:
        """Empty fields, no refusal."""
        self.show_refusal("")
        self.set_busy(False)

    def set_busy(self, busy: bool) -> None:
        """While the PIN is being checked nothing can be typed."""
        for field in self._fields():
            field.setEnabled(not busy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape and self._cancellable:
            self._leave()
        else:
            super().keyPressEvent(event)

    def _leave(self) -> None:
        self.reset()
        self.cancelled.emit()

    def _forget(self) -> None:
        for field in self._fields():
            field.clear()

    def _fields(self) -> tuple[QLineEdit, ...]:
        raise NotImplementedError


class PinPrompt(_PinWidget):
    """One field and one button: the PIN that opens something.

    Signals:
        pin_entered(str): the field is emptied at once; answer with ``reset`` or ``show_refusal``.
        cancelled()
    """

    pin_entered = Signal(str)

    def __init__(
        self,
        label: str = "Admin PIN",
        action: str = "Unlock",
        *,
        cancellable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(cancellable, parent)
        self.field = pin_field(label)
        self.accept = button(action, "primary")
        self.accept.setEnabled(False)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(self.field, 1)
        row.addWidget(self.accept)
        row.addWidget(self.cancel)
        caption = Text(label, "medium")
        caption.setBuddy(self.field)
        self.column.addWidget(caption)
        self.column.addLayout(row)
        self.column.addWidget(self.refusal)
        self.setFocusProxy(self.field)
        self.field.textChanged.connect(self._on_typed)
        self.field.returnPressed.connect(self._submit)
        self.accept.clicked.connect(self._submit)

    def _fields(self) -> tuple[QLineEdit, ...]:
        return (self.field,)

    def _on_typed(self, text: str) -> None:
        self.accept.setEnabled(bool(text))

    def _submit(self) -> None:
        if pin := self.field.text():
            self._forget()
            self.pin_entered.emit(pin)


class NewPinForm(_PinWidget):
    """A new PIN, typed twice.

    Args:
        label: what the PIN is for.
        action: words of the button.
        check: says in one sentence why a PIN is too weak, None when it is good.
        rules: said before anything is typed.

    Signals:
        pin_chosen(str): both entries agree and ``check`` is content; the fields are emptied at once.
        cancelled()
    """

    pin_chosen = Signal(str)

    def __init__(
        self,
        label: str,
        action: str,
        check: Callable[[str], str | None],
        *,
        rules: str = "",
        cancellable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(cancellable, parent)
        self._check = check
        self.first = pin_field(label)
        self.second = pin_field(f"{label}, once more")
        self.accept = button(action, "primary")
        self.accept.setEnabled(False)
        if rules:
            self.column.addWidget(Text(rules, "dim small", wrap=True))
        for caption, field in ((label, self.first), ("Once more", self.second)):
            words = Text(caption, "medium")
            words.setBuddy(field)
            self.column.addWidget(words)
            self.column.addWidget(field)
            self.column.addSpacing(M - S)
            field.textChanged.connect(self._on_typed)
        self.column.addWidget(self.refusal)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(self.accept, 1)
        row.addWidget(self.cancel)
        self.column.addLayout(row)
        self.setFocusProxy(self.first)
        self.first.returnPressed.connect(self.second.setFocus)
        self.second.returnPressed.connect(self._submit)
        self.accept.clicked.connect(self._submit)

    def _fields(self) -> tuple[QLineEdit, ...]:
        return (self.first, self.second)

    def _on_typed(self) -> None:
        self.accept.setEnabled(bool(self.first.text() and self.second.text()))

    def _submit(self) -> None:
        pin, again = self.first.text(), self.second.text()
        if not (pin and again):
            return
        if (weakness := self._check(pin)) is not None:
            self.show_refusal(weakness)
        elif pin != again:
            self.show_refusal(DIFFERENT)
        else:
            self.show_refusal("")
            self.pin_chosen.emit(pin)
