"""``faceguard selftest liveness``: guided before a camera, played from a recording, shown and forgotten."""

import contextlib
import json
from datetime import UTC, datetime

import cv2
import pytest
from click.testing import CliRunner

from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.cli import faceguard
from faceguard.compose import House, judging_networks
from faceguard.domain.errors import NotPermitted
from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.selftest import LivenessTests
from tests.props import face_photo, prop, webcam

PIN = "274951"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return House(tmp_path / "home")


@pytest.fixture
def run(home):
    def invoke(*words, typed=""):
        return CliRunner().invoke(faceguard, ["--data-dir", str(home.folder), *map(str, words)], input=typed)

    return invoke


@pytest.fixture
def admin(run):
    assert run("setup", "--pin-stdin", typed=f"{PIN}\n").exit_code == 0


@pytest.fixture(scope="module")
def photo(shipped):
    return face_photo(shipped.detector)


@pytest.fixture
def still_print(tmp_path, photo):
    """A folder of pictures: a print on a stand, five seconds at ten a second."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    source = SyntheticSource(prop(photo), fps=10.0, paced=False, duration_s=5.0, seed=2)
    source.open()
    for number, frame in enumerate(iter(source.read, None)):
        cv2.imwrite(str(folder / f"{number:03}.png"), frame.pixels)
    return folder


@pytest.fixture
def camera(monkeypatch, photo):
    """A webcam of this machine with a print before it."""
    source, capture = webcam(prop(photo))
    monkeypatch.setattr(House, "open_source", lambda *_args, **_more: source)
    return capture


def answer(found):
    assert not found.exception or isinstance(found.exception, SystemExit), found.exception
    return json.loads(found.stdout)


def remember(home, *, species=Species.PHONE, response=Response.PASSED, label="camera 0", networks=None):
    """One trial of a real camera, as if made before."""
    setup = PadSetup(label, 640, 480, "standard", networks or judging_networks(home.networks))
    with contextlib.closing(home.open_desk(networks=False)) as desk:
        desk.unlock(PIN)
        desk.liveness_tests.begin()
        desk.liveness_tests.record(Trial(datetime.now(UTC), setup, species, TrialResult(response, "not flat")))


def test_a_recording_is_judged_labelled_and_not_kept(run, still_print, admin):
    found = run("selftest", "liveness", "--source", still_print, "--fps", 10, "--species", "print matte", "--count", 2,
                "--json")  # fmt: skip
    said = answer(found)
    assert found.exit_code == 0
    assert (said["label"], said["stored"]) == ("recording", False)
    assert [(t["response"], t["reason"]) for t in said["trials"]] == [("refused", "a still picture was held up")] * 2
    (species,) = said["species"]
    assert (species["tried"], species["passed"], species["rate"]) == (2, 0, "APCER")
    shown = run("selftest", "liveness", "--show", "--source", still_print)
    assert shown.exit_code == 1
    assert "Not measured on this camera" in shown.stdout


def test_a_recording_needs_no_pin_and_says_so(run, still_print):
    found = run("selftest", "liveness", "--source", still_print, "--fps", 10, "--species", "phone")
    assert found.exit_code == 0
    assert "RECORDING" in found.stdout
    assert "none of this is a PAD rate" in found.stdout


def test_before_a_camera_the_table_is_kept_undone_and_quoted(run, home, camera, admin):
    found = run("selftest", "liveness", "--species", "print glossy", typed=f"{PIN}\n\n\nu\nq\n")
    assert found.exit_code == 0, found.output
    assert "print glossy 2: REFUSED" in found.stderr
    assert "taken back: print glossy" in found.stderr
    assert "camera 0, 640 x 480 pixels" in found.stdout
    shown = run("selftest", "liveness", "--show")
    assert shown.exit_code == 0
    assert "0 of 1 presentations of print glossy passed" in shown.stdout
    assert "does not stop a phone replay" in shown.stdout


def test_species_are_chosen_by_number(run, camera, admin):
    said = answer(run("selftest", "liveness", "--json", typed=f"{PIN}\n9\n4\n\ns\nq\n"))
    assert [t["species"] for t in said["trials"]] == ["phone"]
    assert said["stored"]


def test_a_wrong_pin_measures_nothing(run, camera, admin):
    found = run("selftest", "liveness", "--species", "phone", "--count", 1, typed="000111\n\n")
    assert found.exit_code == 2
    assert "Wrong PIN" in found.stderr
    assert run("selftest", "liveness", "--show").exit_code == 1


@pytest.mark.parametrize(("pin", "kept"), [(PIN, 1), ("000111", 0)])
def test_after_a_long_rest_the_pin_is_asked_for_once_more(run, home, camera, admin, monkeypatch, pin, kept):
    record, rests = LivenessTests.record, [True]

    def rested(self, trial):
        if rests.pop() if rests else False:
            raise NotPermitted("To change what only the admin may change, enter the admin PIN first.")
        return record(self, trial)

    monkeypatch.setattr(LivenessTests, "record", rested)
    found = run("selftest", "liveness", "--species", "phone", "--count", 1, typed=f"{PIN}\n\n{pin}\n")
    assert found.exit_code == (0 if kept else 2)
    with home.database() as database:
        assert database.connection.execute("SELECT count(*) FROM liveness_trials").fetchone() == (kept,)


def test_a_camera_that_is_lost_counts_nothing(run, camera, admin):
    camera.unplugged = True
    found = run("selftest", "liveness", "--species", "phone", typed=f"{PIN}\n\nq\n")
    assert found.exit_code == 0, found.output
    assert "not counted" in found.stderr
    assert "nothing was tried" in found.stdout


def test_other_networks_or_another_policy_are_not_measured(run, home, admin):
    remember(home, networks="judging 0; PAD none")
    assert run("selftest", "liveness", "--show").exit_code == 1
    remember(home)
    assert run("selftest", "liveness", "--show").exit_code == 0
    home.settings_file.change("liveness.policy", "strict")
    assert run("selftest", "liveness", "--show").exit_code == 1
    home.settings_file.change("camera.source", "1")
    assert run("selftest", "liveness", "--show").exit_code == 1


def test_forgetting_takes_the_admin(run, home, admin):
    remember(home)
    assert run("selftest", "liveness", "--clear", typed="000111\n").exit_code == 2
    assert run("selftest", "liveness", "--show").exit_code == 0
    assert answer(run("selftest", "liveness", "--clear", "--json", typed=f"{PIN}\n"))["cleared"] == 1
    assert run("selftest", "liveness", "--show").exit_code == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--count", "3"], "--count goes with --species"),
        (["--show", "--clear"], "exclude each other"),
        (["--species", "mask"], "mask"),
        (["--source", "/nowhere.mp4", "--species", "phone"], "/nowhere.mp4"),
        (["--count", "0", "--species", "phone"], "0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_use_is_a_sentence(run, words, sentence):
    found = run("selftest", "liveness", *words)
    assert found.exit_code == 2
    assert sentence in found.stderr


def test_a_folder_without_pictures_is_a_sentence(run, tmp_path):
    (tmp_path / "empty").mkdir()
    found = run("selftest", "liveness", "--source", tmp_path / "empty", "--species", "phone")
    assert found.exit_code == 2
    assert found.stderr.count("\n") <= 2


def test_with_liveness_off_there_is_nothing_to_measure(run, home, still_print):
    home.settings_file.change("liveness.policy", "off")
    found = run("selftest", "liveness", "--source", still_print, "--species", "phone")
    assert found.exit_code == 2
    assert "switched off" in found.stderr


def liveness_check(run, *words):
    (check,) = [c for c in answer(run("doctor", "--json", *words))["checks"] if c["name"] == "liveness"]
    return check


def test_doctor_says_that_nothing_was_measured_and_how_to_and_then_what_was(run, home, admin):
    before = liveness_check(run, "--no-devices")
    assert before["ok"]  # not measured is no fault of the installation
    assert before["found"] == "not measured on this camera"
    assert "does not stop a phone replay" in before["advice"]
    assert "faceguard selftest liveness" in before["advice"]
    remember(home)
    after = liveness_check(run, "--no-devices")
    assert "1 of 1 presentations of phone passed" in after["found"]
    assert "APCER 100.0 %" in after["found"]


def test_doctor_quotes_nothing_of_another_size_of_picture(run, home, camera, admin):
    remember(home)
    assert "1 of 1" in liveness_check(run)["found"]
    with home.database() as database:
        database.connection.execute("UPDATE liveness_trials SET width = 1280, height = 720")
    assert liveness_check(run)["found"] == "not measured on this camera"


def test_doctor_with_liveness_off_says_so(run, home, admin):
    home.settings_file.change("liveness.policy", "off")
    assert "switched off" in liveness_check(run, "--no-devices")["found"]
