"""The networks on the settings page: what is installed and in use, and packs that can be installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from faceguard.domain.errors import FaceguardError
from faceguard.ui.pin_prompt import button
from faceguard.ui.tokens import XS, L, M, S
from faceguard.ui.widgets.card import Card, Rule
from faceguard.ui.widgets.pill import Pill
from faceguard.ui.widgets.text import Text

HEADING: Final = "Networks"
ABOUT: Final = "What looks at the picture. Another choice counts from the next start of the program."
PACKS: Final = "Can be installed"
LICENCE_WIDTH: Final = 320
PROGRESS_STEPS: Final = 1000


@dataclass(frozen=True, slots=True)
class NetworkLine:
    """An installed network as the page shows it.

    Attributes:
        id: of its card.
        detail: what it is, its size, its licence.
        in_use: from the next start on.
        removable: it was added, and may go.
        usable: it can be put to use.
        fault: why it cannot; empty when nothing is known against it.
        warning: what has to be known before it is put to use; empty when nothing has to be.
    """

    id: str
    detail: str
    in_use: bool
    removable: bool
    usable: bool
    fault: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class PackLine:
    """A pack as the page shows it.

    Attributes:
        id: of the pack.
        title, about: what it is.
        detail: size and licence.
        accept: words of the licence that have to be typed; empty when none have to be.
    """

    id: str
    title: str
    about: str
    detail: str
    accept: str = ""


class _Row(QWidget):
    """Words on the left, buttons on the right; below them whatever is being asked, done or refused."""

    def __init__(self, title: str, *lines: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(S)
        self.column.addWidget(Rule())
        self.line = QHBoxLayout()
        self.line.setContentsMargins(0, XS, 0, XS)
        self.line.setSpacing(S)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch()
        words.addWidget(Text(title, "medium", wrap=True))
        for text in lines:
            if text:
                words.addWidget(Text(text, "dim small", wrap=True))
        words.addStretch()
        self.line.addLayout(words, 1)
        self.line.addSpacing(L - S)
        self.column.addLayout(self.line)
        self.refusal = Text("", "small", wrap=True)
        self.refusal.set_tone("deny")
        # whoever has to copy a file by hand needs its name and its digest
        self.refusal.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.refusal.setContentsMargins(0, 0, 0, S)
        self.refusal.hide()

    def add_action(self, widget: QWidget) -> None:
        """One more at the right end."""
        self.line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_refusal(self, sentence: str) -> None:
        """Why it was not done; an empty one takes it away."""
        self.refusal.setText(sentence)
        self.refusal.setVisible(bool(sentence))


class NetworkRow(_Row):
    """An installed network.

    Args:
        line: what it shows.
        use, remove: called with the id.
    """

    def __init__(self, line: NetworkLine, use: Callable[[str], None], remove: Callable[[str], None]) -> None:
        super().__init__(line.id, line.detail)
        self._line, self._use_it, self._remove_it = line, use, remove
        if line.in_use:
            self.add_action(Pill("In use", "grant"))
        self.use = button("Use")
        self.use.setVisible(line.usable and not line.in_use)
        self.use.clicked.connect(self._ask)
        self.remove = button("Remove", "danger")
        self.remove.setVisible(line.removable)
        self.remove.clicked.connect(self._on_remove)
        for made in (self.use, self.remove):
            made.setAccessibleName(f"{made.text()} {line.id}")
            self.add_action(made)
        self.question = QWidget()
        asked = QHBoxLayout(self.question)
        asked.setContentsMargins(0, 0, 0, S)
        asked.setSpacing(S)
        warning = Text(line.warning, "small", wrap=True)
        warning.set_tone("ask")
        self.confirm, self.keep = button("Use it", "primary"), button("Cancel")
        self.confirm.clicked.connect(self._on_use)
        self.keep.clicked.connect(self.question.hide)
        asked.addWidget(warning, 1)
        asked.addSpacing(L - S)
        asked.addWidget(self.confirm)
        asked.addWidget(self.keep)
        self.question.hide()
        self.column.addWidget(self.question)
        self.column.addWidget(self.refusal)
        self.show_refusal(line.fault)

    def set_enabled(self, enabled: bool) -> None:
        """Whether its buttons may be used."""
        self.use.setEnabled(enabled)
        self.remove.setEnabled(enabled)
        if not enabled:
            self.question.hide()

    def _ask(self) -> None:
        if self._line.warning:
            self.question.show()
            self.confirm.setFocus()
        else:
            self._on_use()

    def _on_use(self) -> None:
        self.show_refusal("")
        self.question.hide()
        self._use_it(self._line.id)

    def _on_remove(self) -> None:
        self.show_refusal("")
        self._remove_it(self._line.id)


class PackRow(_Row):
    """A pack that can be installed.

    Args:
        line: what it shows.
        install: called with the id and the words of the licence that were typed.
        cancel: called when the running installation shall stop.
    """

    def __init__(self, line: PackLine, install: Callable[[str, str], None], cancel: Callable[[], None]) -> None:
        super().__init__(line.title, line.about, line.detail)
        self._line, self._install_it, self._cancel_it = line, install, cancel
        self.install = button("Install")
        self.install.setAccessibleName(f"Install {line.title}")
        self.install.clicked.connect(self._ask)
        self.add_action(self.install)
        self.licence = self._build_licence()
        self.running = self._build_running()
        for part in (self.licence, self.running):
            part.hide()
            self.column.addWidget(part)
        self.column.addWidget(self.refusal)

    def set_enabled(self, enabled: bool) -> None:
        """Whether it may be installed now."""
        if not enabled:
            self._close_licence()
        self.install.setEnabled(enabled and self.licence.isHidden())

    def show_progress(self, doing: str, thousandths: int) -> None:
        """It is being installed; a refusal of before is gone."""
        self.show_refusal("")
        self._close_licence()
        self.install.hide()
        self.doing.setText(f"{doing}, {thousandths // 10} %")
        self.bar.setValue(thousandths)
        if self.running.isHidden():
            self.cancel.setEnabled(True)
            self.running.show()

    def show_ended(self) -> None:
        """It is not being installed any more."""
        self.running.hide()
        self.install.show()

    def _build_licence(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, M)
        column.setSpacing(S)
        asked = f"Its licence allows {self._line.accept}. To accept it, type these words: {self._line.accept}"
        column.addWidget(Text(asked, wrap=True))
        self.words = QLineEdit()
        self.words.setAccessibleName(f"Words of the licence of {self._line.title}")
        self.words.setPlaceholderText(self._line.accept)
        self.words.setFixedWidth(LICENCE_WIDTH)
        self.words.textChanged.connect(self._on_typed)
        self.words.returnPressed.connect(self._on_accepted)
        self.accept, self.keep = button("Accept and install", "primary"), button("Cancel")
        self.accept.setEnabled(False)
        self.accept.clicked.connect(self._on_accepted)
        self.keep.clicked.connect(self._close_licence)
        row = QHBoxLayout()
        row.setSpacing(S)
        for part in (self.words, self.accept, self.keep):
            row.addWidget(part)
        row.addStretch()
        column.addLayout(row)
        return box

    def _build_running(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, M)
        row.setSpacing(L)
        words = QVBoxLayout()
        words.setSpacing(S)
        self.doing = Text("", "small")
        self.bar = QProgressBar()
        self.bar.setRange(0, PROGRESS_STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"Progress of {self._line.title}")
        words.addWidget(self.doing)
        words.addWidget(self.bar)
        self.cancel = button("Cancel")
        self.cancel.clicked.connect(self._on_cancel)
        row.addLayout(words, 1)
        row.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignVCenter)
        return box

    def _ask(self) -> None:
        self.show_refusal("")
        if self._line.accept:
            self.licence.show()
            self.install.setEnabled(False)
            self.words.setFocus()
        else:
            self._install_it(self._line.id, "")

    def _on_typed(self, typed: str) -> None:
        self.accept.setEnabled(typed.casefold().split() == self._line.accept.casefold().split())

    def _on_accepted(self) -> None:
        if self.accept.isEnabled():
            self._install_it(self._line.id, self.words.text())

    def _close_licence(self) -> None:
        if not self.licence.isHidden():
            self.licence.hide()
            self.install.setEnabled(True)
        self.words.clear()

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self._cancel_it()


class NetworksCard(Card):
    """Installed networks and packs; the admin's.

    Signals:
        install_requested(str, str): pack, and the words of its licence that were typed; answer with
            ``show_progress`` and ``show_ended``, or with ``show_pack_refusal``.
        cancel_requested(): the running installation shall stop.
        use_requested(str), remove_requested(str): a network; answer with ``show_shelf`` or ``show_network_refusal``.
    """

    install_requested = Signal(str, str)
    cancel_requested = Signal()
    use_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(HEADING, margin=L + 2, spacing=S, parent=parent)
        self.column.addWidget(Text(ABOUT, "dim", wrap=True))
        self.column.addSpacing(XS)
        self.networks: dict[str, NetworkRow] = {}
        self.packs: dict[str, PackRow] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(S)
        self.column.addLayout(self._rows)
        self.result = Text("", "small", wrap=True)
        self.result.set_tone("grant")
        self.result.hide()
        self.column.addWidget(self.result)
        self._packs_heading = Text(PACKS, "strong")
        self._packs_heading.setContentsMargins(0, M, 0, 0)
        self._packs_heading.hide()
        self.column.addWidget(self._packs_heading)
        self._pack_rows = QVBoxLayout()
        self._pack_rows.setSpacing(S)
        self.column.addLayout(self._pack_rows)
        self._shown: tuple[Sequence[NetworkLine], Sequence[PackLine]] | None = None
        self._locked = True
        self._installing = ""

    def show_shelf(self, networks: Sequence[NetworkLine], packs: Sequence[PackLine]) -> None:
        """What is installed, and what is not."""
        if self._shown == (networks, packs):
            return
        if self._shown is None or self._shown[0] != networks:
            self.networks = {line.id: NetworkRow(line, self._on_use, self._on_remove) for line in networks}
            _fill(self._rows, self.networks.values())
        if self._shown is None or self._shown[1] != packs:
            self.packs = {line.id: PackRow(line, self._on_install, self.cancel_requested.emit) for line in packs}
            _fill(self._pack_rows, self.packs.values())
            self._packs_heading.setVisible(bool(packs))
        self._shown = networks, packs
        self._enable()

    @Slot(str, str, int)
    def show_progress(self, pack_id: str, doing: str, thousandths: int) -> None:
        """A pack is being installed; no other one can be meanwhile."""
        self._installing = pack_id
        self.result.hide()
        if pack_id in self.packs:
            self.packs[pack_id].show_progress(doing, thousandths)
        self._enable()

    def show_ended(self, result: str = "") -> None:
        """No pack is being installed any more; one sentence about what has become of it."""
        row = self.packs.get(self._installing)
        if row is not None:
            row.show_ended()
        self._installing = ""
        self.result.setText(result)
        self.result.setVisible(bool(result))
        self._enable()

    def show_pack_refusal(self, pack_id: str, fault: FaceguardError | str) -> None:
        """A pack was not installed; the sentence stands below it."""
        self.show_ended()
        if pack_id in self.packs:
            self.packs[pack_id].show_refusal(fault if isinstance(fault, str) else fault.sentence)

    def show_network_refusal(self, model_id: str, fault: FaceguardError | str) -> None:
        """A network was not put to use or not removed; the sentence stands below it."""
        if model_id in self.networks:
            self.networks[model_id].show_refusal(fault if isinstance(fault, str) else fault.sentence)

    def set_locked(self, locked: bool) -> None:
        """Closes or opens the buttons; a running installation can be cancelled all the same."""
        self._locked = locked
        if locked:
            self.result.hide()
        self._enable()

    def _enable(self) -> None:
        for network in self.networks.values():
            network.set_enabled(not self._locked)
        for pack in self.packs.values():
            pack.set_enabled(not self._locked and not self._installing)

    def _on_install(self, pack_id: str, accepted: str) -> None:
        self.show_progress(pack_id, "Waiting", 0)
        self.install_requested.emit(pack_id, accepted)

    def _on_use(self, model_id: str) -> None:
        self.result.hide()
        self.use_requested.emit(model_id)

    def _on_remove(self, model_id: str) -> None:
        self.result.hide()
        self.remove_requested.emit(model_id)


def _fill(column: QVBoxLayout, rows: Iterable[QWidget]) -> None:
    """Other rows than before."""
    while (old := column.takeAt(0)) is not None:
        if (widget := old.widget()) is not None:
            widget.hide()
            widget.deleteLater()
    for row in rows:
        column.addWidget(row)
