"""Photos -> a set of faces to train on."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import numpy as np
from numpy.typing import NDArray

from faceguard.cli.context import Context, as_json, json_option, tell_progress
from faceguard.cli.detector import named_detector
from faceguard.domain.card import DetectorCard
from faceguard.domain.face import Frame
from faceguard.evaluation.acquisition import Progress
from faceguard.pipeline.detector import Detector
from faceguard.pipeline.onnx_model import OnnxModel

if TYPE_CHECKING:
    from faceguard.training.faces import FoundFace

LEAST_SCORE: Final = 0.5
"""A training photo is known to show a face; what is none does not show the same five points in eight views."""
_ALIKE: Final = 0.4


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("sources", metavar="SOURCE[=FRACTION]...", nargs=-1, required=True)
@click.option("--detector", "detector_name", metavar="FILE_OR_ID", help="Finds the faces (else the bundled detector).")
@click.option(
    "--teacher",
    type=click.Path(path_type=Path, exists=True),
    help="ONNX encoder that finds near duplicates across the split, e.g. the teacher of the distillation to come.",
)
@click.option("--duplicates", type=float, default=_ALIKE, show_default=True, help="They lie at most so far apart.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
@json_option
@click.pass_obj
def prepare(
    context: Context,
    out: Path,
    sources: tuple[str, ...],
    detector_name: str | None,
    teacher: Path | None,
    duplicates: float,
    workers: int,
    json_: bool,
) -> None:
    """Find, cut and split the faces of photos into the folder OUT, once for all trainings.

    A SOURCE is a folder with one folder a person, a folder or a zip of photos, an InsightFace .lst or .rec file. Its
    FRACTION (0 when left out) of people, or of photos of nobody, is kept apart to measure on and never trained on:
    `faceguard train prepare OUT lfw_dev=0.5 utkface.zip=0.22 celeba10k.zip`. Repeating the command goes on where it was
    ended.
    """
    from faceguard.training.prepare import prepare as prepare_faces
    from faceguard.training.sources import open_photos

    opened, fractions = [], {}
    for word in sources:
        path, fraction = _source(word)
        source = open_photos(path)
        opened.append(source)
        fractions[source.name] = fraction
    card, data = named_detector(context.house, detector_name)
    made_with = {"detector": f"{card.id} {card.sha256}"}
    embed = None
    if teacher is not None:
        from faceguard.training.teacher import unit_embeddings

        made_with["teacher"] = f"{teacher.name} {hashlib.sha256(teacher.read_bytes()).hexdigest()}"
        embed = unit_embeddings(teacher)
    begun = time.monotonic()

    def report(done: int, photos: int) -> None:
        tell_progress(Progress(done, photos, time.monotonic() - begun))

    prepared = prepare_faces(
        opened,
        _Finder(card, data),
        out,
        fractions=fractions,
        embed=embed,
        duplicates=duplicates,
        made_with=made_with,
        workers=workers,
        report=report,
    )
    if json_:
        as_json(asdict(prepared))
        return
    click.echo(
        f"{prepared.photos} photos: {prepared.train} to train on, {prepared.development} to measure on, "
        f"{prepared.people} people named."
    )
    if prepared.near_duplicates is not None:
        words = ", ".join(f"{name} {count}" for name, count in prepared.near_duplicates.items()) or "none"
        click.echo(f"Left out as near duplicates of what is measured on: {words}.")
    for reason, count in ({"the same bytes as an earlier photo": prepared.copies} | dict(prepared.failures)).items():
        if count:
            click.echo(f"Left out, {reason}: {count}.")
    click.echo(f"Training part {prepared.train_digest[:16]}, development part {prepared.development_digest[:16]}.")


def _source(word: str) -> tuple[Path, float]:
    """``"photos.zip=0.2"`` -> path and fraction; a name with '=' in it that exists is a path."""
    name, equals, value = word.rpartition("=")
    if not equals or Path(word).exists():
        return Path(word), 0.0
    try:
        return Path(name), float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} in {word} is no fraction such as 0.2", param_hint="SOURCE") from None


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds faces; can be sent to another process, where it opens the network at its first picture."""

    card: DetectorCard
    data: bytes

    def __call__(self, picture: NDArray[np.uint8]) -> Sequence[FoundFace]:
        from faceguard.training.faces import FoundFace

        found = _detector(self.card, self.data).detect_in_photo(Frame(picture, 0, 0))
        return [
            FoundFace(f.landmarks.points, (f.box.left, f.box.top, f.box.right, f.box.bottom), f.score) for f in found
        ]


@functools.lru_cache(maxsize=1)
def _detector(card: DetectorCard, data: bytes) -> Detector:
    return Detector(OnnxModel(replace(card, score_threshold=LEAST_SCORE), data, "cpu"))
