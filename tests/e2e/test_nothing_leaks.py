"""What must not get out: to the network, to the disk, into other libraries; and no thread stays behind."""

import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.cli import faceguard
from faceguard.compose import House
from faceguard.config.folders import DATABASE_FILE

PROJECT = Path(__file__).resolve().parents[2]
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF", b"GIF8", b"BM")


def fresh(script, home):
    """Run a script in a new interpreter with an empty home; returns what it prints."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "FACEGUARD_"))}
    environment |= {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=PROJECT,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rooms_below_the_window():
    """Every module of the program except the window, what stands on it, and training, which needs its extra."""
    package = importlib.import_module("faceguard")
    above = ("faceguard.ui", "faceguard.app", "faceguard.demo", "faceguard.__main__", "faceguard.training")
    names = [m.name for m in pkgutil.walk_packages(package.__path__, "faceguard.", onerror=lambda _: None)]
    return [name for name in names if not name.startswith(above)]


def test_everything_below_the_window_does_without_qt(tmp_path):
    script = f"import importlib, sys\nfor name in {rooms_below_the_window()!r}: importlib.import_module(name)\n"
    assert fresh(script + "print([m for m in sys.modules if 'PySide6' in m or 'shiboken' in m])", tmp_path) == "[]\n"


KIOSK = """
import sys
from faceguard.app import application
from faceguard.app.kiosk import Kiosk
from faceguard.camera.rendering.scene import Scene
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.compose import open_house
from PySide6.QtCore import QTimer
app = application()
kiosk = Kiosk(open_house(), lambda: SyntheticSource(Scene([])))
kiosk.window.show()
kiosk.start()
QTimer.singleShot(3000, lambda: app.exit(0))
app.exec()
assert kiosk.stop()
heavy = ("torch", "tensorflow", "insightface", "skimage", "scipy", "onnx", "sklearn", "matplotlib")
print(sorted({m.partition(".")[0] for m in sys.modules} & set(heavy)))
"""


def test_the_kiosk_starts_without_the_heavy_libraries_and_leaves_no_telemetry(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    assert fresh(KIOSK, home) == "[]\n"
    left = [path for path in home.rglob("*") if path.is_file()]
    strays = [p for p in left if "faceguard" not in str(p.relative_to(home)) and "fontconfig" not in str(p)]
    assert strays == []
    assert [p for p in left if any(word in p.name.lower() for word in ("telemetry", "onnx", "1ds", "offline"))] == []


@pytest.fixture
def no_network(monkeypatch):
    """Any socket that is opened, or any name that is looked up, fails the test."""
    used = []

    def refused(*args, **_):
        used.append(args)
        raise OSError("the test has no network")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    return used


@pytest.fixture
def after_a_day(tmp_path, no_network):
    """Enrolment, questions and a run at the door, without a network; the folder with all that was written."""
    folder, frames = tmp_path / "data", tmp_path / "frames"
    photo = tmp_path / "photo.png"
    pixels = bundled_photo("astronaut").pixels
    cv2.imwrite(str(photo), pixels)
    frames.mkdir()
    for number in range(12):
        cv2.imwrite(str(frames / f"{number:02d}.png"), cv2.convertScaleAbs(pixels, alpha=0.9 + 0.01 * number))
    before = set(threading.enumerate())

    def call(*words):
        return CliRunner().invoke(faceguard, ["--data-dir", str(folder), *map(str, words)])

    assert call("enrol", photo, "--name", "Eileen Collins", "--consent", "paper").exit_code == 0
    assert call("identify", photo).exit_code == 0
    run = call("run", "--headless", "--json", "--source", frames, "--fps", "10")
    assert run.exit_code == 0, run.output
    assert [json.loads(line)["decision"] for line in run.stdout.splitlines()]
    assert set(threading.enumerate()) <= before  # a thread of an earlier test may end meanwhile
    return folder


def test_no_socket_is_opened_at_run_time(after_a_day, no_network):
    assert no_network == []


def test_no_picture_is_kept_anywhere(after_a_day):
    for path in (p for p in after_a_day.rglob("*") if p.is_file()):
        data = path.read_bytes()
        assert not data.startswith(PICTURES), path
        assert b"\x89PNG\r\n" not in data, path
        assert b"JFIF" not in data, path


def test_the_embedding_lies_in_the_database_and_nowhere_else(after_a_day):
    house = House(after_a_day)
    card = house.encoder_card()
    with house.database() as database:
        with database.reading() as connection:
            (row,) = connection.query("select embedding from templates")
        database.empty_journal()
    secret = bytes(row["embedding"])
    assert len(secret) == 4 * card.length
    holders = [p.name for p in after_a_day.rglob("*") if p.is_file() and secret[:64] in p.read_bytes()]
    assert set(holders) <= {DATABASE_FILE, f"{DATABASE_FILE}-wal"}


def test_no_event_holds_a_vector_or_a_name(after_a_day):
    with House(after_a_day).database() as database, database.reading() as connection:
        rows = list(connection.query("select * from events"))
    assert rows
    for row in rows:
        assert not any(isinstance(value, bytes) for value in row.values())
        assert "Eileen" not in repr(row)
