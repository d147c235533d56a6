"""Turns an exported encoder into one that computes in 8 bits, on prepared faces, and says what that did to it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from faceguard.domain.errors import FaceguardError
from faceguard.training import export as exporting
from faceguard.training import int8
from faceguard.training.distil import Exported, encoder_crops
from faceguard.training.face_set import FaceSet
from faceguard.training.networks import EncoderNet
from faceguard.training.verification import pixels_of

MOST_CALIBRATED: Final = 512
"""Training faces: half of them give the activations' ranges, half choose how."""
MOST_COMPARED: Final = 512
"""Faces on which the file is compared with torch."""


@dataclass(frozen=True, slots=True)
class Change:
    """What quantisation did to an encoder.

    Attributes:
        method: how the activations' ranges were chosen.
        calibrated: training faces that it was chosen on.
        cosine, worst: mean and least cosine between torch's embeddings and the file's.
        faces: so many were compared.
        held_back: they are of the development part; otherwise of the training part, for want of others.
        ratio: time on one core over that of the float32 file.
    """

    method: str
    calibrated: int
    cosine: float
    worst: float
    faces: int
    held_back: bool
    ratio: float

    def __str__(self) -> str:
        part = "kept apart" if self.held_back else "of the training part, for want of others"
        return (
            f"In 8 bits, ranges by {self.method} of {self.calibrated} training faces: cosine to torch "
            f"{self.cosine:.4f} in the mean, {self.worst:.4f} at worst, over {self.faces} faces {part}; "
            f"{self.ratio:.2f} times the time of float32 on one core."
        )


def quantise(made: Exported, net: nn.Module, faces: FaceSet) -> tuple[Exported, Change]:
    """An exported encoder with its convolutions in 8 bits.

    Args:
        made: in float32.
        net: the same in torch, on the processor, in evaluation mode.
        faces: the training part calibrates, the development part is compared on.

    Raises:
        FaceguardError: no encoder, too few faces, or ONNX Runtime cannot quantise it.
    """
    if not isinstance(net, EncoderNet):
        raise FaceguardError("Only an encoder is worth 8 bits; leave --int8 out, or store another network by --half.")
    rows = _evenly(np.flatnonzero(faces.train), MOST_CALIBRATED)
    quantised = int8.quantise(made.data, _pixels(faces, rows))
    held = _evenly(np.flatnonzero(~faces.train), MOST_COMPARED)
    pixels = _pixels(faces, held if held.size else rows)
    cosines = int8.torch_cosines(net, quantised.data, pixels)
    change = Change(
        method=quantised.method,
        calibrated=len(rows),
        cosine=float(cosines.mean()),
        worst=float(cosines.min()),
        faces=len(pixels),
        held_back=bool(held.size),
        ratio=int8.latency_ratio(quantised.data, made.data, made.shape),
    )
    stored = dataclasses.replace(
        made,
        data=quantised.data,
        parity=exporting.parity(net, quantised.data, torch.from_numpy(pixels[:8])),
        latency_ms=exporting.latency_ms(quantised.data, made.shape),
    )
    return stored, change


def _evenly(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, evenly spread: a set is in the order of its sources."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _pixels(faces: FaceSet, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, 3, 112, 112) RGB in [-1, 1], as an encoder takes them."""
    return np.ascontiguousarray(pixels_of(encoder_crops(faces, rows)).numpy())
