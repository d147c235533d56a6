"""Softmax with a margin: the class of the person itself is made harder to reach than the others.

cos_j is the cosine between the embedding x and the weight W_j of class j, theta the angle to the right class y, s a
scale. All these losses are the cross-entropy of logits that differ from s cos_j (or ||W_j|| ||x|| cos_j) for the right
class only:

=============  =========================================  ==========
L-softmax      ||W_y|| ||x|| psi(theta)                   Liu et al., ICML 2016
SphereFace     ||x|| psi(theta)                           Liu et al., CVPR 2017
NormFace       s cos(theta)                               Wang et al., ACM MM 2017
CosFace        s (cos(theta) - m)                         Wang et al., CVPR 2018 (AM-softmax: Wang et al., SPL 2018)
ArcFace        s cos(theta + m), another one far away     Deng et al., CVPR 2019
=============  =========================================  ==========

psi(theta) = (-1)^k cos(m theta) - 2 k for theta in [k pi / m, (k + 1) pi / m].

A target logit must fall along the whole of [0, pi]: where it rises, the loss would push an embedding away from its own
class.
"""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from pytorch_metric_learning import losses as library
from pytorch_metric_learning.utils.common_functions import TorchInitWrapper
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError
from faceguard.training.softmax import softmax_floor

_ANNEAL_BASE: Final = 1000.0
_ANNEAL_GAMMA: Final = 0.12
_LEAST_SINE: Final = 1e-6
"""Below it the sine of an angle counts as constant: its slope in the cosine is infinite at 0."""


class _Annealed(library.LargeMarginSoftmaxLoss):
    """psi eased in, as both papers train it: from random weights the full margin does not converge.

    (lambda cos(theta) + psi(theta)) / (1 + lambda),  lambda = max(least, 1000 / (1 + 0.12 t)) after t batches

    Schedule and least value are those of SphereFace's published training.

    Args:
        least: lambda in the end; None for psi alone from the first batch on.
        options: the library's.
    """

    def __init__(self, *, least: float | None, **options: Any) -> None:
        super().__init__(**options)
        self.least = least
        self.batches: Tensor
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    def init_margin(self) -> None:
        """The terms of cos(m theta) in powers of cosine and sine, without what NumPy 2 deprecates in the library."""
        half = range(self.margin // 2 + 1)
        self.n_range = torch.tensor(list(half))
        self.margin_choose_n = torch.tensor([float(math.comb(self.margin, 2 * n)) for n in half])
        self.cos_powers = torch.tensor([self.margin - 2 * n for n in half])
        self.alternating = torch.tensor([(-1) ** n for n in half])

    @property
    def ease(self) -> float:
        """lambda of the next batch."""
        if self.least is None:
            return 0.0
        return max(self.least, _ANNEAL_BASE / (1.0 + _ANNEAL_GAMMA * int(self.batches)))

    def modify_cosine_of_target_classes(self, cosine_of_target_classes: Tensor) -> Tensor:
        """(n,) cosines to the right class -> (n,) what stands in their place."""
        psi: Tensor = super().modify_cosine_of_target_classes(cosine_of_target_classes)
        ease = self.ease
        if self.training:
            self.batches += 1
        return (ease * cosine_of_target_classes + psi) / (1.0 + ease)


class LSoftmaxLoss(_Annealed):
    """L-softmax of the library, eased in; see ``l_softmax``."""


class SphereFaceLoss(_Annealed, library.SphereFaceLoss):
    """SphereFace of the library, eased in; see ``sphereface``."""


class ArcFaceLoss(library.ArcFaceLoss):
    """ArcFace of the library, whose gradient is a number everywhere; see ``arcface``.

    The library goes through theta = arccos(cos), whose slope is infinite at cos = 1: one embedding that meets its class
    exactly makes every weight NaN. cos(theta + m) = cos(theta) cos(m) - sin(theta) sin(m) with a sine that is kept from
    0 has the same values and no such point.
    """

    def modify_cosine_of_target_classes(self, cosine_of_target_classes: Tensor) -> Tensor:
        """(n,) cosines to the right class -> (n,) what stands in their place."""
        cosine, margin = cosine_of_target_classes, float(self.margin)
        sine = (1.0 - cosine.square()).clamp(min=_LEAST_SINE**2).sqrt()
        near = cosine * math.cos(margin) - sine * math.sin(margin)
        far = cosine - margin * math.sin(margin)
        return torch.where(cosine >= -math.cos(margin), near, far)  # theta <= pi - m


def l_softmax(classes: int, length: int, *, margin: int = 2, ease: float | None = 5.0) -> nn.Module:
    """L-softmax (Liu et al., "Large-Margin Softmax Loss for Convolutional Neural Networks", ICML 2016).

    target logit ||W_y|| ||x|| psi(theta), the others ||W_j|| ||x|| cos_j

    Args:
        classes, length: people, D.
        margin: m, a whole number of at least 2; 1 is the plain softmax without bias.
        ease: least lambda, see ``_Annealed``; None for the full margin from the start.
    """
    return LSoftmaxLoss(
        num_classes=classes,
        embedding_size=length,
        margin=_whole("l-softmax", margin, 2, "1 is the plain softmax"),
        least=ease,
        weight_init_func=_unit_columns(length),
    )


def sphereface(classes: int, length: int, *, margin: int = 4, ease: float | None = 5.0) -> nn.Module:
    """SphereFace, or A-softmax (Liu et al., "SphereFace: Deep Hypersphere Embedding for Face Recognition", CVPR 2017).

    target logit ||x|| psi(theta), the others ||x|| cos_j: L-softmax over weights of unit length

    Args:
        classes, length: people, D.
        margin: m, a whole number of at least 3: only from there on, the paper shows, is the largest angle within a
            class below the smallest one to another class when there are more than two classes.
        ease: least lambda, see ``_Annealed``; None for the full margin from the start.
    """
    why = "below it faces of one person may lie farther apart than faces of two"
    return SphereFaceLoss(
        num_classes=classes,
        embedding_size=length,
        margin=_whole("sphereface", margin, 3, why),
        least=ease,
        weight_init_func=_unit_columns(length),
    )


def normface(classes: int, length: int, *, scale: float | None = None) -> nn.Module:
    """NormFace (Wang et al., "NormFace: L2 Hypersphere Embedding for Face Verification", ACM MM 2017).

    logits s cos_j, also of the right class

    Without its scale it does not converge. Cosines span [-1, 1] only, so that the softmax over C classes cannot come
    near 1: the loss has a floor (``softmax_floor``), 8.2 for 10,000 people and s = 1, and the well recognised faces
    keep almost all of their gradient. So s has no default here and 1 or less is refused.

    Args:
        classes, length: people, D.
        scale: s > 1; a few tens are usual, the more people the greater.

    Raises:
        FaceguardError: s is missing or at most 1.
    """
    found: nn.Module = library.NormalizedSoftmaxLoss(
        num_classes=classes,
        embedding_size=length,
        temperature=1.0 / _scale("normface", scale, classes),
        weight_init_func=_unit_columns(length),
    )
    return found


def cosface(classes: int, length: int, *, margin: float = 0.35, scale: float = 64.0) -> nn.Module:
    """CosFace (Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018), the same as
    AM-softmax (Wang et al., "Additive Margin Softmax for Face Verification", IEEE Signal Processing Letters 2018).

    target logit s (cos(theta) - m), the others s cos_j

    Args:
        classes, length: people, D.
        margin: m in (0, C / (C - 1)], the greatest that C classes can keep on a sphere.
        scale: s > 1.
    """
    most = classes / max(1, classes - 1)
    if not 0.0 < margin <= most:
        raise FaceguardError(f"The margin of cosface lies above 0 and at most at {most:.3g} here, not at {margin}.")
    found: nn.Module = library.CosFaceLoss(
        num_classes=classes,
        embedding_size=length,
        margin=margin,
        scale=_scale("cosface", scale, classes),
        weight_init_func=_unit_columns(length),
    )
    return found


def arcface(classes: int, length: int, *, margin: float = 0.5, scale: float = 64.0) -> nn.Module:
    """ArcFace (Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019).

    target logit  s cos(theta + m)             theta <= pi - m
                  s (cos(theta) - m sin(m))    beyond

    cos(theta + m) is below cos(theta) only up to theta = pi - m / 2, and turns upwards at pi - m: there the loss would
    reward an embedding for moving away. The second branch falls on to theta = pi, from cos(m) + m sin(m) - 1 below the
    first one's end.

    Args:
        classes, length: people, D.
        margin: m in radians, in (0, pi / 2).
        scale: s > 1.
    """
    if not 0.0 < margin < math.pi / 2:
        raise FaceguardError(f"The margin of arcface is an angle between 0 and pi / 2 in radians, not {margin}.")
    return ArcFaceLoss(
        num_classes=classes,
        embedding_size=length,
        margin=math.degrees(margin),  # the library's unit
        scale=_scale("arcface", scale, classes),
        weight_init_func=_unit_columns(length),
    )


def target_logits(loss: nn.Module, angles: Tensor) -> Tensor:
    """What stands in place of cos(theta) for the right class, over theta: the loss's own code, without its scale.

    Args:
        loss: made by this module, or a plain softmax.
        angles: (n,) theta in [0, pi].

    Returns:
        (n,), of the angles' dtype.
    """
    cosine = torch.cos(angles)
    if not isinstance(loss, library.LargeMarginSoftmaxLoss):
        return cosine
    training = loss.training
    loss.eval()
    try:
        found: Tensor = loss.modify_cosine_of_target_classes(cosine)
    finally:
        loss.train(training)
    return found


def _unit_columns(length: int) -> Any:
    """Weights of about length 1 to begin with, where the library's have sqrt(D): L-softmax's logits scale with it, and
    of the others the direction, all that counts, would turn sqrt(D) times slower.
    """
    return TorchInitWrapper(nn.init.normal_, std=length**-0.5)


def _whole(name: str, margin: float, least: int, why: str) -> int:
    if margin != int(margin) or margin < least:
        raise FaceguardError(f"The margin of {name} is a whole number of at least {least}, not {margin}: {why}.")
    return int(margin)


def _scale(name: str, scale: float | None, classes: int) -> float:
    if scale is not None and scale > 1.0:
        return scale
    floor = softmax_floor(classes, 1.0) if classes > 1 else 0.0
    raise FaceguardError(
        f"The loss {name} does not converge without its scale s, and s must be above 1"
        f"{'' if scale is None else f', not {scale:g}'}: cosines lie in [-1, 1], so with {classes} people and s = 1 "
        f"the loss never falls below {floor:.2f}, where guessing costs {math.log(classes):.2f}. Say for example 30."
    )
