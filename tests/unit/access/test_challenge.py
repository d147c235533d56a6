"""What proves a turn: readings that share no view, and not many flat ones."""

from __future__ import annotations

from random import Random

from faceguard.access.challenge import CONFIRMATIONS, READINGS_APART, Answer, Challenge, Turn, draw
from faceguard.domain.observation import ParallaxReading

LEFT = Challenge(Turn.LEFT, 0, 6)
ENOUGH = (CONFIRMATIONS - 1) * READINGS_APART + 1


def deep(turn_deg=25.0):
    return ParallaxReading(turn_deg, 4.0, True, 50)


def flat(turn_deg=25.0):
    return ParallaxReading(turn_deg, 0.1, False, 50)


def after(*readings, challenge=LEFT):
    """As the door does it: nothing is read any more once the challenge is proven."""
    for reading in readings:
        if challenge.answer is Answer.PROVEN:
            break
        challenge = challenge.read(reading)
    return challenge


def test_three_readings_that_share_no_view_prove_the_turn():
    assert after(*[deep()] * (ENOUGH - 1)).answer is Answer.WAITING
    assert after(*[deep()] * ENOUGH).answer is Answer.PROVEN


def test_neighbouring_readings_count_once():
    assert after(*[deep()] * READINGS_APART).confirmations == 1
    assert after(*[deep()] * (READINGS_APART + 1)).confirmations == 2
    bursts = after(*[deep(), flat()] * 2)
    assert bursts.confirmations == 2, "flat readings between two confirmations are views, too"


def test_flat_readings_outweigh():
    held_flat = after(*[flat()] * 40)
    assert after(*[deep()] * ENOUGH, challenge=held_flat).answer is Answer.WAITING
    assert after(*[deep()] * 41, challenge=held_flat).answer is Answer.PROVEN
    by_turns = [flat(), deep()] * 60
    assert after(*by_turns).answer is Answer.WAITING, "as many flat as deep readings are no proof"


def test_a_head_that_answers_late_proves_it_all_the_same():
    assert after(*[flat(3.0)] * 100, *[deep()] * ENOUGH).answer is Answer.PROVEN, "before the turn nothing counts"


def test_wrong_side_small_turns_and_missing_readings_change_nothing():
    assert after(None, deep(-25.0), flat(-25.0), deep(7.0), flat(7.0)) == LEFT
    right = Challenge(Turn.RIGHT, 0, 6)
    assert after(*[deep(-25.0)] * ENOUGH, challenge=right).answer is Answer.PROVEN
    assert after(*[deep(25.0)] * ENOUGH, challenge=right) == right


def test_both_turns_are_drawn():
    chance = Random(1)
    assert {draw(0, 6, chance).turn for _ in range(20)} == set(Turn)


def test_turn_looks_flat_only_while_most_of_it_does():
    assert not LEFT.looks_flat, "nothing was seen yet"
    assert after(flat()).looks_flat
    assert not after(flat(), deep()).looks_flat, "a head whose turn was seen too shortly may try again"
