"""Embeddings, the people they belong to, and the gallery that is searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import EncoderMismatch
from faceguard.domain.score import Distance

UNIT_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class EncoderId:
    """What made an embedding. Two of them never meet in one comparison.

    Attributes:
        model_id: the card's id.
        digest: first 12 hex digits of the file's SHA-256.
        preprocessing: landmark template, colour order, scaling and mirror averaging, as one short word.
    """

    model_id: str
    digest: str
    preprocessing: str

    def __post_init__(self) -> None:
        if not (self.model_id and self.digest and self.preprocessing):
            raise ValueError("an encoder id has a model, a digest and a preprocessing")

    def __str__(self) -> str:
        return f"{self.model_id}@{self.digest}/{self.preprocessing}"

    @classmethod
    def parse(cls, text: str) -> EncoderId:
        """Inverse of ``str()``.

        Raises:
            ValueError: not of the form ``model@digest/preprocessing``.
        """
        model_id, at, rest = text.partition("@")
        digest, slash, preprocessing = rest.partition("/")
        if not (at and slash):
            raise ValueError(f"not an encoder id: {text!r}")
        return cls(model_id, digest, preprocessing)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """f(x): a (D,) float32 vector of unit length, read-only.

    Raises:
        ValueError: not one-dimensional, not finite, or not of unit length.
    """

    values: NDArray[np.float32]
    encoder_id: EncoderId

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32)
        if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
            raise ValueError("an embedding is a finite vector")
        if abs(float(np.linalg.norm(values)) - 1.0) > UNIT_TOLERANCE:
            raise ValueError("an embedding has unit length")
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    @classmethod
    def normalised(cls, vector: NDArray[np.floating], encoder_id: EncoderId) -> Embedding:
        """The unit vector in the direction of a network's raw output.

        Raises:
            ValueError: not finite, or too short to have a direction.
        """
        vector = np.asarray(vector, dtype=np.float64).reshape(-1)
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length < 1e-6:
            raise ValueError("a vector without direction is no embedding")
        return cls((vector / length).astype(np.float32), encoder_id)

    def distance(self, other: Embedding) -> Distance:
        """d between two faces.

        Raises:
            EncoderMismatch: the embeddings come from two encoders.
        """
        require_same_encoder(self.encoder_id, other.encoder_id)
        if self.values.shape != other.values.shape:
            raise EncoderMismatch("Two embeddings of different length cannot be compared.")
        difference = self.values.astype(np.float64) - other.values.astype(np.float64)
        return Distance(min(4.0, float(difference @ difference)))


def require_same_encoder(one: EncoderId, other: EncoderId) -> None:
    """Raises ``EncoderMismatch`` unless both are the same encoder with the same preprocessing."""
    if one != other:
        raise EncoderMismatch(
            "These faces were encoded by two different networks and cannot be compared; enrol the person again.",
            f"{one} against {other}",
        )


def fuse(embeddings: Sequence[Embedding]) -> Embedding:
    """Normalised mean of several embeddings of one face.

    Raises:
        ValueError: none given, or they cancel out.
        EncoderMismatch: of two encoders.
    """
    if not embeddings:
        raise ValueError("nothing to fuse")
    first = embeddings[0].encoder_id
    for embedding in embeddings[1:]:
        require_same_encoder(first, embedding.encoder_id)
    return Embedding.normalised(np.mean([e.values for e in embeddings], axis=0), first)


class ConsentMeans(StrEnum):
    """How a person agreed to be enrolled."""

    PAPER = "paper"
    SCREEN = "screen"
    SPOKEN = "spoken"


class TemplateSource(StrEnum):
    """Where a template's picture came from; a photo file proves nothing about who brought it."""

    PHOTO = "photo"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person of the gallery.

    Attributes:
        subject_id: number the person may type at the keypad.
        name: as shown to the operator; plain text, never markup.
        consent: how the person agreed, recorded at ``consented_at`` (UTC).
        has_pin: a PIN is stored (its hash lies in the store).
    """

    subject_id: int
    name: str
    consent: ConsentMeans
    consented_at: datetime
    has_pin: bool = False

    def __post_init__(self) -> None:
        if self.subject_id < 1:
            raise ValueError("a subject's number is positive")
        if not self.name.strip():
            raise ValueError("a subject has a name")


@dataclass(frozen=True, slots=True)
class Template:
    """One stored embedding of one subject."""

    template_id: int
    subject_id: int
    embedding: Embedding
    source: TemplateSource
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Snapshot of all valid templates of one encoder; replaced, never edited.

    Attributes:
        encoder_id: the one encoder.
        matrix: (T, D) float32, C-contiguous, read-only, unit rows.
        subject_ids: (T,) int64, the owner of each row, read-only.
        subjects: subject by number; every owner of a row is in it, people without a row may be too.

    Raises:
        ValueError: rows that are not finite unit vectors, or shapes that do not fit.
    """

    encoder_id: EncoderId
    matrix: NDArray[np.float32]
    subject_ids: NDArray[np.int64]
    subjects: Mapping[int, Subject] = field(default_factory=dict)

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float32, order="C")
        ids = np.array(self.subject_ids, dtype=np.int64)
        if matrix.ndim != 2 or ids.shape != (matrix.shape[0],):
            raise ValueError("a gallery is a (T, D) matrix with one owner a row")
        if not np.isfinite(matrix).all():
            raise ValueError("a gallery row is not finite")
        if len(matrix) and float(np.abs(np.linalg.norm(matrix, axis=1) - 1.0).max()) > UNIT_TOLERANCE:
            raise ValueError("a gallery row is not of unit length")
        subjects = MappingProxyType(dict(self.subjects))
        if not set(ids.tolist()) <= set(subjects):
            raise ValueError("a gallery row belongs to nobody")
        matrix.flags.writeable = False
        ids.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "subject_ids", ids)
        object.__setattr__(self, "subjects", subjects)

    @classmethod
    def empty(cls, encoder_id: EncoderId, length: int) -> Gallery:
        """A gallery of nobody, for embeddings of ``length`` values."""
        return cls(encoder_id, np.empty((0, length), np.float32), np.empty(0, np.int64))

    @property
    def size(self) -> int:
        """K: people with at least one template."""
        return int(np.unique(self.subject_ids).size)
