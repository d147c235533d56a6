"""Pictures that show no face: textures from numbers, and crops of pictures and of photographs beside their faces.

Everything is drawn from a seed, so a measurement can be repeated. All pictures are (256, 256, 3) uint8 BGR.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.face import BoundingBox

SIDE_PX: Final = 256
TEXTURES: Final = ("noise", "stripes", "checks", "blobs")
CROP_SHARE: Final = (0.25, 1.0)
"""Side of a crop of a face-free picture, in shares of the picture's shorter side."""
PIECE_SHARE: Final = (0.2, 0.4)
"""The same beside the faces of a photograph, where there is less room."""
LEAST_CROP_PX: Final = 48
"""Whatever is cut out smaller says little when it is enlarged, and nothing when it is a blur."""
MARGIN: Final = 0.1
"""So much of a face's width and height is kept clear around it: detectors differ in where a face ends."""

_TRIES: Final = 30
_NOISE_CELLS_PX: Final = (1, 2, 4, 8, 16, 32, 64)
_PERIODS_PX: Final = (6.0, 96.0)

Picture = NDArray[np.uint8]


def texture(kind: str, seed: int) -> Picture:
    """A generated picture.

    - noise: random cells of 1 to 64 pixels, grey or coloured, the larger ones with soft borders;
    - stripes: a sine or a square wave in a random direction;
    - checks: the product of two such square waves at right angles;
    - blobs: 3 to 40 ellipses on plain ground, some with soft borders.

    Args:
        kind: one of ``TEXTURES``.
        seed: the same number gives the same picture.
    """
    chance = np.random.default_rng([seed, TEXTURES.index(kind)])
    values = {"noise": _noise, "stripes": _stripes, "checks": _checks, "blobs": _blobs}[kind](chance)
    picture: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return picture


def crop(picture: Picture, chance: np.random.Generator) -> Picture:
    """A square somewhere in a picture without a face, every other time mirrored.

    Args:
        picture: (H, W, 3) uint8 BGR.
        chance: draws size, place and mirroring.
    """
    found = piece_beside(picture, (), chance, CROP_SHARE)
    assert found is not None  # nothing is in its way
    return found


def piece_beside(
    photo: Picture,
    faces: Iterable[BoundingBox],
    chance: np.random.Generator,
    share: tuple[float, float] = PIECE_SHARE,
) -> Picture | None:
    """A square of a photograph that touches none of its faces nor the ``MARGIN`` around them.

    Args:
        photo: (H, W, 3) uint8 BGR.
        faces: in pixels of the photo.
        chance: draws size, place and mirroring.
        share: of the shorter side, from least to greatest.

    Returns:
        None where no room was found in 30 tries.
    """
    height, width = photo.shape[:2]
    shorter = min(height, width)
    barred = [_grown(face) for face in faces]
    for _ in range(_TRIES):
        side = min(shorter, max(LEAST_CROP_PX, round(shorter * chance.uniform(*share))))
        left, top = int(chance.integers(width - side + 1)), int(chance.integers(height - side + 1))
        wanted = BoundingBox(left, top, left + side, top + side)
        if any(wanted.overlap(face) > 0 for face in barred):
            continue
        cut = photo[top : top + side, left : left + side]
        if chance.random() < 0.5:
            cut = cut[:, ::-1]
        how = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(np.ascontiguousarray(cut), (SIDE_PX, SIDE_PX), interpolation=how), np.uint8)
    return None


def _grown(face: BoundingBox) -> BoundingBox:
    across, down = MARGIN * face.width, MARGIN * face.height
    return BoundingBox(face.left - across, face.top - down, face.right + across, face.bottom + down)


def _noise(chance: np.random.Generator) -> NDArray[np.float64]:
    cell = int(chance.choice(_NOISE_CELLS_PX))
    channels = int(chance.choice((1, 3)))
    cells = chance.uniform(size=(SIDE_PX // cell, SIDE_PX // cell, channels))
    grey = np.broadcast_to(cells, (*cells.shape[:2], 3))
    how = cv2.INTER_NEAREST if chance.random() < 0.3 else cv2.INTER_CUBIC
    grown = cv2.resize(np.ascontiguousarray(grey), (SIDE_PX, SIDE_PX), interpolation=how)
    middle, swing = chance.uniform(60, 190, 3), chance.uniform(30, 220)
    return np.asarray(middle + swing * (grown - 0.5))


def _stripes(chance: np.random.Generator) -> NDArray[np.float64]:
    wave = _wave(chance, chance.uniform(0, math.pi))
    return _between(chance, np.sign(wave) if chance.random() < 0.5 else wave)


def _checks(chance: np.random.Generator) -> NDArray[np.float64]:
    angle = chance.uniform(0, math.pi)
    return _between(chance, np.sign(_wave(chance, angle)) * np.sign(_wave(chance, angle + math.pi / 2)))


def _wave(chance: np.random.Generator, angle: float) -> NDArray[np.float64]:
    """(256, 256) in [-1, 1]: a sine along a direction."""
    rows, columns = np.indices((SIDE_PX, SIDE_PX), dtype=np.float64)
    # as many fine ones as coarse ones
    period = math.exp(chance.uniform(*np.log(_PERIODS_PX)))
    along = columns * math.cos(angle) + rows * math.sin(angle)
    return np.asarray(np.sin(2 * math.pi * along / period + chance.uniform(0, 2 * math.pi)))


def _between(chance: np.random.Generator, wave: NDArray[np.float64]) -> NDArray[np.float64]:
    """-1 becomes one random colour, 1 another."""
    one, other = chance.uniform(0, 255, (2, 3))
    weight = (wave[..., np.newaxis] + 1) / 2
    return np.asarray(one + (other - one) * weight)


def _blobs(chance: np.random.Generator) -> NDArray[np.float64]:
    picture = np.broadcast_to(chance.uniform(0, 255, 3), (SIDE_PX, SIDE_PX, 3)).copy()
    rows, columns = np.indices((SIDE_PX, SIDE_PX), dtype=np.float64)
    for _ in range(int(chance.integers(3, 41))):
        x, y = chance.uniform(0, SIDE_PX, 2)
        wide, high = np.exp(chance.uniform(math.log(4), math.log(80), 2))
        angle, colour = chance.uniform(0, math.pi), chance.uniform(0, 255, 3)
        along = (columns - x) * math.cos(angle) + (rows - y) * math.sin(angle)
        across = (rows - y) * math.cos(angle) - (columns - x) * math.sin(angle)
        picture[(along / wide) ** 2 + (across / high) ** 2 < 1] = colour
    softness = chance.uniform(0, 6)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), softness)) if softness > 1 else picture
