"""tau for one gallery: how often a stranger's search names somebody, and what that says about another gallery.

The primary estimate is counted, not modelled: each stranger's smallest distance to the enrolled people is there, and
FPIR at tau is the share of strangers for whom it is <= tau (ISO/IEC 19795-1:2021). The law of independent comparisons
``1 - (1 - FMR)^(K T)`` (J. Daugman, Proceedings of the IEEE 94(11), 2006) only carries a rate to another number of
people, and what it gave is marked as extrapolated.

Bounds are of prediction: they say what another gallery of as many people and other strangers will show, not how well
the mean is known. Three things vary, and each has its part:

1. *The estimate.* Searches that share a stranger or an enrolled person are not independent. Whole people are therefore
   the units: the variance is the one robust to clusters in both roles at once (A. C. Cameron, J. B. Gelbach,
   D. L. Miller, Journal of Business & Economic Statistics 29(2), 2011; for people who are stranger in one comparison
   and enrolled in another P. M. Aronow, C. Samii, V. A. Assenova, Political Analysis 23(4), 2015). It is what drawing
   whole people again tends to (A. B. Owen, Annals of Applied Statistics 1(2), 2007), at the speed of a slider. It is
   never taken for less than the variance of as many independent events, and it is turned into bounds that hold for few
   events by an effective number of them (E. L. Korn, B. I. Graubard, Survey Methodology 24(2), 1998) and the gamma
   quantiles of F. Garwood (Biometrika 28, 1936). With no event at all the upper bound is the rule of three (J. A.
   Hanley, A. Lippman-Hand, JAMA 249(13), 1983).
2. *Which K people.* Every false positive is put down to the enrolled person it names. How much these people differ,
   less what chance alone would make them differ, is the spread between galleries; a gallery's rate is taken to be
   gamma-distributed with that spread, which shrinks with 1 / K.
3. *Which strangers*, when a number of them is given: their count is Poisson around the rate of their gallery, so
   negative binomial in all (a predictive distribution as in W. Q. Meeker, G. J. Hahn, L. A. Escobar, Statistical
   Intervals, 2nd ed., 2017). Without a number the bounds are for the long run.

What nobody can bound from data of one place: other cameras, other light, another population.

*Looks.* A door's attempt searches once and, where that is no clear grant, once more. Either the distances given are
the smaller of both looks (measured, ``looks=1``), or they are of single searches and ``looks=2``: value and upper
bound are then doubled, which holds however the two looks depend on each other (union bound), and the lower bound is
that of one look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.score import MAX_DISTANCE
from faceguard.evaluation.error_rates import CONFIDENCE

RULE_OF_THREE: Final = 3.0
"""No event in n trials: the rate is below 3 / n at 95 % confidence, -ln 0.05 = 2.996."""
_POINTS: Final = (np.arange(60) + 0.5) / 60
"""Quantiles at which the distribution of the unknown mean rate is summed up."""


class Support(StrEnum):
    """What a rate rests on."""

    MEASURED = "measured"
    """At least one false positive was seen in galleries of this very size."""
    EXTRAPOLATED = "extrapolated"
    """Nothing was seen so far down, or the law of independent comparisons carried it to another gallery size."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """FPIR of an attempt at one tau.

    Attributes:
        tau: the threshold, a squared distance in [0, 4].
        people: K of the gallery that is spoken about.
        low, value, high: the rate in [0, 1], with bounds of prediction at 95 %.
        n_strangers: stranger people behind it.
        events: pairs of people, stranger and enrolled, that were taken for one; with 0 only the rule of three speaks.
        support: measured or extrapolated.
    """

    tau: float
    people: int
    low: float
    value: float
    high: float
    n_strangers: int
    events: int
    support: Support


@dataclass(frozen=True, slots=True)
class Spread:
    """How far a rate is known, in shares of itself; see the module's docstring.

    Attributes:
        rate: in [0, 1].
        event: what one independent event adds to the rate, > 0.
        estimate: relative variance of the estimated mean; at least that of ``rate / event`` independent events.
        gallery: relative variance from one gallery to the next.
    """

    rate: float
    event: float
    estimate: float
    gallery: float

    def predicted(self, strangers: int | None = None, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Bounds for another gallery: of the share of so many strangers, or of the rate in the long run.

        Args:
            strangers: people who will each search once; None for the long run.
            confidence: in (0, 1).

        Returns:
            Lower and upper bound in [0, 1].
        """
        from scipy.special import gammaincinv  # takes a tenth of a second to load, and only reports need it

        tail = (1.0 - confidence) / 2.0
        if self.rate <= 0.0:
            means = self.event * -np.log1p(-_POINTS)
            found = _quantile(means, 0.0, strangers, confidence) if strangers else RULE_OF_THREE * self.event
            return 0.0, min(1.0, found)
        shape = 1.0 / self.estimate
        below, above = (self.rate / shape * gammaincinv(shape + more, _POINTS) for more in (0.0, 1.0))
        if strangers is None and self.gallery <= 0.0:
            exact = [self.rate / shape * float(gammaincinv(shape + more, q)) for more, q in ((0, tail), (1, 1 - tail))]
            return min(1.0, exact[0]), min(1.0, exact[1])
        low = _quantile(below, self.gallery, strangers, tail)
        high = _quantile(above, self.gallery, strangers, 1.0 - tail)
        return min(self.rate, low), min(1.0, max(self.rate, high))


def _quantile(means: NDArray[np.float64], spread: float, strangers: int | None, share: float) -> float:
    """The smallest rate below or at which a future one lies with this probability.

    Args:
        means: (n,) equally likely values of the mean rate.
        spread: relative variance between galleries.
        strangers: who will search once each; None: the rate itself.
        share: in (0, 1).
    """
    from scipy.special import betainc, gammainc, gammaincc

    means = np.maximum(means, 1e-300)
    if strangers is None:

        def covered(rate: float) -> float:
            return float(np.mean(gammainc(1.0 / spread, rate / (spread * means))))

        low, high = 1e-3 * float(means.min()), max(1.0, float(means.max()))
        if covered(low) >= share:
            return 0.0
        for _ in range(16):  # by factors: to a thousandth of the rate, however small it is
            middle = math.sqrt(low * high)
            low, high = (low, middle) if covered(middle) >= share else (middle, high)
        return high
    expected = strangers * means

    def counted(count: int) -> float:
        if spread <= 0.0:
            return float(np.mean(gammaincc(count + 1.0, expected)))
        return float(np.mean(betainc(1.0 / spread, count + 1.0, 1.0 / (1.0 + spread * expected))))

    least, most = -1, strangers
    while most - least > 1:
        middle_count = (least + most) // 2
        least, most = (least, middle_count) if counted(middle_count) >= share else (middle_count, most)
    return most / strangers


@dataclass(frozen=True, slots=True, eq=False)
class StrangerSearches:
    """Strangers' searches in galleries of one size: each one's nearest person and the distance to them.

    Made by ``against_gallery``, ``evaluation.open_set.drawn_galleries`` and ``evaluation.open_set.leave_one_out``.

    Attributes:
        distance: (m,) float64 in [0, 4], of each search to the nearest enrolled person.
        stranger: (m,) int64, who searched.
        owner: (m,) int64, the enrolled person who was nearest.
        weight: (m,) float64, share of each search in the rate; the sum is 1, and all people weigh the same.
        members: people who were enrolled, and ``member_weight`` the share of the places that each had; the sum is 1.
        member_weight: (p,) float64.
        people: K of each gallery.
        event: what one pair of people that is taken for one adds to the rate: 1 / independent searches.
        templates: T, of each enrolled person, on average.

    Raises:
        ValueError: no search, lengths that differ, a distance that is not a number in [0, 4], or weights that are none.
    """

    distance: NDArray[np.float64]
    stranger: NDArray[np.int64]
    owner: NDArray[np.int64]
    weight: NDArray[np.float64]
    members: NDArray[np.int64]
    member_weight: NDArray[np.float64]
    people: int
    event: float
    templates: float = 1.0
    n_strangers: int = field(init=False)
    _share: NDArray[np.float64] = field(init=False, repr=False)
    _dyad: NDArray[np.int64] = field(init=False, repr=False)
    _cell: NDArray[np.int64] = field(init=False, repr=False)
    _role: NDArray[np.float64] = field(init=False, repr=False)
    _place: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        distance = np.asarray(self.distance, np.float64).reshape(-1)
        if not distance.size:
            raise ValueError("there is no stranger's search")
        if not (distance >= 0.0).all() or not (distance <= MAX_DISTANCE).all():
            raise ValueError("distances lie in [0, 4]")
        if self.people < 1 or not self.templates >= 1.0 or not self.event > 0.0:
            raise ValueError("a gallery holds people with a template each, and an event adds to the rate")
        order = np.argsort(distance, kind="stable")
        columns: dict[str, NDArray[Any]] = {"distance": distance[order]}
        for name, kind in (("stranger", np.int64), ("owner", np.int64), ("weight", np.float64)):
            column = np.asarray(getattr(self, name), kind).reshape(-1)
            if column.shape != distance.shape:
                raise ValueError("one stranger, one owner and one weight for each search")
            columns[name] = column[order]
        weight = columns["weight"]
        if not (weight > 0.0).all() or not math.isclose(float(weight.sum()), 1.0, rel_tol=1e-9):
            raise ValueError("weights are positive and sum to 1")
        # people as numbers from 0 on, strangers and members in one row: somebody may be both
        everybody, places = np.unique(
            np.concatenate([columns["stranger"], columns["owner"], self.members]), return_inverse=True
        )
        stranger, owner, member = np.split(places.astype(np.int64), [distance.size, 2 * distance.size])
        count = everybody.size
        role = np.bincount(stranger, weight, count)
        place = np.bincount(member, self.member_weight, count)
        if not math.isclose(float(place.sum()), 1.0, rel_tol=1e-9) or not (place[owner] > 0.0).all():
            raise ValueError("whoever is nearest was enrolled, and the places sum to 1")
        pair = np.minimum(stranger, owner) * count + np.maximum(stranger, owner)
        columns |= {
            "stranger": stranger,
            "owner": owner,
            "_share": np.cumsum(weight),
            "_dyad": np.unique(pair, return_inverse=True)[1].astype(np.int64),
            "_cell": np.unique(stranger * count + owner, return_inverse=True)[1].astype(np.int64),
            "_role": role,
            "_place": place,
        }
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        object.__setattr__(self, "n_strangers", int(np.unique(stranger).size))

    def rate(self, tau: float) -> float:
        """Share of the strangers' searches with ``d <= tau``; ties accept."""
        accepted = self._accepted(tau)
        return min(1.0, float(self._share[accepted - 1])) if accepted else 0.0

    def greatest_tau(self, rate: float) -> float:
        """The greatest tau whose share is at most ``rate``.

        Distances ascend; the first one up to which the weights sum to more than ``rate`` is left out, and so is every
        distance equal to it: tau is the number just before it. The rate is kept, never rounded up.

        Returns:
            tau in [0, 4].

        Raises:
            ValueError: the rate does not lie in [0, 1].
        """
        if not 0.0 <= rate <= 1.0:
            raise ValueError("a rate lies in [0, 1]")
        # weights such as 1/3 do not sum exactly; a share that equals the rate but for that keeps it
        first = int(np.searchsorted(self._share, rate * (1.0 + 1e-9), side="right"))
        if first == self._share.size:
            return MAX_DISTANCE
        return max(0.0, float(np.nextafter(self.distance[first], -math.inf)))

    def events(self, tau: float) -> int:
        """Pairs of people, stranger and enrolled, with an accepted search."""
        return int(np.unique(self._dyad[: self._accepted(tau)]).size)

    def spread(self, tau: float) -> Spread:
        """The rate at tau and how far it is known."""
        accepted, rate = self._accepted(tau), self.rate(tau)
        if not accepted:
            return Spread(0.0, self.event, math.inf, 0.0)
        weight, count = self.weight[:accepted], self._role.size
        stranger, owner = self.stranger[:accepted], self.owner[:accepted]
        as_stranger, as_member = np.bincount(stranger, weight, count), np.bincount(owner, weight, count)
        dyads = np.bincount(self._dyad[:accepted], weight)
        people = int(np.count_nonzero(self._place))
        fewer = people / (people - 1) if people > 1 else 1.0
        clustered = float(((as_stranger + as_member - rate * (self._role + self._place)) ** 2).sum())
        variance = fewer * (clustered - float((dyads**2).sum()))
        enrolled = self._place > 0.0
        differ = float(((as_member - rate * self._place)[enrolled] ** 2 / self._place[enrolled]).sum())
        cell, by_place = self._cell[:accepted], weight / self._place[owner]
        differ -= float((np.bincount(cell, weight) * np.bincount(cell, by_place)).sum())
        between = max(0.0, fewer * differ / self.people)
        return Spread(
            rate,
            self.event,
            max(variance, rate * self.event) / rate**2,
            between / rate**2,
        )

    def _accepted(self, tau: float) -> int:
        return int(np.searchsorted(self.distance, tau, side="right"))


def against_gallery(
    distance: ArrayLike, stranger: ArrayLike, owner: ArrayLike, members: ArrayLike, templates: float = 1.0
) -> StrangerSearches:
    """Strangers' searches in one real gallery.

    Args:
        distance: (m,) of each search to the nearest template, in [0, 4].
        stranger: (m,) who searched; a person may search several times and weighs no more for it.
        owner: (m,) number of the enrolled person who was nearest.
        members: (K,) numbers of everybody who is enrolled, each once.
        templates: T, of each of them, on average. All were searched, so they are in the measurement; the number
            matters where the rate is carried to another gallery.

    Raises:
        ValueError: see ``StrangerSearches``, or a stranger is enrolled.
    """
    who, enrolled = np.asarray(stranger, np.int64).reshape(-1), np.unique(np.asarray(members, np.int64))
    if np.isin(who, enrolled).any():
        raise ValueError("a stranger is not enrolled")
    strangers, place, counts = np.unique(who, return_inverse=True, return_counts=True)
    count = max(1, strangers.size)
    return StrangerSearches(
        np.asarray(distance, np.float64),
        who,
        np.asarray(owner, np.int64),
        1.0 / (count * counts[place]),
        enrolled,
        np.full(enrolled.size, 1.0 / max(1, enrolled.size)),
        int(enrolled.size),
        1.0 / count,
        templates,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What tau does at a gallery of ``people``; frozen, and quick enough to be asked while a handle moves.

    Attributes:
        searches: what was measured.
        people: K that is spoken about; another one than was measured is reached by the law, and marked.
        looks: searches of one attempt; see the module's docstring.
        templates: T that is spoken about; None: as measured.
    """

    searches: StrangerSearches
    people: int
    looks: int = 1
    templates: float | None = None

    def __post_init__(self) -> None:
        if self.people < 1 or self.looks < 1 or not (self.templates is None or self.templates >= 1.0):
            raise ValueError("at least one person, one look and one template")

    @property
    def _times(self) -> float:
        """How many times as many comparisons a search makes there."""
        measured = self.searches
        more = 1.0 if self.templates is None else self.templates / measured.templates
        return more * self.people / measured.people

    def at(self, tau: float, strangers: int | None = None) -> Estimate:
        """FPIR of an attempt at tau.

        Args:
            tau: in [0, 4].
            strangers: bounds for so many new strangers with one attempt each; None for the long run.

        Raises:
            ValueError: tau is not a number in [0, 4].
        """
        if not 0.0 <= tau <= MAX_DISTANCE:
            raise ValueError("tau lies in [0, 4]")
        found, times = self.searches.spread(tau), self._times
        rate = by_law(found.rate, times)
        between = found.gallery * self.searches.people / self.people
        carried = Spread(rate, found.event * times, found.estimate, between)
        low, high = carried.predicted(strangers)
        events = self.searches.events(tau)
        measured = events > 0 and times == 1.0
        return Estimate(
            tau,
            self.people,
            low,
            min(1.0, self.looks * rate),
            min(1.0, self.looks * high),
            self.searches.n_strangers,
            events,
            Support.MEASURED if measured else Support.EXTRAPOLATED,
        )

    def tau_at(self, fpir: float, strangers: int | None = None) -> Estimate:
        """The greatest tau whose estimated FPIR of an attempt is at most ``fpir``, and what is predicted there.

        Args:
            fpir: the target, in (0, 1).
            strangers: see ``at``.

        Raises:
            ValueError: the target does not lie between 0 and 1.
        """
        if not 0.0 < fpir < 1.0:
            raise ValueError("a target FPIR lies between 0 and 1")
        one_look = by_law(fpir / self.looks, 1.0 / self._times)
        found = self.at(self.searches.greatest_tau(one_look), strangers)
        # weights such as 1/3 do not sum exactly: what keeps the target but for that is not told as beyond it
        return replace(found, value=fpir) if math.isclose(found.value, fpir, rel_tol=1e-8) else found


def by_law(rate: float, times: float) -> float:
    """The rate in a gallery that is ``times`` as large, were comparisons independent: ``1 - (1 - rate)^times``."""
    return 1.0 if rate >= 1.0 else -math.expm1(times * math.log1p(-rate))
