"""The verdict that stands at the door, and the tracks that got their last one."""

from __future__ import annotations

from faceguard.domain.decision import Decision, Deny, DenyReason
from faceguard.domain.observation import Observation

BLOCKED = frozenset({DenyReason.NOT_CALIBRATED, DenyReason.LIVENESS_MISSING, DenyReason.GALLERY_EMPTY})
"""The door recognises nobody at all; said once a track, and taken back when policy or gallery change."""
REMEMBERED = 64
"""Settled tracks are forgotten when so many newer ones have come; a track's number is never used twice."""


class Standing:
    """A verdict stands for its time; on a settled track, which gets no other attempt, until that track leaves."""

    def __init__(self) -> None:
        self.verdict: Decision | None = None
        self.track_id: int | None = None
        self._until_ns = 0
        self._settled: set[int] = set()

    def say(self, verdict: Decision, track_id: int | None, until_ns: int, *, settled: bool = False) -> None:
        """A new verdict; ``settled``: its track gets no other attempt."""
        self.verdict, self.track_id, self._until_ns = verdict, track_id, until_ns
        if settled and track_id is not None:
            self._settled = {t for t in self._settled if t >= track_id - REMEMBERED} | {track_id}

    def at(self, observation: Observation) -> Decision | None:
        """The verdict, if it still stands when this is seen."""
        if self.verdict is None or observation.captured_ns < self._until_ns:
            return self.verdict
        if observation.track_id is None or observation.track_id != self.track_id or not self.settled(self.track_id):
            self.verdict = None
        return self.verdict

    def settled(self, track_id: int | None) -> bool:
        """This track gets no other attempt."""
        return track_id in self._settled

    def allow_again(self) -> None:
        """The verdict's track may try again after it."""
        self._settled.discard(self.track_id or 0)

    def take_back_blocked(self) -> None:
        """What kept everybody out may be over."""
        if isinstance(self.verdict, Deny) and self.verdict.reason in BLOCKED:
            self.allow_again()
            self.verdict = None

    def take_back_unsettled(self) -> None:
        """Whoever stands here may try again at once."""
        if not self.settled(self.track_id):
            self.verdict = None

    def reset(self) -> None:
        """Nothing was ever said."""
        self.verdict = None
        self._settled.clear()
