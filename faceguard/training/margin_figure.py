"""One figure: what each softmax makes of the angle to the right person, side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import torch

from faceguard.domain.errors import FaceguardError
from faceguard.training.losses import make_loss
from faceguard.training.margin_softmax import target_logits

SUFFIXES: Final = (".png", ".svg")
_CURVES: Final[tuple[tuple[str, str, dict[str, Any], str, str], ...]] = (
    ("softmax, NormFace", "normface", {"scale": 30.0}, "black", "-"),
    ("L-softmax, m = 2", "l-softmax", {"margin": 2, "ease": None}, "tab:green", "-"),
    ("SphereFace, m = 3", "sphereface", {"margin": 3, "ease": None}, "tab:orange", "--"),
    ("SphereFace, m = 4", "sphereface", {"margin": 4, "ease": None}, "tab:orange", "-"),
    ("SphereFace, m = 4, eased by 5", "sphereface", {"margin": 4, "ease": 5.0}, "tab:orange", ":"),
    ("CosFace, m = 0.35", "cosface", {}, "tab:blue", "-"),
    ("ArcFace, m = 0.5", "arcface", {}, "tab:red", "-"),
)
_SETTLED: Final = 1_000_000
"""Batches after which the margin is no longer eased in."""


def curves(points: int = 721) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Angles from 0 to pi, (n,) float64, and the target logit of each loss over them, without its scale.

    The values come from the losses that are trained with, not from formulas of the figure's own.
    """
    angles = torch.linspace(0.0, math.pi, points, dtype=torch.float64)
    found = {}
    for label, name, options, _, _ in _CURVES:
        loss = make_loss(name, 10, 4, **options)
        batches = getattr(loss, "batches", None)
        if isinstance(batches, torch.Tensor):
            batches.fill_(_SETTLED)
        found[label] = target_logits(loss, angles)
    return angles, found


def draw_margins(path: Path) -> None:
    """Writes the figure: on the left the target logits over theta, on the right how far each lies from cos(theta).

    Args:
        path: of the file, ``.png`` or ``.svg``.

    Raises:
        FaceguardError: another suffix, or the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise FaceguardError(f"The figure is written as {' or '.join(SUFFIXES)}, not as {path.suffix or 'no suffix'}.")
    from matplotlib.figure import Figure  # without pyplot: no window system is asked for

    angles, found = curves()
    degrees = torch.rad2deg(angles).numpy()
    figure = Figure(figsize=(12.0, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    cosine = torch.cos(angles)
    for label, _, _, colour, style in _CURVES:
        values = found[label]
        left.plot(degrees, values.numpy(), color=colour, linestyle=style, label=label)
        if values is not cosine and not torch.equal(values, cosine):
            right.plot(degrees, (values - cosine).numpy(), color=colour, linestyle=style, label=label)
    arc = math.degrees(math.pi - 0.5)
    left.axvline(arc, color="tab:red", linewidth=0.8, alpha=0.5)
    left.annotate(
        "ArcFace's far side,\ntheta > pi - m",
        (arc, 0.6),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        color="tab:red",
        fontsize=9,
    )
    left.set(title="Target logit (without its scale)", ylabel="in place of cos(theta)")
    right.set(title="What the margin takes away", ylabel="target logit - cos(theta)", ylim=(-2.2, 0.1))
    for axes in (left, right):
        axes.set(xlabel="theta, angle to the right person's weights (degrees)", xlim=(0, 180))
        axes.set_xticks(range(0, 181, 30))
        axes.grid(alpha=0.3)
    left.legend(fontsize=9, loc="lower left")
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise FaceguardError(f"The figure cannot be written to {path}.", str(error)) from error
