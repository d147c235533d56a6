"""How many faces a detector finds, by size, light, tilt and pose, and how often it finds one where there is none.

The faces are real ones that a reference detector names in photographs, each placed in the middle of a camera picture of
the wanted size. So what the reference misses in the full photograph is measured with nobody: the rates compare with the
reference, they are not rates among all faces. The detectors are handed over; all are shown the very same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.face import BoundingBox, DetectedFace, Frame
from faceguard.evaluation.error_rates import Share

SIZES_PX: Final = (20, 30, 40, 60, 100, 150, 200)
CANVAS: Final = (320, 256)
"""Width and height of the shown picture, which the detectors search as it is: a camera's picture shrunk for them."""
DARK: Final = 0.25
"""Share of the light that is left in the dark."""
TILT_DEG: Final = 20.0
OVERLAP: Final = 0.3
"""Least intersection over union of a reported face with the placed one. Loose, as a tilted face has no box of its own
and detectors differ in how much forehead they take in; a face elsewhere in the picture does not reach it."""
RATED_FROM_PX: Final = 40
"""Faces of this width and more count for the one overall rate: smaller ones are too coarse to be recognised anyway."""
THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Scores among which a threshold can be chosen."""

FaceFinder = Callable[[Frame], Sequence[DetectedFace]]
"""A detector. It reports every face with a score of at least the smallest threshold that will be asked about."""


class Condition(StrEnum):
    """What is done to a picture before it is shown."""

    PLAIN = "plain"
    DARK = "dark"
    TILTED = "tilted"


class Pose(StrEnum):
    """How a face looks, as the reference's landmarks tell it."""

    FRONTAL = "frontal"
    TURNED = "turned"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A face in the middle of a camera picture.

    Attributes:
        frame: (256, 320, 3) uint8 BGR.
        box: where the face was placed; upright in the tilted picture too, as detectors report it.
        size_px: the box's width.
        condition: what was done to the picture.
        enlarged: the photograph has the face smaller, so this view is less sharp than a camera's would be.
    """

    frame: Frame
    box: BoundingBox
    size_px: int
    condition: Condition
    enlarged: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One view and what the detectors made of it.

    Attributes:
        size_px, condition, enlarged: of the view.
        pose: of the face.
        scores: of each detector, the best score of a reported face at the place; 0 without one.
    """

    size_px: int
    condition: Condition
    pose: Pose
    enlarged: bool
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FaceFree:
    """One picture without a face and what the detectors made of it.

    Attributes:
        group: where pictures of this kind come from.
        kind: of picture.
        scores: of each detector, its best score anywhere; 0 when it reported nothing.
    """

    group: str
    kind: str
    scores: tuple[float, ...]


def views(photo: Frame, box: BoundingBox, sizes_px: Iterable[int], tilt_deg: float = TILT_DEG) -> Iterator[View]:
    """A face at every size, in every condition.

    1. The photograph is scaled so that the face has the wanted width: by area when it shrinks, else bilinearly.
    2. The face's middle is moved to the middle of a 320x256 canvas; beyond the photograph its border is repeated, as a
       sudden edge is nothing that a camera shows.
    3. That is the plain view; the others are made of it: a quarter of the light, or turned about its middle.

    Args:
        photo: the whole photograph.
        box: of the face in it.
        sizes_px: widths of the face on the canvas.
        tilt_deg: counter-clockwise in the picture.
    """
    width, height = CANVAS
    middle = (width / 2, height / 2)
    for size_px in sizes_px:
        scale = size_px / box.width
        near, (left, top) = _around(photo.pixels, box, math.hypot(width, height) / 2 / scale)
        rows, columns = (max(1, round(side * scale)) for side in near.shape[:2])
        scaled = cv2.resize(near, (columns, rows), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        # whole pixels were rounded to, so the true scales differ a little between the axes
        scale_x, scale_y = columns / near.shape[1], rows / near.shape[0]
        centre = ((box.centre[0] - left) * scale_x, (box.centre[1] - top) * scale_y)
        half = (box.width * scale_x / 2, box.height * scale_y / 2)
        placed = BoundingBox(middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
        move = np.array([[1.0, 0.0, middle[0] - centre[0]], [0.0, 1.0, middle[1] - centre[1]]])
        turn = cv2.getRotationMatrix2D(middle, tilt_deg, 1.0) @ np.vstack([move, [0.0, 0.0, 1.0]])
        plain, tilted = (cv2.warpAffine(scaled, m, CANVAS, borderMode=cv2.BORDER_REPLICATE) for m in (move, turn))
        dark = np.rint(plain * DARK)
        for condition, pixels in zip(Condition, (plain, dark, tilted), strict=True):
            yield View(Frame(pixels.astype(np.uint8), 0, 0), placed, size_px, condition, scale > 1)


def show(
    photo: Frame,
    box: BoundingBox,
    pose: Pose,
    detectors: Sequence[FaceFinder],
    sizes_px: Iterable[int] = SIZES_PX,
    tilt_deg: float = TILT_DEG,
) -> list[Shown]:
    """Show all views of a face to all detectors; see ``views``."""
    return [
        Shown(
            view.size_px,
            view.condition,
            pose,
            view.enlarged,
            tuple(score_at(detect(view.frame), view.box) for detect in detectors),
        )
        for view in views(photo, box, sizes_px, tilt_deg)
    ]


def show_face_free(group: str, kind: str, pixels: NDArray[np.uint8], detectors: Sequence[FaceFinder]) -> FaceFree:
    """Show a picture without a face, (H, W, 3) uint8 BGR, to all detectors."""
    frame = Frame(pixels, 0, 0)
    return FaceFree(
        group, kind, tuple(max((face.score for face in detect(frame)), default=0.0) for detect in detectors)
    )


def score_at(faces: Iterable[DetectedFace], box: BoundingBox) -> float:
    """The best score of a face that overlaps the box by ``OVERLAP`` or more; 0 without one."""
    return max((face.score for face in faces if face.box.overlap(box) >= OVERLAP), default=0.0)


def largest(faces: Iterable[DetectedFace], least_score: float) -> DetectedFace | None:
    """The face with the largest box among those with at least this score; None without one."""
    sure = (face for face in faces if face.score >= least_score)
    return max(sure, key=lambda face: face.box.area, default=None)


def recall(shown: Iterable[Shown], detector: int, threshold: float) -> Share:
    """The share of these views in which the detector (by its number) found the face."""
    found = [0.0 < threshold <= one.scores[detector] for one in shown]
    return Share(sum(found), len(found))


def false_faces(pictures: Iterable[FaceFree], detector: int, threshold: float) -> Share:
    """The share of these pictures in which the detector (by its number) reports a face, or several."""
    false = [0.0 < threshold <= one.scores[detector] for one in pictures]
    return Share(sum(false), len(false))


def _around(pixels: NDArray[np.uint8], box: BoundingBox, reach: float) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The part of a photo that the canvas can show, and its left top corner: a large photo is never enlarged whole."""
    height, width = pixels.shape[:2]
    x, y = box.centre
    # a box may reach over the border, its middle as well; at least one pixel stays
    left, top = min(max(0, math.floor(x - reach)), width - 1), min(max(0, math.floor(y - reach)), height - 1)
    right, bottom = max(left + 1, min(width, math.ceil(x + reach))), max(top + 1, min(height, math.ceil(y + reach)))
    return np.ascontiguousarray(pixels[top:bottom, left:right]), (left, top)
