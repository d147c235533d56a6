"""What a simulated camera does to the light that falls into it, and what another camera did to a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.rendering.motion import Sway
from faceguard.camera.rendering.portrait import FacePhoto

_NOISE_MARGIN: Final = 64
_GREY: Final = np.arange(256) / 255.0


@dataclass(frozen=True, slots=True)
class SensorTraits:
    """How one camera differs from a perfect one.

    Attributes:
        noise: standard deviation in grey levels.
        blur_px: standard deviation of the lens blur in pixels.
        gain: brightness factor.
        gamma: exponent; above 1 darkens the middle tones.
        white_balance: factors on blue, green and red.
        drift: relative size of the slow swings of the exposure.
        jpeg_quality: of the camera's own compression, 1 to 100; None for none.
    """

    noise: float = 2.2
    blur_px: float = 0.5
    gain: float = 1.0
    gamma: float = 1.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    drift: float = 0.02
    jpeg_quality: int | None = None

    @classmethod
    def varied(cls, seed: int) -> SensorTraits:
        """A camera as it might hang at some door: its own light, colours, noise and focus."""
        rng = np.random.default_rng(seed)
        warmth = float(rng.uniform(-0.07, 0.07))
        return cls(
            noise=float(rng.uniform(1.5, 4.5)),
            blur_px=float(rng.uniform(0.4, 0.9)),
            gain=float(rng.uniform(0.82, 1.12)),
            gamma=float(rng.uniform(0.85, 1.2)),
            white_balance=(1 - warmth, 1.0, 1 + warmth),
            drift=float(rng.uniform(0.01, 0.03)),
        )


class Sensor:
    """Exposes frames; no two of them are alike.

    Args:
        traits: of the camera.
        seed: of the noise and the drift.
    """

    def __init__(self, traits: SensorTraits | None = None, *, seed: int = 0) -> None:
        self._traits = traits or SensorTraits()
        self._rng = np.random.default_rng(seed)
        self._drift = Sway(self._traits.drift, 7.0, self._rng)
        self._noise = np.zeros((0, 0, 3), np.int16)

    def expose(self, scene: NDArray[np.uint8], now_s: float) -> NDArray[np.uint8]:
        """The frame, (H, W, 3) uint8 BGR, that the camera makes of a rendered scene.

        1. Lens blur. 2. Exposure, white balance and gamma as one table. 3. Noise, cut at a random place and mirrored
        at random from a tile that is larger than the frame. 4. The camera's compression, if it has one.

        Args:
            scene: (H, W, 3) uint8 BGR; not changed.
            now_s: time of the scene.
        """
        traits = self._traits
        frame = scene
        if traits.blur_px > 0:
            frame = cv2.GaussianBlur(frame, (3, 3) if traits.blur_px < 0.8 else (5, 5), traits.blur_px)
        frame = cv2.LUT(frame, self._table(now_s))
        if traits.noise > 0:
            frame = cv2.add(frame, self._noise_of(scene.shape[0], scene.shape[1]), dtype=cv2.CV_8U)
        if traits.jpeg_quality is not None:
            _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, traits.jpeg_quality])
            frame = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        return np.asarray(frame, np.uint8)

    def _table(self, now_s: float) -> NDArray[np.uint8]:
        gain = self._traits.gain * (1 + self._drift.at(now_s))
        return _curve(gain, self._traits.gamma, self._traits.white_balance)

    def _noise_of(self, height: int, width: int) -> NDArray[np.int16]:
        if self._noise.shape[0] < height + _NOISE_MARGIN or self._noise.shape[1] < width + _NOISE_MARGIN:
            shape = (height + _NOISE_MARGIN, width + _NOISE_MARGIN, 3)
            grain = self._rng.standard_normal(shape, np.float32)
            grain = cv2.GaussianBlur(grain, (3, 3), 0.6)  # neighbours share noise through the colour filter
            self._noise = np.rint(grain * (self._traits.noise / float(grain.std()))).astype(np.int16)
        top, left = (int(v) for v in self._rng.integers(0, _NOISE_MARGIN, 2))
        step = 1 if self._rng.random() < 0.5 else -1
        return np.ascontiguousarray(self._noise[top : top + height, left : left + width][::step])


def retaken(photo: FacePhoto, seed: int) -> FacePhoto:
    """The same face as another camera in another light would have taken it: the person at the door is not the ID photo.

    Resolution, focus, light from one side, exposure, colours, noise and compression change; the geometry does not.
    It is weaker than what really lies between two photographs of a person (age, expression, hair, glasses).

    Args:
        photo: the enrolment photo.
        seed: of what happens to it.
    """
    rng = np.random.default_rng(seed)
    pixels = photo.pixels
    height, width = pixels.shape[:2]
    # As many pixels as leave about this many between the eyes.
    scale = min(1.0, float(rng.uniform(34, 48)) / photo.landmarks.eye_distance)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.4, 0.7)))
    warmth = float(rng.uniform(-0.08, 0.08))
    small = cv2.LUT(
        small, _curve(float(rng.uniform(0.8, 1.15)), float(rng.uniform(0.8, 1.3)), (1 - warmth, 1, 1 + warmth))
    )
    side = float(rng.uniform(-0.22, 0.22))
    centre, face = photo.box.centre[0] * scale, photo.box.width * scale
    across = 1 + side * np.clip((np.arange(small.shape[1]) - centre) / face, -1, 1)
    lit = small * across[None, :, None] + rng.normal(0, float(rng.uniform(1.5, 4)), small.shape)
    small = np.clip(np.rint(lit), 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 86))])
    small = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    again = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return FacePhoto(again, photo.landmarks, photo.box)


def _curve(gain: float, gamma: float, white_balance: tuple[float, float, float]) -> NDArray[np.uint8]:
    """(256, 1, 3) uint8 table for ``cv2.LUT``."""
    levels = np.stack([np.clip(gain * factor * _GREY, 0, 1) ** gamma for factor in white_balance], -1)
    return np.rint(levels * 255).astype(np.uint8).reshape(256, 1, 3)
