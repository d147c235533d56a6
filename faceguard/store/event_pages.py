"""The event log page by page, newest first, searched and filtered by the database: quick at any length.

A search costs one pass over the people's names, and then the database stops at the page's last row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from faceguard.domain.words import folded
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.database import Database
from faceguard.store.event_labels import EventLabel, label_of

PAGE: Final = 500
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
DECISIONS: Final = ("grant", "ask", "deny", "fault")
"""What the door says; what the desk itself did stands in the same log and is no part of these pages."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events.

    Attributes:
        since: the oldest time.
        decisions: some of ``DECISIONS``.
        text: words; each is part of the person's name, or begins the number, or stands in the reason as it is shown.
        reasons: how a reason is shown, given the domain's word for it.
    """

    since: datetime
    decisions: tuple[str, ...] = DECISIONS
    text: str = ""
    reasons: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event with what is looked up beside it and never stored in it.

    Attributes:
        event: with its number, and the name of the person it names.
        nearest_name: of the nearest person, if still enrolled.
        label: what the desk said.
        label_name: of the person whom the label names.
    """

    event: AuditEvent
    nearest_name: str | None = None
    label: EventLabel | None = None
    label_name: str | None = None

    @property
    def false_accept(self) -> bool:
        """The desk says that the door let in a stranger, or somebody as another person; in shadow mode: would have."""
        label, event = self.label, self.event
        return label is not None and event.decision == "grant" and label.subject_id != event.subject_id


@dataclass(frozen=True, slots=True)
class EventPage:
    """A piece of the log.

    Attributes:
        events: newest first.
        more: there are older ones that match.
    """

    events: tuple[LoggedEvent, ...]
    more: bool


class EventPages:
    """Reads over the thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = AuditLog(database)

    def read(self, query: EventQuery, *, before: int | None = None, after: int = 0, limit: int = PAGE) -> EventPage:
        """One page.

        Args:
            query: which events.
            before: only events of smaller numbers: the next page.
            after: only events of greater numbers: what is new since.
            limit: rows at most.

        Raises:
            StoreFault: the log cannot be read.
        """
        since = query.since.astimezone(UTC).isoformat(timespec="milliseconds")
        with self._database.reading() as db:
            # the plus keeps the index on time out of it: newest first is the order of the numbers themselves
            where = ["+e.time >= ?", "e.id > max(?, coalesce((SELECT min(id) FROM events WHERE time >= ?), 0) - 1)"]
            values: list[object] = [since, after, since]
            if before is not None:
                where.append("e.id < ?")
                values.append(before)
            where.append(f"e.decision IN ({','.join('?' * len(query.decisions))})")
            values += query.decisions
            words = folded(query.text).split()
            if words:
                names = [(row[0], folded(str(row[1]))) for row in db.execute("SELECT id, name FROM subjects")]
                reasons = [
                    (reason, folded(query.reasons(reason)))
                    for (reason,) in db.execute("SELECT DISTINCT reason FROM events WHERE time >= ?", [since])
                ]
                for word in words:
                    where.append(
                        "(e.subject_id IN (SELECT value FROM json_each(?)) OR e.reason IN (SELECT value FROM "
                        "json_each(?)) OR substr(e.subject_id, 1, ?) = ?)"
                    )
                    values += [_holding(word, names), _holding(word, reasons), len(word), word]
            rows = db.execute(
                "SELECT e.*, s.name AS subject_name, n.name AS nearest_name, l.kind, l.subject_id AS label_id, "
                "l.labelled_at, p.name AS label_name FROM events e "
                "LEFT JOIN subjects s ON s.id = e.subject_id LEFT JOIN subjects n ON n.id = e.nearest_id "
                "LEFT JOIN event_labels l ON l.event_id = e.id LEFT JOIN subjects p ON p.id = l.subject_id "
                f"WHERE {' AND '.join(where)} ORDER BY e.id DESC LIMIT ?",
                [*values, limit + 1],
            )
            columns = [column[0] for column in rows.description]
            found = [self._logged(columns, row) for row in rows]
        return EventPage(tuple(found[:limit]), len(found) > limit)

    def one(self, event_id: int) -> LoggedEvent | None:
        """One event by its number; None when there is none.

        Raises:
            StoreFault: the log cannot be read.
        """
        found = self.read(EventQuery(BEGINNING), before=event_id + 1, after=event_id - 1, limit=1).events
        return found[0] if found else None

    def counts(self, since: datetime) -> dict[str, int]:
        """Number of events of each decision from then on; see ``AuditLog.counts_since``."""
        return self._log.counts_since(since)

    def _logged(self, columns: Sequence[str], row: Sequence[object]) -> LoggedEvent:
        event = self._log.event(columns, row)
        values = dict(zip(columns, row, strict=True))
        label = None
        if values["kind"] is not None:
            fields = [values[name] for name in ("id", "kind", "label_id", "labelled_at")]
            label = label_of(fields, self._database.path)
        nearest, named = values["nearest_name"], values["label_name"]
        return LoggedEvent(
            event, None if nearest is None else str(nearest), label, None if named is None else str(named)
        )


def _holding(word: str, texts: Collection[tuple[object, str]]) -> str:
    """As JSON: the keys of the texts that hold the word."""
    return json.dumps([key for key, text in texts if word in text])
