"""DET and ROC points and the equal error rate, from the same counts as every other rate.

Words and definitions: ISO/IEC 19795-1:2021. A DET curve shows FNMR over FMR, a ROC curve 1 - FNMR over FMR; both come
from the points here. ``d <= tau`` accepts, ties accept too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.evaluation.error_rates import Comparisons

MOST_POINTS: Final = 400
"""Of each class on a drawn curve, evenly spread over the logarithm of the rate; each lies exactly on the full curve."""


@dataclass(frozen=True, slots=True, eq=False)
class ErrorCurve:
    """What every threshold does.

    Attributes:
        tau: (n,) float64, ascending.
        fmr: (n,) share of the impostor comparisons with d <= tau, rising.
        fnmr: (n,) share of the genuine comparisons with d > tau, falling.
    """

    tau: NDArray[np.float64]
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EqualError:
    """Where FMR and FNMR meet.

    Attributes:
        rate: the equal error rate, in [0, 1].
        tau: the smallest threshold with FMR >= FNMR.
    """

    rate: float
    tau: float


def error_curve(scores: Comparisons, most: int | None = MOST_POINTS) -> ErrorCurve:
    """Points of the DET and ROC curves.

    Rates change at distances that occur and nowhere else, so these are the thresholds.

    Args:
        scores: the comparisons.
        most: points of each class; beyond it only those at ranks evenly spread over their logarithm are taken, counted
            from the end where the class makes errors. None takes all.
    """
    genuine, impostor = scores.genuine, scores.impostor
    if most is not None:
        impostor = impostor[_ranks(impostor.size, most)]
        genuine = genuine[genuine.size - 1 - _ranks(genuine.size, most)]
    tau = np.unique(np.concatenate([genuine, impostor], dtype=np.float64))
    return ErrorCurve(tau, np.array([scores.fmr(t) for t in tau]), np.array([scores.fnmr(t) for t in tau]))


def equal_error(scores: Comparisons) -> EqualError:
    """The equal error rate.

    FMR - FNMR never falls while tau rises, and jumps at distances that occur. At the first of them where it is not
    negative the curve is taken for a straight line between the point just before and the point there; the rate is
    where that line meets FMR = FNMR.
    """

    def crossed(tau: float) -> bool:
        return scores.fmr(tau) >= scores.fnmr(tau)

    firsts = [_first(values, crossed) for values in (scores.genuine, scores.impostor)]
    tau = min(first for first in firsts if first is not None)  # the last impostor distance has crossed at the latest
    before = float(np.nextafter(tau, -1.0))
    (fmr0, fnmr0), (fmr1, fnmr1) = ((scores.fmr(t), scores.fnmr(t)) for t in (before, tau))
    gap0, gap1 = fnmr0 - fmr0, fmr1 - fnmr1
    share = gap0 / (gap0 + gap1) if gap0 + gap1 > 0 else 1.0
    return EqualError(fmr0 + share * (fmr1 - fmr0), tau)


def _first(ascending: NDArray[np.floating], holds: Callable[[float], bool]) -> float | None:
    """The first value from which ``holds`` is true, by bisection; None when it never is."""
    low, high = 0, int(ascending.size)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(float(ascending[middle])) else (middle + 1, high)
    return float(ascending[low]) if low < ascending.size else None


def _ranks(size: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` places in [0, size), dense at the beginning, first and last among them."""
    if size <= most:
        return np.arange(size)
    return np.unique(np.rint(np.geomspace(1, size, most)).astype(np.int64)) - 1
