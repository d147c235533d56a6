"""The room behind the people: a wall out of focus, of its own and never of the photograph."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_WALLS = ((196, 204, 208), (176, 190, 186), (168, 180, 196), (204, 196, 184), (150, 160, 168))


def paint_wall(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 BGR: plaster, light from one side, a door frame and a picture, all slightly blurred.

    Args:
        width, height: in pixels.
        seed: of colours and places.
    """
    rng = np.random.default_rng(seed)
    wall = np.empty((height, width, 3), np.float32)
    wall[:] = _WALLS[int(rng.integers(len(_WALLS)))]
    side = float(rng.uniform(-0.22, 0.22))
    wall *= (1 + side * np.linspace(-1, 1, width))[None, :, None] * np.linspace(1.05, 0.88, height)[:, None, None]
    for cells, strength in ((5, 7.0), (23, 4.0), (90, 2.5)):
        patches = rng.normal(0, strength, (cells, cells)).astype(np.float32)
        wall += cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]

    left = float(rng.choice((0.02, 0.8)))
    door = (round(left * width), round(0.08 * height), round((left + 0.17) * width), height)
    cv2.rectangle(wall, door[:2], door[2:], tuple(float(v) for v in rng.uniform(70, 150, 3)), -1)
    cv2.rectangle(wall, door[:2], door[2:], (225.0, 225.0, 222.0), max(2, width // 90))
    x, y = (0.82 - left) * width, float(rng.uniform(0.1, 0.25)) * height
    corner = (round(x), round(y))
    opposite = (round(x + 0.13 * width), round(y + 0.22 * height))
    cv2.rectangle(wall, corner, opposite, tuple(float(v) for v in rng.uniform(60, 210, 3)), -1)
    cv2.rectangle(wall, corner, opposite, (60.0, 70.0, 80.0), max(2, width // 110))
    wall = cv2.GaussianBlur(wall, (0, 0), 0.0045 * height)
    return np.asarray(np.clip(wall, 0, 255), np.uint8)
