"""Where a photo is dropped, chosen, or taken with the door's camera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from faceguard.ui.theme import tokens_for
from faceguard.ui.tokens import RADIUS, XL, XS, L, M
from faceguard.ui.widgets.icon_button import IconButton, IconMark
from faceguard.ui.widgets.text import Text

PHOTO_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")
"""For the file dialog's filter only; what a file is decides its content."""
ONE_AT_A_TIME: Final = "Drop one photo at a time."
NOT_A_FILE: Final = "Only a file of this computer can be dropped here; save the picture first."


def dropped_file(data: QMimeData) -> tuple[Path | None, str]:
    """The one local file that is being dropped, or the sentence that says why there is none."""
    files = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    if len(files) == 1 and len(data.urls()) == 1:
        return files[0], ""
    return None, ONE_AT_A_TIME if len(files) > 1 else NOT_A_FILE


class DropArea(QWidget):
    """A large target with two buttons.

    Signals:
        file_chosen(Path): dropped, or chosen in the file dialog.
        refused(str): what was dropped is no single local file; one sentence.
        camera_wanted(): a picture of the door's camera.
    """

    file_chosen = Signal(Path)
    refused = Signal(str)
    camera_wanted = Signal()

    def __init__(self, suffixes: Sequence[str] = PHOTO_SUFFIXES, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._suffixes = tuple(suffixes)
        self._folder = ""
        self._over = False
        self.setAcceptDrops(True)
        self.choose = IconButton("Choose photo…", "photo", "primary")
        self.camera = IconButton("Take from camera", "camera")
        self.choose.clicked.connect(self._ask_for_file)
        self.camera.clicked.connect(self.camera_wanted)

        centre = Qt.AlignmentFlag.AlignHCenter
        column = QVBoxLayout(self)
        column.setContentsMargins(XL, XL, XL, XL)
        column.setSpacing(XS)
        column.addStretch()
        column.addWidget(IconMark("photo", 64, "accent", "accent_soft", fill=0.5), 0, centre)
        column.addSpacing(L)
        for text in (
            Text("Drop a photo here", "strong lead"),
            Text("A passport-like picture of one person: face to the camera, evenly lit, sharp.", "dim", wrap=True),
        ):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(text)
        column.addSpacing(L)
        row = QHBoxLayout()
        row.setSpacing(M)
        row.addStretch()
        row.addWidget(self.choose)
        row.addWidget(self.camera)
        row.addStretch()
        column.addLayout(row)
        column.addStretch()

    def set_camera_available(self, available: bool) -> None:
        """Without a running camera its button cannot be pressed."""
        self.camera.setEnabled(available)
        self.camera.setToolTip("" if available else "The camera gives no picture at the moment.")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Every drop is welcome until it is seen what it is: a refusal needs a sentence, not a forbidden sign."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._set_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Back to rest."""
        self._set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """One local file, or a sentence."""
        self._set_over(False)
        event.acceptProposedAction()
        path, sentence = dropped_file(event.mimeData())
        if path is None:
            self.refused.emit(sentence)
        else:
            self.file_chosen.emit(path)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A dashed frame, in the accent while something hovers over it."""
        colours = tokens_for(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(colours.accent if self._over else colours.dim), 2 if self._over else 1)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(colours.accent_soft if self._over else colours.card))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()

    def _set_over(self, over: bool) -> None:
        self._over = over
        self.update()

    def _ask_for_file(self) -> None:
        patterns = " ".join(f"*{suffix} *{suffix.upper()}" for suffix in self._suffixes)
        name, _ = QFileDialog.getOpenFileName(
            self, "Choose a photo", self._folder, f"Photos ({patterns});;All files (*)"
        )
        if name:
            self._folder = str(Path(name).parent)
            self.file_chosen.emit(Path(name))
