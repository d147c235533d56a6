"""Who is trained on and who is measured on: a split by person, written down with digests, and what guards it.

A network that is measured on people it was trained on looks better than it is. So whole people go to one side, and
which one follows from their name alone: more photos, another order or another machine change nothing.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import FaceguardError

FORMAT: Final = 2
BLOCK: Final = 1024
"""Rows of one product of embeddings."""


@dataclass(frozen=True, slots=True, order=True)
class SplitPhoto:
    """One photo of a split.

    Attributes:
        source: the name of where it came from.
        key: its place there.
        person: whose; None where nobody says.
        digest: SHA-256 of the encoded picture, 64 hex digits.
    """

    source: str
    key: str
    person: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a split, photos in the order of their source."""

    photos: tuple[SplitPhoto, ...]

    @property
    def people(self) -> frozenset[str]:
        """Everybody who is named."""
        return frozenset(_plain(photo.person) for photo in self.photos if photo.person is not None)

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted digests of the photos, a line each: the same for the same photos in any order."""
        text = "".join(f"{digest}\n" for digest in sorted(photo.digest for photo in self.photos))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Split:
    """Training and development part.

    Attributes:
        train, development: the parts.
        fractions: for each source by name what share of its people, or of its photos of nobody, was wanted in the
            development part.
    """

    train: Side
    development: Side
    fractions: Mapping[str, float]

    def write(self, path: Path) -> None:
        """As JSON: format, fractions, and of each part its digest, counts and photos.

        Raises:
            FaceguardError: the file cannot be written.
        """
        answer = {
            "format": FORMAT,
            "fractions": dict(self.fractions),
            **{name: _side_answer(side) for name, side in (("train", self.train), ("development", self.development))},
        }
        try:
            path.write_text(json.dumps(answer, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise FaceguardError(f"The split cannot be written to {path}.", str(error)) from error


def in_development(person: str, fraction: float) -> bool:
    """On which side a person is: the first 64 bits of SHA-256 of the name as a number in [0, 1), below ``fraction``.

    The name counts in Unicode's composed form: file systems differ in how they write an accent.
    """
    return _below(hashlib.sha256(_plain(person).encode("utf-8")).hexdigest(), fraction)


def held_out(photo: SplitPhoto, fractions: Mapping[str, float]) -> bool:
    """Whether a photo belongs to the development part: by its person, or by its digest where it is nobody's."""
    fraction = fractions[photo.source]
    return _below(photo.digest, fraction) if photo.person is None else in_development(photo.person, fraction)


def make_split(train: Sequence[SplitPhoto], development: Sequence[SplitPhoto], fractions: Mapping[str, float]) -> Split:
    """The two parts as a split that shares nothing.

    The development part may be empty where every fraction is 0.

    Raises:
        FaceguardError: one side is empty, or a picture or a person is on both.
    """
    wanted = (("training", train, True), ("development", development, any(fractions.values())))
    for name, photos, needed in wanted:
        if needed and not photos:
            words = ", ".join(f"{source} {fraction:g}" for source, fraction in fractions.items())
            raise FaceguardError(f"The {name} part has no photo: with the fractions {words} more people are needed.")
    split = Split(Side(tuple(train)), Side(tuple(development)), dict(fractions))
    refuse_leakage(split.train, split.development)
    return split


def require_fractions(fractions: Mapping[str, float], sources: Iterable[str] = ()) -> None:
    """Nothing when every fraction lies in [0, 1] and every one of these sources has one.

    A source that was forgotten, or written in another way, would be trained on as a whole.

    Raises:
        FaceguardError: otherwise; names the source.
    """
    for source, fraction in fractions.items():
        if not 0.0 <= fraction <= 1.0:
            raise FaceguardError(f"The fraction of {source} for the development part is {fraction:g}, not 0 to 1.")
    for source in sources:
        if source not in fractions:
            known = ", ".join(fractions) or "none"
            raise FaceguardError(f"The source {source} has no fraction for the development part (given: {known}).")


def refuse_leakage(train: Side, test: Side) -> None:
    """Nothing when the two share neither a person nor a picture.

    Raises:
        FaceguardError: they do; names the first shared person by name, else the first shared picture.
    """
    shared = sorted(train.people & test.people)
    if shared:
        raise FaceguardError(
            f"{shared[0]} is in the training part and in the part to measure on"
            f"{_more(len(shared), 'people')}: take the person's photos out of one of them."
        )
    held = {photo.digest: photo for photo in test.photos}
    both = [photo for photo in train.photos if photo.digest in held]
    if both:
        photo = min(both, key=lambda p: p.digest)
        other = held[photo.digest]
        raise FaceguardError(
            f"The picture {photo.source}/{photo.key} of the training part is {other.source}/{other.key} of the part to "
            f"measure on{_more(len(both), 'pictures')}: take it out of one of them.",
            photo.digest,
        )


def near_duplicates(
    train_embeddings: NDArray[np.floating],
    reserved_embeddings: NDArray[np.floating],
    d_max: float,
    block: int = BLOCK,
) -> NDArray[np.int64]:
    """Training photos that show the same picture as a reserved one, cropped, scaled or compressed anew.

    Two files of one picture differ in every byte, so digests do not find them; a good encoder does.
    d = ||a - b||^2 over unit vectors.

    Args:
        train_embeddings: (n, D) unit rows.
        reserved_embeddings: (m, D) unit rows of the same encoder.
        d_max: in [0, 4]; a row at most so far from a reserved one is a duplicate.
        block: rows of one product.

    Returns:
        (k,) int64, ascending: the rows of the training part to drop.

    Raises:
        ValueError: shapes that do not fit, rows that are not of unit length, or d_max out of range.
    """
    train, reserved = _unit_rows(train_embeddings), _unit_rows(reserved_embeddings)
    if train.shape[1] != reserved.shape[1] and len(train) and len(reserved):
        raise ValueError("embeddings of two lengths cannot be compared")
    if not 0.0 <= d_max <= 4.0:
        raise ValueError("a distance lies in [0, 4]")
    near = np.zeros(len(train), np.bool_)
    for start in range(0, len(train), block):
        rows = train[start : start + block]
        for other in range(0, len(reserved), block):
            held = reserved[other : other + block]
            # with the squared lengths as they are: rows of float32 are unit vectors to 6e-8 only
            squares = (rows * rows).sum(axis=1)[:, np.newaxis] + (held * held).sum(axis=1)
            distance = np.maximum(squares - 2.0 * (rows @ held.T), 0.0)
            near[start : start + block] |= (distance <= d_max).any(axis=1)
    return np.flatnonzero(near).astype(np.int64)


def _unit_rows(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = np.asarray(matrix, np.float64)
    if rows.ndim != 2 or (len(rows) and not np.allclose((rows * rows).sum(axis=1), 1.0, atol=1e-3)):
        raise ValueError("embeddings are (n, D) rows of unit length")
    return rows


def _below(digest: str, fraction: float) -> bool:
    # whole numbers: as floats the greatest digests would round up to 1
    return int(digest[:16], 16) < fraction * 2.0**64


def _plain(person: str) -> str:
    return unicodedata.normalize("NFC", person)


def _more(count: int, what: str) -> str:
    return f" (and {count - 1} more {what})" if count > 1 else ""


def _side_answer(side: Side) -> dict[str, Any]:
    return {
        "digest": side.digest,
        "people": len(side.people),
        "photos_count": len(side.photos),
        "photos": [asdict(photo) for photo in side.photos],
    }
