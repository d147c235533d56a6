"""All that a position of tau can be judged by, gathered once so that a moving handle is answered at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.card import Measured
from faceguard.domain.head_card import HeadCard
from faceguard.domain.score import MAX_DISTANCE
from faceguard.domain.similarity import SimilarityHead
from faceguard.domain.template import Gallery
from faceguard.evaluation.calibration import Estimate
from faceguard.evaluation.comparison import distances
from faceguard.evaluation.door import POSITIONS, DoorCalibration, PairPoint, Verdict
from faceguard.evaluation.drift import Drift
from faceguard.evaluation.genuine import GenuineScores, StaffRate
from faceguard.store.calibrations import TakenCalibration
from faceguard.what_if import Replay

BIN: Final = 0.04
"""Width of the histograms' bars, in d."""
EDGES: Final = np.linspace(0.0, MAX_DISTANCE, round(MAX_DISTANCE / BIN) + 1)
MOST_ROWS: Final = 3_000
"""Templates whose pairs are drawn; of a larger gallery a part, spread evenly."""
FEWEST_PAIRS: Final = 45
"""Of people: ten of them; with fewer their pairs draw no shape."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force now.

    Attributes:
        card: of the encoder in use, or of the comparison that is used with it.
        door: what is known about strangers.
        tau: of the search; None when there is none.
        tau_pair: of the 1:1 comparison; None when there is none.
        verdict: on both, against the targets of the calibration whose tau is in force, else one in 1,000 and 1e-4.
        taken: the last calibration.
        counts: it is the one whose tau is in force.
    """

    card: Measured
    door: DoorCalibration
    tau: float | None
    tau_pair: float | None
    verdict: Verdict
    taken: TakenCalibration | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Position:
    """A named position of tau.

    Attributes:
        name: strict, balanced or convenient.
        fpir: of a stranger's attempt that it aims at.
        tau: at the present gallery.
    """

    name: str
    fpir: float
    tau: float


@dataclass(frozen=True, slots=True)
class TauMeaning:
    """What one position of tau means here.

    Attributes:
        tau: the position.
        strangers: FPIR of a stranger's attempt; None where nothing is known.
        fmr: of one comparison, by the impostor model; None without one.
        staff: share of the staff's attempts beyond it; None until measured.
        grants_lost, denies_gained: of the recorded events of the last 30 days.
        unsafe: it wants a reason.
    """

    tau: float
    strangers: Estimate | None
    fmr: float | None
    staff: StaffRate | None
    grants_lost: int
    denies_gained: int
    unsafe: bool


@dataclass(frozen=True, slots=True, eq=False)
class TauPicture:
    """The gallery as tau sees it.

    Attributes:
        standing: what is in force.
        names: of the people, by number.
        staff: genuine scores of the last 180 days.
        replay: the events of the last 30 days.
        drift: people who come near the tau in force.
        positions: strict to convenient; those that no tau reaches are left out.
        pair: tau proposed for one named person; None when none can be.
        unsafe_from: from there on a tau wants a reason; None where none does.
        known_from: below it nothing was measured; None where nothing was measured at all.
        strangers: (100,) share of the pairs of two people of this gallery in each bin of ``EDGES``; zeros where there
            are too few of them.
        stranger_pairs: number of these pairs.
        model: (100,) the same by the impostor model; zeros without one.
        genuine: (100,) share of the genuine scores in each bin; zeros without any.
    """

    standing: Standing
    names: dict[int, str]
    staff: GenuineScores
    replay: Replay
    drift: tuple[Drift, ...]
    positions: tuple[Position, ...]
    pair: PairPoint | None
    unsafe_from: float | None
    known_from: float | None
    strangers: NDArray[np.float64]
    stranger_pairs: int
    model: NDArray[np.float64]
    genuine: NDArray[np.float64]

    @classmethod
    def of(
        cls, standing: Standing, gallery: Gallery, staff: GenuineScores, replay: Replay, drift: tuple[Drift, ...]
    ) -> TauPicture:
        """Draw it; a second for ten thousand people."""
        door = standing.door
        head = standing.card.head if isinstance(standing.card, HeadCard) else None
        strangers, pairs = pair_shares(gallery, head)
        proposals = [(name, fpir, door.propose(fpir)) for name, fpir in POSITIONS]
        return cls(
            standing,
            {number: subject.name for number, subject in gallery.subjects.items()},
            staff,
            replay,
            drift,
            tuple(Position(name, fpir, p.search.tau) for name, fpir, p in proposals if p.search is not None),
            proposals[0][2].pair,
            _unsafe_from(door),
            _known_from(door),
            strangers,
            pairs,
            _model_shares(door),
            _shares(staff.distances),
        )

    @property
    def squared(self) -> bool:
        """d is the squared distance, which is 2 - 2 cos; a learned comparison's is not."""
        return not isinstance(self.standing.card, HeadCard)

    def at(self, tau: float) -> TauMeaning:
        """What a position means; about a millisecond.

        Args:
            tau: in (0, 4].
        """
        door = self.standing.door
        found = door.at(tau)
        return TauMeaning(
            tau,
            found if door.people else None,
            door.pair_fmr(tau),
            self.staff.beyond(tau),
            self.replay.grants_lost(tau),
            self.replay.denies_gained(tau),
            door.wants_reason(found),
        )


def pair_shares(gallery: Gallery, head: SimilarityHead | None = None) -> tuple[NDArray[np.float64], int]:
    """Share of the pairs of two people in each bin of ``EDGES``, and their number; zeros for too few pairs.

    Args:
        gallery: all of one encoder.
        head: compares them; None is the squared distance.
    """
    step = max(1, -(-len(gallery.matrix) // MOST_ROWS))
    rows, owners = gallery.matrix[::step], gallery.subject_ids[::step]
    counts = np.zeros(len(EDGES) - 1, np.int64)
    for start in range(0, len(rows), 500):
        block, whose = rows[start : start + 500], owners[start : start + 500]
        apart = distances(block, rows[start:], head)
        later = np.arange(len(block))[:, np.newaxis] < np.arange(len(rows) - start)
        counts += np.histogram(apart[later & (whose[:, np.newaxis] != owners[start:])], EDGES)[0]
    total = int(counts.sum())
    people = int(np.unique(owners).size)
    enough = people * (people - 1) // 2 >= FEWEST_PAIRS
    return (counts / total if enough else np.zeros(len(counts))), total


def _shares(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = np.histogram(distances, EDGES)[0].astype(np.float64)
    return counts / max(1.0, float(counts.sum()))


def _model_shares(door: DoorCalibration) -> NDArray[np.float64]:
    if door.model is None:
        return np.zeros(len(EDGES) - 1)
    rates = np.array([door.model.fmr(float(edge)) for edge in EDGES])
    return np.asarray(rates[1:] - rates[:-1], np.float64)


def _unsafe_from(door: DoorCalibration) -> float | None:
    """The smallest tau, to a thousandth, that wants a reason."""
    low, high = 0.0, MAX_DISTANCE
    if not door.unsafe(high):
        return None
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        low, high = (low, middle) if door.unsafe(middle) else (middle, high)
    return high


def _known_from(door: DoorCalibration) -> float | None:
    """Where the smallest rate lies that the model's people, or else the gallery itself, can show."""
    if door.model is not None:
        return door.model.tau_at(door.model.measured_to)
    if door.itself is not None:
        return float(door.itself.searches.distance[0])
    return None
