"""Warnings that stay while their cause does."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from faceguard.app.status_words import LIVENESS_OFF, NOT_MEASURED, banners, encoder_item, liveness_item
from faceguard.compose import House
from faceguard.config.settings import Settings
from faceguard.domain.head_card import HeadCard
from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.domain.similarity import HeadKind, SimilarityHead
from faceguard.evaluation.door import TauState, Verdict
from faceguard.evaluation.measured_liveness import MeasuredLiveness


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    return House(tmp_path_factory.mktemp("house")).networks


def standing(*states):
    return Verdict(states, None, tuple(f"It is {state.value}." for state in states if state is not TauState.GOOD))


def test_a_tau_that_has_become_unsafe_is_said_and_where_to_choose_another(networks):
    assert banners(Settings(), networks, simulated=False, verdict=standing(TauState.GOOD)) == []
    worst, other = banners(
        Settings(), networks, simulated=False, verdict=standing(TauState.UNSAFE, TauState.BEYOND_RATED)
    )
    assert (worst.meaning, other.meaning) == ("deny", "ask")
    assert worst.sentence == "It is unsafe. Choose another one on the Tuning page."
    assert other.sentence == "It is beyond the rated size."


def test_a_learned_comparison_is_said_and_that_it_has_no_measured_tau(networks):
    assert encoder_item(networks).words == f"Encoder: encoder_s, on {networks.provider.upper()}"
    head = SimilarityHead(HeadKind.ABSOLUTE, networks.encoder.encoder_id, np.full(128, -1.0), 20.0)
    learned = replace(networks, head=HeadCard(id="tiny", head=head, origin="a test"))
    item = encoder_item(learned)
    assert (item.words, item.tone) == (f"Encoder: encoder_s compared by tiny, on {networks.provider.upper()}", "ask")
    (banner,) = banners(Settings(), learned, simulated=False)
    assert banner.sentence == NOT_MEASURED


def test_liveness_off_comes_first(networks):
    off = Settings({"liveness.policy": "off"})
    said = banners(off, networks, simulated=True, verdict=standing(TauState.UNSAFE))
    assert said[0].sentence == LIVENESS_OFF


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


def test_what_was_measured_on_this_camera_stands_in_the_strip_and_until_then_that_nothing_was():
    setup = PadSetup("camera 0", 640, 480, "standard", "judging 1; PAD none")
    now = datetime(2026, 5, 4, tzinfo=UTC)
    phone = Trial(now, setup, Species.PHONE, TrialResult(Response.PASSED, "not flat"))
    said = liveness_item(Settings(), None, MeasuredLiveness((phone,)))
    assert said.words == "Liveness: challenge, then PIN, 1 of 1 passed here (worst: phone)"
    assert said.tone == "ask"
    assert "not measured on this camera" in liveness_item(Settings(), None).words
    off = Settings({"liveness.policy": "off"})
    assert liveness_item(off, None, MeasuredLiveness((phone,))).words == "Liveness: off"
