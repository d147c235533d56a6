"""What another tau of the search would have done to the recorded events, by the door's own rule.

An event holds the two smallest distances, tau, gates, encoder and number of people; never a picture. So an attempt is
judged again by ``access.attempt.judged`` on the distances of the look that decided it. Whoever was granted after a PIN
was searched before it was asked for: the Ask's distance counts then. Where the PIN came first there was no search.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from faceguard.access.attempt import LookResult, judged
from faceguard.domain.decision import AskReason, DenyReason, Gate
from faceguard.domain.score import MAX_DISTANCE, Distance, Threshold
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
    """One event that would have ended otherwise.

    Attributes:
        time: of the event.
        event_id: its number in the log.
        was, would_be: how it ended, and would have.
        nearest_id: the person who was nearest; None where none was.
        distance: to that person.
    """

    time: datetime
    event_id: int | None
    was: Outcome
    would_be: Outcome
    nearest_id: int | None = None
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The events judged again.

    Attributes:
        tau: of the search, that was tried.
        grants, denies: of the present encoder, as recorded.
        flips: those that would have ended otherwise, oldest first.
        pairs: grants without a search (PIN first), and denies of one comparison; untouched, and among the above.
        other_encoders: grants, asks and denies of other encoders and comparisons; left out.
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


@dataclass(frozen=True, slots=True)
class _Judged:
    """An event that tau decides: ``inside`` when tau is at least ``distance``, a deny otherwise."""

    event: AuditEvent
    was: Outcome
    distance: float
    inside: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """The recorded events, ready to be judged at any tau; a count takes microseconds, for a handle that moves.

    Attributes:
        judged: grants and denies that a search decided, oldest first; denies that no tau turns are not among them.
        grants, denies, pairs, other_encoders, undecided: see ``WhatIf``.
    """

    judged: tuple[_Judged, ...]
    grants: int
    denies: int
    pairs: int
    other_encoders: int
    undecided: int
    _kept: tuple[float, ...] = field(init=False, repr=False)
    _gained: tuple[float, ...] = field(init=False, repr=False)
    _searched: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        grants = [j for j in self.judged if j.was is Outcome.GRANT]
        kept = sorted(j.distance for j in grants if j.inside is Outcome.GRANT)
        gained = sorted(j.distance for j in self.judged if j.was is Outcome.DENY)
        object.__setattr__(self, "_kept", tuple(kept))
        object.__setattr__(self, "_gained", tuple(gained))
        object.__setattr__(self, "_searched", len(grants))

    @classmethod
    def of(cls, events: Sequence[AuditEvent], margin: float, encoder_id: str) -> Replay:
        """From the log.

        Args:
            events: oldest first; other events than grants, asks and denies are passed over.
            margin: of the search, as the door has it now.
            encoder_id: what the present distances belong to, as text; what any other decided is left out.
        """
        counts = dict.fromkeys(("grants", "denies", "pairs", "other_encoders", "undecided"), 0)
        found: list[_Judged] = []
        ask: AuditEvent | None = None
        for event in events:
            if event.decision not in set(Outcome):
                continue
            if event.encoder_id != encoder_id:
                counts["other_encoders"] += 1
                ask = None
                continue
            was = Outcome(event.decision)
            if was is Outcome.ASK:
                counts["undecided"] += 1
                ask = event
                continue
            answered, ask = ask if answers(ask, event) else None, None
            counts["grants"] += was is Outcome.GRANT
            counts["denies"] += was is Outcome.DENY
            if was is Outcome.DENY and event.reason != DenyReason.NOT_RECOGNISED:
                continue
            if _compared_with_one(event, was, answered):
                counts["pairs"] += 1
                continue
            judged_event = _of_grant(event, answered, margin) if was is Outcome.GRANT else _of_refusal(event, margin)
            if judged_event is not None:
                found.append(judged_event)
        return cls(tuple(found), **counts)

    def grants_lost(self, tau: float) -> int:
        """``WhatIf.grants_lost`` at tau."""
        return self._searched - bisect_right(self._kept, tau)

    def denies_gained(self, tau: float) -> int:
        """``WhatIf.denies_gained`` at tau."""
        return bisect_right(self._gained, tau)

    def at(self, tau: Threshold) -> WhatIf:
        """Every event that would have ended otherwise at tau."""
        flips = []
        for judged_event in self.judged:
            would_be = judged_event.inside if judged_event.distance <= tau.value else Outcome.DENY
            if would_be is not judged_event.was:
                event = judged_event.event
                flips.append(
                    Flip(event.time, event.event_id, judged_event.was, would_be, event.nearest_id, event.distance)
                )
        counts = (self.pairs, self.other_encoders, self.undecided)
        return WhatIf(tau.value, self.grants, self.denies, tuple(flips), *counts)


def answers(ask: AuditEvent | None, event: AuditEvent) -> bool:
    """The event is how this Ask ended: a grant or deny soon after it, about somebody whom the Ask meant.

    Other rules or people may end an Ask without a word in the log; whoever is searched next is somebody else then. And
    a clock that was put back tells nothing.
    """
    if ask is None or not timedelta() <= event.time - ask.time <= ASK_LASTS:
        return False
    if event.decision == "grant" and Gate.PIN not in event.gates:
        return False
    if event.reason == DenyReason.NOT_RECOGNISED and not event.refused_one:
        return False
    either = ask.reason == AskReason.TOO_ALIKE  # the PIN may have named the second one
    return either or event.nearest_id is None or event.nearest_id == ask.nearest_id


def _compared_with_one(event: AuditEvent, was: Outcome, ask: AuditEvent | None) -> bool:
    """A PIN had named the person, so that there was no search for tau to decide."""
    return event.refused_one if was is Outcome.DENY else Gate.PIN in event.gates and ask is None


def _of_grant(event: AuditEvent, ask: AuditEvent | None, margin: float) -> _Judged:
    # what was asked for a PIN had its margin, or lacked it and was asked for that reason; tau changes neither
    searched, needed = (event, margin) if ask is None else (ask, 0.0)
    distance, inside = _search(searched, needed)
    return _Judged(event, Outcome.GRANT, distance, inside if ask is None else Outcome.GRANT)


def _of_refusal(event: AuditEvent, margin: float) -> _Judged | None:
    """None: no tau turns it, for it was near enough then and refused by the single frames, or names nobody."""
    if event.distance is None or event.tau is None or event.distance <= event.tau:
        return None
    distance, inside = _search(event, margin)
    return _Judged(event, Outcome.DENY, distance, inside) if distance <= MAX_DISTANCE else None


def _search(event: AuditEvent, margin: float) -> tuple[float, Outcome]:
    """The nearest distance and what the door's rule says within tau; a number that is no distance is never within."""
    if event.distance is None:
        return math.inf, Outcome.DENY
    try:
        nearest = Distance(event.distance)
        runner_up = None if event.runner_up is None else Distance(event.runner_up)
    except ValueError:
        return math.inf, Outcome.DENY
    return nearest.value, _OUTCOMES[judged(nearest, runner_up, Threshold(MAX_DISTANCE), margin)]


_OUTCOMES: Final = {
    LookResult.CLEAR: Outcome.GRANT,
    LookResult.TOO_ALIKE: Outcome.ASK,
    LookResult.NOBODY: Outcome.DENY,
}
