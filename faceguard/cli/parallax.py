"""How many rendered heads answer a turn, and how many pictures do: the curve behind the liveness limit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import click
import numpy as np

from faceguard.access.challenge import Turn
from faceguard.camera.bundled_photos import NAMES, bundled_photo
from faceguard.camera.photo_file import SUFFIXES, read_photo
from faceguard.camera.rendering.head import HeadActor
from faceguard.camera.rendering.plane import AttackMove, Medium, PlaneActor
from faceguard.camera.rendering.portrait import FacePhoto
from faceguard.camera.rendering.scene import Actor, Keyframe, Placed, Scene
from faceguard.camera.rendering.sensor import SensorTraits
from faceguard.camera.synthetic_source import SyntheticSource
from faceguard.cli.context import Context, as_json, json_option
from faceguard.domain.errors import FaceguardError
from faceguard.domain.face import DetectedFace, Frame
from faceguard.evaluation.datasets import read_identity_folder
from faceguard.evaluation.parallax_curve import Played, TurningSource, passing, play, table
from faceguard.pipeline.detector import Detector
from faceguard.pipeline.parallax import EVIDENCE_LIMIT, ParallaxProbe
from faceguard.pipeline.plane_track import near_frontal

HEIGHT: Final = 480
EYES_PX: Final = (72, 88, 105)
TURNS_DEG: Final = (20, 24, 28)
RELIEF: Final = (0.6, 1.4)
"""Factors on the depth of the mean face: between these the heads vary."""
RATES: Final = (25, 12, 8)
"""Frames judged a second: by a quick machine, and by those that drop some."""
NOSE_WIDTH: Final = (0.7, 1.3)
"""Factors on the width of the mean nose."""
HEADS_EACH: Final = 3
PLANES: Final = [(medium, move) for medium in Medium for move in AttackMove if move is not AttackMove.NOTHING]
"""All that is held up and moved; who does nothing turns nothing."""


@click.command()
@click.option(
    "--photos", type=click.Path(path_type=Path), help="Folder with one folder a person (else bundled photos)."
)
@click.option(
    "--people", type=click.IntRange(1), default=7, show_default=True, help="People to play, the first by name."
)
@click.option("--skip", type=click.IntRange(0), default=0, help="Leave out so many people before them.")
@json_option
@click.pass_obj
def parallax(context: Context, photos: Path | None, people: int, skip: int, json_: bool) -> None:
    """Heads passing the turn challenge against flat pictures passing it; simulated, about 20 s a person.

    Each person, in a near-frontal photo, is rendered as three heads (turned by 20 to 28 degrees, 60 to 140 % of the
    mean relief, noses of 70 to 130 % of the mean width) and as nine planes (print, badge and phone; rotated, shaken and
    bent), each before another simulated camera of 25, 12 or 8 frames a second, for the whole time that the door waits
    for an answer.
    """
    detector = context.house.networks.detector
    played: list[Played] = []
    faces = list(itertools.islice(_face_photos(photos, detector), skip, skip + people))
    if not faces:
        raise FaceguardError("None of the photos shows a face that could be rendered.")
    for number, photo in enumerate(faces, start=skip):
        click.echo(f"person {number - skip + 1} of {len(faces)}", err=True)
        played += [_head(photo, detector, number, i) for i in range(HEADS_EACH)]
        played += [_plane(photo, detector, number, i) for i in range(len(PLANES))]
    if not json_:
        click.echo(table(played, EVIDENCE_LIMIT))
        return
    heads = passing([p for p in played if p.is_head], EVIDENCE_LIMIT)
    planes = passing([p for p in played if not p.is_head], EVIDENCE_LIMIT)
    as_json(
        {
            "limit": EVIDENCE_LIMIT,
            "people": len(faces),
            "heads": {"passed": heads.k, "n": heads.n, "rate": heads.value, "bounds": heads.interval},
            "planes": {"passed": planes.k, "n": planes.n, "rate": planes.value, "bounds": planes.interval},
        }
    )


def _face_photos(folder: Path | None, detector: Detector) -> Iterator[FacePhoto]:
    """The first photo of each person with its clearest face; those without a near-frontal one are left out."""
    if folder is None:
        pictures: Iterator[Frame] = (Frame(bundled_photo(name).pixels, 0, 0) for name in NAMES)
    else:
        data = read_identity_folder(folder, SUFFIXES)
        first = [data.person.index(person) for person in range(len(data.people))]
        pictures = (read_photo(data.photos[place]) for place in first)
    for picture in pictures:
        found = detector.detect_in_photo(picture)
        if found and near_frontal(found[0].landmarks):
            yield FacePhoto(picture.pixels, found[0].landmarks, found[0].box)


def _head(photo: FacePhoto, detector: Detector, number: int, i: int) -> Played:
    seed = number * 100 + i
    chance = np.random.default_rng(seed)
    degrees, eyes = int(chance.choice(TURNS_DEG)), int(chance.choice(EYES_PX))
    relief, nose_width = float(chance.uniform(*RELIEF)), float(chance.uniform(*NOSE_WIDTH))
    actor = HeadActor(photo, seed=seed, turn_deg=degrees, relief=relief, nose_width=nose_width)
    fps = RATES[(number // 2 + i) % len(RATES)]
    return _played(actor, detector, seed, eyes, fps, "head", f"{degrees} degrees, {eyes} px")


def _plane(photo: FacePhoto, detector: Detector, number: int, i: int) -> Played:
    seed = number * 100 + 50 + i
    (medium, move), eyes = PLANES[i], int(np.random.default_rng(seed).choice(EYES_PX))
    actor = PlaneActor(photo, medium, seed=seed, move=move)
    fps = RATES[(number // 2 + i + i // len(RATES)) % len(RATES)]
    return _played(actor, detector, seed, eyes, fps, f"{medium.value}, {move.value}", f"{eyes} px")


def _played(
    actor: Actor, detector: Detector, seed: int, eyes_px: int, fps: float, species: str, condition: str
) -> Played:
    scene = Scene([Placed(actor, (Keyframe(eyes=eyes_px / HEIGHT),))], seed=seed)
    source = SyntheticSource(scene, height=HEIGHT, fps=fps, paced=False, traits=SensorTraits.varied(seed), seed=seed)

    def face_in(frame: Frame) -> DetectedFace | None:
        return next(iter(detector.detect(frame)), None)

    turn = Turn.LEFT if seed % 2 else Turn.RIGHT
    probe = ParallaxProbe(limit=-math.inf)
    return play(cast(TurningSource, source), face_in, probe, turn, species=species, condition=condition)
