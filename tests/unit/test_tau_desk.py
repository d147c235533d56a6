"""What is in force, what the admin may take, and what a position of tau is judged by."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from faceguard.compose import House
from faceguard.domain.errors import NotPermitted, ReasonWanted, SettingsFault
from faceguard.domain.template import ConsentMeans, Embedding, TemplateSource
from faceguard.evaluation.door import TARGET_FPIR, UNSAFE_FPIR, TauState
from faceguard.evaluation.genuine import ScoreOrigin
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.calibrations import TakenCalibration
from faceguard.store.gallery_store import GalleryStore

PIN = "274951"
NOW = datetime.now(UTC)


@pytest.fixture
def house(tmp_path):
    """Forty people who resemble nobody."""
    house = House(tmp_path)
    card, chance = house.encoder_card(), np.random.default_rng(1)
    with house.database() as database:
        store = GalleryStore(database)
        for number in range(40):
            vector = Embedding.normalised(chance.standard_normal(card.length), card.encoder_id)
            store.add_subject_with_template(f"P {number}", ConsentMeans.PAPER, NOW, vector, TemplateSource.PHOTO)
    return house


@pytest.fixture
def desk(house):
    with contextlib.closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
        yield desk


def tau_at(house, desk, fpir):
    return house.tau_standing(desk).door.propose(fpir).search.tau


def test_a_tau_chosen_by_hand_is_held_to_what_it_promised(house, desk):
    tau = tau_at(house, desk, 3e-3)
    settings = desk.taus.apply(house.encoder_card(), tau)
    assert settings["access.tau"] == tau
    standing = house.tau_standing(desk)
    assert standing.counts
    assert standing.taken.target_fpir == pytest.approx(3e-3, rel=0.02)
    assert standing.verdict.good
    strict = tau_at(house, desk, 1e-5)
    desk.taus.apply(house.encoder_card(), strict)
    assert house.tau_standing(desk).taken.target_fpir == TARGET_FPIR


def test_an_unsafe_tau_wants_a_reason_and_stays_marked_unsafe(house, desk):
    card = house.encoder_card()
    unsafe = tau_at(house, desk, 5e-2)
    for reason in ("", "  because  "):
        with pytest.raises(SettingsFault, match="Say why"):
            desk.taus.apply(card, unsafe, reason)
    assert desk.get("access.tau") is None
    desk.taus.apply(card, unsafe, "a test of one hour with a guard at the door")
    assert desk.get("access.tau") == unsafe
    assert "guard at the door" in desk.events(1)[0].detail
    standing = house.tau_standing(desk)
    assert standing.taken.target_fpir == UNSAFE_FPIR
    assert TauState.UNSAFE in standing.verdict.states


@pytest.mark.parametrize("reason", ["", "because"])
def test_it_wants_one_by_whatever_way_it_is_chosen(house, desk, reason):
    door = house.tau_standing(desk).door
    unsafe, strict = tau_at(house, desk, 5e-2), door.propose(1e-3)
    loose = door.propose(1e-3, 5e-2).pair.tau
    for attempt in (
        lambda: desk.set("access.tau", unsafe, reason),
        lambda: desk.set("access.tau", f"{unsafe}", reason),
        lambda: desk.taus.take(calibration(house, strict, tau=unsafe), reason),
        lambda: desk.set("access.tau_pair", loose, reason),
        lambda: desk.taus.take(calibration(house, strict, tau_pair=loose), reason),
    ):
        with pytest.raises(ReasonWanted):
            attempt()
    assert desk.settings().changed() == {}
    assert desk.taus.last() is None
    desk.set("access.tau", strict.search.tau, reason)
    desk.set("access.tau_pair", door.propose(1e-3, 9e-3).pair.tau, reason)
    why = "a test of one hour with a guard at the door"
    assert desk.taus.take(calibration(house, strict, tau=unsafe, tau_pair=loose), why)["access.tau_pair"] == loose
    assert desk.events(1)[0].detail.endswith(f"; {why}")


def test_it_says_what_the_tau_does(house, desk):
    with pytest.raises(ReasonWanted, match=r"lets in about 1 in 2[01] strangers' attempts"):
        desk.set("access.tau", tau_at(house, desk, 5e-2))
    with pytest.raises(ReasonWanted, match=r"takes about 1 in 2[01] strangers for the person"):
        desk.set("access.tau_pair", house.tau_standing(desk).door.propose(1e-3, 5e-2).pair.tau)


def test_with_nobody_enrolled_a_tau_is_judged_as_for_one_person_whom_it_outlasts(tmp_path):
    house = House(tmp_path)
    with contextlib.closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
        card = house.encoder_card()
        for attempt in (lambda: desk.taus.apply(card, 2.2), lambda: desk.set("access.tau", 2.2)):
            with pytest.raises(ReasonWanted):
                attempt()
        assert desk.get("access.tau") is None
        assert desk.taus.apply(card, 0.8)["access.tau"] == 0.8
        assert desk.taus.apply(card, 2.2, "a test of one hour, with nobody enrolled")["access.tau"] == 2.2


def calibration(house, proposal, **changes):
    search = proposal.search
    fields = {"tau": search.tau, "pair_fmr": 1e-4, "tau_pair": proposal.pair.tau} | changes
    owner, seen = str(house.encoder_card().encoder_id), search.n_strangers
    return TakenCalibration(
        NOW, owner, 40, 40, "a test", seen, 1e-3, low=search.low, value=search.value, high=search.high, **fields
    )


def test_only_the_admin_may(house, desk):
    desk.lock()
    with pytest.raises(NotPermitted):
        desk.taus.apply(house.encoder_card(), 0.5)
    with pytest.raises(NotPermitted):
        house.tau_picture(desk)
    assert house.tau_standing(desk).verdict is not None  # whether tau still fits is everybody's business


@pytest.mark.parametrize("tau", [0.0, -1.0, 4.1, float("nan")])
def test_what_is_no_tau_is_not_taken(house, desk, tau):
    with pytest.raises(SettingsFault):
        desk.taus.apply(house.encoder_card(), tau, "a reason that is long enough")
    assert desk.get("access.tau") is None


def test_the_tau_of_a_pair_stays_when_the_other_is_chosen(house, desk):
    desk.set("access.tau_pair", 0.7)
    assert desk.taus.apply(house.encoder_card(), 0.8)["access.tau_pair"] == 0.7


def test_what_was_agreed_for_one_named_person_outlasts_another_tau_of_the_search(house, desk):
    door = house.tau_standing(desk).door
    proposal = door.propose(1e-3, 1e-3)
    search, pair = proposal.search, proposal.pair
    desk.taus.take(
        TakenCalibration(
            NOW,
            house.measured().tau_owner,
            door.people,
            door.templates,
            "a test",
            search.n_strangers,
            1e-3,
            search.tau,
            search.low,
            search.value,
            search.high,
            pair.fmr,
            pair.tau,
        )
    )
    assert house.tau_standing(desk).verdict.good
    desk.taus.apply(house.measured(), tau_at(house, desk, 1e-4))
    assert house.tau_standing(desk).verdict.good
    assert desk.get("access.tau_pair") == pair.tau


def test_the_picture_holds_people_staff_and_events(house, desk):
    encoder = str(house.encoder_card().encoder_id)
    grant = AuditEvent(
        NOW - timedelta(days=3),
        "grant",
        gates=("PIN", "match"),
        subject_id=1,
        nearest_id=1,
        distance=0.6,
        encoder_id=encoder,
        tau=1.1,
        gallery_size=40,
    )
    ask = replace(grant, decision="ask", time=grant.time - timedelta(seconds=5))
    old = replace(grant, gates=("match",), time=NOW - timedelta(days=60), distance=0.5, runner_up=1.5)
    with house.database() as database:
        log = AuditLog(database)
        for event in (replace(old, time=NOW - timedelta(days=200)), old, ask, grant):
            log.record(event)
    picture = desk.taus.picture(house.tau_standing(desk))
    assert len(picture.names) == 40
    assert [p.name for p in picture.positions] == ["strict", "balanced", "convenient"]
    assert picture.positions[-1].tau == pytest.approx(picture.unsafe_from, abs=2e-3)
    assert picture.stranger_pairs == 780
    assert picture.strangers.sum() == pytest.approx(1.0)
    assert picture.model.sum() == pytest.approx(1.0, abs=1e-6)
    meaning = picture.at(picture.positions[1].tau)
    assert meaning.strangers.value == pytest.approx(1e-3, rel=0.01)
    assert not meaning.unsafe
    assert picture.at(2.0).unsafe
    assert [(s.distance, s.origin) for s in picture.staff.scores] == [(0.5, ScoreOrigin.FACE), (0.6, ScoreOrigin.PIN)]
    assert picture.replay.grants == 1
    assert picture.drift == ()


def test_the_gallery_is_measured_anew_only_when_it_is_another_one(house, desk):
    first = house.tau_standing(desk).door
    assert house.tau_standing(desk).door is first
    desk.remove(1)
    second = house.tau_standing(desk).door
    assert second is not first
    assert second.people == 39
