"""The list of pairs of Labeled Faces in the Wild, view 2 (G. B. Huang et al., Technical Report 07-49, 2007)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faceguard.domain.errors import FaceguardError

MOST_FOLDS: Final = 100
MOST_PAIRS: Final = 100_000
"""Of one class in one fold."""


@dataclass(frozen=True, slots=True)
class FoldedPairs:
    """Pairs that belong to folds.

    Attributes:
        photos: every photo once, in the order of first use.
        first, second: of each pair, index into ``photos``.
        same: of each pair, one person on both.
        fold: of each pair, from 0.
    """

    photos: tuple[Path, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]
    same: tuple[bool, ...]
    fold: tuple[int, ...]


def read_lfw_pairs(path: Path, root: Path) -> FoldedPairs:
    """``pairs.txt``: a line with the number of folds and of pairs, then the pairs fold by fold.

    In each fold come first the pairs of one person, ``NAME N1 N2``, then as many of two, ``NAME1 N1 NAME2 N2``, words
    separated by tabs. N is the number of a photo, NAME/NAME_%04d.jpg below ``root``.

    Raises:
        FaceguardError: unreadable, another number of lines, a bad line, fewer than two folds, or a photo that is not
            there: what is missing is no failure of the networks.
    """
    try:
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FaceguardError(f"The list of pairs {path} cannot be read.", str(error)) from error
    if not root.is_dir():
        raise FaceguardError(f"The folder of photos {root} is not there.")
    folds, each = _heading(lines, path)
    if len(lines) != 1 + 2 * folds * each:
        raise FaceguardError(
            f"The list of pairs {path} announces {folds} folds of {each} pairs of each class, {2 * folds * each} "
            f"lines, and has {len(lines) - 1}."
        )
    places: dict[Path, int] = {}
    first, second, same = [], [], []
    for number, words in enumerate(lines[1:]):
        one_person = number % (2 * each) < each
        one, other = _pair(words, one_person, number + 2, path)
        first.append(places.setdefault(root / one, len(places)))
        second.append(places.setdefault(root / other, len(places)))
        same.append(one_person)
    missing = [photo for photo in places if not photo.is_file()]
    if missing:
        raise FaceguardError(
            f"{len(missing)} of {len(places)} photos of {path} are not there, the first is {missing[0]}."
        )
    fold = tuple(number // (2 * each) for number in range(len(same)))
    return FoldedPairs(tuple(places), tuple(first), tuple(second), tuple(same), fold)


def _heading(lines: list[list[str]], path: Path) -> tuple[int, int]:
    words = lines[0] if lines else []
    if len(words) == 2 and all(word.strip().isdecimal() for word in words):
        folds, each = (int(word) for word in words)
        if 2 <= folds <= MOST_FOLDS and 1 <= each <= MOST_PAIRS:
            return folds, each
    raise FaceguardError(
        f"The list of pairs {path} must begin with the number of folds, at least 2, and of the pairs of each class in "
        "a fold: 10 and 300, separated by a tab, for LFW."
    )


def _pair(words: list[str], one_person: bool, number: int, path: Path) -> tuple[str, str]:
    """Paths of the two photos, below the root."""
    words = [word.strip() for word in words]
    if len(words) == (3 if one_person else 4):
        name, one = words[:2]
        other_name, other = (name, words[2]) if one_person else words[2:]
        if _plain(name) and _plain(other_name) and one.isdecimal() and other.isdecimal():
            return f"{name}/{name}_{int(one):04d}.jpg", f"{other_name}/{other_name}_{int(other):04d}.jpg"
    wanted = "one name and two numbers" if one_person else "a name and a number, twice"
    raise FaceguardError(f"Line {number} of {path} is no pair: it must have {wanted}, separated by tabs.")


def _plain(name: str) -> bool:
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\:\0")
