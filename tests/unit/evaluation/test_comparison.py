"""Blocks of products against one pair after the other."""

import itertools
import tracemalloc

import numpy as np
import pytest

from faceguard.evaluation.comparison import all_pairs, compare_fused, pair_distances
from faceguard.evaluation.error_rates import Comparisons


@pytest.fixture
def photos():
    """37 unit vectors of 9 people, in mixed order."""
    chance = np.random.default_rng(5)
    person = chance.integers(9, size=37)
    centres = chance.normal(size=(9, 16))
    matrix = centres[person] + 0.6 * chance.normal(size=(37, 16))
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32), person


def one_distance(a, b):
    return float(sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))


@pytest.mark.parametrize("block", [1, 5, 37, 100])
def test_every_pair_is_compared_once(photos, block):
    matrix, person = photos
    found = all_pairs(matrix, person, block)
    genuine, impostor = [], []
    for i, j in itertools.combinations(range(len(matrix)), 2):
        (genuine if person[i] == person[j] else impostor).append(one_distance(matrix[i], matrix[j]))
    np.testing.assert_allclose(np.sort(found.genuine), np.sort(genuine), atol=1e-6)
    np.testing.assert_allclose(np.sort(found.impostor), np.sort(impostor), atol=1e-6)
    pairs = [int((person == p).sum() * ((person == p).sum() - 1) / 2) for p in range(9)]
    assert np.bincount(found.owner, minlength=9).tolist() == pairs


def test_a_listed_pair_has_its_distance(photos):
    matrix, _ = photos
    found = pair_distances(matrix, [0, 3, 4], [1, 3, 0])
    assert found == pytest.approx([one_distance(matrix[a], matrix[b]) for a, b in ((0, 1), (3, 3), (4, 0))], abs=1e-6)


def test_a_fused_template_meets_only_photos_that_it_was_not_made_of(photos):
    matrix, person = photos
    one, three = compare_fused(matrix, person, (1, 3))
    genuine, impostor = {1: [], 3: []}, {1: [], 3: []}
    for p in range(9):
        rows = [i for i in range(len(person)) if person[i] == p]
        if len(rows) <= 3:
            continue
        for m in (1, 3):
            mean = np.mean([matrix[i] for i in rows[:m]], axis=0, dtype=np.float64)
            mean = mean / np.sqrt((mean**2).sum())
            genuine[m] += [one_distance(mean, matrix[i]) for i in rows[3:]]
            impostor[m] += [one_distance(mean, matrix[i]) for i in range(len(person)) if person[i] != p]
    for found in (one, three):
        np.testing.assert_allclose(np.sort(found.genuine), np.sort(genuine[found.photos]), atol=1e-6)
        np.testing.assert_allclose(np.sort(found.impostor), np.sort(impostor[found.photos]), atol=1e-6)
    assert one.genuine.size == three.genuine.size
    assert three.genuine.mean() < one.genuine.mean()


def test_impostor_distances_come_sorted_and_are_not_copied(photos):
    found = all_pairs(*photos)
    assert (np.diff(found.impostor) >= 0).all()
    assert np.shares_memory(Comparisons(found.genuine, found.impostor).impostor, found.impostor)


def test_all_pairs_hold_their_distances_once_and_little_more():
    """13,000 photos make 84 million distances, 338 MB; what is held beside them does not grow with their number."""
    chance = np.random.default_rng(6)
    n = 4_000
    matrix = chance.normal(size=(n, 128))
    matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    person = chance.integers(1_500, size=n)
    tracemalloc.start()
    try:
        found = all_pairs(matrix, person)
        Comparisons(found.genuine, found.impostor)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    kept = found.impostor.nbytes + found.genuine.nbytes + found.owner.nbytes
    assert peak < 1.9 * kept  # one product and the copies of the photos: 40 MB here, 60 MB for 13,000
