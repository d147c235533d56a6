"""The database file: how it is opened, and one clear sentence for everything SQLite reports."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import threading

import pytest

from faceguard.domain.errors import FaceguardError, StoreFault
from faceguard.store.audit_log import AuditLog
from faceguard.store.credentials import Credentials
from faceguard.store.database import SENTENCES, Database, store_fault
from faceguard.store.gallery_store import GalleryStore


def test_opened_with_the_safe_settings(database):
    def pragma(name):
        return database.connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("page_size") == 16384
    for on in ("foreign_keys", "secure_delete", "cell_size_check"):
        assert pragma(on) == 1
    assert pragma("trusted_schema") == 0
    assert pragma("synchronous") == 2
    assert pragma("busy_timeout") == 50
    tables = dict(
        database.connection.execute("SELECT name, strict FROM pragma_table_list WHERE name NOT GLOB 'sqlite_*'")
    )
    assert {"subjects", "templates", "events", "pins"} <= set(tables)
    assert all(tables.values())


def test_all_files_are_the_owners_only(database, enrol, path):
    enrol()
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_file_that_others_can_read_is_closed_to_them(path):
    Database(path).close()
    path.chmod(0o644)
    Database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opened_again_it_has_the_same_content(path, enrol, database):
    enrol("Ada")
    database.close()
    database.close()
    with Database(path) as again:
        assert [p.subject.name for p in GalleryStore(again).people()] == ["Ada"]
        again.check()


@pytest.mark.parametrize("content", [b"hello", b"x" * 511, b"x" * 5000, b"# a text file\n" * 3000])
def test_text_file_is_no_database_and_is_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreFault, match="not a faceguard database"):
        Database(path)
    assert path.read_bytes() == content


def test_folder_is_no_database(path):
    path.mkdir()
    with pytest.raises(StoreFault, match="not a faceguard database"):
        Database(path)


def test_missing_folder_is_a_fault(tmp_path):
    with pytest.raises(StoreFault, match="cannot be opened"):
        Database(tmp_path / "gone" / "faceguard.db")


def test_database_of_another_program_is_refused_and_left_alone(path):
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE bookmarks (url TEXT)")
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(StoreFault, match="another program"):
        Database(path)
    assert path.read_bytes() == before


def test_database_of_a_newer_program_is_refused(path, database):
    with database.writing() as db:
        db.table("_sqlite_migrations").insert(
            {"migration_set": "faceguard", "name": "m999_future", "applied_at": "2030-01-01"}
        )
    database.close()
    with pytest.raises(StoreFault, match="newer faceguard; update this program") as fault:
        Database(path)
    assert "m999_future" in fault.value.detail


def test_foreign_trigger_is_refused(path, database):
    database.connection.execute("CREATE TRIGGER t AFTER DELETE ON subjects BEGIN SELECT 1; END")
    database.close()
    with pytest.raises(StoreFault, match="damaged"):
        Database(path)


def use_everything(path, encoder):
    """Opens, reads all and writes an event, as a door does; only known faults may come out."""
    with Database(path, busy_ms=50) as database:
        database.check()
        store = GalleryStore(database)
        loaded = store.load_gallery(encoder, 128)
        people = store.people()
        AuditLog(database).recent(100)
        Credentials(database).has_admin_pin()
        return loaded, people


def test_flipped_bytes_never_crash_and_never_move_a_template_to_another_person(
    path, database, enrol, encoder, embedding
):
    people = {enrol(f"Person {i}", seed=i).subject_id: embedding(i) for i in range(60)}
    database.close()
    sound, chance = path.read_bytes(), random.Random(4)
    refused = 0
    for _ in range(120):
        damaged = bytearray(sound)
        for _ in range(8):
            damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
        path.write_bytes(damaged)
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)
        try:
            loaded, _ = use_everything(path, encoder)
        except StoreFault:
            refused += 1
            continue
        for row, owner in zip(loaded.gallery.matrix, loaded.gallery.subject_ids.tolist(), strict=True):
            assert (row == people[owner].values).all()
    assert refused > 0


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6, 0.95])
def test_truncated_file_is_a_fault(path, database, enrol, encoder, keep):
    for i in range(60):
        enrol(f"Person {i}", seed=i)
    database.close()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(StoreFault, match=r"damaged|not a faceguard"):
        use_everything(path, encoder)


def test_page_of_zeros_is_a_fault(path, database, enrol, encoder):
    for i in range(60):
        enrol(f"Person {i}", seed=i)
    database.close()
    content = path.read_bytes()
    for page in range(1, len(content) // 16384):
        path.write_bytes(content[: page * 16384] + bytes(16384) + content[(page + 1) * 16384 :])
        try:
            loaded, people = use_everything(path, encoder)
        except StoreFault:
            continue
        assert (len(people), loaded.gallery.size) == (60, 60)  # a page that held nothing


def test_locked_by_another_program(path, database, enrol):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFault, match="locked by another program"):
        enrol()
    other.execute("ROLLBACK")
    other.close()
    assert enrol().subject_id == 1


def test_reader_is_not_held_up_by_a_writer(path, database, gallery_store, enrol, encoder):
    enrol()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM templates")
    assert gallery_store.load_gallery(encoder, 128).gallery.size == 1
    other.close()


def test_full_disk_stores_all_or_nothing(database, gallery_store, enrol, encoder):
    pages = database.connection.execute("PRAGMA page_count").fetchone()[0]
    database.connection.execute(f"PRAGMA max_page_count={pages + 1}")
    stored = 0

    def enrol_on():
        nonlocal stored
        for i in range(200):
            enrol(f"Person {i}", seed=i)
            stored += 1

    with pytest.raises(StoreFault, match="no room left"):
        enrol_on()
    assert stored > 0
    assert len(gallery_store.people()) == gallery_store.load_gallery(encoder, 128).gallery.size == stored
    database.check()
    database.connection.execute("PRAGMA max_page_count=1000")
    assert enrol("Later").subject_id == stored + 1


def test_read_only_connection_is_a_fault(database, enrol):
    database.connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreFault, match="cannot be written to"):
        enrol()


def test_read_only_file_is_a_fault(path, database, monkeypatch):
    database.close()
    path.chmod(0o400)
    if os.geteuid() == 0:  # root may write anything
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreFault, match="read-only"):
        Database(path)


@pytest.mark.parametrize("code", sorted(SENTENCES), ids=str)
def test_every_known_condition_has_its_own_sentence(path, code):
    error = sqlite3.OperationalError("inside words")
    error.sqlite_errorcode = code | (3 << 8)
    fault = store_fault(error, path)
    assert isinstance(fault, FaceguardError)
    assert str(path) in fault.sentence
    assert fault.sentence.endswith(".")
    assert "inside words" in fault.detail
    assert "inside words" not in fault.sentence


def test_failed_transaction_leaves_nothing(database, gallery_store, enrol):
    def fail_midway():
        with database.writing() as db:
            db.execute("DELETE FROM subjects")
            raise RuntimeError("midway")

    enrol()
    with pytest.raises(RuntimeError):
        fail_midway()
    assert len(gallery_store.people()) == 1
    assert not database.connection.in_transaction


def test_a_write_inside_another_is_a_part_of_it(database, enrol, gallery_store):
    def both(*, fail):
        with database.writing():
            enrol("Ada")
            enrol("Bo", seed=2)
            if fail:
                raise RuntimeError("after both")

    with pytest.raises(RuntimeError):
        both(fail=True)
    assert gallery_store.people() == ()
    both(fail=False)
    assert len(gallery_store.people()) == 2
    assert not database.connection.in_transaction


def test_a_write_inside_another_that_fails_is_undone_alone(database, enrol, gallery_store):
    def fail_midway():
        with database.writing() as db:
            db.execute("UPDATE subjects SET name = 'Bo'")
            raise RuntimeError("midway")

    with database.writing():
        enrol("Ada")
        with pytest.raises(RuntimeError):
            fail_midway()
    assert [p.subject.name for p in gallery_store.people()] == ["Ada"]


def test_two_programs_may_make_the_database_at_once(path):
    errors = []

    def opening():
        try:
            Database(path).close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=opening) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Database(path) as database:
        database.check()


def test_data_version_moves_with_another_connections_commit(path, database):
    before = database.data_version()
    assert database.data_version() == before
    with Database(path) as other, other.writing() as db:
        db.execute("INSERT INTO retired_numbers VALUES (7)")
    assert database.data_version() != before
