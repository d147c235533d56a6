"""Has the nose left the plane of the face? The reference view's nose is looked for in another view.

On a flat picture the nose lies where the homography of brow, cheeks and mouth says. On a head that has turned it stands
ahead of that place, along the line of the eyes, the more the farther the point stands out: a *shift* p moves each
point by p times its share of the nose's height, which rises from the bridge to the tip (anthropometric means; how high
the nose is, is what p tells). For each p the reference's nose is compared with what is seen there, by the normalised
correlation of the two (light and contrast may differ). With r(p) the correlation,

    evidence = ln( (1 - best r of the flat p) / (1 - best r of the p of noses) )

is how many times less of the picture a nose leaves unexplained than a plane does: above 0 the nose explains it better.
All pixels count and none is followed from frame to frame, so there is nothing that could drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from faceguard.pipeline.plane_track import PlaneTrack, PlaneView, Vectors, around, mapped

SHIFTS: Final = np.round(np.linspace(-0.30, 0.30, 31), 2)
"""Shifts of the tip that are tried, in eye distances."""
FLAT_SHIFT: Final = 0.03
"""What errors of the homography and a slight bend may shift on a picture."""
FLAT_HEIGHT: Final = 0.10
"""As much relief may a bent picture have, in eye distances: it shifts by this times the sine of the turn."""
NOSE_SHIFT: Final = 0.06
"""The least shift of a turned head: the mean nose shifts so far in a turn of 8 degrees."""
NOSE_HEIGHT: Final = 0.20
NOSE_AT_MOST: Final = 0.65
"""The lowest and the highest nose, in eye distances before the plane of the face; the mean is 27 mm, or 0.43."""

_STEP: Final = 1 / 40
_X, _DY = np.meshgrid(np.arange(-0.42, 0.4201, _STEP), np.arange(-0.55, 0.2201, _STEP))
_SHARE: Final = np.interp(_DY, (-0.6, -0.08, 0.06, 0.22), (0, 1, 1, 0)) * np.exp(-((_X / 0.2) ** 2))
"""Share of the nose's height at places about its tip: x across, dy below it, in eye distances."""
_WEIGHT: Final = np.clip(1.5 * _SHARE, 0.15, 1) / np.clip(1.5 * _SHARE, 0.15, 1).sum()
_FINE: Final = 0.0125
_COARSE: Final = 0.15
"""Detail that counts lies between these, standard deviations in eye distances: coarser is light, finer is noise."""


@dataclass(frozen=True, slots=True)
class NoseShift:
    """Where the nose stands in one view.

    Attributes:
        shift: of the tip against the plane, in eye distances; positive towards the right of the picture.
        evidence: see the top of this file, for a nose that left to the side of ``shift``.
        alike: the correlation there; 1 is the very nose of the reference view.
    """

    shift: float
    evidence: float
    alike: float


class Nose:
    """The nose in the reference view of a track."""

    def __init__(self, track: PlaneTrack) -> None:
        self._track = track
        self._places = np.stack([_X, _DY + track.nose_y], axis=-1).reshape(-1, 2)
        self._pattern = _normalised(self._detail(track.reference, np.zeros(1)))[0]

    def shift(self, view: PlaneView) -> NoseShift:
        """Looks for the nose in another view."""
        seen = _normalised(self._detail(view, SHIFTS))
        return judged((_WEIGHT * self._pattern * seen).sum(axis=(-2, -1)), view.turn_deg)

    def _detail(self, view: PlaneView, shifts: Vectors) -> Vectors:
        """(N, h, w): the detail of a view where the nose would be, were it shifted by each of these."""
        track, eye = self._track, self._track.work_eye
        in_plane = track.pixels(mapped(view.plane, self._places)).reshape(*_SHARE.shape, 2)
        ahead = track.pixels(view.eye_line) - track.pixels(np.zeros(2))
        left, top, right, bottom = around(in_plane, (3 * _COARSE + SHIFTS[-1]) * eye, view.grey.shape)
        fine = cv2.GaussianBlur(view.grey[top:bottom, left:right].astype(np.float32), (0, 0), _FINE * eye)
        detail = fine - cv2.GaussianBlur(fine, (0, 0), _COARSE * eye)
        moves = np.multiply.outer(shifts, _SHARE).astype(np.float32)
        x, y = (
            (in_plane[..., axis] - corner + moves * ahead[axis]).astype(np.float32).reshape(-1, _SHARE.shape[1])
            for axis, corner in enumerate((left, top))
        )
        seen = cv2.remap(detail, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(seen.reshape(-1, *_SHARE.shape), np.float64)


def judged(alike: Vectors, turn_deg: float) -> NoseShift:
    """The correlation at each of ``SHIFTS``, (31,) in [-1, 1], summed up.

    Args:
        alike: correlations.
        turn_deg: of the plane; what leaves it more or less than a nose would in such a turn is none.
    """
    shifts = SHIFTS
    shift, best = float(shifts[int(np.argmax(alike))]), float(alike.max())
    if shift < 0:
        alike = alike[::-1]
    turned = abs(math.sin(math.radians(turn_deg)))
    flat = shifts <= max(FLAT_SHIFT, FLAT_HEIGHT * turned)
    nose = shifts >= max(NOSE_SHIFT, NOSE_HEIGHT * turned)
    nose &= shifts <= NOSE_SHIFT + NOSE_AT_MOST * turned
    by_plane, by_nose = (max(1.0 - float(alike[which].max()), 1e-6) for which in (flat, nose))
    return NoseShift(shift, math.log(by_plane / by_nose), best)


def _normalised(patches: Vectors) -> Vectors:
    """Patches (..., h, w) with weighted mean 0 and weighted variance 1."""
    centred = patches - (_WEIGHT * patches).sum(axis=(-2, -1), keepdims=True)
    power = (_WEIGHT * centred * centred).sum(axis=(-2, -1), keepdims=True)
    return np.asarray(centred / np.sqrt(np.maximum(power, 1e-9)))
