"""Shadow mode: the door decides, records and shows what it would do, and opens nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceguard.access.policy import LivenessPolicy
from faceguard.domain.decision import (
    NS_PER_MS,
    Ask,
    Deny,
    DenyReason,
    Grant,
    OutOfService,
    Pending,
    WouldGrant,
)
from faceguard.domain.errors import NotPermitted, SettingsFault, StoreFault
from faceguard.domain.face import Frame
from faceguard.domain.observation import HaltReason, PadVerdict, ParallaxReading
from faceguard.domain.score import Threshold
from tests.unit.access.paper_door import POLICY
from tests.unit.test_guard import PIXELS, House, turn_head

OPEN = {"liveness": LivenessPolicy.OFF}


@pytest.fixture
def house():
    return House(1, 2, shadow=True, **OPEN)


def switch(house, shadow, **rules):
    """As another process does it: the settings are other ones at the next look."""
    answers = [replace(POLICY, shadow=shadow, **(rules or OPEN))]
    house.guard._poll_policy = lambda: answers.pop() if answers else None
    house.guard.look_again()


def test_a_grant_is_logged_as_one_and_marked_and_nothing_opens(house):
    decision = house.see(1, 5)
    assert isinstance(decision, WouldGrant)
    assert decision.grant.subject.subject_id == 1
    (event,) = house.log.events
    assert (event.decision, event.subject_id, event.distance, event.shadow) == ("grant", 1, 0.0, True)
    assert house.report.event.subject_name == "Person 1"
    assert house.relay.pulses == []


def test_the_same_standing_verdict_is_the_same_object(house):
    said = house.see(1, 5)
    assert all(house.see(1) is said for _ in range(20))
    assert house.log.words == ["grant"]


def test_whoever_acts_on_a_grant_does_not_act_on_this_one(house):
    assert not isinstance(house.see(1, 5), Grant)


def test_the_walk_is_that_of_the_real_door_pin_and_all():
    house = House(1, 2, pins=(1, 2), pin_after_face=True, shadow=True)
    assert isinstance(turn_head(house), Ask)
    house.guard.submit_pin("2468")
    assert isinstance(house.see(1, 2), WouldGrant)
    assert [(e.decision, e.shadow) for e in house.log.events] == [("ask", True), ("grant", True)]
    assert "PIN" in house.log.events[-1].gates
    assert house.relay.pulses == []


def test_refusals_and_faults_are_marked_too(house):
    assert isinstance(house.see(9, 20), Deny)
    house.broken = ValueError("bug")
    house.see(1)
    assert [(e.decision, e.shadow) for e in house.log.events] == [("deny", True), ("fault", True)]


def test_outside_shadow_mode_nothing_is_marked():
    house = House(1, 2, **OPEN)
    house.see(1, 5)
    assert [e.shadow for e in house.log.events] == [False]


def test_a_standing_would_be_grant_does_not_open_when_shadow_mode_ends(house):
    said = house.see(1, 5)
    switch(house, False)
    for _ in range(100):  # ten seconds: longer than the verdict is held and than the pause after a grant
        assert house.see(1) is said
    assert house.relay.pulses == []
    assert not house.guard.shadow
    house.see(None, 40)
    assert isinstance(house.see(1, 6, track=2), Grant)
    assert house.relay.pulses == [4000]
    assert [e.shadow for e in house.log.events] == [True, False]


def test_an_attempt_that_began_in_shadow_mode_starts_anew_outside_it(house):
    house.see(1, 4)
    switch(house, False)
    assert isinstance(house.see(1, 4), Pending)
    assert isinstance(house.see(1, 2), Grant)


def test_a_question_of_shadow_mode_is_not_answered_outside_it():
    house = House(1, 2, pins=(1, 2), pin_after_face=True, shadow=True)
    assert isinstance(turn_head(house), Ask)
    house.pins.slow = True
    house.guard.submit_pin("2468")
    switch(house, False, pin_after_face=True)
    house.see(1)
    house.pins.finish()
    house.see(1, 3)
    assert house.relay.pulses == []
    assert "grant" not in house.log.words


def test_switched_on_it_counts_from_the_next_frame_on():
    house = House(1, 2, **OPEN)
    house.see(1, 4)
    switch(house, True)
    assert isinstance(house.see(1, 6), WouldGrant)
    assert house.relay.pulses == []


def decide_on(house, *answers, looks=1):
    """The settings answer from the frame on that decides: nothing for so many looks, then each of these."""
    waiting = [None] * looks + list(answers)

    def poll():
        answer = waiting.pop(0) if waiting else None
        if isinstance(answer, Exception):
            waiting.insert(0, answer)  # as often as it is asked
            raise answer
        return answer

    house.see(None, 3)
    house.see(1, 4)  # the door has looked with the second of these, and does not with the next one
    house.guard._poll_policy = poll
    return house.see(1)


@pytest.mark.parametrize(("looks", "words"), [(0, ["deny"]), (1, ["grant", "deny"])], ids=["before", "after commit"])
@pytest.mark.parametrize(
    "rules", [{"shadow": True, **OPEN}, {"tau": Threshold(0.2), **OPEN}, {"liveness": LivenessPolicy.STRICT}], ids=str
)
def test_nothing_opens_by_rules_that_another_process_has_just_changed_and_the_log_says_so(looks, words, rules):
    house = House(1, 2, **OPEN)
    assert decide_on(house, replace(POLICY, **rules), looks=looks).reason is DenyReason.RULES_CHANGED
    assert house.relay.pulses == []
    assert house.log.words == words
    assert house.report.event is house.log.events[-1]
    assert house.report.event.shadow is house.guard.shadow is rules.get("shadow", False)


def test_whoever_was_before_the_door_tries_again_under_the_new_rules():
    house = House(1, 2, **OPEN)
    decide_on(house, replace(POLICY, shadow=True, **OPEN))
    for _ in range(60):
        if isinstance(house.see(1), WouldGrant):
            break
    assert isinstance(house.report.decision, WouldGrant)
    assert [(e.decision, e.shadow) for e in house.log.events] == [("grant", False), ("deny", True), ("grant", True)]
    assert house.relay.pulses == []


def test_settings_that_were_stored_and_change_no_rule_keep_nobody_out():
    house = House(1, 2, **OPEN)
    assert isinstance(decide_on(house, house.guard._policy), Grant)
    assert house.relay.pulses == [4000]


@pytest.mark.parametrize(
    ("looks", "words"), [(0, ["fault"]), (1, ["grant", "deny", "fault"])], ids=["before", "after commit"]
)
def test_nothing_opens_by_rules_that_cannot_be_read_at_that_moment(looks, words):
    house = House(1, 2, **OPEN)
    assert isinstance(decide_on(house, SettingsFault("The settings file is damaged."), looks=looks), OutOfService)
    assert house.relay.pulses == []
    assert house.log.words == words
    house.guard._poll_policy = lambda: None
    house.see(None, 40)
    assert isinstance(house.see(1, 6, track=2), Grant)


def test_settings_that_cannot_be_read_put_the_door_out_of_service_in_shadow_mode_too(house):
    def broken():
        raise SettingsFault("The settings file is damaged.")

    house.guard._poll_policy = broken
    house.guard.look_again()
    assert isinstance(house.see(1, 20), OutOfService)
    assert house.relay.pulses == []
    assert house.guard.shadow


def test_a_would_be_grant_that_cannot_be_logged_is_none(house):
    house.log.fails = StoreFault("The disk is full.")
    assert house.see(1, 5).reason is DenyReason.AUDIT_UNAVAILABLE


def test_evidence_that_is_stale_by_then_is_none_in_shadow_mode_either(house):
    def slow():
        house.now_ms += 400

    house.log.on_record = slow
    assert house.see(1, 5).reason is DenyReason.STALE_EVIDENCE


def test_the_output_is_not_tested_in_shadow_mode_and_is_outside_it(house):
    with pytest.raises(NotPermitted, match="Shadow mode"):
        house.guard.test_door()
    assert house.relay.pulses == []
    switch(house, False)
    house.guard.test_door()
    assert house.relay.pulses == [4000]


def test_the_output_is_not_tested_when_another_process_has_just_switched_it_on():
    house = House(1, 2, **OPEN)
    house.guard._poll_policy = lambda: replace(POLICY, shadow=True, **OPEN)
    with pytest.raises(NotPermitted):
        house.guard.test_door()
    assert house.relay.pulses == []


verdicts = st.sampled_from(list(PadVerdict))
turns = st.none() | st.builds(ParallaxReading, st.floats(-60, 60), st.floats(0, 9), st.booleans(), st.integers(0, 60))
frames = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 1, 2, 9, None]),
        st.integers(1, 6),
        st.sampled_from([1, 1, 1, 2]),
        st.sampled_from([None, None, None, *HaltReason]),
        turns,
        st.sampled_from(["", "", "", "pin", "wrong", "claim", "cancel", "fault", "test", "rules"]),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(walk=frames, liveness=st.sampled_from(list(LivenessPolicy)), pin=st.booleans())
def test_whatever_happens_nothing_pulses_in_shadow_mode(walk, liveness, pin):
    house = House(1, 2, pins=(1,), liveness=liveness, pin_after_face=pin, shadow=True)
    granted = False
    for person, count, track, failing, parallax, act in walk:
        decision = house.see(person, count, track=track, failing=failing, embed=True, parallax=parallax)
        granted = granted or isinstance(decision, WouldGrant)
        assert not isinstance(decision, Grant)
        match act:
            case "pin" | "wrong":
                house.guard.submit_pin("2468" if act == "pin" else "0000")
            case "claim":
                house.guard.claim(1, "2468")
            case "cancel":
                house.guard.cancel_pin()
            case "fault":
                house.guard.fault("The camera is silent.")
            case "test":
                with pytest.raises(NotPermitted):
                    house.guard.test_door()
            case "rules":
                house.guard.replace_policy(replace(POLICY, liveness=liveness, pin_after_face=not pin, shadow=True))
    assert house.relay.pulses == []
    assert all(event.shadow for event in house.log.events)
    if granted:
        assert "grant" in house.log.words


def test_the_clock_may_jump_and_nothing_opens(house):
    house.see(1, 5)
    for step in (50, -50, 5_000, -20_000, 60_000):
        house.now_ms += step
        for _ in range(8):
            house.now_ms += 100
            house.guard.step(Frame(np.array(PIXELS), house.now_ms * NS_PER_MS, house.now_ms))
    assert house.relay.pulses == []
