"""tau for a target FPIR: counted, with a tie rule, and bounds for another gallery and other strangers."""

from time import process_time

import numpy as np
import pytest

from faceguard.evaluation.calibration import Calibration, Spread, Support, against_gallery, by_law
from faceguard.evaluation.error_rates import clopper_pearson


def searches(distance, stranger=None, owner=None, members=(9001, 9002, 9003)):
    distance = np.asarray(distance, float)
    stranger = np.arange(distance.size) if stranger is None else stranger
    owner = np.full(distance.size, 9001) if owner is None else owner
    return against_gallery(distance, stranger, owner, members)


def test_the_known_answers_of_the_law():
    assert by_law(0.01, 100) == pytest.approx(0.634, abs=5e-4)
    assert by_law(0.001, 100) == pytest.approx(0.0952, abs=5e-5)
    assert by_law(by_law(0.01, 100), 0.01) == pytest.approx(0.01)
    assert (by_law(0.0, 100), by_law(1.0, 0.5)) == (0.0, 1.0)


def test_the_greatest_tau_keeps_the_rate_and_the_next_number_does_not():
    found = searches([1.4, 1.0, 1.1, 1.2, 1.3])
    tau = found.greatest_tau(0.4)
    assert (found.rate(tau), found.rate(np.nextafter(tau, 4))) == (0.4, pytest.approx(0.6))
    assert tau < 1.2


def test_equal_distances_are_all_left_out_when_one_of_them_is_too_many():
    found = searches([1.0, 1.1, 1.1, 1.1, 1.3])
    assert found.rate(found.greatest_tau(0.4)) == pytest.approx(0.2)
    assert found.greatest_tau(0.4) < 1.1


def test_one_accepted_and_one_not_at_the_very_distance():
    found = searches([1.0, 2.0])
    assert (found.rate(1.0), found.rate(np.nextafter(1.0, 0))) == (0.5, 0.0)


def test_every_target_has_a_tau_within_bounds():
    found = searches([0.0, 0.0, 3.0])
    assert found.greatest_tau(0.5) == 0.0  # even tau 0 accepts two of three: the rate is not kept
    assert found.greatest_tau(1.0) == 4.0


@pytest.mark.parametrize("count", [3, 7, 49, 999])
def test_weights_that_do_not_sum_exactly_do_not_cost_a_place(count):
    found = searches(np.linspace(1, 2, count))
    for allowed in range(1, count, 1 + count // 9):
        assert found.rate(found.greatest_tau(allowed / count)) == pytest.approx(allowed / count)


def test_a_person_with_many_photos_weighs_as_much_as_one_with_a_single_photo():
    found = searches([1.0, 1.0, 1.0, 1.0, 2.0], stranger=[1, 1, 1, 1, 2])
    assert found.n_strangers == 2
    assert found.rate(1.5) == pytest.approx(0.5)
    assert found.events(1.5) == 1


@pytest.mark.parametrize(
    ("distance", "stranger", "owner", "members"),
    [
        ([], [], [], [1]),
        ([np.nan], [5], [1], [1]),
        ([-0.1], [5], [1], [1]),
        ([4.1], [5], [1], [1]),
        ([np.inf], [5], [1], [1]),
        ([1.0], [1], [1], [1]),
        ([1.0], [5], [2], [1]),
        ([1.0], [5, 6], [1], [1]),
        ([1.0], [5], [1], []),
    ],
)
def test_what_is_no_measurement_never_becomes_one(distance, stranger, owner, members):
    with pytest.raises(ValueError, match=r"."):
        against_gallery(distance, stranger, owner, members)


@pytest.mark.parametrize("tau", [np.nan, -0.1, 4.1, np.inf])
def test_what_is_no_tau_gets_no_rate(tau):
    with pytest.raises(ValueError, match="tau lies"):
        Calibration(searches([1.0, 2.0]), 3).at(tau)


@pytest.mark.parametrize("fpir", [0.0, 1.0, -0.1, np.nan])
def test_what_is_no_target_gets_no_tau(fpir):
    with pytest.raises(ValueError, match="target FPIR"):
        Calibration(searches([1.0, 2.0]), 3).tau_at(fpir)


def test_nothing_seen_is_the_rule_of_three_and_marked():
    found = Calibration(searches(np.linspace(1.2, 2, 300)), 3).at(1.0)
    assert (found.low, found.value, found.high) == (0.0, 0.0, pytest.approx(3 / 300))
    assert (found.events, found.n_strangers, found.support) == (0, 300, Support.EXTRAPOLATED)


def test_a_target_below_what_the_strangers_can_show_is_extrapolated():
    found = Calibration(searches(np.linspace(1.2, 2, 300)), 3)
    assert found.tau_at(0.01).support is Support.MEASURED
    below = found.tau_at(0.001)
    assert below.support is Support.EXTRAPOLATED
    assert below.high > 0.001  # the data cannot promise it, and the bound says so


def test_another_gallery_size_goes_by_the_law_and_is_marked():
    found = searches(np.linspace(1.2, 2, 1000), owner=np.resize([9001, 9002, 9003], 1000))
    here, there = Calibration(found, 3).at(1.21), Calibration(found, 300).at(1.21)
    assert there.value == pytest.approx(1 - (1 - here.value) ** 100)
    assert (here.support, there.support) == (Support.MEASURED, Support.EXTRAPOLATED)
    assert found.rate(Calibration(found, 300).tau_at(0.5).tau) <= 1 - 0.5**0.01


def test_more_templates_are_more_comparisons_but_no_more_people():
    found = searches(np.linspace(1.2, 2, 1000), owner=np.resize([9001, 9002, 9003], 1000))
    one, four = Calibration(found, 3), Calibration(found, 3, templates=4)
    assert four.at(1.21).value == pytest.approx(1 - (1 - one.at(1.21).value) ** 4)
    assert four.at(1.21).support is Support.EXTRAPOLATED
    assert four.tau_at(0.1).tau < one.tau_at(0.1).tau


def test_two_looks_at_most_double_what_one_does_and_never_lessen_the_lower_bound():
    found = searches(np.linspace(1.2, 2, 1000), owner=np.resize([9001, 9002, 9003], 1000))
    one, two = (Calibration(found, 3, looks).at(1.25) for looks in (1, 2))
    assert (two.value, two.low, two.high) == (2 * one.value, one.low, 2 * one.high)
    assert Calibration(found, 3, 2).tau_at(0.01).tau == Calibration(found, 3).tau_at(0.005).tau


def test_independent_events_are_bounded_as_clopper_and_pearson_do():
    low, high = Spread(0.02, 1 / 1000, 1 / 20, 0.0).predicted()
    exact_low, exact_high = clopper_pearson(20, 1000)
    assert low == pytest.approx(exact_low, rel=0.03)
    assert high == pytest.approx(exact_high, rel=0.03)


def test_bounds_for_few_strangers_are_whole_people_and_wider():
    spread = Spread(0.02, 1 / 1000, 1 / 20, 0.2)
    few, many, ever = spread.predicted(100), spread.predicted(10_000), spread.predicted()
    assert few[0] * 100 == round(few[0] * 100)
    assert few[0] <= many[0]
    assert few[1] >= many[1]
    assert many == pytest.approx(ever, rel=0.05)


def test_a_person_everybody_resembles_makes_galleries_differ():
    distance = np.where(np.arange(1000) % 10 == 0, 1.0, 2.0)
    all_like_one = searches(distance).spread(1.5)
    like_all = searches(distance, owner=np.resize([9001, 9002, 9003], 1000)).spread(1.5)
    assert all_like_one.gallery > 0.5
    assert like_all.gallery == pytest.approx(0.0, abs=0.01)


def test_the_robust_variance_is_what_drawing_whole_people_again_gives():
    chance = np.random.default_rng(5)
    strangers, members = 400, 40
    liked = chance.gamma(0.7, size=members)
    hits = chance.random((strangers, members)) < 0.15 * liked / liked.sum() * chance.gamma(2, 0.5, (strangers, 1))
    one = hits & (np.cumsum(hits, axis=1) == 1)  # at most one nearest person each
    owner = np.where(one.any(axis=1), one.argmax(axis=1), 0) + 1000
    found = against_gallery(np.where(one.any(axis=1), 1.0, 2.0), np.arange(strangers), owner, np.arange(members) + 1000)
    spread = found.spread(1.5)
    drawn = [
        chance.multinomial(strangers, np.full(strangers, 1 / strangers))
        @ one
        @ chance.multinomial(members, np.full(members, 1 / members))
        / strangers
        for _ in range(4000)
    ]
    # drawing rows and columns counts the chance of each cell three times where it is there once (Owen 2007)
    expected = np.var(drawn) - 2 * one.sum() / strangers**2
    assert spread.estimate * spread.rate**2 == pytest.approx(expected, rel=0.15)


def test_a_slider_may_ask_sixty_times_a_second():
    chance = np.random.default_rng(1)
    found = against_gallery(
        chance.uniform(0.8, 2, 2000), np.arange(2000), chance.integers(5000, 5500, 2000), np.arange(5000, 5500)
    )
    calibration = Calibration(found, 500, 2)
    calibration.at(1.0)
    taken = []
    for tau in np.linspace(0.9, 1.2, 30):
        begun = process_time()
        calibration.at(float(tau))
        taken.append(process_time() - begun)
    assert np.median(taken) < 1 / 60
