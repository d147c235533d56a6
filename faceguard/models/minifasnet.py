"""MiniFASNet, two small networks that tell faces from pictures of faces: from a checkpoint's tensors to ONNX.

Architecture: minivision-ai/Silent-Face-Anti-Spoofing, ``src/model_lib/MiniFASNet.py``: a MobileFaceNet whose channels
were pruned one by one. All widths are therefore read from the tensors; what they do not tell is written here: which
layers have a stride of 2, and that the last block of each stage may carry a squeeze-and-excitation gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper, shape_inference

from faceguard.domain.errors import ModelFault

SIDE: Final = 80
CLASSES: Final = 3
INPUT, OUTPUT = "input", "logits"
OPSET: Final = 17
IR_VERSION: Final = 8

_MAP: Final = SIDE // 16
"""Side of the last map: four layers have a stride of 2."""
_PREFIX: Final = "module."
"""Left by the training on several GPUs."""
_NORM_EPSILON: Final = 1e-5
_UNUSED: Final = "num_batches_tracked"


def minifasnet_onnx(tensors: Mapping[str, NDArray[Any]], name: str) -> bytes:
    """The network of a checkpoint.

    1. Convolution 3x3 with stride 2, depthwise 3x3.
    2. Three times: a block with stride 2, then a stage of residual blocks. A block is 1x1, depthwise 3x3, 1x1; where
       the stage's last block has a gate, the block's output is multiplied with the gate's before the residual is added.
    3. 1x1 to 512 channels, depthwise 5x5 over the whole map, a linear layer, normalisation, the classes' layer.

    Batch normalisation is folded into the layer before it, in double precision; dropout does nothing here.

    Args:
        tensors: of ``models.checkpoint.read_checkpoint``.
        name: of the checkpoint, for a sentence to people.

    Returns:
        An ONNX file: ``input`` float32 [N, 3, 80, 80], BGR 0..255; ``logits`` float32 [N, 3], class 1 is bona fide.

    Raises:
        ModelFault: a tensor is missing, is left over, or has another shape.
    """
    named = {key.removeprefix(_PREFIX): value for key, value in tensors.items()}
    builder = _Builder(named)
    try:
        model = builder.build()
    except (KeyError, ValueError, TypeError, checker.ValidationError, shape_inference.InferenceError) as error:
        raise ModelFault(f"{name} holds no MiniFASNet.", f"{type(error).__name__}: {error}") from error
    left = [key for key in builder.left if not key.endswith(_UNUSED)]
    if left:
        raise ModelFault(f"{name} holds another network than MiniFASNet.", f"not used: {', '.join(sorted(left)[:5])}")
    return bytes(model.SerializeToString(deterministic=True))


class _Builder:
    """Collects nodes and weights; each method adds one layer and gives the name of its output."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = tensors
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []
        self.left = set(tensors)

    def build(self) -> ModelProto:
        """The whole network."""
        x = self._conv_block(INPUT, "conv1", stride=2, padding=1)
        x = self._conv_block(x, "conv2_dw", padding=1)
        for down, stage in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
            x = self._block(x, down, stride=2)
            x = self._stage(x, stage)
        x = self._conv_block(x, "conv_6_sep")
        if self._tensors["conv_6_dw.conv.weight"].shape[2:] != (_MAP, _MAP):
            raise ValueError("the last depthwise layer does not see the whole map")
        x = self._conv(x, "conv_6_dw.conv", "conv_6_dw.bn")
        x = self._node("Flatten", [x], "flat", axis=1)
        scale, shift = self._norm("bn")
        classes = self._take("prob.weight")
        linear = classes @ (scale[:, np.newaxis] * self._take("linear.weight"))
        weight, bias = self._weight("head.weight", linear), self._weight("head.bias", classes @ shift)
        self._node("Gemm", [x, weight, bias], OUTPUT, transB=1)
        graph = helper.make_graph(
            self._nodes,
            "MiniFASNet",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", CLASSES])],
            self._weights,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="faceguard")
        checker.check_model(model, full_check=True)
        return model

    def _stage(self, x: str, name: str) -> str:
        number = 0
        while f"{name}.model.{number}.conv.conv.weight" in self._tensors:
            block = f"{name}.model.{number}"
            x = self._node("Add", [x, self._gated(self._block(x, block), f"{block}.se_module")], f"{block}.sum")
            number += 1
        return x

    def _block(self, x: str, name: str, stride: int = 1) -> str:
        x = self._conv_block(x, f"{name}.conv")
        x = self._conv_block(x, f"{name}.conv_dw", stride=stride, padding=1)
        return self._conv(x, f"{name}.project.conv", f"{name}.project.bn")

    def _gated(self, x: str, name: str) -> str:
        if f"{name}.fc1.weight" not in self._tensors:
            return x
        gate = self._node("GlobalAveragePool", [x], f"{name}.mean")
        gate = self._node("Relu", [self._conv(gate, f"{name}.fc1", f"{name}.bn1")], f"{name}.relu")
        gate = self._node("Sigmoid", [self._conv(gate, f"{name}.fc2", f"{name}.bn2")], f"{name}.gate")
        return self._node("Mul", [x, gate], f"{name}.gated")

    def _conv_block(self, x: str, name: str, stride: int = 1, padding: int = 0) -> str:
        x = self._conv(x, f"{name}.conv", f"{name}.bn", stride, padding)
        slope = self._weight(f"{name}.slope", self._take(f"{name}.prelu.weight").reshape(-1, 1, 1))
        return self._node("PRelu", [x, slope], f"{name}.prelu")

    def _conv(self, x: str, name: str, norm: str, stride: int = 1, padding: int = 0) -> str:
        kernel = self._take(f"{name}.weight")
        scale, shift = self._norm(norm)
        weight = self._weight(f"{name}.folded", kernel * scale.reshape(-1, 1, 1, 1))
        outputs, inputs, height, width = kernel.shape
        return self._node(
            "Conv",
            [x, weight, self._weight(f"{name}.shift", shift)],
            f"{name}.out",
            kernel_shape=[height, width],
            strides=[stride, stride],
            pads=[padding] * 4,
            group=outputs if inputs == 1 else 1,  # every layer with one input channel is depthwise
        )

    def _norm(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Batch normalisation as ``scale * x + shift``."""
        scale = self._take(f"{name}.weight") / np.sqrt(self._take(f"{name}.running_var") + _NORM_EPSILON)
        return scale, self._take(f"{name}.bias") - scale * self._take(f"{name}.running_mean")

    def _take(self, name: str) -> NDArray[np.float64]:
        self.left.discard(name)
        return self._tensors[name].astype(np.float64)

    def _weight(self, name: str, values: NDArray[np.float64]) -> str:
        self._weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output
