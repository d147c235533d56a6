"""The stages in order: each hands on a value or halts with a named reason."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from faceguard.domain.errors import ModelFault
from faceguard.domain.face import AlignedFace, BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import (
    Halt,
    HaltReason,
    PadResult,
    QualityAssessment,
    QualityFinding,
    Stage,
)
from faceguard.domain.score import Candidate, Distance
from faceguard.domain.template import Embedding, EncoderId
from faceguard.pipeline.aligner import DegenerateLandmarks
from faceguard.pipeline.recogniser import Recogniser
from faceguard.pipeline.tracker import Tracker

PIXELS = np.zeros((480, 640, 3), np.uint8)
PIXELS.flags.writeable = False
SHAPE = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])
ENCODER = EncoderId("test", "0123456789ab", "plain")
EMBEDDING = Embedding(np.array([1.0, 0.0], np.float32), ENCODER)
FOUND = (Candidate(3, Distance(0.4)), Candidate(8, Distance(1.4)))


def face(x=320.0, y=240.0, side=100.0):
    box = BoundingBox(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return DetectedFace(box, Landmarks(SHAPE * side + (box.left, box.top)), 0.9)


def quality(*failed):
    reasons = [HaltReason.TOO_SMALL, HaltReason.TURNED_AWAY, HaltReason.TILTED, HaltReason.BLURRED]
    return QualityAssessment(tuple(QualityFinding(r, 1.0, 1.0, r not in failed) for r in reasons))


class Detects:
    def __init__(self, *faces):
        self.faces = faces

    def detect(self, frame):
        return self.faces


class Places:
    """Landmarks one pixel further right."""

    raises = None

    def refine(self, frame, face):
        if self.raises:
            raise self.raises
        return replace(face, landmarks=Landmarks(face.landmarks.points + np.float32([1, 0])))


class Aligns:
    raises = None

    def align(self, frame, landmarks):
        if self.raises:
            raise self.raises
        return AlignedFace(np.zeros((16, 16, 3), np.uint8), np.eye(2, 3), "test", frame.sequence)


class Assesses:
    def __init__(self, *failed):
        self.answer = quality(*failed)

    def assess(self, frame, face, aligned):
        return self.answer


class Watches:
    """Liveness that writes down what it is shown."""

    def __init__(self):
        self.before, self.after, self.resets = [], [], 0

    def before_encode(self, frame, face, track_id, *, challenge):
        self.before.append((frame.sequence, track_id, challenge))
        return PadResult()

    def after_encode(self, pad, frame, face, embedding):
        self.after.append(frame.sequence)
        return PadResult(static_similarity=0.5)

    def reset(self):
        self.resets += 1


class Encodes:
    raises = None

    def __init__(self):
        self.sequences = []

    def encode(self, aligned):
        if self.raises:
            raise self.raises
        self.sequences.append(aligned.sequence)
        return EMBEDDING


class Finds:
    def __init__(self):
        self.probes = []

    def search(self, embedding, top=2):
        self.probes.append(embedding)
        return FOUND


class Bench:
    """A recogniser over small stages, which can be changed one at a time."""

    def __init__(self, *faces, zone=0.8):
        self.detector, self.tracker, self.aligner = Detects(*faces), Tracker(), Aligns()
        self.landmarks = Places()
        self.quality, self.liveness, self.encoder, self.matcher = Assesses(), Watches(), Encodes(), Finds()
        self.zone = zone
        self.sequence = count()

    def observe(self, challenge=False):
        sequence = next(self.sequence)
        recogniser = self.recogniser()
        return recogniser.observe(Frame(PIXELS, sequence * 40_000_000, sequence), self.matcher, challenge=challenge)

    def recogniser(self, **more):
        stages = (self.detector, self.tracker, self.landmarks, self.aligner, self.quality, self.liveness, self.encoder)
        return Recogniser(*stages, zone=self.zone, **more)

    def spaced(self, gap_ms):
        """Frames at chosen times before one recogniser that encodes no two frames nearer than ``gap_ms``."""
        recogniser = self.recogniser(encode_gap_ms=gap_ms)

        def see(ms, challenge=False):
            frame = Frame(PIXELS, ms * 1_000_000, next(self.sequence))
            return recogniser.observe(frame, self.matcher, challenge=challenge)

        return see


def test_a_good_face_walks_to_the_match_and_everything_is_of_one_frame_and_track():
    bench = Bench(face())
    seen = bench.observe()
    assert seen.halt is None
    assert seen.matchable
    assert (seen.track_id, seen.sequence, seen.captured_ns, seen.faces) == (1, 0, 0, 1)
    assert seen.candidates == FOUND
    assert seen.embedding is EMBEDDING
    assert seen.pad.static_similarity == 0.5
    assert bench.liveness.before == [(0, 1, False)]
    assert bench.liveness.after == bench.encoder.sequences == [0]
    walked = {s for s in Stage if s is not Stage.CAPTURE}
    assert set(seen.stage_ms) == walked
    assert all(ms >= 0 for ms in seen.stage_ms.values())


def test_an_empty_frame_halts_at_the_detector():
    seen = Bench().observe()
    assert (seen.halt, seen.faces, seen.track_id) == (Halt(Stage.DETECT, HaltReason.NO_FACE), 0, None)
    assert Stage.ENCODE not in seen.stage_ms


def test_a_face_outside_the_zone_is_no_probe():
    bench = Bench(face(x=30))
    seen = bench.observe()
    assert seen.halt == Halt(Stage.TRACK, HaltReason.OUTSIDE_ZONE)
    assert seen.face is bench.detector.faces[0]
    assert bench.encoder.sequences == []


def test_the_largest_face_in_the_zone_is_the_probe_though_a_larger_one_stands_outside():
    large_outside, probe, small = face(x=20, side=200), face(side=120), face(x=450, side=60)
    seen = Bench(large_outside, small, probe).observe()
    assert seen.halt is None
    assert seen.face.box == probe.box
    assert seen.faces == 3


@pytest.mark.parametrize(("share", "several"), [(1.0, True), (0.61, True), (0.59, False)])
def test_two_faces_of_similar_area_in_the_zone_are_asked_to_come_one_at_a_time(share, several):
    seen = Bench(face(x=220), face(x=420, side=100 * share**0.5)).observe()
    assert (seen.halt == Halt(Stage.TRACK, HaltReason.SEVERAL_FACES)) is several
    assert (seen.embedding is None) is several


def test_a_second_large_face_outside_the_zone_disturbs_nobody():
    assert Bench(face(), face(x=10)).observe().halt is None


def test_a_frame_of_poor_quality_stops_with_the_first_thing_to_mend():
    bench = Bench(face())
    bench.quality = Assesses(HaltReason.BLURRED, HaltReason.TOO_SMALL)
    seen = bench.observe()
    assert seen.halt == Halt(Stage.QUALITY, HaltReason.TOO_SMALL)
    assert seen.quality.failures == (HaltReason.TOO_SMALL, HaltReason.BLURRED)
    assert seen.embedding is None
    assert seen.candidates == ()
    assert bench.encoder.sequences == []


def test_quality_without_findings_is_not_good_quality():
    bench = Bench(face())
    bench.quality.answer = QualityAssessment(())
    assert not bench.observe().matchable
    assert bench.encoder.sequences == []


@pytest.mark.parametrize("challenge", [False, True])
def test_liveness_sees_every_frame_of_the_probe_also_when_quality_fails(challenge):
    bench = Bench(face())
    for failed in ([], [HaltReason.BLURRED], [HaltReason.TURNED_AWAY], []):
        bench.quality = Assesses(*failed)
        assert bench.observe(challenge).pad is not None
    assert bench.liveness.before == [(i, 1, challenge) for i in range(4)]


def test_during_a_challenge_a_turned_face_is_followed_but_counts_for_no_look():
    bench = Bench(face())
    bench.quality = Assesses(HaltReason.TURNED_AWAY, HaltReason.TILTED)
    seen = bench.observe(challenge=True)
    assert seen.halt == Halt(Stage.QUALITY, HaltReason.TURNED_AWAY)
    assert seen.embedding is EMBEDDING
    assert seen.candidates == FOUND
    assert not seen.matchable


def test_without_a_challenge_a_turned_face_is_not_encoded():
    bench = Bench(face())
    bench.quality = Assesses(HaltReason.TURNED_AWAY)
    assert bench.observe(challenge=False).embedding is None


def test_during_a_challenge_a_face_that_is_turned_and_blurred_is_not_encoded():
    bench = Bench(face())
    bench.quality = Assesses(HaltReason.TURNED_AWAY, HaltReason.BLURRED)
    assert bench.observe(challenge=True).embedding is None


def test_landmarks_that_are_no_face_halt_the_walk():
    bench = Bench(face())
    bench.aligner.raises = DegenerateLandmarks("the landmarks lie on one point")
    seen = bench.observe()
    assert seen.halt == Halt(Stage.ALIGN, HaltReason.NO_FACE)
    assert seen.embedding is None


def test_all_that_follows_sees_the_placed_landmarks_and_the_detectors_box():
    bench = Bench(face())
    seen = bench.observe()
    np.testing.assert_array_equal(seen.face.landmarks.points, face().landmarks.points + np.float32([1, 0]))
    assert seen.face.box == face().box


def test_a_face_whose_landmarks_cannot_be_placed_is_none():
    bench = Bench(face())
    bench.landmarks.raises = DegenerateLandmarks("the landmarks left the face")
    seen = bench.observe()
    assert seen.halt == Halt(Stage.ALIGN, HaltReason.NO_FACE)
    assert seen.embedding is None
    assert bench.liveness.before == []


@pytest.mark.parametrize("failed", [[], [HaltReason.TURNED_AWAY]], ids=["good", "turned"])
def test_an_answer_that_is_no_embedding_halts_the_walk(failed):
    bench = Bench(face())
    bench.quality = Assesses(*failed)
    bench.encoder.raises = ValueError("an embedding is a finite vector")
    seen = bench.observe(challenge=True)
    assert seen.halt == Halt(Stage.ENCODE, HaltReason.BAD_EMBEDDING)
    assert seen.embedding is None
    assert not seen.matchable
    assert bench.matcher.probes == []


def test_a_fault_of_a_network_is_not_swallowed():
    bench = Bench(face())
    bench.encoder.raises = ModelFault("The encoder does not answer.")
    with pytest.raises(ModelFault):
        bench.observe()
    bench.encoder.raises = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        bench.observe()


def test_a_reset_forgets_track_and_liveness():
    bench = Bench(face())
    assert bench.observe().track_id == 1
    bench.recogniser().reset()
    assert bench.liveness.resets == 1
    assert bench.observe().track_id == 2


@pytest.mark.parametrize("zone", [0.0, -1.0, 1.1, float("nan")])
def test_a_zone_is_a_share(zone):
    with pytest.raises(ValueError, match="zone"):
        Bench(zone=zone).recogniser()


def test_a_frame_too_soon_after_the_last_encoded_one_is_not_encoded_again():
    see = Bench(face()).spaced(100)
    halts = [see(ms).halt for ms in (0, 40, 80, 120, 160, 220)]
    assert [h and h.reason for h in halts] == [None, *[HaltReason.TOO_SOON] * 2, None, HaltReason.TOO_SOON, None]


def test_a_challenge_is_followed_frame_by_frame():
    see = Bench(face()).spaced(100)
    assert all(see(ms, challenge=True).embedding is not None for ms in (0, 40, 80))


def test_another_track_is_encoded_at_once():
    bench = Bench(face())
    see = bench.spaced(100)
    assert see(0).halt is None
    bench.tracker.reset()
    assert see(40).halt is None
