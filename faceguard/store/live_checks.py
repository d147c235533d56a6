"""Live checks at the desk: how far an enrolled person's live face was from the own templates; a number, no picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from faceguard.domain.score import MAX_DISTANCE
from faceguard.domain.template import TemplateSource
from faceguard.store.database import Database
from faceguard.store.left_out import LeftOut


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """One comparison.

    Attributes:
        time: in UTC.
        subject_id: who stood there, by the word of the desk.
        distance: to the nearest of the own templates, in [0, 4].
        sources: where these templates came from at that time.
    """

    time: datetime
    subject_id: int
    distance: float
    sources: frozenset[TemplateSource]


class LiveChecks:
    """Writes and reads them over the thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._damaged = LeftOut()

    def record(self, encoder_id: str, check: StoredCheck) -> None:
        """Stores one.

        Raises:
            StoreFault: nothing was stored.
        """
        row = {
            "time": check.time.astimezone(UTC).isoformat(timespec="seconds"),
            "subject_id": check.subject_id,
            "encoder": encoder_id,
            "distance": check.distance,
            "sources": ",".join(sorted(check.sources)),
        }
        with self._database.writing() as db:
            db.table("live_checks").insert(row)

    def all(self, encoder_id: str) -> tuple[StoredCheck, ...]:
        """Of one encoder, oldest first; a removed person's are gone with the person, and damaged ones are left out.

        Raises:
            StoreFault: they cannot be read.
        """
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT id, time, subject_id, distance, sources FROM live_checks WHERE encoder = ? ORDER BY id",
                [encoder_id],
            ).fetchall()
        found = []
        for number, *values in rows:
            try:
                found.append(_check(*values))
            except (ValueError, TypeError, OverflowError) as error:
                self._damaged(f"live check {number}", error)
        return tuple(found)


def _check(time: str, subject_id: int, distance: float, sources: str) -> StoredCheck:
    """Raises ValueError, TypeError or OverflowError where the row is damaged."""
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None or not 0.0 <= distance <= MAX_DISTANCE:
        raise ValueError(f"{time}, distance {distance}")
    return StoredCheck(moment, subject_id, distance, frozenset(TemplateSource(word) for word in sources.split(",")))
