"""Presentations before a camera that measure its presentation attack detection, in the words of ISO/IEC 30107-3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Species(StrEnum):
    """What is held before the camera: a kind of attack instrument, or a living person."""

    PRINT_MATTE = "print matte"
    PRINT_GLOSSY = "print glossy"
    PRINT_BENT = "print bent"
    PHONE = "phone"
    TABLET = "tablet"
    LAPTOP = "laptop"
    BONA_FIDE = "bona fide"

    @property
    def attack(self) -> bool:
        """Anything but a living person."""
        return self is not Species.BONA_FIDE


ATTACKS = tuple(species for species in Species if species.attack)


class Response(StrEnum):
    """What the liveness gates said of one presentation."""

    PASSED = "passed"
    """Liveness would have let it in; whose face it is was not asked."""
    REFUSED = "refused"
    NOT_ACQUIRED = "not acquired"
    """No answer: no face, no usable pictures, or it was taken away before the end. Never counted with the others."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How one trial ended.

    Attributes:
        response: what was said.
        reason: the gate that refused, what the pictures lacked, or the gates that were passed.
    """

    response: Response
    reason: str


@dataclass(frozen=True, slots=True)
class PadSetup:
    """What was measured; results of another one say nothing about this one.

    Attributes:
        camera: the source's label, without any password.
        width, height: of its pictures, in pixels.
        policy: which liveness gates: ``standard`` or ``strict``.
        networks: the judging rules' version, the PAD networks with their limits, and the networks that static check
            and challenge rest on.

    Raises:
        ValueError: something is empty or out of range.
    """

    camera: str
    width: int
    height: int
    policy: str
    networks: str

    def __post_init__(self) -> None:
        if not (self.camera and self.policy and self.networks):
            raise ValueError("a setup names its camera, policy and networks")
        if self.width < 1 or self.height < 1:
            raise ValueError("a picture has at least one pixel")


@dataclass(frozen=True, slots=True)
class Trial:
    """One presentation that was judged; no picture and no embedding of it is kept.

    Attributes:
        time: with its time zone; kept in UTC to the second.
        setup: before which camera, by which rules.
        species: what was presented, as the person who did it says.
        result: how it ended.
        number: under which it is stored; 0 when it is not.

    Raises:
        ValueError: the time has no time zone.
    """

    time: datetime
    setup: PadSetup
    species: Species
    result: TrialResult
    number: int = 0

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("a trial's time has a time zone")
        object.__setattr__(self, "time", self.time.astimezone(UTC).replace(microsecond=0))
