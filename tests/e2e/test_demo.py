"""The demonstration: five scenes through the real door, whose verdicts follow from what stands before it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faceguard.demo.play import NAMES, PHOTOS, play
from faceguard.demo.scenes import COLLEAGUE, PARTS, STAFF, STRANGER

pytestmark = pytest.mark.timeout(600)

GRANTED = tuple(part for part in PARTS if part.verdict == "grant")
STEPS_UP, A_STRANGER = PARTS[0], PARTS[1]


@pytest.fixture(autouse=True)
def _style_of_before(qapp):
    """The desktop dresses the whole application; the next test gets it undressed, but for the font, set only once."""
    before = qapp.styleSheet(), qapp.palette()
    yield
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])


def played(tmp_path, **changes):
    """The answer of ``faceguard demo --json``, played in this process."""
    answers = []
    passed = play(tmp_path / "shots", answers.append, **changes)
    assert answers[0]["passed"] is passed
    return passed, {scene["scene"]: scene for scene in answers[0]["scenes"]}


def test_every_scene_ends_with_the_expected_verdict(qapp, tmp_path):
    passed, scenes = played(tmp_path)
    assert passed, scenes
    assert [scenes[part.key]["verdict"] for part in PARTS] == [part.verdict for part in PARTS]
    assert {scenes[part.key]["subject"] for part in GRANTED} == {NAMES[STAFF]}
    assert all(scenes[part.key]["distance"] <= scenes[part.key]["tau"] for part in GRANTED)
    assert scenes[A_STRANGER.key]["distance"] > scenes[A_STRANGER.key]["tau"]
    shots = {path.name for path in (tmp_path / "shots").iterdir()}
    assert {f"scene-{part.key}-{part.verdict}.png" for part in PARTS} <= shots


def test_the_strangers_face_in_the_staff_part_is_denied(qapp, tmp_path):
    passed, scenes = played(tmp_path, photos={**PHOTOS, STAFF: PHOTOS[STRANGER]}, parts=GRANTED)
    assert not passed
    assert {scene["verdict"] for scene in scenes.values()} == {"deny"}
    assert {scene["subject"] for scene in scenes.values()} == {""}


def test_the_staffs_face_in_the_strangers_part_is_recognised_but_whoever_plays_it_knows_no_pin(qapp, tmp_path):
    passed, scenes = played(tmp_path, photos={**PHOTOS, STRANGER: PHOTOS[STAFF]}, parts=(A_STRANGER,))
    assert not passed
    assert scenes[A_STRANGER.key]["verdict"] == "deny"
    assert scenes[A_STRANGER.key]["distance"] <= scenes[A_STRANGER.key]["tau"]


def test_the_colleagues_face_in_the_staff_part_is_never_granted_under_the_staffs_name(qapp, tmp_path):
    passed, scenes = played(tmp_path, photos={**PHOTOS, STAFF: PHOTOS[COLLEAGUE]}, parts=(STEPS_UP,))
    assert not passed
    assert scenes[STEPS_UP.key]["subject"] != NAMES[STAFF]


def test_the_command_writes_nothing_but_the_pictures_it_was_asked_for(tmp_path):
    home, temporary, shots = (tmp_path / name for name in ("home", "temporary", "shots"))
    home.mkdir()
    temporary.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "FACEGUARD_"))}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-m", "faceguard", "demo", "--json", "--shots", str(shots)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    answer = json.loads(done.stdout)
    assert answer["passed"] is True
    assert [scene["scene"] for scene in answer["scenes"]] == [part.key for part in PARTS]
    assert {"verdict", "reason", "distance", "tau", "frames", "ms"} <= answer["scenes"][0].keys()
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert list(temporary.iterdir()) == []
    assert {path.suffix for path in shots.iterdir()} == {".png"}
