"""The sentences and tables of a liveness test: the worst species first, bounds always, nothing claimed untried."""

from datetime import UTC, datetime

import pytest

from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.evaluation.error_rates import clopper_pearson
from faceguard.evaluation.measured_liveness import (
    MeasuredLiveness,
    answer_of,
    brief,
    quote,
    rate_words,
    table_lines,
    zero_words,
)

SETUP = PadSetup("camera 0", 640, 480, "standard", "judging 1; PAD none")


def measured(**counts):
    """``phone=(passed, refused, not acquired)``."""
    trials = []
    for name, numbers in counts.items():
        for response, n in zip(Response, numbers, strict=True):
            trial = Trial(
                datetime(2026, 5, 4, tzinfo=UTC), SETUP, Species[name.upper()], TrialResult(response, "a reason")
            )
            trials += [trial] * n
    return MeasuredLiveness(tuple(trials))


def test_nothing_tried_is_not_measured():
    nothing = MeasuredLiveness()
    assert not nothing.measured
    assert quote(nothing) == "Not measured on this camera."
    assert brief(nothing) == "not measured on this camera"
    assert table_lines(nothing)[-1] == "nothing was tried"
    assert answer_of(nothing)["worst"] is None


def test_real_people_alone_and_props_that_were_never_seen_measure_no_attack():
    assert not measured(bona_fide=(5, 0, 0)).measured
    unseen = measured(phone=(0, 0, 4))
    assert not unseen.measured
    assert quote(unseen) == "Not measured on this camera."


def test_the_worst_species_comes_first_with_its_bounds():
    found = measured(print_matte=(0, 20, 0), phone=(3, 17, 2), bona_fide=(29, 1, 0))
    low, high = clopper_pearson(3, 20)
    said = quote(found)
    assert said.startswith("3 of 20 presentations of phone passed, the worst of 2 species: APCER 15.0 % ")
    assert f"[{100 * low:.1f}, {100 * high:.1f}]" in said
    assert "1 of 30 real people refused: BPCER 3.3 %" in said
    assert "Not tried: print glossy, print bent, tablet, laptop." in said
    assert brief(found) == "3 of 20 passed here (worst: phone)"
    assert [line.split("  ")[0] for line in table_lines(found)[1:4]] == ["phone", "print matte", "bona fide"]


def test_where_none_passed_the_rule_of_three_says_what_that_means():
    assert "below 15 % by the rule of three" in rate_words(measured(phone=(0, 20, 0)).share(Species.PHONE))
    assert zero_words(3) == "too few to say anything"
    assert rate_words(measured(phone=(0, 0, 1)).share(Species.PHONE)) == "not measured"


def test_no_answer_is_told_apart():
    (phone,) = answer_of(measured(phone=(1, 2, 1)))["species"]
    assert (phone["tried"], phone["not_acquired"], phone["non_response"]) == (4, 1, 0.25)
    assert phone["value"] == pytest.approx(1 / 3)


def test_a_series_of_real_people_only_says_that_attacks_were_not_tried():
    assert len(measured(bona_fide=(1, 0, 0)).not_tried) == 6
