"""The presentations of liveness tests: which camera, which rules, what was held up, how it ended. No pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from faceguard.domain.errors import StoreFault
from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.store.database import Database


class LivenessTrials:
    """Writes and reads them over the thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, trial: Trial) -> Trial:
        """Stores one; when this returns, it is on the disk.

        Returns:
            The same with its number.

        Raises:
            StoreFault: nothing was stored.
        """
        setup, result = trial.setup, trial.result
        row = {
            "time": trial.time.isoformat(),
            "camera": setup.camera,
            "width": setup.width,
            "height": setup.height,
            "policy": setup.policy,
            "networks": setup.networks,
            "species": trial.species.value,
            "response": result.response.value,
            "reason": result.reason,
        }
        with self._database.writing() as db:
            number = db.table("liveness_trials").insert(row).last_pk
        assert isinstance(number, int)
        return replace(trial, number=number)

    def of(self, setup: PadSetup) -> tuple[Trial, ...]:
        """All trials of exactly this setup, oldest first.

        Raises:
            StoreFault: one of them cannot be read.
        """
        return self._read(
            "WHERE camera = ? AND width = ? AND height = ? AND policy = ? AND networks = ? ORDER BY id",
            [setup.camera, setup.width, setup.height, setup.policy, setup.networks],
        )

    def latest_size(self, camera: str) -> tuple[int, int] | None:
        """Width and height of the pictures of this camera's newest trial; None when there is none.

        Raises:
            StoreFault: it cannot be read.
        """
        found = self._read("WHERE camera = ? ORDER BY id DESC LIMIT 1", [camera])
        return (found[0].setup.width, found[0].setup.height) if found else None

    def remove(self, number: int) -> bool:
        """Takes one back; False when it is not there.

        Raises:
            StoreFault: nothing was changed.
        """
        with self._database.writing() as db:
            return db.execute("DELETE FROM liveness_trials WHERE id = ?", [number]).rowcount > 0

    def clear(self, camera: str) -> int:
        """Takes back all of one camera, whatever its size, policy and networks were; says how many.

        Raises:
            StoreFault: nothing was changed.
        """
        with self._database.writing() as db:
            return int(db.execute("DELETE FROM liveness_trials WHERE camera = ?", [camera]).rowcount)

    def _read(self, where: str, values: Sequence[str | int]) -> tuple[Trial, ...]:
        with self._database.reading() as db:
            cursor = db.execute(f"SELECT * FROM liveness_trials {where}", list(values))
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return tuple(map(self._trial, rows))

    def _trial(self, row: dict[str, Any]) -> Trial:
        try:
            setup = PadSetup(row["camera"], row["width"], row["height"], row["policy"], row["networks"])
            result = TrialResult(Response(row["response"]), row["reason"])
            return Trial(datetime.fromisoformat(row["time"]), setup, Species(row["species"]), result, row["id"])
        except (ValueError, TypeError, OverflowError) as error:
            # People and templates may be whole: it must not be told to move the database away.
            raise StoreFault(
                f"A liveness test in {self._database.path} is damaged; put back a backup, or clear the tests of this "
                "camera and measure again (faceguard selftest liveness --clear).",
                f"liveness trial {row['id']}: {error}",
            ) from error
