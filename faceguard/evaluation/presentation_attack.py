"""Error rates of presentation attack detection, after ISO/IEC 30107-3:2023.

APCER: the share of attack presentations of one species that pass for bona fide; it is told for each species, and the
worst one is the detector's. BPCER: the share of bona fide presentations that do not pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faceguard.evaluation.error_rates import Share


@dataclass(frozen=True, slots=True)
class PresentationErrors:
    """What one limit does.

    Attributes:
        apcer: of each attack species.
        bpcer: of bona fide presentations.
        unanswered: bona fide presentations without a score; they count as errors in ``bpcer``.
    """

    apcer: Mapping[str, Share]
    bpcer: Share
    unanswered: int

    @property
    def worst(self) -> tuple[str, Share]:
        """The species with the greatest APCER; of equal ones that with fewer presentations, which proves less."""
        return max(self.apcer.items(), key=lambda item: (item[1].value, -item[1].n))


def presentation_errors(
    attacks: Mapping[str, Sequence[float]], bona_fide: Sequence[float], accept: float
) -> PresentationErrors:
    """APCER and BPCER at one limit.

    A presentation passes when its score is at least ``accept``, ties pass. One without an answer has the score NaN:
    it never passes, so it is no error of an attack and one of a bona fide presentation.

    Args:
        attacks: of each species the scores of its presentations, greater means more alive.
        bona_fide: scores of living people.
        accept: the limit.

    Raises:
        ValueError: a species or the bona fide ones without presentations, or no species.
    """
    if not attacks or not all(len(scores) for scores in attacks.values()) or not len(bona_fide):
        raise ValueError("each attack species and the bona fide presentations need at least one score")
    living = np.asarray(bona_fide, np.float64)
    return PresentationErrors(
        {name: Share(_passed(scores, accept), len(scores)) for name, scores in attacks.items()},
        Share(living.size - _passed(bona_fide, accept), living.size),
        int(np.count_nonzero(np.isnan(living))),
    )


def _passed(scores: Sequence[float], accept: float) -> int:
    return int(np.count_nonzero(np.asarray(scores, np.float64) >= accept))  # NaN compares as false
