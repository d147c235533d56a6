"""What is taken from one photo: its main face's five points, an upright crop, and the whole photo as a square.

Points are those of the detector, averaged over several views of the photo: a single answer moves by some percent of the
eye distance when the photo is shifted by a few pixels, and a network that learns from it would learn that too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIDE: Final = 160
ROOM: Final = 24
"""Pixels of a crop around the 112 that an encoder sees."""
PHOTO_SIDE: Final = 200

_TEMPLATE: Final = (
    np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)])
    + ROOM
)
"""ArcFace's five points in the crop (InsightFace, ``face_align.py``), in the order of ``LANDMARK_NAMES``."""

VIEWS: Final = (
    (1.0, False),
    (1.0, True),
    (0.8, False),
    (0.8, True),
    (1.25, False),
    (1.25, True),
    (0.9, False),
    (1.1, True),
)
"""Scale of each view, and whether it is mirrored."""
_MAX_SHIFT_PX: Final = 23
LEAST_VIEWS: Final = 4
"""Views that have to find the face again."""
_AGREE: Final = 0.5
"""Eye distances within which all five points of a view have to lie from those of the photo as it is."""
_LEAST_EYES_PX: Final = 8.0
"""Eye distance that counts at least: of a profile it is next to nothing."""

_MIRRORED: Final = (1, 0, 2, 4, 3)
"""Right and left of the person change places in a mirror."""
_CENTRAL: Final = 0.5
"""Pixels of size that a pixel off the centre costs a face, see ``main_face``."""

_MIN_SPREAD_PX: Final = 1.0
_MIN_LIKENESS: Final = 0.7
"""As in the program's aligner: points that it refuses are of no use for training."""
_AREA_BELOW: Final = 0.67
"""Scale below which bilinear taps skip pixels; the program's aligner takes the area's mean there, too."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """What a detector tells of one face, in pixels of the picture.

    Attributes:
        points: (5, 2) in the order of ``LANDMARK_NAMES``, finite.
        box: left, top, right, bottom.
        score: in [0, 1].

    Raises:
        ValueError: not so.
    """

    points: NDArray[np.floating]
    box: tuple[float, float, float, float]
    score: float

    def __post_init__(self) -> None:
        if np.shape(self.points) != (5, 2) or not np.isfinite(self.points).all():
            raise ValueError("five finite (x, y) points are needed")
        left, top, right, bottom = self.box
        if not (np.isfinite(self.box).all() and left < right and top < bottom and 0.0 <= self.score <= 1.0):
            raise ValueError("a box has an area, and a score lies in [0, 1]")


Detect = Callable[[NDArray[np.uint8]], Sequence[FoundFace]]
"""(H, W, 3) uint8 BGR -> the faces in it, none is an empty sequence."""


class Failure(StrEnum):
    """Why a photo cannot be used."""

    UNREADABLE = "the picture cannot be read"
    NO_FACE = "no face was found"
    UNSTEADY = "the face was not found again in enough views"
    NO_SHAPE = "the five points do not look like a face"


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """What training needs of one photo.

    Attributes:
        crop: (160, 160, 3) uint8 BGR, upright.
        photo: (200, 200, 3) uint8 BGR, the whole photo.
        points: (5, 2) float32 in pixels of ``photo``, counted from its edge.
        width: of the face's box, in pixels of ``photo``.
    """

    crop: NDArray[np.uint8]
    photo: NDArray[np.uint8]
    points: NDArray[np.float32]
    width: float


def face_in(data: bytes, detect: Detect) -> Face | Failure:
    """The main face of a photo.

    1. The picture is decoded and its main face found.
    2. The points are averaged over views whose shifts follow from the photo's digest.
    3. Crop and square are cut.

    Args:
        data: the encoded picture.
        detect: finds the faces.
    """
    picture = _decoded(data)
    if picture is None:
        return Failure.UNREADABLE
    face = main_face(detect(picture), picture.shape[1], picture.shape[0])
    if face is None:
        return Failure.NO_FACE
    chance = np.random.default_rng(int(hashlib.sha256(data).hexdigest()[:16], 16))
    points = averaged_points(picture, face, detect, chance)
    if points is None:
        return Failure.UNSTEADY
    crop = aligned(picture, points)
    if crop is None:
        return Failure.NO_SHAPE
    photo, shift, scale = squared(picture)
    width = (face.box[2] - face.box[0]) * scale
    return Face(crop, photo, ((points + shift) * scale).astype(np.float32), float(width))


def main_face(faces: Sequence[FoundFace], width: int, height: int) -> FoundFace | None:
    """The face that a photo is of: large, sure and near the centre; None where there is none.

    The greatest of sqrt(area) * score - distance from the centre / 2, in pixels.
    """

    def weight(face: FoundFace) -> float:
        left, top, right, bottom = face.box
        off = np.hypot((left + right - width) / 2, (top + bottom - height) / 2)
        return float(np.sqrt((right - left) * (bottom - top)) * face.score - _CENTRAL * off)

    return max(faces, key=weight, default=None)


def averaged_points(
    picture: NDArray[np.uint8], face: FoundFace, detect: Detect, chance: np.random.Generator
) -> NDArray[np.float64] | None:
    """The face's points, averaged over ``VIEWS`` of the picture.

    Each view is the picture at another scale, mirrored or not, and shifted right and down by up to 23 pixels. Its face
    is the one whose points, back in the picture, lie nearest to those of ``face``. Pixels count from the edge, so a
    mirrored x is width - x.

    Returns:
        (5, 2) in pixels of ``picture``; None where fewer than ``LEAST_VIEWS`` views agree.
    """
    height, width = picture.shape[:2]
    eyes = float(np.linalg.norm(face.points[1] - face.points[0]))
    limit = _AGREE * max(eyes, _LEAST_EYES_PX)
    agreeing = []
    for factor, mirrored in VIEWS:
        view = _resized(picture, max(1, round(width * factor)), max(1, round(height * factor)))
        stretch = np.array([view.shape[1] / width, view.shape[0] / height])
        if mirrored:
            view = view[:, ::-1]
        shift = chance.integers(0, _MAX_SHIFT_PX + 1, 2)
        shown = cv2.copyMakeBorder(view, int(shift[1]), 0, int(shift[0]), 0, cv2.BORDER_REPLICATE)
        best, nearest = limit, None
        for found in detect(np.asarray(shown, np.uint8)):
            points = np.asarray(found.points, np.float64) - shift
            if mirrored:
                points = points[_MIRRORED, :]
                points[:, 0] = view.shape[1] - points[:, 0]
            points = points / stretch
            far = float(np.abs(points - face.points).max())
            if far < best:
                best, nearest = far, points
        if nearest is not None:
            agreeing.append(nearest)
    return np.mean(agreeing, axis=0) if len(agreeing) >= LEAST_VIEWS else None


def aligned(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.uint8] | None:
    """The upright crop: ArcFace's template with 24 pixels of room on each side.

    The detector's numbers are taken as they are, without the half pixel between edge and centre, because the program's
    aligner does so and its encoders see such crops.

    Args:
        picture: (H, W, 3) uint8 BGR.
        points: (5, 2) in its pixels.

    Returns:
        (160, 160, 3) uint8 BGR, black outside the picture; None where the points span no face.
    """
    matrix = _similarity(points, _TEMPLATE)
    if matrix is None:
        return None
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _AREA_BELOW:
        height, width = picture.shape[:2]
        picture = _resized(picture, max(1, round(width * scale)), max(1, round(height * scale)))
        # Pixel centres: x of the picture = (x' + 0.5) * step - 0.5
        step = np.array([width / picture.shape[1], height / picture.shape[0]])
        linear = matrix[:, :2]
        matrix = np.column_stack([linear * step, matrix[:, 2] + linear @ (0.5 * step - 0.5)])
    return np.asarray(cv2.warpAffine(picture, matrix, (CROP_SIDE, CROP_SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def squared(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64], float]:
    """The whole picture, padded to a square by reflection and scaled.

    Returns:
        (200, 200, 3) uint8 BGR; shift (2,) and scale: a point p of the picture, counted from the edge, lies at
        (p + shift) * scale.
    """
    height, width = picture.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padded = cv2.copyMakeBorder(picture, top, side - height - top, left, side - width - left, cv2.BORDER_REFLECT_101)
    square = _resized(np.asarray(padded, np.uint8), PHOTO_SIDE, PHOTO_SIDE)
    return square, np.array([left, top], np.float64), PHOTO_SIDE / side


def _decoded(data: bytes) -> NDArray[np.uint8] | None:
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if picture is None else np.asarray(picture, np.uint8)


def _resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if (width, height) == (picture.shape[1], picture.shape[0]):
        return picture
    method = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


def _similarity(source: NDArray[np.floating], target: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Least-squares similarity, (2, 3); None for points that span no face.

    The same as ``similarity`` of the program's aligner, said again because training and pipeline do not import each
    other; a test holds the two together.
    """
    source = np.asarray(source, np.float64)
    source_centre, target_centre = source.mean(axis=0), target.mean(axis=0)
    (x, y), (u, v) = (source - source_centre).T, (target - target_centre).T
    spread = float(x @ x + y @ y)
    if spread < len(source) * _MIN_SPREAD_PX**2:
        return None
    a, b = float(x @ u + y @ v) / spread, float(x @ v - y @ u) / spread
    if (a * a + b * b) * spread < _MIN_LIKENESS * float(u @ u + v @ v):
        return None
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, target_centre - linear @ source_centre])
