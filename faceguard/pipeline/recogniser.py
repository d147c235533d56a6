"""One frame's walk through the stages, to one Observation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from faceguard.domain.face import AlignedFace, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import Halt, HaltReason, Observation, PadResult, QualityAssessment, Stage
from faceguard.domain.score import Candidate
from faceguard.domain.template import Embedding
from faceguard.pipeline.aligner import DegenerateLandmarks

SIMILAR_SIZE: Final = 0.6
"""A second face of this share of the largest one's box area, in the zone, makes it two people at one door."""


class FaceDetector(Protocol):
    """``detector.Detector``."""

    def detect(self, frame: Frame) -> tuple[DetectedFace, ...]:
        """The faces of a frame, best score first."""


class FaceTracker(Protocol):
    """``tracker.Tracker``."""

    def update(self, frame: Frame, faces: Sequence[DetectedFace]) -> list[tuple[int, DetectedFace]]:
        """The faces with their track numbers."""

    def reset(self) -> None:
        """Ends all tracks."""


class FaceAligner(Protocol):
    """``aligner.Aligner``."""

    def align(self, frame: Frame, landmarks: Landmarks) -> AlignedFace:
        """The upright crop; raises ``DegenerateLandmarks``."""


class FaceLandmarks(Protocol):
    """``landmark_refiner.LandmarkRefiner``."""

    def refine(self, frame: Frame, face: DetectedFace) -> DetectedFace:
        """The face with more exact landmarks; raises ``DegenerateLandmarks``."""


class FaceQuality(Protocol):
    """``quality.QualityGate``."""

    def assess(self, frame: Frame, face: DetectedFace, aligned: AlignedFace) -> QualityAssessment:
        """All findings of one face."""


class FaceLiveness(Protocol):
    """``liveness.Liveness``."""

    def before_encode(self, frame: Frame, face: DetectedFace, track_id: int, *, challenge: bool) -> PadResult:
        """What needs no embedding; on every frame in which the probe was found."""

    def after_encode(self, pad: PadResult, frame: Frame, face: DetectedFace, embedding: Embedding) -> PadResult:
        """Completes the result of the same frame."""

    def reset(self) -> None:
        """Forgets the track."""


class FaceEncoder(Protocol):
    """``encoder.Encoder``."""

    def encode(self, aligned: AlignedFace) -> Embedding:
        """f(x); raises ``ValueError`` when the network's answer is no embedding."""


class GallerySearch(Protocol):
    """``matcher.Matcher``."""

    def search(self, embedding: Embedding) -> tuple[Candidate, ...]:
        """The two nearest people, nearest first."""


@dataclass(slots=True)
class _Walk:
    """What one frame has taught so far; becomes the Observation."""

    frame: Frame
    halt: Halt | None = None
    track_id: int | None = None
    face: DetectedFace | None = None
    faces: int = 0
    quality: QualityAssessment | None = None
    pad: PadResult | None = None
    embedding: Embedding | None = None
    candidates: tuple[Candidate, ...] = ()
    stage_ms: dict[Stage, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Adds the milliseconds spent inside to the stage."""
        begun = time.perf_counter_ns()
        try:
            yield
        finally:
            self.stage_ms[stage] = self.stage_ms.get(stage, 0.0) + (time.perf_counter_ns() - begun) / 1e6

    def halted(self, stage: Stage, reason: HaltReason) -> Observation:
        """Ends the walk early."""
        self.halt = Halt(stage, reason)
        return self.ended()

    def ended(self) -> Observation:
        """All that was learnt."""
        return Observation(
            captured_ns=self.frame.captured_ns,
            sequence=self.frame.sequence,
            halt=self.halt,
            track_id=self.track_id,
            face=self.face,
            faces=self.faces,
            quality=self.quality,
            pad=self.pad,
            embedding=self.embedding,
            candidates=self.candidates,
            stage_ms=self.stage_ms,
        )


class Recogniser:
    """The stages in order, each of which hands on a value or halts with a named reason.

    1. Detect all faces; track all of them.
    2. The probe is the largest face whose centre lies in the zone. A second one in the zone with at least
       ``SIMILAR_SIZE`` of its area halts: one at a time.
    3. Place the probe's landmarks exactly, align, assess the quality.
    4. Liveness sees every frame of the probe's track, also the poor ones: a turn that was asked for must be followed
       without a gap. It gets the detector's landmarks: its constants were settled on them.
    5. A frame of poor quality halts with the first thing to mend. While a challenge runs, one that fails in its pose
       alone is encoded and matched all the same, so that the attempt can see that the face stays one person's, but
       it keeps its halt and counts towards no look.
    6. Encode, complete liveness, match. All of it is of one track and one frame. A frame that follows the last encoded
       one of its track by less than ``encode_gap_ms`` halts before: an attempt counts no two frames so near to each
       other, and encoding is most of a frame's cost. A challenge is followed frame by frame.

    What a stage raises beyond the named cases (``ModelFault``, ``EncoderMismatch``, a bug) passes through.

    Args:
        detector, tracker, landmarks, aligner, quality, liveness, encoder: the stages.
        zone: centred share of the frame's width and height in which a face counts, in (0, 1].
        encode_gap_ms: milliseconds between two encoded frames of a track; 0 encodes every frame.
    """

    def __init__(
        self,
        detector: FaceDetector,
        tracker: FaceTracker,
        landmarks: FaceLandmarks,
        aligner: FaceAligner,
        quality: FaceQuality,
        liveness: FaceLiveness,
        encoder: FaceEncoder,
        *,
        zone: float,
        encode_gap_ms: float = 0.0,
    ) -> None:
        if not 0.0 < zone <= 1.0:
            raise ValueError("the zone is a share of the picture, above 0 and at most 1")
        self._detector = detector
        self._tracker = tracker
        self._landmarks = landmarks
        self._aligner = aligner
        self._quality = quality
        self._liveness = liveness
        self._encoder = encoder
        self._zone = zone
        self._encode_gap_ns = int(encode_gap_ms * 1e6)
        self._encoded: tuple[int, int] | None = None

    def reset(self) -> None:
        """Forgets tracks and liveness history."""
        self._encoded = None
        self._tracker.reset()
        self._liveness.reset()

    def observe(self, frame: Frame, matcher: GallerySearch, *, challenge: bool) -> Observation:
        """All that one frame teaches.

        Args:
            frame: the newest frame.
            matcher: of the present gallery.
            challenge: a turn is being asked for.
        """
        walk = _Walk(frame)
        with walk.timed(Stage.DETECT):
            faces = self._detector.detect(frame)
        walk.faces = len(faces)
        with walk.timed(Stage.TRACK):
            tracked = self._tracker.update(frame, faces)
        if not tracked:
            return walk.halted(Stage.DETECT, HaltReason.NO_FACE)
        walk.track_id, walk.face = track_id, face = self._probe(frame, tracked)
        inside = [f for _, f in tracked if in_zone(frame, f, self._zone)]
        if not inside:
            return walk.halted(Stage.TRACK, HaltReason.OUTSIDE_ZONE)
        if any(f is not face and f.box.area >= SIMILAR_SIZE * face.box.area for f in inside):
            return walk.halted(Stage.TRACK, HaltReason.SEVERAL_FACES)

        try:
            with walk.timed(Stage.ALIGN):
                walk.face = placed = self._landmarks.refine(frame, face)
                aligned = self._aligner.align(frame, placed.landmarks)
            with walk.timed(Stage.QUALITY):
                walk.quality = quality = self._quality.assess(frame, placed, aligned)
        except DegenerateLandmarks:
            return walk.halted(Stage.ALIGN, HaltReason.NO_FACE)
        with walk.timed(Stage.LIVENESS):
            walk.pad = pad = self._liveness.before_encode(frame, face, track_id, challenge=challenge)
        if not quality.acceptable:
            walk.halt = Halt(Stage.QUALITY, (*quality.failures, HaltReason.NO_FACE)[0])
            if not (challenge and quality.only_pose_fails):
                return walk.ended()

        if not challenge and self._encoded_just_now(track_id, frame):
            return walk.halted(Stage.ENCODE, HaltReason.TOO_SOON)
        self._encoded = (track_id, frame.captured_ns)
        try:
            with walk.timed(Stage.ENCODE):
                walk.embedding = embedding = self._encoder.encode(aligned)
        except ValueError:
            return walk.halted(Stage.ENCODE, HaltReason.BAD_EMBEDDING)
        with walk.timed(Stage.LIVENESS):
            walk.pad = self._liveness.after_encode(pad, frame, face, embedding)
        with walk.timed(Stage.MATCH):
            walk.candidates = matcher.search(embedding)
        return walk.ended()

    def _encoded_just_now(self, track_id: int, frame: Frame) -> bool:
        if self._encoded is None or self._encoded[0] != track_id:
            return False
        return 0 <= frame.captured_ns - self._encoded[1] < self._encode_gap_ns

    def _probe(self, frame: Frame, tracked: list[tuple[int, DetectedFace]]) -> tuple[int, DetectedFace]:
        """The largest face in the zone; outside of it only if there is none inside."""
        return max(tracked, key=lambda t: (in_zone(frame, t[1], self._zone), t[1].box.area, -t[0]))


def in_zone(frame: Frame, face: DetectedFace, zone: float) -> bool:
    """The face's centre lies in the centred part of the frame that ``zone`` (a share of each side) marks."""
    x, y = face.box.centre
    return abs(x - frame.width / 2) <= zone * frame.width / 2 and abs(y - frame.height / 2) <= zone * frame.height / 2
