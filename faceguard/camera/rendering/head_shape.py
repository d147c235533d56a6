"""Depth of a generic head and shoulders, as far as one photograph can be dressed over it.

All measures in eye distances (63 mm), from common anthropometric means: head 155 mm wide, 190 mm deep, 230 mm high,
eyes at half height, nose tip 27 mm before the eyes, chin 115 mm below them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.rendering.mesh import Mesh, grid_triangles
from faceguard.camera.rendering.portrait import (
    BOTTOM,
    DENSITY,
    EYES_TO_CHIN,
    EYES_TO_MOUTH,
    EYES_TO_NOSE,
    LEFT,
    RIGHT,
    TOP,
    Portrait,
    edges,
)

MIDDLE: Final = -1.3
"""z of the plane of the ears."""
TURNING_AXIS: Final = -1.5
"""z of the axis about which the neck turns the head."""
NODDING_HEIGHT: Final = 1.3
"""y of the axis about which it nods."""
_FINE: Final = 24
"""Grid points per unit on which the relief is made."""
_BACK: Final = 1.45
"""How far the back of the head lies behind the ears."""

_PROFILE_Y: Final = (-1.85, -1.80, -1.65, -1.4, -1.1, -0.8, -0.35, 0.0, 0.6, 1.15, 1.6, 1.75, 1.9)
_PROFILE_Z: Final = (-1.3, -0.95, -0.58, -0.28, -0.1, 0.0, 0.07, 0.02, 0.02, 0.06, 0.10, 0.0, -0.25)
_JAW_Y: Final = (0.3, 0.9, 1.2, 1.45, 1.6, 1.72, 1.8)
_JAW_WIDTH: Final = (1.12, 1.03, 0.92, 0.74, 0.56, 0.32, 0.02)


@dataclass(frozen=True, slots=True, eq=False)
class HeadShape:
    """Vertices of front and back of a head with shoulders.

    Attributes:
        mesh: triangles and texture.
        points: (V, 3) float64 in units, as the head looks straight ahead.
        normals: (V, 3) unit vectors, z towards the camera in front.
        follow: (V,) 0 to 1, how far a vertex follows the turning head; the shoulders hardly do.
        lids: (V,) how far up the texture is taken from when the eyes are shut, in units.
        texture_points: (V, 2) texture pixels.
        front: number of vertices of the front sheet, which come first.
    """

    mesh: Mesh
    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    follow: NDArray[np.float64]
    lids: NDArray[np.float64]
    texture_points: NDArray[np.float64]
    front: int


def _gauss(
    x: NDArray[np.float64], y: NDArray[np.float64], cx: float, cy: float, sx: float, sy: float
) -> NDArray[np.float64]:
    """Bump of height one."""
    return np.asarray(np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2))


def _dome(s: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Half a superellipse over s in [-1, 1]; 0 outside."""
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(s) ** power) ** (1 / power))


def depth(
    x: NDArray[np.float64], y: NDArray[np.float64], portrait: Portrait, relief: float, nose_width: float
) -> NDArray[np.float64]:
    """z of the front at grid points x, y (same shape).

    Args:
        x, y: places in units.
        portrait: gives the width of head and hair and the height of the crown.
        relief: factor on nose, sockets, lips and chin; 1 is the mean face.
        nose_width: factor on the width of the nose; 1 is the mean face.
    """
    rows = np.arange(len(portrait.head_left)) / DENSITY + TOP
    left, right = np.interp(y, rows, portrait.head_left), np.interp(y, rows, portrait.head_right)
    y = _mean_height(y, portrait)
    half = np.where(x < 0, left, right)
    # The profile's crown is moved to where the hair ends.
    stretched = np.where(y < -0.6, -0.6 + (y + 0.6) * (-1.85 + 0.6) / (portrait.crown + 0.6), y)
    profile = np.interp(stretched, _PROFILE_Y, _PROFILE_Z, left=MIDDLE)
    jaw = np.interp(y, _JAW_Y, _JAW_WIDTH)
    width = np.where(y < 0.3, half, np.where(y < 0.9, half + (jaw - half) * (y - 0.3) / 0.6, jaw))
    head = np.where(y < 1.8, MIDDLE + (profile - MIDDLE) * _dome(x / np.maximum(width, 1e-3), 2.4), MIDDLE)

    nose_height = np.interp(y, (-0.25, 0.0, 0.25, 0.52, 0.64, 0.78, 0.9), (0.0, 0.10, 0.24, 0.43, 0.43, 0.10, 0.0))
    flank = nose_width * np.interp(y, (-0.2, 0.2, 0.6, 0.8), (0.13, 0.14, 0.21, 0.24))
    features = nose_height * np.exp(-((x / flank) ** 2))
    for side in (-1, 1):
        features += -0.13 * _gauss(x, y, side * 0.47, 0.0, 0.24, 0.17)
        features += 0.05 * _gauss(x, y, side * 0.45, -0.3, 0.35, 0.14)
        features += 0.07 * _gauss(x, y, side * 0.58, 0.5, 0.28, 0.28)
    features += 0.08 * _gauss(x, y, 0, 1.15, 0.3, 0.13) + 0.08 * _gauss(x, y, 0, 1.6, 0.28, 0.18)
    features -= 0.05 * _gauss(x, y, 0, 1.36, 0.3, 0.08)
    head = head + relief * features * (head > MIDDLE)

    neck = np.where(y > 0.9, -1.5 + 0.85 * _dome(x / 0.98, 2.0), MIDDLE - 1)
    spread = np.clip((y - 2.1) / 1.3, 0, 1)
    body = -1.45 + 0.95 * _dome(x / 3.6, 2.2) * spread * spread * (3 - 2 * spread)
    flange = np.full_like(x, MIDDLE - 0.15)  # hair beside the neck, ears that stand out
    return np.asarray(np.maximum.reduce([head, neck, body, flange]))


def _mean_height(y: NDArray[np.float64], portrait: Portrait) -> NDArray[np.float64]:
    """Heights of this face to those of the mean face, so that nose, mouth and chin get their depth where they are."""
    nose, mouth, chin = portrait.heights
    own = (TOP, 0.0, nose, mouth, chin, chin + BOTTOM)
    mean = (TOP, 0.0, EYES_TO_NOSE, EYES_TO_MOUTH, EYES_TO_CHIN, EYES_TO_CHIN + BOTTOM)
    return np.asarray(np.interp(y, own, mean))


def build(portrait: Portrait, relief: float = 1.0, nose_width: float = 1.0) -> HeadShape:
    """The head that fits a portrait.

    1. The relief is made on an even grid and smoothed there.
    2. The photograph is laid over it as seen from the front; what it does not show is taken from the other side.
    3. Both are sampled at the vertices, which are dense in the face and sparse elsewhere.

    Args:
        portrait: the cut-out.
        relief: factor on the features' depth.
        nose_width: factor on the width of the nose.
    """
    fx, fy = np.meshgrid(np.arange(LEFT, RIGHT + 0.02, 1 / _FINE), np.arange(TOP, BOTTOM + 0.02, 1 / _FINE))
    surface = cv2.GaussianBlur(depth(fx, fy, portrait, relief, nose_width), (0, 0), 0.05 * _FINE)
    slope_y, slope_x = np.gradient(surface, 1 / _FINE)
    texture, alpha = _from_the_front(portrait, fx, fy, surface, slope_x)

    x = np.concatenate([np.arange(LEFT, -1.6, 0.24), np.arange(-1.6, 1.61, 0.08), np.arange(1.76, RIGHT, 0.24)])
    y = np.concatenate([np.arange(TOP, -0.6, 0.12), np.arange(-0.6, 2.0, 0.08), np.arange(2.0, BOTTOM, 0.2)])
    gx, gy = np.meshgrid(x, y)

    def sampled(field: NDArray[np.float64]) -> NDArray[np.float64]:
        at_x, at_y = ((gx - LEFT) * _FINE).astype(np.float32), ((gy - TOP) * _FINE).astype(np.float32)
        values = cv2.remap(field.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(values, np.float64)

    front = np.stack([gx, gy, sampled(surface)], -1).reshape(-1, 3)
    front_normals = np.stack([-sampled(slope_x), -sampled(slope_y), np.ones_like(gx)], -1).reshape(-1, 3)
    rows, columns = ((front[:, k] - low) * DENSITY for k, low in ((1, TOP), (0, LEFT)))
    front_texture = np.stack([columns, rows], 1)
    near = cv2.dilate(alpha, np.ones((25, 25), np.uint8))
    last = np.array(alpha.shape) - 1
    at = np.minimum(np.stack([rows, columns], 1).astype(int), last)
    seen = near[at[:, 0], at[:, 1]] > 0
    triangles = grid_triangles(len(y), len(x))
    triangles = triangles[seen[triangles].any(axis=1)]

    back, back_normals, back_texture, back_triangles = _back(portrait.crown, alpha, len(front))
    points = np.concatenate([front, back])
    fall = np.clip((_mean_height(points[:, 1], portrait) - 1.55) / 1.5, 0, 1)
    follow = 1.0 - 0.9 * fall * fall * (3 - 2 * fall)
    lids = np.zeros(len(points))
    for side in (-1, 1):
        lids[: len(front)] += 0.26 * _gauss(front[:, 0], front[:, 1], side * 0.5, 0.0, 0.3, 0.14)
    normals = np.concatenate([front_normals, back_normals])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    mesh = Mesh.of(np.concatenate([triangles, back_triangles]), texture, alpha)
    return HeadShape(mesh, points, normals, follow, lids, np.concatenate([front_texture, back_texture]), len(front))


def _from_the_front(
    portrait: Portrait,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    slope_x: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Texture (H, W, 3) and alpha (H, W) over x and y of the head, ``DENSITY`` pixels per unit.

    Where the photographed head turned a point of the relief (x, y, z: even grids) away, the face's symmetry helps out
    with the point on the other side.
    """
    height, width = portrait.alpha.shape
    yaw = np.radians(portrait.yaw_deg)
    # Shoulders rarely share the head's turn.
    turn = yaw * np.clip(1.0 - (y - 1.6) / 1.2, 0.0, 1.0)
    facing = (np.cos(turn) + slope_x * np.sin(turn)) / np.sqrt(1 + slope_x**2)
    other_facing = facing[:, ::-1]
    share = np.clip((facing - other_facing + 0.5) / 0.3, 0, 1)
    share = np.maximum(share, np.clip((facing - 0.45) / 0.2, 0, 1))
    share = np.maximum(share, np.clip((0.55 - np.abs(x)) / 0.2, 0, 1))  # a nose has no second half beside it
    u = (x * np.cos(turn) + z * np.sin(turn) - LEFT) * DENSITY
    step = _FINE / DENSITY
    across, down = np.meshgrid(np.arange(width) * step, np.arange(height) * step)

    def enlarged(field: NDArray[np.float64]) -> NDArray[np.float32]:
        places = (across.astype(np.float32), down.astype(np.float32))
        grown = cv2.remap(field.astype(np.float32), *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(grown, np.float32)

    picture = np.dstack([portrait.texture, np.rint(portrait.alpha * 255).astype(np.uint8)])
    place_u, place_v = enlarged(u), (down / step).astype(np.float32)
    shown = cv2.remap(picture, place_u, place_v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    own = enlarged(share)[..., None]
    if float(own.min()) < 1:
        place_u = enlarged(u[:, ::-1])
        other = cv2.remap(picture, place_u, place_v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        shown = np.clip(np.rint(own * shown + (1 - own) * other), 0, 255).astype(np.uint8)
    return np.asarray(shown[..., :3], np.uint8), np.asarray(shown[..., 3] / 255, np.float32)


def _back(
    crown: float, alpha: NDArray[np.float32], first: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """The back of the head, dressed in what is seen at the rim (hair, mostly): points, normals, texture, triangles."""
    low = 1.3
    s, y = np.meshgrid(np.sin(np.linspace(-np.pi / 2, np.pi / 2, 25)), np.linspace(crown + 0.03, low, 24))
    rows = np.arange(alpha.shape[0]) / DENSITY + TOP
    left, right = (np.interp(y, rows, side) for side in edges(alpha, 0.0))
    half = np.clip(np.where(s < 0, left, right) - 0.04, 0.02, 1.75)
    share = np.clip((y - (crown + low) / 2) / ((low - crown) / 2), -1, 1)
    z = MIDDLE - _BACK * _dome(share, 2.2) * _dome(s, 2.2)
    points = np.stack([s * half, y, z], -1).reshape(-1, 3)
    normals = np.stack([s, 0.6 * share, -_dome(s, 2.0) - 0.05], -1).reshape(-1, 3)
    rim = np.sign(s) * (1.0 - 0.25 * (1 - np.abs(s))) * (half - 0.03)
    texture = np.stack([(rim - LEFT) * DENSITY, (y - TOP) * DENSITY], -1).reshape(-1, 2)
    return points, normals, texture, grid_triangles(*s.shape, first)
