"""Learns how to compare two embeddings from pairs of people: logistic regression, by scikit-learn.

Pairs of one person are few, pairs of two people countless. All of the former are taken, and of the latter the nearest
ones of each photo with as many by chance: far pairs teach nothing where a door decides. So chosen, they are not as
pairs of two people are; a second regression, of scale and offset alone, on pairs by chance makes the answer a
likelihood ratio of those (N. Bruemmer, J. du Preez, "Application-independent evaluation of speaker detection", Computer
Speech and Language 20, 2006). The classes weigh the same in both: the answer assumes no prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from faceguard.domain.errors import FaceguardError
from faceguard.domain.similarity import HeadKind, SimilarityHead, differences
from faceguard.domain.template import EncoderId

NEAREST: Final = 8
"""Nearest photos of other people that each photo is paired with."""
STRENGTH: Final = 1e-4
"""Inverse of the regularisation (scikit-learn's C), of differences scaled to unit variance. So strong that the weights
differ little: a weaker one learns the people who are there, and serves others worse."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPairs:
    """Pairs of rows.

    Attributes:
        first, second: (n,) rows.
        same: (n,) of one person.
        chance_from: from this place on they are of two people by chance.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]
    chance_from: int


def training_pairs(matrix: NDArray[np.float32], person: ArrayLike, seed: int = 1) -> LabelledPairs:
    """All pairs of one person; of two people the nearest of each photo, and as many by chance.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose each row is.
        seed: of the chance.

    Raises:
        FaceguardError: nobody has two photos, or there is one person only.
    """
    who = np.asarray(person)
    people = [np.flatnonzero(who == name) for name in np.unique(who)]
    own = [tuple(rows[i] for i in np.triu_indices(len(rows), 1)) for rows in people if len(rows) > 1]
    if not own or len(people) < 2:
        raise FaceguardError("A comparison is learned from people with two photos, and from at least two people.")
    near = [_nearest_others(matrix, who, row) for row in range(len(who))]
    near_first = np.repeat(np.arange(len(who)), [len(rows) for rows in near])
    chance_first, chance_second = others_by_chance(who, len(near_first), seed)
    first = [np.concatenate([a for a, _ in own]), near_first, chance_first]
    second = [np.concatenate([b for _, b in own]), np.concatenate(near), chance_second]
    same = np.zeros(sum(map(len, first)), np.bool_)
    same[: len(first[0])] = True
    return LabelledPairs(np.concatenate(first), np.concatenate(second), same, len(same) - len(chance_first))


def others_by_chance(person: ArrayLike, count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of about ``count`` pairs of two people, each pair drawn evenly from all of them."""
    who, chance = np.asarray(person), np.random.default_rng(seed)
    first, second = chance.integers(len(who), size=(2, count))
    apart = who[first] != who[second]
    return first[apart], second[apart]


def _nearest_others(matrix: NDArray[np.float32], who: NDArray[np.generic], row: int) -> NDArray[np.int64]:
    others = np.flatnonzero(who != who[row])
    count = min(NEAREST, len(others))
    found: NDArray[np.int64] = others[np.argpartition(-(matrix[others] @ matrix[row]), count - 1)[:count]]
    return found


def learn_head(
    kind: HeadKind,
    matrix: NDArray[np.float32],
    pairs: LabelledPairs,
    encoder_id: EncoderId,
    strength: float = STRENGTH,
) -> SimilarityHead:
    """Fits the weights, none of them above 0.

    A value whose weight comes out positive is left out and the others are fitted again without it, until none does:
    scikit-learn's regression knows no bounds. A value is left out at most once, so this ends.

    Args:
        kind: which form.
        matrix: (n, D) unit rows.
        pairs: of its rows.
        encoder_id: what made the rows.
        strength: see ``STRENGTH``.

    Raises:
        FaceguardError: nothing in the differences speaks against one person, or too much does.
    """
    seen = differences(kind, matrix[pairs.first], matrix[pairs.second])
    scaler = StandardScaler().fit(seen)
    scaled, weights = scaler.transform(seen), np.zeros(seen.shape[1])
    left = np.flatnonzero(np.ptp(seen, axis=0) > 0.0)
    while left.size:
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
        model.fit(scaled[:, left], pairs.same)
        found = model.coef_[0] / scaler.scale_[left]
        if (found <= 0.0).all():
            weights[left] = found
            break
        left = left[found <= 0.0]
    if not weights.any():
        raise FaceguardError("Nothing in these pairs tells one person from two: no comparison was learned.")
    slope, bias = likelihood(seen @ weights, pairs)
    try:
        return SimilarityHead(kind, encoder_id, slope * weights, bias)
    except ValueError as error:
        raise FaceguardError(f"No comparison was learned that could be used: {error}.") from error


def likelihood(score: ArrayLike, pairs: LabelledPairs) -> tuple[float, float]:
    """Slope and offset that make an LLR of a score: ``slope * score + offset``.

    Where the pairs fall into two without a mistake a regression would be sure beyond all measure. So of n pairs of a
    class one is counted for the other one (J. Platt, "Probabilistic outputs for support vector machines", 1999).

    Args:
        score: (n,) of the pairs; of those of two people only the ones by chance are looked at.
        pairs: what they are.
    """
    usual = pairs.same.copy()
    usual[pairs.chance_from :] = True
    values, same = np.asarray(score, np.float64)[usual], pairs.same[usual]
    spread = float(values.std()) or 1.0
    # every pair once as what it is and, with little weight, once as what it is not
    count = np.where(same, same.sum(), (~same).sum()).astype(np.float64)
    weights = np.concatenate([(count + 1.0) / (count + 2.0), 1.0 / (count + 2.0)]) * np.tile(same.size / count, 2)
    model = LogisticRegression(C=np.inf, max_iter=1000)
    model.fit(np.tile(values / spread, 2)[:, np.newaxis], np.concatenate([same, ~same]), weights)
    return float(model.coef_[0, 0]) / spread, float(model.intercept_[0])
