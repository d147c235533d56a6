"""Both taus of one door, for the people who are enrolled now: from the impostor model and from the gallery itself.

*1:N.* tau for a target FPIR of a stranger's attempt, two looks counted by their union. The impostor model gives the FMR
of one comparison; ``1 - (1 - FMR)^N`` with N templates carries it to the gallery, so it is extrapolated and marked so.
The gallery against itself (everybody once as a stranger among the others) is the one measurement with this door's own
photos. It is seldom large enough to show the target, but it can contradict: where even its lower bound exceeds the
target at the model's tau, its own tau counts.

*1:1.* tau for an FMR of one comparison with the person whom a PIN or badge has named.

Bounds are those of ``evaluation.calibration``. The model's own error has three parts: the pairs of people it was fitted
on (few far down), that these pairs share people, and how far its tail was off on people who had no part in it. That a
door has another camera and other people than the model's is in none of them. That the runner-up must be farther by a
margin, and that every frame must show the same person, is left out: both only refuse more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.impostor import LEAST_FMR, ImpostorModel
from faceguard.domain.score import MAX_DISTANCE
from faceguard.domain.similarity import SimilarityHead
from faceguard.domain.template import Gallery
from faceguard.evaluation.calibration import Calibration, Estimate, Spread, Support, by_law
from faceguard.evaluation.open_set import leave_one_out
from faceguard.evaluation.seen_strangers import SeenStrangers

LOOKS: Final = 2
"""Searches of one attempt at the door, at most (``access.session``)."""
TARGET_FPIR: Final = 1e-3
"""One stranger's attempt in 1,000."""
PAIR_FMR: Final = 1e-4
TOLERANCE: Final = 1.25
"""A gallery may grow by a quarter before the tau that was right for it is called unsafe."""
UNSAFE_FPIR: Final = 1e-2
"""Beyond one stranger's attempt in 100 a tau wants a reason."""
POSITIONS: Final = (("strict", 1e-4), ("balanced", TARGET_FPIR), ("convenient", UNSAFE_FPIR))
"""Named positions of tau and the FPIR that each aims at."""
MOST_STEPS: Final = 200
"""Nearest distances at which a gallery is asked whether it contradicts the model."""
LEAST_TAU: Final = 0.01
"""What the settings take."""


class Basis(StrEnum):
    """Where a tau comes from."""

    MODEL = "impostor model"
    GALLERY = "gallery against itself"
    STRANGERS = "strangers who came to this door"
    CARD = "operating point on the card"


@dataclass(frozen=True, slots=True)
class ModelCalibration:
    """The impostor model at a gallery of so many people; quick enough to be asked while a handle moves.

    Attributes:
        model: of the encoder.
        people: K, at least 1.
        templates: N of all of them together.
        looks: searches of one attempt.
    """

    model: ImpostorModel
    people: int
    templates: int
    looks: int = LOOKS

    def __post_init__(self) -> None:
        if not 1 <= self.people <= self.templates or self.looks < 1:
            raise ValueError("at least one person, a template for each, and one look")

    def value(self, tau: float) -> float:
        """FPIR of a stranger's attempt, without its bounds; microseconds."""
        return min(1.0, self.looks * by_law(self.model.fmr(tau), self.templates))

    def at(self, tau: float) -> Estimate:
        """FPIR of a stranger's attempt at tau; always extrapolated.

        Raises:
            ValueError: tau is not a number in [0, 4].
        """
        fmr = self.model.fmr(tau)
        one = known_to(self.model, fmr)
        rate = by_law(fmr, self.templates)
        carried = Spread(rate, by_law(one.event, self.templates), one.estimate, one.gallery / self.people)
        low, high = carried.predicted()
        return Estimate(
            tau,
            self.people,
            low,
            min(1.0, self.looks * rate),
            min(1.0, self.looks * high),
            self.model.people,
            round(fmr * self.model.pairs),
            Support.EXTRAPOLATED,
        )

    def tau_at(self, fpir: float) -> Estimate:
        """The greatest tau whose FPIR is at most ``fpir``; tau is 0 where none is small enough.

        Raises:
            ValueError: the target does not lie between 0 and 1.
        """
        if not 0.0 < fpir < 1.0:
            raise ValueError("a target FPIR lies between 0 and 1")
        return self.at(self.model.tau_at(by_law(fpir / self.looks, 1.0 / self.templates)))


def known_to(model: ImpostorModel, fmr: float) -> Spread:
    """How far the model's FMR is known, and how much one person's own differs from it (``gallery``, for K = 1)."""
    spread = model.spread_at(fmr)
    check = min(model.checks, key=lambda c: abs(math.log(c.fmr / fmr)), default=None)
    off = 0.0 if check is None else check.off
    variance = 1.0 / (model.pairs * fmr) + 4.0 * spread / model.people + off**2
    return Spread(fmr, 1.0 / model.pairs, variance, spread)


@dataclass(frozen=True, slots=True)
class PairPoint:
    """tau of the 1:1 comparison.

    Attributes:
        tau: threshold.
        fmr: that was asked for, of one comparison.
        low, value, high: predicted for the FMR of one enrolled person, another one than the model's.
        basis: where it comes from.
    """

    tau: float
    fmr: float
    low: float
    value: float
    high: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class Proposal:
    """Both taus for the present gallery.

    Attributes:
        target: FPIR of an attempt that was asked for.
        search: at the proposed tau of the 1:N search; None where none can be proposed.
        basis: of it.
        pair: of the 1:1 comparison; None where none can be proposed.
        notes: what an admin has to know about them, a sentence each.
    """

    target: float
    search: Estimate | None
    basis: Basis | None
    pair: PairPoint | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DoorCalibration:
    """All that is known about strangers at this door; a slider asks ``at`` for any tau.

    Attributes:
        people: K.
        templates: N.
        rated_size: of the encoder; None when not measured.
        by_model: None without people, or without an impostor model on the card.
        itself: the gallery against itself, of two people and more.
        pair_tau: (FMR, tau) measured on the card, for an encoder without a model.
        seen: strangers who came to this door, as the desk says; None without any.
    """

    people: int
    templates: int
    rated_size: int | None
    model: ImpostorModel | None
    by_model: ModelCalibration | None
    itself: Calibration | None
    pair_tau: tuple[float, float] | None = None
    seen: SeenStrangers | None = None
    _contradicted: tuple[NDArray[np.float64], NDArray[np.float64]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        places = tuple(self._contradictions(measured) for measured in (self.itself, self.seen))
        object.__setattr__(self, "_contradicted", places)

    def _contradictions(self, measured: Calibration | SeenStrangers | None) -> NDArray[np.float64]:
        """Ascending distances at which even the lower bound of what was measured lies above the model's value."""
        model = self.by_model
        if measured is None or model is None:
            return np.empty(0)
        distances = measured.searches.distance if isinstance(measured, Calibration) else measured.distances
        steps = np.unique(distances)
        if len(steps) > MOST_STEPS:  # the nearest ones all, the rest evenly: far out nobody puts tau
            even = np.linspace(MOST_STEPS // 2, len(steps) - 1, MOST_STEPS // 2).round().astype(np.int64)
            steps = np.concatenate([steps[: MOST_STEPS // 2], steps[even]])
        return np.array([d for d in steps.tolist() if measured.at(d).low > model.value(d)])

    @classmethod
    def of(
        cls,
        gallery: Gallery,
        model: ImpostorModel | None,
        rated_size: int | None,
        pair_tau: tuple[float, float] | None = None,
        head: SimilarityHead | None = None,
    ) -> DoorCalibration:
        """For the people of a gallery.

        Args:
            gallery: all of one encoder.
            model: on the card of the same encoder, or of the comparison in use.
            rated_size: on it too.
            pair_tau: see the class.
            head: the comparison in use; None is the squared distance.
        """
        people, templates = gallery.size, len(gallery.matrix)
        return cls(
            people,
            templates,
            rated_size,
            model,
            ModelCalibration(model, people, templates) if model is not None and people else None,
            Calibration(leave_one_out(gallery.matrix, gallery.subject_ids, head), people, LOOKS)
            if people > 1
            else None,
            pair_tau,
        )

    def at(self, tau: float) -> Estimate | None:
        """FPIR of a stranger's attempt, the worst that model, gallery and strangers say; None where nothing is known.

        Gallery and strangers speak against the model only where even their lower bound lies above its value. Whoever
        passes at a tau passes at every greater one: what was contradicted once stays so, until the model itself says
        more.
        """
        found = None if self.by_model is None else self.by_model.at(tau)
        for measured, contradicted in zip((self.itself, self.seen), self._contradicted, strict=True):
            if measured is None or not self.people:
                continue
            own = measured.at(tau)
            if self.by_model is None:
                tells = bool(own.events) or own.high <= UNSAFE_FPIR
                found = own if tells and (found is None or own.high > found.high) else found
                continue
            place = int(np.searchsorted(contradicted, tau, side="right"))
            if not (own.events and own.low > self.by_model.value(tau)):
                if not place:
                    continue
                own = replace(measured.at(float(contradicted[place - 1])), tau=tau)
            found = own if found is None or own.value > found.value else found
        return found

    def unsafe(self, tau: float) -> bool:
        """It wants a reason; see ``wants_reason``."""
        return self.wants_reason(self.at(tau))

    def wants_reason(self, found: Estimate | None) -> bool:
        """It lets in more than one stranger's attempt in 100, or nothing says how many; nobody enrolled is safe.

        Without a model the gallery alone speaks, which shows large rates only: then its upper bound counts.

        Args:
            found: what ``at`` said of the tau.
        """
        if found is None or not self.people:
            return bool(self.people)
        rate = found.high if self.by_model is None else found.value
        return rate > UNSAFE_FPIR * (1.0 + 1e-9)

    def pair_fmr(self, tau: float) -> float | None:
        """FMR of one 1:1 comparison, by the model; None without one."""
        return None if self.model is None else self.model.fmr(tau)

    def propose(self, fpir: float = TARGET_FPIR, pair_fmr: float = PAIR_FMR) -> Proposal:
        """Both taus, rounded down to four decimals; nothing is proposed that nothing speaks for.

        Args:
            fpir: target of a stranger's attempt, in (0, 1).
            pair_fmr: target of one 1:1 comparison, in (0, 1).

        Raises:
            ValueError: a target does not lie between 0 and 1.
        """
        if not (0.0 < fpir < 1.0 and 0.0 < pair_fmr < 1.0):
            raise ValueError("a target lies between 0 and 1")
        notes = list(self._about_the_gallery(fpir))
        search, basis = self._search(fpir, notes)
        return Proposal(fpir, search, basis, self._pair(pair_fmr), tuple(notes))

    def _search(self, fpir: float, notes: list[str]) -> tuple[Estimate | None, Basis | None]:
        own = None if self.itself is None else self.itself.tau_at(fpir)
        if self.by_model is not None:
            tau, basis = _down(self.by_model.tau_at(fpir).tau), Basis.MODEL
            if self.itself is not None and own is not None and self.itself.at(tau).low > fpir:
                tau, basis = min(tau, _down(own.tau)), Basis.GALLERY
                notes.append(
                    "People of this gallery resemble each other more than the model's people do, so tau is taken from "
                    "the gallery itself. Look for somebody enrolled twice, and for relatives."
                )
        elif own is not None and own.events:
            tau, basis = _down(own.tau), Basis.GALLERY
        else:
            return None, None
        if tau < LEAST_TAU:
            notes.append("No tau is small enough for this target; ask for less, or use badge or PIN and face.")
            return None, None
        found = self.by_model.at(tau) if self.by_model is not None and basis is Basis.MODEL else None
        if found is None:
            assert self.itself is not None
            found = self.itself.at(tau)
        worst = self.at(tau)
        if self.seen is not None and worst is not None and worst.value > max(fpir, found.value) * (1.0 + 1e-9):
            came = self.seen.at(tau)
            notes.append(
                f"{came.events} of {came.n_strangers} strangers who came to this door would be let in at {tau:.4f}, "
                "more than can be chance, so tau is stricter than the nearest of them."
            )
            tau = _down(float(np.nextafter(self.seen.distances[0], 0.0)))
            if tau < LEAST_TAU:
                return None, None
            found, basis = self.by_model.at(tau) if self.by_model is not None else found, Basis.STRANGERS
        if found.high > fpir * TOLERANCE:
            notes.append(
                f"The target is what is expected; up to {found.high:.2g} cannot be ruled out with what was measured."
            )
        return found, basis

    def _pair(self, fmr: float) -> PairPoint | None:
        if self.model is None:
            if self.pair_tau is None or not math.isclose(self.pair_tau[0], fmr, rel_tol=1e-6):
                return None
            return PairPoint(self.pair_tau[1], fmr, 0.0, fmr, 1.0, Basis.CARD)
        tau = _down(self.model.tau_at(fmr))
        if tau < LEAST_TAU:
            return None
        known = known_to(self.model, self.model.fmr(tau))
        low, high = known.predicted()
        return PairPoint(tau, fmr, low, known.rate, high, Basis.MODEL)

    def _about_the_gallery(self, fpir: float) -> list[str]:
        notes = []
        if not self.people:
            notes.append("Nobody is enrolled: there is nothing to search, so no tau for it. Calibrate after enrolment.")
        elif self.people == 1:
            notes.append("One person is enrolled and has nobody to be compared with: everything is the model's.")
        elif self.people / 2 * fpir < LOOKS:
            notes.append(
                f"{self.people} people compared among themselves cannot show a rate as small as {fpir:g}; what they "
                "can show is told beside it."
            )
        if self.model is None:
            notes.append(
                "This encoder's card holds no impostor model; measure it: "
                "faceguard evaluate folder DIR --encoder ID --to-card (of a learned comparison: train head --out)."
            )
        else:
            notes.append(
                f"The impostor model was measured on {self.model.data_set}; this door's camera, light and people were "
                "not measured."
            )
        if beyond(self.people, self.rated_size):
            notes.append(too_many(self.people, self.rated_size))
        return notes


class TauState(StrEnum):
    """Whether the tau in use still fits."""

    GOOD = "good"
    UNSAFE = "unsafe"
    """More strangers are to be expected than were agreed to."""
    BEYOND_RATED = "beyond the rated size"
    """tau may keep strangers out, and turns away too many of the staff."""
    OTHER_ENCODER = "calibrated for another encoder"
    UNKNOWN = "not measured"
    """Nothing says what it does; or there is none, and the door denies."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said about the tau in use.

    Attributes:
        states: everything that applies, the worst first; GOOD stands alone.
        estimate: at the tau in use; None where nothing is known.
        sentences: one for each state that is not GOOD: what, and what to do.
    """

    states: tuple[TauState, ...]
    estimate: Estimate | None
    sentences: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Nothing to do."""
        return self.states == (TauState.GOOD,)

    @property
    def outgrown(self) -> bool:
        """Another tau has to be chosen."""
        return not {TauState.UNSAFE, TauState.OTHER_ENCODER}.isdisjoint(self.states)


def judge_tau(
    calibration: DoorCalibration,
    tau: float | None,
    target: float = TARGET_FPIR,
    *,
    tau_pair: float | None = None,
    pair_target: float = PAIR_FMR,
    encoder: str = "",
    stored_encoder: str | None = None,
    stored_people: int | None = None,
) -> Verdict:
    """Has the tau in use become unsafe at the present gallery? It says so and changes nothing.

    An empty gallery lets nobody in and needs no tau.

    Args:
        calibration: of the present gallery.
        tau: in use; None when there is none.
        target: FPIR of an attempt that was agreed to.
        tau_pair, pair_target: of the 1:1 comparison, and its FMR that was agreed to.
        encoder: what tau belongs to at present, as text (``domain.card.Measured``).
        stored_encoder: of the calibration that was taken last; None without one.
        stored_people: K then.
    """
    states: list[TauState] = []
    sentences: list[str] = []
    estimate = None if tau is None else calibration.at(tau)
    if estimate is not None and estimate.value > target * TOLERANCE:
        states.append(TauState.UNSAFE)
        grown = stored_people is not None and stored_encoder == encoder and stored_people < calibration.people
        since = f" (calibrated for {stored_people})" if grown else ""
        sentences.append(
            f"With {calibration.people} people{since} tau {estimate.tau:.4f} lets in about {one_in(estimate.value)} "
            f"strangers' attempts, more than the {one_in(target)} wanted."
        )
    pair_fmr = None if tau_pair is None else calibration.pair_fmr(tau_pair)
    if calibration.people and tau_pair is not None and pair_fmr is not None and pair_fmr > pair_target * TOLERANCE:
        if TauState.UNSAFE not in states:
            states.append(TauState.UNSAFE)
        sentences.append(
            f"The tau for one named person, {tau_pair:.4f}, takes about {one_in(pair_fmr)} strangers who know the PIN "
            f"for that person, more than the {one_in(pair_target)} wanted."
        )
    if stored_encoder is not None and stored_encoder != encoder:
        states.append(TauState.OTHER_ENCODER)
        sentences.append(
            "The calibration that was taken belongs to another encoder or comparison and does not count; choose tau "
            "anew once people are enrolled with the present one."
        )
    if calibration.people and (tau is None or estimate is None):
        states.append(TauState.UNKNOWN)
        sentences.append(
            "There is no measured tau and the door lets nobody in: faceguard evaluate folder DIR --to-card "
            "(of a learned comparison: train head --out)."
            if tau is None
            else "Nothing says what this tau does to strangers: faceguard evaluate folder DIR --encoder ID --to-card."
        )
    if beyond(calibration.people, calibration.rated_size):
        states.append(TauState.BEYOND_RATED)
        sentences.append(too_many(calibration.people, calibration.rated_size))
    return Verdict(tuple(states) or (TauState.GOOD,), estimate, tuple(sentences))


def beyond(people: int, rated_size: int | None) -> bool:
    """More people than the encoder is rated for."""
    return rated_size is not None and people > rated_size


def too_many(people: int, rated_size: int | None) -> str:
    """What to do about that."""
    return (
        f"{people} people are more than the {rated_size} this encoder is rated for: let a badge or PIN name the person "
        "and the face confirm it, or install a stronger encoder."
    )


def one_in(rate: float) -> str:
    """``1 in 1,000``; rounded to two figures on the unsafe side, percent from a tenth on."""
    if rate >= 0.1:
        return f"{min(1.0, rate):.0%}".replace("%", " %") + " of"
    count = 1.0 / max(rate, LEAST_FMR)
    step = 10 ** max(0, math.floor(math.log10(count)) - 1)
    return f"1 in {math.floor(count / step + 1e-9) * step:,.0f}"


def _down(tau: float) -> float:
    """Rounded to four decimals on the safe side."""
    return float(np.clip(math.floor(tau * 1e4) / 1e4, 0.0, MAX_DISTANCE))
