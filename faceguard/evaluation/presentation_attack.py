"""Error rates of presentation attack detection, after ISO/IEC 30107-3:2023.

APCER: the share of attack presentations of one species that pass for bona fide; it is told for each species, and the
worst one is the detector's. BPCER: the share of bona fide presentations that do not pass. A presentation that got no
answer counts in neither: it is told apart, as APNRR of its species or BPNRR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faceguard.evaluation.error_rates import Share


@dataclass(frozen=True, slots=True)
class PresentationErrors:
    """What one limit does. A share of n = 0 is not measured.

    Attributes:
        apcer: of each attack species, over the presentations that were answered.
        bpcer: of bona fide presentations, over those that were answered.
        apnrr: of each attack species, the share of all presentations that got no answer.
        bpnrr: the same of bona fide ones.
    """

    apcer: Mapping[str, Share]
    bpcer: Share
    apnrr: Mapping[str, Share]
    bpnrr: Share

    @property
    def worst(self) -> tuple[str, Share] | None:
        """The species with the greatest APCER; of equal ones that with fewer presentations, which proves less.

        None when no attack was answered.
        """
        answered = [item for item in self.apcer.items() if item[1].n]
        return max(answered, key=lambda item: (item[1].value, -item[1].n), default=None)

    @property
    def species(self) -> tuple[str, ...]:
        """All attack species, the worst first, those without an answer last."""
        return tuple(sorted(self.apcer, key=lambda s: (self.apcer[s].n == 0, -self.apcer[s].value, self.apcer[s].n)))


def presentation_errors(
    attacks: Mapping[str, Sequence[float]], bona_fide: Sequence[float], accept: float
) -> PresentationErrors:
    """APCER and BPCER at one limit.

    A presentation passes when its score is at least ``accept``, ties pass. One without an answer has the score NaN.

    Args:
        attacks: of each species the scores of its presentations, greater means more alive.
        bona_fide: scores of living people; none when that was not measured.
        accept: the limit.

    Raises:
        ValueError: a species without presentations, or nothing at all.
    """
    if not all(len(scores) for scores in attacks.values()) or not (attacks or len(bona_fide)):
        raise ValueError("each attack species needs at least one presentation")
    living = _answered(bona_fide)
    answered = {name: _answered(scores) for name, scores in attacks.items()}
    return PresentationErrors(
        {name: Share(_passed(scores, accept), scores.size) for name, scores in answered.items()},
        Share(living.size - _passed(living, accept), living.size),
        {name: Share(len(attacks[name]) - scores.size, len(attacks[name])) for name, scores in answered.items()},
        Share(len(bona_fide) - living.size, len(bona_fide)),
    )


def _answered(scores: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.asarray(scores, np.float64).reshape(-1)
    return values[~np.isnan(values)]


def _passed(scores: np.ndarray[tuple[int], np.dtype[np.float64]], accept: float) -> int:
    return int(np.count_nonzero(scores >= accept))
