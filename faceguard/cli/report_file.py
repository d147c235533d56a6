"""``--report FILE``: what an evaluation found, as one HTML or PDF file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.photo_file import decode_photo
from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.domain.observation import HaltReason
from faceguard.evaluation.document import Document, ShownPair
from faceguard.evaluation.error_rates import Comparisons
from faceguard.evaluation.html_page import html_page
from faceguard.evaluation.measured_report import Measured, rates_document
from faceguard.evaluation.pdf_pages import pdf_pages
from faceguard.evaluation.photo_run import PhotoFile

SUFFIXES: Final = (".html", ".pdf")
WORST: Final = 12
"""Pairs of each kind that are shown."""
THUMBNAIL_PX: Final = 160
_JPEG: Final = [cv2.IMWRITE_JPEG_QUALITY, 85]

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""First and second photo and distance of each pair."""


def report_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--report`` and ``--thumbnails``, checked before anything is measured."""
    command = click.option(
        "--thumbnails", is_flag=True, help="Show the photos of the worst pairs in the report, not their names alone."
    )(command)
    return click.option(
        "--report",
        "report_path",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_checked,
        help="Also write a report with curves: one HTML file, or a PDF where the name ends in .pdf (extra report).",
    )(command)


def write_report(path: Path, document: Document) -> None:
    """The file, whole or not at all.

    Raises:
        FaceguardError: it cannot be written.
    """
    data = pdf_pages(document) if path.suffix.lower() == ".pdf" else html_page(document).encode()
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise FaceguardError(f"The report {path} cannot be written: {error.strerror or error}.") from error
    click.echo(f"Report written to {path}.", err=True)


def report_rates(
    path: Path,
    title: str,
    answer: Mapping[str, Any],
    scores: Comparisons,
    tau: float | None,
    photos: Sequence[PhotoFile],
    quality: Sequence[Mapping[str, float]],
    genuine: Pairs,
    impostor: Pairs,
    *,
    thumbnails: bool,
    others: Mapping[str, Comparisons] | None = None,
) -> None:
    """Writes the report of photos with known identities.

    Args:
        path: of the file.
        title: of the report.
        answer: what is printed.
        scores: all comparisons.
        tau: in use.
        photos, quality: of the data set, quality as of ``Acquired``.
        genuine: all pairs of one person that were compared.
        impostor: at least the nearest pairs of two persons.
        thumbnails: show the photos.
        others: the same pairs by learned comparisons, by name.
    """
    first, second, d = genuine
    sharp = np.array([found.get(HaltReason.BLURRED.value, np.nan) for found in quality])
    poorer = np.minimum(sharp[first], sharp[second])
    known = np.isfinite(poorer)
    measured = Measured(
        answer,
        scores,
        tau,
        shown_pairs(photos, genuine, -d, thumbnails),
        shown_pairs(photos, impostor, impostor[2], thumbnails),
        poorer[known],
        d[known],
        others or {},
    )
    write_report(path, rates_document(title, measured, now()))


def shown_pairs(
    photos: Sequence[PhotoFile], pairs: Pairs, order: NDArray[np.float64], thumbnails: bool
) -> list[ShownPair]:
    """The ``WORST`` pairs with the least ``order``."""
    shown = []
    for place in np.argsort(order, kind="stable")[:WORST]:
        one, other = photos[int(pairs[0][place])], photos[int(pairs[1][place])]
        pictures = (thumbnail(one), thumbnail(other)) if thumbnails else None
        shown.append(ShownPair(float(pairs[2][place]), one.name, other.name, pictures))
    return shown


def thumbnail(photo: PhotoFile) -> bytes:
    """A small square JPEG: the photo, filled up with white; all white where it can no longer be read."""
    paper = np.full((THUMBNAIL_PX, THUMBNAIL_PX, 3), 255, np.uint8)
    try:
        pixels = decode_photo(photo.read(), photo.name).pixels
    except PhotoRefused:
        pixels = paper
    scale = THUMBNAIL_PX / max(pixels.shape[:2])
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
    top, left = (THUMBNAIL_PX - size[1]) // 2, (THUMBNAIL_PX - size[0]) // 2
    paper[top : top + size[1], left : left + size[0]] = small
    return bytes(cv2.imencode(".jpg", paper, _JPEG)[1].tobytes())


def now() -> datetime:
    """The report's date."""
    return datetime.now(UTC)


def _checked(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Wrong use and a missing library are told before an hour of measuring."""
    if path is None:
        return None
    if path.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(f"a report is written as {' or '.join(SUFFIXES)}, not as {path.name}")
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.absolute().parent}")
    if find_spec("matplotlib") is None:
        raise FaceguardError(
            "A report needs matplotlib, which is not installed; install the extra report: "
            '.venv/bin/python -m pip install -e ".[report]" in the program\'s folder.'
        )
    return path
