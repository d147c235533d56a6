"""What the door says to people, one story a test."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import faceguard
from faceguard.access.policy import LivenessPolicy, PassiveRule
from faceguard.domain.decision import (
    NS_PER_MS,
    Ask,
    AskReason,
    Deny,
    DenyReason,
    Gate,
    Grant,
    Hint,
    Pending,
)
from faceguard.domain.observation import HaltReason, PadVerdict, ParallaxReading
from faceguard.domain.score import Threshold
from tests.unit.access.paper_door import ANSWER_FRAMES, POLICY, ListSearch, Play, gallery_of

STRANGER = 9


def reason(decision) -> DenyReason:
    assert isinstance(decision, Deny), decision
    return decision.reason


def twin_of(person: int, apart: float) -> np.ndarray:
    vector = np.zeros(32, np.float32)
    vector[person], vector[20] = 1.0, apart
    return vector / np.linalg.norm(vector)


class TestGrant:
    def test_enrolled_person_who_answers_the_challenge_is_granted_by_name(self, play):
        decision = play.grant(1)
        assert isinstance(decision, Grant)
        assert decision.subject.subject_id == 1
        assert {Gate.QUALITY, Gate.MATCH, Gate.NOT_STATIC, Gate.NOT_FLAT} == decision.evidence.gates

    def test_nothing_is_said_before_five_good_frames(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.OFF)
        assert all(isinstance(play.frame(1), Pending) for _ in range(4))
        assert isinstance(play.frame(1), Grant)

    def test_frames_closer_than_100_ms_count_once(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.OFF)
        assert isinstance(play.frames(10, 1, step_ms=40), Pending)

    def test_grant_stands_and_is_not_made_twice(self, play):
        grant = play.grant(1)
        assert play.frames(60, 1) is grant

    def test_someone_else_waits_for_the_cool_down(self, make_play):
        play = make_play(1, 2, liveness=LivenessPolicy.OFF)
        first = play.frames(5, 1)
        assert play.frames(20, 2, track=2) is first
        assert play.frames(20, 2, track=2).subject.subject_id == 2

    def test_moved_tau_counts_from_the_next_frame(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.OFF)
        vector = twin_of(1, 1.0)  # d = 2 - sqrt(2) = 0.586
        play.frames(4, 1, vector=vector)
        play.session.replace_policy(replace(play.session._policy, tau=Threshold(0.58)))
        assert isinstance(play.frame(1, vector=vector), Pending)
        assert reason(play.frames(12, 1, vector=vector)) is DenyReason.NOT_RECOGNISED
        play.session.replace_policy(replace(play.session._policy, tau=Threshold(0.59)))
        play.frames(40, None)
        assert isinstance(play.frames(5, 1, track=2, vector=vector), Grant)

    def test_removed_person_is_not_granted_at_the_last_moment(self, play):
        play.frames(6, 1)
        play.turn_head()
        play.session.replace_gallery(ListSearch(gallery_of(2, 3)))
        assert not isinstance(play.frames(10, 1), Grant)

    def test_frames_of_the_turned_head_are_not_what_is_compared_in_the_end(self, play):
        turned = twin_of(1, 2.5)  # d = 1.26: beyond tau, within the continuity of one face
        play.frames(6, 1)
        sign = 1.0 if play.session.challenge == "left" else -1.0
        reading = ParallaxReading(sign * 25.0, 4.0, True, 30)
        halfway = twin_of(1, 1.6)  # d = 0.94, good enough in quality while the head turns
        play.frames(ANSWER_FRAMES, 1, vector=halfway, parallax=reading)
        assert play.session.challenge is None
        decision = play.frames(4, 1, vector=turned)
        assert decision == Pending(Hint.LOOK_STRAIGHT, 1.0, 1)
        assert isinstance(play.frames(8, 1), Grant)


class TestDeny:
    def test_stranger_is_not_recognised_at_the_end_of_the_attempt_only(self, play):
        assert isinstance(play.frames(14, STRANGER), Pending)
        assert reason(play.frame(STRANGER)) is DenyReason.NOT_RECOGNISED

    def test_slow_camera_ends_the_attempt_after_five_seconds(self, play):
        assert reason(play.frames(8, STRANGER, step_ms=800)) is DenyReason.NOT_RECOGNISED

    def test_photo_that_does_not_answer_is_refused(self, play):
        play.frames(6, 1)
        assert isinstance(play.last, Pending)
        assert play.last.hint in (Hint.TURN_LEFT, Hint.TURN_RIGHT)
        play.frames(62, 1)
        assert reason(play.last) is DenyReason.CHALLENGE_FAILED

    def test_tilted_photo_is_refused_as_flat_and_the_track_stays_refused(self, play):
        play.frames(6, 1)
        play.turn_head(not_flat=False, frames=63)
        assert reason(play.last) is DenyReason.FLAT_PICTURE
        deny = play.last
        assert play.grant(1) is deny
        play.frames(30, None)
        assert isinstance(play.grant(1, track=2), Grant)

    def test_turn_in_the_wrong_direction_proves_nothing(self, play):
        play.frames(6, 1)
        wrong = -25.0 if play.session.challenge == "left" else 25.0
        reading = ParallaxReading(wrong, 9.0, True, 30)
        play.frames(65, 1, parallax=reading)
        assert reason(play.last) is DenyReason.CHALLENGE_FAILED

    def test_geometry_without_the_same_face_in_the_same_frame_proves_nothing(self, play):
        play.frames(6, 1)
        sign = 1.0 if play.session.challenge == "left" else -1.0
        reading = ParallaxReading(sign * 25.0, 9.0, True, 30)
        play.frames(65, 1, failing=HaltReason.BLURRED, parallax=reading)
        assert reason(play.last) is DenyReason.CHALLENGE_FAILED

    def test_photo_for_the_match_and_own_head_for_the_turn_is_refused(self, play):
        play.frames(6, 1)
        play.turn_head(person=STRANGER)
        assert reason(play.last) is DenyReason.IDENTITY_CHANGED

    def test_frozen_embedding_is_a_still_picture(self, play):
        assert reason(play.frame(1, static=PadVerdict.ATTACK)) is DenyReason.STATIC_PICTURE
        assert isinstance(play.grant(1), Deny)

    def test_undecided_static_check_never_passes(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.STANDARD)
        decision = play.frames(80, 1, static=PadVerdict.UNDECIDED)
        assert not isinstance(decision, Grant)

    def test_one_bad_pad_score_does_not_refuse_but_the_median_does(self, make_play):
        rule = PassiveRule(accept=0.8, attack=0.3)
        play = make_play(1, passive=rule)
        play.frame(1, passive=0.0)
        assert isinstance(play.frames(4, 1, passive=0.9), Grant)
        play = make_play(1, passive=rule)
        play.frames(2, 1, passive=0.9)
        assert reason(play.frames(3, 1, passive=0.1)) is DenyReason.PASSIVE_ATTACK

    def test_undecided_pad_asks_for_the_challenge(self, make_play):
        play = make_play(1, passive=PassiveRule(accept=0.8, attack=0.3))
        play.frames(6, 1, passive=0.5)
        assert play.session.challenge is not None
        assert isinstance(play.grant(1, passive=0.5), Grant)

    def test_networks_that_nobody_measured_refuse_but_vouch_for_nobody(self, make_play):
        rule = PassiveRule(accept=None, attack=0.5)
        play = make_play(1, passive=rule, pin_after_face=True, pins=(1,))
        play.frames(6, 1, passive=1.0)
        assert play.session.challenge is not None
        assert isinstance(play.grant(1, passive=1.0), Ask)
        play = make_play(1, passive=rule, pin_after_face=False)
        assert reason(play.frames(6, 1, passive=0.4)) is DenyReason.PASSIVE_ATTACK
        assert isinstance(play.grant(1, passive=0.4), Deny)

    def test_strict_always_asks_for_the_challenge(self, make_play):
        play = make_play(1, passive=PassiveRule(accept=0.8, attack=0.3), liveness=LivenessPolicy.STRICT)
        play.frames(6, 1, passive=0.95)
        assert play.session.challenge is not None

    def test_named_but_missing_pad_network_lets_nobody_in(self, make_play):
        play = make_play(1, liveness_available=False)
        assert reason(play.grant(1)) is DenyReason.LIVENESS_MISSING

    def test_encoder_without_measured_tau_lets_nobody_in(self, make_play):
        play = make_play(1, tau=None, tau_pair=None)
        assert reason(play.grant(1)) is DenyReason.NOT_CALIBRATED

    def test_empty_gallery_lets_nobody_in_until_someone_is_enrolled(self, make_play):
        play = make_play(liveness=LivenessPolicy.OFF)
        assert reason(play.grant(1)) is DenyReason.GALLERY_EMPTY
        play.search = ListSearch(gallery_of(1))
        play.session.replace_gallery(play.search)
        assert isinstance(play.frames(6, 1), Grant)

    def test_identity_flicker_is_never_clear(self, make_play):
        play = make_play(1, 2, liveness=LivenessPolicy.OFF)
        for i in range(15):
            play.frame(1, nearest=1 if i % 2 else 2)
        assert reason(play.last) is DenyReason.NOT_RECOGNISED

    def test_face_swap_on_another_track_starts_from_nothing(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.OFF)
        play.frames(4, 1, track=1)
        assert isinstance(play.frame(STRANGER, track=2), Pending)
        assert isinstance(play.frames(3, 1, track=3), Pending)

    def test_late_result_opens_nothing(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.OFF)
        assert not isinstance(play.frames(30, 1, late_ms=301), Grant)

    def test_time_that_runs_backwards_starts_from_nothing(self, make_play):
        play = make_play(1, liveness=LivenessPolicy.OFF)
        play.frames(4, 1)
        play.frame(1, step_ms=-50)
        assert isinstance(play.frames(4, 1), Pending)

    def test_leaving_after_a_failed_look_is_a_failed_attempt(self, play):
        play.frames(6, STRANGER)
        assert reason(play.frames(12, None)) is DenyReason.NOT_RECOGNISED

    def test_empty_scene_is_nobodys_failure(self, play):
        assert isinstance(play.frames(500, None), Pending)
        assert isinstance(play.grant(1), Grant)

    def test_five_failed_attempts_pause_that_face_and_no_other(self, play):
        for track in range(1, 6):
            play.frames(15, STRANGER, track=track)
            play.frames(40, None)
        assert reason(play.frame(STRANGER, track=6)) is DenyReason.TOO_MANY_ATTEMPTS
        play.frames(40, None)
        assert isinstance(play.grant(1, track=7), Grant)
        play.frames(300, None)
        assert isinstance(play.frame(STRANGER, track=8), Pending)

    def test_poor_pictures_give_one_instruction_and_are_not_charged(self, play):
        decision = play.frames(100, 1, failing=HaltReason.TOO_DARK)
        assert decision == Pending(Hint.MORE_LIGHT, 0.0, 1)


class TestAsk:
    def test_two_people_too_alike_are_asked_for_the_pin_which_names_the_right_one(self, make_play):
        play = make_play(1, 2, pins=(1, 2), alike={2: twin_of(1, 0.1)}, liveness=LivenessPolicy.OFF)
        ask = play.frames(15, 1)
        assert isinstance(ask, Ask)
        assert ask.reason is AskReason.TOO_ALIKE
        assert play.session.pin_targets == (1, 2)
        play.session.answer_pin(2, play.now_ms * NS_PER_MS)
        grant = play.frames(2, 1)
        assert isinstance(grant, Grant)
        assert grant.subject.subject_id == 2
        assert Gate.PIN in grant.evidence.gates

    def test_liveness_is_shown_before_the_twins_are_asked(self, make_play):
        play = make_play(1, 2, pins=(1, 2), alike={2: twin_of(1, 0.1)})
        play.frames(15, 1)
        assert play.session.challenge is not None
        play.turn_head()
        assert isinstance(play.frames(6, 1), Ask)

    def test_pin_after_face_is_asked_when_no_network_vouched(self, make_play):
        play = make_play(1, 2, pins=(1,), pin_after_face=True)
        ask = play.grant(1)
        assert isinstance(ask, Ask)
        assert ask.reason is AskReason.LIVENESS_UNPROVEN
        assert play.session.pin_targets == (1,)
        play.session.answer_pin(1, play.now_ms * NS_PER_MS)
        grant = play.frames(2, 1)
        assert isinstance(grant, Grant)
        assert {Gate.PIN, Gate.NOT_FLAT} <= grant.evidence.gates

    def test_whoever_has_no_pin_is_denied_with_that_reason(self, make_play):
        assert reason(make_play(1, pin_after_face=True).grant(1)) is DenyReason.NO_PIN

    def test_wrong_pin_is_denied(self, make_play):
        play = make_play(1, pins=(1,), pin_after_face=True)
        play.grant(1)
        assert reason(play.session.answer_pin(None, play.now_ms * NS_PER_MS)) is DenyReason.WRONG_PIN

    def test_pin_of_somebody_else_is_denied(self, make_play):
        play = make_play(1, 2, pins=(1, 2), pin_after_face=True)
        play.grant(1)
        assert reason(play.session.answer_pin(2, play.now_ms * NS_PER_MS)) is DenyReason.WRONG_PIN

    def test_pin_entry_ends_after_its_time(self, make_play):
        play = make_play(1, pins=(1,), pin_after_face=True)
        play.grant(1)
        assert reason(play.frames(301, 1)) is DenyReason.PIN_TIMEOUT

    def test_right_pin_that_comes_too_late_is_late_and_not_wrong(self, make_play):
        play = make_play(1, pins=(1,), pin_after_face=True)
        ask = play.grant(1)
        assert reason(play.session.answer_pin(1, ask.expires_ns + 1)) is DenyReason.PIN_TIMEOUT

    def test_right_pin_with_the_face_gone_opens_nothing(self, make_play):
        play = make_play(1, pins=(1,), pin_after_face=True)
        play.grant(1)
        play.session.answer_pin(1, play.now_ms * NS_PER_MS)
        assert reason(play.frames(12, None)) is DenyReason.TRACK_LOST

    def test_right_pin_with_another_face_opens_nothing(self, make_play):
        play = make_play(1, pins=(1,), pin_after_face=True)
        play.grant(1)
        play.frames(55, STRANGER)
        play.session.answer_pin(1, play.now_ms * NS_PER_MS)
        assert not isinstance(play.frames(60, STRANGER), Grant)

    def test_pin_without_an_ask_opens_nothing(self, play):
        assert isinstance(play.session.answer_pin(1, 1), Pending)

    def test_claim_compares_with_the_named_person_only(self, make_play):
        play = make_play(1, 2, pins=(2,))
        play.session.claim(2, play.now_ms * NS_PER_MS)
        assert not isinstance(play.grant(1), Grant)

    def test_claim_works_for_a_paused_face(self, make_play):
        play = make_play(1, 2, failed_attempts=1, tau=Threshold(0.1), tau_pair=Threshold(1.0), pins=(1,))
        vector = twin_of(1, 1.0)
        play.frames(15, 1, vector=vector)
        play.frames(40, None)
        assert reason(play.frame(1, vector=vector, track=2)) is DenyReason.TOO_MANY_ATTEMPTS
        play.session.claim(1, play.now_ms * NS_PER_MS)
        grant = play.grant(1, vector=vector, track=2)
        assert isinstance(grant, Grant)
        assert Gate.PIN in grant.evidence.gates


@pytest.mark.parametrize("halt", list(HaltReason), ids=str)
def test_every_halt_has_an_instruction(play, halt):
    assert isinstance(play.frame(1, failing=halt), Pending)


def test_only_the_session_makes_a_grant():
    root = Path(faceguard.__file__).parent
    makers = []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name == "Grant":
                    makers.append(path.relative_to(root).as_posix())
    assert makers == ["access/session.py"]


@pytest.mark.parametrize(
    "broken",
    [
        {"distance_over_tau": True},
        {"gates": frozenset({Gate.QUALITY, Gate.MATCH})},
        {"gates": frozenset({Gate.MATCH, Gate.NOT_STATIC})},
        {"sequences": ()},
        {"sequences": (3, 2, 1)},
        {"newest_late_ms": 301},
        {"oldest_late_ms": 5001},
    ],
    ids=lambda b: next(iter(b)),
)
def test_grant_cannot_be_built_from_incomplete_evidence(play, broken):
    evidence = play.grant(1).evidence
    subject = play.last.subject
    broken = dict(broken)
    if broken.pop("distance_over_tau", False):
        broken["tau"] = Threshold(0.0)
        evidence = replace(evidence, distance=type(evidence.distance)(0.1))
    if (late := broken.pop("newest_late_ms", None)) is not None:
        broken["decided_ns"] = evidence.newest_ns + late * NS_PER_MS
    if (late := broken.pop("oldest_late_ms", None)) is not None:
        broken["oldest_ns"] = evidence.decided_ns - late * NS_PER_MS
    with pytest.raises(ValueError, match="no grant"):
        Grant(subject, replace(evidence, **broken))


verdicts = st.sampled_from(list(PadVerdict))
turns = st.builds(ParallaxReading, st.floats(-60, 60), st.floats(0, 9), st.booleans(), st.integers(0, 60))


@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_a_thousand_broken_presentations_find_no_grant(data):
    """Each presentation lacks at least one thing that a grant needs, in every frame; everything else is random."""
    lacking = data.draw(st.sampled_from(["match", "quality", "static", "turn", "liveness", "tau", "fresh", "track"]))
    policy = POLICY
    if lacking == "liveness":
        policy = replace(policy, liveness_available=False)
    if lacking == "tau":
        policy = replace(policy, tau=None)
    play = Play(gallery_of(1, 2), policy)
    for number in range(data.draw(st.integers(5, 20))):
        person = data.draw(st.sampled_from([1, None, STRANGER])) if lacking != "match" else STRANGER
        parts = {
            "static": data.draw(verdicts) if lacking != "static" else PadVerdict.UNDECIDED,
            "parallax": data.draw(st.none() | turns) if lacking != "turn" else None,
            "track": data.draw(st.integers(1, 2)) if lacking != "track" else number,
            "failing": data.draw(st.sampled_from([None, *HaltReason])) if lacking != "quality" else HaltReason.BLURRED,
            "late_ms": data.draw(st.integers(0, 200)) if lacking != "fresh" else 400,
            "step_ms": data.draw(st.integers(-50, 900)),
        }
        assert not isinstance(play.frame(person, **parts), Grant)
