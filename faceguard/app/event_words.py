"""Events of the log as staff read them on the Door page and on the Events page."""

from __future__ import annotations

from typing import Final

from faceguard.domain.decision import Gate
from faceguard.store.audit_log import AuditEvent
from faceguard.store.event_labels import LABELLED, LabelKind
from faceguard.store.event_pages import LoggedEvent
from faceguard.ui.event_list import EventRow
from faceguard.ui.events_model import EventLine, day_and_time
from faceguard.ui.messages import GATES, WOULD_OPEN, reason_words
from faceguard.ui.widgets.pill import Meaning

OUTCOMES: Final[dict[str, tuple[str, Meaning]]] = {
    "grant": ("Granted", "grant"),
    "deny": ("Denied", "deny"),
    "ask": ("PIN asked", "ask"),
    "fault": ("Out of service", "neutral"),
}
WOULD: Final[tuple[str, Meaning]] = (WOULD_OPEN, "neutral")
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


def line_of(logged: LoggedEvent) -> EventLine:
    """The row of an event on the Events page, with all that its side panel says."""
    event = logged.event
    outcome, meaning = outcome_of(event)
    return EventLine(
        event_id=event.event_id or 0,
        at=event.time.astimezone(),
        who=who_of(event),
        number=event.subject_id,
        outcome=outcome,
        meaning=meaning,
        reason=detail_of(event),
        label=_label_words(logged),
        labelled=logged.label is not None,
        labelable=event.decision in LABELLED and event.distance is not None,
        false_accept=logged.false_accept,
        details=_details(event),
        numbers=_numbers(logged),
    )


def _label_words(logged: LoggedEvent) -> str:
    if logged.label is None:
        return ""
    if logged.label.kind is LabelKind.STRANGER:
        return "A stranger"
    return logged.label_name or f"Number {logged.label.subject_id}"


def _details(event: AuditEvent) -> tuple[tuple[str, str], ...]:
    """What everybody at the desk may read."""
    rows = [("Time", day_and_time(event.time.astimezone(), seconds=True))]
    if event.shadow:
        rows.append(("Shadow mode", "Nothing opened"))
    if (reason := detail_of(event)) != "":
        rows.append(("Reason", reason))
    if event.gates:
        rows.append(("Passed", ", ".join(GATES[Gate(gate)] for gate in event.gates if gate in set(Gate))))
    if event.decision != "fault":
        rows.append(("Frames", str(event.frames)))
        rows.append(("Took", f"{event.ms / 1000:.1f} s"))
    return tuple(rows)


def _numbers(logged: LoggedEvent) -> tuple[tuple[str, str], ...]:
    """Distances and tau, and whom the face resembled: for admins."""
    event = logged.event
    if event.decision == "fault":
        return ()
    rows = []
    if event.nearest_id is not None:
        rows.append(("Nearest", f"{logged.nearest_name or 'removed person'} ({event.nearest_id})"))
    for caption, value in (("Distance d", event.distance), ("Next nearest", event.runner_up), ("tau", event.tau)):
        if value is not None:
            rows.append((caption, f"{value:.3f}"))
    return (*rows, ("People then", f"{event.gallery_size:,}"), ("Encoder", event.encoder_id.partition("@")[0]))
