"""Strangers who really came to this door, as the desk says: few, and nearer to the truth than any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.score import MAX_DISTANCE
from faceguard.evaluation.calibration import Estimate, Support, by_law
from faceguard.evaluation.error_rates import Share

SAME_SIZE = 1.25
"""A gallery that has grown by no more than a quarter since they came counts as the one that they were searched in."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenStrangers:
    """Each stranger's smallest distance to the gallery of that day.

    Attributes:
        distances: (n,) ascending, one for each person, of whole attempts: both looks are in it.
        searched: people who were enrolled then, on average.
        people: K now.
    """

    distances: NDArray[np.float64]
    searched: float
    people: int

    @classmethod
    def of(cls, strangers: Sequence[tuple[float, int]], people: int) -> SeenStrangers | None:
        """None without any.

        Args:
            strangers: smallest distance and number of people enrolled then, of each.
            people: K now.
        """
        known = [(d, k) for d, k in strangers if 0.0 <= d <= MAX_DISTANCE and k >= 1]
        if not known or people < 1:
            return None
        return cls(np.sort(np.array([d for d, _ in known])), float(np.mean([k for _, k in known])), people)

    def at(self, tau: float) -> Estimate:
        """FPIR of an attempt at tau, carried to the present number of people where that has grown; exact bounds.

        Args:
            tau: ties are within.
        """
        within = int(np.searchsorted(self.distances, tau, side="right"))
        share, times = Share(within, len(self.distances)), self.people / self.searched
        grown = times > SAME_SIZE
        low, value, high = (
            by_law(rate, times) if grown else rate for rate in (share.interval[0], share.value, share.interval[1])
        )
        support = Support.EXTRAPOLATED if grown or not within else Support.MEASURED
        return Estimate(tau, self.people, low, value, high, len(self.distances), within, support)
