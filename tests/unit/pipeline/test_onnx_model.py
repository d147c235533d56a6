"""A network is opened only when it is what its card says, on the provider that was demanded."""

import os
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.external_data_helper import set_external_data

from faceguard.domain.card import ColourOrder, TensorSpec
from faceguard.domain.errors import ModelFault
from faceguard.models.cards import parse_cards
from faceguard.pipeline import onnx_model
from faceguard.pipeline.onnx_model import OnnxModel, available_providers


@pytest.fixture
def card(stub):
    return parse_cards(stub.toml, "stub.toml")[0]


def pictures(n=3, side=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


def test_answer_is_the_network_of_the_scaled_colours_in_the_cards_order(card, stub):
    batch = pictures()
    (answer,) = OnnxModel(card, stub.data, "cpu").run(batch)
    rgb = (batch[..., ::-1].astype(np.float64) - 127.5) / 127.5
    expected = rgb.transpose(0, 3, 1, 2).reshape(3, -1) @ stub.weights
    assert np.abs(answer - expected).max() < 1e-3
    (bgr,) = OnnxModel(replace(card, colour_order=ColourOrder.BGR), stub.data, "cpu").run(batch[..., ::-1])
    assert np.array_equal(bgr, answer)


def test_network_with_a_fixed_batch_of_one_takes_batches_all_the_same(stub):
    data = stub.network(stub.weights, batch=1)
    card = parse_cards(stub.card(data, batch=1), "stub.toml")[0]
    (one_by_one,) = OnnxModel(card, data, "cpu").run(pictures())
    (free,) = OnnxModel(parse_cards(stub.toml, "stub.toml")[0], stub.data, "cpu").run(pictures())
    assert one_by_one.shape == (3, 8)
    assert np.abs(one_by_one - free).max() < 1e-3


def test_altered_bytes_are_refused(card, stub):
    altered = bytearray(stub.data)
    altered[-200] ^= 1
    with pytest.raises(ModelFault, match="altered"):
        OnnxModel(card, bytes(altered), "cpu")


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": (TensorSpec("data", ("batch", 3, 16, 16)),)},
        {"inputs": (TensorSpec("input", ("batch", 3, 32, 32)),)},
        {"inputs": (TensorSpec("input", ("batch", 3, 16, 16), "uint8"),)},
        {"outputs": (TensorSpec("embedding", ("batch", 9)),)},
        {"outputs": (TensorSpec("embedding", ("batch", 8, 1)),)},
        {"outputs": (TensorSpec("other", ("batch", 8)),)},
    ],
)
def test_network_of_another_shape_than_its_card_is_refused(card, stub, change):
    with pytest.raises(ModelFault, match="does not fit its card"):
        OnnxModel(replace(card, **change), stub.data, "cpu")


def test_input_of_another_size_is_a_fault_not_a_crash(card, stub):
    with pytest.raises(ModelFault, match="stub failed"):
        OnnxModel(card, stub.data, "cpu").run(pictures(side=17))


def test_weights_outside_of_the_verified_bytes_are_refused(stub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = onnx.load_from_string(stub.data)
    tensor = network.graph.initializer[0]
    (tmp_path / "weights.bin").write_bytes(tensor.raw_data)
    set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    data = network.SerializeToString()
    onnxruntime.InferenceSession(data)  # by itself the runtime takes them from the working folder
    with pytest.raises(ModelFault, match="cannot be loaded"):
        OnnxModel(parse_cards(stub.card(data), "stub.toml")[0], data, "cpu")


def test_demanded_provider_that_is_not_installed_is_a_fault_that_names_the_others(card, stub):
    with pytest.raises(ModelFault, match=r"'cuda9' was demanded .* cpu"):
        OnnxModel(card, stub.data, "cuda9")


@pytest.mark.parametrize("name", ["cpu", "CPU", "CPUExecutionProvider", " cpu "])
def test_provider_is_taken_by_short_and_full_name(card, stub, name):
    assert OnnxModel(card, stub.data, name).provider == "cpu"


def test_cpu_is_listed():
    assert "cpu" in available_providers()


class FakeSession:
    """A session of a runtime that was built with CUDA."""

    device = True

    def __init__(self, data, sess_options, providers):
        self._real = onnxruntime.InferenceSession(data, sess_options, providers=["CPUExecutionProvider"])
        self._providers = [p[0] if isinstance(p, tuple) else p for p in providers]

    def get_providers(self):
        return self._providers if self.device else ["CPUExecutionProvider"]

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.fixture
def gpu_build(monkeypatch):
    class Build:
        InferenceSession = type("Session", (FakeSession,), {})
        SessionOptions = onnxruntime.SessionOptions
        preloaded = 0

        @staticmethod
        def get_available_providers():
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        @classmethod
        def preload_dlls(cls):
            cls.preloaded += 1

    monkeypatch.setattr(onnx_model, "onnxruntime", Build)
    return Build


def test_auto_takes_a_gpu_that_is_really_there(card, stub, gpu_build):
    assert OnnxModel(card, stub.data).provider == "cuda"
    assert gpu_build.preloaded == 1


def test_auto_takes_the_processor_when_the_gpu_build_finds_no_device(card, stub, gpu_build):
    gpu_build.InferenceSession.device = False
    assert OnnxModel(card, stub.data).provider == "cpu"


def test_demanded_gpu_without_device_is_a_fault_never_the_processor(card, stub, gpu_build):
    gpu_build.InferenceSession.device = False
    with pytest.raises(ModelFault, match="found no device"):
        OnnxModel(card, stub.data, "cuda")


def test_gpu_build_can_be_told_to_use_the_processor(card, stub, gpu_build):
    assert OnnxModel(card, stub.data, "cpu").provider == "cpu"


@pytest.mark.skipif("CUDAExecutionProvider" not in onnxruntime.get_available_providers(), reason="no CUDA build")
def test_real_gpu_gives_the_processors_answer(card, stub):
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        pytest.skip("the GPU is hidden")
    (gpu,), (cpu,) = (OnnxModel(card, stub.data, p).run(pictures()) for p in ("cuda", "cpu"))
    assert np.abs(gpu - cpu).max() < 1e-2
