"""Every reason has a sentence, and the door gives nothing away."""

import re
from datetime import UTC, datetime

import pytest

from faceguard.domain.decision import AskReason, DenyReason, Gate, Hint
from faceguard.domain.observation import HaltReason
from faceguard.ui.messages import (
    GATES,
    HALTS,
    HINTS,
    QUESTIONS,
    REFUSALS,
    desk_words,
    given_name,
    since_words,
    welcome,
)


@pytest.mark.parametrize(
    ("words", "kind"),
    [(HINTS, Hint), (REFUSALS, DenyReason), (QUESTIONS, AskReason), (GATES, Gate), (HALTS, HaltReason)],
)
def test_every_member_has_its_words(words, kind):
    assert set(words) == set(kind)


def door_sentences():
    yield from HINTS.values()
    for refusal in REFUSALS.values():
        yield from (refusal.headline, refusal.sentence)
    yield from (question.sentence for question in QUESTIONS.values())


@pytest.mark.parametrize("sentence", list(door_sentences()))
def test_door_never_tells_a_score_a_threshold_or_a_likeness(sentence):
    assert not re.search(r"\d|tau|distance|score|threshold|alike|resembl|similar|enrolled", sentence, re.IGNORECASE)
    assert 0 < len(sentence) <= 70


def test_door_does_not_tell_who_has_a_pin_or_that_an_attack_was_recognised():
    assert REFUSALS[DenyReason.NO_PIN].headline == REFUSALS[DenyReason.PASSIVE_ATTACK].headline
    attacks = {DenyReason.FLAT_PICTURE, DenyReason.STATIC_PICTURE, DenyReason.PASSIVE_ATTACK}
    assert len({(REFUSALS[reason].headline, REFUSALS[reason].sentence) for reason in attacks}) == 1
    assert len({REFUSALS[reason].event for reason in attacks}) == 3


def test_greeting_with_and_without_a_name():
    assert welcome(given_name("Eileen Marie Collins")) == "Welcome, Eileen"
    assert welcome(None) == "Welcome"


def test_fault_says_since_when():
    now = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
    minute = 60 * 10**9
    assert since_words(0, now_ns=21 * minute, now=now) == "Since 09:20."
    assert since_words(0, now_ns=24 * 60 * minute, now=now) == "Since 21 November, 09:41."


def test_whom_to_ring():
    assert desk_words("1234") == "Please ring the desk: 1234"
    assert desk_words("") == "Please ask at the desk."
