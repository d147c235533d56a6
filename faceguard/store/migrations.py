"""The shape of the database, one step after the other; a step that has been released is never edited."""

from __future__ import annotations

from typing import Final

from sqlite_utils import Database, Migrations

MIGRATIONS: Final = Migrations("faceguard")


def known_steps() -> frozenset[str]:
    """Names of all steps of this program; a database with any other was written by a newer one."""
    with Database(memory=True, execute_plugins=False) as nothing:
        return frozenset(step.name for step in MIGRATIONS.pending(nothing))


@MIGRATIONS()
def m001_people_events_pins(db: Database) -> None:
    """People with their templates, the event log, and PIN hashes."""
    for statement in (
        """CREATE TABLE subjects (
            id INTEGER PRIMARY KEY CHECK (id >= 1),
            name TEXT NOT NULL CHECK (length(trim(name)) > 0),
            consent TEXT NOT NULL CHECK (consent IN ('paper', 'screen', 'spoken')),
            consented_at TEXT NOT NULL CHECK (length(consented_at) > 0),
            enrolled_at TEXT NOT NULL
        ) STRICT""",
        # A number that stands in the event log is never given to another person.
        "CREATE TABLE retired_numbers (id INTEGER PRIMARY KEY) STRICT",
        """CREATE TABLE templates (
            id INTEGER PRIMARY KEY,
            subject_id INTEGER NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
            encoder TEXT NOT NULL CHECK (length(encoder) > 0),
            dimension INTEGER NOT NULL CHECK (dimension BETWEEN 2 AND 8192),
            embedding BLOB NOT NULL CHECK (length(embedding) = 4 * dimension),
            checksum INTEGER NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('photo', 'camera')),
            created_at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX templates_of_encoder ON templates (encoder)",
        "CREATE INDEX templates_of_subject ON templates (subject_id)",
        # One row; counts every change of people, templates and who has a PIN, so that a running door notices.
        """CREATE TABLE gallery_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            generation INTEGER NOT NULL
        ) STRICT""",
        "INSERT INTO gallery_state (id, generation) VALUES (1, 0)",
        # No reference to subjects: an event outlives the person, the name does not.
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            decision TEXT NOT NULL CHECK (length(decision) > 0),
            reason TEXT NOT NULL,
            subject_id INTEGER,
            gates TEXT NOT NULL,
            nearest_id INTEGER,
            distance REAL,
            runner_up_id INTEGER,
            runner_up REAL,
            encoder TEXT NOT NULL,
            tau REAL,
            gallery_size INTEGER NOT NULL,
            frames INTEGER NOT NULL,
            ms REAL NOT NULL,
            detail TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX events_by_time ON events (time)",
        # Holder 0 is the admin, any other holder is the subject of that number.
        """CREATE TABLE pins (
            holder INTEGER PRIMARY KEY CHECK (holder >= 0),
            subject_id INTEGER REFERENCES subjects (id) ON DELETE CASCADE,
            hash TEXT NOT NULL,
            wrong INTEGER NOT NULL DEFAULT 0 CHECK (wrong >= 0),
            lock_ms INTEGER NOT NULL DEFAULT 0 CHECK (lock_ms >= 0),
            locked_at_ms INTEGER NOT NULL DEFAULT 0,
            CHECK ((holder = 0 AND subject_id IS NULL) OR (subject_id IS NOT NULL AND holder = subject_id))
        ) STRICT""",
    ):
        db.execute(statement)


@MIGRATIONS()
def m002_calibrations(db: Database) -> None:
    """Every calibration of the door that was taken; the newest one counts."""
    db.execute(
        """CREATE TABLE calibrations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            encoder TEXT NOT NULL CHECK (length(encoder) > 0),
            people INTEGER NOT NULL CHECK (people >= 1),
            templates INTEGER NOT NULL CHECK (templates >= people),
            basis TEXT NOT NULL CHECK (length(basis) > 0),
            n_strangers INTEGER NOT NULL CHECK (n_strangers >= 0),
            target_fpir REAL NOT NULL CHECK (target_fpir > 0 AND target_fpir < 1),
            tau REAL NOT NULL CHECK (tau > 0 AND tau <= 4),
            low REAL NOT NULL,
            value REAL NOT NULL,
            high REAL NOT NULL CHECK (0 <= low AND low <= value AND value <= high AND high <= 1),
            pair_fmr REAL CHECK (pair_fmr > 0 AND pair_fmr < 1),
            tau_pair REAL CHECK (tau_pair > 0 AND tau_pair <= 4)
        ) STRICT"""
    )


@MIGRATIONS()
def m003_shadow_and_labels(db: Database) -> None:
    """Events of shadow mode are marked, and the desk may say of an event whom it showed."""
    for statement in (
        "ALTER TABLE events ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow IN (0, 1))",
        """CREATE TABLE event_labels (
            event_id INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('stranger', 'staff')),
            subject_id INTEGER REFERENCES subjects (id) ON DELETE CASCADE,
            labelled_at TEXT NOT NULL CHECK (length(labelled_at) > 0),
            CHECK ((kind = 'staff') = (subject_id IS NOT NULL))
        ) STRICT""",
        "CREATE INDEX event_labels_of_subject ON event_labels (subject_id)",
    ):
        db.execute(statement)


@MIGRATIONS()
def m004_liveness_trials(db: Database) -> None:
    """Every presentation that was judged in a liveness test of a camera; no picture, no embedding, nobody's name."""
    db.execute(
        """CREATE TABLE liveness_trials (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            camera TEXT NOT NULL CHECK (length(camera) > 0),
            width INTEGER NOT NULL CHECK (width >= 1),
            height INTEGER NOT NULL CHECK (height >= 1),
            policy TEXT NOT NULL CHECK (policy IN ('standard', 'strict')),
            networks TEXT NOT NULL CHECK (length(networks) > 0),
            species TEXT NOT NULL CHECK (length(species) > 0),
            response TEXT NOT NULL CHECK (response IN ('passed', 'refused', 'not acquired')),
            reason TEXT NOT NULL
        ) STRICT"""
    )
    db.execute("CREATE INDEX liveness_trials_of_camera ON liveness_trials (camera, width, height, policy)")


@MIGRATIONS()
def m005_live_checks(db: Database) -> None:
    """Distances of live checks; they go with the person."""
    db.execute(
        """CREATE TABLE live_checks (
            id INTEGER PRIMARY KEY,
            time TEXT NOT NULL,
            subject_id INTEGER NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
            encoder TEXT NOT NULL CHECK (length(encoder) > 0),
            distance REAL NOT NULL CHECK (distance >= 0 AND distance <= 4),
            sources TEXT NOT NULL CHECK (length(sources) > 0)
        ) STRICT"""
    )
    db.execute("CREATE INDEX live_checks_of_subject ON live_checks (subject_id)")
