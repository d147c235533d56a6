"""Presentation attack instruments: a photograph on paper, badge or phone; flat, held by a hand, tilted, bent."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.camera.rendering.mesh import WEBCAM_LENS, Layer, Mesh, draw_mesh, grid_triangles
from faceguard.camera.rendering.motion import EasedValue, Sway
from faceguard.camera.rendering.portrait import FacePhoto, upright

_DENSITY: Final = 72
_ROWS: Final = 13
_COLUMNS: Final = 17
_REACTION_S: Final = 0.4


class Medium(StrEnum):
    """What the photograph is on."""

    PRINT = "print"
    BADGE = "badge"
    PHONE = "phone"


class AttackMove(StrEnum):
    """What an attacker does with the picture when the door asks for a turn of the head."""

    NOTHING = "nothing"
    ROTATE = "rotate about the upright axis"
    SHAKE = "shake"
    BEND = "bend and rotate"


_CROPS: Final = {  # what of the photo is shown: left, top, right, bottom in eye distances from between the eyes
    Medium.PRINT: (-2.3, -2.7, 2.3, 3.6),
    Medium.BADGE: (-1.7, -2.3, 1.7, 2.2),
    Medium.PHONE: (-1.9, -2.9, 1.9, 4.1),
}


class PlaneActor:
    """Draws a held-up picture.

    Args:
        photo: what is on it.
        medium: paper, badge or phone.
        seed: of the small movements and the tilt.
        move: how it answers a challenge.
        tilt_deg: how far it leans at rest, at most.
        steady: factor on the shaking of the hand; 0 is a tripod.
    """

    def __init__(
        self,
        photo: FacePhoto,
        medium: Medium,
        *,
        seed: int = 0,
        move: AttackMove = AttackMove.ROTATE,
        tilt_deg: float = 7.0,
        steady: float = 1.0,
    ) -> None:
        rng = np.random.default_rng(seed)
        self._medium = medium
        self._move = move
        texture, alpha, origin = _PAINTERS[medium](photo)
        rows, columns = np.linspace(0, 1, _ROWS), np.linspace(0, 1, _COLUMNS)
        gx, gy = np.meshgrid(columns * texture.shape[1], rows * texture.shape[0])
        self._texture_points = np.stack([gx, gy], -1).reshape(-1, 2)
        self._flat = (self._texture_points - origin) / _DENSITY
        self._mesh = Mesh.of(grid_triangles(_ROWS, _COLUMNS), texture, alpha)
        self._rest = {
            "yaw": float(rng.uniform(-tilt_deg, tilt_deg)),
            "pitch": float(rng.uniform(-tilt_deg, tilt_deg)),
            "roll": float(rng.uniform(-tilt_deg, tilt_deg) * 0.5),
        }
        self._yaw = EasedValue(self._rest["yaw"])
        self._bend = EasedValue(0.0)
        self._shake = EasedValue(1.0)
        self._closeness = EasedValue(1.0)
        self._sway = {
            name: Sway(steady * size, period, rng)
            for name, size, period in (
                ("x", 0.06, 2.3),
                ("y", 0.05, 1.9),
                ("yaw", 1.5, 1.7),
                ("pitch", 1.5, 2.1),
                ("roll", 1.2, 2.6),
                ("scale", 0.015, 2.9),
            )
        }
        self._phase = float(rng.uniform(0, 2 * math.pi))

    def turn(self, direction: str, now_s: float) -> None:
        """Answers "left", "right" or "straight" as the attacker does."""
        start = now_s + _REACTION_S
        side = {"left": 1.0, "right": -1.0, "straight": 0.0}[direction]
        if self._move in (AttackMove.ROTATE, AttackMove.BEND):
            self._yaw.go(side * 34 if side else self._rest["yaw"], start, 0.9)
        if self._move is AttackMove.BEND:
            self._bend.go(0.22 if side else 0.0, start, 0.7)
        if self._move is AttackMove.SHAKE:
            self._shake.go(8.0 if side else 1.0, start, 0.3)

    def come_closer(self, now_s: float) -> None:
        """The picture is brought closer."""
        self._closeness.go(1.35, now_s + _REACTION_S, 1.0)

    def draw(self, size: tuple[int, int], place: tuple[float, float, float], now_s: float) -> Layer | None:
        """What the camera sees; arguments as of ``HeadActor.draw``."""
        shake = self._shake.at(now_s)
        hurry = 1.0 if shake <= 1 else 3.0
        sway = {name: shake * wave.at(now_s * hurry) for name, wave in self._sway.items()}
        yaw = math.radians(self._yaw.at(now_s) + sway["yaw"])
        pitch = math.radians(self._rest["pitch"] + sway["pitch"])
        roll = math.radians(self._rest["roll"] + sway["roll"])
        width, height = size
        x, y, eyes = place
        eyes *= self._closeness.at(now_s) * (1 + sway["scale"])
        turned = self._bent(self._bend.at(now_s)) @ _rotation(yaw, pitch, roll).T
        points = np.empty_like(turned)
        points[:, 0] = turned[:, 0] + (x - 0.5) * width / height / eyes + sway["x"]
        points[:, 1] = turned[:, 1] + (y - 0.5) / eyes + sway["y"]
        points[:, 2] = WEBCAM_LENS / eyes - turned[:, 2]
        layer = draw_mesh(self._mesh, points, self._texture_points, self._glare(yaw, pitch), size)
        if layer is not None and self._medium is Medium.PHONE:
            layer = self._scanned(layer, eyes * height, yaw, now_s)
        return layer

    def _bent(self, curvature: float) -> NDArray[np.float64]:
        """Vertices (V, 3) of the sheet, rolled around an upright cylinder of this curvature (1 / eye distance)."""
        x, y = self._flat[:, 0], self._flat[:, 1]
        if abs(curvature) < 1e-4:
            return np.stack([x, y, np.zeros_like(x)], 1)
        return np.stack([np.sin(x * curvature) / curvature, y, (np.cos(x * curvature) - 1) / curvature], 1)

    def _glare(self, yaw: float, pitch: float) -> NDArray[np.float64]:
        """Brightness of the vertices: the lamp's reflection wanders over the sheet as it tilts."""
        centre_x, centre_y = 1.2 - 4.5 * yaw, -2.2 + 4.5 * pitch
        spot = np.exp(-((self._flat[:, 0] - centre_x) ** 2 + (self._flat[:, 1] - centre_y) ** 2) / 1.1**2)
        strength = {Medium.PRINT: 0.45, Medium.BADGE: 0.7, Medium.PHONE: 0.5}[self._medium]
        return np.asarray(1.0 - 0.25 * abs(math.sin(yaw)) + strength * spot)

    def _scanned(self, layer: Layer, eyes_px: float, yaw: float, now_s: float) -> Layer:
        """Moire between the screen's and the sensor's pixels, and the bands of the screen's refresh."""
        h, w = layer.alpha.shape
        beat = 0.55 + 0.25 * math.sin(eyes_px * 0.7)
        kx, ky = beat * math.cos(0.35) / math.cos(yaw), beat * math.sin(0.35)
        px, py = kx * np.arange(w) + self._phase, ky * np.arange(h) + 1.3 * now_s
        moire = np.outer(np.sin(py), np.cos(px)) + np.outer(np.cos(py), np.sin(px))
        band = 0.07 * np.sin(2 * math.pi * ((np.arange(h) + layer.top) / 190.0 - 1.7 * now_s))
        pattern = (1.0 + 0.045 * moire + band[:, None]).astype(np.float32)
        pixels = cv2.multiply(layer.pixels, cv2.merge([pattern] * 3), dtype=cv2.CV_8U)
        return Layer(layer.left, layer.top, pixels, layer.alpha)


def _rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Head-like angles in radians to a matrix; x right, y down, z towards the camera; positive yaw turns z to +x."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (math.cos, math.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


_Painted = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float64]]


def _canvas(
    margins: tuple[float, float, float, float], medium: Medium
) -> tuple[tuple[int, int], NDArray[np.float64], tuple[int, int]]:
    """Size (h, w) in pixels of crop plus margins (left, top, right, bottom, units), origin, the photo's corner."""
    left, top, right, bottom = _CROPS[medium]
    corner = (round(margins[0] * _DENSITY), round(margins[1] * _DENSITY))
    h = round((bottom - top + margins[1] + margins[3]) * _DENSITY)
    w = round((right - left + margins[0] + margins[2]) * _DENSITY)
    return (h, w), np.array([corner[0] - left * _DENSITY, corner[1] - top * _DENSITY]), corner


def _place(canvas: NDArray[np.uint8], photo: FacePhoto, medium: Medium, corner: tuple[int, int]) -> NDArray[np.uint8]:
    """Puts the crop of the photo onto the canvas and returns that part."""
    crop = upright(photo, _CROPS[medium], _DENSITY)
    part = canvas[corner[1] : corner[1] + crop.shape[0], corner[0] : corner[0] + crop.shape[1]]
    part[:] = crop[: part.shape[0], : part.shape[1]]
    return part


def _rounded(alpha: NDArray[np.float32], box: tuple[int, int, int, int], radius: int) -> None:
    """Fills a rounded rectangle (left, top, right, bottom) with 1."""
    left, top, right, bottom = box
    cv2.rectangle(alpha, (left + radius, top), (right - radius, bottom), 1.0, -1)
    cv2.rectangle(alpha, (left, top + radius), (right, bottom - radius), 1.0, -1)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(alpha, (x, y), radius, 1.0, -1, cv2.LINE_AA)


def _thumb(
    canvas: NDArray[np.uint8], alpha: NDArray[np.float32], tip: tuple[int, int], length: int, lean: float
) -> None:
    """A thumb that holds the lower edge, its tip at ``tip``, leaning by ``lean`` degrees."""
    width = int(0.2 * _DENSITY)
    centre = (round(tip[0] + math.sin(math.radians(lean)) * length / 2), round(tip[1] + length / 2))
    for shrink, tone in ((1.0, (96, 124, 176)), (0.82, (118, 148, 200)), (0.55, (134, 164, 214))):
        axes = (round(width * shrink), round(length * 0.5 * shrink))
        cv2.ellipse(canvas, centre, axes, -lean, 0, 360, tone, -1, cv2.LINE_AA)
    cv2.ellipse(alpha, centre, (width, round(length * 0.5)), -lean, 0, 360, 1.0, -1, cv2.LINE_AA)


def _paint_print(photo: FacePhoto) -> _Painted:
    """A sheet of paper with a white border, held at its lower corners."""
    rim, grip = 0.35, 0.7
    (h, w), origin, corner = _canvas((rim, rim, rim, rim + grip), Medium.PRINT)
    canvas = np.full((h, w, 3), (236, 240, 240), np.uint8)
    part = _place(canvas, photo, Medium.PRINT, corner)
    # Ink on paper: less contrast, blacks that are not black, a little blur.
    printed = cv2.GaussianBlur(part, (0, 0), 0.8).astype(np.float32) * 0.82 + 26
    grain = np.random.default_rng(1).normal(0, 2.5, part.shape[:2])[..., None]
    part[:] = np.clip(printed + grain, 0, 255).astype(np.uint8)
    alpha = np.zeros((h, w), np.float32)
    bottom = h - round(grip * _DENSITY)
    alpha[3:bottom, 3 : w - 3] = 1.0
    for x, lean in ((round(0.16 * w), -14.0), (round(0.84 * w), 14.0)):
        _thumb(canvas, alpha, (x, bottom - round(0.55 * _DENSITY)), round(1.2 * _DENSITY), lean)
    return canvas, alpha, origin


def _paint_badge(photo: FacePhoto) -> _Painted:
    """A plastic card with a header, the photo and lines of print, held at its lower edge."""
    (h, w), origin, corner = _canvas((0.45, 1.0, 0.45, 2.1), Medium.BADGE)
    canvas = np.full((h, w, 3), (242, 240, 238), np.uint8)
    canvas[: corner[1] - 12] = (112, 100, 30)
    cv2.ellipse(canvas, (w // 2, 22), (26, 7), 0, 0, 360, (40, 40, 40), -1, cv2.LINE_AA)
    part = _place(canvas, photo, Medium.BADGE, corner)
    part[:] = (part.astype(np.float32) * 0.86 + 20).astype(np.uint8)
    below = corner[1] + part.shape[0] + 22
    for line, (share, thick) in enumerate(((0.72, 12), (0.5, 7), (0.6, 7))):
        y = below + line * 26
        cv2.rectangle(canvas, (corner[0], y), (corner[0] + round(share * part.shape[1]), y + thick), (70, 66, 62), -1)
    alpha = np.zeros((h, w), np.float32)
    bottom = h - round(0.75 * _DENSITY)
    _rounded(alpha, (3, 3, w - 4, bottom), 20)
    _thumb(canvas, alpha, (round(0.62 * w), bottom - round(0.75 * _DENSITY)), round(1.45 * _DENSITY), 10)
    return canvas, alpha, origin


def _paint_phone(photo: FacePhoto) -> _Painted:
    """A phone with a dark bezel, its screen brighter and bluer than paper."""
    side, end, grip = 0.16, 0.3, 0.6
    (h, w), origin, corner = _canvas((side, end, side, end + grip), Medium.PHONE)
    canvas = np.full((h, w, 3), (22, 20, 20), np.uint8)
    part = _place(canvas, photo, Medium.PHONE, corner)
    shown = part.astype(np.float32) * (1.12, 1.06, 1.0) + 12
    part[:] = np.clip(shown, 0, 255).astype(np.uint8)
    cv2.circle(canvas, (w // 2, corner[1] // 2), 4, (60, 50, 45), -1, cv2.LINE_AA)
    alpha = np.zeros((h, w), np.float32)
    bottom = h - round(grip * _DENSITY)
    cv2.rectangle(canvas, (3, 3), (w - 4, bottom), (70, 68, 66), 3)
    _rounded(alpha, (2, 2, w - 3, bottom), 26)
    _thumb(canvas, alpha, (round(0.8 * w), bottom - round(0.6 * _DENSITY)), round(1.15 * _DENSITY), 16)
    return canvas, alpha, origin


_PAINTERS: Final[dict[Medium, Callable[[FacePhoto], _Painted]]] = {
    Medium.PRINT: _paint_print,
    Medium.BADGE: _paint_badge,
    Medium.PHONE: _paint_phone,
}
