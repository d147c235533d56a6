"""Liveness tests of a camera: who may begin one, what is kept of it, and what it amounts to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from faceguard.access.roles import Action
from faceguard.domain.presentation import PadSetup, Trial
from faceguard.evaluation.measured_liveness import MeasuredLiveness
from faceguard.store.database import Database
from faceguard.store.liveness_trials import LivenessTrials

SERIES_IDLE_S: Final = 300
"""A series without a trial for five minutes is over: time to fetch the next prop, not to leave the door shut."""


class LivenessTests:
    """Trials that are quoted as rates of a camera.

    A series takes longer than the admin's two minutes, and props have to be fetched meanwhile. So the admin begins it,
    and what was begun may be gone on with, by trials and their undoing only, until it is finished or nothing was tried
    for ``SERIES_IDLE_S``. Everything else that the admin may do ends after two minutes as ever.

    Args:
        database: this thread's own connection.
        require: raises ``NotPermitted`` unless the present role may.
        note: writes into the event log what was done, and a detail.
        clock: monotonic nanoseconds.
    """

    def __init__(
        self,
        database: Database,
        require: Callable[[Action], None],
        note: Callable[[str, str], None],
        clock: Callable[[], int],
    ) -> None:
        self._trials = LivenessTrials(database)
        self._require = require
        self._note = note
        self._clock = clock
        self._open_until = -1
        self._recorded: list[int] = []

    def begin(self) -> None:
        """A series begins.

        Raises:
            NotPermitted: only the admin may.
        """
        self._require(Action.CHANGE_ADMIN_SETTING)
        self._note("liveness test", "begun")
        self._recorded.clear()
        self._renew()

    def record(self, trial: Trial) -> MeasuredLiveness:
        """Keep a trial of a real camera; simulations and recordings never come here.

        Returns:
            All trials of its setup, this one included.

        Raises:
            NotPermitted: no series is open, and only the admin may.
            StoreFault: nothing was stored.
        """
        self._allow()
        self._recorded.append(self._trials.record(trial).number)
        self._renew()
        return self.of(trial.setup)

    def undo(self) -> bool:
        """Take the newest trial of this series back; False when there is none left.

        Raises:
            NotPermitted: no series is open, and only the admin may.
            StoreFault: nothing was changed.
        """
        self._allow()
        if not self._recorded:
            return False
        self._trials.remove(self._recorded[-1])
        self._recorded.pop()
        self._renew()
        return True

    def finish(self) -> None:
        """The series is over; another one takes the admin."""
        if self._open_until >= 0:
            self._note("liveness test", "finished")
        self._open_until = -1
        self._recorded.clear()

    def of(self, setup: PadSetup) -> MeasuredLiveness:
        """What was measured with exactly this camera, size, policy and networks."""
        return MeasuredLiveness(self._trials.of(setup))

    def latest_size(self, camera: str) -> tuple[int, int] | None:
        """Width and height of this camera's pictures when it was tested last; None when it never was."""
        return self._trials.latest_size(camera)

    def clear(self, camera: str) -> int:
        """Forget all trials of a camera; says how many there were.

        Raises:
            NotPermitted: only the admin may.
            StoreFault: nothing was changed.
        """
        self._require(Action.CHANGE_ADMIN_SETTING)
        self._note("liveness test", "cleared")
        self._recorded.clear()
        return self._trials.clear(camera)

    def _allow(self) -> None:
        if self._clock() >= self._open_until:
            self._require(Action.CHANGE_ADMIN_SETTING)

    def _renew(self) -> None:
        self._open_until = self._clock() + SERIES_IDLE_S * 1_000_000_000
