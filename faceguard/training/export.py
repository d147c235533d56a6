"""Writes a trained network as ONNX, proves that it answers as torch does, and measures how long it takes."""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError

OPSET: Final = 17
_RUNS: Final = 60
_SMALL: Final = 64
"""Tensors with fewer values stay as they are: nothing to gain."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the exported network is from torch.

    Attributes:
        difference: greatest absolute difference of any output.
        scale: greatest absolute value of any output.
    """

    difference: float
    scale: float

    @property
    def relative(self) -> float:
        """``difference`` over ``scale``."""
        return self.difference / max(self.scale, 1e-12)


def export(
    net: nn.Module,
    example: Tensor,
    inputs: str,
    outputs: Sequence[str],
    free: dict[str, dict[int, str]],
) -> bytes:
    """An ONNX file.

    Args:
        net: in evaluation mode, on the processor.
        example: one input.
        inputs: name of the input.
        outputs: names of the outputs.
        free: the free axes by tensor name, e.g. ``{"input": {0: "batch"}}``; empty for a static network.

    Raises:
        FaceguardError: torch cannot write it.
    """
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        warnings.simplefilter("ignore")  # the exporter announces its successor
        try:
            torch.onnx.export(
                net,
                (example,),
                str(file),
                dynamo=False,
                opset_version=OPSET,
                input_names=[inputs],
                output_names=list(outputs),
                dynamic_axes=free,
            )
        except Exception as error:  # the exporter's errors share no base class but Exception
            raise FaceguardError("The network cannot be written as ONNX.", str(error)) from error
        return file.read_bytes()


def store_half(data: bytes) -> bytes:
    """The same network with its large weights stored as float16.

    A Cast behind each weight turns it back; ONNX Runtime folds it once when the file is opened, so that the arithmetic
    and its speed stay those of float32.

    Raises:
        FaceguardError: a weight is beyond float16's range.
    """
    model = onnx.load_from_string(data)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        if values.size < _SMALL:
            continue
        if not float(np.abs(values).max()) <= float(np.finfo(np.float16).max):
            raise FaceguardError(f"The weight {weight.name} is beyond float16's range; store it as float32.")
        small = values.astype(np.float16)
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(small, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def session(data: bytes) -> onnxruntime.InferenceSession:
    """On one thread of the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def parity(net: nn.Module, data: bytes, pictures: Tensor) -> Parity:
    """Compares the file with torch on some inputs, one after the other."""
    running = session(data)
    name = running.get_inputs()[0].name
    difference = scale = 0.0
    with torch.no_grad():
        for picture in pictures.split(1):
            expected: Any = net(picture)
            expected = expected if isinstance(expected, (tuple, list)) else (expected,)
            for wanted, found in zip(expected, running.run(None, {name: picture.numpy()}), strict=True):
                difference = max(difference, float(np.abs(wanted.numpy() - found).max()))
                scale = max(scale, float(np.abs(found).max()))
    return Parity(difference, scale)


def latency_ms(data: bytes, shape: Sequence[int]) -> float:
    """Median milliseconds of one run on one core."""
    running = session(data)
    name = running.get_inputs()[0].name
    picture = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
    times = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        running.run(None, {name: picture})
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times[5:])
