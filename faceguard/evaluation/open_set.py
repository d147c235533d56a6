"""Galleries and strangers drawn from people with known identities, and whether what was predicted comes true.

Half of the people make the prediction and the other half test it: nobody is in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.similarity import SimilarityHead
from faceguard.evaluation.calibration import Calibration, Estimate, StrangerSearches
from faceguard.evaluation.comparison import BLOCK, distances
from faceguard.evaluation.error_rates import clopper_pearson

MOST_SEARCHES: Final = 3_000_000
"""Small galleries of many people are not all drawn: so many searches tell as much and fit into memory."""
GALLERIES: Final = 20
"""Galleries drawn at least; further ones share so many pairs of people with these that they tell little."""


@dataclass(frozen=True, slots=True)
class OpenSetPoint:
    """One target in galleries of one size: what was predicted on one half of the people and seen on the other.

    Attributes:
        target: FPIR that was asked for.
        people: K.
        predicted: at the tau that was found, with bounds for as many strangers as the test has.
        false_positives: stranger people of the test whose search named somebody.
        n_strangers: stranger people of the test, each with one search.
        misses: mated searches of the test that did not name the right person.
        n_mated: people of the test with a second photo, each with one search.
    """

    target: float
    people: int
    predicted: Estimate
    false_positives: int
    n_strangers: int
    misses: int
    n_mated: int

    @property
    def observed(self) -> float:
        """FPIR of the test."""
        return self.false_positives / self.n_strangers

    @property
    def observed_bounds(self) -> tuple[float, float]:
        """Clopper-Pearson at 95 %, for this gallery: its strangers are independent people with one search each."""
        return clopper_pearson(self.false_positives, self.n_strangers)

    @property
    def fnir(self) -> float | None:
        """Share of the mated searches that miss; None without any."""
        return self.misses / self.n_mated if self.n_mated else None

    @property
    def came_true(self) -> bool:
        """The observed rate lies within the predicted bounds."""
        return self.predicted.low <= self.observed <= self.predicted.high


def halves(person: ArrayLike, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) rows of one half of the people and (n,) rows of the other; the first half has the odd one.

    Args:
        person: (n,) whose photo each row is.
        seed: of the draw.
    """
    who = np.asarray(person, np.int64)
    shuffled = np.random.default_rng([seed, 1]).permutation(np.unique(who))
    first = np.isin(who, shuffled[: (shuffled.size + 1) // 2])
    return first, ~first


def drawn_galleries(matrix: NDArray[np.float32], person: ArrayLike, people: int, seed: int) -> StrangerSearches:
    """Galleries of ``people`` people, one photo each, searched by everybody who is not in them.

    1. Everybody is dealt out at random into as many galleries as there is room for, so that no two of one deal share
       a person; deals are repeated until there are 20 galleries. Each deal draws every person's template anew.
    2. In each gallery every photo of everybody else is a search. A person weighs the same with one photo or many.
    3. One event is a pair of people: with M pairs compared, the rate rests on M / K independent searches.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        people: K, at least 1.
        seed: of the draws.

    Raises:
        ValueError: not enough people to fill a gallery and leave a stranger.
    """
    who = np.asarray(person, np.int64)
    everybody, place = np.unique(who, return_inverse=True)
    count = everybody.size
    if not 1 <= people < count:
        raise ValueError(f"a gallery of {people} people cannot be drawn from {count} and leave a stranger")
    chance = np.random.default_rng([seed, 2])
    each = min(count // people, max(1, MOST_SEARCHES // who.size))
    deals = -(-GALLERIES // each)
    photos = np.bincount(place)
    found: list[tuple[NDArray[Any], ...]] = []
    seats, met = np.zeros(count), np.zeros((count, count), np.bool_)
    for _ in range(deals):
        template = _one_photo_each(place, chance)
        dealt = chance.permutation(count)
        for start in range(0, each * people, people):
            members = np.sort(dealt[start : start + people])
            outside = np.ones(count, np.bool_)
            outside[members] = False
            rows = np.flatnonzero(outside[place])
            d = distances(matrix[rows], matrix[template[members]])
            nearest = d.argmin(axis=1)
            weight = 1.0 / (deals * each * (count - people) * photos[place[rows]])
            found.append((d[np.arange(rows.size), nearest].astype(np.float64), place[rows], members[nearest], weight))
            seats[members] += 1
            met[np.ix_(outside, members)] = True
    distance, stranger, owner, weights = (np.concatenate(column) for column in zip(*found, strict=True))
    pairs = int(np.count_nonzero(np.triu(met | met.T)))
    enrolled = np.flatnonzero(seats)
    return StrangerSearches(
        distance,
        everybody[stranger],
        everybody[owner],
        weights / weights.sum(),
        everybody[enrolled],
        seats[enrolled] / seats.sum(),
        people,
        people / pairs,
    )


def leave_one_out(
    matrix: NDArray[np.float32], subject_ids: ArrayLike, head: SimilarityHead | None = None
) -> StrangerSearches:
    """A gallery against itself: everybody searches among all the others, as a stranger would.

    Each pair of people counts in both directions but is one event, so K people make K / 2 independent searches in
    galleries of K - 1. Relatives work together more often than strangers meet: the rate is a cautious one.

    Args:
        matrix: (T, D) unit rows, all templates.
        subject_ids: (T,) their owners.
        head: compares them; None is the squared distance.

    Raises:
        ValueError: fewer than two people.
    """
    owner = np.asarray(subject_ids, np.int64)
    people, counts = np.unique(owner, return_counts=True)
    if people.size < 2:
        raise ValueError("one person alone has nobody to be compared with")
    nearest, distance = np.empty(owner.size, np.int64), np.empty(owner.size)
    for start in range(0, owner.size, BLOCK):
        rows = slice(start, start + BLOCK)
        d = distances(matrix[rows], matrix, head).astype(np.float64)
        d[owner[rows, np.newaxis] == owner] = np.inf
        nearest[rows] = d.argmin(axis=1)
        distance[rows] = d.min(axis=1)
    size = people.size
    return StrangerSearches(
        distance,
        owner,
        owner[nearest],
        1.0 / (size * counts[np.searchsorted(people, owner)]),
        people,
        np.full(size, 1.0 / size),
        size - 1,
        2.0 / size,
        owner.size / size,
    )


def open_set_test(
    matrix: NDArray[np.float32],
    person: ArrayLike,
    people: int,
    targets: Sequence[float],
    seed: int,
) -> tuple[OpenSetPoint, ...]:
    """Calibrate on one half of the people, test on the other.

    1. The people are split in two; nobody is in both halves.
    2. From the one half galleries of ``people`` people are drawn and searched: tau for each target, and bounds.
    3. From the other half one gallery is drawn, one photo a person. Everybody else searches it once, with one photo
       (false positives).
    4. Everybody of that half with another photo searches it too, once, enrolled there: whoever has no place in it takes
       that of one of its people (misses).

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        people: K.
        targets: FPIR of a search, each in (0, 1).
        seed: of split and draws.

    Raises:
        ValueError: a half has not more than ``people`` people.
    """
    who = np.asarray(person, np.int64)
    first, second = halves(who, seed)
    calibration = Calibration(drawn_galleries(matrix[first], who[first], people, seed), people)
    other, place = np.unique(who[second], return_inverse=True)
    if people >= other.size:
        raise ValueError(f"a gallery of {people} people cannot be drawn from {other.size} and leave a stranger")
    held = matrix[second]
    chance = np.random.default_rng([seed, 3])
    template = _one_photo_each(place, chance)
    probe = _one_photo_each(place, chance, template)
    members = np.sort(chance.permutation(other.size)[:people])
    strangers = np.setdiff1d(np.arange(other.size), members)
    nearest = distances(held[probe[strangers]], held[template[members]]).astype(np.float64).min(axis=1)
    again = np.flatnonzero(probe != template)
    own = ((held[probe[again]].astype(np.float64) - held[template[again]]) ** 2).sum(axis=1)
    others = distances(held[probe[again]], held[template[members]]).astype(np.float64)
    seat = np.searchsorted(members, again)
    seat[~np.isin(again, members)] = people - 1  # whoever has no place takes the last one's
    others[np.arange(again.size), seat] = np.inf
    right = own <= others.min(axis=1)
    points = []
    for target in targets:
        predicted = calibration.tau_at(target, strangers.size)
        points.append(
            OpenSetPoint(
                target,
                people,
                predicted,
                int(np.count_nonzero(nearest <= predicted.tau)),
                int(strangers.size),
                int(again.size - np.count_nonzero(right & (own <= predicted.tau))),
                int(again.size),
            )
        )
    return tuple(points)


def _one_photo_each(
    place: NDArray[np.int64], chance: np.random.Generator, avoid: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """(P,) one row of each person, drawn at random; another one than ``avoid`` where there is another."""
    shuffled = chance.permutation(place.size)
    if avoid is not None:
        last = np.isin(shuffled, avoid)
        shuffled = np.concatenate([shuffled[~last], shuffled[last]])
    _, first = np.unique(place[shuffled], return_index=True)
    return np.asarray(shuffled[first], np.int64)
