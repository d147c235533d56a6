"""The log page by page: what is found, in which order, and how soon in a long log."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from faceguard.store.audit_log import AuditLog
from faceguard.store.event_labels import EventLabel, EventLabels, LabelKind
from faceguard.store.event_pages import EventPages, EventQuery
from tests.unit.store.conftest import MOMENT
from tests.unit.store.test_event_labels import ASK, DENY, GRANT

REASONS = {"not recognised": "Not recognised", "no good picture": "No good picture"}
ALL = EventQuery(MOMENT - timedelta(days=30), reasons=lambda reason: REASONS.get(reason, ""))


@pytest.fixture
def log(database):
    return AuditLog(database)


@pytest.fixture
def pages(database):
    return EventPages(database)


def ids(page):
    return [logged.event.event_id for logged in page.events]


def test_newest_first_page_after_page_without_a_gap(log, pages):
    numbers = [log.record(DENY) for _ in range(7)]
    first = pages.read(ALL, limit=3)
    second = pages.read(ALL, before=first.events[-1].event.event_id, limit=3)
    third = pages.read(ALL, before=second.events[-1].event.event_id, limit=3)
    assert [*ids(first), *ids(second), *ids(third)] == numbers[::-1]
    assert (first.more, second.more, third.more) == (True, True, False)


def test_only_what_is_new_since(log, pages):
    old = log.record(DENY)
    assert ids(pages.read(ALL, after=old)) == []
    new = log.record(GRANT)
    assert ids(pages.read(ALL, after=old)) == [new]


def test_only_the_doors_own_words_and_only_those_asked_for(log, pages):
    for event in (GRANT, ASK, DENY, replace(DENY, decision="fault"), replace(DENY, decision="enrol")):
        log.record(event)
    assert [logged.event.decision for logged in pages.read(ALL).events] == ["fault", "deny", "ask", "grant"]
    assert [e.event.decision for e in pages.read(replace(ALL, decisions=("ask", "deny"))).events] == ["deny", "ask"]


def test_older_than_asked_for_is_left_out(log, pages):
    log.record(replace(DENY, time=MOMENT - timedelta(days=31)))
    kept = log.record(replace(DENY, time=MOMENT - timedelta(days=29)))
    assert ids(pages.read(ALL)) == [kept]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tomas", [1]),
        ("BRITO", [1]),
        ("12", [3]),
        ("recognised", [2]),
        ("not", [2]),
        ("tomas recognised", []),
        ("tomas brito", [1]),
        ("%", []),
        ("1' OR 1=1 --", []),
        ("   ", [3, 2, 1]),
    ],
)
def test_every_word_is_in_the_name_or_begins_the_number_or_is_in_the_reason(log, pages, enrol, text, found):
    enrol("Tomás Brito", seed=1, number=7)
    enrol("Ada", seed=2, number=1288)
    log.record(replace(GRANT, subject_id=7))
    log.record(DENY)
    log.record(replace(GRANT, subject_id=1288))
    assert ids(pages.read(replace(ALL, text=text))) == found


def test_names_and_labels_are_looked_up(log, pages, enrol, database, gallery_store):
    ada, bo = enrol("Ada"), enrol("Bo", seed=2)
    number = log.record(replace(GRANT, subject_id=ada.subject_id, nearest_id=ada.subject_id))
    EventLabels(database).put(EventLabel(number, LabelKind.STAFF, bo.subject_id, MOMENT))
    logged = pages.one(number)
    assert (logged.event.subject_name, logged.nearest_name, logged.label_name) == ("Ada", "Ada", "Bo")
    assert logged.false_accept
    gallery_store.remove_subject(bo.subject_id)
    gallery_store.remove_subject(ada.subject_id)
    logged = pages.one(number)
    assert (logged.event.subject_name, logged.nearest_name, logged.label) == ("removed person", None, None)
    assert not logged.false_accept
    assert pages.one(number + 1) is None


def test_a_long_log_is_quick(log, pages, database, enrol):
    for number in range(1, 40):
        enrol(f"Person {number}", seed=number)
    columns = (
        "time, decision, reason, subject_id, gates, encoder, gallery_size, frames, ms, detail, distance, nearest_id"
    )
    start = (MOMENT - timedelta(days=29)).isoformat(timespec="milliseconds")
    with database.writing() as db:
        db.conn.executemany(
            f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, '', 'e', 40, 5, 900, '', 0.7, 1)",
            [
                (start, "deny" if i % 5 else "grant", "not recognised" if i % 5 else "", i % 39 + 1)
                for i in range(100_000)
            ],
        )
    began = time.perf_counter()
    newest = pages.read(ALL)
    first_ms = 1000 * (time.perf_counter() - began)
    began = time.perf_counter()
    nothing = pages.read(replace(ALL, text="nobody of that name"))
    searched_ms = 1000 * (time.perf_counter() - began)
    assert (len(newest.events), newest.more, nothing.events) == (500, True, ())
    assert first_ms < 1000
    assert searched_ms < 3000
