"""Random changes of a batch of pictures, on the device that the pictures lie on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a crop may lie: standard deviations.

    Attributes:
        angle: radians.
        log_scale: of the natural logarithm of the scale.
        shift: of the crop's side.
        mirror: probability of a mirror image.
    """

    angle: float = 0.05
    log_scale: float = 0.04
    shift: float = 0.01
    mirror: float = 0.5

    def scaled(self, factor: float) -> Geometry:
        """With all deviations so many times as large."""
        return Geometry(self.angle * factor, self.log_scale * factor, self.shift * factor, self.mirror)


@dataclass(frozen=True, slots=True)
class Light:
    """How a picture may look: standard deviations in grey levels or as a factor, and probabilities.

    Attributes:
        contrast: of the factor about the picture's mean.
        brightness: added to all channels.
        cast: added to each channel.
        noise: greatest standard deviation of the pixel noise.
        grey: probability of a grey picture.
        blurred: probability of a picture seen at a lower resolution.
        least_side: of the lower resolution, as a part of the side.
        hidden: probability of a covered rectangle.
    """

    contrast: float = 0.15
    brightness: float = 14.0
    cast: float = 5.0
    noise: float = 6.0
    grey: float = 0.1
    blurred: float = 0.2
    least_side: float = 0.32
    hidden: float = 0.07

    def scaled(self, factor: float) -> Light:
        """With all deviations and probabilities so many times as large, these at most 1."""
        return Light(
            contrast=self.contrast * factor,
            brightness=self.brightness * factor,
            cast=self.cast * factor,
            noise=self.noise * factor,
            grey=min(1.0, self.grey * factor),
            blurred=min(1.0, self.blurred * factor),
            least_side=self.least_side,
            hidden=min(1.0, self.hidden * factor),
        )


def crop_centre(pictures: Tensor, side: int) -> Tensor:
    """(N, C, S, S) -> (N, C, side, side), the middle."""
    margin = (pictures.shape[-1] - side) // 2
    return pictures[..., margin : margin + side, margin : margin + side]


def sample(pictures: Tensor, matrix: Tensor, side: int, padding: str = "reflection") -> Tensor:
    """Pictures seen through an affine map.

    Args:
        pictures: (N, C, H, W) float.
        matrix: (N, 2, 3) from output to input coordinates, both in [-1, 1] from edge to edge.
        side: of the square output, pixels.
        padding: of what lies outside: reflection, border or zeros.

    Returns:
        (N, C, side, side).
    """
    grid = F.affine_grid(matrix, [len(pictures), pictures.shape[1], side, side], align_corners=False)
    return F.grid_sample(pictures, grid.to(pictures.dtype), align_corners=False, padding_mode=padding)


def jitter(pictures: Tensor, side: int, geometry: Geometry) -> Tensor:
    """(N, 3, S, S) float -> (N, 3, side, side): the middle, turned, scaled, shifted, mirrored at random."""
    n, device = len(pictures), pictures.device
    part = side / pictures.shape[-1]
    angle = torch.randn(n, device=device) * geometry.angle
    scale = torch.exp(torch.randn(n, device=device) * geometry.log_scale) * part
    flip = 1.0 - 2.0 * (torch.rand(n, device=device) < geometry.mirror).float()
    shift = torch.randn(n, 2, 1, device=device) * (2 * geometry.shift * part)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    matrix = torch.cat([torch.stack([cos * flip, -sin, sin * flip, cos], 1).view(n, 2, 2), shift], 2)
    return sample(pictures, matrix, side)


def relight(pictures: Tensor, light: Light) -> Tensor:
    """(N, 3, S, S) float 0..255 -> the same, clamped: contrast, brightness, cast, grey, blur, noise, cover."""
    n, device, side = len(pictures), pictures.device, pictures.shape[-1]
    mean = pictures.mean((1, 2, 3), keepdim=True)
    factor = 1.0 + light.contrast * torch.randn(n, 1, 1, 1, device=device)
    offset = light.brightness * torch.randn(n, 1, 1, 1, device=device)
    y = (pictures - mean) * factor + mean + offset + light.cast * torch.randn(n, 3, 1, 1, device=device)
    grey = torch.rand(n, 1, 1, 1, device=device) < light.grey
    y = torch.where(grey, y.mean(1, keepdim=True), y)
    y = _lower_resolution(y, light)
    y = y + torch.rand(n, 1, 1, 1, device=device) * light.noise * torch.randn_like(y)
    return _cover(y, light.hidden, side).clamp(0.0, 255.0)


def _lower_resolution(y: Tensor, light: Light) -> Tensor:
    """The first ``blurred`` part of the batch, in four groups, each at a resolution of its own.

    The pictures of a batch are in random order, so their place may decide.
    """
    side = y.shape[-1]
    count = round(len(y) * light.blurred / 4) if light.blurred > 0 else 0
    if count == 0:
        return y
    parts = []
    for group in range(4):
        part = y[group * count : (group + 1) * count]
        k = int(torch.randint(max(4, round(side * light.least_side)), max(5, round(side * 0.8)), (1,)))
        small = F.interpolate(part, size=(k, k), mode="area")
        parts.append(F.interpolate(small, size=(side, side), mode="bilinear", align_corners=False))
    return torch.cat([*parts, y[4 * count :]])


def _cover(y: Tensor, probability: float, side: int) -> Tensor:
    """A grey rectangle over some of the pictures."""
    n, device = len(y), y.device
    extent = (0.18 + 0.27 * torch.rand(n, 2, 1, device=device)) * side
    begin = torch.rand(n, 2, 1, device=device) * (side - extent)
    place = torch.arange(side, device=device).view(1, 1, side)
    inside = (place >= begin) & (place < begin + extent)
    hit = (torch.rand(n, 1, 1, device=device) < probability) & inside[:, :1].transpose(1, 2) & inside[:, 1:]
    return torch.where(hit.unsqueeze(1), 255.0 * torch.rand(n, 1, 1, 1, device=device), y)


def mixtures(first: Tensor, second: Tensor) -> Tensor:
    """Faces of nobody: each a blend of two, evenly (30 to 70 %) or along a soft random mask.

    Args:
        first, second: (N, 3, S, S) float, aligned alike.
    """
    n, device, side = len(first), first.device, first.shape[-1]
    even = 0.3 + 0.4 * torch.rand(n, 1, 1, 1, device=device)
    coarse = torch.randn(n, 1, 4, 4, device=device) * 3.0
    soft = torch.sigmoid(F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False))
    weight = torch.where(torch.rand(n, 1, 1, 1, device=device) < 0.5, even, soft)
    return first * weight + second * (1.0 - weight)


def similarity(source: Tensor, target: Tensor) -> Tensor:
    """Least-squares similarity of point sets, as ``pipeline.aligner.similarity``, for a batch.

    Args:
        source, target: (N, P, 2).

    Returns:
        (N, 2, 3) matrix that maps source to target.
    """
    a, b = source.mean(1, keepdim=True), target.mean(1, keepdim=True)
    s, t = source - a, target - b
    spread = (s * s).sum((1, 2)).clamp_min(1e-6)
    cos = (s * t).sum((1, 2)) / spread
    sin = (s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0]).sum(1) / spread
    linear = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    return torch.cat([linear, b.transpose(1, 2) - linear @ a.transpose(1, 2)], 2)


def uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    """(n,) values in [low, high)."""
    return low + (high - low) * torch.rand(n, device=device)


def log_uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    """(n,) values in [low, high), even in the logarithm."""
    return torch.exp(uniform(n, math.log(low), math.log(high), device))
