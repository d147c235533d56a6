"""A decision as a row of the event log: numbers and words, never a picture, a vector or a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from faceguard.domain.decision import Ask, Decision, Deny, Gate, Grant, OutOfService, WouldGrant
from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import Gallery
from faceguard.store.audit_log import AuditEvent


def event_of(
    decision: Decision, gallery: Gallery, ms: float, tau_owner: str | None = None, *, shadow: bool = False
) -> AuditEvent:
    """The event of a verdict.

    Args:
        decision: anything but Pending.
        gallery: as searched.
        ms: from the attempt's first frame to the decision.
        tau_owner: what its distances belong to, where that is not the gallery's encoder alone.
        shadow: it was decided in shadow mode; the decision is called what it would have been.

    Raises:
        ValueError: nothing was decided.
    """
    word, reason = word_of(decision)
    event = AuditEvent(
        datetime.now(UTC),
        word,
        reason,
        encoder_id=tau_owner or str(gallery.encoder_id),
        gallery_size=gallery.size,
        ms=ms,
        shadow=shadow,
    )
    match decision:
        case Grant(subject, evidence) | WouldGrant(Grant(subject, evidence)):
            return replace(
                event,
                subject_id=subject.subject_id,
                gates=tuple(sorted(gate.value for gate in evidence.gates)),
                nearest_id=subject.subject_id,
                distance=evidence.distance.value,
                runner_up=_number(evidence.runner_up),
                tau=evidence.tau.value,
                frames=len(evidence.sequences),
            )
        case Deny():
            return replace(
                event,
                gates=(Gate.PIN.value,) if decision.pin else (),
                nearest_id=decision.nearest_subject_id,
                distance=_number(decision.distance),
                runner_up=_number(decision.runner_up),
                tau=_number(decision.tau),
                frames=decision.frames,
            )
        case Ask():
            return replace(
                event,
                subject_id=decision.nearest_subject_id,
                nearest_id=decision.nearest_subject_id,
                distance=_number(decision.distance),
                tau=_number(decision.tau),
                frames=decision.frames,
            )
        case OutOfService(sentence):
            return replace(event, detail=sentence)
        case _:
            return event


def fault_event(reason: str, sentence: str) -> AuditEvent:
    """The event of something that failed beside the decision."""
    return AuditEvent(datetime.now(UTC), "fault", reason, detail=sentence)


def word_of(decision: Decision) -> tuple[str, str]:
    """The decision in one word, as log and command line say it, and its reason.

    Raises:
        ValueError: nothing was decided.
    """
    match decision:
        case Grant() | WouldGrant():
            return "grant", ""
        case Deny(reason):
            return "deny", reason.value
        case Ask(reason):
            return "ask", reason.value
        case OutOfService():
            return "fault", "out of service"
        case _:
            raise ValueError("nothing was decided")


def _number(value: Distance | Threshold | None) -> float | None:
    return None if value is None else value.value
