"""MiniFASNet out of its checkpoints: the logits are PyTorch's, and everything that made it deceive others is pinned."""

import dataclasses
import json

import cv2
import numpy as np
import onnx
import pytest

from faceguard.domain.card import ColourOrder
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.models.catalogue import Catalogue
from faceguard.models.checkpoint import read_checkpoint
from faceguard.models.download import Downloads
from faceguard.models.installer import Installer
from faceguard.models.minifasnet import minifasnet_onnx
from faceguard.models.packs import read_packs
from faceguard.pipeline.known_answer import check, prove
from faceguard.pipeline.liveness import Liveness
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.passive_pad import PassivePadNetwork

pytestmark = pytest.mark.shared

FILES = {"MiniFASNetV2": "2.7_80x80_MiniFASNetV2.pth", "MiniFASNetV1SE": "4_0_0_80x80_MiniFASNetV1SE.pth"}
IDS = {"MiniFASNetV2": "minifasnet_v2", "MiniFASNetV1SE": "minifasnet_v1se"}
TOLERANCE = 2e-4
"""The stored logits have four decimals."""
FUSED = {
    "attack_print_1": (0.06, 0.33, 0.60),
    "attack_replay_1": (0.00, 0.01, 0.99),
    "bonafide_1": (0.00, 1.00, 0.00),
}


@pytest.fixture(scope="module")
def answers(shared):
    return json.loads((shared / "models" / "reference" / "minifasnet_known_answers.json").read_text())["nets"]


@pytest.fixture(scope="module")
def installed(project, shared, tmp_path_factory):
    """Both networks as the installer makes them, by upstream's name."""
    folder = tmp_path_factory.mktemp("data")
    catalogue = Catalogue(project / "models", folder / "models")
    downloads = Downloads(folder / "downloads", shared / "models" / "mirror")
    Installer(catalogue, read_packs(project / "models" / "packs.toml"), downloads, prove).install("minifasnet")
    return {name: OnnxModel(*catalogue.resolve(model_id), "cpu") for name, model_id in IDS.items()}


@pytest.fixture(scope="module")
def tensors(shared):
    def read(name):
        return read_checkpoint((shared / "models" / "mirror" / FILES[name]).read_bytes(), name)

    return read


def photo(shared, name, answer):
    """A photo with the box that upstream's own detector gave."""
    picture = cv2.imread(str(shared / "data" / "pad" / f"{name}.jpg"))
    assert list(picture.shape[:2]) == answer["image_hw"]
    x, y, width, height = answer["box"]
    box = BoundingBox(x, y, x + width - 1, y + height - 1)
    return Frame(picture, 0, 0), DetectedFace(box, Landmarks(np.full((5, 2), x + width / 2, np.float32)), 1.0)


def probabilities(model, frame, face):
    """All three, through the crop and scaling that the program itself uses."""
    card = model.card
    cards = [dataclasses.replace(card, bona_fide=name) for name in card.classes]

    class Same:
        def __init__(self, card):
            self.card, self.run, self.provider = card, model.run, model.provider

    return np.array([PassivePadNetwork(Same(card)).score(frame, face) for card in cards])


@pytest.mark.parametrize("name", FILES)
def test_logits_are_those_of_the_checkpoint(installed, answers, name):
    channel, y, x = np.indices((3, 80, 80))
    ramp = ((channel * 37 + y * 3 + x * 2) % 256).astype(np.uint8).transpose(1, 2, 0)
    (logits,) = installed[name].run(np.stack([np.zeros_like(ramp), ramp]))
    np.testing.assert_allclose(logits, [answers[name]["zeros"], answers[name]["ramp"]], atol=TOLERANCE)


@pytest.mark.parametrize("photo_name", FUSED)
@pytest.mark.parametrize("name", FILES)
def test_crop_and_scaling_give_the_known_answer_on_a_photo(installed, answers, shared, name, photo_name):
    answer = answers[name]["photos"][photo_name]
    logits = np.array(answer["logits"])
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    found = probabilities(installed[name], *photo(shared, photo_name, answer))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("photo_name", FUSED)
def test_the_fused_scores_tell_attacks_from_the_living_face(installed, answers, shared, photo_name):
    frame, face = photo(shared, photo_name, answers["MiniFASNetV2"]["photos"][photo_name])
    fused = np.mean([probabilities(model, frame, face) for model in installed.values()], axis=0)
    np.testing.assert_allclose(fused, FUSED[photo_name], atol=0.011)
    networks = [PassivePadNetwork(model) for model in installed.values()]
    score = Liveness(networks)._passive_score(frame, face)
    assert score == pytest.approx(fused[1], abs=1e-6)
    assert (score < networks[0].card.attack_threshold) is photo_name.startswith("attack")
    assert (score >= networks[0].card.accept_threshold) is photo_name.startswith("bona")


def test_red_first_would_accept_both_attacks_and_is_found_at_the_start(installed, answers, shared):
    """The most dangerous mistake: a print and a screen become people, and people stay people."""
    for photo_name in FUSED:
        frame, face = photo(shared, photo_name, answers["MiniFASNetV2"]["photos"][photo_name])
        reversed_frame = Frame(np.ascontiguousarray(frame.pixels[:, :, ::-1]), 0, 0)
        scores = [PassivePadNetwork(model).score(reversed_frame, face) for model in installed.values()]
        assert np.mean(scores) > 0.5, photo_name
    for model in installed.values():
        check(model)
        model.card = dataclasses.replace(model.card, colour_order=ColourOrder.RGB)
        try:
            with pytest.raises(ModelFault, match="wrong answers"):
                check(model)
        finally:
            model.card = dataclasses.replace(model.card, colour_order=ColourOrder.BGR)


def test_values_to_1_would_refuse_everybody_and_are_found_at_the_start(installed):
    for model in installed.values():
        right = model.card
        model.card = dataclasses.replace(right, std=(255.0, 255.0, 255.0))
        try:
            with pytest.raises(ModelFault, match="wrong answers"):
                check(model)
        finally:
            model.card = right


def test_the_gate_of_squeeze_and_excitation_multiplies(tensors):
    """Without the multiplication an exported network differs from the trained one and nobody notices."""
    kinds = [node.op_type for node in onnx.load_from_string(minifasnet_onnx(tensors("MiniFASNetV1SE"), "x")).graph.node]
    assert kinds.count("Mul") == kinds.count("Sigmoid") == 3
    flat = [node.op_type for node in onnx.load_from_string(minifasnet_onnx(tensors("MiniFASNetV2"), "x")).graph.node]
    assert "Mul" not in flat


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("module.prob.weight"),
        lambda t: t.pop("module.conv_3.model.1.conv.conv.weight"),
        lambda t: t.update({"module.extra.weight": np.ones(3, np.float32)}),
        lambda t: t.update({"module.prob.weight": np.ones((4, 128), np.float32)}),
        lambda t: t.update({"module.conv1.conv.weight": np.ones((32, 3), np.float32)}),
        lambda t: t.update({"module.conv_6_dw.conv.weight": np.ones((512, 1, 7, 7), np.float32)}),
        lambda t: t.clear(),
    ],
    ids=["missing", "a block missing", "left over", "four classes", "two axes", "another size", "empty"],
)
def test_another_network_is_refused(tensors, change):
    changed = dict(tensors("MiniFASNetV1SE"))
    change(changed)
    with pytest.raises(ModelFault, match="MiniFASNet"):
        minifasnet_onnx(changed, "net.pth")
