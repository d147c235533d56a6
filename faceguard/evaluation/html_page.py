"""A report as one HTML file that needs nothing else: no script, no address, pictures within."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from faceguard.evaluation.document import Document, PairList, Plot, ShownPair, Table

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; color: #22262b; background: #f4f5f7;
  margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 1rem; } h2 { font-size: 1.15rem; margin: 0 0 .6rem; }
section { background: #fff; border: 1px solid #e3e5e8; border-radius: 10px; padding: 1.1rem 1.3rem; margin: 0 0 1.1rem;
  overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 0; }
dt { color: #666c75; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid #eceef0; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: #666c75; font-weight: 600; }
.note { color: #666c75; font-size: .88rem; margin: .5rem 0 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 1.1rem;
  margin-bottom: 1.1rem; }
.plots section { margin: 0; } .plots img { width: 100%; height: auto; display: block; }
.pairs td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.pairs img { height: 96px; border-radius: 4px; margin-right: 4px; vertical-align: middle; }
"""
_RULES: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the page may load: nothing, whatever a file's name may smuggle in."""


def html_page(document: Document) -> str:
    """The page. Every word of the document is escaped.

    Raises:
        ImportError: matplotlib is not there.
    """
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_RULES}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>{escape(document.title)}</h1>",
        "<section><dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in document.facts),
        "</dl></section>",
        *(part for table in document.tables for part in _table(table)),
        '<div class="plots">',
        *(part for plot in document.plots for part in _plot(plot)),
        "</div>",
        *(part for pairs in document.pairs for part in _pairs(pairs)),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def svg_of(plot: Plot) -> bytes:
    """The drawing as SVG, text as outlines."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # without pyplot: no window system is asked for

    # a fixed salt and no date: the same numbers make the same file
    with rc_context({"svg.hashsalt": "faceguard", "font.size": 9}):
        figure = Figure(figsize=(5.6, 4.1), layout="constrained")
        plot.draw(figure.add_subplot())
        file = io.BytesIO()
        figure.savefig(file, format="svg", dpi=160, metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _table(table: Table) -> Iterator[str]:
    yield f"<section><h2>{escape(table.title)}</h2><table><thead>{_row(table.headings, 'th')}</thead><tbody>"
    yield from (_row(row, "td") for row in table.rows)
    yield f"</tbody></table>{_note(table.note)}</section>"


def _row(words: Sequence[str], cell: str) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(word)}</{cell}>" for word in words) + "</tr>"


def _plot(plot: Plot) -> Iterator[str]:
    yield f"<section><h2>{escape(plot.title)}</h2>"
    yield f'<img alt="{escape(plot.title)}" src="{_inline(svg_of(plot), "image/svg+xml")}">{_note(plot.note)}</section>'


def _pairs(pairs: PairList) -> Iterator[str]:
    yield f'<section><h2>{escape(pairs.title)}</h2><table class="pairs"><tbody>'
    yield from (_pair(pair) for pair in pairs.pairs)
    yield f"</tbody></table>{_note(pairs.note)}</section>"


def _pair(pair: ShownPair) -> str:
    shown = "".join(f'<img alt="" src="{_inline(jpeg, "image/jpeg")}">' for jpeg in pair.pictures or ())
    names = f"<td>{escape(pair.first)}</td><td>{escape(pair.second)}</td>"
    return f"<tr><td>{pair.d:.4f}</td>{f'<td>{shown}</td>' if shown else ''}{names}</tr>"


def _note(note: str) -> str:
    return f'<p class="note">{escape(note)}</p>' if note else ""


def _inline(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
