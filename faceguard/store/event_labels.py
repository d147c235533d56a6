"""Whom an event showed, as the desk says it: a stranger, or one of the staff. No picture, no vector, no name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from faceguard.domain.decision import SEARCH_DENIES, Gate
from faceguard.domain.errors import EnrolmentRefused, FaceguardError, StoreFault
from faceguard.store.database import DAMAGED, Database
from faceguard.store.left_out import LeftOut

GAP: Final = timedelta(minutes=10)
"""Strangers who come within so short a time of each other count as one person who tried again."""
LABELLED: Final = frozenset({"grant", "ask", "deny"})
"""Decisions about somebody; only these are labelled, and only with a distance."""


class LabelKind(StrEnum):
    """Who it was."""

    STRANGER = "stranger"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class EventLabel:
    """What the desk said of one event.

    Attributes:
        event_id: of which event.
        kind: who it was.
        subject_id: which person; None for a stranger.
        labelled_at: UTC.

    Raises:
        ValueError: staff without a person, or a stranger with one.
    """

    event_id: int
    kind: LabelKind
    subject_id: int | None
    labelled_at: datetime

    def __post_init__(self) -> None:
        if (self.kind is LabelKind.STAFF) != (self.subject_id is not None):
            raise ValueError("staff is a person, a stranger is none")
        if self.labelled_at.tzinfo is None:
            raise ValueError("a label's time has a time zone")
        object.__setattr__(self, "labelled_at", self.labelled_at.astimezone(UTC).replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class StrangerAttempt:
    """One search for a stranger.

    Attributes:
        event_id: of which event.
        time: UTC.
        distance: to the nearest person, in [0, 4].
        gallery_size: K at that time.
        runner_up: to the next other person; None where there was none, or an Ask, which keeps none.
    """

    event_id: int
    time: datetime
    distance: float
    gallery_size: int
    runner_up: float | None = None


class Timed(Protocol):
    """Something that happened at a time."""

    @property
    def time(self) -> datetime:
        """When."""


T = TypeVar("T", bound=Timed)


def visits(rows: Iterable[T], gap: timedelta = GAP) -> list[list[T]]:
    """The rows of one visitor after the other: whoever comes within ``gap`` of the one before is counted with that one.

    Args:
        rows: in any order.
        gap: from one row to the next, at most.
    """
    found: list[list[T]] = []
    for row in sorted(rows, key=lambda row: row.time):
        if found and row.time - found[-1][-1].time <= gap:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def fold_strangers(rows: Iterable[StrangerAttempt], gap: timedelta = GAP) -> tuple[StrangerAttempt, ...]:
    """One attempt for each stranger: the one that came nearest to somebody.

    Nobody knows whether two strangers were one; ``visits`` counts too few people rather than too many, and each with
    the worst distance, so that what is concluded errs on the side of the door.
    """
    return tuple(min(visit, key=lambda row: row.distance) for visit in visits(rows, gap))


class EventLabels:
    """Writes and reads labels over the thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left_out = LeftOut()

    def put(self, label: EventLabel) -> None:
        """Stores a label in place of any other of that event; when this returns, it is on the disk.

        Raises:
            FaceguardError: there is no such event, or it compared nobody.
            EnrolmentRefused: nobody has this number.
            StoreFault: nothing was stored.
        """
        with self._database.writing() as db:
            found = db.execute("SELECT decision, distance FROM events WHERE id = ?", [label.event_id]).fetchone()
            if found is None:
                raise FaceguardError(f"There is no event {label.event_id}.")
            if found[0] not in LABELLED or found[1] is None:
                raise FaceguardError("Nobody was compared in this event; only an event with a comparison is labelled.")
            if label.subject_id is not None and not _enrolled(db.execute, label.subject_id):
                raise EnrolmentRefused(f"Nobody with the number {label.subject_id} is enrolled.")
            db.execute(
                "INSERT OR REPLACE INTO event_labels (event_id, kind, subject_id, labelled_at) VALUES (?, ?, ?, ?)",
                [label.event_id, label.kind.value, label.subject_id, label.labelled_at.isoformat()],
            )

    def take_back(self, event_id: int) -> bool:
        """Removes a label; False when there was none.

        Raises:
            StoreFault: it is still there.
        """
        with self._database.writing() as db:
            return bool(db.execute("DELETE FROM event_labels WHERE event_id = ?", [event_id]).rowcount)

    def since(self, start: datetime) -> dict[int, EventLabel]:
        """Labels of all events from ``start`` on, by the event's number; damaged ones are left out.

        Raises:
            StoreFault: they cannot be read.
        """
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT l.event_id, l.kind, l.subject_id, l.labelled_at FROM event_labels l "
                "JOIN events e ON e.id = l.event_id WHERE e.time >= ?",
                [_stamp(start)],
            ).fetchall()
        found = {}
        for row in rows:
            try:
                found[row[0]] = label_of(row, self._database.path)
            except StoreFault as error:
                self._left_out(f"the label of event {row[0]}", error.detail)
        return found

    def false_accepts(self, start: datetime) -> int:
        """Grants from ``start`` on that let in a stranger, or somebody as another person; shadow mode's included.

        Raises:
            StoreFault: they cannot be read.
        """
        with self._database.reading() as db:
            return int(
                db.execute(
                    "SELECT count(*) FROM event_labels l JOIN events e ON e.id = l.event_id "
                    "WHERE e.time >= ? AND e.decision = 'grant' AND l.subject_id IS NOT e.subject_id",
                    [_stamp(start)],
                ).fetchone()[0]
            )

    def stranger_distances(self, encoder: str) -> tuple[StrangerAttempt, ...]:
        """Every labelled stranger's search, oldest first; see ``fold_strangers``. Damaged events are left out.

        Comparisons with one person whom a PIN had named are left out: they are no searches. So is whatever liveness
        refused: a picture of one of the staff, held up by a stranger, is near, and no tau is to keep it out.

        Args:
            encoder: EncoderId as text; distances of any other encoder mean something else.

        Raises:
            StoreFault: they cannot be read.
        """
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT e.id, e.time, e.distance, e.gallery_size, e.runner_up "
                "FROM event_labels l JOIN events e ON e.id = l.event_id "
                "WHERE l.kind = 'stranger' AND e.encoder = :encoder AND e.distance IS NOT NULL "
                "AND ',' || e.gates || ',' NOT LIKE :pin AND CASE e.decision WHEN 'grant' THEN 1 "
                "WHEN 'deny' THEN e.reason IN (SELECT value FROM json_each(:reasons)) "
                "AND (e.runner_up IS NOT NULL OR e.gallery_size <= 1) "
                "ELSE e.decision = 'ask' END ORDER BY e.id",
                {"encoder": encoder, "pin": f"%,{Gate.PIN.value},%", "reasons": json.dumps(sorted(SEARCH_DENIES))},
            ).fetchall()
        found = []
        for number, time, *numbers in rows:
            try:
                found.append(StrangerAttempt(number, datetime.fromisoformat(time).astimezone(UTC), *numbers))
            except (ValueError, OverflowError) as error:
                self._left_out(f"event {number}", error)
        return tuple(found)


def label_of(row: Sequence[Any], path: Path) -> EventLabel:
    """The label in a row of event's number, kind, person's number and time.

    Raises:
        StoreFault: the row is damaged.
    """
    try:
        return EventLabel(row[0], LabelKind(row[1]), row[2], datetime.fromisoformat(row[3]))
    except (ValueError, TypeError, OverflowError) as error:
        raise StoreFault(DAMAGED.format(path=path), f"label of event {row[0]}: {error}") from error


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _enrolled(execute: Any, subject_id: int) -> bool:
    return execute("SELECT 1 FROM subjects WHERE id = ?", [subject_id]).fetchone() is not None
