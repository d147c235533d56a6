"""How things move: eased from one value to the next, and never quite still."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

_TWO_PI: Final = 2 * math.pi


class EasedValue:
    """A value that goes to its target along the path of least jerk, from wherever and however fast it moves now.

    Source: T. Flash, N. Hogan, "The coordination of arm movements", J. Neuroscience 5 (1985): a quintic in time.
    """

    def __init__(self, value: float) -> None:
        self._coefficients = np.array([value, 0.0, 0.0, 0.0, 0.0, 0.0])
        self._start_s = 0.0
        self._duration_s = 0.0
        self._target = value

    def go(self, target: float, now_s: float, duration_s: float) -> None:
        """Sets out for ``target`` at ``now_s`` and arrives, at rest, ``duration_s`` later."""
        if duration_s <= 0:
            raise ValueError("a movement takes time")
        position, speed, force = self._state(now_s)
        p, v, a = position, speed * duration_s, force * duration_s**2  # in units of the movement's duration
        gap = target - p
        self._coefficients = np.array(
            [p, v, a / 2, 10 * gap - 6 * v - 1.5 * a, -15 * gap + 8 * v + 1.5 * a, 6 * gap - 3 * v - 0.5 * a]
        )
        self._start_s, self._duration_s, self._target = now_s, duration_s, target

    def at(self, now_s: float) -> float:
        """The value at ``now_s``."""
        return self._state(now_s)[0]

    def _state(self, now_s: float) -> tuple[float, float, float]:
        """Value, its first and its second derivative by time."""
        if self._duration_s == 0 or now_s >= self._start_s + self._duration_s:
            return self._target, 0.0, 0.0
        s = max(0.0, (now_s - self._start_s) / self._duration_s)
        path = np.polynomial.Polynomial(self._coefficients)
        speed = path.deriv()
        return (
            float(path(s)),
            float(speed(s)) / self._duration_s,
            float(speed.deriv()(s)) / self._duration_s**2,
        )


class Sway:
    """Smooth aimless movement around zero: three slow sine waves with random phase.

    Args:
        amplitude: rough size of the excursions, in whatever unit the caller moves.
        period_s: of the slowest wave.
        rng: gives the phases.
    """

    def __init__(self, amplitude: float, period_s: float, rng: np.random.Generator) -> None:
        self._waves = [
            (amplitude * share, _TWO_PI / (period_s * factor), float(rng.uniform(0, _TWO_PI)))
            for share, factor in ((0.6, 1.0), (0.3, 0.43), (0.1, 0.17))
        ]

    def at(self, now_s: float) -> float:
        """The excursion at ``now_s``."""
        return sum(size * math.sin(rate * now_s + phase) for size, rate, phase in self._waves)


def ease(share: float) -> float:
    """Least-jerk path from 0 to 1 for a share of the time from 0 to 1."""
    s = min(1.0, max(0.0, share))
    return s * s * s * (10 - 15 * s + 6 * s * s)
