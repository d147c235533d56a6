"""Installed networks, packs and settings stay in step, and only the admin changes them."""

from contextlib import closing

import pytest

from faceguard.access.policy import LivenessPolicy, PassiveRule
from faceguard.camera.photo_file import read_photo
from faceguard.compose import House, passive_rule, recogniser_of
from faceguard.domain.card import MeasuredRate, ModelTask
from faceguard.domain.errors import ModelFault, NotPermitted
from faceguard.domain.template import Gallery
from faceguard.pipeline.matcher import Matcher

PIN = "739184"
MINUTE_NS = 60_000_000_000


class Clock:
    now_ns = 1

    def __call__(self):
        return self.now_ns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def house(tmp_path, monkeypatch, shared, clock):
    monkeypatch.setenv("FACEGUARD_MODEL_MIRROR", str(shared / "models" / "mirror"))
    house = House(tmp_path, clock)
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
    return house


@pytest.fixture
def desk(house):
    with closing(house.open_desk(networks=False)) as desk:
        desk.unlock(PIN)
        yield desk


def install(house, desk, pack_id):
    house.shelf.allow(desk, pack_id, "")
    house.shelf.install(pack_id, "", lambda step: None, lambda: False)
    return house.shelf.finish(desk, pack_id)


pytestmark = pytest.mark.shared


def test_an_installed_liveness_pack_is_used_by_the_standard_policy(house, desk):
    assert house.settings().text("liveness.policy") == LivenessPolicy.STANDARD
    assert house.policy().passive is None
    house.forget_networks()
    install(house, desk, "minifasnet")
    assert [pad.card.id for pad in house.networks.pads] == ["minifasnet_v2", "minifasnet_v1se"]
    policy = house.policy()
    assert policy.liveness_available
    # their errors are not measured: they refuse, and neither challenge nor PIN is dropped for them
    assert policy.passive == PassiveRule(accept=None, attack=0.5)
    assert policy.pin_after_face


def test_a_network_vouches_once_both_its_error_rates_are_on_its_card(house, desk):
    import dataclasses

    install(house, desk, "minifasnet")
    card = house.catalogue.card("minifasnet_v2")
    rates = tuple(MeasuredRate(f"{name} of prints", 0.05, "a door", 100) for name in ("APCER", "BPCER"))
    half, whole = (dataclasses.replace(card, rates=rates[:count]) for count in (1, 2))
    assert passive_rule([whole]) == PassiveRule(accept=0.9, attack=0.5)
    assert passive_rule([half]).accept is passive_rule([whole, card]).accept is None


def test_a_removed_liveness_pack_leaves_the_challenge_and_no_fault(house, desk):
    install(house, desk, "minifasnet")
    assert house.shelf.remove(desk, "minifasnet") == ("minifasnet_v2", "minifasnet_v1se")
    assert house.settings().listed("models.pad") == ()
    policy = house.policy()
    assert policy.passive is None
    assert policy.liveness_available


def test_files_that_vanish_without_being_removed_shut_the_door(house, desk):
    import shutil

    install(house, desk, "minifasnet")
    shutil.rmtree(house.folder / "models" / "minifasnet_v2")
    assert "minifasnet_v2" in house.networks.pad_fault
    assert not house.policy().liveness_available


def test_networks_that_the_admin_named_before_stay_in_use(house, desk):
    desk.set("models.pad", "minifasnet_v1se")
    assert install(house, desk, "minifasnet").listed("models.pad") == ("minifasnet_v1se", "minifasnet_v2")


def test_a_long_download_is_finished_though_the_admins_minutes_are_over(house, desk, clock):
    house.shelf.allow(desk, "minifasnet", "")
    clock.now_ns += 30 * MINUTE_NS
    assert desk.locked
    house.shelf.install("minifasnet", "", lambda step: None, lambda: False)
    assert house.shelf.finish(desk, "minifasnet").listed("models.pad") == ("minifasnet_v2", "minifasnet_v1se")
    with pytest.raises(NotPermitted):
        desk.finish_install("minifasnet", ["other"])
    assert any(event.detail == "install minifasnet" for event in desk.events())


def test_nothing_is_changed_without_the_admin_pin(house, desk):
    install(house, desk, "yunet")
    desk.lock()
    for change in (
        lambda: house.shelf.allow(desk, "minifasnet", ""),
        lambda: house.shelf.use(desk, "yunet"),
        lambda: house.shelf.remove(desk, "yunet"),
    ):
        with pytest.raises(NotPermitted):
            change()
    assert not house.shelf.in_use(house.settings()) & {"yunet"}
    assert any(one.entry.id == "yunet" for one in house.shelf.networks(house.settings()))


def test_a_detector_is_put_to_use_and_kept_while_it_is(house, desk):
    install(house, desk, "yunet")
    used = house.shelf.use(desk, "yunet")
    assert (used.card.task, used.setting, used.value, used.people) == (
        ModelTask.DETECTOR, "models.detector", "yunet", None,
    )  # fmt: skip
    assert house.networks.detector.card.id == "yunet"
    with pytest.raises(ModelFault, match="in use"):
        house.shelf.remove(desk, "yunet")
    house.shelf.use(desk, "detector_s")
    assert house.shelf.remove(desk, "yunet") == ("yunet",)


def test_what_is_installed_of_the_packs_is_known(house, desk):
    assert not any(installed for _, installed in house.shelf.packs())
    install(house, desk, "minifasnet")
    assert {pack.id for pack, installed in house.shelf.packs() if installed} == {"minifasnet"}
    house.shelf.remove(desk, "minifasnet_v2")
    assert not any(installed for _, installed in house.shelf.packs())


def test_the_doors_own_walk_scores_attacks_low_and_the_living_face_high(house, desk, shared):
    """With the program's own detector: its boxes are other ones than those the networks were made with."""
    install(house, desk, "minifasnet")
    matcher = Matcher(Gallery.empty(house.encoder_card().encoder_id, house.encoder_card().length))
    settings = house.settings().with_value("access.zone", 1.0)
    settings = settings.with_value("quality.min_sharpness", 0.1)  # else the print is stopped as blurred already
    scores = {}
    for name in ("attack_print_1", "attack_replay_1", "bonafide_1"):
        recogniser = recogniser_of(house.networks, settings)
        photo = read_photo(shared / "data" / "pad" / f"{name}.jpg")
        observation = recogniser.observe(photo, matcher, challenge=False)
        assert observation.embedding is not None, observation.halt
        scores[name] = observation.pad.passive_score
    rule = house.policy().passive
    assert scores["attack_print_1"] < rule.attack
    assert scores["attack_replay_1"] < 0.05
    assert scores["bonafide_1"] > 0.95
