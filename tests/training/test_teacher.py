"""An ONNX network answers as torch module what ONNX Runtime answers."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

torch = pytest.importorskip("torch")

import onnxruntime

from faceguard.domain.errors import FaceguardError
from faceguard.training.teacher import OnnxTeacher, unit_embeddings


def agrees(path, shape, top):
    pictures = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * top
    teacher = OnnxTeacher(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {teacher.inputs[0]: pictures.numpy()})
    found = teacher(pictures)
    assert teacher.outputs == [output.name for output in session.get_outputs()]
    for answer, wanted in zip(found, expected, strict=True):
        assert answer.shape == wanted.shape
        np.testing.assert_allclose(answer.numpy(), wanted, atol=1e-4 * max(1.0, np.abs(wanted).max()))


@pytest.mark.parametrize(
    ("name", "shape", "top"),
    [
        ("encoder_s", (2, 3, 112, 112), 1.0),
        ("detector_s", (1, 3, 96, 128), 255.0),
        ("landmarks_s", (2, 3, 64, 64), 1.0),
    ],
)
def test_the_bundled_networks_can_teach(project, name, shape, top):
    agrees(project / "models" / f"{name}.onnx", shape, top)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("mobilefacenet_y1_128.onnx", (2, 3, 112, 112)),
        ("yunet_n_dynamic.onnx", (2, 3, 96, 128)),
        ("antispoof_print_replay_1.5_128.onnx", (1, 3, 128, 128)),
    ],
)
def test_the_teachers_can_teach(shared, name, shape):
    agrees(shared / "models" / "mirror" / name, shape, 1.0 if "spoof" in name else 255.0)


def test_a_file_for_one_picture_teaches_several(tmp_path):
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["means"]),
        helper.make_node("Reshape", ["means", "shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor("shape", TensorProto.INT64, [2], [1, -1])],
    )
    path = tmp_path / "one.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    pictures = torch.rand(5, 3, 4, 4)
    assert torch.allclose(OnnxTeacher(path)(pictures)[0], pictures.mean((2, 3)))


def test_an_unknown_operator_is_refused_by_name(tmp_path):
    graph = helper.make_graph(
        [helper.make_node("Softsign", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    path = tmp_path / "odd.onnx"
    onnx.save(helper.make_model(graph), path)
    with pytest.raises(FaceguardError, match="Softsign"):
        OnnxTeacher(path)


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / "no.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(FaceguardError, match="cannot be read"):
        OnnxTeacher(path)


def test_a_teacher_learns_nothing(project):
    teacher = OnnxTeacher(project / "models" / "landmarks_s.onnx")
    assert not list(teacher.parameters())
    assert not teacher(torch.zeros(1, 3, 64, 64))[0].requires_grad


def test_an_encoder_teaches_in_onnx_runtime_what_it_teaches_in_torch(project):
    path = project / "models" / "encoder_s.onnx"
    crops = np.random.default_rng(1).integers(0, 256, (3, 112, 112, 3), np.uint8)
    rows = unit_embeddings(path)(crops)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    pictures = torch.from_numpy(np.ascontiguousarray(crops[..., ::-1])).permute(0, 3, 1, 2).float()
    wanted = torch.nn.functional.normalize(OnnxTeacher(path)(pictures)[0]).numpy()
    np.testing.assert_allclose(rows, wanted, atol=1e-4)


def test_another_network_is_no_encoder(project, tmp_path):
    with pytest.raises(FaceguardError, match="no encoder of 112 px crops"):
        unit_embeddings(project / "models" / "landmarks_s.onnx")
