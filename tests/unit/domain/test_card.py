"""A card is valid from birth; what it lacks was not measured."""

from dataclasses import replace

import pytest

from faceguard.domain.card import (
    ColourOrder,
    DetectorCard,
    EncoderCard,
    KnownAnswer,
    LandmarkCard,
    OperatingPoint,
    PadCard,
    TensorSpec,
)
from faceguard.domain.impostor import ImpostorModel
from faceguard.domain.score import Threshold
from faceguard.domain.template import EncoderId

POINTS = ((38.3, 51.7), (73.5, 51.5), (56.0, 71.7), (41.5, 92.4), (70.7, 92.2))
COMMON = {
    "id": "net",
    "file": "net.onnx",
    "sha256": "0123456789abcdef" * 4,
    "size_bytes": 10,
    "inputs": (TensorSpec("input", ("batch", 3, 112, 112)),),
    "outputs": (TensorSpec("out", ("batch", 128)),),
    "colour_order": ColourOrder.RGB,
    "licence": "MIT",
    "origin": "a test",
}


def encoder(**changes):
    fields = {"input_size": 112, "template": "arcface", "template_points": POINTS, "mirror": True, "length": 128}
    return EncoderCard(**{**COMMON, **fields, **changes})


def model():
    return ImpostorModel(((2.0, 0.5), (1.5, 0.01)), 0.08, -0.05, ((0.01, 0.5),), 100, 150, 4950, "a test")


def point(fmr, tau):
    return OperatingPoint(fmr, Threshold(tau), 0.97, 1000, 100_000, "a test")


def test_default_tau_is_the_one_at_the_default_fmr():
    card = encoder(operating_points=(point(1e-3, 1.3), point(1e-4, 1.1)))
    assert card.default_tau == Threshold(1.1)
    assert card.point_at(1e-3).tau == Threshold(1.3)
    assert card.point_at(1e-5) is None


def test_encoder_without_measured_tau_is_legal_and_has_no_tau():
    assert encoder().default_tau is None
    assert encoder(operating_points=(point(1e-3, 1.3),)).default_tau is None


def test_encoder_id_survives_its_text_form():
    card = encoder()
    assert EncoderId.parse(str(card.encoder_id)) == card.encoder_id
    assert card.encoder_id.digest == "0123456789ab"


@pytest.mark.parametrize(
    "change",
    [
        {"mirror": False},
        {"mean": (127.5, 127.5, 127.5)},
        {"std": (128.0, 128.0, 128.0)},
        {"colour_order": ColourOrder.BGR},
        {"template": "other"},
        {"template_points": ((38.4, 51.7), *POINTS[1:])},
        {"sha256": "f" * 64},
    ],
)
def test_whatever_changes_an_embedding_changes_the_encoder_id(change):
    assert encoder(**change).encoder_id != encoder().encoder_id


def test_what_does_not_change_an_embedding_keeps_the_encoder_id():
    card = replace(encoder(), operating_points=(point(1e-4, 1.1),), licence="other", mean=(0, 0, 0))
    assert card.encoder_id == encoder().encoder_id


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "Net 1"}, "id"),
        ({"id": "../net"}, "id"),
        ({"file": "../net.onnx"}, "plain name"),
        ({"file": "C:\\net.onnx"}, "plain name"),
        ({"file": ".hidden"}, "plain name"),
        ({"sha256": "abc"}, "sha256"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": True}, "size_bytes"),
        ({"std": (0.0, 1.0, 1.0)}, "std"),
        ({"mean": (float("nan"), 0.0, 0.0)}, "mean"),
        ({"licence": ""}, "licence"),
        ({"template_points": POINTS[:4]}, "five points"),
        ({"template_points": (POINTS[1], POINTS[0], *POINTS[2:])}, "right eye"),
        ({"template_points": ((-1.0, 2.0), *POINTS[1:])}, "inside"),
        ({"length": 1}, "length"),
        ({"rated_size": 0}, "rated_size"),
        ({"operating_points": (point(1e-4, 1.1), point(1e-3, 1.3))}, "sorted"),
        ({"operating_points": (point(1e-3, 1.1), point(1e-4, 1.3))}, "smaller tau"),
        ({"inputs": ()}, "one input"),
    ],
)
def test_wrong_encoder_card_is_refused_with_the_field(change, words):
    with pytest.raises(ValueError, match=words):
        encoder(**change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"score_threshold": 1.5}, "score_threshold"),
        ({"nms_threshold": float("nan")}, "nms_threshold"),
        ({"strides": (16, 8)}, "strides"),
        ({"max_side": 300}, "multiple"),
        ({"input_size": 320}, "any size"),
    ],
)
def test_wrong_detector_card_is_refused_with_the_field(change, words):
    with pytest.raises(ValueError, match=words):
        DetectorCard(**{**COMMON, "score_threshold": 0.7, **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outputs": (TensorSpec("points", ("batch", 8)),)}, "five points"),
        ({"outputs": (TensorSpec("a", ("batch", 10)), TensorSpec("b", ("batch", 10)))}, "five points"),
        ({"template_points": POINTS[:4]}, "five points"),
        ({"template_points": ((120.0, 51.7), *POINTS[1:])}, "inside the crop"),
        ({"template_points": (POINTS[1], POINTS[0], *POINTS[2:])}, "left of the left eye"),
        ({"input_size": 8}, "input_size"),
    ],
)
def test_wrong_landmark_card_is_refused_with_the_field(change, words):
    fields = {"input_size": 112, "template_points": POINTS, "outputs": (TensorSpec("points", ("batch", 10)),)}
    assert LandmarkCard(**{**COMMON, **fields}).task.value == "landmarks"
    with pytest.raises(ValueError, match=words):
        LandmarkCard(**{**COMMON, **fields, **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bona_fide": "real"}, "one of the classes"),
        ({"classes": ("live", "live")}, "classes"),
        ({"crop_scale": 0.5}, "crop_scale"),
        ({"crop_square": 1}, "crop_square"),
        ({"attack_threshold": 0.9}, "below"),
        ({"input_size": None}, "input_size"),
    ],
)
def test_wrong_pad_card_is_refused_with_the_field(change, words):
    fields = {
        "input_size": 80,
        "crop_scale": 2.7,
        "classes": ("print", "live", "replay"),
        "bona_fide": "live",
        "accept_threshold": 0.8,
        "attack_threshold": 0.3,
    }
    PadCard(**{**COMMON, **fields})
    with pytest.raises(ValueError, match=words):
        PadCard(**{**COMMON, **fields, **change})


def test_known_answer_has_finite_values_and_a_tolerance():
    with pytest.raises(ValueError, match="finite"):
        KnownAnswer(1, (float("inf"),), 0.1)
    with pytest.raises(ValueError, match="tolerance"):
        KnownAnswer(1, (1.0,), 0.0)


def test_what_strangers_do_is_no_part_of_the_encoder_id():
    assert replace(encoder(), impostor=model()).encoder_id == encoder().encoder_id
    assert encoder().impostor is None
