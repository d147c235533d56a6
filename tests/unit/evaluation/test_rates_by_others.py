"""Rates and bounds against scikit-learn's and scipy's own, which share no code with ours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from scipy.stats import beta, binomtest
from sklearn.metrics import roc_curve

from faceguard.evaluation.curves import equal_error, error_curve
from faceguard.evaluation.error_rates import Comparisons, clopper_pearson, rule_of_three

# few different values, so that ties are common
some_distances = st.lists(st.integers(0, 12).map(lambda n: n / 3), min_size=1, max_size=40)


def roc_of(genuine, impostor):
    """FMR, FNMR and tau as scikit-learn has them: its score is -d, and score >= threshold accepts, as d <= tau does."""
    same = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    false, true, threshold = roc_curve(same, -np.concatenate([genuine, impostor]), drop_intermediate=False)
    return false[1:], 1.0 - true[1:], -threshold[1:]  # the first accepts nothing


@given(some_distances, some_distances)
def test_every_point_of_the_curve_is_one_of_scikit_learns(genuine, impostor):
    found = error_curve(Comparisons(genuine, impostor), most=None)
    fmr, fnmr, tau = roc_of(genuine, impostor)
    np.testing.assert_array_equal(found.tau, tau)
    np.testing.assert_allclose(found.fmr, fmr, atol=1e-12)
    np.testing.assert_allclose(found.fnmr, fnmr, atol=1e-12)


@given(some_distances, some_distances)
@settings(deadline=None)
def test_the_equal_error_rate_is_where_the_straight_lines_of_that_roc_meet(genuine, impostor):
    fmr, fnmr, _ = roc_of(genuine, impostor)
    # along the curve, by its length, so that a vertical step has a crossing too
    fmr, fnmr = np.concatenate([[0.0], fmr]), np.concatenate([[1.0], fnmr])
    along = np.arange(fmr.size, dtype=float)
    at = brentq(interp1d(along, fmr - fnmr), 0.0, along[-1], xtol=1e-13)
    assert equal_error(Comparisons(genuine, impostor)).rate == pytest.approx(float(interp1d(along, fmr)(at)), abs=1e-9)


def test_float32_distances_make_the_same_curve():
    chance = np.random.default_rng(3)
    genuine = chance.uniform(0.2, 2.0, 500).astype(np.float32)
    impostor = chance.uniform(1.0, 3.0, 3000).astype(np.float32)
    found = error_curve(Comparisons(genuine, impostor), most=None)
    fmr, fnmr, tau = roc_of(genuine.astype(float), impostor.astype(float))
    np.testing.assert_array_equal(found.tau, tau)
    np.testing.assert_allclose(found.fmr, fmr, atol=1e-12)
    np.testing.assert_allclose(found.fnmr, fnmr, atol=1e-12)


@pytest.mark.parametrize(("errors", "trials"), [(0, 1), (0, 20), (1, 10), (7, 5000), (29, 30), (30, 30), (44, 12_430)])
def test_clopper_pearson_is_scipys_exact_interval(errors, trials):
    other = binomtest(errors, trials).proportion_ci(0.95, method="exact")
    assert clopper_pearson(errors, trials) == (pytest.approx(other.low, abs=1e-9), pytest.approx(other.high, abs=1e-9))


@pytest.mark.parametrize("trials", [30, 300, 3_000_000])
def test_the_rule_of_three_lies_just_above_the_exact_one_sided_bound(trials):
    exact = float(beta.ppf(0.95, 1, trials))
    assert exact < rule_of_three(trials) < 1.06 * exact


def test_the_rule_of_three_is_never_more_than_all():
    assert rule_of_three(1) == 1.0
    with pytest.raises(ValueError, match="one trial"):
        rule_of_three(0)
