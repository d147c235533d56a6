"""The event log: committed before anything is announced, and nothing in it that it must not hold."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from faceguard.domain.errors import StoreFault
from faceguard.store.audit_log import MAX_DETAIL, AuditEvent, AuditLog

NOON = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
FULL = AuditEvent(
    time=NOON,
    decision="grant",
    reason="",
    subject_id=1,
    gates=("match", "quality"),
    nearest_id=1,
    distance=0.31,
    runner_up_id=2,
    runner_up=1.4,
    encoder_id="small@0123456789ab/arc112-bgr",
    tau=0.7,
    gallery_size=12,
    frames=5,
    ms=812.5,
    detail="relay pulsed",
)


@pytest.fixture
def log(database):
    return AuditLog(database)


def test_event_comes_back_as_it_was_recorded(log, enrol):
    enrol("Ada")
    event_id = log.record(FULL)
    assert log.recent(10) == (replace(FULL, event_id=event_id, subject_name="Ada"),)


def test_newest_first_and_no_more_than_asked(log):
    numbers = [log.record(replace(FULL, frames=i)) for i in range(5)]
    assert numbers == sorted(numbers)
    assert [event.frames for event in log.recent(3)] == [4, 3, 2]
    assert log.recent(0) == log.recent(-1) == ()
    assert log.count() == 5


def test_recorded_event_is_committed_when_the_call_returns(log, path):
    log.record(FULL)
    other = sqlite3.connect(path)
    assert other.execute("SELECT decision, subject_id FROM events").fetchall() == [("grant", 1)]
    other.close()


def test_name_is_looked_up_and_gone_with_the_person(log, enrol, gallery_store, path):
    subject = enrol("Ada-Marker")
    log.record(FULL)
    assert log.recent(1)[0].subject_name == "Ada-Marker"
    gallery_store.remove_subject(subject.subject_id)
    assert log.recent(1)[0].subject_name == "removed person"
    assert log.recent(1)[0].subject_id == subject.subject_id
    assert not any(b"Ada-Marker" in file.read_bytes() for file in path.parent.iterdir())
    log.record(replace(FULL, decision="deny", subject_id=None))
    assert log.recent(1)[0].subject_name is None


def test_name_given_by_mistake_is_not_stored(log, database):
    log.record(replace(FULL, subject_id=9, subject_name="Grace"))
    assert "Grace" not in str(database.connection.execute("SELECT * FROM events").fetchall())


def test_table_has_no_room_for_pictures_or_vectors(database):
    types = {row[0] for row in database.connection.execute("SELECT type FROM pragma_table_info('events')")}
    assert types == {"INTEGER", "TEXT", "REAL"}


def test_numpy_numbers_become_plain_ones(log):
    event = replace(FULL, distance=np.float32(0.25), nearest_id=np.int64(3), frames=np.int32(5), ms=np.float64(2))
    assert {type(getattr(event, f.name)) for f in fields(event)} <= {str, int, float, tuple, bool, datetime, type(None)}
    log.record(event)
    assert log.recent(1)[0].distance == 0.25


@pytest.mark.parametrize("bad", [{"distance": math.nan}, {"tau": math.inf}, {"ms": math.nan}, {"decision": ""}])
def test_event_with_broken_content_cannot_be_made(bad):
    with pytest.raises(ValueError, match="event"):
        replace(FULL, **bad)


def test_event_without_time_zone_cannot_be_made():
    with pytest.raises(ValueError, match="time zone"):
        AuditEvent(NOON.replace(tzinfo=None), "deny")


def test_times_are_kept_in_utc_to_the_millisecond(log, database):
    east = timezone(timedelta(hours=5, minutes=30))
    log.record(AuditEvent(datetime(2026, 5, 4, 1, 0, 0, 123999, tzinfo=east), "deny"))
    (stored,) = database.connection.execute("SELECT time FROM events").fetchone()
    assert stored == "2026-05-03T19:30:00.123+00:00"


@pytest.mark.parametrize("text", ["a\nGRANT", "\x1b[2J", "\0", "\u202eGNP", "\ud800", "x" * 100_000])
def test_text_from_outside_stays_one_short_line(log, text):
    log.record(replace(FULL, detail=text))
    detail = log.recent(1)[0].detail
    assert detail.isprintable()
    assert 0 < len(detail) <= MAX_DETAIL


def test_counts_of_today(log):
    for hours, decision in [(-13, "grant"), (-1, "grant"), (0, "grant"), (1, "deny")]:
        log.record(replace(FULL, time=NOON + timedelta(hours=hours), decision=decision))
    midnight = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
    assert log.counts_since(midnight) == {"grant": 2, "deny": 1}


def test_full_disk_is_a_fault_and_the_log_recovers(log, database):
    pages = database.connection.execute("PRAGMA page_count").fetchone()[0]
    database.connection.execute(f"PRAGMA max_page_count={pages}")

    def record_on():
        for _ in range(1000):
            log.record(replace(FULL, detail="x" * MAX_DETAIL))

    with pytest.raises(StoreFault, match="no room left"):
        record_on()
    recorded = log.count()
    database.connection.execute("PRAGMA max_page_count=10000")
    log.record(FULL)
    assert log.count() == recorded + 1


def test_locked_or_read_only_database_is_a_fault(log, database, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFault, match="locked"):
        log.record(FULL)
    other.close()
    database.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreFault, match="read-only"):
        log.record(FULL)
    database.connection.execute("PRAGMA query_only=OFF")
    assert log.count() == 0


def test_damaged_event_is_a_fault(log, database):
    log.record(FULL)
    with database.writing() as db:
        db.execute("UPDATE events SET time = 'noon'")
    with pytest.raises(StoreFault, match="damaged"):
        log.recent(1)


def test_events_since_a_time_are_those_that_were_recorded_oldest_first(log):
    made = (
        FULL,
        replace(FULL, decision="deny", subject_id=None, gates=("PIN",)),
        replace(FULL, shadow=True),
        AuditEvent(NOON, "setting"),
    )
    numbers = [log.record(event) for event in made]
    assert log.since(NOON) == tuple(
        replace(event, event_id=number, subject_name=None if event.subject_id is None else "removed person")
        for event, number in zip(made, numbers, strict=True)
    )
    assert [replace(e, subject_name=None) for e in log.since(NOON)] == [
        replace(e, subject_name=None) for e in reversed(log.recent(9))
    ]
    assert log.since(NOON + timedelta(seconds=1)) == ()


@pytest.mark.parametrize(
    ("column", "value"), [("time", "noon"), ("time", "2999-01-01T00:00:00"), ("distance", 9e999), ("ms", -9e999)]
)
def test_a_damaged_event_is_left_out_of_a_long_reading_and_said_once(log, database, caplog, column, value):
    log.record(FULL)
    second = log.record(FULL)
    database.connection.execute(f"UPDATE events SET {column} = ? WHERE id = 1", [value])
    for _ in range(2):
        assert [event.event_id for event in log.since(NOON)] == [second]
    (said,) = caplog.messages
    assert said.startswith("event 1 is damaged and left out")


def test_text_that_was_forged_stays_one_line_in_a_long_reading(log, database):
    log.record(FULL)
    database.connection.execute("UPDATE events SET reason = ?", ["one\ntwo"])
    assert log.since(NOON)[0].reason == r"one\ntwo"
