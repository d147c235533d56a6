"""Live checks of people: damaged rows take nothing else away."""

import logging
from datetime import timedelta

import pytest

from faceguard.domain.template import TemplateSource
from faceguard.store.live_checks import LiveChecks, StoredCheck
from tests.unit.store.conftest import ENCODER, MOMENT, OTHER

PHOTO = frozenset({TemplateSource.PHOTO})


@pytest.fixture
def checks(database, enrol):
    enrol("Ada")
    return LiveChecks(database)


def test_checks_come_back_as_they_were_made_and_those_of_one_encoder_only(checks):
    both = frozenset(TemplateSource)
    made = (StoredCheck(MOMENT, 1, 0.5, PHOTO), StoredCheck(MOMENT + timedelta(days=1), 1, 4.0, both))
    for check in made:
        checks.record(str(ENCODER), check)
    checks.record(str(OTHER), made[0])
    assert checks.all(str(ENCODER)) == made


@pytest.mark.parametrize(
    ("column", "value"),
    [("time", "soon"), ("time", "2026-11-01T00:00:00"), ("distance", 7.5), ("distance", -0.1), ("sources", "drawing")],
)
def test_a_damaged_check_is_left_out_and_said_once(checks, database, caplog, column, value):
    for distance in (0.5, 0.6):
        checks.record(str(ENCODER), StoredCheck(MOMENT, 1, distance, PHOTO))
    database.connection.execute("PRAGMA ignore_check_constraints=ON")
    database.connection.execute(f"UPDATE live_checks SET {column} = ? WHERE id = 1", [value])
    with caplog.at_level(logging.WARNING, "faceguard"):
        for _ in range(3):
            assert [check.distance for check in checks.all(str(ENCODER))] == [0.6]
    (said,) = caplog.messages
    assert said.startswith("live check 1 is damaged and left out")
