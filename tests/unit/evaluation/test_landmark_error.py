"""Distances in eye distances, and shaking that an even motion does not make."""

import numpy as np
import pytest

from faceguard.evaluation.landmark_error import Spread, distances, shaking

FACE = np.array([(10.0, 10.0), (50.0, 10.0), (30.0, 30.0), (15.0, 50.0), (45.0, 50.0)])


def test_distances_are_in_eye_distances_of_the_reference():
    np.testing.assert_allclose(distances(FACE + np.array([4.0, 0.0]), FACE), 0.1)
    np.testing.assert_allclose(distances(FACE, FACE * 2)[0], np.hypot(10, 10) / 80)


def test_a_face_in_profile_is_not_divided_by_nearly_nothing():
    profile = FACE * (0.01, 1.0)
    assert distances(profile + np.array([2.0, 0.0]), profile).max() < 0.2


def test_an_even_motion_does_not_shake():
    track = np.stack([FACE + np.array([2.0, -0.5]) * t for t in range(8)])
    assert len(shaking(track)) == 6
    assert np.abs(shaking(track)).max() < 1e-12


def test_independent_noise_shakes_by_its_own_size():
    noise = np.random.default_rng(0).normal(0, 0.8, (4000, 5, 2))
    mean_square = np.mean(np.square(shaking(FACE + noise)))
    assert np.sqrt(mean_square) == pytest.approx(np.sqrt(2) * 0.8 / 40, rel=0.05)


def test_few_frames_tell_nothing():
    assert shaking(FACE[np.newaxis]) == []
    assert Spread.of([]).n == 0
    spread = Spread.of([np.array([0.1, 0.2, 0.3, 0.4, 0.5])])
    assert (spread.median, spread.n) == (0.3, 1)
