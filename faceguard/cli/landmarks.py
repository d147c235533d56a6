"""How exactly landmarks are placed, beside a reference detector."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.photo_file import SUFFIXES, read_photo
from faceguard.cli.bench import simulated_person
from faceguard.cli.context import Context, as_json, json_option, tell_progress
from faceguard.cli.detector import NAMED_SCORE, named_detector
from faceguard.domain.errors import FaceguardError, PhotoRefused
from faceguard.domain.face import DetectedFace, Frame
from faceguard.evaluation.acquisition import counted
from faceguard.evaluation.datasets import read_photo_tree
from faceguard.evaluation.landmark_error import Spread, distances, shaking
from faceguard.pipeline.aligner import DegenerateLandmarks
from faceguard.pipeline.detector import Detector
from faceguard.pipeline.onnx_model import OnnxModel

FRAMES: Final = 100
"""Of the synthetic camera, for the shaking."""
_SAME: Final = 0.6
"""Two detectors mean the same face when no point lies further apart, in eye distances."""

Detect = Callable[[Frame], Sequence[DetectedFace]]


@click.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--reference", metavar="FILE_OR_ID", required=True, help="A detector: a card id, or an ONNX file.")
@click.option("--limit", type=click.IntRange(1), help="Only so many photos, evenly spread by name.")
@json_option
@click.pass_obj
def landmarks(context: Context, root: Path, reference: str, limit: int | None, json_: bool) -> None:
    """Distance of the five points from a reference's, on any folder tree of photographs, in eye distances.

    The reference is asked once for each photo, and again for eight views of it (other scales, mirror image, shifts)
    whose mean is steadier than any single answer. Its own single answers stand beside, as what can be expected of a
    student. The shaking from frame to frame is that of the simulated person before the synthetic camera.
    """
    from faceguard.training.faces import FoundFace, averaged_points

    house = context.house
    networks = house.networks
    card, data = named_detector(house, reference)
    asked = Detector(OnnxModel(replace(card, score_threshold=min(0.5, card.score_threshold)), data, "cpu"))

    def views(picture: NDArray[np.uint8]) -> list[FoundFace]:
        return [_as_found(face) for face in asked.detect_in_photo(Frame(picture, 0, 0))]

    photos = read_photo_tree(root, SUFFIXES, limit)
    names = ("reference, one answer", "detector", "landmark network")
    single: dict[str, list[NDArray[np.floating]]] = {name: [] for name in names[1:]}
    mean: dict[str, list[NDArray[np.floating]]] = {name: [] for name in names}
    left_out = 0
    for path in counted(photos, tell_progress):
        try:
            photo = read_photo(path)
        except PhotoRefused:
            left_out += 1
            continue
        named = max(asked.detect_in_photo(photo), key=lambda f: f.box.area, default=None)
        if named is None or named.score < NAMED_SCORE:
            left_out += 1
            continue
        chance = np.random.default_rng(int(hashlib.sha256(path.name.encode()).hexdigest()[:16], 16))
        steady = averaged_points(photo.pixels, _as_found(named), views, chance)
        found = _same(networks.detector.detect_in_photo(photo), named)
        if steady is None or found is None:
            left_out += 1
            continue
        try:
            placed = networks.landmarks.refine(photo, found)
        except DegenerateLandmarks:
            left_out += 1
            continue
        for name, face in zip(names, (named, found, placed), strict=True):
            mean[name].append(distances(face.landmarks.points, steady))
            if name in single:
                single[name].append(distances(face.landmarks.points, named.landmarks.points))
    if not mean[names[0]]:
        raise FaceguardError(f"The reference finds no steady face in the {len(photos)} photos in {root}.")
    shake = _shake(context)
    answer: dict[str, Any] = {
        "reference": card.id,
        "photos": len(photos),
        "left_out": left_out,
        "from_single_answer": {name: asdict(Spread.of(found)) for name, found in single.items()},
        "from_mean_of_eight_views": {name: asdict(Spread.of(found)) for name, found in mean.items()},
        "shaking": {name: asdict(Spread.of(found)) for name, found in shake.items()},
    }
    if json_:
        as_json(answer)
        return
    click.echo(f"Reference {card.id}; {len(photos)} photos, {left_out} left out (no face that both find).")
    for title, key in (
        ("from the reference's single answer", "from_single_answer"),
        ("from its mean over eight views", "from_mean_of_eight_views"),
        ("shaking from frame to frame, synthetic camera", "shaking"),
    ):
        click.echo(f"\n{title}, in eye distances")
        for name, spread in answer[key].items():
            click.echo(f"{name:>24}  median {spread['median']:7.2%}  p95 {spread['p95']:7.2%}  n {spread['n']}")


def _as_found(face: DetectedFace) -> Any:
    from faceguard.training.faces import FoundFace

    return FoundFace(face.landmarks.points, (face.box.left, face.box.top, face.box.right, face.box.bottom), face.score)


def _same(faces: Sequence[DetectedFace], named: DetectedFace) -> DetectedFace | None:
    """The face that the reference means."""

    def apart(face: DetectedFace) -> float:
        return float(distances(face.landmarks.points, named.landmarks.points).max())

    nearest = min(faces, key=apart, default=None)
    return nearest if nearest is not None and apart(nearest) < _SAME else None


def _shake(context: Context) -> dict[str, list[NDArray[np.floating]]]:
    """Of the person before the synthetic camera, by detector and by landmark network."""
    networks = context.house.networks
    tracks: dict[str, list[NDArray[np.floating]]] = {"detector": [], "landmark network": []}
    with contextlib.closing(simulated_person(networks)) as source:
        source.open()
        for _ in range(FRAMES):
            frame = source.read()
            found = max(networks.detector.detect(frame), key=lambda f: f.box.area, default=None) if frame else None
            if frame is None or found is None:
                continue
            tracks["detector"].append(found.landmarks.points)
            tracks["landmark network"].append(networks.landmarks.refine(frame, found).landmarks.points)
    return {name: list(shaking(np.stack(points))) for name, points in tracks.items() if points}
