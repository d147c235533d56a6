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
    assert head_left[-1].points > 25


def test_head_of_low_relief_that_turns_to_its_right_is_not_flat_and_turned_right(astronaut):
    seen = readings(Turning(astronaut, EYES, turn_deg=-22, depth=0.6, noise=3.5, seed=2))
    assert any(r.not_flat for r in seen)
    assert seen[-1].turn_deg < -12


@pytest.mark.parametrize(("turn", "shake"), [(28, 0), (-35, 5)])
def test_picture_that_is_turned_and_shaken_turns_but_stays_flat(astronaut, turn, shake):
    seen = readings(Turning(astronaut, EYES, turn_deg=turn, shake_deg=shake, depth=0, noise=3, seed=3))
    assert not any(r.not_flat for r in seen)
    assert max(r.turn_deg * np.sign(turn) for r in seen) > 12, "its turn was seen"
    assert max(r.evidence for r in seen) < parallax.EVIDENCE_LIMIT - 1


def test_pattern_that_wanders_over_a_picture_proves_nothing(astronaut):
    """As the moire of a screen does, which carries along whatever is followed from frame to frame."""
    rows, columns = np.mgrid[0:336, 0:288]

    def screen(frame, number):
        moire = 10 * np.sin(0.55 * columns - 0.9 * number) * np.sin(0.2 * rows + 0.5 * number)
        return Frame(np.clip(frame.pixels + moire[..., None], 0, 255).astype(np.uint8), frame.captured_ns, number)

    scene = Turning(astronaut, EYES, turn_deg=28, depth=0, noise=3, seed=3)
    seen = readings([(screen(frame, n), face) for n, (frame, face) in enumerate(scene)])
    assert max(r.turn_deg for r in seen) > 12, "its turn was seen"
    assert not any(r.not_flat for r in seen)


def test_head_after_a_jump_is_found_by_its_landmarks(astronaut):
    scene = list(Turning(astronaut, EYES, turn_deg=25, seed=1))
    assert any(r.not_flat for r in readings([scene[0], *scene[-4:]]))


def test_nothing_is_said_before_two_views_agree(head_left):
    assert not any(r.not_flat for r in head_left[: parallax.VIEWS - 1])


def test_limit_decides(astronaut):
    scene = Turning(astronaut, EYES, seed=1)
    assert not any(r.not_flat for r in readings(scene, ParallaxProbe(limit=1000.0)))


def test_view_without_the_face_proves_nothing_and_the_face_is_found_again(astronaut):
    scene = Turning(astronaut, EYES, seed=4)
    probe = ParallaxProbe()
    frame, face = scene.frame(0), scene.face(0)
    assert probe.start(frame, face)
    lost = probe.update(noise_like(frame), face)
    assert (lost.not_flat, lost.turn_deg, lost.points) == (False, 0.0, 0)
    assert probe.update(frame, face).points > 40


def test_face_that_stays_away_needs_a_new_reference(astronaut):
    scene = Turning(astronaut, EYES, seed=4)
    probe = ParallaxProbe()
    frame, face = scene.frame(0), scene.face(0)
    assert probe.start(frame, face)
    for seconds in (1, 2, 3):
        assert probe.update(noise_like(frame, seconds), face).points == 0
    assert probe.update(frame, face) is None, "this view is the new reference"
    assert probe.update(frame, face).points > 40


def noise_like(frame, seconds=1):
    pixels = np.random.default_rng(0).integers(0, 256, frame.pixels.shape).astype(np.uint8)
    return Frame(pixels, frame.captured_ns + seconds * 1_000_000_000, 1)


def test_plane_off_the_face_proves_nothing(astronaut):
    scene = Turning(astronaut, EYES, seed=5)
    frame, face = scene.frame(0), scene.face(0)
    probe = ParallaxProbe()
    probe.start(frame, face)
    elsewhere = DetectedFace(BoundingBox(0, 0, 40, 40), face.landmarks, 0.9)
    assert probe.update(frame, elsewhere).points == 0


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
