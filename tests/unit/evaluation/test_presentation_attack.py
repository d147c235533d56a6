"""APCER of each species, BPCER, and what got no answer."""

import math

import pytest

from faceguard.evaluation.error_rates import Share
from faceguard.evaluation.presentation_attack import presentation_errors


def test_the_worst_species_is_told_and_not_the_mean():
    found = presentation_errors({"print": [0.1] * 99 + [0.9], "mask": [0.8, 0.2]}, [0.9, 0.95, 0.4], accept=0.5)
    assert found.apcer == {"print": Share(1, 100), "mask": Share(1, 2)}
    assert found.worst == ("mask", Share(1, 2))
    assert found.species == ("mask", "print")
    assert found.bpcer == Share(1, 3)


def test_a_score_at_the_limit_passes():
    assert presentation_errors({"print": [0.5]}, [0.5], 0.5).apcer["print"] == Share(1, 1)
    assert presentation_errors({"print": [0.5]}, [0.5], 0.5).bpcer == Share(0, 1)


def test_no_answer_counts_in_no_error_rate_and_is_told_apart():
    found = presentation_errors({"print": [math.nan, 0.1, 0.9], "phone": [math.nan]}, [math.nan, 1.0], 0.5)
    assert found.apcer == {"print": Share(1, 2), "phone": Share(0, 0)}
    assert found.apnrr == {"print": Share(1, 3), "phone": Share(1, 1)}
    assert (found.bpcer, found.bpnrr) == (Share(0, 1), Share(1, 2))


def test_a_species_that_was_never_answered_is_not_the_worst():
    found = presentation_errors({"phone": [math.nan], "print": [0.1]}, [], 0.5)
    assert found.worst == ("print", Share(0, 1))
    assert found.species == ("print", "phone")
    assert presentation_errors({"phone": [math.nan]}, [], 0.5).worst is None


def test_of_equal_species_the_one_that_was_tried_less_is_the_worst():
    found = presentation_errors({"print": [0.1] * 20, "phone": [0.1] * 5}, [0.9], 0.5)
    assert found.worst == ("phone", Share(0, 5))
    assert found.worst[1].below == pytest.approx(0.6)


def test_bona_fide_alone_is_a_bpcer_without_an_apcer():
    found = presentation_errors({}, [1.0, 0.0], 0.5)
    assert (found.worst, found.bpcer) == (None, Share(1, 2))


@pytest.mark.parametrize(("attacks", "living"), [({}, []), ({"print": []}, [1.0])])
def test_a_rate_needs_presentations(attacks, living):
    with pytest.raises(ValueError, match="at least one presentation"):
        presentation_errors(attacks, living, 0.5)
