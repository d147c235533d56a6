"""A second look at one face places its landmarks, whatever the detector's error was."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.pipeline.aligner import DegenerateLandmarks
from faceguard.pipeline.landmark_refiner import LandmarkRefiner

ASTRONAUT = np.array([(205.4, 101.3), (248.1, 103.3), (226.1, 124.9), (205.3, 143.0), (242.9, 144.1)])
EYES_PX = 42.7


def frame_of(picture):
    return Frame(picture, 0, 0)


def face(points):
    low, high = points.min(axis=0) - 30, points.max(axis=0) + 30
    return DetectedFace(BoundingBox(*low, *high), Landmarks(points), 0.9)


def coarse(seed, deviation=0.06):
    noise = np.random.default_rng(seed).normal(0, deviation * EYES_PX, (5, 2))
    return face(ASTRONAUT + noise)


def distance(points, others):
    return np.linalg.norm(points - others, axis=1) / EYES_PX


def refined(shipped, picture, found):
    return shipped.landmarks.refine(frame_of(picture), found).landmarks.points


def test_coarse_points_come_to_lie_where_the_face_has_them(shipped, astronaut):
    before = np.concatenate([distance(coarse(seed).landmarks.points, ASTRONAUT) for seed in range(20)])
    after = np.concatenate([distance(refined(shipped, astronaut, coarse(seed)), ASTRONAUT) for seed in range(20)])
    assert np.median(before) > 0.06
    assert np.median(after) < 0.05
    assert after.max() < 0.12


def test_the_answer_hardly_depends_on_the_detectors_error(shipped, astronaut):
    answers = np.stack([refined(shipped, astronaut, coarse(seed)) for seed in range(20)])
    spread = np.concatenate([distance(answer, answers.mean(axis=0)) for answer in answers])
    assert np.median(spread) < 0.015


@pytest.mark.parametrize("degrees", [-25, 15, 40])
def test_a_tilted_face_is_followed(shipped, astronaut, degrees):
    turn = cv2.getRotationMatrix2D((226, 122), degrees, 1.0)
    tilted = cv2.warpAffine(astronaut, turn, (512, 512))
    upright = refined(shipped, astronaut, face(ASTRONAUT)) @ turn[:, :2].T + turn[:, 2]
    assert distance(refined(shipped, tilted, face(ASTRONAUT @ turn[:, :2].T + turn[:, 2])), upright).max() < 0.04


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_a_near_and_a_far_face_have_the_same_points(shipped, astronaut, scale):
    scaled = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = refined(shipped, scaled, face(ASTRONAUT * scale)) / scale
    assert distance(points, refined(shipped, astronaut, face(ASTRONAUT))).max() < 0.05


def test_box_and_score_stay_the_detectors(shipped, astronaut):
    found = coarse(1)
    placed = shipped.landmarks.refine(frame_of(astronaut), found)
    assert (placed.box, placed.score) == (found.box, found.score)


def test_a_face_at_the_rim_is_looked_at_too(shipped, astronaut):
    cut = np.ascontiguousarray(astronaut[90:, 190:])
    moved = ASTRONAUT - (190, 90)
    assert distance(refined(shipped, cut, face(moved)), moved).max() < 0.15


class Answers:
    """A network that always gives the same points."""

    def __init__(self, card, value):
        self.card, self.value = card, value

    def run(self, pictures):
        return (np.full((len(pictures), 10), self.value, np.float32),)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3.0, -3.0])
def test_points_that_leave_the_face_are_no_landmarks(shipped, astronaut, value):
    refiner = LandmarkRefiner(Answers(shipped.landmarks.card, value))
    with pytest.raises(DegenerateLandmarks):
        refiner.refine(frame_of(astronaut), face(ASTRONAUT))


def test_points_without_a_face_are_refused(shipped, astronaut):
    with pytest.raises(DegenerateLandmarks):
        shipped.landmarks.refine(frame_of(astronaut), face(np.full((5, 2), 100.0) + np.arange(10).reshape(5, 2) * 1e-3))


def test_it_takes_a_landmark_network_only(shipped):
    with pytest.raises(TypeError):
        LandmarkRefiner(SimpleNamespace(card=shipped.encoder.card))
