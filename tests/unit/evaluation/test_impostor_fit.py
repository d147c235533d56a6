"""The impostor model: fitted to people on a sphere, where the true rates are known."""

import numpy as np
import pytest
from scipy.special import betainc

from faceguard.domain.impostor import LEAST_FMR
from faceguard.evaluation.impostor_fit import check_tail, compare_people, fit, fit_impostor_model

LENGTH = 24


@pytest.fixture(scope="module")
def crowd():
    """800 people, every other one with two photos."""
    chance = np.random.default_rng(11)
    person = np.repeat(np.arange(800), np.where(np.arange(800) % 2, 2, 1))
    matrix = chance.standard_normal((800, LENGTH))[person] + 0.2 * chance.standard_normal((person.size, LENGTH))
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32), person


def truth(d):
    half = (LENGTH - 1) / 2
    return float(betainc(half, half, d / 4))


def test_the_model_is_the_true_distribution(crowd):
    model = fit(compare_people(*crowd), "a sphere")
    for d in (2.2, 2.0, 1.5, 1.2):
        assert model.fmr(d) == pytest.approx(truth(d), rel=0.1)
    for d in (1.0, 0.85):  # 1.3e-4 and 1.7e-5: the tail, of 320,000 pairs
        assert model.fmr(d) == pytest.approx(truth(d), rel=0.5)
    assert model.pairs == 800 * 799 // 2
    assert model.measured_to == pytest.approx(1 / model.pairs)


def test_the_check_on_the_other_half_finds_the_tail_right(crowd):
    model = fit_impostor_model(*crowd, "a sphere")
    assert [check.fmr for check in model.checks] == [1e-2, 1e-3, 1e-4, 1e-5]
    for check in model.checks[:3]:
        assert 0.7 < check.ratio < 1.4
        assert 0.7 < check.ratio_back < 1.4
    assert model.checks[0].pairs > 30


def test_the_check_finds_a_tail_that_is_wrong(crowd):
    """Half of whom resemble each other more than the others do: what one half says of the other is off."""
    matrix, person = crowd
    near = matrix.copy()
    near[:, 0] += 0.4
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    checks = check_tail(compare_people(matrix, person), compare_people(near, person))
    assert checks[1].ratio < 0.5 < 2 < checks[1].ratio_back


def test_evenly_spread_people_do_not_differ_and_others_do(crowd):
    matrix, person = crowd
    even = fit(compare_people(matrix, person), "a sphere").spread_at(1e-3)
    leaning = matrix.copy()
    leaning[:, 0] += np.abs(np.random.default_rng(2).normal(0, 0.3, 800))[person]
    leaning /= np.linalg.norm(leaning, axis=1, keepdims=True)
    assert even < 0.2
    assert fit(compare_people(leaning, person), "a sphere").spread_at(1e-3) > 0.5


def test_the_famous_weigh_as_much_as_anybody():
    chance = np.random.default_rng(4)
    face = chance.standard_normal((3, 8))
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    person = np.array([0] * 50 + [1, 2])
    found = compare_people(face[person].astype(np.float32), person)
    smallest = sorted(found.nearest[np.triu_indices(3, 1)])[0]
    assert found.fmr(float(smallest) + 1e-4) == pytest.approx(1 / 3)


def test_distances_at_a_step_are_within_it():
    matrix = np.array([[1, 0], [0, 1]], np.float32)
    found = compare_people(matrix, [0, 1])
    assert found.fmr(2.0) == 1.0
    assert found.fmr(1.9999) == 0.0
    assert found.pairs_within(2.0) == 1


def test_few_people_give_no_model(crowd):
    matrix, person = crowd
    with pytest.raises(ValueError, match="too few people"):
        fit_impostor_model(matrix[:40], person[:40], "a sphere")
    with pytest.raises(ValueError, match="two people"):
        compare_people(matrix[:1], person[:1])


def test_people_whose_halves_are_too_few_give_a_model_that_was_not_checked(crowd):
    matrix, person = crowd
    few = person < 100
    model = fit_impostor_model(matrix[few], person[few], "a sphere")
    assert (model.people, model.checks) == (100, ())


def test_tau_from_the_model_keeps_the_rate(crowd):
    model = fit(compare_people(*crowd), "a sphere")
    for fmr in (0.99, 0.3, 1e-2, 1e-3, 1e-5, 1e-7):
        tau = model.tau_at(fmr)
        assert model.fmr(tau) <= fmr < model.fmr(tau + 2e-6)
    assert model.tau_at(LEAST_FMR / 2) == 0.0
    assert model.fmr(0.0) == LEAST_FMR
    assert model.fmr(4.0) == 1.0
    assert np.all(np.diff([model.fmr(d) for d in np.linspace(0, 4, 400)]) >= 0)
