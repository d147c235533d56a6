"""The losses by name, with what each takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from torch import nn

from faceguard.domain.errors import FaceguardError
from faceguard.training import margin_softmax, pair_losses
from faceguard.training.softmax import CentreLoss, JoinedLoss, SoftmaxLoss

JOINT: Final = "joint"
"""Option of every loss over pairs: the weight it has beside a plain softmax; None for the loss alone."""


@dataclass(frozen=True, slots=True)
class LossSpec:
    """One loss.

    Attributes:
        name: as on the command line.
        make: makes the module; its docstring has formula and paper, its keyword arguments are the options.
        pairs: it compares the faces of a batch with each other, so a miner can choose which; else it compares them with
            the people's own weights and knows no miner.
        joint: for a loss over pairs, the weight beside a softmax that its paper uses; None where it stands alone.
    """

    name: str
    make: Callable[..., nn.Module]
    pairs: bool
    joint: float | None = None

    @property
    def options(self) -> Mapping[str, Any]:
        """What may be chosen, with its default."""
        wanted = inspect.signature(self.make).parameters.values()
        own = {p.name: p.default for p in wanted if p.kind is inspect.Parameter.KEYWORD_ONLY}
        return MappingProxyType({**own, JOINT: self.joint} if self.pairs else own)

    @property
    def paper(self) -> str:
        """First paragraph of the docstring: name and paper."""
        return " ".join((inspect.getdoc(self.make) or "").split("\n\n")[0].split())


def softmax(classes: int, length: int) -> nn.Module:
    """Plain softmax over the training people (Sun et al., "DeepID", CVPR 2014).

    L = -log( exp(W_y . x + b_y) / sum_j exp(W_j . x + b_j) )
    """
    return SoftmaxLoss(classes, length)


def centre(classes: int, length: int, *, weight: float = 0.003, rate: float = 0.5) -> nn.Module:
    """Softmax and centre loss (Wen et al., "A Discriminative Feature Learning Approach", ECCV 2016).

    L = L_softmax + lambda 1/2 ||x - c_y||^2, the centres c following the batches

    Args:
        classes, length: people, D.
        weight: lambda > 0.
        rate: the paper's alpha, how fast the centres follow, in (0, 1].
    """
    if not weight > 0.0 or not 0.0 < rate <= 1.0:
        raise FaceguardError(
            f"The loss centre needs a weight above 0 and a rate in (0, 1], not {weight:g} and {rate:g}."
        )
    return JoinedLoss(SoftmaxLoss(classes, length), CentreLoss(classes, length, rate), weight)


LOSSES: Final[Mapping[str, LossSpec]] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            LossSpec("contrastive", pair_losses.contrastive, pairs=True, joint=0.05),
            LossSpec("triplet", pair_losses.triplet, pairs=True),
            LossSpec("soft-triplet", pair_losses.soft_triplet, pairs=True),
            LossSpec("margin", pair_losses.margin_based, pairs=True),
            LossSpec("softmax", softmax, pairs=False),
            LossSpec("centre", centre, pairs=False),
            LossSpec("l-softmax", margin_softmax.l_softmax, pairs=False),
            LossSpec("sphereface", margin_softmax.sphereface, pairs=False),
            LossSpec("normface", margin_softmax.normface, pairs=False),
            LossSpec("cosface", margin_softmax.cosface, pairs=False),
            LossSpec("arcface", margin_softmax.arcface, pairs=False),
        )
    }
)


def loss_spec(name: str) -> LossSpec:
    """The loss of this name.

    Raises:
        FaceguardError: there is none.
    """
    if name not in LOSSES:
        raise FaceguardError(f"There is no loss {name}; choose one of {', '.join(LOSSES)}.")
    return LOSSES[name]


def make_loss(name: str, classes: int, length: int, **options: Any) -> nn.Module:
    """A loss, ready to be called with ``(embeddings, labels, mined)``; see ``softmax.py`` for what these are.

    Its parameters (weights of the classes, a learned boundary) want an optimiser as the encoder's do. It computes in
    float32: hand it ``embeddings.float()`` under autocast.

    Args:
        name: one of ``LOSSES``.
        classes: people of the training part.
        length: D, values of an embedding.
        options: those of ``loss_spec(name).options``; the others keep their defaults. ``joint`` is the weight of a loss
            over pairs beside a plain softmax (L = L_softmax + joint L_pairs), None for the loss alone.

    Raises:
        FaceguardError: no such loss, no such option, or a value that the loss cannot work with.
    """
    spec = loss_spec(name)
    alien = sorted(set(options) - set(spec.options))
    if alien:
        offered = ", ".join(spec.options) or "none"
        raise FaceguardError(f"The loss {name} has no option {alien[0]}; it has: {offered}.")
    if classes < 2:
        raise FaceguardError(f"Training needs at least two people, not {classes}.")
    if not spec.pairs:
        return spec.make(classes, length, **options)
    own = {key: value for key, value in options.items() if key != JOINT}
    pairs = spec.make(**own)
    joint = options.get(JOINT, spec.joint)
    if joint is None:
        return pairs
    if not joint > 0.0:
        raise FaceguardError(f"The weight of {name} beside a softmax lies above 0, not at {joint:g}; None leaves both.")
    return JoinedLoss(SoftmaxLoss(classes, length), pairs, float(joint))


def pair_part(loss: nn.Module) -> nn.Module:
    """The part that compares faces with each other: of a joined loss the second one."""
    return loss.other if isinstance(loss, JoinedLoss) else loss
