"""Rates against counts made by hand and by slow loops that share no code with them."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceguard.evaluation.error_rates import (
    Comparisons,
    accuracy,
    bootstrap_by_person,
    clopper_pearson,
    fmr_for_fpir,
    fpir,
    greatest_tau,
)

# few different values, so that ties are common
some_distances = st.lists(st.integers(0, 12).map(lambda n: n / 3), min_size=1, max_size=40)


def share(distances, tau):
    return Fraction(sum(1 for d in distances if d <= tau), len(distances))


@given(some_distances, some_distances, st.sampled_from([0.0, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0]))
def test_tau_is_the_greatest_that_keeps_the_rate(genuine, impostor, rate):
    scores = Comparisons(genuine, impostor)
    tau = scores.tau_at_fmr(rate)
    if float(share(impostor, 0.0)) <= rate:
        assert float(share(impostor, tau)) <= rate
    else:
        assert tau == 0.0
    if tau < 4.0:
        assert float(share(impostor, math.nextafter(tau, 5.0))) > rate
    assert scores.fmr(tau) == float(share(impostor, tau))
    assert scores.tpr(tau) == float(share(genuine, tau))
    assert scores.fnmr(tau) == 1.0 - scores.tpr(tau)


def test_a_tie_accepts():
    scores = Comparisons([1.0, 1.5], [1.5, 2.0])
    assert scores.tpr(1.5) == 1.0
    assert scores.fmr(1.5) == 0.5


def test_equal_impostor_distances_at_the_threshold_are_all_left_out():
    assert greatest_tau(np.array([1.0, 2.0, 2.0, 2.0]), 0.5) == math.nextafter(2.0, 0.0)


def test_one_in_ten_thousand_of_a_million_is_a_hundred_and_not_one_less():
    scores = Comparisons([0.1], np.linspace(0.5, 4.0, 1_000_000))
    point = scores.point(1e-4)
    assert point.false_matches == 100


def test_distances_kept_in_float32_are_compared_with_tau_in_float64():
    d = np.float32(1.1)  # 1.10000002384185791015625
    scores = Comparisons(np.array([d]), np.array([d]))
    assert scores.tpr(1.1) == 0.0
    assert scores.tpr(float(d)) == 1.0


def test_a_rate_that_the_data_cannot_show_has_no_point():
    scores = Comparisons([0.5], np.linspace(1.0, 3.0, 999))
    assert scores.point(1e-3) is None
    assert [p.fmr for p in scores.points([1e-3, 1e-1, 1e-2])] == [1e-1, 1e-2]


@pytest.mark.parametrize(
    ("genuine", "impostor"), [([], [1.0]), ([1.0], []), ([float("nan")], [1.0]), ([1.0], [4.1]), ([-0.1], [1.0])]
)
def test_distances_that_cannot_be_are_refused(genuine, impostor):
    with pytest.raises(ValueError, match=r"distances lie|there is no"):
        Comparisons(genuine, impostor)


def slow_accuracy(genuine, impostor, folds):
    pairs = [(d, True, i % folds) for i, d in enumerate(genuine)] + [
        (d, False, i % folds) for i, d in enumerate(impostor)
    ]
    shares = []
    for fold in range(folds):
        best, best_right = -1.0, -1
        for tau in [-1.0, *sorted({d for d, _, f in pairs if f != fold and math.isfinite(d)})]:
            right = sum((d <= tau) == same for d, same, f in pairs if f != fold)
            if right > best_right:
                best, best_right = tau, right
        held = [(d <= best) == same for d, same, f in pairs if f == fold]
        shares.append(sum(held) / len(held))
    mean = sum(shares) / folds
    return mean, math.sqrt(sum((s - mean) ** 2 for s in shares) / (folds - 1) / folds)


@given(
    st.lists(st.one_of(st.integers(0, 20).map(lambda n: n / 10), st.just(math.inf)), min_size=10, max_size=35),
    st.lists(st.integers(10, 40).map(lambda n: n / 10), min_size=10, max_size=35),
)
def test_accuracy_is_what_a_slow_loop_finds(genuine, impostor):
    found = accuracy(genuine, impostor)
    mean, error = slow_accuracy(genuine, impostor, 10)
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert found.standard_error == pytest.approx(error, abs=1e-12)


def test_a_pair_without_an_embedding_counts_as_not_the_same():
    genuine, impostor = [0.5] * 9 + [math.inf], [2.0] * 10
    assert accuracy(genuine, impostor).folds == (1.0,) * 9 + (0.5,)


def test_accuracy_needs_a_pair_of_each_class_in_each_fold():
    with pytest.raises(ValueError, match="10 folds"):
        accuracy([0.1] * 9, [2.0] * 10)


def tail_by_summing(errors, trials, p):
    """P(X >= errors) and P(X <= errors) of a binomial, term by term."""
    term = [math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(trials + 1)]
    return math.fsum(term[errors:]), math.fsum(term[: errors + 1])


@pytest.mark.parametrize(("errors", "trials"), [(1, 10), (3, 30), (29, 30), (7, 50)])
def test_clopper_pearson_bounds_leave_two_and_a_half_percent_on_each_side(errors, trials):
    low, high = clopper_pearson(errors, trials)
    assert tail_by_summing(errors, trials, low)[0] == pytest.approx(0.025, abs=1e-9)
    assert tail_by_summing(errors, trials, high)[1] == pytest.approx(0.025, abs=1e-9)


def test_twenty_attacks_without_a_success_prove_little():
    assert clopper_pearson(0, 20) == (0.0, pytest.approx(0.168, abs=5e-4))
    assert clopper_pearson(20, 20)[1] == 1.0


def test_the_law_of_searches():
    assert fpir(1e-4, 100) == pytest.approx(0.00995, abs=1e-5)
    assert fpir(1e-5, 1000) == pytest.approx(0.00995, abs=1e-5)
    assert fpir(1e-5, 100, templates=10) == fpir(1e-5, 1000)
    assert fpir(0.0, 5) == 0.0
    assert fpir(1.0, 5) == 1.0
    assert fpir(fmr_for_fpir(1e-3, 250), 250) == pytest.approx(1e-3)


def test_people_with_many_photos_widen_the_interval():
    even = bootstrap_by_person([90] * 10, [100] * 10)
    uneven = bootstrap_by_person([100] * 9 + [0], [100] * 10)
    assert even == (0.9, 0.9)
    assert uneven[0] < 0.8
    assert uneven[1] == 1.0
    assert bootstrap_by_person([1, 0, 1], [1, 1, 1]) == bootstrap_by_person([1, 0, 1], [1, 1, 1])


def test_where_no_false_match_was_seen_the_rule_of_three_says_what_that_proves():
    far = Comparisons([0.5], [2.0] * 3000)
    assert far.point(1e-3).false_matches == 0
    assert far.point(1e-3).fmr_below == pytest.approx(1e-3)
    near = Comparisons([0.5], [1.0] * 3 + [2.0] * 2997)
    assert near.point(1e-3).fmr_below is None
