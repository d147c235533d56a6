"""How far people lie from their own templates at this door, and so how many of the staff a tau sends back.

The scores are of the door's own people, each of whom comes many times, and whoever is often refused is refused again:
the variance is the one robust to such clusters, turned into an effective number of scores for the exact bounds (E. L.
Korn, B. I. Graubard, Survey Methodology 24(2), 1998), as in ``evaluation.calibration``. Of a refusal nobody knows whom
it refused, unless something tells: such refusals are counted beside the rate, and never in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.score import MAX_DISTANCE, Distance
from faceguard.domain.template import Embedding, Template, TemplateSource
from faceguard.evaluation.error_rates import CONFIDENCE

ENOUGH_GENUINE: Final = 30
"""Scores of people who were named otherwise than by their face, below which nothing is said about staff.

The rule of 30: G. R. Doddington, M. A. Przybocki, A. F. Martin, D. A. Reynolds, Speech Communication 31, 2000."""


class ScoreDomain(StrEnum):
    """What was compared with what; ID photos are older and farther than pictures of this camera."""

    PHOTO_LIVE = "ID photo against live"
    LIVE_LIVE = "live against live"
    BOTH_LIVE = "photo and live pictures against live"
    PHOTO_PHOTO = "photo against photo"


class ScoreOrigin(StrEnum):
    """How the person was known."""

    TEMPLATES = "two pictures of one person"
    LIVE_CHECK = "live check at the desk"
    PIN = "attempt with the right PIN"
    LABEL = "named by the desk"
    FACE = "grant by the face alone"
    """Known by the very comparison that is judged: tells how near staff come, not how many are refused."""


def against_live(sources: frozenset[TemplateSource]) -> ScoreDomain:
    """What a live picture is compared with, for somebody who has templates of these sources."""
    if sources == {TemplateSource.CAMERA}:
        return ScoreDomain.LIVE_LIVE
    return ScoreDomain.PHOTO_LIVE if sources <= {TemplateSource.PHOTO} else ScoreDomain.BOTH_LIVE


@dataclass(frozen=True, slots=True)
class GenuineScore:
    """One comparison of a person with the own templates.

    Attributes:
        distance: in [0, 4].
        subject_id: who.
        time: when, with its time zone.
        domain, origin: see there.

    Raises:
        ValueError: the distance is none.
    """

    distance: float
    subject_id: int
    time: datetime
    domain: ScoreDomain
    origin: ScoreOrigin

    def __post_init__(self) -> None:
        if not 0.0 <= self.distance <= MAX_DISTANCE:
            raise ValueError("a distance lies in [0, 4]")


RATED: Final = frozenset({ScoreOrigin.TEMPLATES, ScoreOrigin.LIVE_CHECK, ScoreOrigin.PIN})
"""What a rate rests on. Grants by the face alone lie within tau whoever was refused, and what the desk names are mostly
refusals: either would tilt it. They are drawn, and show who drifts."""


@dataclass(frozen=True, slots=True)
class StaffRate:
    """Share of the staff's attempts that lie beyond tau.

    Attributes:
        low, value, high: in [0, 1], bounds at 95 %.
        beyond, n: scores beyond tau, and all of them.
        people: whose they are.
        unexplained: refusals beyond tau of which nobody knows whom they refused; in none of these numbers.
    """

    low: float
    value: float
    high: float
    beyond: int
    n: int
    people: int
    unexplained: int


@dataclass(frozen=True, slots=True, eq=False)
class GenuineScores:
    """All scores of one encoder; a rate at a tau takes microseconds.

    Attributes:
        scores: in any order; those of two photos are kept for the record and count for nothing: a door sees no photos.
        unexplained: distances of refused searches of which nobody knows whom they refused.
        enrolled: people who could have a score; at least those who have one.
        distances: ascending, of every origin, for a drawing.
        known: scores that a rate rests on.
    """

    scores: tuple[GenuineScore, ...]
    unexplained: tuple[float, ...] = ()
    enrolled: int = 0
    distances: NDArray[np.float64] = field(init=False, repr=False)
    known: int = field(init=False)
    _rated: NDArray[np.float64] = field(init=False, repr=False)
    _person: NDArray[np.int64] = field(init=False, repr=False)
    _refused: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        seen = [s for s in self.scores if s.domain is not ScoreDomain.PHOTO_PHOTO]
        rated = sorted(_one_a_day([s for s in seen if s.origin in RATED]), key=lambda s: s.distance)
        object.__setattr__(self, "distances", np.sort(np.array([s.distance for s in seen], np.float64)))
        object.__setattr__(self, "known", len(rated))
        object.__setattr__(self, "_rated", np.array([s.distance for s in rated], np.float64))
        people = np.unique([s.subject_id for s in rated], return_inverse=True)[1] if rated else np.empty(0)
        object.__setattr__(self, "_person", people.astype(np.int64))
        object.__setattr__(self, "_refused", np.sort(np.array(self.unexplained, np.float64)))

    @property
    def enough(self) -> bool:
        """Something may be said about staff."""
        return self.known >= ENOUGH_GENUINE

    def by_domain(self) -> dict[ScoreDomain, int]:
        """How many of each, most first."""
        return dict(Counter(s.domain for s in self.scores).most_common())

    def by_origin(self) -> dict[ScoreOrigin, int]:
        """How many of each, most first."""
        return dict(Counter(s.origin for s in self.scores).most_common())

    def beyond(self, tau: float) -> StaffRate | None:
        """Share beyond tau; None until there are enough scores.

        Args:
            tau: ``d > tau`` is beyond, ties are within.
        """
        if not self.enough:
            return None
        n, people = len(self._rated), int(self._person.max()) + 1
        within = int(np.searchsorted(self._rated, tau, side="right"))
        refused = len(self._refused) - int(np.searchsorted(self._refused, tau, side="right"))
        rate = (n - within) / n
        low, high = _bounds(rate, self._effective(within, rate, people))
        return StaffRate(low, rate, high, n - within, n, people, refused)

    def _effective(self, within: int, rate: float, people: int) -> float:
        """Number of independent scores that tell as much as these do.

        People differ more than their days do, so the spread between people counts, as far as people are left of whom
        nothing is known (finite population correction: W. G. Cochran, Sampling Techniques, 1977, section 2.6). Where
        nobody or everybody is beyond, no spread can be seen, and each person counts once.
        """
        n = len(self._rated)
        unseen = 1.0 - people / max(people, self.enrolled)
        if not 0.0 < rate < 1.0:
            return n if unseen == 0.0 else min(float(n), people / unseen)
        events = np.bincount(self._person[within:], minlength=people)
        excess = events - rate * np.bincount(self._person, minlength=people)
        if people == 1:
            return float(n) if unseen == 0.0 else 1.0
        spread = float(excess @ excess) * people / (people - 1)
        return n / (1.0 + unseen * (max(1.0, spread / (n * rate * (1.0 - rate))) - 1.0))


def _one_a_day(scores: Sequence[GenuineScore]) -> list[GenuineScore]:
    """Of each person and origin at most one score a day, the worst: eight pictures of one minute are one visit.

    Attempts at the door are left as they are, each of them was one.
    """
    found = [s for s in scores if s.origin is ScoreOrigin.PIN]
    worst: dict[tuple[int, ScoreOrigin, date], GenuineScore] = {}
    for score in scores:
        if score.origin is not ScoreOrigin.PIN:
            key = (score.subject_id, score.origin, score.time.date())
            if key not in worst or score.distance > worst[key].distance:
                worst[key] = score
    checked = {key[::2] for key in worst if key[1] is ScoreOrigin.LIVE_CHECK}
    # a picture that was compared and then kept is one picture
    return found + [s for k, s in worst.items() if k[1] is ScoreOrigin.LIVE_CHECK or k[::2] not in checked]


def _bounds(rate: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper-Pearson for a number of trials that need not be whole."""
    from scipy.special import betaincinv

    tail, k = (1.0 - confidence) / 2.0, rate * n
    low = 0.0 if k <= 0.0 else float(betaincinv(k, n - k + 1.0, tail))
    high = 1.0 if rate >= 1.0 else float(betaincinv(k + 1.0, n - k, 1.0 - tail))
    return min(low, rate), max(high, rate)


def domain_of_pair(one: TemplateSource, other: TemplateSource) -> ScoreDomain:
    """What two templates of one person say something about."""
    if one is not other:
        return ScoreDomain.PHOTO_LIVE
    return ScoreDomain.PHOTO_PHOTO if one is TemplateSource.PHOTO else ScoreDomain.LIVE_LIVE


def own_pairs(
    templates: Sequence[Template], compare: Callable[[Embedding, Embedding], Distance] = Embedding.distance
) -> tuple[GenuineScore, ...]:
    """Scores of people who have two templates and more, each pair of them once.

    Args:
        templates: of one encoder.
        compare: the distance of two faces.
    """
    people: dict[int, list[Template]] = defaultdict(list)
    for template in templates:
        people[template.subject_id].append(template)
    return tuple(
        GenuineScore(
            compare(one.embedding, other.embedding).value,
            subject_id,
            max(one.created_at, other.created_at),
            domain_of_pair(one.source, other.source),
            ScoreOrigin.TEMPLATES,
        )
        for subject_id, own in people.items()
        for one, other in combinations(own, 2)
    )
