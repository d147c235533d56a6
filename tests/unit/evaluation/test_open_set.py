"""Calibrated on half of the people, tested on the other half: on synthetic people whose true rates are known."""

import numpy as np
import pytest
from scipy.special import betainc

from faceguard.evaluation.calibration import Calibration, Support, by_law
from faceguard.evaluation.open_set import drawn_galleries, halves, leave_one_out, open_set_test

LENGTH = 24
SEEDS = 60


def people_at_random(people, seed, *, liked=0.0, noise=0.3):
    """Unit vectors of people spread evenly over the sphere, three in ten with three photos, the others with one.

    ``liked``: people lean towards one common face, some more than others; whoever does resembles many.
    """
    chance = np.random.default_rng([seed, 7])
    face = chance.standard_normal((people, LENGTH))
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    face[:, 0] += np.abs(chance.normal(0, liked, people))
    face /= np.linalg.norm(face, axis=1, keepdims=True)
    person = np.repeat(np.arange(people), np.where(chance.random(people) < 0.3, 3, 1))
    matrix = face[person] + noise * chance.standard_normal((person.size, LENGTH)) / np.sqrt(LENGTH)
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32), person


def true_fmr(tau):
    """Of vectors spread evenly: (1 + cos) / 2 is Beta((D - 1) / 2, (D - 1) / 2), and cos >= 1 - tau / 2 accepts."""
    half = (LENGTH - 1) / 2
    return float(betainc(half, half, tau / 4))


@pytest.mark.parametrize("people", [10, 100])
def test_the_estimate_is_the_true_rate(people):
    matrix, person = people_at_random(600, 1)
    found = Calibration(drawn_galleries(matrix, person, people, 1), people)
    for target in (0.1, 0.02):
        estimate = found.tau_at(target)
        truth = by_law(true_fmr(estimate.tau), people)
        assert estimate.value == pytest.approx(truth, rel=0.35)
        assert estimate.low <= truth <= estimate.high


@pytest.mark.parametrize("liked", [0.0, 1.0], ids=["everybody alike", "some resemble many"])
def test_predicted_bounds_cover_what_the_other_half_shows(liked):
    """Nominal 95 %. Of 60 draws 95 % would leave out 3; with whole people counted, at most 8 and so 86 % of each."""
    right = {}
    for seed in range(SEEDS):
        matrix, person = people_at_random(300, seed, liked=liked)
        for people in (10, 60):
            for point in open_set_test(matrix, person, people, (0.1, 0.03), seed):
                right.setdefault((people, point.target), []).append(point.came_true)
    shares = {key: np.mean(value) for key, value in right.items()}
    assert min(shares.values()) >= 0.86, shares
    assert np.mean(list(shares.values())) >= 0.93, shares


def test_bounds_that_knew_only_the_mean_would_not_cover():
    """Where some people resemble many, ten others make another gallery: leaving that out is seen to fail."""
    right = []
    for seed in range(SEEDS):
        matrix, person = people_at_random(300, seed, liked=1.0)
        (point,) = open_set_test(matrix, person, 10, (0.1,), seed)
        spread = drawn_galleries(matrix, person, 10, seed).spread(point.predicted.tau)
        half = 1.96 * spread.rate * np.sqrt(spread.estimate)
        right.append(abs(point.observed - spread.rate) <= half)
    assert np.mean(right) < 0.8


@pytest.mark.parametrize("people", [10, 100, 500])
@pytest.mark.parametrize("target", [1e-1, 1e-2])
def test_the_other_half_lies_within_the_bounds(people, target):
    matrix, person = people_at_random(1300, 3, liked=0.7)
    (point,) = open_set_test(matrix, person, people, (target,), 1)
    assert point.came_true, point
    assert point.predicted.value <= target
    assert point.n_strangers == 650 - people
    assert point.predicted.support is Support.MEASURED
    assert 0.0 <= point.fnir <= 1.0


def test_nobody_is_in_both_halves_and_the_seed_decides():
    person = np.repeat(np.arange(101), 2)
    one, other = halves(person, 1)
    assert not set(person[one]) & set(person[other])
    assert len(set(person[one])) == 51
    assert (one != other).all()
    assert (halves(person, 1)[0] == one).all()
    assert (halves(person, 2)[0] != one).any()


def test_the_same_seed_gives_the_same_points():
    matrix, person = people_at_random(200, 1)
    assert open_set_test(matrix, person, 10, (0.1,), 4) == open_set_test(matrix, person, 10, (0.1,), 4)


def test_a_gallery_against_itself_counts_each_pair_once():
    matrix = np.eye(4, dtype=np.float32)
    matrix[1] = [0.9, np.sqrt(1 - 0.81), 0, 0]
    found = leave_one_out(matrix, [1, 2, 3, 4])
    tau = 0.3  # persons 1 and 2 lie within 0.2 of each other
    assert (found.people, found.n_strangers, found.event) == (3, 4, 0.5)
    assert found.rate(tau) == pytest.approx(0.5)
    assert found.events(tau) == 1
    assert found.spread(tau).estimate >= 1.0  # one event tells no more than one event


def test_templates_of_one_person_never_meet():
    matrix = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    found = leave_one_out(matrix, [1, 1, 2])
    assert found.distance.tolist() == [2.0, 2.0, 2.0]
    assert found.rate(2.0) == pytest.approx(1.0)


@pytest.mark.parametrize("people", [0, 100, 101])
def test_a_gallery_that_leaves_no_stranger_is_refused(people):
    matrix, person = people_at_random(100, 1)
    with pytest.raises(ValueError, match="cannot be drawn"):
        drawn_galleries(matrix, person, people, 1)


def test_one_person_has_nobody_to_be_compared_with():
    with pytest.raises(ValueError, match="alone"):
        leave_one_out(np.eye(2, dtype=np.float32)[:1], [1])


def test_everybody_with_another_photo_is_searched_once_enrolled():
    person = np.repeat(np.arange(40), 2)
    matrix = np.eye(40, dtype=np.float32)[person]  # both photos alike, everybody else at d 2
    (point,) = open_set_test(matrix, person, 5, (0.5,), 1)
    assert (point.n_mated, point.misses, point.fnir) == (20, 0, 0.0)
    assert (point.n_strangers, point.false_positives) == (15, 0)
    lonely = open_set_test(np.eye(40, dtype=np.float32), np.arange(40), 5, (0.5,), 1)[0]
    assert (lonely.n_mated, lonely.fnir) == (0, None)
