"""One photograph of a person, cut out and put upright: the texture of the simulated head."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.face import BoundingBox, Landmarks

DENSITY: Final = 72
"""Texture pixels per eye distance."""
LEFT, TOP, RIGHT, BOTTOM = -3.3, -2.8, 3.3, 5.2
"""Borders of the texture in eye distances from the point between the eyes."""
EYES_TO_NOSE, EYES_TO_MOUTH, EYES_TO_CHIN = 0.58, 1.15, 1.8
"""Heights below the eyes in eye distances: the first two of ArcFace's five-point template."""
_NOSE_LEAD: Final = 0.42
"""How far the tip of the nose stands before the plane of eyes and mouth, in eye distances."""
_MATTE_SCALE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class FacePhoto:
    """A photograph and where the face is in it.

    Attributes:
        pixels: (H, W, 3) uint8 BGR.
        landmarks: five points in its pixels.
        box: of the face, in its pixels.
    """

    pixels: NDArray[np.uint8]
    landmarks: Landmarks
    box: BoundingBox


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """An upright cut-out of head and shoulders.

    Attributes:
        texture: (H, W, 3) uint8 BGR, ``DENSITY`` pixels per unit.
        alpha: (H, W) float32, 0 to 1: what belongs to the person.
        eye_distance: of this person from the front, in units; near one, as a unit follows the whole face.
        heights: units below the eyes at which nose tip, mouth and chin of this person lie, in this order.
        yaw_deg: turn of the head in the photograph, rough; positive is the person's own left.
        head_left, head_right: (H,) float32, half widths of head and hair at each texture row, in units, from the
            middle of the head.
        crown: height of the top of the hair, in units (negative is up).
    """

    texture: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    eye_distance: float
    heights: tuple[float, float, float]
    yaw_deg: float
    head_left: NDArray[np.float32]
    head_right: NDArray[np.float32]
    crown: float


def cut_out(photo: FacePhoto, middle_of_head: float) -> Portrait:
    """Portrait of a photographed person.

    1. Roll, proportions and rough yaw from the five landmarks.
    2. The surroundings of the face are turned upright and scaled; beyond the photo's border its last pixels repeat.
    3. Head, hair and shoulders are cut out by GrabCut (C. Rother et al., 2004) from a generic outline; where its
       answer is no person, the outline itself is taken.

    Args:
        photo: with the face's place.
        middle_of_head: z of the axis of the head, in units.
    """
    pose = _pose(photo)
    borders = (LEFT, TOP, RIGHT, BOTTOM)
    texture = _warped(photo.pixels, pose, borders, DENSITY, cv2.INTER_CUBIC)
    inside = _warped(np.full(photo.pixels.shape[:2], 255, np.uint8), pose, borders, DENSITY, cv2.INTER_NEAREST)

    centre = middle_of_head * math.sin(pose.yaw)
    alpha = _matte(texture, inside, centre)
    texture = _bled(texture, alpha)
    left, right, crown = _outline(alpha, centre)
    nose, mouth, chin = (height / pose.unit for height in pose.heights)
    return Portrait(
        texture, alpha, pose.eye_distance / pose.unit, (nose, mouth, chin), math.degrees(pose.yaw), left, right, crown
    )


def upright(photo: FacePhoto, borders: tuple[float, float, float, float], density: float) -> NDArray[np.uint8]:
    """The photo around the face, turned upright: (H, W, 3) uint8 BGR, as flat as it is.

    Args:
        photo: with the face's place.
        borders: left, top, right, bottom in eye distances from the point between the eyes; beyond the photo its last
            pixels repeat.
        density: pixels per eye distance.
    """
    pose = _pose(photo)
    seen = replace(pose, unit=pose.eye_distance * math.cos(pose.yaw))
    return _warped(photo.pixels, seen, borders, density, cv2.INTER_CUBIC)


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    """Of the photographed head, in its pixels: eye middle, eye distance as it would be from the front, the unit (what
    the eye distance would be in a mean face of this size), angles, and how far nose tip, mouth and chin lie below."""

    eyes: NDArray[np.float64]
    eye_distance: float
    unit: float
    roll: float
    yaw: float
    heights: tuple[float, float, float]


def _pose(photo: FacePhoto) -> _Pose:
    """Pose from the five landmarks: roll from eyes and axis, yaw from how far the nose leaves the axis."""
    points = photo.landmarks.points.astype(np.float64)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down, across = mouth - eyes, points[1] - points[0]
    # The roll from both directions, as the face's axis is long and the eyes' line is short but sure.
    roll = math.atan2(across[1] - down[0], across[0] + down[1])
    to_upright = _turned(roll)
    eye_line, axis, nose = to_upright @ across, to_upright @ down, to_upright @ (points[2] - eyes)
    height = max(1.0, float(axis[1]))
    lead = float(nose[0] - axis[0] * nose[1] / height)
    yaw = math.asin(float(np.clip(0.85 * lead * EYES_TO_MOUTH / (_NOSE_LEAD * height), -0.45, 0.45)))
    across_unit, down_unit = max(1.0, float(eye_line[0])) / math.cos(yaw), height / EYES_TO_MOUTH
    # A smile lifts the mouth, a long face lowers it: the eyes say more about the size of the head.
    unit = across_unit ** (2 / 3) * down_unit ** (1 / 3)
    chin = float(np.clip(photo.box.bottom - eyes[1], height + 0.45 * unit, height + 0.95 * unit))
    tip = float(np.clip(nose[1], 0.4 * height, 0.64 * height))
    return _Pose(eyes, across_unit, unit, roll, yaw, (tip, height, chin))


def _turned(roll: float) -> NDArray[np.float64]:
    cos, sin = math.cos(roll), math.sin(roll)
    return np.array([[cos, sin], [-sin, cos]])


def _warped(
    pixels: NDArray[np.uint8],
    pose: _Pose,
    borders: tuple[float, float, float, float],
    density: float,
    interpolation: int,
) -> NDArray[np.uint8]:
    """The surroundings of the face, upright; for a mask (one channel) nothing lies beyond the photo."""
    left, top, right, bottom = borders
    scale, eyes = density / pose.unit, pose.eyes
    if scale < 0.6:  # a large photograph is shrunk with all its pixels first
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        eyes, scale = eyes * scale, 1.0
    matrix = np.empty((2, 3))
    matrix[:, :2] = scale * _turned(pose.roll)
    matrix[:, 2] = np.array([-left, -top]) * density - matrix[:, :2] @ eyes
    size = (round((right - left) * density), round((bottom - top) * density))
    border = cv2.BORDER_REPLICATE if pixels.ndim == 3 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=interpolation, borderMode=border), np.uint8)


def _matte(texture: NDArray[np.uint8], inside: NDArray[np.uint8], centre: float) -> NDArray[np.float32]:
    """(H, W) float32, 0 to 1: head, hair and shoulders."""
    small = cv2.resize(texture, None, fx=_MATTE_SCALE, fy=_MATTE_SCALE, interpolation=cv2.INTER_AREA)
    density = DENSITY * _MATTE_SCALE
    shape = small.shape[:2]

    def ellipse(cx: float, cy: float, ax: float, ay: float) -> NDArray[np.bool_]:
        canvas = np.zeros(shape, np.uint8)
        at = (round((cx - LEFT) * density), round((cy - TOP) * density))
        cv2.ellipse(canvas, at, (round(ax * density), round(ay * density)), 0, 0, 360, 1, -1)
        return canvas > 0

    def polygon(*corners: tuple[float, float]) -> NDArray[np.bool_]:
        canvas = np.zeros(shape, np.uint8)
        places = [(round((x - LEFT) * density), round((y - TOP) * density)) for x, y in corners]
        cv2.fillPoly(canvas, [np.array(places, np.int32)], 1)
        return canvas > 0

    def symmetric(*right: tuple[float, float]) -> NDArray[np.bool_]:
        return polygon(*right, *((-x, y) for x, y in reversed(right)))

    half = 0.5 * centre
    head = ellipse(centre, -0.05, 1.35, 1.95)
    shoulders = symmetric((0.8, 1.2), (1.0, 2.1), (2.2, 2.7), (2.8, 3.3), (3.0, 4.2), (3.0, 5.3))
    allowed = ellipse(centre, 0.0, 1.95, 2.6) | symmetric(
        (1.9, 0), (1.9, 1.8), (2.6, 2.4), (3.0, 3.1), (3.1, 4.2), (3.1, 5.3)
    )
    sure = ellipse(half, 0.45, 0.85, 1.25) | symmetric((0.45, 1.2), (0.6, 2.6), (1.6, 3.6), (1.8, 5.3))
    mask = np.full(shape, cv2.GC_BGD, np.uint8)
    mask[allowed] = cv2.GC_PR_BGD
    mask[head | shoulders] = cv2.GC_PR_FGD
    mask[sure] = cv2.GC_FGD
    outline = head | shoulders
    cv2.setRNGSeed(1)  # GrabCut clusters with OpenCV's own random numbers; the same photo gives the same head
    try:
        cv2.grabCut(small, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
        person = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    except cv2.error:  # one colour everywhere: nothing to cluster
        person = outline
    # Beyond the photo's border there is nothing to see, only the outline to believe.
    beyond = cv2.resize(inside, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) == 0
    person = np.where(beyond, outline, person)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    solid = cv2.morphologyEx(person.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, kernel)
    _, labels = cv2.connectedComponents(solid)
    face = labels[round((0.4 - TOP) * density), round((half - LEFT) * density)]
    solid = ((labels == face) & (face > 0)).astype(np.uint8)
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    solid = cv2.drawContours(np.zeros_like(solid), contours, -1, 1, -1)  # holes are filled
    # Above the eyes a head is convex; bites that GrabCut took out of dark hair are given back.
    brow = round((-0.2 - TOP) * density)
    above, _ = cv2.findContours(solid[:brow], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if above:
        cv2.fillConvexPoly(solid, cv2.convexHull(np.concatenate(above)), 1)
    if solid[head].mean() < 0.75:
        solid = outline.astype(np.uint8)
    alpha = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 2.2)
    alpha = np.clip((alpha - 0.5) * 2.6 + 0.1, 0, 1)  # the ramp lies inside the outline: no fringe of the old wall
    height, width = texture.shape[:2]
    full = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(full, 0, 1), np.float32)


def _bled(texture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The person's colours carried outwards over the outline, so that soft edges do not show the old background."""
    solid = (alpha > 0.9).astype(np.float32)
    weight = cv2.GaussianBlur(solid, (0, 0), 4)
    spread = cv2.GaussianBlur(texture.astype(np.float32) * solid[..., None], (0, 0), 4) / (weight[..., None] + 1e-4)
    keep = np.clip((alpha - 0.6) / 0.4, 0, 1)[..., None]
    near = (weight > 0.01)[..., None]
    return np.where(near, keep * texture + (1 - keep) * spread, texture).clip(0, 255).astype(np.uint8)


def _outline(alpha: NDArray[np.float32], centre: float) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Half widths of the head at each row and the height of its top, all in units."""
    column = round((centre - LEFT) * DENSITY)
    solid = alpha > 0.5
    left, right = edges(alpha, centre)
    rows = np.nonzero(solid[:, column - DENSITY // 3 : column + DENSITY // 3].any(axis=1))[0]
    crown = float(np.clip(rows[0] / DENSITY + TOP if rows.size else -1.8, -2.45, -1.5))
    y = np.arange(len(left)) / DENSITY + TOP
    smoothed = [_smooth_side(side, y) for side in (left, right)]
    return smoothed[0], smoothed[1], crown


def edges(alpha: NDArray[np.float32], centre: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances in units from the column ``centre`` (units) outwards to the cut-out's border, left and right: (H,)."""
    column = round((centre - LEFT) * DENSITY)
    solid = np.pad(alpha > 0.5, ((0, 0), (1, 1)))
    return (
        np.argmin(solid[:, column + 1 :: -1], axis=1) / DENSITY,
        np.argmin(solid[:, column + 1 :], axis=1) / DENSITY,
    )


def _smooth_side(widths: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    """Half width of the skull with its hair at each height ``y``, from the outline's widths on one side."""
    # Towards the crown the outline closes in.
    least = np.interp(y, (-1.6, -0.6), (0.1, 1.08))
    side = np.clip(widths, least, 1.75)
    # Below the ears the neck and hair hang on: the head keeps its width.
    side = np.where(y > 0.5, np.minimum(side, side[np.searchsorted(y, 0.5)]), side)
    smooth = cv2.GaussianBlur(side.astype(np.float32).reshape(-1, 1), (0, 0), 0.12 * DENSITY)
    return np.asarray(smooth.reshape(-1), np.float32)
