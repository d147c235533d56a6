"""The rules of one door as one frozen value; a moved slider is a new policy, never an edited one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faceguard.domain.score import Threshold

FRAME_GAP_MS: Final = 100
"""Nearer frames of one face tell next to nothing new."""
CHALLENGE_MS: Final = 6_000
"""Time to answer a challenge."""


class LivenessPolicy(StrEnum):
    """Which liveness gates a face must pass. What geometry proves is "not flat", never "live"."""

    STANDARD = "standard"
    """Static check, PAD networks where installed, the challenge where none is installed or none vouches."""
    STRICT = "strict"
    """As standard, and always the challenge."""
    OFF = "off"
    """None; the admin's choice, shown as a permanent banner."""


@dataclass(frozen=True, slots=True)
class PassiveRule:
    """How the median of the PAD networks' fused scores is read; between the two limits it is undecided.

    Attributes:
        accept: bona fide from here on, in [0, 1]; None while nobody measured how often the networks are wrong: they
            refuse then, but vouch for nobody, and challenge and PIN stay.
        attack: an attack below this, in [0, 1].
    """

    accept: float | None
    attack: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.attack <= (1.0 if self.accept is None else self.accept) <= 1.0:
            raise ValueError("0 <= attack <= accept <= 1")


@dataclass(frozen=True, slots=True)
class LearnedTaus:
    """What else differs where the gallery is searched by a learned comparison, whose distances are of another kind.

    Attributes:
        single: a single frame's learned distance to the person named stays within this or tau, whichever is greater;
            None where it was not measured, and then within tau.
        same_face: squared distance within which two refused faces are one person's.
    """

    single: Threshold | None
    same_face: Threshold


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """All that the decision depends on besides the evidence.

    Attributes:
        tau: of the 1:N search; None while the encoder has no measured one: the door then denies.
        tau_pair: of the 1:1 comparison, once a PIN has named the person.
        tau_continuity: the face of one attempt stays within this of itself, turned head included; always a squared
            distance, by whatever the gallery is searched.
        margin: the runner-up, another person, is at least this much farther away (1:N only).
        liveness: which liveness gates.
        passive: how PAD scores are read; None when no PAD network is installed.
        liveness_available: False when a PAD network that the settings name is missing: nobody gets in.
        pin_after_face: ask for the person's PIN when no PAD network vouched for the face.
        good_frames: frames that are fused for a look.
        judged_frames: frames after which an attempt ends.
        attempt_ms: time after which an attempt ends, from its first good frame.
        frame_gap_ms: two judged frames are at least this far apart.
        challenge_ms: time to answer a challenge.
        ask_ms: time to enter a PIN.
        hold_ms: how long a verdict stands.
        cooldown_ms: nothing is granted again for this long after a grant.
        failed_attempts: so many in a row pause the face.
        pause_ms: for how long; the PIN stays open.
        absent_ms: a face may be lost from view for this long within an attempt.
        shadow: the door decides, records and shows what it would do, and opens nothing.
        learned: None where the gallery is searched by squared distance.
    """

    tau: Threshold | None
    tau_pair: Threshold | None
    tau_continuity: Threshold
    margin: float
    liveness: LivenessPolicy = LivenessPolicy.STANDARD
    passive: PassiveRule | None = None
    liveness_available: bool = True
    pin_after_face: bool = True
    good_frames: int = 5
    judged_frames: int = 15
    attempt_ms: int = 5_000
    frame_gap_ms: int = FRAME_GAP_MS
    challenge_ms: int = CHALLENGE_MS
    ask_ms: int = 30_000
    hold_ms: int = 3_000
    cooldown_ms: int = 3_000
    failed_attempts: int = 5
    pause_ms: int = 30_000
    absent_ms: int = 1_000
    shadow: bool = False
    learned: LearnedTaus | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise ValueError("the margin is a finite number, at least 0")
        if not 1 <= self.good_frames <= self.judged_frames:
            raise ValueError("a look needs at least one frame and at most those of an attempt")
        durations = (self.attempt_ms, self.frame_gap_ms, self.challenge_ms, self.ask_ms, self.hold_ms, self.pause_ms)
        if min(*durations, self.cooldown_ms, self.absent_ms, self.failed_attempts) < 1:
            raise ValueError("durations and counts are positive")

    @property
    def tau_single(self) -> Threshold | None:
        """Of a single frame's comparison with the gallery, where it is greater than tau."""
        return self.tau_continuity if self.learned is None else self.learned.single

    @property
    def tau_same_face(self) -> Threshold:
        """When two attempts are of one face; as strict as a 1:1 comparison, or strangers would share a pause."""
        return (self.tau_pair or self.tau_continuity) if self.learned is None else self.learned.same_face

    @property
    def proofs(self) -> tuple[object, ...]:
        """What must be proven besides the match; an attempt under other proofs starts anew."""
        return self.liveness, self.passive, self.liveness_available, self.pin_after_face
