"""How many heads answer a turn that almost no flat picture answers? The curve behind the limit of the parallax cue.

A presentation is played to a probe for as long as the door waits for an answer, and the door's own rule
(``access.challenge``) judges its readings. It is summed up in one number: the limit on the evidence below which the
challenge is proven at some moment. Camera, detector and probe are handed over, so the same measurement runs on
simulated and on filmed presentations.

Only the geometry is measured. That the same frames must be sharp enough and show the same person, which the door wants
as well, is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from faceguard.access.challenge import Answer, Challenge, Turn
from faceguard.access.policy import CHALLENGE_MS
from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.observation import ParallaxReading
from faceguard.evaluation.error_rates import Share

CHALLENGE_S: Final = CHALLENGE_MS / 1000
"""How long the door waits for an answer."""
PLANES_ALLOWED: Final = 0.01
HEADS_WANTED: Final = 0.90


class Probe(Protocol):
    """``pipeline.parallax.ParallaxProbe`` without a limit, so that every limit can be tried on its readings."""

    def update(self, frame: Frame, face: DetectedFace) -> ParallaxReading | None:
        """Reads the next frame; the first that serves becomes the reference."""
        ...


class TurningSource(Protocol):
    """A camera whose people (or attackers) can be asked to turn: ``camera.synthetic_source.SyntheticSource``."""

    def open(self) -> None:
        """Begins."""
        ...

    def read(self) -> Frame | None:
        """The next frame, None at the end."""
        ...

    def turn(self, direction: str) -> None:
        """Asks for "left" or "right"."""
        ...

    def close(self) -> None:
        """Ends."""
        ...


@dataclass(frozen=True, slots=True)
class Played:
    """One presentation against one challenge.

    Attributes:
        species: "head" or what kind of plane.
        condition: turn, eye distance and the like, for the rows of the table.
        evidence: the number described above; minus infinity when the challenge is proven at no limit.
        turn_deg: largest estimated turn to the requested side.
        readings: how many there were.
    """

    species: str
    condition: str
    evidence: float
    turn_deg: float
    readings: int

    @property
    def is_head(self) -> bool:
        """Bona fide."""
        return self.species == "head"


def play(
    source: TurningSource,
    face_in: Callable[[Frame], DetectedFace | None],
    probe: Probe,
    turn: Turn,
    *,
    species: str,
    condition: str = "",
    settle_frames: int = 3,
    challenge_s: float = CHALLENGE_S,
) -> Played:
    """Plays one presentation.

    1. ``settle_frames`` pass before the challenge.
    2. In the next one the turn is asked for.
    3. Every later frame in which the face is found is handed to the probe, whose reference the first of them is.

    Args:
        source: not yet open.
        face_in: the detector's best face, None without one.
        probe: fresh.
        turn: what is asked for.
        species, condition: for the table.
        settle_frames: a count of frames.
        challenge_s: by the times of the frames.
    """
    source.open()
    readings: list[ParallaxReading] = []
    try:
        for _ in range(settle_frames):
            source.read()
        asked = source.read()
        source.turn(turn.value)
        while asked is not None:
            frame = source.read()
            if frame is None or frame.captured_ns - asked.captured_ns > challenge_s * 1e9:
                break
            face = face_in(frame)
            reading = None if face is None else probe.update(frame, face)
            if reading is not None:
                readings.append(reading)
    finally:
        source.close()
    return summed_up(readings, turn, species=species, condition=condition)


def summed_up(readings: Sequence[ParallaxReading], turn: Turn, *, species: str, condition: str = "") -> Played:
    """The readings of one challenge as one number; see the top of this file."""
    side = 1.0 if turn is Turn.LEFT else -1.0
    largest = max((reading.turn_deg * side for reading in readings), default=0.0)
    ranked = sorted({-math.inf, *(reading.evidence for reading in readings if reading.not_flat)})
    low, high = 0, len(ranked) - 1  # whoever passes at a limit passes at every smaller one
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _proven(readings, turn, ranked[middle]) else (low, middle - 1)
    return Played(species, condition, ranked[low], largest, len(readings))


def _proven(readings: Sequence[ParallaxReading], turn: Turn, evidence: float) -> bool:
    """Would these readings prove the challenge at a limit just below this evidence?"""
    challenge = Challenge(turn, 0, 0)
    for reading in readings:
        challenge = challenge.read(replace(reading, not_flat=reading.not_flat and reading.evidence >= evidence))
        if challenge.answer is Answer.PROVEN:
            return True
    return False


def passing(played: Iterable[Played], limit: float) -> Share:
    """How many of these pass at this limit."""
    each = [p.evidence > limit for p in played]
    return Share(sum(each), len(each))


def limit_for(planes: Sequence[Played], allowed: float = PLANES_ALLOWED) -> float:
    """The smallest limit that at most this share of the planes exceeds.

    Raises:
        ValueError: no planes.
    """
    if not planes:
        raise ValueError("a limit is chosen on planes, and there are none")
    ranked = sorted((p.evidence for p in planes), reverse=True)
    return ranked[min(int(allowed * len(ranked)), len(ranked) - 1)]


def table(played: Sequence[Played], limit: float) -> str:
    """Heads passing against planes passing: at several limits, then at ``limit`` by condition, then by species.

    The last line answers the question on which the default door depends.
    """
    heads, planes = [p for p in played if p.is_head], [p for p in played if not p.is_head]
    lines = [f"{'limit':>8}  {'heads passing':<32}  planes passing"]
    for each in sorted({-0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4, 0.8, limit}):
        mark = " <- in use" if each == limit else ""
        lines.append(f"{each:8.2f}  {passing(heads, each)!s:<32}  {passing(planes, each)}{mark}")
    lines.append(f"\nheads at {limit:.2f}, by condition")
    for condition in sorted({p.condition for p in heads}):
        lines.append(f"  {condition:<30}  {passing([p for p in heads if p.condition == condition], limit)}")
    lines.append(f"\nplanes at {limit:.2f}, by species (the worst one counts)")
    for species in sorted({p.species for p in planes}):
        lines.append(f"  {species:<30}  {passing([p for p in planes if p.species == species], limit)}")
    enough = bool(heads and planes) and passing(heads, limit).value >= HEADS_WANTED
    enough = enough and passing(planes, limit).value <= PLANES_ALLOWED
    lines.append(f"\nat least 90 % of the heads where at most 1 % of the planes pass: {'yes' if enough else 'no'}")
    return "\n".join(lines)
