"""A table of rows, not cells: one selection, one hover, the whole width."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from faceguard.ui.theme import FontSpec, font, tokens_for
from faceguard.ui.tokens import SMALL, Palette

PILL_HEIGHT = 22


class RowCells(QStyledItemDelegate):
    """Paints a row's surface and hairline; ``paint_cell`` paints what stands on it."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell in the colours of the moment."""
        view = option.widget
        area: QRect = option.rect
        colours = tokens_for(view)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = isinstance(view, RowTable) and view.hovered_row == index.row()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(area, QColor(colours.accent_soft if selected else colours.hover if hovered else colours.card))
        painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), QColor(colours.line))
        self.paint_cell(painter, area, index, colours)
        painter.restore()

    def paint_cell(
        self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex, colours: Palette
    ) -> None:
        """What the cell says."""
        raise NotImplementedError

    @staticmethod
    def paint_text(painter: QPainter, text: str, left: int, area: QRect) -> None:
        """In the painter's font and pen, from ``left`` on; dots where the room ends."""
        room = QRect(left, area.top(), area.right() - left - 4, area.height())
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    @classmethod
    def paint_pill(cls, painter: QPainter, text: str, left: int, area: QRect, ink: str, surface: str) -> None:
        """A word on the colour of its meaning."""
        painter.setFont(font(FontSpec(SMALL, 600)))
        width = min(painter.fontMetrics().horizontalAdvance(text) + 20, area.right() - left - 4)
        top = area.center().y() - PILL_HEIGHT // 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(surface))
        painter.drawRoundedRect(QRectF(left, top, width, PILL_HEIGHT), PILL_HEIGHT / 2, PILL_HEIGHT / 2)
        painter.setPen(QColor(ink))
        cls.paint_text(painter, text, left + 10, area)


class RowTable(QTableView):
    """Rows of one height; the one below the pointer is lit.

    Args:
        model: what is shown.
        cells: paints it.
        row_height: of every row, logical pixels.
        name: for screen readers.
    """

    def __init__(
        self, model: QAbstractItemModel, cells: RowCells, row_height: int, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.hovered_row = -1
        self.setModel(model)
        cells.setParent(self)
        self.setItemDelegate(cells)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # one height for all: no measuring of 10,000 rows
        rows.setDefaultSectionSize(row_height)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setMinimumSectionSize(60)
        self.entered.connect(self._on_entered)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        super().leaveEvent(event)
        self.hovered_row = -1
        self.viewport().update()

    def _on_entered(self, index: QModelIndex) -> None:
        self.hovered_row = index.row()
        self.viewport().update()
