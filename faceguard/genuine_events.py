"""Genuine scores from the event log: attempts of which it is known who made them.

A plain grant knows it by the very comparison that is to be judged, and of a refusal nobody knows whom it refused. What
else names people: a right PIN, after the face or before it; the desk, which says afterwards who it was; and a refusal
soon followed by the same person's entry, by PIN or by face. A right PIN with a face that is not near may also be a
stolen PIN, which counts against staff here: cautious.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from faceguard.domain.decision import DenyReason, Gate
from faceguard.domain.score import MAX_DISTANCE
from faceguard.evaluation.genuine import GenuineScore, ScoreDomain, ScoreOrigin
from faceguard.store.audit_log import AuditEvent
from faceguard.what_if import ASK_LASTS

TRIES_AGAIN: Final = timedelta(seconds=60)
"""Whoever enters this soon after a refusal that was nearest to the same person, was refused."""
TYPES_PIN: Final = timedelta(seconds=120)
"""Whoever names himself by PIN this soon after a refusal, was refused."""


@dataclass(frozen=True, slots=True)
class AttemptsOfStaff:
    """What the log knows.

    Attributes:
        scores: oldest first.
        unexplained: distances of refused searches of which nobody knows whom they refused.
    """

    scores: tuple[GenuineScore, ...]
    unexplained: tuple[float, ...]


def attempts_of_staff(
    events: Sequence[AuditEvent],
    encoder_id: str,
    domains: Mapping[int, ScoreDomain],
    labels: Mapping[int, int | None] | None = None,
) -> AttemptsOfStaff:
    """Read the log.

    Args:
        events: oldest first, of whatever kind.
        encoder_id: present EncoderId as text; other encoders' events are passed over.
        domains: what each enrolled person is compared with; events of people who are gone are passed over.
        labels: by event number what the desk said: the person's number, None for a stranger.
    """
    reader = _Reader(domains, labels or {})
    for event in events:
        if event.encoder_id == encoder_id:
            reader.take(event)
    return reader.result()


@dataclass(slots=True)
class _Reader:
    domains: Mapping[int, ScoreDomain]
    labels: Mapping[int, int | None]
    scores: list[GenuineScore] = field(default_factory=list)
    unexplained: list[float] = field(default_factory=list)
    ask: AuditEvent | None = None
    refusal: AuditEvent | None = None

    def take(self, event: AuditEvent) -> None:
        if event.decision == "ask":
            self.ask = event
            return
        ask, self.ask = self.ask, None
        if ask is not None and event.time - ask.time > ASK_LASTS:
            ask = None
        if self._labelled(event):
            return
        if event.decision == "grant":
            self._grant(event, ask)
        elif event.decision == "deny" and event.reason == DenyReason.NOT_RECOGNISED:
            if ask is not None or (event.runner_up is None and event.gallery_size > 1):
                self._by_pin(event, event.nearest_id)
            else:
                self._forget_refusal()
                self.refusal = event

    def result(self) -> AttemptsOfStaff:
        self._forget_refusal()
        return AttemptsOfStaff(tuple(self.scores), tuple(self.unexplained))

    def _labelled(self, event: AuditEvent) -> bool:
        if event.event_id is None or event.event_id not in self.labels:
            return False
        subject_id = self.labels[event.event_id]
        if subject_id is not None:
            # somebody who was neither the nearest nor the next was no nearer than these
            own = event.distance if subject_id == event.nearest_id or event.runner_up is None else event.runner_up
            self._add(event, subject_id, own, ScoreOrigin.LABEL)
        return True

    def _grant(self, event: AuditEvent, ask: AuditEvent | None) -> None:
        if Gate.PIN not in event.gates:
            refusal = self.refusal
            if refusal is not None and refusal.nearest_id == event.subject_id:
                self._explain(event, event.subject_id, TRIES_AGAIN, ScoreOrigin.FACE)
            self._add(event, event.subject_id, event.distance, ScoreOrigin.FACE)
        elif ask is not None:
            searched = ask if ask.nearest_id == event.subject_id and ask.distance is not None else event
            if self.refusal is not None and self.refusal.nearest_id == event.subject_id:
                self._explain(event, event.subject_id, TRIES_AGAIN, ScoreOrigin.PIN)
            self._add(event, event.subject_id, searched.distance, ScoreOrigin.PIN)
        else:
            self._by_pin(event, event.subject_id)

    def _by_pin(self, event: AuditEvent, subject_id: int | None) -> None:
        """The PIN came first or was right: the refusal before it was this person's, and is the search that counts."""
        if not self._explain(event, subject_id, TYPES_PIN, ScoreOrigin.PIN):
            self._add(event, subject_id, event.distance, ScoreOrigin.PIN)

    def _explain(self, event: AuditEvent, subject_id: int | None, soon: timedelta, origin: ScoreOrigin) -> bool:
        refusal = self.refusal
        if refusal is None or event.time - refusal.time > soon or refusal.distance is None:
            return False
        self.refusal = None
        own = refusal.nearest_id == subject_id or event.distance is None
        self._add(
            refusal, subject_id, refusal.distance if own else max(refusal.distance, event.distance or 0.0), origin
        )
        return True

    def _forget_refusal(self) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None and refusal.distance is not None and 0.0 <= refusal.distance <= MAX_DISTANCE:
            self.unexplained.append(refusal.distance)

    def _add(self, event: AuditEvent, subject_id: int | None, distance: float | None, origin: ScoreOrigin) -> None:
        domain = None if subject_id is None else self.domains.get(subject_id)
        if subject_id is None or domain is None or distance is None or not 0.0 <= distance <= MAX_DISTANCE:
            return
        self.scores.append(GenuineScore(distance, subject_id, event.time, domain, origin))
