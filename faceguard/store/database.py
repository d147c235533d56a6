"""One connection to the database, safe settings and plain sentences for what SQLite may report."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import sqlite_utils

from faceguard.domain.errors import StoreFault
from faceguard.store.migrations import MIGRATIONS, known_steps

PAGE_BYTES: Final = 16384
"""Seven templates of 512 values to a page; 4096 would waste half of each page and double the loading time."""
BUSY_MS: Final = 5000
APPLICATION_ID: Final = 0x46475244
"""ASCII 'FGRD' in the file's header: tells our databases from other programs'."""

SENTENCES: Final = {
    sqlite3.SQLITE_CORRUPT: "The database {path} is damaged. Put back a backup, or move it away to start anew.",
    sqlite3.SQLITE_NOTADB: "{path} is not a faceguard database, or it is damaged from its first page on.",
    sqlite3.SQLITE_BUSY: "The database {path} is locked by another program. Close that program and try again.",
    sqlite3.SQLITE_LOCKED: "The database {path} is locked by another program. Close that program and try again.",
    sqlite3.SQLITE_FULL: "There is no room left to write to the database {path}. Free some disk space.",
    sqlite3.SQLITE_READONLY: "The database {path} cannot be written to: it is read-only for this user.",
    sqlite3.SQLITE_CANTOPEN: "The database {path} cannot be opened. Check that its folder exists and is yours.",
    sqlite3.SQLITE_PERM: "The database {path} cannot be opened: this user may not read it.",
    sqlite3.SQLITE_IOERR: "The disk with the database {path} reports an error.",
    sqlite3.SQLITE_NOMEM: "There was not enough memory to read the database {path}.",
    sqlite3.SQLITE_CONSTRAINT: "The database {path} refused an entry that breaks its rules.",
}
"""By SQLite's primary result code."""
DAMAGED: Final = SENTENCES[sqlite3.SQLITE_CORRUPT]


def store_fault(error: Exception, path: Path) -> StoreFault:
    """What happened, as a sentence; SQLite's own words go to the detail."""
    code = getattr(error, "sqlite_errorcode", None)
    # Text that is no UTF-8 carries no code, a column that is gone the general one: the content is not ours.
    sentence = SENTENCES.get(code & 0xFF, DAMAGED) if isinstance(code, int) else DAMAGED
    return StoreFault(sentence.format(path=path), f"{type(error).__name__}: {error}")


class Database:
    """One connection, for the one thread that opened it; closed by ``close`` or at the end of ``with``.

    Tables are STRICT, the journal is WAL, every commit reaches the disk, deleted content is overwritten,
    foreign keys hold, and the file is readable by its owner only.

    Args:
        path: the file; made when missing, its folder must exist.
        busy_ms: how long to wait for another program's write before giving up.

    Raises:
        StoreFault: not a database, damaged, another program's, newer than this program, locked, read-only.
    """

    def __init__(self, path: Path, *, busy_ms: int = BUSY_MS) -> None:
        self.path = path
        self._busy_ms = busy_ms
        self._writing = False
        self._create_private()
        try:
            self.connection = sqlite3.connect(path, timeout=busy_ms / 1000, isolation_level=None)
        except sqlite3.Error as error:
            raise store_fault(error, path) from error
        try:
            self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Database({str(self.path)!r})"

    def close(self) -> None:
        """Closes the connection; an open transaction is rolled back. May be called again."""
        with suppress(sqlite3.Error):
            self.connection.close()

    @contextmanager
    def known_faults(self) -> Iterator[None]:
        """Turns what SQLite raises into ``StoreFault``; wrong use of the connection stays a bug."""
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter from a damaged table definition
            raise store_fault(error, self.path) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite_utils.Database]:
        """One write transaction: all of it is on the disk afterwards, or nothing of it.

        Takes the write lock at once, so that what is read inside still holds when it is written. Inside another one it
        is a part of that: what fails here is undone here, and the rest is on the disk when the outer one ends.

        Raises:
            StoreFault: nothing was written.
        """
        with self.known_faults():
            if self._writing:
                with self.tables.atomic():
                    yield self.tables
                return
            self.connection.execute("BEGIN IMMEDIATE")
            self._writing = True
            try:
                yield self.tables
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.tables.rollback()
                raise
            finally:
                self._writing = False

    @contextmanager
    def reading(self) -> Iterator[sqlite_utils.Database]:
        """One read transaction: everything read inside belongs to the same moment.

        Raises:
            StoreFault: the content cannot be read.
        """
        with self.known_faults():
            self.connection.execute("BEGIN")
            try:
                yield self.tables
            finally:
                with suppress(sqlite3.Error):
                    self.tables.rollback()

    def data_version(self) -> int:
        """A number that changes when any other connection, of any process, has committed.

        Raises:
            StoreFault: the database cannot be read.
        """
        with self.known_faults():
            return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def check(self) -> None:
        """Looks at every page and every foreign key.

        Raises:
            StoreFault: something is damaged; the detail says what.
        """
        with self.known_faults():
            findings = [str(row[0]) for row in self.connection.execute("PRAGMA integrity_check(5)")]
            orphans = self.connection.execute("PRAGMA foreign_key_check").fetchall()
        if findings != ["ok"] or orphans:
            detail = "; ".join([f for f in findings if f != "ok"] + [f"{len(orphans)} orphans"] * bool(orphans))
            raise StoreFault(DAMAGED.format(path=self.path), detail)

    def empty_journal(self) -> bool:
        """Moves the write-ahead log into the file and cuts it to nothing; False while another reader prevents it.

        Raises:
            StoreFault: the database cannot be written.
        """
        with self.known_faults():
            busy, _, _ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _create_private(self) -> None:
        """An empty file of mode 0600 before SQLite sees it: its -wal and -shm take over that mode."""
        try:
            if self.path.exists() and not self.path.is_file():
                raise StoreFault(SENTENCES[sqlite3.SQLITE_NOTADB].format(path=self.path))
            os.close(os.open(self.path, os.O_RDONLY | os.O_CREAT, 0o600))
            if os.name == "posix" and self.path.stat().st_mode & 0o077:
                self.path.chmod(self.path.stat().st_mode & 0o700)
        except OSError as error:
            code = sqlite3.SQLITE_FULL if error.errno == errno.ENOSPC else sqlite3.SQLITE_CANTOPEN
            raise StoreFault(SENTENCES[code].format(path=self.path), str(error)) from error
        if not os.access(self.path, os.W_OK):
            raise StoreFault(SENTENCES[sqlite3.SQLITE_READONLY].format(path=self.path))

    def _prepare(self) -> None:
        with self.known_faults():
            run = self.connection.execute
            # The schema of a foreign file must not run anything before it has been looked at.
            for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY", "foreign_keys=ON"):
                run(f"PRAGMA {pragma}")
            run("PRAGMA secure_delete=ON")
            run("PRAGMA synchronous=FULL")
            empty = self.path.stat().st_size == 0
            if empty:
                run(f"PRAGMA page_size={PAGE_BYTES}")
            self._check_ours()
            self._write_ahead()
            self.tables = sqlite_utils.Database(self.connection, strict=True, execute_plugins=False)
            self._migrate()

    def _check_ours(self) -> None:
        run = self.connection.execute
        names = dict(run("SELECT name, type FROM sqlite_schema").fetchall())
        if not names:
            if 0 < self.path.stat().st_size < 512:  # SQLite takes a few stray bytes for an empty database
                raise StoreFault(SENTENCES[sqlite3.SQLITE_NOTADB].format(path=self.path))
            return
        if run("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreFault(f"{self.path} is a database of another program.")
        if {"trigger", "view"} & set(names.values()):
            raise StoreFault(DAMAGED.format(path=self.path), "a trigger or view that faceguard did not make")

    def _write_ahead(self) -> None:
        """Turns WAL on; the first switch needs the file alone and does not wait for it by itself."""
        deadline = time.monotonic() + self._busy_ms / 1000
        while True:
            try:
                mode = self.connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if mode != "wal":
            raise StoreFault(
                f"The database {self.path} lies on a drive that cannot keep it safely; use a local disk.",
                f"journal mode {mode}",
            )

    def _migrate(self) -> None:
        if not MIGRATIONS.pending(self.tables):
            self._refuse_newer()
            return
        with self.writing() as tables:  # a second program that starts now waits here and finds the work done
            self._refuse_newer()
            tables.execute(f"PRAGMA application_id={APPLICATION_ID}")
            MIGRATIONS.apply(tables)

    def _refuse_newer(self) -> None:
        newer = {step.name for step in MIGRATIONS.applied(self.tables)} - known_steps()
        if newer:
            raise StoreFault(
                f"The database {self.path} was written by a newer faceguard; update this program.",
                f"unknown steps: {', '.join(sorted(newer))}",
            )
