"""Embeddings of a network in training, and their error."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn

from faceguard.training.verification import embed, pixels_of, true_positive_rate


def test_pixels_are_scaled_to_minus_1_to_1_and_keep_their_colours_apart():
    crops = np.zeros((2, 4, 5, 3), np.uint8)
    crops[:, :, :, 2] = 255
    found = pixels_of(crops)
    assert found.shape == (2, 3, 4, 5)
    assert found.dtype == torch.float32
    assert (found[:, 0] == -1.0).all()
    assert (found[:, 2] == 1.0).all()


def test_embeddings_are_unit_rows_in_evaluation_mode_and_the_mode_comes_back():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(48, 6), nn.BatchNorm1d(6), nn.Dropout(0.5)).train()
    crops = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 3), np.uint8)
    found = embed(encoder, crops)
    assert found.shape == (300, 6)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert encoder.training
    assert np.array_equal(found, embed(encoder, crops))  # no batch statistics, no dropout
    assert np.allclose(found[7], embed(encoder, crops[7:8])[0], atol=1e-6)


def unit(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_people_far_apart_are_all_accepted_and_people_mixed_up_as_often_as_strangers():
    labels = np.repeat([0, 1, 2], 4)
    assert true_positive_rate(unit(labels * 2.0 + 0.01 * np.tile(np.arange(4), 3)), labels, 0.01) == 1.0
    chance = np.random.default_rng(0)
    mixed = true_positive_rate(unit(chance.uniform(0, 2 * np.pi, 400)), np.arange(400) % 20, 0.1)
    assert mixed == pytest.approx(0.1, abs=0.02)


def test_the_rate_is_that_at_the_tau_of_the_fmr():
    # d grows with the angle: genuine 0.1 and 0.35, impostor 0.15, 0.25, 0.5 and 0.6
    rows, labels = unit(np.array([0.0, 0.1, 0.25, 0.6])), [0, 0, 1, 1]
    assert [true_positive_rate(rows, labels, fmr) for fmr in (0.25, 0.5, 0.75)] == [0.5, 0.5, 1.0]


def test_one_person_or_single_photos_have_no_rate():
    for labels in ([0, 0, 0], [0, 1, 2]):
        with pytest.raises(ValueError, match="pairs of one person and of two"):
            true_positive_rate(unit(np.array([0.0, 1.0, 2.0])), labels, 0.1)
