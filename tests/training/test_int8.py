"""An encoder in 8 bits answers nearly as in float32, and the program opens it."""

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from faceguard.domain.errors import FaceguardError
from faceguard.training import int8
from faceguard.training.export import export
from faceguard.training.networks import EncoderNet

FREE = {"input": {0: "batch"}, "embedding": {0: "batch"}}


@pytest.fixture(scope="module")
def faces():
    """Coarse random pictures."""
    coarse = torch.rand((12, 3, 7, 7), generator=torch.Generator().manual_seed(1)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (112, 112), mode="bilinear").numpy()


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return EncoderNet((8, 16, 16, 32), (1, 1, 1, 1), 16, prelu=True).eval()


@pytest.fixture(scope="module")
def data(net, faces):
    return export(net, torch.from_numpy(faces[:1]), "input", ["embedding"], FREE)


@pytest.fixture(scope="module")
def quantised(data, faces):
    return int8.quantise(data, faces)


def test_it_answers_nearly_as_torch_in_a_fraction_of_the_size(net, data, quantised, faces):
    assert int8.torch_cosines(net, quantised.data, faces).min() > 0.99
    assert len(quantised.data) < 0.6 * len(data)


def test_convolutions_but_the_first_have_weights_of_7_bits_with_a_scale_each_channel(quantised):
    graph = onnx.load_from_string(quantised.data).graph
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    weights = [t for t in tensors.values() if t.dtype == np.int8 and t.ndim == 4]
    convolutions = sum(node.op_type == "Conv" for node in graph.node)
    assert len(weights) == convolutions - 1
    assert all(np.abs(w).max() <= 64 for w in weights)
    scales = [tensors[node.input[1]] for node in graph.node if node.input[0] in tensors and node.op_type[0] == "D"]
    assert any(scale.ndim == 1 and len(scale) == 32 for scale in scales)
    assert not any(t.external_data for t in graph.initializer)


def test_the_way_that_lost_least_was_chosen_and_all_were_tried(quantised):
    assert set(quantised.tried) == set(int8.METHODS)
    assert quantised.tried[quantised.method] == max(quantised.tried.values())


def test_nothing_is_printed_or_logged(data, faces, capsys, caplog):
    int8.quantise(data, faces[:4])
    assert capsys.readouterr() == ("", "")
    assert caplog.records == []


def test_one_face_is_too_few(data, faces):
    with pytest.raises(FaceguardError, match="two training faces"):
        int8.quantise(data, faces[:1])


def test_a_file_takes_as_long_as_itself(data):
    assert 0.3 < int8.latency_ratio(data, data, (1, 3, 112, 112)) < 3
