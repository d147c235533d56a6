"""What labelled strangers say about tau."""

import pytest

from faceguard.evaluation.calibration import Support, by_law
from faceguard.evaluation.error_rates import clopper_pearson
from faceguard.evaluation.seen_strangers import SeenStrangers


def test_each_strangers_smallest_distance_is_counted_exactly():
    found = SeenStrangers.of([(0.9, 40), (1.2, 40), (1.5, 40), (1.6, 40)], 40).at(1.2)
    assert (found.events, found.n_strangers, found.value) == (2, 4, 0.5)
    assert (found.low, found.high) == clopper_pearson(2, 4)
    assert found.support is Support.MEASURED


def test_none_let_in_says_little_while_there_are_few():
    found = SeenStrangers.of([(1.5, 40)] * 12, 40).at(1.0)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.265, abs=1e-3)
    assert found.support is Support.EXTRAPOLATED


def test_a_gallery_that_has_grown_is_reached_by_the_law_and_marked():
    found = SeenStrangers.of([(0.9, 20), *[(1.5, 20)] * 9], 40).at(1.0)
    assert found.value == pytest.approx(by_law(0.1, 2.0))
    assert found.support is Support.EXTRAPOLATED
    shrunk = SeenStrangers.of([(0.9, 20), *[(1.5, 20)] * 9], 10).at(1.0)
    assert shrunk.value == 0.1


def test_without_strangers_or_people_nothing_is_said():
    assert SeenStrangers.of([], 10) is None
    assert SeenStrangers.of([(1.0, 10)], 0) is None
    assert SeenStrangers.of([(7.0, 10), (float("nan"), 10), (1.0, 0)], 10) is None
