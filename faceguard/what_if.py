"""What another tau of the search would have done to the recorded events, by the door's own rule.

An event holds the two smallest distances, tau, gates, encoder and number of people; never a picture. So an attempt is
judged again by ``access.attempt.judged`` on the distances of the look that decided it. Whoever was granted after a PIN
was searched before it was asked for: the Ask's distance counts then. Where the PIN came first there was no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faceguard.access.attempt import LookResult, judged
from faceguard.domain.decision import DenyReason, Gate
from faceguard.domain.score import Distance, Threshold
from faceguard.store.audit_log import AuditEvent

ASK_LASTS: Final = timedelta(seconds=40)
"""A grant this long after an Ask answers it: 30 s for the PIN, 5 s to be compared again, and a little."""
CANNOT_KNOW: Final = (
    "A deny for quality, liveness or a PIN stays one, and one that would be recognised had these still to pass: "
    "grants gained are at most so many.",
    "Where single frames spoke against a match, a greater tau does not help; where they would have, nobody can tell.",
    "A grant that is lost might have come at a second look, or at the next attempt.",
    "The margin is the present one, the people are those of that day, and 1:1 comparisons keep their own tau.",
)


class Outcome(StrEnum):
    """What an attempt came to."""

    GRANT = "grant"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Flip:
    """One event that would have ended otherwise."""

    time: datetime
    event_id: int | None
    was: Outcome
    would_be: Outcome


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The events judged again.

    Attributes:
        tau: of the search, that was tried.
        grants, denies: of the present encoder, as recorded.
        flips: those that would have ended otherwise, oldest first.
        pairs: grants without a search (PIN first), and denies of one comparison; untouched, and among the above.
        other_encoders: grants, asks and denies of other encoders; left out.
        undecided: attempts that were recognised and asked for a PIN; their end is a grant or a deny above.
    """

    tau: float
    grants: int
    denies: int
    flips: tuple[Flip, ...]
    pairs: int
    other_encoders: int
    undecided: int

    @property
    def grants_lost(self) -> int:
        """Grants that would have been no grant."""
        return sum(flip.was is Outcome.GRANT for flip in self.flips)

    @property
    def denies_gained(self) -> int:
        """Denies that would have been recognised: granted at most, or asked for a PIN."""
        return sum(flip.was is Outcome.DENY for flip in self.flips)


def replay(events: Sequence[AuditEvent], tau: Threshold, margin: float, encoder_id: str) -> WhatIf:
    """Judge the events again.

    Args:
        events: oldest first; other events than grants, asks and denies are passed over.
        tau: of the search, to be tried.
        margin: of the search, as the door has it now.
        encoder_id: present EncoderId as text; what any other decided is left out.
    """
    grants = denies = pairs = others = undecided = 0
    flips: list[Flip] = []
    ask: AuditEvent | None = None
    for event in events:
        if event.decision not in set(Outcome):
            continue
        if event.encoder_id != encoder_id:
            others += 1
            ask = None
            continue
        was = Outcome(event.decision)
        if was is Outcome.ASK:
            undecided += 1
            ask = event
            continue
        answered, ask = _answered(ask, event), None
        grants += was is Outcome.GRANT
        denies += was is Outcome.DENY
        would_be: Outcome | None = was
        if was is Outcome.GRANT:
            would_be = _of_grant(event, answered, tau, margin)
        elif event.reason == DenyReason.NOT_RECOGNISED:
            would_be = None if answered is not None else _of_refusal(event, tau, margin)
        if would_be is None:
            pairs += 1
        elif would_be is not was:
            flips.append(Flip(event.time, event.event_id, was, would_be))
    return WhatIf(tau.value, grants, denies, tuple(flips), pairs, others, undecided)


def _answered(ask: AuditEvent | None, event: AuditEvent) -> AuditEvent | None:
    """The Ask that this event ended, if one did."""
    return ask if ask is not None and event.time - ask.time <= ASK_LASTS else None


def _of_grant(event: AuditEvent, ask: AuditEvent | None, tau: Threshold, margin: float) -> Outcome | None:
    """None: there was no search."""
    if Gate.PIN in event.gates:
        if ask is None:
            return None
        # what was asked for a PIN had its margin, or lacked it and was asked for that reason; tau changes neither
        return Outcome.GRANT if _judged(ask, tau, 0.0) is not LookResult.NOBODY else Outcome.DENY
    return _OUTCOMES[_judged(event, tau, margin)]


def _of_refusal(event: AuditEvent, tau: Threshold, margin: float) -> Outcome | None:
    """None: it was one comparison with one person, which a search's tau does not touch."""
    if event.runner_up is None and event.gallery_size > 1:
        return None
    if event.distance is None or event.tau is None or event.distance <= event.tau:
        return Outcome.DENY  # near enough then, and refused by the single frames
    return _OUTCOMES[_judged(event, tau, margin)]


def _judged(event: AuditEvent, tau: Threshold, margin: float) -> LookResult:
    """The door's rule on the recorded distances; a number that is no distance names nobody."""
    try:
        nearest = None if event.distance is None else Distance(event.distance)
        runner_up = None if event.runner_up is None else Distance(event.runner_up)
    except ValueError:
        return LookResult.NOBODY
    return judged(nearest, runner_up, tau, margin)


_OUTCOMES: Final = {
    LookResult.CLEAR: Outcome.GRANT,
    LookResult.TOO_ALIKE: Outcome.ASK,
    LookResult.NOBODY: Outcome.DENY,
}
