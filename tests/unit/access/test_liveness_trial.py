"""One presentation, judged by the door's own liveness gates: what passes, what is refused, what got no answer."""

from dataclasses import replace
from random import Random

import pytest

from faceguard.access.liveness_trial import ACQUIRE_MS, LivenessTrial
from faceguard.access.policy import LivenessPolicy, PassiveRule
from faceguard.domain.decision import Deny, DenyReason, Grant, Hint
from faceguard.domain.observation import HaltReason, PadVerdict, ParallaxReading
from faceguard.domain.presentation import Response, TrialResult
from tests.unit.access.paper_door import ANSWER_FRAMES, POLICY, Play, gallery_of

VOUCHING = replace(POLICY, passive=PassiveRule(0.7, 0.3))
REFUSING = replace(POLICY, passive=PassiveRule(None, 0.3))


class Bench:
    """A trial on paper; the gallery is empty, whose face it is plays no part."""

    def __init__(self, policy=POLICY):
        self.play = Play(gallery_of())
        self.trial = LivenessTrial(policy, Random(1))
        self.hints = []

    def frame(self, person=1, *, step_ms=100, **parts):
        self.play.now_ms += step_ms
        self.hints.append(self.trial.observe(self.play.observation(person, **parts)).hint)

    def frames(self, count, person=1, **parts):
        for _ in range(count):
            self.frame(person, **parts)

    def turn_head(self, *, not_flat=True, frames=ANSWER_FRAMES, person=1, way=1.0, **parts):
        sign = way if self.trial.challenge == "left" else -way
        for _ in range(frames):
            reading = ParallaxReading(sign * 25.0, 4.0 if not_flat else 1.0, not_flat, 30)
            self.frame(person, failing=HaltReason.TURNED_AWAY, embed=True, parallax=reading, **parts)

    @property
    def result(self):
        return self.trial.result


def test_a_head_that_turns_passes_though_nobody_is_enrolled():
    bench = Bench()
    bench.frames(5)
    assert bench.trial.challenge is not None
    bench.turn_head()
    assert bench.result is None  # fresh pictures behind the turn are part of it
    bench.frames(6)
    assert bench.result == TrialResult(Response.PASSED, "not static, not flat")


def test_the_turn_is_asked_for_as_at_the_door():
    bench = Bench()
    bench.frames(6)
    assert bench.hints[-1] is (Hint.TURN_LEFT if bench.trial.challenge == "left" else Hint.TURN_RIGHT)


def test_a_flat_picture_that_turns_is_refused_as_flat():
    bench = Bench()
    bench.frames(5)
    bench.turn_head(not_flat=False, frames=70)
    assert bench.result == TrialResult(Response.REFUSED, DenyReason.FLAT_PICTURE)


@pytest.mark.parametrize("way", [-1.0, 0.1], ids=["the other way", "hardly"])
def test_a_turn_that_was_not_asked_for_answers_nothing(way):
    bench = Bench()
    bench.frames(5)
    bench.turn_head(way=way, frames=70)
    assert bench.result == TrialResult(Response.REFUSED, DenyReason.CHALLENGE_FAILED)


def test_a_still_picture_is_refused_at_once():
    bench = Bench()
    bench.frames(2)
    bench.frame(static=PadVerdict.ATTACK)
    assert bench.result == TrialResult(Response.REFUSED, DenyReason.STATIC_PICTURE)


def test_a_face_that_never_moved_enough_is_not_passed():
    bench = Bench()
    bench.frames(5, static=PadVerdict.UNDECIDED)
    bench.turn_head(static=PadVerdict.UNDECIDED)
    bench.frames(60, static=PadVerdict.UNDECIDED)
    assert bench.result == TrialResult(Response.REFUSED, DenyReason.LIVENESS_UNDECIDED)


def test_a_network_that_only_refuses_refuses_and_vouches_for_nobody():
    bench = Bench(REFUSING)
    bench.frames(6, passive=0.1)
    assert bench.result == TrialResult(Response.REFUSED, DenyReason.PASSIVE_ATTACK)
    bench = Bench(REFUSING)
    bench.frames(30, passive=0.99)
    assert bench.result is None
    assert bench.trial.challenge is not None


def test_a_network_that_vouches_spares_the_turn_under_the_standard_policy_only():
    bench = Bench(VOUCHING)
    bench.frames(8, passive=0.9)
    assert bench.result == TrialResult(Response.PASSED, "not static, passive PAD")
    bench = Bench(replace(VOUCHING, liveness=LivenessPolicy.STRICT))
    bench.frames(8, passive=0.9)
    assert bench.result is None
    bench.turn_head(passive=0.9)
    bench.frames(6, passive=0.9)
    assert bench.result == TrialResult(Response.PASSED, "not static, not flat, passive PAD")


def test_another_face_in_the_same_place_is_refused():
    bench = Bench()
    bench.frames(6)
    bench.frame(2)
    assert bench.result == TrialResult(Response.REFUSED, DenyReason.IDENTITY_CHANGED)


def test_no_face_is_no_answer():
    bench = Bench()
    bench.frames(ACQUIRE_MS // 100 + 2, None)
    assert bench.result == TrialResult(Response.NOT_ACQUIRED, HaltReason.NO_FACE)


def test_pictures_that_are_too_poor_are_no_answer_and_the_reason_is_what_most_of_them_lacked():
    bench = Bench()
    bench.frames(5, None)
    bench.frames(ACQUIRE_MS // 100, failing=HaltReason.TOO_DARK)
    assert bench.result == TrialResult(Response.NOT_ACQUIRED, HaltReason.TOO_DARK)
    bench = Bench()
    bench.frame()
    bench.frames(60, failing=HaltReason.BLURRED)
    assert bench.result == TrialResult(Response.NOT_ACQUIRED, DenyReason.POOR_PICTURES)


def test_a_prop_that_is_taken_away_while_it_is_judged_got_no_answer():
    bench = Bench()
    bench.frames(6)
    bench.frames(12, None)
    assert bench.result == TrialResult(Response.NOT_ACQUIRED, DenyReason.TRACK_LOST)


def test_several_tracks_are_no_continuous_presentation():
    bench = Bench()
    bench.frames(3, track=1)
    bench.frames(4, track=2)
    assert bench.trial.challenge is None  # four good frames of the second track, not seven
    bench.frames(1, track=2)
    assert bench.trial.challenge is not None
    bench.frame(track=3)
    assert bench.result == TrialResult(Response.NOT_ACQUIRED, DenyReason.TRACK_LOST)


def test_a_face_may_be_lost_for_a_moment():
    bench = Bench()
    bench.frames(5)
    bench.frames(3, None)
    bench.turn_head()
    bench.frames(6)
    assert bench.result.response is Response.PASSED


@pytest.mark.parametrize("good", [0, 3, 6])
def test_pictures_that_end_before_a_decision_are_no_answer(good):
    bench = Bench()
    bench.frames(good)
    assert bench.trial.stop().response is Response.NOT_ACQUIRED
    assert bench.trial.challenge is None


def test_a_result_stands():
    bench = Bench()
    bench.frame(static=PadVerdict.ATTACK)
    said = bench.result
    bench.frames(5)
    bench.turn_head()
    bench.frames(10)
    assert bench.result is said
    assert bench.trial.stop() is said


def test_time_that_runs_backwards_starts_the_presentation_anew():
    bench = Bench()
    bench.frames(5)
    assert bench.trial.challenge is not None
    bench.frame(step_ms=-300)
    assert bench.trial.challenge is None
    bench.turn_head(frames=2)
    assert bench.result is None


def test_with_liveness_off_there_is_nothing_to_measure():
    with pytest.raises(ValueError, match="nothing to measure"):
        LivenessTrial(replace(POLICY, liveness=LivenessPolicy.OFF))


BROKEN = (None, float("nan"), float("inf"), -1, "bona fide", True)


def test_a_thousand_broken_observations_pass_nothing():
    """No embedding, no quality, no liveness cue, words for numbers: a fault or a refusal, never passed."""
    chance = Random(7)
    for seed in range(200):
        bench = Bench(chance.choice([POLICY, VOUCHING, REFUSING, replace(POLICY, liveness=LivenessPolicy.STRICT)]))
        for _ in range(40):
            bench.play.now_ms += chance.choice([0, 40, 100, 100, 100, -50])
            seen = bench.play.observation(chance.choice([1, 1, 1, 2, None]), track=chance.choice([1, 1, 1, 2]))
            if seen.pad is not None:
                pad = replace(seen.pad, static=PadVerdict.UNDECIDED)
                for name in ("static", "passive_score", "parallax"):
                    if chance.random() < 0.5:
                        object.__setattr__(pad, name, chance.choice(BROKEN))
                object.__setattr__(seen, "pad", chance.choice([pad, pad, None]))
                for name in ("embedding", "quality"):
                    if chance.random() < 0.2:
                        object.__setattr__(seen, name, None)
            try:
                decision = bench.trial.observe(seen)
            except Exception:
                break
            assert not isinstance(decision, Grant | Deny)
        assert bench.result is None or bench.result.response is not Response.PASSED, seed
