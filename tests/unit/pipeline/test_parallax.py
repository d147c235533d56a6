"""The parallax probe: what a turn says about the shape of a face."""

from __future__ import annotations

import numpy as np
import pytest

from faceguard.domain.face import BoundingBox, DetectedFace, Frame
from faceguard.pipeline import parallax
from faceguard.pipeline.parallax import ParallaxProbe
from tests.unit.pipeline.turning import Turning

EYES = ((203.35, 103.62), (247.52, 104.45))
"""Of scikit-image's portrait, in its pixels."""


def readings(scene, probe=None):
    probe = probe or ParallaxProbe()
    views = iter(scene)
    assert probe.start(*next(views))
    return [probe.update(frame, face) for frame, face in views]


@pytest.fixture(scope="module")
def head_left(astronaut):
    return readings(Turning(astronaut, EYES, turn_deg=25, seed=1))


def test_head_that_turns_to_its_left_is_not_flat_and_turned_left(head_left):
    assert any(r.not_flat for r in head_left)
    assert head_left[-1].turn_deg > 12
    assert head_left[-1].points > 40


def test_head_of_low_relief_that_turns_to_its_right_is_not_flat_and_turned_right(astronaut):
    seen = readings(Turning(astronaut, EYES, turn_deg=-22, depth=0.6, noise=3.5, seed=2))
    assert any(r.not_flat for r in seen)
    assert seen[-1].turn_deg < -12


@pytest.mark.parametrize(("turn", "shake"), [(28, 0), (-35, 5)])
def test_picture_that_is_turned_and_shaken_turns_but_stays_flat(astronaut, turn, shake):
    seen = readings(Turning(astronaut, EYES, turn_deg=turn, shake_deg=shake, depth=0, noise=3, seed=3))
    assert not any(r.not_flat for r in seen)
    assert max(r.turn_deg * np.sign(turn) for r in seen) > 12, "its turn was seen"
    assert max(r.departure for r in seen) < parallax.DEPARTURE_LIMIT


def slide(follow, px_a_frame):
    """Points of the nose that glide over the picture, as moire takes them along."""

    def followed(track, frame):
        follow(track, frame)
        track.current[track.inner] += np.float32([px_a_frame, 0])

    return followed


@pytest.mark.parametrize("looked_at", [True, False])
def test_points_that_slide_over_a_picture_prove_nothing(astronaut, monkeypatch, looked_at):
    monkeypatch.setattr(parallax, "_follow", slide(parallax._follow, 0.4))
    if not looked_at:
        monkeypatch.setattr(parallax, "DRIFT_PX", np.inf)
    seen = readings(Turning(astronaut, EYES, turn_deg=28, depth=0, noise=3, seed=3))
    assert any(r.not_flat for r in seen) is not looked_at


def test_nothing_is_said_before_five_views_agree(head_left):
    assert not any(r.not_flat for r in head_left[: parallax.VIEWS - 1])


def test_limit_decides(astronaut):
    scene = Turning(astronaut, EYES, seed=1)
    assert not any(r.not_flat for r in readings(scene, ParallaxProbe(limit=1000.0)))


def test_points_that_are_lost_prove_nothing_and_a_new_reference_is_taken(astronaut):
    scene = Turning(astronaut, EYES, seed=4)
    probe = ParallaxProbe()
    frame, face = scene.frame(0), scene.face(0)
    assert probe.start(frame, face)
    noise = np.random.default_rng(0).integers(0, 256, frame.pixels.shape).astype(np.uint8)
    lost = probe.update(Frame(noise, 1, 1), face)
    assert (lost.not_flat, lost.departure) == (False, 0.0)
    assert probe.update(frame, face) is None, "this view is the new reference"
    assert probe.update(frame, face).points > 40


def test_points_off_the_face_prove_nothing(astronaut):
    scene = Turning(astronaut, EYES, seed=5)
    frame, face = scene.frame(0), scene.face(0)
    probe = ParallaxProbe()
    probe.start(frame, face)
    elsewhere = DetectedFace(BoundingBox(0, 0, 40, 40), face.landmarks, 0.9)
    assert probe.update(frame, elsewhere).departure == 0.0
    assert probe.update(frame, elsewhere) is None, "the points are forgotten"


def test_another_frame_size_ends_the_measurement(astronaut):
    scene = Turning(astronaut, EYES, seed=5)
    frame, face = scene.frame(0), scene.face(0)
    probe = ParallaxProbe()
    probe.start(frame, face)
    assert probe.update(Frame(frame.pixels[:-10], 1, 1), face).points == 0


def test_far_face_is_no_reference(astronaut):
    scene = Turning(astronaut, EYES, eye_px=45, seed=6)
    probe = ParallaxProbe()
    assert not probe.start(scene.frame(0), scene.face(0))
    assert probe.update(scene.frame(1), scene.face(1)) is None


def test_turned_face_is_no_reference_but_the_next_frontal_view_is(astronaut):
    scene = Turning(astronaut, EYES, turn_deg=35, seed=7)
    last = scene.frames - 1
    probe = ParallaxProbe()
    assert not probe.start(scene.frame(last), scene.face(last))
    assert probe.update(scene.frame(0), scene.face(0)) is None
    assert probe.update(scene.frame(1), scene.face(1)) is not None


def test_smooth_face_has_no_corners_to_follow(astronaut):
    scene = Turning(astronaut, EYES, seed=8)
    grey = Frame(np.full(scene.frame(0).pixels.shape, 128, np.uint8), 0, 0)
    assert not ParallaxProbe().start(grey, scene.face(0))


def test_reset_forgets_the_reference(astronaut):
    scene = Turning(astronaut, EYES, seed=9)
    probe = ParallaxProbe()
    probe.start(scene.frame(0), scene.face(0))
    probe.reset()
    assert probe.update(scene.frame(1), scene.face(1)) is None
