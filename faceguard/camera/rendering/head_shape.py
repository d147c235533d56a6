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

from faceguard.camera.rendering.mesh import grid_triangles
from faceguard.camera.rendering.portrait import BOTTOM, DENSITY, LEFT, RIGHT, TOP, Portrait

MIDDLE: Final = -1.3
"""z of the plane of the ears."""
TURNING_AXIS: Final = -1.5
"""z of the axis about which the neck turns the head."""
NODDING_HEIGHT: Final = 1.3
"""y of the axis about which it nods."""
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
        points: (V, 3) float64 in units, as the head looks straight ahead.
        normals: (V, 3) unit vectors, z towards the camera in front.
        follow: (V,) 0 to 1, how far a vertex follows the turning head; the shoulders hardly do.
        lids: (V,) how far up the texture is taken from when the eyes are shut, in units.
        texture_points: (V, 2) texture pixels.
        triangles: (T, 3) int32.
        front: number of vertices of the front sheet, which come first.
    """

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    follow: NDArray[np.float64]
    lids: NDArray[np.float64]
    texture_points: NDArray[np.float64]
    triangles: NDArray[np.int32]
    front: int


def _gauss(
    x: NDArray[np.float64], y: NDArray[np.float64], cx: float, cy: float, sx: float, sy: float
) -> NDArray[np.float64]:
    """Bump of height one."""
    return np.asarray(np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2))


def _dome(s: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Half a superellipse over s in [-1, 1]; 0 outside."""
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(s) ** power) ** (1 / power))


def depth(x: NDArray[np.float64], y: NDArray[np.float64], portrait: Portrait, relief: float) -> NDArray[np.float64]:
    """z of the front at grid points x, y (same shape).

    Args:
        x, y: places in units.
        portrait: gives the width of head and hair and the height of the crown.
        relief: factor on nose, sockets, lips and chin; 1 is the mean face.
    """
    rows = np.arange(len(portrait.head_left)) / DENSITY + TOP
    left, right = np.interp(y, rows, portrait.head_left), np.interp(y, rows, portrait.head_right)
    half = np.where(x < 0, left, right)
    # The profile's crown is moved to where the hair ends.
    stretched = np.where(y < -0.6, -0.6 + (y + 0.6) * (-1.85 + 0.6) / (portrait.crown + 0.6), y)
    profile = np.interp(stretched, _PROFILE_Y, _PROFILE_Z, left=MIDDLE)
    jaw = np.interp(y, _JAW_Y, _JAW_WIDTH)
    width = np.where(y < 0.3, half, np.where(y < 0.9, half + (jaw - half) * (y - 0.3) / 0.6, jaw))
    head = np.where(y < 1.8, MIDDLE + (profile - MIDDLE) * _dome(x / np.maximum(width, 1e-3), 2.4), MIDDLE)

    nose_height = np.interp(y, (-0.25, 0.0, 0.25, 0.52, 0.64, 0.78, 0.9), (0.0, 0.10, 0.24, 0.43, 0.43, 0.10, 0.0))
    nose_width = np.interp(y, (-0.2, 0.2, 0.6, 0.8), (0.13, 0.14, 0.21, 0.24))
    features = nose_height * np.exp(-((x / nose_width) ** 2))
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


def build(portrait: Portrait, relief: float = 1.0) -> HeadShape:
    """The head that fits a portrait.

    Args:
        portrait: the cut-out.
        relief: factor on the features' depth.
    """
    x = np.unique(
        np.round(
            np.concatenate(
                [np.arange(LEFT, -1.6, 0.24), np.arange(-1.6, 1.61, 0.08), np.arange(1.76, RIGHT + 0.01, 0.24)]
            ),
            3,
        )
    )
    y = np.unique(
        np.round(
            np.concatenate(
                [np.arange(TOP, -0.6, 0.12), np.arange(-0.6, 2.0, 0.08), np.arange(2.0, BOTTOM + 0.01, 0.2)]
            ),
            3,
        )
    )
    gx, gy = np.meshgrid(x, y)
    # The relief is made on an even grid, smoothed there, and sampled: smoothing must not depend on the spacing.
    fine = 24
    fx, fy = np.meshgrid(np.arange(LEFT, RIGHT + 0.02, 1 / fine), np.arange(TOP, BOTTOM + 0.02, 1 / fine))
    surface = cv2.GaussianBlur(depth(fx, fy, portrait, relief), (0, 0), 0.05 * fine)
    slope_y, slope_x = np.gradient(surface, 1 / fine)

    def sampled(field: NDArray[np.float64]) -> NDArray[np.float64]:
        at_x = ((gx - LEFT) * fine).astype(np.float32)
        at_y = ((gy - TOP) * fine).astype(np.float32)
        values = cv2.remap(field.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(values, np.float64)

    gz = sampled(surface)
    front = np.stack([gx, gy, gz], -1).reshape(-1, 3)
    normals = np.stack([-sampled(slope_x), -sampled(slope_y), np.ones_like(gx)], -1).reshape(-1, 3)
    texture_points = _project(front, portrait)
    triangles = grid_triangles(len(y), len(x))
    seen = (
        cv2.remap(
            cv2.dilate(portrait.alpha, np.ones((25, 25), np.uint8)),
            texture_points.astype(np.float32).reshape(-1, 1, 2),
            None,
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        ).reshape(-1)
        > 0
    )
    triangles = triangles[seen[triangles].any(axis=1)]

    back, back_normals, back_texture, back_triangles = _back(portrait, len(front))
    points = np.concatenate([front, back])
    fall = np.clip((points[:, 1] - 1.55) / 1.5, 0, 1)
    follow = 1.0 - 0.9 * fall * fall * (3 - 2 * fall)
    lids = np.zeros(len(points))
    for side in (-1, 1):
        lids[: len(front)] += 0.26 * _gauss(front[:, 0], front[:, 1], side * 0.5, 0.0, 0.3, 0.14)
    normals = np.concatenate([normals, back_normals])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return HeadShape(
        points,
        normals,
        follow,
        lids,
        np.concatenate([texture_points, back_texture]),
        np.ascontiguousarray(np.concatenate([triangles, back_triangles]), np.int32),
        len(front),
    )


def _project(points: NDArray[np.float64], portrait: Portrait) -> NDArray[np.float64]:
    """(V, 2) texture pixels at which the photograph shows points of the head; it was taken from far away."""
    yaw = np.radians(portrait.yaw_deg)
    # Shoulders rarely share the head's turn.
    turn = yaw * np.clip(1.0 - (points[:, 1] - 1.6) / 1.2, 0.0, 1.0)
    u = points[:, 0] * np.cos(turn) + points[:, 2] * np.sin(turn)
    return np.stack([-LEFT * DENSITY + u * portrait.unit_x, -TOP * DENSITY + points[:, 1] * portrait.unit_y], 1)


def _back(
    portrait: Portrait, first: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """The back of the head, dressed in what the photo shows at the rim (hair, mostly)."""
    s, y = np.meshgrid(np.sin(np.linspace(-np.pi / 2, np.pi / 2, 25)), np.linspace(portrait.crown, 1.5, 24))
    rows = np.arange(len(portrait.head_left)) / DENSITY + TOP
    half = np.where(s < 0, np.interp(y, rows, portrait.head_left), np.interp(y, rows, portrait.head_right))
    share = np.clip((y - (portrait.crown + 1.5) / 2) / ((1.5 - portrait.crown) / 2), -1, 1)
    narrow = _dome(np.where(share < 0, share, 0), 2.4) * np.interp(y, (0.6, 1.5), (1.0, 0.72))
    x = s * half * narrow
    z = MIDDLE - _BACK * _dome(share, 2.2) * _dome(s, 2.2)
    points = np.stack([x, y, z], -1).reshape(-1, 3)
    normals = np.stack([s, 0.6 * share, -_dome(s, 2.0) - 0.05], -1).reshape(-1, 3)
    rim = np.sign(s) * (0.95 - 0.2 * (1 - np.abs(s))) * half * narrow
    rim_points = np.stack([rim, y * 0.97, np.full_like(y, MIDDLE)], -1).reshape(-1, 3)
    return points, normals, _project(rim_points, portrait), grid_triangles(*s.shape, first)
