"""Who may add to the rates of a camera, and for how long."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from faceguard.compose import House
from faceguard.domain.errors import NotPermitted
from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.selftest import SERIES_IDLE_S

PIN = "739184"
SECOND = 1_000_000_000
SETUP = PadSetup("camera 0", 640, 480, "standard", "judging 1; PAD none")
TRIAL = Trial(datetime(2026, 5, 4, tzinfo=UTC), SETUP, Species.PHONE, TrialResult(Response.PASSED, "not flat"))


class Clock:
    now_ns = 100 * SECOND

    def __call__(self):
        return self.now_ns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(tmp_path, clock):
    with closing(House(tmp_path, clock).open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
        desk.lock()
        yield desk


def test_only_the_admin_begins_records_undoes_and_clears(desk):
    tests = desk.liveness_tests
    for refused in (tests.begin, lambda: tests.record(TRIAL), tests.undo, lambda: tests.clear("camera 0")):
        with pytest.raises(NotPermitted):
            refused()
    assert not tests.of(SETUP).trials


def test_a_series_outlives_the_admins_two_minutes_and_nothing_else_does(desk, clock):
    desk.unlock(PIN)
    desk.liveness_tests.begin()
    for _ in range(5):
        clock.now_ns += (SERIES_IDLE_S - 1) * SECOND
        assert desk.locked
        with pytest.raises(NotPermitted):
            desk.set("liveness.policy", "off")
        desk.liveness_tests.record(TRIAL)
    assert len(desk.liveness_tests.of(SETUP).trials) == 5


def test_a_series_that_rests_for_five_minutes_is_over(desk, clock):
    desk.unlock(PIN)
    desk.liveness_tests.begin()
    clock.now_ns += SERIES_IDLE_S * SECOND
    with pytest.raises(NotPermitted):
        desk.liveness_tests.record(TRIAL)


def test_a_finished_series_is_not_gone_on_with(desk, clock):
    desk.unlock(PIN)
    desk.liveness_tests.begin()
    desk.liveness_tests.record(TRIAL)
    desk.liveness_tests.finish()
    desk.lock()
    with pytest.raises(NotPermitted):
        desk.liveness_tests.record(TRIAL)
    assert not hasattr(desk.liveness_tests.of(SETUP).trials[0], "embedding")


def test_undo_reaches_back_to_the_beginning_of_the_series_and_no_further(desk):
    desk.unlock(PIN)
    tests = desk.liveness_tests
    tests.begin()
    tests.record(TRIAL)
    tests.begin()
    tests.record(replace(TRIAL, species=Species.TABLET))
    assert tests.undo()
    assert not tests.undo()
    assert [t.species for t in tests.of(SETUP).trials] == [Species.PHONE]


def test_beginning_end_and_clearing_are_on_record_without_what_was_shown(desk):
    desk.unlock(PIN)
    desk.liveness_tests.begin()
    desk.liveness_tests.record(TRIAL)
    desk.liveness_tests.finish()
    desk.liveness_tests.finish()
    assert desk.liveness_tests.clear("camera 0") == 1
    assert [(e.decision, e.detail) for e in desk.events()[:3]] == [
        ("liveness test", "cleared"),
        ("liveness test", "finished"),
        ("liveness test", "begun"),
    ]
