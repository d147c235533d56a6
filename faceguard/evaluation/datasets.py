"""Photographs with known identities (lists of pairs, folders with one folder a person), and any in a folder tree."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from faceguard.domain.errors import FaceguardError

COLUMNS: Final = ("image_a", "image_b", "same")
_SAME_WORDS: Final = {"1": True, "true": True, "same": True, "0": False, "false": False, "different": False}


@dataclass(frozen=True, slots=True)
class Pairs:
    """A list of pairs.

    Attributes:
        photos: every photo once, in the order of first use.
        first, second: of each pair, index into ``photos``.
        same: of each pair, one person on both.
    """

    photos: tuple[Path, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]
    same: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class IdentityFolder:
    """A folder of people.

    Attributes:
        photos: every photo, person by person, by name.
        person: of each photo, index into ``people``.
        people: names of the folders, sorted.
    """

    photos: tuple[Path, ...]
    person: tuple[int, ...]
    people: tuple[str, ...]


def read_pairs(path: Path, root: Path) -> Pairs:
    """A CSV file with the columns ``image_a,image_b,same``; the last one 1 or 0.

    Args:
        path: the file.
        root: what the file's relative paths start from.

    Raises:
        FaceguardError: unreadable, another heading, a bad line, a photo that is not there, or pairs of one class only.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FaceguardError(f"The list of pairs {path} cannot be read.", str(error)) from error
    if not root.is_dir():
        raise FaceguardError(f"The folder of photos {root} is not there.")
    try:
        lines = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise FaceguardError(f"The list of pairs {path} is no valid CSV: {error}.") from error
    if not lines or tuple(word.strip() for word in lines[0]) != COLUMNS:
        raise FaceguardError(f"The list of pairs {path} must begin with the line {','.join(COLUMNS)}.")
    places: dict[str, int] = {}
    first, second, same = [], [], []
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        if len(line) != len(COLUMNS) or line[2].strip().lower() not in _SAME_WORDS:
            raise FaceguardError(f"Line {number} of {path} is no pair: two photos and 1 (same) or 0 (different).")
        a, b = (places.setdefault(_inside(word, number, path), len(places)) for word in line[:2])
        first.append(a)
        second.append(b)
        same.append(_SAME_WORDS[line[2].strip().lower()])
    if not (any(same) and not all(same)):
        raise FaceguardError(f"The list of pairs {path} needs pairs of the same person and of different persons.")
    photos = tuple(root / place for place in places)
    missing = [photo for photo in photos if not photo.is_file()]
    if missing:
        raise FaceguardError(
            f"{len(missing)} of {len(photos)} photos of {path} are not there, the first is {missing[0]}."
        )
    return Pairs(photos, tuple(first), tuple(second), tuple(same))


def read_identity_folder(root: Path, suffixes: Collection[str], limit: int | None = None) -> IdentityFolder:
    """A folder with one folder a person and the person's photos in it.

    Args:
        root: the folder.
        suffixes: of photo files, lower case; other files are left out.
        limit: take this many people at most, the first by name.

    Raises:
        FaceguardError: not there, or it does not hold two people, one of them with two photos.
    """
    photos: list[Path] = []
    person: list[int] = []
    people: list[str] = []
    try:
        for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
            if limit is not None and len(people) == limit:
                break
            found = sorted(p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.is_file())
            if found:
                photos += found
                person += [len(people)] * len(found)
                people.append(folder.name)
    except OSError as error:
        raise FaceguardError(f"The folder {root} cannot be read.", str(error)) from error
    if len(people) < 2 or len(photos) == len(people):
        raise FaceguardError(
            f"The folder {root} must hold one folder a person: at least two people, one of them with two photos."
        )
    return IdentityFolder(tuple(photos), tuple(person), tuple(people))


def read_photo_tree(root: Path, suffixes: Collection[str], limit: int | None = None) -> tuple[Path, ...]:
    """All photographs below a folder, sorted by path.

    Args:
        root: the folder; hidden files and folders in it are left out, links to folders are not followed.
        suffixes: of photo files, lower case; other files are left out.
        limit: take this many at most, evenly spread over the sorted list: a part that stands for the whole.

    Raises:
        FaceguardError: not there, or there is no photo in it.
    """
    if not root.is_dir():
        raise FaceguardError(f"The folder of photos {root} is not there.")
    found: list[Path] = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        plain = (Path(folder, name) for name in names if not name.startswith("."))
        found += [path for path in plain if path.suffix.lower() in suffixes and path.is_file()]
    if not found:
        raise FaceguardError(f"The folder {root} holds no photos.")
    found.sort()
    if limit is not None and limit < len(found):
        found = [found[place * len(found) // limit] for place in range(limit)]
    return tuple(found)


def _inside(word: str, number: int, path: Path) -> str:
    """A relative path that stays below the root."""
    place = PurePosixPath(word.strip())
    if not word.strip() or place.is_absolute() or ".." in place.parts:
        raise FaceguardError(f"Line {number} of {path}: {word.strip()[:80]!r} is no relative path of a photo.")
    return str(place)
