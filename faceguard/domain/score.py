"""Distance, threshold, candidate: direction, bounds and tie rule live here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MAX_DISTANCE: Final = 4.0
"""Squared L2 between opposite unit vectors."""


def _checked(value: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} is a number, not {type(value).__name__}")
    if not math.isfinite(value) or not 0.0 <= value <= MAX_DISTANCE:
        raise ValueError(f"{name} lies in [0, 4], not {value}")
    return float(value)


@dataclass(frozen=True, slots=True, order=True)
class Distance:
    """d = ||f(a) - f(b)||^2 = 2 - 2 cos over unit vectors, in [0, 4]; smaller is more alike.

    Raises:
        ValueError: NaN, infinite or out of range.
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _checked(self.value, "a distance"))

    def within(self, tau: Threshold) -> bool:
        """``d <= tau``, the only comparison there is; a tie is the same person."""
        return self.value <= tau.value


@dataclass(frozen=True, slots=True, order=True)
class Threshold:
    """tau, in the unit of ``Distance``; greater lets more people in, strangers among them.

    Raises:
        ValueError: NaN, infinite or outside [0, 4].
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _checked(self.value, "tau"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject of the gallery and the smallest distance of the probe to any template of that subject."""

    subject_id: int
    distance: Distance
