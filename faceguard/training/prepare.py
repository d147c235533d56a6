"""Goes through photos once: finds and cuts every main face, splits by person, and writes a ``FaceSet``.

Detection takes hours over a large collection, so it goes chunk by chunk. A chunk is finished when its file lies in
``chunks/``; pixels behind the last finished one are cut off and made again. What follows from the chunks, the split and
the near duplicates, takes seconds and is decided at the end.
"""

from __future__ import annotations

import csv
import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import FaceguardError
from faceguard.training.chunks import Chunk, Chunks, close_gaps, tidy, whole
from faceguard.training.face_set import FINISHED, FORMAT, SPLIT, TABLE, read_finished
from faceguard.training.faces import CROP_SIDE, ROOM, Detect
from faceguard.training.looking import looking
from faceguard.training.photos import PhotoRecord, PhotoSource
from faceguard.training.split import (
    Side,
    SplitPhoto,
    held_out,
    make_split,
    near_duplicates,
    refuse_leakage,
    require_fractions,
)

CHUNK: Final = 256
"""Photos of a chunk: 50 MB of pixels."""
CONFIG: Final = "config.json"
LEFT_OUT: Final = "left_out.csv"

Embed = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
"""(n, 112, 112, 3) uint8 BGR crops -> (n, D) unit rows."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the photos; ``photos`` is the sum of all the others that count photos.

    Attributes:
        photos: how many were read.
        people: how many are named in the two parts.
        train, development: photos of the parts.
        near_duplicates: photos of each source that were left out of the training part because the development part has
            the same picture in another form; None where nothing was compared.
        copies: files with the same bytes as an earlier one, left out.
        failures: photos that cannot be used, by reason.
        train_digest, development_digest: as in ``split.json``.
    """

    photos: int
    people: int
    train: int
    development: int
    near_duplicates: Mapping[str, int] | None
    copies: int
    failures: Mapping[str, int]
    train_digest: str
    development_digest: str


def prepare(
    sources: Sequence[PhotoSource],
    detect: Detect,
    folder: Path,
    *,
    fractions: Mapping[str, float],
    embed: Embed | None = None,
    duplicates: float = 0.4,
    made_with: Mapping[str, str] | None = None,
    workers: int = 1,
    report: Callable[[int, int], None] = lambda done, photos: None,
) -> Prepared:
    """Writes the set of faces of these sources into a folder, or goes on where an earlier call was ended.

    1. Each photo is read, and its main face found and cut (``faces.face_in``).
    2. Of files with the same bytes the first one stays.
    3. Whole people, or photos of nobody, go to the development part (``split.held_out``).
    4. Training photos at most ``duplicates`` away from a photo of the development part are left out.

    Args:
        sources: where the photos lie; no two of one name.
        detect: finds the faces of a picture.
        folder: made when it is not there. A finished one is answered again, one of other photos is refused.
        fractions: for each source the share of its people, or of its photos of nobody, for the development part.
        embed: an encoder, to find near duplicates with; None leaves step 4 out.
        duplicates: squared distance in [0, 4].
        made_with: names of the detector and the encoder with their digests; other ones do not go on with this folder.
        workers: processes that look at photos. More than one needs a ``detect`` that can be pickled; one that cannot
            works in this process.
        report: told after each photo how many are done, and of how many.

    Raises:
        FaceguardError: no usable photo, a part without photos, a person on both sides, the folder belongs to other
            photos, is damaged or cannot be written.
    """
    records = [(source.name, record) for source in sources for record in source]
    _require_sources(sources, records, fractions)
    if not 0.0 <= duplicates <= 4.0:
        raise FaceguardError(f"Near duplicates lie at most {duplicates:g} apart; a distance is from 0 to 4.")
    begun = {
        "format": FORMAT,
        "sources": [[source.name, len(source)] for source in sources],
        "photos": _digest_of(records),
        "made_with": dict(made_with or {}),
        "embedded": embed is not None,
    }
    decided = begun | {"fractions": dict(fractions), "duplicates": duplicates if embed else None}
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _require_config(folder, decided)
        if (folder / FINISHED).exists():
            prepared = _finished(folder)
            tidy(folder, prepared.train + prepared.development)
            return prepared
        if not (folder / CONFIG).exists():
            whole(folder / CONFIG, _json(begun))
        chunks = Chunks(folder)
    with looking(sources, detect, workers) as look:
        while chunks.done < len(records):
            numbers = range(chunks.done, min(chunks.done + CHUNK, len(records)))
            chunk = Chunk(numbers.stop)
            for number, (digest, found) in zip(numbers, look(numbers), strict=True):
                source, record = records[number]
                photo = SplitPhoto(source, record.key, _plain(record.person), digest)
                chunk.add(photo, found, chunks.is_copy(digest))
                report(number + 1, len(records))
            vectors = _embedded(chunk, embed)
            with _writing(folder):
                chunks.append(chunk, vectors)
    with _writing(folder):
        return _finish(folder, chunks, decided)


def _finished(folder: Path) -> Prepared:
    answer = read_finished(folder)
    try:
        return Prepared(**answer["prepared"])
    except (KeyError, TypeError) as error:
        raise FaceguardError(f"{folder / FINISHED} is damaged; remove the folder and prepare it again.") from error


def _finish(folder: Path, chunks: Chunks, decided: Mapping[str, Any]) -> Prepared:
    """Splits, drops near duplicates and writes everything else; repeating it after a kill does the same again."""
    columns, left_out = chunks.columns(), chunks.left_out()
    reasons = Counter(reason for _, _, reason in left_out)
    copies = reasons.pop(Chunk.COPY, 0)
    vectors, photos = columns.pop("vectors"), _split_photos(columns)
    if not photos:
        words = ", ".join(f"{reason} ({count})" for reason, count in reasons.items())
        raise FaceguardError(f"None of the {chunks.done} photos can be used: {words}.")
    fractions = decided["fractions"]
    train = ~np.array([held_out(photo, fractions) for photo in photos])
    keep = np.ones(len(photos), np.bool_)
    if decided["embedded"]:
        rows = np.flatnonzero(train)
        keep[rows[near_duplicates(vectors[train], vectors[~train], decided["duplicates"])]] = False
    split = make_split(
        [photos[i] for i in np.flatnonzero(train & keep)], [photos[i] for i in np.flatnonzero(~train)], fractions
    )
    near = [photos[i] for i in np.flatnonzero(~keep)]
    by_source = Counter(photo.source for photo in near)
    prepared = Prepared(
        photos=chunks.done,
        people=len(split.train.people | split.development.people),
        train=len(split.train.photos),
        development=len(split.development.photos),
        near_duplicates=dict(by_source) if decided["embedded"] else None,
        copies=copies,
        failures=dict(reasons),
        train_digest=split.train.digest,
        development_digest=split.development.digest,
    )
    # From here on rows change places, so another choice of parts can no longer be made of these chunks.
    whole(folder / CONFIG, _json(decided))
    order = close_gaps(folder, keep)
    table: dict[str, Any] = {"train": train[order], **{name: column[order] for name, column in columns.items()}}
    with (folder / TABLE).open("wb") as file:
        np.savez(file, **table)
    split.write(folder / SPLIT)
    with (folder / LEFT_OUT).open("w", newline="", encoding="utf-8") as text:
        lines = csv.writer(text)
        lines.writerow(["source", "key", "reason"])
        lines.writerows(left_out)
        lines.writerows([p.source, p.key, "nearly the same picture is in the development part"] for p in near)
    digest = hashlib.sha256((folder / TABLE).read_bytes()).hexdigest()
    whole(folder / FINISHED, _json({"format": FORMAT, "table": digest, "prepared": asdict(prepared)}))
    tidy(folder, prepared.train + prepared.development)
    return prepared


def _embedded(chunk: Chunk, embed: Embed | None) -> NDArray[np.float32]:
    """(n, D) of the chunk's rows; (n, 0) without an encoder."""
    n = len(chunk.faces)
    if embed is None or n == 0:
        return np.zeros((n, 0), np.float32)
    inner = slice(ROOM, CROP_SIDE - ROOM)
    crops = np.stack([face.crop[inner, inner] for face in chunk.faces])
    vectors = np.asarray(embed(crops), np.float32)
    if vectors.ndim != 2 or len(vectors) != n or not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3):
        raise ValueError("an encoder answers a row of unit length for each crop")
    return vectors


def _require_sources(
    sources: Sequence[PhotoSource], records: Sequence[tuple[str, PhotoRecord]], fractions: Mapping[str, float]
) -> None:
    """What the split would refuse at the end is refused before the hours of work."""
    names = [source.name for source in sources]
    for name, count in Counter(names).items():
        if count > 1:
            raise FaceguardError(f"Two sources have the name {name}; rename one of them.")
    for name in fractions:
        if name not in names:
            raise FaceguardError(f"There is a fraction for {name}, which is none of the sources ({', '.join(names)}).")
    require_fractions(fractions, names)
    sides: tuple[list[SplitPhoto], list[SplitPhoto]] = ([], [])
    for source, record in records:
        if any("\ud800" <= letter <= "\udfff" for letter in f"{record.key}{record.person}"):  # no UTF-8 on the disk
            raise FaceguardError(f"The name {record.key!r} in {source} cannot be written down; rename the photo.")
        if record.person is not None:
            # the bytes are not read yet: a photo's place stands in for its digest
            photo = SplitPhoto(source, record.key, record.person, f"{source}/{record.key}")
            sides[held_out(photo, fractions)].append(photo)
    refuse_leakage(*(Side(tuple(side)) for side in sides))


def _require_config(folder: Path, decided: Mapping[str, Any]) -> None:
    """Nothing when what is known of the folder so far is wanted again."""
    path = folder / CONFIG
    if not path.exists():
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        other = [name for name, value in known.items() if decided[name] != value]
    except (ValueError, AttributeError, KeyError) as error:
        raise FaceguardError(f"{path} is damaged; remove the folder and prepare it again.", str(error)) from error
    if other:
        raise FaceguardError(
            f"The folder {folder} was begun with other {', '.join(other).replace('_', ' ')}. Choose another folder, or "
            "repeat the command that began it."
        )


def _split_photos(columns: Mapping[str, NDArray[Any]]) -> list[SplitPhoto]:
    names = ("sources", "keys", "people", "digests")
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    return [SplitPhoto(source, key, person or None, digest) for source, key, person, digest in rows]


def _plain(person: str | None) -> str | None:
    """File systems differ in how they write an accent; a name counts in Unicode's composed form."""
    return None if person is None else unicodedata.normalize("NFC", person)


def _digest_of(records: Sequence[tuple[str, PhotoRecord]]) -> str:
    """SHA-256 over the places and people of all photos."""
    digest = hashlib.sha256()
    for source, record in records:
        digest.update(json.dumps([source, record.key, record.person]).encode("ascii") + b"\n")
    return digest.hexdigest()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FaceguardError(f"The set of faces in {folder} cannot be written.", str(error)) from error
