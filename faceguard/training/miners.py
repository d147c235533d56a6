"""Miners by name: which pairs and triplets of a batch a loss looks at.

Nearly all triplets of a batch cost nothing after a while, and the very hardest are often wrong labels: what is chosen
decides what is learned (Wu et al., "Sampling Matters in Deep Embedding Learning", ICCV 2017). A miner is called with
``(embeddings, labels)`` and answers (anchors, positives, negatives), int64 indices of one length into the batch. It
chooses without gradients. People with one face in the batch are anchors of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

from pytorch_metric_learning import miners as library
from pytorch_metric_learning.utils.loss_and_miner_utils import get_random_triplet_indices
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError
from faceguard.training.losses import pair_part
from faceguard.training.pair_losses import euclidean


class Miner(Protocol):
    """Chooses triplets of a batch."""

    def __call__(self, embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, D) embeddings and (N,) labels -> (anchors, positives, negatives)."""
        ...


class RandomMiner(library.BaseMiner):
    """Triplets drawn evenly: for each anchor as many as its person has faces in the batch; see ``random``."""

    def mine(self, embeddings: Tensor, labels: Tensor, ref_emb: Any, ref_labels: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Called by the library's base class."""
        found: tuple[Tensor, Tensor, Tensor] = get_random_triplet_indices(labels)
        return found


def random(distance: Any, margin: float) -> Any:
    """Positives and negatives drawn evenly, from torch's own random numbers. The yardstick of the others."""
    return RandomMiner(distance=distance)


def semi_hard(distance: Any, margin: float) -> Any:
    """All triplets whose negative is farther away than the positive, but by less than the margin (FaceNet, Schroff et
    al., CVPR 2015): d(a, p) < d(a, n) <= d(a, p) + alpha.

    The hardest negatives are left out: early in training they drive an encoder to one point.
    """
    return library.TripletMarginMiner(margin=margin, type_of_triplets="semihard", distance=distance)


def batch_hard(distance: Any, margin: float) -> Any:
    """For each face of the batch the farthest positive and the nearest negative (Hermans et al., "In Defense of the
    Triplet Loss for Person Re-Identification", 2017). One triplet a face, whether it violates the margin or not.
    """
    return library.BatchHardMiner(distance=distance)


def distance_weighted(distance: Any, margin: float) -> Any:
    """Negatives drawn with the inverse of how often their distance occurs on a sphere (Wu et al., "Sampling Matters in
    Deep Embedding Learning", ICCV 2017).

    q(d) ~ d^(D-2) (1 - d^2 / 4)^((D-3) / 2),  weight 1 / q(max(d, 0.5)), none from d = 1.4 on

    so that all distances are seen alike, not only those near sqrt(2), where nearly all pairs lie. It measures plain
    distances of unit vectors, whatever the loss measures. Positives are drawn evenly.
    """
    return library.DistanceWeightedMiner(
        cutoff=0.5, nonzero_loss_cutoff=1.4, distance=euclidean(squared=False, unit=True)
    )


@dataclass(frozen=True, slots=True)
class MinerSpec:
    """One miner: its name and what makes it, from the loss's distance and its margin."""

    name: str
    make: Any


MINERS: Final[Mapping[str, MinerSpec]] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            MinerSpec("random", random),
            MinerSpec("semi-hard", semi_hard),
            MinerSpec("batch-hard", batch_hard),
            MinerSpec("distance-weighted", distance_weighted),
        )
    }
)

_SOFT_MARGIN: Final = 0.2
"""What semi-hard means to a loss that has no margin of its own."""


def make_miner(name: str, loss: nn.Module) -> Miner:
    """A miner that measures as the loss does.

    Args:
        name: one of ``MINERS``.
        loss: over pairs, alone or joined to a softmax; its distance and margin are taken.

    Raises:
        FaceguardError: no such miner, or a loss that compares faces with people's weights and leaves nothing to choose.
    """
    if name not in MINERS:
        raise FaceguardError(f"There is no miner {name}; choose one of {', '.join(MINERS)}.")
    part = pair_part(loss)
    distance = getattr(part, "distance", None)
    if distance is None or hasattr(part, "W"):
        raise FaceguardError(
            f"The miner {name} chooses among pairs of faces, and this loss compares each face with the people's "
            "weights: leave the miner out."
        )
    margin = float(getattr(part, "margin", None) or getattr(part, "neg_margin", 0.0) or _SOFT_MARGIN)
    found: Miner = MINERS[name].make(distance, margin)
    return found
