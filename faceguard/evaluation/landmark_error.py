"""How far landmarks lie from those of a reference, and how much they shake from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEADY: float = float(np.sqrt(6.0))
"""Standard deviation of x[t-1] - 2 x[t] + x[t+1] for independent noise of standard deviation 1."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Distances of single points, in eye distances.

    Attributes:
        median, p95: of all points of all faces.
        n: faces.
    """

    median: float
    p95: float
    n: int

    @classmethod
    def of(cls, distances: list[NDArray[np.floating]]) -> Spread:
        """From (5,) distances of each face; no face gives NaN."""
        if not distances:
            return cls(float("nan"), float("nan"), 0)
        flat = np.concatenate(distances)
        return cls(float(np.median(flat)), float(np.quantile(flat, 0.95)), len(distances))


def distances(points: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of each point, in eye distances of ``others``; of a head in profile in mean distances from the centre.

    Args:
        points, others: (5, 2) in the order of ``LANDMARK_NAMES``, in pixels.

    Returns:
        (5,).
    """
    theirs = np.asarray(others, np.float64)
    eyes = float(np.linalg.norm(theirs[1] - theirs[0]))
    spread = float(np.linalg.norm(theirs - theirs.mean(axis=0), axis=1).mean())
    return np.asarray(np.linalg.norm(np.asarray(points, np.float64) - theirs, axis=1) / max(eyes, spread))


def shaking(track: NDArray[np.floating]) -> list[NDArray[np.float64]]:
    """How much the points of one moving face shake: what an even motion does not explain.

    |x[t-1] - 2 x[t] + x[t+1]| / sqrt(6), which for independent noise is the length of its own deviation, in mean eye
    distances.

    Args:
        track: (T, 5, 2) of consecutive frames, in pixels.

    Returns:
        T - 2 arrays (5,).
    """
    points = np.asarray(track, np.float64)
    if len(points) < 3:
        return []
    eyes = float(np.linalg.norm(points[:, 1] - points[:, 0], axis=1).mean())
    apart = np.linalg.norm(points[:-2] - 2 * points[1:-1] + points[2:], axis=2) / (_STEADY * eyes)
    return list(apart)
