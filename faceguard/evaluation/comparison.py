"""Distances between embedded photos: of listed pairs, of all pairs, and of templates fused from several photos.

d = ||a - b||^2 = 2 - 2 cos over unit vectors, from products in float64; kept in float32 (right to 1.2e-7 at d = 1).
Where a learned comparison is handed over, its distances stand in for d.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.score import MAX_DISTANCE
from faceguard.domain.similarity import SimilarityHead

BLOCK: Final = 256
"""Rows of one product: 256 x 13,000 distances are 27 MB in float64."""


@dataclass(frozen=True, slots=True)
class AllPairs:
    """Every photo against every other, each pair once.

    Attributes:
        genuine: distances of pairs of one person.
        owner: of each genuine distance, the person.
        impostor: distances of pairs of two persons, ascending.
    """

    genuine: NDArray[np.float32]
    owner: NDArray[np.int64]
    impostor: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FusedComparison:
    """What a template made of several photos does against single photos.

    Attributes:
        photos: m, photos in each template.
        people: with a template.
        genuine: distances of a person's template to that person's probe photos.
        impostor: distances of the template to every photo of everybody else.
    """

    photos: int
    people: int
    genuine: NDArray[np.float32]
    impostor: NDArray[np.float32]


def distances(one: ArrayLike, other: ArrayLike, head: SimilarityHead | None = None) -> NDArray[np.float32]:
    """(n, m) distances of all rows of ``one`` (n, D) to all rows of ``other`` (m, D), unit vectors."""
    if head is not None:
        return head.table(np.asarray(one), np.asarray(other))
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    # with the squared lengths as they are: rows of float32 are unit vectors to 6e-8 only
    found = a @ (-2.0 * b.T)
    found += (a * a).sum(axis=1)[:, np.newaxis]
    found += (b * b).sum(axis=1)
    return np.clip(found, 0.0, MAX_DISTANCE, out=found).astype(np.float32)


def pair_distances(
    matrix: NDArray[np.float32], first: ArrayLike, second: ArrayLike, head: SimilarityHead | None = None
) -> NDArray[np.float64]:
    """d of each listed pair of rows."""
    if head is not None:
        return head.pair_distances(matrix, first, second)
    a, b = matrix[np.asarray(first)].astype(np.float64), matrix[np.asarray(second)].astype(np.float64)
    found: NDArray[np.float64] = np.clip(((a - b) ** 2).sum(axis=1), 0.0, MAX_DISTANCE)
    return found


def all_pairs(
    matrix: NDArray[np.float32], person: ArrayLike, block: int = BLOCK, head: SimilarityHead | None = None
) -> AllPairs:
    """Every row against every later row, in blocks; the impostor distances, by far the most, are held once.

    1. Rows are put in the order of their persons: what follows a row is first the rest of that person's rows, then
       everybody else's.
    2. So each row of a product falls into two pieces, which are copied to their places.
    3. Impostor distances are sorted where they lie; sorted ones are what every rate is counted in.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        block: rows of one product.
        head: compares them; None is the squared distance.
    """
    order = np.argsort(np.asarray(person, np.int64), kind="stable")
    who = np.asarray(person, np.int64)[order]
    ends = np.searchsorted(who, who, side="right")
    n = who.size
    same = int((ends - np.arange(n) - 1).sum())
    genuine, owner = np.empty(same, np.float32), np.repeat(who, ends - np.arange(n) - 1)
    impostor = np.empty(n * (n - 1) // 2 - same, np.float32)
    found = others = 0
    for start, square in _upper(matrix[order], block, head):
        for row, d in enumerate(square, start):
            own, rest = d[row + 1 - start : ends[row] - start], d[ends[row] - start :]
            genuine[found : found + own.size] = own
            impostor[others : others + rest.size] = rest
            found, others = found + own.size, others + rest.size
    impostor.sort()
    return AllPairs(genuine, owner, impostor)


def same_pairs(
    matrix: NDArray[np.float32], person: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All pairs of one person's rows: first, second, d; the genuine ones of ``all_pairs`` with their places."""
    who = np.asarray(person, np.int64)
    order = np.argsort(who, kind="stable")
    people = np.split(order, np.flatnonzero(np.diff(who[order])) + 1)
    listed = [(rows[a], rows[b]) for rows in people for a, b in [np.triu_indices(rows.size, 1)]]
    first, second = (np.concatenate([pair[i] for pair in listed]) for i in (0, 1))
    return first, second, pair_distances(matrix, first, second)


def compare_fused(matrix: NDArray[np.float32], person: ArrayLike, photos: Sequence[int]) -> tuple[FusedComparison, ...]:
    """Templates of m photos against single photos, for several m on the same people and the same probes.

    1. People with more photos than the greatest m take part with a template. Their photos are taken in order.
    2. The template for m is the normalised mean of the person's first m embeddings.
    3. Genuine: the template against each photo of the person beyond the greatest m, so the probes are the same for
       every m. Impostor: the template against every photo of everybody else, people with a single photo included.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        photos: the values of m.
    """
    who, most = np.asarray(person, np.int64), max(photos)
    if min(photos) < 1:
        raise ValueError("a template is made of one photo or more")
    enrolled = [rows for rows in (np.flatnonzero(who == p) for p in np.unique(who)) if rows.size > most]
    found = []
    for m in photos:
        genuine, impostor = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
        for rows in enrolled:
            mean = matrix[rows[:m]].astype(np.float64).mean(axis=0)
            d = distances((mean / np.linalg.norm(mean))[np.newaxis], matrix)[0]
            genuine.append(d[rows[most:]])
            impostor.append(d[who != who[rows[0]]])
        found.append(FusedComparison(m, len(enrolled), np.concatenate(genuine), np.concatenate(impostor)))
    return tuple(found)


def _upper(
    matrix: NDArray[np.float32], block: int, head: SimilarityHead | None
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Blocks of rows against themselves and all later rows."""
    for start in range(0, len(matrix), block):
        yield start, distances(matrix[start : start + block], matrix[start:], head)
