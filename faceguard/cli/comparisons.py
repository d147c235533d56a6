"""``--head FILE``: learned comparisons beside the squared distance, and what an evaluation needs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from faceguard.cli.photo_bench import Bench
from faceguard.comparing import require_head_of
from faceguard.domain.errors import FaceguardError
from faceguard.domain.head_card import HeadCard
from faceguard.domain.similarity import SimilarityHead
from faceguard.evaluation.comparison import pair_distances
from faceguard.evaluation.error_rates import Comparisons
from faceguard.evaluation.side_by_side import SQUARED, Judged, compared_answer
from faceguard.models.heads import read_head

Distances = Callable[[SimilarityHead], tuple[NDArray[np.floating], NDArray[np.floating]]]
"""Genuine and impostor distances by a learned comparison, of the same pairs in the same order."""


def head_option(command: Callable[..., None]) -> Callable[..., None]:
    """``--head FILE``, as often as one likes."""
    return click.option(
        "--head",
        "head_files",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        multiple=True,
        help="Also compare by what `faceguard train head` learned; repeat for more.",
    )(command)


def read_heads(files: Sequence[Path], bench: Bench) -> tuple[HeadCard, ...]:
    """The comparisons, each of the encoder under test.

    Raises:
        ModelFault: one cannot be read, was altered, or belongs to another encoder.
        FaceguardError: two have one id.
    """
    found = tuple(read_head(file) for file in files)
    for card in found:
        require_head_of(card, bench.card)
    names = [SQUARED, *(card.id for card in found)]
    if len(set(names)) < len(names):
        raise FaceguardError("Two comparisons have one name; train one of them with another file name.")
    return found


def beside(
    heads: Sequence[HeadCard],
    squared: Comparisons,
    genuine: NDArray[np.floating],
    owner: NDArray[np.int64],
    distances: Distances,
    rates: Sequence[float],
) -> tuple[dict[str, Any], dict[str, Comparisons]]:
    """Adds each comparison to what the squared distance came to.

    Args:
        heads: to be added.
        squared: all comparisons by squared distance.
        genuine: its genuine distances in the order of ``distances``.
        owner: whose each genuine pair is.
        distances: by another comparison.
        rates: FMR.

    Returns:
        Rows for machines (none without heads), and the comparisons by name, for curves.
    """
    if not heads:
        return {}, {}
    _, place = np.unique(owner, return_inverse=True)
    judged = {SQUARED: Judged(genuine, place, squared.impostor)}
    curves = {}
    for card in heads:
        own, other = distances(card.head)
        judged[card.id] = Judged(own, place, other, card.head.llr_of)
        curves[card.id] = Comparisons(own, other)
    rows = compared_answer(judged, rates)
    for card in heads:
        rows[card.id] |= {"kind": card.head.kind.value, "digest": card.head.digest, "origin": card.origin}
    return {"comparisons": rows}, curves


def beside_pairs(
    heads: Sequence[HeadCard],
    matrix: NDArray[np.float32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    same: NDArray[np.bool_],
    different: NDArray[np.bool_],
    rates: Sequence[float],
) -> tuple[dict[str, Any], dict[str, Comparisons]]:
    """``beside`` of listed pairs; who their people are is not known, so that each first photo counts as a person.

    Args:
        heads: to be added.
        matrix: (n, D) rows; those of the listed pairs are unit rows.
        first, second: rows of each pair.
        same, different: the pairs of one person and of two that were made.
        rates: FMR.
    """
    genuine, impostor = (pair_distances(matrix, first[kind], second[kind]) for kind in (same, different))

    def distances(head: SimilarityHead) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        own, other = (head.pair_distances(matrix, first[kind], second[kind]) for kind in (same, different))
        return own, other

    return beside(heads, Comparisons(genuine, impostor), genuine, first[same], distances, rates)
