"""Photos to train on, wherever they lie: folders with one folder a person, zips, record lists, RecordIO files.

A source is gone through as often as wanted and answers the same records in the same order. Nothing is decoded here and
nothing is unpacked to disk. What a source's own text says is not trusted: no path leads out of its folder, and nothing
is read that is larger than a photo.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from faceguard.domain.errors import FaceguardError

PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
MAX_PHOTO_BYTES: Final = 64 << 20
"""More is no photo of a face."""


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One photo.

    Attributes:
        key: its place in the source, unique there; a relative path with slashes, or the number in a RecordIO file.
        person: whose it is, None where the source does not say. Folders give the folder's name, so the same person in
            two sources is the same person; numbered lists give ``source:number``, because their numbers mean nothing
            elsewhere.
        load: reads the encoded picture (JPEG, PNG, ...). Raises ``FaceguardError`` where that is not possible.
    """

    key: str
    person: str | None
    load: Callable[[], bytes]


class PhotoSource(Protocol):
    """Photos in a fixed order; each iteration begins anew."""

    @property
    def name(self) -> str:
        """The folder's or file's name, for reports."""
        ...

    def __len__(self) -> int:
        """How many photos."""
        ...

    def __iter__(self) -> Iterator[PhotoRecord]:
        """Record by record."""
        ...


class PhotoFolder:
    """A folder of people, one folder a person with the photos in it at any depth; or of photos of nobody in particular.

    Hidden files and files with another suffix than a photo's are left out.

    Args:
        root: the folder.

    Raises:
        FaceguardError: not there, without a photo, a mixture of both kinds, or with a link that leads out of it.
    """

    def __init__(self, root: Path) -> None:
        self.name = root.name
        self._root = root
        places = sorted(_walk(root))
        if not places:
            raise FaceguardError(f"The folder {root} holds no photo ({', '.join(sorted(PHOTO_SUFFIXES))}).")
        self._people = people_of(places, str(root))
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[PhotoRecord]:
        for place, person in zip(self._places, self._people, strict=True):
            yield PhotoRecord(str(place), person, partial(read_photo, self._root / place))


class RecordList:
    """InsightFace's text list (``.lst``): a line ``index <TAB> path <TAB> label`` for each photo; further columns (box,
    landmarks) are not used, the first one need not be unique.

    Args:
        path: the list.
        root: what its paths start from; the list's folder if not given.

    Raises:
        FaceguardError: unreadable, a bad line, a path that is absolute or leads out, a photo that is not there.
    """

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self.name = path.name
        base = path.parent if root is None else root
        source = base.resolve().name
        self._records: list[PhotoRecord] = []
        seen: set[str] = set()
        known: set[Path] = set()  # folders that were looked at: asking for each of millions of photos takes long
        inside = base.resolve()
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            place, label = _list_line(line, number, path)
            if str(place) in seen:
                raise FaceguardError(f"Line {number} of {path} names {place} a second time; remove one of the two.")
            seen.add(str(place))
            photo = base / place
            if not photo.is_file():
                raise FaceguardError(
                    f"Line {number} of {path}: {photo} is not there; the list's paths start from {base}."
                )
            if photo.parent not in known:
                _require_inside(photo.parent, inside)
                known.add(photo.parent)
            if photo.is_symlink():
                _require_inside(photo, inside)
            self._records.append(PhotoRecord(str(place), f"{source}:{label}", partial(read_photo, photo)))
        if not self._records:
            raise FaceguardError(f"The list {path} names no photo.")

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[PhotoRecord]:
        return iter(self._records)


def people_of(places: Sequence[PurePosixPath], source: str) -> list[str | None]:
    """Whose each photo is: the first folder of its path; nobody's where no photo lies in a folder.

    Raises:
        FaceguardError: some lie in a folder and some do not.
    """
    deep = [len(place.parts) > 1 for place in places]
    if any(deep) and not all(deep):
        loose = places[deep.index(False)]
        raise FaceguardError(
            f"In {source} some photos lie in a folder a person and some do not, {loose} first: move those into a "
            "folder, or all of them out."
        )
    return [place.parts[0] if below else None for place, below in zip(places, deep, strict=True)]


def is_photo(place: PurePosixPath) -> bool:
    """A photo's suffix, and nothing hidden on the way (macOS puts ``__MACOSX`` and ``._name`` into zips)."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in place.parts)
    return place.suffix.lower() in PHOTO_SUFFIXES and not hidden


def relative_place(word: str) -> PurePosixPath | None:
    """A path that stays below its root; None for an absolute one, one with a drive, a backslash, NUL or ``..``."""
    place = PurePosixPath(word)
    bad = not place.parts or place.is_absolute() or ".." in place.parts or "\\" in word or "\0" in word
    return None if bad or ":" in place.parts[0] else place


def read_photo(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        FaceguardError: unreadable, empty, or larger than ``MAX_PHOTO_BYTES``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PHOTO_BYTES + 1)
    except OSError as error:
        raise FaceguardError(f"The photo {path} cannot be read.", str(error)) from error
    return require_photo_size(data, str(path))


def require_photo_size(data: bytes, place: str) -> bytes:
    """The same bytes.

    Raises:
        FaceguardError: none, or more than ``MAX_PHOTO_BYTES``.
    """
    if not data:
        raise FaceguardError(f"The photo {place} is empty; remove it.")
    if len(data) > MAX_PHOTO_BYTES:
        raise FaceguardError(f"The photo {place} is larger than {MAX_PHOTO_BYTES >> 20} MiB; remove it.")
    return data


def _walk(root: Path) -> Iterator[PurePosixPath]:
    """Photos below the root; links are looked at, not followed into folders."""
    if not root.is_dir():
        raise FaceguardError(f"The folder of photos {root} is not there.")
    inside = root.resolve()
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(folder)
        for name in folders:
            if (here / name).is_symlink():
                raise FaceguardError(f"{here / name} is a link to a folder: put the folder itself there.")
        for name in files:
            path = here / name
            place = PurePosixPath(path.relative_to(root).as_posix())
            if is_photo(place) and path.is_file():
                if path.is_symlink():
                    _require_inside(path, inside)
                yield place


def _unreadable(error: OSError) -> None:
    raise FaceguardError(f"The folder {error.filename} cannot be read.", str(error)) from error


def _require_inside(path: Path, root: Path) -> None:
    if not path.resolve().is_relative_to(root):
        raise FaceguardError(f"{path} is a link that leads out of {root}: put the photo itself there.")


def _lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FaceguardError(f"The list {path} cannot be read.", str(error)) from error


def _list_line(line: str, number: int, path: Path) -> tuple[PurePosixPath, int]:
    cells = line.split("\t")
    if len(cells) < 3:
        raise FaceguardError(f"Line {number} of {path} must be: index <TAB> path <TAB> label.")
    label = whole_label(cells[2])
    if label is None or _number(cells[0]) is None:
        order = " Is it MXNet's order, index, label, path? Exchange the columns." if whole_label(cells[1]) else ""
        raise FaceguardError(
            f"Line {number} of {path} must be: index <TAB> path <TAB> label, with whole numbers.{order}"
        )
    place = relative_place(cells[1].strip())
    if place is None:
        raise FaceguardError(
            f"Line {number} of {path}: {cells[1].strip()[:80]!r} is no path below the list's folder; make the list "
            "with relative paths."
        )
    return place, label


def whole_label(value: str | float) -> int | None:
    """A person's number; None where it is none (lists write ``7`` or ``7.0``)."""
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _number(value: str | float) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
