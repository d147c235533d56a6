"""The guard that the recognition thread builds for itself: tried again, closed once, tested while somebody waits."""

from types import SimpleNamespace

import pytest

from faceguard.app import doorway
from faceguard.app.doorway import OwnGuard
from faceguard.domain.decision import Hint, OutOfService, Pending
from faceguard.domain.errors import DoorFault, NotPermitted
from faceguard.guard import NO_TEST_IN_SHADOW, GuardReport

STEP_UP = GuardReport(Pending(Hint.STEP_UP))


class Opened:
    """Database, PIN thread or door output; counts what is open."""

    def __init__(self, house, name):
        self.house, self.name = house, name

    def open(self):
        if self.house.fails is not None:
            raise self.house.fails

    def pulse(self, duration_ms):
        self.house.pulses.append(duration_ms)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.house.open.remove(self.name)
        if self.name == "door" and self.house.stuck:
            raise OSError("stuck")


class House:
    def __init__(self):
        self.open, self.pulses, self.fails, self.stuck = [], [], None, False
        self.guard = SimpleNamespace(
            step=lambda _frame: STEP_UP,
            submit_pin=lambda _pin: STEP_UP,
            test_door=lambda: self.pulses.append(4000),
            shadow=False,
            looks=(looks := []),
            look_again=lambda: looks.append("rules"),
        )

    def clock(self):
        return 0

    def make(self, name):
        self.open.append(name)
        return Opened(self, name)

    def database(self):
        return self.make("database")

    def door_output(self):
        return self.make("door")

    def pin_thread(self):
        return self.make("pins")

    def open_guard(self, *_):
        return self.guard


@pytest.fixture
def house():
    return House()


@pytest.fixture
def answers():
    return []


@pytest.fixture
def own(house, answers):
    return OwnGuard(house, lambda well, sentence: answers.append((well, sentence)))


@pytest.fixture
def seconds(monkeypatch):
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(doorway.time, "monotonic", lambda: now.s)
    return now


def test_test_pulse_comes_with_the_next_picture(own, house, answers, seconds):
    own.ask_for_test()
    own.step(None)
    own.step(None)
    assert house.pulses == [4000]
    assert [well for well, _ in answers] == [True]


def test_test_that_waited_for_the_camera_too_long_opens_nothing(own, house, answers, seconds):
    own.ask_for_test()
    seconds.s += 60
    own.step(None)
    assert house.pulses == []
    assert [well for well, _ in answers] == [False]


def test_test_of_an_output_that_is_not_there_is_answered_and_not_made_up_for_later(own, house, answers, seconds):
    house.fails = DoorFault("The door relay is not there.")
    own.ask_for_test()
    own.step(None)
    assert answers == [(False, "The door relay is not there.")]
    house.fails = None
    seconds.s += 1.5
    own.step(None)
    assert house.pulses == []


@pytest.mark.parametrize("error", [DoorFault("The door relay is not there."), RuntimeError("bug")], ids=str)
def test_door_that_cannot_be_set_up_leaves_nothing_open_and_is_tried_again(own, house, seconds, error):
    house.fails = error
    for _ in range(5):
        decision = own.step(None).decision
        assert isinstance(decision, OutOfService)
        assert "bug" not in decision.sentence
    assert house.open == []
    house.fails = None
    seconds.s += 1.5
    assert own.step(None) is STEP_UP


def test_closed_door_is_not_opened_again_by_a_late_pin(own, house, seconds):
    own.step(None)
    own.close()
    assert isinstance(own.submit_pin("2468").decision, OutOfService)
    assert house.open == []


def test_output_that_does_not_close_keeps_nothing_else_open(own, house):
    own.step(None)
    house.stuck = True
    with pytest.raises(OSError, match="stuck"):
        own.close()
    assert house.open == []


def test_the_window_does_not_say_what_the_rules_are_but_that_they_are_others(own, house):
    own.look_again()  # before there is a guard: it reads them when it is built
    assert house.guard.looks == []
    own.step(None)
    own.look_again()
    assert house.guard.looks == ["rules"]
    assert not hasattr(own, "replace_policy")


def test_nothing_is_known_of_shadow_mode_before_the_guard_stands(own, house):
    assert own.shadow is None
    house.fails = DoorFault("The door relay is not there.")
    own.step(None)
    assert own.shadow is None


def test_a_refused_test_pulse_says_why(own, house, answers, seconds):
    def refuse():
        raise NotPermitted(NO_TEST_IN_SHADOW)

    house.guard.test_door = refuse
    own.ask_for_test()
    own.step(None)
    assert answers == [(False, NO_TEST_IN_SHADOW)]
    assert house.pulses == []
