"""Every photo is embedded once; what gives no embedding is counted, never dropped in silence."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.domain.template import Embedding

REPORT_EVERY_S: Final = 1.0

_Item = TypeVar("_Item")


class NoFaces(FaceguardError):
    """Not one photo of a data set could be used."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one photo gave.

    Attributes:
        embedding: f(x) of its face.
        acceptable: the quality gate would take it; evaluation takes it either way.
        asked: several faces of similar size were there, and the one nearest the centre was taken.
        quality: what the quality gate measured, by its reason's word, in the gate's own units.
    """

    embedding: Embedding
    acceptable: bool
    asked: bool = False
    quality: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acquired:
    """The photos of a data set as embeddings.

    Attributes:
        matrix: (n, D) float32, unit rows; the rows of failures are zero.
        present: (n,) bool, False where no embedding could be made.
        refused_by_quality: photos with an embedding that the quality gate would refuse.
        asked: photos with several faces of similar size.
        failures: photos without an embedding, by reason.
        seconds: it took.
        quality: of each photo, as of ``Sample``; empty for failures.
        from_cache: photos whose embedding, or whose failure, was known from an earlier run.
        encoder_seconds: the part of ``seconds`` in which the encoder worked.
    """

    matrix: NDArray[np.float32]
    present: NDArray[np.bool_]
    refused_by_quality: int
    asked: int
    failures: Mapping[str, int]
    seconds: float
    quality: Sequence[Mapping[str, float]] = ()
    from_cache: int = 0
    encoder_seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Failures to acquire."""
        return int(self.present.size - np.count_nonzero(self.present))

    @property
    def failed_to_enrol(self) -> int:
        """Photos that enrolment would turn away: failures to acquire, and what the quality gate refuses."""
        return self.failed + self.refused_by_quality


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: ``done`` of ``total`` photos, or of ``what`` else is counted, in ``seconds``."""

    done: int
    total: int
    seconds: float
    what: str = "photos"

    def __str__(self) -> str:
        rate = self.done / self.seconds if self.seconds > 0 else 0.0
        left = (self.total - self.done) / rate if rate else 0.0
        return f"{self.done} of {self.total} {self.what}, {rate:.0f} img/s, {left:.0f} s left"


def counted(
    items: Sequence[_Item],
    report: Callable[[Progress], None],
    clock: Callable[[], float] = time.monotonic,
    what: str = "photos",
) -> Iterator[_Item]:
    """The items one by one; ``report`` is told about once a second how many are done with, and at the end."""
    begun = told = clock()
    for done, item in enumerate(items, 1):
        yield item
        now = clock()
        if now - told >= REPORT_EVERY_S or done == len(items):
            told = now
            report(Progress(done, len(items), now - begun, what))


def gather(outcomes: Iterable[Sample | PhotoRefused]) -> Acquired:
    """What the photos gave, in their order; ``seconds`` and what follows it are left at 0.

    Raises:
        NoFaces: not one of the photos could be used.
    """
    rows: list[NDArray[np.float32] | None] = []
    failures: Counter[str] = Counter()
    quality: list[Mapping[str, float]] = []
    refused = asked = 0
    for outcome in outcomes:
        if isinstance(outcome, PhotoRefused):
            failures[reason_of(outcome)] += 1
            rows.append(None)
            quality.append({})
        else:
            rows.append(outcome.embedding.values)
            quality.append(outcome.quality)
            refused += not outcome.acceptable
            asked += outcome.asked
    length = next((row.size for row in rows if row is not None), None)
    if length is None:
        raise NoFaces(f"None of the {len(rows)} photos gave a face that could be encoded.")
    nothing = np.zeros(length, np.float32)
    matrix = np.stack([nothing if row is None else row for row in rows])
    present = np.array([row is not None for row in rows])
    return Acquired(matrix, present, refused, asked, dict(failures), 0.0, quality)


def reason_of(error: PhotoRefused) -> str:
    """The refusal's sentence without what differs from photo to photo."""
    return error.sentence.split(";")[0].split(" (")[0]
