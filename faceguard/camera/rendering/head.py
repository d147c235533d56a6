"""A simulated person: a photograph dressed over a generic head, which sways, blinks, turns and steps closer."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.camera.rendering import head_shape
from faceguard.camera.rendering.mesh import WEBCAM_LENS, Layer, draw_mesh
from faceguard.camera.rendering.motion import EasedValue, Sway, ease
from faceguard.camera.rendering.portrait import DENSITY, FacePhoto, cut_out

TURN_DEG: Final = 28.0
"""How far people turn their head when asked to."""
REACTION_S: Final = 0.35
TURN_S: Final = 0.9
_CLOSER: Final = 1.35
_LIGHT: Final = np.array([-0.25, -0.55, 0.8])
_AMBIENT: Final = 0.62


class HeadActor:
    """Draws one person.

    Args:
        photo: of the person, with the face's place.
        seed: of the small movements.
        turn_deg: how far the head turns when asked.
        relief: factor on the depth of nose, sockets, lips and chin; 1 is the mean face.
        nose_width: factor on the width of the nose; 1 is the mean face.
        lively: factor on the small movements; 0 is a wax figure.
        lens: focal length as a multiple of the picture's height; a long one sees the same face from farther away, with
            less perspective in it, as portraits are taken.
    """

    def __init__(
        self,
        photo: FacePhoto,
        *,
        seed: int = 0,
        turn_deg: float = TURN_DEG,
        relief: float = 1.0,
        nose_width: float = 1.0,
        lively: float = 1.0,
        lens: float = WEBCAM_LENS,
    ) -> None:
        rng = np.random.default_rng(seed)
        portrait = cut_out(photo, head_shape.MIDDLE)
        self._shape = head_shape.build(portrait, relief, nose_width)
        self._lid_pixels = self._shape.lids * DENSITY
        self._photo_yaw = portrait.yaw_deg
        self._eye_distance = portrait.eye_distance
        # At rest people look at the camera, whatever they did in the photo; but what the photo hides stays unknown.
        self._rest_yaw = 0.4 * portrait.yaw_deg
        self._turn_deg = turn_deg
        self._lens = lens
        self._yaw = EasedValue(self._rest_yaw)
        self._closeness = EasedValue(1.0)
        self._sway = {
            name: Sway(lively * size, period, rng)
            for name, size, period in (
                ("x", 0.05, 4.1),
                ("y", 0.03, 3.3),
                ("yaw", 1.8, 2.9),
                ("pitch", 1.2, 3.7),
                ("roll", 0.9, 4.7),
                ("scale", 0.012, 5.3),
            )
        }
        self._blinks = np.cumsum(rng.uniform(1.8, 5.0, 400)) if lively else np.empty(0)

    @property
    def base_yaw_deg(self) -> float:
        """Yaw at rest; the photo's own pose shows through a little."""
        return self._rest_yaw

    def turn(self, direction: str, now_s: float) -> None:
        """Answers "turn left", "turn right" or "straight" (the person's own sides), after a human reaction time."""
        target = {"left": self._turn_deg, "right": -self._turn_deg, "straight": self._rest_yaw}[direction]
        # The photo knows no more of the far side than this.
        target = float(np.clip(target, self._photo_yaw - 42, self._photo_yaw + 42))
        self._yaw.go(target, now_s + REACTION_S, TURN_S)

    def come_closer(self, now_s: float) -> None:
        """Steps towards the camera."""
        self._closeness.go(_CLOSER, now_s + REACTION_S, 1.2)

    def yaw_at(self, now_s: float) -> float:
        """Yaw in degrees, small movements included."""
        return self._yaw.at(now_s) + self._sway["yaw"].at(now_s)

    def draw(self, size: tuple[int, int], place: tuple[float, float, float], now_s: float) -> Layer | None:
        """What the camera sees of the person.

        Args:
            size: (width, height) of the picture in pixels.
            place: x and y of the point between the eyes as shares of width and height, and the eye distance as a
                share of the height.
            now_s: time of the scene.
        """
        sway = {name: wave.at(now_s) for name, wave in self._sway.items()}
        width, height = size
        x, y, eyes = place
        eyes *= self._closeness.at(now_s) * (1 + sway["scale"]) / self._eye_distance
        turned, light = self._posed(self.yaw_at(now_s), sway["pitch"], sway["roll"])
        distance = self._lens / eyes  # in units: the size at which a pinhole camera shows one eye distance
        points = np.empty_like(turned)
        points[:, 0] = turned[:, 0] + (x - 0.5) * width / height / eyes + sway["x"]
        points[:, 1] = turned[:, 1] + (y - 0.5) / eyes + sway["y"]
        points[:, 2] = distance - turned[:, 2]
        texture_points = self._shape.texture_points
        shut = self._eyelids(now_s)
        if shut > 0:
            texture_points = texture_points.copy()
            texture_points[:, 1] -= shut * self._lid_pixels
        return draw_mesh(self._shape.mesh, points, texture_points, light, size, self._lens)

    def _posed(
        self, yaw_deg: float, pitch_deg: float, roll_deg: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Vertices of the posed head (V, 3) and their brightness (V,)."""
        shape = self._shape
        follow = shape.follow
        yaw, pitch, roll = (np.radians(angle) * follow for angle in (yaw_deg, pitch_deg, roll_deg))
        cos, sin = np.cos(yaw), np.sin(yaw)
        x, y = shape.points[:, 0], shape.points[:, 1] - head_shape.NODDING_HEIGHT
        z = shape.points[:, 2] - head_shape.TURNING_AXIS
        x, z = x * cos + z * sin, z * cos - x * sin
        nx = shape.normals[:, 0] * cos + shape.normals[:, 2] * sin
        nz = shape.normals[:, 2] * cos - shape.normals[:, 0] * sin
        # Nod and tilt are small: first order is enough, and their second order is not seen.
        y, z = y + z * pitch * -1.0, z + y * pitch
        x, y = x - y * roll, y + x * roll
        points = np.stack([x, y + head_shape.NODDING_HEIGHT, z + head_shape.TURNING_AXIS], 1)
        sun = _LIGHT / np.linalg.norm(_LIGHT)
        before = _AMBIENT + (1 - _AMBIENT) * np.maximum(0, shape.normals @ sun)
        after = _AMBIENT + (1 - _AMBIENT) * np.maximum(0, nx * sun[0] + shape.normals[:, 1] * sun[1] + nz * sun[2])
        light = np.clip(after / before, 0.7, 1.3)
        light[shape.front :] *= 0.9
        return points, light

    def _eyelids(self, now_s: float) -> float:
        """How far the eyes are shut, 0 to 1."""
        nearest = self._blinks[np.searchsorted(self._blinks, now_s - 0.2) :][:1]
        if nearest.size == 0:
            return 0.0
        away = abs(now_s - float(nearest[0])) / 0.14
        return ease(1.0 - away) if away < 1 and math.isfinite(away) else 0.0
