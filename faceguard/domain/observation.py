"""All that one frame taught us."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from faceguard.domain.face import DetectedFace
from faceguard.domain.score import Candidate
from faceguard.domain.template import Embedding


class Stage(StrEnum):
    """The stages of one frame's walk, in order."""

    CAPTURE = "capture"
    DETECT = "detect"
    TRACK = "track"
    ALIGN = "align"
    QUALITY = "quality"
    LIVENESS = "liveness"
    ENCODE = "encode"
    MATCH = "match"


class HaltReason(StrEnum):
    """Why a frame went no further. None of them is an error, and none is charged to the person as a failure."""

    NO_FACE = "no face"
    SEVERAL_FACES = "several faces"
    OUTSIDE_ZONE = "outside the zone"
    TOO_SMALL = "too small"
    CUT_OFF = "cut off"
    TURNED_AWAY = "turned away"
    TILTED = "tilted"
    COVERED = "covered"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    UNEVEN_LIGHT = "uneven light"
    BLURRED = "blurred"
    POOR_PICTURE = "poor picture"
    BAD_EMBEDDING = "bad embedding"
    TOO_SOON = "too soon after the last one"


POSE_REASONS = frozenset({HaltReason.TURNED_AWAY, HaltReason.TILTED})
"""Findings that a challenge provokes on purpose: while one runs they keep a frame from the match, not from the walk."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Where a frame stopped, and why."""

    stage: Stage
    reason: HaltReason


@dataclass(frozen=True, slots=True)
class QualityFinding:
    """One quality measure against its limit.

    Attributes:
        reason: what it means when it fails.
        measured: the value, in ``unit``.
        limit: the setting it was compared with, in ``unit``.
        passed: good enough.
        unit: of both, e.g. ``px``, ``deg``, ``grey levels``.
    """

    reason: HaltReason
    measured: float
    limit: float
    passed: bool
    unit: str = ""


@dataclass(frozen=True, slots=True)
class QualityAssessment:
    """All quality findings of one face, in the order in which a person should mend them."""

    findings: tuple[QualityFinding, ...]

    @property
    def failures(self) -> tuple[HaltReason, ...]:
        """Reasons of the failed findings."""
        return tuple(f.reason for f in self.findings if not f.passed)

    @property
    def acceptable(self) -> bool:
        """Every finding passed, and there was at least one."""
        return bool(self.findings) and not self.failures

    @property
    def only_pose_fails(self) -> bool:
        """Not acceptable, but for the pose alone."""
        return bool(self.failures) and set(self.failures) <= POSE_REASONS


class PadVerdict(StrEnum):
    """What a liveness cue says; undecided never passes."""

    BONA_FIDE = "bona fide"
    ATTACK = "attack"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ParallaxReading:
    """Geometry of the face since the challenge's reference view.

    Attributes:
        turn_deg: estimated turn of the head since the reference; positive towards the person's own left,
            which is to the right in the unmirrored picture. Degrees, rough.
        evidence: for a nose that has left the plane of the face, against a flat picture; natural logarithm of the ratio
            of what the two leave unexplained (``pipeline.nose_shift``). Below 0 the plane explains the view better.
        not_flat: the views behind it show a nose off the plane, on the side of the turn, which was seen on its way;
            ``evidence`` exceeds ``pipeline.parallax.EVIDENCE_LIMIT``.
        points: points of the face that were found again in this view.
    """

    turn_deg: float
    evidence: float
    not_flat: bool
    points: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.turn_deg) and math.isfinite(self.evidence)):
            raise ValueError("a parallax reading is finite")


@dataclass(frozen=True, slots=True)
class PadResult:
    """What the liveness cues say about one frame of one track.

    Attributes:
        static: ATTACK when pictures change while the embedding stays frozen; UNDECIDED until enough frames were seen.
        static_similarity: cosine to the previous embedding of the track, None for the first.
        passive_score: the PAD networks' fused probability of bona fide in [0, 1]; None when none is installed.
        parallax: only while a challenge runs and its points are tracked.
    """

    static: PadVerdict = PadVerdict.UNDECIDED
    static_similarity: float | None = None
    passive_score: float | None = None
    parallax: ParallaxReading | None = None

    def __post_init__(self) -> None:
        score = self.passive_score
        if score is not None and not (math.isfinite(score) and 0.0 <= score <= 1.0):
            raise ValueError("a passive PAD score lies in [0, 1]")


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Everything from one frame, or the Halt where it stopped.

    Attributes:
        captured_ns: when the frame was taken, monotonic.
        sequence: the frame's number.
        halt: where and why the walk ended; None when it reached the match.
        track_id: of the probe; None without a face.
        face: the probe, in frame pixels.
        faces: how many faces were seen.
        quality: assessed, acceptable or not.
        pad: liveness cues of the same frame and track.
        embedding: of the same frame and track; while a challenge runs also for frames whose pose alone fails.
        candidates: nearest people, best first, at most two, each person once; empty for an empty gallery.
        stage_ms: milliseconds spent in each stage.

    Raises:
        ValueError: parts that cannot belong together.
    """

    captured_ns: int
    sequence: int
    halt: Halt | None = None
    track_id: int | None = None
    face: DetectedFace | None = None
    faces: int = 0
    quality: QualityAssessment | None = None
    pad: PadResult | None = None
    embedding: Embedding | None = None
    candidates: tuple[Candidate, ...] = ()
    stage_ms: Mapping[Stage, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.halt is None and (self.embedding is None or self.quality is None or self.pad is None):
            raise ValueError("an observation without a halt has quality, liveness and embedding")
        if self.embedding is not None and (self.face is None or self.track_id is None):
            raise ValueError("an embedding belongs to a face on a track")
        if len({c.subject_id for c in self.candidates}) != len(self.candidates):
            raise ValueError("each candidate is another person")
        if [c.distance for c in self.candidates] != sorted(c.distance for c in self.candidates):
            raise ValueError("candidates are sorted, nearest first")
        object.__setattr__(self, "stage_ms", MappingProxyType(dict(self.stage_ms)))

    @property
    def matchable(self) -> bool:
        """May count towards a look: it walked to the end and its quality is acceptable."""
        return self.halt is None and self.quality is not None and self.quality.acceptable
