"""What the trials of one camera and one set of rules amount to: rates, and the sentences that quote them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from faceguard.domain.presentation import ATTACKS, Response, Species, Trial
from faceguard.evaluation.error_rates import Share, rule_of_three
from faceguard.evaluation.presentation_attack import PresentationErrors, presentation_errors

SCORES: Final = {Response.PASSED: 1.0, Response.REFUSED: 0.0, Response.NOT_ACQUIRED: math.nan}
NOT_MEASURED: Final = "not measured on this camera"
DETERS: Final = "One RGB webcam deters prints and casual photos; it does not stop a phone replay."


@dataclass(frozen=True, slots=True)
class MeasuredLiveness:
    """The trials of one setup.

    Attributes:
        trials: oldest first; all of one setup, or of one series that is not kept.
    """

    trials: tuple[Trial, ...] = ()

    def count(self, species: Species, response: Response | None = None) -> int:
        """Presentations of a species, or those of them that ended so."""
        return sum(t.species is species and response in (None, t.result.response) for t in self.trials)

    @property
    def errors(self) -> PresentationErrors | None:
        """APCER, BPCER and what got no answer; None before the first trial."""
        return presentation_errors(self._scores(), self._of(Species.BONA_FIDE), 0.5) if self.trials else None

    def share(self, species: Species) -> Share:
        """APCER of an attack species, BPCER of bona fide ones; of n = 0 when not measured."""
        errors = self.errors
        if errors is None:
            return Share(0, 0)
        return errors.apcer.get(species, Share(0, 0)) if species.attack else errors.bpcer

    @property
    def measured(self) -> bool:
        """At least one attack was answered."""
        return self.errors is not None and self.errors.worst is not None

    @property
    def not_tried(self) -> tuple[Species, ...]:
        """Attack species without an answer."""
        return tuple(species for species in ATTACKS if not self.share(species).n)

    @property
    def last(self) -> date | None:
        """Local day of the newest trial."""
        return self.trials[-1].time.astimezone().date() if self.trials else None

    def _of(self, species: Species) -> list[float]:
        return [SCORES[trial.result.response] for trial in self.trials if trial.species is species]

    def _scores(self) -> dict[str, Sequence[float]]:
        tried = Counter(trial.species for trial in self.trials if trial.species.attack)
        return {species: self._of(species) for species in ATTACKS if tried[species]}


def rate_words(share: Share) -> str:
    """A rate with its exact 95 % bounds: ``15.0 % [3.2, 37.9]``; with zero errors what the rule of three leaves."""
    if not share.n:
        return "not measured"
    low, high = share.interval
    words = f"{100 * share.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    return words if share.k else f"{words}, {zero_words(share.n)}"


def zero_words(n: int) -> str:
    """What no error in so many trials means; nothing is said about fewer than four, where it would be 100 %."""
    bound = rule_of_three(n)
    return "too few to say anything" if bound >= 1.0 else f"below {100 * bound:.0f} % by the rule of three"


def quote(test: MeasuredLiveness) -> str:
    """The measurement in two or three sentences, the worst species first."""
    errors = test.errors
    if errors is None or errors.worst is None:
        return f"{NOT_MEASURED[:1].upper()}{NOT_MEASURED[1:]}."
    name, worst = errors.worst
    tried = sum(share.n > 0 for share in errors.apcer.values())
    many = f", the worst of {tried} species" if tried > 1 else ""
    parts = [f"{worst.k} of {worst.n} presentations of {name} passed{many}: APCER {rate_words(worst)}."]
    living = errors.bpcer
    if living.n:
        parts.append(f"{living.k} of {living.n} real people refused: BPCER {rate_words(living)}.")
    else:
        parts.append("Real people: not measured.")
    if test.not_tried:
        parts.append(f"Not tried: {', '.join(test.not_tried)}.")
    return " ".join(parts)


def brief(test: MeasuredLiveness) -> str:
    """For the status strip: the worst species alone, or that nothing was measured."""
    worst = None if test.errors is None else test.errors.worst
    return NOT_MEASURED if worst is None else f"{worst[1].k} of {worst[1].n} passed here (worst: {worst[0]})"


def table_lines(test: MeasuredLiveness) -> list[str]:
    """The table for a terminal, worst species first, then bona fide, then those that were not tried."""
    errors = test.errors
    lines = [f"{'species':<14}{'tried':>6}{'passed':>8}{'refused':>9}{'no answer':>11}  error rate, 95 % bounds"]
    if errors is None:
        return [*lines, "nothing was tried"]
    order = [*map(Species, errors.species), Species.BONA_FIDE]
    for species in [*order, *(s for s in ATTACKS if s not in order)]:
        tried = test.count(species)
        if not tried:
            lines.append(f"{species:<14}{0:>6}{'':>28}  not tried")
            continue
        passed, refused, silent = (test.count(species, response) for response in Response)
        rate = f"{'APCER' if species.attack else 'BPCER'} {rate_words(test.share(species))}"
        lines.append(f"{species:<14}{tried:>6}{passed:>8}{refused:>9}{silent:>11}  {rate}")
    return lines


def answer_of(test: MeasuredLiveness) -> dict[str, Any]:
    """The same for machines; ``species`` is ordered as the table."""
    errors = test.errors
    order = [] if errors is None else [*map(Species, errors.species)]
    if test.count(Species.BONA_FIDE):
        order.append(Species.BONA_FIDE)
    worst = None if errors is None else errors.worst
    return {
        "measured": test.measured,
        "worst": None if worst is None else worst[0],
        "species": [_species_answer(test, species) for species in order],
        "not_tried": [species.value for species in test.not_tried],
    }


def _species_answer(test: MeasuredLiveness, species: Species) -> dict[str, Any]:
    share, tried = test.share(species), test.count(species)
    passed, refused, silent = (test.count(species, response) for response in Response)
    low, high = share.interval
    return {
        "species": species.value,
        "tried": tried,
        "passed": passed,
        "refused": refused,
        "not_acquired": silent,
        "rate": "APCER" if species.attack else "BPCER",
        "value": share.value if share.n else None,
        "low": low,
        "high": high,
        "rule_of_three": share.below,
        "non_response": silent / tried,
    }
