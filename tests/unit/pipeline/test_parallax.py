"""The parallax probe: what a turn says about the shape of a face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from faceguard.access.challenge import Answer, Challenge, Turn
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


# What somebody with pictures might do. Each of these was once taken for a head.


def altered(scene, change, first=4):
    """The frames of a scene, from ``first`` on with ``change(pixels, nose, number)`` made to them."""
    for number, (frame, face) in enumerate(scene):
        pixels = frame.pixels.astype(np.float32)
        if number >= first:
            nose = scene._seen(np.array([[0, 0.55, 0.0]]), number)[0]
            pixels = change(pixels, nose, number)
        yield Frame(np.clip(pixels, 0, 255).astype(np.uint8), frame.captured_ns, number), face


def soft_disc(shape, middle, radius_px):
    disc = np.zeros(shape[:2], np.float32)
    cv2.circle(disc, tuple(int(v) for v in middle), int(radius_px), 1, -1)
    return cv2.GaussianBlur(disc, (0, 0), 1.5)[..., None]


def proven(seen):
    """Would the door's rule take these readings for an answer to either turn?"""
    answers = []
    for turn in Turn:
        challenge = Challenge(turn, 0, 0)
        for reading in seen:
            challenge = challenge.read(reading)
            answers.append(challenge.answer)
    return Answer.PROVEN in answers


def test_head_is_proven(head_left):
    assert proven(head_left)


@pytest.mark.parametrize("turn", [0, 25, -30])
@pytest.mark.parametrize("aside", [-0.1, 0.05, 0.15])
def test_covered_nose_is_no_nose_off_the_plane(astronaut, turn, aside):
    def finger(pixels, nose, number):
        disc = soft_disc(pixels.shape, nose + np.array([72 * aside, 0]), 0.25 * 72)
        return pixels * (1 - disc) + np.float32((120, 150, 200)) * disc

    scene = Turning(astronaut, EYES, turn_deg=turn, depth=0, noise=3, seed=3)
    assert not proven(readings(altered(scene, finger)))


@pytest.mark.parametrize("to", [-0.2, 0.12, 0.2])
def test_cut_out_nose_that_slides_over_a_picture_is_no_turn(astronaut, to):
    def slide(pixels, nose, number):
        move = np.float32([[1, 0, 72 * to * min((number - 3) / 6, 1)], [0, 1, 0]])
        size = pixels.shape[1::-1]
        disc = cv2.warpAffine(soft_disc(pixels.shape, nose, 0.32 * 72), move, size)[..., None]
        return pixels * (1 - disc) + cv2.warpAffine(pixels, move, size) * disc

    scene = Turning(astronaut, EYES, turn_deg=0, depth=0, noise=3, seed=3)
    assert not proven(readings(altered(scene, slide)))


@pytest.mark.parametrize("turn", [20, 30, -25])
def test_picture_that_is_exchanged_for_one_of_the_turned_head_is_no_turn(astronaut, turn):
    scene = Turning(astronaut, EYES, turn_deg=turn, noise=2, seed=1)
    chance = np.random.default_rng(1)

    def still(shown, number):
        frame, face = scene.frame(shown), scene.face(shown)
        noisy = frame.pixels + chance.normal(0, 3, frame.pixels.shape)
        return Frame(np.clip(noisy, 0, 255).astype(np.uint8), number * 40_000_000, number), face

    last = scene.frames - 1
    seen = readings([still(0 if number < 5 else last, number) for number in range(20)])
    assert min(r.points for r in seen[5:]) > 14, "it was found"
    assert not proven(seen)


def test_head_out_of_sight_for_long_comes_back_and_turns_again(astronaut):
    scene = list(Turning(astronaut, EYES, turn_deg=25, seed=1))
    late = [(Frame(f.pixels, f.captured_ns + 10**9, f.sequence), face) for f, face in scene]
    assert not proven(readings([scene[0], *late[-6:]])), "where it came from was not seen"
    assert proven(readings([scene[0], *late[-6:], *late[::-1], *late]))


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
