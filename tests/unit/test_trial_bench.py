"""The bench before rendered people and props, in the scene's own time; and what ends a trial uncounted."""

import contextlib

import pytest

from faceguard.camera.rendering.plane import AttackMove, Medium
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import House, judging_networks
from faceguard.domain.decision import Deny, Grant, OutOfService, Pending
from faceguard.domain.presentation import Response
from faceguard.headless import FrameClock
from faceguard.trial_bench import LIVENESS_OFF
from tests.props import face_photo, obey, person, prop, room


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    return House(tmp_path_factory.mktemp("house"), FrameClock())


@pytest.fixture(scope="module")
def photo(house):
    return face_photo(house.networks.detector)


@pytest.fixture
def bench(house):
    house.clock.now_ns += 10_000_000_000
    return house.open_bench("camera 0")


def present(house, bench, scene, *, seconds=30.0, seed=0):
    """One trial; its end, and every decision on the way."""
    source = SyntheticSource(scene, fps=12.0, paced=False, seed=seed, duration_s=seconds, clock=house.clock)
    decisions, told = [], None
    bench.begin()
    source.open()
    with contextlib.closing(source):
        while (frame := source.read()) is not None:
            house.clock.now_ns = frame.captured_ns
            report = bench.step(frame)
            decisions.append(report.decision)
            if report.event is not None:
                return report.event, decisions
            if isinstance(report.decision, Pending) and report.decision.hint is not told:
                told = report.decision.hint
                obey(source, told)
    return bench.ended().event, decisions


def test_a_rendered_head_that_turns_as_asked_passes_and_no_verdict_of_the_door_is_ever_given(house, bench, photo):
    results = []
    for seed in (11, 12):  # now and then a head answers and does not prove it
        judged, decisions = present(house, bench, person(photo, seed), seed=seed)
        results.append(judged.result.response)
        assert not any(isinstance(decision, Grant | Deny) for decision in decisions)
    assert Response.PASSED in results
    setup = judged.setup
    assert (setup.camera, setup.width, setup.height, setup.policy) == ("camera 0", 640, 480, "standard")
    assert setup.networks == judging_networks(house.networks)


@pytest.mark.parametrize("move", [AttackMove.NOTHING, AttackMove.ROTATE], ids=["held still", "rotated"])
def test_a_print_is_refused(house, bench, photo, move):
    judged, _ = present(house, bench, prop(photo, Medium.PRINT, move))
    assert judged.result.response is Response.REFUSED


def test_an_empty_room_is_no_answer(house, bench):
    judged, _ = present(house, bench, room(), seconds=17.0)
    assert (judged.result.response, judged.result.reason) == (Response.NOT_ACQUIRED, "no face")
    judged, _ = present(house, bench, room(), seconds=1.0)
    assert judged.result.response is Response.NOT_ACQUIRED


def test_without_a_trial_it_only_watches(house, bench, photo):
    source = SyntheticSource(prop(photo), fps=12.0, paced=False, duration_s=3.0, clock=house.clock)
    source.open()
    reports = [bench.step(frame) for frame in iter(source.read, None)]
    assert all(isinstance(r.decision, Pending) and r.event is None for r in reports)
    assert any(r.observation.face is not None for r in reports)
    assert bench.ended().event is None


def test_a_camera_that_fails_ends_the_trial_uncounted(house, bench, photo):
    source = SyntheticSource(prop(photo), fps=12.0, paced=False, clock=house.clock)
    source.open()
    bench.begin()
    bench.step(source.read())
    assert bench.running
    report = bench.fault("The camera was unplugged.")
    assert report.decision.sentence == "The camera was unplugged."
    assert not bench.running
    assert bench.ended().event is None
    assert isinstance(bench.step(source.read()).decision, Pending)  # and the picture is back


def test_a_bug_in_a_stage_ends_the_trial_uncounted(house, bench, photo, monkeypatch):
    source = SyntheticSource(prop(photo), fps=12.0, paced=False, clock=house.clock)
    source.open()
    bench.begin()
    monkeypatch.setattr(house.networks.detector, "detect", lambda _frame: None)
    decision = bench.step(source.read()).decision
    assert isinstance(decision, OutOfService)
    assert "internal error" in decision.sentence
    assert not bench.running


def test_liveness_that_is_switched_off_meanwhile_is_not_measured(house, bench, photo):
    source = SyntheticSource(prop(photo), fps=12.0, paced=False, clock=house.clock)
    source.open()
    before = house.settings()["liveness.policy"]
    house.settings_file.change("liveness.policy", "off")
    try:
        bench.begin()
        assert bench.step(source.read()).decision.sentence == LIVENESS_OFF
    finally:
        house.settings_file.change("liveness.policy", before)
