"""Distils a PAD network: the fused logits of several teachers, on real faces and simulated prints and screens.

Every teacher looks at the same scene through its own crop, as its card says; the student through its own. Nobody is
told what a scene really shows: the student learns what its teachers say of it, right or wrong. The teachers cost more
than the student does, so scenes that were judged once are kept and shown again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faceguard.domain.card import ColourOrder, PadCard
from faceguard.domain.errors import FaceguardError
from faceguard.training.networks import PAD_BONA_FIDE, PAD_CLASSES, PAD_SIDE
from faceguard.training.recapture import PRINT, Recapture, Scenes, scenes
from faceguard.training.teacher import OnnxTeacher

SIDES: Final = (128, 160, 192, 256)
"""Of the scenes of a batch, pixels: a crop of 80 px skips pixels of a large face as it does before a real camera."""
LEAST: Final = 1e-4
"""Probability that counts at least; logits beyond it say nothing more."""
BONA_FIDE: Final = PAD_CLASSES.index(PAD_BONA_FIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PadRecipe:
    """What decides the outcome.

    Attributes:
        batch: crops a step.
        fresh: part of them that is made and judged anew.
        pool: judged crops that are kept, the newest.
        crop_scale: of the student, in multiples of the box's sides.
        attacks: part of the scenes that are prints or screens.
        ranges: of the simulated attacks.
    """

    batch: int = 64
    fresh: float = 0.125
    pool: int = 20_000
    crop_scale: float = 2.7
    attacks: float = 0.55
    ranges: Recapture = field(default_factory=Recapture)


class PadTeacher:
    """A PAD network that answers scenes in the student's classes.

    Args:
        net: the network.
        card: its crop, colours, scaling and classes.

    Raises:
        FaceguardError: it tells other classes apart than the student.
    """

    def __init__(self, net: OnnxTeacher, card: PadCard) -> None:
        if set(card.classes) != set(PAD_CLASSES) or card.bona_fide != PAD_BONA_FIDE:
            raise FaceguardError(
                f"The teacher {card.id} tells {', '.join(card.classes)} apart; a PAD student learns "
                f"{', '.join(PAD_CLASSES)}. Name the classes so on the teacher's card."
            )
        self._net, self._card = net, card
        self._order = [card.classes.index(name) for name in PAD_CLASSES]

    @torch.no_grad()
    def __call__(self, pictures: Tensor, boxes: Tensor) -> Tensor:
        """Probabilities.

        Args:
            pictures: (N, 3, S, S) BGR 0..255.
            boxes: (N, 4) of the faces, pixels.

        Returns:
            (N, 3) in the order of ``PAD_CLASSES``.
        """
        card = self._card
        crops = face_crops(pictures, boxes, card.crop_scale, card.input_size, square=card.crop_square)
        if card.colour_order is ColourOrder.RGB:
            crops = crops.flip(1)
        mean, std = (torch.tensor(v, device=crops.device).view(1, 3, 1, 1) for v in (card.mean, card.std))
        return self._net((crops - mean) / std)[0][:, self._order].softmax(1)


def face_crops(pictures: Tensor, boxes: Tensor, scale: float, side: int, *, square: bool = False) -> Tensor:
    """The crops of ``pipeline.passive_pad``, for a batch, to a fraction of a pixel: bilinear, without averaging.

    Args:
        pictures: (N, 3, S, S).
        boxes: (N, 4) left, top, right, bottom, pixels.
        scale: of the box's sides.
        side: of the crops.
        square: over the box's longer side, black beyond the picture; else shifted inside.

    Returns:
        (N, 3, side, side) rounded to whole grey levels, as a camera picture's are.
    """
    size = float(pictures.shape[-1])
    sides, centre = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2
    if square:
        length = sides.amax(1, keepdim=True).expand(-1, 2) * scale
    else:  # the program counts the pixels of both borders
        sides, centre = sides + 1, centre + 0.5
        length = sides * ((size - 1) / sides).amin(1, keepdim=True).clamp_max(scale)
        centre = torch.minimum(torch.maximum(centre, length / 2), size - length / 2)
    matrix = torch.zeros(len(boxes), 2, 3, device=pictures.device)
    matrix[:, 0, 0], matrix[:, 1, 1] = length[:, 0] / size, length[:, 1] / size
    matrix[:, :, 2] = centre * (2 / size) - 1
    grid = F.affine_grid(matrix, [len(boxes), 3, side, side], align_corners=False)
    padding = "zeros" if square else "border"
    return F.grid_sample(pictures.round(), grid, align_corners=False, padding_mode=padding).round()


def fused_logits(answers: Sequence[Tensor]) -> Tensor:
    """The logits of the mean probability, as the door fuses its networks; centred: (N, 3)."""
    fused = torch.stack(list(answers)).mean(0).clamp_min(LEAST).log()
    return fused - fused.mean(1, keepdim=True)


def normalised(crops: Tensor) -> Tensor:
    """What the student is fed with, of BGR 0..255."""
    return ((crops.float() - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)


class PadDistillation:
    """Draws batches and computes the loss.

    Args:
        photos: (N, S, S, 3) uint8 BGR, whole photographs, on the device.
        points: (N, 5, 2) float, of the faces, in pixels of ``photos``.
        widths: (N,) float, of the faces' boxes.
        teachers: one or more.
        recipe: how.
    """

    def __init__(
        self, photos: Tensor, points: Tensor, widths: Tensor, teachers: Sequence[PadTeacher], recipe: PadRecipe
    ) -> None:
        self._photos, self._points, self._widths = photos, points, widths
        self._teachers, self._recipe = tuple(teachers), recipe
        self._crops = torch.empty(recipe.pool, 3, PAD_SIDE, PAD_SIDE, dtype=torch.uint8, device=photos.device)
        self._wanted = torch.empty(recipe.pool, len(PAD_CLASSES), device=photos.device)
        self._made = 0

    def loss(self, net: nn.Module) -> Mapping[str, Tensor]:
        """Losses of one batch, part of it fresh."""
        recipe = self._recipe
        anew = recipe.batch if self._made == 0 else max(2, round(recipe.fresh * recipe.batch))
        crops, wanted, _ = self.judged(anew)
        place = (torch.arange(anew, device=crops.device) + self._made) % recipe.pool
        self._crops[place], self._wanted[place] = crops, wanted
        self._made += anew
        again = torch.randint(min(self._made, recipe.pool), (recipe.batch - anew,), device=crops.device)
        index = torch.cat([place, again])
        pictures = self._crops[index]
        mirrored = (torch.rand(len(index), 1, 1, 1, device=crops.device) < 0.5).expand_as(pictures)
        pictures = torch.where(mirrored, pictures.flip(3), pictures)
        answers = net(normalised(pictures)).float()
        answers = answers - answers.mean(1, keepdim=True)
        target = self._wanted[index]
        error = F.smooth_l1_loss(answers, target)
        apart = (answers.softmax(1) - target.softmax(1))[:, BONA_FIDE].abs().mean()
        return {"loss": error, "apart": apart}

    def judged(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Fresh scenes and what the teachers say.

        Returns:
            (n, 3, 80, 80) uint8 BGR, the student's crops; (n, 3) fused logits; (n,) what the scenes show.
        """
        device = self._photos.device
        shown = self._scenes(n, SIDES[int(torch.randint(len(SIDES), (1,)))])
        wanted = fused_logits([teacher(shown.pictures, shown.boxes) for teacher in self._teachers])
        crops = face_crops(shown.pictures, shown.boxes, self._recipe.crop_scale, PAD_SIDE)
        return crops.to(torch.uint8), wanted.to(device), shown.kinds

    @torch.no_grad()
    def _scenes(self, n: int, side: int) -> Scenes:
        recipe, device = self._recipe, self._photos.device
        index = torch.randint(len(self._photos), (n,), device=device)
        attack = torch.rand(n, device=device) < recipe.attacks
        kinds = torch.randint(2, (n,), device=device) + torch.where(attack, PRINT, 0)
        return scenes(self._photos[index], self._points[index], self._widths[index], kinds, side, recipe.ranges)


def area_under_curve(positive: Tensor, negative: Tensor) -> float:
    """Probability that one of the first is greater than one of the second, ties half; NaN without either."""
    if not len(positive) or not len(negative):
        return float("nan")
    gap = positive.view(-1, 1) - negative.view(1, -1)
    return float(((gap > 0).float() + 0.5 * (gap == 0).float()).mean())
