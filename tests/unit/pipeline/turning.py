"""A plain simulation for the parallax tests: a photograph over a depth map, rotated, seen by a pinhole camera.

It is written apart from the synthetic camera, so that the probe is not measured by one idea of a head alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks

WIDTH, HEIGHT = 288, 336


@dataclass
class Turning:
    """Something with a face that turns in front of the camera.

    ``depth`` scales the relief of the head; 0 is a flat picture. Lengths are eye distances: x right, y down, z towards
    the camera, from the middle between the eyes. A positive turn is towards the person's own left.
    """

    picture: np.ndarray
    eyes: tuple[tuple[float, float], tuple[float, float]]
    turn_deg: float = 25.0
    depth: float = 1.0
    eye_px: float = 72.0
    focal_px: float = 600.0
    noise: float = 2.0
    shake_deg: float = 0.0
    seed: int = 0
    frames: int = 22
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        right, left = np.array(self.eyes, float)
        across = left - right
        step = 1 / self.eye_px
        x, y = np.meshgrid(np.arange(-1.6, 1.6, step), np.arange(-1.7, 2.3, step))
        self.step, self.start = step, (-1.6, -1.7)
        source = (right + left) / 2 + x[..., None] * across + y[..., None] * np.array([-across[1], across[0]])
        self.texture = cv2.remap(self.picture, np.float32(source[..., 0]), np.float32(source[..., 1]), cv2.INTER_CUBIC)
        self.points = np.stack([x, y, self._relief(x, y)], axis=-1)
        inside = 1 - (x / 1.25) ** 2 - ((y - 0.35) / 1.75) ** 2
        self.cover = np.clip(inside / 0.06, 0, 1).astype(np.float32) if self.depth else np.ones_like(x, np.float32)
        coarse = self.rng.integers(40, 220, (24, 32, 3)).astype(np.uint8)
        self.room = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        drift = np.cumsum(self.rng.normal(0, 0.006, (self.frames, 2)), axis=0)
        self.shift = drift - drift[0]

    def _relief(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        skull = 1.35 * np.sqrt(np.clip(1 - (x / 1.25) ** 2 - ((y - 0.35) / 1.75) ** 2, 0, None)) - 1.35
        nose = 0.33 * np.exp(-((x / 0.2) ** 2) - ((y - 0.58) / np.where(y < 0.58, 0.38, 0.13)) ** 2)
        return self.depth * (skull + nose)

    def _seen(self, points: np.ndarray, number: int) -> np.ndarray:
        share = np.clip((number - 3) / (self.frames - 8), 0, 1)
        yaw = np.radians(self.turn_deg) * share * share * (3 - 2 * share)
        pitch = np.radians(self.shake_deg) * np.sin(0.9 * number)
        yaw += 0.5 * np.radians(self.shake_deg) * np.sin(0.7 * number)
        cos_y, sin_y, cos_p, sin_p = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        rotation = np.array([[cos_y, 0, sin_y], [0, cos_p, -sin_p * cos_y], [-sin_y, sin_p, cos_p * cos_y]])
        pivot = np.array([0, 0.4, -1.2 * self.depth])
        turned = (points - pivot) @ rotation.T + pivot
        distance = self.focal_px / self.eye_px
        near = distance / (distance - turned[..., 2:])
        return (turned[..., :2] + self.shift[number]) * near * self.eye_px + (WIDTH / 2, HEIGHT / 2 - 30)

    def frame(self, number: int) -> Frame:
        u, v = np.float32(self._seen(self.points, number)).transpose(2, 0, 1)
        columns, rows = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
        x = ((columns - WIDTH / 2) / self.eye_px - self.start[0]) / self.step
        y = ((rows - HEIGHT / 2 + 30) / self.eye_px - self.start[1]) / self.step
        for _ in range(6):  # the texture point that is seen at each pixel, by fixed-point iteration
            beyond_x, beyond_y = x - np.clip(x, 0, u.shape[1] - 1), y - np.clip(y, 0, u.shape[0] - 1)
            x = x + 0.8 * (columns - cv2.remap(u, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) - beyond_x)
            y = y + 0.8 * (rows - cv2.remap(v, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) - beyond_y)
        face = cv2.remap(self.texture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.remap(self.cover, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None]
        picture = cv2.GaussianBlur(self.room * (1 - cover) + face * cover, (0, 0), 0.6)
        picture += self.rng.normal(0, self.noise, picture.shape)
        return Frame(np.clip(picture, 0, 255).astype(np.uint8), number * 40_000_000, number)

    def face(self, number: int) -> DetectedFace:
        plane = np.array([(-0.5, 0), (0.5, 0), (0, 0.58), (-0.4, 1.12), (0.4, 1.12)])
        points = np.column_stack([plane, self._relief(*plane.T)])
        seen = self._seen(points, number) + self.rng.normal(0, 0.03 * self.eye_px, (5, 2))
        x, y = seen.mean(axis=0)
        reach = self.eye_px
        return DetectedFace(
            BoundingBox(x - 1.1 * reach, y - 1.5 * reach, x + 1.1 * reach, y + 1.5 * reach), Landmarks(seen), 0.9
        )

    def __iter__(self) -> Iterator[tuple[Frame, DetectedFace]]:
        return ((self.frame(number), self.face(number)) for number in range(self.frames))
