"""Shares of simulated presentations that PAD networks refuse, and how they are told."""

import json

import numpy as np
import pytest

from faceguard.evaluation.error_rates import clopper_pearson
from faceguard.evaluation.pad_shares import Agreement, Judged, area_under_curve, pad_answer, pad_lines

SCORES = {
    "photograph": np.array([0.9, 0.8, 0.5, np.nan]),
    "head": np.array([0.7, 0.6, 0.2, 0.1]),
    "print": np.array([0.1, 0.2, 0.3, 0.9]),
}
JUDGED = Judged("one", 0.5, SCORES)


def test_a_score_of_the_threshold_is_refused_and_no_face_is_no_trial():
    assert (JUDGED.refused("photograph").k, JUDGED.refused("photograph").n) == (1, 3)
    assert (JUDGED.refused("print").k, JUDGED.refused("print").n) == (3, 4)
    assert JUDGED.refused("print").interval == clopper_pearson(3, 4)


@pytest.mark.parametrize(
    ("ours", "theirs", "area"),
    [([2, 3], [0, 1], 1.0), ([0, 1], [2, 3], 0.0), ([1, 1], [1], 0.5), ([1, 3], [2, 2], 0.5), ([], [1], None)],
    ids=["all above", "all below", "ties", "one of two", "nothing"],
)
def test_area_counts_pairs(ours, theirs, area):
    assert area_under_curve(ours, theirs) == area


def test_agreement_is_about_the_verdict_and_the_score():
    other = Judged("other", 0.3, {kind: values - 0.2 for kind, values in SCORES.items()})
    agreement = Agreement.of(JUDGED, other)
    assert agreement.apart == pytest.approx(0.2)
    assert (agreement.same.k, agreement.same.n) == (11, 11)
    stricter = Judged("other", 0.85, SCORES)
    assert Agreement.of(JUDGED, stricter).same.k == 8


def test_the_answer_says_that_it_is_a_simulation_and_no_error_rate():
    answer = json.loads(json.dumps(pad_answer([JUDGED], Judged("teacher", 0.5, SCORES)), allow_nan=False))
    assert set(answer["judges"]["one"]["auc"]) == {"print"}
    assert set(answer["judges"]["one"]["auc"]["print"]) == {"photograph", "head"}
    said = "\n".join(pad_lines(answer))
    assert said.startswith("SIMULATION: ")
    assert "neither APCER nor BPCER" in said
    assert "agrees with teacher on 11 of 11" in said
    assert "refused    3 of 4" in said


def test_without_a_reference_nothing_is_compared():
    assert "agrees" not in "\n".join(pad_lines(pad_answer([JUDGED], None)))
