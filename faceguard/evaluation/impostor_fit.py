"""Fits the impostor model of an encoder's card, and checks its tail on people who had no part in the fit.

1. Every photo is compared with every photo of everybody else. A pair of people weighs the same whatever number of
   photos it has, so that the famous do not speak for all.
2. The body is a table of quantiles.
3. The tail below the last knot is a generalised Pareto distribution, fitted by probability-weighted moments (J. R. M.
   Hosking, J. R. Wallis, Technometrics 29(3), 1987), which need no search and do well with shapes near 0.
4. The check: fitted on half of the people, its FMR is compared with the share of the other half's comparisons, at the
   distances where that half shows 1e-2 to 1e-5; and with the halves changed over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.impostor import ImpostorModel, TailCheck
from faceguard.domain.score import MAX_DISTANCE
from faceguard.domain.similarity import SimilarityHead
from faceguard.evaluation.comparison import distances
from faceguard.evaluation.error_rates import RULE_OF_30
from faceguard.evaluation.open_set import halves

BODY: Final = (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.003, 0.001)
"""FMR of the knots, down to the last one that enough pairs of people show."""
TAIL_FROM: Final = 0.01
"""The tail begins at this FMR or below."""
TAIL_PAIRS: Final = 100
"""Pairs of people on which a tail is fitted; at ``TAIL_FROM`` 30 will do."""
CHECKED: Final = (1e-2, 1e-3, 1e-4, 1e-5)
BIN: Final = 1e-4
"""Distances are counted in steps of this."""
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class PairsOfPeople:
    """Comparisons of different people, all pairs of people weighing the same.

    Attributes:
        share: (bins + 1,) float64, FMR at 0, 1e-4, 2e-4, ... 4.
        nearest: (P, P) float32, smallest distance of each pair of people; infinite on the diagonal.
        people, photos: compared.
    """

    share: NDArray[np.float64]
    nearest: NDArray[np.float32]
    people: int
    photos: int

    @property
    def pairs(self) -> int:
        """Pairs of people."""
        return self.people * (self.people - 1) // 2

    def fmr(self, d: float) -> float:
        """Observed share within d, to a step of 1e-4."""
        return float(self.share[min(self.share.size - 1, max(0, math.floor(d / BIN + 1e-6)))])

    def distance_at(self, fmr: float) -> float:
        """The greatest step whose share is at most ``fmr``."""
        return max(0, int(np.searchsorted(self.share, fmr, side="right")) - 1) * BIN

    def pairs_within(self, d: float) -> int:
        """Pairs of people with a comparison within d."""
        return int(np.count_nonzero(np.triu(self.nearest <= d, 1)))


def compare_people(matrix: NDArray[np.float32], person: ArrayLike, head: SimilarityHead | None = None) -> PairsOfPeople:
    """Every photo against every photo of everybody else.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        head: compares them; None is the squared distance.

    Raises:
        ValueError: fewer than two people.
    """
    _, place, counts = np.unique(np.asarray(person, np.int64), return_inverse=True, return_counts=True)
    people = counts.size
    if people < 2:
        raise ValueError("two people at least are compared")
    order = np.argsort(place, kind="stable")
    rows, place = matrix[order], place[order]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    bins = round(MAX_DISTANCE / BIN)
    counted = np.zeros(bins + 2)
    nearest = np.full((people, people), np.inf, np.float32)
    for start in range(0, len(rows), _BLOCK):
        mine = place[start : start + _BLOCK]
        d = distances(rows[start : start + _BLOCK], rows, head)
        other = mine[:, np.newaxis] != place
        weight = 1.0 / (counts[mine][:, np.newaxis] * counts[place])
        # a step holds what is greater than the one before: ties at the step itself are within it
        step = np.ceil(d[other].astype(np.float64) / BIN - 1e-6).astype(np.int64)
        counted += np.bincount(step, weight[other], bins + 2)[: bins + 2]
        d[~other] = np.inf
        np.minimum.at(nearest, mine, np.minimum.reduceat(d, starts, axis=1))
    share = np.cumsum(counted)[: bins + 1] / counted.sum()
    return PairsOfPeople(share, nearest, people, len(rows))


def fit_impostor_model(
    matrix: NDArray[np.float32],
    person: ArrayLike,
    data_set: str,
    seed: int = 1,
    head: SimilarityHead | None = None,
) -> ImpostorModel:
    """The model of all these people, with its tail checked on halves of them.

    Args:
        matrix: (n, D) unit rows.
        person: (n,) whose photo each row is.
        data_set: what they are, and through which detector and mirror setting.
        seed: of the split.
        head: compares them; None is the squared distance.

    Raises:
        ValueError: too few people to fit a tail.
    """
    who = np.asarray(person, np.int64)
    model = fit(compare_people(matrix, who, head), data_set)
    one, other = (compare_people(matrix[rows], who[rows], head) for rows in halves(who, seed))
    return replace(model, checks=check_tail(one, other))


def enough(found: PairsOfPeople) -> bool:
    """Are there 30 pairs of people where the tail begins, at the latest?"""
    return found.pairs_within(found.distance_at(TAIL_FROM)) >= RULE_OF_30


def check_tail(one: PairsOfPeople, other: PairsOfPeople) -> tuple[TailCheck, ...]:
    """Predicted over observed, each half fitted and the other one counted; where too few pairs were seen, no check."""
    if not (enough(one) and enough(other)):
        return ()
    fitted = [(fit(one, "one half"), other), (fit(other, "the other"), one)]
    checks: list[TailCheck] = []
    for target in CHECKED:
        ratios, pairs = [], 0
        for model, counted in fitted:
            d = counted.distance_at(target)
            observed = counted.fmr(d)
            if observed > 0.0:
                ratios.append(float(f"{model.fmr(d) / observed:.4g}"))
                pairs += counted.pairs_within(d)
        if len(ratios) == len(fitted):
            checks.append(TailCheck(target, ratios[0], ratios[1], pairs))
    return tuple(checks)


def fit(found: PairsOfPeople, data_set: str) -> ImpostorModel:
    """Body and tail of the comparisons made.

    Raises:
        ValueError: too few people to fit the tail.
    """
    levels = [fmr for fmr in BODY if fmr >= TAIL_FROM]
    levels += [fmr for fmr in BODY[len(levels) :] if found.pairs_within(found.distance_at(fmr)) >= TAIL_PAIRS]
    if not enough(found):
        raise ValueError(
            f"too few people for an impostor model: {RULE_OF_30} pairs of them within the distance of "
            f"FMR {TAIL_FROM:g} are needed, which takes about 80 people; these are {found.people}"
        )
    steps = [found.distance_at(fmr) for fmr in levels]
    knots = tuple((round(d, 4), float(f"{found.fmr(d):.5g}")) for d in steps)
    end, share = knots[-1][0], found.fmr(steps[-1])
    step = round(end / BIN)
    # ascending shortfalls u - d of the steps below u, each from the middle of its step
    mass = np.diff(found.share[: step + 1], prepend=0.0)[::-1]
    short = np.maximum(0.0, (np.arange(step + 1) - 0.5)) * BIN
    below = np.cumsum(mass) - mass / 2
    first = float((mass * short).sum() / share)
    second = float((mass * short * (1.0 - below / share)).sum() / share)
    shape = 2.0 - first / (first - 2.0 * second)
    scale = 2.0 * first * second / (first - 2.0 * second)
    return ImpostorModel(
        knots,
        float(f"{scale:.5g}"),
        float(f"{shape:.4g}"),
        _spread(found),
        found.people,
        found.photos,
        found.pairs,
        data_set,
    )


def _spread(found: PairsOfPeople) -> tuple[tuple[float, float], ...]:
    """Relative variance of a person's own FMR, less what chance makes of it, by the nearest photos of each pair.

    Of P people with k_i pairs within d each, ``sum k_i (k_i - 1)`` estimates P (P - 1)(P - 2) E[p^2] without bias.
    """
    rows = []
    for fmr in CHECKED:
        degree = np.count_nonzero(found.nearest <= found.distance_at(fmr), axis=1).astype(np.float64)
        mean = degree.sum() / (found.people * (found.people - 1))
        if degree.sum() < 2 * RULE_OF_30:
            break
        square = (degree * (degree - 1)).sum() / (found.people * (found.people - 1) * (found.people - 2))
        rows.append((fmr, float(f"{max(0.0, square / mean**2 - 1.0):.3g}")))
    return tuple(rows)
