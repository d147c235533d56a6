"""How many faces a detector finds and how often it finds one where there is none, beside a reference detector."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import click
import numpy as np

from faceguard.camera.bundled_photos import SCENERY, bundled_scenery
from faceguard.camera.photo_file import SUFFIXES, read_photo
from faceguard.cli.context import Context, as_json, json_option, tell_progress, whole_numbers
from faceguard.compose import House
from faceguard.domain.card import DetectorCard
from faceguard.domain.errors import FaceguardError, ModelFault, PhotoRefused
from faceguard.domain.face import DetectedFace, Frame
from faceguard.evaluation.acquisition import counted, reason_of
from faceguard.evaluation.datasets import read_photo_tree
from faceguard.evaluation.detection import (
    CANVAS,
    SIZES_PX,
    THRESHOLDS,
    TILT_DEG,
    FaceFinder,
    FaceFree,
    Pose,
    Shown,
    largest,
    show,
    show_face_free,
)
from faceguard.evaluation.detection_report import Measured, detection_answer, detection_lines
from faceguard.evaluation.face_free import TEXTURES, crop, piece_beside, texture
from faceguard.pipeline.detector import Detector
from faceguard.pipeline.known_answer import open_checked
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.plane_track import near_frontal

SEED: Final = 1
NAMED_SCORE: Final = 0.7
"""From this score on the reference names a face that the detectors have to find."""
DOUBT_SCORE: Final = 0.3
"""What the reference takes for a face with this score already is kept out of the pictures without a face."""
FULL_SIDE_PX: Final = 1280
"""Longest side at which the reference looks at a photo, beside the pass for small pictures."""
CROPS_EACH: Final = 40
TEXTURES_EACH: Final = 100
"""Of each scenery and of each kind of texture: 1,000 pictures, however few photos there are."""
PIECES_EACH: Final = 2
"""Of each photo, where there is room."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The detector that says where the faces are.

    Attributes:
        card: as it is measured.
        small: reports every face from the smallest threshold on; looks at small pictures.
        full: the same network at ``FULL_SIDE_PX``, for photos that are larger than the card's longest side.
    """

    card: DetectorCard
    small: Detector
    full: Detector

    def faces(self, photo: Frame) -> list[DetectedFace]:
        """All that may be a face, at full size and, as faces may fill a photo, shrunk; one face may come twice."""
        found = list(self.small.detect_in_photo(photo))
        if max(photo.width, photo.height) > self.card.max_side:
            found += self.full.detect(photo)
        return found


@click.command()
@click.argument("root", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--detector", "detector_id", metavar="ID", help="Card id of the detector to measure (else the one in use)."
)
@click.option(
    "--reference",
    metavar="FILE_OR_ID",
    help="Who says where the faces are: a card id, or an ONNX file with YuNet's inputs and outputs (else the bundled "
    "detector).",
)
@click.option("--limit", type=click.IntRange(1), help="Only so many photos, evenly spread by name.")
@click.option(
    "--size-px",
    "sizes_px",
    metavar="W,...",
    default=",".join(map(str, SIZES_PX)),
    show_default=True,
    callback=whole_numbers,
    help="Widths of the faces that are shown.",
)
@json_option
@click.pass_obj
def detector(
    context: Context,
    root: Path,
    detector_id: str | None,
    reference: str | None,
    limit: int | None,
    sizes_px: tuple[int, ...],
    json_: bool,
) -> None:
    """Recall and false faces of a detector, on any folder tree of photographs.

    The reference names the faces. The largest of each photo is put into a picture of 320x256 pixels at each width:
    plain, in the dark and tilted by 20 degrees; detector and reference look for it side by side. False faces are
    counted on pictures without one: crops of pictures that come with the program, textures, and pieces of the photos
    beside their faces. The reference chose those pieces, so they favour it.
    """
    if not sizes_px or max(sizes_px) > CANVAS[0]:
        raise click.BadParameter(f"a face is at most {CANVAS[0]} px wide, like the picture", param_hint="--size-px")
    begun = time.monotonic()
    photos = read_photo_tree(root, SUFFIXES, limit)
    house = context.house
    card, measured = _measured(house, detector_id)
    named = _named(house, reference)
    detectors: tuple[FaceFinder, ...] = (measured.detect, named.small.detect)
    seen = _show_photos(photos, named, detectors, sizes_px)
    if not seen.faces:
        raise FaceguardError(f"The reference finds no face in the {len(photos)} photos in {root}.")
    face_free = [*_show_pictures(detectors), *seen.pieces]
    thresholds = card.score_threshold, named.card.score_threshold
    unreadable = seen.refused.total()
    answer = {
        **detection_answer(Measured((card.id, named.card.id), thresholds, seen.shown, face_free)),
        "provider": measured.provider,
        "photos": len(photos),
        "faces": seen.faces,
        "without_a_face": len(photos) - seen.faces - unreadable,
        "unreadable": unreadable,
        "reasons": dict(seen.refused),
        "seconds": round(time.monotonic() - begun, 1),
    }
    if json_:
        as_json(answer)
    else:
        for line in detection_lines(answer):
            click.echo(line)


@dataclass(slots=True)
class _Seen:
    """What the photos gave.

    Attributes:
        shown: the views of their faces.
        pieces: pieces beside the faces.
        faces: photos with a face that the reference names.
        refused: photos that cannot be read, by reason.
    """

    shown: list[Shown] = field(default_factory=list)
    pieces: list[FaceFree] = field(default_factory=list)
    faces: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def _show_photos(
    photos: Sequence[Path], reference: Reference, detectors: Sequence[FaceFinder], sizes_px: Sequence[int]
) -> _Seen:
    seen = _Seen()
    for number, path in enumerate(counted(photos, tell_progress)):
        try:
            photo = read_photo(path)
        except PhotoRefused as error:
            seen.refused[reason_of(error)] += 1
            continue
        found = reference.faces(photo)
        face = largest(found, NAMED_SCORE)
        if face is not None:
            seen.faces += 1
            pose = Pose.FRONTAL if near_frontal(face.landmarks) else Pose.TURNED
            tilt = TILT_DEG if number % 2 else -TILT_DEG  # to either side in turn, as people do
            seen.shown += show(photo, face.box, pose, detectors, sizes_px, tilt)
        chance = np.random.default_rng([SEED, number])
        for _ in range(PIECES_EACH):
            piece = piece_beside(photo.pixels, [each.box for each in found], chance)
            if piece is not None:
                seen.pieces.append(show_face_free("photos", "beside faces", piece, detectors))
    return seen


def _show_pictures(detectors: Sequence[FaceFinder]) -> list[FaceFree]:
    """Crops of the bundled scenery, and textures."""
    scenery = {name: bundled_scenery(name) for name in SCENERY}
    wanted = [(name, number) for number in range(CROPS_EACH) for name in SCENERY]
    wanted += [(kind, number) for number in range(TEXTURES_EACH) for kind in TEXTURES]
    shown = []
    for kind, number in counted(wanted, tell_progress, what="pictures without a face"):
        if kind in scenery:
            picture = crop(scenery[kind], np.random.default_rng([SEED, number, *kind.encode()]))
            shown.append(show_face_free("scenery", kind, picture, detectors))
        else:
            shown.append(show_face_free("textures", kind, texture(kind, number), detectors))
    return shown


def _measured(house: House, detector_id: str | None) -> tuple[DetectorCard, Detector]:
    """The detector under test and its card; it reports down to the smallest threshold of the report."""
    chosen = detector_id or house.settings().text("models.detector") or house.catalogue.default(DetectorCard).id
    card, data = _installed(house, chosen)
    return card, _opened(house, card, data, min(*THRESHOLDS, card.score_threshold))


def named_detector(house: House, file_or_id: str | None) -> tuple[DetectorCard, bytes]:
    """An installed detector, or a file that is taken to do as the bundled one's card says; None is the bundled one.

    Raises:
        ModelFault: neither, or no detector.
    """
    wanted = file_or_id or house.catalogue.default(DetectorCard).id
    if any(entry.id == wanted for entry in house.catalogue.entries()):
        card, data = _installed(house, wanted)
    else:
        path = Path(wanted)
        if not path.is_file():
            raise ModelFault(f"{wanted} is neither the id of an installed detector nor an ONNX file.")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ModelFault(f"The network file {path} cannot be read.", str(error)) from error
        card = replace(
            house.catalogue.default(DetectorCard),
            id=re.sub("[^a-z0-9._-]+", "-", path.stem.lower()).strip("._-")[:64] or "reference",
            file=path.name,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            licence="none stated",
            origin="a file named on the command line",
            rates=(),
            known_answer=None,
        )
    return card, data


def _named(house: House, file_or_id: str | None) -> Reference:
    """The reference.

    Raises:
        ModelFault: no detector, or another layout than its card's.
    """
    card, data = named_detector(house, file_or_id)
    least_score = min(DOUBT_SCORE, card.score_threshold)
    small = _opened(house, card, data, least_score)
    full = _opened(house, replace(card, max_side=FULL_SIDE_PX), data, least_score)
    return Reference(card, small, full)


def _installed(house: House, model_id: str) -> tuple[DetectorCard, bytes]:
    card, data = house.catalogue.resolve(model_id)
    if not isinstance(card, DetectorCard):
        raise ModelFault(f"The network {model_id} is no face detector; name another one.")
    return card, data


def _opened(house: House, card: DetectorCard, data: bytes, least_score: float) -> Detector:
    """A detector that reports more than its card says: what it finds at a threshold is told from the scores.

    A lower threshold takes nothing from the faces above it, for the suppression starts with the best.
    """
    settings = house.settings()
    provider, threads = settings.text("models.provider"), settings.whole("models.threads")
    low = replace(card, score_threshold=least_score)
    open_ = OnnxModel if card.known_answer is None else open_checked
    return Detector(open_(low, data, provider, threads))
