"""People and their templates in the database; the gallery is read whole and handed out as a snapshot."""

from __future__ import annotations

import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np
import sqlite_utils
from numpy.typing import NDArray

from faceguard.domain.errors import EnrolmentRefused, StoreFault
from faceguard.domain.template import (
    UNIT_TOLERANCE,
    ConsentMeans,
    Embedding,
    EncoderId,
    Gallery,
    Subject,
    Template,
    TemplateSource,
)
from faceguard.store.database import DAMAGED, Database
from faceguard.store.left_out import LeftOut

MAX_NAME: Final = 100
MAX_NUMBER: Final = 99_999_999
"""Eight digits: what fits on the keypad's display."""
VALUE_BYTES: Final = 4
BLOB_TYPE: Final = "<f4"

# Line breaks and direction overrides could make one person's line read like another's.
_MISLEADING: Final = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


class Removal(StrEnum):
    """What became of a removal."""

    ERASED = "removed and overwritten"
    ERASED_LATER = "removed; the last traces are overwritten when the other programs release the database"
    NOT_FOUND = "nobody has this number"


class BadRow(StrEnum):
    """Why a stored template is kept out of the gallery."""

    WRONG_LENGTH = "wrong length"
    CHECKSUM = "altered or damaged"
    NOT_UNIT = "not a finite vector of unit length"
    NO_SUBJECT = "belongs to no readable person"


@dataclass(frozen=True, slots=True)
class QuarantinedTemplate:
    """A template that is stored but takes no part in any search."""

    template_id: int
    subject_id: int
    reason: BadRow


@dataclass(frozen=True, slots=True)
class GalleryStamp:
    """Which state of people and templates was read; two equal stamps mean nothing has changed."""

    generation: int
    subjects: int
    templates: int


@dataclass(frozen=True, slots=True, eq=False)
class LoadedGallery:
    """A snapshot of one encoder's templates, and what was left out of it.

    Attributes:
        gallery: everything that can be searched.
        quarantined: rows of this encoder that are damaged.
        other_encoders: templates of each other encoder, by its id; never searched.
        stamp: for ``GalleryStore.changed_since``.
    """

    gallery: Gallery
    quarantined: tuple[QuarantinedTemplate, ...]
    other_encoders: Mapping[str, int]
    stamp: GalleryStamp


@dataclass(frozen=True, slots=True)
class EnrolledPerson:
    """A person with the number of templates per encoder (by its id as text)."""

    subject: Subject
    enrolled_at: datetime
    templates: Mapping[str, int]

    def ready(self, encoder_id: EncoderId) -> bool:
        """Has a template of this encoder."""
        return self.templates.get(str(encoder_id), 0) > 0


class GalleryStore:
    """People and templates.

    Args:
        database: the thread's own connection.
        clock: wall time in UTC, for the dates of enrolment.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        self._left_out = LeftOut()
        self._quiet: tuple[GalleryStamp, int, int] | None = None

    def add_subject_with_template(
        self,
        name: str,
        consent: ConsentMeans | None,
        consented_at: datetime | None,
        embedding: Embedding,
        source: TemplateSource,
        *,
        number: int | None = None,
    ) -> Subject:
        """Stores a new person and the first template, both or neither.

        Args:
            name: plain text, one line.
            consent: how the person agreed; refused without.
            consented_at: when, with its time zone; refused without.
            embedding: of the photo.
            source: where the picture came from.
            number: the person's number; None takes the smallest that nobody ever had.

        Raises:
            EnrolmentRefused: no consent, an unusable name, or the number is taken.
            StoreFault: nothing was stored.
        """
        name = _checked_name(name)
        if consent is None or consented_at is None or consented_at.tzinfo is None:
            raise EnrolmentRefused("Nobody is enrolled without consent: say how and when the person agreed.")
        if number is not None and not 1 <= number <= MAX_NUMBER:
            raise EnrolmentRefused(f"A person's number lies between 1 and {MAX_NUMBER}.")
        agreed = consented_at.astimezone(UTC)
        now = self._clock().astimezone(UTC).isoformat()
        with self._database.writing() as db:
            number = _free_number(db, number)
            subject = Subject(number, name, consent, agreed)
            db.table("subjects").insert(
                {
                    "id": number,
                    "name": name,
                    "consent": consent.value,
                    "consented_at": agreed.isoformat(),
                    "enrolled_at": now,
                }
            )
            _insert_template(db, number, embedding, source, now)
            bump_generation(db)
        return subject

    def add_template(self, subject_id: int, embedding: Embedding, source: TemplateSource) -> int:
        """Stores one more template of a person, for example from another encoder.

        Returns:
            The template's number.

        Raises:
            EnrolmentRefused: nobody has this number.
            StoreFault: nothing was stored.
        """
        with self._database.writing() as db:
            if not _exists(db, "subjects", subject_id):
                raise EnrolmentRefused(f"Nobody has the number {subject_id}.")
            added = _insert_template(db, subject_id, embedding, source, self._clock().astimezone(UTC).isoformat())
            bump_generation(db)
        return added

    def remove_subject(self, subject_id: int) -> Removal:
        """Removes a person with all templates and the PIN, and overwrites their bytes in database and journal.

        The number is never given to anybody else, because events of the past carry it. Copies that the file
        system or a backup keeps are out of reach.

        Raises:
            StoreFault: the person is still there.
        """
        with self._database.writing() as db:
            if not _exists(db, "subjects", subject_id):
                return Removal.NOT_FOUND
            # Zeroed first: pages that are rebalanced by the deletion then carry nothing of it along.
            db.execute(
                "UPDATE templates SET embedding = zeroblob(length(embedding)) WHERE subject_id = ?", [subject_id]
            )
            db.execute("DELETE FROM subjects WHERE id = ?", [subject_id])
            db.execute("INSERT OR IGNORE INTO retired_numbers (id) VALUES (?)", [subject_id])
            bump_generation(db)
        return Removal.ERASED if self._database.empty_journal() else Removal.ERASED_LATER

    def people(self) -> tuple[EnrolledPerson, ...]:
        """Everybody who is enrolled, by number.

        Raises:
            StoreFault: a person's row cannot be read.
        """
        with self._database.reading() as db:
            counts: dict[int, Counter[str]] = {}
            for subject_id, encoder, count in db.execute(
                "SELECT subject_id, encoder, count(*) FROM templates GROUP BY subject_id, encoder"
            ):
                counts.setdefault(subject_id, Counter())[encoder] = count
            rows = db.execute(_SUBJECTS).fetchall()
        people = []
        for row in rows:
            subject, enrolled_at = _subject(row), _moment_or_none(row[5])
            if subject is None or enrolled_at is None:
                raise self._damaged(f"subject {row[0]}")
            people.append(EnrolledPerson(subject, enrolled_at, dict(counts.get(subject.subject_id, {}))))
        return tuple(people)

    def load_gallery(self, encoder_id: EncoderId, length: int) -> LoadedGallery:
        """Reads all templates of one encoder into one matrix.

        1. Count and rows are read in one transaction, so that they agree.
        2. Each blob of the right length and checksum is copied into its row of a prepared matrix.
        3. Rows that are not finite or not of unit length within 1e-3 are taken out and reported.

        Args:
            encoder_id: whose templates; others are counted and left alone.
            length: D, number of values that this encoder gives.

        Raises:
            StoreFault: the tables cannot be read.
        """
        wanted = str(encoder_id)
        with self._database.reading() as db:
            stamp = _stamp(db)
            subjects = {s.subject_id: s for row in db.execute(_SUBJECTS) if (s := _subject(row)) is not None}
            others = {
                encoder: count
                for encoder, count in db.execute("SELECT encoder, count(*) FROM templates GROUP BY encoder")
                if encoder != wanted
            }
            (expected,) = db.execute("SELECT count(*) FROM templates WHERE encoder = ?", [wanted]).fetchone()
            matrix = np.zeros((expected, length), BLOB_TYPE)
            owners = np.zeros(expected, np.int64)
            row_ids = np.zeros(expected, np.int64)
            view, row_bytes = matrix.data.cast("B") if matrix.size else memoryview(b""), length * VALUE_BYTES
            quarantined: list[QuarantinedTemplate] = []
            filled = 0
            for template_id, subject_id, blob, checksum in db.execute(
                "SELECT id, subject_id, embedding, checksum FROM templates WHERE encoder = ? ORDER BY id", [wanted]
            ):
                if not isinstance(blob, bytes) or len(blob) != row_bytes:
                    quarantined.append(QuarantinedTemplate(template_id, subject_id, BadRow.WRONG_LENGTH))
                elif subject_id not in subjects:
                    quarantined.append(QuarantinedTemplate(template_id, subject_id, BadRow.NO_SUBJECT))
                elif _checksum(subject_id, wanted, blob) != checksum:
                    quarantined.append(QuarantinedTemplate(template_id, subject_id, BadRow.CHECKSUM))
                else:
                    view[filled * row_bytes : (filled + 1) * row_bytes] = blob
                    owners[filled], row_ids[filled] = subject_id, template_id
                    filled += 1
        matrix, owners, row_ids = matrix[:filled], owners[:filled], row_ids[:filled]
        good = _unit_rows(matrix)
        quarantined += [
            QuarantinedTemplate(int(row_ids[i]), int(owners[i]), BadRow.NOT_UNIT) for i in np.flatnonzero(~good)
        ]
        if not good.all():
            matrix, owners = matrix[good], owners[good]
        return LoadedGallery(Gallery(encoder_id, matrix, owners, subjects), tuple(quarantined), others, stamp)

    def sources(self, encoder_id: EncoderId) -> dict[int, frozenset[TemplateSource]]:
        """Where each person's templates of this encoder come from; sources that nobody knows are left out.

        Raises:
            StoreFault: the tables cannot be read.
        """
        found: dict[int, frozenset[TemplateSource]] = {}
        with self._database.reading() as db:
            for subject_id, source in db.execute(
                "SELECT DISTINCT subject_id, source FROM templates WHERE encoder = ?", [str(encoder_id)]
            ):
                try:
                    found[subject_id] = found.get(subject_id, frozenset()) | {TemplateSource(source)}
                except ValueError as error:
                    self._left_out(f"the source of a template of person {subject_id}", error)
        return found

    def several(self, encoder_id: EncoderId) -> tuple[Template, ...]:
        """All templates of people who have two and more of this encoder, by person; damaged rows are left out.

        Raises:
            StoreFault: the tables cannot be read.
        """
        wanted, found = str(encoder_id), []
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT id, subject_id, embedding, checksum, source, created_at FROM templates WHERE encoder = ? AND "
                "subject_id IN (SELECT subject_id FROM templates WHERE encoder = ? GROUP BY subject_id "
                "HAVING count(*) > 1) ORDER BY subject_id, id",
                [wanted, wanted],
            ).fetchall()
        for template_id, subject_id, blob, checksum, source, created_at in rows:
            moment = _moment_or_none(created_at)
            try:
                if moment is None or _checksum(subject_id, wanted, blob) != checksum:
                    raise ValueError("time or checksum")
                embedding = embedding_from_blob(blob, encoder_id)
                found.append(Template(template_id, subject_id, embedding, TemplateSource(source), moment))
            except ValueError as error:
                self._left_out(f"template {template_id}", error)
        return tuple(found)

    def changed_since(self, loaded: LoadedGallery) -> bool:
        """Has anybody been added, removed or given a PIN since, by this or another program? Cheap: ask every frame.

        Raises:
            StoreFault: the database cannot be read.
        """
        marks = self._database.data_version(), self._database.connection.total_changes
        if self._quiet == (loaded.stamp, *marks):
            return False
        with self._database.reading() as db:
            stamp = _stamp(db)
        if stamp != loaded.stamp:
            return True
        self._quiet = (loaded.stamp, *marks)
        return False

    def _damaged(self, detail: str) -> StoreFault:
        return StoreFault(DAMAGED.format(path=self._database.path), detail)


_SUBJECTS: Final = """
    SELECT s.id, s.name, s.consent, s.consented_at, p.holder IS NOT NULL, s.enrolled_at
    FROM subjects s LEFT JOIN pins p ON p.subject_id = s.id ORDER BY s.id
"""


def bump_generation(db: sqlite_utils.Database) -> None:
    """Tells every running door that people, templates or PINs have changed; inside the same transaction."""
    db.execute("UPDATE gallery_state SET generation = generation + 1 WHERE id = 1")


def embedding_blob(embedding: Embedding) -> bytes:
    """The vector as float32 little-endian, 4 bytes a value."""
    return np.ascontiguousarray(embedding.values, BLOB_TYPE).tobytes()


def embedding_from_blob(blob: bytes, encoder_id: EncoderId) -> Embedding:
    """Inverse of ``embedding_blob``.

    Raises:
        ValueError: not a finite vector of unit length.
    """
    return Embedding(np.frombuffer(blob, BLOB_TYPE).astype(np.float32), encoder_id)


def _checksum(subject_id: int, encoder: str, blob: bytes) -> int:
    """CRC-32 over owner, encoder and vector: finds damage (a flipped owner above all), not a forger."""
    return zlib.crc32(blob, zlib.crc32(f"{subject_id}|{encoder}|".encode()))


def _unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(T,) which rows are finite and of unit length within 1e-3; NaN compares false and so is out."""
    with np.errstate(over="ignore", invalid="ignore"):
        good: NDArray[np.bool_] = np.abs(np.linalg.norm(matrix, axis=1) - 1.0) <= UNIT_TOLERANCE
    return good


def _insert_template(
    db: sqlite_utils.Database, subject_id: int, embedding: Embedding, source: TemplateSource, now: str
) -> int:
    blob, encoder = embedding_blob(embedding), str(embedding.encoder_id)
    cursor = db.execute(
        "INSERT INTO templates (subject_id, encoder, dimension, embedding, checksum, source, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [subject_id, encoder, embedding.values.size, blob, _checksum(subject_id, encoder, blob), source.value, now],
    )
    return int(cursor.lastrowid or 0)


def _free_number(db: sqlite_utils.Database, wanted: int | None) -> int:
    if wanted is None:
        (number,) = db.execute(
            "WITH used AS (SELECT id FROM subjects UNION SELECT id FROM retired_numbers) "
            "SELECT min(n) + 1 FROM (SELECT 0 AS n UNION SELECT id FROM used) "
            "WHERE NOT EXISTS (SELECT 1 FROM subjects WHERE id = n + 1) "
            "AND NOT EXISTS (SELECT 1 FROM retired_numbers WHERE id = n + 1)"
        ).fetchone()
        return int(number)
    if _exists(db, "subjects", wanted):
        raise EnrolmentRefused(f"The number {wanted} belongs to somebody else; choose another one.")
    if _exists(db, "retired_numbers", wanted):
        raise EnrolmentRefused(
            f"The number {wanted} belonged to a person who was removed and still stands in the event log; "
            "choose another one."
        )
    return wanted


def _exists(db: sqlite_utils.Database, table: str, row_id: int) -> bool:
    return 0 < row_id <= MAX_NUMBER and bool(list(db.table(table).rows_where("id = ?", [row_id], limit=1)))


def _stamp(db: sqlite_utils.Database) -> GalleryStamp:
    generation, subjects, templates = db.execute(
        "SELECT (SELECT generation FROM gallery_state WHERE id = 1), "
        "(SELECT count(*) FROM subjects), (SELECT count(*) FROM templates)"
    ).fetchone()
    return GalleryStamp(int(generation or 0), subjects, templates)


def _subject(row: tuple[Any, ...]) -> Subject | None:
    """The person of one row of ``_SUBJECTS``; None when the row is damaged."""
    subject_id, name, consent, consented_at, has_pin, _ = row
    agreed = _moment_or_none(consented_at)
    try:
        return None if agreed is None else Subject(subject_id, name, ConsentMeans(consent), agreed, bool(has_pin))
    except (ValueError, TypeError, AttributeError):
        return None


def _moment_or_none(text: object) -> datetime | None:
    """A stored moment in UTC; None when it is damaged."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        raise EnrolmentRefused("A person needs a name.")
    if len(name) > MAX_NAME:
        raise EnrolmentRefused(f"A name has at most {MAX_NAME} characters.")
    if any(c in _MISLEADING or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name):
        raise EnrolmentRefused("A name is one line of plain text without control characters.")
    return name
