"""A camera frame and the face found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LANDMARK_NAMES: Final = ("right eye", "left eye", "nose tip", "right mouth corner", "left mouth corner")
"""Order of the five landmarks; right and left are the person's own, so the right eye lies left in the picture."""


def _frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """A read-only view, or a read-only copy where the caller could still write through its base."""
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one camera.

    Attributes:
        pixels: (H, W, 3) uint8, BGR, read-only.
        captured_ns: monotonic nanoseconds at which the picture was taken.
        sequence: counts up by one for each picture of this source.

    Raises:
        ValueError: the array is not (H, W, 3) uint8 or is empty.
    """

    pixels: NDArray[np.uint8]
    captured_ns: int
    sequence: int

    def __post_init__(self) -> None:
        pixels = self.pixels
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError("a frame is an (H, W, 3) uint8 array in BGR order")
        if pixels.shape[0] < 1 or pixels.shape[1] < 1:
            raise ValueError("a frame has at least one pixel")
        object.__setattr__(self, "pixels", _frozen(pixels))

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """Axis-parallel box in pixels of its frame; may reach over the frame's border.

    Raises:
        ValueError: not finite, or without area.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not all(np.isfinite(v) for v in (self.left, self.top, self.right, self.bottom)):
            raise ValueError("a box has finite borders")
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError("a box has an area")

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlap(self, other: BoundingBox) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Five points (x, y) in pixels, in the order of ``LANDMARK_NAMES``: (5, 2) float32, read-only, finite.

    Raises:
        ValueError: another shape, or not finite.
    """

    points: NDArray[np.float32]

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float32)
        if points.shape != (5, 2) or not np.isfinite(points).all():
            raise ValueError("five finite (x, y) points are needed")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes."""
        return float(np.linalg.norm(self.points[1] - self.points[0]))


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """A face in a frame: box and landmarks in the frame's pixels, detector score in [0, 1]."""

    box: BoundingBox
    landmarks: Landmarks
    score: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError("a detector score lies in [0, 1]")


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFace:
    """A face turned upright into an encoder's template.

    Attributes:
        crop: (S, S, 3) uint8 BGR, read-only; S is the encoder's input size.
        matrix: (2, 3) float64, maps frame pixels to crop pixels.
        template: name of the landmark template, as on the encoder's card.
        sequence: of the source frame.
    """

    crop: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    template: str
    sequence: int

    def __post_init__(self) -> None:
        if self.crop.dtype != np.uint8 or self.crop.ndim != 3 or self.crop.shape[0] != self.crop.shape[1]:
            raise ValueError("an aligned face is a square (S, S, 3) uint8 crop")
        if self.matrix.shape != (2, 3) or not np.isfinite(self.matrix).all():
            raise ValueError("the alignment is a finite (2, 3) matrix")
        object.__setattr__(self, "crop", _frozen(self.crop))
        object.__setattr__(self, "matrix", _frozen(self.matrix))
