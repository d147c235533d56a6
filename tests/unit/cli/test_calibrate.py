"""``faceguard calibrate``: proposes, takes with the admin PIN, and notices growth and another encoder."""

import contextlib
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from faceguard.cli import faceguard
from faceguard.cli.calibrate import share
from faceguard.compose import House
from faceguard.domain.template import ConsentMeans, Embedding, TemplateSource
from faceguard.evaluation.door import DoorCalibration
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.gallery_store import GalleryStore

PIN = "274951"
NOW = datetime.now(UTC)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return House(tmp_path / "home")


@pytest.fixture
def run(home):
    def invoke(*words, pin=None):
        typed = None if pin is None else f"{pin}\n"
        return CliRunner().invoke(faceguard, ["--data-dir", str(home.folder), *map(str, words)], input=typed)

    return invoke


@pytest.fixture
def enrol(home):
    """Enrols people whose vectors are drawn at random: 128 values, so nobody is near anybody."""

    def some(count, seed=1):
        card, chance = home.encoder_card(), np.random.default_rng(seed)
        with home.database() as database:
            store = GalleryStore(database)
            for number in range(count):
                vector = Embedding.normalised(chance.standard_normal(card.length), card.encoder_id)
                store.add_subject_with_template(
                    f"Person {seed} {number}", ConsentMeans.PAPER, NOW, vector, TemplateSource.PHOTO
                )

    return some


@pytest.fixture
def admin(run):
    assert run("setup", "--pin-stdin", pin=PIN).exit_code == 0


def answer(found):
    assert not found.exception or isinstance(found.exception, SystemExit), found.exception
    return json.loads(found.stdout)


def test_nobody_is_enrolled(run):
    found = run("calibrate", "--json")
    assert found.exit_code == 1
    said = answer(found)
    assert (said["k"], said["tau"], said["predicted"]) == (0, None, None)
    assert said["pair"]["tau"] > 1
    assert any("Nobody is enrolled" in note for note in said["notes"])


def test_one_person_is_all_the_models(run, enrol):
    enrol(1)
    said = answer(run("calibrate", "--json"))
    assert (said["k"], said["basis"], said["gallery_itself"]) == (1, "impostor model", None)
    assert said["predicted"]["support"] == "extrapolated"
    assert any("One person is enrolled" in note for note in said["notes"])
    assert any("lfw_dev" in note for note in said["notes"])


def test_tau_falls_as_the_gallery_grows(run, enrol):
    taus = []
    for seed, more in enumerate((1, 9, 40)):
        enrol(more, seed)
        said = answer(run("calibrate", "--json"))
        predicted = said["predicted"]
        assert 0 <= predicted["low"] <= predicted["value"] <= said["target_fpir"] <= predicted["high"]
        taus.append(said["tau"])
    assert taus == sorted(taus, reverse=True)
    assert len(set(taus)) == 3


def test_both_taus_are_taken_with_the_admin_pin_only(run, home, enrol, admin):
    enrol(20)
    before = answer(run("calibrate", "--json"))
    assert run("calibrate", "--apply", pin="000000").exit_code == 2
    assert home.settings()["access.tau"] is None
    found = run("calibrate", "--apply", "--json", pin=PIN)
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout.splitlines()[-1])
    settings = home.settings()
    assert settings["access.tau"] == before["tau"] == said["present"]["tau"]
    assert settings["access.tau_pair"] == before["pair"]["tau"]
    assert settings["access.tau_encoder"] == str(home.encoder_card().encoder_id)
    assert said["present"]["states"] == ["good"]
    assert (said["taken"]["k"], said["taken"]["counts"]) == (20, True)
    with contextlib.closing(home.open_desk(networks=False)) as desk:
        assert any("access.tau=" in event.detail for event in desk.events())


def test_growth_is_noticed_and_nothing_is_changed(run, home, enrol, admin):
    enrol(20)
    assert run("calibrate", "--apply", pin=PIN).exit_code == 0
    tau = home.settings()["access.tau"]
    enrol(30, seed=2)
    said = answer(run("calibrate", "--json"))
    assert said["present"]["states"] == ["unsafe"]
    assert "calibrated for 20" in said["present"]["sentences"][0]
    assert home.settings()["access.tau"] == tau
    doctor = answer(run("doctor", "--no-devices", "--json"))
    check = next(check for check in doctor["checks"] if check["name"] == "calibration")
    assert not check["ok"]
    assert "faceguard calibrate --apply" in check["advice"]


def test_beyond_the_rated_size_badge_and_face_are_proposed(run, enrol):
    enrol(101)
    said = answer(run("calibrate", "--json"))
    assert "beyond the rated size" in said["present"]["states"]
    assert any("badge or PIN" in sentence for sentence in said["present"]["sentences"])


def test_another_encoder_invalidates_it_visibly(run, home, enrol, admin):
    enrol(5)
    assert run("calibrate", "--apply", pin=PIN).exit_code == 0
    with home.database() as database:
        database.connection.execute("UPDATE calibrations SET encoder = 'old@0123456789ab/arc'")
    said = answer(run("calibrate", "--json"))
    assert "calibrated for another encoder" in said["present"]["states"]
    assert not said["taken"]["counts"]


def test_an_empty_gallery_takes_no_tau(run, admin):
    found = run("calibrate", "--apply", pin=PIN)
    assert found.exit_code == 2
    assert "not two taus to take" in found.output


def test_staff_are_not_measured_before_thirty_genuine_scores(run, home, enrol):
    enrol(10)
    event = AuditEvent(
        NOW - timedelta(days=1),
        "grant",
        gates=("match", "quality", "not static", "PIN"),
        subject_id=1,
        nearest_id=1,
        distance=0.6,
        encoder_id=str(home.encoder_card().encoder_id),
        tau=1.1,
        gallery_size=10,
    )
    with home.database() as database:
        log = AuditLog(database)
        for _ in range(29):
            log.record(event)
    staff = answer(run("calibrate", "--json"))["staff"]
    assert (staff["n_genuine"], staff["beyond_tau"]) == (29, None)
    assert staff["by_domain"] == {"ID photo against live": 29}
    assert "Staff: not measured here (29 of 30" in run("calibrate").output
    with home.database() as database:
        AuditLog(database).record(event)
    measured = answer(run("calibrate", "--json"))["staff"]["beyond_tau"]
    assert (measured["low"], measured["value"]) == (0.0, 0.0)
    assert measured["high"] > 0.9  # all of one person, who says little about the other nine


@pytest.mark.parametrize(
    "words", [("--fpir", "0"), ("--fpir", "nan"), ("--pair-fmr", "1"), ("--fpir", "few"), ("--fpir", "0.5")]
)
def test_wrong_use_ends_with_one_sentence(run, words):
    found = run("calibrate", *words)
    assert found.exit_code == 2
    assert "Traceback" not in found.output


def test_without_a_tau_for_a_pair_nothing_is_taken_and_the_stricter_one_stays(run, home, enrol, admin, monkeypatch):
    enrol(10)
    monkeypatch.setattr(DoorCalibration, "_pair", lambda *_: None)  # as of a card with neither model nor such a point
    assert run("settings", "set", "access.tau_pair", "0.5", pin=PIN).exit_code == 0
    found = run("calibrate", "--apply", pin=PIN)
    assert found.exit_code == 2
    assert "nothing was taken" in found.output
    assert home.settings()["access.tau_pair"] == 0.5
    assert home.settings()["access.tau"] is None


def test_a_calibration_whose_tau_is_not_in_force_agrees_to_nothing(run, home, enrol, admin):
    enrol(30)
    refused = run("calibrate", "--fpir", "0.1", "--apply", pin=PIN)
    assert refused.exit_code == 2
    assert "Say why" in refused.output
    assert home.settings()["access.tau"] is None
    assert run("calibrate", "--fpir", "0.1", "--apply", "--reason", "a test of one hour", pin=PIN).exit_code == 0
    assert answer(run("calibrate", "--json"))["present"]["states"] == ["good"]
    assert run("settings", "set", "access.tau", "1.2", "--reason", "a test of one hour", pin=PIN).exit_code == 0
    said = answer(run("calibrate", "--json"))
    assert said["present"]["states"] == ["unsafe"]
    assert not said["taken"]["counts"]


def test_the_tau_for_one_named_person_is_judged_too(run, home, enrol, admin):
    enrol(5)
    assert run("calibrate", "--apply", pin=PIN).exit_code == 0
    refused = run("settings", "set", "access.tau_pair", "3.9", pin=PIN)
    assert (refused.exit_code, "--reason" in refused.output) == (2, True)
    assert run("settings", "set", "access.tau_pair", "3.9", "--reason", "a test of one hour", pin=PIN).exit_code == 0
    said = answer(run("calibrate", "--json"))["present"]
    assert said["states"] == ["unsafe"]
    assert "know the PIN" in said["sentences"][0]


def test_the_admin_sees_the_numbers_before_the_pin_is_asked_for(run, enrol, admin):
    enrol(5)
    found = run("calibrate", "--apply", pin="000000")
    assert found.exit_code == 2
    assert "asked for" in found.stderr


def test_people_who_come_while_the_pin_is_typed_stop_it(run, home, enrol, admin, monkeypatch):
    enrol(5)

    def late(_prompt):
        enrol(40, seed=3)
        return PIN

    monkeypatch.setattr("faceguard.cli.calibrate.ask_pin", late)
    found = run("calibrate", "--apply")
    assert found.exit_code == 2
    assert "changed meanwhile" in found.output
    assert home.settings()["access.tau"] is None


@pytest.mark.parametrize(
    ("rate", "up", "shown"),
    [
        (0.0, True, "0 %"),
        (4.02e-5, False, "0.0040 %"),
        (4.02e-5, True, "0.0041 %"),
        (0.001, True, "0.10 %"),
        (0.0999, True, "10 %"),
        (1.0, True, "100 %"),
    ],
)
def test_an_upper_bound_is_never_rounded_down(rate, up, shown):
    assert share(rate, up=up) == shown
