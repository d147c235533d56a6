"""Live checks at the desk: how far an enrolled person's live face was from the own templates; a number, no picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from faceguard.domain.errors import StoreFault
from faceguard.domain.template import TemplateSource
from faceguard.store.database import DAMAGED, Database


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
        """Of one encoder, oldest first; a removed person's are gone with the person.

        Raises:
            StoreFault: they cannot be read.
        """
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT time, subject_id, distance, sources FROM live_checks WHERE encoder = ? ORDER BY id",
                [encoder_id],
            ).fetchall()
        try:
            return tuple(
                StoredCheck(
                    datetime.fromisoformat(time),
                    subject_id,
                    distance,
                    frozenset(TemplateSource(word) for word in sources.split(",")),
                )
                for time, subject_id, distance, sources in rows
            )
        except ValueError as error:
            raise StoreFault(DAMAGED.format(path=self._database.path), f"live check: {error}") from error
