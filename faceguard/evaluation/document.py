"""A report as values: facts, tables, drawings and pairs of photos; how it looks on a page is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words.

    Attributes:
        title: over it.
        headings: of the columns.
        rows: as many words each.
        note: under it.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing.

    Attributes:
        title: over it.
        note: under it.
        draw: onto empty axes.
    """

    title: str
    note: str
    draw: Callable[[Axes], None]


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two photos.

    Attributes:
        d: their distance.
        first, second: their names.
        pictures: both as JPEG, small; None where no picture is to be shown.
    """

    d: float
    first: str
    second: str
    pictures: tuple[bytes, bytes] | None = None


@dataclass(frozen=True, slots=True)
class PairList:
    """Pairs worth a look.

    Attributes:
        title: over them.
        note: under it.
        pairs: the worst first.
    """

    title: str
    note: str
    pairs: Sequence[ShownPair]


@dataclass(frozen=True, slots=True)
class Document:
    """The report.

    Attributes:
        title: of the whole.
        facts: what was measured and with what, as name and value.
        tables, plots, pairs: in the order in which they are shown.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    pairs: Sequence[PairList] = ()
