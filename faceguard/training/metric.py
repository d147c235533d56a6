"""Metric learning: an encoder trained on whose faces are whose, in stages of one loss each.

Over crops in memory. What a stage needs besides the encoder, the weights of the people in a softmax or a learned
boundary, lives in its objective and ends with it; the encoder goes on to the next stage. So a softmax pre-training and
a triplet fine-tuning are two stages (Parkhi et al., "Deep Face Recognition", BMVC 2015): classification learns fast
from every face at once but knows no distances, triplets learn the distance itself, but slowly from random weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError
from faceguard.training.losses import loss_spec, make_loss
from faceguard.training.miners import Miner, make_miner
from faceguard.training.sampling import BalancedSampler
from faceguard.training.verification import pixels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a recipe.

    Attributes:
        loss: one of ``LOSSES``.
        options: the loss's, see ``LossSpec.options``.
        miner: one of ``MINERS``, for a loss over pairs; None for everything in the batch.
        steps: batches.
        people, photos: P and K of a batch.
        rate: learning rate at the beginning; it falls to 0 along a cosine.
        weight_decay: of weights with more than one axis (AdamW).
        mirror: show half of the faces mirrored.
    """

    loss: str
    options: Mapping[str, Any] = field(default_factory=dict)
    miner: str | None = None
    steps: int = 1000
    people: int = 16
    photos: int = 4
    rate: float = 1e-3
    weight_decay: float = 0.01
    mirror: bool = True

    def __post_init__(self) -> None:
        if self.steps < 1 or self.rate <= 0.0:
            raise ValueError("a stage has steps and a learning rate")
        if self.miner is not None and not loss_spec(self.loss).pairs:
            raise FaceguardError(
                f"The loss {self.loss} compares each face with the people's weights; it has no use for the miner "
                f"{self.miner}: leave it out."
            )


class HeadedEncoder(nn.Module):
    """An encoder together with its loss, so that one optimiser and one checkpoint hold the weights of both.

    Calling it is calling the encoder.
    """

    def __init__(self, encoder: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.loss = loss

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> (N, D)."""
        found: Tensor = self.encoder(x)
        return found


class MetricObjective:
    """One stage's loss: draws a batch and answers what an encoder loses on it.

    1. P people, K photos of each (``BalancedSampler``).
    2. Mirror half of them at random, scale to [-1, 1], encode.
    3. Mine, in float32 whatever the encoder computed in.
    4. The loss.

    Args:
        encoder: (N, 3, H, W) in [-1, 1] -> (N, D), on its device; any torch module.
        crops: (N, H, W, 3) uint8, RGB, aligned.
        labels: (N,) whose each crop is: any values, numbers or names.
        stage: the loss and how to sample.
        seed: of the batches' order and of the mirroring.

    Attributes:
        network: the encoder with the weights of the loss, for the optimiser.

    Raises:
        FaceguardError: nobody has two photos, or what the loss and the miner find wrong.
    """

    def __init__(
        self, encoder: nn.Module, crops: NDArray[np.uint8], labels: ArrayLike, stage: Stage, seed: int = 0
    ) -> None:
        people, own = np.unique(np.asarray(labels), return_inverse=True)
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[3] != 3 or own.shape != (len(crops),):
            raise ValueError("crops are (N, H, W, 3) uint8 with a label each")
        self._crops, self._stage = crops, stage
        self._labels = torch.from_numpy(own.astype(np.int64))
        self._sampler = BalancedSampler(own, stage.people, stage.photos, seed)
        self._chance = np.random.default_rng([seed, 1])
        self._device = next(encoder.parameters()).device
        loss = make_loss(stage.loss, len(people), _length(encoder, crops, self._device), **stage.options)
        self.network = HeadedEncoder(encoder, loss).to(self._device)
        self._miner: Miner | None = None if stage.miner is None else make_miner(stage.miner, loss)

    def __call__(self, network: nn.Module) -> dict[str, Tensor]:
        """Draws a batch.

        Args:
            network: this objective's, as it is or compiled; for the loss too, so that a copy is judged by its own.

        Returns:
            ``loss``, a scalar with its graph; with a miner also ``mined``, how many triplets it chose.
        """
        rows = self._sampler.batch()
        crops = self._crops[rows]
        if self._stage.mirror:
            crops = np.where(self._chance.random(len(rows))[:, None, None, None] < 0.5, crops[:, :, ::-1], crops)
        labels = self._labels[torch.from_numpy(rows)].to(self._device)
        embeddings = network(pixels_of(crops, self._device))
        with torch.autocast(self._device.type, enabled=False):
            embeddings = embeddings.float()
            mined = None if self._miner is None else self._miner(embeddings.detach(), labels)
            answer = {"loss": network.get_submodule("loss")(embeddings, labels, mined)}
        if mined is not None:
            answer["mined"] = torch.tensor(len(mined[0]))
        return answer

    def state(self) -> dict[str, Any]:
        """Where the batches' order is, as JSON values; the weights are the network's."""
        return {"sampler": self._sampler.state(), "mirror": self._chance.bit_generator.state}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Goes on from a ``state``.

        Raises:
            FaceguardError: it belongs to other photos.
        """
        self._sampler.resume(state["sampler"])
        self._chance.bit_generator.state = state["mirror"]


@torch.no_grad()
def _length(encoder: nn.Module, crops: NDArray[np.uint8], device: torch.device) -> int:
    """D, found by asking; in evaluation mode, so that no running mean sees it."""
    training = encoder.training
    encoder.eval()
    length = int(encoder(pixels_of(crops[:1], device)).shape[1])
    encoder.train(training)
    return length
