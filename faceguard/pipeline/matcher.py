"""Embedding x gallery -> the nearest people (1:N), or the distance to one person (1:1)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import EncoderMismatch
from faceguard.domain.score import MAX_DISTANCE, Candidate, Distance
from faceguard.domain.similarity import SimilarityHead
from faceguard.domain.template import Embedding, Gallery, require_same_encoder

_Real = TypeVar("_Real", bound=np.floating[Any])


class Matcher:
    """One gallery, searched exhaustively.

    1. d = ||a - b||^2 = |a|^2 + |b|^2 - 2 a.b for all rows at once: one product of the contiguous float32 matrix with
       the probe. With the squared lengths as they are, not taken as 1, so that rounding of the rows cancels.
    2. A distance that is not a number becomes the greatest there is: it can never win.
    3. The smallest of each person's rows, the nearest persons first; equal distances by number, so that the order of
       the rows never matters.
    4. Only for those who are reported: the distance again in float64 from the difference of the vectors, which is
       exactly 0 for identical ones (the product in float32 is right to about 5e-7 only).

    With a learned comparison its distances stand in for the squared ones, over the same rows: in float64 from the
    start, so that 3 and 4 are exact without a second look.

    Args:
        gallery: the snapshot; another gallery needs another matcher.
        head: the learned comparison; None is the squared distance.

    Raises:
        EncoderMismatch: the comparison was learned for another encoder than the gallery's, or another length.
    """

    def __init__(self, gallery: Gallery, head: SimilarityHead | None = None) -> None:
        if head is not None:
            require_same_encoder(head.encoder_id, gallery.encoder_id)
            if head.weights.size != gallery.matrix.shape[1]:
                raise EncoderMismatch("The learned comparison is for embeddings of another length than the gallery's.")
        self._gallery = gallery
        self._head = head
        # Rows of one person side by side, so that one reduceat gives each person's minimum.
        order = np.argsort(gallery.subject_ids, kind="stable")
        self._rows = np.ascontiguousarray(gallery.matrix[order])
        self._squares = np.einsum("ij,ij->i", self._rows, self._rows)
        self._people, starts = np.unique(gallery.subject_ids[order], return_index=True)
        self._starts = starts.astype(np.intp)
        self._ends = np.append(self._starts[1:], len(order)).astype(np.intp)

    @property
    def gallery(self) -> Gallery:
        """The snapshot that is searched."""
        return self._gallery

    def search(self, embedding: Embedding, top: int = 2) -> tuple[Candidate, ...]:
        """The nearest people, best first, each once; empty for an empty gallery.

        Raises:
            EncoderMismatch: probe and gallery come from two encoders.
        """
        self._require_comparable(embedding)
        if not self._people.size or top < 1:
            return ()
        nearest = np.minimum.reduceat(self._distances(embedding), self._starts)
        count = min(top, nearest.size)
        # The runners-up within rounding of the last place are refined too, or they could be left out by it.
        last = np.partition(nearest, count - 1)[count - 1]
        contenders = np.flatnonzero(nearest <= last + 1e-5)
        refined = [
            (self._refined(embedding, slice(self._starts[i], self._ends[i])), int(self._people[i])) for i in contenders
        ]
        return tuple(Candidate(person, Distance(distance)) for distance, person in sorted(refined)[:count])

    def compare(self, embedding: Embedding, subject_id: int) -> Distance | None:
        """Distance to the nearest template of one person; None when that person has none in this gallery.

        Raises:
            EncoderMismatch: probe and gallery come from two encoders.
        """
        self._require_comparable(embedding)
        place = int(np.searchsorted(self._people, subject_id))
        if place >= self._people.size or self._people[place] != subject_id:
            return None
        return Distance(self._refined(embedding, slice(self._starts[place], self._ends[place])))

    def _require_comparable(self, embedding: Embedding) -> None:
        require_same_encoder(embedding.encoder_id, self._gallery.encoder_id)
        if embedding.values.size != self._rows.shape[1]:
            raise EncoderMismatch(
                "The face and the gallery have embeddings of different length and cannot be compared.",
                f"{embedding.values.size} against {self._rows.shape[1]}",
            )

    def _distances(self, embedding: Embedding) -> NDArray[np.floating]:
        probe = embedding.values
        if self._head is not None:
            return self._head.distances(probe, self._rows)
        distances = self._squares + probe @ probe - 2.0 * (self._rows @ probe)
        return as_distances(distances)

    def _refined(self, embedding: Embedding, rows: slice) -> float:
        if self._head is not None:
            return float(self._head.distances(embedding.values, self._rows[rows]).min())
        difference = self._rows[rows].astype(np.float64) - embedding.values.astype(np.float64)
        return float(as_distances(np.einsum("ij,ij->i", difference, difference)).min())


def as_distances(values: NDArray[_Real]) -> NDArray[_Real]:
    """Squared distances brought into [0, 4]; whatever is not a number becomes 4, the farthest."""
    return np.clip(np.where(np.isnan(values), MAX_DISTANCE, values), 0.0, MAX_DISTANCE).astype(values.dtype)
