"""A liveness test before the running camera, without Qt: the same stages as at the door, and no door.

There is no session, no gallery, no event of an access and no door output in here: nothing can open. Whatever is raised
on the way ends the trial uncounted, and the next frame may recover.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from faceguard.access.hints import hint_for
from faceguard.access.liveness_trial import LivenessTrial
from faceguard.access.policy import AccessPolicy, LivenessPolicy
from faceguard.domain.decision import Decision, Hint, OutOfService, Pending
from faceguard.domain.errors import FaceguardError, ModelFault
from faceguard.domain.face import Frame
from faceguard.domain.observation import Observation
from faceguard.domain.presentation import PadSetup, TrialResult
from faceguard.domain.score import Candidate
from faceguard.domain.template import Embedding

log = logging.getLogger(__name__)

LIVENESS_OFF: Final = "Liveness is switched off: there is nothing to measure. Choose Standard or Strict first."
PAD_MISSING: Final = "A liveness network that the settings name is missing; correct models.pad first."


class _Nobody:
    """A gallery that holds nobody: whose face it is plays no part."""

    def search(self, embedding: Embedding) -> tuple[Candidate, ...]:
        """Nobody is near."""
        return ()


class Recognising(Protocol):
    """``pipeline.recogniser.Recogniser``."""

    def observe(self, frame: Frame, matcher: _Nobody, *, challenge: bool) -> Observation:
        """All that one frame teaches."""

    def reset(self) -> None:
        """Forget tracks and liveness history."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A trial that has ended: before which camera and by which rules, and how; and the number it was begun with."""

    setup: PadSetup
    result: TrialResult
    number: int = 0


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What one step came to; read like ``guard.GuardReport``.

    Attributes:
        decision: the instruction, or that there are no pictures; never a verdict of the door.
        observation: of the frame, for the preview's box.
        event: the trial that ended with this frame.
        notice: always empty.
    """

    decision: Decision
    observation: Observation | None = None
    event: Judged | None = None
    notice: str = ""


def refusal_of(policy: AccessPolicy) -> str:
    """Why nothing can be measured by these rules; empty when it can."""
    if policy.liveness is LivenessPolicy.OFF:
        return LIVENESS_OFF
    return "" if policy.liveness_available else PAD_MISSING


class TrialBench:
    """Watches all the time, judges while a trial runs.

    Args:
        recogniser: the stages in order.
        policy: the rules in force, read when a trial begins.
        camera: the source's label.
        networks: see ``PadSetup``.
        clock: monotonic nanoseconds.
        random: for challenges; unpredictable unless a test hands over its own.
    """

    def __init__(
        self,
        recogniser: Recognising,
        policy: Callable[[], AccessPolicy],
        camera: str,
        networks: str,
        *,
        clock: Callable[[], int],
        random: Random | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._policy = policy
        self._camera = camera
        self._networks = networks
        self._clock = clock
        self._random = random
        self._wanted = False
        self._number = 0
        self._trial: LivenessTrial | None = None
        self._rules: AccessPolicy | None = None
        self._size = (1, 1)
        self._fault: OutOfService | None = None

    @property
    def running(self) -> bool:
        """A trial was asked for and has not ended."""
        return self._wanted or self._trial is not None

    def begin(self, number: int = 0) -> None:
        """One trial with the next frame; one that runs is given up for it."""
        self._wanted, self._number = True, number

    def cancel(self) -> None:
        """The trial that runs is given up, uncounted."""
        self._wanted, self._trial = False, None

    def step(self, frame: Frame) -> BenchReport:
        """Look at the newest frame. Never raises: known faults and bugs alike end the trial uncounted."""
        try:
            if self._wanted:
                self._wanted = False
                self._start()
            self._size = frame.width, frame.height
            trial = self._trial
            asked = trial is not None and trial.challenge is not None
            observation = self._recogniser.observe(frame, _Nobody(), challenge=asked)
            self._fault = None
            if trial is None:
                return BenchReport(Pending(hint_for(observation, Hint.LOOK_HERE)), observation)
            decision = trial.observe(observation)
            return BenchReport(decision, observation, self._judged())
        except Exception as error:
            return self._failed(error)

    def ended(self) -> BenchReport:
        """The pictures have ended; a trial that runs ends with them, without an answer where none was found."""
        if self._trial is not None:
            self._trial.stop()
        return BenchReport(Pending(Hint.WAIT), event=self._judged())

    def fault(self, sentence: str) -> BenchReport:
        """There are no usable frames: the trial that runs is not counted."""
        return self._failed(FaceguardError(sentence))

    def _start(self) -> None:
        self._trial = None
        rules = self._policy()
        refusal = refusal_of(rules)
        if refusal:
            raise ModelFault(refusal)
        self._recogniser.reset()  # each presentation begins from nothing, as for whoever steps up to the door
        self._rules = rules
        self._trial = LivenessTrial(rules, self._random)

    def _judged(self) -> Judged | None:
        """The trial's end, if it has come."""
        trial, rules = self._trial, self._rules
        if trial is None or rules is None or trial.result is None:
            return None
        self._trial = None
        setup = PadSetup(self._camera, *self._size, rules.liveness.value, self._networks)
        return Judged(setup, trial.result, self._number)

    def _failed(self, error: Exception) -> BenchReport:
        known = isinstance(error, FaceguardError)
        sentence = error.sentence if isinstance(error, FaceguardError) else "An internal error occurred; see the log."
        self._trial, self._wanted = None, False
        self._recogniser.reset()
        if self._fault is None or self._fault.sentence != sentence:
            if not known:
                log.error("a liveness trial failed", exc_info=error)
            self._fault = OutOfService(sentence, self._clock())
        return BenchReport(self._fault)
