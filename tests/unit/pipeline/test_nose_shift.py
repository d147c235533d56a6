"""What the correlation of a shifted nose says."""

from __future__ import annotations

import numpy as np
import pytest

from faceguard.pipeline.nose_shift import SHIFTS, judged


def peak(at, width=0.08, top=0.95):
    """Correlation that is best where the nose really stands."""
    return top * np.exp(-(((SHIFTS - at) / width) ** 2))


def test_nose_in_the_plane_is_evidence_for_a_picture():
    assert judged(peak(0.0), 25.0).evidence < -1
    assert judged(peak(-0.02), 25.0).evidence < -1


@pytest.mark.parametrize("at", [0.14, -0.14])
def test_nose_off_the_plane_is_evidence_for_a_head_on_either_side(at):
    found = judged(peak(at), 20.0)
    assert found.evidence > 1
    assert found.shift == pytest.approx(at)


def test_more_of_a_turn_asks_for_more_of_a_shift():
    """A bent picture that is turned far shifts as much as a flat nose that has hardly turned."""
    assert judged(peak(0.06), 10.0).evidence > 0
    assert judged(peak(0.06), 40.0).evidence < 0


def test_more_of_a_shift_than_any_nose_makes_in_that_turn_is_none():
    assert judged(peak(0.28, width=0.04), 10.0).evidence < 0.1


def test_nose_that_is_nowhere_is_no_evidence():
    assert judged(np.zeros_like(SHIFTS), 25.0).evidence == 0.0
    assert judged(np.full_like(SHIFTS, 0.3), 25.0).evidence == pytest.approx(0.0)


def test_sharper_picture_makes_the_same_shift_weigh_more():
    assert judged(peak(0.14, top=0.98), 20.0).evidence > judged(peak(0.14, top=0.6), 20.0).evidence > 0
