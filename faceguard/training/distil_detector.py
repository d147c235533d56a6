"""Distils the detector: dense regression of the teacher's twelve output maps on composed scenes.

A scene is a photograph, a piece of one much enlarged, or a texture, with faces pasted at random sizes. The teacher
sees the scene as composed and the student a changed copy: what the teacher finds in good light the student learns to
find in bad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceguard.training.augment import Light, log_uniform, relight, sample, uniform
from faceguard.training.networks import DETECTOR_MAPS

Teacher = Callable[[Tensor], Sequence[Tensor]]
"""(N, 3, H, W) BGR 0..255 -> the twelve maps, in YuNet's order."""

_SURE: Final = 0.15
"""Teacher's score from which a cell's box and points are worth learning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRecipe:
    """What decides the outcome.

    Attributes:
        batch: scenes a step.
        side: of a scene, pixels.
        pasted: faces pasted at most.
        least_px, most_px: width of a pasted face's box.
        light: of the student's copy.
    """

    batch: int = 64
    side: int = 256
    pasted: int = 4
    least_px: float = 12.0
    most_px: float = 200.0
    light: Light = field(
        default_factory=lambda: Light(
            contrast=0.25, brightness=25.0, noise=10.0, blurred=0.15, least_side=0.5, hidden=0.05
        )
    )


class DetectorDistillation:
    """Composes scenes and computes the loss.

    Args:
        photos: (N, S, S, 3) uint8 BGR, whole photographs with a face near the middle, on the device.
        widths: (N,) float, width of the face's box in pixels of ``photos``.
        teacher: answers the scenes.
        recipe: how.
    """

    def __init__(self, photos: Tensor, widths: Tensor, teacher: Teacher, recipe: DetectorRecipe) -> None:
        self._photos, self._widths = photos, widths
        self._teacher, self._recipe = teacher, recipe

    def loss(self, net: nn.Module) -> Mapping[str, Tensor]:
        """Losses of one fresh batch."""
        with torch.no_grad():
            scenes = self.scenes(self._recipe.batch)
            wanted = [m.float() for m in self._teacher(scenes)]
            changed = relight(scenes, self._recipe.light)
            # A dark room: one scene in four at 15 to 60 % of its light.
            n = len(changed)
            dark = torch.where(torch.rand(n, device=changed.device) < 0.25, uniform(n, 0.15, 0.6, changed.device), 1.0)
            changed = (changed * dark.view(-1, 1, 1, 1)).round()
        levels = net(changed.contiguous(memory_format=torch.channels_last))
        return detector_loss([level.float() for level in levels], wanted)

    def scenes(self, n: int) -> Tensor:
        """(n, 3, side, side) BGR 0..255."""
        recipe, device = self._recipe, self._photos.device
        scenes = self._backgrounds(n)
        for _ in range(recipe.pasted):
            index = torch.randint(len(self._photos), (n,), device=device)
            pictures = self._photos[index].permute(0, 3, 1, 2).float()
            # Of about one size in the whole batch, so that all can be averaged down alike before they are sampled.
            size = float(log_uniform(1, recipe.least_px, recipe.most_px, torch.device("cpu")))
            factor = size * log_uniform(n, 0.8, 1.25, device) / self._widths[index]  # scene pixels per photo pixel
            pictures = _shrunk(pictures, float(factor.median()))
            matrix = _placed(
                recipe.side / (self._photos.shape[1] * factor),
                torch.randn(n, device=device) * 0.25,
                uniform(2 * n, -0.95, 0.95, device).view(n, 2),
            )
            pasted = sample(pictures, matrix, recipe.side, "zeros")
            mask = sample(_masks(n, pictures.shape[-1], device), matrix, recipe.side, "zeros")
            here = (torch.rand(n, 1, 1, 1, device=device) < 0.45).float()
            scenes = scenes + (pasted - scenes) * mask * here
        return scenes

    def _backgrounds(self, n: int) -> Tensor:
        """Photographs (half), enlarged pieces of some (a fifth), textures (the rest)."""
        recipe, device = self._recipe, self._photos.device
        index = torch.randint(len(self._photos), (n,), device=device)
        photos = self._photos[index].permute(0, 3, 1, 2).float()
        kind = torch.rand(n, device=device)
        whole = kind < 0.5
        scale = torch.where(whole, log_uniform(n, 0.6, 1.6, device), log_uniform(n, 0.08, 0.3, device))
        place = uniform(2 * n, -1.0, 1.0, device).view(n, 2) * torch.where(whole, 0.3, 0.9).view(n, 1)
        matrix = _placed(scale, torch.randn(n, device=device) * 0.2, torch.zeros(n, 2, device=device))
        matrix[:, :, 2] += place
        pictures = sample(photos, matrix, recipe.side)
        return torch.where((kind < 0.7).view(-1, 1, 1, 1), pictures, textures(n, recipe.side, device))


def _placed(scale: Tensor, angle: Tensor, place: Tensor) -> Tensor:
    """(n, 2, 3) from scene to picture coordinates in [-1, 1]; the picture's middle lies at ``place``, half mirrored.

    Args:
        scale: (n,) picture lengths per scene length.
        angle: (n,) radians.
        place: (n, 2) in the scene.
    """
    n, device = len(scale), scale.device
    flip = 1.0 - 2.0 * (torch.rand(n, device=device) < 0.5).float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    linear = torch.stack([cos * flip, -sin * flip, sin, cos], 1).view(n, 2, 2)
    return torch.cat([linear, -linear @ place.unsqueeze(2)], 2)


def textures(n: int, side: int, device: torch.device) -> Tensor:
    """(n, 3, side, side) 0..255: noise at several sizes, stripes, checks and soft blobs; nothing in them is a face."""
    total = torch.zeros(n, 3, side, side, device=device)
    for cells in (2, 5, 11, 23, 47, 95):
        grain = torch.randn(n, 3, cells, cells, device=device)
        grey = grain.mean(1, keepdim=True) * 1.7
        grain = torch.where(torch.rand(n, 1, 1, 1, device=device) < 0.7, grey.expand_as(grain), grain)
        weight = torch.rand(n, 1, 1, 1, device=device) ** 2
        total = total + weight * F.interpolate(grain, size=(side, side), mode="bilinear", align_corners=False)
    place = torch.linspace(-1, 1, side, device=device)
    across, down = place.view(1, 1, 1, -1), place.view(1, 1, -1, 1)
    angle = uniform(n, 0, 6.3, device).view(-1, 1, 1, 1)
    pitch = log_uniform(n, 3, 120, device).view(-1, 1, 1, 1)
    along = torch.sin((across * torch.cos(angle) + down * torch.sin(angle)) * pitch)
    other = torch.sin((down * torch.cos(angle) - across * torch.sin(angle)) * pitch)
    pattern = torch.where(torch.rand(n, 1, 1, 1, device=device) < 0.5, along, (along * other).sign())
    striped = (torch.rand(n, 1, 1, 1, device=device) < 0.4).float()
    total = total + striped * pattern * torch.randn(n, 3, 1, 1, device=device)
    base = uniform(n * 3, 20, 235, device).view(n, 3, 1, 1)
    return (base + total * log_uniform(n, 5, 60, device).view(-1, 1, 1, 1)).clamp(0, 255)


def detector_loss(levels: Sequence[Tensor], wanted: Sequence[Tensor]) -> Mapping[str, Tensor]:
    """Student's maps against the teacher's.

    Scores: quality focal loss |t - p|^1.5 * BCE(p, t) (after Li et al., "Generalized Focal Loss", NeurIPS 2020), over
    the sum of the teacher's scores. Both ``cls`` and ``obj`` learn sqrt(cls * obj): what the teacher's ``cls`` says
    away from faces means nothing, it was trained on faces alone. Boxes and points: smooth L1 in strides, weighted by
    the teacher's score.

    Args:
        levels: per stride (N, cells, 16), the first two logits.
        wanted: the teacher's twelve maps (cls, obj, bbox, kps; each at three strides).
    """
    strides = len(levels)
    targets = {name: wanted[i * strides : (i + 1) * strides] for i, (name, _) in enumerate(DETECTOR_MAPS)}
    scores = [(c * o).clamp(0, 1).sqrt() for c, o in zip(targets["cls"], targets["obj"], strict=True)]
    weights = [torch.where(s > _SURE, s, 0.0) for s in scores]
    total = sum((w.sum() for w in weights), torch.zeros((), device=levels[0].device)).clamp_min(1.0)
    losses: dict[str, Tensor] = {}
    begin = 0
    for name, channels in DETECTOR_MAPS:
        parts = [level[..., begin : begin + channels] for level in levels]
        begin += channels
        if name in ("cls", "obj"):
            losses[name] = _focal(parts, scores) / total
        else:
            errors = [
                (F.smooth_l1_loss(p, t, beta=0.1, reduction="none").mean(2, keepdim=True) * w).sum()
                for p, t, w in zip(parts, targets[name], weights, strict=True)
            ]
            losses[name] = sum(errors, torch.zeros((), device=total.device)) / total
    loss = losses["cls"] + losses["obj"] + 2.0 * losses["bbox"] + 2.0 * losses["kps"]
    return {"loss": loss, **losses}


def _focal(logits: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    total = torch.zeros((), device=logits[0].device)
    for logit, target in zip(logits, targets, strict=True):
        entropy = F.binary_cross_entropy_with_logits(logit, target, reduction="none")
        total = total + ((target - logit.detach().sigmoid()).abs() ** 1.5 * entropy).sum()
    return total


def _shrunk(pictures: Tensor, scale: float) -> Tensor:
    """Averaged down when a face will be drawn much smaller than it is stored; bilinear taps skip pixels otherwise."""
    if scale >= 0.6:
        return pictures
    side = max(16, round(pictures.shape[-1] * min(1.0, scale * 1.5)))
    return F.interpolate(pictures, size=(side, side), mode="area")


def _masks(n: int, side: int, device: torch.device) -> Tensor:
    """(n, 1, side, side) in [0, 1]: the whole square, or an ellipse around head and shoulders with a soft rim."""
    place = torch.linspace(-1, 1, side, device=device)
    radius = torch.sqrt((place.view(1, -1) / 0.72) ** 2 + (place.view(-1, 1) / 0.92) ** 2)
    soft = torch.sigmoid((1.0 - radius) * 14.0).expand(n, 1, side, side)
    square = torch.rand(n, 1, 1, 1, device=device) < 0.4
    return torch.where(square, torch.ones_like(soft), soft)
