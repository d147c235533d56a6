"""Warnings that stay while their cause does."""

from types import SimpleNamespace

import pytest

from faceguard.app.status_words import LIVENESS_OFF, banners, liveness_item
from faceguard.compose import House
from faceguard.config.settings import Settings


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    return House(tmp_path_factory.mktemp("house")).networks


def test_more_people_than_the_encoder_is_rated_for_are_said(networks):
    rated = networks.encoder.card.rated_size
    assert banners(Settings(), networks, simulated=False, people=rated) == []
    (banner,) = banners(Settings(), networks, simulated=False, people=rated + 1)
    assert f"rated for {rated}" in banner.sentence


def test_liveness_off_comes_first(networks):
    off = Settings({"liveness.policy": "off"})
    assert banners(off, networks, simulated=True, people=10_000)[0].sentence == LIVENESS_OFF


@pytest.mark.parametrize(
    ("measured", "pin", "words"),
    [
        ((), "true", "challenge, then PIN"),
        ((False, True), "true", "network and challenge, then PIN"),
        ((False,), "false", "network and challenge,"),
        ((True, True), "true", "network, challenge when undecided"),
    ],
    ids=["none", "one not measured", "without PIN", "measured"],
)
def test_what_liveness_networks_change_is_said(measured, pin, words):
    settings = Settings().with_value("liveness.pin_after_face", pin)
    pads = [SimpleNamespace(card=SimpleNamespace(measured=one)) for one in measured]
    assert f"Liveness: {words}" in liveness_item(settings, SimpleNamespace(pads=pads)).words
