"""``faceguard what-if``: the recorded events at another tau."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from faceguard.cli import faceguard
from faceguard.compose import House
from faceguard.store.audit_log import AuditEvent, AuditLog


@pytest.fixture
def home(tmp_path):
    house = House(tmp_path)
    encoder, now = str(house.encoder_card().encoder_id), datetime.now(UTC)
    with house.database() as database:
        log = AuditLog(database)
        for days, decision, distance in ((40, "grant", 0.9), (2, "grant", 0.9), (1, "grant", 0.5), (1, "deny", 1.2)):
            log.record(
                AuditEvent(
                    now - timedelta(days=days),
                    decision,
                    "not recognised" if decision == "deny" else "",
                    gates=("match", "quality", "not static") if decision == "grant" else (),
                    nearest_id=1,
                    distance=distance,
                    runner_up=1.6,
                    encoder_id=encoder,
                    tau=1.1345,
                    gallery_size=8,
                )
            )
    return tmp_path


def run(home, *words):
    return CliRunner().invoke(faceguard, ["--data-dir", str(home), "what-if", *words])


def test_grants_and_denies_that_flip_are_counted_and_listed(home):
    found = json.loads(run(home, "--tau", "0.8", "--json").stdout)
    assert found["grants"] == {"recorded": 2, "flipped": 1}
    assert found["denies"] == {"recorded": 1, "flipped": 0}
    (flip,) = found["flips"]
    assert (flip["event"], flip["was"], flip["would_be"]) == (2, "grant", "deny")
    assert found["other_encoders"] == 0
    assert any("quality" in sentence for sentence in found["cannot_know"])
    wider = json.loads(run(home, "--tau", "1.3", "--days", "60", "--json").stdout)
    assert wider["grants"] == {"recorded": 3, "flipped": 0}
    assert wider["denies"] == {"recorded": 1, "flipped": 1}


def test_people_read_when_and_how(home):
    answer = run(home, "--tau", "0.8")
    assert answer.exit_code == 0
    assert "1 of 2 grants would have been none" in answer.output
    assert "event 2: grant, would be deny" in answer.output


@pytest.mark.parametrize("words", [(), ("--tau", "0"), ("--tau", "nan"), ("--tau", "5"), ("--tau", "1", "--days", "0")])
def test_wrong_use_ends_with_one_sentence(home, words):
    answer = run(home, *words)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
