"""Photographs of photographs: simulated prints and screens before a camera, and faces without either.

What a second exposure leaves in a picture, after the list of Anjos and Marcel (IJCB 2011) and what is known of
recaptured images (H. Cao, A. C. Kot, ICASSP 2010): less contrast and lifted blacks on paper, another gamma and bluer
white on a screen, halftone dots, the pixel grid and its moire, refresh bands, glare, a second blur, an edge or a bezel,
and the losses of another compression. It shares no code with ``camera/rendering``, so that what was learned here can be
tried there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from faceguard.training.augment import Light, log_uniform, relight, uniform

WHOLE, PASTED, PRINT, SCREEN = range(4)
"""What a scene shows: the photo itself, its person before another background, or the photo on paper or on a screen."""

_BOX_HEIGHT: Final = 1.385
"""Of a face's box, in widths: the mean of the bundled detector on photos of LFW."""
_BOX_RISE: Final = 0.095
"""How far the box's centre lies above the mean of the five points, in widths; likewise."""
_ELLIPSE: Final = (0.95, 1.35)
"""Half axes of what of a photo is taken for the person, in widths of the face."""
_BLOCK: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recapture:
    """Ranges from which each scene draws, evenly.

    Attributes:
        face: width of the face's box, in scene sides.
        aspect: height of paper or screen over its width.
        reach: half the width of the shown part of the photo, in widths of the face.
        rim: of the paper, in widths of the face; a third of the prints have none.
        bezel: of a screen, likewise.
        roll: standard deviation, radians.
        tilt: of the perspective, standard deviation, per scene side.
        contrast, black: of ink on paper, factor and grey levels.
        gamma, white: of a screen, exponent and the factor on blue and (inverted) on red.
        period_px: of halftone dots and of a pixel grid, in scene pixels.
        moire_px: of the waves between the screen's and the camera's pixels.
        dots, grid, moire, band: greatest strengths; the first in grey levels, the others as a part of the brightness.
        glare: greatest brightness of the lamp's reflection, grey levels; half of the planes have one.
        step: of the compression's quantisation, grey levels; half of all scenes are compressed.
        light: of the camera, for every scene.
    """

    face: tuple[float, float] = (0.17, 0.5)
    aspect: tuple[float, float] = (0.8, 1.9)
    reach: tuple[float, float] = (0.7, 1.5)
    rim: tuple[float, float] = (0.02, 0.35)
    bezel: tuple[float, float] = (0.02, 0.3)
    roll: float = 0.08
    tilt: float = 0.06
    contrast: tuple[float, float] = (0.55, 0.95)
    black: tuple[float, float] = (5.0, 45.0)
    gamma: tuple[float, float] = (0.75, 1.3)
    white: tuple[float, float] = (0.95, 1.15)
    period_px: tuple[float, float] = (1.8, 5.0)
    moire_px: tuple[float, float] = (5.0, 40.0)
    dots: float = 9.0
    grid: float = 0.12
    moire: float = 0.08
    band: float = 0.08
    glare: float = 110.0
    step: tuple[float, float] = (0.7, 6.0)
    light: Light = field(
        default_factory=lambda: Light(
            contrast=0.15, brightness=14.0, cast=4.0, noise=4.0, grey=0.02, blurred=0.1, least_side=0.5, hidden=0.0
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """A batch of simulated camera pictures.

    Attributes:
        pictures: (N, 3, S, S) float BGR 0..255.
        boxes: (N, 4) left, top, right, bottom of the face in pixels, as a detector would draw it.
        kinds: (N,) of ``WHOLE``, ``PASTED``, ``PRINT``, ``SCREEN``.
    """

    pictures: Tensor
    boxes: Tensor
    kinds: Tensor


def scenes(photos: Tensor, points: Tensor, widths: Tensor, kinds: Tensor, side: int, ranges: Recapture) -> Scenes:
    """One scene of each photo.

    1. The photo's face gets a place, a size, a roll and, on paper and screens, a tilt.
    2. Paper or screen change its colours and put their pattern on it; a rim or bezel lies around, light falls on it.
    3. Another photo of the batch, enlarged and out of focus, is the background; ``WHOLE`` needs none.
    4. The camera: exposure, colours, resolution, noise, compression, for all kinds alike.

    Args:
        photos: (N, P, P, 3) uint8 BGR, whole photographs, N of two or more.
        points: (N, 5, 2) of the face in pixels of ``photos``, from the edge.
        widths: (N,) of the face's box in pixels of ``photos``.
        kinds: (N,) whole numbers, what each scene is to show.
        side: S, a multiple of 8.
        ranges: to draw from.
    """
    n, device = len(photos), photos.device
    pictures = photos.permute(0, 3, 1, 2).float()
    length = photos.shape[1]
    width = widths * (2 / length)
    middle = points.mean(1) * (2 / length) - 1
    middle = torch.stack([middle[:, 0], middle[:, 1] - _BOX_RISE * width], 1).clamp(-0.9, 0.9)
    place = _Place.drawn(width, middle, kinds, ranges)
    there, offset = place.photo_at(side)
    seen = _seen(pictures, there, place.scale * side / length)
    soft = 1.0 - (offset / (width.view(n, 1, 1, 1) * torch.tensor(_ELLIPSE, device=device))).norm(dim=3)
    alpha = torch.where((kinds == WHOLE).view(n, 1, 1), torch.ones_like(soft), torch.sigmoid(soft * 12.0)).unsqueeze(1)
    for kind, medium in ((PRINT, on_paper), (SCREEN, on_screen)):
        rows = kinds == kind
        if rows.any():
            pixels = offset[rows] * (place.scale[rows].view(-1, 1, 1, 1) * side / 2)
            shown = medium(seen[rows], pixels, ranges)
            seen[rows], alpha[rows] = _framed(shown, offset[rows], width[rows], kind == SCREEN, ranges)
    scene = torch.lerp(_background(pictures.roll(1, 0), side), seen, alpha)
    scene = compressed(relight(_softened(scene, 0.6), ranges.light), ranges.step)
    return Scenes(scene, place.boxes(width, side), kinds)


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where the photo lies in the scene; both in [-1, 1] from edge to edge.

    ``photo = middle + turn (scene - at) / scale / (1 + tilt (scene - at))``; the middle is the face's.
    """

    middle: Tensor
    at: Tensor
    scale: Tensor
    turn: Tensor
    tilt: Tensor

    @classmethod
    def drawn(cls, width: Tensor, middle: Tensor, kinds: Tensor, ranges: Recapture) -> _Place:
        n, device = len(width), width.device
        whole = kinds == WHOLE
        wanted = 2 * log_uniform(n, *ranges.face, device) / width
        scale = torch.where(whole, uniform(n, 1.0, 1.4, device), wanted)
        # A whole photo fills the scene: its face may lie wherever that leaves no gap.
        s = scale.unsqueeze(1)
        low, high = 1 - s * (1 - middle), s * (1 + middle) - 1
        inside = low + (high - low) * torch.rand(n, 2, device=device)
        free = torch.stack([uniform(n, -0.4, 0.4, device), uniform(n, -0.3, 0.3, device)], 1)
        at = torch.where(whole.unsqueeze(1), inside, free)
        flat = (~whole).float()
        roll = torch.randn(n, device=device) * ranges.roll * flat
        flip = 1.0 - 2.0 * (torch.rand(n, device=device) < 0.5).float() * flat
        cos, sin = torch.cos(roll), torch.sin(roll)
        turn = torch.stack([cos * flip, -sin * flip, sin, cos], 1).view(n, 2, 2)
        tilt = torch.randn(n, 2, device=device) * ranges.tilt * (kinds >= PRINT).float().unsqueeze(1)
        return cls(middle, at, scale, turn, tilt)

    def photo_at(self, side: int) -> tuple[Tensor, Tensor]:
        """For every pixel of the scene the place in the photo, and from the face's middle: (N, S, S, 2) each."""
        n, device = len(self.at), self.at.device
        row = (torch.arange(side, device=device) + 0.5) * (2 / side) - 1
        grid = torch.stack(torch.meshgrid(row, row, indexing="xy"), 2).view(1, -1, 2)
        apart = grid - self.at.unsqueeze(1)
        depth = (1 + apart @ self.tilt.unsqueeze(2)).clamp_min(0.5)
        offset = (apart @ self.turn.transpose(1, 2)) / (self.scale.view(n, 1, 1) * depth)
        offset = offset.view(n, side, side, 2)
        return offset + self.middle.view(n, 1, 1, 2), offset

    def boxes(self, width: Tensor, side: int) -> Tensor:
        """(N, 4) in pixels of the scene, with a detector's own inaccuracy."""
        n, device = len(width), width.device
        across = width * self.scale * (side / 2)
        half = 0.5 * torch.stack([across, across * _BOX_HEIGHT], 1) * log_uniform(n, 0.92, 1.08, device).view(n, 1)
        centre = (self.at + 1) * (side / 2) + 0.04 * across.view(n, 1) * torch.randn(n, 2, device=device)
        return torch.cat([centre - half, centre + half], 1)


def on_paper(pictures: Tensor, places: Tensor, ranges: Recapture) -> Tensor:
    """The pictures as ink: blurred, flat, with grain and the dots of two crossed screens.

    Args:
        pictures: (N, 3, S, S) 0..255.
        places: (N, S, S, 2) on the sheet, in scene pixels.
        ranges: to draw from.
    """
    n, device = len(pictures), pictures.device
    contrast, black = (uniform(n, *r, device).view(n, 1, 1, 1) for r in (ranges.contrast, ranges.black))
    ink = _softened(pictures, 1.0) * contrast + black
    angle, period = uniform(n, 0, math.pi, device), log_uniform(n, *ranges.period_px, device)
    dots = _wave(places, angle, period) + _wave(places, angle + math.pi / 2, period)
    grain = 2.5 * torch.randn(n, 1, *pictures.shape[2:], device=device)
    return ink + (dots * uniform(n, 0, ranges.dots, device).view(n, 1, 1, 1) + grain)


def on_screen(pictures: Tensor, places: Tensor, ranges: Recapture) -> Tensor:
    """The pictures as light: another gamma, bluer, with pixel grid, moire and refresh bands; arguments as above."""
    n, device = len(pictures), pictures.device
    gamma, white = (uniform(n, *r, device).view(n, 1, 1, 1) for r in (ranges.gamma, ranges.white))
    light = 255 * (_softened(pictures, 0.8).clamp(0, 255) / 255) ** gamma
    light = light * torch.cat([white, torch.ones_like(white), 1 / white], 1) + uniform(n, 0, 20, device).view(
        n, 1, 1, 1
    )
    # The stripes of the three colours lie side by side.
    grid = _wave(places, 0.05 * torch.randn(n, device=device), log_uniform(n, *ranges.period_px, device), 1 / 3)
    beat = _wave(places, uniform(n, 0, math.pi, device), log_uniform(n, *ranges.moire_px, device), 0.15)
    rows = torch.arange(pictures.shape[2], device=device) / uniform(n, 40, 300, device).view(n, 1)
    band = torch.sin(2 * math.pi * (rows + torch.rand(n, 1, device=device))).view(n, 1, -1, 1)
    factor = torch.ones_like(light)
    for pattern, most in ((grid, ranges.grid), (beat, ranges.moire), (band, ranges.band)):
        factor += pattern * uniform(n, 0, most, device).view(n, 1, 1, 1)
    return light * factor


def _wave(places: Tensor, angle: Tensor, period_px: Tensor, stagger: float | None = None) -> Tensor:
    """Waves over the plane, in [-1, 1].

    Args:
        places: (N, S, S, 2), in scene pixels.
        angle, period_px: (N,).
        stagger: how many periods one colour lags the other; None is one wave for all colours.

    Returns:
        (N, 3 or 1, S, S).
    """
    n, device = len(places), places.device
    rate = (2 * math.pi / period_px).view(n, 1, 1)
    along = (places[..., 0] * torch.cos(angle).view(n, 1, 1) + places[..., 1] * torch.sin(angle).view(n, 1, 1)) * rate
    along = along.unsqueeze(1)
    if stagger is not None:
        along = along + torch.arange(3, device=device).view(1, 3, 1, 1) * (2 * math.pi * stagger)
    return torch.cos(along)


def _framed(shown: Tensor, offset: Tensor, width: Tensor, is_screen: bool, ranges: Recapture) -> tuple[Tensor, Tensor]:
    """The picture cut to size, with rim or bezel and in its light, and where it is: (N, 3, S, S), (N, 1, S, S)."""
    n, device = len(shown), shown.device
    reach = width * uniform(n, *ranges.reach, device)
    reach = torch.stack([reach, reach * uniform(n, *ranges.aspect, device)], 1)
    rim = width * uniform(n, *(ranges.bezel if is_screen else ranges.rim), device)
    if not is_screen:
        rim = torch.where(torch.rand(n, device=device) < 1 / 3, 0.0, rim)
    outer = reach + rim.view(n, 1)
    plane = offset.abs()
    inside = (plane <= reach.view(n, 1, 1, 2)).all(3).unsqueeze(1)
    alpha = torch.sigmoid((1 - (plane / outer.view(n, 1, 1, 2)).amax(3)) * 80.0).unsqueeze(1)
    edge = uniform(n, *((5, 60) if is_screen else (205, 252)), device).view(n, 1, 1, 1)
    edge = edge + 4 * torch.randn(n, 3, 1, 1, device=device)
    return _lit(torch.where(inside, shown, edge), offset / reach.view(n, 1, 1, 2), ranges), alpha


def _lit(shown: Tensor, plane: Tensor, ranges: Recapture) -> Tensor:
    """Light that falls off over the sheet, and a lamp's reflection on half of them; ``plane`` is 1 at its edges."""
    n, device = len(shown), shown.device
    fall = 0.12 * (plane @ torch.randn(n, 1, 2, 1, device=device)).squeeze(3)
    spot = uniform(2 * n, -1.2, 1.2, device).view(n, 1, 1, 2)
    size = uniform(n, 0.15, 0.8, device).view(n, 1, 1)
    strength = uniform(n, 10, ranges.glare, device) * (torch.rand(n, device=device) < 0.5)
    lamp = strength.view(n, 1, 1) * torch.exp(-((plane - spot) ** 2).sum(3) / size**2)
    return shown * (1 + fall).clamp(0.6, 1.4).unsqueeze(1) + lamp.unsqueeze(1)


def _seen(pictures: Tensor, there: Tensor, scale: Tensor) -> Tensor:
    """Each picture at the given places; one that shrinks much is averaged down first, as taps would skip pixels."""
    answer = torch.empty(len(pictures), 3, *there.shape[1:3], device=pictures.device)
    small = scale < 0.67
    for rows, source in ((~small, pictures), (small, F.avg_pool2d(pictures, 2))):
        if rows.any():
            answer[rows] = F.grid_sample(source[rows], there[rows], padding_mode="border", align_corners=False)
    return answer


def _background(pictures: Tensor, side: int) -> Tensor:
    """A corner of other photos, enlarged and out of focus: (N, 3, S, S)."""
    n, part = len(pictures), pictures.shape[-1] // 3
    corner = pictures[..., :part, :part] if torch.rand(()) < 0.5 else pictures[..., :part, -part:]
    cells = int(torch.randint(4, part, (1,)))
    far = F.interpolate(F.interpolate(corner, size=(cells, cells), mode="area"), size=(side, side), mode="bilinear")
    return far.clamp(0, 255) * uniform(n, 0.5, 1.3, pictures.device).view(n, 1, 1, 1)


def _softened(pictures: Tensor, most: float) -> Tensor:
    """Each picture mixed with its blur (3x3, twice), by up to ``most``."""
    blurred = pictures
    for _ in range(2):
        blurred = F.avg_pool2d(blurred, 3, 1, 1, count_include_pad=False)
    return torch.lerp(pictures, blurred, most * torch.rand(len(pictures), 1, 1, 1, device=pictures.device))


def compressed(pictures: Tensor, step: tuple[float, float]) -> Tensor:
    """What JPEG does to half of the pictures: 8x8 cosine blocks, rounded the coarser the finer the wave.

    Args:
        pictures: (N, 3, S, S) 0..255; S is a multiple of 8.
        step: range of the coarseness of the mean, in grey levels.

    Returns:
        The same shape, 0..255.
    """
    n, device, blocks = len(pictures), pictures.device, pictures.shape[-1] // _BLOCK
    k = torch.arange(_BLOCK, device=device, dtype=torch.float32)
    basis = torch.cos(math.pi / _BLOCK * k.view(-1, 1) * (k + 0.5)) * math.sqrt(2 / _BLOCK)
    basis[0] /= math.sqrt(2)
    tiles = pictures.view(n, 3, blocks, _BLOCK, blocks, _BLOCK).transpose(3, 4)
    coarse = log_uniform(n, *step, device).view(n, 1, 1, 1, 1, 1) * (1 + 0.6 * (k.view(-1, 1) + k))
    waves = torch.round(basis @ tiles @ basis.t() / coarse) * coarse
    again = (basis.t() @ waves @ basis).transpose(3, 4).reshape(pictures.shape)
    half = torch.rand(n, 1, 1, 1, device=device) < 0.5
    return torch.where(half, again, pictures).clamp(0, 255)
