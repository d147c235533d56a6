"""A trained network as ONNX answers as torch does, also with its weights in half the size."""

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from torch import nn

from faceguard.domain.errors import FaceguardError
from faceguard.training import export as ex

FREE = {"input": {0: "batch"}, "output": {0: "batch"}}


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 24, 3), nn.BatchNorm2d(24), nn.ReLU(), nn.Flatten(), nn.Linear(864, 7)).eval()


@pytest.fixture
def pictures():
    return torch.rand((3, 3, 8, 8), generator=torch.Generator().manual_seed(1))


def test_it_answers_as_torch_in_any_batch(net, pictures):
    data = ex.export(net, pictures[:1], "input", ["output"], FREE)
    assert ex.parity(net, data, pictures).relative < 1e-5
    together = ex.session(data).run(None, {"input": pictures.numpy()})[0]
    np.testing.assert_allclose(together, net(pictures).detach().numpy(), atol=1e-5)


def test_a_static_network_takes_one_picture(net, pictures):
    data = ex.export(net, pictures[:1], "input", ["output"], {})
    assert ex.session(data).get_inputs()[0].shape == [1, 3, 8, 8]


def test_half_the_weights_answer_nearly_alike(net, pictures):
    data = ex.export(net, pictures[:1], "input", ["output"], FREE)
    small = ex.store_half(data)
    assert len(small) < 0.6 * len(data)
    assert 0 < ex.parity(net, small, pictures).relative < 2e-3
    kinds = {i.data_type for i in onnx.load_from_string(small).graph.initializer if np.prod(i.dims) >= 64}
    assert kinds == {onnx.TensorProto.FLOAT16}


def test_a_weight_beyond_float16_is_refused(net, pictures):
    with torch.no_grad():
        net[4].weight[0, 0] = 1e6
    with pytest.raises(FaceguardError, match="float16"):
        ex.store_half(ex.export(net, pictures[:1], "input", ["output"], FREE))


def test_parity_sees_another_network(net, pictures):
    data = ex.export(net, pictures[:1], "input", ["output"], FREE)
    with torch.no_grad():
        net[4].bias += 0.5
    assert ex.parity(net, data, pictures).difference == pytest.approx(0.5, abs=1e-3)


def test_latency_is_a_time(net, pictures):
    data = ex.export(net, pictures[:1], "input", ["output"], FREE)
    assert 0 < ex.latency_ms(data, (1, 3, 8, 8)) < 1000
