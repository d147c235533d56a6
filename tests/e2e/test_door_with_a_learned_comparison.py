"""A door that compares by what was learned: it opens by a calibrated comparison, and by nothing that is wrong."""

import numpy as np
import pytest

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.domain.card import OperatingPoint
from faceguard.domain.decision import Deny, DenyReason, Grant, OutOfService
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import Frame
from faceguard.domain.head_card import HeadCard
from faceguard.domain.score import Threshold
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.models.heads import SUFFIX, write_head
from tests.e2e.simulated_door import SimulatedDoor
from tests.e2e.test_recognition_on_real_faces import before_the_camera

LENGTH = 128


def photo_of(name):
    return Frame(bundled_photo(name).pixels, 0, 0)


@pytest.fixture
def door(tmp_path):
    """Eileen is enrolled; liveness is off, so that who she is decides alone."""
    opened = SimulatedDoor(tmp_path, {"liveness.policy": "off"})
    opened.enrol("Eileen", photo_of("astronaut"))
    yield opened
    opened.close()


def choose(door, taus, *, weight=-4.0):
    """A comparison with the same weight for every value: its distance is a fifth of the sum of differences."""
    head = SimilarityHead(HeadKind.ABSOLUTE, door.house.encoder_card().encoder_id, np.full(LENGTH, weight), bias=38.0)
    points = tuple(OperatingPoint(fmr, Threshold(tau), 0.9, 100, 100_000, "a test") for fmr, tau in taus)
    folder = door.house.folder / "models"
    folder.mkdir(exist_ok=True)
    card = HeadCard(id="tiny", head=head, origin="a test", operating_points=points)
    write_head(folder / f"tiny{SUFFIX}", card)
    door.house.settings_file.change("models.comparison", "tiny")
    door.house.forget_networks()  # the door is started anew
    return card


def steps_up(door, photo):
    return door.show(before_the_camera(door.face_photo(photo_of(photo)), seed=3))


def test_a_calibrated_one_lets_in_whom_it_recognises_and_nobody_else(door):
    card = choose(door, [(1e-2, 1.95), (1e-4, 1.7)])
    door.open()
    (decision,) = steps_up(door, "astronaut")
    assert isinstance(decision, Grant)
    assert decision.subject.name == "Eileen"
    assert decision.evidence.tau == Threshold(1.7)
    assert 0.0 < decision.evidence.distance.value < 1.7
    (refused,) = steps_up(door, "group 4")
    assert isinstance(refused, Deny)
    assert refused.reason is DenyReason.NOT_RECOGNISED
    assert refused.distance.value > 1.7
    assert door.relay.pulses == 1
    events = door.desk.events()
    assert {event.encoder_id for event in events if event.decision in ("grant", "deny")} == {card.tau_owner}


def test_one_without_a_tau_lets_nobody_in_though_the_squared_distance_would(door):
    choose(door, [])
    door.open()
    (decision,) = steps_up(door, "astronaut")
    assert isinstance(decision, Deny)
    assert decision.reason is DenyReason.NOT_CALIBRATED
    assert door.relay.pulses == 0


def test_a_tau_that_was_set_for_the_squared_distance_opens_nothing_by_a_learned_one(door):
    door.house.settings_file.change("access.tau", 3.9)
    door.house.settings_file.change("access.tau_encoder", str(door.house.encoder_card().encoder_id))
    choose(door, [])
    door.open()
    (decision,) = steps_up(door, "astronaut")
    assert decision.reason is DenyReason.NOT_CALIBRATED


def test_an_altered_one_puts_the_door_out_of_service_and_the_squared_distance_does_not_step_in(door):
    choose(door, [(1e-2, 1.95), (1e-4, 1.7)])
    file = door.house.folder / "models" / f"tiny{SUFFIX}"
    file.write_bytes(file.read_bytes().replace(b"tau = 1.7", b"tau = 3.7"))
    with pytest.raises(ModelFault, match="altered or damaged"):
        door.open()
    assert door.relay.pulses == 0


def test_one_that_is_altered_while_the_door_runs_changes_nothing_until_the_next_start(door):
    choose(door, [(1e-2, 1.95), (1e-4, 1.7)])
    door.open()
    (door.house.folder / "models" / f"tiny{SUFFIX}").write_bytes(b"")
    assert isinstance(steps_up(door, "astronaut")[0], Grant)


def test_without_a_choice_nothing_changes(door):
    choose(door, [(1e-2, 4.0), (1e-4, 4.0)])  # would let in anybody
    door.house.settings_file.change("models.comparison", "")
    door.house.forget_networks()
    door.open()
    assert not any(isinstance(d, Grant | OutOfService) for d in steps_up(door, "group 4"))
    assert isinstance(steps_up(door, "astronaut")[0], Grant)
    assert door.relay.pulses == 1
