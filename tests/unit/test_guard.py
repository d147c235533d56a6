"""The walk of one frame: what follows from a decision, and what follows when something breaks on the way."""

from concurrent.futures import Future
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from faceguard.access.policy import LivenessPolicy
from faceguard.access.session import AccessSession
from faceguard.domain.decision import NS_PER_MS, Ask, Deny, DenyReason, Grant, OutOfService, Pending
from faceguard.domain.errors import CameraFault, DoorFault, ModelFault, SettingsFault, StoreFault
from faceguard.domain.face import Frame
from faceguard.domain.observation import HaltReason, ParallaxReading
from faceguard.guard import Guard
from faceguard.store.credentials import PinCheck, PinReason
from tests.unit.access.paper_door import ANSWER_FRAMES, POLICY, ListSearch, Play, gallery_of

PIXELS = np.zeros((4, 4, 3), np.uint8)


class Relay:
    def __init__(self):
        self.pulses = []
        self.fails = False

    def pulse(self, duration_ms):
        if self.fails:
            raise DoorFault("The relay does not answer; check its cable.")
        self.pulses.append(duration_ms)


class Log:
    def __init__(self):
        self.events = []
        self.fails = None
        self.on_record = lambda: None

    def record(self, event):
        self.on_record()
        if self.fails is not None:
            raise self.fails
        self.events.append(event)
        return len(self.events)

    @property
    def words(self):
        return [e.decision for e in self.events]


class Pins:
    def __init__(self, **pins):
        self.pins = {int(k[1:]): v for k, v in pins.items()}
        self.locked = False
        self.slow = False

    def verify_any(self, subject_ids, pin):
        answer = Future()
        if self.slow:
            self.waiting = (answer, subject_ids, pin)
        else:
            answer.set_result(self.check(subject_ids, pin))
        return answer

    def finish(self):
        answer, subject_ids, pin = self.waiting
        answer.set_result(self.check(subject_ids, pin))

    def check(self, subject_ids, pin):
        if self.locked:
            return None, PinCheck(False, PinReason.LOCKED, 30)
        known = [s for s in subject_ids if s in self.pins]
        if not known:
            return None, PinCheck(False, PinReason.NONE_SET)
        for s in known:
            if self.pins[s] == pin:
                return s, PinCheck(True, PinReason.OK)
        return None, PinCheck(False, PinReason.WRONG)


class House:
    """A whole door on paper, with a recogniser that shows one person after the other."""

    def __init__(self, *people, pins=(), **policy):
        gallery = gallery_of(*people, pins=pins)
        self.play = Play(gallery)
        self.relay, self.log, self.pins = Relay(), Log(), Pins(**{f"p{p}": "2468" for p in pins})
        self.now_ms = 1_000
        self.broken = None
        self.late_ms = 0
        self.resets = 0
        rules = replace(POLICY, **policy)
        self.guard = Guard(
            self,
            ListSearch(gallery),
            rules,
            events=self.log,
            pins=self.pins,
            door=self.relay,
            pulse_ms=4000,
            clock=lambda: self.now_ms * NS_PER_MS,
            session=AccessSession(rules, ListSearch(gallery), Random(1)),
        )

    # the recogniser

    def observe(self, frame, matcher, *, challenge):
        if self.broken is not None:
            raise self.broken
        self.play.now_ms = frame.captured_ns // NS_PER_MS
        observation = self.play.observation(self.person, **self.parts)
        self.now_ms += self.late_ms
        return observation

    def reset(self):
        self.resets += 1

    # the street

    def see(self, person=1, count=1, **parts):
        self.person, self.parts = person, parts
        for _ in range(count):
            self.now_ms += 100
            self.report = self.guard.step(Frame(PIXELS, self.now_ms * NS_PER_MS, self.now_ms))
        return self.report.decision


@pytest.fixture
def house():
    return House(1, 2, liveness=LivenessPolicy.OFF)


def test_grant_is_logged_then_the_relay_pulses_once(house):
    grant = house.see(1, 5)
    assert isinstance(grant, Grant)
    assert house.log.words == ["grant"]
    house.see(1, 30)
    assert house.relay.pulses == [4000]
    assert house.log.words == ["grant"]


def test_event_is_committed_before_the_relay_is_asked(house):
    pulses_at_commit = []
    house.log.on_record = lambda: pulses_at_commit.append(len(house.relay.pulses))
    house.see(1, 5)
    assert pulses_at_commit == [0]


def test_event_holds_numbers_and_no_name(house):
    house.see(1, 5)
    event = house.log.events[0]
    assert (event.subject_id, event.distance, event.frames, event.gallery_size) == (1, 0.0, 5, 2)
    assert event.tau == 1.0
    assert "Person" not in repr(event)
    assert event.ms == pytest.approx(400)


@pytest.mark.parametrize("error", [StoreFault("The disk is full."), StoreFault("The database is locked.")], ids=str)
def test_grant_that_cannot_be_logged_is_none_and_recovers(house, error):
    house.log.fails = error
    decision = house.see(1, 5)
    assert decision.reason is DenyReason.AUDIT_UNAVAILABLE
    assert house.report.notice == error.sentence
    house.see(1, 20)
    assert house.relay.pulses == []
    house.log.fails = None
    house.see(None, 40)
    assert isinstance(house.see(1, 6, track=2), Grant)
    assert len(house.relay.pulses) == 1


def test_commit_that_takes_too_long_makes_the_grant_stale(house):
    def slow():
        house.now_ms += 400

    house.log.on_record = slow
    assert house.see(1, 5).reason is DenyReason.STALE_EVIDENCE
    assert house.relay.pulses == []
    assert house.log.words == ["grant", "deny"]


def test_slow_recognition_never_opens(house):
    house.late_ms = 2_000
    house.see(1, 40)
    assert house.relay.pulses == []


def test_relay_that_does_not_answer_is_shown_and_logged(house):
    house.relay.fails = True
    assert isinstance(house.see(1, 5), Grant)
    assert "cable" in house.report.notice
    assert house.log.words == ["grant", "fault"]


@pytest.mark.parametrize(
    "error",
    [ValueError("bug"), MemoryError(), ModelFault("The encoder failed."), CameraFault("x"), ZeroDivisionError()],
    ids=lambda e: type(e).__name__,
)
def test_whatever_is_raised_shuts_the_door_once_and_recovers(house, error):
    house.see(1, 4)
    house.broken = error
    assert isinstance(house.see(1), OutOfService)
    house.see(1, 5)
    assert house.log.words == ["fault"]
    house.broken = None
    assert isinstance(house.see(1, 4), Pending)
    assert house.relay.pulses == []
    assert isinstance(house.see(1, 1), Grant)


def test_recogniser_that_answers_none_shuts_the_door(house):
    house.play.observation = lambda *a, **k: None
    assert isinstance(house.see(1), OutOfService)


def test_camera_fault_forgets_the_attempt(house):
    house.see(1, 4)
    assert isinstance(house.guard.fault("The camera is silent.").decision, OutOfService)
    assert isinstance(house.see(1), Pending)


def test_unknown_error_shows_no_trace_to_people(house):
    house.broken = RuntimeError("secret path")
    assert "secret" not in house.see(1).sentence


def ask_for_pin():
    house = House(1, 2, pins=(1, 2), pin_after_face=True)
    house.see(1, 6)
    for _ in range(ANSWER_FRAMES):
        sign = 1.0 if house.guard._session.challenge == "left" else -1.0
        reading = ParallaxReading(sign * 25, 4.0, True, 30)
        house.see(1, 1, failing=HaltReason.TURNED_AWAY, embed=True, parallax=reading)
    assert isinstance(house.see(1, 6), Ask)
    return house


def test_right_pin_after_the_face_opens():
    house = ask_for_pin()
    house.guard.submit_pin("2468")
    assert isinstance(house.see(1, 2), Grant)
    assert house.log.words == ["ask", "grant"]
    assert house.relay.pulses == [4000]


def test_wrong_pin_is_denied_and_logged():
    house = ask_for_pin()
    assert house.guard.submit_pin("0000").decision.reason is DenyReason.WRONG_PIN
    house.see(1, 50)
    assert house.relay.pulses == []


def test_locked_pin_is_denied_with_that_reason():
    house = ask_for_pin()
    house.pins.locked = True
    assert house.guard.submit_pin("2468").decision.reason is DenyReason.PIN_LOCKED


def test_pin_store_that_fails_shuts_the_door():
    house = ask_for_pin()

    def broken(*_):
        raise StoreFault("The database is locked.")

    house.pins.verify_any = broken
    assert isinstance(house.guard.submit_pin("2468").decision, OutOfService)
    assert not isinstance(house.see(1, 5), Grant)


def test_frames_go_on_while_a_pin_is_checked():
    house = ask_for_pin()
    house.pins.slow = True
    assert isinstance(house.guard.submit_pin("2468").decision, Ask)
    assert isinstance(house.see(1, 20), Ask)
    house.pins.finish()
    assert isinstance(house.see(1, 2), Grant)


def test_check_that_fails_later_shuts_the_door():
    house = ask_for_pin()
    house.pins.slow = True
    house.guard.submit_pin("2468")
    house.pins.waiting[0].set_exception(StoreFault("The database is locked."))
    assert isinstance(house.see(1), OutOfService)
    assert house.relay.pulses == []


def test_pin_without_an_ask_does_nothing(house):
    assert isinstance(house.guard.submit_pin("2468").decision, Pending)
    assert house.log.words == []


def test_claim_with_a_wrong_pin_and_with_an_unknown_number_look_the_same():
    house = House(1, 2, pins=(1,))
    answers = [house.guard.claim(n, "0000").decision for n in (1, 2, 77)]
    assert {a.reason for a in answers if isinstance(a, Deny)} == {DenyReason.WRONG_PIN}
    assert len(answers) == 3


def test_people_who_leave_the_gallery_are_noticed_while_the_door_runs():
    house = House(1, 2, liveness=LivenessPolicy.OFF)
    house.guard._poll_gallery = lambda: ListSearch(gallery_of(2))
    house.see(1, 4)
    assert not isinstance(house.see(1, 16), Grant)


def turn_head(house, **parts):
    house.see(1, 6, **parts)
    for _ in range(ANSWER_FRAMES):
        sign = 1.0 if house.guard._session.challenge == "left" else -1.0
        reading = ParallaxReading(sign * 25, 4.0, True, 30)
        house.see(1, 1, failing=HaltReason.TURNED_AWAY, embed=True, parallax=reading, **parts)
    return house.see(1, 6, **parts)


def test_pin_that_was_typed_for_one_visit_does_not_answer_the_next():
    house = ask_for_pin()
    house.pins.slow = True
    house.guard.submit_pin("2468")
    house.see(None, 50)
    assert isinstance(turn_head(house, track=2), Ask)
    house.pins.finish()
    assert isinstance(house.see(1, 10, track=2), Ask)
    assert house.relay.pulses == []


def test_second_pin_while_the_first_is_checked_is_not_looked_at():
    house = ask_for_pin()
    house.pins.slow = True
    house.guard.submit_pin("0000")
    first = house.pins.waiting
    house.guard.submit_pin("2468")
    house.guard.claim(2, "2468")
    assert house.pins.waiting is first


def test_person_removed_while_the_pin_is_checked_stays_outside():
    house = ask_for_pin()
    house.pins.slow = True
    house.guard.submit_pin("2468")
    house.guard._poll_gallery = lambda: ListSearch(gallery_of(2, pins=(2,)))
    house.see(1, 10)
    house.pins.finish()
    assert not isinstance(house.see(1, 10), Grant)


def test_person_removed_after_the_right_pin_stays_outside():
    house = ask_for_pin()
    house.guard.submit_pin("2468")
    house.guard.replace_gallery(ListSearch(gallery_of(2, pins=(2,))))
    assert not isinstance(house.see(1, 10), Grant)


@pytest.mark.parametrize("people", [(1,), (1, 2)])
def test_a_refused_comparison_with_one_person_says_so_in_the_log_and_a_refused_search_does_not(people):
    house = House(*people, pins=(1,), liveness=LivenessPolicy.OFF)
    house.see(9, 20)
    house.see(None, 50)
    house.guard.claim(1, "2468")
    house.see(9, 20, track=2)
    searched, compared = house.log.events
    assert (searched.reason, searched.gates, searched.refused_one) == ("not recognised", (), False)
    assert (compared.reason, compared.gates, compared.refused_one) == ("not recognised", ("PIN",), True)


def test_a_refusal_after_the_pin_that_answered_the_ask_says_so_too():
    house = ask_for_pin()
    house.guard.submit_pin("2468")
    house.see(None, 40)
    (refused,) = [event for event in house.log.events if event.decision == "deny"]
    assert refused.gates == ("PIN",)


def test_a_grant_that_came_too_late_stays_a_search_in_the_log():
    house = House(1, 2, liveness=LivenessPolicy.OFF)

    def slow():
        house.now_ms += 400

    house.log.on_record = slow
    house.see(1, 5)
    assert house.log.words == ["grant", "deny"]
    assert [(e.runner_up, e.refused_one) for e in house.log.events] == [(2.0, False)] * 2


def test_claim_that_is_checked_during_a_fault_is_forgotten_with_it():
    house = House(1, 2, pins=(1, 2), pin_after_face=True)
    house.pins.slow = True
    house.guard.claim(1, "2468")
    house.guard.fault("The camera is silent.")
    house.pins.finish()
    assert isinstance(turn_head(house), Ask)


def test_claim_that_was_right_during_a_fault_is_forgotten_with_it():
    house = House(1, 2, pins=(1, 2), pin_after_face=True)
    house.guard.fault("The camera is silent.")
    house.guard.claim(1, "2468")
    house.guard.fault("The camera is silent.")
    assert isinstance(turn_head(house), Ask)


@pytest.mark.parametrize(
    "error", [RuntimeError("bug"), StoreFault("The disk is full.")], ids=lambda e: type(e).__name__
)
def test_log_that_fails_while_a_fault_is_logged_raises_nothing(house, error):
    house.broken = ValueError("bug")
    house.log.fails = error
    assert isinstance(house.see(1), OutOfService)
    assert isinstance(house.guard.fault("The camera is silent.").decision, OutOfService)


def test_bug_in_the_log_is_no_grant(house):
    house.log.fails = RuntimeError("bug")
    assert isinstance(house.see(1, 5), OutOfService)
    house.log.fails = None
    assert house.relay.pulses == []


def test_relay_driver_with_a_bug_shuts_the_door(house):
    def broken(_ms):
        raise ValueError("bug")

    house.relay.pulse = broken
    assert isinstance(house.see(1, 5), OutOfService)


def test_door_whose_clock_stands_still_or_jumps_grants_nothing_twice(house):
    house.see(1, 5)
    for _ in range(40):
        house.guard.step(Frame(PIXELS, (house.now_ms + 50) * NS_PER_MS, 1))
        house.guard.step(Frame(PIXELS, (house.now_ms - 50) * NS_PER_MS, 1))
    assert house.relay.pulses == [4000]


def test_rules_that_another_program_stored_count_while_the_door_runs(house):
    house.guard._poll_policy = lambda: replace(POLICY, liveness=LivenessPolicy.STRICT)
    house.see(1, 20)
    assert house.relay.pulses == []


def test_settings_that_cannot_be_read_any_more_shut_the_door_until_they_can(house):
    def broken():
        raise SettingsFault("The settings file is damaged.")

    house.guard._poll_policy = broken
    house.see(1)
    house.now_ms += 500
    decisions = []
    for _ in range(40):
        house.now_ms += 50
        decisions.append(house.guard.step(Frame(PIXELS, house.now_ms * NS_PER_MS, house.now_ms)).decision)
    assert all(isinstance(decision, OutOfService) for decision in decisions)
    assert house.relay.pulses == []
    house.guard._poll_policy = lambda: None
    assert isinstance(house.see(1, 6), Grant)
