"""Searches in a gallery: FPIR, FNIR, what a margin costs, and up to how many people an encoder serves.

A *mated* search is one of somebody who is enrolled, a *non-mated* search one of a stranger (ISO/IEC 19795-1). FPIR is
the share of non-mated searches that name anybody; FNIR the share of mated searches that do not name the right person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.similarity import SimilarityHead
from faceguard.evaluation.comparison import distances
from faceguard.evaluation.error_rates import greatest_tau

MIN_DRAWS: Final = 20
MAX_DRAWS: Final = 2_000
TEMPLATES_DRAWN: Final = 20_000
"""Small galleries are drawn more often than large ones: in a gallery of 25 people the few with many photos decide."""
MAX_MARGIN_COST: Final = 0.005
"""Share of genuine searches that the margin to the runner-up may cost."""
RATED_FPIR: Final = 1e-3
RATED_FNIR: Final = 0.10
MIN_FALSE_POSITIVES: Final = 1
"""False positives that the strangers of one gallery must be able to show, on average, before an FPIR is claimed:
drawing more galleries from the same photos makes no more data."""
_MARGIN_STEP: Final = 0.005


@dataclass(frozen=True, slots=True)
class Searches:
    """Searches in galleries of one size, each with one photo a person, pooled over random galleries.

    Attributes:
        people: K, in each gallery.
        draws: galleries that were drawn.
        mated: (n, 3) distances: to the right person, to the nearest person, to the runner-up (another person).
        right: (n,) the nearest person is the right one.
        strangers: (m, 2) distances: to the nearest person, to the runner-up.
    """

    people: int
    draws: int
    mated: NDArray[np.float64]
    right: NDArray[np.bool_]
    strangers: NDArray[np.float64]

    def fpir(self, tau: float, margin: float = 0.0) -> float:
        """Share of the strangers' searches that name somebody."""
        named = (self.strangers[:, 0] <= tau) & (self.strangers[:, 1] - self.strangers[:, 0] >= margin)
        return float(np.mean(named))

    def fnir(self, tau: float, margin: float = 0.0) -> float:
        """Share of the mated searches that do not name the right person."""
        return 1.0 - float(np.mean(self._named(tau, margin) & self.right))

    def wrong_name(self, tau: float, margin: float = 0.0) -> float:
        """Share of the mated searches that name somebody else."""
        return float(np.mean(self._named(tau, margin) & ~self.right))

    @property
    def rank_one(self) -> float:
        """Share of the mated searches whose nearest person is the right one, whatever the distance."""
        return float(np.mean(self.right))

    def margin_cost(self, tau: float, margin: float) -> float:
        """Share of the mated searches that name the right person without the margin but not with it."""
        return self.fnir(tau, margin) - self.fnir(tau)

    def tau_at_fpir(self, rate: float) -> float | None:
        """The greatest tau that keeps this FPIR; None where the searches are too few to show it."""
        if len(self.strangers) / self.draws * rate < MIN_FALSE_POSITIVES:
            return None
        return greatest_tau(np.sort(self.strangers[:, 0]), rate)

    def greatest_margin(self, tau: float, cost: float = MAX_MARGIN_COST) -> float:
        """The greatest margin, in steps of 0.005, that costs at most this share of the mated searches."""
        steps = np.arange(0.0, 1.0 + _MARGIN_STEP / 2, _MARGIN_STEP)
        return float(max(step for step in steps if self.margin_cost(tau, float(step)) <= cost))

    def _named(self, tau: float, margin: float) -> NDArray[np.bool_]:
        return (self.mated[:, 1] <= tau) & (self.mated[:, 2] - self.mated[:, 1] >= margin)


def search_galleries(
    matrix: NDArray[np.float32],
    person: ArrayLike,
    people: int,
    *,
    draws: int | None = None,
    seed: int = 1,
    head: SimilarityHead | None = None,
) -> Searches:
    """Draw galleries of ``people`` people and search them with everybody's other photos.

    1. ``people`` people are drawn at random; one photo of each, drawn at random, is the template.
    2. Every other photo of theirs is a mated search, every photo of everybody else a non-mated one.
    3. That is repeated with other galleries. The searches of several galleries share photos, so they are not
       independent; repeating takes the chance of one gallery out, it does not make more data.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        people: K, at least 2.
        draws: galleries; None draws 20, and more of small ones.
        seed: of the draws.
        head: compares them; None is the squared distance.

    Raises:
        ValueError: not enough people to draw a gallery and leave a stranger.
    """
    who = np.asarray(person, np.int64)
    everybody = np.unique(who)
    if not 2 <= people < everybody.size:
        raise ValueError(f"a gallery of {people} people cannot be drawn from {everybody.size} and leave a stranger")
    draws = draws or min(MAX_DRAWS, max(MIN_DRAWS, TEMPLATES_DRAWN // people))
    chance = np.random.default_rng(seed)
    mated, right, strangers = [], [], []
    for _ in range(draws):
        enrolled = chance.choice(everybody, people, replace=False)
        shuffled = chance.permutation(who.size)
        # the first photo of each person in a random order
        _, first = np.unique(who[shuffled], return_index=True)
        templates = shuffled[first][np.searchsorted(everybody, enrolled)]
        probes = np.setdiff1d(np.arange(who.size), templates)
        d = distances(matrix[probes], matrix[templates], head).astype(np.float64)
        nearest_two = np.argpartition(d, 1, axis=1)[:, :2]
        two = np.take_along_axis(d, nearest_two, axis=1)
        order = np.argsort(two, axis=1, kind="stable")
        two, nearest = np.take_along_axis(two, order, 1), np.take_along_axis(nearest_two, order, 1)[:, 0]
        mate = np.full(int(everybody.max()) + 1, -1, np.int64)
        mate[enrolled] = np.arange(people)
        place = mate[who[probes]]
        known = place >= 0
        own = d[np.flatnonzero(known), place[known]]
        mated.append(np.column_stack([own, two[known]]))
        right.append(nearest[known] == place[known])
        strangers.append(two[~known])
    return Searches(
        people,
        draws,
        np.concatenate(mated),
        np.concatenate(right),
        np.concatenate(strangers),
    )


@dataclass(frozen=True, slots=True)
class RatedPoint:
    """FNIR at the rated FPIR for one gallery size.

    Attributes:
        people: K.
        tau: at FPIR 1e-3.
        fnir: there.
        mated, strangers: searches.
    """

    people: int
    tau: float
    fnir: float
    mated: int
    strangers: int


def rated_curve(all_searches: Sequence[Searches]) -> tuple[RatedPoint, ...]:
    """FNIR at FPIR 1e-3 by gallery size, as far as the data can show it."""
    points = []
    for searches in sorted(all_searches, key=lambda s: s.people):
        tau = searches.tau_at_fpir(RATED_FPIR)
        if tau is not None and len(searches.mated):
            sizes = len(searches.mated), len(searches.strangers)
            points.append(RatedPoint(searches.people, tau, searches.fnir(tau), *sizes))
    return tuple(points)


def rated_size(curve: Sequence[RatedPoint]) -> int | None:
    """The greatest measured K up to which FNIR stays at most 10 % at FPIR 1e-3; None when the smallest fails."""
    good: int | None = None
    for point in curve:
        if point.fnir > RATED_FNIR:
            break
        good = point.people
    return good
