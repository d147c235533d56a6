"""The settings file: sparse, kept as its owner wrote it, and a fault when it is damaged."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from threading import Event, Thread

import pytest

from faceguard.config.file_lock import sole_writer
from faceguard.config.settings import Settings
from faceguard.config.settings_file import MAX_BYTES, SettingsFile
from faceguard.domain.errors import SettingsFault


@pytest.fixture
def file(tmp_path):
    return SettingsFile(tmp_path / "settings.toml")


def test_missing_file_means_defaults_and_is_not_made(file):
    assert file.load() == Settings()
    assert not file.path.exists()


def test_only_changes_are_written_and_read_back(file):
    file.change("access.tau", "0.71")
    file.change("window.mirror", False)
    file.change("door.name", 'Gate "A" \\ ü')
    assert "cooldown" not in file.path.read_text("utf-8")
    assert file.load().changed() == {"access.tau": 0.71, "window.mirror": False, "door.name": 'Gate "A" \\ ü'}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert sorted(os.listdir(file.path.parent)) == [".settings.toml.lock", "settings.toml"]


def test_value_set_back_to_its_default_leaves_the_file(file):
    file.change("access.zone", 0.5)
    file.change("access.zone", 0.8)
    assert "zone" not in file.path.read_text()
    assert file.load() == Settings()


def test_comments_order_and_other_lines_are_kept(file):
    written = (
        "# our door\n[window]\ntheme = 'dark'  # glare\n\n"
        "[access]\n# measured in May\ntau = {} # was 0.4\nmargin = 0.2\n"
    )
    file.path.write_text(written.format(0.5))
    file.change("access.tau", 0.6)
    assert file.path.read_text() == written.format(0.6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[access]\ntau = 'zero'\n", "access.tau must be"),
        (b"[access]\ntau = nan\n", "access.tau must be"),
        (b"[access]\ntau = 9\n", "access.tau must be"),
        (b"[access]\ntau = true\n", "access.tau must be"),
        (b"[access]\ntau = 0,4\n", "cannot be understood"),
        (b"[access]\ntau = 1\ntau = 2\n", "cannot be understood"),
        (b"[access]\nthau = 1\n", "nearest one is access.tau"),
        (b"[acess]\ntau = 1\n", "nearest one is access.tau"),
        (b"tau = 1\n", "nearest one is"),
        (b"[access.tau]\nx = 1\n", "access.tau must be"),
        (b"[access\n", "cannot be understood"),
        (b"[door]\nname = 1979-05-27\n", "door.name must be"),
        (b"\xff\xfe\x00", "no readable text"),
        (b"\x00\x01\x02", "cannot be understood"),
        (b"#" * (MAX_BYTES + 1), "too large"),
    ],
)
def test_damaged_file_is_a_fault_and_stays_as_it_is(file, content, words):
    file.path.write_bytes(content)
    with pytest.raises(SettingsFault, match=words) as fault:
        file.load()
    assert str(file.path) in fault.value.sentence
    with pytest.raises(SettingsFault):
        file.change("door.name", "x")
    assert file.path.read_bytes() == content


def test_folder_in_place_of_the_file_is_a_fault(file):
    file.path.mkdir()
    with pytest.raises(SettingsFault, match="no settings file"):
        file.load()


def test_refused_value_leaves_the_file_alone(file):
    file.change("access.tau", 0.5)
    before = file.path.read_bytes()
    with pytest.raises(SettingsFault):
        file.change("access.tau", 5)
    assert file.path.read_bytes() == before


def test_crash_while_writing_leaves_the_old_file(file, monkeypatch):
    file.change("access.tau", 0.5)
    before = file.path.read_bytes()

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(SettingsFault, match="No space left"):
        file.change("access.tau", 0.6)
    assert file.path.read_bytes() == before
    assert sorted(os.listdir(file.path.parent)) == [".settings.toml.lock", "settings.toml"]


def test_what_was_not_changed_stays_as_its_owner_wrote_it_though_it_is_the_default(file):
    file.path.write_text("[access]\nmargin = 0.1  # as delivered\n")
    file.change("access.tau", 0.6)
    assert "margin = 0.1  # as delivered" in file.path.read_text()


def test_changes_are_worked_out_from_the_file_as_it_is_when_it_is_written(file):
    file.change("models.pad", "one")
    present = file.update(lambda present: {"models.pad": f"{present.text('models.pad')},two", "door.shadow": True})
    assert present.listed("models.pad") == ("one", "two")
    assert file.load() == present


def test_two_writers_of_other_keys_lose_nothing_to_each_other(file):
    reading, written = Event(), Event()

    def slow(_present):
        reading.set()
        assert not written.wait(0.3)  # the other one waits for us, so it cannot have written by now
        return {"access.tau": 0.6}

    def other():
        reading.wait()
        SettingsFile(file.path).change("door.shadow", True)
        written.set()

    thread = Thread(target=other)
    thread.start()
    file.update(slow)
    thread.join()
    assert written.is_set()
    assert file.load().changed() == {"access.tau": 0.6, "door.shadow": True}


def test_two_processes_lose_nothing_to_each_other(file):
    count = """
import sys; from pathlib import Path; from faceguard.config.settings_file import SettingsFile
for _ in range(25):
    SettingsFile(Path(sys.argv[1])).update(lambda s: {sys.argv[2]: s.whole(sys.argv[2]) + 1})
"""
    keys = ("camera.width", "access.cooldown_ms")
    before = {key: file.load().whole(key) for key in keys}
    running = [subprocess.Popen([sys.executable, "-c", count, str(file.path), key]) for key in (*keys, *keys)]
    assert [one.wait() for one in running] == [0] * 4
    assert {key: file.load().whole(key) - before[key] for key in keys} == dict.fromkeys(keys, 50)


def test_a_writer_that_hangs_is_a_fault_in_the_end_and_nothing_is_written(file, monkeypatch):
    monkeypatch.setattr(sole_writer.__wrapped__, "__defaults__", (0.0,))  # waits for nobody
    with sole_writer(file.path), pytest.raises(SettingsFault, match="just changing"):
        file.change("door.name", "x")
    assert not file.path.exists()
    file.change("door.name", "x")
