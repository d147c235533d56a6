"""What was calibrated stays with its encoder, its number of people and its date."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlite_utils import Database as Tables

from faceguard.domain.errors import StoreFault
from faceguard.store.calibrations import Calibrations, TakenCalibration
from faceguard.store.database import APPLICATION_ID, Database
from faceguard.store.migrations import MIGRATIONS

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TAKEN = TakenCalibration(
    NOON, "small@0123456789ab/arc112-bgr", 40, 44, "impostor model", 2351, 1e-3, 1.01, 1e-4, 9.9e-4, 3e-3, 1e-4, 1.16
)


def test_the_newest_one_comes_back_as_it_was_taken(database):
    calibrations = Calibrations(database)
    assert calibrations.latest() is None
    calibrations.record(TAKEN)
    assert calibrations.latest() == TAKEN
    later = replace(TAKEN, encoder="other@ba9876543210/arc112-bgr", pair_fmr=None, tau_pair=None)
    calibrations.record(later)
    assert calibrations.latest() == later


@pytest.mark.parametrize(
    "changes",
    [
        {"tau": 0.0},
        {"tau": 4.1},
        {"tau": float("nan")},
        {"tau_pair": float("nan")},
        {"target_fpir": 0.0},
        {"target_fpir": 1.0},
        {"low": 0.01},
        {"high": 1.1},
        {"high": float("nan")},
        {"people": 0},
        {"templates": 39},
        {"encoder": "small"},
        {"basis": ""},
        {"time": datetime(2026, 5, 4)},  # noqa: DTZ001
    ],
    ids=str,
)
def test_what_is_no_calibration_is_not_taken(changes):
    with pytest.raises(ValueError, match=r"."):
        replace(TAKEN, **changes)


def test_a_damaged_one_is_a_fault_and_no_tau(database):
    Calibrations(database).record(TAKEN)
    database.connection.execute("UPDATE calibrations SET encoder = 'nobody'")
    with pytest.raises(StoreFault, match="damaged"):
        Calibrations(database).latest()


def test_a_database_of_the_first_release_gets_the_table(path):
    old = sqlite3.connect(path)
    old.execute(f"PRAGMA application_id={APPLICATION_ID}")
    MIGRATIONS.apply(Tables(old), stop_before="m002_calibrations")
    assert not list(old.execute("SELECT 1 FROM sqlite_schema WHERE name = 'calibrations'"))
    old.close()
    with Database(path) as database:
        Calibrations(database).record(TAKEN)
        assert Calibrations(database).latest() == TAKEN
