"""Stub networks that the tests export themselves, so that no test of the machinery needs a trained one."""

import hashlib
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

SIDE, LENGTH = 16, 8


def linear_network(weights, *, batch="batch", side=SIDE, output="embedding"):
    """ONNX bytes of ``flatten(input) @ weights``; input [batch, 3, side, side]."""
    length = weights.shape[1]
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["input"], ["flat"], axis=1),
            helper.make_node("MatMul", ["flat", "weights"], [output]),
        ],
        "stub",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, length])],
        [numpy_helper.from_array(weights.astype(np.float32), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def encoder_toml(data, *, card_id="stub", file="stub.onnx", batch="batch", side=SIDE, length=LENGTH, extra=""):
    """A card file for such a network."""
    axis = f'"{batch}"' if isinstance(batch, str) else batch
    return f"""
[[encoder]]
id = "{card_id}"
file = "{file}"
sha256 = "{hashlib.sha256(data).hexdigest()}"
size_bytes = {len(data)}
inputs = [{{ name = "input", shape = [{axis}, 3, {side}, {side}] }}]
outputs = [{{ name = "embedding", shape = [{axis}, {length}] }}]
input_size = {side}
colour_order = "RGB"
mean = [127.5, 127.5, 127.5]
std = [127.5, 127.5, 127.5]
template = "stub"
template_points = [[5.0, 6.0], [11.0, 6.0], [8.0, 9.0], [6.0, 12.0], [10.0, 12.0]]
mirror = true
length = {length}
licence = "none stated"
origin = "exported by a test"
{extra}
"""


@pytest.fixture
def stub():
    """An encoder of random weights: ``data``, ``toml``, and the makers of both for variations."""
    weights = np.random.default_rng(3).normal(size=(3 * SIDE * SIDE, LENGTH))
    data = linear_network(weights)
    return SimpleNamespace(
        data=data, toml=encoder_toml(data), network=linear_network, card=encoder_toml, weights=weights
    )
