"""How often two strangers lie within a distance: a fitted distribution of an encoder, in few numbers and of nobody.

It speaks for galleries that have no strangers of their own to be measured with, and claims no more than the people it
was fitted on: their cameras, their light, their population.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from faceguard.domain.score import MAX_DISTANCE

MOST_SPREAD: Final = 1e6
MOST_PEOPLE: Final = 10**9
LEAST_FMR: Final = 1e-9
"""The model never says "none": below its tail's end lie twins, photos of one person under two names, and luck."""


@dataclass(frozen=True, slots=True)
class TailCheck:
    """The tail, fitted on half of the people, beside what the other half shows.

    Attributes:
        fmr: that was observed at a distance, in (0, 1).
        ratio: predicted over observed there; above 1 the model is cautious.
        ratio_back: the same with the halves changed over.
        pairs: pairs of people of both halves within that distance; few make the ratios a matter of luck.
    """

    fmr: float
    ratio: float
    ratio_back: float
    pairs: int

    def __post_init__(self) -> None:
        ratios = (self.ratio, self.ratio_back)
        if not (0.0 < self.fmr < 1.0 and all(math.isfinite(r) and r > 0.0 for r in ratios) and self.pairs >= 1):
            raise ValueError("a tail check has an FMR in (0, 1), positive ratios and at least one pair of people")

    @property
    def off(self) -> float:
        """Greater of the two errors, as a natural logarithm; 0 is right."""
        return max(abs(math.log(self.ratio)), abs(math.log(self.ratio_back)))


@dataclass(frozen=True, slots=True)
class ImpostorModel:
    """FMR(d) of single comparisons of two people, one photo each.

    Body: log FMR is linear between the knots. Tail: with u the last knot and p its FMR, the shortfall u - d of those
    below u has a generalised Pareto distribution (J. Pickands, Annals of Statistics 3(1), 1975), so
    ``FMR(d) = p * (1 + shape * (u - d) / scale) ** (-1 / shape)``, which for shape 0 is ``p * exp(-(u - d) / scale)``.

    Attributes:
        knots: (d, FMR), both strictly descending, at least two.
        scale: of the tail, > 0.
        shape: of the tail, in (-1, 1); below 0 the tail ends at ``u + scale / shape``.
        spread: (FMR, relative variance of one enrolled person's own FMR), FMR descending: whoever resembles many.
        checks: of the tail, FMR descending; empty when it was not checked.
        people, photos, pairs: that it was fitted on; ``pairs`` of people.
        data_set: and through which detector and mirror setting.

    Raises:
        ValueError: what is not a distribution.
    """

    knots: tuple[tuple[float, float], ...]
    scale: float
    shape: float
    spread: tuple[tuple[float, float], ...]
    people: int
    photos: int
    pairs: int
    data_set: str
    checks: tuple[TailCheck, ...] = ()

    def __post_init__(self) -> None:
        _require_descending(self.knots, "knots", 2)
        _require_descending(self.spread, "spread", 1, values_descend=False)
        if not all(0.0 < d <= MAX_DISTANCE and LEAST_FMR <= fmr <= 1.0 for d, fmr in self.knots):
            raise ValueError("a knot has a distance in (0, 4] and an FMR in [1e-9, 1]")
        if not all(0.0 < fmr <= 1.0 and 0.0 <= spread <= MOST_SPREAD for fmr, spread in self.spread):
            raise ValueError("a spread has an FMR in (0, 1] and a variance from 0 to a million")
        if not (math.isfinite(self.scale) and self.scale > 0.0 and -1.0 < self.shape < 1.0):
            raise ValueError("the tail's scale is positive and its shape lies between -1 and 1")
        if [c.fmr for c in self.checks] != sorted((c.fmr for c in self.checks), reverse=True):
            raise ValueError("the checks of the tail are sorted, greatest FMR first")
        if min(self.people, self.photos) < 2 or self.pairs < 1 or not self.data_set:
            raise ValueError("an impostor model names its people, photos, pairs and data set")
        if self.people > MOST_PEOPLE or self.pairs > self.people * (self.people - 1) // 2:
            raise ValueError("an impostor model has no more pairs of people than its people make")

    @property
    def measured_to(self) -> float:
        """The smallest FMR that the people it was fitted on can show (one pair of them); below it is extrapolation."""
        return 1.0 / self.pairs

    def fmr(self, d: float) -> float:
        """Share of strangers' comparisons within d.

        Args:
            d: in [0, 4].

        Raises:
            ValueError: out of range or not a number.
        """
        if not 0.0 <= d <= MAX_DISTANCE:
            raise ValueError("a distance lies in [0, 4]")
        end, share = self.knots[-1]
        if d <= end:
            return max(LEAST_FMR, share * self._tail(end - d))
        if d >= self.knots[0][0]:
            return 1.0
        for (far, high), (near, low) in pairwise(self.knots):
            if d >= near:
                part = (d - near) / (far - near)
                return math.exp(math.log(low) + part * (math.log(high) - math.log(low)))
        raise AssertionError("knots descend")

    def tau_at(self, fmr: float) -> float:
        """The greatest tau, to 1e-6 and on the safe side, whose FMR is at most ``fmr``; 0 where none is small enough.

        Raises:
            ValueError: the rate does not lie in (0, 1).
        """
        if not 0.0 < fmr < 1.0:
            raise ValueError("an FMR lies between 0 and 1")
        low, high = 0.0, MAX_DISTANCE
        if self.fmr(low) > fmr:
            return 0.0
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (middle, high) if self.fmr(middle) <= fmr else (low, middle)
        return low

    def spread_at(self, fmr: float) -> float:
        """Relative variance of one person's own FMR, of the nearest FMR at which it was measured (on a log scale)."""
        return min(self.spread, key=lambda row: abs(math.log(row[0]) - math.log(max(fmr, LEAST_FMR))))[1]

    def _tail(self, short: float) -> float:
        """Share of those below the last knot that are ``short`` or more below it."""
        if abs(self.shape) < 1e-9:
            return math.exp(-short / self.scale)
        base = 1.0 + self.shape * short / self.scale
        return 0.0 if base <= 0.0 else math.pow(base, -1.0 / self.shape)


def _require_descending(
    rows: Sequence[tuple[float, float]], name: str, least: int, *, values_descend: bool = True
) -> None:
    """(x, y) rows of finite numbers, x strictly descending, and y too where asked."""
    if len(rows) < least or not all(len(row) == 2 and all(math.isfinite(v) for v in row) for row in rows):
        raise ValueError(f"{name} has at least {least} rows of two finite numbers")
    for one, next_ in pairwise(rows):
        if not one[0] > next_[0] or (values_descend and not one[1] > next_[1]):
            raise ValueError(f"{name} descends")
