"""How much of an evaluation's time is the encoder's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from faceguard.camera.photo_file import SUFFIXES
from faceguard.cli.context import Context, as_json, json_option, tell_progress
from faceguard.cli.photo_bench import Bench, encoder_options, open_bench, photo_files
from faceguard.cli.photo_stages import FoundFace
from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.evaluation.acquisition import NoFaces, counted
from faceguard.evaluation.datasets import read_photo_tree
from faceguard.evaluation.photo_run import PhotoFile, embed_photos

PART: Final = 25
"""Photos that go through both ways in turn: what else the machine does then falls on both alike."""


@click.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), default=300, show_default=True, help="So many, evenly spread by name.")
@encoder_options
@json_option
@click.pass_obj
def photos(context: Context, root: Path, limit: int, encoder_id: str | None, mirror: bool | None, json_: bool) -> None:
    """How much of an evaluation's time the encoder alone would take, on the photos below a folder.

    The photos go through as `evaluate` takes them, without embeddings of earlier runs; then their faces, found already,
    through the encoder alone.
    """
    files = photo_files(read_photo_tree(root, SUFFIXES, limit), root)
    bench = open_bench(context, encoder_id, mirror)
    parts = [files[start : start + PART] for start in range(0, len(files), PART)]
    whole = alone = 0.0
    encoded = 0
    for part in counted(parts, tell_progress, what=f"parts of {PART} photos"):
        seconds, faces = _whole(bench, part), _faces(bench, part)
        begun = time.monotonic()
        for face in faces:
            bench.stages.encode(face)
        alone += time.monotonic() - begun
        whole += seconds
        encoded += len(faces)
    if not encoded:
        raise FaceguardError(f"None of the {len(files)} photos in {root} gave a face that could be encoded.")
    answer = {
        "photos": len(files),
        "encoded": encoded,
        "seconds": round(whole, 3),
        "encoder_alone_seconds": round(alone, 3),
        "share": alone / whole,
        **bench.answer(),
    }
    if json_:
        as_json(answer)
    else:
        click.echo(
            f"{len(files)} photos, {encoded} encoded by {answer['encoder']}: the encoder alone would take "
            f"{alone:.1f} s of {whole:.1f} s ({alone / whole:.0%}); {len(files) / whole:.1f} photos a second."
        )


def _whole(bench: Bench, part: Sequence[PhotoFile]) -> float:
    """Seconds for everything; photos without a face cost what they cost."""
    begun = time.monotonic()
    with contextlib.suppress(NoFaces):
        embed_photos(part, bench.stages)
    return time.monotonic() - begun


def _faces(bench: Bench, part: Sequence[PhotoFile]) -> list[FoundFace]:
    found = []
    for photo in part:
        try:
            found.append(bench.stages.find(bench.stages.decode(photo.read(), photo.name)))
        except PhotoRefused:
            continue
    return found
