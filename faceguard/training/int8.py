"""An encoder that computes its convolutions in 8 bits: ONNX Runtime's static quantisation, calibrated on faces.

Activations are unsigned and weights signed, a scale for each output channel, with QuantizeLinear and DequantizeLinear
around each convolution (QDQ). Weights use 7 of the 8 bits: a processor with AVX2 but without VNNI adds two products of
an activation and a weight in 16 bits, which overflow and stick (ONNX Runtime, "Quantize ONNX models"). On such a one
the quick-start encoder kept a mean cosine of 0.992 to float32 with 7 bits and of 0.87 with 8; signed activations did
no better and took longer than float32.

A value that lies between two of the 256 steps falls to one or the other by the last bit of a sum, and all layers behind
follow. So embeddings are the same on every run of one machine, and slightly others where sums are ordered otherwise.

Everything but the convolutions stays float32, and so does the first one, which sees the picture: quantising additions,
the embedding's product and the first convolution as well lost another 0.001 to 0.003 and won no time.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quant_pre_process,
    quantize_static,
)
from torch import nn

from faceguard.domain.errors import FaceguardError
from faceguard.training.export import session

METHODS: Final[Mapping[str, tuple[CalibrationMethod, Mapping[str, Any]]]] = MappingProxyType(
    {
        "minmax": (CalibrationMethod.MinMax, {}),
        "entropy": (CalibrationMethod.Entropy, {}),
        "percentile 99.99": (CalibrationMethod.Percentile, {"CalibPercentile": 99.99}),
        "percentile 99.999": (CalibrationMethod.Percentile, {"CalibPercentile": 99.999}),
    }
)
"""How an activation's range follows from what it was on the faces: which one is best is measured."""
_AT_ONCE: Final = 16
"""Faces whose activations are held at once: some 10 MB each."""
_RUNS: Final = 40
_WARM_UP: Final = 5


@dataclass(frozen=True, slots=True)
class Quantised:
    """A network in 8 bits.

    Attributes:
        data: the ONNX file.
        method: of ``METHODS``, the one that was chosen.
        tried: mean cosine to the float32 file of each method, on the faces that chose.
    """

    data: bytes
    method: str
    tried: Mapping[str, float]


def quantise(data: bytes, faces: NDArray[np.float32]) -> Quantised:
    """The same encoder with its convolutions in 8 bits.

    1. Batch norms and constants are folded (``quant_pre_process``).
    2. By each method the ranges of the activations are measured on every other face.
    3. The method whose embeddings of the other half are nearest to those of float32 stays.

    Args:
        data: an encoder in float32, one input (N, 3, S, S), one output (N, D).
        faces: (n, 3, S, S) float32, n >= 2, as the network takes them; training faces, never those to measure on.

    Raises:
        FaceguardError: fewer than two faces, or ONNX Runtime cannot quantise the network.
    """
    if len(faces) < 2:
        raise FaceguardError("Quantisation needs two training faces or more to calibrate on; prepare more photos.")
    calibrate, choose = faces[::2], faces[1::2]
    expected = embeddings(data, choose)
    found: dict[str, bytes] = {}
    tried: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        try:
            quant_pre_process(onnx.load_from_string(data), prepared, skip_symbolic_shape=True)
            for method in METHODS:
                found[method] = _quantised(prepared, Path(folder) / "int8.onnx", calibrate, method)
                tried[method] = float(cosines(expected, embeddings(found[method], choose)).mean())
        except Exception as error:  # its errors share no base class but Exception
            raise FaceguardError("The network cannot be quantised.", str(error)) from error
    best = max(tried, key=lambda method: tried[method])
    return Quantised(found[best], best, tried)


def embeddings(data: bytes, faces: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 3, S, S) -> (n, D) by an ONNX file, one face after the other."""
    running = session(data)
    name = running.get_inputs()[0].name
    found: NDArray[np.float32] = np.concatenate(
        [running.run(None, {name: faces[i : i + 1]})[0] for i in range(len(faces))]
    )
    return found


@torch.no_grad()
def torch_cosines(net: nn.Module, data: bytes, faces: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) cosines between torch's embeddings and the file's.

    Args:
        net: on the processor, in evaluation mode.
        data: the ONNX file.
        faces: (n, 3, S, S) float32.
    """
    expected = torch.cat([net(part) for part in torch.from_numpy(faces).split(_AT_ONCE)]).numpy()
    return cosines(expected, embeddings(data, faces))


def cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, D) and (n, D) -> (n,)."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    found: NDArray[np.float64] = (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return found


def latency_ratio(data: bytes, reference: bytes, shape: Sequence[int]) -> float:
    """Time of one run of ``data`` over that of ``reference``, both on one core.

    They take turns, and the thread's own time counts, so that other work on the machine weighs on neither.

    Args:
        data, reference: ONNX files with the same input.
        shape: of the input.
    """
    picture = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    both = [session(file) for file in (data, reference)]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_RUNS):
        for running, told in zip(both, times, strict=True):
            begun = time.thread_time()
            running.run(None, {running.get_inputs()[0].name: picture})
            told.append(time.thread_time() - begun)
    ours, theirs = (statistics.median(told[_WARM_UP:]) for told in times)
    return ours / theirs


def _quantised(source: Path, target: Path, faces: NDArray[np.float32], method: str) -> bytes:
    graph = onnx.load(source).graph
    first = next(node.name for node in graph.node if node.op_type == "Conv")
    how, options = METHODS[method]
    quantize_static(
        source,
        target,
        _Faces(graph.input[0].name, faces),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=[first],
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=how,
        # despite its name the stride counts for every method
        extra_options={**options, "CalibStridedMinMax": math.gcd(len(faces), _AT_ONCE)},
    )
    return target.read_bytes()


class _Faces(CalibrationDataReader):
    """Hands the faces over one by one."""

    def __init__(self, name: str, faces: NDArray[np.float32]) -> None:
        self._name, self._faces = name, faces
        self.set_range(0, len(faces))

    def __len__(self) -> int:
        return len(self._faces)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Begins anew with some of them."""
        self._rows = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next one, None behind the last."""
        row = next(self._rows, None)
        return None if row is None else {self._name: self._faces[row : row + 1]}


@contextlib.contextmanager
def _quiet() -> Any:
    """Without what the calibration prints and logs of its inner workings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
