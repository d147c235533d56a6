"""Who comes ever nearer to being refused: age, a beard, new glasses.

A person's distances over time are noisy and few. The trend is the median of all slopes between two days (P. K. Sen,
Journal of the American Statistical Association 63, 1968), which one odd day does not move, and it counts only where
Kendall's rank correlation with time is not chance (H. B. Mann, Econometrica 13, 1945). Whoever is refused is not among
the grants, so what is seen creeps less than what is there: this names people early, not all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

import numpy as np

from faceguard.evaluation.genuine import GenuineScore, ScoreOrigin

LEAST_SCORES: Final = 8
NEWEST: Final = 60
"""Scores of one person that are looked at."""
RECENT: Final = 5
"""Their median is where a person stands now."""
SOON: Final = timedelta(days=90)
"""Ahead of which a person is named."""
NARROW: Final = 0.1
"""Share of tau: whoever usually comes within it of tau is often refused by one bad picture."""
CHANCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Drift:
    """One person whose distance has come near tau, or will.

    Attributes:
        subject_id: who.
        recent: median of the newest distances.
        tau: of the search.
        per_month: trend in 30 days; 0 where it may be chance.
        reaches: when the trend reaches tau; None without a trend, or where it is reached already.
        n: scores looked at.
    """

    subject_id: int
    recent: float
    tau: float
    per_month: float
    reaches: datetime | None
    n: int


def drifting(scores: Iterable[GenuineScore], tau: float) -> tuple[Drift, ...]:
    """Everybody who should bring a new photo, the most urgent first.

    Args:
        scores: of one encoder, in any order; pairs of templates are passed over, they say nothing about today.
        tau: of the search, > 0.
    """
    people: dict[int, list[GenuineScore]] = defaultdict(list)
    for score in scores:
        if score.origin is not ScoreOrigin.TEMPLATES:
            people[score.subject_id].append(score)
    found = [_judge(sorted(own, key=lambda s: s.time)[-NEWEST:], tau) for own in people.values()]
    return tuple(sorted((d for d in found if d is not None), key=lambda d: (d.recent < d.tau, -d.recent, d.subject_id)))


def _judge(own: Sequence[GenuineScore], tau: float) -> Drift | None:
    if len(own) < LEAST_SCORES:
        return None
    recent = median(s.distance for s in own[-RECENT:])
    slope = _slope(own)
    reaches = None
    if slope > 0.0 and recent < tau:
        days = (tau - recent) / slope
        reaches = own[-1].time + timedelta(days=days) if days <= SOON.days else None
    if reaches is None and recent < tau * (1.0 - NARROW):
        return None
    return Drift(own[0].subject_id, recent, tau, slope * 30.0, reaches, len(own))


def _slope(own: Sequence[GenuineScore]) -> float:
    """Distance a day; 0 where a trend upwards may be chance, or all came on one day."""
    days = np.array([(s.time - own[0].time) / timedelta(days=1) for s in own])
    if days[-1] < 1.0:
        return 0.0
    distances = np.array([s.distance for s in own])
    third = len(own) // 3
    if np.median(distances[-third:]) <= np.median(distances[:third]):  # most people, and the tests below take longer
        return 0.0
    from scipy.stats import kendalltau, theilslopes  # half a second to load; only the desk needs it

    if kendalltau(days, distances, alternative="greater").pvalue > CHANCE:
        return 0.0
    return max(0.0, float(theilslopes(distances, days).slope))
