"""A passive PAD network: one picture of a face -> probability that it is a living one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceguard.domain.card import PadCard
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import BoundingBox, DetectedFace, Frame
from faceguard.pipeline.onnx_model import OnnxModel


class PassivePadNetwork:
    """Scores one face.

    1. Crop around the face at the card's scale; see ``context_crop`` and ``square_crop``.
    2. Resize to the card's input size (bilinear; the aspect is not kept).
    3. Colour order and scaling as the card says, in ``OnnxModel``. Both are a matter of safety: MiniFASNet fed with RGB
       for BGR calls a print and a replay living, and fed with 0..1 for 0..255 it calls everything an attack.
    4. Softmax over the logits; the probability of the card's bona fide class.

    Crop geometry and scaling follow minivision-ai/Silent-Face-Anti-Spoofing (src/generate_patches.py).

    Args:
        model: the network; its card is a ``PadCard``.
    """

    def __init__(self, model: OnnxModel) -> None:
        card = model.card
        if not isinstance(card, PadCard):
            raise TypeError("a PAD network needs a PAD card")
        self.card = card
        self._model = model

    @property
    def provider(self) -> str:
        """Short name of the provider in use."""
        return self._model.provider

    def score(self, frame: Frame, face: DetectedFace) -> float:
        """Probability of bona fide in [0, 1].

        Args:
            frame: the raw picture, neither mirrored nor brightened: what repairs a picture repairs an attack too.
            face: in that frame.

        Raises:
            ModelFault: the network fails, or its answer is no set of logits.
        """
        side = self.card.input_size
        cut = square_crop if self.card.crop_square else context_crop
        crop = cut(frame.pixels, face.box, self.card.crop_scale)
        picture = cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR)
        logits = self._model.run(np.asarray(picture, np.uint8)[None])[0].reshape(-1).astype(np.float64)
        if logits.shape != (len(self.card.classes),) or not np.isfinite(logits).all():
            raise ModelFault(
                f"The network {self.card.id} does not answer with its {len(self.card.classes)} classes.",
                f"{logits.shape}, finite: {bool(np.isfinite(logits).all())}",
            )
        powers = np.exp(logits - logits.max())
        return float(powers[self.card.classes.index(self.card.bona_fide)] / powers.sum())


def context_crop(pixels: NDArray[np.uint8], box: BoundingBox, scale: float) -> NDArray[np.uint8]:
    """The face with its surroundings: the box times ``scale`` about its centre, shifted inside, never padded.

    A crop that would be larger than the picture is made smaller: near faces get less than ``scale``.

    Args:
        pixels: (H, W, 3) uint8.
        box: of the face, in pixels.
        scale: of both sides.

    Returns:
        A part of the picture, at least one pixel.
    """
    height, width = pixels.shape[:2]
    left, top = round(box.left), round(box.top)
    box_width, box_height = round(box.right) - left + 1, round(box.bottom) - top + 1
    scale = min((height - 1) / box_height, (width - 1) / box_width, scale)
    x0, x1 = _shifted_inside(left + box_width / 2, box_width * scale, width)
    y0, y1 = _shifted_inside(top + box_height / 2, box_height * scale, height)
    return pixels[y0 : y1 + 1, x0 : x1 + 1]


def square_crop(pixels: NDArray[np.uint8], box: BoundingBox, scale: float) -> NDArray[np.uint8]:
    """A square over the box's longer side times ``scale`` about its centre, black where it leaves the picture.

    After hairymax/Face-AntiSpoofing, whose networks look at 1.5 times the box.

    Args:
        pixels: (H, W, 3) uint8.
        box: of the face, in pixels.
        scale: of the side.
    """
    side = max(1, round(max(box.width, box.height) * scale))
    left, top = (round(centre - side / 2) for centre in box.centre)
    height, width = pixels.shape[:2]
    crop = np.zeros((side, side, 3), np.uint8)
    x0, x1 = max(left, 0), min(left + side, width)
    y0, y1 = max(top, 0), min(top + side, height)
    if x0 < x1 and y0 < y1:
        crop[y0 - top : y1 - top, x0 - left : x1 - left] = pixels[y0:y1, x0:x1]
    return crop


def _shifted_inside(centre: float, length: float, size: int) -> tuple[int, int]:
    """First and last pixel of a stretch of ``length`` about ``centre``, moved into 0..size-1."""
    first, last = centre - length / 2, centre + length / 2
    if first < 0:
        first, last = 0.0, last - first
    if last > size - 1:
        first, last = first - (last - size + 1), size - 1.0
    return max(int(first), 0), int(last)
