"""The start-up test of a network: a generated input must give the stored answer.

It finds what a digest cannot: a runtime, driver or processor that computes something else. And it refuses an encoder
that maps everybody to one point, which would make everybody the same person.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceguard.domain.card import KnownAnswer, ModelCard, ModelTask
from faceguard.domain.errors import ModelFault
from faceguard.pipeline.onnx_model import AUTO, OnnxModel

DEFAULT_SEED: Final = 1
FREE_SIZE_PX: Final = 160
"""Side of the generated input for a network that takes any size; a multiple of 32."""
MIN_SPREAD: Final = 1e-3
"""Any two generated inputs lie at least this far apart as embeddings, in squared L2 of unit vectors; good encoders give
0.03 to 0.5 for these inputs, which are no faces."""

_INPUTS: Final = 3
"""Of three points on one line through the origin, two coincide on the sphere; of two, they may be opposite."""
_LEADING: Final = 8
_PROJECTIONS: Final = 8
_TOLERANCE: Final = 2e-3
"""Of the largest stored value: processors and GPUs differ by about 1e-5 of it, another network by all of it."""


def pattern(seed: int, side: int) -> NDArray[np.uint8]:
    """Blocks of random colour, the same on every machine and with every version of numpy.

    Returns:
        (side, side, 3) uint8.
    """
    blocks = 8
    stream = hashlib.shake_256(f"faceguard pattern {seed}".encode()).digest(blocks * blocks * 3)
    colours = np.frombuffer(stream, np.uint8).reshape(blocks, blocks, 3)
    place = np.arange(side) * blocks // side
    return colours[np.ix_(place, place)]


def measure(model: OnnxModel, seed: int = DEFAULT_SEED) -> KnownAnswer:
    """The answer of a network to the inputs of ``seed``, to be stored on its card.

    Raises:
        ModelFault: the answer is not finite, or all embeddings are one point.
    """
    values = _answer(model, seed)
    return KnownAnswer(
        seed=seed,
        values=tuple(float(f"{v:.6g}") for v in values),
        tolerance=float(f"{max(1e-6, _TOLERANCE * float(np.abs(values).max())):.3g}"),
    )


def check(model: OnnxModel) -> None:
    """Compares the network's answer with its card's.

    Raises:
        ModelFault: another answer than stored, not finite, all embeddings one point, or nothing is stored.
    """
    stored = model.card.known_answer
    if stored is None:
        raise ModelFault(f"The card of the network {model.card.id} has no known answer; add the network again.")
    values = _answer(model, stored.seed)
    expected = np.array(stored.values)
    if values.shape != expected.shape or float(np.abs(values - expected).max()) > stored.tolerance:
        raise ModelFault(
            f"The network {model.card.id} computes wrong answers on this machine ({model.provider}); "
            "set models.provider to cpu or install the network again.",
            f"got {values.tolist()}, expected {stored.values} within {stored.tolerance}",
        )


def open_checked(card: ModelCard, data: bytes, provider: str = AUTO, threads: int = 1) -> OnnxModel:
    """A verified network that has passed its start-up test.

    Raises:
        ModelFault: see ``OnnxModel`` and ``check``.
    """
    model = OnnxModel(card, data, provider, threads)
    check(model)
    return model


def prove(card: ModelCard, data: bytes) -> KnownAnswer:
    """Opens a network that an admin brings along, on the processor; its known answer, measured where the card has none.

    Raises:
        ModelFault: it does not fit its card, answers otherwise than the card says, or not usably.
    """
    model = OnnxModel(card, data, "cpu")
    if card.known_answer is None:
        return measure(model)
    check(model)
    return card.known_answer


def _answer(model: OnnxModel, seed: int) -> NDArray[np.float64]:
    """All outputs for the generated inputs in short: leading values, and random-sign projections of everything."""
    side = model.card.input_size or FREE_SIZE_PX
    outputs = model.run(np.stack([pattern(seed + i, side) for i in range(_INPUTS)]))
    rows = np.concatenate([output.reshape(_INPUTS, -1) for output in outputs], axis=1).astype(np.float64)
    if not np.isfinite(rows).all():
        raise ModelFault(f"The network {model.card.id} gives answers that are not finite.")
    if model.card.task is ModelTask.ENCODER:
        _require_spread(model.card, rows)
    flat = rows.reshape(-1)
    bits = np.unpackbits(
        np.frombuffer(hashlib.shake_256(b"faceguard signs").digest(_PROJECTIONS * (flat.size // 8 + 1)), np.uint8)
    )
    signs = 2.0 * bits.reshape(_PROJECTIONS, -1)[:, : flat.size] - 1.0
    return np.concatenate([flat[:_LEADING], signs @ flat / np.sqrt(flat.size)])


def _require_spread(card: ModelCard, rows: NDArray[np.float64]) -> None:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if float(lengths.min()) < 1e-6:
        raise ModelFault(f"The encoder {card.id} gives a vector without direction.")
    unit = rows / lengths
    nearest = min(float(d @ d) for d in (unit[i] - unit[i - 1] for i in range(_INPUTS)))
    if nearest < MIN_SPREAD:
        raise ModelFault(f"The encoder {card.id} maps different pictures to one point: everybody would match.")
