"""Searches in drawn galleries, on people whose answer is known."""

import numpy as np
import pytest

from faceguard.evaluation.identification import RatedPoint, Searches, rated_curve, rated_size, search_galleries


def searches(mated, right, strangers, people=10):
    return Searches(
        people,
        1,
        np.array(mated, np.float64).reshape(-1, 3),
        np.array(right, bool),
        np.array(strangers, np.float64).reshape(-1, 2),
    )


def crowd(people, photos, spread, seed=3):
    chance = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), photos)
    matrix = chance.normal(size=(people, 64))[person] + spread * chance.normal(size=(people * photos, 64))
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float64), person


def test_every_photo_but_the_templates_is_a_search():
    matrix, person = crowd(12, 3, 0.1)
    found = search_galleries(matrix, person, 5, draws=4)
    assert len(found.mated) == 4 * 5 * 2
    assert len(found.strangers) == 4 * 7 * 3
    assert found.right.all()
    np.testing.assert_array_equal(found.mated[:, 0], found.mated[:, 1])
    assert (found.mated[:, 2] >= found.mated[:, 1]).all()


def test_the_same_seed_draws_the_same_galleries():
    matrix, person = crowd(12, 3, 0.5)
    one, two = (search_galleries(matrix, person, 5, draws=3) for _ in range(2))
    np.testing.assert_array_equal(one.strangers, two.strangers)


@pytest.mark.parametrize("people", [1, 12, 40])
def test_a_gallery_leaves_somebody_outside(people):
    matrix, person = crowd(12, 3, 0.1)
    with pytest.raises(ValueError, match="cannot be drawn"):
        search_galleries(matrix, person, people)


def test_rates_by_hand():
    found = searches(
        # own, nearest, runner-up
        [(0.5, 0.5, 1.5), (1.0, 1.0, 1.04), (1.3, 1.3, 1.6), (1.2, 0.9, 1.2)],
        [True, True, True, False],
        [(0.9, 0.92), (1.5, 1.6)],
    )
    tau = 1.1
    assert found.fnir(tau) == 0.5  # one beyond tau, one named as somebody else
    assert found.wrong_name(tau) == 0.25
    assert found.fpir(tau) == 0.5
    assert found.margin_cost(tau, 0.05) == 0.25
    assert found.fpir(tau, 0.05) == 0.0
    assert found.greatest_margin(tau, 0.25) == 1.0
    assert found.greatest_margin(tau, 0.0) == pytest.approx(0.035, abs=0.006)


def test_a_rate_of_false_positives_needs_enough_strangers():
    chance = np.random.default_rng(0)
    strangers = np.sort(chance.uniform(1.0, 3.0, size=(20_000, 2)), axis=1)
    many = searches([(0.5, 0.5, 1.5)], [True], strangers)
    few = searches([(0.5, 0.5, 1.5)], [True], strangers[:900])
    tau = many.tau_at_fpir(1e-3)
    assert np.count_nonzero(many.strangers[:, 0] <= tau) == 20
    assert few.tau_at_fpir(1e-3) is None
    assert rated_curve([few]) == ()
    assert [p.people for p in rated_curve([many])] == [10]


def test_the_rated_size_ends_where_the_encoder_first_fails():
    points = [RatedPoint(k, 1.0, fnir, 100, 10_000) for k, fnir in ((10, 0.02), (50, 0.1), (100, 0.12), (200, 0.09))]
    assert rated_size(points) == 50
    assert rated_size(points[2:]) is None
    assert rated_size([]) is None
