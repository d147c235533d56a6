"""Losses over pairs and triplets of a batch: contrastive, triplet, margin-based.

Distances here are plain numbers: the embeddings of a network in training need not be unit vectors. With ``unit`` they
are brought to length 1 first, as they are at the door.
"""

from __future__ import annotations

from typing import Any

import torch
from pytorch_metric_learning import distances as library_distances
from pytorch_metric_learning import losses as library
from pytorch_metric_learning.utils.loss_and_miner_utils import convert_to_pairs
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError


def euclidean(*, squared: bool, unit: bool) -> Any:
    """The library's distance: ||a - b||^2 or ||a - b||, of the vectors as they are or brought to unit length."""
    return library_distances.LpDistance(p=2, power=2 if squared else 1, normalize_embeddings=unit)


def contrastive_terms(distance: Tensor, label: Tensor | int, margin: float) -> Tensor:
    """What each pair costs (DeepID2's form).

    1/2 d^2               where the label is +1, one person
    1/2 max(0, m - d)^2   where it is -1, two persons

    Args:
        distance: d = ||f(a) - f(b)||, any shape, >= 0.
        label: +1 or -1, broadcast over the distances.
        margin: m, the distance from which on two persons cost nothing.
    """
    same = torch.as_tensor(label, device=distance.device)
    return 0.5 * torch.where(same > 0, distance.square(), (margin - distance).clamp(min=0.0).square())


class ContrastiveLoss(library.ContrastiveLoss):
    """The library's contrastive loss with DeepID2's terms: the library's hinge is not squared, and it drops a batch
    with one pair of each kind.

    The mean over the positive pairs plus the mean over the negative ones that are nearer than m, so the many negative
    pairs of a batch do not drown the few positive ones.
    """

    def compute_loss(
        self, embeddings: Tensor, labels: Tensor, indices_tuple: Any, ref_emb: Any, ref_labels: Any
    ) -> Any:
        """Called by the library's base class."""
        return self.loss_method(self.distance(embeddings, ref_emb), convert_to_pairs(indices_tuple, labels, ref_labels))

    def pos_calc(self, pos_pair_dist: Tensor, margin: float) -> Tensor:
        """Of pairs of one person; the library's own margin for them is not used."""
        return contrastive_terms(pos_pair_dist, 1, margin)

    def neg_calc(self, neg_pair_dist: Tensor, margin: float) -> Tensor:
        """Of pairs of two persons."""
        return contrastive_terms(neg_pair_dist, -1, margin)


def contrastive(*, margin: float = 1.0, unit: bool = False) -> nn.Module:
    """Contrastive loss of DeepID2 (Sun et al., NIPS 2014; first by Hadsell et al., CVPR 2006).

    L = 1/2 ||f(a) - f(b)||^2                   label +1, one person
        1/2 max(0, m - ||f(a) - f(b)||)^2       label -1, two persons

    Args:
        margin: m > 0, a plain distance.
        unit: bring the embeddings to length 1 first.
    """
    _positive("contrastive", margin)
    found: nn.Module = ContrastiveLoss(neg_margin=margin, distance=euclidean(squared=False, unit=unit))
    return found


def triplet(*, margin: float = 0.2, squared: bool = True, unit: bool = False) -> nn.Module:
    """Triplet loss of FaceNet (Schroff et al., CVPR 2015).

    L = max(||f(a) - f(p)||^2 - ||f(a) - f(n)||^2 + alpha, 0)

    as the mean over the triplets that cost anything (the paper's sum would weigh a batch by how many those are). The
    margin is what forbids an encoder that maps everything to one point: that has distances 0 and the loss alpha.

    Args:
        margin: alpha > 0, in the unit of the distance.
        squared: squared distances; else plain ones (Hermans et al., "In Defense of the Triplet Loss", 2017, found those
            less prone to collapse).
        unit: bring the embeddings to length 1 first, as FaceNet does.
    """
    _positive("triplet", margin)
    found: nn.Module = library.TripletMarginLoss(margin=margin, distance=euclidean(squared=squared, unit=unit))
    return found


def soft_triplet(*, squared: bool = False, unit: bool = False) -> nn.Module:
    """Triplet loss with a soft margin (Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification",
    2017).

    L = log(1 + exp(||f(a) - f(p)|| - ||f(a) - f(n)||))

    It never stops pulling, also where the negative is far away already; there is no margin to choose.

    Args:
        squared: squared distances; the paper's are plain.
        unit: bring the embeddings to length 1 first; distances then differ by 2 at most (4 when squared), which keeps
            the loss above 0.127 (0.018).
    """
    found: nn.Module = library.TripletMarginLoss(
        margin=0.0, smooth_loss=True, distance=euclidean(squared=squared, unit=unit)
    )
    return found


def margin_based(*, margin: float = 0.2, beta: float = 1.2, nu: float = 0.0, learn_beta: bool = True) -> nn.Module:
    """Margin-based loss (Wu et al., "Sampling Matters in Deep Embedding Learning", ICCV 2017).

    L = max(0, alpha + d(a, p) - beta) + max(0, alpha - d(a, n) + beta) + nu * beta

    over plain distances of unit vectors: a pair is judged by itself, against the boundary beta, which is learned. Meant
    for the miner ``distance-weighted`` of the same paper.

    Args:
        margin: alpha > 0.
        beta: where the boundary begins, in (0, 2).
        nu: what a greater boundary costs.
        learn_beta: learn it; else it stays.
    """
    _positive("margin", margin)
    if not 0.0 < beta < 2.0:
        raise FaceguardError(f"The boundary beta lies between 0 and 2, the distances of unit vectors, not at {beta}.")
    found: nn.Module = library.MarginLoss(
        margin=margin, beta=beta, nu=nu, learn_beta=learn_beta, distance=euclidean(squared=False, unit=True)
    )
    return found


def _positive(name: str, margin: float) -> None:
    if not margin > 0.0:
        raise FaceguardError(
            f"The loss {name} needs a margin above 0, not {margin}: without one an encoder that maps every face to one "
            "point is perfect."
        )
