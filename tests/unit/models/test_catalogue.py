"""Bring your own network: added in one step when everything about it is right, refused with one sentence otherwise."""

import hashlib

import numpy as np
import pytest

from faceguard.domain.card import DetectorCard, EncoderCard, LandmarkCard, OperatingPoint
from faceguard.domain.errors import ModelFault
from faceguard.domain.face import AlignedFace
from faceguard.domain.impostor import ImpostorModel, TailCheck
from faceguard.domain.score import Threshold
from faceguard.models.cards import parse_cards
from faceguard.models.catalogue import Catalogue
from faceguard.pipeline.encoder import Encoder
from faceguard.pipeline.known_answer import open_checked, prove


@pytest.fixture
def catalogue(project, tmp_path):
    return Catalogue(project / "models", tmp_path / "data" / "models")


@pytest.fixture
def bring(tmp_path):
    """Writes a network and its card where an admin would have them."""

    def write(data, toml):
        (tmp_path / "mine.onnx").write_bytes(data)
        (tmp_path / "mine.toml").write_text(toml)
        return tmp_path / "mine.onnx", tmp_path / "mine.toml"

    return write


def added_files(tmp_path):
    folder = tmp_path / "data" / "models"
    return sorted(p.name for p in folder.rglob("*")) if folder.exists() else []


def test_bundled_networks_are_listed_verified_and_the_default(catalogue):
    assert [(e.id, e.bundled, e.fault) for e in catalogue.entries()] == [
        ("detector_s", True, ""),
        ("landmarks_s", True, ""),
        ("encoder_s", True, ""),
    ]
    for entry in catalogue.entries():
        catalogue.verify(entry.id, prove)
    assert catalogue.default(DetectorCard).id == "detector_s"
    assert catalogue.default(LandmarkCard).id == "landmarks_s"
    assert catalogue.default(EncoderCard).id == "encoder_s"


def test_added_network_is_listed_and_opens_with_a_known_answer(catalogue, bring, stub):
    card = catalogue.add(*bring(stub.data, stub.toml), prove)
    assert card.known_answer is not None
    assert [e.id for e in catalogue.entries()] == ["detector_s", "landmarks_s", "encoder_s", "stub"]
    assert catalogue.card("stub") == card
    assert open_checked(*catalogue.resolve("stub")).provider == "cpu"
    assert catalogue.verify("stub", prove) == card


def test_comments_of_the_card_are_kept(catalogue, bring, stub, tmp_path):
    catalogue.add(*bring(stub.data, "# bought from a shop\n" + stub.toml), prove)
    assert "# bought from a shop" in (tmp_path / "data" / "models" / "stub" / "cards.toml").read_text()


def refuse(catalogue, paths, words, tmp_path, prove=prove):
    before = added_files(tmp_path)
    with pytest.raises(ModelFault, match=words) as caught:
        catalogue.add(*paths, prove)
    assert caught.value.sentence.endswith(".")
    assert added_files(tmp_path) == before


def test_altered_network_is_refused(catalogue, bring, stub, tmp_path):
    altered = bytearray(stub.data)
    altered[-200] ^= 1
    refuse(catalogue, bring(bytes(altered), stub.toml), "SHA-256", tmp_path)


def test_truncated_network_is_refused(catalogue, bring, stub, tmp_path):
    refuse(catalogue, bring(stub.data[:-5], stub.toml), "bytes", tmp_path)


def test_missing_network_is_refused(catalogue, bring, stub, tmp_path):
    file, card = bring(stub.data, stub.toml)
    file.unlink()
    refuse(catalogue, (file, card), "missing", tmp_path)


def test_missing_card_is_refused(catalogue, bring, stub, tmp_path):
    file, card = bring(stub.data, stub.toml)
    card.unlink()
    refuse(catalogue, (file, card), "missing", tmp_path)


def test_network_of_another_shape_than_the_card_is_refused(catalogue, bring, stub, tmp_path):
    refuse(catalogue, bring(stub.data, stub.card(stub.data, length=9)), "does not fit its card", tmp_path)


def test_file_that_is_no_network_is_refused(catalogue, bring, stub, tmp_path):
    data = b"GIF89a" * 50
    refuse(catalogue, bring(data, stub.card(data)), "cannot be loaded", tmp_path)


def test_encoder_that_maps_everybody_to_one_point_is_refused(catalogue, bring, stub, tmp_path):
    weights = np.outer(np.full(len(stub.weights), 1e-3), np.ones(8))
    data = stub.network(weights + 0.0)
    refuse(catalogue, bring(data, stub.card(data)), "one point|without direction", tmp_path)


def test_id_of_another_network_is_refused(catalogue, bring, stub, tmp_path):
    refuse(catalogue, bring(stub.data, stub.card(stub.data, card_id="encoder_s")), "already", tmp_path)
    catalogue.add(*bring(stub.data, stub.toml), prove)
    refuse(catalogue, bring(stub.data, stub.toml), "already", tmp_path)


def test_file_with_two_cards_is_refused(catalogue, bring, stub, tmp_path):
    two = stub.toml + stub.card(stub.data, card_id="other")
    refuse(catalogue, bring(stub.data, two), "exactly one", tmp_path)


def test_huge_card_is_refused(catalogue, bring, stub, tmp_path):
    refuse(catalogue, bring(stub.data, "#" * (2 << 20)), "too large", tmp_path)


def test_data_folder_that_is_a_file_is_said(project, bring, stub, tmp_path):
    (tmp_path / "models").write_text("")
    refuse(
        Catalogue(project / "models", tmp_path / "models"), bring(stub.data, stub.toml), "cannot be copied", tmp_path
    )


def test_network_altered_after_it_was_added_is_found(catalogue, bring, stub, tmp_path):
    catalogue.add(*bring(stub.data, stub.toml), prove)
    file = tmp_path / "data" / "models" / "stub" / "stub.onnx"
    altered = bytearray(stub.data)
    altered[-200] ^= 1
    file.write_bytes(altered)
    with pytest.raises(ModelFault, match="SHA-256"):
        catalogue.verify("stub", prove)
    with pytest.raises(ModelFault, match="altered"):
        open_checked(*catalogue.resolve("stub"))
    file.unlink()
    with pytest.raises(ModelFault, match="missing"):
        catalogue.resolve("stub")


def test_broken_added_card_is_listed_with_its_fault_and_harms_no_other(catalogue, bring, stub, tmp_path):
    catalogue.add(*bring(stub.data, stub.toml), prove)
    (tmp_path / "data" / "models" / "stub" / "cards.toml").write_text("[[encoder")
    assert "not valid TOML" in catalogue.entries()[-1].fault
    with pytest.raises(ModelFault, match="not valid TOML"):
        catalogue.resolve("stub")
    catalogue.resolve("encoder_s")
    catalogue.remove("stub")
    assert added_files(tmp_path) == []


def test_removal_refuses_bundled_used_and_unknown_networks(catalogue, bring, stub, tmp_path):
    catalogue.add(*bring(stub.data, stub.toml), prove)
    for model_id, in_use, words in (
        ("encoder_s", (), "comes with the program"),
        ("stub", ("stub",), "in use"),
        ("nothing", (), "no network 'nothing'"),
    ):
        with pytest.raises(ModelFault, match=words):
            catalogue.remove(model_id, in_use)
    catalogue.remove("stub", ("encoder_s",))
    assert added_files(tmp_path) == []


def test_measured_tau_is_written_onto_the_card_of_an_added_encoder(catalogue, bring, stub):
    catalogue.add(*bring(stub.data, stub.toml), prove)
    assert catalogue.card("stub").default_tau is None
    points = [OperatingPoint(fmr, Threshold(tau), 0.9, 100, 9000, "a test") for fmr, tau in ((1e-4, 1.0), (1e-3, 1.2))]
    catalogue.calibrate("stub", points, rated_size=40)
    card = catalogue.card("stub")
    assert (card.default_tau, card.rated_size) == (Threshold(1.0), 40)
    assert catalogue.verify("stub", prove) == card
    catalogue.calibrate("stub", points[:1])
    assert len(catalogue.card("stub").operating_points) == 1
    with pytest.raises(ModelFault, match="no encoder that was added"):
        catalogue.calibrate("encoder_s", points)


def test_impostor_model_is_written_onto_the_card_of_an_added_encoder(catalogue, bring, stub):
    catalogue.add(*bring(stub.data, stub.toml), prove)
    checks = (TailCheck(1e-2, 0.98, 1.02, 400), TailCheck(1e-5, 1.6, 0.6, 12))
    knots = ((2.0, 0.5), (1.5, 0.01))
    model = ImpostorModel(knots, 0.08, -0.05, ((1e-2, 0.5), (1e-3, 1.2)), 100, 150, 4950, "a test", checks)
    point = OperatingPoint(1e-4, Threshold(1.0), 0.9, 100, 9000, "a test")
    catalogue.calibrate("stub", [point])
    catalogue.calibrate("stub", None, impostor=model)
    card = catalogue.card("stub")
    assert card.impostor == model
    assert card.operating_points == (point,)
    catalogue.calibrate("stub", [point])
    assert catalogue.card("stub").impostor == model


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pairs = 4950", "pairs = 49.5"),
        ("scale = 0.08", "scale = -0.08"),
        ("shape = -0.05", "shape = nan"),
        ("[1.5, 0.01]", "[2.5, 0.01]"),
        ("[1.5, 0.01]", "[1.5, 0.6]"),
        ('data_set = "a test"', 'data_set = ""'),
        ("people = 100", "peopel = 100"),
    ],
)
def test_damaged_impostor_model_is_no_card(stub, old, new):
    text = """
[encoder.impostor]
knots = [[2.0, 0.5], [1.5, 0.01]]
scale = 0.08
shape = -0.05
spread = [[0.01, 0.5]]
people = 100
photos = 150
pairs = 4950
data_set = "a test"
"""
    assert parse_cards(stub.toml + text, "card.toml")[0].impostor is not None
    with pytest.raises(ModelFault, match="impostor"):
        parse_cards(stub.toml + text.replace(old, new), "card.toml")


TEACHER = """
[[encoder]]
id = "mobilefacenet_y1_128"
file = "mobilefacenet_y1_128.onnx"
sha256 = "55dd862c058a4296e7306db453e9407b2063bd29cbe287d0a55d4d82aff30a3a"
size_bytes = 4131059
inputs = [{ name = "data", shape = ["N", 3, 112, 112] }]
outputs = [{ name = "fc1", shape = ["N", 128] }]
input_size = 112
colour_order = "RGB"
template = "arcface"
template_points = [
    [38.2946, 51.6963],
    [73.5318, 51.5014],
    [56.0252, 71.7366],
    [41.5493, 92.3655],
    [70.7299, 92.2041],
]
mirror = true
length = 128
licence = "non-commercial research"
origin = "InsightFace's MobileFaceNet"
"""


@pytest.mark.shared
def test_encoder_that_an_admin_brought_along_encodes(catalogue, shared, tmp_path):
    (tmp_path / "card.toml").write_text(TEACHER)
    file = shared / "models" / "mirror" / "mobilefacenet_y1_128.onnx"
    assert hashlib.sha256(file.read_bytes()).hexdigest() in TEACHER
    catalogue.add(file, tmp_path / "card.toml", prove)
    encoder = Encoder(open_checked(*catalogue.resolve("mobilefacenet_y1_128")))
    crop = np.random.default_rng(0).integers(0, 255, (112, 112, 3), dtype=np.uint8)
    embedding = encoder.encode(AlignedFace(crop, np.eye(2, 3), "arcface", 0))
    assert embedding.encoder_id.model_id == "mobilefacenet_y1_128"
    assert encoder.card.default_tau is None
