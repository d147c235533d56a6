"""The calibrations that were taken: which tau, for which encoder and how many people, and what it promised."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from faceguard.domain.errors import StoreFault
from faceguard.domain.score import MAX_DISTANCE
from faceguard.domain.template import EncoderId
from faceguard.store.database import Database


@dataclass(frozen=True, slots=True)
class TakenCalibration:
    """One calibration that an admin has taken.

    Attributes:
        time: when, with its time zone; kept in UTC to the second.
        encoder: EncoderId as text; with any other encoder it does not count.
        people: K at that time.
        templates: N of all of them.
        basis: what tau was taken from, in words.
        n_strangers: people whose comparisons speak.
        target_fpir: of an attempt, in (0, 1).
        tau: of the 1:N search, in (0, 4].
        low, value, high: FPIR predicted at that tau.
        pair_fmr: target of the 1:1 comparison, in (0, 1); None when no tau was found for it.
        tau_pair: of it.

    Raises:
        ValueError: something is out of range or not a number.
    """

    time: datetime
    encoder: str
    people: int
    templates: int
    basis: str
    n_strangers: int
    target_fpir: float
    tau: float
    low: float
    value: float
    high: float
    pair_fmr: float | None = None
    tau_pair: float | None = None

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("a calibration's time has a time zone")
        object.__setattr__(self, "time", self.time.astimezone(UTC).replace(microsecond=0))
        EncoderId.parse(self.encoder)
        rates = [self.target_fpir] + ([] if self.pair_fmr is None else [self.pair_fmr])
        taus = [self.tau] + ([] if self.tau_pair is None else [self.tau_pair])
        if not all(math.isfinite(rate) and 0.0 < rate < 1.0 for rate in rates):
            raise ValueError("a target lies between 0 and 1")
        if not all(math.isfinite(tau) and 0.0 < tau <= MAX_DISTANCE for tau in taus):
            raise ValueError("tau lies in (0, 4]")
        if not 0.0 <= self.low <= self.value <= self.high <= 1.0:
            raise ValueError("the bounds enclose the rate")
        if not 1 <= self.people <= self.templates or self.n_strangers < 0 or not self.basis:
            raise ValueError("a calibration is of people with templates, and rests on something")


class Calibrations:
    """Writes and reads them over the thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, taken: TakenCalibration) -> None:
        """Stores one; when this returns, it is on the disk.

        Raises:
            StoreFault: nothing was stored.
        """
        row = asdict(taken) | {"time": taken.time.isoformat()}
        with self._database.writing() as db:
            db.table("calibrations").insert(row)

    def latest(self) -> TakenCalibration | None:
        """The newest one, of whatever encoder; None when none was taken.

        Raises:
            StoreFault: it cannot be read.
        """
        with self._database.reading() as db:
            cursor = db.execute("SELECT * FROM calibrations ORDER BY id DESC LIMIT 1")
            columns, row = [column[0] for column in cursor.description], cursor.fetchone()
        if row is None:
            return None
        values = dict(zip(columns, row, strict=True))
        number = values.pop("id")
        try:
            return TakenCalibration(**values | {"time": datetime.fromisoformat(values["time"])})
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            # People and templates may be whole: it must not be told to move the database away.
            raise StoreFault(
                f"The last calibration in {self._database.path} is damaged; put back a backup, or set access.tau.",
                f"calibration {number}: {error}",
            ) from error
