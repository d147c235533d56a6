"""Whom an event showed, as the desk says it: kept without a picture, gone with the person."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from faceguard.domain.decision import DenyReason
from faceguard.domain.errors import EnrolmentRefused, FaceguardError
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.database import Database
from faceguard.store.event_labels import (
    EventLabel,
    EventLabels,
    LabelKind,
    StrangerAttempt,
    fold_strangers,
)
from faceguard.store.migrations import MIGRATIONS
from tests.unit.store.conftest import ENCODER, MOMENT, OTHER

DENY = AuditEvent(
    MOMENT,
    "deny",
    "not recognised",
    nearest_id=1,
    distance=1.3,
    runner_up=1.6,
    encoder_id=str(ENCODER),
    tau=1.1,
    gallery_size=8,
    frames=5,
)
GRANT = replace(DENY, decision="grant", reason="", subject_id=1, distance=0.7, gates=("match", "quality"))
ASK = replace(DENY, decision="ask", reason="too like another person", subject_id=1, distance=0.9, runner_up=None)


@pytest.fixture
def log(database):
    return AuditLog(database)


@pytest.fixture
def labels(database):
    return EventLabels(database)


def stranger(event_id):
    return EventLabel(event_id, LabelKind.STRANGER, None, MOMENT)


def staff(event_id, subject_id):
    return EventLabel(event_id, LabelKind.STAFF, subject_id, MOMENT)


def test_a_label_comes_back_as_it_was_put_and_the_last_one_counts(log, labels, enrol):
    person = enrol("Ada")
    event_id = log.record(DENY)
    labels.put(stranger(event_id))
    labels.put(staff(event_id, person.subject_id))
    assert labels.since(MOMENT) == {event_id: staff(event_id, person.subject_id)}
    assert labels.since(MOMENT + timedelta(seconds=1)) == {}


def test_a_label_is_taken_back_once(log, labels):
    event_id = log.record(DENY)
    labels.put(stranger(event_id))
    assert labels.take_back(event_id)
    assert not labels.take_back(event_id)
    assert labels.since(MOMENT) == {}


def test_a_label_goes_with_the_person_and_the_event_stays(log, labels, enrol, gallery_store):
    ada, bo = enrol("Ada"), enrol("Bo", seed=2)
    first, second, third = (log.record(DENY) for _ in range(3))
    labels.put(staff(first, ada.subject_id))
    labels.put(staff(second, bo.subject_id))
    labels.put(stranger(third))
    gallery_store.remove_subject(ada.subject_id)
    assert set(labels.since(MOMENT)) == {second, third}
    assert log.count() == 3


@pytest.mark.parametrize(
    "event",
    [replace(DENY, distance=None), replace(DENY, decision="fault"), replace(DENY, decision="setting")],
    ids=["nobody compared", "fault", "act of the desk"],
)
def test_an_event_that_compared_nobody_takes_no_label(log, labels, event):
    with pytest.raises(FaceguardError, match="compar"):
        labels.put(stranger(log.record(event)))


def test_neither_an_event_nor_a_person_is_made_up(log, labels):
    with pytest.raises(FaceguardError, match="no event 7"):
        labels.put(stranger(7))
    with pytest.raises(EnrolmentRefused, match="number 9"):
        labels.put(staff(log.record(DENY), 9))


@pytest.mark.parametrize(("kind", "subject"), [(LabelKind.STAFF, None), (LabelKind.STRANGER, 1)])
def test_staff_is_a_person_and_a_stranger_is_none(kind, subject):
    with pytest.raises(ValueError, match="stranger"):
        EventLabel(1, kind, subject, MOMENT)


def test_strangers_searches_are_those_of_this_encoder_and_no_comparison_with_one_person(log, labels):
    searched = [DENY, ASK, GRANT, replace(DENY, gallery_size=1, runner_up=None)]
    paired = [
        replace(GRANT, gates=("PIN", "match", "quality"), runner_up=None),
        replace(DENY, runner_up=None),
        replace(DENY, runner_up=None, gates=("PIN",), gallery_size=1),
        replace(DENY, encoder_id=str(OTHER)),
    ]
    numbers = [log.record(event) for event in (*searched, *paired)]
    for number in numbers:
        labels.put(stranger(number))
    log.record(DENY)  # without a label
    assert labels.stranger_distances(str(ENCODER)) == (
        StrangerAttempt(numbers[0], MOMENT, 1.3, 8, 1.6),
        StrangerAttempt(numbers[1], MOMENT, 0.9, 8, None),
        StrangerAttempt(numbers[2], MOMENT, 0.7, 8, 1.6),
        StrangerAttempt(numbers[3], MOMENT, 1.3, 1, None),
    )


@pytest.mark.parametrize("reason", list(DenyReason), ids=str)
def test_a_stranger_is_whoever_the_search_judged_and_not_a_picture_that_liveness_refused(log, labels, reason):
    labels.put(stranger(log.record(replace(DENY, reason=reason.value, distance=0.35))))
    of_the_search = {
        DenyReason.NOT_RECOGNISED,
        DenyReason.NO_PIN,  # the search had named somebody, and only the PIN was missing
        DenyReason.WRONG_PIN,
        DenyReason.PIN_LOCKED,
        DenyReason.PIN_TIMEOUT,
    }
    assert [a.distance for a in labels.stranger_distances(str(ENCODER))] == [0.35] * (reason in of_the_search)


def test_a_grant_of_a_stranger_or_as_somebody_else_is_a_false_accept(log, labels, enrol):
    ada, bo = enrol("Ada"), enrol("Bo", seed=2)
    for label in (
        stranger,
        lambda n: staff(n, bo.subject_id),
        lambda n: staff(n, ada.subject_id),
    ):
        labels.put(label(log.record(replace(GRANT, shadow=True))))
    labels.put(stranger(log.record(DENY)))
    assert labels.false_accepts(MOMENT) == 2
    assert labels.false_accepts(MOMENT + timedelta(seconds=1)) == 0


def at(minutes, distance):
    return StrangerAttempt(minutes, MOMENT + timedelta(minutes=minutes), distance, 8)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([], []),
        ([at(0, 1.4)], [0]),
        ([at(0, 1.4), at(10, 1.2), at(20, 1.3)], [10]),  # each within ten minutes of the one before: one person
        ([at(0, 1.4), at(11, 1.2)], [0, 11]),
        ([at(11, 1.2), at(0, 1.4), at(5, 1.5), at(40, 1.0)], [11, 40]),
    ],
)
def test_attempts_near_each_other_are_one_stranger_who_came_nearest(rows, kept):
    assert [row.event_id for row in fold_strangers(rows)] == kept


def test_another_gap_may_be_asked_for():
    assert len(fold_strangers([at(0, 1.4), at(5, 1.2)], timedelta(minutes=1))) == 2


def test_a_damaged_label_takes_no_other_away_and_is_said_once(log, labels, database, caplog):
    first, second = (log.record(DENY) for _ in range(2))
    for number in (first, second):
        labels.put(stranger(number))
    database.connection.execute("UPDATE event_labels SET labelled_at = 'soon' WHERE event_id = ?", [first])
    for _ in range(2):
        assert set(labels.since(MOMENT)) == {second}
    assert caplog.messages[0].startswith(f"the label of event {first} is damaged and left out")
    assert len(caplog.messages) == 1


def test_a_labelled_event_whose_time_is_damaged_takes_no_other_away(log, labels, database, caplog):
    first, second = (log.record(DENY) for _ in range(2))
    for number in (first, second):
        labels.put(stranger(number))
    database.connection.execute("UPDATE events SET time = 'noon' WHERE id = ?", [first])
    assert [a.event_id for a in labels.stranger_distances(str(ENCODER))] == [second]
    assert caplog.messages[0].startswith(f"event {first} is damaged and left out")


def test_events_from_before_shadow_mode_are_kept_and_were_real(path):
    """A database as the step before left it."""
    with Database(path) as database:
        AuditLog(database).record(GRANT)
    raw = sqlite3.connect(path)
    raw.executescript(
        "DROP TABLE event_labels; ALTER TABLE events DROP COLUMN shadow;"
        "DELETE FROM _sqlite_migrations WHERE name = 'm003_shadow_and_labels';"
    )
    raw.commit()
    raw.close()
    with Database(path) as database:
        log = AuditLog(database)
        (old,) = log.recent(5)
        assert (old.decision, old.distance, old.shadow) == ("grant", 0.7, False)
        log.record(replace(GRANT, shadow=True))
        assert [event.shadow for event in log.recent(5)] == [True, False]
        assert log.counts_since(MOMENT) == {"grant": 1, "would grant": 1}
        EventLabels(database).put(stranger(1))
        database.check()
        assert not MIGRATIONS.pending(database.tables)
