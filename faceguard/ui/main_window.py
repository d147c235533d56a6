"""The operator's window: rail, one page at a time, status strip, and warnings that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from faceguard.ui.pin_prompt import button
from faceguard.ui.rail import Rail
from faceguard.ui.status_strip import StatusItem, StatusStrip
from faceguard.ui.tokens import XL, M, S
from faceguard.ui.widgets.icon_button import IconMark
from faceguard.ui.widgets.note import NoteMeaning
from faceguard.ui.widgets.text import Text

SMALLEST: Final = QSize(940, 520)
"""A 1920 x 1080 screen at 200 % has 960 x 540 logical pixels, less the title bar's edge."""
FIRST_SIZE: Final = QSize(1280, 800)


@dataclass(frozen=True, slots=True)
class Banner:
    """A warning that stays while its cause does, e.g. liveness off, simulated camera."""

    sentence: str
    meaning: NoteMeaning = "ask"
    action: str = ""
    """Words of a button that opens ``page``; none without."""
    page: str = ""


class _BannerBar(QFrame):
    opened = Signal(str)

    def __init__(self, banner: Banner) -> None:
        super().__init__()
        self.setProperty("note", banner.meaning)
        self.setProperty("flat", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(XL, S, XL, S)
        row.setSpacing(M - 2)
        tone = "dim" if banner.meaning == "neutral" else banner.meaning
        name = "info" if banner.meaning == "neutral" else "warning"
        middle = Qt.AlignmentFlag.AlignVCenter if banner.action else Qt.AlignmentFlag.AlignTop
        row.addWidget(IconMark(name, 18, tone), 0, middle)
        row.addWidget(Text(banner.sentence, "medium", wrap=True), 1)
        if banner.action:
            self.button = button(banner.action, "quiet")
            self.button.clicked.connect(self._on_clicked)
            self._page = banner.page
            row.setContentsMargins(XL, 0, XL, 0)
            row.addWidget(self.button, 0, middle)
        self.setAccessibleName(banner.sentence)

    def _on_clicked(self) -> None:
        self.opened.emit(self._page)


class MainWindow(QMainWindow):
    """Holds the pages; knows none of them.

    Signals:
        page_changed(str): key of the page that is open now.
        closed(): the window is about to go; the app stops its threads.
    """

    page_changed = Signal(str)
    closed = Signal()

    def __init__(self, title: str = "faceguard", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumSize(SMALLEST)
        self.resize(FIRST_SIZE)
        self.rail = Rail()
        self.rail.chosen.connect(self.show_page)
        self.status = StatusStrip()
        self._pages = QStackedWidget()
        self._keys: dict[str, QWidget] = {}
        self._marked: dict[str, str] = {}
        self._banners: tuple[Banner, ...] = ()
        self._banner_column = QVBoxLayout()
        self._banner_column.setSpacing(1)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addLayout(self._banner_column)
        right.addWidget(self._pages, 1)
        upper = QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(self.rail)
        upper.addLayout(right, 1)
        inside = QWidget()
        whole = QVBoxLayout(inside)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(upper, 1)
        whole.addWidget(self.status)
        self._root = QStackedWidget()
        self._root.addWidget(inside)
        self.setCentralWidget(self._root)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocus()  # no button is chosen before the first Tab

    # pages

    def add_page(self, key: str, icon: str, words: str, page: QWidget) -> None:
        """One more page at the end of the rail; the first one is opened."""
        self._keys[key] = page
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._pages.addWidget(page)
        self.rail.add_page(key, icon, words)
        if len(self._keys) == 1:
            self.rail.mark(key)

    def add_hidden_page(self, key: str, page: QWidget, *, under: str) -> None:
        """A page without an entry in the rail, opened from another one, whose entry stays marked."""
        self._keys[key] = page
        self._marked[key] = under
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._pages.addWidget(page)

    @property
    def page(self) -> str:
        """Key of the open page."""
        return next((key for key, page in self._keys.items() if page is self._pages.currentWidget()), "")

    def has_page(self, key: str) -> bool:
        """There is such a page."""
        return key in self._keys

    @Slot(str)
    def show_page(self, key: str) -> None:
        """Opens a page.

        Raises:
            KeyError: there is no such page.
        """
        page = self._keys[key]
        self.rail.mark(self._marked.get(key, key))
        if self._pages.currentWidget() is not page:
            remembered = page.focusWidget() is not None
            self._pages.setCurrentWidget(page)
            if not remembered:  # Qt would choose the first button of the page
                (page.focusProxy() or self).setFocus()
            self.page_changed.emit(key)

    def show_cover(self, cover: QWidget) -> None:
        """Something that must be done first, e.g. the first start, instead of everything else."""
        if self._root.indexOf(cover) < 0:
            self._root.addWidget(cover)
        cover.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._root.setCurrentWidget(cover)

    def drop_cover(self) -> None:
        """Back to the pages; the covers are gone."""
        self._root.setCurrentIndex(0)
        while (cover := self._root.widget(1)) is not None:
            self._root.removeWidget(cover)
            cover.deleteLater()

    # what stays visible on every page

    @property
    def banners(self) -> tuple[Banner, ...]:
        """The warnings in force."""
        return self._banners

    def show_banners(self, banners: Sequence[Banner]) -> None:
        """All warnings in force, worst first."""
        if tuple(banners) == self._banners:
            return
        self._banners = tuple(banners)
        while (old := self._banner_column.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for banner in self._banners:
            bar = _BannerBar(banner)
            bar.opened.connect(self.show_page)
            self._banner_column.addWidget(bar)

    def show_status(self, items: Sequence[StatusItem]) -> None:
        """Camera, people, encoder and provider in use, liveness: in words."""
        self.status.show_items(items)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tells the app."""
        self.closed.emit()
        super().closeEvent(event)
