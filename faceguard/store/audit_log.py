"""The event log: what was decided and on which numbers; never a picture, never a vector, never a name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from faceguard.domain.decision import Gate
from faceguard.domain.errors import StoreFault
from faceguard.store.database import DAMAGED, Database
from faceguard.store.left_out import LeftOut

MAX_DETAIL: Final = 500
REMOVED_PERSON: Final = "removed person"
WOULD_GRANT: Final = "would grant"
"""What a grant of shadow mode is called where it must not be taken for one."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One decision or fault, in plain Python values.

    Attributes:
        time: with its time zone; kept in UTC to the millisecond.
        decision: ``grant``, ``ask``, ``deny``, ``fault``, or an act of the operator.
        reason: why, as a word of the domain; may be empty for a grant.
        subject_id: whom the decision names.
        gates: what was passed; of a deny the PIN alone.
        nearest_id, distance: the nearest person and the distance d to them.
        runner_up_id, runner_up: the next other person and the distance to them.
        encoder_id: of probe and gallery, as text.
        tau: the threshold that applied.
        gallery_size: K.
        frames: how many were fused.
        ms: from the attempt's first frame to the decision.
        detail: technical addition, shortened to 500 characters.
        shadow: decided in shadow mode: this is what the door would have done, and nothing opened.
        event_id: given by the log; None before.
        subject_name: looked up when the log is read and never stored; "removed person" when gone.

    Raises:
        ValueError: no time zone, no decision, or a number that is not finite.
    """

    time: datetime
    decision: str
    reason: str = ""
    subject_id: int | None = None
    gates: tuple[str, ...] = ()
    nearest_id: int | None = None
    distance: float | None = None
    runner_up_id: int | None = None
    runner_up: float | None = None
    encoder_id: str = ""
    tau: float | None = None
    gallery_size: int = 0
    frames: int = 0
    ms: float = 0.0
    detail: str = ""
    shadow: bool = False
    event_id: int | None = None
    subject_name: str | None = None

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("an event's time has a time zone")
        if not self.decision:
            raise ValueError("an event says what was decided")
        moment = self.time.astimezone(UTC)
        object.__setattr__(self, "time", moment.replace(microsecond=moment.microsecond // 1000 * 1000))
        # numpy's numbers would be stored as blobs
        for name in ("distance", "runner_up", "tau", "ms"):
            value = getattr(self, name)
            if value is not None:
                if not math.isfinite(value):
                    raise ValueError(f"{name} of an event is finite")
                object.__setattr__(self, name, float(value))
        for name in ("subject_id", "nearest_id", "runner_up_id", "gallery_size", "frames"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, int(value))
        for name in ("decision", "reason", "encoder_id", "detail"):
            object.__setattr__(self, name, _one_line(str(getattr(self, name))))
        object.__setattr__(self, "shadow", bool(self.shadow))
        object.__setattr__(self, "gates", tuple(sorted(str(gate) for gate in self.gates)))

    @property
    def refused_one(self) -> bool:
        """A deny whose numbers, if it has any, compare with the one person whom a right PIN had named: no search.

        Older denies do not tell the PIN. A search among several people has a runner-up, a comparison with one has none.
        """
        if self.decision != "deny":
            return False
        return Gate.PIN in self.gates or (
            self.distance is not None and self.runner_up is None and self.gallery_size > 1
        )


class AuditLog:
    """Writes and reads events over the thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left_out = LeftOut()

    def record(self, event: AuditEvent) -> int:
        """Stores an event; when this returns, it is on the disk.

        Returns:
            The event's number; later events have greater ones.

        Raises:
            StoreFault: not recorded, so nothing may be granted.
        """
        row = {
            "time": event.time.isoformat(timespec="milliseconds"),
            "decision": event.decision,
            "reason": event.reason,
            "subject_id": event.subject_id,
            "gates": ",".join(event.gates),
            "nearest_id": event.nearest_id,
            "distance": event.distance,
            "runner_up_id": event.runner_up_id,
            "runner_up": event.runner_up,
            "encoder": event.encoder_id,
            "tau": event.tau,
            "gallery_size": event.gallery_size,
            "frames": event.frames,
            "ms": event.ms,
            "detail": event.detail,
            "shadow": int(event.shadow),
        }
        with self._database.writing() as db:
            event_id = db.table("events").insert(row).last_pk
        return int(str(event_id))

    def recent(self, limit: int) -> tuple[AuditEvent, ...]:
        """The newest events first, at most ``limit``.

        Raises:
            StoreFault: the log cannot be read.
        """
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT e.*, s.name AS subject_name FROM events e LEFT JOIN subjects s ON s.id = e.subject_id "
                "ORDER BY e.id DESC LIMIT ?",
                [max(0, int(limit))],
            )
            columns = [column[0] for column in rows.description]
            return tuple(self.event(columns, row) for row in rows)

    def since(self, start: datetime) -> tuple[AuditEvent, ...]:
        """All events from ``start`` on, oldest first; damaged ones are left out, and named in the program's log.

        Raises:
            StoreFault: the log cannot be read.
        """
        found: list[AuditEvent] = []
        with self._database.reading() as db:
            for row in db.execute(
                f"SELECT {_COLUMNS} FROM events WHERE time >= ? ORDER BY id",
                [start.astimezone(UTC).isoformat(timespec="milliseconds")],
            ):
                try:
                    found.append(_stored(row))
                except (ValueError, TypeError, AttributeError, OverflowError) as error:
                    self._left_out(f"event {row[-1]}", error)
        return tuple(found)

    def count(self) -> int:
        """How many events there are.

        Raises:
            StoreFault: the log cannot be read.
        """
        with self._database.reading() as db:
            return int(db.execute("SELECT count(*) FROM events").fetchone()[0])

    def counts_since(self, start: datetime) -> dict[str, int]:
        """Number of events of each decision from ``start`` on; for today give the local midnight.

        Grants of shadow mode opened nothing and are counted apart, as ``WOULD_GRANT``.

        Raises:
            StoreFault: the log cannot be read.
        """
        with self._database.reading() as db:
            return dict(
                db.execute(
                    "SELECT CASE WHEN shadow AND decision = 'grant' THEN ? ELSE decision END, count(*) "
                    "FROM events WHERE time >= ? GROUP BY 1",
                    [WOULD_GRANT, start.astimezone(UTC).isoformat(timespec="milliseconds")],
                ).fetchall()
            )

    def event(self, columns: Sequence[str], row: Sequence[Any]) -> AuditEvent:
        """The event of one row of the table, with a column ``subject_name`` beside its own.

        Raises:
            StoreFault: the row is damaged.
        """
        values = dict(zip(columns, row, strict=True))
        name = values["subject_name"]
        if name is None and values["subject_id"] is not None:
            name = REMOVED_PERSON
        try:
            return AuditEvent(
                time=datetime.fromisoformat(values["time"]),
                decision=values["decision"],
                reason=values["reason"],
                subject_id=values["subject_id"],
                gates=tuple(values["gates"].split(",")) if values["gates"] else (),
                nearest_id=values["nearest_id"],
                distance=values["distance"],
                runner_up_id=values["runner_up_id"],
                runner_up=values["runner_up"],
                encoder_id=values["encoder"],
                tau=values["tau"],
                gallery_size=values["gallery_size"],
                frames=values["frames"],
                ms=values["ms"],
                detail=values["detail"],
                shadow=bool(values["shadow"]),
                event_id=values["id"],
                subject_name=name,
            )
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise StoreFault(DAMAGED.format(path=self._database.path), f"event {values['id']}: {error}") from error


_COLUMNS: Final = (
    "time, decision, reason, subject_id, gates, nearest_id, distance, runner_up_id, runner_up, encoder, tau, "
    "gallery_size, frames, ms, detail, shadow, id"
)
_PUT: Final = tuple(getattr(AuditEvent, field.name).__set__ for field in fields(AuditEvent))


def _stored(row: tuple[Any, ...]) -> AuditEvent:
    """The event of a row of ``_COLUMNS``, several times as quick as by its constructor: half a year is read at once.

    ``AuditEvent`` has made the row, and the table is strict: what is in it has its type. What a damaged or forged row
    may hold all the same, no finite number or no plain text, is left to the constructor.

    Raises:
        ValueError, TypeError, AttributeError, OverflowError: the row is damaged.
    """
    time, decision, reason, subject_id, gates, nearest_id, distance, next_id, runner_up, encoder, tau, *rest = row
    gallery_size, frames, ms, detail, shadow, event_id = rest
    moment = datetime.fromisoformat(time)
    name = None if subject_id is None else REMOVED_PERSON
    numbers = (distance or 0.0) + (runner_up or 0.0) + (tau or 0.0) + ms
    text = f"{decision}{reason}{encoder}{detail}"
    who: tuple[Any, ...] = (subject_id, _gates(gates), nearest_id, distance, next_id, runner_up)
    values = (
        moment,
        decision,
        reason,
        *who,
        encoder,
        tau,
        gallery_size,
        frames,
        ms,
        detail,
        shadow == 1,
        event_id,
        name,
    )
    if moment.tzinfo is not UTC or not decision or not math.isfinite(numbers) or not text.isprintable():
        return AuditEvent(*values)
    event = object.__new__(AuditEvent)
    for put, value in zip(_PUT, values, strict=True):
        put(event, value)
    return event


@lru_cache(maxsize=256)
def _gates(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split(","))) if text else ()


def _one_line(text: str) -> str:
    """Control characters and lone surrogates as escapes, so that one event stays one line wherever it is shown."""
    if len(text) <= MAX_DETAIL and text.isprintable():
        return text
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:MAX_DETAIL])
    return visible if len(visible) <= MAX_DETAIL else visible[: MAX_DETAIL - 3] + "..."
