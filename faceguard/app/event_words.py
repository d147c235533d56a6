"""Events of the log as staff read them on the Door page."""

from __future__ import annotations

from typing import Final

from faceguard.domain.decision import AskReason, DenyReason
from faceguard.store.audit_log import AuditEvent
from faceguard.ui.event_list import EventRow
from faceguard.ui.messages import QUESTIONS, REFUSALS
from faceguard.ui.widgets.pill import Meaning

OUTCOMES: Final[dict[str, tuple[str, Meaning]]] = {
    "grant": ("Granted", "grant"),
    "deny": ("Denied", "deny"),
    "ask": ("PIN asked", "ask"),
    "fault": ("Out of service", "neutral"),
}
WOULD: Final[tuple[str, Meaning]] = ("Would open", "accent")
"""A grant of shadow mode."""
UNKNOWN: Final = "Somebody unknown"


def row_of(event: AuditEvent) -> EventRow | None:
    """The row of a decision; None for what the desk itself did."""
    if event.decision not in OUTCOMES:
        return None
    outcome, meaning = outcome_of(event)
    return EventRow(event.time.astimezone(), who_of(event), outcome, meaning, detail_of(event))


def outcome_of(event: AuditEvent) -> tuple[str, Meaning]:
    """The word of the pill and its colour; never a plain "Granted" for what opened nothing."""
    return WOULD if event.shadow and event.decision == "grant" else OUTCOMES[event.decision]


def who_of(event: AuditEvent) -> str:
    """A name, or that there is none."""
    return event.subject_name or (UNKNOWN if event.decision != "fault" else "The door")


def detail_of(event: AuditEvent) -> str:
    """The reason as staff read it; what failed, for a fault."""
    return event.detail if event.decision == "fault" else reason_words(event.reason)


def reason_words(reason: str) -> str:
    """The domain's word for a reason, as staff read it."""
    if reason in set(DenyReason):
        return REFUSALS[DenyReason(reason)].event
    if reason in set(AskReason):
        return QUESTIONS[AskReason(reason)].event
    return ""
