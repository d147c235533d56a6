"""People and templates: stored whole, loaded sound, removed to the last byte."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from faceguard.domain.errors import EnrolmentRefused, StoreFault
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, TemplateSource
from faceguard.store.database import Database
from faceguard.store.gallery_store import (
    BadRow,
    GalleryStore,
    Removal,
    _checksum,
    embedding_blob,
    embedding_from_blob,
)

LENGTH = 128
ENCODER = EncoderId("small", "0123456789ab", "arc112-bgr")


def forge(database, template_id, **values):
    """Writes into a stored template behind the program's back, with a checksum that fits."""
    with database.writing() as db:
        db.table("templates").update(template_id, values)
        owner, encoder, blob = db.execute(
            "SELECT subject_id, encoder, embedding FROM templates WHERE id = ?", [template_id]
        ).fetchone()
        db.table("templates").update(template_id, {"checksum": _checksum(owner, encoder, blob)})


@given(hnp.arrays(np.float32, st.integers(2, 600), elements=st.floats(-1e3, 1e3, width=32)))
def test_embedding_survives_the_blob_bit_for_bit(vector):
    if np.linalg.norm(vector.astype(np.float64)) < 1e-6:
        return
    embedding = Embedding.normalised(vector, ENCODER)
    blob = embedding_blob(embedding)
    assert len(blob) == 4 * vector.size
    assert embedding_from_blob(blob, ENCODER).values.tobytes() == embedding.values.tobytes()


@given(st.binary(max_size=64))
def test_any_other_blob_is_no_embedding(blob):
    with pytest.raises(ValueError, match=r"embedding|buffer"):
        embedding_from_blob(blob + b"\x00\x00\xc0\x7f", ENCODER)


def test_enrolled_person_is_found_in_the_gallery(gallery_store, enrol, encoder, embedding):
    subject = enrol("Ada Lovelace")
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert loaded.quarantined == ()
    assert loaded.other_encoders == {}
    assert loaded.gallery.subjects == {1: subject}
    assert loaded.gallery.subject_ids.tolist() == [1]
    assert (loaded.gallery.matrix == embedding(1).values).all()
    (person,) = gallery_store.people()
    assert person.subject == subject
    assert person.templates == {str(encoder): 1}
    assert person.ready(encoder)


def test_empty_database_gives_an_empty_gallery(gallery_store, encoder):
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert loaded.gallery.matrix.shape == (0, LENGTH)
    assert loaded.gallery.size == 0
    assert gallery_store.people() == ()


@pytest.mark.parametrize("missing", ["means", "date", "time zone"])
def test_nobody_is_enrolled_without_consent(gallery_store, embedding, missing):
    when = datetime(2026, 3, 1, tzinfo=UTC)
    consent = None if missing == "means" else ConsentMeans.SPOKEN
    date = {"date": None, "time zone": when.replace(tzinfo=None)}.get(missing, when)
    with pytest.raises(EnrolmentRefused, match="consent"):
        gallery_store.add_subject_with_template("Ada", consent, date, embedding(1), TemplateSource.PHOTO)
    assert gallery_store.people() == ()


def test_consent_is_mandatory_in_the_database_too(database):
    with pytest.raises(StoreFault), database.writing() as db:
        db.execute("INSERT INTO subjects VALUES (1, 'Ada', 'paper', NULL, '2026')")
    with pytest.raises(StoreFault), database.writing() as db:
        db.execute("INSERT INTO subjects VALUES (1, 'Ada', 'hearsay', '2026', '2026')")


def test_numbers_are_given_in_turn_or_chosen(enrol):
    assert enrol("A", 1).subject_id == 1
    assert enrol("B", 2, number=3).subject_id == 3
    assert enrol("C", 3).subject_id == 2
    assert enrol("D", 4).subject_id == 4
    with pytest.raises(EnrolmentRefused, match="belongs to somebody else"):
        enrol("E", 5, number=3)
    for bad in (0, -1, 10**9, 2**70):
        with pytest.raises(EnrolmentRefused, match="between 1 and"):
            enrol("E", 5, number=bad)


def test_number_of_a_removed_person_is_never_given_again(gallery_store, enrol):
    enrol("A", 1)
    assert gallery_store.remove_subject(1) is Removal.ERASED
    assert enrol("B", 2).subject_id == 2
    with pytest.raises(EnrolmentRefused, match="event log"):
        enrol("C", 3, number=1)


@pytest.mark.parametrize(
    "name", ["=cmd()", "<img src=file:///etc/passwd>", "Zoë 王 🙂", "O'Brien; DROP TABLE subjects", "אבי"]
)
def test_odd_names_are_kept_as_they_are(gallery_store, enrol, name):
    assert enrol(name).name == name
    assert [p.subject.name for p in gallery_store.people()] == [name]


@pytest.mark.parametrize("name", ["", "  ", "a\nGRANT", "a\0b", "\u202egnp.exe", "x" * 101, "\ud800", "a\u2028b"])
def test_misleading_names_are_refused(gallery_store, enrol, name):
    with pytest.raises(EnrolmentRefused):
        enrol(name)
    assert gallery_store.people() == ()


def test_several_templates_of_one_person(gallery_store, enrol, encoder, embedding):
    enrol()
    gallery_store.add_template(1, embedding(2), TemplateSource.CAMERA)
    gallery = gallery_store.load_gallery(encoder, LENGTH).gallery
    assert gallery.subject_ids.tolist() == [1, 1]
    assert gallery.size == 1
    with pytest.raises(EnrolmentRefused, match="Nobody"):
        gallery_store.add_template(2, embedding(2), TemplateSource.CAMERA)


def test_templates_of_another_encoder_are_counted_and_never_mixed_in(
    gallery_store, enrol, encoder, other_encoder, embedding
):
    enrol("Ada", 1)
    enrol("Grace", embedding=embedding(2, other_encoder))
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert loaded.gallery.subject_ids.tolist() == [1]
    assert set(loaded.gallery.subjects) == {1, 2}
    assert loaded.other_encoders == {str(other_encoder): 1}
    assert [p.ready(encoder) for p in gallery_store.people()] == [True, False]


@pytest.mark.parametrize("change", ["model_id", "digest", "preprocessing"])
def test_other_model_digest_or_preprocessing_is_another_encoder(gallery_store, enrol, encoder, change):
    enrol()
    other = replace(encoder, **{change: "else"})
    assert gallery_store.load_gallery(other, LENGTH).gallery.size == 0


@pytest.mark.parametrize(
    "bad",
    [
        np.full(LENGTH, np.nan),
        np.r_[np.nan, np.ones(LENGTH - 1)],
        np.r_[np.inf, np.zeros(LENGTH - 1)],
        np.zeros(LENGTH),
        np.r_[50.0, np.zeros(LENGTH - 1)],
        np.r_[1e-6, np.zeros(LENGTH - 1)],
        np.full(LENGTH, 3e38),
    ],
    ids=["all NaN", "one NaN", "infinite", "zero", "norm 50", "norm 1e-6", "overflow"],
)
def test_row_that_is_no_unit_vector_is_quarantined_and_the_others_serve(database, gallery_store, enrol, encoder, bad):
    enrol("Ada", 1)
    enrol("Eve", 2)
    enrol("Grace", 3)
    forge(database, 2, embedding=bad.astype("<f4").tobytes())
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert loaded.gallery.subject_ids.tolist() == [1, 3]
    ((template_id, subject_id, reason),) = [(q.template_id, q.subject_id, q.reason) for q in loaded.quarantined]
    assert (template_id, subject_id, reason) == (2, 2, BadRow.NOT_UNIT)


def test_row_of_the_wrong_length_is_quarantined(database, gallery_store, enrol, encoder, embedding):
    enrol("Ada", 1)
    enrol("Eve", embedding=embedding(2, length=64))
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert loaded.gallery.size == 1
    assert [q.reason for q in loaded.quarantined] == [BadRow.WRONG_LENGTH]
    with pytest.raises(StoreFault), database.writing() as db:
        db.execute("UPDATE templates SET embedding = x'00'")


def test_template_moved_to_another_person_is_quarantined(database, gallery_store, enrol, encoder):
    enrol("Ada", 1)
    enrol("Eve", 2)
    with database.writing() as db:
        db.execute("UPDATE templates SET subject_id = 1 WHERE id = 2")
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert loaded.gallery.subject_ids.tolist() == [1]
    assert [q.reason for q in loaded.quarantined] == [BadRow.CHECKSUM]


def test_person_with_an_unreadable_row_takes_no_part(database, gallery_store, enrol, encoder):
    enrol("Ada", 1)
    enrol("Eve", 2)
    with database.writing() as db:
        db.execute("UPDATE subjects SET consented_at = 'some day' WHERE id = 2")
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert set(loaded.gallery.subjects) == {1}
    assert [q.reason for q in loaded.quarantined] == [BadRow.NO_SUBJECT]
    with pytest.raises(StoreFault, match="damaged"):
        gallery_store.people()


def test_template_without_a_person_cannot_be_stored(database, enrol):
    enrol()
    with pytest.raises(StoreFault), database.writing() as db:
        db.execute("UPDATE templates SET subject_id = 9")


def test_removed_person_leaves_no_byte_behind(path, database, gallery_store, enrol, embedding, encoder):
    people = {enrol(f"Marker-Name-{i:03d}", seed=i).subject_id: i for i in range(150)}
    gone = random.Random(2).sample(sorted(people), 60)
    for subject_id in gone:
        assert gallery_store.remove_subject(subject_id) is Removal.ERASED
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for subject_id, seed in people.items():
        stored = embedding(seed).values.tobytes()
        pieces = [stored[i : i + 32] for i in range(0, len(stored), 32)]
        traces = [piece in content for piece in pieces]
        assert any(traces) is (subject_id not in gone)
        if subject_id in gone:
            assert f"Marker-Name-{seed:03d}".encode() not in content
    assert gallery_store.load_gallery(encoder, LENGTH).gallery.size == 90


def test_removal_while_another_program_reads_says_so_and_is_finished_later(
    path, database, gallery_store, enrol, embedding
):
    enrol()
    piece = embedding(1).values.tobytes()[:64]
    with Database(path) as reader, reader.reading() as db:
        db.execute("SELECT count(*) FROM subjects").fetchone()
        assert gallery_store.remove_subject(1) is Removal.ERASED_LATER
    assert gallery_store.people() == ()
    database.close()
    assert not any(piece in file.read_bytes() for file in path.parent.iterdir())


def test_removing_nobody(gallery_store):
    assert gallery_store.remove_subject(5) is Removal.NOT_FOUND
    assert gallery_store.remove_subject(2**70) is Removal.NOT_FOUND


def test_running_door_notices_changes_of_another_program_and_its_own(path, gallery_store, enrol, encoder, embedding):
    enrol("Ada", 1)
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert not gallery_store.changed_since(loaded)
    assert not gallery_store.changed_since(loaded)
    with Database(path) as other:
        GalleryStore(other).add_template(1, embedding(2), TemplateSource.PHOTO)
        assert gallery_store.changed_since(loaded)
        assert gallery_store.changed_since(loaded)
        loaded = gallery_store.load_gallery(encoder, LENGTH)
        assert not gallery_store.changed_since(loaded)
        GalleryStore(other).remove_subject(1)
        assert gallery_store.changed_since(loaded)
        loaded = gallery_store.load_gallery(encoder, LENGTH)
        with other.writing() as db:  # by a tool that knows nothing of generations
            db.execute(
                "INSERT INTO subjects VALUES (8, 'Eve', 'paper', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')"
            )
        assert gallery_store.changed_since(loaded)
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    assert not gallery_store.changed_since(loaded)
    enrol("Grace", 3)
    assert gallery_store.changed_since(loaded)


def test_events_of_another_program_are_no_change_of_the_gallery(path, database, gallery_store, enrol, encoder):
    enrol()
    loaded = gallery_store.load_gallery(encoder, LENGTH)
    with Database(path) as other, other.writing() as db:
        db.execute("INSERT INTO pins (holder, hash) VALUES (0, 'x')")
    assert not gallery_store.changed_since(loaded)


def test_no_vector_in_any_repr(gallery_store, enrol, encoder, embedding):
    enrol()
    text = repr(gallery_store.people()) + repr(gallery_store)
    assert "array" not in text
    assert str(float(embedding(1).values[0]))[:6] not in text


def enrol_many(path, first, count):
    with Database(path) as database:
        store = GalleryStore(database)
        for i in range(first, first + count):
            vector = np.random.default_rng(i).standard_normal(LENGTH)
            added = store.add_subject_with_template(
                f"Person {i}",
                ConsentMeans.PAPER,
                datetime.now(UTC),
                Embedding.normalised(vector, ENCODER),
                TemplateSource.PHOTO,
            )
            if i % 5 == 0:
                store.remove_subject(added.subject_id)


def test_two_programs_enrol_and_remove_at_once(path, database, gallery_store, encoder):
    spawn = multiprocessing.get_context("spawn")
    programs = [spawn.Process(target=enrol_many, args=(path, 1000 * n, 25)) for n in range(2)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)
    assert [program.exitcode for program in programs] == [0, 0]
    assert len(gallery_store.people()) == gallery_store.load_gallery(encoder, LENGTH).gallery.size == 40
    database.check()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from faceguard.domain.template import ConsentMeans, Embedding, EncoderId, TemplateSource
from faceguard.store.audit_log import AuditEvent, AuditLog
from faceguard.store.database import Database
from faceguard.store.gallery_store import GalleryStore
database = Database(Path(sys.argv[1]))
store, log = GalleryStore(database), AuditLog(database)
encoder = EncoderId("small", "0123456789ab", "arc112-bgr")
for i in range(100000):
    embedding = Embedding.normalised(np.random.default_rng(i).standard_normal(128), encoder)
    now = datetime.now(UTC)
    subject = store.add_subject_with_template("P", ConsentMeans.PAPER, now, embedding, TemplateSource.PHOTO)
    log.record(AuditEvent(now, "enrolled", subject_id=subject.subject_id))
    print(subject.subject_id, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_in_the_middle_everything_acknowledged_is_there_and_nothing_is_half(path, encoder):
    chance, acknowledged = random.Random(7), 0
    for _ in range(4):
        program = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        first = program.stdout.readline()
        time.sleep(chance.uniform(0.01, 0.2))
        program.send_signal(signal.SIGKILL)
        lines = [first, *program.communicate()[0].splitlines()]
        acknowledged = max(acknowledged, int(lines[-1]))
        with Database(path) as database:
            database.check()
            store = GalleryStore(database)
            loaded, people = store.load_gallery(encoder, LENGTH), store.people()
            assert len(people) == loaded.gallery.size >= acknowledged
            assert loaded.quarantined == ()
            assert all(person.templates == {str(encoder): 1} for person in people)
    assert acknowledged > 4


def test_a_source_that_nobody_knows_is_left_out_and_said_once(database, gallery_store, enrol, embedding, caplog):
    ada, bo = enrol("Ada"), enrol("Bo", seed=2)
    for person in (ada, bo):
        gallery_store.add_template(person.subject_id, embedding(3), TemplateSource.CAMERA)
    database.connection.execute("PRAGMA ignore_check_constraints=ON")
    database.connection.execute("UPDATE templates SET source = 'drawing' WHERE id = 1")
    for _ in range(2):
        both = frozenset({TemplateSource.PHOTO, TemplateSource.CAMERA})
        assert gallery_store.sources(ENCODER) == {1: frozenset({TemplateSource.CAMERA}), 2: both}
        assert [t.template_id for t in gallery_store.several(ENCODER)] == [3, 2, 4]
    assert len(caplog.messages) == 2
    assert gallery_store.load_gallery(ENCODER, LENGTH).gallery.size == 2
