"""Runs an ONNX network as a torch module, so that a teacher answers on the device where the student learns.

Only the operators of the teachers at hand are known; another one is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from faceguard.domain.errors import FaceguardError
from faceguard.training.networks import ENCODER_SIDE

# fmt: off
KNOWN: Final = frozenset((
    "Add", "BatchNormalization", "Cast", "Concat", "Constant", "Conv", "Div", "Flatten", "Gather", "Gemm",
    "GlobalAveragePool", "MatMul", "MaxPool", "Mul", "PRelu", "Relu", "Reshape", "Resize", "Shape", "Sigmoid", "Slice",
    "Sub", "Transpose", "Unsqueeze",
))
# fmt: on


class OnnxTeacher(nn.Module):
    """An ONNX graph of known operators; never trained.

    Args:
        path: the file.

    Raises:
        FaceguardError: unreadable, or an operator that is not known.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            graph = onnx.load(str(path)).graph
        except Exception as error:  # onnx and protobuf share no base class but Exception
            raise FaceguardError(f"The teacher {path} cannot be read as an ONNX network.", str(error)) from error
        unknown = sorted({node.op_type for node in graph.node} - KNOWN)
        if unknown:
            raise FaceguardError(
                f"The teacher {path} uses operators that training does not know: {', '.join(unknown)}."
            )
        self._constants: dict[str, np.ndarray[Any, Any]] = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        if _fixed_to_one(graph):
            _free_reshapes(graph, self._constants)
        self._nodes = [(n.op_type, list(n.input), list(n.output), _attributes(n)) for n in graph.node]
        self.inputs = [i.name for i in graph.input if i.name not in self._constants]
        self.outputs = [o.name for o in graph.output]
        self._weights = {name for name, value in self._constants.items() if value.dtype.kind == "f"}
        for name in self._weights:
            self.register_buffer(_slot(name), torch.from_numpy(self._constants[name].copy()))
        last = {name: place for place, (_, names, _, _) in enumerate(self._nodes) for name in names}
        self._done = [
            [name for name in {*names, *outs} if last.get(name, place) == place and name not in self.outputs]
            for place, (_, names, outs, _) in enumerate(self._nodes)
        ]
        self.eval()

    @torch.no_grad()
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The network's outputs, in the file's order."""
        values: dict[str, Any] = {self.inputs[0]: x, "": None}
        for (kind, names, outs, attributes), done in zip(self._nodes, self._done, strict=True):
            arguments = [values[n] if n in values else self._constant(n) for n in names]
            values[outs[0]] = _run(kind, arguments, attributes)
            del arguments
            for name in done:  # all values of a large batch together are gigabytes
                values.pop(name, None)
        return tuple(values[name] for name in self.outputs)

    def _constant(self, name: str) -> Any:
        """A weight as a tensor on the device; whole numbers (shapes, axes) as a numpy array."""
        return getattr(self, _slot(name)) if name in self._weights else self._constants[name]


def on_processor(path: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """An encoder in ONNX Runtime: (n, 3, 112, 112) float32 RGB 0..255 -> (n, D).

    It goes picture by picture, which on one core is five times as quick as torch on a batch.

    Raises:
        FaceguardError: it cannot be read, or its input is another.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        session.run(None, {name: np.zeros((1, 3, ENCODER_SIDE, ENCODER_SIDE), np.float32)})
    except Exception as error:  # ONNX Runtime's errors share no base class but Exception
        raise FaceguardError(f"The teacher {path} is no encoder of 112 px crops.", str(error)) from error

    def answer(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([session.run(None, {name: picture[np.newaxis]})[0] for picture in pictures])

    return answer


def unit_embeddings(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.floating]]:
    """An encoder as a function of crops: (n, 112, 112, 3) uint8 BGR -> (n, D) unit rows.

    Args:
        path: an ONNX encoder that takes RGB 0..255.

    Raises:
        FaceguardError: as ``on_processor``.
    """
    answer = on_processor(path)

    def embed(crops: NDArray[np.uint8]) -> NDArray[np.floating]:
        rows = answer(crops[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32))
        found: NDArray[np.floating] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return found

    return embed


def _slot(name: str) -> str:
    return "w_" + "".join(c if c.isalnum() else "_" for c in name)


def _fixed_to_one(graph: onnx.GraphProto) -> bool:
    """The file takes one picture at a time."""
    dimensions = graph.input[0].type.tensor_type.shape.dim
    return bool(len(dimensions) == 4 and dimensions[0].dim_value == 1)


def _free_reshapes(graph: onnx.GraphProto, constants: dict[str, np.ndarray[Any, Any]]) -> None:
    """Lets a file for one picture take several: a leading 1 of a new shape becomes 0, ONNX's word for "as it came"."""
    for node in graph.node:
        shape = constants.get(node.input[1]) if node.op_type == "Reshape" else None
        if shape is not None and shape.size and shape[0] == 1:
            constants[node.input[1]] = np.concatenate([[0], shape[1:]])


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _ints(value: Any) -> list[int]:
    array = value.cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
    return [int(v) for v in array.reshape(-1)]


def _run(kind: str, a: list[Any], at: dict[str, Any]) -> Any:
    match kind:
        case "Conv":
            pads = at.get("pads", [0, 0, 0, 0])
            bias = a[2] if len(a) > 2 else None
            return F.conv2d(a[0], a[1], bias, at.get("strides", 1), pads[:2], at.get("dilations", 1), at["group"])
        case "BatchNormalization":
            factor = a[1] / torch.sqrt(a[4] + at.get("epsilon", 1e-5))
            shape = [1, -1] + [1] * (a[0].ndim - 2)
            return a[0] * factor.view(shape) + (a[2] - a[3] * factor).view(shape)
        case "PRelu":
            return F.prelu(a[0], a[1].reshape(-1))
        case "Cast":
            return a[0].float()
        case "Relu":
            return F.relu(a[0])
        case "Sigmoid":
            return torch.sigmoid(a[0])
        case "Add":
            return a[0] + a[1]
        case "Sub":
            return a[0] - a[1]
        case "Mul":
            return a[0] * a[1]
        case "Div":
            return a[0] / a[1]
        case "MatMul":
            return a[0] @ a[1]
        case "Gemm":
            weight = a[1] if at.get("transB") else a[1].t()
            return F.linear(a[0], weight, a[2] if len(a) > 2 else None)
        case "GlobalAveragePool":
            return a[0].mean((2, 3), keepdim=True)
        case "MaxPool":
            return F.max_pool2d(a[0], at["kernel_shape"], at.get("strides", at["kernel_shape"]))
        case "Resize":
            return F.interpolate(a[0], scale_factor=[float(v) for v in a[2].tolist()[2:]], mode="nearest")
        case "Flatten":
            return a[0].flatten(at.get("axis", 1))
        case "Transpose":
            return a[0].permute(at["perm"])
        case "Reshape":
            shape = _ints(a[1])
            return a[0].reshape([a[0].shape[i] if n == 0 else n for i, n in enumerate(shape)])
        case "Constant":
            value = numpy_helper.to_array(at["value"])
            return torch.from_numpy(value.copy()) if value.dtype.kind == "f" else value
        case "Shape":
            return np.array(a[0].shape, np.int64)
        case "Gather":
            return np.take(a[0], a[1], at.get("axis", 0))
        case "Unsqueeze":
            axes = at["axes"] if "axes" in at else _ints(a[1])
            return np.expand_dims(a[0], tuple(axes))
        case "Concat":
            return np.concatenate([np.atleast_1d(v) for v in a], at["axis"])
        case "Slice":
            return _slice(a)
        case _:
            raise FaceguardError(f"The operator {kind} is not known to training.")


def _slice(a: list[Any]) -> Any:
    starts, ends = _ints(a[1]), _ints(a[2])
    axes = _ints(a[3]) if len(a) > 3 and a[3] is not None else list(range(len(starts)))
    index = [slice(None)] * a[0].ndim
    for axis, start, end in zip(axes, starts, ends, strict=True):
        index[axis] = slice(start, end)
    return a[0][tuple(index)]
