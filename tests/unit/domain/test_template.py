"""Embeddings are born valid, and those of two encoders never meet."""

import numpy as np
import pytest

from faceguard.domain.errors import EncoderMismatch
from faceguard.domain.template import Embedding, EncoderId, Gallery, fuse

ONE = EncoderId("one", "0123456789ab", "arcface-rgb")
OTHER = EncoderId("other", "0123456789ab", "arcface-rgb")
UNIT = np.array([0.6, 0.8, 0.0], np.float32)


@pytest.mark.parametrize(
    "values",
    [UNIT * 0, UNIT * 50, UNIT * np.nan, np.full(3, np.inf), UNIT.reshape(1, 3), np.ones(1, np.float32)],
    ids=["zero", "too long", "not a number", "infinite", "a row", "one value"],
)
def test_what_is_no_unit_vector_is_no_embedding(values):
    with pytest.raises(ValueError, match="embedding"):
        Embedding(values, ONE)


def test_opposite_faces_are_four_apart_and_equal_ones_nothing():
    assert Embedding(UNIT, ONE).distance(Embedding(-UNIT, ONE)).value == pytest.approx(4.0)
    assert Embedding(UNIT, ONE).distance(Embedding(UNIT, ONE)).value == 0.0


def test_two_encoders_never_meet():
    with pytest.raises(EncoderMismatch):
        Embedding(UNIT, ONE).distance(Embedding(UNIT, OTHER))
    with pytest.raises(EncoderMismatch):
        fuse([Embedding(UNIT, ONE), Embedding(UNIT, OTHER)])


def test_nothing_writes_through_an_embedding():
    values = UNIT.copy()
    embedding = Embedding(values, ONE)
    values[0] = 9
    assert embedding.values[0] == UNIT[0]
    with pytest.raises(ValueError, match="read-only"):
        embedding.values[0] = 9


@pytest.mark.parametrize("row", [UNIT * 0, UNIT * 50, UNIT * np.nan], ids=["zero", "too long", "not a number"])
def test_gallery_with_a_bad_row_is_none(row):
    with pytest.raises(ValueError, match="gallery row"):
        Gallery(ONE, row.reshape(1, 3), np.array([1]), {})


def test_gallery_row_without_an_owner_is_refused():
    with pytest.raises(ValueError, match="belongs to nobody"):
        Gallery(ONE, UNIT.reshape(1, 3), np.array([1]), {})


def test_encoder_id_reads_back():
    assert EncoderId.parse(str(ONE)) == ONE
