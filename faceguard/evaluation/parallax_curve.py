"""How many heads answer a turn that almost no flat picture answers? The curve behind the limit of the parallax cue.

A presentation is played to a probe as the door would play it, and is summed up in one number: the departure that as
many readings reached as the door wants confirmations, all of them with the requested turn. It passes at every limit
below that number. Camera, detector and probe are handed over, so the same measurement runs on simulated and on filmed
presentations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from faceguard.access.challenge import CONFIRMATIONS, MIN_TURN_DEG, Turn
from faceguard.domain.face import DetectedFace, Frame
from faceguard.domain.observation import ParallaxReading
from faceguard.evaluation.error_rates import clopper_pearson

PLANES_ALLOWED: Final = 0.01
HEADS_WANTED: Final = 0.90


class Probe(Protocol):
    """``pipeline.parallax.ParallaxProbe``."""

    def start(self, frame: Frame, face: DetectedFace) -> bool:
        """Takes the reference view."""
        ...

    def update(self, frame: Frame, face: DetectedFace) -> ParallaxReading | None:
        """Reads the next frame."""
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
        departure: the number described above; 0 when the turn was never seen.
        turn_deg: largest estimated turn to the requested side.
        readings: how many there were.
    """

    species: str
    condition: str
    departure: float
    turn_deg: float
    readings: int

    @property
    def is_head(self) -> bool:
        """Bona fide."""
        return self.species == "head"


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, with the exact (Clopper-Pearson) interval."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """k / n, 0 without trials."""
        return self.k / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        return clopper_pearson(self.k, self.n) if self.n else (0.0, 1.0)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.k}/{self.n} = {100 * self.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def play(
    source: TurningSource,
    face_in: Callable[[Frame], DetectedFace | None],
    probe: Probe,
    turn: Turn,
    *,
    species: str,
    condition: str = "",
    settle_frames: int = 5,
    challenge_frames: int = 45,
) -> Played:
    """Plays one presentation.

    1. ``settle_frames`` pass before the challenge.
    2. The next one is the reference; the turn is asked for.
    3. Every later frame in which the face is found is read.

    Args:
        source: not yet open.
        face_in: the detector's best face, None without one.
        probe: fresh.
        turn: what is asked for.
        species, condition: for the table.
        settle_frames, challenge_frames: counts of frames.
    """
    source.open()
    readings: list[ParallaxReading] = []
    started = False
    try:
        for number in range(settle_frames + challenge_frames):
            frame = source.read()
            if frame is None:
                break
            if number == settle_frames:
                source.turn(turn.value)
            face = face_in(frame) if number >= settle_frames else None
            if face is None:
                continue
            if not started:
                probe.start(frame, face)
                started = True
                continue
            reading = probe.update(frame, face)
            if reading is not None:
                readings.append(reading)
    finally:
        source.close()
    return summed_up(readings, turn, species=species, condition=condition)


def summed_up(readings: Sequence[ParallaxReading], turn: Turn, *, species: str, condition: str = "") -> Played:
    """The readings of one challenge as one number; see the top of this file."""
    side = 1.0 if turn is Turn.LEFT else -1.0
    towards = [reading.turn_deg * side for reading in readings]
    counted = sorted((r.departure for r, t in zip(readings, towards, strict=True) if t >= MIN_TURN_DEG), reverse=True)
    departure = counted[CONFIRMATIONS - 1] if len(counted) >= CONFIRMATIONS else 0.0
    return Played(species, condition, departure, max(towards, default=0.0), len(readings))


def passing(played: Iterable[Played], limit: float) -> Share:
    """How many of these pass at this limit."""
    each = [p.departure > limit for p in played]
    return Share(sum(each), len(each))


def limit_for(planes: Sequence[Played], allowed: float = PLANES_ALLOWED) -> float:
    """The smallest limit that at most this share of the planes exceeds.

    Raises:
        ValueError: no planes.
    """
    if not planes:
        raise ValueError("a limit is chosen on planes, and there are none")
    ranked = sorted((p.departure for p in planes), reverse=True)
    return ranked[min(int(allowed * len(ranked)), len(ranked) - 1)]


def table(played: Sequence[Played], limit: float) -> str:
    """Heads passing against planes passing: at several limits, then at ``limit`` by condition, then by species.

    The last line answers the question on which the default door depends.
    """
    heads, planes = [p for p in played if p.is_head], [p for p in played if not p.is_head]
    lines = [f"{'limit':>8}  {'heads passing':<32}  planes passing"]
    for each in sorted({0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, limit}):
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
