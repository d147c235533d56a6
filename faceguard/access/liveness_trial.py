"""One presentation before the running camera, judged by the door's own liveness gates and by nothing else.

Whose face it is plays no part: no gallery is searched, nobody is granted anything. A trial asks "would liveness have
let this pass?", so that the answer is about presentation attack detection and not about who happens to be enrolled.
Passing means: every gate of the policy was passed, and enough fresh pictures came behind it. Where no PAD network
vouches for a face, that is a challenge that was answered and no refusal by the static check or a network.
Time is the frames' own.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

from faceguard.access.attempt import Attempt, Look, LookResult
from faceguard.access.challenge import Turn
from faceguard.access.hints import hint_for
from faceguard.access.liveness_proof import Refused, asked_turn, confirming, prove, still_picture
from faceguard.access.policy import AccessPolicy, LivenessPolicy
from faceguard.domain.decision import NS_PER_MS, DenyReason, Gate, Hint, Pending
from faceguard.domain.observation import HaltReason, Observation, PadVerdict
from faceguard.domain.presentation import Response, TrialResult
from faceguard.domain.template import fuse

JUDGING_VERSION: Final = 1
"""Raised whenever static check, challenge or the gates judge otherwise: results of other rules are not quoted."""
ACQUIRE_MS: Final = 15_000
"""Without a face that can be judged for so long, the presentation got no answer."""


class LivenessTrial:
    """Folds the observations of one presentation into its result.

    Args:
        policy: which gates; as at the door.
        random: for the challenge; unpredictable unless a test hands over its own.

    Raises:
        ValueError: the policy checks no liveness.
    """

    def __init__(self, policy: AccessPolicy, random: Random | None = None) -> None:
        if policy.liveness is LivenessPolicy.OFF:
            raise ValueError("there is nothing to measure while liveness is off")
        self._policy = policy
        self._random = random
        self._attempt: Attempt | None = None
        self._begun_ns: int | None = None
        self._newest_ns = -1
        self._lacks: Counter[HaltReason] = Counter()
        self.result: TrialResult | None = None
        """How it ended; None while it runs."""

    @property
    def challenge(self) -> Turn | None:
        """The turn that is being asked for, while the pipeline should follow its points."""
        return None if self.result is not None else asked_turn(self._attempt)

    def observe(self, observation: Observation) -> Pending:
        """Take one frame's evidence in; ``result`` is set once it is enough.

        Returns:
            What the person who presents is told to do.
        """
        frame_ns = observation.captured_ns
        if self.result is not None:
            return Pending(Hint.WAIT)
        if frame_ns <= self._newest_ns:
            self._attempt = None  # time ran backwards: this is no continuous presentation
            return Pending(Hint.LOOK_HERE)
        self._newest_ns = frame_ns
        self._begun_ns = frame_ns if self._begun_ns is None else self._begun_ns
        if observation.halt is not None:
            self._lacks[observation.halt.reason] += 1
        if self._lost(observation):
            return Pending(Hint.WAIT)
        if observation.track_id is None:
            return self._waiting(observation)
        attempt = self._attempt or self._begin(observation.track_id)
        attempt.add(observation, self._policy)
        if still_picture(observation, self._policy):
            return self._end(Response.REFUSED, DenyReason.STATIC_PICTURE)
        if attempt.named is None:
            return self._collect(attempt, observation)
        return self._prove(attempt, observation)

    def stop(self) -> TrialResult:
        """The pictures have ended, or the prop is put away: whatever is not decided now gets no answer."""
        if self.result is None:
            self._end(Response.NOT_ACQUIRED, DenyReason.TRACK_LOST if self._proving else self._most_lacking())
        assert self.result is not None
        return self.result

    @property
    def _proving(self) -> bool:
        return self._attempt is not None and self._attempt.named is not None

    def _begin(self, track_id: int) -> Attempt:
        attempt = self._attempt = Attempt(track_id)
        return attempt

    def _lost(self, observation: Observation) -> bool:
        """The face has gone, or another one is the probe; one that was being judged ends the trial with it."""
        attempt = self._attempt
        if attempt is None or observation.track_id == attempt.track_id:
            return False
        gone_ms = (observation.captured_ns - attempt.last_seen_ns) / NS_PER_MS
        if observation.track_id is None and gone_ms <= self._policy.absent_ms:
            return False
        if attempt.named is not None:
            self._end(Response.NOT_ACQUIRED, DenyReason.TRACK_LOST)
            return True
        self._attempt = None
        return False

    def _waiting(self, observation: Observation) -> Pending:
        assert self._begun_ns is not None
        late = observation.captured_ns - self._begun_ns > ACQUIRE_MS * NS_PER_MS
        if late and not self._proving:
            return self._end(Response.NOT_ACQUIRED, self._most_lacking())
        return Pending(hint_for(observation, Hint.LOOK_HERE))

    def _collect(self, attempt: Attempt, observation: Observation) -> Pending:
        """The first good frames fix the face that the gates then follow, as a look does at the door."""
        policy, good = self._policy, attempt.good
        if not good:
            return self._waiting(observation)
        if len(good) < policy.good_frames:
            elapsed_ms = (observation.captured_ns - good[0].captured_ns) / NS_PER_MS
            if elapsed_ms >= policy.attempt_ms:
                return self._end(Response.NOT_ACQUIRED, DenyReason.POOR_PICTURES)
            progress = len(good) / policy.good_frames
            return Pending(hint_for(observation, Hint.CHECKING), progress, attempt.track_id)
        fused = fuse([f.embedding for f in good if f.embedding is not None])
        attempt.named = Look(LookResult.NOBODY, tuple(good), fused, None, None, policy.tau_continuity)
        attempt.named_ns = observation.captured_ns
        return self._prove(attempt, observation)

    def _prove(self, attempt: Attempt, observation: Observation) -> Pending:
        found = prove(attempt, observation, self._policy, self._random)
        if isinstance(found, Refused):
            return self._end(Response.REFUSED, found.reason)
        if found is not None:
            return Pending(found, 1.0, attempt.track_id)
        frames, late = confirming(attempt, self._policy, observation.captured_ns)
        if frames:
            return self._end(Response.PASSED, ", ".join(gate.value for gate in self._passed(attempt)))
        if late:
            return self._end(Response.NOT_ACQUIRED, DenyReason.STALE_EVIDENCE)
        return Pending(Hint.LOOK_STRAIGHT, 1.0, attempt.track_id)

    def _passed(self, attempt: Attempt) -> list[Gate]:
        gates = [Gate.NOT_STATIC]
        if attempt.proven_ns is not None:
            gates.append(Gate.NOT_FLAT)
        if attempt.passive(self._policy.passive, self._policy.good_frames) is PadVerdict.BONA_FIDE:
            gates.append(Gate.PASSIVE_PAD)
        return gates

    def _most_lacking(self) -> HaltReason | DenyReason:
        """What kept most of the pictures from being judged."""
        known = [(n, reason) for reason, n in self._lacks.items() if reason is not HaltReason.TOO_SOON]
        return max(known, key=lambda item: item[0])[1] if known else DenyReason.POOR_PICTURES

    def _end(self, response: Response, reason: DenyReason | HaltReason | str) -> Pending:
        self.result = TrialResult(response, str(reason))
        return Pending(Hint.WAIT)
