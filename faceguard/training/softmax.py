"""Plain softmax, a loss joined to it, and centre loss: what classification over the training people gives.

Every loss of this room is a torch module that is called with ``(embeddings, labels, mined)``:

- embeddings: (N, D) float32, not normalised;
- labels: (N,) int64 in [0, classes), whose face each row is;
- mined: index tensors of a miner, (anchors, positives, negatives) or (anchors, positives, anchors, negatives); None for
  everything in the batch. A loss that looks at classes only does not use it;

and answers a scalar.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Mined = tuple[Tensor, ...] | None


class SoftmaxLoss(nn.Module):
    """Cross-entropy over the training people, through a linear layer (Sun et al., DeepID, CVPR 2014).

    L = mean_i -log( exp(W_yi . x_i + b_yi) / sum_j exp(W_j . x_i + b_j) )

    Args:
        classes: people.
        length: D.
    """

    def __init__(self, classes: int, length: int) -> None:
        super().__init__()
        self.head = nn.Linear(length, classes)

    def forward(self, embeddings: Tensor, labels: Tensor, mined: Mined = None) -> Tensor:
        """The scalar loss of a batch."""
        return F.cross_entropy(self.head(embeddings), labels)


class JoinedLoss(nn.Module):
    """Classification and a second loss at once: L = L_softmax + weight * L_other.

    Sun et al., "Deep Learning Face Representation by Joint Identification-Verification" (DeepID2, NIPS 2014), join
    softmax and contrastive loss so; Wen et al. (ECCV 2016) softmax and centre loss.

    Args:
        classification: sees the whole batch, whatever was mined.
        other: sees what was mined.
        weight: lambda.
    """

    def __init__(self, classification: nn.Module, other: nn.Module, weight: float) -> None:
        super().__init__()
        self.classification = classification
        self.other = other
        self.weight = weight

    def forward(self, embeddings: Tensor, labels: Tensor, mined: Mined = None) -> Tensor:
        """The scalar loss of a batch."""
        joined: Tensor = self.classification(embeddings, labels) + self.weight * self.other(embeddings, labels, mined)
        return joined


class CentreLoss(nn.Module):
    """Pulls each embedding towards the centre of its person (Wen et al., "A Discriminative Feature Learning Approach
    for Deep Face Recognition", ECCV 2016).

    L_C = 1/2 mean_i ||x_i - c_yi||^2

    (the paper's sum over the batch as a mean, as the softmax it is joined to). The centres get no gradient. After each
    batch in training mode

    c_j <- c_j - rate * sum_i [y_i = j] (c_j - x_i) / (1 + sum_i [y_i = j])

    Alone it has the trivial minimum of one centre for all: only joined to a softmax does it learn anything.

    Args:
        classes: people.
        length: D.
        rate: the paper's alpha, in (0, 1].
    """

    def __init__(self, classes: int, length: int, rate: float = 0.5) -> None:
        super().__init__()
        self.rate = rate
        self.centres: Tensor
        self.register_buffer("centres", torch.zeros(classes, length))

    def forward(self, embeddings: Tensor, labels: Tensor, mined: Mined = None) -> Tensor:
        """The scalar loss of a batch; moves the centres."""
        away = embeddings - self.centres[labels].to(embeddings.dtype)
        if self.training:
            self._follow(away.detach(), labels)
        return 0.5 * away.square().sum(dim=1).mean()

    @torch.no_grad()
    def _follow(self, away: Tensor, labels: Tensor) -> None:
        away = away.to(self.centres.dtype)
        total = torch.zeros_like(self.centres).index_add_(0, labels, away)
        count = torch.zeros(len(self.centres), dtype=away.dtype, device=away.device)
        count.index_add_(0, labels, torch.ones_like(away[:, 0]))
        self.centres += self.rate * total / (1.0 + count).unsqueeze(1)


def softmax_floor(classes: int, scale: float) -> float:
    """The least loss that a softmax over cosines can reach (Wang et al., "NormFace", ACM MM 2017, proposition 2).

    With both the embeddings and the classes' weights on the unit sphere and equally many samples of each class,

    L >= log(1 + (C - 1) exp(-s C / (C - 1)))

    However well the classes are separated, s = 1 leaves the loss high and its gradient in every sample: with 10,000
    people the floor is 8.2, where guessing costs 9.2.

    Args:
        classes: C >= 2.
        scale: s.
    """
    exponent = math.log(classes - 1) - scale * classes / (classes - 1)
    return math.log1p(math.exp(exponent)) if exponent < 700 else exponent
