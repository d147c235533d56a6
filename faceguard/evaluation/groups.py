"""False matches within groups of people, on photos of unknown identity.

Where nearly every photo shows another person, every pair of photos is taken for one of two persons. The same person on
two photos, and one photo that came in twice, count as false matches then: they only raise the rates.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from faceguard.domain.errors import FaceguardError
from faceguard.domain.score import MAX_DISTANCE
from faceguard.evaluation.error_rates import CONFIDENCE, Share

COLUMNS: Final = ("file", "group")
BLOCK: Final = 512
"""Rows of one product: 512 x 24,000 distances are 49 MB in float32."""
MOST_CLOSE: Final = 20_000_000
"""Pairs that are kept."""
_SLACK: Final = 1e-4
"""A product in float32 is right to this; what it lets through is computed again in float64."""
_UTK_NAME: Final = re.compile(r"(?P<age>\d{1,3}|x)_(?P<gender>[01x])_(?P<origin>[0-4x])_.*", re.IGNORECASE)
_UTK_GENDERS: Final = ("male", "female")
_UTK_ORIGINS: Final = ("White", "Black", "Asian", "Indian", "other")


@dataclass(frozen=True, slots=True, eq=False)
class ClosePairs:
    """All pairs of photos that are at most so far apart.

    Attributes:
        photos: n, how many were compared, each with each.
        tau: the greatest distance.
        first, second: (m,) indices, first < second.
        d: (m,) float64 distances, ascending.
    """

    photos: int
    tau: float
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    d: NDArray[np.float64]

    def farther_than(self, bound: float) -> ClosePairs:
        """Without those with d <= ``bound``."""
        kept = self.d > bound
        return ClosePairs(self.photos, self.tau, self.first[kept], self.second[kept], self.d[kept])


@dataclass(frozen=True, slots=True)
class GroupRate:
    """The FMR within one group at one tau.

    Attributes:
        group: its name.
        photos: in it.
        rate: false matches of all comparisons within it.
        bounds: 95 % interval when photos are drawn again; None where no false match was seen.
    """

    group: str
    photos: int
    rate: Share
    bounds: tuple[float, float] | None


def close_pairs(matrix: NDArray[np.float32], tau: float, block: int = BLOCK) -> ClosePairs:
    """Every photo against every other; only pairs with d <= tau are kept.

    Args:
        matrix: (n, D) unit rows.
        tau: in [0, 4].
        block: rows of one product.

    Raises:
        FaceguardError: more than ``MOST_CLOSE`` pairs.
    """
    n = len(matrix)
    firsts, seconds, found = [], [], 0
    limit = np.float32(1.0 - (tau + _SLACK) / 2.0)  # d = 2 - 2 cos
    for start in range(0, n, block):
        products = matrix[start : start + block] @ matrix[start:].T
        rows, columns = np.nonzero(products >= limit)
        later = columns > rows
        firsts.append(rows[later] + start)
        seconds.append(columns[later] + start)
        found += int(np.count_nonzero(later))
        if found > MOST_CLOSE:
            raise FaceguardError(f"More than {MOST_CLOSE:,} pairs are closer than tau {tau}; name a smaller one.")
    first, second = np.concatenate([np.empty(0, np.int64), *firsts]), np.concatenate([np.empty(0, np.int64), *seconds])
    d = _exact(matrix, first, second)
    kept = np.flatnonzero(d <= tau)
    kept = kept[np.argsort(d[kept], kind="stable")]
    return ClosePairs(n, tau, first[kept], second[kept], d[kept])


def group_rates(close: ClosePairs, group: Sequence[str | None], *, resamples: int = 1000) -> tuple[GroupRate, ...]:
    """The FMR within each group, the worst first.

    Args:
        close: pairs with d <= tau.
        group: of each photo; None for photos of no group.
        resamples: of the bootstrap.
    """
    names = sorted({name for name in group if name is not None})
    code = np.array([-1 if name is None else names.index(name) for name in group], np.int64)
    rates = []
    for number, name in enumerate(names):
        inside = np.flatnonzero(code == number)
        if inside.size < 2:
            continue
        both = (code[close.first] == number) & (code[close.second] == number)
        place = np.zeros(code.size, np.int64)
        place[inside] = np.arange(inside.size)
        rates.append(_rate(name, inside.size, place[close.first[both]], place[close.second[both]], resamples))
    return tuple(sorted(rates, key=lambda found: (-found.rate.value, -(found.rate.below or 0.0))))


def overall_rate(close: ClosePairs, *, resamples: int = 1000) -> GroupRate:
    """The FMR over all pairs, of whatever groups."""
    return _rate("overall", close.photos, close.first, close.second, resamples)


def bootstrap_by_photo(
    photos: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    resamples: int = 1000,
    confidence: float = CONFIDENCE,
    seed: int = 1,
) -> tuple[float, float]:
    """Interval of the share of matching pairs among all pairs: photos are drawn again, with all their comparisons.

    A photo that is drawn w times counts w times in each of its pairs; it is not compared with itself. Percentiles, as
    in ``error_rates.bootstrap_by_person`` (R. M. Bolle et al., Computer Vision and Image Understanding 93, 2004, on why
    comparisons that share photos must be drawn together).

    Args:
        photos: n.
        first, second: the pairs that match.
        resamples, confidence, seed: of the bootstrap.
    """
    chance = np.random.default_rng(seed)
    rates = np.empty(resamples)
    for i in range(resamples):
        weight = np.bincount(chance.integers(photos, size=photos), minlength=photos)
        pairs = (photos * photos - int(weight @ weight)) / 2
        rates[i] = (weight[first] * weight[second]).sum() / pairs if pairs else np.nan
    tail = (1.0 - confidence) / 2.0
    low, high = np.nanquantile(rates, [tail, 1.0 - tail])
    return float(low), float(high)


def utk_group(name: str) -> str | None:
    """``AGE_GENDER_GROUP_NUMBER.jpg`` -> for example ``Asian female``; None where a part is unknown (``x``).

    Gender 0 male, 1 female; group 0 to 4 White, Black, Asian, Indian, other, as UTKFace labels them.

    Raises:
        ValueError: another form of name.
    """
    found = _UTK_NAME.fullmatch(PurePosixPath(name).name)
    if found is None:
        raise ValueError(f"{name} is not named AGE_GENDER_GROUP_NUMBER")
    gender, origin = found["gender"].lower(), found["origin"].lower()
    return None if "x" in gender + origin else f"{_UTK_ORIGINS[int(origin)]} {_UTK_GENDERS[int(gender)]}"


def utk_age(name: str) -> int | None:
    """The age in years that such a name says; None where it is unknown.

    Raises:
        ValueError: another form of name.
    """
    found = _UTK_NAME.fullmatch(PurePosixPath(name).name)
    if found is None:
        raise ValueError(f"{name} is not named AGE_GENDER_GROUP_NUMBER")
    return None if found["age"].lower() == "x" else int(found["age"])


def read_groups(path: Path) -> Mapping[str, str | None]:
    """A CSV file with the columns ``file,group``; an empty group is unknown.

    Returns:
        The group by the photo's path below the data set's folder.

    Raises:
        FaceguardError: unreadable, another heading, a bad line, or a file that comes twice.
    """
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FaceguardError(f"The list of groups {path} cannot be read as CSV.", str(error)) from error
    if not lines or tuple(word.strip() for word in lines[0]) != COLUMNS:
        raise FaceguardError(f"The list of groups {path} must begin with the line {','.join(COLUMNS)}.")
    groups: dict[str, str | None] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        if len(line) != len(COLUMNS) or not line[0].strip():
            raise FaceguardError(f"Line {number} of {path} is not a photo and its group.")
        name = PurePosixPath(line[0].strip()).as_posix()
        if name in groups:
            raise FaceguardError(f"Line {number} of {path}: {name} comes twice.")
        groups[name] = line[1].strip() or None
    return groups


def _rate(name: str, photos: int, first: NDArray[np.int64], second: NDArray[np.int64], resamples: int) -> GroupRate:
    bounds = bootstrap_by_photo(photos, first, second, resamples=resamples) if first.size else None
    return GroupRate(name, int(photos), Share(int(first.size), int(photos) * (int(photos) - 1) // 2), bounds)


def _exact(matrix: NDArray[np.float32], first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """d of pairs of rows in float64, a part at a time."""
    one, other = np.asarray(first), np.asarray(second)
    d = np.empty(one.size)
    for start in range(0, one.size, 1 << 16):
        part = slice(start, start + (1 << 16))
        d[part] = ((matrix[one[part]].astype(np.float64) - matrix[other[part]]) ** 2).sum(axis=1)
    found: NDArray[np.float64] = np.clip(d, 0.0, MAX_DISTANCE)
    return found
