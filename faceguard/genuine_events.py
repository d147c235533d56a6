"""Genuine scores from the event log: attempts of which it is known who made them.

A plain grant knows it by the very comparison that is to be judged, and of a refusal nobody knows whom it refused. What
else names people: a right PIN, after the face or before it; the desk, which says afterwards who it was; and a refusal
soon followed by the entry of the person whom it was nearest to, by PIN or by face. A right PIN with a face that is not
near may also be a stolen PIN, which counts against staff here: cautious.
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
from faceguard.what_if import answers

TRIES_AGAIN: Final = timedelta(seconds=60)
"""Whoever enters this soon after a refusal that was nearest to the same person, was refused."""
TYPES_PIN: Final = timedelta(seconds=120)
"""Whoever names himself by PIN this soon after a refusal that was nearest to the same person, was refused."""


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
        labels: by event number what the desk said: the person's number, None for a stranger; what it said of an Ask
            holds for the attempt, unless it says otherwise of how it ended.
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
        ask = self.ask if answers(self.ask, event) else None
        if ask is None:
            self._forget_ask()
        self.ask = None
        if event.decision == "ask":
            self.ask = event
        elif event.decision not in ("grant", "deny") or self._labelled(event, ask):
            return
        elif event.decision == "grant":
            self._grant(event, ask)
        elif event.reason == DenyReason.NOT_RECOGNISED:
            if event.refused_one:
                self._by_pin(event, event.nearest_id)
            else:
                self._forget_refusal()
                self.refusal = event

    def result(self) -> AttemptsOfStaff:
        self._forget_ask()
        self._forget_refusal()
        return AttemptsOfStaff(tuple(sorted(self.scores, key=lambda s: s.time)), tuple(self.unexplained))

    def _labelled(self, event: AuditEvent, ask: AuditEvent | None) -> bool:
        """The desk has said who it was, of this event or of the Ask that it ended."""
        numbers = [e.event_id for e in (event, ask) if e is not None and e.event_id in self.labels]
        if not numbers or numbers[0] is None:
            return False
        subject_id = self.labels[numbers[0]]
        if subject_id is not None:
            self._named(event, ask, subject_id)
        return True

    def _named(self, event: AuditEvent, ask: AuditEvent | None, subject_id: int) -> None:
        searched = _search_of(event, ask, subject_id)
        if searched.nearest_id == subject_id:
            self._add(searched, subject_id, searched.distance, ScoreOrigin.LABEL)
        elif ask is not None or not _compared_with_one(event):
            # Somebody else was nearest: at any tau the door names that one or nobody, never this person. How far the
            # own templates were the event does not hold, so it is a miss wherever tau stands.
            self._add(event, subject_id, MAX_DISTANCE, ScoreOrigin.LABEL)

    def _grant(self, event: AuditEvent, ask: AuditEvent | None) -> None:
        subject_id = event.subject_id
        if Gate.PIN not in event.gates:
            self._explain(event, subject_id, TRIES_AGAIN, ScoreOrigin.FACE)
            self._add(event, subject_id, event.distance, ScoreOrigin.FACE)
        elif ask is not None:
            self._explain(event, subject_id, TRIES_AGAIN, ScoreOrigin.PIN)
            self._add(event, subject_id, _search_of(event, ask, subject_id).distance, ScoreOrigin.PIN)
        else:
            self._by_pin(event, subject_id)

    def _by_pin(self, event: AuditEvent, subject_id: int | None) -> None:
        """The PIN came first or was right: the refusal before it, if near this person, is the search that counts."""
        if not self._explain(event, subject_id, TYPES_PIN, ScoreOrigin.PIN):
            self._add(event, subject_id, event.distance, ScoreOrigin.PIN)

    def _explain(self, event: AuditEvent, subject_id: int | None, soon: timedelta, origin: ScoreOrigin) -> bool:
        """The last refusal was this person's; one that was nearest to another may have been anybody's."""
        refusal = self.refusal
        if refusal is None or refusal.distance is None or subject_id is None or refusal.nearest_id != subject_id:
            return False
        if not timedelta() <= event.time - refusal.time <= soon:
            return False
        self.refusal = None
        self._add(refusal, subject_id, refusal.distance, origin)
        return True

    def _forget_ask(self) -> None:
        """It ended without an event; what the desk said of it holds all the same."""
        ask, self.ask = self.ask, None
        if ask is not None:
            self._labelled(ask, None)

    def _forget_refusal(self) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None and refusal.distance is not None and 0.0 <= refusal.distance <= MAX_DISTANCE:
            self.unexplained.append(refusal.distance)

    def _add(self, event: AuditEvent, subject_id: int | None, distance: float | None, origin: ScoreOrigin) -> None:
        domain = None if subject_id is None else self.domains.get(subject_id)
        if subject_id is None or domain is None or distance is None or not 0.0 <= distance <= MAX_DISTANCE:
            return
        self.scores.append(GenuineScore(distance, subject_id, event.time, domain, origin))


def _search_of(event: AuditEvent, ask: AuditEvent | None, subject_id: int | None) -> AuditEvent:
    """What was searched before the PIN, if it was this person who was nearest."""
    return ask if ask is not None and ask.nearest_id == subject_id and ask.distance is not None else event


def _compared_with_one(event: AuditEvent) -> bool:
    return event.refused_one or (event.decision == "grant" and Gate.PIN in event.gates)
