"""How PAD networks judge simulated presentations: shares refused, and whether scores tell faces from pictures.

All of it is told of a SIMULATION. APCER and BPCER (ISO/IEC 30107-3) are rates of real attacks and real people; nothing
here may be called so, or be put on a card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.evaluation.error_rates import Share

BONA_FIDE: Final = ("photograph", "head")
"""What ought to be accepted: the photograph as it is, and its person rendered as a head."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Fused scores of one network, or of several together.

    Attributes:
        name: of what gave them.
        attack_threshold: a score of at most this is refused.
        scores: for each kind of presentation (N,) probabilities of a living face, NaN where no face was found.
    """

    name: str
    attack_threshold: float
    scores: Mapping[str, NDArray[np.float64]]

    def refused(self, kind: str) -> Share:
        """How many presentations of a kind were taken for attacks, of those with a face."""
        seen = self._seen(kind)
        return Share(int(np.count_nonzero(seen <= self.attack_threshold)), seen.size)

    def area(self, bona_fide: str, attack: str) -> float | None:
        """Probability that a bona fide presentation scores above an attack; None where one of them is missing."""
        return area_under_curve(self._seen(bona_fide), self._seen(attack))

    def _seen(self, kind: str) -> NDArray[np.float64]:
        values = self.scores[kind]
        return values[np.isfinite(values)]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two judges are.

    Attributes:
        apart: mean difference of their scores.
        same: presentations that both refuse or both do not.
    """

    apart: float
    same: Share

    @classmethod
    def of(cls, one: Judged, other: Judged) -> Agreement:
        """Over all presentations in which a face was found."""
        ours, theirs = (np.concatenate([judged.scores[kind] for kind in one.scores]) for judged in (one, other))
        seen = np.isfinite(ours) & np.isfinite(theirs)
        ours, theirs = ours[seen], theirs[seen]
        both = (ours <= one.attack_threshold) == (theirs <= other.attack_threshold)
        apart = float(np.abs(ours - theirs).mean()) if seen.any() else float("nan")
        return cls(apart, Share(int(both.sum()), both.size))


def area_under_curve(positive: ArrayLike, negative: ArrayLike) -> float | None:
    """Mann and Whitney's statistic: how often one of the first exceeds one of the second, ties half."""
    ours, theirs = np.asarray(positive, np.float64), np.sort(np.asarray(negative, np.float64))
    if not ours.size or not theirs.size:
        return None
    below, not_above = np.searchsorted(theirs, ours, "left"), np.searchsorted(theirs, ours, "right")
    return float((below + not_above).mean() / (2 * theirs.size))


def pad_answer(judges: Sequence[Judged], reference: Judged | None) -> dict[str, Any]:
    """As JSON values; shares with their exact bounds."""
    return {
        "SIMULATION": "shares of simulated presentations; neither APCER nor BPCER",
        "judges": {judged.name: _described(judged, reference) for judged in judges},
        "reference": None if reference is None else {"name": reference.name, **_described(reference, None)},
    }


def pad_lines(answer: Mapping[str, Any]) -> list[str]:
    """The answer as a table."""
    lines = [f"SIMULATION: {answer['SIMULATION']}."]
    tables = list(answer["judges"].items())
    if answer["reference"] is not None:
        tables.append((f"{answer['reference']['name']} (reference)", answer["reference"]))
    for name, told in tables:
        lines += ["", f"{name}, refuses at {told['attack_threshold']:g} or less"]
        for kind, row in told["refused"].items():
            low, high = row["bounds"]
            areas = ", ".join(
                f"AUC against the {base} {area:.3f}"
                for base, area in told["auc"].get(kind, {}).items()
                if area is not None
            )
            share = f"{row['k']:>4} of {row['n']:<4} {row['rate']:6.1%} [{low:.1%}, {high:.1%}]"
            lines.append(f"{kind:>12}  refused {share}  {areas}".rstrip())
        agreement = told.get("agreement")
        if agreement is not None:
            low, high = agreement["bounds"]
            lines.append(
                f"agrees with {answer['reference']['name']} on {agreement['k']} of {agreement['n']}, "
                f"{agreement['rate']:.1%} [{low:.1%}, {high:.1%}]; scores {agreement['apart']:.3f} apart on average"
            )
    return lines


def _described(judged: Judged, reference: Judged | None) -> dict[str, Any]:
    attacks = [kind for kind in judged.scores if kind not in BONA_FIDE]
    return {
        "attack_threshold": judged.attack_threshold,
        "refused": {kind: _share(judged.refused(kind)) for kind in judged.scores},
        "auc": {
            kind: {base: judged.area(base, kind) for base in BONA_FIDE if base in judged.scores} for kind in attacks
        },
        "agreement": None if reference is None else _agreement(Agreement.of(judged, reference)),
    }


def _share(share: Share) -> dict[str, Any]:
    return {"k": share.k, "n": share.n, "rate": share.value, "bounds": share.interval}


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {"apart": agreement.apart, **_share(agreement.same)}
