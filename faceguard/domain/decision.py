"""All we may say to a person: Pending, Ask, Deny, Grant (or what would be one), or that the door is out of service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faceguard.domain.score import Distance, Threshold
from faceguard.domain.template import EncoderId, Subject

NS_PER_MS: Final = 1_000_000
FRESH_MS: Final = 300
"""The newest evidence of a grant is at most this old when the relay is asked."""
EVIDENCE_MS: Final = 5_000
"""The oldest evidence of a grant is at most this old when the relay is asked."""


class Hint(StrEnum):
    """One instruction at a time, while nothing is decided."""

    STEP_UP = "step up"
    LOOK_HERE = "look here"
    COME_CLOSER = "come closer"
    MOVE_BACK = "move back"
    STEP_INTO_THE_MIDDLE = "step into the middle"
    ONE_AT_A_TIME = "one at a time"
    MORE_LIGHT = "more light"
    LESS_LIGHT = "less light"
    EVEN_LIGHT = "even light"
    HOLD_STILL = "hold still"
    HEAD_UPRIGHT = "head upright"
    UNCOVER = "uncover"
    CHECKING = "checking"
    TURN_LEFT = "turn left"
    TURN_RIGHT = "turn right"
    LOOK_STRAIGHT = "look straight"
    WAIT = "wait"


class DenyReason(StrEnum):
    """Why the door stayed shut; what a person is told stands in ui/messages.py."""

    NOT_RECOGNISED = "not recognised"
    GALLERY_EMPTY = "nobody is enrolled"
    POOR_PICTURES = "no good picture"
    FLAT_PICTURE = "a picture was held up"
    STATIC_PICTURE = "a still picture was held up"
    PASSIVE_ATTACK = "a picture or screen was recognised"
    CHALLENGE_FAILED = "the requested turn was not seen"
    LIVENESS_UNDECIDED = "liveness could not be decided"
    IDENTITY_CHANGED = "the face changed during the attempt"
    TRACK_LOST = "stepped away"
    TOO_MANY_ATTEMPTS = "too many attempts"
    NO_PIN = "no PIN is stored for this person"
    WRONG_PIN = "wrong PIN"
    PIN_LOCKED = "PIN locked after wrong entries"
    PIN_TIMEOUT = "no PIN was entered"
    STALE_EVIDENCE = "the evidence is too old"
    RULES_CHANGED = "the rules were changed meanwhile"
    NOT_CALIBRATED = "no measured tau for this encoder"
    LIVENESS_MISSING = "the liveness check is not available"
    AUDIT_UNAVAILABLE = "the event could not be recorded"


LIVENESS_DENIES: Final = frozenset(
    {
        DenyReason.FLAT_PICTURE,
        DenyReason.STATIC_PICTURE,
        DenyReason.PASSIVE_ATTACK,
        DenyReason.CHALLENGE_FAILED,
        DenyReason.LIVENESS_UNDECIDED,
        DenyReason.IDENTITY_CHANGED,
    }
)
"""Liveness spoke, whatever the search said: of a picture that was held up, the distance is no stranger's."""
SEARCH_DENIES: Final = frozenset(
    {
        DenyReason.NOT_RECOGNISED,
        DenyReason.NO_PIN,
        DenyReason.WRONG_PIN,
        DenyReason.PIN_LOCKED,
        DenyReason.PIN_TIMEOUT,
    }
)
"""The search refused, or it named somebody and the PIN after it was missing: the distance is that of a living face."""


class AskReason(StrEnum):
    """Why a PIN is wanted after the face."""

    TOO_ALIKE = "too like another person"
    LIVENESS_UNPROVEN = "the camera alone cannot prove a living face"


class Gate(StrEnum):
    """What a grant has passed."""

    QUALITY = "quality"
    NOT_STATIC = "not static"
    PASSIVE_PAD = "passive PAD"
    NOT_FLAT = "not flat"
    LIVENESS_OFF = "liveness switched off by the admin"
    PIN = "PIN"
    MATCH = "match"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a grant rests on; all of it from one track.

    Attributes:
        track_id: the one track.
        sequences: numbers of the frames that were fused, ascending.
        oldest_ns, newest_ns: capture times of the first and last of them.
        decided_ns: when the decision was taken.
        distance: of the fused embedding to the subject's nearest template.
        tau: the threshold it was compared with (1:N or 1:1).
        runner_up: distance to the next other person; None with one subject or in 1:1.
        encoder_id: of probe and gallery.
        gallery_size: K at that time.
        gates: what was passed.
    """

    track_id: int
    sequences: tuple[int, ...]
    oldest_ns: int
    newest_ns: int
    decided_ns: int
    distance: Distance
    tau: Threshold
    runner_up: Distance | None
    encoder_id: EncoderId
    gallery_size: int
    gates: frozenset[Gate]


@dataclass(frozen=True, slots=True)
class Grant:
    """The door may open for this subject. Made by ``access.session.AccessSession`` and by nobody else.

    Raises:
        ValueError: the evidence is incomplete, stale, or beyond tau.
    """

    subject: Subject
    evidence: Evidence

    def __post_init__(self) -> None:
        evidence = self.evidence
        if not evidence.distance.within(evidence.tau):
            raise ValueError("no grant beyond tau")
        if not {Gate.QUALITY, Gate.MATCH} <= evidence.gates:
            raise ValueError("no grant without quality and match")
        if not evidence.gates & {Gate.NOT_STATIC, Gate.LIVENESS_OFF}:
            raise ValueError("no grant without a liveness gate, unless the admin switched them off")
        if not evidence.sequences or list(evidence.sequences) != sorted(set(evidence.sequences)):
            raise ValueError("no grant without frames")
        if not evidence.oldest_ns <= evidence.newest_ns <= evidence.decided_ns:
            raise ValueError("no grant from evidence out of order")
        if not self.fresh_at(evidence.decided_ns):
            raise ValueError("no grant from stale evidence")

    def fresh_at(self, now_ns: int) -> bool:
        """Newest evidence at most 300 ms, oldest at most 5 s old; asked again before the relay is."""
        newest, oldest = now_ns - self.evidence.newest_ns, now_ns - self.evidence.oldest_ns
        return 0 <= newest <= FRESH_MS * NS_PER_MS and oldest <= EVIDENCE_MS * NS_PER_MS


@dataclass(frozen=True, slots=True)
class WouldGrant:
    """Shadow mode: the door would open for this grant, and opens nothing.

    A type of its own, so that whoever acts on a Grant does not act on this one.
    """

    grant: Grant


@dataclass(frozen=True, slots=True)
class Ask:
    """The face alone does not decide; the PIN of the person it resembles is wanted until ``expires_ns``.

    Whom it resembles is for the log and the staff's list, never for the door.
    """

    reason: AskReason
    expires_ns: int
    track_id: int
    nearest_subject_id: int | None = None
    distance: Distance | None = None
    tau: Threshold | None = None
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Deny:
    """The door stays shut, for a reason; the numbers are for the log and the admin, never for the door.

    With ``pin`` a right PIN had named a person, and the numbers are those of the comparison with that one (1:1).
    """

    reason: DenyReason
    track_id: int | None = None
    distance: Distance | None = None
    tau: Threshold | None = None
    runner_up: Distance | None = None
    nearest_subject_id: int | None = None
    frames: int = 0
    retry_ns: int | None = None
    pin: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """Nothing is decided: one instruction, and how far the attempt has come (0 to 1)."""

    hint: Hint
    progress: float = 0.0
    track_id: int | None = None


@dataclass(frozen=True, slots=True)
class OutOfService:
    """The door cannot decide: camera, network, store or settings fault. A state, not a dead program."""

    sentence: str
    since_ns: int


Decision = Grant | WouldGrant | Ask | Deny | Pending | OutOfService
