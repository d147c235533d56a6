"""Error rates from distances: FMR, FNMR, thresholds, accuracy, confidence bounds.

Words and definitions: ISO/IEC 19795-1:2021. A *genuine* comparison is one of two samples of the same person, an
*impostor* comparison one of two persons. Distances are dissimilarities, ``d <= tau`` accepts, and ties accept too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.score import MAX_DISTANCE

FOLDS: Final = 10
CONFIDENCE: Final = 0.95
RULE_OF_30: Final = 30
"""Errors that must have been seen for a rate to be within 30 % of the true one at 90 % confidence, were the trials
independent (G. R. Doddington et al., Speech Communication 31, 2000; ISO/IEC 19795-1)."""


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """What one threshold does.

    Attributes:
        fmr: the false match rate that was asked for.
        tau: the greatest threshold that keeps it.
        tpr: 1 - FNMR, over the comparisons that were made.
        false_matches: impostor comparisons accepted.
        n_genuine, n_impostor: comparisons made.
    """

    fmr: float
    tau: float
    tpr: float
    false_matches: int
    n_genuine: int
    n_impostor: int

    @property
    def tpr_bounds(self) -> tuple[float, float]:
        """95 % Clopper-Pearson interval of the TPR, as if the comparisons were independent."""
        return clopper_pearson(round(self.tpr * self.n_genuine), self.n_genuine)

    @property
    def fmr_bounds(self) -> tuple[float, float]:
        """The same for the FMR."""
        return clopper_pearson(self.false_matches, self.n_impostor)

    @property
    def fmr_below(self) -> float | None:
        """Where no false match was seen, the FMR that the rule of three leaves; else None."""
        return rule_of_three(self.n_impostor) if self.false_matches == 0 else None

    @property
    def few_errors(self) -> bool:
        """Fewer false matches than the rule of 30 asks for."""
        return self.false_matches < RULE_OF_30


class Comparisons:
    """All distances of one measurement, sorted once; every rate is a count in them.

    Args:
        genuine, impostor: distances in [0, 4] of the comparisons that were made, any order; an ascending array is
            kept as it is, another one is copied.

    Raises:
        ValueError: one of the two is empty, or a distance is out of range or not a number.
    """

    def __init__(self, genuine: ArrayLike, impostor: ArrayLike) -> None:
        self.genuine = _sorted(genuine, "genuine")
        self.impostor = _sorted(impostor, "impostor")

    def fmr(self, tau: float) -> float:
        """Share of the impostor comparisons with ``d <= tau``."""
        return _accepted(self.impostor, tau) / self.impostor.size

    def fnmr(self, tau: float) -> float:
        """Share of the genuine comparisons with ``d > tau``."""
        return 1.0 - self.tpr(tau)

    def tpr(self, tau: float) -> float:
        """1 - FNMR."""
        return _accepted(self.genuine, tau) / self.genuine.size

    def tau_at_fmr(self, fmr: float) -> float:
        """The greatest tau whose FMR is at most ``fmr``.

        With n impostor distances sorted ascending and k the greatest count with k / n <= fmr, every tau below the
        (k+1)-th distance accepts at most k of them, and that distance itself accepts more. So it is the number just
        before it. Distances that are equal there are all left out: the rate is kept, never rounded up.
        """
        return greatest_tau(self.impostor, fmr)

    def point(self, fmr: float) -> MeasuredPoint | None:
        """The operating point at a target FMR; None where the data cannot show so small a rate (n * fmr < 1)."""
        if self.impostor.size * fmr < 1.0:
            return None
        tau = self.tau_at_fmr(fmr)
        return MeasuredPoint(
            fmr,
            tau,
            self.tpr(tau),
            _accepted(self.impostor, tau),
            int(self.genuine.size),
            int(self.impostor.size),
        )

    def points(self, rates: Sequence[float]) -> tuple[MeasuredPoint, ...]:
        """The operating points that the data can show, greatest FMR first."""
        found = (self.point(rate) for rate in sorted(set(rates), reverse=True))
        return tuple(point for point in found if point is not None)


def greatest_tau(ascending: NDArray[np.floating], rate: float) -> float:
    """The greatest tau that accepts at most the share ``rate`` of these distances; see ``Comparisons.tau_at_fmr``.

    Args:
        ascending: (n,) distances, sorted.
        rate: in [0, 1].

    Returns:
        tau in [0, 4]; 0 when even a distance of 0 would be one too many.
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError("a rate lies in [0, 1]")
    n = int(ascending.size)
    allowed = min(n, math.floor(rate * n))
    # rate * n is rounded; the rate itself decides
    while allowed < n and (allowed + 1) / n <= rate:
        allowed += 1
    while allowed > 0 and allowed / n > rate:
        allowed -= 1
    if allowed == n:
        return MAX_DISTANCE
    return max(0.0, float(np.nextafter(float(ascending[allowed]), -math.inf)))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """10-fold accuracy.

    Attributes:
        mean: over the folds.
        standard_error: of that mean, from the spread of the folds.
        folds: of each fold.
        taus: the threshold that was used in each fold, chosen on the other nine.
    """

    mean: float
    standard_error: float
    folds: tuple[float, ...]
    taus: tuple[float, ...]


def accuracy(genuine: ArrayLike, impostor: ArrayLike, folds: int = FOLDS) -> Accuracy:
    """Share of right answers to "the same person?", with a threshold that never saw the pairs it judges.

    The protocol of Labeled Faces in the Wild, view 2 (G. B. Huang et al., Technical Report 07-49, 2007): the i-th
    pair of each class belongs to fold i mod ``folds``. For each fold the smallest tau with the most right answers
    on the other folds is used.

    Args:
        genuine, impostor: distances in the order of the list of pairs. Infinity for a pair of which a photo gave no
            embedding: the answer to it is "not the same".

    Raises:
        ValueError: fewer pairs of a class than folds, or NaN.
    """
    same, different = np.asarray(genuine, np.float64).reshape(-1), np.asarray(impostor, np.float64).reshape(-1)
    if min(same.size, different.size) < folds:
        raise ValueError(f"{folds} folds need at least {folds} pairs of each class")
    return accuracy_by_fold(same, different, np.arange(same.size) % folds, np.arange(different.size) % folds)


def accuracy_by_fold(
    genuine: ArrayLike, impostor: ArrayLike, genuine_fold: ArrayLike, impostor_fold: ArrayLike
) -> Accuracy:
    """``accuracy`` where the list itself says to which fold each pair belongs.

    Args:
        genuine, impostor: distances. Infinity is never accepted, minus infinity always is: the first as a genuine and
            the second as an impostor distance make a wrong answer whatever tau.
        genuine_fold, impostor_fold: of each pair, any whole numbers; two folds or more, each with pairs.

    Raises:
        ValueError: one fold only, or NaN.
    """
    same, different = np.asarray(genuine, np.float64).reshape(-1), np.asarray(impostor, np.float64).reshape(-1)
    same_fold, different_fold = np.asarray(genuine_fold), np.asarray(impostor_fold)
    if np.isnan(same).any() or np.isnan(different).any():
        raise ValueError("a distance is not a number")
    folds = np.union1d(same_fold, different_fold)
    if folds.size < 2:
        raise ValueError("a threshold that never saw its pairs needs two folds")
    shares, taus = [], []
    for fold in folds:
        tau = _best_tau(np.sort(same[same_fold != fold]), np.sort(different[different_fold != fold]))
        held_same, held_different = same[same_fold == fold], different[different_fold == fold]
        right = np.count_nonzero(held_same <= tau) + np.count_nonzero(held_different > tau)
        shares.append(right / (held_same.size + held_different.size))
        taus.append(tau)
    return Accuracy(
        float(np.mean(shares)), float(np.std(shares, ddof=1) / math.sqrt(folds.size)), tuple(shares), tuple(taus)
    )


def clopper_pearson(errors: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided interval of a rate (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934).

    It holds for independent trials. Comparisons that share people are not independent: the true interval is wider.

    Args:
        errors: trials that went the counted way.
        trials: all of them, at least one.
        confidence: in (0, 1).
    """
    if not 0 <= errors <= trials or trials < 1:
        raise ValueError("between none and all of at least one trial")
    from scipy.special import betaincinv  # takes a tenth of a second to load, and only reports need it

    tail = (1.0 - confidence) / 2.0
    low = 0.0 if errors == 0 else float(betaincinv(errors, trials - errors + 1, tail))
    high = 1.0 if errors == trials else float(betaincinv(errors + 1, trials - errors, 1.0 - tail))
    return low, high


def rule_of_three(trials: int) -> float:
    """Upper 95 % bound of a rate of which not one error was seen in so many independent trials: 3 / n.

    One-sided (J. A. Hanley, A. Lippman-Hand, JAMA 249, 1983; ISO/IEC 19795-1); the exact bound, 1 - 0.05^(1/n), is
    smaller by a little.
    """
    if trials < 1:
        raise ValueError("at least one trial")
    return min(1.0, 3.0 / trials)


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, with the exact (Clopper-Pearson) interval."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """k / n, 0 without trials."""
        return self.k / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        return clopper_pearson(self.k, self.n) if self.n else (0.0, 1.0)

    @property
    def below(self) -> float | None:
        """The bound of the rule of three where nothing was seen in at least one trial; else None."""
        return rule_of_three(self.n) if self.n and not self.k else None

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.k}/{self.n} = {100 * self.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def fpir(fmr: float, subjects: int, templates: int = 1) -> float:
    """False positive identification rate of a search that compares with everybody: 1 - (1 - FMR)^(K T).

    A law for independent comparisons (J. Daugman, Proceedings of the IEEE 94(11), 2006); a measured one is better.

    Args:
        fmr: of one comparison.
        subjects: K, people in the gallery.
        templates: T, per person.
    """
    return -math.expm1(subjects * templates * math.log1p(-fmr)) if fmr < 1.0 else 1.0


def fmr_for_fpir(rate: float, subjects: int, templates: int = 1) -> float:
    """The FMR of one comparison that gives this FPIR: the inverse of ``fpir``."""
    return -math.expm1(math.log1p(-rate) / (subjects * templates))


def bootstrap_by_person(
    accepted: ArrayLike, compared: ArrayLike, *, resamples: int = 1000, confidence: float = CONFIDENCE, seed: int = 1
) -> tuple[float, float]:
    """Interval of a rate whose trials share people: whole people are drawn again, with all their trials.

    Percentile bootstrap (B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993), as ISO/IEC 19795-1
    recommends for trials that are not independent.

    Args:
        accepted, compared: of each person, trials that were accepted and all trials.
    """
    won, all_ = np.asarray(accepted, np.float64), np.asarray(compared, np.float64)
    if won.shape != all_.shape or won.ndim != 1 or all_.sum() <= 0:
        raise ValueError("one count for each person, and at least one trial")
    chance = np.random.default_rng(seed)
    rates = np.empty(resamples)
    for i in range(resamples):
        weight = np.bincount(chance.integers(won.size, size=won.size), minlength=won.size)
        total = weight @ all_
        rates[i] = weight @ won / total if total else np.nan
    tail = (1.0 - confidence) / 2.0
    low, high = np.nanquantile(rates, [tail, 1.0 - tail])
    return float(low), float(high)


def rate_key(rate: float) -> str:
    """``1e-05`` -> ``"0.00001"``."""
    return f"{rate:.12f}".rstrip("0")


def _sorted(distances: ArrayLike, name: str) -> NDArray[np.floating]:
    values = np.asarray(distances)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    values = values.reshape(-1)
    if not (values[:-1] <= values[1:]).all():  # all pairs come sorted, and are too many to be held twice
        values = np.sort(values)
    if not values.size:
        raise ValueError(f"there is no {name} comparison")
    if not (values[0] >= 0.0 and values[-1] <= MAX_DISTANCE):  # NaN sorts last
        raise ValueError(f"{name} distances lie in [0, 4]")
    return values


def _accepted(ascending: NDArray[np.floating], tau: float) -> int:
    """How many distances are at most tau; compared in float64, so that a float32 distance is not rounded onto tau."""
    place = int(np.searchsorted(ascending, ascending.dtype.type(tau), side="right"))
    while place > 0 and float(ascending[place - 1]) > tau:
        place -= 1
    while place < ascending.size and float(ascending[place]) <= tau:
        place += 1
    return place


def _best_tau(same: NDArray[np.float64], different: NDArray[np.float64]) -> float:
    """The smallest tau with the most right answers; both ascending. -1 accepts nothing."""
    candidates = np.concatenate([[-1.0], np.unique(np.concatenate([same, different]))])
    candidates = candidates[np.isfinite(candidates)]
    right = np.searchsorted(same, candidates, side="right") - np.searchsorted(different, candidates, side="right")
    return float(candidates[int(np.argmax(right))])
