"""Distance and tau: direction, bounds, the tie, and what can never pass."""

import math

import pytest

from faceguard.domain.score import Distance, Threshold


def test_a_tie_is_the_same_person_and_a_hair_more_is_not():
    assert Distance(1.1332).within(Threshold(1.1332))
    assert not Distance(math.nextafter(1.1332, 2.0)).within(Threshold(1.1332))


def test_smaller_is_more_alike():
    assert Distance(0.1).within(Threshold(1.0))
    assert not Distance(3.9).within(Threshold(1.0))
    assert Distance(0.1) < Distance(0.2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.001, 4.001, True, "0,4", None], ids=repr)
@pytest.mark.parametrize("kind", [Distance, Threshold])
def test_what_is_no_distance_cannot_be_built(kind, value):
    with pytest.raises(ValueError, match=r"is a number|lies in"):
        kind(value)
