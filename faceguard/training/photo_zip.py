"""Photos in a zip, read without unpacking it."""

from __future__ import annotations

import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from faceguard.domain.errors import FaceguardError
from faceguard.training.photos import (
    MAX_PHOTO_BYTES,
    PhotoRecord,
    is_photo,
    people_of,
    relative_place,
    require_photo_size,
)

MAX_TOTAL_BYTES: Final = 256 << 30
MAX_EXPANSION: Final = 100
"""Unpacked to packed size of the whole file. Photos are compressed already and stay near 1."""

_UNPACKING: Final = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises on damaged, encrypted and unsupported entries."""


class PhotoZip:
    """A zip of photos, with a folder a person or without identities.

    Folders that hold everything are looked through: ``people/Ann/1.jpg`` is Ann's, and of ``celeba/1.jpg`` nobody is
    known. (So one person's folder alone in a zip is nobody's either; nobody can be told from one person.)

    The zip is kept open, once in each process; threads take turns. It can be handed to worker processes.

    Args:
        path: the file.
        max_total_bytes: of all entries unpacked.

    Raises:
        FaceguardError: no zip, damaged, encrypted, with an entry that is a link, has a path that leads out, or comes
            twice; or unpacked too large: a zip bomb.
    """

    def __init__(self, path: Path, max_total_bytes: int = MAX_TOTAL_BYTES) -> None:
        self.name = path.name
        self._file = _OpenZip(path)
        try:
            entries = self._file.entries()
        except _UNPACKING as error:
            raise FaceguardError(f"{path} is no readable zip; copy it again.", str(error)) from error
        _refuse_bomb(entries, path, max_total_bytes)
        places = _checked(entries, path)
        if not places:
            raise FaceguardError(f"The zip {path} holds no photo.")
        common = _common_folders(list(places))
        self._places = sorted(places.items())
        self._people = people_of([PurePosixPath(*place.parts[common:]) for place, _ in self._places], str(path))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[PhotoRecord]:
        for (place, name), person in zip(self._places, self._people, strict=True):
            yield PhotoRecord(str(place), person, partial(self._file.read, name))

    def close(self) -> None:
        """Closes the file; reading opens it again."""
        self._file.close()


class _OpenZip:
    """A zip that is opened where it is needed, and again after a fork: a shared position would mix up two readers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._zip: zipfile.ZipFile | None = None
        self._pid = 0

    def __reduce__(self) -> tuple[type[_OpenZip], tuple[Path]]:
        return _OpenZip, (self._path,)

    def entries(self) -> list[zipfile.ZipInfo]:
        with self._lock:
            return self._opened().infolist()

    def read(self, name: str) -> bytes:
        with self._lock:
            try:
                # the declared size was checked, and zipfile never reads past it
                data = self._opened().read(name)
            except (*_UNPACKING, KeyError) as error:
                raise FaceguardError(
                    f"The photo {name} in {self._path} cannot be unpacked; make the zip again.", str(error)
                ) from error
        return require_photo_size(data, f"{name} in {self._path}")

    def close(self) -> None:
        with self._lock:
            if self._zip is not None:
                self._zip.close()
                self._zip = None

    def _opened(self) -> zipfile.ZipFile:
        if self._zip is None or self._pid != os.getpid():
            self._zip = zipfile.ZipFile(self._path)
            self._pid = os.getpid()
        return self._zip


def _refuse_bomb(entries: list[zipfile.ZipInfo], path: Path, most: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > most:
        raise FaceguardError(
            f"The zip {path} unpacks to {unpacked / (1 << 30):.1f} GiB, more than the {most / (1 << 30):.1f} allowed; "
            "split it."
        )
    # of the file, not of the entries' own claims: entries that overlap are another way to make a bomb
    if unpacked > MAX_EXPANSION * path.stat().st_size:
        raise FaceguardError(
            f"The zip {path} unpacks to more than {MAX_EXPANSION} times its size, which photos never do: it is no zip "
            "of photos."
        )
    for entry in entries:
        if is_photo(PurePosixPath(entry.filename)) and entry.file_size > MAX_PHOTO_BYTES:
            raise FaceguardError(
                f"The photo {entry.filename} in {path} is larger than {MAX_PHOTO_BYTES >> 20} MiB; remove it."
            )


def _checked(entries: list[zipfile.ZipInfo], path: Path) -> dict[PurePosixPath, str]:
    """The photos' paths, each with the name under which zipfile knows it."""
    places: dict[PurePosixPath, str] = {}
    for entry in entries:
        if entry.is_dir():
            continue
        place = relative_place(entry.filename)
        if place is None or stat.S_ISLNK(entry.external_attr >> 16):
            raise FaceguardError(
                f"The entry {entry.filename[:80]!r} of {path} is a link or no path below the zip's own folder; make "
                "the zip again with plain files."
            )
        if not is_photo(place):
            continue
        if entry.flag_bits & 1:
            raise FaceguardError(f"The zip {path} is encrypted; unpack it and make one without a password.")
        if place in places:
            raise FaceguardError(f"The zip {path} holds {place} twice; make it again.")
        places[place] = entry.filename
    return places


def _common_folders(places: list[PurePosixPath]) -> int:
    """How many leading folders all photos share."""
    first = places[0].parent.parts
    depth = 0
    while depth < len(first) and all(p.parent.parts[: depth + 1] == first[: depth + 1] for p in places):
        depth += 1
    return depth
