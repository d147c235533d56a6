"""Distils an encoder: the student's embedding of a changed crop moves towards the teachers' of the clean one.

    loss = 1 - cos(f(changed), t) + w * mean((F F' - T T')^2)

t is the teacher's unit embedding of the crop and of its mirror image, averaged; F and T are the batch's rows, so the
second term holds the student to the teacher's similarities between faces (Park et al., "Relational Knowledge
Distillation", CVPR 2019; Tung and Mori, ICCV 2019). Mixtures of two faces are faces of nobody that the teacher can name
all the same: they make some tens of thousands of photographs go a long way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceguard.training.augment import Geometry, Light, crop_centre, jitter, mixtures, relight
from faceguard.training.networks import ENCODER_SIDE

_BATCH: Final = 512
"""Crops that a teacher answers at once."""

Teacher = Callable[[Tensor], Tensor]
"""(N, 3, 112, 112) RGB 0..255 -> (N, D), any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderRecipe:
    """What decides the outcome, besides the data, the teachers and the network.

    Attributes:
        batch: crops a step.
        mixed: part of them that are mixtures of two faces.
        relations: w, weight of the similarity matrices.
        geometry, light: of the student's crops.
        strength: how many times as strong as these the changes are; 0 shows the student the teacher's own crops.
    """

    batch: int = 128
    mixed: float = 0.5
    relations: float = 10.0
    geometry: Geometry = field(default_factory=Geometry)
    light: Light = field(default_factory=Light)
    strength: float = 1.0


class EncoderDistillation:
    """Draws batches and computes the loss.

    Args:
        faces: (N, S, S, 3) uint8 BGR, aligned to the encoder's template with room around it, on the device.
        teachers: one or several; the student's embedding is compared with the first directly, with each further one
            through a linear map of its own, which is trained along and thrown away.
        recipe: how.

    Attributes:
        heads: the linear maps of the further teachers, to be trained with the student.
    """

    def __init__(self, faces: Tensor, teachers: Sequence[Teacher], recipe: EncoderRecipe) -> None:
        if not teachers:
            raise ValueError("distillation needs a teacher")
        self._faces, self._teachers, self._recipe = faces, list(teachers), recipe
        batches = faces.split(_BATCH)
        self._targets = [torch.cat([self._answer(t, _rgb(b)) for b in batches]) for t in self._teachers]
        first = self._targets[0].shape[1]
        self.heads = nn.ModuleList(nn.Linear(first, t.shape[1], bias=False) for t in self._targets[1:]).to(faces.device)

    @property
    def length(self) -> int:
        """D of the first teacher, and so of the student."""
        return int(self._targets[0].shape[1])

    def loss(self, net: nn.Module) -> Mapping[str, Tensor]:
        """Losses of one fresh batch."""
        recipe, device = self._recipe, self._faces.device
        count = round(recipe.batch * recipe.mixed)
        index = torch.randint(len(self._faces), (recipe.batch + count,), device=device)
        pictures = _rgb(self._faces[index])
        plain = pictures[: recipe.batch - count]
        targets = [t[index[: recipe.batch - count]] for t in self._targets]
        if count:
            mixed = mixtures(pictures[recipe.batch - count : recipe.batch], pictures[recipe.batch :])
            targets = [
                torch.cat([target, self._answer(teacher, mixed)])
                for target, teacher in zip(targets, self._teachers, strict=True)
            ]
            plain = torch.cat([plain, mixed])
        geometry, light = recipe.geometry.scaled(recipe.strength), recipe.light.scaled(recipe.strength)
        changed = relight(jitter(plain, ENCODER_SIDE, geometry), light)
        raw = net(((changed - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)).float()
        answers = [raw, *(head(raw) for head in self.heads)]
        pairs = [_compare(F.normalize(a, dim=1), t) for a, t in zip(answers, targets, strict=True)]
        cosine = torch.stack([c for c, _ in pairs]).mean()
        relations = torch.stack([r for _, r in pairs]).mean()
        return {"loss": 1 - cosine + recipe.relations * relations, "cosine": cosine, "relations": relations}

    @torch.no_grad()
    def _answer(self, teacher: Teacher, pictures: Tensor) -> Tensor:
        """(N, 3, S, S) RGB 0..255 -> (N, D) unit rows, the mean of crop and mirror image."""
        crops = crop_centre(pictures, ENCODER_SIDE)
        both = teacher(torch.cat([crops, crops.flip(3)])).float()
        return F.normalize(F.normalize(both, dim=1).view(2, len(crops), -1).mean(0), dim=1)


def _compare(answers: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    cosine = (answers * targets).sum(1).mean()
    return cosine, ((answers @ answers.T - targets @ targets.T) ** 2).mean()


def _rgb(faces: Tensor) -> Tensor:
    """(N, S, S, 3) uint8 BGR -> (N, 3, S, S) float RGB 0..255."""
    return faces.flip(3).permute(0, 3, 1, 2).float()
