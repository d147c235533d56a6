"""A quality network behind the gate: it refuses more, never less, and sees the face in its own template and colours."""

import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from faceguard.domain.card import ColourOrder, QualityCard, TensorSpec
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import Frame
from faceguard.domain.observation import HaltReason, QualityAssessment, QualityFinding, Stage
from faceguard.models.cards import parse_cards
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.quality_network import QualityNetwork, StricterGate

POINTS = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
GOOD = QualityAssessment((QualityFinding(HaltReason.BLURRED, 0.2, 0.1, True),))
BAD = QualityAssessment((QualityFinding(HaltReason.BLURRED, 0.05, 0.1, False),))


def network(*, channel=0, min_score=0.5, answers=1, add=0.0):
    """Its answer is the mean of one channel of its input, -1 to 1."""
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 112, 112])
    score = helper.make_tensor_value_info("quality", TensorProto.FLOAT, [1, answers])
    chosen = numpy_helper.from_array(np.arange(channel, channel + answers), "chosen")
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gather", ["flat", "chosen"], ["one"], axis=1),
        helper.make_node("Add", ["one", "more"], ["quality"]),
    ]
    more = numpy_helper.from_array(np.array([add], np.float32), "more")
    graph = helper.make_graph(nodes, "stub", [picture], [score], [chosen, more])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    card = QualityCard(
        id="stub",
        file="stub.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        inputs=(TensorSpec("input", (1, 3, 112, 112)),),
        outputs=(TensorSpec("quality", (1, answers)),),
        input_size=112,
        colour_order=ColourOrder.RGB,
        mean=(127.5,) * 3,
        std=(127.5,) * 3,
        licence="none needed",
        origin="made by this test",
        template="arcface",
        template_points=POINTS,
        min_score=min_score,
    )
    return QualityNetwork(OnnxModel(card, data, "cpu"))


class Gate:
    def __init__(self, found):
        self.found = found

    def assess(self, frame, face, aligned):
        return self.found


@pytest.fixture(scope="module")
def portrait(shipped, astronaut):
    frame = Frame(astronaut, 0, 0)
    face = shipped.detector.detect(frame)[0]
    return frame, face, shipped.aligner.align(frame, face.landmarks)


def test_the_network_sees_the_aligned_face_red_first_and_scaled(portrait):
    frame, face, aligned = portrait  # the encoder's template is the same one
    means = (aligned.crop.reshape(-1, 3).mean(axis=0)[::-1] - 127.5) / 127.5
    assert [network(channel=c).score(frame, face) for c in range(3)] == pytest.approx(means, abs=1e-4)


def test_a_face_that_the_network_finds_poor_is_refused_last(portrait):
    low = StricterGate(Gate(GOOD), network(min_score=1.5)).assess(*portrait)
    assert low.failures == (HaltReason.POOR_PICTURE,)
    assert low.findings[:-1] == GOOD.findings
    high = StricterGate(Gate(GOOD), network(min_score=-1.5)).assess(*portrait)
    assert high.acceptable
    assert high.findings[-1].limit == -1.5


def test_what_the_gate_refuses_no_network_lets_pass(portrait):
    assert StricterGate(Gate(BAD), network(min_score=-1.5)).assess(*portrait) == BAD


@pytest.mark.parametrize("wrong", [{"answers": 2}, {"add": float("nan")}], ids=["two numbers", "no number"])
def test_an_answer_that_is_no_number_lets_nothing_through(portrait, wrong):
    with pytest.raises(ModelFault, match="one number"):
        StricterGate(Gate(GOOD), network(**wrong)).assess(*portrait)


def test_the_door_says_and_halts(shipped, astronaut):
    from faceguard.access.hints import HINTS
    from faceguard.domain.decision import Hint
    from faceguard.domain.template import Gallery
    from faceguard.pipeline.liveness import Liveness
    from faceguard.pipeline.matcher import Matcher
    from faceguard.pipeline.recogniser import Recogniser
    from faceguard.pipeline.tracker import Tracker

    gate = StricterGate(Gate(GOOD), network(min_score=1.5))
    stages = (shipped.detector, Tracker(), shipped.landmarks, shipped.aligner, gate, Liveness(), shipped.encoder)
    walk = Recogniser(*stages, zone=1.0)
    nobody = Matcher(Gallery.empty(shipped.encoder.encoder_id, shipped.encoder.length))
    seen = walk.observe(Frame(astronaut, 0, 0), nobody, challenge=False)
    assert (seen.halt.stage, seen.halt.reason) == (Stage.QUALITY, HaltReason.POOR_PICTURE)
    assert seen.embedding is None
    assert HINTS[seen.halt.reason] is Hint.LOOK_HERE


def test_card_of_a_quality_network_is_read_and_checked():
    text = f"""
[[quality]]
id = "stub"
file = "stub.onnx"
sha256 = "{"0" * 64}"
size_bytes = 10
inputs = [{{ name = "input", shape = [1, 3, 112, 112] }}]
outputs = [{{ name = "quality", shape = [1, 1] }}]
input_size = 112
colour_order = "RGB"
template = "arcface"
template_points = {[list(p) for p in POINTS]}
min_score = 0.4
licence = "none"
origin = "a test"
"""
    (card,) = parse_cards(text, "q.toml")
    assert isinstance(card, QualityCard)
    for old, new in (("min_score = 0.4", "min_score = nan"), ("min_score = 0.4\n", ""), ("38.2946", "138.2946")):
        with pytest.raises(ModelFault):
            parse_cards(text.replace(old, new), "q.toml")
