"""Textured triangles to pixels: the one place where something three-dimensional becomes a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WEBCAM_LENS: Final = 1.25
"""Focal length of the simulated camera as a multiple of the picture's height: a usual webcam's (42 degrees upright)."""
_NEAR: Final = 0.05
_FAR: Final = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A textured surface.

    Attributes:
        triangles: (T, 3) int32 indices of vertices.
        texture: (H, W, 4) uint8 BGRA; the fourth channel says how much of each pixel belongs to the thing.
    """

    triangles: NDArray[np.int32]
    texture: NDArray[np.uint8]

    @classmethod
    def of(cls, triangles: NDArray[np.int32], texture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> Mesh:
        """From (H, W, 3) uint8 BGR and (H, W) float32, 0 to 1."""
        opacity = np.rint(alpha * 255).astype(np.uint8)
        return cls(np.ascontiguousarray(triangles, np.int32), np.ascontiguousarray(np.dstack([texture, opacity])))


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Part of a picture, to be laid over what is there.

    Attributes:
        left, top: place of the part in the picture, pixels.
        pixels: (h, w, 3) uint8 BGR.
        alpha: (h, w) float32, 0 to 1.
    """

    left: int
    top: int
    pixels: NDArray[np.uint8]
    alpha: NDArray[np.float32]

    def over(self, picture: NDArray[np.uint8]) -> None:
        """Blends the part into ``picture`` (H, W, 3) uint8 in place."""
        height, width = self.alpha.shape
        part = picture[self.top : self.top + height, self.left : self.left + width]
        part[:] = cv2.blendLinear(self.pixels, np.ascontiguousarray(part), self.alpha, 1.0 - self.alpha)


def grid_triangles(rows: int, columns: int, first: int = 0) -> NDArray[np.int32]:
    """(T, 3) int32: two triangles a cell of a grid of vertices in row order, the first of which has index ``first``."""
    index = np.arange(first, first + rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = (corner.reshape(-1) for corner in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])


def draw_mesh(
    mesh: Mesh,
    points: NDArray[np.floating],
    texture_points: NDArray[np.floating],
    light: NDArray[np.floating],
    size: tuple[int, int],
    lens: float = WEBCAM_LENS,
) -> Layer | None:
    """What a pinhole camera of ``size`` (width, height) pixels sees of a mesh; None where it sees nothing.

    1. Perspective projection of the vertices; the smallest rectangle of the picture that holds them.
    2. OpenCV's rasteriser with depth buffer interpolates texture place and brightness between the vertices. It draws
       symmetric views only, so the vertices are sheared until the rectangle's centre is the centre of view.
    3. The texture is read at the interpolated places, times the brightness.

    Args:
        mesh: triangles and texture.
        points: (V, 3) camera coordinates: x right, y down, z forward from the camera, all z > 0.
        texture_points: (V, 2) pixels of the texture.
        light: (V,) brightness factor, 0 to 2.
        size: of the picture.
        lens: focal length as a multiple of the picture's height.
    """
    width, height = size
    focal = lens * height
    depth = np.maximum(points[:, 2], _NEAR * 2)
    px = width / 2 + focal * points[:, 0] / depth
    py = height / 2 + focal * points[:, 1] / depth
    left, top = max(0, math.floor(px.min()) - 1), max(0, math.floor(py.min()) - 1)
    right, bottom = min(width, math.ceil(px.max()) + 1), min(height, math.ceil(py.max()) + 1)
    w, h = right - left, bottom - top
    if w < 2 or h < 2:
        return None

    half = h / 2  # a view of 90 degrees upright: one unit at depth one is half the height
    sheared = np.stack([(px - (left + w / 2)) * depth / half, -(py - (top + half)) * depth / half, -depth], 1)
    th, tw = mesh.texture.shape[:2]
    values = np.stack([texture_points[:, 0] / tw, texture_points[:, 1] / th, light / 2], 1)
    colour = np.zeros((h, w, 3), np.float32)
    nearest = np.full((h, w), _FAR, np.float32)
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    cv2.triangleRasterize(
        np.ascontiguousarray(sheared, np.float32),
        mesh.triangles,
        np.ascontiguousarray(np.clip(values, 0, 1), np.float32),
        colour,
        nearest,
        np.eye(4, dtype=np.float32),
        math.pi / 2,
        _NEAR,
        _FAR,
        settings,
    )
    place_x, place_y, brightness = cv2.split(colour)
    place_x *= tw
    place_y *= th
    seen = cv2.remap(mesh.texture, place_x, place_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # One pixel is taken off the aliased outline and the step softened into a ramp.
    covered = cv2.erode((nearest < _FAR).astype(np.float32), np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(covered, (3, 3), 0) * cv2.extractChannel(seen, 3)
    alpha *= 1 / 255
    factor = (brightness * 255).astype(np.uint8)
    pixels = cv2.multiply(cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR), cv2.merge([factor] * 3), scale=2 / 255)
    return Layer(left, top, pixels, alpha)
