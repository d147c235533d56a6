"""f(x): alone as in a batch, mirrored as the card says, never a vector without direction."""

from dataclasses import replace

import numpy as np
import pytest

from faceguard.domain.face import AlignedFace, DetectedFace, Frame
from faceguard.models.cards import parse_cards
from faceguard.pipeline.encoder import Encoder
from faceguard.pipeline.onnx_model import OnnxModel


def faces(template, side, n=5):
    rng = np.random.default_rng(1)
    return [
        AlignedFace(rng.integers(0, 256, (side, side, 3), dtype=np.uint8), np.eye(2, 3), template, i) for i in range(n)
    ]


@pytest.fixture
def small(stub):
    """An encoder of a stub network, mirroring."""
    return Encoder(OnnxModel(parse_cards(stub.toml, "stub.toml")[0], stub.data, "cpu"))


def test_embedding_alone_equals_embedding_in_a_batch(shipped):
    encoder = shipped.encoder
    crops = faces(encoder.card.template, 112)
    together = encoder.encode_batch(crops)
    for crop, batched in zip(crops, together, strict=True):
        assert np.abs(encoder.encode(crop).values - batched.values).max() < 1e-6
        assert encoder.encode(crop).distance(batched).value < 1e-10


def test_embedding_has_the_cards_length_and_id(shipped):
    embedding = shipped.encoder.encode(faces("arcface", 112)[0])
    assert embedding.values.shape == (shipped.encoder.length,) == (128,)
    assert embedding.encoder_id == shipped.encoder.encoder_id == shipped.encoder.card.encoder_id


def test_mirror_averaging_is_the_normalised_mean_of_the_two_unit_vectors(stub, small):
    plain = Encoder(OnnxModel(replace(small.card, mirror=False), stub.data, "cpu"))
    (face,) = faces("stub", 16, 1)
    mirrored = replace(face, crop=np.ascontiguousarray(face.crop[:, ::-1]))
    mean = plain.encode(face).values + plain.encode(mirrored).values
    assert np.abs(small.encode(face).values - mean / np.linalg.norm(mean)).max() < 1e-6
    assert small.encode(face).distance(small.encode(mirrored)).value < 1e-10
    assert plain.encode(face).distance(plain.encode(mirrored)).value > 1e-3


def test_plain_and_mirrored_embeddings_never_meet(stub, small):
    plain = Encoder(OnnxModel(replace(small.card, mirror=False), stub.data, "cpu"))
    assert plain.encoder_id != small.encoder_id


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_vector_without_direction_is_no_embedding(small, monkeypatch, bad):
    monkeypatch.setattr(small._model, "run", lambda pictures: (np.full((len(pictures), 8), bad, np.float32),))
    with pytest.raises(ValueError, match="direction"):
        small.encode(faces("stub", 16, 1)[0])


def test_face_aligned_for_another_encoder_is_refused(small):
    for face in (faces("arcface", 16, 1)[0], faces("stub", 32, 1)[0]):
        with pytest.raises(ValueError, match="template"):
            small.encode(face)


def test_nothing_in_nothing_out(small):
    assert small.encode_batch([]) == []


def test_detector_is_no_encoder(shipped):
    with pytest.raises(TypeError):
        Encoder(shipped.detector._model)


def test_same_person_is_nearer_than_the_others(shipped, group_photo):
    """Six people of one picture, each once more in bad light and small: never nearer to another than to oneself."""

    def embed(picture):
        found = shipped.detector.detect_in_photo(Frame(picture, 0, 0))[:6]
        return [
            shipped.encoder.encode(shipped.aligner.align(Frame(picture, 0, 0), f.landmarks)) for f in by_place(found)
        ]

    def by_place(found: tuple[DetectedFace, ...]) -> list[DetectedFace]:
        return sorted(found, key=lambda f: f.box.left)

    group, dark = embed(group_photo), embed((group_photo[::2, ::2] * 0.5).astype(np.uint8))
    assert len(group) == len(dark) == 6
    distances = np.array([[a.distance(b).value for b in dark] for a in group])
    assert (distances.argmin(axis=1) == np.arange(6)).all()
    assert distances.diagonal().max() < shipped.encoder.card.default_tau.value
    assert distances[~np.eye(6, dtype=bool)].min() > shipped.encoder.card.default_tau.value
