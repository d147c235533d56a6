"""The operator's story on the command line: first start, people, questions about photos, settings, the door itself."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Keyframe, Placed, Scene
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.cli import faceguard
from faceguard.compose import House
from faceguard.domain.face import Frame
from tests.e2e.simulated_door import NEAR

ADMIN_PIN, WRONG_PIN = "739184", "111999"
PROJECT = Path(__file__).resolve().parents[2]
EVENT_KEYS = {"decision", "subject", "reason", "distance", "tau", "frames", "ms"}


@pytest.fixture
def call(tmp_path):
    """``faceguard --data-dir FOLDER WORDS`` in this process; no answer ever shows a trace."""

    def invoke(*words, typed=None):
        answer = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path / "data"), *map(str, words)], input=typed)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        assert "Traceback" not in answer.stderr
        return answer

    return invoke


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """The bundled photographs as files, by name."""
    folder = tmp_path_factory.mktemp("photos")

    def written(name):
        path = folder / f"{name.replace(' ', '-')}.png"
        if not path.exists():
            cv2.imwrite(str(path), bundled_photo(name).pixels)
        return path

    return written


@pytest.fixture
def staff(call, photos):
    """The astronaut is enrolled as number 1."""
    answer = call("enrol", photos("astronaut"), "--name", "Eileen Collins", "--consent", "paper", "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def process(folder, *words, typed=""):
    """The same as a program of its own."""
    environment = {**os.environ, "FACEGUARD_HOME": str(folder), "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, "-m", "faceguard", *map(str, words)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=PROJECT,
        env=environment,
        check=False,
    )


# as a program


def test_first_start_enrolment_and_a_question_as_a_program(tmp_path, photos):
    assert process(tmp_path, "setup", "--pin-stdin", typed=f"{ADMIN_PIN}\n").returncode == 0
    done = process(tmp_path, "enrol", photos("astronaut"), "--name", "Zoë", "--consent", "screen", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["subject"] == "Zoë"
    known = process(tmp_path, "identify", photos("astronaut"))
    assert (known.returncode, "Zoë" in known.stdout, "not checked for liveness" in known.stderr) == (0, True, True)
    assert process(tmp_path, "identify", photos("group 4")).returncode == 1
    missing = process(tmp_path, "identify", tmp_path / "nothing.jpg")
    assert missing.returncode == 2
    assert missing.stderr.startswith("faceguard: ")
    assert len(missing.stderr.strip().splitlines()) == 1


def test_help_is_there_for_every_command():
    done = CliRunner().invoke(faceguard, ["--help"])
    for command in [
        "demo",
        "run",
        "kiosk",
        "setup",
        "enrol",
        "gallery",
        "verify",
        "identify",
        "settings",
        "models",
        "calibrate",
        "what-if",
        "shadow",
        "doctor",
        "evaluate",
        "bench",
    ]:
        assert command in done.output
        assert CliRunner().invoke(faceguard, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize("words", [["nonsense"], ["verify", "one.jpg"], ["enrol"], ["run", "--fps", "0"]])
def test_wrong_use_is_exit_code_two(call, words):
    assert call(*words).exit_code == 2


# first start


def test_the_admin_pin_is_set_once_and_changed_only_with_the_present_one(call):
    assert call("setup", "--pin-stdin", typed=f"{ADMIN_PIN}\n").exit_code == 0
    refused = call("setup", "--pin-stdin", typed=f"{WRONG_PIN}\n918273\n")
    assert refused.exit_code == 2
    assert "Wrong PIN" in refused.stderr
    assert call("setup", "--pin-stdin", typed=f"{ADMIN_PIN}\n918273\n").exit_code == 0
    assert call("settings", "set", "liveness.policy", "strict", typed="918273\n").exit_code == 0


@pytest.mark.parametrize("pin", ["1", "111111", "123456", ""])
def test_an_easy_admin_pin_is_refused(call, pin):
    answer = call("setup", "--pin-stdin", typed=f"{pin}\n")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("faceguard: ")


# people


def test_enrolment_answers_with_number_findings_and_the_nearest_colleague(call, photos, staff):
    assert staff.keys() == {"subject", "subject_id", "quality", "nearest"}
    assert (staff["subject"], staff["subject_id"], staff["nearest"]) == ("Eileen Collins", 1, None)
    assert {"check", "passed", "measured", "limit", "unit"} == staff["quality"][0].keys()
    second = call("enrol", photos("group 4"), "--name", "Robin", "--consent", "spoken", "--json")
    found = json.loads(second.stdout)
    assert found["subject_id"] == 2
    assert found["nearest"]["subject"] == "Eileen Collins"
    assert 1.2 < found["nearest"]["distance"] <= 4


@pytest.mark.parametrize(
    ("words", "said"), [((), "agreed"), (("--consent", "whistled"), "whistled"), (("--consent", ""), "")]
)
def test_nobody_is_enrolled_without_consent(call, photos, words, said):
    answer = call("enrol", photos("astronaut"), "--name", "Eileen Collins", *words)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert json.loads(call("gallery", "list", "--json").stdout) == {"people": []}


def test_the_same_face_is_not_enrolled_twice_by_mistake(call, photos, staff):
    refused = call("enrol", photos("astronaut"), "--name", "Somebody Else", "--consent", "paper")
    assert refused.exit_code == 2
    assert "Eileen Collins" in refused.stderr
    twin = call("enrol", photos("astronaut"), "--name", "Her Twin", "--consent", "paper", "--accept-near")
    assert twin.exit_code == 0


def test_people_are_listed_get_a_pin_and_are_removed(call, staff):
    assert call("gallery", "pin", "1", "--pin-stdin", typed="402957\n").exit_code == 0
    (person,) = json.loads(call("gallery", "list", "--json").stdout)["people"]
    assert (person["subject_id"], person["subject"], person["ready"], person["pin"]) == (
        1,
        "Eileen Collins",
        True,
        True,
    )
    assert person["consent"] == "paper"
    assert "402957" not in call("gallery", "list").output
    assert call("gallery", "pin", "1", "--clear").exit_code == 0
    assert call("gallery", "remove", "1").exit_code == 0
    assert json.loads(call("gallery", "list", "--json").stdout) == {"people": []}
    again = call("gallery", "remove", "1")
    assert again.exit_code == 2
    assert "number 1" in again.stderr


# questions about photos


def test_verify_says_same_and_not_the_same(call, photos, tmp_path):
    darker = tmp_path / "darker.jpg"
    cv2.imwrite(str(darker), cv2.convertScaleAbs(bundled_photo("astronaut").pixels, alpha=0.8))
    same = call("verify", photos("astronaut"), darker, "--json")
    other = call("verify", photos("astronaut"), photos("group 2"), "--json")
    assert (same.exit_code, other.exit_code) == (0, 1)
    yes, no = json.loads(same.stdout), json.loads(other.stdout)
    assert yes.keys() == no.keys() == {"distance", "tau", "same", "encoder"}
    assert (yes["same"], no["same"]) == (True, False)
    assert yes["distance"] <= yes["tau"] < no["distance"]


def test_identify_names_the_person_or_says_why_not(call, photos, staff):
    known = call("identify", photos("astronaut"), "--json")
    stranger = call("identify", photos("group 4"), "--json")
    assert (known.exit_code, stranger.exit_code) == (0, 1)
    yes, no = json.loads(known.stdout), json.loads(stranger.stdout)
    assert yes.keys() == no.keys() == {"match", "subject", "distance", "tau", "runner_up", "reason", "encoder"}
    assert (yes["match"], yes["subject"], yes["reason"]) == (True, "Eileen Collins", "")
    assert (no["match"], no["subject"], no["reason"]) == (False, None, "not recognised")
    assert "not checked for liveness" in call("identify", photos("astronaut")).stderr


def test_questions_make_no_access_event(call, photos, staff, tmp_path):
    call("identify", photos("astronaut"))
    call("verify", photos("astronaut"), photos("group 4"))
    with House(tmp_path / "data").database() as database, database.reading() as connection:
        words = [row["decision"] for row in connection.query("select decision from events")]
    assert words == ["enrol"]


# settings


def test_settings_are_read_and_changed(call):
    assert call("settings", "get", "camera.fps").stdout.strip() == "25.0"
    assert call("settings", "set", "camera.fps", "12.5").exit_code == 0
    assert json.loads(call("settings", "get", "camera.fps", "--json").stdout) == {"camera.fps": 12.5}
    assert "liveness.policy" in json.loads(call("settings", "get", "--json").stdout)


def test_what_only_the_admin_may_change_takes_the_pin(call):
    call("setup", "--pin-stdin", typed=f"{ADMIN_PIN}\n")
    wrong = call("settings", "set", "liveness.policy", "off", typed=f"{WRONG_PIN}\n")
    assert wrong.exit_code == 2
    assert call("settings", "get", "liveness.policy").stdout.strip() == "standard"
    assert call("settings", "set", "liveness.policy", "off", typed="").exit_code == 2
    assert call("settings", "set", "liveness.policy", "off", typed=f"{ADMIN_PIN}\n").exit_code == 0
    assert call("settings", "get", "liveness.policy").stdout.strip() == "off"


def test_without_an_admin_pin_nobody_changes_the_admins_settings(call):
    answer = call("settings", "set", "liveness.policy", "off", typed="123123\n")
    assert answer.exit_code == 2
    assert "setup" in answer.stderr


# the door without a window


@pytest.fixture(scope="session")
def visits(tmp_path_factory):
    """Folders of frames: a person before the camera for four seconds at ten frames a second, rendered once each."""
    folders = {}

    def rendered(name):
        if name not in folders:
            folder = folders[name] = tmp_path_factory.mktemp(name.replace(" ", "-"))
            pixels = bundled_photo(name).pixels
            with closing(House(tmp_path_factory.mktemp("networks")).open_desk()) as desk:
                face = desk.examine_frame(Frame(pixels, 0, 0)).face
            head = HeadActor(FacePhoto(pixels, face.landmarks, face.box), seed=3)
            source = SyntheticSource(Scene([Placed(head, (Keyframe(eyes=NEAR),))]), fps=10, paced=False, seed=3)
            source.open()
            for number in range(40):
                cv2.imwrite(str(folder / f"{number:03d}.png"), source.read().pixels)
            source.close()
        return folders[name]

    return rendered


def events(answer):
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    assert all(event.keys() == EVENT_KEYS for event in found)
    return found


def run(call, folder):
    answer = call("run", "--headless", "--json", "--source", folder, "--fps", "10")
    assert answer.exit_code == 0, answer.output
    return events(answer)


@pytest.fixture
def liveness_off(call):
    call("setup", "--pin-stdin", typed=f"{ADMIN_PIN}\n")
    assert call("settings", "set", "liveness.policy", "off", typed=f"{ADMIN_PIN}\n").exit_code == 0


def test_the_door_grants_an_enrolled_person_where_the_admin_turned_liveness_off(call, visits, staff, liveness_off):
    (grant,) = run(call, visits("astronaut"))
    assert (grant["decision"], grant["subject"], grant["reason"]) == ("grant", "Eileen Collins", "")
    assert grant["distance"] <= grant["tau"]
    assert grant["frames"] == 5
    assert 300 <= grant["ms"] <= 2_000


def test_the_door_denies_the_same_recording_when_the_turn_is_not_answered(call, visits, staff):
    decisions = [event["decision"] for event in run(call, visits("astronaut"))]
    assert decisions
    assert "grant" not in decisions


def test_the_door_denies_a_stranger_with_the_reason(call, visits, staff, liveness_off):
    found = run(call, visits("group 4"))
    assert {(event["decision"], event["subject"], event["reason"]) for event in found} == {
        ("deny", None, "not recognised")
    }
    assert found[0]["distance"] > found[0]["tau"]


def test_the_same_recording_gives_the_same_events(call, visits, staff, liveness_off):
    assert run(call, visits("group 4")) == run(call, visits("group 4"))


def test_identical_frames_put_the_door_out_of_service(call, tmp_path, astronaut, staff, liveness_off):
    frozen = tmp_path / "frozen"
    frozen.mkdir()
    for number in range(12):
        cv2.imwrite(str(frozen / f"{number:02d}.png"), astronaut)
    found = run(call, frozen)
    assert [event["decision"] for event in found if event["decision"] == "grant"] == []
    assert "fault" in [event["decision"] for event in found]
    assert "does not change" in next(e["reason"] for e in found if e["decision"] == "fault")


def test_the_headless_door_as_a_program_ends_with_its_recording(tmp_path, visits, photos):
    process(tmp_path, "enrol", photos("astronaut"), "--name", "Eileen Collins", "--consent", "paper")
    done = process(tmp_path, "run", "--headless", "--json", "--source", visits("group 4"), "--fps", "10")
    assert done.returncode == 0, done.stderr
    assert {event["decision"] for event in events(done)} == {"deny"}
    assert done.stderr == ""
