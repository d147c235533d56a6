"""The drawn curve lies on the full one; scikit-learn's opinion on the full one is in test_rates_by_others.py."""

import numpy as np
import pytest

from faceguard.evaluation.curves import equal_error, error_curve
from faceguard.evaluation.error_rates import Comparisons


@pytest.fixture
def scores():
    chance = np.random.default_rng(1)
    genuine = np.clip(chance.normal(0.7, 0.25, 3_000), 0, 4)
    impostor = np.clip(chance.normal(1.9, 0.2, 20_000), 0, 4)
    return Comparisons(genuine.astype(np.float32), impostor.astype(np.float32))


def test_a_thinned_curve_has_few_points_and_each_is_exact(scores):
    found = error_curve(scores, 100)
    assert found.tau.size <= 200
    full = error_curve(scores, None)
    place = np.searchsorted(full.tau, found.tau)
    np.testing.assert_array_equal(full.tau[place], found.tau)
    np.testing.assert_array_equal(full.fnmr[place], found.fnmr)
    assert found.fmr[found.fmr > 0].min() == 1 / 20_000  # the single smallest false match is still there
    assert found.fmr.max() == 1.0


def test_rates_meet_at_the_equal_error_rate(scores):
    found = equal_error(scores)
    assert scores.fmr(found.tau) == pytest.approx(found.rate, abs=5e-4)
    assert scores.fnmr(found.tau) == pytest.approx(found.rate, abs=5e-4)


@pytest.mark.parametrize(
    ("genuine", "impostor", "rate"), [([0.5], [2.0], 0.0), ([2.0], [0.5], 1.0), ([1.0], [1.0], 0.5)]
)
def test_the_equal_error_rate_of_two_comparisons(genuine, impostor, rate):
    assert equal_error(Comparisons(genuine, impostor)).rate == rate
