"""How well a network in training tells people apart: embeddings and their error, quickly, on photos held back."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

_BATCH: Final = 256


def pixels_of(crops: NDArray[np.uint8], device: torch.device | str = "cpu") -> Tensor:
    """(N, H, W, 3) uint8 crops -> (N, 3, H, W) float32 in [-1, 1], (x - 127.5) / 127.5; colours keep their order."""
    found = torch.from_numpy(np.ascontiguousarray(crops)).to(device).permute(0, 3, 1, 2)
    return found.float().sub_(127.5).div_(127.5)


@torch.no_grad()
def embed(encoder: nn.Module, crops: NDArray[np.uint8], mirror: bool = False) -> NDArray[np.float32]:
    """Embeddings in evaluation mode, as at the door.

    Args:
        encoder: (N, 3, H, W) in [-1, 1] -> (N, D).
        crops: (N, H, W, 3) uint8, RGB.
        mirror: average the unit vectors of crop and mirror image.

    Returns:
        (N, D) float32, unit rows.
    """
    training, device = encoder.training, next(encoder.parameters()).device
    encoder.eval()
    try:
        parts = []
        for i in range(0, len(crops), _BATCH):
            pixels = pixels_of(crops[i : i + _BATCH], device)
            unit = F.normalize(encoder(pixels).float())
            parts.append(F.normalize(unit + F.normalize(encoder(pixels.flip(3)).float())) if mirror else unit)
    finally:
        encoder.train(training)
    found: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return found


def true_positive_rate(embeddings: NDArray[np.float32], labels: ArrayLike, fmr: float) -> float:
    """Share of the genuine pairs that are accepted at the tau of this FMR, over all pairs of rows.

    Args:
        embeddings: (n, D) unit rows, a few thousand at most: all pairs are held at once.
        labels: (n,) whose each row is.
        fmr: of impostor pairs.

    Raises:
        ValueError: no pair of one person, or none of two.
    """
    genuine, impostor = _pairs(embeddings, labels)
    return float(np.mean(genuine < _tau(impostor, fmr)))


def accepted_by_person(
    embeddings: NDArray[np.float32], labels: ArrayLike, fmr: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Genuine pairs that are accepted at the tau of this FMR, and all of them, person by person.

    Args:
        embeddings, labels, fmr: as for ``true_positive_rate``.

    Returns:
        (P,) and (P,), of the people with two photos or more, by name.
    """
    tau = _tau(_pairs(embeddings, labels)[1], fmr)
    accepted, pairs = [], []
    who = np.asarray(labels)
    for person in np.unique(who):
        rows = embeddings[who == person].astype(np.float64)
        if len(rows) > 1:
            distance = 2.0 - 2.0 * (rows @ rows.T)[np.triu_indices(len(rows), 1)]
            accepted.append(int((distance < tau).sum()))
            pairs.append(distance.size)
    return np.array(accepted), np.array(pairs)


def _tau(impostor: NDArray[np.float64], fmr: float) -> float:
    """What accepted distances lie below; ascending distances of the impostor pairs."""
    return float(impostor[max(0, math.ceil(fmr * impostor.size) - 1)])


def _pairs(embeddings: NDArray[np.float32], labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances of the genuine and of the impostor pairs, each ascending."""
    who = np.asarray(labels)
    first, second = np.triu_indices(len(who), 1)
    rows = embeddings.astype(np.float64)
    distance = 2.0 - 2.0 * (rows @ rows.T)[first, second]
    same = who[first] == who[second]
    genuine, impostor = np.sort(distance[same]), np.sort(distance[~same])
    if not genuine.size or not impostor.size:
        raise ValueError("pairs of one person and of two persons are needed")
    return genuine, impostor
