"""A report as a PDF of A4 pages."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from faceguard.evaluation.document import Document, PairList, Plot, Table

if TYPE_CHECKING:
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

WIDTH: Final = 8.27
HEIGHT: Final = 11.69
"""A4, in inches."""
MARGIN: Final = 0.7
LINE: Final = 0.19
PLOT: Final = 4.2
PICTURE: Final = 0.85
_CHARACTERS: Final = 105
_INK: Final = "#22262b"
_GREY: Final = "#666c75"


def pdf_pages(document: Document, *, title: str = "faceguard") -> bytes:
    """The pages.

    Raises:
        ImportError: matplotlib is not there.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages

    file = io.BytesIO()
    with rc_context({"font.size": 8.5, "pdf.fonttype": 42}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a file's name in a script that the font lacks
        with PdfPages(file, metadata={"Title": document.title, "Creator": title}) as pages:
            flow = _Flow(pages)
            flow.text(document.title, size=16, weight="bold", space=0.18)
            for name, value in document.facts:
                flow.fact(name, value)
            for table in document.tables:
                flow.table(table)
            for plot in document.plots:
                flow.plot(plot)
            for pairs in document.pairs:
                flow.pairs(pairs)
            flow.end()
    return file.getvalue()


class _Flow:
    """Puts one thing under the other and begins a new page where it would not fit; lengths are inches from the top."""

    def __init__(self, pages: PdfPages) -> None:
        self._pages = pages
        self._figure: Figure | None = None
        self._y = 0.0

    def text(
        self, words: str, *, size: float = 8.5, weight: str = "normal", colour: str = _INK, space: float = 0.0
    ) -> None:
        """Lines of text, wrapped."""
        wrapped = textwrap.wrap(words, int(_CHARACTERS * 8.5 / size)) or [""]
        for line in wrapped:
            self._write(MARGIN, line, size=size, weight=weight, color=colour, height=LINE * size / 8.5)
        self._y += space

    def fact(self, name: str, value: str) -> None:
        """A name and what it is."""
        for number, line in enumerate(textwrap.wrap(value, _CHARACTERS - 26, break_long_words=True) or [""]):
            self._room(LINE)
            if not number:
                self._at(MARGIN, name, color=_GREY)
            self._write(MARGIN + 1.7, line, height=LINE)

    def table(self, table: Table) -> None:
        """Words in columns as wide as their longest word, the first one on the left, the others on the right."""
        self._heading(table.title, LINE * (2 + min(4, len(table.rows))))
        longest = [max(len(row[i]) for row in (table.headings, *table.rows)) + 2 for i in range(len(table.headings))]
        unit = (WIDTH - 2 * MARGIN) / sum(longest)
        size = min(8.5, 72 * unit / 0.62)
        for number, row in enumerate((table.headings, *table.rows)):
            self._room(LINE)
            right = 0.0
            for i, word in enumerate(row):
                right += longest[i] * unit
                place = MARGIN if not i else MARGIN + right - unit / 2
                colour = _INK if number else _GREY
                self._at(place, word, size=size, color=colour, ha="left" if not i else "right")
            self._y += LINE
            self._rule()
        if table.note:
            self._y += 0.06
            self.text(table.note, size=7.5, colour=_GREY)

    def plot(self, plot: Plot) -> None:
        """A drawing over the page's width."""
        notes = textwrap.wrap(plot.note, int(_CHARACTERS * 8.5 / 7.5))
        self._heading(plot.title, PLOT + LINE * len(notes))
        figure = self._page()
        left, wide, tall = MARGIN + 0.9, WIDTH - 2 * MARGIN - 1.1, PLOT - 0.75
        bottom = HEIGHT - self._y - tall - 0.1
        axes = figure.add_axes((left / WIDTH, bottom / HEIGHT, wide / WIDTH, tall / HEIGHT))
        plot.draw(axes)
        self._y += PLOT
        self.text(plot.note, size=7.5, colour=_GREY)

    def pairs(self, pairs: PairList) -> None:
        """Names under each other, the pictures beside them where there are any."""
        self._heading(pairs.title, LINE * 3)
        for pair in pairs.pairs:
            tall = PICTURE + 0.08 if pair.pictures else LINE
            self._room(tall)
            for number, jpeg in enumerate(pair.pictures or ()):
                self._picture(MARGIN + 0.6 + number * (PICTURE + 0.06), jpeg)
            left = MARGIN + 0.6 + (2 * (PICTURE + 0.06) + 0.1 if pair.pictures else 0.0)
            self._at(MARGIN, f"{pair.d:.4f}", color=_GREY)
            names = [_cut(name, 80 if pair.pictures else 48) for name in (pair.first, pair.second)]
            if pair.pictures:
                self._at(left, "\n".join(names), linespacing=1.5)
            else:
                self._at(left, names[0], size=7)
                self._at(left + (WIDTH - MARGIN - left) / 2, names[1], size=7)
            self._y += tall
        if pairs.note:
            self.text(pairs.note, size=7.5, colour=_GREY)

    def end(self) -> None:
        """Closes the last page."""
        if self._figure is not None:
            self._pages.savefig(self._figure)
            self._figure = None

    def _heading(self, words: str, with_it: float) -> None:
        self._room(0.2 + 0.3 + with_it)
        self._y += 0.2
        self.text(words, size=11, weight="bold", space=0.04)

    def _page(self) -> Figure:
        if self._figure is None:
            from matplotlib.figure import Figure

            self._figure = Figure(figsize=(WIDTH, HEIGHT))
            self._y = MARGIN
        return self._figure

    def _room(self, tall: float) -> None:
        if self._figure is not None and self._y + tall > HEIGHT - MARGIN:
            self.end()
        self._page()

    def _write(self, x: float, words: str, *, height: float, **how: Any) -> None:
        self._room(height)
        self._at(x, words, **how)
        self._y += height

    def _at(self, x: float, words: str, **how: Any) -> None:
        # a file's name is no formula, whatever dollars it holds
        place = 1.0 - self._y / HEIGHT
        self._page().text(x / WIDTH, place, words, va="top", parse_math=False, **({"color": _INK} | how))

    def _rule(self) -> None:
        from matplotlib.lines import Line2D

        ends: Sequence[float] = (MARGIN / WIDTH, 1.0 - MARGIN / WIDTH)
        place = 1.0 - (self._y - 0.03) / HEIGHT
        self._page().add_artist(Line2D(ends, (place, place), color="#e3e5e8", linewidth=0.5))

    def _picture(self, x: float, jpeg: bytes) -> None:
        from matplotlib.image import imread

        place = (x / WIDTH, 1.0 - (self._y + PICTURE) / HEIGHT, PICTURE / WIDTH, PICTURE / HEIGHT)
        axes = self._page().add_axes(place)
        axes.imshow(imread(io.BytesIO(jpeg), format="jpeg"))
        axes.set_axis_off()


def _cut(name: str, most: int) -> str:
    """The end of a name tells more than its beginning."""
    return name if len(name) <= most else "..." + name[3 - most :]
