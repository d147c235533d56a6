"""MXNet's RecordIO files, the form that InsightFace's training sets come in, read without MXNet.

A record begins at a multiple of 4 bytes::

    uint32  0xCED7230A
    uint32  3 bits: 0 whole, 1 first part, 2 middle part, 3 last part; 29 bits: length
    data, filled up to a multiple of 4

A record in parts had the magic number inside its data, on a multiple of 4; it was cut there and the number left out.
The data begins with an image header::

    uint32  flag: 0, or how many float32 labels follow
    float32 label, where flag is 0
    uint64  id
    uint64  id2
    float32 x flag: labels

and goes on with the encoded picture. InsightFace's first record, number 0, has no picture: its labels are the number of
the first record after the photos, and of the last of all. The records after the photos, one a person, have none either.
All numbers are little-endian (dmlc-core, recordio.h; MXNet, recordio.py).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from faceguard.domain.errors import FaceguardError
from faceguard.training.photos import MAX_PHOTO_BYTES, PhotoRecord, require_photo_size, whole_label

_MAGIC: Final = struct.pack("<I", 0xCED7230A)
_HEADER: Final = struct.Struct("<IfQQ")
_MAX_LABELS: Final = 64
"""InsightFace writes one, or two; lists with box and landmarks up to fifteen."""
_MAX_RECORD_BYTES: Final = MAX_PHOTO_BYTES + _HEADER.size + 4 * _MAX_LABELS
_MAX_PARTS: Final = 4096


class _BadRecord(Exception):
    """What is wrong with a record; made a sentence where the file's name is known."""


class RecordFile:
    """The photos of a RecordIO file with their people, InsightFace's ``train.rec``.

    A person is ``source:label``, source being the folder's name. Records without a picture are not photos.

    Args:
        path: the ``.rec`` file. With an index beside it (``.idx``: lines ``number <TAB> offset``) the keys are its
            numbers; without one the file is gone through and the records are counted from 0.

    Raises:
        FaceguardError: not there, cut off, of another kind, an index that does not fit, a label that is no whole
            number.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._source = path.resolve().parent.name
        self._photos: list[tuple[int, int, int]] = []  # number, offset, label
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                places = _index(path.with_suffix(".idx"), size) or _scan(file, path)
                promised = self._collect(file, places)
        except OSError as error:
            raise FaceguardError(f"The record file {path} cannot be read.", str(error)) from error
        if not self._photos:
            raise FaceguardError(f"The record file {path} holds no photo.")
        if promised is not None and promised != len(self._photos):
            raise FaceguardError(
                f"The record file {path} says that it holds {promised} photos, and holds {len(self._photos)}; copy it "
                "and its .idx file again."
            )

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[PhotoRecord]:
        for number, offset, label in self._photos:
            yield PhotoRecord(str(number), f"{self._source}:{label}", partial(_load, self._path, offset))

    def _collect(self, file: BinaryIO, places: list[tuple[int, int]]) -> int | None:
        """Fills in the photos; answers how many the first record promises, if it does."""
        promised = None
        for position, (number, offset) in enumerate(places):
            try:
                # the labels stand in the first bytes; of the picture behind them one byte is enough to see it
                labels, picture = _unpack(_record(file, offset, _HEADER.size + 4 * _MAX_LABELS + 1))
            except _BadRecord as error:
                raise _broken(self._path, offset, str(error)) from error
            if not picture:
                if position == 0 and len(labels) > 1 and (first_after := whole_label(labels[0])) is not None:
                    promised = first_after - 1
                continue
            label = whole_label(labels[0])
            if label is None:
                raise FaceguardError(f"Record {number} of {self._path} has the label {labels[0]}, no person's number.")
            self._photos.append((number, offset, label))
        return promised


def _load(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            _, picture = _unpack(_record(file, offset))
    except OSError as error:
        raise FaceguardError(f"The record file {path} cannot be read.", str(error)) from error
    except _BadRecord as error:
        raise _broken(path, offset, str(error)) from error
    return require_photo_size(picture, f"at byte {offset} of {path}")


def _broken(path: Path, offset: int, detail: str) -> FaceguardError:
    return FaceguardError(
        f"The record file {path} is cut off or no RecordIO file (at byte {offset}); copy it and its .idx file again.",
        detail,
    )


def _index(path: Path, size: int) -> list[tuple[int, int]]:
    """Numbers and offsets of an index file, by number; empty where there is none."""
    if not path.is_file():
        return []
    places: dict[int, int] = {}
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError as error:
        raise FaceguardError(f"The index {path} is no text; copy it again.", str(error)) from error
    for row, line in enumerate(lines, 1):
        cells = line.split("\t")
        if len(cells) != 2 or not all(cell.strip().isdecimal() for cell in cells):
            raise FaceguardError(f"Line {row} of the index {path} must be: number <TAB> offset.")
        number, offset = (int(cell) for cell in cells)
        if offset >= size or offset % 4 or number in places:
            raise FaceguardError(f"Line {row} of the index {path} does not fit its .rec file; copy both again.")
        places[number] = offset
    return sorted(places.items())


def _scan(file: BinaryIO, path: Path) -> list[tuple[int, int]]:
    """Numbers and offsets, record by record, for a file without an index."""
    places: list[tuple[int, int]] = []
    offset, end = 0, file.seek(0, os.SEEK_END)
    while offset < end:
        places.append((len(places), offset))
        try:
            offset = _after(file, offset, end)
        except _BadRecord as error:
            raise _broken(path, offset, str(error)) from error
    return places


def _after(file: BinaryIO, offset: int, end: int) -> int:
    """Where the next record begins."""
    for part in range(_MAX_PARTS):
        file.seek(offset)
        kind, length = _part_head(file.read(8), part)
        offset += 8 + _padded(length)
        if offset > end:
            raise _BadRecord("it ends inside a record")
        if kind in (0, 3):
            return offset
    raise _BadRecord("a record in too many parts")


def _record(file: BinaryIO, offset: int, enough: int | None = None) -> bytes:
    """The data of the record that begins here.

    Args:
        file: opened for reading.
        offset: of its magic number.
        enough: bytes after which a record in one part need not be read on.
    """
    file.seek(offset)
    parts: list[bytes] = []
    total = 0
    for part in range(_MAX_PARTS):
        kind, length = _part_head(file.read(8), part)
        total += length + len(_MAGIC)
        if total > _MAX_RECORD_BYTES:
            raise _BadRecord("a record is larger than a photo")
        wanted = length if kind or enough is None else min(length, enough)
        data = file.read(wanted)
        if len(data) != wanted:
            raise _BadRecord("it ends inside a record")
        parts.append(data)
        if kind in (0, 3):
            return _MAGIC.join(parts)
        file.seek(_padded(length) - length, os.SEEK_CUR)
    raise _BadRecord("a record in too many parts")


def _part_head(head: bytes, part: int) -> tuple[int, int]:
    """Kind and length of a part."""
    if len(head) != 8 or head[:4] != _MAGIC:
        raise _BadRecord("no record begins there")
    (word,) = struct.unpack("<I", head[4:])
    kind, length = word >> 29, word & ((1 << 29) - 1)
    if kind not in ((0, 1) if part == 0 else (2, 3)):
        raise _BadRecord("the parts of a record are out of order")
    return kind, length


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _unpack(data: bytes) -> tuple[tuple[float, ...], bytes]:
    """Labels (one at least) and picture of a record's data, the picture cut off where the data is."""
    if len(data) < _HEADER.size:
        raise _BadRecord("a record is too short for its header")
    flag, label, _, _ = _HEADER.unpack_from(data)
    if flag > _MAX_LABELS:
        raise _BadRecord("a record has too many labels")
    if flag == 0:
        return (label,), data[_HEADER.size :]
    present = min(flag, (len(data) - _HEADER.size) // 4)
    if present == 0:
        raise _BadRecord("a record is too short for its labels")
    return struct.unpack_from(f"<{present}f", data, _HEADER.size), data[_HEADER.size + 4 * flag :]
