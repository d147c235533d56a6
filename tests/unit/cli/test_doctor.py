"""The check-up: each finding has a line, each problem says what to do."""

import json
import sqlite3

import pytest
from click.testing import CliRunner

from faceguard.cli import faceguard
from faceguard.cli.doctor import qt_check, runtime_check


@pytest.fixture
def doctor(tmp_path):
    def invoke(*words):
        answer = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path), "doctor", "--json", *words])
        found = json.loads(answer.stdout)
        return answer.exit_code, {check["name"]: check for check in found["checks"]}

    return invoke


def test_a_first_start_lacks_only_the_admin_pin(doctor):
    code, checks = doctor("--no-devices")
    assert code == 1
    assert [name for name, check in checks.items() if not check["ok"]] == ["admin PIN"]
    assert "in use: " in checks["provider"]["found"]
    assert "cpu" in checks["provider"]["found"]
    assert checks["telemetry"]["ok"]


def test_all_good_once_the_pin_is_set(doctor, tmp_path):
    setup = CliRunner().invoke(faceguard, ["--data-dir", str(tmp_path), "setup", "--pin-stdin"], input="274951\n")
    assert setup.exit_code == 0, setup.output
    code, _ = doctor("--no-devices")
    assert code == 0


def test_a_camera_and_a_relay_that_are_not_there_say_what_to_do(doctor, tmp_path):
    (tmp_path / "settings.toml").write_text(
        f'[camera]\nsource = "{tmp_path / "nothing.mp4"}"\n'
        f'[door]\noutput = "serial"\nserial_port = "{tmp_path / "ttyNone"}"\n'
    )
    code, checks = doctor()
    assert code == 1
    for name in ("camera", "door output"):
        assert not checks[name]["ok"]
        assert checks[name]["advice"]


def test_a_bad_settings_file_is_a_problem_and_not_a_default(doctor, tmp_path):
    (tmp_path / "settings.toml").write_text("[door]\nnmae = 'x'\n")
    code, checks = doctor("--no-devices")
    assert code == 1
    assert not checks["settings"]["ok"]
    assert "nmae" in checks["settings"]["found"]
    assert "database" not in checks


def test_a_corrupt_database_is_a_problem(doctor, tmp_path):
    (tmp_path / "faceguard.db").write_bytes(b"no database at all" * 100)
    code, checks = doctor("--no-devices")
    assert code == 1
    assert not checks["database"]["ok"]


def test_a_database_of_another_program_is_a_problem(doctor, tmp_path):
    with sqlite3.connect(tmp_path / "faceguard.db") as other:
        other.execute("create table notes (text)")
    other.close()
    code, checks = doctor("--no-devices")
    assert code == 1
    assert not checks["database"]["ok"]


@pytest.mark.parametrize(
    ("pyside", "python", "ok"),
    [
        ("6.11.3", (3, 11), True),
        ("6.12.0", (3, 11), False),
        ("6.12.0", (3, 12), True),
        ("6.13.1", (3, 10), False),
        (None, (3, 12), False),
    ],
)
def test_the_qt_that_aborts_on_old_pythons_is_found(pyside, python, ok):
    check = qt_check(pyside, python)
    assert check.ok is ok
    assert bool(check.advice) is not ok


def test_two_wheels_in_one_folder_are_found():
    both = {"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.31.1"}
    assert not runtime_check(both.get).ok
    assert "onnxruntime-gpu" in runtime_check(both.get).advice
    assert not runtime_check({"opencv-python": "5", "opencv-python-headless": "5"}.get).ok
    assert runtime_check({"onnxruntime-gpu": "1.31.1"}.get).ok
