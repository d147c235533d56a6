"""Distils the landmark refiner: five points on a crop that the detector's coarse points cut out.

The target is the mean of the teacher's points over several views of the photograph (other scales, mirror image,
shifts): a single answer of the teacher moves by about 5 % of the eye distance when the photograph is shifted by a few
pixels, and the mean does not hand that on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceguard.training.augment import Light, log_uniform, relight, sample, similarity, uniform
from faceguard.training.networks import LANDMARK_SIDE

TEMPLATE: Final = (
    (20.0, 25.0),
    (44.0, 25.0),
    (32.0, 38.0),
    (23.5, 50.0),
    (40.5, 50.0),
)
"""Where the coarse points come to lie in the 64 px crop: the eyes 24 px apart, brow and chin inside."""

_MIRRORED: Final = (1, 0, 2, 4, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkRecipe:
    """What decides the outcome.

    Attributes:
        batch: crops a step.
        error: greatest standard deviation of a coarse point, in eye distances; of each face drawn anew.
        turn: standard deviation of the roll that all coarse points share, radians.
        light: of the crops.
    """

    batch: int = 256
    error: float = 0.14
    turn: float = 0.1
    light: Light = field(default_factory=lambda: Light(contrast=0.25, brightness=22.0, noise=10.0, blurred=0.35))


class LandmarkDistillation:
    """Draws batches and computes the loss.

    Args:
        photos: (N, S, S, 3) uint8 BGR, whole photographs, on the device.
        points: (N, 5, 2) float, the targets in pixels of ``photos``, counted from the picture's edge.
        recipe: how.
    """

    def __init__(self, photos: Tensor, points: Tensor, recipe: LandmarkRecipe) -> None:
        self._photos, self._points, self._recipe = photos, points, recipe
        self._template = torch.tensor(TEMPLATE, device=photos.device)

    def loss(self, net: nn.Module) -> Mapping[str, Tensor]:
        """Losses of one fresh batch."""
        recipe, device = self._recipe, self._photos.device
        index = torch.randint(len(self._photos), (recipe.batch,), device=device)
        crops, targets, eye = self.crops(index, uniform(recipe.batch, 0.01, recipe.error, device))
        crops = relight(crops, recipe.light)
        answers = net(((crops - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)).float()
        error = torch.linalg.vector_norm((answers.view(-1, 5, 2) - targets) * LANDMARK_SIDE, dim=2) / eye
        return {"loss": error.mean(), "median": error.median()}

    def crops(self, index: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Crops as coarse points would cut them.

        Args:
            index: (n,) which faces.
            deviation: (n,) of their coarse points, in eye distances.

        Returns:
            (n, 3, 64, 64) BGR 0..255; (n, 5, 2) the true points in crop sides from the centre; (n, 1) the eye distance
            in crop pixels.
        """
        n, device, side = len(index), index.device, self._photos.shape[1]
        pictures = self._photos[index].permute(0, 3, 1, 2).float()
        points = self._points[index]
        flip = torch.rand(n, device=device) < 0.5
        pictures = torch.where(flip.view(-1, 1, 1, 1), pictures.flip(3), pictures)
        mirrored = torch.stack([side - points[..., 0], points[..., 1]], 2)[:, _MIRRORED]
        points = torch.where(flip.view(-1, 1, 1), mirrored, points)
        eye = torch.linalg.vector_norm(points[:, 0] - points[:, 1], dim=1)
        spread = torch.linalg.vector_norm(points - points.mean(1, keepdim=True), dim=2).mean(1)
        unit = torch.maximum(eye, spread).view(-1, 1, 1)
        common = 0.5 * torch.randn(n, 1, 2, device=device)
        coarse = points + (torch.randn(n, 5, 2, device=device) + common) * deviation.view(-1, 1, 1) * unit
        to_crop = similarity(coarse, self._template.expand(n, 5, 2))
        turned = _turned(to_crop, torch.randn(n, device=device) * self._recipe.turn, log_uniform(n, 0.9, 1.1, device))
        true = points @ turned[:, :, :2].transpose(1, 2) + turned[:, :, 2].unsqueeze(1)
        theta = _theta(turned, LANDMARK_SIDE, side)
        # A bilinear tap skips pixels of a picture that shrinks to less than two thirds; its half-size copy serves.
        scale = torch.linalg.det(turned[:, :, :2]).abs().sqrt().view(-1, 1, 1, 1)
        crops = torch.where(
            scale > 0.67,
            sample(pictures, theta, LANDMARK_SIDE, "border"),
            sample(F.avg_pool2d(pictures, 2), theta, LANDMARK_SIDE, "border"),
        )
        size = torch.linalg.vector_norm(true - true.mean(1, keepdim=True), dim=2).mean(1)
        eye = torch.maximum(torch.linalg.vector_norm(true[:, 0] - true[:, 1], dim=1), size)
        return crops, true / LANDMARK_SIDE - 0.5, eye.unsqueeze(1)


def _turned(matrix: Tensor, angle: Tensor, scale: Tensor) -> Tensor:
    """The map followed by a turn and a scale about the crop's centre: the error that the five points share."""
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    turn = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    centre = torch.full((2,), LANDMARK_SIDE / 2, device=matrix.device)
    shift = turn @ (matrix[:, :, 2] - centre).unsqueeze(2) + centre.view(1, 2, 1)
    return torch.cat([turn @ matrix[:, :, :2], shift], 2)


def _theta(matrix: Tensor, side_out: int, side_in: int) -> Tensor:
    """Pixel map input -> output as grid_sample's output -> input in [-1, 1]; pixels count from the edge."""
    linear = torch.linalg.inv(matrix[:, :, :2].float())
    shift = -linear @ matrix[:, :, 2:]
    scaled = linear * (side_out / side_in)
    offset = (linear @ torch.full((2, 1), side_out / 2, device=matrix.device) + shift) * (2 / side_in) - 1
    return torch.cat([scaled, offset], 2)
