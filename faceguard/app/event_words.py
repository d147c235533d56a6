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
UNKNOWN: Final = "Somebody unknown"


def row_of(event: AuditEvent) -> EventRow | None:
    """The row of a decision; None for what the desk itself did."""
    if event.decision not in OUTCOMES:
        return None
    outcome, meaning = OUTCOMES[event.decision]
    who = event.subject_name or (UNKNOWN if event.decision != "fault" else "The door")
    return EventRow(event.time.astimezone(), who, outcome, meaning, _detail(event))


def _detail(event: AuditEvent) -> str:
    if event.decision == "fault":
        return event.detail
    if event.decision == "deny" and event.reason in set(DenyReason):
        return REFUSALS[DenyReason(event.reason)].event
    if event.decision == "ask" and event.reason in set(AskReason):
        return QUESTIONS[AskReason(event.reason)].event
    return ""
