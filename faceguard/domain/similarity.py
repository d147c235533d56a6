"""A learned comparison of two embeddings, in place of the squared distance.

Both forms are logistic regressions over what two embeddings f(a) and f(b) differ by, value by value:

- absolute: LLR = sum_k w_k |f(a)_k - f(b)_k| + b (G. Koch, R. Zemel, R. Salakhutdinov, "Siamese Neural Networks for
  One-shot Image Recognition", ICML Deep Learning Workshop 2015);
- chi-square: LLR = sum_k w_k (f(a)_k - f(b)_k)^2 / (|f(a)_k| + |f(b)_k|) + b. Y. Taigman et al., "DeepFace", CVPR 2014,
  divide by f(a)_k + f(b)_k, which is safe for their values from 0 upwards only. Ours are signed: the sum of the
  absolute values is the same where both are positive, is never smaller than the difference, and where both are 0 the
  term is 0.

No weight is above 0: a difference never speaks for one person. So nothing is nearer than the same vector, at LLR = b,
and a face that moves away in one value never comes nearer by it. A positive weight would let somebody in for being
unlike the person enrolled.

The LLR is the logarithm of how many times as likely the two are of one person as of two. What is probable follows only
with a prior, see ``probability``.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.score import MAX_DISTANCE, Distance
from faceguard.domain.template import Embedding, EncoderId, require_same_encoder

LLR_PER_DISTANCE: Final = 20.0
"""One unit of distance. The axis from 0 to 4 is 80 long, from the LLR of the same vector downwards."""
MOST_LLR: Final = LLR_PER_DISTANCE * MAX_DISTANCE
"""Of a bias: with a greater one pairs that are more likely one person's would lie beyond the end of the axis."""
_Real = TypeVar("_Real", bound=np.floating[Any])
_BLOCK: Final = 4096
"""Pairs whose differences are held at once."""


class HeadKind(StrEnum):
    """What the regression sees of two embeddings."""

    ABSOLUTE = "absolute"
    CHI_SQUARE = "chi-square"


def differences(kind: HeadKind, one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """What two embeddings differ by, value by value.

    Args:
        kind: which form.
        one, other: (..., D), broadcast against each other.

    Returns:
        (..., D), none below 0; 0 where both are the same.
    """
    found: NDArray[np.float64] = _apart(kind, np.asarray(one, np.float64), np.asarray(other, np.float64))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class SimilarityHead:
    """A trained comparison; it belongs to the encoder on whose embeddings it was trained.

    Attributes:
        kind: what it sees.
        encoder_id: whose embeddings.
        weights: (D,) float64, none above 0.
        bias: b, the LLR of a vector with itself, within [-80, 80].

    Raises:
        ValueError: something is not finite, a weight is above 0 or all are 0, or the bias is out of range.
    """

    kind: HeadKind
    encoder_id: EncoderId
    weights: NDArray[np.float64]
    bias: float

    def __post_init__(self) -> None:
        weights = np.array(self.weights, np.float64)
        if weights.ndim != 1 or weights.size < 2 or not np.isfinite(weights).all() or not math.isfinite(self.bias):
            raise ValueError("a head has finite weights, one for each value of an embedding, and a finite bias")
        if weights.max() > 0.0 or not weights.any():
            raise ValueError("a head's weights are at most 0, and not all 0: a difference never speaks for one person")
        if abs(self.bias) > MOST_LLR:
            raise ValueError(f"a head's bias lies between -{MOST_LLR:g} and {MOST_LLR:g}")
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)

    @property
    def digest(self) -> str:
        """First 12 hex digits of the SHA-256 over all that decides an answer."""
        exact = f"{self.kind} {self.encoder_id} {self.bias!r} ".encode() + self.weights.astype("<f8").tobytes()
        return hashlib.sha256(exact).hexdigest()[:12]

    def llr(self, one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
        """Logarithm of the likelihood ratio, in nats; above 0 speaks for one person.

        Args:
            one, other: (..., D) unit rows, broadcast against each other. Each pair is summed for itself, so that equal
                pairs are equal to the last bit wherever they stand.
        """
        return self.bias - self._apart(one, other)

    def llr_of(self, distance: ArrayLike) -> NDArray[np.float64]:
        """The LLR that became a distance; at 4 it may have been less."""
        return np.asarray(self.bias - LLR_PER_DISTANCE * np.asarray(distance, np.float64))

    def distances(self, one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
        """The LLR as a distance: (b - LLR) / 20, at most 4, so that smaller is more alike and the same vector is at 0.

        What is not a number becomes 4, the farthest.
        """
        return _as_distances(self._apart(one, other))

    def distance(self, one: Embedding, other: Embedding) -> Distance:
        """The same of two embeddings.

        Raises:
            EncoderMismatch: they are not of this head's encoder.
        """
        for embedding in (one, other):
            require_same_encoder(embedding.encoder_id, self.encoder_id)
        return Distance(float(self.distances(one.values, other.values)))

    def table(self, one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, m) distances of all rows of ``one`` (n, D) to all rows of ``other`` (m, D), in float32 throughout.

        For measurements, where there are millions; right to about 1e-6.
        """
        if len(one) > len(other):  # a row of the fewer at a time
            return np.ascontiguousarray(self.table(other, one).T)
        size = (-self.weights).astype(np.float32)
        a, b = np.asarray(one, np.float32) * size, np.asarray(other, np.float32) * size
        found = np.empty((len(a), len(b)), np.float32)
        for row, values in zip(found, a, strict=True):
            np.sum(_apart(self.kind, values, b), axis=1, out=row)
        return _as_distances(found)

    def pair_distances(self, matrix: NDArray[np.float32], first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
        """(n,) distances of the listed pairs of rows of ``matrix`` (m, D)."""
        one, other = np.asarray(first, np.int64), np.asarray(second, np.int64)
        parts = [
            self.distances(matrix[one[i : i + _BLOCK]], matrix[other[i : i + _BLOCK]])
            for i in range(0, len(one), _BLOCK)
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def _apart(self, one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
        """(...) by how much the LLR of the two is less than that of the same vector, at least 0."""
        size = -self.weights
        # both forms scale with the embeddings, so the weights can be put into these
        apart = _apart(self.kind, np.asarray(one, np.float64) * size, np.asarray(other, np.float64) * size)
        return np.asarray(np.ascontiguousarray(apart).sum(axis=-1))


def probability(llr: float, prior: float) -> float:
    """P(one person), by Bayes; it says as much about the prior as about the faces.

    Args:
        llr: in nats.
        prior: P(one person) before the faces were compared, within (0, 1).

    Raises:
        ValueError: the prior is no such probability, or the LLR is not a number.
    """
    if not 0.0 < prior < 1.0 or math.isnan(llr):
        raise ValueError("a prior lies between 0 and 1, and an LLR is a number")
    logit = llr + math.log(prior) - math.log1p(-prior)
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else 0.0


def _apart(kind: HeadKind, a: NDArray[_Real], b: NDArray[_Real]) -> NDArray[_Real]:
    apart: NDArray[_Real] = np.abs(a - b)
    if kind is HeadKind.ABSOLUTE:
        return apart
    sizes = np.abs(a) + np.abs(b)
    # the quotient first: the square of a small number may be none
    share = np.divide(apart, sizes, out=np.zeros_like(apart), where=sizes != 0.0)  # what is not a number stays none
    found: NDArray[_Real] = apart * share
    return found


def _as_distances(apart: NDArray[_Real]) -> NDArray[_Real]:
    d = apart / LLR_PER_DISTANCE
    return np.clip(np.where(np.isnan(d), MAX_DISTANCE, d), 0.0, MAX_DISTANCE).astype(apart.dtype)
