"""Liveness: static check, passive networks and challenge on one track."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from faceguard.domain.card import ColourOrder, PadCard, TensorSpec
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import BoundingBox, DetectedFace, Frame, Landmarks
from faceguard.domain.observation import PadVerdict, ParallaxReading
from faceguard.domain.template import Embedding, EncoderId
from faceguard.pipeline.liveness import Liveness
from faceguard.pipeline.onnx_model import OnnxModel
from faceguard.pipeline.passive_pad import PassivePadNetwork, context_crop, square_crop
from faceguard.pipeline.static_check import FULL_SAMPLES, StaticCheck

ENCODER = EncoderId("stub", "0" * 12, "plain")
FACE = DetectedFace(
    BoundingBox(20, 20, 60, 70), Landmarks(np.float32([[30, 40], [50, 40], [40, 48], [32, 58], [48, 58]])), 0.9
)


def frame_at(number, fps=25.0, value=None):
    pixels = np.full((96, 96, 3), number % 250 if value is None else value, np.uint8)
    return Frame(pixels, int(number * 1e9 / fps), number)


def embeddings(count, drift, noise=0.02, seed=0):
    """A walk from one direction to another, with noise on each step."""
    rng = np.random.default_rng(seed)
    one, other = np.eye(64)[:2]
    for number in range(count):
        share = drift * number / count
        yield Embedding.normalised(one + share * other + rng.normal(0, noise / 8, 64), ENCODER)


def verdicts(check, count, drift, fps=25.0):
    out = []
    for number, embedding in enumerate(embeddings(count, drift)):
        check.add(frame_at(number, fps), embedding)
        out.append(check.verdict)
    return out


# --- static check ------------------------------------------------------------------------------------------------


def test_embedding_that_goes_nowhere_is_an_attack_after_a_second_and_a_half():
    seen = verdicts(StaticCheck(), 60, drift=0.0)
    assert seen[: FULL_SAMPLES - 1] == [PadVerdict.UNDECIDED] * (FULL_SAMPLES - 1)
    assert seen[-1] is PadVerdict.ATTACK
    assert PadVerdict.BONA_FIDE not in seen


def test_embedding_that_drifts_is_bona_fide_within_a_second():
    assert PadVerdict.BONA_FIDE in verdicts(StaticCheck(), 25, drift=0.3)


def test_face_that_freezes_becomes_an_attack():
    check = StaticCheck()
    assert verdicts(check, 40, drift=0.3)[-1] is PadVerdict.BONA_FIDE
    for number, embedding in enumerate(embeddings(120, 0.0), start=40):
        check.add(frame_at(number), embedding)
    assert check.verdict is PadVerdict.ATTACK


def test_bit_identical_pictures_are_the_cameras_fault_and_decide_nothing():
    check = StaticCheck()
    for number, embedding in enumerate(embeddings(60, 0.0)):
        check.add(frame_at(number, value=7), embedding)
    assert check.verdict is PadVerdict.UNDECIDED


def test_similarity_is_the_cosine_to_the_embedding_before():
    liveness = Liveness()
    first, second = embeddings(2, 1.0, noise=0.0)
    assert liveness.observe(frame_at(0), FACE, 1, first, challenge=False).static_similarity is None
    seen = liveness.observe(frame_at(1), FACE, 1, second, challenge=False).static_similarity
    assert seen == pytest.approx(float(first.values @ second.values))


def test_new_track_begins_anew():
    liveness = Liveness()
    for number, embedding in enumerate(embeddings(60, 0.0)):
        old = liveness.observe(frame_at(number), FACE, 1, embedding, challenge=False)
    assert old.static is PadVerdict.ATTACK
    new = liveness.observe(frame_at(61), FACE, 2, embedding, challenge=False)
    assert (new.static, new.static_similarity) == (PadVerdict.UNDECIDED, None)


def test_frame_without_embedding_keeps_the_tracks_verdict():
    liveness = Liveness()
    for number, embedding in enumerate(embeddings(60, 0.0)):
        liveness.observe(frame_at(number), FACE, 1, embedding, challenge=False)
    assert liveness.observe(frame_at(61), FACE, 1, None, challenge=False).static is PadVerdict.ATTACK


def recompressed(pixels, rng):
    noisy = np.clip(pixels + rng.integers(-1, 2, pixels.shape), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 96))])[1], 1)


def one_bit(pixels, rng):
    return np.clip(pixels + rng.integers(-1, 2, pixels.shape), 0, 255).astype(np.uint8)


def watch(shipped, pictures, fps):
    """The static verdicts of a real encoder behind the real detector."""
    liveness, out = Liveness(), []
    for number, pixels in enumerate(pictures):
        frame = Frame(pixels, int(number * 1e9 / fps), number)
        face = max(shipped.detector.detect(frame), key=lambda f: f.box.area)
        embedding = shipped.encoder.encode(shipped.aligner.align(frame, face.landmarks))
        out.append(liveness.observe(frame, face, 1, embedding, challenge=False).static)
    return out


@pytest.mark.parametrize("change", [one_bit, recompressed])
def test_still_photo_is_an_attack_whatever_noise_is_put_on_it(shipped, astronaut, change):
    rng = np.random.default_rng(5)
    still = cv2.resize(astronaut[:320, 64:448], (384, 320))
    seen = watch(shipped, (change(still.astype(int), rng) for _ in range(60)), fps=25)
    assert seen[-1] is PadVerdict.ATTACK
    assert PadVerdict.BONA_FIDE not in seen


def test_still_sitter_is_bona_fide_within_three_seconds(shipped, astronaut):
    from faceguard.camera.rendering.head import HeadActor
    from faceguard.camera.rendering.portrait import FacePhoto
    from faceguard.camera.rendering.scene import Placed, Scene
    from faceguard.camera.synthetic_source import SyntheticSource

    portrait = max(shipped.detector.detect(Frame(astronaut, 0, 0)), key=lambda f: f.score)
    sitter = HeadActor(FacePhoto(astronaut, portrait.landmarks, portrait.box), seed=3)
    source = SyntheticSource(Scene([Placed(sitter)]), fps=12.5, paced=False, seed=1)
    source.open()
    seen = watch(shipped, (source.read().pixels for _ in range(37)), fps=12.5)
    assert PadVerdict.BONA_FIDE in seen
    assert PadVerdict.ATTACK not in seen


# --- passive networks --------------------------------------------------------------------------------------------


def stub_network(colour_order=ColourOrder.BGR, mean=(0.0,) * 3, std=(1.0,) * 3, bona_fide="first", answers=3):
    """Its logits are the means of its input's channels: they tell in which order and scale the pixels came."""
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 16, 16])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["means"]),
        helper.make_node("Flatten", ["means"], ["logits"]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "stub", [picture], [logits]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    card = PadCard(
        id="stub",
        file="stub.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        inputs=(TensorSpec("input", (1, 3, 16, 16)),),
        outputs=(TensorSpec("logits", (1, 3)),),
        input_size=16,
        colour_order=colour_order,
        mean=mean,
        std=std,
        licence="none needed",
        origin="made by this test",
        crop_scale=2.7,
        classes=("first", "second", "third", "fourth")[:answers],
        bona_fide=bona_fide,
        accept_threshold=0.7,
        attack_threshold=0.3,
    )
    return PassivePadNetwork(OnnxModel(card, data, "cpu"))


def coloured(blue, green, red):
    return Frame(np.full((96, 96, 3), (blue, green, red), np.uint8), 0, 0)


def softmax(*logits):
    powers = np.exp(np.array(logits) - max(logits))
    return powers / powers.sum()


def test_network_gets_blue_first_and_values_to_255():
    assert stub_network().score(coloured(10, 11, 12), FACE) == pytest.approx(softmax(10, 11, 12)[0], abs=1e-4)


def test_network_gets_red_first_when_its_card_says_so():
    score = stub_network(ColourOrder.RGB).score(coloured(10, 11, 12), FACE)
    assert score == pytest.approx(softmax(12, 11, 10)[0], abs=1e-4)


def test_network_gets_scaled_values_when_its_card_says_so():
    score = stub_network(mean=(5.0,) * 3, std=(2.0,) * 3).score(coloured(10, 11, 12), FACE)
    assert score == pytest.approx(softmax(2.5, 3, 3.5)[0], abs=1e-4)


def test_bona_fide_class_is_the_cards():
    score = stub_network(bona_fide="third").score(coloured(10, 11, 12), FACE)
    assert score == pytest.approx(softmax(10, 11, 12)[2], abs=1e-4)


def test_no_network_no_passive_score():
    (embedding,) = embeddings(1, 0.0)
    assert Liveness().observe(coloured(1, 2, 3), FACE, 1, embedding, challenge=False).passive_score is None


def test_two_networks_are_fused_by_their_mean():
    (embedding,) = embeddings(1, 0.0)
    liveness = Liveness([stub_network(), stub_network(bona_fide="third")])
    seen = liveness.observe(coloured(10, 11, 12), FACE, 1, embedding, challenge=False).passive_score
    chances = softmax(10, 11, 12)
    assert seen == pytest.approx((chances[0] + chances[2]) / 2, abs=1e-4)


def test_network_with_other_classes_than_its_card_raises():
    with pytest.raises(ModelFault, match="4 classes"):
        stub_network(answers=4).score(coloured(10, 11, 12), FACE)


def test_failing_network_is_not_swallowed():
    class Broken:
        def score(self, frame, face):
            raise ModelFault("The network stub failed.")

    (embedding,) = embeddings(1, 0.0)
    with pytest.raises(ModelFault):
        Liveness([Broken()]).observe(coloured(1, 2, 3), FACE, 1, embedding, challenge=False)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((300, 200, 339, 249), (266, 157, 374, 292)),  # inside: 40 x 50 box, 108 x 135 crop about its centre
        ((10, 200, 49, 249), (0, 157, 108, 292)),  # at the left: shifted inside
        ((600, 430, 639, 479), (531, 344, 639, 479)),  # at the lower right corner
        ((100, 100, 399, 399), (10, 0, 489, 479)),  # too near: 300 px square, scale limited to 479 / 300
    ],
)
def test_crop_is_shifted_inside_and_never_padded(box, expected):
    rows, columns = np.indices((480, 640))
    place = rows * 640 + columns
    pixels = np.stack([place & 255, (place >> 8) & 255, place >> 16], axis=-1).astype(np.uint8)
    crop = context_crop(pixels, BoundingBox(*box), 2.7)
    top, left = divmod(int(crop[0, 0].astype(int) @ (1, 256, 65536)), 640)
    assert (left, top, left + crop.shape[1] - 1, top + crop.shape[0] - 1) == expected


def test_square_crop_follows_the_longer_side_and_is_black_beyond_the_picture():
    pixels = np.full((96, 96, 3), 200, np.uint8)
    inside = square_crop(pixels, BoundingBox(38, 33, 58, 63), 1.5)
    assert inside.shape == (45, 45, 3)
    assert (inside == 200).all()
    corner = square_crop(pixels, BoundingBox(-10, -15, 10, 15), 1.5)
    assert corner.shape == (45, 45, 3)
    assert (corner[:22] == 0).all()
    assert (corner[23:, 23:] == 200).all()


# --- challenge ---------------------------------------------------------------------------------------------------


class StubProbe:
    """Notes how it is called."""

    def __init__(self):
        self.calls = []

    def start(self, frame, face):
        self.calls.append("start")

    def update(self, frame, face):
        self.calls.append("update")
        return ParallaxReading(20.0, 3.0, True, 50)

    def reset(self):
        self.calls.append("reset")


def test_challenge_is_followed_on_every_frame_even_those_that_are_not_encoded():
    probe = StubProbe()
    liveness = Liveness(parallax=probe)
    challenges = (False, True, True, True, False)
    seen = [liveness.observe(frame_at(n), FACE, 1, None, challenge=c).parallax for n, c in enumerate(challenges)]
    assert probe.calls == ["reset", "start", "update", "update", "reset"]
    assert [r is not None for r in seen] == [False, False, True, True, False]


def test_challenge_of_one_track_proves_nothing_for_the_next():
    probe = StubProbe()
    liveness = Liveness(parallax=probe)
    liveness.observe(frame_at(0), FACE, 1, None, challenge=True)
    assert liveness.observe(frame_at(1), FACE, 2, None, challenge=True).parallax is None
    assert probe.calls == ["reset", "start", "reset", "start"]
