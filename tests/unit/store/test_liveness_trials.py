"""What was tried before which camera, and what belongs together."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlite_utils import Database as Tables

from faceguard.domain.errors import StoreFault
from faceguard.domain.presentation import PadSetup, Response, Species, Trial, TrialResult
from faceguard.store.database import APPLICATION_ID, Database
from faceguard.store.liveness_trials import LivenessTrials
from faceguard.store.migrations import MIGRATIONS

SETUP = PadSetup("camera 0", 640, 480, "standard", "judging 1; PAD none")
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TRIAL = Trial(NOON, SETUP, Species.PHONE, TrialResult(Response.REFUSED, "a picture was held up"))


def test_a_trial_comes_back_as_it_was_with_a_number(database):
    trials = LivenessTrials(database)
    first = trials.record(TRIAL)
    second = trials.record(replace(TRIAL, species=Species.BONA_FIDE))
    assert trials.of(SETUP) == (first, second)
    assert 0 < first.number < second.number
    assert replace(first, number=0) == TRIAL


@pytest.mark.parametrize(
    "other",
    [{"camera": "camera 1"}, {"width": 1280}, {"height": 720}, {"policy": "strict"}, {"networks": "PAD minifasnet"}],
    ids=str,
)
def test_another_camera_size_policy_or_network_is_another_measurement(database, other):
    trials = LivenessTrials(database)
    trials.record(TRIAL)
    assert trials.of(replace(SETUP, **other)) == ()


def test_one_is_taken_back_and_its_number_is_not_used_again(database):
    trials = LivenessTrials(database)
    first = trials.record(TRIAL)
    assert trials.remove(first.number)
    assert not trials.remove(first.number)
    assert trials.of(SETUP) == ()
    assert trials.record(TRIAL).number > first.number


def test_a_camera_is_cleared_and_the_others_stay(database):
    trials = LivenessTrials(database)
    other = replace(SETUP, camera="camera 1", width=1280, height=720)
    for setup in (SETUP, replace(SETUP, policy="strict"), other):
        trials.record(replace(TRIAL, setup=setup))
    assert trials.latest_size("camera 1") == (1280, 720)
    assert trials.clear("camera 0") == 2
    assert trials.latest_size("camera 0") is None
    assert len(trials.of(other)) == 1


@pytest.mark.parametrize(("column", "value"), [("species", "mask"), ("time", "noon")])
def test_a_damaged_one_is_a_fault_that_says_what_to_do(database, column, value):
    LivenessTrials(database).record(TRIAL)
    database.connection.execute(f"UPDATE liveness_trials SET {column} = ?", [value])
    with pytest.raises(StoreFault, match="--clear"):
        LivenessTrials(database).of(SETUP)
    assert LivenessTrials(database).clear("camera 0") == 1


def test_the_database_takes_no_measurement_without_liveness(database):
    with pytest.raises(StoreFault):
        LivenessTrials(database).record(replace(TRIAL, setup=replace(SETUP, policy="off")))


def test_a_database_of_the_first_release_gets_the_table(path):
    old = sqlite3.connect(path)
    old.execute(f"PRAGMA application_id={APPLICATION_ID}")
    MIGRATIONS.apply(Tables(old), stop_before="m004_liveness_trials")
    assert not list(old.execute("SELECT 1 FROM sqlite_schema WHERE name = 'liveness_trials'"))
    old.close()
    with Database(path) as database:
        assert LivenessTrials(database).record(TRIAL).number == 1
