"""A door played on paper: people are directions in a small space, time is whatever the frame says."""

from datetime import UTC, datetime
from random import Random

import numpy as np

from faceguard.access.challenge import CONFIRMATIONS, READINGS_APART
from faceguard.access.policy import AccessPolicy
from faceguard.access.session import AccessSession
from faceguard.domain.decision import NS_PER_MS
from faceguard.domain.face import BoundingBox, DetectedFace, Landmarks
from faceguard.domain.observation import (
    Halt,
    HaltReason,
    Observation,
    PadResult,
    PadVerdict,
    ParallaxReading,
    QualityAssessment,
    QualityFinding,
    Stage,
)
from faceguard.domain.score import Candidate, Distance, Threshold
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, Gallery, Subject

ENCODER = EncoderId("stub", "0123456789ab", "arcface-112/rgb")
FACE = DetectedFace(
    BoundingBox(200, 100, 400, 360),
    Landmarks(np.array([[260, 190], [340, 190], [300, 240], [270, 300], [330, 300]], np.float32)),
    0.9,
)
POLICY = AccessPolicy(
    tau=Threshold(1.0), tau_pair=Threshold(1.1), tau_continuity=Threshold(1.3), margin=0.05, pin_after_face=False
)

ANSWER_FRAMES = (CONFIRMATIONS - 1) * READINGS_APART + 2
"""So many frames of a turned head prove a challenge, and one more."""


def direction(person: int, wobble: float = 0.0) -> np.ndarray:
    """Unit vector of a person; people are orthogonal, so strangers lie at d = 2."""
    vector = np.zeros(32, np.float32)
    vector[person] = 1.0
    if wobble:
        vector[31] = wobble
    return vector / np.linalg.norm(vector)


def gallery_of(*people: int, pins: tuple[int, ...] = (), alike: dict[int, np.ndarray] | None = None) -> Gallery:
    subjects = {
        p: Subject(p, f"Person {p}", ConsentMeans.PAPER, datetime(2026, 1, 1, tzinfo=UTC), has_pin=p in pins)
        for p in people
    }
    rows = [(alike or {}).get(p, direction(p)) for p in people]
    return Gallery(ENCODER, np.array(rows, np.float32).reshape(len(rows), 32), np.array(people, np.int64), subjects)


class ListSearch:
    """The plainest gallery search there is."""

    def __init__(self, gallery: Gallery) -> None:
        self.gallery = gallery

    def search(self, embedding: Embedding) -> tuple[Candidate, ...]:
        found = [
            Candidate(int(s), embedding.distance(Embedding(row, ENCODER)))
            for row, s in zip(self.gallery.matrix, self.gallery.subject_ids, strict=True)
        ]
        return tuple(sorted(found, key=lambda c: c.distance)[:2])

    def compare(self, embedding: Embedding, subject_id: int) -> Distance | None:
        return next((c.distance for c in self.all(embedding) if c.subject_id == subject_id), None)

    def all(self, embedding: Embedding) -> list[Candidate]:
        return [
            Candidate(int(s), embedding.distance(Embedding(row, ENCODER)))
            for row, s in zip(self.gallery.matrix, self.gallery.subject_ids, strict=True)
        ]


class Play:
    """One door; each call is one frame, 100 ms after the last."""

    def __init__(self, gallery: Gallery, policy: AccessPolicy = POLICY) -> None:
        self.search = ListSearch(gallery)
        self.session = AccessSession(policy, self.search, Random(1))
        self.now_ms = 1_000
        self.sequence = 0
        self.last = None

    def observation(self, person: int | None, *, track: int = 1, **parts) -> Observation:
        self.sequence += 1
        now = self.now_ms * NS_PER_MS
        if person is None:
            return Observation(now, self.sequence, Halt(Stage.DETECT, HaltReason.NO_FACE))
        vector = parts.get("vector")
        embedding = Embedding(direction(person) if vector is None else vector, ENCODER)
        failing = parts.get("failing")
        quality = QualityAssessment((QualityFinding(failing or HaltReason.BLURRED, 1.0, 1.0, failing is None),))
        pad = PadResult(parts.get("static", PadVerdict.BONA_FIDE), 0.98, parts.get("passive"), parts.get("parallax"))
        found = self.search.search(embedding)
        nearest = parts.get("nearest")
        if nearest is not None:
            found = (Candidate(nearest, Distance(0.9)),)
        keep = failing is None or parts.get("embed", False)
        return Observation(
            now,
            self.sequence,
            halt=None if failing is None else Halt(Stage.QUALITY, failing),
            track_id=track,
            face=FACE,
            faces=1,
            quality=quality,
            pad=pad,
            embedding=embedding if keep else None,
            candidates=found if keep else (),
        )

    def frame(self, person: int | None = 1, *, late_ms: int = 0, step_ms: int = 100, **parts):
        self.now_ms += step_ms
        observation = self.observation(person, **parts)
        self.last = self.session.observe(observation, (self.now_ms + late_ms) * NS_PER_MS)
        return self.last

    def frames(self, count: int, person: int | None = 1, **parts):
        for _ in range(count):
            self.frame(person, **parts)
        return self.last

    def turn_head(self, *, not_flat: bool = True, frames: int = ANSWER_FRAMES, person: int = 1, **parts):
        """Answer the present challenge, as a head or as a flat picture would."""
        sign = 1.0 if self.session.challenge == "left" else -1.0
        for _ in range(frames):
            reading = ParallaxReading(sign * 25.0, 4.0 if not_flat else 1.0, not_flat, 30)
            self.frame(person, failing=HaltReason.TURNED_AWAY, embed=True, parallax=reading, **parts)
        return self.last

    def grant(self, person: int = 1, **parts):
        """Everything that a member of staff does at a door without PAD networks."""
        self.frames(6, person, **parts)
        self.turn_head(person=person, **parts)
        return self.frames(6, person, **parts)
