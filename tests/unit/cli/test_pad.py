"""PAD networks measured from the command line on photographs that come with installed packages."""

import hashlib
import json

import cv2
import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from faceguard.camera.bundled_photos import bundled_photo
from faceguard.cli import faceguard, pad

PEOPLE = ("astronaut", "group 3")


def write_network(folder, name, order):
    """Logits are the means of blue, green and red, its classes in the given order."""
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 16, 16])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])
    nodes = [helper.make_node("GlobalAveragePool", ["input"], ["m"]), helper.make_node("Flatten", ["m"], ["logits"])]
    graph = helper.make_graph(nodes, "stub", [picture], [logits])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(data)
    (folder / f"{name}.toml").write_text(
        f"""
[[pad]]
id = "{name}"
file = "{name}.onnx"
sha256 = "{hashlib.sha256(data).hexdigest()}"
size_bytes = {len(data)}
inputs = [{{ name = "input", shape = ["n", 3, 16, 16] }}]
outputs = [{{ name = "logits", shape = ["n", 3] }}]
input_size = 16
colour_order = "BGR"
std = [20.0, 20.0, 20.0]
crop_scale = 1.5
classes = {json.dumps(order)}
bona_fide = "bona fide"
accept_threshold = 0.9
attack_threshold = 0.5
licence = "none needed"
origin = "made by this test"
"""
    )
    return folder / f"{name}.onnx"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(pad, "FRAMES", 2)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in PEOPLE:
        cv2.imwrite(str(photos / f"{name}.png"), bundled_photo(name).pixels)
    cv2.imwrite(str(photos / "grey.png"), np.full((120, 160, 3), 128, np.uint8))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")

    def run(*words, code=0):
        command = ["--data-dir", str(tmp_path / "home"), "evaluate", "pad", str(photos), *map(str, words)]
        result = CliRunner().invoke(faceguard, command)
        assert result.exit_code == code, result.output
        return result

    return run


def test_photographs_heads_and_planes_are_judged_beside_a_reference(run, tmp_path):
    red = write_network(tmp_path, "red", ["print", "screen", "bona fide"])
    blue = write_network(tmp_path, "blue", ["bona fide", "print", "screen"])
    words = ("--network", red, "--reference", blue, "--photo", tmp_path / "photos" / "astronaut.png")
    answer = json.loads(run(*words, "--json").stdout)
    assert (answer["photos"], answer["left_out"]) == (4, 2)
    told = answer["judges"]["red"]
    assert list(told["refused"]) == ["photograph", "head", "print", "badge", "phone"]
    assert {kind: row["n"] for kind, row in told["refused"].items()} == dict.fromkeys(told["refused"], len(PEOPLE))
    assert told["agreement"]["n"] == 5 * len(PEOPLE)
    (single,) = answer["single"].values()
    assert set(single) == {"red", "blue"}
    assert single["red"] > 0.5 > single["blue"]  # skin has more red than blue
    said = run(*words).stdout
    assert "SIMULATION" in said
    assert "agrees with blue" in said


def test_several_networks_are_also_fused(run, tmp_path):
    red = write_network(tmp_path, "red", ["print", "screen", "bona fide"])
    blue = write_network(tmp_path, "blue", ["bona fide", "print", "screen"])
    answer = json.loads(run("--network", red, "--network", blue, "--limit", 1, "--json").stdout)
    assert list(answer["judges"]) == ["red", "blue", "all of them, fused"]


def test_what_cannot_be_measured_is_said(run, tmp_path):
    assert "name one with --network" in run(code=2).output
    assert "neither the id" in run("--network", "nobody", code=2).output
    assert "no PAD network" in run("--network", "encoder_s", code=2).output
    network = write_network(tmp_path, "red", ["print", "screen", "bona fide"])
    network.with_suffix(".toml").unlink()
    assert "has no card" in run("--network", network, code=2).output
