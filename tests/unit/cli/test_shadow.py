"""``faceguard shadow``, and what the other commands say while shadow mode is on."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from faceguard.cli import faceguard
from faceguard.cli.door import _say, _say_json
from faceguard.compose import House
from faceguard.domain.template import ConsentMeans, Embedding, TemplateSource
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.gallery_store import GalleryStore

PIN = "739184"


@pytest.fixture
def house(tmp_path):
    """Two people, and three days in shadow mode: 6 would open, 3 would not; one of the grants was a stranger's."""
    house = House(tmp_path)
    card, now = house.encoder_card(), datetime.now(UTC)
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin(PIN)
        desk.set("privacy.label_events", True)
        with house.database() as database:
            store, log = GalleryStore(database), AuditLog(database)
            for seed, name in enumerate(("Ada", "Bo")):
                vector = Embedding.normalised(np.random.default_rng(seed).standard_normal(card.length), card.encoder_id)
                store.add_subject_with_template(name, ConsentMeans.PAPER, now, vector, TemplateSource.PHOTO)
            grant = AuditEvent(
                now,
                "grant",
                subject_id=1,
                gates=("match", "quality", "not static"),
                nearest_id=1,
                distance=0.7,
                runner_up=1.5,
                encoder_id=str(card.encoder_id),
                tau=1.1,
                gallery_size=2,
                shadow=True,
            )
            deny = replace(grant, decision="deny", reason="not recognised", gates=(), subject_id=None, distance=1.3)
            numbers = [
                log.record(replace(event, time=now - timedelta(days=day, minutes=n)))
                for day in (2, 1, 0)
                for n, event in enumerate((deny, grant, grant), start=1)
            ]
            log.record(replace(grant, shadow=False))
        desk.labels.stranger(numbers[0])
        desk.labels.stranger(numbers[1])
    return house


def run(house, *words, typed=None):
    return CliRunner().invoke(faceguard, ["--data-dir", str(house.folder), *words], input=typed)


def test_the_numbers_for_machines(house):
    found = json.loads(run(house, "shadow", "--json").stdout)
    assert (found["shadow"], found["attempts"]) == (False, 9)
    assert (found["would_grant"]["k"], found["would_deny"]["k"], found["would_ask"]["k"]) == (6, 3, 0)
    assert found["would_deny"]["reasons"] == {"not recognised": 3}
    assert found["would_grant"]["low"] < 6 / 9 < found["would_grant"]["high"]
    assert sum(day["would_grant"] for day in found["per_day"]) == 6
    assert [p["subject"] for p in found["seen"]] == ["Ada"]
    assert [p["subject"] for p in found["never_seen"]] == ["Bo"]
    assert len(found["labels"]["false_accepts"]) == 1
    assert {m["what"] for m in found["missing"]} == {"days", "genuine scores", "labelled strangers"}
    assert found["denied_distances"] == [1.3, 1.3, 1.3]


def test_people_read_what_would_have_been_and_what_is_missing(house):
    answer = run(house, "shadow")
    assert answer.exit_code == 0
    for words in (
        "9 attempts",
        "would open",
        "6/9",
        "not recognised",
        "1 of 2 enrolled people were recognised",
        "Bo (2)",
        "ATTENTION: 1 grant was a false accept",
        "1.3 to 1.4      3",
        "of 7 days",
        "0 of 30 genuine scores",
    ):
        assert words in answer.output, words


def test_a_shorter_time_counts_less(house):
    assert json.loads(run(house, "shadow", "--days", "1", "--json").stdout)["attempts"] == 3


def test_a_door_with_a_learned_comparison_has_a_summary_too(house, monkeypatch):
    owner = f"{house.encoder_card().encoder_id}+head@0123456789ab"
    monkeypatch.setattr(House, "measured", lambda _: SimpleNamespace(tau_owner=owner))
    with house.database() as database:
        log = AuditLog(database)
        log.record(replace(log.recent(20)[-1], decision="deny", encoder_id=owner, shadow=True))
    found = json.loads(run(house, "shadow", "--json").stdout)
    assert (found["attempts"], found["other_encoders"]) == (1, 9)


def test_without_a_shadow_it_says_how_to_begin(tmp_path):
    answer = run(House(tmp_path), "shadow")
    assert answer.exit_code == 0
    assert "faceguard settings set door.shadow true" in answer.output


@pytest.mark.parametrize("words", [("--days", "0"), ("--days", "x"), ("--month",)])
def test_wrong_use_ends_with_one_sentence(house, words):
    answer = run(house, "shadow", *words)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output


def test_the_switch_is_the_admins(house):
    assert run(house, "settings", "set", "door.shadow", "true", typed="000000\n").exit_code == 2
    assert not house.settings().switch("door.shadow")
    assert run(house, "settings", "set", "door.shadow", "true", typed=f"{PIN}\n").exit_code == 0
    assert house.settings().switch("door.shadow")
    assert json.loads(run(house, "shadow", "--json").stdout)["shadow"] is True


def test_doctor_says_it(house):
    def check():
        found = json.loads(run(house, "doctor", "--no-devices", "--json").stdout)
        return next(c for c in found["checks"] if c["name"] == "shadow mode")

    assert check()["found"] == "off"
    run(house, "settings", "set", "door.shadow", "true", typed=f"{PIN}\n")
    assert "opens nothing" in check()["found"]
    assert "faceguard shadow" in check()["advice"]


def test_whoever_opens_something_on_a_grant_reads_none(capsys):
    event = AuditEvent(datetime.now(UTC), "grant", subject_id=1, subject_name="Ada", distance=0.5, tau=1.1, shadow=True)
    _say_json(event, "")
    line = json.loads(capsys.readouterr().out)
    assert (line["decision"], line["shadow"], line["subject"]) == ("would grant", True, "Ada")
    _say(event, "")
    assert capsys.readouterr().out.startswith("would grant Ada")
    _say_json(replace(event, shadow=False), "")
    line = json.loads(capsys.readouterr().out)
    assert line["decision"] == "grant"
    assert "shadow" not in line


def test_what_if_replays_shadow_mode_too(house):
    found = json.loads(run(house, "what-if", "--tau", "0.5", "--json").stdout)
    assert found["grants"] == {"recorded": 7, "flipped": 7}
