"""The liveness gates of one attempt once its face is fixed: what door and self-test judge by alike."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from faceguard.access.attempt import Attempt
from faceguard.access.challenge import Answer, Turn, draw
from faceguard.access.policy import AccessPolicy, LivenessPolicy
from faceguard.domain.decision import FRESH_MS, NS_PER_MS, DenyReason, Hint
from faceguard.domain.observation import Observation, PadVerdict


@dataclass(frozen=True, slots=True)
class Refused:
    """A gate said no.

    Attributes:
        reason: which one.
        charged: it counts as a failed attempt.
        settled: the track gets no other attempt.
        shown: the numbers of the look that named the person are told with it.
    """

    reason: DenyReason
    charged: bool = True
    settled: bool = False
    shown: bool = False


def still_picture(observation: Observation, policy: AccessPolicy) -> bool:
    """The static check refuses this face, in whatever phase its attempt is."""
    if policy.liveness is LivenessPolicy.OFF or observation.pad is None:
        return False
    return observation.pad.static is PadVerdict.ATTACK


def asked_turn(attempt: Attempt | None) -> Turn | None:
    """The turn that is being asked for, while the pipeline should follow its points."""
    if attempt is None or attempt.challenge is None or attempt.proven_ns is not None:
        return None
    return attempt.challenge.turn


def prove(
    attempt: Attempt, observation: Observation, policy: AccessPolicy, random: Random | None
) -> Hint | Refused | None:
    """One more frame of a face that a look has fixed (``attempt.named``).

    1. The frame must show that same face.
    2. The PAD networks, where there are any, may refuse it.
    3. It answers a challenge, unless the networks vouch for it and the policy asks no more.
    4. The static check must have seen it move.

    Args:
        attempt: takes the challenge and its readings in.
        observation: of the newest frame, which ``attempt`` has already.
        policy: liveness is not off.
        random: for the challenge; unpredictable when None.

    Returns:
        What to do next, or why it is refused; None as long as every gate is passed.
    """
    assert attempt.named is not None
    if observation.embedding is not None:
        apart = observation.embedding.distance(attempt.named.fused)
        if not apart.within(policy.tau_continuity):
            return Refused(DenyReason.IDENTITY_CHANGED, settled=True)
    passive = attempt.passive(policy.passive, policy.good_frames)
    if passive is PadVerdict.ATTACK:
        return Refused(DenyReason.PASSIVE_ATTACK, settled=True)
    wanted = policy.liveness is LivenessPolicy.STRICT or passive is not PadVerdict.BONA_FIDE
    if wanted and attempt.proven_ns is None:
        return _challenge(attempt, observation, policy, random)
    if attempt.static() is not PadVerdict.BONA_FIDE:
        since_ns = attempt.proven_ns or attempt.named_ns
        if observation.captured_ns - since_ns > policy.attempt_ms * NS_PER_MS:
            return Refused(DenyReason.LIVENESS_UNDECIDED, charged=False, shown=True)
        return Hint.LOOK_STRAIGHT
    return None


def _challenge(
    attempt: Attempt, observation: Observation, policy: AccessPolicy, random: Random | None
) -> Hint | Refused:
    frame_ns = observation.captured_ns
    if attempt.challenge is None:
        attempt.challenge = draw(frame_ns, frame_ns + policy.challenge_ms * NS_PER_MS, random)
    elif observation.pad is not None and observation.embedding is not None:
        # geometry counts only where the same frame shows that it is still the same face
        attempt.challenge = attempt.challenge.read(observation.pad.parallax)
    challenge = attempt.challenge
    if challenge.answer is Answer.PROVEN:
        attempt.proven_ns = frame_ns
        return Hint.LOOK_STRAIGHT
    if frame_ns > challenge.expires_ns:
        flat = challenge.looks_flat
        return Refused(DenyReason.FLAT_PICTURE if flat else DenyReason.CHALLENGE_FAILED, settled=flat, shown=True)
    return Hint.TURN_LEFT if challenge.turn is Turn.LEFT else Hint.TURN_RIGHT


def confirming(attempt: Attempt, policy: AccessPolicy, now_ns: int) -> tuple[list[Observation], bool]:
    """The frames that confirm a proven face: the newest good ones, after a turn those taken since.

    Returns:
        ``good_frames`` observations, none while there are too few or the newest is too old; and whether the time in
        which they should have come is over.
    """
    begun_ns = attempt.named_ns if attempt.proven_ns is None else attempt.proven_ns
    late = now_ns - begun_ns > policy.attempt_ms * NS_PER_MS
    frames = attempt.recent(now_ns, policy.good_frames, since_ns=attempt.proven_ns)
    if len(frames) < policy.good_frames or now_ns - frames[-1].captured_ns > FRESH_MS * NS_PER_MS:
        return [], late
    return frames, late
